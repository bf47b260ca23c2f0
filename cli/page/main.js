/* ---- the beginning ---- */
function option(select, value, text) {
	select.append(make('option', {value}, text));
}

function about() {
	const denied = data.denials.reduce((sum, d) => sum + d.count, 0) + data.denials_left_out, run = data.runs[0];
	const parts = [plural(N, 'record', 'records'), `${count(denied)} not allowed`, plural(data.processes.length, 'process', 'processes')];
	$('title').textContent = visible(data.title);
	document.title = 'cordon report: ' + visible(data.title);
	if (data.runs.length === 1) {
		parts.unshift(make('span', {class: 'name'}, run.argv.map(a => T[a]).join(' ')));
		parts.push(`policy ${T[run.name]}`, `began ${new Date(run.time * 1000).toISOString().replace('T', ' ').slice(0, 19)} UTC`);
		if (run.tail) parts.push(`${seconds(run.end)} seconds`, `exit status ${run.status}`);
	} else {
		parts.unshift(plural(data.runs.length, 'run', 'runs'));
	}
	parts.forEach((part, i) => $('about').append(i ? ' · ' : '', typeof part === 'string' ? visible(part) : part));
}

function state() {
	const problems = [], lost = data.runs.reduce((sum, run) => sum + run.lost + run.left, 0);
	if (!data.lines) problems.push('The log is empty.');
	if (data.broken_line) problems.push(`Line ${count(data.broken_line)} is not as it was written: ${data.broken}.`);
	if (data.runs.some(run => !run.tail)) problems.push('A run has no end: it goes on, or was cut off.');
	if (data.cut) problems.push('There were more records than a page can hold; the rest is left out.');
	if (lost) problems.push(`${plural(lost, 'record', 'records')} found no room in the log.`);
	if (data.odd) problems.push(`${plural(data.odd, 'line', 'lines')} of no known kind.`);
	if (problems.length) $('state').classList.add('bad');
	$('state').textContent = visible(problems.length ? problems.join(' ') : 'Every line is as it was written.');
}

function controls() {
	const ops = new Set();
	for (const i of columns.ops) for (const op of T[i] ? T[i].split(',') : []) ops.add(op);
	for (const op of [...ops].sort()) option($('f-op'), op, op);
	data.processes.slice(0, 2000).forEach((process, p) => option($('f-process'), p, `${spaceText(process)}: ${process[2]} ${T[process[3]].split('/').pop()}`));
	data.runs.forEach((run, r) => option($('f-run'), r + 1, `${r + 1}: ${run.argv.map(a => T[a]).join(' ').slice(0, 60)}`));
	if (data.runs.length < 2) $('l-run').hidden = true;
	let timer = 0;
	const take = () => apply({text: $('f-text').value, verdict: $('f-verdict').value, op: $('f-op').value, process: $('f-process').value, run: $('f-run').value, from: $('f-from').value, to: $('f-to').value});
	$('filters').addEventListener('input', () => {
		clearTimeout(timer);
		timer = setTimeout(take, 150);
	});
	$('filters').addEventListener('submit', event => {
		event.preventDefault();
		take();
	});
	$('filters').addEventListener('reset', event => {
		event.preventDefault();
		apply({text: '', verdict: '', op: '', process: '', run: '', from: '', to: '', dir: '', host: ''});
		$('f-text').focus();
	});
}

about();
state();
controls();
for (const name in sections) stale.add(name);
apply({});
const watcher = new IntersectionObserver(entries => {
	for (const entry of entries) {
		const name = entry.target.id;
		if (entry.isIntersecting) seen.add(name);
		else seen.delete(name);
		if (entry.isIntersecting && stale.has(name)) drawSection(name);
	}
}, {rootMargin: '400px'});
document.querySelectorAll('main section').forEach(section => watcher.observe(section));
addEventListener('beforeprint', () => { for (const name of [...stale]) drawSection(name); });
