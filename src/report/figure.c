// SPDX-License-Identifier: GPL-2.0-only
/* A chart with its caption, and its figures as a table for those who do not see it. */
#include <math.h>

#include "report/build.h"
#include "report/svg.h"

#define TABLE_ROWS 12

/* ---- the same as a table ---- */

static void table_head(struct strbuf *out, const char *label)
{
	strbuf_puts(out, "<th scope=\"col\">");
	html_text(out, label);
	strbuf_puts(out, "</th>");
}

static void table_value(struct strbuf *out, double value)
{
	if (isnan(value))
		strbuf_puts(out, "<td>\xe2\x80\x93</td>");
	else
		strbuf_printf(out, "<td>%.6g</td>", value);
}

/* A row per dot. */
static void dots_table(const struct svg_chart *chart, struct strbuf *out)
{
	strbuf_puts(out, "<thead><tr>");
	table_head(out, "Policy");
	table_head(out, chart->x_label);
	table_head(out, chart->y_label);
	table_head(out, "range");
	strbuf_puts(out, "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < chart->nr_curves; i++) {
		const struct svg_point *p = chart->curves[i].points;

		strbuf_puts(out, "<tr><th scope=\"row\">");
		html_text(out, chart->curves[i].name);
		strbuf_puts(out, "</th>");
		table_value(out, p->x);
		table_value(out, p->y);
		strbuf_printf(out, "<td>%.6g..%.6g</td></tr>\n", p->low, p->high);
	}
}

/* The last value of @curve that is not after @x. */
static double value_at(const struct svg_curve *curve, double x)
{
	double y = NAN;

	for (size_t i = 0; i < curve->nr_points && curve->points[i].x <= x; i++)
		y = curve->points[i].y;
	return y;
}

/* A row per place on the x axis, as many as people read. */
static void lines_table(const struct svg_chart *chart, struct strbuf *out)
{
	const struct svg_curve *first = &chart->curves[0];
	size_t step = first->nr_points / TABLE_ROWS + 1;

	strbuf_puts(out, "<thead><tr>");
	table_head(out, chart->x_label);
	for (size_t i = 0; i < chart->nr_curves; i++)
		table_head(out, chart->curves[i].name);
	strbuf_puts(out, "</tr></thead>\n<tbody>\n");
	for (size_t k = 0; k < first->nr_points; k += step) {
		strbuf_printf(out, "<tr><th scope=\"row\">%.6g</th>", first->points[k].x);
		for (size_t i = 0; i < chart->nr_curves; i++)
			table_value(out, value_at(&chart->curves[i], first->points[k].x));
		strbuf_puts(out, "</tr>\n");
	}
}

/* A row per stretch with one value. */
static void steps_table(const struct svg_chart *chart, struct strbuf *out)
{
	const struct svg_curve *curve = &chart->curves[0];

	strbuf_puts(out, "<thead><tr>");
	table_head(out, chart->x_label);
	table_head(out, chart->y_label);
	table_head(out, "range");
	strbuf_puts(out, "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < curve->nr_points; i++) {
		const struct svg_point *p = &curve->points[i];
		double last = i + 1 < curve->nr_points ? p[1].x - 1 : chart->x_max;

		if (last > p->x)
			strbuf_printf(out, "<tr><th scope=\"row\">%.0f to %.0f</th>", p->x, last);
		else
			strbuf_printf(out, "<tr><th scope=\"row\">%.0f</th>", p->x);
		table_value(out, p->y);
		strbuf_printf(out, "<td>%.6g..%.6g</td></tr>\n", p->low, p->high);
	}
}

static void chart_table(const struct svg_chart *chart, struct strbuf *out)
{
	strbuf_puts(out, "<details class=\"figures\"><summary>As a table</summary>"
			 "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"");
	html_text(out, chart->title);
	strbuf_puts(out, "\"><table>");
	if (chart->curves[0].dots)
		dots_table(chart, out);
	else if (chart->curves[0].steps)
		steps_table(chart, out);
	else
		lines_table(chart, out);
	strbuf_puts(out, "</tbody></table></div></details>\n");
}

void figure_put(const struct svg_chart *chart, const char *caption, struct strbuf *out)
{
	strbuf_puts(out, "<figure>\n<figcaption><strong>");
	html_text(out, chart->title);
	strbuf_puts(out, ".</strong> ");
	html_text(out, caption);
	strbuf_puts(out, "</figcaption>\n");
	strbuf_puts(out, "<div class=\"plot\">");
	svg_draw(chart, out);
	strbuf_puts(out, "</div>\n");
	chart_table(chart, out);
	strbuf_puts(out, "</figure>\n");
}
