// SPDX-License-Identifier: GPL-2.0-only
#include "policies/common.h"
#include "policies/registry.h"

enum {
	THRESHOLD,
	PROACTIVENESS,
	UNEVICTABLE,
	BOOST_FACTOR,
	MIN_FREE,
	SCALE_FACTOR,
	THP_DEFRAG,
	DEFRAG_MODE
};
#define AS_RECORDED (-1)

static const char *const with_defrag_mode[] = {"7.2", NULL};

static const struct param_desc params[] = {
	[THRESHOLD] = {.name = "extfrag_threshold",
		       .type = PARAM_INT,
		       .def = AS_RECORDED,
		       .min = -1,
		       .max = 1000,
		       .unit = "per mille",
		       .help = "vm.extfrag_threshold; -1: as recorded"},
	[PROACTIVENESS] = {.name = "compaction_proactiveness",
			   .type = PARAM_INT,
			   .def = 20,
			   .min = 0,
			   .max = 100,
			   .help = "vm.compaction_proactiveness; 0: none"},
	[UNEVICTABLE] = {.name = "compact_unevictable_allowed",
			 .type = PARAM_INT,
			 .def = AS_RECORDED,
			 .min = -1,
			 .max = 1,
			 .help = "vm.compact_unevictable_allowed; -1: as recorded"},
	[BOOST_FACTOR] = {.name = "watermark_boost_factor",
			  .type = PARAM_INT,
			  .def = AS_RECORDED,
			  .min = -1,
			  .max = 1000000,
			  .unit = "of 10000",
			  .help = "vm.watermark_boost_factor; -1: as recorded"},
	[MIN_FREE] = {.name = "min_free_kbytes",
		      .type = PARAM_INT,
		      .def = AS_RECORDED,
		      .min = -1,
		      .max = 1 << 30,
		      .unit = "KiB",
		      .help = "vm.min_free_kbytes; -1: watermarks as recorded"},
	[SCALE_FACTOR] = {.name = "watermark_scale_factor",
			  .type = PARAM_INT,
			  .def = 10,
			  .min = 1,
			  .max = 3000,
			  .unit = "of 10000",
			  .help = "vm.watermark_scale_factor, where min_free_kbytes is given"},
	[THP_DEFRAG] = PARAM_THP_DEFRAG,
	[DEFRAG_MODE] = {.name = "defrag_mode",
			 .type = PARAM_INT,
			 .def = AS_RECORDED,
			 .min = -1,
			 .max = 1,
			 .eras = with_defrag_mode,
			 .help = "vm.defrag_mode (6.15 and later): no request pollutes a pageblock "
				 "before reclaim and compaction have failed; -1: as recorded"},
};

/* In the machine's block, so that clones carry it. */
struct kernel_state {
	uint32_t boosted[MM_MAX_NODES]; /* kswapd worked off boosts */
};

/* ---- parameters ---- */

static void init(struct policy_env *env)
{
	const int64_t *p = env->params;

	if (p[THRESHOLD] != AS_RECORDED)
		env->mm->extfrag_threshold = (uint32_t)p[THRESHOLD];
	if (p[UNEVICTABLE] != AS_RECORDED)
		env->mm->compact_unevictable_allowed = (uint32_t)p[UNEVICTABLE];
	if (p[BOOST_FACTOR] != AS_RECORDED)
		env->mm->watermark_boost_factor = (uint32_t)p[BOOST_FACTOR];
	if (p[MIN_FREE] != AS_RECORDED)
		mm_set_min_free(env->mm, (uint32_t)p[MIN_FREE], (uint32_t)p[SCALE_FACTOR]);
	env->mm->proactiveness = (uint32_t)p[PROACTIVENESS];
	if (p[DEFRAG_MODE] != AS_RECORDED)
		mm_set_defrag_mode(env->mm, p[DEFRAG_MODE]);
	env->mm->thp_defrag = (uint32_t)p[THP_DEFRAG];
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

/* ---- the slow path [__alloc_pages_slowpath, 6.1] ---- */

static struct frame alloc_slow(struct policy_env *env, const struct mm_request *rq)
{
	return slow_path(env, rq, INT64_MAX);
}

/* ---- the background ---- */

static bool boosted(const struct mm *mm, uint32_t node)
{
	for (uint32_t z = 0; z < mm->nr_zones; z++) {
		if (mm->zones[z].node == (int32_t)node && mm->zones[z].boost)
			return true;
	}
	return false;
}

static void kswapd(struct policy_env *env, uint32_t node, uint32_t order, uint32_t highest)
{
	struct kernel_state *s = mm_private(env->mm);

	s->boosted[node] |= boosted(env->mm, node);
	mm_balance_node(env->mm, node, env->mm->cpu, order, highest, true);
	if (!mm_balancing(env->mm, node))
		mm_reset_isolation_suitable(env->mm, node);
}

/* Woken by kswapd on its way to sleep; after boost reclaim for a pageblock at least. */
static void kcompactd(struct policy_env *env, uint32_t node, uint32_t order, uint32_t highest)
{
	struct kernel_state *s = mm_private(env->mm);

	if (s->boosted[node] && order < env->mm->pageblock_order)
		order = env->mm->pageblock_order;
	s->boosted[node] = 0;
	if (!mm_kcompactd_wakeup(env->mm, node, order, highest))
		return;
	mm_kcompactd(env->mm, node, env->mm->cpu);
	env->mm->nodes[node].proactive_wait = 0;
}

/* kcompactd that nobody wakes looks at the fragmentation score every 500 ms. */
static void tick(struct policy_env *env)
{
	mm_kcompactd_timer(env->mm, env->mm->cpu);
}

const struct policy policy_kernel = {
	.abi = POLICY_ABI,
	.name = "kernel",
	.summary =
		"the recorder's own kernel: reclaim, compaction, kswapd, kcompactd, sysctls as parameters",
	.about =
		"The whole of 6.1: the slow path with its early light compaction, direct reclaim, retries and priorities "
		"(mm/page_alloc.c: __alloc_pages_slowpath), kswapd with boost reclaim (mm/vmscan.c: balance_pgdat), "
		"kcompactd woken by it and, every 500 ms, by the fragmentation score (mm/compaction.c). The out-of-memory "
		"killer is not modelled: a request that would have called it fails.",
	.params = params,
	.nr_params = ARRAY_SIZE(params),
	.private_size = sizeof(struct kernel_state),
	.init = init,
	.alloc_slow = alloc_slow,
	.kswapd = kswapd,
	.kcompactd = kcompactd,
	.tick = tick,
	.trigger = trigger,
};
