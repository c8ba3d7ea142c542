// SPDX-License-Identifier: GPL-2.0-only
/*
 * Identity across compaction [mm/migrate.c, 6.1.192].
 *
 * migrate_pages() takes the sources one by one: the destination goes to the LRU (through the
 * per-cpu batch, so its event may come up to a batch later), then the source loses its last
 * reference and is freed by the compacting task. Destinations show no allocation. Both sequences
 * keep the order of the list of sources, so the first source that waits is the first unknown page
 * that shows, if it is of the same kind. A source that its owner let go meanwhile is freed without
 * having had a destination: it is passed over by kind, and dies when it gets old.
 */
#include "demand/derive.h"

#define LOOK_PAST 64u	      /* sources that may have lost their owner in between */
#define MAX_AGE 2000000000ull /* ns after which no batch holds a destination back */

static struct pending *at(struct derive *d, uint32_t i)
{
	return &d->pending[(d->pending_first + i) % d->max_pending];
}

static void die(struct derive *d, const struct event *e, const struct pending *p)
{
	struct demand_op op = op_for(d, e, DEMAND_DEATH, p->page.id);

	op.pid = p->pid;
	op.order = p->page.order;
	op.flags = DEMAND_F_LOST;
	range_end(d, e, &p->page, &op);
	emit(d, &op);
	account_end(d, e, &p->page, DEMAND_BY_UNSEEN);
	cut_end(d, p->page.id, false);
	id_give(d, p->page.id);
	d->counts.migrated_lost++;
}

static void drop_first(struct derive *d, const struct event *e)
{
	die(d, e, at(d, 0));
	d->pending_first = (d->pending_first + 1) % d->max_pending;
	d->nr_pending--;
}

void pending_push(struct derive *d, const struct event *e, uint32_t head)
{
	if (d->nr_pending == d->max_pending)
		drop_first(d, e);
	*at(d, d->nr_pending++) =
		(struct pending){.page = d->frames[head], .pid = e->pid, .time = e->time};
	d->frames[head].id = TRACK_NONE;
}

static bool fits(const struct track *source, uint32_t page)
{
	return source->page == page || source->page == MM_KIND_UNKNOWN;
}

bool pending_pop(struct derive *d, uint32_t page, struct track *out)
{
	uint32_t i, n = d->nr_pending < LOOK_PAST ? d->nr_pending : LOOK_PAST;

	for (i = 0; i < n && !fits(&at(d, i)->page, page); i++)
		;
	if (i == n)
		return false;
	*out = at(d, i)->page;
	for (; i > 0; i--)
		*at(d, i) = *at(d, i - 1);
	d->pending_first = (d->pending_first + 1) % d->max_pending;
	d->nr_pending--;
	d->counts.migrated++;
	d->account.why[DEMAND_BY_MIGRATION] += 1ull << out->order;
	return true;
}

void pending_expire(struct derive *d, const struct event *now, bool all)
{
	while (d->nr_pending && (all || at(d, 0)->time + MAX_AGE < now->time))
		drop_first(d, now);
}
