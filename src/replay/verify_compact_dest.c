// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where compaction moved pages to, as the trace shows it afterwards: the new pages wait in a
 * per-cpu batch and are then inserted into LRU lists, all of the batch together and in the order in
 * which they were moved. What was predicted is confirmed by that, or set right.
 */
#include "replay/verify.h"

#include <string.h>

static uint32_t target_list(const struct verify *v, const struct compact_run *run)
{
	return mm_private_list(v->mm, 2 * run->cc.slot);
}

static bool is_held(const struct verify *v, const struct compact_run *run, struct frame f)
{
	return mm_frame(v->mm, f)->list == target_list(v, run);
}

void compact_await(struct compact_run *run, struct frame to)
{
	if (run->nr_awaiting == ARRAY_SIZE(run->awaiting)) {
		run->nr_awaiting--;
		memmove(run->awaiting, run->awaiting + 1,
			run->nr_awaiting * sizeof(run->awaiting[0]));
	}
	run->awaiting[run->nr_awaiting++] = to.n;
}

static void forget(struct compact_run *run, uint32_t i)
{
	run->nr_awaiting--;
	memmove(run->awaiting + i, run->awaiting + i + 1,
		(run->nr_awaiting - i) * sizeof(run->awaiting[0]));
}

static void confirm(struct verify *v, struct frame f)
{
	v->res->migrations_confirmed++;
	mm_frame(v->mm, f)->flags &= ~MM_F_MOVED_TO;
	for (uint32_t r = 0; r < MM_COMPACT_SLOTS; r++) {
		struct compact_run *run = &v->runs[r];

		for (uint32_t i = 0; i < run->nr_awaiting; i++) {
			if (run->awaiting[i] == f.n) {
				forget(run, i);
				run->flushed = true;
				return;
			}
		}
	}
}

/* A page that was not moved to after all is held again, before the others. It may have been freed
 * meanwhile, where the trace is followed by another era's rules. */
static void hold_again(struct verify *v, struct compact_run *run, struct frame f)
{
	if (mm_frame(v->mm, f)->list != MM_NO_LIST || !frame_is_none(mm_buddy_containing(v->mm, f)))
		repair_remove(v, f, 0);
	mm_mark_allocated(v->mm, f, 0);
	mm_list_add(v->mm, target_list(v, run), f);
	run->cc.nr_free++;
}

void compact_flushed(struct verify *v, struct compact_run *run)
{
	if (!run->flushed)
		return;
	run->flushed = false;
	while (run->nr_awaiting) {
		struct frame f = {run->awaiting[--run->nr_awaiting]};

		v->res->migrations_refuted++;
		verify_mismatch(v, MISMATCH_TARGET, f, FRAME_NONE, "nothing was moved here");
		hold_again(v, run, f);
	}
}

static void use_held(struct verify *v, struct compact_run *run, struct frame f)
{
	mm_list_del(v->mm, f);
	run->cc.nr_free -= run->cc.nr_free > 0;
}

/* @f went before its turn: what was predicted in its stead takes its place among those held. */
static void swap_places(struct verify *v, struct compact_run *run, struct frame f)
{
	struct frame before = mm_list_prev(v->mm, f), p = {run->awaiting[0]};

	forget(run, 0);
	use_held(v, run, f);
	hold_again(v, run, p);
	if (!frame_is_none(before))
		mm_list_move_behind(v->mm, p, before);
}

/* A page that was moved to @f is there still, as far as the model knows. */
static bool is_moved_to(const struct verify *v, struct frame f)
{
	const struct mm_frame *fr = mm_frame(v->mm, f);

	return fr->flags & MM_F_HEAD && fr->flags & MM_F_MOVED_TO && fr->list == MM_NO_LIST;
}

/* The kernel took the buddy at @b where the model took another: all that was predicted from that
 * one goes there. */
static void take_other_buddy(struct verify *v, struct compact_run *run, struct frame b)
{
	uint32_t pages = 1u << mm_frame(v->mm, b)->order, last = run->awaiting[0];
	struct frame f;

	repair_remove(v, b, mm_frame(v->mm, b)->order);
	mm_split_page(v->mm, b, 0);
	while (!frame_is_none(f = mm_list_first(v->mm, target_list(v, run))) &&
	       last - f.n <= run->nr_awaiting) {
		last = f.n; /* the rest of the wrong buddy, downwards */
		use_held(v, run, f);
		mm_free_direct(v->mm, run->cc.cpu, f, 0, 0);
	}
	for (uint32_t i = 0; i < pages; i++)
		hold_again(v, run, (struct frame){b.n + i});
	for (uint32_t i = 0; i < run->nr_awaiting && i < pages; i++) {
		struct frame old = {run->awaiting[i]};

		if (!is_moved_to(v, old)) /* let go meanwhile */
			continue;
		f = mm_list_first(v->mm, target_list(v, run));
		use_held(v, run, f);
		mm_frame(v->mm, f)->flags = mm_frame(v->mm, old)->flags;
		mm_free_direct(v->mm, run->cc.cpu, old, 0, 0);
		run->awaiting[i] = f.n;
	}
}

