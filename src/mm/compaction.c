// SPDX-License-Identifier: GPL-2.0-only
/*
 * One run of compaction over one zone, step by step. Follows compact_zone() and
 * __compact_finished() of mm/compaction.c, migrate_pages() of mm/migrate.c, 6.1.192.
 *
 * A batch: the pages taken are tried in list order, which is by descending frame. Each needs a free
 * page first [compaction_alloc]; when none is held, the search for targets begins. A page that
 * cannot be moved leaves its target at the head of the list [compaction_free] and is tried again
 * behind the others, up to 10 times: a failed try changes nothing else, so the model stops when all
 * that are left have failed once since the last success.
 */
#include "mm/compaction_internal.h"

/* ---- the goal ---- */

/* Is a buddy of @order there that an allocation of @type could use, be it by claiming the block it
 * is in? */
static bool goal_reached_at(const struct mm *mm, uint32_t zone, uint32_t order, uint32_t type)
{
	bool claims =
		order >= mm->pageblock_order / 2 || type == MM_RECLAIMABLE || type == MM_UNMOVABLE;

	if (mm_list_count(mm, mm_buddy_list(mm, zone, order, type)))
		return true;
	if (type == MM_MOVABLE && mm->nr_types > MM_CMA &&
	    mm_list_count(mm, mm_buddy_list(mm, zone, order, MM_CMA)))
		return true;
	for (uint32_t other = MM_UNMOVABLE; claims && other <= MM_RECLAIMABLE; other++)
		if (mm_list_count(mm, mm_buddy_list(mm, zone, order, other)))
			return true;
	return false;
}

static enum mm_compact_result finished_when_met(struct mm *mm, const struct mm_compact_control *cc)
{
	compact_reset_cached_positions(mm, cc->zone);
	if (cc->direct)
		mm->zones[cc->zone].compact_blockskip_flush = 1;
	return cc->whole_zone ? MM_COMPACT_COMPLETE : MM_COMPACT_PARTIAL_SKIPPED;
}

static enum mm_compact_result finished_proactive(const struct mm *mm,
						 const struct mm_compact_control *cc)
{
	if (cc->kswapd_running)
		return MM_COMPACT_PARTIAL_SKIPPED;
	if (mm_fragmentation_score_zone(mm, cc->zone) >
	    mm_fragmentation_score_wmark(cc->proactiveness, true))
		return MM_COMPACT_CONTINUE;
	return MM_COMPACT_SUCCESS;
}

/* defrag_mode [6.18]: kcompactd goes on until the high watermark is met in whole pageblocks. */
static enum mm_compact_result finished_blocks(const struct mm *mm,
					      const struct mm_compact_control *cc)
{
	int64_t mark = mm_wmark(mm, cc->zone, MM_WMARK_HIGH);

	if (mm_watermark_ok(mm, cc->zone, (uint32_t)cc->order, mark, cc->highest, cc->alloc_flags,
			    mm_free_in_blocks(mm, cc->zone)))
		return MM_COMPACT_SUCCESS;
	return MM_COMPACT_CONTINUE;
}

/* __compact_finished: MM_COMPACT_NO_SUITABLE_PAGE and CONTINUE both mean to go on. */
static enum mm_compact_result finished(struct mm *mm, const struct mm_compact_control *cc)
{
	enum mm_compact_result result = MM_COMPACT_NO_SUITABLE_PAGE;

	if (scanners_met(mm, cc))
		return finished_when_met(mm, cc);
	if (cc->proactive) {
		result = finished_proactive(mm, cc);
	} else {
		if (cc->order == -1 || !block_aligned(mm, cc->migrate))
			return MM_COMPACT_CONTINUE;
		if (compact_wants_blocks(mm, cc->alloc_flags))
			return finished_blocks(mm, cc);
		for (uint32_t order = (uint32_t)cc->order; order < mm->nr_orders; order++)
			if (goal_reached_at(mm, cc->zone, order, cc->type))
				return MM_COMPACT_SUCCESS;
	}
	return cc->contended ? MM_COMPACT_CONTENDED : result;
}

