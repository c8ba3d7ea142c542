// SPDX-License-Identifier: GPL-2.0-only
/* The migration scanner: what it takes, where it goes. Expected values are worked out by hand from
 * the functions named. */
#include "draw.h"

static void teardown(void)
{
	draw_block_order = 4;
}

/* By hand: SYNC, no goal, no hints. */
static struct mm_compact_control by_hand(void)
{
	return (struct mm_compact_control){
		.order = -1,
		.mode = MM_MIGRATE_SYNC,
		.gfp = MM_GFP_IO | MM_GFP_FS,
		.whole_zone = true,
		.ignore_skip_hint = true,
	};
}

static struct mm_compact_control kcompactd(int32_t order)
{
	return (struct mm_compact_control){
		.order = order,
		.search_order = (int16_t)order,
		.mode = MM_MIGRATE_SYNC_LIGHT,
		.gfp = MM_GFP_IO | MM_GFP_FS,
	};
}

static struct mm_compact_control direct_async(int32_t order)
{
	struct mm_compact_control cc = kcompactd(order);

	cc.mode = MM_MIGRATE_ASYNC;
	cc.gfp |= MM_GFP_MOVABLE;
	cc.direct = true;
	return cc;
}

static struct mm_compact_event next_source(struct mm *mm, struct mm_compact_control *cc)
{
	struct mm_compact_event ev;

	do
		mm_compact_step(mm, cc, &ev);
	while (ev.at != MM_AT_SOURCE && ev.at != MM_AT_END);
	ck_assert_int_eq(ev.at, MM_AT_SOURCE);
	return ev;
}

/* Starts a run and goes on until the first block has been scanned for sources. */
static struct mm_compact_event first_source(struct mm *mm, struct mm_compact_control *cc)
{
	mm_compact_begin_suitable(mm, cc);
	return next_source(mm, cc);
}

#define assert_scan(ev, s, e, n, t)                                                                \
	do {                                                                                       \
		ck_assert_uint_eq((ev).start, s);                                                  \
		ck_assert_uint_eq((ev).end, e);                                                    \
		ck_assert_uint_eq((ev).scanned, n);                                                \
		ck_assert_uint_eq((ev).taken, t);                                                  \
	} while (0)

/* The pages that the first scan takes, in list order, with the second block full so that they stay
 * isolated. */
static const char *taken_by(struct mm *mm, struct mm_compact_control *cc)
{
	first_source(mm, cc);
	return draw_list(mm, mm_private_list(mm, 1));
}

/*
 * isolate_migratepages_block: refused are kernel and compound pages, anonymous pages held or
 * unmapped. 12 looks: ten single pages, the compound page and the free buddy as one each. The pages
 * are listed downwards (list_add).
 */
START_TEST(takes_what_can_move)
{
	struct mm *mm = draw_machine("Afwxnsyud#c-.... .#.#.#.#.#.#.#.# .#.#.#.#.#.#.#.#");
	struct mm_compact_control cc = by_hand();
	struct mm_compact_event ev = first_source(mm, &cc);

	assert_scan(ev, 0, 16, 12, 7);
	ck_assert_str_eq(draw_list(mm, mm_private_list(mm, 1)), "8 7 5 3 2 1 0");
	ck_assert_uint_eq(mm->nodes[0].nr_isolated, 6); /* the balloon's page is not counted */
	mm_free(mm);
}
END_TEST

START_TEST(takes_less_when_it_may_not_wait)
{
	struct mm *mm = draw_machine("Afwxnsyud#c-.... .#.#.#.#.#.#.#.# .#.#.#.#.#.#.#.#");
	struct mm_compact_control cc = by_hand();

	cc.mode = MM_MIGRATE_SYNC_LIGHT; /* ISOLATE_ASYNC_MIGRATE: nothing under writeback */
	ck_assert_str_eq(taken_by(mm, &cc), "8 7 5 3 1 0");
	mm_free(mm);
}
END_TEST

