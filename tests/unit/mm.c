// SPDX-License-Identifier: GPL-2.0-only
/*
 * The buddy lists: split, merge, order of lists, moving and isolating. Every case draws the memory
 * before and after; the notation is in mm_kit.h. Blocks have 16 pages here, orders go to 5:
 * pageblock_order 9 and order 10 of a real machine are 4 and 5. Expected values were worked out by
 * hand from page_alloc.c of 6.1.192.
 */
#include "tests/unit/mm_kit.h"

/* ---- split ---- */

/*
 * before  xxxxxxxx m-------        one free buddy of order 3 at 8, and one each of orders 2, 1, 0
 *                                  behind it
 * after   xxxxxxxx x m m- m---     order 0 taken out of it
 * Expect the lowest page, and each upper half at the HEAD of its order's list: 12, 10, 9 [expand;
 * vector T9].
 */
START_TEST(expand_puts_upper_halves_at_the_heads)
{
	struct mm *mm = kit_draw("xxxxxxxx m------- | m---xxxxm-xxmxxx", NULL);

	mm_take(mm, at(8), 3, 0, MM_MOVABLE);
	expect_memory(mm, "xxxxxxxx x m m- m--- | m---xxxxm-xxmxxx");
	expect_list(mm, 2, MM_MOVABLE, "12 16");
	expect_list(mm, 1, MM_MOVABLE, "10 24");
	expect_list(mm, 0, MM_MOVABLE, "9 28");
	ck_assert_int_eq(mm->zones[0].free, 7 + 7);
	mm_free(mm);
}
END_TEST

/*
 * before  m-------xxxxxxxx         order 1 wanted by unmovable, though the buddy was on a movable
 *                                  list
 * after   x=u-u---xxxxxxxx
 * Expect the rest on the lists of the type that took it: this is how lists and blocks come to
 * differ in 6.1.
 */
START_TEST(expand_uses_the_lists_of_the_taker)
{
	struct mm *mm = kit_draw("m-------xxxxxxxx", NULL);

	mm_take(mm, at(0), 3, 1, MM_UNMOVABLE);
	expect_memory(mm, "x=u-u---xxxxxxxx");
	expect_blocks(mm, "M");
	mm_free(mm);
}
END_TEST

/* Expect a buddy of the right order to be taken whole: nothing goes back. */
START_TEST(take_whole)
{
	struct mm *mm = kit_draw("m-------m---xxxx", NULL);

	mm_take(mm, at(8), 2, 2, MM_MOVABLE);
	expect_memory(mm, "m-------x===xxxx");
	mm_free(mm);
}
END_TEST

/*
 * Expect the smallest order that has something of the wanted type, and there the head of the list,
 * not the lowest pfn; lists of other types do not count [__rmqueue_smallest].
 */
START_TEST(smallest_takes_the_head_of_the_lowest_order)
{
	struct mm *mm = kit_draw("u xxx m---xxxxm--- | m-------m-xxm-xx", NULL);
	uint32_t found = 99;

	ck_assert_uint_eq(mm_peek_smallest(mm, 0, 0, MM_MOVABLE, &found).n, 24);
	ck_assert_uint_eq(found, 1);
	ck_assert_uint_eq(mm_peek_smallest(mm, 0, 2, MM_MOVABLE, &found).n, 4);
	ck_assert_uint_eq(found, 2);
	mm_list_rotate_to_last(mm, at(4));
	ck_assert_uint_eq(mm_peek_smallest(mm, 0, 2, MM_MOVABLE, &found).n, 12);
	ck_assert_uint_eq(mm_peek_smallest(mm, 0, 3, MM_MOVABLE, &found).n, 16);
	ck_assert(frame_is_none(mm_peek_smallest(mm, 0, 4, MM_MOVABLE, &found)));
	ck_assert(frame_is_none(mm_peek_smallest(mm, 0, 0, MM_RECLAIMABLE, &found)));
	mm_free(mm);
}
END_TEST

/* ---- merge ---- */

