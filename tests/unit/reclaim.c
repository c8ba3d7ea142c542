// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reclaim on LRU lists. Drawings are those of mm_kit.h (L: a page on an LRU); lists are written
 * oldest page first. Expected numbers were worked out by hand from mm/vmscan.c of 6.1.192 and, for
 * lumpy reclaim, 2.6.34.
 */
#include "tests/unit/mm_kit.h"

#include <stdlib.h>
#include <string.h>

#define KERNEL (MM_GFP_IO | MM_GFP_FS | MM_GFP_DIRECT_RECLAIM | MM_GFP_KSWAPD_RECLAIM)

/* Puts pages on a list, "3 7 9" with 3 the oldest. */
static void put(struct mm *mm, enum mm_lru lru, const char *pages)
{
	bool file = lru == MM_LRU_INACTIVE_FILE || lru == MM_LRU_ACTIVE_FILE;
	char *end;

	for (; *pages; pages = end) {
		struct frame f = at((uint32_t)strtoul(pages, &end, 10));

		mm_frame(mm, f)->flags |= file ? MM_F_FILE : MM_F_ANON | MM_F_SWAPBACKED;
		mm_lru_add(mm, f, lru);
	}
}

static void expect_lru(const struct mm *mm, enum mm_lru lru, const char *pages)
{
	struct frame f = mm_list_last(mm, mm_lru_list(mm, 0, lru));
	struct strbuf out;
	uint32_t nr = 0;

	strbuf_init(&out);
	for (; !frame_is_none(f); f = mm_list_prev(mm, f)) {
		strbuf_printf(&out, "%s%u", out.len ? " " : "", f.n);
		nr += 1u << mm_frame(mm, f)->order;
	}
	ck_assert_str_eq(out.s, pages);
	ck_assert_uint_eq(mm->nodes[0].nr_lru[lru], nr);
	strbuf_release(&out);
}

/* Room on the per-cpu list for whatever a test frees. */
static struct mm *draw(const char *drawing)
{
	struct mm *mm = kit_draw(drawing, NULL);

	mm_pcp(mm, 0, 0)->high = 1000;
	mm_pcp(mm, 0, 0)->batch = 63;
	return mm;
}

static struct mm_scan scan(int32_t priority, uint64_t want)
{
	return (struct mm_scan){.gfp = KERNEL,
				.highest = 2,
				.priority = priority,
				.nr_to_reclaim = want,
				.may_swap = true};
}

static void expect_sound(struct mm *mm)
{
	struct error err = {{0}};

	ck_assert_msg(!mm_validate(mm, &err), "%s", err.text);
	mm_free(mm);
}

/*
 * before  LLLLLLLLxxxxxxxx     inactive file, oldest first: 0 2 4 6 1 3 5 7
 * after   pLpLpLpLxxxxxxxx     priority 1 looks at half of the list
 * Expect the oldest half gone, freed youngest first: a per-cpu list takes pages at its head, so 0
 * ends up there.
 */
START_TEST(oldest_half_goes)
{
	struct mm *mm = draw("LLLLLLLLxxxxxxxx");
	struct mm_scan sc = scan(1, 100);

	put(mm, MM_LRU_INACTIVE_FILE, "0 2 4 6 1 3 5 7");
	mm_shrink_node(mm, 0, &sc);
	expect_memory(mm, "pLpLpLpLxxxxxxxx");
	expect_pcp(mm, 0, mm_pindex(mm, 0, MM_MOVABLE), "0 2 4 6");
	expect_lru(mm, MM_LRU_INACTIVE_FILE, "1 3 5 7");
	ck_assert_uint_eq(sc.nr_reclaimed, 4);
	ck_assert_uint_eq(sc.nr_scanned, 4);
	expect_sound(mm);
}
END_TEST

