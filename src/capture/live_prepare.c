// SPDX-License-Identifier: GPL-2.0-only
#include "capture/live.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SECTION_SIZE_BITS 27 /* x86_64: arch/x86/include/asm/sparsemem.h, every release */
#define SECTION_FRAMES (1ull << (SECTION_SIZE_BITS - 12))
#define SECTION_HAS_MEM_MAP 2ull

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

static size_t add_region(struct live *l, uint64_t addr, size_t len)
{
	size_t pos = l->size;

	if (l->nr_regions % 64 == 0)
		l->regions = realloc(l->regions, (l->nr_regions + 64) * sizeof(*l->regions));
	l->regions[l->nr_regions++] = (struct live_region){addr, len, pos};
	l->size += (len + 63) & ~(size_t)63;
	return pos;
}

static int find_symbols(struct ksym *syms, struct error *err)
{
	static const char *const names[NR_SYMS] = {
		"node_data",	   "vmemmap_base", "__per_cpu_offset", "mem_section",
		"root_mem_cgroup", "cpu_fbatches", "lru_rotate"};
	size_t i;

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
	return 0;
}

static void plan_lru(struct live *l, struct live_node *node, uint64_t memcg)
{
	const struct kernel_layout *k = &l->layout;
	size_t len = SNAP_NR_LRU * k->list_head_size;
	uint64_t info;

	node->lists[0] = node->pgdat + k->node_lruvec.offset + k->lruvec_lists.offset;
	node->lists_pos[0] = node->pos + k->node_lruvec.offset + k->lruvec_lists.offset;
	if (!memcg || !k->memcg_nodeinfo.size || !k->memcg_lruvec.size)
		return;
	info = kcore_u64(&l->kcore, memcg + k->memcg_nodeinfo.offset + 8 * node->id);
	if (!info)
		return;
	node->lists[1] = info + k->memcg_lruvec.offset + k->lruvec_lists.offset;
	node->lists_pos[1] = add_region(l, node->lists[1], len);
}

static int plan_nodes(struct live *l, const struct ksym *syms, struct error *err)
{
	const struct kernel_layout *k = &l->layout;
	uint64_t memcg = syms[SYM_MEMCG].addr ? kcore_u64(&l->kcore, syms[SYM_MEMCG].addr) : 0;
	uint64_t pgdat, end;
	int32_t id;

	l->zones_per_node = k->node_zones.nr;
	for (id = 0; id < LIVE_MAX_NODES; id++) {
		pgdat = kcore_u64(&l->kcore, syms[SYM_NODE_DATA].addr + 8 * id);
		if (!pgdat || !kcore_u64(&l->kcore, pgdat + k->node_spanned_pages.offset))
			continue;
		end = kcore_u64(&l->kcore, pgdat + k->node_start_pfn.offset) +
		      kcore_u64(&l->kcore, pgdat + k->node_spanned_pages.offset);
		if (end > l->nr_frames)
			l->nr_frames = end;
		l->nodes[l->nr_nodes] = (struct live_node){.id = id, .pgdat = pgdat};
		l->nodes[l->nr_nodes].pos = add_region(l, pgdat, k->pgdat_size);
		plan_lru(l, &l->nodes[l->nr_nodes++], memcg);
	}
	if (!l->nr_nodes || l->zones_per_node * l->nr_nodes > SNAP_MAX_ZONES)
		return error_set(
			err,
			"/proc/kcore: no memory node found through node_data: not a NUMA x86_64 kernel?");
	return 0;
}

