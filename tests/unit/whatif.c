// SPDX-License-Identifier: GPL-2.0-only
/* What-if replays of the shipped sample recordings, and what the recorded kernel achieved against
 * its own counters. */
#include "replay/replay.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static struct capture capture;
static struct trace trace;

static void open_sample(const char *name)
{
	const char *src = getenv("ZR_SRCDIR");
	struct error err = {{0}};
	char path[512];

	snprintf(path, sizeof(path), "%s/traces/samples/%s", src ? src : ".", name);
	ck_assert_msg(!capture_open(&capture, path, &err), "%s", err.text);
	ck_assert_msg(!trace_open(&trace, &capture, NULL, &err), "%s", err.text);
}

static void open_hugealloc(void)
{
	open_sample("hugealloc-6.1");
}

static void open_churn(void)
{
	open_sample("churn-6.1");
}

static void close_sample(void)
{
	trace_release(&trace);
	capture_release(&capture);
}

static void run_with(const char *policy, const struct whatif_options *opt, struct outcome *out)
{
	struct policy_setting s;
	struct error err = {{0}};

	ck_assert_msg(!policy_setting_parse(&s, policy, &err), "%s", err.text);
	ck_assert_msg(!whatif_run(&capture, &trace, &s, opt, out, &err), "%s", err.text);
	policy_setting_release(&s);
}

static void run(const char *policy, struct outcome *out)
{
	run_with(policy, &(struct whatif_options){0}, out);
}

/* ---- the recorded kernel ---- */

/* How much a counter of /proc/vmstat grew; @name may end in '*' for the sum of all that begin so.
 */
static int64_t grown(const char *name)
{
	static const char *const files[] = {"proc-start/vmstat", "proc-end/vmstat"};
	size_t len = strcspn(name, "*");
	int64_t value[2] = {0, 0};

	for (int i = 0; i < 2; i++) {
		struct error err = {{0}};
		char *path = path_join(capture.dir, files[i]);
		char *text = file_read(path, 1 << 20, NULL, &err), *line, *save;

		ck_assert_msg(text != NULL, "%s", err.text);
		for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
			size_t n = strcspn(line, " ");

			if (!strncmp(line, name, len) && (name[len] == '*' || n == len))
				value[i] += atoll(line + n);
		}
		free(text);
		free(path);
	}
	return value[1] - value[0];
}

/*
 * Counted from the trace, against what the kernel itself counted between the two snapshots. Scanned
 * pages are not compared: the fast searches of compaction show no event.
 */
START_TEST(recorded_agrees_with_vmstat)
{
	struct outcome o;
	struct error err = {{0}};

	ck_assert_msg(!outcome_recorded(&capture, &trace, &o, &err), "%s", err.text);
	ck_assert_int_eq((int64_t)o.reclaimed_kswapd, grown("pgsteal_kswapd"));
	ck_assert_int_eq((int64_t)o.reclaimed_direct, grown("pgsteal_direct"));
	ck_assert_int_eq((int64_t)o.direct_reclaims, grown("allocstall_*"));
	ck_assert_int_eq((int64_t)o.kswapd_runs, grown("pageoutrun"));
	ck_assert_int_eq((int64_t)o.pages_migrated, grown("pgmigrate_success"));
	ck_assert_int_eq((int64_t)o.compact_stall, grown("compact_stall"));
	ck_assert_int_eq((int64_t)o.compact_success, grown("compact_success"));
	ck_assert_int_eq((int64_t)o.compact_fail, grown("compact_fail"));
	ck_assert_int_eq((int64_t)o.huge_got, grown("htlb_buddy_alloc_success"));
	outcome_release(&o);
}
END_TEST

/* ---- policies ---- */

static const char *const policies[] = {"none", "reclaim", "lumpy", "compaction", "threshold"};

/* Expect the same counts and the same state of every frame, every time. */
START_TEST(replay_is_deterministic)
{
	struct outcome a, b;

	run(policies[_i], &a);
	run(policies[_i], &b);
	ck_assert_uint_eq(a.state_hash, b.state_hash);
	ck_assert_uint_eq(a.nr_samples, b.nr_samples);
	ck_assert_mem_eq(a.orders, b.orders, sizeof(a.orders));
	ck_assert_mem_eq(a.samples, b.samples, a.nr_samples * sizeof(*a.samples));
	outcome_release(&a);
	outcome_release(&b);
}
END_TEST

START_TEST(invariants_hold)
{
	struct outcome o;

	run_with(policies[_i], &(struct whatif_options){.paranoid = 10000}, &o);
	outcome_release(&o);
}
END_TEST

