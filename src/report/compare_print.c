// SPDX-License-Identifier: GPL-2.0-only
/* A comparison in words and numbers. */
#include <math.h>
#include <string.h>

#include "report/compare.h"
#include "report/grid.h"

#define ALPHA 0.05

/* Did B do better? Figures differ in which direction is good. */
static bool is_better(const struct compare_line *l)
{
	return (l->paired.diff > 0) == (l->better == BETTER_MORE);
}

static bool is_significant(const struct compare_line *l)
{
	return l->paired.verdict == VERDICT_MORE || l->paired.verdict == VERDICT_LESS;
}

static bool ranges_meet(const struct compare_line *l)
{
	return l->ranged && l->range_a[0] <= l->range_b[1] && l->range_b[0] <= l->range_a[1];
}

static void verdict_words(const struct comparison *c, const struct compare_line *l,
			  struct strbuf *sb)
{
	const char *word = is_better(l) ? "better" : "worse";

	switch (l->paired.verdict) {
	case VERDICT_ONE:
		strbuf_puts(sb, l->paired.diff == 0 ? "no difference" : word);
		strbuf_puts(sb, " here");
		if (l->paired.diff != 0 && ranges_meet(l))
			strbuf_puts(sb, ", ranges overlap");
		return;
	case VERDICT_IDENTICAL:
		strbuf_puts(sb, "no difference (identical)");
		return;
	case VERDICT_MORE:
	case VERDICT_LESS:
		strbuf_puts(sb, word);
		return;
	case VERDICT_EQUAL:
		strbuf_printf(sb, "no difference (within %.4g %%)", c->margin);
		return;
	case VERDICT_OPEN:
		strbuf_puts(sb, "not decided");
		return;
	}
}

static void set_number(struct grid *g, size_t row, size_t column, enum line_unit unit, double value,
		       const char *mark)
{
	if (unit == LINE_NS)
		value /= 1e6;
	grid_set(g, row, column, value == floor(value) && unit == LINE_COUNT ? "%.0f%s" : "%.2f%s",
		 value, mark);
}

/* What stands between the brackets of "value [low..high]". */
static void set_range(struct grid *g, size_t row, size_t column, const struct compare_line *l,
		      const double *range)
{
	double scale = l->unit == LINE_NS ? 1e-6 : 1;

	grid_set(g, row, column, l->unit == LINE_COUNT ? "[%.0f..%.0f]" : "[%.2f..%.2f]",
		 range[0] * scale, range[1] * scale);
}

/*
 * Columns. One capture has ranges beside its values and no interval and no p; without scenarios its
 * ranges stay empty and take no room.
 */
struct layout {
	size_t a, range_a, b, range_b, change, interval, p, verdict;
};

static const struct layout many = {
	.a = 1, .b = 2, .change = 3, .interval = 4, .p = 5, .verdict = 6};
static const struct layout one = {
	.a = 1, .range_a = 2, .b = 3, .range_b = 4, .change = 5, .verdict = 6};

static const struct layout *layout_of(const struct comparison *c)
{
	return c->nr_captures > 1 ? &many : &one;
}

static void set_change(const struct comparison *c, const struct compare_line *l, struct grid *g,
		       size_t row)
{
	const struct layout *at = layout_of(c);

	if (l->relative)
		grid_set(g, row, at->change, "%+.2f%%%s", l->change, is_significant(l) ? "*" : " ");
	else
		grid_set(g, row, at->change, l->paired.diff == 0 ? "+0.00%% " : "from 0 ");
	if (at->interval && l->relative)
		grid_set(g, row, at->interval, "%+.2f..%+.2f%%", l->change_low, l->change_high);
	if (at->p)
		grid_set(g, row, at->p, "%.4f", l->paired.p);
}

static void set_line(const struct comparison *c, const struct compare_line *l, struct grid *g,
		     size_t row)
{
	const struct layout *at = layout_of(c);
	const char *mark = l->approximate ? "~" : " ";
	struct strbuf words;

	grid_set(g, row, 0, "%s", l->label);
	set_number(g, row, at->a, l->unit, l->paired.mean_a, mark);
	set_number(g, row, at->b, l->unit, l->paired.mean_b, mark);
	if (l->ranged) {
		set_range(g, row, at->range_a, l, l->range_a);
		set_range(g, row, at->range_b, l, l->range_b);
	}
	set_change(c, l, g, row);
	strbuf_init(&words);
	verdict_words(c, l, &words);
	grid_set(g, row, at->verdict, "%s", words.s);
	strbuf_release(&words);
}

