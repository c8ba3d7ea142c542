// SPDX-License-Identifier: GPL-2.0-only
/* Laying out, copying and hashing the one flat block that a machine is. */
#include "mm/era.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MM_MAGIC 0x3130636d6d72657aull /* "zermmc01" */
#define MM_VERSION 1
#define NR_PRIVATE_LISTS 8
#define MAX_FRAMES (1u << 30) /* 4 TiB of 4 KiB pages: link space must stay below 2^32 */

static uint64_t align16(uint64_t n)
{
	return (n + 15) & ~15ull;
}

static int check_config(const struct mm_config *cfg, struct error *err)
{
	if (!cfg->nr_zones || !cfg->nr_cpus || !cfg->nr_nodes)
		return error_set(err, "a machine needs at least one zone, one CPU and one node");
	if (cfg->nr_nodes > MM_MAX_NODES)
		return error_set(err, "%u NUMA nodes, at most %d are supported", cfg->nr_nodes,
				 MM_MAX_NODES);
	if (cfg->nr_cpus > 4096)
		return error_set(err, "%u CPUs, at most 4096 are supported", cfg->nr_cpus);
	if (cfg->nr_orders < 2 || cfg->nr_orders > MM_NR_ORDERS)
		return error_set(err, "orders 0 to %u, this program supports 0 to %d",
				 cfg->nr_orders - 1, MM_NR_ORDERS - 1);
	if (cfg->pageblock_order < 1 || cfg->pageblock_order >= cfg->nr_orders)
		return error_set(err, "pageblock order %u does not fit orders 0 to %u",
				 cfg->pageblock_order, cfg->nr_orders - 1);
	return 0;
}

static int check_zone(const struct mm_zone_config *z, const struct mm_config *cfg,
		      struct error *err)
{
	if (z->index < 0 || z->index >= MM_ZONES_PER_NODE || z->node < 0 ||
	    (uint32_t)z->node >= cfg->nr_nodes)
		return error_set(err, "zone %s has index %d on node %d, which cannot be", z->name,
				 z->index, z->node);
	if (!z->spanned || z->start_pfn > cfg->end_pfn || z->spanned > cfg->end_pfn - z->start_pfn)
		return error_set(err,
				 "zone %s spans pfns %" PRIu64 " to %" PRIu64
				 ", beyond the last frame %" PRIu64,
				 z->name, z->start_pfn, z->start_pfn + z->spanned, cfg->end_pfn);
	if (z->managed > z->spanned || z->present > z->spanned)
		return error_set(err, "zone %s manages more pages than it spans", z->name);
	return 0;
}

