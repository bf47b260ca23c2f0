/* ---- the time line ---- */
const span = (() => {
	let end = 0;
	for (let i = 0; i < N; i++) end = Math.max(end, when(i));
	return end || 1e-6;
})();

sections.timeline = body => {
	if (!chosen.length) {
		body.append(make('p', {class: 'note'}, N ? 'No record passes these filters.' : 'There is no record.'));
		return;
	}
	const W = 1000, H = 150, BASE = 125, BUCKETS = 125;
	const from = filters.from === '' ? 0 : Number(filters.from), to = filters.to === '' ? span : Math.min(span, Number(filters.to));
	const width = Math.max(to - from, 1e-6), sums = [0, 1, 2, 3].map(() => new Float64Array(BUCKETS));
	const total = [0, 0, 0, 0];
	for (const i of chosen) {
		const at = Math.min(BUCKETS - 1, Math.max(0, Math.floor((when(i) - from) / width * BUCKETS)));
		sums[verdict(i)][at]++;
		total[verdict(i)]++;
	}
	const most = Math.max(1, ...Array.from({length: BUCKETS}, (_, b) => sums[0][b] + sums[1][b] + sums[2][b] + sums[3][b]));
	const svg = draw('svg', {viewBox: `0 0 ${W} ${H}`, role: 'img', 'aria-label':
		`From ${seconds(from)} to ${seconds(to)} seconds: ${count(total[ALLOW])} allowed, ${count(total[DENY] + total[1])} not allowed, ${count(total[INTERNAL])} internal. At most ${count(most)} in ${seconds(width / BUCKETS)} seconds.`});
	for (let b = 0; b < BUCKETS; b++) {
		let y = BASE;
		for (const [v, c] of [[INTERNAL, 'i'], [ALLOW, 'a'], [1, 'd'], [DENY, 'd']]) {
			/* What was denied is seen, however little it is. */
			const h = sums[v][b] ? Math.max(v === DENY || v === 1 ? 3 : .6, sums[v][b] / most * (BASE - 12)) : 0;
			if (!h) continue;
			y -= h;
			svg.append(draw('rect', {class: c, x: (b * W / BUCKETS + .5).toFixed(1), y: y.toFixed(1), width: W / BUCKETS - 1, height: h.toFixed(1)},
				draw('title', {}, `${seconds(from + b * width / BUCKETS)} s: ${count(sums[v][b])} ${VERDICTS[v]}`)));
		}
	}
	svg.append(draw('line', {class: 'axis', x1: 0, x2: W, y1: BASE, y2: BASE}));
	for (let k = 0; k <= 4; k++)
		svg.append(draw('text', {class: 'muted', x: k * W / 4, y: H - 8, 'text-anchor': k === 0 ? 'start' : k === 4 ? 'end' : 'middle'}, seconds(from + k * width / 4) + ' s'));
	svg.append(draw('text', {class: 'muted', x: 0, y: 10}, count(most)));
	select(svg, W, from, width);
	body.append(make('p', {},
		...[['a', 'allowed', total[ALLOW]], ['d', 'not allowed', total[DENY] + total[1]], ['i', 'internal', total[INTERNAL]]]
			.filter(k => k[0] !== 'i' || k[2]).map(k => make('span', {class: 'key'}, make('i', {class: k[0]}), `${k[1]} ${count(k[2])}`))), svg,
		make('p', {class: 'note'}, 'Draw over it to look at a part; “From” and “to” above do the same.'));
};

/* Drawing over the time line chooses a part of it. */
function select(svg, W, from, width) {
	let begin = null;
	const range = draw('rect', {class: 'range', y: 0, height: 125, x: 0, width: 0});
	const at = event => {
		const box = svg.getBoundingClientRect();
		return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
	};
	svg.append(range);
	svg.addEventListener('pointerdown', event => {
		begin = at(event);
		svg.setPointerCapture(event.pointerId);
	});
	svg.addEventListener('pointermove', event => {
		if (begin === null) return;
		const end = at(event);
		range.setAttribute('x', Math.min(begin, end) * W);
		range.setAttribute('width', Math.abs(end - begin) * W);
	});
	svg.addEventListener('pointerup', event => {
		const end = at(event), a = Math.min(begin, end), b = Math.max(begin, end);
		begin = null;
		if (b - a > .005) apply({from: (from + a * width).toFixed(6), to: (from + b * width).toFixed(6)});
	});
}

