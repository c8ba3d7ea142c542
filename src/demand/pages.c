// SPDX-License-Identifier: GPL-2.0-only
/* The pages of the recorded machine that are out, by frame, and the names of what is in them. */
#include "demand/derive.h"

uint32_t track_find(const struct derive *d, uint32_t frame)
{
	uint32_t order;

	for (order = 0; order < MM_NR_ORDERS; order++) {
		uint32_t head = frame & ~((1u << order) - 1);

		if (d->frames[head].id != TRACK_NONE)
			return head + (1u << d->frames[head].order) > frame ? head : TRACK_NONE;
	}
	return TRACK_NONE;
}

void track_set(struct derive *d, uint32_t frame, struct track page)
{
	d->frames[frame] = page;
}

uint32_t id_take(struct derive *d)
{
	return d->nr_free_ids ? d->free_ids[--d->nr_free_ids] : TRACK_NONE;
}

void id_give(struct derive *d, uint32_t id)
{
	d->free_ids[d->nr_free_ids++] = id;
}

static bool track_halve(struct derive *d, const struct event *e, uint32_t head)
{
	struct track *lower = &d->frames[head], upper = *lower;
	struct demand_op op;

	upper.id = id_take(d);
	if (upper.id == TRACK_NONE)
		return false;
	upper.order = --lower->order;
	track_set(d, head + (1u << upper.order), upper);
	range_split(d, lower);
	op = op_for(d, e, DEMAND_SPLIT, lower->id);
	op.order = upper.order;
	op.arg = upper.id;
	emit(d, &op);
	d->counts.splits++;
	return true;
}

/*
 *   |            order 2            |     part of order 0 at frame 2
 *   |    order 1    |    order 1    |
 *                   |  0    |  0    |
 */
void track_split(struct derive *d, const struct event *e, uint32_t head, uint32_t frame,
		 uint32_t order)
{
	while (d->frames[head].order > order && track_halve(d, e, head)) {
		uint32_t upper = head + (1u << d->frames[head].order);

		if (frame >= upper)
			head = upper;
	}
}
