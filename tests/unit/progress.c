// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/cmd.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct progress_case {
	uint64_t done, total;
	double seconds;
	const char *line;
} cases[] = {
	{0, 1000, 0, "run   0 %, 0 events/s"},
	{500, 1000, 2, "run  50 %, 250 events/s, 0:02 left"},
	{1000, 1000, 4, "run 100 %, 250 events/s"},
	{30000000, 600000000, 10, "run   5 %, 3.0 million events/s, 3:10 left"},
	{100, 0, 1, "run, 100 events/s"}, /* the end is not known */
};

START_TEST(line)
{
	const struct progress_case *c = &cases[_i];
	struct strbuf sb;

	strbuf_init(&sb);
	cmd_progress_format(&sb, "run", c->done, c->total, c->seconds);
	ck_assert_str_eq(sb.s, c->line);
	strbuf_release(&sb);
}
END_TEST

START_TEST(silent_without_a_terminal)
{
	struct cmd_progress cp;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	ck_assert_ptr_null(cmd_progress_start(&cp));
	cmd_progress_end(&cp);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("progress");
	TCase *tc = tcase_create("progress");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, line, 0, (int)ARRAY_SIZE(cases));
	tcase_add_test(tc, silent_without_a_terminal);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
