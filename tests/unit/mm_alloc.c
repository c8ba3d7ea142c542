// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watermarks, the walk over zones and whole allocations [get_page_from_freelist and what it calls,
 * page_alloc.c 6.1.192; kernel-facts 2.6, 5.1, 5.5, 5.6]. Drawings: mm_kit.h.
 */
#include "tests/unit/mm_kit.h"

#include <string.h>

#define GFP_KERNEL (MM_GFP_DIRECT_RECLAIM | MM_GFP_KSWAPD_RECLAIM | MM_GFP_IO | MM_GFP_FS)
#define GFP_ATOMIC (MM_GFP_HIGH | MM_GFP_ATOMIC | MM_GFP_KSWAPD_RECLAIM)
#define GFP_NOWAIT MM_GFP_KSWAPD_RECLAIM
#define GFP_USER_MOVABLE (GFP_KERNEL | MM_GFP_HIGHMEM | MM_GFP_MOVABLE)

/* ---- what gfp means ---- */

START_TEST(gfp_types)
{
	ck_assert_uint_eq(mm_gfp_type(GFP_KERNEL), MM_UNMOVABLE);
	ck_assert_uint_eq(mm_gfp_type(GFP_USER_MOVABLE), MM_MOVABLE);
	ck_assert_uint_eq(mm_gfp_type(GFP_KERNEL | MM_GFP_RECLAIMABLE), MM_RECLAIMABLE);
}
END_TEST

/* One row: gfp, and the highest zone index on x86_64 (DMA 0, DMA32 1, Normal 2, Movable 3) and i386
 * (DMA 0, Normal 1, HighMem 2, Movable 3: no DMA32). */
static const struct {
	uint32_t gfp, x86_64, i386;
} gfp_zones[] = {
	{0, 2, 1},
	{MM_GFP_DMA, 0, 0},
	{MM_GFP_DMA32, 1, 1},
	{MM_GFP_HIGHMEM, 2, 2},
	{MM_GFP_MOVABLE, 2, 1},
	{MM_GFP_MOVABLE | MM_GFP_HIGHMEM, 3, 3},
	{MM_GFP_MOVABLE | MM_GFP_DMA, 0, 0},
	{MM_GFP_MOVABLE | MM_GFP_DMA32, 1, 1},
};

#define ZONE(zname, znode, zindex, start, pages)                                                   \
	{                                                                                          \
		.name = zname, .node = znode, .index = zindex, .start_pfn = start,                 \
		.spanned = pages, .present = pages, .managed = pages                               \
	}

static struct mm *machine_of(const struct mm_zone_config *zones, uint32_t nr_zones, uint32_t nodes,
			     uint32_t cpus)
{
	struct mm_config cfg = {.release = "6.1.192",
				.nr_cpus = cpus,
				.nr_nodes = nodes,
				.nr_orders = KIT_ORDERS,
				.pageblock_order = KIT_BLOCK_ORDER,
				.nr_types = 5,
				.zones = zones,
				.nr_zones = nr_zones};
	struct error err = {""};
	struct mm *mm;

	for (uint32_t i = 0; i < nr_zones; i++)
		if (zones[i].start_pfn + zones[i].spanned > cfg.end_pfn)
			cfg.end_pfn = zones[i].start_pfn + zones[i].spanned;
	mm = mm_new(&cfg, &err);
	ck_assert_msg(mm != NULL, "%s", err.text);
	return mm;
}

START_TEST(gfp_zone)
{
	struct mm_zone_config big[] = {ZONE("DMA", 0, 0, 0, 0), ZONE("DMA32", 0, 1, 0, 0),
				       ZONE("Normal", 0, 2, 0, 32), ZONE("Movable", 0, 3, 0, 0)};
	struct mm_zone_config small[] = {ZONE("DMA", 0, 0, 0, 0), ZONE("Normal", 0, 1, 0, 32),
					 ZONE("HighMem", 0, 2, 0, 0), ZONE("Movable", 0, 3, 0, 0)};
	struct mm *x86_64 = machine_of(big, 4, 1, 1), *i386 = machine_of(small, 4, 1, 1);

	ck_assert_uint_eq(mm_gfp_zone(x86_64, gfp_zones[_i].gfp), gfp_zones[_i].x86_64);
	ck_assert_uint_eq(mm_gfp_zone(i386, gfp_zones[_i].gfp), gfp_zones[_i].i386);
	mm_free(x86_64);
	mm_free(i386);
}
END_TEST

