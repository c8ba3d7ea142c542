// SPDX-License-Identifier: GPL-2.0-only
#include "policies/common.h"
#include "policies/registry.h"

enum { MODE, DEFERRAL, MIN_ORDER };

static const char *const modes[] = {"full", "light", NULL};

static const struct param_desc params[] = {
	[MODE] = {.name = "mode",
		  .type = PARAM_CHOICE,
		  .def = 0,
		  .choices = modes,
		  .help = "full: from one end of the zone to the other, as in 2.6.35; light: from "
			  "the cached positions, "
			  "minding skip hints"},
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
};

/* Whatever the fragmentation index says; without deferral the zones also forget that they failed.
 */
static void init(struct policy_env *env)
{
	env->mm->extfrag_threshold = 0;
}

static void forget_failures(struct policy_env *env, uint32_t order)
{
	for (uint32_t z = 0; z < env->mm->nr_zones; z++)
		mm_compaction_defer_reset(env->mm, z, (int32_t)order, true);
}

static struct frame compact(struct policy_env *env, const struct mm_request *rq)
{
	enum mm_compact_prio prio =
		env->params[MODE] ? MM_COMPACT_PRIO_SYNC_LIGHT : MM_COMPACT_PRIO_SYNC_FULL;
	enum mm_compact_result result;

	if (rq->order < env->params[MIN_ORDER] || !(rq->gfp & MM_GFP_IO))
		return FRAME_NONE;
	if (!env->params[DEFERRAL])
		forget_failures(env, rq->order);
	return mm_compact_direct(env->mm, rq, mm_alloc_flags_slow(env->mm, rq), prio, &result);
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
		progress = mm_direct_reclaim(env->mm, rq, false);
		total += progress;
		f = freelist_after_reclaim(env, rq);
		if (!frame_is_none(f))
			return f;
	} while (retry_by_pages(rq, progress, total));
	return last_resort(env, rq);
}

static void kswapd(struct policy_env *env, uint32_t node, uint32_t order, uint32_t highest)
{
	mm_balance_node(env->mm, node, env->mm->cpu, order, highest, true);
}

const struct policy policy_compaction = {
	.abi = POLICY_ABI,
	.name = "compaction",
	.summary = "direct compaction first, whatever the fragmentation index, then reclaim",
	.about = "Direct compaction with two scanners, one collecting movable pages from the "
		 "bottom of the zone, one free pages "
		 "from its top, until they meet or a page of the wanted order is free; if that "
		 "fails, direct reclaim, and again "
		 "for requests that may retry: the order of things of 2.6.35 without its "
		 "threshold. The scanners "
		 "are those of 6.1 (mm/compaction.c).",
	.params = params,
	.nr_params = ARRAY_SIZE(params),
	.init = init,
	.alloc_slow = alloc_slow,
	.kswapd = kswapd,
};
