// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random operations on a machine and on a naive allocator that shares nothing with it (naive.c):
 * every answer must be the same, and every so often every list in its order, every counter, every
 * block's type.
 *
 *   ZR_SEED=N         another sequence (the seed is printed)
 *   ZR_ORACLE_OPS=N   operations per geometry (default 200000)
 *
 * On a difference the sequence is shrunk to the shortest that still shows one, and printed.
 */
#include "mm/mm.h"
#include "tests/model/naive.h"

#include <stdlib.h>
#include <string.h>

#define COMPARE_EVERY 64
#define SHRINK_BUDGET 40000000ull /* operations */

/* ---- what is built ---- */

struct zone_shape {
	const char *name;
	int node, index;
	long start, pages;
};

static const struct geometry {
	const char *name;
	int norders, block_order, cpus, nodes;
	struct zone_shape zones[5];
	long batch, high, threshold;
} geometries[] = {
	{"one zone, blocks of 512, one CPU",
	 11,
	 9,
	 1,
	 1,
	 {{"DMA", 0, 0, 0, 0}, {"DMA32", 0, 1, 0, 0}, {"Normal", 0, 2, 0, 8192}},
	 15,
	 120,
	 12},
	{"three zones of odd sizes, two CPUs",
	 11,
	 9,
	 2,
	 1,
	 {{"DMA", 0, 0, 1, 1400}, {"DMA32", 0, 1, 1401, 3333}, {"Normal", 0, 2, 4734, 5003}},
	 7,
	 0,
	 6},
	{"small blocks, four CPUs",
	 6,
	 4,
	 4,
	 1,
	 {{"DMA", 0, 0, 0, 80},
	  {"DMA32", 0, 1, 80, 336},
	  {"Normal", 0, 2, 416, 1000},
	  {"Movable", 0, 3, 1416, 200}},
	 3,
	 24,
	 3},
	{"two nodes and one without memory",
	 8,
	 6,
	 2,
	 3,
	 {{"DMA32", 0, 1, 64, 1024}, {"Normal", 0, 2, 1088, 1500}, {"Normal", 1, 2, 2588, 1700}},
	 7,
	 40,
	 0},
	{"no DMA32, high memory, batch 1",
	 11,
	 10,
	 2,
	 1,
	 {{"DMA", 0, 0, 0, 1024}, {"Normal", 0, 1, 1024, 3000}, {"HighMem", 0, 2, 4024, 3100}},
	 0,
	 0,
	 40},
};

struct world {
	struct mm *mm;
	struct nv nv;
	struct live {
		uint32_t f;
		uint8_t order;
	} * live;
	uint32_t nr_live, room;
	char why[256];
};

/* One operation: numbers without a meaning of their own, so that any part of a sequence is a
 * sequence. */
struct op {
	uint8_t kind, cpu, order, pick;
	uint32_t n;
};
enum op_kind {
	OP_ALLOC_FAST,
	OP_ALLOC_SLOW,
	OP_FREE,
	OP_FREE_DIRECT,
	OP_SPLIT,
	OP_LRU,
	OP_DRAIN_ALL,
	OP_DRAIN_ONE,
	OP_ISOLATE,
	OP_UNRESERVE,
	OP_FOLD,
	OP_KSWAPD,
	OP_ROTATE,
	OP_ISOLATE_BLOCK,
	NR_OP_KINDS
};
static const char *const op_names[] = {"alloc fast", "alloc slow",   "free",	  "free direct",
				       "split",	     "lru",	     "drain all", "drain one",
				       "isolate",    "unreserve",    "fold",	  "kswapd",
				       "rotate",     "isolate block"};

static const uint32_t gfps[] = {
	0xcc0,			/* GFP_KERNEL */
	0xcca,			/* movable, high */
	0xcd0,			/* reclaimable */
	0xa20,			/* GFP_ATOMIC */
	0xcca,	  0xcc0, 0x800, /* GFP_NOWAIT */
	0xcc1,			/* DMA */
	0xcc4,			/* DMA32 */
	0xcc8,			/* movable, not high */
	0x200cca,		/* THISNODE */
	0xce0,			/* GFP_KERNEL | __GFP_HIGH */
	0x80a20,		/* atomic, no reserves */
	0xc8,			/* movable, neither reclaim */
};

