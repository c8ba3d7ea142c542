// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compaction during verify: the model's own run, kept in step with what the trace shows of the
 * kernel's. What a run takes from the free lists, how it reorders them and where it moves pages is
 * predicted (mm/compaction.h); each event of the compacting task is compared with the step that the
 * model is at.
 *
 * Between two events of a task others may run (cond_resched). The search for a target page is done
 * as late as the kernel may do it: migrate_pages() reschedules before it asks for the next one
 * [mm/migrate.c, 6.1].
 */
#include "replay/verify.h"

#include <string.h>

#define STATE_PREEMPTED 0x100u /* prev_state of a task that could have gone on [sched_switch] */
#define GFP_KERNEL (MM_GFP_IO | MM_GFP_FS | MM_GFP_DIRECT_RECLAIM | MM_GFP_KSWAPD_RECLAIM)

struct compact_run *compact_run_of(struct verify *v, uint32_t pid)
{
	for (uint32_t i = 0; i < MM_COMPACT_SLOTS; i++)
		if (v->runs[i].in_use && v->runs[i].pid == pid)
			return &v->runs[i];
	return NULL;
}

static uint32_t zone_from_start(const struct mm *mm, uint64_t pfn)
{
	for (uint32_t z = 0; z < mm->nr_zones; z++)
		if (mm->base_pfn + mm->zones[z].start == pfn)
			return z;
	return UINT32_MAX;
}

static void differs(struct verify *v, const struct compact_run *run, const char *what,
		    uint64_t expected, uint64_t got)
{
	v->res->compact_steps_wrong++;
	verify_mismatch(v, MISMATCH_COMPACTION, FRAME_NONE, FRAME_NONE,
			"%s: %#lx expected, %#lx came (zone %s, order %d)", what,
			(unsigned long)expected, (unsigned long)got,
			v->mm->zones[run->cc.zone].name, run->cc.order);
}

/* ---- who compacts, and for what ---- */

void verify_compact_note(struct verify *v, const struct event *e)
{
	struct task *task = verify_task(v, e->pid, true);

	if (!task)
		return;
	switch (e->kind) {
	case EV_COMPACT_TRY:
		task->compact = (struct compact_want){
			.direct = true,
			.order = (int32_t)e->w[0],
			.gfp = (uint32_t)e->w[1],
			.prio = (uint32_t)e->w[2],
		};
		task->compact.search_order = (int16_t)e->w[0];
		break;
	case EV_KCOMPACTD_WAKE:
		task->compact = (struct compact_want){
			.kcompactd = true,
			.order = (int32_t)e->w[1],
			.highest = (uint32_t)e->w[2],
			.gfp = GFP_KERNEL,
		};
		task->compact.search_order = (int16_t)e->w[1];
		break;
	case EV_KCOMPACTD_SLEEP:
		task->compact = (struct compact_want){0};
		break;
	case EV_COMPACT_SUITABLE:
		task->compact.suitable_order = (int32_t)e->w[2];
		/* By hand; what it allocated before is long over [compact_node]. */
		if ((int32_t)e->w[2] < 0)
			task->compact.direct = false;
		break;
	default:
		break;
	}
}

static void control_direct(const struct verify *v, const struct compact_want *w,
			   const struct event *e, struct mm_compact_control *cc)
{
	struct mm_request rq = {.cpu = e->cpu,
				.order = (uint32_t)w->order,
				.gfp = w->gfp,
				.type = mm_gfp_type(w->gfp)};
	bool full = w->prio == MM_COMPACT_PRIO_SYNC_FULL;

	cc->order = w->order;
	cc->search_order = (int16_t)w->order;
	cc->gfp = w->gfp;
	cc->alloc_flags = mm_alloc_flags_slow(v->mm, &rq);
	cc->highest = mm_gfp_zone(v->mm, w->gfp);
	cc->mode = w->prio == MM_COMPACT_PRIO_ASYNC ? MM_MIGRATE_ASYNC : MM_MIGRATE_SYNC_LIGHT;
	cc->direct = cc->capture = true;
	cc->whole_zone = cc->ignore_skip_hint = cc->ignore_block_suitable = full;
}

