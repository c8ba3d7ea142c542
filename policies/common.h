/* SPDX-License-Identifier: GPL-2.0-only */
/* What the shipped policies share: the parts of the slow path that every kernel has. */
#ifndef ZR_POLICIES_COMMON_H
#define ZR_POLICIES_COMMON_H

#include "policy/policy.h"

#define COSTLY_ORDER 3u /* PAGE_ALLOC_COSTLY_ORDER */

/* The free lists at the min watermark: the first thing that the slow path tries. */
struct frame slow_freelist(struct policy_env *env, const struct mm_request *rq);
/* After reclaim: the free lists; then with highatomic reserves and per-cpu lists given back, once
 * more. */
struct frame freelist_after_reclaim(struct policy_env *env, const struct mm_request *rq);
/* May the request sleep for memory at all? */
static inline bool may_reclaim(const struct mm_request *rq)
{
	return rq->gfp & MM_GFP_DIRECT_RECLAIM && !(rq->gfp & MM_GFP_MEMALLOC);
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
/* Requests that must not fail go below all watermarks. */
struct frame last_resort(struct policy_env *env, const struct mm_request *rq);

#endif
