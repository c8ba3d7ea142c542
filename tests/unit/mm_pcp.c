// SPDX-License-Identifier: GPL-2.0-only
/*
 * Per-cpu lists and the free-page counter. Sizes come from kernel-facts 3.2, 3.3, 3.5, 3.6 and
 * vectors T1, T2, T3, T11; page_alloc.c and vmstat.c of 6.1.192. Machines here have blocks of 512
 * pages and orders to 10, as real ones.
 */
#include "mm/era.h"
#include "tests/unit/mm_kit.h"

#include <string.h>

#define THP 9 /* the order of a whole block */

/* ---- sizes ---- */

/*
 * batch: managed / 1024, at most 1 MiB, / 4, at least 1; then 2^n - 1 of one and a half of it:
 *
 *   772918   754 -> 256 -> 64 -> 96 -> 63 (T1)
 *     3840     3 -> 0 -> 1 -> 1 -> 0, at least 1 (T2)
 *
 * and where the value steps: 12288 is 12 -> 3 -> 4 -> 3, 24576 is 24 -> 6 -> 9 -> 7, 45056 is
 * 44 -> 11 -> 16 -> 15, 90112 is 88 -> 22 -> 33 -> 31, 176128 is 172 -> 43 -> 64 -> 63.
 */
static const struct {
	uint32_t managed;
	int batch;
} batches[] = {
	{772918, 63}, {3840, 1},    {0, 1},	  {12287, 1},	    {12288, 3},
	{24575, 3},   {24576, 7},   {45055, 7},	  {45056, 15},	    {90111, 15},
	{90112, 31},  {176127, 31}, {176128, 63}, {UINT32_MAX, 63},
};

START_TEST(batch_sizes)
{
	ck_assert_int_eq(mm_era_batch(batches[_i].managed, 12), batches[_i].batch);
}
END_TEST

/* 64 KiB pages: 1 MiB is 16 pages, / 4 = 4, 4 + 2 = 6, 2^2 - 1 = 3. */
START_TEST(batch_of_large_pages)
{
	ck_assert_int_eq(mm_era_batch(772918, 16), 3);
}
END_TEST

/*
 * high: the low watermark with its boost, by CPUs, at least 4 batches: 7045 / 2 = 3522 (T1); 35 /
 * 2 = 17 against 4 (T2); with the fraction sysctl managed / 8 / 2 = 3840 / 8 / 2 = 240.
 */
START_TEST(high_sizes)
{
	struct mm *mm = kit_machine(3840, 2);

	mm->zones[0].wmark[MM_WMARK_LOW] = 7045;
	ck_assert_int_eq(mm_era_high(mm, 0, 63), 3522);
	mm->zones[0].boost = 512;
	ck_assert_int_eq(mm_era_high(mm, 0, 63), 3778);
	mm->zones[0].boost = 0;
	mm->zones[0].wmark[MM_WMARK_LOW] = 35;
	ck_assert_int_eq(mm_era_high(mm, 0, 1), 17);
	ck_assert_int_eq(mm_era_high(mm, 0, 63), 252);
	mm->percpu_high_fraction = 8;
	ck_assert_int_eq(mm_era_high(mm, 0, 1), 240);
	mm_free(mm);
}
END_TEST

/* T3: batch 63: order 0 63, order 1 31, 2 15, 3 7, 9 max(63 >> 9, 2) = 2. A batch of 1 is never
 * scaled. */
START_TEST(refill_sizes)
{
	static const uint32_t want[] = {63, 31, 15, 7};
	struct mm *mm = kit_machine(1024, 1);

	mm_pcp(mm, 0, 0)->batch = 63;
	for (uint32_t o = 0; o < ARRAY_SIZE(want); o++)
		ck_assert_uint_eq(mm_refill_want(mm, 0, 0, o), want[o]);
	ck_assert_uint_eq(mm_refill_want(mm, 0, 0, THP), 2);
	mm_pcp(mm, 0, 0)->batch = 1;
	ck_assert_uint_eq(mm_refill_want(mm, 0, 0, 0), 1);
	ck_assert_uint_eq(mm_refill_want(mm, 0, 0, THP), 1);
	mm_free(mm);
}
END_TEST

/* Lists: 3 per order 0..3, then 12 for huge pages that are not movable and 13 for movable ones
 * (since 6.1.97). */
