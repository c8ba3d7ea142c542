// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bounds that rest on counting. Drawings are those of mm_kit.h: windows of 16 pages, 64 in all;
 * what is expected was counted by hand.
 */
#include "replay/bound.h"
#include "tests/unit/mm_kit.h"

static struct mm *mm;
static struct bound bound;
static struct bound_least least;

/*
 * Window 0 holds a kernel page that never goes: no huge page there. Windows 1 to 3 hold 2, 3 and 5
 * pages on an LRU, everything else is free.
 */
static const char memory[] =
	"x mm-m---m-------| LLm-m---m-------| LLLmm---m-------| LLLLLmm-m-------";

static void make(const char *drawing, bool anonymous)
{
	static const struct demand nothing = {.nr_files = 1};
	struct error err = {{0}};

	mm = kit_draw(drawing, NULL);
	for (uint32_t n = 0; n < mm->nr_frames; n++) {
		struct mm_frame *fr = mm_frame(mm, at(n));

		if (!(fr->flags & MM_F_LRU))
			continue;
		fr->flags |= anonymous ? MM_F_ANON | MM_F_SWAPBACKED : MM_F_FILE;
		mm_lru_add(mm, at(n), anonymous ? MM_LRU_INACTIVE_ANON : MM_LRU_INACTIVE_FILE);
		mm_object_bind(mm, at(n), n, 0, MM_KIND_UNKNOWN, 0);
	}
	ck_assert_msg(!bound_init(&bound, mm, &nothing, &err), "%s", err.text);
	least = (struct bound_least){0, 0, 0};
}

static void done(void)
{
	bound_release(&bound);
	mm_free(mm);
}

static void expect_least(uint64_t pool, uint64_t moved, uint64_t reclaimed, uint64_t either)
{
	bound_need(&bound, pool, 0, &least);
	ck_assert_uint_eq(least.moved, moved);
	ck_assert_uint_eq(least.reclaimed, reclaimed);
	ck_assert_uint_eq(least.either, either);
}

/* The cheapest windows first: 2, 2 + 3, 2 + 3 + 5. Page cache may go instead of moving. */
START_TEST(page_cache_goes_or_moves)
{
	make(memory, false);
	ck_assert_uint_eq(bound.windows, 3);
	expect_least(0, 0, 0, 0);
	expect_least(1, 0, 0, 2);
	expect_least(2, 0, 0, 5);
	expect_least(3, 0, 0, 10);
	done();
}
END_TEST

/* Without swap anonymous pages cannot go: they must move. */
START_TEST(anonymous_pages_move)
{
	make(memory, true);
	expect_least(2, 5, 0, 5);
	expect_least(3, 10, 0, 10);
	done();
}
END_TEST

/* Both pages of window 1 are let go: it costs nothing then. What was needed before stays needed. */
START_TEST(what_its_owner_frees_need_not_move)
{
	make(memory, true);
	for (uint32_t id = 16; id < 18; id++)
		bound_step(&bound, &(struct demand_op){.kind = DEMAND_DEATH, .id = id});
	expect_least(1, 0, 0, 0);
	expect_least(2, 3, 0, 3);
	bound_step(&bound, &(struct demand_op){.kind = DEMAND_DROP, .id = 32});
	expect_least(2, 3, 0, 3);
	done();
}
END_TEST

/* A page that is born where another died counts for no window: nobody knows where it is. */
START_TEST(an_id_is_used_again)
{
	make(memory, true);
	bound_step(&bound, &(struct demand_op){.kind = DEMAND_DEATH, .id = 16});
	bound_step(&bound, &(struct demand_op){.kind = DEMAND_BIRTH, .id = 16});
	expect_least(1, 1, 0, 1);
	bound_step(&bound, &(struct demand_op){.kind = DEMAND_DEATH, .id = 16});
	expect_least(1, 1, 0, 1);
	done();
}
END_TEST

/*
 * 64 pages, 11 of them in use; ids 1 to 15 and 48 to 52 are born, of which the last five die first
 * with what had their ids: 11 + 15 = 26 are alive. Beside 3 huge pages there is room for 16.
 */
