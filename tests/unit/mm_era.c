// SPDX-License-Identifier: GPL-2.0-only
/*
 * What 5.10 does otherwise than 6.1 (page_alloc.c of 5.10.228 and 6.1.192; kernel-facts 1.6, 2.2,
 * 3.3, 3.6, 5.5, 5.6, section 14). Each case runs on both, so that it shows the difference.
 */
#include "mm/era.h"
#include "tests/unit/mm_kit.h"

#include <string.h>

#define GFP_ATOMIC (MM_GFP_HIGH | MM_GFP_ATOMIC | MM_GFP_KSWAPD_RECLAIM)

static void become(struct mm *mm, const char *release)
{
	bool exact;

	mm->era_index = mm_era_find(release, &exact);
	ck_assert(exact);
}

static struct mm *draw_5_10(const char *drawing, const char *types)
{
	struct mm *mm = kit_draw(drawing, types);

	become(mm, "5.10.223");
	return mm;
}

/* ---- per-cpu lists ---- */

/* Only order 0 has lists; high is 6 batches: 378 for 63. */
START_TEST(order_0_alone_is_cached)
{
	struct mm *mm = kit_machine(1024, 1);

	become(mm, "5.10.223");
	for (uint32_t o = 0; o <= 10; o++)
		ck_assert_int_eq(mm_pcp_allowed_order(mm, o), o == 0);
	mm->zones[0].wmark[MM_WMARK_LOW] = 10000;
	ck_assert_int_eq(mm_era_high(mm, 0, 63), 378);
	ck_assert_uint_eq(mm_pindex(mm, 0, MM_RECLAIMABLE), 2);
	mm_pcp(mm, 0, 0)->batch = 63;
	ck_assert_uint_eq(mm_refill_want(mm, 0, 0, 0), 63);
	mm_free(mm);
}
END_TEST

/* The lists' pages, head first, are 2, 4, 6...: @n of each type, from frames 100 * type on. */
static void fill_lists(struct mm *mm, const uint32_t n[3])
{
	for (uint32_t t = 0; t < 3; t++)
		for (uint32_t i = 0; i < n[t]; i++)
			mm_build_pcp(mm, at(100 * t + 2 * i), 0, 0, t, t);
}

/*
 * One row: pages on the lists of unmovable, movable, reclaimable; how many are drained; which, in
 * order. A running number grows with every list looked at and says how many pages the list that is
 * found gives; it begins with movable. A list found on the third look gives everything.
 */
static const struct {
	uint32_t n[3];
	int32_t count;
	const char *drained;
} drains[] = {
	/* one of each in turn: movable, reclaimable, unmovable */
	{{3, 3, 3}, 6, "104 204 4 102 202 2"},
	/* reclaimable is empty: the number is 2 at unmovable */
	{{4, 4, 0}, 6, "106 6 4 104 2 0"},
	/* only unmovable: found on the third look, all that is asked */
	{{5, 0, 0}, 4, "8 6 4 2"},
	/* movable and reclaimable run out; then the third look */
	{{5, 1, 1}, 6, "100 200 8 6 4 2"},
	/* unmovable has one page where two were due: the other is added to the next list's */
	{{1, 5, 0}, 5, "108 0 106 104 102"},
	/* never more than there is */
	{{1, 1, 1}, 100, "100 200 0"},
};

START_TEST(drain_by_type)
{
	struct mm *mm = kit_machine(1024, 1);
	struct mm_drain d;
	struct strbuf got;

	become(mm, "5.10.223");
	fill_lists(mm, drains[_i].n);
	strbuf_init(&got);
	/* where to begin is 6.1's question; 5.10 ignores it */
	mm_drain_begin(mm, &d, 0, 0, drains[_i].count, 2);
	while (d.active) {
		strbuf_printf(&got, "%s%u", got.len ? " " : "", mm_drain_peek(mm, &d).n);
		mm_drain_step(mm, &d);
	}
	ck_assert_str_eq(got.s, drains[_i].drained);
	strbuf_release(&got);
	mm_free(mm);
}
END_TEST

/*
 * A full list drains one batch each time, however many frees in a row there were, whether kswapd
 * works or not; the free factor does not exist.
 */
START_TEST(drains_do_not_grow)
{
	struct mm *mm = kit_machine(1024, 1);
	struct mm_pcp *pcp = mm_pcp(mm, 0, 0);
	uint32_t next = 0;

	become(mm, "5.10.223");
	pcp->batch = 7;
	pcp->high = 42;
	mm->zones[0].flags |= MM_ZONE_RECLAIM_ACTIVE;
	for (int round = 0; round < 4; round++) {
		struct mm_drain d;

		do
			mm_pcp_free(mm, 0, at(next++), 0, &d);
		while (!d.active);
		ck_assert_int_eq(d.left, 7);
		ck_assert_int_eq(pcp->count, 42);
		mm_drain_finish(mm, &d);
	}
	ck_assert_uint_eq(next, 42 + 3 * 7);
	ck_assert_int_eq(pcp->free_factor, 0);
	mm_free(mm);
}
END_TEST

