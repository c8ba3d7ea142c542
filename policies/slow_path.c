// SPDX-License-Identifier: GPL-2.0-only
/*
 * The slow path of 6.1 [mm/page_alloc.c: __alloc_pages_slowpath]: early light compaction for costly
 * orders, then direct reclaim and direct compaction in turns, with the kernel's rules for trying
 * again. No out-of-memory killer.
 */
#include "policies/common.h"

#define MAX_RECLAIM_RETRIES 16
#define MAX_COMPACT_RETRIES 16
/* should_compact_retry (mm/page_alloc.c, 6.1) has no end of its own while reclaim says "ready for
 * compaction" (do_try_to_free_pages, mm/vmscan.c) and the fragmentation index refuses to compact.
 * In a kernel others free memory meanwhile; here time stands still, so such a request ends here. */
#define MAX_ROUNDS 100

struct slow {
	struct policy_env *env;
	const struct mm_request *rq;
	uint32_t flags;
	enum mm_compact_prio prio;
	enum mm_compact_result result; /* of the last compaction */
	uint64_t progress;	       /* pages that the last reclaim got */
	int no_progress;	       /* rounds in which reclaim did not help */
	int compactions;	       /* that ended well, yet gave no page */
};

static bool compacts_early(const struct mm_request *rq)
{
	return rq->gfp & MM_GFP_IO &&
	       (rq->order > COSTLY_ORDER || (rq->order && rq->type != MM_MOVABLE));
}

/* The early run failed: requests that must be quick stop here. */
static bool gives_up_early(const struct mm_request *rq, enum mm_compact_result result)
{
	if (rq->order <= COSTLY_ORDER || !(rq->gfp & MM_GFP_NORETRY))
		return false;
	return result == MM_COMPACT_SKIPPED || result == MM_COMPACT_DEFERRED ||
	       rq->gfp & MM_GFP_THISNODE;
}

/* should_reclaim_retry: would the request pass somewhere if all that can be reclaimed were free? */
static bool retry_reclaim(struct slow *s)
{
	const struct mm *mm = s->env->mm;
	uint32_t highest = mm_gfp_zone(mm, s->rq->gfp);

	if (s->progress && s->rq->order <= COSTLY_ORDER)
		s->no_progress = 0;
	else
		s->no_progress++;
	if (s->no_progress > MAX_RECLAIM_RETRIES)
		return mm_unreserve_highatomic(s->env->mm, s->rq, true);
	for (uint32_t z = 0; z < mm->nr_zones; z++) {
		int64_t available = mm_zone_reclaimable(mm, z) + mm->zones[z].free_global;

		if (mm_may_use(mm, s->rq, z) &&
		    mm_watermark_ok(mm, z, s->rq->order, mm_wmark(mm, z, MM_WMARK_MIN), highest,
				    s->flags, available))
			return true;
	}
	return mm_unreserve_highatomic(s->env->mm, s->rq, true);
}

/* Compaction is to try harder next time; false when it already does its utmost. */
static bool raise_priority(struct slow *s)
{
	enum mm_compact_prio strongest = s->rq->order > COSTLY_ORDER ? MM_COMPACT_PRIO_SYNC_LIGHT
								     : MM_COMPACT_PRIO_SYNC_FULL;

	if (s->prio <= strongest)
		return false;
	s->prio--;
	s->compactions = 0;
	return true;
}

/* should_compact_retry */
static bool retry_compaction(struct slow *s)
{
	int most = s->rq->order > COSTLY_ORDER ? MAX_COMPACT_RETRIES / 4 : MAX_COMPACT_RETRIES;

	if (!s->rq->order)
		return false;
	if (s->result == MM_COMPACT_SKIPPED)
		return mm_compaction_zonelist_suitable(s->env->mm, s->rq, s->flags);
	if (s->result == MM_COMPACT_SUCCESS && ++s->compactions <= most)
		return true;
	return raise_priority(s);
}

