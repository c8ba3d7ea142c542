// SPDX-License-Identifier: GPL-2.0-only
#include "capture/live.h"

#include <string.h>

/* Of two different ways kcore comes first. */
bool live_pass_by_bpf(const struct live *l, uint32_t pass)
{
	return l->way == SNAPSHOT_BPF || (l->way == SNAPSHOT_BOTH && pass == 1);
}

static int plan_zone(struct live *l, const struct live_node *node, uint32_t zone, struct error *err)
{
	const struct kernel_layout *k = &l->layout;
	uint64_t addr = node->pgdat + k->node_zones.offset + (uint64_t)zone * k->zone_size, area;
	uint32_t o, t;

	if (!kcore_u64(&l->kcore, addr + k->managed.offset))
		return 0;
	for (o = 0; o < k->free_area.nr; o++)
		for (t = 0; t < k->mt_nr; t++) {
			area = addr + k->free_area.offset + (uint64_t)o * k->free_area_size;
			if (walker_add_list(&l->walker,
					    area + k->free_list.offset +
						    (uint64_t)t * k->list_head_size,
					    err))
				return -1;
		}
	return 0;
}

static int plan_lists(struct live *l, struct error *err)
{
	const struct kernel_layout *k = &l->layout;
	uint32_t n, z, i;
	size_t p;

	for (n = 0; n < l->nr_nodes; n++)
		for (z = 0; z < l->zones_per_node; z++)
			if (plan_zone(l, &l->nodes[n], z, err))
				return -1;
	for (p = 0; p < l->nr_pcps; p++)
		for (i = 0; i < k->pcp_lists.nr; i++)
			if (walker_add_list(&l->walker,
					    l->pcps[p].addr + k->pcp_lists.offset +
						    (uint64_t)i * k->list_head_size,
					    err))
				return -1;
	return 0;
}

int live_plan_walk(struct live *l, struct error *err)
{
	size_t i;

	for (i = 0; i < l->nr_regions; i++)
		if (walker_add_copy(&l->walker, l->regions[i].addr, l->regions[i].len, err))
			return -1;
	return plan_lists(l, err);
}

/* The walker's own pass is always its last one where kcore reads the first. */
int live_walk(struct live *l, uint32_t pass, struct error *err)
{
	int ret = walker_walk(&l->walker, pass, &l->walked[pass], err);

	if (!ret && l->way == SNAPSHOT_BPF && pass &&
	    l->walked[0].seq_begin != l->walked[pass].seq_end)
		return error_set(err, "%llu events of the allocator came while its lists were read",
				 l->walked[pass].seq_end - l->walked[0].seq_begin);
	return ret;
}

static uint32_t slot_of(const struct live *l, uint64_t pfn)
{
	return (uint32_t)(pfn * 0x9e3779b97f4a7c15ull >> 32) & l->index_mask;
}

/* Two pages never have the same address while nothing changes, and a change is noticed elsewhere.
 */
static void take_pages(struct live *l, uint32_t pass)
{
	const struct walker_page *p = l->walker.pages + pass * l->walker.max_pages;
	uint32_t *index = l->page_index[pass], i, slot;

	memset(index, 0, ((size_t)l->index_mask + 1) * sizeof(*index));
	for (i = 0; i < l->walked[pass].nr_pages; i++) {
		slot = slot_of(l, (p[i].addr - l->vmemmap) / WALKER_PAGE);
		while (index[slot])
			slot = (slot + 1) & l->index_mask;
		index[slot] = i + 1;
	}
}

const uint8_t *live_page(const struct live *l, uint32_t pass, uint64_t pfn)
{
	static const uint8_t none[WALKER_PAGE];
	const struct walker_page *pages;
	uint64_t addr = l->vmemmap + pfn * WALKER_PAGE;
	uint32_t slot;

	if (!live_pass_by_bpf(l, pass))
		return l->buf[pass] + l->pages_pos + pfn * l->layout.page_size;
	pages = l->walker.pages + pass * l->walker.max_pages;
	for (slot = slot_of(l, pfn); l->page_index[pass][slot]; slot = (slot + 1) & l->index_mask)
		if (pages[l->page_index[pass][slot] - 1].addr == addr)
			return pages[l->page_index[pass][slot] - 1].bytes;
	return none;
}

void live_take_walk(struct live *l, uint32_t pass)
{
	const struct walker_chunk *c = l->walker.chunks + pass * l->walker.max_chunks;
	size_t i, done, n;

	for (i = 0; i < l->nr_regions; i++)
		for (done = 0; done < l->regions[i].len; done += n, c++) {
			n = l->regions[i].len - done;
			n = n < WALKER_CHUNK ? n : WALKER_CHUNK;
			memcpy(l->buf[pass] + l->regions[i].pos + done, c->bytes, n);
		}
	take_pages(l, pass);
}
