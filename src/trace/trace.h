/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events: one fixed record per trace event whatever it was read from (trace.dat, CSV, ftrace text).
 *
 * A trace is converted once into a file of records, merged over the CPUs by time, next to nothing
 * else: the file is an unlinked temporary one (or kept in a cache directory, keyed by hash) and
 * mapped read-only, so that any number of readers may look at any place and resident memory stays
 * the kernel's business.
 */
#ifndef ZR_TRACE_H
#define ZR_TRACE_H

#include "base/base.h"
#include "capture/capture.h"

enum event_kind {
	EV_NONE,
	/* kmem: w[] = */
	EV_ALLOC,	 /* pfn (UINT64_MAX: failed), order, gfp (canonical GFP_*), migratetype */
	EV_FREE,	 /* pfn, order */
	EV_FREE_BATCHED, /* pfn */
	EV_ZONE_LOCKED,	 /* pfn, order, migratetype, percpu_refill (UINT64_MAX: field absent) */
	EV_PCPU_DRAIN,	 /* pfn, order, migratetype */
	EV_EXTFRAG, /* pfn, alloc_order, fallback_order, alloc_migratetype, fallback_migratetype,
		       change_ownership */
	/* compaction */
	EV_COMPACT_BEGIN,	/* zone_start, migrate_pfn, free_pfn, zone_end, sync */
	EV_COMPACT_END,		/* zone_start, migrate_pfn, free_pfn, zone_end, sync, status */
	EV_COMPACT_TRY,		/* order, gfp, prio */
	EV_COMPACT_SUITABLE,	/* node, zone index, order, result */
	EV_COMPACT_FINISHED,	/* node, zone index, order, result */
	EV_COMPACT_DEFERRED,	/* node, zone index, order, considered, defer_shift, order_failed */
	EV_COMPACT_DEFER,	/* same */
	EV_COMPACT_DEFER_RESET, /* same */
	EV_COMPACT_MIGRATE_ISOLATE,   /* start_pfn, end_pfn, nr_scanned, nr_taken */
	EV_COMPACT_FREE_ISOLATE,      /* start_pfn, end_pfn, nr_scanned, nr_taken */
	EV_COMPACT_FAST_FREE_ISOLATE, /* start_pfn, end_pfn, nr_scanned, nr_taken; 6.12+ */
	EV_COMPACT_MIGRATED,	      /* nr_migrated, nr_failed */
	EV_KCOMPACTD_WAKE,	      /* node, order, highest zone index */
	EV_KCOMPACTD_SLEEP,	      /* node */
	EV_KCOMPACTD_WAKEUP, /* node, order, highest zone index: somebody wakes kcompactd */
	/* vmscan */
	EV_KSWAPD_WAKE,		/* node, zone index, order: kswapd runs */
	EV_KSWAPD_SLEEP,	/* node */
	EV_KSWAPD_WAKEUP,	/* node, zone index, order, gfp: somebody wakes kswapd */
	EV_RECLAIM_BEGIN,	/* order, gfp: direct reclaim */
	EV_RECLAIM_END,		/* nr_reclaimed */
	EV_MEMCG_RECLAIM_BEGIN, /* order, gfp */
	EV_MEMCG_RECLAIM_END,	/* nr_reclaimed */
	EV_LRU_ISOLATE,		/* order, nr_requested, nr_scanned, nr_skipped, nr_taken, lru */
	EV_LRU_SHRINK_INACTIVE, /* node, nr_scanned, nr_reclaimed, nr_dirty, nr_writeback, priority
				 */
	EV_LRU_SHRINK_ACTIVE, /* node, nr_taken, nr_active, nr_deactivated, nr_referenced, priority
			       */
	EV_SHRINK_SLAB_BEGIN, /* node, gfp, cache_items, delta, total_scan, priority */
	EV_SHRINK_SLAB_END,   /* node, retval (objects freed), total_scan */
	EV_WRITEPAGE,	      /* pfn */
	/* pagemap, filemap, migrate */
	EV_LRU_INSERT,		/* pfn, lru, flags (pagemap tracepoint's bits) */
	EV_LRU_ACTIVATE,	/* pfn */
	EV_FILE_ADD,		/* pfn, inode, page index, device, order (0 where absent) */
	EV_FILE_DELETE,		/* same */
	EV_MIGRATE_PAGES_BEGIN, /* mode, reason */
	EV_MIGRATE_PAGES, /* succeeded, failed, thp_succeeded, thp_failed, thp_split, mode | reason
			     << 32 */
	EV_MIGRATION_PTE_SET,	 /* address, pte value, order */
	EV_MIGRATION_PTE_REMOVE, /* address, pte value, order */
	/*
	 * Our own probe events (src/capture/probes.c), when recorded. Some hold pointers to pages;
	 * their pfn is UINT64_MAX - 1 when the manifest does not say how to turn them into one.
	 */
	EV_P_BULK,		/* gfp, nr */
	EV_P_BULK_RET,		/* nr got */
	EV_P_CONTIG,		/* pfn, nr: contiguous free */
	EV_P_BALANCE,		/* node, order, highest zone index: balance_pgdat entered */
	EV_P_BALANCE_RET,	/* order it returned with */
	EV_P_DECAY,		/* start pfn of the zone */
	EV_P_ISOLATE_FREE,	/* pfn, order: __isolate_free_page */
	EV_P_ISOLATE_FREE_RET,	/* pages taken, or 0; return address */
	EV_P_COMPACT_ALLOC,	/* free_pfn, migrate_pfn, fast_search_fail, search_order, order,
				   start pfn of the zone */
	EV_P_COMPACT_ALLOC_RET, /* pfn: the destination handed out; UINT64_MAX: none */
	EV_P_SKIP,		/* pfn, flags, mask: set_pfnblock_flags_mask */
	EV_P_MIGRATE_BLOCK, /* low_pfn, fast_search_fail, order, ignore_skip, direct, start pfn of
			       the zone: isolate_migratepages_block */
	EV_P_FOLD,	    /* pagesets too? this CPU's counters are folded */
	EV_P_WMARKS,	    /* min_free_kbytes: setup_per_zone_wmarks has set watermarks anew */
	EV_P_WRITEBACK,	    /* pfn: __folio_start_writeback */
	EV_P_WRITEBACK_END, /* pfn: folio_end_writeback */
	/* others */
	EV_SCHED_SWITCH, /* prev pid, next pid, prev_state */
	EV_OOM_KILL,	 /* pid */
	EV_MARKER, /* trace_marker text: w[0] = offset of the text in the trace's string area, w[1]
		      = length */
	EV_LOST,   /* w[0] = how many events of this CPU were lost before this time (UINT64_MAX:
		      unknown) */
	EV_NR_KINDS
};

