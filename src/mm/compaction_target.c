// SPDX-License-Identifier: GPL-2.0-only
/*
 * The free scanner: where compaction moves pages to. Follows isolate_freepages(),
 * isolate_freepages_block() and split_map_pages() of 6.1.192.
 */
#include "mm/compaction_internal.h"

void compact_hold_target(struct mm *mm, struct mm_compact_control *cc, struct frame f)
{
	mm_list_add_tail(mm, list_of_targets(mm, cc), f);
}

/* Every held buddy is cut into single pages, each put before the one that was cut before: the last
 * page of the last buddy will be used first [split_map_pages]. */
static void split_last_first(struct mm *mm, uint32_t list)
{
	struct frame next, f = mm_list_first(mm, list);

	for (; !frame_is_none(f); f = next) {
		uint32_t pages = 1u << mm_frame(mm, f)->order;

		next = mm_list_next(mm, f);
		mm_list_del(mm, f);
		mm_split_page(mm, f, 0);
		for (uint32_t i = 0; i < pages; i++)
			mm_list_add(mm, list, frame_at(f.n + i));
	}
}

/* The smallest first, otherwise in the order that they are in. */
static void sort_by_order(struct mm *mm, uint32_t list)
{
	uint32_t left = mm_list_count(mm, list);

	for (uint32_t order = 0; order < mm->nr_orders && left; order++) {
		struct frame next, f = mm_list_first(mm, list);
		uint32_t unsorted = left;

		for (; unsorted--; f = next) {
			next = mm_list_next(mm, f);
			if (mm_frame(mm, f)->order != order)
				continue;
			mm_list_del(mm, f);
			mm_list_add_tail(mm, list, f);
			left--;
		}
	}
}

/*
 * There is a list per order. A single page is taken from the smallest, its upper halves go back, so
 * a buddy's pages go from first to last [compaction_alloc, 6.12]. Held here as single pages in that
 * order, each with the order of its buddy.
 */
static void split_smallest_first(struct mm *mm, uint32_t list)
{
	sort_by_order(mm, list);
	for (uint32_t left = mm_list_count(mm, list); left--;) {
		struct frame f = mm_list_first(mm, list);
		uint8_t order = mm_frame(mm, f)->order;

		mm_list_del(mm, f);
		mm_split_page(mm, f, 0);
		for (uint32_t i = 0; i < 1u << order; i++) {
			if (order)
				mm_frame(mm, frame_at(f.n + i))->type = order;
			mm_list_add_tail(mm, list, frame_at(f.n + i));
		}
	}
}

void compact_split_targets(struct mm *mm, struct mm_compact_control *cc)
{
	if (mm_era_of(mm)->targets_by_order)
		split_smallest_first(mm, list_of_targets(mm, cc));
	else
		split_last_first(mm, list_of_targets(mm, cc));
}

/* The order of the piece that begins with the held page @f: what is left of its buddy behind those
 * that were taken. */
static uint32_t piece_order(const struct mm *mm, uint32_t list, struct frame f)
{
	uint32_t order = mm_frame(mm, f)->type, used, whole = 0;

	if (order >= mm->nr_orders)
		return 0;
	used = f.n & ((1u << order) - 1);
	while (order && used & ((1u << order) - 1))
		order--;
	while (whole < 1u << order && mm_frame(mm, frame_at(f.n + whole))->list == list)
		whole++;
	return whole == 1u << order ? order : 0;
}

void compact_join_targets(struct mm *mm, struct mm_compact_control *cc)
{
	uint32_t list = list_of_targets(mm, cc), left = mm_list_count(mm, list), order;

	if (!mm_era_of(mm)->targets_by_order)
		return;
	for (; left; left -= 1u << order) {
		struct frame f = mm_list_first(mm, list);

		order = piece_order(mm, list, f);
		for (uint32_t i = 0; i < 1u << order; i++) {
			struct frame part = frame_at(f.n + i);

			mm_list_del(mm, part);
			mm_frame(mm, part)->order = mm_frame(mm, part)->type = 0;
			mm_frame(mm, part)->flags = 0;
		}
		mm_mark_allocated(mm, f, order);
		mm_list_add_tail(mm, list, f);
	}
	sort_by_order(mm, list);
}

