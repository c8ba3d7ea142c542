// SPDX-License-Identifier: GPL-2.0-only
/*
 * One run of compaction beside its events: which pages it takes, where it moves them, what it gives
 * back. Where it moves a page is in no event of the kernel; it is confirmed by the probe on
 * compaction_alloc, where that was recorded, else by the new page's insertion into an LRU list.
 */
#include "replay/verify.h"

static bool have_truth(const struct verify *v)
{
	return v->t->kinds_seen[EV_P_COMPACT_ALLOC_RET] > 0;
}

/* ---- invisible, and due ---- */

/* The machine holds the capture of the task that runs now, if it compacts for itself. */
static void switch_capture(struct verify *v, const struct event *e)
{
	struct compactor *c;

	if (v->capturer == e->pid)
		return;
	for (uint32_t i = 0; i < MAX_COMPACTORS && v->capturer; i++) {
		c = &v->compactors[i];
		if (c->running && c->pid == v->capturer)
			c->capture = v->mm->capture;
	}
	v->mm->capture = (struct mm_capture){0};
	v->capturer = 0;
	for (uint32_t i = 0; i < MAX_COMPACTORS; i++) {
		c = &v->compactors[i];
		if (c->running && c->pid == e->pid && c->cc.capture) {
			v->mm->capture = c->capture;
			v->capturer = e->pid;
		}
	}
}

static bool still_freeing(const struct event *e)
{
	return e->kind == EV_PCPU_DRAIN;
}

void verify_compaction_catch_up(struct verify *v, const struct event *e)
{
	if (!v->nr_running)
		return;
	switch_capture(v, e);
	for (uint32_t i = 0; i < MAX_COMPACTORS; i++) {
		struct compactor *c = &v->compactors[i];

		if (!c->running || !c->next_page || e->cpu != c->cc.cpu || still_freeing(e))
			continue;
		c->next_page = false;
		mm_compact_moved(v->mm, &c->cc);
	}
}

/* ---- steps ---- */

static void seen_from(const struct verify *v, const struct event *e, enum mm_compact_at at,
		      struct mm_compact_event *seen)
{
	uint64_t base = v->mm->base_pfn;

	*seen = (struct mm_compact_event){.at = at};
	if (at == MM_AT_FINISHED) {
		seen->result = (enum mm_compact_result)e->w[3];
	} else if (at == MM_AT_BATCH) {
		seen->scanned = (uint32_t)e->w[0];
		seen->taken = (uint32_t)e->w[1];
	} else {
		seen->start = (uint32_t)(e->w[0] - base);
		seen->end = (uint32_t)(e->w[1] - base);
		seen->scanned = (uint32_t)e->w[2];
		seen->taken = (uint32_t)e->w[3];
	}
}

static void report_step(struct verify *v, const struct mm_compact_event *ev,
			const struct mm_compact_event *seen)
{
	static const char *const names[] = {"finished",
					    "isolate_migratepages",
					    "isolate_freepages",
					    "page",
					    "migratepages",
					    "drain",
					    "release",
					    "end",
					    "done"};
	unsigned long long base = v->mm->base_pfn;

	v->resynced = true;
	verify_mismatch(
		v, MISMATCH_COMPACTION, FRAME_NONE, FRAME_NONE,
		"compaction: %s %#llx-%#llx %u/%u result %d expected, %s %#llx-%#llx %u/%u result %d seen",
		names[ev->at], base + ev->start, base + ev->end, ev->taken, ev->scanned,
		(int)ev->result, names[seen->at], base + seen->start, base + seen->end, seen->taken,
		seen->scanned, (int)seen->result);
}

static bool in_machine(const struct verify *v, const struct event *e)
{
	return !frame_is_none(frame_from_pfn(v->mm, (struct pfn){e->w[0]}));
}

static void step(struct verify *v, const struct event *e, enum mm_compact_at at)
{
	struct compactor *c = compactor_running(v, e);
	struct mm_compact_event seen, ev;
	bool same;

	if (!c || ((at == MM_AT_SOURCE || at == MM_AT_TARGET) && !in_machine(v, e)))
		return;
	seen_from(v, e, at, &seen);
	v->mm->cpu = e->cpu;
	v->res->compact_steps++;
	if (at == MM_AT_TARGET && c->early) {
		c->early = false;
		ev = c->ev;
		same = ev.start == seen.start && ev.end == seen.end && ev.scanned == seen.scanned &&
		       ev.taken == seen.taken;
	} else {
		same = mm_compact_step_seen(v->mm, &c->cc, &seen, &ev);
	}
	v->res->compact_steps_exact += same;
	if (!same)
		report_step(v, &ev, &seen);
}

