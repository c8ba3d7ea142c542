/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The drivers: verify (predict every page frame number of a recording) and what-if (the recording's
 * demand under another policy), and building a machine from a snapshot.
 */
#ifndef ZR_REPLAY_H
#define ZR_REPLAY_H

#include "base/base.h"
#include "capture/capture.h"
#include "mm/mm.h"
#include "policy/policy.h"
#include "trace/trace.h"

/* ---- building ---- */

struct build_options {
	const char *era;       /* NULL: by the capture's release */
	bool objects;	       /* for what-if */
	uint32_t private_size; /* policy's */
	bool from_end;	       /* build from the end snapshot instead (to compare) */
};
/*
 * A machine in the state of the capture's snapshot. With counts only, free pages are placed by what
 * the trace itself shows (a frame whose first event is an allocation was free) and by kpageflags
 * when there; list order is then a guess. With no snapshot at all it is an error that says what
 * would help.
 */
/* The recording kernel with its point release where that can be known ("6.1.192"), for choosing an
 * era. */
void capture_kernel_release(const struct capture *c, const struct trace *t, char *out, size_t size);
struct mm *machine_build(const struct capture *c, const struct trace *t,
			 const struct build_options *opt, struct error *err) MUST_CHECK;

/* ---- verify ---- */

enum verify_inputs { VERIFY_EVENTS, VERIFY_PROBES, VERIFY_CORE };

/* Why a prediction failed; FIDELITY.md explains each. */
enum mismatch {
	MISMATCH_ZONE_HEAD,	/* the zone's list handed out another page */
	MISMATCH_ZONE_CHOICE,	/* another zone than predicted */
	MISMATCH_LIST_TYPE,	/* another migratetype's list */
	MISMATCH_FALLBACK,	/* extfrag: another buddy was stolen */
	MISMATCH_EXTRA_OP,	/* an operation that was not predicted */
	MISMATCH_MISSING_OP,	/* a predicted operation that did not come */
	MISMATCH_PCP_HEAD,	/* the per-cpu list handed out another page */
	MISMATCH_PCP_ELSEWHERE, /* the page was on another list of the model */
	MISMATCH_NOT_FREE,	/* the page was not free in the model */
	MISMATCH_DRAIN_PAGE,	/* a drain freed another page */
	MISMATCH_DRAIN_START,	/* a drain that was not predicted */
	MISMATCH_FREE_OF_FREE,	/* the kernel freed what the model had free already */
	MISMATCH_CAPTURE,	/* a captured page was predicted wrongly */
	MISMATCH_COMPACTION,	/* a step of a compaction run came out otherwise */
	MISMATCH_TARGET, /* compaction moved a page elsewhere (known from the lab's probes) */
	MISMATCH_NR
};
const char *mismatch_name(enum mismatch m);

struct verify_mismatch { /* one of the first few, for a person */
	enum mismatch kind;
	uint64_t event;		/* index into the trace */
	uint64_t time;		/* ns since the first event */
	uint64_t expected, got; /* pfns; UINT64_MAX: none */
	char text[200];
};
#define VERIFY_MAX_SHOWN 64

struct verify_options {
	enum verify_inputs inputs;
	uint32_t max_shown;	   /* at most VERIFY_MAX_SHOWN */
	uint64_t paranoid;	   /* mm_validate every N events; 0 never */
	uint64_t hash_predictions; /* prediction_hash stops after so many; 0: at the first repair */
	struct progress *progress;
};

struct verify_result {
	char release[192], era[32], arch[32], initial_state[8], end_snapshot[12], inputs[8];
	bool era_exact;
	uint32_t cpus;
	uint64_t events, lost_events;
	uint64_t zone_allocs, zone_allocs_exact, page_allocs, page_allocs_exact;
	uint64_t known_zone_allocs, known_zone_allocs_exact, known_page_allocs,
		known_page_allocs_exact;
	uint64_t refills, refills_exact, drains, drains_exact, drained_pages, drained_pages_exact;
	uint64_t zone_choices, zone_choices_exact, zone_undetermined;
	uint64_t ops_missing, ops_extra, reorderings, lookaheads;
	uint64_t extfrag_events, extfrag_exact, checkpoints, checkpoints_equal;
	uint64_t migrations_confirmed, migrations_refuted, migrations_unseen;
	uint64_t captures, captures_exact;
	uint64_t compact_runs, compact_steps, compact_steps_wrong, defer_wrong;
	uint64_t targets, targets_exact; /* destinations against the lab's truth */
	uint64_t resyncs;
	uint64_t lists_compared, lists_different, blocks_different,
		counters_different; /* against the end snapshot */
	uint64_t mismatches[MISMATCH_NR];
	struct verify_mismatch shown[VERIFY_MAX_SHOWN];
	uint32_t nr_shown;
	double seconds;
	uint64_t state_hash;
	uint64_t predictions;	  /* that went into the hash */
	uint64_t prediction_hash; /* over all predictions until the first repair: see
				     tests/model/noise.c */
};

