// SPDX-License-Identifier: GPL-2.0-only
#include "tests/model/naive.h"

#include <stdlib.h>
#include <string.h>

enum { UNMOVABLE, MOVABLE, RECLAIMABLE, HIGHATOMIC, ISOLATED = 5 };

/* flag bits of mm/internal.h and gfp_types.h, by value */
enum {
	F_WMARK = 3,
	F_IGNORE_WMARK = 4,
	F_OOM = 8,
	F_NONBLOCK = 0x10,
	F_MINRESERVE = 0x20,
	F_CPUSET = 0x40,
	F_CMA = 0x80,
	F_NOFRAG = 0x100,
	F_HIATOMIC = 0x200,
	F_KSWAPD = 0x800
};
enum {
	G_DMA = 1,
	G_HIGHMEM = 2,
	G_DMA32 = 4,
	G_MOVABLE = 8,
	G_HIGH = 0x20,
	G_ATOMIC = 0x200,
	G_DIRECT = 0x400,
	G_KSWAPD = 0x800,
	G_NOMEMALLOC = 0x80000,
	G_THISNODE = 0x200000
};

/* ---- sequences ---- */

static void seq_insert(struct seq *s, int at, long x)
{
	if (s->n == s->room) {
		s->room = s->room ? 2 * s->room : 16;
		s->v = realloc(s->v, sizeof(long) * (size_t)s->room);
	}
	memmove(s->v + at + 1, s->v + at, sizeof(long) * (size_t)(s->n - at));
	s->v[at] = x;
	s->n++;
}

static int seq_find(const struct seq *s, long x)
{
	int i = 0;

	while (i < s->n && s->v[i] != x)
		i++;
	return i;
}

static void seq_remove(struct seq *s, long x)
{
	int i = seq_find(s, x);

	s->n--;
	memmove(s->v + i, s->v + i + 1, sizeof(long) * (size_t)(s->n - i));
}

/* ---- set up ---- */

static int zone_of_struct_page(const struct nv *nv, long f)
{
	int i, best = -1;

	for (i = 0; i < nv->nzones; i++)
		if (f >= nv->z[i].first && f <= nv->z[i].last)
			return i;
	/* a hole: initialised together with the zone that follows */
	for (i = 0; i < nv->nzones; i++)
		if (nv->z[i].first > f && (best < 0 || nv->z[i].first < nv->z[best].first))
			best = i;
	return best;
}

void nv_setup(struct nv *nv)
{
	long f;

	nv->zone = calloc((size_t)nv->nframes, sizeof(int));
	nv->free_order = calloc((size_t)nv->nframes, sizeof(int));
	nv->list_type = calloc((size_t)nv->nframes, sizeof(int));
	nv->movable = calloc((size_t)nv->nframes, sizeof(int));
	nv->btype = calloc((size_t)(nv->nframes >> nv->block_order) + 1, sizeof(int));
	for (f = 0; f < nv->nframes; f++) {
		nv->zone[f] = zone_of_struct_page(nv, f);
		nv->free_order[f] = -1;
		nv->btype[f >> nv->block_order] = MOVABLE;
	}
}

void nv_destroy(struct nv *nv)
{
	int z, c, o, t;

	for (z = 0; z < nv->nzones; z++) {
		for (o = 0; o < NV_ORDERS; o++)
			for (t = 0; t < NV_TYPES; t++)
				free(nv->z[z].list[o][t].v);
		for (c = 0; c < NV_CPUS; c++)
			for (t = 0; t < NV_PCPS; t++)
				free(nv->z[z].pcp[c].list[t].v);
	}
	free(nv->zone);
	free(nv->free_order);
	free(nv->list_type);
	free(nv->movable);
	free(nv->btype);
}

/* ---- the smallest steps ---- */

static struct nv_zone *zone_at(struct nv *nv, long f)
{
	return &nv->z[nv->zone[f]];
}

static int *block_type(struct nv *nv, long f)
{
	return &nv->btype[f >> nv->block_order];
}

