// SPDX-License-Identifier: GPL-2.0-only
/* Watermarks, alloc flags and the walk over zones [page_alloc.c, 6.1]. */
#include "mm/era.h"

#include <string.h>

/* Requests that may use reserves [ALLOC_RESERVES]. */
#define ALLOC_RESERVES                                                                             \
	(MM_ALLOC_NON_BLOCK | MM_ALLOC_MIN_RESERVE | MM_ALLOC_HIGHATOMIC | MM_ALLOC_OOM)

uint32_t mm_gfp_type(uint32_t gfp)
{
	return (gfp & (MM_GFP_MOVABLE | MM_GFP_RECLAIMABLE)) >> 3;
}

static uint32_t index_or(const struct mm *mm, enum mm_zone_kind kind, uint32_t otherwise)
{
	return mm->zone_index_of[kind] == MM_NO_ZONE_INDEX ? otherwise : mm->zone_index_of[kind];
}

/* gfp_zone: a zone that the kernel was built without stands for NORMAL [OPT_ZONE_*]. */
uint32_t mm_gfp_zone(const struct mm *mm, uint32_t gfp)
{
	uint32_t normal = index_or(mm, MM_ZK_NORMAL, 0);

	if (gfp & MM_GFP_DMA)
		return index_or(mm, MM_ZK_DMA, normal);
	if (gfp & MM_GFP_DMA32)
		return index_or(mm, MM_ZK_DMA32, normal);
	if ((gfp & MM_GFP_MOVABLE) && (gfp & MM_GFP_HIGHMEM))
		return index_or(mm, MM_ZK_MOVABLE, normal);
	if (gfp & MM_GFP_HIGHMEM)
		return index_or(mm, MM_ZK_HIGHMEM, normal);
	return normal;
}

bool mm_may_use(const struct mm *mm, const struct mm_request *rq, uint32_t zone)
{
	return (uint32_t)mm->zones[zone].index <= mm_gfp_zone(mm, rq->gfp) &&
	       mm_on_node(mm, zone, rq->node, rq->gfp);
}

/* First populated zone of the request's zonelist; UINT32_MAX if none. */
static uint32_t preferred_zone(const struct mm *mm, const struct mm_request *rq)
{
	const struct mm_node *node = &mm->nodes[rq->node];

	for (uint32_t i = 0; i < node->nr_zonelist; i++)
		if (mm_may_use(mm, rq, node->zonelist[i]))
			return node->zonelist[i];
	return UINT32_MAX;
}

static bool node_has_index(const struct mm *mm, int32_t node, uint32_t index)
{
	for (uint32_t z = 0; z < mm->nr_zones; z++)
		if (mm->zones[z].node == node && (uint32_t)mm->zones[z].index == index)
			return true;
	return false;
}

/* alloc_flags_nofragment: only where there is a DMA32 zone to turn to before fragmenting NORMAL */
static uint32_t flags_nofragment(const struct mm *mm, uint32_t zone)
{
	uint32_t dma32 = mm->zone_index_of[MM_ZK_DMA32];

	if (dma32 == MM_NO_ZONE_INDEX || zone == UINT32_MAX)
		return 0;
	if (mm->zones[zone].index != mm->zone_index_of[MM_ZK_NORMAL])
		return 0;
	if (mm->nr_nodes > 1 && !node_has_index(mm, mm->zones[zone].node, dma32))
		return 0;
	return MM_ALLOC_NOFRAGMENT;
}

uint32_t mm_alloc_flags_fast(const struct mm *mm, const struct mm_request *rq)
{
	uint32_t flags = MM_WMARK_LOW;

	if (rq->gfp & MM_GFP_KSWAPD_RECLAIM)
		flags |= MM_ALLOC_KSWAPD;
	if (rq->type == MM_MOVABLE)
		flags |= MM_ALLOC_CMA;
	if (mm->defrag_mode)
		return flags | MM_ALLOC_NOFRAGMENT;
	return flags | flags_nofragment(mm, preferred_zone(mm, rq));
}

