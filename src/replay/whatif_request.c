// SPDX-License-Identifier: GPL-2.0-only
/* Requests of the demand: the fast path, kswapd (whatif_kswapd.c), the policy. */
#include "replay/whatif.h"

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
	uint32_t node;

	if (rq.type >= MM_NR_PCP_TYPES)
		rq.type = MM_UNMOVABLE;
	node = op->flags >> DEMAND_F_NODE_SHIFT;
	rq.node = node && node <= w->mm->nr_nodes ? node - 1 : mm_node_of_cpu(w->mm, rq.cpu);
	return rq;
}

/* The free lists, then the policy. */
static struct frame try_request(struct whatif *w, const struct mm_request *rq, bool *slow)
{
	struct frame f = mm_get_page(w->mm, rq, mm_alloc_flags_fast(w->mm, rq));

	*slow = frame_is_none(f);
	if (!*slow)
		return f;
	whatif_time_passes(w);
	whatif_wakes(w, rq);
	f = w->policy->alloc_slow(&w->env, rq);
	whatif_time_has_passed(w);
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
	whatif_wake_boosted(w);
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

/*
 * No event tells whether a dentry is used again; what is worth keeping mostly is. Their inodes come
 * to the shrinker's list when they have gone, and are used by nobody then.
 */
void whatif_slab_add(struct whatif *w, struct frame f, enum mm_slab slab)
{
	mm_slab_add(w->mm, f, slab);
	if (slab == MM_SLAB_DENTRY && mm_on_slab_list(w->mm, f))
		mm_frame(w->mm, f)->flags |= MM_F_YOUNG;
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
		whatif_slab_add(w, f, op->arg - 1);
	}
	whatif_map_bound(w, f, op->type == MM_RECLAIMABLE);
}

void whatif_forget(struct whatif *w, struct frame f, uint32_t cpu)
{
	if (mm_on_lru_list(w->mm, f))
		mm_lru_del(w->mm, f);
	if (mm_on_slab_list(w->mm, f))
		mm_slab_del(w->mm, f);
	/* Where an owner lets a page go its buffers are let go in the recording, too. */
	if (mm_objects(w->mm)[f.n].flags & MM_O_ORPHAN)
		mm_buffers_go(w->mm, f, whatif_cpu(w, cpu));
	if (mm_frame(w->mm, f)->flags & MM_F_SWAPPED)
		whatif_unswap(w, mm_frame(w->mm, f)->order);
	mm_object_unbind(w->mm, f);
}

void whatif_free(struct whatif *w, struct frame f, uint32_t cpu)
{
	uint32_t order = mm_frame(w->mm, f)->order;

	whatif_forget(w, f, cpu);
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
	if (whatif_range_request(w, op) || (op->flags & DEMAND_F_RETURNS && whatif_found(w, op)))
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
