// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver of explanations: one replay that finds the requests in question, and one on a machine
 * with a chronicle that stops at each of them, looks, and goes on. Both are the central scenario.
 */
#include "replay/explain_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NR_SAMPLES 50u
#define MAX_FOUND 4096u

struct found {
	uint64_t number, extra;
};

struct explainer {
	struct whatif_watch watch; /* must be the first */
	const struct explain_options *opt;
	const struct capture *capture;
	const struct trace *trace;
	const struct whatif_job *job;
	struct explanations *out;
	struct error *err;
	bool looking; /* the second replay */
	bool failed;  /* @err is set */

	/* where it is */
	uint64_t number, extra;
	bool own;		    /* the request of the operation itself is still to come */
	const struct demand_op *op; /* that @number counted last */

	/* the first replay */
	struct found found[MAX_FOUND];
	size_t nr_found, next;
	uint32_t of_order[MM_NR_ORDERS];
	struct found worst;
	uint32_t worst_order;
	int64_t worst_free;
	bool any;

	/* the second replay */
	struct mm *before, *work;
	struct polluters *polluters;
	uint64_t next_sample, sample_ns;
	uint32_t failures; /* since the last sample */
};

static bool is_request(const struct demand_op *op)
{
	return op->kind == DEMAND_BIRTH || op->kind == DEMAND_FAIL;
}

/* ---- finding ---- */

static void note_found(struct explainer *e, uint64_t number, uint64_t extra)
{
	if (e->nr_found < MAX_FOUND)
		e->found[e->nr_found++] = (struct found){.number = number, .extra = extra};
}

static int64_t free_pages(const struct mm *mm)
{
	int64_t pages = 0;

	for (uint32_t z = 0; z < mm->nr_zones; z++)
		pages += mm->zones[z].free;
	return pages;
}

static void find_worst(struct explainer *e, const struct mm *mm, uint32_t order)
{
	int64_t free = free_pages(mm);

	if (e->any &&
	    (order < e->worst_order || (order == e->worst_order && free <= e->worst_free)))
		return;
	e->any = true;
	e->worst = (struct found){.number = e->number, .extra = e->extra};
	e->worst_order = order;
	e->worst_free = free;
}

static void find(struct explainer *e, const struct mm *mm, const struct demand_op *op)
{
	uint32_t order = op->order < MM_NR_ORDERS ? op->order : MM_NR_ORDERS - 1;

	e->out->failed++;
	e->out->failed_of[order]++;
	if (op->flags & DEMAND_F_RECORDER)
		return;
	switch (e->opt->which) {
	case EXPLAIN_FIRST:
		if (!e->nr_found && order >= e->opt->min_order)
			note_found(e, e->number, e->extra);
		break;
	case EXPLAIN_SEVERAL:
		if (order >= e->opt->min_order && e->of_order[order]++ < e->opt->per_order)
			note_found(e, e->number, e->extra);
		break;
	case EXPLAIN_WORST:
		find_worst(e, mm, order);
		break;
	default:
		break;
	}
}

/* ---- looking ---- */

static bool wanted(const struct explainer *e)
{
	return e->looking && e->next < e->nr_found && e->found[e->next].number == e->number &&
	       e->found[e->next].extra == e->extra;
}

int explain_take_notes(struct explain_decision **out, uint32_t *nr, uint32_t *lost,
		       const struct mm *mm, const struct trace *t, struct error *err)
{
	const struct mm_chronicle *c = mm_chronicle(mm);

	*nr = c->nr_notes;
	*lost = c->lost_notes;
	*out = calloc(c->nr_notes + 1, sizeof(**out));
	if (!*out)
		return error_set(err, "out of memory for %u decisions", c->nr_notes);
	for (uint32_t i = 0; i < c->nr_notes; i++) {
		struct explain_decision *d = &(*out)[i];

		d->note = c->notes[i];
		if (d->note.kind != MM_NOTE_COMPACTED || d->note.v[5] < 0)
			continue;
		d->has_page = mm_frames(mm)[d->note.v[5]].flags & MM_F_HEAD;
		if (d->has_page)
			explain_page_fill(&d->page, mm, t, (struct frame){(uint32_t)d->note.v[5]});
	}
	return 0;
}

