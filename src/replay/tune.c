// SPDX-License-Identifier: GPL-2.0-only
/*
 * The outcome under every extfrag_threshold: a pass over the demand per scenario, in which
 * thresholds that decide alike share a replay, and then one row for each range of thresholds that
 * no scenario tells apart.
 */
#include <stdlib.h>
#include <string.h>

#include "replay/tune_groups.h"

#define MEMORY_BUDGET (UINT64_C(1) << 30)
#define MAX_GROUPS 1001u /* there are no more thresholds */

struct tuning {
	const struct whatif_job *job;
	const struct tune_options *opt;
	size_t param;
	struct tune_curve *curve;
	uint64_t huge_possible;							  /* see bound.h */
	struct tune_parts parts[ARRAY_SIZE(((struct tune_curve *)0)->scenarios)]; /* by scenario */
};

/* ---- the policy ---- */

static size_t threshold_param(const struct policy *p)
{
	size_t i = 0;

	while (i < p->nr_params && strcmp(p->params[i].name, TUNE_PARAM))
		i++;
	return i;
}

int tune_check_policy(const struct policy_setting *p, struct error *err)
{
	if (threshold_param(p->policy) == p->policy->nr_params)
		return error_set(
			err, "policy %s has no parameter " TUNE_PARAM "; kernel and threshold have",
			p->policy->name);
	/* One from outside may compare by itself, where the machine does not see it. */
	if (!policy_is_shipped(p->policy) || p->policy->caps & POLICY_CAP_ORACLE)
		return error_set(err,
				 "policy %s cannot be tuned at once; use a sweep over " TUNE_PARAM,
				 p->policy->name);
	return 0;
}

/* ---- a scenario ---- */

static size_t groups_that_fit(const struct tuning *t)
{
	uint64_t each = t->job->start->size + t->job->start->nr_ids + sizeof(struct tune_group);
	uint64_t n = t->opt->groups ? t->opt->groups : MEMORY_BUDGET / each;

	if (n < 2 && !t->opt->groups)
		n = 2;
	return n > MAX_GROUPS ? MAX_GROUPS : (size_t)n;
}

/* Moves what was lost from @done to @todo. */
static int take_lost(struct tune_parts *done, struct tune_parts *todo, struct error *err)
{
	size_t kept = 0;

	todo->nr = 0;
	for (size_t i = 0; i < done->nr; i++) {
		struct tune_part *part;

		if (!done->v[i].lost) {
			done->v[kept++] = done->v[i];
			continue;
		}
		part = tune_parts_add(todo, err);
		if (!part)
			return -1;
		*part = done->v[i];
	}
	done->nr = kept;
	return 0;
}

static int by_threshold(const void *a, const void *b)
{
	const struct tune_part *x = a, *y = b;

	return x->from < y->from ? -1 : x->from > y->from;
}

static int run_passes(struct tuning *t, struct tune_pass *pass, struct tune_parts *todo,
		      struct tune_parts *done, struct error *err)
{
	while (todo->nr) {
		struct tune_pass next = *pass;

		if (tune_pass(&next, todo, done, err))
			return -1;
		todo->nr = 0;
		if (t->opt->exact && take_lost(done, todo, err))
			return -1;
	}
	qsort(done->v, done->nr, sizeof(*done->v), by_threshold);
	return 0;
}

static int run_scenario(struct tuning *t, size_t number, struct error *err)
{
	uint64_t nr = t->job->demand->nr;
	struct tune_parts todo = {.v = NULL};
	struct tune_part *all = tune_parts_add(&todo, err);
	struct tune_pass pass = {
		.job = t->job,
		.scenario = &scenarios[number],
		.opt = t->opt,
		.param = t->param,
		.max_groups = groups_that_fit(t),
		.cost = &t->curve->cost,
		.before = number * nr,
		.all = t->curve->nr_scenarios * nr,
		.huge_possible = &t->huge_possible,
	};
	int rc = -1;

	if (all) {
		*all = (struct tune_part){.from = 0, .to = TUNE_MAX_THRESHOLD};
		rc = run_passes(t, &pass, &todo, &t->parts[number], err);
	}
	free(todo.v);
	return rc;
}

/* ---- rows ---- */

