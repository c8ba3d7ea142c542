// SPDX-License-Identifier: GPL-2.0-only
/*
 * All thresholds at once against one replay each: bit for bit. On an invented history in which
 * fragmentation hovers, and on a recording.
 */
#include "replay/whatif.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES 4096u
#define OPS 12000u
#define MS 1000000ull
#define SEED 1

/* ---- an invented machine and history ---- */

static struct mm *machine(uint32_t private_size)
{
	struct mm_zone_config zone = {
		.name = "Normal",
		.start_pfn = FRAMES,
		.spanned = FRAMES,
		.present = FRAMES,
		.managed = FRAMES,
		.wmark = {32, 40, 48, 56},
	};
	struct mm_config cfg = {
		.release = "6.1.192",
		.end_pfn = 2 * FRAMES,
		.nr_cpus = 1,
		.nr_nodes = 1,
		.nr_orders = MM_NR_ORDERS,
		.pageblock_order = 9,
		.nr_types = MM_NR_TYPES,
		.zones = &zone,
		.nr_zones = 1,
		.objects = true,
		.private_size = private_size,
	};
	struct error err = {{0}};
	struct mm *mm = mm_new(&cfg, &err);
	uint32_t top = MM_NR_ORDERS - 1;

	ck_assert_msg(mm != NULL, "%s", err.text);
	for (uint32_t n = 0; n < mm->nr_frames; n += 1u << top) {
		mm_build_allocated(mm, (struct frame){n}, top, 0);
		mm_free_direct(mm, 0, (struct frame){n}, top, 0);
	}
	return mm;
}

static struct {
	struct rng rng;
	struct demand_op ops[OPS + 2];
	uint64_t nr;
	uint32_t live[FRAMES], nr_live, spare[FRAMES], nr_spare;
} h;

static struct demand_op *add(enum demand_kind kind, uint32_t id)
{
	struct demand_op *op = &h.ops[h.nr];

	*op = (struct demand_op){.time = h.nr++ * MS, .kind = (uint8_t)kind, .pid = 100, .id = id};
	return op;
}

static uint32_t birth(uint8_t order, enum mm_kind page, uint32_t gfp)
{
	struct demand_op *op = add(DEMAND_BIRTH, h.spare[--h.nr_spare]);

	op->order = order;
	op->page = (uint8_t)page;
	op->gfp = gfp | GFP_IO | GFP_FS | GFP_DIRECT_RECLAIM | GFP_KSWAPD_RECLAIM;
	op->type = gfp & GFP_MOVABLE ? MM_MOVABLE : MM_UNMOVABLE;
	h.live[h.nr_live++] = op->id;
	return op->id;
}

static void cache_page(void)
{
	struct demand_op *op = add(DEMAND_LRU, birth(0, MM_KIND_FILE, GFP_MOVABLE));

	op->type = MM_LRU_INACTIVE_FILE;
	op->page = MM_KIND_FILE;
	op->arg = MM_F_FILE;
}

static void death(void)
{
	uint32_t i = (uint32_t)rng_below(&h.rng, h.nr_live);

	add(DEMAND_DEATH, h.live[i]);
	h.spare[h.nr_spare++] = h.live[i];
	h.live[i] = h.live[--h.nr_live];
}

/* Costly requests of all orders: each order has an index of its own, from low to near 1000. */
static struct demand history(void)
{
	rng_init(&h.rng, SEED);
	printf("# seed %d\n", SEED);
	h.nr = h.nr_live = h.nr_spare = 0;
	for (uint32_t id = FRAMES; id--;)
		h.spare[h.nr_spare++] = id;
	while (h.nr < OPS) {
		uint64_t dice = rng_below(&h.rng, 1000);

		if (h.nr_live && (dice < 400 || !h.nr_spare))
			death();
		else if (dice < 450)
			birth((uint8_t)rng_below(&h.rng, 3), MM_KIND_KERNEL, 0);
		else if (dice < 530)
			birth((uint8_t)(4 + rng_below(&h.rng, 6)), MM_KIND_KERNEL,
			      dice & 1 ? GFP_NORETRY : GFP_RETRY_MAYFAIL);
		else
			cache_page();
	}
	return (struct demand){.ops = h.ops, .nr = h.nr, .nr_frames = FRAMES};
}

/* ---- one replay per threshold ---- */

static void parse(struct policy_setting *s, const char *text)
{
	struct error err = {{0}};

	ck_assert_msg(!policy_setting_parse(s, text, &err), "%s", err.text);
}

