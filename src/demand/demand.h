/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Demand: what the workload asked for, free of what the recorded kernel chose to do about it.
 *
 * A recording is turned once into a stream of fixed records (a file, mapped): objects are born,
 * die, show on the LRU; what the zone policy of the recorded kernel did is taken out of it:
 *
 *  - pages that kswapd or direct reclaim freed were dropped, not given up by their owner
 * (DEMAND_DROP);
 *  - pages that compaction moved keep their identity: a source that the compacting task frees
 * inside migrate_pages() is the destination that shows next, first in, first out;
 *  - free pages that compaction took and gave back are nothing at all.
 *
 * Objects have ids below nr_frames. An object that was there when recording began has its first
 * frame as id; ids are used again after the recorded death. Frames are machine frames: pfn -
 * base_pfn.
 *
 * A pool of huge pages that is resized asks for page after page until one fails. Such a run is one
 * intent: its requests carry the same intent number. Markers in the trace say what was wanted:
 * "zonereplay intent want=N ..." before the requests (the size that the pool is to have),
 * "zonereplay intent got=N ..." after them. Without markers the requests that were made are
 * counted.
 *
 * A page fault for a huge page that gets none goes on with small pages: all of that is one range,
 * and what of it is asked for as small pages is not asked for where the replay has a huge page.
 *
 * A page of a file that was dropped and is read again later has a number: DEMAND_F_RETURNS.
 *
 * What belongs to a file goes with it: DEMAND_FILE_GONE says when, for pages that only the replay
 * still has.
 *
 * Slab pages of dentries and inodes that the recorded kernel's shrinkers emptied were dropped too
 * (DEMAND_SHRUNK). Those of other caches are demand here: they go as it was recorded.
 *
 * Imperfections are counted (struct demand_counts).
 */
#ifndef ZR_DEMAND_H
#define ZR_DEMAND_H

#include "base/base.h"
#include "capture/capture.h"
#include "mm/mm.h"
#include "trace/trace.h"

enum demand_kind {
	DEMAND_NONE,
	DEMAND_BIRTH, /* a request that the recorded kernel met */
	DEMAND_FAIL,  /* a request that the recorded kernel failed: no id */
	DEMAND_DEATH, /* the owner let go */
	DEMAND_DROP,  /* the recorded kernel's reclaim dropped it: the replay may keep it, nobody
			 will free it */
	DEMAND_SPLIT, /* id of `order`+1 becomes two of `order`: the upper half is called `arg` */
	DEMAND_LRU,   /* shows on an LRU list: `lru`, `page` */
	DEMAND_ACTIVATE,  /* to the active list */
	DEMAND_WANT,	  /* from here on the pool of huge pages is to have `arg` pages */
	DEMAND_DONE,	  /* its resize is over */
	DEMAND_WRITEBACK, /* is being written */
	DEMAND_WRITTEN,	  /* has been */
	DEMAND_HOLD,	/* is in use, as metadata of a file system: does not move until its DROP or
			   RELEASE; with arg 1 it does not go either */
	DEMAND_RELEASE, /* is in use no more: moves again */
	DEMAND_FILE_GONE,  /* pages of file `arg` that the recorded kernel had dropped before would
			      be gone now */
	DEMAND_OWNER_GONE, /* task `pid` shows no more: what it had in swap is nobody's */
	DEMAND_SHRUNK, /* the recorded kernel's shrinkers emptied the slab page: the replay may keep
			  it */
	DEMAND_BULK,   /* `arg` single pages at once, of a request's gfp and type; no ids */
	DEMAND_BULK_DEATH, /* one of those, at frame `arg` as recorded */
	DEMAND_FOLD,   /* this cpu's counters are folded; with `arg` it drains a batch of what it
			  holds of the zone of frame `arg` - 1 */
	DEMAND_CONTIG, /* from here (`arg` 1) to the next one (0) what `pid` lets go is given back
			  together, in pieces as large as its place allows */
	DEMAND_NR_KINDS
};

#define DEMAND_BULK_MOST 512u /* pages of one DEMAND_BULK */

#define DEMAND_F_RECORDER 1u /* the recorder's own: replayed, not scored */
#define DEMAND_F_HUGE                                                                              \
	2u /* BIRTH, FAIL: for a pool of huge pages, `arg` is the intent's number; DEATH: from it  \
	    */
