// SPDX-License-Identifier: GPL-2.0-only
// The map of pageblocks: unpacks what `zonereplay run` kept, draws it, and lets it be scrubbed by
// mouse, touch and keyboard. Everything else on the page works without script. The bytes of a
// pageblock are described in src/replay/replay.h (struct block_map).
"use strict";
(() => {

const TYPES = ["unmovable", "movable", "reclaimable", "highatomic", "CMA", "isolated"];
const SHARES = ["none", "up to 1/6", "1/6 to 1/3", "1/3 to 1/2", "1/2 to 2/3", "2/3 to 5/6", "over 5/6", "all"];
const ALL = 7;
const HUGE = 0x40, HOLE = 0x80;
const LABEL = 18; // pixels above a zone for its name
const colours = {};

/* ---- what a pageblock's two bytes say ---- */

const typeOf = (first) => first & 7;
const freeOf = (first) => first >> 3 & 7;
const unmovableOf = (second) => second & 7;
const reclaimableOf = (second) => second >> 3 & 7;
// A share as a number between 0 and 1: the middle of its step.
const part = (share) => share === 0 ? 0 : share === ALL ? 1 : (share - 0.5) / 6;

function movablePart(first, second) {
	const rest = 1 - part(freeOf(first)) - part(unmovableOf(second)) - part(reclaimableOf(second));
	return Math.min(1, Math.max(0, rest));
}

function countBlocks(run, moment) {
	const counts = { blocks: 0, free: 0, huge: 0, unmovable: 0, polluted: 0 };
	const at = moment * 2 * run.blocks;
	for (let block = 0; block < run.blocks; block++) {
		const first = run.bytes[at + block], second = run.bytes[at + run.blocks + block];
		if (first & HOLE)
			continue;
		counts.blocks++;
		counts.free += freeOf(first) === ALL;
		counts.huge += (first & HUGE) !== 0;
		counts.unmovable += unmovableOf(second) > 0;
		counts.polluted += unmovableOf(second) > 0 && TYPES[typeOf(first)] === "movable";
	}
	return counts;
}

/* ---- unpacking ---- */

async function unpack(run) {
	const packed = Uint8Array.from(atob(run.data), (c) => c.charCodeAt(0));
	const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
	const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
	const step = 2 * run.blocks;
	for (let i = step; i < bytes.length; i++) // each moment is kept as what changed
		bytes[i] ^= bytes[i - step];
	run.bytes = bytes;
}

/* ---- colours, which follow the page's style ---- */

function readColours() {
	const style = getComputedStyle(document.documentElement);
	const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
	for (const name of ["paper", "ink", "free", "movable", "unmovable", "reclaimable", "highatomic", "CMA",
			    "isolated", "huge", "hole", "migrate-scanner", "free-scanner"]) {
		context.fillStyle = style.getPropertyValue(name === "paper" || name === "ink" ? `--${name}` : `--map-${name}`).trim();
		context.fillRect(0, 0, 1, 1);
		const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
		colours[name] = { css: `rgb(${r} ${g} ${b})`, word: (255 << 24 | b << 16 | g << 8 | r) >>> 0 };
	}
}

/* ---- drawing ---- */

// Where the pageblocks of each zone lie on a canvas of this width; every zone begins a new line.
function layOut(run, width) {
	const shown = run.zones.map((zone, i) => {
		const from = i && zone.node === run.zones[i - 1].node ? Math.max(zone.first, run.zones[i - 1].last + 1) : zone.first;
		return { name: zone.name, node: zone.node, first: from, last: zone.last };
	}).filter((zone) => zone.last >= zone.first);
	const total = shown.reduce((sum, zone) => sum + zone.last - zone.first + 1, 0);
	const ratio = window.devicePixelRatio || 1;
	const fitting = Math.floor(Math.sqrt(width * 420 / Math.max(1, total)));
	const cell = Math.max(4, Math.min(26, fitting)) * Math.ceil(ratio);
	const columns = Math.max(1, Math.floor(width * Math.ceil(ratio) / cell));
	// Below each line of pageblocks is a lane for the two scanners.
	const line = Math.max(1, Math.round(cell / 7)), pitch = cell + 2 * line + 1;
	let y = 0;
	for (const zone of shown) {
		zone.top = y + LABEL * Math.ceil(ratio);
		y = zone.top + Math.ceil((zone.last - zone.first + 1) / columns) * pitch;
	}
	return { zones: shown, cell, line, pitch, columns, ratio: Math.ceil(ratio), width: columns * cell, height: y,
		 tiles: new Map() };
}

function fillRows(tile, size, from, to, word) {
	for (let y = Math.round(from); y < Math.round(to); y++)
		tile.fill(word, y * size, y * size + size - 1);
}

// One pageblock: a strip in the colour of its type, below it what is inside, unmovable pages at the
// bottom, free memory on top.
function makeTile(size, first, second) {
	const tile = new Uint32Array(size * size).fill(colours.paper.word);
	const strip = Math.max(1, Math.round(size / 5)), bottom = size - 1;
	let y = bottom;
	if (first & HOLE) {
		fillRows(tile, size, size / 2 - 1, size / 2, colours.hole.word);
		return tile;
	}
	fillRows(tile, size, 0, strip, colours[TYPES[typeOf(first)] || "isolated"].word);
	if (first & HUGE) {
		fillRows(tile, size, strip, bottom, colours.huge.word);
		return tile;
	}
	const parts = [["unmovable", part(unmovableOf(second))], ["reclaimable", part(reclaimableOf(second))],
		       ["movable", movablePart(first, second)]];
	for (const [name, share] of parts) {
		if (!share)
			continue;
		const height = Math.max(1, share * (bottom - strip));
		fillRows(tile, size, Math.max(strip, y - height), y, colours[name].word);
		y = Math.max(strip, y - height);
	}
	if (freeOf(first))
		fillRows(tile, size, strip, y, colours.free.word);
	return tile;
}

function tileOf(layout, first, second) {
	const key = first << 8 | second;
	let tile = layout.tiles.get(key);
	if (!tile)
		layout.tiles.set(key, tile = makeTile(layout.cell, first, second));
	return tile;
}

// Only pageblocks that differ from what is drawn already.
function drawBlocks(view, run, moment) {
	const { layout, drawn } = view;
	const image = new Uint32Array(view.image.data.buffer);
	const at = moment * 2 * run.blocks;
	for (const zone of layout.zones)
		for (let block = zone.first; block <= zone.last; block++) {
			const n = block - zone.first;
			const first = run.bytes[at + block], second = run.bytes[at + run.blocks + block];
			if (drawn[block] === (first << 8 | second))
				continue;
			drawn[block] = first << 8 | second;
			const tile = tileOf(layout, first, second);
			let to = (zone.top + Math.floor(n / layout.columns) * layout.pitch) * layout.width +
				 n % layout.columns * layout.cell;
			for (let from = 0; from < tile.length; from += layout.cell, to += layout.width)
				image.set(tile.subarray(from, from + layout.cell), to);
		}
	view.context.putImageData(view.image, 0, 0);
}

function cellOf(layout, block) {
	const zone = layout.zones.find((z) => block >= z.first && block <= z.last);
	if (!zone)
		return null;
	const n = block - zone.first;
	return { x: n % layout.columns * layout.cell, y: zone.top + Math.floor(n / layout.columns) * layout.pitch };
}

const scansOf = (run, moment) => run.scans.filter((scan) => scan.moment === moment);

function drawLane(view, [first, last], colour, lane) {
	const { layout } = view;
	view.context.fillStyle = colour.css;
	for (let block = first; block <= last; block++) {
		const cell = cellOf(layout, block);
		if (cell)
			view.context.fillRect(cell.x, cell.y + layout.cell + lane * layout.line, layout.cell, layout.line);
	}
}

function drawScanners(view, run, moment) {
	for (const scan of scansOf(run, moment)) {
		drawLane(view, scan.migrate, colours["migrate-scanner"], 0);
		drawLane(view, scan.free, colours["free-scanner"], 1);
	}
}

function drawCursor(view) {
	const cell = cellOf(view.layout, view.cursor), width = 2 * view.layout.ratio;
	view.context.strokeStyle = colours.ink.css;
	view.context.lineWidth = width;
	if (cell)
		view.context.strokeRect(cell.x + width / 2 - 1, cell.y + width / 2 - 1, view.layout.cell + 1 - width,
					view.layout.cell + 1 - width);
}

function drawNames(view) {
	view.context.fillStyle = colours.ink.css;
	view.context.font = `${12 * view.layout.ratio}px system-ui, sans-serif`;
	for (const zone of view.layout.zones)
		view.context.fillText(`zone ${zone.name}, node ${zone.node}`, 0, zone.top - 5 * view.layout.ratio);
}

function draw(view, run, moment) {
	drawBlocks(view, run, moment);
	drawNames(view);
	drawScanners(view, run, moment);
	if (view.cursor !== null)
		drawCursor(view);
}

/* ---- words ---- */

const seconds = (ns) => `${(ns / 1e9).toFixed(3)} s`;
const number = (n) => n.toLocaleString("en");

function momentWords(run, moment) {
	const c = countBlocks(run, moment);
	return `Of ${number(c.blocks)} pageblocks ${number(c.free)} are wholly free and ${number(c.huge)} hold a huge page; ` +
	       `${number(c.unmovable)} have unmovable pages in them, ${number(c.polluted)} of these are of movable type. ` +
	       `So far ${number(run.migrated[moment])} pages were migrated and ${number(run.reclaimed[moment])} reclaimed.`;
}

function scanWords(run, moment) {
	const words = scansOf(run, moment).map((scan) =>
		`Compaction ran in zone ${run.zones[scan.zone].name} just before: the migrate scanner was at pageblocks ` +
		`${number(scan.migrate[0])} to ${number(scan.migrate[1])}, the free scanner at ${number(scan.free[0])} to ${number(scan.free[1])}.`);
	return words.join(" ");
}

function blockWords(run, moment, block) {
	const first = run.bytes[moment * 2 * run.blocks + block];
	const second = run.bytes[(moment * 2 + 1) * run.blocks + block];
	const pfn = run.base + block * run.pages;
	const where = `Pageblock ${number(block)}, frames 0x${pfn.toString(16)} to 0x${(pfn + run.pages - 1).toString(16)}`;
	if (first & HOLE)
		return `${where}: nothing that the allocator manages.`;
	const type = TYPES[typeOf(first)] || "unknown";
	if (first & HUGE)
		return `${where}: type ${type}, one huge page.`;
	return `${where}: type ${type}; free: ${SHARES[freeOf(first)]}; unmovable: ${SHARES[unmovableOf(second)]}; ` +
	       `reclaimable: ${SHARES[reclaimableOf(second)]}; the rest is movable.`;
}

/* ---- one map on the page ---- */

class BlockMap {
	constructor(element) {
		const find = (selector) => element.querySelector(selector);
		this.runs = JSON.parse(find("script").textContent);
		this.slider = find("input[type=range]");
		this.play = find("button");
		this.when = find(".when");
		this.views = [...element.querySelectorAll(".view")].map((box) => ({
			choice: box.querySelector("select"),
			canvas: box.querySelector("canvas"),
			words: box.querySelector(".words"),
			block: box.querySelector(".block"),
			context: box.querySelector("canvas").getContext("2d"),
			cursor: null,
		}));
		this.pending = false;
		this.listen();
		find(".controls").hidden = false;
		this.resize();
	}

	listen() {
		this.slider.addEventListener("input", () => this.show());
		this.play.addEventListener("click", () => this.togglePlay());
		for (const view of this.views) {
			view.choice.addEventListener("change", () => this.choose(view));
			view.canvas.addEventListener("pointermove", (event) => this.point(view, event));
			view.canvas.addEventListener("pointerdown", (event) => this.point(view, event));
			view.canvas.addEventListener("keydown", (event) => this.moveCursor(view, event));
		}
	}

	runOf(view) {
		return this.runs[Number(view.choice.value)] || null;
	}

	get time() {
		return this.runOf(this.views[0]).times[Number(this.slider.value)];
	}

	// The last moment that is not after the time shown: the moments of all runs are the same unless
	// they were made with different settings.
	momentOf(run) {
		let moment = Number(this.slider.value);
		const time = this.time;
		if (run.times[moment] === time)
			return moment;
		moment = run.times.findLastIndex((t) => t <= time);
		return Math.max(0, moment);
	}

	async choose(view) {
		const run = this.runOf(view);
		view.canvas.hidden = view.words.hidden = view.block.hidden = !run;
		const alone = this.views.every((v, i) => !i || !this.runOf(v));
		if (this.alone !== alone) { // one map may be as wide as the page
			this.alone = alone;
			view.canvas.closest(".views").classList.toggle("alone", alone);
			if (view !== this.views[0])
				await this.choose(this.views[0]);
		}
		view.cursor = null;
		view.block.textContent = "";
		if (run && !run.bytes)
			await unpack(run);
		if (run)
			this.fit(view, run);
		this.slider.max = this.runOf(this.views[0]).times.length - 1;
		this.show();
	}

	fit(view, run) {
		view.layout = layOut(run, view.canvas.parentElement.clientWidth);
		view.canvas.width = view.layout.width;
		view.canvas.height = view.layout.height;
		view.canvas.style.width = `${view.layout.width / view.layout.ratio}px`;
		view.image = view.context.createImageData(view.layout.width, view.layout.height);
		view.drawn = new Int32Array(run.blocks).fill(-1);
		new Uint32Array(view.image.data.buffer).fill(colours.paper.word);
	}

	resize() {
		for (const view of this.views)
			this.choose(view);
	}

	// At most one drawing per frame, however fast the slider moves.
	show() {
		if (this.pending)
			return;
		this.pending = true;
		requestAnimationFrame(() => {
			this.pending = false;
			this.drawAll();
		});
	}

	drawAll() {
		const moment = Number(this.slider.value);
		const main = this.runOf(this.views[0]);
		this.when.textContent = `${seconds(this.time)}, moment ${moment + 1} of ${main.times.length}`;
		for (const view of this.views)
			this.drawView(view);
		if (main.bytes)
			this.slider.setAttribute("aria-valuetext", `${seconds(this.time)}. ${momentWords(main, moment)}`);
	}

	drawView(view) {
		const run = this.runOf(view);
		if (!run || !run.bytes || !view.layout) {
			view.words.textContent = "";
			return;
		}
		const moment = this.momentOf(run);
		draw(view, run, moment);
		view.words.textContent = `${momentWords(run, moment)} ${scanWords(run, moment)}`;
		if (view.cursor !== null)
			view.block.textContent = blockWords(run, moment, view.cursor);
	}

	point(view, event) {
		const { layout } = view, run = this.runOf(view);
		if (!layout || !run.bytes)
			return;
		const x = Math.floor(event.offsetX * layout.ratio / layout.cell), y = event.offsetY * layout.ratio;
		const zone = layout.zones.findLast((z) => y >= z.top);
		const block = zone && zone.first + Math.floor((y - zone.top) / layout.pitch) * layout.columns + x;
		if (!zone || x >= layout.columns || block > zone.last || block === view.cursor)
			return;
		view.cursor = block;
		this.show();
		view.block.textContent = blockWords(run, this.momentOf(run), block);
	}

	moveCursor(view, event) {
		const { layout } = view;
		if (!layout)
			return;
		const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -layout.columns, ArrowDown: layout.columns };
		if (!(event.key in steps))
			return;
		event.preventDefault();
		const last = layout.zones[layout.zones.length - 1].last;
		const from = view.cursor === null ? layout.zones[0].first - steps[event.key] : view.cursor;
		view.cursor = Math.min(last, Math.max(layout.zones[0].first, from + steps[event.key]));
		this.show();
	}

	togglePlay() {
		this.timer = this.timer ? clearInterval(this.timer) : setInterval(() => this.advance(), 100);
		this.play.textContent = this.timer ? "Stop" : "Play";
	}

	advance() {
		this.slider.value = Number(this.slider.value) + 1;
		this.show();
		if (this.slider.value === this.slider.max)
			this.togglePlay();
	}
}

/* ---- the page ---- */

const maps = [];

function start() {
	readColours();
	for (const element of document.querySelectorAll(".map"))
		maps.push(new BlockMap(element));
}

function redraw() {
	readColours();
	for (const map of maps)
		map.resize();
}

let width = 0;

if (typeof DecompressionStream === "function") {
	document.addEventListener("DOMContentLoaded", start);
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
	addEventListener("resize", () => {
		if (document.documentElement.clientWidth !== width)
			redraw();
		width = document.documentElement.clientWidth;
	});
}

})();