/* event.flags: the common flags of ftrace, translated. */
#define EVF_IRQS_OFF 1u
#define EVF_SOFTIRQ 2u
#define EVF_HARDIRQ 4u
#define EVF_NEED_RESCHED 8u
#define EVF_NMI 16u
#define EVF_BH_OFF 32u	    /* softirqs disabled but not in one; where the trace can tell */
#define EVF_PREEMPT_OFF 64u /* preemption disabled, on kernels that count it */

struct event {
	uint64_t time; /* ns on the trace's clock */
	uint32_t pid;
	uint16_t cpu;
	uint8_t flags; /* EVF_* */
	uint8_t kind;  /* enum event_kind */
	uint64_t w[6]; /* meaning by kind, see above */
};
_Static_assert(sizeof(struct event) == 64, "records are mapped from files");

/* Canonical gfp bits, independent of the recording kernel. Those of 6.1 where it has them. */
#define GFP_DMA 0x01u
#define GFP_HIGHMEM 0x02u
#define GFP_DMA32 0x04u
#define GFP_MOVABLE 0x08u
#define GFP_RECLAIMABLE 0x10u
#define GFP_HIGH 0x20u
#define GFP_IO 0x40u
#define GFP_FS 0x80u
#define GFP_ZERO 0x100u
#define GFP_ATOMIC 0x200u /* the single bit __GFP_ATOMIC, gone since 6.3 */
#define GFP_DIRECT_RECLAIM 0x400u
#define GFP_KSWAPD_RECLAIM 0x800u
#define GFP_WRITE 0x1000u
#define GFP_NOWARN 0x2000u
#define GFP_RETRY_MAYFAIL 0x4000u
#define GFP_NOFAIL 0x8000u
#define GFP_NORETRY 0x10000u
#define GFP_MEMALLOC 0x20000u
#define GFP_COMP 0x40000u
#define GFP_NOMEMALLOC 0x80000u
#define GFP_HARDWALL 0x100000u
#define GFP_THISNODE 0x200000u
#define GFP_ACCOUNT 0x400000u
#define GFP_ZEROTAGS 0x800000u

/* "GFP_KERNEL|__GFP_COMP"; "0" for none. @out has room for GFP_TEXT bytes. */
#define GFP_TEXT 512
size_t gfp_format(uint32_t gfp, char *out);

/* How each kind is called in traces and CSV: one row drives every reader and writer. */
struct event_desc {
	enum event_kind kind;
	const char *system; /* "kmem"; our probes are in "zonereplay" */
	const char *name;   /* "mm_page_alloc" */
	const char
		*fields[6]; /* names of w[0..5] in the trace's format, NULL-terminated when fewer */
};
/* NULL when @kind is none. */
const struct event_desc *event_desc(enum event_kind kind);
/* By "system:name" or "name"; NULL when unknown. */
const struct event_desc *event_desc_by_name(const char *name);