static const struct tune_part *part_of(const struct tune_parts *parts, int32_t threshold)
{
	size_t i = 0;

	while (parts->v[i].to < threshold)
		i++;
	return &parts->v[i];
}

static bool same_figures(const struct tune_part *a, const struct tune_part *b)
{
	return a->lost == b->lost && !memcmp(&a->outcome, &b->outcome, sizeof(a->outcome));
}

static bool starts_row(const struct tuning *t, int32_t threshold)
{
	for (size_t s = 0; threshold && s < t->curve->nr_scenarios; s++) {
		const struct tune_part *here = part_of(&t->parts[s], threshold);
		const struct tune_part *before = part_of(&t->parts[s], threshold - 1);

		if (here != before && !same_figures(here, before))
			return true;
	}
	return !threshold;
}

static void name_threshold(const struct tuning *t, int32_t threshold, struct outcome *o)
{
	const struct policy_setting *p = t->job->setting;
	int64_t values[POLICY_MAX_PARAMS];
	struct strbuf text;

	memcpy(values, p->params, sizeof(values));
	values[t->param] = threshold;
	strbuf_init(&text);
	params_format(p->policy->params, p->policy->nr_params, values, &text);
	snprintf(o->params, sizeof(o->params), "%s", text.s);
	strbuf_release(&text);
}

static void widen_migrated(struct ranged *r, const struct outcome *o)
{
	int64_t n = (int64_t)o->pages_migrated;

	if (n < r->low)
		r->low = n;
	if (n > r->high)
		r->high = n;
}

/* "a=1,extfrag_threshold=0,b=2" without the part in the middle. */
static void params_without(char *params, const char *key)
{
	char *part = params, *end;
	size_t len = strlen(key);

	while (*part && (strncmp(part, key, len) || part[len] != '=')) {
		part += strcspn(part, ",");
		part += *part == ',';
	}
	if (!*part)
		return;
	end = part + strcspn(part, ",");
	if (*end)
		memmove(part, end + 1, strlen(end + 1) + 1);
	else
		part[part > params ? -1 : 0] = '\0';
}

/* The central outcome, with ranges over all scenarios. */
static int fill_row(const struct tuning *t, struct tune_row *row, struct error *err)
{
	size_t nr = t->curve->nr_scenarios;
	struct whatif_swing most = {0, 0};

	row->resolved = true;
	row->scenario = calloc(nr, sizeof(*row->scenario));
	if (!row->scenario)
		return error_set(err, "out of memory");
	for (size_t s = 0; s < nr; s++) {
		const struct tune_part *part = part_of(&t->parts[s], row->from);

		row->scenario[s] = part->outcome;
		row->resolved &= !part->lost;
		row->scenario[s].huge_possible = t->huge_possible;
		name_threshold(t, row->from, &row->scenario[s]);
		if (!s)
			row->outcome = row->scenario[0];
		else
			outcome_widen(&row->outcome, &part->outcome, scenarios[s].name, &most);
	}
	row->pages_migrated = (struct ranged){(int64_t)row->outcome.pages_migrated,
					      (int64_t)row->outcome.pages_migrated,
					      (int64_t)row->outcome.pages_migrated};
	for (size_t s = 0; s < nr; s++)
		widen_migrated(&row->pages_migrated, &row->scenario[s]);
	return 0;
}

static int make_rows(const struct tuning *t, struct error *err)
{
	struct tune_curve *c = t->curve;

	c->rows = calloc(TUNE_MAX_THRESHOLD + 1, sizeof(*c->rows));
	if (!c->rows)
		return error_set(err, "out of memory");
	for (int32_t threshold = 0; threshold <= TUNE_MAX_THRESHOLD; threshold++) {
		if (starts_row(t, threshold))
			c->rows[c->nr++].from = threshold;
		c->rows[c->nr - 1].to = threshold;
	}
	for (size_t i = 0; i < c->nr; i++) {
		if (fill_row(t, &c->rows[i], err))
			return -1;
	}
	return 0;
}

/* ---- the whole ---- */

static void describe(struct tune_curve *c, const struct whatif_job *job)
{
	const struct outcome *o = &c->rows[0].outcome;

	memcpy(c->policy, o->policy, sizeof(c->policy));
	memcpy(c->era, o->era, sizeof(c->era));
	memcpy(c->params, o->params, sizeof(c->params));
	params_without(c->params, TUNE_PARAM);
	c->recorded_threshold = job->start->extfrag_threshold;
}

