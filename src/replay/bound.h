/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside src/replay: how many huge pages any policy can get at most, and how many pages must at
 * least be moved or reclaimed for those that one got.
 */
#ifndef ZR_REPLAY_BOUND_H
#define ZR_REPLAY_BOUND_H

#include "demand/demand.h"

/* Pages that at least had to go for a pool as it was. */
struct bound_least {
	uint64_t moved, reclaimed, either;
};

/* A window of huge-page size: pages that are in it since the start. */
struct bound_window {
	uint16_t there; /* all; whoever wants the window must move or reclaim them */
	uint16_t stuck; /* of them, those that cannot be reclaimed: moved */
	bool usable;	/* could be a huge page at all */
};

struct bound {
	uint64_t memory, fixed; /* pages: all, and those that no policy can have go */
	uint64_t windows;	/* that could be huge pages at all */
	uint64_t pool, target;	/* huge pages */
	int64_t recorded;	/* pool of the recording */
	uint64_t got;		/* the answer */
	uint32_t huge_order, nr_ids, intent;
	bool swap, marked;
	uint8_t *lives; /* by id */
	struct bound_window *at;
	uint32_t *there, *stuck;  /* usable windows by how many such pages they have */
	uint64_t alive;		  /* pages of objects, but for the pool */
	struct bound_least least; /* for `got` */
};

/* @mm: at the start of the demand, with its objects placed. */
int bound_init(struct bound *b, const struct mm *mm, const struct demand *d,
	       struct error *err) MUST_CHECK;
void bound_release(struct bound *b);
/* To be told of every operation. */
void bound_step(struct bound *b, const struct demand_op *op);
/* The pool has @pages huge pages now: raises *least to what that took. */
void bound_need(const struct bound *b, uint64_t pages, struct bound_least *least);
/* Huge pages that can be had in all. */
uint64_t bound_end(struct bound *b);

#endif
