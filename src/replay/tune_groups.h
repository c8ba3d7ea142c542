/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside tune: groups of thresholds that share a replay, over one scenario. */
#ifndef ZR_REPLAY_TUNE_GROUPS_H
#define ZR_REPLAY_TUNE_GROUPS_H

#include "replay/whatif.h"

/* Thresholds with one history. */
struct tune_segment {
	int32_t from, to;
	bool lost;		    /* there was no room for a replay of its own */
	struct whatif_tally offset; /* its counts minus those of the replay that it shares */
};

struct tune_group {
	struct whatif w;
	struct outcome out;
	struct tune_segment *segments;
	size_t nr, cap;
};

/* What came of some thresholds in one scenario. */
struct tune_part {
	int32_t from, to;
	bool lost;
	struct outcome outcome;
};
struct tune_parts {
	struct tune_part *v;
	size_t nr, cap;
};

struct tune_pass {
	const struct whatif_job *job;
	const struct scenario *scenario;
	const struct tune_options *opt;
	size_t param; /* number of the threshold among the policy's parameters */
	size_t max_groups;
	struct tune_group **groups; /* the first @nr live, @nr_made have memory */
	size_t nr, nr_made;
	struct tune_group saved; /* a group's state at the begin of a chunk */
	struct tune_cost *cost;
	uint64_t chunk;
	uint64_t before, all;	 /* operations, for progress */
	uint64_t *huge_possible; /* set: it depends on the demand alone */
};

/*
 * Replays the demand for the thresholds of @todo and appends what came of them to @done; those for
 * which there was no room are among them as lost.
 */
int tune_pass(struct tune_pass *p, const struct tune_parts *todo, struct tune_parts *done,
	      struct error *err) MUST_CHECK;
/* Appends room for one more; NULL when memory is exhausted. */
struct tune_part *tune_parts_add(struct tune_parts *parts, struct error *err);

#endif
