// SPDX-License-Identifier: GPL-2.0-only
// Every piece of text on the page whose contrast with what is behind it is below 4.5 : 1 (WCAG 2, AA), from the
// colours as they are computed. Evaluates to a list of words.
(() => {
	const parse = (colour) => {
		const numbers = colour.match(/[\d.]+/g).map(Number);
		return { rgb: numbers.slice(0, 3), alpha: numbers.length > 3 ? numbers[3] : 1 };
	};
	const light = ([r, g, b]) => {
		const linear = [r, g, b].map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
	};
	const ratio = (a, b) => {
		const [high, low] = [light(a), light(b)].sort((x, y) => y - x);
		return (high + 0.05) / (low + 0.05);
	};
	const behind = (element) => {
		for (let e = element; e; e = e.parentElement) {
			const { rgb, alpha } = parse(getComputedStyle(e).backgroundColor);
			if (alpha === 1)
				return rgb;
		}
		return [255, 255, 255];
	};
	for (const details of document.querySelectorAll("details"))
		details.open = true;
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	const poor = [];
	let looked = 0;
	while (walker.nextNode()) {
		const element = walker.currentNode.parentElement;
		const words = walker.currentNode.textContent.trim();
		if (!words || element.closest("script, noscript, style, title, option") || !element.getClientRects().length)
			continue;
		const style = getComputedStyle(element);
		const colour = parse(element.closest("svg") ? style.fill : style.color).rgb;
		const found = ratio(colour, behind(element));
		looked++;
		if (found < 4.5)
			poor.push(`${found.toFixed(2)}: "${words.slice(0, 40)}" in ${element.tagName.toLowerCase()}`);
	}
	return { looked, poor };
})()
