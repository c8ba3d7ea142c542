// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all shipped policies must keep to, on real recordings: random parameters break no invariant,
 * nobody gets more than the bound, and until the first request that the free lists cannot meet all
 * do the same. ZR_SEED and ZR_SETTINGS (random settings per policy) may be set.
 */
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

static void close_sample(void)
{
	trace_release(&trace);
	capture_release(&capture);
}

static void run(const char *setting, const struct whatif_options *opt, struct outcome *out)
{
	struct policy_setting s;
	struct error err = {{0}};

	ck_assert_msg(!policy_setting_parse(&s, setting, &err), "%s", err.text);
	ck_assert_msg(!whatif_run(&capture, &trace, &s, opt, out, &err), "%s: %s", s.spelled,
		      err.text);
	policy_setting_release(&s);
}

static uint64_t from_environment(const char *name, uint64_t def)
{
	uint64_t value;

	return getenv(name) && parse_u64(getenv(name), &value) ? value : def;
}

static const char *const samples[] = {"hugealloc-6.1-ppc64el", "hugealloc-6.1",
				      "hugealloc-6.1-i386"};

/* What is said to be the least that any policy must do, a policy does. */
static void works_no_less(const struct outcome *o, const char *setting)
{
	uint64_t reclaimed = (uint64_t)o->pages_reclaimed.central;

	ck_assert_msg(o->pages_migrated >= o->moved_least && reclaimed >= o->reclaimed_least &&
			      o->pages_migrated + reclaimed >= o->work_least,
		      "%s: %" PRIu64 " moved, at least %" PRIu64 "; %" PRIu64
		      " reclaimed, at least %" PRIu64 "; both at least %" PRIu64,
		      setting, o->pages_migrated, o->moved_least, reclaimed, o->reclaimed_least,
		      o->work_least);
}

/* ---- random parameters ---- */

/* Mostly within the range, every fourth at one of its ends. Of wide ranges small numbers are
 * commoner. */
static int64_t random_value(struct rng *rng, const struct param_desc *d)
{
	int64_t min = d->min, max = d->max;

	if (d->type == PARAM_BOOL)
		return (int64_t)rng_below(rng, 2);
	if (d->type == PARAM_CHOICE) {
		uint64_t n = 0;

		while (d->choices[n])
			n++;
		return (int64_t)rng_below(rng, n);
	}
	if (!rng_below(rng, 8))
		return min;
	if (!rng_below(rng, 8))
		return max;
	max = max - min > 4096 && rng_below(rng, 2) ? min + 4096 : max;
	return min + (int64_t)rng_below(rng, (uint64_t)(max - min) + 1);
}

static void random_setting(struct rng *rng, const struct policy *p, struct strbuf *out)
{
	int64_t values[POLICY_MAX_PARAMS];

	for (size_t i = 0; i < p->nr_params; i++) /* the sample's era has no parameters of others */
		values[i] = p->params[i].eras ? p->params[i].def : random_value(rng, &p->params[i]);
	strbuf_clear(out);
	strbuf_printf(out, "%s%s", p->name, p->nr_params ? ":" : "");
	params_format(p->params, p->nr_params, values, out);
}

START_TEST(random_parameters)
{
	uint64_t seed = from_environment("ZR_SEED", 20100420);
	uint64_t settings = from_environment("ZR_SETTINGS", 3);
	const struct policy *p = policy_registry[_i];
	struct strbuf setting;
	struct rng rng;

	rng_init(&rng, seed + (uint64_t)_i);
	strbuf_init(&setting);
	for (uint64_t i = 0; i < settings; i++) {
		struct whatif_options opt = {.central_only = true, .paranoid = 5000};
		struct outcome o;

		/* The first is the smallest: of many settings most are tried there. */
		if (i <= ARRAY_SIZE(samples))
			open_sample(samples[i % ARRAY_SIZE(samples)]);
		random_setting(&rng, p, &setting);
		run(setting.s, &opt, &o);
		ck_assert_msg(o.huge_got <= o.huge_possible, "%s: %" PRIu64 " of %" PRIu64,
			      setting.s, o.huge_got, o.huge_possible);
		works_no_less(&o, setting.s);
		outcome_release(&o);
		if (i + 1 == settings || i < ARRAY_SIZE(samples))
			close_sample();
	}
	strbuf_release(&setting);
}
END_TEST

/* ---- the bound ---- */

/*
 * Expect a bound that is one, yet does not just say "all that was wanted": the least work is more
 * than half of what the recorded kernel reclaimed, and of what the policy did. Known to miss the
 * latter, by 84 pages of 22,208: slab-targeted on the i386 sample.
 */