/* Expect a list too short for the priority to be left alone: 8 >> 4 is nothing. */
START_TEST(short_lists_wait_for_priority)
{
	struct mm *mm = draw("LLLLLLLLxxxxxxxx");
	struct mm_scan sc = scan(4, 100);

	put(mm, MM_LRU_INACTIVE_FILE, "0 1 2 3 4 5 6 7");
	mm_shrink_node(mm, 0, &sc);
	expect_memory(mm, "LLLLLLLLxxxxxxxx");
	expect_sound(mm);
}
END_TEST

/*
 * before  LLLLLL   inactive file 0, active file 1 2 3 4 5
 * after   pLLLLL   inactive file 1 2 3 4 5
 * Expect active pages to grow old only, in their order: they are not reclaimed in the pass that
 * deactivates them.
 */
START_TEST(active_pages_age_first)
{
	struct mm *mm = draw("LLLLLLxxxxxxxxxx");
	struct mm_scan sc = scan(0, 100);

	put(mm, MM_LRU_INACTIVE_FILE, "0");
	put(mm, MM_LRU_ACTIVE_FILE, "1 2 3 4 5");
	mm_shrink_node(mm, 0, &sc);
	expect_memory(mm, "pLLLLLxxxxxxxxxx");
	expect_lru(mm, MM_LRU_INACTIVE_FILE, "1 2 3 4 5");
	expect_lru(mm, MM_LRU_ACTIVE_FILE, "");
	ck_assert_uint_eq(mm_stats(mm)->deactivated, 5);
	expect_sound(mm);
}
END_TEST

/* Expect active pages to be spared, and that to be noted, while the inactive list is not low. */
START_TEST(active_pages_are_spared)
{
	struct mm *mm = draw("LLLLLLxxxxxxxxxx");
	struct mm_scan sc = scan(0, 100);

	put(mm, MM_LRU_INACTIVE_FILE, "0 1 2");
	put(mm, MM_LRU_ACTIVE_FILE, "3 4 5");
	mm_shrink_node(mm, 0, &sc);
	expect_lru(mm, MM_LRU_ACTIVE_FILE, "3 4 5");
	ck_assert(sc.skipped_deactivate);
	expect_sound(mm);
}
END_TEST

/* Expect anonymous pages to stay where there is no swap; where there is, to take a slot at the
 * first look and to go at the second. */
START_TEST(anonymous_pages_need_swap)
{
	struct mm *mm = draw("LLLLxxxxxxxxxxxx");
	struct mm_scan sc = scan(0, 100);

	put(mm, MM_LRU_INACTIVE_ANON, "0 1 2 3");
	mm_shrink_node(mm, 0, &sc);
	expect_memory(mm, "LLLLxxxxxxxxxxxx");
	mm->swap_free = 3;
	mm_shrink_node(mm, 0, &sc);
	ck_assert_uint_eq(mm->swap_free, 0);
	ck_assert_uint_eq(mm_stats(mm)->reclaimed_anon, 0);
	expect_memory(mm, "LLLLxxxxxxxxxxxx");
	mm->swap_free = 1; /* of another page, or nobody would try */
	mm_shrink_node(mm, 0, &sc);
	ck_assert_uint_eq(mm_stats(mm)->reclaimed_anon, 3);
	expect_sound(mm);
}
END_TEST

/* Expect a page that a fault mapped to be spared once [folio_check_references]. */
START_TEST(mapped_pages_are_spared_once)
{
	struct mm *mm = draw("LLLLxxxxxxxxxxxx");
	struct mm_scan sc = scan(1, 100);

	put(mm, MM_LRU_INACTIVE_FILE, "0 1 2 3");
	mm_frame(mm, at(0))->flags |= MM_F_YOUNG;
	mm_shrink_node(mm, 0, &sc);
	expect_lru(mm, MM_LRU_INACTIVE_FILE, "2 3 0");
	sc = scan(0, 100);
	mm_shrink_node(mm, 0, &sc);
	expect_memory(mm, "ppppxxxxxxxxxxxx");
	expect_sound(mm);
}
END_TEST

