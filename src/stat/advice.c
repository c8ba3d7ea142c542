// SPDX-License-Identifier: GPL-2.0-only
/* Which threshold serves an objective best, how sure that is, and whether it matters. */
#include "stat/advice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define THRESHOLDS (TUNE_MAX_THRESHOLD + 1)
#define DEFAULT_THRESHOLD 500
#define NONE SIZE_MAX

struct adviser {
	const struct objective *o;
	const struct advice_source *sources;
	size_t n;
	const struct tune_row **rows; /* [source * THRESHOLDS + threshold] */
};

static const struct tune_row *row(const struct adviser *v, size_t source, int32_t threshold)
{
	return v->rows[source * THRESHOLDS + (size_t)threshold];
}

static int index_rows(struct adviser *v, struct error *err)
{
	v->rows = calloc(v->n * THRESHOLDS, sizeof(*v->rows));
	if (!v->rows)
		return error_set(err, "out of memory");
	for (size_t i = 0; i < v->n; i++) {
		const struct tune_curve *c = v->sources[i].curve;

		for (size_t r = 0; r < c->nr; r++)
			for (int32_t t = c->rows[r].from; t <= c->rows[r].to; t++)
				v->rows[i * THRESHOLDS + (size_t)t] = &c->rows[r];
	}
	return 0;
}

/* ---- values ---- */

static double value_of(const struct objective_goal *g, const struct outcome *o)
{
	double sum = 0;

	for (size_t i = 0; i < g->nr; i++) {
		const char *field = (const char *)o + g->terms[i].offset;
		int64_t n; /* struct ranged begins with its central value */

		memcpy(&n, field, sizeof(n));
		sum += g->terms[i].weight * (double)n;
	}
	return sum;
}

/* Over all captures but @without, under one scenario. */
static double total(const struct adviser *v, const struct objective_goal *g, size_t without,
		    size_t scenario, int32_t threshold)
{
	double sum = 0;

	for (size_t i = 0; i < v->n; i++)
		if (i != without)
			sum += value_of(g, &row(v, i, threshold)->scenario[scenario]);
	return sum;
}

static double wanted(const struct adviser *v, size_t without, int32_t threshold)
{
	double sum = 0;

	for (size_t i = 0; i < v->n; i++)
		if (i != without)
			sum += (double)row(v, i, threshold)->outcome.huge_wanted;
	return sum;
}

static bool meets(const struct adviser *v, size_t without, int32_t threshold)
{
	for (size_t i = 0; i < v->o->nr_limits; i++) {
		const struct objective_limit *l = &v->o->limits[i];
		double value = total(v, &l->figure, without, 0, threshold), bound = l->value;

		if (l->percent)
			bound *= wanted(v, without, threshold) / 100;
		if (l->at_least ? value < bound : value > bound)
			return false;
	}
	return true;
}

static bool resolved(const struct adviser *v, size_t without, int32_t threshold)
{
	for (size_t i = 0; i < v->n; i++)
		if (i != without && !row(v, i, threshold)->resolved)
			return false;
	return true;
}

static bool possible(const struct adviser *v, size_t without, int32_t threshold)
{
	return resolved(v, without, threshold) && meets(v, without, threshold);
}

/* Goal after goal: is @a better (1), as good (0) or worse (-1) than @b? *goal: which one decided.
 */
static int rank(const struct adviser *v, size_t without, int32_t a, int32_t b, size_t *goal)
{
	for (*goal = 0; *goal < v->o->nr_goals; ++*goal) {
		const struct objective_goal *g = &v->o->goals[*goal];
		double x = total(v, g, without, 0, a), y = total(v, g, without, 0, b);

		if (x != y)
			return x > y ? 1 : -1;
	}
	return 0;
}

/* ---- the recommendation ---- */

static bool equal(const struct adviser *v, size_t without, int32_t a, int32_t b)
{
	size_t goal;

	return possible(v, without, a) && !rank(v, without, a, b, &goal);
}

