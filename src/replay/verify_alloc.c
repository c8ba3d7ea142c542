// SPDX-License-Identifier: GPL-2.0-only
/* Requests: refills and single allocations under the zone's lock, pops from per-cpu lists. */
#include "replay/verify.h"

#include <string.h>

/* ---- pages on their way to an mm_page_alloc ---- */

void verify_pending_add(struct verify *v, uint32_t pid, enum context ctx, struct frame f,
			uint32_t order, bool exact)
{
	if (v->nr_pending == MAX_PENDING) { /* the oldest can only be a leftover */
		memmove(v->pending, v->pending + 1, (MAX_PENDING - 1) * sizeof(v->pending[0]));
		v->nr_pending--;
	}
	v->pending[v->nr_pending++] =
		(struct pending){.pid = pid, .ctx = ctx, .f = f, .order = order, .exact = exact};
}

static bool pending_take(struct verify *v, const struct event *e, struct pending *out)
{
	for (uint32_t i = v->nr_pending; i-- > 0;) {
		const struct pending *p = &v->pending[i];

		if (p->pid != e->pid || p->ctx != event_context(e) || p->order != e->w[1])
			continue;
		*out = *p;
		memmove(&v->pending[i], &v->pending[i + 1], (v->nr_pending - i - 1) * sizeof(*p));
		v->nr_pending--;
		/* One that was freed since belongs to a request whose event was never seen. */
		if (mm_frame(v->mm, out->f)->list == MM_NO_LIST &&
		    frame_is_none(mm_buddy_containing(v->mm, out->f)))
			return true;
	}
	return false;
}

/* ---- operations under the zone's lock ---- */

static bool continues(const struct zone_op *op, const struct event *e)
{
	return (op->kind == OP_REFILL || op->kind == OP_DIRECT) && op->got < op->want &&
	       op->cpu == e->cpu && op->pid == e->pid && op->ctx == event_context(e);
}

static void clear_boosted(struct mm *mm, uint32_t zone)
{
	mm->zones[zone].flags &= ~MM_ZONE_BOOSTED;
}

/* The list was thought to have pages and was refilled: what it had must have left unseen. */
static void empty_list(struct verify *v, uint32_t zone, const struct mm_request *rq)
{
	uint32_t list = mm_pcp_list(v->mm, zone, rq->cpu, mm_pindex(v->mm, rq->order, rq->type));
	struct frame f;

	while (!frame_is_none(f = mm_list_first(v->mm, list)))
		repair_take_from_pcp(v, f, rq->order);
}

/* How many events in a row belong to one operation here: tells a refill from a single allocation
 * after a surprise. */
static bool followed_by_more(const struct verify *v)
{
	const struct event *e = &v->t->events[v->i];

	for (uint64_t j = v->i + 1; j < v->last && j < v->i + 4; j++) {
		const struct event *n = &v->t->events[j];

		if (n->kind == EV_ZONE_LOCKED && n->pid == e->pid && n->w[1] == e->w[1])
			return true;
		if (n->kind == EV_ALLOC)
			return false;
	}
	return false;
}

static void start_unexpected(struct verify *v, const struct event *e, uint32_t zone,
			     struct choice *ch, const struct mm_request *rq)
{
	v->res->ops_extra++;
	verify_mismatch(
		v, MISMATCH_EXTRA_OP, FRAME_NONE, frame_from_pfn(v->mm, (struct pfn){e->w[0]}),
		"order %u type %u: the per-cpu list of zone %s has %u pages", rq->order, rq->type,
		v->mm->zones[zone].name,
		mm_pcp_allowed_order(v->mm, rq->order)
			? mm_list_count(v->mm, mm_pcp_list(v->mm, zone, rq->cpu,
							   mm_pindex(v->mm, rq->order, rq->type)))
			: 0);
	ch->path = mm_pcp_allowed_order(v->mm, rq->order) && followed_by_more(v) ? PATH_REFILL
										 : PATH_DIRECT;
	if (ch->path == PATH_REFILL)
		empty_list(v, zone, rq);
}