/*
 * before  mxm-m--- m-------        page 1 is freed
 * after   m---------------         0+1, 01+23, 0123+4567, and the order-3 buddy behind
 * Expect merging all the way up, and stop where the buddy is not free.
 */
START_TEST(merge_climbs)
{
	struct mm *mm = kit_draw("mxm-m---m-------|xxxxxxxxxxxxxxxx", NULL);

	ck_assert_uint_eq(mm_free_one(mm, at(1), 0, MM_MOVABLE, 0).n, 0);
	expect_memory(mm, "m---------------|xxxxxxxxxxxxxxxx");
	ck_assert_int_eq(mm->zones[0].free, 16);
	ck_assert_int_eq(mm->zones[0].free_global, 16);
	ck_assert_uint_eq(mm->zones[0].nr_free[4], 1);
	ck_assert_uint_eq(mm->zones[0].nr_free[0] + mm->zones[0].nr_free[1] +
				  mm->zones[0].nr_free[2] + mm->zones[0].nr_free[3],
			  0);
	mm_free(mm);
}
END_TEST

/*
 * before  xx m- mxxx               page 0 freed (1 in use), then page 5 freed (4 free), then page 1
 * Expect a free neighbour to merge only with the same order: 4+5 makes order 1, its buddy 6-7 is
 * in use; when 1 comes, 0+1 joins 2-3, and 0-3 joins nothing because 4-7 is not wholly free.
 */
START_TEST(merge_needs_the_same_order)
{
	struct mm *mm = kit_draw("xxm-mxxxxxxxxxxx", NULL);

	mm_free_one(mm, at(0), 0, MM_MOVABLE, 0);
	expect_memory(mm, "mxm-mxxxxxxxxxxx");
	mm_free_one(mm, at(5), 0, MM_MOVABLE, 0);
	expect_memory(mm, "mxm-m-xxxxxxxxxx");
	mm_free_one(mm, at(1), 0, MM_MOVABLE, 0);
	expect_memory(mm, "m---m-xxxxxxxxxx");
	mm_free(mm);
}
END_TEST

/*
 * before  uxm-xxxxuxxxxxxx         9 freed as movable, 1 as reclaimable
 * after   r---xxxxm-xxxxxx
 * Expect types not to matter below pageblock order, and the result on the list of the page that
 * was freed.
 */
START_TEST(merge_below_a_block_ignores_types)
{
	struct mm *mm = kit_draw("uxm-xxxxuxxxxxxx", NULL);

	mm_free_one(mm, at(9), 0, MM_MOVABLE, 0);
	expect_memory(mm, "uxm-xxxxm-xxxxxx");
	mm_free_one(mm, at(1), 0, MM_RECLAIMABLE, 0);
	expect_memory(mm, "r---xxxxm-xxxxxx");
	ck_assert_uint_eq(mm_list_count(mm, mm_buddy_list(mm, 0, 0, MM_UNMOVABLE)), 0);
	mm_free(mm);
}
END_TEST

/* One row: a whole block of type @buddy lies free; a whole block is freed beside it as @type. */
static const struct {
	uint32_t buddy, type;
	bool merges;
} block_pairs[] = {
	{MM_MOVABLE, MM_MOVABLE, true},
	{MM_MOVABLE, MM_UNMOVABLE, true}, /* normal types fall back to one another */
	{MM_UNMOVABLE, MM_RECLAIMABLE, true},
	{MM_HIGHATOMIC, MM_MOVABLE, false}, /* the reserve's accounting is by block */
	{MM_MOVABLE, MM_HIGHATOMIC, false},
	{MM_HIGHATOMIC, MM_HIGHATOMIC, true}, /* equal types always */
	{MM_CMA, MM_MOVABLE, false},
	{MM_ISOLATE, MM_MOVABLE, false},
	{MM_ISOLATE, MM_ISOLATE, true},
};

/* Expect block types to matter from pageblock order on [__free_one_page, migratetype_is_mergeable].
 */