/* The middle of the widest run of thresholds as good as @best: farthest from where they end. */
static int32_t middle_of_widest(const struct adviser *v, size_t without, int32_t best)
{
	int32_t from = -1, widest = 0, middle = best;

	for (int32_t t = 0; t <= THRESHOLDS; t++) {
		bool in = t < THRESHOLDS && equal(v, without, t, best);

		if (in && from < 0)
			from = t;
		if (!in && from >= 0) {
			if (t - from > widest) {
				widest = t - from;
				middle = from + (t - 1 - from) / 2;
			}
			from = -1;
		}
	}
	return middle;
}

/* What is set stays, if nothing is better. */
static int32_t recommend(const struct adviser *v, size_t without, int32_t reference)
{
	int32_t best = -1;
	size_t goal;

	for (int32_t t = 0; t < THRESHOLDS; t++)
		if (possible(v, without, t) && (best < 0 || rank(v, without, t, best, &goal) > 0))
			best = t;
	if (best < 0 || equal(v, without, reference, best))
		return best < 0 ? -1 : reference;
	if (equal(v, without, DEFAULT_THRESHOLD, best))
		return DEFAULT_THRESHOLD;
	return middle_of_widest(v, without, best);
}

static void find_equals(const struct adviser *v, struct advice *a)
{
	a->from = a->to = a->recommended;
	while (a->from > 0 && equal(v, NONE, a->from - 1, a->recommended))
		a->from--;
	while (a->to < TUNE_MAX_THRESHOLD && equal(v, NONE, a->to + 1, a->recommended))
		a->to++;
}

static void find_reference(const struct adviser *v, struct advice *a)
{
	int64_t set = v->sources[0].curve->recorded_threshold;

	a->reference_recorded = set >= 0 && set <= TUNE_MAX_THRESHOLD;
	for (size_t i = 1; i < v->n; i++)
		a->reference_recorded &= v->sources[i].curve->recorded_threshold == set;
	a->reference = a->reference_recorded ? (int32_t)set : DEFAULT_THRESHOLD;
}

/* ---- how sure ---- */

static size_t fewest_scenarios(const struct adviser *v)
{
	size_t n = v->sources[0].curve->nr_scenarios;

	for (size_t i = 1; i < v->n; i++)
		if (v->sources[i].curve->nr_scenarios < n)
			n = v->sources[i].curve->nr_scenarios;
	return n;
}

static void weigh_gain(const struct adviser *v, struct advice *a)
{
	const struct objective_goal *g = &v->o->goals[a->decided_by];
	double error = 0;

	a->gain = total(v, g, NONE, 0, a->candidate) - total(v, g, NONE, 0, a->reference);
	a->every_scenario = true;
	a->scenarios = fewest_scenarios(v);
	for (size_t s = 1; s < a->scenarios; s++)
		a->every_scenario &=
			total(v, g, NONE, s, a->recommended) > total(v, g, NONE, s, a->reference);
	a->model_error = -1;
	for (size_t i = 0; i < v->n; i++) {
		const struct tune_curve *c = v->sources[i].curve;

		if (!v->sources[i].recorded || c->recorded_threshold < 0 ||
		    c->recorded_threshold > TUNE_MAX_THRESHOLD)
			return;
		error += value_of(g, v->sources[i].recorded) -
			 value_of(g, &row(v, i, (int32_t)c->recorded_threshold)->scenario[0]);
	}
	a->model_error = fabs(error);
}

/* The one capture alone, as if it were all there is. */
static struct adviser alone(const struct adviser *v, size_t i)
{
	return (struct adviser){
		.o = v->o, .sources = &v->sources[i], .n = 1, .rows = v->rows + i * THRESHOLDS};
}

