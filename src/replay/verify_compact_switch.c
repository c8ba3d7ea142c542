// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compacting tasks that others run in between: where they stand meanwhile, and what follows the
 * task. A kernel task gives way at certain places only [cond_resched].
 */
#include "replay/verify.h"

#include <string.h>

#define SWITCH_WINDOW 65536 /* events searched for what a task does when it is back */

/* ---- capture belongs to the task that runs ---- */

void verify_compact_switch_in(struct verify *v, const struct event *e)
{
	struct compact_run *run = compact_run_of(v, e->pid);

	v->mm->capture = (struct mm_capture){0};
	if (run && run->cc.capture) {
		v->mm->capture = run->capture;
		v->mm->capture.active = 1;
	}
}

void verify_compact_switch_out(struct verify *v, const struct event *e)
{
	struct compact_run *run = compact_run_of(v, e->pid);

	if (run && run->cc.capture)
		run->capture = v->mm->capture;
	v->mm->capture = (struct mm_capture){0};
}

/* ---- where it stands ---- */

/*
 * Where in its scan can the task be that was stopped in it? It gives way at every 32nd frame
 * [compact_unlock_should_abort in isolate_migratepages_block]. It has not been at pages that others
 * free until it is back: those would be isolated; and the scan did not end here.
 */
static uint32_t scan_limit(struct verify *v, const struct compact_run *run)
{
	uint64_t base = v->mm->base_pfn, limit = run->cc.source_end;

	v->res->lookaheads++;
	for (uint64_t j = v->i + 1; j < v->last && j < v->i + SWITCH_WINDOW; j++) {
		const struct event *x = &v->t->events[j];
		uint64_t f = x->w[0] - base;

		if (x->pid == run->pid && x->kind == EV_COMPACT_MIGRATE_ISOLATE) {
			if (x->w[1] - base - 1 < limit)
				limit = x->w[1] - base - 1;
			break;
		}
		if (x->kind == EV_FREE && f >= run->cc.source && f < limit &&
		    mm_frame(v->mm, (struct frame){(uint32_t)f})->flags & MM_F_LRU)
			limit = f;
	}
	return (uint32_t)limit & ~(MM_COMPACT_CLUSTER - 1);
}

static void scan_before_switch(struct verify *v, struct compact_run *run)
{
	uint32_t limit = scan_limit(v, run);

	if (run->source_stepped || limit <= run->cc.source)
		return;
	if (!run->cc.scan.active)
		compact_note_owners(v, run);
	mm_compact_scan_until(v->mm, &run->cc, limit);
}

/*
 * May an async task give way between its search for the next page's target and that page's end?
 * Where the page is mapped its mappings are replaced first. Where none moves any more, those that
 * are left are tried up to ten times each, which begins at the head of the loop every time
 * [migrate_pages]. And where the free lists had nothing, the search goes on with a block, at whose
 * first frame it gives way [compact_unlock_should_abort in isolate_freepages_block]; the lists were
 * searched by then, with interrupts off [fast_isolate_freepages].
 */
static bool gives_way_behind_search(struct verify *v, uint32_t pid)
{
	v->res->lookaheads++;
	for (uint64_t j = v->i + 1; j < v->last && j < v->i + SWITCH_WINDOW; j++) {
		const struct event *x = &v->t->events[j];

		if (x->pid != pid || event_context(x) != CTX_TASK)
			continue;
		if (x->kind == EV_MIGRATION_PTE_SET || x->kind == EV_COMPACT_MIGRATED ||
		    x->kind == EV_COMPACT_FREE_ISOLATE)
			return true;
		if (x->kind == EV_FREE)
			return false;
	}
	return false;
}

/*
 * The task leaves the CPU after it has moved a page. Has it looked for the next one's target by
 * then? A kernel task gives way at certain places only. The next one is at the head of the loop in
 * migrate_pages(), before the search, and a task that was due there already is seen so by its last
 * event. Behind the search it may wait for a buffer's lock, unless it is async
 * [buffer_migrate_lock_buffers], and it gives way for each of the page's mappings [rmap_walk]. But
 * if the last free of an async one drained the lists, the timer came then, with interrupts off, and
 * no event of the task shows it any more.
 */
static void settle_before_switch(struct verify *v, struct compact_run *run, bool preempted)
{
	if (compact_asks_seen(v) || !run->moved_pending)
		return;
	if (preempted && (run->due || (run->cc.mode == MM_MIGRATE_ASYNC &&
				       (run->drained || !gives_way_behind_search(v, run->pid)))))
		return;
	compact_settle(v, run);
}

void compact_probed(struct verify *v, const struct event *e)
{
	struct frame f = frame_from_pfn(v->mm, (struct pfn){e->w[0]});
	struct compact_run *run = compact_run_of(v, e->pid);

	/* What the fast search took before the scan is held already. */
	if (run && !frame_is_none(f) && e->w[1] < v->mm->nr_orders &&
	    mm_frame(v->mm, f)->list != mm_private_list(v->mm, 2 * run->cc.slot))
		run->probed = f.n + (1u << e->w[1]);
}