/* Expect a page that cannot go to return to the young end. */
START_TEST(pinned_pages_rotate)
{
	struct mm *mm = draw("LLLLxxxxxxxxxxxx");
	struct mm_scan sc = scan(1, 100);

	put(mm, MM_LRU_INACTIVE_FILE, "0 1 2 3");
	mm_frame(mm, at(0))->flags |= MM_F_PINNED;
	mm_shrink_node(mm, 0, &sc);
	expect_memory(mm, "LpLLxxxxxxxxxxxx");
	expect_lru(mm, MM_LRU_INACTIVE_FILE, "2 3 0");
	ck_assert_uint_eq(sc.nr_reclaimed, 1);
	ck_assert_uint_eq(sc.nr_scanned, 2);
	expect_sound(mm);
}
END_TEST

/*
 * before  LLLLxxxx   inactive file 0 1 2 3; 0 is dirty, 1 is being written
 * after   LLppxxxx   active file 0 1, marked
 * then    the writeback of 1 ends: inactive file 1, at the old end; 0 has to wait
 */
START_TEST(dirty_pages_step_aside)
{
	struct mm *mm = draw("LLLLxxxxxxxxxxxx");
	struct mm_scan sc = scan(0, 100);

	put(mm, MM_LRU_INACTIVE_FILE, "0 1 2 3");
	mm_frame(mm, at(0))->flags |= MM_F_DIRTY;
	mm_frame(mm, at(1))->flags |= MM_F_WRITEBACK;
	mm_shrink_node(mm, 0, &sc);
	expect_memory(mm, "LLppxxxxxxxxxxxx");
	expect_lru(mm, MM_LRU_ACTIVE_FILE, "0 1");
	put(mm, MM_LRU_INACTIVE_FILE, "4 5");
	mm_lru_written(mm, at(1));
	expect_lru(mm, MM_LRU_INACTIVE_FILE, "1 4 5");
	expect_lru(mm, MM_LRU_ACTIVE_FILE, "0");
	expect_sound(mm);
}
END_TEST

/* The end of a writeback that reclaim did not come across moves nothing. */
START_TEST(writeback_alone_moves_nothing)
{
	struct mm *mm = draw("LLLLxxxxxxxxxxxx");

	put(mm, MM_LRU_INACTIVE_FILE, "0 1");
	put(mm, MM_LRU_ACTIVE_FILE, "2 3");
	mm_frame(mm, at(1))->flags |= MM_F_WRITEBACK;
	mm_frame(mm, at(3))->flags |= MM_F_WRITEBACK;
	mm_lru_written(mm, at(1));
	mm_lru_written(mm, at(3));
	expect_lru(mm, MM_LRU_INACTIVE_FILE, "0 1");
	expect_lru(mm, MM_LRU_ACTIVE_FILE, "2 3");
	expect_sound(mm);
}
END_TEST

/*
 * Pages 0 1 2 3 4 5, oldest first, of zone Normal (index 2) and a scan for zones up to DMA32 (index
 * 1). Expect nothing to be looked at: the list's size in those zones is nothing, whatever its
 * length.
 */
START_TEST(lists_are_sized_by_zone)
{
	struct mm *mm = draw("LLLLLLxxxxxxxxxx");
	struct mm_scan sc = scan(0, 100);

	sc.highest = 1;
	put(mm, MM_LRU_INACTIVE_FILE, "0 1 2 3 4 5");
	ck_assert_uint_eq(mm->zones[0].nr_lru[MM_LRU_INACTIVE_FILE], 6);
	mm_shrink_node(mm, 0, &sc);
	ck_assert_uint_eq(sc.nr_scanned, 0);
	expect_lru(mm, MM_LRU_INACTIVE_FILE, "0 1 2 3 4 5");
	expect_sound(mm);
}
END_TEST