/* Doing nothing is a lower bound, order by order; and it does nothing. */
START_TEST(none_is_the_lower_bound)
{
	struct outcome none, other;

	run("none", &none);
	ck_assert_int_eq(none.pages_reclaimed.central, 0);
	ck_assert_uint_eq(none.pages_migrated, 0);
	for (size_t i = 1; i < ARRAY_SIZE(policies); i++) {
		run(policies[i], &other);
		for (int order = 0; order < OUTCOME_NR_ORDERS; order++)
			ck_assert_uint_le(none.orders[order].successes,
					  other.orders[order].successes);
		ck_assert_uint_gt(other.huge_got, none.huge_got);
		ck_assert_int_gt(other.pages_reclaimed.central, 0);
		outcome_release(&other);
	}
	outcome_release(&none);
}
END_TEST

/* The demand is one: attempts do not depend on who answers them, nor does what was wanted. */
START_TEST(demand_is_the_same_for_all)
{
	struct outcome recorded, o;
	struct error err = {{0}};

	ck_assert_msg(!outcome_recorded(&capture, &trace, &recorded, &err), "%s", err.text);
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		run(policies[i], &o);
		ck_assert_uint_eq(o.huge_wanted, recorded.huge_wanted);
		for (int order = 0; order < OUTCOME_NR_ORDERS; order++)
			ck_assert_uint_eq(o.orders[order].attempts,
					  recorded.orders[order].attempts);
		outcome_release(&o);
	}
	outcome_release(&recorded);
}
END_TEST

/* Expect a threshold that forbids compaction to forbid it, and one that allows it to use it. */
START_TEST(threshold_gates_compaction)
{
	struct outcome never, always;

	run("threshold:extfrag-threshold=1000", &never);
	run("threshold:extfrag-threshold=0", &always);
	ck_assert_uint_eq(never.pages_migrated, 0);
	ck_assert_uint_gt(always.pages_migrated, 0);
	ck_assert_uint_ne(never.state_hash, always.state_hash);
	outcome_release(&never);
	outcome_release(&always);
}
END_TEST

/* A recording in which nothing ever missed the fast path: no policy is asked, so all end in the
 * same state. */
START_TEST(policies_agree_until_they_are_asked)
{
	struct outcome first, o;

	run(policies[0], &first);
	ck_assert_uint_eq(first.orders[0].slow, 0);
	for (size_t i = 1; i < ARRAY_SIZE(policies); i++) {
		run(policies[i], &o);
		ck_assert_uint_eq(o.state_hash, first.state_hash);
		outcome_release(&o);
	}
	outcome_release(&first);
}
END_TEST

/* Only the window is scored, and the replay ends with it. */
START_TEST(window)
{
	uint64_t span = trace.events[trace.nr - 1].time - trace.events[0].time;
	struct outcome whole, head, tail;

	run("none", &whole);
	run_with("none", &(struct whatif_options){.to = span / 2}, &head);
	run_with("none", &(struct whatif_options){.from = span / 2 + 1}, &tail);
	ck_assert_uint_gt(head.orders[0].attempts, 0);
	ck_assert_uint_gt(tail.orders[0].attempts, 0);
	ck_assert_uint_eq(head.orders[0].attempts + tail.orders[0].attempts,
			  whole.orders[0].attempts);
	ck_assert_uint_eq(tail.state_hash, whole.state_hash);
	outcome_release(&whole);
	outcome_release(&head);
	outcome_release(&tail);
}
END_TEST

static TCase *sample_case(Suite *s, const char *name, void (*open)(void))
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, open, close_sample);
	suite_add_tcase(s, tc);
	return tc;
}

static Suite *whatif_suite(void)
{
	Suite *s = suite_create("whatif");
	TCase *tc = sample_case(s, "hugealloc", open_hugealloc);

	tcase_add_test(tc, recorded_agrees_with_vmstat);
	tcase_add_loop_test(tc, replay_is_deterministic, 0, (int)ARRAY_SIZE(policies));
	tcase_add_loop_test(tc, invariants_hold, 0, (int)ARRAY_SIZE(policies));
	tcase_add_test(tc, none_is_the_lower_bound);
	tcase_add_test(tc, demand_is_the_same_for_all);
	tcase_add_test(tc, threshold_gates_compaction);
	tc = sample_case(s, "churn", open_churn);
	tcase_add_test(tc, policies_agree_until_they_are_asked);
	tcase_add_test(tc, window);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(whatif_suite());
	int failed;

	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
