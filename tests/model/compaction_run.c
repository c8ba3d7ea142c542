// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whole runs of compaction: when they start, when they end, what they leave behind. Expected values
 * are worked out by hand from the functions named. The random test prints its seed; ZR_SEED sets
 * it.
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
		.gfp = MM_GFP_IO | MM_GFP_FS | MM_GFP_MOVABLE,
	};
}

static enum mm_compact_result run(struct mm *mm, struct mm_compact_control *cc)
{
	struct mm_compact_event ev;

	mm_compact_begin_suitable(mm, cc);
	while (cc->at != MM_AT_DONE)
		mm_compact_step(mm, cc, &ev);
	return (enum mm_compact_result)cc->result;
}

/* The first answer to "is the goal reached?". */
static enum mm_compact_result first_answer(struct mm *mm, struct mm_compact_control *cc)
{
	struct mm_compact_event ev;

	mm_compact_begin_suitable(mm, cc);
	mm_compact_step(mm, cc, &ev);
	ck_assert_int_eq(ev.at, MM_AT_FINISHED);
	return ev.result;
}

/* ---- __compact_finished ---- */

#define FOUR_ORDER_2 "....####....#### "

START_TEST(goal_own_type)
{
	struct mm *mm = draw_machine(FOUR_ORDER_2 "################ ################");
	struct mm_compact_control cc = control(2, MM_MIGRATE_SYNC_LIGHT);

	ck_assert_int_eq(first_answer(mm, &cc), MM_COMPACT_SUCCESS);
	cc = control(3, MM_MIGRATE_SYNC_LIGHT);
	ck_assert_int_eq(first_answer(mm, &cc), MM_COMPACT_NO_SUITABLE_PAGE);
	mm_free(mm);
}
END_TEST

/*
 * find_suitable_fallback, only what can claim a block: order at least half a block's (2 of 4), or a
 * request that is not movable at any order.
 */
START_TEST(goal_other_type)
{
	static const struct {
		const char *types;
		int32_t order;
		uint32_t gfp;
		enum mm_compact_result expected;
	} cases[] = {
		{"u", 2, MM_GFP_MOVABLE, MM_COMPACT_SUCCESS},
		{"r", 2, MM_GFP_MOVABLE, MM_COMPACT_SUCCESS},
		{"c", 2, MM_GFP_MOVABLE, MM_COMPACT_SUCCESS}, /* CMA serves movable requests */
		{"c", 2, 0, MM_COMPACT_NO_SUITABLE_PAGE},
		{"h", 2, MM_GFP_MOVABLE, MM_COMPACT_NO_SUITABLE_PAGE},
		{"m", 2, 0, MM_COMPACT_SUCCESS},
		{"m", 2, MM_GFP_RECLAIMABLE, MM_COMPACT_SUCCESS},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mm *mm = draw_machine(FOUR_ORDER_2 "################ ################");
		struct mm_compact_control cc = control(cases[i].order, MM_MIGRATE_SYNC_LIGHT);

		cc.gfp = MM_GFP_IO | cases[i].gfp;
		draw_types(mm, cases[i].types);
		ck_assert_int_eq(first_answer(mm, &cc), cases[i].expected);
		mm_free(mm);
	}
}
END_TEST

/* Order 1 is below half of order 4: an unmovable pair is of no use to a movable request, but one of
 * order 2 would be. */
START_TEST(goal_too_small_to_claim)
{
	struct mm *mm = draw_machine("..############## ################ ################");
	struct mm_compact_control cc = control(1, MM_MIGRATE_SYNC_LIGHT);

	draw_types(mm, "u");
	ck_assert_int_eq(first_answer(mm, &cc), MM_COMPACT_NO_SUITABLE_PAGE);
	mm->mobility_disabled = 1; /* then everything is unmovable, too */
	ck_assert_int_eq(first_answer(mm, &cc), MM_COMPACT_SUCCESS);
	mm_free(mm);
}
END_TEST

/* In the middle of a block nobody looks for the goal. */
START_TEST(goal_only_between_blocks)
{
	struct mm *mm = draw_machine(FOUR_ORDER_2 "################ ################");
	struct mm_compact_control cc = control(2, MM_MIGRATE_SYNC_LIGHT);

	mm->zones[0].compact_cached_migrate[1] = 3;
	ck_assert_int_eq(first_answer(mm, &cc), MM_COMPACT_CONTINUE);
	mm_free(mm);
}
END_TEST

/* The scanners meet when they are in the same block; then the cached positions are reset, by direct
 * runs also noted. */
