// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of files that the recorded kernel dropped and read again. Where this policy kept such a
 * page nothing is asked for: it is found in the cache, and used.
 */
#include "replay/whatif.h"

#include <stdlib.h>
#include <string.h>

int whatif_reads_init(struct whatif *w, struct error *err)
{
	w->returning = calloc(w->demand->nr_returning + 1ull, sizeof(*w->returning));
	w->returning_seen = UINT64_MAX;
	return w->returning ? 0
			    : error_set(err, "out of memory for %u pages that are read again",
					w->demand->nr_returning);
}

/* Owners of pages that only the recorded kernel dropped: files by their numbers, then such pages by
 * theirs. */
static uint32_t owner_of_page(const struct whatif *w, uint32_t page)
{
	return w->demand->nr_files + page;
}

uint32_t whatif_kept(struct whatif *w, uint32_t file, uint32_t page, struct frame f)
{
	if (!file || !page)
		return file;
	w->returning[page] = (struct whatif_returning){.file = file, .frame = f.n};
	return owner_of_page(w, page);
}

uint32_t whatif_kept_file(const struct whatif *w, uint32_t owner)
{
	if (owner <= w->demand->nr_files)
		return owner;
	return w->returning[owner - w->demand->nr_files].file;
}

/* One that nobody has named since it was dropped. */
static bool is_kept(const struct whatif *w, uint32_t n)
{
	uint32_t flags = mm_frames(w->mm)[n].flags;

	return flags & MM_F_HEAD && !(flags & (MM_F_SLAB | MM_F_SWAPBACKED)) &&
	       mm_objects(w->mm)[n].flags & MM_O_ORPHAN;
}

static bool is_there(const struct whatif *w, uint32_t page)
{
	uint32_t n = w->returning[page].frame;

	return is_kept(w, n) && mm_objects(w->mm)[n].owner == owner_of_page(w, page);
}

/* Compaction moves them. */
static void look_for_all(struct whatif *w)
{
	uint32_t first = w->demand->nr_files;

	for (uint32_t n = 0; n < w->mm->nr_frames; n++) {
		uint32_t owner = mm_objects(w->mm)[n].owner;

		if (is_kept(w, n) && owner > first)
			w->returning[owner - first].frame = n;
	}
	w->returning_seen = mm_stats(w->mm)->migrated;
}

/* Where it is in memory, if it is. */
static struct frame find(struct whatif *w, uint32_t page)
{
	if (!w->returning[page].file)
		return FRAME_NONE;
	if (!is_there(w, page) && w->returning_seen != mm_stats(w->mm)->migrated)
		look_for_all(w);
	return is_there(w, page) ? (struct frame){w->returning[page].frame} : FRAME_NONE;
}

/*
 * The page was read before it was dropped, so that this is not its first use: it becomes active
 * [folio_mark_accessed]. What was wanted is had, which counts as a request that was met.
 */
bool whatif_found(struct whatif *w, const struct demand_op *op)
{
	struct frame f = find(w, op->arg);
	struct whatif_returning *r = &w->returning[op->arg];

	if (!frame_is_none(f)) {
		w->orphans[r->file]--;
		whatif_bind(w, f, op, op->id);
		w->alive[op->id] |= ALIVE_FOUND;
		if (mm_on_lru_list(w->mm, f))
			mm_lru_activate(w->mm, f);
		whatif_score(w, op, true, false);
		w->out->substituted++;
	}
	r->file = 0;
	return !frame_is_none(f);
}
