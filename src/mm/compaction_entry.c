// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who compacts: an allocation that failed, kcompactd, somebody by hand, kcompactd without being
 * asked. Each runs to its end here. Follows mm/compaction.c and __alloc_pages_direct_compact() of
 * mm/page_alloc.c, 6.1.192.
 */
#include "mm/compaction_internal.h"

#define GFP_KERNEL (MM_GFP_IO | MM_GFP_FS | MM_GFP_DIRECT_RECLAIM | MM_GFP_KSWAPD_RECLAIM)

/* ---- a run ---- */

/* Pages scanned and moved for which others have had their time. */
struct passed {
	uint64_t scanned, moved;
};

/* Others work for as long as it has. It may hold pages then, but is not in the middle of a batch.
 */
static void let_others_work(struct mm *mm, struct mm_compact_control *cc, struct passed *passed)
{
	uint64_t scanned = mm_compact_scanned(cc) - passed->scanned,
		 moved = cc->total_moved - passed->moved;

	if (!cc->direct || cc->at == MM_AT_PAGE || cc->at == MM_AT_BATCH || (!scanned && !moved))
		return;
	mm_pass_compacted(mm, scanned, moved);
	passed->scanned += scanned;
	passed->moved += moved;
}

enum mm_compact_result mm_compact_zone(struct mm *mm, struct mm_compact_control *cc)
{
	uint64_t failed = mm_stats(mm)->migrate_failed;
	struct mm_compact_event ev;
	struct passed passed = {0, 0};
	uint32_t begin;

	if (mm_compact_begin(mm, cc) != MM_COMPACT_CONTINUE)
		return (enum mm_compact_result)cc->result;
	begin = cc->migrate;
	while (cc->at != MM_AT_DONE) {
		mm_compact_step(mm, cc, &ev);
		let_others_work(mm, cc, &passed);
	}
	mm_note(mm, MM_NOTE_COMPACTED, cc->zone, (int64_t)cc->result, (int64_t)cc->total_moved,
		(int64_t)(mm_stats(mm)->migrate_failed - failed), 0, 0, 0, begin, cc->migrate);
	return (enum mm_compact_result)cc->result;
}

/* ---- for an allocation ---- */

static void start_capture(struct mm *mm, uint32_t zone, uint32_t order)
{
	mm->capture = (struct mm_capture){.active = 1, .zone = zone, .order = order};
}

static struct frame end_capture(struct mm *mm)
{
	struct frame f = mm->capture.taken ? frame_at(mm->capture.frame) : FRAME_NONE;

	mm->capture = (struct mm_capture){0};
	return f;
}

enum mm_compact_result mm_compact_zone_order(struct mm *mm, const struct mm_request *rq,
					     uint32_t zone, enum mm_compact_prio prio,
					     uint32_t alloc_flags, uint32_t highest,
					     struct frame *captured)
{
	bool full = prio == MM_COMPACT_PRIO_SYNC_FULL;
	struct mm_compact_control cc = {
		.zone = zone,
		.cpu = rq->cpu,
		.order = (int32_t)rq->order,
		.search_order = (int16_t)rq->order,
		.gfp = rq->gfp,
		.alloc_flags = alloc_flags,
		.highest = highest,
		.mode = prio == MM_COMPACT_PRIO_ASYNC ? MM_MIGRATE_ASYNC : MM_MIGRATE_SYNC_LIGHT,
		.direct = true,
		.whole_zone = full,
		.ignore_skip_hint = full,
		.ignore_block_suitable = full,
		.capture = true,
	};
	enum mm_compact_result result;

	mm->cpu = rq->cpu;
	start_capture(mm, zone, rq->order);
	result = mm_compact_zone(mm, &cc);
	*captured = end_capture(mm);
	return frame_is_none(*captured) ? result : MM_COMPACT_SUCCESS;
}

