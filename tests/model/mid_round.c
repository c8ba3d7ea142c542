// SPDX-License-Identifier: GPL-2.0-only
/*
 * A start that was taken in the middle of a round of kswapd, as a flight recorder does: the zones
 * keep short per-cpu lists until the round ends, and its end is all that is seen of it.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "replay/replay.h"

static struct capture capture;
static struct trace trace;

static void setup(void)
{
	const char *top = getenv("ZR_SRCDIR");
	char *dir = path_join(top ? top : ".", "traces/samples/churn-6.1");
	struct error err = {""};

	ck_assert_msg(!capture_open(&capture, dir, &err), "%s", err.text);
	ck_assert_msg(!trace_open(&trace, &capture, NULL, &err), "%s", err.text);
	free(dir);
}

static void teardown(void)
{
	trace_release(&trace);
	capture_release(&capture);
}

static void set_round(bool active)
{
	for (size_t i = 0; i < capture.start.nr_zones; i++) {
		if (active)
			capture.start.zones[i].flags |= SNAP_ZONE_RECLAIM_ACTIVE;
		else
			capture.start.zones[i].flags &= ~SNAP_ZONE_RECLAIM_ACTIVE;
	}
}

/* The trace with a return from balance_pgdat as the first event behind the snapshot. */
static void end_round(struct trace *out)
{
	uint64_t first, last;
	struct event *ev = calloc(trace.nr + 1, sizeof(*ev));

	ck_assert_ptr_nonnull(ev);
	recording_range(&capture, &trace, &first, &last);
	ck_assert_uint_gt(first, 0);
	memcpy(ev, trace.events, first * sizeof(*ev));
	memcpy(ev + first + 1, trace.events + first, (trace.nr - first) * sizeof(*ev));
	ev[first] = (struct event){.time = trace.events[first].time, .kind = EV_P_BALANCE_RET};
	*out = trace;
	out->events = ev;
	out->nr = trace.nr + 1;
}

static void verify(const struct trace *t, struct verify_result *r)
{
	struct verify_options opt = {0};
	struct error err = {""};

	ck_assert_msg(!verify_run(&capture, t, &opt, r, &err), "%s", err.text);
}

START_TEST(ends_unseen_begin)
{
	struct verify_result *quiet = malloc(sizeof(*quiet)), *ended = malloc(sizeof(*ended)),
			     *going_on = malloc(sizeof(*going_on));
	struct trace t;

	verify(&trace, quiet);
	ck_assert_uint_eq(quiet->drains_exact, quiet->drains);
	set_round(true);
	end_round(&t);
	verify(&t, ended);
	ck_assert_uint_eq(ended->drains_exact, quiet->drains_exact);
	ck_assert_uint_eq(ended->page_allocs_exact, quiet->page_allocs_exact);
	ck_assert_uint_eq(ended->state_hash, quiet->state_hash);
	/* Otherwise nothing was tested. */
	verify(&trace, going_on);
	ck_assert_uint_lt(going_on->drains_exact, quiet->drains_exact);
	set_round(false);
	free((void *)t.events);
	free(quiet);
	free(ended);
	free(going_on);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mid_round");
	TCase *tc = tcase_create("mid_round");
	SRunner *sr;
	int failed;

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, ends_unseen_begin);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