START_TEST(scanners_meet)
{
	for (int direct = 0; direct < 2; direct++) {
		struct mm *mm = draw_machine("################ ################ ################");
		struct mm_compact_control cc = control(2, MM_MIGRATE_SYNC_LIGHT);
		struct mm_zone *z = &mm->zones[0];

		cc.direct = direct;
		z->compact_cached_migrate[0] = z->compact_cached_migrate[1] = 20;
		z->compact_cached_free = 16;
		ck_assert_int_eq(first_answer(mm, &cc), MM_COMPACT_PARTIAL_SKIPPED);
		ck_assert_uint_eq(z->compact_cached_migrate[0], 0);
		ck_assert_uint_eq(z->compact_cached_migrate[1], 0);
		ck_assert_uint_eq(z->compact_cached_free, 32);
		ck_assert_int_eq(z->compact_blockskip_flush, direct);
		cc = control(2, MM_MIGRATE_SYNC_LIGHT);
		cc.whole_zone = true;
		ck_assert_int_eq(run(mm, &cc), MM_COMPACT_COMPLETE);
		mm_free(mm);
	}
}
END_TEST

/* compact_zone: positions outside the zone are set anew; a start at or before compact_init_migrate
 * is a whole run. */
START_TEST(where_a_run_starts)
{
	struct mm *mm = draw_machine("################ ################ ################");
	struct mm_compact_control cc = control(2, MM_MIGRATE_SYNC_LIGHT);
	struct mm_zone *z = &mm->zones[0];

	z->compact_cached_migrate[0] = 5;
	z->compact_cached_migrate[1] = 48;
	z->compact_cached_free = 48;
	mm_compact_begin_suitable(mm, &cc);
	ck_assert_uint_eq(cc.migrate, 0);
	ck_assert_uint_eq(cc.free, 32);
	ck_assert_uint_eq(z->compact_cached_migrate[0], 0);
	ck_assert_uint_eq(z->compact_cached_free, 32);
	ck_assert(!cc.whole_zone);
	z->compact_init_migrate = 16;
	z->compact_cached_migrate[0] = 16;
	cc = control(2, MM_MIGRATE_ASYNC);
	mm_compact_begin_suitable(mm, &cc);
	ck_assert_uint_eq(cc.migrate, 16);
	ck_assert(cc.whole_zone);
	mm_free(mm);
}
END_TEST

/* ---- batches ---- */

/*
 * A file page that somebody holds (x) is taken but cannot be moved: it leaves its target to the
 * next page and stays. 16 frames of B's block: the batch is B, then x (downwards).
 */
START_TEST(a_page_that_will_not_move)
{
	struct mm *mm =
		draw_machine("AxB############# ################ ################ ..............##");
	struct mm_compact_control cc = control(-1, MM_MIGRATE_SYNC);

	cc.whole_zone = cc.ignore_skip_hint = true;
	ck_assert_int_eq(run(mm, &cc), MM_COMPACT_COMPLETE);
	/* 48..55 taken: 55 for B, 54 for A; the six others are freed */
	draw_assert(mm, "oxo############# ################ ################ ooooooAB......##");
	ck_assert_uint_eq(mm_stats(mm)->migrated, 2);
	ck_assert_uint_eq(mm_stats(mm)->migrate_failed, 1);
	ck_assert_uint_eq(mm->nodes[0].nr_isolated, 0);
	ck_assert_str_eq(draw_list(mm, mm_lru_list(mm, 0, MM_LRU_INACTIVE_FILE)), "1");
	mm_free(mm);
}
END_TEST

/*
 * The batch C, x, A for a direct async run, order 2: after a failure the rest of the aligned range
 * that the scanner is in is skipped, and nothing is drained.
 */
START_TEST(async_gives_up_a_range_after_a_failure)
{
	struct mm *mm =
		draw_machine("AxC.############ D..############# ################ ################ "
			     ".#.#.#.#########");
	struct mm_compact_control cc = control(2, MM_MIGRATE_ASYNC);
	struct mm_compact_event ev;

	cc.direct = true;
	mm_compact_begin_suitable(mm, &cc);
	do
		mm_compact_step(mm, &cc, &ev);
	while (ev.at != MM_AT_BATCH && ev.at != MM_AT_DONE);
	ck_assert_uint_eq(ev.scanned, 2);
	ck_assert_uint_eq(ev.taken, 1);
	ck_assert_int_eq(cc.at, MM_AT_FINISHED); /* no drain */
	ck_assert_uint_eq(cc.migrate, 4);
	ck_assert_int_eq(cc.last_migrated, -(int64_t)mm->base_pfn);
	mm_free(mm);
}
END_TEST

/*
 * The range of order 3 that A leaves is drained once the scanner is past it: the pages merge, and
 * the goal is reached. Without the drain they would wait on the cpu's list.
 */