/* In use, and free in the model: only compaction puts pages to use without an mm_page_alloc. */
static void moved_to_free(struct verify *v, struct compact_run *run, struct frame f)
{
	struct frame b = mm_buddy_containing(v->mm, f);

	v->res->migrations_refuted++;
	v->res->resyncs++;
	v->resynced = true;
	verify_mismatch(v, MISMATCH_TARGET, FRAME_NONE, f, "in use, but nothing was moved here");
	if (run && run->nr_awaiting && !frame_is_none(b))
		take_other_buddy(v, run, b);
	else
		repair_remove(v, f, 0);
	if (mm_frame(v->mm, f)->flags & MM_F_MOVED_TO)
		confirm(v, f);
	else if (run && is_held(v, run, f))
		use_held(v, run, f);
}

/* A page that was held: the one that is being moved now, whose old frame is freed next, or one out
 * of turn. */
static void moved_to_held(struct verify *v, struct compact_run *run, struct frame f)
{
	struct frame next = mm_compact_next_target(v->mm, &run->cc);

	if (next.n != f.n && mm_frame(v->mm, next)->flags & MM_F_LRU) {
		use_held(v, run, next);
		next = mm_compact_next_target(v->mm, &run->cc);
	}
	if (next.n == f.n)
		return;
	v->res->migrations_refuted++;
	v->res->resyncs++;
	v->resynced = true;
	verify_mismatch(v, MISMATCH_TARGET, next, f, "moved here before its turn");
	if (run->nr_awaiting) {
		swap_places(v, run, f);
	} else {
		mm_list_del(v->mm, f);
		mm_list_add(v->mm, target_list(v, run), f);
	}
}

void compact_dest_seen(struct verify *v, struct compact_run *run, struct frame f)
{
	struct frame head = mm_page_head(v->mm, f);

	if (!frame_is_none(head) && mm_frame(v->mm, head)->flags & MM_F_MOVED_TO)
		confirm(v, head);
	else if (run && is_held(v, run, f))
		moved_to_held(v, run, f);
	else if (frame_is_none(head))
		moved_to_free(v, run, f);
}

/*
 * The compactor frees the page that it has just moved to and that is on its LRU list by now: while
 * it was at it the last user went, so the mover's own reference is the last one, and goes before
 * the old frame does [put_page(newpage) in __unmap_and_move, 6.1].
 */
bool compact_dest_freed(struct verify *v, struct compact_run *run, struct frame f)
{
	if (mm_compact_next_target(v->mm, &run->cc).n != f.n ||
	    !(mm_frame(v->mm, f)->flags & MM_F_LRU))
		return false;
	use_held(v, run, f);
	v->res->migrations_confirmed++;
	run->dest_freed = true;
	return true;
}

/* A page that the trace shows in use: was it moved there? */
void verify_compact_seen(struct verify *v, const struct event *e, struct frame f)
{
	struct compact_run *run = compact_run_of(v, e->pid);

	if (event_context(e) != CTX_TASK)
		run = NULL;
	if (run)
		compact_settle(
			v, run); /* the target was taken after all, before its source is freed */
	compact_dest_seen(v, run, f);
}

/* --inputs=probes: @f is the next target, held or not. */
static void hand_out(struct verify *v, struct compact_run *run, struct frame f)
{
	v->res->resyncs++;
	v->resynced = true;
	if (is_held(v, run, f))
		use_held(v, run, f);
	else
		repair_remove(v, f, 0);
	hold_again(v, run, f);
}

/* The probe tells the destination handed out: the lab's truth. */
void verify_compact_truth(struct verify *v, const struct event *e)
{
	struct compact_run *run = compact_run_of(v, e->pid);
	struct frame f = frame_from_pfn(v->mm, (struct pfn){e->w[0]}), expected;

	if (!run || frame_is_none(f))
		return;
	compact_settle(v, run);
	expected = mm_compact_next_target(v->mm, &run->cc);
	v->res->targets++;
	if (expected.n == f.n) {
		v->res->targets_exact++;
		return;
	}
	verify_mismatch(v, MISMATCH_TARGET, expected, f, "compaction's destination (at %u)",
			run->cc.at);
	if (v->opt->inputs == VERIFY_PROBES)
		hand_out(v, run, f);
}
