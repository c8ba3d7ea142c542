// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compaction as it first came, in 2.6.35: two scanners that start at the zone's ends each time, no
 * skip hints, no cached positions, no searches of the free lists. Follows mm/compaction.c,
 * mm/migrate.c and __alloc_pages_direct_compact() of that kernel, on the lists of the machine's own
 * era.
 *
 * Approximate: a page under writeback moves at the first try, that kernel waits for it from the
 * fourth pass on.
 */
#include "mm/compaction_internal.h"

#define MIGRATE_PASSES 10

/* ---- sources ---- */

/* __isolate_lru_page in mode BOTH: anything on an LRU but unevictable pages. */
static bool takes_page(const struct mm *mm, struct frame f)
{
	uint32_t flags = mm_frame(mm, f)->flags;

	return flags & MM_F_LRU && !(flags & (MM_F_UNEVICTABLE | MM_F_COMPOUND | MM_F_ISOLATED));
}

/*
 * isolate_migratepages: to the end of the next aligned block. The scanner stops on the 32nd page
 * that it takes and looks at it again next time.
 */
static void isolate_sources(struct mm *mm, struct mm_compact_control *cc)
{
	uint32_t pos = max_u32(cc->migrate, mm->zones[cc->zone].start);
	uint32_t end = block_start(mm, pos + 2 * block_pages(mm) - 1);

	if (end > cc->free) {
		cc->migrate = end;
		return;
	}
	for (; pos < end; pos++) {
		cc->total_migrate_scanned++;
		if (!takes_page(mm, frame_at(pos)))
			continue;
		compact_isolate_page(mm, cc, frame_at(pos));
		if (cc->nr_migrate == MM_COMPACT_CLUSTER)
			break;
	}
	cc->migrate = pos;
}

/* ---- targets ---- */

/* suitable_migration_target: movable blocks, and blocks that are one free page, whatever their
 * type. */
static bool target_suitable(const struct mm *mm, struct frame f)
{
	uint32_t type = mm_block_type(mm, f);

	if (type == MM_ISOLATE)
		return false;
	return type == MM_MOVABLE ||
	       (mm_on_buddy_list(mm, f) && mm_frame(mm, f)->order >= mm->pageblock_order);
}

/* split_free_page: unlike __isolate_free_page it keeps above the low watermark. */
static uint32_t split_free_page(struct mm *mm, struct mm_compact_control *cc, struct frame f)
{
	uint32_t order = mm_frame(mm, f)->order, pages;
	int64_t mark = mm_wmark(mm, cc->zone, MM_WMARK_LOW) + (1 << order);

	if (!mm_watermark_ok(mm, cc->zone, 0, mark, 0, 0, mm->zones[cc->zone].free_global))
		return 0;
	pages = mm_isolate_free_page(mm, cc->cpu, f, order);
	if (!pages)
		return 0;
	mm_split_page(mm, f, 0);
	for (uint32_t i = 0; i < pages; i++)
		mm_list_add(mm, list_of_targets(mm, cc), frame_at(f.n + i));
	return pages;
}

/* isolate_freepages_block: every buddy of the block that the watermark lets go. */
static uint32_t isolate_block(struct mm *mm, struct mm_compact_control *cc, uint32_t start)
{
	uint32_t end = min_u32(start + block_pages(mm), mm->zones[cc->zone].end), taken = 0;

	for (uint32_t pos = start; pos < end; pos++) {
		uint32_t pages = 0;

		cc->total_free_scanned++;
		if (mm_on_buddy_list(mm, frame_at(pos)))
			pages = split_free_page(mm, cc, frame_at(pos));
		taken += pages;
		pos += pages ? pages - 1 : 0;
	}
	return taken;
}

/*
 * isolate_freepages: blocks downwards until there are enough pages. The highest block that gave
 * some is looked at again next time; when none did, the scanners have as good as met.
 */
static void isolate_targets(struct mm *mm, struct mm_compact_control *cc)
{
	uint32_t low = cc->migrate + block_pages(mm), high = low;

	for (uint32_t pos = cc->free; pos > low && cc->nr_migrate > cc->nr_free;
	     pos -= block_pages(mm)) {
		uint32_t taken;

		if (pos >= mm->nr_frames || mm_frame_zone(mm, frame_at(pos)) != cc->zone ||
		    !target_suitable(mm, frame_at(pos)))
			continue;
		taken = isolate_block(mm, cc, pos);
		cc->nr_free += taken;
		if (taken)
			high = max_u32(high, pos);
	}
	cc->free = high;
}

static struct frame next_target(struct mm *mm, struct mm_compact_control *cc)
{
	struct frame f;

