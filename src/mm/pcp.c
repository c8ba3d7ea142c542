// SPDX-License-Identifier: GPL-2.0-only
/* Per-cpu page lists: sizing, refill, free and drain [page_alloc.c, 6.1]. */
#include "mm/era.h"

#define THP_LISTS_FROM 12 /* indices 12 and 13: order pageblock_order, not movable and movable */

bool mm_pcp_allowed_order(const struct mm *mm, uint32_t order)
{
	const struct mm_era *era = mm_era_of(mm);

	return order <= era->pcp_max_order || (era->pcp_huge && order == mm->pageblock_order);
}

/* order_to_pindex; highatomic and CMA pages wait among the movable ones. */
uint32_t mm_pindex(const struct mm *mm, uint32_t order, uint32_t type)
{
	if (type >= MM_NR_PCP_TYPES)
		type = MM_MOVABLE;
	if (order > mm_era_of(mm)->pcp_max_order)
		return THP_LISTS_FROM + (type == MM_MOVABLE);
	return order * MM_NR_PCP_TYPES + type;
}

static uint32_t pindex_order(const struct mm *mm, uint32_t pindex)
{
	return pindex >= THP_LISTS_FROM ? mm->pageblock_order : pindex / MM_NR_PCP_TYPES;
}

uint32_t mm_refill_want(struct mm *mm, uint32_t zone, uint32_t cpu, uint32_t order)
{
	struct mm_pcp *pcp = mm_pcp(mm, zone, cpu);
	int32_t batch = pcp->batch;

	if (mm_era_of(mm)->tuned)
		return mm_tuned_refill(mm, zone, pcp, order);
	if (batch > 1) {
		batch >>= order;
		if (batch < 2)
			batch = 2;
	}
	return (uint32_t)batch;
}

void mm_pcp_add_refilled(struct mm *mm, uint32_t zone, uint32_t cpu, struct frame f, uint32_t order,
			 uint32_t type)
{
	struct mm_frame *fr = mm_frame(mm, f);

	fr->flags = 0;
	fr->order = (uint8_t)order;
	fr->type = (uint8_t)type;
	mm_list_add_tail(mm, mm_pcp_list(mm, zone, cpu, mm_pindex(mm, order, type)), f);
	mm_pcp(mm, zone, cpu)->count += 1 << order;
}

void mm_pcp_on_alloc(struct mm *mm, uint32_t zone, uint32_t cpu)
{
	if (mm_era_of(mm)->tuned)
		mm_pcp(mm, zone, cpu)->free_count >>= 1;
	else
		mm_pcp(mm, zone, cpu)->free_factor >>= 1;
}

uint32_t mm_refill(struct mm *mm, uint32_t zone, uint32_t cpu, uint32_t order, uint32_t type,
		   uint32_t alloc_flags)
{
	uint32_t want = mm_refill_want(mm, zone, cpu, order);
	uint32_t got = 0, mode = 0;
	struct mm_fallback fb;

	while (got < want) {
		struct frame f =
			mm_era_of(mm)->list_is_block
				? mm_rmqueue_mode(mm, zone, order, type, alloc_flags, &mode, &fb)
				: mm_rmqueue(mm, zone, order, type, alloc_flags, &fb);

		if (frame_is_none(f))
			break;
		mm_pcp_add_refilled(mm, zone, cpu, f, order, type);
		got++;
	}
	/* The counter moves once for the whole batch [rmqueue_bulk, 6.1]. */
	if (!mm_era_of(mm)->list_is_block)
		mm_mod_free(mm, zone, mm->cpu, -(int64_t)(got << order));
	mm_stats(mm)->refills++;
	return got;
}

void mm_pcp_del(struct mm *mm, uint32_t zone, uint32_t cpu, struct frame f)
{
	uint32_t order = mm_frame(mm, f)->order;

	mm_list_del(mm, f);
	mm_pcp(mm, zone, cpu)->count -= 1 << order;
}

struct frame mm_pcp_pop(struct mm *mm, uint32_t zone, uint32_t cpu, uint32_t order, uint32_t type)
{
	struct frame f = mm_list_first(mm, mm_pcp_list(mm, zone, cpu, mm_pindex(mm, order, type)));