static void put_free(struct nv *nv, long f, int order, int type, int tail)
{
	struct seq *s = &zone_at(nv, f)->list[order][type];

	seq_insert(s, tail ? s->n : 0, f);
	nv->free_order[f] = order;
	nv->list_type[f] = type;
}

static void unfree(struct nv *nv, long f)
{
	seq_remove(&zone_at(nv, f)->list[nv->free_order[f]][nv->list_type[f]], f);
	nv->free_order[f] = -1;
}

static void count_free(struct nv *nv, struct nv_zone *z, int cpu, long delta)
{
	long d = z->pcp[cpu].diff + delta;

	(void)nv;
	if (d > z->threshold || d < -z->threshold) {
		z->nr_free += d;
		d = 0;
	}
	z->pcp[cpu].diff = d;
}

void nv_fold(struct nv *nv, int cpu)
{
	int z;

	for (z = 0; z < nv->nzones; z++) {
		nv->z[z].nr_free += nv->z[z].pcp[cpu].diff;
		nv->z[z].pcp[cpu].diff = 0;
	}
}

static long global_free(const struct nv_zone *z)
{
	return z->nr_free > 0 ? z->nr_free : 0;
}

/* ---- freeing ---- */

/* Is page g, by its own words, a free buddy of the order and in the zone that page f says it is in?
 */
static int are_buddies(struct nv *nv, long f, long g, int order)
{
	return g >= 0 && g < nv->nframes && nv->free_order[g] == order &&
	       nv->zone[f] == nv->zone[g];
}

static void free_one(struct nv *nv, int cpu, long f, int order, int type, int to_tail)
{
	long size = 1L << order, mate;
	int tail = to_tail, below;

	if (type != ISOLATED)
		count_free(nv, zone_at(nv, f), cpu, size);
	for (;; order++, size *= 2) {
		if (order == nv->norders - 1)
			break;
		mate = (f / size) % 2 ? f - size : f + size;
		if (!are_buddies(nv, f, mate, order))
			break;
		if (order >= nv->block_order) {
			int other = *block_type(nv, mate);

			if (other != type && (other > RECLAIMABLE || type > RECLAIMABLE))
				break;
		}
		unfree(nv, mate);
		if (mate < f)
			f = mate;
	}
	below = order <= nv->norders - 3;
	if (below && !tail) {
		long pair = f - f % (2 * size),
		     uncle = (pair / (2 * size)) % 2 ? pair - 2 * size : pair + 2 * size;

		tail = are_buddies(nv, pair, uncle, order + 1);
	}
	put_free(nv, f, order, type, tail);
}

void nv_free_to_buddy(struct nv *nv, int cpu, long f, int order, int to_tail)
{
	memset(nv->movable + f, 0, sizeof(int) << order);
	free_one(nv, cpu, f, order, *block_type(nv, f), to_tail);
}

/* ---- per-cpu lists ---- */

static int has_list(const struct nv *nv, int order)
{
	return (order >= 0 && order <= 3) || order == nv->block_order;
}

static int which_list(int order, int type)
{
	if (type > RECLAIMABLE)
		type = MOVABLE;
	switch (order) {
	case 0:
	case 1:
	case 2:
	case 3:
		return 3 * order + type;
	default:
		return type == MOVABLE ? 13 : 12;
	}
}

static int order_of_list(const struct nv *nv, int l)
{
	return l > 11 ? nv->block_order : l / 3;
}

static void bulk_free(struct nv *nv, int cpu_running, struct nv_zone *z, struct nv_pcp *p,
		      long want, int l)
{
	long f;
	int order, type;

	if (want > p->count)
		want = p->count;
	while (want > 0) {
		while (p->list[l].n == 0)
			l = (l + 1) % NV_PCPS;
		order = order_of_list(nv, l);
		while (want > 0 && p->list[l].n > 0) {
			f = p->list[l].v[--p->list[l].n];
			p->count -= 1L << order;
			want -= 1L << order;
			type = z->isolated_blocks ? *block_type(nv, f) : nv->list_type[f];
			free_one(nv, cpu_running, f, order, type, 0);
		}
		l = (l + 1) % NV_PCPS;
	}
}

