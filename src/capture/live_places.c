// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the allocator's state is in memory. A kernel with CONFIG_KALLSYMS_ALL tells; without it the
 * places are found by following what is known: kswapd's own pointer to its node, the link of a free
 * page, an element of a per-cpu map, and a search of the kernel's data for the table of memory
 * sections.
 */
#include "capture/live.h"

#include <stdlib.h>
#include <string.h>

#define GIB ((uint64_t)1 << 30)
#define MAX_TASKS 100000
#define SCAN_BYTES ((uint64_t)96 << 20) /* the kernel's image is smaller */
#define SECTION_MAP_FLAGS 63ull		/* low bits of mem_section.section_mem_map */

enum {
	SYM_NODE_DATA,
	SYM_VMEMMAP,
	SYM_PERCPU,
	SYM_SECTIONS,
	SYM_MEMCG,
	SYM_FBATCHES,
	SYM_ROTATE,
	NR_SYMS
};

/* ---- told by /proc/kallsyms ---- */

int live_places_from_symbols(struct live *l, struct live_places *p, struct error *err)
{
	static const char *const names[NR_SYMS] = {
		"node_data",	   "vmemmap_base", "__per_cpu_offset", "mem_section",
		"root_mem_cgroup", "cpu_fbatches", "lru_rotate"};
	struct ksym syms[NR_SYMS];
	uint32_t i;

	for (i = 0; i < NR_SYMS; i++)
		syms[i].name = names[i];
	if (ksyms_find(syms, NR_SYMS, err))
		return -1;
	for (i = 0; i <= SYM_SECTIONS; i++)
		if (!syms[i].addr)
			return error_set(
				err,
				"/proc/kallsyms has no %s: exact state is read on x86_64 kernels with "
				"CONFIG_KALLSYMS_ALL and CONFIG_SPARSEMEM_VMEMMAP",
				names[i]);
	for (i = 0; i < LIVE_MAX_NODES; i++)
		p->nodes[i] = kcore_u64(&l->kcore, syms[SYM_NODE_DATA].addr + 8 * i);
	for (i = 0; i < l->nr_cpus; i++)
		p->percpu[i] = kcore_u64(&l->kcore, syms[SYM_PERCPU].addr + 8 * i);
	p->vmemmap = kcore_u64(&l->kcore, syms[SYM_VMEMMAP].addr);
	p->sections = kcore_u64(&l->kcore, syms[SYM_SECTIONS].addr);
	p->memcg = syms[SYM_MEMCG].addr ? kcore_u64(&l->kcore, syms[SYM_MEMCG].addr) : 0;
	p->fbatches = syms[SYM_FBATCHES].addr;
	p->rotate = syms[SYM_ROTATE].addr;
	return 0;
}

/* ---- found without it ---- */

static uint32_t read_u32(const struct live *l, uint64_t addr)
{
	uint32_t v = 0;

	return kcore_read(&l->kcore, addr, &v, sizeof(v)) ? 0 : v;
}

/* kswapd(): the data of its kernel thread is the pglist_data that it serves. */
static void note_kswapd(struct live *l, struct live_places *p, uint64_t task)
{
	const struct kernel_layout *k = &l->layout;
	uint64_t pgdat = kcore_u64(&l->kcore, task + k->task_worker.offset);
	uint32_t id;

	pgdat = pgdat ? kcore_u64(&l->kcore, pgdat + k->kthread_data.offset) : 0;
	if (!pgdat || kcore_u64(&l->kcore, pgdat + k->node_kswapd.offset) != task)
		return;
	id = read_u32(l, pgdat + k->node_id.offset);
	if (id < LIVE_MAX_NODES)
		p->nodes[id] = pgdat;
}

/* Tasks come and go while the ring of them is followed: then it is followed again. */
static int find_nodes(struct live *l, struct live_places *p, struct error *err)
{
	const struct kernel_layout *k = &l->layout;
	uint64_t first = walker_task(&l->walker), task = first, next;
	char comm[16];
	uint32_t i, id;

	if (!k->task_tasks.size || !k->task_worker.size || !k->kthread_data.size ||
	    !k->node_kswapd.size)
		return error_set(err, "this kernel's BTF does not tell where tasks are");
	for (i = 0; task && i < MAX_TASKS; i++) {
		if (!kcore_read(&l->kcore, task + k->task_comm.offset, comm, sizeof(comm)) &&
		    !strncmp(comm, "kswapd", 6))
			note_kswapd(l, p, task);
		next = kcore_u64(&l->kcore, task + k->task_tasks.offset);
		task = next ? next - k->task_tasks.offset : 0;
		if (task == first)
			break;
	}
	for (id = 0; id < LIVE_MAX_NODES; id++)
		if (p->nodes[id])
			return 0;
	return error_set(err, "no kswapd was found among %u tasks", i);
}