START_TEST(what_does_not_fit_was_reclaimed)
{
	make(memory, false);
	for (uint32_t id = 1; id < 53; id += id == 15 ? 33 : 1)
		bound_step(&bound, &(struct demand_op){
					   .kind = DEMAND_BIRTH, .id = id, .page = MM_KIND_FILE});
	expect_least(3, 0, 10, 10);
	done();
}
END_TEST

/*
 * The same, but the first is of a file and the recorded kernel drops the pages of window 3: whoever
 * has them still, has 26 pages. 3 huge pages leave room for 16; when the file of two of the five
 * goes, so do they. What was needed before stays needed.
 */
START_TEST(what_was_dropped_is_still_there)
{
	make(memory, false);
	for (uint32_t id = 1; id < 16; id++)
		bound_step(&bound, &(struct demand_op){
					   .kind = DEMAND_BIRTH, .id = id, .page = MM_KIND_FILE});
	for (uint32_t id = 48; id < 53; id++)
		bound_step(&bound,
			   &(struct demand_op){.kind = DEMAND_DROP, .id = id, .arg = id < 50});
	expect_least(2, 0, 0, 5);
	bound_step(&bound, &(struct demand_op){.kind = DEMAND_FILE_GONE, .arg = 1});
	/* Windows 1 to 3 hold 2, 3 and 3 pages now. */
	expect_least(3, 0, 8, 8);
	bound_step(&bound, &(struct demand_op){.kind = DEMAND_DROP, .id = 1, .arg = 1});
	expect_least(3, 0, 8, 8);
	done();
}
END_TEST

/* 64 pages: of 65 that are alive one was reclaimed, whatever the pool; beside a pool of one huge
 * page 17; by a policy that failed requests for 4 of them 13. */
START_TEST(memory_is_no_larger_than_it_is)
{
	struct bound_least some = {0, 0, 0};

	make(memory, false);
	for (uint32_t id = 0; id < 60; id++) {
		if (id > 15 && id < 53)
			continue;
		bound_step(&bound, &(struct demand_op){.kind = DEMAND_BIRTH,
						       .id = id,
						       .order = id == 59 ? 5 : 0,
						       .page = MM_KIND_FILE});
	}
	ck_assert_uint_eq(bound.alive, 11 + 16 + 6 + 32);
	bound_room(&bound, 0, 0, &least);
	ck_assert_uint_eq(least.reclaimed, 1);
	bound_room(&bound, 1, 0, &least);
	ck_assert_uint_eq(least.reclaimed, 17);
	bound_room(&bound, 1, 4, &some);
	ck_assert_uint_eq(some.reclaimed, 13);
	bound_step(&bound, &(struct demand_op){.kind = DEMAND_DEATH, .id = 59});
	bound_room(&bound, 1, 0, &least);
	ck_assert_uint_eq(least.reclaimed, 17);
	ck_assert_uint_eq(bound.least.reclaimed, 1);
	done();
}
END_TEST

/* Three windows can be huge pages; a fourth is never to be had, whatever is asked for. */
START_TEST(no_more_than_windows)
{
	make(memory, false);
	bound_step(&bound, &(struct demand_op){.kind = DEMAND_WANT, .arg = 4});
	bound_step(&bound, &(struct demand_op){.kind = DEMAND_DONE});
	ck_assert_uint_eq(bound_end(&bound), 3);
	ck_assert_uint_eq(bound.least.either, 10);
	done();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bound");
	TCase *tc = kit_case(s, "bound");

	tcase_add_test(tc, page_cache_goes_or_moves);
	tcase_add_test(tc, anonymous_pages_move);
	tcase_add_test(tc, what_its_owner_frees_need_not_move);
	tcase_add_test(tc, an_id_is_used_again);
	tcase_add_test(tc, what_does_not_fit_was_reclaimed);
	tcase_add_test(tc, what_was_dropped_is_still_there);
	tcase_add_test(tc, memory_is_no_larger_than_it_is);
	tcase_add_test(tc, no_more_than_windows);
	return kit_main(s);
}
