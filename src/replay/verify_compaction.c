// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who compacts and when: requests, kcompactd's orders, suitability, deferral, begin and end of
 * runs. Each is predicted, compared with its event and brought to what the event says.
 */
#include "replay/verify.h"

#include <string.h>

#define NR_GFP_KERNEL (GFP_IO | GFP_FS | GFP_DIRECT_RECLAIM | GFP_KSWAPD_RECLAIM)
#define EXPLICIT_ORDER (-1)

static struct compactor *compactor_find(struct verify *v, uint32_t pid)
{
	for (uint32_t i = 0; i < MAX_COMPACTORS; i++)
		if (v->compactors[i].in_use && v->compactors[i].pid == pid)
			return &v->compactors[i];
	return NULL;
}

struct compactor *compactor_running(struct verify *v, const struct event *e)
{
	struct compactor *c = NULL;

	if (v->nr_running && event_context(e) == CTX_TASK)
		c = compactor_find(v, e->pid);

	return c && c->running ? c : NULL;
}

/* The task's record, or a new one in the place of one that does nothing. */
static struct compactor *compactor_get(struct verify *v, uint32_t pid)
{
	struct compactor *c = compactor_find(v, pid);

	for (uint32_t i = 0; i < MAX_COMPACTORS && !c; i++) {
		struct compactor *other = &v->compactors[(pid + i) % MAX_COMPACTORS];

		if (other->in_use && other->running)
			continue;
		c = other;
		memset(c, 0, sizeof(*c));
		c->pid = pid;
		c->in_use = true;
		c->asked_zone = UINT32_MAX;
	}
	return c;
}

static uint32_t free_slot(const struct verify *v)
{
	uint32_t used = 0, slot = 0;

	for (uint32_t i = 0; i < MAX_COMPACTORS; i++)
		if (v->compactors[i].running)
			used |= 1u << v->compactors[i].cc.slot;
	while (used & 1u << slot)
		slot++;
	return slot;
}

static uint32_t zone_of(const struct verify *v, uint64_t node, uint64_t index)
{
	for (uint32_t z = 0; z < v->mm->nr_zones; z++)
		if ((uint64_t)v->mm->zones[z].node == node &&
		    (uint64_t)v->mm->zones[z].index == index)
			return z;
	return UINT32_MAX;
}

void compaction_mismatch(struct verify *v, const struct compactor *c, const char *what,
			 uint64_t expected, uint64_t got)
{
	v->resynced = true;
	verify_mismatch(v, MISMATCH_COMPACTION, FRAME_NONE, FRAME_NONE,
			"compaction of order %d in zone %s: %s %#llx expected, %#llx seen",
			(int)c->cc.order,
			c->cc.zone < v->mm->nr_zones ? v->mm->zones[c->cc.zone].name : "?", what,
			(unsigned long long)expected, (unsigned long long)got);
}

/* ---- what for ---- */

static void direct_try(struct verify *v, const struct event *e)
{
	struct compactor *c = compactor_get(v, e->pid);

	if (!c || c->running)
		return;
	c->direct = true;
	c->kcompactd = false;
	c->resets = 0;
	c->asked_zone = UINT32_MAX;
	c->prio = (enum mm_compact_prio)e->w[2];
	c->rq = (struct mm_request){.cpu = e->cpu < v->mm->nr_cpus ? e->cpu : 0,
				    .order = (uint32_t)e->w[0],
				    .gfp = (uint32_t)e->w[1],
				    .type = mm_gfp_type((uint32_t)e->w[1]),
				    .pid = e->pid};
}

static void kcompactd_wake(struct verify *v, const struct event *e)
{
	struct compactor *c = compactor_get(v, e->pid);

	if (!c || c->running)
		return;
	c->direct = false;
	c->kcompactd = true;
	c->asked_zone = UINT32_MAX;
	c->order = (uint32_t)e->w[1];
	c->highest = (uint32_t)e->w[2];
	c->cc = (struct mm_compact_control){.order = (int32_t)c->order,
					    .search_order = (int16_t)c->order,
					    .highest = c->highest,
					    .mode = MM_MIGRATE_SYNC_LIGHT,
					    .gfp = NR_GFP_KERNEL};
}

/* ---- deferral ---- */

static void set_deferral(struct verify *v, const struct compactor *c, uint32_t zone,
			 const struct event *e)
{
	struct mm_zone *z = &v->mm->zones[zone];

	if (z->compact_considered != e->w[3])
		compaction_mismatch(v, c, "considered", z->compact_considered, e->w[3]);
	if (z->compact_defer_shift != e->w[4])
		compaction_mismatch(v, c, "defer_shift", z->compact_defer_shift, e->w[4]);
	if ((uint32_t)z->compact_order_failed != (uint32_t)e->w[5])
		compaction_mismatch(v, c, "order_failed", (uint32_t)z->compact_order_failed,
				    e->w[5]);
	z->compact_considered = (uint32_t)e->w[3];
	z->compact_defer_shift = (uint32_t)e->w[4];
	z->compact_order_failed = (int32_t)e->w[5];
}

