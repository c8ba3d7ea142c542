// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fragmentation index against figures that others published and vectors worked out by hand.
 *
 * The published ones: R. M. Harris, "mm: threshold for compaction", linux-mm, February 2018: two
 * lines of buddyinfo and the index for every order as /sys/kernel/debug/extfrag/extfrag_index
 * printed it, in thousandths.
 */
#include "mm/mm.h"

#include <check.h>
#include <stdlib.h>

static int index_of(const uint64_t *nr_free, uint32_t order)
{
	struct mm_index ix;

	mm_index_from_counts(nr_free, 11, order, &ix);
	return mm_fragmentation_index(&ix, order);
}

/* buddyinfo "1983 0 0 0 0 0 0 0 0 0 0": many small pieces, the index rises to fragmentation */
static const int many_pieces[11] = {-1000, 500, 750, 875, 937, 969, 984, 992, 996, 998, 999};
/* buddyinfo "1 0 0 0 0 0 0 0 0 0 0": hardly any memory; the letter's signs are those of a fraction
 */
static const int one_piece[11] = {-1000, -500, -250, -125, -62, -31, -15, -7, -3, -1, 0};

START_TEST(published_many_pieces)
{
	uint64_t nr_free[11] = {1983};

	ck_assert_int_eq(index_of(nr_free, (uint32_t)_i), many_pieces[_i]);
}
END_TEST

START_TEST(published_one_piece)
{
	uint64_t nr_free[11] = {1};

	ck_assert_int_eq(index_of(nr_free, (uint32_t)_i), one_piece[_i]);
}
END_TEST

/* Vectors T4 of the facts: the arithmetic stands beside each. */
static const struct {
	uint64_t nr_free[11];
	uint32_t order;
	int index;
} vectors[] = {
	{{1000}, 9, 998},	/* 1000 - (1000 + 1000000/512 = 1953) / 1000 = 1000 - 2 */
	{{[8] = 1}, 9, -500},	/* 1000 - (1000 + 256000/512 = 500) / 1 */
	{{[8] = 2}, 9, 0},	/* 1000 - (1000 + 1000) / 2 */
	{{[9] = 1}, 9, -1000},	/* would succeed */
	{{[10] = 1}, 9, -1000}, /* a larger one serves too */
	{{1}, 9, -1},		/* 1000 - (1000 + 1000/512 = 1) / 1 */
	{{0}, 9, 0},		/* nothing free: lack of memory */
	{{[3] = 7, [5] = 1},
	 6,
	 1000 - 2375 / 8}, /* 56 + 32 = 88 pages; 88000/64 = 1375; (1000 + 1375) / 8 */
};

START_TEST(fragmentation_vectors)
{
	ck_assert_int_eq(index_of(vectors[_i].nr_free, vectors[_i].order), vectors[_i].index);
}
END_TEST

/*
 * Why settings below about 500 are one setting: without a suitable block the free pages are at
 * most blocks * 2^(order-1), so the index is at least 500 - 1000 / blocks. Expect it for many
 * blocks of the next smaller order.
 */
START_TEST(index_has_a_floor)
{
	for (uint64_t blocks = 1; blocks < 3000; blocks += 37) {
		uint64_t nr_free[11] = {[8] = blocks};
		int index = index_of(nr_free, 9);

		ck_assert_int_ge(index, 500 - (int)(1000 / blocks) - 1);
		ck_assert_int_le(index, 500);
	}
}
END_TEST

/* T7: {order 0: 8, order 3: 1} is 16 pages, for order 2 there are 2 suitable blocks: 1000 * (16 -
 * 8) / 16. */
START_TEST(unusable_index)
{
	uint64_t nr_free[11] = {[0] = 8, [3] = 1}, none[11] = {0};
	struct mm_index ix;

	mm_index_from_counts(nr_free, 11, 2, &ix);
	ck_assert_uint_eq(ix.free_pages, 16);
	ck_assert_uint_eq(ix.free_blocks_total, 9);
	ck_assert_uint_eq(ix.free_blocks_suitable, 2);
	ck_assert_int_eq(mm_unusable_index(&ix, 2), 500);
	mm_index_from_counts(nr_free, 11, 0, &ix);
	ck_assert_int_eq(mm_unusable_index(&ix, 0), 0); /* every free page serves order 0 */
	mm_index_from_counts(nr_free, 11, 4, &ix);
	ck_assert_int_eq(mm_unusable_index(&ix, 4), 1000);
	mm_index_from_counts(none, 11, 2, &ix);
	ck_assert_int_eq(mm_unusable_index(&ix, 2),
			 1000); /* nothing free: all unusable, as the kernel says */
}
END_TEST

/* T7: {order 8: 1, order 9: 1} is 768 pages, one suitable block of 512: 100 * 256 / 768 = 33. */
START_TEST(extfrag_for_order)
{
	uint64_t nr_free[11] = {[8] = 1, [9] = 1}, none[11] = {0};
	struct mm_index ix;

	mm_index_from_counts(nr_free, 11, 9, &ix);
	ck_assert_int_eq(mm_extfrag_for_order(&ix, 9), 33);
	mm_index_from_counts(none, 11, 9, &ix);
	ck_assert_int_eq(mm_extfrag_for_order(&ix, 9), 0);
}
END_TEST

/* 64-bit products: 2^31 order-10 blocks are 8 PiB; free_pages * 1000 does not fit 32 bits long
 * before. */
START_TEST(large_machines)
{
	uint64_t nr_free[11] = {[8] = 1ull << 31};

	ck_assert_int_eq(index_of(nr_free, 9),
			 500); /* (1000 + 2^39 * 1000 / 512) / 2^31 = 500 and a bit */
}
END_TEST

static Suite *index_suite(void)
{
	Suite *s = suite_create("index");
	TCase *tc = tcase_create("index");

	suite_add_tcase(s, tc);
	tcase_add_loop_test(tc, published_many_pieces, 0, 11);
	tcase_add_loop_test(tc, published_one_piece, 0, 11);
	tcase_add_loop_test(tc, fragmentation_vectors, 0, (int)ARRAY_SIZE(vectors));
	tcase_add_test(tc, index_has_a_floor);
	tcase_add_test(tc, unusable_index);
	tcase_add_test(tc, extfrag_for_order);
	tcase_add_test(tc, large_machines);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(index_suite());
	int failed;

	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
