// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens when a migratetype has nothing left: the search of other types' lists, taking pages
 * or whole blocks from them, the watermark boost that this causes, and the highatomic reserve.
 * Rules: kernel-facts 2.1, 2.2, 2.5, 5.6; page_alloc.c of 6.1.192. Drawings: mm_kit.h (blocks of
 * 16 pages; from order 2 on a whole block may be taken).
 */
#include "tests/unit/mm_kit.h"

#include <string.h>

#define NOFRAGMENT MM_ALLOC_NOFRAGMENT

/* ---- the search ---- */

/* One row: what is free, who asks, and which buddy the search must name. */
static const struct {
	const char *what, *memory;
	uint32_t order, type, flags;
	int head; /* -1: none */
	uint32_t fb_order, fb_type;
} searches[] = {
	{"unmovable looks at reclaimable first", "m---xxxxr---xxxx", 0, MM_UNMOVABLE, 0, 8, 2,
	 MM_RECLAIMABLE},
	{"then at movable", "m---xxxxxxxxxxxx", 0, MM_UNMOVABLE, 0, 0, 2, MM_MOVABLE},
	{"movable looks at reclaimable first", "u---xxxxr---xxxx", 0, MM_MOVABLE, 0, 8, 2,
	 MM_RECLAIMABLE},
	{"then at unmovable", "u---xxxxxxxxxxxx", 0, MM_MOVABLE, 0, 0, 2, MM_UNMOVABLE},
	{"reclaimable looks at unmovable first", "m---xxxxu---xxxx", 0, MM_RECLAIMABLE, 0, 8, 2,
	 MM_UNMOVABLE},
	{"then at movable", "m---xxxxxxxxxxxx", 0, MM_RECLAIMABLE, 0, 0, 2, MM_MOVABLE},
	{"the largest order wins over the preferred type", "m-------r---xxxx", 0, MM_UNMOVABLE, 0,
	 0, 3, MM_MOVABLE},
	{"the head of the list", "m---xxxxm---xxxx", 0, MM_UNMOVABLE, 0, 0, 2, MM_MOVABLE},
	{"never highatomic, CMA or isolated pages", "h---xxxxc---xxxx|i---xxxxxxxxxxxx", 0,
	 MM_UNMOVABLE, 0, -1, 0, 0},
	{"nothing below the order asked for", "m---xxxxxxxxxxxx", 3, MM_UNMOVABLE, 0, -1, 0, 0},
	/* Movable cannot have the block of a buddy below half the block's order: the smallest piece
	   splits least. */
	{"movable takes the smallest of small ones", "u-xxxxxxuxxxxxxx", 0, MM_MOVABLE, 0, 8, 0,
	 MM_UNMOVABLE},
	{"and there the preferred type", "u-xxuxxxxxxxxxrx", 0, MM_MOVABLE, 0, 14, 0,
	 MM_RECLAIMABLE},
	{"but not below what it asked for", "u-xxxxxxuxxxxxxx", 1, MM_MOVABLE, 0, 0, 1,
	 MM_UNMOVABLE},
	{"one large buddy and it takes that", "u-xxuxxxxxxxr---", 0, MM_MOVABLE, 0, 12, 2,
	 MM_RECLAIMABLE},
	{"others take the largest of small ones", "m-xxxxxxmxxxxxxx", 0, MM_UNMOVABLE, 0, 0, 1,
	 MM_MOVABLE},
	/* With NOFRAGMENT only whole blocks may be taken, for requests below a block. */
	{"no mixing of blocks", "m-------xxxxxxxx|xxxxxxxxxxxxxxxx", 0, MM_UNMOVABLE, NOFRAGMENT,
	 -1, 0, 0},
	{"a whole block mixes nothing", "m---------------|xxxxxxxxxxxxxxxx", 0, MM_UNMOVABLE,
	 NOFRAGMENT, 0, 4, MM_MOVABLE},
	{"a request of a block's size", "m---------------|xxxxxxxxxxxxxxxx", 4, MM_UNMOVABLE,
	 NOFRAGMENT, 0, 4, MM_MOVABLE},
	{"a larger request", "m---------------|xxxxxxxxxxxxxxxx", 5, MM_UNMOVABLE, NOFRAGMENT, -1,
	 0, 0},
};

