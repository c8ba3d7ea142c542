// SPDX-License-Identifier: GPL-2.0-only
/*
 * The node's threads in a what-if: kswapd is woken, works, naps and sleeps [mm/vmscan.c:
 * wakeup_kswapd, kswapd_try_to_sleep, kswapd, 6.1.192]; kcompactd follows it. Both work between the
 * operations and inside requests, as fast as the recorded ones did while they were awake; where the
 * recording does not tell how fast that was they run to completion before the request that woke
 * them goes on.
 */
#include "replay/whatif.h"

#define NAP_NS 100000000ull /* HZ / 10 */

static uint64_t scanned(const struct whatif *w)
{
	const struct mm_stats *st = mm_stats(w->mm);

	return st->migrate_scanned + st->free_scanned;
}

/* Nobody waits for what happens in the background: its scanning is no stall. */
void whatif_background(struct whatif *w, void (*work)(struct whatif *w, const void *arg),
		       const void *arg)
{
	uint64_t before = scanned(w);
	uint32_t cpu = w->mm->cpu;

	work(w, arg);
	w->mm->cpu = cpu;
	w->background_scanned += scanned(w) - before;
}

/* Work for a node's kswapd or kcompactd. */
struct work {
	uint32_t node, order, highest;
};

static void run_kswapd(struct whatif *w, const void *arg)
{
	const struct work *work = arg;

	w->policy->kswapd(&w->env, work->node, work->order, work->highest);
}

static void run_kcompactd(struct whatif *w, const void *arg)
{
	const struct work *work = arg;

	w->policy->kcompactd(&w->env, work->node, work->order, work->highest);
}

static void go_on_kcompactd(struct whatif *w, const void *arg)
{
	const uint32_t *node = arg;

	mm_kcompactd_go_on(w->mm, *node, w->mm->cpu);
}

/* ---- kcompactd ---- */

/* When it has worked it sleeps anew [kcompactd]. */
static void set_timer(struct whatif *w, uint32_t node, uint64_t runs)
{
	if (mm_stats(w->mm)->kcompactd_runs != runs && !mm_kcompactd_busy(w->mm, node))
		w->next_tick = w->env.now + WHATIF_TICK_NS;
}

/* It runs when whoever woke it has done what he is at. */
static void leave_to_kcompactd(struct whatif *w, const struct work *work)
{
	struct whatif_wake *later = &w->kcompactd[work->node];

	later->due = true;
	if (later->order < work->order)
		later->order = work->order;
	later->highest = work->highest;
}

static void run_kcompactds(struct whatif *w)
{
	for (uint32_t node = 0; node < w->mm->nr_nodes; node++) {
		struct whatif_wake *later = &w->kcompactd[node];
		struct work work = {.node = node, .order = later->order, .highest = later->highest};
		uint64_t runs = mm_stats(w->mm)->kcompactd_runs;

		if (!later->due)
			continue;
		*later = (struct whatif_wake){.due = false};
		if (!w->policy->kcompactd)
			continue;
		whatif_background(w, run_kcompactd, &work);
		set_timer(w, node, runs);
	}
}

/* ---- kswapd ---- */

static uint64_t now(const struct whatif *w)
{
	return w->env.now + w->mm->passing.ns;
}

/* What was asked for last, and nothing is any more. */
static void take_up(struct whatif *w, uint32_t node)
{
	struct whatif_kswapd *k = &w->kswapd[node];

	w->mm->nodes[node].balance.reclaimed = 0;
	k->failures = w->mm->nodes[node].kswapd_failures;
	k->order = k->asked.order;
	if (k->asked.due)
		k->highest = k->asked.highest;
	k->asked = (struct whatif_wake){.due = false};
}

/* Has it reclaimed anything, or found that it cannot? Else there is no sense in its going on. */
static bool has_come_further(const struct whatif *w, uint32_t node)
{
	const struct mm_node *n = &w->mm->nodes[node];

	return n->balance.reclaimed || n->kswapd_failures != w->kswapd[node].failures;
}

/*
 * It has done what it could. Where it gave up the order it considers sleeping for single pages, and
 * leaves the order to kcompactd; else it looks at what was asked for meanwhile. False: the node is
 * not balanced, so it goes on with that.
 */
static bool goes_to_sleep(struct whatif *w, uint32_t node)
{
	struct whatif_kswapd *k = &w->kswapd[node];
	struct work work = {.node = node};
	uint32_t left = w->mm->nodes[node].balance.order;

	if (left >= k->order) {
		k->order = left = k->asked.order;
		if (k->asked.due)
			k->highest = k->asked.highest;
	}
	if (!mm_kswapd_may_sleep(w->mm, node, left, k->highest) && has_come_further(w, node))
		return false;
	work.order = k->order;
	work.highest = k->highest;
	leave_to_kcompactd(w, &work);
	k->left = left;
	k->nap_ends = now(w) + NAP_NS;
	k->state = KSWAPD_NAPS;
	return true;
}

