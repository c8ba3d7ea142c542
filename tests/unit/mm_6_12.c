// SPDX-License-Identifier: GPL-2.0-only
/*
 * What 6.12 does otherwise than 6.1 (page_alloc.c of 6.12.117; kernel-facts 1.6, 1.8, 2.4, 3.7,
 * 5.6): per-cpu lists that size themselves; free pages that are always on the list of their block.
 * Drawings: mm_kit.h, blocks of 16 pages.
 */
#include "mm/era.h"
#include "tests/unit/mm_kit.h"

#include <string.h>

static void become_6_12(struct mm *mm)
{
	bool exact;

	mm->era_index = mm_era_find("6.12.117", &exact);
	ck_assert(exact);
}

static struct mm *draw(const char *drawing, const char *types)
{
	struct mm *mm = kit_draw(drawing, types);

	become_6_12(mm);
	for (uint32_t o = 0; o < KIT_ORDERS; o++)
		mm->zones[0].free_highatomic +=
			mm_list_count(mm, mm_buddy_list(mm, 0, o, MM_HIGHATOMIC)) << o;
	return mm;
}

/* ---- lists that size themselves ---- */

/* Bounds: high_min as 6.1's high, high_max an eighth of the zone for all CPUs: T1, T2 of the facts.
 */
START_TEST(bounds_of_high)
{
	struct mm *mm = kit_machine(3840, 2);

	become_6_12(mm);
	mm->zones[0].wmark[MM_WMARK_LOW] = 35;
	ck_assert_int_eq(mm_era_high_min(mm, 0, 1), 17);
	ck_assert_int_eq(mm_era_high_max(mm, 0, 1), 240);
	mm->zones[0].wmark[MM_WMARK_LOW] = 7045;
	mm->zones[0].managed = 772918;
	ck_assert_int_eq(mm_era_high_min(mm, 0, 63), 3522);
	ck_assert_int_eq(mm_era_high_max(mm, 0, 63), 48307);
	mm->percpu_high_fraction = 100; /* 772918 / 100 / 2: both bounds, no tuning */
	ck_assert_int_eq(mm_era_high_min(mm, 0, 63), 3864);
	ck_assert_int_eq(mm_era_high_max(mm, 0, 63), 3864);
	mm_free(mm);
}
END_TEST

/* One row of nr_pcp_alloc: the lists before, the request, and what is asked for, the limits after.
 */
static const struct {
	const char *what;
	struct mm_pcp pcp;
	uint32_t zone_flags, order;
	uint32_t want;
	int32_t high, alloc_factor;
} refills[] = {
	/* 0 -> 100 by the lower bound, + 63; room 163 - 63 = 100 */
	{"first", {.high_min = 100, .high_max = 2000, .batch = 63}, 0, 0, 63, 163, 1},
	/* 63 << 1 = 126; 163 + 126; room 289 - 63 = 226 */
	{"second in a row",
	 {.high = 163, .high_min = 100, .high_max = 2000, .batch = 63, .alloc_factor = 1},
	 0,
	 0,
	 126,
	 289,
	 2},
	/* 63 << 5 = 2016, at most high_max; room 2000 - 63 = 1937 */
	{"factor at its cap",
	 {.high = 1900, .high_min = 100, .high_max = 2000, .batch = 63, .alloc_factor = 5},
	 0,
	 0,
	 1937,
	 2000,
	 5},
	/* the zone is short: high stays, room 300 - 200 - 63 = 37, at least a batch */
	{"below the high mark",
	 {.count = 200,
	  .high = 300,
	  .high_min = 100,
	  .high_max = 2000,
	  .batch = 63,
	  .alloc_factor = 3},
	 MM_ZONE_BELOW_HIGH,
	 0,
	 63,
	 300,
	 3},
	{"both bounds equal: no tuning",
	 {.high = 300, .high_min = 300, .high_max = 300, .batch = 63},
	 0,
	 0,
	 63,
	 300,
	 1},
	/* 63 >> 2; higher orders have no factor, and do not raise it */
	{"order 2",
	 {.high = 100, .high_min = 100, .high_max = 2000, .batch = 63, .alloc_factor = 3},
	 0,
	 2,
	 15,
	 163,
	 3},
	{"order 9", {.high = 100, .high_min = 100, .high_max = 2000, .batch = 63}, 0, 9, 2, 163, 0},
	{"disabled", {.high = 50, .high_min = 0, .high_max = 0, .batch = 1}, 0, 0, 1, 0, 0},
};

