// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who keeps pageblocks from becoming free? At each sample every page that compaction could not move
 * counts against its kind and the task that asked for it: one pageblock for all of its pages there.
 * Huge pages are what the blocks are for; they are left out, as are the recorder's own.
 */
#include "replay/explain_internal.h"

#include <stdlib.h>
#include <string.h>

#define MAX_ROWS 1024u
#define NR_SLOTS 8192u

struct row {
	struct explain_polluter sum;
	uint32_t block; /* counted there already, in sample @sample */
	uint32_t sample;
};

/* By kind and pid, so that names are compared once per task and not once per page. */
struct slot {
	uint64_t key; /* 0: empty */
	uint32_t row;
};

struct polluters {
	struct row rows[MAX_ROWS];
	uint32_t nr, samples;
	struct slot slots[NR_SLOTS];
	uint32_t nr_slots;
};

struct polluters *polluters_new(struct error *err)
{
	struct polluters *p = calloc(1, sizeof(*p));

	if (!p)
		error_set(err, "out of memory for the polluters");
	return p;
}

void polluters_free(struct polluters *p)
{
	free(p);
}

static uint32_t row_by_name(struct polluters *p, enum mm_kind kind, const char *comm)
{
	uint32_t i;

	for (i = 0; i < p->nr; i++)
		if (p->rows[i].sum.kind == kind && !strcmp(p->rows[i].sum.comm, comm))
			return i;
	if (p->nr == MAX_ROWS)
		return MAX_ROWS - 1; /* a thousand names: what comes after them is lumped together
				      */
	snprintf(p->rows[i].sum.comm, sizeof(p->rows[i].sum.comm), "%s", comm);
	p->rows[i].sum.kind = kind;
	p->rows[i].block = UINT32_MAX;
	return p->nr++;
}

static uint32_t find_row(struct polluters *p, const struct explain_page *page)
{
	uint64_t key = (page->dated ? (uint64_t)page->pid + 2 : 1) << 8 | (page->kind + 1u);
	uint32_t i = (uint32_t)(key * 0x9e3779b97f4a7c15ull >> 51) % NR_SLOTS;

	while (p->slots[i].key && p->slots[i].key != key)
		i = (i + 1) % NR_SLOTS;
	if (p->slots[i].key)
		return p->slots[i].row;
	if (p->nr_slots + 1 < NR_SLOTS) {
		p->nr_slots++;
		p->slots[i].row = row_by_name(p, page->kind, page->comm);
		p->slots[i].key = key;
		return p->slots[i].row;
	}
	return row_by_name(p, page->kind, page->comm);
}

/* One pageblock: @rows are those that have a page in it. */
struct in_block {
	uint32_t rows[16], nr;
};

static void count_page(struct polluters *p, const struct mm *mm, const struct trace *t,
		       struct frame f, struct in_block *in)
{
	uint32_t block = block_from_frame(mm, f).n;
	struct explain_page page;
	struct row *row;
	uint32_t i;

	explain_page_fill(&page, mm, t, f);
	if (page.recorder)
		return;
	i = find_row(p, &page);
	row = &p->rows[i];
	row->sum.pages += 1ull << page.order;
	if (row->sample == p->samples && row->block == block)
		return;
	row->sample = p->samples;
	row->block = block;
	row->sum.blocks++;
	if (in->nr < ARRAY_SIZE(in->rows))
		in->rows[in->nr++] = i;
}

static void count_block(struct polluters *p, const struct mm *mm, const struct trace *t,
			uint32_t start)
{
	uint32_t end = start + (1u << mm->pageblock_order), n = start;
	struct in_block in = {.nr = 0};

	while (n < end) {
		struct frame f = {n};
		const struct mm_frame *fr = mm_frame(mm, f);
		bool page =
			fr->flags & MM_F_HEAD && !mm_on_buddy_list(mm, f) && !mm_on_pcp_list(mm, f);

		if (page && fr->order < mm->pageblock_order &&
		    explain_moves_of(mm, f) != EXPLAIN_MOVES)
			count_page(p, mm, t, f, &in);
		n += page || mm_on_buddy_list(mm, f) ? 1u << fr->order : 1;
	}
	if (in.nr == 1)
		p->rows[in.rows[0]].sum.alone++;
}

void polluters_sample(struct polluters *p, const struct mm *mm, const struct trace *t)
{
	p->samples++;
	for (uint32_t n = 0; n < mm->nr_frames; n += 1u << mm->pageblock_order)
		count_block(p, mm, t, n);
}

static int by_blocks(const void *a, const void *b)
{
	const struct explain_polluter *x = a, *y = b;

	if (x->blocks != y->blocks)
		return x->blocks > y->blocks ? -1 : 1;
	if (x->pages != y->pages)
		return x->pages > y->pages ? -1 : 1;
	return x->kind != y->kind ? (x->kind < y->kind ? -1 : 1) : strcmp(x->comm, y->comm);
}

int polluters_rank(const struct polluters *p, struct explanations *out, struct error *err)
{
	out->nr_samples = p->samples;
	out->polluters = calloc(p->nr + 1, sizeof(*out->polluters));
	if (!out->polluters)
		return error_set(err, "out of memory for the polluters");
	for (uint32_t i = 0; i < p->nr; i++)
		out->polluters[i] = p->rows[i].sum;
	out->nr_polluters = p->nr;
	qsort(out->polluters, p->nr, sizeof(*out->polluters), by_blocks);
	return 0;
}