/* ---- beginning ---- */

static void set_scanners(struct mm *mm, struct mm_compact_control *cc)
{
	struct mm_zone *z = &mm->zones[cc->zone];
	uint32_t last_block = block_start(mm, z->end - 1);

	if (cc->whole_zone) {
		cc->migrate = z->start;
		cc->free = last_block;
		return;
	}
	if (z->compact_cached_free < z->start || z->compact_cached_free >= z->end)
		z->compact_cached_free = last_block;
	cc->free = z->compact_cached_free;
	cc->migrate = z->compact_cached_migrate[cc->sync];
	if (cc->migrate < z->start || cc->migrate >= z->end) {
		cc->migrate = z->start;
		z->compact_cached_migrate[0] = z->start;
		z->compact_cached_migrate[1] = z->start;
	}
	/* Frame 0 stands for pfn 0, "never set", whatever pfn memory starts at. */
	if (z->compact_init_migrate + (z->compact_init_migrate ? mm->base_pfn : 0) >=
	    cc->migrate + mm->base_pfn)
		cc->whole_zone = true;
}

static void begin_counts(const struct mm *mm, struct mm_compact_control *cc)
{
	cc->total_migrate_scanned = cc->total_free_scanned = cc->total_moved = 0;
	cc->fast_migrate_scanned = cc->fast_free_scanned = 0;
	cc->nr_migrate = cc->nr_free = cc->nr_left = 0;
	cc->scan.active = cc->walk.active = false;
	cc->moved = cc->failed = 0;
	cc->released_high = 0;
	cc->type = mm->mobility_disabled ? MM_UNMOVABLE : mm_gfp_type(cc->gfp);
	cc->sync = cc->mode != MM_MIGRATE_ASYNC;
}

void mm_compact_begin_suitable(struct mm *mm, struct mm_compact_control *cc)
{
	const struct mm_zone *z = &mm->zones[cc->zone];

	begin_counts(mm, cc);
	if (mm_compaction_restarting(mm, cc->zone, cc->order))
		compact_reset_skip_bits(mm, cc->zone);
	cc->fast_start = frame_of_pfn0(mm);
	cc->last_migrated = frame_of_pfn0(mm);
	set_scanners(mm, cc);
	cc->update_cached =
		!cc->sync && z->compact_cached_migrate[0] == z->compact_cached_migrate[1];
	cc->result = MM_COMPACT_CONTINUE;
	cc->at = MM_AT_FINISHED;
	mm_stats(mm)->compact_runs++;
	compact_note_scanners(mm, cc);
}

static void note_suitable(struct mm *mm, const struct mm_compact_control *cc,
			  enum mm_compact_result result)
{
	struct mm_index ix;

	if (!mm->off_chronicle || cc->order < 0)
		return;
	mm_index_info(mm, cc->zone, (uint32_t)cc->order, &ix);
	mm_note(mm, MM_NOTE_SUITABLE, cc->zone, (int64_t)result,
		mm_fragmentation_index(&ix, (uint32_t)cc->order), mm->extfrag_threshold, cc->order);
}

enum mm_compact_result mm_compact_begin(struct mm *mm, struct mm_compact_control *cc)
{
	enum mm_compact_result result =
		mm_compaction_suitable(mm, cc->zone, cc->order, cc->alloc_flags, cc->highest);

	note_suitable(mm, cc, result);
	begin_counts(mm, cc);
	cc->at = MM_AT_DONE;
	cc->result = result == MM_COMPACT_NOT_SUITABLE_ZONE ? MM_COMPACT_SKIPPED : result;
	if (result == MM_COMPACT_CONTINUE)
		mm_compact_begin_suitable(mm, cc);
	return (enum mm_compact_result)cc->result;
}

/* ---- from one iteration to the next ---- */

