// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a capture's snapshot to a machine. What the snapshot says is checked page by page on the way
 * in: a damaged or forged file must end in a sentence, not in a broken machine.
 */
#include "replay/build.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define KPF(bit) (1ull << (bit))
#define KPF_DIRTY KPF(4)
#define KPF_LRU KPF(5)
#define KPF_ACTIVE KPF(6)
#define KPF_SLAB KPF(7)
#define KPF_WRITEBACK KPF(8)
#define KPF_MMAP KPF(11)
#define KPF_ANON KPF(12)
#define KPF_SWAPCACHE KPF(13)
#define KPF_SWAPBACKED KPF(14)
#define KPF_COMPOUND_HEAD KPF(15)
#define KPF_COMPOUND_TAIL KPF(16)
#define KPF_HUGE KPF(17)
#define KPF_UNEVICTABLE KPF(18)
#define KPF_NOPAGE KPF(20)
#define KPF_RESERVED KPF(32)

/* ---- which kernel ---- */

/* Debian's uname -r hides the point release; uname -v has it: "... Debian 6.1.192-1 (2026-...)". */
static bool point_release(const char *kversion, char *out, size_t size)
{
	const char *s = strstr(kversion, "Debian ");
	size_t n = 0;

	if (!s)
		return false;
	s += strlen("Debian ");
	while (n + 1 < size && (isdigit((unsigned char)s[n]) || s[n] == '.'))
		n++;
	if (!n || !isdigit((unsigned char)s[0]))
		return false;
	memcpy(out, s, n);
	out[n] = '\0';
	return true;
}

void capture_kernel_release(const struct capture *c, const struct trace *t, char *out, size_t size)
{
	if (point_release(c->manifest.kversion, out, size))
		return;
	if (t && point_release(t->release, out, size))
		return;
	snprintf(out, size, "%s",
		 c->manifest.release[0] ? c->manifest.release
		 : t			? t->release
					: "");
}

/* ---- configuration ---- */

static void zone_config(const struct snap_zone *z, struct mm_zone_config *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->name, z->name, sizeof(out->name));
	out->name[sizeof(out->name) - 1] = '\0';
	out->node = z->node;
	out->index = z->index;
	out->start_pfn = z->start_pfn;
	out->spanned = z->spanned;
	out->present = z->present;
	out->managed = z->managed;
	for (int i = 0; i < MM_NR_WMARK; i++)
		out->wmark[i] = z->wmark[i] == UINT64_MAX ? 0 : (uint32_t)z->wmark[i];
	out->boost = z->boost == UINT64_MAX ? 0 : (uint32_t)z->boost;
	for (int i = 0; i < MM_ZONES_PER_NODE; i++)
		out->lowmem_reserve[i] = (uint32_t)z->lowmem_reserve[i];
	out->stat_threshold = z->stat_threshold < 0 ? 0 : z->stat_threshold;
}

static uint32_t log2_page(uint32_t page_size)
{
	uint32_t shift = 0;

	while (page_size > 1) {
		page_size >>= 1;
		shift++;
	}
	return shift;
}

static struct mm *new_machine(const struct capture *c, const struct trace *t,
			      const struct snapshot *s, const struct build_options *opt,
			      struct error *err)
{
	struct mm_zone_config zones[SNAP_MAX_ZONES];
	struct mm_config cfg = {
		.era = opt->era,
		.nr_cpus = s->nr_cpus ? s->nr_cpus : 1,
		.nr_orders = s->nr_orders,
		.pageblock_order = s->pageblock_order,
		.nr_types = MM_NR_TYPES,
		.zones = zones,
		.nr_zones = (uint32_t)s->nr_zones,
		.objects = opt->objects,
		.private_size = opt->private_size,
	};
	char release[192];

	if (s->nr_zones > SNAP_MAX_ZONES) {
		error_set(err, "%s: the snapshot has %zu zones", c->dir, s->nr_zones);
		return NULL;
	}
	capture_kernel_release(c, t, release, sizeof(release));
	cfg.release = release;
	if (c->manifest.page_size)
		cfg.page_shift = log2_page(c->manifest.page_size);
	for (size_t i = 0; i < s->nr_zones; i++) {
		const struct snap_zone *z = &s->zones[i];

		zone_config(z, &zones[i]);
		if (z->node >= 0 && (uint32_t)z->node + 1 > cfg.nr_nodes)
			cfg.nr_nodes = (uint32_t)z->node + 1;
		if (z->managed && z->start_pfn + z->spanned > cfg.end_pfn)
			cfg.end_pfn = z->start_pfn + z->spanned;
	}
	return mm_new(&cfg, err);
}

