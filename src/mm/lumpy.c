// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lumpy reclaim: to make room for a page of order n, everything reclaimable in the naturally
 * aligned window of 2^n pages around each page from the LRU tail is reclaimed with it
 * [mm/vmscan.c, 2.6.34].
 *
 * Approximate where 2.6.34 differs from the machine underneath: LRU lists are per node here, per
 * zone there; pages freed cold went to the tail of a per-cpu list there; what happens to dirty
 * pages takes no time.
 */
#include "mm/mm.h"

#define DEF_PRIORITY 12
#define SWAP_CLUSTER_MAX 32u
#define COSTLY_ORDER 3u
#define PAGEVEC_SIZE 14u
#define LIST_TAKEN 7u /* 0 to 5 are compaction's */

struct lumpy {
	uint32_t cpu, order, gfp, highest;
	int32_t priority;
	uint64_t nr_to_reclaim, nr_reclaimed, nr_scanned;
	uint64_t saved[4]; /* scans too short to be worth it, by list; 2.6.34 keeps them for ever */
	bool kswapd;
};

/* set_lumpy_reclaim_mode: take whatever is in the window, active or not, of either kind. */
static bool takes_both(const struct lumpy *lc)
{
	return lc->order > COSTLY_ORDER || (lc->order && lc->priority < DEF_PRIORITY - 2);
}

/* __isolate_lru_page, and the test for anonymous pages without swap that the window makes. */
static bool acceptable(const struct mm *mm, struct frame f, enum mm_lru lru, bool both)
{
	enum mm_lru on;

	if (!mm_on_lru_list(mm, f))
		return false;
	on = mm_lru_of(mm, f);
	if (on == MM_LRU_UNEVICTABLE)
		return false;
	if (on < MM_LRU_INACTIVE_FILE && mm->swap_free < 1u << mm_frame(mm, f)->order)
		return false;
	return both || on == lru;
}

static uint32_t take(struct mm *mm, struct frame f)
{
	mm_lru_del(mm, f);
	mm_list_add(mm, mm_private_list(mm, LIST_TAKEN), f);
	return 1u << mm_frame(mm, f)->order;
}

/* The rest of the window around @cursor, lowest frame first; pages taken. */
static uint32_t take_window(struct mm *mm, struct frame cursor, enum mm_lru lru,
			    const struct lumpy *lc)
{
	uint32_t start = cursor.n & ~((1u << lc->order) - 1);
	uint32_t zone = mm_frame_zone(mm, cursor);
	uint32_t n, taken = 0;

	for (n = start; n < start + (1u << lc->order) && n < mm->nr_frames; n++) {
		struct frame f = {n};

		if (n == cursor.n || mm_frame_zone(mm, f) != zone)
			continue;
		if (acceptable(mm, f, lru, takes_both(lc)))
			taken += take(mm, f);
	}
	mm_stats(mm)->lumpy_taken += taken;
	return taken;
}

/* isolate_lru_pages: 32 pages from the tail, each with its window. */
static uint32_t isolate(struct mm *mm, uint32_t list, enum mm_lru lru, struct lumpy *lc)
{
	uint32_t taken = 0, scanned = 0;

	while (scanned < SWAP_CLUSTER_MAX && mm_list_count(mm, list)) {
		struct frame f = mm_list_last(mm, list);
		uint32_t nr = take(mm, f);

		scanned += nr;
		taken += nr;
		if (lc->order) {
			nr = take_window(mm, f, lru, lc);
			scanned += nr;
			taken += nr;
		}
	}
	lc->nr_scanned += scanned;
	*(lc->kswapd ? &mm_stats(mm)->scanned_kswapd : &mm_stats(mm)->scanned_direct) += scanned;
	return taken;
}

/* The vector of freed pages is flushed backwards. */
static void flush(struct mm *mm, struct lumpy *lc, struct frame *vec, uint32_t *nr)
{
	while (*nr) {
		struct frame f = vec[--*nr];

		lc->nr_reclaimed += 1ull << mm_frame(mm, f)->order;
		mm_reclaim_page(mm, lc->cpu, f, lc->kswapd);
	}
}

static void put_back(struct mm *mm, struct frame f)
{
	bool anon = mm_frame(mm, f)->flags & (MM_F_ANON | MM_F_SWAPBACKED);

	/* Leftovers of a lumpy pass are marked inactive. */
	mm_lru_add(mm, f, anon ? MM_LRU_INACTIVE_ANON : MM_LRU_INACTIVE_FILE);
	mm_stats(mm)->lumpy_failed += 1u << mm_frame(mm, f)->order;
}

