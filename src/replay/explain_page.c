// SPDX-License-Identifier: GPL-2.0-only
/* Pages, zones and pageblocks of a machine, described for a person. */
#include "replay/explain_internal.h"

#include <stdlib.h>
#include <string.h>

const char *explain_verdict_name(enum explain_verdict v)
{
	static const char *const names[] = {"succeeded", "fragmented", "watermark",
					    "both",	 "stranded",   "unknown"};

	return names[v];
}

const char *explain_moves_name(enum explain_moves m)
{
	static const char *const names[] = {"movable", "kernel memory", "pinned", "compound",
					    "unevictable"};

	return names[m];
}

const char *explain_kind_name(enum mm_kind kind)
{
	static const char *const names[MM_NR_KINDS] = {
		"unknown",    "anonymous", "page cache", "shared memory", "slab",
		"page table", "huge page", "kernel",	 "reserved",
	};

	return names[kind];
}

/* What the flags say goes before what the request let one expect. */
static enum mm_kind kind_of(const struct mm_frame *fr, const struct mm_object *o, bool dated,
			    uint32_t gfp)
{
	if (fr->flags & MM_F_HUGE)
		return MM_KIND_HUGETLB;
	if (fr->flags & MM_F_SLAB)
		return MM_KIND_SLAB;
	if (o->kind != MM_KIND_UNKNOWN && o->kind < MM_NR_KINDS)
		return (enum mm_kind)o->kind;
	if (fr->flags & MM_F_ANON)
		return MM_KIND_ANON;
	if (fr->flags & MM_F_FILE)
		return fr->flags & MM_F_SWAPBACKED ? MM_KIND_SHMEM : MM_KIND_FILE;
	/* A user's page that was not put on a list yet is nothing in particular. */
	if (fr->flags & MM_F_LRU || (dated && gfp & MM_GFP_MOVABLE))
		return MM_KIND_UNKNOWN;
	return MM_KIND_KERNEL;
}

/* The rules of compaction_source.c, for a run that may do everything. */
enum explain_moves explain_moves_of(const struct mm *mm, struct frame f)
{
	uint32_t flags = mm_frame(mm, f)->flags;
	bool mapping = flags & (MM_F_FILE | MM_F_SWAPCACHE);

	if (flags & (MM_F_COMPOUND | MM_F_HUGE))
		return EXPLAIN_COMPOUND;
	if (flags & MM_F_MOVABLE_OPS)
		return EXPLAIN_MOVES;
	if (!(flags & MM_F_LRU) && !mm_on_lru_list(mm, f))
		return EXPLAIN_NOT_ON_LRU;
	if (flags & MM_F_UNEVICTABLE && !mm->compact_unevictable_allowed)
		return EXPLAIN_UNEVICTABLE;
	if (flags & (MM_F_PINNED | MM_F_FIXED) ||
	    (!mapping && (flags & (MM_F_ANON | MM_F_MAPPED)) == MM_F_ANON))
		return EXPLAIN_PINNED;
	return EXPLAIN_MOVES;
}

void explain_page_fill(struct explain_page *p, const struct mm *mm, const struct trace *t,
		       struct frame f)
{
	const struct mm_frame *fr = mm_frame(mm, f);
	const struct mm_object *o = &mm_objects(mm)[f.n];
	const struct mm_origin *origin = mm_origin(mm, f);

	*p = (struct explain_page){.pfn = pfn_from_frame(mm, f).n,
				   .order = fr->order,
				   .moves = explain_moves_of(mm, f),
				   .recorder = o->flags & MM_O_RECORDER,
				   .dated = origin && origin->gfp != MM_GFP_UNKNOWN};
	p->kind = kind_of(fr, o, p->dated, origin ? origin->gfp : 0);
	if (!p->dated)
		return;
	p->pid = o->flags & MM_O_RANGE ? 0 : o->owner;
	p->gfp = origin->gfp;
	p->since = origin->since;
	snprintf(p->comm, sizeof(p->comm), "%s", trace_comm(t, p->pid));
}

/* ---- zones ---- */

bool explain_zone_allowed(const struct mm *mm, const struct mm_request *rq, uint32_t zone)
{
	const struct mm_zone *z = &mm->zones[zone];

	return (uint32_t)z->index <= mm_gfp_zone(mm, rq->gfp) &&
	       !(rq->gfp & MM_GFP_THISNODE && z->node != (int32_t)rq->node);
}

void explain_zone_sum(const struct mm *mm, const struct mm_request *rq, uint32_t zone,
		      struct mm_watermark_sum *sum)
{
	uint32_t flags = mm_alloc_flags_slow(mm, rq);

	mm_watermark_sum(mm, zone, rq->order, mm_wmark(mm, zone, MM_WMARK_MIN),
			 mm_gfp_zone(mm, rq->gfp), flags, sum);
}