START_TEST(merge_of_blocks)
{
	struct mm *mm = kit_draw("x===============|x===============", NULL);
	uint32_t buddy = block_pairs[_i].buddy, type = block_pairs[_i].type;

	mm_set_block_type(mm, at(16), buddy);
	mm_free_one(mm, at(16), 4, buddy, 0);
	mm_set_block_type(mm, at(0), type);
	mm_free_one(mm, at(0), 4, type, 0);
	ck_assert_uint_eq(mm_list_count(mm, mm_buddy_list(mm, 0, 5, type)), block_pairs[_i].merges);
	ck_assert_uint_eq(mm->zones[0].nr_free[4], block_pairs[_i].merges ? 0 : 2);
	/* Isolated pages are on lists but are not counted as free. */
	ck_assert_int_eq(mm->zones[0].free, type == MM_ISOLATE ? 0 : buddy == MM_ISOLATE ? 16 : 32);
	mm_free(mm);
}
END_TEST

/*
 * It is the BLOCK of the buddy that decides, not the list it is on: a highatomic block's free page
 * may wait on a movable list. Expect no merge.
 */
START_TEST(merge_asks_the_block_of_the_buddy)
{
	struct mm *mm = kit_draw("x===============|m---------------", "MH");

	mm_free_one(mm, at(0), 4, MM_MOVABLE, 0);
	expect_memory(mm, "m---------------|m---------------");
	ck_assert_uint_eq(mm->zones[0].nr_free[5], 0);
	mm_free(mm);
}
END_TEST

/*
 * before  # x m- x===...   the zone starts at 1
 * Expect page 1 to find no buddy at 0, which is not in the zone; and the last page of a zone none
 * behind its end.
 */
START_TEST(merge_stays_in_the_zone)
{
	struct mm *mm = kit_draw("#xm-xxxxxxxxxxxx|xxxxxxx#########", NULL);

	mm_free_one(mm, at(1), 0, MM_MOVABLE, 0);
	mm_free_one(mm, at(22), 0, MM_MOVABLE, 0);
	expect_memory(mm, "#mm-xxxxxxxxxxxx|xxxxxxm#########");
	mm_free(mm);
}
END_TEST

/* Two whole orders 4 make 5; 5 is the last: expect two of them side by side. */
START_TEST(merge_stops_at_the_highest_order)
{
	struct mm *mm = kit_draw(
		"x===============|m---------------|m-------------------------------", NULL);

	mm_free_one(mm, at(0), 4, MM_MOVABLE, 0);
	expect_memory(mm, "m-------------------------------|m-------------------------------");
	ck_assert_uint_eq(mm->zones[0].nr_free[5], 2);
	mm_free(mm);
}
END_TEST

/* ---- head or tail ---- */

/*
 * page 4 is freed, 5 is in use                     Expect
 *   xxxxxxm-mxxxxxxx  [6,7] free with order 1      tail: [4,5] would merge with it soon (vector T8)
 *   xxxxxxmxmxxxxxxx  only 6 free                  head
 *   xxxxxxxxmxxxxxxx  [6,7] in use                 head
 * The list that [6,7] is on does not matter.
 */
START_TEST(merge_likely_goes_to_the_tail)
{
	struct mm *likely = kit_draw("xxxxxxm-mxxxxxxx", NULL);
	struct mm *other_type = kit_draw("xxxxxxu-mxxxxxxx", NULL);
	struct mm *half = kit_draw("xxxxxxxxmxxxxxxx|xxxxxxxxxxxxxxxx", NULL);
	struct mm *in_use = kit_draw("xxxxxxxxmxxxxxxx", NULL);

	mm_free_one(likely, at(4), 0, MM_MOVABLE, 0);
	expect_list(likely, 0, MM_MOVABLE, "8 4");
	mm_free_one(other_type, at(4), 0, MM_MOVABLE, 0);
	expect_list(other_type, 0, MM_MOVABLE, "8 4");
	mm_free_one(half, at(6), 0, MM_MOVABLE, 0);
	mm_free_one(half, at(4), 0, MM_MOVABLE, 0);
	expect_list(half, 0, MM_MOVABLE, "4 6 8");
	mm_free_one(in_use, at(4), 0, MM_MOVABLE, 0);
	expect_list(in_use, 0, MM_MOVABLE, "4 8");
	mm_free(likely);
	mm_free(other_type);
	mm_free(half);
	mm_free(in_use);
}
END_TEST

