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

/* Does kswapd, whose round is over, go to sleep before it begins another? @known: can one tell?
 * @preempted: not without others having run. */
static bool sleeps_next(struct verify *v, uint32_t pid, bool *known, bool *preempted)
{
	*known = true;
	*preempted = false;
	v->res->lookaheads++;
	for (uint64_t j = v->i + 1; j < v->last && j < v->i + SLEEP_WINDOW; j++) {
		const struct event *x = &v->t->events[j];

		if (x->kind == EV_SCHED_SWITCH && x->w[0] == pid) {
			if (x->w[2] & STATE_SLEEPS)
				return true;
			*preempted = true;
		}
		if (x->kind == EV_KSWAPD_WAKE && x->pid == pid)
			break;
	}
	*known = v->t->kinds_seen[EV_SCHED_SWITCH];
	return false;
}

/*
 * kswapd is stopped while it clears skip bits: it gives way at each step of its walk through a zone
 * and nowhere else on its way to bed [__reset_isolation_suitable]. How far it had come is not
 * known; it is taken to have begun the first zone and nothing more, since whatever stopped it (the
 * timer, the host) was seldom in the 0.2 ms of the walk itself.
 */
static void reset_later(struct verify *v, uint32_t node)
{
	struct boost_note *note = &v->boost[node];

	for (uint32_t z = 0; z < v->mm->nr_zones; z++) {
		if ((uint32_t)v->mm->zones[z].node != node ||
		    !v->mm->zones[z].compact_blockskip_flush)
			continue;
		v->mm->zones[z].compact_blockskip_flush = 0;
		note->reset_waits = true;
		note->reset_zone = z;
		return;
	}
}

/* It is back. Another run may have asked for the same again meanwhile. */
static void reset_now(struct verify *v, uint32_t node)
{
	struct boost_note *note = &v->boost[node];
	uint32_t *flush = &v->mm->zones[note->reset_zone].compact_blockskip_flush, again = *flush;

	if (!note->reset_waits)
		return;
	note->reset_waits = false;
	*flush = 1;
	mm_reset_isolation_suitable(v->mm, node);
	*flush = again;
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
	bool known, preempted, sleeps = sleeps_next(v, e->pid, &known, &preempted);

	if (!(known ? sleeps : balanced(v, node, 0, highest)))
		return;
	if (preempted)
		reset_later(v, node);
	else
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
		if (is_kswapd(v, e->w[1], &node)) {
			v->boost[node].running = true;
			reset_now(v, node);
		}
		break;
	default:
		break;
	}
}
