// SPDX-License-Identifier: GPL-2.0-only
/*
 * verify: what the zone of a request teaches about things that no event tells, so that the next
 * prediction is right. Two zones, DMA (frames 0..31) and DMA32 (32..95); 6.1's rules.
 */
#include <check.h>
#include <stdlib.h>

#include "replay/verify.h"

#define DMA 0u
#define DMA32 1u
#define PAGE_CACHE (MM_GFP_HIGHMEM | MM_GFP_MOVABLE | MM_GFP_IO | MM_GFP_FS | MM_GFP_DIRECT_RECLAIM)

struct scene {
	struct verify v;
	struct verify_result res;
	struct trace t;
	struct event ev;
	struct mm *mm;
};

static void teardown(struct scene *s)
{
	mm_free(s->mm);
	free(s);
}

/* Free: all of DMA, @free pages of DMA32, whose marks are 16, 20 and 24. */
static struct scene *scene_new(uint32_t free_pages)
{
	struct mm_zone_config zones[] = {
		{.name = "DMA", .index = 0, .spanned = 32, .present = 32, .managed = 32},
		{.name = "DMA32",
		 .index = 1,
		 .start_pfn = 32,
		 .spanned = 64,
		 .present = 64,
		 .managed = 64},
		{.name = "Normal", .index = 2},
		{.name = "Movable", .index = 3},
	};
	struct mm_config cfg = {.release = "6.1.192",
				.end_pfn = 96,
				.nr_cpus = 1,
				.nr_nodes = 1,
				.nr_orders = 6,
				.pageblock_order = 4,
				.nr_types = MM_NR_TYPES,
				.zones = zones,
				.nr_zones = 4};
	uint32_t marks[MM_NR_WMARK] = {16, 20, 24};
	struct scene *s = calloc(1, sizeof(*s));
	struct error err;

	s->mm = mm_new(&cfg, &err);
	ck_assert_msg(s->mm, "%s", err.text);
	for (uint32_t f = 0; f < 32 + free_pages; f++) {
		mm_build_allocated(s->mm, (struct frame){f}, 0, 0);
		mm_free_direct(s->mm, 0, (struct frame){f}, 0, 0);
	}
	mm_set_wmarks(s->mm, DMA32, marks);
	s->t.events = &s->ev;
	s->t.nr = 1;
	s->v = (struct verify){.mm = s->mm, .t = &s->t, .res = &s->res, .last = 1};
	return s;
}

static struct mm_request request(uint32_t gfp)
{
	return (struct mm_request){.gfp = gfp, .type = MM_MOVABLE, .pid = 100};
}

static uint32_t expected_zone(const struct scene *s, uint32_t gfp)
{
	struct mm_request rq = request(gfp);
	struct choice ch;

	choice_make(&s->v, &rq, CTX_TASK, false, &ch);
	return ch.zone;
}

static void was_given(struct scene *s, uint32_t gfp, uint32_t zone)
{
	struct mm_request rq = request(gfp);
	struct choice ch;

	choice_make(&s->v, &rq, CTX_TASK, false, &ch);
	choice_learn(&s->v, &rq, CTX_TASK, &ch, zone);
}

/*
 * 18 pages of DMA32 are too few for the fast path (low mark) and enough for the slow one (min):
 * a request that the dirty limit keeps from the fast path gets DMA32, others DMA [node_dirty_ok].
 */
START_TEST(writers_that_leave_the_fast_path)
{
	struct scene *s = scene_new(18);

	ck_assert_uint_eq(expected_zone(s, PAGE_CACHE), DMA);
	ck_assert_uint_eq(expected_zone(s, PAGE_CACHE | MM_GFP_WRITE), DMA);
	was_given(s, PAGE_CACHE | MM_GFP_WRITE, DMA32);
	ck_assert_uint_eq(expected_zone(s, PAGE_CACHE | MM_GFP_WRITE), DMA32);
	ck_assert_uint_eq(expected_zone(s, PAGE_CACHE), DMA); /* readers know no such limit */
	was_given(s, PAGE_CACHE | MM_GFP_WRITE, DMA);
	ck_assert_uint_eq(expected_zone(s, PAGE_CACHE | MM_GFP_WRITE), DMA);
	teardown(s);
}
END_TEST

/* Where both paths lead to one zone, it says nothing. */
START_TEST(a_zone_that_says_nothing)
{
	struct scene *s = scene_new(40);

	was_given(s, PAGE_CACHE | MM_GFP_WRITE, DMA32);
	ck_assert(!s->v.dirty_nodes);
	teardown(s);
}
END_TEST

/*
 * The counter says 22, of which 3 pages are gone already and not yet folded in. Above the low mark
 * by the counter, below it in truth: a request that gets DMA proves that the counter was folded.
 */
START_TEST(counters_that_were_folded)
{
	struct scene *s = scene_new(22);

	mm_pcp(s->mm, DMA32, 0)->free_diff = -3;
	ck_assert_uint_eq(expected_zone(s, PAGE_CACHE), DMA32);
	was_given(s, PAGE_CACHE, DMA32);
	ck_assert_int_eq(s->mm->zones[DMA32].free_global, 22); /* nothing is proven */
	ck_assert_int_eq(mm_pcp(s->mm, DMA32, 0)->free_diff, -3);
	was_given(s, PAGE_CACHE, DMA);
	ck_assert_int_eq(s->mm->zones[DMA32].free_global, 19);
	ck_assert_uint_eq(expected_zone(s, PAGE_CACHE), DMA);
	ck_assert_uint_eq(s->res.zone_undetermined, 2);
	teardown(s);
}
END_TEST