START_TEST(nobody_gets_more_than_the_bound)
{
	static const char *const best[] = {"slab-targeted:reclaimable_share=1000,blocks=64",
					   "clairvoyant", "kernel"};
	uint64_t most = 0, bound = 0;
	struct outcome recorded;
	struct error err;

	open_sample(samples[_i]);
	ck_assert(!outcome_recorded(&capture, &trace, &recorded, &err));
	for (size_t i = 0; i < ARRAY_SIZE(best); i++) {
		struct outcome o;

		run(best[i], &(struct whatif_options){.central_only = true}, &o);
		ck_assert_uint_le(o.huge_got, o.huge_possible);
		ck_assert_uint_lt(o.huge_possible, o.huge_wanted);
		works_no_less(&o, best[i]);
		ck_assert_uint_gt(2 * o.work_least, (uint64_t)recorded.pages_reclaimed.central);
		if (i || strcmp(samples[_i], "hugealloc-6.1-i386"))
			ck_assert_uint_gt(2 * o.work_least, (uint64_t)o.pages_reclaimed.central);
		ck_assert(!bound || bound == o.huge_possible);
		bound = o.huge_possible;
		most = o.huge_got > most ? o.huge_got : most;
		outcome_release(&o);
	}
	ck_assert_uint_ge(2 * most, bound);
	outcome_release(&recorded);
	close_sample();
}
END_TEST

/* ---- the first miss ---- */

/* Nobody has been asked as long as nothing came by the slow path and nothing failed. */
static bool unasked(const struct outcome *o)
{
	for (int order = 0; order < OUTCOME_NR_ORDERS; order++) {
		if (o->orders[order].fast != o->orders[order].attempts)
			return false;
	}
	return !o->kswapd_runs && !o->substituted;
}

/* The latest time, to a millisecond, up to which no policy and no kswapd is asked. */
static uint64_t first_miss(void)
{
	uint64_t low = 1000000, high = trace.events[trace.nr - 1].time - trace.events[0].time;

	while (high - low > 1000000) {
		struct whatif_options opt = {.central_only = true, .to = low + (high - low) / 2};
		struct outcome o;

		run("reclaim", &opt, &o);
		*(unasked(&o) ? &low : &high) = opt.to;
		outcome_release(&o);
	}
	return low;
}

static uint64_t samples_hash(const struct outcome *o)
{
	return hash_bytes(o->samples, o->nr_samples * sizeof(*o->samples), 0);
}

/*
 * Every policy that is not at work unasked: free lists at a thousand times, attempts and successes
 * of every order are equal up to the first miss. Behind it they are not.
 */
START_TEST(all_do_the_same_until_the_first_miss)
{
	static const char *const asked[] = {"reclaim",
					    "lumpy",
					    "compaction",
					    "threshold",
					    "slab-targeted",
					    "threshold-hysteresis",
					    "compaction:preset=2.6.35",
					    "clairvoyant"};
	struct whatif_options opt = {.central_only = true, .sample_ns = 50000000};
	struct outcome none, whole;

	open_sample("hugealloc-6.1");
	run("none", &opt, &whole);
	opt.to = first_miss();
	printf("# first miss after %" PRIu64 " ms\n", opt.to / 1000000);
	run("none", &opt, &none);
	ck_assert_uint_gt(none.orders[0].attempts, 10000);
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		struct outcome o;

		run(asked[i], &opt, &o);
		ck_assert_msg(samples_hash(&o) == samples_hash(&none), "%s", asked[i]);
		ck_assert_mem_eq(o.orders, none.orders, sizeof(o.orders));
		outcome_release(&o);
		run(asked[i], &(struct whatif_options){.central_only = true, .sample_ns = 50000000},
		    &o);
		ck_assert_msg(samples_hash(&o) != samples_hash(&whole), "%s", asked[i]);
		outcome_release(&o);
	}
	outcome_release(&none);
	outcome_release(&whole);
	close_sample();
}
END_TEST

/* ---- the signs published in 2010 ---- */

/*
 * While there is something left to reclaim: about as many huge pages, fewer pages reclaimed
 * directly. (Mel Gorman's series: 901 and 902 of 1002 on x86-64, 112599 and 53234 pages reclaimed.)
 * In a guest as small as that of the sample the difference is small; policies/README.md has a
 * larger one.
 */
START_TEST(compaction_reclaims_less_than_lumpy)
{
	struct whatif_options opt = {.central_only = true};
	struct outcome lumpy, compaction;

	open_sample("hugealloc-6.1");
	opt.to = 26600000000;
	run("lumpy:preset=2.6.34", &opt, &lumpy);
	run("compaction:preset=2.6.35", &opt, &compaction);
	printf("# huge pages %" PRIu64 " and %" PRIu64 " of %" PRIu64
	       ", directly reclaimed %" PRIu64 " and %" PRIu64 "\n",
	       lumpy.huge_got, compaction.huge_got, lumpy.huge_wanted, lumpy.reclaimed_direct,
	       compaction.reclaimed_direct);
	ck_assert_uint_gt(lumpy.huge_got, 0);
	ck_assert_uint_ge(compaction.huge_got + 3, lumpy.huge_got);
	ck_assert_uint_lt(compaction.reclaimed_direct, lumpy.reclaimed_direct);
	outcome_release(&lumpy);
	outcome_release(&compaction);
	close_sample();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("policies");
	TCase *tc = tcase_create("policies");
	SRunner *sr;
	int failed, n = 0;

	while (policy_registry[n])
		n++;
	printf("# seed %" PRIu64 "\n", from_environment("ZR_SEED", 20100420));
	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, random_parameters, 0, n);
	tcase_add_loop_test(tc, nobody_gets_more_than_the_bound, 0, (int)ARRAY_SIZE(samples));
	tcase_add_test(tc, all_do_the_same_until_the_first_miss);
	tcase_add_test(tc, compaction_reclaims_less_than_lumpy);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
