// SPDX-License-Identifier: GPL-2.0-only
/* The fragmentation index and its relatives [vmstat.c, 5.10 to 7.2 alike]: exact integers. */
#include "mm/mm.h"

void mm_index_from_counts(const uint64_t *nr_free, uint32_t nr_orders, uint32_t order,
			  struct mm_index *out)
{
	out->free_pages = out->free_blocks_total = out->free_blocks_suitable = 0;
	for (uint32_t o = 0; o < nr_orders; o++) {
		out->free_blocks_total += nr_free[o];
		out->free_pages += nr_free[o] << o;
		if (o >= order)
			out->free_blocks_suitable += nr_free[o] << (o - order);
	}
}

void mm_index_info(const struct mm *mm, uint32_t zone, uint32_t order, struct mm_index *out)
{
	uint64_t nr_free[MM_NR_ORDERS];

	for (uint32_t o = 0; o < mm->nr_orders; o++)
		nr_free[o] = mm->zones[zone].nr_free[o];
	mm_index_from_counts(nr_free, mm->nr_orders, order, out);
}

int mm_fragmentation_index(const struct mm_index *ix, uint32_t order)
{
	uint64_t requested = 1ull << order;

	if (!ix->free_blocks_total)
		return 0;
	if (ix->free_blocks_suitable)
		return -1000;
	return 1000 - (int)((1000 + ix->free_pages * 1000 / requested) / ix->free_blocks_total);
}

bool mm_index_lacks_memory(struct mm *mm, uint32_t zone, uint32_t order)
{
	struct mm_index ix;
	int index;

	mm_index_info(mm, zone, order, &ix);
	index = mm_fragmentation_index(&ix, order);
	if (index < 0)
		return false;
	if (index > (int)mm->extfrag_threshold) {
		if (mm->agree.to >= index)
			mm->agree.to = index - 1;
		return false;
	}
	if (mm->agree.from < index)
		mm->agree.from = index;
	return true;
}

int mm_unusable_index(const struct mm_index *ix, uint32_t order)
{
	if (!ix->free_pages)
		return 1000;
	return (int)((ix->free_pages - (ix->free_blocks_suitable << order)) * 1000 /
		     ix->free_pages);
}

int mm_extfrag_for_order(const struct mm_index *ix, uint32_t order)
{
	if (!ix->free_pages)
		return 0;
	return (int)((ix->free_pages - (ix->free_blocks_suitable << order)) * 100 / ix->free_pages);
}
