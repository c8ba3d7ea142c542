// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page reclaim on the classic LRU lists [mm/vmscan.c, 6.1.192]; kswapd is in kswapd.c.
 *
 * How far a pass scans, in what portions, in which order pages are freed and when it stops follow
 * the kernel's integer arithmetic. What the kernel learns from page tables is missing: no page is
 * found referenced, and page cache counts as clean. Refaults do not reactivate. Throttling takes no
 * time.
 */
#include "mm/reclaim_internal.h"

#define SWAPPINESS 60u
#define COSTLY_ORDER 3u

enum scan_balance { SCAN_FRACT, SCAN_EQUAL, SCAN_ANON, SCAN_FILE };

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

bool reclaim_eligible(const struct mm *mm, uint32_t z, uint32_t node, uint32_t highest)
{
	return mm->zones[z].node == (int32_t)node && (uint32_t)mm->zones[z].index <= highest &&
	       mm->zones[z].managed;
}

static bool can_compact(const struct mm_scan *sc)
{
	return sc->compaction && (sc->gfp & MM_GFP_IO);
}

static bool can_reclaim_anon(const struct mm *mm)
{
	return mm->swap_free > 0;
}

/* ---- taking pages off the lists ---- */

struct taken {
	struct frame pages[SWAP_CLUSTER_MAX];
	uint32_t nr;
};

/*
 * isolate_lru_folios: the oldest pages, oldest first, until @want base pages were looked at. Pages
 * of zones above the wanted ones go to the list's young end, as the kernel's splice of the skipped
 * ones puts them.
 */
static void isolate(struct mm *mm, uint32_t list, uint32_t want, struct mm_scan *sc,
		    struct taken *t)
{
	uint32_t left = mm_list_count(mm, list);
	uint32_t scanned = 0;

	t->nr = 0;
	while (scanned < want && left--) {
		struct frame f = mm_list_last(mm, list);

		if ((uint32_t)mm->zones[mm_frame_zone(mm, f)].index > sc->highest) {
			mm_list_del(mm, f);
			mm_list_add(mm, list, f);
			continue;
		}
		scanned += 1u << mm_frame(mm, f)->order;
		mm_lru_del(mm, f);
		t->pages[t->nr++] = f;
	}
	sc->nr_scanned += scanned;
}

bool mm_may_reclaim(struct mm *mm, struct frame f, bool writes)
{
	const struct mm_frame *fr = mm_frame(mm, f);

	if (fr->flags & MM_F_PINNED)
		return false;
	if (!writes && fr->flags & (MM_F_DIRTY | MM_F_WRITEBACK))
		return false;
	if (!(fr->flags & (MM_F_ANON | MM_F_SWAPBACKED)) || fr->flags & MM_F_SWAPPED)
		return true;
	if (mm->swap_free < 1u << fr->order)
		return false;
	mm->swap_free -= 1u << fr->order;
	return true;
}

/* The fault that mapped it left its mark: it is spared for another trip around the list
 * [folio_check_references]. */
static bool was_young(struct mm *mm, struct frame f)
{
	bool young = mm_frame(mm, f)->flags & MM_F_YOUNG;

	mm_frame(mm, f)->flags &= ~MM_F_YOUNG;
	return young;
}

/*
 * An anonymous page is written to swap at the first look and goes at the second: the end of its
 * writeback brings it to the old end meanwhile [shrink_folio_list: add_to_swap, pageout;
 * folio_rotate_reclaimable].
 */
static bool swap_out(struct mm *mm, struct frame f)
{
	struct mm_frame *fr = mm_frame(mm, f);

	if (!(fr->flags & (MM_F_ANON | MM_F_SWAPBACKED)) || fr->flags & MM_F_SWAPPED ||
	    !mm_may_reclaim(mm, f, false))
		return false;
	fr->flags |= MM_F_SWAPPED;
	return true;
}

/*
 * A page that cannot go returns to the young end; one that has to be written first is made active
 * and marked, so that the end of its writeback brings it to the old end [shrink_folio_list:
 * activate_locked].
 */
static void keep_page(struct mm *mm, struct frame f, enum mm_lru lru)
{
	struct mm_frame *fr = mm_frame(mm, f);

	if (fr->flags & (MM_F_DIRTY | MM_F_WRITEBACK) && !(fr->flags & MM_F_PINNED)) {
		fr->flags |= MM_F_RECLAIM;
		mm_stats(mm)->activated += 1u << fr->order;
		lru++;
	}
	mm_lru_add(mm, f, lru);
}

