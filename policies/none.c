// SPDX-License-Identifier: GPL-2.0-only
#include "policies/common.h"
#include "policies/registry.h"

static struct frame alloc_slow(struct policy_env *env, const struct mm_request *rq)
{
	struct frame f;

	mm_say(env->mm, "only asks again, at the min watermark");
	f = slow_freelist(env, rq);

	return frame_is_none(f) ? last_resort(env, rq) : f;
}

const struct policy policy_none = {
	.abi = POLICY_ABI,
	.name = "none",
	.summary = "free pages only: nothing is reclaimed, nothing is moved",
	.about = "A lower bound. When the free lists have nothing above the low watermark they are "
		 "tried once more at the "
		 "min watermark, as every slow path begins; then the request fails. There is no "
		 "kswapd. Pages that the "
		 "recorded kernel reclaimed stay, so memory runs full where it did not on the "
		 "recorded machine.",
	.alloc_slow = alloc_slow,
};