START_TEST(takes_unevictable_pages_only_if_allowed)
{
	struct mm *mm = draw_machine("Afwxnsyud#c-.... .#.#.#.#.#.#.#.# .#.#.#.#.#.#.#.#");
	struct mm_compact_control cc = by_hand();

	mm->compact_unevictable_allowed = 0;
	ck_assert_str_eq(taken_by(mm, &cc), "8 5 3 2 1 0");
	mm_free(mm);
}
END_TEST

START_TEST(takes_no_page_with_a_mapping_in_nofs_context)
{
	struct mm *mm = draw_machine("Afwxnsyud#c-.... .#.#.#.#.#.#.#.# .#.#.#.#.#.#.#.#");
	struct mm_compact_control cc = by_hand();

	cc.gfp = MM_GFP_IO;
	ck_assert_str_eq(taken_by(mm, &cc), "8 0");
	mm_free(mm);
}
END_TEST

/*
 * COMPACT_CLUSTER_MAX: the first visit ends behind the 32nd page. The second finds itself in the
 * block where pages were moved last ("rescan") and takes all the rest. Blocks of 64 frames.
 */
START_TEST(a_block_is_done_in_two_visits)
{
	struct mm_compact_control cc = by_hand();
	struct mm_compact_event ev;
	struct mm *mm;

	draw_block_order = 6;
	mm = draw_machine("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff "
			  "................................................................ "
			  "#...............................................................");
	ev = first_source(mm, &cc);
	assert_scan(ev, 0, 32, 32, 32);
	ck_assert(!cc.rescan);
	ev = next_source(mm, &cc);
	ck_assert(cc.rescan);
	assert_scan(ev, 32, 64, 32, 32);
	/* update_cached_migrate with the block's end: one block further. */
	ck_assert_uint_eq(mm->zones[0].compact_cached_migrate[0], 128);
	ck_assert_uint_eq(mm->zones[0].compact_cached_migrate[1], 128);
	mm_free(mm);
}
END_TEST

/*
 * compact_zone: "no page moved yet" is pfn 0, and so the block of pfn 0 counts as visited before.
 * In a zone that starts at pfn 1 the 32 limit is off from the first visit on.
 */
START_TEST(the_block_of_pfn_0_is_taken_whole)
{
	struct mm_compact_control cc = by_hand();
	struct mm_compact_event ev;
	struct mm *mm;

	draw_block_order = 6;
	mm = draw_machine_at(1, "_fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff "
				"................................................................ "
				"#...............................................................");
	ev = first_source(mm, &cc);
	assert_scan(ev, 1, 64, 63, 63);
	mm_free(mm);
}
END_TEST

/* That block has been visited twice as far as the kernel knows, but with pages taken its mark is
 * left alone. */
START_TEST(a_second_visit_that_takes_pages_does_not_mark)
{
	struct mm *mm = draw_machine_at(0, "A############### ################ .#.#############");
	struct mm_compact_control cc = by_hand();
	struct mm_compact_event ev = first_source(mm, &cc);

	assert_scan(ev, 0, 16, 16, 1);
	ck_assert(cc.rescan);
	ck_assert(!mm_block_skip(mm, draw_at(0)));
	ck_assert_uint_eq(mm->zones[0].compact_cached_migrate[1], 32);
	mm_free(mm);
}
END_TEST

/* test_and_set_skip: the first page taken marks the block when it is the block's first frame, and
 * only then. */
START_TEST(the_first_page_taken_marks_the_block)
{
	struct mm *mm =
		draw_machine("A.#.....######## #B......######## .#.#.#.#.#.#.#.# .#.#.#.#.#.#.#.#");
	struct mm_compact_control cc = kcompactd(3);
	struct mm_compact_event ev = first_source(mm, &cc);

	assert_scan(ev, 0, 16, 13, 1); /* buddies at 1, 3 and 4..7; A and 9 kernel pages */
	ck_assert(mm_block_skip(mm, draw_at(0)));
	ev = next_source(mm, &cc);
	assert_scan(ev, 16, 32, 12, 1);
	ck_assert(!mm_block_skip(mm, draw_at(16)));
	mm_free(mm);
}
END_TEST