static int hold_back(const struct adviser *v, struct advice *a, struct error *err)
{
	if (v->n < 2)
		return 0;
	a->held = calloc(v->n, sizeof(*a->held));
	if (!a->held)
		return error_set(err, "out of memory");
	a->nr_held = v->n;
	for (size_t i = 0; i < v->n; i++) {
		struct advice_held *h = &a->held[i];
		struct adviser one = alone(v, i);
		const struct objective_goal *g = &v->o->goals[0];
		int32_t best = recommend(&one, NONE, a->reference);

		h->goal = v->o->nr_goals;
		h->recommended = recommend(v, i, a->reference);
		h->reference = total(&one, g, NONE, 0, a->reference);
		h->best = best < 0 ? h->reference : total(&one, g, NONE, 0, best);
		h->value = h->reference;
		if (h->recommended < 0)
			continue;
		h->value = total(&one, g, NONE, 0, h->recommended);
		h->against = meets(&one, NONE, h->recommended)
				     ? rank(&one, NONE, h->recommended, a->reference, &h->goal)
				     : -1;
		a->nr_holds += h->against >= 0;
	}
	return 0;
}

/* ---- zones ---- */

static void add_range(struct ranged *to, const struct ranged *r)
{
	to->central += r->central;
	to->low += r->low;
	to->high += r->high;
}

static struct advice_zone zone_at(const struct adviser *v, int32_t threshold)
{
	struct advice_zone z = {.from = threshold, .to = threshold, .resolved = true};

	for (size_t i = 0; i < v->n; i++) {
		const struct tune_row *r = row(v, i, threshold);

		z.resolved &= r->resolved;
		z.huge_wanted += r->outcome.huge_wanted;
		add_range(&z.success, &r->outcome.huge_success);
		add_range(&z.reclaimed, &r->outcome.pages_reclaimed);
		add_range(&z.moved, &r->pages_migrated);
		add_range(&z.stall_ns, &r->outcome.stall_ns);
	}
	return z;
}

static bool same_range(const struct ranged *a, const struct ranged *b)
{
	return a->central == b->central && a->low == b->low && a->high == b->high;
}

static bool same_zone(const struct advice_zone *a, const struct advice_zone *b)
{
	return a->resolved == b->resolved && a->huge_wanted == b->huge_wanted &&
	       same_range(&a->success, &b->success) && same_range(&a->reclaimed, &b->reclaimed) &&
	       same_range(&a->moved, &b->moved) && same_range(&a->stall_ns, &b->stall_ns);
}

static int make_zones(const struct adviser *v, struct advice *a, struct error *err)
{
	a->zones = calloc(THRESHOLDS, sizeof(*a->zones));
	if (!a->zones)
		return error_set(err, "out of memory");
	for (int32_t t = 0; t < THRESHOLDS; t++) {
		struct advice_zone z = zone_at(v, t);

		if (a->nr_zones && same_zone(&a->zones[a->nr_zones - 1], &z))
			a->zones[a->nr_zones - 1].to = t;
		else
			a->zones[a->nr_zones++] = z;
	}
	return 0;
}

/* ---- words ---- */

const char *advice_confidence_name(enum advice_confidence c)
{
	static const char *const names[] = {
		[ADVICE_SAME] = "all the same",	  [ADVICE_KEEP] = "nothing is better",
		[ADVICE_UNCERTAIN] = "uncertain", [ADVICE_ONE] = "one capture",
		[ADVICE_HELD] = "held",		  [ADVICE_NOT_HELD] = "not held",
		[ADVICE_NONE] = "none",
	};

	return names[c];
}

static enum advice_confidence judge(const struct advice *a, size_t n, size_t nr_goals)
{
	if (a->recommended < 0)
		return ADVICE_NONE;
	if (a->nr_zones == 1)
		return ADVICE_SAME;
	if (a->decided_by == nr_goals)
		return ADVICE_KEEP;
	if (a->reference_meets &&
	    (!a->every_scenario || (a->model_error >= 0 && a->gain <= a->model_error)))
		return ADVICE_UNCERTAIN;
	if (n == 1)
		return ADVICE_ONE;
	return a->nr_holds == n ? ADVICE_HELD : ADVICE_NOT_HELD;
}

/* A lone figure in time is told in ms. */
static void say_amount(const struct objective_goal *g, double amount, struct strbuf *out)
{
	if (g->nr == 1 && g->terms[0].offset == offsetof(struct outcome, stall_ns))
		strbuf_printf(out, "%.1f ms", amount / 1e6);
	else
		strbuf_printf(out, "%.0f", amount);
}

