// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which blocks compaction looks at: skip bits, cached positions, suitability as source or target.
 * Follows mm/compaction.c of 6.1.192.
 */
#include "mm/compaction_internal.h"

bool compact_block_in_zone(const struct mm *mm, uint32_t zone, uint32_t start, uint32_t end)
{
	const struct mm_zone *z = &mm->zones[zone];

	if (end > mm->nr_frames || mm_frame_zone(mm, frame_at(end - 1)) != zone)
		return false;
	/* Frames below the zone's first in the same block have no memory but are given the zone by
	 * memmap_init. */
	return (start < z->start && start >= block_start(mm, z->start)) ||
	       mm_frame_zone(mm, frame_at(start)) == zone;
}

uint32_t compact_compound_order(const struct mm *mm, struct frame f)
{
	const struct mm_frame *fr = mm_frame(mm, f);

	return fr->flags & MM_F_HEAD ? fr->order : 0;
}

bool compact_block_is_huge(const struct mm *mm, struct frame f)
{
	struct frame head = mm_page_head(mm, f);

	if (frame_is_none(head) || !(mm_frame(mm, head)->flags & MM_F_COMPOUND))
		return false;
	return mm_frame(mm, head)->order >= mm->pageblock_order;
}

bool compact_source_suitable(const struct mm *mm, const struct mm_compact_control *cc,
			     struct frame f)
{
	uint32_t type = mm_block_type(mm, f);

	if (compact_block_is_huge(mm, f))
		return false;
	if (cc->mode != MM_MIGRATE_ASYNC || !cc->direct)
		return true;
	return cc->type == MM_MOVABLE ? is_movable_type(type) : type == cc->type;
}

bool compact_target_suitable(const struct mm *mm, const struct mm_compact_control *cc,
			     struct frame f)
{
	uint32_t order =
		finishes_blocks(mm) && cc->order > 0 ? (uint32_t)cc->order : mm->pageblock_order;

	if (mm_on_buddy_list(mm, f) && mm_frame(mm, f)->order >= order)
		return false;
	return cc->ignore_block_suitable || is_movable_type(mm_block_type(mm, f));
}

bool compact_isolation_suitable(const struct mm *mm, const struct mm_compact_control *cc,
				struct frame f)
{
	return cc->ignore_skip_hint || !mm_block_skip(mm, f);
}

/* update_cached_migrate: @f is past the last frame scanned, so this lands one block further than
 * one might expect. */
void compact_update_cached_migrate(struct mm *mm, const struct mm_compact_control *cc, uint32_t f)
{
	struct mm_zone *z = &mm->zones[cc->zone];
	uint32_t end = block_end(mm, f);

	if (end > z->compact_cached_migrate[0])
		z->compact_cached_migrate[0] = end;
	if (cc->mode != MM_MIGRATE_ASYNC && end > z->compact_cached_migrate[1])
		z->compact_cached_migrate[1] = end;
}

void compact_reset_cached_positions(struct mm *mm, uint32_t zone)
{
	struct mm_zone *z = &mm->zones[zone];

	z->compact_cached_migrate[0] = z->start;
	z->compact_cached_migrate[1] = z->start;
	z->compact_cached_free = block_start(mm, z->end - 1);
}

/* Every eighth frame of the block that @f is in is looked at, from the block's start; @f itself
 * where that is no memory. */
static bool block_has(const struct mm *mm, uint32_t zone, uint32_t f, bool source, bool target)
{
	const struct mm_zone *z = &mm->zones[zone];
	uint32_t from = max_u32(block_start(mm, f), z->start);
	uint32_t last = min_u32(block_end(mm, from), z->end) - 1;

	for (; from <= last; from += 1u << MM_COMPACT_COSTLY_ORDER) {
		if (source && mm_frame(mm, frame_at(from))->flags & MM_F_LRU)
			return true;
		if (target && mm_on_buddy_list(mm, frame_at(from)))
			return true;
	}
	return false;
}

/* __reset_isolation_pfn */
static bool reset_skip_bit(struct mm *mm, uint32_t zone, uint32_t n, bool source, bool target)
{
	struct frame f = frame_at(n);

	if (mm_frame_zone(mm, f) != zone || compact_block_is_huge(mm, f))
		return false;
	if (source && target && !mm_block_skip(mm, f))
		return true;
	if (!source && target && mm_block_type(mm, f) != MM_MOVABLE)
		return false;
	if (!block_has(mm, zone, n, source, target))
		return false;
	mm_set_block_skip(mm, f, false);
	return true;
}

/* __reset_isolation_suitable: from both ends of the zone towards the middle. */
void compact_reset_skip_bits(struct mm *mm, uint32_t zone)
{
	struct mm_zone *z = &mm->zones[zone];
	int64_t low = z->start, high = (int64_t)z->end - 1;
	int64_t source = high, target = low;
	bool source_set = false, target_set = false;

	if (!z->compact_blockskip_flush)
		return;
	z->compact_blockskip_flush = 0;
	for (; low < high; low += block_pages(mm), high -= block_pages(mm)) {
		if (reset_skip_bit(mm, zone, (uint32_t)low, true, source_set) && low < source) {
			source_set = true;
			source = low;
			z->compact_init_migrate = (uint32_t)low;
			z->compact_cached_migrate[0] = (uint32_t)low;
			z->compact_cached_migrate[1] = (uint32_t)low;
		}
		if (reset_skip_bit(mm, zone, (uint32_t)high, target_set, true) && high > target) {
			target_set = true;
			target = high;
			z->compact_init_free = (uint32_t)high;
			z->compact_cached_free = (uint32_t)high;
		}
	}
	if (source >= target) {
		z->compact_cached_migrate[0] = (uint32_t)low;
		z->compact_cached_migrate[1] = (uint32_t)low;
		z->compact_cached_free = (uint32_t)high;
	}
}

void mm_reset_isolation_suitable(struct mm *mm, uint32_t node)
{
	for (uint32_t zone = 0; zone < mm->nr_zones; zone++)
		if (mm->zones[zone].node == (int32_t)node)
			compact_reset_skip_bits(mm, zone);
}