static void open_op(struct verify *v, const struct event *e, uint32_t zone, const struct choice *ch,
		    const struct mm_request *rq, bool bulk)
{
	bool refill = ch->path == PATH_REFILL;

	v->ops[zone] = (struct zone_op){
		.kind = refill ? OP_REFILL : OP_DIRECT,
		.cpu = e->cpu,
		.pid = e->pid,
		.ctx = event_context(e),
		.rq = *rq,
		.alloc_flags = ch->alloc_flags,
		.want = refill ? mm_refill_want(v->mm, zone, rq->cpu, rq->order) : 1,
		.list_type = ch->list_type,
		.first = FRAME_NONE,
		.exact = true,
		.bulk = bulk,
	};
	if (refill && !bulk)
		choice_halve(v->mm, zone, rq->cpu);
}

/* A bulk allocation's refill: its list is empty once it has taken what was there. */
static bool start_bulk(struct verify *v, const struct event *e, uint32_t zone)
{
	struct task *task = verify_task(v, e->pid, false);
	struct mm_request rq = {.cpu = e->cpu, .pid = e->pid};
	struct choice ch = {.path = PATH_REFILL, .alloc_flags = MM_WMARK_LOW};

	if (!task || !task->bulk_left || event_context(e) != CTX_TASK || task->bulk_zone != zone)
		return false;
	rq.type = task->bulk_type;
	ch.list_type = rq.type;
	verify_bulk_pop(v, task);
	if (!task->bulk_left)
		return false;
	open_op(v, e, zone, &ch, &rq, true);
	return true;
}

/*
 * Where bulk allocations have no probe, a refill that the task's next request cannot have caused is
 * one's. Most are for the stack of a new task [alloc_thread_stack_node, vm_area_alloc_pages]: what
 * the list does not have of its pages is taken from the refill.
 */
static bool start_unseen_bulk(struct verify *v, const struct event *e, uint32_t zone,
			      const struct mm_request *next)
{
	struct mm_request rq = {.cpu = e->cpu, .pid = e->pid, .type = (uint32_t)e->w[2]};
	struct choice ch = {.path = PATH_REFILL, .alloc_flags = MM_WMARK_LOW};
	struct task *task = verify_task(v, e->pid, true);
	uint32_t held;

	if (v->t->kinds_seen[EV_P_BULK] || e->w[1] || !task || event_context(e) != CTX_TASK ||
	    rq.type >= MM_NR_PCP_TYPES || rq.cpu >= v->mm->nr_cpus)
		return false;
	held = mm_list_count(v->mm, mm_pcp_list(v->mm, zone, rq.cpu, mm_pindex(v->mm, 0, rq.type)));
	if (next->order == 0 && (next->type != rq.type || !held))
		return false;
	start_unexpected(v, e, zone, &ch, &rq);
	ch.path = PATH_REFILL;
	empty_list(v, zone, &rq);
	ch.list_type = task->bulk_type = rq.type;
	task->bulk_zone = zone;
	task->bulk_left = held < STACK_PAGES ? STACK_PAGES - held : 0;
	task->stack_seen = true;
	open_op(v, e, zone, &ch, &rq, true);
	return true;
}

