// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of bulk allocations (demand/bulk.c). They do not move, so that the frame at which one is
 * freed names it as long as the replay has given the same ones; later the oldest goes.
 */
#include "replay/whatif.h"

#include <stdlib.h>
#include <string.h>

int whatif_bulk_init(struct whatif *w, struct error *err)
{
	w->bulk_pages = calloc(w->demand->bulk_most + 1ull, sizeof(*w->bulk_pages));
	return w->bulk_pages ? 0
			     : error_set(err, "out of memory for %u pages", w->demand->bulk_most);
}

static void keep(struct whatif *w, struct frame f, const struct demand_op *op)
{
	whatif_bind(w, f, op, MM_NO_ID);
	if (w->nr_bulk < w->demand->bulk_most)
		w->bulk_pages[w->nr_bulk++] = f;
}

/* Those that it does not get at once are asked for one by one [vm_area_alloc_pages]. */
void whatif_bulk(struct whatif *w, const struct demand_op *op)
{
	struct mm_request rq = {
		.cpu = whatif_cpu(w, op->cpu), .gfp = op->gfp, .type = op->type, .pid = op->pid};
	struct frame pages[DEMAND_BULK_MOST];
	uint32_t got;

	rq.node = mm_node_of_cpu(w->mm, rq.cpu);
	got = mm_get_bulk(w->mm, &rq, pages, op->arg);
	for (uint32_t i = 0; i < got; i++)
		keep(w, pages[i], op);
	for (uint32_t i = got; i < op->arg; i++) {
		bool slow;
		struct frame f = whatif_alloc(w, op, &slow);

		if (!frame_is_none(f))
			keep(w, f, op);
	}
}

/* Before a cut they were not the replay's to keep: there they are where the recorded kernel had
 * them. */
static bool is_nameless(const struct whatif *w, uint32_t n)
{
	const struct mm_object *o = &mm_objects(w->mm)[n];

	return w->cut && n < w->mm->nr_frames && mm_frames(w->mm)[n].flags & MM_F_HEAD &&
	       !mm_frames(w->mm)[n].order && o->id == MM_NO_ID && !o->flags &&
	       o->kind == MM_KIND_UNKNOWN && !mm_on_lru_list(w->mm, (struct frame){n});
}

void whatif_bulk_death(struct whatif *w, const struct demand_op *op)
{
	uint32_t i = 0;

	while (i < w->nr_bulk && w->bulk_pages[i].n != op->arg)
		i++;
	if (i == w->nr_bulk && is_nameless(w, op->arg)) {
		whatif_let_go(w, (struct frame){op->arg}, op);
		return;
	}
	if (!w->nr_bulk)
		return;
	if (i == w->nr_bulk)
		i = 0;
	whatif_let_go(w, w->bulk_pages[i], op);
	w->nr_bulk--;
	memmove(&w->bulk_pages[i], &w->bulk_pages[i + 1],
		(w->nr_bulk - i) * sizeof(*w->bulk_pages));
}
