// SPDX-License-Identifier: GPL-2.0-only
/*
 * The classic LRU lists of a node: two generations each of anonymous and file pages, and the
 * unevictable ones. The head is the youngest page, the tail the oldest [mm/swap.c,
 * include/linux/mm_inline.h, 6.1].
 *
 * Which pages the hardware saw accessed is in no trace: pages move from inactive to active only
 * where the recording says so, and age in insertion order. Every figure that rests on these lists
 * is called "approximate LRU".
 */
#include "mm/mm.h"

static struct mm_zone *zone_of(struct mm *mm, struct frame f)
{
	return &mm->zones[mm_frame_zone(mm, f)];
}

static void count_lru(struct mm *mm, struct mm_zone *zone, enum mm_lru lru, int32_t pages)
{
	mm->nodes[zone->node].nr_lru[lru] += (uint32_t)pages;
	zone->nr_lru[lru] += (uint32_t)pages;
}

static uint32_t lru_flags(enum mm_lru lru)
{
	switch (lru) {
	case MM_LRU_ACTIVE_ANON:
	case MM_LRU_ACTIVE_FILE:
		return MM_F_LRU | MM_F_ACTIVE;
	case MM_LRU_UNEVICTABLE:
		return MM_F_LRU | MM_F_UNEVICTABLE;
	default:
		return MM_F_LRU;
	}
}

static void lru_insert(struct mm *mm, struct frame f, enum mm_lru lru, bool tail)
{
	struct mm_frame *fr = mm_frame(mm, f);
	struct mm_zone *zone = zone_of(mm, f);
	uint32_t list = mm_lru_list(mm, (uint32_t)zone->node, lru);

	fr->flags &= ~(MM_F_ACTIVE | MM_F_UNEVICTABLE);
	fr->flags |= lru_flags(lru);
	if (tail)
		mm_list_add_tail(mm, list, f);
	else
		mm_list_add(mm, list, f);
	count_lru(mm, zone, lru, 1 << fr->order);
}

void mm_lru_add(struct mm *mm, struct frame f, enum mm_lru lru)
{
	lru_insert(mm, f, lru, false);
}

void mm_lru_add_tail(struct mm *mm, struct frame f, enum mm_lru lru)
{
	lru_insert(mm, f, lru, true);
}

enum mm_lru mm_lru_of(const struct mm *mm, struct frame f)
{
	return (enum mm_lru)((mm_frame(mm, f)->list - mm->list_lru) % MM_NR_LRU);
}

/* The flags that say on which list the page was stay: who takes a page off for a while puts it back
 * by them. */
void mm_lru_del(struct mm *mm, struct frame f)
{
	enum mm_lru lru = mm_lru_of(mm, f);

	mm_list_del(mm, f);
	count_lru(mm, zone_of(mm, f), lru, -(1 << mm_frame(mm, f)->order));
	mm_frame(mm, f)->flags &= ~MM_F_LRU;
}

/* folio_activate_fn: to the head of the active list of its kind; pages that are active or
 * unevictable stay. */
void mm_lru_activate(struct mm *mm, struct frame f)
{
	enum mm_lru lru = mm_lru_of(mm, f);

	if (lru != MM_LRU_INACTIVE_ANON && lru != MM_LRU_INACTIVE_FILE)
		return;
	mm_lru_del(mm, f);
	mm_lru_add(mm, f, lru + 1);
	mm_stats(mm)->activated += 1u << mm_frame(mm, f)->order;
}

/* folio_rotate_reclaimable. A page that is not on a list now is just clean. */
void mm_lru_written(struct mm *mm, struct frame f)
{
	struct mm_frame *fr = mm_frame(mm, f);
	bool rotate = fr->flags & MM_F_RECLAIM;
	enum mm_lru lru;

	fr->flags &= ~(MM_F_WRITEBACK | MM_F_RECLAIM);
	if (!rotate || !mm_on_lru_list(mm, f))
		return;
	lru = mm_lru_of(mm, f);
	if (lru == MM_LRU_UNEVICTABLE)
		return;
	mm_lru_del(mm, f);
	mm_lru_add_tail(mm, f,
			lru == MM_LRU_ACTIVE_ANON || lru == MM_LRU_ACTIVE_FILE ? lru - 1 : lru);
}

/* Whole part of the square root, as int_sqrt() gives it. */
static uint64_t isqrt(uint64_t x)
{
	uint64_t r = 0;

	while ((r + 1) * (r + 1) <= x)
		r++;
	return r;
}

/* inactive_is_low, 6.1: pages on the active list of a big node may outnumber the inactive ones
 * sqrt(10 * GiB) to 1. */
bool mm_lru_inactive_is_low(const struct mm *mm, uint32_t node, enum mm_lru inactive)
{
	uint64_t nr_inactive = mm->nodes[node].nr_lru[inactive];
	uint64_t nr_active = mm->nodes[node].nr_lru[inactive + 1];
	uint64_t gb = (nr_inactive + nr_active) >> (30 - mm->page_shift);
	uint64_t ratio = gb ? isqrt(10 * gb) : 1;

	return nr_inactive * ratio < nr_active;
}
