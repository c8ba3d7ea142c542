// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the recorded kernel itself achieved, counted from its own events: nothing is replayed. Needs
 * the vmscan and compaction events; what a recording lacks counts as nothing.
 */
#include "replay/whatif.h"

#include <stdlib.h>
#include <string.h>

/* What a task has gone through since its last request ended. */
#define SEEN_RECLAIM 1u
#define SEEN_COMPACT 2u
#define SEEN_STALL 4u /* try_to_compact_pages found a zone to work on, or one that is deferred */
#define IS_KSWAPD 8u
#define IS_RECORDER 16u
#define SEEN_ALL (SEEN_RECLAIM | SEEN_COMPACT | SEEN_STALL)

struct recorded {
	const struct trace *t;
	struct outcome *o;
	uint8_t *tasks;
	uint32_t nr_tasks;
	uint64_t freed_kswapd, freed_direct; /* where the shrinking of lists shows no event */
};

static uint8_t *task_of(struct recorded *r, const struct event *e)
{
	return &r->tasks[e->pid < r->nr_tasks ? e->pid : 0];
}

/* COMPACTSTALL counts runs that did not find every zone unsuitable [__alloc_pages_direct_compact];
 * they succeed if a page comes before anything else is tried. */
static void end_stall(struct recorded *r, uint8_t *task, bool success)
{
	if (*task & SEEN_STALL) {
		r->o->compact_stall++;
		*(success ? &r->o->compact_success : &r->o->compact_fail) += 1;
	}
	*task &= (uint8_t) ~(SEEN_STALL | SEEN_COMPACT);
}

static void on_alloc(struct recorded *r, const struct event *e)
{
	uint8_t *task = task_of(r, e);
	bool interrupt = e->flags & (EVF_SOFTIRQ | EVF_HARDIRQ), success = e->w[0] != UINT64_MAX;
	bool slow = !interrupt && *task & (SEEN_RECLAIM | SEEN_COMPACT);
	struct order_outcome *oo;

	if (!interrupt) {
		end_stall(r, task, success);
		*task &= (uint8_t)~SEEN_ALL;
	}
	if (e->w[1] >= OUTCOME_NR_ORDERS || *task & IS_RECORDER)
		return;
	oo = &r->o->orders[e->w[1]];
	oo->attempts++;
	oo->successes += success;
	oo->fast += success && !slow;
	oo->slow += success && slow;
	/* A huge page fault is an intent of its own; requests of pools are counted by intent. */
	if (e->w[1] >= r->o->pageblock_order &&
	    demand_kind_of_request((uint32_t)e->w[2], (uint32_t)e->w[1], r->o->pageblock_order) !=
		    MM_KIND_HUGETLB) {
		r->o->huge_wanted++;
		r->o->huge_got += success;
	}
}

static void on_compaction(struct recorded *r, const struct event *e)
{
	uint8_t *task = task_of(r, e);

	switch (e->kind) {
	case EV_COMPACT_TRY:
		end_stall(r, task, false);
		*task |= SEEN_COMPACT;
		break;
	case EV_COMPACT_SUITABLE:
		if (*task & SEEN_COMPACT &&
		    (e->w[3] == MM_COMPACT_CONTINUE || e->w[3] == MM_COMPACT_SUCCESS))
			*task |= SEEN_STALL;
		break;
	case EV_COMPACT_DEFERRED:
		if (*task & SEEN_COMPACT) {
			*task |= SEEN_STALL;
			r->o->compact_deferred++;
		}
		break;
	case EV_COMPACT_MIGRATE_ISOLATE:
		r->o->migrate_scanned += e->w[2];
		break;
	case EV_COMPACT_FREE_ISOLATE:
		r->o->free_scanned += e->w[2];
		break;
	case EV_COMPACT_MIGRATED:
		r->o->pages_migrated += e->w[0];
		r->o->migrate_failed += e->w[1];
		break;
	default:
		break;
	}
}

static void on_reclaim(struct recorded *r, const struct event *e)
{
	uint8_t *task = task_of(r, e);

	switch (e->kind) {
	case EV_RECLAIM_BEGIN:
		end_stall(r, task, false);
		*task |= SEEN_RECLAIM;
		r->o->direct_reclaims++;
		break;
	case EV_LRU_SHRINK_INACTIVE:
		*(*task & IS_KSWAPD ? &r->o->reclaimed_kswapd : &r->o->reclaimed_direct) += e->w[2];
		break;
	case EV_KSWAPD_WAKE:
		r->o->kswapd_runs++;
		break;
	case EV_FREE:
		if (*task & IS_KSWAPD)
			r->freed_kswapd += 1ull << (e->w[1] < 32 ? e->w[1] : 0);
		break;
	case EV_RECLAIM_END:
		r->freed_direct += e->w[0];
		break;
	default:
		break;
	}
}

