/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside src/replay: how many huge pages any policy can get at most. */
#ifndef ZR_REPLAY_BOUND_H
#define ZR_REPLAY_BOUND_H

#include "demand/demand.h"

struct bound {
	uint64_t memory, fixed; /* pages: all, and those that no policy can have go */
	uint64_t windows;	/* that could be huge pages at all */
	uint64_t pool, target;	/* huge pages */
	int64_t recorded;	/* pool of the recording */
	uint64_t got;		/* the answer */
	uint32_t huge_order, nr_ids, intent;
	bool swap, marked;
	uint8_t *lives; /* by id */
};

/* @mm: at the start of the demand, with its objects placed. */
int bound_init(struct bound *b, const struct mm *mm, const struct demand *d,
	       struct error *err) MUST_CHECK;
void bound_release(struct bound *b);
/* To be told of every operation. */
void bound_step(struct bound *b, const struct demand_op *op);
/* Huge pages that can be had in all. */
uint64_t bound_end(struct bound *b);

#endif
