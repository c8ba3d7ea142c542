// SPDX-License-Identifier: GPL-2.0-only
/*
 * Expected numbers are from scipy 1.10.1 (Debian python3-scipy), with
 *   f = lambda x, y, axis: np.mean(x - y, axis=axis)
 *   permutation_test((b, a), f, permutation_type='samples', n_resamples=np.inf).pvalue
 *   binomtest(k, n, 0.5).pvalue
 * or counted by hand where the comment shows how.
 */
#include "stat/stat.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

#define SEED 1

START_TEST(permutation_by_hand)
{
	/* Of the 8 sign flips of 1, 1, 1 only +++ and --- reach a sum of 3: 2 / 8. */
	static const double same[] = {1, 1, 1};
	/* 1 and -1: every flip gives 0 or 2, all at least as far as the observed 0. */
	static const double none[] = {1, -1};
	/* The zero may take either sign: 4 of 64. */
	static const double six[] = {2, 3, 0, 3, 5, 1};
	bool exact;

	ck_assert_double_eq(paired_permutation_p(same, 3, SEED, &exact), 0.25);
	ck_assert(exact);
	ck_assert_double_eq(paired_permutation_p(none, 2, SEED, &exact), 1);
	ck_assert_double_eq(paired_permutation_p(six, 6, SEED, &exact), 0.0625);
}
END_TEST

START_TEST(permutation_as_scipy)
{
	static const double d[] = {3, -1, 4, 1, -5, 9, 2, 6};
	/* Thirds have no exact double: sums in another order must still count as ties. */
	double thirds[8];
	bool exact;

	for (int i = 0; i < 8; i++)
		thirds[i] = d[i] / 3;
	ck_assert_double_eq(paired_permutation_p(d, 8, SEED, &exact), 0.1875);
	ck_assert_double_eq(paired_permutation_p(thirds, 8, SEED, &exact), 0.1875);
}
END_TEST

START_TEST(many_pairs_are_drawn_at_random)
{
	double d[40];
	bool exact;
	double p;

	for (int i = 0; i < 40; i++)
		d[i] = (i + 1) % 3 ? i + 1 : -(i + 1);
	p = paired_permutation_p(d, 40, SEED, &exact);
	ck_assert(!exact);
	/* scipy with 2,000,000 resamples: 0.0663; one standard error of 100,000 draws is 0.0008. */
	ck_assert_double_eq_tol(p, 0.0663, 0.004);
	ck_assert_double_eq(paired_permutation_p(d, 40, SEED, &exact), p);
}
END_TEST

START_TEST(more_than_64_pairs)
{
	double d[100];
	bool exact;

	for (int i = 0; i < 100; i++)
		d[i] = 1;
	/* Nothing drawn comes near: only the observed arrangement itself counts. */
	ck_assert_double_eq(paired_permutation_p(d, 100, SEED, &exact), 1.0 / 100001);
}
END_TEST

START_TEST(sign_test)
{
	ck_assert_double_eq_tol(paired_sign_p(5, 0), 0.0625, 1e-12);
	ck_assert_double_eq_tol(paired_sign_p(0, 5), 0.0625, 1e-12);
	ck_assert_double_eq_tol(paired_sign_p(7, 3), 0.34375, 1e-12);
	ck_assert_double_eq_tol(paired_sign_p(6, 2), 0.2890625, 1e-12);
	ck_assert_double_eq_tol(paired_sign_p(60, 40), 0.05688793364098088, 1e-10);
	ck_assert_double_eq(paired_sign_p(4, 4), 1);
	ck_assert_double_eq(paired_sign_p(0, 0), 1);
	ck_assert(isfinite(paired_sign_p(5000, 4000)));
}
END_TEST

START_TEST(bootstrap_against_all_resamples)
{
	/* All 3125 resamples: np.quantile([sum(c) / 5 for c in product(d, repeat=5)], q). */
	static const double d[] = {1, 2, 4, 8, 16};
	static const double q[] = {0.025, 0.05, 0.95, 0.975};
	double got[4];

	paired_bootstrap(d, 5, SEED, q, got, 4);
	ck_assert_double_eq_tol(got[0], 2.0, 0.25);
	ck_assert_double_eq_tol(got[1], 2.44, 0.25);
	ck_assert_double_eq_tol(got[2], 10.4, 0.25);
	ck_assert_double_eq_tol(got[3], 11.4, 0.25);
}
END_TEST

