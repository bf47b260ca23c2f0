'use strict';
/* What the C program packed: texts once, records as columns of small numbers (cli/digest.c says in which order). */
const data = JSON.parse(document.getElementById('data').textContent);
const T = data.texts, N = data.records;
const ALLOW = 2, DENY = 0, INTERNAL = 3;
const VERDICTS = ['denied', 'asked', 'allowed', 'internal'];

/* Every text of a log is hostile: what a browser would act on, what reorders a line, and what is not seen in it is
   spelt out; and it is put into the page as text alone. */
const UNSEEN = /[\u0000-\u001f\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}\p{Cs}]| (?= )/gu;
const visible = text => text.replace(UNSEEN, c => {
	const n = c.codePointAt(0);
	return n < 256 ? '\\x' + n.toString(16).padStart(2, '0') : '\\u{' + n.toString(16) + '}';
});

const columns = {
	time: new Float64Array(N), process: new Uint32Array(N), call: new Uint32Array(N), said: new Uint8Array(N),
	ops: new Uint32Array(N), object: new Uint32Array(N), rule: new Uint32Array(N), took: new Float64Array(N),
	result: new Float64Array(N),
};

(function decode() {
	const bytes = atob(document.getElementById('columns').textContent);
	let at = 0, time = 0, run = -1;
	const number = () => {
		let value = 0, scale = 1, byte;
		do {
			byte = bytes.charCodeAt(at++);
			value += (byte & 127) * scale;
			scale *= 128;
		} while (byte & 128);
		return value;
	};
	const signed = () => {
		const value = number();
		return value % 2 ? -(value + 1) / 2 : value / 2;
	};
	for (let i = 0; i < N; i++) {
		const step = signed(), process = number(), of = data.processes[process][0];
		time = of === run ? time + step : step;
		run = of;
		columns.time[i] = time / 1e6;
		columns.process[i] = process;
		columns.call[i] = number();
		columns.said[i] = number();
		columns.ops[i] = number();
		columns.object[i] = number();
		columns.rule[i] = number();
		columns.took[i] = columns.result[i] = NaN;
		if (columns.said[i] & 16) {
			columns.took[i] = number();
			columns.result[i] = signed();
		}
	}
})();

const verdict = i => columns.said[i] & 3;
const runOf = i => data.processes[columns.process[i]][0];
/* Of several runs the time line is one: from the first one's start. */
const origin = data.runs.reduce((least, run) => Math.min(least, run.time), data.runs.length ? data.runs[0].time : 0);
const start = data.runs.map(run => run.time - origin);
const when = i => columns.time[i] + (start[runOf(i) - 1] || 0);

/* ---- elements ---- */
const $ = id => document.getElementById(id);
const SVG = 'http://www.w3.org/2000/svg';

/* make('td', {class: 'n'}, 'text', element...) */
function fill(element, attributes, children) {
	for (const name in attributes || {})
		if (name === 'on')
			for (const event in attributes.on) element.addEventListener(event, attributes.on[event]);
		else if (attributes[name] !== null && attributes[name] !== undefined)
			element.setAttribute(name, attributes[name]);
	for (const child of children)
		element.append(typeof child === 'object' && child !== null ? child : visible(String(child)));
	return element;
}
const make = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);
const draw = (name, attributes, ...children) => fill(document.createElementNS(SVG, name), attributes, children);
const count = n => n.toLocaleString('en');
const plural = (n, one, many) => count(n) + ' ' + (n === 1 ? one : many);
const seconds = t => t >= 100 ? t.toFixed(1) : t >= 1 ? t.toFixed(3) : t.toFixed(6);

function table(titles, rows, caption) {
	return make('div', {class: 'scroll'}, make('table', {},
		caption ? make('caption', {class: 'note'}, caption) : '',
		make('thead', {}, make('tr', {}, ...titles.map(t => make('th', {scope: 'col', class: t[1] || null}, t[0])))),
		make('tbody', {}, ...rows)));
}

/* A list of any length, some rows at a time. */
function pages(parent, length, size, page, show) {
	const last = Math.max(0, Math.ceil(length / size) - 1);
	page = Math.min(page, last);
	if (last)
		parent.append(make('div', {class: 'pages'},
			make('button', {type: 'button', disabled: page === 0 ? '' : null, on: {click: () => show(page - 1)}}, 'Previous'),
			make('span', {class: 'note'}, `${count(page * size + 1)} to ${count(Math.min(length, (page + 1) * size))} of ${count(length)}`),
			make('button', {type: 'button', disabled: page === last ? '' : null, on: {click: () => show(page + 1)}}, 'Next')));
	return page;
}
