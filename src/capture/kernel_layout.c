// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel_layout.h"

#include <bpf/btf.h>
#include <errno.h>
#include <string.h>

#define MAX_NAMES 3

struct member_row {
	const char *type;
	const char *names[MAX_NAMES]; /* first one that exists; releases renamed some */
	size_t slot;
	bool needed;
};
#define NEED(type, slot, ...)                                                                      \
	{                                                                                          \
		type, {__VA_ARGS__}, offsetof(struct kernel_layout, slot), true                    \
	}
#define MAYBE(type, slot, ...)                                                                     \
	{                                                                                          \
		type, {__VA_ARGS__}, offsetof(struct kernel_layout, slot), false                   \
	}

static const struct member_row members[] = {
	NEED("pglist_data", node_zones, "node_zones"),
	NEED("pglist_data", node_nr_zones, "nr_zones"),
	NEED("pglist_data", node_start_pfn, "node_start_pfn"),
	NEED("pglist_data", node_spanned_pages, "node_spanned_pages"),
	NEED("pglist_data", node_lruvec, "__lruvec"),
	MAYBE("pglist_data", node_id, "node_id"),
	MAYBE("pglist_data", first_deferred, "first_deferred_pfn"),
	MAYBE("pglist_data", node_kswapd, "kswapd"),
	MAYBE("pglist_data", kswapd_order, "kswapd_order"),
	MAYBE("pglist_data", kswapd_highest, "kswapd_highest_zoneidx"),
	MAYBE("pglist_data", kswapd_failures, "kswapd_failures"),
	MAYBE("pglist_data", kcompactd_order, "kcompactd_max_order"),
	MAYBE("pglist_data", kcompactd_highest, "kcompactd_highest_zoneidx"),
	MAYBE("pglist_data", proactive_trigger, "proactive_compact_trigger"),
	NEED("zone", watermark, "_watermark"),
	MAYBE("zone", watermark_boost, "watermark_boost"),
	MAYBE("zone", reserved_highatomic, "nr_reserved_highatomic"),
	NEED("zone", lowmem_reserve, "lowmem_reserve"),
	NEED("zone", pageset, "per_cpu_pageset", "pageset"),
	MAYBE("zone", zonestats, "per_cpu_zonestats"), /* until 5.13 inside the pageset */
	NEED("zone", zone_start_pfn, "zone_start_pfn"),
	NEED("zone", managed, "managed_pages"),
	NEED("zone", spanned, "spanned_pages"),
	NEED("zone", present, "present_pages"),
	NEED("zone", zone_name, "name"),
	NEED("zone", free_area, "free_area"),
	NEED("zone", zone_flags, "flags"),
	NEED("zone", drift_mark, "percpu_drift_mark"),
	NEED("zone", vm_stat, "vm_stat"),
	MAYBE("zone", cached_free, "compact_cached_free_pfn"),
	MAYBE("zone", cached_migrate, "compact_cached_migrate_pfn"),
	MAYBE("zone", init_migrate, "compact_init_migrate_pfn"),
	MAYBE("zone", init_free, "compact_init_free_pfn"),
	MAYBE("zone", considered, "compact_considered"),
	MAYBE("zone", defer_shift, "compact_defer_shift"),
	MAYBE("zone", order_failed, "compact_order_failed"),
	MAYBE("zone", blockskip_flush, "compact_blockskip_flush"),
	NEED("free_area", free_list, "free_list"),
	NEED("free_area", nr_free, "nr_free"),
	NEED("per_cpu_pages", pcp_count, "count"),
	NEED("per_cpu_pages", pcp_high, "high"),
	NEED("per_cpu_pages", pcp_batch, "batch"),
	NEED("per_cpu_pages", pcp_lists, "lists"),
	MAYBE("per_cpu_pages", pcp_free_factor, "free_factor"),
	MAYBE("per_cpu_pages", pcp_expire, "expire"),
	MAYBE("per_cpu_pages", pcp_high_min, "high_min"),
	MAYBE("per_cpu_pages", pcp_high_max, "high_max"),
	MAYBE("per_cpu_pages", pcp_alloc_factor, "alloc_factor"),
	MAYBE("per_cpu_pages", pcp_free_count, "free_count"),
	MAYBE("per_cpu_pages", pcp_flags, "flags"),
	MAYBE("per_cpu_pageset", stat_diff, "vm_stat_diff"),
	MAYBE("per_cpu_pageset", stat_threshold, "stat_threshold"),
	MAYBE("per_cpu_zonestat", stat_diff, "vm_stat_diff"),
	MAYBE("per_cpu_zonestat", stat_threshold, "stat_threshold"),
	NEED("page", page_flags, "flags"),
	NEED("page", page_lru, "buddy_list", "lru"),
	NEED("page", page_mapping, "mapping"),
	NEED("page", page_index, "index", "__folio_index"),
	NEED("page", page_private, "private"),
	NEED("page", page_refcount, "_refcount"),
	NEED("page", page_mapcount, "_mapcount", "page_type"),
	NEED("page", page_compound, "compound_head", "compound_info"),
	NEED("mem_section", section_map, "section_mem_map"),
	NEED("mem_section", section_usage, "usage"),
	NEED("mem_section_usage", usage_flags, "pageblock_flags"),
	NEED("lruvec", lruvec_lists, "lists"),
	MAYBE("mem_cgroup", memcg_nodeinfo, "nodeinfo"),
	MAYBE("mem_cgroup_per_node", memcg_lruvec, "lruvec"),
	MAYBE("folio_batch", fbatch_nr, "nr"),
	MAYBE("folio_batch", fbatch_entries, "folios"),
	MAYBE("lru_rotate", rotate_fbatch, "fbatch"),
	MAYBE("cpu_fbatches", fb_add, "lru_add"),
	MAYBE("cpu_fbatches", fb_deactivate_file, "lru_deactivate_file"),
	MAYBE("cpu_fbatches", fb_deactivate, "lru_deactivate"),
	MAYBE("cpu_fbatches", fb_lazyfree, "lru_lazyfree"),
	MAYBE("cpu_fbatches", fb_activate, "activate", "lru_activate"),
	MAYBE("task_struct", task_tasks, "tasks"),
	MAYBE("task_struct", task_comm, "comm"),
	MAYBE("task_struct", task_worker, "worker_private"),
	MAYBE("kthread", kthread_data, "data"),
	MAYBE("bpf_array", array_pptrs, "pptrs"),
	NEED("address_space", mapping_host, "host"),
	NEED("inode", inode_ino, "i_ino"),
	MAYBE("compact_control", cc_free_pfn, "free_pfn"),
	MAYBE("compact_control", cc_migrate_pfn, "migrate_pfn"),
	MAYBE("compact_control", cc_zone, "zone"),
	MAYBE("compact_control", cc_fast_search_fail, "fast_search_fail"),
	MAYBE("compact_control", cc_search_order, "search_order"),
	MAYBE("compact_control", cc_order, "order"),
	MAYBE("compact_control", cc_ignore_skip, "ignore_skip_hint"),
	MAYBE("compact_control", cc_direct, "direct_compaction"),
	MAYBE("compact_control", cc_migratetype, "migratetype"),
};

