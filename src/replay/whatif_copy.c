// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies of a replay under way. Everything in struct whatif that steers the replay is copied and
 * compared here: its machine, its tables, its pool. What only counts is in struct whatif_tally.
 */
#include "replay/whatif.h"

#include <stdlib.h>
#include <string.h>

int whatif_clone(struct whatif *dst, const struct whatif *src, struct outcome *out,
		 struct error *err)
{
	*dst = (struct whatif){.out = out};
	dst->mm = malloc(src->mm->size);
	dst->alive = calloc(src->mm->nr_ids + 1u, sizeof(*dst->alive));
	dst->orphans = calloc(src->demand->nr_files + 1ull, sizeof(*dst->orphans));
	dst->returning = calloc(src->demand->nr_returning + 1ull, sizeof(*dst->returning));
	dst->ranges = calloc(src->demand->nr_ranges + 1ull, sizeof(*dst->ranges));
	dst->bulk_pages = calloc(src->demand->bulk_most + 1ull, sizeof(*dst->bulk_pages));
	dst->pool.extra = calloc(src->pool.max_extra + 1u, sizeof(*dst->pool.extra));
	if (!dst->mm || !dst->alive || !dst->orphans || !dst->returning || !dst->ranges ||
	    !dst->bulk_pages || !dst->pool.extra) {
		whatif_release(dst);
		return error_set(err, "out of memory for another machine of %llu MiB",
				 (unsigned long long)(src->mm->size >> 20));
	}
	whatif_copy(dst, src);
	return 0;
}

void whatif_copy(struct whatif *dst, const struct whatif *src)
{
	struct whatif own = *dst;

	mm_copy(own.mm, src->mm);
	memcpy(own.alive, src->alive, src->mm->nr_ids + 1u);
	memcpy(own.orphans, src->orphans, (src->demand->nr_files + 1ull) * sizeof(*own.orphans));
	memcpy(own.returning, src->returning,
	       (src->demand->nr_returning + 1ull) * sizeof(*own.returning));
	memcpy(own.ranges, src->ranges, (src->demand->nr_ranges + 1ull) * sizeof(*own.ranges));
	memcpy(own.bulk_pages, src->bulk_pages, src->nr_bulk * sizeof(*own.bulk_pages));
	memcpy(own.pool.extra, src->pool.extra, src->pool.nr_extra * sizeof(*own.pool.extra));
	memcpy(own.out, src->out, sizeof(*own.out));
	*dst = *src;
	dst->mm = dst->env.mm = own.mm;
	dst->alive = own.alive;
	dst->orphans = own.orphans;
	dst->returning = own.returning;
	dst->returning_seen = UINT64_MAX;
	dst->ranges = own.ranges;
	dst->bulk_pages = own.bulk_pages;
	dst->pool.extra = own.pool.extra;
	dst->out = own.out;
	dst->env.params = dst->params;
	dst->env.driver = dst;
	/* These stay with the first replay: clones take no injections, probes, maps or bounds. */
	dst->mapper = own.mapper;
	dst->injected = own.injected;
	dst->scratch = own.scratch;
	dst->bound = own.bound;
	dst->deaths = own.deaths;
}

/* The head whole, but for what tune itself sets: who adds to it need not think of this. */
static bool same_head(const struct mm *a, const struct mm *b)
{
	struct mm head;

	memcpy(&head, a, sizeof(head));
	head.extfrag_threshold = b->extfrag_threshold;
	head.agree = b->agree;
	return !memcmp(&head, b, sizeof(head));
}

/* Zones differ in nearly every case, so asking is cheap. */
static bool same_machine(const struct mm *a, const struct mm *b)
{
	return !memcmp(&a->zones, &b->zones, sizeof(a->zones)) && same_head(a, b) &&
	       !memcmp(mm_at(a, a->off_pcps), mm_at(b, b->off_pcps), a->off_stats - a->off_pcps);
}

