// SPDX-License-Identifier: GPL-2.0-only
/*
 * The account of a recording: what was there, what was asked for, and who let it go. It steers
 * nothing; `info` prints it.
 *
 * No event says that a task ends. One whose last switch leaves it dead ends inside the recording,
 * and what it frees after its last request it frees because it ends [do_exit, kernel/exit.c]:
 * nearly all of it in exit_mmap(), which asks for nothing but pages for its lists of pages to free,
 * without waiting [tlb_next_batch, mm/mmu_gather.c, 6.1].
 */
#include "demand/derive.h"

#include <stdlib.h>
#include <string.h>

/* prev_state of a task that will not run again: EXIT_DEAD, EXIT_ZOMBIE [include/linux/sched.h]. */
#define STATE_GONE (0x10u | 0x20u)

const struct demand_name demand_why_names[DEMAND_NR_WHYS] = {
	[DEMAND_BY_OWNER] = {"owner", "their owners"},
	[DEMAND_BY_EXIT] = {"exit", "tasks that ended"},
	[DEMAND_BY_TRUNCATION] = {"truncation", "files truncated or deleted"},
	[DEMAND_BY_OOM] = {"oom_kill", "tasks killed for lack of memory"},
	[DEMAND_BY_INTERRUPT] = {"interrupt", "interrupts (RCU, I/O)"},
	[DEMAND_BY_KSWAPD] = {"kswapd", "kswapd"},
	[DEMAND_BY_DIRECT_RECLAIM] = {"direct_reclaim", "direct reclaim"},
	[DEMAND_BY_SHRINKER] = {"shrinker", "shrinkers"},
	[DEMAND_BY_MIGRATION] = {"migration", "migration"},
	[DEMAND_BY_UNSEEN] = {"unseen", "nobody who was seen"},
};

const struct demand_name demand_sort_names[DEMAND_NR_SORTS] = {
	[DEMAND_ANON_MAPPED] = {"anon_mapped", "anonymous, mapped"},
	[DEMAND_ANON_UNMAPPED] = {"anon_unmapped", "anonymous, not mapped"},
	[DEMAND_ANON_SWAPCACHE] = {"anon_swapcache", "anonymous, swap cache"},
	[DEMAND_FILE_CLEAN] = {"file_clean", "file, clean"},
	[DEMAND_FILE_DIRTY] = {"file_dirty", "file, dirty"},
	[DEMAND_FILE_METADATA] = {"file_metadata", "file system metadata"},
	[DEMAND_SHMEM] = {"shmem", "shared memory"},
	[DEMAND_SLAB] = {"slab", "slab, reclaimable"},
	[DEMAND_PAGE_TABLE] = {"page_table", "page tables"},
	[DEMAND_HUGETLB] = {"hugetlb", "huge pages"},
	[DEMAND_KERNEL] = {"kernel", "other kernel"},
	[DEMAND_MOVABLE_UNKNOWN] = {"movable_unknown", "movable, never shown"},
};

static enum demand_sort sort_of_anon(uint32_t flags)
{
	if (flags & MM_F_SWAPCACHE)
		return DEMAND_ANON_SWAPCACHE;
	return flags & MM_F_MAPPED ? DEMAND_ANON_MAPPED : DEMAND_ANON_UNMAPPED;
}

static enum demand_sort sort_of_file(uint32_t flags)
{
	if (flags & (MM_F_PINNED | MM_F_FIXED))
		return DEMAND_FILE_METADATA;
	return flags & (MM_F_DIRTY | MM_F_WRITEBACK) ? DEMAND_FILE_DIRTY : DEMAND_FILE_CLEAN;
}

static enum demand_sort sort_of(const struct track *page)
{
	switch (page->page) {
	case MM_KIND_ANON:
		return sort_of_anon(page->mm_flags);
	case MM_KIND_FILE:
		return sort_of_file(page->mm_flags);
	case MM_KIND_SHMEM:
		return DEMAND_SHMEM;
	case MM_KIND_SLAB:
		return DEMAND_SLAB;
	case MM_KIND_PAGE_TABLE:
		return DEMAND_PAGE_TABLE;
	case MM_KIND_HUGETLB:
		return DEMAND_HUGETLB;
	case MM_KIND_UNKNOWN:
		return DEMAND_MOVABLE_UNKNOWN;
	default:
		return page->flags & TRACK_TABLE ? DEMAND_PAGE_TABLE : DEMAND_KERNEL;
	}
}

/* ---- what is known before the pass ---- */

/* Asked for on the way out as well: a page that holds the numbers of pages to free. */
static bool asks_without_waiting(const struct event *e)
{
	return !e->w[1] && !((uint32_t)e->w[2] & (GFP_DIRECT_RECLAIM | GFP_HIGH));
}