START_TEST(search)
{
	struct mm *mm = kit_draw(searches[_i].memory, NULL);
	struct mm_fallback fb;
	bool found = mm_find_fallback(mm, 0, searches[_i].order, searches[_i].type,
				      searches[_i].flags, &fb);

	ck_assert_msg(found == (searches[_i].head >= 0), "%s", searches[_i].what);
	if (found) {
		ck_assert_msg(fb.head.n == (uint32_t)searches[_i].head, "%s: %u", searches[_i].what,
			      fb.head.n);
		ck_assert_uint_eq(fb.order, searches[_i].fb_order);
		ck_assert_uint_eq(fb.type, searches[_i].fb_type);
	} else {
		ck_assert(frame_is_none(fb.head));
	}
	expect_memory(mm, searches[_i].memory); /* the search changes nothing */
	mm_free(mm);
}
END_TEST

/* With mobility grouping off even a movable order-0 request takes the largest, for it may have the
 * block. */
START_TEST(search_without_grouping)
{
	struct mm *mm = kit_draw("u-xxxxxxuxxxxxxx", NULL);
	struct mm_fallback fb;

	mm->mobility_disabled = 1;
	ck_assert(mm_find_fallback(mm, 0, 0, MM_MOVABLE, 0, &fb));
	ck_assert_uint_eq(fb.order, 1);
	mm_free(mm);
}
END_TEST

/* ---- what is taken ---- */

/*
 * One row: order 0 wanted by @type; the memory and block types before, after the steal, and
 * whether the block of the buddy is then of the wanted type. Half a block is 8 pages.
 */
static const struct {
	const char *what;
	uint32_t type;
	const char *before, *blocks, *after, *blocks_after;
	bool change_ownership;
} steals[] = {
	/* A reserve's block is left alone: only the buddy moves. */
	{"highatomic block", MM_MOVABLE, "u---xxxxuxxxxxxx", "H", "m---xxxxuxxxxxxx", "H", false},
	/* From a block on: every block inside changes its type. */
	{"two whole blocks", MM_UNMOVABLE, "m-------------------------------", "MR",
	 "u-------------------------------", "UU", true},
	/* Unmovable into a movable block: everything that is not on the LRU is alike. 4 free + 4
	   alike = 8. */
	{"enough is alike", MM_UNMOVABLE, "m---LLLLLLLLxxxx", "M", "u---LLLLLLLLxxxx", "U", true},
	/* 9 on the LRU: 4 free + 3 alike = 7. The pages move all the same. */
	{"too little is alike", MM_UNMOVABLE, "m---LLLLLLLLLxxx", "M", "u---LLLLLLLLLxxx", "M",
	 false},
	/* Pages of a compound page count one by one: 8 + 1 on the LRU. */
	{"tails count", MM_UNMOVABLE, "m---LxxxL=======", "M", "u---LxxxL=======", "M", false},
	{"tails count as alike, too", MM_MOVABLE, "u---L===xxxxxxxx", "U", "m---L===xxxxxxxx", "M",
	 true},
	/* Balloon pages are movable as well. */
	{"movable without LRU", MM_UNMOVABLE, "m---LVVVLLLLVxxx", "M", "u---LVVVLLLLVxxx", "M",
	 false},
	/* Unmovable into reclaimable: nothing is alike, only free pages count: 8, then 7. */
	{"free alone, enough", MM_UNMOVABLE, "r---xxxxr---xxxx", "R", "u---xxxxu---xxxx", "U",
	 true},
	{"free alone, too little", MM_UNMOVABLE, "r---xxxxr-rxxxxx", "R", "u---xxxxu-uxxxxx", "R",
	 false},
	/* Movable into unmovable: LRU pages are alike. 4 + 4, then 4 + 3. */
	{"movable, enough", MM_MOVABLE, "u---LLLLxxxxxxxx", "U", "m---LLLLxxxxxxxx", "M", true},
	{"movable, too little", MM_MOVABLE, "u---LLLxxxxxxxxx", "U", "m---LLLxxxxxxxxx", "U",
	 false},
	/* Not eligible: one buddy moves, its neighbours on the same list stay, whatever is alike.
	 */
	{"single piece", MM_MOVABLE, "uxuxLLLLLLLLLLLL", "U", "mxuxLLLLLLLLLLLL", "U", false},
	/* Unmovable takes blocks for small buddies, too: 2 free, 14 alike; pages of any list move.
	 */
	{"small but eligible", MM_UNMOVABLE, "mxmxxxxxrxxxxxxx", "M", "uxuxxxxxuxxxxxxx", "U",
	 true},
	/* Movable pages in a block that was unmovable all along: the event says ownership changed.
	 */
	{"type was right before", MM_UNMOVABLE, "mxLLLLLLLLLLLLLL", "U", "uxLLLLLLLLLLLLLL", "U",
	 true},
	/* The last block does not end in the zone: nothing can be moved as a block, the buddy goes
	   alone. */
	{"end of the zone", MM_UNMOVABLE, "xxxxxxxxxxxxxxxx|m---m-xx########", "MM",
	 "xxxxxxxxxxxxxxxx|u---m-xx########", "MM", false},
	/* The first block begins before the zone: the walk starts at the buddy itself; 12 and 14
	   lie behind it. */
	{"start of the zone", MM_UNMOVABLE, "####mxxxm---mxmx", "M", "####mxxxu---uxux", "U", true},
};

