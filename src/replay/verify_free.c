// SPDX-License-Identifier: GPL-2.0-only
/* Frees and drains: a free is given, what it drains is predicted. */
#include "replay/verify.h"

/* Makes the frames of the freed page one allocated page, whatever pieces the machine thought it was
 * in. */
static bool take_over(struct verify *v, struct frame f, uint32_t order)
{
	struct mm *mm = v->mm;
	struct frame head = mm_page_head(mm, f);

	bool listed = !frame_is_none(repair_listed(mm, f));

	if (!frame_is_none(head) && !listed && mm_frame(mm, head)->order > order)
		mm_split_page(mm, head, order);
	for (uint32_t i = 0; i < 1u << order; i++) {
		struct frame g = {f.n + i};

		if (listed || mm_frame(mm, g)->list != MM_NO_LIST ||
		    !frame_is_none(mm_buddy_containing(mm, g))) {
			verify_mismatch(v, MISMATCH_FREE_OF_FREE, FRAME_NONE, f,
					"order %u is freed but frame %#x of it was free", order,
					g.n);
			v->res->resyncs++;
			v->resynced = true;
			repair_remove(v, f, order);
			return false;
		}
		mm_frame(mm, g)->flags = 0;
		mm_frame(mm, g)->order = 0;
	}
	mm_mark_allocated(mm, f, order);
	return true;
}

static void commit(struct verify *v, const struct event *e, struct frame f, uint32_t order)
{
	uint32_t zone = mm_frame_zone(v->mm, f);
	struct mm_drain d;

	v->mm->cpu = e->cpu;
	mm_pcp_free(v->mm, e->cpu, f, order, &d);
	if (!d.active)
		return;
	verify_drain_end(v, zone);
	v->ops[zone] = (struct zone_op){
		.kind = OP_DRAIN,
		.cpu = e->cpu,
		.pid = e->pid,
		.ctx = event_context(e),
		.drain = d,
		.fresh = true,
		.exact = true,
	};
}

/*
 * Tails of alloc_pages_exact: the task frees order-0 parts behind what it keeps of its last page;
 * since 6.1 they go straight to the tail of the zone's lists [make_alloc_exact].
 */
static bool is_exact_tail(const struct verify *v, const struct event *e)
{
	const struct task *task = verify_task((struct verify *)v, e->pid, false);

	return task && task->exact_order && e->w[1] == 0 && event_context(e) == CTX_TASK &&
	       e->w[0] > task->exact_pfn && e->w[0] < task->exact_pfn + (1ull << task->exact_order);
}

/* Did this free, in an interrupt, find the per-cpu lists locked by what it interrupted? */
static bool missed_lock(struct verify *v, const struct event *e, struct frame f, uint32_t order)
{
	const struct event *next = v->i + 1 < v->last ? e + 1 : NULL;
	uint32_t zone = mm_frame_zone(v->mm, f);
	bool judged, direct;

	if (event_context(e) == CTX_TASK)
		return false;
	if (look_lock_held(v, zone))
		return true;
	direct = look_burst_direct(v, zone, &judged);
	if (judged)
		return direct;
	if (look_lock_likely(v))
		return true;
	/* It would have had to drain, and did not. */
	if (next && next->kind != EV_PCPU_DRAIN &&
	    mm_pcp_free_would_drain(v->mm, e->cpu, f, order)) {
		v->res->lookaheads++;
		return true;
	}
	return false;
}

/*
 * Pages that are freed one by one as events say, but put on a list in the largest pieces that their
 * place allows
 * [__free_contig_range_common, free_prepared_contig_range, 7.2].
 */
void verify_contig(struct verify *v, const struct event *e)
{
	struct task *task = verify_task(v, e->pid, true);

	if (!task || event_context(e) != CTX_TASK)
		return;
	task->contig_pfn = e->w[0];
	task->contig_nr = e->w[1];
}

