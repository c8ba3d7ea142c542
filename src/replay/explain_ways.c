// SPDX-License-Identifier: GPL-2.0-only
/*
 * What would have helped? Each way is tried on a copy of the machine: what an administrator could
 * have done before the request came, what another policy would have done from there on, or, in the
 * state in which the request gave up, other watermarks.
 */
#include "replay/explain_internal.h"

#include <stdlib.h>
#include <string.h>

struct tries {
	struct explanation *x;
	const struct whatif *w;
	const struct mm *before, *after;
	struct mm *work;
	const struct demand_op *op;
	const struct mm_request *rq;
};

uint32_t explain_private_size(const struct policy_setting *p)
{
	uint32_t size = p->policy->private_size;

	for (size_t i = 0; policy_registry[i]; i++)
		if (policy_registry[i]->private_size > size)
			size = policy_registry[i]->private_size;
	return size;
}

static struct explain_way *add(struct tries *t, enum explain_way_kind kind, int64_t value)
{
	struct explanation *x = t->x;

	if (x->nr_ways == EXPLAIN_MAX_WAYS)
		return NULL;
	x->ways[x->nr_ways] = (struct explain_way){.kind = kind, .value = value};
	return &x->ways[x->nr_ways++];
}

static void charge(struct explain_way *way, const struct mm *now, const struct mm *then)
{
	const struct mm_stats *a = mm_stats(now), *b = mm_stats(then);

	way->moved = a->migrated - b->migrated;
	way->reclaimed = a->reclaimed_direct + a->reclaimed_kswapd - b->reclaimed_direct -
			 b->reclaimed_kswapd;
}

/* ---- with the policy's own hooks ---- */

/* A replay that goes on from @mm under @p for one request; nothing of it lasts. */
static bool alloc_under(struct tries *t, const struct policy *p, const int64_t *params, bool fresh)
{
	struct whatif w = *t->w;
	bool slow;

	w.mm = t->work;
	w.watch = NULL;
	w.policy = p;
	memcpy(w.params, params, sizeof(w.params));
	w.env = (struct policy_env){.mm = w.mm,
				    .params = w.params,
				    .now = t->w->env.now,
				    .policy = p,
				    .driver = &w,
				    .death_of = fresh ? NULL : t->w->env.death_of};
	if (fresh) {
		memset(mm_private(w.mm), 0, w.mm->private_size);
		if (p->init)
			p->init(&w.env);
	}
	return !frame_is_none(whatif_alloc(&w, t->op, &slow));
}

static void try_policy(struct tries *t, const struct policy *p)
{
	struct explain_way *way = add(t, EXPLAIN_WAY_POLICY, 0);
	int64_t params[POLICY_MAX_PARAMS] = {0};

	if (!way)
		return;
	params_defaults(p->params, p->nr_params, params);
	mm_copy(t->work, t->before);
	way->works = alloc_under(t, p, params, true);
	charge(way, t->work, t->before);
	snprintf(way->policy, sizeof(way->policy), "%s", p->name);
}

static bool runs_here(const struct policy *p, const char *era)
{
	for (size_t i = 0; p->eras && p->eras[i]; i++)
		if (!strcmp(p->eras[i], era))
			return true;
	return !p->eras;
}

/* Policies that are bounds, because they know the future or only count, are no way out. */
static void try_policies(struct tries *t)
{
	for (size_t i = 0; policy_registry[i]; i++) {
		const struct policy *p = policy_registry[i];

		if (p != t->w->policy && !p->caps && runs_here(p, t->x->era))
			try_policy(t, p);
	}
}

static bool has_param(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->nr_params; i++)
		if (!strcmp(p->params[i].name, name))
			return true;
	return false;
}

static void try_threshold(struct tries *t, uint32_t value)
{
	struct explain_way *way;

	if (!has_param(t->w->policy, "extfrag_threshold") || t->before->extfrag_threshold == value)
		return;
	way = add(t, EXPLAIN_WAY_THRESHOLD, value);
	if (!way)
		return;
	mm_copy(t->work, t->before);
	t->work->extfrag_threshold = value;
	way->works = alloc_under(t, t->w->policy, t->w->params, false);
	charge(way, t->work, t->before);
}

/* ---- by hand, before the request ---- */

static bool droppable(const struct mm *mm, struct frame f)
{
	uint32_t flags = mm_frame(mm, f)->flags;

	return flags & MM_F_FILE &&
	       !(flags & (MM_F_MAPPED | MM_F_DIRTY | MM_F_SWAPBACKED | MM_F_PINNED));
}

static uint64_t drop_list(struct mm *mm, uint32_t list)
{
	struct frame f = mm_list_last(mm, list), prev;
	uint64_t pages = 0;

	for (; !frame_is_none(f); f = prev) {
		uint32_t order = mm_frame(mm, f)->order;

		prev = mm_list_prev(mm, f);
		if (!droppable(mm, f))
			continue;
		mm_lru_del(mm, f);
		mm_object_unbind(mm, f);
		mm_free_page(mm, 0, f, order);
		pages += 1ull << order;
	}
	return pages;
}

