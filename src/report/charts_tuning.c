// SPDX-License-Identifier: GPL-2.0-only
/*
 * Huge pages by vm.extfrag_threshold, as `zonereplay tune` found them: all 1001 values, the
 * stretches in which none differs from its neighbours (dead zones), where the recorded machine
 * stood and what is recommended.
 */
#include <stdlib.h>
#include <string.h>

#include "report/build.h"
#include "report/svg.h"

struct curve_words {
	size_t dead, unresolved;
	int32_t alive; /* values in no dead zone */
};

static struct curve_words count(const struct tune_curve *c)
{
	struct curve_words w = {0};

	for (size_t i = 0; i < c->nr; i++) {
		const struct tune_row *row = &c->rows[i];

		w.dead += row->to > row->from;
		w.alive += row->to == row->from;
		w.unresolved += !row->resolved;
	}
	return w;
}

static void caption(const struct store_tuning *t, struct strbuf *out)
{
	struct curve_words w = count(&t->curve);

	strbuf_printf(out, "%zu setting%s among 1001 values", t->curve.nr,
		      t->curve.nr == 1 ? "" : "s");
	if (w.dead)
		strbuf_printf(out,
			      ": within a dead zone (%zu of them, the marks below the axis) it "
			      "makes no difference what is set",
			      w.dead);
	strbuf_puts(out, ". Shaded: range over the scenarios.");
	if (w.unresolved)
		strbuf_printf(out, " %zu not resolved: figures of a neighbour.", w.unresolved);
	if (*t->verdict)
		strbuf_printf(out, " %s", t->verdict);
}

static void points_and_spans(const struct tune_curve *c, struct svg_point *points,
			     struct svg_span *spans, size_t *nr_spans)
{
	for (size_t i = 0; i < c->nr; i++) {
		const struct tune_row *row = &c->rows[i];

		points[i] = (struct svg_point){.x = row->from,
					       .y = (double)row->outcome.huge_got,
					       .low = (double)row->outcome.huge_success.low,
					       .high = (double)row->outcome.huge_success.high};
		if (row->to > row->from)
			spans[(*nr_spans)++] = (struct svg_span){row->from, row->to + 1};
	}
}

static size_t put_rules(const struct store_tuning *t, struct svg_rule *rules)
{
	size_t n = 0;

	if (t->curve.recorded_threshold >= 0)
		rules[n++] = (struct svg_rule){(double)t->curve.recorded_threshold, "recorded"};
	if (t->recommended >= 0 && t->recommended != t->curve.recorded_threshold)
		rules[n++] = (struct svg_rule){t->recommended, "recommended"};
	return n;
}

static void one_chart(const struct store_tuning *t, struct strbuf *out)
{
	const struct tune_curve *c = &t->curve;
	struct svg_point *points = calloc(c->nr + 1, sizeof(*points));
	struct svg_span *spans = calloc(c->nr + 1, sizeof(*spans));
	struct svg_rule rules[2];
	struct svg_curve curve = {
		.name = "huge pages obtained", .points = points, .nr_points = c->nr, .steps = true};
	struct svg_chart chart = {.x_label = "vm.extfrag_threshold",
				  .y_label = "huge pages obtained",
				  .x_max = TUNE_MAX_THRESHOLD,
				  .curves = &curve,
				  .nr_curves = 1,
				  .spans = spans,
				  .rules = rules};
	struct strbuf title, words;

	if (!points || !spans)
		abort(); /* as strbuf does */
	points_and_spans(c, points, spans, &chart.nr_spans);
	chart.nr_rules = put_rules(t, rules);
	strbuf_init(&title);
	strbuf_init(&words);
	strbuf_printf(&title, "Huge pages obtained by vm.extfrag_threshold, policy %s", c->policy);
	chart.title = title.s;
	caption(t, &words);
	figure_put(&chart, words.s, out);
	strbuf_release(&title);
	strbuf_release(&words);
	free(points);
	free(spans);
}

void tuning_charts(const struct table *t, struct strbuf *out)
{
	for (size_t i = 0; i < t->nr_tunings; i++)
		if (t->tunings[i]->curve.nr)
			one_chart(t->tunings[i], out);
}
