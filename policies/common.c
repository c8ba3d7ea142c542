// SPDX-License-Identifier: GPL-2.0-only
#include "policies/common.h"

struct frame slow_freelist(struct policy_env *env, const struct mm_request *rq)
{
	return mm_get_page(env->mm, rq, mm_alloc_flags_slow(env->mm, rq));
}

struct frame freelist_after_reclaim(struct policy_env *env, const struct mm_request *rq)
{
	return freelist_given_back(env, rq, mm_alloc_flags_slow(env->mm, rq));
}

struct frame freelist_given_back(struct policy_env *env, const struct mm_request *rq,
				 uint32_t flags)
{
	struct frame f = mm_get_page(env->mm, rq, flags);

	if (!frame_is_none(f))
		return f;
	mm_say(env->mm, "reserves and per-cpu lists are given back");
	mm_unreserve_highatomic(env->mm, rq, false);
	mm_drain_all(env->mm);
	return mm_get_page(env->mm, rq, flags);
}

bool retry_by_pages(const struct mm_request *rq, uint64_t progress, uint64_t total)
{
	if (!progress || rq->gfp & MM_GFP_NORETRY)
		return false;
	if (rq->order <= COSTLY_ORDER)
		return true;
	return rq->gfp & MM_GFP_RETRY_MAYFAIL && total < 1ull << rq->order;
}

struct frame last_resort(struct policy_env *env, const struct mm_request *rq)
{
	uint32_t flags = mm_alloc_flags_slow(env->mm, rq);
	struct frame f = FRAME_NONE;

	if (flags & MM_ALLOC_NOFRAGMENT && may_try_all(rq))
		f = mm_get_page(env->mm, rq, flags & ~MM_ALLOC_NOFRAGMENT);
	if (!frame_is_none(f) || !(rq->gfp & MM_GFP_NOFAIL))
		return f;
	return mm_get_page(env->mm, rq, (flags & ~MM_ALLOC_NOFRAGMENT) | MM_ALLOC_NO_WATERMARKS);
}

void balance_for_compaction(struct policy_env *env, uint32_t node, uint32_t order, uint32_t highest)
{
	mm_balance_node(env->mm, node, env->mm->cpu, order, highest, true);
	if (!mm_balancing(env->mm, node))
		mm_reset_isolation_suitable(env->mm, node);
}
