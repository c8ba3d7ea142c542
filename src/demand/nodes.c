// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which node a request prefers: that of its CPU, unless the recording shows another one. It does
 *
 *  - where a request that may have no other node (__GFP_THISNODE) got its page: a pool of huge
 *    pages asks one node after the other [hstate_next_node_to_alloc, mm/hugetlb.c, 6.1];
 *  - where a page came from another node although the CPU's own had plenty free: by a memory
 *    policy, or because that node has too many dirty pages for page cache that will be written
 *    [node_dirty_ok, mm/page-writeback.c].
 *
 * What a request got because its own node was short is the recorded kernel's affair, not demand.
 */
#include "demand/derive.h"

static uint32_t node_of(const struct derive *d, uint32_t frame)
{
	uint32_t zone = mm_frame_zone(d->geo.mm, (struct frame){frame});

	return zone == UINT32_MAX ? TRACK_NONE : (uint32_t)d->geo.mm->zones[zone].node;
}

/* More than this is plenty: no watermark refuses it, whatever the per-cpu lists hold. */
static int64_t plenty_of(const struct mm *mm, uint32_t zone)
{
	const struct mm_zone *z = &mm->zones[zone];
	int64_t pages = (int64_t)z->wmark[MM_WMARK_HIGH] + z->boost;
	uint32_t reserve = 0;

	for (uint32_t i = 0; i < MM_ZONES_PER_NODE; i++)
		reserve = z->lowmem_reserve[i] > reserve ? z->lowmem_reserve[i] : reserve;
	for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++)
		pages += mm_pcp(mm, zone, cpu)->high;
	return pages + reserve;
}

void nodes_init(struct derive *d, const struct capture *c)
{
	const struct mm *mm = d->geo.mm;

	d->nodes.several = mm && mm->nr_nodes > 1;
	if (!d->nodes.several || !c || c->start.level == SNAP_NONE)
		return;
	d->nodes.counted = true;
	for (uint32_t z = 0; z < mm->nr_zones; z++)
		d->nodes.room[mm->zones[z].node] -= plenty_of(mm, z);
	for (size_t i = 0; i < c->start.nr_zones; i++) {
		const struct snap_zone *z = &c->start.zones[i];

		if (z->node < 0 || z->node >= MM_MAX_NODES)
			continue;
		for (uint32_t order = 0; order < SNAP_MAX_ORDERS; order++)
			for (uint32_t type = 0; type < SNAP_MAX_TYPES; type++)
				d->nodes.room[z->node] += (int64_t)z->nr_free[order][type] << order;
	}
}

static void count(struct derive *d, uint32_t frame, int64_t pages)
{
	uint32_t node = node_of(d, frame);

	if (node != TRACK_NONE)
		d->nodes.room[node] += pages;
}

/* What compaction moves takes as much of the node as it gives back, and shows only the latter. */
void nodes_free(struct derive *d, const struct event *e, uint32_t frame)
{
	if (d->nodes.counted && !(context_of(d, e) & TASK_COMPACT))
		count(d, frame, 1ll << e->w[1]);
}

void nodes_alloc(struct derive *d, const struct event *e, uint32_t frame)
{
	if (d->nodes.counted)
		count(d, frame, -(1ll << e->w[1]));
}

/* A pool goes round its nodes, also while they have nothing to give. */
static uint32_t next_of_pool(const struct derive *d)
{
	return (d->nodes.pool + 1) % d->geo.mm->nr_nodes;
}

static void set_node(struct demand_op *op, uint32_t node)
{
	op->flags |= (uint16_t)((node + 1) << DEMAND_F_NODE_SHIFT);
}

void nodes_request(struct derive *d, const struct event *alloc, struct demand_op *op)
{
	uint32_t frame = 0, local, got;
	bool pool = op->gfp & GFP_THISNODE && op->page == MM_KIND_HUGETLB;

	if (!d->nodes.several)
		return;
	local = mm_node_of_cpu(d->geo.mm, op->cpu);
	if (op->kind == DEMAND_FAIL) {
		got = pool ? next_of_pool(d) : local;
	} else {
		if (!frame_of(d, alloc->w[0], op->order, &frame))
			return;
		got = node_of(d, frame);
	}
	if (pool)
		d->nodes.pool = got;
	if (got == TRACK_NONE || got == local)
		return;
	if (op->gfp & GFP_THISNODE || (d->nodes.counted && !op->order && d->nodes.room[local] > 0))
		set_node(op, got);
}