static uint64_t drop_caches(struct mm *mm)
{
	uint64_t pages = 0;

	for (uint32_t node = 0; node < mm->nr_nodes; node++) {
		pages += drop_list(mm, mm_lru_list(mm, node, MM_LRU_INACTIVE_FILE));
		pages += drop_list(mm, mm_lru_list(mm, node, MM_LRU_ACTIVE_FILE));
	}
	return pages;
}

static void try_by_hand(struct tries *t, enum explain_way_kind kind)
{
	struct explain_way *way = add(t, kind, 1);

	if (!way)
		return;
	mm_copy(t->work, t->before);
	if (kind != EXPLAIN_WAY_COMPACT)
		way->freed = drop_caches(t->work);
	if (kind != EXPLAIN_WAY_DROP)
		mm_compact_all(t->work, t->rq->cpu);
	way->works = explain_ask(t->work, t->rq);
	charge(way, t->work, t->before);
}

/* ---- other watermarks ---- */

static uint64_t min_pages(const struct mm *mm)
{
	uint64_t pages = 0;

	for (uint32_t z = 0; z < mm->nr_zones; z++)
		if (mm->zones[z].index != mm->zone_index_of[MM_ZK_HIGHMEM])
			pages += mm->zones[z].wmark[MM_WMARK_MIN];
	return pages;
}

/* Would the request pass if vm.min_free_kbytes were this many pages? */
static bool passes_at(struct tries *t, uint64_t pages)
{
	mm_copy(t->work, t->after);
	mm_set_min_free(t->work, (uint32_t)(pages << (t->after->page_shift - 10)), 10);
	return explain_ask(t->work, t->rq);
}

/* The largest vm.min_free_kbytes with which it passes: with a page more it does not. */
static void try_min_free(struct tries *t)
{
	uint64_t low = 0, high = min_pages(t->after);
	struct explain_way *way;

	if (!high || !passes_at(t, 0) || passes_at(t, high))
		return;
	while (high - low > 1) {
		uint64_t mid = low + (high - low) / 2;

		*(passes_at(t, mid) ? &low : &high) = mid;
	}
	way = add(t, EXPLAIN_WAY_MIN_FREE, (int64_t)(low << (t->after->page_shift - 10)));
	if (way)
		way->works = true;
}

/* Would it pass if no fallback had raised the watermarks? Asked as it stands, nothing drained. */
static void try_no_boost(struct tries *t)
{
	uint32_t flags = mm_alloc_flags_slow(t->after, t->rq);
	struct explain_way *way;
	uint32_t boost = 0;

	mm_copy(t->work, t->after);
	for (uint32_t z = 0; z < t->work->nr_zones; z++) {
		boost |= t->work->zones[z].boost;
		t->work->zones[z].boost = 0;
	}
	way = boost ? add(t, EXPLAIN_WAY_NO_BOOST, 0) : NULL;
	if (way)
		way->works = !frame_is_none(mm_get_page(t->work, t->rq, flags));
}

/* ---- all of them ---- */

static uint64_t cost(const struct explain_way *w)
{
	return w->freed + w->moved + w->reclaimed;
}

static int by_use(const void *a, const void *b)
{
	const struct explain_way *x = a, *y = b;

	if (x->works != y->works)
		return x->works ? -1 : 1;
	if (x->works && cost(x) != cost(y))
		return cost(x) < cost(y) ? -1 : 1;
	return x->kind != y->kind ? (x->kind < y->kind ? -1 : 1) : strcmp(x->policy, y->policy);
}

static void add_freeing(struct tries *t)
{
	struct explanation *x = t->x;
	struct explain_way *way;

	if (x->verdict == EXPLAIN_STRANDED) {
		way = add(t, EXPLAIN_WAY_DRAIN, 0);
		if (way)
			way->works = true;
	}
	if (!x->nr_blockers)
		return;
	way = add(t, EXPLAIN_WAY_FREE, x->nr_blockers);
	if (!way)
		return;
	way->works = x->proof.sufficient;
	for (uint32_t i = 0; i < x->nr_blockers; i++)
		way->freed += 1ull << x->blockers[i].order;
}

void explain_ways(struct explanation *x, const struct whatif *w, const struct mm *before,
		  const struct mm *after, struct mm *work, const struct demand_op *op,
		  const struct mm_request *rq)
{
	struct tries t = {
		.x = x, .w = w, .before = before, .after = after, .work = work, .op = op, .rq = rq};

	add_freeing(&t);
	try_no_boost(&t);
	try_min_free(&t);
	try_by_hand(&t, EXPLAIN_WAY_COMPACT);
	try_by_hand(&t, EXPLAIN_WAY_DROP);
	try_by_hand(&t, EXPLAIN_WAY_DROP_COMPACT);
	try_threshold(&t, 0);
	try_threshold(&t, 1000);
	try_policies(&t);
	qsort(x->ways, x->nr_ways, sizeof(x->ways[0]), by_use);
}
