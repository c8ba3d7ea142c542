/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why did a request of the replay fail, and what would have saved it? The answer is a struct, free
 * of any format; src/report prints it.
 *
 * Requests are numbered from 1 in the order of the recording, whatever the policy. Requests that
 * the replay adds (a pool of huge pages that gets further than recorded, a page read again) count
 * from 1 behind the one before: number 1234, extra 2.
 *
 * What is said to help was tried: on a copy of the machine in the state in which the request gave
 * up (freeing pages, draining lists, other watermarks) or in which it began (compaction by hand,
 * other policies). "Freed" means given back to the free lists all at once, with the per-cpu lists
 * drained and the counters folded; then the free lists are asked once more at the min watermark,
 * and nothing else is reclaimed or moved.
 */
#ifndef ZR_REPLAY_EXPLAIN_H
#define ZR_REPLAY_EXPLAIN_H

#include "replay/replay.h"

enum explain_verdict {
	EXPLAIN_SUCCEEDED,
	EXPLAIN_FRAGMENTED, /* enough is free, but not in one piece */
	EXPLAIN_WATERMARK,  /* a piece is there, but too little is free */
	EXPLAIN_BOTH,	    /* too little is free, and not in one piece */
	EXPLAIN_STRANDED,   /* the pages are on per-cpu lists: drained, they are enough */
	EXPLAIN_UNKNOWN,    /* nothing that was tried on a copy helped */
	EXPLAIN_NR_VERDICTS
};
const char *explain_verdict_name(enum explain_verdict v);

/* Could compaction move the page? */
enum explain_moves {
	EXPLAIN_MOVES,
	EXPLAIN_NOT_ON_LRU, /* kernel memory: nobody knows all who point at it */
	EXPLAIN_PINNED,
	EXPLAIN_COMPOUND, /* a huge or otherwise compound page */
	EXPLAIN_UNEVICTABLE,
	EXPLAIN_NR_MOVES
};
const char *explain_moves_name(enum explain_moves m);
const char *explain_kind_name(enum mm_kind kind);

struct explain_page {
	uint64_t pfn;
	uint32_t order;
	enum mm_kind kind;
	enum explain_moves moves;
	bool recorder; /* the recorder's own */
	bool dated;    /* asked for inside the recording: who, how and when are known */
	uint32_t pid;  /* the task that ran when it was asked for */
	char comm[20];
	uint32_t gfp;	/* canonical GFP_* */
	uint64_t since; /* ns since the first event */
};

struct explain_zone {
	char name[16];
	int32_t node;
	bool allowed;			/* the request may use it */
	uint32_t wmark[3], boost;	/* min, low, high without boost */
	int64_t free;			/* as the watermark test sees it */
	int64_t unusable, min, reserve; /* the test's own terms: see mm_watermark_sum */
	int64_t missing;		/* pages more would have been enough; 0: none missing */
	bool page;			/* a page of the order is on a list that it may use */
	uint32_t on_pcp;		/* free pages on per-cpu lists */
	uint64_t reclaimable;		/* pages on the LRU lists that could be reclaimed */
	uint32_t nr_free[MM_NR_ORDERS][MM_NR_TYPES];
	int32_t fragindex, unusable_index; /* per mille */
};

/* The aligned block of the request's order that is cheapest to clear: fewest pages to give back. */
struct explain_block {
	bool any;
	uint32_t zone;
	uint64_t pfn;
	uint32_t order, type;		   /* type: enum mm_type of its pageblock */
	uint32_t free, movable, unmovable; /* pages in it */
	/* The first time that a request of another type took from its pageblock. */
	bool polluted;
	uint64_t polluted_since, polluted_pfn;
	uint32_t polluted_pid, polluted_order, polluted_wanted, polluted_found;
	char polluted_comm[20];
	bool claimed; /* the pageblock changed hands then */
};

struct explain_decision {
	struct mm_note note;
	bool has_page; /* a page that stood in the way */
	struct explain_page page;
};

enum explain_way_kind {
	EXPLAIN_WAY_FREE,	  /* free the pages named */
	EXPLAIN_WAY_DRAIN,	  /* drain the per-cpu lists */
	EXPLAIN_WAY_NO_BOOST,	  /* vm.watermark_boost_factor = 0 */
	EXPLAIN_WAY_MIN_FREE,	  /* vm.min_free_kbytes = value */
	EXPLAIN_WAY_COMPACT,	  /* vm.compact_memory = 1 beforehand */
	EXPLAIN_WAY_DROP,	  /* vm.drop_caches = 1 beforehand */
	EXPLAIN_WAY_DROP_COMPACT, /* both, in this order */
	EXPLAIN_WAY_THRESHOLD,	  /* vm.extfrag_threshold = value */
	EXPLAIN_WAY_POLICY,	  /* another policy, from this request on */
	EXPLAIN_NR_WAYS
};
struct explain_way {
	enum explain_way_kind kind;
	bool works;
	int64_t value;
	char policy[64];
	uint64_t freed, moved, reclaimed; /* pages: what it costs */
};
#define EXPLAIN_MAX_WAYS 32

/* What was found out by trying on copies of the machine. */
struct explain_proof {
	bool sufficient; /* all named pages freed: the request succeeds */
	bool minimal;	 /* each time all but one of them freed: it fails */
	uint32_t tried;	 /* how many were left out, one at a time */
};

