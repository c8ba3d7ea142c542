// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pool of huge pages that is resized [mm/hugetlb.c: set_max_huge_pages, 6.1] asks for page after
 * page and stops at the first failure: one intent. Where the replay fails earlier, the rest of the
 * recorded requests is not made; where it gets further than the recording did, requests are added
 * until the pool has the size that a marker says was wanted. Both are counted as substituted. Pages
 * that only the replay has stay until the recorded pool shrinks below them.
 *
 * Scored is what was wanted, not how often it was tried: a resize wants the pages by which its
 * target exceeds the target before; without markers it wants the pages that it asked for.
 */
#include "replay/whatif.h"

#include <stdlib.h>

int pool_init(struct whatif *w, struct error *err)
{
	w->pool.max_extra = w->mm->nr_blocks;
	w->pool.extra = calloc(w->pool.max_extra + 1, sizeof(*w->pool.extra));
	return w->pool.extra ? 0 : error_set(err, "out of memory");
}

void pool_release(struct whatif *w)
{
	free(w->pool.extra);
}

/* One page for the pool; @id is MM_NO_ID for one that the recorded kernel did not get. */
static void get_one(struct whatif *w, const struct demand_op *op, uint32_t id)
{
	struct whatif_pool *p = &w->pool;
	struct order_outcome *oo = &w->out->orders[op->order];
	bool slow;
	struct frame f = whatif_alloc(w, op, &slow);

	if (frame_is_none(f)) {
		mm_stats(w->mm)->failed[op->order]++;
		p->failed = true;
		return;
	}
	*(slow ? &mm_stats(w->mm)->slow_ok[op->order] : &mm_stats(w->mm)->fast_ok[op->order]) += 1;
	if (w->scoring) {
		oo->successes++;
		*(slow ? &oo->slow : &oo->fast) += 1;
	}
	whatif_bind(w, f, op, id);
	p->got++;
	p->replayed++;
	if (p->replayed > 0)
		bound_need(&w->bound, (uint64_t)p->replayed, w->missed, &w->least);
	if (id == MM_NO_ID && p->nr_extra < p->max_extra)
		p->extra[p->nr_extra++] = f;
}

static bool wants_more(const struct whatif_pool *p)
{
	if (p->failed)
		return false;
	return p->marked ? p->replayed < (int64_t)p->target : p->got < p->asked;
}

/* The recorded resize stopped or was content; this one goes on as far as was wanted. */
static void go_on(struct whatif *w)
{
	while (w->pool.request.order && wants_more(&w->pool)) {
		get_one(w, &w->pool.request, MM_NO_ID);
		w->out->substituted += !w->pool.failed;
	}
}

static uint32_t wanted_now(const struct whatif_pool *p)
{
	if (!p->marked || !p->asked)
		return p->asked;
	return p->target > p->last_target ? p->target - p->last_target : 0;
}

void pool_done(struct whatif *w)
{
	struct whatif_pool *p = &w->pool;

	if (!p->intent && !p->marked)
		return;
	if (p->marked)
		go_on(w);
	if (w->scoring) {
		w->out->huge_wanted += wanted_now(p);
		w->out->huge_got += p->got;
		w->out->orders[p->request.order ? p->request.order : w->mm->pageblock_order]
			.attempts += wanted_now(p);
	}
	if (p->marked && p->asked)
		p->last_target = p->target;
	p->intent = 0;
	p->marked = false;
	p->asked = p->got = 0;
	p->failed = false;
}

void pool_want(struct whatif *w, const struct demand_op *op)
{
	pool_done(w);
	w->pool.marked = true;
	w->pool.target = op->arg;
}

/* Between its markers an intent may be many resizes: each begins anew where the one before had
 * failed. */
static void begin_run(struct whatif *w, const struct demand_op *op)
{
	struct whatif_pool *p = &w->pool;

	if (p->intent && !p->marked)
		pool_done(w);
	p->intent = op->arg;
	p->failed = false;
}

void pool_request(struct whatif *w, const struct demand_op *op)
{
	struct whatif_pool *p = &w->pool;

	if (p->intent != op->arg)
		begin_run(w, op);
	p->request = *op;
	p->asked++;
	p->recorded += op->kind == DEMAND_BIRTH;
	if (op->kind == DEMAND_FAIL) {
		if (wants_more(p)) {
			get_one(w, op, MM_NO_ID);
			w->out->substituted += !p->failed;
		}
	} else if (p->failed || (p->marked && !wants_more(p))) {
		w->out->substituted++;
	} else {
		get_one(w, op, op->id);
	}
}

void pool_grow(struct whatif *w, const struct demand_op *at, uint32_t pages)
{
	struct whatif_pool *p = &w->pool;
	struct demand_op op = {
		.time = at->time,
		.cpu = at->cpu,
		.order = (uint8_t)w->mm->pageblock_order,
		.type = MM_MOVABLE,
		.page = MM_KIND_HUGETLB,
		.gfp = GFP_HIGHMEM | GFP_MOVABLE | GFP_IO | GFP_FS | GFP_DIRECT_RECLAIM |
		       GFP_KSWAPD_RECLAIM | GFP_COMP | GFP_NOWARN | GFP_RETRY_MAYFAIL,
	};
	uint32_t got = p->got;

	p->failed = false;
	for (uint32_t i = 0; i < pages && !p->failed; i++)
		get_one(w, &op, MM_NO_ID);
	w->out->huge_wanted += pages;
	w->out->huge_got += p->got - got;
	w->out->orders[op.order].attempts += pages;
	p->got = got;
	p->failed = false;
}

/* Any page of the pool can go first; those that only the replay has do. */
void pool_death(struct whatif *w, const struct demand_op *op)
{
	struct whatif_pool *p = &w->pool;
	struct frame f = mm_object_frame(w->mm, op->id);

	p->recorded--;
	if ((int64_t)p->last_target > p->recorded)
		p->last_target = p->recorded > 0 ? (uint32_t)p->recorded : 0;
	if (!frame_is_none(f)) {
		whatif_free(w, f, op->cpu);
		p->replayed--;
	}
	while (p->nr_extra && p->replayed > p->recorded) {
		whatif_free(w, p->extra[--p->nr_extra], op->cpu);
		p->replayed--;
	}
}
