// SPDX-License-Identifier: GPL-2.0-only
/* Walks every invariant of a machine. Slow on purpose: shares no shortcuts with the code it checks.
 */
#include "mm/era.h"

#include <inttypes.h>
#include <stdlib.h>

static int bad(struct error *err, const char *what, uint32_t list, uint32_t frame)
{
	return error_set(err, "invariant broken: %s (list %u, frame %#x)", what, list, frame);
}

static int check_links(const struct mm *mm, uint32_t list, struct error *err)
{
	uint32_t head = mm->nr_frames + list, count = 0;
	uint32_t prev = head;

	for (uint32_t n = mm_lists(mm)[list].next; n != head; n = mm_frames(mm)[n].next) {
		if (n >= mm->nr_frames)
			return bad(err, "a link leads into another list's head", list, n);
		if (mm_frames(mm)[n].list != list)
			return bad(err, "a frame is linked into a list that it does not name", list,
				   n);
		if (mm_frames(mm)[n].prev != prev)
			return bad(err, "next and prev disagree", list, n);
		if (++count > mm->nr_frames)
			return bad(err, "a list has a loop", list, n);
		prev = n;
	}
	if (mm_lists(mm)[list].prev != prev)
		return bad(err, "the head's prev is not the last frame", list, prev);
	if (count != mm_lists(mm)[list].count)
		return bad(err, "a list's count is wrong", list, count);
	return 0;
}

/* Marks [f, f + 2^order) as owned; two owners of a frame are an error. */
static int own(const struct mm *mm, uint8_t *owned, uint32_t f, uint32_t order, uint32_t list,
	       struct error *err)
{
	if (f & ((1u << order) - 1))
		return bad(err, "a page is not aligned to its order", list, f);
	if (f + (1u << order) > mm->nr_frames)
		return bad(err, "a page ends beyond the last frame", list, f);
	for (uint32_t i = 0; i < 1u << order; i++) {
		if (owned[f + i]++)
			return bad(err, "a frame belongs to two pages", list, f + i);
		if (i && (mm_frames(mm)[f + i].flags & (MM_F_HEAD | MM_F_HOLE)))
			return bad(err, "a page has another's head inside", list, f + i);
		if (i && mm_frames(mm)[f + i].list != MM_NO_LIST)
			return bad(err, "the inside of a page is on a list", list, f + i);
	}
	return 0;
}

static int check_buddies(const struct mm *mm, uint32_t zone, uint8_t *owned, struct error *err)
{
	const struct mm_zone *z = &mm->zones[zone];
	int64_t free = 0;

	for (uint32_t o = 0; o < mm->nr_orders; o++) {
		uint32_t nr = 0;

		for (uint32_t t = 0; t < MM_NR_TYPES; t++) {
			uint32_t list = mm_buddy_list(mm, zone, o, t);
			struct frame f = mm_list_first(mm, list);

			for (; !frame_is_none(f); f = mm_list_next(mm, f), nr++) {
				if (mm_frame(mm, f)->order != o)
					return bad(err, "a buddy is on the list of another order",
						   list, f.n);
				if (mm_frame_zone(mm, f) != zone)
					return bad(err, "a buddy is on another zone's list", list,
						   f.n);
				if (own(mm, owned, f.n, o, list, err))
					return -1;
				if (t != MM_ISOLATE)
					free += 1 << o;
			}
		}
		if (nr != z->nr_free[o])
			return bad(err, "nr_free disagrees with the lists", o, nr);
	}
	if (free != z->free)
		return error_set(err,
				 "invariant broken: zone %s counts %" PRId64
				 " free pages, its lists hold %" PRId64,
				 z->name, z->free, free);
	return 0;
}

static int check_pcps(const struct mm *mm, uint32_t zone, uint8_t *owned, struct error *err)
{
	for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++) {
		int32_t count = 0;

		for (uint32_t i = 0; i < MM_NR_PCP_LISTS; i++) {
			uint32_t list = mm_pcp_list(mm, zone, cpu, i);
			struct frame f = mm_list_first(mm, list);

			for (; !frame_is_none(f); f = mm_list_next(mm, f)) {
				if (own(mm, owned, f.n, mm_frame(mm, f)->order, list, err))
					return -1;
				count += 1 << mm_frame(mm, f)->order;
			}
		}
		if (count != mm_pcp(mm, zone, cpu)->count)
			return bad(err, "a per-cpu count disagrees with its lists", zone, cpu);
	}
	return 0;
}