START_TEST(a_drain_makes_the_page_whole)
{
	struct mm *mm =
		draw_machine("A.......######## ################ ################ #.##############");
	struct mm_compact_control cc = control(3, MM_MIGRATE_SYNC_LIGHT);

	mm_free_direct(mm, 0, draw_at(50), 0, 0);
	ck_assert_int_eq(run(mm, &cc), MM_COMPACT_SUCCESS);
	draw_assert(mm, "........######## ################ ################ #A.#############");
	ck_assert_uint_eq(mm_list_count(mm, mm_buddy_list(mm, 0, 3, MM_MOVABLE)), 1);
	mm_free(mm);
}
END_TEST

/* ---- capture ---- */

static struct mm_request request(uint32_t order, uint32_t gfp)
{
	return (struct mm_request){.order = order, .gfp = gfp, .type = mm_gfp_type(gfp)};
}

#define GFP_USER (MM_GFP_IO | MM_GFP_FS | MM_GFP_DIRECT_RECLAIM | MM_GFP_KSWAPD_RECLAIM)
#define MOVABLE (GFP_USER | MM_GFP_MOVABLE)

/*
 * compaction_capture: the block that A leaves is given to the request when the drain merges it,
 * before it is on any list. B's block is not needed any more.
 */
START_TEST(the_page_is_captured)
{
	struct mm *mm =
		draw_machine("A............... B............... ################ ##..#########.##");
	struct mm_request rq = request(4, GFP_USER);
	struct frame f;

	ck_assert_int_eq(mm_compact_zone_order(mm, &rq, 0, MM_COMPACT_PRIO_SYNC_LIGHT, 0, 0, &f),
			 MM_COMPACT_SUCCESS);
	ck_assert_uint_eq(f.n, 0);
	draw_assert(mm, "#--------------- B............... ################ ##oA#########.##");
	ck_assert(!mm->capture.active);
	ck_assert_int_eq(mm->zones[0].free, 15 + 1);
	ck_assert_int_eq(mm->zones[0].free_global, 15 + 1);
	mm_free(mm);
}
END_TEST

/* Below the block order a movable block's pages are not for capture; an unmovable block's are. */
START_TEST(what_is_not_captured)
{
	static const struct {
		const char *type;
		uint32_t order, zone;
		bool taken;
	} cases[] = {{"m", 3, 0, false},
		     {"u", 3, 0, true},
		     {"c", 3, 0, false},
		     {"r", 2, 0, true},
		     {"u", 3, 1, false}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mm *mm = draw_machine("#.......######## ################");

		draw_types(mm, cases[i].type);
		mm->capture = (struct mm_capture){
			.active = 1, .zone = cases[i].zone, .order = cases[i].order};
		mm_free_direct(mm, 0, draw_at(0), 0, 0);
		ck_assert_int_eq(mm->capture.taken, cases[i].taken);
		if (cases[i].taken)
			ck_assert_uint_eq(mm->capture.frame, 0);
		draw_check_valid(mm);
		mm_free(mm);
	}
}
END_TEST

/* ---- suitability ---- */

/*
 * 40 free pages in 28 pieces (a pair must be aligned). Order 4 wants low + 32 pages; its index
 * is 1000 - (1000 + 2500) / 28 = 875.
 */
#define PAIRS "..#..#..#..#..## "

START_TEST(suitability)
{
	struct mm *mm = draw_machine(PAIRS PAIRS PAIRS PAIRS "################ ################");
	struct mm_zone *z = &mm->zones[0];

	ck_assert_int_eq(z->free, 40);
	ck_assert_int_eq(mm_compaction_suitable(mm, 0, 4, 0, 0), MM_COMPACT_CONTINUE);
	ck_assert_int_eq(mm_compaction_suitable(mm, 0, 1, 0, 0), MM_COMPACT_SUCCESS);
	ck_assert_int_eq(mm_compaction_suitable(mm, 0, -1, 0, 0), MM_COMPACT_CONTINUE);
	mm->extfrag_threshold = 875;
	ck_assert_int_eq(mm_compaction_suitable(mm, 0, 4, 0, 0), MM_COMPACT_NOT_SUITABLE_ZONE);
	mm->extfrag_threshold = 874;
	ck_assert_int_eq(mm_compaction_suitable(mm, 0, 4, 0, 0), MM_COMPACT_CONTINUE);
	z->wmark[MM_WMARK_LOW] = 7; /* 40 > 7 + 32, just */
	ck_assert_int_eq(mm_compaction_suitable(mm, 0, 4, 0, 0), MM_COMPACT_CONTINUE);
	z->boost = 1;
	ck_assert_int_eq(mm_compaction_suitable(mm, 0, 4, 0, 0), MM_COMPACT_SKIPPED);
	z->boost = 0;
	z->wmark[MM_WMARK_LOW] = 8;
	ck_assert_int_eq(mm_compaction_suitable(mm, 0, 4, 0, 0), MM_COMPACT_SKIPPED);
	/* up to order 3: min + 16, and no index */
	mm->extfrag_threshold = 1000;
	z->wmark[MM_WMARK_MIN] = 23;
	ck_assert_int_eq(mm_compaction_suitable(mm, 0, 3, 0, 0), MM_COMPACT_CONTINUE);
	z->wmark[MM_WMARK_MIN] = 24;
	ck_assert_int_eq(mm_compaction_suitable(mm, 0, 3, 0, 0), MM_COMPACT_SKIPPED);
	mm_free(mm);
}
END_TEST

