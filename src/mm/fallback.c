// SPDX-License-Identifier: GPL-2.0-only
/* Falling back to another migratetype's lists, and the highatomic reserve [page_alloc.c, 6.1]. */
#include "mm/era.h"

#define NR_FALLBACKS 2

/* In which order a type looks at the others [fallbacks]. */
static const uint8_t fallbacks[MM_NR_PCP_TYPES][NR_FALLBACKS] = {
	[MM_UNMOVABLE] = {MM_RECLAIMABLE, MM_MOVABLE},
	[MM_MOVABLE] = {MM_RECLAIMABLE, MM_UNMOVABLE},
	[MM_RECLAIMABLE] = {MM_UNMOVABLE, MM_MOVABLE},
};

/* May the whole block be taken over for a buddy of @order [can_steal_fallback]? */
bool mm_whole_block_eligible(const struct mm *mm, uint32_t order, uint32_t type)
{
	return order >= mm->pageblock_order / 2 || type == MM_RECLAIMABLE || type == MM_UNMOVABLE ||
	       mm->mobility_disabled;
}

/* First type in table order with something at @order; MM_NR_TYPES if none [find_suitable_fallback].
 */
static uint32_t fallback_type(const struct mm *mm, uint32_t zone, uint32_t order, uint32_t type)
{
	for (uint32_t i = 0; i < NR_FALLBACKS; i++)
		if (!mm_buddy_empty(mm, zone, order, fallbacks[type][i]))
			return fallbacks[type][i];
	return MM_NR_TYPES;
}

bool mm_fallback_at(const struct mm *mm, uint32_t zone, uint32_t order, uint32_t type,
		    struct mm_fallback *fb)
{
	uint32_t t = fallback_type(mm, zone, order, type);

	if (t == MM_NR_TYPES)
		return false;
	fb->order = order;
	fb->type = t;
	fb->head = mm_list_first(mm, mm_buddy_list(mm, zone, order, t));
	return true;
}

bool mm_find_fallback(const struct mm *mm, uint32_t zone, uint32_t order, uint32_t type,
		      uint32_t alloc_flags, struct mm_fallback *fb)
{
	uint32_t min_order = order;
	bool found = false;

	fb->head = FRAME_NONE;
	if (type >= MM_NR_PCP_TYPES)
		return false;
	if ((alloc_flags & MM_ALLOC_NOFRAGMENT) &&
	    (order < mm->pageblock_order || mm_era_of(mm)->nofragment_any_order))
		min_order = mm->pageblock_order;
	for (uint32_t o = mm->nr_orders; !found && o-- > min_order;)
		found = mm_fallback_at(mm, zone, o, type, fb);
	if (!found)
		return false;
	/* A movable page that cannot have the block takes the smallest piece instead: less to
	 * split. */
	if (!mm_whole_block_eligible(mm, fb->order, type) && type == MM_MOVABLE &&
	    fb->order > order) {
		found = false;
		for (uint32_t o = order; !found && o < mm->nr_orders; o++)
			found = mm_fallback_at(mm, zone, o, type, fb);
	}
	return found;
}

/* boost_watermark: returns whether a boost is possible at all, as the kernel does. */
static bool boost_watermark(struct mm *mm, uint32_t zone)
{
	struct mm_zone *z = &mm->zones[zone];
	uint32_t block_pages = 1u << mm->pageblock_order;
	uint64_t high = z->wmark[MM_WMARK_HIGH], factor = mm->watermark_boost_factor;
	uint64_t cap = high / 10000 * factor + high % 10000 * factor / 10000;

	if (!factor || block_pages * 4 > z->managed || !cap)
		return false;
	if (cap < block_pages)
		cap = block_pages;
	z->boost = z->boost + block_pages < cap ? z->boost + block_pages : (uint32_t)cap;
	return true;
}

void mm_boost_watermark(struct mm *mm, uint32_t zone, uint32_t alloc_flags)
{
	if (boost_watermark(mm, zone) && (alloc_flags & MM_ALLOC_KSWAPD))
		mm->zones[zone].flags |= MM_ZONE_BOOSTED;
}

static void move_single(struct mm *mm, uint32_t zone, uint32_t type, const struct mm_fallback *fb)
{
	mm_buddy_del(mm, zone, fb->head);
	mm_buddy_add(mm, zone, fb->head, fb->order, type, true);
}

/* Moves the block's free pages; false when there were none to move and the buddy goes alone. */
static bool steal_block(struct mm *mm, uint32_t zone, uint32_t type, const struct mm_fallback *fb)
{
	uint32_t block_pages = 1u << mm->pageblock_order;
	uint32_t old_type = mm_block_type(mm, fb->head);
	uint32_t movable, alike = 0;
	uint32_t free = mm_move_freepages_block(mm, zone, fb->head, type, &movable);

	if (type == MM_MOVABLE)
		alike = movable;
	else if (old_type == MM_MOVABLE)
		alike = block_pages - (free + movable);
	if (!free)
		return false;
	if (free + alike >= block_pages / 2 || mm->mobility_disabled) {
		mm_set_block_type(mm, fb->head, type);
		mm_stats(mm)->blocks_claimed++;
	}
	return true;
}

