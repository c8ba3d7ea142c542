// SPDX-License-Identifier: GPL-2.0-only
/*
 * What probe events and sched_switch would tell, inferred where a recording has none
 * (`capture --events=core`): when kswapd's round ends, that a task has left the CPU, and watermarks
 * that changed.
 */
#include "replay/verify.h"

#include <stdlib.h>
#include <string.h>

/* ---- --inputs=core ---- */

static bool is_core(const struct event *e)
{
	return e->kind != EV_SCHED_SWITCH && (e->kind < EV_P_BULK || e->kind > EV_P_WRITEBACK_END);
}

int infer_hide(const struct trace *t, struct trace *core, struct error *err)
{
	struct event *events = malloc((t->nr ? t->nr : 1) * sizeof(*events));

	if (!events)
		return error_set(err, "no memory for a copy of the core events");
	*core = *t;
	core->events = events;
	core->nr = 0;
	for (uint64_t i = 0; i < t->nr; i++)
		if (is_core(&t->events[i]))
			events[core->nr++] = t->events[i];
	core->kinds_seen[EV_SCHED_SWITCH] = 0;
	for (int kind = EV_P_BULK; kind <= EV_P_WRITEBACK_END; kind++)
		core->kinds_seen[kind] = 0;
	return 0;
}

/* ---- kswapd's rounds ---- */

static bool is_round_edge(uint8_t kind)
{
	return kind == EV_KSWAPD_WAKE || kind == EV_KSWAPD_SLEEP;
}

/*
 * kswapd says when it begins a round and when it goes to sleep for good, and takes a nap between
 * the two [kswapd, kswapd_try_to_sleep]. balance_pgdat() ends with the last thing that is seen of
 * it before either.
 */
int infer_rounds(struct verify *v, struct error *err)
{
	uint8_t next[MM_MAX_NODES] = {0};

	if (v->have_balance)
		return 0;
	v->kswapd_pid = calloc(MM_MAX_NODES, sizeof(*v->kswapd_pid));
	if (!v->kswapd_pid)
		return error_set(err, "no memory");
	for (size_t i = 0; i < v->t->nr_comms; i++) {
		uint64_t node;

		if (!strncmp(v->t->comms[i].comm, "kswapd", 6) &&
		    parse_u64(v->t->comms[i].comm + 6, &node) && node < MM_MAX_NODES)
			v->kswapd_pid[node] = v->t->comms[i].pid;
	}
	for (uint64_t i = v->last; i-- > v->first;) {
		const struct event *e = &v->t->events[i];

		if (event_context(e) != CTX_TASK || e->kind == EV_SCHED_SWITCH)
			continue;
		for (uint32_t node = 0; node < v->mm->nr_nodes; node++) {
			if (!v->kswapd_pid[node] || v->kswapd_pid[node] != e->pid)
				continue;
			if (is_round_edge(next[node]))
				v->look[i] |= LOOK_ROUND_END;
			next[node] = e->kind;
		}
	}
	return 0;
}

/* ---- other tasks ---- */

void infer_switch(struct verify *v, const struct event *e)
{
	struct compact_run *run;

	if (v->t->kinds_seen[EV_SCHED_SWITCH] || event_context(e) != CTX_TASK)
		return;
	for (uint32_t i = 0; i < MM_COMPACT_SLOTS; i++) {
		run = &v->runs[i];
		if (run->in_use && run->on_cpu && run->pid != e->pid && run->cc.cpu == e->cpu) {
			run->on_cpu = false;
			compact_left_cpu(v, run, true);
		}
	}
	run = compact_run_of(v, e->pid);
	if (run)
		run->on_cpu = true;
}

/* ---- free pages that are counted, but not yet in the zone's counter ---- */

static bool has_diffs(const struct mm *mm, uint32_t cpu)
{
	for (uint32_t z = 0; z < mm->nr_zones; z++)
		if (mm_pcp(mm, z, cpu)->free_diff)
			return true;
	return false;
}

/*
 * A CPU's differences are folded into the zones' counters by time [vmstat_update, once a second;
 * quiet_vmstat, when it is idle]. Without the probe p_fold that is seen only where a zone choice
 * rests on it: the first such choice is wrong and teaches it. (Folding once a second by the clock,
 * whose place in the second is unknown, was tried: it is wrong more often.)
 */
void infer_fold(struct verify *v, const struct mm_request *rq, enum context ctx,
		const struct choice *ch, uint32_t zone)
{
	int32_t diffs[MM_MAX_ZONES];
	struct choice folded;

	if (v->have_fold || !has_diffs(v->mm, rq->cpu))
		return;
	for (uint32_t z = 0; z < v->mm->nr_zones; z++)
		diffs[z] = mm_pcp(v->mm, z, rq->cpu)->free_diff;
	mm_fold_diffs(v->mm, rq->cpu);
	choice_make(v, rq, ctx, false, &folded);
	v->res->zone_undetermined += folded.zone != ch->zone;
	if (folded.zone != ch->zone && folded.zone == zone)
		return;
	for (uint32_t z = 0; z < v->mm->nr_zones; z++) {
		v->mm->zones[z].free_global -= diffs[z];
		mm_pcp(v->mm, z, rq->cpu)->free_diff = diffs[z];
	}
}

/* ---- watermarks ---- */

static const struct snap_zone *zone_at_end(const struct verify *v, uint32_t zone)
{
	const struct snapshot *s = &v->c->end;

	for (size_t i = 0; i < s->nr_zones; i++)
		if (s->zones[i].node == v->mm->zones[zone].node &&
		    s->zones[i].index == v->mm->zones[zone].index)
			return &s->zones[i];
	return NULL;
}

static bool marks_differ(const struct verify *v, uint32_t zone)
{
	const struct snap_zone *z = zone_at_end(v, zone);

	return z && z->wmark[MM_WMARK_LOW] != UINT64_MAX &&
	       z->wmark[MM_WMARK_LOW] != v->mm->zones[zone].wmark[MM_WMARK_LOW];
}

static void take_marks(struct verify *v, uint32_t zone)
{
	const struct snap_zone *z = zone_at_end(v, zone);
	uint32_t marks[MM_NR_WMARK];

	if (!z)
		return;
	for (int i = 0; i < MM_NR_WMARK; i++)
		marks[i] = z->wmark[i] == UINT64_MAX ? 0 : (uint32_t)z->wmark[i];
	mm_set_wmarks(v->mm, zone, marks);
}

bool infer_wmarks(struct verify *v, uint32_t zone, uint32_t cpu, bool drained)
{
	struct mm_pcp *pcp = mm_pcp(v->mm, zone, cpu), saved = *pcp;
	bool explains;

	if (v->wmarks_inferred || v->t->kinds_seen[EV_P_WMARKS] || !marks_differ(v, zone))
		return false;
	take_marks(v, zone);
	explains = drained ? pcp->high < saved.high && pcp->high <= pcp->count
			   : pcp->high > saved.high && pcp->high > pcp->count;
	if (!explains) {
		mm_set_wmarks(v->mm, zone, v->start_marks[zone]);
		*pcp = saved;
		return false;
	}
	for (uint32_t z = 0; z < v->mm->nr_zones; z++)
		take_marks(v, z);
	v->wmarks_inferred = true;
	v->res->resyncs++;
	v->resynced = true;
	return true;
}
