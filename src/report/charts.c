// SPDX-License-Identifier: GPL-2.0-only
/* The charts of one table: success against reclaim, the threshold's curve, the indices over time.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/build.h"
#include "report/svg.h"

#define MAX_CURVES 16
#define THRESHOLD_PARAM "extfrag_threshold="

static char *series_name(const struct series *s)
{
	struct strbuf sb;

	strbuf_init(&sb);
	strbuf_printf(&sb, "%s%s%s", s->name, *s->settings ? " " : "", s->settings);
	return strbuf_detach(&sb);
}

/* ---- success against reclaim ---- */

static void success_chart(const struct table *t, char *const *names, struct strbuf *out)
{
	struct svg_curve *curves = calloc(t->nr_series, sizeof(*curves));
	struct svg_point *points = calloc(t->nr_series, sizeof(*points));
	struct svg_chart chart = {.title = "Huge pages obtained against pages reclaimed",
				  .x_label = "pages reclaimed",
				  .y_label = "huge pages obtained",
				  .curves = curves,
				  .nr_curves = t->nr_series};

	for (size_t i = 0; curves && points && i < t->nr_series; i++) {
		const struct outcome *o = &t->series[i].run->outcome;

		points[i] = (struct svg_point){.x = (double)o->pages_reclaimed.central,
					       .y = (double)o->huge_got,
					       .low = (double)o->huge_success.low,
					       .high = (double)o->huge_success.high};
		curves[i] = (struct svg_curve){
			.name = names[i], .points = &points[i], .nr_points = 1, .dots = true};
	}
	if (curves && points)
		figure_put(
			&chart,
			"Up and to the left is better. Bars: range over the scenarios. Reclaim rests on "
			"an approximate LRU.",
			out);
	free(curves);
	free(points);
}

/* ---- the threshold's curve ---- */

static bool threshold_of(const struct series *s, double *value)
{
	const char *found = strstr(s->run->outcome.params, THRESHOLD_PARAM);

	if (strcmp(s->name, "threshold") || !found)
		return false;
	*value = strtod(found + strlen(THRESHOLD_PARAM), NULL);
	return true;
}

static int by_x(const void *a, const void *b)
{
	double x = ((const struct svg_point *)a)->x, y = ((const struct svg_point *)b)->x;

	return (x > y) - (x < y);
}

static void threshold_chart(const struct table *t, struct strbuf *out)
{
	struct svg_point *points = calloc(t->nr_series, sizeof(*points));
	struct svg_curve curve = {.name = "huge pages obtained", .points = points};
	struct svg_chart chart = {.title = "Huge pages obtained by extfrag_threshold",
				  .x_label = "extfrag_threshold",
				  .y_label = "huge pages obtained",
				  .x_max = 1000,
				  .curves = &curve,
				  .nr_curves = 1};

	for (size_t i = 0; points && i < t->nr_series; i++) {
		const struct outcome *o = &t->series[i].run->outcome;
		double x;

		if (threshold_of(&t->series[i], &x))
			points[curve.nr_points++] = (struct svg_point){
				x, (double)o->huge_got, (double)o->huge_got, (double)o->huge_got};
	}
	if (curve.nr_points > 2 && !t->nr_tunings) {
		qsort(points, curve.nr_points, sizeof(*points), by_x);
		figure_put(&chart, "Only the settings that were replayed.", out);
	}
	free(points);
}

/* ---- indices over time ---- */

/* Which index: its place in a sample, and what to say about it. */
struct index_kind {
	size_t field;
	const char *what, *caption;
};

static const struct index_kind index_kinds[] = {
	{offsetof(struct index_sample, unusable), "Unusable free space",
	 "The share of free memory that is in blocks too small for a huge page: 100 % is the worst."},
	{offsetof(struct index_sample, fragindex), "Fragmentation index",
	 "Why a request would fail: near 100 % for fragmentation, near 0 % for lack of memory; no line "
	 "where it would not fail."},
};

static size_t fill_points(const struct outcome *o, uint32_t zone, size_t field, uint32_t order,
			  struct svg_point *points)
{
	size_t n = 0;

	for (size_t i = 0; i < o->nr_samples; i++) {
		const struct index_sample *s = &o->samples[i];
		const int16_t *values = (const int16_t *)((const char *)s + field);
		double y = values[order] < 0 ? NAN : values[order] / 10.0;

		if (s->zone == zone)
			points[n++] = (struct svg_point){(double)s->time / 1e9, y, y, y};
	}
	return n;
}

