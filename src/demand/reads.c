// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of files that the recorded kernel dropped and read again later. That they are asked for
 * again is its own doing: where a replay still has them they are not.
 *
 * A page is known by device, inode and index. Which request it was that a page added to a file's
 * cache came from shows afterwards, so the events are walked beforehand, for those pages alone
 * that come again.
 */
#include "demand/derive.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 1024u

static uint32_t slot_of(const struct page_table *t, const struct page_name *name)
{
	uint64_t hash =
		(name->inode ^ name->device << 40 ^ name->index << 20) * 0x9e3779b97f4a7c15ull;
	uint32_t i = (uint32_t)(hash >> 32) & (t->size - 1);

	while (t->entries[i].used && memcmp(&t->entries[i].name, name, sizeof(*name)))
		i = (i + 1) & (t->size - 1);
	return i;
}

static bool make_room(struct page_table *t)
{
	struct page_table bigger = {.size = t->size ? 2 * t->size : FIRST_SIZE};

	if (t->used < t->size / 2)
		return true;
	bigger.entries = calloc(bigger.size, sizeof(*bigger.entries));
	if (!bigger.entries)
		return false;
	for (uint32_t i = 0; i < t->size; i++) {
		if (t->entries[i].used)
			bigger.entries[slot_of(&bigger, &t->entries[i].name)] = t->entries[i];
	}
	free(t->entries);
	t->entries = bigger.entries;
	t->size = bigger.size;
	return true;
}

static struct page_name name_of(const struct event *e)
{
	return (struct page_name){.inode = e->w[1], .index = e->w[2], .device = e->w[3]};
}

/* Of a page that was dropped some time; NULL: of none. */
static struct page_entry *find(const struct page_table *t, const struct event *e)
{
	struct page_name name = name_of(e);
	struct page_entry *entry = t->size ? &t->entries[slot_of(t, &name)] : NULL;

	return entry && entry->used ? entry : NULL;
}

static bool add_dropped(struct page_table *t, const struct event *e)
{
	struct page_name name = name_of(e);
	struct page_entry *entry;

	if (!make_room(t))
		return false;
	entry = &t->entries[slot_of(t, &name)];
	t->used += !entry->used;
	entry->name = name;
	entry->used = true;
	return true;
}

static bool add_return(struct page_table *t, uint64_t alloc, uint64_t add)
{
	if (!(t->nr_returns & (t->nr_returns - 1))) {
		size_t cap = t->nr_returns ? 2 * t->nr_returns : 1;
		struct page_return *v = realloc(t->returns, cap * sizeof(*v));

		if (!v)
			return false;
		t->returns = v;
	}
	t->returns[t->nr_returns++] = (struct page_return){.alloc = alloc, .add = add};
	return true;
}

/* @alloc: by frame, one more than the event that last gave it out as a single page. */
static bool look_at(struct derive *d, uint64_t *alloc, uint64_t i)
{
	const struct event *e = &d->trace->events[i];
	struct page_table *t = &d->pages;
	struct page_entry *entry;
	uint32_t frame;

	if (!frame_of(d, e->w[0], 0, &frame))
		return true;
	if (e->kind == EV_ALLOC || e->kind == EV_FREE)
		alloc[frame] = e->kind == EV_ALLOC && !e->w[1] ? i + 1 : 0;
	if (e->kind == EV_FILE_DELETE && context_of(d, e) & (TASK_KSWAPD | TASK_RECLAIM))
		return add_dropped(t, e);
	if (e->kind != EV_FILE_ADD || !alloc[frame])
		return true;
	entry = find(t, e);
	if (!entry)
		return true;
	if (!entry->number)
		entry->number = ++t->last;
	return add_return(t, alloc[frame] - 1, i);
}

static int by_alloc(const void *a, const void *b)
{
	const struct page_return *x = a, *y = b;

	return (x->alloc > y->alloc) - (x->alloc < y->alloc);
}

/* What tasks are doing is as it was before when this is over. */
static bool walk(struct derive *d, uint64_t from, uint64_t to)
{
	uint64_t *alloc = calloc(d->geo.nr_frames + 1ull, sizeof(*alloc));
	uint8_t *tasks = malloc(d->nr_tasks);
	bool fine = alloc && tasks;

	if (fine)
		memcpy(tasks, d->tasks, d->nr_tasks);
	for (uint64_t i = from; fine && i < to; i++) {
		context_update(d, &d->trace->events[i]);
		fine = look_at(d, alloc, i);
	}
	if (tasks)
		memcpy(d->tasks, tasks, d->nr_tasks);
	free(alloc);
	free(tasks);
	return fine;
}

int reads_find(struct derive *d, uint64_t from, uint64_t to, struct error *err)
{
	struct page_table *t = &d->pages;

	if (!d->trace->kinds_seen[EV_FILE_ADD] || !d->trace->kinds_seen[EV_FILE_DELETE])
		return 0;
	if (!walk(d, from, to))
		return error_set(err, "not enough memory for the pages that were read again");
	if (t->nr_returns)
		qsort(t->returns, t->nr_returns, sizeof(*t->returns), by_alloc);
	return 0;
}

uint32_t reads_dropped(struct derive *d, const struct event *e, uint32_t file)
{
	struct page_entry *entry = find(&d->pages, e);

	if (!entry)
		return 0;
	entry->file = file;
	return entry->number;
}

uint32_t reads_again(struct derive *d, const struct event *alloc)
{
	struct page_return key = {.alloc = (uint64_t)(alloc - d->trace->events)}, *r;
	struct page_table *t = &d->pages;
	struct page_entry *entry;
	uint32_t file;

	r = t->nr_returns ? bsearch(&key, t->returns, t->nr_returns, sizeof(key), by_alloc) : NULL;
	entry = r ? find(t, &d->trace->events[r->add]) : NULL;
	if (!entry || !entry->file)
		return 0;
	file = entry->file;
	entry->file = 0;
	return file_is(d, &d->trace->events[r->add], file) ? entry->number : 0;
}

void reads_release(struct page_table *t)
{
	free(t->entries);
	free(t->returns);
}