struct size_row {
	const char *type;
	size_t slot;
	const char *older; /* what it was called before, or NULL */
};
#define SIZE(type, slot)                                                                           \
	{                                                                                          \
		type, offsetof(struct kernel_layout, slot), NULL                                   \
	}

static const struct size_row sizes[] = {
	SIZE("pglist_data", pgdat_size),
	SIZE("zone", zone_size),
	SIZE("page", page_size),
	SIZE("free_area", free_area_size),
	SIZE("list_head", list_head_size),
	SIZE("per_cpu_pages", pcp_size),
	{"per_cpu_zonestat", offsetof(struct kernel_layout, zonestat_size), "per_cpu_pageset"},
	SIZE("mem_section", section_size),
	SIZE("mem_section_usage", usage_size),
};

struct enum_row {
	const char *names[MAX_NAMES];
	size_t slot;
};
#define ENUM(slot, ...)                                                                            \
	{                                                                                          \
		{__VA_ARGS__}, offsetof(struct kernel_layout, slot)                                \
	}

static const struct enum_row enums[] = {
	ENUM(nr_free_pages, "NR_FREE_PAGES"),
	ENUM(pb_skip, "PB_migrate_skip", "PB_compact_skip"),
	ENUM(pb_isolate, "PB_migrate_isolate"),
	ENUM(nr_pageblock_bits, "NR_PAGEBLOCK_BITS", "__NR_PAGEBLOCK_BITS"),
	ENUM(zone_boosted, "ZONE_BOOSTED_WATERMARK"),
	ENUM(zone_reclaim_active, "ZONE_RECLAIM_ACTIVE"),
	ENUM(zone_below_high, "ZONE_BELOW_HIGH"),
	ENUM(mt_unmovable, "MIGRATE_UNMOVABLE"),
	ENUM(mt_movable, "MIGRATE_MOVABLE"),
	ENUM(mt_reclaimable, "MIGRATE_RECLAIMABLE"),
	ENUM(mt_highatomic, "MIGRATE_HIGHATOMIC"),
	ENUM(mt_cma, "MIGRATE_CMA"),
	ENUM(mt_isolate, "MIGRATE_ISOLATE"),
	ENUM(mt_nr, "MIGRATE_TYPES"),
	ENUM(has_mem_map_bit, "SECTION_HAS_MEM_MAP_BIT"),
};