void nv_drain_zone(struct nv *nv, int cpu_running, int cpu, int zone)
{
	struct nv_pcp *p = &nv->z[zone].pcp[cpu];

	while (p->count > 0)
		bulk_free(nv, cpu_running, &nv->z[zone], p, p->batch * 32, 0);
}

void nv_free_page(struct nv *nv, int cpu, long f, int order)
{
	struct nv_zone *z = zone_at(nv, f);
	struct nv_pcp *p = &z->pcp[cpu];
	int type = *block_type(nv, f), everything, l;
	long limit, n;

	if (!has_list(nv, order) || type == ISOLATED) {
		nv_free_to_buddy(nv, cpu, f, order, 0);
		return;
	}
	memset(nv->movable + f, 0, sizeof(int) << order);
	nv->list_type[f] = type;
	l = which_list(order, type);
	seq_insert(&p->list[l], 0, f);
	p->count += 1L << order;

	everything = p->factor > 0 && order >= 1 && order <= 3;
	limit = p->high;
	if (z->reclaiming && limit > 4 * p->batch)
		limit = 4 * p->batch;
	if (everything)
		limit = 0;
	if (p->count < limit)
		return;
	if (everything) {
		n = p->count;
	} else if (limit < p->batch) {
		n = 1;
	} else {
		n = p->batch * (1L << p->factor);
		if (n < limit - p->batch && p->factor < 5)
			p->factor++;
		if (n > limit - p->batch)
			n = limit - p->batch;
	}
	bulk_free(nv, cpu, z, p, n, l);
}

/* ---- taking ---- */

static void give_back_halves(struct nv *nv, long f, int have, int want, int type)
{
	if (have == want)
		return;
	put_free(nv, f + (1L << (have - 1)), have - 1, type, 0);
	give_back_halves(nv, f, have - 1, want, type);
}

static long take_smallest(struct nv *nv, struct nv_zone *z, int order, int type)
{
	int o;
	long f;

	for (o = order; o < nv->norders; o++) {
		if (!z->list[o][type].n)
			continue;
		f = z->list[o][type].v[0];
		unfree(nv, f);
		give_back_halves(nv, f, o, order, type);
		return f;
	}
	return -1;
}

/* Moves what is free in the block around f; -1 when the block's end is outside. *movable: frames in
 * use that could move. */
static long move_free_of_block(struct nv *nv, long f, int type, long *movable)
{
	struct nv_zone *z = zone_at(nv, f);
	long per = 1L << nv->block_order, a = f - f % per, b = a + per - 1, moved = 0;
	int o;

	*movable = 0;
	if (a < z->first)
		a = f;
	if (b > z->last)
		return 0;
	while (a <= b) {
		o = nv->free_order[a];
		if (o < 0) {
			*movable += nv->movable[a] ? 1 : 0;
			a++;
			continue;
		}
		unfree(nv, a);
		put_free(nv, a, o, type, 1);
		moved += 1L << o;
		a += 1L << o;
	}
	return moved;
}

void nv_isolate_block(struct nv *nv, int cpu, long f, int isolate)
{
	struct nv_zone *z = zone_at(nv, f);
	int type = isolate ? ISOLATED : MOVABLE;
	long ignored, moved;

	z->isolated_blocks += isolate ? 1 : -1;
	*block_type(nv, f) = type;
	moved = move_free_of_block(nv, f, type, &ignored);
	count_free(nv, z, cpu, isolate ? -moved : moved);
}

static int second_choices(int type, int i)
{
	static const int by_type[3][2] = {
		{RECLAIMABLE, MOVABLE}, {RECLAIMABLE, UNMOVABLE}, {UNMOVABLE, MOVABLE}};

	return by_type[type][i];
}

static long other_types_page(struct nv *nv, struct nv_zone *z, int order, int type)
{
	int i;

	(void)nv;
	for (i = 0; i < 2; i++)
		if (z->list[order][second_choices(type, i)].n)
			return z->list[order][second_choices(type, i)].v[0];
	return -1;
}

