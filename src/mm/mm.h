/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine: the whole state of a kernel's zone allocator, and its mechanisms. Knows nothing of
 * traces, files or policies.
 *
 * A machine is one flat block of memory that refers to itself by index. It is cloned with one copy,
 * hashed, compared, written to disk and read back. All of it is integers. Counters that do not
 * steer the future (struct mm_stats) are in the block but not in the hash. There is no global
 * state.
 *
 * Names are the kernel's: zone, pageblock, migratetype, order, watermark, per-cpu list (pcp).
 * Differences between kernels are fields and functions of a const struct mm_era, chosen once per
 * machine.
 *
 * Frames: 16 bytes each. A frame is on at most one list at a time (a free list, a per-cpu list, an
 * LRU list or a private list of compaction), as struct page is. Machines for what-if replay add an
 * object table of 16 bytes per frame.
 *
 * Sources: mm/page_alloc.c, mm/compaction.c, mm/vmscan.c, mm/vmstat.c of the kernel that the era
 * names; FIDELITY.md says row by row what is exact.
 */
#ifndef ZR_MM_H
#define ZR_MM_H

#include "base/base.h"

/* ---- distinct types; the converters are here and nowhere else ---- */

struct pfn {
	uint64_t n; /* page frame number as the kernel counts */
};
struct frame {
	uint32_t n; /* index into the machine's frames: pfn minus the machine's base */
};
struct block {
	uint32_t n; /* pageblock index from the machine's base */
};
#define FRAME_NONE ((struct frame){UINT32_MAX})
static inline bool frame_is_none(struct frame f)
{
	return f.n == UINT32_MAX;
}

#define MM_NR_ORDERS 11	  /* orders 0..10 in every era so far; ppc64 with 64 KiB pages uses fewer */
#define MM_NR_TYPES 6	  /* migratetypes, numbered as enum mm_type */
#define MM_NR_PCP_TYPES 3 /* unmovable, movable, reclaimable */
#define MM_NR_PCP_LISTS                                                                            \
	14 /* 6.1.97 and later: 3 types x orders 0..3, then order 9 not movable, order 9 movable   \
	    */
#define MM_MAX_ZONES 32 /* populated or not, all nodes */
#define MM_MAX_NODES 8
#define MM_NR_LRU 5   /* inactive_anon, active_anon, inactive_file, active_file, unevictable */
#define MM_NR_WMARK 4 /* min, low, high, promo */
#define MM_ZONES_PER_NODE 5 /* zone indices of lowmem_reserve */

/* Zones by meaning: their indices differ between architectures. */
enum mm_zone_kind {
	MM_ZK_DMA,
	MM_ZK_DMA32,
	MM_ZK_NORMAL,
	MM_ZK_HIGHMEM,
	MM_ZK_MOVABLE,
	MM_ZK_DEVICE,
	MM_NR_ZONE_KINDS
};
#define MM_NO_ZONE_INDEX 255u

/* Same numbers as enum migratetype of capture.h. */
enum mm_type { MM_UNMOVABLE, MM_MOVABLE, MM_RECLAIMABLE, MM_HIGHATOMIC, MM_CMA, MM_ISOLATE };
enum mm_wmark { MM_WMARK_MIN, MM_WMARK_LOW, MM_WMARK_HIGH, MM_WMARK_PROMO };
enum mm_lru {
	MM_LRU_INACTIVE_ANON,
	MM_LRU_ACTIVE_ANON,
	MM_LRU_INACTIVE_FILE,
	MM_LRU_ACTIVE_FILE,
	MM_LRU_UNEVICTABLE
};

