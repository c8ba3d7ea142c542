// SPDX-License-Identifier: GPL-2.0-only
#include "capture/live.h"

#include <stdlib.h>
#include <string.h>

struct parser {
	struct live *l;
	uint32_t pass;
	const uint8_t *buf;
	struct snapshot *s;
	size_t lists_cap, entries_cap;
};

static uint64_t number(const uint8_t *p, uint32_t size)
{
	uint64_t v = 0;

	memcpy(&v, p, size < 8 ? size : 8);
	return v;
}

static uint64_t get(const uint8_t *base, const struct layout_member *m)
{
	return m->size ? number(base + m->offset, m->size) : 0;
}

static int64_t get_signed(const uint8_t *base, const struct layout_member *m)
{
	uint64_t v = get(base, m);
	int shift = 64 - 8 * (m->size < 8 ? m->size : 8);

	return m->size ? (int64_t)(v << shift) >> shift : 0;
}

static uint64_t element(const uint8_t *base, const struct layout_member *m, uint32_t i)
{
	return i < m->nr && m->size ? number(base + m->offset + (size_t)i * m->size, m->size) : 0;
}

static const uint8_t *page_at(const struct parser *p, uint64_t pfn)
{
	return live_page(p->l, p->pass, pfn);
}

/* Frame of a list link inside a struct page; false when the address is no such link. */
static bool link_frame(const struct parser *p, uint64_t link, uint64_t *pfn)
{
	uint64_t off = link - p->l->layout.page_lru.offset - p->l->vmemmap;

	*pfn = off / p->l->layout.page_size;
	return off % p->l->layout.page_size == 0 && *pfn < p->l->nr_frames;
}

static struct snap_list *list_begin(struct parser *p, uint32_t kind, int32_t zone, int32_t cpu,
				    int32_t order, int32_t type)
{
	struct snapshot *s = p->s;

	if (s->nr_lists == p->lists_cap) {
		p->lists_cap = p->lists_cap ? 2 * p->lists_cap : 256;
		s->lists = realloc(s->lists, p->lists_cap * sizeof(*s->lists));
	}
	s->lists[s->nr_lists] = (struct snap_list){kind, zone, cpu, order, type, s->nr_entries, 0};
	return &s->lists[s->nr_lists++];
}

static void list_add(struct parser *p, uint64_t pfn, uint8_t order, uint8_t type)
{
	struct snapshot *s = p->s;

	if (s->nr_entries == p->entries_cap) {
		p->entries_cap = p->entries_cap ? 2 * p->entries_cap : 4096;
		s->entries = realloc(s->entries, p->entries_cap * sizeof(*s->entries));
	}
	s->entries[s->nr_entries++] = (struct snap_entry){.pfn = pfn, .order = order, .type = type};
	s->lists[s->nr_lists - 1].nr++;
}

/*
 * Walks a circular list whose head, at address @head, was copied to @copy. Each step checks the
 * link back, so that a list that changed under the reader is noticed.
 */
static int walk(struct parser *p, uint64_t head, const uint8_t *copy, int order, bool cached_type,
		struct error *err)
{
	const struct kernel_layout *k = &p->l->layout;
	uint64_t link = number(copy, 8), prev = head, pfn;
	const uint8_t *page;

	for (; link != head; link = number(page + k->page_lru.offset, 8)) {
		if (!link_frame(p, link, &pfn) ||
		    p->s->lists[p->s->nr_lists - 1].nr > p->l->nr_frames)
			return error_set(err, "a list changed while it was read (link %#llx)",
					 (unsigned long long)link);
		page = page_at(p, pfn);
		if (number(page + k->page_lru.offset + 8, 8) != prev)
			return error_set(
				err,
				"a list changed while it was read (frame %llu points back to %#llx, "
				"not %#llx)",
				(unsigned long long)pfn,
				(unsigned long long)number(page + k->page_lru.offset + 8, 8),
				(unsigned long long)prev);
		list_add(p, pfn, order,
			 cached_type ? p->l->mt_map[get(page, &k->page_index) % SNAP_MAX_TYPES]
				     : 0);
		prev = link;
	}
	return 0;
}

static int parse_area(struct parser *p, uint32_t zone_nr, uint64_t addr, const uint8_t *area,
		      uint32_t order, struct error *err)
{
	const struct kernel_layout *k = &p->l->layout;
	struct snap_zone *z = &p->s->zones[zone_nr];
	uint64_t total = 0, nr;
	size_t off, i, first;
	uint32_t t;

	for (t = 0; t < k->mt_nr; t++) {
		off = k->free_list.offset + (size_t)t * k->list_head_size;
		first = p->s->nr_entries;
		list_begin(p, SNAP_LIST_BUDDY, zone_nr, 0, order, p->l->mt_map[t]);
		if (walk(p, addr + off, area + off, order, false, err))
			return -1;
		for (i = first; i < p->s->nr_entries; i++)
			if (get(page_at(p, p->s->entries[i].pfn), &k->page_private) != order)
				return error_set(err,
						 "a free page's order changed while it was read");
		nr = p->s->nr_entries - first;
		z->nr_free[order][p->l->mt_map[t]] = nr;
		total += nr;
	}
	if (total != get(area, &k->nr_free))
		return error_set(
			err, "zone %s order %u: %llu free pages on the lists, nr_free says %llu",
			z->name, order, (unsigned long long)total,
			(unsigned long long)get(area, &k->nr_free));
	return 0;
}