static bool same_pool(const struct whatif_pool *a, const struct whatif_pool *b)
{
	return a->intent == b->intent && a->marked == b->marked && a->target == b->target &&
	       a->last_target == b->last_target && a->asked == b->asked && a->got == b->got &&
	       a->failed == b->failed && a->recorded == b->recorded && a->replayed == b->replayed &&
	       a->nr_extra == b->nr_extra &&
	       !memcmp(&a->request, &b->request, sizeof(a->request)) &&
	       !memcmp(a->extra, b->extra, a->nr_extra * sizeof(*a->extra));
}

static bool same_wake(const struct whatif_wake *a, const struct whatif_wake *b)
{
	return a->due == b->due && (!a->due || (a->order == b->order && a->highest == b->highest));
}

static bool same_kswapd(const struct whatif_kswapd *a, const struct whatif_kswapd *b)
{
	return a->state == b->state && a->order == b->order && a->highest == b->highest &&
	       a->failures == b->failures && same_wake(&a->asked, &b->asked) &&
	       (a->state != KSWAPD_NAPS || (a->left == b->left && a->nap_ends == b->nap_ends));
}

static bool same_wakes(const struct whatif *a, const struct whatif *b)
{
	for (uint32_t node = 0; node < a->mm->nr_nodes; node++) {
		if (!same_wake(&a->kcompactd[node], &b->kcompactd[node]) ||
		    !same_kswapd(&a->kswapd[node], &b->kswapd[node]))
			return false;
	}
	return a->kswapd_clock.rest == b->kswapd_clock.rest &&
	       a->kcompactd_clock.rest == b->kcompactd_clock.rest && a->next_tick == b->next_tick;
}

bool whatif_same_future(const struct whatif *a, const struct whatif *b)
{
	return same_machine(a->mm, b->mm) && same_pool(&a->pool, &b->pool) && same_wakes(a, b) &&
	       !memcmp(a->ranges, b->ranges, (a->demand->nr_ranges + 1ull) * sizeof(*a->ranges)) &&
	       !a->contig.pid && !b->contig.pid && a->nr_bulk == b->nr_bulk &&
	       !memcmp(a->bulk_pages, b->bulk_pages, a->nr_bulk * sizeof(*a->bulk_pages)) &&
	       !memcmp(a->alive, b->alive, a->mm->nr_ids + 1u);
}

/* ---- counts ---- */

void whatif_tally_get(struct whatif_tally *t, const struct whatif *w)
{
	const struct outcome *o = w->out;

	t->stats = *mm_stats(w->mm);
	memcpy(t->orders, o->orders, sizeof(t->orders));
	t->huge_wanted = o->huge_wanted;
	t->huge_got = o->huge_got;
	t->substituted = o->substituted;
	t->rereads = w->rereads;
	t->background_scanned = w->background_scanned;
	t->agreed_drops = w->agreed_drops;
	t->unplaced = w->unplaced;
}

void whatif_tally_set(const struct whatif_tally *t, struct whatif *w)
{
	struct outcome *o = w->out;

	*mm_stats(w->mm) = t->stats;
	memcpy(o->orders, t->orders, sizeof(t->orders));
	o->huge_wanted = t->huge_wanted;
	o->huge_got = t->huge_got;
	o->substituted = t->substituted;
	w->rereads = t->rereads;
	w->background_scanned = t->background_scanned;
	w->agreed_drops = t->agreed_drops;
	w->unplaced = t->unplaced;
}

_Static_assert(sizeof(struct whatif_tally) % sizeof(uint64_t) == 0, "added up as 64-bit words");

/* Differences may be negative: they are modulo 2^64. */
void whatif_tally_add(struct whatif_tally *t, const struct whatif_tally *plus,
		      const struct whatif_tally *minus)
{
	uint64_t word, p, m;

	for (size_t i = 0; i < sizeof(*t); i += sizeof(word)) {
		memcpy(&word, (char *)t + i, sizeof(word));
		memcpy(&p, (const char *)plus + i, sizeof(p));
		m = 0;
		if (minus)
			memcpy(&m, (const char *)minus + i, sizeof(m));
		word += p - m;
		memcpy((char *)t + i, &word, sizeof(word));
	}
}