static void start_op(struct verify *v, const struct event *e, uint32_t zone)
{
	struct frame got = frame_from_pfn(v->mm, (struct pfn){e->w[0]});
	const struct event *r;
	struct mm_request rq;
	struct choice ch;
	bool locked;

	verify_refill_end(v, zone);
	verify_drain_end(v, zone);
	if (start_bulk(v, e, zone))
		return;
	r = look_request(v, v->i);
	if (r) {
		choice_request(v, r, &rq);
	} else { /* cut off by the end of the recording or by lost events */
		rq = (struct mm_request){.cpu = e->cpu, .order = (uint32_t)e->w[1], .pid = e->pid};
		rq.type = e->w[2] < MM_NR_PCP_TYPES ? (uint32_t)e->w[2] : MM_UNMOVABLE;
		rq.gfp = rq.type << 3 | MM_GFP_KSWAPD_RECLAIM | MM_GFP_DIRECT_RECLAIM;
	}
	if (r && start_unseen_bulk(v, e, zone, &rq))
		return;
	locked = look_lock_held(v, UINT32_MAX);
	choice_make(v, &rq, event_context(e), locked, &ch);
	if (!locked && ch.path == PATH_POP && event_context(e) != CTX_TASK &&
	    !followed_by_more(v)) {
		/* In an interrupt right behind a zone operation: it came when the lock was still
		 * held. */
		v->res->lookaheads++;
		choice_make(v, &rq, event_context(e), true, &ch);
	}
	if (ch.path == PATH_POP && ch.zone == zone && followed_by_more(v) &&
	    verify_emptied_by_preempted(v, e, zone, &rq))
		choice_make(v, &rq, event_context(e), false, &ch);
	choice_learn(v, &rq, event_context(e), &ch, zone);
	choice_count(v, &ch, zone, got);
	if (ch.zone != zone) {
		ch.alloc_flags = mm_alloc_flags_slow(v->mm, &rq);
		choice_at_zone(v->mm, zone, &rq, locked, &ch);
	}
	if (ch.path != PATH_REFILL && ch.path != PATH_DIRECT)
		start_unexpected(v, e, zone, &ch, &rq);
	open_op(v, e, zone, &ch, &rq, false);
}

static void finish_direct(struct verify *v, uint32_t zone, struct frame f)
{
	struct zone_op *op = &v->ops[zone];

	if (!mm_claims_blocks(v->mm))
		mm_mod_free(v->mm, zone, op->cpu, -(int64_t)op->pages);
	clear_boosted(v->mm, zone);
	if (op->alloc_flags & MM_ALLOC_HIGHATOMIC)
		mm_reserve_highatomic(v->mm, zone, f);
	verify_pending_add(v, op->pid, op->ctx, f, op->first_order, op->exact);
	op->kind = OP_NONE;
}

void verify_refill_end(struct verify *v, uint32_t zone)
{
	struct zone_op *op = &v->ops[zone];
	struct task *task;

	if (op->kind == OP_DIRECT) {
		op->kind = OP_NONE;
		return;
	}
	if (op->kind != OP_REFILL)
		return;
	if (op->got < op->want &&
	    choice_can_take(v->mm, zone, op->rq.order, op->rq.type, op->alloc_flags)) {
		op->exact = false;
		v->res->ops_missing += op->want - op->got;
		verify_mismatch(
			v, MISMATCH_MISSING_OP, FRAME_NONE, FRAME_NONE,
			"zone %s: a refill of order %u type %u brought %u pages, %u expected",
			v->mm->zones[zone].name, op->rq.order, op->rq.type, op->got, op->want);
	}
	v->res->refills++;
	v->res->refills_exact += op->exact;
	v->mm->cpu = op->cpu;
	if (!mm_claims_blocks(v->mm))
		mm_mod_free(v->mm, zone, op->cpu, -(int64_t)op->pages);
	clear_boosted(v->mm, zone);
	op->kind = OP_NONE;
	if (op->bulk) {
		task = verify_task(v, op->pid, false);
		if (task)
			verify_bulk_pop(v, task);
	} else if (op->got && mm_on_pcp_list(v->mm, op->first)) {
		/* The page that the refill was made for leaves the list now, not when its
		 * mm_page_alloc fires. */
		mm_pcp_del(v->mm, zone, op->cpu, op->first);
		mm_mark_allocated(v->mm, op->first, op->first_order);
		verify_pending_add(v, op->pid, op->ctx, op->first, op->first_order,
				   op->first_exact);
	}
}

