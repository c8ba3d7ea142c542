// SPDX-License-Identifier: GPL-2.0-only
#include "policies/common.h"
#include "policies/registry.h"

enum { SHARE, BLOCKS, MIN_ORDER, EXTFRAG_THRESHOLD };

static const struct param_desc params[] = {
	[SHARE] = {.name = "reclaimable_share",
		   .type = PARAM_INT,
		   .def = 300,
		   .min = 0,
		   .max = 1000,
		   .unit = "per mille",
		   .help = "slab pages that can be emptied when asked for; a recording cannot show "
			   "it: try the ends of what you think possible"},
	[BLOCKS] = {.name = "blocks",
		    .type = PARAM_INT,
		    .def = 2,
		    .min = 1,
		    .max = 64,
		    .unit = "pageblocks",
		    .help = "how many pageblocks are freed of slab pages for one request"},
	[MIN_ORDER] = {.name = "min_order",
		       .type = PARAM_INT,
		       .def = 4,
		       .min = 1,
		       .max = 10,
		       .unit = "order",
		       .help = "smallest order that this is done for"},
	[EXTFRAG_THRESHOLD] = {.name = "extfrag_threshold",
			       .type = PARAM_INT,
			       .def = 500,
			       .min = 0,
			       .max = 1000,
			       .unit = "per mille",
			       .help = "of direct compaction, as in threshold"},
};

/* Chosen once for each frame, so that a page that could not be emptied still cannot next time. */
static bool can_be_emptied(const struct policy_env *env, struct frame f)
{
	uint64_t pfn = pfn_from_frame(env->mm, f).n;

	return (int64_t)(hash_bytes(&pfn, sizeof(pfn), 0) % 1000) < env->params[SHARE];
}

/* What is in the way of making a block free: UINT32_MAX when something must stay. */
struct obstacles {
	uint32_t slab;	  /* pages in slabs that can be emptied */
	uint32_t movable; /* pages on an LRU */
};

static bool add_obstacle(const struct policy_env *env, struct frame f, struct obstacles *o)
{
	const struct mm_frame *fr = mm_frame(env->mm, f);

	if (fr->flags & MM_F_SLAB && can_be_emptied(env, f))
		o->slab += 1u << fr->order;
	else if (mm_on_lru_list(env->mm, f) && !(fr->flags & (MM_F_PINNED | MM_F_UNEVICTABLE)))
		o->movable += 1u << fr->order;
	else
		return false;
	return true;
}

/* Only slab pages that can be emptied, pages that can move, and free ones? */
static bool block_can_be_freed(const struct policy_env *env, uint32_t start, uint32_t zone,
			       struct obstacles *o)
{
	const struct mm *mm = env->mm;
	uint32_t end = start + (1u << mm->pageblock_order);

	*o = (struct obstacles){0, 0};
	for (uint32_t n = start; n < end;) {
		struct frame f = {n};
		const struct mm_frame *fr = mm_frame(mm, f);

		if (mm_frame_zone(mm, f) != zone)
			return false;
		if (!mm_on_buddy_list(mm, f) && !mm_on_pcp_list(mm, f) &&
		    (!(fr->flags & MM_F_HEAD) || !add_obstacle(env, f, o)))
			return false;
		n += 1u << fr->order;
	}
	return o->slab > 0;
}

/* The block of the zone that costs least; FRAME_NONE when there is none. */
static struct frame cheapest_block(const struct policy_env *env, uint32_t zone)
{
	const struct mm *mm = env->mm;
	uint32_t pages = 1u << mm->pageblock_order, least = UINT32_MAX;
	uint32_t n = (mm->zones[zone].start + pages - 1) & ~(pages - 1);
	struct frame best = FRAME_NONE;

	for (; n + pages <= mm->zones[zone].end; n += pages) {
		struct obstacles o;

		if (!block_can_be_freed(env, n, zone, &o) || o.slab + o.movable >= least)
			continue;
		least = o.slab + o.movable;
		best = (struct frame){n};
	}
	return best;
}

static void empty_slabs(struct policy_env *env, struct frame block)
{
	struct mm *mm = env->mm;

	for (uint32_t n = block.n; n < block.n + (1u << mm->pageblock_order);) {
		struct frame f = {n};

		n += 1u << mm_frame(mm, f)->order;
		if (mm_frame(mm, f)->flags & MM_F_HEAD && mm_frame(mm, f)->flags & MM_F_SLAB)
			mm_reclaim_page(mm, mm->cpu, f, false);
	}
}

static bool free_blocks(struct policy_env *env, const struct mm_request *rq)
{
	uint32_t highest = mm_gfp_zone(env->mm, rq->gfp);
	int64_t done = 0;

	for (uint32_t z = env->mm->nr_zones; z-- && done < env->params[BLOCKS];) {
		struct frame block;

		if ((uint32_t)env->mm->zones[z].index > highest)
			continue;
		while (done < env->params[BLOCKS] &&
		       !frame_is_none(block = cheapest_block(env, z))) {
			empty_slabs(env, block);
			done++;
		}
	}
	return done > 0;
}

static void init(struct policy_env *env)
{
	env->mm->extfrag_threshold = (uint32_t)env->params[EXTFRAG_THRESHOLD];
}

static struct frame alloc_slow(struct policy_env *env, const struct mm_request *rq)
{
	struct frame f = slow_path(env, rq, INT64_MAX);
	enum mm_compact_result result;

	if (!frame_is_none(f) || !may_reclaim(rq) || rq->order < env->params[MIN_ORDER] ||
	    !free_blocks(env, rq))
		return f;
	mm_say(env->mm, "slab pages that block pageblocks are emptied");
	mm_drain_all(env->mm);
	f = slow_freelist(env, rq);
	if (!frame_is_none(f))
		return f;
	return mm_compact_direct(env->mm, rq, mm_alloc_flags_slow(env->mm, rq),
				 MM_COMPACT_PRIO_SYNC_FULL, &result);
}

const struct policy policy_slab_targeted = {
	.abi = POLICY_ABI,
	.name = "slab-targeted",
	.summary = "where the kernel gives up, slab pages that block a pageblock are emptied",
	.about =
		"Slab defragmentation as targeted reclaim, as was proposed for SLUB (Christoph "
		"Lameter's slab defragmentation, 2007 to 2010, never merged): when the slow path of "
		"6.1 fails, the pageblocks that only slab pages keep from being freed are emptied of "
		"them, those with the least to free and to move first, and compacted. Which slab "
		"pages can be emptied a recording cannot know: reclaimable_share says how many, the "
		"frame's number decides which. Slab pages emptied count as reclaimed.",
	.params = params,
	.nr_params = ARRAY_SIZE(params),
	.init = init,
	.alloc_slow = alloc_slow,
	.kswapd = balance_for_compaction,
};
