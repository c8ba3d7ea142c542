// SPDX-License-Identifier: GPL-2.0-only
/* verify: one pass over the recording, predicting every page frame number before looking at it. */
#include "replay/verify.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PROGRESS_EVERY 65536

const char *mismatch_name(enum mismatch m)
{
	static const char *const names[] = {
		[MISMATCH_ZONE_HEAD] = "zone_head",	[MISMATCH_ZONE_CHOICE] = "zone_choice",
		[MISMATCH_LIST_TYPE] = "list_type",	[MISMATCH_FALLBACK] = "fallback",
		[MISMATCH_EXTRA_OP] = "extra_op",	[MISMATCH_MISSING_OP] = "missing_op",
		[MISMATCH_PCP_HEAD] = "pcp_head",	[MISMATCH_PCP_ELSEWHERE] = "pcp_elsewhere",
		[MISMATCH_NOT_FREE] = "not_free",	[MISMATCH_DRAIN_PAGE] = "drain_page",
		[MISMATCH_DRAIN_START] = "drain_start", [MISMATCH_FREE_OF_FREE] = "free_of_free",
		[MISMATCH_CAPTURE] = "capture",		[MISMATCH_COMPACTION] = "compaction",
		[MISMATCH_TARGET] = "target",
	};

	return names[m];
}

static uint64_t pfn_or_none(const struct verify *v, struct frame f)
{
	return frame_is_none(f) ? UINT64_MAX : pfn_from_frame(v->mm, f).n;
}

void verify_mismatch(struct verify *v, enum mismatch kind, struct frame expected, struct frame got,
		     const char *fmt, ...)
{
	struct verify_result *r = v->res;
	struct verify_mismatch *m;
	va_list ap;

	r->mismatches[kind]++;
	if (r->nr_shown >= v->opt->max_shown || r->nr_shown >= VERIFY_MAX_SHOWN)
		return;
	m = &r->shown[r->nr_shown++];
	m->kind = kind;
	m->event = v->i;
	m->time = v->t->events[v->i].time - v->t->events[0].time;
	m->expected = pfn_or_none(v, expected);
	m->got = pfn_or_none(v, got);
	va_start(ap, fmt);
	vsnprintf(m->text, sizeof(m->text), fmt, ap);
	va_end(ap);
}

void verify_predict(struct verify *v, struct frame f)
{
	struct verify_result *r = v->res;

	if (v->resynced || (v->opt->hash_predictions && r->predictions == v->opt->hash_predictions))
		return;
	r->predictions++;
	r->prediction_hash = hash_bytes(&f.n, sizeof(f.n), r->prediction_hash);
}

bool verify_known(const struct verify *v, struct frame f)
{
	return !v->known || v->known[f.n];
}

/* ---- what else the recording tells ---- */

static bool zone_balanced(const struct mm_zone *z, uint32_t node, uint32_t highest)
{
	return (uint32_t)z->node == node && (uint32_t)z->index <= highest;
}

static void set_reclaim_active(struct verify *v, uint32_t node, uint32_t highest, bool active)
{
	for (uint32_t z = 0; z < v->mm->nr_zones; z++) {
		if (!zone_balanced(&v->mm->zones[z], node, highest))
			continue;
		if (active)
			v->mm->zones[z].flags |= MM_ZONE_RECLAIM_ACTIVE;
		else
			v->mm->zones[z].flags &= ~MM_ZONE_RECLAIM_ACTIVE;
	}
}

/* balance_pgdat: only zones up to the highest; boosts found at its start are taken back at its end
 * [vmscan.c, 6.1]. */
static void balance_begin(struct verify *v, uint64_t node, uint64_t highest)
{
	if (node >= v->mm->nr_nodes)
		return;
	for (uint32_t z = 0; z < v->mm->nr_zones; z++)
		v->boost[node].boost[z] = v->mm->zones[z].boost;
	v->boost[node].active = true;
	v->boost[node].highest =
		highest < MM_ZONES_PER_NODE ? (uint32_t)highest : MM_ZONES_PER_NODE;
	set_reclaim_active(v, (uint32_t)node, v->boost[node].highest, true);
}