/* The loop is left: unused targets are freed first. */
static void leave(struct mm *mm, struct mm_compact_control *cc, enum mm_compact_result result)
{
	cc->result = result;
	cc->released_high = 0;
	compact_join_targets(mm, cc);
	cc->at = mm_list_count(mm, list_of_targets(mm, cc)) ? MM_AT_RELEASE : MM_AT_END;
}

/* A captured page ends the run; else it is asked again whether the goal is reached. */
static void end_iteration(struct mm *mm, struct mm_compact_control *cc)
{
	if (!finishes_blocks(mm) && cc->capture && mm->capture.taken)
		leave(mm, cc, MM_COMPACT_SUCCESS);
	else
		cc->at = MM_AT_FINISHED;
}

/* Once the scanner has left the aligned range where it last moved pages, they are flushed so that
 * they can merge. */
static void check_drain(struct mm *mm, struct mm_compact_control *cc)
{
	bool moved = cc->last_migrated != frame_of_pfn0(mm);

	if (cc->order > 0 && moved &&
	    cc->last_migrated < (int64_t)order_start(cc->migrate, cc->order))
		cc->at = MM_AT_DRAIN;
	else
		end_iteration(mm, cc);
}

static void nothing_isolated(struct mm *mm, struct mm_compact_control *cc)
{
	struct mm_zone *z = &mm->zones[cc->zone];

	if (cc->update_cached)
		z->compact_cached_migrate[1] = z->compact_cached_migrate[0];
	check_drain(mm, cc);
}

static void find_source(struct mm *mm, struct mm_compact_control *cc)
{
	cc->at = compact_find_source(mm, cc);
	if (cc->at == MM_AT_FINISHED)
		nothing_isolated(mm, cc);
}

/* A block visited twice in a row is taken as a whole, so that it is done with after that. */
static void start_iteration(struct mm *mm, struct mm_compact_control *cc)
{
	int64_t mask = ~(int64_t)(block_pages(mm) - 1);

	cc->iteration_start = cc->migrate;
	cc->rescan = (cc->last_migrated & mask) == ((int64_t)cc->migrate & mask);
	find_source(mm, cc);
}

static void step_finished(struct mm *mm, struct mm_compact_control *cc, struct mm_compact_event *ev)
{
	enum mm_compact_result result = finished(mm, cc);

	*ev = (struct mm_compact_event){.at = MM_AT_FINISHED, .result = result};
	if (result == MM_COMPACT_CONTINUE || result == MM_COMPACT_NO_SUITABLE_PAGE)
		start_iteration(mm, cc);
	else
		leave(mm, cc, result);
}

/* ---- a batch ---- */

/* Every page left was tried since the last one that moved. */
static bool batch_exhausted(const struct mm_compact_control *cc)
{
	return cc->out_of_targets || cc->nr_refused >= cc->nr_left;
}

/* The next page is to be tried: a target must be at hand. */
static void next_page(struct mm *mm, struct mm_compact_control *cc)
{
	cc->at = MM_AT_PAGE;
	if (finishes_blocks(mm))
		cc->at = cc->nr_refused >= cc->nr_left ? MM_AT_BATCH : compact_give_targets(mm, cc);
	else if (batch_exhausted(cc))
		cc->at = MM_AT_BATCH;
	else if (!mm_list_count(mm, list_of_targets(mm, cc)) && compact_targets_begin(mm, cc))
		cc->at = MM_AT_TARGET;
	else if (cc->out_of_targets)
		cc->at = MM_AT_BATCH;
}

static void init_batch(const struct mm *mm, struct mm_compact_control *cc)
{
	cc->update_cached = false;
	cc->last_migrated = cc->iteration_start;
	if (finishes_blocks(mm))
		cc->last_migrated =
			max_u32(mm->zones[cc->zone].start, block_start(mm, cc->migrate - 1));
	cc->nr_left = cc->nr_migrate;
	cc->nr_refused = cc->moved = cc->failed = cc->nr_given = 0;
	cc->out_of_targets = false;
	cc->at = MM_AT_PAGE;
}

