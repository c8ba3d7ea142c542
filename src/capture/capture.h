/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A capture: a directory with one recorded history of one machine.
 *
 *   manifest         INI: what was recorded where and how (struct manifest); docs in
 * traces/FORMAT.md trace.dat        from trace-cmd; or events.csv[.zst] (imported or exported)
 *   start.snap       the allocator's state when recording began (struct snapshot), optional
 *   end.snap         the same when it ended, optional
 *   proc-start/ ...  the raw proc files that were read (zoneinfo, pagetypeinfo, buddyinfo, vmstat,
 * ...) proc-end/ ...
 *
 * Snapshots know what could be read: `exact` has every list in order, `counts` only numbers.
 */
#ifndef ZR_CAPTURE_H
#define ZR_CAPTURE_H

#include "base/base.h"

#define SNAP_MAX_ORDERS 16  /* orders 0..15; 6.1 x86 uses 11 */
#define SNAP_MAX_TYPES 8    /* migratetypes */
#define SNAP_MAX_ZONES 64   /* zones of all nodes together, populated or not */
#define SNAP_MAX_RESERVES 8 /* lowmem_reserve entries: one per zone index */
#define SNAP_NR_LRU 5 /* inactive_anon, active_anon, inactive_file, active_file, unevictable */

enum snap_level { SNAP_NONE, SNAP_COUNTS, SNAP_EXACT };
const char *snap_level_name(enum snap_level level); /* "none", "counts", "exact" */

/* Migratetypes have one numbering in this program; readers translate the recorded kernel's. */
enum migratetype {
	MT_UNMOVABLE,
	MT_MOVABLE,
	MT_RECLAIMABLE,
	MT_HIGHATOMIC,
	MT_CMA,
	MT_ISOLATE,
	MT_NR
};
const char *
migratetype_name(enum migratetype mt);	   /* "Unmovable", ... as /proc/pagetypeinfo prints them */
int migratetype_by_name(const char *name); /* -1 when unknown */

/* One zone. Numbers are pages unless said otherwise; -1 (or UINT64_MAX) where it could not be read.
 */
struct snap_zone {
	char name[16]; /* "DMA", "DMA32", "Normal", "HighMem", "Movable", "Device" */
	int32_t node;
	int32_t index; /* zone index within the node (zone_idx) */
	uint64_t start_pfn, spanned, present, managed;
	uint64_t wmark[4]; /* min, low, high, promo, without boost */
	uint64_t boost;
	uint64_t lowmem_reserve[SNAP_MAX_RESERVES];
	uint64_t free_counter; /* NR_FREE_PAGES as the global counter says, without per-cpu
				  differences */
	uint64_t reserved_highatomic;
	int32_t stat_threshold; /* per-cpu vmstat threshold */
	uint32_t flags;		/* SNAP_ZONE_*; exact only */
	uint64_t percpu_drift_mark;
	/* compaction state; exact only (compact_valid) */
	uint8_t compact_valid;
	uint8_t compact_blockskip_flush;
	uint64_t compact_cached_free, compact_cached_migrate[2], compact_init_migrate,
		compact_init_free;
	uint32_t compact_considered, compact_defer_shift;
	int32_t compact_order_failed;
	uint64_t nr_free[SNAP_MAX_ORDERS]
			[SNAP_MAX_TYPES];   /* free buddies per order and type (enum migratetype) */
	uint64_t nr_blocks[SNAP_MAX_TYPES]; /* pageblocks per type */
};

#define SNAP_ZONE_BOOSTED 1u	    /* ZONE_BOOSTED_WATERMARK */
#define SNAP_ZONE_RECLAIM_ACTIVE 2u /* ZONE_RECLAIM_ACTIVE */
#define SNAP_ZONE_BELOW_HIGH 4u	    /* ZONE_BELOW_HIGH, 6.12 and later */

/* One per-cpu page set. */
struct snap_pcp {
	int32_t zone; /* index into snapshot.zones */
	int32_t cpu;
	int32_t count, high, batch;		 /* base pages */
	int32_t high_min, high_max;		 /* 6.12+; else 0 */
	int32_t free_factor;			 /* 6.1 */
	int32_t alloc_factor, free_count, flags; /* 6.12+ */
	int32_t expire;
	int32_t free_diff; /* this CPU's unfolded part of NR_FREE_PAGES */
};

enum snap_list_kind { SNAP_LIST_BUDDY, SNAP_LIST_PCP, SNAP_LIST_LRU, SNAP_LIST_LRU_BATCH };

