// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of which the recorded kernel dropped pages, by device and inode. What belongs to a file
 * goes with it: where the recorded kernel had dropped a page and the replay still has it, the page
 * dies when the recording shows that the file's other pages are let go.
 */
#include "demand/derive.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 1024u

static uint32_t slot_of(const struct file_table *t, uint64_t device, uint64_t inode)
{
	uint64_t hash = (inode ^ device << 40) * 0x9e3779b97f4a7c15ull;
	uint32_t i = (uint32_t)(hash >> 32) & (t->size - 1);

	while (t->entries[i].number &&
	       (t->entries[i].inode != inode || t->entries[i].device != device))
		i = (i + 1) & (t->size - 1);
	return i;
}

static bool make_room(struct file_table *t)
{
	struct file_table bigger = {.size = t->size ? 2 * t->size : FIRST_SIZE, .last = t->last};

	if (t->used < t->size / 2)
		return true;
	bigger.entries = calloc(bigger.size, sizeof(*bigger.entries));
	if (!bigger.entries)
		return false;
	for (uint32_t i = 0; i < t->size; i++) {
		const struct file_entry *e = &t->entries[i];

		if (e->number)
			bigger.entries[slot_of(&bigger, e->device, e->inode)] = *e;
	}
	bigger.used = t->used;
	free(t->entries);
	*t = bigger;
	return true;
}

uint32_t file_number(struct derive *d, const struct event *e)
{
	struct file_table *t = &d->files;
	struct file_entry *entry;

	if (!make_room(t))
		return 0;
	entry = &t->entries[slot_of(t, e->w[3], e->w[1])];
	if (!entry->number) {
		entry->device = e->w[3];
		entry->inode = e->w[1];
		t->used++;
	}
	if (!entry->number || entry->gone)
		entry->number = ++t->last;
	entry->gone = false;
	return entry->number;
}

uint32_t file_end(struct derive *d, const struct event *e)
{
	struct file_table *t = &d->files;
	struct file_entry *entry = t->size ? &t->entries[slot_of(t, e->w[3], e->w[1])] : NULL;

	if (!entry || !entry->number || entry->gone)
		return 0;
	entry->gone = true;
	return entry->number;
}

bool file_is(const struct derive *d, const struct event *e, uint32_t number)
{
	const struct file_table *t = &d->files;
	const struct file_entry *entry = t->size ? &t->entries[slot_of(t, e->w[3], e->w[1])] : NULL;

	return entry && entry->number == number && !entry->gone;
}
