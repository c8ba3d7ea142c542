// SPDX-License-Identifier: GPL-2.0-only
#include "policies/common.h"
#include "policies/registry.h"

enum { KSWAPD };

static const struct param_desc params[] = {
	[KSWAPD] = {.name = "kswapd",
		    .type = PARAM_BOOL,
		    .def = 1,
		    .help = "kswapd reclaims in windows of the order that it was woken for, too"},
};

static struct frame alloc_slow(struct policy_env *env, const struct mm_request *rq)
{
	struct frame f = slow_freelist(env, rq);
	uint64_t progress, total = 0;

	if (!frame_is_none(f) || !may_reclaim(rq))
		return f;
	do {
		progress = mm_lumpy_reclaim(env->mm, rq);
		total += progress;
		if (rq->order)
			mm_drain_all(env->mm);
		f = slow_freelist(env, rq);
		if (!frame_is_none(f))
			return f;
	} while (retry_by_pages(rq, progress, total));
	return last_resort(env, rq);
}

static void kswapd(struct policy_env *env, uint32_t node, uint32_t order, uint32_t highest)
{
	mm_lumpy_balance(env->mm, node, env->mm->cpu, env->params[KSWAPD] ? order : 0);
}

const struct policy policy_lumpy = {
	.abi = POLICY_ABI,
	.name = "lumpy",
	.summary = "lumpy reclaim as in 2.6.34: whole windows around the oldest pages",
	.about = "Around each page from the LRU tail everything that can go in the naturally "
		 "aligned window of the wanted "
		 "size is reclaimed too: active or not, of either kind, for orders above 3 or when "
		 "reclaim gets desperate "
		 "(2.6.34, mm/vmscan.c: isolate_lru_pages). After direct reclaim per-cpu lists are "
		 "drained. Costly orders "
		 "retry on __GFP_RETRY_MAYFAIL (then __GFP_REPEAT) until as many pages as asked "
		 "for were reclaimed. This is "
		 "what compaction was compared with in 2010.",
	.params = params,
	.nr_params = ARRAY_SIZE(params),
	.alloc_slow = alloc_slow,
	.kswapd = kswapd,
};
