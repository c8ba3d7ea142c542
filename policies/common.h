/* SPDX-License-Identifier: GPL-2.0-only */
/* What the shipped policies share: the parts of the slow path that every kernel has. */
#ifndef ZR_POLICIES_COMMON_H
#define ZR_POLICIES_COMMON_H

#include "policy/policy.h"

#define COSTLY_ORDER 3u /* PAGE_ALLOC_COSTLY_ORDER */

/* The parameter `thp_defrag`: a row of a policy's table, and what init does about it. */
#define PARAM_THP_DEFRAG                                                                           \
	{                                                                                          \
		.name = "thp_defrag", .type = PARAM_CHOICE, .def = MM_THP_RECORDED,                \
		.choices = mm_thp_names,                                                           \
		.help = "/sys/kernel/mm/transparent_hugepage/defrag: how page faults for "         \
			"transparent huge pages ask (vma_thp_gfp_mask); recorded: as they did",    \
	}

/* The free lists at the min watermark: the first thing that the slow path tries. */
struct frame slow_freelist(struct policy_env *env, const struct mm_request *rq);
/* After reclaim: the free lists; then with highatomic reserves and per-cpu lists given back, once
 * more. */
struct frame freelist_after_reclaim(struct policy_env *env, const struct mm_request *rq);
/* The same with these alloc flags. */
struct frame freelist_given_back(struct policy_env *env, const struct mm_request *rq,
				 uint32_t flags);
/* May the request sleep for memory at all? */
static inline bool may_reclaim(const struct mm_request *rq)
{
	return rq->gfp & MM_GFP_DIRECT_RECLAIM && !(rq->gfp & MM_GFP_MEMALLOC);
}
/* And go on until nothing helps any more? */
static inline bool may_try_all(const struct mm_request *rq)
{
	return may_reclaim(rq) && !(rq->gfp & MM_GFP_NORETRY) &&
	       (rq->order <= COSTLY_ORDER || rq->gfp & MM_GFP_RETRY_MAYFAIL);
}
/*
 * Another round? [should_alloc_retry, 2.6.35] Small orders as long as reclaim gets anything; costly
 * ones only on demand (__GFP_RETRY_MAYFAIL, then called __GFP_REPEAT), until as many pages as asked
 * for were reclaimed.
 */
bool retry_by_pages(const struct mm_request *rq, uint64_t progress, uint64_t total);
/* 6.1's slow path, at most @rounds of reclaim and compaction: slow_path.c. */
struct frame slow_path(struct policy_env *env, const struct mm_request *rq, int64_t rounds);
/* kswapd beside compaction: reclaims, then lets skipped blocks be looked at again; a kswapd hook.
 */
void balance_for_compaction(struct policy_env *env, uint32_t node, uint32_t order,
			    uint32_t highest);
/* Requests that must not fail go below all watermarks. Where a recording has defrag_mode, pollution
 * is the last resort of all that may reclaim. */
struct frame last_resort(struct policy_env *env, const struct mm_request *rq);

#endif