START_TEST(refill_sizes)
{
	struct mm *mm = kit_machine(1024, 1);
	struct mm_pcp pcp = refills[_i].pcp;

	become_6_12(mm);
	mm->zones[0].flags = refills[_i].zone_flags;
	ck_assert_msg(mm_tuned_refill(mm, 0, &pcp, refills[_i].order) == refills[_i].want, "%s",
		      refills[_i].what);
	ck_assert_int_eq(pcp.high, refills[_i].high);
	ck_assert_int_eq(pcp.alloc_factor, refills[_i].alloc_factor);
	mm_free(mm);
}
END_TEST

#define HIGH_ORDER_BEFORE 1
#define CACHE_IS_LARGE 2

/* One row of free_unref_page_commit: batch 63, bounds 100 and 2000. Drained 0: nothing. */
static const struct {
	const char *what;
	struct mm_pcp pcp; /* count, high, free_count, alloc_factor, flags */
	uint32_t zone_flags, order;
	int32_t drained, high, free_count, flags;
} frees[] = {
	{"room left", {.count = 10, .high = 500}, 0, 0, 0, 500, 1, 0},
	{"a high-order free is remembered", {.count = 10, .high = 500}, 0, 2, 0, 500, 4, 1},
	{"and forgotten", {.count = 10, .high = 500, .flags = 1}, 0, 0, 0, 500, 1, 0},
	{"nor is a huge page one", {.count = 10, .high = 2000, .flags = 1}, 0, 9, 0, 2000, 512, 0},
	/* count 500 reaches 500: need 301 + 63 = 364 < 500, so high stays; 301 are drained */
	{"full", {.count = 499, .high = 500, .free_count = 300}, 0, 0, 301, 500, 301, 0},
	/* need 1001 + 63: high becomes 1064 for the next time, but 500 counts now: 500 - 63 */
	{"full after many frees",
	 {.count = 499, .high = 500, .free_count = 1000},
	 0,
	 0,
	 437,
	 1064,
	 1001,
	 0},
	{"full after few", {.count = 499, .high = 500}, 0, 0, 63, 500, 1, 0},
	/* 63 << 5 = 2016: no more is counted */
	{"enough counted", {.count = 10, .high = 500, .free_count = 2016}, 0, 0, 0, 500, 2016, 0},
	/* order 2 again and again: up to 2016 of all; high falls to its lower bound */
	{"high orders in a row",
	 {.count = 96, .high = 500, .free_count = 63, .flags = 1},
	 0,
	 2,
	 100,
	 100,
	 67,
	 1},
	{"too few frees for that",
	 {.count = 96, .high = 500, .free_count = 62, .flags = 1},
	 0,
	 2,
	 0,
	 500,
	 66,
	 1},
	{"a large cache keeps a batch",
	 {.count = 50, .high = 500, .free_count = 63, .flags = HIGH_ORDER_BEFORE | CACHE_IS_LARGE},
	 0,
	 2,
	 0,
	 500,
	 67,
	 3},
	{"but not more",
	 {.count = 59, .high = 500, .free_count = 63, .flags = HIGH_ORDER_BEFORE | CACHE_IS_LARGE},
	 0,
	 2,
	 63,
	 100,
	 67,
	 3},
	/* kswapd works: 4 batches; high sinks by what was freed, at least a batch */
	{"reclaim is active",
	 {.count = 251, .high = 500},
	 MM_ZONE_RECLAIM_ACTIVE,
	 0,
	 63,
	 437,
	 1,
	 0},
	{"reclaim is active, room left",
	 {.count = 250, .high = 500},
	 MM_ZONE_RECLAIM_ACTIVE,
	 0,
	 0,
	 437,
	 1,
	 0},
	/* the zone is short: whatever there is above the lower bound counts as full: 151 - 63 */
	{"below the high mark",
	 {.count = 150, .high = 500, .free_count = 80},
	 MM_ZONE_BELOW_HIGH,
	 0,
	 81,
	 419,
	 81,
	 0},
	{"below the high mark, few held",
	 {.count = 50, .high = 500},
	 MM_ZONE_BELOW_HIGH,
	 0,
	 0,
	 437,
	 1,
	 0},
};

