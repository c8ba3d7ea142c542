// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transparent huge pages under the modes of /sys/kernel/mm/transparent_hugepage/defrag: the flags
 * of requests, what recorded flags tell, and invented histories in which the modes must differ.
 * Expected flags are those of vma_thp_gfp_mask() and vma_alloc_folio() of 6.1, written out.
 */
#include "replay/whatif.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES 4096u
#define PAGES 3600u /* single pages that fill memory */
#define MS 1000000ull

#define DIRECT GFP_DIRECT_RECLAIM
#define KSWAPD GFP_KSWAPD_RECLAIM
#define FIRST (GFP_THISNODE | GFP_NORETRY) /* what the first of two requests has besides */
#define LIGHT                                                                                      \
	(GFP_HIGHMEM | GFP_MOVABLE | GFP_IO | GFP_FS | GFP_HARDWALL | GFP_COMP | GFP_NOMEMALLOC |  \
	 GFP_NOWARN)
#define USER (GFP_HIGHMEM | GFP_MOVABLE | GFP_IO | GFP_FS | DIRECT | KSWAPD)

/* ---- flags ---- */

static const struct {
	enum mm_thp_defrag mode;
	uint32_t plain, madvised; /* beside LIGHT */
} rules[] = {
	{MM_THP_ALWAYS, DIRECT | GFP_NORETRY, DIRECT},
	{MM_THP_DEFER, KSWAPD, KSWAPD},
	{MM_THP_DEFER_MADVISE, KSWAPD, DIRECT},
	{MM_THP_MADVISE, 0, DIRECT},
	{MM_THP_NEVER, 0, 0},
};

START_TEST(flags_are_the_kernels)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		for (size_t from = 0; from < ARRAY_SIZE(rules); from++) {
			uint32_t gfp = LIGHT | rules[from].plain;
			enum mm_thp_defrag mode = rules[i].mode;

			ck_assert_uint_eq(mm_thp_under(mode, gfp, false), LIGHT | rules[i].plain);
			ck_assert_uint_eq(mm_thp_under(mode, gfp, true), LIGHT | rules[i].madvised);
			ck_assert_uint_eq(mm_thp_under(mode, gfp | FIRST, false),
					  LIGHT | rules[i].plain | FIRST);
			ck_assert_uint_eq(mm_thp_under(mode, gfp | FIRST, true),
					  LIGHT | rules[i].madvised | FIRST);
		}
	}
}
END_TEST

/* Whatever is inferred is right, and under its own mode a request has the flags that it had. */
START_TEST(what_flags_tell_is_true)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		for (int k = 0; k < 4; k++) {
			bool madvised = k & 1;
			uint32_t gfp = LIGHT | (madvised ? rules[i].madvised : rules[i].plain) |
				       (k & 2 ? FIRST : 0);
			enum mm_madvised with = mm_thp_madvised(rules[i].mode, gfp),
					 without = mm_thp_madvised(MM_THP_RECORDED, gfp);

			ck_assert(mm_thp_request(gfp, 9));
			ck_assert(mm_thp_fits(rules[i].mode, gfp));
			ck_assert(with == MM_MADVISED_UNKNOWN || with == (int)madvised);
			ck_assert(without == MM_MADVISED_UNKNOWN || without == with);
			if (with == MM_MADVISED_UNKNOWN)
				ck_assert_uint_eq(mm_thp_under(rules[i].mode, gfp, !madvised), gfp);
		}
	}
}
END_TEST

