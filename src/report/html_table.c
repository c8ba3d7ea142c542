// SPDX-License-Identifier: GPL-2.0-only
/* The tables of the page: facts, figures and where they come from. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "report/html.h"

void html_element(struct strbuf *out, const char *tag, const char *class_name, const char *text)
{
	strbuf_printf(out, "<%s%s%s%s>", tag, class_name ? " class=\"" : "",
		      class_name ? class_name : "", class_name ? "\"" : "");
	html_text(out, text);
	strbuf_printf(out, "</%s>\n", tag);
}

void html_wide(struct strbuf *out, const char *label)
{
	strbuf_puts(out, "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"");
	html_text(out, label);
	strbuf_puts(out, "\">");
}

void html_wide_end(struct strbuf *out)
{
	strbuf_puts(out, "</div>\n");
}

/* ---- facts ---- */

static void fact(struct strbuf *out, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);

static void fact(struct strbuf *out, const char *name, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	strbuf_printf(out, "<div><dt>%s</dt><dd>", name);
	html_text(out, text);
	strbuf_puts(out, "</dd></div>\n");
}

void html_facts(const struct table *t, struct strbuf *out)
{
	const struct store_run *run = t->series[0].run;
	const struct store_capture *c = t->capture;

	strbuf_puts(out, "<dl class=\"facts\">\n");
	if (*c->release)
		fact(out, "Kernel", "%s, %s", c->release, c->arch);
	fact(out, "Rules", "era %s%s", run->outcome.era,
	     run->outcome.era_exact ? "" : ", the nearest known");
	fact(out, "Start state", "%s", c->initial_state);
	fact(out, "Events", "%llu, %llu lost", (unsigned long long)c->events,
	     (unsigned long long)c->lost_events);
	if (c->fidelity < 0)
		fact(out, "Fidelity", "not known !");
	else
		fact(out, "Fidelity", "%.2f %% of page frames predicted%s", c->fidelity,
		     t->suspect ? " !" : "");
	if (run->from || run->to)
		fact(out, "Window", "%.3f to %.3f s", (double)run->from / 1e9,
		     (double)run->to / 1e9);
	if (run->cut_percent == WHATIF_CUT_AT_BRANCH)
		fact(out, "Cut loose", "at the branch");
	else if (run->cut_percent)
		fact(out, "Cut loose", "at %u %%", run->cut_percent);
	strbuf_puts(out, "</dl>\n");
}

/* ---- figures ---- */

/* Counts from ten thousand on get a comma at every third digit. */
static void grouped(struct strbuf *out, enum line_unit unit, double value)
{
	struct strbuf plain;
	size_t len;

	strbuf_init(&plain);
	figure_number(&plain, unit, value);
	len = plain.len;
	for (size_t i = 0; i < len; i++) {
		strbuf_add(out, &plain.s[i], 1);
		if (unit == LINE_COUNT && len > 4 && i + 1 < len && (len - i - 1) % 3 == 0)
			strbuf_puts(out, ",");
	}
	strbuf_release(&plain);
}

static void put_change(const struct cell *cell, struct strbuf *out)
{
	if (!cell->compared || fabs(cell->change) < 0.005)
		return;
	strbuf_printf(out, "<small class=\"%s\">%+.*f %%</small>",
		      cell->change > 0 ? "more" : "less", fabs(cell->change) < 100 ? 1 : 0,
		      cell->change);
}

/* The value with its marks; below it the range, and the change against the baseline. */
static void put_figure(const struct table *t, size_t line, size_t series, struct strbuf *out)
{
	const struct cell *cell = table_cell(t, line, series);
	enum line_unit unit = t->lines[line].unit;

	strbuf_puts(out, "<td>");
	if (!cell->present) {
		strbuf_puts(out, "\xe2\x80\x93</td>"); /* a dash */
		return;
	}
	grouped(out, unit, cell->value);
	strbuf_puts(out, cell->approximate ? "~" : "");
	strbuf_puts(out, t->suspect && !t->series[series].recorded ? "!" : "");
	if (cell->low != cell->high) {
		strbuf_puts(out, "<small>");
		grouped(out, unit, cell->low);
		strbuf_puts(out, "..");
		grouped(out, unit, cell->high);
		strbuf_puts(out, "</small>");
	}
	put_change(cell, out);
	strbuf_puts(out, "</td>");
}

