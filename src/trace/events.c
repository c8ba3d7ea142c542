// SPDX-License-Identifier: GPL-2.0-only
/* The table of event kinds, and what every event must satisfy whatever it was read from. */
#include "trace/pack.h"

#include <string.h>

#define OURS "zonereplay" /* group of our own probe events */

static const struct event_desc table[EV_NR_KINDS] = {
#define EVENT(kind, system, name, ...) [kind] = {kind, system, name, {__VA_ARGS__}}
	EVENT(EV_ALLOC, "kmem", "mm_page_alloc", "pfn", "order", "gfp_flags", "migratetype"),
	EVENT(EV_FREE, "kmem", "mm_page_free", "pfn", "order"),
	EVENT(EV_FREE_BATCHED, "kmem", "mm_page_free_batched", "pfn"),
	EVENT(EV_ZONE_LOCKED, "kmem", "mm_page_alloc_zone_locked", "pfn", "order", "migratetype",
	      "percpu_refill"),
	EVENT(EV_PCPU_DRAIN, "kmem", "mm_page_pcpu_drain", "pfn", "order", "migratetype"),
	EVENT(EV_EXTFRAG, "kmem", "mm_page_alloc_extfrag", "pfn", "alloc_order", "fallback_order",
	      "alloc_migratetype", "fallback_migratetype", "change_ownership"),

	EVENT(EV_COMPACT_BEGIN, "compaction", "mm_compaction_begin", "zone_start", "migrate_pfn",
	      "free_pfn", "zone_end", "sync"),
	EVENT(EV_COMPACT_END, "compaction", "mm_compaction_end", "zone_start", "migrate_pfn",
	      "free_pfn", "zone_end", "sync", "status"),
	EVENT(EV_COMPACT_TRY, "compaction", "mm_compaction_try_to_compact_pages", "order",
	      "gfp_mask", "prio"),
	EVENT(EV_COMPACT_SUITABLE, "compaction", "mm_compaction_suitable", "nid", "idx", "order",
	      "ret"),
	EVENT(EV_COMPACT_FINISHED, "compaction", "mm_compaction_finished", "nid", "idx", "order",
	      "ret"),
	EVENT(EV_COMPACT_DEFERRED, "compaction", "mm_compaction_deferred", "nid", "idx", "order",
	      "considered", "defer_shift", "order_failed"),
	EVENT(EV_COMPACT_DEFER, "compaction", "mm_compaction_defer_compaction", "nid", "idx",
	      "order", "considered", "defer_shift", "order_failed"),
	EVENT(EV_COMPACT_DEFER_RESET, "compaction", "mm_compaction_defer_reset", "nid", "idx",
	      "order", "considered", "defer_shift", "order_failed"),
	EVENT(EV_COMPACT_MIGRATE_ISOLATE, "compaction", "mm_compaction_isolate_migratepages",
	      "start_pfn", "end_pfn", "nr_scanned", "nr_taken"),
	EVENT(EV_COMPACT_FREE_ISOLATE, "compaction", "mm_compaction_isolate_freepages", "start_pfn",
	      "end_pfn", "nr_scanned", "nr_taken"),
	EVENT(EV_COMPACT_FAST_FREE_ISOLATE, "compaction", "mm_compaction_fast_isolate_freepages",
	      "start_pfn", "end_pfn", "nr_scanned", "nr_taken"),
	EVENT(EV_COMPACT_MIGRATED, "compaction", "mm_compaction_migratepages", "nr_migrated",
	      "nr_failed"),
	EVENT(EV_KCOMPACTD_WAKE, "compaction", "mm_compaction_kcompactd_wake", "nid", "order",
	      "highest_zoneidx"),
	EVENT(EV_KCOMPACTD_SLEEP, "compaction", "mm_compaction_kcompactd_sleep", "nid"),
	EVENT(EV_KCOMPACTD_WAKEUP, "compaction", "mm_compaction_wakeup_kcompactd", "nid", "order",
	      "highest_zoneidx"),

	EVENT(EV_KSWAPD_WAKE, "vmscan", "mm_vmscan_kswapd_wake", "nid", "zid", "order"),
	EVENT(EV_KSWAPD_SLEEP, "vmscan", "mm_vmscan_kswapd_sleep", "nid"),
	EVENT(EV_KSWAPD_WAKEUP, "vmscan", "mm_vmscan_wakeup_kswapd", "nid", "zid", "order",
	      "gfp_flags"),
	EVENT(EV_RECLAIM_BEGIN, "vmscan", "mm_vmscan_direct_reclaim_begin", "order", "gfp_flags"),
	EVENT(EV_RECLAIM_END, "vmscan", "mm_vmscan_direct_reclaim_end", "nr_reclaimed"),
	EVENT(EV_MEMCG_RECLAIM_BEGIN, "vmscan", "mm_vmscan_memcg_reclaim_begin", "order",
	      "gfp_flags"),
	EVENT(EV_MEMCG_RECLAIM_END, "vmscan", "mm_vmscan_memcg_reclaim_end", "nr_reclaimed"),
	EVENT(EV_LRU_ISOLATE, "vmscan", "mm_vmscan_lru_isolate", "order", "nr_requested",
	      "nr_scanned", "nr_skipped", "nr_taken", "lru"),
	EVENT(EV_LRU_SHRINK_INACTIVE, "vmscan", "mm_vmscan_lru_shrink_inactive", "nid",
	      "nr_scanned", "nr_reclaimed", "nr_dirty", "nr_writeback", "priority"),
	EVENT(EV_LRU_SHRINK_ACTIVE, "vmscan", "mm_vmscan_lru_shrink_active", "nid", "nr_taken",
	      "nr_active", "nr_deactivated", "nr_referenced", "priority"),
	EVENT(EV_SHRINK_SLAB_BEGIN, "vmscan", "mm_shrink_slab_start", "nid", "gfp_flags",
	      "cache_items", "delta", "total_scan", "priority"),
	EVENT(EV_SHRINK_SLAB_END, "vmscan", "mm_shrink_slab_end", "nid", "retval", "total_scan"),
	EVENT(EV_WRITEPAGE, "vmscan", "mm_vmscan_write_folio", "pfn"),

	EVENT(EV_LRU_INSERT, "pagemap", "mm_lru_insertion", "pfn", "lru", "flags"),
	EVENT(EV_LRU_ACTIVATE, "pagemap", "mm_lru_activate", "pfn"),
	EVENT(EV_FILE_ADD, "filemap", "mm_filemap_add_to_page_cache", "pfn", "i_ino", "index",
	      "s_dev", "order"),
	EVENT(EV_FILE_DELETE, "filemap", "mm_filemap_delete_from_page_cache", "pfn", "i_ino",
	      "index", "s_dev", "order"),
	EVENT(EV_MIGRATE_PAGES_BEGIN, "migrate", "mm_migrate_pages_start", "mode", "reason"),
	EVENT(EV_MIGRATE_PAGES, "migrate", "mm_migrate_pages", "succeeded", "failed",
	      "thp_succeeded", "thp_failed", "thp_split", "mode_reason"),
	EVENT(EV_MIGRATION_PTE_SET, "migrate", "set_migration_pte", "addr", "pte", "order"),
	EVENT(EV_MIGRATION_PTE_REMOVE, "migrate", "remove_migration_pte", "addr", "pte", "order"),

	EVENT(EV_P_BULK, OURS, "p_bulk", "gfp", "nr"),
	EVENT(EV_P_BULK_RET, OURS, "r_bulk", "nr"),
	EVENT(EV_P_CONTIG, OURS, "p_contig", "pfn", "nr"),
	EVENT(EV_P_BALANCE, OURS, "p_balance", "node", "order", "highest"),
	EVENT(EV_P_BALANCE_RET, OURS, "r_balance", "order"),
	EVENT(EV_P_DECAY, OURS, "p_decay", "zone_start"),
	EVENT(EV_P_ISOLATE_FREE, OURS, "p_isolate_free", "pfn", "order"),
	EVENT(EV_P_ISOLATE_FREE_RET, OURS, "r_isolate_free", "ret", "__probe_ret_ip"),
	EVENT(EV_P_COMPACT_ALLOC, OURS, "p_compact_alloc", "free_pfn", "migrate_pfn",
	      "fast_search_fail", "search_order", "order", "zone_start"),
	EVENT(EV_P_COMPACT_ALLOC_RET, OURS, "r_compact_alloc", "pfn"),
	EVENT(EV_P_SKIP, OURS, "p_skip", "pfn", "flags", "mask"),
	EVENT(EV_P_MIGRATE_BLOCK, OURS, "p_migrate_block", "low_pfn", "fast_search_fail", "order",
	      "ignore_skip", "direct", "zone_start"),
	EVENT(EV_P_FOLD, OURS, "p_fold", "pagesets"),
	EVENT(EV_P_WMARKS, OURS, "r_wmarks", "min_free_kbytes"),
	EVENT(EV_P_WRITEBACK, OURS, "p_writeback", "pfn"),
	EVENT(EV_P_WRITEBACK_END, OURS, "p_writeback_end", "pfn"),

	EVENT(EV_SCHED_SWITCH, "sched", "sched_switch", "prev_pid", "next_pid", "prev_state"),
	EVENT(EV_OOM_KILL, "oom", "mark_victim", "pid"),
	EVENT(EV_MARKER, "ftrace", "print", "text"),
	EVENT(EV_LOST, OURS, "lost", "events"),
#undef EVENT
};