static bool differ(struct world *w, const char *what, long a, long b)
{
	if (a == b)
		return false;
	snprintf(w->why, sizeof(w->why), "%s: machine %ld, oracle %ld", what, a, b);
	return true;
}

static void fill_zone_config(const struct zone_shape *s, struct mm_zone_config *z, long threshold)
{
	memset(z, 0, sizeof(*z));
	snprintf(z->name, sizeof(z->name), "%s", s->name);
	z->node = s->node;
	z->index = s->index;
	z->start_pfn = (uint64_t)s->start;
	z->spanned = z->present = z->managed = (uint64_t)s->pages;
	z->wmark[MM_WMARK_MIN] = (uint32_t)s->pages / 64;
	z->wmark[MM_WMARK_LOW] = z->wmark[MM_WMARK_MIN] * 5 / 4;
	z->wmark[MM_WMARK_HIGH] = z->wmark[MM_WMARK_MIN] * 3 / 2;
	for (int i = s->index + 1; i < MM_ZONES_PER_NODE; i++)
		z->lowmem_reserve[i] = (uint32_t)(s->pages / 40);
	z->stat_threshold = (int32_t)threshold;
}

static void fill_oracle_zone(struct nv_zone *z, const struct mm_zone_config *c)
{
	z->first = (long)c->start_pfn;
	z->last = z->first + (long)c->spanned - 1;
	z->managed = (long)c->managed;
	z->node = c->node;
	z->index = c->index;
	z->min = c->wmark[MM_WMARK_MIN];
	z->low = c->wmark[MM_WMARK_LOW];
	z->high = c->wmark[MM_WMARK_HIGH];
	for (int i = 0; i < 5; i++)
		z->reserve[i] = c->lowmem_reserve[i];
	z->threshold = c->stat_threshold;
}

static int *oracle_index(struct nv *nv, const char *name)
{
	return !strcmp(name, "DMA")	  ? &nv->idx_dma
	       : !strcmp(name, "DMA32")	  ? &nv->idx_dma32
	       : !strcmp(name, "Normal")  ? &nv->idx_normal
	       : !strcmp(name, "HighMem") ? &nv->idx_high
					  : &nv->idx_movable;
}

/* batch and high by the kernel's formulas, said once more, or what the geometry says. */
static void size_lists(struct world *w, const struct geometry *g)
{
	for (int z = 0; z < w->nv.nzones; z++)
		for (int c = 0; c < g->cpus; c++) {
			struct mm_pcp *pcp = mm_pcp(w->mm, (uint32_t)z, (uint32_t)c);
			struct nv_pcp *p = &w->nv.z[z].pcp[c];

			p->batch =
				1; /* zones here are far below the 12288 pages where batch grows */
			p->high = w->nv.z[z].low / g->cpus > 4 ? w->nv.z[z].low / g->cpus : 4;
			if (differ(w, "batch", pcp->batch, p->batch) ||
			    differ(w, "high", pcp->high, p->high))
				return;
			if (g->batch)
				pcp->batch = (int32_t)(p->batch = g->batch);
			if (g->high)
				pcp->high = (int32_t)(p->high = g->high);
		}
}

/* All memory is given to the allocators as at boot: ascending, in the largest pieces, to the tails.
 */
static void free_all(struct world *w)
{
	for (int z = 0; z < w->nv.nzones; z++) {
		long f = w->nv.z[z].first, end = w->nv.z[z].last + 1;

		while (f < end) {
			int order = w->nv.norders - 1;

			while (f % (1L << order) || f + (1L << order) > end)
				order--;
			mm_build_allocated(w->mm, (struct frame){(uint32_t)f}, (uint32_t)order, 0);
			mm_free_direct(w->mm, 0, (struct frame){(uint32_t)f}, (uint32_t)order,
				       MM_FPI_TO_TAIL);
			nv_free_to_buddy(&w->nv, 0, f, order, 1);
			f += 1L << order;
		}
	}
}

