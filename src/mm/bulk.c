// SPDX-License-Identifier: GPL-2.0-only
/* Many single pages at once [__alloc_pages_bulk, mm/page_alloc.c, 6.1]. */
#include "mm/mm.h"

uint32_t mm_bulk_zone(const struct mm *mm, uint32_t from, uint32_t gfp, uint32_t nr)
{
	const struct mm_node *node = &mm->nodes[from];
	uint32_t highest = mm_gfp_zone(mm, gfp);
	int32_t local = -1; /* the preferred zone's node */

	for (uint32_t i = 0; i < node->nr_zonelist; i++) {
		uint32_t zone = node->zonelist[i];
		const struct mm_zone *z = &mm->zones[zone];

		if ((uint32_t)z->index > highest)
			continue;
		if (local < 0)
			local = z->node;
		if (z->node != local)
			break;
		if (mm_watermark_fast(mm, zone, 0, mm_wmark(mm, zone, MM_WMARK_LOW) + nr, highest,
				      MM_WMARK_LOW, gfp))
			return zone;
	}
	return UINT32_MAX;
}

uint32_t mm_piece_order(const struct mm *mm, struct frame f, uint32_t nr)
{
	uint32_t order = 0;

	while (order + 1 < mm->nr_orders && 2u << order <= nr && !(f.n & ((2u << order) - 1)))
		order++;
	return order;
}

uint32_t mm_get_bulk(struct mm *mm, const struct mm_request *rq, struct frame *pages, uint32_t nr)
{
	uint32_t zone = mm_bulk_zone(mm, rq->node, rq->gfp, nr), got = 0;

	mm->cpu = rq->cpu;
	while (zone != UINT32_MAX && got < nr) {
		struct frame f = mm_pcp_pop(mm, zone, rq->cpu, 0, rq->type);

		if (!frame_is_none(f))
			pages[got++] = f;
		else if (!mm_refill(mm, zone, rq->cpu, 0, rq->type, MM_WMARK_LOW))
			break;
	}
	mm_stats(mm)->allocs[0] += got;
	return got;
}