static void replay_one(const struct demand *d, const char *policy, int32_t threshold,
		       struct outcome *out)
{
	struct whatif_options opt = {.central_only = true};
	struct policy_setting s;
	struct error err = {{0}};
	char text[80];
	struct mm *mm;

	snprintf(text, sizeof(text), "%s:extfrag_threshold=%d", policy, threshold);
	parse(&s, text);
	mm = machine(s.policy->private_size);
	ck_assert_msg(!whatif_run_demand(mm, d, &s, &opt, out, &err), "%s", err.text);
	mm_free(mm);
	policy_setting_release(&s);
}

/* Everything but the samples and the bounds of work, which tune does not compute, how fast it was,
 * and the parameters, which name a row's first threshold. */
static void check_same(const struct outcome *tuned, const struct outcome *alone, int32_t threshold)
{
	struct outcome a = *tuned, b = *alone;

	ck_assert_msg(a.state_hash == b.state_hash, "threshold %d: another state", threshold);
	a.samples = b.samples = NULL;
	a.nr_samples = b.nr_samples = 0;
	a.events_per_second = b.events_per_second = 0;
	b.moved_least = b.reclaimed_least = b.work_least = 0;
	memcpy(a.params, b.params, sizeof(a.params));
	ck_assert_msg(!memcmp(&a, &b, sizeof(a)), "threshold %d: other counts", threshold);
}

static void tune_invented(const struct demand *d, const char *policy, struct tune_options *opt,
			  struct tune_curve *curve)
{
	struct policy_setting s;
	struct error err = {{0}};
	struct mm *mm;

	opt->whatif.central_only = true;
	parse(&s, policy);
	mm = machine(s.policy->private_size);
	ck_assert_msg(!tune_run_demand(mm, d, &s, opt, curve, &err), "%s", err.text);
	mm_free(mm);
	policy_setting_release(&s);
	ck_assert_int_eq(curve->rows[0].from, 0);
	ck_assert_int_eq(curve->rows[curve->nr - 1].to, TUNE_MAX_THRESHOLD);
	for (size_t i = 1; i < curve->nr; i++)
		ck_assert_int_eq(curve->rows[i].from, curve->rows[i - 1].to + 1);
}

static const char *const tuned_policies[] = {"threshold", "kernel", "compaction"};

START_TEST(all_thresholds)
{
	struct demand d = history();
	struct tune_options opt = {.groups = 1001};
	struct tune_curve curve;
	struct outcome alone;

	tune_invented(&d, tuned_policies[_i], &opt, &curve);
	printf("# %s: %zu rows, %" PRIu64 " splits, %" PRIu64 " rejoins, %.1f groups on average\n",
	       tuned_policies[_i], curve.nr, curve.cost.splits, curve.cost.rejoins,
	       tune_living(&curve.cost));
	ck_assert(tune_resolved(&curve));
	ck_assert_uint_ge(curve.cost.splits, 50);
	for (int32_t threshold = 0; threshold <= TUNE_MAX_THRESHOLD; threshold++) {
		replay_one(&d, tuned_policies[_i], threshold, &alone);
		check_same(&tune_row_of(&curve, threshold)->scenario[0], &alone, threshold);
		outcome_release(&alone);
	}
	tune_curve_release(&curve);
}
END_TEST

/* ---- it does not matter how the work is cut up ---- */

static void check_same_curve(const struct tune_curve *a, const struct tune_curve *b)
{
	ck_assert_uint_eq(a->nr, b->nr);
	for (size_t i = 0; i < a->nr; i++) {
		ck_assert_int_eq(a->rows[i].from, b->rows[i].from);
		check_same(&a->rows[i].outcome, &b->rows[i].outcome, a->rows[i].from);
	}
}

static const uint64_t chunks[] = {1, 77, 5000, 1000000};

START_TEST(chunks_do_not_matter)
{
	struct demand d = history();
	struct tune_options opt = {.groups = 1001}, cut = {.groups = 1001, .chunk = chunks[_i]};
	struct tune_curve a, b;

	tune_invented(&d, "kernel", &opt, &a);
	tune_invented(&d, "kernel", &cut, &b);
	check_same_curve(&a, &b);
	tune_curve_release(&a);
	tune_curve_release(&b);
}
END_TEST