static void control_background(struct verify *v, const struct compact_want *w, uint32_t pid,
			       struct mm_compact_control *cc)
{
	cc->gfp = GFP_KERNEL;
	cc->mode = MM_MIGRATE_SYNC_LIGHT;
	if (w->kcompactd && w->order > 0 && w->suitable_order > 0) {
		cc->order = w->order;
		cc->highest = w->highest;
		cc->search_order = w->search_order;
		cc->fast_search_fail = w->fast_search_fail;
		cc->whole_zone = w->whole_zone;
		return;
	}
	cc->order = -1;
	cc->whole_zone = cc->ignore_skip_hint = true;
	if (verify_is_kcompactd(v, pid)) {
		cc->proactive = true;
		cc->proactiveness = (uint32_t)manifest_get_i64(
			&v->c->manifest, "sysctl.vm.compaction_proactiveness", 20);
	} else {
		cc->mode = MM_MIGRATE_SYNC;
	}
}

static struct compact_run *new_run(struct verify *v, uint32_t pid)
{
	struct compact_run *run = compact_run_of(v, pid);

	if (run) { /* its end was lost */
		mm_compact_abandon(v->mm, &run->cc);
	} else {
		for (uint32_t i = 0; i < MM_COMPACT_SLOTS && !run; i++)
			if (!v->runs[i].in_use)
				run = &v->runs[i];
	}
	if (run)
		*run = (struct compact_run){
			.in_use = true, .pid = pid, .cc.slot = (uint32_t)(run - v->runs)};
	return run;
}

void verify_compact_begin(struct verify *v, const struct event *e)
{
	uint32_t zone = zone_from_start(v->mm, e->w[0]);
	struct task *task = verify_task(v, e->pid, true);
	struct compact_run *run;

	if (zone == UINT32_MAX || !task || !(run = new_run(v, e->pid)))
		return;
	run->cc.zone = zone;
	run->cc.cpu = e->cpu;
	run->cc.gives_way = true;
	if (task->compact.direct)
		control_direct(v, &task->compact, e, &run->cc);
	else
		control_background(v, &task->compact, e->pid, &run->cc);
	v->mm->cpu = e->cpu;
	mm_compact_begin_suitable(v->mm, &run->cc);
	v->res->compact_runs++;
	if (v->mm->base_pfn + run->cc.migrate != e->w[1]) {
		differs(v, run, "begin: migrate_pfn", v->mm->base_pfn + run->cc.migrate, e->w[1]);
		run->cc.migrate = (uint32_t)(e->w[1] - v->mm->base_pfn);
	}
	if (v->mm->base_pfn + run->cc.free != e->w[2]) {
		differs(v, run, "begin: free_pfn", v->mm->base_pfn + run->cc.free, e->w[2]);
		run->cc.free = (uint32_t)(e->w[2] - v->mm->base_pfn);
	}
	if (run->cc.capture)
		run->capture = (struct mm_capture){.zone = zone, .order = (uint32_t)run->cc.order};
}

/* ---- steps ---- */

/* The page that moved last is dealt with; only now the next one's target is looked for. And nobody
 * ran in the middle of the search for a block to empty, or has done so by now. */
void compact_settle(struct verify *v, struct compact_run *run)
{
	struct mm_compact_event ev;

	while (run->cc.at == MM_AT_SEARCH)
		mm_compact_step(v->mm, &run->cc, &ev);
	if (!run->moved_pending)
		return;
	run->moved_pending = false;
	mm_compact_moved(v->mm, &run->cc);
}

static void step(struct verify *v, struct compact_run *run, struct mm_compact_event *ev)
{
	v->mm->cpu = run->cc.cpu;
	mm_compact_step(v->mm, &run->cc, ev);
	v->res->compact_steps++;
}

/* Steps that no event shows: a drain that found nothing, the release of nothing. */
static void pass_invisible(struct verify *v, struct compact_run *run, enum mm_compact_at wanted)
{
	compact_settle(v, run);
	if (run->cc.at == MM_AT_DRAIN && wanted != MM_AT_DRAIN) {
		if (mm_pcp(v->mm, run->cc.zone, run->cc.cpu)->count && !run->drain_seen)
			differs(v, run, "drain expected, pages held",
				(uint64_t)mm_pcp(v->mm, run->cc.zone, run->cc.cpu)->count, 0);
		run->drain_seen = false;
		mm_compact_drained(v->mm, &run->cc);
	}
}

/* The model stands elsewhere than the kernel: it is taken to where the kernel is. */
static bool align(struct verify *v, struct compact_run *run, enum mm_compact_at wanted)
{
	pass_invisible(v, run, wanted);
	if (run->cc.at == (uint8_t)wanted)
		return true;
	differs(v, run, "step", run->cc.at, wanted);
	return false;
}

