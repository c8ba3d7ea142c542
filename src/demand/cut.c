// SPDX-License-Identifier: GPL-2.0-only
/*
 * A demand that begins in the middle of a recording: the pages that are out then take the place of
 * those of the start.
 *
 * In which order the LRU lists have them is in no event, but the recorded kernel's own reclaim
 * tells afterwards: what it dropped first was the oldest, accessed bits and writeback taken into
 * account. What it did not drop is younger than all that, in the order in which it came to its
 * list.
 */
#include "demand/derive.h"

#include <stdlib.h>
#include <string.h>

#define DROP_NONE 0u	     /* its owner let it go */
#define DROP_OPEN UINT32_MAX /* it has not ended */

static int by_age(const void *a, const void *b)
{
	const struct demand_initial *x = a, *y = b;

	/* `id` holds the sequence number while the list is sorted. */
	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

/* Pages on an LRU list are sorted by when they came to it, those of shrinkers by when they were
 * made. */
static struct demand_initial initial_of(const struct track *page, uint32_t frame)
{
	bool lru = page->flags & TRACK_LRU;

	return (struct demand_initial){
		.frame = frame,
		.id = lru || page->slab ? page->seq : 0,
		.flags = page->mm_flags,
		.order = page->order,
		.page = page->page,
		.lru = lru ? page->lru : DEMAND_NO_LRU,
		.slab = page->slab,
	};
}

int cut_here(struct derive *d, struct demand_initial **list, uint64_t *nr, struct error *err)
{
	struct demand_initial *out = calloc(d->geo.nr_frames, sizeof(*out));
	uint64_t n = 0;

	d->drop = calloc(d->geo.nr_frames, sizeof(*d->drop));
	if (!out || !d->drop) {
		free(out);
		return error_set(err, "not enough memory for the pages that are out at the cut");
	}
	for (uint32_t f = 0; f < d->geo.nr_frames; f++) {
		if (d->frames[f].id != TRACK_NONE)
			out[n++] = initial_of(&d->frames[f], f);
	}
	qsort(out, n, sizeof(*out), by_age);
	for (uint64_t i = 0; i < n; i++)
		d->drop[out[i].id = d->frames[out[i].frame].id] = DROP_OPEN;
	free(*list);
	*list = out;
	*nr = n;
	d->muted = false;
	memset(&d->counts, 0, sizeof(d->counts));
	return 0;
}

void cut_end(struct derive *d, uint32_t id, bool dropped)
{
	if (d->drop && d->drop[id] == DROP_OPEN)
		d->drop[id] = dropped ? ++d->nr_drops : DROP_NONE;
}

struct ordered {
	struct demand_initial page;
	uint32_t drop, place;
};

static int by_drop(const void *a, const void *b)
{
	const struct ordered *x = a, *y = b;

	if (x->drop != y->drop)
		return x->drop < y->drop ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

/* Without memory for it the order of insertion stays. */
void cut_order(struct derive *d, struct demand_initial *list, uint64_t nr)
{
	struct ordered *o = calloc(nr + 1, sizeof(*o));

	for (uint64_t i = 0; o && i < nr; i++) {
		uint32_t drop = d->drop[list[i].id];

		o[i] = (struct ordered){.page = list[i],
					.drop = drop == DROP_NONE ? DROP_OPEN : drop,
					.place = (uint32_t)i};
	}
	if (o)
		qsort(o, nr, sizeof(*o), by_drop);
	for (uint64_t i = 0; o && i < nr; i++)
		list[i] = o[i].page;
	free(o);
}