static void map_zones(const struct mm *mm, const struct snapshot *s, struct zone_map *map)
{
	uint32_t n = 0;

	for (size_t i = 0; i < SNAP_MAX_ZONES; i++)
		map->to_mm[i] = i < s->nr_zones && s->zones[i].managed && n < mm->nr_zones
					? n++
					: UINT32_MAX;
}

/* ---- what both levels know ---- */

static void set_zone_state(struct mm *mm, const struct snapshot *s, const struct zone_map *map)
{
	for (size_t i = 0; i < s->nr_zones; i++) {
		const struct snap_zone *sz = &s->zones[i];
		struct mm_zone *z;

		if (map->to_mm[i] == UINT32_MAX)
			continue;
		z = &mm->zones[map->to_mm[i]];
		z->flags = sz->flags;
		z->drift_mark =
			sz->percpu_drift_mark == UINT64_MAX ? 0 : (int64_t)sz->percpu_drift_mark;
		if (sz->reserved_highatomic != UINT64_MAX)
			z->reserved_highatomic = (uint32_t)sz->reserved_highatomic;
		if (!sz->compact_valid)
			continue;
		z->compact_cached_free = (uint32_t)(sz->compact_cached_free - mm->base_pfn);
		z->compact_cached_migrate[0] =
			(uint32_t)(sz->compact_cached_migrate[0] - mm->base_pfn);
		z->compact_cached_migrate[1] =
			(uint32_t)(sz->compact_cached_migrate[1] - mm->base_pfn);
		z->compact_init_migrate = (uint32_t)(sz->compact_init_migrate - mm->base_pfn);
		z->compact_init_free = (uint32_t)(sz->compact_init_free - mm->base_pfn);
		z->compact_considered = sz->compact_considered;
		z->compact_defer_shift = sz->compact_defer_shift;
		z->compact_order_failed = sz->compact_order_failed;
		z->compact_blockskip_flush = sz->compact_blockskip_flush;
	}
}

/* Sizes and tuning; the counts come from the pages put on the lists. */
static void set_pcp_state(struct mm *mm, const struct snapshot *s, const struct zone_map *map)
{
	for (size_t i = 0; i < s->nr_pcps; i++) {
		const struct snap_pcp *p = &s->pcps[i];
		struct mm_pcp *pcp;

		if (p->zone < 0 || p->zone >= SNAP_MAX_ZONES || map->to_mm[p->zone] == UINT32_MAX)
			continue;
		if (p->cpu < 0 || (uint32_t)p->cpu >= mm->nr_cpus)
			continue;
		pcp = mm_pcp(mm, map->to_mm[p->zone], (uint32_t)p->cpu);
		pcp->high = p->high;
		pcp->batch = p->batch > 0 ? p->batch : 1;
		pcp->free_factor = p->free_factor;
		pcp->high_min = p->high_min;
		pcp->high_max = p->high_max;
		pcp->alloc_factor = p->alloc_factor;
		pcp->free_count = p->free_count;
		pcp->flags = p->flags;
		pcp->free_diff = p->free_diff;
	}
}

static void set_blocks(struct mm *mm, const struct snapshot *s)
{
	uint64_t first = mm->base_pfn >> mm->pageblock_order;

	for (uint64_t b = 0; s->blocks && b < mm->nr_blocks && first + b < s->nr_blocks; b++) {
		uint8_t v = s->blocks[first + b];

		if (SNAP_BLOCK_TYPE(v) < MM_NR_TYPES)
			mm_blocks(mm)[b] = (uint8_t)(SNAP_BLOCK_TYPE(v) |
						     (v & SNAP_BLOCK_SKIP ? MM_B_SKIP : 0));
	}
}

/* The counter as watermark tests saw it; where it was not read, what the lists hold. */
static void set_counters(struct mm *mm, const struct snapshot *s, const struct zone_map *map)
{
	for (size_t i = 0; i < s->nr_zones; i++) {
		struct mm_zone *z;

		if (map->to_mm[i] == UINT32_MAX)
			continue;
		z = &mm->zones[map->to_mm[i]];
		z->free_global = s->level == SNAP_EXACT && s->zones[i].free_counter != UINT64_MAX
					 ? (int64_t)s->zones[i].free_counter
					 : z->free;
	}
}

