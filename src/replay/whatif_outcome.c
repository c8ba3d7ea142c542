// SPDX-License-Identifier: GPL-2.0-only
/* What came of a replay, and the range over the scenarios. */
#include "replay/whatif.h"

#include <stdlib.h>

static uint64_t orphans(const struct mm *mm)
{
	uint64_t pages = 0;

	for (uint32_t n = 0; n < mm->nr_frames; n++) {
		if (mm_frames(mm)[n].flags & MM_F_HEAD && mm_objects(mm)[n].flags & MM_O_ORPHAN)
			pages += 1ull << mm_frames(mm)[n].order;
	}
	return pages;
}

static struct ranged single(uint64_t v)
{
	return (struct ranged){.central = (int64_t)v, .low = (int64_t)v, .high = (int64_t)v};
}

static void fill_mechanisms(struct outcome *o, const struct mm_stats *st)
{
	o->reclaimed_kswapd = st->reclaimed_kswapd;
	o->reclaimed_direct = st->reclaimed_direct;
	o->pages_reclaimed = single(st->reclaimed_kswapd + st->reclaimed_direct);
	o->pages_migrated = st->migrated;
	o->migrate_failed = st->migrate_failed;
	o->migrate_scanned = st->migrate_scanned;
	o->free_scanned = st->free_scanned;
	o->compact_stall = st->compact_stall;
	o->compact_success = st->compact_success;
	o->compact_fail = st->compact_fail;
	o->compact_deferred = st->compact_deferred;
	o->direct_reclaims = st->direct_reclaims;
	o->kswapd_runs = st->kswapd_runs;
}

/* What direct reclaim and direct compaction would have cost whoever waited for them. */
static struct ranged stall(const struct whatif *w, const struct stall_costs *c)
{
	const struct mm_stats *st = mm_stats(w->mm);
	uint64_t scanned = st->migrate_scanned + st->free_scanned - w->background_scanned;
	int64_t ns[3];

	for (int i = 0; i < 3; i++)
		ns[i] = (int64_t)(st->reclaimed_direct * c->reclaimed[i] + scanned * c->scanned[i]);
	return (struct ranged){.low = ns[0], .central = ns[1], .high = ns[2]};
}

/* A pool that is filled, emptied and filled again within one intent gets more than it wants. */
static void cap(struct outcome *o)
{
	if (o->huge_got > o->huge_wanted)
		o->huge_got = o->huge_wanted;
	for (uint32_t order = o->pageblock_order; order < OUTCOME_NR_ORDERS; order++) {
		struct order_outcome *oo = &o->orders[order];
		uint64_t excess = oo->successes > oo->attempts ? oo->successes - oo->attempts : 0;
		uint64_t fast = oo->fast < excess ? oo->fast : excess;

		oo->successes -= excess;
		oo->fast -= fast;
		oo->slow -= excess - fast;
	}
}

void whatif_fill(struct whatif *w, const struct stall_costs *costs)
{
	const struct mm_stats *st = mm_stats(w->mm);
	uint64_t alive = st->reclaimed_kswapd + st->reclaimed_direct - st->reclaimed_orphans;
	struct outcome *o = w->out;

	fill_mechanisms(o, st);
	cap(o);
	o->huge_success = single(o->huge_got);
	o->unknown_death = orphans(w->mm);
	o->dropped_alive = alive > w->agreed_drops ? alive - w->agreed_drops : 0;
	o->rereads = w->rereads;
	o->state_hash = mm_hash(w->mm);
	o->stall_ns = stall(w, costs);
}

/* ---- bounds ---- */

/* What counting alone allows: every request is met, the pool gets all that there can be, for as
 * little as that can take. */
static void relax(struct outcome *o)
{
	static const struct mm_stats nothing_done;
	uint64_t rest = o->work_least - o->moved_least;

	for (uint32_t order = 0; order < OUTCOME_NR_ORDERS; order++) {
		struct order_outcome *oo = &o->orders[order];
		bool huge = order == o->pageblock_order;

		oo->successes = huge ? o->huge_possible : oo->attempts;
		oo->fast = oo->successes;
		oo->slow = 0;
	}
	fill_mechanisms(o, &nothing_done);
	o->huge_got = o->huge_possible;
	o->huge_success = single(o->huge_got);
	o->pages_migrated = o->moved_least;
	o->pages_reclaimed = single(rest > o->reclaimed_least ? rest : o->reclaimed_least);
	o->substituted = o->unknown_death = o->dropped_alive = o->rereads = 0;
	o->approximate_lru = false;
}

void whatif_fill_bounds(struct whatif *w)
{
	const struct bound_least *least = &w->least;
	struct outcome *o = w->out;

	o->huge_possible = bound_end(&w->bound);
	if (w->policy->caps & POLICY_CAP_RELAXED)
		least = &w->bound.least;
	o->moved_least = least->moved;
	o->reclaimed_least = least->reclaimed;
	o->work_least = least->either;
	if (w->policy->caps & POLICY_CAP_RELAXED)
		relax(o);
}

/* ---- the range over the scenarios ---- */

static void widen(struct ranged *r, const struct ranged *other)
{
	if (other->low < r->low)
		r->low = other->low;
	if (other->high > r->high)
		r->high = other->high;
}

static int64_t distance(const struct ranged *a, const struct ranged *b)
{
	return llabs(a->central - b->central);
}

void outcome_widen(struct outcome *out, const struct outcome *other, const char *name,
		   struct whatif_swing *most)
{
	struct whatif_swing s = {.success = distance(&out->huge_success, &other->huge_success),
				 .reclaimed =
					 distance(&out->pages_reclaimed, &other->pages_reclaimed)};

	if (s.success > most->success ||
	    (s.success == most->success && s.reclaimed > most->reclaimed)) {
		snprintf(out->assumption, sizeof(out->assumption), "%s", name);
		*most = s;
	}
	widen(&out->huge_success, &other->huge_success);
	widen(&out->pages_reclaimed, &other->pages_reclaimed);
	widen(&out->stall_ns, &other->stall_ns);
}