/* gfp bits, the same numbers as trace.h's canonical GFP_* (6.1's) */
#define MM_GFP_DMA 0x01u
#define MM_GFP_HIGHMEM 0x02u
#define MM_GFP_DMA32 0x04u
#define MM_GFP_MOVABLE 0x08u
#define MM_GFP_RECLAIMABLE 0x10u
#define MM_GFP_HIGH 0x20u
#define MM_GFP_IO 0x40u
#define MM_GFP_FS 0x80u
#define MM_GFP_ATOMIC 0x200u
#define MM_GFP_DIRECT_RECLAIM 0x400u
#define MM_GFP_KSWAPD_RECLAIM 0x800u
#define MM_GFP_WRITE 0x1000u
#define MM_GFP_NOWARN 0x2000u
#define MM_GFP_RETRY_MAYFAIL 0x4000u
#define MM_GFP_NOFAIL 0x8000u
#define MM_GFP_NORETRY 0x10000u
#define MM_GFP_MEMALLOC 0x20000u
#define MM_GFP_COMP 0x40000u
#define MM_GFP_NOMEMALLOC 0x80000u
#define MM_GFP_HARDWALL 0x100000u
#define MM_GFP_THISNODE 0x200000u
#define MM_GFP_ACCOUNT 0x400000u

/* alloc flags, 6.1.116 and later [mm/internal.h] */
#define MM_ALLOC_WMARK_MASK 0x3u
#define MM_ALLOC_NO_WATERMARKS 0x4u
#define MM_ALLOC_OOM 0x8u
#define MM_ALLOC_NON_BLOCK 0x10u
#define MM_ALLOC_MIN_RESERVE 0x20u
#define MM_ALLOC_CPUSET 0x40u
#define MM_ALLOC_CMA 0x80u
#define MM_ALLOC_NOFRAGMENT 0x100u
#define MM_ALLOC_HIGHATOMIC 0x200u
#define MM_ALLOC_KSWAPD 0x800u

/* ---- the pieces of the block ---- */

struct mm_frame {
	uint32_t next, prev; /* frame index, or nr_frames + list index for a list's head */
	uint16_t list;	     /* which list it is on, MM_NO_LIST if none */
	uint8_t order;	/* of the free buddy, per-cpu page or allocated page that starts here */
	uint8_t type;	/* per-cpu pages: cached migratetype (6.1); isolated free pages: 0 */
	uint32_t flags; /* MM_F_* */
};
_Static_assert(sizeof(struct mm_frame) == 16, "at most 16 bytes per frame");
#define MM_NO_LIST UINT16_MAX

/*
 * What is known of an allocated page: kept at its first frame only (HEAD; frame.order is the page's
 * order). The frames behind it have flags 0, as all frames of a free buddy but its head have. A
 * scan over frames goes by heads.
 */
#define MM_F_HEAD 0x0001u      /* first frame of an allocated page of `order` */
#define MM_F_ALLOCATED 0x0002u /* out of the allocator */
#define MM_F_LRU                                                                                   \
	0x0004u /* PageLRU: on an LRU list (also where the machine keeps no LRU lists, as in       \
		   verify) */
#define MM_F_ACTIVE 0x0008u
#define MM_F_ANON 0x0010u
#define MM_F_FILE 0x0020u /* page cache */
#define MM_F_SWAPBACKED 0x0040u
#define MM_F_SWAPCACHE 0x0080u
#define MM_F_DIRTY 0x0100u
#define MM_F_WRITEBACK 0x0200u
#define MM_F_UNEVICTABLE 0x0400u
#define MM_F_SLAB 0x0800u
#define MM_F_COMPOUND 0x1000u /* part of a compound page */
#define MM_F_HUGE 0x2000u     /* hugetlb page */
#define MM_F_MAPPED 0x4000u
#define MM_F_PINNED 0x8000u	  /* more references than its users explain */
#define MM_F_MOVABLE_OPS 0x10000u /* balloon, zsmalloc: movable but not on an LRU */
#define MM_F_ISOLATED 0x20000u	  /* taken off the LRU by reclaim or compaction right now */
#define MM_F_HOLE 0x40000u	  /* no memory here or never given to the allocator (reserved) */
#define MM_F_KNOWN 0x80000u	  /* verify with incomplete start: this frame's state is known */
#define MM_F_PCP_STALE 0x100000u  /* free for the drivers' own use */
#define MM_F_RECLAIM                                                                               \
	0x200000u /* PG_reclaim: goes to the old end of the inactive list when it has been written \
		   */
