/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of compaction share; nobody else includes this. */
#ifndef ZR_MM_COMPACTION_INTERNAL_H
#define ZR_MM_COMPACTION_INTERNAL_H

#include "mm/era.h"

#define FAST_START_USED INT64_MAX

static inline uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static inline uint32_t max_u32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static inline struct frame frame_at(uint32_t n)
{
	return (struct frame){n};
}

/*
 * The kernel uses pfn 0 for "none" in several places, and then computes with it. Counted in frames
 * pfn 0 is here; on machines whose memory starts at pfn 0 the quirks that follow from it are the
 * kernel's.
 */
static inline int64_t frame_of_pfn0(const struct mm *mm)
{
	return -(int64_t)mm->base_pfn;
}

/* Frames looked at, without those that were found on free lists. */
static inline uint64_t mm_compact_scanned(const struct mm_compact_control *cc)
{
	return cc->total_migrate_scanned - cc->fast_migrate_scanned + cc->total_free_scanned -
	       cc->fast_free_scanned;
}

static inline uint32_t block_pages(const struct mm *mm)
{
	return 1u << mm->pageblock_order;
}

static inline uint32_t block_start(const struct mm *mm, uint32_t f)
{
	return f & ~(block_pages(mm) - 1);
}

static inline uint32_t block_end(const struct mm *mm, uint32_t f)
{
	return block_start(mm, f) + block_pages(mm);
}

static inline bool block_aligned(const struct mm *mm, uint32_t f)
{
	return block_start(mm, f) == f;
}

/* Start and end of the aligned range of 2^order frames that holds @f [block_start_pfn,
 * block_end_pfn]. */
static inline uint32_t order_start(uint32_t f, int32_t order)
{
	return f & ~((1u << order) - 1);
}

static inline uint32_t order_end(uint32_t f, int32_t order)
{
	return order_start(f, order) + (1u << order);
}

static inline bool scanners_met(const struct mm *mm, const struct mm_compact_control *cc)
{
	return cc->free >> mm->pageblock_order <= cc->migrate >> mm->pageblock_order;
}

static inline uint32_t list_of_targets(const struct mm *mm, const struct mm_compact_control *cc)
{
	return mm_private_list(mm, 2 * cc->slot);
}

static inline uint32_t list_of_sources(const struct mm *mm, const struct mm_compact_control *cc)
{
	return mm_private_list(mm, 2 * cc->slot + 1);
}

static inline bool finishes_blocks(const struct mm *mm)
{
	return mm_era_of(mm)->finishes_blocks;
}

static inline bool is_movable_type(uint32_t type)
{
	return type == MM_MOVABLE || type == MM_CMA;
}

/* How many entries a search of the free lists may look at: fewer after each failure
 * [freelist_scan_limit]. */
static inline uint32_t scan_limit(const struct mm_compact_control *cc)
{
	return (MM_COMPACT_CLUSTER >> min_u32(31, cc->fast_search_fail)) + 1;
}

/* ---- compaction_block.c: what a block or a page is good for ---- */

/* Does [start, end) begin and end in the zone [pageblock_pfn_to_page]? */
bool compact_block_in_zone(const struct mm *mm, uint32_t zone, uint32_t start, uint32_t end);
/* Order of the compound page whose first frame @f is; 0 for its other frames [compound_order]. */
uint32_t compact_compound_order(const struct mm *mm, struct frame f);
/* Is @f part of a compound page of at least a block [pageblock_skip_persistent]? */
bool compact_block_is_huge(const struct mm *mm, struct frame f);
bool compact_source_suitable(const struct mm *mm, const struct mm_compact_control *cc,
			     struct frame f);
bool compact_target_suitable(const struct mm *mm, const struct mm_compact_control *cc,
			     struct frame f);
bool compact_isolation_suitable(const struct mm *mm, const struct mm_compact_control *cc,
				struct frame f);
void compact_update_cached_migrate(struct mm *mm, const struct mm_compact_control *cc, uint32_t f);
void compact_reset_cached_positions(struct mm *mm, uint32_t zone);
void compact_reset_skip_bits(struct mm *mm, uint32_t zone);