/* ---- how far ---- */

static struct mm *machine_with_cache(uint32_t pages, uint32_t cached)
{
	struct mm *mm = kit_machine(pages, 1);

	for (uint32_t n = 0; n < cached; n++) {
		mm_frame(mm, at(n))->flags |= MM_F_FILE;
		mm_lru_add(mm, at(n), MM_LRU_INACTIVE_FILE);
	}
	return mm;
}

/*
 * 4096 inactive file pages, 32 wanted. Priority 12 takes 4096 >> 12 = 1, 11 takes 4095 >> 11 = 1,
 * then 4094 >> 10 = 3, 4091 >> 9 = 7, 4084 >> 8 = 15 (27 so far) and 4069 >> 7 = 31: enough.
 */
START_TEST(direct_reclaim_by_priority)
{
	struct mm *mm = machine_with_cache(8192, 4096);
	struct mm_request rq = {.gfp = KERNEL};

	ck_assert_uint_eq(mm_direct_reclaim(mm, &rq, false), 58);
	ck_assert_uint_eq(mm_stats(mm)->reclaimed_direct, 58);
	ck_assert_uint_eq(mm_stats(mm)->reclaimed_kswapd, 0);
	ck_assert_uint_eq(mm_stats(mm)->direct_reclaims, 1);
	expect_sound(mm);
}
END_TEST

/* Expect nothing where nothing can go, and no end of priorities to change that. */
START_TEST(direct_reclaim_of_nothing)
{
	struct mm *mm = kit_machine(1024, 1);
	struct mm_request rq = {.gfp = KERNEL};

	ck_assert_uint_eq(mm_direct_reclaim(mm, &rq, false), 0);
	expect_sound(mm);
}
END_TEST

/* Only active pages: spared first, then, as nothing else helps, aged by force and taken. */
START_TEST(direct_reclaim_forces_deactivation)
{
	struct mm *mm = kit_machine(1024, 1);
	struct mm_request rq = {.gfp = KERNEL};

	for (uint32_t n = 0; n < 64; n++) {
		mm_frame(mm, at(n))->flags |= MM_F_FILE;
		mm_lru_add(mm, at(n), n < 32 ? MM_LRU_INACTIVE_FILE : MM_LRU_ACTIVE_FILE);
		if (n < 32)
			mm_frame(mm, at(n))->flags |= MM_F_PINNED;
	}
	ck_assert_uint_gt(mm_direct_reclaim(mm, &rq, false), 0);
	ck_assert_uint_gt(mm_stats(mm)->deactivated, 0);
	expect_sound(mm);
}
END_TEST

/* sqrt(10 * GiB) to 1 above one GiB of pages, 1 to 1 below. */
START_TEST(balance_of_active_and_inactive)
{
	struct mm *mm = kit_machine(1024, 1);
	uint32_t *nr = mm->nodes[0].nr_lru;

	nr[MM_LRU_INACTIVE_FILE] = 100;
	nr[MM_LRU_ACTIVE_FILE] = 100;
	ck_assert(!mm_lru_inactive_is_low(mm, 0, MM_LRU_INACTIVE_FILE));
	nr[MM_LRU_ACTIVE_FILE] = 101;
	ck_assert(mm_lru_inactive_is_low(mm, 0, MM_LRU_INACTIVE_FILE));
	nr[MM_LRU_INACTIVE_FILE] = 100000; /* 1.5 GiB together: 3 to 1 */
	nr[MM_LRU_ACTIVE_FILE] = 300000;
	ck_assert(!mm_lru_inactive_is_low(mm, 0, MM_LRU_INACTIVE_FILE));
	nr[MM_LRU_ACTIVE_FILE] = 300001;
	ck_assert(mm_lru_inactive_is_low(mm, 0, MM_LRU_INACTIVE_FILE));
	nr[MM_LRU_INACTIVE_FILE] = nr[MM_LRU_ACTIVE_FILE] = 0;
	mm_free(mm);
}
END_TEST