START_TEST(list_indices)
{
	struct mm *mm = kit_machine(1024, 1);

	ck_assert_uint_eq(mm_pindex(mm, 0, MM_UNMOVABLE), 0);
	ck_assert_uint_eq(mm_pindex(mm, 0, MM_RECLAIMABLE), 2);
	ck_assert_uint_eq(mm_pindex(mm, 3, MM_MOVABLE), 10);
	ck_assert_uint_eq(mm_pindex(mm, THP, MM_UNMOVABLE), 12);
	ck_assert_uint_eq(mm_pindex(mm, THP, MM_RECLAIMABLE), 12);
	ck_assert_uint_eq(mm_pindex(mm, THP, MM_MOVABLE), 13);
	/* Highatomic and CMA pages wait among the movable ones. */
	ck_assert_uint_eq(mm_pindex(mm, 1, MM_HIGHATOMIC), 4);
	ck_assert_uint_eq(mm_pindex(mm, THP, MM_CMA), 13);
	for (uint32_t o = 0; o <= 10; o++)
		ck_assert_int_eq(mm_pcp_allowed_order(mm, o), o <= 3 || o == THP);
	mm_free(mm);
}
END_TEST

/* ---- refill and pop ---- */

/* A free buddy in a machine where all else is allocated. */
static void make_free(struct mm *mm, uint32_t f, uint32_t order, uint32_t type)
{
	mm_build_buddy(mm, at(f), 0, order, type);
}

/*
 * before  order 3 free at 8, order 0 at 30; batch 7
 * after   list: 30 8 9 10 11 12 13;  14 still free
 * Expect pages in the order in which they were taken, smallest buddy first, then ascending; the
 * caller pops the first.
 */
START_TEST(refill_appends)
{
	struct mm *mm = kit_machine(1024, 1);

	mm_pcp(mm, 0, 0)->batch = 7;
	make_free(mm, 8, 3, MM_UNMOVABLE);
	make_free(mm, 30, 0, MM_UNMOVABLE);
	ck_assert_uint_eq(mm_refill(mm, 0, 0, 0, MM_UNMOVABLE, 0), 7);
	expect_pcp(mm, 0, 0, "30 8 9 10 11 12 13");
	expect_list(mm, 1, MM_UNMOVABLE, "14");
	ck_assert_int_eq(mm_pcp(mm, 0, 0)->count, 7);
	ck_assert_int_eq(mm->zones[0].free, 2);
	ck_assert_int_eq(mm->zones[0].free_global, 2);
	ck_assert_uint_eq(mm_pcp_pop(mm, 0, 0, 0, MM_UNMOVABLE).n, 30);
	ck_assert_int_eq(mm_pcp(mm, 0, 0)->count, 6);
	ck_assert_uint_eq(mm_page_head(mm, at(30)).n, 30);
	mm_free(mm);
}
END_TEST

/*
 * Short refill: NOFRAGMENT forbids stealing, so the batch ends with what the own type has. Expect
 * 3 of 7, pages counted in base pages (order 1: 6), and nothing from the movable buddy. With
 * nothing at all expect an empty list and 0.
 */
START_TEST(refill_may_be_short)
{
	struct mm *mm = kit_machine(1024, 1);

	mm_pcp(mm, 0, 0)->batch = 15; /* 15 >> 1 = 7 pages of order 1 */
	make_free(mm, 8, 2, MM_UNMOVABLE);
	make_free(mm, 20, 1, MM_UNMOVABLE);
	make_free(mm, 64, 5, MM_MOVABLE);
	ck_assert_uint_eq(mm_refill(mm, 0, 0, 1, MM_UNMOVABLE, MM_ALLOC_NOFRAGMENT), 3);
	expect_pcp(mm, 0, 3, "20 8 10");
	ck_assert_int_eq(mm_pcp(mm, 0, 0)->count, 6);
	ck_assert_int_eq(mm->zones[0].free, 32);
	ck_assert_uint_eq(mm_refill(mm, 0, 0, 1, MM_RECLAIMABLE, MM_ALLOC_NOFRAGMENT), 0);
	ck_assert(frame_is_none(mm_pcp_pop(mm, 0, 0, 1, MM_RECLAIMABLE)));
	ck_assert_int_eq(mm->zones[0].free_global, 32);
	mm_free(mm);
}
END_TEST

/* ---- freeing: how much is drained ---- */

