// SPDX-License-Identifier: GPL-2.0-only
/*
 * kswapd [mm/vmscan.c: balance_pgdat, 6.1.192]. It works in rounds, one for each priority tried;
 * how many it may do at a time is the driver's affair (mm->kswapd_budget), so that it can run
 * beside the task that woke it, as it does in a kernel.
 */
#include "mm/reclaim_internal.h"

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* pgdat_balanced: some zone up to @highest has a page of @order above its high watermark; under
 * defrag_mode (6.18) in whole pageblocks. */
bool mm_node_balanced(const struct mm *mm, uint32_t node, uint32_t order, uint32_t highest)
{
	bool any = false;
	uint32_t z;

	for (z = 0; z < mm->nr_zones; z++) {
		const struct mm_zone *zone = &mm->zones[z];

		if (!reclaim_eligible(mm, z, node, highest))
			continue;
		any = true;
		if (mm_watermark_ok(mm, z, order, mm_wmark(mm, z, MM_WMARK_HIGH), highest, 0,
				    order && mm->defrag_mode ? mm_free_in_blocks(mm, z)
							     : zone->free_global))
			return true;
	}
	return !any;
}

static void set_reclaim_active(struct mm *mm, uint32_t node, uint32_t highest, bool on)
{
	uint32_t z;

	for (z = 0; z < mm->nr_zones; z++) {
		if (!reclaim_eligible(mm, z, node, highest))
			continue;
		if (on)
			mm->zones[z].flags |= MM_ZONE_RECLAIM_ACTIVE;
		else
			mm->zones[z].flags &= ~MM_ZONE_RECLAIM_ACTIVE;
	}
}

bool mm_kswapd_spend(struct mm *mm, uint64_t scanned, uint64_t aged)
{
	int64_t ns = (int64_t)(scanned * mm->kswapd_cost.scanned + aged * mm->kswapd_cost.aged);

	if (!mm->kswapd_sliced)
		return true;
	if (mm->kswapd_budget < ns)
		return false;
	mm->kswapd_budget -= ns;
	return true;
}

/* The high watermarks of the node [kswapd_shrink_node]. */
static uint64_t want(const struct mm *mm, uint32_t node, uint32_t highest)
{
	uint64_t pages = 0;

	for (uint32_t z = 0; z < mm->nr_zones; z++) {
		if (reclaim_eligible(mm, z, node, highest)) {
			uint64_t high = (uint64_t)mm_wmark(mm, z, MM_WMARK_HIGH);

			pages += high > SWAP_CLUSTER_MAX ? high : SWAP_CLUSTER_MAX;
		}
	}
	return pages;
}

static void begin_round(struct mm *mm, uint32_t node, struct mm_balance *b, struct mm_scan *sc)
{
	sc->may_swap = !b->boost;
	reclaim_age_anon(mm, node, sc);
	sc->nr_scanned = 0;
	b->before = sc->nr_reclaimed;
	sc->nr_to_reclaim = b->want = want(mm, node, sc->highest);
}

/* After a round; false when it is no use going on. */
static bool end_round(struct mm *mm, struct mm_balance *b, struct mm_scan *sc)
{
	uint64_t got = sc->nr_reclaimed - b->before;
	bool raise = !(b->boost && b->priority == DEF_PRIORITY - 2);

	if (sc->order && sc->nr_reclaimed >= compact_gap(sc->order))
		sc->order = 0;
	if (sc->nr_scanned >= sc->nr_to_reclaim)
		raise = false;
	b->boost -= min_u64(b->boost, got);
	if (!got)
		reclaim_wait_for_flusher(mm, sc);
	if (b->boost && !got)
		return false;
	if (raise || !got)
		b->priority--;
	return b->priority >= 1;
}

/*
 * Is it to have another round? Boost reclaim ends as soon as the boosts are worked off or the node
 * is out of balance.
 */
static bool wants_round(const struct mm *mm, uint32_t node, struct mm_balance *b,
			const struct mm_scan *sc)
{
	bool balanced = mm_node_balanced(mm, node, sc->order, sc->highest);

	if (!balanced && b->boost) {
		b->boost = 0;
		b->priority = DEF_PRIORITY;
	}
	return !balanced || b->boost;
}

enum balancing { BALANCE_STOPPED, BALANCE_DONE };

/*
 * Rounds until the node is balanced, nothing goes any more, or the budget does not suffice, be it
 * in the middle of one.
 */