/* One list, head first: entries [first, first + nr) of snapshot.entries. */
struct snap_list {
	uint32_t kind; /* enum snap_list_kind */
	int32_t zone;  /* BUDDY, PCP: index into zones; LRU: node number */
	int32_t cpu;   /* PCP, LRU_BATCH */
	int32_t order; /* BUDDY; PCP: order of its pages */
	int32_t type;  /* BUDDY: enum migratetype; PCP: list index as the kernel numbers them; LRU:
			  lru number;  LRU_BATCH: 0 add, 1 rotate, 2 deactivate_file, 3 deactivate, 4
			  lazyfree, 5 activate */
	uint64_t first, nr;
};

struct snap_entry {
	uint64_t pfn;
	uint8_t order;
	uint8_t type; /* PCP: cached migratetype (enum migratetype) of 5.10 and 6.1; else 0 */
	uint8_t pad[6];
};

/* What is known of one frame. Flag bits have the numbers of /proc/kpageflags
 * (include/uapi/linux/kernel-page-flags.h). */
struct snap_frame {
	uint64_t kpf;	  /* 1 << KPF_* bits; order and head/tail as there */
	int32_t refcount; /* -1 unknown */
	int32_t mapcount; /* -1 unknown */
	uint64_t inode;	  /* file pages, exact only; else 0 */
	uint64_t index;	  /* page offset in its file, exact only */
};

/* What kswapd and kcompactd of a node were asked for; exact only. Orders and zone indices as the
 * kernel has them: its highest zone index is MAX_NR_ZONES where nothing was asked. */
struct snap_node {
	int32_t node;
	int32_t kswapd_order, kswapd_highest_zone, kswapd_failures;
	int32_t kcompactd_order, kcompactd_highest_zone, proactive_trigger;
};

#define SNAP_BLOCK_TYPE(b) ((b)&15u) /* enum migratetype; 15 unknown */
#define SNAP_BLOCK_SKIP 16u

struct snapshot {
	enum snap_level level;
	uint32_t nr_cpus;
	uint32_t nr_orders; /* 11: orders 0..10 */
	uint32_t pageblock_order;
	uint64_t nr_frames; /* frames 0..nr_frames-1 are described by blocks and, if present, frames
			     */
	struct snap_zone *zones; /* in zone-index order within each node; unpopulated ones included
				    (managed 0) */
	size_t nr_zones;
	struct snap_pcp *pcps;
	size_t nr_pcps;
	struct snap_list *lists;
	size_t nr_lists;
	struct snap_entry *entries;
	size_t nr_entries;
	uint8_t *blocks; /* one per pageblock from pfn 0: SNAP_BLOCK_*; NULL when unknown */
	size_t nr_blocks;
	struct snap_frame *frames; /* nr_frames of them, or NULL */
	struct snap_node *nodes;   /* NULL: not known */
	size_t nr_nodes;
};

void snapshot_init(struct snapshot *s);
void snapshot_release(struct snapshot *s);
/* File format: sections, each with a version, packed with zstd and checked by a hash;
 * traces/FORMAT.md. */
int snapshot_load(struct snapshot *s, const char *path, struct error *err) MUST_CHECK;
int snapshot_save(const struct snapshot *s, const char *path, struct error *err) MUST_CHECK;
/*
 * Builds a `counts` snapshot from the text of /proc/zoneinfo and /proc/pagetypeinfo (either may be
 * NULL), and optionally the raw contents of /proc/kpageflags and /proc/kpagecount (u64 per frame,
 * NULL if not read).
 */
int snapshot_from_proc(struct snapshot *s, const char *zoneinfo, const char *pagetypeinfo,
		       const uint64_t *kpageflags, const uint64_t *kpagecount, size_t nr_frames,
		       struct error *err) MUST_CHECK;
/*
 * Adds what /proc/buddyinfo knows and pagetypeinfo does not: the rest of counts that pagetypeinfo
 * cut off (">100000"), or all of them when it could not be read. Buddies of unknown type are
 * counted as movable.
 */
int snapshot_add_buddyinfo(struct snapshot *s, const char *buddyinfo, struct error *err) MUST_CHECK;

/* How the exact state is read. ANY: as the machine allows; BOTH: for tests, once each way, and the
 * two must agree. */
enum snapshot_way { SNAPSHOT_ANY, SNAPSHOT_KCORE, SNAPSHOT_BPF, SNAPSHOT_BOTH };
const char *snapshot_way_name(enum snapshot_way way); /* "any", "kcore", "bpf", "both" */