/* Array dimensions multiply; the element is what is left. */
static void measure(const struct btf *btf, uint32_t id, struct layout_member *m)
{
	const struct btf_type *t;
	int64_t size = btf__resolve_size(btf, id);

	m->nr = 1;
	for (;;) {
		t = btf__type_by_id(btf, id);
		if (btf_is_mod(t) || btf_is_typedef(t)) {
			id = t->type;
		} else if (btf_is_array(t)) {
			m->nr *= btf_array(t)->nelems;
			id = btf_array(t)->type;
		} else {
			break;
		}
	}
	m->size = size > 0 && m->nr ? (uint32_t)(size / m->nr) : 8;
}

/* Looks for @name in structure @id and in the unnamed structures and unions inside it. */
static bool find_member(const struct btf *btf, uint32_t id, const char *name, uint32_t base,
			struct layout_member *out)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	const struct btf_member *m = btf_members(t);
	uint32_t i, offset;
	const char *n;

	for (i = 0; i < btf_vlen(t); i++) {
		offset = base + btf_member_bit_offset(t, i) / 8;
		n = btf__name_by_offset(btf, m[i].name_off);
		if (!strcmp(n, name)) {
			out->offset = offset;
			measure(btf, m[i].type, out);
			return true;
		}
		if (!*n && btf_is_composite(btf__type_by_id(btf, m[i].type)) &&
		    find_member(btf, m[i].type, name, offset, out))
			return true;
	}
	return false;
}

static bool read_member(struct kernel_layout *l, const struct btf *btf,
			const struct member_row *row)
{
	struct layout_member *out = (struct layout_member *)((char *)l + row->slot);
	int32_t id = btf__find_by_name_kind(btf, row->type, BTF_KIND_STRUCT);
	int i;

	for (i = 0; id > 0 && i < MAX_NAMES && row->names[i]; i++)
		if (find_member(btf, id, row->names[i], 0, out))
			return true;
	return !row->needed;
}

static void note_enumerator(struct kernel_layout *l, const char *name, int64_t value)
{
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(enums); i++)
		for (k = 0; k < MAX_NAMES && enums[i].names[k]; k++)
			if (!strcmp(enums[i].names[k], name))
				*(int64_t *)((char *)l + enums[i].slot) = value;
}

static void read_enums(struct kernel_layout *l, const struct btf *btf)
{
	uint32_t id, i, n = btf__type_cnt(btf);

	for (i = 0; i < ARRAY_SIZE(enums); i++)
		*(int64_t *)((char *)l + enums[i].slot) = -1;
	for (id = 1; id < n; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (!btf_is_enum(t))
			continue;
		for (i = 0; i < btf_vlen(t); i++)
			note_enumerator(l, btf__name_by_offset(btf, btf_enum(t)[i].name_off),
					btf_enum(t)[i].val);
	}
}

int kernel_layout_from_btf(struct kernel_layout *l, const struct btf *btf, struct error *err)
{
	int64_t size;
	int32_t id;
	size_t i;

	memset(l, 0, sizeof(*l));
	for (i = 0; i < ARRAY_SIZE(members); i++)
		if (!read_member(l, btf, &members[i]))
			return error_set(
				err,
				"this kernel's BTF has no member %s in struct %s: its exact state cannot be read",
				members[i].names[0], members[i].type);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		id = btf__find_by_name_kind(btf, sizes[i].type, BTF_KIND_STRUCT);
		if (id <= 0 && sizes[i].older)
			id = btf__find_by_name_kind(btf, sizes[i].older, BTF_KIND_STRUCT);
		size = id > 0 ? btf__resolve_size(btf, id) : 0;
		if (size <= 0)
			return error_set(
				err,
				"this kernel's BTF has no struct %s: its exact state cannot be read",
				sizes[i].type);
		*(uint32_t *)((char *)l + sizes[i].slot) = size;
	}
	read_enums(l, btf);
	/* A block's bits begin at a multiple of a power of two: 5 of 8 are used since 6.18. */
	while (l->nr_pageblock_bits > 0 && (l->nr_pageblock_bits & (l->nr_pageblock_bits - 1)))
		l->nr_pageblock_bits++;
	if (l->mt_nr < 0 || l->nr_free_pages < 0 || l->nr_pageblock_bits < 0)
		return error_set(
			err,
			"this kernel's BTF lacks the enumerators of migratetypes or pageblock bits: "
			"its exact state cannot be read");
	return 0;
}

int kernel_layout_read(struct kernel_layout *l, struct error *err)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int ret;

	if (!btf || (long)btf < 0 || btf__type_cnt(btf) < 2)
		return error_set(
			err,
			"/sys/kernel/btf/vmlinux cannot be read (%s): exact state needs a kernel built with "
			"CONFIG_DEBUG_INFO_BTF, and root",
			strerror(errno));
	ret = kernel_layout_from_btf(l, btf, err);
	btf__free(btf);
	return ret;
}
