// SPDX-License-Identifier: GPL-2.0-only
/*
 * When kswapd is woken, goes on and sleeps in a what-if: kswapd(), kswapd_try_to_sleep() and
 * wakeup_kswapd() of 6.1. A policy whose kswapd frees nothing writes down for which order it was
 * called.
 */
#include "replay/whatif.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES 1024u
#define KEPT 1010u /* single pages; every second of them stays out */
#define MS 1000000ull
#define USER (GFP_MOVABLE | GFP_IO | GFP_FS | GFP_DIRECT_RECLAIM)
#define HIGH 48u

static struct mm *start;
static struct demand_op ops[2048];
static struct demand demand;

/* ---- the policy ---- */

static struct {
	uint32_t orders[16], nr; /* that its kswapd was called for */
	uint32_t rounds;	 /* that a request makes */
	bool slow;		 /* kswapd works until a request's time is over */
} script;

static struct frame alloc_slow(struct policy_env *env, const struct mm_request *rq)
{
	for (uint32_t i = 0; i < script.rounds; i++)
		env->wake_again(env, rq);
	for (uint32_t node = 0; node < env->mm->nr_nodes; node++)
		env->mm->nodes[node].balance.done = env->mm->nodes[node].balance.active;
	return FRAME_NONE;
}

static void kswapd(struct policy_env *env, uint32_t node, uint32_t order, uint32_t highest)
{
	struct mm_balance *b = &env->mm->nodes[node].balance;

	ck_assert_uint_eq(highest, 0);
	if (!b->active) {
		ck_assert_uint_lt(script.nr, ARRAY_SIZE(script.orders));
		script.orders[script.nr++] = order;
	}
	/* It always gives the order up. */
	*b = (struct mm_balance){.active = script.slow && !b->done};
}

static const struct policy policy = {
	.abi = POLICY_ABI,
	.name = "test",
	.summary = "a test's",
	.alloc_slow = alloc_slow,
	.kswapd = kswapd,
};

static void run(const uint32_t *orders, uint32_t nr)
{
	char spelled[] = "test";
	struct policy_setting s = {.policy = &policy, .spelled = spelled};
	struct outcome out;
	struct error err = {{0}};

	ck_assert_msg(!whatif_run_demand(start, &demand, &s,
					 &(struct whatif_options){.central_only = true}, &out,
					 &err),
		      "%s", err.text);
	ck_assert_uint_eq(script.nr, nr);
	for (uint32_t i = 0; i < nr; i++)
		ck_assert_uint_eq(script.orders[i], orders[i]);
	outcome_release(&out);
}

/* ---- the history ---- */

static struct demand_op *add(uint64_t time, enum demand_kind kind, uint32_t id, uint32_t order)
{
	struct demand_op *op = &ops[demand.nr++];

	ck_assert_uint_le(demand.nr, ARRAY_SIZE(ops));
	*op = (struct demand_op){.time = time,
				 .kind = (uint8_t)kind,
				 .pid = 100,
				 .id = id,
				 .order = (uint8_t)order,
				 .gfp = USER,
				 .type = MM_MOVABLE};
	return op;
}

static void asks(uint64_t time, uint32_t order)
{
	add(time, DEMAND_FAIL, MM_NO_ID, order)->gfp |= GFP_KSWAPD_RECLAIM;
}

/* Half of memory is free, in single pages: enough for those, too little for anything larger. */
static void fragmented(void)
{
	struct mm_zone_config zone = {
		.name = "Normal",
		.start_pfn = FRAMES,
		.spanned = FRAMES,
		.present = FRAMES,
		.managed = FRAMES,
		.wmark = {2, 4, HIGH, 56},
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
	};
	struct error err = {{0}};

	start = mm_new(&cfg, &err);
	ck_assert_msg(start != NULL, "%s", err.text);
	mm_build_allocated(start, (struct frame){0}, MM_NR_ORDERS - 1, 0);
	mm_free_direct(start, 0, (struct frame){0}, MM_NR_ORDERS - 1, 0);
	memset(&demand, 0, sizeof(demand));
	memset(&script, 0, sizeof(script));
	demand.ops = ops;
	for (uint32_t id = 0; id < KEPT; id++)
		add(0, DEMAND_BIRTH, id, 0);
	for (uint32_t id = 0; id < KEPT; id += 2)
		add(0, DEMAND_DEATH, id, 0);
	asks(0, 0); /* fits: the fast path */
}

/* ---- tests ---- */

/* It gave up the order, so it naps; each round of the request wakes it for the order anew. */
START_TEST(each_round_wakes_it_from_its_nap)
{
	fragmented();
	script.rounds = 2;
	asks(1 * MS, 9);
	run((uint32_t[]){9, 9, 9}, 3);
	mm_free(start);
}
END_TEST

/*
 * While it works it cannot be woken: what is asked for is noted. When it has given up its order it
 * considers sleeping for single pages, of which there are enough, whatever was asked for. Who wakes
 * it next gets the larger order.
 */
START_TEST(what_is_asked_for_while_it_works_has_to_wait)
{
	fragmented();
	script.rounds = 1;
	script.slow = true;
	asks(1 * MS, 9);
	add(10 * MS, DEMAND_FOLD, MM_NO_ID, 0);
	run((uint32_t[]){9}, 1);

	script.nr = 0;
	asks(20 * MS, 4);
	run((uint32_t[]){9, 9}, 2);
	mm_free(start);
}
END_TEST

/*
 * Out of its nap after 100 ms it looks at the node: balanced, it sleeps on; else it works, for
 * single pages, as nobody asked for more.
 */
START_TEST(after_its_nap_it_looks_again)
{
	fragmented();
	asks(1 * MS, 9);
	for (uint32_t id = 0; id < KEPT / 2; id++) /* these wake nobody */
		add(90 * MS, DEMAND_BIRTH, 2 * id, 0);
	add(100 * MS, DEMAND_FOLD, MM_NO_ID, 0);
	run((uint32_t[]){9}, 1);

	script.nr = 0;
	demand.nr--;
	add(101 * MS, DEMAND_FOLD, MM_NO_ID, 0);
	run((uint32_t[]){9, 0}, 2);
	mm_free(start);

	fragmented();
	asks(1 * MS, 9);
	add(101 * MS, DEMAND_FOLD, MM_NO_ID, 0);
	run((uint32_t[]){9}, 1);
	mm_free(start);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kswapd");
	TCase *tc = tcase_create("kswapd");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, each_round_wakes_it_from_its_nap);
	tcase_add_test(tc, what_is_asked_for_while_it_works_has_to_wait);
	tcase_add_test(tc, after_its_nap_it_looks_again);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
