// SPDX-License-Identifier: GPL-2.0-only
/*
 * The most huge pages that any policy can get for a pool: a bound that rests on counting alone.
 *
 * Where pages lie is ignored. At any time a pool has at most as many huge pages as fit into memory
 * beside what cannot go: pages of objects that are alive and on no LRU list that can be reclaimed.
 * Slab pages count as if all could go, anonymous pages too where there is swap. Nor can it have
 * more than there are windows of that size without a page that is there from the first event to the
 * last and cannot move. A pool that is always as large as these two allow gets at least as many
 * pages as any other: it never has fewer, so it loses at least as many when the pool shrinks.
 *
 * Holds for policies that meet the other requests of the demand; whoever lets small requests fail
 * has memory that the bound does not know of (see substituted).
 */
#include "replay/bound.h"

#include <stdlib.h>

#define LIFE_FIXED 0x80u /* counted in `fixed` */
#define LIFE_ORDER 0x1fu

static uint64_t capacity(const struct bound *b)
{
	uint64_t room = b->fixed < b->memory ? (b->memory - b->fixed) >> b->huge_order : 0;

	return room < b->windows ? room : b->windows;
}

/* The policy could have the page go. */
static bool can_go(const struct bound *b, uint32_t flags, enum mm_kind kind)
{
	return kind == MM_KIND_SLAB || flags & MM_F_SLAB || b->swap ||
	       (flags & MM_F_FILE && !(flags & (MM_F_ANON | MM_F_SWAPBACKED)));
}

/* ---- the start ---- */

static bool *find_mortals(const struct demand *d, uint32_t nr_ids)
{
	bool *dies = calloc(nr_ids + 1u, sizeof(*dies));

	for (uint64_t i = 0; dies && i < d->nr; i++) {
		if ((d->ops[i].kind == DEMAND_DEATH || d->ops[i].kind == DEMAND_DROP) &&
		    d->ops[i].id < nr_ids)
			dies[d->ops[i].id] = true;
	}
	return dies;
}

static bool is_free(const struct mm *mm, struct frame f)
{
	return mm_on_buddy_list(mm, f) || mm_on_pcp_list(mm, f);
}

/* An allocated page at the start: does it stay, and does it stay where it is for good? */
static void note_page(struct bound *b, const struct mm *mm, uint32_t n, const bool *dies,
		      bool *immovable)
{
	const struct mm_frame *fr = &mm_frames(mm)[n];
	const struct mm_object *o = &mm_objects(mm)[n];
	bool lru = mm_on_lru_list(mm, (struct frame){n});

	if (fr->flags & MM_F_HUGE) {
		b->pool++;
		return;
	}
	if ((lru || o->kind == MM_KIND_SLAB || fr->flags & MM_F_SLAB) &&
	    can_go(b, fr->flags, o->kind))
		return;
	b->fixed += 1ull << fr->order;
	if (o->id != MM_NO_ID)
		b->lives[o->id] = (uint8_t)(LIFE_FIXED | fr->order);
	if (!lru && !(fr->flags & MM_F_MOVABLE_OPS) && (o->id == MM_NO_ID || !dies[o->id]))
		*immovable = true;
}

/* One window of huge-page size; counts its pages and whether it could ever be a huge page. */
static void note_window(struct bound *b, const struct mm *mm, uint32_t start, const bool *dies)
{
	uint32_t end = start + (1u << b->huge_order);
	bool immovable = false;

	for (uint32_t n = start; n < end && n < mm->nr_frames;) {
		struct frame f = {n};
		const struct mm_frame *fr = mm_frame(mm, f);

		if (mm_frame_zone(mm, f) == UINT32_MAX || fr->flags & MM_F_HOLE) {
			immovable = true;
			n++;
			continue;
		}
		if (is_free(mm, f) || fr->flags & MM_F_HEAD) {
			if (!is_free(mm, f))
				note_page(b, mm, n, dies, &immovable);
			b->memory += 1ull << fr->order;
			n += 1u << fr->order;
		} else {
			n++;
		}
	}
	b->windows += !immovable;
}

