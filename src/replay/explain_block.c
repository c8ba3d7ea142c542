// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which pages stand in the way? For each zone that the request may use: the aligned block that is
 * cheapest to clear, unless a page of the order is there already; and as many single pages
 * elsewhere as the watermark then still lacks. The zone with the cheapest set is named. The set is
 * tried on a copy: all of it must be enough, all but one of it must not.
 */
#include "replay/explain_internal.h"

#include <stdlib.h>
#include <string.h>

#define MAX_LEFT_OUT 64u /* pages left out, one at a time, to show that each is needed */

/* What clearing would take in one zone. */
struct plan {
	uint32_t zone;
	bool feasible, needs_block;
	uint32_t start;				  /* frame; where a block is needed */
	uint32_t free, movable, unmovable, pages; /* in it; pages: how many, of whatever order */
	int64_t elsewhere;			  /* single pages needed besides */
};

struct search {
	struct explanation *x;
	const struct mm *settled;
	struct mm *work;
	const struct mm *after;
	const struct trace *trace;
	const struct mm_request *rq;
	uint8_t *chosen; /* by frame */
	struct explain_page *pages;
	uint32_t nr, max;
};

/* ---- trying ---- */

void explain_settle(struct mm *mm)
{
	mm_drain_all(mm);
	for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++)
		mm_fold_diffs(mm, cpu);
}

bool explain_ask(struct mm *mm, const struct mm_request *rq)
{
	explain_settle(mm);
	return !frame_is_none(mm_get_page(mm, rq, mm_alloc_flags_slow(mm, rq)));
}

static void free_page(struct mm *mm, struct frame f)
{
	uint32_t order = mm_frame(mm, f)->order;

	if (mm_on_lru_list(mm, f))
		mm_lru_del(mm, f);
	if (mm_on_slab_list(mm, f))
		mm_slab_del(mm, f);
	mm_object_unbind(mm, f);
	mm_free_direct(mm, mm->cpu, f, order, 0);
}

void explain_free_pages(struct mm *mm, const struct explain_page *pages, uint32_t nr, uint32_t but)
{
	mm_drain_all(mm);
	for (uint32_t i = 0; i < nr; i++)
		if (i != but)
			free_page(mm, frame_from_pfn(mm, (struct pfn){pages[i].pfn}));
}

/* With the first @nr pages of the set freed, except one? */
static bool enough(const struct search *s, uint32_t nr, uint32_t but)
{
	mm_copy(s->work, s->after);
	explain_free_pages(s->work, s->pages, nr, but);
	return explain_ask(s->work, s->rq);
}

/* ---- the cheapest block of a zone ---- */

static bool usable_type(const struct mm_request *rq, uint32_t type)
{
	return type < MM_NR_PCP_TYPES || (type == MM_CMA && rq->type == MM_MOVABLE);
}

/* Adds up the window's pages; false when it cannot be cleared, or holds a page that is no smaller.
 */
static bool look_at(const struct mm *mm, const struct mm_request *rq, struct plan *p)
{
	uint32_t n = p->start, end = p->start + (1u << rq->order);

	p->free = p->movable = p->unmovable = p->pages = 0;
	for (; n < end; n += 1u << mm_frames(mm)[n].order) {
		struct frame f = {n};
		const struct mm_frame *fr = mm_frame(mm, f);

		if (!(n & ((1u << mm->pageblock_order) - 1)) || n == p->start)
			if (!usable_type(rq, mm_block_type(mm, f)))
				return false;
		if (mm_on_buddy_list(mm, f)) {
			p->free += 1u << fr->order;
			continue;
		}
		if (!(fr->flags & MM_F_HEAD) || fr->order >= rq->order)
			return false;
		p->pages++;
		*(explain_moves_of(mm, f) == EXPLAIN_MOVES ? &p->movable : &p->unmovable) +=
			1u << fr->order;
	}
	return n == end;
}

/* Pages to give back, whatever they are; of equals, the one with fewer that cannot move. */
static int64_t price(const struct plan *p)
{
	return (int64_t)p->movable + p->unmovable + p->elsewhere;
}

static bool cheaper(const struct plan *a, const struct plan *b)
{
	if (a->feasible != b->feasible)
		return a->feasible;
	return price(a) != price(b) ? price(a) < price(b) : a->unmovable < b->unmovable;
}