static void count_zone_alloc(struct verify *v, struct frame f, bool exact)
{
	v->res->zone_allocs++;
	v->res->zone_allocs_exact += exact;
	if (verify_known(v, f)) {
		v->res->known_zone_allocs++;
		v->res->known_zone_allocs_exact += exact;
	}
}

/* One page more for the operation at hand. */
static void taken(struct verify *v, struct zone_op *op, uint32_t zone, struct frame f,
		  uint32_t order, uint32_t type, bool exact)
{
	count_zone_alloc(v, f, exact);
	op->exact = op->exact && exact;
	if (op->got++ == 0) {
		op->first = f;
		op->first_order = order;
		op->first_exact = exact;
	}
	op->pages += 1u << order;
	if (op->kind == OP_DIRECT) {
		op->exact = exact;
		finish_direct(v, zone, f);
		return;
	}
	mm_pcp_add_refilled(v->mm, zone, op->cpu, f, order,
			    type < MM_NR_PCP_TYPES ? type : op->rq.type);
	if (op->got == op->want)
		verify_refill_end(v, zone);
}

void verify_zone_locked(struct verify *v, const struct event *e)
{
	struct frame f = frame_from_pfn(v->mm, (struct pfn){e->w[0]}), expected;
	uint32_t order = (uint32_t)e->w[1], type = (uint32_t)e->w[2], zone, found = 0;
	struct zone_op *op;
	bool exact;

	if (frame_is_none(f) || order >= v->mm->nr_orders || type >= MM_NR_TYPES)
		return;
	zone = mm_frame_zone(v->mm, f);
	if (zone == UINT32_MAX)
		return;
	v->mm->cpu = e->cpu;
	op = &v->ops[zone];
	if (!continues(op, e))
		start_op(v, e, zone);
	if (mm_claims_blocks(v->mm)) {
		taken(v, op, zone, f, order, type,
		      verify_claim_page(v, op, zone, f, order, type, true));
		return;
	}
	expected = mm_peek_smallest(v->mm, zone, op->rq.order, op->list_type, &found);
	verify_predict(v, expected);
	exact = expected.n == f.n && op->rq.order == order && op->list_type == type;
	if (exact) {
		mm_take(v->mm, f, found, order, type);
	} else {
		op->exact = false;
		verify_mismatch(v, type != op->list_type ? MISMATCH_LIST_TYPE : MISMATCH_ZONE_HEAD,
				expected, f, "zone %s order %u type %u (expected order %u type %u)",
				v->mm->zones[zone].name, order, type, op->rq.order, op->list_type);
		repair_turn_list(v, expected, f);
		repair_take_from_zone(v, f, order, type);
	}
	taken(v, op, zone, f, order, type, exact);
}

void verify_extfrag(struct verify *v, const struct event *e)
{
	struct frame f = frame_from_pfn(v->mm, (struct pfn){e->w[0]});
	struct mm_fallback fb;
	struct zone_op *op;
	uint32_t zone, found;
	bool exact;

	if (frame_is_none(f) || mm_frame_zone(v->mm, f) == UINT32_MAX)
		return;
	zone = mm_frame_zone(v->mm, f);
	v->mm->cpu = e->cpu;
	op = &v->ops[zone];
	if (mm_claims_blocks(v->mm) && op->fb.head.n == f.n) { /* the page that was just named */
		verify_claim_event(v, e, op, zone, f);
		return;
	}
	if (!continues(op, e))
		start_op(v, e, zone);
	if (mm_claims_blocks(v->mm)) {
		taken(v, op, zone, f, (uint32_t)e->w[1], op->rq.type,
		      verify_claim_page(v, op, zone, f, (uint32_t)e->w[1], op->rq.type, false));
		verify_claim_event(v, e, op, zone, f);
		return;
	}
	v->res->extfrag_events++;
	exact = frame_is_none(mm_peek_smallest(v->mm, zone, op->rq.order, op->rq.type, &found)) &&
		mm_find_fallback(v->mm, zone, op->rq.order, op->rq.type, op->alloc_flags, &fb) &&
		fb.head.n == f.n && fb.order == e->w[2] && fb.type == e->w[4];
	if (!exact) {
		verify_mismatch(v, MISMATCH_FALLBACK, FRAME_NONE, f,
				"zone %s: order %u from type %u", v->mm->zones[zone].name,
				(uint32_t)e->w[2], (uint32_t)e->w[4]);
		if (!mm_on_buddy_list(v->mm, f))
			return;
		v->res->resyncs++;
		v->resynced = true;
		fb = (struct mm_fallback){f, mm_frame(v->mm, f)->order,
					  mm_buddy_list_type(v->mm, f), false};
	}
	mm_steal(v->mm, zone, op->rq.type, op->alloc_flags, &fb);
	v->res->extfrag_exact += exact && fb.change_ownership == (e->w[5] != 0);
	if (exact && fb.change_ownership != (e->w[5] != 0)) {
		verify_mismatch(v, MISMATCH_FALLBACK, f, f, "change_ownership %d expected",
				fb.change_ownership);
		if (e->w[5])
			mm_set_block_type(v->mm, f, op->rq.type);
	}
}