/* One drain takes everything, in one go. */
START_TEST(drain_whole_zone_at_once)
{
	struct mm *mm = kit_machine(1024, 1);
	uint64_t before = mm_stats(mm)->drains;

	become(mm, "5.10.223");
	fill_lists(mm, (const uint32_t[]){40, 40, 0});
	mm_drain_zone(mm, 0, 0);
	ck_assert_int_eq(mm_pcp(mm, 0, 0)->count, 0);
	ck_assert_uint_eq(mm_stats(mm)->drains - before, 1);
	mm_free(mm);
}
END_TEST

/*
 * Order 1 goes straight to the buddy lists. Order 0 that the lists and their refill cannot give is
 * not given: expect the highatomic page to stay, where 6.1 lets an atomic request have it.
 */
START_TEST(lists_or_nothing)
{
	struct mm *old = draw_5_10("h-x=xxxxxxxxxxxx", "H"), *new = mm_clone(old);
	struct mm_request rq = {.gfp = GFP_ATOMIC};

	become(new, "6.1.192");
	ck_assert(frame_is_none(mm_get_page(old, &rq, MM_ALLOC_NON_BLOCK)));
	ck_assert_uint_eq(mm_get_page(new, &rq, MM_ALLOC_NON_BLOCK).n, 0);
	mm_set_block_type(old, at(0), MM_MOVABLE);
	mm_free_page(old, 0, at(2), 1);
	expect_memory(old, "m---xxxxxxxxxxxx");
	mm_free(old);
	mm_free(new);
}
END_TEST

/* ---- merging and fallback ---- */

/*
 * before  m=block | h=block        whole blocks side by side
 * after   5.10: one order-5 buddy; 6.1 keeps them apart. Isolated blocks stay apart in both.
 */
START_TEST(blocks_of_all_types_merge)
{
	struct mm *old = draw_5_10("x===============|h---------------", "MH");
	struct mm *isolated = draw_5_10("x===============|i---------------", "MI");

	mm_free_one(old, at(0), 4, MM_MOVABLE, 0);
	expect_memory(old, "m-------------------------------");
	mm_free_one(isolated, at(0), 4, MM_MOVABLE, 0);
	expect_memory(isolated, "m---------------|i---------------");
	mm_free(old);
	mm_free(isolated);
}
END_TEST

/*
 * NOFRAGMENT looks at whole blocks and above, in 5.10 also for a request above a block: order 5
 * wanted, an order-5 buddy is free. Its lower bound is then the block's order, so expect an order-4
 * buddy to be found as well, which cannot serve.
 */
START_TEST(nofragment_bound)
{
	struct mm *old = draw_5_10("m---------------|xxxxxxxxxxxxxxxx", NULL), *new = mm_clone(old);
	struct mm_fallback fb;

	become(new, "6.1.192");
	ck_assert(mm_find_fallback(old, 0, 5, MM_UNMOVABLE, MM_ALLOC_NOFRAGMENT, &fb));
	ck_assert_uint_eq(fb.order, 4);
	ck_assert(!mm_find_fallback(new, 0, 5, MM_UNMOVABLE, MM_ALLOC_NOFRAGMENT, &fb));
	mm_free(old);
	mm_free(new);
}
END_TEST

/* ---- reserves ---- */

/* One row: a mark of 100, flags, and what is left of it by 5.10 and by 6.1. */
static const struct {
	uint32_t flags;
	int64_t old, new;
} marks[] = {
	{0, 100, 100},
	{MM_ALLOC_MIN_RESERVE, 50, 50},			     /* HIGH: half */
	{MM_ALLOC_NON_BLOCK, 75, 100},			     /* HARDER alone: a quarter */
	{MM_ALLOC_MIN_RESERVE | MM_ALLOC_NON_BLOCK, 38, 38}, /* 50 - 12 */
	{MM_ALLOC_OOM, 50, 50},
	{MM_ALLOC_OOM | MM_ALLOC_MIN_RESERVE | MM_ALLOC_NON_BLOCK, 25, 19}, /* 50 / 2; 38 - 19 */
};

