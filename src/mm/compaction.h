/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compaction as kernel 6.1 does it; part of the face of src/mm (mm.h includes this file).
 *
 * A run over one zone is a small state machine: struct mm_compact_control holds everything that
 * compact_zone() and its helpers keep on their stacks, as integers, and the isolated pages are on
 * two private lists of the machine. A control is therefore copied along with a machine by plain
 * assignment.
 *
 * Two ways to drive it:
 *   whole     mm_compact_zone() and the entry points below it run to the end and move pages inside
 * the machine; stepwise  mm_compact_begin(), then mm_compact_step() once per thing that a trace can
 * show (cc->at says which comes next). What the trace shows otherwise is told through the
 * mm_compact_fix_*() functions. Between two visible things the invisible ones (searches of the free
 * lists, their reordering, captured pages) are done as early as the kernel does them: right after
 * the visible thing before.
 *
 * Positions are frames. Source: mm/compaction.c, mm/migrate.c (migrate_pages) of 6.1.192.
 */
#ifndef ZR_MM_COMPACTION_H
#define ZR_MM_COMPACTION_H

#define MM_COMPACT_SLOTS 3u	  /* runs that may be in flight at once: two private lists each */
#define MM_COMPACT_CLUSTER 32u	  /* COMPACT_CLUSTER_MAX */
#define MM_COMPACT_MAX_DEFER 6u	  /* COMPACT_MAX_DEFER_SHIFT */
#define MM_COMPACT_COSTLY_ORDER 3 /* PAGE_ALLOC_COSTLY_ORDER */

enum mm_compact_prio { /* numbers of enum compact_priority; the minimum is tried last */
		       MM_COMPACT_PRIO_SYNC_FULL,
		       MM_COMPACT_PRIO_SYNC_LIGHT,
		       MM_COMPACT_PRIO_ASYNC
};

/* What the next mm_compact_step() does, each named for what a trace shows of it. */
enum mm_compact_at {
	MM_AT_FINISHED, /* mm_compaction_finished: is the goal reached? */
	MM_AT_SOURCE,	/* mm_compaction_isolate_migratepages: one block's worth of pages to move */
	MM_AT_TARGET,	/* mm_compaction_isolate_freepages: one block searched for free pages */
	MM_AT_PAGE,	/* one page is moved: its old frame is freed */
	MM_AT_BATCH,	/* mm_compaction_migratepages: the batch is over */
	MM_AT_DRAIN,	/* this cpu's list of the zone is drained */
	MM_AT_RELEASE,	/* one unused isolated free page is freed */
	MM_AT_END,	/* mm_compaction_end */
	MM_AT_DONE,
	MM_AT_SEARCH /* nothing visible: the search for a block to empty has come to where it gives
			way (cc->gives_way) */
};

/* What a step did. Which members mean something depends on @at. */
struct mm_compact_event {
	enum mm_compact_at at;
	uint32_t start, end, scanned,
		taken;		       /* SOURCE, TARGET; BATCH: scanned = moved, taken = failed */
	struct frame from, to;	       /* PAGE; RELEASE: from is the page that is freed */
	bool moved;		       /* PAGE */
	enum mm_compact_result result; /* FINISHED (as traced), END */
};

/* The migration scanner's walk over one block, as it stands. */
struct mm_compact_scan {
	uint32_t low, end;
	uint32_t next_skip; /* end of the aligned range of the order wanted that is being emptied */
	uint32_t scanned, isolated;
	bool active;		 /* begun and not yet over */
	bool done;		 /* ended before its block did */
	bool give_up_on_failure; /* async direct: a range with one page that cannot move is of no
				    use */
	bool valid; /* the block's first frame has been seen: its skip bit may be set */
	bool skip_updated, aborted;
	struct frame refused; /* the first page that cannot be moved */
};

/* The free scanner's. */
struct mm_compact_walk {
	uint32_t pos, scanned, isolated;
	bool active;
	bool enough, refused;
};

