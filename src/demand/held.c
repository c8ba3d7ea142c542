// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that somebody holds, as compaction found out: who is taken off the LRU and comes back to it
 * could not be moved. A page that was refused time and again and never moved was held all along (a
 * file system's own pages, such as ext4's buddy bitmaps while blocks that were freed wait for the
 * journal). The other way round, metadata that compaction did move was not in use any more: not
 * from the last time on that it was refused, and not at all if it never was.
 *
 * A batch that ends for want of targets refuses pages that nobody holds. The run ends with it, so
 * what came back after the last batch of a run that failed tells nothing.
 */
#include "demand/derive.h"

#include <stdlib.h>
#include <string.h>

#define MAX_RUNS 4u /* compaction under way at once that is followed */
#define REFUSALS 2u /* as often is a page refused that is held for good */

/* What is in a frame, since when. */
struct held_page {
	uint64_t born, added, last; /* events: came here; metadata came to its cache, 0 no; was
				       refused */
	uint16_t refusals;
	uint8_t known; /* there is something */
	uint8_t back;  /* came back in run number @back - 1 */
};

struct held_run {
	uint32_t pid;
	bool active, failed; /* the last batch had failures */
	uint64_t from, to;   /* pfns that it was taken from, of a block at most */
};

struct held_scan {
	struct derive *d;
	struct held_page *pages; /* by frame */
	struct held_run runs[MAX_RUNS];
	bool no_memory;
};

static void note(struct held_scan *s, uint64_t event, uint32_t frame, enum held_note_kind kind)
{
	struct held_table *t = &s->d->held;
	struct held_note *v = t->v;

	if (!(t->nr & (t->nr - 1)))
		v = realloc(v, (t->nr ? 2 * t->nr : 1) * sizeof(*v));
	if (!v) {
		s->no_memory = true;
		return;
	}
	t->v = v;
	v[t->nr++] = (struct held_note){.event = event, .frame = frame, .kind = kind};
}

/* What was in the frame has left it. */
static void ends(struct held_scan *s, uint32_t frame, bool moved)
{
	struct held_page *p = &s->pages[frame];

	if (p->added && moved && !p->refusals)
		note(s, p->added, frame, HELD_NEVER);
	else if (p->added && moved)
		note(s, p->last, frame, HELD_NO_LONGER);
	else if (!p->added && !moved && p->refusals >= REFUSALS)
		note(s, p->born, frame, HELD_FROM_HERE);
	*p = (struct held_page){.known = false};
}

static struct held_run *run_of(struct held_scan *s, uint32_t pid)
{
	for (uint32_t i = 0; i < MAX_RUNS; i++) {
		if (s->runs[i].active && s->runs[i].pid == pid)
			return &s->runs[i];
	}
	return NULL;
}

static void run_begins(struct held_scan *s, uint32_t pid)
{
	for (uint32_t i = 0; i < MAX_RUNS; i++) {
		if (!s->runs[i].active) {
			s->runs[i] = (struct held_run){.pid = pid, .active = true};
			return;
		}
	}
}

/* What came back since its last batch: was it refused? */
static void judge(struct held_scan *s, struct held_run *r, uint64_t i, bool refused)
{
	uint8_t number = (uint8_t)(r - s->runs + 1);

	for (uint64_t pfn = r->from; r->failed && pfn < r->to; pfn++) {
		uint32_t frame;

		if (!frame_of(s->d, pfn, 0, &frame) || s->pages[frame].back != number)
			continue;
		s->pages[frame].back = 0;
		s->pages[frame].refusals += refused;
		s->pages[frame].last = refused ? i : s->pages[frame].last;
	}
	r->failed = false;
}

static void look_at_run(struct held_scan *s, const struct event *e, uint64_t i)
{
	struct held_run *r = run_of(s, e->pid);

	if (e->kind == EV_COMPACT_BEGIN && !r)
		run_begins(s, e->pid);
	if (!r)
		return;
	switch (e->kind) {
	case EV_COMPACT_MIGRATE_ISOLATE:
		judge(s, r, i, true);
		r->from = e->w[0];
		r->to = e->w[1] - r->from <= 1ull << s->d->geo.pageblock_order ? e->w[1] : r->from;
		break;
	case EV_COMPACT_MIGRATED:
		r->failed = e->w[1] > 0;
		break;
	case EV_COMPACT_END:
		judge(s, r, i, e->w[5] == MM_COMPACT_SUCCESS);
		r->active = false;
		break;
	default:
		break;
	}
}