static struct mm_fallback steal(struct mm *mm, uint32_t order, uint32_t type, uint32_t flags)
{
	struct mm_fallback fb;

	ck_assert(mm_find_fallback(mm, 0, order, type, flags, &fb));
	mm_steal(mm, 0, type, flags, &fb);
	return fb;
}

START_TEST(steal_cases)
{
	struct mm *mm = kit_draw(steals[_i].before, steals[_i].blocks);
	struct mm_fallback fb = steal(mm, 0, steals[_i].type, 0);

	expect_memory(mm, steals[_i].after);
	expect_blocks(mm, steals[_i].blocks_after);
	ck_assert_msg(fb.change_ownership == steals[_i].change_ownership, "%s", steals[_i].what);
	mm_free(mm);
}
END_TEST

/* Grouping off: a block is claimed however little of it is alike. */
START_TEST(steal_without_grouping)
{
	struct mm *mm = kit_draw("u---xxxxxxxxxxxx", "U");

	mm->mobility_disabled = 1;
	steal(mm, 0, MM_MOVABLE, 0);
	expect_blocks(mm, "M");
	mm_free(mm);
}
END_TEST

/*
 * before  m-------mxxxxxxx | uxxxxxx...      unmovable order 1 wanted, own list has only order 0
 * after   u-------u...
 * Expect a single buddy to go to the TAIL of the wanted type's list: 16 first, then 8 (moved as
 * part of the block).
 */
START_TEST(stolen_pages_go_to_the_tail)
{
	struct mm *mm = kit_draw("m-------mxxxxxxx|uxxxxxxxxxxxxxxx", "MU");

	steal(mm, 1, MM_UNMOVABLE, 0);
	expect_list(mm, 0, MM_UNMOVABLE, "16 8");
	expect_list(mm, 3, MM_UNMOVABLE, "0");
	mm_free(mm);

	/* A whole block: the buddy alone, behind those that are there. */
	mm = kit_draw("m---------------|xxxxxxxxxxxxxxxx|u---------------|xxxxxxxxxxxxxxxx",
		      "MMUM");
	steal(mm, 4, MM_UNMOVABLE, 0);
	expect_list(mm, 4, MM_UNMOVABLE, "32 0");
	mm_free(mm);
}
END_TEST

/*
 * before  m-------mxxxxxxx         order 0 wanted by unmovable
 * after   u-------xxxxxxxx
 * The search names the buddy at 0, the largest; its whole block moves, and then the smallest piece
 * is page 8. Expect the event to say 0 and the page to be 8: the recorded pfn of an extfrag event
 * is not the page that was allocated.
 */