static enum mm_zone_kind zone_kind(const char *name)
{
	static const char *const names[] = {"DMA",     "DMA32",	  "Normal",
					    "HighMem", "Movable", "Device"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return (enum mm_zone_kind)i;
	return MM_NR_ZONE_KINDS;
}

static void fill_zone(struct mm *mm, uint32_t n, const struct mm_zone_config *cfg)
{
	struct mm_zone *z = &mm->zones[n];

	memcpy(z->name, cfg->name, sizeof(z->name) - 1);
	z->node = cfg->node;
	z->index = cfg->index;
	z->start = (uint32_t)(cfg->start_pfn - mm->base_pfn);
	z->end = z->start + (uint32_t)cfg->spanned;
	z->present = (uint32_t)cfg->present;
	z->managed = (uint32_t)cfg->managed;
	memcpy(z->wmark, cfg->wmark, sizeof(z->wmark));
	z->boost = cfg->boost;
	memcpy(z->lowmem_reserve, cfg->lowmem_reserve, sizeof(z->lowmem_reserve));
	z->stat_threshold = cfg->stat_threshold;
	z->compact_cached_migrate[0] = z->compact_cached_migrate[1] = z->start;
	z->compact_cached_free = (z->end - 1) & ~((1u << mm->pageblock_order) - 1);
	/* compact_init_* stay 0 until the skip bits are reset for the first time
	 * [__reset_isolation_suitable]. */
}

/* Local node first, zones in descending index; then the other nodes in ascending distance of
 * number. */
static void fill_zonelist(struct mm *mm, uint32_t node)
{
	struct mm_node *nd = &mm->nodes[node];

	for (uint32_t i = 0; i < mm->nr_nodes; i++) {
		uint32_t other = (node + i) % mm->nr_nodes;

		for (int32_t index = MM_ZONES_PER_NODE; index-- > 0;)
			for (uint32_t z = 0; z < mm->nr_zones; z++)
				if ((uint32_t)mm->zones[z].node == other &&
				    mm->zones[z].index == index)
					nd->zonelist[nd->nr_zonelist++] = z;
	}
}

/* Nothing is asked of kcompactd: no order, zones up to the node's highest populated one
 * [kcompactd]. */
static void init_kcompactd(struct mm *mm, uint32_t node)
{
	struct mm_node *nd = &mm->nodes[node];

	for (uint32_t z = 0; z < mm->nr_zones; z++) {
		uint32_t index = (uint32_t)mm->zones[z].index;

		if ((uint32_t)mm->zones[z].node == node && index > nd->kcompactd_highest)
			nd->kcompactd_highest = index;
	}
}

static uint64_t layout(struct mm *mm, bool objects)
{
	uint64_t off = align16(sizeof(struct mm));

	mm->off_cpus = off;
	off += align16(mm->nr_cpus);
	mm->off_pcps = off;
	off += align16((uint64_t)mm->nr_zones * mm->nr_cpus * sizeof(struct mm_pcp));
	mm->off_lists = off;
	off += align16((uint64_t)mm->nr_lists * sizeof(struct mm_list));
	mm->off_frames = off;
	off += (uint64_t)mm->nr_frames * sizeof(struct mm_frame);
	mm->off_blocks = off;
	off += align16(mm->nr_blocks);
	if (objects) {
		mm->off_objects = off;
		off += align16((uint64_t)mm->nr_frames * sizeof(struct mm_object));
		mm->off_ids = off;
		off += align16((uint64_t)mm->nr_ids * sizeof(uint32_t));
	}
	mm->off_private = off;
	off += align16(mm->private_size);
	mm->off_kcompactd = off;
	off += align16(mm->nr_nodes * sizeof(struct mm_kcompactd_work));
	mm->off_stats = off;
	return off + align16(sizeof(struct mm_stats));
}

static void init_parts(struct mm *mm)
{
	for (uint32_t l = 0; l < mm->nr_lists; l++)
		mm_link_init(mm, l);
	for (uint32_t f = 0; f < mm->nr_frames; f++) {
		mm_frames(mm)[f].list = MM_NO_LIST;
		mm_frames(mm)[f].flags = MM_F_HOLE;
	}
	memset(mm_blocks(mm), MM_MOVABLE, mm->nr_blocks);
	if (mm->off_objects) {
		for (uint32_t f = 0; f < mm->nr_frames; f++)
			mm_objects(mm)[f].id = MM_NO_ID;
		for (uint32_t i = 0; i < mm->nr_ids; i++)
			mm_ids(mm)[i] = UINT32_MAX;
	}
	for (uint32_t z = 0; z < mm->nr_zones; z++) {
		int32_t batch = mm_era_batch(mm->zones[z].managed, mm->page_shift);

		for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++) {
			mm_pcp(mm, z, cpu)->batch = batch;
			mm_pcp(mm, z, cpu)->high = mm_era_high(mm, z, batch);
			mm_pcp(mm, z, cpu)->high_min = mm_era_high_min(mm, z, batch);
			mm_pcp(mm, z, cpu)->high_max = mm_era_high_max(mm, z, batch);
		}
	}
}