	if (frame_is_none(f))
		return f;
	mm_pcp_del(mm, zone, cpu, f);
	mm_mark_allocated(mm, f, order);
	return f;
}

/* ---- draining ---- */

/* Moves to the next list that has pages, as the round robin of free_pcppages_bulk does. */
static void drain_next_list(const struct mm *mm, struct mm_drain *d)
{
	for (;;) {
		if (++d->pindex > d->max)
			d->pindex = d->min;
		if (mm_list_count(mm, mm_pcp_list(mm, d->zone, d->cpu, (uint32_t)d->pindex)))
			return;
		if (d->pindex == d->max)
			d->max--;
		if (d->pindex == d->min)
			d->min++;
		if (d->max < d->min) { /* nothing anywhere: the count was wrong */
			d->active = false;
			return;
		}
	}
}

/*
 * free_pcppages_bulk, 5.10: the types take turns. Here d->max is how many pages may come from the
 * list that is found: it grows by one for every list looked at and is used up page by page; a list
 * found only on the third look gives all.
 */
static void drain_next_type(const struct mm *mm, struct mm_drain *d)
{
	for (uint32_t looked = 0; looked < MM_NR_PCP_TYPES; looked++) {
		d->max++;
		if (++d->pindex == MM_NR_PCP_TYPES)
			d->pindex = 0;
		if (!mm_list_count(mm, mm_pcp_list(mm, d->zone, d->cpu, (uint32_t)d->pindex)))
			continue;
		if (d->max == MM_NR_PCP_TYPES)
			d->max = d->left;
		return;
	}
	d->active = false;
}

/* After a free drained its lists, the zone may be above its high mark again
 * [free_unref_page_commit, 6.12]. */
static void look_at_high_mark(struct mm *mm, const struct mm_drain *d)
{
	struct mm_zone *z = &mm->zones[d->zone];
	uint32_t movable = mm->zone_index_of[MM_ZK_MOVABLE];

	if (!d->from_free || d->active || !(z->flags & MM_ZONE_BELOW_HIGH))
		return;
	if (mm_watermark_ok(mm, d->zone, 0, mm_wmark(mm, d->zone, MM_WMARK_HIGH),
			    movable == MM_NO_ZONE_INDEX ? (uint32_t)z->index : movable, 0,
			    z->free_global))
		z->flags &= ~MM_ZONE_BELOW_HIGH;
}

static void drain_by_type_begin(const struct mm *mm, struct mm_drain *d)
{
	d->pindex = 0;
	d->max = 0;
	if (d->active)
		drain_next_type(mm, d);
}

/* After a page has left. */
static void drain_by_type_go_on(const struct mm *mm, struct mm_drain *d)
{
	d->max--;
	if (d->left <= 0)
		d->active = false;
	else if (!d->max ||
		 !mm_list_count(mm, mm_pcp_list(mm, d->zone, d->cpu, (uint32_t)d->pindex)))
		drain_next_type(mm, d);
}

static void drain_start(const struct mm *mm, struct mm_drain *d, int32_t count, int32_t pindex)
{
	int32_t have = mm_pcp(mm, d->zone, d->cpu)->count;

	d->left = count < have ? count : have;
	d->pindex = pindex - 1;
	d->min = 0;
	d->max = MM_NR_PCP_LISTS - 1;
	d->active = d->left > 0;
	if (mm_era_of(mm)->drain_by_type)
		drain_by_type_begin(mm, d);
	else if (d->active)
		drain_next_list(mm, d);
}

/* What a free drains: at once, or a batch at a time with the lock dropped between
 * [free_frozen_page_commit, 7.2]. */
static void next_batch(const struct mm *mm, struct mm_drain *d)
{
	int32_t n = d->more, batch = mm_pcp(mm, d->zone, d->cpu)->batch;

	if (mm_era_of(mm)->drain_in_batches && n > batch)
		n = batch;
	d->more -= n;
	drain_start(mm, d, n, d->again);
}

