// SPDX-License-Identifier: GPL-2.0-only
/* What happens to objects besides being asked for: death, drops, splits, their place on the LRU. */
#include "replay/whatif.h"

/* What swap held is in memory again, or nobody's any more. */
void whatif_unswap(struct whatif *w, uint32_t order)
{
	uint32_t used = w->mm->swap_slots - w->mm->swap_free, slots = 1u << order;

	w->mm->swap_free += slots < used ? slots : used;
}

/* The object lives, but its page was reclaimed. */
static bool evicted(const struct whatif *w, uint32_t id)
{
	return w->alive[id] && !(w->alive[id] & ALIVE_SLAB) &&
	       frame_is_none(mm_object_frame(w->mm, id));
}

void whatif_death(struct whatif *w, const struct demand_op *op)
{
	struct frame f = mm_object_frame(w->mm, op->id);

	if (evicted(w, op->id) && w->alive[op->id] & ALIVE_ANON)
		whatif_unswap(w, op->order);
	w->alive[op->id] = ALIVE_NOT;
	if (op->flags & DEMAND_F_HUGE)
		pool_death(w, op);
	else if (!frame_is_none(f))
		whatif_let_go(w, f, op);
	whatif_range_end(w, op);
}

/* ---- pages that only the recorded kernel dropped ---- */

static uint32_t *orphans_of(struct whatif *w, uint32_t pid)
{
	return &w->swapped_orphans[pid % ARRAY_SIZE(w->swapped_orphans)];
}

static bool is_orphan(const struct mm *mm, uint32_t n, bool swapped)
{
	uint32_t flags = mm_frames(mm)[n].flags;

	return flags & MM_F_HEAD && !(flags & MM_F_SLAB) && mm_objects(mm)[n].flags & MM_O_ORPHAN &&
	       !(flags & MM_F_SWAPBACKED) == !swapped;
}

static bool is_swapped_orphan(const struct mm *mm, uint32_t n, uint32_t pid)
{
	return mm_objects(mm)[n].owner == pid && is_orphan(mm, n, true);
}

/* An anonymous one of @pid, searched from frame @from on; which one cannot be known. */
static struct frame swapped_orphan(struct whatif *w, uint32_t pid, uint32_t from)
{
	uint32_t n = from;

	if (!*orphans_of(w, pid))
		return FRAME_NONE;
	do {
		if (is_swapped_orphan(w->mm, n, pid))
			return (struct frame){n};
		n = n + 1 < w->mm->nr_frames ? n + 1 : 0;
	} while (n != from);
	return FRAME_NONE;
}

/*
 * The recorded kernel reads a page of @pid from swap again: here that may never have left memory,
 * and the one that the recording asked for takes its place. False when there is none.
 */
static bool swapped_in(struct whatif *w, uint32_t pid, const struct demand_op *op)
{
	struct frame f = swapped_orphan(w, pid, op->id);

	if (frame_is_none(f))
		return false;
	--*orphans_of(w, pid);
	whatif_free(w, f, op->cpu);
	return true;
}

/* What it had in swap goes with a task, so its pages go that were only swapped out there. */
void whatif_owner_gone(struct whatif *w, const struct demand_op *op)
{
	if (!*orphans_of(w, op->pid))
		return;
	for (uint32_t n = 0; n < w->mm->nr_frames; n++) {
		if (is_swapped_orphan(w->mm, n, op->pid)) {
			--*orphans_of(w, op->pid);
			whatif_free(w, (struct frame){n}, op->cpu);
		}
	}
}

/* The recorded kernel reclaimed the page. Here it stays, without a name, until this policy reclaims
 * it. */
void whatif_drop(struct whatif *w, const struct demand_op *op)
{
	struct frame f = mm_object_frame(w->mm, op->id);
	struct mm_object *o;

	if (!frame_is_none(f))
		mm_frame(w->mm, f)->flags &= ~(MM_F_PINNED | MM_F_FIXED);
	if (frame_is_none(f)) {
		w->agreed_drops += w->alive[op->id] ? 1u << op->order : 0;
		w->alive[op->id] = ALIVE_NOT;
		return;
	}
	w->alive[op->id] = ALIVE_NOT;
	if (w->scenario->orphans_die) {
		whatif_free(w, f, op->cpu);
		return;
	}
	o = &mm_objects(w->mm)[f.n];
	mm_ids(w->mm)[op->id] = UINT32_MAX;
	o->id = MM_NO_ID;
	o->flags |= MM_O_ORPHAN;
	if (mm_frame(w->mm, f)->flags & MM_F_SWAPBACKED) {
		++*orphans_of(w, o->owner);
	} else {
		o->owner = whatif_kept(w, op->arg, op->gfp, f);
		w->orphans[op->arg]++;
	}
	if (!mm_on_lru_list(w->mm, f)) {
		mm_frame(w->mm, f)->flags |= MM_F_FILE;
		mm_lru_add(w->mm, f, MM_LRU_INACTIVE_FILE);
	}
}

/* The recorded kernel's shrinkers emptied the page. Here it stays until this policy's do. */
void whatif_shrunk(struct whatif *w, const struct demand_op *op)
{
	struct frame f = mm_object_frame(w->mm, op->id);

	w->alive[op->id] = ALIVE_NOT;
	if (frame_is_none(f))
		return;
	/* Emptied here too, but it was held. */
	mm_frame(w->mm, f)->flags &= ~MM_F_PINNED;
	if (w->scenario->orphans_die || !mm_on_slab_list(w->mm, f)) {
		whatif_free(w, f, op->cpu);
		return;
	}
	mm_ids(w->mm)[op->id] = UINT32_MAX;
	mm_objects(w->mm)[f.n].id = MM_NO_ID;
	mm_objects(w->mm)[f.n].flags |= MM_O_ORPHAN;
}

