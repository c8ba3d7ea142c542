// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exercises what of a database the page takes apart: the map of pageblocks
 * (src/replay/block_map.c), explanations (src/report/html_failures.c) and names
 * (src/report/escape.c). Input: blocks, moments, a byte for the length of a name; the name; the
 * rest is both a packed map and an explanation.
 */
#include "replay/replay.h"
#include "report/html.h"
#include "tests/fuzz/fuzz.h"

static void unpack(uint8_t blocks, uint8_t moments, const uint8_t *data, size_t size)
{
	struct block_map m = {
		.nr_blocks = blocks, .nr_moments = moments, .data = (uint8_t *)data, .len = size};
	struct block_map again = {.nr_blocks = blocks, .nr_moments = moments};
	uint8_t *bytes = block_map_unpack(&m, NULL), *back;

	if (!bytes)
		return;
	if (block_map_pack(&again, bytes, NULL))
		abort();
	back = block_map_unpack(&again, NULL);
	if (!back || memcmp(bytes, back, 2 * (size_t)blocks * moments))
		abort();
	free(back);
	free(bytes);
	free(again.data);
}

/* No name and no explanation opens or closes an element or hides a character. */
static void check_words(const char *html)
{
	for (const char *p = html; *p; p++)
		if ((unsigned char)*p < ' ' && *p != '\n')
			abort();
	if (strstr(html, "<script") || strstr(html, "<img") || strstr(html, "\xe2\x80\xae"))
		abort();
}

static void explain(const char *name, const char *text)
{
	struct store_failure failure = {.order = 9, .explanation = (char *)text};
	struct store_failures failures = {.failures = &failure, .nr_failures = 1};
	static char settings[] = "";
	struct series series = {.settings = settings, .failures = &failures};
	struct table table = {.series = &series, .nr_series = 1};
	struct strbuf out;

	snprintf(failure.comm, sizeof(failure.comm), "%s", name);
	snprintf(series.name, sizeof(series.name), "%s", name);
	strbuf_init(&out);
	html_failures(&table, &out);
	check_words(out.s);
	strbuf_clear(&out);
	markdown_text(&out, name);
	csv_field(&out, false, name);
	strbuf_clear(&out);
	gnuplot_text(&out, name);
	if (strpbrk(out.s, "'`")) /* ends the string, or runs a command */
		abort();
	strbuf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *name, *text;
	size_t len;

	if (size < 3)
		return 0;
	len = data[2] < size - 3 ? data[2] : size - 3;
	name = strndup((const char *)data + 3, len);
	text = strndup((const char *)data + 3 + len, size - 3 - len);
	if (!name || !text)
		abort();
	unpack(data[0], data[1], data + 3 + len, size - 3 - len);
	explain(name, text);
	free(name);
	free(text);
	return 0;
}
