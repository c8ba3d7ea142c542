// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that are let go one by one but given back together, in the largest pieces that their place
 * allows [free_prepared_contig_range, 7.2]. Those of them that lie side by side here, too, are.
 */
#include "replay/whatif.h"

/* [@f, @f + @nr), all of them single pages that are allocated. */
static void give_back(struct whatif *w, struct frame f, uint32_t nr)
{
	while (nr) {
		uint32_t order = mm_piece_order(w->mm, f, nr);

		if (order)
			mm_build_allocated(w->mm, f, order, 0);
		mm_free_page(w->mm, w->contig.cpu, f, order);
		if (w->policy->freed)
			w->policy->freed(&w->env, f, order);
		f.n += 1u << order;
		nr -= 1u << order;
	}
}

static void give_back_all(struct whatif *w)
{
	const struct frame *pages = w->contig.pages;
	uint32_t first = 0;

	for (uint32_t i = 1; i <= w->contig.nr; i++) {
		if (i < w->contig.nr && pages[i].n == pages[i - 1].n + 1 &&
		    mm_frame_zone(w->mm, pages[i]) == mm_frame_zone(w->mm, pages[first]))
			continue;
		give_back(w, pages[first], i - first);
		first = i;
	}
	w->contig.nr = 0;
}

void whatif_contig(struct whatif *w, const struct demand_op *op)
{
	give_back_all(w);
	w->contig.pid = op->arg ? op->pid : 0;
	w->contig.cpu = whatif_cpu(w, op->cpu);
}

void whatif_let_go(struct whatif *w, struct frame f, const struct demand_op *op)
{
	uint32_t order = mm_frame(w->mm, f)->order;

	if (op->flags & DEMAND_F_PAST) {
		whatif_forget(w, f, op->cpu);
		mm_free_direct(w->mm, whatif_cpu(w, op->cpu), f, order, 0);
		if (w->policy->freed)
			w->policy->freed(&w->env, f, order);
		return;
	}
	if (!w->contig.pid || op->pid != w->contig.pid || order) {
		whatif_free(w, f, op->cpu);
		return;
	}
	if (w->contig.nr == ARRAY_SIZE(w->contig.pages))
		give_back_all(w);
	whatif_forget(w, f, op->cpu);
	w->contig.pages[w->contig.nr++] = f;
}