START_TEST(retry_may_find_another_piece)
{
	struct mm *mm = kit_draw("m-------mxxxxxxx", NULL);
	struct mm_fallback fb;

	ck_assert_uint_eq(mm_rmqueue(mm, 0, 0, MM_UNMOVABLE, 0, &fb).n, 8);
	ck_assert_uint_eq(fb.head.n, 0);
	ck_assert_uint_eq(fb.order, 3);
	ck_assert(fb.change_ownership);
	expect_memory(mm, "u-------xxxxxxxx");
	ck_assert_uint_eq(mm_rmqueue(mm, 0, 2, MM_UNMOVABLE, 0, &fb).n, 0);
	ck_assert(frame_is_none(fb.head)); /* no fallback this time */
	expect_memory(mm, "x===u---xxxxxxxx");
	ck_assert(frame_is_none(mm_rmqueue(mm, 0, 3, MM_UNMOVABLE, 0, NULL)));
	mm_free(mm);
}
END_TEST

/* ---- the boost ---- */

/* A zone of 64 pages (4 blocks) in which a small fallback happens, with a high watermark. */
static struct mm *boost_machine(uint32_t high)
{
	struct mm *mm = kit_draw(
		"mxmxmxmxmxmxmxmx|xxxxxxxxxxxxxxxx|xxxxxxxxxxxxxxxx|xxxxxxxxxxxxxxxx", NULL);

	mm->zones[0].wmark[MM_WMARK_HIGH] = high;
	return mm;
}

/*
 * High watermark 20: the cap is 20 * 15000 / 10000 = 30. Expect 16, then min(32, 30) = 30, then
 * 30. The marks themselves stay; readers see them raised.
 */
START_TEST(boost_grows_to_the_cap)
{
	struct mm *mm = boost_machine(20);

	steal(mm, 0, MM_UNMOVABLE, 0);
	ck_assert_uint_eq(mm->zones[0].boost, 16);
	mm_move_freepages_block(mm, 0, at(0), MM_MOVABLE, NULL);
	steal(mm, 0, MM_UNMOVABLE, 0);
	ck_assert_uint_eq(mm->zones[0].boost, 30);
	mm_move_freepages_block(mm, 0, at(0), MM_MOVABLE, NULL);
	steal(mm, 0, MM_UNMOVABLE, 0);
	ck_assert_uint_eq(mm->zones[0].boost, 30);
	ck_assert_uint_eq(mm->zones[0].wmark[MM_WMARK_HIGH], 20);
	ck_assert_int_eq(mm_wmark(mm, 0, MM_WMARK_HIGH), 50);
	mm_free(mm);
}
END_TEST

/* One row: what the zone and the sysctl are, and the boost after one small fallback. */
static const struct {
	uint32_t high, factor, managed, boost;
} boosts[] = {
	{20, 15000, 64, 16}, {4, 15000, 64, 16}, /* cap 6, but at least one block */
	{8, 10000, 64, 16},			 /* cap 8, the same */
	{20, 0, 64, 0},				 /* switched off */
	{0, 15000, 64, 0},			 /* early in boot: no marks yet */
	{20, 15000, 63, 0},			 /* fewer than 4 blocks */
};

/* Expect no flag for kswapd where there was no boost, and only with ALLOC_KSWAPD. */
START_TEST(boost_conditions)
{
	struct mm *mm = boost_machine(boosts[_i].high), *quiet = mm_clone(mm);

	mm->watermark_boost_factor = quiet->watermark_boost_factor = boosts[_i].factor;
	mm->zones[0].managed = quiet->zones[0].managed = boosts[_i].managed;
	steal(mm, 0, MM_UNMOVABLE, MM_ALLOC_KSWAPD);
	ck_assert_uint_eq(mm->zones[0].boost, boosts[_i].boost);
	ck_assert_uint_eq(mm->zones[0].flags, boosts[_i].boost ? MM_ZONE_BOOSTED : 0);
	steal(quiet, 0, MM_UNMOVABLE, 0);
	ck_assert_uint_eq(quiet->zones[0].boost, boosts[_i].boost);
	ck_assert_uint_eq(quiet->zones[0].flags, 0);
	mm_free(mm);
	mm_free(quiet);
}
END_TEST

