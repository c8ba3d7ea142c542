// SPDX-License-Identifier: GPL-2.0-only
/*
 * The free scanner: what it takes to move pages to, in which order they are handed out. Expected
 * values are worked out by hand from the functions named.
 */
#include "draw.h"

static void teardown(void)
{
	draw_block_order = 4;
}

static struct mm_compact_control control(int32_t order, uint8_t mode)
{
	return (struct mm_compact_control){
		.order = order,
		.search_order = (int16_t)order,
		.mode = mode,
		.gfp = MM_GFP_IO | MM_GFP_FS,
	};
}

static struct mm_compact_control by_hand(void)
{
	struct mm_compact_control cc = control(-1, MM_MIGRATE_SYNC);

	cc.whole_zone = cc.ignore_skip_hint = true;
	return cc;
}

static void run_to(struct mm *mm, struct mm_compact_control *cc, enum mm_compact_at at)
{
	struct mm_compact_event ev;

	while (cc->at != at && cc->at != MM_AT_DONE)
		mm_compact_step(mm, cc, &ev);
	ck_assert_int_eq(cc->at, at);
}

static struct mm_compact_event step_at(struct mm *mm, struct mm_compact_control *cc,
				       enum mm_compact_at at)
{
	struct mm_compact_event ev;

	run_to(mm, cc, at);
	mm_compact_step(mm, cc, &ev);
	return ev;
}

#define TARGETS(mm) mm_private_list(mm, 0)

#define assert_scan(ev, s, e, n, t)                                                                \
	do {                                                                                       \
		ck_assert_uint_eq((ev).start, s);                                                  \
		ck_assert_uint_eq((ev).end, e);                                                    \
		ck_assert_uint_eq((ev).scanned, n);                                                \
		ck_assert_uint_eq((ev).taken, t);                                                  \
	} while (0)

/* ---- one block after the other ---- */

/*
 * isolate_freepages_block walks upwards and takes whole buddies until there are enough: 48..49, 51,
 * 53 are four pages. split_map_pages turns that round: the last page of the last buddy comes first.
 */
START_TEST(targets_come_out_backwards)
{
	struct mm *mm =
		draw_machine("ABCD############ ################ ################ ..#.#.#.########");
	struct mm_compact_control cc = by_hand();
	struct mm_compact_event ev;

	mm_compact_begin_suitable(mm, &cc);
	ev = step_at(mm, &cc, MM_AT_TARGET);
	assert_scan(ev, 48, 54, 6, 4);
	ck_assert_str_eq(draw_list(mm, TARGETS(mm)), "53 51 49 48");
	ck_assert_uint_eq(cc.free, 54); /* goes on here */
	run_to(mm, &cc, MM_AT_BATCH);
	/* sources are handed out downwards: D first, to 53; the old frames wait on the cpu's list
	 */
	draw_assert(mm, "oooo############ ################ ################ AB#C#D#.########");
	mm_free(mm);
}
END_TEST

/* compact_unlock_should_abort: what is behind the place where the walk was stopped is taken. */
START_TEST(a_walk_goes_on_where_it_was_stopped)
{
	struct mm *mm =
		draw_machine("ABCD############ ################ ################ ..#.#.#.########");
	struct mm_compact_control cc = by_hand();
	struct mm_compact_event ev;

	mm_compact_begin_suitable(mm, &cc);
	run_to(mm, &cc, MM_AT_TARGET);
	mm_compact_walk_until(mm, &cc, 51);
	ck_assert(!mm_on_buddy_list(mm, (struct frame){48}));
	ck_assert(mm_on_buddy_list(mm, (struct frame){51}));
	ev = step_at(mm, &cc, MM_AT_TARGET);
	assert_scan(ev, 48, 54, 6, 4);
	ck_assert_str_eq(draw_list(mm, TARGETS(mm)), "53 51 49 48");
	mm_free(mm);
}
END_TEST

/*
 * The whole run by hand. Not into the free block (it is as good as it can be). The buddy 48..51
 * gives two pages too many: they are freed at the end, and the cached position is where the
 * scanners met anew.
 */
