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
 *
 * The least that must be done rests on two things. A page that was there at the start and whose
 * owner has not let go is in its window still, or was moved or reclaimed. The pool is in windows
 * without such pages, so they cost at least what the cheapest of them cost; pages that came later
 * count for nothing, as if they had all been put elsewhere. And at every moment what is alive
 * beside the pool, beyond the size of memory, is out: it was reclaimed. To what is alive belong
 * pages that the recorded kernel dropped, until their file goes: under another policy they stay
 * until that one drops them (the central scenario; where they are taken to be dead less may do).
 */
#include "replay/bound.h"

#include <stdlib.h>

#define LIFE_FIXED 0x80u /* counted in `fixed` */
#define LIFE_ALIVE 0x40u /* counted in `alive` */
#define LIFE_THERE 0x20u /* since the start; its id is its first frame (demand/demand.h) */
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
		      struct bound_window *w)
{
	const struct mm_frame *fr = &mm_frames(mm)[n];
	const struct mm_object *o = &mm_objects(mm)[n];
	bool lru = mm_on_lru_list(mm, (struct frame){n});
	uint32_t pages = 1u << fr->order;
	uint8_t life = (uint8_t)(LIFE_ALIVE | (o->id == n ? LIFE_THERE : 0) | fr->order);

	if (fr->flags & MM_F_HUGE) {
		b->pool++;
		return;
	}
	b->alive += pages;
	/* Pages of higher orders lie in several windows where those are small; they count once. */
	w->there += (uint16_t)(fr->order < b->huge_order ? pages : 1u << b->huge_order);
	if (!((lru || o->kind == MM_KIND_SLAB || fr->flags & MM_F_SLAB) &&
	      can_go(b, fr->flags, o->kind))) {
		b->fixed += pages;
		life |= LIFE_FIXED;
		w->stuck += (uint16_t)(fr->order < b->huge_order ? pages : 1u << b->huge_order);
		if (!lru && !(fr->flags & MM_F_MOVABLE_OPS) && (o->id == MM_NO_ID || !dies[o->id]))
			w->usable = false;
	}
	if (o->id != MM_NO_ID)
		b->lives[o->id] = life;
}

/* One window of huge-page size; counts its pages and whether it could ever be a huge page. */
static void note_window(struct bound *b, const struct mm *mm, uint32_t start, const bool *dies)
{
	uint32_t end = start + (1u << b->huge_order);
	struct bound_window *w = &b->at[start >> b->huge_order];

	w->usable = true;

	for (uint32_t n = start; n < end && n < mm->nr_frames;) {
		struct frame f = {n};
		const struct mm_frame *fr = mm_frame(mm, f);

		if (mm_frame_zone(mm, f) == UINT32_MAX || fr->flags & MM_F_HOLE) {
			w->usable = false;
			n++;
			continue;
		}
		if (is_free(mm, f) || fr->flags & MM_F_HEAD) {
			if (!is_free(mm, f))
				note_page(b, mm, n, dies, w);
			b->memory += 1ull << fr->order;
			n += 1u << fr->order;
		} else {
			n++;
		}
	}
	if (!w->usable)
		return;
	b->windows++;
	b->there[w->there]++;
	b->stuck[w->stuck]++;
}

static int alloc_tables(struct bound *b, const struct mm *mm, struct error *err)
{
	uint32_t sizes = (1u << b->huge_order) + 1;

	b->lives = calloc(mm->nr_ids + 1u, sizeof(*b->lives));
	b->at = calloc((mm->nr_frames >> b->huge_order) + 1u, sizeof(*b->at));
	b->there = calloc(sizes, sizeof(*b->there));
	b->stuck = calloc(sizes, sizeof(*b->stuck));
	b->orphans = calloc(mm->nr_frames + 1ull, sizeof(*b->orphans));
	b->files = malloc((b->nr_files + 1ull) * sizeof(*b->files));
	for (uint32_t file = 0; b->files && file <= b->nr_files; file++)
		b->files[file] = (struct bound_file){.first = UINT32_MAX};
	return b->lives && b->at && b->there && b->stuck && b->orphans && b->files
		       ? 0
		       : error_set(err, "out of memory for %u objects", mm->nr_ids);
}