/* A single piece boosts too; a whole block does not, nor does a piece of a highatomic block. */
START_TEST(boost_by_kind_of_steal)
{
	struct mm *single = boost_machine(20), *whole, *reserve = boost_machine(20);

	mm_move_freepages_block(single, 0, at(0), MM_UNMOVABLE, NULL);
	steal(single, 0, MM_MOVABLE, 0);
	ck_assert_uint_eq(single->zones[0].boost, 16);
	mm_set_block_type(reserve, at(0), MM_HIGHATOMIC);
	steal(reserve, 0, MM_UNMOVABLE, 0);
	ck_assert_uint_eq(reserve->zones[0].boost, 0);
	whole = kit_draw("m---------------|xxxxxxxxxxxxxxxx|xxxxxxxxxxxxxxxx|xxxxxxxxxxxxxxxx",
			 NULL);
	whole->zones[0].wmark[MM_WMARK_HIGH] = 20;
	steal(whole, 0, MM_UNMOVABLE, 0);
	ck_assert_uint_eq(whole->zones[0].boost, 0);
	mm_free(single);
	mm_free(whole);
	mm_free(reserve);
}
END_TEST

/* ---- the highatomic reserve ---- */

/*
 * before  x===m---mxxxxxxx | x===...       an order-2 atomic page at 0 was just given out
 * after   x===h---hxxxxxxx                 its block is reserved, with its free pages, at the tails
 * Limit: managed / 100 + one block; here 1600 / 100 + 16 = 32: two blocks. Expect the third to be
 * refused.
 */
START_TEST(reserve_highatomic)
{
	struct mm *mm = kit_draw("x===m---mxxxxxxx|x===xxxxxxxxh---|x===m---xxxxxxxx", "MUM");

	mm->zones[0].managed = 1600;
	mm_reserve_highatomic(mm, 0, at(0));
	expect_memory(mm, "x===h---hxxxxxxx|x===xxxxxxxxh---|x===m---xxxxxxxx");
	expect_list(mm, 2, MM_HIGHATOMIC, "28 4");
	ck_assert_uint_eq(mm->zones[0].reserved_highatomic, 16);
	mm_reserve_highatomic(mm, 0, at(4)); /* the block is one already */
	ck_assert_uint_eq(mm->zones[0].reserved_highatomic, 16);
	mm_reserve_highatomic(mm, 0, at(16));
	ck_assert_uint_eq(mm->zones[0].reserved_highatomic, 32);
	mm_reserve_highatomic(mm, 0, at(32));
	ck_assert_uint_eq(mm->zones[0].reserved_highatomic, 32);
	expect_blocks(mm, "HHM");
	mm_free(mm);
}
END_TEST

/* At the edge of a zone the pages cannot be moved, but 6.1 counts the block as reserved. CMA blocks
 * are not taken. */
START_TEST(reserve_highatomic_at_the_edges)
{
	struct mm *mm = kit_draw("x===xxxxxxxxxxxx|x===m---########", "CM");

	mm->zones[0].managed = 1600;
	mm_reserve_highatomic(mm, 0, at(0));
	ck_assert_uint_eq(mm->zones[0].reserved_highatomic, 0);
	mm_reserve_highatomic(mm, 0, at(16));
	ck_assert_uint_eq(mm->zones[0].reserved_highatomic, 16);
	expect_memory(mm, "x===xxxxxxxxxxxx|x===m---########");
	expect_blocks(mm, "CH");
	mm_free(mm);
}
END_TEST

/*
 * before  h---xxxxxxxxxxxx | hxxxxxxxh---xxxx      two reserved blocks
 * after   h---xxxxxxxxxxxx | rxxxxxxxr---xxxx      unreserved for a reclaimable request
 * Expect the lowest order first (16 of order 0), its whole block, and only one; the last block
 * stays unless forced.
 */