/* Where the recording shows when counters are folded, nothing is guessed. */
START_TEST(folding_that_is_recorded)
{
	struct scene *s = scene_new(22);

	s->v.have_fold = true;
	mm_pcp(s->mm, DMA32, 0)->free_diff = -3;
	was_given(s, PAGE_CACHE, DMA);
	ck_assert_int_eq(s->mm->zones[DMA32].free_global, 22);
	ck_assert_uint_eq(s->res.zone_undetermined, 0);
	teardown(s);
}
END_TEST

/*
 * After direct reclaim that made progress everything is drained when the request it was for still
 * finds nothing [__alloc_pages_direct_reclaim]: that request, not whatever the task asks for next.
 */
START_TEST(the_request_that_was_reclaimed_for)
{
	struct scene *s = scene_new(40);
	uint32_t marks[MM_NR_WMARK] = {16, 20, 24};
	struct task task = {.reclaim_order = 5, .reclaim_gfp = PAGE_CACHE};

	mm_set_wmarks(s->mm, DMA, marks);
	ck_assert(verify_reclaim_fails(&s->v, &s->ev, &task)); /* 40 pages less 31 are too few */
	task.reclaim_order = 0;
	ck_assert(!verify_reclaim_fails(&s->v, &s->ev, &task));
	task.reclaim_order = 77; /* nonsense of a broken recording */
	ck_assert(!verify_reclaim_fails(&s->v, &s->ev, &task));
	teardown(s);
}
END_TEST

/* ---- bulk allocations ---- */

#define BULK_TASK 100u
#define OTHER_TASK 101u
#define ON_LIST 3u

/* The cpu's lists hold three movable pages of each zone. */
static void fill_lists(struct scene *s)
{
	for (uint32_t zone = DMA; zone <= DMA32; zone++) {
		mm_pcp(s->mm, zone, 0)->high = 100;
		mm_pcp(s->mm, zone, 0)->batch = 63;
		for (uint32_t i = 0; i < ON_LIST; i++)
			mm_free_page(s->mm, 0, mm_rmqueue(s->mm, zone, 0, MM_MOVABLE, 0, NULL), 0);
	}
}

static int32_t held(const struct scene *s, uint32_t zone)
{
	return mm_pcp(s->mm, zone, 0)->count;
}

/*
 * A task asks for three pages in bulk when DMA32 has 40 free, and is switched from and to again;
 * meanwhile others take most of DMA32. @flags are those of the call's event.
 */
static struct scene *bulk_and_switch(uint8_t flags)
{
	static struct event ev[2];
	struct event back = {.kind = EV_SCHED_SWITCH, .pid = OTHER_TASK};
	struct scene *s = scene_new(40);

	fill_lists(s);
	ev[0] = (struct event){.kind = EV_P_BULK, .pid = BULK_TASK, .flags = flags};
	ev[0].w[0] = PAGE_CACHE;
	ev[0].w[1] = ON_LIST;
	ev[1] = (struct event){.kind = EV_P_BULK_RET, .pid = BULK_TASK};
	ev[1].w[0] = ON_LIST;
	s->t.events = ev;
	s->t.nr = s->v.last = 2;
	verify_bulk(&s->v, &ev[0]);
	for (uint32_t i = 0; i < 30; i++)
		mm_rmqueue(s->mm, DMA32, 0, MM_MOVABLE, 0, NULL);
	mm_mod_free(s->mm, DMA32, 0, -30);
	mm_fold_diffs(s->mm, 0);
	back.w[0] = OTHER_TASK;
	back.w[1] = BULK_TASK;
	verify_bulk_switch(&s->v, &back);
	verify_bulk_end(&s->v, &ev[1]);
	return s;
}

/* The function looks at the zones at once: what is free then counts [__alloc_pages_bulk]. */
START_TEST(bulk_that_begins_at_once)
{
	struct scene *s = bulk_and_switch(0);

	ck_assert_int_eq(held(s, DMA32), 0);
	ck_assert_int_eq(held(s, DMA), ON_LIST);
	teardown(s);
}
END_TEST

/* A task that was due to give way at the function's entry does so there, and looks at the zones as
 * they are when it comes back. */
START_TEST(bulk_that_is_preempted_first)
{
	struct scene *s = bulk_and_switch(EVF_NEED_RESCHED);

	ck_assert_int_eq(held(s, DMA32), ON_LIST);
	ck_assert_int_eq(held(s, DMA), 0);
	teardown(s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zone_choice");
	TCase *tc = tcase_create("zone_choice");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, writers_that_leave_the_fast_path);
	tcase_add_test(tc, a_zone_that_says_nothing);
	tcase_add_test(tc, counters_that_were_folded);
	tcase_add_test(tc, folding_that_is_recorded);
	tcase_add_test(tc, the_request_that_was_reclaimed_for);
	tcase_add_test(tc, bulk_that_begins_at_once);
	tcase_add_test(tc, bulk_that_is_preempted_first);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
