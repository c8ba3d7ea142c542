// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shrinkers of dentries and inodes [do_shrink_slab, mm/vmscan.c; super_cache_scan, fs/super.c,
 * 6.1.192].
 *
 * How many objects a pass looks at follows the kernel's integer arithmetic. Objects go oldest
 * first, in the order in which the pages that hold them came, so a page goes whole as soon as the
 * scan is past its last object. What the kernel knows of single objects is missing: none is found
 * in use, those of a page were all used again since it came, or none was (MM_F_YOUNG), and the
 * pages are free at once, not after a grace period of RCU, which takes some 10 ms. The file systems
 * of a node have one shrinker together. Buffer heads are on no list of the kernel: that
 * those which came first go first is an approximation, as pages mostly do.
 */
#include "mm/mm.h"

#define DEFAULT_SEEKS 2u
#define SUPER_BATCH 1024u /* of a file system's shrinker [alloc_super] */
#define SHRINK_BATCH 128u /* 2.6.34 */
#define BLOCK_SHIFT 12u	  /* of file systems: a buffer for each 4 KiB */

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint32_t mm_slab_list(const struct mm *mm, uint32_t node, enum mm_slab slab)
{
	return mm->list_slab + node * MM_NR_SLABS + slab;
}

uint32_t mm_slab_cpu_list(const struct mm *mm, uint32_t node, enum mm_slab slab)
{
	return mm_slab_list(mm, mm->nr_nodes + node, slab);
}

bool mm_on_slab_list(const struct mm *mm, struct frame f)
{
	uint32_t list = mm_frame(mm, f)->list;

	return list >= mm->list_slab && list < mm->nr_lists;
}

static struct mm_shrinker *shrinker_of(struct mm *mm, struct frame f)
{
	return &mm->nodes[mm->zones[mm_frame_zone(mm, f)].node].shrinker;
}

static uint32_t objects_of(const struct mm *mm, struct frame f, enum mm_slab slab)
{
	return mm->slab_objects[slab][mm_frame(mm, f)->order];
}

void mm_slab_add(struct mm *mm, struct frame f, enum mm_slab slab)
{
	uint32_t node = (uint32_t)mm->zones[mm_frame_zone(mm, f)].node;
	uint32_t objects = objects_of(mm, f, slab);

	if (!objects)
		return;
	mm_list_add(mm, mm_slab_list(mm, node, slab), f);
	mm->nodes[node].shrinker.objects[slab] += objects;
}

static bool on_cpu_list(const struct mm *mm, struct frame f)
{
	return mm_frame(mm, f)->list >= mm_slab_cpu_list(mm, 0, 0);
}

/* Objects of a page on a list of its slab that the shrinker counts. */
static uint32_t counted(const struct mm *mm, const struct mm_shrinker *s, struct frame f,
			enum mm_slab slab)
{
	uint32_t objects = objects_of(mm, f, slab);

	if (mm_list_last(mm, mm_frame(mm, f)->list).n != f.n || mm_frame(mm, f)->flags & MM_F_YOUNG)
		return objects;
	return objects - s->looked[slab];
}

void mm_slab_del(struct mm *mm, struct frame f)
{
	enum mm_slab slab = (mm_frame(mm, f)->list - mm->list_slab) % MM_NR_SLABS;
	struct mm_shrinker *s = shrinker_of(mm, f);

	if (!on_cpu_list(mm, f)) {
		s->objects[slab] -= counted(mm, s, f, slab);
		s->idle = (uint32_t)min_u64(s->idle, s->objects[MM_SLAB_INODE]);
		if (mm_list_last(mm, mm_frame(mm, f)->list).n == f.n)
			s->looked[slab] = 0;
	}
	mm_frame(mm, f)->flags &= ~MM_F_YOUNG;
	mm_list_del(mm, f);
}

uint64_t mm_slab_freeable(const struct mm *mm, uint32_t node)
{
	const struct mm_shrinker *s = &mm->nodes[node].shrinker;

	return (uint64_t)s->objects[MM_SLAB_DENTRY] + s->idle;
}

/* Its node keeps the first pages of a cache that come to be empty [__slab_free,
 * __unfreeze_partials]. */
static void discard(struct mm *mm, struct frame f, enum mm_slab slab, uint32_t cpu)
{
	struct mm_shrinker *s = shrinker_of(mm, f);
	uint32_t order = mm_frame(mm, f)->order;

	mm_list_del(mm, f);
	if (s->kept[slab] < mm->slab_keeps[slab]) {
		s->kept[slab]++;
		return;
	}
	mm_stats(mm)->slab_freed += 1u << order;
	if (mm_objects(mm))
		mm_object_unbind(mm, f);
	mm_free_page(mm, cpu, f, order);
}

/*
 * A page whose objects are being freed is on the CPU's own list; when that is full all of it is
 * given up [put_cpu_partial]. One that is held has an object more, which is in use: it stays, but
 * is on no list.
 */
