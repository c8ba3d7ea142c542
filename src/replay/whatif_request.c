// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests of the demand: the fast path, kswapd, the policy. kswapd works between the operations
 * that follow its waking, as fast as the recorded one did while it was awake; where the recording
 * does not tell how fast that was it runs to completion before the request that woke it goes on.
 */
#include "replay/whatif.h"

#define SECOND 1000000000ull

uint32_t whatif_cpu(const struct whatif *w, uint32_t cpu)
{
	return cpu < w->mm->nr_cpus ? cpu : cpu % w->mm->nr_cpus;
}

static struct mm_request request_of(const struct whatif *w, const struct demand_op *op)
{
	struct mm_request rq = {
		.cpu = whatif_cpu(w, op->cpu),
		.order = op->order,
		.gfp = op->gfp,
		.type = op->type < MM_NR_PCP_TYPES ? op->type : mm_gfp_type(op->gfp),
		.pid = op->pid,
	};

	if (rq.type >= MM_NR_PCP_TYPES)
		rq.type = MM_UNMOVABLE;
	return rq;
}

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

struct wake {
	uint32_t node, order, highest;
};

static void run_kswapd(struct whatif *w, const void *arg)
{
	const struct wake *wake = arg;

	w->policy->kswapd(&w->env, wake->node, wake->order, wake->highest);
}

static void run_kcompactd(struct whatif *w, const void *arg)
{
	const struct wake *wake = arg;

	w->policy->kcompactd(&w->env, wake->node, wake->order, wake->highest);
}

static void go_on_kcompactd(struct whatif *w, const void *arg)
{
	const uint32_t *node = arg;

	mm_kcompactd_go_on(w->mm, *node, w->mm->cpu);
}

/* When it has worked it sleeps anew [kcompactd]. */
static void set_timer(struct whatif *w, uint32_t node, uint64_t runs)
{
	if (mm_stats(w->mm)->kcompactd_runs != runs && !mm_kcompactd_busy(w->mm, node))
		w->next_tick = w->env.now + WHATIF_TICK_NS;
}

/* kswapd goes to sleep and leaves the rest to kcompactd, which runs when the request is done. */
static void leave_to_kcompactd(struct whatif *w, const struct wake *wake)
{
	struct whatif_wake *later = &w->kcompactd[wake->node];

	later->due = true;
	if (later->order < wake->order)
		later->order = wake->order;
	later->highest = wake->highest;
}

static void start_kswapd(struct whatif *w, const struct wake *wake);

static void run_kcompactds(struct whatif *w)
{
	for (uint32_t node = 0; node < w->mm->nr_nodes; node++) {
		struct whatif_wake *later = &w->kcompactd[node];
		struct wake wake = {.node = node, .order = later->order, .highest = later->highest};
		uint64_t runs = mm_stats(w->mm)->kcompactd_runs;

		if (!later->due)
			continue;
		*later = (struct whatif_wake){.due = false};
		if (!w->policy->kcompactd)
			continue;
		whatif_background(w, run_kcompactd, &wake);
		set_timer(w, node, runs);
	}
}

static void go_to_sleep(struct whatif *w, uint32_t node)
{
	struct whatif_wake *next = &w->kswapd_next[node];
	struct wake wake = {
		.node = node, .order = w->kswapd[node].order, .highest = w->kswapd[node].highest};

	w->kswapd[node].due = false;
	leave_to_kcompactd(w, &wake);
	if (!next->due)
		return;
	next->due = false;
	wake = (struct wake){.node = node, .order = next->order, .highest = next->highest};
	start_kswapd(w, &wake);
}

/* One slice; it goes to sleep when it has done all. */
static void work_kswapd(struct whatif *w, uint32_t node)
{
	struct wake wake = {
		.node = node, .order = w->kswapd[node].order, .highest = w->kswapd[node].highest};

	whatif_background(w, run_kswapd, &wake);
	if (!mm_balancing(w->mm, node))
		go_to_sleep(w, node);
}