void mm_reclaim_page(struct mm *mm, uint32_t cpu, struct frame f, bool kswapd)
{
	struct mm_stats *st = mm_stats(mm);
	uint32_t order = mm_frame(mm, f)->order;
	uint64_t nr = 1ull << order;
	bool anon = mm_frame(mm, f)->flags & (MM_F_ANON | MM_F_SWAPBACKED);

	if (mm_objects(mm)[f.n].flags & MM_O_ORPHAN)
		st->reclaimed_orphans += nr;
	if (mm_on_slab_list(mm, f)) /* a policy may take slab pages, too */
		mm_slab_del(mm, f);
	mm_buffers_go(mm, f, cpu);
	mm_object_unbind(mm, f);
	*(anon ? &st->reclaimed_anon : &st->reclaimed_file) += nr;
	*(kswapd ? &st->reclaimed_kswapd : &st->reclaimed_direct) += nr;
	mm_free_page(mm, cpu, f, order);
}

static bool all_dirty(const struct mm *mm, const struct taken *t)
{
	for (uint32_t i = 0; i < t->nr; i++) {
		if (!(mm_frames(mm)[t->pages[i].n].flags & (MM_F_DIRTY | MM_F_WRITEBACK)))
			return false;
	}
	return true;
}

/*
 * A pass that found nothing but dirty pages wakes the flusher threads, and, without progress, waits
 * for what they write [shrink_inactive_list: WB_REASON_VMSCAN; reclaim_throttle]. Time stands still
 * here, so the pages are written when the wait is over.
 */
void reclaim_wait_for_flusher(struct mm *mm, struct mm_scan *sc)
{
	if (!sc->flusher)
		return;
	sc->flusher = false;
	for (uint32_t n = 0; n < mm->nr_frames; n++) {
		struct mm_frame *fr = &mm_frames(mm)[n];

		if (!(fr->flags & (MM_F_DIRTY | MM_F_WRITEBACK)) || !(fr->flags & MM_F_FILE) ||
		    !mm_on_lru_list(mm, (struct frame){n}))
			continue;
		fr->flags &= ~MM_F_DIRTY;
		mm_lru_written(mm, (struct frame){n});
	}
}

/* shrink_inactive_list: pages that cannot go return to the young end; the others are freed youngest
 * first. */
static uint64_t shrink_inactive(struct mm *mm, uint32_t node, enum mm_lru lru, uint32_t want,
				struct mm_scan *sc)
{
	struct taken t, keep = {.nr = 0};
	uint64_t before = sc->nr_scanned, reclaimed = 0;
	uint32_t i, free_nr = 0;

	isolate(mm, mm_lru_list(mm, node, lru), want, sc, &t);
	*(sc->kswapd ? &mm_stats(mm)->scanned_kswapd : &mm_stats(mm)->scanned_direct) +=
		sc->nr_scanned - before;
	for (i = 0; i < t.nr; i++) {
		if (was_young(mm, t.pages[i]))
			keep.pages[keep.nr++] = t.pages[i];
		else if (swap_out(mm, t.pages[i]))
			mm_lru_add_tail(mm, t.pages[i], lru);
		else if (mm_may_reclaim(mm, t.pages[i], false))
			t.pages[free_nr++] = t.pages[i];
		else
			keep.pages[keep.nr++] = t.pages[i];
	}
	sc->flusher |= t.nr && all_dirty(mm, &t);
	for (i = 0; i < keep.nr; i++)
		keep_page(mm, keep.pages[i], lru);
	while (free_nr--) {
		reclaimed += 1ull << mm_frame(mm, t.pages[free_nr])->order;
		mm_reclaim_page(mm, sc->cpu, t.pages[free_nr], sc->kswapd);
	}
	return reclaimed;
}

/* shrink_active_list: with no accessed bits to see, everything looked at becomes inactive, in its
 * order. */
static void shrink_active(struct mm *mm, uint32_t node, enum mm_lru lru, uint32_t want,
			  struct mm_scan *sc)
{
	struct taken t;
	uint64_t scanned = sc->nr_scanned;
	uint32_t i;

	isolate(mm, mm_lru_list(mm, node, lru), want, sc, &t);
	sc->nr_scanned = scanned; /* pages aged do not count as scanned for reclaim */
	for (i = 0; i < t.nr; i++) {
		was_young(mm, t.pages[i]);
		mm_lru_add(mm, t.pages[i], lru - 1);
		mm_stats(mm)->deactivated += 1u << mm_frame(mm, t.pages[i])->order;
	}
}

