// SPDX-License-Identifier: GPL-2.0-only
/* __alloc_pages_bulk: pages that leave the per-cpu lists without an event of their own. */
#include "replay/verify.h"

/* ---- bulk allocation ---- */

/* Takes what the list has of the pages that __alloc_pages_bulk still wants: no event shows them. */
void verify_bulk_pop(struct verify *v, struct task *task)
{
	while (task->bulk_left &&
	       !frame_is_none(mm_pcp_pop(v->mm, task->bulk_zone, v->mm->cpu, 0, task->bulk_type)))
		task->bulk_left--;
}

/* How many pages it gets without an event of their own: what it returns less those that it asked
 * for one by one. */
static uint32_t bulk_invisible(struct verify *v, const struct event *e)
{
	uint32_t seen = 0;

	for (uint64_t j = v->i + 1; j < v->last; j++) {
		const struct event *r = &v->t->events[j];

		if (r->pid != e->pid || event_context(r) != event_context(e))
			continue;
		if (r->kind == EV_ALLOC)
			seen++;
		if (r->kind == EV_P_BULK_RET) {
			v->res->lookaheads++;
			return r->w[0] > seen ? (uint32_t)r->w[0] - seen : 0;
		}
	}
	return 0;
}

/* By the watermarks of now. */
static void choose_zone(struct verify *v, struct task *task, uint32_t cpu)
{
	task->bulk_waits = false;
	task->bulk_zone =
		mm_bulk_zone(v->mm, mm_node_of_cpu(v->mm, cpu), task->bulk_gfp, task->bulk_nr);
	if (task->bulk_zone == UINT32_MAX)
		task->bulk_left = 0;
}

void verify_bulk(struct verify *v, const struct event *e)
{
	struct task *task = verify_task(v, e->pid, true);

	if (!task || event_context(e) != CTX_TASK)
		return;
	task->bulk_left = bulk_invisible(v, e);
	task->bulk_type = mm_gfp_type((uint32_t)e->w[0]);
	task->bulk_gfp = (uint32_t)e->w[0];
	task->bulk_nr = (uint32_t)e->w[1];
	/*
	 * The probe sits at the function's entry. A task that is due to be preempted is so when the
	 * probe's handler lets preemption happen again: before the function looks at a zone.
	 */
	task->bulk_waits = e->flags & EVF_NEED_RESCHED;
	task->bulk_zone = UINT32_MAX;
	if (!task->bulk_waits)
		choose_zone(v, task, e->cpu);
	if (task->bulk_type >= MM_NR_PCP_TYPES)
		task->bulk_left = 0;
}

/* A task comes back that was preempted on its way into the function. */
void verify_bulk_switch(struct verify *v, const struct event *e)
{
	struct task *task = verify_task(v, (uint32_t)e->w[1], false);

	if (task && task->bulk_waits)
		choose_zone(v, task, e->cpu);
}

void verify_bulk_end(struct verify *v, const struct event *e)
{
	struct task *task = verify_task(v, e->pid, false);

	if (!task)
		return;
	v->mm->cpu = e->cpu;
	if (task->bulk_waits)
		choose_zone(v, task, e->cpu);
	verify_bulk_pop(v, task);
	task->bulk_left = 0;
}
