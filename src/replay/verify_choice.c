// SPDX-License-Identifier: GPL-2.0-only
/* Which zone and list will serve a request: get_page_from_freelist without doing it
 * [page_alloc.c, 6.1]. */
#include "replay/verify.h"

#include <stdlib.h>
#include <string.h>

/* ---- choosing ---- */

bool choice_can_take(const struct mm *mm, uint32_t zone, uint32_t order, uint32_t type,
		     uint32_t flags)
{
	struct mm_fallback fb;
	uint32_t found;

	return !frame_is_none(mm_peek_smallest(mm, zone, order, type, &found)) ||
	       mm_find_fallback(mm, zone, order, type, flags, &fb);
}

static bool has_highatomic(const struct mm *mm, uint32_t zone, uint32_t order)
{
	uint32_t found;

	return !frame_is_none(mm_peek_smallest(mm, zone, order, MM_HIGHATOMIC, &found));
}

/* rmqueue for one zone, without doing it */
bool choice_at_zone(const struct mm *mm, uint32_t zone, const struct mm_request *rq, bool locked,
		    struct choice *ch)
{
	uint32_t flags = ch->alloc_flags;

	ch->zone = zone;
	ch->list_type = rq->type;
	if (mm_pcp_allowed_order(mm, rq->order) && !locked) {
		uint32_t list = mm_pcp_list(mm, zone, rq->cpu, mm_pindex(mm, rq->order, rq->type));

		if (mm_list_count(mm, list)) {
			ch->path = PATH_POP;
			return true;
		}
		if (choice_can_take(mm, zone, rq->order, rq->type, flags)) {
			ch->path = PATH_REFILL;
			return true;
		}
		ch->passed[ch->nr_passed++] = zone;
	}
	ch->path = PATH_DIRECT;
	if ((flags & MM_ALLOC_HIGHATOMIC) && has_highatomic(mm, zone, rq->order)) {
		ch->list_type = MM_HIGHATOMIC;
		return true;
	}
	if (choice_can_take(mm, zone, rq->order, rq->type, flags))
		return true;
	ch->list_type = MM_HIGHATOMIC;
	return (flags & (MM_ALLOC_OOM | MM_ALLOC_NON_BLOCK)) && has_highatomic(mm, zone, rq->order);
}

/* Not on the nodes @but (bits). */
static bool walk_but(const struct mm *mm, const struct mm_request *rq, uint32_t flags, bool locked,
		     uint32_t but, struct choice *ch)
{
	const struct mm_node *node = &mm->nodes[rq->node];
	uint32_t highest = mm_gfp_zone(mm, rq->gfp);

	ch->alloc_flags = flags;
	for (uint32_t i = 0; i < node->nr_zonelist; i++) {
		uint32_t zone = node->zonelist[i];
		const struct mm_zone *z = &mm->zones[zone];

		if ((uint32_t)z->index > highest || !mm_on_node(mm, zone, rq->node, rq->gfp) ||
		    but & 1u << z->node)
			continue;
		if ((flags & MM_ALLOC_NOFRAGMENT) && (uint32_t)z->node != rq->node)
			return false;
		if (!(flags & MM_ALLOC_NO_WATERMARKS) &&
		    !mm_watermark_fast(mm, zone, rq->order,
				       mm_wmark(mm, zone, flags & MM_ALLOC_WMARK_MASK), highest,
				       flags, rq->gfp))
			continue;
		if (choice_at_zone(mm, zone, rq, locked, ch))
			return true;
	}
	return false;
}

static bool walk(const struct mm *mm, const struct mm_request *rq, uint32_t flags, bool locked,
		 struct choice *ch)
{
	return walk_but(mm, rq, flags, locked, 0, ch);
}

static bool walk_fast(const struct mm *mm, const struct mm_request *rq, bool locked, uint32_t but,
		      struct choice *ch)
{
	uint32_t fast = mm_alloc_flags_fast(mm, rq);

	return walk_but(mm, rq, fast, locked, but, ch) ||
	       ((fast & MM_ALLOC_NOFRAGMENT) &&
		walk_but(mm, rq, fast & ~MM_ALLOC_NOFRAGMENT, locked, but, ch));
}

static bool in_slow_path(const struct verify *v, const struct mm_request *rq, enum context ctx)
{
	const struct task *task = verify_task((struct verify *)v, rq->pid, false);

	/* What a task allocates while it reclaims is another request. */
	return ctx == CTX_TASK && task && task->slow && !task->in_reclaim;
}

/* Nodes that have too many dirty pages for the request, as far as known. */
static uint32_t dirty_nodes(const struct verify *v, const struct mm_request *rq)
{
	return rq->gfp & MM_GFP_WRITE ? v->dirty_nodes : 0;
}

