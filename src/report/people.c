// SPDX-License-Identifier: GPL-2.0-only
/* A table as people read it, in the manner of mmtests: a line per figure, a column per policy. */
#include "report/build.h"

#include <math.h>
#include <string.h>

#define NO_MARK " "
#define NO_CHANGE "           " /* as wide as " (+100.00%)" */

void figure_number(struct strbuf *sb, enum line_unit unit, double value)
{
	switch (unit) {
	case LINE_COUNT:
		strbuf_printf(sb, "%.0f", value);
		return;
	case LINE_NS:
		strbuf_printf(sb, "%.2f", value / 1e6);
		return;
	case LINE_PERCENT:
	case LINE_RATIO:
		strbuf_printf(sb, "%.2f", value);
		return;
	}
}

static void add_change(struct strbuf *sb, const struct cell *cell)
{
	if (!cell->compared)
		strbuf_puts(sb, NO_CHANGE);
	else if (fabs(cell->change) >= 999999.5)
		strbuf_printf(sb, " (%+7.0e%%)", cell->change);
	else if (fabs(cell->change) >= 999.995)
		strbuf_printf(sb, " (%+7.0f%%)", cell->change);
	else
		strbuf_printf(sb, " (%+7.2f%%)", cell->change);
}

static void cell_words(const struct table *t, size_t line, size_t series, struct strbuf *sb)
{
	const struct cell *cell = table_cell(t, line, series);
	enum line_unit unit = t->lines[line].unit;

	if (!cell->present) {
		strbuf_puts(sb, "-" NO_MARK NO_CHANGE);
		return;
	}
	figure_number(sb, unit, cell->value);
	strbuf_puts(sb, cell->approximate ? "~" : NO_MARK);
	strbuf_puts(sb, t->suspect && !t->series[series].recorded ? "!" : "");
	add_change(sb, cell);
}

/* Ranges have a row of their own: beside the values they would make columns too wide to compare. */
static bool has_range(const struct table *t, size_t line)
{
	for (size_t i = 0; i < t->nr_series; i++)
		if (table_cell(t, line, i)->low != table_cell(t, line, i)->high)
			return true;
	return false;
}

static void range_words(const struct table *t, size_t line, size_t series, struct strbuf *sb)
{
	const struct cell *cell = table_cell(t, line, series);

	if (!cell->present || cell->low == cell->high)
		return;
	strbuf_puts(sb, "[");
	figure_number(sb, t->lines[line].unit, cell->low);
	strbuf_puts(sb, "..");
	figure_number(sb, t->lines[line].unit, cell->high);
	strbuf_puts(sb, "]" NO_MARK NO_CHANGE);
}

static void
put_row(const struct table *t, struct grid *g, size_t row, const char *label, size_t line,
	void (*words)(const struct table *t, size_t line, size_t series, struct strbuf *sb))
{
	struct strbuf sb;

	strbuf_init(&sb);
	grid_set(g, row, 0, "%s", label);
	for (size_t i = 0; i < t->nr_series; i++) {
		strbuf_clear(&sb);
		words(t, line, i, &sb);
		grid_set(g, row, i + 1, "%s", sb.s);
	}
	strbuf_release(&sb);
}

bool line_shown(const struct table *t, size_t line)
{
	if (!t->lines[line].for_people)
		return false;
	for (size_t i = 0; i < t->nr_series; i++) {
		const struct cell *cell = table_cell(t, line, i);

		if (cell->present && (cell->value != 0 || cell->high != 0))
			return true;
	}
	return false;
}

/* The settings that tell a series from others, one to a header row. */
static size_t settings_rows(const struct table *t)
{
	size_t max = 0;

	for (size_t i = 0; i < t->nr_series; i++) {
		size_t n = *t->series[i].settings != '\0';

		for (const char *s = t->series[i].settings; *s; s++)
			n += *s == ',';
		if (n > max)
			max = n;
	}
	return max;
}

static void header_words(const struct table *t, struct grid *g)
{
	for (size_t i = 0; i < t->nr_series; i++) {
		const char *s = t->series[i].settings;

		grid_set(g, 0, i + 1, "%s" NO_MARK NO_CHANGE, t->series[i].name);
		for (size_t row = 1; *s; row++) {
			size_t len = strcspn(s, ",");

			grid_set(g, row, i + 1, "%.*s" NO_MARK NO_CHANGE, (int)len, s);
			s += len + (s[len] == ',');
		}
	}
}

void table_grid(const struct table *t, struct grid *g)
{
	size_t header = 1 + settings_rows(t);
	size_t row = header;

	for (size_t line = 0; line < t->nr_lines; line++)
		if (line_shown(t, line))
			row += 1 + has_range(t, line);
	grid_init(g, t->nr_series + 1, row);
	g->header_rows = header;
	g->keep = t->nr_series > 1 ? 2 : 1;
	header_words(t, g);
	row = header;
	for (size_t line = 0; line < t->nr_lines; line++) {
		if (!line_shown(t, line))
			continue;
		put_row(t, g, row++, t->lines[line].label, line, cell_words);
		if (has_range(t, line))
			put_row(t, g, row++, "  range", line, range_words);
	}
}
