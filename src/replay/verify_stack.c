// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stacks of new tasks where bulk allocations have no probe (`capture --events=core`). fork() takes
 * a stack that a dead task left on this CPU, of which there are two at most, or four pages in bulk,
 * which no event shows where the per-cpu list has them [alloc_thread_stack_node,
 * try_release_thread_stack_to_cache, kernel/fork.c, 6.1].
 *
 * What shows is the page table that a fork begins with, a page of order 1, and that one goes when
 * the task is dead. From both follows how many stacks are kept. One that finds no room waits for a
 * grace period of RCU, asks once more, and goes if there still is none [thread_stack_free_rcu].
 *
 * Only for one CPU: with more of them it is not known where a task died.
 */
#include "replay/verify.h"

#include <string.h>

#define STACKS_KEPT 2u		 /* NR_CACHED_STACKS */
#define GRACE_PERIOD_NS 9000000u /* as recordings with the probe show it, at 250 ticks a second */
#define PAGE_TABLE_ORDER 1u	 /* PGD_ALLOCATION_ORDER with CONFIG_PAGE_TABLE_ISOLATION */
#define PAGE_TABLE_GFP 0x400dc0u /* GFP_PGTABLE_USER */
#define STACK_GFP 0x2dc2u	 /* of the pages of a stack [__vmalloc_area_node] */
#define EXEC_TABLES 3u		 /* what the first page of a new program's stack needs */
#define FORK_WINDOW 65536	 /* events searched for what a task does with a new page table */
#define TRUST 9			 /* how far it can go either way */
#define COST 3			 /* a failure counts as so many that held */

static bool is_page_table(const struct event *e)
{
	return e->kind == EV_ALLOC && e->w[1] == PAGE_TABLE_ORDER && e->w[2] == PAGE_TABLE_GFP;
}

/* Frees of a first page table; other pages of that order are slabs. */
static bool is_table_free(const struct verify *v, const struct event *e)
{
	struct frame f = frame_from_pfn(v->mm, (struct pfn){e->w[0]});

	return e->kind == EV_FREE && e->w[1] == PAGE_TABLE_ORDER && !frame_is_none(f) &&
	       !(mm_frame(v->mm, f)->flags & MM_F_COMPOUND);
}

static bool infers(const struct verify *v, const struct event *e)
{
	return !v->t->kinds_seen[EV_P_BULK] && v->mm->nr_cpus == 1 && e->cpu == 0 &&
	       event_context(e) == CTX_TASK;
}

/* A fork copies more tables than a new program needs for its first page. */
static bool begins_fork(struct verify *v)
{
	const struct event *e = &v->t->events[v->i];
	uint32_t tables = 0;

	v->res->lookaheads++;
	for (uint64_t j = v->i + 1; j < v->last && j < v->i + FORK_WINDOW; j++) {
		const struct event *x = &v->t->events[j];

		if (x->pid != e->pid || x->kind != EV_ALLOC || event_context(x) != CTX_TASK)
			continue;
		if (is_page_table(x) || x->w[3] == MM_MOVABLE)
			break;
		tables += x->w[1] == 0 && x->w[2] == PAGE_TABLE_GFP;
	}
	return tables > EXEC_TABLES;
}

/* A new program in a task that shared its memory with its parent [vfork] frees no old table. */
static bool frees_old_table(struct verify *v)
{
	const struct event *e = &v->t->events[v->i];

	for (uint64_t j = v->i + 1; j < v->last && j < v->i + FORK_WINDOW; j++) {
		const struct event *x = &v->t->events[j];

		if (x->pid != e->pid || event_context(x) != CTX_TASK)
			continue;
		if (is_page_table(x))
			break;
		if (is_table_free(v, x))
			return true;
	}
	return false;
}

/* ---- pages that left unseen ---- */

static void forget_taken(struct stacks *s)
{
	s->nr_taken = 0;
	s->supposed = s->unsupposed = s->doubted = false;
}

static void suppose_bulk(struct verify *v, const struct event *e)
{
	struct stacks *s = &v->stacks;
	uint32_t zone = mm_bulk_zone(v->mm, mm_node_of_cpu(v->mm, e->cpu), STACK_GFP, STACK_PAGES);

	/* The list must have had them all: a refill would have been seen. */
	if (zone == UINT32_MAX ||
	    mm_list_count(v->mm, mm_pcp_list(v->mm, zone, e->cpu,
					     mm_pindex(v->mm, 0, MM_UNMOVABLE))) < STACK_PAGES)
		return;
	s->zone = zone;
	s->supposed = true;
	while (s->nr_taken < STACK_PAGES)
		s->taken[s->nr_taken++] = mm_pcp_pop(v->mm, zone, e->cpu, 0, MM_UNMOVABLE);
}

