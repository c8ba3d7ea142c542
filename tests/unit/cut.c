// SPDX-License-Identifier: GPL-2.0-only
/* Where a recording is cut: at a share of its time, or at the marker of a branch. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "replay/whatif.h"

static struct event events[16];
static char strings[256];
static struct trace trace;

static void setup(void)
{
	memset(events, 0, sizeof(events));
	trace = (struct trace){.events = events, .strings = strings};
}

/* One event every 10 ns. */
static void happens(const char *marker)
{
	struct event *e = &events[trace.nr];

	e->time = 1000 + 10 * trace.nr++;
	e->kind = EV_ALLOC;
	if (!marker)
		return;
	e->kind = EV_MARKER;
	e->w[0] = trace.strings_len;
	e->w[1] = strlen(marker);
	memcpy(strings + trace.strings_len, marker, strlen(marker));
	trace.strings_len += strlen(marker);
}

START_TEST(share)
{
	for (int i = 0; i < 11; i++)
		happens(NULL);
	ck_assert_uint_eq(cut_event(&trace, 0), 0);
	ck_assert_uint_eq(cut_event(&trace, 50), 5); /* 50 of 100 ns */
	ck_assert_uint_eq(cut_event(&trace, 51), 6);
}
END_TEST

START_TEST(branch)
{
	struct error err;

	happens(NULL);
	happens("zonereplay branch");
	happens(NULL);
	happens("zonereplay branch");
	happens("zonereplay branches");
	happens("zonereplay sysctl vm/extfrag_threshold=1000");
	happens(NULL);
	ck_assert_uint_eq(cut_event(&trace, WHATIF_CUT_AT_BRANCH), 3);
	ck_assert_int_eq(cut_check(&trace, WHATIF_CUT_AT_BRANCH, &err), 0);
}
END_TEST

/* Anybody can write to trace_marker, and a text may lie outside the trace's. */
START_TEST(no_branch)
{
	struct error err;

	happens(NULL);
	happens("zonereplay branc");
	happens("zonereplay branch");
	events[2].w[0] = trace.strings_len - 3;
	ck_assert_uint_eq(cut_event(&trace, WHATIF_CUT_AT_BRANCH), trace.nr);
	ck_assert_int_eq(cut_check(&trace, WHATIF_CUT_AT_BRANCH, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "zonereplay branch"));
	ck_assert_int_eq(cut_check(&trace, 50, &err), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cut");
	TCase *tc = tcase_create("cut");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, share);
	tcase_add_test(tc, branch);
	tcase_add_test(tc, no_branch);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