/* Short names for the header: parameters only where the policies are the same. */
static void set_header(const struct comparison *c, struct grid *g)
{
	const struct layout *at = layout_of(c);
	size_t len_a = strcspn(c->name_a, ":"), len_b = strcspn(c->name_b, ":");
	bool same = len_a == len_b && !strncmp(c->name_a, c->name_b, len_a);

	grid_set(g, 0, at->a, "%.*s ", same ? 1 : (int)len_a, same ? "A" : c->name_a);
	grid_set(g, 0, at->b, "%.*s ", same ? 1 : (int)len_b, same ? "B" : c->name_b);
	grid_set(g, 0, at->change, "change ");
	if (at->interval)
		grid_set(g, 0, at->interval, "95 %% interval");
	if (at->p)
		grid_set(g, 0, at->p, "p");
	grid_set(g, 0, at->verdict, "verdict");
}

static bool any_range(const struct comparison *c)
{
	for (size_t i = 0; i < c->nr_lines; i++)
		if (c->lines[i].ranged)
			return true;
	return false;
}

/* ---- what stands above and below ---- */

static void list_lines(const struct comparison *c, bool better, const char *lead,
		       struct strbuf *out)
{
	const char *comma = lead;

	for (size_t i = 0; i < c->nr_lines; i++) {
		const struct compare_line *l = &c->lines[i];
		const char *label = l->label + strspn(l->label, " ");

		if (!is_significant(l) || is_better(l) != better)
			continue;
		strbuf_printf(out, "%s%s", comma, label);
		comma = ", ";
	}
}

static void summary(const struct comparison *c, struct strbuf *out)
{
	size_t same = 0, significant = 0;

	for (size_t i = 0; i < c->nr_lines; i++) {
		enum verdict v = c->lines[i].paired.verdict;

		same += v == VERDICT_IDENTICAL || v == VERDICT_EQUAL ||
			(v == VERDICT_ONE && c->lines[i].paired.diff == 0);
		significant += is_significant(&c->lines[i]);
	}
	strbuf_printf(out, "%s against %s, %zu capture%s.", c->name_b, c->name_a, c->nr_captures,
		      c->nr_captures == 1 ? "" : "s");
	if (same == c->nr_lines)
		strbuf_puts(out, " No difference in any figure.");
	else if (c->nr_captures == 1)
		strbuf_puts(out, " One capture says nothing about others.");
	else if (!significant)
		strbuf_puts(out, " No figure differs significantly.");
	list_lines(c, true, " Better: ", out);
	strbuf_puts(out, significant ? ";" : "");
	list_lines(c, false, " worse: ", out);
	if (significant)
		strbuf_puts(out, ".");
	strbuf_puts(out, "\n\n");
}

static bool any_approximate(const struct comparison *c)
{
	for (size_t i = 0; i < c->nr_lines; i++)
		if (c->lines[i].approximate)
			return true;
	return false;
}

/* What a difference between two predictions is worth. */
static void note_model_error(struct strbuf *out)
{
	strbuf_printf(
		out,
		"  Model error: %u changes of a setting on real kernels (traces/lab/exam-unseen): "
		"the predicted change of huge page success was off by %.1f points in the median, "
		"by %.1f at most.\n",
		exam_error.changes, exam_error.median, exam_error.most);
}

static void notes(const struct comparison *c, struct strbuf *out)
{
	double least = ldexp(2, -(int)c->nr_captures);

	strbuf_puts(out, "\n  Means over captures; changes in percent of the first column, + is "
			 "better.\n");
	if (c->nr_captures > 1)
		strbuf_printf(
			out,
			"  * p < 0.05: permutation test over captures, not corrected for the %zu "
			"lines; interval: bootstrap over captures, seed %llu.\n",
			c->nr_lines, (unsigned long long)c->seed);
	if (c->nr_captures > 1 && least >= ALPHA)
		strbuf_printf(out,
			      "  With %zu captures no test can give p < 0.05 (at best %.4g): 6 are "
			      "needed.\n",
			      c->nr_captures, least);
	if (c->nr_captures == 1)
		strbuf_puts(out, "  Windows of one replay are not independent, so there is no "
				 "interval and no test.\n");
	if (any_range(c))
		strbuf_puts(out, "  [low..high]: range over the scenarios, not a confidence "
				 "interval.\n");
	note_model_error(out);
	if (any_approximate(c))
		strbuf_puts(out, "  ~ approximate LRU: rests on the order of reclaim, which is "
				 "inferred from the trace.\n");
	if (c->unpaired)
		strbuf_printf(out,
			      "  %zu capture%s left out: replayed under one of the two only.\n",
			      c->unpaired, c->unpaired == 1 ? "" : "s");
	if (c->below_floor)
		strbuf_printf(out, "  ! %zu capture%s below the fidelity floor.\n", c->below_floor,
			      c->below_floor == 1 ? "" : "s");
	if (c->unknown_fidelity)
		strbuf_printf(out,
			      "  ! fidelity of %zu capture%s is not known (`zonereplay run "
			      "--verify=always` measures it).\n",
			      c->unknown_fidelity, c->unknown_fidelity == 1 ? "" : "s");
}