void verify_compaction_step(struct verify *v, const struct event *e)
{
	switch (e->kind) {
	case EV_COMPACT_FINISHED:
		step(v, e, MM_AT_FINISHED);
		break;
	case EV_COMPACT_MIGRATE_ISOLATE:
		step(v, e, MM_AT_SOURCE);
		break;
	case EV_COMPACT_FREE_ISOLATE:
		step(v, e, MM_AT_TARGET);
		break;
	case EV_COMPACT_MIGRATED:
		step(v, e, MM_AT_BATCH);
		break;
	default:
		break;
	}
}

/* ---- pages ---- */

static bool on_list(const struct verify *v, struct frame f, uint32_t list)
{
	return mm_frame(v->mm, f)->list == list;
}

static uint32_t target_list(const struct verify *v, const struct compactor *c)
{
	return mm_private_list(v->mm, 2 * c->cc.slot);
}

static uint32_t source_list(const struct verify *v, const struct compactor *c)
{
	return mm_private_list(v->mm, 2 * c->cc.slot + 1);
}

/* The old frame of a moved page is freed: the page is where the next target was. */
static void page_moved(struct verify *v, struct compactor *c, struct frame from)
{
	struct frame to;

	if (c->cc.at == MM_AT_TARGET)
		mm_compact_targets_over(v->mm, &c->cc);
	to = mm_compact_move(v->mm, &c->cc, from);
	c->next_page = true;
	v->res->migrations++;
	if (frame_is_none(to)) {
		v->res->migrations_refuted++;
		compaction_mismatch(v, c, "held targets", 1, 0);
		return;
	}
	/* It waits in this CPU's batch for its LRU list. */
	mm_frame(v->mm, to)->flags &= ~MM_F_LRU;
	mm_frame(v->mm, to)->flags |= VERIFY_F_MOVED_HERE;
	verify_predict(v, to);
}

/*
 * A page that lost its last user while it waited: the page cache says so for file pages; an
 * anonymous page is mapped, and moving it makes migration entries first.
 */
static bool page_is_gone(const struct verify *v, const struct compactor *c, struct frame f)
{
	uint32_t flags = mm_frame(v->mm, f)->flags;

	if (flags & VERIFY_F_TRUNCATED)
		return true;
	return v->t->kinds_seen[EV_MIGRATION_PTE_SET] && flags & MM_F_ANON &&
	       !(flags & MM_F_SWAPCACHE) && !c->unmapped;
}

void verify_compaction_page_use(struct verify *v, const struct event *e)
{
	struct frame f = frame_from_pfn(v->mm, (struct pfn){e->w[0]});
	struct compactor *c = compactor_running(v, e);

	if (e->kind == EV_MIGRATION_PTE_SET) {
		if (c)
			c->unmapped = true;
	} else if (!frame_is_none(f) && mm_frame(v->mm, f)->flags & MM_F_ISOLATED) {
		mm_frame(v->mm, f)->flags |= VERIFY_F_TRUNCATED;
	}
}

/* The page had no user left: nothing to move, it is only freed [migrate_folio_unmap]. */
static void page_was_gone(struct verify *v, struct compactor *c, struct frame f)
{
	mm_list_del(v->mm, f);
	c->cc.nr_left -= c->cc.nr_left > 0;
	c->cc.moved++;
	c->next_page = true;
}

static void released(struct verify *v, struct compactor *c, struct frame f)
{
	struct frame expected = mm_compact_next_target(v->mm, &c->cc);

	if (c->cc.at == MM_AT_DRAIN)
		mm_compact_drained(v->mm, &c->cc);
	if (expected.n != f.n || c->cc.at != MM_AT_RELEASE) {
		verify_mismatch(v, MISMATCH_COMPACTION, expected, f,
				"an unused page is given back, expected at step %u", c->cc.at);
		v->resynced = true;
	}
	if (expected.n == f.n && c->cc.at == MM_AT_RELEASE) {
		mm_compact_release_next(v->mm, &c->cc);
		return;
	}
	mm_list_del(v->mm, f);
	c->cc.nr_free -= c->cc.nr_free > 0;
}

