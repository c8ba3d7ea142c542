// SPDX-License-Identifier: GPL-2.0-only
/* The objects that were there when recording began take their pages in the machine. */
#include "replay/whatif.h"

/* Pages that the snapshot saw on an LRU list whose order it could not read: by frame, oldest
 * lowest. */
static void list_lru_pages(struct mm *mm, bool unlocked)
{
	for (uint32_t n = 0; n < mm->nr_frames; n++) {
		struct frame f = {n};
		uint32_t flags = mm_frame(mm, f)->flags;
		bool anon = flags & (MM_F_ANON | MM_F_SWAPBACKED);
		enum mm_lru lru = anon ? MM_LRU_INACTIVE_ANON : MM_LRU_INACTIVE_FILE;

		if (!(flags & MM_F_HEAD) || !(flags & MM_F_LRU) ||
		    mm_frame(mm, f)->list != MM_NO_LIST)
			continue;
		if (flags & MM_F_ACTIVE)
			lru++;
		if (flags & MM_F_UNEVICTABLE && !unlocked)
			lru = MM_LRU_UNEVICTABLE;
		mm_lru_add(mm, f, lru);
	}
}

/* Every frame of the range is the head of a single page on no list: they can become one page. */
static bool mergeable(const struct mm *mm, struct frame f, uint32_t order)
{
	for (uint32_t i = 0; i < 1u << order; i++) {
		const struct mm_frame *fr = &mm_frames(mm)[f.n + i];

		if (!(fr->flags & MM_F_HEAD) || fr->order || fr->list != MM_NO_LIST)
			return false;
	}
	return true;
}

/* Makes @f the head of an allocated page of @order; false when the machine has something else
 * there. */
static bool shape(struct mm *mm, struct frame f, uint32_t order)
{
	struct frame head = mm_page_head(mm, f);

	if (frame_is_none(head) || mm_frame_zone(mm, f) == UINT32_MAX)
		return false;
	if (head.n == f.n && mm_frame(mm, f)->order == order)
		return true;
	if (mm_frame(mm, head)->order > order && mm_frame(mm, head)->list == MM_NO_LIST) {
		mm_split_page(mm, head, order);
		return true;
	}
	if (mm_frame(mm, head)->order >= order || !mergeable(mm, f, order))
		return false;
	mm_build_allocated(mm, f, order, 0);
	return true;
}

static void place(struct whatif *w, const struct demand_initial *init)
{
	struct frame f = {init->frame};
	struct mm_frame *fr;

	if (init->order >= w->mm->nr_orders || f.n & ((1u << init->order) - 1) ||
	    !shape(w->mm, f, init->order)) {
		w->unplaced++;
		return;
	}
	mm_object_bind(w->mm, f, init->id, 0, init->page, init->order);
	w->alive[init->id] = ALIVE_YES;
	if (init->page == MM_KIND_ANON || init->page == MM_KIND_SHMEM)
		w->alive[init->id] |= ALIVE_ANON;
	fr = mm_frame(w->mm, f);
	fr->flags |= init->flags;
	if (init->page == MM_KIND_SLAB)
		fr->flags |= MM_F_SLAB;
	if (init->slab) {
		w->alive[init->id] |= ALIVE_SLAB;
		whatif_slab_add(w, f, init->slab - 1);
	}
	if (init->page == MM_KIND_HUGETLB) {
		fr->flags |= MM_F_HUGE | MM_F_COMPOUND;
		w->pool.recorded++;
		w->pool.replayed++;
		w->pool.last_target++;
	}
	if (init->lru >= MM_NR_LRU || (fr->list != MM_NO_LIST && !w->cut))
		return;
	if (mm_on_lru_list(w->mm, f))
		mm_lru_del(w->mm, f);
	mm_lru_add(w->mm, f, init->lru);
}

/* A dirty page of which nobody will say when it is written would stay dirty for ever. */
static void forget_dirt(struct mm *mm)
{
	for (uint32_t n = 0; n < mm->nr_frames; n++)
		mm_frames(mm)[n].flags &= ~(MM_F_DIRTY | MM_F_WRITEBACK);
}

/*
 * At the start of a recording the snapshot's lists are the truth, and objects without a place there
 * come last. At a cut nothing has a place: pages that the recording never shows are the oldest, the
 * others come in the demand's order.
 */
void whatif_place_initial(struct whatif *w)
{
	if (w->cut)
		list_lru_pages(w->mm, w->demand->unlocked);
	for (uint64_t i = 0; i < w->demand->nr_initial; i++)
		place(w, &w->demand->initial[i]);
	list_lru_pages(w->mm, w->demand->unlocked);
	w->mm->swap_free -=
		w->demand->swapped < w->mm->swap_free ? w->demand->swapped : w->mm->swap_free;
	if (!w->demand->writeback)
		forget_dirt(w->mm);
}
