/* SPDX-License-Identifier: GPL-2.0-only */
/* What work took the recorded kernel, and when its threads had a CPU for it: costs.c. */
#ifndef ZR_REPLAY_COSTS_H
#define ZR_REPLAY_COSTS_H

#include "mm/mm.h"
#include "trace/trace.h"

/* How fast a thread of the recorded kernel was, or how much of a CPU it had; ns since the first
 * event. None: not known. */
struct paces {
	struct mm_pace *v;
	size_t nr;
};

/* ns of stall per page, fitted to the recording's own begin and end events; 0 where it has none. */
struct stall_costs {
	uint64_t reclaimed[3], scanned[3]; /* low, central, high: per page reclaimed; per page that
					      compaction scanned */
	uint64_t waited;		   /* ns that the recorded tasks waited in all */
	/* Of nodes together: ns of CPU that kswapd has in a second, or would have; that kcompactd
	 * has while it works. */
	struct paces kswapd, kcompactd;
	uint64_t kswapd_share; /* all in all, of the time that it was awake */
	struct mm_kswapd_cost kswapd_cost;
	uint64_t kswapd_first; /* ns that a request which wakes it has to wait before it goes on */
	struct mm_compact_cost compaction;   /* ns of CPU */
	uint64_t waits_scanned, waits_moved; /* the same for a task that compacts for itself, on
						the clock */
};
void stall_costs_release(struct stall_costs *c);
/* When its timer goes off first after @begin ns, which is event @from. */
uint64_t kcompactd_timer(const struct trace *t, uint64_t from, uint64_t begin);
/* From the events from number @from on. */
void stall_costs_fit(struct stall_costs *c, const struct trace *t, uint64_t from);
/* kswapd's part of it. */
void costs_fit_kswapd(struct stall_costs *c, const struct trace *t);
/* Compaction's. */
void costs_fit_compaction(struct stall_costs *c, const struct trace *t, uint64_t from);
void paces_add(struct paces *to, uint64_t time, uint64_t speed);

#endif