static void at_finished(struct verify *v, struct compact_run *run, const struct event *e)
{
	struct mm_compact_event ev;

	if (!align(v, run, MM_AT_FINISHED)) {
		run->cc.at = MM_AT_FINISHED;
		run->lost_step = true;
	}
	run->cc.kswapd_running = v->boost[v->mm->zones[run->cc.zone].node].running;
	step(v, run, &ev);
	if (ev.result != e->w[3])
		differs(v, run, "finished", ev.result, e->w[3]);
}

/* Isolation puts pages on a list, and their links no longer name the owner. */
void compact_note_owners(struct verify *v, struct compact_run *run)
{
	uint32_t n = 1u << v->mm->pageblock_order, start = run->cc.source & ~(n - 1);

	run->owners_start = UINT32_MAX;
	if (n > RUN_MAX_BLOCK || start + n > v->mm->nr_frames)
		return;
	run->owners_start = start;
	for (uint32_t i = 0; i < n; i++) {
		const struct mm_frame *fr = &mm_frames(v->mm)[start + i];

		run->owners[i] =
			(fr->flags & MM_F_HEAD) && (fr->flags & MM_F_ANON) && fr->list == MM_NO_LIST
				? fr->prev
				: 0;
	}
}

/*
 * Between "finished?" and the event of the isolated pages the task inserts pages into the LRU only
 * when it puts back what it had taken: after the scan. The batch that is flushed then holds pages
 * that the scan could not take.
 */
void verify_compact_insertion(struct verify *v, const struct event *e)
{
	struct compact_run *run = compact_run_of(v, e->pid);

	if (!run || event_context(e) != CTX_TASK)
		return;
	if (run->cc.at == MM_AT_SEARCH)
		compact_settle(v, run);
	if (run->cc.at != MM_AT_SOURCE || run->source_stepped)
		return;
	if (!run->cc.scan.active)
		compact_note_owners(v, run);
	run->source = (struct frame){run->cc.source};
	step(v, run, &run->source_ev);
	run->source_stepped = true;
}

/* Stands where the kernel's scan began, whatever the model thought. */
static void go_to_source(struct verify *v, struct compact_run *run, uint32_t start)
{
	uint32_t block = 1u << v->mm->pageblock_order;

	if (run->cc.at == MM_AT_SOURCE)
		differs(v, run, "source: start", v->mm->base_pfn + run->cc.source,
			v->mm->base_pfn + start);
	mm_compact_scan_undo(v->mm, &run->cc);
	run->cc.source = start;
	run->cc.source_end = (start & ~(block - 1)) + block;
	run->cc.at = MM_AT_SOURCE;
}

static void scan_source(struct verify *v, struct compact_run *run, const struct event *e)
{
	uint32_t start = (uint32_t)(e->w[0] - v->mm->base_pfn);

	if (run->source_stepped) {
		run->source_stepped = false;
		return;
	}
	if (!align(v, run, MM_AT_SOURCE) || run->cc.source != start)
		go_to_source(v, run, start);
	if (!run->cc.scan.active)
		compact_note_owners(v, run);
	v->mm->cpu = run->cc.cpu;
	v->res->compact_steps++;
	mm_compact_step_source(v->mm, &run->cc, (uint32_t)(e->w[1] - v->mm->base_pfn),
			       (uint32_t)e->w[3], &run->source_ev);
	run->moved_pending = e->w[3] > 0;
}

static void at_source(struct verify *v, struct compact_run *run, const struct event *e)
{
	uint64_t base = v->mm->base_pfn;
	bool stepped = run->source_stepped;
	struct mm_compact_event ev;

	scan_source(v, run, e);
	ev = run->source_ev;
	run->source = (struct frame){(uint32_t)(e->w[0] - base)};
	run->source_end = (struct frame){(uint32_t)(e->w[1] - base)};
	if (base + ev.start != e->w[0])
		differs(v, run, "source: start", base + ev.start, e->w[0]);
	else if (base + ev.end != e->w[1])
		differs(v, run, "source: end", base + ev.end, e->w[1]);
	else if (ev.taken != e->w[3])
		differs(v, run, "source: taken", ev.taken, e->w[3]);
	else if (ev.scanned != e->w[2])
		differs(v, run, "source: scanned", ev.scanned, e->w[2]);
	if (stepped && (base + ev.end != e->w[1] || ev.taken != e->w[3]))
		mm_compact_fix_source(v->mm, &run->cc, (uint32_t)(e->w[1] - base),
				      (uint32_t)e->w[3]);
}