void mm_steal(struct mm *mm, uint32_t zone, uint32_t type, uint32_t alloc_flags,
	      struct mm_fallback *fb)
{
	uint32_t block_pages = 1u << mm->pageblock_order;

	mm_stats(mm)->fallbacks++;
	if (mm_block_type(mm, fb->head) == MM_HIGHATOMIC) {
		move_single(mm, zone, type, fb);
	} else if (fb->order >= mm->pageblock_order) {
		for (uint32_t i = 0; i < 1u << fb->order; i += block_pages)
			mm_set_block_type(mm, (struct frame){fb->head.n + i}, type);
		move_single(mm, zone, type, fb);
	} else {
		mm_boost_watermark(mm, zone, alloc_flags);
		if (!mm_whole_block_eligible(mm, fb->order, type) ||
		    !steal_block(mm, zone, type, fb))
			move_single(mm, zone, type, fb);
	}
	fb->change_ownership = mm_block_type(mm, fb->head) == type;
	mm_chronicle_fallback(mm, zone, type, fb->head, fb->order, fb->type, fb->change_ownership);
}

struct frame mm_rmqueue(struct mm *mm, uint32_t zone, uint32_t order, uint32_t type,
			uint32_t alloc_flags, struct mm_fallback *fb)
{
	struct mm_fallback local;
	uint32_t found, mode = 0;
	struct frame f;

	if (!fb)
		fb = &local;
	if (mm_era_of(mm)->list_is_block)
		return mm_rmqueue_mode(mm, zone, order, type, alloc_flags, &mode, fb);
	fb->head = FRAME_NONE;
	f = mm_peek_smallest(mm, zone, order, type, &found);
	if (frame_is_none(f)) {
		if (!mm_find_fallback(mm, zone, order, type, alloc_flags, fb))
			return FRAME_NONE;
		mm_steal(mm, zone, type, alloc_flags, fb);
		f = mm_peek_smallest(mm, zone, order, type, &found);
		if (frame_is_none(f))
			return FRAME_NONE;
	}
	mm_take(mm, f, found, order, type);
	mm_frame(mm, f)->type = (uint8_t)type;
	return f;
}

/* reserve_highatomic_pageblock [page_alloc.c, 6.1]: the block counts even where its pages cannot be
 * moved */
void mm_reserve_highatomic(struct mm *mm, uint32_t zone, struct frame f)
{
	struct mm_zone *z = &mm->zones[zone];
	uint32_t block_pages = 1u << mm->pageblock_order;

	if (mm_era_of(mm)->list_is_block) {
		mm_claim_highatomic(mm, zone, f);
		return;
	}
	if (z->reserved_highatomic >= z->managed / 100 + block_pages)
		return;
	if (mm_block_type(mm, f) >= MM_NR_PCP_TYPES)
		return;
	z->reserved_highatomic += block_pages;
	mm_set_block_type(mm, f, MM_HIGHATOMIC);
	mm_move_freepages_block(mm, zone, f, MM_HIGHATOMIC, NULL);
}

static bool unreserve_zone(struct mm *mm, uint32_t zone, uint32_t type)
{
	struct mm_zone *z = &mm->zones[zone];
	uint32_t block_pages = 1u << mm->pageblock_order;

	if (mm_era_of(mm)->list_is_block)
		return mm_unclaim_highatomic(mm, zone, type);
	for (uint32_t o = 0; o < mm->nr_orders; o++) {
		struct frame f = mm_list_first(mm, mm_buddy_list(mm, zone, o, MM_HIGHATOMIC));

		if (frame_is_none(f))
			continue;
		/* Counted down only where the block still is of the reserve: merging may have let
		 * others in. */
		if (mm_block_type(mm, f) == MM_HIGHATOMIC)
			z->reserved_highatomic -= z->reserved_highatomic < block_pages
							  ? z->reserved_highatomic
							  : block_pages;
		mm_set_block_type(mm, f, type);
		if (mm_move_freepages_block(mm, zone, f, type, NULL))
			return true;
	}
	return false;
}

bool mm_unreserve_highatomic(struct mm *mm, const struct mm_request *rq, bool force)
{
	const struct mm_node *node = &mm->nodes[rq->node];

	for (uint32_t i = 0; i < node->nr_zonelist; i++) {
		uint32_t zone = node->zonelist[i];

		if (!mm_may_use(mm, rq, zone))
			continue;
		if (!force && mm->zones[zone].reserved_highatomic <= 1u << mm->pageblock_order)
			continue;
		if (unreserve_zone(mm, zone, rq->type)) {
			mm_note(mm, MM_NOTE_UNRESERVED, zone, 0);
			return true;
		}
	}
	return false;
}
