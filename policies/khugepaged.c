// SPDX-License-Identifier: GPL-2.0-only
#include "policies/common.h"
#include "policies/registry.h"

enum { PERIOD, MIN_PAGES, DEFRAG, EXTFRAG_THRESHOLD };

static const struct param_desc params[] = {
	[PERIOD] = {.name = "period",
		    .type = PARAM_INT,
		    .def = 20,
		    .min = 1,
		    .max = 1200,
		    .unit = "x 500 ms",
		    .help = "how often one process is looked at (scan_sleep_millisecs)"},
	[MIN_PAGES] =
		{.name = "min_pages",
		 .type = PARAM_INT,
		 .def = 256,
		 .min = 1,
		 .max = 512,
		 .unit = "pages",
		 .help = "a process needs as many anonymous pages to get a huge one (512 less "
			 "max_ptes_none)"},
	[DEFRAG] = {.name = "defrag",
		    .type = PARAM_BOOL,
		    .def = 1,
		    .help = "compact where no block is free"},
	[EXTFRAG_THRESHOLD] = {.name = "extfrag_threshold",
			       .type = PARAM_INT,
			       .def = 500,
			       .min = 0,
			       .max = 1000,
			       .unit = "per mille",
			       .help = "of direct compaction, as in threshold"},
};

struct khugepaged_state {
	uint32_t ticks;
	uint32_t cursor; /* frame: where the next process is looked for */
};

static void init(struct policy_env *env)
{
	env->mm->extfrag_threshold = (uint32_t)env->params[EXTFRAG_THRESHOLD];
}

/* An anonymous page that its process could have in a huge page. */
static bool promotable(const struct mm *mm, uint32_t n)
{
	const struct mm_frame *fr = &mm_frames(mm)[n];

	return fr->flags & MM_F_HEAD && fr->flags & MM_F_ANON && !fr->order &&
	       !(fr->flags & (MM_F_PINNED | MM_F_UNEVICTABLE)) &&
	       mm_on_lru_list(mm, (struct frame){n}) && mm_objects(mm)[n].owner;
}

/* A block full of one process's pages counts as promoted. */
static bool promoted(const struct mm *mm, uint32_t n, uint32_t owner)
{
	uint32_t start = n & ~((1u << mm->pageblock_order) - 1);

	for (uint32_t i = start; i < start + (1u << mm->pageblock_order); i++) {
		if (i >= mm->nr_frames || !promotable(mm, i) || mm_objects(mm)[i].owner != owner)
			return false;
	}
	return true;
}

/* The next page of @owner (0: of anybody) from @n on that is in no full block; nr_frames: none. */
static uint32_t next_page(const struct mm *mm, uint32_t n, uint32_t owner)
{
	uint32_t pages = 1u << mm->pageblock_order;

	while (n < mm->nr_frames) {
		if (!promotable(mm, n) || (owner && mm_objects(mm)[n].owner != owner))
			n++;
		else if (!(n & (pages - 1)) && promoted(mm, n, mm_objects(mm)[n].owner))
			n += pages;
		else
			return n;
	}
	return n;
}

static uint32_t count_pages(const struct mm *mm, uint32_t owner)
{
	uint32_t count = 0, enough = 1u << mm->pageblock_order;

	for (uint32_t n = next_page(mm, 0, owner); n < mm->nr_frames && count < enough;
	     n = next_page(mm, n + 1, owner))
		count++;
	return count;
}

/* A free block as compaction takes its targets; FRAME_NONE where none is or a watermark refuses. */
static struct frame isolate_block(struct mm *mm)
{
	for (uint32_t z = mm->nr_zones; z--;) {
		for (uint32_t order = mm->pageblock_order; order < mm->nr_orders; order++) {
			struct frame f = mm_list_first(mm, mm_buddy_list(mm, z, order, MM_MOVABLE));

			if (!frame_is_none(f) && mm_isolate_free_page(mm, mm->cpu, f, order))
				return f;
		}
	}
	return FRAME_NONE;
}

static struct frame compact_for_block(struct mm *mm)
{
	struct mm_request rq = {
		.cpu = mm->cpu,
		.order = mm->pageblock_order,
		.gfp = MM_GFP_HIGHMEM | MM_GFP_MOVABLE | MM_GFP_IO | MM_GFP_FS |
		       MM_GFP_DIRECT_RECLAIM,
		.type = MM_MOVABLE,
	};
	enum mm_compact_result result;

	return mm_compact_direct(mm, &rq, mm_alloc_flags_slow(mm, &rq), MM_COMPACT_PRIO_SYNC_LIGHT,
				 &result);
}

/* What is not needed of the pages from @f on goes back. */
static void free_rest(struct mm *mm, uint32_t from, uint32_t to)
{
	for (; from < to; from++)
		mm_free_page(mm, mm->cpu, (struct frame){from}, 0);
}

/* collapse_huge_page: the pages move to neighbouring frames of the block. They stay pages of their
 * own here, because each of them dies by itself in the recording. */
static void promote(struct mm *mm, struct frame block, uint32_t owner)
{
	uint32_t to = block.n, end = block.n + (1u << mm_frame(mm, block)->order);
	uint32_t last = block.n + (1u << mm->pageblock_order);

	mm_split_page(mm, block, 0);
	for (uint32_t n = next_page(mm, 0, owner); n < mm->nr_frames && to < last;
	     n = next_page(mm, n + 1, owner)) {
		if (n >= block.n && n < end)
			continue;
		mm_object_move(mm, (struct frame){n}, (struct frame){to++});
		mm_free_page(mm, mm->cpu, (struct frame){n}, 0);
		mm_stats(mm)->migrated++;
	}
	free_rest(mm, to, end);
}

static void tick(struct policy_env *env)
{
	struct khugepaged_state *s = mm_private(env->mm);
	struct mm *mm = env->mm;
	struct frame block;
	uint32_t owner, n;

	if (++s->ticks % (uint32_t)env->params[PERIOD])
		return;
	n = next_page(mm, s->cursor, 0);
	s->cursor = n < mm->nr_frames ? n + (1u << mm->pageblock_order) : 0;
	if (n >= mm->nr_frames)
		return;
	owner = mm_objects(mm)[n].owner;
	if (count_pages(mm, owner) < env->params[MIN_PAGES])
		return;
	block = isolate_block(mm);
	if (frame_is_none(block) && env->params[DEFRAG])
		block = compact_for_block(mm);
	if (!frame_is_none(block))
		promote(mm, block, owner);
}

static struct frame alloc_slow(struct policy_env *env, const struct mm_request *rq)
{
	return slow_path(env, rq, INT64_MAX);
}

const struct policy policy_khugepaged = {
	.abi = POLICY_ABI,
	.name = "khugepaged",
	.summary =
		"gathers a process's anonymous pages into whole blocks, with compaction's targets",
	.about =
		"Promotion as khugepaged does it (mm/khugepaged.c: collapse_huge_page), with the "
		"free blocks taken as compaction isolates its targets (mm/page_alloc.c: "
		"__isolate_free_page), so that watermarks hold: now and then a process with enough "
		"small anonymous pages gets a block and they move into it. Which of them are "
		"neighbours in its address space the recording cannot know; any of its pages are "
		"taken. Requests that fail take the slow path of 6.1. Pages moved count as migrated.",
	.params = params,
	.nr_params = ARRAY_SIZE(params),
	.private_size = sizeof(struct khugepaged_state),
	.init = init,
	.alloc_slow = alloc_slow,
	.kswapd = balance_for_compaction,
	.tick = tick,
};