/* ---- files: a tree map of directories ---- */

/* What is chosen below a directory, with counts, by what lies in it and by what lies in that. */
function directories(dir) {
	const counts = new Map(), prefix = dir === '/' ? '/' : dir + '/', children = new Map();
	for (const i of chosen)
		if (isFile(i)) {
			const key = columns.object[i], entry = counts.get(key) || [0, 0];
			entry[0]++;
			if (verdict(i) !== ALLOW) entry[1]++;
			counts.set(key, entry);
		}
	const add = (into, rest, asked, denied, deeper) => {
		const slash = rest.indexOf('/'), name = slash < 0 ? rest : rest.slice(0, slash);
		let child = into.get(name);
		if (!child) into.set(name, child = {name, asked: 0, denied: 0, files: 0, open: false, children: new Map()});
		child.asked += asked;
		child.denied += denied;
		child.files++;
		child.open = child.open || slash >= 0;
		if (deeper) add(child.children, slash < 0 ? '.' : rest.slice(slash + 1), asked, denied, false);
	};
	for (const [object, [asked, denied]] of counts) {
		const path = T[object];
		if (path === dir) add(children, '.', asked, denied, false);
		else if (path.startsWith(prefix)) add(children, path.slice(prefix.length), asked, denied, true);
	}
	return sorted(children);
}

const sorted = children => [...children.values()].sort((a, b) => b.asked - a.asked);

/* The largest, and the others as one. */
function few(items, most) {
	const rest = items.slice(most), sum = key => rest.reduce((total, item) => total + item[key], 0);
	return rest.length < 2 ? items : [...items.slice(0, most), {name: plural(rest.length, 'other', 'others'), asked: sum('asked'), denied: sum('denied'), files: sum('files'), open: false, children: new Map()}];
}

/* Squarified (Bruls, Huizing, van Wijk 2000): rows of rectangles that are as square as can be. */
function squarify(items, x, y, w, h, place) {
	let total = items.reduce((sum, item) => sum + item.asked, 0), i = 0;
	while (i < items.length && w > 0 && h > 0) {
		const side = Math.min(w, h), scale = w * h / total;
		let row = [], sum = 0, worst = Infinity;
		for (; i < items.length; i++) {
			const next = sum + items[i].asked, thick = next * scale / side;
			const ratio = Math.max(...row.concat(items[i]).map(item => {
				const length = item.asked * scale / thick;
				return Math.max(length / thick, thick / length);
			}));
			if (row.length && ratio > worst) break;
			row.push(items[i]);
			sum = next;
			worst = ratio;
		}
		const thick = sum * scale / side;
		let at = 0;
		for (const item of row) {
			const length = item.asked * scale / thick;
			if (w >= h) place(item, x, y + at, thick, length);
			else place(item, x + at, y, length, thick);
			at += length;
		}
		if (w >= h) { x += thick; w -= thick; } else { y += thick; h -= thick; }
		total -= sum;
	}
}

let folder = '/';
const CELLS = 120, INNER = 40;

function crumbs(dir, go) {
	const parts = dir.split('/').filter(Boolean), out = [make('button', {type: 'button', class: 'plain mono', on: {click: () => go('/')}}, '/')];
	parts.forEach((part, i) => out.push(make('button', {type: 'button', class: 'plain mono', on: {click: () => go('/' + parts.slice(0, i + 1).join('/'))}}, part), make('span', {}, '/')));
	return make('p', {class: 'crumbs', 'aria-label': 'Directory'}, ...out);
}

function enter(dir) {
	folder = dir;
	apply({dir: dir === '/' ? '' : dir});
	if (stale.has('files')) drawSection('files');
	const first = document.querySelector('#files .crumbs button:last-of-type');
	if (first) first.focus();
}