START_TEST(a_whole_run)
{
	struct mm *mm =
		draw_machine("A.B............. ################ ................ ....#...........");
	struct mm_compact_control cc = by_hand();

	ck_assert_int_eq(mm_compact_zone(mm, &cc), MM_COMPACT_COMPLETE);
	draw_assert(mm, "o.o............. ################ ................ ooAB#...........");
	ck_assert_uint_eq(cc.total_migrate_scanned, 6 + 16 + 1);
	ck_assert_uint_eq(cc.total_free_scanned, 4);
	ck_assert_uint_eq(cc.total_moved, 2);
	ck_assert_uint_eq(mm->zones[0].compact_cached_free, 48);
	ck_assert_uint_eq(mm->zones[0].compact_cached_migrate[0], 0);
	mm_free(mm);
}
END_TEST

/* Enough at the block's very end: the scanner restarts one block further down, and the block is
 * marked. */
START_TEST(a_block_used_up)
{
	struct mm *mm =
		draw_machine("AB############## ################ ######.######### ##############..");
	struct mm_compact_control cc = control(2, MM_MIGRATE_SYNC);
	struct mm_compact_event ev;

	cc.order = -1;
	mm_compact_begin_suitable(mm, &cc);
	ev = step_at(mm, &cc, MM_AT_TARGET);
	assert_scan(ev, 48, 64, 16, 2);
	ck_assert_uint_eq(cc.free, 32);
	ck_assert(mm_block_skip(mm, draw_at(48)));
	ck_assert_uint_eq(mm->zones[0].compact_cached_free, 48);
	mm_free(mm);
}
END_TEST

/* suitable_migration_target, isolation_suitable: unmovable, marked and wholly free blocks are
 * passed over. */
START_TEST(blocks_that_are_no_targets)
{
	struct mm *mm =
		draw_machine("AB############## ..############## ..############## ................ "
			     "..############## ..##############");
	struct mm_compact_control cc = control(-1, MM_MIGRATE_SYNC);
	struct mm_compact_event ev;

	draw_types(mm, "mmmmmu");
	mm_set_block_skip(mm, draw_at(64), true);
	mm_compact_begin_suitable(mm, &cc);
	ev = step_at(mm, &cc, MM_AT_TARGET);
	assert_scan(ev, 32, 34, 2, 2);
	mm_free(mm);
}
END_TEST

/* ignore_block_suitable admits any type; but never a block that is one free page. */
START_TEST(full_priority_takes_any_block)
{
	struct mm *mm =
		draw_machine("AB############## ..############## ..############## ................");
	struct mm_compact_control cc = by_hand();
	struct mm_compact_event ev;

	cc.ignore_block_suitable = true;
	draw_types(mm, "muu");
	mm_set_block_skip(mm, draw_at(32), true);
	mm_compact_begin_suitable(mm, &cc);
	ev = step_at(mm, &cc, MM_AT_TARGET);
	assert_scan(ev, 32, 34, 2, 2);
	mm_free(mm);
}
END_TEST

/* Not enough in one block: on with the next one below. CMA blocks are fine. A compound page costs
 * one look. */
START_TEST(several_blocks_for_one_batch)
{
	struct mm *mm =
		draw_machine("ABC############# .############### .####.########## #c---####.######");
	struct mm_compact_control cc = by_hand();
	struct mm_compact_event ev;

	draw_types(mm, "mmcm");
	mm_compact_begin_suitable(mm, &cc);
	ev = step_at(mm, &cc, MM_AT_TARGET);
	assert_scan(ev, 48, 64, 13, 1);
	ck_assert_int_eq(cc.at, MM_AT_TARGET);
	mm_compact_step(mm, &cc, &ev);
	assert_scan(ev, 32, 38, 6, 2);
	ck_assert_str_eq(draw_list(mm, TARGETS(mm)), "37 32 57");
	mm_free(mm);
}
END_TEST

