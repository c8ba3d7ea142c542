// SPDX-License-Identifier: GPL-2.0-only
#include "report/svg.h"

#include <math.h>
#include <string.h>

#define WIDTH 640
#define HEIGHT 300
#define LEFT 64
#define RIGHT 16
#define TOP 24
#define BOTTOM 40
#define LEGEND_LINE 16
#define NR_TICKS 5
#define MAX_LABELS 64
#define LABEL_WIDTH 150
#define LABEL_HEIGHT 13

/* The rectangle between the axes, and the scales. */
struct plot {
	double left, right, top, bottom;
	double x_max, y_max;
};

/* 1, 2 or 5 times a power of ten that divides @max into about NR_TICKS. */
static double tick_step(double max)
{
	double raw = max / NR_TICKS;
	double power = pow(10, floor(log10(raw)));
	double share = raw / power;

	return power * (share <= 1 ? 1 : share <= 2 ? 2 : share <= 5 ? 5 : 10);
}

static double place_x(const struct plot *p, double x)
{
	return p->left + x / p->x_max * (p->right - p->left);
}

static double place_y(const struct plot *p, double y)
{
	return p->bottom - y / p->y_max * (p->bottom - p->top);
}

static void fit(const struct svg_chart *c, struct plot *p)
{
	p->x_max = c->x_max;
	p->y_max = c->y_max;
	for (size_t i = 0; i < c->nr_curves; i++)
		for (size_t k = 0; k < c->curves[i].nr_points; k++) {
			const struct svg_point *point = &c->curves[i].points[k];

			if (c->x_max <= 0)
				p->x_max = fmax(p->x_max, point->x);
			if (c->y_max <= 0)
				p->y_max = fmax(p->y_max, point->high);
		}
	if (!(p->x_max > 0))
		p->x_max = 1;
	if (!(p->y_max > 0))
		p->y_max = 1;
	/* A little air, so that nothing lies on the frame. */
	if (c->x_max <= 0)
		p->x_max *= 1.05;
	if (c->y_max <= 0)
		p->y_max *= 1.05;
}

/* ---- axes ---- */

static void number(struct strbuf *out, double v)
{
	if (v >= 1e6)
		strbuf_printf(out, "%.3gM", v / 1e6);
	else if (v >= 1e4)
		strbuf_printf(out, "%.3gk", v / 1e3);
	else
		strbuf_printf(out, "%.4g", v);
}

static void y_axis(const struct plot *p, struct strbuf *out)
{
	double step = tick_step(p->y_max);

	for (double v = 0; v <= p->y_max * 1.0001; v += step) {
		double y = place_y(p, v);

		strbuf_printf(
			out,
			"<line class=\"grid\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" y2=\"%.1f\"/>",
			p->left, p->right, y, y);
		strbuf_printf(out, "<text x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">", p->left - 6,
			      y + 4);
		number(out, v);
		strbuf_puts(out, "</text>");
	}
}

static void x_axis(const struct plot *p, struct strbuf *out)
{
	double step = tick_step(p->x_max);

	strbuf_printf(out, "<line class=\"axis\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.0f\" y2=\"%.0f\"/>",
		      p->left, p->right, p->bottom, p->bottom);
	for (double v = 0; v <= p->x_max * 1.0001; v += step) {
		strbuf_printf(out, "<text x=\"%.1f\" y=\"%.0f\" text-anchor=\"middle\">",
			      place_x(p, v), p->bottom + 20);
		number(out, v);
		strbuf_puts(out, "</text>");
	}
}

static void axis_labels(const struct svg_chart *c, const struct plot *p, struct strbuf *out)
{
	strbuf_printf(out, "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"end\">", p->right,
		      p->bottom + 36);
	html_text(out, c->x_label);
	strbuf_printf(out, "</text><text x=\"4\" y=\"14\">");
	html_text(out, c->y_label);
	strbuf_puts(out, "</text>\n");
}

/* ---- data ---- */

static void draw_range(const struct plot *p, const struct svg_point *point, size_t style,
		       struct strbuf *out)
{
	if (point->low == point->high)
		return;
	strbuf_printf(out, "<line class=\"s%zu\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>",
		      style, place_x(p, point->x), place_x(p, point->x), place_y(p, point->low),
		      place_y(p, point->high));
}

/* Names of dots that lie together are written below one another. */
struct labels {
	struct {
		double x, y;
	} taken[MAX_LABELS];
	size_t nr;
};

static double free_place(struct labels *labels, double x, double y)
{
	for (size_t i = 0; i < labels->nr; i++)
		if (fabs(labels->taken[i].x - x) < LABEL_WIDTH &&
		    fabs(labels->taken[i].y - y) < LABEL_HEIGHT) {
			y = labels->taken[i].y + LABEL_HEIGHT;
			i = (size_t)-1; /* look again from the first */
		}
	if (labels->nr < MAX_LABELS) {
		labels->taken[labels->nr].x = x;
		labels->taken[labels->nr++].y = y;
	}
	return y;
}

static void draw_dots(const struct plot *p, const struct svg_curve *curve, size_t style,
		      struct labels *labels, struct strbuf *out)
{
	for (size_t i = 0; i < curve->nr_points; i++) {
		const struct svg_point *point = &curve->points[i];
		double x = place_x(p, point->x), y = place_y(p, point->y);
		bool right = x < (p->left + p->right) / 2;

		draw_range(p, point, style, out);
		strbuf_printf(out, "<circle class=\"s%zu\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\"/>",
			      style, x, y);
		strbuf_printf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">",
			      right ? x + 9 : x - 9, free_place(labels, x, y + 4),
			      right ? "start" : "end");
		html_text(out, curve->name);
		strbuf_puts(out, "</text>\n");
	}
}

