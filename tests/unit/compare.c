// SPDX-License-Identifier: GPL-2.0-only
/*
 * Comparisons of hand-made runs. Eight captures a to h:
 *
 *                       a    b    c    d    e    f    g    h     mean
 *   reclaim   got      10   12    9   15   11   14   10   15       12
 *             pages  1000 each, all reclaimed directly           1000
 *   compaction got     13   14   11   18   13   16   12   17    14.25
 *             pages   990 1010  990 1010  990 1010  990 1010     1000
 */
#include "report/compare.h"

#include <check.h>
#include <stdlib.h>

#include "tests/unit/outcomes.h"

#define NR_CAPTURES 8

static const uint64_t got_a[] = {10, 12, 9, 15, 11, 14, 10, 15};
static const uint64_t got_b[] = {13, 14, 11, 18, 13, 16, 12, 17};
static struct store_run rows[2 * NR_CAPTURES + 4];
static struct store_runs runs;
static struct comparison comparison;
static struct error err;

static void add_run(const char *capture, const char *policy, const char *params, uint64_t got,
		    uint64_t reclaimed)
{
	struct store_run *run = &rows[runs.nr++];

	*run = run_make(capture, policy, params);
	run_huge(run, 100, got);
	run_reclaimed(run, 0, reclaimed);
}

static void setup(void)
{
	runs = (struct store_runs){.v = rows};
	for (int i = 0; i < NR_CAPTURES; i++) {
		char name[] = {(char)('a' + i), '\0'};

		add_run(name, "reclaim", "rounds=16", got_a[i], 1000);
		add_run(name, "compaction", "mode=full,deferral=0", got_b[i], i % 2 ? 1010 : 990);
	}
}

static void teardown(void)
{
	comparison_release(&comparison);
}

static int build(const char *a, const char *b, const struct compare_options *opt)
{
	return comparison_build(&comparison, &runs, a, b, opt, &err);
}

static const struct compare_line *line(const char *key)
{
	for (size_t i = 0; i < comparison.nr_lines; i++)
		if (!strcmp(comparison.lines[i].key, key))
			return &comparison.lines[i];
	ck_abort_msg("no line %s", key);
	return NULL;
}

START_TEST(significant_and_equal)
{
	ck_assert_msg(!build("reclaim", "compaction", &(struct compare_options){0}), "%s",
		      err.text);
	ck_assert_uint_eq(comparison.nr_captures, 8);
	/* All eight got more: p = 2 / 2^8. 14.25 for 12 is 18.75 % more. */
	ck_assert_int_eq(line("huge_got")->paired.verdict, VERDICT_MORE);
	ck_assert_double_eq(line("huge_got")->paired.p, 2.0 / 256);
	ck_assert_double_eq_tol(line("huge_got")->change, 18.75, 1e-9);
	ck_assert(line("huge_got")->change_low > 15 && line("huge_got")->change_high < 22);
	/* 1 % up and down, within 5 %. */
	ck_assert_int_eq(line("pages_reclaimed")->paired.verdict, VERDICT_EQUAL);
	ck_assert_double_eq(line("pages_reclaimed")->change, 0);
	ck_assert(line("pages_reclaimed")->approximate);
}
END_TEST

START_TEST(the_other_way_round)
{
	ck_assert_int_eq(build("compaction", "reclaim", &(struct compare_options){0}), 0);
	ck_assert_int_eq(line("huge_got")->paired.verdict, VERDICT_LESS);
	/* 12 for 14.25: 2.25 / 14.25 less */
	ck_assert_double_eq_tol(line("huge_got")->change, -100 * 2.25 / 14.25, 1e-9);
}
END_TEST

START_TEST(words)
{
	struct strbuf out;

	strbuf_init(&out);
	ck_assert_int_eq(build("reclaim", "compaction", &(struct compare_options){0}), 0);
	comparison_text(&comparison, 0, &out);
	ck_assert_ptr_nonnull(strstr(out.s, "8 captures. Better: Huge pages obtained"));
	ck_assert_ptr_nonnull(strstr(out.s, "+18.75%*"));
	ck_assert_ptr_nonnull(strstr(out.s, "no difference (within 5 %)"));
	ck_assert_ptr_nonnull(strstr(out.s, "approximate LRU"));
	strbuf_release(&out);
}
END_TEST