/* Neither the block that pages are taken from is a target nor the one where the scanner stands
 * then: nothing moves, and the scanners have met. */
START_TEST(not_into_its_own_block)
{
	struct mm *mm = draw_machine("A.#.#.########## .#.#.########### ################");
	struct mm_compact_control cc = by_hand();

	ck_assert_int_eq(mm_compact_zone(mm, &cc), MM_COMPACT_COMPLETE);
	draw_assert(mm, "A.#.#.########## .#.#.########### ################");
	mm_free(mm);
}
END_TEST

/*
 * An async run looks at every 32nd frame (blocks of 64). Nothing at 256 or 288: the whole block is
 * marked as seen. In the next block frame 224 is hit, and with that every frame is looked at from
 * the next block on.
 */
START_TEST(async_strides)
{
	struct mm_compact_control cc = control(-1, MM_MIGRATE_ASYNC);
	struct mm_compact_event ev;
	struct mm *mm;

	draw_block_order = 6;
	mm = draw_machine("ff############################################################## "
			  ".#.############################################################# "
			  "###.#.#.######################################################## "
			  "#.#.#.##########################.#.############################# "
			  "#.#.#.#.#.#.#.#.#.#.#.#.#.#.#.#.#.#.#.#.#.#.#.#.#.#.#.#.#.#.#.#.");
	mm_compact_begin_suitable(mm, &cc);
	ev = step_at(mm, &cc, MM_AT_TARGET);
	assert_scan(ev, 256, 320, 2, 0);
	ck_assert(mm_block_skip(mm, draw_at(256)));
	mm_compact_step(mm, &cc, &ev);
	assert_scan(ev, 192, 256, 2, 1);
	ck_assert_uint_eq(mm->zones[0].compact_cached_free, 192);
	mm_compact_step(mm, &cc, &ev);
	assert_scan(ev, 128, 132, 4, 1);
	ck_assert_str_eq(draw_list(mm, TARGETS(mm)), "131 224");
	mm_free(mm);
}
END_TEST

/*
 * __isolate_free_page: free pages 7, mark = min + 1: with min 5 one page may go (7 > 6), then 6 > 6
 * is false. The scan stops there; with the batch short of targets and the scanners apart the run
 * counts as contended.
 */
START_TEST(a_watermark_ends_the_run)
{
	struct mm *mm =
		draw_machine("AB############## ################ ################ .#.#.#.#.#.#.###");
	struct mm_compact_control cc = by_hand();
	struct mm_compact_event ev;

	mm->zones[0].wmark[MM_WMARK_MIN] = 5;
	ck_assert_int_eq(mm->zones[0].free, 7);
	mm_compact_begin_suitable(mm, &cc);
	ev = step_at(mm, &cc, MM_AT_TARGET);
	assert_scan(ev, 48, 50, 3, 1);
	ev = step_at(mm, &cc, MM_AT_PAGE);
	ck_assert_uint_eq(ev.from.n, 1);
	ck_assert_uint_eq(ev.to.n, 48);
	ev = step_at(mm, &cc, MM_AT_TARGET); /* for A: the same place again, refused at once */
	assert_scan(ev, 50, 50, 1, 0);
	ev = step_at(mm, &cc, MM_AT_BATCH);
	ck_assert_uint_eq(ev.scanned, 1);
	ck_assert_uint_eq(ev.taken, 1);
	run_to(mm, &cc, MM_AT_DONE);
	ck_assert_int_eq(cc.result, MM_COMPACT_CONTENDED);
	draw_assert(mm, "Ao############## ################ ################ B#.#.#.#.#.#.###");
	mm_free(mm);
}
END_TEST

/* ---- fast_isolate_freepages ---- */

#define FULL "################ "

/* 16 blocks with one page to move and single free pages at the frames given. */
static struct mm *sixteen_blocks(const uint32_t *frames, size_t n)
{
	struct mm *mm = draw_machine("A############### " FULL FULL FULL FULL FULL FULL FULL FULL
					     FULL FULL FULL FULL FULL FULL "################");