static void describe_request(struct explanation *x, const struct explainer *e,
			     const struct whatif *w, const struct demand_op *op,
			     const struct mm_request *rq)
{
	const char *colon = strchr(e->job->setting->spelled, ':');

	x->number = e->number;
	x->extra = e->extra;
	x->time = w->mm->now;
	x->pid = op->pid;
	x->cpu = rq->cpu;
	x->order = rq->order;
	x->gfp = rq->gfp;
	x->type = rq->type;
	x->pageblock_order = w->mm->pageblock_order;
	x->page_size = 1u << w->mm->page_shift;
	x->recorder = op->flags & DEMAND_F_RECORDER;
	x->recorded_ok = !e->extra && op->kind == DEMAND_BIRTH;
	snprintf(x->comm, sizeof(x->comm), "%s", trace_comm(e->trace, op->pid));
	snprintf(x->policy, sizeof(x->policy), "%s", w->policy->name);
	snprintf(x->params, sizeof(x->params), "%s", colon ? colon + 1 : "");
	snprintf(x->era, sizeof(x->era), "%s", mm_era_name(w->mm->era_index));
	snprintf(x->capture, sizeof(x->capture), "%s", e->capture->name);
	x->nr_zones = w->mm->nr_zones;
	for (uint32_t z = 0; z < w->mm->nr_zones; z++)
		explain_zone_fill(&x->zones[z], w->mm, rq, z);
}

static int look(struct explainer *e, struct whatif *w, const struct demand_op *op,
		const struct mm_request *rq, struct frame f, bool slow)
{
	struct explanation *x = &e->out->v[e->out->nr++];

	describe_request(x, e, w, op, rq);
	if (explain_take_notes(&x->decisions, &x->nr_decisions, &x->lost_decisions, w->mm, e->trace,
			       e->err) ||
	    explain_map_fill(&x->map, w->mm, e->err))
		return -1;
	if (!frame_is_none(f)) {
		x->verdict = EXPLAIN_SUCCEEDED;
		x->fast = !slow;
		x->pfn = pfn_from_frame(w->mm, f).n;
		return 0;
	}
	if (explain_blockers(x, w->mm, e->work, e->trace, rq, e->err))
		return -1;
	explain_ways(x, w, e->before, w->mm, e->work, op, rq);
	if (e->opt->inspect)
		e->opt->inspect(e->opt->arg, x, w->mm, rq);
	return 0;
}

/* ---- as the replay goes ---- */

static void request_before(struct whatif_watch *watch, struct whatif *w, const struct demand_op *op,
			   const struct mm_request *rq)
{
	struct explainer *e = (struct explainer *)watch;

	if (!e->own)
		e->extra++;
	e->own = false;
	mm_chronicle_begin(w->mm, op->pid);
	if (wanted(e))
		mm_copy(e->before, w->mm);
}

static void request_after(struct whatif_watch *watch, struct whatif *w, const struct demand_op *op,
			  const struct mm_request *rq, struct frame f, bool slow)
{
	struct explainer *e = (struct explainer *)watch;

	e->failures += frame_is_none(f);
	if (!e->looking && frame_is_none(f))
		find(e, w->mm, op);
	if (!wanted(e))
		return;
	e->next++;
	if (!e->failed && look(e, w, op, rq, f, slow))
		e->failed = true;
}

