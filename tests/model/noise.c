// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does verify look at what it predicts? A copy of a real recording in which the page number of
 * every mm_page_alloc from some event on is noise must lead to the very same predictions, up to and
 * including the first one that the noise proves wrong. (The page numbers of frees, drains and zone
 * operations before that are left alone: they are history.)
 */
#include <check.h>
#include <inttypes.h>
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

static void verify(const struct trace *t, uint64_t limit, struct verify_result *r)
{
	struct verify_options opt = {.hash_predictions = limit};
	struct error err = {""};

	ck_assert_msg(!verify_run(&capture, t, &opt, r, &err), "%s", err.text);
}

static bool has_page(const struct event *e)
{
	return e->kind == EV_ALLOC && e->w[0] != UINT64_MAX;
}

/* The same trace, but the allocations of [from, to) got some other page. */
static void noisy(const struct trace *t, uint64_t from, uint64_t to, uint64_t seed,
		  struct trace *out)
{
	struct event *ev = malloc(t->nr * sizeof(*ev));
	struct rng rng;

	ck_assert_ptr_nonnull(ev);
	memcpy(ev, t->events, t->nr * sizeof(*ev));
	rng_init(&rng, seed);
	for (uint64_t i = from; i < to; i++)
		if (has_page(&ev[i]))
			ev[i].w[0] = 4096 + rng_below(&rng, 50000); /* in the sample's 256 MB */
	*out = *t;
	out->events = ev;
}

static void check_noise(uint64_t from, uint64_t to, uint64_t seed, uint64_t *predictions)
{
	struct verify_result *with = malloc(sizeof(*with)), *without = malloc(sizeof(*without));
	struct trace t;

	noisy(&trace, from, to, seed, &t);
	verify(&t, 0, with);
	verify(&trace, with->predictions, without);
	ck_assert_uint_gt(with->predictions, 0);
	ck_assert_uint_eq(with->predictions, without->predictions);
	ck_assert_msg(with->prediction_hash == without->prediction_hash,
		      "noise from event %" PRIu64 " (seed %" PRIu64
		      ") changed one of the first %" PRIu64 " predictions",
		      from, seed, with->predictions);
	*predictions = with->predictions;
	free((void *)t.events);
	free(with);
	free(without);
}

START_TEST(all_noise)
{
	uint64_t n;

	check_noise(0, trace.nr, 1, &n);
	/* The first allocation cannot be what the noise says: that is where the hash ends. */
	ck_assert_uint_lt(n, 100);
}
END_TEST

START_TEST(noise_in_one_allocation)
{
	const char *text = getenv("ZR_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : 20261121, last = 0;
	struct rng rng;

	printf("# seed %" PRIu64 "\n", seed);
	rng_init(&rng, seed);
	for (int i = 0; i < 8; i++) {
		uint64_t n, at = rng_below(&rng, trace.nr);

		while (at < trace.nr - 1 && !has_page(&trace.events[at]))
			at++;
		check_noise(at, at + 1, rng_next(&rng), &n);
		last = n > last ? n : last;
	}
	/* Otherwise nothing was compared. */
	ck_assert_uint_gt(last, 1000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("noise");
	TCase *tc = tcase_create("noise");
	SRunner *sr;
	int failed;

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, all_noise);
	tcase_add_test(tc, noise_in_one_allocation);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