/* Its pages that the recorded kernel had dropped, and that nobody would free, go with it. */
void whatif_file_gone(struct whatif *w, const struct demand_op *op)
{
	for (uint32_t n = 0; w->orphans[op->arg] && n < w->mm->nr_frames; n++) {
		if (!is_orphan(w->mm, n, false) ||
		    whatif_kept_file(w, mm_objects(w->mm)[n].owner) != op->arg)
			continue;
		whatif_free(w, (struct frame){n}, op->cpu);
		w->orphans[op->arg]--;
	}
	w->orphans[op->arg] = 0; /* this policy had dropped the others */
}

void whatif_split(struct whatif *w, const struct demand_op *op)
{
	struct frame f = mm_object_frame(w->mm, op->id), upper;
	struct mm_object *o;
	bool on_lru;
	enum mm_lru lru = MM_LRU_INACTIVE_FILE;

	if (frame_is_none(f) || mm_frame(w->mm, f)->order != op->order + 1u ||
	    op->arg >= w->mm->nr_ids)
		return;
	if (mm_on_slab_list(w->mm, f))
		mm_slab_del(w->mm, f);
	on_lru = mm_on_lru_list(w->mm, f);
	if (on_lru) {
		lru = mm_lru_of(w->mm, f);
		mm_lru_del(w->mm, f);
	}
	mm_split_page(w->mm, f, op->order);
	upper = (struct frame){f.n + (1u << op->order)};
	o = &mm_objects(w->mm)[f.n];
	o->order = op->order;
	mm_object_bind(w->mm, upper, op->arg, o->owner, o->kind, op->order);
	mm_objects(w->mm)[upper.n].flags = o->flags;
	mm_chronicle_move(w->mm, f, upper);
	w->alive[op->arg] = ALIVE_YES;
	if (on_lru) {
		mm_lru_add(w->mm, f, lru);
		mm_lru_add(w->mm, upper, lru);
	}
}

/* A slab page among them is one of buffer heads. */
void whatif_hold(struct whatif *w, const struct demand_op *op)
{
	struct frame f = mm_object_frame(w->mm, op->id);

	if (frame_is_none(f))
		return;
	mm_frame(w->mm, f)->flags |= op->arg ? MM_F_PINNED : MM_F_FIXED;
	if (!(mm_frame(w->mm, f)->flags & MM_F_SLAB))
		mm_frame(w->mm, f)->flags |= MM_F_BUFFERS;
}

void whatif_let_move(struct whatif *w, const struct demand_op *op)
{
	struct frame f = mm_object_frame(w->mm, op->id);

	if (!frame_is_none(f))
		mm_frame(w->mm, f)->flags &= ~(MM_F_PINNED | MM_F_FIXED);
}

void whatif_to_lru(struct whatif *w, const struct demand_op *op)
{
	struct frame f = mm_object_frame(w->mm, op->id);

	/* A new page that is in the swap cache when it comes to the list was read from swap. */
	if (op->arg & MM_F_SWAPCACHE &&
	    !swapped_in(w, frame_is_none(f) ? op->pid : mm_objects(w->mm)[f.n].owner, op))
		whatif_unswap(w, 0);
	if (frame_is_none(f) || op->type >= MM_NR_LRU)
		return;
	if (w->alive[op->id] & ALIVE_FOUND) {
		w->alive[op->id] &= (uint8_t)~ALIVE_FOUND;
		return;
	}
	if (op->page == MM_KIND_ANON || op->page == MM_KIND_SHMEM)
		w->alive[op->id] |= ALIVE_ANON;
	if (mm_on_lru_list(w->mm, f))
		mm_lru_del(w->mm, f);
	mm_frame(w->mm, f)->flags |= op->arg | (op->arg & MM_F_MAPPED ? MM_F_YOUNG : 0);
	mm_objects(w->mm)[f.n].kind = op->page;
	mm_lru_add(w->mm, f, op->type);
}

void whatif_writeback(struct whatif *w, const struct demand_op *op)
{
	struct frame f = mm_object_frame(w->mm, op->id);
	struct mm_frame *fr;

	if (frame_is_none(f))
		return;
	fr = mm_frame(w->mm, f);
	if (op->kind == DEMAND_WRITEBACK) {
		fr->flags &= ~MM_F_DIRTY;
		fr->flags |= MM_F_WRITEBACK;
	} else {
		mm_lru_written(w->mm, f);
	}
}

static enum mm_kind kind_of(const struct whatif *w, uint32_t id)
{
	return w->alive[id] & ALIVE_ANON ? MM_KIND_ANON : MM_KIND_FILE;
}

/* Somebody used the page just then: a page that this policy dropped had to be read again for it. */
void whatif_activate(struct whatif *w, const struct demand_op *op)
{
	struct frame f;

	if (evicted(w, op->id))
		whatif_reread(w, op, op->id, kind_of(w, op->id));
	f = mm_object_frame(w->mm, op->id);
	if (!frame_is_none(f) && mm_on_lru_list(w->mm, f))
		mm_lru_activate(w->mm, f);
}

/* The scenario in which what this policy dropped and the recorded kernel kept is needed once more.
 */
void whatif_reread_evicted(struct whatif *w, const struct demand_op *at)
{
	for (uint32_t id = 0; id < w->mm->nr_ids; id++) {
		if ((w->alive[id] & ALIVE_STATE) == ALIVE_YES && evicted(w, id))
			whatif_reread(w, at, id, kind_of(w, id));
	}
}
