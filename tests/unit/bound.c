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
	static const struct demand nothing;
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
	bound_need(&bound, pool, &least);
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
	tcase_add_test(tc, no_more_than_windows);
	return kit_main(s);
}
