// SPDX-License-Identifier: GPL-2.0-only
/*
 * When to compact at all: suitability, deferral after failures, the fragmentation score. Follows
 * mm/compaction.c of 6.1.192.
 */
#include "mm/compaction_internal.h"

void mm_defer_compaction(struct mm *mm, uint32_t zone, int32_t order)
{
	struct mm_zone *z = &mm->zones[zone];

	z->compact_considered = 0;
	z->compact_defer_shift = min_u32(z->compact_defer_shift + 1, MM_COMPACT_MAX_DEFER);
	if (order < z->compact_order_failed)
		z->compact_order_failed = order;
	mm_note(mm, MM_NOTE_DEFER, zone, z->compact_defer_shift);
}

bool mm_compaction_deferred(struct mm *mm, uint32_t zone, int32_t order)
{
	struct mm_zone *z = &mm->zones[zone];
	uint32_t limit = 1u << z->compact_defer_shift;

	if (order < z->compact_order_failed)
		return false;
	if (++z->compact_considered >= limit) {
		z->compact_considered = limit;
		return false;
	}
	mm_stats(mm)->compact_deferred++;
	mm_note(mm, MM_NOTE_DEFERRED, zone, z->compact_considered, limit, z->compact_order_failed);
	return true;
}

void mm_compaction_defer_reset(struct mm *mm, uint32_t zone, int32_t order, bool alloc_success)
{
	struct mm_zone *z = &mm->zones[zone];

	if (alloc_success) {
		z->compact_considered = 0;
		z->compact_defer_shift = 0;
	}
	if (order >= z->compact_order_failed)
		z->compact_order_failed = order + 1;
}

bool mm_compaction_restarting(const struct mm *mm, uint32_t zone, int32_t order)
{
	const struct mm_zone *z = &mm->zones[zone];

	return order >= z->compact_order_failed && z->compact_defer_shift == MM_COMPACT_MAX_DEFER &&
	       z->compact_considered >= 1u << z->compact_defer_shift;
}

/* Free pages that must be there besides the watermark for the moved pages' new places
 * [compact_gap]. */
static int64_t compact_gap(int32_t order)
{
	return INT64_C(2) << order;
}

/* __compaction_suitable with @free pages taken to be free. */
static enum mm_compact_result watermarks_suitable(const struct mm *mm, uint32_t zone, int32_t order,
						  uint32_t alloc_flags, uint32_t highest,
						  int64_t free)
{
	enum mm_wmark base = order > MM_COMPACT_COSTLY_ORDER ? MM_WMARK_LOW : MM_WMARK_MIN;
	bool blocks = compact_wants_blocks(mm, alloc_flags);
	int64_t mark = mm_wmark(mm, zone, (enum mm_wmark)(alloc_flags & MM_ALLOC_WMARK_MASK));

	if (order == -1)
		return MM_COMPACT_CONTINUE;
	if (mm_watermark_ok(mm, zone, (uint32_t)order, mark, highest, alloc_flags,
			    blocks ? mm_free_in_blocks(mm, zone) : mm->zones[zone].free_global))
		return MM_COMPACT_SUCCESS;
	mark = mm_wmark(mm, zone, base) + compact_gap(order);
	if (blocks) /* the same above the mark that it works for [6.18] */
		mark += mm_wmark(mm, zone, MM_WMARK_HIGH) - mm_wmark(mm, zone, MM_WMARK_MIN);
	if (!mm_watermark_ok(mm, zone, 0, mark, highest, MM_ALLOC_CMA, free))
		return MM_COMPACT_SKIPPED;
	return MM_COMPACT_CONTINUE;
}

enum mm_compact_result mm_compaction_suitable(struct mm *mm, uint32_t zone, int32_t order,
					      uint32_t alloc_flags, uint32_t highest)
{
	enum mm_compact_result result = watermarks_suitable(mm, zone, order, alloc_flags, highest,
							    mm->zones[zone].free_global);

	if (result != MM_COMPACT_CONTINUE || order <= MM_COMPACT_COSTLY_ORDER)
		return result;
	if (mm_index_lacks_memory(mm, zone, (uint32_t)order))
		return MM_COMPACT_NOT_SUITABLE_ZONE;
	return result;
}

bool mm_compaction_zonelist_suitable(const struct mm *mm, const struct mm_request *rq,
				     uint32_t alloc_flags)
{
	const struct mm_node *node = &mm->nodes[rq->node];
	uint32_t highest = mm_gfp_zone(mm, rq->gfp);

	for (uint32_t i = 0; i < node->nr_zonelist; i++) {
		uint32_t zone = node->zonelist[i];
		int64_t free = mm_zone_reclaimable(mm, zone) / rq->order + mm->zones[zone].free;

		if (mm_may_use(mm, rq, zone) &&
		    watermarks_suitable(mm, zone, (int32_t)rq->order, alloc_flags, highest, free) ==
			    MM_COMPACT_CONTINUE)
			return true;
	}
	return false;
}

uint32_t mm_fragmentation_score_zone(const struct mm *mm, uint32_t zone)
{
	struct mm_index ix;

	mm_index_info(mm, zone, mm->pageblock_order, &ix);
	return (uint32_t)mm_extfrag_for_order(&ix, mm->pageblock_order);
}

uint32_t mm_fragmentation_score_node(const struct mm *mm, uint32_t node)
{
	uint64_t present = 0;
	uint32_t score = 0;

	for (uint32_t zone = 0; zone < mm->nr_zones; zone++)
		if (mm->zones[zone].node == (int32_t)node)
			present += mm->zones[zone].present;
	for (uint32_t zone = 0; zone < mm->nr_zones; zone++)
		if (mm->zones[zone].node == (int32_t)node)
			score += (uint32_t)((uint64_t)mm->zones[zone].present *
					    mm_fragmentation_score_zone(mm, zone) / (present + 1));
	return score;
}

uint32_t mm_fragmentation_score_wmark(uint32_t proactiveness, bool low)
{
	uint32_t mark = proactiveness < 95 ? 100 - proactiveness : 5;

	return low ? mark : min_u32(mark + 10, 100);
}
