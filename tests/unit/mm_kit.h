/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Machines drawn as text, for tests.
 *
 * One character is one page; blanks and | are for the eye.
 *
 *   u m r h c i   first page of a free buddy on the list of that migratetype, then a - for every
 *                 further page
 *   x             first page of an allocated kernel page, then a = for every further page
 *   L             the same on the LRU; V: movable without LRU (balloon and the like)
 *   p             first page of a page on a per-cpu list (only in what is drawn, not in what is
 *                 read)
 *   #             no memory
 *
 * So "m---xxL=" is a movable order-2 buddy, two kernel pages and a compound LRU page of order 1.
 * The letters of block types are U M R H C I.
 */
#ifndef ZR_TESTS_MM_KIT_H
#define ZR_TESTS_MM_KIT_H

#include "mm/mm.h"

#include <check.h>

/* Small blocks make small drawings: orders 0..5, pageblocks of 16 pages. */
#define KIT_ORDERS 6
#define KIT_BLOCK_ORDER 4
#define KIT_BLOCK 16

/*
 * One zone, Normal, from pfn 0 (drawings start there; # at either end shrink the zone), one CPU,
 * no watermarks, counters without per-cpu differences. Lists are in ascending order of pfn. NULL
 * for @types: all movable.
 */
struct mm *kit_draw(const char *drawing, const char *types);
/* Paints into a machine of the caller's; pages go to the zone that they are in. */
void kit_paint(struct mm *mm, const char *drawing, const char *types);
/* A machine as large as real ones: pageblocks of 512 pages, orders 0..10; everything is allocated.
 */
struct mm *kit_machine(uint32_t pages, uint32_t cpus);
/* What the machine looks like now; the caller frees it. */
char *kit_drawing(const struct mm *mm);

#define expect_memory(mm, drawing) kit_expect_memory(mm, drawing, __FILE__, __LINE__)
#define expect_blocks(mm, types) kit_expect_blocks(mm, types, __FILE__, __LINE__)
/* The first frames of a free list, head first, as "8 12 4". */
#define expect_list(mm, order, type, pfns)                                                         \
	kit_expect_list(mm, mm_buddy_list(mm, 0, order, type), pfns, __FILE__, __LINE__)
#define expect_pcp(mm, cpu, pindex, pfns)                                                          \
	kit_expect_list(mm, mm_pcp_list(mm, 0, cpu, pindex), pfns, __FILE__, __LINE__)
void kit_expect_memory(const struct mm *mm, const char *drawing, const char *file, int line);
void kit_expect_blocks(const struct mm *mm, const char *types, const char *file, int line);
void kit_expect_list(const struct mm *mm, uint32_t list, const char *pfns, const char *file,
		     int line);

static inline struct frame at(uint32_t n)
{
	return (struct frame){n};
}

/* Runs the suite with TAP output; the exit status for main. */
int kit_main(Suite *s);
TCase *kit_case(Suite *s, const char *name);

#endif
