// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bulk allocations [__alloc_pages_bulk]: kernel stacks, above all. Which pages they get is in no
 * event; how many is: what a call returns less the pages that it asked for one by one. One of them
 * shows when it is freed, as a page that nobody was seen to allocate; which call it came from
 * stays unknown.
 */
#include "demand/derive.h"

static struct bulk_call *call_of(struct derive *d, uint32_t pid)
{
	for (uint32_t i = 0; i < d->bulk.nr_calls; i++) {
		if (d->bulk.calls[i].pid == pid)
			return &d->bulk.calls[i];
	}
	return NULL;
}

void bulk_begin(struct derive *d, const struct event *e)
{
	struct bulk_call *call = call_of(d, e->pid);

	if (e->flags & (EVF_SOFTIRQ | EVF_HARDIRQ | EVF_NMI))
		return;
	if (!call && d->bulk.nr_calls < MAX_BULK_CALLS)
		call = &d->bulk.calls[d->bulk.nr_calls++];
	if (call)
		*call = (struct bulk_call){.pid = e->pid, .gfp = (uint32_t)e->w[0]};
}

void bulk_alloc(struct derive *d, const struct event *e)
{
	struct bulk_call *call = d->bulk.nr_calls ? call_of(d, e->pid) : NULL;

	if (call && !(e->flags & (EVF_SOFTIRQ | EVF_HARDIRQ | EVF_NMI)))
		call->seen++;
}

void bulk_end(struct derive *d, const struct event *e)
{
	struct demand_op op = op_for(d, e, DEMAND_BULK, TRACK_NONE);
	struct bulk_call *call = call_of(d, e->pid);

	if (!call || e->flags & (EVF_SOFTIRQ | EVF_HARDIRQ | EVF_NMI))
		return;
	op.gfp = call->gfp;
	op.type = (uint8_t)mm_gfp_type(call->gfp);
	op.page = MM_KIND_KERNEL;
	if (e->w[0] > call->seen && e->w[0] - call->seen <= DEMAND_BULK_MOST) {
		op.arg = (uint32_t)e->w[0] - call->seen;
		d->bulk.out += op.arg;
		if (d->bulk.out > d->bulk.most)
			d->bulk.most = d->bulk.out;
		emit(d, &op);
	}
	*call = d->bulk.calls[--d->bulk.nr_calls];
}

bool bulk_free(struct derive *d, const struct event *e, uint32_t frame)
{
	struct demand_op op = op_for(d, e, DEMAND_BULK_DEATH, TRACK_NONE);

	if (e->w[1] || !d->bulk.out)
		return false;
	d->bulk.out--;
	op.arg = frame;
	if (past_lists(d, e))
		op.flags |= DEMAND_F_PAST;
	emit(d, &op);
	return true;
}