/* ---- allocated pages ---- */

static uint32_t flags_from_kpf(uint64_t kpf)
{
	static const struct {
		uint64_t kpf;
		uint32_t flag;
	} table[] = {
		{KPF_DIRTY, MM_F_DIRTY},
		{KPF_LRU, MM_F_LRU},
		{KPF_ACTIVE, MM_F_ACTIVE},
		{KPF_SLAB, MM_F_SLAB},
		{KPF_WRITEBACK, MM_F_WRITEBACK},
		{KPF_MMAP, MM_F_MAPPED},
		{KPF_ANON, MM_F_ANON},
		{KPF_SWAPCACHE, MM_F_SWAPCACHE},
		{KPF_SWAPBACKED, MM_F_SWAPBACKED},
		{KPF_COMPOUND_HEAD, MM_F_COMPOUND},
		{KPF_HUGE, MM_F_HUGE},
		{KPF_UNEVICTABLE, MM_F_UNEVICTABLE},
	};
	uint32_t flags = 0;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (kpf & table[i].kpf)
			flags |= table[i].flag;
	/* On an LRU and not swap backed: page cache. */
	if ((kpf & KPF_LRU) && !(kpf & (KPF_ANON | KPF_SWAPBACKED)))
		flags |= MM_F_FILE;
	return flags;
}

static uint64_t kpf_of(const struct snapshot *s, uint64_t pfn)
{
	return s->frames && pfn < s->nr_frames ? s->frames[pfn].kpf : 0;
}

/* A compound page's order from the length of its tail, as far as it is aligned and inside the
 * machine. */
static uint32_t compound_order(const struct mm *mm, const struct snapshot *s, uint32_t f)
{
	uint64_t pfn = mm->base_pfn + f;
	uint32_t tails = 0, order = 0;

	if (!(kpf_of(s, pfn) & KPF_COMPOUND_HEAD))
		return 0;
	while (f + tails + 1 < mm->nr_frames && (kpf_of(s, pfn + tails + 1) & KPF_COMPOUND_TAIL))
		tails++;
	while (order + 1 < mm->nr_orders && (2u << order) - 1 <= tails &&
	       !(f & ((2u << order) - 1)))
		order++;
	return order;
}

static bool range_is_hole(const struct mm *mm, uint32_t f, uint32_t order)
{
	for (uint32_t i = 0; i < 1u << order; i++)
		if (!(mm_frames(mm)[f + i].flags & MM_F_HOLE) ||
		    mm_frames(mm)[f + i].list != MM_NO_LIST)
			return false;
	return true;
}

void build_allocated(struct mm *mm, const struct snapshot *s)
{
	for (uint32_t z = 0; z < mm->nr_zones; z++) {
		for (uint32_t f = mm->zones[z].start; f < mm->zones[z].end;) {
			uint64_t kpf = kpf_of(s, mm->base_pfn + f);
			uint32_t order;

			if (!range_is_hole(mm, f, 0) || (kpf & (KPF_NOPAGE | KPF_RESERVED))) {
				f++;
				continue;
			}
			order = compound_order(mm, s, f);
			if (!range_is_hole(mm, f, order))
				order = 0;
			mm_build_allocated(mm, (struct frame){f}, order, flags_from_kpf(kpf));
			f += 1u << order;
		}
	}
}

/* ---- exact lists ---- */

static int check_place(const struct mm *mm, const struct snap_entry *e, uint32_t zone,
		       uint32_t order, struct error *err)
{
	struct frame f = frame_from_pfn(mm, (struct pfn){e->pfn});

	if (frame_is_none(f) || order >= mm->nr_orders || (f.n & ((1u << order) - 1)) ||
	    f.n + (1u << order) > mm->nr_frames || mm_frame_zone(mm, f) != zone ||
	    f.n + (1u << order) > mm->zones[zone].end)
		return error_set(
			err, "snapshot: page %#" PRIx64 " of order %u cannot be free in zone %s",
			e->pfn, order, mm->zones[zone].name);
	if (!range_is_hole(mm, f.n, order))
		return error_set(err, "snapshot: page %#" PRIx64 " is on two lists", e->pfn);
	return 0;
}

