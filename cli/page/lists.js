/* ---- spaces and processes ---- */
const spaceText = process => data.runs.length > 1 ? `run ${process[0]}, space ${T[process[1]]}` : `space ${T[process[1]]}`;
const MANY = 12; /* of one space, until more are asked for */

sections.tree = body => {
	const sums = new Map();
	for (const i of chosen) {
		const p = columns.process[i], sum = sums.get(p) || [0, 0];
		sum[0]++;
		if (verdict(i) === DENY || verdict(i) === 1) sum[1]++;
		sums.set(p, sum);
	}
	/* By run, then by space: "1.2" lies in "1". */
	const roots = new Map();
	data.processes.forEach((process, p) => {
		if (!sums.has(p)) return;
		const run = roots.get(process[0]) || new Map(), path = T[process[1]], parts = path.split('.');
		for (let i = 1; i <= parts.length; i++) {
			const prefix = parts.slice(0, i).join('.');
			if (!run.has(prefix)) run.set(prefix, {path: prefix, parent: parts.slice(0, i - 1).join('.'), processes: []});
		}
		run.get(path).processes.push(p);
		roots.set(process[0], run);
	});
	const said = sum => [` ${count(sum[0])}`, sum[1] ? make('span', {class: 'v0'}, ` ${count(sum[1])} denied`) : ''];
	const processItem = p => {
		const process = data.processes[p], on = filters.process === String(p);
		return make('li', {}, make('button', {type: 'button', class: 'plain', 'aria-pressed': on, on: {click: () => apply({process: on ? '' : String(p)})}},
			make('span', {class: 'mono'}, `${process[2]} ${T[process[3]] || '?'}`)), ...said(sums.get(p)));
	};
	const by = processes => [...processes].sort((a, b) => sums.get(b)[0] - sums.get(a)[0]);
	const spaceItem = (run, space) => {
		const sum = space.processes.reduce((s, p) => [s[0] + sums.get(p)[0], s[1] + sums.get(p)[1]], [0, 0]);
		const list = make('ul', {}, ...by(space.processes).slice(0, MANY).map(processItem));
		const rest = by(space.processes).slice(MANY);
		if (rest.length) {
			const more = make('li', {}, make('button', {type: 'button', on: {click: () => more.replaceWith(...rest.map(processItem))}}, `${count(rest.length)} more processes`));
			list.append(more);
		}
		for (const child of run.values()) if (child.parent === space.path) list.append(spaceItem(run, child));
		return make('li', {}, make('strong', {}, `space ${space.path}`), ...said(sum), list);
	};
	const tree = make('ul', {class: 'tree'});
	for (const [number, run] of [...roots].sort((a, b) => a[0] - b[0])) {
		const items = [...run.values()].filter(space => !space.parent).map(space => spaceItem(run, space));
		const of = data.runs[number - 1];
		if (data.runs.length > 1) tree.append(make('li', {}, make('strong', {}, `run ${number}`), ' ', make('span', {class: 'name'}, of ? of.argv.map(a => T[a]).join(' ') : ''), make('ul', {}, ...items)));
		else tree.append(...items);
	}
	body.append(roots.size ? tree : make('p', {class: 'note'}, 'No process made a record.'));
};

/* ---- denials ---- */
const copy = text => make('button', {type: 'button', 'aria-label': 'Copy ' + visible(text), on: {click: event => {
	const button = event.currentTarget, area = make('textarea', {readonly: ''});
	area.value = text;
	button.parentNode.append(area);
	area.select();
	const copied = document.execCommand('copy');
	area.remove();
	button.textContent = copied ? 'copied' : 'cannot copy';
	button.focus();
}}}, 'copy');
const SAID = ['', 'not in the view: it may not exist outside, either', 'kept inside', 'nobody to ask'];

function ruleText(rule) {
	const r = rule ? data.rules[rule - 1] : null;
	return r ? `${T[r[1]]} of ${T[r[0]]}` : '';
}