static void add_moment(struct explainer *e, const struct mm *mm, uint64_t time)
{
	uint64_t nr_free[MM_NR_ORDERS] = {0};
	struct explain_moment *m;
	struct mm_index ix;

	if (e->out->nr_moments == EXPLAIN_MAX_MOMENTS)
		return;
	for (uint32_t z = 0; z < mm->nr_zones; z++)
		for (uint32_t o = 0; o < mm->nr_orders; o++)
			nr_free[o] += mm->zones[z].nr_free[o];
	mm_index_from_counts(nr_free, mm->nr_orders, mm->pageblock_order, &ix);
	m = &e->out->moments[e->out->nr_moments++];
	*m = (struct explain_moment){
		.time = time,
		.unusable = (uint32_t)mm_unusable_index(&ix, mm->pageblock_order),
		.free_blocks = (uint32_t)ix.free_blocks_suitable,
		.failed = e->failures,
	};
	e->failures = 0;
}

static void operation(struct explainer *e, struct whatif *w, const struct demand_op *op)
{
	if (is_request(op)) {
		e->number++;
		e->extra = 0;
		e->own = true;
		e->op = op;
	}
	whatif_operation(w, op);
	/* A request of the recording that this policy did not come to make has passed. */
	e->own = false;
	deaths_passed(&w->deaths, op);
	if (!e->looking || op->time < e->next_sample)
		return;
	polluters_sample(e->polluters, w->mm, e->trace);
	add_moment(e, w->mm, op->time);
	e->next_sample = op->time + e->sample_ns;
}

static int replay(struct explainer *e, struct error *err)
{
	struct outcome unused = {.pageblock_order = e->job->start->pageblock_order};
	const struct demand *d = e->job->demand;
	struct whatif w;
	int ret = whatif_begin(&w, e->job, &scenarios[0], &unused, err);

	w.watch = &e->watch;
	e->watch = (struct whatif_watch){.before = request_before, .after = request_after};
	e->number = e->extra = 0;
	for (uint64_t i = 0; !ret && i < d->nr && !e->failed; i++) {
		operation(e, &w, &d->ops[i]);
		if (i % 65536 == 0)
			progress_update(e->opt->progress, w.policy->name, i, d->nr);
	}
	if (!ret)
		whatif_end(&w);
	progress_update(e->opt->progress, w.policy->name, d->nr, d->nr);
	e->out->requests = e->number;
	whatif_release(&w);
	outcome_release(&unused);
	return ret || e->failed ? -1 : 0;
}

static int find_requests(struct explainer *e, struct error *err)
{
	if (replay(e, err))
		return -1;
	if (e->opt->which == EXPLAIN_WORST && e->any)
		note_found(e, e->worst.number, e->worst.extra);
	if (e->opt->which != EXPLAIN_NUMBER)
		return 0;
	if (!e->opt->number || e->opt->number > e->out->requests)
		return error_set(err,
				 "%s: there is no request number %" PRIu64
				 "; the recording has %" PRIu64,
				 e->capture->name, e->opt->number, e->out->requests);
	note_found(e, e->opt->number, e->opt->extra);
	return 0;
}

static int look_at_requests(struct explainer *e, struct error *err)
{
	e->looking = true;
	e->next = 0;
	e->failures = 0;
	e->out->pageblock_order = e->job->start->pageblock_order;
	e->sample_ns = e->job->span / NR_SAMPLES + 1;
	e->out->v = calloc(e->nr_found + 1, sizeof(*e->out->v));
	e->before = mm_clone(e->job->start);
	e->work = mm_clone(e->job->start);
	e->polluters = polluters_new(err);
	if (!e->out->v || !e->before || !e->work || !e->polluters)
		return error_set(err, "out of memory for copies of the machine");
	if (replay(e, err))
		return -1;
	return polluters_rank(e->polluters, e->out, err);
}