static void find_block(const struct mm *mm, const struct mm_request *rq, struct plan *best)
{
	const struct mm_zone *z = &mm->zones[best->zone];
	uint32_t pages = 1u << rq->order;
	struct plan p = *best;

	for (p.start = (z->start + pages - 1) & ~(pages - 1);
	     p.start + pages <= z->end && p.start < mm->nr_frames; p.start += pages) {
		p.feasible = look_at(mm, rq, &p);
		if (cheaper(&p, best))
			*best = p;
	}
}

static struct plan plan_zone(const struct mm *mm, const struct mm_request *rq, uint32_t zone)
{
	struct plan p = {.zone = zone, .feasible = true};
	struct mm_watermark_sum sum;

	explain_zone_sum(mm, rq, zone, &sum);
	if (rq->order && !sum.page) {
		p.needs_block = true;
		p.feasible = false;
		find_block(mm, rq, &p);
	}
	sum.free += p.movable + p.unmovable;
	p.elsewhere = explain_zone_missing(&sum);
	if (p.elsewhere > mm->zones[zone].managed)
		p.feasible = false;
	return p;
}

static struct plan best_plan(const struct mm *mm, const struct mm_request *rq)
{
	struct plan best = {.feasible = false};

	for (uint32_t z = 0; z < mm->nr_zones; z++) {
		struct plan p;

		if (!explain_zone_allowed(mm, rq, z))
			continue;
		p = plan_zone(mm, rq, z);
		if (p.feasible && cheaper(&p, &best))
			best = p;
	}
	return best;
}

/* ---- the set ---- */

static void choose(struct search *s, struct frame f)
{
	if (s->nr == s->max || s->chosen[f.n])
		return;
	s->chosen[f.n] = 1;
	explain_page_fill(&s->pages[s->nr++], s->settled, s->trace, f);
}

static void choose_block(struct search *s, const struct plan *p)
{
	for (uint32_t n = p->start; n < p->start + (1u << s->rq->order);) {
		struct frame f = {n};

		if (!mm_on_buddy_list(s->settled, f))
			choose(s, f);
		n += 1u << mm_frame(s->settled, f)->order;
	}
}

/* Would the page's aligned range of the request's order still be held by another page? */
static bool makes_no_block(const struct search *s, struct frame f)
{
	uint32_t start = f.n & ~((1u << s->rq->order) - 1);

	if (!s->rq->order)
		return true;
	for (uint32_t n = start; n < start + (1u << s->rq->order); n++)
		if (n != f.n && mm_frames(s->settled)[n].flags & MM_F_HEAD && !s->chosen[n] &&
		    !mm_on_pcp_list(s->settled, (struct frame){n}))
			return true;
	return false;
}

static bool fits(const struct search *s, const struct plan *p, struct frame f)
{
	const struct mm_frame *fr = mm_frame(s->settled, f);

	if (!(fr->flags & MM_F_HEAD) || fr->order || s->chosen[f.n] ||
	    mm_on_buddy_list(s->settled, f) || mm_frame_zone(s->settled, f) != p->zone ||
	    !usable_type(s->rq, mm_block_type(s->settled, f)))
		return false;
	return !p->needs_block || makes_no_block(s, f);
}

static void choose_from_lru(struct search *s, const struct plan *p, enum mm_lru lru, int64_t *left)
{
	uint32_t node = (uint32_t)s->settled->zones[p->zone].node;
	struct frame f = mm_list_last(s->settled, mm_lru_list(s->settled, node, lru));

	for (; *left > 0 && !frame_is_none(f); f = mm_list_prev(s->settled, f)) {
		if (!fits(s, p, f))
			continue;
		choose(s, f);
		--*left;
	}
}

/* Single pages for the watermark, those first that reclaim would take first. */
static void choose_elsewhere(struct search *s, const struct plan *p, int64_t left)
{
	static const enum mm_lru order[] = {MM_LRU_INACTIVE_FILE, MM_LRU_ACTIVE_FILE,
					    MM_LRU_INACTIVE_ANON, MM_LRU_ACTIVE_ANON};
	const struct mm_zone *z = &s->settled->zones[p->zone];

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		choose_from_lru(s, p, order[i], &left);
	for (uint32_t n = z->start; left > 0 && n < z->end; n++) {
		if (!fits(s, p, (struct frame){n}))
			continue;
		choose(s, (struct frame){n});
		left--;
	}
}