static void parse_compaction(struct parser *p, struct snap_zone *z, const uint8_t *zone)
{
	const struct kernel_layout *k = &p->l->layout;

	z->compact_valid = k->cached_free.size != 0;
	z->compact_blockskip_flush = get(zone, &k->blockskip_flush) & 1;
	z->compact_cached_free = get(zone, &k->cached_free);
	z->compact_cached_migrate[0] = element(zone, &k->cached_migrate, 0);
	z->compact_cached_migrate[1] = element(zone, &k->cached_migrate, 1);
	z->compact_init_migrate = get(zone, &k->init_migrate);
	z->compact_init_free = get(zone, &k->init_free);
	z->compact_considered = get(zone, &k->considered);
	z->compact_defer_shift = get(zone, &k->defer_shift);
	z->compact_order_failed = get_signed(zone, &k->order_failed);
}

static uint32_t parse_flags(const struct kernel_layout *k, uint64_t flags)
{
	uint32_t out = 0;

	if (k->zone_boosted >= 0 && flags >> k->zone_boosted & 1)
		out |= SNAP_ZONE_BOOSTED;
	if (k->zone_reclaim_active >= 0 && flags >> k->zone_reclaim_active & 1)
		out |= SNAP_ZONE_RECLAIM_ACTIVE;
	if (k->zone_below_high >= 0 && flags >> k->zone_below_high & 1)
		out |= SNAP_ZONE_BELOW_HIGH;
	return out;
}

static void parse_zone(struct parser *p, struct snap_zone *z, const uint8_t *zone)
{
	const struct kernel_layout *k = &p->l->layout;
	uint64_t name = get(zone, &k->zone_name);
	uint32_t i;

	z->managed = get(zone, &k->managed);
	z->spanned = get(zone, &k->spanned);
	z->present = get(zone, &k->present);
	z->start_pfn = get(zone, &k->zone_start_pfn);
	for (i = 0; i < 4; i++)
		z->wmark[i] = element(zone, &k->watermark, i);
	for (i = 0; i < SNAP_MAX_RESERVES; i++)
		z->lowmem_reserve[i] = element(zone, &k->lowmem_reserve, i);
	z->boost = get(zone, &k->watermark_boost);
	z->reserved_highatomic = get(zone, &k->reserved_highatomic);
	z->free_counter = number(zone + k->vm_stat.offset + 8 * k->nr_free_pages, 8);
	z->percpu_drift_mark = get(zone, &k->drift_mark);
	z->flags = parse_flags(k, get(zone, &k->zone_flags));
	parse_compaction(p, z, zone);
	if (name && kcore_read(&p->l->kcore, name, z->name, sizeof(z->name) - 1))
		strcpy(z->name, "?");
	z->name[sizeof(z->name) - 1] = 0;
}

static void parse_daemons(const struct live *l, const struct live_node *node, const uint8_t *pgdat,
			  struct snap_node *out)
{
	const struct kernel_layout *k = &l->layout;

	*out = (struct snap_node){
		.node = node->id,
		.kswapd_order = (int32_t)get_signed(pgdat, &k->kswapd_order),
		.kswapd_highest_zone = (int32_t)get(pgdat, &k->kswapd_highest),
		.kswapd_failures = (int32_t)get_signed(pgdat, &k->kswapd_failures),
		.kcompactd_order = (int32_t)get_signed(pgdat, &k->kcompactd_order),
		.kcompactd_highest_zone = (int32_t)get(pgdat, &k->kcompactd_highest),
		.proactive_trigger = (int32_t)get(pgdat, &k->proactive_trigger) & 1,
	};
}

static int parse_node(struct parser *p, uint32_t n, struct error *err)
{
	const struct kernel_layout *k = &p->l->layout;
	const struct live_node *node = &p->l->nodes[n];
	uint64_t addr;
	const uint8_t *zone;
	uint32_t i, o, nr;
	size_t off;

	parse_daemons(p->l, node, p->buf + node->pos, &p->s->nodes[n]);
	for (i = 0; i < p->l->zones_per_node; i++) {
		nr = n * p->l->zones_per_node + i;
		off = k->node_zones.offset + (size_t)i * k->zone_size;
		zone = p->buf + node->pos + off;
		p->s->zones[nr].node = node->id;
		p->s->zones[nr].index = i;
		parse_zone(p, &p->s->zones[nr], zone);
		for (o = 0; p->s->zones[nr].managed && o < p->s->nr_orders; o++) {
			addr = node->pgdat + off + k->free_area.offset +
			       (uint64_t)o * k->free_area_size;
			if (parse_area(p, nr, addr, p->buf + node->pos + (addr - node->pgdat), o,
				       err))
				return -1;
		}
	}
	return 0;
}

