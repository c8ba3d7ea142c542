/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside src/mm: what direct reclaim and kswapd share (reclaim.c). */
#ifndef ZR_MM_RECLAIM_INTERNAL_H
#define ZR_MM_RECLAIM_INTERNAL_H

#include "mm/mm.h"

#define DEF_PRIORITY 12
#define SWAP_CLUSTER_MAX 32u
#define MAX_RECLAIM_RETRIES 16u

/* Pages that compaction wants free for a page of @order [compact_gap]. */
static inline uint64_t compact_gap(uint32_t order)
{
	return 2ull << order;
}

/* Has @node pages in the zone, and is it not above @highest? */
bool reclaim_eligible(const struct mm *mm, uint32_t z, uint32_t node, uint32_t highest);
/* Ages active anonymous pages where there are too few inactive ones. */
void reclaim_age_anon(struct mm *mm, uint32_t node, struct mm_scan *sc);
/*
 * As mm_shrink_node(), but kswapd stops where its budget is used up and goes on with @s, in which
 * nothing is under way at first. True when it is done.
 */
bool reclaim_shrink_node(struct mm *mm, uint32_t node, struct mm_scan *sc, struct mm_shrinking *s);
/* After a pass without progress. */
void reclaim_wait_for_flusher(struct mm *mm, struct mm_scan *sc);

#endif