/* ---- one block ---- */

/* Takes the buddy at w->pos, which then is its last frame, or where the walk is to stop. */
static void take_buddy(struct mm *mm, struct mm_compact_control *cc, struct mm_compact_walk *w)
{
	struct frame f = frame_at(w->pos);
	uint32_t order = mm_frame(mm, f)->order;
	uint32_t pages = mm_isolate_free_page(mm, cc->cpu, f, order);

	if (!pages) {
		w->refused = true;
		return;
	}
	compact_hold_target(mm, cc, f);
	w->scanned += pages - 1;
	w->isolated += pages;
	cc->nr_free += pages;
	w->enough = cc->nr_migrate <= cc->nr_free;
	w->pos += w->enough ? pages : pages - 1;
}

static void walk_free_block(struct mm *mm, struct mm_compact_control *cc, struct mm_compact_walk *w,
			    uint32_t end, uint32_t stride)
{
	for (; w->pos < end; w->pos += stride) {
		struct frame f = frame_at(w->pos);
		const struct mm_frame *fr = mm_frame(mm, f);
		uint32_t pages;

		w->scanned++;
		if (fr->flags & MM_F_COMPOUND) {
			pages = 1u << compact_compound_order(mm, f);
			if (compact_compound_order(mm, f) >= mm->nr_orders ||
			    (finishes_blocks(mm) && w->pos + pages > end))
				continue;
			w->pos += pages - 1;
			w->scanned += finishes_blocks(mm) ? pages - 1 : 0;
		} else if (mm_on_buddy_list(mm, f)) {
			take_buddy(mm, cc, w);
			if (w->enough || w->refused)
				break;
		}
	}
}

static void begin_walk(struct mm_compact_control *cc, uint32_t start)
{
	if (!cc->walk.active)
		cc->walk = (struct mm_compact_walk){.pos = start, .active = true};
}

void mm_compact_walk_until(struct mm *mm, struct mm_compact_control *cc, uint32_t limit)
{
	begin_walk(cc, cc->around ? cc->block_start : cc->isolate_start);
	if (!cc->walk.enough && !cc->walk.refused)
		walk_free_block(mm, cc, &cc->walk, min_u32(limit, cc->block_end),
				cc->around ? 1 : cc->stride);
}

uint32_t compact_isolate_free(struct mm *mm, struct mm_compact_control *cc, uint32_t *start,
			      uint32_t end, uint32_t stride, struct mm_compact_event *ev)
{
	struct mm_compact_walk *w = &cc->walk;

	begin_walk(cc, *start);
	if (!w->enough && !w->refused)
		walk_free_block(mm, cc, w, end, stride);
	w->active = false;
	w->pos = min_u32(w->pos, end);
	*ev = (struct mm_compact_event){.at = MM_AT_TARGET,
					.start = *start,
					.end = w->pos,
					.scanned = w->scanned,
					.taken = w->isolated};
	*start = w->pos;
	cc->total_free_scanned += w->scanned;
	mm_stats(mm)->isolated += w->isolated;
	return w->isolated;
}

/* ---- the walk over the blocks, downwards ---- */

/* The next block from cc->block_start on that is worth a look; false when the scanners meet. */
static bool next_block(const struct mm *mm, struct mm_compact_control *cc)
{
	for (; cc->block_start >= cc->low; cc->block_end = cc->block_start,
					   cc->block_start -= block_pages(mm),
					   cc->isolate_start = cc->block_start) {
		struct frame f = frame_at(cc->block_start);

		if (compact_block_in_zone(mm, cc->zone, cc->block_start, cc->block_end) &&
		    compact_target_suitable(mm, cc, f) && compact_isolation_suitable(mm, cc, f))
			return true;
	}
	return false;
}

/* The search is over: what was found is cut into pages. */
static bool search_done(struct mm *mm, struct mm_compact_control *cc)
{
	compact_split_targets(mm, cc);
	cc->out_of_targets = mm_list_count(mm, list_of_targets(mm, cc)) <= cc->nr_given;
	return false;
}

