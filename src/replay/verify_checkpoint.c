// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checkpoints of the recording: the kernel's own counts of free buddies on the way. The kernel
 * printed each number at some moment between two markers, so a number is right if the machine held
 * it at any moment between them.
 */
#include "replay/verify.h"

#include <stdlib.h>
#include <string.h>

enum { BUDDYINFO, PAGETYPEINFO };

static void read_markers(struct verify *v)
{
	const struct trace *t = v->t;
	const struct event *e;
	uint64_t i;

	for (i = v->first; i < v->last; i++) {
		e = &t->events[i];
		if (e->kind == EV_MARKER && e->w[0] <= t->strings_len &&
		    e->w[1] <= t->strings_len - e->w[0])
			checkpoints_add(&v->checkpoints.all, i, t->strings + e->w[0], e->w[1]);
	}
	checkpoints_finish(&v->checkpoints.all);
}

void verify_checkpoints_init(struct verify *v)
{
	checkpoints_init(&v->checkpoints.all);
	if (v->t->kinds_seen[EV_MARKER])
		read_markers(v);
}

void verify_checkpoints_release(struct verify *v)
{
	struct verify_checkpoints *c = &v->checkpoints;

	checkpoints_release(&c->all);
	snapshot_release(&c->text[BUDDYINFO]);
	snapshot_release(&c->text[PAGETYPEINFO]);
}

/* The machine's number of the zone that a text calls by node and name; UINT32_MAX if it has none.
 */
static uint32_t zone_of(const struct mm *mm, const struct snap_zone *z)
{
	uint32_t i;

	for (i = 0; i < mm->nr_zones; i++)
		if (mm->zones[i].node == z->node && !strcmp(mm->zones[i].name, z->name))
			return i;
	return UINT32_MAX;
}

static uint64_t total(const uint64_t *by_type)
{
	uint64_t n = 0;
	uint32_t t;

	for (t = 0; t < SNAP_MAX_TYPES; t++)
		n += by_type[t];
	return n;
}

static void note_buddyinfo(struct verify *v, size_t z, uint32_t zone)
{
	const struct snap_zone *text = &v->checkpoints.text[BUDDYINFO].zones[z];
	uint32_t o;

	for (o = 0; o < MM_NR_ORDERS; o++)
		v->checkpoints.held_total[z][o] |=
			v->mm->zones[zone].nr_free[o] == total(text->nr_free[o]);
}

static void note_pagetypeinfo(struct verify *v, size_t z, uint32_t zone)
{
	const struct snap_zone *text = &v->checkpoints.text[PAGETYPEINFO].zones[z];
	uint32_t o, t;

	for (o = 0; o < MM_NR_ORDERS; o++)
		for (t = 0; t < MM_NR_TYPES; t++)
			v->checkpoints.held[z][o][t] |=
				mm_list_count(v->mm, mm_buddy_list(v->mm, zone, o, t)) ==
				text->nr_free[o][t];
}

/* Notes which numbers the machine holds now. */
static void note(struct verify *v)
{
	struct verify_checkpoints *c = &v->checkpoints;
	uint32_t zone;
	size_t z;

	for (z = 0; z < c->text[BUDDYINFO].nr_zones; z++) {
		zone = zone_of(v->mm, &c->text[BUDDYINFO].zones[z]);
		if (zone != UINT32_MAX)
			note_buddyinfo(v, z, zone);
	}
	for (z = 0; z < c->text[PAGETYPEINFO].nr_zones; z++) {
		zone = zone_of(v->mm, &c->text[PAGETYPEINFO].zones[z]);
		if (zone != UINT32_MAX)
			note_pagetypeinfo(v, z, zone);
	}
}

static bool parse(struct verify_checkpoints *c, const struct checkpoint *cp)
{
	struct error err;
	size_t f;

	for (f = 0; f < ARRAY_SIZE(c->text); f++) {
		snapshot_release(&c->text[f]);
		snapshot_init(&c->text[f]);
	}
	if (!cp->text[BUDDYINFO] ||
	    snapshot_from_proc(&c->text[BUDDYINFO], NULL, NULL, NULL, NULL, 0, &err) ||
	    snapshot_add_buddyinfo(&c->text[BUDDYINFO], cp->text[BUDDYINFO], &err))
		return false;
	return !cp->text[PAGETYPEINFO] ||
	       !snapshot_from_proc(&c->text[PAGETYPEINFO], NULL, cp->text[PAGETYPEINFO], NULL, NULL,
				   0, &err);
}

static bool all_held(const struct verify *v)
{
	const struct verify_checkpoints *c = &v->checkpoints;
	uint32_t o, t;
	size_t z;

	for (z = 0; z < c->text[BUDDYINFO].nr_zones; z++)
		for (o = 0; o < MM_NR_ORDERS; o++)
			if (zone_of(v->mm, &c->text[BUDDYINFO].zones[z]) != UINT32_MAX &&
			    !c->held_total[z][o])
				return false;
	for (z = 0; z < c->text[PAGETYPEINFO].nr_zones; z++)
		for (o = 0; o < MM_NR_ORDERS; o++)
			for (t = 0; t < MM_NR_TYPES; t++)
				if (zone_of(v->mm, &c->text[PAGETYPEINFO].zones[z]) != UINT32_MAX &&
				    !c->held[z][o][t])
					return false;
	return true;
}

void verify_checkpoints_step(struct verify *v)
{
	struct verify_checkpoints *c = &v->checkpoints;
	const struct checkpoint *cp = &c->all.list[c->next];

	if (v->i < cp->begin)
		return;
	if (!c->active) {
		c->active = cp->end < v->last && parse(c, cp);
		if (!c->active) {
			c->next++;
			return;
		}
		memset(c->held, 0, sizeof(c->held));
		memset(c->held_total, 0, sizeof(c->held_total));
	}
	note(v);
	if (v->i < cp->end)
		return;
	v->res->checkpoints++;
	v->res->checkpoints_equal += all_held(v);
	c->active = false;
	c->next++;
}