START_TEST(free_cases)
{
	struct mm *mm = kit_machine(1024, 1);
	struct mm_pcp pcp = frees[_i].pcp;

	become_6_12(mm);
	pcp.batch = 63;
	pcp.high_min = 100;
	pcp.high_max = 2000;
	pcp.alloc_factor = 4;
	mm->zones[0].flags = frees[_i].zone_flags;
	ck_assert_msg(mm_tuned_free(mm, 0, &pcp, frees[_i].order) == frees[_i].drained, "%s",
		      frees[_i].what);
	ck_assert_msg(pcp.high == frees[_i].high, "%s: high %d", frees[_i].what, pcp.high);
	ck_assert_int_eq(pcp.free_count, frees[_i].free_count);
	ck_assert_int_eq(pcp.flags, frees[_i].flags);
	ck_assert_int_eq(pcp.alloc_factor, 2);
	ck_assert_int_eq(pcp.count, frees[_i].pcp.count + (1 << frees[_i].order));
	mm_free(mm);
}
END_TEST

/*
 * 6.18 and later empty the lists only after batch + high_min / 2 = 63 + 50 frees: with 112 not yet,
 * where 6.12 did.
 */
START_TEST(lists_are_emptied_later)
{
	struct mm *mm = kit_machine(1024, 1);
	struct mm_pcp pcp = {.count = 96,
			     .high = 500,
			     .free_count = 112,
			     .flags = HIGH_ORDER_BEFORE,
			     .batch = 63,
			     .high_min = 100,
			     .high_max = 2000};
	bool exact;

	mm->era_index = mm_era_find("7.2.13", &exact);
	ck_assert(exact);
	ck_assert_int_eq(mm_tuned_free(mm, 0, &pcp, 2), 0);
	pcp.free_count = 113;
	ck_assert_int_eq(mm_tuned_free(mm, 0, &pcp, 2), 104);
	mm_free(mm);
}
END_TEST

/*
 * 10 pages of order 0 and two huge pages; 100 are to be drained, 63 the batch. 6.12: the ten and
 * one huge page, for pages are not split. 7.2: the first batch does just that, the second, of 37,
 * takes the other huge page.
 */
START_TEST(drain_batch_after_batch)
{
	bool exact, in_batches = _i;
	struct mm *mm = kit_machine(2048, 1);
	struct mm_drain d;

	mm->era_index = mm_era_find(in_batches ? "7.2.13" : "6.12.117", &exact);
	mm_build_pcp(mm, at(512), 0, 0, 13, MM_MOVABLE);
	mm_build_pcp(mm, at(1024), 0, 0, 13, MM_MOVABLE);
	for (uint32_t f = 2; f < 20; f += 2)
		mm_build_pcp(mm, at(f), 0, 0, 1, MM_MOVABLE);
	*mm_pcp(mm, 0, 0) = (struct mm_pcp){.count = 1033,
					    .batch = 63,
					    .free_count = 99,
					    .high = 1034,
					    .high_min = 1034,
					    .high_max = 1034};
	mm_pcp_free(mm, 0, at(40), 0, &d);
	ck_assert_int_eq(d.left, in_batches ? 63 : 100);
	mm_drain_finish(mm, &d);
	ck_assert_int_eq(mm_pcp(mm, 0, 0)->count, in_batches ? 0 : 512);
	mm_free(mm);
}
END_TEST

