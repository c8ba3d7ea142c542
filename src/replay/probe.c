// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probes: how many huge pages could be had now? Asked of a clone, so that nothing is disturbed:
 * first from the free lists alone, then with compaction over whole zones, then with a budget of
 * pages to reclaim as well.
 */
#include "replay/whatif.h"

#include <stdlib.h>

#define MAX_PROBES 100000u
#define POOL_GFP                                                                                   \
	(GFP_HIGHMEM | GFP_MOVABLE | GFP_IO | GFP_FS | GFP_DIRECT_RECLAIM | GFP_KSWAPD_RECLAIM |   \
	 GFP_COMP | GFP_NOWARN | GFP_RETRY_MAYFAIL)

int whatif_probe_init(struct whatif *w, uint64_t span, struct error *err)
{
	uint64_t n;

	if (!w->opt->probe_ns)
		return 0;
	n = span / w->opt->probe_ns + 2;
	if (n > MAX_PROBES)
		return error_set(
			err, "probes at this distance would be more than %u; choose a larger one",
			MAX_PROBES);
	w->out->probes = calloc(n, sizeof(*w->out->probes));
	w->scratch = mm_clone(w->mm);
	return w->out->probes && w->scratch ? 0 : error_set(err, "out of memory for probes");
}

static struct frame from_lists(struct mm *mm, const struct mm_request *rq)
{
	return mm_get_page(mm, rq, mm_alloc_flags_slow(mm, rq));
}

static struct frame by_compaction(struct mm *mm, const struct mm_request *rq)
{
	enum mm_compact_result result;

	return mm_compact_direct(mm, rq, mm_alloc_flags_slow(mm, rq), MM_COMPACT_PRIO_SYNC_FULL,
				 &result);
}

/* Each page got stays out, so the clone fills up. */
static uint32_t count(struct mm *mm, const struct mm_request *rq, bool compaction, uint64_t budget)
{
	uint64_t before = mm_stats(mm)->reclaimed_direct;
	uint32_t got = 0;

	for (;;) {
		struct frame f = from_lists(mm, rq);

		if (frame_is_none(f) && compaction)
			f = by_compaction(mm, rq);
		if (!frame_is_none(f)) {
			got++;
			continue;
		}
		if (mm_stats(mm)->reclaimed_direct - before >= budget ||
		    !mm_direct_reclaim(mm, rq, false))
			return got;
	}
}

static void take(struct whatif *w, struct probe_sample *p)
{
	struct mm_request rq = {
		.order = w->mm->pageblock_order, .gfp = POOL_GFP, .type = MM_MOVABLE};

	mm_copy(w->scratch, w->mm);
	w->scratch->extfrag_threshold = 0;
	p->free = count(w->scratch, &rq, false, 0);
	p->compaction = p->free + count(w->scratch, &rq, true, 0);
	p->reclaim = p->compaction;
	if (w->opt->probe_pages)
		p->reclaim += count(w->scratch, &rq, true, w->opt->probe_pages);
}

void whatif_probe(struct whatif *w, uint64_t time)
{
	while (w->scratch && w->next_probe <= time) {
		struct probe_sample *p = &w->out->probes[w->out->nr_probes++];

		p->time = w->next_probe;
		take(w, p);
		w->next_probe += w->opt->probe_ns;
	}
}
