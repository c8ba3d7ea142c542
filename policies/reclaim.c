// SPDX-License-Identifier: GPL-2.0-only
#include "policies/common.h"
#include "policies/registry.h"

enum { ROUNDS };

static const struct param_desc params[] = {
	[ROUNDS] = {.name = "rounds",
		    .type = PARAM_INT,
		    .def = 16,
		    .min = 1,
		    .max = 1000,
		    .unit = "rounds",
		    .help = "how often a request that may retry goes through reclaim without "
			    "getting its page"},
};

static bool another_round(const struct policy_env *env, const struct mm_request *rq,
			  uint64_t progress, int64_t round)
{
	if (!progress || rq->gfp & MM_GFP_NORETRY || round >= env->params[ROUNDS])
		return false;
	return rq->order <= COSTLY_ORDER || rq->gfp & MM_GFP_RETRY_MAYFAIL;
}

static struct frame alloc_slow(struct policy_env *env, const struct mm_request *rq)
{
	struct frame f = slow_freelist(env, rq);
	uint64_t progress;
	int64_t round = 0;

	if (!frame_is_none(f) || !may_reclaim(rq))
		return f;
	do {
		progress = mm_direct_reclaim(env->mm, rq, false);
		f = freelist_after_reclaim(env, rq);
		if (!frame_is_none(f))
			return f;
	} while (another_round(env, rq, progress, ++round));
	mm_say(env->mm, progress ? "gives up: no more rounds" : "gives up: reclaim got nothing");
	return last_resort(env, rq);
}

static void kswapd(struct policy_env *env, uint32_t node, uint32_t order, uint32_t highest)
{
	mm_balance_node(env->mm, node, env->mm->cpu, order, highest, false);
}

const struct policy policy_reclaim = {
	.abi = POLICY_ABI,
	.name = "reclaim",
	.summary = "reclaim of single pages from the LRU, never compaction",
	.about = "What a kernel without lumpy reclaim and without compaction does: direct reclaim "
		 "takes the oldest pages, 32 "
		 "at a time, wherever they are, and hopes that neighbours merge; kswapd keeps the "
		 "free pages above the high "
		 "watermark. Scan counts, priorities and the order of frees are those of 6.1 "
		 "(mm/vmscan.c).",
	.params = params,
	.nr_params = ARRAY_SIZE(params),
	.alloc_slow = alloc_slow,
	.kswapd = kswapd,
};