/*
 * Once a second high sinks by an eighth, not below its lower bound, and not so far that more than
 * 32 batches would leave: 2000 -> max(1900 - 2016, 1750, 100) = 1750, 150 pages leave.
 */
START_TEST(decay)
{
	struct mm *mm = kit_machine(1024, 1);
	struct mm_pcp *pcp = mm_pcp(mm, 0, 0);

	become_6_12(mm);
	*pcp = (struct mm_pcp){
		.count = 1900, .high = 2000, .batch = 63, .high_min = 100, .high_max = 2000};
	ck_assert_int_eq(mm_pcp_decay(mm, 0, 0), 150);
	ck_assert_int_eq(pcp->high, 1750);
	pcp->count = 4000; /* 4000 - 2016 = 1984, which is more than 1750 - 218 */
	ck_assert_int_eq(mm_pcp_decay(mm, 0, 0), 2016);
	ck_assert_int_eq(pcp->high, 1984);
	pcp->high = 100;
	pcp->count = 90;
	ck_assert_int_eq(mm_pcp_decay(mm, 0, 0), 0);
	ck_assert_int_eq(pcp->high, 100);
	mm_free(mm);
}
END_TEST

/*
 * 11 free, high mark 11. Expect a request to note that the zone is below its high mark, though it
 * may have a page by its own mark; and a drain after a free that lifts the zone above it to forget.
 */
START_TEST(below_the_high_mark)
{
	struct mm *mm = draw("m-xmxxxxm-------", NULL);
	struct mm_zone *z = &mm->zones[0];
	struct mm_drain d;

	z->wmark[MM_WMARK_HIGH] = 10;
	ck_assert(mm_zone_suits(mm, 0, 0, 2, MM_WMARK_LOW, 0));
	ck_assert_uint_eq(z->flags, 0);
	z->wmark[MM_WMARK_HIGH] = 11;
	ck_assert(mm_zone_suits(mm, 0, 0, 2, MM_WMARK_LOW, 0));
	ck_assert_uint_eq(z->flags, MM_ZONE_BELOW_HIGH);
	*mm_pcp(mm, 0, 0) = (struct mm_pcp){.batch = 1};
	mm_pcp_free(mm, 0, at(2), 0, &d);
	ck_assert(d.active);
	ck_assert_uint_eq(z->flags, MM_ZONE_BELOW_HIGH);
	mm_drain_finish(mm, &d);
	ck_assert_uint_eq(z->flags, 0);
	mm_free(mm);
}
END_TEST

/* __GFP_HIGH, not a bit of its own, makes order 0 ignore the boost at the min mark. */
START_TEST(boost_is_ignored_for_gfp_high)
{
	struct mm *mm = draw("m-xmxxxxm-------", NULL);

	mm->zones[0].wmark[MM_WMARK_MIN] = 12; /* halved by MIN_RESERVE: 6 */
	mm->zones[0].boost = 100;
	ck_assert(mm_watermark_fast(mm, 0, 0, 112, 2, MM_ALLOC_MIN_RESERVE, 0));
	ck_assert(!mm_watermark_fast(mm, 0, 0, 112, 2, 0, MM_GFP_ATOMIC));
	mm_free(mm);
}
END_TEST

/* ---- a free page is on the list of its block ---- */

/* A drain asks the block, not what was remembered. */
START_TEST(drain_by_block)
{
	struct mm *mm = kit_machine(1024, 1);

	become_6_12(mm);
	mm_build_pcp(mm, at(2), 0, 0, 1, MM_MOVABLE);
	mm_set_block_type(mm, at(0), MM_UNMOVABLE);
	mm_drain_zone(mm, 0, 0);
	expect_list(mm, 0, MM_UNMOVABLE, "2");
	mm_free(mm);
}
END_TEST

/*
 * before  x=block | u=block       the first freed as movable
 * after   one order-5 buddy; the block that was absorbed has its type now
 */
START_TEST(absorbed_blocks_change_type)
{
	struct mm *mm = draw("x===============|u---------------", "MU");

	mm_free_one(mm, at(0), 4, MM_MOVABLE, 0);
	expect_memory(mm, "m-------------------------------");
	expect_blocks(mm, "MM");
	mm_free(mm);
}
END_TEST