static void world_init(struct world *w, const struct geometry *g)
{
	struct mm_zone_config zones[ARRAY_SIZE(g->zones)];
	struct mm_config cfg = {.release = "6.1.192",
				.nr_cpus = (uint32_t)g->cpus,
				.nr_nodes = (uint32_t)g->nodes,
				.nr_orders = (uint32_t)g->norders,
				.pageblock_order = (uint32_t)g->block_order,
				.nr_types = 5,
				.zones = zones};
	struct error err = {""};

	memset(w, 0, sizeof(*w));
	w->nv.idx_dma = w->nv.idx_dma32 = w->nv.idx_normal = w->nv.idx_high = w->nv.idx_movable =
		-1;
	for (size_t i = 0; i < ARRAY_SIZE(g->zones) && g->zones[i].name; i++) {
		const struct zone_shape *s = &g->zones[i];

		fill_zone_config(s, &zones[cfg.nr_zones++], g->threshold);
		*oracle_index(&w->nv, s->name) = s->index;
		if (s->pages)
			fill_oracle_zone(&w->nv.z[w->nv.nzones++], &zones[i]);
		if ((uint64_t)(s->start + s->pages) > cfg.end_pfn)
			cfg.end_pfn = (uint64_t)(s->start + s->pages);
	}
	if (w->nv.idx_movable < 0)
		w->nv.idx_movable = w->nv.idx_normal;
	w->nv.nnodes = g->nodes;
	w->nv.ncpus = g->cpus;
	w->nv.norders = g->norders;
	w->nv.block_order = g->block_order;
	w->nv.nframes = (long)cfg.end_pfn;
	nv_setup(&w->nv);
	w->mm = mm_new(&cfg, &err);
	if (!w->mm) {
		snprintf(w->why, sizeof(w->why), "mm_new: %.200s", err.text);
		return;
	}
	size_lists(w, g);
	free_all(w);
}

static void world_release(struct world *w)
{
	mm_free(w->mm);
	nv_destroy(&w->nv);
	free(w->live);
}

/* ---- comparing ---- */

static bool list_differs(struct world *w, uint32_t list, const struct seq *s, const char *what)
{
	struct frame f = mm_list_first(w->mm, list);

	for (int i = 0; i < s->n; i++, f = mm_list_next(w->mm, f)) {
		if (frame_is_none(f))
			return differ(w, what, -1, s->v[i]);
		if (differ(w, what, (long)f.n, s->v[i]))
			return true;
	}
	return !frame_is_none(f) && differ(w, what, (long)f.n, -1);
}

static bool pcp_differs(struct world *w, uint32_t z, uint32_t cpu)
{
	const struct mm_pcp *a = mm_pcp(w->mm, z, cpu);
	const struct nv_pcp *b = &w->nv.z[z].pcp[cpu];
	char what[64];

	for (uint32_t l = 0; l < NV_PCPS; l++) {
		snprintf(what, sizeof(what), "zone %u cpu %u per-cpu list %u", z, cpu, l);
		if (list_differs(w, mm_pcp_list(w->mm, z, cpu, l), &b->list[l], what))
			return true;
	}
	return differ(w, "per-cpu count", a->count, b->count) ||
	       differ(w, "free factor", a->free_factor, b->factor) ||
	       differ(w, "counter difference", a->free_diff, b->diff);
}

static bool zone_differs(struct world *w, uint32_t z)
{
	const struct mm_zone *a = &w->mm->zones[z];
	const struct nv_zone *b = &w->nv.z[z];
	char what[64];
	long free = 0;

	for (int o = 0; o < w->nv.norders; o++) {
		long nr = 0;

		for (int t = 0; t < NV_TYPES; t++) {
			snprintf(what, sizeof(what), "zone %u order %d type %d", z, o, t);
			if (list_differs(w, mm_buddy_list(w->mm, z, (uint32_t)o, (uint32_t)t),
					 &b->list[o][t], what))
				return true;
			nr += b->list[o][t].n;
			free += t == 5 ? 0 : (long)b->list[o][t].n << o;
		}
		if (differ(w, "nr_free", a->nr_free[o], nr))
			return true;
	}
	for (uint32_t c = 0; c < w->mm->nr_cpus; c++)
		if (pcp_differs(w, z, c))
			return true;
	return differ(w, "free pages", a->free, free) ||
	       differ(w, "global counter", a->free_global, b->nr_free) ||
	       differ(w, "boost", a->boost, b->boost) ||
	       differ(w, "reserved", a->reserved_highatomic, b->reserved) ||
	       differ(w, "boosted", (a->flags & MM_ZONE_BOOSTED) != 0, b->boosted);
}

