// SPDX-License-Identifier: GPL-2.0-only
/* What a machine writes down about itself, where it has been given the room to. */
#include "mm/mm.h"

#include <stdlib.h>
#include <string.h>

static uint64_t align16(uint64_t n)
{
	return (n + 15) & ~15ull;
}

struct mm *mm_with_chronicle(const struct mm *mm)
{
	uint64_t off = align16(mm->size), origins, pollutions, size;
	struct mm_chronicle *c;
	struct mm *out;

	origins = off + align16(sizeof(*c));
	pollutions = origins + (uint64_t)mm->nr_frames * sizeof(struct mm_origin);
	size = pollutions + align16((uint64_t)mm->nr_blocks * sizeof(struct mm_pollution));
	out = calloc(1, size);
	if (!out)
		return NULL;
	memcpy(out, mm, mm->size);
	out->size = size;
	out->off_chronicle = off;
	c = mm_chronicle(out);
	c->off_origins = origins;
	c->off_pollutions = pollutions;
	c->first_refused = UINT32_MAX;
	for (uint32_t n = 0; n < out->nr_frames; n++)
		mm_origin(out, (struct frame){n})->gfp = MM_GFP_UNKNOWN;
	return out;
}

struct mm_origin *mm_origin(const struct mm *mm, struct frame f)
{
	const struct mm_chronicle *c = mm_chronicle(mm);

	return c ? (struct mm_origin *)mm_at(mm, c->off_origins) + f.n : NULL;
}

struct mm_pollution *mm_pollution(const struct mm *mm, struct block b)
{
	const struct mm_chronicle *c = mm_chronicle(mm);

	return c ? (struct mm_pollution *)mm_at(mm, c->off_pollutions) + b.n : NULL;
}

void mm_chronicle_begin(struct mm *mm, uint32_t pid)
{
	struct mm_chronicle *c = mm_chronicle(mm);

	if (!c)
		return;
	c->nr_notes = c->lost_notes = 0;
	c->pid = pid;
}

static struct mm_note *next_note(struct mm *mm, enum mm_note_kind kind, uint32_t zone)
{
	struct mm_chronicle *c = mm_chronicle(mm);
	struct mm_note *note;

	if (c->nr_notes == MM_MAX_NOTES) {
		c->lost_notes++;
		return NULL;
	}
	note = &c->notes[c->nr_notes++];
	note->kind = (uint16_t)kind;
	note->zone = (uint16_t)zone;
	return note;
}

/* The first refused page of a compaction and how many blocks it saw belong to its note. */
static void end_compaction(struct mm_chronicle *c, struct mm_note *note)
{
	note->v[3] = c->blocks;
	note->v[4] = c->refused;
	note->v[5] = c->first_refused == UINT32_MAX ? -1 : (int64_t)c->first_refused;
}

void mm_note_write(struct mm *mm, enum mm_note_kind kind, uint32_t zone, const int64_t v[8])
{
	struct mm_chronicle *c = mm_chronicle(mm);
	struct mm_note *note = next_note(mm, kind, zone);

	if (note)
		memcpy(note->v, v, sizeof(note->v));
	if (kind != MM_NOTE_COMPACTED)
		return;
	if (note)
		end_compaction(c, note);
	c->blocks = c->refused = 0;
	c->first_refused = UINT32_MAX;
}

void mm_say(struct mm *mm, const char *text)
{
	struct mm_note *note = mm->off_chronicle ? next_note(mm, MM_NOTE_SAID, 0) : NULL;
	size_t len = strnlen(text, sizeof(note->said) - 1);

	if (!note)
		return;
	memcpy(note->said, text, len);
	note->said[len] = '\0';
}

void mm_chronicle_bind(struct mm *mm, struct frame f)
{
	struct mm_origin *origin = mm_origin(mm, f);

	if (origin)
		*origin = (struct mm_origin){.since = mm->now, .gfp = MM_GFP_UNKNOWN};
}

void mm_chronicle_move(struct mm *mm, struct frame from, struct frame to)
{
	struct mm_origin *origin = mm_origin(mm, from);

	if (origin)
		*mm_origin(mm, to) = *origin;
}

void mm_chronicle_fallback(struct mm *mm, uint32_t zone, uint32_t wanted, struct frame head,
			   uint32_t order, uint32_t found, bool claimed)
{
	struct mm_pollution *p = mm_pollution(mm, block_from_frame(mm, head));

	if (!p)
		return;
	mm_note(mm, MM_NOTE_FALLBACK, zone, head.n, order, wanted, found, claimed);
	/* A block that is taken over while wholly free is clean again, if it is for movable pages.
	 */
	if (order >= mm->pageblock_order && wanted == MM_MOVABLE) {
		p->seen = 0;
		return;
	}
	if (p->seen && order < mm->pageblock_order)
		return;
	*p = (struct mm_pollution){
		.since = mm->now,
		.pid = mm_chronicle(mm)->pid,
		.head = head.n,
		.order = (uint8_t)order,
		.wanted = (uint8_t)wanted,
		.found = (uint8_t)found,
		.seen = 1,
		.claimed = claimed,
	};
}

void mm_chronicle_source(struct mm *mm, struct frame refused, uint32_t isolated)
{
	struct mm_chronicle *c = mm_chronicle(mm);

	if (!c)
		return;
	c->blocks++;
	if (isolated || frame_is_none(refused))
		return;
	c->refused++;
	if (c->first_refused == UINT32_MAX)
		c->first_refused = refused.n;
}
