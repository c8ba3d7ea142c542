/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside src/replay: one what-if replay under way. */
#ifndef ZR_REPLAY_WHATIF_H
#define ZR_REPLAY_WHATIF_H

#include "demand/demand.h"
#include "replay/bound.h"
#include "replay/costs.h"
#include "replay/deaths.h"
#include "replay/replay.h"

/* A pool of huge pages that is resized until the first failure: whatif_pool.c. */
struct whatif_pool {
	uint32_t intent; /* number of the run that is under way, 0 none */
	bool marked;	 /* a marker says what is wanted: `target` pages in the pool */
	uint32_t target, last_target;
	uint32_t asked;		    /* requests of the recording in this run */
	uint32_t got;		    /* pages that the replay got in it */
	bool failed;		    /* the replay's resize has stopped */
	struct demand_op request;   /* what a request looks like; order 0: none was seen yet */
	int64_t recorded, replayed; /* pages in the pool */
	struct frame *extra;	    /* pages that only the replay has */
	uint32_t nr_extra, max_extra;
};

/* One named set of assumptions about what a recording cannot show. */
struct scenario {
	const char *name;
	bool reread; /* pages that only the policy dropped are soon needed again; else not until
			seen in use */
	bool orphans_die; /* pages that only the recorded kernel dropped die then; else nobody frees
			     them */
	bool long_lives;  /* objects that only the replay has live to the end; else they die at once
			   */
	bool madvised; /* memory that huge pages were wanted for was madvised, where the recording
			  does not tell; else not */
};
extern const struct scenario scenarios[]; /* the first is the central one; ends with name NULL */

#define WHATIF_TICK_NS MM_KCOMPACTD_TIMER_NS
/* Of an object that the demand knows. */
#define ALIVE_NOT 0u /* not born, dead, or the replay had no page for it */
#define ALIVE_YES 1u
#define ALIVE_AGAIN 2u /* was read again after this policy had dropped it */
#define ALIVE_STATE 3u
#define ALIVE_ANON 4u /* has to be in swap while it has no page */
#define ALIVE_SLAB 8u /* shrinkers can empty it: nobody reads it again */
#define ALIVE_FOUND                                                                                \
	16u /* this policy had kept its page: it is on its LRU list before the recording shows it  \
	       there */

struct whatif_mapper; /* whatif_map.c */

struct whatif_wake {
	bool due;
	uint32_t order, highest;
};

/* A node's kswapd: whatif_kswapd.c. */
struct whatif_kswapd {
	enum { KSWAPD_SLEEPS, KSWAPD_NAPS, KSWAPD_WORKS } state;
	uint32_t order, highest;  /* of its work, or of the last */
	uint32_t failures;	  /* kswapd_failures when it took that up */
	uint32_t left;		  /* napping: the order that it came down to */
	uint64_t nap_ends;	  /* ns on the recording's clock */
	struct whatif_wake asked; /* since it took up its work [kswapd_order,
				     kswapd_highest_zoneidx] */
};

/* Of memory that a huge page was wanted for: whatif_range.c. Compared as bytes. */
struct whatif_range {
	struct demand_op request; /* of its last fault; order 0: none was seen yet */
	uint32_t frame;		  /* of the huge page, if only the replay has one */
	uint32_t small_pages;	  /* that only the replay has */
	uint8_t huge_page;	  /* only the replay has one */
	uint8_t state;
	uint8_t has_table; /* empty, but its next fault asks for a small page */
	uint8_t pad[5];
};

struct whatif;
/* Somebody who looks on: told of every request, before its fast path and when its policy is done.
 */
struct whatif_watch {
	void (*before)(struct whatif_watch *watch, struct whatif *w, const struct demand_op *op,
		       const struct mm_request *rq);
	void (*after)(struct whatif_watch *watch, struct whatif *w, const struct demand_op *op,
		      const struct mm_request *rq, struct frame f, bool slow);
};