static bool worlds_differ(struct world *w)
{
	struct error err = {""};

	for (uint32_t z = 0; z < w->mm->nr_zones; z++)
		if (zone_differs(w, z))
			return true;
	for (long f = 0; f < w->nv.nframes; f += 1L << w->nv.block_order)
		if (differ(w, "block type", mm_block_type(w->mm, (struct frame){(uint32_t)f}),
			   w->nv.btype[f >> w->nv.block_order]))
			return true;
	if (differ(w, "kswapd woken", w->mm->wake_kswapd, w->nv.kswapd_woken))
		return true;
	if (mm_validate(w->mm, &err)) {
		snprintf(w->why, sizeof(w->why), "%.200s", err.text);
		return true;
	}
	return false;
}

/* ---- operations ---- */

static void live_add(struct world *w, uint32_t f, uint32_t order)
{
	if (w->nr_live == w->room) {
		w->room = w->room ? w->room * 2 : 256;
		w->live = realloc(w->live, w->room * sizeof(*w->live));
	}
	w->live[w->nr_live++] = (struct live){f, (uint8_t)order};
}

static struct live live_take(struct world *w, uint32_t n)
{
	struct live *place = &w->live[n % w->nr_live], l = *place;

	*place = w->live[--w->nr_live];
	return l;
}

static void do_alloc(struct world *w, const struct op *op)
{
	struct mm_request rq = {.cpu = op->cpu % w->mm->nr_cpus,
				.node = op->n % w->mm->nr_nodes,
				.order = op->order % w->mm->nr_orders,
				.gfp = gfps[op->pick % ARRAY_SIZE(gfps)]};
	static const uint32_t extra[] = {0,
					 0,
					 0,
					 0,
					 MM_ALLOC_OOM,
					 MM_ALLOC_NO_WATERMARKS,
					 MM_WMARK_HIGH,
					 MM_ALLOC_HIGHATOMIC};
	uint32_t flags, oracle_flags;
	struct frame f;
	long g;

	rq.type = mm_gfp_type(rq.gfp);
	if (op->kind == OP_ALLOC_FAST) {
		flags = mm_alloc_flags_fast(w->mm, &rq);
		oracle_flags = nv_fast_flags(&w->nv, (int)rq.node, rq.gfp, (int)rq.type);
	} else {
		flags = mm_alloc_flags_slow(w->mm, &rq) | extra[op->n / 8 % ARRAY_SIZE(extra)];
		oracle_flags = nv_slow_flags((int)rq.order, rq.gfp, (int)rq.type) |
			       extra[op->n / 8 % ARRAY_SIZE(extra)];
	}
	if (differ(w, "alloc flags", flags, oracle_flags))
		return;
	f = mm_get_page(w->mm, &rq, flags);
	g = nv_get_page(&w->nv, (int)rq.cpu, (int)rq.node, (int)rq.order, rq.gfp, (int)rq.type,
			flags);
	if (!differ(w, "page", frame_is_none(f) ? -1 : (long)f.n, g) && g >= 0)
		live_add(w, f.n, rq.order);
}

static void do_free(struct world *w, const struct op *op)
{
	uint32_t cpu = op->cpu % w->mm->nr_cpus;
	struct live l = live_take(w, op->n);

	if (op->kind == OP_FREE) {
		mm_free_page(w->mm, cpu, (struct frame){l.f}, l.order);
		nv_free_page(&w->nv, (int)cpu, l.f, l.order);
	} else {
		mm_free_direct(w->mm, cpu, (struct frame){l.f}, l.order,
			       op->pick & 1 ? MM_FPI_TO_TAIL : 0);
		nv_free_to_buddy(&w->nv, (int)cpu, l.f, l.order, op->pick & 1);
	}
}