/* The state may be of the middle of a round: a flight recorder takes it at any time. */
static void balance_begun_before(struct verify *v)
{
	for (uint32_t z = 0; z < v->mm->nr_zones; z++)
		if (v->mm->zones[z].flags & MM_ZONE_RECLAIM_ACTIVE)
			balance_begin(v, (uint64_t)v->mm->zones[z].node,
				      (uint64_t)v->mm->zones[z].index);
}

static void balance_end(struct verify *v, uint64_t node)
{
	struct boost_note *note;

	if (node >= v->mm->nr_nodes || !v->boost[node].active)
		return;
	note = &v->boost[node];
	note->active = false;
	set_reclaim_active(v, (uint32_t)node, note->highest, false);
	for (uint32_t z = 0; z < v->mm->nr_zones; z++) {
		struct mm_zone *zone = &v->mm->zones[z];

		if (zone_balanced(zone, (uint32_t)node, note->highest))
			zone->boost -= note->boost[z] < zone->boost ? note->boost[z] : zone->boost;
	}
}

/* kswapdN belongs to node N; its return probe does not say. */
static uint32_t node_of_kswapd(const struct verify *v, uint32_t pid)
{
	const char *comm = trace_comm(v->t, pid);
	uint64_t node = 0;

	return !strncmp(comm, "kswapd", 6) && parse_u64(comm + 6, &node) ? (uint32_t)node : 0;
}

/* __isolate_free_page, as its probe events tell: input of --inputs=probes. */
static void isolated_by_probe(struct verify *v, const struct event *e)
{
	const struct event *ret = NULL;
	struct frame f = frame_from_pfn(v->mm, (struct pfn){e->w[0]});
	uint32_t order = (uint32_t)e->w[1], zone;

	for (uint64_t j = v->i + 1; j < v->last && j < v->i + 64 && !ret; j++)
		if (v->t->events[j].kind == EV_P_ISOLATE_FREE_RET && v->t->events[j].pid == e->pid)
			ret = &v->t->events[j];
	if (!ret || !ret->w[0] || frame_is_none(f))
		return;
	zone = mm_frame_zone(v->mm, f);
	if (!mm_on_buddy_list(v->mm, f) || mm_frame(v->mm, f)->order != order) {
		verify_mismatch(v, MISMATCH_NOT_FREE, FRAME_NONE, f, "compaction isolated order %u",
				order);
		repair_take_from_zone(v, f, order, MM_MOVABLE);
		mm_mod_free(v->mm, zone, e->cpu, -(1 << order));
		return;
	}
	v->mm->cpu = e->cpu;
	mm_take(v->mm, f, order, order, MM_MOVABLE);
	mm_mod_free(v->mm, zone, e->cpu, -(1 << order));
	if (order + 1 < v->mm->pageblock_order)
		return;
	for (uint32_t n = f.n; n < f.n + (1u << order); n += 1u << v->mm->pageblock_order)
		if (mm_block_type(v->mm, (struct frame){n}) < MM_NR_PCP_TYPES)
			mm_set_block_type(v->mm, (struct frame){n}, MM_MOVABLE);
}

static void task_state(struct verify *v, const struct event *e)
{
	struct task *task = verify_task(v, e->pid, true);

	if (!task)
		return;
	switch (e->kind) {
	case EV_COMPACT_BEGIN:
		task->in_compaction = true;
		break;
	case EV_COMPACT_END:
		task->in_compaction = false;
		task->drain_allowed = true;
		break;
	case EV_RECLAIM_BEGIN:
		task->in_reclaim = task->slow = true;
		task->reclaim_order = (uint32_t)e->w[0];
		task->reclaim_gfp = (uint32_t)e->w[1];
		break;
	case EV_RECLAIM_END:
		/* Progress but no page: everything is drained, then one more try
		 * [__alloc_pages_direct_reclaim]. */
		task->in_reclaim = false;
		task->drain_due = e->w[0] && verify_reclaim_fails(v, e, task);
		break;
	case EV_COMPACT_TRY:
	case EV_KSWAPD_WAKEUP:
		if (event_context(e) == CTX_TASK && !task->in_reclaim)
			task->slow = true;
		break;
	default:
		break;
	}
}

static bool is_probe(uint8_t kind)
{
	return kind >= EV_P_BULK && kind <= EV_P_WRITEBACK_END;
}

/* Ends operations that the event @e shows to be over: under a zone's lock nothing else can happen
 * on that CPU. */