struct mm_compact_control {
	/* asked for by the caller */
	uint32_t zone, cpu;
	uint32_t slot; /* < MM_COMPACT_SLOTS: which private lists */
	int32_t order; /* -1: the whole zone, no goal */
	uint32_t gfp, alloc_flags, highest;
	uint32_t proactiveness; /* vm.compaction_proactiveness, where proactive */
	uint8_t mode;		/* enum mm_migrate_mode */
	bool direct;		/* for an allocation, not by kcompactd or by hand */
	bool proactive, whole_zone, ignore_skip_hint, ignore_block_suitable;
	bool kswapd_running; /* proactive runs stop for it */
	bool capture; /* a freed page of the order is kept for the caller (see struct mm_capture) */
	/* carried from zone to zone by kcompactd and by hand */
	uint16_t fast_search_fail; /* failures of the free list searches */
	int16_t search_order;	   /* order at which the next search for targets starts */
	bool contended;
	/* the run */
	uint8_t at; /* enum mm_compact_at */
	bool rescan, update_cached, sync, out_of_targets;
	bool gives_way;	   /* asked for: stops where the kernel may let others run (MM_AT_SEARCH) */
	bool source_found; /* cc->source is of the fast search: its skip bit does not count */
	uint32_t type;	   /* migratetype of gfp */
	uint32_t migrate, free; /* the two scanners */
	int64_t fast_start; /* where a linear scan may start again; pfn 0: unset, INT64_MAX: used up
			     */
	int64_t last_migrated; /* pfn 0: nothing was moved since the last drain */
	uint32_t iteration_start;
	uint32_t source, source_end; /* MM_AT_SOURCE scans [source, source_end); MM_AT_SEARCH goes
					on at source */
	struct mm_compact_scan scan;
	uint32_t nr_migrate;	/* pages of this batch, moved or not [nr_migratepages] */
	uint32_t nr_free;	/* free pages held [nr_freepages] */
	uint32_t nr_given;	/* the first of the list, each for a page of the batch (6.12) */
	uint32_t nr_left;	/* pages of this batch still to be tried */
	uint32_t nr_refused;	/* tries that failed since the last page that moved */
	uint32_t moved, failed; /* of this batch */
	uint64_t total_migrate_scanned, total_free_scanned, total_moved;
	uint64_t fast_migrate_scanned, fast_free_scanned; /* of these by the searches of free lists
							   */
	/* the search for targets, where it stands */
	bool around; /* MM_AT_TARGET looks around a page found by the fast search */
	uint32_t block_start, block_end, isolate_start, low, stride;
	struct mm_compact_walk walk;
	uint32_t released_high; /* highest frame given back */
	uint32_t result;	/* enum mm_compact_result */
};

/* kcompactd of a node between two slices of its work: kcompactd.c. All zero while it sleeps, but
 * @in_vain. */
struct mm_kcompactd_work {
	uint32_t busy, running; /* awake; in the middle of cc.zone */
	uint32_t score, begin;	/* before proactive work; where the run's scanner began */
	uint32_t in_vain, pad;	/* the last proactive work left the score as it was */
	uint64_t failed;
	struct mm_compact_control cc;
};
static inline struct mm_kcompactd_work *mm_kcompactd_work(const struct mm *mm, uint32_t node)
{
	return (struct mm_kcompactd_work *)mm_at(mm, mm->off_kcompactd) + node;
}

/* ---- stepwise ---- */

/*
 * Checks suitability and sets the scanners [compact_zone up to its loop]. MM_COMPACT_CONTINUE: go
 * on with mm_compact_step(); else the run is over before it began.
 */
enum mm_compact_result mm_compact_begin(struct mm *mm, struct mm_compact_control *cc);
/* As mm_compact_begin() after it found the zone suitable. */
void mm_compact_begin_suitable(struct mm *mm, struct mm_compact_control *cc);
/* Does the thing that cc->at names and all that is invisible up to the next one. Not at MM_AT_DONE.
 */
void mm_compact_step(struct mm *mm, struct mm_compact_control *cc, struct mm_compact_event *ev);