	for (size_t i = n; i--;)
		mm_free_direct(mm, 0, draw_at(frames[i]), 0, 0);
	return mm;
}

#define SINGLES(mm) mm_buddy_list(mm, 0, 0, MM_MOVABLE)

/* Up to the moment when a target is held, or sought the slow way. */
static void first_target(struct mm *mm, struct mm_compact_control *cc)
{
	struct mm_compact_event ev;

	mm_compact_begin_suitable(mm, cc);
	do
		mm_compact_step(mm, cc, &ev);
	while (ev.at != MM_AT_SOURCE);
}

/*
 * T10: migrate 16 (A's block is behind), free 240: distance 224; low is the block of 240 - 56, 176;
 * min that of 128. From the tail: 40 is too low, 200 is taken. The list is turned to 200 40 20 30,
 * and 200 leaves it.
 */
START_TEST(fast_search_takes_a_high_page)
{
	struct mm *mm = sixteen_blocks((uint32_t[]){20, 30, 200, 40}, 4);
	struct mm_compact_control cc = control(4, MM_MIGRATE_SYNC_LIGHT);

	ck_assert_str_eq(draw_list(mm, SINGLES(mm)), "20 30 200 40");
	first_target(mm, &cc);
	ck_assert_int_eq(cc.at, MM_AT_PAGE);
	ck_assert_str_eq(draw_list(mm, SINGLES(mm)), "40 20 30");
	ck_assert_str_eq(draw_list(mm, TARGETS(mm)), "200");
	ck_assert_int_eq(cc.search_order, 0);
	ck_assert_uint_eq(cc.fast_search_fail, 0);
	ck_assert_uint_eq(cc.total_free_scanned, 2);
	ck_assert_uint_eq(cc.free, 240);
	mm_free(mm);
}
END_TEST

/*
 * Nothing at 176 or above; candidates from 128 on, each halves the limit (8 at the start of a run):
 * 40, 132 (limit 4), 140 (limit 2, three seen: stop). 140 is taken, and what was in front of it
 * goes behind the tail.
 */
START_TEST(fast_search_makes_do_with_a_candidate)
{
	struct mm *mm = sixteen_blocks((uint32_t[]){20, 150, 140, 132, 40}, 5);
	struct mm_compact_control cc = control(4, MM_MIGRATE_SYNC_LIGHT);

	first_target(mm, &cc);
	ck_assert_str_eq(draw_list(mm, TARGETS(mm)), "140");
	ck_assert_str_eq(draw_list(mm, SINGLES(mm)), "132 40 20 150");
	ck_assert_uint_eq(cc.total_free_scanned, 3);
	mm_free(mm);
}
END_TEST

/*
 * Past its starting position the search looks at (32 >> 4 + 1) >> 1 = 1 entry of the list: the
 * tail, which thereby becomes the head. It finds nothing and the block walk takes over.
 */
START_TEST(fast_search_turns_the_list_at_its_limit)
{
	struct mm *mm = sixteen_blocks((uint32_t[]){200, 30, 40}, 3);
	struct mm_compact_control cc = control(4, MM_MIGRATE_SYNC_LIGHT);

	mm->zones[0].compact_init_free = 255;
	cc.fast_search_fail =
		3; /* a fourth failure: the search for sources finds no list to search */
	first_target(mm, &cc);
	ck_assert_uint_eq(cc.fast_search_fail, 5);
	ck_assert_str_eq(draw_list(mm, SINGLES(mm)), "40 200 30");
	ck_assert_int_eq(cc.at, MM_AT_TARGET);
	ck_assert_uint_eq(cc.block_start, 240);
	ck_assert_uint_eq(cc.total_free_scanned, 1);
	mm_free(mm);
}
END_TEST

/*
 * The list is walked to its end without a stop: it stays. At the start of a run the scanner then
 * moves: to the highest page seen if that is at least min, else (direct) to min. Then the block
 * there is looked through.
 */