#define MM_F_SWAPPED 0x400000u /* anonymous, and what it holds is in swap too: it has its slots */
#define MM_F_YOUNG                                                                                 \
	0x800000u /* mapped by a fault, or a slab page whose objects were used again; and not      \
		     looked at by reclaim since */
#define MM_F_BUFFERS 0x02000000u /* page cache with buffer heads */
#define MM_F_FIXED 0x04000000u	 /* cannot be moved, but reclaimed */
#define MM_F_DRIVER 0xf9000000u	 /* the drivers' own bits */

struct mm_zone {
	uint32_t start, end; /* frames [start, end): the span */
	uint32_t present, managed;
	int32_t node, index; /* index: zone index within the node */
	char name[16];
	uint32_t wmark[MM_NR_WMARK]; /* without boost */
	uint32_t boost;
	uint32_t lowmem_reserve[MM_ZONES_PER_NODE];
	int64_t free;	     /* pages in free lists that count: exact */
	int64_t free_global; /* NR_FREE_PAGES as watermark tests see it; == free where differences
				are not modelled */
	int32_t stat_threshold;
	int64_t drift_mark; /* percpu_drift_mark, 0 none */
	uint32_t nr_free[MM_NR_ORDERS];
	uint32_t reserved_highatomic;
	uint32_t nr_isolate_blocks;
	uint32_t nr_lru[MM_NR_LRU]; /* pages of this zone on its node's lists [NR_ZONE_LRU_BASE] */
	uint32_t flags;		    /* MM_ZONE_* */
	/* compaction [struct zone: compact_*] */
	uint32_t compact_cached_free, compact_cached_migrate[2], compact_init_migrate,
		compact_init_free; /* frames */
	uint32_t compact_considered, compact_defer_shift;
	int32_t compact_order_failed;
	uint32_t compact_blockskip_flush;
	uint32_t free_highatomic; /* 6.12: free pages of the reserve */
};
#define MM_ZONE_BOOSTED 1u	  /* ZONE_BOOSTED_WATERMARK */
#define MM_ZONE_RECLAIM_ACTIVE 2u /* ZONE_RECLAIM_ACTIVE */
#define MM_ZONE_BELOW_HIGH 4u

struct mm_pcp { /* per zone and cpu */
	int32_t count, high, batch;
	int32_t free_factor;					     /* 6.1 */
	int32_t high_min, high_max, alloc_factor, free_count, flags; /* 6.12+ */
	int32_t free_diff; /* this cpu's unfolded difference of NR_FREE_PAGES */
};

#include "mm/balance.h"
#include "mm/shrink.h"

struct mm_node {
	uint32_t nr_lru[MM_NR_LRU]; /* pages */
	uint32_t nr_isolated;	    /* pages isolated from the LRU */
	uint32_t kswapd_order, kswapd_highest;
	uint32_t kcompactd_order, kcompactd_highest;
	uint32_t proactive_wait; /* turns of its timer to let pass after one that did not help */
	uint32_t kswapd_failures;
	uint32_t zonelist[MM_MAX_ZONES]; /* zone indices into mm zones: this node first, descending
					    zone index; then others */
	uint32_t nr_zonelist;
	struct mm_balance balance;
	struct mm_shrinker shrinker;
};

/* List heads live behind the frames in link space: link value nr_frames + list index. */
struct mm_list {
	uint32_t next, prev;
	uint32_t count;
	uint32_t pad;
};

/* What occupies an allocated page; what-if machines only. Kept at the head frame. */
struct mm_object {
	uint32_t id;	/* demand's name for it; MM_NO_ID when the demand no longer knows it (an
			   orphan) */
	uint32_t owner; /* pid that asked for it */
	uint8_t kind;	/* enum mm_kind */
	uint8_t order;
	uint16_t flags; /* MM_O_* */
};
_Static_assert(sizeof(struct mm_object) == 12, "12 bytes and 4 of the id map make 16 per frame");
#define MM_NO_ID UINT32_MAX
enum mm_kind {
	MM_KIND_UNKNOWN,
	MM_KIND_ANON,
	MM_KIND_FILE,
	MM_KIND_SHMEM,
	MM_KIND_SLAB,
	MM_KIND_PAGE_TABLE,
	MM_KIND_HUGETLB,
	MM_KIND_KERNEL, /* other */
	MM_KIND_RESERVED,
	MM_NR_KINDS
};
#define MM_O_RECORDER 1u /* belongs to the recorder: left out of scores */
#define MM_O_ORPHAN 2u	 /* the recorded kernel dropped it; only the replay keeps it */
#define MM_O_RANGE 4u	 /* only the replay has it, for the range whose number is its owner */

