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

static size_t add_region(struct live *l, uint64_t addr, size_t len)
{
	size_t pos = l->size;

	if (l->nr_regions % 64 == 0)
		l->regions = realloc(l->regions, (l->nr_regions + 64) * sizeof(*l->regions));
	l->regions[l->nr_regions++] = (struct live_region){addr, len, pos};
	l->size += (len + 63) & ~(size_t)63;
	return pos;
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

static int plan_nodes(struct live *l, const struct live_places *p, struct error *err)
{
	const struct kernel_layout *k = &l->layout;
	uint64_t pgdat, end;
	int32_t id;

	l->zones_per_node = k->node_zones.nr;
	for (id = 0; id < LIVE_MAX_NODES; id++) {
		pgdat = p->nodes[id];
		if (!pgdat || !kcore_u64(&l->kcore, pgdat + k->node_spanned_pages.offset))
			continue;
		end = kcore_u64(&l->kcore, pgdat + k->node_start_pfn.offset) +
		      kcore_u64(&l->kcore, pgdat + k->node_spanned_pages.offset);
		if (end > l->nr_frames)
			l->nr_frames = end;
		l->nodes[l->nr_nodes] = (struct live_node){.id = id, .pgdat = pgdat};
		l->nodes[l->nr_nodes].pos = add_region(l, pgdat, k->pgdat_size);
		plan_lru(l, &l->nodes[l->nr_nodes++], p->memcg);
	}
	if (!l->nr_nodes || l->zones_per_node * l->nr_nodes > SNAP_MAX_ZONES)
		return error_set(err, "no memory node was found: not a NUMA x86_64 kernel?");
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

static void plan_batches(struct live *l, const struct live_places *p)
{
	const struct kernel_layout *k = &l->layout;
	uint32_t cpu;
	size_t pos;

	if (!k->fbatch_nr.size)
		return;
	for (cpu = 0; cpu < l->nr_cpus; cpu++) {
		if (p->fbatches && k->fb_add.size) {
			pos = add_region(l, p->fbatches + p->percpu[cpu], 8 * k->fb_add.size);
			add_batch(l, cpu, 0, pos, &k->fb_add);
			add_batch(l, cpu, 2, pos, &k->fb_deactivate_file);
			add_batch(l, cpu, 3, pos, &k->fb_deactivate);
			add_batch(l, cpu, 4, pos, &k->fb_lazyfree);
			add_batch(l, cpu, 5, pos, &k->fb_activate);
		}
		if (p->rotate && k->rotate_fbatch.size) {
			pos = add_region(l, p->rotate + p->percpu[cpu], 2 * k->rotate_fbatch.size);
			add_batch(l, cpu, 1, pos, &k->rotate_fbatch);
		}
	}
}

/* mem_section is a two-level table [SPARSEMEM_EXTREME]; each section's usage has its pageblock
 * bits. */
static void plan_sections(struct live *l, uint64_t table)
{
	const struct kernel_layout *k = &l->layout;
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

/* Both ways of finding the places must agree where both are taken. */
static int same_places(const struct live *l, const struct live_places *a,
		       const struct live_places *b, struct error *err)
{
	if (memcmp(a->nodes, b->nodes, sizeof(a->nodes)))
		return error_set(err, "the nodes were found elsewhere than /proc/kallsyms says");
	if (a->vmemmap != b->vmemmap)
		return error_set(err, "vmemmap was found at %#llx, /proc/kallsyms says %#llx",
				 (unsigned long long)b->vmemmap, (unsigned long long)a->vmemmap);
	if (a->sections != b->sections)
		return error_set(err, "the sections were found elsewhere than /proc/kallsyms says");
	if (memcmp(a->percpu, b->percpu, l->nr_cpus * sizeof(*a->percpu)))
		return error_set(err,
				 "per-cpu variables were found elsewhere than /proc/kallsyms says");
	return 0;
}

static int find_places(struct live *l, struct live_places *p, struct error *err)
{
	struct live_places found = {.percpu = calloc(l->nr_cpus, sizeof(*found.percpu))};
	int ret;

	if (l->way == SNAPSHOT_KCORE)
		ret = live_places_from_symbols(l, p, err);
	else if (l->way == SNAPSHOT_BPF)
		ret = live_places_by_search(l, p, err);
	else
		ret = live_places_from_symbols(l, p, err) ||
				      live_places_by_search(l, &found, err) ||
				      same_places(l, p, &found, err)
			      ? -1
			      : 0;
	free(found.percpu);
	return ret;
}

static void plan(struct live *l, const struct live_places *p)
{
	uint32_t n, z;

	l->pcps = calloc((size_t)l->nr_nodes * l->zones_per_node * l->nr_cpus, sizeof(*l->pcps));
	l->batches = calloc(6 * (size_t)l->nr_cpus, sizeof(*l->batches));
	for (n = 0; n < l->nr_nodes; n++)
		for (z = 0; z < l->zones_per_node; z++)
			plan_pcp(l, &l->nodes[n], z, p->percpu);
	plan_batches(l, p);
	plan_sections(l, p->sections);
	l->vmemmap = p->vmemmap;
	l->pages_pos = l->size;
}

static int find_and_plan(struct live *l, struct error *err)
{
	struct live_places p = {.percpu = calloc(l->nr_cpus, sizeof(*p.percpu))};
	int ret = find_places(l, &p, err) || plan_nodes(l, &p, err) ? -1 : 0;

	if (!ret)
		plan(l, &p);
	free(p.percpu);
	return ret;
}

static void *make_buffer(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* BPF leaves vmemmap alone: its pages are found through an index. */
static size_t buffer_size(const struct live *l, uint32_t pass)
{
	return l->size + (live_pass_by_bpf(l, pass) ? 0 : l->nr_frames * l->layout.page_size);
}

static size_t index_size(const struct live *l)
{
	return ((size_t)l->index_mask + 1) * sizeof(uint32_t);
}

static bool make_pass(struct live *l, uint32_t pass)
{
	l->buf[pass] = make_buffer(buffer_size(l, pass));
	if (live_pass_by_bpf(l, pass))
		l->page_index[pass] = make_buffer(index_size(l));
	return l->buf[pass] && (l->page_index[pass] || !live_pass_by_bpf(l, pass));
}

static bool make_frames(struct live *l)
{
	size_t size = l->nr_frames * sizeof(uint64_t);

	l->kpageflags = make_buffer(size);
	l->kpagecount = make_buffer(size);
	l->frames = malloc(l->nr_frames * sizeof(*l->frames));
	if (!l->kpageflags || !l->kpagecount || !l->frames)
		return false;
	memset(l->kpagecount, 0xff, size);
	memset(l->frames, 0, l->nr_frames * sizeof(*l->frames)); /* takes the memory now */
	return true;
}

static int make_buffers(struct live *l, struct error *err)
{
	uint32_t i;

	for (l->index_mask = 1; l->index_mask < 2 * l->walker.max_pages;)
		l->index_mask = 2 * l->index_mask + 1;
	for (i = 0; i < l->nr_passes; i++)
		if (!make_pass(l, i))
			goto fail;
	if (!make_frames(l))
		goto fail;
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
		buffer_size(l, 0) + l->nr_frames * 48);
}

/* Free blocks that a pass will find at most, with room for what comes meanwhile. */
static size_t expected_blocks(void)
{
	size_t n = 131072, count;
	char line[512], *p;
	FILE *f = fopen("/proc/buddyinfo", "re");

	while (f && fgets(line, sizeof(line), f)) {
		p = strstr(line, "zone");
		for (p = p ? strchr(p + 5, ' ') : NULL; p && *p; n += 2 * count) {
			while (*p == ' ' || (*p >= 'A' && *p <= 'z'))
				p++;
			count = strtoul(p, &p, 10);
			if (*p == '\n')
				*p = 0;
		}
	}
	if (f)
		fclose(f);
	return n;
}

static int open_memory(struct live *l, struct error *err)
{
	if (l->way != SNAPSHOT_BPF && kcore_open(&l->kcore, err))
		return -1;
	if (l->way == SNAPSHOT_KCORE)
		return 0;
	if (l->layout.page_size != WALKER_PAGE)
		return error_set(err, "struct page has %u bytes here, BPF reads %d",
				 l->layout.page_size, WALKER_PAGE);
	if (walker_open(&l->walker, l->layout.page_lru.offset, expected_blocks(), err))
		return -1;
	if (l->way == SNAPSHOT_BPF)
		kcore_use_walker(&l->kcore, &l->walker);
	return 0;
}

int live_prepare(struct live *l, enum snapshot_way way, struct error *err)
{
	memset(l, 0, sizeof(*l));
	l->fd_flags = l->fd_count = l->kcore.fd = -1;
	l->way = way;
	l->nr_cpus = sysconf(_SC_NPROCESSORS_CONF);
	l->nr_passes = l->nr_cpus > 1 || way != SNAPSHOT_KCORE ? 2 : 1;
	if (kernel_layout_read(&l->layout, err) || open_memory(l, err))
		return -1;
	l->pageblock_order = read_pageblock_order();
	map_migratetypes(l);
	if (find_and_plan(l, err) || (way != SNAPSHOT_KCORE && live_plan_walk(l, err)))
		return -1;
	return make_buffers(l, err);
}

void live_release(struct live *l)
{
	size_t frames = l->nr_frames * sizeof(uint64_t);
	uint32_t i;

	for (i = 0; i < LIVE_MAX_PASSES; i++) {
		if (l->buf[i])
			munmap(l->buf[i], buffer_size(l, i));
		if (l->page_index[i])
			munmap(l->page_index[i], index_size(l));
	}
	free(l->frames);
	if (l->kpageflags)
		munmap(l->kpageflags, frames);
	if (l->kpagecount)
		munmap(l->kpagecount, frames);
	if (l->fd_flags >= 0)
		close(l->fd_flags);
	if (l->fd_count >= 0)
		close(l->fd_count);
	kcore_close(&l->kcore);
	walker_close(&l->walker);
	free(l->regions);
	free(l->pcps);
	free(l->sections);
	free(l->batches);
	memset(l, 0, sizeof(*l));
}