START_TEST(unreserve_highatomic)
{
	struct mm *mm = kit_draw("h---xxxxxxxxxxxx|hxxxxxxxh---xxxx", "HH");
	struct mm_request rq = {.order = 2, .type = MM_RECLAIMABLE, .gfp = MM_GFP_RECLAIMABLE};

	mm->zones[0].reserved_highatomic = 32;
	ck_assert(mm_unreserve_highatomic(mm, &rq, false));
	expect_memory(mm, "h---xxxxxxxxxxxx|rxxxxxxxr---xxxx");
	expect_blocks(mm, "HR");
	ck_assert_uint_eq(mm->zones[0].reserved_highatomic, 16);
	ck_assert(!mm_unreserve_highatomic(mm, &rq, false));
	expect_blocks(mm, "HR");
	ck_assert(mm_unreserve_highatomic(mm, &rq, true));
	expect_memory(mm, "r---xxxxxxxxxxxx|rxxxxxxxr---xxxx");
	expect_blocks(mm, "RR");
	ck_assert_uint_eq(mm->zones[0].reserved_highatomic, 0);
	ck_assert(!mm_unreserve_highatomic(mm, &rq, true));
	mm_free(mm);
}
END_TEST

/*
 * A highatomic list may hold pages of blocks that are not reserved any more (per-cpu pages drained
 * late): expect the block to be taken back without counting the reserve down, and the count never
 * to go below zero.
 */
START_TEST(unreserve_counts_only_reserved_blocks)
{
	struct mm *mm = kit_draw("h---xxxxxxxxxxxx|h-------xxxxxxxx", "MH");
	struct mm_request rq = {.order = 2, .type = MM_UNMOVABLE};

	mm->zones[0].reserved_highatomic = 10;
	ck_assert(mm_unreserve_highatomic(mm, &rq, true));
	expect_memory(mm, "u---xxxxxxxxxxxx|h-------xxxxxxxx");
	ck_assert_uint_eq(mm->zones[0].reserved_highatomic, 10);
	ck_assert(mm_unreserve_highatomic(mm, &rq, true));
	ck_assert_uint_eq(mm->zones[0].reserved_highatomic, 0);
	mm_free(mm);
}
END_TEST

/*
 * The block at the zone's end cannot be moved: its type changes and the count goes down, but the
 * search goes on with the next order. Expect order 3 to be the one that succeeds.
 */
START_TEST(unreserve_goes_on_where_nothing_moved)
{
	struct mm *mm = kit_draw("h-------xxxxxxxx|hxxxxxxx########", "HH");
	struct mm_request rq = {.order = 2, .type = MM_UNMOVABLE};

	mm->zones[0].reserved_highatomic = 32;
	ck_assert(mm_unreserve_highatomic(mm, &rq, false));
	expect_memory(mm, "u-------xxxxxxxx|hxxxxxxx########");
	expect_blocks(mm, "UU");
	ck_assert_uint_eq(mm->zones[0].reserved_highatomic, 0);
	mm_free(mm);
}
END_TEST

static Suite *fallback_suite(void)
{
	Suite *s = suite_create("mm_fallback");
	TCase *tc = kit_case(s, "search");

	tcase_add_loop_test(tc, search, 0, (int)ARRAY_SIZE(searches));
	tcase_add_test(tc, search_without_grouping);
	tc = kit_case(s, "steal");
	tcase_add_loop_test(tc, steal_cases, 0, (int)ARRAY_SIZE(steals));
	tcase_add_test(tc, steal_without_grouping);
	tcase_add_test(tc, stolen_pages_go_to_the_tail);
	tcase_add_test(tc, retry_may_find_another_piece);
	tc = kit_case(s, "boost");
	tcase_add_test(tc, boost_grows_to_the_cap);
	tcase_add_loop_test(tc, boost_conditions, 0, (int)ARRAY_SIZE(boosts));
	tcase_add_test(tc, boost_by_kind_of_steal);
	tc = kit_case(s, "highatomic");
	tcase_add_test(tc, reserve_highatomic);
	tcase_add_test(tc, reserve_highatomic_at_the_edges);
	tcase_add_test(tc, unreserve_highatomic);
	tcase_add_test(tc, unreserve_counts_only_reserved_blocks);
	tcase_add_test(tc, unreserve_goes_on_where_nothing_moved);
	return s;
}

int main(void)
{
	return kit_main(fallback_suite());
}