void reclaim_age_anon(struct mm *mm, uint32_t node, struct mm_scan *sc)
{
	if (can_reclaim_anon(mm) && mm_lru_inactive_is_low(mm, node, MM_LRU_INACTIVE_ANON))
		shrink_active(mm, node, MM_LRU_ACTIVE_ANON, SWAP_CLUSTER_MAX, sc);
}

/* ---- how much of which list ---- */

struct scan_plan {
	bool deactivate[2]; /* anon, file */
	bool cache_trim, file_is_tiny;
};

/* prepare_scan_count. Refaults are not modelled, so only the balance of the lists decides. */
static void prepare_scan(const struct mm *mm, uint32_t node, const struct mm_scan *sc,
			 struct scan_plan *plan)
{
	const struct mm_node *n = &mm->nodes[node];
	uint64_t free = 0, high = 0, file = n->nr_lru[MM_LRU_INACTIVE_FILE];
	uint32_t z;

	plan->deactivate[0] =
		sc->force_deactivate || mm_lru_inactive_is_low(mm, node, MM_LRU_INACTIVE_ANON);
	plan->deactivate[1] =
		sc->force_deactivate || mm_lru_inactive_is_low(mm, node, MM_LRU_INACTIVE_FILE);
	plan->cache_trim = file >> sc->priority && !plan->deactivate[1];
	for (z = 0; z < mm->nr_zones; z++) {
		if (mm->zones[z].node != (int32_t)node)
			continue;
		free += (uint64_t)(mm->zones[z].free_global > 0 ? mm->zones[z].free_global : 0);
		high += (uint64_t)mm_wmark(mm, z, MM_WMARK_HIGH);
	}
	file += n->nr_lru[MM_LRU_ACTIVE_FILE];
	plan->file_is_tiny = file + free <= high && !plan->deactivate[0] &&
			     n->nr_lru[MM_LRU_INACTIVE_ANON] >> sc->priority;
}

static enum scan_balance scan_balance(const struct mm *mm, const struct mm_scan *sc,
				      const struct scan_plan *plan)
{
	if (!sc->may_swap || !can_reclaim_anon(mm))
		return SCAN_FILE;
	if (!sc->priority)
		return SCAN_EQUAL;
	if (plan->file_is_tiny)
		return SCAN_ANON;
	return plan->cache_trim ? SCAN_FILE : SCAN_FRACT;
}

/* lruvec_lru_size: pages of zones above the wanted ones do not count. */
static uint64_t lru_size(const struct mm *mm, uint32_t node, uint32_t lru, uint32_t highest)
{
	uint64_t pages = 0;

	for (uint32_t z = 0; z < mm->nr_zones; z++) {
		if (reclaim_eligible(mm, z, node, highest))
			pages += mm->zones[z].nr_lru[lru];
	}
	return pages;
}

/* get_scan_count. The costs of refaulting either kind are unknown and taken as equal: swappiness
 * decides. */
static void scan_counts(const struct mm *mm, uint32_t node, const struct mm_scan *sc,
			const struct scan_plan *plan, uint64_t nr[4])
{
	static const uint64_t fraction[2] = {SWAPPINESS, 200 - SWAPPINESS};
	enum scan_balance balance = scan_balance(mm, sc, plan);
	uint32_t lru;

	for (lru = 0; lru < 4; lru++) {
		bool file = lru >= MM_LRU_INACTIVE_FILE;

		nr[lru] = lru_size(mm, node, lru, sc->highest) >> sc->priority;
		if (balance == SCAN_FRACT)
			nr[lru] = nr[lru] * fraction[file] / 200;
		else if (balance != SCAN_EQUAL && (balance == SCAN_FILE) != file)
			nr[lru] = 0;
	}
}

static uint64_t shrink_list(struct mm *mm, uint32_t node, enum mm_lru lru, uint32_t want,
			    struct mm_scan *sc, const struct mm_shrinking *s)
{
	if (lru == MM_LRU_INACTIVE_ANON || lru == MM_LRU_INACTIVE_FILE)
		return shrink_inactive(mm, node, lru, want, sc);
	if (s->deactivate[lru == MM_LRU_ACTIVE_FILE])
		shrink_active(mm, node, lru, want, sc);
	else
		sc->skipped_deactivate = true;
	return 0;
}

/*
 * Enough was reclaimed: the kind with less left to scan is dropped, the other scanned to the same
 * share of its target [shrink_lruvec]. False when nothing is left to balance.
 */