START_TEST(marks_of_harder)
{
	struct mm *old = draw_5_10("xxxxxxxxxxxxxxxx", NULL), *new = mm_clone(old);

	become(new, "6.1.192");
	for (int64_t free = 0; free <= 101; free++) {
		ck_assert_int_eq(mm_watermark_ok(old, 0, 0, 100, 2, marks[_i].flags, free),
				 free > marks[_i].old);
		ck_assert_int_eq(mm_watermark_ok(new, 0, 0, 100, 2, marks[_i].flags, free),
				 free > marks[_i].new);
	}
	mm_free(old);
	mm_free(new);
}
END_TEST

/*
 * Who may have reserved pages: 5.10 goes by __GFP_ATOMIC, 6.1 by the lack of direct reclaim. Until
 * 6.1.115 the flags are 5.10's.
 */
static const struct {
	const char *release;
	uint32_t gfp, order, flags;
} flags[] = {
	{"5.10.223", GFP_ATOMIC, 0, MM_ALLOC_KSWAPD | MM_ALLOC_MIN_RESERVE | MM_ALLOC_NON_BLOCK},
	{"5.10.223", GFP_ATOMIC, 2,
	 MM_ALLOC_KSWAPD | MM_ALLOC_MIN_RESERVE | MM_ALLOC_NON_BLOCK | MM_ALLOC_HIGHATOMIC},
	{"5.10.223", GFP_ATOMIC | MM_GFP_NOMEMALLOC, 2, MM_ALLOC_KSWAPD | MM_ALLOC_MIN_RESERVE},
	{"5.10.223", MM_GFP_KSWAPD_RECLAIM, 2, MM_ALLOC_KSWAPD | MM_ALLOC_CPUSET},
	{"6.1.104", MM_GFP_KSWAPD_RECLAIM, 2, MM_ALLOC_KSWAPD | MM_ALLOC_CPUSET},
	{"6.1.116", MM_GFP_KSWAPD_RECLAIM, 2,
	 MM_ALLOC_KSWAPD | MM_ALLOC_CPUSET | MM_ALLOC_NON_BLOCK | MM_ALLOC_HIGHATOMIC},
	{"6.1.157", MM_GFP_KSWAPD_RECLAIM, 2,
	 MM_ALLOC_KSWAPD | MM_ALLOC_CPUSET | MM_ALLOC_NON_BLOCK},
};

START_TEST(flags_of_the_slow_path)
{
	struct mm *mm = kit_draw("xxxxxxxxxxxxxxxx", NULL);
	struct mm_request rq = {.gfp = flags[_i].gfp, .order = flags[_i].order};

	become(mm, flags[_i].release);
	ck_assert_uint_eq(mm_alloc_flags_slow(mm, &rq), flags[_i].flags);
	mm_free(mm);
}
END_TEST

/*
 * 11 free, 5 of them reserved. Expect 6 for ordinary requests, and in 5.10 for __GFP_HIGH alone as
 * well (mark 12 is halved to 6); HARDER has all 11 (mark 8 is 6); so has __GFP_HIGH in 6.1.
 */
START_TEST(reserve_is_for_harder)
{
	struct mm *mm = draw_5_10("m-xmxxxxm-------", NULL);

	mm->zones[0].reserved_highatomic = 5;
	ck_assert(!mm_watermark_ok(mm, 0, 0, 6, 2, 0, 11));
	ck_assert(mm_watermark_ok(mm, 0, 0, 8, 2, MM_ALLOC_NON_BLOCK, 11));
	ck_assert(!mm_watermark_ok(mm, 0, 0, 12, 2, MM_ALLOC_MIN_RESERVE, 11));
	become(mm, "6.1.192");
	ck_assert(mm_watermark_ok(mm, 0, 0, 12, 2, MM_ALLOC_MIN_RESERVE, 11));
	mm_free(mm);
}
END_TEST

static Suite *era_suite(void)
{
	Suite *s = suite_create("mm_era");
	TCase *tc = kit_case(s, "5.10");

	tcase_add_test(tc, order_0_alone_is_cached);
	tcase_add_loop_test(tc, drain_by_type, 0, (int)ARRAY_SIZE(drains));
	tcase_add_test(tc, drains_do_not_grow);
	tcase_add_test(tc, drain_whole_zone_at_once);
	tcase_add_test(tc, lists_or_nothing);
	tcase_add_test(tc, blocks_of_all_types_merge);
	tcase_add_test(tc, nofragment_bound);
	tcase_add_loop_test(tc, marks_of_harder, 0, (int)ARRAY_SIZE(marks));
	tcase_add_loop_test(tc, flags_of_the_slow_path, 0, (int)ARRAY_SIZE(flags));
	tcase_add_test(tc, reserve_is_for_harder);
	return s;
}

int main(void)
{
	return kit_main(era_suite());
}