static void start_kswapd(struct whatif *w, const struct wake *wake)
{
	if (!mm_kswapd_needed(w->mm, wake->node, wake->order, wake->highest))
		return;
	if (w->mm->kswapd_budget > 0)
		w->mm->kswapd_budget = 0;
	w->kswapd[wake->node] =
		(struct whatif_wake){.due = true, .order = wake->order, .highest = wake->highest};
	work_kswapd(w, wake->node);
}

/* Awake already: it looks at what was asked for meanwhile before it sleeps. */
static void wake_again(struct whatif *w, const struct wake *wake)
{
	struct whatif_wake *next = &w->kswapd_next[wake->node];

	if (!next->due || next->order < wake->order)
		next->order = wake->order;
	if (!next->due || next->highest < wake->highest)
		next->highest = wake->highest;
	next->due = true;
}

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

	for (uint32_t node = 0; node < w->mm->nr_nodes; node++)
		awake |= w->kswapd[node].due;
	if (!awake)
		return;
	w->mm->kswapd_budget += ns;
	for (uint32_t node = 0; node < w->mm->nr_nodes; node++) {
		if (w->kswapd[node].due && w->mm->kswapd_budget > 0)
			work_kswapd(w, node);
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
	uint64_t now = w->env.now;

	p->nr_kswapd = p->kswapd_at = 0;
	for (uint64_t i = w->kswapd_clock.pace; i < paces->nr && p->nr_kswapd < MM_NR_PACES; i++) {
		struct mm_pace pace = paces->v[i];

		pace.from = pace.from > now ? pace.from - now : 0;
		p->kswapd[p->nr_kswapd++] = pace;
	}
	if (p->nr_kswapd == MM_NR_PACES && w->costs->kswapd_share)
		p->kswapd[MM_NR_PACES - 1].speed = w->costs->kswapd_share;
}

static void time_passes(struct whatif *w)
{
	struct mm_passing *p = &w->mm->passing;

	p->per_scanned = w->costs->scanned[1];
	p->per_reclaimed = w->costs->reclaimed[1];
	kswapd_passes(w, p);
	p->kcompactd_speed = speed_now(&w->kcompactd_clock, &w->costs->kcompactd);
	p->ns = p->kswapd_ns = p->kcompactd_ns = p->kcompactd_scanned = 0;
	p->timer = w->next_tick > w->env.now ? w->next_tick - w->env.now : 0;
}

/* Who worked beside the request has had that time; who came to the end of his work meanwhile goes
 * to sleep now. */
static void time_has_passed(struct whatif *w)
{
	struct mm_passing *p = &w->mm->passing;

	w->kswapd_clock.time += p->kswapd_ns;
	w->kcompactd_clock.time += p->kcompactd_ns;
	w->background_scanned += p->kcompactd_scanned;
	p->per_scanned = p->per_reclaimed = 0;
	if (w->mm->proactiveness && p->ns)
		w->next_tick = w->env.now + p->timer;
	for (uint32_t node = 0; node < w->mm->nr_nodes; node++) {
		if (w->kswapd[node].due && w->mm->nodes[node].balance.done)
			work_kswapd(w, node);
	}
}

/* wakeup_kswapd: where it has nothing to do, requests that cannot compact themselves get kcompactd.
 */
static void wake_kswapd(struct whatif *w, const struct wake *wake, bool compacts_itself)
{
	if (w->kswapd[wake->node].due) {
		wake_again(w, wake);
	} else if (mm_kswapd_needed(w->mm, wake->node, wake->order, wake->highest)) {
		if (w->policy->kswapd)
			start_kswapd(w, wake);
		else
			leave_to_kcompactd(w, wake);
	} else if (!compacts_itself) {
		leave_to_kcompactd(w, wake);
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
		struct wake wake = {.node = node, .order = order, .highest = highest};

		wake_kswapd(w, &wake, rq->gfp & MM_GFP_DIRECT_RECLAIM);
	}
}