/* shrink_page_list and what shrink_inactive_list does with the rest. */
static void reclaim_taken(struct mm *mm, struct lumpy *lc)
{
	uint32_t list = mm_private_list(mm, LIST_TAKEN);
	struct frame vec[PAGEVEC_SIZE];
	uint32_t nr = 0;

	while (mm_list_count(mm, list)) {
		struct frame f = mm_list_last(mm, list);

		mm_list_del(mm, f);
		if (!mm_may_reclaim(mm, f, true)) {
			put_back(mm, f);
			continue;
		}
		vec[nr++] = f;
		if (nr == PAGEVEC_SIZE)
			flush(mm, lc, vec, &nr);
	}
	flush(mm, lc, vec, &nr);
}

static void shrink_inactive(struct mm *mm, uint32_t node, enum mm_lru lru, uint64_t max_scan,
			    struct lumpy *lc)
{
	uint64_t until = lc->nr_scanned + max_scan;

	while (lc->nr_scanned < until && isolate(mm, mm_lru_list(mm, node, lru), lru, lc))
		reclaim_taken(mm, lc);
}

/* File pages: as soon as more are active than inactive [inactive_file_is_low, 2.6.34]. */
static bool active_needs_aging(const struct mm *mm, uint32_t node, enum mm_lru inactive)
{
	const struct mm_node *n = &mm->nodes[node];

	if (inactive == MM_LRU_INACTIVE_FILE)
		return n->nr_lru[MM_LRU_ACTIVE_FILE] > n->nr_lru[MM_LRU_INACTIVE_FILE];
	return mm_lru_inactive_is_low(mm, node, inactive);
}

static void age_active(struct mm *mm, uint32_t node, enum mm_lru active, uint64_t want)
{
	uint32_t list = mm_lru_list(mm, node, active);

	while (want-- && mm_list_count(mm, list)) {
		struct frame f = mm_list_last(mm, list);

		mm_lru_del(mm, f);
		mm_lru_add(mm, f, active - 1);
		mm_stats(mm)->deactivated += 1u << mm_frame(mm, f)->order;
	}
}

static void shrink_list(struct mm *mm, uint32_t node, enum mm_lru lru, uint64_t want,
			struct lumpy *lc)
{
	if (lru == MM_LRU_INACTIVE_ANON || lru == MM_LRU_INACTIVE_FILE)
		shrink_inactive(mm, node, lru, want, lc);
	else if (active_needs_aging(mm, node, lru - 1))
		age_active(mm, node, lru, want);
}

/* How much of a list to scan; less than a cluster waits until it has added up [nr_scan_try_batch].
 */
static uint64_t scan_count(const struct mm *mm, uint32_t node, uint32_t lru, struct lumpy *lc)
{
	uint64_t nr;

	if (lru < MM_LRU_INACTIVE_FILE && !mm->swap_free)
		return 0;
	lc->saved[lru] += mm->nodes[node].nr_lru[lru] >> lc->priority;
	nr = lc->saved[lru];
	if (nr < SWAP_CLUSTER_MAX)
		return 0;
	lc->saved[lru] = 0;
	return nr;
}

static uint64_t lru_pages(const struct mm *mm, uint32_t node)
{
	const uint32_t *nr = mm->nodes[node].nr_lru;
	uint64_t pages = (uint64_t)nr[MM_LRU_INACTIVE_FILE] + nr[MM_LRU_ACTIVE_FILE];

	if (mm->swap_free)
		pages += (uint64_t)nr[MM_LRU_INACTIVE_ANON] + nr[MM_LRU_ACTIVE_ANON];
	return pages;
}

/* shrink_zone, and the shrinkers beside it [do_try_to_free_pages, balance_pgdat] */
static void shrink_node(struct mm *mm, uint32_t node, struct lumpy *lc)
{
	uint64_t nr[4], scanned = lc->nr_scanned, all = lru_pages(mm, node);
	uint32_t lru;

	for (lru = 0; lru < 4; lru++)
		nr[lru] = scan_count(mm, node, lru, lc);
	while (nr[MM_LRU_INACTIVE_ANON] || nr[MM_LRU_ACTIVE_FILE] || nr[MM_LRU_INACTIVE_FILE]) {
		for (lru = 0; lru < 4; lru++) {
			uint64_t want = nr[lru] < SWAP_CLUSTER_MAX ? nr[lru] : SWAP_CLUSTER_MAX;

			nr[lru] -= want;
			if (want)
				shrink_list(mm, node, lru, want, lc);
		}
		if (lc->nr_reclaimed >= lc->nr_to_reclaim && lc->priority < DEF_PRIORITY)
			break;
	}
	mm_shrink_slab_2634(mm, node, lc->cpu, lc->gfp, lc->nr_scanned - scanned, all);
}

