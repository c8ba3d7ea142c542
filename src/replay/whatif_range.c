// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page faults for transparent huge pages, where the replay's end otherwise than the recorded ones.
 * The demand says which requests belong to one range of memory (demand/ranges.c).
 *
 *   recorded       replay         what follows in the range
 *   huge page      small pages    as many are asked for at once; they go when the huge page went
 *   small pages    huge page      none is asked for; the huge page goes with the last of them
 *
 * A range of small pages that was emptied asks for no huge page again while its table is there, so
 * a replay with a huge page in it makes a request where the recording has none, and the other way
 * round. Scored is each time that a range is touched, whatever is asked for then.
 */
#include "replay/whatif.h"

#include <stdlib.h>

/* Of a range in the replay. */
enum {
	RANGE_EMPTY,
	RANGE_ASKED, /* the first of two requests failed */
	RANGE_HUGE,
	RANGE_SMALL,
};

int whatif_range_init(struct whatif *w, struct error *err)
{
	w->ranges = calloc(w->demand->nr_ranges + 1ull, sizeof(*w->ranges));
	return w->ranges ? 0 : error_set(err, "out of memory for %u ranges", w->demand->nr_ranges);
}

static struct whatif_range *range_of(const struct whatif *w, const struct demand_op *op)
{
	return op->flags & DEMAND_F_RANGE && op->arg <= w->demand->nr_ranges ? &w->ranges[op->arg]
									     : NULL;
}

/* ---- pages that only the replay has ---- */

static bool is_extra(const struct mm *mm, uint32_t n, uint32_t number)
{
	return mm_frames(mm)[n].flags & MM_F_HEAD && mm_objects(mm)[n].flags & MM_O_RANGE &&
	       mm_objects(mm)[n].owner == number;
}

static void bind_extra(struct whatif *w, struct frame f, const struct demand_op *op,
		       uint32_t number)
{
	whatif_bind(w, f, op, MM_NO_ID);
	mm_objects(w->mm)[f.n].kind = MM_KIND_ANON;
	mm_objects(w->mm)[f.n].owner = number;
	mm_objects(w->mm)[f.n].flags |= MM_O_RANGE;
	mm_frame(w->mm, f)->flags |= MM_F_ANON | MM_F_SWAPBACKED | MM_F_MAPPED | MM_F_YOUNG;
	mm_lru_add(w->mm, f, MM_LRU_INACTIVE_ANON);
}

/* The range in small pages: somebody who wants huge pages is taken to touch all of it. */
static void fall_back(struct whatif *w, struct whatif_range *range, const struct demand_op *at)
{
	struct demand_op op = *at;

	op.order = 0;
	op.page = MM_KIND_ANON;
	op.flags &= DEMAND_F_RECORDER;
	op.gfp = GFP_HIGHMEM | GFP_MOVABLE | GFP_IO | GFP_FS | GFP_HARDWALL | GFP_DIRECT_RECLAIM |
		 GFP_KSWAPD_RECLAIM | GFP_ZERO | GFP_COMP;
	for (uint32_t n = 1u << at->order; n > 0; n--) {
		bool slow;
		struct frame f = whatif_alloc(w, &op, &slow);

		if (frame_is_none(f))
			break;
		bind_extra(w, f, &op, at->arg);
		range->small_pages++;
	}
	w->out->substituted++;
}

static void free_extra(struct whatif *w, struct whatif_range *range, const struct demand_op *op)
{
	if (range->huge_page && is_extra(w->mm, range->frame, op->arg))
		whatif_free(w, (struct frame){range->frame}, op->cpu);
	for (uint32_t n = 0; range->small_pages && n < w->mm->nr_frames; n++) {
		if (!is_extra(w->mm, n, op->arg))
			continue;
		whatif_free(w, (struct frame){n}, op->cpu);
		range->small_pages--;
	}
	range->huge_page = 0;
	range->small_pages = 0; /* this policy had dropped the others */
}

/* ---- what a fault gets ---- */

