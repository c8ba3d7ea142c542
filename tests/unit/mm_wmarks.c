// SPDX-License-Identifier: GPL-2.0-only
/* Watermarks set anew by vm.min_free_kbytes. */
#include <check.h>
#include <string.h>

#include "mm/mm.h"

static struct mm *machine(void)
{
	const struct mm_zone_config zones[] = {
		{.name = "DMA",
		 .index = 0,
		 .start_pfn = 1,
		 .spanned = 4095,
		 .present = 3998,
		 .managed = 3840},
		{.name = "DMA32",
		 .index = 1,
		 .start_pfn = 4096,
		 .spanned = 1044480,
		 .present = 800000,
		 .managed = 772918},
		{.name = "Normal",
		 .index = 2,
		 .start_pfn = 1048576,
		 .spanned = 1600000,
		 .present = 1600000,
		 .managed = 1540242},
	};
	const struct mm_config cfg = {
		.release = "6.1.192",
		.end_pfn = 2648576,
		.nr_cpus = 2,
		.nr_nodes = 1,
		.nr_orders = 11,
		.pageblock_order = 9,
		.nr_types = 5,
		.zones = zones,
		.nr_zones = 3,
	};
	struct error err = {""};
	struct mm *mm = mm_new(&cfg, &err);

	ck_assert_msg(mm != NULL, "%s", err.text);
	return mm;
}

/*
 * A live machine (kernel-facts, vector T6): min_free_kbytes 67584 = 16896 pages; 3840 and 772918
 * managed pages of 2317000 in all. DMA: 16896 * 3840 / 2317000 = 28.001, gap 28 >> 2 = 7. DMA32:
 * 16896 * 772918 / 2317000 = 5636.3, gap 1409 (more than 772918 * 10 / 10000 = 772). Expect the
 * four watermarks a gap apart, and no boost.
 */
START_TEST(live_machine)
{
	struct mm *mm = machine();
	const uint32_t dma[] = {28, 35, 42, 49}, dma32[] = {5636, 7045, 8454, 9863};

	mm->zones[1].boost = 512;
	mm_set_min_free(mm, 67584, 10);
	for (int i = 0; i < MM_NR_WMARK; i++) {
		ck_assert_uint_eq(mm->zones[0].wmark[i], dma[i]);
		ck_assert_uint_eq(mm->zones[1].wmark[i], dma32[i]);
	}
	ck_assert_uint_eq(mm->zones[1].boost, 0);
	/* Vector T1: the low watermark shared by 2 CPUs, and batch 63. */
	ck_assert_int_eq(mm_pcp(mm, 1, 1)->high, 3522);
	ck_assert_int_eq(mm_pcp(mm, 1, 1)->batch, 63);
	mm_free(mm);
}
END_TEST

/*
 * A scale factor of 1000 (10 %) makes the gap 77291 in DMA32, larger than a quarter of min. Expect
 * min as before and the others that far apart.
 */
START_TEST(scale_factor)
{
	struct mm *mm = machine();

	mm_set_min_free(mm, 67584, 1000);
	ck_assert_uint_eq(mm->zones[1].wmark[MM_WMARK_MIN], 5636);
	ck_assert_uint_eq(mm->zones[1].wmark[MM_WMARK_LOW], 5636 + 77291);
	ck_assert_uint_eq(mm->zones[1].wmark[MM_WMARK_HIGH], 5636 + 2 * 77291);
	mm_free(mm);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wmarks");
	TCase *tc = tcase_create("wmarks");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, live_machine);
	tcase_add_test(tc, scale_factor);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