static int may_have_block(const struct nv *nv, int order, int type)
{
	return type != MOVABLE || order >= nv->block_order / 2;
}

static void raise_boost(struct nv *nv, struct nv_zone *z, unsigned flags)
{
	long per = 1L << nv->block_order, most = z->high * 3 / 2;

	if (z->managed < 4 * per || most == 0)
		return;
	if (most < per)
		most = per;
	z->boost += per;
	if (z->boost > most)
		z->boost = most;
	if (flags & F_KSWAPD)
		z->boosted = 1;
}

static void move_alone(struct nv *nv, long f, int type)
{
	int o = nv->free_order[f];

	unfree(nv, f);
	put_free(nv, f, o, type, 1);
}

static void steal(struct nv *nv, struct nv_zone *z, long f, int type, unsigned flags)
{
	int o = nv->free_order[f], old = *block_type(nv, f);
	long per = 1L << nv->block_order, moved, movable, like = 0, b;

	if (old == HIGHATOMIC) {
		move_alone(nv, f, type);
		return;
	}
	if (o >= nv->block_order) {
		for (b = f; b < f + (1L << o); b += per)
			*block_type(nv, b) = type;
		move_alone(nv, f, type);
		return;
	}
	raise_boost(nv, z, flags);
	if (!may_have_block(nv, o, type)) {
		move_alone(nv, f, type);
		return;
	}
	moved = move_free_of_block(nv, f, type, &movable);
	if (!moved) {
		move_alone(nv, f, type);
		return;
	}
	if (type == MOVABLE)
		like = movable;
	else if (old == MOVABLE)
		like = per - moved - movable;
	if (2 * (moved + like) >= per)
		*block_type(nv, f) = type;
}

static int find_and_steal(struct nv *nv, struct nv_zone *z, int order, int type, unsigned flags)
{
	int lowest = order, o;
	long f = -1;

	if ((flags & F_NOFRAG) && order < nv->block_order)
		lowest = nv->block_order;
	for (o = nv->norders - 1; o >= lowest; o--) {
		f = other_types_page(nv, z, o, type);
		if (f >= 0)
			break;
	}
	if (f < 0)
		return 0;
	if (type == MOVABLE && o > order && !may_have_block(nv, o, type))
		for (o = order, f = -1; f < 0; o++)
			f = other_types_page(nv, z, o, type);
	steal(nv, z, f, type, flags);
	return 1;
}

static long take(struct nv *nv, struct nv_zone *z, int order, int type, unsigned flags)
{
	long f = take_smallest(nv, z, order, type);

	if (f < 0 && find_and_steal(nv, z, order, type, flags))
		f = take_smallest(nv, z, order, type);
	return f;
}

/* ---- whole allocations ---- */

static int highest_zone(const struct nv *nv, unsigned gfp)
{
	int movable = gfp & G_MOVABLE, high = gfp & G_HIGHMEM;

	if (gfp & G_DMA)
		return nv->idx_dma >= 0 ? nv->idx_dma : nv->idx_normal;
	if (gfp & G_DMA32)
		return nv->idx_dma32 >= 0 ? nv->idx_dma32 : nv->idx_normal;
	if (movable && high)
		return nv->idx_movable;
	if (high && nv->idx_high >= 0)
		return nv->idx_high;
	return nv->idx_normal;
}

/* The zones a request may use, best first. */
static int zonelist(const struct nv *nv, int node, unsigned gfp, int out[NV_ZONES])
{
	int n = 0, i, k, z, top = highest_zone(nv, gfp);

	for (i = 0; i < nv->nnodes; i++) {
		if (i && (gfp & G_THISNODE))
			break;
		for (k = top; k >= 0; k--)
			for (z = 0; z < nv->nzones; z++)
				if (nv->z[z].node == (node + i) % nv->nnodes && nv->z[z].index == k)
					out[n++] = z;
	}
	return n;
}

