// SPDX-License-Identifier: GPL-2.0-only
/* The buddy lists: split, merge, moving blocks, isolation [page_alloc.c, 6.1]. */
#include "mm/era.h"

#include <stdlib.h>

/* Types whose blocks may merge with one another [migratetype_is_mergeable]. */
static bool type_mergeable(uint32_t type)
{
	return type < MM_NR_PCP_TYPES;
}

static void count_buddy(struct mm *mm, uint32_t zone, uint32_t order, uint32_t type, int sign)
{
	struct mm_zone *z = &mm->zones[zone];

	z->nr_free[order] += (uint32_t)sign;
	if (type == MM_HIGHATOMIC && mm_era_of(mm)->list_is_block)
		z->free_highatomic += (uint32_t)(sign * (1 << order));
	/* Isolated pages are on lists but do not count as free [__free_one_page]. */
	if (type != MM_ISOLATE)
		z->free += (int64_t)sign * (1 << order);
}

void mm_buddy_add(struct mm *mm, uint32_t zone, struct frame f, uint32_t order, uint32_t type,
		  bool tail)
{
	struct mm_frame *fr = mm_frame(mm, f);
	uint32_t list = mm_buddy_list(mm, zone, order, type);

	fr->order = (uint8_t)order;
	fr->flags = 0;
	fr->type = 0;
	count_buddy(mm, zone, order, type, 1);
	if (tail)
		mm_list_add_tail(mm, list, f);
	else
		mm_list_add(mm, list, f);
}

void mm_buddy_del(struct mm *mm, uint32_t zone, struct frame f)
{
	count_buddy(mm, zone, mm_frame(mm, f)->order, mm_buddy_list_type(mm, f), -1);
	mm_list_del(mm, f);
	mm_frame(mm, f)->order = 0;
}

bool mm_buddy_empty(const struct mm *mm, uint32_t zone, uint32_t order, uint32_t type)
{
	return mm_list_count(mm, mm_buddy_list(mm, zone, order, type)) == 0;
}

void mm_mark_allocated(struct mm *mm, struct frame f, uint32_t order)
{
	struct mm_frame *fr = mm_frame(mm, f);

	fr->order = (uint8_t)order;
	fr->type = 0;
	fr->flags = MM_F_HEAD | MM_F_ALLOCATED;
}

void mm_split_page(struct mm *mm, struct frame f, uint32_t order)
{
	uint32_t old = mm_frame(mm, f)->order, flags = mm_frame(mm, f)->flags;

	for (uint32_t i = 0; i < 1u << old; i += 1u << order) {
		struct frame part = {f.n + i};

		mm_mark_allocated(mm, part, order);
		mm_frame(mm, part)->flags = flags;
	}
}

struct frame mm_page_head(const struct mm *mm, struct frame f)
{
	for (uint32_t o = 0; o < mm->nr_orders; o++) {
		struct frame h = {f.n & ~((1u << o) - 1)};
		const struct mm_frame *fr = mm_frame(mm, h);

		if ((fr->flags & MM_F_HEAD) && fr->order >= o)
			return h;
	}
	return FRAME_NONE;
}

/* ---- building ---- */

static void clear_hole(struct mm *mm, struct frame f, uint32_t order)
{
	for (uint32_t i = 0; i < 1u << order; i++) {
		mm_frames(mm)[f.n + i].flags = 0;
		mm_frames(mm)[f.n + i].order = 0;
	}
}

void mm_build_buddy(struct mm *mm, struct frame f, uint32_t zone, uint32_t order, uint32_t type)
{
	clear_hole(mm, f, order);
	mm_buddy_add(mm, zone, f, order, type, true);
	if (type != MM_ISOLATE)
		mm->zones[zone].free_global += 1 << order;
}

void mm_build_pcp(struct mm *mm, struct frame f, uint32_t zone, uint32_t cpu, uint32_t pindex,
		  uint32_t type)
{
	uint32_t order = pindex < 12 ? pindex / MM_NR_PCP_TYPES : mm->pageblock_order;

	clear_hole(mm, f, order);
	mm_frame(mm, f)->order = (uint8_t)order;
	mm_frame(mm, f)->type = (uint8_t)type;
	mm_list_add_tail(mm, mm_pcp_list(mm, zone, cpu, pindex), f);
	mm_pcp(mm, zone, cpu)->count += 1 << order;
}

void mm_build_allocated(struct mm *mm, struct frame f, uint32_t order, uint32_t flags)
{
	clear_hole(mm, f, order);
	mm_mark_allocated(mm, f, order);
	mm_frame(mm, f)->flags |= flags;
}

/* ---- the global counter and each CPU's part of it ---- */

/* __mod_zone_page_state [vmstat.c, 6.1]: the difference folds whole when it passes the threshold.
 */
void mm_mod_free(struct mm *mm, uint32_t zone, uint32_t cpu, int64_t delta)
{
	struct mm_pcp *pcp = mm_pcp(mm, zone, cpu);
	int64_t x = delta + pcp->free_diff;

	if (llabs(x) > mm->zones[zone].stat_threshold) {
		mm->zones[zone].free_global += x;
		x = 0;
	}
	pcp->free_diff = (int32_t)x;
}