static int with_job(const struct whatif_job *job, const struct capture *c, const struct trace *t,
		    const struct explain_options *opt, struct explanations *out, struct error *err)
{
	struct explainer *e = calloc(1, sizeof(*e));
	int ret = -1;

	if (!e)
		return error_set(err, "out of memory");
	e->opt = opt;
	e->capture = c;
	e->trace = t;
	e->job = job;
	e->out = out;
	e->err = err;
	if (!find_requests(e, err))
		ret = look_at_requests(e, err);
	mm_free(e->before);
	mm_free(e->work);
	polluters_free(e->polluters);
	free(e);
	return ret;
}

/* The second policy: the same request, and where the histories part. */
static int compare(const struct whatif_job *job, const struct capture *c, const struct trace *t,
		   const struct explain_options *opt, struct explanations *out, struct error *err)
{
	struct explain_options same = {.which = EXPLAIN_NUMBER, .progress = opt->progress};
	struct whatif_job second = *job;

	second.setting = opt->against;
	if (explain_parting(job, t, opt->against, &out->parting, err))
		return -1;
	if (!out->nr)
		return 0;
	same.number = out->v[0].number;
	same.extra = out->v[0].extra;
	out->other = calloc(1, sizeof(*out->other));
	if (!out->other)
		return error_set(err, "out of memory");
	out->other->names = out->names;
	return with_job(&second, c, t, &same, out->other, err);
}

static void fill_names(struct explain_names *names, const struct mm *mm)
{
	names->nr_zones = mm->nr_zones;
	names->base_pfn = mm->base_pfn;
	for (uint32_t z = 0; z < mm->nr_zones; z++) {
		memcpy(names->zones[z].name, mm->zones[z].name, sizeof(names->zones[z].name));
		names->zones[z].node = mm->zones[z].node;
	}
}

/* A policy that only counts hands out no pages: there is nothing to take apart. */
static int has_history(const struct policy_setting *p, struct error *err)
{
	if (!p || !(p->policy->caps & POLICY_CAP_RELAXED))
		return 0;
	return error_set(err,
			 "policy %s only counts and has no history to explain; take another, for "
			 "example kernel",
			 p->policy->name);
}

static int replay_and_explain(const struct capture *c, const struct trace *t,
			      const struct policy_setting *p, const struct explain_options *opt,
			      struct explanations *out, struct error *err)
{
	struct build_options build = {
		.era = opt->era, .objects = true, .private_size = explain_private_size(p)};
	struct whatif_options whatif = {.era = opt->era, .central_only = true};
	struct mm *mm = machine_build(c, t, &build, err), *start;
	struct whatif_job job;
	struct demand d;
	int ret = -1;

	if (!mm)
		return -1;
	start = mm_with_chronicle(mm);
	mm_free(mm);
	if (!start)
		return error_set(err, "out of memory for a machine with a chronicle");
	fill_names(&out->names, start);
	if (!whatif_job_init(&job, &d, start, c, t, p, &whatif, err)) {
		ret = with_job(&job, c, t, opt, out, err);
		if (!ret && opt->against)
			ret = compare(&job, c, t, opt, out, err);
		whatif_job_release(&job);
		demand_release(&d);
	}
	mm_free(start);
	if (ret)
		explanations_release(out);
	return ret;
}

int explain_run(const struct capture *c, const struct trace *t, const struct policy_setting *p,
		const struct explain_options *opt, struct explanations *out, struct error *err)
{
	memset(out, 0, sizeof(*out));
	if (has_history(p, err) || has_history(opt->against, err))
		return -1;
	return replay_and_explain(c, t, p, opt, out, err);
}

void explanations_release(struct explanations *e)
{
	for (size_t i = 0; i < e->nr; i++) {
		free(e->v[i].decisions);
		free(e->v[i].blockers);
		explain_map_release(&e->v[i].map);
	}
	free(e->v);
	free(e->polluters);
	free(e->parting.sides[0].decisions);
	free(e->parting.sides[1].decisions);
	if (e->other) {
		explanations_release(e->other);
		free(e->other);
	}
	memset(e, 0, sizeof(*e));
}