#define DEMAND_F_LOST 4u /* DEATH: inferred, because the page was handed out again */
#define DEMAND_F_DIRTY                                                                             \
	8u /* BIRTH: is about to be written to; only where the recording shows writeback */
#define DEMAND_F_THP 16u /* BIRTH, FAIL: a page fault for a transparent huge page (mm/thp.h) */
#define DEMAND_F_AGAIN                                                                             \
	32u /* the same fault's second request, to any node, after one to its own node failed */

#define DEMAND_F_RANGE                                                                             \
	64u /* BIRTH, FAIL, DEATH: of memory that a huge page was wanted for, `arg` is the range's \
	       number */
#define DEMAND_F_LAST 128u /* DEATH: nothing of the range is out any more */
#define DEMAND_F_RETURNS                                                                           \
	256u /* BIRTH: a page that the recorded kernel had dropped (DROP) is read again; `arg` is  \
	      * its number */
#define DEMAND_F_PAST 512u /* DEATH, BULK_DEATH: in an interrupt, past busy per-cpu lists */
#define DEMAND_F_NODE_SHIFT                                                                        \
	12 /* from this bit on, BIRTH, FAIL: 1 + the node it prefers; 0: that of its CPU */

struct demand_op {
	uint64_t time; /* ns since the first event */
	uint32_t id;
	uint32_t pid;
	uint32_t gfp; /* BIRTH, FAIL: canonical GFP_*; DROP: number of a page of a file that is
			 read again, 0 of none */
	uint32_t arg; /* SPLIT, WANT, pool requests, ranges: see there; LRU: MM_F_* to set; DROP:
			 number of its file, 0 not known; BIRTH of a slab page: enum mm_slab + 1
			 where shrinkers can empty it */
	uint16_t cpu;
	uint8_t kind; /* enum demand_kind */
	uint8_t order;
	uint8_t type;	/* BIRTH, FAIL: migratetype; LRU: enum mm_lru */
	uint8_t page;	/* BIRTH, LRU: enum mm_kind, what it is */
	uint16_t flags; /* DEMAND_F_* */
};
_Static_assert(sizeof(struct demand_op) == 32, "records are mapped from files");

/* An object that was there when recording began and that the recording shows: its id is its frame.
 * For a demand that is cut: one that was there at the cut. Those on an LRU list come in its order,
 * oldest first. */
struct demand_initial {
	uint32_t frame;
	uint32_t id;
	uint32_t flags; /* MM_F_* */
	uint8_t order;
	uint8_t page; /* enum mm_kind */
	uint8_t lru;  /* enum mm_lru, or DEMAND_NO_LRU */
	uint8_t slab; /* enum mm_slab + 1, 0: no page that shrinkers can empty */
};
#define DEMAND_NO_LRU 255u

struct demand_counts {
	uint64_t births, fails, deaths, drops, splits;
	uint64_t migrated;	/* identities that moved */
	uint64_t migrated_lost; /* sources whose destination never showed: counted as deaths */
	uint64_t compaction_released; /* free pages that compaction gave back */
	uint64_t unknown_frees; /* frees of pages that nobody was seen to allocate (bulk requests
				   show no allocation) */
	uint64_t double_allocs; /* pages handed out while out: their old object is taken as dead */
	uint64_t ragged_frees;	/* frees that cover several objects */
	uint64_t slab_shrunk;	/* pages that shrinkers freed, or reclaim with a file's page: those
				   whose cache is not known are replayed as recorded */
	uint64_t inferred_lru;	/* pages taken as LRU pages without an LRU event: the trace has none
				 */
	uint64_t foreign_frames;   /* events outside the machine's frames */
	uint64_t intents, markers; /* runs of pool requests, and markers that say what they want */
};

/* Who let a page go, and so why. */
enum demand_why {
	DEMAND_BY_OWNER,      /* by itself, while it went on living */
	DEMAND_BY_EXIT,	      /* with the task: after the last request of one that ends */
	DEMAND_BY_TRUNCATION, /* left its file's cache by no reclaim: truncated, dropped, inode gone
			       */
	DEMAND_BY_OOM,	      /* its task was chosen by the out-of-memory killer */
	DEMAND_BY_INTERRUPT,  /* freed later on its owner's behalf: RCU, I/O that is over */
	DEMAND_BY_KSWAPD,     /* not demand: the recorded kernel reclaimed it, */
	DEMAND_BY_DIRECT_RECLAIM, /* or a task that was short of memory did, */
	DEMAND_BY_SHRINKER,	  /* or a shrinker, in either */
	DEMAND_BY_MIGRATION,	  /* moved: it lives on under another frame */
	DEMAND_BY_UNSEEN,	  /* handed out again, or moved to where nothing showed */
	DEMAND_NR_WHYS
};