/* One character's worth of a pageblock. */
enum explain_cell {
	EXPLAIN_CELL_HOLE,
	EXPLAIN_CELL_FREE,	/* wholly free */
	EXPLAIN_CELL_LOOSE,	/* movable pages, less than half of it */
	EXPLAIN_CELL_MOVABLE,	/* movable pages, at least half of it */
	EXPLAIN_CELL_MIXED,	/* movable pages and pages that cannot move */
	EXPLAIN_CELL_UNMOVABLE, /* pages that cannot move, beside free ones */
	EXPLAIN_CELL_HUGE,	/* one huge page */
	EXPLAIN_CELL_NR
};
struct explain_map {
	uint8_t *cells; /* enum explain_cell, one per pageblock; owned */
	uint32_t nr;
	uint64_t base_pfn;
	uint32_t pageblock_order;
};
int explain_map_fill(struct explain_map *map, const struct mm *mm, struct error *err) MUST_CHECK;
void explain_map_release(struct explain_map *map);

struct explanation {
	uint64_t number, extra; /* of the request */
	uint64_t time;		/* ns since the first event */
	uint32_t pid, cpu, order, gfp, type, pageblock_order, page_size;
	char comm[20];
	bool recorder;	  /* of the recorder's own */
	bool recorded_ok; /* the recorded kernel met it; false for those that the replay adds */
	char policy[64], params[1024], era[32], capture[128];
	enum explain_verdict verdict;
	bool fast;    /* met on the fast path */
	uint64_t pfn; /* of the page it got */
	struct explain_zone zones[MM_MAX_ZONES];
	uint32_t nr_zones;
	struct explain_decision *decisions; /* owned; in order */
	uint32_t nr_decisions, lost_decisions;
	struct explain_block block;
	struct explain_page *blockers; /* owned; those in the block come first */
	uint32_t nr_blockers, in_block;
	struct explain_proof proof;
	struct explain_way ways[EXPLAIN_MAX_WAYS]; /* what works first, cheapest first */
	uint32_t nr_ways;
	struct explain_map map; /* when it gave up */
};

struct explain_polluter {
	enum mm_kind kind;
	char comm[20];		       /* "" before the recording */
	uint64_t blocks, alone, pages; /* sums over the samples */
};

/* Where two policies part: the first operation of the demand after which they differ. */
struct explain_parting {
	bool part;
	uint64_t time, number; /* of the last request up to there */
	bool is_request;
	uint32_t pid, order, gfp;
	char comm[20];
	struct explain_side {
		char policy[64];
		bool got; /* where it is a request */
		uint64_t pfn, reclaimed, moved;
		struct explain_decision *decisions; /* owned */
		uint32_t nr_decisions;
	} sides[2];
};

/* A moment of the replay. */
struct explain_moment {
	uint64_t time;	      /* ns since the first event */
	uint32_t unusable;    /* per mille of all free memory that is no use for a pageblock */
	uint32_t free_blocks; /* that could be had of it at once */
	uint32_t failed;      /* requests since the moment before */
};
#define EXPLAIN_MAX_MOMENTS 64

/* What notes refer to by number. */
struct explain_names {
	struct outcome_zone zones[MM_MAX_ZONES];
	uint32_t nr_zones;
	uint64_t base_pfn;
};

struct explanations {
	struct explain_names names;
	struct explanation *v;
	size_t nr;
	struct explain_polluter *polluters; /* most blocks first */
	size_t nr_polluters;
	uint32_t nr_samples; /* that the polluters' sums are over */
	uint64_t requests, failed, failed_of[MM_NR_ORDERS];
	struct explain_moment moments[EXPLAIN_MAX_MOMENTS];
	uint32_t nr_moments;
	uint32_t pageblock_order;
	struct explain_parting parting; /* where asked for */
	struct explanations *other; /* the same request under the second policy; owned, or NULL */
};
void explanations_release(struct explanations *e);

enum explain_which {
	EXPLAIN_NUMBER, /* options.number and extra */
	EXPLAIN_FIRST,	/* the first failure */
	EXPLAIN_WORST,	/* of the largest order that failed, the one with the most free memory */
	EXPLAIN_SEVERAL /* the first options.per_order failures of every order */
};

struct explain_options {
	enum explain_which which;
	uint64_t number, extra;
	uint32_t per_order;
	uint32_t min_order;		      /* FIRST, SEVERAL: smaller orders do not count */
	const struct policy_setting *against; /* NULL: nobody */
	const char *era;
	struct progress *progress;
	/* For tests: each failure explained, with the machine in the state in which it gave up. */
	void (*inspect)(void *arg, const struct explanation *x, const struct mm *mm,
			const struct mm_request *rq);
	void *arg;
};

/*
 * Replays twice: to find the requests, and to look at them. No request of the kind asked for is no
 * error: out->nr is 0. A request number that the recording does not have is one.
 */
int explain_run(const struct capture *c, const struct trace *t, const struct policy_setting *p,
		const struct explain_options *opt, struct explanations *out,
		struct error *err) MUST_CHECK;

/* Frees every page of @pages[] except number @but (UINT32_MAX: all) on @mm as said above. */
void explain_free_pages(struct mm *mm, const struct explain_page *pages, uint32_t nr, uint32_t but);
/* Drains and folds, then asks the free lists: would the request succeed? Changes @mm. */
bool explain_ask(struct mm *mm, const struct mm_request *rq);

#endif