/*
 * The page that merged is judged by where it ended:
 * before  mxxx m--- m-xx xxxx      1 freed: becomes [0,1]; its pair [0,3] has the free order-2
 *                                  buddy [4,7]
 * Expect [0,1] at the tail, behind [8,9].
 */
START_TEST(merge_likely_looks_at_the_merged_page)
{
	struct mm *mm = kit_draw("mxxxm---m-xxxxxx", NULL);

	mm_free_one(mm, at(1), 0, MM_MOVABLE, 0);
	expect_list(mm, 1, MM_MOVABLE, "8 0");
	mm_free(mm);
}
END_TEST

/*
 * buddy_merge_likely answers for orders up to the highest minus two only (8 on real machines, 3
 * here). Order 3 at 0 freed, its pair [0,15] has the free order-4 buddy at 16: expect the tail.
 * Order 4 at 0 freed, its pair [0,31] has the free order-5 buddy at 32: expect the head.
 */
START_TEST(merge_likely_ends_below_the_highest_orders)
{
	struct mm *mm = kit_draw(
		"x=======xxxxxxxx|m---------------|x===============x===============|m-------xxxxxxxx",
		NULL);
	struct mm *high =
		kit_draw("x===============|xxxxxxxxxxxxxxxx|m-------------------------------|"
			 "m---------------|xxxxxxxxxxxxxxxx",
			 NULL);

	mm_free_one(mm, at(0), 3, MM_MOVABLE, 0);
	expect_list(mm, 3, MM_MOVABLE, "64 0");
	mm_free_one(high, at(0), 4, MM_MOVABLE, 0);
	expect_list(high, 4, MM_MOVABLE, "0 64");
	mm_free(mm);
	mm_free(high);
}
END_TEST

/* FPI_TO_TAIL: expect the tail whatever the neighbours are [__free_one_page]. */
START_TEST(to_tail_is_obeyed)
{
	struct mm *mm = kit_draw("xxxxxxxxmxxxxxxx", NULL);

	mm_free_one(mm, at(4), 0, MM_MOVABLE, MM_FPI_TO_TAIL);
	expect_list(mm, 0, MM_MOVABLE, "8 4");
	mm_free(mm);
}
END_TEST

/*
 * Two zones meet at pfn 5; page 5 is the first of the upper one. Its pair [4,5] begins in the
 * lower zone, so the kernel compares the zone of page 4 with that of [6,7], which is the upper:
 * not buddies [buddy_merge_likely gives find_buddy_page_pfn the pair's first page]. Expect the
 * head.
 */
START_TEST(merge_likely_across_a_zone_border)
{
	struct mm_zone_config zones[] = {
		{.name = "DMA32",
		 .index = 1,
		 .start_pfn = 0,
		 .spanned = 5,
		 .present = 5,
		 .managed = 5},
		{.name = "Normal",
		 .index = 2,
		 .start_pfn = 5,
		 .spanned = 11,
		 .present = 11,
		 .managed = 11},
	};
	struct mm_config cfg = {.release = "6.1.192",
				.end_pfn = 16,
				.nr_cpus = 1,
				.nr_nodes = 1,
				.nr_orders = KIT_ORDERS,
				.pageblock_order = KIT_BLOCK_ORDER,
				.nr_types = 5,
				.zones = zones,
				.nr_zones = 2};
	struct error err;
	struct mm *mm = mm_new(&cfg, &err);

	ck_assert_ptr_nonnull(mm);
	mm_build_allocated(mm, at(4), 0, 0);
	mm_build_allocated(mm, at(5), 0, 0);
	mm_build_buddy(mm, at(6), 1, 1, MM_MOVABLE);
	mm_build_buddy(mm, at(8), 1, 0, MM_MOVABLE);
	mm_free_one(mm, at(5), 0, MM_MOVABLE, 0);
	ck_assert_uint_eq(mm_list_first(mm, mm_buddy_list(mm, 1, 0, MM_MOVABLE)).n, 5);
	mm_free(mm);
}
END_TEST