/* Where compaction's scanners were in a zone; whoever looks at it sets @runs to 0. */
struct mm_swept {
	uint32_t runs;			    /* begins and ends of runs; 0: the rest means nothing */
	uint32_t migrate_low, migrate_high; /* frames: the scanner for pages to move, */
	uint32_t free_low, free_high;	    /* and the one for free pages */
};

struct mm_stats { /* not hashed; pages unless said otherwise */
	uint64_t allocs[MM_NR_ORDERS], frees[MM_NR_ORDERS]; /* requests */
	uint64_t fast_ok[MM_NR_ORDERS], slow_ok[MM_NR_ORDERS],
		failed[MM_NR_ORDERS]; /* kept by the drivers */
	uint64_t refills, drains, fallbacks, blocks_claimed;
	uint64_t reclaimed_kswapd, reclaimed_direct, scanned_kswapd, scanned_direct;
	uint64_t reclaimed_anon, reclaimed_file, reclaimed_orphans, activated, deactivated,
		lumpy_taken, lumpy_failed;
	/* Scanned: in pageblocks. What compaction's fast searches see of the free lists, and vmstat
	 * counts with it, is in no event of 6.1. */
	uint64_t migrate_scanned, free_scanned, migrated, migrate_failed, isolated;
	uint64_t compact_stall, compact_success, compact_fail, compact_deferred, compact_runs;
	uint64_t direct_reclaims, kswapd_runs, kcompactd_runs;
	uint64_t stall_ns;		   /* estimate */
	uint64_t slab_scanned, slab_freed; /* objects; pages */
	struct mm_swept swept[MM_MAX_ZONES];
};

/*
 * While a task compacts for itself, __free_one_page gives it the first page of the order that a
 * merge makes in the zone [struct capture_control]. The drivers set @active only while that task
 * runs.
 */
struct mm_capture {
	uint32_t active, zone, order;
	uint32_t taken; /* @frame is a page of @order that belongs to nobody's list */
	uint32_t frame;
};

struct mm_era; /* era.h, inside the room */

