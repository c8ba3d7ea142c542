// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reports from hand-made outcomes. Expected numbers are worked out in the comments.
 *
 *              wanted  got   reclaimed        migrated
 *   none         100     5      0                 0
 *   reclaim      100    45    300 + 700           0
 *   compaction   100    60      0              1100
 *   recorded     100    50    900                10
 */
#include "report/grid.h"
#include "report/report.h"

#include <check.h>
#include <stdlib.h>

#include "tests/unit/outcomes.h"

static struct store_run rows[8];
static struct store_runs runs;
static struct report report;
static struct strbuf out;

static void add_run(struct store_run run)
{
	rows[runs.nr++] = run;
}

static void setup(void)
{
	struct store_run run;

	runs = (struct store_runs){.v = rows};
	run = run_make("alpha", "recorded", "");
	run_huge(&run, 100, 50);
	run_reclaimed(&run, 900, 0);
	run.outcome.approximate_lru = false;
	run.outcome.pages_migrated = 10;
	add_run(run);
	run = run_make("alpha", "reclaim", "max_retries=16");
	run_huge(&run, 100, 45);
	run_reclaimed(&run, 300, 700);
	add_run(run);
	run = run_make("alpha", "none", "");
	run_huge(&run, 100, 5);
	add_run(run);
	run = run_make("alpha", "compaction", "deferral=1");
	run_huge(&run, 100, 60);
	run.outcome.pages_migrated = 1100;
	add_run(run);
	strbuf_init(&out);
}

static void teardown(void)
{
	report_release(&report);
	strbuf_release(&out);
}

static void build(const struct report_options *opt)
{
	struct error err;

	ck_assert_msg(!report_build(&report, &runs, opt, &err), "%s", err.text);
}

static const struct cell *cell_of(const char *key, const char *policy)
{
	const struct table *t = &report.tables[0];

	for (size_t line = 0; line < t->nr_lines; line++)
		for (size_t i = 0; i < t->nr_series; i++)
			if (!strcmp(t->lines[line].key, key) && !strcmp(t->series[i].name, policy))
				return &t->cells[line * t->nr_series + i];
	ck_abort_msg("no line %s of %s", key, policy);
	return NULL;
}

static void compared(const char *key, const char *policy, double value, double change)
{
	const struct cell *cell = cell_of(key, policy);

	ck_assert_msg(cell->present && cell->compared, "%s of %s", key, policy);
	ck_assert_double_eq_tol(cell->value, value, 1e-9);
	ck_assert_double_eq_tol(cell->change, change, 1e-9);
}

static void not_compared(const char *key, const char *policy)
{
	ck_assert_msg(!cell_of(key, policy)->compared, "%s of %s", key, policy);
}

START_TEST(baseline_first_recorded_last)
{
	const struct series *s;

	build(&(struct report_options){0});
	ck_assert_uint_eq(report.nr_tables, 1);
	ck_assert_uint_eq(report.tables[0].nr_series, 4);
	s = report.tables[0].series;
	ck_assert_str_eq(s[0].name, "none");
	ck_assert_str_eq(s[1].name, "reclaim");
	ck_assert_str_eq(s[2].name, "compaction");
	ck_assert_str_eq(s[3].name, "recorded");
	ck_assert(s[3].recorded && !s[0].recorded);
}
END_TEST

START_TEST(plus_is_better_whatever_the_direction)
{
	build(&(struct report_options){.baseline = "reclaim"});
	/* 60 for 45 is a third more; 5 for 45 is eight ninths less. */
	compared("huge_got", "compaction", 60, 100.0 / 3);
	compared("huge_got", "none", 5, -800.0 / 9);
	compared("success_rate", "compaction", 60, 100.0 / 3);
	/* Nothing reclaimed for 1000: all of it saved. */
	compared("pages_reclaimed", "compaction", 0, 100);
	compared("pages_reclaimed", "reclaim", 1000, 0);
	/* From nothing to something has no percentage, from nothing to nothing has. */
	not_compared("pages_migrated", "compaction");
	compared("pages_migrated", "none", 0, 0);
	/* What everybody shares and what the real kernel did are not compared. */
	not_compared("huge_wanted", "compaction");
	not_compared("huge_got", "recorded");
}
END_TEST

