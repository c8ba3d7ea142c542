// SPDX-License-Identifier: GPL-2.0-only
/*
 * kcompactd [mm/compaction.c: kcompactd, kcompactd_do_work, proactive_compact_node, 6.1.192]. How
 * far it may go at a time is the driver's affair (mm->kcompactd_budget), so that it works beside
 * others as it does in a kernel. It pauses only where it holds no page that is to move.
 */
#include "mm/compaction_internal.h"

#include <string.h>

#define GFP_KERNEL (MM_GFP_IO | MM_GFP_FS | MM_GFP_DIRECT_RECLAIM | MM_GFP_KSWAPD_RECLAIM)

/* The mark that it works for [kcompactd_do_work, 6.18]. */
static uint32_t kcompactd_flags(const struct mm *mm)
{
	return mm->defrag_mode ? MM_WMARK_HIGH : MM_WMARK_MIN;
}

static bool node_suitable(struct mm *mm, uint32_t node)
{
	const struct mm_node *nd = &mm->nodes[node];

	for (uint32_t zone = 0; zone < mm->nr_zones; zone++) {
		const struct mm_zone *z = &mm->zones[zone];

		if (z->node == (int32_t)node && z->index <= (int32_t)nd->kcompactd_highest &&
		    mm_compaction_suitable(mm, zone, (int32_t)nd->kcompactd_order,
					   kcompactd_flags(mm),
					   nd->kcompactd_highest) == MM_COMPACT_CONTINUE)
			return true;
	}
	return false;
}

bool mm_kcompactd_wakeup(struct mm *mm, uint32_t node, uint32_t order, uint32_t highest)
{
	struct mm_node *nd = &mm->nodes[node];

	if (!order)
		return false;
	nd->kcompactd_order = max_u32(nd->kcompactd_order, order);
	nd->kcompactd_highest = min_u32(nd->kcompactd_highest, highest);
	return node_suitable(mm, node);
}

/* ---- one zone ---- */

/* Of the run up to now. */
static uint64_t cost(const struct mm *mm, const struct mm_compact_control *cc)
{
	return mm_compact_scanned(cc) * mm->kcompactd_cost.scanned +
	       cc->total_moved * mm->kcompactd_cost.moved;
}

/* True when the run is over; false: the budget is used up. */
static bool work_on_zone(struct mm *mm, struct mm_compact_control *cc)
{
	struct mm_compact_event ev;

	while (cc->at != MM_AT_DONE) {
		uint64_t before = cost(mm, cc);

		if (cc->at == MM_AT_FINISHED && mm->kcompactd_sliced && mm->kcompactd_budget <= 0)
			return false;
		mm_compact_step(mm, cc, &ev);
		mm->kcompactd_budget -= mm->kcompactd_sliced ? (int64_t)(cost(mm, cc) - before) : 0;
	}
	return true;
}

/* Is it to be worked on? */
static bool wants_zone(struct mm *mm, uint32_t node, const struct mm_kcompactd_work *w)
{
	const struct mm_compact_control *cc = &w->cc;
	const struct mm_zone *z = &mm->zones[cc->zone];

	if (z->node != (int32_t)node)
		return false;
	if (cc->proactive)
		return true;
	return z->index <= (int32_t)cc->highest &&
	       !mm_compaction_deferred(mm, cc->zone, cc->order) &&
	       mm_compaction_suitable(mm, cc->zone, cc->order, cc->alloc_flags,
				      (uint32_t)z->index) == MM_COMPACT_CONTINUE;
}

/* Pages stranded on per-cpu lists could merge: a failure flushes those before it is remembered. */
static void remember(struct mm *mm, const struct mm_compact_control *cc)
{
	if (cc->result == MM_COMPACT_SUCCESS) {
		mm_compaction_defer_reset(mm, cc->zone, cc->order, false);
	} else if (cc->result == MM_COMPACT_PARTIAL_SKIPPED || cc->result == MM_COMPACT_COMPLETE) {
		for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++)
			mm_drain_zone(mm, cc->zone, cpu);
		mm_defer_compaction(mm, cc->zone, cc->order);
	}
}

static void end_zone(struct mm *mm, struct mm_kcompactd_work *w)
{
	const struct mm_compact_control *cc = &w->cc;

	if (w->running)
		mm_note(mm, MM_NOTE_COMPACTED, cc->zone, (int64_t)cc->result,
			(int64_t)cc->total_moved,
			(int64_t)(mm_stats(mm)->migrate_failed - w->failed), 0, 0, 0, w->begin,
			cc->migrate);
	if (!cc->proactive)
		remember(mm, cc);
	w->running = 0;
}

static void begin_zone(struct mm *mm, struct mm_kcompactd_work *w)
{
	w->failed = mm_stats(mm)->migrate_failed;
	w->running = mm_compact_begin(mm, &w->cc) == MM_COMPACT_CONTINUE;
	w->begin = w->running ? w->cc.migrate : 0;
}

/* ---- a node ---- */

/* Every zone in ascending order with one control. True when all are done. */
static bool work_on_node(struct mm *mm, uint32_t node, struct mm_kcompactd_work *w)
{
	for (; w->cc.zone < mm->nr_zones; w->cc.zone++) {
		if (!w->running) {
			if (!wants_zone(mm, node, w))
				continue;
			begin_zone(mm, w);
		}
		if (w->running && !work_on_zone(mm, &w->cc))
			return false;
		end_zone(mm, w);
	}
	return true;
}

