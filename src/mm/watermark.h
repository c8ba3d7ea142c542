/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watermarks, whole allocations and frees, and the two fragmentation indices; part of the face of
 * src/mm (mm.h includes this file). Marks and counts are in pages.
 * Sources: mm/page_alloc.c (zone_watermark_ok, get_page_from_freelist, setup_per_zone_wmarks),
 * mm/vmstat.c (indices) of the kernel that the era names: watermark.c, index.c.
 */
#ifndef ZR_MM_WATERMARK_H
#define ZR_MM_WATERMARK_H

struct mm_request {
	uint32_t cpu, node;
	uint32_t order;
	uint32_t gfp;  /* MM_GFP_* */
	uint32_t type; /* migratetype asked for */
	uint32_t pid;
};
uint32_t mm_gfp_type(uint32_t gfp);
/* Highest zone index that gfp allows. */
uint32_t mm_gfp_zone(const struct mm *mm, uint32_t gfp);
uint32_t mm_alloc_flags_fast(const struct mm *mm, const struct mm_request *rq);
uint32_t mm_alloc_flags_slow(const struct mm *mm, const struct mm_request *rq);
bool mm_watermark_ok(const struct mm *mm, uint32_t zone, uint32_t order, int64_t mark,
		     uint32_t highest, uint32_t alloc_flags, int64_t free);
bool mm_watermark_fast(const struct mm *mm, uint32_t zone, uint32_t order, int64_t mark,
		       uint32_t highest, uint32_t alloc_flags, uint32_t gfp);
/* May the request take from the zone? Notes in 6.12 that the zone is below its high mark. */
bool mm_zone_suits(struct mm *mm, uint32_t zone, uint32_t order, uint32_t highest,
		   uint32_t alloc_flags, uint32_t gfp);
/* The sum behind mm_watermark_ok(): the request passes when free - unusable > min + reserve and,
 * above order 0, a page is there. */
struct mm_watermark_sum {
	int64_t free, unusable, min, reserve;
	bool page; /* some list that the request may use has a page of its order */
};
void mm_watermark_sum(const struct mm *mm, uint32_t zone, uint32_t order, int64_t mark,
		      uint32_t highest, uint32_t alloc_flags, struct mm_watermark_sum *out);
/* min, low or high with the zone's boost. */
int64_t mm_wmark(const struct mm *mm, uint32_t zone, enum mm_wmark w);
/* vm.min_free_kbytes changed: watermarks, no boost, sizes of the per-cpu lists
 * [setup_per_zone_wmarks]. */
void mm_set_min_free(struct mm *mm, uint32_t min_free_kbytes, uint32_t scale_factor);
/* The same for one zone, whose marks are known. */
void mm_set_wmarks(struct mm *mm, uint32_t zone, const uint32_t wmark[MM_NR_WMARK]);
/*
 * vm.defrag_mode (6.15; nothing happens in eras without it): requests never pollute a pageblock
 * until reclaim and compaction have done what they can; kswapd and kcompactd work for whole
 * pageblocks. What drops MM_ALLOC_NOFRAGMENT in the end is the policy's affair.
 */
void mm_set_defrag_mode(struct mm *mm, bool on);
/* NR_FREE_PAGES_BLOCKS: free pages in buddies of at least a pageblock. */
int64_t mm_free_in_blocks(const struct mm *mm, uint32_t zone);
/* get_page_from_freelist: FRAME_NONE when no zone gives a page. The page is marked allocated. */
struct frame mm_get_page(struct mm *mm, const struct mm_request *rq, uint32_t alloc_flags);
/* May a request of @gfp to @node use this node's zone? Only __GFP_THISNODE forbids it
 * [ZONELIST_NOFALLBACK]. */
static inline bool mm_on_node(const struct mm *mm, uint32_t zone, uint32_t node, uint32_t gfp)
{
	return !(gfp & MM_GFP_THISNODE) || (uint32_t)mm->zones[zone].node == node;
}
/* Does the request's zonelist have this zone? */
bool mm_may_use(const struct mm *mm, const struct mm_request *rq, uint32_t zone);
/* The zone that a bulk allocation of @nr pages takes them from: the first one of @node that has
 * them all above its low mark; UINT32_MAX: none. */
uint32_t mm_bulk_zone(const struct mm *mm, uint32_t node, uint32_t gfp, uint32_t nr);
/* @nr single pages off the per-cpu lists of one zone [__alloc_pages_bulk], or as many as there are:
 * bulk.c. */
uint32_t mm_get_bulk(struct mm *mm, const struct mm_request *rq, struct frame *pages, uint32_t nr);
/* Frees a page of any order as the kernel does: per-cpu list or direct, with the drain it causes
 * [free_unref_page]. */
void mm_free_page(struct mm *mm, uint32_t cpu, struct frame f, uint32_t order);
/* Highatomic reserve [reserve_highatomic_pageblock, unreserve_highatomic_pageblock]. */
void mm_reserve_highatomic(struct mm *mm, uint32_t zone, struct frame f);
bool mm_unreserve_highatomic(struct mm *mm, const struct mm_request *rq, bool force);

/* ---- indices [vmstat.c]: exact integers ---- */

struct mm_index {
	uint64_t free_pages, free_blocks_total, free_blocks_suitable;
};
void mm_index_info(const struct mm *mm, uint32_t zone, uint32_t order, struct mm_index *out);
void mm_index_from_counts(const uint64_t *nr_free, uint32_t nr_orders, uint32_t order,
			  struct mm_index *out);
int mm_fragmentation_index(const struct mm_index *ix,
			   uint32_t order); /* -1000 or -500..1000, per mille */
/* Is the index a sign that memory lacks (0 to extfrag_threshold), so that compacting the zone would
 * not help? Narrows mm->agree. */
bool mm_index_lacks_memory(struct mm *mm, uint32_t zone, uint32_t order);
int mm_unusable_index(const struct mm_index *ix, uint32_t order);    /* 0..1000 per mille */
int mm_extfrag_for_order(const struct mm_index *ix, uint32_t order); /* 0..100 per cent */

#endif
