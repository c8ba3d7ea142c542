// SPDX-License-Identifier: GPL-2.0-only
/*
 * A start state from counts alone. How many free buddies each zone, order and type had is known;
 * which pages they were is read out of the trace (a frame whose first event takes it was free; one
 * whose first event frees it was not) and, where kpageflags were saved, out of its BUDDY bits.
 * Lists are ordered by first use. What remains open is filled with frames that the trace never
 * shows: it cannot matter to the recording, and everything built on it says `counts`.
 */
#include "replay/build.h"

#include <stdlib.h>
#include <string.h>

#define KPF_BUDDY (1ull << 10)

enum hint { HINT_NONE, HINT_FREE, HINT_PCP, HINT_TAKEN };

struct hints {
	uint8_t *what;	 /* enum hint per frame */
	uint32_t *first; /* event that showed it, UINT32_MAX none; later events matter little */
	uint8_t *type;	 /* list type that the event named, 15 none */
};

static int hints_init(struct hints *h, uint32_t n, struct error *err)
{
	h->what = calloc(n, 1);
	h->first = malloc((size_t)n * sizeof(*h->first));
	h->type = malloc(n);
	if (!h->what || !h->first || !h->type)
		return error_set(err, "no memory to place the free pages of the start state");
	memset(h->first, 0xff, (size_t)n * sizeof(*h->first));
	memset(h->type, 15, n);
	return 0;
}

static void hints_release(struct hints *h)
{
	free(h->what);
	free(h->first);
	free(h->type);
}

static void hint_range(struct hints *h, const struct mm *mm, const struct event *e, uint64_t order,
		       enum hint what, uint32_t at, uint64_t type)
{
	struct frame f = frame_from_pfn(mm, (struct pfn){e->w[0]});

	if (frame_is_none(f) || order >= mm->nr_orders)
		return;
	for (uint32_t i = 0; i < 1u << order && f.n + i < mm->nr_frames; i++) {
		if (h->what[f.n + i])
			continue;
		h->what[f.n + i] = (uint8_t)what;
		h->first[f.n + i] = at;
		h->type[f.n + i] = type < MM_NR_TYPES ? (uint8_t)type : 15;
	}
}

static void hints_from_trace(struct hints *h, const struct mm *mm, const struct trace *t)
{
	for (uint64_t i = 0; i < t->nr && i < UINT32_MAX; i++) {
		const struct event *e = &t->events[i];

		switch (e->kind) {
		case EV_ZONE_LOCKED:
			hint_range(h, mm, e, e->w[1], HINT_FREE, (uint32_t)i, e->w[2]);
			break;
		case EV_EXTFRAG:
			hint_range(h, mm, e, e->w[2], HINT_FREE, (uint32_t)i, e->w[4]);
			break;
		case EV_PCPU_DRAIN:
			hint_range(h, mm, e, e->w[1], HINT_PCP, (uint32_t)i, e->w[2]);
			break;
		case EV_ALLOC:
			hint_range(h, mm, e, e->w[1], HINT_PCP, (uint32_t)i, e->w[3]);
			break;
		case EV_FREE:
			hint_range(h, mm, e, e->w[1], HINT_TAKEN, (uint32_t)i, 15);
			break;
		case EV_LRU_INSERT:
		case EV_LRU_ACTIVATE:
		case EV_FILE_ADD:
		case EV_FILE_DELETE:
			hint_range(h, mm, e, 0, HINT_TAKEN, (uint32_t)i, 15);
			break;
		default:
			break;
		}
	}
}

/* kpageflags are better than silence: a BUDDY bit means free, its absence means not in the buddy
 * lists. */
static void hints_from_kpageflags(struct hints *h, const struct mm *mm, const struct snapshot *s)
{
	for (uint32_t f = 0; s->frames && f < mm->nr_frames; f++) {
		uint64_t pfn = mm->base_pfn + f;

		if (pfn >= s->nr_frames)
			break;
		if (s->frames[pfn].kpf & KPF_BUDDY)
			h->what[f] = HINT_FREE;
		else if (h->what[f] != HINT_PCP)
			h->what[f] = HINT_TAKEN;
	}
}

/* ---- per-cpu pages: those that were allocated without being taken from a zone ---- */

static void place_pcp(struct mm *mm, const struct hints *h, const struct trace *t, uint32_t zone,
		      uint32_t cpu, int32_t wanted)
{
	int32_t left = wanted;

	for (uint64_t i = 0; i < t->nr && left > 0; i++) {
		const struct event *e = &t->events[i];
		struct frame f = frame_from_pfn(mm, (struct pfn){e->w[0]});
		uint32_t order = (uint32_t)e->w[1];

		if ((e->kind != EV_ALLOC && e->kind != EV_PCPU_DRAIN) || frame_is_none(f) ||
		    h->first[f.n] != i)
			continue;
		/* A page leaves by the CPU that has it; only drains may be done for another. */
		if (e->kind == EV_ALLOC && e->cpu != cpu)
			continue;
		if (order >= mm->nr_orders || !mm_pcp_allowed_order(mm, order) ||
		    mm_frame_zone(mm, f) != zone)
			continue;
		if ((f.n & ((1u << order) - 1)) || h->what[f.n] != HINT_PCP || 1 << order > left)
			continue;
		if (!(mm_frame(mm, f)->flags & MM_F_HOLE) || h->type[f.n] >= MM_NR_PCP_TYPES)
			continue;
		mm_build_pcp(mm, f, zone, cpu, mm_pindex(mm, order, h->type[f.n]), h->type[f.n]);
		left -= 1 << order;
	}
}

