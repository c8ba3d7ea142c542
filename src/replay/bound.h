/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside src/replay: how many huge pages any policy can get at most, and how many pages must at
 * least be moved or reclaimed for those that one got.
 */
#ifndef ZR_REPLAY_BOUND_H
#define ZR_REPLAY_BOUND_H

#include "demand/demand.h"

/*
 * Pages that at least had to go, with a pool as it was and the other requests met: all that were
 * reclaimed or moved until then, so nothing here ever shrinks.
 */
struct bound_least {
	uint64_t moved, reclaimed, either;
};

/* A window of huge-page size: pages that are in it since the start. */
struct bound_window {
	uint16_t there; /* all; whoever wants the window must move or reclaim them */
	uint16_t stuck; /* of them, those that cannot be reclaimed: moved */
	bool usable;	/* could be a huge page at all */
};

struct bound_file {
	uint32_t pages, first; /* first: a frame, or UINT32_MAX */
};
struct bound_orphan {
	uint32_t next, order;
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
	uint32_t *there, *stuck; /* usable windows by how many such pages they have */
	uint64_t alive;		 /* pages of objects, but for the pool */
	/* Pages that the recorded kernel dropped and nobody has let go: by file, the ones since the
	 * start in a list through their first frames. */
	uint64_t dropped;
	struct bound_file *files;
	struct bound_orphan *orphans; /* by first frame */
	uint32_t nr_files;
	struct bound_least least; /* for `got` */
};

/* @mm: at the start of the demand, with its objects placed. */
int bound_init(struct bound *b, const struct mm *mm, const struct demand *d,
	       struct error *err) MUST_CHECK;
void bound_release(struct bound *b);
/* To be told of every operation. */
void bound_step(struct bound *b, const struct demand_op *op);
/* The pool has @pages huge pages now: raises *least to what that took. Of the other requests
 * @failed pages were not had. */
void bound_need(const struct bound *b, uint64_t pages, uint64_t failed, struct bound_least *least);
/* The same where the pool has not grown: cheaper. */
void bound_room(const struct bound *b, uint64_t pages, uint64_t failed, struct bound_least *least);
/* Huge pages that can be had in all. */
uint64_t bound_end(struct bound *b);

#endif