static void deferral(struct verify *v, const struct event *e)
{
	struct compactor *c = compactor_get(v, e->pid);
	uint32_t zone = zone_of(v, e->w[0], e->w[1]);
	int32_t order = (int32_t)e->w[2];
	bool alloc_success;

	if (!c || zone == UINT32_MAX)
		return;
	if (e->kind == EV_COMPACT_DEFERRED) {
		c->asked_zone = zone;
		if (!mm_compaction_deferred(v->mm, zone, order))
			compaction_mismatch(v, c, "deferred", 0, 1);
	} else if (e->kind == EV_COMPACT_DEFER) {
		mm_defer_compaction(v->mm, zone, order);
	} else {
		/* After a successful run first "probably", then for sure [try_to_compact_pages,
		 * __alloc_pages_direct_compact]. */
		alloc_success = c->direct && (c->resets++ || c->cc.result != MM_COMPACT_SUCCESS);
		if (alloc_success)
			v->mm->zones[zone].compact_blockskip_flush = 0;
		mm_compaction_defer_reset(v->mm, zone, order, alloc_success);
	}
	set_deferral(v, c, zone, e);
}

/* ---- suitability ---- */

static uint32_t alloc_flags_of(const struct verify *v, const struct compactor *c)
{
	return c->direct ? mm_alloc_flags_slow(v->mm, &c->rq) : 0;
}

static uint32_t highest_of(const struct verify *v, const struct compactor *c, bool first)
{
	if (c->direct)
		return mm_gfp_zone(v->mm, c->rq.gfp);
	return first ? (uint32_t)v->mm->zones[c->asked_zone].index : c->highest;
}

static bool is_compacting_for(const struct compactor *c, int32_t order)
{
	return c && !c->running &&
	       ((c->direct && order == (int32_t)c->rq.order) ||
		(c->kcompactd && order == (int32_t)c->order));
}

static void suitable(struct verify *v, const struct event *e)
{
	struct compactor *c = compactor_find(v, e->pid);
	uint32_t zone = zone_of(v, e->w[0], e->w[1]);
	int32_t order = (int32_t)e->w[2];
	enum mm_compact_result expected;
	bool first;

	if (c && order == EXPLICIT_ORDER && !c->running) {
		c->direct = c->kcompactd = false;
		c->asked_zone = UINT32_MAX;
	}
	if (zone == UINT32_MAX || event_context(e) != CTX_TASK || !is_compacting_for(c, order))
		return;
	first = c->asked_zone != zone;
	c->asked_zone = c->cc.zone = zone;
	if (first && !(c->direct && c->prio == MM_COMPACT_PRIO_SYNC_FULL) &&
	    mm_compaction_deferred(v->mm, zone, order)) {
		compaction_mismatch(v, c, "deferred", 1, 0);
		v->mm->zones[zone].compact_considered = 1u
							<< v->mm->zones[zone].compact_defer_shift;
	}
	expected = mm_compaction_suitable(v->mm, zone, order, alloc_flags_of(v, c),
					  highest_of(v, c, first));
	if (expected != e->w[3])
		compaction_mismatch(v, c, "suitable", expected, e->w[3]);
}

/* ---- begin and end ---- */

static uint32_t zone_from_start(const struct verify *v, uint64_t pfn)
{
	for (uint32_t z = 0; z < v->mm->nr_zones; z++)
		if (v->mm->zones[z].start + v->mm->base_pfn == pfn)
			return z;
	return UINT32_MAX;
}

static void direct_control(struct verify *v, struct compactor *c)
{
	bool full = c->prio == MM_COMPACT_PRIO_SYNC_FULL;

	c->cc = (struct mm_compact_control){
		.order = (int32_t)c->rq.order,
		.search_order = (int16_t)c->rq.order,
		.gfp = c->rq.gfp,
		.alloc_flags = alloc_flags_of(v, c),
		.highest = highest_of(v, c, true),
		.direct = true,
		.mode = c->prio == MM_COMPACT_PRIO_ASYNC ? MM_MIGRATE_ASYNC : MM_MIGRATE_SYNC_LIGHT,
		.whole_zone = full,
		.ignore_skip_hint = full,
		.ignore_block_suitable = full,
		.capture = true,
	};
	c->capture = (struct mm_capture){.active = 1, .order = c->rq.order};
}