static void close_ops(struct verify *v, const struct event *e)
{
	for (uint32_t z = 0; z < v->mm->nr_zones; z++) {
		struct zone_op *op = &v->ops[z];

		if (op->kind == OP_NONE || op->cpu != e->cpu || is_probe(e->kind))
			continue;
		if (op->kind == OP_REFILL || op->kind == OP_DIRECT) {
			if (e->kind != EV_ZONE_LOCKED && e->kind != EV_EXTFRAG)
				verify_refill_end(v, z);
		} else if (e->kind != EV_PCPU_DRAIN) {
			/* Decided but not begun: an interrupt may still come between. */
			if (!op->fresh || (event_context(e) <= op->ctx && e->pid == op->pid))
				verify_drain_end(v, z);
		}
	}
}

static void task_moves_on(struct verify *v, const struct event *e)
{
	struct task *task;

	if (event_context(e) != CTX_TASK || e->kind == EV_PCPU_DRAIN ||
	    e->kind == EV_SCHED_SWITCH || is_probe(e->kind))
		return;
	task = verify_task(v, e->pid, false);
	if (!task)
		return;
	task->folds = false;
	if (e->kind != EV_FREE_BATCHED)
		task->batch_run = 0;
	if (e->kind != EV_COMPACT_END)
		task->drain_allowed = false;
	if (e->kind != EV_RECLAIM_END)
		task->drain_due = false;
	if (e->kind == EV_ALLOC && !task->in_reclaim)
		task->slow = false;
	if (e->kind != EV_FREE && e->kind != EV_ALLOC)
		task->exact_order = 0;
}

static void do_event(struct verify *v, const struct event *e)
{
	if (e->kind == EV_SCHED_SWITCH)
		verify_leaves(v, e);
	close_ops(v, e);
	switch (e->kind) {
	case EV_ZONE_LOCKED:
		verify_zone_locked(v, e);
		break;
	case EV_EXTFRAG:
		verify_extfrag(v, e);
		break;
	case EV_ALLOC:
		verify_stack_alloc(v, e);
		verify_alloc(v, e);
		break;
	case EV_FREE:
		verify_stack_free(v, e);
		verify_free(v, e);
		break;
	case EV_FREE_BATCHED:
		verify_free_batched(v, e);
		break;
	case EV_PCPU_DRAIN:
		verify_drain(v, e);
		break;
	case EV_LRU_INSERT:
		verify_lru_insert(v, e);
		break;
	case EV_LRU_ISOLATE:
		verify_lru_isolate(v, e);
		break;
	case EV_FILE_DELETE:
		verify_page_flag(v, e, MM_F_LET_GO);
		break;
	case EV_P_WMARKS:
		mm_set_min_free(v->mm, (uint32_t)e->w[0],
				(uint32_t)manifest_get_i64(&v->c->manifest,
							   "sysctl.vm.watermark_scale_factor", 10));
		break;
	case EV_WRITEPAGE:
		verify_writepage(v, e);
		break;
	case EV_P_WRITEBACK:
		verify_writeback(v, e);
		break;
	case EV_P_WRITEBACK_END:
		verify_writeback_end(v, e);
		break;
	case EV_P_BULK:
		verify_bulk(v, e);
		break;
	case EV_P_BULK_RET:
		verify_bulk_end(v, e);
		break;
	case EV_P_BALANCE:
		balance_begin(v, e->w[0], e->w[2]);
		break;
	case EV_P_BALANCE_RET:
		balance_end(v, node_of_kswapd(v, e->pid));
		verify_compact_kswapd_sleeps(v, e, node_of_kswapd(v, e->pid),
					     v->boost[node_of_kswapd(v, e->pid)].highest);
		break;
	case EV_KSWAPD_WAKE:
		verify_kswapd_state(v, e);
		if (!v->have_balance)
			balance_begin(v, e->w[0], e->w[1]);
		break;
	case EV_KSWAPD_SLEEP:
		verify_kswapd_state(v, e);
		if (!v->have_balance)
			balance_end(v, e->w[0]);
		break;
	case EV_P_CONTIG:
		verify_contig(v, e);
		break;
	case EV_P_DECAY:
		verify_decay(v, e);
		break;
	case EV_P_FOLD:
		verify_fold(v, e);
		break;
	case EV_P_ISOLATE_FREE:
		if (v->opt->inputs == VERIFY_PROBES && !compact_run_of(v, e->pid))
			isolated_by_probe(v, e);
		compact_probed(v, e);
		break;
	case EV_COMPACT_BEGIN:
	case EV_COMPACT_END:
	case EV_RECLAIM_BEGIN:
	case EV_RECLAIM_END:
	case EV_COMPACT_TRY:
	case EV_KSWAPD_WAKEUP:
		verify_kswapd_state(v, e);
		task_state(v, e);
		verify_compact_note(v, e);
		if (e->kind == EV_COMPACT_BEGIN)
			verify_compact_begin(v, e);
		else if (e->kind == EV_COMPACT_END)
			verify_compact_end(v, e);
		break;
	case EV_KCOMPACTD_WAKE:
	case EV_KCOMPACTD_SLEEP:
	case EV_COMPACT_SUITABLE:
		verify_compact_note(v, e);
		break;
	case EV_COMPACT_FINISHED:
	case EV_COMPACT_MIGRATE_ISOLATE:
	case EV_COMPACT_FREE_ISOLATE:
	case EV_COMPACT_MIGRATED:
	case EV_SCHED_SWITCH:
		verify_bulk_switch(v, e);
		verify_kswapd_state(v, e);
		verify_compact_event(v, e);
		break;
	case EV_COMPACT_DEFER:
	case EV_COMPACT_DEFERRED:
	case EV_COMPACT_DEFER_RESET:
		verify_compact_defer(v, e);
		break;
	case EV_P_COMPACT_ALLOC:
		verify_compact_asked(v, e);
		break;
	case EV_P_COMPACT_ALLOC_RET:
		verify_compact_truth(v, e);
		break;
	default:
		break;
	}
	task_moves_on(v, e);
	if (v->nr_away)
		verify_is_back(v, e);
}