START_TEST(fast_search_moves_the_scanner)
{
	struct mm *mm = sixteen_blocks((uint32_t[]){20, 30, 40}, 3);
	struct mm_compact_control cc = control(4, MM_MIGRATE_SYNC_LIGHT);
	struct mm_compact_event ev;

	cc.direct = true;
	first_target(mm, &cc);
	ck_assert_str_eq(draw_list(mm, SINGLES(mm)), "20 30 40");
	ck_assert_uint_eq(cc.free, 128);
	ck_assert(cc.around);
	mm_compact_step(mm, &cc, &ev);
	assert_scan(ev, 128, 144, 16, 0);
	ck_assert(mm_block_skip(mm, draw_at(128)));
	/* marked now: the walk from there begins one block lower */
	ck_assert_int_eq(cc.at, MM_AT_TARGET);
	mm_compact_step(mm, &cc, &ev);
	assert_scan(ev, 112, 128, 16, 0);
	mm_free(mm);
}
END_TEST

/* kcompactd does not jump to min: the walk starts at the end of the zone. */
START_TEST(fast_search_leaves_kcompactds_scanner)
{
	struct mm *mm = sixteen_blocks((uint32_t[]){20, 30, 40}, 3);
	struct mm_compact_control cc = control(4, MM_MIGRATE_SYNC_LIGHT);

	first_target(mm, &cc);
	ck_assert_uint_eq(cc.free, 240);
	ck_assert(!cc.around);
	ck_assert_uint_eq(cc.block_start, 240);
	mm_free(mm);
}
END_TEST

/* fast_isolate_around: one page found for two wanted: the rest of its block is searched; the block
 * is used up. */
START_TEST(looks_around_a_page_found)
{
	struct mm *mm = sixteen_blocks((uint32_t[]){200, 204, 20}, 3);
	struct mm_compact_control cc = control(4, MM_MIGRATE_SYNC_LIGHT);
	struct mm_compact_event ev;

	mm_build_allocated(mm, draw_at(1), 0, DRAW_ANON);
	mm_build_allocated(mm, draw_at(2), 0, DRAW_ANON);
	mm_lru_add(mm, draw_at(1), MM_LRU_INACTIVE_ANON);
	mm_lru_add(mm, draw_at(2), MM_LRU_INACTIVE_ANON);
	first_target(mm, &cc);
	ck_assert_uint_eq(cc.nr_migrate, 3);
	ck_assert(cc.around);
	mm_compact_step(mm, &cc, &ev);
	assert_scan(ev, 192, 208, 16, 1);
	ck_assert_str_eq(draw_list(mm, TARGETS(mm)), "200 204");
	ck_assert(mm_block_skip(mm, draw_at(192)));
	ck_assert_uint_eq(cc.free, 240);
	mm_free(mm);
}
END_TEST

/* A direct async run takes what it has found, and looks no further. */
START_TEST(async_does_not_look_around)
{
	struct mm *mm = sixteen_blocks((uint32_t[]){200, 204, 20}, 3);
	struct mm_compact_control cc = control(1, MM_MIGRATE_ASYNC);

	cc.direct = true;
	cc.gfp |= MM_GFP_MOVABLE;
	mm_build_allocated(mm, draw_at(1), 0, DRAW_ANON);
	mm_lru_add(mm, draw_at(1), MM_LRU_INACTIVE_ANON);
	first_target(mm, &cc);
	ck_assert_uint_eq(cc.nr_migrate, 2);
	ck_assert_int_eq(cc.at, MM_AT_PAGE);
	ck_assert_str_eq(draw_list(mm, TARGETS(mm)), "204");
	mm_free(mm);
}
END_TEST

/*
 * next_search_order: the search starts where the last one found something and goes down (two pages
 * of order 0, both too low), then round from the top: the buddy at 200.
 */