/* ---- kswapd ---- */

static void set_wmark(struct mm *mm, uint32_t min, uint32_t low, uint32_t high)
{
	mm->zones[0].wmark[MM_WMARK_MIN] = min;
	mm->zones[0].wmark[MM_WMARK_LOW] = low;
	mm->zones[0].wmark[MM_WMARK_HIGH] = high;
}

START_TEST(kswapd_fills_to_the_high_watermark)
{
	struct mm *mm = machine_with_cache(8192, 4096);

	set_wmark(mm, 50, 75, 100);
	ck_assert(mm_kswapd_needed(mm, 0, 0, 2));
	mm_balance_node(mm, 0, 0, 0, 2, false);
	ck_assert(mm_node_balanced(mm, 0, 0, 2));
	ck_assert(!mm_kswapd_needed(mm, 0, 0, 2));
	ck_assert_int_gt(mm->zones[0].free_global, 100);
	ck_assert_int_eq(mm->zones[0].flags & MM_ZONE_RECLAIM_ACTIVE, 0);
	ck_assert_uint_eq(mm_stats(mm)->reclaimed_direct, 0);
	expect_sound(mm);
}
END_TEST

/*
 * A task waits for 1000 pages at 2000 ns each: kswapd scans 500 in that time at 250000 a second,
 * and goes on where it stopped. Expect nothing without time, so much with it, and its end only when
 * the driver asks.
 */
START_TEST(kswapd_works_while_a_task_waits)
{
	struct mm *mm = machine_with_cache(8192, 4096);

	set_wmark(mm, 1000, 1500, 2000);
	mm->kswapd_sliced = 1;
	mm_balance_node(mm, 0, 0, 0, 2, false);
	ck_assert(mm_balancing(mm, 0));
	mm_pass_compacted(mm, 1000, 0);
	ck_assert_uint_eq(mm_stats(mm)->scanned_kswapd, 0);
	mm->passing = (struct mm_passing){
		.per_scanned = 2000, .kswapd = {{.speed = 250000}}, .nr_kswapd = 1};
	mm_pass_compacted(mm, 1000, 0);
	ck_assert_uint_eq(mm->passing.ns, 2000000);
	ck_assert_int_ge(mm->kswapd_budget, 0);
	ck_assert_int_lt(mm->kswapd_budget, 32);
	ck_assert_int_eq(mm->kswapd_budget, 500 - (int64_t)mm_stats(mm)->scanned_kswapd);
	ck_assert(!mm_node_balanced(mm, 0, 0, 2));
	mm_pass_compacted(mm, 100000, 0);
	ck_assert(mm_node_balanced(mm, 0, 0, 2));
	ck_assert(mm_balancing(mm, 0));
	mm_balance_node(mm, 0, 0, 0, 2, false);
	ck_assert(!mm_balancing(mm, 0));
	/* Who sleeps meanwhile has not used that time. */
	mm->passing.kswapd_ns = 0;
	mm_pass_compacted(mm, 1000, 0);
	ck_assert_uint_eq(mm->passing.kswapd_ns, 0);
	expect_sound(mm);
}
END_TEST

/*
 * Half of the cache is active and has to be aged. Expect kswapd that may scan or age 8 pages at a
 * time, and so stops between the portions of a round, to get where it gets in one go: the same
 * pages on the same lists.
 */
