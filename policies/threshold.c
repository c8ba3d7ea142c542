// SPDX-License-Identifier: GPL-2.0-only
#include "policies/common.h"
#include "policies/registry.h"

enum { EXTFRAG_THRESHOLD, ROUNDS, THP_DEFRAG };

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
		 .max = 100,
		 .unit = "rounds",
		 .help = "how often a request that may retry goes through reclaim and compaction"},
	[THP_DEFRAG] = PARAM_THP_DEFRAG,
};

static void init(struct policy_env *env)
{
	env->mm->extfrag_threshold = (uint32_t)env->params[EXTFRAG_THRESHOLD];
	env->mm->thp_defrag = (uint32_t)env->params[THP_DEFRAG];
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

static struct frame alloc_slow(struct policy_env *env, const struct mm_request *rq)
{
	return slow_path(env, rq, env->params[ROUNDS]);
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
	.kswapd = balance_for_compaction,
	.trigger = trigger,
};