START_TEST(one_capture)
{
	struct strbuf out;

	runs.nr = 2;
	rows[0].outcome.pages_reclaimed.low = 7;
	rows[0].outcome.pages_reclaimed.high = 123456;
	strbuf_init(&out);
	ck_assert_int_eq(build("reclaim", "compaction", &(struct compare_options){0}), 0);
	comparison_text(&comparison, 0, &out);
	/* What one assumption makes of one replay is told as it is, and the other lies within. */
	ck_assert_ptr_nonnull(strstr(out.s, "[7..123456]"));
	ck_assert_ptr_nonnull(strstr(out.s, "better here, ranges overlap"));
	ck_assert_ptr_nonnull(strstr(out.s, "Model error: "));
	ck_assert_ptr_nonnull(strstr(out.s, "no interval and no test"));
	ck_assert_ptr_null(strstr(out.s, "95 %"));
	ck_assert_ptr_null(strstr(out.s, "%*"));
	ck_assert_ptr_nonnull(strstr(out.s, "better here"));
	strbuf_release(&out);
}
END_TEST

START_TEST(nothing_differs)
{
	struct strbuf out;

	runs.nr = 2;
	rows[1] = rows[0];
	strcpy(rows[1].outcome.params, "rounds=17");
	strbuf_init(&out);
	ck_assert_int_eq(
		build("reclaim:rounds=16", "reclaim:rounds=17", &(struct compare_options){0}), 0);
	comparison_text(&comparison, 0, &out);
	ck_assert_ptr_nonnull(strstr(out.s, "No difference in any figure."));
	strbuf_release(&out);
}
END_TEST

static void refused(const char *a, const char *b, const struct compare_options *opt,
		    const char *word)
{
	ck_assert_int_eq(build(a, b, opt), -1);
	ck_assert_msg(strstr(err.text, word) != NULL, "%s", err.text);
}

START_TEST(refuses_what_is_not_comparable)
{
	refused("reclaim", "lumpy", &(struct compare_options){0}, "no results of \"lumpy\"");
	refused("reclaim", "reclaim:rounds=16", &(struct compare_options){0}, "the same setting");
	refused("reclaim", "compaction", &(struct compare_options){.era = "5.10"}, "5.10");
	/* The same policy twice in the database: which one? */
	add_run("a", "compaction", "mode=light,deferral=0", 1, 1);
	refused("reclaim", "compaction:deferral=0", &(struct compare_options){0},
		"more than one setting");
	ck_assert_int_eq(build("reclaim", "compaction:mode=full", &(struct compare_options){0}), 0);
}
END_TEST

START_TEST(refuses_other_eras_and_windows)
{
	runs.nr = 2;
	strcpy(rows[1].outcome.era, "6.12");
	refused("reclaim", "compaction", &(struct compare_options){0}, "the same era and window");
	strcpy(rows[1].outcome.era, "6.1");
	rows[1].to = 5;
	refused("reclaim", "compaction", &(struct compare_options){0}, "the same era and window");
	/* Both under two eras: not to be mixed, but one may be chosen. */
	rows[1].to = 0;
	rows[2] = rows[0];
	rows[3] = rows[1];
	strcpy(rows[2].outcome.era, "6.12");
	strcpy(rows[3].outcome.era, "6.12");
	runs.nr = 4;
	refused("reclaim", "compaction", &(struct compare_options){0}, "--era");
	ck_assert_int_eq(build("reclaim", "compaction", &(struct compare_options){.era = "6.12"}),
			 0);
	ck_assert_uint_eq(comparison.nr_captures, 1);
}
END_TEST

START_TEST(refuses_low_fidelity)
{
	rows[4].capture.fidelity = 98;
	rows[5].capture.fidelity = 98;
	rows[6].capture.fidelity = -1;
	refused("reclaim", "compaction", &(struct compare_options){0}, "98.00 %");
	ck_assert_int_eq(build("reclaim", "compaction", &(struct compare_options){.floor = 97}), 0);
	comparison_release(&comparison);
	ck_assert_int_eq(
		build("reclaim", "compaction", &(struct compare_options){.any_fidelity = true}), 0);
	ck_assert_uint_eq(comparison.below_floor, 1);
	ck_assert_uint_eq(comparison.unknown_fidelity, 1);
}
END_TEST

