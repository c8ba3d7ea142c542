// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frees of an interrupt that went past the per-cpu lists, because what it interrupted held their
 * lock [pcp_spin_trylock in free_unref_page, 6.1]. No event says so, but what is seen of the pages
 * next: those on a per-cpu list are handed out or drained, the others leave the zone's lists. All
 * that an interrupt frees to a zone goes the same way. (verify follows the same rule:
 * verify_look.c.)
 */
#include "demand/derive.h"

#include <stdlib.h>

#define IN_INTERRUPT (EVF_SOFTIRQ | EVF_HARDIRQ | EVF_NMI)

/* What is seen next of a freed page. */
enum { SEEN_ELSE, SEEN_PCP, SEEN_ZONE };

static uint8_t seen_as(const struct event *e)
{
	return e->kind == EV_ALLOC || e->kind == EV_PCPU_DRAIN ? SEEN_PCP
	       : e->kind == EV_ZONE_LOCKED		       ? SEEN_ZONE
							       : SEEN_ELSE;
}

static bool is_candidate(const struct derive *d, const struct event *e)
{
	return e->kind == EV_FREE && e->flags & IN_INTERRUPT &&
	       mm_pcp_allowed_order(d->geo.mm, (uint32_t)e->w[1]);
}

/* One pass from the end: two bits for each event. */
int past_find(struct derive *d, uint64_t from, uint64_t to, struct error *err)
{
	const struct event *events = d->trace->events;
	uint8_t *next;
	uint32_t frame;

	if (!d->geo.mm)
		return 0;
	next = calloc(d->geo.nr_frames, 1);
	d->past.seen = calloc(d->trace->nr / 4 + 1, 1);
	if (!next || !d->past.seen) {
		free(next);
		return error_set(err, "not enough memory to look at what interrupts freed");
	}
	for (uint64_t i = to; i-- > from;) {
		const struct event *e = &events[i];

		if (e->kind != EV_FREE && e->kind != EV_FREE_BATCHED && seen_as(e) == SEEN_ELSE)
			continue;
		if (!frame_of(d, e->w[0], 0, &frame))
			continue;
		if (is_candidate(d, e))
			d->past.seen[i / 4] |= (uint8_t)(next[frame] << i % 4 * 2);
		next[frame] = seen_as(e);
	}
	free(next);
	return 0;
}

static uint32_t zone_of(const struct derive *d, const struct event *e)
{
	uint32_t frame;

	return frame_of(d, e->w[0], 0, &frame) ? mm_frame_zone(d->geo.mm, (struct frame){frame})
					       : UINT32_MAX;
}

/* What the interrupt frees to the zone from event @i on. */
static void judge(struct derive *d, uint64_t i, uint32_t zone, struct past_burst *b)
{
	const struct event *events = d->trace->events, *e = &events[i];
	uint32_t votes[3] = {0, 0, 0};
	uint64_t j = i;

	for (; j < d->geo.last && (events[j].cpu != e->cpu || events[j].flags & IN_INTERRUPT);
	     j++) {
		if (events[j].cpu == e->cpu && is_candidate(d, &events[j]) &&
		    zone_of(d, &events[j]) == zone)
			votes[(d->past.seen[j / 4] >> j % 4 * 2 & 3) % 3]++;
	}
	*b = (struct past_burst){.end = j, .past = votes[SEEN_ZONE] > votes[SEEN_PCP]};
}

bool past_lists(struct derive *d, const struct event *e)
{
	uint64_t i = (uint64_t)(e - d->trace->events);
	struct past_burst *b;
	uint32_t zone;

	if (!d->past.seen || !is_candidate(d, e))
		return false;
	zone = zone_of(d, e);
	if (zone >= MM_MAX_ZONES)
		return false;
	b = &d->past.bursts[zone];
	if (i >= b->end || e->cpu != b->cpu) {
		judge(d, i, zone, b);
		b->cpu = e->cpu;
	}
	return b->past;
}