/* One row: a request and its flags without the watermark index (slow path: min is 0). CPUSET is
 * always asked for. */
#define CPUSET MM_ALLOC_CPUSET
static const struct {
	uint32_t gfp, order, type, flags;
} slow_flags[] = {
	{GFP_KERNEL, 0, 0, CPUSET | MM_ALLOC_KSWAPD},
	{GFP_USER_MOVABLE, 0, MM_MOVABLE, CPUSET | MM_ALLOC_KSWAPD | MM_ALLOC_CMA},
	/* GFP_ATOMIC: no direct reclaim and __GFP_HIGH; cpusets are ignored; the reserve from order
	   1 on */
	{GFP_ATOMIC, 0, 0, MM_ALLOC_KSWAPD | MM_ALLOC_MIN_RESERVE | MM_ALLOC_NON_BLOCK},
	{GFP_ATOMIC, 1, 0,
	 MM_ALLOC_KSWAPD | MM_ALLOC_MIN_RESERVE | MM_ALLOC_NON_BLOCK | MM_ALLOC_HIGHATOMIC},
	{GFP_ATOMIC | MM_GFP_NOMEMALLOC, 1, 0, MM_ALLOC_KSWAPD | MM_ALLOC_MIN_RESERVE},
	/* without __GFP_HIGH no highatomic since 6.1.157 */
	{GFP_NOWAIT, 1, 0, CPUSET | MM_ALLOC_KSWAPD | MM_ALLOC_NON_BLOCK},
	{GFP_NOWAIT | MM_GFP_NOMEMALLOC, 1, 0, CPUSET | MM_ALLOC_KSWAPD},
	/* __GFP_HIGH that may reclaim */
	{GFP_KERNEL | MM_GFP_HIGH, 3, 0, CPUSET | MM_ALLOC_KSWAPD | MM_ALLOC_MIN_RESERVE},
	{0, 0, 0, CPUSET | MM_ALLOC_NON_BLOCK},
};

START_TEST(flags_of_the_slow_path)
{
	struct mm *mm = kit_draw("xxxxxxxxxxxxxxxx", NULL);
	struct mm_request rq = {.gfp = slow_flags[_i].gfp,
				.order = slow_flags[_i].order,
				.type = slow_flags[_i].type};

	ck_assert_uint_eq(mm_alloc_flags_slow(mm, &rq), slow_flags[_i].flags);
	mm_free(mm);
}
END_TEST

/* ---- watermark tests ---- */

/*
 * 16 pages: 11 free in buddies of orders 0, 1, 3; nothing of order 2, 4. One row: order, mark,
 * flags, lowmem reserve, highatomic reserve, answer. free - (2^order - 1) must be GREATER than the
 * mark and the reserve.
 */