	if (!mm_list_count(mm, list_of_targets(mm, cc)))
		isolate_targets(mm, cc);
	f = mm_compact_next_target(mm, cc);
	if (frame_is_none(f))
		return f;
	mm_list_del(mm, f);
	cc->nr_free--;
	return f;
}

/* ---- moving ---- */

/* unmap_and_move: pages that others hold stay, and anonymous pages that nobody maps unless they are
 * in the swap cache. */
static bool can_move(const struct mm *mm, struct frame f)
{
	uint32_t flags = mm_frame(mm, f)->flags;

	return !(flags & (MM_F_PINNED | MM_F_FIXED)) &&
	       (flags & (MM_F_ANON | MM_F_MAPPED | MM_F_SWAPCACHE)) != MM_F_ANON;
}

static void move_page(struct mm *mm, struct mm_compact_control *cc, struct frame from,
		      struct frame to)
{
	compact_unisolate(mm, cc, from);
	mm_object_move(mm, from, to);
	compact_lru_add(mm, to);
	mm_free_page(mm, cc->cpu, from, 0);
	cc->total_moved++;
}

/* One pass over the batch: how many pages want another try; -1 when no target can be had. A failed
 * try costs its target. */
static int migrate_pass(struct mm *mm, struct mm_compact_control *cc)
{
	struct frame next, f = mm_compact_next_source(mm, cc);
	int again = 0;

	for (; !frame_is_none(f); f = next) {
		struct frame to = next_target(mm, cc);

		next = mm_list_next(mm, f);
		if (frame_is_none(to))
			return -1;
		if (can_move(mm, f)) {
			move_page(mm, cc, f, to);
		} else {
			mm_free_page(mm, cc->cpu, to, 0);
			again++;
		}
	}
	return again;
}

static void migrate_batch(struct mm *mm, struct mm_compact_control *cc)
{
	uint64_t before = cc->total_moved;
	int again = 1;

	for (int pass = 0; pass < MIGRATE_PASSES && again > 0; pass++)
		again = migrate_pass(mm, cc);
	mm_stats(mm)->migrated += cc->total_moved - before;
	mm_stats(mm)->migrate_failed += mm_list_count(mm, list_of_sources(mm, cc));
	compact_put_back_sources(mm, cc);
	cc->nr_migrate = 0;
}

/* ---- a run ---- */

/* compact_finished */
static enum mm_compact_result goal(const struct mm *mm, const struct mm_compact_control *cc)
{
	int64_t mark = mm_wmark(mm, cc->zone, MM_WMARK_LOW);

	if (cc->free <= cc->migrate)
		return MM_COMPACT_COMPLETE;
	if (cc->order == -1)
		return MM_COMPACT_CONTINUE;
	if (!mm_watermark_ok(mm, cc->zone, (uint32_t)cc->order, mark + (1 << cc->order), 0, 0,
			     mm->zones[cc->zone].free_global))
		return MM_COMPACT_CONTINUE;
	for (uint32_t order = (uint32_t)cc->order; order < mm->nr_orders; order++)
		if (mm_list_count(mm, mm_buddy_list(mm, cc->zone, order, cc->type)) ||
		    (order >= mm->pageblock_order && mm->zones[cc->zone].nr_free[order]))
			return MM_COMPACT_SUCCESS;
	return MM_COMPACT_CONTINUE;
}

static void release_targets(struct mm *mm, struct mm_compact_control *cc)
{
	struct frame f;

	while (!frame_is_none(f = mm_compact_next_target(mm, cc))) {
		mm_list_del(mm, f);
		mm_free_page(mm, cc->cpu, f, 0);
	}
	cc->nr_free = 0;
}

enum mm_compact_result mm_compact_zone_2635(struct mm *mm, struct mm_compact_control *cc)
{
	const struct mm_zone *z = &mm->zones[cc->zone];

	mm->cpu = cc->cpu;
	cc->type = mm_gfp_type(cc->gfp);
	cc->migrate = z->start;
	cc->free = block_start(mm, z->end);
	cc->nr_migrate = cc->nr_free = 0;
	cc->total_migrate_scanned = cc->total_free_scanned = cc->total_moved = 0;
	mm_stats(mm)->compact_runs++;
	compact_note_scanners(mm, cc);
	while ((cc->result = goal(mm, cc)) == MM_COMPACT_CONTINUE) {
		isolate_sources(mm, cc);
		if (cc->nr_migrate)
			migrate_batch(mm, cc);
	}
	release_targets(mm, cc);
	mm_stats(mm)->migrate_scanned += cc->total_migrate_scanned;
	mm_stats(mm)->free_scanned += cc->total_free_scanned;
	mm_note(mm, MM_NOTE_COMPACTED, cc->zone, (int64_t)cc->result, (int64_t)cc->total_moved, 0,
		0, 0, 0, z->start, cc->migrate);
	compact_note_scanners(mm, cc);
	return (enum mm_compact_result)cc->result;
}