struct whatif {
	struct mm *mm;
	struct whatif_watch *watch; /* or NULL */
	struct whatif_kswapd kswapd[MM_MAX_NODES];
	const struct stall_costs *costs;
	struct whatif_clock {
		uint64_t pace;	     /* the one in force */
		uint64_t time, rest; /* it has worked up to then; what is left over */
	} kswapd_clock, kcompactd_clock;
	struct whatif_wake kcompactd[MM_MAX_NODES]; /* is to run */
	const struct scenario *scenario;
	uint8_t *alive;	   /* by id: ALIVE_* */
	uint32_t *orphans; /* by file: pages of it that only the recorded kernel dropped; their
			      owner is the file */
	struct whatif_returning {
		uint32_t file; /* 0: the recorded kernel has it in memory, or this policy has not */
		uint32_t frame;	 /* where it was last */
	} * returning;		 /* by number, pages that only the recorded kernel dropped */
	uint64_t returning_seen; /* pages moved, when all their frames were right */
	/* By pid, modulo: anonymous pages of it that only the recorded kernel dropped, at most; so
	 * that they are not looked for in vain. */
	uint32_t swapped_orphans[1024];
	uint64_t rereads;
	uint64_t background_scanned; /* by kcompactd: nobody waits for it */
	struct whatif_range *ranges; /* by number */
	struct frame *bulk_pages;    /* of bulk allocations, oldest first */
	uint32_t nr_bulk;
	struct whatif_contig { /* what @pid gives back together; pid 0: nobody does */
		uint32_t pid, cpu, nr;
		struct frame pages[64];
	} contig;
	bool *injected;	    /* which injections are done */
	struct mm *scratch; /* for probes */
	uint64_t next_probe;
	int64_t params[POLICY_MAX_PARAMS];
	struct policy_env env;
	struct bound bound;
	struct bound_least least; /* for the pool as this policy has it */
	uint64_t missed;	  /* pages of requests that it failed */
	struct deaths deaths;	  /* for policies that may know the future */
	const struct policy *policy;
	const struct whatif_options *opt;
	const struct demand *demand;
	struct outcome *out;
	struct whatif_pool pool;
	struct whatif_mapper *mapper; /* NULL: no map is wanted */
	uint64_t agreed_drops;	      /* pages dropped by both kernels, the replay first */
	uint64_t unplaced;	      /* objects of the start that the machine had no page for */
	uint64_t next_tick, next_fold, next_sample, sample_ns;
	size_t max_samples;
	bool scoring;
	bool cut; /* begins in the middle of the recording */
};

/* What every replay of a recording starts from. */
struct whatif_job {
	const struct mm *start;
	const struct demand *demand;
	const struct policy_setting *setting;
	const struct whatif_options *opt;
	struct stall_costs costs;
	uint64_t span, begin; /* ns: the recording's length, and where the replay begins in it */
	uint64_t first_tick;
	uint32_t thp_recorded; /* enum mm_thp_defrag */
	bool cut;
};
/* Derives the demand into @d, which must outlive the job, as must @mm, @p and @opt. */
int whatif_job_init(struct whatif_job *job, struct demand *d, const struct mm *mm,
		    const struct capture *c, const struct trace *t, const struct policy_setting *p,
		    const struct whatif_options *opt, struct error *err) MUST_CHECK;
void whatif_job_release(struct whatif_job *job);
/* Names, parameters and what is known of the demand. */
void whatif_describe(struct outcome *o, const struct whatif_job *job);

/* One replay in its parts, for drivers that keep several going. Release it even if _begin fails. */
int whatif_begin(struct whatif *w, const struct whatif_job *job, const struct scenario *scenario,
		 struct outcome *out, struct error *err) MUST_CHECK;
void whatif_operation(struct whatif *w, const struct demand_op *op);
void whatif_end(struct whatif *w); /* after the last operation */
void whatif_release(struct whatif *w);
/* Fills w->out from the replay's end: whatif_outcome.c */
void whatif_fill(struct whatif *w, const struct stall_costs *costs);
/* What any policy could have got, and what it takes; for a whole recording, after whatif_fill(). */
void whatif_fill_bounds(struct whatif *w);

/*
 * Copies: whatif_copy.c. A clone has tables of its own and counts into @out; it shares demand,
 * options and scenario. Whoever adds to struct whatif adds to these, or to the tally.
 */
int whatif_clone(struct whatif *dst, const struct whatif *src, struct outcome *out,
		 struct error *err) MUST_CHECK;
void whatif_copy(struct whatif *dst, const struct whatif *src);
/* Will both do the same from here on? Counts do not matter. */
bool whatif_same_future(const struct whatif *a, const struct whatif *b);