static void contig_commit(struct verify *v, const struct event *e, struct task *task)
{
	struct frame f = frame_from_pfn(v->mm, (struct pfn){task->contig_pfn});
	uint32_t left = (uint32_t)task->contig_nr, order;

	task->contig_nr = 0;
	for (; left; left -= 1u << order, f.n += 1u << order) {
		order = mm_piece_order(v->mm, f, left);
		if (!take_over(v, f, order))
			continue;
		if (mm_pcp_allowed_order(v->mm, order) && mm_block_type(v->mm, f) != MM_ISOLATE)
			commit(v, e, f, order);
		else
			mm_free_direct(v->mm, e->cpu, f, order, 0);
	}
}

/* Is the free part of such a range? The last one puts all of it on the lists. */
static bool contig_free(struct verify *v, const struct event *e)
{
	struct task *task = verify_task(v, e->pid, false);

	if (!task || !task->contig_nr || event_context(e) != CTX_TASK || e->w[1] ||
	    e->w[0] < task->contig_pfn || e->w[0] - task->contig_pfn >= task->contig_nr)
		return false;
	if (e->w[0] == task->contig_pfn + task->contig_nr - 1)
		contig_commit(v, e, task);
	return true;
}

void verify_free(struct verify *v, const struct event *e)
{
	struct frame f = frame_from_pfn(v->mm, (struct pfn){e->w[0]});
	uint32_t order = (uint32_t)e->w[1];

	if (frame_is_none(f) || order >= v->mm->nr_orders ||
	    mm_frame_zone(v->mm, f) == UINT32_MAX || (f.n & ((1u << order) - 1)))
		return;
	verify_compact_free(v, e, f);
	take_over(v, f, order);
	if (v->known)
		for (uint32_t i = 0; i < 1u << order; i++)
			v->known[f.n + i] = 1;
	if (v->look[v->i] & LOOK_BATCHED || contig_free(v, e))
		return;
	if (is_exact_tail(v, e)) {
		mm_free_direct(v->mm, e->cpu, f, order, MM_FPI_TO_TAIL);
		return;
	}
	if (!mm_pcp_allowed_order(v->mm, order) || mm_block_type(v->mm, f) == MM_ISOLATE ||
	    missed_lock(v, e, f, order))
		mm_free_direct(v->mm, e->cpu, f, order, 0);
	else
		commit(v, e, f, order);
}

/* The lock is taken anew for another zone's page [free_unref_page_list]. */
static void note_batched(struct task *task, uint32_t zone)
{
	task->batch_run = task->batch_zone == zone ? task->batch_run + 1 : 1;
	task->batch_zone = zone;
}

void verify_free_batched(struct verify *v, const struct event *e)
{
	struct frame f = frame_from_pfn(v->mm, (struct pfn){e->w[0]});
	struct task *task = verify_task(v, e->pid, true);

	if (frame_is_none(f) || mm_frame_zone(v->mm, f) == UINT32_MAX)
		return;
	if (task)
		note_batched(task, mm_frame_zone(v->mm, f));
	if (mm_frame(v->mm, f)->list != MM_NO_LIST || !(mm_frame(v->mm, f)->flags & MM_F_HEAD))
		take_over(v, f, 0); /* its mm_page_free was lost */
	commit(v, e, f, mm_frame(v->mm, f)->order);
}

/* ---- drains ---- */

static void drain_done(struct verify *v, struct zone_op *op)
{
	v->res->drains++;
	v->res->drains_exact += op->exact;
	op->kind = OP_NONE;
}

/*
 * A drain that the model thinks due and the kernel did not do: the model holds pages that the
 * kernel no longer has there. The oldest are given up, so that one lost page does not become a
 * wrong drain at every free.
 */