/* gfp_to_alloc_flags before 6.1.116 */
static uint32_t flags_slow_harder(const struct mm_request *rq, uint32_t flags)
{
	if (!(rq->gfp & MM_GFP_ATOMIC))
		return flags;
	flags &= ~MM_ALLOC_CPUSET;
	if (rq->gfp & MM_GFP_NOMEMALLOC)
		return flags;
	/* HARDER requests of an order above 0 had what HIGHATOMIC names now. */
	return flags | MM_ALLOC_NON_BLOCK | (rq->order ? MM_ALLOC_HIGHATOMIC : 0);
}

/* gfp_to_alloc_flags; real-time tasks are not told apart */
uint32_t mm_alloc_flags_slow(const struct mm *mm, const struct mm_request *rq)
{
	uint32_t flags = MM_WMARK_MIN | MM_ALLOC_CPUSET;

	if (rq->type == MM_MOVABLE)
		flags |= MM_ALLOC_CMA;
	if (rq->gfp & MM_GFP_HIGH)
		flags |= MM_ALLOC_MIN_RESERVE;
	if (rq->gfp & MM_GFP_KSWAPD_RECLAIM)
		flags |= MM_ALLOC_KSWAPD;
	if (mm->defrag_mode)
		flags |= MM_ALLOC_NOFRAGMENT;
	if (mm_era_of(mm)->harder)
		return flags_slow_harder(rq, flags);
	if (!(rq->gfp & MM_GFP_DIRECT_RECLAIM)) {
		if (!(rq->gfp & MM_GFP_NOMEMALLOC)) {
			flags |= MM_ALLOC_NON_BLOCK;
			if (rq->order &&
			    (!mm_era_of(mm)->highatomic_needs_high || (rq->gfp & MM_GFP_HIGH)))
				flags |= MM_ALLOC_HIGHATOMIC;
		}
		if (flags & MM_ALLOC_MIN_RESERVE)
			flags &= ~MM_ALLOC_CPUSET;
	}
	return flags;
}

int64_t mm_wmark(const struct mm *mm, uint32_t zone, enum mm_wmark w)
{
	return (int64_t)mm->zones[zone].wmark[w] + mm->zones[zone].boost;
}

static int64_t unusable_free(const struct mm_era *era, const struct mm_zone *z, uint32_t order,
			     uint32_t alloc_flags)
{
	int64_t unusable = (1 << order) - 1;

	if (!(alloc_flags & (era->harder ? MM_ALLOC_NON_BLOCK | MM_ALLOC_OOM : ALLOC_RESERVES)))
		unusable += era->list_is_block ? z->free_highatomic : z->reserved_highatomic;
	return unusable;
}

/* __zone_watermark_ok before 6.1.116: HARDER has the bit that is NON_BLOCK now, HIGH that of
 * MIN_RESERVE. */
static int64_t lower_mark_harder(int64_t min, uint32_t alloc_flags)
{
	if (alloc_flags & MM_ALLOC_MIN_RESERVE)
		min -= min / 2;
	if (alloc_flags & MM_ALLOC_OOM)
		return min - min / 2;
	return alloc_flags & MM_ALLOC_NON_BLOCK ? min - min / 4 : min;
}

static int64_t lower_mark(int64_t min, uint32_t alloc_flags)
{
	if (alloc_flags & MM_ALLOC_MIN_RESERVE) {
		min -= min / 2;
		if (alloc_flags & MM_ALLOC_NON_BLOCK)
			min -= min / 4;
	}
	return alloc_flags & MM_ALLOC_OOM ? min - min / 2 : min;
}

static bool has_suitable_buddy(const struct mm *mm, uint32_t zone, uint32_t order,
			       uint32_t alloc_flags)
{
	for (uint32_t o = order; o < mm->nr_orders; o++) {
		if (!mm->zones[zone].nr_free[o])
			continue;
		for (uint32_t t = 0; t < MM_NR_PCP_TYPES; t++)
			if (!mm_buddy_empty(mm, zone, o, t))
				return true;
		if ((alloc_flags & MM_ALLOC_CMA) && !mm_buddy_empty(mm, zone, o, MM_CMA))
			return true;
		if ((alloc_flags & (MM_ALLOC_HIGHATOMIC | MM_ALLOC_OOM)) &&
		    !mm_buddy_empty(mm, zone, o, MM_HIGHATOMIC))
			return true;
	}
	return false;
}