static const struct {
	uint32_t order;
	int64_t mark;
	uint32_t flags, reserve, highatomic;
	bool ok;
} marks[] = {
	{0, 10, 0, 0, 0, true},	 /* 11 > 10 */
	{0, 11, 0, 0, 0, false}, /* 11 > 11 */
	{0, 5, 0, 5, 0, true},	 /* 11 > 5 + 5 */
	{0, 5, 0, 6, 0, false},
	{3, 3, 0, 0, 0, true}, /* 11 - 7 = 4 > 3, and there is one of order 3 */
	{3, 4, 0, 0, 0, false},
	{2, 0, 0, 0, 0, true},	  /* a larger one will do */
	{4, -20, 0, 0, 0, false}, /* enough pages, no buddy */
	{0, 10, 0, 0, 1, false},  /* the highatomic reserve is not for this request: 10 > 10 */
	/* requests that may use reserves also count the highatomic ones */
	{0, 10, MM_ALLOC_NON_BLOCK, 0, 1, true},
	{0, 10, MM_ALLOC_HIGHATOMIC, 0, 1, true},
	{0, 10, MM_ALLOC_OOM, 0, 1, true},
	{0, 10, MM_ALLOC_KSWAPD | MM_ALLOC_CPUSET | MM_ALLOC_CMA | MM_ALLOC_NOFRAGMENT, 0, 1,
	 false},
	/* MIN_RESERVE: 21 - 10 = 11; 20 - 10 = 10 */
	{0, 21, MM_ALLOC_MIN_RESERVE, 0, 0, false},
	{0, 20, MM_ALLOC_MIN_RESERVE, 0, 0, true},
	/* and NON_BLOCK: 27 - 13 = 14, 14 - 3 = 11; 26 - 13 = 13, 13 - 3 = 10 */
	{0, 27, MM_ALLOC_MIN_RESERVE | MM_ALLOC_NON_BLOCK, 0, 0, false},
	{0, 26, MM_ALLOC_MIN_RESERVE | MM_ALLOC_NON_BLOCK, 0, 0, true},
	/* NON_BLOCK alone lowers nothing: GFP_NOWAIT */
	{0, 11, MM_ALLOC_NON_BLOCK, 0, 0, false},
	/* OOM: 21 - 10 = 11; 20 - 10 = 10; with both: 53 - 26 = 27 - 6 = 21 - 10 = 11, and 52 makes
	   26, 20, 10 */
	{0, 21, MM_ALLOC_OOM, 0, 0, false},
	{0, 20, MM_ALLOC_OOM, 0, 0, true},
	{0, 52, MM_ALLOC_OOM | MM_ALLOC_MIN_RESERVE | MM_ALLOC_NON_BLOCK, 0, 0, true},
	{0, 53, MM_ALLOC_OOM | MM_ALLOC_MIN_RESERVE | MM_ALLOC_NON_BLOCK, 0, 0, false},
};

START_TEST(watermark_cases)
{
	struct mm *mm = kit_draw("m-xmxxxxm-------", NULL);

	mm->zones[0].lowmem_reserve[2] = marks[_i].reserve;
	mm->zones[0].lowmem_reserve[1] = 1000; /* another index's */
	mm->zones[0].reserved_highatomic = marks[_i].highatomic;
	ck_assert_int_eq(
		mm_watermark_ok(mm, 0, marks[_i].order, marks[_i].mark, 2, marks[_i].flags, 11),
		marks[_i].ok);
	mm->zones[0].free_global = 11;
	ck_assert_int_eq(
		mm_watermark_fast(mm, 0, marks[_i].order, marks[_i].mark, 2, marks[_i].flags, 0),
		marks[_i].ok);
	mm_free(mm);
}
END_TEST

/* Which lists make a high-order request possible: the normal types, CMA if allowed, highatomic with
 * HIGHATOMIC or OOM. */
START_TEST(watermark_suitable_lists)
{
	struct mm *h = kit_draw("mxh-xxxxxxxxxxxx", NULL), *c = kit_draw("mxc-xxxxxxxxxxxx", NULL);
	struct mm *i = kit_draw("mxi-xxxxxxxxxxxx", NULL), *r = kit_draw("mxr-xxxxxxxxxxxx", NULL);

	ck_assert(mm_watermark_ok(r, 0, 1, 0, 2, 0, 3));
	ck_assert(!mm_watermark_ok(h, 0, 1, 0, 2, MM_ALLOC_NON_BLOCK | MM_ALLOC_CMA, 3));
	ck_assert(mm_watermark_ok(h, 0, 1, 0, 2, MM_ALLOC_HIGHATOMIC, 3));
	ck_assert(mm_watermark_ok(h, 0, 1, 0, 2, MM_ALLOC_OOM, 3));
	ck_assert(!mm_watermark_ok(c, 0, 1, 0, 2, MM_ALLOC_HIGHATOMIC, 3));
	ck_assert(mm_watermark_ok(c, 0, 1, 0, 2, MM_ALLOC_CMA, 3));
	ck_assert(!mm_watermark_ok(i, 0, 1, 0, 2, ~0u, 3));
	mm_free(h);
	mm_free(c);
	mm_free(i);
	mm_free(r);
}
END_TEST