static uint32_t walk_start(const struct compact_run *run)
{
	return run->cc.around ? run->cc.block_start : run->cc.isolate_start;
}

/* The event that ends the walk over a block for free pages that @run is in; NULL: none in sight. */
static const struct event *walk_end(const struct verify *v, const struct compact_run *run)
{
	uint32_t start = walk_start(run);

	for (uint64_t j = v->i + 1; j < v->last && j < v->i + SWITCH_WINDOW; j++) {
		const struct event *x = &v->t->events[j];

		if (x->pid == run->pid && x->kind == EV_COMPACT_FREE_ISOLATE)
			return x->w[0] - v->mm->base_pfn == start ? x : NULL;
	}
	return NULL;
}

/* Pages of [first, end) that others free until @until. */
static uint64_t freed_until(const struct verify *v, uint32_t first, uint32_t end,
			    const struct event *until)
{
	uint64_t base = v->mm->base_pfn, freed = 0;

	for (const struct event *x = &v->t->events[v->i + 1]; x < until; x++)
		if (x->kind == EV_FREE && x->w[0] - base >= first && x->w[0] - base < end &&
		    x->w[1] < v->mm->nr_orders)
			freed += 1u << x->w[1];
	return freed;
}

/* Pages of the free buddies that begin in [from, end). */
static uint64_t free_pages(const struct verify *v, uint32_t from, uint32_t end)
{
	uint64_t pages = 0;

	for (struct frame f = {from}; f.n < end; f.n++) {
		if (!mm_on_buddy_list(v->mm, f))
			continue;
		pages += 1u << mm_frame(v->mm, f)->order;
		f.n += (1u << mm_frame(v->mm, f)->order) - 1;
	}
	return pages;
}

/* The last place in [pos, end) where a walk gives way and behind which @missing pages were freed
 * until @x. */
static uint32_t last_place(const struct verify *v, uint32_t pos, uint32_t end, uint64_t missing,
			   const struct event *x)
{
	uint32_t place = 0;

	for (; pos < end; pos++) {
		struct frame f = {pos};

		if (!(pos % MM_COMPACT_CLUSTER) && freed_until(v, pos, end, x) >= missing)
			place = pos;
		if (mm_on_buddy_list(v->mm, f))
			pos += (1u << mm_frame(v->mm, f)->order) - 1;
	}
	return place;
}

/*
 * Where was the task stopped in its walk over a block for free pages? It gives way at every 32nd
 * frame [compact_unlock_should_abort in isolate_freepages_block]. The walk's own event tells
 * afterwards how many pages it took in all. If they are as many as were free when it was stopped,
 * nobody took one from before it, wherever that was: the last place is as good as the right one.
 * What there are more was freed before it; if they are fewer, or the walk goes by strides, it is
 * taken to have been at its start.
 */
static uint32_t walk_limit(struct verify *v, const struct compact_run *run)
{
	const struct mm_compact_walk *w = &run->cc.walk;
	uint32_t pos = w->active ? w->pos : walk_start(run), end = run->cc.block_end;
	const struct event *x = walk_end(v, run);
	uint64_t left, now;

	if (!x || (!run->cc.around && run->cc.stride > 1))
		return 0;
	v->res->lookaheads++;
	left = x->w[3] - (w->active ? w->isolated : 0);
	if (x->w[1] - v->mm->base_pfn < end)
		end = (uint32_t)(x->w[1] - v->mm->base_pfn);
	now = free_pages(v, pos, end);
	return now > left ? 0 : last_place(v, pos, end, left - now, x);
}

/* Probes tell the last page taken; a task that was due gives way at once. */
static void walk_before_switch(struct verify *v, struct compact_run *run)
{
	uint32_t limit;

	if (run->cc.at != MM_AT_TARGET)
		return;
	if (v->opt->inputs == VERIFY_PROBES)
		limit = run->probed;
	else
		limit = run->due ? 0 : walk_limit(v, run);
	if (!limit)
		return;
	v->mm->cpu = run->cc.cpu;
	mm_compact_walk_until(v->mm, &run->cc, limit);
}

/*
 * A task that looks for a block to empty gives way at every 32nd block, suitable or not
 * [isolate_migratepages]: one that was due already stands at the first of them, and finds what
 * others have left when it is back. Of the others it is supposed that they were done with it, since
 * the scan of a block takes far longer.
 */
static void search_before_switch(struct verify *v, struct compact_run *run)
{
	if (run->cc.at == MM_AT_SEARCH && !run->due)
		compact_settle(v, run);
}

void compact_left_cpu(struct verify *v, struct compact_run *run, bool preempted)
{
	search_before_switch(v, run);
	if (run->cc.at == MM_AT_SOURCE && !run->due)
		scan_before_switch(v, run);
	settle_before_switch(v, run, preempted);
	walk_before_switch(v, run);
}