static void give_up_excess(struct verify *v, const struct zone_op *op)
{
	struct mm_pcp *pcp = mm_pcp(v->mm, op->drain.zone, op->drain.cpu);
	struct mm_drain d = op->drain;
	struct frame f;

	v->res->resyncs++;
	v->resynced = true;
	if (v->known) { /* how full the lists may get was not known either: it is learned now */
		pcp->high = pcp->count + 4 * pcp->batch;
		if (pcp->high_max && pcp->high_max < pcp->high)
			pcp->high_max = pcp->high;
		return;
	}
	while (!frame_is_none(f = mm_drain_peek(v->mm, &d))) {
		uint32_t order = mm_frame(v->mm, f)->order;

		mm_pcp_del(v->mm, d.zone, d.cpu, f);
		mm_mark_allocated(v->mm, f, order);
		mm_drain_begin(v->mm, &d, d.zone, d.cpu, d.left - (1 << order), d.pindex);
	}
}

void verify_drain_end(struct verify *v, uint32_t zone)
{
	struct zone_op *op = &v->ops[zone];
	struct frame f;

	if (op->kind != OP_DRAIN)
		return;
	f = mm_drain_peek(v->mm, &op->drain);
	if (!frame_is_none(f) && verify_suspend_drain(v, op))
		return;
	if (!frame_is_none(f)) {
		bool learned = infer_wmarks(v, zone, op->drain.cpu, false);

		op->exact = false;
		v->res->ops_missing++;
		verify_mismatch(v, MISMATCH_MISSING_OP, f, FRAME_NONE,
				"zone %s: drain of %d more pages expected", v->mm->zones[zone].name,
				op->drain.left);
		if (!learned)
			give_up_excess(v, op);
	}
	drain_done(v, op);
}

static uint32_t owner_of(const struct mm *mm, struct frame f, uint32_t otherwise)
{
	if (!mm_on_pcp_list(mm, f))
		return otherwise;
	return (mm_frame(mm, f)->list - mm->list_pcp) / MM_NR_PCP_LISTS % mm->nr_cpus;
}

/* Right behind a free of the same task: it is that one's, although the model did not think the
 * lists full. */
static bool follows_free(struct verify *v, const struct event *e, uint32_t zone, struct mm_drain *d)
{
	const struct event *free = v->i > v->first ? e - 1 : e;
	struct frame f = frame_from_pfn(v->mm, (struct pfn){free->w[0]});

	return (free->kind == EV_FREE || free->kind == EV_FREE_BATCHED) && free->pid == e->pid &&
	       free->cpu == e->cpu && event_context(free) == event_context(e) &&
	       !frame_is_none(f) && mm_frame_zone(v->mm, f) == zone &&
	       (v->known || mm_pcp(v->mm, zone, e->cpu)->high_max) &&
	       mm_drain_after_free(v->mm, f, e->cpu, d);
}

/* Only when the lists are full was predicted wrongly: where decay_pcp_high is not recorded it has
 * made them full sooner, and where the start was not exact there are pages on them that the machine
 * does not know. From now on it knows when. */
static void drained_early(struct verify *v, const struct event *e, struct frame f, uint32_t zone)
{
	struct mm_pcp *pcp = mm_pcp(v->mm, zone, e->cpu);

	v->ops[zone].whole = v->ops[zone].exact = false;
	v->res->ops_extra++;
	verify_mismatch(v, MISMATCH_DRAIN_START, FRAME_NONE, f,
			"zone %s: drained by a free already at %d pages of %d",
			v->mm->zones[zone].name, pcp->count, pcp->high);
	if (!v->t->kinds_seen[EV_P_DECAY] || v->known)
		pcp->high = pcp->count;
}

/* A drain that no free caused: of all pages of a cpu in a zone, by reclaim or compaction
 * [drain_pages_zone]. */
