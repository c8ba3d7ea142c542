// SPDX-License-Identifier: GPL-2.0-only
/* Objectives, and what is advised on curves that are made by hand. */
#include "stat/advice.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define SCENARIOS 2u

/* ---- curves: a few rows, the same in both scenarios unless told ---- */

static struct tune_row rows[4][8];
static struct outcome outcomes[4][8][SCENARIOS];
static struct tune_curve curves[4];
static struct outcome recorded[4];

static void curve_begin(size_t c)
{
	curves[c] = (struct tune_curve){
		.rows = rows[c], .nr_scenarios = SCENARIOS, .recorded_threshold = 500};
	recorded[c] = (struct outcome){.huge_got = 0};
}

static struct ranged one(int64_t n)
{
	return (struct ranged){n, n, n};
}

/* From the end of the row before up to @to. */
static void curve_row(size_t c, int32_t to, int64_t success, int64_t reclaimed)
{
	size_t i = curves[c].nr++;
	struct tune_row *row = &rows[c][i];

	*row = (struct tune_row){.from = i ? rows[c][i - 1].to + 1 : 0, .to = to, .resolved = true};
	row->outcome.huge_wanted = 100;
	row->outcome.huge_got = (uint64_t)success;
	row->outcome.huge_success = one(success);
	row->outcome.pages_reclaimed = one(reclaimed);
	row->scenario = outcomes[c][i];
	for (size_t s = 0; s < SCENARIOS; s++)
		row->scenario[s] = row->outcome;
}

static void advise_ok(struct advice *a, const char *objective, size_t n)
{
	struct advice_source sources[4];
	struct objective o;
	struct error err;

	for (size_t i = 0; i < n; i++)
		sources[i] = (struct advice_source){&curves[i], &recorded[i]};
	ck_assert_msg(!objective_parse(&o, objective, &err), "%s", err.text);
	ck_assert_msg(!advise(a, &o, sources, n, &err), "%s", err.text);
}

START_TEST(all_the_same)
{
	struct advice a;

	curve_begin(0);
	curve_row(0, 1000, 10, 50);
	advise_ok(&a, OBJECTIVE_DEFAULT, 1);
	ck_assert_int_eq(a.confidence, ADVICE_SAME);
	ck_assert_int_eq(a.recommended, 500);
	ck_assert_int_eq(a.from, 0);
	ck_assert_int_eq(a.to, 1000);
	ck_assert_ptr_nonnull(strstr(a.verdict, "does not matter"));
	advice_release(&a);
}
END_TEST

START_TEST(what_is_set_stays_if_nothing_is_better)
{
	struct advice a;

	curve_begin(0);
	curve_row(0, 300, 9, 50);
	curve_row(0, 700, 10, 50);
	curve_row(0, 1000, 10, 60);
	advise_ok(&a, OBJECTIVE_DEFAULT, 1);
	ck_assert_int_eq(a.confidence, ADVICE_KEEP);
	ck_assert_int_eq(a.recommended, 500);
	ck_assert_int_eq(a.from, 301);
	ck_assert_int_eq(a.to, 700);
	ck_assert_uint_eq(a.nr_zones, 3);
	advice_release(&a);
}
END_TEST

/* The middle of the widest zone that gives most: 701 to 900. */
START_TEST(a_gain)
{
	struct advice a;

	curve_begin(0);
	recorded[0].huge_success = one(10); /* the model is right where it can be checked */
	curve_row(0, 20, 15, 50);
	curve_row(0, 700, 10, 50);
	curve_row(0, 900, 15, 50);
	curve_row(0, 1000, 12, 0);
	advise_ok(&a, "success, then reclaimed", 1);
	ck_assert_int_eq(a.confidence, ADVICE_ONE);
	ck_assert_int_eq(a.recommended, 800);
	ck_assert(a.gain == 5 && a.model_error == 0);
	advice_release(&a);
	/* Other objectives on the same curve. */
	advise_ok(&a, "reclaimed", 1);
	ck_assert_int_eq(a.candidate, 950);
	advice_release(&a);
	advise_ok(&a, "success, reclaimed<=10", 1);
	ck_assert_int_eq(a.recommended, 950);
	ck_assert_ptr_nonnull(strstr(a.verdict, "does not meet"));
	advice_release(&a);
	advise_ok(&a, "reclaimed, success>=15%", 1);
	ck_assert_int_eq(a.recommended, 800);
	advice_release(&a);
	/* 12 - 0 against 15 - 5: one huge page is worth ten reclaimed pages. */
	advise_ok(&a, "success-0.1*reclaimed", 1);
	ck_assert_int_eq(a.candidate, 950);
	advice_release(&a);
	advise_ok(&a, "success>=16, success", 1);
	ck_assert_int_eq(a.confidence, ADVICE_NONE);
	ck_assert_int_eq(a.recommended, -1);
	advice_release(&a);
}
END_TEST