START_TEST(kswapd_goes_on_in_mid_round)
{
	struct mm *whole = machine_with_cache(8192, 4096), *sliced = machine_with_cache(8192, 4096);
	struct mm *both[] = {whole, sliced};
	uint32_t stops = 0;

	for (int i = 0; i < 2; i++) {
		for (uint32_t n = 0; n < 3000; n++)
			mm_lru_activate(both[i], at(n));
		set_wmark(both[i], 1000, 1500, 2000);
	}
	mm_balance_node(whole, 0, 0, 0, 2, false);
	sliced->kswapd_sliced = 1;
	sliced->kswapd_cost = (struct mm_kswapd_cost){.scanned = 4, .aged = 1};
	mm_balance_node(sliced, 0, 0, 0, 2, false);
	for (; mm_balancing(sliced, 0); stops += sliced->nodes[0].balance.shrinking.under_way) {
		sliced->kswapd_budget += 32;
		mm_balance_node(sliced, 0, 0, 0, 2, false);
	}
	ck_assert_uint_gt(stops, 50);
	ck_assert_uint_gt(mm_stats(whole)->reclaimed_kswapd, 1500);
	ck_assert_uint_gt(mm_stats(whole)->deactivated, 500);
	sliced->kswapd_sliced = 0;
	sliced->kswapd_cost = whole->kswapd_cost;
	sliced->kswapd_budget = whole->kswapd_budget;
	for (int i = 0; i < 2; i++)
		memset(&both[i]->nodes[0].balance, 0, sizeof(both[i]->nodes[0].balance));
	ck_assert_uint_eq(mm_hash(sliced), mm_hash(whole));
	mm_free(sliced);
	expect_sound(whole);
}
END_TEST

/* A task that has woken kswapd comes to reclaim. Expect kswapd to have scanned for its 600 ns
 * before that, and once. */
START_TEST(who_woke_kswapd_gives_way)
{
	struct mm *mm = machine_with_cache(8192, 4096);

	set_wmark(mm, 1000, 1500, 2000);
	mm->kswapd_sliced = 1;
	mm_balance_node(mm, 0, 0, 0, 2, false);
	mm->passing = (struct mm_passing){
		.give_way = 600, .kswapd = {{.speed = 1000000000}}, .nr_kswapd = 1};
	mm_direct_reclaim(mm, &(struct mm_request){.gfp = KERNEL}, false);
	ck_assert_uint_eq(mm->passing.ns, 600);
	ck_assert_uint_gt(mm_stats(mm)->scanned_kswapd, 600 - 32);
	ck_assert_uint_gt(mm_stats(mm)->scanned_direct, 0);
	mm_pass_turn(mm);
	ck_assert_uint_eq(mm->passing.ns, 600);
	expect_sound(mm);
}
END_TEST

/* Time from 10 to 60 ns at 1, from 20 on at 2 and from 50 on at no unit a ns: 10 + 60. */
START_TEST(work_at_paces)
{
	const struct mm_pace paces[] = {{0, 1000000000}, {20, 2000000000}, {50, 0}};
	uint64_t place = 0, rest = 0;

	ck_assert_uint_eq(mm_paced(paces, 3, &place, 10, 60, &rest), 70);
	ck_assert_uint_eq(place, 2);
	ck_assert_uint_eq(mm_paced(paces, 3, &place, 60, 5000, &rest), 0);
	place = 0;
	ck_assert_uint_eq(mm_paced(paces, 1, &place, 0, 3000000000, &rest), 3000000000);
	ck_assert_uint_eq(mm_paced(paces, 0, &place, 0, 5000, &rest), 0);
	/* Two thirds of a unit a ns: what does not make a whole one is kept. */
	ck_assert_uint_eq(mm_paced(&(struct mm_pace){.speed = 666666667}, 1, &place, 0, 2, &rest),
			  1);
	ck_assert_uint_eq(mm_paced(&(struct mm_pace){.speed = 666666667}, 1, &place, 2, 3, &rest),
			  1);
}
END_TEST

/* Expect direct reclaim to take time too, by what it got. */
START_TEST(reclaim_takes_time)
{
	struct mm *mm = machine_with_cache(8192, 4096);
	uint64_t got;

	mm->passing.per_reclaimed = 10;
	got = mm_direct_reclaim(mm, &(struct mm_request){.gfp = KERNEL}, false);
	ck_assert_uint_eq(mm->passing.ns, 10 * got);
	mm_free(mm);
}
END_TEST