static bool any_value(const struct svg_curve *curves, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		for (size_t k = 0; k < curves[i].nr_points; k++)
			if (!isnan(curves[i].points[k].y))
				return true;
	return false;
}

static uint32_t huge_order(const struct table *t)
{
	uint32_t order = t->series[0].run->outcome.pageblock_order;

	return order < OUTCOME_NR_ORDERS ? order : OUTCOME_NR_ORDERS - 1;
}

static size_t most_samples(const struct table *t)
{
	size_t max = 0;

	for (size_t i = 0; i < t->nr_series; i++)
		if (t->series[i].run->outcome.nr_samples > max)
			max = t->series[i].run->outcome.nr_samples;
	return max;
}

/* One curve per policy. */
static size_t index_curves(const struct table *t, char *const *names, uint32_t zone, size_t field,
			   struct svg_curve *curves, struct svg_point *points)
{
	size_t nr = 0;

	for (size_t i = 0; i < t->nr_series && nr < MAX_CURVES; i++) {
		struct svg_curve *curve = &curves[nr];

		*curve = (struct svg_curve){.name = names[i], .points = points};
		curve->nr_points =
			fill_points(&t->series[i].run->outcome, zone, field, huge_order(t), points);
		points += curve->nr_points;
		nr += curve->nr_points > 0;
	}
	return nr;
}

static void index_chart(const struct table *t, char *const *names, const struct outcome_zone *zone,
			uint32_t number, const struct index_kind *kind, struct strbuf *out)
{
	struct svg_point *points = calloc(MAX_CURVES * (most_samples(t) + 1), sizeof(*points));
	struct svg_curve curves[MAX_CURVES];
	struct svg_chart chart = {
		.x_label = "seconds", .y_label = "%", .y_max = 100, .curves = curves};
	char title[128];

	if (!points)
		return;
	chart.nr_curves = index_curves(t, names, number, kind->field, curves, points);
	snprintf(title, sizeof(title), "%s, order %u, zone %s, node %d", kind->what, huge_order(t),
		 zone->name, zone->node);
	chart.title = title;
	if (any_value(curves, chart.nr_curves))
		figure_put(&chart, kind->caption, out);
	free(points);
}

static void index_charts(const struct table *t, char *const *names, struct strbuf *out)
{
	const struct outcome *o = NULL;

	for (size_t i = 0; i < t->nr_series && !o; i++)
		if (t->series[i].run->outcome.nr_zones)
			o = &t->series[i].run->outcome;
	for (uint32_t zone = 0; o && zone < o->nr_zones; zone++)
		for (size_t kind = 0; kind < ARRAY_SIZE(index_kinds); kind++)
			index_chart(t, names, &o->zones[zone], zone, &index_kinds[kind], out);
}

/* ---- probes ---- */

static size_t count_probes(const struct table *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->nr_series; i++)
		n += t->series[i].run->outcome.nr_probes;
	return n;
}

static void probe_chart(const struct table *t, char *const *names, struct strbuf *out)
{
	struct svg_point *points = calloc(count_probes(t) + 1, sizeof(*points)), *next = points;
	struct svg_curve curves[MAX_CURVES];
	struct svg_chart chart = {.title = "Huge pages that could be had with compaction",
				  .x_label = "seconds",
				  .y_label = "huge pages",
				  .curves = curves};

	for (size_t i = 0; points && i < t->nr_series && chart.nr_curves < MAX_CURVES; i++) {
		const struct outcome *o = &t->series[i].run->outcome;

		if (!o->nr_probes)
			continue;
		curves[chart.nr_curves++] = (struct svg_curve){
			.name = names[i], .points = next, .nr_points = o->nr_probes};
		for (size_t k = 0; k < o->nr_probes; k++) {
			double y = o->probes[k].compaction;

			*next++ = (struct svg_point){(double)o->probes[k].time / 1e9, y, y, y};
		}
	}
	if (chart.nr_curves)
		figure_put(&chart, "Asked of a clone of the machine, which is then thrown away.",
			   out);
	free(points);
}

void charts_draw(const struct table *t, struct strbuf *out)
{
	char **names = calloc(t->nr_series, sizeof(*names));

	if (!names)
		return;
	for (size_t i = 0; i < t->nr_series; i++)
		names[i] = series_name(&t->series[i]);
	if (t->series[0].run->outcome.huge_wanted) {
		success_chart(t, names, out);
		threshold_chart(t, out);
		tuning_charts(t, out);
	}
	probe_chart(t, names, out);
	index_charts(t, names, out);
	for (size_t i = 0; i < t->nr_series; i++)
		free(names[i]);
	free(names);
}