struct mm {
	/* identity: fixed for a machine's life */
	uint64_t magic;
	uint64_t size; /* bytes of the whole block */
	uint32_t version;
	uint32_t era_index; /* into the table of eras */
	uint64_t base_pfn;  /* pfn of frame 0; aligned to the largest order */
	uint32_t nr_frames, nr_blocks, nr_zones, nr_nodes, nr_cpus, nr_lists, nr_ids;
	uint32_t nr_orders; /* 11 = orders 0..10 */
	uint32_t pageblock_order, nr_types;
	uint32_t private_size; /* a policy's private state in this block */
	uint32_t list_pcp, list_lru, list_private,
		list_slab; /* first list index of each group; free lists start at 0 */
	uint32_t extfrag_threshold, watermark_boost_factor, compact_unevictable_allowed,
		mobility_disabled;
	uint32_t proactiveness; /* sysctl compaction_proactiveness; 0: kcompactd has no timer */
	uint32_t defrag_mode;	/* sysctl of 6.15, in eras that have it */
	uint32_t thp_recorded, thp_defrag; /* enum mm_thp_defrag: of the recorded kernel, and what
					      it is to be here */
	uint32_t swap_slots, swap_free;	   /* none free: anonymous pages cannot be reclaimed */
	uint32_t page_shift;		   /* 12 for 4 KiB pages */
	uint16_t slab_keeps[MM_NR_SLABS];  /* empty pages that a node keeps of a cache, */
	uint16_t slab_cpu_keeps[MM_NR_SLABS]; /* and a CPU */
	uint16_t slab_objects[MM_NR_SLABS]
			     [MM_NR_ORDERS];	 /* in a page of each order; 0: not known */
	uint8_t zone_index_of[MM_NR_ZONE_KINDS]; /* zone index by enum mm_zone_kind;
						    MM_NO_ZONE_INDEX: not configured */
	/* offsets of the parts from the start of the block, 16-byte aligned */
	uint64_t off_cpus, off_pcps, off_lists, off_frames, off_blocks, off_objects, off_ids,
		off_private, off_kcompactd, off_stats;
	uint64_t off_chronicle; /* 0: none is kept */
	struct mm_capture capture;
	uint64_t now; /* ns, kept by the drivers; steers nothing in here but deferred work */
	uint32_t cpu; /* the CPU that runs now: whose counter differences change; drivers and whole
			 operations (mm_get_page, mm_free_page) set it */
	uint32_t percpu_high_fraction; /* sysctl percpu_pagelist_high_fraction */
	uint32_t wake_kswapd; /* zones (bits) that were boosted and so woke their node's kswapd
				 [rmqueue]; the driver clears it */
	/* Where kswapd is @sliced it works as far as @budget ns go; else to its end. The driver
	 * gives it more. */
	uint32_t kswapd_sliced;
	struct mm_kswapd_cost {
		uint32_t scanned, aged; /* ns: a page of an inactive list, of an active one */
	} kswapd_cost;
	int64_t kswapd_budget;
	uint32_t kcompactd_sliced; /* the same for kcompactd */
	struct mm_compact_cost {
		uint32_t scanned, moved; /* ns: a page looked at, one moved */
	} kcompactd_cost;
	int64_t kcompactd_budget;
	struct mm_passing passing;
	/* Every comparison with extfrag_threshold since the driver reset these came out as it would
	 * have for each threshold from @from to @to. */
	struct mm_agree {
		int32_t from, to;
	} agree;
	struct mm_node nodes[MM_MAX_NODES];
	struct mm_zone zones[MM_MAX_ZONES];
};

static inline void *mm_at(const struct mm *mm, uint64_t off)
{
	return (char *)mm + off;
}
static inline struct mm_frame *mm_frames(const struct mm *mm)
{
	return mm_at(mm, mm->off_frames);
}
static inline struct mm_list *mm_lists(const struct mm *mm)
{
	return mm_at(mm, mm->off_lists);
}
static inline struct mm_frame *mm_frame(const struct mm *mm, struct frame f)
{
	return &mm_frames(mm)[f.n];
}
/* One byte per pageblock: MM_B_TYPE in the low bits, MM_B_SKIP. */
static inline uint8_t *mm_blocks(const struct mm *mm)
{
	return mm_at(mm, mm->off_blocks);
}
#define MM_B_TYPE 0x0fu
#define MM_B_SKIP 0x10u
/* The node of each CPU, which its requests prefer; all 0 unless the driver says more. */
static inline uint8_t *mm_cpu_nodes(const struct mm *mm)
{
	return mm_at(mm, mm->off_cpus);
}
static inline uint32_t mm_node_of_cpu(const struct mm *mm, uint32_t cpu)
{
	return cpu < mm->nr_cpus ? mm_cpu_nodes(mm)[cpu] : 0;
}
static inline struct mm_pcp *mm_pcp(const struct mm *mm, uint32_t zone, uint32_t cpu)
{
	return (struct mm_pcp *)mm_at(mm, mm->off_pcps) + (size_t)zone * mm->nr_cpus + cpu;
}
static inline struct mm_object *mm_objects(const struct mm *mm) /* NULL for machines without */
{
	return mm->off_objects ? mm_at(mm, mm->off_objects) : NULL;
}
static inline uint32_t *mm_ids(const struct mm *mm) /* id -> head frame index, UINT32_MAX none */
{
	return mm_at(mm, mm->off_ids);
}
static inline struct mm_stats *mm_stats(const struct mm *mm)
{
	return mm_at(mm, mm->off_stats);
}
static inline void *mm_private(const struct mm *mm)
{
	return mm_at(mm, mm->off_private);
}

