// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fallback and the highatomic reserve where a free page is always on the list of its block's type
 * [page_alloc.c, 6.12.29 and later]: whole blocks are claimed or single pages stolen, never pages
 * moved without their block.
 */
#include "mm/era.h"

/* How __rmqueue found its last page; a refill goes on from there [enum rmqueue_mode]. */
enum { MODE_NORMAL, MODE_CLAIM, MODE_STEAL };

/* expand's second half for a buddy that the caller has taken off: the rest counts as free again. */
static void mod_free(struct mm *mm, uint32_t zone, int64_t pages, uint32_t type)
{
	if (type != MM_ISOLATE)
		mm_mod_free(mm, zone, mm->cpu, pages);
}

static struct frame take_smallest(struct mm *mm, uint32_t zone, uint32_t order, uint32_t type)
{
	uint32_t found;
	struct frame f = mm_peek_smallest(mm, zone, order, type, &found);

	if (frame_is_none(f))
		return f;
	mm_take(mm, f, found, order, type);
	mod_free(mm, zone, -(1 << order), type);
	return f;
}

static bool whole_block_in_zone(const struct mm *mm, uint32_t zone, struct frame f)
{
	struct frame start = frame_from_block(mm, block_from_frame(mm, f));

	return start.n >= mm->zones[zone].start &&
	       start.n + (1u << mm->pageblock_order) <= mm->zones[zone].end;
}

/* move_freepages_block: type and free pages of a block change together, or nothing does (-1) */
int64_t mm_claim_block(struct mm *mm, uint32_t zone, struct frame f, uint32_t type)
{
	uint32_t moved;

	if (!whole_block_in_zone(mm, zone, f))
		return -1;
	moved = mm_move_freepages_block(mm, zone, f, type, NULL);
	mm_set_block_type(mm, f, type);
	return moved;
}

static void retype(struct mm *mm, struct frame f, uint32_t order, uint32_t type)
{
	for (uint32_t i = 0; i < 1u << order; i += 1u << mm->pageblock_order)
		mm_set_block_type(mm, (struct frame){f.n + i}, type);
}

/* The free and the movable frames of a block [prep_move_freepages_block]. */
static void count_block(const struct mm *mm, struct frame f, uint32_t *free, uint32_t *movable)
{
	struct frame n = frame_from_block(mm, block_from_frame(mm, f));
	uint32_t end = n.n + (1u << mm->pageblock_order);

	*free = *movable = 0;
	while (n.n < end) {
		const struct mm_frame *fr = mm_frame(mm, n);
		uint32_t pages = 1;

		if (mm_on_buddy_list(mm, n)) {
			pages = 1u << fr->order;
			*free += pages;
		} else if (fr->flags & MM_F_HEAD) {
			pages = 1u << fr->order;
			if (pages > end - n.n)
				pages = end - n.n;
			*movable += fr->flags & (MM_F_LRU | MM_F_MOVABLE_OPS) ? pages : 0;
		}
		n.n += pages;
	}
}

static bool enough_alike(const struct mm *mm, struct frame f, uint32_t old_type, uint32_t type)
{
	uint32_t block_pages = 1u << mm->pageblock_order, free, movable, alike = 0;

	count_block(mm, f, &free, &movable);
	if (type == MM_MOVABLE)
		alike = movable;
	else if (old_type == MM_MOVABLE)
		alike = block_pages - (free + movable);
	return free + alike >= block_pages / 2 || mm->mobility_disabled;
}

static struct frame claim_whole(struct mm *mm, uint32_t zone, const struct mm_fallback *fb,
				uint32_t order, uint32_t type)
{
	/* All of it is counted out, then the rest in: the counter's differences fold twice. */
	mod_free(mm, zone, -(1 << fb->order), mm_block_type(mm, fb->head));
	retype(mm, fb->head, fb->order, type);
	mm_take(mm, fb->head, fb->order, order, type);
	mod_free(mm, zone, (1 << fb->order) - (1 << order), type);
	return fb->head;
}

/* try_to_steal_block */
static struct frame try_claim(struct mm *mm, uint32_t zone, const struct mm_fallback *fb,
			      uint32_t order, uint32_t type, uint32_t alloc_flags)
{
	uint32_t old_type = mm_block_type(mm, fb->head);

	if (old_type == MM_HIGHATOMIC)
		return FRAME_NONE;
	if (fb->order >= mm->pageblock_order)
		return claim_whole(mm, zone, fb, order, type);
	mm_boost_watermark(mm, zone, alloc_flags);
	if (!whole_block_in_zone(mm, zone, fb->head) || !enough_alike(mm, fb->head, old_type, type))
		return FRAME_NONE;
	mm_claim_block(mm, zone, fb->head, type);
	mm_stats(mm)->blocks_claimed++;
	return take_smallest(mm, zone, order, type);
}