/*
 * GFP_ATOMIC order 0 at the min mark ignores the boost: 11 free, min 8, boost 10. Expect yes for
 * the ATOMIC bit with MIN, no for other requests, other marks, other orders.
 */
START_TEST(watermark_atomic_ignores_the_boost)
{
	struct mm *mm = kit_draw("m-xmxxxxm-------", NULL);
	int64_t min;

	mm->zones[0].wmark[MM_WMARK_MIN] = 8;
	mm->zones[0].boost = 10;
	min = mm_wmark(mm, 0, MM_WMARK_MIN);
	ck_assert_int_eq(min, 18);
	ck_assert(!mm_watermark_fast(mm, 0, 0, min, 2, MM_WMARK_MIN, GFP_KERNEL));
	ck_assert(mm_watermark_fast(mm, 0, 0, min, 2, MM_WMARK_MIN, GFP_ATOMIC));
	ck_assert(!mm_watermark_fast(mm, 0, 0, min, 2, MM_WMARK_LOW, GFP_ATOMIC));
	ck_assert(!mm_watermark_fast(mm, 0, 1, min, 2, MM_WMARK_MIN, GFP_ATOMIC));
	mm->zones[0].wmark[MM_WMARK_MIN] = 11;
	ck_assert(!mm_watermark_fast(mm, 0, 0, 21, 2, MM_WMARK_MIN, GFP_ATOMIC));
	mm_free(mm);
}
END_TEST

/* What is free is the zone's counter, not the lists: a CPU's difference that has not been folded
 * does not count. */
START_TEST(watermark_reads_the_global_counter)
{
	struct mm *mm = kit_draw("m-xmxxxxm-------", NULL);

	mm->zones[0].stat_threshold = 100;
	mm_mod_free(mm, 0, 0, 50);
	ck_assert(!mm_watermark_fast(mm, 0, 0, 11, 2, 0, 0));
	mm_fold_diffs(mm, 0);
	ck_assert(mm_watermark_fast(mm, 0, 0, 11, 2, 0, 0));
	mm->zones[0].free_global = -5; /* races may make it negative; it then reads 0 */
	ck_assert(mm_watermark_fast(mm, 0, 0, -1, 2, 0, 0));
	mm_free(mm);
}
END_TEST

/* ---- the walk over zones ---- */

/* DMA 0..31, DMA32 32..63, Normal 64..95; batch 1, so that a refill is the page asked for. */
static struct mm *three_zones(const char *dma, const char *dma32, const char *normal)
{
	struct mm_zone_config zones[] = {ZONE("DMA", 0, 0, 0, 32), ZONE("DMA32", 0, 1, 32, 32),
					 ZONE("Normal", 0, 2, 64, 32)};
	struct mm *mm = machine_of(zones, 3, 1, 1);
	struct strbuf all;

	strbuf_init(&all);
	strbuf_printf(&all, "%s%s%s", dma, dma32, normal);
	kit_paint(mm, all.s, NULL);
	strbuf_release(&all);
	return mm;
}

static uint32_t get(struct mm *mm, uint32_t order, uint32_t gfp)
{
	struct mm_request rq = {.order = order, .gfp = gfp, .type = mm_gfp_type(gfp)};

	return mm_get_page(mm, &rq, mm_alloc_flags_fast(mm, &rq)).n;
}

#define FULL "xxxxxxxxxxxxxxxx|xxxxxxxxxxxxxxxx|"

/*
 * Unmovable order 0; Normal has movable pages only, the lower zones unmovable ones.
 *   DMA u---   DMA32 u---   Normal m---
 * Expect DMA32 to be emptied first, then DMA, and only then a steal in Normal: ALLOC_NOFRAGMENT.
 */