void comparison_text(const struct comparison *c, unsigned int width, struct strbuf *out)
{
	struct grid g;

	summary(c, out);
	grid_init(&g, 7, c->nr_lines + 1);
	set_header(c, &g);
	for (size_t i = 0; i < c->nr_lines; i++)
		set_line(c, &c->lines[i], &g, i + 1);
	grid_text(&g, width, out);
	grid_release(&g);
	notes(c, out);
}

/* ---- for programs ---- */

void comparison_csv(const struct comparison *c, struct strbuf *out)
{
	strbuf_puts(out, "a,b,figure,better,captures,mean_a,mean_b,difference,low,high,"
			 "change_percent,change_low,change_high,p,p_exact,p_sign,effect,more,less,"
			 "ties,verdict\n");
	for (size_t i = 0; i < c->nr_lines; i++) {
		const struct compare_line *l = &c->lines[i];
		const struct paired *p = &l->paired;

		csv_field(out, true, c->name_a);
		csv_field(out, false, c->name_b);
		csv_field(out, false, l->key);
		strbuf_printf(out, ",%s,%zu,%.10g,%.10g,%.10g,%.10g,%.10g",
			      l->better == BETTER_MORE ? "more" : "less", p->n, p->mean_a,
			      p->mean_b, p->diff, p->low, p->high);
		if (l->relative)
			strbuf_printf(out, ",%.6f,%.6f,%.6f", l->change, l->change_low,
				      l->change_high);
		else
			strbuf_puts(out, ",,,");
		strbuf_printf(out, ",%.6g,%d,%.6g,%.6g,%zu,%zu,%zu,%s\n", p->p, p->p_exact,
			      p->p_sign, p->effect, p->more, p->less, p->ties,
			      verdict_name(p->verdict));
	}
}

static void json_line(struct json *j, const struct compare_line *l)
{
	const struct paired *p = &l->paired;

	json_object(j, NULL);
	json_string(j, "figure", l->key);
	json_string(j, "better", l->better == BETTER_MORE ? "more" : "less");
	json_u64(j, "captures", p->n);
	json_double(j, "mean_a", p->mean_a);
	json_double(j, "mean_b", p->mean_b);
	json_double(j, "difference", p->diff);
	if (p->n > 1) {
		json_double(j, "low", p->low);
		json_double(j, "high", p->high);
		json_double(j, "p", p->p);
		json_bool(j, "p_exact", p->p_exact);
		json_double(j, "p_sign", p->p_sign);
		json_double(j, "effect", p->effect);
	}
	if (l->ranged) {
		json_double(j, "low_a", l->range_a[0]);
		json_double(j, "high_a", l->range_a[1]);
		json_double(j, "low_b", l->range_b[0]);
		json_double(j, "high_b", l->range_b[1]);
	}
	if (l->relative)
		json_double(j, "change_percent", l->change);
	else
		json_null(j, "change_percent");
	json_bool(j, "significant", is_significant(l));
	json_bool(j, "approximate", l->approximate);
	json_string(j, "verdict", verdict_name(p->verdict));
	json_end(j);
}

void comparison_json(const struct comparison *c, struct strbuf *out)
{
	struct json j;

	json_init(&j, out);
	json_object(&j, NULL);
	json_string(&j, "a", c->name_a);
	json_string(&j, "b", c->name_b);
	json_u64(&j, "captures", c->nr_captures);
	json_u64(&j, "unpaired", c->unpaired);
	json_u64(&j, "below_floor", c->below_floor);
	json_u64(&j, "unknown_fidelity", c->unknown_fidelity);
	json_double(&j, "margin_percent", c->margin);
	json_u64(&j, "seed", c->seed);
	json_object(&j, "exam");
	json_u64(&j, "changes", exam_error.changes);
	json_double(&j, "points_median", exam_error.median);
	json_double(&j, "points_most", exam_error.most);
	json_end(&j);
	json_array(&j, "figures");
	for (size_t i = 0; i < c->nr_lines; i++)
		json_line(&j, &c->lines[i]);
	json_end(&j);
	json_end(&j);
}