static void start_whole_drain(struct verify *v, const struct event *e, struct frame f,
			      uint32_t zone)
{
	struct zone_op *op = &v->ops[zone];
	struct task *task = verify_task(v, e->pid, false);
	uint32_t owner = owner_of(v->mm, f, e->cpu);

	*op = (struct zone_op){.kind = OP_DRAIN,
			       .cpu = e->cpu,
			       .pid = e->pid,
			       .ctx = event_context(e),
			       .whole = true,
			       .exact = true};
	if (verify_fold_drains(v, e, zone))
		return;
	if (follows_free(v, e, zone, &op->drain)) {
		drained_early(v, e, f, zone);
		return;
	}
	mm_drain_begin(v->mm, &op->drain, zone, owner, mm_drain_chunk(v->mm, zone, owner), 0);
	if (verify_compact_drains(v, e, zone) || (task && (task->drain_allowed || task->drain_due)))
		return;
	infer_wmarks(v, zone, owner, true);
	op->exact = false;
	v->res->ops_extra++;
	verify_mismatch(v, MISMATCH_DRAIN_START, FRAME_NONE, f,
			"zone %s: no drain expected, %d of %d pages held", v->mm->zones[zone].name,
			mm_pcp(v->mm, zone, owner)->count, mm_pcp(v->mm, zone, owner)->high);
}

static void drain_other(struct verify *v, const struct event *e, struct zone_op *op, struct frame f)
{
	uint32_t order = (uint32_t)e->w[1], type = (uint32_t)e->w[2];

	op->exact = false;
	repair_take_from_pcp(v, f, order);
	mm_free_one(v->mm, f, order, type < MM_NR_TYPES ? type : MM_MOVABLE, 0);
	op->drain.left -= 1 << order;
	/* What the repair took may have been the last page of the list that the drain stands at. */
	mm_drain_begin(v->mm, &op->drain, op->drain.zone, op->drain.cpu, op->drain.left,
		       op->drain.pindex);
}

/* A drained page goes to the list of its block's type, which the event tells: where the model has
 * another one, an extfrag event is missing or the start's state was wrong. */
static bool block_type_is(struct verify *v, const struct event *e, struct frame f, uint32_t zone)
{
	uint32_t type = (uint32_t)e->w[2], had = mm_block_type(v->mm, f);

	if (!mm_claims_blocks(v->mm) || type >= MM_NR_TYPES || type == had)
		return true;
	verify_mismatch(v, MISMATCH_LIST_TYPE, FRAME_NONE, f,
			"zone %s: the block is of type %u, %u expected", v->mm->zones[zone].name,
			type, had);
	v->res->resyncs++;
	v->resynced = true;
	mm_set_block_type(v->mm, f, type);
	return false;
}

void verify_drain(struct verify *v, const struct event *e)
{
	struct frame f = frame_from_pfn(v->mm, (struct pfn){e->w[0]}), expected;
	uint32_t order = (uint32_t)e->w[1], zone;
	struct zone_op *op;
	bool typed;

	if (frame_is_none(f) || order >= v->mm->nr_orders)
		return;
	zone = mm_frame_zone(v->mm, f);
	if (zone == UINT32_MAX)
		return;
	op = &v->ops[zone];
	v->mm->cpu = e->cpu;
	if (op->kind != OP_DRAIN && !verify_resume_drain(v, e, zone))
		start_whole_drain(v, e, f, zone);
	op->fresh = false;
	expected = mm_drain_peek(v->mm, &op->drain);
	verify_predict(v, expected);
	v->res->drained_pages++;
	typed = block_type_is(v, e, f, zone);
	op->exact = op->exact && typed;
	if (expected.n == f.n && mm_frame(v->mm, f)->order == order) {
		v->res->drained_pages_exact += typed;
		mm_drain_step(v->mm, &op->drain);
	} else {
		verify_mismatch(v, MISMATCH_DRAIN_PAGE, expected, f,
				"zone %s, %d pages left to drain", v->mm->zones[zone].name,
				op->drain.left);
		drain_other(v, e, op, f);
	}
	if (op->drain.active)
		return;
	if (op->whole && mm_pcp(v->mm, zone, op->drain.cpu)->count > 0)
		mm_drain_begin(v->mm, &op->drain, zone, op->drain.cpu,
			       mm_drain_chunk(v->mm, zone, op->drain.cpu), 0);
	else if (!verify_decay_next(v, op))
		drain_done(v, op);
}