START_TEST(lower_zones_before_stealing)
{
	struct mm *mm = three_zones("u-xxxxxxxxxxxxxx|xxxxxxxxxxxxxxxx|",
				    "u-xxxxxxxxxxxxxx|xxxxxxxxxxxxxxxx|",
				    "m---xxxxxxxxxxxx|xxxxxxxxxxxxxxxx|");

	ck_assert_uint_eq(get(mm, 0, GFP_KERNEL), 32);
	ck_assert_uint_eq(get(mm, 0, GFP_KERNEL), 33);
	ck_assert_uint_eq(get(mm, 0, GFP_KERNEL), 0);
	ck_assert_uint_eq(get(mm, 0, GFP_KERNEL), 1);
	ck_assert_uint_eq(get(mm, 0, GFP_KERNEL), 64);
	expect_memory(mm, FULL FULL "xuu-xxxxxxxxxxxx|xxxxxxxxxxxxxxxx|");
	mm_free(mm);
}
END_TEST

/* A whole free block may be taken in Normal at once; it fragments nothing. */
START_TEST(whole_blocks_before_lower_zones)
{
	struct mm *mm = three_zones(FULL, "u---xxxxxxxxxxxx|xxxxxxxxxxxxxxxx|",
				    "m---------------|xxxxxxxxxxxxxxxx|");

	ck_assert_uint_eq(get(mm, 0, GFP_KERNEL), 64);
	mm_free(mm);
}
END_TEST

/*
 * NOFRAGMENT is for requests that prefer Normal, on kernels that have a DMA32: DMA32 requests
 * steal at once. Without DMA32 (i386) Normal steals at once, too.
 */
START_TEST(who_avoids_fragmentation)
{
	struct mm *mm = three_zones(FULL, "m---xxxxxxxxxxxx|xxxxxxxxxxxxxxxx|", FULL);
	struct mm_zone_config old[] = {ZONE("DMA", 0, 0, 0, 32), ZONE("Normal", 0, 1, 32, 32)};
	struct mm *i386 = machine_of(old, 2, 1, 1);
	struct mm_request rq = {.gfp = GFP_KERNEL};

	ck_assert_uint_eq(mm_alloc_flags_fast(mm, &rq),
			  MM_WMARK_LOW | MM_ALLOC_KSWAPD | MM_ALLOC_NOFRAGMENT);
	ck_assert_uint_eq(mm_alloc_flags_fast(i386, &rq), MM_WMARK_LOW | MM_ALLOC_KSWAPD);
	rq.gfp = MM_GFP_DMA32;
	ck_assert_uint_eq(mm_alloc_flags_fast(mm, &rq), MM_WMARK_LOW);
	rq.gfp = GFP_USER_MOVABLE;
	rq.type = MM_MOVABLE;
	ck_assert_uint_eq(mm_alloc_flags_fast(mm, &rq),
			  MM_WMARK_LOW | MM_ALLOC_KSWAPD | MM_ALLOC_CMA | MM_ALLOC_NOFRAGMENT);
	mm_free(mm);
	mm_free(i386);
}
END_TEST

/*
 * Normal is at its low mark (4 free, low 4). DMA32 has 4 free and keeps 4 back from Normal
 * requests: 4 > 0 + 4 fails. DMA keeps 3: 4 > 3. Expect DMA; a DMA32 request may have DMA32's.
 */