/* Nothing isolated: the block is marked and both restart positions move, one block too far. */
START_TEST(a_block_without_sources_is_marked)
{
	struct mm *mm =
		draw_machine("#n#.....######## A.......######## .#.#.#.#.#.#.#.# .#.#.#.#.#.#.#.#");
	struct mm_compact_control cc = kcompactd(3);
	struct mm_compact_event ev = first_source(mm, &cc);

	assert_scan(ev, 0, 16, 13, 0); /* 3 pages, buddies at 3 and 4..7, 8 kernel pages */
	ck_assert(mm_block_skip(mm, draw_at(0)));
	ck_assert_uint_eq(mm->zones[0].compact_cached_migrate[0], 32);
	ck_assert_uint_eq(mm->zones[0].compact_cached_migrate[1], 32);
	mm_free(mm);
}
END_TEST

/* isolate_migratepages: a marked block is passed over, without a word; a huge page's block
 * likewise, with a note. */
START_TEST(blocks_that_are_passed_over)
{
	struct mm *mm =
		draw_machine("A.......######## c--------------- B.......######## .#.#.#.#.#.#.#.#");
	struct mm_compact_control cc = kcompactd(3);
	struct mm_compact_event ev;

	mm_set_block_skip(mm, draw_at(0), true);
	ev = first_source(mm, &cc);
	assert_scan(ev, 32, 48, 12, 1);
	ck_assert_uint_eq(mm->zones[0].compact_cached_migrate[1], 48);
	mm_free(mm);
}
END_TEST

/* suitable_migration_source: a direct async run keeps to blocks of the type asked for. */
START_TEST(async_keeps_to_its_own_type)
{
	struct mm *mm =
		draw_machine("A..############# B..############# C...############ .#.#.#.#.#.#.#.#");
	struct mm_compact_control cc = direct_async(2);
	struct mm_compact_event ev;

	draw_types(mm, "urcm");
	ev = first_source(mm, &cc);
	assert_scan(ev, 32, 36, 3,
		    1); /* CMA is movable enough; C, 33 and 34..35: buddies of one page each */
	ck_assert_uint_eq(mm->zones[0].compact_cached_migrate[0], 48);
	ck_assert_uint_eq(mm->zones[0].compact_cached_migrate[1], 0);
	mm_free(mm);
}
END_TEST

/*
 * Direct async, order 2: the kernel page in the first four frames makes them useless, so A and B go
 * back (to the LRU's head, B first); the next four come whole, and that is enough for one batch.
 */
START_TEST(async_wants_whole_ranges)
{
	struct mm *mm = draw_machine("AB#.CDEFG..##### .#.#.#.#.#.#.#.# .#.#.#.#.#.#.#.#");
	struct mm_compact_control cc = direct_async(2);
	struct mm_compact_event ev = first_source(mm, &cc);

	assert_scan(ev, 0, 8, 7, 4);
	ck_assert_str_eq(draw_list(mm, mm_private_list(mm, 1)), "7 6 5 4");
	ck_assert_str_eq(draw_list(mm, mm_lru_list(mm, 0, MM_LRU_INACTIVE_ANON)), "0 1 8");
	mm_free(mm);
}
END_TEST

/* Refused at the last frame of a range, nothing is lost; refused at its first, the whole range is
 * passed over. */
START_TEST(async_passes_over_ranges)
{
	struct mm *mm = draw_machine("#ABC###DEFGHI... .#.#.#.#.#.#.#.# .#.#.#.#.#.#.#.#");
	struct mm_compact_control cc = direct_async(2);
	struct mm_compact_event ev = first_source(mm, &cc);

	assert_scan(ev, 0, 12, 6, 4); /* frames 0, 4, then 8 to 11 */
	ck_assert_str_eq(draw_list(mm, mm_private_list(mm, 1)), "11 10 9 8");
	mm_free(mm);
}
END_TEST