static bool rebalance(uint64_t nr[4], const uint64_t target[4])
{
	uint64_t anon = nr[0] + nr[1], file = nr[2] + nr[3], percent;
	uint32_t drop, keep, i;

	if (!anon || !file)
		return false;
	drop = file > anon ? 0 : 2;
	keep = 2 - drop;
	percent = (drop ? file : anon) * 100 / (target[drop] + target[drop + 1] + 1);
	nr[drop] = nr[drop + 1] = 0;
	for (i = keep; i < keep + 2; i++) {
		uint64_t done = target[i] - nr[i];
		uint64_t goal = target[i] * (100 - percent) / 100;

		nr[i] = goal - min_u64(goal, done);
	}
	return true;
}

/* A portion of the list whose turn it is; false: kswapd has to stop before it. */
static bool one_portion(struct mm *mm, uint32_t node, struct mm_scan *sc, struct mm_shrinking *s)
{
	enum mm_lru lru = s->next;
	uint64_t want = min_u64(s->left[lru], SWAP_CLUSTER_MAX);
	bool active = lru == MM_LRU_ACTIVE_ANON || lru == MM_LRU_ACTIVE_FILE;

	if (want && sc->kswapd && !mm_kswapd_spend(mm, active ? 0 : want, active ? want : 0))
		return false;
	s->left[lru] -= want;
	if (want)
		s->reclaimed += shrink_list(mm, node, lru, (uint32_t)want, sc, s);
	s->next = (s->next + 1) % 4;
	return true;
}

/* One of each list. */
static bool one_round(struct mm *mm, uint32_t node, struct mm_scan *sc, struct mm_shrinking *s)
{
	do {
		if (!one_portion(mm, node, sc, s))
			return false;
	} while (s->next);
	return true;
}

static void begin_lists(const struct mm *mm, uint32_t node, const struct mm_scan *sc,
			struct mm_shrinking *s)
{
	struct scan_plan plan;

	prepare_scan(mm, node, sc, &plan);
	scan_counts(mm, node, sc, &plan, s->left);
	for (uint32_t i = 0; i < 4; i++)
		s->target[i] = s->left[i];
	s->deactivate[0] = plan.deactivate[0];
	s->deactivate[1] = plan.deactivate[1];
	s->reclaimed = 0;
	s->before = sc->nr_reclaimed;
	s->under_way = 1;
}

/* shrink_lruvec; false: kswapd has to stop here. */
static bool shrink_lists(struct mm *mm, uint32_t node, struct mm_scan *sc, struct mm_shrinking *s)
{
	bool proportional = !sc->kswapd && sc->priority == DEF_PRIORITY;

	while (s->next || s->left[MM_LRU_INACTIVE_ANON] || s->left[MM_LRU_ACTIVE_FILE] ||
	       s->left[MM_LRU_INACTIVE_FILE]) {
		if (!one_round(mm, node, sc, s))
			return false;
		if (s->reclaimed < sc->nr_to_reclaim || proportional)
			continue;
		if (!rebalance(s->left, s->target))
			break;
	}
	sc->nr_reclaimed += s->reclaimed;
	reclaim_age_anon(mm, node, sc);
	return true;
}

static bool in_reclaim_compaction(const struct mm_scan *sc)
{
	return can_compact(sc) && sc->order &&
	       (sc->order > COSTLY_ORDER || sc->priority < DEF_PRIORITY - 2);
}

/* should_continue_reclaim: goes on for the compaction to come while it has too few free pages to
 * work with. */
static bool should_continue(struct mm *mm, uint32_t node, uint64_t reclaimed,
			    const struct mm_scan *sc)
{
	uint64_t inactive = mm->nodes[node].nr_lru[MM_LRU_INACTIVE_FILE];
	uint32_t z;

	if (!in_reclaim_compaction(sc) || !reclaimed)
		return false;
	for (z = 0; z < mm->nr_zones; z++) {
		if (mm->zones[z].node != (int32_t)node ||
		    (uint32_t)mm->zones[z].index > sc->highest)
			continue;
		switch (mm_compaction_suitable(mm, z, sc->order, 0, sc->highest)) {
		case MM_COMPACT_SUCCESS:
		case MM_COMPACT_CONTINUE:
			return false;
		default:
			break;
		}
	}
	if (can_reclaim_anon(mm))
		inactive += mm->nodes[node].nr_lru[MM_LRU_INACTIVE_ANON];
	return inactive > compact_gap(sc->order);
}

bool reclaim_shrink_node(struct mm *mm, uint32_t node, struct mm_scan *sc, struct mm_shrinking *s)
{
	do {
		if (!s->under_way)
			begin_lists(mm, node, sc, s);
		if (!shrink_lists(mm, node, sc, s))
			return false;
		s->under_way = 0;
		mm_shrink_slab(mm, node, sc->cpu, sc->gfp, sc->priority);
		s->progress |= sc->nr_reclaimed > s->before;
		if (!sc->kswapd)
			mm_pass_reclaimed(mm, sc->nr_reclaimed - s->before);
	} while (should_continue(mm, node, sc->nr_reclaimed - s->before, sc));
	if (s->progress)
		mm->nodes[node].kswapd_failures = 0;
	s->progress = 0;
	return true;
}