void verify_compaction_free(struct verify *v, const struct event *e)
{
	struct frame f = frame_from_pfn(v->mm, (struct pfn){e->w[0]});
	struct compactor *c = compactor_running(v, e);
	struct mm_frame *fr;

	if (frame_is_none(f))
		return;
	fr = mm_frame(v->mm, f);
	if (fr->flags & VERIFY_F_MOVED_HERE && !have_truth(v))
		v->res->migrations_confirmed++;
	if (!c || e->w[1])
		return;
	if (on_list(v, f, target_list(v, c)))
		released(v, c, f);
	else if (on_list(v, f, source_list(v, c)) && page_is_gone(v, c, f))
		page_was_gone(v, c, f);
	else if (on_list(v, f, source_list(v, c)) ||
		 (c->cc.nr_left && fr->list == MM_NO_LIST && fr->flags & MM_F_HEAD))
		page_moved(v, c, f);
	c->unmapped = false;
}

static uint32_t flags_of_insertion(uint64_t trace_flags)
{
	static const uint32_t flags[] = {MM_F_MAPPED, MM_F_ANON, MM_F_FILE, MM_F_SWAPCACHE,
					 MM_F_SWAPBACKED};
	uint32_t all = 0;

	for (uint32_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (trace_flags & 1u << i)
			all |= flags[i];
	/* Its page table entry may be set a moment later: an anonymous page that nobody maps would
	 * be freed. */
	return all & MM_F_ANON ? all | MM_F_MAPPED : all;
}

void verify_compaction_lru(struct verify *v, const struct event *e)
{
	struct frame f = frame_from_pfn(v->mm, (struct pfn){e->w[0]});
	struct mm_frame *fr;

	if (frame_is_none(f))
		return;
	fr = mm_frame(v->mm, f);
	if (!(fr->flags & MM_F_HEAD)) {
		if (compactor_running(v, e) && !have_truth(v))
			v->res->migrations_refuted++;
		return;
	}
	if (fr->flags & VERIFY_F_MOVED_HERE && !have_truth(v))
		v->res->migrations_confirmed++;
	fr->flags &= ~VERIFY_F_MOVED_HERE;
	if (fr->flags & MM_F_ISOLATED)
		return;
	fr->flags &= ~(MM_F_UNEVICTABLE | MM_F_FILE | MM_F_ANON | MM_F_MAPPED | MM_F_SWAPCACHE |
		       MM_F_SWAPBACKED);
	fr->flags |= MM_F_LRU | flags_of_insertion(e->w[2]) |
		     (e->w[1] == MM_LRU_UNEVICTABLE ? MM_F_UNEVICTABLE : 0);
}

/* ---- probes: input of --inputs=probes, else only score ---- */

/* A buddy that the run did not take: onto its list, where the next page will look. */
static void hold_buddy(struct verify *v, struct compactor *c, struct frame f, uint32_t order)
{
	uint32_t pages = 1u << order;

	mm_split_page(v->mm, f, 0);
	for (uint32_t i = 0; i < pages; i++)
		mm_list_add(v->mm, target_list(v, c), (struct frame){f.n + i});
	c->cc.nr_free += pages;
}

bool verify_compaction_isolated(struct verify *v, const struct event *e, struct frame f,
				uint32_t order)
{
	struct compactor *c = compactor_running(v, e);

	if (!c)
		return false;
	if (on_list(v, f, target_list(v, c)))
		return true;
	if (c->cc.at == MM_AT_TARGET && !c->early) {
		mm_compact_step(v->mm, &c->cc, &c->ev);
		c->early = true;
	}
	return on_list(v, f, target_list(v, c));
}

void verify_compaction_hold(struct verify *v, const struct event *e, struct frame f, uint32_t order)
{
	struct compactor *c = compactor_running(v, e);

	if (c)
		hold_buddy(v, c, f, order);
}

/* compaction_alloc returned: the next page's target. */
static void target_handed_out(struct verify *v, const struct event *e)
{
	struct compactor *c = compactor_running(v, e);
	struct frame got = frame_from_pfn(v->mm, (struct pfn){e->w[0]}), expected;

	if (!c)
		return;
	expected = mm_compact_next_target(v->mm, &c->cc);
	if (expected.n == got.n) {
		v->res->migrations_confirmed += !frame_is_none(got);
		return;
	}
	v->res->migrations_refuted++;
	verify_mismatch(v, MISMATCH_COMPACTION, expected, got,
			"page moves elsewhere, %u targets held",
			mm_list_count(v->mm, target_list(v, c)));
	if (v->opt->inputs != VERIFY_PROBES || frame_is_none(got))
		return;
	v->resynced = true;
	v->res->resyncs++;
	if (on_list(v, got, target_list(v, c)))
		mm_list_del(v->mm, got);
	else
		repair_remove(v, got, 0);
	mm_list_add(v->mm, target_list(v, c), got);
}

void verify_compaction_probe(struct verify *v, const struct event *e)
{
	if (e->kind == EV_P_COMPACT_ALLOC_RET)
		target_handed_out(v, e);
}