/* Nothing is done in a zone that is not suitable, and the cached positions stay as they are. */
START_TEST(unsuitable_zones_are_left_alone)
{
	struct mm *mm = draw_machine(PAIRS PAIRS "################ ################");
	struct mm_compact_control cc = control(4, MM_MIGRATE_SYNC_LIGHT);
	uint64_t before = mm_hash(mm);

	ck_assert_int_eq(mm_compact_zone(mm, &cc), MM_COMPACT_SKIPPED);
	ck_assert_uint_eq(mm_hash(mm), before);
	mm_free(mm);
}
END_TEST

/* ---- deferral ---- */

/* T12, and the way up to the most: 64 attempts between two runs. */
START_TEST(deferral)
{
	struct mm *mm = draw_machine("................");
	struct mm_zone *z = &mm->zones[0];

	z->compact_order_failed = 11;
	ck_assert(!mm_compaction_deferred(mm, 0, 4));
	mm_defer_compaction(mm, 0, 4);
	ck_assert_int_eq(z->compact_order_failed, 4);
	ck_assert_uint_eq(z->compact_defer_shift, 1);
	ck_assert(!mm_compaction_deferred(
		mm, 0, 3)); /* smaller orders are not concerned and do not count */
	ck_assert(mm_compaction_deferred(mm, 0, 4));
	ck_assert(!mm_compaction_deferred(mm, 0, 4));
	ck_assert_uint_eq(z->compact_considered, 2);
	for (int i = 0; i < 10; i++)
		mm_defer_compaction(mm, 0, 5);
	ck_assert_int_eq(z->compact_order_failed, 4);
	ck_assert_uint_eq(z->compact_defer_shift, 6);
	for (int i = 0; i < 63; i++)
		ck_assert(mm_compaction_deferred(mm, 0, 4));
	ck_assert(!mm_compaction_restarting(mm, 0, 4));
	ck_assert(!mm_compaction_deferred(mm, 0, 4));
	ck_assert(mm_compaction_restarting(mm, 0, 4));
	ck_assert(!mm_compaction_restarting(mm, 0, 3));
	mm_compaction_defer_reset(mm, 0, 4, false);
	ck_assert_int_eq(z->compact_order_failed, 5);
	ck_assert_uint_eq(z->compact_defer_shift, 6);
	mm_compaction_defer_reset(mm, 0, 5, true);
	ck_assert_int_eq(z->compact_order_failed, 6);
	ck_assert_uint_eq(z->compact_defer_shift, 0);
	ck_assert_uint_eq(z->compact_considered, 0);
	mm_free(mm);
}
END_TEST

/* try_to_compact_pages: async never defers; failures of the others do; the last resort does not
 * ask. */
START_TEST(direct_runs_and_deferral)
{
	struct mm *mm = draw_machine(PAIRS PAIRS PAIRS PAIRS "################ ################");
	struct mm_request rq = request(4, MOVABLE);
	struct mm_zone *z = &mm->zones[0];
	struct frame f;

	ck_assert_int_eq(mm_try_to_compact_pages(mm, &rq, 0, MM_COMPACT_PRIO_ASYNC, &f),
			 MM_COMPACT_PARTIAL_SKIPPED);
	ck_assert_uint_eq(z->compact_defer_shift, 0);
	ck_assert_int_eq(mm_try_to_compact_pages(mm, &rq, 0, MM_COMPACT_PRIO_SYNC_LIGHT, &f),
			 MM_COMPACT_PARTIAL_SKIPPED);
	ck_assert_uint_eq(z->compact_defer_shift, 1);
	ck_assert_int_eq(mm_try_to_compact_pages(mm, &rq, 0, MM_COMPACT_PRIO_SYNC_LIGHT, &f),
			 MM_COMPACT_DEFERRED);
	ck_assert_int_eq(mm_try_to_compact_pages(mm, &rq, 0, MM_COMPACT_PRIO_SYNC_FULL, &f),
			 MM_COMPACT_COMPLETE);
	ck_assert_uint_eq(z->compact_defer_shift, 2);
	rq.gfp &= ~MM_GFP_IO;
	ck_assert_int_eq(mm_try_to_compact_pages(mm, &rq, 0, MM_COMPACT_PRIO_SYNC_FULL, &f),
			 MM_COMPACT_SKIPPED);
	mm_free(mm);
}
END_TEST