/* refresh_cpu_vm_stats [vmstat.c, 6.1], the part about free pages */
void mm_fold_diffs(struct mm *mm, uint32_t cpu)
{
	for (uint32_t z = 0; z < mm->nr_zones; z++) {
		mm->zones[z].free_global += mm_pcp(mm, z, cpu)->free_diff;
		mm_pcp(mm, z, cpu)->free_diff = 0;
	}
}

/* ---- taking and splitting ---- */

struct frame mm_peek_smallest(const struct mm *mm, uint32_t zone, uint32_t order, uint32_t type,
			      uint32_t *found)
{
	for (uint32_t o = order; o < mm->nr_orders; o++) {
		struct frame f = mm_list_first(mm, mm_buddy_list(mm, zone, o, type));

		if (!frame_is_none(f)) {
			*found = o;
			return f;
		}
	}
	return FRAME_NONE;
}

/* expand: upper halves go to the heads of the lists of @type, whatever list the buddy came from. */
void mm_take(struct mm *mm, struct frame f, uint32_t found, uint32_t order, uint32_t type)
{
	uint32_t zone = mm_frame_zone(mm, f);

	mm_buddy_del(mm, zone, f);
	while (found > order) {
		found--;
		mm_buddy_add(mm, zone, (struct frame){f.n + (1u << found)}, found, type, false);
	}
	mm_mark_allocated(mm, f, order);
}

/* ---- freeing and merging ---- */

/* The free buddy of exactly this order next to @f in the same zone, or FRAME_NONE
 * [find_buddy_page_pfn]. */
static struct frame free_buddy(const struct mm *mm, uint32_t zone, struct frame f, uint32_t order)
{
	struct frame b = {f.n ^ (1u << order)};

	if (b.n < mm->zones[zone].start || b.n >= mm->zones[zone].end)
		return FRAME_NONE;
	if (!mm_on_buddy_list(mm, b) || mm_frame(mm, b)->order != order)
		return FRAME_NONE;
	return b;
}

static bool may_merge(const struct mm *mm, struct frame buddy, uint32_t order, uint32_t type)
{
	uint32_t buddy_type;

	if (order < mm->pageblock_order)
		return true;
	buddy_type = mm_block_type(mm, buddy);
	if (mm_era_of(mm)->merge_blocks)
		return type == buddy_type || !(type == MM_ISOLATE || buddy_type == MM_ISOLATE);
	return type == buddy_type || (type_mergeable(type) && type_mergeable(buddy_type));
}

/* Would the pair that @f is half of merge soon? Then @f is better left at the tail
 * [buddy_merge_likely]. */
static bool merge_likely(const struct mm *mm, uint32_t zone, struct frame f, uint32_t order)
{
	struct frame pair = {f.n & ~(1u << order)};

	if (order + 2 >= mm->nr_orders)
		return false;
	/* Where the pair begins in another zone it is that zone's number that counts
	 * [page_is_buddy, 6.1]. */
	if (pair.n < mm->zones[zone].start && mm_frame_zone(mm, pair) != UINT32_MAX)
		zone = mm_frame_zone(mm, pair);
	return !frame_is_none(free_buddy(mm, zone, pair, order + 1));
}

/* task_capc, compaction_capture: the page goes to the task that compacts, not on a list. */
static bool captured(struct mm *mm, uint32_t zone, struct frame f, uint32_t order, uint32_t type)
{
	struct mm_capture *c = &mm->capture;

	if (!c->active || c->taken || c->zone != zone || c->order != order)
		return false;
	if (type == MM_CMA || type == MM_ISOLATE)
		return false;
	if (order < mm->pageblock_order && type == MM_MOVABLE)
		return false;
	mm_mod_free(mm, zone, mm->cpu, -(1 << order));
	mm_mark_allocated(mm, f, order);
	c->taken = 1;
	c->frame = f.n;
	return true;
}

/* change_pageblock_range */
static void retype_blocks(struct mm *mm, struct frame f, uint32_t order, uint32_t type)
{
	for (uint32_t i = 0; i < 1u << order; i += 1u << mm->pageblock_order)
		mm_set_block_type(mm, (struct frame){f.n + i}, type);
}

struct frame mm_free_one(struct mm *mm, struct frame f, uint32_t order, uint32_t type, uint32_t fpi)
{
	uint32_t zone = mm_frame_zone(mm, f);

	if (type != MM_ISOLATE)
		mm_mod_free(mm, zone, mm->cpu, 1 << order);
	mm_frame(mm, f)->flags = 0;
	mm_frame(mm, f)->order = 0;
	mm_frame(mm, f)->type = 0;
	while (order + 1 < mm->nr_orders) {
		struct frame buddy;

		if (captured(mm, zone, f, order, type))
			return f;
		buddy = free_buddy(mm, zone, f, order);
		if (frame_is_none(buddy) || !may_merge(mm, buddy, order, type))
			break;
		mm_buddy_del(mm, zone, buddy);
		if (order >= mm->pageblock_order && mm_era_of(mm)->list_is_block)
			retype_blocks(mm, buddy, order, type);
		f.n &= buddy.n;
		order++;
	}
	mm_buddy_add(mm, zone, f, order, type,
		     (fpi & MM_FPI_TO_TAIL) || merge_likely(mm, zone, f, order));
	return f;
}

