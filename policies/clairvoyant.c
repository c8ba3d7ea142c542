// SPDX-License-Identifier: GPL-2.0-only
#include "policies/common.h"
#include "policies/registry.h"

enum { MIN_ORDER, HORIZON };

static const struct param_desc params[] = {
	[MIN_ORDER] = {.name = "min_order",
		       .type = PARAM_INT,
		       .def = 4,
		       .min = 1,
		       .max = 10,
		       .unit = "order",
		       .help = "smallest order that a window is emptied for"},
	[HORIZON] = {.name = "horizon",
		     .type = PARAM_INT,
		     .def = 5000,
		     .min = 0,
		     .max = 10000000,
		     .unit = "ms",
		     .help = "windows whose pages die within this time are left to become free by "
			     "themselves"},
};

#define NS_PER_MS 1000000ull
#define RECLAIM_BATCH 32u
#define LRU_LISTS 4u /* without the unevictable one */

static uint64_t death(struct policy_env *env, uint32_t n)
{
	uint32_t id = mm_objects(env->mm)[n].id;

	return id == MM_NO_ID || !env->death_of ? UINT64_MAX : env->death_of(env, id);
}

static bool dies_by(struct policy_env *env, uint32_t n, uint64_t time)
{
	uint64_t at = death(env, n);

	return at != UINT64_MAX && at <= time;
}

/* ---- reclaim: what its owner will let go soonest, then what nobody will ask for ---- */

/* A page that the recorded kernel dropped and that only the replay still has costs nobody anything.
 */
static bool is_orphan(const struct mm *mm, struct frame f)
{
	return mm_objects(mm)[f.n].flags & MM_O_ORPHAN;
}

static uint64_t reclaim_list(struct policy_env *env, uint32_t list, uint64_t by, uint64_t want)
{
	struct mm *mm = env->mm;
	struct frame prev, f = mm_list_last(mm, list);
	uint64_t got = 0;

	for (; !frame_is_none(f) && got < want; f = prev) {
		uint32_t pages = 1u << mm_frame(mm, f)->order;

		prev = mm_list_prev(mm, f);
		if (by != UINT64_MAX && !is_orphan(mm, f) && !dies_by(env, f.n, by))
			continue;
		if (!mm_may_reclaim(mm, f, false))
			continue;
		mm_lru_del(mm, f);
		mm_reclaim_page(mm, mm->cpu, f, false);
		got += pages;
	}
	return got;
}

/* Further and further into the future until there are enough. */
static uint64_t reclaim(struct policy_env *env, uint32_t node, uint64_t want)
{
	uint64_t ahead = NS_PER_MS, got = 0;

	for (int pass = 0; pass < 6 && got < want; pass++, ahead *= 32) {
		uint64_t by = pass == 5 ? UINT64_MAX : env->now + ahead;

		for (uint32_t lru = LRU_LISTS; lru-- && got < want;)
			got += reclaim_list(env, mm_lru_list(env->mm, node, lru), by, want - got);
	}
	return got;
}

/* ---- a window of the order wanted ---- */

struct window {
	struct frame start;
	uint64_t cost; /* UINT64_MAX: cannot be emptied */
};

static bool movable(const struct mm *mm, struct frame f)
{
	const struct mm_frame *fr = mm_frame(mm, f);

	return fr->flags & MM_F_HEAD && !fr->order && mm_on_lru_list(mm, f) &&
	       !(fr->flags & (MM_F_PINNED | MM_F_UNEVICTABLE)) &&
	       (fr->flags & (MM_F_ANON | MM_F_MAPPED | MM_F_SWAPCACHE)) != MM_F_ANON;
}

/* Pages to move, and again those that would have gone by themselves. */
static uint64_t cost_of(struct policy_env *env, uint32_t start, uint32_t order, uint32_t zone,
			uint64_t least)
{
	uint64_t by = env->now + (uint64_t)env->params[HORIZON] * NS_PER_MS, cost = 0;

	for (uint32_t n = start; n < start + (1u << order) && cost < least;) {
		struct frame f = {n};

		if (mm_frame_zone(env->mm, f) != zone)
			return UINT64_MAX;
		if (!mm_on_buddy_list(env->mm, f)) {
			if (mm_on_pcp_list(env->mm, f) || !movable(env->mm, f))
				return UINT64_MAX;
			cost += 1 + dies_by(env, n, by);
		}
		n += 1u << mm_frame(env->mm, f)->order;
	}
	return cost;
}

static struct window cheapest_window(struct policy_env *env, const struct mm_request *rq)
{
	struct window best = {FRAME_NONE, UINT64_MAX};
	uint32_t pages = 1u << rq->order, highest = mm_gfp_zone(env->mm, rq->gfp);