static uint32_t target_start(const struct compact_run *run)
{
	return run->cc.around ? run->cc.block_start : run->cc.isolate_start;
}

static void at_target(struct verify *v, struct compact_run *run, const struct event *e)
{
	uint64_t base = v->mm->base_pfn;
	struct mm_compact_event ev;

	compact_settle(v, run);
	run->probed = 0;
	if (run->cc.at != MM_AT_TARGET)
		differs(v, run, "step", run->cc.at, MM_AT_TARGET);
	else if (target_start(run) != e->w[0] - base)
		differs(v, run, "target: start", base + target_start(run), e->w[0]);
	mm_compact_fix_target(v->mm, &run->cc, (uint32_t)(e->w[0] - base));
	step(v, run, &ev);
	if (base + ev.end != e->w[1])
		differs(v, run, "target: end", base + ev.end, e->w[1]);
	else if (ev.taken != e->w[3])
		differs(v, run, "target: taken", ev.taken, e->w[3]);
	else if (ev.scanned != e->w[2])
		differs(v, run, "target: scanned", ev.scanned, e->w[2]);
}

static void at_batch(struct verify *v, struct compact_run *run, const struct event *e)
{
	compact_flushed(v, run);
	compact_settle(v, run);
	if (run->cc.moved != e->w[0])
		differs(v, run, "batch: moved", run->cc.moved, e->w[0]);
	mm_compact_fix_batch(v->mm, &run->cc, (uint32_t)e->w[1]);
}

static void save_search(struct verify *v, const struct compact_run *run)
{
	struct task *task = verify_task(v, run->pid, false);

	if (!task)
		return;
	task->compact.search_order = run->cc.search_order;
	task->compact.fast_search_fail = run->cc.fast_search_fail;
	task->compact.whole_zone = run->cc.whole_zone;
}

void verify_compact_end(struct verify *v, const struct event *e)
{
	struct compact_run *run = compact_run_of(v, e->pid);
	struct task *task = verify_task(v, e->pid, true);
	struct mm_compact_event ev;

	if (!run)
		return;
	if (align(v, run, MM_AT_END)) {
		step(v, run, &ev);
		if (ev.result != e->w[5])
			differs(v, run, "end: result", ev.result, e->w[5]);
		if (v->mm->base_pfn + ev.start != e->w[1])
			differs(v, run, "end: migrate_pfn", v->mm->base_pfn + ev.start, e->w[1]);
		if (v->mm->base_pfn + ev.end != e->w[2])
			differs(v, run, "end: free_pfn", v->mm->base_pfn + ev.end, e->w[2]);
	} else {
		mm_compact_abandon(v->mm, &run->cc);
	}
	save_search(v, run);
	if (task)
		task->success_noted = e->w[5] != MM_COMPACT_SUCCESS;
	if (task && run->cc.capture && v->mm->capture.taken) {
		task->captured = (struct frame){v->mm->capture.frame};
		task->has_captured = true;
	}
	v->mm->capture = (struct mm_capture){0};
	run->in_use = false;
}

void verify_compact_abandon(struct verify *v)
{
	for (uint32_t i = 0; i < MM_COMPACT_SLOTS; i++) {
		struct compact_run *run = &v->runs[i];

		if (!run->in_use)
			continue;
		v->mm->cpu = run->cc.cpu;
		mm_compact_abandon(v->mm, &run->cc);
		run->in_use = false;
	}
	v->mm->capture = (struct mm_capture){0};
}

/* Do the inputs say when a target is asked for? */
bool compact_asks_seen(const struct verify *v)
{
	return v->opt->inputs == VERIFY_PROBES && v->t->kinds_seen[EV_P_COMPACT_ALLOC];
}

void verify_compact_event(struct verify *v, const struct event *e)
{
	struct compact_run *run = compact_run_of(v, e->pid);

	if (!run || event_context(e) != CTX_TASK)
		return;
	switch (e->kind) {
	case EV_COMPACT_FINISHED:
		at_finished(v, run, e);
		break;
	case EV_COMPACT_MIGRATE_ISOLATE:
		at_source(v, run, e);
		break;
	case EV_COMPACT_FREE_ISOLATE:
		at_target(v, run, e);
		break;
	case EV_COMPACT_MIGRATED:
		at_batch(v, run, e);
		break;
	case EV_SCHED_SWITCH:
		compact_left_cpu(v, run, e->w[2] == STATE_PREEMPTED);
		break;
	default:
		break;
	}
}

/* ---- frees by the compacting task ---- */