START_TEST(fast_search_goes_round_the_orders)
{
	struct mm *mm = sixteen_blocks((uint32_t[]){20, 22, 200, 201, 202, 203}, 6);
	struct mm_compact_control cc = control(4, MM_MIGRATE_SYNC_LIGHT);

	cc.search_order = 1;
	first_target(mm, &cc);
	ck_assert_str_eq(draw_list(mm, TARGETS(mm)), "203 202 201 200");
	ck_assert_int_eq(cc.search_order, 2);
	ck_assert_uint_eq(cc.total_free_scanned, 2 + 1 + 3);
	mm_free(mm);
}
END_TEST

/* Nothing on any list: the order to start with goes down by one. */
START_TEST(fast_search_that_finds_nothing)
{
	struct mm *mm = sixteen_blocks(NULL, 0);
	struct mm_compact_control cc = control(4, MM_MIGRATE_SYNC_LIGHT);

	cc.search_order = 2;
	first_target(mm, &cc);
	ck_assert_int_eq(cc.search_order, 1);
	mm_free(mm);
}
END_TEST

/*
 * A watermark refuses the pair at 218, found first: the search is given up before it comes to the
 * single pages.
 */
START_TEST(fast_search_refused)
{
	struct mm *mm = sixteen_blocks((uint32_t[]){20, 30, 200, 40, 218, 219}, 6);
	struct mm_compact_control cc = control(4, MM_MIGRATE_SYNC_LIGHT);

	mm->zones[0].wmark[MM_WMARK_MIN] = 5;
	first_target(mm, &cc);
	ck_assert_str_eq(draw_list(mm, SINGLES(mm)), "20 30 200 40");
	ck_assert_str_eq(draw_list(mm, TARGETS(mm)), "");
	ck_assert_int_eq(cc.search_order, 0); /* 1, given up, one down */
	/* and the scanner moves to the highest block seen, 208 */
	ck_assert_uint_eq(cc.free, 208);
	ck_assert(cc.around);
	ck_assert_uint_eq(cc.block_start, 208);
	mm_free(mm);
}
END_TEST

/* The highest block seen is at or above the cached position: that goes one block below. */
START_TEST(fast_search_lowers_the_cached_position)
{
	struct mm *mm = sixteen_blocks((uint32_t[]){250, 40}, 2);
	struct mm_compact_control cc = control(4, MM_MIGRATE_SYNC_LIGHT);

	first_target(mm, &cc);
	ck_assert_str_eq(draw_list(mm, TARGETS(mm)), "250");
	ck_assert_uint_eq(mm->zones[0].compact_cached_free, 224);
	mm_free(mm);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("compaction: targets");
	TCase *scan = tcase_create("scan"), *fast = tcase_create("fast");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(scan, NULL, teardown);
	tcase_add_test(scan, targets_come_out_backwards);
	tcase_add_test(scan, a_walk_goes_on_where_it_was_stopped);
	tcase_add_test(scan, a_whole_run);
	tcase_add_test(scan, a_block_used_up);
	tcase_add_test(scan, blocks_that_are_no_targets);
	tcase_add_test(scan, full_priority_takes_any_block);
	tcase_add_test(scan, several_blocks_for_one_batch);
	tcase_add_test(scan, not_into_its_own_block);
	tcase_add_test(scan, async_strides);
	tcase_add_test(scan, a_watermark_ends_the_run);
	suite_add_tcase(s, scan);
	tcase_add_test(fast, fast_search_takes_a_high_page);
	tcase_add_test(fast, fast_search_makes_do_with_a_candidate);
	tcase_add_test(fast, fast_search_turns_the_list_at_its_limit);
	tcase_add_test(fast, fast_search_moves_the_scanner);
	tcase_add_test(fast, fast_search_leaves_kcompactds_scanner);
	tcase_add_test(fast, looks_around_a_page_found);
	tcase_add_test(fast, async_does_not_look_around);
	tcase_add_test(fast, fast_search_goes_round_the_orders);
	tcase_add_test(fast, fast_search_that_finds_nothing);
	tcase_add_test(fast, fast_search_refused);
	tcase_add_test(fast, fast_search_lowers_the_cached_position);
	suite_add_tcase(s, fast);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