/* too_many_isolated: more than half as many as are left on the lists. */
/*
 * compact_unlock_should_abort: the scanner may be stopped in the middle of a block. What it has
 * passed is taken, although it changes; what is ahead counts as it is when the scan goes on.
 */
START_TEST(a_scan_goes_on_where_it_was_stopped)
{
	struct mm *mm = draw_machine("ff..ff..ff..ff.. .#.#.#.#.#.#.#.# .#.#.#.#.#.#.#.#");
	struct mm_compact_control cc = by_hand();
	struct mm_compact_event ev;

	mm_compact_begin_suitable(mm, &cc);
	mm_compact_step(mm, &cc, &ev);
	ck_assert_int_eq(cc.at, MM_AT_SOURCE);
	mm_compact_scan_until(mm, &cc, 8);
	ck_assert_str_eq(draw_list(mm, mm_private_list(mm, 1)), "5 4 1 0");
	for (uint32_t n = 0; n < 16; n++)
		mm_frame(mm, (struct frame){n})->flags &= ~MM_F_LRU;
	mm_frame(mm, (struct frame){13})->flags |= MM_F_LRU;
	mm_compact_step(mm, &cc, &ev);
	/* As one walk: eight pages looked at one by one, four free buddies of two pages. */
	assert_scan(ev, 0, 16, 12, 5);
	ck_assert_str_eq(draw_list(mm, mm_private_list(mm, 1)), "13 5 4 1 0");
	mm_free(mm);
}
END_TEST

START_TEST(a_scan_that_was_elsewhere_leaves_nothing)
{
	struct mm *mm = draw_machine("ff..ff..ff..ff.. .#.#.#.#.#.#.#.# .#.#.#.#.#.#.#.#");
	struct mm_compact_control cc = by_hand();
	struct mm_compact_event ev;

	mm_compact_begin_suitable(mm, &cc);
	mm_compact_step(mm, &cc, &ev);
	mm_compact_scan_until(mm, &cc, 8);
	mm_compact_scan_undo(mm, &cc);
	ck_assert_uint_eq(mm_list_count(mm, mm_private_list(mm, 1)), 0);
	ck_assert_uint_eq(cc.nr_migrate, 0);
	mm_compact_step(mm, &cc, &ev);
	assert_scan(ev, 0, 16, 12, 8);
	mm_free(mm);
}
END_TEST

START_TEST(too_many_isolated_pages_end_the_run)
{
	struct mm *mm = draw_machine("AB.............# .#.#.#.#.#.#.#.# .#.#.#.#.#.#.#.#");
	struct mm_compact_control cc = direct_async(4);
	struct mm_compact_event ev;

	mm->nodes[0].nr_isolated = 2;
	mm_compact_begin_suitable(mm, &cc);
	while (cc.at != MM_AT_DONE)
		mm_compact_step(mm, &cc, &ev);
	ck_assert_int_eq(cc.result, MM_COMPACT_CONTENDED);
	ck_assert_uint_eq(cc.total_migrate_scanned, 0);
	mm_free(mm);
}
END_TEST

/* ---- fast_find_migrateblock ---- */

/* 16 blocks; the four blocks of order-3 buddies are the lists' only entries. */
static struct mm *sixteen_blocks(void)
{
	return draw_machine("################ ################ ########........ ################ "
			    "################ ################ ################ ################ "
			    "################ ################ ########........ ################ "
			    "........######## ########........ ################ ################");
}

#define FAST_LIST(mm) mm_buddy_list(mm, 0, 3, MM_MOVABLE)

