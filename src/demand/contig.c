// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of one range that are freed one by one, as events say, but put on a list together
 * [__free_contig_range_common, 7.2]: between the two DEMAND_CONTIG.
 */
#include "demand/derive.h"

#define IN_INTERRUPT (EVF_SOFTIRQ | EVF_HARDIRQ | EVF_NMI)

void contig_begin(struct derive *d, const struct event *e)
{
	struct demand_op op = op_for(d, e, DEMAND_CONTIG, TRACK_NONE);

	if (e->flags & IN_INTERRUPT || !e->w[1])
		return;
	d->contig = (struct contig){.pid = e->pid, .last = e->w[0] + e->w[1] - 1};
	op.arg = 1;
	emit(d, &op);
}

void contig_freed(struct derive *d, const struct event *e)
{
	struct demand_op op = op_for(d, e, DEMAND_CONTIG, TRACK_NONE);

	if (!d->contig.pid || e->pid != d->contig.pid || e->flags & IN_INTERRUPT ||
	    e->w[0] != d->contig.last)
		return;
	d->contig.pid = 0;
	emit(d, &op);
}
