// SPDX-License-Identifier: GPL-2.0-only
/*
 * A run of compaction that follows a trace: each step is predicted, compared with what the trace
 * shows, and where the two differ the run is brought to what was seen.
 */
#include "mm/compaction_internal.h"

/* Leaves a batch before its end; what it has not moved counts as failed. */
static void cut_batch(struct mm *mm, struct mm_compact_control *cc)
{
	cc->failed = cc->nr_left;
	cc->out_of_targets = false;
	compact_finish_batch(mm, cc);
}

static bool in_batch(const struct mm_compact_control *cc)
{
	return cc->at == MM_AT_TARGET || cc->at == MM_AT_PAGE || cc->at == MM_AT_BATCH;
}

/* To the question whether the goal is reached. */
static void reach_finished(struct mm *mm, struct mm_compact_control *cc)
{
	if (in_batch(cc))
		cut_batch(mm, cc);
	if (cc->at == MM_AT_SOURCE)
		compact_nothing_isolated(mm, cc);
	if (cc->at == MM_AT_DRAIN)
		mm_compact_drained(mm, cc);
	cc->at = MM_AT_FINISHED;
}

static void reach_source(struct mm *mm, struct mm_compact_control *cc)
{
	if (cc->at != MM_AT_FINISHED)
		reach_finished(mm, cc);
	compact_start_iteration(mm, cc);
	cc->at = MM_AT_SOURCE;
}

static void reach(struct mm *mm, struct mm_compact_control *cc, enum mm_compact_at at)
{
	if (cc->at == at)
		return;
	if (at == MM_AT_FINISHED)
		reach_finished(mm, cc);
	else if (at == MM_AT_SOURCE)
		reach_source(mm, cc);
	else if (at == MM_AT_BATCH)
		cc->nr_left = in_batch(cc) ? cc->nr_left : 0;
	cc->at = at;
}

static bool same_scan(const struct mm_compact_event *a, const struct mm_compact_event *b)
{
	return a->at == b->at && a->start == b->start && a->end == b->end &&
	       a->scanned == b->scanned && a->taken == b->taken;
}

static bool goes_on(enum mm_compact_result result)
{
	return result == MM_COMPACT_CONTINUE || result == MM_COMPACT_NO_SUITABLE_PAGE;
}

static void seen_finished(struct mm *mm, struct mm_compact_control *cc,
			  const struct mm_compact_event *seen, struct mm_compact_event *ev)
{
	ev->result = compact_goal(mm, cc);
	if (goes_on(seen->result))
		compact_start_iteration(mm, cc);
	else
		compact_leave(mm, cc, seen->result);
}

/* Gives back what was taken at or behind @end. */
static void put_back_behind(struct mm *mm, struct mm_compact_control *cc, uint32_t end)
{
	struct frame next, f = mm_compact_next_source(mm, cc);

	for (; !frame_is_none(f); f = next) {
		next = mm_list_next(mm, f);
		if (f.n < end)
			continue;
		compact_unisolate(mm, cc, f);
		compact_lru_add(mm, f);
	}
}

/* The step is done where it was seen; which pages were taken stays a guess where their number is
 * another. */
static void seen_source(struct mm *mm, struct mm_compact_control *cc,
			const struct mm_compact_event *seen, struct mm_compact_event *ev)
{
	uint32_t expected = cc->source;

	if (cc->source != seen->start || cc->source_end <= seen->start) {
		cc->source = seen->start;
		cc->source_end = block_end(mm, seen->start);
	}
	compact_isolate_sources(mm, cc, ev);
	if (expected != seen->start)
		ev->start = expected;
	put_back_behind(mm, cc, seen->end);
	cc->migrate = seen->end;
	cc->nr_migrate = seen->taken;
	if (seen->taken) {
		compact_start_batch(mm, cc);
	} else {
		compact_put_back_sources(mm, cc);
		compact_nothing_isolated(mm, cc);
	}
}

static void after_target(struct mm_compact_control *cc, bool another)
{
	cc->at = another ? MM_AT_TARGET : cc->out_of_targets ? MM_AT_BATCH : MM_AT_PAGE;
}

static void seen_target(struct mm *mm, struct mm_compact_control *cc,
			const struct mm_compact_event *seen, struct mm_compact_event *ev)
{
	uint32_t expected = cc->around ? cc->block_start : cc->isolate_start, taken;
	bool as_expected = expected == seen->start;

	if (as_expected && cc->around) {
		after_target(cc, compact_targets_step(mm, cc, ev));
		return;
	}
	if (!as_expected) {
		cc->around = false;
		cc->isolate_start = seen->start;
		cc->block_start = block_start(mm, seen->start);
		cc->block_end = min_u32(block_end(mm, seen->start), mm->zones[cc->zone].end);
		cc->low = block_end(mm, cc->migrate);
		cc->stride = max_u32(1, cc->stride);
	}
	taken = compact_isolate_free(mm, cc, &cc->isolate_start, cc->block_end, cc->stride, ev);
	if (!as_expected)
		ev->start = expected;
	cc->isolate_start = seen->end;
	after_target(cc, compact_targets_next(mm, cc, taken));
}

static void seen_batch(struct mm *mm, struct mm_compact_control *cc,
		       const struct mm_compact_event *seen, struct mm_compact_event *ev)
{
	ev->scanned = cc->moved;
	ev->taken = cc->nr_left;
	cc->failed = seen->taken;
	compact_finish_batch(mm, cc);
}

bool mm_compact_step_seen(struct mm *mm, struct mm_compact_control *cc,
			  const struct mm_compact_event *seen, struct mm_compact_event *ev)
{
	enum mm_compact_at expected =
		cc->at == MM_AT_DRAIN ? MM_AT_FINISHED : (enum mm_compact_at)cc->at;

	*ev = (struct mm_compact_event){.at = seen->at};
	reach(mm, cc, seen->at);
	if (seen->at == MM_AT_FINISHED)
		seen_finished(mm, cc, seen, ev);
	else if (seen->at == MM_AT_SOURCE)
		seen_source(mm, cc, seen, ev);
	else if (seen->at == MM_AT_TARGET)
		seen_target(mm, cc, seen, ev);
	else
		seen_batch(mm, cc, seen, ev);
	/* That a page refuses to move shows only when the batch is over. */
	if (seen->at == MM_AT_BATCH && expected == MM_AT_PAGE && seen->taken == ev->taken)
		expected = MM_AT_BATCH;
	ev->at = expected;
	return same_scan(ev, seen) && ev->result == seen->result;
}

void mm_compact_targets_over(struct mm *mm, struct mm_compact_control *cc)
{
	compact_targets_done(mm, cc);
	cc->out_of_targets = false;
	cc->at = MM_AT_PAGE;
}

void mm_compact_abandon(struct mm *mm, struct mm_compact_control *cc)
{
	struct frame f;

	compact_put_back_sources(mm, cc);
	while (!frame_is_none(f = mm_compact_next_target(mm, cc))) {
		mm_list_del(mm, f);
		mm_free_direct(mm, cc->cpu, f, 0, 0);
	}
	cc->nr_free = 0;
	cc->at = MM_AT_END;
	mm_compact_step(mm, cc, &(struct mm_compact_event){0});
}