int account_init(struct derive *d, struct error *err)
{
	d->account_tasks = calloc(d->nr_tasks, sizeof(*d->account_tasks));
	if (!d->account_tasks)
		return error_set(err, "not enough memory for a table of %u tasks", d->nr_tasks);
	for (size_t i = 0; i < d->trace->nr_comms; i++) {
		const struct trace_comm *tc = &d->trace->comms[i];

		if (tc->pid < d->nr_tasks && !strcmp(tc->comm, "oom_reaper"))
			d->account_tasks[tc->pid].reaper = true;
	}
	for (uint64_t i = 0; i < d->trace->nr; i++) {
		const struct event *e = &d->trace->events[i];

		if (e->kind == EV_SCHED_SWITCH && e->w[0] < d->nr_tasks && e->w[2] & STATE_GONE)
			d->account_tasks[e->w[0]].ends = true;
		if (e->kind == EV_ALLOC && e->pid < d->nr_tasks && !asks_without_waiting(e) &&
		    !(e->flags & (EVF_SOFTIRQ | EVF_HARDIRQ)))
			d->account_tasks[e->pid].last_request = i;
	}
	return 0;
}

/* ---- the pass ---- */

/* GFP_PGTABLE_USER [include/asm-generic/pgalloc.h, 6.1]. */
#define GFP_PAGE_TABLE                                                                             \
	(GFP_IO | GFP_FS | GFP_DIRECT_RECLAIM | GFP_KSWAPD_RECLAIM | GFP_ZERO | GFP_ACCOUNT)

uint8_t account_flags(const struct demand_op *request)
{
	uint8_t flags = 0;

	if (!request->order && request->gfp == GFP_PAGE_TABLE)
		flags = TRACK_TABLE;
	return flags | (uint8_t)((request->type & 3u) << TRACK_TYPE_SHIFT);
}

void account_event(struct derive *d, const struct event *e)
{
	if (e->kind == EV_OOM_KILL && e->w[0] < d->nr_tasks)
		d->account_tasks[e->w[0]].killed = true;
	if (e->pid >= d->nr_tasks)
		return;
	if (e->kind == EV_SHRINK_SLAB_BEGIN)
		d->account_tasks[e->pid].shrinks = true;
	if (e->kind == EV_SHRINK_SLAB_END)
		d->account_tasks[e->pid].shrinks = false;
}

static enum demand_why reason(const struct derive *d, const struct event *e,
			      const struct track *page)
{
	uint64_t i = (uint64_t)(e - d->trace->events);
	const struct account_task *task = e->pid < d->nr_tasks ? &d->account_tasks[e->pid] : NULL;

	if (e->flags & (EVF_SOFTIRQ | EVF_HARDIRQ | EVF_NMI))
		return DEMAND_BY_INTERRUPT;
	if (task && (task->shrinks || context_of(d, e) & (TASK_KSWAPD | TASK_RECLAIM)))
		return DEMAND_BY_SHRINKER;
	if (task && (task->killed || task->reaper))
		return DEMAND_BY_OOM;
	if (page->flags & TRACK_TRUNCATED)
		return DEMAND_BY_TRUNCATION;
	if (task && task->ends && i > task->last_request)
		return DEMAND_BY_EXIT;
	return DEMAND_BY_OWNER;
}

static void add_page(struct derive *d, const struct track *page, bool gone)
{
	struct demand_sum *sum = &d->account.sorts[sort_of(page)];
	uint64_t pages = 1ull << page->order;
	uint32_t type = TRACK_TYPE(page->flags);

	if (page->flags & TRACK_INITIAL) {
		sum->before += pages;
	} else {
		sum->asked += pages;
		if (type < MM_NR_PCP_TYPES)
			sum->born[type] += pages;
	}
	if (gone)
		sum->gone += pages;
}

void account_end(struct derive *d, const struct event *e, const struct track *page,
		 enum demand_why by)
{
	d->account.why[by == DEMAND_NR_WHYS ? reason(d, e, page) : by] += 1ull << page->order;
	add_page(d, page, true);
}

void account_rest(struct derive *d)
{
	for (uint32_t i = 0; i < d->geo.nr_frames; i++)
		if (d->frames[i].id != TRACK_NONE)
			add_page(d, &d->frames[i], false);
}

void account_last_event(struct derive *d, uint64_t i)
{
	const struct event *e = &d->trace->events[i];
	struct demand_op op = op_for(d, e, DEMAND_OWNER_GONE, TRACK_NONE);

	if (e->pid < d->nr_tasks && d->tasks[e->pid] & TASK_SWAPPED && d->last_event[e->pid] == i)
		emit(d, &op);
}
