// SPDX-License-Identifier: GPL-2.0-only
/* What compaction took, from the steps of a recording: src/replay/costs_compaction.c. */
#include "replay/costs.h"

#include <check.h>
#include <stdlib.h>

#define TASK 7
#define KCOMPACTD 3
#define MS 1000000ull

#define AT(ms, who, what, ...)                                                                     \
	{                                                                                          \
		.time = (ms)*MS, .pid = who, .kind = what, .w = { __VA_ARGS__ }                    \
	}
#define SWITCH(ms, from, to) AT(ms, from, EV_SCHED_SWITCH, from, to)

static struct stall_costs fit(struct event *events, uint64_t nr)
{
	struct trace t = {.events = events, .nr = nr, .max_pid = 9};
	struct stall_costs c = {.waited = 0};

	costs_fit_compaction(&c, &t, 0);
	return c;
}

/*
 * A task looks at 100 pages in 1 ms and moves 10 in 4 ms, for 2 of which it is switched from, then
 * looks at 100 more in 3 ms. It had the CPU for 6 of 8 ms. An interrupt's events are not its own.
 */
START_TEST(by_steps_and_on_the_cpu)
{
	struct event events[] = {
		AT(1, TASK, EV_COMPACT_TRY, 9),
		AT(1, TASK, EV_COMPACT_BEGIN),
		AT(2, TASK, EV_COMPACT_MIGRATE_ISOLATE, 0, 0, 100, 10),
		{.time = 3 * MS, .pid = TASK, .kind = EV_COMPACT_END, .flags = EVF_SOFTIRQ},
		SWITCH(3, TASK, 5),
		SWITCH(5, 5, TASK),
		AT(6, TASK, EV_COMPACT_MIGRATED, 10, 0),
		AT(9, TASK, EV_COMPACT_FREE_ISOLATE, 0, 0, 100, 0),
		AT(9, TASK, EV_COMPACT_END),
	};
	struct stall_costs c = fit(events, ARRAY_SIZE(events));

	ck_assert_uint_eq(c.compaction.scanned, (1 + 3) * MS / 200);
	ck_assert_uint_eq(c.compaction.moved, 2 * MS / 10);
	ck_assert_uint_eq(c.waits_scanned, c.compaction.scanned * 8 / 6);
	ck_assert_uint_eq(c.waits_moved, c.compaction.moved * 8 / 6);
	/* Nothing is known of kcompactd. */
	ck_assert_uint_eq(c.kcompactd.nr, 1);
	ck_assert_uint_eq(c.kcompactd.v[0].speed, 500 * MS);
	stall_costs_release(&c);
}
END_TEST

/* It has the CPU for 1 of 4 ms, and nobody waits for it. */
START_TEST(share_of_kcompactd)
{
	struct event events[] = {
		AT(1, KCOMPACTD, EV_KCOMPACTD_WAKE, 0, 9),
		AT(2, KCOMPACTD, EV_COMPACT_BEGIN),
		SWITCH(3, KCOMPACTD, TASK),
		SWITCH(6, TASK, KCOMPACTD),
		AT(6, KCOMPACTD, EV_COMPACT_MIGRATE_ISOLATE, 0, 0, 50, 0),
		AT(6, KCOMPACTD, EV_COMPACT_END),
	};
	struct stall_costs c = fit(events, ARRAY_SIZE(events));

	ck_assert_uint_eq(c.compaction.scanned, MS / 50);
	ck_assert_uint_eq(c.kcompactd.nr, 1);
	ck_assert_uint_eq(c.kcompactd.v[0].from, 1 * MS); /* since the first event */
	ck_assert_uint_eq(c.kcompactd.v[0].speed, 250 * MS);
	ck_assert_uint_eq(c.waits_scanned, 0);
	stall_costs_release(&c);
}
END_TEST

static Suite *costs_suite(void)
{
	Suite *s = suite_create("costs of compaction");
	TCase *tc = tcase_create("costs of compaction");

	tcase_add_test(tc, by_steps_and_on_the_cpu);
	tcase_add_test(tc, share_of_kcompactd);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(costs_suite());
	int failed;

	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
