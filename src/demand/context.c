// SPDX-License-Identifier: GPL-2.0-only
/* What each task is doing at an event: reclaiming, compacting, migrating, recording. */
#include "demand/derive.h"

#include <stdlib.h>
#include <string.h>

static bool has_prefix(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

/* Where the trace does not show such passes any may have. */
static uint64_t last_kept(const struct trace *t)
{
	uint64_t last = 0;

	if (!t->kinds_seen[EV_LRU_SHRINK_INACTIVE])
		return UINT64_MAX;
	for (uint64_t i = 0; i < t->nr; i++) {
		const struct event *e = &t->events[i];

		if (e->kind == EV_LRU_SHRINK_INACTIVE && e->w[1] > e->w[2])
			last = i;
	}
	return last;
}

int context_init(struct derive *d, const struct capture *c, struct error *err)
{
	size_t i;

	d->nr_tasks = d->trace->max_pid + 1;
	d->tasks = calloc(d->nr_tasks, 1);
	d->last_event = calloc(d->nr_tasks, sizeof(*d->last_event));
	if (!d->tasks || !d->last_event)
		return error_set(err, "not enough memory for a table of %u tasks", d->nr_tasks);
	for (i = 0; i < d->trace->nr_comms; i++) {
		const struct trace_comm *tc = &d->trace->comms[i];

		if (tc->pid >= d->nr_tasks)
			continue;
		if (has_prefix(tc->comm, "kswapd"))
			d->tasks[tc->pid] |= TASK_KSWAPD;
		if (!strcmp(tc->comm, "khugepaged"))
			d->tasks[tc->pid] |= TASK_KHUGEPAGED;
		if (has_prefix(tc->comm, "trace-cmd"))
			d->tasks[tc->pid] |= TASK_RECORDER;
	}
	if (c && c->manifest.recorder_pid && c->manifest.recorder_pid < d->nr_tasks)
		d->tasks[c->manifest.recorder_pid] |= TASK_RECORDER;
	for (uint64_t e = 0; e < d->trace->nr; e++) {
		if (d->trace->events[e].pid < d->nr_tasks)
			d->last_event[d->trace->events[e].pid] = e;
	}
	d->last_kept = last_kept(d->trace);
	d->has_lru = d->trace->kinds_seen[EV_LRU_INSERT] > 0;
	d->has_writeback = d->trace->kinds_seen[EV_P_WRITEBACK] > 0;
	d->has_migrate = d->trace->kinds_seen[EV_MIGRATE_PAGES_BEGIN] > 0;
	return 0;
}

void context_reset(struct derive *d)
{
	for (uint32_t i = 0; i < d->nr_tasks; i++)
		d->tasks[i] &= TASK_KSWAPD | TASK_RECORDER | TASK_KHUGEPAGED;
}

void context_update(struct derive *d, const struct event *e)
{
	uint8_t *task;

	if (e->pid >= d->nr_tasks)
		return;
	task = &d->tasks[e->pid];
	switch (e->kind) {
	case EV_RECLAIM_BEGIN:
		*task |= TASK_RECLAIM;
		break;
	case EV_RECLAIM_END:
		*task &= (uint8_t)~TASK_RECLAIM;
		break;
	case EV_COMPACT_BEGIN:
		*task |= TASK_COMPACT;
		break;
	case EV_COMPACT_END:
		*task &= (uint8_t) ~(TASK_COMPACT | TASK_MIGRATE);
		break;
	case EV_MIGRATE_PAGES_BEGIN:
		*task |= TASK_MIGRATE;
		break;
	case EV_MIGRATE_PAGES:
		*task &= (uint8_t)~TASK_MIGRATE;
		break;
	default:
		break;
	}
}

uint32_t context_of(const struct derive *d, const struct event *e)
{
	if (e->pid >= d->nr_tasks || e->flags & (EVF_SOFTIRQ | EVF_HARDIRQ | EVF_NMI))
		return 0;
	return d->tasks[e->pid];
}

bool context_migrates(const struct derive *d, uint32_t ctx)
{
	return ctx & TASK_COMPACT && (ctx & TASK_MIGRATE || !d->has_migrate);
}

/* Bits of the pagemap events [include/trace/events/pagemap.h, 6.1]. */
#define PAGEMAP_MAPPED 0x1u
#define PAGEMAP_ANON 0x2u
#define PAGEMAP_SWAPCACHE 0x8u
#define PAGEMAP_SWAPBACKED 0x10u

enum mm_kind kind_of_pagemap(uint64_t flags, uint32_t *mm_flags)
{
	*mm_flags = flags & PAGEMAP_MAPPED ? MM_F_MAPPED : 0;
	if (flags & PAGEMAP_SWAPCACHE)
		*mm_flags |= MM_F_SWAPCACHE;
	if (flags & PAGEMAP_ANON) {
		*mm_flags |= MM_F_ANON | MM_F_SWAPBACKED;
		return MM_KIND_ANON;
	}
	if (flags & PAGEMAP_SWAPBACKED) {
		*mm_flags |= MM_F_FILE | MM_F_SWAPBACKED;
		return MM_KIND_SHMEM;
	}
	*mm_flags |= MM_F_FILE;
	return MM_KIND_FILE;
}