/* ---- mm_page_alloc ---- */

static void count_page_alloc(struct verify *v, struct frame f, bool exact)
{
	v->res->page_allocs++;
	v->res->page_allocs_exact += exact;
	if (verify_known(v, f)) {
		v->res->known_page_allocs++;
		v->res->known_page_allocs_exact += exact;
	}
}

static struct frame list_head(const struct verify *v, const struct choice *ch,
			      const struct mm_request *rq)
{
	if (ch->path != PATH_POP)
		return FRAME_NONE;
	return mm_list_first(v->mm, mm_pcp_list(v->mm, ch->zone, rq->cpu,
						mm_pindex(v->mm, rq->order, rq->type)));
}

static void report_wrong_pop(struct verify *v, struct frame expected, struct frame f,
			     const struct mm_request *rq)
{
	const struct mm *mm = v->mm;
	enum mismatch kind = MISMATCH_NOT_FREE;

	if (mm_on_pcp_list(mm, f))
		kind = !frame_is_none(expected) &&
				       mm_frame(mm, f)->list == mm_frame(mm, expected)->list
			       ? MISMATCH_PCP_HEAD
			       : MISMATCH_PCP_ELSEWHERE;
	else if (!frame_is_none(mm_buddy_containing(mm, f)))
		kind = MISMATCH_MISSING_OP;
	verify_mismatch(v, kind, expected, f, "order %u type %u gfp %#x", rq->order, rq->type,
			rq->gfp);
}

static void alloc_from_pcp(struct verify *v, const struct event *e, struct frame f)
{
	struct mm_request rq;
	struct choice ch;
	struct frame expected;

	choice_request(v, e, &rq);
	choice_make(v, &rq, event_context(e), false, &ch);
	expected = list_head(v, &ch, &rq);
	if (expected.n != f.n && verify_popped_before(v, e, ch.zone, f, &rq))
		expected = f;
	else if (expected.n != f.n && ch.path == PATH_POP &&
		 (verify_swap_interrupted(v, e, &ch) || verify_swap_preempted(v, e, &ch, f))) {
		choice_make(v, &rq, event_context(e), false, &ch);
		expected = list_head(v, &ch, &rq);
	}
	if (expected.n != f.n && ch.path == PATH_POP) {
		struct frame before = verify_head_before_interrupt(v, e, expected);

		v->res->reorderings += before.n == f.n;
		expected = before.n == f.n ? before : expected;
	}
	verify_predict(v, expected);
	choice_learn(v, &rq, event_context(e), &ch, mm_frame_zone(v->mm, f));
	choice_count(v, &ch, mm_frame_zone(v->mm, f), f);
	count_page_alloc(v, f, expected.n == f.n);
	verify_stack_popped(v, &rq, expected, f);
	if (expected.n == f.n) {
		mm_pcp_del(v->mm, ch.zone, rq.cpu, f);
		mm_mark_allocated(v->mm, f, rq.order);
	} else {
		report_wrong_pop(v, expected, f, &rq);
		if (!frame_is_none(expected) && mm_on_pcp_list(v->mm, f) &&
		    mm_frame(v->mm, f)->list == mm_frame(v->mm, expected)->list)
			repair_pass_over(v, f);
		repair_take_from_pcp(v, f, rq.order);
	}
	if (mm_pcp_allowed_order(v->mm, rq.order))
		choice_halve(v->mm, mm_frame_zone(v->mm, f), rq.cpu);
	clear_boosted(v->mm, mm_frame_zone(v->mm, f));
}