void mm_drain_begin(struct mm *mm, struct mm_drain *d, uint32_t zone, uint32_t cpu, int32_t count,
		    int32_t pindex)
{
	*d = (struct mm_drain){.zone = zone, .cpu = cpu};
	drain_start(mm, d, count, pindex);
}

struct frame mm_drain_peek(const struct mm *mm, const struct mm_drain *d)
{
	if (!d->active)
		return FRAME_NONE;
	return mm_list_last(mm, mm_pcp_list(mm, d->zone, d->cpu, (uint32_t)d->pindex));
}

void mm_drain_go_on(const struct mm *mm, struct mm_drain *d)
{
	drain_start(mm, d, d->left, d->from_free ? d->again : 0);
}

bool mm_drain_after_free(struct mm *mm, struct frame f, uint32_t cpu, struct mm_drain *d)
{
	uint32_t zone = mm_frame_zone(mm, f);
	uint32_t pindex = mm_frame(mm, f)->list - mm_pcp_list(mm, zone, cpu, 0);
	struct mm_pcp *pcp = mm_pcp(mm, zone, cpu);

	if (!mm_on_pcp_list(mm, f) || pindex >= MM_NR_PCP_LISTS)
		return false;
	if (mm_era_of(mm)->drain_by_type) {
		mm_drain_begin(mm, d, zone, cpu, pcp->batch, (int32_t)pindex);
		return d->active;
	}
	if (!mm_era_of(mm)->tuned)
		return false;
	*d = (struct mm_drain){
		.zone = zone, .cpu = cpu, .from_free = true, .again = (int32_t)pindex};
	d->more = pcp->free_count < pcp->batch ? pcp->batch : pcp->free_count;
	next_batch(mm, d);
	return d->active;
}

void mm_drain_step(struct mm *mm, struct mm_drain *d)
{
	struct frame f = mm_drain_peek(mm, d);
	uint32_t order = pindex_order(mm, (uint32_t)d->pindex);
	uint32_t type = mm_frame(mm, f)->type;

	mm_pcp_del(mm, d->zone, d->cpu, f);
	d->left -= 1 << order;
	if (mm_era_of(mm)->list_is_block || mm->zones[d->zone].nr_isolate_blocks)
		type = mm_block_type(mm, f);
	mm_free_one(mm, f, order, type, 0);
	if (mm_era_of(mm)->drain_by_type)
		drain_by_type_go_on(mm, d);
	else if (d->left <= 0)
		d->active = false;
	else if (!mm_list_count(mm, mm_pcp_list(mm, d->zone, d->cpu, (uint32_t)d->pindex)))
		drain_next_list(mm, d);
	if (!d->active && d->from_free && d->more > 0)
		next_batch(mm, d);
	if (mm_era_of(mm)->tuned)
		look_at_high_mark(mm, d);
}

void mm_drain_finish(struct mm *mm, struct mm_drain *d)
{
	if (d->active)
		mm_stats(mm)->drains++;
	while (d->active)
		mm_drain_step(mm, d);
}

/* How much a drain of everything frees at a time [drain_pages_zone]. */
int32_t mm_drain_chunk(const struct mm *mm, uint32_t zone, uint32_t cpu)
{
	const struct mm_pcp *pcp = mm_pcp(mm, zone, cpu);

	if (!mm_era_of(mm)->drain_in_chunks)
		return pcp->count;
	return pcp->batch << mm_era_of(mm)->pcp_batch_scale_max;
}

void mm_drain_zone(struct mm *mm, uint32_t zone, uint32_t cpu)
{
	while (mm_pcp(mm, zone, cpu)->count > 0) {
		struct mm_drain d;

		mm_drain_begin(mm, &d, zone, cpu, mm_drain_chunk(mm, zone, cpu), 0);
		if (!d.active)
			break;
		mm_drain_finish(mm, &d);
	}
}

void mm_drain_all(struct mm *mm)
{
	int64_t pages = 0;

	for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++) {
		for (uint32_t z = 0; z < mm->nr_zones; z++) {
			pages += mm_pcp(mm, z, cpu)->count;
			mm_drain_zone(mm, z, cpu);
		}
	}
	mm_note(mm, MM_NOTE_DRAINED, 0, pages);
}