sections.denials = body => {
	let page = 0;
	const wanted = data.denials.map((_, n) => n).filter(n => {
		const d = data.denials[n];
		return (!shapes || shapes[d.object] || d.op.includes(filters.text)) && (!filters.op || d.op === filters.op) &&
			(!filters.dir || isBelow(T[d.object], filters.dir)) && (!filters.host || T[d.object] === filters.host);
	}).sort((a, b) => (data.denials[a].said === 1) - (data.denials[b].said === 1) || data.denials[b].count - data.denials[a].count);
	const show = next => {
		body.replaceChildren();
		if (!wanted.length) {
			body.append(make('p', {class: 'note'}, data.denials.length ? 'None of these.' : 'Nothing was denied.'));
			return;
		}
		page = pages(body, wanted.length, 20, next, show);
		body.append(table([['Times', 'n'], ['Operation'], ['Object'], ['Why'], ['What would allow it']], wanted.slice(page * 20, page * 20 + 20).map(n => {
			const d = data.denials[n], fix = make('td');
			if (d.flag) fix.append(make('div', {class: 'fix'}, make('code', {}, d.flag), copy(d.flag)));
			if (d.line) fix.append(make('div', {class: 'fix'}, make('code', {}, d.line), copy(d.line)));
			if (!d.flag && !d.line) fix.append(make('span', {class: 'note'}, d.rule ? 'That rule has to change.' : 'No rule can name it.'));
			return make('tr', {}, make('td', {class: 'n'}, count(d.count)), make('td', {class: 'v'}, d.op),
				make('td', {class: 'mono'}, T[d.object] + (d.address ? ' = ' + T[d.address] : '')),
				make('td', {}, [d.rule ? 'by ' + ruleText(d.rule) : 'no rule allows it', SAID[d.said]].filter(Boolean).join('; ')), fix);
		})));
		if (data.denials_left_out) body.append(make('p', {class: 'note'}, `${plural(data.denials_left_out, 'record', 'records')} of further denials are below, without advice.`));
	};
	show(0);
};

/* ---- granted, and never used ---- */
sections.tighten = body => {
	const all = data.runs.length && data.runs.every(run => T[run.audit] !== 'denied');
	if (!all) body.append(make('p', {class: 'note'}, 'A log of what was denied does not tell what was used: run with --audit=all.'));
	else if (!data.unused) body.append(make('p', {class: 'note'}, 'Give the policy with -p, and what it grants and nothing used is listed here.'));
	else if (!data.unused.length) body.append(make('p', {class: 'note'}, `Each of its ${count(data.granting)} rules was used.`));
	else
		body.append(make('p', {}, `${plural(data.unused.length, 'rule', 'rules')} of ${count(data.granting)} decided nothing here. Without them these runs would have gone the same way; other runs may need them.`),
			table([['Operations'], ['Pattern'], ['Rule']], data.unused.slice(0, 2000).map(rule => make('tr', {},
				make('td', {}, rule.ops.replace(/,/g, ', ')), make('td', {class: 'mono'}, rule.pattern), make('td', {class: 'mono'}, `${rule.pointer} of ${rule.source}`)))));
};

/* ---- records ---- */
const ERRORS = {1: 'EPERM', 2: 'ENOENT', 9: 'EBADF', 11: 'EAGAIN', 13: 'EACCES', 17: 'EEXIST', 20: 'ENOTDIR', 21: 'EISDIR', 22: 'EINVAL', 30: 'EROFS', 40: 'ELOOP', 95: 'EOPNOTSUPP', 98: 'EADDRINUSE', 110: 'ETIMEDOUT', 111: 'ECONNREFUSED', 115: 'EINPROGRESS'};

function resultText(i) {
	if (columns.said[i] & 32) return 'by Linux';
	const value = columns.result[i];
	return Number.isNaN(value) ? '' : value < 0 && value > -4096 ? ERRORS[-value] || 'error ' + -value : String(value);
}

sections.records = body => {
	const SIZE = 50;
	const show = next => {
		body.replaceChildren();
		const page = pages(body, chosen.length, SIZE, next, show), rows = [];
		for (const i of chosen.subarray(page * SIZE, page * SIZE + SIZE)) {
			const process = data.processes[columns.process[i]], v = verdict(i);
			rows.push(make('tr', {}, make('td', {class: 'n'}, seconds(when(i))), make('td', {class: 'v'}, `${spaceText(process)}, ${process[2]}`),
				make('td', {class: 'mono'}, T[process[3]].split('/').pop()), make('td', {class: 'v'}, T[columns.call[i]]), make('td', {}, T[columns.ops[i]].replace(/,/g, ', ')),
				make('td', {class: 'mono'}, T[columns.object[i]]), make('td', {class: `v v${v}`}, VERDICTS[v] + (columns.said[i] & 8 ? ', inside' : columns.said[i] & 4 ? ', absent' : '')),
				make('td', {class: 'mono'}, ruleText(columns.rule[i])), make('td', {}, resultText(i)), make('td', {class: 'n'}, Number.isNaN(columns.took[i]) ? '' : count(columns.took[i]))));
		}
		body.append(rows.length ? table([['Seconds', 'n'], ['Process'], ['Program'], ['Call'], ['Operations'], ['Object'], ['Verdict'], ['Rule'], ['Result'], ['µs', 'n']], rows)
			: make('p', {class: 'note'}, N ? 'No record passes these filters.' : 'There is no record.'));
		if (next !== page || document.activeElement === document.body) return;
	};
	show(0);
};