/* A page of two blocks is freed block by block, each by its own type: highatomic stays apart. */
START_TEST(large_pages_are_freed_by_block)
{
	struct mm *mm = draw("x===============================", "MH");

	mm_free_direct(mm, 0, at(0), 5, 0);
	expect_memory(mm, "m---------------|h---------------");
	ck_assert_uint_eq(mm->zones[0].free_highatomic, 16);
	mm_free(mm);
}
END_TEST

/*
 * One row: one page of @order for @type; the page, and memory and blocks after. Half a block is 8.
 * Claims look at the head of one list per order, largest first; steals take the smallest.
 */
static const struct {
	const char *what;
	uint32_t order, type, flags;
	const char *before, *blocks;
	int page;
	const char *after, *blocks_after;
} takes[] = {
	{"own list", 0, MM_UNMOVABLE, 0, "u-xxm---xxxxxxxx", "U", 0, "xuxxm---xxxxxxxx", "U"},
	/* both blocks, and the rest on the wanted lists */
	{"claim above a block", 0, MM_UNMOVABLE, 0, "m-------------------------------", "MM", 0,
	 "xuu-u---u-------u---------------", "UU"},
	/* 4 + 4 alike */
	{"claim", 0, MM_UNMOVABLE, 0, "m---LLLLLLLLxxxx", "M", 0, "xuu-LLLLLLLLxxxx", "U"},
	/* 4 + 3: refused, and nothing moves; a steal leaves the rest on ITS lists */
	{"no claim, steal", 0, MM_UNMOVABLE, 0, "m---LLLLLLLLLxxx", "M", 0, "xmm-LLLLLLLLLxxx",
	 "M"},
	/* with NOFRAGMENT neither */
	{"NOFRAGMENT", 0, MM_UNMOVABLE, MM_ALLOC_NOFRAGMENT, "m---xxxxxxxxxxxx", "M", -1,
	 "m---xxxxxxxxxxxx", "M"},
	{"NOFRAGMENT, whole block", 2, MM_UNMOVABLE, MM_ALLOC_NOFRAGMENT,
	 "m---------------|xxxxxxxxxxxxxxxx", "MM", 0, "x===u---u-------|xxxxxxxxxxxxxxxx", "UM"},
	/* the claim of the larger fails (9 on the LRU), that of the next order succeeds */
	{"next order down", 0, MM_UNMOVABLE, 0, "m---LLLLLLLLLxxx|m-xxxxxxxxxxxxxx", "MM", 16,
	 "m---LLLLLLLLLxxx|xuxxxxxxxxxxxxxx", "MU"},
	/* movable may claim from order 2 on only: stop there, and steal the smallest */
	{"movable, small pieces", 0, MM_MOVABLE, 0, "u-xxuxxxLLLLLLLL", "U", 4, "u-xxxxxxLLLLLLLL",
	 "U"},
	{"movable, claim", 0, MM_MOVABLE, 0, "u---LLLLxxxxxxxx", "U", 0, "xmm-LLLLxxxxxxxx", "M"},
	/* a claimed block gives its smallest piece, not the one that was looked at */
	{"smallest of the block", 0, MM_UNMOVABLE, 0, "m-------mxxxxxxx", "M", 8,
	 "u-------xxxxxxxx", "U"},
	{"edge of the zone", 0, MM_UNMOVABLE, 0, "xxxxxxxxxxxxxxxx|m---m-xx########", "MM", 20,
	 "xxxxxxxxxxxxxxxx|m---xmxx########", "MM"},
	{"nothing", 3, MM_UNMOVABLE, 0, "m---xxxxxxxxxxxx", "M", -1, "m---xxxxxxxxxxxx", "M"},
};