/* Frees order-0 pages from @from on until a drain happens; how many base pages it asked for. */
static int32_t free_until_drain(struct mm *mm, uint32_t *from)
{
	struct mm_drain d;
	int32_t asked;

	do {
		ck_assert_int_eq(mm_pcp_free_would_drain(mm, 0, at(*from), 0),
				 mm_pcp(mm, 0, 0)->count + 1 >= mm_pcp(mm, 0, 0)->high);
		mm_pcp_free(mm, 0, at((*from)++), 0, &d);
	} while (!d.active);
	asked = d.left;
	mm_drain_finish(mm, &d);
	return asked;
}

/*
 * T11: high 3522, batch 63. Frees in a row: each drain asks for twice as much as the one before,
 * 63 << factor, until the factor's cap of 5 (since 6.1.104). Expect the lists to be drained when
 * count REACHES high.
 */
START_TEST(drains_double)
{
	static const int32_t sizes[] = {63, 126, 252, 504, 1008, 2016, 2016};
	struct mm *mm = kit_machine(16 * 512, 1);
	uint32_t next = 0;

	mm_pcp(mm, 0, 0)->high = 3522;
	mm_pcp(mm, 0, 0)->batch = 63;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		ck_assert_int_eq(free_until_drain(mm, &next), sizes[i]);
		ck_assert_int_eq(mm_pcp(mm, 0, 0)->count, 3522 - sizes[i]);
		ck_assert_int_eq(mm_pcp(mm, 0, 0)->free_factor, i < 5 ? (int)i + 1 : 5);
		if (!i)
			ck_assert_uint_eq(next, 3522);
	}
	mm_free(mm);
}
END_TEST

/* At least a batch stays: high 252, batch 63: 63, 126, then high - batch = 189, where the factor
 * stops growing. */
START_TEST(drains_leave_a_batch)
{
	struct mm *mm = kit_machine(1024, 1);
	struct mm_pcp *pcp = mm_pcp(mm, 0, 0);
	uint32_t next = 0;

	pcp->high = 252;
	pcp->batch = 63;
	ck_assert_int_eq(free_until_drain(mm, &next), 63);
	ck_assert_int_eq(free_until_drain(mm, &next), 126);
	ck_assert_int_eq(free_until_drain(mm, &next), 189);
	ck_assert_int_eq(pcp->free_factor, 2);
	ck_assert_int_eq(free_until_drain(mm, &next), 189);
	ck_assert_int_eq(pcp->free_factor, 2);
	mm_free(mm);
}
END_TEST

/*
 * The bounds are clamp(n, batch, high - batch): with high 100 and batch 63 the upper one, 37,
 * wins. The kernel sets high to 4 batches at least, but a snapshot may hold anything.
 */
START_TEST(upper_bound_wins)
{
	struct mm *mm = kit_machine(1024, 1);
	uint32_t next = 0;

	mm_pcp(mm, 0, 0)->high = 100;
	mm_pcp(mm, 0, 0)->batch = 63;
	ck_assert_int_eq(free_until_drain(mm, &next), 37);
	mm_free(mm);
}
END_TEST

/* One row of nr_pcp_high and nr_pcp_free: the lists' state, the order freed, and what is then asked
 * for (0: no drain). */
static const struct {
	const char *what;
	int32_t high, batch, factor, count;
	uint32_t zone_flags, order;
	int32_t asked;
} frees[] = {
	{"below high", 100, 7, 0, 98, 0, 0, 0},
	{"reaches high", 100, 7, 0, 99, 0, 0, 7},
	{"disabled lists: one at a time", 0, 1, 3, 0, 0, 0, 1},
	{"high below batch", 3, 7, 0, 5, 0, 0, 1},
	/* High orders in a row of frees empty the lists; count is then all that is there. */
	{"order 1 after other frees", 100, 7, 1, 20, 0, 1, 22},
	{"order 3 after other frees", 100, 7, 1, 20, 0, 3, 28},
	{"order 3, no frees before", 100, 7, 0, 20, 0, 3, 0},
	{"order 0 is no high order", 100, 7, 1, 20, 0, 0, 0},
	{"nor is a huge page", 1000, 7, 1, 20, 0, THP, 0},
	/* While kswapd works, 4 batches are the limit. */
	{"reclaim is active", 100, 7, 0, 27, MM_ZONE_RECLAIM_ACTIVE, 0, 7},
	{"reclaim is active, fewer", 100, 7, 0, 26, MM_ZONE_RECLAIM_ACTIVE, 0, 0},
	{"reclaim is active, high is lower yet", 20, 7, 0, 19, MM_ZONE_RECLAIM_ACTIVE, 0, 7},
};