static void put_name(const struct table *t, size_t series, const char *scope, struct strbuf *out)
{
	const struct series *s = &t->series[series];

	strbuf_printf(out, "<th scope=\"%s\">", scope);
	html_text(out, s->name);
	if (*s->settings) {
		strbuf_puts(out, "<small>");
		html_text(out, s->settings);
		strbuf_puts(out, "</small>");
	}
	if (series == 0)
		strbuf_puts(out, "<small>baseline</small>");
	else if (s->recorded)
		strbuf_puts(out, "<small>real kernel</small>");
	strbuf_puts(out, "</th>");
}

static const char *const key_figures[] = {"huge_got",	    "pages_reclaimed", "pages_migrated",
					  "pages_per_gain", "compact_stall",   "stall_ns"};

static bool is_key(const struct table *t, size_t line)
{
	for (size_t i = 0; i < ARRAY_SIZE(key_figures); i++)
		if (!strcmp(t->lines[line].key, key_figures[i]))
			return line_shown(t, line);
	return false;
}

static size_t line_named(const struct table *t, const char *key)
{
	for (size_t i = 0; i < t->nr_lines; i++)
		if (!strcmp(t->lines[i].key, key))
			return i;
	return 0;
}

/* huge_got has no range of its own: huge_success has it. */
static size_t shown_line(const struct table *t, size_t line)
{
	return strcmp(t->lines[line].key, "huge_got") ? line : line_named(t, "huge_success");
}

static void key_header(const struct table *t, struct strbuf *out)
{
	strbuf_puts(out, "<thead><tr><th scope=\"col\">Policy</th>");
	for (size_t line = 0; line < t->nr_lines; line++) {
		if (!is_key(t, line))
			continue;
		strbuf_puts(out, "<th scope=\"col\">");
		html_text(out, t->lines[line].label);
		if (!strcmp(t->lines[line].key, "huge_got"))
			strbuf_printf(out, "<small>of %llu wanted</small>",
				      (unsigned long long)t->series[0].run->outcome.huge_wanted);
		strbuf_puts(out, "</th>");
	}
	strbuf_puts(out, "</tr></thead>\n<tbody>\n");
}

void html_key_figures(const struct table *t, struct strbuf *out)
{
	size_t shown = 0;

	for (size_t line = 0; line < t->nr_lines; line++)
		shown += is_key(t, line);
	if (!shown)
		return;
	html_wide(out, "the figures that matter most");
	strbuf_puts(out, "<table class=\"key\">");
	key_header(t, out);
	for (size_t i = 0; i < t->nr_series; i++) {
		strbuf_printf(out, "<tr%s>", t->series[i].recorded ? " class=\"recorded\"" : "");
		put_name(t, i, "row", out);
		for (size_t line = 0; line < t->nr_lines; line++)
			if (is_key(t, line))
				put_figure(t, shown_line(t, line), i, out);
		strbuf_puts(out, "</tr>\n");
	}
	strbuf_puts(out, "</tbody></table>");
	html_wide_end(out);
}

