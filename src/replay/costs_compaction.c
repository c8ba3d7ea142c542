// SPDX-License-Identifier: GPL-2.0-only
/*
 * What compaction cost the recorded kernel, by the steps that a trace shows: CPU time up to the end
 * of a scan counts for the pages looked at, up to the end of a batch for the pages moved. Moving a
 * page takes 20 to 70 times as long as looking at one. Time in which the task was switched from is
 * left out; how much that was on the whole tells how long a task that compacts for itself waits,
 * and how much of the CPU kcompactd gets. A recording without switches has only the time on the
 * clock.
 */
#include "replay/costs.h"

#include <stdlib.h>

#define SECOND 1000000000ull
#define SHORT_NS 100000u /* less tells nothing of kcompactd's share */

struct running {
	uint64_t begin; /* of the run, ns; 0: none */
	uint64_t since; /* on the CPU since then; 0: it is switched from */
	uint64_t cpu, told;
	bool direct, kcompactd;
};

struct work {
	uint64_t ns, pages;
};

struct fit {
	struct running *tasks;
	struct work scanned, moved;
	uint64_t cpu, clock; /* of tasks that compacted for themselves */
	struct paces *kcompactd;
	uint64_t first;
};

static void leave_cpu(struct running *r, uint64_t time)
{
	if (r->since)
		r->cpu += time - r->since;
	r->since = 0;
}

/* CPU time since the last step. */
static uint64_t spent(struct running *r, uint64_t time)
{
	uint64_t cpu = r->cpu + (r->since ? time - r->since : 0), ns = cpu - r->told;

	r->told = cpu;
	return ns;
}

static void take_step(struct running *r, struct work *work, uint64_t time, uint64_t pages)
{
	if (!r->begin)
		return;
	work->ns += spent(r, time);
	work->pages += pages;
}

static void end_run(struct fit *fit, struct running *r, uint64_t time)
{
	uint64_t clock = time - r->begin;

	if (!r->begin)
		return;
	leave_cpu(r, time);
	if (r->direct) {
		fit->cpu += r->cpu;
		fit->clock += clock;
	} else if (r->kcompactd && clock && r->cpu >= SHORT_NS) {
		paces_add(fit->kcompactd, r->begin - fit->first, r->cpu * SECOND / clock);
	}
	r->begin = 0;
}

static void look_at(struct fit *fit, struct running *r, const struct event *e)
{
	switch (e->kind) {
	case EV_COMPACT_TRY:
		r->direct = true;
		break;
	case EV_ALLOC:
		r->direct = false;
		break;
	case EV_KCOMPACTD_SLEEP:
	case EV_KCOMPACTD_WAKE:
		r->kcompactd = true;
		break;
	case EV_COMPACT_BEGIN:
		r->begin = r->since = e->time;
		r->cpu = r->told = 0;
		break;
	case EV_COMPACT_MIGRATE_ISOLATE:
	case EV_COMPACT_FREE_ISOLATE:
	case EV_COMPACT_FAST_FREE_ISOLATE:
		take_step(r, &fit->scanned, e->time, e->w[2]);
		break;
	case EV_COMPACT_MIGRATED:
		take_step(r, &fit->moved, e->time, e->w[0]);
		break;
	case EV_COMPACT_END:
		end_run(fit, r, e->time);
		break;
	default:
		break;
	}
}

static void switch_tasks(struct fit *fit, const struct trace *t, const struct event *e)
{
	if (e->w[0] <= t->max_pid)
		leave_cpu(&fit->tasks[e->w[0]], e->time);
	if (e->w[1] <= t->max_pid && fit->tasks[e->w[1]].begin)
		fit->tasks[e->w[1]].since = e->time;
}

static uint32_t per_page(const struct work *work)
{
	uint64_t ns = work->pages ? work->ns / work->pages : 0;

	return ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
}

/* Where the recording has nothing of kcompactd it is taken to get half of the CPU. */
static void summarise(const struct fit *fit, struct stall_costs *c)
{
	c->compaction = (struct mm_compact_cost){.scanned = per_page(&fit->scanned),
						 .moved = per_page(&fit->moved)};
	if (fit->cpu) {
		c->waits_scanned = c->compaction.scanned * fit->clock / fit->cpu;
		c->waits_moved = c->compaction.moved * fit->clock / fit->cpu;
	}
	if (!c->kcompactd.nr && fit->scanned.pages)
		paces_add(&c->kcompactd, 0, SECOND / 2);
}

void costs_fit_compaction(struct stall_costs *c, const struct trace *t, uint64_t from)
{
	struct fit fit = {.tasks = calloc((size_t)t->max_pid + 1, sizeof(*fit.tasks)),
			  .kcompactd = &c->kcompactd,
			  .first = t->nr ? t->events[0].time : 0};

	for (uint64_t i = from; fit.tasks && i < t->nr; i++) {
		const struct event *e = &t->events[i];

		if (e->kind == EV_SCHED_SWITCH)
			switch_tasks(&fit, t, e);
		else if (e->pid <= t->max_pid && !(e->flags & (EVF_SOFTIRQ | EVF_HARDIRQ)))
			look_at(&fit, &fit.tasks[e->pid], e);
	}
	free(fit.tasks);
	summarise(&fit, c);
}