START_TEST(free_cases)
{
	struct mm *mm = kit_machine(4096, 1);
	struct mm_pcp *pcp = mm_pcp(mm, 0, 0);
	uint32_t order = frees[_i].order;
	struct mm_drain d;
	bool would;

	for (int32_t i = 0; i < frees[_i].count; i++)
		mm_build_pcp(mm, at(2 * (uint32_t)i), 0, 0, 0, MM_UNMOVABLE);
	pcp->high = frees[_i].high;
	pcp->batch = frees[_i].batch;
	pcp->free_factor = frees[_i].factor;
	mm->zones[0].flags = frees[_i].zone_flags;
	mm_build_allocated(mm, at(1024), order, 0);
	would = mm_pcp_free_would_drain(mm, 0, at(1024), order);
	mm_pcp_free(mm, 0, at(1024), order, &d);
	ck_assert_msg(d.active == (frees[_i].asked > 0) && would == d.active, "%s", frees[_i].what);
	if (d.active)
		ck_assert_msg(d.left == frees[_i].asked, "%s: %d", frees[_i].what, d.left);
	mm_free(mm);
}
END_TEST

/* ---- draining: in which order ---- */

/*
 * Lists (head first)    0: 2 4 6    1: 8    4: 16 (order 1)    13: 512 (order 9)
 * Drain of 6 base pages that begins at list 1: from the tails, one list after the other, around
 * the end:
 *   list 1: 8 (5 left), list 4: 16 (3 left), list 13: 512 (-509): more than asked, for pages are
 *          not split.
 * Then all: 6 4 2.
 */
START_TEST(drain_goes_round)
{
	static const uint32_t first[] = {8, 16, 512}, then[] = {6, 4, 2};
	struct mm *mm = kit_machine(1024, 1);
	struct mm_drain d;

	for (uint32_t f = 2; f <= 6; f += 2)
		mm_build_pcp(mm, at(f), 0, 0, 0, MM_UNMOVABLE);
	mm_build_pcp(mm, at(8), 0, 0, 1, MM_MOVABLE);
	mm_build_pcp(mm, at(16), 0, 0, 4, MM_MOVABLE);
	mm_build_pcp(mm, at(512), 0, 0, 13, MM_MOVABLE);
	mm_drain_begin(mm, &d, 0, 0, 6, 1);
	for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
		ck_assert_uint_eq(mm_drain_peek(mm, &d).n, first[i]);
		mm_drain_step(mm, &d);
	}
	ck_assert(!d.active);
	ck_assert(frame_is_none(mm_drain_peek(mm, &d)));
	ck_assert_int_eq(mm_pcp(mm, 0, 0)->count, 3);
	/* More than there is asks for what there is; list 5 is empty, the round goes on at 0. */
	mm_drain_begin(mm, &d, 0, 0, 100, 5);
	for (size_t i = 0; i < ARRAY_SIZE(then); i++) {
		ck_assert_uint_eq(mm_drain_peek(mm, &d).n, then[i]);
		mm_drain_step(mm, &d);
	}
	ck_assert(!d.active);
	ck_assert_int_eq(mm_pcp(mm, 0, 0)->count, 0);
	mm_free(mm);
}
END_TEST

/*
 * One list is emptied before the next is looked at; the list of the page just freed comes first,
 * and in it the page that has waited longest. 2 freed last: expect 6, 4 of its list (asked: 2),
 * and 2 itself to stay.
 */
START_TEST(drain_starts_with_the_freed_list)
{
	struct mm *mm = kit_machine(1024, 1);
	struct mm_drain d;

	mm_build_pcp(mm, at(100), 0, 0, 0, MM_UNMOVABLE);
	mm_pcp(mm, 0, 0)->high = 4;
	mm_pcp(mm, 0, 0)->batch = 2;
	mm_pcp_free(mm, 0, at(6), 0, &d);
	mm_pcp_free(mm, 0, at(4), 0, &d);
	ck_assert(!d.active);
	mm_pcp_free(mm, 0, at(2), 0, &d);
	ck_assert(d.active);
	expect_pcp(mm, 0, 1, "2 4 6");
	ck_assert_uint_eq(mm_drain_peek(mm, &d).n, 6);
	mm_drain_finish(mm, &d);
	expect_pcp(mm, 0, 1, "2");
	expect_pcp(mm, 0, 0, "100");
	mm_free(mm);
}
END_TEST

