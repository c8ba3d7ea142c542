// SPDX-License-Identifier: GPL-2.0-only
/* What outlives a run of compaction: deferral, skip bits, cached positions. */
#include "replay/verify.h"

#include <string.h>

bool verify_is_kcompactd(const struct verify *v, uint32_t pid)
{
	return !strncmp(trace_comm(v->t, pid), "kcompactd", 9);
}

#define SLEEP_WINDOW 65536 /* events searched for what kswapd does next */
#define STATE_SLEEPS 0xffu /* prev_state of a task that waits for something [sched_switch] */

static uint32_t zone_from_index(const struct mm *mm, uint64_t node, uint64_t index)
{
	for (uint32_t z = 0; z < mm->nr_zones; z++)
		if ((uint64_t)mm->zones[z].node == node && (uint64_t)mm->zones[z].index == index)
			return z;
	return UINT32_MAX;
}

/* ---- deferral and hints ---- */

/* The zone's state as the event tells it; what the model had is compared. */
void verify_compact_defer(struct verify *v, const struct event *e)
{
	uint32_t zone = zone_from_index(v->mm, e->w[0], e->w[1]);
	struct task *task = verify_task(v, e->pid, false);
	bool got_page;
	struct mm_zone *z;

	if (zone == UINT32_MAX)
		return;
	z = &v->mm->zones[zone];
	if (e->kind == EV_COMPACT_DEFER)
		mm_defer_compaction(v->mm, zone, (int32_t)e->w[2]);
	else if (e->kind == EV_COMPACT_DEFERRED)
		mm_compaction_deferred(v->mm, zone, (int32_t)e->w[2]);
	/* A success of the run is noted first, without a page; the second time the page has been
	 * allocated. */
	got_page = e->kind == EV_COMPACT_DEFER_RESET && task && task->success_noted &&
		   !verify_is_kcompactd(v, e->pid);
	if (e->kind == EV_COMPACT_DEFER_RESET)
		mm_compaction_defer_reset(v->mm, zone, (int32_t)e->w[2], got_page);
	if (task)
		task->success_noted = true;
	if (z->compact_considered != e->w[3] || z->compact_defer_shift != e->w[4] ||
	    (uint64_t)(uint32_t)z->compact_order_failed != (e->w[5] & UINT32_MAX)) {
		v->res->defer_wrong++;
		z->compact_considered = (uint32_t)e->w[3];
		z->compact_defer_shift = (uint32_t)e->w[4];
		z->compact_order_failed = (int32_t)e->w[5];
	}
	if (got_page)
		z->compact_blockskip_flush = 0;
}

static bool is_kswapd(const struct verify *v, uint64_t pid, uint32_t *node)
{
	const char *comm = trace_comm(v->t, (uint32_t)pid);
	uint64_t n = 0;

	if (strncmp(comm, "kswapd", 6) || !parse_u64(comm + 6, &n) || n >= v->mm->nr_nodes)
		return false;
	*node = (uint32_t)n;
	return true;
}

static bool balanced(const struct verify *v, uint32_t node, uint32_t order, uint32_t highest)
{
	const struct mm *mm = v->mm;

	for (uint32_t z = 0; z < mm->nr_zones; z++)
		if ((uint32_t)mm->zones[z].node == node &&
		    (uint32_t)mm->zones[z].index <= highest &&
		    mm_watermark_ok(mm, z, order, mm_wmark(mm, z, MM_WMARK_HIGH), highest, 0,
				    mm->zones[z].free_global))
			return true;
	return false;
}

/* Does kswapd, whose round is over, go to sleep before it begins another? @known: can one tell? */
static bool sleeps_next(struct verify *v, uint32_t pid, bool *known)
{
	*known = true;
	v->res->lookaheads++;
	for (uint64_t j = v->i + 1; j < v->last && j < v->i + SLEEP_WINDOW; j++) {
		const struct event *x = &v->t->events[j];

		if (x->kind == EV_SCHED_SWITCH && x->w[0] == pid && x->w[2] & STATE_SLEEPS)
			return true;
		if (x->kind == EV_KSWAPD_WAKE && x->pid == pid)
			break;
	}
	*known = v->t->kinds_seen[EV_SCHED_SWITCH];
	return false;
}

/*
 * kswapd clears the skip bits before it sleeps, if the node is balanced then
 * [prepare_kswapd_sleep]. For which order is not what its round came down to: when it did not give
 * up the order, it takes the one that others have asked for meanwhile, and that has no event while
 * it runs [kswapd, wakeup_kswapd]. But it sleeps then and not otherwise.
 */
void verify_compact_kswapd_sleeps(struct verify *v, const struct event *e, uint32_t node,
				  uint32_t highest)
{
	bool known, sleeps = sleeps_next(v, e->pid, &known);

	if (known ? sleeps : balanced(v, node, 0, highest))
		mm_reset_isolation_suitable(v->mm, node);
}

/* From being woken until it goes to sleep by itself; being preempted is still running
 * [task_is_running]. */
void verify_kswapd_state(struct verify *v, const struct event *e)
{
	uint32_t node;

	switch (e->kind) {
	case EV_KSWAPD_WAKEUP:
	case EV_KSWAPD_WAKE:
		if (e->w[0] < v->mm->nr_nodes)
			v->boost[e->w[0]].running = true;
		break;
	case EV_KSWAPD_SLEEP:
		if (e->w[0] < v->mm->nr_nodes)
			v->boost[e->w[0]].running = false;
		break;
	case EV_SCHED_SWITCH:
		if (is_kswapd(v, e->w[0], &node))
			v->boost[node].running = !(e->w[2] & 0xff);
		if (is_kswapd(v, e->w[1], &node))
			v->boost[node].running = true;
		break;
	default:
		break;
	}
}
