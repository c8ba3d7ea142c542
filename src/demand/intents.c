// SPDX-License-Identifier: GPL-2.0-only
/* Which requests belong to one resize of a pool of huge pages, and how many it wants. */
#include "demand/derive.h"

#include <stdlib.h>
#include <string.h>

/* Requests of one pool resize follow one another; anything else that the task asks for ends the
 * run. */
void intent_follow(struct derive *d, const struct event *e, struct demand_op *op, bool pool)
{
	if (!pool) {
		if (e->pid == d->intent_pid &&
		    !(context_of(d, e) & (TASK_RECLAIM | TASK_COMPACT)) &&
		    !(e->flags & (EVF_SOFTIRQ | EVF_HARDIRQ)))
			d->intent_pid = 0;
		return;
	}
	if (d->intent_pid != e->pid) {
		d->intent_pid = e->pid;
		d->intent++;
		d->counts.intents++;
	}
	op->flags |= DEMAND_F_HUGE;
	op->arg = d->intent;
	if (op->kind == DEMAND_FAIL)
		d->intent_pid = 0;
}

/* "zonereplay intent want=N ..." and "... got=N ...": a resize of the pool begins and ends. */
void intent_marker(struct derive *d, const struct event *e)
{
	struct demand_op op = op_for(d, e, DEMAND_DONE, TRACK_NONE);
	char text[128];
	const char *intent, *want;
	size_t len = e->w[1] < sizeof(text) - 1 ? e->w[1] : sizeof(text) - 1;

	if (e->w[0] > d->trace->strings_len || len > d->trace->strings_len - e->w[0])
		return;
	memcpy(text, d->trace->strings + e->w[0], len);
	text[len] = '\0';
	intent = strstr(text, "zonereplay intent ");
	if (!intent)
		return;
	want = strstr(intent, "want=");
	if (want) {
		op.kind = DEMAND_WANT;
		op.arg = (uint32_t)strtoul(want + strlen("want="), NULL, 10);
		d->counts.markers++;
	}
	emit(d, &op);
	d->intent_pid = 0;
}