static int tune(const struct whatif_job *job, const struct tune_options *opt,
		struct tune_curve *out, struct error *err)
{
	struct tuning t = {.job = job,
			   .opt = opt,
			   .param = threshold_param(job->setting->policy),
			   .curve = out};
	int rc = 0;

	for (const struct scenario *s = scenarios; s->name; s++) {
		if (s->madvised && !whatif_thp_is_set(job->setting))
			continue;
		out->scenarios[out->nr_scenarios++] = s->name;
		if (opt->whatif.central_only)
			break;
	}
	for (size_t s = 0; !rc && s < out->nr_scenarios; s++)
		rc = run_scenario(&t, s, err);
	if (!rc)
		rc = make_rows(&t, err);
	if (!rc)
		describe(out, job);
	for (size_t s = 0; s < out->nr_scenarios; s++)
		free(t.parts[s].v);
	return rc;
}

int tune_run_demand(const struct mm *start, const struct demand *d, const struct policy_setting *p,
		    const struct tune_options *opt, struct tune_curve *out, struct error *err)
{
	struct whatif_job job = {.start = start,
				 .demand = d,
				 .setting = p,
				 .opt = &opt->whatif,
				 .first_tick = WHATIF_TICK_NS,
				 .thp_recorded = whatif_thp_recorded(start, d)};

	*out = (struct tune_curve){.nr = 0};
	if (tune_check_policy(p, err))
		return -1;
	if (tune(&job, opt, out, err)) {
		tune_curve_release(out);
		return -1;
	}
	return 0;
}

/* What an outcome says of the recording it came from. */
static void describe_capture(struct tune_curve *out, const struct capture *c, const struct trace *t)
{
	struct outcome about = {.events = 0};

	outcome_describe(&about, c, t);
	memcpy(out->capture, about.capture, sizeof(out->capture));
	memcpy(out->capture_id, about.capture_id, sizeof(out->capture_id));
	out->era_exact = about.era_exact;
	for (size_t i = 0; i < out->nr; i++)
		outcome_describe(&out->rows[i].outcome, c, t);
}

static int with_machine(const struct mm *mm, const struct capture *c, const struct trace *t,
			const struct policy_setting *p, const struct tune_options *opt,
			struct tune_curve *out, struct error *err)
{
	struct whatif_job job;
	struct demand d;
	int rc;

	if (whatif_job_init(&job, &d, mm, c, t, p, &opt->whatif, err))
		return -1;
	rc = tune(&job, opt, out, err);
	if (!rc)
		describe_capture(out, c, t);
	whatif_job_release(&job);
	demand_release(&d);
	return rc;
}

int tune_run(const struct capture *c, const struct trace *t, const struct policy_setting *p,
	     const struct tune_options *opt, struct tune_curve *out, struct error *err)
{
	struct build_options build = {
		.era = opt->whatif.era, .objects = true, .private_size = p->policy->private_size};
	struct mm *mm;
	int rc;

	*out = (struct tune_curve){.nr = 0};
	if (tune_check_policy(p, err))
		return -1;
	mm = machine_build(c, t, &build, err);
	if (!mm)
		return -1;
	rc = with_machine(mm, c, t, p, opt, out, err);
	mm_free(mm);
	if (rc)
		tune_curve_release(out);
	return rc;
}

/* ---- reading a curve ---- */

void tune_curve_release(struct tune_curve *c)
{
	for (size_t i = 0; c->rows && i < c->nr; i++)
		free(c->rows[i].scenario);
	free(c->rows);
	c->rows = NULL;
	c->nr = 0;
}

const struct tune_row *tune_row_of(const struct tune_curve *c, int32_t threshold)
{
	size_t i = 0;

	while (c->rows[i].to < threshold)
		i++;
	return &c->rows[i];
}

bool tune_resolved(const struct tune_curve *c)
{
	for (size_t i = 0; i < c->nr; i++)
		if (!c->rows[i].resolved)
			return false;
	return true;
}

double tune_living(const struct tune_cost *c)
{
	return c->operations ? (double)c->replayed / (double)c->operations : 0;
}