/* What other kernels call the same thing. */
static const struct event_alias aliases[] = {
	{EV_WRITEPAGE, "vmscan", "mm_vmscan_writepage"},	     /* until 5.19 */
	{EV_P_BALANCE, "vmscan", "mm_vmscan_balance_pgdat_begin"},   /* 7.2 */
	{EV_P_BALANCE_RET, "vmscan", "mm_vmscan_balance_pgdat_end"}, /* 7.2 */
};

const struct event_alias *event_aliases(size_t *nr)
{
	*nr = ARRAY_SIZE(aliases);
	return aliases;
}

const struct event_desc *event_desc(enum event_kind kind)
{
	return kind > EV_NONE && kind < EV_NR_KINDS ? &table[kind] : NULL;
}

static bool name_matches(const char *wanted, const char *system, const char *name)
{
	size_t len = strlen(system);

	if (!strncmp(wanted, system, len) && wanted[len] == ':')
		return !strcmp(wanted + len + 1, name);
	return !strcmp(wanted, name);
}

const struct event_desc *event_desc_by_name(const char *name)
{
	for (int kind = EV_NONE + 1; kind < EV_NR_KINDS; kind++) {
		if (name_matches(name, table[kind].system, table[kind].name))
			return &table[kind];
	}
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
		if (name_matches(name, aliases[i].system, aliases[i].name))
			return &table[aliases[i].kind];
	}
	return NULL;
}