/* A zone that was boosted by a fallback wakes kswapd for itself and those below it [rmqueue]. */
static void wake_boosted(struct whatif *w)
{
	for (uint32_t z = 0; w->mm->wake_kswapd && z < w->mm->nr_zones; z++) {
		struct wake wake = {.node = (uint32_t)w->mm->zones[z].node,
				    .highest = (uint32_t)w->mm->zones[z].index};

		if (!(w->mm->wake_kswapd & 1u << z))
			continue;
		w->mm->wake_kswapd &= ~(1u << z);
		wake_kswapd(w, &wake, true);
	}
}

/* The free lists, then the policy. */
static struct frame try_request(struct whatif *w, const struct mm_request *rq, bool *slow)
{
	struct frame f = mm_get_page(w->mm, rq, mm_alloc_flags_fast(w->mm, rq));

	*slow = frame_is_none(f);
	if (!*slow)
		return f;
	wake_for(w, rq);
	w->mm->cpu = rq->cpu;
	time_passes(w);
	f = w->policy->alloc_slow(&w->env, rq);
	time_has_passed(w);
	return f;
}

struct frame whatif_alloc(struct whatif *w, const struct demand_op *op, bool *slow)
{
	struct mm_request rq = request_of(w, op);
	struct frame f = FRAME_NONE;

	*slow = false;
	if (w->watch)
		w->watch->before(w->watch, w, op, &rq);
	if (whatif_thp_asks(w, op, &rq))
		f = try_request(w, &rq, slow);
	if (frame_is_none(f) && whatif_thp_asks_again(w, op, &rq))
		f = try_request(w, &rq, slow);
	if (w->watch)
		w->watch->after(w->watch, w, op, &rq, f, *slow);
	wake_boosted(w);
	run_kcompactds(w);
	return f;
}

/* What is known of a page by the request that made it. */
static uint32_t flags_of_request(const struct demand_op *op)
{
	uint32_t flags = 0;

	if (op->page == MM_KIND_SLAB)
		flags |= MM_F_SLAB;
	if (op->page == MM_KIND_HUGETLB)
		flags |= MM_F_HUGE;
	if (op->order && op->gfp & GFP_COMP)
		flags |= MM_F_COMPOUND;
	if (op->flags & DEMAND_F_DIRTY)
		flags |= MM_F_DIRTY;
	/* Who writes to a page makes buffers for it [create_empty_buffers]. */
	if (op->gfp & GFP_WRITE)
		flags |= MM_F_BUFFERS;
	return flags;
}

void whatif_bind(struct whatif *w, struct frame f, const struct demand_op *op, uint32_t id)
{
	mm_object_bind(w->mm, f, id, op->pid, op->page, op->order);
	if (id != MM_NO_ID)
		w->alive[id] = ALIVE_YES;
	mm_frame(w->mm, f)->flags |= flags_of_request(op);
	if (w->mm->off_chronicle)
		mm_origin(w->mm, f)->gfp = op->gfp;
	if (op->flags & DEMAND_F_RECORDER)
		mm_objects(w->mm)[f.n].flags |= MM_O_RECORDER;
	if (id != MM_NO_ID && op->page == MM_KIND_SLAB && op->arg) {
		w->alive[id] |= ALIVE_SLAB;
		mm_slab_add(w->mm, f, op->arg - 1);
	}
	whatif_map_bound(w, f, op->type == MM_RECLAIMABLE);
}