/* ---- steps, spans and rules ---- */

static double next_x(const struct plot *p, const struct svg_curve *curve, size_t i)
{
	return i + 1 < curve->nr_points ? curve->points[i + 1].x : p->x_max;
}

static void draw_steps(const struct plot *p, const struct svg_curve *curve, size_t style,
		       struct strbuf *out)
{
	strbuf_puts(out, "<path class=\"band\" d=\"");
	for (size_t i = 0; i < curve->nr_points; i++) {
		const struct svg_point *point = &curve->points[i];
		double right = place_x(p, next_x(p, curve, i)), top = place_y(p, point->high);

		if (point->low != point->high)
			strbuf_printf(out, "M%.1f %.1fH%.1fV%.1fH%.1fZ", place_x(p, point->x), top,
				      right, place_y(p, point->low), place_x(p, point->x));
	}
	strbuf_printf(out, "\"/>\n<path class=\"curve s%zu\" d=\"", style);
	for (size_t i = 0; i < curve->nr_points; i++)
		strbuf_printf(out, "%c%.1f %.1fH%.1f", i ? 'L' : 'M',
			      place_x(p, curve->points[i].x), place_y(p, curve->points[i].y),
			      place_x(p, next_x(p, curve, i)));
	strbuf_puts(out, "\"/>\n");
}

static void draw_spans(const struct svg_chart *c, const struct plot *p, struct strbuf *out)
{
	for (size_t i = 0; i < c->nr_spans; i++)
		strbuf_printf(
			out,
			"<rect class=\"span\" x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" "
			"height=\"6\"/>",
			place_x(p, c->spans[i].from), p->bottom + 1,
			fmax(1, place_x(p, c->spans[i].to) - place_x(p, c->spans[i].from) - 1));
	strbuf_puts(out, c->nr_spans ? "\n" : "");
}

static void draw_rules(const struct svg_chart *c, const struct plot *p, struct strbuf *out)
{
	for (size_t i = 0; i < c->nr_rules; i++) {
		double x = place_x(p, c->rules[i].x);
		bool right = x < (p->left + p->right) / 2;

		strbuf_printf(out,
			      "<line class=\"rule\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.0f\" "
			      "y2=\"%.0f\"/><text x=\"%.1f\" y=\"%.0f\" text-anchor=\"%s\">",
			      x, x, p->top, p->bottom, right ? x + 4 : x - 4,
			      p->top + 12 + (double)i * LABEL_HEIGHT, right ? "start" : "end");
		html_text(out, c->rules[i].name);
		strbuf_puts(out, "</text>\n");
	}
}

/* A point without a value (NAN) breaks the line. */
static void draw_line(const struct plot *p, const struct svg_curve *curve, size_t style,
		      struct strbuf *out)
{
	bool open = false;

	strbuf_printf(out, "<path class=\"curve s%zu\" d=\"", style);
	for (size_t i = 0; i < curve->nr_points; i++) {
		const struct svg_point *point = &curve->points[i];

		if (isnan(point->y)) {
			open = false;
			continue;
		}
		strbuf_printf(out, "%c%.1f %.1f", open ? 'L' : 'M', place_x(p, point->x),
			      place_y(p, point->y));
		open = true;
	}
	strbuf_puts(out, "\"/>\n");
}

static void legend(const struct svg_chart *c, struct strbuf *out)
{
	double y = HEIGHT + 12;

	for (size_t i = 0; i < c->nr_curves; i++) {
		double x = LEFT + (double)(i % 3) * 190;

		if (c->curves[i].dots || c->nr_curves == 1)
			continue;
		strbuf_printf(out,
			      "<line class=\"curve s%zu\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.0f\" "
			      "y2=\"%.0f\"/><text x=\"%.0f\" y=\"%.0f\">",
			      i % SVG_STYLES, x, x + 28, y - 4, y - 4, x + 34, y);
		html_text(out, c->curves[i].name);
		strbuf_puts(out, "</text>\n");
		if (i % 3 == 2)
			y += LEGEND_LINE;
	}
}

static size_t legend_lines(const struct svg_chart *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->nr_curves && c->nr_curves > 1; i++)
		n += !c->curves[i].dots;
	return (n + 2) / 3;
}

void svg_draw(const struct svg_chart *c, struct strbuf *out)
{
	struct labels labels = {.nr = 0};
	struct plot p = {
		.left = LEFT, .right = WIDTH - RIGHT, .top = TOP, .bottom = HEIGHT - BOTTOM};

	fit(c, &p);
	strbuf_printf(out, "<svg viewBox=\"0 0 %d %zu\" role=\"img\" aria-label=\"", WIDTH,
		      HEIGHT + legend_lines(c) * LEGEND_LINE);
	html_text(out, c->title);
	strbuf_puts(out, "\"><title>");
	html_text(out, c->title);
	strbuf_puts(out, "</title>\n");
	y_axis(&p, out);
	x_axis(&p, out);
	axis_labels(c, &p, out);
	draw_spans(c, &p, out);
	for (size_t i = 0; i < c->nr_curves; i++) {
		if (c->curves[i].dots)
			draw_dots(&p, &c->curves[i], i % SVG_STYLES, &labels, out);
		else if (c->curves[i].steps)
			draw_steps(&p, &c->curves[i], i % SVG_STYLES, out);
		else
			draw_line(&p, &c->curves[i], i % SVG_STYLES, out);
	}
	draw_rules(c, &p, out);
	legend(c, out);
	strbuf_puts(out, "</svg>\n");
}
