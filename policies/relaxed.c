// SPDX-License-Identifier: GPL-2.0-only
#include "policies/common.h"
#include "policies/registry.h"

/* The driver counts; the machine only has to go on. */
static struct frame alloc_slow(struct policy_env *env, const struct mm_request *rq)
{
	struct frame f = slow_freelist(env, rq);

	return frame_is_none(f) ? last_resort(env, rq) : f;
}

const struct policy policy_relaxed = {
	.abi = POLICY_ABI,
	.name = "relaxed",
	.summary = "no policy: what counting alone allows, the most huge pages for the least work",
	.about =
		"An upper bound on success and a lower bound on pages moved and reclaimed, both "
		"provable (src/replay/bound.c). Where pages lie is ignored, but for those that are there "
		"at the start: until their owner lets go of them they are in their window, unless they "
		"were moved or reclaimed. What cannot be known is taken to be good: every slab page "
		"could have been emptied, every page moved at once. Its figures are of two bounds, "
		"not of one history: nobody may reach both. The gap to clairvoyant is what neither "
		"knows.",
	.caps = POLICY_CAP_RELAXED,
	.alloc_slow = alloc_slow,
};