static void note_for_exact_tails(struct verify *v, const struct event *e)
{
	struct task *task = event_context(e) == CTX_TASK && e->w[1] ? verify_task(v, e->pid, true)
								    : verify_task(v, e->pid, false);

	if (!task || event_context(e) != CTX_TASK)
		return;
	/* Compound pages are never cut. */
	task->exact_order = e->w[2] & GFP_COMP ? 0 : (uint32_t)e->w[1];
	task->exact_pfn = e->w[0];
}

/* A page that the task's own compaction kept for it [compact_zone_order]. */
static bool take_captured(struct verify *v, const struct event *e, struct frame f)
{
	struct task *task = verify_task(v, e->pid, false);
	bool exact;

	if (!task || !task->has_captured || event_context(e) != CTX_TASK)
		return false;
	task->has_captured = false;
	verify_predict(v, task->captured);
	exact = task->captured.n == f.n;
	v->res->captures++;
	v->res->captures_exact += exact;
	count_page_alloc(v, f, exact);
	if (!exact) {
		verify_mismatch(v, MISMATCH_CAPTURE, task->captured, f, "order %u",
				(uint32_t)e->w[1]);
		repair_take_from_pcp(v, f, (uint32_t)e->w[1]);
	}
	return true;
}

/* A page number that no zone has: nothing can be repaired, but the prediction was wrong. */
static void outside(struct verify *v, const struct event *e)
{
	v->res->page_allocs++;
	v->res->resyncs++;
	v->resynced = true;
	verify_mismatch(v, MISMATCH_NOT_FREE, FRAME_NONE, FRAME_NONE,
			"pfn %#lx of order %u is outside of every zone", (unsigned long)e->w[0],
			(uint32_t)e->w[1]);
}

void verify_alloc(struct verify *v, const struct event *e)
{
	struct frame f = frame_from_pfn(v->mm, (struct pfn){e->w[0]});
	struct pending p;

	if (e->w[0] == UINT64_MAX)
		return; /* a failure has no page to predict */
	if (frame_is_none(f) || e->w[1] >= v->mm->nr_orders ||
	    mm_frame_zone(v->mm, f) == UINT32_MAX) {
		outside(v, e);
		return;
	}
	v->mm->cpu = e->cpu;
	note_for_exact_tails(v, e);
	if (take_captured(v, e, f)) {
		/* Counted there. */
	} else if (v->nr_supposed && verify_take_supposed(v, e, f)) {
		count_page_alloc(v, f, true);
	} else if (!pending_take(v, e, &p)) {
		alloc_from_pcp(v, e, f);
	} else {
		count_page_alloc(v, f, p.exact && p.f.n == f.n);
		if (p.f.n != f.n) {
			verify_mismatch(v, MISMATCH_PCP_HEAD, p.f, f,
					"order %u: the page of its own refill expected", p.order);
			repair_take_from_pcp(v, f, p.order);
		}
	}
	/* An allocated page is on no list here, so its links are free to name its owner. */
	mm_frame(v->mm, f)->prev = e->pid;
	if (e->w[1] && (e->w[2] & GFP_COMP))
		mm_frame(v->mm, f)->flags |= MM_F_COMPOUND;
	if (v->known)
		for (uint64_t i = 0; i < 1ull << e->w[1]; i++)
			v->known[f.n + i] = 1;
}