/* As far as it may; it goes to sleep when it has done all. */
static void work_kswapd(struct whatif *w, uint32_t node)
{
	struct whatif_kswapd *k = &w->kswapd[node];

	for (;;) {
		struct work work = {.node = node, .order = k->order, .highest = k->highest};

		whatif_background(w, run_kswapd, &work);
		if (mm_balancing(w->mm, node) || goes_to_sleep(w, node))
			return;
		take_up(w, node);
	}
}

static void start_kswapd(struct whatif *w, uint32_t node)
{
	struct whatif_kswapd *k = &w->kswapd[node];

	if (w->mm->kswapd_budget > 0)
		w->mm->kswapd_budget = 0;
	take_up(w, node);
	k->state = KSWAPD_WORKS;
	work_kswapd(w, node);
}

/* A nap that nobody disturbs becomes sleep, unless the node is out of balance again. */
static void end_nap(struct whatif *w, uint32_t node)
{
	struct whatif_kswapd *k = &w->kswapd[node];

	if (k->state != KSWAPD_NAPS || k->nap_ends > now(w))
		return;
	k->state = KSWAPD_SLEEPS;
	if (!mm_kswapd_may_sleep(w->mm, node, k->left, k->highest))
		start_kswapd(w, node);
}

static void ask(struct whatif_wake *asked, uint32_t order, uint32_t highest)
{
	if (!asked->due || asked->highest < highest)
		asked->highest = highest;
	if (asked->order < order)
		asked->order = order;
	asked->due = true;
}

/*
 * wakeup_kswapd: what is asked for is noted in any case. Where there is nothing for it to do,
 * requests that cannot compact themselves get kcompactd.
 */
static void wake_kswapd(struct whatif *w, const struct work *work, bool compacts_itself)
{
	struct whatif_kswapd *k = &w->kswapd[work->node];

	end_nap(w, work->node);
	ask(&k->asked, work->order, work->highest);
	if (k->state == KSWAPD_WORKS)
		return;
	if (!mm_kswapd_needed(w->mm, work->node, work->order, work->highest)) {
		if (!compacts_itself)
			leave_to_kcompactd(w, work);
	} else if (!w->policy->kswapd) {
		leave_to_kcompactd(w, work);
	} else {
		if (k->state == KSWAPD_NAPS) /* woken too early */
			ask(&k->asked, k->left, k->asked.highest);
		start_kswapd(w, work->node);
	}
}

/* wake_all_kswapds: those of all nodes that the request may use; under defrag_mode for a pageblock
 * at least (6.18). */
static void wake_for(struct whatif *w, const struct mm_request *rq)
{
	uint32_t highest = mm_gfp_zone(w->mm, rq->gfp), order = rq->order;

	if (!(rq->gfp & MM_GFP_KSWAPD_RECLAIM))
		return;
	if (w->mm->defrag_mode && order < w->mm->pageblock_order)
		order = w->mm->pageblock_order;
	for (uint32_t node = 0; node < w->mm->nr_nodes; node++) {
		struct work work = {.node = node, .order = order, .highest = highest};

		if (rq->gfp & MM_GFP_THISNODE && node != rq->node)
			continue;
		wake_kswapd(w, &work, rq->gfp & MM_GFP_DIRECT_RECLAIM);
	}
}

/* A zone that was boosted by a fallback wakes kswapd for itself and those below it [rmqueue]. */
void whatif_wake_boosted(struct whatif *w)
{
	for (uint32_t z = 0; w->mm->wake_kswapd && z < w->mm->nr_zones; z++) {
		struct work work = {.node = (uint32_t)w->mm->zones[z].node,
				    .highest = (uint32_t)w->mm->zones[z].index};

		if (!(w->mm->wake_kswapd & 1u << z))
			continue;
		w->mm->wake_kswapd &= ~(1u << z);
		wake_kswapd(w, &work, true);
	}
	run_kcompactds(w);
}

/* ---- time between requests ---- */

/* What it may do for the time that has passed. */
static int64_t work_until(struct whatif_clock *clock, const struct paces *paces, uint64_t time)
{
	uint64_t from = clock->time;

	if (time <= from)
		return 0;
	clock->time = time;
	return (int64_t)mm_paced(paces->v, paces->nr, &clock->pace, from, time, &clock->rest);
}