static void scan(struct recorded *r, uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i < to; i++) {
		const struct event *e = &r->t->events[i];

		if (e->kind == EV_ALLOC)
			on_alloc(r, e);
		else if (e->kind >= EV_COMPACT_BEGIN && e->kind <= EV_COMPACT_MIGRATED)
			on_compaction(r, e);
		else
			on_reclaim(r, e);
	}
	if (!r->t->kinds_seen[EV_LRU_SHRINK_INACTIVE]) {
		r->o->reclaimed_kswapd = r->freed_kswapd;
		r->o->reclaimed_direct = r->freed_direct;
	}
}

static int mark_tasks(struct recorded *r, const struct capture *c, struct error *err)
{
	r->nr_tasks = r->t->max_pid + 1;
	r->tasks = calloc(r->nr_tasks, 1);
	if (!r->tasks)
		return error_set(err, "not enough memory for a table of %u tasks", r->nr_tasks);
	for (size_t i = 0; i < r->t->nr_comms; i++) {
		const struct trace_comm *tc = &r->t->comms[i];

		if (tc->pid < r->nr_tasks && !strncmp(tc->comm, "kswapd", 6))
			r->tasks[tc->pid] |= IS_KSWAPD;
		if (tc->pid < r->nr_tasks && !strncmp(tc->comm, "trace-cmd", 9))
			r->tasks[tc->pid] |= IS_RECORDER;
	}
	if (c->manifest.recorder_pid && c->manifest.recorder_pid < r->nr_tasks)
		r->tasks[c->manifest.recorder_pid] |= IS_RECORDER;
	return 0;
}

/* One resize of the pool after another, scored as the replay does it: wanted pages, not tries. */
struct intent {
	bool marked;
	uint32_t nr, order, target, last_target, asked, got;
	uint32_t pool; /* pages in it */
};

static void end_intent(struct outcome *o, struct intent *in)
{
	uint32_t wanted = in->asked, order = in->order ? in->order : o->pageblock_order;

	if (in->marked && in->asked) {
		wanted = in->target > in->last_target ? in->target - in->last_target : 0;
		in->last_target = in->target;
	}
	o->huge_wanted += wanted;
	o->huge_got += in->got;
	o->orders[order].attempts += wanted;
	o->orders[order].attempts -= in->asked;
	in->nr = in->asked = in->got = 0;
	in->marked = false;
}

/*
 * A fault for a huge page that asked twice wanted one. One was wanted too where a range of small
 * pages is touched again, though nobody asks for it there (demand/ranges.c).
 */
static void count_ranges(struct outcome *o, const struct demand *d, uint8_t *touched)
{
	for (uint64_t i = 0; i < d->nr; i++) {
		const struct demand_op *op = &d->ops[i];
		bool again = op->flags & DEMAND_F_AGAIN && touched[op->arg];
		uint32_t order = op->flags & DEMAND_F_THP ? op->order : o->pageblock_order;

		if (!(op->flags & DEMAND_F_RANGE))
			continue;
		if (op->kind == DEMAND_DEATH) {
			touched[op->arg] &= !(op->flags & DEMAND_F_LAST);
			continue;
		}
		if (again || (!touched[op->arg] && !(op->flags & DEMAND_F_THP))) {
			o->huge_wanted += again ? -1ull : 1;
			o->orders[order].attempts += again ? -1ull : 1;
		}
		touched[op->arg] = 1;
	}
}

static void count_intents(struct outcome *o, const struct demand *d)
{
	struct intent in = {0};

	for (uint64_t i = 0; i < d->nr_initial; i++)
		in.pool += d->initial[i].page == MM_KIND_HUGETLB;
	in.last_target = in.pool;
	for (uint64_t i = 0; i < d->nr; i++) {
		const struct demand_op *op = &d->ops[i];
		bool request = op->kind == DEMAND_BIRTH || op->kind == DEMAND_FAIL;

		if (op->kind == DEMAND_WANT || op->kind == DEMAND_DONE ||
		    (request && op->flags & DEMAND_F_HUGE && in.nr && !in.marked &&
		     op->arg != in.nr))
			end_intent(o, &in);
		if (op->kind == DEMAND_WANT) {
			in.marked = true;
			in.target = op->arg;
		}
		if (op->kind == DEMAND_DEATH && op->flags & DEMAND_F_HUGE && in.pool &&
		    --in.pool < in.last_target)
			in.last_target = in.pool;
		if (!request || !(op->flags & DEMAND_F_HUGE))
			continue;
		in.pool += op->kind == DEMAND_BIRTH;
		in.nr = op->arg;
		in.order = op->order;
		in.asked++;
		in.got += op->kind == DEMAND_BIRTH;
	}
	end_intent(o, &in);
	/* A pool that is filled, emptied and filled again within one intent gets more than it
	 * wants. */
	if (o->huge_got > o->huge_wanted)
		o->huge_got = o->huge_wanted;
}