int verify_run(const struct capture *c, const struct trace *t, const struct verify_options *opt,
	       struct verify_result *out, struct error *err) MUST_CHECK;

/*
 * Events [first, last) lie between the two snapshots: where the start state is exact, recording
 * began before it was read; what came before is in it.
 */
void recording_range(const struct capture *c, const struct trace *t, uint64_t *first,
		     uint64_t *last);

/* ---- what-if ---- */

#define OUTCOME_NR_ORDERS MM_NR_ORDERS

struct order_outcome {
	uint64_t attempts, successes; /* requests of the demand */
	uint64_t fast, slow;	      /* successes on the fast and on the slow path */
};

/* One sample of a zone's indices; per mille, by order. */
struct index_sample {
	uint64_t time; /* ns since the first event */
	uint32_t zone;
	int16_t fragindex[OUTCOME_NR_ORDERS];
	int16_t unusable[OUTCOME_NR_ORDERS];
	uint32_t nr_free[OUTCOME_NR_ORDERS];
};

/* What index_sample.zone refers to. */
struct outcome_zone {
	char name[16];
	int32_t node;
};

/* How many huge pages could have been had at a time, asked of a clone. */
struct probe_sample {
	uint64_t time;	     /* ns since the first event */
	uint32_t free;	     /* from the free lists alone */
	uint32_t compaction; /* and with compaction */
	uint32_t reclaim;    /* and with at most whatif_options.probe_pages reclaimed */
};

/*
 * What fills the pageblocks, at up to whatif_options.map_moments moments: half of them evenly over
 * the time, half evenly over the demand's operations, so that busy times are seen closer. The
 * moments depend on recording and window alone: they are the same under every policy.
 *
 * @data is a zlib stream of two bytes per pageblock and moment: the first bytes of all pageblocks,
 * then the second ones, each as difference (xor) from the moment before.
 *   first   bits 0..2 migratetype (enum mm_type), 3..5 share that is free (per-cpu lists included),
 *           6 one page of pageblock size or larger fills it, 7 no memory here that the allocator
 *           manages
 *   second  bits 0..2 share of unmovable pages (reserved frames included), 3..5 of reclaimable ones
 * The rest is movable. A share is 0 for none at all, 7 for all, k for (k-1)/6 to k/6 in between:
 * one unmovable page is seen.
 */
#define BLOCK_MAP_MOMENTS 200u
#define BLOCK_MAP_HUGE 0x40u
#define BLOCK_MAP_HOLE 0x80u
#define BLOCK_MAP_SHARE 7u

struct block_map_moment {
	uint64_t time;		      /* ns since the first event */
	uint64_t migrated, reclaimed; /* pages, since the replay began */
};

/* Compaction ran in a zone since the moment before: the pageblocks between which its scanners were.
 */
struct block_map_scan {
	uint32_t moment, zone;
	uint32_t migrate_first, migrate_last, free_first, free_last;
};

struct block_map_zone {
	uint32_t first, last; /* pageblocks; a pageblock may belong to two zones */
};

struct block_map {
	uint64_t base_pfn; /* of pageblock 0 */
	uint32_t nr_blocks, nr_moments, nr_scans, nr_zones;
	struct block_map_zone zones[MM_MAX_ZONES]; /* as struct outcome numbers them */
	struct block_map_moment *moments;	   /* owned, as all below */
	struct block_map_scan *scans;
	uint8_t *data;
	size_t len;
};
void block_map_release(struct block_map *m);
/*
 * The bytes of all moments, one after the other, not differences: nr_moments * 2 * nr_blocks of
 * them, that the caller frees. Data that are not what they should be are an error.
 */
uint8_t *block_map_unpack(const struct block_map *m, struct error *err) MUST_CHECK;
/* The other way round, into @m->data. */
int block_map_pack(struct block_map *m, const uint8_t *bytes, struct error *err) MUST_CHECK;

/* A figure with its range over the scenarios (replay/scenario.c): a range of assumptions, not a
 * proof. */
struct ranged {
	int64_t central, low, high;
};

struct outcome {
	char capture[128]; /* name */
	char capture_id[33];
	char policy[64];
	char params[1024]; /* canonical */
	char era[32];
	bool era_exact;
	char initial_state[8]; /* exact, counts, none */
	bool approximate_lru;  /* every reclaim figure rests on an approximate LRU */
	struct order_outcome orders[OUTCOME_NR_ORDERS];
	uint64_t huge_wanted,
		huge_got; /* orders >= pageblock order, by intent: wanted pages, not retries */
	uint64_t huge_possible; /* that any policy could have got at most; 0: not known */
	/* Pages that any policy had to move, to reclaim, to do one of the two with, at the very
	 * least, for a pool that was always as large. */
	uint64_t moved_least, reclaimed_least, work_least;
	struct ranged pages_reclaimed, huge_success, stall_ns;
	uint64_t reclaimed_kswapd, reclaimed_direct;
	uint64_t pages_migrated, migrate_failed, migrate_scanned, free_scanned;
	uint64_t compact_stall, compact_success, compact_fail, compact_deferred, direct_reclaims,
		kswapd_runs;
	uint64_t substituted, unknown_death, dropped_alive; /* the three unknowns, counted */
	uint64_t events, demand_ops, lost_events, unknown_frees, double_allocs;
	double events_per_second;
	uint64_t state_hash;
	uint32_t pageblock_order;
	uint32_t nr_zones;
	struct outcome_zone zones[MM_MAX_ZONES];
	struct index_sample *samples; /* owned */
	size_t nr_samples;
	uint64_t thp_guessed; /* requests for transparent huge pages under another defrag mode of
				 which the recording does not tell how they would have asked;
				 not stored */
	uint64_t rereads; /* pages that this policy dropped and that were seen in use afterwards */
	char assumption[64];	     /* of the scenarios, the one that moves huge_success (else
					pages_reclaimed) most; "" none */
	struct probe_sample *probes; /* owned */
	size_t nr_probes;
	struct block_map map;
};
/* Frees what @o owns, not @o; a zeroed outcome is fine. */
void outcome_release(struct outcome *o);