/* The round ended because the node is balanced again, whatever order it has come down to. */
static void end_inferred_round(struct verify *v, const struct event *e)
{
	uint32_t node = node_of_kswapd(v, e->pid);

	if (!v->boost[node].active)
		return;
	balance_end(v, node);
	verify_compact_kswapd_sleeps(v, e, node, v->boost[node].highest);
}

/* A compacting task keeps pages that merge while it runs; so capture follows the task. */
static void replay_event(struct verify *v, const struct event *e)
{
	struct compact_run *run = compact_run_of(v, e->pid);

	infer_switch(v, e);
	if (!run) {
		do_event(v, e);
		if (v->look[v->i] & LOOK_ROUND_END)
			end_inferred_round(v, e);
		return;
	}
	verify_compact_switch_in(v, e);
	do_event(v, e);
	verify_compact_switch_out(v, e);
	if (is_probe(e->kind))
		return;
	run->due = e->flags & EVF_NEED_RESCHED;
	run->drained = e->kind == EV_PCPU_DRAIN;
}

/* ---- the range to replay: between the snapshots ---- */

static void describe(struct verify *v)
{
	struct verify_result *r = v->res;

	capture_kernel_release(v->c, v->t, r->release, sizeof(r->release));
	snprintf(r->era, sizeof(r->era), "%s", mm_era_name(v->mm->era_index));
	mm_era_find(r->release, &r->era_exact);
	snprintf(r->arch, sizeof(r->arch), "%.31s", v->c->manifest.arch);
	snprintf(r->initial_state, sizeof(r->initial_state), "%s",
		 snap_level_name(v->c->start.level));
	snprintf(r->inputs, sizeof(r->inputs), "%s",
		 v->opt->inputs == VERIFY_PROBES ? "probes"
		 : v->opt->inputs == VERIFY_CORE ? "core"
						 : "events");
	snprintf(r->end_snapshot, sizeof(r->end_snapshot), "none");
	r->cpus = v->mm->nr_cpus;
	r->lost_events = v->t->defects.lost;
	r->events = v->last - v->first;
}