	for (uint32_t z = 0; z < env->mm->nr_zones; z++) {
		const struct mm_zone *zone = &env->mm->zones[z];
		uint32_t n = (zone->start + pages - 1) & ~(pages - 1);

		for (; (uint32_t)zone->index <= highest && n + pages <= zone->end; n += pages) {
			uint64_t cost = cost_of(env, n, rq->order, z, best.cost);

			if (cost < best.cost)
				best = (struct window){{n}, cost};
		}
	}
	return best;
}

/* A new page for what is at @from, outside the window: free pages of the window are taken out
 * first.
 */
static bool move_away(struct policy_env *env, struct frame from, const struct mm_request *rq)
{
	struct mm_request one = *rq;
	struct frame to;

	one.order = 0;
	one.type = MM_MOVABLE;
	to = mm_get_page(env->mm, &one, mm_alloc_flags_slow(env->mm, &one));
	if (frame_is_none(to))
		return false;
	mm_object_move(env->mm, from, to);
	mm_stats(env->mm)->migrated++;
	return true;
}

/* Takes the free pages of the window out of the lists; those that a watermark keeps end it. */
static bool isolate_window(struct mm *mm, struct frame start, uint32_t pages)
{
	for (uint32_t n = start.n; n < start.n + pages;) {
		struct frame f = {n};
		uint32_t order = mm_frame(mm, f)->order;

		if (mm_on_buddy_list(mm, f)) {
			if (!mm_isolate_free_page(mm, mm->cpu, f, order))
				return false;
			mm_split_page(mm, f, 0);
		}
		n += 1u << order;
	}
	return true;
}

/* Frees what is held of the window: pages that belong to nobody's list and hold no object's
 * contents. */
static void release_window(struct mm *mm, struct frame start, uint32_t pages)
{
	for (uint32_t n = start.n; n < start.n + pages; n++) {
		struct frame f = {n};
		const struct mm_frame *fr = mm_frame(mm, f);

		if (fr->flags & MM_F_HEAD && fr->list == MM_NO_LIST && !fr->order)
			mm_free_direct(mm, mm->cpu, f, 0, 0);
	}
}

static void empty_window(struct policy_env *env, struct frame start, const struct mm_request *rq)
{
	struct mm *mm = env->mm;
	uint32_t pages = 1u << rq->order;

	if (isolate_window(mm, start, pages)) {
		for (uint32_t n = start.n; n < start.n + pages; n++) {
			if (mm_on_lru_list(mm, (struct frame){n}) &&
			    !move_away(env, (struct frame){n}, rq))
				break;
		}
	}
	release_window(mm, start, pages);
}

/* ---- the hooks ---- */

static struct frame try_window(struct policy_env *env, const struct mm_request *rq)
{
	struct window w;
	struct frame f;

	mm_drain_all(env->mm);
	w = cheapest_window(env, rq);
	if (frame_is_none(w.start))
		return slow_freelist(env, rq);
	empty_window(env, w.start, rq);
	f = slow_freelist(env, rq);
	mm_stats(env->mm)->compact_stall++;
	*(frame_is_none(f) ? &mm_stats(env->mm)->compact_fail
			   : &mm_stats(env->mm)->compact_success) += 1;
	return f;
}

static struct frame alloc_slow(struct policy_env *env, const struct mm_request *rq)
{
	struct frame f = slow_freelist(env, rq);
	uint64_t got;

	if (!frame_is_none(f) || !may_reclaim(rq))
		return f;
	do {
		if (rq->order >= env->params[MIN_ORDER])
			f = try_window(env, rq);
		if (!frame_is_none(f))
			return f;
		mm_stats(env->mm)->direct_reclaims++;
		got = reclaim(env, rq->node, RECLAIM_BATCH + (2u << rq->order));
		f = freelist_after_reclaim(env, rq);
	} while (frame_is_none(f) && got);
	if (frame_is_none(f) && rq->order >= env->params[MIN_ORDER])
		f = try_window(env, rq);
	/* What it has no way of its own for: pages on no LRU, pages of higher orders. */
	return frame_is_none(f) ? slow_path(env, rq, INT64_MAX) : f;
}

const struct policy policy_clairvoyant = {
	.abi = POLICY_ABI,
	.name = "clairvoyant",
	.summary = "knows when every object dies: what an informed policy achieves",
	.about =
		"A yardstick, not a proposal: it asks the driver when objects die. For a large request "
		"it empties the one window of that size that takes the fewest moves, avoiding windows "
		"that will be free soon anyway; what it reclaims are pages that the recorded kernel "
		"gave up already or whose owners let go of them soonest; kswapd is 6.1's. It is informed, not "
		"optimal: "
		"the bound that no policy exceeds is in the column huge_possible.",
	.params = params,
	.nr_params = ARRAY_SIZE(params),
	.caps = POLICY_CAP_ORACLE,
	.alloc_slow = alloc_slow,
	.kswapd = balance_for_compaction,
};
