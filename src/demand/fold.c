// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the vmstat worker does [refresh_cpu_vm_stats, mm/vmstat.c, 6.1]: it folds a CPU's counters,
 * and frees a batch of the pages that the CPU holds of another node's zone when that zone's
 * counters have not changed on it for three folds [drain_zone_pages]. Both are no decision of a
 * policy's and are asked for as they were recorded; which pages such a batch has is the replay's.
 */
#include "demand/derive.h"

void fold_begin(struct derive *d, const struct event *e)
{
	struct demand_op op = op_for(d, e, DEMAND_FOLD, TRACK_NONE);

	emit(d, &op);
	if (e->w[0])
		d->fold = (struct fold){.pid = e->pid, .cpu = e->cpu};
}

static bool is_of_another_node(const struct derive *d, uint32_t zone, uint32_t cpu)
{
	const struct mm *mm = d->geo.mm;

	return (uint32_t)mm->zones[zone].node != mm_node_of_cpu(mm, cpu);
}

/* Only the first page of a zone begins a batch; whatever else the CPU does ends the worker's turn.
 */
void fold_event(struct derive *d, const struct event *e)
{
	struct demand_op op = op_for(d, e, DEMAND_FOLD, TRACK_NONE);
	uint32_t frame, zone;

	if (!d->fold.pid || e->cpu != d->fold.cpu)
		return;
	if (e->kind != EV_PCPU_DRAIN || e->pid != d->fold.pid) {
		d->fold.pid = 0;
		return;
	}
	if (!d->geo.mm || !frame_of(d, e->w[0], (uint32_t)e->w[1], &frame))
		return;
	zone = mm_frame_zone(d->geo.mm, (struct frame){frame});
	if (zone == UINT32_MAX || d->fold.zones & 1u << zone ||
	    !is_of_another_node(d, zone, e->cpu))
		return;
	d->fold.zones |= 1u << zone;
	op.arg = frame + 1;
	emit(d, &op);
}