uint64_t mm_lumpy_reclaim(struct mm *mm, const struct mm_request *rq)
{
	struct lumpy lc = {
		.cpu = rq->cpu,
		.order = rq->order,
		.gfp = rq->gfp,
		.highest = mm_gfp_zone(mm, rq->gfp),
		.nr_to_reclaim = SWAP_CLUSTER_MAX,
	};

	mm_stats(mm)->direct_reclaims++;
	for (lc.priority = DEF_PRIORITY; lc.priority >= 0; lc.priority--) {
		shrink_node(mm, rq->node, &lc);
		if (lc.nr_reclaimed >= lc.nr_to_reclaim)
			break;
	}
	mm_note(mm, MM_NOTE_LUMPY, 0, (int64_t)lc.nr_reclaimed, lc.priority);
	return lc.nr_reclaimed;
}

/*
 * Small zones (less than a quarter of the node) do not count: 2.6.34 reclaims each zone from lists
 * of its own, and with one list for the node a missing block in ZONE_DMA would empty the whole page
 * cache.
 */
static bool counts(const struct mm *mm, uint32_t zone, uint32_t node)
{
	uint64_t all = 0;
	uint32_t z;

	if (mm->zones[zone].node != (int32_t)node || !mm->zones[zone].managed)
		return false;
	for (z = 0; z < mm->nr_zones; z++) {
		if (mm->zones[z].node == (int32_t)node)
			all += mm->zones[z].managed;
	}
	return mm->zones[zone].managed >= all / 4;
}

/* Every zone passes at @times its high watermark. */
static bool all_zones_ok(const struct mm *mm, uint32_t node, uint32_t order, int64_t times)
{
	uint32_t z;

	for (z = 0; z < mm->nr_zones; z++) {
		int64_t mark = times * mm_wmark(mm, z, MM_WMARK_HIGH);

		if (!counts(mm, z, node))
			continue;
		if (!mm_watermark_ok(mm, z, order, mark, 0, 0, mm->zones[z].free_global))
			return false;
	}
	return true;
}

/* balance_pgdat, 2.6.34: passes from priority 12 on, each ended by success or 32 pages; the order
 * is given up last. */
/* One try of all priorities; false when the node is as it should be or nothing goes any more. */
static bool balance_once(struct mm *mm, uint32_t node, struct lumpy *lc)
{
	lc->nr_reclaimed = 0;
	for (lc->priority = DEF_PRIORITY; lc->priority >= 0; lc->priority--) {
		if (!all_zones_ok(mm, node, lc->order, 8))
			shrink_node(mm, node, lc);
		if (all_zones_ok(mm, node, lc->order, 1) || lc->nr_reclaimed >= SWAP_CLUSTER_MAX)
			break;
	}
	if (lc->nr_reclaimed < SWAP_CLUSTER_MAX) {
		if (!lc->order)
			return false;
		lc->order = 0;
	}
	return !all_zones_ok(mm, node, lc->order, 1);
}

/* In slices as mm_balance_node(). */
uint32_t mm_lumpy_balance(struct mm *mm, uint32_t node, uint32_t cpu, uint32_t order)
{
	struct mm_balance *b = &mm->nodes[node].balance;
	struct lumpy lc = {.cpu = cpu,
			   .order = b->active ? b->order : order,
			   .gfp = MM_GFP_IO | MM_GFP_FS,
			   .nr_to_reclaim = UINT64_MAX,
			   .kswapd = true};
	uint64_t reclaimed = mm_stats(mm)->reclaimed_kswapd;
	bool more = !all_zones_ok(mm, node, lc.order, 1);

	mm_stats(mm)->kswapd_runs += !b->active;
	while (more && (!mm->kswapd_sliced || mm->kswapd_budget > 0)) {
		uint64_t scanned = mm_stats(mm)->scanned_kswapd;

		more = balance_once(mm, node, &lc);
		if (mm->kswapd_sliced)
			mm->kswapd_budget -= (int64_t)((mm_stats(mm)->scanned_kswapd - scanned) *
						       mm->kswapd_cost.scanned);
	}
	*b = (struct mm_balance){.active = more, .order = lc.order};
	mm_note(mm, MM_NOTE_KSWAPD, node, (int64_t)(mm_stats(mm)->reclaimed_kswapd - reclaimed),
		order, lc.order);
	return lc.order;
}