START_TEST(cost_of_a_gained_page)
{
	build(&(struct report_options){0});
	/* reclaim: 1000 pages for 45 - 5 huge pages; compaction: 1100 for 60 - 5 */
	ck_assert_double_eq(cell_of("pages_per_gain", "reclaim")->value, 25);
	ck_assert_double_eq(cell_of("pages_per_gain", "compaction")->value, 20);
	ck_assert(!cell_of("pages_per_gain", "none")->present);
	ck_assert(!cell_of("pages_per_gain", "recorded")->present);
	/* Half of the 45 came by the fast path, the odd one not. */
	ck_assert_double_eq(cell_of("order9_fast", "reclaim")->value, 22);
	ck_assert_double_eq(cell_of("order9_slow", "reclaim")->value, 23);
}
END_TEST

START_TEST(what_rests_on_the_lru_is_marked)
{
	rows[3].outcome.approximate_lru = true; /* compaction, which reclaimed nothing */
	build(&(struct report_options){0});
	ck_assert(cell_of("pages_reclaimed", "reclaim")->approximate);
	ck_assert(cell_of("huge_got", "reclaim")->approximate);
	ck_assert(!cell_of("huge_wanted", "reclaim")->approximate);
	ck_assert(!cell_of("huge_got", "compaction")->approximate);
	ck_assert(!cell_of("pages_reclaimed", "recorded")->approximate);
	report_text(&report, &(struct report_options){0}, &out);
	ck_assert_ptr_nonnull(strstr(out.s, "1000~"));
	ck_assert_ptr_nonnull(strstr(out.s, "~ approximate LRU"));
}
END_TEST

static void set_fidelity(double percent)
{
	for (size_t i = 0; i < runs.nr; i++)
		rows[i].capture.fidelity = percent;
}

START_TEST(low_fidelity_marks_every_figure)
{
	set_fidelity(98.9);
	build(&(struct report_options){0});
	ck_assert(report.tables[0].suspect);
	report_text(&report, &(struct report_options){0}, &out);
	ck_assert_ptr_nonnull(strstr(out.s, "1000~!"));
	ck_assert_ptr_nonnull(strstr(out.s, "60 !"));
	ck_assert_ptr_nonnull(strstr(out.s, "98.90 %"));
	strbuf_clear(&out);
	report_release(&report);
	build(&(struct report_options){.floor = 98});
	ck_assert(!report.tables[0].suspect);
	report_release(&report);
	set_fidelity(-1);
	build(&(struct report_options){0});
	ck_assert(report.tables[0].suspect);
	report_text(&report, &(struct report_options){0}, &out);
	ck_assert_ptr_nonnull(strstr(out.s, "zonereplay verify alpha"));
}
END_TEST

START_TEST(a_table_per_capture_era_and_window)
{
	struct store_run run = run_make("beta", "none", "");

	add_run(run);
	run.to = 1;
	add_run(run);
	strcpy(run.outcome.era, "6.12");
	add_run(run);
	build(&(struct report_options){0});
	ck_assert_uint_eq(report.nr_tables, 4);
	ck_assert_uint_eq(report.tables[0].nr_series, 4);
	ck_assert_uint_eq(report.tables[3].nr_series, 1);
}
END_TEST

START_TEST(settings_are_told_apart)
{
	struct store_run run = run_make("alpha", "reclaim", "max_retries=4");

	strcpy(rows[1].outcome.params, "batch=1,max_retries=16");
	strcpy(run.outcome.params, "batch=1,max_retries=4");
	add_run(run);
	build(&(struct report_options){.baseline = "reclaim:batch=1,max_retries=4"});
	ck_assert_str_eq(report.tables[0].series[0].settings, "max_retries=4");
	ck_assert_str_eq(report.tables[0].series[1].settings, "max_retries=16");
	ck_assert_str_eq(report.tables[0].series[3].settings, "");
	report_text(&report, &(struct report_options){0}, &out);
	ck_assert_ptr_nonnull(strstr(out.s, "reclaim: batch=1,max_retries=16"));
}
END_TEST