static void plan_pcp(struct live *l, const struct live_node *node, uint32_t zone_nr,
		     const uint64_t *percpu)
{
	const struct kernel_layout *k = &l->layout;
	uint64_t zone = node->pgdat + k->node_zones.offset + (uint64_t)zone_nr * k->zone_size;
	uint64_t set = kcore_u64(&l->kcore, zone + k->pageset.offset);
	uint64_t stat = k->zonestats.size ? kcore_u64(&l->kcore, zone + k->zonestats.offset) : set;
	struct live_pcp *p;
	uint32_t cpu;

	if (!set || !kcore_u64(&l->kcore, zone + k->managed.offset))
		return;
	for (cpu = 0; cpu < l->nr_cpus; cpu++) {
		p = &l->pcps[l->nr_pcps++];
		p->zone = (node - l->nodes) * l->zones_per_node + zone_nr;
		p->cpu = cpu;
		p->addr = set + percpu[cpu];
		p->pos = add_region(l, p->addr, k->pcp_size);
		p->stat_pos = add_region(l, stat + percpu[cpu], k->zonestat_size);
	}
}

static void add_batch(struct live *l, int32_t cpu, int32_t kind, size_t base,
		      const struct layout_member *m)
{
	if (m->size)
		l->batches[l->nr_batches++] = (struct live_batch){cpu, kind, base + m->offset};
}

static void plan_batches(struct live *l, const struct ksym *syms, const uint64_t *percpu)
{
	const struct kernel_layout *k = &l->layout;
	uint32_t cpu;
	size_t pos;

	if (!k->fbatch_nr.size)
		return;
	for (cpu = 0; cpu < l->nr_cpus; cpu++) {
		if (syms[SYM_FBATCHES].addr && k->fb_add.size) {
			pos = add_region(l, syms[SYM_FBATCHES].addr + percpu[cpu],
					 8 * k->fb_add.size);
			add_batch(l, cpu, 0, pos, &k->fb_add);
			add_batch(l, cpu, 2, pos, &k->fb_deactivate_file);
			add_batch(l, cpu, 3, pos, &k->fb_deactivate);
			add_batch(l, cpu, 4, pos, &k->fb_lazyfree);
			add_batch(l, cpu, 5, pos, &k->fb_activate);
		}
		if (syms[SYM_ROTATE].addr && k->rotate_fbatch.size) {
			pos = add_region(l, syms[SYM_ROTATE].addr + percpu[cpu],
					 2 * k->rotate_fbatch.size);
			add_batch(l, cpu, 1, pos, &k->rotate_fbatch);
		}
	}
}

/* mem_section is a two-level table [SPARSEMEM_EXTREME]; each section's usage has its pageblock
 * bits. */
static void plan_sections(struct live *l, const struct ksym *syms)
{
	const struct kernel_layout *k = &l->layout;
	uint64_t table = kcore_u64(&l->kcore, syms[SYM_SECTIONS].addr);
	uint64_t per_root = 4096 / k->section_size;
	uint64_t nr = (l->nr_frames + SECTION_FRAMES - 1) / SECTION_FRAMES, i, root, section, usage;
	size_t bytes = (SECTION_FRAMES >> l->pageblock_order) * k->nr_pageblock_bits / 8;

	l->sections = calloc(nr, sizeof(*l->sections));
	for (i = 0; i < nr; i++) {
		root = kcore_u64(&l->kcore, table + 8 * (i / per_root));
		section = root + (i % per_root) * k->section_size;
		if (!root ||
		    !(kcore_u64(&l->kcore, section + k->section_map.offset) & SECTION_HAS_MEM_MAP))
			continue;
		usage = kcore_u64(&l->kcore, section + k->section_usage.offset);
		l->sections[l->nr_sections].pfn = i * SECTION_FRAMES;
		l->sections[l->nr_sections++].pos =
			add_region(l, usage + k->usage_flags.offset, bytes);
	}
}

static void map_migratetypes(struct live *l)
{
	const struct kernel_layout *k = &l->layout;
	const int64_t numbers[MT_NR] = {k->mt_unmovable,  k->mt_movable, k->mt_reclaimable,
					k->mt_highatomic, k->mt_cma,	 k->mt_isolate};
	int mt;

	memset(l->mt_map, MT_UNMOVABLE, sizeof(l->mt_map));
	for (mt = 0; mt < MT_NR; mt++)
		if (numbers[mt] >= 0 && numbers[mt] < SNAP_MAX_TYPES)
			l->mt_map[numbers[mt]] = mt;
}

