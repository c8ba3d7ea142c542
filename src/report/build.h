/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside the report: the steps that make a table of its series, and what printers share. */
#ifndef ZR_REPORT_BUILD_H
#define ZR_REPORT_BUILD_H

#include "report/grid.h"
#include "report/report.h"

/* Lines and cells of a table whose series are known. */
int table_fill(struct table *t);
void table_notes(struct table *t, double floor);

static inline const struct cell *table_cell(const struct table *t, size_t line, size_t series)
{
	return &t->cells[line * t->nr_series + series];
}

/* The change from @base to @value in percent, + is better; false where that has no meaning. */
bool change_percent(enum better better, double base, double value, double *percent);

/* What the table says, in a sentence or two. */
void table_words(const struct table *t, struct strbuf *out);
/* The curves that `tune` found for the table's capture: charts_tuning.c. */
void tuning_charts(const struct table *t, struct strbuf *out);
/* Charts for the page; runs need their samples. */
void charts_draw(const struct table *t, struct strbuf *out);

/* A figure as people read it, without marks. */
void figure_number(struct strbuf *sb, enum line_unit unit, double value);
/* Lines that say nothing are left out: no figure, or zero under every policy. */
bool line_shown(const struct table *t, size_t line);
/* The table as people read it. */
void table_grid(const struct table *t, struct grid *g);

#endif
