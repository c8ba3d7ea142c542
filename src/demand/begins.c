// SPDX-License-Identifier: GPL-2.0-only
/*
 * When requests began. mm_page_alloc is written when a request is over [__alloc_pages, 6.1]; one
 * that the free lists could not meet at once has woken kswapd, compacted or reclaimed before, and
 * what others did meanwhile came after it had asked. With several CPUs that holds for every request
 * that took its page off a zone's lists: others reach those before its mm_page_alloc is written.
 */
#include "demand/derive.h"

#include <stdlib.h>

/* What a task has begun to ask for. */
struct asking {
	uint64_t begin; /* event; 0: nothing (the first event of a recording begins no request) */
	uint32_t order;
	bool reclaims;	      /* what it asks for then is reclaim's own affair */
	uint64_t taken, page; /* event of the first page that it took off a zone's lists; its pfn */
};

static bool add(struct derive *d, uint64_t begin, uint64_t end)
{
	if (!(d->nr_begins & (d->nr_begins - 1))) {
		size_t cap = d->nr_begins ? 2 * d->nr_begins : 1;
		struct request_begin *v = realloc(d->begins, cap * sizeof(*v));

		if (!v)
			return false;
		d->begins = v;
	}
	d->begins[d->nr_begins++] = (struct request_begin){.begin = begin, .end = end};
	return true;
}

static void asks(struct asking *a, uint64_t i, uint64_t order)
{
	if (a->begin || a->reclaims)
		return;
	a->begin = i;
	a->order = (uint32_t)order;
}

static bool others_run(const struct derive *d)
{
	return d->geo.mm && d->geo.mm->nr_cpus > 1;
}

static bool look_at(struct derive *d, struct asking *a, uint64_t i)
{
	const struct event *e = &d->trace->events[i];
	uint64_t begin = a->begin;

	switch (e->kind) {
	case EV_KSWAPD_WAKEUP:
		if (e->w[3]) /* no flags: a boosted zone wakes it, which is no request [rmqueue] */
			asks(a, i, e->w[2]);
		break;
	case EV_COMPACT_TRY:
		asks(a, i, e->w[0]);
		break;
	case EV_RECLAIM_BEGIN:
		asks(a, i, e->w[0]);
		a->reclaims = true;
		break;
	case EV_RECLAIM_END:
		a->reclaims = false;
		break;
	case EV_ZONE_LOCKED:
		if (!a->taken) {
			a->taken = i;
			a->page = e->w[0];
		}
		break;
	case EV_ALLOC:
		if (!begin && others_run(d) && a->taken && a->page == e->w[0]) {
			begin = a->taken;
			a->order = (uint32_t)e->w[1];
		}
		a->taken = 0;
		if (a->reclaims || !begin)
			break;
		a->begin = 0;
		return e->w[1] != a->order || add(d, begin, i);
	default:
		break;
	}
	return true;
}

static int by_begin(const void *a, const void *b)
{
	const struct request_begin *x = a, *y = b;

	return x->begin < y->begin ? -1 : x->begin > y->begin;
}

/* Of the events from @from to before @to; a request that is not over by then began when it ends. */
int begins_find(struct derive *d, uint64_t from, uint64_t to, struct error *err)
{
	struct asking *tasks = calloc(d->nr_tasks, sizeof(*tasks));
	bool ok = tasks != NULL;

	d->nr_begins = d->next_begin = 0;
	for (uint64_t i = from; ok && i < to; i++) {
		const struct event *e = &d->trace->events[i];

		if (e->pid < d->nr_tasks && !(e->flags & (EVF_SOFTIRQ | EVF_HARDIRQ | EVF_NMI)))
			ok = look_at(d, &tasks[e->pid], i);
	}
	free(tasks);
	if (!ok)
		return error_set(err, "not enough memory to note when requests began");
	if (d->nr_begins)
		qsort(d->begins, d->nr_begins, sizeof(*d->begins), by_begin);
	return 0;
}

uint64_t begins_at(struct derive *d, uint64_t i)
{
	while (d->next_begin < d->nr_begins && d->begins[d->next_begin].begin < i)
		d->next_begin++;
	if (d->next_begin == d->nr_begins || d->begins[d->next_begin].begin != i)
		return 0;
	return d->begins[d->next_begin].end;
}