void html_all_figures(const struct table *t, struct strbuf *out)
{
	strbuf_puts(out, "<details class=\"all\"><summary>All figures</summary>\n");
	html_wide(out, "all figures");
	strbuf_puts(out, "<table><thead><tr><th scope=\"col\">Figure</th>");
	for (size_t i = 0; i < t->nr_series; i++)
		put_name(t, i, "col", out);
	strbuf_puts(out, "</tr></thead>\n<tbody>\n");
	for (size_t line = 0; line < t->nr_lines; line++) {
		if (!line_shown(t, line))
			continue;
		strbuf_puts(out, "<tr><th scope=\"row\">");
		html_text(out, t->lines[line].label);
		strbuf_puts(out, "</th>");
		for (size_t i = 0; i < t->nr_series; i++)
			put_figure(t, line, i, out);
		strbuf_puts(out, "</tr>\n");
	}
	strbuf_puts(out, "</tbody></table>");
	html_wide_end(out);
	strbuf_puts(out, "</details>\n");
}

/* ---- provenance ---- */

static bool command_shown_before(const struct table *t, size_t series)
{
	for (size_t i = 0; i < series; i++)
		if (!strcmp(t->series[i].run->provenance.command,
			    t->series[series].run->provenance.command))
			return true;
	return false;
}

static void put_commands(const struct table *t, struct strbuf *out)
{
	strbuf_puts(out, "<ul class=\"commands\">\n");
	for (size_t i = 0; i < t->nr_series; i++) {
		const struct store_provenance *p = &t->series[i].run->provenance;
		time_t finished = (time_t)p->finished;
		char when[32] = "";
		struct tm tm;

		if (command_shown_before(t, i) || !*p->command)
			continue;
		if (gmtime_r(&finished, &tm))
			strftime(when, sizeof(when), "%Y-%m-%d %H:%M UTC", &tm);
		strbuf_puts(out, "<li><code>");
		html_text(out, p->command);
		strbuf_printf(out, "</code><br>%s, ", when);
		html_text(out, p->program);
		strbuf_puts(out, "</li>\n");
	}
	strbuf_puts(out, "</ul>\n");
}

/* "key=value,key=value": a line may end at a comma. */
static void put_parameters(struct strbuf *out, const char *params)
{
	char pair[256];

	while (*params) {
		size_t n = strcspn(params, ",");

		snprintf(pair, sizeof(pair), "%.*s", (int)n, params);
		html_text(out, pair);
		params += n;
		if (*params == ',')
			strbuf_puts(out, ",<wbr>");
		params += *params == ',';
	}
}

static void put_settings(const struct table *t, struct strbuf *out)
{
	html_wide(out, "settings and state hashes");
	strbuf_puts(out, "<table class=\"provenance\"><thead><tr><th scope=\"col\">Policy</th>"
			 "<th scope=\"col\">Parameters</th><th scope=\"col\">Scenarios</th>"
			 "<th scope=\"col\">Assumption that moves the answer most</th>"
			 "<th scope=\"col\">State hash</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < t->nr_series; i++) {
		const struct store_run *run = t->series[i].run;

		if (t->series[i].recorded)
			continue;
		strbuf_puts(out, "<tr><th scope=\"row\">");
		html_text(out, run->outcome.policy);
		strbuf_puts(out, "</th><td>");
		put_parameters(out, *run->outcome.params ? run->outcome.params : "none");
		strbuf_printf(out, "</td><td>%s</td><td>", run->scenarios ? "all" : "central only");
		html_text(out, *run->outcome.assumption ? run->outcome.assumption : "none");
		strbuf_printf(out, "</td><td><code>%016llx</code></td></tr>\n",
			      (unsigned long long)run->outcome.state_hash);
	}
	strbuf_puts(out, "</tbody></table>");
	html_wide_end(out);
}

void html_provenance(const struct table *t, struct strbuf *out)
{
	strbuf_puts(out, "<h3>Where this comes from</h3>\n");
	put_commands(t, out);
	put_settings(t, out);
	strbuf_puts(out, "<p class=\"soft\">Capture <code>");
	html_text(out, t->capture->id);
	strbuf_puts(out, "</code> (fingerprint of trace and starting state). The replay draws no "
			 "random numbers: there is no seed, and the same command gives the same "
			 "state hash everywhere.</p>\n");
}
