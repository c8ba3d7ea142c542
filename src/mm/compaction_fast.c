// SPDX-License-Identifier: GPL-2.0-only
/*
 * Short searches of the free lists for a good block to empty and for good pages to fill. Both
 * reorder the lists they search, so that the next search sees other entries first. Follows
 * fast_find_migrateblock() and fast_isolate_freepages() of 6.1.192.
 */
#include "mm/compaction_internal.h"

/* ---- sources ---- */

/* May the search be used at all? */
static bool fast_source_allowed(const struct mm *mm, const struct mm_compact_control *cc)
{
	if (cc->ignore_skip_hint || (finishes_blocks(mm) && cc->rescan))
		return false;
	if (cc->migrate != mm->zones[cc->zone].start && !block_aligned(mm, cc->migrate))
		return false; /* in the middle of a block */
	if (cc->order <= MM_COMPACT_COSTLY_ORDER)
		return false;
	return !cc->direct || cc->type == MM_MOVABLE;
}

/* Blocks at or above this frame are too near to the free scanner. */
static uint32_t fast_source_high(const struct mm *mm, const struct mm_compact_control *cc)
{
	uint32_t distance = (cc->free - cc->migrate) >> 1;

	if (cc->migrate != mm->zones[cc->zone].start)
		distance >>= 2;
	return block_start(mm, cc->migrate + distance);
}

/* Remembers the lowest place where a free page was found [update_fast_start_pfn]. */
static void note_fast_start(const struct mm *mm, struct mm_compact_control *cc, uint32_t f)
{
	if (cc->fast_start == FAST_START_USED)
		return;
	if (cc->fast_start == frame_of_pfn0(mm) || cc->fast_start > f)
		cc->fast_start = f;
}

/* The first failure starts the linear scan at the lowest place found before [reinit_migrate_pfn].
 */
static uint32_t linear_start(const struct mm *mm, struct mm_compact_control *cc)
{
	if (cc->fast_start == frame_of_pfn0(mm) || cc->fast_start == FAST_START_USED)
		return cc->migrate;
	cc->migrate = (uint32_t)cc->fast_start;
	cc->fast_start = FAST_START_USED;
	return cc->migrate;
}

/* Looks through one list; the frame of a free page in a block worth emptying. */
static struct frame search_source_list(struct mm *mm, uint32_t list, uint32_t high, uint32_t limit,
				       uint32_t *scanned)
{
	for (struct frame f = mm_list_first(mm, list); !frame_is_none(f); f = mm_list_next(mm, f)) {
		bool exhausted = (*scanned)++ >= limit;

		if (!exhausted && (f.n >= high || mm_block_skip(mm, f)))
			continue;
		mm_list_rotate_to_last(mm, f);
		return exhausted ? FRAME_NONE : f;
	}
	return FRAME_NONE;
}

uint32_t compact_fast_source(struct mm *mm, struct mm_compact_control *cc)
{
	const struct mm_zone *z = &mm->zones[cc->zone];
	uint32_t limit = scan_limit(cc), scanned = 0, high;
	struct frame found = FRAME_NONE;

	if (!fast_source_allowed(mm, cc))
		return cc->migrate;
	high = fast_source_high(mm, cc);
	for (int32_t order = cc->order - 1;
	     order >= MM_COMPACT_COSTLY_ORDER && frame_is_none(found) && scanned < limit; order--) {
		uint32_t list = mm_buddy_list(mm, cc->zone, (uint32_t)order, MM_MOVABLE);

		if (z->nr_free[order])
			found = search_source_list(mm, list, high, limit, &scanned);
	}
	cc->total_migrate_scanned += scanned;
	cc->fast_migrate_scanned += scanned;
	if (frame_is_none(found)) {
		cc->fast_search_fail++;
		return linear_start(mm, cc);
	}
	note_fast_start(mm, cc, found.n);
	cc->fast_search_fail = 0;
	if (!finishes_blocks(mm))
		mm_set_block_skip(mm, found, true);
	return max_u32(block_start(mm, found.n), z->start);
}

/* ---- targets ---- */

struct target_search {
	uint32_t limit, scanned;
	uint64_t low,
		min;	 /* take at once at or above low; above min only for want of a better one */
	int64_t highest; /* block of the highest page seen; pfn 0: none */
	struct frame page;
};

/* Orders are searched in turn, starting where the last search found something [next_search_order].
 */
static int32_t next_search_order(struct mm_compact_control *cc, int32_t order)
{
	if (--order < 0)
		order = cc->order - 1;
	if (order != cc->search_order)
		return order;
	if (--cc->search_order < 0)
		cc->search_order = (int16_t)(cc->order - 1);
	return -1;
}

/*
 * Walks one list from its tail; s->page is what to take. Where the walk stopped comes to the list's
 * head, so that the entries seen are seen last next time; a walk that met the head leaves the list
 * as it is.
 */
static uint32_t search_target_list(struct mm *mm, struct mm_compact_control *cc,
				   struct target_search *s, int32_t order)
{
	uint32_t list = mm_buddy_list(mm, cc->zone, (uint32_t)order, MM_MOVABLE), seen = 0;
	struct frame f = mm_list_last(mm, list), best = FRAME_NONE;