/* ---- who compacts ---- */

static uint32_t preferred_zone(const struct mm *mm, const struct mm_request *rq)
{
	const struct mm_node *node = &mm->nodes[rq->node];
	uint32_t i = 0;

	while (i + 1 < node->nr_zonelist &&
	       mm->zones[node->zonelist[i]].index > (int32_t)mm_gfp_zone(mm, rq->gfp))
		i++;
	return node->zonelist[i];
}

/* compaction_deferred: the counter stops at its limit. Requests too small to compact for count,
 * too. */
static bool deferred(struct mm_zone *z)
{
	uint32_t limit = 1u << z->compact_defer_shift;

	z->compact_considered = min_u32(z->compact_considered + 1, limit);
	return z->compact_considered < limit;
}

/* One zone's turn in try_to_compact_pages; true when no other zone is to be tried. */
static bool try_zone(struct mm *mm, const struct mm_request *rq, uint32_t zone,
		     enum mm_compact_result *best)
{
	int64_t mark = mm_wmark(mm, zone, MM_WMARK_LOW) + (INT64_C(2) << rq->order);
	struct mm_compact_control cc = {.zone = zone,
					.cpu = rq->cpu,
					.order = (int32_t)rq->order,
					.gfp = rq->gfp,
					.direct = true};
	enum mm_compact_result result;

	if (!mm_watermark_ok(mm, zone, 0, mark, 0, 0, mm->zones[zone].free_global))
		return false;
	/* The test for "no failure at all" compares with -1, but the index says -1000: never true.
	 */
	if (mm_index_lacks_memory(mm, zone, rq->order))
		return false;
	result = mm_compact_zone_2635(mm, &cc);
	if (result > *best)
		*best = result;
	return mm_watermark_ok(mm, zone, rq->order, mark, 0, 0, mm->zones[zone].free_global);
}

static enum mm_compact_result try_zones(struct mm *mm, const struct mm_request *rq)
{
	const struct mm_node *node = &mm->nodes[rq->node];
	enum mm_compact_result best = MM_COMPACT_SKIPPED;

	mm_stats(mm)->compact_stall++;
	for (uint32_t i = 0; i < node->nr_zonelist; i++) {
		if (!mm_may_use(mm, rq, node->zonelist[i]))
			continue;
		if (try_zone(mm, rq, node->zonelist[i], &best))
			break;
	}
	return best;
}

struct frame mm_compact_direct_2635(struct mm *mm, const struct mm_request *rq,
				    uint32_t alloc_flags, enum mm_compact_result *result)
{
	struct mm_zone *z = &mm->zones[preferred_zone(mm, rq)];
	struct frame f;

	*result = MM_COMPACT_SKIPPED;
	if (!rq->order)
		return FRAME_NONE;
	if (deferred(z)) {
		mm_stats(mm)->compact_deferred++;
		*result = MM_COMPACT_DEFERRED;
		return FRAME_NONE;
	}
	if (rq->order <= MM_COMPACT_COSTLY_ORDER || !(rq->gfp & MM_GFP_IO) ||
	    !(rq->gfp & MM_GFP_FS))
		return FRAME_NONE;
	*result = try_zones(mm, rq);
	if (*result == MM_COMPACT_SKIPPED)
		return FRAME_NONE;
	for (uint32_t zone = 0; zone < mm->nr_zones; zone++)
		mm_drain_zone(mm, zone, rq->cpu);
	f = mm_get_page(mm, rq, alloc_flags);
	z->compact_considered = 0;
	if (frame_is_none(f)) {
		z->compact_defer_shift = min_u32(z->compact_defer_shift + 1, MM_COMPACT_MAX_DEFER);
		mm_stats(mm)->compact_fail++;
	} else {
		z->compact_defer_shift = 0;
		mm_stats(mm)->compact_success++;
	}
	return f;
}

void mm_compact_node_2635(struct mm *mm, uint32_t node, uint32_t cpu)
{
	struct mm_compact_control cc = {.cpu = cpu, .order = -1, .gfp = MM_GFP_IO | MM_GFP_FS};

	for (cc.zone = 0; cc.zone < mm->nr_zones; cc.zone++)
		if (mm->zones[cc.zone].node == (int32_t)node)
			mm_compact_zone_2635(mm, &cc);
}