/* Free buddies that could have merged must have. */
static int check_merged(const struct mm *mm, struct error *err)
{
	for (uint32_t n = 0; n < mm->nr_frames; n++) {
		struct frame f = {n}, b;
		uint32_t o = mm_frames(mm)[n].order;

		if (!mm_on_buddy_list(mm, f) || o >= mm->pageblock_order)
			continue;
		b.n = n ^ (1u << o);
		if (b.n < mm->nr_frames && mm_on_buddy_list(mm, b) && mm_frame(mm, b)->order == o &&
		    mm_frame_zone(mm, f) == mm_frame_zone(mm, b))
			return bad(err, "two free buddies have not merged", o, n);
	}
	return 0;
}

static int check_allocated(const struct mm *mm, uint8_t *owned, struct error *err)
{
	for (uint32_t n = 0; n < mm->nr_frames; n++) {
		const struct mm_frame *fr = &mm_frames(mm)[n];

		if (!(fr->flags & MM_F_HEAD))
			continue;
		if (own(mm, owned, n, fr->order, MM_NO_LIST, err))
			return -1;
	}
	return 0;
}

static int check_objects(const struct mm *mm, struct error *err)
{
	for (uint32_t id = 0; id < mm->nr_ids; id++) {
		uint32_t n = mm_ids(mm)[id];

		if (n == UINT32_MAX)
			continue;
		if (n >= mm->nr_frames || mm_objects(mm)[n].id != id)
			return bad(err, "the id map and the object table disagree", id, n);
		if (!(mm_frames(mm)[n].flags & MM_F_HEAD))
			return bad(err, "an object has no allocated page", id, n);
	}
	return 0;
}

/* What the LRU lists hold, by node and by zone. */
static int check_lru(const struct mm *mm, enum mm_lru lru, struct error *err)
{
	uint32_t zones[MM_MAX_ZONES] = {0};

	for (uint32_t node = 0; node < mm->nr_nodes; node++) {
		uint32_t list = mm_lru_list(mm, node, lru), pages = 0;
		struct frame f = mm_list_first(mm, list);

		for (; !frame_is_none(f); f = mm_list_next(mm, f)) {
			pages += 1u << mm_frame(mm, f)->order;
			zones[mm_frame_zone(mm, f)] += 1u << mm_frame(mm, f)->order;
		}
		if (pages != mm->nodes[node].nr_lru[lru])
			return bad(err, "a node's LRU size disagrees with its list", list, pages);
	}
	for (uint32_t z = 0; z < mm->nr_zones; z++)
		if (zones[z] != mm->zones[z].nr_lru[lru])
			return bad(err, "a zone's LRU size disagrees with the lists", z, zones[z]);
	return 0;
}

/* What shrinkers count, and what their lists hold. */
static int check_slabs(const struct mm *mm, enum mm_slab slab, struct error *err)
{
	for (uint32_t node = 0; node < mm->nr_nodes; node++) {
		const struct mm_shrinker *s = &mm->nodes[node].shrinker;
		uint32_t list = mm_slab_list(mm, node, slab), objects = 0;
		struct frame f = mm_list_first(mm, list), oldest = mm_list_last(mm, list);

		for (; !frame_is_none(f); f = mm_list_next(mm, f)) {
			if (!(mm_frame(mm, f)->flags & MM_F_HEAD))
				return bad(err, "a slab page is not allocated", list, f.n);
			objects += mm->slab_objects[slab][mm_frame(mm, f)->order];
		}
		if (!frame_is_none(oldest) && !(mm_frame(mm, oldest)->flags & MM_F_YOUNG))
			objects -= s->looked[slab];
		if (objects != s->objects[slab])
			return bad(err, "a shrinker's count disagrees with its list", list,
				   objects);
		if (s->idle > s->objects[MM_SLAB_INODE])
			return bad(err, "more inodes are idle than there are", list, s->idle);
	}
	return 0;
}

int mm_validate(const struct mm *mm, struct error *err)
{
	uint8_t *owned = calloc(mm->nr_frames, 1);
	int ret = -1;

	if (!owned)
		return error_set(err, "no memory to validate");
	for (uint32_t l = 0; l < mm->nr_lists; l++)
		if (check_links(mm, l, err))
			goto out;
	for (uint32_t z = 0; z < mm->nr_zones; z++)
		if (check_buddies(mm, z, owned, err) || check_pcps(mm, z, owned, err))
			goto out;
	if (check_allocated(mm, owned, err) || check_merged(mm, err))
		goto out;
	if (mm->nr_ids && check_objects(mm, err))
		goto out;
	for (uint32_t lru = 0; lru < MM_NR_LRU; lru++)
		if (check_lru(mm, lru, err))
			goto out;
	for (uint32_t slab = 0; slab < MM_NR_SLABS; slab++)
		if (check_slabs(mm, slab, err))
			goto out;
	ret = 0;
out:
	free(owned);
	return ret;
}