static void on_insert(struct held_scan *s, uint32_t frame, uint64_t pfn, uint64_t i)
{
	struct held_page *p = &s->pages[frame];
	bool back = false;

	for (uint32_t n = 0; n < MAX_RUNS; n++) {
		const struct held_run *r = &s->runs[n];

		if (r->active && r->failed && pfn >= r->from && pfn < r->to) {
			p->back = (uint8_t)(n + 1);
			back = true;
		}
	}
	/* One that nobody saw come was there, or compaction has filled it. */
	if (!p->known)
		*p = (struct held_page){
			.born = back ? s->d->geo.first : i, .known = true, .back = p->back};
}

static void look_at_page(struct held_scan *s, const struct event *e, uint64_t i)
{
	uint32_t order = e->kind == EV_ALLOC || e->kind == EV_FREE ? (uint32_t)e->w[1] : 0, frame;

	if (!frame_of(s->d, e->w[0], order, &frame))
		return;
	switch (e->kind) {
	case EV_ALLOC:
		for (uint32_t n = 0; n < 1u << order; n++)
			s->pages[frame + n] = (struct held_page){.born = i, .known = order == 0};
		break;
	case EV_FREE:
		for (uint32_t n = 0; n < 1u << order; n++)
			ends(s, frame + n, context_migrates(s->d, context_of(s->d, e)));
		break;
	case EV_FILE_ADD:
		if (seen_is_metadata(e))
			s->pages[frame].added = i;
		break;
	case EV_LRU_INSERT:
		on_insert(s, frame, e->w[0], i);
		break;
	default:
		break;
	}
}

static int by_event(const void *a, const void *b)
{
	const struct held_note *x = a, *y = b;

	if (x->event != y->event)
		return x->event < y->event ? -1 : 1;
	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

int held_find(struct derive *d, struct error *err)
{
	struct held_scan s = {.d = d, .pages = calloc(d->geo.nr_frames, sizeof(*s.pages))};

	for (uint64_t i = d->geo.first; s.pages && i < d->geo.last; i++) {
		const struct event *e = &d->trace->events[i];

		context_update(d, e);
		look_at_run(&s, e, i);
		look_at_page(&s, e, i);
	}
	for (uint32_t f = 0; s.pages && f < d->geo.nr_frames; f++)
		ends(&s, f, false);
	context_reset(d);
	if (d->held.nr)
		qsort(d->held.v, d->held.nr, sizeof(*d->held.v), by_event);
	if (!s.pages || s.no_memory)
		return error_set(err, "not enough memory to see which pages are held");
	free(s.pages);
	return 0;
}

bool held_never(struct derive *d, const struct event *added)
{
	uint64_t event = (uint64_t)(added - d->trace->events);
	struct held_table *t = &d->held;

	return t->next < t->nr && t->v[t->next].event == event && t->v[t->next].kind == HELD_NEVER;
}

static void apply(struct derive *d, const struct event *e, const struct held_note *n)
{
	uint32_t head = track_find(d, n->frame);
	struct demand_op op;

	if (head == TRACK_NONE || n->kind == HELD_NEVER)
		return;
	op = op_for(d, e, n->kind == HELD_FROM_HERE ? DEMAND_HOLD : DEMAND_RELEASE,
		    d->frames[head].id);
	if (n->kind == HELD_FROM_HERE)
		d->frames[head].mm_flags |= MM_F_FIXED;
	else
		d->frames[head].mm_flags &= ~(MM_F_FIXED | MM_F_PINNED);
	emit(d, &op);
}

void held_after(struct derive *d, uint64_t i)
{
	struct held_table *t = &d->held;

	for (; t->next < t->nr && t->v[t->next].event <= i; t->next++)
		apply(d, &d->trace->events[i], &t->v[t->next]);
}