/* order_to_pindex(): three types an order, then the lists of huge pages (one before 6.1.97, two
 * since). */
static uint32_t pcp_list_order(const struct live *l, uint32_t index)
{
	if (l->layout.pcp_lists.nr <= 3)
		return 0;
	return index < 12 ? index / 3 : l->pageblock_order;
}

static int parse_pcp(struct parser *p, const struct live_pcp *lp, struct snap_pcp *out,
		     struct error *err)
{
	const struct kernel_layout *k = &p->l->layout;
	const uint8_t *b = p->buf + lp->pos, *stat = p->buf + lp->stat_pos;
	bool cached_type =
		k->pcp_high_min.size == 0; /* 6.12 and later read the block's type instead */
	int64_t pages = 0;
	uint32_t i, order;
	size_t off;

	*out = (struct snap_pcp){
		.zone = lp->zone,
		.cpu = lp->cpu,
		.count = get_signed(b, &k->pcp_count),
		.high = get_signed(b, &k->pcp_high),
		.batch = get_signed(b, &k->pcp_batch),
		.high_min = get_signed(b, &k->pcp_high_min),
		.high_max = get_signed(b, &k->pcp_high_max),
		.free_factor = get_signed(b, &k->pcp_free_factor),
		.alloc_factor = get(b, &k->pcp_alloc_factor),
		.free_count = get_signed(b, &k->pcp_free_count),
		.flags = get(b, &k->pcp_flags),
		.expire = get_signed(b, &k->pcp_expire),
		.free_diff = (int8_t)stat[k->stat_diff.offset + k->nr_free_pages],
	};
	p->s->zones[lp->zone].stat_threshold = (int8_t)stat[k->stat_threshold.offset];
	for (i = 0; i < k->pcp_lists.nr; i++) {
		off = k->pcp_lists.offset + (size_t)i * k->list_head_size;
		order = pcp_list_order(p->l, i);
		list_begin(p, SNAP_LIST_PCP, lp->zone, lp->cpu, order, i);
		if (walk(p, lp->addr + off, b + off, order, cached_type, err))
			return -1;
		pages += p->s->lists[p->s->nr_lists - 1].nr << order;
	}
	if (pages != out->count)
		return error_set(err,
				 "zone %s CPU %d: %lld pages on the per-cpu lists, count says %d",
				 p->s->zones[lp->zone].name, lp->cpu, (long long)pages, out->count);
	return 0;
}

static int parse_pcps(struct parser *p, struct error *err)
{
	size_t i;

	p->s->nr_pcps = p->l->nr_pcps;
	p->s->pcps = calloc(p->l->nr_pcps + 1, sizeof(*p->s->pcps));
	for (i = 0; i < p->l->nr_pcps; i++)
		if (parse_pcp(p, &p->l->pcps[i], &p->s->pcps[i], err))
			return -1;
	return 0;
}

static int parse_lru(struct parser *p, struct error *err)
{
	const struct live_node *node;
	uint32_t n, i, lru;
	size_t off;

	if (p->l->way != SNAPSHOT_KCORE)
		return 0; /* BPF reads the free lists only */

	for (n = 0; n < p->l->nr_nodes; n++)
		for (lru = 0; lru < SNAP_NR_LRU; lru++) {
			node = &p->l->nodes[n];
			list_begin(p, SNAP_LIST_LRU, node->id, 0, 0, lru);
			for (i = 0; i < ARRAY_SIZE(node->lists); i++) {
				off = (size_t)lru * p->l->layout.list_head_size;
				/* A head that was never initialised belongs to a lruvec that is not
				 * in use. */
				if (!node->lists[i] ||
				    !number(p->buf + node->lists_pos[i] + off, 8))
					continue;
				if (lru ==
				    SNAP_NR_LRU - 1) /* unevictable pages are counted, not listed */
					continue;
				if (walk(p, node->lists[i] + off, p->buf + node->lists_pos[i] + off,
					 0, false, err))
					return -1;
			}
		}
	return 0;
}

