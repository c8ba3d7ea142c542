// SPDX-License-Identifier: GPL-2.0-only
/*
 * verify: what is remembered of tasks and pages, and what an interrupt that stopped a task can be
 * sure of. Two zones, DMA (frames 0..31) and DMA32 (32..95).
 */
#include <check.h>
#include <stdlib.h>

#include "replay/verify.h"

#define DMA 0u
#define DMA32 1u
#define RECLAIMER 106u

struct scene {
	struct verify v;
	struct verify_result res;
	struct trace t;
	struct event ev[8];
	uint8_t look[8];
	struct mm *mm;
};

static struct scene *scene_new(void)
{
	struct mm_zone_config zones[] = {
		{.name = "DMA", .index = 0, .spanned = 32, .present = 32, .managed = 32},
		{.name = "DMA32",
		 .index = 1,
		 .start_pfn = 32,
		 .spanned = 64,
		 .present = 64,
		 .managed = 64},
	};
	struct mm_config cfg = {.release = "6.1.192",
				.end_pfn = 96,
				.nr_cpus = 1,
				.nr_nodes = 1,
				.nr_orders = 6,
				.pageblock_order = 4,
				.nr_types = MM_NR_TYPES,
				.zones = zones,
				.nr_zones = 2};
	struct scene *s = calloc(1, sizeof(*s));
	struct error err;

	s->mm = mm_new(&cfg, &err);
	ck_assert_msg(s->mm, "%s", err.text);
	for (uint32_t f = 0; f < 96; f++)
		mm_build_allocated(s->mm, (struct frame){f}, 0, 0);
	s->t.events = s->ev;
	s->v = (struct verify){.mm = s->mm, .t = &s->t, .res = &s->res, .look = s->look};
	return s;
}

static void scene_free(struct scene *s)
{
	mm_free(s->mm);
	free(s);
}

static void add(struct scene *s, uint8_t kind, uint32_t flags, uint64_t pfn, uint8_t look)
{
	struct event *e = &s->ev[s->t.nr];

	*e = (struct event){.pid = RECLAIMER, .kind = kind, .flags = (uint8_t)flags};
	e->w[0] = pfn;
	s->look[s->t.nr++] = look;
	s->v.last = s->t.nr;
}

/*
 * free_unref_page_list holds the lock of the lists of one zone. A softirq between two pages of
 * DMA32 goes past DMA32's lists and not past DMA's.
 */
START_TEST(a_lock_is_of_one_zone)
{
	struct scene *s = scene_new();

	add(s, EV_FREE_BATCHED, 0, 40, 0);
	add(s, EV_FREE, EVF_SOFTIRQ, 50, 0);
	add(s, EV_FREE, EVF_SOFTIRQ, 10, 0);
	add(s, EV_FREE_BATCHED, 0, 41, 0);
	verify_task(&s->v, RECLAIMER, true)->batch_run = 5;
	s->v.i = 1;
	ck_assert(look_lock_held(&s->v, DMA32));
	s->v.i = 2;
	ck_assert(!look_lock_held(&s->v, DMA));
	/* After 32 pages the lock has been dropped. */
	verify_task(&s->v, RECLAIMER, true)->batch_run = 32;
	s->v.i = 1;
	ck_assert(!look_lock_held(&s->v, DMA32));
	scene_free(s);
}
END_TEST

/* The count of pages under one lock begins anew with another zone. */
START_TEST(a_batch_of_two_zones)
{
	struct scene *s = scene_new();
	struct task *task;

	add(s, EV_FREE_BATCHED, 0, 40, 0);
	add(s, EV_FREE_BATCHED, 0, 41, 0);
	add(s, EV_FREE_BATCHED, 0, 10, 0);
	for (s->v.i = 0; s->v.i < 3; s->v.i++)
		verify_free_batched(&s->v, &s->ev[s->v.i]);
	task = verify_task(&s->v, RECLAIMER, false);
	ck_assert_ptr_nonnull(task);
	ck_assert_uint_eq(task->batch_run, 1);
	scene_free(s);
}
END_TEST

/* What most pages of one zone show says nothing about the other's. */
START_TEST(a_burst_is_judged_by_zone)
{
	struct scene *s = scene_new();
	bool judged;

	add(s, EV_FREE, EVF_SOFTIRQ, 10, LOOK_TO_PCP);
	add(s, EV_FREE, EVF_SOFTIRQ, 11, LOOK_TO_PCP);
	add(s, EV_FREE, EVF_SOFTIRQ, 50, LOOK_TO_ZONE);
	ck_assert(!look_burst_direct(&s->v, DMA, &judged));
	ck_assert(judged);
	s->v.i = 2;
	ck_assert(look_burst_direct(&s->v, DMA32, &judged));
	ck_assert(judged);
	scene_free(s);
}
END_TEST

/* A machine runs thousands of short tasks while one reclaims: that one must not be forgotten. */
START_TEST(a_busy_task_is_not_forgotten)
{
	struct scene *s = scene_new();
	struct task *task = verify_task(&s->v, RECLAIMER, true);

	task->in_reclaim = true;
	task->reclaim_order = 9;
	for (uint32_t pid = 1000; pid < 3000; pid++, s->v.i++)
		ck_assert_ptr_nonnull(verify_task(&s->v, pid, true));
	task = verify_task(&s->v, RECLAIMER, false);
	ck_assert_ptr_nonnull(task);
	ck_assert_uint_eq(task->reclaim_order, 9);
	ck_assert_ptr_null(verify_task(&s->v, 1000, false));
	ck_assert_ptr_nonnull(verify_task(&s->v, 2999, false));
	scene_free(s);
}
END_TEST

/*
 * An anonymous page that reclaim writes is in the swap cache and mapped by nobody, so compaction
 * still moves it; a file's page stays what it is [shrink_folio_list].
 */
START_TEST(a_page_that_is_swapped_out)
{
	struct scene *s = scene_new();
	struct mm_frame *anon = mm_frame(s->mm, (struct frame){40}),
			*file = mm_frame(s->mm, (struct frame){41});

	anon->flags |= MM_F_ANON | MM_F_MAPPED;
	file->flags |= MM_F_FILE | MM_F_MAPPED;
	add(s, EV_WRITEPAGE, 0, 40, 0);
	add(s, EV_WRITEPAGE, 0, 41, 0);
	add(s, EV_WRITEPAGE, 0, UINT64_MAX, 0);
	for (s->v.i = 0; s->v.i < 3; s->v.i++)
		verify_writepage(&s->v, &s->ev[s->v.i]);
	ck_assert(anon->flags & MM_F_SWAPCACHE);
	ck_assert(!(anon->flags & MM_F_MAPPED));
	ck_assert(!(file->flags & MM_F_SWAPCACHE));
	ck_assert(file->flags & MM_F_MAPPED);
	scene_free(s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("interrupted");
	TCase *tc = tcase_create("interrupted");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, a_lock_is_of_one_zone);
	tcase_add_test(tc, a_batch_of_two_zones);
	tcase_add_test(tc, a_burst_is_judged_by_zone);
	tcase_add_test(tc, a_busy_task_is_not_forgotten);
	tcase_add_test(tc, a_page_that_is_swapped_out);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