static int add_list(struct mm *mm, const struct snapshot *s, const struct snap_list *l,
		    uint32_t zone, struct error *err)
{
	for (uint64_t i = 0; i < l->nr; i++) {
		const struct snap_entry *e = &s->entries[l->first + i];
		struct frame f = frame_from_pfn(mm, (struct pfn){e->pfn});
		uint32_t order = (uint32_t)l->order;

		if (check_place(mm, e, zone, order, err))
			return -1;
		if (l->kind == SNAP_LIST_BUDDY)
			mm_build_buddy(mm, f, zone, order, (uint32_t)l->type);
		else
			mm_build_pcp(mm, f, zone, (uint32_t)l->cpu, (uint32_t)l->type, e->type);
	}
	return 0;
}

static int check_list(const struct mm *mm, const struct snapshot *s, const struct snap_list *l,
		      const struct zone_map *map, uint32_t *zone, struct error *err)
{
	if (l->nr > s->nr_entries || l->first > s->nr_entries - l->nr)
		return error_set(err, "snapshot: a list reaches beyond the entries");
	if (l->kind != SNAP_LIST_BUDDY && l->kind != SNAP_LIST_PCP)
		return 0;
	if (l->zone < 0 || l->zone >= SNAP_MAX_ZONES || map->to_mm[l->zone] == UINT32_MAX)
		return l->nr ? error_set(err, "snapshot: a list belongs to a zone without pages")
			     : 1;
	*zone = map->to_mm[l->zone];
	if (l->kind == SNAP_LIST_BUDDY && (l->order < 0 || (uint32_t)l->order >= mm->nr_orders ||
					   l->type < 0 || l->type >= MM_NR_TYPES))
		return error_set(err, "snapshot: a free list of order %d and type %d", l->order,
				 l->type);
	if (l->kind == SNAP_LIST_PCP && (l->cpu < 0 || (uint32_t)l->cpu >= mm->nr_cpus ||
					 l->type < 0 || l->type >= MM_NR_PCP_LISTS))
		return error_set(err, "snapshot: a per-cpu list of CPU %d with index %d", l->cpu,
				 l->type);
	return 0;
}

/* An LRU list, head first; its pages must be allocated by now. */
static void add_lru(struct mm *mm, const struct snapshot *s, const struct snap_list *l)
{
	if (l->zone < 0 || (uint32_t)l->zone >= mm->nr_nodes || l->type < 0 || l->type >= MM_NR_LRU)
		return;
	for (uint64_t i = 0; i < l->nr; i++) {
		struct frame f = frame_from_pfn(mm, (struct pfn){s->entries[l->first + i].pfn});
		struct mm_frame *fr;

		if (frame_is_none(f))
			continue;
		fr = mm_frame(mm, f);
		if (!(fr->flags & MM_F_HEAD) || fr->list != MM_NO_LIST)
			continue;
		if (mm->zones[mm_frame_zone(mm, f)].node == l->zone)
			mm_lru_add_tail(mm, f, (enum mm_lru)l->type);
	}
}

int build_exact(struct mm *mm, const struct snapshot *s, const struct zone_map *map,
		struct error *err)
{
	for (size_t i = 0; i < s->nr_lists; i++) {
		const struct snap_list *l = &s->lists[i];
		uint32_t zone = 0;
		int skip = check_list(mm, s, l, map, &zone, err);

		if (skip < 0)
			return -1;
		if (skip || (l->kind != SNAP_LIST_BUDDY && l->kind != SNAP_LIST_PCP))
			continue;
		if (add_list(mm, s, l, zone, err))
			return -1;
	}
	return 0;
}

/* ---- the whole ---- */

/* What /proc/swaps said when recording began: a heading, then name, type, KiB, KiB used, priority.
 */
static void set_swap(struct mm *mm, const struct capture *c)
{
	const char *p = manifest_get(&c->manifest, "machine.swaps");
	uint32_t kib = mm->page_shift > 10 ? 1u << (mm->page_shift - 10) : 1;
	unsigned long long size, used;
	int len;

	p = p ? strstr(p, "Priority") : NULL;
	if (!p)
		return;
	for (p += strlen("Priority"); sscanf(p, "%*s %*s %llu %llu %*d%n", &size, &used, &len) == 2;
	     p += len) {
		if (used > size || size / kib > UINT32_MAX / 2 - mm->swap_slots)
			return;
		mm->swap_slots += (uint32_t)(size / kib);
		mm->swap_free += (uint32_t)((size - used) / kib);
	}
}