/* Everything that sizes the block, in a header that is not yet in it. */
static int describe(struct mm *h, const struct mm_config *cfg, struct error *err)
{
	uint64_t lowest = UINT64_MAX, frames;
	bool exact;

	memset(h, 0, sizeof(*h));
	memset(h->zone_index_of, MM_NO_ZONE_INDEX, sizeof(h->zone_index_of));
	h->magic = MM_MAGIC;
	h->version = MM_VERSION;
	h->era_index = mm_era_find(cfg->era ? cfg->era : cfg->release, &exact);
	h->nr_nodes = cfg->nr_nodes;
	h->nr_cpus = cfg->nr_cpus;
	h->nr_orders = cfg->nr_orders;
	h->nr_types = cfg->nr_types;
	h->pageblock_order = cfg->pageblock_order;
	h->page_shift = cfg->page_shift ? cfg->page_shift : 12;
	h->private_size = cfg->private_size;
	h->extfrag_threshold = 500;
	h->watermark_boost_factor = 15000;
	h->compact_unevictable_allowed = 1;
	h->kswapd_cost.scanned = 1;
	h->kcompactd_cost.scanned = 1;
	for (uint32_t i = 0; i < cfg->nr_zones; i++) {
		const struct mm_zone_config *z = &cfg->zones[i];

		if (zone_kind(z->name) != MM_NR_ZONE_KINDS && z->index >= 0)
			h->zone_index_of[zone_kind(z->name)] = (uint8_t)z->index;
		if (!z->managed)
			continue;
		if (check_zone(z, cfg, err))
			return -1;
		if (h->nr_zones++ == MM_MAX_ZONES)
			return error_set(err, "more than %d zones", MM_MAX_ZONES);
		if (z->start_pfn < lowest)
			lowest = z->start_pfn;
	}
	if (!h->nr_zones)
		return error_set(err, "no zone has any managed pages");
	h->base_pfn = lowest & ~((1ull << (cfg->nr_orders - 1)) - 1);
	frames = (cfg->end_pfn - h->base_pfn + (1ull << (cfg->nr_orders - 1)) - 1) &
		 ~((1ull << (cfg->nr_orders - 1)) - 1);
	if (frames > MAX_FRAMES)
		return error_set(err, "%" PRIu64 " frames, at most %u are supported", frames,
				 MAX_FRAMES);
	h->nr_frames = (uint32_t)frames;
	h->nr_blocks = h->nr_frames >> h->pageblock_order;
	h->nr_ids = cfg->objects ? h->nr_frames : 0;
	h->list_pcp = h->nr_zones * h->nr_orders * MM_NR_TYPES;
	h->list_lru = h->list_pcp + h->nr_zones * h->nr_cpus * MM_NR_PCP_LISTS;
	h->list_private = h->list_lru + h->nr_nodes * MM_NR_LRU;
	h->list_slab = h->list_private + NR_PRIVATE_LISTS;
	h->nr_lists = h->list_slab + 2 * h->nr_nodes * MM_NR_SLABS;
	if (h->nr_lists >= MM_NO_LIST)
		return error_set(err, "%u zones with %u CPUs need more lists than this program has",
				 h->nr_zones, h->nr_cpus);
	h->size = layout(h, cfg->objects);
	return 0;
}

struct mm *mm_new(const struct mm_config *cfg, struct error *err)
{
	struct mm header, *mm;
	uint32_t n = 0;

	if (check_config(cfg, err) || describe(&header, cfg, err))
		return NULL;
	mm = calloc(1, header.size);
	if (!mm) {
		error_set(err, "no memory for a machine of %" PRIu64 " MiB", header.size >> 20);
		return NULL;
	}
	*mm = header;
	for (uint32_t i = 0; i < cfg->nr_zones; i++)
		if (cfg->zones[i].managed)
			fill_zone(mm, n++, &cfg->zones[i]);
	for (uint32_t node = 0; node < mm->nr_nodes; node++) {
		fill_zonelist(mm, node);
		init_kcompactd(mm, node);
	}
	init_parts(mm);
	return mm;
}

struct mm *mm_with_objects(const struct mm *mm, uint32_t private_size)
{
	uint64_t shared = mm->off_blocks + mm->nr_blocks - mm->off_cpus;
	struct mm header = *mm, *out;

	header.nr_ids = mm->nr_frames;
	header.private_size = private_size;
	header.size = layout(&header, true);
	out = calloc(1, header.size);
	if (!out)
		return NULL;
	*out = header;
	memcpy(mm_at(out, out->off_cpus), mm_at(mm, mm->off_cpus), shared);
	for (uint32_t f = 0; f < out->nr_frames; f++)
		mm_objects(out)[f].id = MM_NO_ID;
	for (uint32_t i = 0; i < out->nr_ids; i++)
		mm_ids(out)[i] = UINT32_MAX;
	return out;
}

void mm_free(struct mm *mm)
{
	free(mm);
}

struct mm *mm_clone(const struct mm *mm)
{
	struct mm *copy = malloc(mm->size);

	if (copy)
		memcpy(copy, mm, mm->size);
	return copy;
}

void mm_copy(struct mm *dst, const struct mm *src)
{
	memcpy(dst, src, src->size);
}

/* Nodes and zones, then every part up to the counters; the identity and the drivers' clock stay
 * out. */
uint64_t mm_hash(const struct mm *mm)
{
	uint64_t fixed = offsetof(struct mm, nodes);
	uint64_t h = hash_bytes(mm_at(mm, fixed), sizeof(*mm) - fixed, 0);

	return hash_bytes(mm_at(mm, mm->off_pcps), mm->off_stats - mm->off_pcps, h);
}