static void say_better(const struct advice *a, const struct objective_goal *g, struct strbuf *out)
{
	strbuf_printf(out, "%d is better than %d by ", a->candidate, a->reference);
	say_amount(g, a->gain, out);
	strbuf_printf(out, " (%s)", g->text);
}

static void say_uncertain(const struct advice *a, const struct objective_goal *g,
			  struct strbuf *out)
{
	strbuf_printf(out, "Leave it at %d. ", a->reference);
	say_better(a, g, out);
	if (!a->every_scenario) {
		strbuf_puts(out, ", but not under every assumption about what the recording cannot "
				 "show: no finding.");
		return;
	}
	strbuf_puts(out, ", but the model is off by ");
	say_amount(g, a->model_error, out);
	strbuf_puts(out, " from what the recorded kernel did: no finding.");
}

static void say_gain(const struct advice *a, const struct objective_goal *g, struct strbuf *out)
{
	strbuf_printf(out, "Set it to %d. ", a->recommended);
	if (a->reference_meets) {
		say_better(a, g, out);
		strbuf_puts(out, a->scenarios > 1 ? ", under every assumption. "
						  : ", under the central assumptions. ");
	} else {
		strbuf_printf(out, "%d does not meet the conditions. ", a->reference);
	}
	if (a->confidence == ADVICE_ONE)
		strbuf_puts(out, "From one capture: give more to see how it holds.");
	else
		strbuf_printf(out,
			      "What the others recommend is no worse on %zu of %zu captures held "
			      "back.",
			      a->nr_holds, a->nr_held);
}

static void say(const struct adviser *v, struct advice *a)
{
	const struct objective_goal *g =
		&v->o->goals[a->decided_by < v->o->nr_goals ? a->decided_by : 0];
	struct strbuf out;

	strbuf_init(&out);
	switch (a->confidence) {
	case ADVICE_SAME:
		strbuf_puts(&out,
			    "It does not matter here: all 1001 values give the same figures.");
		break;
	case ADVICE_KEEP:
		strbuf_printf(&out, "Leave it at %d: no value is better. %d to %d are as good.",
			      a->recommended, a->from, a->to);
		break;
	case ADVICE_NONE:
		strbuf_puts(&out, "No value meets the conditions of the objective.");
		break;
	case ADVICE_UNCERTAIN:
		say_uncertain(a, g, &out);
		break;
	default:
		say_gain(a, g, &out);
	}
	snprintf(a->verdict, sizeof(a->verdict), "%s", out.s);
	strbuf_release(&out);
}

/* ---- the whole ---- */

static void conclude(const struct adviser *v, struct advice *a)
{
	size_t nr_goals = v->o->nr_goals;

	if (a->candidate >= 0)
		rank(v, NONE, a->candidate, a->reference, &a->decided_by);
	if (a->decided_by < nr_goals)
		weigh_gain(v, a);
	a->confidence = judge(a, v->n, nr_goals);
	if (a->confidence == ADVICE_UNCERTAIN)
		a->recommended = a->reference;
	if (a->recommended >= 0)
		find_equals(v, a);
	say(v, a);
}

int advise(struct advice *a, const struct objective *o, const struct advice_source *sources,
	   size_t n, struct error *err)
{
	struct adviser v = {.o = o, .sources = sources, .n = n};
	int rc;

	*a = (struct advice){.decided_by = o->nr_goals, .model_error = -1};
	rc = index_rows(&v, err) || make_zones(&v, a, err) ? -1 : 0;
	if (!rc) {
		find_reference(&v, a);
		a->reference_meets = meets(&v, NONE, a->reference);
		a->recommended = a->candidate = recommend(&v, NONE, a->reference);
		rc = hold_back(&v, a, err);
	}
	if (!rc)
		conclude(&v, a);
	free(v.rows);
	if (rc)
		advice_release(a);
	return rc;
}

void advice_release(struct advice *a)
{
	free(a->zones);
	free(a->held);
	a->zones = NULL;
	a->held = NULL;
}