/* "always defer [madvise] never": of the start, and not if it was another at the end. */
static uint32_t thp_mode(const struct manifest *m)
{
	const char *start = manifest_get(m, "thp.defrag"), *end = manifest_get(m, "thp.defrag_end");
	char word[32];

	if (!start || (end && strcmp(start, end)))
		return MM_THP_RECORDED;
	for (uint32_t mode = MM_THP_ALWAYS; mode < MM_THP_NR; mode++) {
		snprintf(word, sizeof(word), "[%s]", mm_thp_names[mode]);
		if (strstr(start, word))
			return mode;
	}
	return MM_THP_RECORDED;
}

int build_cpu_nodes(struct mm *mm, const struct manifest *m, struct error *err)
{
	uint32_t *node_of = calloc(mm->nr_cpus, sizeof(*node_of));
	int ret;

	if (!node_of)
		return error_set(err, "no memory");
	ret = manifest_cpu_nodes(m, mm->nr_nodes, mm->nr_cpus, node_of, err);
	for (uint32_t cpu = 0; !ret && cpu < mm->nr_cpus; cpu++)
		mm_cpu_nodes(mm)[cpu] = (uint8_t)node_of[cpu];
	free(node_of);
	return ret ? error_prefix(err, "manifest") : 0;
}

static int fill(struct mm *mm, const struct capture *c, const struct trace *t,
		const struct snapshot *s, struct error *err)
{
	struct zone_map map;

	map_zones(mm, s, &map);
	set_blocks(mm, s);
	if (s->level == SNAP_EXACT ? build_exact(mm, s, &map, err)
				   : build_counts(mm, s, &map, t, err))
		return -1;
	build_allocated(mm, s);
	for (size_t i = 0; mm->off_objects && i < s->nr_lists; i++)
		if (s->lists[i].kind == SNAP_LIST_LRU)
			add_lru(mm, s, &s->lists[i]);
	set_zone_state(mm, s, &map);
	set_pcp_state(mm, s, &map);
	set_counters(mm, s, &map);
	mm->extfrag_threshold =
		(uint32_t)manifest_get_i64(&c->manifest, "sysctl.vm.extfrag_threshold", 500);
	mm->watermark_boost_factor =
		(uint32_t)manifest_get_i64(&c->manifest, "sysctl.vm.watermark_boost_factor", 15000);
	mm->compact_unevictable_allowed = (uint32_t)manifest_get_i64(
		&c->manifest, "sysctl.vm.compact_unevictable_allowed", 1);
	mm->percpu_high_fraction = (uint32_t)manifest_get_i64(
		&c->manifest, "sysctl.vm.percpu_pagelist_high_fraction", 0);
	set_swap(mm, c);
	mm_set_defrag_mode(mm, manifest_get_i64(&c->manifest, "sysctl.vm.defrag_mode", 0) > 0);
	mm->thp_recorded = thp_mode(&c->manifest);
	if (build_cpu_nodes(mm, &c->manifest, err))
		return -1;
	return mm_validate(mm, err);
}

struct mm *machine_build(const struct capture *c, const struct trace *t,
			 const struct build_options *opt, struct error *err)
{
	const struct snapshot *s = opt->from_end ? &c->end : &c->start;
	struct mm *mm;

	if (s->level == SNAP_NONE) {
		error_set(
			err,
			"%s: nothing is known of the allocator's state when recording %s; record with `zonereplay "
			"capture`, or put /proc/zoneinfo and /proc/pagetypeinfo of that moment beside the trace "
			"(zoneinfo-before, pagetypeinfo-before)",
			c->dir, opt->from_end ? "ended" : "began");
		return NULL;
	}
	mm = new_machine(c, t, s, opt, err);
	if (!mm) {
		error_prefix(err, "%s", c->dir);
		return NULL;
	}
	if (fill(mm, c, t, s, err)) {
		error_prefix(err, "%s", c->dir);
		mm_free(mm);
		return NULL;
	}
	return mm;
}