/* First page on a free list of @zone, or 0. */
static uint64_t any_free_page(struct live *l, uint64_t zone)
{
	const struct kernel_layout *k = &l->layout;
	uint64_t area, head, link;
	uint32_t o, t;

	for (o = 0; o < k->free_area.nr; o++)
		for (t = 0; t < k->mt_nr; t++) {
			area = zone + k->free_area.offset + (uint64_t)o * k->free_area_size;
			head = area + k->free_list.offset + (uint64_t)t * k->list_head_size;
			link = kcore_u64(&l->kcore, head);
			if (link && link != head)
				return link - k->page_lru.offset;
		}
	return 0;
}

/*
 * vmemmap begins at a multiple of 1 GiB (kernel_randomize_memory(), arch/x86/mm/kaslr.c), and the
 * pages of the first 64 GiB lie in its first GiB: the page of a frame so low gives the start.
 */
static int find_vmemmap(struct live *l, struct live_places *p, struct error *err)
{
	const struct kernel_layout *k = &l->layout;
	uint64_t zone, page, first = 64 * GIB / 4096;
	uint32_t n, z;

	for (n = 0; n < LIVE_MAX_NODES; n++)
		for (z = 0; p->nodes[n] && z < k->node_zones.nr; z++) {
			zone = p->nodes[n] + k->node_zones.offset + (uint64_t)z * k->zone_size;
			if (!kcore_u64(&l->kcore, zone + k->managed.offset) ||
			    kcore_u64(&l->kcore, zone + k->zone_start_pfn.offset) +
					    kcore_u64(&l->kcore, zone + k->spanned.offset) >
				    first)
				continue;
			page = any_free_page(l, zone);
			if (page) {
				p->vmemmap = page & ~(GIB - 1);
				return 0;
			}
		}
	return error_set(
		err,
		"no free page below 64 GB, from which the place of struct page would be known");
}

/* Each section's map is encoded as the address that frame 0 would have, plus flags. */
static bool is_section_table(const struct live *l, const struct live_places *p, uint64_t table)
{
	const struct kernel_layout *k = &l->layout;
	uint64_t root, map;

	if (kcore_read(&l->kcore, table, &root, sizeof(root)) || root >> 47 != 0x1ffff ||
	    root % 64 || kcore_read(&l->kcore, root + k->section_map.offset, &map, sizeof(map)))
		return false;
	return (map & ~SECTION_MAP_FLAGS) == p->vmemmap && map & SECTION_MAP_FLAGS;
}

static uint64_t search_page(const struct live *l, const struct live_places *p, uint64_t addr)
{
	uint64_t words[WALKER_PEEK / 8];
	size_t i;

	if (kcore_read(&l->kcore, addr, words, sizeof(words)))
		return 0;
	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i] >> 47 == 0x1ffff && words[i] % 64 == 0 && words[i] < p->vmemmap &&
		    is_section_table(l, p, words[i]))
			return words[i];
	return 0;
}

/* Variables of the kernel lie behind its text. */
static int find_sections(struct live *l, struct live_places *p, struct error *err)
{
	struct ksym end = {.name = "_etext"};
	uint64_t addr, table;

	if (ksyms_find(&end, 1, err))
		return -1;
	for (addr = end.addr & ~(uint64_t)(WALKER_PEEK - 1);
	     end.addr && addr < end.addr + SCAN_BYTES; addr += WALKER_PEEK) {
		table = search_page(l, p, addr);
		if (table) {
			p->sections = table;
			return 0;
		}
	}
	return error_set(err,
			 "the table of memory sections was not found behind the kernel's text");
}

int live_places_by_search(struct live *l, struct live_places *p, struct error *err)
{
	uint32_t cpu;

	if (find_nodes(l, p, err) || find_vmemmap(l, p, err) || find_sections(l, p, err))
		return -1;
	for (cpu = 0; cpu < l->nr_cpus; cpu++)
		if (!l->layout.array_pptrs.size ||
		    walker_percpu_offset(&l->walker, cpu, l->layout.array_pptrs.offset,
					 &p->percpu[cpu]))
			return error_set(err, "the place of per-cpu variables was not found");
	return 0;
}