unsigned nv_fast_flags(struct nv *nv, int node, unsigned gfp, int type)
{
	int list[NV_ZONES], n = zonelist(nv, node, gfp, list), z, has32 = 0;
	unsigned flags = 1; /* low mark */

	if (type == MOVABLE)
		flags |= F_CMA;
	if (gfp & G_KSWAPD)
		flags |= F_KSWAPD;
	if (!n || nv->idx_dma32 < 0 || nv->z[list[0]].index != nv->idx_normal)
		return flags;
	for (z = 0; z < nv->nzones; z++)
		if (nv->z[z].node == nv->z[list[0]].node && nv->z[z].index == nv->idx_dma32)
			has32 = 1;
	return nv->nnodes == 1 || has32 ? flags | F_NOFRAG : flags;
}

unsigned nv_slow_flags(int order, unsigned gfp, int type)
{
	unsigned flags = F_CPUSET | (gfp & (G_HIGH | G_KSWAPD));

	if (type == MOVABLE)
		flags |= F_CMA;
	if (gfp & G_DIRECT)
		return flags;
	if (gfp & G_HIGH)
		flags -= F_CPUSET;
	if (gfp & G_NOMEMALLOC)
		return flags;
	flags |= F_NONBLOCK;
	if (order && (gfp & G_HIGH))
		flags |= F_HIATOMIC;
	return flags;
}

static int marks_allow(struct nv *nv, struct nv_zone *z, int order, long mark, int top,
		       unsigned flags)
{
	int privileged = (flags & (F_NONBLOCK | F_MINRESERVE | F_HIATOMIC | F_OOM)) != 0, o;
	long usable = global_free(z) - ((1L << order) - 1) - (privileged ? 0 : z->reserved);

	if (flags & F_MINRESERVE) {
		mark -= mark / 2;
		if (flags & F_NONBLOCK)
			mark -= mark / 4;
	}
	if (flags & F_OOM)
		mark -= mark / 2;
	if (usable <= mark + z->reserve[top])
		return 0;
	if (order == 0)
		return 1;
	for (o = order; o < nv->norders; o++) {
		if (z->list[o][UNMOVABLE].n || z->list[o][MOVABLE].n || z->list[o][RECLAIMABLE].n)
			return 1;
		if (z->list[o][HIGHATOMIC].n && (flags & (F_HIATOMIC | F_OOM)))
			return 1;
	}
	return 0;
}

static int zone_suits(struct nv *nv, struct nv_zone *z, int order, int top, unsigned gfp,
		      unsigned flags)
{
	long raw[3] = {z->min, z->low, z->high}, mark = raw[flags & F_WMARK] + z->boost;

	if (flags & F_IGNORE_WMARK)
		return 1;
	/*
	 * The kernel's quick test for order 0 is left out: whatever it lets pass, with the flags'
	 * reductions of the mark the full test lets pass as well, as long as the mark is not
	 * negative.
	 */
	if (marks_allow(nv, z, order, mark, top, flags))
		return 1;
	if (order == 0 && (gfp & G_ATOMIC) && z->boost && (flags & F_WMARK) == 0)
		return marks_allow(nv, z, order, z->min, top, flags);
	return 0;
}

static long from_list(struct nv *nv, struct nv_zone *z, int cpu, int order, int type,
		      unsigned flags)
{
	struct nv_pcp *p = &z->pcp[cpu];
	struct seq *s = &p->list[which_list(order, type)];
	long want = p->batch, got = 0, f;

	p->factor /= 2;
	if (!s->n) {
		if (want > 1)
			want = (want >> order) > 2 ? want >> order : 2;
		while (got < want && (f = take(nv, z, order, type, flags)) >= 0) {
			nv->list_type[f] = type;
			seq_insert(s, s->n, f);
			got++;
		}
		p->count += got << order;
		count_free(nv, z, cpu, -(got << order));
	}
	if (!s->n)
		return -1;
	f = s->v[0];
	seq_remove(s, f);
	p->count -= 1L << order;
	return f;
}