struct snapshot_report {
	enum snapshot_way way;
	uint64_t duration_ns;	/* of the last try: how long the reading itself took */
	uint64_t lists_ns;	/* the part of it in which the lists were read, all passes */
	uint64_t bytes;		/* read in one pass */
	uint32_t tries, passes; /* passes: over all tries */
	uint64_t page_struct_size, vmemmap_base;
};
struct snapshot_options {
	int marker_fd; /* an open trace_marker, or -1 */
	enum snapshot_way way;
	uint64_t id; /* in the markers */
	/* Called right after the reading, before anything else may run on this CPU; NULL: nothing.
	 * For tests. */
	void (*while_quiet)(void *arg);
	void *arg;
};
/*
 * Reads the exact state of the running kernel (x86_64, root), through /proc/kcore or else by BPF.
 * Everything that takes memory is done by _new; _read may be called again and again.
 */
struct snapshot_reader;
struct snapshot_reader *snapshot_reader_new(enum snapshot_way way, struct error *err) MUST_CHECK;
void snapshot_reader_free(struct snapshot_reader *r);
/*
 * Around each pass of reading it writes "zonereplay snapshot begin ID" and "... end ID" to the
 * trace_marker: the lists are what they were between the LAST such pair of that ID; "... frames ID"
 * says the same for the frames. @s is initialised by the caller; @report may be NULL.
 */
int snapshot_reader_read(struct snapshot_reader *r, struct snapshot *s,
			 const struct snapshot_options *o, struct snapshot_report *report,
			 struct error *err) MUST_CHECK;
/*
 * The best that can be had of the running kernel: `exact`, else `counts` from the files in /proc,
 * else `none`. Returns 0 when it is exact; else -1 with the reason in @err, and @s is still good.
 */
int snapshot_best(struct snapshot *s, enum snapshot_way way, const struct snapshot_options *o,
		  struct snapshot_report *r, struct error *err);

/* ---- the manifest ---- */

struct manifest {
	int version;	    /* 1 */
	char release[128];  /* uname -r */
	char kversion[192]; /* uname -v: has the point release on Debian */
	char arch[32];	    /* uname -m */
	uint32_t page_size; /* bytes */
	uint32_t nr_orders, pageblock_order, nr_cpus, nr_nodes;
	char migratetypes[SNAP_MAX_TYPES]
			 [16]; /* recorded kernel's names in its numeric order; "" ends */
	char workload[128];
	char events[16];       /* "core", "full", "truth" */
	uint64_t recorder_pid; /* 0 unknown; its pages are left out of scores */
	uint64_t page_struct_size,
		vmemmap_base; /* for probe arguments that are struct page pointers; 0 unknown */
	/* Every other key, e.g. "sysctl.vm.extfrag_threshold", "thp.enabled",
	 * "vmstat_start.pgalloc": pairs, in order. */
	char **keys;
	char **values;
	size_t nr_pairs;
};

void manifest_init(struct manifest *m);
void manifest_release(struct manifest *m);
int manifest_load(struct manifest *m, const char *path, struct error *err) MUST_CHECK;
/* The same from memory (NUL-terminated, @len bytes); @path is for errors only. */
int manifest_parse(struct manifest *m, const char *text, size_t len, const char *path,
		   struct error *err) MUST_CHECK;
int manifest_save(const struct manifest *m, const char *path, struct error *err) MUST_CHECK;
/* Value of a pair, or NULL. Keys are "section.name". */
const char *manifest_get(const struct manifest *m, const char *key);
int64_t manifest_get_i64(const struct manifest *m, const char *key, int64_t def);
void manifest_set(struct manifest *m, const char *key, const char *value);
/*
 * The node of each of @nr_cpus CPUs, from "numa.nodeN_cpus". A node without memory (not below
 * @nr_nodes) becomes node 0. Recordings that do not name CPUs by node: taken to be numbered node by
 * node.
 */
int manifest_cpu_nodes(const struct manifest *m, uint32_t nr_nodes, uint32_t nr_cpus,
		       uint32_t *node_of, struct error *err) MUST_CHECK;

/* ---- the directory ---- */

struct capture {
	char *dir;
	char *name; /* last component of dir: how reports call it */
	struct manifest manifest;
	char *trace_path; /* trace.dat or events.csv */
	bool trace_is_csv;
	struct snapshot start, end; /* level SNAP_NONE where absent */
	bool unlocked; /* pages that the start snapshot saw unevictable were its reader's, which had
			  locked its memory, and were let go when it was done */
	char id[33];   /* hash of trace and start snapshot: identifies the capture in databases */
};

/*
 * Opens a capture directory. Without a manifest file what can be known is taken from trace.dat's
 * own header later (release ""). Directories of ../shared/captures form (zoneinfo-before,
 * pagetypeinfo-before) are accepted too. Errors name the file and the remedy.
 */
int capture_open(struct capture *c, const char *dir, struct error *err) MUST_CHECK;
void capture_release(struct capture *c);

#endif