/*
 * Reclaim for a huge page goes round and round in one call [should_continue_reclaim]: at priority
 * 11 it takes one page of 4095 >> 11 at a time, until a 2048th is nothing. kswapd, which is as
 * fast, works between the rounds: expect each to get half of these 2049 pages, give or take two
 * portions.
 */
START_TEST(long_reclaim_takes_time_as_it_goes)
{
	struct mm *mm = machine_with_cache(8192, 4096);

	set_wmark(mm, 6000, 7000, 8000);
	mm->kswapd_sliced = 1;
	mm_balance_node(mm, 0, 0, 0, 2, false);
	ck_assert(mm_balancing(mm, 0));
	ck_assert_uint_eq(mm_stats(mm)->reclaimed_kswapd, 0);
	mm->passing = (struct mm_passing){
		.per_reclaimed = 1000, .kswapd = {{.speed = 1000000}}, .nr_kswapd = 1};
	mm_direct_reclaim(mm, &(struct mm_request){.order = 9, .gfp = KERNEL}, true);
	ck_assert_uint_eq(mm->nodes[0].nr_lru[MM_LRU_INACTIVE_FILE], 2047);
	ck_assert_uint_ge(mm_stats(mm)->reclaimed_direct, 1024 - 64);
	ck_assert_uint_le(mm_stats(mm)->reclaimed_direct, 1024 + 64);
	expect_sound(mm);
}
END_TEST

/* Expect kswapd to be left alone after 16 runs that got nothing, until reclaim makes progress
 * again. */
START_TEST(hopeless_node)
{
	struct mm *mm = kit_machine(1024, 1);

	set_wmark(mm, 50, 75, 100);
	for (int i = 0; i < 16; i++) {
		ck_assert(mm_kswapd_needed(mm, 0, 0, 2));
		mm_balance_node(mm, 0, 0, 0, 2, false);
	}
	ck_assert(!mm_kswapd_needed(mm, 0, 0, 2));
	put(mm, MM_LRU_INACTIVE_FILE, "0 1 2 3");
	ck_assert_uint_eq(mm_direct_reclaim(mm, &(struct mm_request){.gfp = KERNEL}, false), 4);
	ck_assert(mm_kswapd_needed(mm, 0, 0, 2));
	expect_sound(mm);
}
END_TEST

/* Expect a boosted watermark to be worked off even where the node is balanced, and the boost to be
 * gone. */
START_TEST(boost_is_worked_off)
{
	struct mm *mm = machine_with_cache(8192, 4096);

	for (uint32_t n = 4096; n < 6144; n++)
		mm_free_page(mm, 0, at(n), 0);
	mm_drain_all(mm);
	mm_fold_diffs(mm, 0);
	mm_balance_node(mm, 0, 0, 0, 2, false);
	ck_assert_uint_eq(mm_stats(mm)->reclaimed_kswapd, 0);
	mm->zones[0].boost = 512;
	mm_balance_node(mm, 0, 0, 0, 2, false);
	ck_assert_uint_eq(mm->zones[0].boost, 0);
	ck_assert_uint_gt(mm_stats(mm)->reclaimed_kswapd, 0);
	expect_sound(mm);
}
END_TEST

/* ---- lumpy ---- */

static void cache_page(struct mm *mm, uint32_t n, enum mm_lru lru)
{
	mm_frame(mm, at(n))->flags |= MM_F_FILE;
	mm_lru_add(mm, at(n), lru);
}

/*
 * 1024 pages: 0 to 511 the young and active half of the cache, but page 100, which is old; 512
 * kernel page; 513 up old. Expect one request of order 9 to take the whole window 0 to 511 around
 * page 100, active or not, and a huge page.
 */
