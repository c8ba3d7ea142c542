// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which pages were out when recording began: those whose first event is anything but being handed
 * out. What they are is read from the start snapshot's page flags where there are any, else from
 * what the trace shows of them later.
 */
#include "demand/derive.h"

#include <stdlib.h>
#include <string.h>

#define SEEN_NOT 0u
#define SEEN_FREE 1u	/* was free, or has been let go */
#define SEEN_INITIAL 2u /* out since before the first event */

/* Bits of /proc/kpageflags. */
#define KPF(n) (1ull << (n))
#define KPF_DIRTY 4
#define KPF_LRU 5
#define KPF_ACTIVE 6
#define KPF_SLAB 7
#define KPF_MMAP 11
#define KPF_ANON 12
#define KPF_SWAPCACHE 13
#define KPF_SWAPBACKED 14
#define KPF_HUGE 17
#define KPF_UNEVICTABLE 18
#define KPF_PGTABLE 26

struct scan {
	struct derive *d;
	const struct snapshot *snap; /* of the start, or NULL */
	uint8_t *seen;		     /* per frame */
	uint32_t *entry;	     /* per frame: index into list, while SEEN_INITIAL */
	struct demand_initial *list;
	size_t nr, cap;
	uint64_t sources; /* migration sources that wait for their destination */
	bool failed;
};

static struct demand_initial *add(struct scan *s, uint32_t frame, uint32_t order)
{
	uint32_t i;

	if (s->nr == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 4096;
		struct demand_initial *list = realloc(s->list, cap * sizeof(*list));

		if (!list) {
			s->failed = true;
			return NULL;
		}
		s->list = list;
		s->cap = cap;
	}
	for (i = 0; i < 1u << order; i++) {
		s->seen[frame + i] = SEEN_INITIAL;
		s->entry[frame + i] = (uint32_t)s->nr;
	}
	s->list[s->nr] = (struct demand_initial){.frame = frame,
						 .id = frame,
						 .order = (uint8_t)order,
						 .page = MM_KIND_UNKNOWN,
						 .lru = DEMAND_NO_LRU};
	return &s->list[s->nr++];
}

/* The entry of a page that is out since before the first event; makes one at the first sight of it.
 */
static struct demand_initial *initial_at(struct scan *s, uint32_t frame)
{
	if (s->seen[frame] == SEEN_NOT)
		return add(s, frame, 0);
	return s->seen[frame] == SEEN_INITIAL ? &s->list[s->entry[frame]] : NULL;
}

static void mark(struct scan *s, uint32_t frame, uint32_t order, uint8_t state)
{
	memset(s->seen + frame, state, 1u << order);
}

/* Handed out, or moved between the allocator's own lists: was free. */
static void on_free_page(struct scan *s, uint32_t frame, uint32_t order)
{
	mark(s, frame, order, SEEN_FREE);
}

static bool all_unseen(const struct scan *s, uint32_t frame, uint32_t order)
{
	uint32_t i;

	for (i = 0; i < 1u << order; i++) {
		if (s->seen[frame + i] != SEEN_NOT)
			return false;
	}
	return true;
}

static void on_free(struct scan *s, const struct event *e, uint32_t frame, uint32_t order)
{
	uint32_t ctx = context_of(s->d, e);
	bool source = context_migrates(s->d, ctx);
	struct demand_initial *init;

	if (s->seen[frame] == SEEN_NOT && (source || !(ctx & TASK_COMPACT))) {
		init = add(s, frame, all_unseen(s, frame, order) ? order : 0);
		if (init && (source || ctx & (TASK_KSWAPD | TASK_RECLAIM)) &&
		    init->page == MM_KIND_UNKNOWN && order == 0)
			init->page = source ? MM_KIND_UNKNOWN : MM_KIND_FILE;
	}
	if (source && order == 0)
		s->sources++;
	mark(s, frame, order, SEEN_FREE);
}

/* Does the snapshot say so? */
static bool was_on_lru(const struct scan *s, uint32_t frame)
{
	uint64_t pfn = s->d->geo.base_pfn + frame;

	return s->snap && s->snap->frames && pfn < s->snap->nr_frames &&
	       s->snap->frames[pfn].kpf & KPF(KPF_LRU);
}

/* A page on the LRU: one that compaction filled while destinations are due, else it was there. */
static void on_lru_insert(struct scan *s, const struct event *e, uint32_t frame)
{
	struct demand_initial *init;

	if (s->seen[frame] == SEEN_NOT && s->sources && !was_on_lru(s, frame)) {
		s->sources--;
		s->seen[frame] = SEEN_FREE;
		return;
	}
	init = initial_at(s, frame);
	if (!init || init->lru != DEMAND_NO_LRU)
		return;
	init->lru = (uint8_t)(e->w[1] < MM_NR_LRU ? e->w[1] : DEMAND_NO_LRU);
	init->page = (uint8_t)kind_of_pagemap(e->w[2], &init->flags);
}

static void on_sign_of_lru(struct scan *s, uint32_t frame, enum mm_kind kind)
{
	struct demand_initial *init = initial_at(s, frame);

	if (init && init->page == MM_KIND_UNKNOWN)
		init->page = (uint8_t)kind;
}

/* On a per-cpu list at the start, and nobody was seen to take it: a bulk allocation did. */
static bool taken_unseen(const struct scan *s, uint32_t frame)
{
	return s->d->geo.exact_start && s->seen[frame] == SEEN_NOT &&
	       mm_on_pcp_list(s->d->geo.mm, (struct frame){frame});
}