/*
 * 6.1 drains to the type that the page had when it was freed to the list, not that of its block
 * now: block movable at the free, unmovable at the drain. Expect the movable list. Only if the
 * zone has isolated blocks is it read again.
 */
START_TEST(drain_uses_the_cached_type)
{
	struct mm *mm = kit_machine(1024, 1);
	struct mm_drain d;

	mm_pcp(mm, 0, 0)->high = 1000;
	mm_pcp_free(mm, 0, at(2), 0, &d);
	mm_pcp_free(mm, 0, at(8), 0, &d);
	mm_set_block_type(mm, at(0), MM_UNMOVABLE);
	mm_drain_begin(mm, &d, 0, 0, 1, 1);
	mm_drain_finish(mm, &d);
	expect_list(mm, 0, MM_MOVABLE, "2");
	mm->zones[0].nr_isolate_blocks = 1;
	mm_drain_begin(mm, &d, 0, 0, 1, 1);
	mm_drain_finish(mm, &d);
	expect_list(mm, 0, MM_UNMOVABLE, "8");
	mm_free(mm);
}
END_TEST

/* A highatomic page waits on the movable list but is drained as highatomic. */
START_TEST(drain_returns_highatomic_pages)
{
	struct mm *mm = kit_machine(1024, 1);
	struct mm_drain d;

	mm_pcp(mm, 0, 0)->high = 1000;
	mm_set_block_type(mm, at(0), MM_HIGHATOMIC);
	mm_pcp_free(mm, 0, at(2), 0, &d);
	expect_pcp(mm, 0, 1, "2");
	mm_drain_zone(mm, 0, 0);
	expect_list(mm, 0, MM_HIGHATOMIC, "2");
	mm_free(mm);
}
END_TEST

/* Chunks of batch << 5 (since 6.1.104); every page leaves, whatever the chunks. */
START_TEST(drain_whole_zone)
{
	struct mm *mm = kit_machine(1024, 2);
	uint64_t drains = mm_stats(mm)->drains;

	for (uint32_t f = 0; f < 200; f += 2) {
		mm_build_pcp(mm, at(f), 0, 0, 0, MM_UNMOVABLE);
		mm_build_pcp(mm, at(f + 256), 0, 1, 0, MM_UNMOVABLE);
	}
	mm_pcp(mm, 0, 0)->batch = 1;
	ck_assert_int_eq(mm_drain_chunk(mm, 0, 0), 32);
	mm_drain_zone(mm, 0, 0);
	ck_assert_int_eq(mm_pcp(mm, 0, 0)->count, 0);
	ck_assert_int_eq(mm_pcp(mm, 0, 1)->count, 100);
	ck_assert_uint_eq(mm_stats(mm)->drains - drains, 4); /* 32 + 32 + 32 + 4 */
	mm_drain_all(mm);
	ck_assert_int_eq(mm_pcp(mm, 0, 1)->count, 0);
	ck_assert_int_eq(mm->zones[0].free, 200);
	mm_free(mm);
}
END_TEST

/* ---- whole frees ---- */

/* Orders that have no list, and pages of isolated blocks, go straight to the buddy lists
 * [free_the_page]. */
START_TEST(frees_past_the_lists)
{
	struct mm *mm = kit_machine(2048, 1);

	mm_pcp(mm, 0, 0)->high = 4096;
	mm_build_allocated(mm, at(512), 4, 0);
	mm_free_page(mm, 0, at(512), 4);
	expect_list(mm, 4, MM_MOVABLE, "512");
	mm_set_block_type(mm, at(0), MM_ISOLATE);
	mm_free_page(mm, 0, at(2), 0);
	expect_list(mm, 0, MM_ISOLATE, "2");
	ck_assert_int_eq(mm_pcp(mm, 0, 0)->count, 0);
	mm_build_allocated(mm, at(1024), THP, 0);
	mm_free_page(mm, 0, at(1024), THP);
	expect_pcp(mm, 0, 13, "1024");
	ck_assert_int_eq(mm_pcp(mm, 0, 0)->count, 512);
	mm_free(mm);
}
END_TEST

/* ---- the counter ---- */

/*
 * Threshold 24 (T1): a CPU keeps differences up to 24 in size; beyond, the whole difference goes
 * to the zone. Expect what watermarks read to lag, and folding to settle it
 * [__mod_zone_page_state, refresh_cpu_vm_stats].
 */