int bound_init(struct bound *b, const struct mm *mm, const struct demand *d, struct error *err)
{
	bool *dies = find_mortals(d, mm->nr_ids);

	*b = (struct bound){
		.huge_order = mm->pageblock_order, .swap = mm->swap_free > 0, .nr_ids = mm->nr_ids};
	b->lives = calloc(mm->nr_ids + 1u, sizeof(*b->lives));
	if (!dies || !b->lives) {
		free(dies);
		bound_release(b);
		return error_set(err, "out of memory for %u objects", mm->nr_ids);
	}
	for (uint32_t n = 0; n < mm->nr_frames; n += 1u << b->huge_order)
		note_window(b, mm, n, dies);
	b->recorded = (int64_t)b->pool;
	free(dies);
	return 0;
}

void bound_release(struct bound *b)
{
	free(b->lives);
	b->lives = NULL;
}

/* ---- objects ---- */

static void is_born(struct bound *b, const struct demand_op *op)
{
	if (op->id >= b->nr_ids || op->page == MM_KIND_SLAB)
		return;
	b->lives[op->id] = (uint8_t)(LIFE_FIXED | op->order);
	b->fixed += 1ull << op->order;
}

static void goes(struct bound *b, uint32_t id)
{
	if (id >= b->nr_ids || !(b->lives[id] & LIFE_FIXED))
		return;
	b->fixed -= 1ull << (b->lives[id] & LIFE_ORDER);
	b->lives[id] = 0;
}

static void is_split(struct bound *b, const struct demand_op *op)
{
	if (op->id >= b->nr_ids || op->arg >= b->nr_ids || !(b->lives[op->id] & LIFE_FIXED))
		return;
	b->lives[op->id] = b->lives[op->arg] = (uint8_t)(LIFE_FIXED | op->order);
}

/* ---- the pool ---- */

static void fill_pool(struct bound *b, uint64_t to)
{
	uint64_t most = capacity(b);

	if (to > most)
		to = most;
	if (to > b->pool) {
		b->got += to - b->pool;
		b->pool = to;
	}
}

static void is_done(struct bound *b)
{
	if (b->marked)
		fill_pool(b, b->target);
	b->marked = false;
	b->intent = 0;
}

static void is_asked_for(struct bound *b, const struct demand_op *op)
{
	if (b->intent && b->intent != op->arg)
		is_done(b);
	b->intent = op->arg;
	b->recorded += op->kind == DEMAND_BIRTH;
	fill_pool(b, b->marked ? b->target : b->pool + 1);
}

static void gives_back(struct bound *b)
{
	if (--b->recorded >= 0 && b->pool > (uint64_t)b->recorded)
		b->pool = (uint64_t)b->recorded;
}

void bound_step(struct bound *b, const struct demand_op *op)
{
	bool huge = op->flags & DEMAND_F_HUGE;

	switch (op->kind) {
	case DEMAND_BIRTH:
	case DEMAND_FAIL:
		if (huge)
			is_asked_for(b, op);
		else if (op->kind == DEMAND_BIRTH)
			is_born(b, op);
		break;
	case DEMAND_DEATH:
	case DEMAND_DROP:
		if (huge)
			gives_back(b);
		goes(b, op->id);
		break;
	case DEMAND_SPLIT:
		is_split(b, op);
		break;
	case DEMAND_LRU:
		if (can_go(b, op->arg, op->page))
			goes(b, op->id);
		break;
	case DEMAND_WANT:
		is_done(b);
		b->marked = true;
		b->target = op->arg;
		break;
	case DEMAND_DONE:
		is_done(b);
		break;
	default:
		break;
	}
}

uint64_t bound_end(struct bound *b)
{
	is_done(b);
	return b->got;
}