int bound_init(struct bound *b, const struct mm *mm, const struct demand *d, struct error *err)
{
	bool *dies = find_mortals(d, mm->nr_ids);

	*b = (struct bound){.huge_order = mm->pageblock_order,
			    .swap = mm->swap_free > 0,
			    .nr_ids = mm->nr_ids,
			    .nr_files = d->nr_files};
	if (alloc_tables(b, mm, err) || !dies) {
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
	free(b->at);
	free(b->there);
	free(b->stuck);
	free(b->orphans);
	free(b->files);
	b->lives = NULL;
	b->at = NULL;
	b->there = b->stuck = NULL;
	b->orphans = NULL;
	b->files = NULL;
}

/* ---- objects ---- */

/* Takes @pages from a window's count, and the window to where it belongs then. */
static void take(const struct bound_window *w, uint32_t *windows, uint16_t *count, uint32_t pages)
{
	uint16_t before = *count;

	*count = (uint16_t)(pages < before ? before - pages : 0);
	if (w->usable) {
		windows[before]--;
		windows[*count]++;
	}
}

/* Nothing of it has to be moved any more, or nothing has to be moved rather than reclaimed. */
static void leaves_window(struct bound *b, uint32_t id, bool reclaimable)
{
	struct bound_window *w = &b->at[id >> b->huge_order];
	uint32_t pages = 1u << (b->lives[id] & LIFE_ORDER);

	if (!(b->lives[id] & LIFE_THERE))
		return;
	if (b->lives[id] & LIFE_FIXED)
		take(w, b->stuck, &w->stuck, pages);
	if (!reclaimable)
		take(w, b->there, &w->there, pages);
}

static void can_be_reclaimed(struct bound *b, uint32_t id)
{
	if (id >= b->nr_ids || !(b->lives[id] & LIFE_FIXED))
		return;
	leaves_window(b, id, true);
	b->fixed -= 1ull << (b->lives[id] & LIFE_ORDER);
	b->lives[id] &= (uint8_t)~LIFE_FIXED;
}

static void goes(struct bound *b, uint32_t id)
{
	if (id >= b->nr_ids || !(b->lives[id] & LIFE_ALIVE))
		return;
	leaves_window(b, id, false);
	if (b->lives[id] & LIFE_FIXED)
		b->fixed -= 1ull << (b->lives[id] & LIFE_ORDER);
	b->alive -= 1ull << (b->lives[id] & LIFE_ORDER);
	b->lives[id] = 0;
}

/* It stays where it is, without a name, until its file goes; no file: for good. It can be
 * reclaimed: the recorded kernel did. */
static void is_dropped(struct bound *b, const struct demand_op *op)
{
	uint32_t pages = 1u << (b->lives[op->id] & LIFE_ORDER);
	struct bound_file *file = &b->files[op->arg];

	can_be_reclaimed(b, op->id);
	b->alive -= pages;
	b->dropped += pages;
	file->pages += pages;
	if (b->lives[op->id] & LIFE_THERE) {
		b->orphans[op->id] = (struct bound_orphan){.next = file->first,
							   .order = b->lives[op->id] & LIFE_ORDER};
		file->first = op->id;
	}
	b->lives[op->id] = 0;
}

static void drop(struct bound *b, const struct demand_op *op)
{
	if (op->id < b->nr_ids && op->arg <= b->nr_files && b->lives[op->id] & LIFE_ALIVE)
		is_dropped(b, op);
}

static void file_goes(struct bound *b, uint32_t number)
{
	struct bound_file *file;

	if (number > b->nr_files)
		return;
	file = &b->files[number];
	for (uint32_t n = file->first; n != UINT32_MAX; n = b->orphans[n].next) {
		struct bound_window *w = &b->at[n >> b->huge_order];

		take(w, b->there, &w->there, 1u << b->orphans[n].order);
	}
	b->dropped -= file->pages;
	*file = (struct bound_file){.first = UINT32_MAX};
}

static void is_born(struct bound *b, const struct demand_op *op)
{
	if (op->id >= b->nr_ids)
		return;
	goes(b, op->id);
	/* Shrinkers may empty it, which does not count as reclaim. */
	if (op->page == MM_KIND_SLAB && op->arg)
		return;
	b->lives[op->id] = (uint8_t)(LIFE_ALIVE | op->order);
	b->alive += 1ull << op->order;
	if (op->page == MM_KIND_SLAB)
		return;
	b->lives[op->id] |= LIFE_FIXED;
	b->fixed += 1ull << op->order;
}

/* The halves are no longer followed to the window that they were in. */
static void is_split(struct bound *b, const struct demand_op *op)
{
	if (op->id >= b->nr_ids || op->arg >= b->nr_ids || !(b->lives[op->id] & LIFE_ALIVE))
		return;
	leaves_window(b, op->id, false);
	b->lives[op->id] = (uint8_t)((b->lives[op->id] & LIFE_FIXED) | LIFE_ALIVE | op->order);
	b->lives[op->arg] = b->lives[op->id];
}

/* ---- what a pool must have cost ---- */

/* Pages in the @n windows that have fewest. */
static uint64_t cheapest(const struct bound *b, const uint32_t *windows, uint64_t n)
{
	uint64_t pages = 0;

	for (uint32_t size = 0; size <= 1u << b->huge_order && n; size++) {
		uint64_t of_them = windows[size] < n ? windows[size] : n;

		pages += of_them * size;
		n -= of_them;
	}
	return pages;
}

static void raise_to(uint64_t *least, uint64_t to)
{
	if (to > *least)
		*least = to;
}

void bound_room(const struct bound *b, uint64_t pages, uint64_t failed, struct bound_least *least)
{
	uint64_t all = b->alive + b->dropped + (pages << b->huge_order);
	uint64_t room = b->memory + failed;

	raise_to(&least->reclaimed, all > room ? all - room : 0);
	raise_to(&least->either, least->moved + least->reclaimed);
}

void bound_need(const struct bound *b, uint64_t pages, uint64_t failed, struct bound_least *least)
{
	if (!b->at) /* nobody asked for bounds */
		return;
	raise_to(&least->moved, cheapest(b, b->stuck, pages));
	raise_to(&least->either, cheapest(b, b->there, pages));
	bound_room(b, pages, failed, least);
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
		bound_need(b, b->pool, 0, &b->least);
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
		if (huge)
			gives_back(b);
		goes(b, op->id);
		break;
	case DEMAND_DROP:
		drop(b, op);
		break;
	case DEMAND_FILE_GONE:
		file_goes(b, op->arg);
		break;
	case DEMAND_SPLIT:
		is_split(b, op);
		break;
	case DEMAND_LRU:
		if (can_go(b, op->arg, op->page))
			can_be_reclaimed(b, op->id);
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
	bound_room(b, b->pool, 0, &b->least);
}

uint64_t bound_end(struct bound *b)
{
	is_done(b);
	return b->got;
}
