/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tune: what-if under every value of extfrag_threshold from one pass over the demand per scenario;
 * part of the face of src/replay (replay.h includes this file).
 *
 * Thresholds that have decided alike so far are a group and share one replay. The machine notes for
 * which thresholds its comparisons would have come out the same (struct mm_agree); where that does
 * not cover the group, the others go on from a copy of the state before. Groups that come to the
 * same state are one again, each with its own counts.
 */
#ifndef ZR_REPLAY_TUNE_H
#define ZR_REPLAY_TUNE_H

#define TUNE_MAX_THRESHOLD 1000
#define TUNE_PARAM "extfrag_threshold"

/* Thresholds @from to @to are one setting: the same outcome in every scenario. */
struct tune_row {
	int32_t from, to;
	bool resolved; /* else the groups were too many: figures of a neighbour that went on */
	/* As whatif_run gives it for @from, without samples, probes, maps and the least work. */
	struct outcome outcome;
	struct ranged pages_migrated;
	struct outcome *scenario; /* what each scenario gave; the first is the central one; owned;
				     NULL where a database gave the row */
};

/* How much there was to do; the sum over the scenarios. */
struct tune_cost {
	uint64_t operations; /* of the demand: one replay */
	uint64_t replayed;   /* by all groups, without what was done twice */
	uint64_t twice;	     /* again because a group parted */
	uint64_t copies, splits, rejoins, passes;
	uint64_t most; /* groups at one time */
};

struct tune_curve {
	char capture[128], capture_id[33], policy[64], era[32];
	char params[1024]; /* canonical, without the threshold */
	bool era_exact;
	int64_t recorded_threshold; /* of the machine that was recorded */
	struct tune_row *rows;	    /* by threshold, 0 to 1000 without a gap; owned */
	size_t nr;
	const char *scenarios[8]; /* names */
	size_t nr_scenarios;
	struct tune_cost cost;
};
void tune_curve_release(struct tune_curve *c);
/* The row that has @threshold. */
const struct tune_row *tune_row_of(const struct tune_curve *c, int32_t threshold);
bool tune_resolved(const struct tune_curve *c);
/* Groups that lived at a time, on average. */
double tune_living(const struct tune_cost *c);

struct tune_options {
	struct whatif_options whatif; /* era, central_only, paranoid and progress count */
	size_t groups;	/* replays that may be kept at a time; 0: as many as fit into 1 GiB */
	bool exact;	/* as many passes as it takes */
	uint64_t chunk; /* operations between looks at the groups; 0: chosen along the way */
};
/*
 * @p names a policy with the parameter extfrag_threshold, of which the value does not count, and
 * the values of the others. Policies from outside and those that know the future are refused.
 */
int tune_run(const struct capture *c, const struct trace *t, const struct policy_setting *p,
	     const struct tune_options *opt, struct tune_curve *out, struct error *err) MUST_CHECK;
struct demand;
/* The demand alone, on a copy of @start: no costs, and the central scenario only when so asked. */
int tune_run_demand(const struct mm *start, const struct demand *d, const struct policy_setting *p,
		    const struct tune_options *opt, struct tune_curve *out,
		    struct error *err) MUST_CHECK;
/* Does the policy have what it takes? */
int tune_check_policy(const struct policy_setting *p, struct error *err) MUST_CHECK;

#endif