/* __alloc_pages_direct_compact: the counts, and what success does to the zone. */
START_TEST(a_direct_run_gives_the_page)
{
	struct mm *mm = draw_machine("A............... " PAIRS PAIRS PAIRS PAIRS
				     "################ ##..#########.##");
	struct mm_request rq = request(4, GFP_USER);
	enum mm_compact_result result;
	struct frame f;

	mm->zones[0].compact_blockskip_flush = 1;
	mm->zones[0].compact_defer_shift = 3;
	mm->zones[0].compact_considered = 7; /* its turn now */
	mm->passing.per_scanned = 3;
	mm->passing.per_moved = 70;
	f = mm_compact_direct(mm, &rq, 0, MM_COMPACT_PRIO_SYNC_LIGHT, &result);
	ck_assert_uint_eq(f.n, 0);
	ck_assert_int_eq(result, MM_COMPACT_SUCCESS);
	ck_assert_uint_eq(mm->zones[0].compact_blockskip_flush, 0);
	ck_assert_uint_eq(mm->zones[0].compact_defer_shift, 0);
	ck_assert_uint_eq(mm_stats(mm)->compact_stall, 1);
	ck_assert_uint_eq(mm_stats(mm)->compact_success, 1);
	/* The task has waited for as long as scanning and moving took. */
	ck_assert_uint_gt(mm_stats(mm)->migrated, 0);
	ck_assert_uint_eq(mm->passing.ns,
			  3 * (mm_stats(mm)->migrate_scanned + mm_stats(mm)->free_scanned) +
				  70 * mm_stats(mm)->migrated);
	f = mm_compact_direct(mm, &rq, 0, MM_COMPACT_PRIO_SYNC_LIGHT, &result);
	ck_assert(frame_is_none(f));
	ck_assert_uint_eq(mm_stats(mm)->compact_stall, 2);
	ck_assert_uint_eq(mm_stats(mm)->compact_fail, 1);
	draw_check_valid(mm);
	mm_free(mm);
}
END_TEST

/* ---- skip bits ---- */

/*
 * __reset_isolation_suitable, from both ends: block 0 has nothing to offer, block 1 an LRU page on
 * a sampled frame (every eighth), block 2 one that is not sampled. From the end: block 4 is
 * unmovable, block 3 has a free page.
 */
START_TEST(marks_are_cleared_where_there_is_something)
{
	struct mm *mm =
		draw_machine("################ ########A####### #B############## ########.####### "
			     "........########");
	struct mm_zone *z = &mm->zones[0];

	draw_types(mm, "mmmmu");
	for (uint32_t b = 0; b < 5; b++)
		mm_set_block_skip(mm, draw_at(16 * b), true);
	mm_reset_isolation_suitable(mm, 0);
	ck_assert(mm_block_skip(mm, draw_at(16))); /* nobody asked */
	z->compact_blockskip_flush = 1;
	mm_reset_isolation_suitable(mm, 0);
	ck_assert(mm_block_skip(mm, draw_at(0)));
	ck_assert(!mm_block_skip(mm, draw_at(16)));
	ck_assert(mm_block_skip(mm, draw_at(32)));
	ck_assert(!mm_block_skip(mm, draw_at(48)));
	ck_assert(mm_block_skip(mm, draw_at(64)));
	ck_assert_uint_eq(z->compact_blockskip_flush, 0);
	ck_assert_uint_eq(z->compact_init_migrate, 16);
	ck_assert_uint_eq(z->compact_cached_migrate[0], 16);
	ck_assert_uint_eq(z->compact_cached_migrate[1], 16);
	ck_assert_uint_eq(z->compact_init_free,
			  63); /* the walk from the end looks at the blocks' last frames */
	ck_assert_uint_eq(z->compact_cached_free, 63);
	mm_free(mm);
}
END_TEST

/* Nothing anywhere: the positions end where the walks met, so that the next run is over at once. */
START_TEST(marks_stay_where_there_is_nothing)
{
	struct mm *mm =
		draw_machine("################ ################ ################ ################");
	struct mm_zone *z = &mm->zones[0];

	for (uint32_t b = 0; b < 4; b++)
		mm_set_block_skip(mm, draw_at(16 * b), true);
	z->compact_blockskip_flush = 1;
	mm_reset_isolation_suitable(mm, 0);
	for (uint32_t b = 0; b < 4; b++)
		ck_assert(mm_block_skip(mm, draw_at(16 * b)));
	ck_assert_uint_eq(z->compact_cached_migrate[0], 32);
	ck_assert_uint_eq(z->compact_cached_free, 31);
	mm_free(mm);
}
END_TEST