/* The fewest pages of the set's tail that are enough: freeing more never hurts. */
static void trim(struct search *s, uint32_t in_block)
{
	uint32_t low = in_block, high = s->nr;

	if (s->nr == in_block || !enough(s, s->nr, UINT32_MAX))
		return;
	if (!enough(s, s->nr - 1, UINT32_MAX))
		return;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (enough(s, mid, UINT32_MAX))
			high = mid;
		else
			low = mid + 1;
	}
	s->nr = low;
}

static void prove(struct search *s)
{
	struct explain_proof *proof = &s->x->proof;
	uint32_t step = s->nr > MAX_LEFT_OUT ? (s->nr + MAX_LEFT_OUT - 1) / MAX_LEFT_OUT : 1;

	proof->sufficient = enough(s, s->nr, UINT32_MAX);
	proof->minimal = proof->sufficient;
	for (uint32_t i = 0; i < s->nr && proof->minimal; i += step, proof->tried++)
		if (enough(s, s->nr, i))
			proof->minimal = false;
}

/* ---- what is said of it ---- */

static void describe_pollution(struct explain_block *b, const struct mm *mm, const struct trace *t,
			       struct frame start)
{
	const struct mm_pollution *p = mm_pollution(mm, block_from_frame(mm, start));

	if (!p || !p->seen)
		return;
	b->polluted = true;
	b->polluted_since = p->since;
	b->polluted_pid = p->pid;
	b->polluted_pfn = pfn_from_frame(mm, (struct frame){p->head}).n;
	b->polluted_order = p->order;
	b->polluted_wanted = p->wanted;
	b->polluted_found = p->found;
	b->claimed = p->claimed;
	snprintf(b->polluted_comm, sizeof(b->polluted_comm), "%s", trace_comm(t, p->pid));
}

static void describe_block(struct search *s, const struct plan *p)
{
	struct explain_block *b = &s->x->block;
	struct frame start = {p->start};

	*b = (struct explain_block){.any = p->needs_block, .zone = p->zone};
	if (!p->needs_block)
		return;
	b->pfn = pfn_from_frame(s->settled, start).n;
	b->order = s->rq->order;
	b->type = mm_block_type(s->settled, start);
	b->free = p->free;
	b->movable = p->movable;
	b->unmovable = p->unmovable;
	describe_pollution(b, s->after, s->trace, start);
}

static enum explain_verdict verdict_of(const struct explanation *x)
{
	bool elsewhere = x->nr_blockers > x->in_block;

	if (!x->proof.sufficient)
		return EXPLAIN_UNKNOWN;
	if (!x->block.any)
		return EXPLAIN_WATERMARK;
	/* Clearing the block also frees pages: it may be that both were missing. */
	return elsewhere || x->zones[x->block.zone].missing ? EXPLAIN_BOTH : EXPLAIN_FRAGMENTED;
}

static int run(struct search *s, struct error *err)
{
	struct plan p = best_plan(s->settled, s->rq);

	if (!p.feasible) {
		s->x->verdict = EXPLAIN_UNKNOWN;
		return 0;
	}
	s->max = p.pages + (uint32_t)p.elsewhere + 64;
	s->pages = calloc(s->max, sizeof(*s->pages));
	s->chosen = calloc(s->settled->nr_frames, 1);
	if (!s->pages || !s->chosen)
		return error_set(err, "out of memory for the pages in the way");
	if (p.needs_block)
		choose_block(s, &p);
	s->x->in_block = s->nr;
	choose_elsewhere(s, &p, p.elsewhere ? p.elsewhere + 63 : 0);
	trim(s, s->x->in_block);
	prove(s);
	s->x->blockers = s->pages;
	s->x->nr_blockers = s->nr;
	s->pages = NULL;
	describe_block(s, &p);
	s->x->verdict = verdict_of(s->x);
	return 0;
}

int explain_blockers(struct explanation *x, const struct mm *after, struct mm *work,
		     const struct trace *t, const struct mm_request *rq, struct error *err)
{
	struct search s = {.x = x, .after = after, .work = work, .trace = t, .rq = rq};
	struct mm *settled;
	int ret;

	mm_copy(work, after);
	if (explain_ask(work, rq)) {
		x->verdict = EXPLAIN_STRANDED;
		return 0;
	}
	settled = mm_clone(after);
	if (!settled)
		return error_set(err, "out of memory for a copy of the machine");
	explain_settle(settled);
	s.settled = settled;
	ret = run(&s, err);
	free(s.pages);
	free(s.chosen);
	mm_free(settled);
	return ret;
}