static uint32_t highest_index(const struct mm *mm, uint32_t node)
{
	uint32_t highest = 0;

	for (uint32_t zone = 0; zone < mm->nr_zones; zone++)
		if (mm->zones[zone].node == (int32_t)node)
			highest = max_u32(highest, (uint32_t)mm->zones[zone].index);
	return highest;
}

/* Back to sleep; what was asked for meanwhile is remembered if it is more. */
static void finish(struct mm *mm, uint32_t node, struct mm_kcompactd_work *w)
{
	struct mm_node *nd = &mm->nodes[node];
	bool in_vain = w->cc.proactive && mm_fragmentation_score_node(mm, node) >= w->score;

	if (!w->cc.proactive) {
		if (nd->kcompactd_order <= (uint32_t)w->cc.order)
			nd->kcompactd_order = 0;
		if (nd->kcompactd_highest >= w->cc.highest)
			nd->kcompactd_highest = highest_index(mm, node);
	}
	memset(w, 0, sizeof(*w));
	w->in_vain = in_vain;
}

bool mm_kcompactd_busy(const struct mm *mm, uint32_t node)
{
	return mm_kcompactd_work(mm, node)->busy;
}

void mm_kcompactd_go_on(struct mm *mm, uint32_t node, uint32_t cpu)
{
	struct mm_kcompactd_work *w = mm_kcompactd_work(mm, node);

	if (!w->busy)
		return;
	mm->cpu = w->cc.cpu = cpu;
	if (w->cc.proactive)
		w->cc.kswapd_running = mm_balancing(mm, node);
	if (work_on_node(mm, node, w))
		finish(mm, node, w);
}

/* Runs of two nodes at most are in flight beside what a task does for itself. */
static struct mm_compact_control *begin(struct mm *mm, uint32_t node)
{
	struct mm_kcompactd_work *w = mm_kcompactd_work(mm, node);

	memset(w, 0, sizeof(*w));
	w->busy = 1;
	w->cc.slot = 1 + node % (MM_COMPACT_SLOTS - 1);
	w->cc.mode = MM_MIGRATE_SYNC_LIGHT;
	w->cc.gfp = GFP_KERNEL;
	if (mm->kcompactd_budget > 0 || mm->nr_nodes == 1)
		mm->kcompactd_budget = 0;
	return &w->cc;
}

void mm_kcompactd(struct mm *mm, uint32_t node, uint32_t cpu)
{
	const struct mm_node *nd = &mm->nodes[node];
	struct mm_compact_control *cc;

	if (mm_kcompactd_busy(mm, node))
		return;
	cc = begin(mm, node);
	cc->order = (int32_t)nd->kcompactd_order;
	cc->search_order = (int16_t)nd->kcompactd_order;
	cc->highest = nd->kcompactd_highest;
	cc->alloc_flags = kcompactd_flags(mm);
	mm_stats(mm)->kcompactd_runs++;
	mm_note(mm, MM_NOTE_KCOMPACTD, node, cc->order);
	mm_kcompactd_go_on(mm, node, cpu);
}

bool mm_compact_proactive(struct mm *mm, uint32_t node, uint32_t cpu, uint32_t proactiveness,
			  bool kswapd_running)
{
	uint32_t before = mm_fragmentation_score_node(mm, node);
	struct mm_compact_control *cc;

	if (!proactiveness || kswapd_running || mm_kcompactd_busy(mm, node) ||
	    before <= mm_fragmentation_score_wmark(proactiveness, false))
		return true;
	cc = begin(mm, node);
	cc->order = -1;
	cc->ignore_skip_hint = cc->whole_zone = cc->proactive = true;
	cc->proactiveness = proactiveness;
	mm_kcompactd_work(mm, node)->score = before;
	mm_kcompactd_go_on(mm, node, cpu);
	return !mm_kcompactd_work(mm, node)->in_vain;
}

bool mm_compact_proactive_in_vain(struct mm *mm, uint32_t node)
{
	struct mm_kcompactd_work *w = mm_kcompactd_work(mm, node);
	bool in_vain = w->in_vain;

	w->in_vain = 0;
	return in_vain;
}

/*
 * Work that nobody woke it for, since there was none when it was asked for, is remembered, and
 * comes before any of its own [kcompactd: kcompactd_work_requested].
 */
void mm_kcompactd_timer(struct mm *mm, uint32_t cpu)
{
	for (uint32_t n = 0; mm->proactiveness && n < mm->nr_nodes; n++) {
		struct mm_node *node = &mm->nodes[n];

		if (mm_kcompactd_busy(mm, n))
			continue;
		if (node->kcompactd_order) {
			node->proactive_wait = 0;
			mm_kcompactd(mm, n, cpu);
			continue;
		}
		if (mm_compact_proactive_in_vain(mm, n))
			node->proactive_wait = (1u << MM_COMPACT_MAX_DEFER) - 1;
		if (node->proactive_wait)
			node->proactive_wait--;
		else
			mm_compact_proactive(mm, n, cpu, mm->proactiveness, mm_balancing(mm, n));
	}
}