START_TEST(what_flags_tell_is_all_there_is)
{
	uint32_t d = LIGHT | DIRECT, dn = d | GFP_NORETRY, k = LIGHT | KSWAPD;

	ck_assert_int_eq(mm_thp_madvised(MM_THP_RECORDED, d), MM_MADVISED_YES);
	ck_assert_int_eq(mm_thp_madvised(MM_THP_RECORDED, dn), MM_MADVISED_NO);
	ck_assert_int_eq(mm_thp_madvised(MM_THP_RECORDED, k), MM_MADVISED_UNKNOWN);
	ck_assert_int_eq(mm_thp_madvised(MM_THP_DEFER_MADVISE, k), MM_MADVISED_NO);
	ck_assert_int_eq(mm_thp_madvised(MM_THP_RECORDED, LIGHT), MM_MADVISED_UNKNOWN);
	ck_assert_int_eq(mm_thp_madvised(MM_THP_MADVISE, LIGHT), MM_MADVISED_NO);
	ck_assert_int_eq(mm_thp_madvised(MM_THP_NEVER, LIGHT), MM_MADVISED_UNKNOWN);
	/* The first of two requests has NORETRY in any case. */
	ck_assert_int_eq(mm_thp_madvised(MM_THP_ALWAYS, d | FIRST), MM_MADVISED_UNKNOWN);
	ck_assert_int_eq(mm_thp_madvised(MM_THP_MADVISE, d | FIRST), MM_MADVISED_YES);
	/* A mode that does not fit was changed meanwhile: the flags alone count. */
	ck_assert(!mm_thp_fits(MM_THP_NEVER, d));
	ck_assert_int_eq(mm_thp_madvised(MM_THP_NEVER, d), MM_MADVISED_YES);
}
END_TEST

START_TEST(other_requests_are_none)
{
	ck_assert(!mm_thp_request(LIGHT | DIRECT, 0));
	ck_assert(!mm_thp_request(USER | GFP_COMP | GFP_NOWARN | GFP_RETRY_MAYFAIL, 9));
	ck_assert(!mm_thp_request(GFP_IO | GFP_FS | DIRECT | KSWAPD | GFP_COMP, 9));
}
END_TEST

/* ---- histories ---- */

static struct mm *start;
static struct demand_op ops[16384];
static struct demand demand;
static struct outcome out;

static void machine(void)
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
		.private_size = 4096,
	};
	struct error err = {{0}};
	uint32_t top = MM_NR_ORDERS - 1;

	start = mm_new(&cfg, &err);
	ck_assert_msg(start != NULL, "%s", err.text);
	for (uint32_t n = 0; n < start->nr_frames; n += 1u << top) {
		mm_build_allocated(start, (struct frame){n}, top, 0);
		mm_free_direct(start, 0, (struct frame){n}, top, 0);
	}
	memset(&demand, 0, sizeof(demand));
	demand.ops = ops;
}

static struct demand_op *add(enum demand_kind kind, uint32_t id)
{
	struct demand_op *op = &ops[demand.nr];

	ck_assert_uint_lt(demand.nr, ARRAY_SIZE(ops));
	*op = (struct demand_op){
		.time = demand.nr++ * 1000, .kind = (uint8_t)kind, .pid = 100, .id = id};
	return op;
}

/* Memory full of single pages on an LRU list. */
static void fill(enum mm_kind page, enum mm_lru lru, uint32_t flags)
{
	for (uint32_t id = 0; id < PAGES; id++) {
		struct demand_op *op = add(DEMAND_BIRTH, id);

		op->gfp = USER;
		op->type = MM_MOVABLE;
		op = add(DEMAND_LRU, id);
		op->type = (uint8_t)lru;
		op->page = (uint8_t)page;
		op->arg = flags;
	}
}

/* Every second page goes: half of memory is free, in single pages. Without swap nothing else can
 * go, so a huge page takes compaction. */
static void fragmented(void)
{
	machine();
	fill(MM_KIND_ANON, MM_LRU_INACTIVE_ANON, MM_F_ANON | MM_F_SWAPBACKED | MM_F_MAPPED);
	for (uint32_t id = 0; id < PAGES; id += 2)
		add(DEMAND_DEATH, id);
}

static void faults(enum demand_kind kind, uint32_t gfp, uint16_t flags)
{
	struct demand_op *op =
		add(kind, kind == DEMAND_BIRTH ? 4000 + (uint32_t)demand.nr % 64 : MM_NO_ID);

	op->order = 9;
	op->gfp = gfp;
	op->type = MM_MOVABLE;
	op->flags = DEMAND_F_THP | flags;
}

static void run(enum mm_thp_defrag recorded, enum mm_thp_defrag mode)
{
	struct policy_setting s;
	struct error err = {{0}};
	char text[128];

	snprintf(text, sizeof(text), "kernel:compaction_proactiveness=0,thp_defrag=%s",
		 mm_thp_names[mode]);
	ck_assert_msg(!policy_setting_parse(&s, text, &err), "%s", err.text);
	start->thp_recorded = recorded;
	ck_assert_msg(!whatif_run_demand(start, &demand, &s,
					 &(struct whatif_options){.central_only = true}, &out,
					 &err),
		      "%s: %s", text, err.text);
	policy_setting_release(&s);
}