/*
 * A request for page cache that will be written passes by a node that has too many dirty pages, as
 * long as it is on the fast path [node_dirty_ok; spread_dirty_pages in get_page_from_freelist]. How
 * many are dirty is in no event: that there are too many is learnt from a request that got its page
 * from another node, or from a zone that only the slow path would choose; that there are not from
 * one that only the fast path would serve so.
 */
static void learn_dirty_limit(struct verify *v, const struct mm_request *rq, enum context ctx,
			      uint32_t zone)
{
	struct choice fast = {.zone = UINT32_MAX}, slow = {.zone = UINT32_MAX};
	const struct mm_zone *zones = v->mm->zones;

	if (!(rq->gfp & MM_GFP_WRITE) || in_slow_path(v, rq, ctx))
		return;
	walk_fast(v->mm, rq, false, 0, &fast);
	walk(v->mm, rq, mm_alloc_flags_slow(v->mm, rq), false, &slow);
	if (fast.path == PATH_NONE || (fast.zone == slow.zone && v->mm->nr_nodes == 1))
		return;
	if (zone == fast.zone)
		v->dirty_nodes &= ~(1u << zones[fast.zone].node);
	else if (zone == slow.zone || zones[zone].node != zones[fast.zone].node)
		v->dirty_nodes |= 1u << zones[fast.zone].node;
}

void choice_learn(struct verify *v, const struct mm_request *rq, enum context ctx,
		  const struct choice *ch, uint32_t zone)
{
	learn_dirty_limit(v, rq, ctx, zone);
	infer_fold(v, rq, ctx, ch, zone);
}

/*
 * The fast path, the same without NOFRAGMENT, then the slow path's watermark; a task that reclaims
 * may use everything. A request that has already been in the slow path does not return to the fast
 * one. @locked: the per-cpu lists are busy.
 */
void choice_make(const struct verify *v, const struct mm_request *rq, enum context ctx, bool locked,
		 struct choice *ch)
{
	const struct mm *mm = v->mm;
	uint32_t slow = mm_alloc_flags_slow(mm, rq);

	memset(ch, 0, sizeof(*ch));
	if (!in_slow_path(v, rq, ctx) && walk_fast(mm, rq, locked, dirty_nodes(v, rq), ch))
		return;
	ch->nr_passed = 0;
	if (walk(mm, rq, slow, locked, ch))
		return;
	ch->nr_passed = 0;
	if (walk(mm, rq, slow | MM_ALLOC_NO_WATERMARKS, locked, ch))
		return;
	ch->path = PATH_NONE;
	ch->zone = UINT32_MAX;
}

bool verify_reclaim_fails(const struct verify *v, const struct event *e, const struct task *task)
{
	struct event r = *e;
	struct mm_request rq;
	struct choice ch;

	r.w[1] = task->reclaim_order;
	r.w[2] = task->reclaim_gfp;
	r.w[3] = mm_gfp_type(task->reclaim_gfp);
	memset(&ch, 0, sizeof(ch));
	choice_request(v, &r, &rq);
	return rq.order < v->mm->nr_orders &&
	       !walk(v->mm, &rq, mm_alloc_flags_slow(v->mm, &rq), false, &ch);
}

void choice_request(const struct verify *v, const struct event *r, struct mm_request *rq)
{
	*rq = (struct mm_request){
		.cpu = r->cpu,
		.order = (uint32_t)r->w[1],
		.gfp = (uint32_t)r->w[2],
		.type = (uint32_t)r->w[3],
		.pid = r->pid,
	};
	if (rq->type >= MM_NR_PCP_TYPES)
		rq->type = MM_UNMOVABLE;
	if (rq->cpu >= v->mm->nr_cpus)
		rq->cpu = 0;
	rq->node = mm_node_of_cpu(v->mm, rq->cpu);
}

void choice_halve(struct mm *mm, uint32_t zone, uint32_t cpu)
{
	mm_pcp_on_alloc(mm, zone, cpu);
}

void choice_count(struct verify *v, const struct choice *ch, uint32_t zone, struct frame got)
{
	v->res->zone_choices++;
	if (ch->zone == zone)
		v->res->zone_choices_exact++;
	else
		verify_mismatch(v, MISMATCH_ZONE_CHOICE, FRAME_NONE, got,
				"zone %s expected, %s came",
				ch->zone < v->mm->nr_zones ? v->mm->zones[ch->zone].name : "none",
				v->mm->zones[zone].name);
	for (uint32_t i = 0; i < ch->nr_passed; i++)
		if (ch->passed[i] != zone)
			choice_halve(v->mm, ch->passed[i], v->mm->cpu);
}