/* The page that the batch tries next and where it would go; FRAME_NONE when none is held. */
struct frame mm_compact_next_source(const struct mm *mm, const struct mm_compact_control *cc);
struct frame mm_compact_next_target(const struct mm *mm, const struct mm_compact_control *cc);
/*
 * MM_AT_PAGE in two halves, for a driver that frees old frames itself: the page at @from moves,
 * returns where to (FRAME_NONE when no target is held). @from need not be a page that was
 * predicted. Free @from, then _moved().
 */
struct frame mm_compact_move(struct mm *mm, struct mm_compact_control *cc, struct frame from);
void mm_compact_moved(struct mm *mm, struct mm_compact_control *cc);
/* The page at @from was freed by its owner while it was isolated: it counts as moved but needs no
 * target. */
void mm_compact_gone(struct mm *mm, struct mm_compact_control *cc, struct frame from);
/* MM_AT_DRAIN and MM_AT_RELEASE without the draining or freeing, for such a driver. */
void mm_compact_drained(struct mm *mm, struct mm_compact_control *cc);
struct frame mm_compact_release_next(struct mm *mm, struct mm_compact_control *cc);

/*
 * MM_AT_SOURCE, of which a trace shows that it ended at @end with @taken pages; @ev is what was
 * predicted. The search for the first target is left to mm_compact_moved(): the task may be
 * interrupted before it.
 */
void mm_compact_step_source(struct mm *mm, struct mm_compact_control *cc, uint32_t end,
			    uint32_t taken, struct mm_compact_event *ev);
/*
 * At MM_AT_SOURCE: the scan up to frame @limit. The task may be interrupted there, and others
 * change what is behind or ahead of it before the scan goes on.
 */
void mm_compact_scan_until(struct mm *mm, struct mm_compact_control *cc, uint32_t limit);
/* What such a scan has done is undone: it was not there. */
void mm_compact_scan_undo(struct mm *mm, struct mm_compact_control *cc);
/* The same as mm_compact_step_source() said after mm_compact_step(). */
void mm_compact_fix_source(struct mm *mm, struct mm_compact_control *cc, uint32_t end,
			   uint32_t taken);
/* At MM_AT_TARGET: the block's free pages up to frame @limit. The task may be interrupted there. */
void mm_compact_walk_until(struct mm *mm, struct mm_compact_control *cc, uint32_t limit);
/* The trace shows that the search for targets is at @start: there the next step looks. */
void mm_compact_fix_target(struct mm *mm, struct mm_compact_control *cc, uint32_t start);
/* The trace shows that the batch is over, with @failed pages not moved. */
void mm_compact_fix_batch(struct mm *mm, struct mm_compact_control *cc, uint32_t failed);
/* The run is over whatever the model thinks: what it holds goes back to the lists. */
void mm_compact_abandon(struct mm *mm, struct mm_compact_control *cc);

/* ---- whole ---- */

/* One zone, to the end [compact_zone]. */
enum mm_compact_result mm_compact_zone(struct mm *mm, struct mm_compact_control *cc);
/* A direct compactor's run over one zone, with capture [compact_zone_order]. */
enum mm_compact_result mm_compact_zone_order(struct mm *mm, const struct mm_request *rq,
					     uint32_t zone, enum mm_compact_prio prio,
					     uint32_t alloc_flags, uint32_t highest,
					     struct frame *captured);
/* All zones of the request's zonelist [try_to_compact_pages]. */
enum mm_compact_result mm_try_to_compact_pages(struct mm *mm, const struct mm_request *rq,
					       uint32_t alloc_flags, enum mm_compact_prio prio,
					       struct frame *captured);
/*
 * try_to_compact_pages and the attempt to allocate after it, with the counts
 * COMPACT{STALL,SUCCESS,FAIL}
 * [__alloc_pages_direct_compact]. FRAME_NONE when that gave no page; *result as
 * try_to_compact_pages.
 */
struct frame mm_compact_direct(struct mm *mm, const struct mm_request *rq, uint32_t alloc_flags,
			       enum mm_compact_prio prio, enum mm_compact_result *result);