static void keep(struct whatif *w, struct whatif_range *range, struct frame f,
		 const struct demand_op *op)
{
	bind_extra(w, f, op, op->arg);
	range->frame = f.n;
	range->huge_page = 1;
	w->out->substituted++;
}

/* The recorded kernel got a page only when it asked again. */
static void hand_over(struct whatif *w, struct whatif_range *range, const struct demand_op *op)
{
	if (range->huge_page && is_extra(w->mm, range->frame, op->arg))
		whatif_bind(w, (struct frame){range->frame}, op, op->id);
	range->huge_page = 0;
}

static void settle(struct whatif *w, struct whatif_range *range, const struct demand_op *op,
		   struct frame f, bool slow)
{
	bool got = !frame_is_none(f);

	range->state = got ? RANGE_HUGE : RANGE_SMALL;
	whatif_score(w, op, got, slow);
	if (got && op->kind == DEMAND_BIRTH)
		whatif_bind(w, f, op, op->id);
	else if (got)
		keep(w, range, f, op);
	else if (op->kind == DEMAND_BIRTH)
		fall_back(w, range, op);
}

/* A recorded fault that fails on its node asks once more, anywhere. */
static bool another_comes(const struct demand_op *op)
{
	return op->kind == DEMAND_FAIL && op->gfp & GFP_THISNODE && op->gfp & GFP_DIRECT_RECLAIM;
}

static void first_request(struct whatif *w, struct whatif_range *range, const struct demand_op *op)
{
	bool slow = false;
	struct frame f = FRAME_NONE;

	range->request = *op;
	if (!range->has_table)
		f = whatif_alloc(w, op, &slow);
	if (frame_is_none(f) && !range->has_table && another_comes(op))
		range->state = RANGE_ASKED;
	else
		settle(w, range, op, f, slow);
}

static void second_request(struct whatif *w, struct whatif_range *range, const struct demand_op *op)
{
	bool slow;
	struct frame f;

	if (range->state == RANGE_HUGE) {
		if (op->kind == DEMAND_BIRTH)
			hand_over(w, range, op);
	} else if (range->state == RANGE_SMALL) {
		if (op->kind == DEMAND_BIRTH)
			fall_back(w, range, op);
	} else {
		f = whatif_alloc(w, op, &slow);
		settle(w, range, op, f, slow);
	}
}

/* The range is touched without a fault for a huge page; in the replay there may be one. */
static void touched_again(struct whatif *w, struct whatif_range *range, const struct demand_op *op)
{
	struct demand_op fault = range->request;
	struct frame f = FRAME_NONE;
	bool slow = false;

	if (!fault.order) { /* before the cut */
		fault = *op;
		fault.order = (uint8_t)w->mm->pageblock_order;
		range->has_table = true;
	}
	fault.time = op->time;
	fault.pid = op->pid;
	fault.cpu = op->cpu;
	fault.kind = DEMAND_BIRTH; /* no second request comes by itself */
	if (!range->has_table)
		f = whatif_alloc(w, &fault, &slow);
	fault.kind = DEMAND_FAIL;
	settle(w, range, &fault, f, slow);
}

bool whatif_range_request(struct whatif *w, const struct demand_op *op)
{
	struct whatif_range *range = range_of(w, op);

	if (!range)
		return false;
	if (op->flags & DEMAND_F_THP) {
		if (op->flags & DEMAND_F_AGAIN)
			second_request(w, range, op);
		else
			first_request(w, range, op);
		return true;
	}
	if (range->state == RANGE_EMPTY)
		touched_again(w, range, op);
	return range->state == RANGE_HUGE;
}

void whatif_range_end(struct whatif *w, const struct demand_op *op)
{
	struct whatif_range *range = range_of(w, op);
	bool small;

	if (!range || !(op->flags & DEMAND_F_LAST))
		return;
	/* One that was touched before the cut is as the recorded kernel had it. */
	small = range->state == RANGE_EMPTY ? !op->order : range->state != RANGE_HUGE;
	free_extra(w, range, op);
	range->has_table = small && w->demand->ranges[op->arg].keeps_table;
	range->state = RANGE_EMPTY;
}