START_TEST(ranges_are_shown)
{
	rows[1].outcome.pages_reclaimed = (struct ranged){1000, 800, 1300};
	build(&(struct report_options){0});
	report_text(&report, &(struct report_options){0}, &out);
	ck_assert_ptr_nonnull(strstr(out.s, "1000~"));
	ck_assert_ptr_nonnull(strstr(out.s, "\n  range "));
	ck_assert_ptr_nonnull(strstr(out.s, "[800..1300]\n"));
	ck_assert_ptr_nonnull(strstr(out.s, "range over the scenarios"));
}
END_TEST

START_TEST(text_is_aligned)
{
	build(&(struct report_options){0});
	report_text(&report, &(struct report_options){0}, &out);
	ck_assert_ptr_nonnull(strstr(out.s, "\nHuge pages wanted      "));
	ck_assert_ptr_nonnull(strstr(out.s, "\nHuge pages obtained    "));
	/* Nobody scanned: no such line. */
	ck_assert_ptr_null(strstr(out.s, "Free scanned"));
	for (const char *line = out.s; *line; line = strchr(line, '\n') + 1)
		ck_assert_msg(line[strcspn(line, "\n") - (*line != '\n')] != ' ', "%.40s", line);
}
END_TEST

START_TEST(narrow_pages_repeat_the_baseline)
{
	struct grid g;

	grid_init(&g, 4, 2);
	g.keep = 2;
	for (size_t column = 0; column < 4; column++) {
		grid_set(&g, 0, column, "h%zu", column);
		grid_set(&g, 1, column, "%s", column == 2 ? "wide" : "x");
	}
	/* Widths 2, 2, 4, 2 and two spaces between: 2+2+2+2+4 = 12 fit, 16 do not. */
	grid_text(&g, 12, &out);
	ck_assert_str_eq(out.s, "h0  h1    h2\n"
				"x    x  wide\n"
				"\n"
				"h0  h1  h3\n"
				"x    x   x\n");
	strbuf_clear(&out);
	grid_text(&g, 16, &out);
	ck_assert_str_eq(out.s, "h0  h1    h2  h3\n"
				"x    x  wide   x\n");
	grid_release(&g);
}
END_TEST

START_TEST(markdown_escapes)
{
	struct grid g;

	grid_init(&g, 2, 2);
	grid_set(&g, 0, 0, "a|b");
	grid_set(&g, 1, 1, "<x>  ");
	grid_markdown(&g, &out);
	ck_assert_str_eq(out.s, "|a\\|b | |\n|---|---:|\n|  | \\<x> |\n");
	grid_release(&g);
}
END_TEST

/* The right-to-left override, a control character, a line end, no UTF-8, and each format's own. */
#define HOSTILE "a\xe2\x80\xae\x07\n\xff<b>&'\"]("
#define SEEN "a\\u202e\\x07\\x0a\\xff"

START_TEST(what_cannot_be_seen_is_spelled_out)
{
	visible_text(&out, HOSTILE "\xc3\xa4");
	ck_assert_str_eq(out.s, SEEN "<b>&'\"](\xc3\xa4");
	strbuf_clear(&out);
	visible_text(&out,
		     "\xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80 \xe2\x80"); /* overlong, surrogate,
									  too high, cut */
	ck_assert_str_eq(out.s, "\\xc0\\xaf \\xed\\xa0\\x80 \\xf4\\x90\\x80\\x80 \\xe2\\x80");
}
END_TEST