/* By hand, or kcompactd on its own account; both work through the zones from the lowest with one
 * control. */
static void whole_control(struct verify *v, struct compactor *c, uint32_t zone)
{
	bool proactive = !strncmp(trace_comm(v->t, c->pid), "kcompactd", 9);

	if (zone && v->mm->zones[zone - 1].node == v->mm->zones[zone].node &&
	    c->cc.order == EXPLICIT_ORDER)
		return;
	c->cc = (struct mm_compact_control){
		.order = EXPLICIT_ORDER,
		.gfp = NR_GFP_KERNEL,
		.whole_zone = true,
		.ignore_skip_hint = true,
		.mode = proactive ? MM_MIGRATE_SYNC_LIGHT : MM_MIGRATE_SYNC,
		.proactive = proactive,
		.proactiveness = (uint32_t)manifest_get_i64(
			&v->c->manifest, "sysctl.vm.compaction_proactiveness", 20),
	};
}

static void check_start(struct verify *v, struct compactor *c, const struct event *e)
{
	uint64_t base = v->mm->base_pfn;

	if (c->cc.migrate + base != e->w[1])
		compaction_mismatch(v, c, "migrate_pfn", c->cc.migrate + base, e->w[1]);
	if (c->cc.free + base != e->w[2])
		compaction_mismatch(v, c, "free_pfn", c->cc.free + base, e->w[2]);
	c->cc.migrate = (uint32_t)(e->w[1] - base);
	c->cc.free = (uint32_t)(e->w[2] - base);
}

static void begin(struct verify *v, const struct event *e)
{
	struct compactor *c = compactor_get(v, e->pid);
	uint32_t zone = zone_from_start(v, e->w[0]), slot = free_slot(v);
	bool asked = c && c->asked_zone == zone;

	if (!c || zone == UINT32_MAX || slot >= MM_COMPACT_SLOTS || c->running)
		return;
	if (asked && c->direct)
		direct_control(v, c);
	else if (!asked || !c->kcompactd)
		whole_control(v, c, zone);
	c->cc.zone = c->capture.zone = zone;
	c->cc.cpu = e->cpu < v->mm->nr_cpus ? e->cpu : 0;
	c->cc.slot = slot;
	c->running = true;
	v->nr_running++;
	c->next_page = c->early = false;
	c->resets = 0;
	mm_compact_begin_suitable(v->mm, &c->cc);
	check_start(v, c, e);
}

static void end(struct verify *v, const struct event *e)
{
	struct compactor *c = compactor_running(v, e);
	uint64_t base = v->mm->base_pfn;
	struct frame f;

	if (!c)
		return;
	if (c->cc.at == MM_AT_DRAIN)
		mm_compact_drained(v->mm, &c->cc);
	if (c->cc.at != MM_AT_END)
		compaction_mismatch(v, c, "step", c->cc.at, MM_AT_END);
	if (c->cc.result != e->w[5])
		compaction_mismatch(v, c, "result", c->cc.result, e->w[5]);
	if (c->cc.migrate + base != e->w[1])
		compaction_mismatch(v, c, "migrate_pfn at the end", c->cc.migrate + base, e->w[1]);
	if (c->cc.free + base != e->w[2])
		compaction_mismatch(v, c, "free_pfn at the end", c->cc.free + base, e->w[2]);
	c->cc.result = (uint32_t)e->w[5];
	mm_compact_abandon(v->mm, &c->cc);
	c->running = false;
	v->nr_running--;
	if (c->cc.capture && v->mm->capture.taken) {
		f = (struct frame){v->mm->capture.frame};
		verify_predict(v, f);
		verify_expect_page(v, e, f, c->rq.order);
		v->res->captures++;
	}
	memset(&c->capture, 0, sizeof(c->capture));
	memset(&v->mm->capture, 0, sizeof(v->mm->capture));
	v->capturer = 0;
}

void verify_compaction(struct verify *v, const struct event *e)
{
	switch (e->kind) {
	case EV_COMPACT_TRY:
		direct_try(v, e);
		break;
	case EV_KCOMPACTD_WAKE:
		kcompactd_wake(v, e);
		break;
	case EV_COMPACT_DEFERRED:
	case EV_COMPACT_DEFER:
	case EV_COMPACT_DEFER_RESET:
		deferral(v, e);
		break;
	case EV_COMPACT_SUITABLE:
		suitable(v, e);
		break;
	case EV_COMPACT_BEGIN:
		begin(v, e);
		break;
	case EV_COMPACT_END:
		end(v, e);
		break;
	default:
		verify_compaction_step(v, e);
		break;
	}
}
