// SPDX-License-Identifier: GPL-2.0-only
/* What fills the pageblocks of the replay's machine over time, for people to look at. */
#include <stdlib.h>
#include <string.h>

#include "replay/whatif.h"

/* Frames looked at in one replay: larger machines are looked at less often. */
#define MAX_VISITS (1ull << 29)
#define MIN_MOMENTS 16u

struct whatif_mapper {
	uint32_t max_moments;
	uint64_t step_ns, next_ns; /* half of the moments by the clock, */
	uint64_t step_op, next_op; /* half by the operations */
	uint8_t *bytes;		   /* 2 * nr_blocks for each moment */
	uint32_t max_scans;
	uint8_t *reclaimable; /* by first frame of a page: was asked for as that */
};

/* ---- one pageblock ---- */

struct filling { /* frames */
	uint32_t all, holes, free, unmovable, reclaimable;
	bool huge;
};

static uint8_t share(uint32_t part, uint32_t all)
{
	if (!part)
		return 0;
	if (part >= all)
		return BLOCK_MAP_SHARE;
	return (uint8_t)(1 + (uint64_t)part * (BLOCK_MAP_SHARE - 1) / all);
}

/* As its frame alone tells: most pages are asked no more, which keeps this walk short. */
static bool looks_movable(const struct mm *mm, const struct mm_frame *fr)
{
	return fr->flags & (MM_F_LRU | MM_F_MOVABLE_OPS | MM_F_ANON | MM_F_FILE) ||
	       (fr->list >= mm->list_lru && fr->list < mm->list_private);
}

/* Slab pages from before the recording are taken for what their pageblock is. */
static bool is_reclaimable(const struct whatif *w, struct frame f)
{
	const struct mm *mm = w->mm;

	return w->mapper->reclaimable[f.n] ||
	       (mm_frame(mm, f)->flags & MM_F_SLAB && mm_block_type(mm, f) == MM_RECLAIMABLE);
}

/* Will it be on an LRU list as soon as its owner has filled it? */
static bool will_be_movable(const struct mm *mm, struct frame f)
{
	uint8_t kind = mm_objects(mm)[f.n].kind;

	return kind == MM_KIND_ANON || kind == MM_KIND_FILE || kind == MM_KIND_SHMEM ||
	       kind == MM_KIND_HUGETLB;
}

/* Frames of the page or buddy at @f. */
static uint32_t look_at(const struct whatif *w, struct frame f, struct filling *fill)
{
	const struct mm *mm = w->mm;
	const struct mm_frame *fr = mm_frame(mm, f);
	uint32_t n = 1;

	if (fr->flags & MM_F_HOLE) {
		fill->holes++;
		fill->unmovable++;
		return 1;
	}
	/* Lists of buddies and of CPUs come before those of the LRU. */
	if (fr->list < mm->list_lru) {
		n = 1u << fr->order;
		fill->free += n;
		return n;
	}
	if (fr->flags & MM_F_HEAD) {
		n = 1u << fr->order;
		fill->huge |= fr->order >= mm->pageblock_order;
	}
	if (looks_movable(mm, fr))
		return n;
	if (is_reclaimable(w, f))
		fill->reclaimable += n;
	else if (!will_be_movable(mm, f))
		fill->unmovable += n;
	return n;
}

static void put_block(const struct mm *mm, uint32_t block, const struct filling *fill,
		      uint8_t *bytes)
{
	struct frame f = frame_from_block(mm, (struct block){block});

	bytes[block] = (uint8_t)(mm_block_type(mm, f) | share(fill->free, fill->all) << 3);
	if (fill->huge)
		bytes[block] |= BLOCK_MAP_HUGE;
	if (fill->holes == fill->all)
		bytes[block] |= BLOCK_MAP_HOLE;
	bytes[mm->nr_blocks + block] = (uint8_t)(share(fill->unmovable, fill->all) |
						 share(fill->reclaimable, fill->all) << 3);
}

/* A page or buddy that is larger than a pageblock fills several. */
static void look_at_all(const struct whatif *w, uint8_t *bytes)
{
	const struct mm *mm = w->mm;
	uint32_t size = 1u << mm->pageblock_order;
	uint32_t n = 0;

	while (n < mm->nr_frames) {
		uint32_t block = n >> mm->pageblock_order;
		uint32_t end =
			(block + 1) * size < mm->nr_frames ? (block + 1) * size : mm->nr_frames;
		struct filling fill = {.all = end - n};

		while (n < end)
			n += look_at(w, (struct frame){n}, &fill);
		put_block(mm, block, &fill, bytes);
		for (block++; block * (uint64_t)size < n && block < mm->nr_blocks; block++)
			put_block(mm, block, &fill, bytes);
	}
}