static inline struct frame frame_from_pfn(const struct mm *mm, struct pfn p)
{
	return p.n >= mm->base_pfn && p.n - mm->base_pfn < mm->nr_frames
		       ? (struct frame){(uint32_t)(p.n - mm->base_pfn)}
		       : FRAME_NONE;
}
static inline struct pfn pfn_from_frame(const struct mm *mm, struct frame f)
{
	return (struct pfn){mm->base_pfn + f.n};
}
static inline struct block block_from_frame(const struct mm *mm, struct frame f)
{
	return (struct block){f.n >> mm->pageblock_order};
}
static inline struct frame frame_from_block(const struct mm *mm, struct block b)
{
	return (struct frame){b.n << mm->pageblock_order};
}

/* ---- making and copying ---- */

struct mm_zone_config {
	char name[16];
	int32_t node, index;
	uint64_t start_pfn, spanned, present, managed;
	uint32_t wmark[MM_NR_WMARK], boost;
	uint32_t lowmem_reserve[MM_ZONES_PER_NODE];
	int32_t stat_threshold;
};

struct mm_config {
	const char *release; /* "6.1.192" or any uname -r: chooses the era */
	const char *era;     /* overrides the choice when not NULL */
	uint64_t end_pfn;    /* one past the highest frame */
	uint32_t nr_cpus, nr_nodes, nr_orders, pageblock_order, nr_types;
	uint32_t page_shift; /* 0: 12 */
	/*
	 * Every zone of the kernel, by node and then by zone index. Only populated ones (managed >
	 * 0) become zones of the machine, in this order; the names of the others say which zone
	 * indices exist.
	 */
	const struct mm_zone_config *zones;
	uint32_t nr_zones;
	bool objects;	       /* with the object table and LRU lists (what-if) */
	uint32_t private_size; /* bytes for a policy's private state */
};

/* All frames start allocated (MM_F_HOLE); free lists empty; pcp empty with batch and high by the
 * era's formulas. */
struct mm *mm_new(const struct mm_config *cfg, struct error *err) MUST_CHECK;
void mm_free(struct mm *mm);
struct mm *mm_clone(const struct mm *mm); /* NULL only when memory is exhausted */
/* A copy of a machine without objects that has room for them (what-if), and fresh counters. */
struct mm *mm_with_objects(const struct mm *mm, uint32_t private_size);
void mm_copy(struct mm *dst, const struct mm *src); /* same size and shape */
uint64_t mm_hash(const struct mm *mm);		    /* of the hashed part, in one fixed form */
/* Walks every invariant; 0, or -1 with the first violation in @err. */
int mm_validate(const struct mm *mm, struct error *err) MUST_CHECK;

/* Eras known to this program: name ("6.1"), the first release it is exact for, one line of text;
 * NULL past the end. */
const char *mm_era_name(uint32_t index);
/* Are tasks preempted inside this kernel, where nothing else is known of how it was built? */
bool mm_era_preempts(const struct mm *mm);
const char *mm_era_summary(uint32_t index);
/* Index of the era for a release; *exact says whether it is for exactly this kernel or only the
 * nearest. */
uint32_t mm_era_find(const char *release, bool *exact);

/* ---- lists ---- */

uint32_t mm_buddy_list(const struct mm *mm, uint32_t zone, uint32_t order, uint32_t type);
uint32_t mm_pcp_list(const struct mm *mm, uint32_t zone, uint32_t cpu, uint32_t pindex);
uint32_t mm_lru_list(const struct mm *mm, uint32_t node, enum mm_lru lru);
uint32_t mm_private_list(const struct mm *mm,
			 uint32_t n); /* n < 8: 0..5 compaction in flight (two per slot), 6..7
					 reclaim; empty at rest */