static void emptied(struct mm *mm, struct frame f, enum mm_slab slab, uint32_t cpu)
{
	uint32_t list = mm_slab_cpu_list(mm, (uint32_t)mm->zones[mm_frame_zone(mm, f)].node, slab);

	mm_slab_del(mm, f);
	if (mm_frame(mm, f)->flags & MM_F_PINNED)
		return;
	if (mm_list_count(mm, list) >= mm->slab_cpu_keeps[slab]) {
		while (mm_list_count(mm, list))
			discard(mm, mm_list_last(mm, list), slab, cpu);
	}
	mm_list_add(mm, list, f);
	if (!mm->slab_cpu_keeps[slab])
		discard(mm, f, slab, cpu);
}

/* Used again since it came, so it is spared for another trip around the list [dentry_lru_isolate:
 * DCACHE_REFERENCED]. */
static void rotate(struct mm *mm, struct frame f, enum mm_slab slab)
{
	uint32_t list = mm_frame(mm, f)->list;

	shrinker_of(mm, f)->looked[slab] = 0;
	mm_frame(mm, f)->flags &= ~MM_F_YOUNG;
	mm_list_del(mm, f);
	mm_list_add(mm, list, f);
}

/* Looks at the @want oldest objects: those that went. Pages go with their last one. */
static uint32_t take_oldest(struct mm *mm, uint32_t node, enum mm_slab slab, uint32_t want,
			    uint32_t cpu)
{
	struct mm_shrinker *s = &mm->nodes[node].shrinker;
	uint32_t list = mm_slab_list(mm, node, slab), taken = 0;

	while (want && mm_list_count(mm, list)) {
		struct frame f = mm_list_last(mm, list);
		uint32_t left = objects_of(mm, f, slab) - s->looked[slab];
		uint32_t n = (uint32_t)min_u64(left, want);
		bool young = mm_frame(mm, f)->flags & MM_F_YOUNG;

		want -= n;
		s->looked[slab] += n;
		if (!young) {
			s->objects[slab] -= n;
			taken += n;
		}
		if (n == left && young)
			rotate(mm, f, slab);
		else if (n == left)
			emptied(mm, f, slab, cpu);
	}
	return taken;
}

void mm_buffers_go(struct mm *mm, struct frame f, uint32_t cpu)
{
	uint32_t node = (uint32_t)mm->zones[mm_frame_zone(mm, f)].node;
	const struct mm_frame *fr = mm_frame(mm, f);

	if (fr->flags & MM_F_BUFFERS)
		take_oldest(mm, node, MM_SLAB_BUFFER,
			    1u << fr->order << (mm->page_shift - BLOCK_SHIFT), cpu);
}

/* super_cache_scan: dentries and inodes in proportion; the inodes of dentries that go now come with
 * the next portion. */
static void scan_objects(struct mm *mm, uint32_t node, uint32_t nr, uint32_t cpu)
{
	struct mm_shrinker *s = &mm->nodes[node].shrinker;
	uint64_t freeable = mm_slab_freeable(mm, node), inodes = s->idle;
	uint64_t dentries = s->objects[MM_SLAB_DENTRY];

	if (!freeable)
		return;
	mm_stats(mm)->slab_scanned += nr;
	dentries = nr * dentries / freeable + 1;
	inodes = min_u64(nr * inodes / freeable + 1, inodes);
	s->idle += take_oldest(mm, node, MM_SLAB_DENTRY, (uint32_t)dentries, cpu);
	s->idle = (uint32_t)min_u64(s->idle, s->objects[MM_SLAB_INODE]);
	s->idle -= (uint32_t)inodes;
	take_oldest(mm, node, MM_SLAB_INODE, (uint32_t)inodes, cpu);
}

void mm_shrink_slab(struct mm *mm, uint32_t node, uint32_t cpu, uint32_t gfp, int32_t priority)
{
	struct mm_shrinker *s = &mm->nodes[node].shrinker;
	uint64_t freeable = mm_slab_freeable(mm, node), delta, total, scanned = 0;

	if (!freeable)
		return;
	delta = (freeable >> priority) * 4 / DEFAULT_SEEKS;
	total = min_u64((s->deferred >> priority) + delta, 2 * freeable);
	/* Who must not enter a file system puts it all off [super_cache_scan: SHRINK_STOP]. */
	while (gfp & MM_GFP_FS && (total >= SUPER_BATCH || total >= freeable)) {
		uint64_t nr = min_u64(SUPER_BATCH, total);

		scan_objects(mm, node, (uint32_t)nr, cpu);
		total -= nr;
		scanned += nr;
	}
	s->deferred += delta;
	s->deferred = s->deferred > scanned ? s->deferred - scanned : 0;
	s->deferred = min_u64(s->deferred, 2 * freeable);
}

/* shrink_slab, 2.6.34: as large a share of the objects as of the pages was looked at, twice. */
void mm_shrink_slab_2634(struct mm *mm, uint32_t node, uint32_t cpu, uint32_t gfp, uint64_t scanned,
			 uint64_t lru_pages)
{
	struct mm_shrinker *s = &mm->nodes[node].shrinker;
	uint64_t freeable = mm_slab_freeable(mm, node);

	if (!freeable)
		return;
	s->deferred += 4 * scanned / DEFAULT_SEEKS * freeable / (lru_pages + 1);
	s->deferred = min_u64(s->deferred, 2 * freeable);
	while (gfp & MM_GFP_FS && s->deferred >= SHRINK_BATCH) {
		scan_objects(mm, node, SHRINK_BATCH, cpu);
		s->deferred -= SHRINK_BATCH;
	}
}
