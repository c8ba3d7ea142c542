// SPDX-License-Identifier: GPL-2.0-only
/* When objects die, for policies that are allowed to know: the ends of every id's lives, in order.
 */
#include "replay/deaths.h"

#include <stdlib.h>
#include <string.h>

static bool is_end(const struct demand_op *op, uint32_t nr_ids)
{
	return (op->kind == DEMAND_DEATH || op->kind == DEMAND_DROP || op->kind == DEMAND_SHRUNK) &&
	       op->id < nr_ids;
}

/* Every id has one entry more than ends: the life that the recording does not end. */
static void count_ends(struct deaths *d, const struct demand *demand)
{
	for (uint32_t id = 0; id < d->nr_ids; id++)
		d->next[id + 1] = 1;
	for (uint64_t i = 0; i < demand->nr; i++) {
		if (is_end(&demand->ops[i], d->nr_ids))
			d->next[demand->ops[i].id + 1]++;
	}
	for (uint32_t id = 0; id < d->nr_ids; id++)
		d->next[id + 1] += d->next[id];
}

int deaths_init(struct deaths *d, const struct demand *demand, uint32_t nr_ids, struct error *err)
{
	uint64_t nr;

	d->nr_ids = nr_ids;
	d->next = calloc(nr_ids + 2ull, sizeof(*d->next));
	if (!d->next)
		return error_set(err, "out of memory for the deaths of %u objects", nr_ids);
	count_ends(d, demand);
	nr = d->next[nr_ids];
	d->times = calloc(nr + 1, sizeof(*d->times));
	if (!d->times)
		return error_set(err, "out of memory for the deaths of %u objects", nr_ids);
	/* Filled from the back: in the end next[id + 1] is where id begins. */
	for (uint32_t id = 0; id < nr_ids; id++)
		d->times[--d->next[id + 1]] = UINT64_MAX;
	for (uint64_t i = demand->nr; i--;) {
		const struct demand_op *op = &demand->ops[i];

		if (is_end(op, nr_ids))
			d->times[--d->next[op->id + 1]] =
				op->kind == DEMAND_DEATH ? op->time : UINT64_MAX;
	}
	memmove(d->next, d->next + 1, nr_ids * sizeof(*d->next));
	return 0;
}

void deaths_release(struct deaths *d)
{
	free(d->next);
	free(d->times);
	*d = (struct deaths){0};
}

void deaths_passed(struct deaths *d, const struct demand_op *op)
{
	if (d->next && is_end(op, d->nr_ids))
		d->next[op->id]++;
}

uint64_t deaths_of(const struct deaths *d, uint32_t id)
{
	return d->next && id < d->nr_ids ? d->times[d->next[id]] : UINT64_MAX;
}
