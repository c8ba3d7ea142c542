// SPDX-License-Identifier: GPL-2.0-only
/* Compaction as it was in 2.6.35. Expected values are worked out by hand from the functions named,
 * of that kernel. */
#include "draw.h"

static void teardown(void)
{
	draw_block_order = 4;
}

#define GFP_USER (MM_GFP_IO | MM_GFP_FS | MM_GFP_DIRECT_RECLAIM | MM_GFP_KSWAPD_RECLAIM)

static struct mm_request request(uint32_t order, uint32_t gfp)
{
	return (struct mm_request){.order = order, .gfp = gfp, .type = mm_gfp_type(gfp)};
}

/*
 * By hand: everything movable goes up. Every buddy of the block at 48 that the watermark lets go is
 * taken at once (isolate_freepages_block; the last two of the nine free pages stay), each page put
 * before the one before: 61 first, then 59, 58 and so on. C, taken last, moves first.
 */
START_TEST(by_hand)
{
	struct mm *mm =
		draw_machine("A#B#C########### ################ ################ ##.#..###...#...");

	mm_compact_node_2635(mm, 0, 0);
	draw_assert(mm, "o#o#o########### ################ ################ ##o#oo###oAB#C..");
	ck_assert_uint_eq(mm_stats(mm)->migrated, 3);
	mm_free(mm);
}
END_TEST

/*
 * isolate_migratepages looks at every frame one by one; isolate_freepages stays one block away from
 * the other scanner. A goes first, to the highest page.
 */
START_TEST(what_is_scanned)
{
	struct mm *mm =
		draw_machine("A............... B............... ################ #...............");
	struct mm_compact_control cc = {.order = -1, .gfp = GFP_USER};

	ck_assert_int_eq(mm_compact_zone_2635(mm, &cc), MM_COMPACT_COMPLETE);
	/* three blocks, the third just ends at the free scanner */
	ck_assert_uint_eq(cc.total_migrate_scanned, 3 * 16);
	ck_assert_uint_eq(cc.total_free_scanned, 5); /* 48, and buddies of 1, 2, 4 and 8 */
	ck_assert_uint_eq(cc.total_moved, 2);
	draw_assert(mm, "o............... o............... ################ #oooooooooooooBA");
	mm_free(mm);
}
END_TEST

/*
 * suitable_migration_target: a block that is one free page is welcome, of any type; other blocks
 * that are not movable are not.
 */
START_TEST(which_blocks_are_targets)
{
	struct mm *mm = draw_machine("A############### ################ ################ "
				     "................ ##.#############");

	draw_types(mm, "mmmuu");
	mm_compact_node_2635(mm, 0, 0);
	draw_assert(mm, "o############### ################ ################ oooooooooooooooA "
			"##.#############");
	ck_assert_uint_eq(mm_block_type(mm, draw_at(48)), MM_MOVABLE); /* split_free_page */
	mm_free(mm);
}
END_TEST

/* split_free_page keeps above the low watermark: 7 free pages, low 5: one may go. */
START_TEST(low_watermark)
{
	struct mm *mm =
		draw_machine("AB############## ################ ################ .#.#.#.#.#.#.###");

	mm->zones[0].wmark[MM_WMARK_LOW] = 5;
	mm_compact_node_2635(mm, 0, 0);
	draw_assert(mm, "Ao############## ################ ################ B#.#.#.#.#.#.###");
	mm_free(mm);
}
END_TEST

/*
 * A page that will not move (x held, n mapped by nobody) takes a target at every pass and lets it
 * be freed, until the 15 pages of the last block are used up; the block at 32 is too near. s, in
 * the swap cache, moves. Unevictable pages are not even taken.
 */
START_TEST(failures_cost_targets)
{
	struct mm *mm =
		draw_machine("xnsu############ ################ ................ #...............");

	mm_compact_node_2635(mm, 0, 0);
	ck_assert_uint_eq(mm_stats(mm)->migrated, 1);
	ck_assert_uint_eq(mm_stats(mm)->migrate_failed, 2);
	draw_assert(mm, "xnou############ ################ ................ #oooooooooooooos");
	mm_free(mm);
}
END_TEST

#define PAIRS "..#..#..#..#..## "

/*
 * __alloc_pages_direct_compact: what is small counts for deferral but is not compacted for; a
 * failure doubles the time until the next run; index and low watermark decide per zone.
 */