START_TEST(lowmem_reserve)
{
	struct mm *mm = three_zones("u---xxxxxxxxxxxx|xxxxxxxxxxxxxxxx|",
				    "u---xxxxxxxxxxxx|xxxxxxxxxxxxxxxx|",
				    "u---xxxxxxxxxxxx|xxxxxxxxxxxxxxxx|");

	mm->zones[2].wmark[MM_WMARK_LOW] = 4;
	mm->zones[1].lowmem_reserve[2] = 4;
	mm->zones[0].lowmem_reserve[2] = 3;
	ck_assert_uint_eq(get(mm, 0, GFP_KERNEL), 0);
	ck_assert_uint_eq(get(mm, 0, GFP_KERNEL | MM_GFP_DMA32), 32);
	ck_assert_uint_eq(get(mm, 0, GFP_KERNEL | MM_GFP_DMA), 1);
	/* now nobody has enough */
	ck_assert_uint_eq(get(mm, 0, GFP_KERNEL), UINT32_MAX);
	ck_assert_uint_eq(
		mm_get_page(mm, &(struct mm_request){.gfp = GFP_KERNEL}, MM_ALLOC_NO_WATERMARKS).n,
		64);
	mm_free(mm);
}
END_TEST

/* The boost counts for everyone's marks: low 1, boost 2 against 3 free; without boost 3 > 1. */
START_TEST(boost_raises_the_marks)
{
	struct mm *mm = three_zones(FULL, FULL, "u-xuxxxxxxxxxxxx|xxxxxxxxxxxxxxxx|");

	mm->zones[2].wmark[MM_WMARK_LOW] = 1;
	mm->zones[2].boost = 2;
	ck_assert_uint_eq(get(mm, 0, GFP_KERNEL), UINT32_MAX);
	mm->zones[2].boost = 1;
	ck_assert_uint_eq(get(mm, 0, GFP_KERNEL), 67);
	mm_free(mm);
}
END_TEST

/* A steal that boosts flags the zone; the allocation that did it clears the flag and wakes
 * kswapd for that zone. */
START_TEST(boost_wakes_kswapd)
{
	struct mm *mm = three_zones(FULL, FULL, "m---xxxxxxxxxxxx|xxxxxxxxxxxxxxxx|");

	mm->zones[2].managed = 64;
	mm->zones[2].wmark[MM_WMARK_HIGH] = 1;
	ck_assert_uint_eq(get(mm, 0, GFP_KERNEL), 64);
	ck_assert_uint_eq(mm->zones[2].boost, 16);
	ck_assert_uint_eq(mm->zones[2].flags & MM_ZONE_BOOSTED, 0);
	ck_assert_uint_eq(mm->wake_kswapd, 1u << 2);
	mm_free(mm);
}
END_TEST

/* Alloc: pcp head first (last freed), then a refill; each allocation halves the free factor
 * [rmqueue_pcplist]. */
START_TEST(allocation_takes_from_the_list)
{
	struct mm *mm = three_zones(FULL, FULL, "u---xxxxxxxxxxxx|xxxxxxxxxxxxxxxx|");
	struct mm_pcp *pcp = mm_pcp(mm, 2, 0);

	mm_set_block_type(mm, at(80), MM_UNMOVABLE);
	pcp->high = 1000;
	pcp->free_factor = 5;
	mm_free_page(mm, 0, at(80), 0);
	mm_free_page(mm, 0, at(90), 0);
	ck_assert_uint_eq(get(mm, 0, GFP_KERNEL), 90);
	ck_assert_int_eq(pcp->free_factor, 2);
	ck_assert_uint_eq(get(mm, 0, GFP_KERNEL), 80);
	ck_assert_int_eq(pcp->free_factor, 1);
	ck_assert_uint_eq(get(mm, 0, GFP_KERNEL), 64);
	ck_assert_uint_eq(get(mm, 1, GFP_KERNEL), 66);
	ck_assert_int_eq(pcp->free_factor, 0);
	ck_assert_int_eq(pcp->count, 0);
	expect_memory(mm, FULL FULL "xux=xxxxxxxxxxxx|xxxxxxxxxxxxxxxx|");
	mm_free(mm);
}
END_TEST

/* ---- highatomic in use ---- */

/*
 * before  Normal: h-------x===u---   first block reserved; an atomic request of order 2, slow path
 * after   Normal: x===h---x===x===   two such requests later
 *
 * Expect the per-cpu lists to be tried even before the reserve (kernel-facts 5.6): order 2 is
 * cached, its refill finds u---. When that is gone the refill finds nothing and the reserve serves.
 * Order 0 without HIGHATOMIC may have reserved pages only with NON_BLOCK or OOM, when all else
 * failed.
 */