static void do_split(struct world *w, const struct op *op)
{
	struct live l = live_take(w, op->n);
	uint32_t order = op->order < l.order ? op->order : l.order;

	mm_split_page(w->mm, (struct frame){l.f}, order);
	for (uint32_t i = 0; i < 1u << l.order; i += 1u << order)
		live_add(w, l.f + i, order);
}

static void do_lru(struct world *w, const struct op *op)
{
	const struct live *l = &w->live[op->n % w->nr_live];

	mm_frame(w->mm, (struct frame){l->f})->flags |= op->pick & 1 ? MM_F_LRU : MM_F_MOVABLE_OPS;
	for (uint32_t i = 0; i < 1u << l->order; i++)
		w->nv.movable[l->f + i] = 1;
}

static void do_drain(struct world *w, const struct op *op)
{
	int only = (int)(op->n % w->mm->nr_cpus), zone = (int)(op->n / 7 % w->mm->nr_zones);

	w->mm->cpu = op->cpu % w->mm->nr_cpus;
	if (op->kind == OP_DRAIN_ALL)
		mm_drain_all(w->mm);
	else
		mm_drain_zone(w->mm, (uint32_t)zone, (uint32_t)only);
	for (int c = 0; c < w->nv.ncpus; c++)
		for (int z = 0; z < w->nv.nzones; z++)
			if (op->kind == OP_DRAIN_ALL || (c == only && z == zone))
				nv_drain_zone(&w->nv, (int)w->mm->cpu, c, z);
}

/* The n-th free buddy by address, from some place on; -1 if nothing is free. */
static long some_buddy(const struct world *w, uint32_t n)
{
	for (long i = 0; i < w->nv.nframes; i++) {
		long f = (i + n) % w->nv.nframes;

		if (w->nv.free_order[f] >= 0)
			return f;
	}
	return -1;
}

static void do_isolate(struct world *w, const struct op *op)
{
	long f = some_buddy(w, op->n);
	uint32_t cpu = op->cpu % w->mm->nr_cpus, order, got;
	int ok;

	if (f < 0)
		return;
	order = (uint32_t)w->nv.free_order[f];
	got = mm_isolate_free_page(w->mm, cpu, (struct frame){(uint32_t)f}, order);
	ok = nv_isolate_free(&w->nv, (int)cpu, f);
	if (!differ(w, "isolated", got, ok ? 1l << order : 0) && ok)
		live_add(w, (uint32_t)f, order);
}

static void do_unreserve(struct world *w, const struct op *op)
{
	struct mm_request rq = {.node = op->n % w->mm->nr_nodes,
				.gfp = gfps[op->pick % ARRAY_SIZE(gfps)]};

	rq.type = mm_gfp_type(rq.gfp);
	w->mm->cpu = 0;
	differ(w, "unreserved", mm_unreserve_highatomic(w->mm, &rq, op->order & 1),
	       nv_unreserve(&w->nv, (int)rq.node, rq.gfp, (int)rq.type, op->order & 1));
}

/* kswapd comes and goes: reclaim active, boost served. */
static void do_kswapd(struct world *w, const struct op *op)
{
	uint32_t z = op->n % w->mm->nr_zones;

	w->mm->zones[z].flags &= ~MM_ZONE_RECLAIM_ACTIVE;
	w->mm->zones[z].flags |= op->pick & 1 ? MM_ZONE_RECLAIM_ACTIVE : 0;
	w->nv.z[z].reclaiming = op->pick & 1;
	if (op->pick & 2)
		w->mm->zones[z].boost = 0, w->nv.z[z].boost = 0;
	w->mm->wake_kswapd = 0;
	w->nv.kswapd_woken = 0;
}

static void do_rotate(struct world *w, const struct op *op)
{
	long f = some_buddy(w, op->n);

	if (f < 0)
		return;
	if (op->pick & 1)
		mm_list_rotate_to_last(w->mm, (struct frame){(uint32_t)f});
	else
		mm_list_rotate_to_first(w->mm, (struct frame){(uint32_t)f});
	nv_rotate(&w->nv, f, op->pick & 1);
}

