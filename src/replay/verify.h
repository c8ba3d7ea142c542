/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside the room: the state of a verify run.
 *
 * The machine is driven by requests (an mm_page_alloc's order, gfp and type), by frees and by what
 * context events say; each zone-level event of the trace is compared with the operation that the
 * machine is about to do, and then the machine does what the kernel did. Operations under a zone's
 * lock (a refill, a drain) are steps of a struct zone_op; everything else is one call.
 */
#ifndef ZR_REPLAY_VERIFY_H
#define ZR_REPLAY_VERIFY_H

#include "capture/checkpoint.h"
#include "replay/replay.h"

/* What the pass over the trace before the replay found out about each event (lookahead, counted
 * where used). */
#define LOOK_BATCHED 0x01u   /* EV_FREE: an mm_page_free_batched of the same page follows */
#define LOOK_TO_PCP 0x02u    /* EV_FREE: the page is next seen leaving a per-cpu list */
#define LOOK_TO_ZONE 0x04u   /* EV_FREE: the page is next seen leaving a zone's list */
#define LOOK_ROUND_END 0x08u /* the last of kswapd's round: see infer_rounds() */

enum context { CTX_TASK, CTX_SOFTIRQ, CTX_HARDIRQ, CTX_NMI };
static inline enum context event_context(const struct event *e)
{
	if (e->flags & EVF_NMI)
		return CTX_NMI;
	if (e->flags & EVF_HARDIRQ)
		return CTX_HARDIRQ;
	return e->flags & EVF_SOFTIRQ ? CTX_SOFTIRQ : CTX_TASK;
}

enum op_kind { OP_NONE, OP_REFILL, OP_DIRECT, OP_DRAIN };

/* An operation under a zone's lock, of which some events have been seen. */
struct zone_op {
	enum op_kind kind;
	uint32_t cpu, pid;
	enum context ctx;
	/* refill and direct */
	struct mm_request rq;
	uint32_t alloc_flags;
	uint32_t want, got;
	uint32_t list_type; /* of the list that is taken from: rq.type or MM_HIGHATOMIC */
	uint32_t pages;	    /* base pages that it has brought */
	struct frame first; /* page that the refill was made for */
	uint32_t first_order;
	bool first_exact, exact, bulk;
	bool exact_page;
	uint32_t mode;	       /* of mm_rmqueue_mode */
	struct mm_fallback fb; /* what it did last; head NONE once seen */
	int32_t decay;	       /* base pages of a decay still to drain */
	/* drain */
	struct mm_drain drain;
	bool whole; /* drain of everything: goes on in chunks */
	bool fresh; /* decided, but no event seen yet */
};

/* A page that left the allocator's lists and whose mm_page_alloc is still to come. */
struct pending {
	uint32_t pid;
	enum context ctx;
	struct frame f;
	uint32_t order;
	bool exact;
};
#define MAX_PENDING 512

#define MAX_PREEMPTED 64
#define MAX_LEFT 4

/* A task that was switched from while it wanted to run, and has done nothing that shows since. */
struct away {
	uint32_t pid, cpu;
	uint32_t times; /* that it was switched from in this way */
	/* The first of that CPU's lists, at the last few of these moments. */
	struct frame heads[MAX_LEFT][MM_MAX_ZONES][MM_NR_PCP_LISTS];
	uint64_t next; /* event of the request that it may be in the middle of; 0: not looked for */
};

#define MM_F_MOVED_TO                                                                              \
	0x01000000u /* of MM_F_DRIVER: compaction is predicted to have moved a page here */

#define MM_F_LET_GO                                                                                \
	0x02000000u /* its owner has let the page go: whoever still holds it will free it */

/* What a task's compaction is for, before a run begins. */
struct compact_want {
	bool direct, kcompactd;
	int32_t order, suitable_order;
	uint32_t gfp, prio, highest;
	int16_t search_order; /* kcompactd: carried from zone to zone */
	uint16_t fast_search_fail;
	bool whole_zone;
};

#define RUN_MAX_BLOCK 1024u /* frames of a pageblock for which owners are noted */

/* A run of compaction that is under way. */
struct compact_run {
	bool in_use;
	uint32_t pid;
	struct mm_compact_control cc;
	struct mm_capture capture;	 /* while the task does not run */
	struct frame source, source_end; /* of the batch */
	uint32_t owners[RUN_MAX_BLOCK];	 /* who allocated the frames of the block that the batch is
					    from */
	uint32_t owners_start;		 /* first frame of it; UINT32_MAX: not noted */
	uint32_t awaiting[64]; /* new pages in a per-cpu batch, not yet seen on an LRU list */
	uint32_t nr_awaiting;
	bool flushed;	    /* such a batch has been seen going to the LRU lists */
	bool moved_pending; /* a page has moved, the next target is not yet looked for */
	uint32_t probed;    /* end of the last free page that a probe says it took in this search */
	bool on_cpu;	    /* where switches are inferred */
	bool due;	    /* its last event shows that the task is to give up the CPU */
	bool drained;	    /* its last event is of a drain */
	bool source_stepped; /* MM_AT_SOURCE was done before its event: see
				verify_compact_insertion() */
	struct mm_compact_event source_ev;
	bool dest_freed; /* where a page has moved to is free again; its old frame goes next */
	bool asked;	 /* probes: a target was asked for since the last source was freed */
	bool drain_seen, lost_step;
};

/* What a task is in the middle of, by pid; a few at a time. */
struct task {
	uint32_t pid;
	uint64_t seen;	    /* event at which it was asked for last */
	uint32_t bulk_left; /* pages that __alloc_pages_bulk still takes */
	uint32_t bulk_type, bulk_zone;
	uint32_t bulk_gfp, bulk_nr; /* of one that was preempted before it looked at the zones */
	bool bulk_waits;
	bool stack_seen; /* a refill has shown the pages of the stack of the task that it forks */
	bool execs;	 /* has asked for the page table of a new program */
	bool in_use, in_compaction, in_reclaim;
	bool slow; /* its request has left the fast path: it woke kswapd, reclaimed or compacted */
	bool drain_allowed; /* compaction of its own has just ended: kcompactd drains when it failed
			     */
	bool drain_due;	    /* its reclaim has just ended and left nothing to allocate */
	uint32_t reclaim_order, reclaim_gfp; /* of the request that it reclaims for */
	bool folds;	      /* it is the vmstat worker, which may drain lists of other nodes */
	uint32_t exact_order; /* its last allocation, for alloc_pages_exact's tails */
	uint64_t exact_pfn;
	struct compact_want compact;
	bool success_noted; /* its compaction succeeded, and the deferral was reset for that */
	bool has_captured;
	struct frame captured;
	uint32_t batch_run; /* frees of one free_unref_page_list under one lock so far */
	uint32_t batch_zone;
	uint64_t contig_pfn, contig_nr; /* a range that is being freed as one; nr 0: none */
};
#define MAX_TASKS 256

#define STACK_PAGES 4u /* THREAD_SIZE of x86_64 and of ppc64 with 4 KiB pages */

/* Stacks of dead tasks that are kept for new ones: verify_stack.c. */
struct stacks {
	uint32_t cached;
	uint64_t waiting[32]; /* those that found no room: when they ask again */
	uint32_t nr_waiting;
	struct frame taken[STACK_PAGES]; /* supposed to have left the list for the last one */
	uint32_t nr_taken, zone;
	bool supposed, unsupposed; /* the next page of that list tells whether that was right */
	bool doubted;		   /* none was kept, and nothing supposed all the same */
	int32_t trust;
};

/* An interrupt's frees, as far as they concern a zone. */
struct burst {
	uint64_t end; /* the one that has been judged ends before this event */
	bool direct, judged;
};

struct boost_note { /* boosts that a kswapd's balance_pgdat found at its start */
	uint32_t boost[MM_MAX_ZONES];
	uint32_t highest;
	bool active;
	bool running;	  /* kswapd runs or waits to run: proactive compaction gives way
			     [kswapd_is_running] */
	bool reset_waits; /* it was stopped while it cleared the skip bits of this zone */
	uint32_t reset_zone;
};

struct verify_checkpoints {
	struct checkpoints all;
	size_t next;				   /* the one that is waited for or compared */
	bool active;				   /* between its markers */
	struct snapshot text[CHECKPOINT_NR_FILES]; /* its numbers */
	bool held_total[SNAP_MAX_ZONES]
		       [MM_NR_ORDERS]; /* buddyinfo's cells that the machine has held */
	bool held[SNAP_MAX_ZONES][MM_NR_ORDERS][MM_NR_TYPES]; /* pagetypeinfo's */
};

struct verify {
	const struct capture *c;
	const struct trace *t;
	const struct verify_options *opt;
	struct verify_result *res;
	struct mm *mm;
	uint8_t *look; /* per event; a mapping of an unlinked file */
	size_t look_size;
	uint64_t i;	      /* event being replayed */
	uint64_t first, last; /* events [first, last) */
	uint64_t until; /* stop before this event and leave the machine there; 0: to the end */
	struct stacks stacks;
	struct zone_op ops[MM_MAX_ZONES];
	struct pending pending[MAX_PENDING];
	uint32_t nr_pending;
	bool preempts; /* the recorded kernel */
	struct away away[MAX_PREEMPTED];
	uint8_t away_order[MAX_PREEMPTED]; /* the first nr_away are away, the last to leave last */
	uint32_t nr_away;
	/* Of preempted tasks: any of those may have taken it. Listed nowhere, seen nowhere since.
	 */
	struct pending supposed[MAX_PREEMPTED];
	uint32_t nr_supposed;
	struct zone_op suspended[MAX_PREEMPTED]; /* drains of such tasks, between two batches */
	uint32_t nr_suspended;
	struct task tasks[MAX_TASKS];
	struct boost_note boost[MM_MAX_NODES];
	struct compact_run runs[MM_COMPACT_SLOTS];
	struct burst bursts[MM_MAX_ZONES];
	bool have_balance;  /* balance_pgdat's probe events are in the recording */
	bool have_fold;	    /* counter folding too */
	uint32_t *wb_ring;  /* frames whose writeback began, by number of the beginning */
	uint64_t *wb_times; /* when it began, likewise */
	uint32_t wb_begun;  /* beginnings so far */
	uint32_t wb_oldest; /* all before this one have ended or are taken to have */
	uint64_t *
		last_seen; /* per pid: its last event; a task that is never seen again has exited */
	uint8_t *known;	   /* per frame, where the start state is incomplete; else NULL */
	bool resynced;
	uint32_t *kswapd_pid; /* by node, where rounds are inferred; else NULL */
	bool wmarks_inferred;
	uint32_t dirty_nodes; /* bits: requests with __GFP_WRITE pass by them: choice_learn() */
	uint32_t start_marks[MM_MAX_ZONES][MM_NR_WMARK];
	struct verify_checkpoints checkpoints;
};

/* verify_look.c */
int look_prepare(struct verify *v, struct error *err) MUST_CHECK;
void look_release(struct verify *v);
/* The mm_page_alloc that an operation at event @i serves; NULL when none is in sight. */
const struct event *look_request(struct verify *v, uint64_t i);
/* Did the interrupt at event v->i stop a task that holds the lock of its CPU's lists of @zone?
 * UINT32_MAX: of any zone. */
bool look_lock_held(struct verify *v, uint32_t zone);
/* It came right behind an operation under the zone's lock: very likely so. */
bool look_lock_likely(struct verify *v);
/* Do the pages of @zone that the interrupt burst around v->i frees go to the zone's lists? Judged
 * once per burst. */
bool look_burst_direct(struct verify *v, uint32_t zone, bool *judged);

/* ---- verify_choice.c ---- */

enum path { PATH_NONE, PATH_POP, PATH_REFILL, PATH_DIRECT };

/* What the machine expects to happen to a request, before anything of it is seen. */
struct choice {
	enum path path;
	uint32_t zone;
	uint32_t alloc_flags;
	uint32_t list_type; /* DIRECT: list taken from */
	uint32_t nr_passed; /* zones tried in vain: their free factor was halved */
	uint32_t passed[MM_MAX_ZONES];
};

void choice_request(const struct verify *v, const struct event *r, struct mm_request *rq);
/* The machine's own answer for the request now; @locked: the per-cpu lists are busy. */
void choice_make(const struct verify *v, const struct mm_request *rq, enum context ctx, bool locked,
		 struct choice *ch);
/* The same for one zone only, with the alloc flags that @ch already has. */
bool choice_at_zone(const struct mm *mm, uint32_t zone, const struct mm_request *rq, bool locked,
		    struct choice *ch);
/* Can anything be taken for the request, be it by falling back? */
bool choice_can_take(const struct mm *mm, uint32_t zone, uint32_t order, uint32_t type,
		     uint32_t flags);
/* The request was given a page of @zone, @ch was expected; to be called before that changes the
 * machine. */
void choice_learn(struct verify *v, const struct mm_request *rq, enum context ctx,
		  const struct choice *ch, uint32_t zone);
/* Counts whether @zone was the one expected. */
void choice_count(struct verify *v, const struct choice *ch, uint32_t zone, struct frame got);
void choice_halve(struct mm *mm, uint32_t zone,
		  uint32_t cpu); /* free_factor, as every allocation does */
/* Does the request that @task has reclaimed for, until event @e, find no page now? */
bool verify_reclaim_fails(const struct verify *v, const struct event *e, const struct task *task);

/* ---- verify_bulk.c ---- */

void verify_bulk(struct verify *v, const struct event *e);
void verify_bulk_end(struct verify *v, const struct event *e);
void verify_bulk_switch(struct verify *v, const struct event *e);
/* mm_page_alloc and mm_page_free, before anything else looks at them. */
void verify_stack_alloc(struct verify *v, const struct event *e);
void verify_stack_free(struct verify *v, const struct event *e);
/* @expected was predicted for a request from a per-cpu list, and @f came. May put pages back on the
 * list. */
void verify_stack_popped(struct verify *v, const struct mm_request *rq, struct frame expected,
			 struct frame f);
/* Takes what the list has of the pages that the task's bulk allocation still wants. */
void verify_bulk_pop(struct verify *v, struct task *task);

/* ---- verify_alloc.c ---- */

void verify_zone_locked(struct verify *v, const struct event *e);
void verify_extfrag(struct verify *v, const struct event *e);
/* verify_claim.c: takes the page of the operation; was it this one, reported in this way? */
bool verify_claim_page(struct verify *v, struct zone_op *op, uint32_t zone, struct frame f,
		       uint32_t order, uint32_t type, bool locked);
void verify_claim_event(struct verify *v, const struct event *e, struct zone_op *op, uint32_t zone,
			struct frame f);
void verify_decay(struct verify *v, const struct event *e);
void verify_fold(struct verify *v, const struct event *e);
/* Does the vmstat worker drain a zone of another node? Then the drain has begun. */
bool verify_fold_drains(struct verify *v, const struct event *e, uint32_t zone);
/* The next batch of a decay; false when all is done. */
bool verify_decay_next(struct verify *v, struct zone_op *op);
void verify_alloc(struct verify *v, const struct event *e);
void verify_refill_end(struct verify *v, uint32_t zone);

/* verify_free.c */
void verify_free(struct verify *v, const struct event *e);
void verify_free_batched(struct verify *v, const struct event *e);
void verify_contig(struct verify *v, const struct event *e);
void verify_drain(struct verify *v, const struct event *e);
void verify_drain_end(struct verify *v, uint32_t zone);

/* Has the task been seen for the last time? Exit lets go of its anonymous pages. */
bool look_task_gone(struct verify *v, uint32_t pid);

/* verify_lru.c: what is known of allocated pages */
void verify_lru_isolate(struct verify *v, const struct event *e);
void verify_lru_insert(struct verify *v, const struct event *e);
void verify_page_flag(struct verify *v, const struct event *e, uint32_t set);
void verify_writepage(struct verify *v, const struct event *e);
void verify_writeback(struct verify *v, const struct event *e);
void verify_writeback_end(struct verify *v, const struct event *e);
#define WB_RING 65536u

/* verify_defer.c */
bool verify_is_kcompactd(const struct verify *v, uint32_t pid);
void verify_compact_defer(struct verify *v, const struct event *e);
void verify_kswapd_state(struct verify *v, const struct event *e);
/* After its round's last event @e. */
void verify_compact_kswapd_sleeps(struct verify *v, const struct event *e, uint32_t node,
				  uint32_t highest);

/* verify_compact.c */
struct compact_run *compact_run_of(struct verify *v, uint32_t pid);
void verify_compact_note(struct verify *v, const struct event *e);
void verify_compact_begin(struct verify *v, const struct event *e);
/* Runs that are under way end here: what they hold goes back. */
void verify_compact_abandon(struct verify *v);
void verify_compact_end(struct verify *v, const struct event *e);
void verify_compact_event(struct verify *v, const struct event *e);
void verify_compact_free(struct verify *v, const struct event *e, struct frame f);
bool verify_compact_drains(struct verify *v, const struct event *e, uint32_t zone);
/* The task inserts pages into the LRU: they were not there when its scanner passed. To be called
 * before that shows. */
void verify_compact_insertion(struct verify *v, const struct event *e);
void verify_compact_seen(struct verify *v, const struct event *e, struct frame f);
/* Do the inputs say when a target is asked for? */
bool compact_asks_seen(const struct verify *v);
/* Isolation puts pages on a list, and their links no longer name the owner. */
void compact_note_owners(struct verify *v, struct compact_run *run);
/* verify_compact_switch.c: the task of @run leaves the CPU, perhaps because it had to. */
void compact_left_cpu(struct verify *v, struct compact_run *run, bool preempted);
/* A probe says that a run has taken a free page. */
void compact_probed(struct verify *v, const struct event *e);

/* ---- verify_preempt.c ---- */

void verify_preempt_init(struct verify *v);
/* sched_switch: a task leaves a CPU. */
void verify_leaves(struct verify *v, const struct event *e);
/* After an event: its task, if it was away, is so no more. */
void verify_is_back(struct verify *v, const struct event *e);
/* Of several tasks that were preempted and took pages the one of @e took @f, whoever it was
 * supposed to be. False: it did not; what was supposed of it goes to others. */
bool verify_take_supposed(struct verify *v, const struct event *e, struct frame f);
/* Did tasks that were preempted take the pages that are before @f on the list of @e's request? Then
 * they have left it. */
bool verify_swap_preempted(struct verify *v, const struct event *e, const struct choice *ch,
			   struct frame f);
/* The list of @rq is being refilled although the model has pages on it: did preempted tasks take
 * all of them? */
bool verify_emptied_by_preempted(struct verify *v, const struct event *e, uint32_t zone,
				 const struct mm_request *rq);
/* Is @f what the request would have popped right before its task was preempted, on the CPU that it
 * was on? Then that is the CPU of @rq. */
bool verify_popped_before(struct verify *v, const struct event *e, uint32_t zone, struct frame f,
			  struct mm_request *rq);
/* A drain that is not over, of a task that was preempted: it goes on with the task. */
bool verify_suspend_drain(struct verify *v, struct zone_op *op);
bool verify_resume_drain(struct verify *v, const struct event *e, uint32_t zone);
/* The same two for interrupts: the page before the expected one is for what @e interrupted; the
 * head of the list as it was before the interrupt right before @e. */
bool verify_swap_interrupted(struct verify *v, const struct event *e, const struct choice *ch);
struct frame verify_head_before_interrupt(const struct verify *v, const struct event *e,
					  struct frame head);

/* verify_infer.c: what recordings of core events do not tell */
/* A copy of @t with the events that `capture --events=core` records; free(core->events). */
int infer_hide(const struct trace *t, struct trace *core, struct error *err) MUST_CHECK;
int infer_rounds(struct verify *v, struct error *err) MUST_CHECK;
/* A task's event says that the CPU is not another one's any more. */
void infer_switch(struct verify *v, const struct event *e);
/* Does the request's zone rest on counters that may have been folded, and does that explain
 * @zone? */
void infer_fold(struct verify *v, const struct mm_request *rq, enum context ctx,
		const struct choice *ch, uint32_t zone);
/* Would the marks of the end explain that the list was drained, or was not? Then they are in force
 * from now on. */
bool infer_wmarks(struct verify *v, uint32_t zone, uint32_t cpu, bool drained);

/* verify_compact_dest.c: new pages, as the trace shows them */
/* The page that moved last is dealt with; only now the next one's target is looked for. */
void compact_settle(struct verify *v, struct compact_run *run);
void compact_await(struct compact_run *run, struct frame to);
/* A batch goes to the LRU lists as a whole: what was left out of it was not moved. */
void compact_flushed(struct verify *v, struct compact_run *run);
/* @f is inserted into an LRU list; @run is the run of the task that does so, if any. */
void compact_dest_seen(struct verify *v, struct compact_run *run, struct frame f);
bool compact_dest_freed(struct verify *v, struct compact_run *run, struct frame f);
void verify_compact_asked(struct verify *v, const struct event *e);
void verify_compact_truth(struct verify *v, const struct event *e);
void verify_compact_switch_in(struct verify *v, const struct event *e);
void verify_compact_switch_out(struct verify *v, const struct event *e);

/* verify_repair.c: the machine does what the kernel did instead */
void repair_take_from_zone(struct verify *v, struct frame f, uint32_t order, uint32_t type);
/* @f came from the head of the list where @expected was: compaction's searches turn lists. */
void repair_turn_list(struct verify *v, struct frame expected, struct frame f);
void repair_take_from_pcp(struct verify *v, struct frame f, uint32_t order);
void repair_pass_over(struct verify *v, struct frame f);
/* A page that has left the free lists for a request whose mm_page_alloc is still to come. */
void verify_pending_add(struct verify *v, uint32_t pid, enum context ctx, struct frame f,
			uint32_t order, bool exact);
/* What @f is part of and is on some list: a free buddy, a page on a per-cpu list; or FRAME_NONE. */
struct frame repair_listed(const struct mm *mm, struct frame f);
/* Takes @f out of whatever free list it is on, so that it can be allocated or freed again. */
void repair_remove(struct verify *v, struct frame f, uint32_t order);

/* verify_checkpoint.c: against the kernel's counts on the way */
void verify_checkpoints_init(struct verify *v);
void verify_checkpoints_release(struct verify *v);
void verify_checkpoints_step(struct verify *v);
/* To be called before event v->i is replayed. */
static inline void verify_checkpoints_at(struct verify *v)
{
	if (v->checkpoints.next < v->checkpoints.all.nr)
		verify_checkpoints_step(v);
}

/* verify_end.c: against the end snapshot */
int verify_compare_end(struct verify *v, struct error *err) MUST_CHECK;

/* verify_task.c: NULL when it is not known, or is not to be made, or all slots are busy */
struct task *verify_task(struct verify *v, uint32_t pid, bool make);

/* verify.c */
void verify_mismatch(struct verify *v, enum mismatch kind, struct frame expected, struct frame got,
		     const char *fmt, ...) PRINTF_LIKE(5, 6);
/* Notes a prediction for the hash that shows what predictions depend on. */
void verify_predict(struct verify *v, struct frame f);
bool verify_known(const struct verify *v, struct frame f);

/* The machine as it stands before event @n, repaired wherever the prediction was wrong. */
struct mm *verify_until(const struct capture *c, const struct trace *t, uint64_t n,
			struct error *err) MUST_CHECK;

#endif