struct trace_defects {
	uint64_t lost;		  /* events known to be lost */
	uint64_t lost_places;	  /* how often something was lost */
	uint64_t first_lost_time; /* ns; 0 when nothing */
	uint64_t unknown_events;  /* events of kinds that this program does not use */
	uint64_t time_backwards;  /* records whose clock went back: they got the time of the record
				     before */
	uint64_t malformed;	  /* records whose fields could not be read */
};

struct trace {
	const struct event *events; /* mapped, by time; @nr of them */
	uint64_t nr;
	const char *strings; /* text of markers, mapped; a zero byte after each */
	uint64_t strings_len;
	uint64_t kinds_seen[EV_NR_KINDS];
	struct trace_defects defects;
	uint32_t nr_cpus;
	uint32_t max_pid;
	struct trace_comm *comms; /* pid -> name, sorted by pid */
	size_t nr_comms;
	char release[128]; /* of the recording kernel: from the trace, else from the manifest; "" if
			      neither */
	char arch[32];	   /* the same: "x86_64", "i686", "ppc64le" */
	char clock[32];
	uint32_t page_size; /* of the recording machine; 0 if the trace does not say */
	void *priv;
};

struct trace_comm {
	uint32_t pid;
	char comm[20];
};

/*
 * Note on trace.dat: `zonereplay capture` records into a tracefs instance of its own, so the events
 * are in the first buffer instance (tracecmd_buffer_instance_handle) and the top-level buffer is
 * empty; plain trace-cmd uses the latter.
 *
 * Opens the trace of a capture, whatever form it has. Needs at least mm_page_alloc and
 * mm_page_free; a trace without them is refused with the command that would record them. @prog may
 * be NULL.
 */
int trace_open(struct trace *t, const struct capture *c, struct progress *prog,
	       struct error *err) MUST_CHECK;
void trace_release(struct trace *t);
/* Name of a task, "" when the trace does not know it. */
const char *trace_comm(const struct trace *t, uint32_t pid);

/* Events as CSV: a header line, then one event a line; columns are documented in traces/FORMAT.md.
 */
int trace_export_csv(const struct trace *t, const char *path, struct progress *prog,
		     struct error *err) MUST_CHECK;

/* ---- captures in and out: @dir must be new or empty, and is there only when all went well ---- */

/* Events as CSV (zstd too when @compress), manifest and state of @c. Adds to c's manifest what the
 * trace says. */
int capture_export(struct capture *c, const struct trace *t, const char *dir, bool compress,
		   struct progress *prog, struct error *err) MUST_CHECK;
/*
 * A copy for sharing: tasks are numbered, texts of markers that are not ours are blanked, of the
 * manifest and the proc files only what the kernel says of its memory is kept. Page frame numbers,
 * pids and inode numbers stay. Takes pairs out of c's manifest.
 */
int capture_scrub(struct capture *c, const struct trace *t, const char *dir, struct progress *prog,
		  struct error *err) MUST_CHECK;
/*
 * @source: a directory in the form of a capture, or one file: CSV of events, trace.dat, or text as
 * in tracefs/trace and as "trace-cmd report" prints it.
 */
int capture_import(const char *source, const char *kernel, const char *dir, struct progress *prog,
		   struct error *err) MUST_CHECK;

/* ---- what a recording tells before any model looks at it ---- */

#define SURVEY_NR_TASKS 10

struct survey_task {
	uint32_t pid;
	uint64_t allocs, pages;
};

struct survey {
	uint64_t duration; /* ns from the first event to the last */
	uint64_t allocs[SNAP_MAX_ORDERS], failed[SNAP_MAX_ORDERS]; /* requests, by order */
	uint64_t pages_allocated, pages_freed;
	struct survey_task tasks[SURVEY_NR_TASKS]; /* by pages, most first; those that allocated */
	size_t nr_tasks;
	/* What single pages say against the history being complete. */
	bool frames_followed;	  /* false: page frame numbers too large to keep a table */
	uint64_t frees_older;	  /* of pages that were out when recording began: nothing wrong */
	uint64_t frees_unknown;	  /* of pages that were free as far as the trace shows */
	uint64_t frees_in_pieces; /* with another order than the page was allocated with */
	uint64_t allocs_out;	  /* of pages that were already out */
};

int trace_survey(const struct trace *t, struct survey *s, struct error *err) MUST_CHECK;

/*
 * What a workload said it wanted: "zonereplay intent want=N step=K order=O" and, when it was over,
 * "zonereplay intent got=N ns=T step=K" (traces/README.md).
 */
struct trace_intent {
	uint64_t time; /* of the wish, on the trace's clock */
	uint64_t step, order;
	uint64_t want, got; /* pages of 2^order; got is 0 until answered */
	uint64_t ns;	    /* as the workload measured it */
	bool answered;
};
/* All of them by time, in memory that the caller frees (*out NULL when there is none). */
int trace_intents(const struct trace *t, struct trace_intent **out, size_t *nr,
		  struct error *err) MUST_CHECK;

#endif