/* With few replays at a time some thresholds stay unresolved; the others are right all the same. */
START_TEST(few_groups)
{
	struct demand d = history();
	struct tune_options all = {.groups = 1001}, few = {.groups = (size_t)_i};
	struct tune_curve a, b;
	int32_t unresolved = 0;

	tune_invented(&d, "kernel", &all, &a);
	tune_invented(&d, "kernel", &few, &b);
	ck_assert_uint_le(b.cost.most, (uint64_t)_i);
	for (int32_t threshold = 0; threshold <= TUNE_MAX_THRESHOLD; threshold++) {
		const struct tune_row *row = tune_row_of(&b, threshold);

		unresolved += !row->resolved;
		if (row->resolved)
			check_same(&row->outcome, &tune_row_of(&a, threshold)->outcome, threshold);
	}
	ck_assert_int_gt(unresolved, 0);
	ck_assert_int_lt(unresolved, TUNE_MAX_THRESHOLD + 1);
	ck_assert(!tune_resolved(&b));
	tune_curve_release(&b);
	few.exact = true;
	tune_invented(&d, "kernel", &few, &b);
	ck_assert(tune_resolved(&b));
	ck_assert_uint_gt(b.cost.passes, 1);
	ck_assert_uint_le(b.cost.most, (uint64_t)_i);
	check_same_curve(&a, &b);
	tune_curve_release(&a);
	tune_curve_release(&b);
}
END_TEST

/* ---- a recording ---- */

static void open_sample(struct capture *c, struct trace *t)
{
	const char *src = getenv("ZR_SRCDIR");
	struct error err = {{0}};
	char path[512];

	snprintf(path, sizeof(path), "%s/traces/samples/hugealloc-6.1", src ? src : ".");
	ck_assert_msg(!capture_open(c, path, &err), "%s", err.text);
	ck_assert_msg(!trace_open(t, c, NULL, &err), "%s", err.text);
}

static const char *const recorded_policies[] = {"kernel", "threshold"};

/* All scenarios, with their ranges, as `run` gives them: a threshold of each of some rows. */
START_TEST(a_recording)
{
	static const int32_t some[] = {0, 500, 917, 953, 968, 983, 1000};
	const char *policy = recorded_policies[_i];
	struct tune_options opt = {.groups = 1001};
	struct policy_setting s;
	struct tune_curve curve;
	struct capture c;
	struct error err;
	struct trace t;

	open_sample(&c, &t);
	parse(&s, policy);
	ck_assert_msg(!tune_run(&c, &t, &s, &opt, &curve, &err), "%s", err.text);
	policy_setting_release(&s);
	ck_assert_uint_eq(curve.nr_scenarios, 4);
	ck_assert_int_eq(curve.recorded_threshold, 500);
	for (size_t i = 0; i < ARRAY_SIZE(some); i++) {
		const struct tune_row *row = tune_row_of(&curve, some[i]);
		struct outcome alone;
		char text[80];

		snprintf(text, sizeof(text), "%s:extfrag_threshold=%d", policy, some[i]);
		parse(&s, text);
		ck_assert_msg(!whatif_run(&c, &t, &s, &opt.whatif, &alone, &err), "%s", err.text);
		check_same(&row->outcome, &alone, some[i]);
		ck_assert_int_le(row->pages_migrated.low, (int64_t)alone.pages_migrated);
		ck_assert_int_ge(row->pages_migrated.high, (int64_t)alone.pages_migrated);
		outcome_release(&alone);
		policy_setting_release(&s);
	}
	tune_curve_release(&curve);
	trace_release(&t);
	capture_release(&c);
}
END_TEST

START_TEST(policies_that_cannot_be_tuned)
{
	static const char *const names[] = {"none", "reclaim", "clairvoyant"};
	struct policy_setting s;
	struct error err;

	parse(&s, names[_i]);
	ck_assert_int_eq(tune_check_policy(&s, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, names[_i]));
	policy_setting_release(&s);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("tune");
	TCase *tc = tcase_create("invented");

	tcase_set_timeout(tc, 600);
	tcase_add_loop_test(tc, all_thresholds, 0, ARRAY_SIZE(tuned_policies));
	tcase_add_loop_test(tc, chunks_do_not_matter, 0, (int)ARRAY_SIZE(chunks));
	tcase_add_loop_test(tc, few_groups, 1, 6);
	tcase_add_loop_test(tc, a_recording, 0, (int)ARRAY_SIZE(recorded_policies));
	tcase_add_loop_test(tc, policies_that_cannot_be_tuned, 0, 3);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(suite());
	int failed;

	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