/* False, with the reason said. */
static bool no(const struct slow *s, const char *reason)
{
	mm_say(s->env->mm, reason);
	return false;
}

static bool another_round(struct slow *s)
{
	const struct mm_request *rq = s->rq;

	if (rq->gfp & MM_GFP_NORETRY)
		return no(s, "gives up: __GFP_NORETRY");
	if (rq->order > COSTLY_ORDER && !(rq->gfp & MM_GFP_RETRY_MAYFAIL))
		return no(s, "gives up: a costly order is tried once");
	if (retry_reclaim(s)) {
		mm_say(s->env->mm, "again: reclaim alone could be enough");
		return true;
	}
	if (!s->progress)
		return no(s, "gives up: reclaim got nothing");
	if (!retry_compaction(s))
		return no(s, "gives up: compaction did its utmost");
	mm_say(s->env->mm, "again: compaction may go further");
	return true;
}

/* Each round wakes kswapd anew, which may have gone to sleep, and looks at the free lists first. */
static struct frame one_round(struct slow *s)
{
	struct frame f;

	if (s->env->wake_again)
		s->env->wake_again(s->env, s->rq);
	f = mm_get_page(s->env->mm, s->rq, s->flags);
	if (!frame_is_none(f))
		return f;
	s->progress = mm_direct_reclaim(s->env->mm, s->rq, true);
	f = freelist_given_back(s->env, s->rq, s->flags);
	if (frame_is_none(f) && s->rq->order)
		f = mm_compact_direct(s->env->mm, s->rq, s->flags, s->prio, &s->result);
	return f;
}

static struct frame rounds_of(struct slow *s, int64_t rounds)
{
	struct frame f;

	do {
		f = one_round(s);
	} while (frame_is_none(f) && --rounds > 0 && another_round(s));
	return f;
}

/* defrag_mode: what could keep the request from polluting a block has failed [6.18]. */
static bool may_pollute_now(struct slow *s)
{
	if (!(s->flags & MM_ALLOC_NOFRAGMENT) || !may_try_all(s->rq))
		return false;
	mm_say(s->env->mm, "again: it may pollute a pageblock now");
	s->flags &= ~MM_ALLOC_NOFRAGMENT;
	return true;
}

struct frame slow_path(struct policy_env *env, const struct mm_request *rq, int64_t rounds)
{
	struct slow s = {
		.env = env,
		.rq = rq,
		.flags = mm_alloc_flags_slow(env->mm, rq),
		.prio = MM_COMPACT_PRIO_SYNC_LIGHT,
		.result = MM_COMPACT_SKIPPED,
	};
	struct frame f = slow_freelist(env, rq);

	if (!frame_is_none(f))
		return f;
	if (!may_reclaim(rq)) {
		mm_say(env->mm, "gives up: gfp forbids direct reclaim");
		return f;
	}
	if (compacts_early(rq)) {
		mm_say(env->mm, "compacts lightly before any reclaim");
		f = mm_compact_direct(env->mm, rq, s.flags, MM_COMPACT_PRIO_ASYNC, &s.result);
		if (!frame_is_none(f))
			return f;
		if (gives_up_early(rq, s.result)) {
			mm_say(env->mm, "gives up: __GFP_NORETRY, nothing to compact");
			return f;
		}
		if (rq->order > COSTLY_ORDER && rq->gfp & MM_GFP_NORETRY)
			s.prio = MM_COMPACT_PRIO_ASYNC;
	}
	if (rounds > MAX_ROUNDS)
		rounds = MAX_ROUNDS;
	f = rounds_of(&s, rounds);
	if (frame_is_none(f) && may_pollute_now(&s)) {
		f = mm_get_page(env->mm, rq, s.flags);
		if (frame_is_none(f))
			f = rounds_of(&s, rounds);
	}
	return frame_is_none(f) ? last_resort(env, rq) : f;
}
