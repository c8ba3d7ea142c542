// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page: one file that works offline, forwards by mail and prints. Nothing is fetched, every
 * name is escaped, and the page's own policy lets no script run but the one in reports/report.js.
 * Without script all is there but the map's picture.
 */
#include <string.h>

#include "report/html.h"

static const char style[] =
#include "report/style.inc"
	;

static const char script[] =
#include "report/script.inc"
	;
static const char script_hash[] =
#include "report/script_hash.inc"
	;

/* Bytes that the maps of one page may take; beyond that they have fewer moments. */
#define MAX_MAPS (3u << 20)

/* ---- the page ---- */

/* Said of one policy alone: it is in the table of settings as well. */
static bool of_one_series(const struct table *t, const char *note)
{
	for (size_t i = 0; i < t->nr_series; i++) {
		size_t len = strlen(t->series[i].name);

		if (!t->series[i].recorded && !strncmp(note, t->series[i].name, len) &&
		    note[len] == ':')
			return true;
	}
	return false;
}

static void put_notes(const struct table *t, struct strbuf *out)
{
	strbuf_puts(out, "<h3>What the figures rest on</h3>\n<ul class=\"notes\">\n");
	for (size_t i = 0; i < t->nr_notes; i++)
		if (!of_one_series(t, t->notes[i]))
			html_element(out, "li", *t->notes[i] == '!' ? "alarm" : NULL, t->notes[i]);
	strbuf_puts(out, "</ul>\n");
}

static void put_verdict(const struct table *t, struct strbuf *out)
{
	struct strbuf words;

	strbuf_init(&words);
	table_words(t, &words);
	html_element(out, "p", "verdict", words.s);
	strbuf_release(&words);
	if (t->suspect)
		html_element(
			out, "p", "alarm",
			t->capture->fidelity < 0
				? "How well the model predicts this recording is not known: figures are marked !."
				: "The model predicts this recording less well than it should: figures are marked !.");
}

static int put_section(const struct table *t, size_t number, uint32_t every, struct strbuf *out,
		       struct error *err)
{
	strbuf_printf(out, "<section id=\"t%zu\" aria-labelledby=\"h%zu\">\n<h2 id=\"h%zu\">",
		      number, number, number);
	html_text(out, t->capture->name);
	strbuf_puts(out, "</h2>\n");
	put_verdict(t, out);
	html_facts(t, out);
	html_key_figures(t, out);
	html_all_figures(t, out);
	strbuf_puts(out, "<div class=\"charts\">\n");
	charts_draw(t, out);
	strbuf_puts(out, "</div>\n");
	if (html_map(t, every, out, err))
		return error_prefix(err, "%s", t->capture->name);
	html_failures(t, out);
	put_notes(t, out);
	html_provenance(t, out);
	strbuf_puts(out, "</section>\n");
	return 0;
}

static void put_contents(const struct report *r, struct strbuf *out)
{
	strbuf_puts(out, "<nav aria-label=\"captures\"><ul>\n");
	for (size_t i = 0; i < r->nr_tables; i++) {
		struct strbuf words;

		strbuf_init(&words);
		table_words(&r->tables[i], &words);
		strbuf_printf(out, "<li><a href=\"#t%zu\">", i);
		html_text(out, r->tables[i].capture->name);
		strbuf_puts(out, "</a>: ");
		html_text(out, words.s);
		strbuf_puts(out, "</li>\n");
		strbuf_release(&words);
	}
	strbuf_puts(out, "</ul></nav>\n");
}

static void put_head(struct strbuf *out)
{
	strbuf_puts(out,
		    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		    "style-src 'unsafe-inline'; script-src 'sha256-");
	strbuf_puts(out, script_hash);
	strbuf_puts(out, "'\">\n<title>zonereplay report</title>\n<style>\n");
	strbuf_puts(out, style);
	strbuf_puts(out, "</style>\n<script>");
	strbuf_puts(out, script);
	strbuf_puts(
		out,
		"</script>\n</head>\n<body>\n<header><h1>zonereplay report</h1>\n"
		"<p class=\"soft\">What recorded histories of page allocations would have become "
		"under other policies. Baseline first; changes in percent, + is better.</p>\n");
}

/* Which moments of the maps the page has room for: every so manieth. */
static uint32_t thinning(const struct report *r)
{
	size_t bytes = 0;

	for (size_t i = 0; i < r->nr_tables; i++)
		for (size_t k = 0; k < r->tables[i].nr_series; k++)
			bytes += r->tables[i].series[k].run->outcome.map.len;
	return (uint32_t)(bytes / MAX_MAPS) + 1;
}

int report_html(const struct report *r, struct strbuf *out, struct error *err)
{
	uint32_t every = thinning(r);

	put_head(out);
	put_contents(r, out);
	strbuf_puts(out, "</header>\n<main>\n");
	for (size_t i = 0; i < r->nr_tables; i++)
		if (put_section(&r->tables[i], i, every, out, err))
			return -1;
	strbuf_puts(out, "</main>\n</body>\n</html>\n");
	return 0;
}