/* What a replay counts and never looks at but as a difference; 64-bit words throughout. */
struct whatif_tally {
	struct mm_stats stats;
	struct order_outcome orders[OUTCOME_NR_ORDERS];
	uint64_t huge_wanted, huge_got, substituted;
	uint64_t rereads, background_scanned, agreed_drops, unplaced;
};
void whatif_tally_get(struct whatif_tally *t, const struct whatif *w);
void whatif_tally_set(const struct whatif_tally *t, struct whatif *w);
/* t += plus - minus; @minus may be NULL. */
void whatif_tally_add(struct whatif_tally *t, const struct whatif_tally *plus,
		      const struct whatif_tally *minus);

/* The scenario that moves success most, or, where none does, pages reclaimed. */
struct whatif_swing {
	int64_t success, reclaimed;
};
/* @other is what came of the scenario @name. */
void outcome_widen(struct outcome *out, const struct outcome *other, const char *name,
		   struct whatif_swing *most);

/* A request's fast path, then the policy. FRAME_NONE: it failed. *slow tells which path gave the
 * page. */
struct frame whatif_alloc(struct whatif *w, const struct demand_op *op, bool *slow);
/* Names the page for the object of @op (MM_NO_ID: of nobody that the demand knows). */
void whatif_bind(struct whatif *w, struct frame f, const struct demand_op *op, uint32_t id);
void whatif_free(struct whatif *w, struct frame f, uint32_t cpu);
/* The first half of that: the page is nobody's any more, and still out. */
void whatif_forget(struct whatif *w, struct frame f, uint32_t cpu);
/* What @op lets go, perhaps together with others: whatif_contig.c. */
void whatif_let_go(struct whatif *w, struct frame f, const struct demand_op *op);
void whatif_contig(struct whatif *w, const struct demand_op *op);
/* The page at @f holds what shrinkers can free. */
void whatif_slab_add(struct whatif *w, struct frame f, enum mm_slab slab);
void whatif_unswap(struct whatif *w, uint32_t order);
/* Counts a request in the order's score, unless it is the recorder's or outside the window. */
void whatif_score(struct whatif *w, const struct demand_op *op, bool success, bool slow);

/* Transparent huge pages under another defrag mode than the recorded one: whatif_thp.c. */
uint32_t whatif_thp_recorded(const struct mm *start, const struct demand *d);
/* Does the setting have a mode of its own? */
bool whatif_thp_is_set(const struct policy_setting *p);
/* Gives the request its flags; false: under that mode it is not made. */
bool whatif_thp_asks(struct whatif *w, const struct demand_op *op, struct mm_request *rq);
/* It failed; is there a second one, that the recorded kernel did not make? */
bool whatif_thp_asks_again(struct whatif *w, const struct demand_op *op, struct mm_request *rq);

int whatif_bulk_init(struct whatif *w, struct error *err) MUST_CHECK;
void whatif_bulk(struct whatif *w, const struct demand_op *op);
void whatif_bulk_death(struct whatif *w, const struct demand_op *op);

int whatif_reads_init(struct whatif *w, struct error *err) MUST_CHECK;
/* Only the recorded kernel dropped the page of @file, numbered @page (0: not), at @f: its owner. */
uint32_t whatif_kept(struct whatif *w, uint32_t file, uint32_t page, struct frame f);
/* Of which file an owner is. */
uint32_t whatif_kept_file(const struct whatif *w, uint32_t owner);
/* A page is read again that the recorded kernel had dropped: is it in memory here? */
bool whatif_found(struct whatif *w, const struct demand_op *op);

int whatif_range_init(struct whatif *w, struct error *err) MUST_CHECK;
/* A request of a range; false: it is made as any other. */
bool whatif_range_request(struct whatif *w, const struct demand_op *op);
/* An object of a range has died. */
void whatif_range_end(struct whatif *w, const struct demand_op *op);

uint32_t whatif_cpu(const struct whatif *w, uint32_t cpu);
/* Does work that no request waits for. */
void whatif_background(struct whatif *w, void (*work)(struct whatif *w, const void *arg),
		       const void *arg);
/* kswapd and kcompactd work up to @time, as fast as they were recorded. */
void whatif_kswapd(struct whatif *w, uint64_t time);
void whatif_kcompactd(struct whatif *w, uint64_t time);
/* A request wakes them, and waits while kswapd has its first turn; the zones that were boosted do
 * [rmqueue]. */