START_TEST(each_format_escapes_its_own)
{
	html_text(&out, HOSTILE);
	ck_assert_str_eq(out.s, SEEN "&lt;b&gt;&amp;&#39;&quot;](");
	strbuf_clear(&out);
	markdown_text(&out, HOSTILE "[1..2]");
	ck_assert_str_eq(out.s, "a\\\\u202e\\\\x07\\\\x0a\\\\xff\\<b>\\&'\"\\]([1..2]");
	strbuf_clear(&out);
	gnuplot_text(&out, "'`x`\\");
	ck_assert_str_eq(out.s, "\xe2\x80\x99\xe2\x80\x98x\xe2\x80\x98\\");
	strbuf_clear(&out);
	csv_field(&out, true, "=1+1");
	csv_field(&out, false, "a\nb,");
	ck_assert_str_eq(out.s, "'=1+1,\"a\\x0ab,\"");
	strbuf_clear(&out);
	json_in_html(&out, "{\n  \"a\": \"</script>  <!--\"\n}\n");
	ck_assert_str_eq(out.s, "{\"a\": \"\\u003c/script>  \\u003c!--\"}");
}
END_TEST

START_TEST(csv_quotes_only_what_needs_it)
{
	csv_field(&out, true, "plain");
	csv_field(&out, false, "a,b");
	csv_field(&out, false, "say \"x\"");
	csv_field(&out, false, "");
	ck_assert_str_eq(out.s, "plain,\"a,b\",\"say \"\"x\"\"\",");
}
END_TEST

static size_t count_fields(const char *line)
{
	bool quoted = false;
	size_t n = 1;

	for (; *line && *line != '\n'; line++) {
		quoted ^= *line == '"';
		n += *line == ',' && !quoted;
	}
	return n;
}

START_TEST(csv_is_rectangular)
{
	size_t lines = 0, fields;

	strcpy(rows[1].outcome.params, "a=1,b=2");
	build(&(struct report_options){0});
	report_csv(&report, &out);
	fields = count_fields(out.s);
	for (const char *line = out.s; *line; line = strchr(line, '\n') + 1, lines++)
		ck_assert_uint_eq(count_fields(line), fields);
	ck_assert_uint_eq(lines, 5);
	ck_assert_ptr_nonnull(strstr(out.s, ",order9_attempts,order9_successes,"));
}
END_TEST

START_TEST(series_csv)
{
	struct index_sample sample = {.time = 5, .zone = 0};

	runs.nr = 1;
	strcpy(rows[0].outcome.zones[0].name, "DMA32");
	rows[0].outcome.nr_zones = 1;
	sample.fragindex[9] = 937;
	sample.unusable[9] = 1000;
	sample.nr_free[9] = 0;
	rows[0].outcome.samples = &sample;
	rows[0].outcome.nr_samples = 1;
	report_series_csv(&runs, &out);
	ck_assert_ptr_nonnull(strstr(out.s, "\nalpha,recorded,,6.1,5,0,DMA32,9,937,1000,0\n"));
}
END_TEST

START_TEST(no_results_is_an_error)
{
	struct error err;

	runs.nr = 0;
	ck_assert_int_eq(report_build(&report, &runs, &(struct report_options){0}, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "no results"));
}
END_TEST

static Suite *report_suite(void)
{
	Suite *s = suite_create("report");
	TCase *tc = tcase_create("report");

	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, baseline_first_recorded_last);
	tcase_add_test(tc, plus_is_better_whatever_the_direction);
	tcase_add_test(tc, cost_of_a_gained_page);
	tcase_add_test(tc, what_rests_on_the_lru_is_marked);
	tcase_add_test(tc, low_fidelity_marks_every_figure);
	tcase_add_test(tc, a_table_per_capture_era_and_window);
	tcase_add_test(tc, settings_are_told_apart);
	tcase_add_test(tc, ranges_are_shown);
	tcase_add_test(tc, text_is_aligned);
	tcase_add_test(tc, narrow_pages_repeat_the_baseline);
	tcase_add_test(tc, markdown_escapes);
	tcase_add_test(tc, what_cannot_be_seen_is_spelled_out);
	tcase_add_test(tc, each_format_escapes_its_own);
	tcase_add_test(tc, csv_quotes_only_what_needs_it);
	tcase_add_test(tc, csv_is_rectangular);
	tcase_add_test(tc, series_csv);
	tcase_add_test(tc, no_results_is_an_error);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(report_suite());
	int failed;

	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
