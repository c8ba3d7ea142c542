// SPDX-License-Identifier: GPL-2.0-only
/* What kswapd's work takes and when it has a CPU for it, from events written by hand. */
#include "replay/costs.h"

#include <check.h>
#include <stdlib.h>

#define KSWAPD 36
#define OTHER 7
#define SLEEPS 1
#define PREEMPTED 0x100

static struct trace_comm comms[] = {{.pid = OTHER, .comm = "cat"},
				    {.pid = KSWAPD, .comm = "kswapd0"}};

static struct event at(uint64_t time, uint32_t pid, enum event_kind kind, uint64_t a, uint64_t b,
		       uint64_t c)
{
	return (struct event){.time = time, .pid = pid, .kind = kind, .w = {a, b, c}};
}

static void fit(struct stall_costs *c, const struct event *events, uint64_t nr)
{
	struct trace t = {.events = events, .nr = nr, .comms = comms, .nr_comms = 2};

	for (uint64_t i = 0; i < nr; i++)
		t.kinds_seen[events[i].kind]++;
	*c = (struct stall_costs){.waited = 0};
	costs_fit_kswapd(c, &t);
}

/* ns of CPU that kswapd has from @from to @to. */
static uint64_t had(const struct stall_costs *c, uint64_t from, uint64_t to)
{
	uint64_t place = 0, rest = 0;

	return mm_paced(c->kswapd.v, c->kswapd.nr, &place, from, to, &rest);
}

/*
 *   1000     1100     1300        1500    1700     1900
 *   woken    runs     a pass: 32  stopped runs     a pass: 32, sleeps
 *
 * 200 ns for the first pass; 200 and 200 for the second: 64 pages in 600 ns, 9 each. Expect the
 * work of a pass (288 ns) in the time that it took then, nothing while it waited for the CPU, and
 * while it sleeps its share, 600 of 900 ns, rounded down.
 */
START_TEST(turns)
{
	const struct event events[] = {
		at(0, OTHER, EV_MARKER, 0, 0, 0),
		at(1000, OTHER, EV_KSWAPD_WAKEUP, 0, 2, 0),
		at(1100, OTHER, EV_SCHED_SWITCH, OTHER, KSWAPD, PREEMPTED),
		at(1300, KSWAPD, EV_LRU_SHRINK_INACTIVE, 0, 32, 32),
		at(1500, KSWAPD, EV_SCHED_SWITCH, KSWAPD, OTHER, PREEMPTED),
		at(1700, OTHER, EV_SCHED_SWITCH, OTHER, KSWAPD, PREEMPTED),
		at(1900, KSWAPD, EV_LRU_SHRINK_INACTIVE, 0, 32, 32),
		at(1900, KSWAPD, EV_SCHED_SWITCH, KSWAPD, OTHER, SLEEPS),
		at(5000, OTHER, EV_MARKER, 0, 0, 0),
	};
	struct stall_costs c;

	fit(&c, events, sizeof(events) / sizeof(*events));
	ck_assert_uint_eq(c.kswapd_cost.scanned, 9);
	ck_assert_uint_eq(c.kswapd_cost.aged, 0);
	ck_assert_uint_eq(had(&c, 1000, 1100), 0);
	ck_assert_uint_eq(had(&c, 1100, 1300), 288);
	ck_assert_uint_eq(had(&c, 1500, 1700), 0);
	ck_assert_uint_eq(had(&c, 1300, 1900), 288);
	ck_assert_uint_eq(had(&c, 2000, 2900), 599);
	ck_assert_uint_eq(had(&c, 0, 900), 599);
	ck_assert_uint_eq(c.kswapd_share, 666666666);
	stall_costs_release(&c);
}
END_TEST

/*
 * Woken by two requests; a boosted zone, which is none, wakes it a third time. The first request's
 * task leaves the CPU to it at 1100 and is back at 1700, after 700 ns; the second goes on, and
 * leaves the CPU to another later.
 */
START_TEST(first_turns)
{
	struct event events[] = {
		at(0, OTHER, EV_MARKER, 0, 0, 0),
		at(1000, OTHER, EV_KSWAPD_WAKEUP, 0, 2, 0),
		at(1100, OTHER, EV_SCHED_SWITCH, OTHER, KSWAPD, PREEMPTED),
		at(1300, KSWAPD, EV_LRU_SHRINK_INACTIVE, 0, 32, 32),
		at(1500, KSWAPD, EV_SCHED_SWITCH, KSWAPD, 9, SLEEPS),
		at(1700, OTHER, EV_SCHED_SWITCH, 9, OTHER, PREEMPTED),
		at(3000, OTHER, EV_KSWAPD_WAKEUP, 0, 2, 0),
		at(3100, OTHER, EV_SCHED_SWITCH, OTHER, 9, PREEMPTED),
		at(3500, OTHER, EV_SCHED_SWITCH, 9, KSWAPD, PREEMPTED),
		at(3600, OTHER, EV_SCHED_SWITCH, KSWAPD, OTHER, SLEEPS),
		at(4000, OTHER, EV_KSWAPD_WAKEUP, 0, 2, 0),
		at(4100, OTHER, EV_SCHED_SWITCH, OTHER, KSWAPD, PREEMPTED),
		at(4200, OTHER, EV_SCHED_SWITCH, KSWAPD, OTHER, SLEEPS),
	};
	struct stall_costs c;

	events[1].w[3] = events[6].w[3] = GFP_IO;
	fit(&c, events, sizeof(events) / sizeof(*events));
	ck_assert_uint_eq(c.kswapd_first, 700 / 2);
	stall_costs_release(&c);
}
END_TEST

/* Nobody is seen to run: 64 pages from when it was woken to its last pass, 1000 ns. */
START_TEST(no_turns)
{
	const struct event events[] = {
		at(0, OTHER, EV_MARKER, 0, 0, 0),
		at(1000, OTHER, EV_KSWAPD_WAKEUP, 0, 2, 0),
		at(1100, KSWAPD, EV_KSWAPD_WAKE, 0, 2, 0),
		at(1500, KSWAPD, EV_LRU_SHRINK_INACTIVE, 0, 32, 32),
		at(2000, KSWAPD, EV_LRU_SHRINK_INACTIVE, 0, 32, 32),
		at(9000, KSWAPD, EV_KSWAPD_SLEEP, 0, 0, 0),
	};
	struct stall_costs c;

	fit(&c, events, sizeof(events) / sizeof(*events));
	ck_assert_uint_eq(c.kswapd_cost.scanned, 1);
	ck_assert_uint_eq(had(&c, 1000, 2000), 64);
	stall_costs_release(&c);
}
END_TEST

/* It was never seen at work: how long that takes is not known. */
START_TEST(nothing_known)
{
	const struct event events[] = {
		at(0, OTHER, EV_MARKER, 0, 0, 0),
		at(1100, OTHER, EV_SCHED_SWITCH, OTHER, KSWAPD, PREEMPTED),
		at(1300, KSWAPD, EV_LRU_SHRINK_INACTIVE, 0, 31, 31),
		at(1500, KSWAPD, EV_SCHED_SWITCH, KSWAPD, OTHER, SLEEPS),
	};
	struct stall_costs c;

	fit(&c, events, sizeof(events) / sizeof(*events));
	ck_assert_uint_eq(c.kswapd.nr, 0);
	stall_costs_release(&c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("costs");
	TCase *tc = tcase_create("kswapd");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(tc, turns);
	tcase_add_test(tc, first_turns);
	tcase_add_test(tc, no_turns);
	tcase_add_test(tc, nothing_known);
	suite_add_tcase(s, tc);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