/*
 * T10: migrate 0, free 240: distance 120, blocks below frame 112 qualify. List 168 40 192 216: 168
 * does not, 40 does. What was seen goes behind the rest. The found block's own mark then keeps the
 * scanner out of it (isolate_migratepages_block checks the mark that fast_find_migrateblock has
 * just set), and the cached position lands two blocks on.
 */
START_TEST(fast_search_finds_a_block)
{
	struct mm *mm = sixteen_blocks();
	struct mm_compact_control cc = kcompactd(5);
	struct mm_compact_event ev;

	draw_reorder(mm, FAST_LIST(mm), "168 40 192 216");
	ev = first_source(mm, &cc);
	ck_assert_str_eq(draw_list(mm, FAST_LIST(mm)), "192 216 168 40");
	assert_scan(ev, 32, 48, 1, 0);
	ck_assert(mm_block_skip(mm, draw_at(40)));
	ck_assert_uint_eq(mm->zones[0].compact_cached_migrate[1], 64);
	ck_assert_uint_eq(cc.total_migrate_scanned, 2 + 1);
	ck_assert_uint_eq(cc.migrate, 48);
	mm_free(mm);
}
END_TEST

/*
 * Away from the zone's start only an eighth of the distance counts: from 16 on (240 - 16) / 8 = 28
 * frames, so blocks below frame 32; 40 is too far.
 */
START_TEST(fast_search_keeps_near)
{
	struct mm *mm = sixteen_blocks();
	struct mm_compact_control cc = kcompactd(5);
	struct mm_compact_event ev;

	mm->zones[0].compact_cached_migrate[1] = 16;
	draw_reorder(mm, FAST_LIST(mm), "40 168 192 216");
	ev = first_source(mm, &cc);
	assert_scan(ev, 16, 32, 16, 0);
	ck_assert_uint_eq(cc.fast_search_fail, 1);
	mm_free(mm);
}
END_TEST

/* Small orders scan on without a search, which therefore cannot fail. */
START_TEST(small_orders_do_not_search)
{
	struct mm *mm = draw_machine("A.#############. ################ .#.#############");
	struct mm_compact_control cc = kcompactd(3);
	struct mm_compact_event ev;

	mm_compact_begin_suitable(mm, &cc);
	mm_compact_step(mm, &cc, &ev);
	ck_assert_int_eq(cc.at, MM_AT_SOURCE);
	ck_assert_uint_eq(cc.fast_search_fail, 0);
	mm_free(mm);
}
END_TEST

/* A marked block is left where it is on the list; the walk goes on behind it. */
START_TEST(fast_search_passes_over_marked_blocks)
{
	struct mm *mm = sixteen_blocks();
	struct mm_compact_control cc = kcompactd(5);
	struct mm_compact_event ev;

	mm_set_block_skip(mm, draw_at(32), true);
	draw_reorder(mm, FAST_LIST(mm), "168 40 192 216");
	ev = first_source(mm, &cc);
	ck_assert_str_eq(draw_list(mm, FAST_LIST(mm)), "168 40 192 216");
	assert_scan(ev, 0, 16, 16, 0);
	ck_assert_uint_eq(cc.fast_search_fail, 1);
	mm_free(mm);
}
END_TEST

/* freelist_scan_limit after six failures is 1: the second entry is already too many, and the list
 * is turned there. */
START_TEST(fast_search_turns_the_list_at_its_limit)
{
	struct mm *mm = sixteen_blocks();
	struct mm_compact_control cc = kcompactd(5);
	struct mm_compact_event ev;

	cc.fast_search_fail = 6;
	draw_reorder(mm, FAST_LIST(mm), "168 40 192 216");
	mm_compact_begin_suitable(mm, &cc);
	mm_compact_step(mm, &cc, &ev);
	ck_assert_str_eq(draw_list(mm, FAST_LIST(mm)), "192 216 168 40");
	ck_assert_uint_eq(cc.fast_search_fail, 7);
	ck_assert_uint_eq(cc.total_migrate_scanned, 2);
	ck_assert_int_eq(cc.at, MM_AT_SOURCE);
	ck_assert_uint_eq(cc.source, 0);
	mm_free(mm);
}
END_TEST

