// SPDX-License-Identifier: GPL-2.0-only
#include "policies/common.h"
#include "policies/registry.h"

enum { EXTFRAG_THRESHOLD, ROUNDS };

static const struct param_desc params[] = {
	[EXTFRAG_THRESHOLD] = {.name = "extfrag_threshold",
			       .type = PARAM_INT,
			       .def = 500,
			       .min = 0,
			       .max = 1000,
			       .unit = "per mille",
			       .help = "fragmentation index at or below which a zone is reclaimed "
				       "rather than compacted "
				       "(vm.extfrag_threshold)"},
	[ROUNDS] =
		{.name = "rounds",
		 .type = PARAM_INT,
		 .def = 16,
		 .min = 1,
		 .max = 1000,
		 .unit = "rounds",
		 .help = "how often a request that may retry goes through reclaim and compaction"},
};

static void init(struct policy_env *env)
{
	env->mm->extfrag_threshold = (uint32_t)env->params[EXTFRAG_THRESHOLD];
}

static void trigger(struct policy_env *env, enum policy_trigger what, int64_t arg)
{
	if (what == TRIGGER_SET_PARAM)
		init(env);
	else if (what == TRIGGER_COMPACT_ALL)
		mm_compact_all(env->mm, env->mm->cpu);
	else if (what == TRIGGER_COMPACT_NODE && arg >= 0 && arg < env->mm->nr_nodes)
		mm_compact_node(env->mm, (uint32_t)arg, env->mm->cpu);
}

/* One step of the slow path after the early compaction. */
struct slow {
	enum mm_compact_prio prio;
	enum mm_compact_result result;
	uint64_t progress;
	uint32_t flags;
};

static bool compacts_early(const struct mm_request *rq)
{
	return rq->gfp & MM_GFP_IO &&
	       (rq->order > COSTLY_ORDER || (rq->order && rq->type != MM_MOVABLE));
}

/* The early run failed: requests that must be quick stop here [__alloc_pages_slowpath]. */
static bool gives_up_early(const struct mm_request *rq, enum mm_compact_result result)
{
	if (rq->order <= COSTLY_ORDER || !(rq->gfp & MM_GFP_NORETRY))
		return false;
	return result == MM_COMPACT_SKIPPED || result == MM_COMPACT_DEFERRED ||
	       rq->gfp & MM_GFP_THISNODE;
}

/* should_compact_retry */
static bool retry_compaction(struct policy_env *env, const struct mm_request *rq, struct slow *s)
{
	enum mm_compact_prio strongest =
		rq->order > COSTLY_ORDER ? MM_COMPACT_PRIO_SYNC_LIGHT : MM_COMPACT_PRIO_SYNC_FULL;

	if (!rq->order)
		return false;
	if (s->result == MM_COMPACT_SKIPPED)
		return mm_compaction_zonelist_suitable(env->mm, rq, s->flags);
	if (s->result == MM_COMPACT_SUCCESS)
		return true;
	if (s->prio <= strongest)
		return false;
	s->prio--;
	return true;
}

static bool another_round(struct policy_env *env, const struct mm_request *rq, struct slow *s,
			  int64_t round)
{
	if (round >= env->params[ROUNDS] || rq->gfp & MM_GFP_NORETRY)
		return false;
	if (rq->order > COSTLY_ORDER && !(rq->gfp & MM_GFP_RETRY_MAYFAIL))
		return false;
	if (!s->progress)
		return false;
	return rq->order == 0 || retry_compaction(env, rq, s);
}

static struct frame one_round(struct policy_env *env, const struct mm_request *rq, struct slow *s)
{
	struct frame f;

	s->progress = mm_direct_reclaim(env->mm, rq, true);
	f = freelist_after_reclaim(env, rq);
	if (frame_is_none(f) && rq->order)
		f = mm_compact_direct(env->mm, rq, s->flags, s->prio, &s->result);
	return f;
}

static struct frame alloc_slow(struct policy_env *env, const struct mm_request *rq)
{
	struct slow s = {.prio = MM_COMPACT_PRIO_SYNC_LIGHT, .result = MM_COMPACT_SKIPPED};
	struct frame f = slow_freelist(env, rq);
	int64_t round = 0;

	if (!frame_is_none(f) || !may_reclaim(rq))
		return f;
	s.flags = mm_alloc_flags_slow(env->mm, rq);
	if (compacts_early(rq)) {
		f = mm_compact_direct(env->mm, rq, s.flags, MM_COMPACT_PRIO_ASYNC, &s.result);
		if (!frame_is_none(f) || gives_up_early(rq, s.result))
			return f;
		if (rq->order > COSTLY_ORDER && rq->gfp & MM_GFP_NORETRY)
			s.prio = MM_COMPACT_PRIO_ASYNC;
	}
	do {
		f = one_round(env, rq, &s);
		if (!frame_is_none(f))
			return f;
	} while (another_round(env, rq, &s, ++round));
	return last_resort(env, rq);
}

static void kswapd(struct policy_env *env, uint32_t node, uint32_t order, uint32_t highest)
{
	mm_balance_node(env->mm, node, env->mm->cpu, order, highest, true);
	mm_reset_isolation_suitable(env->mm, node);
}

const struct policy policy_threshold = {
	.abi = POLICY_ABI,
	.name = "threshold",
	.summary = "direct compaction where the fragmentation index is above a threshold, else "
		   "reclaim",
	.about = "The slow path of 6.1 (mm/page_alloc.c: __alloc_pages_slowpath) without "
		 "kcompactd: costly orders are compacted "
		 "for before reclaim, lightly, then reclaim and compaction take turns. A zone is "
		 "compacted only if its free "
		 "pages would be enough and its fragmentation index says that fragmentation, not "
		 "lack of memory, is why the "
		 "request failed; zones where compaction failed are left alone for a while. The "
		 "threshold of 500 was \"arbitrary "
		 "and not based on data\" when it was introduced, and still is the default.",
	.params = params,
	.nr_params = ARRAY_SIZE(params),
	.init = init,
	.alloc_slow = alloc_slow,
	.kswapd = kswapd,
	.trigger = trigger,
};