START_TEST(deferral_and_tests)
{
	struct mm *mm = draw_machine(PAIRS PAIRS PAIRS PAIRS "################ ################");
	struct mm_request big = request(4, GFP_USER), small = request(2, GFP_USER);
	struct mm_zone *z = &mm->zones[0];
	enum mm_compact_result result;

	ck_assert(frame_is_none(mm_compact_direct_2635(mm, &small, 0, &result)));
	ck_assert_int_eq(result, MM_COMPACT_SKIPPED);
	ck_assert_uint_eq(z->compact_considered, 1);
	ck_assert_uint_eq(mm_stats(mm)->compact_stall, 0);
	ck_assert(frame_is_none(mm_compact_direct_2635(mm, &big, 0, &result)));
	ck_assert_int_eq(result, MM_COMPACT_COMPLETE);
	ck_assert_uint_eq(z->compact_considered, 0);
	ck_assert_uint_eq(z->compact_defer_shift, 1);
	ck_assert(frame_is_none(mm_compact_direct_2635(mm, &small, 0, &result)));
	ck_assert_int_eq(result, MM_COMPACT_DEFERRED);
	mm->extfrag_threshold = 1000; /* fragmentation is never the reason now */
	ck_assert(frame_is_none(mm_compact_direct_2635(mm, &big, 0, &result)));
	ck_assert_int_eq(result, MM_COMPACT_SKIPPED);
	ck_assert_uint_eq(z->compact_defer_shift, 1);
	mm->extfrag_threshold = 500;
	z->wmark[MM_WMARK_LOW] = 8; /* 40 free pages are not more than 8 + 32 */
	ck_assert(frame_is_none(mm_compact_direct_2635(mm, &big, 0, &result)));
	ck_assert_int_eq(result, MM_COMPACT_SKIPPED);
	ck_assert_uint_eq(mm_stats(mm)->compact_stall, 3);
	ck_assert_uint_eq(mm_stats(mm)->compact_fail, 1);
	mm_free(mm);
}
END_TEST

/*
 * The goal is looked at between batches, and pages freed wait on the cpu's list until the drain
 * after the run: the run goes on to its end although A's block would do.
 */
START_TEST(a_direct_run_gives_the_page)
{
	struct mm *mm = draw_machine("A............... " PAIRS PAIRS PAIRS PAIRS "################ "
				     "##..#########.##");
	struct mm_request rq = request(4, GFP_USER | MM_GFP_MOVABLE);
	enum mm_compact_result result;
	struct frame f = mm_compact_direct_2635(mm, &rq, 0, &result);

	ck_assert_uint_eq(f.n, 0);
	ck_assert_int_eq(result, MM_COMPACT_COMPLETE);
	ck_assert_uint_eq(mm_stats(mm)->compact_success, 1);
	ck_assert_uint_eq(mm->zones[0].compact_defer_shift, 0);
	draw_check_valid(mm);
	mm_free(mm);
}
END_TEST

/* Whatever it does, no page is lost and it ends. */
START_TEST(random_histories)
{
	static const char alphabet[] = "........ffffffffnswxyud###";
	struct rng rng;

	rng_init(&rng, 26035);
	printf("# seed 26035\n");
	for (int i = 0; i < 200; i++) {
		uint32_t n = 16 * (2 + (uint32_t)rng_below(&rng, 40));
		struct mm_request rq = request(4, GFP_USER | MM_GFP_MOVABLE);
		enum mm_compact_result result;
		char text[42 * 16 + 1];
		struct frame f;
		struct mm *mm;
		int64_t free;

		for (uint32_t c = 0; c < n; c++)
			text[c] = alphabet[rng_below(&rng, sizeof(alphabet) - 1)];
		text[n] = '\0';
		mm = draw_machine(text);
		free = mm->zones[0].free;
		mm->extfrag_threshold = (uint32_t)rng_below(&rng, 500);
		for (int k = 0; k < 4; k++) {
			f = mm_compact_direct_2635(mm, &rq, 0, &result);
			if (!frame_is_none(f))
				mm_free_page(mm, 0, f, 4);
			mm_compact_node_2635(mm, 0, 0);
			draw_check_valid(mm);
			ck_assert_int_eq(mm->zones[0].free + mm_pcp(mm, 0, 0)->count, free);
			ck_assert_uint_eq(mm->nodes[0].nr_isolated, 0);
		}
		mm_free(mm);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("compaction: 2.6.35");
	TCase *tc = tcase_create("2635");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, by_hand);
	tcase_add_test(tc, what_is_scanned);
	tcase_add_test(tc, which_blocks_are_targets);
	tcase_add_test(tc, low_watermark);
	tcase_add_test(tc, failures_cost_targets);
	tcase_add_test(tc, deferral_and_tests);
	tcase_add_test(tc, a_direct_run_gives_the_page);
	tcase_add_test(tc, random_histories);
	suite_add_tcase(s, tc);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