static void start_batch(struct mm *mm, struct mm_compact_control *cc)
{
	init_batch(mm, cc);
	next_page(mm, cc);
}

static void after_source(struct mm *mm, struct mm_compact_control *cc)
{
	if (cc->nr_migrate)
		start_batch(mm, cc);
	else
		nothing_isolated(mm, cc);
}

static void step_source(struct mm *mm, struct mm_compact_control *cc, struct mm_compact_event *ev)
{
	*ev = (struct mm_compact_event){.at = MM_AT_SOURCE, .start = cc->source, .end = cc->source};
	if (!compact_isolate_sources(mm, cc, ev))
		leave(mm, cc, MM_COMPACT_CONTENDED);
	else
		after_source(mm, cc);
}

static void step_target(struct mm *mm, struct mm_compact_control *cc, struct mm_compact_event *ev)
{
	if (compact_targets_step(mm, cc, ev))
		return;
	if (finishes_blocks(mm))
		cc->at = compact_give_targets(mm, cc);
	else
		cc->at = cc->out_of_targets ? MM_AT_BATCH : MM_AT_PAGE;
}

struct frame mm_compact_next_source(const struct mm *mm, const struct mm_compact_control *cc)
{
	return mm_list_first(mm, list_of_sources(mm, cc));
}

struct frame mm_compact_next_target(const struct mm *mm, const struct mm_compact_control *cc)
{
	return mm_list_first(mm, list_of_targets(mm, cc));
}

/* Held by somebody the kernel cannot see through: every try ends with -EAGAIN
 * [folio_migrate_mapping]. */
static bool can_move(const struct mm *mm, struct frame f)
{
	return !(mm_frame(mm, f)->flags & (MM_F_PINNED | MM_F_FIXED));
}

struct frame mm_compact_move(struct mm *mm, struct mm_compact_control *cc, struct frame from)
{
	struct frame to = mm_compact_next_target(mm, cc);

	if (frame_is_none(to))
		return to;
	mm_list_del(mm, to);
	mm_frame(mm, to)->type = 0;
	*(cc->nr_given ? &cc->nr_given : &cc->nr_free) -= 1;
	if (mm_frame(mm, from)->list == list_of_sources(mm, cc))
		compact_unisolate(mm, cc, from);
	mm_object_move(mm, from, to);
	if (!(mm_frame(mm, to)->flags & MM_F_MOVABLE_OPS) && mm_frame(mm, to)->list == MM_NO_LIST)
		compact_lru_add(mm, to);
	cc->moved++;
	cc->total_moved++;
	cc->nr_left -= cc->nr_left > 0;
	cc->nr_refused = 0;
	return to;
}

void mm_compact_gone(struct mm *mm, struct mm_compact_control *cc, struct frame from)
{
	if (mm_frame(mm, from)->list == list_of_sources(mm, cc))
		compact_unisolate(mm, cc, from);
	cc->moved++;
	cc->total_moved++;
	cc->nr_left -= cc->nr_left > 0;
	cc->nr_refused = 0;
}

void mm_compact_moved(struct mm *mm, struct mm_compact_control *cc)
{
	next_page(mm, cc);
}

static void refuse_source(struct mm *mm, struct mm_compact_control *cc, struct frame f)
{
	mm_list_del(mm, f);
	mm_list_add_tail(mm, list_of_sources(mm, cc), f);
	cc->nr_refused++;
}

static void step_page(struct mm *mm, struct mm_compact_control *cc, struct mm_compact_event *ev)
{
	struct frame from = mm_compact_next_source(mm, cc);

	*ev = (struct mm_compact_event){.at = MM_AT_PAGE, .from = from, .to = FRAME_NONE};
	if (can_move(mm, from)) {
		ev->moved = true;
		ev->to = mm_compact_move(mm, cc, from);
		mm_free_page(mm, cc->cpu, from, 0);
	} else {
		refuse_source(mm, cc, from);
	}
	next_page(mm, cc);
}