/*
 * Two faults in memory that only compaction helps. Who may compact gets both pages, with a stall
 * for each. Who may only wake others gets none at first; kswapd has given the node up, as nothing
 * can be reclaimed, so that kcompactd is woken [wakeup_kswapd] and has made one for the second. Who
 * may do neither gets none, and nothing moves.
 */
static const struct {
	enum mm_thp_defrag mode;
	bool madvised;
	uint64_t got, fast, stalls;
	bool moves;
} expected[] = {
	{MM_THP_ALWAYS, false, 2, 0, 2, true},	      {MM_THP_ALWAYS, true, 2, 0, 2, true},
	{MM_THP_DEFER, false, 1, 1, 0, true},	      {MM_THP_DEFER, true, 1, 1, 0, true},
	{MM_THP_DEFER_MADVISE, false, 1, 1, 0, true}, {MM_THP_DEFER_MADVISE, true, 2, 0, 2, true},
	{MM_THP_MADVISE, false, 0, 0, 0, false},      {MM_THP_MADVISE, true, 2, 0, 2, true},
	{MM_THP_NEVER, false, 0, 0, 0, false},	      {MM_THP_NEVER, true, 0, 0, 0, false},
};

START_TEST(modes_differ_where_they_must)
{
	size_t i = (size_t)_i;
	uint32_t gfp = LIGHT | DIRECT | (expected[i].madvised ? 0 : GFP_NORETRY);

	fragmented();
	start->nodes[0].kswapd_failures = 16;
	faults(DEMAND_BIRTH, gfp, 0);
	faults(DEMAND_BIRTH, gfp, 0);
	run(MM_THP_ALWAYS, expected[i].mode);
	ck_assert_uint_eq(out.thp_guessed, 0);
	ck_assert_uint_eq(out.huge_got, expected[i].got);
	ck_assert_uint_eq(out.orders[9].fast, expected[i].fast);
	ck_assert_uint_eq(out.compact_stall, expected[i].stalls);
	ck_assert_int_eq(out.pages_migrated > 0, expected[i].moves);
	outcome_release(&out);
	mm_free(start);
}
END_TEST

/* The recorded mode changes nothing, said or not. */
START_TEST(the_recorded_mode_is_the_recording)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		struct outcome as_recorded;

		fragmented();
		faults(DEMAND_BIRTH, LIGHT | rules[i].plain, 0);
		faults(DEMAND_BIRTH, LIGHT | rules[i].madvised | FIRST, 0);
		run(rules[i].mode, MM_THP_RECORDED);
		as_recorded = out;
		run(rules[i].mode, rules[i].mode);
		ck_assert_uint_eq(out.state_hash, as_recorded.state_hash);
		outcome_release(&as_recorded);
		outcome_release(&out);
		mm_free(start);
	}
}
END_TEST

/*
 * The flags of `always` on the node alone do not tell whether memory was madvised; that matters
 * under `madvise`. Central: it was not. Under `defer` it does not matter.
 */
START_TEST(what_is_not_known_is_counted)
{
	fragmented();
	faults(DEMAND_BIRTH, LIGHT | DIRECT | FIRST, 0);
	run(MM_THP_ALWAYS, MM_THP_MADVISE);
	ck_assert_uint_eq(out.thp_guessed, 1);
	ck_assert_uint_eq(out.huge_got, 0);
	outcome_release(&out);
	run(MM_THP_ALWAYS, MM_THP_DEFER);
	ck_assert_uint_eq(out.thp_guessed, 0);
	outcome_release(&out);
	run(MM_THP_MADVISE, MM_THP_MADVISE);
	ck_assert_uint_eq(out.thp_guessed, 0);
	ck_assert_uint_eq(out.huge_got, 1);
	outcome_release(&out);
	mm_free(start);
}
END_TEST

/* A manifest's mode that one request belies was changed by somebody: it says nothing about the
 * others. */