START_TEST(highatomic_use)
{
	struct mm *mm = three_zones(FULL, FULL, "h-------x===u---|xxxxxxxxxxxxxxxx|");
	struct mm_request rq = {.order = 2, .gfp = GFP_ATOMIC};
	uint32_t flags = mm_alloc_flags_slow(mm, &rq);

	mm_set_block_type(mm, at(64), MM_HIGHATOMIC);
	mm->zones[2].reserved_highatomic = 16;
	ck_assert_uint_eq(mm_get_page(mm, &rq, flags).n, 76);
	/* nothing unmovable is left, no fallback either: the reserve */
	ck_assert_uint_eq(mm_get_page(mm, &rq, flags).n, 64);
	expect_memory(mm, FULL FULL "x===h---x===x===|xxxxxxxxxxxxxxxx|");
	/* order 0, GFP_NOWAIT: no HIGHATOMIC flag, but NON_BLOCK may have it when all else failed
	 */
	rq.order = 0;
	ck_assert_uint_eq(mm_get_page(mm, &rq, MM_WMARK_MIN).n, UINT32_MAX);
	ck_assert_uint_eq(mm_get_page(mm, &rq, MM_ALLOC_NON_BLOCK).n, 68);
	ck_assert_uint_eq(mm_get_page(mm, &rq, MM_ALLOC_OOM).n, 69);
	ck_assert_int_eq(mm->zones[2].free_global, 2);
	mm_free(mm);
}
END_TEST

/*
 * Order 5 has no per-cpu list. Expect: with HIGHATOMIC the reserve before the request's own type,
 * without it the own type; an allocation with HIGHATOMIC reserves the block it got.
 */
START_TEST(highatomic_first_without_a_list)
{
	struct mm *mm = three_zones("u-------------------------------",
				    "h-------------------------------", FULL);
	struct mm_request rq = {.order = 5, .gfp = GFP_ATOMIC};
	struct mm *other = mm_clone(mm);

	mm_set_block_type(mm, at(32), MM_HIGHATOMIC);
	ck_assert_uint_eq(mm_get_page(mm, &rq, MM_ALLOC_HIGHATOMIC).n, 32);
	ck_assert_uint_eq(mm_get_page(other, &rq, MM_ALLOC_NON_BLOCK).n, 0);
	ck_assert_uint_eq(mm_block_type(other, at(0)), MM_MOVABLE);
	ck_assert_uint_eq(mm_get_page(mm, &rq, MM_ALLOC_HIGHATOMIC).n, 0);
	ck_assert_uint_eq(mm_block_type(mm, at(0)), MM_HIGHATOMIC);
	ck_assert_uint_eq(mm->zones[0].reserved_highatomic, 16);
	mm_free(mm);
	mm_free(other);
}
END_TEST

/* ---- several nodes ---- */

/* Node 0: DMA32 0..31, Normal 32..63. Node 1: Normal 64..95. Node 2: no memory. */
static struct mm *nodes(const char *dma32, const char *normal, const char *remote)
{
	struct mm_zone_config zones[] = {ZONE("DMA32", 0, 1, 0, 32), ZONE("Normal", 0, 2, 32, 32),
					 ZONE("Normal", 1, 2, 64, 32)};
	struct mm *mm = machine_of(zones, 3, 3, 1);
	struct strbuf all;

	strbuf_init(&all);
	strbuf_printf(&all, "%s%s%s", dma32, normal, remote);
	kit_paint(mm, all.s, NULL);
	strbuf_release(&all);
	return mm;
}

static uint32_t get_on(struct mm *mm, uint32_t node, uint32_t gfp)
{
	struct mm_request rq = {.node = node, .gfp = gfp, .type = mm_gfp_type(gfp)};

	return mm_get_page(mm, &rq, mm_alloc_flags_fast(mm, &rq)).n;
}