sections.files = body => {
	folder = filters.dir || '/';
	const items = directories(folder), W = 1000, H = 420, path = name => (folder === '/' ? '/' : folder + '/') + name;
	body.append(crumbs(folder, enter));
	if (!items.length) {
		body.append(make('p', {class: 'note'}, 'No file was asked for.'));
		return;
	}
	const svg = draw('svg', {viewBox: `0 0 ${W} ${H}`, role: 'group', 'aria-label': `What was asked for below ${visible(folder)}, by size`});
	const cell = (item, at, x, y, w, h, level) => {
		const share = item.denied / item.asked, label = `${at}${item.open ? '/' : ''}: asked ${count(item.asked)} times, ${count(item.denied)} denied`;
		const open = event => { event.stopPropagation(); enter(at); };
		const group = draw('g', {class: 'cell' + (item.open ? ' open' : ''), role: item.open ? 'button' : 'img', tabindex: item.open ? 0 : null, 'aria-label': visible(label),
			on: item.open ? {click: open, keydown: e => { if (e.key === 'Enter' || e.key === ' ') { e.preventDefault(); open(e); } }} : {}},
			draw('title', {}, label), draw('rect', {class: share === 1 ? 'd' : 'a', x, y, width: Math.max(0, w), height: Math.max(0, h)}));
		const inner = level === 0 && item.open && w > 60 && h > 50;
		/* The share that was denied, from below; where there is room, what is in there says it. */
		if (!inner) group.append(draw('rect', {class: 'd', x, y: y + h * (1 - share), width: Math.max(0, w), height: h * share}));
		const fits = Math.floor((w - 8) / 7.2), name = visible(item.name) + (item.open ? '/' : '') + (inner && fits > 16 ? ' ' + count(item.asked) : '');
		if (h > 16 && fits > 2) {
			const text = draw('text', {x: x + 5, y: y + 14});
			text.textContent = name.length > fits ? name.slice(0, fits - 1) + '…' : name;
			group.append(text);
			if (!inner && h > 32 && fits > 4) group.append(draw('text', {x: x + 5, y: y + 29}, count(item.asked)));
		}
		svg.append(group);
		if (inner)
			squarify(few(sorted(item.children), INNER), x + 3, y + 19, w - 6, h - 22, (child, ...box) => cell(child, at + '/' + child.name, ...box, 1));
	};
	squarify(few(items, CELLS), 0, 0, W, H, (item, ...box) => cell(item, path(item.name), ...box, 0));
	body.append(make('p', {}, make('span', {class: 'key'}, make('i', {class: 'a'}), 'allowed'), make('span', {class: 'key'}, make('i', {class: 'd'}), 'not allowed (its share of the area)')), svg,
		make('details', {}, make('summary', {}, 'The same as a table'),
			table([['Name'], ['Asked', 'n'], ['Denied', 'n'], ['Names in it', 'n']], items.slice(0, 1000).map(item => make('tr', {},
				make('td', {class: 'mono'}, item.open ? make('button', {type: 'button', class: 'plain', on: {click: () => enter(path(item.name))}}, item.name + '/') : item.name),
				make('td', {class: 'n'}, count(item.asked)), make('td', {class: 'n'}, count(item.denied)), make('td', {class: 'n'}, count(item.files)))),
			items.length > 1000 ? `The first 1,000 of ${count(items.length)}` : '')));
};

/* ---- addresses ---- */
sections.hosts = body => {
	const hosts = new Map();
	for (const i of chosen) {
		if (!isAddress(i)) continue;
		const key = columns.object[i], host = hosts.get(key) || {key, ops: new Set(), asked: 0, denied: 0, inside: 0};
		host.ops.add(T[columns.ops[i]]);
		host.asked++;
		if (columns.said[i] & 8) host.inside++;
		else if (verdict(i) !== ALLOW) host.denied++;
		hosts.set(key, host);
	}
	const rows = [...hosts.values()].sort((a, b) => b.asked - a.asked), most = rows.length ? rows[0].asked : 1;
	if (!rows.length) {
		body.append(make('p', {class: 'note'}, 'No address was asked for.'));
		return;
	}
	body.append(table([['Address'], ['Operations'], ['Asked', 'n'], ['Denied', 'n'], ['Kept inside', 'n'], ['']], rows.slice(0, 500).map(host => {
		const a = make('i', {class: 'a'}), d = make('i', {class: 'd'});
		a.style.width = (host.asked - host.denied) / most * 100 + '%';
		d.style.width = host.denied / most * 100 + '%';
		return make('tr', {}, make('td', {class: 'mono'}, make('button', {type: 'button', class: 'plain', on: {click: () => apply({host: T[host.key]})}}, T[host.key])),
			make('td', {}, [...host.ops].join(', ')), make('td', {class: 'n'}, count(host.asked)), make('td', {class: 'n'}, count(host.denied)),
			make('td', {class: 'n'}, count(host.inside)), make('td', {'aria-hidden': 'true'}, make('div', {class: 'bar'}, a, d)));
	}), rows.length > 500 ? `The first 500 of ${count(rows.length)}` : ''));
};