void mm_shrink_node(struct mm *mm, uint32_t node, struct mm_scan *sc)
{
	struct mm_shrinking s = {.under_way = 0};

	while (!reclaim_shrink_node(mm, node, sc, &s))
		;
}

int64_t mm_zone_reclaimable(const struct mm *mm, uint32_t zone)
{
	const uint32_t *nr = mm->zones[zone].nr_lru;
	int64_t pages = (int64_t)nr[MM_LRU_INACTIVE_FILE] + nr[MM_LRU_ACTIVE_FILE];

	if (can_reclaim_anon(mm))
		pages += (int64_t)nr[MM_LRU_INACTIVE_ANON] + nr[MM_LRU_ACTIVE_ANON];
	return pages ? pages : mm->zones[zone].free_global;
}

/* ---- direct reclaim ---- */

/* compaction_ready: enough is free in this zone for compaction to work; reclaiming more would be
 * waste. */
static bool compaction_ready(struct mm *mm, uint32_t zone, const struct mm_scan *sc)
{
	int64_t mark;

	if (!can_compact(sc) || sc->order <= COSTLY_ORDER)
		return false;
	switch (mm_compaction_suitable(mm, zone, sc->order, 0, sc->highest)) {
	case MM_COMPACT_SUCCESS:
		return true;
	case MM_COMPACT_SKIPPED:
	case MM_COMPACT_NOT_SUITABLE_ZONE: /* compaction_suitable makes it SKIPPED for its callers
					    */
		return false;
	default:
		break;
	}
	mark = mm_wmark(mm, zone, MM_WMARK_HIGH) + (int64_t)compact_gap(sc->order);
	return mm_watermark_ok(mm, zone, 0, mark, sc->highest, 0, mm->zones[zone].free_global);
}

/* shrink_zones: each node of the zonelist once, unless its zones are ready for compaction. */
static void shrink_zones(struct mm *mm, uint32_t node, struct mm_scan *sc)
{
	const struct mm_node *from = &mm->nodes[node];
	int32_t last = -1;
	uint32_t i;

	for (i = 0; i < from->nr_zonelist; i++) {
		uint32_t z = from->zonelist[i];

		if ((uint32_t)mm->zones[z].index > sc->highest || !mm_on_node(mm, z, node, sc->gfp))
			continue;
		if (compaction_ready(mm, z, sc)) {
			sc->compaction_ready = true;
			continue;
		}
		if (mm->zones[z].node == last)
			continue;
		last = mm->zones[z].node;
		mm_shrink_node(mm, (uint32_t)last, sc);
	}
}

static void by_priority(struct mm *mm, uint32_t node, struct mm_scan *sc)
{
	for (sc->priority = DEF_PRIORITY; sc->priority >= 0; sc->priority--) {
		sc->nr_scanned = 0;
		shrink_zones(mm, node, sc);
		if (sc->nr_reclaimed >= sc->nr_to_reclaim || sc->compaction_ready)
			return;
		if (!sc->nr_reclaimed)
			reclaim_wait_for_flusher(mm, sc);
	}
}

uint64_t mm_direct_reclaim(struct mm *mm, const struct mm_request *rq, bool compaction)
{
	struct mm_scan sc = {
		.cpu = rq->cpu,
		.order = rq->order,
		.gfp = rq->gfp,
		.highest = mm_gfp_zone(mm, rq->gfp),
		.nr_to_reclaim = SWAP_CLUSTER_MAX,
		.may_swap = true,
		.compaction = compaction,
	};
	uint64_t scanned = mm_stats(mm)->scanned_direct;

	mm_pass_turn(mm); /* cond_resched() in __perform_reclaim */
	mm_stats(mm)->direct_reclaims++;
	by_priority(mm, rq->node, &sc);
	if (!sc.nr_reclaimed && !sc.compaction_ready && sc.skipped_deactivate) {
		sc.force_deactivate = true;
		by_priority(mm, rq->node, &sc);
	}
	mm_note(mm, MM_NOTE_RECLAIMED, 0, (int64_t)sc.nr_reclaimed,
		(int64_t)(mm_stats(mm)->scanned_direct - scanned), sc.priority,
		sc.compaction_ready);
	return sc.nr_reclaimed ? sc.nr_reclaimed : sc.compaction_ready;
}
