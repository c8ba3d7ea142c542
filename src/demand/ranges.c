// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges of memory that a task wants a huge page for: what a fault got, and what becomes of it.
 *
 * A fault that gets no huge page puts a table of small pages in the range's place, and the task
 * goes on with those: as long as the table is there no further fault in the range asks for a huge
 * page [create_huge_pmd is for an empty pmd: __handle_mm_fault, mm/memory.c, 6.1]. MADV_DONTNEED
 * empties the table and leaves it [zap_pte_range]; a huge page takes its own with it
 * [zap_huge_pmd], and munmap takes any [free_pgtables]. So one fault's outcome decides what later
 * ones ask for, and a replay in which it is another one has to know which requests belong together.
 *
 * Addresses are in no event. What a task touches after a fault without huge page is taken as the
 * pages of that range until they are as many as a huge page has, or the next such fault comes. Who
 * gives ranges back is taken to touch them again in the order in which they went: those of huge
 * pages with faults for huge pages, those of small pages without. If a fault for a huge page comes
 * where only a range of small pages can be next, then that one's table was gone too.
 */
#include "demand/derive.h"

#include <stdlib.h>

#define NONE 0u

/* One range, as the recorded kernel has it. */
struct range {
	uint32_t task;	/* number of who touches it */
	uint32_t pages; /* of it that are out */
	uint32_t touched, order;
	uint32_t next; /* in its task's queue */
	bool huge;
};

struct queue {
	uint32_t first, last;
};

struct range_task {
	struct queue given_back[2]; /* ranges of small pages; of huge pages */
	uint32_t at;		    /* the range that it touches page by page, NONE */
	uint32_t left;		    /* pages of it that are still to come */
	uint32_t fault;		    /* that of the fault under way */
	bool is_again;		    /* it had them before */
	uint32_t again, anew;	    /* ranges of small pages touched again without, with a fault */
	uint32_t second;	    /* gfp of a second request */
};

static struct range *range_of(const struct derive *d, uint32_t number)
{
	return &d->ranges.ranges[number];
}

static struct range_task *task_of(const struct derive *d, uint32_t pid)
{
	uint32_t n = d->ranges.by_pid && pid < d->nr_tasks ? d->ranges.by_pid[pid] : NONE;

	return n ? &d->ranges.tasks[n] : NULL;
}

/* ---- faults ---- */

/* A fault for a transparent huge page, and which of its two requests this is. */
void range_note_fault(struct derive *d, const struct event *e, struct demand_op *op)
{
	uint8_t *task = e->pid < d->nr_tasks ? &d->tasks[e->pid] : NULL;

	if (!mm_thp_request(op->gfp, op->order) || !task || *task & TASK_KHUGEPAGED)
		return;
	op->flags |= DEMAND_F_THP;
	if (*task & TASK_THP_FAILED && !(op->gfp & GFP_THISNODE))
		op->flags |= DEMAND_F_AGAIN;
	*task &= (uint8_t)~TASK_THP_FAILED;
	if (op->kind == DEMAND_FAIL && op->gfp & GFP_THISNODE && op->gfp & GFP_DIRECT_RECLAIM)
		*task |= TASK_THP_FAILED;
}

/* ---- queues ---- */

static void queue_put(const struct derive *d, struct queue *q, uint32_t number)
{
	range_of(d, number)->next = NONE;
	if (q->last)
		range_of(d, q->last)->next = number;
	else
		q->first = number;
	q->last = number;
}

static uint32_t queue_take(const struct derive *d, struct queue *q)
{
	uint32_t number = q->first;

	if (!number)
		return NONE;
	q->first = range_of(d, number)->next;
	if (!q->first)
		q->last = NONE;
	return number;
}

/* ---- new ones ---- */

/* Room for number @nr; number 0 is nobody's. */
static bool grow(void **v, uint32_t nr, uint32_t *max, size_t size)
{
	uint32_t more = *max ? *max * 2 : 64;
	char *bigger;

	if (nr < *max)
		return true;
	bigger = realloc(*v, more * size);
	if (!bigger)
		return false;
	*v = bigger;
	*max = more;
	return true;
}

static struct range_task *task_add(struct derive *d, uint32_t pid)
{
	struct range_table *t = &d->ranges;
	struct range_task *task = task_of(d, pid);
	void *tasks = t->tasks;
	bool room;

	if (task || pid >= d->nr_tasks)
		return task;
	if (!t->by_pid)
		t->by_pid = calloc(d->nr_tasks, sizeof(*t->by_pid));
	room = grow(&tasks, t->nr_tasks + 1, &t->max_tasks, sizeof(*t->tasks));
	t->tasks = tasks;
	if (!t->by_pid || !room)
		return NULL;
	t->by_pid[pid] = ++t->nr_tasks;
	t->tasks[t->nr_tasks] = (struct range_task){.at = NONE};
	return &t->tasks[t->nr_tasks];
}

static uint32_t range_add(struct derive *d, uint32_t pid, uint32_t order)
{
	struct range_table *t = &d->ranges;
	void *ranges = t->ranges;
	bool room = grow(&ranges, t->nr + 1, &t->max, sizeof(*t->ranges));

	t->ranges = ranges;
	if (!room)
		return NONE;
	t->ranges[++t->nr] = (struct range){.task = t->by_pid[pid], .order = order};
	return t->nr;
}