static long from_buddy(struct nv *nv, struct nv_zone *z, int cpu, int order, int type,
		       unsigned flags)
{
	long f = -1;

	if (flags & F_HIATOMIC)
		f = take_smallest(nv, z, order, HIGHATOMIC);
	if (f < 0)
		f = take(nv, z, order, type, flags);
	if (f < 0 && (flags & (F_OOM | F_NONBLOCK)))
		f = take_smallest(nv, z, order, HIGHATOMIC);
	if (f >= 0)
		count_free(nv, z, cpu, -(1L << order));
	return f;
}

static void reserve_block(struct nv *nv, struct nv_zone *z, long f)
{
	long per = 1L << nv->block_order, ignored;

	if (z->reserved < z->managed / 100 + per && *block_type(nv, f) <= RECLAIMABLE) {
		z->reserved += per;
		*block_type(nv, f) = HIGHATOMIC;
		move_free_of_block(nv, f, HIGHATOMIC, &ignored);
	}
}

long nv_get_page(struct nv *nv, int cpu, int node, int order, unsigned gfp, int type,
		 unsigned flags)
{
	int list[NV_ZONES], n = zonelist(nv, node, gfp, list), i, top = highest_zone(nv, gfp);
	struct nv_zone *z;
	long f;

again:
	for (i = 0; i < n; i++) {
		z = &nv->z[list[i]];
		if ((flags & F_NOFRAG) && z->node != nv->z[list[0]].node)
			break;
		if (!zone_suits(nv, z, order, top, gfp, flags))
			continue;
		f = -1;
		if (has_list(nv, order))
			f = from_list(nv, z, cpu, order, type, flags);
		if (f < 0)
			f = from_buddy(nv, z, cpu, order, type, flags);
		if (z->boosted) {
			z->boosted = 0;
			nv->kswapd_woken |= 1 << list[i];
		}
		if (f < 0)
			continue;
		if (flags & F_HIATOMIC)
			reserve_block(nv, z, f);
		return f;
	}
	if (flags & F_NOFRAG) {
		flags &= ~(unsigned)F_NOFRAG;
		goto again;
	}
	return -1;
}

/* ---- the rest ---- */

int nv_unreserve(struct nv *nv, int node, unsigned gfp, int type, int force)
{
	int list[NV_ZONES], n = zonelist(nv, node, gfp, list), i, o;
	long per = 1L << nv->block_order, f, ignored;

	for (i = 0; i < n; i++) {
		struct nv_zone *z = &nv->z[list[i]];

		if (z->reserved <= per && !force)
			continue;
		for (o = 0; o < nv->norders; o++) {
			if (!z->list[o][HIGHATOMIC].n)
				continue;
			f = z->list[o][HIGHATOMIC].v[0];
			if (*block_type(nv, f) == HIGHATOMIC)
				z->reserved = z->reserved > per ? z->reserved - per : 0;
			*block_type(nv, f) = type;
			if (move_free_of_block(nv, f, type, &ignored))
				return 1;
		}
	}
	return 0;
}

int nv_isolate_free(struct nv *nv, int cpu, long f)
{
	struct nv_zone *z = zone_at(nv, f);
	int order = nv->free_order[f];
	long per = 1L << nv->block_order, b;

	if (*block_type(nv, f) != ISOLATED) {
		if (global_free(z) - z->reserved <= z->min + (1L << order) + z->reserve[0])
			return 0;
		count_free(nv, z, cpu, -(1L << order));
	}
	unfree(nv, f);
	if (order >= nv->block_order - 1)
		for (b = f; b < f + (1L << order) - 1; b += per)
			if (*block_type(nv, b) <= RECLAIMABLE)
				*block_type(nv, b) = MOVABLE;
	return 1;
}

void nv_rotate(struct nv *nv, long f, int f_becomes_last)
{
	struct seq *s = &zone_at(nv, f)->list[nv->free_order[f]][nv->list_type[f]];
	int cut = seq_find(s, f) + (f_becomes_last ? 1 : 0), i;

	for (i = 0; i < cut; i++) {
		long first = s->v[0];

		memmove(s->v, s->v + 1, sizeof(long) * (size_t)(s->n - 1));
		s->v[s->n - 1] = first;
	}
}