/* ---- compaction_source.c ---- */

/*
 * Finds the next block to take pages from: cc->source, cc->source_end. What is next then:
 * MM_AT_SOURCE, MM_AT_FINISHED when there is none, or MM_AT_SEARCH, where another call goes on.
 */
enum mm_compact_at compact_find_source(struct mm *mm, struct mm_compact_control *cc);
/* Takes pages from it. False: too many pages are isolated already, the run is to be given up. */
bool compact_isolate_sources(struct mm *mm, struct mm_compact_control *cc,
			     struct mm_compact_event *ev);
void compact_put_back_sources(struct mm *mm, struct mm_compact_control *cc);
/* Takes one page off the LRU for moving. */
void compact_isolate_page(struct mm *mm, struct mm_compact_control *cc, struct frame f);
/* Off the private list again, onto none. */
void compact_unisolate(struct mm *mm, const struct mm_compact_control *cc, struct frame f);
/* To the LRU list that its flags name, or only marked so where the machine keeps no such lists
 * [folio_add_lru]. */
void compact_lru_add(struct mm *mm, struct frame f);

/* ---- compaction_target.c, compaction_fast.c ---- */

/* Starts a search when no target is held: true when MM_AT_TARGET is next, false when the search is
 * over. */
bool compact_targets_begin(struct mm *mm, struct mm_compact_control *cc);
/* MM_AT_TARGET. True when another block is to be searched. */
bool compact_targets_step(struct mm *mm, struct mm_compact_control *cc,
			  struct mm_compact_event *ev);
/* Puts a free buddy just taken off the lists on the private list, last. */
void compact_hold_target(struct mm *mm, struct mm_compact_control *cc, struct frame f);
/* Since 6.3 every page of a batch is given its target before the first one moves. What is next
 * then: MM_AT_TARGET, MM_AT_PAGE or, where there is no target at all, MM_AT_BATCH. */
enum mm_compact_at compact_give_targets(struct mm *mm, struct mm_compact_control *cc);
/* Cuts what is held into single pages, the one to be used first first. */
void compact_split_targets(struct mm *mm, struct mm_compact_control *cc);
/* What is left over goes back in the pieces that the era keeps it in, the first to go first. */
void compact_join_targets(struct mm *mm, struct mm_compact_control *cc);
/* Takes free buddies of [*start, end) and leaves in *start where it stopped; returns pages taken.
 */
uint32_t compact_isolate_free(struct mm *mm, struct mm_compact_control *cc, uint32_t *start,
			      uint32_t end, uint32_t stride, struct mm_compact_event *ev);
/* Search of the free lists for sources: the frame to scan from [fast_find_migrateblock]. */
uint32_t compact_fast_source(struct mm *mm, struct mm_compact_control *cc);
/* Search of the free lists for targets [fast_isolate_freepages]; true and cc->block_*: look around
 * there. */
bool compact_fast_targets(struct mm *mm, struct mm_compact_control *cc);

/* For people who look at a run afterwards: the scanners were here. Steers nothing. */
static inline void compact_note_scanners(struct mm *mm, const struct mm_compact_control *cc)
{
	struct mm_swept *s = &mm_stats(mm)->swept[cc->zone];

	if (!s->runs)
		*s = (struct mm_swept){.migrate_low = UINT32_MAX, .free_low = UINT32_MAX};
	s->migrate_low = min_u32(s->migrate_low, cc->migrate);
	s->migrate_high = max_u32(s->migrate_high, cc->migrate);
	s->free_low = min_u32(s->free_low, cc->free);
	s->free_high = max_u32(s->free_high, cc->free);
	s->runs++;
}

/* Is this kcompactd under defrag_mode? Nobody else compacts for the high watermark. */
static inline bool compact_wants_blocks(const struct mm *mm, uint32_t alloc_flags)
{
	return mm->defrag_mode && (alloc_flags & MM_ALLOC_WMARK_MASK) == MM_WMARK_HIGH;
}

#endif
