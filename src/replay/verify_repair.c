// SPDX-License-Identifier: GPL-2.0-only
/* After a wrong prediction the machine is brought to what the kernel did. Each use is a resync. */
#include "replay/verify.h"

/* Takes the free buddy that contains @f apart until @f is a buddy of its own of @order. */
static void carve(struct mm *mm, struct frame buddy, struct frame f, uint32_t order,
		  uint32_t list_type)
{
	uint32_t zone = mm_frame_zone(mm, buddy), o = mm_frame(mm, buddy)->order;

	mm_take(mm, buddy, o, o, list_type);
	while (o > order) {
		struct frame upper = {buddy.n + (1u << --o)};

		if (f.n >= upper.n) {
			mm_mark_allocated(mm, buddy, o);
			mm_build_buddy(mm, buddy, zone, o, list_type);
			mm->zones[zone].free_global -= list_type != MM_ISOLATE ? 1 << o : 0;
			buddy = upper;
		} else {
			mm_build_buddy(mm, upper, zone, o, list_type);
			mm->zones[zone].free_global -= list_type != MM_ISOLATE ? 1 << o : 0;
		}
	}
	mm_mark_allocated(mm, f, order);
}

static uint32_t pcp_owner(const struct mm *mm, struct frame f)
{
	return (mm_frame(mm, f)->list - mm->list_pcp) / MM_NR_PCP_LISTS % mm->nr_cpus;
}

/* The page on a per-cpu list that @f is part of, or FRAME_NONE. */
static struct frame pcp_page_containing(const struct mm *mm, struct frame f)
{
	for (uint32_t o = 0; o < mm->nr_orders; o++) {
		struct frame head = {f.n & ~((1u << o) - 1)};

		if (mm_on_pcp_list(mm, head) && mm_frame(mm, head)->order >= o)
			return head;
	}
	return FRAME_NONE;
}

struct frame repair_listed(const struct mm *mm, struct frame f)
{
	struct frame head = mm_buddy_containing(mm, f);

	if (frame_is_none(head))
		head = pcp_page_containing(mm, f);
	return frame_is_none(head) && mm_frame(mm, f)->list != MM_NO_LIST ? f : head;
}

/* A page that is larger than what is taken from it at @f, in use or on a per-cpu list, comes apart.
 * Pages are aligned: it is the only one that can reach beyond. */
static void take_apart(struct mm *mm, struct frame f, uint32_t order)
{
	struct frame head = pcp_page_containing(mm, f);
	uint32_t whole;

	if (!frame_is_none(head)) {
		whole = mm_frame(mm, head)->order;
		mm_pcp_del(mm, mm_frame_zone(mm, head), pcp_owner(mm, head), head);
		mm_mark_allocated(mm, head, whole);
	} else {
		head = mm_page_head(mm, f);
		if (frame_is_none(head) || mm_on_buddy_list(mm, head))
			return;
	}
	if (mm_frame(mm, head)->order <= order)
		return;
	if (mm_frame(mm, head)->list != MM_NO_LIST)
		mm_list_del(mm, head);
	mm_split_page(mm, head, order);
}

void repair_remove(struct verify *v, struct frame f, uint32_t order)
{
	struct mm *mm = v->mm;

	take_apart(mm, f, order);
	for (uint32_t i = 0; i < 1u << order; i++) {
		struct frame g = {f.n + i}, b = mm_buddy_containing(mm, g);

		/* The list that a frame names goes before a buddy that claims to contain it. */
		if (mm_on_pcp_list(mm, g)) {
			mm_pcp_del(mm, mm_frame_zone(mm, g), pcp_owner(mm, g), g);
		} else if (!frame_is_none(b)) {
			uint32_t have = mm_frame(mm, b)->order, zone = mm_frame_zone(mm, b);

			carve(mm, b, have > order ? f : b, have > order ? order : have,
			      mm_buddy_list_type(mm, b));
			mm_mod_free(mm, zone, mm->cpu, -(1 << (have > order ? order : have)));
		} else if (mm_frame(mm, g)->list != MM_NO_LIST) {
			mm_list_del(mm, g);
		}
		mm_frame(mm, g)->flags = 0;
	}
	mm_mark_allocated(mm, f, order);
}

void repair_take_from_zone(struct verify *v, struct frame f, uint32_t order, uint32_t type)
{
	struct frame b = mm_buddy_containing(v->mm, f);

	v->res->resyncs++;
	v->resynced = true;
	if (!frame_is_none(b) && mm_frame(v->mm, b)->order >= order) {
		carve(v->mm, b, f, order, mm_buddy_list_type(v->mm, b));
		return;
	}
	repair_remove(v, f, order);
	/* It was not counted free there: the caller's subtraction must not show. */
	mm_mod_free(v->mm, mm_frame_zone(v->mm, f), v->mm->cpu, 1 << order);
}

/* move_freelist_head, move_freelist_tail: what was before @f is behind all others now. */
void repair_turn_list(struct verify *v, struct frame expected, struct frame f)
{
	struct mm *mm = v->mm;

	if (!frame_is_none(expected) && mm_on_buddy_list(mm, f) &&
	    mm_frame(mm, f)->list == mm_frame(mm, expected)->list)
		mm_list_rotate_to_first(mm, f);
}

void repair_take_from_pcp(struct verify *v, struct frame f, uint32_t order)
{
	v->res->resyncs++;
	v->resynced = true;
	repair_remove(v, f, order);
}

/*
 * The kernel took @f although others were before it on the model's list. Where their order was only
 * a guess they go behind the rest; where it was known they cannot be there any more and are given
 * up.
 */
void repair_pass_over(struct verify *v, struct frame f)
{
	struct mm *mm = v->mm;
	uint32_t list = mm_frame(mm, f)->list, n = mm_list_count(mm, list);
	struct frame first = mm_list_first(mm, list);

	for (; n-- && first.n != f.n; first = mm_list_first(mm, list)) {
		uint32_t order = mm_frame(mm, first)->order;

		if (v->known && !v->known[first.n]) {
			mm_list_rotate_to_last(mm, first);
			continue;
		}
		mm_pcp_del(mm, mm_frame_zone(mm, first), pcp_owner(mm, first), first);
		mm_mark_allocated(mm, first, order);
	}
}
