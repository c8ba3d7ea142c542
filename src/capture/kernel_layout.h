/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where things are inside the running kernel's structures: offsets and sizes from its BTF, never
 * typed in.
 */
#ifndef ZR_KERNEL_LAYOUT_H
#define ZR_KERNEL_LAYOUT_H

#include "base/base.h"

struct btf;

/* One member: bytes from the start of its structure; @nr elements of @size bytes when it is an
 * array. */
struct layout_member {
	uint32_t offset;
	uint32_t size; /* of one element; 0: this kernel has no such member */
	uint32_t nr;   /* 1 unless an array */
};

struct kernel_layout {
	uint32_t pgdat_size, zone_size, page_size, free_area_size, list_head_size, pcp_size,
		zonestat_size;
	uint32_t section_size, usage_size;
	/* struct pglist_data */
	struct layout_member node_zones, node_nr_zones, node_start_pfn, node_spanned_pages,
		node_lruvec, node_id;
	struct layout_member first_deferred, node_kswapd, kswapd_order, kswapd_highest,
		kswapd_failures;
	struct layout_member kcompactd_order, kcompactd_highest, proactive_trigger;
	/* struct zone */
	struct layout_member watermark, watermark_boost, reserved_highatomic, lowmem_reserve,
		pageset, zonestats;
	struct layout_member zone_start_pfn, managed, spanned, present, zone_name, free_area,
		zone_flags, drift_mark;
	struct layout_member cached_free, cached_migrate, init_migrate, init_free, considered,
		defer_shift;
	struct layout_member order_failed, blockskip_flush, vm_stat;
	/* struct free_area */
	struct layout_member free_list, nr_free;
	/* struct per_cpu_pages */
	struct layout_member pcp_count, pcp_high, pcp_batch, pcp_free_factor, pcp_expire, pcp_lists;
	struct layout_member pcp_high_min, pcp_high_max, pcp_alloc_factor, pcp_free_count,
		pcp_flags;
	/* struct per_cpu_zonestat */
	struct layout_member stat_diff, stat_threshold;
	/* struct page */
	struct layout_member page_flags, page_lru, page_mapping, page_index, page_private,
		page_refcount;
	struct layout_member page_mapcount, page_compound;
	/* struct mem_section, struct mem_section_usage */
	struct layout_member section_map, section_usage, usage_flags;
	/* LRU: struct lruvec, mem_cgroup, mem_cgroup_per_node, the per-cpu batches */
	struct layout_member lruvec_lists, memcg_nodeinfo, memcg_lruvec, fbatch_nr, fbatch_entries,
		rotate_fbatch;
	struct layout_member fb_add, fb_deactivate_file, fb_deactivate, fb_lazyfree, fb_activate;
	/* struct task_struct, kthread, bpf_array: to find the way without symbols */
	struct layout_member task_tasks, task_comm, task_worker, kthread_data, array_pptrs;
	/* struct address_space, struct inode */
	struct layout_member mapping_host, inode_ino;
	/* struct compact_control, for probe arguments */
	struct layout_member cc_free_pfn, cc_migrate_pfn, cc_zone, cc_fast_search_fail,
		cc_search_order, cc_order;
	struct layout_member cc_ignore_skip, cc_direct, cc_migratetype;
	/* enumerators; -1 where absent */
	int64_t nr_free_pages, pb_skip, pb_isolate, nr_pageblock_bits;
	int64_t zone_boosted, zone_reclaim_active, zone_below_high;
	int64_t mt_unmovable, mt_movable, mt_reclaimable, mt_highatomic, mt_cma, mt_isolate, mt_nr;
	int64_t has_mem_map_bit;
};

/* Reads the layout of the running kernel; the error names what is missing. */
int kernel_layout_read(struct kernel_layout *l, struct error *err) MUST_CHECK;
/* The same from BTF that is already there (a file, in tests). */
int kernel_layout_from_btf(struct kernel_layout *l, const struct btf *btf,
			   struct error *err) MUST_CHECK;

#endif