START_TEST(lumpy_takes_the_window)
{
	struct mm *mm = kit_machine(1024, 1);
	struct mm_request rq = {.gfp = KERNEL, .order = 9};

	cache_page(mm, 100, MM_LRU_INACTIVE_FILE);
	for (uint32_t n = 513; n < 1024; n++)
		cache_page(mm, n, MM_LRU_INACTIVE_FILE);
	for (uint32_t n = 0; n < 512; n++) {
		if (n != 100)
			cache_page(mm, n, MM_LRU_ACTIVE_FILE);
	}
	ck_assert_uint_ge(mm_lumpy_reclaim(mm, &rq), 512);
	mm_drain_all(mm);
	ck_assert(mm_on_buddy_list(mm, at(0)));
	ck_assert_uint_eq(mm_frame(mm, at(0))->order, 9);
	ck_assert(!mm_on_buddy_list(mm, at(512)));
	expect_sound(mm);
}
END_TEST

/*
 * The same memory, order 2, at first priority: not lumpy mode. Expect windows of four pages, but
 * only pages of the list that is scanned: active pages stay.
 */
START_TEST(small_orders_take_their_own_kind)
{
	struct mm *mm = kit_machine(131072, 1);
	struct mm_request rq = {.gfp = KERNEL, .order = 2};

	cache_page(mm, 101, MM_LRU_INACTIVE_FILE);
	cache_page(mm, 100, MM_LRU_ACTIVE_FILE);
	cache_page(mm, 103, MM_LRU_INACTIVE_FILE);
	for (uint32_t n = 4096; n < 131072; n += 4)
		cache_page(mm, n, MM_LRU_INACTIVE_FILE);
	ck_assert_uint_ge(mm_lumpy_reclaim(mm, &rq), 32);
	ck_assert(mm_on_lru_list(mm, at(100)));
	ck_assert(!mm_on_lru_list(mm, at(101)));
	ck_assert(!mm_on_lru_list(mm, at(103)));
	expect_sound(mm);
}
END_TEST

static Suite *reclaim_suite(void)
{
	Suite *s = suite_create("reclaim");
	TCase *tc = kit_case(s, "lists");

	tcase_add_test(tc, oldest_half_goes);
	tcase_add_test(tc, short_lists_wait_for_priority);
	tcase_add_test(tc, active_pages_age_first);
	tcase_add_test(tc, active_pages_are_spared);
	tcase_add_test(tc, anonymous_pages_need_swap);
	tcase_add_test(tc, mapped_pages_are_spared_once);
	tcase_add_test(tc, pinned_pages_rotate);
	tcase_add_test(tc, dirty_pages_step_aside);
	tcase_add_test(tc, writeback_alone_moves_nothing);
	tcase_add_test(tc, lists_are_sized_by_zone);
	tc = kit_case(s, "direct");
	tcase_add_test(tc, direct_reclaim_by_priority);
	tcase_add_test(tc, direct_reclaim_of_nothing);
	tcase_add_test(tc, direct_reclaim_forces_deactivation);
	tcase_add_test(tc, balance_of_active_and_inactive);
	tc = kit_case(s, "kswapd");
	tcase_add_test(tc, kswapd_fills_to_the_high_watermark);
	tcase_add_test(tc, kswapd_works_while_a_task_waits);
	tcase_add_test(tc, kswapd_goes_on_in_mid_round);
	tcase_add_test(tc, who_woke_kswapd_gives_way);
	tcase_add_test(tc, work_at_paces);
	tcase_add_test(tc, reclaim_takes_time);
	tcase_add_test(tc, long_reclaim_takes_time_as_it_goes);
	tcase_add_test(tc, hopeless_node);
	tcase_add_test(tc, boost_is_worked_off);
	tc = kit_case(s, "lumpy");
	tcase_add_test(tc, lumpy_takes_the_window);
	tcase_add_test(tc, small_orders_take_their_own_kind);
	return s;
}

int main(void)
{
	return kit_main(reclaim_suite());
}