/* ---- one moment ---- */

static void take_scans(struct whatif *w, struct block_map *m)
{
	struct mm *mm = w->mm;

	for (uint32_t z = 0; z < mm->nr_zones; z++) {
		struct mm_swept *s = &mm_stats(mm)->swept[z];
		uint32_t shift = mm->pageblock_order;

		if (!s->runs || m->nr_scans == w->mapper->max_scans)
			continue;
		m->scans[m->nr_scans++] = (struct block_map_scan){
			.moment = m->nr_moments,
			.zone = z,
			.migrate_first = s->migrate_low >> shift,
			.migrate_last = s->migrate_high >> shift,
			.free_first = s->free_low >> shift,
			.free_last = s->free_high >> shift,
		};
		s->runs = 0;
	}
}

static void take(struct whatif *w, uint64_t time)
{
	struct block_map *m = &w->out->map;
	const struct mm_stats *st = mm_stats(w->mm);

	if (m->nr_moments == w->mapper->max_moments)
		return;
	look_at_all(w, w->mapper->bytes + (size_t)m->nr_moments * 2 * m->nr_blocks);
	take_scans(w, m);
	m->moments[m->nr_moments++] = (struct block_map_moment){
		.time = time,
		.migrated = st->migrated,
		.reclaimed = st->reclaimed_kswapd + st->reclaimed_direct,
	};
}

void whatif_map(struct whatif *w, uint64_t n, uint64_t time)
{
	struct whatif_mapper *m = w->mapper;

	if (!m || (n < m->next_op && time < m->next_ns) || time < w->opt->from)
		return;
	take(w, time);
	while (m->next_op <= n)
		m->next_op += m->step_op;
	while (m->next_ns <= time)
		m->next_ns += m->step_ns;
}

/* ---- the whole ---- */

static uint32_t moments_for(const struct whatif *w)
{
	uint64_t n = MAX_VISITS / w->mm->nr_frames;

	if (n < MIN_MOMENTS)
		n = MIN_MOMENTS;
	return n < w->opt->map_moments ? (uint32_t)n : w->opt->map_moments;
}

int whatif_map_init(struct whatif *w, uint64_t span, struct error *err)
{
	uint32_t n = moments_for(w);
	struct block_map *map = &w->out->map;
	struct whatif_mapper *m;

	if (!w->opt->map_moments)
		return 0;
	m = w->mapper = calloc(1, sizeof(*m));
	map->moments = calloc(n, sizeof(*map->moments));
	map->scans = calloc((size_t)n * w->mm->nr_zones, sizeof(*map->scans));
	if (m) {
		m->bytes = calloc((size_t)n * 2, w->mm->nr_blocks);
		m->reclaimable = calloc(w->mm->nr_frames, 1);
	}
	if (!m || !map->moments || !map->scans || !m->bytes || !m->reclaimable)
		return error_set(err, "out of memory for a map of %u pageblocks at %u moments",
				 w->mm->nr_blocks, n);
	m->max_moments = n;
	m->max_scans = n * w->mm->nr_zones;
	/* The last moment is the end. */
	m->step_ns = (span - w->next_sample) / (n / 2 + 1) + 1;
	m->step_op = w->demand->nr / (n / 2 + 1) + 1;
	m->next_ns = w->next_sample + m->step_ns;
	map->base_pfn = w->mm->base_pfn;
	map->nr_blocks = w->mm->nr_blocks;
	map->nr_zones = w->mm->nr_zones;
	for (uint32_t z = 0; z < w->mm->nr_zones; z++)
		map->zones[z] = (struct block_map_zone){
			.first = w->mm->zones[z].start >> w->mm->pageblock_order,
			.last = (w->mm->zones[z].end - 1) >> w->mm->pageblock_order};
	return 0;
}

int whatif_map_end(struct whatif *w, struct error *err)
{
	if (!w->mapper)
		return 0;
	take(w, w->mm->now);
	return block_map_pack(&w->out->map, w->mapper->bytes, err);
}

void whatif_map_bound(struct whatif *w, struct frame f, bool reclaimable)
{
	if (w->mapper)
		w->mapper->reclaimable[f.n] = reclaimable;
}

void whatif_map_release(struct whatif *w)
{
	if (w->mapper) {
		free(w->mapper->bytes);
		free(w->mapper->reclaimable);
	}
	free(w->mapper);
	w->mapper = NULL;
}