static void do_isolate_block(struct world *w, const struct op *op)
{
	uint32_t block = op->n % (uint32_t)(w->nv.nframes >> w->nv.block_order);
	struct frame f = frame_from_block(w->mm, (struct block){block});
	uint32_t zone = mm_frame_zone(w->mm, f), cpu = op->cpu % w->mm->nr_cpus;
	bool was = mm_block_type(w->mm, f) == MM_ISOLATE;
	int64_t moved;

	if (zone == UINT32_MAX || f.n + (1u << w->nv.block_order) > w->mm->zones[zone].end)
		return;
	/* A larger buddy would first be split by the kernel; the rest of this test has no opinion
	 * on that. */
	if (w->nv.free_order[f.n & ~((1u << (w->nv.block_order + 1)) - 1)] > w->nv.block_order)
		return;
	if (!was && mm_block_type(w->mm, f) > MM_RECLAIMABLE)
		return;
	w->mm->zones[zone].nr_isolate_blocks += was ? -1u : 1u;
	mm_set_block_type(w->mm, f, was ? MM_MOVABLE : MM_ISOLATE);
	moved = mm_move_freepages_block(w->mm, zone, f, was ? MM_MOVABLE : MM_ISOLATE, NULL);
	mm_mod_free(w->mm, zone, cpu, was ? moved : -moved);
	nv_isolate_block(&w->nv, (int)cpu, f.n, !was);
}

static void do_op(struct world *w, const struct op *op)
{
	if (op->kind >= OP_FREE && op->kind <= OP_LRU && !w->nr_live)
		return;
	switch ((enum op_kind)op->kind) {
	case OP_ALLOC_FAST:
	case OP_ALLOC_SLOW:
		do_alloc(w, op);
		break;
	case OP_FREE:
	case OP_FREE_DIRECT:
		do_free(w, op);
		break;
	case OP_SPLIT:
		do_split(w, op);
		break;
	case OP_LRU:
		do_lru(w, op);
		break;
	case OP_DRAIN_ALL:
	case OP_DRAIN_ONE:
		do_drain(w, op);
		break;
	case OP_ISOLATE:
		do_isolate(w, op);
		break;
	case OP_UNRESERVE:
		do_unreserve(w, op);
		break;
	case OP_FOLD:
		mm_fold_diffs(w->mm, op->cpu % w->mm->nr_cpus);
		nv_fold(&w->nv, (int)(op->cpu % w->mm->nr_cpus));
		break;
	case OP_KSWAPD:
		do_kswapd(w, op);
		break;
	case OP_ROTATE:
		do_rotate(w, op);
		break;
	case OP_ISOLATE_BLOCK:
		do_isolate_block(w, op);
		break;
	case NR_OP_KINDS:
		break;
	}
}

/* ---- sequences ---- */

/* Weights of the rarer kinds, in thousandths; the rest allocates or frees, in turns of more and
 * less. */
static const struct {
	uint32_t upto;
	enum op_kind kind;
} rare[] = {{20, OP_FREE_DIRECT}, {35, OP_SPLIT},    {135, OP_LRU},	     {137, OP_DRAIN_ALL},
	    {145, OP_DRAIN_ONE},  {160, OP_ISOLATE}, {166, OP_UNRESERVE},    {176, OP_FOLD},
	    {182, OP_KSWAPD},	  {192, OP_ROTATE},  {194, OP_ISOLATE_BLOCK}};

static uint8_t pick_kind(struct rng *rng, uint64_t i)
{
	uint32_t r = (uint32_t)rng_below(rng, 1000);
	/* of 1000 common operations, how many allocate: filling up, down to the last reserve,
	 * relief */
	static const uint32_t greed[] = {560, 850, 350};

	for (size_t k = 0; k < ARRAY_SIZE(rare); k++)
		if (r < rare[k].upto)
			return (uint8_t)rare[k].kind;
	if (rng_below(rng, 1000) >= greed[i / 2000 % ARRAY_SIZE(greed)])
		return OP_FREE;
	return rng_below(rng, 3) ? OP_ALLOC_FAST : OP_ALLOC_SLOW;
}

