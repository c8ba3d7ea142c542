// SPDX-License-Identifier: GPL-2.0-only
/* Many single pages at once [__alloc_pages_bulk, mm/page_alloc.c, 6.1]. */
#include "mm/mm.h"

/* The first zone that has them all above its low mark. */
static uint32_t bulk_zone(const struct mm *mm, const struct mm_request *rq, uint32_t nr)
{
	const struct mm_node *node = &mm->nodes[rq->node];
	uint32_t highest = mm_gfp_zone(mm, rq->gfp);

	for (uint32_t i = 0; i < node->nr_zonelist; i++) {
		uint32_t zone = node->zonelist[i];

		if ((uint32_t)mm->zones[zone].index <= highest &&
		    mm_watermark_fast(mm, zone, 0, mm_wmark(mm, zone, MM_WMARK_LOW) + nr, highest,
				      MM_WMARK_LOW, rq->gfp))
			return zone;
	}
	return UINT32_MAX;
}

uint32_t mm_get_bulk(struct mm *mm, const struct mm_request *rq, struct frame *pages, uint32_t nr)
{
	uint32_t zone = bulk_zone(mm, rq, nr), got = 0;

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