	for (; !frame_is_none(f); f = mm_list_prev(mm, f)) {
		seen++;
		if (f.n >= s->highest)
			s->highest = max_u32(block_start(mm, f.n), mm->zones[cc->zone].start);
		if (f.n >= s->low) {
			cc->fast_search_fail = 0;
			cc->search_order = (int16_t)order;
			s->page = f;
			break;
		}
		if (f.n >= s->min && (frame_is_none(best) || f.n > best.n)) {
			best = f;
			s->limit >>= 1;
		}
		if (seen >= s->limit)
			break;
	}
	if (frame_is_none(s->page) && !frame_is_none(best))
		s->page = f = best;
	if (!frame_is_none(f))
		mm_list_rotate_to_first(mm, f);
	s->scanned += seen;
	return seen;
}

/* Takes s->page off the lists; false when the watermark refuses, which ends the search. */
static bool take_target(struct mm *mm, struct mm_compact_control *cc, struct target_search *s,
			uint32_t order)
{
	uint32_t pages = mm_isolate_free_page(mm, cc->cpu, s->page, order);

	if (!pages) {
		s->page = FRAME_NONE;
		return false;
	}
	s->scanned += pages - 1;
	cc->nr_free += pages;
	mm_stats(mm)->isolated += pages;
	compact_hold_target(mm, cc, s->page);
	return true;
}

static void search_targets(struct mm *mm, struct mm_compact_control *cc, struct target_search *s)
{
	for (int32_t order = cc->search_order; frame_is_none(s->page) && order >= 0;
	     order = next_search_order(cc, order)) {
		uint32_t seen;

		if (!mm->zones[cc->zone].nr_free[order])
			continue;
		seen = search_target_list(mm, cc, s, order);
		if (!frame_is_none(s->page) && !take_target(mm, cc, s, (uint32_t)order))
			order = cc->search_order + 1;
		if (seen >= s->limit)
			s->limit = max_u32(1, s->limit >> 1);
	}
}

/*
 * Nothing was found, and the scanner is still where it began: it starts at the highest page seen,
 * or where there was none a direct run skips the upper half. Returns that place, where to look
 * around.
 */
static struct frame move_free_scanner(struct mm *mm, struct mm_compact_control *cc,
				      const struct target_search *s)
{
	uint32_t start = (uint32_t)s->min, end;

	if (s->min >= mm->nr_frames)
		return FRAME_NONE;
	if (s->highest >= (int64_t)s->min) {
		cc->free = (uint32_t)s->highest;
		return frame_at(cc->free);
	}
	if (!cc->direct)
		return FRAME_NONE;
	cc->free = start;
	end = min_u32(block_end(mm, start), mm->zones[cc->zone].end);
	if (!compact_block_in_zone(mm, cc->zone, start, end) ||
	    (finishes_blocks(mm) && !compact_target_suitable(mm, cc, frame_at(start))))
		return FRAME_NONE;
	return frame_at(start);
}

static void lower_cached_free(struct mm *mm, uint32_t zone, int64_t highest)
{
	struct mm_zone *z = &mm->zones[zone];

	if (highest != frame_of_pfn0(mm) && highest >= z->compact_cached_free)
		z->compact_cached_free = (uint32_t)(highest - block_pages(mm));
}

/* Is it worth to look through the whole block around a page found [fast_isolate_around]? */
static bool look_around(struct mm *mm, struct mm_compact_control *cc, uint32_t f)
{
	const struct mm_zone *z = &mm->zones[cc->zone];

	if (cc->nr_free >= cc->nr_migrate || (cc->direct && cc->mode == MM_MIGRATE_ASYNC))
		return false;
	cc->block_start = max_u32(block_start(mm, f), z->start);
	cc->block_end = min_u32(block_end(mm, f), z->end);
	return compact_block_in_zone(mm, cc->zone, cc->block_start, cc->block_end);
}

/*
 * The search wants pages from the top quarter of what lies between the scanners, at least from the
 * top half. The free scanner may already have passed the other within this batch; the wrapped
 * distance then admits nothing, as in the kernel.
 */
static void set_search_range(const struct mm *mm, const struct mm_compact_control *cc,
			     struct target_search *s)
{
	uint64_t distance = (uint64_t)cc->free - cc->migrate,
		 mask = ~(uint64_t)(block_pages(mm) - 1);

	s->low = (cc->free - (distance >> 2)) & mask;
	s->min = (cc->free - (distance >> 1)) & mask;
	if (s->min > s->low)
		s->low = s->min;
}

bool compact_fast_targets(struct mm *mm, struct mm_compact_control *cc)
{
	struct target_search s = {.page = FRAME_NONE, .highest = frame_of_pfn0(mm)};
	bool at_start = cc->free >= mm->zones[cc->zone].compact_init_free;

	if (cc->order <= 0)
		return false;
	s.limit = at_start ? block_pages(mm) >> 1 : max_u32(1, scan_limit(cc) >> 1);
	set_search_range(mm, cc, &s);
	if (cc->search_order > cc->order - 1 || cc->search_order < 0)
		cc->search_order = (int16_t)(cc->order - 1);
	search_targets(mm, cc, &s);
	if (frame_is_none(s.page)) {
		cc->fast_search_fail++;
		if (at_start)
			s.page = move_free_scanner(mm, cc, &s);
	}
	lower_cached_free(mm, cc->zone, s.highest);
	cc->total_free_scanned += s.scanned;
	cc->fast_free_scanned += s.scanned;
	return !frame_is_none(s.page) && look_around(mm, cc, s.page.n);
}