static void make_ops(struct op *ops, uint64_t n, struct rng *rng)
{
	for (uint64_t i = 0; i < n; i++) {
		uint32_t r = (uint32_t)rng_below(rng, 100);

		ops[i].kind = pick_kind(rng, i);
		ops[i].cpu = (uint8_t)rng_below(rng, 12); /* divides evenly by 1 to 4 */
		ops[i].order = (uint8_t)(r < 60 ? 0 : r < 85 ? 1 + r % 3 : rng_below(rng, 11));
		ops[i].pick = (uint8_t)rng_below(rng, 252);
		ops[i].n = (uint32_t)rng_next(rng);
	}
}

/* Runs the sequence on a fresh world; the number of operations done when a difference showed, 0 if
 * none did. */
static uint64_t run(const struct geometry *g, const struct op *ops, uint64_t n, uint64_t every,
		    char *why)
{
	struct world w;
	uint64_t i = 0;

	world_init(&w, g);
	while (!w.why[0] && i < n) {
		do_op(&w, &ops[i++]);
		if (!w.why[0] && (i % every == 0 || i == n))
			worlds_differ(&w);
	}
	if (!w.why[0])
		i = 0;
	else
		memcpy(why, w.why, sizeof(w.why));
	world_release(&w);
	return i;
}

/* Removes ever smaller parts while what remains still differs; the length that is left. */
static uint64_t shrink(const struct geometry *g, struct op *ops, uint64_t n, char *why)
{
	struct op *less = malloc(n * sizeof(*ops));
	uint64_t budget = SHRINK_BUDGET;

	for (uint64_t part = n / 2; part && budget > n; part /= 2)
		for (uint64_t from = 0; from + part <= n && budget > n;) {
			uint64_t bad, rest = n - from - part;

			memcpy(less, ops, from * sizeof(*ops));
			memcpy(less + from, ops + from + part, rest * sizeof(*ops));
			budget -= n;
			bad = run(g, less, n - part, 1, why);
			if (bad) {
				n = bad;
				memcpy(ops, less, n * sizeof(*ops));
			} else {
				from += part;
			}
		}
	run(g, ops, n, 1, why);
	free(less);
	return n;
}

static void print_ops(const struct op *ops, uint64_t n, const char *why)
{
	for (uint64_t i = 0; i < n && i < 200; i++)
		printf("#   %-13s cpu %u order %u gfp %#x pick %u n %u\n", op_names[ops[i].kind],
		       ops[i].cpu, ops[i].order, gfps[ops[i].pick % ARRAY_SIZE(gfps)], ops[i].pick,
		       ops[i].n);
	printf("#   => %s\n", why);
}

static bool test_geometry(size_t i, uint64_t n, uint64_t seed)
{
	const struct geometry *g = &geometries[i];
	struct op *ops = malloc(n * sizeof(*ops));
	struct rng rng;
	char why[256] = "";
	uint64_t bad;

	rng_init(&rng, seed + i);
	make_ops(ops, n, &rng);
	bad = run(g, ops, n, COMPARE_EVERY, why);
	printf("%sok %zu - %s\n", bad ? "not " : "", i + 1, g->name);
	if (bad) {
		printf("# ZR_SEED=%llu: differs by operation %llu; shrinking\n",
		       (unsigned long long)seed, (unsigned long long)bad);
		bad = run(g, ops, bad, 1, why);
		bad = shrink(g, ops, bad, why);
		print_ops(ops, bad, why);
	}
	fflush(stdout);
	free(ops);
	return !bad;
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
	uint64_t v;

	return getenv(name) && parse_u64(getenv(name), &v) ? v : otherwise;
}

int main(void)
{
	uint64_t seed = from_environment("ZR_SEED", 20261121),
		 n = from_environment("ZR_ORACLE_OPS", 200000);
	bool ok = true;

	printf("1..%zu\n# ZR_SEED=%llu ZR_ORACLE_OPS=%llu\n", ARRAY_SIZE(geometries),
	       (unsigned long long)seed, (unsigned long long)n);
	for (size_t i = 0; i < ARRAY_SIZE(geometries); i++)
		ok &= test_geometry(i, n, seed);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