/* The linear walk ends, and goes on here next time. */
static bool walk_done(struct mm *mm, struct mm_compact_control *cc)
{
	cc->free = cc->isolate_start;
	return search_done(mm, cc);
}

static bool start_walk(struct mm *mm, struct mm_compact_control *cc)
{
	cc->around = false;
	cc->isolate_start = cc->free;
	cc->block_start = block_start(mm, cc->free);
	cc->block_end = min_u32(block_end(mm, cc->free), mm->zones[cc->zone].end);
	cc->low = block_end(mm, cc->migrate);
	cc->stride = cc->mode == MM_MIGRATE_ASYNC ? MM_COMPACT_CLUSTER : 1;
	return next_block(mm, cc) || walk_done(mm, cc);
}

bool compact_targets_begin(struct mm *mm, struct mm_compact_control *cc)
{
	cc->around = compact_fast_targets(mm, cc);
	if (cc->around)
		return true;
	return cc->nr_free ? search_done(mm, cc) : start_walk(mm, cc);
}

static void give(const struct mm *mm, struct mm_compact_control *cc)
{
	uint32_t held = mm_list_count(mm, list_of_targets(mm, cc)) - cc->nr_given,
		 n = min_u32(held, cc->nr_left - cc->nr_given);

	cc->nr_given += n;
	cc->nr_free -= min_u32(n, cc->nr_free);
	cc->nr_migrate -= min_u32(n, cc->nr_migrate);
}

enum mm_compact_at compact_give_targets(struct mm *mm, struct mm_compact_control *cc)
{
	give(mm, cc);
	while (cc->nr_given < cc->nr_left && !cc->out_of_targets) {
		if (compact_targets_begin(mm, cc))
			return MM_AT_TARGET;
		give(mm, cc);
	}
	return cc->nr_given ? MM_AT_PAGE : MM_AT_BATCH;
}

/* fast_isolate_around: one block from its start, whatever its skip bit says. */
static bool step_around(struct mm *mm, struct mm_compact_control *cc, struct mm_compact_event *ev)
{
	uint32_t pos = cc->block_start;

	compact_isolate_free(mm, cc, &pos, cc->block_end, 1, ev);
	if (finishes_blocks(mm) ? pos == cc->block_end : cc->nr_free < cc->nr_migrate)
		mm_set_block_skip(mm, frame_at(cc->block_start), true);
	return cc->nr_free ? search_done(mm, cc) : start_walk(mm, cc);
}

/* update_pageblock_skip */
static void note_block_scanned(struct mm *mm, const struct mm_compact_control *cc)
{
	struct mm_zone *z = &mm->zones[cc->zone];
	uint32_t next = cc->block_start - (finishes_blocks(mm) ? block_pages(mm) : 0);

	mm_set_block_skip(mm, frame_at(cc->block_start), true);
	if (next < z->compact_cached_free)
		z->compact_cached_free = next;
}

bool compact_targets_step(struct mm *mm, struct mm_compact_control *cc, struct mm_compact_event *ev)
{
	uint32_t taken;

	if (cc->around)
		return step_around(mm, cc, ev);
	taken = compact_isolate_free(mm, cc, &cc->isolate_start, cc->block_end, cc->stride, ev);
	if (cc->isolate_start == cc->block_end)
		note_block_scanned(mm, cc);
	if (cc->nr_free >= cc->nr_migrate) {
		if (cc->isolate_start >= cc->block_end)
			cc->isolate_start = cc->block_start - block_pages(mm);
		return walk_done(mm, cc);
	}
	if (cc->isolate_start < cc->block_end)
		return walk_done(mm, cc); /* a watermark refused */
	cc->stride = taken ? 1 : min_u32(MM_COMPACT_CLUSTER, cc->stride << 1);
	cc->block_end = cc->block_start;
	cc->block_start -= block_pages(mm);
	cc->isolate_start = cc->block_start;
	return next_block(mm, cc) || walk_done(mm, cc);
}
