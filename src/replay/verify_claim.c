// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernels in which a fallback claims a block or steals a page (6.12 and later). There an extfrag
 * event is an allocation of its own, unless mm_page_alloc_zone_locked named the same page just
 * before: that is a claim below the order of a block.
 */
#include "replay/verify.h"

/* What the mechanism would give for the operation; it has been taken. */
static struct frame take(struct verify *v, struct zone_op *op, uint32_t zone)
{
	uint32_t found;
	struct frame f;

	op->fb.head = FRAME_NONE;
	if (op->list_type == op->rq.type)
		return mm_rmqueue_mode(v->mm, zone, op->rq.order, op->rq.type, op->alloc_flags,
				       &op->mode, &op->fb);
	f = mm_peek_smallest(v->mm, zone, op->rq.order, op->list_type, &found);
	if (!frame_is_none(f)) {
		mm_take(v->mm, f, found, op->rq.order, op->list_type);
		mm_mod_free(v->mm, zone, op->cpu, -(1 << op->rq.order));
	}
	return f;
}

/* Does the kernel report this page by mm_page_alloc_zone_locked? */
static bool seen_locked(const struct verify *v, const struct zone_op *op)
{
	return frame_is_none(op->fb.head) ||
	       (op->mode == 0 && op->fb.order < v->mm->pageblock_order);
}

bool verify_claim_page(struct verify *v, struct zone_op *op, uint32_t zone, struct frame f,
		       uint32_t order, uint32_t type, bool locked)
{
	struct frame expected = take(v, op, zone);

	verify_predict(v, expected);
	op->exact_page = expected.n == f.n && op->rq.order == order && seen_locked(v, op) == locked;
	if (expected.n == f.n)
		return op->exact_page;
	if (!frame_is_none(expected)) {
		mm_free_one(v->mm, expected, op->rq.order, mm_block_type(v->mm, expected), 0);
		op->fb.head = FRAME_NONE;
	}
	verify_mismatch(v, MISMATCH_ZONE_HEAD, expected, f,
			"zone %s order %u type %u (expected order %u type %u)",
			v->mm->zones[zone].name, order, type, op->rq.order, op->list_type);
	repair_take_from_zone(v, f, order, type);
	mm_mod_free(v->mm, zone, op->cpu, -(1 << order));
	return false;
}

void verify_claim_event(struct verify *v, const struct event *e, struct zone_op *op, uint32_t zone,
			struct frame f)
{
	bool exact = op->fb.head.n == f.n && op->fb.order == e->w[2] && op->fb.type == e->w[4] &&
		     op->fb.change_ownership == (e->w[5] != 0);

	v->res->extfrag_events++;
	v->res->extfrag_exact += exact;
	if (!exact)
		verify_mismatch(v, MISMATCH_FALLBACK, op->fb.head, f,
				"zone %s: order %u from type %u", v->mm->zones[zone].name,
				(uint32_t)e->w[2], (uint32_t)e->w[4]);
	op->fb.head = FRAME_NONE;
}

/* decay_pcp_high begins: what leaves goes in batches from the first list on. */
void verify_decay(struct verify *v, const struct event *e)
{
	uint32_t cpu = e->cpu < v->mm->nr_cpus ? e->cpu : 0, zone = 0;
	struct zone_op *op;

	while (zone < v->mm->nr_zones &&
	       pfn_from_frame(v->mm, (struct frame){v->mm->zones[zone].start}).n != e->w[0])
		zone++;
	if (zone == v->mm->nr_zones)
		return;
	verify_refill_end(v, zone);
	verify_drain_end(v, zone);
	op = &v->ops[zone];
	*op = (struct zone_op){.kind = OP_DRAIN,
			       .cpu = cpu,
			       .pid = e->pid,
			       .ctx = event_context(e),
			       .exact = true,
			       .decay = mm_pcp_decay(v->mm, zone, cpu)};
	op->drain = (struct mm_drain){.zone = zone, .cpu = cpu};
	if (!verify_decay_next(v, op))
		op->kind = OP_NONE;
}

bool verify_decay_next(struct verify *v, struct zone_op *op)
{
	int32_t batch = mm_pcp(v->mm, op->drain.zone, op->drain.cpu)->batch;

	if (op->decay <= 0)
		return false;
	if (batch > op->decay)
		batch = op->decay;
	op->decay -= batch;
	mm_drain_begin(v->mm, &op->drain, op->drain.zone, op->drain.cpu, batch, 0);
	return op->drain.active;
}

/*
 * refresh_cpu_vm_stats. The vmstat worker also drains a batch of what its CPU holds of another node
 * when that has lain for three folds without a change of the zone's counters [drain_zone_pages];
 * most of these counters are in no event, so whether it does is seen, and what it drains predicted.
 */
void verify_fold(struct verify *v, const struct event *e)
{
	struct task *task = e->w[0] ? verify_task(v, e->pid, true) : NULL;

	mm_fold_diffs(v->mm, e->cpu < v->mm->nr_cpus ? e->cpu : 0);
	if (task)
		task->folds = true;
}

bool verify_fold_drains(struct verify *v, const struct event *e, uint32_t zone)
{
	const struct task *task = verify_task(v, e->pid, false);
	const struct mm_pcp *pcp;

	if (!task || !task->folds || e->cpu >= v->mm->nr_cpus ||
	    (uint32_t)v->mm->zones[zone].node == mm_node_of_cpu(v->mm, e->cpu))
		return false;
	pcp = mm_pcp(v->mm, zone, e->cpu);
	mm_drain_begin(v->mm, &v->ops[zone].drain, zone, e->cpu,
		       pcp->count < pcp->batch ? pcp->count : pcp->batch, 0);
	v->ops[zone].whole = false;
	v->res->lookaheads++;
	return true;
}