/* The same of fields. */
static const struct field_alias field_alias_rows[] = {
	{"node", "nid"},
	{"highest", "highest_zoneidx"},
	{"highest_zoneidx", "classzone_idx"}, /* until 5.7 */
	{"zid", "classzone_idx"},
};

const char *field_alias(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(field_alias_rows); i++) {
		if (!strcmp(name, field_alias_rows[i].name))
			return field_alias_rows[i].other;
	}
	return NULL;
}

/* ---- fields ---- */

/* Field names mean the same in every event, so that the name alone says how a value is treated. */
static const struct field_row {
	const char *name;
	enum field_type type;
} field_rows[] = {
	{"pfn", FIELD_PFN},
	{"order", FIELD_SIGNED},
	{"gfp_flags", FIELD_GFP},
	{"gfp_mask", FIELD_GFP},
	{"gfp", FIELD_GFP},
	{"migratetype", FIELD_TYPE},
	{"alloc_migratetype", FIELD_TYPE},
	{"fallback_migratetype", FIELD_TYPE},
	{"percpu_refill", FIELD_MAY_LACK},
	{"mode_reason", FIELD_MODE_REASON},
	{"text", FIELD_TEXT},
	{"nid", FIELD_SIGNED},
	{"prio", FIELD_SIGNED},
	{"priority", FIELD_SIGNED},
	{"ret", FIELD_SIGNED},
	{"retval", FIELD_SIGNED},
	{"total_scan", FIELD_SIGNED},
	{"order_failed", FIELD_SIGNED},
	{"status", FIELD_SIGNED},
	{"reason", FIELD_SIGNED},
	{"prev_state", FIELD_SIGNED},
	{"search_order", FIELD_SIGNED},
	{"node", FIELD_SIGNED},
	{"addr", FIELD_ADDRESS},
	{"pte", FIELD_ADDRESS},
	{"__probe_ret_ip", FIELD_ADDRESS},
	{"start_pfn", FIELD_ADDRESS},
	{"end_pfn", FIELD_ADDRESS},
	{"free_pfn", FIELD_ADDRESS},
	{"migrate_pfn", FIELD_ADDRESS},
	{"low_pfn", FIELD_ADDRESS},
	{"zone_start", FIELD_ADDRESS},
	{"zone_end", FIELD_ADDRESS},
	{"flags", FIELD_ADDRESS},
	{"mask", FIELD_ADDRESS},
	{"events", FIELD_MAY_LACK},
};