/* ---- freeing ---- */

/* nr_pcp_high: how full the lists may get before this free drains them */
static int32_t high_now(const struct mm *mm, uint32_t zone, const struct mm_pcp *pcp,
			bool free_high)
{
	int32_t high = pcp->high;

	if (mm_era_of(mm)->drain_by_type)
		return high;
	if (!high || free_high)
		return 0;
	if (!(mm->zones[zone].flags & MM_ZONE_RECLAIM_ACTIVE))
		return high;
	return pcp->batch * 4 < high ? pcp->batch * 4 : high;
}

/* nr_pcp_free: how much to drain; frees in a row drain ever more */
static int32_t nr_to_drain(const struct mm *mm, struct mm_pcp *pcp, int32_t high, bool free_high)
{
	int64_t most = (int64_t)high - pcp->batch, n;

	if (mm_era_of(mm)->drain_by_type)
		return pcp->batch;
	if (free_high)
		return pcp->count;
	if (high < pcp->batch)
		return 1;
	n = (int64_t)pcp->batch << pcp->free_factor;
	if (n < most && (uint32_t)pcp->free_factor < mm_era_of(mm)->pcp_batch_scale_max)
		pcp->free_factor++;
	/* The upper bound wins: high below twice the batch drains less than a batch [clamp, 6.1].
	 */
	return n < most ? (int32_t)n : (int32_t)most;
}

static bool frees_all(const struct mm *mm, const struct mm_pcp *pcp, uint32_t order)
{
	return pcp->free_factor && order && order <= mm_era_of(mm)->pcp_max_order;
}

void mm_pcp_free(struct mm *mm, uint32_t cpu, struct frame f, uint32_t order, struct mm_drain *d)
{
	uint32_t zone = mm_frame_zone(mm, f), type = mm_block_type(mm, f);
	struct mm_pcp *pcp = mm_pcp(mm, zone, cpu);
	uint32_t pindex = mm_pindex(mm, order, type);
	struct mm_frame *fr = mm_frame(mm, f);
	bool free_high;
	int32_t high;

	fr->flags = 0;
	fr->order = (uint8_t)order;
	fr->type = (uint8_t)type;
	mm_list_add(mm, mm_pcp_list(mm, zone, cpu, pindex), f);
	*d = (struct mm_drain){
		.zone = zone, .cpu = cpu, .from_free = true, .again = (int32_t)pindex};
	if (mm_era_of(mm)->tuned) {
		d->more = mm_tuned_free(mm, zone, pcp, order);
		next_batch(mm, d);
		return;
	}
	pcp->count += 1 << order;
	free_high = frees_all(mm, pcp, order);
	high = high_now(mm, zone, pcp, free_high);
	if (pcp->count >= high)
		mm_drain_begin(mm, d, zone, cpu, nr_to_drain(mm, pcp, high, free_high),
			       (int32_t)pindex);
}

bool mm_pcp_free_would_drain(const struct mm *mm, uint32_t cpu, struct frame f, uint32_t order)
{
	uint32_t zone = mm_frame_zone(mm, f);
	const struct mm_pcp *pcp = mm_pcp(mm, zone, cpu);

	if (mm_era_of(mm)->tuned) {
		struct mm_pcp copy = *pcp;

		return mm_tuned_free(mm, zone, &copy, order) != 0;
	}
	return pcp->count + (1 << order) >= high_now(mm, zone, pcp, frees_all(mm, pcp, order));
}

void mm_free_page(struct mm *mm, uint32_t cpu, struct frame f, uint32_t order)
{
	struct mm_drain d;

	mm->cpu = cpu;
	mm_stats(mm)->frees[order < MM_NR_ORDERS ? order : MM_NR_ORDERS - 1]++;
	if (!mm_pcp_allowed_order(mm, order) || mm_block_type(mm, f) == MM_ISOLATE) {
		mm_free_direct(mm, cpu, f, order, 0);
		return;
	}
	mm_pcp_free(mm, cpu, f, order, &d);
	mm_drain_finish(mm, &d);
}