/* ---- buddies ---- */

/* How well a place suits a free buddy: UINT64_MAX not at all; else the smaller the earlier it was
 * used. */
static uint64_t place_cost(const struct mm *mm, const struct hints *h, uint32_t f, uint32_t order)
{
	uint64_t first = UINT32_MAX;
	bool unknown = false;

	for (uint32_t i = f; i < f + (1u << order); i++) {
		if (!(mm_frames(mm)[i].flags & MM_F_HOLE) || h->what[i] == HINT_TAKEN ||
		    h->what[i] == HINT_PCP)
			return UINT64_MAX;
		if (h->what[i] == HINT_NONE)
			unknown = true;
		else if (h->first[i] < first)
			first = h->first[i];
	}
	return first + (unknown ? 1ull << 33 : 0);
}

struct place {
	uint64_t cost;
	uint32_t f;
};

static int place_cmp(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->cost != y->cost)
		return x->cost < y->cost ? -1 : 1;
	return x->f < y->f ? -1 : x->f > y->f;
}

/* The type for a buddy here: what the trace named, else the block's, else whatever is still wanted.
 */
static uint32_t choose_type(const struct mm *mm, const struct hints *h, uint32_t f,
			    const uint64_t *wanted)
{
	uint32_t type = h->type[f];

	if (type < MM_NR_TYPES && wanted[type])
		return type;
	type = mm_block_type(mm, (struct frame){f});
	if (wanted[type])
		return type;
	for (type = 0; type < MM_NR_TYPES; type++)
		if (wanted[type])
			return type;
	return MM_NR_TYPES;
}

static void place_order(struct mm *mm, const struct hints *h, uint32_t zone, uint32_t order,
			uint64_t *wanted, struct place *places)
{
	const struct mm_zone *z = &mm->zones[zone];
	uint32_t step = 1u << order, first = (z->start + step - 1) & ~(step - 1);
	size_t n = 0;

	for (uint32_t f = first; f + step <= z->end; f += step) {
		uint64_t cost = place_cost(mm, h, f, order);

		if (cost != UINT64_MAX)
			places[n++] = (struct place){cost, f};
	}
	qsort(places, n, sizeof(*places), place_cmp);
	for (size_t i = 0; i < n; i++) {
		uint32_t type = choose_type(mm, h, places[i].f, wanted), buddy = places[i].f ^ step;

		if (type == MM_NR_TYPES)
			break;
		/* Two free neighbours of one order would have merged. */
		if (order < mm->pageblock_order && buddy < mm->nr_frames &&
		    mm_on_buddy_list(mm, (struct frame){buddy}) &&
		    mm_frames(mm)[buddy].order == order)
			continue;
		mm_build_buddy(mm, (struct frame){places[i].f}, zone, order, type);
		if (order < mm->pageblock_order ||
		    mm_block_type(mm, (struct frame){places[i].f}) == MM_MOVABLE)
			mm_set_block_type(mm, (struct frame){places[i].f}, type);
		wanted[type]--;
	}
}

static int place_zone(struct mm *mm, const struct snapshot *s, const struct snap_zone *sz,
		      uint32_t zone, const struct hints *h, struct error *err)
{
	const struct mm_zone *z = &mm->zones[zone];
	struct place *places = malloc(((size_t)z->end - z->start + 1) * sizeof(*places));

	if (!places)
		return error_set(err, "no memory to place the free pages of zone %s", z->name);
	for (uint32_t o = mm->nr_orders; o-- > 0;) {
		uint64_t wanted[MM_NR_TYPES];

		for (uint32_t t = 0; t < MM_NR_TYPES; t++)
			wanted[t] = o < SNAP_MAX_ORDERS ? sz->nr_free[o][t] : 0;
		place_order(mm, h, zone, o, wanted, places);
	}
	free(places);
	return 0;
}

int build_counts(struct mm *mm, const struct snapshot *s, const struct zone_map *map,
		 const struct trace *t, struct error *err)
{
	struct hints h = {0};
	int ret = hints_init(&h, mm->nr_frames, err);

	if (ret)
		goto out;
	hints_from_trace(&h, mm, t);
	hints_from_kpageflags(&h, mm, s);
	for (size_t i = 0; i < s->nr_pcps; i++) {
		const struct snap_pcp *p = &s->pcps[i];

		if (p->zone >= 0 && p->zone < SNAP_MAX_ZONES && map->to_mm[p->zone] != UINT32_MAX &&
		    p->cpu >= 0 && (uint32_t)p->cpu < mm->nr_cpus)
			place_pcp(mm, &h, t, map->to_mm[p->zone], (uint32_t)p->cpu, p->count);
	}
	for (size_t i = 0; !ret && i < s->nr_zones; i++)
		if (map->to_mm[i] != UINT32_MAX)
			ret = place_zone(mm, s, &s->zones[i], map->to_mm[i], &h, err);
out:
	hints_release(&h);
	return ret;
}
