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

/* Everything but the samples, which tune does not take, how fast it was, and the parameters, which
 * name a row's first threshold. */
static void check_same(const struct outcome *tuned, const struct outcome *alone, int32_t threshold)
{
	struct outcome a = *tuned, b = *alone;

	ck_assert_msg(a.state_hash == b.state_hash, "threshold %d: another state", threshold);
	a.samples = b.samples = NULL;
	a.nr_samples = b.nr_samples = 0;
	a.events_per_second = b.events_per_second = 0;
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

static Suite *suite(void)
{
	Suite *s = suite_create("tune");
	TCase *tc = tcase_create("invented");

	tcase_set_timeout(tc, 600);
	tcase_add_loop_test(tc, all_thresholds, 0, ARRAY_SIZE(tuned_policies));
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