static void parse_batches(struct parser *p)
{
	const struct kernel_layout *k = &p->l->layout;
	const struct live_batch *b;
	const uint8_t *batch;
	uint64_t pfn, off;
	uint32_t nr, j;
	size_t i;

	for (i = 0; i < p->l->nr_batches; i++) {
		b = &p->l->batches[i];
		batch = p->buf + b->pos;
		nr = get(batch, &k->fbatch_nr);
		list_begin(p, SNAP_LIST_LRU_BATCH, 0, b->cpu, 0, b->kind);
		for (j = 0; j < nr && j < k->fbatch_entries.nr; j++) {
			off = element(batch, &k->fbatch_entries, j) - p->l->vmemmap;
			pfn = off / k->page_size;
			if (off % k->page_size == 0 && pfn < p->l->nr_frames)
				list_add(p, pfn, 0, 0);
		}
	}
}

static uint8_t block_bits(const struct kernel_layout *k, const uint8_t *bits, uint64_t block,
			  const uint8_t *mt_map)
{
	uint64_t first = block * k->nr_pageblock_bits;
	uint32_t v = bits[first / 8] >> (first % 8);
	uint8_t type = mt_map[v & 7];

	if (k->pb_isolate >= 0 && v >> k->pb_isolate & 1)
		type = MT_ISOLATE;
	return type | (k->pb_skip >= 0 && v >> k->pb_skip & 1 ? SNAP_BLOCK_SKIP : 0);
}

/* Blocks whose struct pages are not initialised yet (deferred_init_memmap()) have no type. */
static void forget_deferred(const struct parser *p)
{
	const struct layout_member *m = &p->l->layout.first_deferred;
	uint64_t first, end, b;
	uint32_t n;

	for (n = 0; m->size && n < p->l->nr_nodes; n++) {
		first = get(p->buf + p->l->nodes[n].pos, m) >> p->l->pageblock_order;
		end = get(p->buf + p->l->nodes[n].pos, &p->l->layout.node_start_pfn) +
		      get(p->buf + p->l->nodes[n].pos, &p->l->layout.node_spanned_pages);
		for (b = first; b < p->s->nr_blocks && b << p->l->pageblock_order < end; b++)
			p->s->blocks[b] = 15;
	}
}

static void count_blocks(struct snapshot *s)
{
	uint64_t b, pfn, i, end;
	uint8_t type;

	for (i = 0; i < s->nr_zones; i++) {
		end = s->zones[i].start_pfn + s->zones[i].spanned;
		for (b = s->zones[i].start_pfn >> s->pageblock_order; b < s->nr_blocks; b++) {
			pfn = b << s->pageblock_order;
			type = SNAP_BLOCK_TYPE(s->blocks[b]);
			if (!s->zones[i].managed || pfn >= end)
				break;
			if (type < SNAP_MAX_TYPES)
				s->zones[i].nr_blocks[type]++;
		}
	}
}

static void parse_blocks(struct parser *p)
{
	const struct kernel_layout *k = &p->l->layout;
	uint64_t per_section = 32768 >> p->l->pageblock_order, b, i, nr;

	nr = (p->l->nr_frames + (1ull << p->l->pageblock_order) - 1) >> p->l->pageblock_order;
	p->s->nr_blocks = nr;
	p->s->blocks = malloc(nr + 1);
	memset(p->s->blocks, 15, nr);
	for (i = 0; i < p->l->nr_sections; i++)
		for (b = 0; b < per_section; b++) {
			uint64_t at = (p->l->sections[i].pfn >> p->l->pageblock_order) + b;

			if (at < nr)
				p->s->blocks[at] = block_bits(k, p->buf + p->l->sections[i].pos, b,
							      p->l->mt_map);
		}
	forget_deferred(p);
	count_blocks(p->s);
}

int live_parse(struct live *l, uint32_t pass, struct snapshot *s, struct error *err)
{
	struct parser p = {.l = l, .pass = pass, .buf = l->buf[pass], .s = s};
	uint32_t n;

	s->level = SNAP_EXACT;
	s->nr_cpus = l->nr_cpus;
	s->nr_orders = l->layout.free_area.nr;
	s->pageblock_order = l->pageblock_order;
	s->nr_frames = l->nr_frames;
	s->nr_zones = (size_t)l->nr_nodes * l->zones_per_node;
	s->zones = calloc(s->nr_zones, sizeof(*s->zones));
	s->nr_nodes = l->nr_nodes;
	s->nodes = calloc(s->nr_nodes, sizeof(*s->nodes));
	if (s->nr_orders > SNAP_MAX_ORDERS || l->layout.mt_nr > SNAP_MAX_TYPES)
		return error_set(
			err,
			"this kernel has %u orders and %lld migratetypes: more than a snapshot holds",
			s->nr_orders, (long long)l->layout.mt_nr);
	for (n = 0; n < l->nr_nodes; n++)
		if (parse_node(&p, n, err))
			return -1;
	if (parse_pcps(&p, err) || parse_lru(&p, err))
		return -1;
	parse_batches(&p);
	parse_blocks(&p);
	return 0;
}