/* ---- kcompactd, by hand, proactive ---- */

START_TEST(kcompactd_works_down_its_request)
{
	struct mm *mm = draw_machine("A.......######## " PAIRS PAIRS PAIRS
				     "################ ##..#########.##");
	struct mm_node *node = &mm->nodes[0];

	ck_assert(!mm_kcompactd_wakeup(mm, 0, 0, 0));
	ck_assert(mm_kcompactd_wakeup(mm, 0, 3, 0));
	mm_kcompactd(mm, 0, 0);
	ck_assert_uint_eq(node->kcompactd_order, 0);
	ck_assert_uint_eq(mm_list_count(mm, mm_buddy_list(mm, 0, 3, MM_MOVABLE)), 1);
	/* now there is a page: not worth waking for, but the wish is noted */
	ck_assert(!mm_kcompactd_wakeup(mm, 0, 3, 0));
	ck_assert_uint_eq(node->kcompactd_order, 3);
	draw_check_valid(mm);
	mm_free(mm);
}
END_TEST

/* In slices it comes to the same end, where nobody else does anything meanwhile. */
START_TEST(kcompactd_in_slices)
{
	struct mm *whole = draw_machine("A.......######## " PAIRS PAIRS PAIRS
					"################ ##..#########.##");
	struct mm *mm = mm_clone(whole);
	int slices = 0;

	mm_kcompactd_wakeup(whole, 0, 3, 0);
	mm_kcompactd(whole, 0, 0);
	mm->kcompactd_sliced = 1;
	mm_kcompactd_wakeup(mm, 0, 3, 0);
	mm_kcompactd(mm, 0, 0);
	ck_assert(mm_kcompactd_busy(mm, 0)); /* it waits for its turn */
	ck_assert_uint_eq(mm_stats(mm)->migrated, 0);
	for (; mm_kcompactd_busy(mm, 0) && slices < 100; slices++) {
		mm->kcompactd_budget = 1;
		mm_kcompactd_go_on(mm, 0, 0);
		draw_check_valid(mm);
	}
	ck_assert_int_gt(slices, 1);
	mm->kcompactd_sliced = 0;
	mm->kcompactd_budget = 0;
	for (uint32_t n = 0; n < mm->nr_frames; n++)
		ck_assert_uint_eq(mm_frames(mm)[n].list == MM_NO_LIST,
				  mm_frames(whole)[n].list == MM_NO_LIST);
	ck_assert_uint_eq(mm_hash(mm), mm_hash(whole));
	mm_free(mm);
	mm_free(whole);
}
END_TEST

/* A failure drains the zone and defers. */
START_TEST(kcompactd_fails)
{
	struct mm *mm = draw_machine(PAIRS PAIRS PAIRS PAIRS "################ o##########o####");

	mm_kcompactd_wakeup(mm, 0, 4, 0);
	mm_kcompactd(mm, 0, 0);
	ck_assert_int_eq(mm_pcp(mm, 0, 0)->count, 0);
	ck_assert_uint_eq(mm->zones[0].compact_defer_shift, 1);
	ck_assert_uint_eq(mm->zones[0].compact_blockskip_flush, 0); /* not a direct run */
	mm_free(mm);
}
END_TEST

/* By hand: everything movable goes up, whatever the marks say; no drain. */
START_TEST(by_hand)
{
	struct mm *mm =
		draw_machine("A#B#C#.......... #D.............. ################ #....#...#######");

	mm_set_block_skip(mm, draw_at(0), true);
	mm_compact_node(mm, 0, 0);
	/* C, B and A find 49 and 50..51, from above; D finds 52 */
	draw_assert(mm, "o#o#o#.......... #o.............. ################ #ABCD#...#######");
	mm_free(mm);
}
END_TEST

/* fragmentation_score_zone: all free pages are in pieces: 100; the node counts one page more. */
START_TEST(proactive)
{
	struct mm *mm =
		draw_machine("A............... B............... ################ ##..#########.##");
	struct mm *twin;

	ck_assert_uint_eq(mm_fragmentation_score_zone(mm, 0), 100);
	ck_assert_uint_eq(mm_fragmentation_score_node(mm, 0), 64 * 100 / 65);
	ck_assert_uint_eq(mm_fragmentation_score_wmark(20, true), 80);
	ck_assert_uint_eq(mm_fragmentation_score_wmark(20, false), 90);
	ck_assert_uint_eq(mm_fragmentation_score_wmark(100, true), 5);
	ck_assert_uint_eq(mm_fragmentation_score_wmark(3, false), 100);
	twin = mm_clone(mm);
	ck_assert(mm_compact_proactive(mm, 0, 0, 0, false)); /* switched off */
	ck_assert(mm_compact_proactive(mm, 0, 0, 20, true)); /* kswapd first */
	ck_assert_uint_eq(mm_hash(mm), mm_hash(twin));
	ck_assert(!mm_compact_proactive(
		mm, 0, 0, 20, false)); /* moved, but nothing is drained: the score stays */
	draw_assert(mm, "o............... o............... ################ ##BA#########.##");
	mm_free(twin);
	mm_free(mm);
}
END_TEST