/* Written to /sys/devices/system/node/nodeN/compact; all nodes: /proc/sys/vm/compact_memory. */
void mm_compact_node(struct mm *mm, uint32_t node, uint32_t cpu);
void mm_compact_all(struct mm *mm, uint32_t cpu);
/* wakeup_kcompactd: notes the request; true when kcompactd is to run. */
bool mm_kcompactd_wakeup(struct mm *mm, uint32_t node, uint32_t order, uint32_t highest);
/*
 * kcompactd's work for the request noted [kcompactd_do_work]: begins, unless it is at work, and
 * goes on until it is done or mm->kcompactd_budget is used up.
 */
void mm_kcompactd(struct mm *mm, uint32_t node, uint32_t cpu);
void mm_kcompactd_go_on(struct mm *mm, uint32_t node, uint32_t cpu);
bool mm_kcompactd_busy(const struct mm *mm, uint32_t node);
/*
 * Proactive compaction by kcompactd [the second half of kcompactd()], in the same way: true when
 * there was nothing to do, it is at work or the node's score fell; false when the next turn is to
 * wait 2^6 times as long.
 */
bool mm_compact_proactive(struct mm *mm, uint32_t node, uint32_t cpu, uint32_t proactiveness,
			  bool kswapd_running);
/* Did the last one that ended leave the score as it was? Asking forgets it. */
bool mm_compact_proactive_in_vain(struct mm *mm, uint32_t node);

/*
 * kcompactd's timer goes off: nodes where it has nothing else to do are compacted by their score; a
 * turn without effect makes it let 2^6 - 1 pass, until it is woken [kcompactd].
 */
void mm_kcompactd_timer(struct mm *mm, uint32_t cpu);

/* ---- the original of 2.6.35, on the machine's lists: compaction_2635.c ---- */

/*
 * Deferral, the zones of the request's zonelist, a drain of this cpu's lists and one attempt to
 * allocate [__alloc_pages_direct_compact]. *result: DEFERRED, SKIPPED, COMPLETE, or SUCCESS for
 * what that kernel calls COMPACT_PARTIAL.
 */
struct frame mm_compact_direct_2635(struct mm *mm, const struct mm_request *rq,
				    uint32_t alloc_flags, enum mm_compact_result *result);
/* One zone, between its ends; needs zone, cpu, order, gfp and slot of @cc. */
enum mm_compact_result mm_compact_zone_2635(struct mm *mm, struct mm_compact_control *cc);
/* By hand: every zone of the node. */
void mm_compact_node_2635(struct mm *mm, uint32_t node, uint32_t cpu);

/* ---- the single decisions ---- */

/* As mm_compaction_suitable traces it: CONTINUE, SUCCESS, SKIPPED or NOT_SUITABLE_ZONE (to be
 * treated as SKIPPED). Changes nothing but mm->agree. */
enum mm_compact_result mm_compaction_suitable(struct mm *mm, uint32_t zone, int32_t order,
					      uint32_t alloc_flags, uint32_t highest);
/* For should_compact_retry: could any zone be compacted if all its reclaimable pages were
 * reclaimed? */
bool mm_compaction_zonelist_suitable(const struct mm *mm, const struct mm_request *rq,
				     uint32_t alloc_flags);
void mm_defer_compaction(struct mm *mm, uint32_t zone, int32_t order);
bool mm_compaction_deferred(struct mm *mm, uint32_t zone, int32_t order); /* asking counts */
void mm_compaction_defer_reset(struct mm *mm, uint32_t zone, int32_t order, bool alloc_success);
bool mm_compaction_restarting(const struct mm *mm, uint32_t zone, int32_t order);
/* Clears the skip bits of useful blocks if a finished direct run asked for it: kswapd does so when
 * it goes to sleep. */
void mm_reset_isolation_suitable(struct mm *mm, uint32_t node);
uint32_t mm_fragmentation_score_zone(const struct mm *mm, uint32_t zone);
uint32_t mm_fragmentation_score_node(const struct mm *mm, uint32_t node);
uint32_t mm_fragmentation_score_wmark(uint32_t proactiveness, bool low);

#endif