START_TEST(a_mode_that_was_changed_is_not_believed)
{
	fragmented();
	faults(DEMAND_FAIL, LIGHT, 0);
	start->thp_recorded = MM_THP_MADVISE;
	ck_assert_uint_eq(whatif_thp_recorded(start, &demand), MM_THP_MADVISE);
	faults(DEMAND_FAIL, LIGHT | KSWAPD, 0);
	ck_assert_uint_eq(whatif_thp_recorded(start, &demand), MM_THP_RECORDED);
	mm_free(start);
}
END_TEST

/*
 * Memory full of clean page cache. On the node alone a request gives up when there is nothing to
 * compact; then the same fault asks anywhere and reclaims, if its memory was madvised. The recorded
 * kernel got its page at once, so the second request is none of the recording's. Under `always` it
 * is not known whether it was madvised; not, in the central scenario, and then it reclaims nothing.
 */
START_TEST(a_second_request_is_added)
{
	machine();
	fill(MM_KIND_FILE, MM_LRU_INACTIVE_FILE, MM_F_FILE);
	faults(DEMAND_BIRTH, LIGHT | DIRECT | FIRST, 0);
	run(MM_THP_MADVISE, MM_THP_RECORDED);
	ck_assert_uint_ge(out.direct_reclaims, 1);
	ck_assert_uint_eq(out.thp_guessed, 0);
	outcome_release(&out);
	run(MM_THP_ALWAYS, MM_THP_RECORDED);
	ck_assert_uint_eq(out.direct_reclaims, 0);
	ck_assert_uint_eq(out.thp_guessed, 1);
	outcome_release(&out);
	run(MM_THP_MADVISE, MM_THP_MADVISE);
	ck_assert_uint_ge(out.direct_reclaims, 1);
	ck_assert_int_gt(out.pages_reclaimed.central, 0);
	outcome_release(&out);
	run(MM_THP_MADVISE, MM_THP_NEVER);
	ck_assert_uint_eq(out.direct_reclaims, 0);
	outcome_release(&out);
	mm_free(start);
}
END_TEST

/* Recorded under `madvise`: both requests. Under `never` the second is not made; under `always` it
 * is, and compacts. */
START_TEST(a_second_request_is_left_out)
{
	fragmented();
	faults(DEMAND_BIRTH, LIGHT | DIRECT, DEMAND_F_AGAIN);
	run(MM_THP_MADVISE, MM_THP_ALWAYS);
	ck_assert_uint_eq(out.huge_got, 1);
	outcome_release(&out);
	run(MM_THP_MADVISE, MM_THP_NEVER);
	ck_assert_uint_eq(out.huge_got, 0);
	ck_assert_uint_eq(out.substituted, 1);
	outcome_release(&out);
	mm_free(start);
}
END_TEST

/* ---- ranges ---- */

#define HUGE_ID 4000u

static struct demand_range of_ranges[16];

static void in_range(struct demand_op *op, uint32_t number, uint16_t flags)
{
	op->flags |= DEMAND_F_RANGE | flags;
	op->arg = number;
	demand.ranges = of_ranges;
	demand.nr_ranges = ARRAY_SIZE(of_ranges) - 1;
}

static void faults_in(uint32_t number, enum demand_kind kind, uint32_t gfp, uint16_t flags)
{
	faults(kind, gfp, flags);
	ops[demand.nr - 1].id = HUGE_ID + number;
	in_range(&ops[demand.nr - 1], number, 0);
}

static void gives_back(uint32_t number)
{
	struct demand_op *op = add(DEMAND_DEATH, HUGE_ID + number);

	op->order = 9;
	in_range(op, number, DEMAND_F_LAST);
}

/* Memory is eight huge pages, of which the watermarks want one; six if per-cpu lists hold pages of
 * another. All others can be had if nothing is left in memory. */
static void more(uint32_t pages)
{
	for (uint32_t number = 2; number < 2 + pages; number++)
		faults_in(number, DEMAND_BIRTH, LIGHT, 0);
}

/*
 * Recorded: a huge page, taken and given back five times. In the replay none can be had without
 * compaction, so small pages take its place, once for each time; they are gone in the end. Who
 * keeps its table asks for no huge page in that range when it could have one; who does not, does.
 */