/* One zone's turn; true when no other zone is to be tried. */
static bool try_zone(struct mm *mm, const struct mm_request *rq, uint32_t zone,
		     uint32_t alloc_flags, enum mm_compact_prio prio, enum mm_compact_result *best,
		     struct frame *captured)
{
	int32_t order = (int32_t)rq->order;
	enum mm_compact_result status = MM_COMPACT_DEFERRED;
	bool deferred = prio > MM_COMPACT_PRIO_SYNC_FULL && mm_compaction_deferred(mm, zone, order);

	if (!deferred)
		status = mm_compact_zone_order(mm, rq, zone, prio, alloc_flags,
					       mm_gfp_zone(mm, rq->gfp), captured);
	if (status > *best)
		*best = status;
	if (status == MM_COMPACT_SUCCESS)
		mm_compaction_defer_reset(mm, zone, order, false);
	else if (prio != MM_COMPACT_PRIO_ASYNC &&
		 (status == MM_COMPACT_COMPLETE || status == MM_COMPACT_PARTIAL_SKIPPED))
		mm_defer_compaction(mm, zone, order);
	return status == MM_COMPACT_SUCCESS;
}

enum mm_compact_result mm_try_to_compact_pages(struct mm *mm, const struct mm_request *rq,
					       uint32_t alloc_flags, enum mm_compact_prio prio,
					       struct frame *captured)
{
	const struct mm_node *node = &mm->nodes[rq->node];
	enum mm_compact_result best = MM_COMPACT_SKIPPED;

	*captured = FRAME_NONE;
	if (!(rq->gfp & MM_GFP_IO))
		return MM_COMPACT_SKIPPED;
	for (uint32_t i = 0; i < node->nr_zonelist; i++) {
		if (!mm_may_use(mm, rq, node->zonelist[i]))
			continue;
		if (try_zone(mm, rq, node->zonelist[i], alloc_flags, prio, &best, captured))
			break;
	}
	return best;
}

struct frame mm_compact_direct(struct mm *mm, const struct mm_request *rq, uint32_t alloc_flags,
			       enum mm_compact_prio prio, enum mm_compact_result *result)
{
	struct frame f;
	uint32_t zone;

	*result = MM_COMPACT_SKIPPED;
	if (!rq->order)
		return FRAME_NONE;
	*result = mm_try_to_compact_pages(mm, rq, alloc_flags, prio, &f);
	if (*result == MM_COMPACT_SKIPPED)
		return FRAME_NONE;
	mm_stats(mm)->compact_stall++;
	if (frame_is_none(f))
		f = mm_get_page(mm, rq, alloc_flags);
	else
		mm_stats(mm)->allocs[rq->order]++;
	if (frame_is_none(f)) {
		mm_stats(mm)->compact_fail++;
		return f;
	}
	zone = mm_frame_zone(mm, f);
	mm->zones[zone].compact_blockskip_flush = 0;
	mm_compaction_defer_reset(mm, zone, (int32_t)rq->order, true);
	mm_stats(mm)->compact_success++;
	return f;
}

/* ---- by hand ---- */

/*
 * All zones of a node in ascending order with one control: what a run learns (whole_zone, failed
 * searches) is carried over to the next zone, as in the kernel.
 */
static void compact_zones(struct mm *mm, struct mm_compact_control *cc, uint32_t node)
{
	for (cc->zone = 0; cc->zone < mm->nr_zones; cc->zone++)
		if (mm->zones[cc->zone].node == (int32_t)node)
			mm_compact_zone(mm, cc);
}

void mm_compact_node(struct mm *mm, uint32_t node, uint32_t cpu)
{
	struct mm_compact_control cc = {
		.cpu = cpu,
		.order = -1,
		.mode = MM_MIGRATE_SYNC,
		.ignore_skip_hint = true,
		.whole_zone = true,
		.gfp = GFP_KERNEL,
	};

	mm->cpu = cpu;
	compact_zones(mm, &cc, node);
}

void mm_compact_all(struct mm *mm, uint32_t cpu)
{
	for (uint32_t node = 0; node < mm->nr_nodes; node++)
		mm_compact_node(mm, node, cpu);
}