/*
 * Node 0 has only movable pages, node 1 unmovable ones. Expect a node-0 request to steal at home
 * rather than to go away: at the first remote zone NOFRAGMENT is dropped and the walk starts again
 * [get_page_from_freelist].
 */
START_TEST(locality_before_fragmentation)
{
	struct mm *mm = nodes(FULL, "m---xxxxxxxxxxxx|xxxxxxxxxxxxxxxx|",
			      "u---xxxxxxxxxxxx|xxxxxxxxxxxxxxxx|");

	ck_assert_uint_eq(get_on(mm, 0, GFP_KERNEL), 32);
	ck_assert_uint_eq(get_on(mm, 1, GFP_KERNEL), 64);
	mm_free(mm);
}
END_TEST

/*
 * A node without memory prefers the first zone of its zonelist, node 0's Normal, and it is THAT
 * node that counts as local: expect node 0's DMA32 before a steal in its Normal [local_nid is the
 * preferred zone's].
 */
START_TEST(a_node_without_memory)
{
	struct mm *mm = nodes("u---xxxxxxxxxxxx|xxxxxxxxxxxxxxxx|",
			      "m---xxxxxxxxxxxx|xxxxxxxxxxxxxxxx|", FULL);

	ck_assert_uint_eq(get_on(mm, 2, GFP_KERNEL), 0);
	mm_free(mm);
}
END_TEST

/* __GFP_THISNODE: no other node, neither for the page nor for the highatomic reserve that is given
 * back. */
START_TEST(this_node_only)
{
	struct mm *mm = nodes(FULL, FULL, "u---xxxxxxxxxxxx|h---xxxxxxxxxxxx|");
	struct mm_request rq = {.gfp = GFP_KERNEL | MM_GFP_THISNODE};

	ck_assert_uint_eq(get_on(mm, 0, GFP_KERNEL | MM_GFP_THISNODE), UINT32_MAX);
	ck_assert_uint_eq(get_on(mm, 0, GFP_KERNEL), 64);
	mm_set_block_type(mm, at(80), MM_HIGHATOMIC);
	ck_assert(!mm_unreserve_highatomic(mm, &rq, true));
	rq.gfp &= ~MM_GFP_THISNODE;
	ck_assert(mm_unreserve_highatomic(mm, &rq, true));
	mm_free(mm);
}
END_TEST

static Suite *alloc_suite(void)
{
	Suite *s = suite_create("mm_alloc");
	TCase *tc = kit_case(s, "gfp");

	tcase_add_test(tc, gfp_types);
	tcase_add_loop_test(tc, gfp_zone, 0, (int)ARRAY_SIZE(gfp_zones));
	tcase_add_loop_test(tc, flags_of_the_slow_path, 0, (int)ARRAY_SIZE(slow_flags));
	tc = kit_case(s, "watermarks");
	tcase_add_loop_test(tc, watermark_cases, 0, (int)ARRAY_SIZE(marks));
	tcase_add_test(tc, watermark_suitable_lists);
	tcase_add_test(tc, watermark_atomic_ignores_the_boost);
	tcase_add_test(tc, watermark_reads_the_global_counter);
	tc = kit_case(s, "zones");
	tcase_add_test(tc, lower_zones_before_stealing);
	tcase_add_test(tc, whole_blocks_before_lower_zones);
	tcase_add_test(tc, who_avoids_fragmentation);
	tcase_add_test(tc, lowmem_reserve);
	tcase_add_test(tc, boost_raises_the_marks);
	tcase_add_test(tc, boost_wakes_kswapd);
	tcase_add_test(tc, allocation_takes_from_the_list);
	tc = kit_case(s, "highatomic");
	tcase_add_test(tc, highatomic_use);
	tcase_add_test(tc, highatomic_first_without_a_list);
	tc = kit_case(s, "nodes");
	tcase_add_test(tc, locality_before_fragmentation);
	tcase_add_test(tc, a_node_without_memory);
	tcase_add_test(tc, this_node_only);
	return s;
}

int main(void)
{
	return kit_main(alloc_suite());
}