/* __rmqueue_claim: the head of one list per order, largest first */
static struct frame claim(struct mm *mm, uint32_t zone, uint32_t order, uint32_t type,
			  uint32_t alloc_flags, struct mm_fallback *fb)
{
	uint32_t lowest = order;

	if (order < mm->pageblock_order && (alloc_flags & MM_ALLOC_NOFRAGMENT))
		lowest = mm->pageblock_order;
	for (uint32_t o = mm->nr_orders; o-- > lowest;) {
		struct frame f;

		if (!mm_fallback_at(mm, zone, o, type, fb))
			continue;
		if (!mm_whole_block_eligible(mm, o, type))
			break;
		f = try_claim(mm, zone, fb, order, type, alloc_flags);
		if (!frame_is_none(f))
			return f;
	}
	fb->head = FRAME_NONE;
	return FRAME_NONE;
}

/* __rmqueue_steal: the smallest there is; what is left of it stays where it was */
static struct frame steal(struct mm *mm, uint32_t zone, uint32_t order, uint32_t type,
			  struct mm_fallback *fb)
{
	for (uint32_t o = order; o < mm->nr_orders; o++) {
		if (!mm_fallback_at(mm, zone, o, type, fb))
			continue;
		mm_take(mm, fb->head, o, order, fb->type);
		mod_free(mm, zone, -(1 << order), fb->type);
		return fb->head;
	}
	return FRAME_NONE;
}

static struct frame fell_back(struct mm *mm, struct frame f, uint32_t type, struct mm_fallback *fb)
{
	if (frame_is_none(f))
		return f;
	mm_stats(mm)->fallbacks++;
	fb->head = f; /* the event names the page */
	fb->change_ownership = mm_block_type(mm, f) == type;
	mm_chronicle_fallback(mm, mm_frame_zone(mm, f), type, f, fb->order, fb->type,
			      fb->change_ownership);
	return f;
}

bool mm_claims_blocks(const struct mm *mm)
{
	return mm_era_of(mm)->list_is_block;
}

struct frame mm_rmqueue_mode(struct mm *mm, uint32_t zone, uint32_t order, uint32_t type,
			     uint32_t alloc_flags, uint32_t *mode, struct mm_fallback *fb)
{
	struct frame f = FRAME_NONE;

	fb->head = FRAME_NONE;
	if (*mode == MODE_NORMAL) {
		f = take_smallest(mm, zone, order, type);
		if (!frame_is_none(f))
			return f;
	}
	if (*mode != MODE_STEAL)
		f = fell_back(mm, claim(mm, zone, order, type, alloc_flags, fb), type, fb);
	if (!frame_is_none(f)) {
		*mode = MODE_NORMAL;
		return f;
	}
	if (!(alloc_flags & MM_ALLOC_NOFRAGMENT))
		f = fell_back(mm, steal(mm, zone, order, type, fb), type, fb);
	if (!frame_is_none(f))
		*mode = MODE_STEAL;
	return f;
}

/* ---- the highatomic reserve ---- */

/* reserve_highatomic_pageblock: up to 1 % of the zone, nothing where that is less than a block */
void mm_claim_highatomic(struct mm *mm, uint32_t zone, struct frame f)
{
	struct mm_zone *z = &mm->zones[zone];
	uint32_t block_pages = 1u << mm->pageblock_order, order = mm_frame(mm, f)->order;
	uint32_t share = z->managed / 100;

	if (share < block_pages ||
	    z->reserved_highatomic >= ((share + block_pages - 1) & ~(block_pages - 1)))
		return;
	if (mm_block_type(mm, f) >= MM_NR_PCP_TYPES)
		return;
	if (order >= mm->pageblock_order) {
		retype(mm, f, order, MM_HIGHATOMIC);
		z->reserved_highatomic += 1u << order;
	} else if (mm_claim_block(mm, zone, f, MM_HIGHATOMIC) >= 0) {
		z->reserved_highatomic += block_pages;
	}
}

/* unreserve_highatomic_pageblock, one zone */
bool mm_unclaim_highatomic(struct mm *mm, uint32_t zone, uint32_t type)
{
	struct mm_zone *z = &mm->zones[zone];
	uint32_t block_pages = 1u << mm->pageblock_order;

	for (uint32_t o = 0; o < mm->nr_orders; o++) {
		struct frame f = mm_list_first(mm, mm_buddy_list(mm, zone, o, MM_HIGHATOMIC));
		uint32_t size = 1u << o > block_pages ? 1u << o : block_pages;

		if (frame_is_none(f))
			continue;
		if (mm_block_type(mm, f) == MM_HIGHATOMIC)
			z->reserved_highatomic -=
				size < z->reserved_highatomic ? size : z->reserved_highatomic;
		if (o >= mm->pageblock_order) {
			mm_move_buddy(mm, zone, f, type);
			retype(mm, f, o, type);
			return true;
		}
		if (mm_claim_block(mm, zone, f, type) > 0)
			return true;
	}
	return false;
}