START_TEST(take_cases)
{
	struct mm *mm = draw(takes[_i].before, takes[_i].blocks);
	int64_t free = mm->zones[0].free_global;
	struct frame f = mm_rmqueue(mm, 0, takes[_i].order, takes[_i].type, takes[_i].flags, NULL);

	ck_assert_msg(f.n == (uint32_t)takes[_i].page, "%s: %u", takes[_i].what, f.n);
	expect_memory(mm, takes[_i].after);
	expect_blocks(mm, takes[_i].blocks_after);
	if (takes[_i].page >= 0)
		free -= 1 << takes[_i].order;
	ck_assert_int_eq(mm->zones[0].free_global, free);
	ck_assert_int_eq(mm->zones[0].free, free);
	mm_free(mm);
}
END_TEST

/*
 * A refill that had to steal goes on stealing: the smallest piece of another type each time. Claims
 * are tried for the first page only, at orders 1 and 0: expect two boosts of one block each.
 */
START_TEST(refill_remembers_its_mode)
{
	struct mm *mm =
		draw("mxmxm-LLLLLLLLLL|L===============|L===============|L===============", NULL);

	mm->zones[0].wmark[MM_WMARK_HIGH] = 1000;
	*mm_pcp(mm, 0, 0) =
		(struct mm_pcp){.batch = 3, .high = 100, .high_min = 100, .high_max = 100};
	mm_refill(mm, 0, 0, 0, MM_UNMOVABLE, 0);
	expect_pcp(mm, 0, 0, "0 2 4");
	ck_assert_uint_eq(mm->zones[0].boost, 32);
	mm_free(mm);
}
END_TEST

/* The event names the page; the fallback order is that of the buddy. */
START_TEST(fallback_event)
{
	struct mm *mm = draw("m-------mxxxxxxx", "M");
	struct mm_fallback fb;

	ck_assert_uint_eq(mm_rmqueue(mm, 0, 0, MM_UNMOVABLE, 0, &fb).n, 8);
	ck_assert_uint_eq(fb.head.n, 8);
	ck_assert_uint_eq(fb.order, 3);
	ck_assert_uint_eq(fb.type, MM_MOVABLE);
	ck_assert(fb.change_ownership);
	mm_rmqueue(mm, 0, 0, MM_UNMOVABLE, 0, &fb);
	ck_assert(frame_is_none(fb.head));
	mm_free(mm);
}
END_TEST

/* ---- the highatomic reserve, isolation ---- */

/* Nothing is reserved where 1 % of the zone is less than a block; else 1 %, rounded up to blocks.
 */
START_TEST(reserve_of_one_per_cent)
{
	struct mm *mm = draw("x===m---xxxxxxxx|x===xxxxxxxxxxxx|x===m---########", NULL);

	mm->zones[0].managed = 1599;
	mm_reserve_highatomic(mm, 0, at(0));
	expect_blocks(mm, "MMM");
	mm->zones[0].managed = 1700;	      /* 17 -> 32: two blocks */
	mm_reserve_highatomic(mm, 0, at(32)); /* not wholly in the zone: 6.12 does nothing */
	ck_assert_uint_eq(mm->zones[0].reserved_highatomic, 0);
	mm_reserve_highatomic(mm, 0, at(0));
	mm_reserve_highatomic(mm, 0, at(16));
	expect_blocks(mm, "HHM");
	expect_memory(mm, "x===h---xxxxxxxx|x===xxxxxxxxxxxx|x===m---########");
	ck_assert_uint_eq(mm->zones[0].reserved_highatomic, 32);
	ck_assert_uint_eq(mm->zones[0].free_highatomic, 4);
	mm_free(mm);
}
END_TEST

/* Of the reserve only what is free is withheld from others: 4 + 4 free, 4 of them reserved. */
START_TEST(reserve_in_the_marks)
{
	struct mm *mm = draw("x===h---xxxxxxxx|m---xxxxxxxxxxxx", "HM");

	mm->zones[0].reserved_highatomic = 16;
	ck_assert(mm_watermark_ok(mm, 0, 0, 3, 2, 0, 8));
	ck_assert(!mm_watermark_ok(mm, 0, 0, 4, 2, 0, 8));
	mm_free(mm);
}
END_TEST