enum field_type field_type(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(field_rows); i++) {
		if (!strcmp(name, field_rows[i].name))
			return field_rows[i].type;
	}
	return FIELD_NUMBER;
}

/* ---- migratetypes ---- */

void types_of_capture(const struct capture *c, uint64_t types[16])
{
	/* CMA off: the numbers of the kernels from 5.10 on */
	static const enum migratetype usual[] = {MT_UNMOVABLE, MT_MOVABLE, MT_RECLAIMABLE,
						 MT_HIGHATOMIC, MT_ISOLATE};
	const struct manifest *m = &c->manifest;
	int mt;

	for (size_t i = 0; i < 16; i++)
		types[i] = i < ARRAY_SIZE(usual) ? usual[i] : MT_NR;
	for (size_t i = 0; i < SNAP_MAX_TYPES && m->migratetypes[i][0]; i++) {
		mt = migratetype_by_name(m->migratetypes[i]);
		types[i] = mt < 0 ? MT_NR : (uint64_t)mt;
	}
}

/* ---- what readers may rely on ---- */

#define MAX_PFN (1ull << 44)

static bool pfn_fine(uint64_t pfn)
{
	return pfn < MAX_PFN;
}

static bool page_fine(uint64_t pfn, uint64_t order)
{
	return pfn_fine(pfn) && order < SNAP_MAX_ORDERS;
}

/* Which word of other events is an order, plus one. -1 stands for "any" in some of them. */
static const uint8_t order_word[EV_NR_KINDS] = {
	[EV_COMPACT_TRY] = 1,	   [EV_COMPACT_SUITABLE] = 3, [EV_COMPACT_FINISHED] = 3,
	[EV_COMPACT_DEFERRED] = 3, [EV_COMPACT_DEFER] = 3,    [EV_COMPACT_DEFER_RESET] = 3,
	[EV_KCOMPACTD_WAKE] = 2,   [EV_KCOMPACTD_WAKEUP] = 2, [EV_KSWAPD_WAKE] = 3,
	[EV_KSWAPD_WAKEUP] = 3,	   [EV_RECLAIM_BEGIN] = 1,    [EV_MEMCG_RECLAIM_BEGIN] = 1,
	[EV_P_BALANCE] = 2,	   [EV_P_ISOLATE_FREE] = 2,
};

static bool order_fine(const struct event *e)
{
	uint64_t order = order_word[e->kind] ? e->w[order_word[e->kind] - 1] : 0;

	return order < SNAP_MAX_ORDERS || order == UINT64_MAX;
}

const char *event_problem(const struct event *e)
{
	const uint64_t *w = e->w;

	switch (e->kind) {
	case EV_ALLOC:
		if (!page_fine(w[0] == UINT64_MAX ? 0 : w[0], w[1]))
			return "the pfn or the order is impossible";
		return w[3] < MT_NR ? NULL : "the migratetype is not one";
	case EV_FREE:
		return page_fine(w[0], w[1]) ? NULL : "the pfn or the order is impossible";
	case EV_ZONE_LOCKED:
	case EV_PCPU_DRAIN:
		if (!page_fine(w[0], w[1]))
			return "the pfn or the order is impossible";
		return w[2] < MT_NR ? NULL : "the migratetype is not one";
	case EV_EXTFRAG:
		if (!page_fine(w[0], w[1]) || w[2] >= SNAP_MAX_ORDERS)
			return "the pfn or an order is impossible";
		return w[3] < MT_NR && w[4] < MT_NR ? NULL : "a migratetype is not one";
	case EV_FREE_BATCHED:
	case EV_LRU_INSERT:
	case EV_LRU_ACTIVATE:
	case EV_FILE_ADD:
	case EV_FILE_DELETE:
	case EV_WRITEPAGE:
		return pfn_fine(w[0]) ? NULL : "the pfn is impossible";
	default:
		return order_fine(e) ? NULL : "the order is impossible";
	}
}