/* A direct free goes to the list of its block's type, whatever the page was asked for as
 * [__free_pages_ok]. */
START_TEST(direct_free_takes_the_type_of_the_block)
{
	struct mm *mm = kit_draw("x===xxxxxxxxxxxx|x=======x=======", "MR");

	mm_free_direct(mm, 0, at(0), 2, 0);
	mm_free_direct(mm, 0, at(16), 3, 0);
	mm_set_block_type(mm, at(16), MM_HIGHATOMIC);
	mm_free_direct(mm, 0, at(24), 3, 0);
	expect_memory(mm, "m---xxxxxxxxxxxx|h---------------");
	mm_free(mm);
}
END_TEST

/* ---- capture ---- */

static void capture(struct mm *mm, uint32_t zone, uint32_t order)
{
	mm->capture = (struct mm_capture){.active = 1, .zone = zone, .order = order};
}

/*
 * before  xuu-xxxx xxx...          page 0 freed as unmovable while a task compacts for order 2
 * after   x===xxxx                 the merged page is that task's; it was never on a list
 * Expect the free pages that went into it to be counted out, and the second chance not to be taken.
 */
START_TEST(capture_takes_the_merged_page)
{
	struct mm *mm = kit_draw("xuu-xxxxxxxxxxxx|x===xxxxxxxxxxxx", "UU");

	capture(mm, 0, 2);
	ck_assert_uint_eq(mm_free_one(mm, at(0), 0, MM_UNMOVABLE, 0).n, 0);
	ck_assert_uint_eq(mm->capture.taken, 1);
	ck_assert_uint_eq(mm->capture.frame, 0);
	expect_memory(mm, "x===xxxxxxxxxxxx|x===xxxxxxxxxxxx");
	ck_assert_int_eq(mm->zones[0].free_global, 0);
	mm_free_one(mm, at(16), 2, MM_UNMOVABLE, 0);
	ck_assert_uint_eq(mm->capture.frame, 0);
	expect_memory(mm, "x===xxxxxxxxxxxx|u---xxxxxxxxxxxx");
	mm_free(mm);
}
END_TEST

/* One row: what is freed while order @order is wanted, and whether it is taken
 * [compaction_capture]. */
static const struct {
	uint32_t order, type;
	bool active, taken;
	uint32_t zone;
} captures[] = {
	{2, MM_UNMOVABLE, true, true, 0},
	{2, MM_RECLAIMABLE, true, true, 0},
	{2, MM_HIGHATOMIC, true, true, 0},
	{2, MM_MOVABLE, true, false, 0}, /* would pollute a movable block */
	{4, MM_MOVABLE, true, true, 0},	 /* a whole block pollutes nothing */
	{2, MM_CMA, true, false, 0},
	{4, MM_ISOLATE, true, false, 0},
	{2, MM_UNMOVABLE, false, false, 0},
	{2, MM_UNMOVABLE, true, false, 1}, /* another zone's compaction */
};

START_TEST(capture_cases)
{
	struct mm *mm = kit_draw("x===xxxxxxxxxxxx|x===============", NULL);
	struct frame f = at(captures[_i].order == 4 ? 16 : 0);

	capture(mm, captures[_i].zone, captures[_i].order);
	mm->capture.active = captures[_i].active;
	mm_free_one(mm, f, captures[_i].order, captures[_i].type, 0);
	ck_assert_uint_eq(mm->capture.taken, captures[_i].taken);
	ck_assert_int_eq(mm_on_buddy_list(mm, f), !captures[_i].taken);
	mm_free(mm);
}
END_TEST

