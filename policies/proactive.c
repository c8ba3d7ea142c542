// SPDX-License-Identifier: GPL-2.0-only
#include "policies/common.h"
#include "policies/registry.h"

enum { PROACTIVENESS, PERIOD, BACKOFF, EXTFRAG_THRESHOLD };

static const struct param_desc params[] = {
	[PROACTIVENESS] = {.name = "proactiveness",
			   .type = PARAM_INT,
			   .def = 20,
			   .min = 0,
			   .max = 100,
			   .help = "vm.compaction_proactiveness: the low watermark of the score is "
				   "100 less this, the high one 10 above"},
	[PERIOD] = {.name = "period",
		    .type = PARAM_INT,
		    .def = 1,
		    .min = 1,
		    .max = 1200,
		    .unit = "x 500 ms",
		    .help = "how often the score is looked at"},
	[BACKOFF] = {.name = "backoff",
		     .type = PARAM_INT,
		     .def = MM_COMPACT_MAX_DEFER,
		     .min = 0,
		     .max = 10,
		     .unit = "power of two",
		     .help = "after a turn that did not lower the score 2^backoff - 1 turns are "
			     "left out"},
	[EXTFRAG_THRESHOLD] = {.name = "extfrag_threshold",
			       .type = PARAM_INT,
			       .def = 500,
			       .min = 0,
			       .max = 1000,
			       .unit = "per mille",
			       .help = "of direct compaction, as in threshold"},
};

struct proactive_state {
	uint32_t ticks;
	uint32_t wait[MM_MAX_NODES]; /* turns still to be left out */
};

static void init(struct policy_env *env)
{
	env->mm->extfrag_threshold = (uint32_t)env->params[EXTFRAG_THRESHOLD];
}

static struct frame alloc_slow(struct policy_env *env, const struct mm_request *rq)
{
	return slow_path(env, rq, INT64_MAX);
}

static void tick(struct policy_env *env)
{
	struct proactive_state *s = mm_private(env->mm);
	uint32_t proactiveness = (uint32_t)env->params[PROACTIVENESS];

	if (++s->ticks % (uint32_t)env->params[PERIOD])
		return;
	for (uint32_t node = 0; proactiveness && node < env->mm->nr_nodes; node++) {
		if (s->wait[node])
			s->wait[node]--;
		else if (!mm_compact_proactive(env->mm, node, env->mm->cpu, proactiveness, false))
			s->wait[node] = (1u << env->params[BACKOFF]) - 1;
	}
}

const struct policy policy_proactive = {
	.abi = POLICY_ABI,
	.name = "proactive",
	.summary = "compaction ahead of demand, by the fragmentation score and its two watermarks",
	.about =
		"Every 500 ms the node's fragmentation score, the share of its memory that is free "
		"but of no use for huge pages, is compared with a high watermark; above it the node is "
		"compacted until each zone is below the low one (mm/compaction.c: "
		"should_proactive_compact_node, since 5.9). Requests that fail take the slow path "
		"of 6.1. What kernel does with this and everything else is here alone, so that its "
		"part can be seen.",
	.params = params,
	.nr_params = ARRAY_SIZE(params),
	.private_size = sizeof(struct proactive_state),
	.init = init,
	.alloc_slow = alloc_slow,
	.kswapd = balance_for_compaction,
	.tick = tick,
};
