// SPDX-License-Identifier: GPL-2.0-only
/*
 * Per-cpu lists that size themselves [page_alloc.c, 6.12]: how much a refill brings and a full list
 * drains follows from the allocations and frees in a row. Arithmetic alone: works on a struct
 * mm_pcp, so that drivers can ask beforehand.
 */
#include "mm/era.h"

#define PREV_FREE_HIGH_ORDER                                                                       \
	1		  /* PCPF_PREV_FREE_HIGH_ORDER: the free before was of order 1 to 3        \
			   */
#define FREE_HIGH_BATCH 2 /* PCPF_FREE_HIGH_BATCH: a batch may stay, the cache is large enough */

static int32_t min32(int32_t a, int32_t b)
{
	return a < b ? a : b;
}

static int32_t max32(int32_t a, int32_t b)
{
	return a > b ? a : b;
}

/* The upper bound wins, as in the kernel's clamp. */
static int32_t clamp32(int32_t x, int32_t lowest, int32_t highest)
{
	return min32(max32(x, lowest), highest);
}

static int32_t batch_scaled(const struct mm *mm, const struct mm_pcp *pcp)
{
	return pcp->batch << mm_era_of(mm)->pcp_batch_scale_max;
}

/* nr_pcp_alloc */
uint32_t mm_tuned_refill(const struct mm *mm, uint32_t zone, struct mm_pcp *pcp, uint32_t order)
{
	int32_t batch = pcp->batch;

	pcp->high = clamp32(pcp->high, pcp->high_min, pcp->high_max);
	if (pcp->high < pcp->batch)
		return 1;
	if (!order)
		batch <<= pcp->alloc_factor;
	if (pcp->high_min != pcp->high_max && !(mm->zones[zone].flags & MM_ZONE_BELOW_HIGH))
		pcp->high = min32(pcp->high + batch, pcp->high_max);
	if (!order) {
		int32_t room = max32(pcp->high - pcp->count - pcp->batch, pcp->batch);

		if (batch <= room &&
		    (uint32_t)pcp->alloc_factor < mm_era_of(mm)->pcp_batch_scale_max)
			pcp->alloc_factor++;
		batch = min32(batch, room);
	}
	if (batch > 1)
		batch = max32(batch >> order, 2);
	return (uint32_t)batch;
}

/* nr_pcp_high: how full the lists may be; the limit for the next time moves with it */
static int32_t high_now(const struct mm *mm, uint32_t zone, struct mm_pcp *pcp, bool free_high)
{
	uint32_t flags = mm->zones[zone].flags;
	int32_t high = pcp->high = clamp32(pcp->high, pcp->high_min, pcp->high_max);
	int32_t freed = max32(pcp->free_count, pcp->batch);

	if (!high)
		return 0;
	if (free_high) {
		pcp->high = max32(high - batch_scaled(mm, pcp), pcp->high_min);
		return 0;
	}
	if (flags & MM_ZONE_RECLAIM_ACTIVE) {
		pcp->high = max32(high - freed, pcp->high_min);
		return min32(pcp->batch << 2, pcp->high);
	}
	if (pcp->high_min == pcp->high_max)
		return high;
	if (flags & MM_ZONE_BELOW_HIGH) {
		pcp->high = max32(high - freed, pcp->high_min);
		return max32(pcp->count, pcp->high_min);
	}
	if (pcp->count >= high && pcp->high < pcp->free_count + pcp->batch)
		pcp->high = clamp32(pcp->free_count + pcp->batch, pcp->high_min, pcp->high_max);
	return high;
}

/* nr_pcp_free */
static int32_t nr_to_drain(const struct mm *mm, const struct mm_pcp *pcp, int32_t high,
			   bool free_high)
{
	if (free_high)
		return min32(pcp->count, batch_scaled(mm, pcp));
	if (high < pcp->batch)
		return 1;
	return clamp32(pcp->free_count, pcp->batch, high - pcp->batch);
}

/* Is this one of many frees of orders 1 to 3, after which the lists are emptied? */
static bool frees_all(const struct mm *mm, struct mm_pcp *pcp, uint32_t order)
{
	bool before = pcp->flags & PREV_FREE_HIGH_ORDER;
	int32_t enough = pcp->batch;

	pcp->flags &= ~PREV_FREE_HIGH_ORDER;
	if (!order || order > mm_era_of(mm)->pcp_max_order)
		return false;
	pcp->flags |= PREV_FREE_HIGH_ORDER;
	if (mm_era_of(mm)->free_high_late)
		enough += pcp->high_min / 2;
	return before && pcp->free_count >= enough &&
	       (!(pcp->flags & FREE_HIGH_BATCH) || pcp->count >= pcp->batch);
}

/* free_unref_page_commit, the numbers: the page is counted, and what must be drained returned, 0
 * for nothing */
int32_t mm_tuned_free(const struct mm *mm, uint32_t zone, struct mm_pcp *pcp, uint32_t order)
{
	bool free_high;
	int32_t high;

	pcp->alloc_factor >>= 1;
	pcp->count += 1 << order;
	free_high = frees_all(mm, pcp, order);
	if (pcp->free_count < batch_scaled(mm, pcp))
		pcp->free_count += 1 << order;
	high = high_now(mm, zone, pcp, free_high);
	return pcp->count >= high ? nr_to_drain(mm, pcp, high, free_high) : 0;
}

/* decay_pcp_high, before it drains: how many base pages it takes off */
int32_t mm_pcp_decay(struct mm *mm, uint32_t zone, uint32_t cpu)
{
	struct mm_pcp *pcp = mm_pcp(mm, zone, cpu);

	if (pcp->high > pcp->high_min)
		pcp->high = max32(
			max32(pcp->count - batch_scaled(mm, pcp), pcp->high - (pcp->high >> 3)),
			pcp->high_min);
	return max32(pcp->count - pcp->high, 0);
}