/* ---- moving the free pages of a block ---- */

/*
 * block   m u-x L===x=V r---      block type M; all free pages move to reclaimable
 * after   r r-x L===x=V r---
 * Expect ascending pfn, each to the tail of its order's list; 1+2+4 pages moved. Movable are the 4
 * pages of the compound LRU page (tails share the head's flag) and V: 5.
 */
START_TEST(move_block_counts_compound_pages)
{
	struct mm *mm = kit_draw("mxu-L===x=Vxr---|rxr-xxxxr---xxxx", NULL);
	uint32_t movable = 99;

	ck_assert_uint_eq(mm_move_freepages_block(mm, 0, at(2), MM_RECLAIMABLE, &movable), 7);
	ck_assert_uint_eq(movable, 5);
	expect_memory(mm, "rxr-L===x=Vxr---|rxr-xxxxr---xxxx");
	expect_list(mm, 0, MM_RECLAIMABLE, "16 0");
	expect_list(mm, 1, MM_RECLAIMABLE, "18 2");
	expect_list(mm, 2, MM_RECLAIMABLE, "24 12"); /* 12 was first; it moves too, behind 24 */
	expect_blocks(mm, "MM");
	mm_free(mm);
}
END_TEST

/* A compound page that is larger than its block counts only with the frames inside it: 16 of 32. */
START_TEST(move_block_counts_within_the_block)
{
	struct mm *mm = kit_draw("L===============================", NULL);
	uint32_t movable = 99;

	ck_assert_uint_eq(mm_move_freepages_block(mm, 0, at(0), MM_RECLAIMABLE, &movable), 0);
	ck_assert_uint_eq(movable, 16);
	mm_free(mm);
}
END_TEST

/*
 * The zone starts at 5, in the middle of a block: expect the walk to begin at the page itself, so
 * 5 does not move when asked by 8. The zone ends at 23: expect nothing to move in the last block
 * [move_freepages_block].
 */
START_TEST(move_block_at_the_edges_of_a_zone)
{
	struct mm *mm = kit_draw("#####mxxmxxxm---|mxxxm-x#########", NULL);

	ck_assert_uint_eq(mm_move_freepages_block(mm, 0, at(8), MM_UNMOVABLE, NULL), 5);
	ck_assert_uint_eq(mm_move_freepages_block(mm, 0, at(16), MM_UNMOVABLE, NULL), 0);
	expect_memory(mm, "#####mxxuxxxu---|mxxxm-x#########");
	mm_free(mm);
}
END_TEST

/* ---- isolating a free page ---- */

/*
 * Order 2 at 4 isolated: expect it off its list, allocated, counted out; its block keeps its type,
 * because the page is smaller than half a block. The watermark is min + 2^order against order 0:
 * 11 free pages, min 6: 6 + 4 = 10 < 11 - 0.
 */
START_TEST(isolate_small)
{
	struct mm *mm = kit_draw("xxxxu---m---mxm-", "U");

	mm->zones[0].wmark[MM_WMARK_MIN] = 6;
	ck_assert_uint_eq(mm_isolate_free_page(mm, 0, at(4), 2), 4);
	expect_memory(mm, "xxxxx===m---mxm-");
	expect_blocks(mm, "U");
	ck_assert_int_eq(mm->zones[0].free, 7);
	ck_assert_int_eq(mm->zones[0].free_global, 7);
	mm_free(mm);
}
END_TEST

/*
 * 11 free pages: min 7 + 4 = 11 is not below 11: expect 0 and no change. The unboosted watermark
 * counts; the reserve for highatomic is taken off first: 16 reserved pages leave nothing.
 */