START_TEST(counter_differences)
{
	struct mm *mm = kit_machine(1024, 2);
	struct mm_zone *z = &mm->zones[0];

	z->stat_threshold = 24;
	mm_mod_free(mm, 0, 0, 24);
	ck_assert_int_eq(z->free_global, 0);
	ck_assert_int_eq(mm_pcp(mm, 0, 0)->free_diff, 24);
	mm_mod_free(mm, 0, 0, 1);
	ck_assert_int_eq(z->free_global, 25);
	ck_assert_int_eq(mm_pcp(mm, 0, 0)->free_diff, 0);
	mm_mod_free(mm, 0, 1, -24);
	ck_assert_int_eq(z->free_global, 25);
	mm_mod_free(mm, 0, 1, -3);
	ck_assert_int_eq(z->free_global, -2);
	mm_mod_free(mm, 0, 1, 10);
	mm_mod_free(mm, 0, 0, 5);
	mm_fold_diffs(mm, 1);
	ck_assert_int_eq(z->free_global, 8);
	ck_assert_int_eq(mm_pcp(mm, 0, 1)->free_diff, 0);
	ck_assert_int_eq(mm_pcp(mm, 0, 0)->free_diff, 5);
	mm_free(mm);
}
END_TEST

/* A drain counts page by page, a refill once for the whole batch: 7 + 7 + 7 single pages never pass
 * a threshold of 24. */
START_TEST(counter_of_refill_and_drain)
{
	struct mm *mm = kit_machine(1024, 1);

	mm_pcp(mm, 0, 0)->batch = 31;
	make_free(mm, 32, 5, MM_MOVABLE);
	mm->zones[0].stat_threshold = 30;
	ck_assert_int_eq(mm->zones[0].free_global, 32);
	mm_refill(mm, 0, 0, 0, MM_MOVABLE, 0);
	ck_assert_int_eq(mm->zones[0].free_global, 1); /* -31 at once passes 30 */
	ck_assert_int_eq(mm->zones[0].free, 1);
	mm_drain_zone(mm, 0, 0);
	ck_assert_int_eq(mm->zones[0].free, 32);
	/* 31 steps of 1: the 31st passes the threshold */
	ck_assert_int_eq(mm->zones[0].free_global, 32);
	ck_assert_int_eq(mm_pcp(mm, 0, 0)->free_diff, 0);
	mm_free(mm);
}
END_TEST

/* Draining another CPU's lists changes the counter of the CPU that does it (6.1), not the owner's.
 */
START_TEST(counter_of_a_remote_drain)
{
	struct mm *mm = kit_machine(1024, 2);

	mm_build_pcp(mm, at(2), 0, 1, 0, MM_UNMOVABLE);
	mm->zones[0].stat_threshold = 24;
	mm->cpu = 0;
	mm_drain_zone(mm, 0, 1);
	ck_assert_int_eq(mm_pcp(mm, 0, 0)->free_diff, 1);
	ck_assert_int_eq(mm_pcp(mm, 0, 1)->free_diff, 0);
	mm_free(mm);
}
END_TEST

static Suite *pcp_suite(void)
{
	Suite *s = suite_create("mm_pcp");
	TCase *tc = kit_case(s, "sizes");

	tcase_add_loop_test(tc, batch_sizes, 0, (int)ARRAY_SIZE(batches));
	tcase_add_test(tc, batch_of_large_pages);
	tcase_add_test(tc, high_sizes);
	tcase_add_test(tc, refill_sizes);
	tcase_add_test(tc, list_indices);
	tc = kit_case(s, "refill");
	tcase_add_test(tc, refill_appends);
	tcase_add_test(tc, refill_may_be_short);
	tc = kit_case(s, "drain");
	tcase_add_test(tc, drains_double);
	tcase_add_test(tc, drains_leave_a_batch);
	tcase_add_test(tc, upper_bound_wins);
	tcase_add_loop_test(tc, free_cases, 0, (int)ARRAY_SIZE(frees));
	tcase_add_test(tc, drain_goes_round);
	tcase_add_test(tc, drain_starts_with_the_freed_list);
	tcase_add_test(tc, drain_uses_the_cached_type);
	tcase_add_test(tc, drain_returns_highatomic_pages);
	tcase_add_test(tc, drain_whole_zone);
	tcase_add_test(tc, frees_past_the_lists);
	tc = kit_case(s, "counter");
	tcase_add_test(tc, counter_differences);
	tcase_add_test(tc, counter_of_refill_and_drain);
	tcase_add_test(tc, counter_of_a_remote_drain);
	return s;
}

int main(void)
{
	return kit_main(pcp_suite());
}