/* __zone_watermark_ok */
bool mm_watermark_ok(const struct mm *mm, uint32_t zone, uint32_t order, int64_t mark,
		     uint32_t highest, uint32_t alloc_flags, int64_t free)
{
	const struct mm_zone *z = &mm->zones[zone];
	const struct mm_era *era = mm_era_of(mm);
	int64_t min =
		era->harder ? lower_mark_harder(mark, alloc_flags) : lower_mark(mark, alloc_flags);

	free = (free < 0 ? 0 : free) - unusable_free(era, z, order, alloc_flags);
	if (free <= min + z->lowmem_reserve[highest])
		return false;
	return order == 0 || has_suitable_buddy(mm, zone, order, alloc_flags);
}

void mm_watermark_sum(const struct mm *mm, uint32_t zone, uint32_t order, int64_t mark,
		      uint32_t highest, uint32_t alloc_flags, struct mm_watermark_sum *out)
{
	const struct mm_zone *z = &mm->zones[zone];
	const struct mm_era *era = mm_era_of(mm);

	out->free = z->free_global < 0 ? 0 : z->free_global;
	out->unusable = unusable_free(era, z, order, alloc_flags);
	out->min =
		era->harder ? lower_mark_harder(mark, alloc_flags) : lower_mark(mark, alloc_flags);
	out->reserve = z->lowmem_reserve[highest];
	out->page = has_suitable_buddy(mm, zone, order, alloc_flags);
}

bool mm_watermark_fast(const struct mm *mm, uint32_t zone, uint32_t order, int64_t mark,
		       uint32_t highest, uint32_t alloc_flags, uint32_t gfp)
{
	const struct mm_zone *z = &mm->zones[zone];
	int64_t free = z->free_global < 0 ? 0 : z->free_global;
	uint32_t privileged;

	if (order == 0) {
		int64_t unusable = unusable_free(mm_era_of(mm), z, 0, alloc_flags);
		int64_t usable = free - (unusable < free ? unusable : free);

		if (usable > mark + z->lowmem_reserve[highest])
			return true;
	}
	if (mm_watermark_ok(mm, zone, order, mark, highest, alloc_flags, free))
		return true;
	/* Atomic requests need not respect the boost; 6.12 asks for __GFP_HIGH instead. */
	privileged =
		mm_era_of(mm)->tuned ? alloc_flags & MM_ALLOC_MIN_RESERVE : gfp & MM_GFP_ATOMIC;
	if (order == 0 && privileged && z->boost &&
	    (alloc_flags & MM_ALLOC_WMARK_MASK) == MM_WMARK_MIN)
		return mm_watermark_ok(mm, zone, order, z->wmark[MM_WMARK_MIN], highest,
				       alloc_flags, free);
	return false;
}

bool mm_zone_suits(struct mm *mm, uint32_t zone, uint32_t order, uint32_t highest,
		   uint32_t alloc_flags, uint32_t gfp)
{
	enum mm_wmark mark = alloc_flags & MM_ALLOC_WMARK_MASK;

	if (mm_era_of(mm)->tuned && !(mm->zones[zone].flags & MM_ZONE_BELOW_HIGH)) {
		if (mm_watermark_fast(mm, zone, order, mm_wmark(mm, zone, MM_WMARK_HIGH), highest,
				      alloc_flags, gfp))
			return true;
		mm->zones[zone].flags |= MM_ZONE_BELOW_HIGH;
	}
	return (alloc_flags & MM_ALLOC_NO_WATERMARKS) ||
	       mm_watermark_fast(mm, zone, order, mm_wmark(mm, zone, mark), highest, alloc_flags,
				 gfp);
}

/* ---- whole allocations ---- */

static struct frame rmqueue_pcplist(struct mm *mm, uint32_t zone, const struct mm_request *rq,
				    uint32_t alloc_flags)
{
	uint32_t list = mm_pcp_list(mm, zone, rq->cpu, mm_pindex(mm, rq->order, rq->type));

	mm_pcp_on_alloc(mm, zone, rq->cpu);
	if (!mm_list_count(mm, list))
		mm_refill(mm, zone, rq->cpu, rq->order, rq->type, alloc_flags);
	return mm_pcp_pop(mm, zone, rq->cpu, rq->order, rq->type);
}