void mm_free_direct(struct mm *mm, uint32_t cpu, struct frame f, uint32_t order, uint32_t fpi)
{
	uint32_t piece = order;

	mm->cpu = cpu;
	/* Each block of a large page is freed by its own type [split_large_buddy, 6.12]. */
	if (piece > mm->pageblock_order && mm_era_of(mm)->list_is_block)
		piece = mm->pageblock_order;
	for (uint32_t i = 0; i < 1u << order; i += 1u << piece) {
		struct frame part = {f.n + i};

		mm_free_one(mm, part, piece, mm_block_type(mm, part), fpi);
	}
}

void mm_move_buddy(struct mm *mm, uint32_t zone, struct frame f, uint32_t type)
{
	uint32_t order = mm_frame(mm, f)->order, old = mm_buddy_list_type(mm, f);

	mm_buddy_del(mm, zone, f);
	mm_buddy_add(mm, zone, f, order, type, true);
	if (!mm_era_of(mm)->list_is_block)
		return;
	if (old != MM_ISOLATE)
		mm_mod_free(mm, zone, mm->cpu, -(1 << order));
	if (type != MM_ISOLATE)
		mm_mod_free(mm, zone, mm->cpu, 1 << order);
}

/* ---- moving the free pages of a block ---- */

/* PageLRU or __PageMovable, as move_freepages counts them; a compound page's tails share its head's
 * flag. */
static uint32_t movable_frames(const struct mm *mm, struct frame f, struct frame end,
			       uint32_t *span)
{
	const struct mm_frame *fr = mm_frame(mm, f);
	uint32_t n = 1;

	if (fr->flags & MM_F_HEAD)
		n = 1u << fr->order;
	if (n > end.n - f.n)
		n = end.n - f.n;
	*span = n;
	return fr->flags & (MM_F_LRU | MM_F_MOVABLE_OPS) ? n : 0;
}

static uint32_t move_freepages(struct mm *mm, uint32_t zone, struct frame f, struct frame end,
			       uint32_t type, uint32_t *nr_movable)
{
	uint32_t moved = 0;

	while (f.n < end.n) {
		uint32_t order, span;

		if (!mm_on_buddy_list(mm, f)) {
			*nr_movable += movable_frames(mm, f, end, &span);
			f.n += span;
			continue;
		}
		order = mm_frame(mm, f)->order;
		mm_move_buddy(mm, zone, f, type);
		moved += 1u << order;
		f.n += 1u << order;
	}
	return moved;
}

uint32_t mm_move_freepages_block(struct mm *mm, uint32_t zone, struct frame f, uint32_t type,
				 uint32_t *nr_movable)
{
	struct frame start = frame_from_block(mm, block_from_frame(mm, f));
	struct frame end = {start.n + (1u << mm->pageblock_order)};
	uint32_t ignored;

	if (!nr_movable)
		nr_movable = &ignored;
	*nr_movable = 0;
	if (start.n < mm->zones[zone].start)
		start = f;
	if (end.n > mm->zones[zone].end)
		return 0;
	return move_freepages(mm, zone, start, end, type, nr_movable);
}

/* A block of which half or more is taken out becomes movable; in 6.12 with its free pages or not at
 * all. */
static void isolated_block(struct mm *mm, uint32_t zone, struct frame f)
{
	if (mm_era_of(mm)->list_is_block)
		mm_claim_block(mm, zone, f, MM_MOVABLE);
	else
		mm_set_block_type(mm, f, MM_MOVABLE);
}

/* __isolate_free_page [page_alloc.c, 6.1] */
uint32_t mm_isolate_free_page(struct mm *mm, uint32_t cpu, struct frame f, uint32_t order)
{
	uint32_t zone = mm_frame_zone(mm, f);
	const struct mm_zone *z = &mm->zones[zone];
	uint32_t type = mm_block_type(mm, f);

	mm->cpu = cpu;
	if (type != MM_ISOLATE) {
		int64_t mark = (int64_t)z->wmark[MM_WMARK_MIN] + (1 << order);

		if (!mm_watermark_ok(mm, zone, 0, mark, 0, MM_ALLOC_CMA, z->free_global))
			return 0;
		mm_mod_free(mm, zone, cpu, -(1 << order));
	}
	mm_buddy_del(mm, zone, f);
	mm_mark_allocated(mm, f, order);
	if (order + 1 >= mm->pageblock_order) {
		for (uint32_t n = f.n; n < f.n + (1u << order) - 1; n += 1u << mm->pageblock_order)
			if (type_mergeable(mm_block_type(mm, (struct frame){n})))
				isolated_block(mm, zone, (struct frame){n});
	}
	return 1u << order;
}
