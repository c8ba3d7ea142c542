// SPDX-License-Identifier: GPL-2.0-only
#include "policies/common.h"
#include "policies/registry.h"

enum { MODE, DEFERRAL, MIN_ORDER, EXTFRAG_THRESHOLD, RECLAIM, KSWAPD };
enum { MODE_FULL, MODE_LIGHT, MODE_2635 };
enum { RECLAIM_SINGLE, RECLAIM_LUMPY };

static const char *const modes[] = {"full", "light", "2.6.35", NULL};
static const char *const reclaims[] = {"single", "lumpy", NULL};

static const struct param_desc params[] = {
	[MODE] =
		{.name = "mode",
		 .type = PARAM_CHOICE,
		 .def = MODE_FULL,
		 .choices = modes,
		 .help = "full: 6.1's scanners from one end of the zone to the other; light: from "
			 "the cached positions, minding skip hints; 2.6.35: the scanners of 2.6.35"},
	[DEFERRAL] = {.name = "deferral",
		      .type = PARAM_BOOL,
		      .def = 0,
		      .help = "leave a zone alone for a while after compaction there failed"},
	[MIN_ORDER] = {.name = "min_order",
		       .type = PARAM_INT,
		       .def = 4,
		       .min = 1,
		       .max = 10,
		       .unit = "order",
		       .help = "smallest order that is compacted for; smaller ones only reclaim"},
	[EXTFRAG_THRESHOLD] = {.name = "extfrag_threshold",
			       .type = PARAM_INT,
			       .def = 0,
			       .min = 0,
			       .max = 1000,
			       .unit = "per mille",
			       .help = "fragmentation index at or below which a zone is not "
				       "compacted"},
	[RECLAIM] = {.name = "reclaim",
		     .type = PARAM_CHOICE,
		     .def = RECLAIM_SINGLE,
		     .choices = reclaims,
		     .help = "what comes after compaction: reclaim of single pages, or lumpy "
			     "reclaim as in 2.6.34 and 2.6.35"},
	[KSWAPD] = {.name = "kswapd",
		    .type = PARAM_BOOL,
		    .def = 1,
		    .help = "kswapd reclaims for the order that it was woken for; else for single "
			    "pages"},
};

static void init(struct policy_env *env)
{
	env->mm->extfrag_threshold = (uint32_t)env->params[EXTFRAG_THRESHOLD];
}

/* Without deferral the zones forget that they failed. */
static void forget_failures(struct policy_env *env, uint32_t order)
{
	for (uint32_t z = 0; z < env->mm->nr_zones; z++)
		mm_compaction_defer_reset(env->mm, z, (int32_t)order, true);
}

static struct frame compact(struct policy_env *env, const struct mm_request *rq)
{
	uint32_t flags = mm_alloc_flags_slow(env->mm, rq);
	enum mm_compact_prio prio = env->params[MODE] == MODE_LIGHT ? MM_COMPACT_PRIO_SYNC_LIGHT
								    : MM_COMPACT_PRIO_SYNC_FULL;
	enum mm_compact_result result;

	if (rq->order < env->params[MIN_ORDER] || !(rq->gfp & MM_GFP_IO))
		return FRAME_NONE;
	if (!env->params[DEFERRAL])
		forget_failures(env, rq->order);
	if (env->params[MODE] == MODE_2635)
		return mm_compact_direct_2635(env->mm, rq, flags, &result);
	return mm_compact_direct(env->mm, rq, flags, prio, &result);
}

static uint64_t reclaim(struct policy_env *env, const struct mm_request *rq)
{
	return env->params[RECLAIM] == RECLAIM_LUMPY ? mm_lumpy_reclaim(env->mm, rq)
						     : mm_direct_reclaim(env->mm, rq, false);
}

static struct frame alloc_slow(struct policy_env *env, const struct mm_request *rq)
{
	struct frame f = slow_freelist(env, rq);
	uint64_t progress, total = 0;

	if (!frame_is_none(f) || !may_reclaim(rq))
		return f;
	do {
		f = compact(env, rq);
		if (!frame_is_none(f))
			return f;
		progress = reclaim(env, rq);
		total += progress;
		f = freelist_after_reclaim(env, rq);
		if (!frame_is_none(f))
			return f;
	} while (retry_by_pages(rq, progress, total));
	return last_resort(env, rq);
}

static void kswapd(struct policy_env *env, uint32_t node, uint32_t order, uint32_t highest)
{
	if (!env->params[KSWAPD])
		order = 0;
	if (env->params[RECLAIM] == RECLAIM_LUMPY)
		mm_lumpy_balance(env->mm, node, env->mm->cpu, order);
	else
		mm_balance_node(env->mm, node, env->mm->cpu, order, highest, true);
}

static void compact_node(struct policy_env *env, uint32_t node)
{
	if (env->params[MODE] == MODE_2635)
		mm_compact_node_2635(env->mm, node, env->mm->cpu);
	else
		mm_compact_node(env->mm, node, env->mm->cpu);
}

static void trigger(struct policy_env *env, enum policy_trigger what, int64_t arg)
{
	if (what == TRIGGER_SET_PARAM)
		init(env);
	else if (what == TRIGGER_COMPACT_NODE && arg >= 0 && arg < env->mm->nr_nodes)
		compact_node(env, (uint32_t)arg);
	for (uint32_t n = 0; what == TRIGGER_COMPACT_ALL && n < env->mm->nr_nodes; n++)
		compact_node(env, n);
}

const struct policy policy_compaction = {
	.abi = POLICY_ABI,
	.name = "compaction",
	.summary = "direct compaction first, whatever the fragmentation index, then reclaim",
	.about = "Direct compaction with two scanners, one collecting movable pages from the "
		 "bottom of the zone, one free pages "
		 "from its top, until they meet or a page of the wanted order is free; if that "
		 "fails, direct reclaim, and again "
		 "for requests that may retry: the order of things of 2.6.35. By default the "
		 "scanners are those of 6.1 (mm/compaction.c) and no threshold gates them; with "
		 "preset=2.6.35 it is the series as it was merged: scanners without memory, the "
		 "fragmentation index against 500, deferral by the preferred zone, lumpy reclaim "
		 "behind it (mm/page_alloc.c: __alloc_pages_slowpath of 2.6.35).",
	.params = params,
	.nr_params = ARRAY_SIZE(params),
	.init = init,
	.alloc_slow = alloc_slow,
	.kswapd = kswapd,
	.trigger = trigger,
};