static struct frame take_highatomic(struct mm *mm, uint32_t zone, uint32_t order)
{
	uint32_t found;
	struct frame f = mm_peek_smallest(mm, zone, order, MM_HIGHATOMIC, &found);

	if (!frame_is_none(f))
		mm_take(mm, f, found, order, MM_HIGHATOMIC);
	return f;
}

static struct frame rmqueue_buddy(struct mm *mm, uint32_t zone, const struct mm_request *rq,
				  uint32_t alloc_flags)
{
	const struct mm_era *era = mm_era_of(mm);
	struct frame f = FRAME_NONE;

	if (alloc_flags & MM_ALLOC_HIGHATOMIC)
		f = take_highatomic(mm, zone, rq->order);
	if (frame_is_none(f)) {
		f = mm_rmqueue(mm, zone, rq->order, rq->type, alloc_flags, NULL);
		if (!frame_is_none(f) && era->list_is_block)
			return f; /* counted at each step */
	}
	if (frame_is_none(f) && era->highatomic_last_resort &&
	    (alloc_flags & (MM_ALLOC_OOM | MM_ALLOC_NON_BLOCK)))
		f = take_highatomic(mm, zone, rq->order);
	if (!frame_is_none(f))
		mm_mod_free(mm, zone, mm->cpu, -(1 << rq->order));
	return f;
}

static struct frame rmqueue(struct mm *mm, uint32_t zone, const struct mm_request *rq,
			    uint32_t alloc_flags)
{
	struct frame f = FRAME_NONE;

	bool listed = mm_pcp_allowed_order(mm, rq->order);

	if (listed)
		f = rmqueue_pcplist(mm, zone, rq, alloc_flags);
	if (frame_is_none(f) && !(listed && mm_era_of(mm)->pcp_or_nothing))
		f = rmqueue_buddy(mm, zone, rq, alloc_flags);
	if (mm->zones[zone].flags & MM_ZONE_BOOSTED) {
		mm->zones[zone].flags &= ~MM_ZONE_BOOSTED;
		mm->wake_kswapd |= 1u << zone;
	}
	return f;
}

static void note_refusal(struct mm *mm, const struct mm_request *rq, uint32_t zone,
			 uint32_t highest, uint32_t alloc_flags)
{
	enum mm_wmark mark = alloc_flags & MM_ALLOC_WMARK_MASK;
	struct mm_watermark_sum sum;

	if (!mm->off_chronicle)
		return;
	mm_watermark_sum(mm, zone, rq->order, mm_wmark(mm, zone, mark), highest, alloc_flags, &sum);
	mm_note(mm, MM_NOTE_ZONE_REFUSED, zone, sum.free, sum.min + sum.reserve + sum.unusable,
		(int64_t)mark, sum.page);
}

static struct frame walk_zones(struct mm *mm, const struct mm_request *rq, uint32_t alloc_flags)
{
	const struct mm_node *node = &mm->nodes[rq->node];
	uint32_t highest = mm_gfp_zone(mm, rq->gfp);
	int32_t local = -1; /* the preferred zone's node, which need not be the request's */

	for (uint32_t i = 0; i < node->nr_zonelist; i++) {
		uint32_t zone = node->zonelist[i];
		const struct mm_zone *z = &mm->zones[zone];
		struct frame f;

		if ((uint32_t)z->index > highest || !mm_on_node(mm, zone, rq->node, rq->gfp))
			continue;
		if (local < 0)
			local = z->node;
		/* Locality matters more than fragmentation [get_page_from_freelist]. */
		if ((alloc_flags & MM_ALLOC_NOFRAGMENT) && !mm->defrag_mode && z->node != local)
			return FRAME_NONE;
		if (!mm_zone_suits(mm, zone, rq->order, highest, alloc_flags, rq->gfp)) {
			note_refusal(mm, rq, zone, highest, alloc_flags);
			continue;
		}
		f = rmqueue(mm, zone, rq, alloc_flags);
		if (frame_is_none(f)) {
			mm_note(mm, MM_NOTE_ZONE_EMPTY, zone, 0);
			continue;
		}
		mm_note(mm, MM_NOTE_TAKEN, zone, f.n, rq->order, z->free_global);
		if (alloc_flags & MM_ALLOC_HIGHATOMIC)
			mm_reserve_highatomic(mm, zone, f);
		return f;
	}
	return FRAME_NONE;
}