/* The page on the list's head was among those that were supposed to have left. */
static void put_back(struct verify *v)
{
	struct stacks *s = &v->stacks;

	while (s->nr_taken) {
		struct frame f = s->taken[--s->nr_taken];

		mm_pcp_add_refilled(v->mm, s->zone, 0, f, 0, MM_UNMOVABLE);
		mm_list_rotate_to_first(v->mm, f);
	}
}

/* Single pages in use, as they were then; a broken recording may say otherwise. */
static bool still_out(const struct verify *v)
{
	for (uint32_t i = 0; i < v->stacks.nr_taken; i++) {
		struct frame f = v->stacks.taken[i];

		if (mm_frame(v->mm, f)->list != MM_NO_LIST || mm_frame(v->mm, f)->order ||
		    mm_page_head(v->mm, f).n != f.n ||
		    !frame_is_none(mm_buddy_containing(v->mm, f)))
			return false;
	}
	return true;
}

/* As many pages as a stack has are before @f on the list that @expected leads. */
static bool stack_before(const struct verify *v, struct frame expected, struct frame f)
{
	for (uint32_t i = 0; i < STACK_PAGES && !frame_is_none(expected); i++)
		expected = mm_list_next(v->mm, expected);
	return expected.n == f.n;
}

/* Nothing is supposed before one such stack has shown itself, nor where suppositions are wrong as
 * often as right: many tasks at once, kernels that take the pages one by one (5.10). */
static void believe(struct stacks *s, bool held)
{
	s->trust += held ? 1 : -COST;
	if (s->trust > TRUST)
		s->trust = TRUST;
	if (s->trust < -TRUST)
		s->trust = -TRUST;
}

void verify_stack_popped(struct verify *v, const struct mm_request *rq, struct frame expected,
			 struct frame f)
{
	struct stacks *s = &v->stacks;

	if (rq->order || rq->type != MM_UNMOVABLE || (!s->supposed && !s->unsupposed))
		return;
	if (s->supposed && f.n == s->taken[0].n && still_out(v)) {
		put_back(v);
		believe(s, false);
	} else if (s->supposed && expected.n == f.n) {
		believe(s, true);
	} else if (s->unsupposed && !frame_is_none(expected) && stack_before(v, expected, f)) {
		/* It was asked for before the last stack was kept. */
		s->cached += s->doubted ? 0 : 1;
		believe(s, true);
	} else if (s->doubted && expected.n == f.n) {
		believe(s, false);
	}
	forget_taken(s);
}

/* ---- how many are kept ---- */

static void keep(struct stacks *s, uint64_t time)
{
	if (s->cached < STACKS_KEPT)
		s->cached++;
	else if (s->nr_waiting < ARRAY_SIZE(s->waiting))
		s->waiting[s->nr_waiting++] = time + GRACE_PERIOD_NS;
}

static void ask_again(struct stacks *s, uint64_t time)
{
	uint32_t n = 0;

	while (n < s->nr_waiting && s->waiting[n] < time) {
		s->cached += s->cached < STACKS_KEPT;
		n++;
	}
	if (!n)
		return;
	s->nr_waiting -= n;
	memmove(s->waiting, s->waiting + n, s->nr_waiting * sizeof(s->waiting[0]));
}

static void take(struct verify *v, const struct event *e, struct task *task)
{
	struct stacks *s = &v->stacks;

	forget_taken(s);
	if (task->stack_seen) { /* its pages came with a refill: none was kept */
		s->cached = 0;
		return;
	}
	if (s->cached > 0) {
		s->cached--;
		s->unsupposed = true;
	} else if (s->trust > 0) {
		suppose_bulk(v, e);
	} else {
		s->unsupposed = s->doubted = true;
	}
}

/* A first page table is asked for: of a copy of this task, or of a new program in it. */
void verify_stack_alloc(struct verify *v, const struct event *e)
{
	struct task *task;

	if (!is_page_table(e) || !infers(v, e) || !(task = verify_task(v, e->pid, true)))
		return;
	ask_again(&v->stacks, e->time);
	if (begins_fork(v) || !frees_old_table(v))
		take(v, e, task);
	else
		task->execs = true;
	task->stack_seen = false;
}

/* It goes with the task, or with the program that the task ran before. */
void verify_stack_free(struct verify *v, const struct event *e)
{
	struct task *task;

	if (!infers(v, e) || !is_table_free(v, e))
		return;
	ask_again(&v->stacks, e->time);
	task = verify_task(v, e->pid, false);
	if (task && task->execs)
		task->execs = false;
	else
		keep(&v->stacks, e->time);
}
