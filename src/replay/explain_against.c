// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where two policies part. Both replay the same demand in step; after each operation the counters
 * of their machines and the page that was handed out are compared. What the policies set up before
 * the first operation (a threshold, watermarks) is a difference of the question, not of the answer.
 */
#include "replay/explain_internal.h"

#include <string.h>

struct side {
	struct whatif_watch watch; /* must be the first */
	struct whatif w;
	struct outcome unused;
	struct mm_stats before; /* the operation under way */
	bool asked, got;
	uint64_t pfn;
};

static void request_before(struct whatif_watch *watch, struct whatif *w, const struct demand_op *op,
			   const struct mm_request *rq)
{
	mm_chronicle(w->mm)->pid = op->pid;
}

static void request_after(struct whatif_watch *watch, struct whatif *w, const struct demand_op *op,
			  const struct mm_request *rq, struct frame f, bool slow)
{
	struct side *side = (struct side *)watch;

	side->asked = true;
	side->got = !frame_is_none(f);
	side->pfn = side->got ? pfn_from_frame(w->mm, f).n : 0;
}

static void operation(struct side *side, const struct demand_op *op)
{
	mm_chronicle_begin(side->w.mm, op->pid);
	side->before = *mm_stats(side->w.mm);
	side->asked = side->got = false;
	side->pfn = 0;
	whatif_operation(&side->w, op);
	deaths_passed(&side->w.deaths, op);
}

static bool differ(const struct side *a, const struct side *b)
{
	return a->asked != b->asked || a->got != b->got || a->pfn != b->pfn ||
	       memcmp(mm_stats(a->w.mm), mm_stats(b->w.mm), sizeof(struct mm_stats)) != 0;
}

static int describe_side(struct explain_side *out, const struct side *side, const struct trace *t,
			 struct error *err)
{
	const struct mm_stats *now = mm_stats(side->w.mm);
	uint32_t lost;

	snprintf(out->policy, sizeof(out->policy), "%s", side->w.policy->name);
	out->got = side->got;
	out->pfn = side->pfn;
	out->moved = now->migrated - side->before.migrated;
	out->reclaimed = now->reclaimed_direct + now->reclaimed_kswapd -
			 side->before.reclaimed_direct - side->before.reclaimed_kswapd;
	return explain_take_notes(&out->decisions, &out->nr_decisions, &lost, side->w.mm, t, err);
}

static int describe(struct explain_parting *out, const struct side *sides, const struct trace *t,
		    const struct demand_op *op, uint64_t number, struct error *err)
{
	*out = (struct explain_parting){.part = true,
					.time = op->time,
					.number = number,
					.is_request =
						op->kind == DEMAND_BIRTH || op->kind == DEMAND_FAIL,
					.pid = op->pid,
					.order = op->order,
					.gfp = op->gfp};
	snprintf(out->comm, sizeof(out->comm), "%s", trace_comm(t, op->pid));
	for (int i = 0; i < 2; i++)
		if (describe_side(&out->sides[i], &sides[i], t, err))
			return -1;
	return 0;
}

static int go_together(struct explain_parting *out, struct side *sides,
		       const struct whatif_job *job, const struct trace *t, struct error *err)
{
	const struct demand *d = job->demand;
	uint64_t number = 0;

	for (uint64_t i = 0; i < d->nr; i++) {
		const struct demand_op *op = &d->ops[i];

		number += op->kind == DEMAND_BIRTH || op->kind == DEMAND_FAIL;
		operation(&sides[0], op);
		operation(&sides[1], op);
		if (differ(&sides[0], &sides[1]))
			return describe(out, sides, t, op, number, err);
	}
	return 0;
}

int explain_parting(const struct whatif_job *job, const struct trace *t,
		    const struct policy_setting *against, struct explain_parting *out,
		    struct error *err)
{
	/* The replays go on reading their jobs. */
	struct whatif_job jobs[2] = {*job, *job};
	struct side sides[2] = {0};
	int ret = 0, begun = 0;

	jobs[1].setting = against;
	for (; begun < 2 && !ret; begun++) {
		struct side *side = &sides[begun];

		side->unused.pageblock_order = job->start->pageblock_order;
		ret = whatif_begin(&side->w, &jobs[begun], &scenarios[0], &side->unused, err);
		side->w.env.driver = &side->w;
		side->watch =
			(struct whatif_watch){.before = request_before, .after = request_after};
		side->w.watch = &side->watch;
	}
	if (!ret)
		ret = go_together(out, sides, job, t, err);
	for (int i = 0; i < begun; i++) {
		whatif_release(&sides[i].w);
		outcome_release(&sides[i].unused);
	}
	if (!ret && !out->part)
		for (int i = 0; i < 2; i++)
			snprintf(out->sides[i].policy, sizeof(out->sides[i].policy), "%s",
				 i ? against->policy->name : job->setting->policy->name);
	return ret;
}
