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
	bool dots; /* points by themselves, with their names beside them; else a line */
};

struct svg_chart {
	const char *title; /* for screen readers */
	const char *x_label, *y_label;
	double x_max, y_max; /* 0: what the data need */
	const struct svg_curve *curves;
	size_t nr_curves;
};

void svg_draw(const struct svg_chart *chart, struct strbuf *out);

#endif
