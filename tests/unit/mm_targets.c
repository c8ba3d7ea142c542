// SPDX-License-Identifier: GPL-2.0-only
/*
 * In which order compaction uses the free pages that it holds, and how it gives back what is left:
 * by order, the smallest first, upper halves back on the lists [compaction_alloc,
 * release_free_list, 6.12]; before that cut into single pages, the last first [split_map_pages,
 * release_freepages, 6.1].
 */
#include "mm/compaction_internal.h"
#include "tests/unit/mm_kit.h"

static struct mm_compact_control cc;

/* Holds the buddies that begin at @pfns, in this order. */
static struct mm *hold(const char *release, const uint32_t *pfns, uint32_t nr)
{
	struct mm *mm = kit_draw("m-xxm---xxxxxxxxmxm-m---xxxxxxxx", NULL);
	bool exact;

	mm->era_index = mm_era_find(release, &exact);
	cc = (struct mm_compact_control){0};
	for (uint32_t i = 0; i < nr; i++) {
		uint32_t pages =
			mm_isolate_free_page(mm, 0, at(pfns[i]), mm_frame(mm, at(pfns[i]))->order);

		ck_assert_uint_gt(pages, 0);
		compact_hold_target(mm, &cc, at(pfns[i]));
		cc.nr_free += pages;
	}
	compact_split_targets(mm, &cc);
	return mm;
}

static void expect_held(struct mm *mm, const char *pfns)
{
	kit_expect_list(mm, list_of_targets(mm, &cc), pfns, __FILE__, __LINE__);
}

static void use(struct mm *mm, uint32_t pages)
{
	while (pages--) {
		mm_list_del(mm, mm_compact_next_target(mm, &cc));
		cc.nr_free--;
	}
}

static void expect_released(struct mm *mm, uint32_t pfn, uint32_t order)
{
	struct frame f = mm_compact_release_next(mm, &cc);

	ck_assert_uint_eq(f.n, pfn);
	ck_assert_uint_eq(mm_frame(mm, f)->order, order);
}

/* Orders 1, 2, 0: the single page, both of the pair, the four. */
START_TEST(smallest_first)
{
	struct mm *mm = hold("6.12.117", (uint32_t[]){0, 4, 16}, 3);

	expect_held(mm, "16 0 1 4 5 6 7");
	mm_free(mm);
}
END_TEST

/* Two of one order: as they came. */
START_TEST(equals_as_they_came)
{
	struct mm *mm = hold("6.12.117", (uint32_t[]){20, 4, 18}, 3);

	expect_held(mm, "18 19 20 21 22 23 4 5 6 7");
	mm_free(mm);
}
END_TEST

START_TEST(last_first_before)
{
	struct mm *mm = hold("6.1.192", (uint32_t[]){0, 4, 16}, 3);

	expect_held(mm, "16 7 6 5 4 1 0");
	use(mm, 5);
	compact_join_targets(mm, &cc);
	expect_released(mm, 1, 0);
	expect_released(mm, 0, 0);
	mm_free(mm);
}
END_TEST

/* 16, 0, 1 and 20 are used: of the four from 20 on a page and a pair are left. */
START_TEST(pieces_go_back)
{
	struct mm *mm = hold("6.12.117", (uint32_t[]){20, 0, 16}, 3);

	expect_held(mm, "16 0 1 20 21 22 23");
	use(mm, 4);
	ck_assert_uint_eq(cc.nr_free, 3);
	compact_join_targets(mm, &cc);
	expect_released(mm, 21, 0);
	ck_assert_uint_eq(cc.nr_free, 2);
	expect_released(mm, 22, 1);
	ck_assert_uint_eq(cc.nr_free, 0);
	mm_free(mm);
}
END_TEST

/* Nothing used: whole buddies, the smallest first. */
START_TEST(whole_buddies_go_back)
{
	struct mm *mm = hold("6.12.117", (uint32_t[]){20, 0, 16}, 3);

	compact_join_targets(mm, &cc);
	expect_released(mm, 16, 0);
	expect_released(mm, 0, 1);
	expect_released(mm, 20, 2);
	mm_free(mm);
}
END_TEST

/* Five pages are to move and seven are held: two stay for the next batch, whatever moves first. */
START_TEST(all_get_theirs_first)
{
	struct mm *mm = hold("6.12.117", (uint32_t[]){20, 0, 16}, 3);

	cc.nr_left = cc.nr_migrate = 5;
	ck_assert_int_eq(compact_give_targets(mm, &cc), MM_AT_PAGE);
	ck_assert_uint_eq(cc.nr_given, 5);
	ck_assert_uint_eq(cc.nr_free, 2);
	ck_assert_uint_eq(cc.nr_migrate, 0);
	expect_held(mm, "16 0 1 20 21 22 23");
	mm_free(mm);
}
END_TEST

static struct mm *begin(const char *release, const char *drawing)
{
	struct mm *mm = kit_draw(drawing, NULL);
	bool exact;

	mm->era_index = mm_era_find(release, &exact);
	cc = (struct mm_compact_control){
		.order = KIT_BLOCK_ORDER, .source_end = KIT_BLOCK, .mode = MM_MIGRATE_SYNC_LIGHT};
	return mm;
}

/* The scan jumps over a free buddy; since 6.6 what it jumps over counts as scanned. */
START_TEST(jumped_over)
{
	static const struct {
		const char *release;
		uint32_t scanned;
	} cases[] = {{"6.1.192", 2}, {"6.12.117", 16}};
	struct mm *mm = begin(cases[_i].release, "xxm-xxxxxxxxxxxx m-------m-------");
	struct mm_compact_event ev;

	cc.source = 16;
	cc.source_end = 32;
	ck_assert(compact_isolate_sources(mm, &cc, &ev));
	ck_assert_uint_eq(ev.end, 32);
	ck_assert_uint_eq(ev.scanned, cases[_i].scanned);
	mm_free(mm);
}
END_TEST

/* A free buddy of the order that is wanted is no place to move pages to; 6.1 spares blocks only. */
START_TEST(spares_what_is_wanted)
{
	struct mm *mm = begin("6.1.192", "m-------xxxxxxxx");
	bool exact;

	cc.order = 3;
	ck_assert(compact_target_suitable(mm, &cc, at(0)));
	mm->era_index = mm_era_find("6.12.117", &exact);
	ck_assert(!compact_target_suitable(mm, &cc, at(0)));
	cc.order = 4;
	ck_assert(compact_target_suitable(mm, &cc, at(0)));
	mm_free(mm);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mm_targets");
	TCase *tc = kit_case(s, "targets");

	tcase_add_test(tc, smallest_first);
	tcase_add_test(tc, equals_as_they_came);
	tcase_add_test(tc, last_first_before);
	tcase_add_test(tc, pieces_go_back);
	tcase_add_test(tc, whole_buddies_go_back);
	tcase_add_test(tc, all_get_theirs_first);
	tc = kit_case(s, "blocks");
	tcase_add_loop_test(tc, jumped_over, 0, 2);
	tcase_add_test(tc, spares_what_is_wanted);
	return kit_main(s);
}
