/* What is looked at: the records that pass all filters. */
const filters = {text: '', verdict: '', op: '', process: '', run: '', from: '', to: '', dir: '', host: ''};
let chosen = new Uint32Array(0);
let shapes = null; /* of texts, for the search: 1 where it is found */

const isPath = text => text.charCodeAt(0) === 47;
const isFile = i => T[columns.ops[i]].startsWith('fs.') && isPath(T[columns.object[i]]);
const isAddress = i => T[columns.ops[i]].startsWith('net.');
const isBelow = (path, dir) => dir === '/' || path === dir || path.startsWith(dir + '/');

function find(text) {
	const wanted = text.toLowerCase();
	return Uint8Array.from(T, t => t.toLowerCase().includes(wanted) ? 1 : 0);
}

function choose() {
	const f = filters, picked = new Uint32Array(N);
	const ops = f.op ? Uint8Array.from(T, t => t.split(',').includes(f.op) ? 1 : 0) : null;
	const below = f.dir ? Uint8Array.from(T, t => isPath(t) && isBelow(t, f.dir) ? 1 : 0) : null;
	const from = f.from === '' ? -Infinity : Number(f.from), to = f.to === '' ? Infinity : Number(f.to);
	let n = 0;
	shapes = f.text ? find(f.text) : null;
	for (let i = 0; i < N; i++) {
		const process = data.processes[columns.process[i]], t = when(i);
		if (f.verdict !== '' && verdict(i) !== Number(f.verdict)) continue;
		if (ops && !ops[columns.ops[i]]) continue;
		if (f.process !== '' && columns.process[i] !== Number(f.process)) continue;
		if (f.run !== '' && process[0] !== Number(f.run)) continue;
		if (t < from || t > to) continue;
		if (below && !(below[columns.object[i]] && isFile(i))) continue;
		if (f.host && T[columns.object[i]] !== f.host) continue;
		if (shapes && !shapes[columns.object[i]] && !shapes[columns.call[i]] && !shapes[columns.ops[i]] && !shapes[process[3]]) continue;
		picked[n++] = i;
	}
	chosen = picked.subarray(0, n);
}

/* Sections draw themselves when they come into sight, and again when what is looked at has changed. */
const sections = {};
const stale = new Set(), seen = new Set();

function drawSection(name) {
	const body = document.querySelector('#' + name + ' .body');
	stale.delete(name);
	body.replaceChildren();
	sections[name](body);
}

function apply(changes) {
	Object.assign(filters, changes);
	choose();
	$('f-count').textContent = chosen.length === N ? plural(N, 'record', 'records') : `${count(chosen.length)} of ${plural(N, 'record', 'records')}`;
	for (const [id, key] of [['f-text', 'text'], ['f-verdict', 'verdict'], ['f-op', 'op'], ['f-process', 'process'], ['f-run', 'run'], ['f-from', 'from'], ['f-to', 'to']])
		if ($(id).value !== String(filters[key])) $(id).value = filters[key];
	$('f-extra').replaceChildren();
	for (const key of ['dir', 'host'])
		if (filters[key])
			$('f-extra').append(make('button', {type: 'button', on: {click: () => apply({[key]: ''})}, 'aria-label': 'Remove the filter ' + visible(filters[key])}, (key === 'dir' ? 'below ' : '') + filters[key] + ' ✕'));
	for (const name in sections) {
		stale.add(name);
		if (seen.has(name)) drawSection(name);
	}
}