START_TEST(isolate_obeys_the_min_watermark)
{
	struct mm *mm = kit_draw("xxxxu---m---mxm-", "U");

	mm->zones[0].wmark[MM_WMARK_MIN] = 7;
	ck_assert_uint_eq(mm_isolate_free_page(mm, 0, at(4), 2), 0);
	expect_memory(mm, "xxxxu---m---mxm-");
	mm->zones[0].wmark[MM_WMARK_MIN] = 6;
	mm->zones[0].reserved_highatomic = 16;
	ck_assert_uint_eq(mm_isolate_free_page(mm, 0, at(4), 2), 0);
	mm->zones[0].reserved_highatomic = 0;
	mm->zones[0].boost = 1000;
	ck_assert_uint_eq(mm_isolate_free_page(mm, 0, at(4), 2), 4);
	mm_free(mm);
}
END_TEST

/*
 * From half a block on (order 3 here, 8 on real machines) normal blocks become movable; the
 * highatomic block at 32 keeps its type. An order-5 page has two blocks. [__isolate_free_page]
 */
START_TEST(isolate_large_retypes_the_block)
{
	struct mm *mm =
		kit_draw("u-------u---xxxx|xxxxxxxxxxxxxxxx|h-------xxxxxxxx|xxxxxxxxxxxxxxxx|"
			 "r-------------------------------",
			 "UUHURU");

	ck_assert_uint_eq(mm_isolate_free_page(mm, 0, at(0), 3), 8);
	ck_assert_uint_eq(mm_isolate_free_page(mm, 0, at(32), 3), 8);
	ck_assert_uint_eq(mm_isolate_free_page(mm, 0, at(64), 5), 32);
	expect_blocks(mm, "MUHUMM");
	expect_memory(mm, "x=======u---xxxx|xxxxxxxxxxxxxxxx|x=======xxxxxxxx|xxxxxxxxxxxxxxxx|"
			  "x===============================");
	mm_free(mm);
}
END_TEST

/* Pages of isolated blocks ignore the watermark and are not counted: they never were. */
START_TEST(isolate_from_an_isolated_block)
{
	struct mm *mm = kit_draw("i---xxxxxxxxxxxx", "I");

	mm->zones[0].wmark[MM_WMARK_MIN] = 1000;
	ck_assert_uint_eq(mm_isolate_free_page(mm, 0, at(0), 2), 4);
	ck_assert_int_eq(mm->zones[0].free, 0);
	ck_assert_int_eq(mm->zones[0].free_global, 0);
	mm_free(mm);
}
END_TEST

/* ---- splitting allocated pages, finding heads ---- */

START_TEST(split_page_makes_heads)
{
	struct mm *mm = kit_draw("xxxxxxxxL=======", NULL);

	ck_assert_uint_eq(mm_page_head(mm, at(13)).n, 8);
	mm_split_page(mm, at(8), 1);
	expect_memory(mm, "xxxxxxxxL=L=L=L=");
	ck_assert_uint_eq(mm_page_head(mm, at(13)).n, 12);
	mm_free_direct(mm, 0, at(10), 1, 0);
	expect_memory(mm, "xxxxxxxxL=m-L=L=");
	ck_assert(frame_is_none(mm_page_head(mm, at(11))));
	ck_assert_uint_eq(mm_buddy_containing(mm, at(11)).n, 10);
	ck_assert(frame_is_none(mm_buddy_containing(mm, at(9))));
	mm_free(mm);
}
END_TEST

/* ---- order of lists ---- */

/*
 * List A B C D (head A). Expect the rotation of fast_find_migrateblock with B found to give C D A
 * B, and the other direction to undo it; a page that is there already moves nothing. The second
 * half is the walk of fast_isolate_freepages that found C: C D A B, then C is taken. [Vector T10;
 * move_freelist_head, move_freelist_tail]
 */