/* As of 6.12: a block with a failure is scanned to its end; a captured page ends the run. */
static void after_batch(struct mm *mm, struct mm_compact_control *cc, bool failed)
{
	if (failed && !block_aligned(mm, cc->migrate) && !cc->ignore_skip_hint && !cc->rescan &&
	    cc->mode < MM_MIGRATE_SYNC) {
		cc->rescan = true;
		if (cc->order == (int32_t)mm->pageblock_order)
			cc->last_migrated = frame_of_pfn0(mm);
		find_source(mm, cc);
	} else if (cc->capture && mm->capture.taken) {
		leave(mm, cc, MM_COMPACT_SUCCESS);
	} else {
		check_drain(mm, cc);
	}
}

/* What follows migrate_pages() in compact_zone(). */
static void finish_batch(struct mm *mm, struct mm_compact_control *cc)
{
	bool failed = cc->failed;

	mm_stats(mm)->migrated += cc->moved;
	mm_stats(mm)->migrate_failed += cc->failed;
	cc->nr_migrate = cc->nr_left = 0;
	compact_put_back_sources(mm, cc);
	if (failed && cc->out_of_targets && !scanners_met(mm, cc)) {
		leave(mm, cc, MM_COMPACT_CONTENDED);
		return;
	}
	if (finishes_blocks(mm)) {
		cc->nr_given = 0;
		cc->nr_free = mm_list_count(mm, list_of_targets(mm, cc));
		after_batch(mm, cc, failed);
		return;
	}
	if (failed && cc->direct && cc->mode == MM_MIGRATE_ASYNC) {
		cc->migrate = order_end(cc->migrate - 1, cc->order);
		cc->last_migrated = frame_of_pfn0(mm);
	}
	check_drain(mm, cc);
}

static void step_batch(struct mm *mm, struct mm_compact_control *cc, struct mm_compact_event *ev)
{
	cc->failed = cc->nr_left;
	*ev = (struct mm_compact_event){
		.at = MM_AT_BATCH, .scanned = cc->moved, .taken = cc->failed};
	finish_batch(mm, cc);
}

/* ---- the end ---- */

void mm_compact_drained(struct mm *mm, struct mm_compact_control *cc)
{
	cc->last_migrated = frame_of_pfn0(mm);
	end_iteration(mm, cc);
}

struct frame mm_compact_release_next(struct mm *mm, struct mm_compact_control *cc)
{
	struct mm_zone *z = &mm->zones[cc->zone];
	struct frame f = mm_compact_next_target(mm, cc);

	if (!frame_is_none(f)) {
		mm_list_del(mm, f);
		cc->nr_free -= min_u32(cc->nr_free, 1u << mm_frame(mm, f)->order);
		cc->released_high = max_u32(cc->released_high, f.n);
		if (mm_list_count(mm, list_of_targets(mm, cc)))
			return f;
	}
	z->compact_cached_free =
		max_u32(z->compact_cached_free, block_start(mm, cc->released_high));
	cc->at = MM_AT_END;
	return f;
}

static void step_end(struct mm *mm, struct mm_compact_control *cc, struct mm_compact_event *ev)
{
	mm_stats(mm)->migrate_scanned += cc->total_migrate_scanned - cc->fast_migrate_scanned;
	mm_stats(mm)->free_scanned += cc->total_free_scanned - cc->fast_free_scanned;
	compact_note_scanners(mm, cc);
	cc->at = MM_AT_DONE;
	*ev = (struct mm_compact_event){.at = MM_AT_END,
					.start = cc->migrate,
					.end = cc->free,
					.result = (enum mm_compact_result)cc->result};
}

