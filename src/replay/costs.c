// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a page reclaimed directly, and a page scanned by direct compaction, cost the recorded kernel
 * in time: the durations between the begin and end events of the tasks that waited, over the pages
 * of each operation. The central value is total time over total pages; low and high are the
 * quartiles over the operations. What passes of time is in costs_compaction.c and costs_kswapd.c.
 */
#include "replay/whatif.h"

#include <stdlib.h>

struct sample {
	uint64_t cost, ns, pages;
};

struct samples {
	struct sample *s;
	size_t nr, cap;
	uint64_t waited; /* ns, of all operations */
};

struct waiting {
	uint64_t reclaim, compaction; /* when it began; 0: it has not */
	uint64_t scanned;
	bool direct;
};

static void add(struct samples *to, uint64_t ns, uint64_t pages)
{
	to->waited += ns;
	if (!pages)
		return;
	if (to->nr == to->cap) {
		size_t cap = to->cap ? 2 * to->cap : 256;
		struct sample *s = realloc(to->s, cap * sizeof(*s));

		if (!s)
			return;
		to->s = s;
		to->cap = cap;
	}
	to->s[to->nr++] = (struct sample){.cost = ns / pages, .ns = ns, .pages = pages};
}

static int by_cost(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	return x->cost < y->cost ? -1 : x->cost > y->cost;
}

static void summarise(struct samples *from, uint64_t out[3])
{
	uint64_t ns = 0, pages = 0;

	if (from->nr) {
		qsort(from->s, from->nr, sizeof(*from->s), by_cost);
		for (size_t i = 0; i < from->nr; i++) {
			ns += from->s[i].ns;
			pages += from->s[i].pages;
		}
		out[1] = ns / pages;
		out[0] = from->s[from->nr / 4].cost;
		out[2] = from->s[from->nr * 3 / 4].cost;
		/* A few expensive operations may put the mean outside the quartiles. */
		if (out[0] > out[1])
			out[0] = out[1];
		if (out[2] < out[1])
			out[2] = out[1];
	}
	free(from->s);
}

static void look_at(struct waiting *w, const struct event *e, struct samples *reclaim,
		    struct samples *compaction)
{
	switch (e->kind) {
	case EV_RECLAIM_BEGIN:
		w->reclaim = e->time;
		break;
	case EV_RECLAIM_END:
		if (w->reclaim)
			add(reclaim, e->time - w->reclaim, e->w[0]);
		w->reclaim = 0;
		break;
	case EV_COMPACT_TRY:
		w->direct = true;
		break;
	case EV_ALLOC:
		w->direct = false;
		break;
	case EV_COMPACT_BEGIN:
		w->compaction = w->direct ? e->time : 0;
		w->scanned = 0;
		break;
	case EV_COMPACT_MIGRATE_ISOLATE:
	case EV_COMPACT_FREE_ISOLATE:
	case EV_COMPACT_FAST_FREE_ISOLATE:
		w->scanned += e->w[2];
		break;
	case EV_COMPACT_END:
		if (w->compaction)
			add(compaction, e->time - w->compaction, w->scanned);
		w->compaction = 0;
		break;
	default:
		break;
	}
}

void stall_costs_fit(struct stall_costs *c, const struct trace *t, uint64_t from)
{
	struct samples reclaim = {NULL, 0, 0, 0}, compaction = {NULL, 0, 0, 0};
	struct waiting *tasks = calloc((size_t)t->max_pid + 1, sizeof(*tasks));

	*c = (struct stall_costs){.waited = 0};
	for (uint64_t i = from; tasks && i < t->nr; i++) {
		const struct event *e = &t->events[i];

		if (e->pid <= t->max_pid && !(e->flags & (EVF_SOFTIRQ | EVF_HARDIRQ)))
			look_at(&tasks[e->pid], e, &reclaim, &compaction);
	}
	free(tasks);
	costs_fit_kswapd(c, t);
	costs_fit_compaction(c, t, from);
	c->waited = reclaim.waited + compaction.waited;
	summarise(&reclaim, c->reclaimed);
	summarise(&compaction, c->scanned);
}

void stall_costs_release(struct stall_costs *c)
{
	free(c->kswapd.v);
	free(c->kcompactd.v);
	c->kswapd = c->kcompactd = (struct paces){NULL, 0};
}

/* Where the recorded one was woken before that, its sleep before @begin tells. */
uint64_t kcompactd_timer(const struct trace *t, uint64_t from, uint64_t begin)
{
	uint64_t slept = begin;

	for (uint64_t i = 0; i < t->nr; i++) {
		const struct event *e = &t->events[i];

		if (e->kind == EV_KCOMPACTD_SLEEP) {
			slept = e->time - t->events[0].time;
			if (i >= from)
				return slept;
		} else if (e->kind == EV_KCOMPACTD_WAKE && i >= from) {
			break;
		}
	}
	while (slept <= begin)
		slept += WHATIF_TICK_NS;
	return slept;
}