void whatif_wakes(struct whatif *w, const struct mm_request *rq);
void whatif_wake_boosted(struct whatif *w);
/* Hook of a policy's environment: the request tries again. */
void whatif_wake_again(struct policy_env *env, const struct mm_request *rq);
/* A policy is asked for a page, and has answered: time passes meanwhile. */
void whatif_time_passes(struct whatif *w);
void whatif_time_has_passed(struct whatif *w);
void whatif_birth(struct whatif *w, const struct demand_op *op);
void whatif_failed(struct whatif *w, const struct demand_op *op);
void whatif_death(struct whatif *w, const struct demand_op *op);
void whatif_drop(struct whatif *w, const struct demand_op *op);
void whatif_shrunk(struct whatif *w, const struct demand_op *op);
void whatif_file_gone(struct whatif *w, const struct demand_op *op);
void whatif_owner_gone(struct whatif *w, const struct demand_op *op);
void whatif_split(struct whatif *w, const struct demand_op *op);
void whatif_hold(struct whatif *w, const struct demand_op *op);
void whatif_let_move(struct whatif *w, const struct demand_op *op);
void whatif_to_lru(struct whatif *w, const struct demand_op *op);
void whatif_writeback(struct whatif *w, const struct demand_op *op);
void whatif_activate(struct whatif *w, const struct demand_op *op);
/* A new page for an object that lost its own. */
bool whatif_reread(struct whatif *w, const struct demand_op *at, uint32_t id, enum mm_kind page);
void whatif_reread_evicted(struct whatif *w, const struct demand_op *at);

/* Does what is due up to @time: inject.c. */
void whatif_inject(struct whatif *w, const struct demand_op *at);
/* probe.c */
int whatif_probe_init(struct whatif *w, uint64_t span, struct error *err) MUST_CHECK;
void whatif_probe(struct whatif *w, uint64_t time);

/* The machine's pages get the objects that were there when recording began: whatif_start.c. */
void whatif_place_initial(struct whatif *w);

int pool_init(struct whatif *w, struct error *err) MUST_CHECK;
void pool_release(struct whatif *w);
void pool_want(struct whatif *w, const struct demand_op *op);
void pool_request(struct whatif *w, const struct demand_op *op);
/* The pool is to grow by @pages, whatever the recording says. */
void pool_grow(struct whatif *w, const struct demand_op *at, uint32_t pages);
/* A page of the recorded pool was given back; the replay's pool shrinks to at most the recorded
 * size. */
void pool_death(struct whatif *w, const struct demand_op *op);
/* The resize is over: the replay asks for what it still lacks, and the intent is scored. */
void pool_done(struct whatif *w);

/* Index samples: whatif_sample.c. */
int whatif_sample_init(struct whatif *w, uint64_t span, struct error *err) MUST_CHECK;
/* Takes those that are due up to @time. */
void whatif_sample(struct whatif *w, uint64_t time);

/* The map of pageblocks: whatif_map.c. */
int whatif_map_init(struct whatif *w, uint64_t span, struct error *err) MUST_CHECK;
/* Looks at the machine if it is time to, before operation @n of the demand. */
void whatif_map(struct whatif *w, uint64_t n, uint64_t time);
/* The last look, and the map goes to the outcome. */
int whatif_map_end(struct whatif *w, struct error *err) MUST_CHECK;
/* The page at @f was asked for as reclaimable, or not. */
void whatif_map_bound(struct whatif *w, struct frame f, bool reclaimable);
void whatif_map_release(struct whatif *w);

/* Number of the first event after @percent of the recording's time; 0 for 0. Without a branch's
 * marker nr. */
uint64_t cut_event(const struct trace *t, uint32_t percent);
/* Can it be cut there? Fails for a recording without the marker of a branch. */
int cut_check(const struct trace *t, uint32_t percent, struct error *err) MUST_CHECK;
/* The machine as verify has it after @n events, with room for objects; no page is on an LRU list:
 * cut.c. */
struct mm *machine_at(const struct capture *c, const struct trace *t, uint64_t n,
		      uint32_t private_size, struct error *err) MUST_CHECK;

/* Fields of an outcome that describe capture and trace: outcome.c. */
void outcome_describe(struct outcome *o, const struct capture *c, const struct trace *t);

/* The demand alone, on a copy of @start: no scenarios, no costs. */
int whatif_run_demand(const struct mm *start, const struct demand *d,
		      const struct policy_setting *p, const struct whatif_options *opt,
		      struct outcome *out, struct error *err) MUST_CHECK;

#endif