static uint32_t read_pageblock_order(void)
{
	uint32_t order = 9;
	char line[256];
	FILE *f = fopen("/proc/pagetypeinfo", "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Page block order: %u", &order) == 1)
			break;
	if (f)
		fclose(f);
	return order;
}

static int plan(struct live *l, struct error *err)
{
	uint64_t *percpu = calloc(l->nr_cpus, sizeof(*percpu));
	struct ksym syms[NR_SYMS];
	uint32_t cpu, n, z;

	if (find_symbols(syms, err) || plan_nodes(l, syms, err)) {
		free(percpu);
		return -1;
	}
	for (cpu = 0; cpu < l->nr_cpus; cpu++)
		percpu[cpu] = kcore_u64(&l->kcore, syms[SYM_PERCPU].addr + 8 * cpu);
	l->pcps = calloc((size_t)l->nr_nodes * l->zones_per_node * l->nr_cpus, sizeof(*l->pcps));
	l->batches = calloc(6 * (size_t)l->nr_cpus, sizeof(*l->batches));
	for (n = 0; n < l->nr_nodes; n++)
		for (z = 0; z < l->zones_per_node; z++)
			plan_pcp(l, &l->nodes[n], z, percpu);
	plan_batches(l, syms, percpu);
	plan_sections(l, syms);
	l->vmemmap = kcore_u64(&l->kcore, syms[SYM_VMEMMAP].addr);
	l->pages_pos = l->size;
	free(percpu);
	return 0;
}

static void *make_buffer(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static int make_buffers(struct live *l, struct error *err)
{
	size_t frames = l->nr_frames * sizeof(uint64_t),
	       size = l->size + l->nr_frames * l->layout.page_size;
	uint32_t i;

	for (i = 0; i < l->nr_passes; i++)
		if (!(l->buf[i] = make_buffer(size)))
			goto fail;
	l->kpageflags = make_buffer(frames);
	l->kpagecount = make_buffer(frames);
	if (!l->kpageflags || !l->kpagecount)
		goto fail;
	memset(l->kpagecount, 0xff, frames);
	l->fd_flags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	l->fd_count = open("/proc/kpagecount", O_RDONLY | O_CLOEXEC);
	if (l->fd_flags < 0 || l->fd_count < 0)
		return error_set(err, "/proc/kpageflags and kpagecount cannot be opened (%s)",
				 strerror(errno));
	return 0;
fail:
	return error_set(
		err,
		"no memory for a copy of %zu bytes of kernel state: record on a machine with more free memory",
		size);
}

int live_prepare(struct live *l, struct error *err)
{
	memset(l, 0, sizeof(*l));
	l->fd_flags = l->fd_count = l->kcore.fd = -1;
	l->nr_cpus = sysconf(_SC_NPROCESSORS_CONF);
	l->nr_passes = l->nr_cpus > 1 ? 2 : 1;
	if (kernel_layout_read(&l->layout, err) || kcore_open(&l->kcore, err))
		return -1;
	l->pageblock_order = read_pageblock_order();
	map_migratetypes(l);
	if (plan(l, err))
		return -1;
	return make_buffers(l, err);
}

void live_release(struct live *l)
{
	size_t frames = l->nr_frames * sizeof(uint64_t),
	       size = l->size + l->nr_frames * l->layout.page_size;
	uint32_t i;

	for (i = 0; i < LIVE_MAX_PASSES; i++)
		if (l->buf[i])
			munmap(l->buf[i], size);
	if (l->kpageflags)
		munmap(l->kpageflags, frames);
	if (l->kpagecount)
		munmap(l->kpagecount, frames);
	if (l->fd_flags >= 0)
		close(l->fd_flags);
	if (l->fd_count >= 0)
		close(l->fd_count);
	kcore_close(&l->kcore);
	free(l->regions);
	free(l->pcps);
	free(l->sections);
	free(l->batches);
	memset(l, 0, sizeof(*l));
}
