// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page: one file that works offline, forwards by mail and prints. No script, nothing fetched;
 * every name is escaped.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/build.h"
#include "report/svg.h"

static const char style[] =
#include "report/style.inc"
	;

static void element(struct strbuf *out, const char *tag, const char *class_name, const char *text)
{
	strbuf_printf(out, "<%s%s%s%s>", tag, class_name ? " class=\"" : "",
		      class_name ? class_name : "", class_name ? "\"" : "");
	html_text(out, text);
	strbuf_printf(out, "</%s>\n", tag);
}

/* ---- the comparison ---- */

/* "45~ (+800.00%)": the change is set apart, in the colour of its sign. */
static void put_cell(struct strbuf *out, const char *word)
{
	const char *change = strchr(word, '(');
	size_t len = change ? (size_t)(change - word) : strlen(word);
	char *value;

	while (len && word[len - 1] == ' ')
		len--;
	value = strndup(word, len);
	strbuf_puts(out, "<td>");
	html_text(out, value ? value : "");
	free(value);
	if (change) {
		const char *sign = change + 1 + strspn(change + 1, " ");
		bool zero = !strncmp(sign, "+0.00%", 6) || !strncmp(sign, "-0.00%", 6);

		strbuf_printf(out, " <small%s>",
			      zero	     ? ""
			      : *sign == '+' ? " class=\"more\""
					     : " class=\"less\"");
		html_text(out, change);
		strbuf_puts(out, "</small>");
	}
	strbuf_puts(out, "</td>");
}

static void put_header(const struct table *t, struct strbuf *out)
{
	strbuf_puts(out, "<thead><tr><th scope=\"col\">Figure</th>");
	for (size_t i = 0; i < t->nr_series; i++) {
		strbuf_puts(out, "<th scope=\"col\">");
		html_text(out, t->series[i].name);
		if (*t->series[i].settings) {
			strbuf_puts(out, "<br><small>");
			html_text(out, t->series[i].settings);
			strbuf_puts(out, "</small>");
		}
		if (i == 0)
			strbuf_puts(out, "<br><small>baseline</small>");
		else if (t->series[i].recorded)
			strbuf_puts(out, "<br><small>real kernel</small>");
		strbuf_puts(out, "</th>");
	}
	strbuf_puts(out, "</tr></thead>\n<tbody>\n");
}

static void put_table(const struct table *t, struct strbuf *out)
{
	struct grid g;

	table_grid(t, &g);
	strbuf_puts(out, "<div class=\"wide\" tabindex=\"0\"><table>");
	put_header(t, out);
	for (size_t row = g.header_rows; row < g.rows; row++) {
		strbuf_puts(out, "<tr><th scope=\"row\">");
		html_text(out, grid_get(&g, row, 0));
		strbuf_puts(out, "</th>");
		for (size_t column = 1; column < g.columns; column++)
			put_cell(out, grid_get(&g, row, column));
		strbuf_puts(out, "</tr>\n");
	}
	strbuf_puts(out, "</tbody></table></div>\n");
	grid_release(&g);
}

static void put_notes(const struct table *t, struct strbuf *out)
{
	strbuf_puts(out, "<ul class=\"notes\">\n");
	for (size_t i = 0; i < t->nr_notes; i++)
		element(out, "li", *t->notes[i] == '!' ? "alarm" : NULL, t->notes[i]);
	strbuf_puts(out, "</ul>\n");
}

/* ---- provenance ---- */

static void put_provenance(const struct table *t, struct strbuf *out)
{
	strbuf_puts(
		out,
		"<h3>Provenance</h3>\n<div class=\"wide provenance\" tabindex=\"0\"><table><thead><tr>"
		"<th scope=\"col\">Policy</th><th scope=\"col\">State hash</th>"
		"<th scope=\"col\">Program</th><th scope=\"col\">Command</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < t->nr_series; i++) {
		const struct store_run *run = t->series[i].run;

		strbuf_puts(out, "<tr><th scope=\"row\">");
		html_text(out, run->outcome.policy);
		strbuf_puts(out, "</th><td>");
		if (!t->series[i].recorded)
			strbuf_printf(out, "<code>%016llx</code>",
				      (unsigned long long)run->outcome.state_hash);
		strbuf_puts(out, "</td><td>");
		html_text(out, run->provenance.program);
		strbuf_puts(out, "</td><td><code>");
		html_text(out, run->provenance.command);
		strbuf_puts(out, "</code></td></tr>\n");
	}
	strbuf_puts(out, "</tbody></table></div>\n<p class=\"soft\">Capture ");
	html_text(out, t->capture->id);
	strbuf_puts(out, "</p>\n");
}

/* ---- the page ---- */

static void put_section(const struct table *t, size_t number, struct strbuf *out)
{
	struct strbuf words;

	strbuf_printf(out, "<section id=\"t%zu\">\n", number);
	element(out, "h2", NULL, t->title);
	strbuf_init(&words);
	table_words(t, &words);
	element(out, "p", "verdict", words.s);
	strbuf_release(&words);
	if (t->suspect)
		element(out, "p", "alarm",
			t->capture->fidelity < 0
				? "How well the model predicts this recording is not known: figures are marked !."
				: "The model predicts this recording less well than it should: figures are marked !.");
	put_table(t, out);
	put_notes(t, out);
	strbuf_puts(out, "<div class=\"charts\">\n");
	charts_draw(t, out);
	strbuf_puts(out, "</div>\n");
	put_provenance(t, out);
	strbuf_puts(out, "</section>\n");
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

void report_html(const struct report *r, struct strbuf *out)
{
	strbuf_puts(out,
		    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		    "style-src 'unsafe-inline'\">\n"
		    "<title>zonereplay report</title>\n<style>\n");
	strbuf_puts(out, style);
	strbuf_puts(
		out,
		"</style>\n</head>\n<body>\n<h1>zonereplay report</h1>\n"
		"<p class=\"soft\">What recorded histories of page allocations would have become "
		"under other policies. Baseline first; changes in percent, + is better.</p>\n");
	put_contents(r, out);
	strbuf_puts(out, "<main>\n");
	for (size_t i = 0; i < r->nr_tables; i++)
		put_section(&r->tables[i], i, out);
	strbuf_puts(out, "</main>\n</body>\n</html>\n");
}