int64_t explain_zone_missing(const struct mm_watermark_sum *sum)
{
	int64_t missing = sum->min + sum->reserve + sum->unusable + 1 - sum->free;

	return missing > 0 ? missing : 0;
}

static void fill_lists(struct explain_zone *out, const struct mm *mm, uint32_t zone)
{
	const struct mm_zone *z = &mm->zones[zone];

	for (uint32_t o = 0; o < mm->nr_orders; o++)
		for (uint32_t t = 0; t < MM_NR_TYPES; t++)
			out->nr_free[o][t] = mm_list_count(mm, mm_buddy_list(mm, zone, o, t));
	for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++)
		out->on_pcp += (uint32_t)mm_pcp(mm, zone, cpu)->count;
	out->reclaimable =
		(uint64_t)z->nr_lru[MM_LRU_INACTIVE_FILE] + z->nr_lru[MM_LRU_ACTIVE_FILE];
	if (mm->swap_free)
		out->reclaimable +=
			(uint64_t)z->nr_lru[MM_LRU_INACTIVE_ANON] + z->nr_lru[MM_LRU_ACTIVE_ANON];
}

void explain_zone_fill(struct explain_zone *out, const struct mm *mm, const struct mm_request *rq,
		       uint32_t zone)
{
	const struct mm_zone *z = &mm->zones[zone];
	struct mm_watermark_sum sum;
	struct mm_index ix;

	memset(out, 0, sizeof(*out));
	memcpy(out->name, z->name, sizeof(out->name));
	out->node = z->node;
	out->allowed = explain_zone_allowed(mm, rq, zone);
	for (int w = 0; w < 3; w++)
		out->wmark[w] = z->wmark[w];
	out->boost = z->boost;
	explain_zone_sum(mm, rq, zone, &sum);
	out->free = sum.free;
	out->unusable = sum.unusable;
	out->min = sum.min;
	out->reserve = sum.reserve;
	out->page = sum.page;
	out->missing = explain_zone_missing(&sum);
	mm_index_info(mm, zone, rq->order, &ix);
	out->fragindex = mm_fragmentation_index(&ix, rq->order);
	out->unusable_index = mm_unusable_index(&ix, rq->order);
	fill_lists(out, mm, zone);
}

/* ---- the map ---- */

static enum explain_cell cell_of(const struct mm *mm, uint32_t start)
{
	uint32_t pages = 1u << mm->pageblock_order, n = start;
	uint32_t free = 0, movable = 0, unmovable = 0;

	while (n < start + pages) {
		struct frame f = {n};
		const struct mm_frame *fr = mm_frame(mm, f);
		uint32_t size = 1;

		if (mm_on_buddy_list(mm, f) || fr->flags & MM_F_HEAD)
			size = 1u << fr->order;
		if (mm_on_buddy_list(mm, f) || mm_on_pcp_list(mm, f))
			free += size;
		else if (fr->flags & MM_F_HEAD && size >= pages)
			return EXPLAIN_CELL_HUGE;
		else if (fr->flags & MM_F_HEAD)
			*(explain_moves_of(mm, f) == EXPLAIN_MOVES ? &movable : &unmovable) += size;
		n += size;
	}
	if (free >= pages)
		return EXPLAIN_CELL_FREE;
	if (!free && !movable && !unmovable)
		return EXPLAIN_CELL_HOLE;
	if (unmovable)
		return movable ? EXPLAIN_CELL_MIXED : EXPLAIN_CELL_UNMOVABLE;
	return movable >= pages / 2 ? EXPLAIN_CELL_MOVABLE : EXPLAIN_CELL_LOOSE;
}

/* Frames of a page or buddy larger than a block do not know it: what begins there covers them. */
int explain_map_fill(struct explain_map *map, const struct mm *mm, struct error *err)
{
	uint32_t block = 0;

	*map = (struct explain_map){.nr = mm->nr_blocks,
				    .base_pfn = mm->base_pfn,
				    .pageblock_order = mm->pageblock_order};
	map->cells = calloc(mm->nr_blocks, 1);
	if (!map->cells)
		return error_set(err, "out of memory for a map of %u pageblocks", mm->nr_blocks);
	while (block < mm->nr_blocks) {
		struct frame f = frame_from_block(mm, (struct block){block});
		const struct mm_frame *fr = mm_frame(mm, f);
		uint32_t covers = 1;
		uint8_t cell = (uint8_t)cell_of(mm, f.n);

		if ((mm_on_buddy_list(mm, f) || fr->flags & MM_F_HEAD) &&
		    fr->order > mm->pageblock_order)
			covers = 1u << (fr->order - mm->pageblock_order);
		for (; covers-- && block < mm->nr_blocks; block++)
			map->cells[block] = cell;
	}
	return 0;
}

void explain_map_release(struct explain_map *map)
{
	free(map->cells);
	map->cells = NULL;
	map->nr = 0;
}