START_TEST(unpaired_captures_are_left_out)
{
	add_run("x", "reclaim", "rounds=16", 1, 1);
	ck_assert_int_eq(build("reclaim", "compaction", &(struct compare_options){0}), 0);
	ck_assert_uint_eq(comparison.nr_captures, 8);
	ck_assert_uint_eq(comparison.unpaired, 1);
}
END_TEST

/* huge_got: +18.75 %, +2.25 pages; pages_reclaimed: 0; nothing was migrated. */
static const struct {
	const char *text;
	bool holds;
} conditions[] = {
	{"huge_got<-2%", false},       {"huge_got < 19 %", true},    {"huge_got>18.7%", true},
	{"huge_got>2.2", true},	       {"huge_got>2.3", false},	     {"huge_got>=2.25", true},
	{"success<0", false},	       {"success>0", true},	     {"reclaimed<0", false},
	{"pages_reclaimed<=0%", true}, {"pages_migrated<0%", false}, {"order9_success>18%", true},
};

START_TEST(conditions_hold)
{
	bool holds;

	ck_assert_int_eq(build("reclaim", "compaction", &(struct compare_options){0}), 0);
	ck_assert_msg(!comparison_condition(&comparison, conditions[_i].text, &holds, &err), "%s",
		      err.text);
	ck_assert_msg(holds == conditions[_i].holds, "%s", conditions[_i].text);
}
END_TEST

START_TEST(more_reclaim_is_a_negative_change)
{
	bool holds;

	for (size_t i = 1; i < runs.nr; i += 2)
		run_reclaimed(&rows[i], 0, 1200);
	ck_assert_int_eq(build("reclaim", "compaction", &(struct compare_options){0}), 0);
	ck_assert_int_eq(comparison_condition(&comparison, "reclaimed<-19%", &holds, &err), 0);
	ck_assert(holds);
	ck_assert_int_eq(comparison_condition(&comparison, "reclaimed<-21%", &holds, &err), 0);
	ck_assert(!holds);
}
END_TEST

START_TEST(from_nothing_is_infinitely_worse)
{
	bool holds;

	for (size_t i = 1; i < runs.nr; i += 2)
		rows[i].outcome.pages_migrated = 1;
	ck_assert_int_eq(build("reclaim", "compaction", &(struct compare_options){0}), 0);
	ck_assert_int_eq(comparison_condition(&comparison, "migrated<-1000%", &holds, &err), 0);
	ck_assert(holds);
}
END_TEST

static const char *const bad_conditions[] = {
	"",
	"success",
	"success<",
	"success<x",
	"<3",
	"success=3",
	"nonsense<3",
	"success<3%%",
	"success<3 4",
	"events<3",
	"huge_wanted<1",
	"success<nan",
};

START_TEST(bad_conditions_are_refused)
{
	bool holds;

	ck_assert_int_eq(build("reclaim", "compaction", &(struct compare_options){0}), 0);
	ck_assert_msg(comparison_condition(&comparison, bad_conditions[_i], &holds, &err) == -1,
		      "%s", bad_conditions[_i]);
	ck_assert_ptr_nonnull(strstr(err.text, "--fail-if"));
}
END_TEST

static Suite *compare_suite(void)
{
	Suite *s = suite_create("compare");
	TCase *tc = tcase_create("compare");

	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, significant_and_equal);
	tcase_add_test(tc, the_other_way_round);
	tcase_add_test(tc, words);
	tcase_add_test(tc, one_capture);
	tcase_add_test(tc, nothing_differs);
	tcase_add_test(tc, refuses_what_is_not_comparable);
	tcase_add_test(tc, refuses_other_eras_and_windows);
	tcase_add_test(tc, refuses_low_fidelity);
	tcase_add_test(tc, unpaired_captures_are_left_out);
	tcase_add_loop_test(tc, conditions_hold, 0, (int)ARRAY_SIZE(conditions));
	tcase_add_test(tc, more_reclaim_is_a_negative_change);
	tcase_add_test(tc, from_nothing_is_infinitely_worse);
	tcase_add_loop_test(tc, bad_conditions_are_refused, 0, (int)ARRAY_SIZE(bad_conditions));
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(compare_suite());
	int failed;

	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