START_TEST(small_pages_in_place_of_a_huge_one)
{
	memset(of_ranges, 0, sizeof(of_ranges));
	of_ranges[1].keeps_table = _i;
	fragmented();
	for (int i = 0; i < 5; i++) {
		faults_in(1, DEMAND_BIRTH, LIGHT, 0);
		gives_back(1);
	}
	for (uint32_t id = 1; id < PAGES; id += 2)
		add(DEMAND_DEATH, id);
	faults_in(1, DEMAND_BIRTH, LIGHT, 0);
	gives_back(1);
	more(6);
	run(MM_THP_RECORDED, MM_THP_RECORDED);
	ck_assert_uint_eq(out.huge_wanted, 5 + 1 + 6);
	ck_assert_uint_eq(out.huge_got, (_i ? 6 : 7));
	ck_assert_uint_eq(out.substituted, (_i ? 6 : 5));
	ck_assert_uint_eq(out.orders[9].attempts, out.huge_wanted);
	outcome_release(&out);
	mm_free(start);
}
END_TEST

static void touches_small(uint32_t number)
{
	for (uint32_t id = 0; id < 512; id++) {
		struct demand_op *op = add(DEMAND_BIRTH, id);

		op->gfp = USER | GFP_ZERO;
		op->type = MM_MOVABLE;
		in_range(op, number, 0);
	}
}

static void gives_back_small(uint32_t number)
{
	for (uint32_t id = 0; id < 512; id++)
		in_range(add(DEMAND_DEATH, id), number, id == 511 ? DEMAND_F_LAST : 0);
}

/*
 * Recorded: no huge page, small ones instead; given back and touched again, without a fault for a
 * huge page. In the replay memory is empty: one huge page each time, no small one, none left over.
 */
START_TEST(a_huge_page_in_place_of_small_ones)
{
	memset(of_ranges, 0, sizeof(of_ranges));
	of_ranges[1].keeps_table = true;
	machine();
	faults_in(1, DEMAND_FAIL, LIGHT, 0);
	for (int i = 0; i < 2; i++) {
		touches_small(1);
		gives_back_small(1);
	}
	more(7);
	run(MM_THP_RECORDED, MM_THP_RECORDED);
	ck_assert_uint_eq(out.huge_wanted, 2 + 7);
	ck_assert_uint_eq(out.huge_got, 2 + 7);
	ck_assert_uint_eq(out.orders[0].attempts, 0);
	outcome_release(&out);
	mm_free(start);
}
END_TEST

/* Recorded: the second request got the page. In the replay the first does: one page was wanted, one
 * is there, and it goes when the recorded one did. */
START_TEST(one_fault_is_one_page)
{
	memset(of_ranges, 0, sizeof(of_ranges));
	machine();
	faults_in(1, DEMAND_FAIL, LIGHT | DIRECT | FIRST, 0);
	faults_in(1, DEMAND_BIRTH, LIGHT | DIRECT, DEMAND_F_AGAIN);
	add(DEMAND_DEATH, HUGE_ID + 1)->order = 9; /* by its own name */
	more(7);
	run(MM_THP_RECORDED, MM_THP_RECORDED);
	ck_assert_uint_eq(out.huge_wanted, 1 + 7);
	ck_assert_uint_eq(out.huge_got, 1 + 7);
	ck_assert_uint_eq(out.orders[9].fast, 1 + 7);
	outcome_release(&out);
	mm_free(start);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("thp");
	TCase *tc = tcase_create("thp");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, flags_are_the_kernels);
	tcase_add_test(tc, what_flags_tell_is_true);
	tcase_add_test(tc, what_flags_tell_is_all_there_is);
	tcase_add_test(tc, other_requests_are_none);
	tcase_add_loop_test(tc, modes_differ_where_they_must, 0, (int)ARRAY_SIZE(expected));
	tcase_add_test(tc, the_recorded_mode_is_the_recording);
	tcase_add_test(tc, what_is_not_known_is_counted);
	tcase_add_test(tc, a_mode_that_was_changed_is_not_believed);
	tcase_add_test(tc, a_second_request_is_added);
	tcase_add_test(tc, a_second_request_is_left_out);
	tcase_add_loop_test(tc, small_pages_in_place_of_a_huge_one, 0, 2);
	tcase_add_test(tc, a_huge_page_in_place_of_small_ones);
	tcase_add_test(tc, one_fault_is_one_page);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
