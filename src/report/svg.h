/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside the report: charts as SVG, drawn by us so that a page needs no script and no network. */
#ifndef ZR_REPORT_SVG_H
#define ZR_REPORT_SVG_H

#include "base/base.h"
#include "report/escape.h"

#define SVG_STYLES 8 /* classes s0 to s7 of reports/style.css */

struct svg_point {
	double x, y;
	double low, high; /* of y; equal to y where there is no range */
};

struct svg_curve {
	const char *name;
	const struct svg_point *points;
	size_t nr_points;
	bool dots;  /* points by themselves, with their names beside them; else a line */
	bool steps; /* each value holds up to the next point, and its range is shaded */
};

/* A part of the x axis that belongs together: shaded, every other one. */
struct svg_span {
	double from, to;
};

/* A place on the x axis with a name. */
struct svg_rule {
	double x;
	const char *name;
};

struct svg_chart {
	const char *title; /* for screen readers */
	const char *x_label, *y_label;
	double x_max, y_max; /* 0: what the data need */
	const struct svg_curve *curves;
	size_t nr_curves;
	const struct svg_span *spans;
	size_t nr_spans;
	const struct svg_rule *rules;
	size_t nr_rules;
};

void svg_draw(const struct svg_chart *chart, struct strbuf *out);
/* With title, caption and a table of its figures: figure.c. */
void figure_put(const struct svg_chart *chart, const char *caption, struct strbuf *out);

#endif
