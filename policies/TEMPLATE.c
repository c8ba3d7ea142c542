// SPDX-License-Identifier: GPL-2.0-only
/*
 * A policy to start from: copy it, change it, build it, try it.
 *
 *	cc -std=gnu11 -O2 -shared -fPIC -I src -o mine.so mine.c
 *	zonereplay policies --check ./mine.so
 *	zonereplay run CAPTURE -p none -p ./mine.so:effort=4
 *
 * This one reclaims, a chosen number of times, and never moves a page.
 */
#include "policy/policy.h"

/* The order of the table below; env->params[] has the values in that order. */
enum { EFFORT };

static const struct param_desc params[] = {
	[EFFORT] =
		{
			.name = "effort",
			.type = PARAM_INT,
			.def = 2,
			.min = 0,
			.max = 100,
			.unit = "rounds",
			.help = "how often a request goes through reclaim before it fails",
		},
};

/* The free lists had nothing above the low watermark. Give a page, or FRAME_NONE: the request
 * fails. */
static struct frame alloc_slow(struct policy_env *env, const struct mm_request *rq)
{
	uint32_t flags = mm_alloc_flags_slow(env->mm, rq);
	struct frame f = mm_get_page(env->mm, rq, flags);

	if (!(rq->gfp & MM_GFP_DIRECT_RECLAIM))
		return f;
	for (int64_t i = 0; frame_is_none(f) && i < env->params[EFFORT]; i++) {
		mm_direct_reclaim(env->mm, rq, false);
		f = mm_get_page(env->mm, rq, flags);
	}
	return f;
}

const struct policy zonereplay_policy = {
	.abi = POLICY_ABI,
	.name = "template",
	.summary = "reclaims a few times, then gives up",
	.about = "An example.",
	.params = params,
	.nr_params = ARRAY_SIZE(params),
	.alloc_slow = alloc_slow,
};