/* What the recorded kernel itself achieved, from the trace alone (same struct; policy "recorded").
 */
int outcome_recorded(const struct capture *c, const struct trace *t, struct outcome *out,
		     struct error *err) MUST_CHECK;
/* The same for what came after @percent of the recording's time. */
int outcome_recorded_after(const struct capture *c, const struct trace *t, uint32_t percent,
			   struct outcome *out, struct error *err) MUST_CHECK;
/*
 * The demand of a recording by page frame numbers, for looking at (replays derive their own): the
 * whole of it, or cut at @percent of its time. Page frame numbers from @end on are refused: it
 * takes about 50 bytes for each below the highest. The caller releases it.
 */
struct demand;
#define RECORDED_MAX_FRAMES (1ull << 30)
int recorded_demand(const struct capture *c, const struct trace *t, uint32_t percent, uint64_t end,
		    struct demand *d, struct error *err) MUST_CHECK;

/* Something done to the machine from outside at a time of the recording. */
enum injected_action {
	INJECT_COMPACT_MEMORY, /* "compact_memory" */
	INJECT_COMPACT_NODE,   /* "compact_node=N" */
	INJECT_DROP_CACHES,    /* "drop_caches": clean page cache that nobody maps */
	INJECT_HUGEPAGES, /* "hugepages=+N%" of memory or "hugepages=+N" pages more for the pool */
	INJECT_PARAM	  /* "NAME=VALUE": a parameter of the policy; '_' and '-' are the same */
};
struct injection {
	uint64_t time; /* ns since the first event */
	enum injected_action action;
	int64_t value;
	bool percent;
	char param[48];
};
/* "12.5s:compact_memory"; a time without unit is in seconds. */
int injection_parse(struct injection *in, const char *text, struct error *err) MUST_CHECK;

struct whatif_options {
	const char *era;
	uint64_t sample_ns; /* distance of index samples; 0: 100 samples over the recording */
	uint64_t from, to;  /* ns since the first event; 0, 0: all */
	uint64_t paranoid;  /* validate every N operations; 0 never */
	struct progress *progress;
	bool central_only;    /* no scenarios: ranges are single values */
	uint64_t probe_ns;    /* distance of probes; 0: none */
	uint64_t probe_pages; /* what a probe may reclaim */
	uint32_t map_moments; /* of the map of pageblocks; 0: none */
	const struct injection *inject;
	size_t nr_inject;
	uint32_t seconds; /* that a policy from outside may take; 0: WHATIF_SECONDS */
	uint64_t
		clone_every; /* the machine is exchanged for its copy every N operations; 0 never */
	/*
	 * Cut loose: begin after this share of the recording's time in the state that the recorded
	 * kernel was in then (as verify follows it), and score what comes after. 0: begin at the
	 * start.
	 */
	uint32_t cut_percent;
/* Not at a share, but at the marker "zonereplay branch", from where the lab let one machine go on
 * several times. */
#define WHATIF_CUT_AT_BRANCH 100u
};
int whatif_run(const struct capture *c, const struct trace *t, const struct policy_setting *p,
	       const struct whatif_options *opt, struct outcome *out, struct error *err) MUST_CHECK;
#define WHATIF_SECONDS 600u
/*
 * The same in a process of its own, for policies from outside: one that crashes, does not end or
 * breaks an invariant is an error that says so.
 */
int whatif_run_isolated(const struct capture *c, const struct trace *t,
			const struct policy_setting *p, const struct whatif_options *opt,
			struct outcome *out, struct error *err) MUST_CHECK;

/* What a policy made of an invented history: conform.c. */
struct conformance {
	uint64_t operations, slow; /* requests that missed the fast path */
	uint64_t pages_reclaimed, pages_migrated, state_hash;
};
/*
 * Is the policy deterministic, does it keep its state in the machine, do the invariants hold? Runs
 * in a process of its own.
 */
int policy_conforms(const struct policy_setting *s, struct conformance *result,
		    struct error *err) MUST_CHECK;

#include "replay/tune.h"

#endif
