// SPDX-License-Identifier: GPL-2.0-only
/* Which object occupies which page: what-if machines only. */
#include "mm/mm.h"

/* Flags of a page that belong to its contents and follow it to another frame. */
#define CONTENT_FLAGS                                                                              \
	(MM_F_ACTIVE | MM_F_ANON | MM_F_FILE | MM_F_SWAPBACKED | MM_F_SWAPCACHE | MM_F_DIRTY |     \
	 MM_F_WRITEBACK | MM_F_UNEVICTABLE | MM_F_SLAB | MM_F_COMPOUND | MM_F_HUGE | MM_F_MAPPED | \
	 MM_F_PINNED | MM_F_MOVABLE_OPS | MM_F_LRU | MM_F_RECLAIM | MM_F_BUFFERS | MM_F_FIXED)

void mm_object_bind(struct mm *mm, struct frame f, uint32_t id, uint32_t owner, enum mm_kind kind,
		    uint32_t order)
{
	struct mm_object *o = &mm_objects(mm)[f.n];

	o->id = id;
	o->owner = owner;
	o->kind = (uint8_t)kind;
	o->order = (uint8_t)order;
	o->flags = 0;
	if (id != MM_NO_ID)
		mm_ids(mm)[id] = f.n;
	mm_chronicle_bind(mm, f);
}

struct frame mm_object_frame(const struct mm *mm, uint32_t id)
{
	return id < mm->nr_ids ? (struct frame){mm_ids(mm)[id]} : FRAME_NONE;
}

void mm_object_unbind(struct mm *mm, struct frame f)
{
	struct mm_object *o = &mm_objects(mm)[f.n];

	if (o->id != MM_NO_ID)
		mm_ids(mm)[o->id] = UINT32_MAX;
	o->id = MM_NO_ID;
	o->owner = 0;
	o->kind = MM_KIND_UNKNOWN;
	o->order = 0;
	o->flags = 0;
}

/* To another zone: to the young end there. */
static void change_zone(struct mm *mm, struct frame from, struct frame to)
{
	enum mm_lru lru = mm_lru_of(mm, from);

	mm_lru_del(mm, from);
	mm_lru_add(mm, to, lru);
}

/* Takes @from's place on its list [folio_migrate_flags, and the LRU putback keeps the page's age].
 */
static void take_place(struct mm *mm, struct frame from, struct frame to)
{
	uint32_t list = mm_frame(mm, from)->list;
	struct frame before;

	if (!mm_on_lru_list(mm, from))
		return;
	if (mm_frame_zone(mm, from) != mm_frame_zone(mm, to)) {
		change_zone(mm, from, to);
		return;
	}
	before = mm_list_prev(mm, from);
	mm_list_del(mm, from);
	mm_list_add(mm, list, to);
	if (!frame_is_none(before))
		mm_list_move_behind(mm, to, before);
}

void mm_object_move(struct mm *mm, struct frame from, struct frame to)
{
	struct mm_object *objs = mm_objects(mm);

	if (objs) {
		objs[to.n] = objs[from.n];
		if (objs[to.n].id != MM_NO_ID)
			mm_ids(mm)[objs[to.n].id] = to.n;
		objs[from.n].id = MM_NO_ID;
		mm_object_unbind(mm, from);
		mm_chronicle_move(mm, from, to);
	}
	mm_frame(mm, to)->flags |= mm_frame(mm, from)->flags & CONTENT_FLAGS;
	mm_frame(mm, from)->flags &= ~CONTENT_FLAGS;
	take_place(mm, from, to);
}