/* ---- requests ---- */

static uint32_t next_faulted(struct derive *d, const struct event *e, struct range_task *task)
{
	uint32_t number = queue_take(d, &task->given_back[true]);

	if (number)
		return number;
	number = queue_take(d, &task->given_back[false]);
	task->anew += number != NONE;
	return number ? number : range_add(d, e->pid, (uint32_t)e->w[1]);
}

static void on_fault(struct derive *d, const struct event *e, struct demand_op *op,
		     struct track *page)
{
	struct range_task *task = task_add(d, e->pid);
	bool second_comes =
		op->kind == DEMAND_FAIL && op->gfp & GFP_THISNODE && op->gfp & GFP_DIRECT_RECLAIM;
	struct range *range;

	if (!task)
		return;
	if (op->flags & DEMAND_F_AGAIN)
		task->second = op->gfp;
	if (!(op->flags & DEMAND_F_AGAIN) || !task->fault)
		task->fault = next_faulted(d, e, task);
	if (!task->fault)
		return;
	op->flags |= DEMAND_F_RANGE;
	op->arg = page->range = task->fault;
	range = range_of(d, task->fault);
	range->huge = op->kind == DEMAND_BIRTH;
	range->pages += range->huge;
	range->touched = 0;
	task->at = second_comes || range->huge ? NONE : task->fault;
	task->left = 1u << range->order;
	task->is_again = false;
	if (!second_comes)
		task->fault = NONE;
}

/* alloc_zeroed_user_highpage_movable: the first touch of anonymous memory. */
static bool is_touch(const struct derive *d, const struct event *e, const struct demand_op *op)
{
	return op->kind == DEMAND_BIRTH && !op->order && op->gfp & GFP_ZERO &&
	       op->gfp & GFP_MOVABLE && !(e->flags & (EVF_SOFTIRQ | EVF_HARDIRQ | EVF_NMI)) &&
	       !(context_of(d, e) & (TASK_RECLAIM | TASK_COMPACT));
}

/* The next range of small pages that was given back. */
static bool begin_again(struct derive *d, struct range_task *task)
{
	struct range *range;

	task->at = queue_take(d, &task->given_back[false]);
	if (!task->at)
		return false;
	range = range_of(d, task->at);
	task->left = range->touched;
	task->is_again = true;
	range->touched = 0;
	return true;
}

static void on_touch(struct derive *d, struct range_task *task, struct demand_op *op,
		     struct track *page)
{
	struct range *range;

	if (!task->at && !begin_again(d, task))
		return;
	range = range_of(d, task->at);
	op->flags |= DEMAND_F_RANGE;
	op->arg = page->range = task->at;
	range->pages++;
	range->touched++;
	if (--task->left)
		return;
	task->again += task->is_again;
	task->at = NONE;
}

void range_request(struct derive *d, const struct event *e, struct demand_op *op,
		   struct track *page)
{
	struct range_task *task;

	if (op->flags & DEMAND_F_THP) {
		on_fault(d, e, op, page);
		return;
	}
	task = task_of(d, e->pid);
	if (task && is_touch(d, e, op))
		on_touch(d, task, op, page);
}

/* ---- pages let go ---- */

void range_end(struct derive *d, const struct event *e, const struct track *page,
	       struct demand_op *op)
{
	struct range *range;
	struct range_task *task;

	if (!page->range || !range_of(d, page->range)->pages)
		return;
	range = range_of(d, page->range);
	task = &d->ranges.tasks[range->task];
	range->pages--;
	if (op->kind != DEMAND_DEATH)
		return;
	op->flags |= DEMAND_F_RANGE;
	op->arg = page->range;
	if (range->pages)
		return;
	op->flags |= DEMAND_F_LAST;
	if (task->at == page->range)
		task->at = NONE;
	if (!(context_of(d, e) & TASK_KHUGEPAGED))
		queue_put(d, &task->given_back[range->huge], page->range);
}

void range_split(struct derive *d, const struct track *page)
{
	if (page->range)
		range_of(d, page->range)->pages++;
}

/* ---- the end ---- */

int ranges_result(const struct derive *d, struct demand *out, struct error *err)
{
	const struct range_table *t = &d->ranges;
	uint32_t any = 0;

	out->nr_ranges = t->nr;
	out->ranges = calloc(t->nr + 1ull, sizeof(*out->ranges));
	if (!out->ranges)
		return error_set(err, "out of memory for %u ranges", t->nr);
	for (uint32_t n = 1; n <= t->nr_tasks && !any; n++)
		any = t->tasks[n].second;
	for (uint32_t n = 1; n <= t->nr; n++) {
		const struct range_task *task = &t->tasks[t->ranges[n].task];

		out->ranges[n].second = task->second ? task->second : any;
		out->ranges[n].keeps_table = task->again > task->anew;
	}
	return 0;
}

void ranges_release(struct range_table *t)
{
	free(t->ranges);
	free(t->tasks);
	free(t->by_pid);
}