START_TEST(rotations)
{
	struct mm *mm = kit_draw("mxmxmxmxxxxxxxxx", NULL);

	expect_list(mm, 0, MM_MOVABLE, "0 2 4 6");
	mm_list_rotate_to_last(mm, at(2));
	expect_list(mm, 0, MM_MOVABLE, "4 6 0 2");
	mm_list_rotate_to_last(mm, at(2)); /* already last */
	expect_list(mm, 0, MM_MOVABLE, "4 6 0 2");
	mm_list_rotate_to_first(mm, at(0));
	expect_list(mm, 0, MM_MOVABLE, "0 2 4 6");
	mm_list_rotate_to_first(mm, at(0)); /* already first */
	expect_list(mm, 0, MM_MOVABLE, "0 2 4 6");
	mm_list_rotate_to_first(mm, at(6));
	expect_list(mm, 0, MM_MOVABLE, "6 0 2 4");
	mm_list_rotate_to_first(mm, at(2));
	expect_list(mm, 0, MM_MOVABLE, "2 4 6 0");
	mm_take(mm, at(2), 0, 0, MM_MOVABLE);
	expect_list(mm, 0, MM_MOVABLE, "4 6 0");
	expect_memory(mm, "mxxxmxmxxxxxxxxx");
	mm_free(mm);
}
END_TEST

START_TEST(move_behind)
{
	struct mm *mm = kit_draw("mxmxmxmxxxxxxxxx", NULL);

	mm_list_move_behind(mm, at(0), at(4));
	expect_list(mm, 0, MM_MOVABLE, "2 4 0 6");
	mm_list_move_behind(mm, at(2), at(6));
	expect_list(mm, 0, MM_MOVABLE, "4 0 6 2");
	mm_list_move_behind(mm, at(0), at(4)); /* where it is */
	expect_list(mm, 0, MM_MOVABLE, "4 0 6 2");
	expect_memory(mm, "mxmxmxmxxxxxxxxx");
	mm_free(mm);
}
END_TEST

static Suite *buddy_suite(void)
{
	Suite *s = suite_create("mm");
	TCase *tc = kit_case(s, "split");

	tcase_add_test(tc, expand_puts_upper_halves_at_the_heads);
	tcase_add_test(tc, expand_uses_the_lists_of_the_taker);
	tcase_add_test(tc, take_whole);
	tcase_add_test(tc, smallest_takes_the_head_of_the_lowest_order);
	tc = kit_case(s, "merge");
	tcase_add_test(tc, merge_climbs);
	tcase_add_test(tc, merge_needs_the_same_order);
	tcase_add_test(tc, merge_below_a_block_ignores_types);
	tcase_add_loop_test(tc, merge_of_blocks, 0, (int)ARRAY_SIZE(block_pairs));
	tcase_add_test(tc, merge_asks_the_block_of_the_buddy);
	tcase_add_test(tc, merge_stays_in_the_zone);
	tcase_add_test(tc, merge_stops_at_the_highest_order);
	tcase_add_test(tc, direct_free_takes_the_type_of_the_block);
	tc = kit_case(s, "head or tail");
	tcase_add_test(tc, merge_likely_goes_to_the_tail);
	tcase_add_test(tc, merge_likely_looks_at_the_merged_page);
	tcase_add_test(tc, merge_likely_ends_below_the_highest_orders);
	tcase_add_test(tc, merge_likely_across_a_zone_border);
	tcase_add_test(tc, to_tail_is_obeyed);
	tc = kit_case(s, "capture");
	tcase_add_test(tc, capture_takes_the_merged_page);
	tcase_add_loop_test(tc, capture_cases, 0, (int)ARRAY_SIZE(captures));
	tc = kit_case(s, "blocks");
	tcase_add_test(tc, move_block_counts_compound_pages);
	tcase_add_test(tc, move_block_counts_within_the_block);
	tcase_add_test(tc, move_block_at_the_edges_of_a_zone);
	tcase_add_test(tc, isolate_small);
	tcase_add_test(tc, isolate_obeys_the_min_watermark);
	tcase_add_test(tc, isolate_large_retypes_the_block);
	tcase_add_test(tc, isolate_from_an_isolated_block);
	tc = kit_case(s, "lists");
	tcase_add_test(tc, split_page_makes_heads);
	tcase_add_test(tc, rotations);
	tcase_add_test(tc, move_behind);
	return s;
}

int main(void)
{
	return kit_main(buddy_suite());
}