void whatif_kcompactd(struct whatif *w, uint64_t time)
{
	int64_t pages = work_until(&w->kcompactd_clock, &w->costs->kcompactd, time);

	for (uint32_t node = 0; node < w->mm->nr_nodes; node++) {
		if (!mm_kcompactd_busy(w->mm, node))
			continue;
		w->mm->kcompactd_budget += pages;
		pages = 0;
		if (w->mm->kcompactd_budget > 0 || !w->mm->kcompactd_sliced)
			whatif_background(w, go_on_kcompactd, &node);
		if (!mm_kcompactd_busy(w->mm, node))
			w->next_tick = time + WHATIF_TICK_NS;
	}
}

void whatif_kswapd(struct whatif *w, uint64_t time)
{
	int64_t ns = work_until(&w->kswapd_clock, &w->costs->kswapd, time);
	bool awake = false;

	w->mm->now = w->env.now = time;
	for (uint32_t node = 0; node < w->mm->nr_nodes; node++)
		awake |= w->kswapd[node].state == KSWAPD_WORKS;
	if (awake)
		w->mm->kswapd_budget += ns;
	for (uint32_t node = 0; node < w->mm->nr_nodes; node++) {
		if (w->kswapd[node].state == KSWAPD_WORKS && w->mm->kswapd_budget > 0)
			work_kswapd(w, node);
		end_nap(w, node);
	}
	run_kcompactds(w);
}

/* ---- time inside a request ---- */

static uint64_t speed_now(const struct whatif_clock *clock, const struct paces *paces)
{
	return paces->nr ? paces->v[clock->pace].speed : 0;
}

/* kswapd's paces from now on, to the last that there is room for. */
static void kswapd_passes(const struct whatif *w, struct mm_passing *p)
{
	const struct paces *paces = &w->costs->kswapd;
	uint64_t time = w->env.now;

	p->nr_kswapd = p->kswapd_at = 0;
	for (uint64_t i = w->kswapd_clock.pace; i < paces->nr && p->nr_kswapd < MM_NR_PACES; i++) {
		struct mm_pace pace = paces->v[i];

		pace.from = pace.from > time ? pace.from - time : 0;
		p->kswapd[p->nr_kswapd++] = pace;
	}
	if (p->nr_kswapd == MM_NR_PACES && w->costs->kswapd_share)
		p->kswapd[MM_NR_PACES - 1].speed = w->costs->kswapd_share;
}

void whatif_time_passes(struct whatif *w)
{
	struct mm_passing *p = &w->mm->passing;

	p->per_scanned = w->costs->waits_scanned;
	p->per_moved = w->costs->waits_moved;
	p->per_reclaimed = w->costs->reclaimed[1];
	kswapd_passes(w, p);
	p->kcompactd_speed = speed_now(&w->kcompactd_clock, &w->costs->kcompactd);
	p->ns = p->kswapd_ns = p->kcompactd_ns = p->kcompactd_scanned = 0;
	p->timer = w->next_tick > w->env.now ? w->next_tick - w->env.now : 0;
}

/* Who came to the end of his work beside the request goes to sleep now. */
static void end_of_work(struct whatif *w)
{
	for (uint32_t node = 0; node < w->mm->nr_nodes; node++) {
		if (w->kswapd[node].state == KSWAPD_WORKS && w->mm->nodes[node].balance.done)
			work_kswapd(w, node);
	}
}

void whatif_wakes(struct whatif *w, const struct mm_request *rq)
{
	uint64_t runs = mm_stats(w->mm)->kswapd_runs;

	wake_for(w, rq);
	w->mm->cpu = rq->cpu;
	if (mm_stats(w->mm)->kswapd_runs != runs)
		w->mm->passing.give_way = w->costs->kswapd_first;
}

/* Who worked beside the request has had that time. */
void whatif_time_has_passed(struct whatif *w)
{
	struct mm_passing *p = &w->mm->passing;

	end_of_work(w);
	w->kswapd_clock.time += p->kswapd_ns;
	w->kcompactd_clock.time += p->kcompactd_ns;
	w->background_scanned += p->kcompactd_scanned;
	p->per_scanned = p->per_moved = p->per_reclaimed = p->give_way = 0;
	if (w->mm->proactiveness && p->ns)
		w->next_tick = w->env.now + p->timer;
	p->ns = 0;
}

/* The request goes round again. */
void whatif_wake_again(struct policy_env *env, const struct mm_request *rq)
{
	struct whatif *w = env->driver;

	end_of_work(w);
	whatif_wakes(w, rq);
	run_kcompactds(w);
	w->mm->cpu = rq->cpu;
}