static void look_at(struct scan *s, const struct event *e)
{
	uint32_t order = e->kind == EV_ALLOC || e->kind == EV_FREE || e->kind == EV_ZONE_LOCKED ||
					 e->kind == EV_PCPU_DRAIN
				 ? (uint32_t)e->w[1]
				 : 0;
	uint32_t frame;

	context_update(s->d, e);
	if (!frame_of(s->d, e->w[0], order, &frame))
		return;
	if (taken_unseen(s, frame))
		mark(s, frame, order, SEEN_FREE);
	switch (e->kind) {
	case EV_ALLOC:
	case EV_ZONE_LOCKED:
		on_free_page(s, frame, order);
		break;
	case EV_FREE:
		on_free(s, e, frame, order);
		break;
	case EV_PCPU_DRAIN:
		if (s->seen[frame] == SEEN_NOT)
			on_free_page(s, frame, order);
		break;
	case EV_LRU_INSERT:
		on_lru_insert(s, e, frame);
		break;
	case EV_FILE_ADD:
	case EV_FILE_DELETE:
		on_sign_of_lru(s, frame, MM_KIND_FILE);
		break;
	case EV_LRU_ACTIVATE:
		on_sign_of_lru(s, frame, MM_KIND_UNKNOWN);
		break;
	default:
		break;
	}
}

static enum mm_kind kind_of_kpf(uint64_t kpf)
{
	if (kpf & KPF(KPF_HUGE))
		return MM_KIND_HUGETLB;
	if (kpf & KPF(KPF_SLAB))
		return MM_KIND_SLAB;
	if (kpf & KPF(KPF_PGTABLE))
		return MM_KIND_PAGE_TABLE;
	if (kpf & KPF(KPF_ANON))
		return MM_KIND_ANON;
	if (!(kpf & KPF(KPF_LRU)))
		return MM_KIND_KERNEL;
	return kpf & KPF(KPF_SWAPBACKED) ? MM_KIND_SHMEM : MM_KIND_FILE;
}

/* Pages that were locked while they were looked at go to an inactive list when they are unlocked
 * [mlock_page, __munlock_page, mm/mlock.c, 6.1]. */
static uint8_t lru_of_kpf(uint64_t kpf, bool unlocked)
{
	uint8_t lru = kpf & (KPF(KPF_ANON) | KPF(KPF_SWAPBACKED)) ? MM_LRU_INACTIVE_ANON
								  : MM_LRU_INACTIVE_FILE;

	if (!(kpf & KPF(KPF_LRU)))
		return DEMAND_NO_LRU;
	if (kpf & KPF(KPF_UNEVICTABLE))
		return unlocked ? lru : MM_LRU_UNEVICTABLE;
	return kpf & KPF(KPF_ACTIVE) ? lru + 1 : lru;
}

static void from_kpf(struct demand_initial *init, uint64_t kpf, bool unlocked)
{
	static const struct {
		int bit;
		uint32_t flag;
	} map[] = {
		{KPF_DIRTY, MM_F_DIRTY},
		{KPF_MMAP, MM_F_MAPPED},
		{KPF_ANON, MM_F_ANON},
		{KPF_SWAPCACHE, MM_F_SWAPCACHE},
		{KPF_SWAPBACKED, MM_F_SWAPBACKED},
	};
	size_t i;

	init->page = (uint8_t)kind_of_kpf(kpf);
	init->lru = lru_of_kpf(kpf, unlocked);
	init->flags = init->page == MM_KIND_FILE || init->page == MM_KIND_SHMEM ? MM_F_FILE : 0;
	for (i = 0; i < ARRAY_SIZE(map); i++) {
		if (kpf & KPF(map[i].bit))
			init->flags |= map[i].flag;
	}
}

/* A page known to belong to the LRU without a list: file pages inactive, the rest active, as they
 * begin life. */
static void complete(struct scan *s, bool unlocked)
{
	size_t i;

	for (i = 0; i < s->nr; i++) {
		struct demand_initial *init = &s->list[i];
		uint64_t pfn = s->d->geo.base_pfn + init->frame;

		if (s->snap && s->snap->frames && pfn < s->snap->nr_frames) {
			from_kpf(init, s->snap->frames[pfn].kpf, unlocked);
			continue;
		}
		if (init->lru == DEMAND_NO_LRU && init->page == MM_KIND_FILE) {
			init->lru = MM_LRU_INACTIVE_FILE;
			init->flags |= MM_F_FILE;
		}
	}
}

static int by_frame(const void *a, const void *b)
{
	const struct demand_initial *x = a, *y = b;

	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

static int scan_events(struct scan *s, struct error *err)
{
	uint64_t i;

	for (i = s->d->geo.first; i < s->d->geo.last && !s->failed; i++)
		look_at(s, &s->d->trace->events[i]);
	context_reset(s->d);
	return s->failed ? error_set(err,
				     "not enough memory for the pages that were there at the start")
			 : 0;
}

int initial_scan(struct derive *d, const struct capture *c, struct demand_initial **out,
		 uint64_t *nr, struct error *err)
{
	struct scan s = {.d = d, .snap = c ? &c->start : NULL};
	int ret = -1;

	s.seen = calloc(d->geo.nr_frames, 1);
	s.entry = calloc(d->geo.nr_frames, sizeof(*s.entry));
	if (!s.seen || !s.entry)
		error_set(err, "not enough memory for %u frames", d->geo.nr_frames);
	else
		ret = scan_events(&s, err);
	free(s.seen);
	free(s.entry);
	if (ret) {
		free(s.list);
		return -1;
	}
	complete(&s, c && c->unlocked);
	if (s.nr)
		qsort(s.list, s.nr, sizeof(*s.list), by_frame);
	*out = s.list;
	*nr = s.nr;
	return 0;
}