static inline bool mm_is_link_head(const struct mm *mm, uint32_t link)
{
	return link >= mm->nr_frames;
}
struct frame mm_list_first(const struct mm *mm, uint32_t list); /* FRAME_NONE when empty */
struct frame mm_list_last(const struct mm *mm, uint32_t list);
struct frame mm_list_next(const struct mm *mm,
			  struct frame f); /* towards the tail; FRAME_NONE at the end */
struct frame mm_list_prev(const struct mm *mm, struct frame f);
static inline uint32_t mm_list_count(const struct mm *mm, uint32_t list)
{
	return mm_lists(mm)[list].count;
}
void mm_list_add(struct mm *mm, uint32_t list, struct frame f); /* at the head */
void mm_list_add_tail(struct mm *mm, uint32_t list, struct frame f);
void mm_list_del(struct mm *mm, struct frame f);
/* [first..prev of f] moves behind the tail: f becomes first. Lists keep their members. */
void mm_list_rotate_to_first(struct mm *mm, struct frame f);
/* [first..f] moves behind the tail: f becomes last. */
void mm_list_rotate_to_last(struct mm *mm, struct frame f);
/* Moves @f, which is on a list, right behind @before on the same list. */
void mm_list_move_behind(struct mm *mm, struct frame f, struct frame before);
bool mm_on_buddy_list(const struct mm *mm, struct frame f); /* head of a free buddy */
bool mm_on_pcp_list(const struct mm *mm, struct frame f);
bool mm_on_lru_list(const struct mm *mm, struct frame f);
/* List type of a free buddy's list. */
uint32_t mm_buddy_list_type(const struct mm *mm, struct frame f);
/* Zone number that a frame belongs to; UINT32_MAX for a hole between zones. */
uint32_t mm_frame_zone(const struct mm *mm, struct frame f);
/* The free buddy that contains @f, or FRAME_NONE. */
struct frame mm_buddy_containing(const struct mm *mm, struct frame f);

static inline uint32_t mm_block_type(const struct mm *mm, struct frame f)
{
	return mm_blocks(mm)[f.n >> mm->pageblock_order] & MM_B_TYPE;
}
void mm_set_block_type(struct mm *mm, struct frame f,
		       uint32_t type); /* the block of f; keeps skip */
bool mm_block_skip(const struct mm *mm, struct frame f);
void mm_set_block_skip(struct mm *mm, struct frame f, bool skip);

/* ---- objects (what-if machines) ---- */

/* Binds an object to the page at @f; the frames of it must be allocated. */
void mm_object_bind(struct mm *mm, struct frame f, uint32_t id, uint32_t owner, enum mm_kind kind,
		    uint32_t order);
struct frame mm_object_frame(const struct mm *mm, uint32_t id); /* FRAME_NONE when it has no page */
/* Forgets the object at @f (the id map and the table); the page itself stays as it is. */
void mm_object_unbind(struct mm *mm, struct frame f);
/* Everything that describes the page at @from (object, flags, LRU place) moves to allocated page
 * @to [migrate_page]. */
void mm_object_move(struct mm *mm, struct frame from, struct frame to);

/* ---- compaction [compaction.c]: compaction.h, compaction*.c ---- */

enum mm_compact_result { /* numbers of enum compact_result */
			 MM_COMPACT_NOT_SUITABLE_ZONE,
			 MM_COMPACT_SKIPPED,
			 MM_COMPACT_DEFERRED,
			 MM_COMPACT_NO_SUITABLE_PAGE,
			 MM_COMPACT_CONTINUE,
			 MM_COMPACT_COMPLETE,
			 MM_COMPACT_PARTIAL_SKIPPED,
			 MM_COMPACT_CONTENDED,
			 MM_COMPACT_SUCCESS
};
enum mm_migrate_mode { MM_MIGRATE_ASYNC, MM_MIGRATE_SYNC_LIGHT, MM_MIGRATE_SYNC };

#include "mm/buddy.h"
#include "mm/watermark.h"

#include "mm/chronicle.h"
#include "mm/compaction.h"
#include "mm/pcp.h"
#include "mm/reclaim.h"
#include "mm/thp.h"

#endif