static enum balancing balance_rounds(struct mm *mm, uint32_t node, struct mm_balance *b,
				     struct mm_scan *sc)
{
	if (mm->kswapd_sliced && mm->kswapd_budget <= 0)
		return BALANCE_STOPPED;
	do {
		if (!b->shrinking.under_way) {
			if (!wants_round(mm, node, b, sc))
				return BALANCE_DONE;
			sc->priority = b->priority;
			begin_round(mm, node, b, sc);
		}
		if (!reclaim_shrink_node(mm, node, sc, &b->shrinking))
			return BALANCE_STOPPED;
	} while (end_round(mm, b, sc));
	if (!sc->nr_reclaimed)
		mm->nodes[node].kswapd_failures++;
	return BALANCE_DONE;
}

static void begin(struct mm *mm, uint32_t node, struct mm_balance *b, uint32_t order,
		  uint32_t highest)
{
	*b = (struct mm_balance){
		.active = true, .order = order, .highest = highest, .priority = DEF_PRIORITY};
	mm_stats(mm)->kswapd_runs++;
	for (uint32_t z = 0; z < mm->nr_zones; z++) {
		if (reclaim_eligible(mm, z, node, highest)) {
			b->boosts[z] = mm->zones[z].boost;
			b->boost += b->boosts[z];
		}
	}
	set_reclaim_active(mm, node, highest, true);
}

static void end(struct mm *mm, uint32_t node, struct mm_balance *b)
{
	set_reclaim_active(mm, node, b->highest, false);
	for (uint32_t z = 0; z < mm->nr_zones; z++)
		mm->zones[z].boost -= (uint32_t)min_u64(mm->zones[z].boost, b->boosts[z]);
	b->active = b->done = false;
	b->shrinking = (struct mm_shrinking){.under_way = 0};
}

bool mm_balancing(const struct mm *mm, uint32_t node)
{
	return mm->nodes[node].balance.active;
}

/* Goes on where it stopped; true when it is done. */
static bool go_on(struct mm *mm, uint32_t node, uint32_t cpu, struct mm_balance *b)
{
	struct mm_scan sc = {
		.cpu = cpu,
		.gfp = MM_GFP_IO | MM_GFP_FS | MM_GFP_DIRECT_RECLAIM | MM_GFP_KSWAPD_RECLAIM,
		.kswapd = true,
		.compaction = b->compaction,
		.order = b->order,
		.highest = b->highest,
		.priority = b->priority,
		.nr_reclaimed = b->reclaimed,
		.nr_to_reclaim = b->want,
		.nr_scanned = b->scanned,
		.may_swap = !b->boost,
		.flusher = b->flusher,
	};
	bool done = balance_rounds(mm, node, b, &sc) == BALANCE_DONE;

	b->order = sc.order;
	b->reclaimed = sc.nr_reclaimed;
	b->scanned = sc.nr_scanned;
	b->flusher = sc.flusher;
	return done;
}

uint32_t mm_balance_node(struct mm *mm, uint32_t node, uint32_t cpu, uint32_t order,
			 uint32_t highest, bool compaction)
{
	struct mm_balance *b = &mm->nodes[node].balance;
	uint64_t before;

	if (!b->active)
		begin(mm, node, b, order, highest);
	b->compaction = compaction;
	before = b->reclaimed;
	if (b->done || go_on(mm, node, cpu, b))
		end(mm, node, b);
	mm_note(mm, MM_NOTE_KSWAPD, node, (int64_t)(b->reclaimed - before), order, b->order);
	return b->order;
}

void mm_balance_beside(struct mm *mm, uint32_t node, uint32_t cpu)
{
	struct mm_balance *b = &mm->nodes[node].balance;

	if (b->active && !b->done)
		b->done = go_on(mm, node, cpu, b);
}

bool mm_kswapd_may_sleep(const struct mm *mm, uint32_t node, uint32_t order, uint32_t highest)
{
	return mm->nodes[node].kswapd_failures >= MAX_RECLAIM_RETRIES ||
	       mm_node_balanced(mm, node, order, highest);
}

/* wakeup_kswapd: is there anything for kswapd to do? */
bool mm_kswapd_needed(const struct mm *mm, uint32_t node, uint32_t order, uint32_t highest)
{
	uint32_t z;

	if (mm->nodes[node].kswapd_failures >= MAX_RECLAIM_RETRIES)
		return false;
	if (!mm_node_balanced(mm, node, order, highest))
		return true;
	for (z = 0; z < mm->nr_zones; z++) {
		if (reclaim_eligible(mm, z, node, highest) && mm->zones[z].boost)
			return true;
	}
	return false;
}
