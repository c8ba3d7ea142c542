// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recordings lose events. Copies of real ones with events missing at random must neither crash nor
 * hang verify and what-if nor break an invariant of the machine, whatever they are repaired to. The
 * seed is printed; ZR_SEED sets it, ZR_ROUNDS makes more of them.
 */
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "replay/replay.h"

static const char *const samples[] = {"churn-6.12", "churn-7.2", "hugealloc-6.1",
				      "hugealloc-6.1-i386"};

static struct capture capture;
static struct trace trace;

static void open_sample(const char *name)
{
	const char *top = getenv("ZR_SRCDIR");
	struct error err = {""};
	char path[512];

	snprintf(path, sizeof(path), "%s/traces/samples/%s", top ? top : ".", name);
	ck_assert_msg(!capture_open(&capture, path, &err), "%s", err.text);
	ck_assert_msg(!trace_open(&trace, &capture, NULL, &err), "%s", err.text);
}

static void close_sample(void)
{
	trace_release(&trace);
	capture_release(&capture);
}

static uint64_t from_environment(const char *name, uint64_t def)
{
	uint64_t value;

	return getenv(name) && parse_u64(getenv(name), &value) ? value : def;
}

/* Every event is missing once in @rarity times; now and then a thousand in a row. */
static void lose(const struct trace *t, uint64_t rarity, uint64_t seed, struct trace *out)
{
	struct event *ev = malloc(t->nr * sizeof(*ev));
	struct rng rng;
	uint64_t n = 0;

	ck_assert_ptr_nonnull(ev);
	rng_init(&rng, seed);
	for (uint64_t i = 0; i < t->nr; i++) {
		if (!rng_below(&rng, rarity))
			i += rng_below(&rng, 20) ? 0 : 1000;
		else
			ev[n++] = t->events[i];
	}
	*out = *t;
	out->events = ev;
	out->nr = n;
}

static void replay(const struct trace *t, const char *policy)
{
	struct whatif_options opt = {.central_only = true, .paranoid = 50000};
	struct policy_setting s;
	struct error err = {""};
	struct outcome o;

	ck_assert_msg(!policy_setting_parse(&s, policy, &err), "%s", err.text);
	ck_assert_msg(!whatif_run(&capture, t, &s, &opt, &o, &err), "%s", err.text);
	outcome_release(&o);
	policy_setting_release(&s);
}

static void verify(const struct trace *t)
{
	struct verify_result *r = malloc(sizeof(*r));
	struct error err = {""};

	for (int inputs = VERIFY_EVENTS; inputs <= VERIFY_PROBES; inputs++) {
		struct verify_options opt = {.inputs = (enum verify_inputs)inputs,
					     .paranoid = from_environment("ZR_PARANOID", 20000)};

		ck_assert_msg(!verify_run(&capture, t, &opt, r, &err), "%s", err.text);
	}
	free(r);
}

START_TEST(events_are_missing)
{
	static const uint64_t rarities[] = {50, 2000};
	uint64_t seed = from_environment("ZR_SEED", 20261122),
		 rounds = from_environment("ZR_ROUNDS", 1);

	open_sample(samples[_i]);
	for (uint64_t i = 0; i < rounds * ARRAY_SIZE(rarities); i++) {
		struct trace lossy;

		printf("# %s, seed %" PRIu64 "\n", samples[_i], seed + i);
		fflush(stdout);
		lose(&trace, rarities[i % ARRAY_SIZE(rarities)], seed + i, &lossy);
		ck_assert_uint_lt(lossy.nr, trace.nr);
		verify(&lossy);
		replay(&lossy, "kernel");
		free((void *)lossy.events);
	}
	close_sample();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lossy");
	TCase *tc = tcase_create("lossy");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, events_are_missing, 0, (int)ARRAY_SIZE(samples));
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
