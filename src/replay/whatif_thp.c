// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page faults for transparent huge pages under another defrag mode than the recorded one
 * (mm/thp.h). Where the recording does not tell whether memory was madvised, and it matters, the
 * scenario says so and the request is counted.
 *
 * Of the two requests of a fault the second is made only by modes that may reclaim directly: under
 * the others a recorded one is left out, and where the recorded kernel made none it is added.
 */
#include "replay/whatif.h"

#include <string.h>

/* The mode at the start of the recording; not if it was changed later, as some request shows. */
uint32_t whatif_thp_recorded(const struct mm *start, const struct demand *d)
{
	for (uint64_t i = 0; i < d->nr; i++) {
		const struct demand_op *op = &d->ops[i];

		if (op->flags & DEMAND_F_THP && !mm_thp_fits(start->thp_recorded, op->gfp))
			return MM_THP_RECORDED;
	}
	return start->thp_recorded;
}

bool whatif_thp_is_set(const struct policy_setting *p)
{
	for (size_t i = 0; i < p->policy->nr_params; i++) {
		if (!strcmp(p->policy->params[i].name, "thp_defrag"))
			return p->params[i] != MM_THP_RECORDED;
	}
	return false;
}

static bool another_mode(const struct whatif *w, const struct demand_op *op)
{
	return w->mm->thp_defrag != MM_THP_RECORDED && op->flags & DEMAND_F_THP;
}

static bool is_madvised(const struct whatif *w, uint32_t gfp, bool *guessed)
{
	enum mm_madvised madvised = mm_thp_madvised(w->mm->thp_recorded, gfp);

	*guessed = madvised == MM_MADVISED_UNKNOWN;
	return *guessed ? w->scenario->madvised : madvised == MM_MADVISED_YES;
}

bool whatif_thp_asks(struct whatif *w, const struct demand_op *op, struct mm_request *rq)
{
	enum mm_thp_defrag mode = w->mm->thp_defrag;
	uint32_t second = op->gfp & ~GFP_THISNODE;
	bool guessed, madvised;

	if (!another_mode(w, op))
		return true;
	madvised = is_madvised(w, op->gfp, &guessed);
	rq->gfp = mm_thp_under(mode, op->gfp, madvised);
	w->out->thp_guessed +=
		guessed && mm_thp_under(mode, second, false) != mm_thp_under(mode, second, true);
	if (rq->gfp != op->gfp)
		mm_say(w->mm, "asks with the flags of another THP defrag mode");
	return !(op->flags & DEMAND_F_AGAIN) || rq->gfp & MM_GFP_DIRECT_RECLAIM;
}

/* Under the recorded mode the task's other second requests tell, or whether its memory was
 * madvised.
 */
static uint32_t second_gfp(struct whatif *w, const struct demand_op *op)
{
	uint32_t second = op->gfp & ~GFP_THISNODE;
	bool guessed, madvised = is_madvised(w, op->gfp, &guessed);

	if (another_mode(w, op))
		return mm_thp_under(w->mm->thp_defrag, second, madvised);
	if (op->flags & DEMAND_F_RANGE && w->demand->ranges[op->arg].second)
		return w->demand->ranges[op->arg].second;
	w->out->thp_guessed += guessed;
	return madvised ? second & ~GFP_NORETRY : second;
}

bool whatif_thp_asks_again(struct whatif *w, const struct demand_op *op, struct mm_request *rq)
{
	bool recorded_will = op->kind == DEMAND_FAIL && op->gfp & GFP_DIRECT_RECLAIM;

	if (!(op->flags & DEMAND_F_THP) || !(op->gfp & GFP_THISNODE) || recorded_will ||
	    !(rq->gfp & MM_GFP_DIRECT_RECLAIM))
		return false;
	rq->gfp = second_gfp(w, op);
	return true;
}
