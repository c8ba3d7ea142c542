// SPDX-License-Identifier: GPL-2.0-only
#include "policies/common.h"
#include "policies/registry.h"

enum { HIGH, LOW, ROUNDS };

static const struct param_desc params[] = {
	[HIGH] = {.name = "high",
		  .type = PARAM_INT,
		  .def = 600,
		  .min = 0,
		  .max = 1000,
		  .unit = "per mille",
		  .help = "a zone begins to be compacted when its fragmentation index is above"},
	[LOW] = {.name = "low",
		 .type = PARAM_INT,
		 .def = 300,
		 .min = 0,
		 .max = 1000,
		 .unit = "per mille",
		 .help = "and goes on to be compacted until the index is at or below; above high it "
			 "counts as high"},
	[ROUNDS] = {.name = "rounds",
		    .type = PARAM_INT,
		    .def = 16,
		    .min = 1,
		    .max = 1000,
		    .unit = "rounds",
		    .help = "how often a request goes through reclaim and compaction"},
};

struct hysteresis_state {
	uint8_t compacting[MM_MAX_ZONES];
};

static int64_t low_of(const struct policy_env *env)
{
	return env->params[LOW] < env->params[HIGH] ? env->params[LOW] : env->params[HIGH];
}

/* Is the zone in a phase of compaction? */
static bool update_zone(struct policy_env *env, uint32_t zone, uint32_t order)
{
	struct hysteresis_state *s = mm_private(env->mm);
	struct mm_index ix;
	int64_t index;

	mm_index_info(env->mm, zone, order, &ix);
	index = mm_fragmentation_index(&ix, order);
	if (index > env->params[HIGH])
		s->compacting[zone] = 1;
	else if (index >= 0 && index <= low_of(env))
		s->compacting[zone] = 0;
	return s->compacting[zone];
}

/* The machine has one threshold for all zones: it is the low one while any zone is being compacted.
 */
static void choose_threshold(struct policy_env *env, const struct mm_request *rq)
{
	uint32_t highest = mm_gfp_zone(env->mm, rq->gfp);
	bool compacting = false;

	for (uint32_t z = 0; z < env->mm->nr_zones; z++) {
		if ((uint32_t)env->mm->zones[z].index <= highest)
			compacting |= update_zone(env, z, rq->order);
	}
	env->mm->extfrag_threshold = (uint32_t)(compacting ? low_of(env) : env->params[HIGH]);
}

static void init(struct policy_env *env)
{
	env->mm->extfrag_threshold = (uint32_t)env->params[HIGH];
}

static struct frame alloc_slow(struct policy_env *env, const struct mm_request *rq)
{
	if (rq->order > COSTLY_ORDER)
		choose_threshold(env, rq);
	return slow_path(env, rq, env->params[ROUNDS]);
}

const struct policy policy_threshold_hysteresis = {
	.abi = POLICY_ABI,
	.name = "threshold-hysteresis",
	.summary = "threshold with two levels: begin to compact above one, stop below the other",
	.about =
		"An example of a new idea, in one file. With one threshold a zone whose index hovers "
		"around it is compacted and reclaimed in turns, each undoing what the other began. "
		"Here a zone that was once worth compacting stays so until its index is low. "
		"Everything else is threshold, that is the slow path of 6.1.",
	.params = params,
	.nr_params = ARRAY_SIZE(params),
	.private_size = sizeof(struct hysteresis_state),
	.init = init,
	.alloc_slow = alloc_slow,
	.kswapd = balance_for_compaction,
};