/*
 * A task that reclaims for a millisecond per page waits, and kcompactd's timer goes off meanwhile:
 * not a page too early, once, and again when it has slept. Without a proactiveness it has none.
 */
START_TEST(the_timer_goes_off_while_a_task_waits)
{
	for (uint32_t proactiveness = 0; proactiveness <= 20; proactiveness += 20) {
		struct mm *mm = draw_machine(
			"A............... B............... ################ ##..#########.##");

		mm->proactiveness = proactiveness;
		mm->kcompactd_sliced = 1;
		mm->kcompactd_budget = 1;
		mm->passing = (struct mm_passing){.per_reclaimed = 1000000, .timer = 50000000};
		mm_pass_reclaimed(mm, 49);
		ck_assert(!mm_kcompactd_busy(mm, 0));
		mm_pass_reclaimed(mm, 1);
		ck_assert_int_eq(mm_kcompactd_busy(mm, 0), proactiveness != 0);
		ck_assert_uint_eq(mm->passing.timer,
				  50000000 + (proactiveness ? MM_KCOMPACTD_TIMER_NS : 0));
		mm->passing.kcompactd_speed = 1000000; /* now it comes to its end */
		mm_pass_reclaimed(mm, 1);
		ck_assert(!mm_kcompactd_busy(mm, 0));
		if (proactiveness)
			ck_assert_uint_eq(mm->passing.timer, 51000000 + MM_KCOMPACTD_TIMER_NS);
		mm_free(mm);
	}
}
END_TEST

/*
 * It was asked for order 3 when there was nothing to be done, so nobody woke it. Expect its timer
 * to let it work for that, and to forget that its own work was in vain; without it, to wait.
 */
START_TEST(the_timer_remembers_what_was_asked_for)
{
	for (uint32_t order = 0; order <= 3; order += 3) {
		struct mm *mm = draw_machine(
			"A............... B............... ################ ##..#########.##");

		mm->proactiveness = 20;
		mm->nodes[0].kcompactd_order = order;
		mm->nodes[0].proactive_wait = 5;
		mm_kcompactd_timer(mm, 0);
		ck_assert_uint_eq(mm_stats(mm)->kcompactd_runs, order != 0);
		ck_assert_uint_eq(mm->nodes[0].kcompactd_order, 0);
		ck_assert_uint_eq(mm->nodes[0].proactive_wait, order ? 0 : 4);
		mm_free(mm);
	}
}
END_TEST

/* ---- anything goes ---- */

static void random_text(struct rng *rng, char *text, uint32_t blocks)
{
	static const char alphabet[] = "........ffffffffnswxyud###";
	uint32_t n = 0;

	for (; n < blocks * 16; n++)
		text[n] = alphabet[rng_below(rng, sizeof(alphabet) - 1)];
	for (char c = 'A'; c <= 'Z'; c++)
		text[rng_below(rng, n)] = c;
	for (char c = 'A'; c <= 'Z'; c++) /* a letter once only */
		for (char *first = strchr(text, c), *p = first ? strchr(first + 1, c) : NULL; p;
		     p = strchr(p, c))
			*p = '#';
	text[n] = '\0';
}

static void random_operation(struct mm *mm, struct rng *rng)
{
	struct mm_request rq =
		request((uint32_t)rng_below(rng, 6), rng_below(rng, 2) ? MOVABLE : GFP_USER);
	enum mm_compact_result result;
	struct frame f = FRAME_NONE;

	switch (rng_below(rng, 8)) {
	case 0:
		mm_compact_node(mm, 0, 0);
		break;
	case 1:
		mm_kcompactd_wakeup(mm, 0, rq.order, 0);
		if (mm->nodes[0].kcompactd_order)
			mm_kcompactd(mm, 0, 0);
		break;
	case 2:
		mm_compact_proactive(mm, 0, 0, (uint32_t)rng_below(rng, 101), false);
		break;
	case 3:
		mm_reset_isolation_suitable(mm, 0);
		break;
	case 4:
		mm_drain_all(mm);
		break;
	default:
		f = mm_compact_direct(mm, &rq, 0, (enum mm_compact_prio)rng_below(rng, 3), &result);
	}
	if (!frame_is_none(f))
		mm_free_page(mm, 0, f, rq.order);
}

struct census {
	uint32_t free, letters, lru;
};

static struct census census(const struct mm *mm)
{
	struct census c = {0};