/* A whole reserved block moves alone, with its type; smaller pieces with their block. */
START_TEST(unreserve)
{
	struct mm *mm =
		draw("h---xxxxxxxxxxxx|xxxxxxxxxxxxxxxx|h-------------------------------", "HMHH");
	struct mm_request rq = {.type = MM_UNMOVABLE};

	mm->zones[0].reserved_highatomic = 48;
	ck_assert(mm_unreserve_highatomic(mm, &rq, true));
	expect_blocks(mm, "UMHH");
	ck_assert_uint_eq(mm->zones[0].reserved_highatomic, 32);
	ck_assert(mm_unreserve_highatomic(mm, &rq, true));
	expect_blocks(mm, "UMUU");
	expect_memory(mm, "u---xxxxxxxxxxxx|xxxxxxxxxxxxxxxx|u-------------------------------");
	ck_assert_uint_eq(mm->zones[0].reserved_highatomic, 0);
	ck_assert_uint_eq(mm->zones[0].free_highatomic, 0);
	mm_free(mm);
}
END_TEST

/* Half a block isolated: the block becomes movable with its other free pages. */
START_TEST(isolation_moves_the_rest)
{
	struct mm *mm = draw("u-------u---xxxx", "U");

	ck_assert_uint_eq(mm_isolate_free_page(mm, 0, at(0), 3), 8);
	expect_memory(mm, "x=======m---xxxx");
	expect_blocks(mm, "M");
	mm_free(mm);
}
END_TEST

/*
 * Moving a page counts it out and in again: with a threshold of 6 and a difference of 3, -8 makes
 * -5, kept; +8 makes 3. With a difference of 0, -8 folds at once, and +8 folds back.
 */
START_TEST(counters_of_a_move)
{
	struct mm *mm = draw("u-------xxxxxxxx", "U");

	mm->zones[0].stat_threshold = 6;
	mm_pcp(mm, 0, 0)->free_diff = 3;
	mm_claim_block(mm, 0, at(0), MM_MOVABLE);
	ck_assert_int_eq(mm_pcp(mm, 0, 0)->free_diff, 3);
	ck_assert_int_eq(mm->zones[0].free_global, 8);
	mm_pcp(mm, 0, 0)->free_diff = -1; /* -9 folds whole, then 8 folds */
	mm_claim_block(mm, 0, at(0), MM_UNMOVABLE);
	ck_assert_int_eq(mm_pcp(mm, 0, 0)->free_diff, 0);
	ck_assert_int_eq(mm->zones[0].free_global, 7);
	mm_free(mm);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("mm_6_12");
	TCase *tc = kit_case(s, "tuned");

	tcase_add_test(tc, bounds_of_high);
	tcase_add_loop_test(tc, refill_sizes, 0, (int)ARRAY_SIZE(refills));
	tcase_add_loop_test(tc, free_cases, 0, (int)ARRAY_SIZE(frees));
	tcase_add_test(tc, lists_are_emptied_later);
	tcase_add_loop_test(tc, drain_batch_after_batch, 0, 2);
	tcase_add_test(tc, decay);
	tcase_add_test(tc, below_the_high_mark);
	tcase_add_test(tc, boost_is_ignored_for_gfp_high);
	tc = kit_case(s, "lists of blocks");
	tcase_add_test(tc, drain_by_block);
	tcase_add_test(tc, absorbed_blocks_change_type);
	tcase_add_test(tc, large_pages_are_freed_by_block);
	tcase_add_loop_test(tc, take_cases, 0, (int)ARRAY_SIZE(takes));
	tcase_add_test(tc, refill_remembers_its_mode);
	tcase_add_test(tc, fallback_event);
	tcase_add_test(tc, reserve_of_one_per_cent);
	tcase_add_test(tc, reserve_in_the_marks);
	tcase_add_test(tc, unreserve);
	tcase_add_test(tc, isolation_moves_the_rest);
	tcase_add_test(tc, counters_of_a_move);
	return s;
}

int main(void)
{
	return kit_main(suite());
}
