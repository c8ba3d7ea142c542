// SPDX-License-Identifier: GPL-2.0-only
/*
 * Doubly linked lists by index. Link space is the frames followed by the list heads: link value
 * nr_frames + l is the head of list l, so that an empty list's head links to itself.
 */
#include "mm/era.h"

static uint32_t *next_of(struct mm *mm, uint32_t link)
{
	return link < mm->nr_frames ? &mm_frames(mm)[link].next
				    : &mm_lists(mm)[link - mm->nr_frames].next;
}

static uint32_t *prev_of(struct mm *mm, uint32_t link)
{
	return link < mm->nr_frames ? &mm_frames(mm)[link].prev
				    : &mm_lists(mm)[link - mm->nr_frames].prev;
}

static struct frame frame_or_none(const struct mm *mm, uint32_t link)
{
	return link < mm->nr_frames ? (struct frame){link} : FRAME_NONE;
}

void mm_link_init(struct mm *mm, uint32_t list)
{
	mm_lists(mm)[list].next = mm_lists(mm)[list].prev = mm->nr_frames + list;
	mm_lists(mm)[list].count = 0;
}

static void link_between(struct mm *mm, uint32_t f, uint32_t before, uint32_t after)
{
	*next_of(mm, before) = f;
	*prev_of(mm, after) = f;
	mm_frames(mm)[f].prev = before;
	mm_frames(mm)[f].next = after;
}

uint32_t mm_buddy_list(const struct mm *mm, uint32_t zone, uint32_t order, uint32_t type)
{
	return (zone * mm->nr_orders + order) * MM_NR_TYPES + type;
}

uint32_t mm_pcp_list(const struct mm *mm, uint32_t zone, uint32_t cpu, uint32_t pindex)
{
	return mm->list_pcp + (zone * mm->nr_cpus + cpu) * MM_NR_PCP_LISTS + pindex;
}

uint32_t mm_lru_list(const struct mm *mm, uint32_t node, enum mm_lru lru)
{
	return mm->list_lru + node * MM_NR_LRU + lru;
}

uint32_t mm_private_list(const struct mm *mm, uint32_t n)
{
	return mm->list_private + n;
}

struct frame mm_list_first(const struct mm *mm, uint32_t list)
{
	return frame_or_none(mm, mm_lists(mm)[list].next);
}

struct frame mm_list_last(const struct mm *mm, uint32_t list)
{
	return frame_or_none(mm, mm_lists(mm)[list].prev);
}

struct frame mm_list_next(const struct mm *mm, struct frame f)
{
	return frame_or_none(mm, mm_frame(mm, f)->next);
}

struct frame mm_list_prev(const struct mm *mm, struct frame f)
{
	return frame_or_none(mm, mm_frame(mm, f)->prev);
}

void mm_list_add(struct mm *mm, uint32_t list, struct frame f)
{
	uint32_t head = mm->nr_frames + list;

	link_between(mm, f.n, head, *next_of(mm, head));
	mm_frame(mm, f)->list = (uint16_t)list;
	mm_lists(mm)[list].count++;
}

void mm_list_add_tail(struct mm *mm, uint32_t list, struct frame f)
{
	uint32_t head = mm->nr_frames + list;

	link_between(mm, f.n, *prev_of(mm, head), head);
	mm_frame(mm, f)->list = (uint16_t)list;
	mm_lists(mm)[list].count++;
}

void mm_list_del(struct mm *mm, struct frame f)
{
	struct mm_frame *fr = mm_frame(mm, f);

	*next_of(mm, fr->prev) = fr->next;
	*prev_of(mm, fr->next) = fr->prev;
	mm_lists(mm)[fr->list].count--;
	fr->list = MM_NO_LIST;
	/* A frame on no list looks the same whatever it was on before: hashes depend on it. */
	fr->next = fr->prev = 0;
}

void mm_list_move_behind(struct mm *mm, struct frame f, struct frame before)
{
	struct mm_frame *fr = mm_frame(mm, f);

	*next_of(mm, fr->prev) = fr->next;
	*prev_of(mm, fr->next) = fr->prev;
	link_between(mm, f.n, before.n, mm_frame(mm, before)->next);
}

void mm_list_rotate_to_first(struct mm *mm, struct frame f)
{
	uint32_t head = mm->nr_frames + mm_frame(mm, f)->list;
	uint32_t first = *next_of(mm, head), last = *prev_of(mm, head);
	uint32_t before = mm_frame(mm, f)->prev;

	if (first == f.n)
		return;
	*next_of(mm, head) = f.n;
	*prev_of(mm, f.n) = head;
	*next_of(mm, last) = first;
	*prev_of(mm, first) = last;
	*next_of(mm, before) = head;
	*prev_of(mm, head) = before;
}

void mm_list_rotate_to_last(struct mm *mm, struct frame f)
{
	struct frame next = mm_list_next(mm, f);

	if (!frame_is_none(next))
		mm_list_rotate_to_first(mm, next);
}

bool mm_on_buddy_list(const struct mm *mm, struct frame f)
{
	return mm_frame(mm, f)->list < mm->list_pcp;
}

bool mm_on_pcp_list(const struct mm *mm, struct frame f)
{
	uint16_t list = mm_frame(mm, f)->list;

	return list >= mm->list_pcp && list < mm->list_lru;
}

bool mm_on_lru_list(const struct mm *mm, struct frame f)
{
	uint16_t list = mm_frame(mm, f)->list;

	return list >= mm->list_lru && list < mm->list_private;
}

uint32_t mm_buddy_list_type(const struct mm *mm, struct frame f)
{
	return mm_frame(mm, f)->list % MM_NR_TYPES;
}

uint32_t mm_frame_zone(const struct mm *mm, struct frame f)
{
	for (uint32_t z = 0; z < mm->nr_zones; z++)
		if (f.n >= mm->zones[z].start && f.n < mm->zones[z].end)
			return z;
	return UINT32_MAX;
}

struct frame mm_buddy_containing(const struct mm *mm, struct frame f)
{
	for (uint32_t o = 0; o < mm->nr_orders; o++) {
		struct frame h = {f.n & ~((1u << o) - 1)};

		if (mm_on_buddy_list(mm, h) && mm_frame(mm, h)->order >= o)
			return h;
	}
	return FRAME_NONE;
}

void mm_set_block_type(struct mm *mm, struct frame f, uint32_t type)
{
	uint8_t *b = &mm_blocks(mm)[f.n >> mm->pageblock_order];

	*b = (uint8_t)((*b & ~MM_B_TYPE) | type);
}

bool mm_block_skip(const struct mm *mm, struct frame f)
{
	return mm_blocks(mm)[f.n >> mm->pageblock_order] & MM_B_SKIP;
}

void mm_set_block_skip(struct mm *mm, struct frame f, bool skip)
{
	uint8_t *b = &mm_blocks(mm)[f.n >> mm->pageblock_order];

	*b = (uint8_t)(skip ? *b | MM_B_SKIP : *b & ~MM_B_SKIP);
}