void whatif_free(struct whatif *w, struct frame f, uint32_t cpu)
{
	uint32_t order = mm_frame(w->mm, f)->order;

	if (mm_on_lru_list(w->mm, f))
		mm_lru_del(w->mm, f);
	if (mm_on_slab_list(w->mm, f))
		mm_slab_del(w->mm, f);
	/* Where an owner lets a page go its buffers are let go in the recording, too. */
	if (mm_objects(w->mm)[f.n].flags & MM_O_ORPHAN)
		mm_buffers_go(w->mm, f, whatif_cpu(w, cpu));
	if (mm_frame(w->mm, f)->flags & MM_F_SWAPPED)
		whatif_unswap(w, order);
	mm_object_unbind(w->mm, f);
	mm_free_page(w->mm, whatif_cpu(w, cpu), f, order);
	if (w->policy->freed)
		w->policy->freed(&w->env, f, order);
}

void whatif_score(struct whatif *w, const struct demand_op *op, bool success, bool slow)
{
	struct order_outcome *oo = &w->out->orders[op->order];
	struct mm_stats *st = mm_stats(w->mm);

	*(!success ? &st->failed[op->order]
	  : slow   ? &st->slow_ok[op->order]
		   : &st->fast_ok[op->order]) += 1;
	if (!w->scoring || op->flags & DEMAND_F_RECORDER)
		return;
	oo->attempts++;
	oo->successes += success;
	oo->fast += success && !slow;
	oo->slow += success && slow;
	if (op->order >= w->mm->pageblock_order) {
		w->out->huge_wanted++;
		w->out->huge_got += success;
	}
}

/* A page of order 0 on behalf of an object that lost its own: it is read again. */
bool whatif_reread(struct whatif *w, const struct demand_op *at, uint32_t id, enum mm_kind page)
{
	struct demand_op op = {
		.time = at->time,
		.pid = at->pid,
		.cpu = at->cpu,
		.type = MM_MOVABLE,
		.page = (uint8_t)page,
		.gfp = GFP_HIGHMEM | GFP_MOVABLE | GFP_IO | GFP_FS | GFP_DIRECT_RECLAIM |
		       GFP_KSWAPD_RECLAIM,
	};
	bool slow, anon = page == MM_KIND_ANON || page == MM_KIND_SHMEM;
	struct frame f = whatif_alloc(w, &op, &slow);

	if (frame_is_none(f))
		return false;
	whatif_bind(w, f, &op, id);
	mm_frame(w->mm, f)->flags |= anon ? MM_F_ANON | MM_F_SWAPBACKED : MM_F_FILE;
	mm_lru_add(w->mm, f, anon ? MM_LRU_INACTIVE_ANON : MM_LRU_INACTIVE_FILE);
	w->mm->swap_free += anon && w->mm->swap_free < w->mm->swap_slots;
	w->alive[id] = ALIVE_AGAIN | (anon ? ALIVE_ANON : 0);
	w->rereads++;
	return true;
}

void whatif_birth(struct whatif *w, const struct demand_op *op)
{
	bool slow;
	struct frame f;

	if (op->flags & DEMAND_F_HUGE) {
		pool_request(w, op);
		return;
	}
	if (whatif_range_request(w, op))
		return;
	f = whatif_alloc(w, op, &slow);
	whatif_score(w, op, !frame_is_none(f), slow);
	if (!frame_is_none(f)) {
		whatif_bind(w, f, op, op->id);
		return;
	}
	w->out->substituted++;
	w->missed += 1ull << op->order;
}

/*
 * Failed then, and the task did without. If it succeeds now nobody knows how long the page would
 * have lived: not at all, or, in the scenario of longest lifetimes, to the end.
 */
void whatif_failed(struct whatif *w, const struct demand_op *op)
{
	bool slow;
	struct frame f;

	if (op->flags & DEMAND_F_HUGE) {
		pool_request(w, op);
		return;
	}
	if (whatif_range_request(w, op))
		return;
	f = whatif_alloc(w, op, &slow);
	whatif_score(w, op, !frame_is_none(f), slow);
	if (frame_is_none(f))
		return;
	whatif_bind(w, f, op, MM_NO_ID);
	if (!w->scenario->long_lives)
		whatif_free(w, f, op->cpu);
	w->out->substituted++;
}
