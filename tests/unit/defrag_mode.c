// SPDX-License-Identifier: GPL-2.0-only
/*
 * vm.defrag_mode of 6.15 and later: requests do not pollute pageblocks before reclaim and
 * compaction have failed; kswapd and kcompactd work for whole blocks. Each test is done with the
 * mode off and on. Memory is 16 pageblocks of 512 pages; every second page of the first 14 is in
 * use and movable, the other two are all in use. The high watermark is 1100; a request of order 9
 * needs 511 more (__zone_watermark_ok), so in whole blocks it takes four.
 */
#include "replay/whatif.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 512u
#define BLOCKS 16u
#define FRAMES (BLOCKS * BLOCK)
#define HIGH 1100u
#define KERNEL (MM_GFP_IO | MM_GFP_FS | MM_GFP_DIRECT_RECLAIM | MM_GFP_KSWAPD_RECLAIM)

static struct mm *mm;

static void machine(const char *release, bool on)
{
	struct mm_zone_config zone = {
		.name = "Normal",
		.start_pfn = FRAMES,
		.spanned = FRAMES,
		.present = FRAMES,
		.managed = FRAMES,
		.wmark = {600, 850, HIGH, 1350},
	};
	struct mm_config cfg = {
		.release = release,
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

	mm = mm_new(&cfg, &err);
	ck_assert_msg(mm != NULL, "%s", err.text);
	for (uint32_t n = 0; n < FRAMES; n++)
		mm_build_allocated(mm, (struct frame){n}, 0, 0);
	for (uint32_t n = 0; n < 14 * BLOCK; n++) {
		struct frame f = {n};

		if (n % 2 == 0) { /* the free scanner takes even steps in full blocks */
			mm_free_direct(mm, 0, f, 0, 0);
			continue;
		}
		mm_frame(mm, f)->flags |= MM_F_ANON | MM_F_SWAPBACKED | MM_F_MAPPED;
		mm_object_bind(mm, f, n, 0, MM_KIND_ANON, 0);
		mm_lru_add(mm, f, MM_LRU_INACTIVE_ANON);
	}
	mm_set_defrag_mode(mm, on);
}

static void empty_block(uint32_t block)
{
	for (uint32_t n = block * BLOCK + 1; n < (block + 1) * BLOCK; n += 2) {
		struct frame f = {n};

		mm_lru_del(mm, f);
		mm_object_unbind(mm, f);
		mm_free_direct(mm, 0, f, 0, 0);
	}
}

static struct frame asks(uint32_t (*flags)(const struct mm *mm, const struct mm_request *rq))
{
	struct mm_request rq = {.gfp = KERNEL, .type = MM_UNMOVABLE};

	return mm_get_page(mm, &rq, flags(mm, &rq));
}

/* Half of memory is free, but there is no whole block: only a page of a movable one, which is what
 * a kernel without the mode takes at once. */
START_TEST(no_block_is_polluted)
{
	machine("7.2.13", _i);
	ck_assert_int_eq(frame_is_none(asks(mm_alloc_flags_fast)), _i);
	mm_free(mm);
	machine("7.2.13", _i);
	ck_assert_int_eq(frame_is_none(asks(mm_alloc_flags_slow)), _i);
	mm_free(mm);
}
END_TEST

/* A whole block may be claimed: it is not polluted by that. */
START_TEST(a_whole_block_is_claimed)
{
	struct frame f;

	machine("7.2.13", true);
	empty_block(5);
	f = asks(mm_alloc_flags_fast);
	ck_assert_uint_eq(f.n / BLOCK, 5);
	ck_assert_uint_eq(mm_block_type(mm, f), MM_UNMOVABLE);
	mm_free(mm);
}
END_TEST

/* Without the mode all free pages count, and one page of the order is enough. For single pages
 * nothing changes. */
START_TEST(balanced_in_whole_blocks)
{
	machine("7.2.13", _i);
	ck_assert(!mm_node_balanced(mm, 0, 9, 0));
	empty_block(3);
	ck_assert_int_eq(mm_node_balanced(mm, 0, 9, 0), !_i);
	empty_block(4);
	ck_assert_int_eq(mm_node_balanced(mm, 0, 9, 0), !_i);
	empty_block(5);
	ck_assert_int_eq(mm_node_balanced(mm, 0, 9, 0), !_i);
	empty_block(6);
	ck_assert(mm_node_balanced(mm, 0, 9, 0));
	mm_free(mm);
	machine("7.2.13", _i);
	ck_assert(mm_node_balanced(mm, 0, 0, 0));
	mm_free(mm);
}
END_TEST

/* kcompactd, woken for a pageblock: makes one and stops; under the mode it makes the four that the
 * watermark takes. */
START_TEST(kcompactd_makes_enough_blocks)
{
	machine("7.2.13", _i);
	ck_assert(mm_kcompactd_wakeup(mm, 0, 9, 0));
	mm_kcompactd(mm, 0, 0);
	ck_assert_int_eq(mm_free_in_blocks(mm, 0), (_i ? 4 : 1) * (int64_t)BLOCK);
	mm_free(mm);
}
END_TEST

START_TEST(older_kernels_have_no_such_mode)
{
	machine("6.12.80", true);
	ck_assert_uint_eq(mm->defrag_mode, 0);
	ck_assert(!frame_is_none(asks(mm_alloc_flags_fast)));
	mm_free(mm);
}
END_TEST

/* ---- a history ---- */

static struct demand_op ops[256];

/* Blocks with pages of the kernel and movable ones: what is not free is not all unmovable. */
static uint32_t polluted(const struct outcome *o)
{
	struct error err = {{0}};
	uint8_t *bytes = block_map_unpack(&o->map, &err);
	const uint8_t *first, *second;
	uint32_t n = 0;

	ck_assert_msg(bytes != NULL, "%s", err.text);
	first = bytes + (o->map.nr_moments - 1) * 2 * (size_t)o->map.nr_blocks;
	second = first + o->map.nr_blocks;
	for (uint32_t b = 0; b < 14; b++) {
		uint32_t empty = first[b] >> 3 & BLOCK_MAP_SHARE;
		uint32_t unmovable = second[b] & BLOCK_MAP_SHARE;

		n += unmovable > 0 && empty + unmovable < 6;
	}
	free(bytes);
	return n;
}

static void run_with(const char *setting, uint32_t gfp, struct outcome *out)
{
	struct demand demand = {.ops = ops, .nr = ARRAY_SIZE(ops)};
	struct policy_setting s;
	struct error err = {{0}};

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		ops[i] = (struct demand_op){.kind = DEMAND_BIRTH,
					    .time = i * 1000000,
					    .id = (uint32_t)(14 * BLOCK + i),
					    .gfp = gfp};
	ck_assert_msg(!policy_setting_parse(&s, setting, &err), "%s", err.text);
	ck_assert_msg(
		!whatif_run_demand(mm, &demand, &s,
				   &(struct whatif_options){.central_only = true, .map_moments = 4},
				   out, &err),
		"%s", err.text);
	policy_setting_release(&s);
}

static void run(const char *setting, struct outcome *out)
{
	run_with(setting, KERNEL, out);
}

/*
 * 256 kernel pages. Without the mode the first claims a block that is half full of movable pages.
 * With it, and swap, kswapd is woken for a whole block first, and the oldest pages lie side by
 * side: the request finds a block of its own.
 */
START_TEST(a_history_without_pollution)
{
	struct outcome off, on;

	machine("7.2.13", false);
	mm->swap_slots = mm->swap_free = FRAMES;
	run("kernel:defrag_mode=0,compaction_proactiveness=0", &off);
	run("kernel:defrag_mode=1,compaction_proactiveness=0", &on);
	ck_assert_uint_eq(off.orders[0].successes, ARRAY_SIZE(ops));
	ck_assert_uint_eq(on.orders[0].successes, ARRAY_SIZE(ops));
	ck_assert_uint_eq(polluted(&off), 1);
	ck_assert_uint_eq(polluted(&on), 0);
	ck_assert_uint_eq(off.reclaimed_kswapd, 0);
	/* Each block holds BLOCK / 2 pages, and one has to be emptied. */
	ck_assert_uint_ge(on.reclaimed_kswapd, BLOCK / 2);
	outcome_release(&off);
	outcome_release(&on);
	mm_free(mm);
}
END_TEST

/* Nothing can go, nothing can move: in the end the request pollutes rather than fails, if it may
 * wait; one that may not fails. */
START_TEST(pollution_is_the_last_resort)
{
	static const uint32_t gfps[] = {KERNEL, MM_GFP_KSWAPD_RECLAIM | MM_GFP_HIGH};

	for (size_t i = 0; i < ARRAY_SIZE(gfps); i++) {
		struct outcome o;

		machine("7.2.13", false);
		for (uint32_t n = 1; n < 14 * BLOCK; n += 2)
			mm_lru_del(mm, (struct frame){n});
		for (uint32_t n = 1; n < 14 * BLOCK; n += 2)
			mm_frame(mm, (struct frame){n})->flags |= MM_F_PINNED;
		run_with("kernel:defrag_mode=1,compaction_proactiveness=0", gfps[i], &o);
		ck_assert_uint_eq(o.orders[0].successes, i ? 0 : ARRAY_SIZE(ops));
		outcome_release(&o);
		mm_free(mm);
	}
}
END_TEST

START_TEST(other_eras_refuse_it)
{
	struct demand nothing = {.ops = ops};
	struct policy_setting s;
	struct outcome out;
	struct error err = {{0}};

	machine("6.1.192", false);
	ck_assert(!policy_setting_parse(&s, "kernel:defrag_mode=1", &err));
	ck_assert(whatif_run_demand(mm, &nothing, &s,
				    &(struct whatif_options){.central_only = true}, &out, &err));
	ck_assert_str_eq(err.text, "policy kernel: kernels of era 6.1 have no defrag_mode (only of "
				   "7.2); leave the parameter out");
	policy_setting_release(&s);
	mm_free(mm);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("defrag_mode");
	TCase *tc = tcase_create("defrag_mode");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, no_block_is_polluted, 0, 2);
	tcase_add_test(tc, a_whole_block_is_claimed);
	tcase_add_loop_test(tc, balanced_in_whole_blocks, 0, 2);
	tcase_add_loop_test(tc, kcompactd_makes_enough_blocks, 0, 2);
	tcase_add_test(tc, older_kernels_have_no_such_mode);
	tcase_add_test(tc, a_history_without_pollution);
	tcase_add_test(tc, pollution_is_the_last_resort);
	tcase_add_test(tc, other_eras_refuse_it);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