void mm_compact_step(struct mm *mm, struct mm_compact_control *cc, struct mm_compact_event *ev)
{
	*ev = (struct mm_compact_event){.at = (enum mm_compact_at)cc->at};
	switch ((enum mm_compact_at)cc->at) {
	case MM_AT_FINISHED:
		step_finished(mm, cc, ev);
		break;
	case MM_AT_SOURCE:
		step_source(mm, cc, ev);
		break;
	case MM_AT_TARGET:
		step_target(mm, cc, ev);
		break;
	case MM_AT_PAGE:
		step_page(mm, cc, ev);
		break;
	case MM_AT_BATCH:
		step_batch(mm, cc, ev);
		break;
	case MM_AT_DRAIN:
		mm_drain_zone(mm, cc->zone, cc->cpu);
		mm_compact_drained(mm, cc);
		break;
	case MM_AT_RELEASE:
		ev->from = mm_compact_release_next(mm, cc);
		mm_free_page(mm, cc->cpu, ev->from, mm_frame(mm, ev->from)->order);
		break;
	case MM_AT_END:
		step_end(mm, cc, ev);
		break;
	case MM_AT_SEARCH:
		find_source(mm, cc);
		break;
	case MM_AT_DONE:
		break;
	}
}

/* ---- repair ---- */

/* The scan ended at @end with @taken pages, whichever they are. */
static void set_source(struct mm *mm, struct mm_compact_control *cc, uint32_t end, uint32_t taken)
{
	struct frame next, f = mm_compact_next_source(mm, cc);

	for (; !frame_is_none(f); f = next) {
		next = mm_list_next(mm, f);
		if (taken && f.n < end)
			continue;
		compact_unisolate(mm, cc, f);
		if (!(mm_frame(mm, f)->flags & MM_F_MOVABLE_OPS))
			compact_lru_add(mm, f);
	}
	cc->migrate = end;
	cc->nr_migrate = taken;
}

void mm_compact_step_source(struct mm *mm, struct mm_compact_control *cc, uint32_t end,
			    uint32_t taken, struct mm_compact_event *ev)
{
	*ev = (struct mm_compact_event){.at = MM_AT_SOURCE, .start = cc->source, .end = cc->source};
	compact_isolate_sources(mm, cc, ev);
	set_source(mm, cc, end, taken);
	if (taken)
		init_batch(mm, cc);
	else
		nothing_isolated(mm, cc);
}

void mm_compact_fix_source(struct mm *mm, struct mm_compact_control *cc, uint32_t end,
			   uint32_t taken)
{
	if (!cc->nr_migrate && !taken) {
		cc->migrate = end;
		return;
	}
	set_source(mm, cc, end, taken);
	cc->nr_left = 0;
	after_source(mm, cc);
}

void mm_compact_fix_target(struct mm *mm, struct mm_compact_control *cc, uint32_t start)
{
	if (cc->at == MM_AT_TARGET && start == (cc->around ? cc->block_start : cc->isolate_start))
		return;
	cc->at = MM_AT_TARGET;
	cc->walk.active = false;
	cc->around = cc->out_of_targets = false;
	cc->isolate_start = start;
	cc->block_start = block_start(mm, start);
	cc->block_end = min_u32(block_end(mm, start), mm->zones[cc->zone].end);
	cc->low = block_end(mm, cc->migrate);
	cc->stride = max_u32(1, cc->stride);
}

void mm_compact_fix_batch(struct mm *mm, struct mm_compact_control *cc, uint32_t failed)
{
	cc->failed = failed;
	finish_batch(mm, cc);
}

void mm_compact_abandon(struct mm *mm, struct mm_compact_control *cc)
{
	struct frame f;

	compact_put_back_sources(mm, cc);
	compact_split_targets(mm, cc);
	while (!frame_is_none(f = mm_compact_next_target(mm, cc))) {
		mm_list_del(mm, f);
		mm_free_direct(mm, cc->cpu, f, 0, 0);
	}
	cc->nr_free = cc->nr_left = 0;
	cc->at = MM_AT_END;
	mm_compact_step(mm, cc, &(struct mm_compact_event){0});
}