/* What pages were, as far as events and the start snapshot tell, when they were seen last. */
enum demand_sort {
	DEMAND_ANON_MAPPED,
	DEMAND_ANON_UNMAPPED,
	DEMAND_ANON_SWAPCACHE,
	DEMAND_FILE_CLEAN,
	DEMAND_FILE_DIRTY,    /* to be written, or being written */
	DEMAND_FILE_METADATA, /* of a file system: can neither move nor go */
	DEMAND_SHMEM,
	DEMAND_SLAB,
	DEMAND_PAGE_TABLE,
	DEMAND_HUGETLB,
	DEMAND_KERNEL,
	DEMAND_MOVABLE_UNKNOWN, /* asked for as movable; never shown on an LRU list */
	DEMAND_NR_SORTS
};

struct demand_name {
	const char *key, *words; /* for programs, for people */
};
extern const struct demand_name demand_why_names[DEMAND_NR_WHYS];
extern const struct demand_name demand_sort_names[DEMAND_NR_SORTS];

/* In pages. */
struct demand_account {
	uint64_t why[DEMAND_NR_WHYS];
	struct demand_sum {
		uint64_t before; /* there when recording began, and shown by it */
		uint64_t asked;
		uint64_t gone;
		uint64_t born[MM_NR_PCP_TYPES]; /* of those asked for, by mobility */
	} sorts[DEMAND_NR_SORTS];
};

/*
 * Memory that one huge page was wanted for, over all the times that it is touched and given back
 * (ranges.c). Touched small after a fault for a huge page got none, or, by who was left with small
 * pages once, without such a fault: then the first birth in it is where a huge page was wanted.
 */
struct demand_range {
	uint32_t second;  /* gfp of the second request of a fault; 0 not known */
	bool keeps_table; /* small pages once, it is touched without a fault for a huge page */
};

struct demand {
	const struct demand_op *ops; /* mapped, by time */
	uint64_t nr;
	const struct demand_initial *initial; /* by frame */
	uint64_t nr_initial;
	struct demand_range *ranges; /* by number, from 1 */
	uint32_t nr_ranges;
	struct demand_counts counts;
	struct demand_account account; /* of the whole recording, also where it is cut */
	uint32_t nr_frames;
	uint32_t nr_files;		      /* numbers of files are at most this */
	uint32_t nr_returning;		      /* those of pages that are read again */
	uint16_t slab_keeps[MM_NR_SLABS];     /* empty pages that a node keeps of a cache, */
	uint16_t slab_cpu_keeps[MM_NR_SLABS]; /* and a CPU */
	uint16_t slab_objects[MM_NR_SLABS][MM_NR_ORDERS]; /* in a page that shrinkers can empty */
	uint32_t swapped;   /* slots of swap that the recorded kernel had filled before the cut */
	uint32_t bulk_most; /* pages of bulk allocations out at once, at most */
	bool folds;	    /* the recording shows when counters are folded */
	bool writeback;	    /* the recording shows when pages are written: it is known which are
			       dirty */
	bool unlocked;	    /* struct capture: pages that were unevictable are not */
	void *map;
	size_t map_len;
};

struct demand_geometry {
	uint64_t base_pfn;
	uint32_t nr_frames, pageblock_order;
	uint64_t first, last; /* events [first, last) belong to the recording; last 0: to the end */
	uint64_t cut; /* events before this one only make the initial objects; 0: all are demand */
	const struct mm *mm; /* the machine, for its zones and CPUs; NULL: not known */
	bool exact_start;    /* and it is in its exact state before the first event */
};

/*
 * Derives the demand of a recording into an unlinked temporary file. The capture gives the start
 * snapshot (kinds of the pages that are there) and the recorder's pid.
 */
int demand_derive(struct demand *d, const struct capture *c, const struct trace *t,
		  const struct demand_geometry *geo, struct progress *prog,
		  struct error *err) MUST_CHECK;
void demand_release(struct demand *d);

/* What a page is by the request that made it: until an LRU event says more. */
enum mm_kind demand_kind_of_request(uint32_t gfp, uint32_t order, uint32_t pageblock_order);

#endif