	c.free = (uint32_t)mm->zones[0].free + (uint32_t)mm_pcp(mm, 0, 0)->count;
	for (uint32_t f = 0; f < mm->nr_frames; f++) {
		char ch = draw_char(mm, f);

		c.letters += ch >= 'A' && ch <= 'Z';
		c.lru += mm_on_lru_list(mm, draw_at(f));
	}
	return c;
}

static uint64_t random_history(uint64_t seed)
{
	struct census before, after;
	struct rng rng;
	char text[64 * 16 + 1];
	uint64_t hash;
	struct mm *mm;

	rng_init(&rng, seed);
	random_text(&rng, text, 4 + (uint32_t)rng_below(&rng, 60));
	mm = draw_machine(text);
	mm->extfrag_threshold = (uint32_t)rng_below(&rng, 600);
	mm->zones[0].wmark[MM_WMARK_MIN] = (uint32_t)rng_below(&rng, 10);
	mm->zones[0].wmark[MM_WMARK_LOW] = (uint32_t)rng_below(&rng, 20);
	mm_pcp(mm, 0, 0)->high = 100 + (int32_t)rng_below(&rng, 300);
	before = census(mm);
	for (int i = 0; i < 30; i++) {
		random_operation(mm, &rng);
		draw_check_valid(mm);
		after = census(mm);
		ck_assert_uint_eq(after.free, before.free);
		ck_assert_uint_eq(after.letters, before.letters);
		ck_assert_uint_eq(after.lru, before.lru);
		ck_assert_uint_eq(mm->nodes[0].nr_isolated, 0);
		for (uint32_t l = 0; l < 8; l++)
			ck_assert_uint_eq(mm_list_count(mm, mm_private_list(mm, l)), 0);
	}
	hash = mm_hash(mm);
	mm_free(mm);
	return hash;
}

START_TEST(random_histories)
{
	const char *given = getenv("ZR_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : 20100416;

	printf("# seed %llu\n", (unsigned long long)seed);
	for (uint64_t i = 0; i < 150; i++)
		ck_assert_uint_eq(random_history(seed + i), random_history(seed + i));
}
END_TEST

/* A control copied together with its machine goes on alike. */
START_TEST(a_run_can_be_cloned_in_the_middle)
{
	struct mm *mm = draw_machine(
			  "A.B#C#D......... #E#F#G#......... H###########.#.# ..#.#...#.##.#.#"),
		  *twin;
	struct mm_compact_control cc = control(-1, MM_MIGRATE_SYNC), other;
	struct mm_compact_event ev;

	mm_compact_begin_suitable(mm, &cc);
	for (int i = 0; i < 5; i++)
		mm_compact_step(mm, &cc, &ev);
	other = cc;
	twin = mm_clone(mm);
	while (cc.at != MM_AT_DONE)
		mm_compact_step(mm, &cc, &ev);
	while (other.at != MM_AT_DONE)
		mm_compact_step(twin, &other, &ev);
	ck_assert_uint_eq(mm_hash(mm), mm_hash(twin));
	mm_free(twin);
	mm_free(mm);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("compaction: runs");
	TCase *tc = tcase_create("run");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, goal_own_type);
	tcase_add_test(tc, goal_other_type);
	tcase_add_test(tc, goal_too_small_to_claim);
	tcase_add_test(tc, goal_only_between_blocks);
	tcase_add_test(tc, scanners_meet);
	tcase_add_test(tc, where_a_run_starts);
	tcase_add_test(tc, a_page_that_will_not_move);
	tcase_add_test(tc, async_gives_up_a_range_after_a_failure);
	tcase_add_test(tc, a_drain_makes_the_page_whole);
	tcase_add_test(tc, the_page_is_captured);
	tcase_add_test(tc, what_is_not_captured);
	tcase_add_test(tc, suitability);
	tcase_add_test(tc, unsuitable_zones_are_left_alone);
	tcase_add_test(tc, deferral);
	tcase_add_test(tc, direct_runs_and_deferral);
	tcase_add_test(tc, a_direct_run_gives_the_page);
	tcase_add_test(tc, marks_are_cleared_where_there_is_something);
	tcase_add_test(tc, marks_stay_where_there_is_nothing);
	tcase_add_test(tc, kcompactd_works_down_its_request);
	tcase_add_test(tc, kcompactd_in_slices);
	tcase_add_test(tc, kcompactd_fails);
	tcase_add_test(tc, by_hand);
	tcase_add_test(tc, proactive);
	tcase_add_test(tc, the_timer_remembers_what_was_asked_for);
	tcase_add_test(tc, the_timer_goes_off_while_a_task_waits);
	tcase_add_test(tc, random_histories);
	tcase_add_test(tc, a_run_can_be_cloned_in_the_middle);
	suite_add_tcase(s, tc);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
