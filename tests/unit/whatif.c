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

static const char *const policies[] = {
	"none",
	"reclaim",
	"lumpy",
	"compaction",
	"threshold",
	/* These also work unasked. */
	"kernel",
	"threshold-hysteresis",
	"slab-targeted:reclaimable_share=1000",
	"proactive",
	"khugepaged:min_pages=32,period=1",
	"clairvoyant",
	"compaction:preset=2.6.35",
};

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

	run("threshold:extfrag_threshold=1000", &never);
	run("threshold:extfrag_threshold=0", &always);
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
	for (size_t i = 1; i < ARRAY_SIZE(policies) && strcmp(policies[i], "kernel"); i++) {
		run(policies[i], &o);
		ck_assert_uint_eq(o.state_hash, first.state_hash);
		outcome_release(&o);
	}
	outcome_release(&first);
}
END_TEST

/* ---- scenarios, probes, injections ---- */

/* Expect the central value inside its range, the range not a point, and the assumption that moves
 * it named. */
START_TEST(ranges_hold_the_central_value)
{
	struct outcome o;

	run("threshold", &o);
	ck_assert_int_le(o.pages_reclaimed.low, o.pages_reclaimed.central);
	ck_assert_int_ge(o.pages_reclaimed.high, o.pages_reclaimed.central);
	ck_assert_int_lt(o.pages_reclaimed.low, o.pages_reclaimed.high);
	ck_assert_int_le(o.huge_success.low, o.huge_success.central);
	ck_assert_int_ge(o.huge_success.high, o.huge_success.central);
	ck_assert_int_gt(o.stall_ns.central, 0);
	ck_assert_int_le(o.stall_ns.low, o.stall_ns.central);
	ck_assert_uint_gt(strlen(o.assumption), 0);
	outcome_release(&o);
}
END_TEST

/* Scenarios and probes look on: the central replay is the same without them. */
START_TEST(probes_disturb_nothing)
{
	struct outcome plain, probed;
	const struct whatif_options bare = {.central_only = true};
	const struct whatif_options probing = {.probe_ns = 2000000000, .probe_pages = 1024};

	run_with("threshold", &bare, &plain);
	run_with("threshold", &probing, &probed);
	ck_assert_uint_eq(plain.state_hash, probed.state_hash);
	ck_assert_int_eq(plain.pages_reclaimed.central, probed.pages_reclaimed.central);
	ck_assert_int_eq(plain.pages_reclaimed.low, plain.pages_reclaimed.high);
	ck_assert_uint_gt(probed.nr_probes, 5);
	for (size_t i = 0; i < probed.nr_probes; i++) {
		ck_assert_uint_le(probed.probes[i].free, probed.probes[i].compaction);
		ck_assert_uint_le(probed.probes[i].compaction, probed.probes[i].reclaim);
	}
	ck_assert_uint_gt(probed.probes[0].free, 0);
	outcome_release(&plain);
	outcome_release(&probed);
}
END_TEST

static void run_injected(const char *policy, const char *what, struct outcome *o)
{
	struct injection in;
	struct error err = {{0}};

	ck_assert_msg(!injection_parse(&in, what, &err), "%s", err.text);
	run_with(policy,
		 &(struct whatif_options){.inject = &in, .nr_inject = 1, .central_only = true}, o);
}

/* A threshold that is set from the beginning by injection does what the parameter does. */
START_TEST(injected_parameter)
{
	struct outcome injected, set;

	run_injected("threshold", "0:extfrag_threshold=1000", &injected);
	run_with("threshold:extfrag-threshold=1000", &(struct whatif_options){.central_only = true},
		 &set);
	ck_assert_uint_eq(injected.state_hash, set.state_hash);
	outcome_release(&injected);
	outcome_release(&set);
}
END_TEST

START_TEST(injected_hugepages)
{
	struct outcome o, plain;

	run("threshold", &plain);
	run_injected("threshold", "1s:hugepages=+4", &o);
	ck_assert_uint_eq(o.huge_wanted, plain.huge_wanted + 4);
	ck_assert_uint_ge(o.huge_got, 4);
	outcome_release(&plain);
	run_injected("threshold", "1s:compact_memory", &plain);
	ck_assert_uint_gt(plain.pages_migrated, 0);
	outcome_release(&o);
	outcome_release(&plain);
}
END_TEST

START_TEST(injected_drop_caches)
{
	struct outcome o, plain;

	run_with("none", &(struct whatif_options){.central_only = true}, &plain);
	run_injected("none", "15s:drop_caches", &o);
	ck_assert_uint_gt(o.orders[0].successes, plain.orders[0].successes);
	ck_assert_int_eq(o.pages_reclaimed.central, 0);
	outcome_release(&o);
	outcome_release(&plain);
}
END_TEST

START_TEST(injections_are_parsed)
{
	struct injection in;

	ck_assert_int_eq(injection_parse(&in, "12.5s:compact_memory", NULL), 0);
	ck_assert_uint_eq(in.time, 12500000000);
	ck_assert_int_eq(in.action, INJECT_COMPACT_MEMORY);
	ck_assert_int_eq(injection_parse(&in, "3:compact_node=1", NULL), 0);
	ck_assert_uint_eq(in.time, 3000000000);
	ck_assert_int_eq(in.action, INJECT_COMPACT_NODE);
	ck_assert_int_eq(in.value, 1);
	ck_assert_int_eq(injection_parse(&in, "250ms:hugepages=+5%", NULL), 0);
	ck_assert_uint_eq(in.time, 250000000);
	ck_assert(in.percent);
	ck_assert_int_eq(in.value, 5);
	ck_assert_int_eq(injection_parse(&in, "1us:extfrag_threshold=900", NULL), 0);
	ck_assert_str_eq(in.param, "extfrag_threshold");
}
END_TEST

static const char *const bad_injections[] = {
	"",
	"compact_memory",
	":compact_memory",
	"x:compact_memory",
	"1h:compact_memory",
	"5:",
	"5:nothing",
	"5:compact_node=",
	"5:compact_node=x",
	"5:hugepages=5",
	"5:hugepages=+",
	"5:hugepages=+%",
	"5:hugepages=+-5",
	"5:drop_caches_now",
	".:drop_caches",
};

START_TEST(bad_injections_are_refused)
{
	struct injection in;
	struct error err = {{0}};

	ck_assert_int_eq(injection_parse(&in, bad_injections[_i], &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "--inject"));
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
	tcase_add_test(tc, ranges_hold_the_central_value);
	tcase_add_test(tc, probes_disturb_nothing);
	tcase_add_test(tc, injected_parameter);
	tcase_add_test(tc, injected_hugepages);
	tcase_add_test(tc, injected_drop_caches);
	tc = sample_case(s, "churn", open_churn);
	tcase_add_test(tc, policies_agree_until_they_are_asked);
	tcase_add_test(tc, window);
	tc = tcase_create("injections");
	tcase_add_test(tc, injections_are_parsed);
	tcase_add_loop_test(tc, bad_injections_are_refused, 0, (int)ARRAY_SIZE(bad_injections));
	suite_add_tcase(s, tc);
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