START_TEST(a_gain_under_one_assumption_only)
{
	struct advice a;

	curve_begin(0);
	curve_row(0, 700, 10, 50);
	curve_row(0, 1000, 15, 50);
	rows[0][1].scenario[1].huge_success = one(10);
	advise_ok(&a, OBJECTIVE_DEFAULT, 1);
	ck_assert_int_eq(a.confidence, ADVICE_UNCERTAIN);
	ck_assert_int_eq(a.candidate, 850);
	ck_assert_int_eq(a.recommended, 500);
	advice_release(&a);
}
END_TEST

START_TEST(a_gain_below_the_error_of_the_model)
{
	struct advice a;

	curve_begin(0);
	recorded[0].huge_success = one(17); /* 10 was predicted for 500 */
	curve_row(0, 700, 10, 50);
	curve_row(0, 1000, 15, 50);
	advise_ok(&a, OBJECTIVE_DEFAULT, 1);
	ck_assert_int_eq(a.confidence, ADVICE_UNCERTAIN);
	ck_assert(a.model_error == 7);
	ck_assert_int_eq(a.recommended, 500);
	advice_release(&a);
}
END_TEST

/* Two captures want high values, the third a low one: there the advice of the two is worse. */
START_TEST(captures_held_back)
{
	struct advice a;

	for (size_t c = 0; c < 3; c++) {
		curve_begin(c);
		recorded[c].huge_success = one(10);
		curve_row(c, 200, c == 2 ? 13 : 1, 50);
		curve_row(c, 700, 10, 50);
		curve_row(c, 1000, c == 2 ? 9 : 20, 50);
	}
	advise_ok(&a, "success", 3);
	ck_assert_int_eq(a.confidence, ADVICE_NOT_HELD);
	ck_assert_int_eq(a.recommended, 850);
	ck_assert_uint_eq(a.nr_held, 3);
	ck_assert_uint_eq(a.nr_holds, 2);
	ck_assert_int_eq(a.held[2].recommended, 850);
	ck_assert_int_eq(a.held[2].against, -1);
	ck_assert(a.held[2].value == 9 && a.held[2].reference == 10 && a.held[2].best == 13);
	ck_assert_int_eq(a.held[0].against, 1);
	advice_release(&a);
	advise_ok(&a, "success", 2);
	ck_assert_int_eq(a.confidence, ADVICE_HELD);
	advice_release(&a);
}
END_TEST

/* Nobody may recommend what was not resolved. */
START_TEST(unresolved_thresholds)
{
	struct advice a;

	curve_begin(0);
	curve_row(0, 700, 10, 50);
	curve_row(0, 1000, 15, 50);
	rows[0][1].resolved = false;
	advise_ok(&a, OBJECTIVE_DEFAULT, 1);
	ck_assert_int_eq(a.recommended, 500);
	ck_assert_int_eq(a.confidence, ADVICE_KEEP);
	advice_release(&a);
}
END_TEST

/* ---- objectives ---- */

static const char *const good[] = {
	"success",
	"success, then reclaimed",
	" max:success ,then min:moved,stall ",
	"1000*success-reclaimed - 2 * compact_stall",
	"success>=90%, min:stall_ns",
	"-reclaimed",
	"success, compact_fail<=10",
	"max:kswapd_runs",
};

START_TEST(good_objectives)
{
	struct objective o;
	struct error err;

	ck_assert_msg(!objective_parse(&o, good[_i], &err), "%s", err.text);
	ck_assert_uint_ge(o.nr_goals, 1);
}
END_TEST

static const struct {
	const char *text, *says;
} bad[] = {
	{"", "empty part"},
	{"success,", "empty part"},
	{"speed", "no figure"},
	{"success>=90%", "what is to be best"},
	{"events", "max: or min:"},
	{"success reclaimed", "comes +, - or a comma"},
	{"5 success", "followed by *"},
	{"reclaimed>=5%, success", "only success"},
	{"success>=x, success", "no number"},
	{"success+moved>=3, success", "a condition is"},
	{"success,success,success,success,success,success,success,success,success", "at most 8"},
};

START_TEST(bad_objectives)
{
	struct objective o;
	struct error err;

	ck_assert_int_eq(objective_parse(&o, bad[_i].text, &err), -1);
	ck_assert_msg(strstr(err.text, bad[_i].says) != NULL, "%s", err.text);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("advice");
	TCase *tc = tcase_create("advice");

	tcase_add_test(tc, all_the_same);
	tcase_add_test(tc, what_is_set_stays_if_nothing_is_better);
	tcase_add_test(tc, a_gain);
	tcase_add_test(tc, a_gain_under_one_assumption_only);
	tcase_add_test(tc, a_gain_below_the_error_of_the_model);
	tcase_add_test(tc, captures_held_back);
	tcase_add_test(tc, unresolved_thresholds);
	tcase_add_loop_test(tc, good_objectives, 0, (int)ARRAY_SIZE(good));
	tcase_add_loop_test(tc, bad_objectives, 0, (int)ARRAY_SIZE(bad));
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(suite());
	int failed;

	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