/* Not used for small orders, in the middle of a block, for unmovable direct requests, or when hints
 * are ignored. */
START_TEST(when_there_is_no_fast_search)
{
	static const char unchanged[] = "168 40 192 216";
	struct mm_compact_control cases[] = {kcompactd(3), kcompactd(5), kcompactd(5),
					     kcompactd(5)};

	cases[1].ignore_skip_hint = true;
	cases[2].direct = true; /* GFP_KERNEL: unmovable */
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mm *mm = sixteen_blocks();
		struct mm_compact_event ev;

		if (i == 3)
			mm->zones[0].compact_cached_migrate[1] = 5;
		draw_reorder(mm, FAST_LIST(mm), unchanged);
		mm_compact_begin_suitable(mm, &cases[i]);
		mm_compact_step(mm, &cases[i], &ev);
		ck_assert_str_eq(draw_list(mm, FAST_LIST(mm)), unchanged);
		ck_assert_uint_eq(cases[i].fast_search_fail, 0);
		mm_free(mm);
	}
}
END_TEST

/* reinit_migrate_pfn: the first failure goes back to the lowest page that a search found, once. */
START_TEST(linear_scan_starts_where_the_search_found_pages)
{
	struct mm *mm = sixteen_blocks();
	struct mm_compact_control cc = kcompactd(5);
	struct mm_compact_event ev;

	draw_reorder(mm, FAST_LIST(mm), "40 168 192 216");
	ev = first_source(mm, &cc);
	assert_scan(ev, 32, 48, 1, 0);
	/* After that only marked or far blocks are left: linear from frame 40 of block 32, which is
	 * not block-aligned. */
	ev = next_source(mm, &cc);
	assert_scan(ev, 40, 48, 1, 0);
	ev = next_source(mm, &cc);
	assert_scan(ev, 48, 64, 16, 0);
	mm_free(mm);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("compaction: sources");
	TCase *scan = tcase_create("scan"), *fast = tcase_create("fast");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(scan, NULL, teardown);
	tcase_add_test(scan, takes_what_can_move);
	tcase_add_test(scan, takes_less_when_it_may_not_wait);
	tcase_add_test(scan, takes_unevictable_pages_only_if_allowed);
	tcase_add_test(scan, takes_no_page_with_a_mapping_in_nofs_context);
	tcase_add_test(scan, a_block_is_done_in_two_visits);
	tcase_add_test(scan, the_block_of_pfn_0_is_taken_whole);
	tcase_add_test(scan, a_second_visit_that_takes_pages_does_not_mark);
	tcase_add_test(scan, the_first_page_taken_marks_the_block);
	tcase_add_test(scan, a_block_without_sources_is_marked);
	tcase_add_test(scan, blocks_that_are_passed_over);
	tcase_add_test(scan, async_keeps_to_its_own_type);
	tcase_add_test(scan, async_wants_whole_ranges);
	tcase_add_test(scan, async_passes_over_ranges);
	tcase_add_test(scan, a_scan_goes_on_where_it_was_stopped);
	tcase_add_test(scan, a_scan_that_was_elsewhere_leaves_nothing);
	tcase_add_test(scan, too_many_isolated_pages_end_the_run);
	suite_add_tcase(s, scan);
	tcase_add_test(fast, fast_search_finds_a_block);
	tcase_add_test(fast, fast_search_passes_over_marked_blocks);
	tcase_add_test(fast, fast_search_turns_the_list_at_its_limit);
	tcase_add_test(fast, when_there_is_no_fast_search);
	tcase_add_test(fast, fast_search_keeps_near);
	tcase_add_test(fast, small_orders_do_not_search);
	tcase_add_test(fast, linear_scan_starts_where_the_search_found_pages);
	suite_add_tcase(s, fast);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
