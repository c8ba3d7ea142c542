/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * LRU lists and reclaim; part of the face of src/mm (mm.h includes this file). Numbers are pages
 * unless said otherwise. Source: mm/vmscan.c, mm/swap.c of 6.1.192: lru.c, reclaim.c; of 2.6.34:
 * lumpy.c.
 */
#ifndef ZR_MM_RECLAIM_H
#define ZR_MM_RECLAIM_H

void mm_lru_add(struct mm *mm, struct frame f,
		enum mm_lru lru); /* at the head of the node's list */
void mm_lru_add_tail(struct mm *mm, struct frame f, enum mm_lru lru);
void mm_lru_del(struct mm *mm, struct frame f);
/* Which list a page is on; it must be on one. */
enum mm_lru mm_lru_of(const struct mm *mm, struct frame f);
/* From an inactive list to the head of the active one of its kind; anything else stays. */
void mm_lru_activate(struct mm *mm, struct frame f);
/* Should pages of the active list beside @inactive be aged? [inactive_is_low] */
bool mm_lru_inactive_is_low(const struct mm *mm, uint32_t node, enum mm_lru inactive);

/* One reclaim pass [struct scan_control]. Pages. */
struct mm_scan {
	uint32_t cpu, order, gfp;
	uint32_t highest; /* zone index: reclaim_idx */
	int32_t priority; /* 12 .. 0 */
	uint64_t nr_to_reclaim, nr_reclaimed, nr_scanned;
	bool kswapd, may_swap;
	bool compaction; /* the policy compacts: reclaim stops where compaction could work */
	bool force_deactivate, skipped_deactivate, compaction_ready;
	bool flusher; /* all pages of some portion were dirty: the flusher threads were woken */
};
/* Reclaims from one node at sc->priority [shrink_node]. */
void mm_shrink_node(struct mm *mm, uint32_t node, struct mm_scan *sc);
/* kswapd is to scan and to age so many pages: takes what they cost from its budget, if that is
 * enough. */
bool mm_kswapd_spend(struct mm *mm, uint64_t scanned, uint64_t aged);
/* Direct reclaim for a request [try_to_free_pages]: pages reclaimed, or 1 where compaction could
 * work already. */
uint64_t mm_direct_reclaim(struct mm *mm, const struct mm_request *rq, bool compaction);
bool mm_node_balanced(const struct mm *mm, uint32_t node, uint32_t order, uint32_t highest);
/*
 * kswapd [balance_pgdat]: goes on with the node where it stopped, or begins for @order and
 * @highest, until the node is balanced, nothing goes any more, or mm->kswapd_budget is used up. The
 * order that it has come down to.
 */
uint32_t mm_balance_node(struct mm *mm, uint32_t node, uint32_t cpu, uint32_t order,
			 uint32_t highest, bool compaction);
/* Did its budget stop it? */
bool mm_balancing(const struct mm *mm, uint32_t node);
/* A slice of it within a request; its end is left to mm_balance_node(). */
void mm_balance_beside(struct mm *mm, uint32_t node, uint32_t cpu);
/* A task has waited for so many pages to be scanned and moved by its compaction, or reclaimed by
 * its reclaim: kswapd and kcompactd work meanwhile. */
void mm_pass_compacted(struct mm *mm, uint64_t scanned, uint64_t moved);
void mm_pass_reclaimed(struct mm *mm, uint64_t pages);
/* It is where it gives way to whom it has woken. */
void mm_pass_turn(struct mm *mm);
/*
 * Pages that reclaim might get from the zone, as the slow path sees it: where there are none, those
 * that are free (!), in 5.10.262, 6.1.192 and later [zone_reclaimable_pages].
 */
int64_t mm_zone_reclaimable(const struct mm *mm, uint32_t zone);
/* When it has done its work: may it sleep, or is the node not balanced? [prepare_kswapd_sleep] */
bool mm_kswapd_may_sleep(const struct mm *mm, uint32_t node, uint32_t order, uint32_t highest);
/* Would waking kswapd start it? [wakeup_kswapd] */
bool mm_kswapd_needed(const struct mm *mm, uint32_t node, uint32_t order, uint32_t highest);
/*
 * Can the page go now? For anonymous pages that takes the swap slots. Dirty pages and those under
 * writeback cannot, unless the caller @writes and waits.
 */
bool mm_may_reclaim(struct mm *mm, struct frame f, bool writes);
/* Writeback of a page has ended: one that reclaim came across meanwhile is the next to go
 * [folio_end_writeback]. */
void mm_lru_written(struct mm *mm, struct frame f);
/* Frees a page that is on no list and counts it as reclaimed. */
void mm_reclaim_page(struct mm *mm, uint32_t cpu, struct frame f, bool kswapd);

/*
 * Lumpy reclaim of 2.6.34: around each page from the tail everything that may go in its aligned
 * window of 2^order. Direct reclaim: pages reclaimed. kswapd: the order it ended with.
 */
uint64_t mm_lumpy_reclaim(struct mm *mm, const struct mm_request *rq);
uint32_t mm_lumpy_balance(struct mm *mm, uint32_t node, uint32_t cpu, uint32_t order);

#endif