struct frame mm_get_page(struct mm *mm, const struct mm_request *rq, uint32_t alloc_flags)
{
	struct frame f;

	mm->cpu = rq->cpu;
	f = walk_zones(mm, rq, alloc_flags);
	if (frame_is_none(f) && (alloc_flags & MM_ALLOC_NOFRAGMENT) && !mm->defrag_mode)
		f = walk_zones(mm, rq, alloc_flags & ~MM_ALLOC_NOFRAGMENT);
	if (!frame_is_none(f))
		mm_stats(mm)->allocs[rq->order < MM_NR_ORDERS ? rq->order : MM_NR_ORDERS - 1]++;
	return f;
}

/* ---- defrag_mode ---- */

void mm_set_defrag_mode(struct mm *mm, bool on)
{
	mm->defrag_mode = on && mm_era_of(mm)->defrag_mode;
}

int64_t mm_free_in_blocks(const struct mm *mm, uint32_t zone)
{
	int64_t pages = 0;

	for (uint32_t order = mm->pageblock_order; order < mm->nr_orders; order++)
		pages += (int64_t)mm->zones[zone].nr_free[order] << order;
	return pages;
}

/* ---- watermarks set anew ---- */

#define SWAP_CLUSTER_MAX 32u

static bool is_highmem(const struct mm *mm, const struct mm_zone *z)
{
	return z->index == mm->zone_index_of[MM_ZK_HIGHMEM];
}

static uint32_t clamp_u32(uint32_t n, uint32_t low, uint32_t high)
{
	return n < low ? low : n > high ? high : n;
}

static void set_wmarks(const struct mm *mm, struct mm_zone *z, uint64_t pages_min, uint64_t lowmem,
		       uint32_t scale_factor)
{
	uint64_t share = pages_min * z->managed / lowmem;
	uint64_t gap = (uint64_t)z->managed / 10000 * scale_factor +
		       (uint64_t)z->managed % 10000 * scale_factor / 10000;

	z->wmark[MM_WMARK_MIN] = is_highmem(mm, z)
					 ? clamp_u32(z->managed / 1024, SWAP_CLUSTER_MAX, 128)
					 : (uint32_t)share;
	if (gap < share >> 2)
		gap = share >> 2;
	z->boost = 0;
	z->wmark[MM_WMARK_LOW] = z->wmark[MM_WMARK_MIN] + (uint32_t)gap;
	z->wmark[MM_WMARK_HIGH] = z->wmark[MM_WMARK_LOW] + (uint32_t)gap;
	z->wmark[MM_WMARK_PROMO] = z->wmark[MM_WMARK_HIGH] + (uint32_t)gap;
}

/* The per-cpu lists' sizes follow [zone_pcp_update]. */
static void size_lists(struct mm *mm, uint32_t zone)
{
	for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++)
		mm_era_size_pcp(mm, zone, cpu);
}

void mm_set_wmarks(struct mm *mm, uint32_t zone, const uint32_t wmark[MM_NR_WMARK])
{
	memcpy(mm->zones[zone].wmark, wmark, sizeof(mm->zones[zone].wmark));
	mm->zones[zone].boost = 0;
	size_lists(mm, zone);
}

/* setup_per_zone_wmarks */
void mm_set_min_free(struct mm *mm, uint32_t min_free_kbytes, uint32_t scale_factor)
{
	uint64_t lowmem = 0;

	for (uint32_t z = 0; z < mm->nr_zones; z++)
		if (!is_highmem(mm, &mm->zones[z]))
			lowmem += mm->zones[z].managed;
	for (uint32_t z = 0; z < mm->nr_zones && lowmem; z++) {
		set_wmarks(mm, &mm->zones[z], min_free_kbytes >> (mm->page_shift - 10), lowmem,
			   scale_factor);
		size_lists(mm, z);
	}
}