/* As a recording names them, which may be without a start state. */
static uint32_t pageblock_order(const struct capture *c)
{
	uint32_t order = c->start.level != SNAP_NONE ? c->start.pageblock_order
						     : c->manifest.pageblock_order;

	return order ? order : 9;
}

int recorded_demand(const struct capture *c, const struct trace *t, uint32_t percent, uint64_t end,
		    struct demand *d, struct error *err)
{
	struct demand_geometry geo = {.nr_frames = 1u << (MM_NR_ORDERS - 1),
				      .pageblock_order = pageblock_order(c)};
	uint64_t last = 0;

	for (uint64_t i = 0; i < t->nr; i++) {
		const struct event *e = &t->events[i];

		if ((e->kind == EV_ALLOC || e->kind == EV_FREE) && e->w[0] != UINT64_MAX &&
		    e->w[0] > last)
			last = e->w[0];
	}
	if (last >= end)
		return error_set(
			err,
			"page frame %#llx is beyond what this program supports (%llu GiB of 4 KiB pages)",
			(unsigned long long)last, (unsigned long long)end >> 18);
	recording_range(c, t, &geo.first, &geo.last);
	geo.cut = cut_event(t, percent);
	geo.nr_frames = ((uint32_t)last | ((1u << (MM_NR_ORDERS - 1)) - 1)) + 1;
	return demand_derive(d, c, t, &geo, NULL, err);
}

static int intents(const struct capture *c, const struct trace *t, uint32_t percent,
		   struct outcome *o, struct error *err)
{
	struct demand d;
	uint8_t *touched;
	bool counted;

	if (recorded_demand(c, t, percent, RECORDED_MAX_FRAMES, &d, err))
		return -1;
	touched = calloc(d.nr_ranges + 1ull, 1);
	counted = touched != NULL;
	if (counted) {
		count_intents(o, &d);
		count_ranges(o, &d, touched);
	}
	free(touched);
	o->demand_ops = d.nr;
	o->unknown_frees = d.counts.unknown_frees;
	o->double_allocs = d.counts.double_allocs;
	demand_release(&d);
	return counted ? 0 : error_set(err, "out of memory");
}

static struct ranged single(uint64_t v)
{
	return (struct ranged){.central = (int64_t)v, .low = (int64_t)v, .high = (int64_t)v};
}

int outcome_recorded(const struct capture *c, const struct trace *t, struct outcome *out,
		     struct error *err)
{
	return outcome_recorded_after(c, t, 0, out, err);
}

int outcome_recorded_after(const struct capture *c, const struct trace *t, uint32_t percent,
			   struct outcome *out, struct error *err)
{
	struct recorded r = {.t = t, .o = out};
	struct stall_costs costs;
	uint64_t from, to;

	memset(out, 0, sizeof(*out));
	if (cut_check(t, percent, err))
		return -1;
	outcome_describe(out, c, t);
	snprintf(out->policy, sizeof(out->policy), "recorded");
	if (percent == WHATIF_CUT_AT_BRANCH)
		snprintf(out->params, sizeof(out->params), "@cut=branch");
	else if (percent)
		snprintf(out->params, sizeof(out->params), "@cut=%u%%", percent);
	out->pageblock_order = pageblock_order(c);
	if (mark_tasks(&r, c, err))
		return -1;
	recording_range(c, t, &from, &to);
	if (cut_event(t, percent) > from)
		from = cut_event(t, percent);
	scan(&r, from, to);
	free(r.tasks);
	if (intents(c, t, percent, out, err))
		return -1;
	out->pages_reclaimed = single(out->reclaimed_kswapd + out->reclaimed_direct);
	out->huge_success = single(out->huge_got);
	stall_costs_fit(&costs, t, from);
	out->stall_ns = single(costs.waited);
	stall_costs_release(&costs);
	return 0;
}
