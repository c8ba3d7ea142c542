// SPDX-License-Identifier: GPL-2.0-only
#include "capture/live.h"

#include <stdlib.h>
#include <string.h>

#define KPF_LRU 5
#define KPF_SLAB 7
#define KPF_BUDDY 10
#define KPF_ANON 12
#define KPF_COMPOUND_TAIL 16
#define KPF_HUGE 17
#define KPF_NOPAGE 20
#define MAPPING_FLAGS 3ull /* low bits of page->mapping: anonymous, movable, KSM */

/* mapping -> inode number, so that each file is looked up once */
struct inode_cache {
	struct {
		uint64_t mapping, inode;
	} * slots;
	uint64_t mask;
};

static uint64_t lookup_inode(const struct live *l, uint64_t mapping)
{
	uint64_t host = kcore_u64(&l->kcore, mapping + l->layout.mapping_host.offset);

	return host ? kcore_u64(&l->kcore, host + l->layout.inode_ino.offset) : 0;
}

/* A direct-mapped cache is enough: neighbours in memory are mostly neighbours in a file. */
static uint64_t inode_of(const struct live *l, struct inode_cache *c, uint64_t mapping)
{
	uint64_t i = (mapping * 0x9e3779b97f4a7c15ull >> 40) & c->mask;

	if (c->slots[i].mapping != mapping) {
		c->slots[i].inode = lookup_inode(l, mapping);
		c->slots[i].mapping = mapping;
	}
	return c->slots[i].inode;
}

static uint64_t field(const uint8_t *page, const struct layout_member *m)
{
	uint64_t v = 0;

	memcpy(&v, page + m->offset, m->size);
	return v;
}

static bool is_file_page(uint64_t kpf)
{
	const uint64_t never = 1ull << KPF_SLAB | 1ull << KPF_BUDDY | 1ull << KPF_ANON |
			       1ull << KPF_NOPAGE | 1ull << KPF_HUGE;

	return kpf & 1ull << KPF_LRU && !(kpf & never);
}

static void parse_frame(struct live *l, const uint8_t *pages, uint64_t pfn, struct inode_cache *c,
			struct snap_frame *f)
{
	const struct kernel_layout *k = &l->layout;
	const uint8_t *page = pages + pfn * k->page_size, *head = page;
	uint64_t link = field(page, &k->page_compound), mapping, at = pfn;

	f->kpf = l->kpageflags[pfn];
	f->refcount = f->kpf & 1ull << KPF_NOPAGE ? -1 : (int32_t)field(page, &k->page_refcount);
	f->mapcount = l->kpagecount[pfn] > INT32_MAX ? -1 : (int32_t)l->kpagecount[pfn];
	if (f->kpf & 1ull << KPF_COMPOUND_TAIL && link & 1 && link > l->vmemmap) {
		at = (link - 1 - l->vmemmap) / k->page_size;
		if (at > pfn)
			return;
		head = pages + at * k->page_size;
	}
	mapping = field(head, &k->page_mapping);
	if (!is_file_page(f->kpf) || !mapping || mapping & MAPPING_FLAGS)
		return;
	f->inode = inode_of(l, c, mapping);
	f->index = field(head, &k->page_index) + (pfn - at);
}

/* BPF has read no struct page but those on lists. */
static void parse_flags(const struct live *l, uint64_t pfn, struct snap_frame *f)
{
	*f = (struct snap_frame){.kpf = l->kpageflags[pfn], .refcount = -1, .mapcount = -1};
	if (l->kpagecount[pfn] <= INT32_MAX)
		f->mapcount = (int32_t)l->kpagecount[pfn];
}

int live_parse_frames(struct live *l, uint32_t pass, struct snapshot *s, struct error *err)
{
	const uint8_t *pages = l->buf[pass] + l->pages_pos;
	struct inode_cache c = {calloc(4096, sizeof(*c.slots)), 4095};
	uint64_t pfn;

	s->frames = l->frames ? l->frames : calloc(l->nr_frames, sizeof(*s->frames));
	l->frames = NULL;
	if (!s->frames || !c.slots) {
		free(c.slots);
		return error_set(err, "no memory for %llu frames",
				 (unsigned long long)l->nr_frames);
	}
	for (pfn = 0; pfn < l->nr_frames; pfn++)
		if (live_pass_by_bpf(l, pass))
			parse_flags(l, pfn, &s->frames[pfn]);
		else
			parse_frame(l, pages, pfn, &c, &s->frames[pfn]);
	free(c.slots);
	return 0;
}