START_TEST(figures_of_six_pairs)
{
	static const double a[] = {10, 12, 9, 15, 11, 14}, b[] = {12, 15, 9, 18, 16, 15};
	struct paired p;

	paired_compare(a, b, 6, &(struct paired_options){.seed = SEED}, &p);
	ck_assert_double_eq_tol(p.mean_a, 71.0 / 6, 1e-12);
	ck_assert_double_eq_tol(p.mean_b, 85.0 / 6, 1e-12);
	ck_assert_double_eq_tol(p.diff, 14.0 / 6, 1e-12);
	/* d.mean() / d.std(ddof=1) */
	ck_assert_double_eq_tol(p.effect, 1.3324272283470417, 1e-12);
	ck_assert_uint_eq(p.more, 5);
	ck_assert_uint_eq(p.less, 0);
	ck_assert_uint_eq(p.ties, 1);
	ck_assert_double_eq(p.p, 0.0625);
	ck_assert_double_eq_tol(p.p_sign, 0.0625, 1e-12);
	ck_assert_double_eq(p.p_least, 1.0 / 32);
	ck_assert(p.low < p.diff && p.diff < p.high);
	ck_assert(p.low < p.equal_low && p.equal_high < p.high);
	ck_assert_int_eq(p.verdict, VERDICT_OPEN);
}
END_TEST

static enum verdict verdict_of(const double *a, const double *b, size_t n, double margin)
{
	struct paired p;

	paired_compare(a, b, n, &(struct paired_options){.margin = margin, .seed = SEED}, &p);
	return p.verdict;
}

START_TEST(verdicts)
{
	static const double zero[8];
	static const double up[] = {5, 6, 7, 8, 9, 10, 11, 12};
	static const double small[] = {1, -1, 2, -2, 1, -1, 1, -2};
	static const double wild[] = {100, -90, 80, -100, 5, 60, -70, 20};

	ck_assert_int_eq(verdict_of(zero, up, 1, 100), VERDICT_ONE);
	ck_assert_int_eq(verdict_of(up, up, 8, 0), VERDICT_IDENTICAL);
	/* All eight one way: p = 2 / 256. */
	ck_assert_int_eq(verdict_of(zero, up, 8, 0), VERDICT_MORE);
	ck_assert_int_eq(verdict_of(up, zero, 8, 0), VERDICT_LESS);
	ck_assert_int_eq(verdict_of(zero, small, 8, 3), VERDICT_EQUAL);
	ck_assert_int_eq(verdict_of(zero, small, 8, 0.1), VERDICT_OPEN);
	/* 1 - 2/2^5 = 0.94 covers 90 %, 1 - 2/2^4 = 0.88 does not. */
	ck_assert_int_eq(verdict_of(zero, small, 5, 3), VERDICT_EQUAL);
	ck_assert_int_eq(verdict_of(zero, small, 4, 3), VERDICT_OPEN);
	ck_assert_int_eq(verdict_of(zero, wild, 8, 3), VERDICT_OPEN);
	/* Five captures cannot show anything at 5 %: 2 / 32 is more. */
	ck_assert_int_eq(verdict_of(zero, up, 5, 0), VERDICT_OPEN);
}
END_TEST

START_TEST(one_capture_has_no_interval)
{
	static const double a[] = {3}, b[] = {5};
	struct paired p;

	paired_compare(a, b, 1, &(struct paired_options){.seed = SEED}, &p);
	ck_assert_double_eq(p.diff, 2);
	ck_assert_double_eq(p.low, 2);
	ck_assert_double_eq(p.high, 2);
	ck_assert_double_eq(p.p, 1);
	ck_assert_double_eq(p.effect, 0);
}
END_TEST

START_TEST(the_seed_decides)
{
	static const double a[] = {1, 2, 3, 4, 5, 6}, b[] = {3, 1, 7, 4, 9, 5};
	struct paired p, q, r;

	paired_compare(a, b, 6, &(struct paired_options){.seed = 1}, &p);
	paired_compare(a, b, 6, &(struct paired_options){.seed = 1}, &q);
	paired_compare(a, b, 6, &(struct paired_options){.seed = 2}, &r);
	ck_assert_double_eq(p.low, q.low);
	ck_assert_double_eq(p.high, q.high);
	ck_assert(p.equal_low != r.equal_low || p.low != r.low || p.high != r.high ||
		  p.equal_high != r.equal_high);
}
END_TEST

static Suite *stat_suite(void)
{
	Suite *s = suite_create("stat");
	TCase *tc = tcase_create("stat");

	suite_add_tcase(s, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, permutation_by_hand);
	tcase_add_test(tc, permutation_as_scipy);
	tcase_add_test(tc, many_pairs_are_drawn_at_random);
	tcase_add_test(tc, more_than_64_pairs);
	tcase_add_test(tc, sign_test);
	tcase_add_test(tc, bootstrap_against_all_resamples);
	tcase_add_test(tc, figures_of_six_pairs);
	tcase_add_test(tc, verdicts);
	tcase_add_test(tc, one_capture_has_no_interval);
	tcase_add_test(tc, the_seed_decides);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(stat_suite());
	int failed;

	printf("# seed %d\n", SEED);
	fflush(stdout);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