static bool owner_gone(struct verify *v, const struct compact_run *run, struct frame f)
{
	if (run->owners_start == UINT32_MAX || f.n < run->owners_start ||
	    f.n - run->owners_start >= 1u << v->mm->pageblock_order)
		return false;
	return look_task_gone(v, run->owners[f.n - run->owners_start]);
}

/*
 * Has its owner dropped the page while it was isolated? Probes know. A mapped page's new place goes
 * to its LRU list at once, before the old one is freed; an anonymous page that has none was mapped
 * by nobody any more [__migrate_folio_move]. Where the recording lacks insertions, the owner's exit
 * must do.
 */
static bool let_go(struct verify *v, struct compact_run *run, struct frame f)
{
	struct frame to = mm_compact_next_target(v->mm, &run->cc);
	uint32_t flags = mm_frame(v->mm, f)->flags;
	bool asked = run->asked;

	run->asked = false;
	if (compact_asks_seen(v))
		return !asked;
	if (flags & MM_F_LET_GO)
		return true;
	if (v->t->kinds_seen[EV_LRU_INSERT])
		return (flags & (MM_F_ANON | MM_F_SWAPCACHE)) == MM_F_ANON && !frame_is_none(to) &&
		       !(mm_frame(v->mm, to)->flags & MM_F_LRU);
	return owner_gone(v, run, f);
}

void verify_compact_asked(struct verify *v, const struct event *e)
{
	struct compact_run *run = compact_run_of(v, e->pid);

	if (!run)
		return;
	run->probed = 0;
	if (compact_asks_seen(v))
		compact_settle(v, run);
	run->asked = true;
}

/* An old frame whose contents have moved: where to is predicted, and marked to be confirmed by what
 * is seen of it. */
static void source_freed(struct verify *v, struct compact_run *run, struct frame from)
{
	struct frame to;
	bool inserted;

	compact_flushed(v, run);
	compact_settle(v, run);
	if (run->dest_freed) {
		run->dest_freed = run->asked = false;
		mm_compact_gone(v->mm, &run->cc, from);
		run->moved_pending = true;
		return;
	}
	/* Freed from under the compactor: it only drops the last reference [unmap_and_move]. */
	if (let_go(v, run, from)) {
		mm_compact_gone(v->mm, &run->cc, from);
		return;
	}
	to = mm_compact_next_target(v->mm, &run->cc);
	run->moved_pending = true;
	if (frame_is_none(to)) {
		differs(v, run, "no target held for", v->mm->base_pfn + from.n, 0);
		return;
	}
	/* Usually the new page waits in a per-cpu batch; where it filled the batch its insertion
	 * came just before. */
	inserted = mm_frame(v->mm, to)->flags & MM_F_LRU;
	mm_compact_move(v->mm, &run->cc, from);
	if (inserted) {
		v->res->migrations_confirmed++;
	} else {
		mm_frame(v->mm, to)->flags |= MM_F_MOVED_TO;
		mm_frame(v->mm, to)->flags &= ~MM_F_LRU;
		compact_await(run, to);
	}
}

static bool is_source(const struct compact_run *run, struct frame f, uint32_t order)
{
	return order == 0 && run->cc.nr_left && f.n >= run->source.n && f.n < run->source_end.n;
}

/* True when the free belongs to compaction itself and has been told to the run. */
void verify_compact_free(struct verify *v, const struct event *e, struct frame f)
{
	struct compact_run *run = compact_run_of(v, e->pid);

	if (!run || event_context(e) != CTX_TASK)
		return;
	if (is_source(run, f, (uint32_t)e->w[1])) {
		source_freed(v, run, f);
		return;
	}
	if (compact_dest_freed(v, run, f))
		return;
	pass_invisible(v, run, MM_AT_RELEASE);
	if (run->cc.at == MM_AT_RELEASE) {
		struct frame expected = mm_compact_release_next(v->mm, &run->cc);

		/* None: repairs took the pages that it would have given back. */
		if (expected.n != f.n)
			differs(v, run, "released page",
				frame_is_none(expected) ? UINT64_MAX : v->mm->base_pfn + expected.n,
				v->mm->base_pfn + f.n);
	}
}

bool verify_compact_drains(struct verify *v, const struct event *e, uint32_t zone)
{
	struct compact_run *run = compact_run_of(v, e->pid);

	if (!run || run->cc.zone != zone)
		return false;
	compact_settle(v, run);
	if (run->cc.at != MM_AT_DRAIN)
		return false;
	run->drain_seen = true;
	return true;
}