static int replay_all(struct verify *v, struct error *err)
{
	struct timespec t0, t1;

	clock_gettime(CLOCK_MONOTONIC, &t0);
	for (v->i = v->first; v->i < v->last; v->i++) {
		verify_checkpoints_at(v);
		replay_event(v, &v->t->events[v->i]);
		if (v->opt->paranoid && v->i % v->opt->paranoid == 0 && mm_validate(v->mm, err))
			return error_prefix(err, "event %" PRIu64, v->i);
		if (v->i % PROGRESS_EVERY == 0)
			progress_update(v->opt->progress, "verify", v->i - v->first,
					v->last - v->first);
	}
	for (uint32_t z = 0; z < v->mm->nr_zones; z++) {
		v->i = v->last ? v->last - 1 : 0;
		verify_refill_end(v, z);
		verify_drain_end(v, z);
	}
	clock_gettime(CLOCK_MONOTONIC, &t1);
	v->res->seconds =
		(double)(t1.tv_sec - t0.tv_sec) + 1e-9 * (double)(t1.tv_nsec - t0.tv_nsec);
	return 0;
}

static int run(struct verify *v, struct error *err)
{
	recording_range(v->c, v->t, &v->first, &v->last);
	if (v->until && v->until < v->last)
		v->last = v->until;
	describe(v);
	v->have_balance = v->t->kinds_seen[EV_P_BALANCE] > 0;
	v->have_fold = v->t->kinds_seen[EV_P_FOLD] > 0;
	if (v->c->start.level != SNAP_EXACT) {
		v->known = calloc(v->mm->nr_frames, 1);
		if (!v->known)
			return error_set(err, "no memory to note what is known of each frame");
	}
	balance_begun_before(v);
	verify_checkpoints_init(v);
	verify_preempt_init(v);
	v->wb_ring = calloc(WB_RING, sizeof(*v->wb_ring));
	v->wb_times = calloc(WB_RING, sizeof(*v->wb_times));
	if (!v->wb_ring || !v->wb_times)
		return error_set(err, "no memory");
	for (uint32_t z = 0; z < v->mm->nr_zones; z++)
		memcpy(v->start_marks[z], v->mm->zones[z].wmark, sizeof(v->start_marks[z]));
	if (look_prepare(v, err) || infer_rounds(v, err) || replay_all(v, err))
		return -1;
	v->res->state_hash = mm_hash(v->mm);
	if (v->until)
		return 0;
	return v->c->end.level == SNAP_EXACT ? verify_compare_end(v, err) : 0;
}

static void verify_free_all(struct verify *v)
{
	look_release(v);
	verify_checkpoints_release(v);
	mm_free(v->mm);
	free(v->known);
	free(v->kswapd_pid);
	free(v->wb_ring);
	free(v->wb_times);
	free(v);
}

static int verify_trace(const struct capture *c, const struct trace *t,
			const struct verify_options *opt, struct verify_result *out,
			struct error *err)
{
	struct build_options build = {0};
	struct verify *v = calloc(1, sizeof(*v));
	int ret = -1;

	memset(out, 0, sizeof(*out));
	if (!v)
		return error_set(err, "no memory");
	v->c = c;
	v->t = t;
	v->opt = opt;
	v->res = out;
	v->mm = machine_build(c, t, &build, err);
	if (v->mm)
		ret = run(v, err);
	verify_free_all(v);
	return ret;
}

int verify_run(const struct capture *c, const struct trace *t, const struct verify_options *opt,
	       struct verify_result *out, struct error *err)
{
	struct trace core;
	int ret;

	if (opt->inputs != VERIFY_CORE)
		return verify_trace(c, t, opt, out, err);
	if (infer_hide(t, &core, err))
		return -1;
	ret = verify_trace(c, &core, opt, out, err);
	free((void *)core.events);
	return ret;
}

struct mm *verify_until(const struct capture *c, const struct trace *t, uint64_t n,
			struct error *err)
{
	struct build_options build = {0};
	struct verify_options opt = {0};
	struct verify *v = calloc(1, sizeof(*v));
	struct verify_result *res = calloc(1, sizeof(*res));
	struct mm *mm = NULL;

	if (v && res) {
		v->c = c;
		v->t = t;
		v->opt = &opt;
		v->res = res;
		v->until = n ? n : 1;
		v->mm = machine_build(c, t, &build, err);
		if (v->mm && !run(v, err)) {
			verify_compact_abandon(v);
			mm = v->mm;
			v->mm = NULL;
		}
		verify_free_all(v);
	} else {
		error_set(err, "no memory");
		free(v);
	}
	free(res);
	return mm;
}
