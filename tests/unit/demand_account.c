// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who let a page go, and what it was. One history of a machine of 64 frames, in which every page
 * has its own end; who frees which is drawn beside each event.
 */
#include "demand/demand.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES 1024
#define OWNER 7
#define MORTAL 8 /* ends inside the recording */
#define VICTIM 9
#define REAPER 20
#define KSWAPD 36
#define KCOMPACTD 28

#define KERNEL (GFP_IO | GFP_FS | GFP_DIRECT_RECLAIM | GFP_KSWAPD_RECLAIM)
#define USER (KERNEL | GFP_HIGHMEM | GFP_MOVABLE)
#define TABLE (KERNEL | GFP_ZERO | GFP_ACCOUNT)
#define BATCH (GFP_KSWAPD_RECLAIM | GFP_NOWARN) /* what freeing memory asks for itself */
#define SLAB (KERNEL | GFP_RECLAIMABLE)
#define ANON_MAPPED 0x13u /* flags of a pagemap event */
#define ANON_SWAPCACHE 0x1au
#define FILE_PAGE 0x4u
#define SHMEM 0x10u
#define ZOMBIE 0x20u
#define DISK 0x800001u

#define DOES(task, what, ...)                                                                      \
	{                                                                                          \
		.pid = (task), .kind = (what), .w = { __VA_ARGS__ }                                \
	}
#define ALLOC(task, pfn, order, gfp, type) DOES(task, EV_ALLOC, pfn, order, gfp, type)
#define FREE(task, pfn, order) DOES(task, EV_FREE, pfn, order)
#define LRU(pfn, list, flags) DOES(OWNER, EV_LRU_INSERT, pfn, list, flags)

static struct demand demand;

static void derive(struct event *events, size_t nr)
{
	static struct trace_comm comms[] = {
		{REAPER, "oom_reaper"}, {KCOMPACTD, "kcompactd0"}, {KSWAPD, "kswapd0"}};
	struct demand_geometry geo = {.nr_frames = FRAMES, .pageblock_order = 9};
	struct trace t = {.events = events,
			  .nr = nr,
			  .max_pid = 100,
			  .comms = comms,
			  .nr_comms = ARRAY_SIZE(comms)};
	struct capture c = {0};
	struct error err = {{0}};

	for (size_t i = 0; i < nr; i++) {
		events[i].time = 1000 + i;
		t.kinds_seen[events[i].kind]++;
	}
	ck_assert_msg(!demand_derive(&demand, &c, &t, &geo, NULL, &err), "%s", err.text);
}

static void release(void)
{
	demand_release(&demand);
}

static void pages_of(enum demand_why why, uint64_t pages)
{
	ck_assert_msg(demand.account.why[why] == pages, "%s: %llu pages, not %llu",
		      demand_why_names[why].key, (unsigned long long)demand.account.why[why],
		      (unsigned long long)pages);
}

/* Every page of a kind that there was either went or is still there. */
static void nothing_is_lost(uint64_t before, uint64_t asked, uint64_t gone)
{
	const struct demand_account *a = &demand.account;
	uint64_t went = 0;

	for (int i = 0; i < DEMAND_NR_SORTS; i++) {
		const struct demand_sum *sum = &a->sorts[i];

		ck_assert_uint_eq(sum->born[0] + sum->born[1] + sum->born[2], sum->asked);
		before -= sum->before;
		asked -= sum->asked;
		gone -= sum->gone;
	}
	for (int i = 0; i < DEMAND_NR_WHYS; i++)
		went += i == DEMAND_BY_MIGRATION ? 0 : a->why[i];
	for (int i = 0; i < DEMAND_NR_SORTS; i++)
		went -= a->sorts[i].gone;
	ck_assert_uint_eq(before, 0);
	ck_assert_uint_eq(asked, 0);
	ck_assert_uint_eq(gone, 0);
	ck_assert_uint_eq(went, 0);
}

START_TEST(by_whom)
{
	struct event history[] = {
		ALLOC(OWNER, 1, 0, USER, MT_MOVABLE),
		ALLOC(OWNER, 2, 0, USER, MT_MOVABLE),
		LRU(2, MM_LRU_INACTIVE_FILE, FILE_PAGE),
		ALLOC(OWNER, 3, 0, USER, MT_MOVABLE),
		LRU(3, MM_LRU_INACTIVE_FILE, FILE_PAGE),
		ALLOC(OWNER, 4, 0, SLAB, MT_RECLAIMABLE),
		ALLOC(OWNER, 5, 0, USER, MT_MOVABLE),
		LRU(5, MM_LRU_INACTIVE_FILE, FILE_PAGE),
		ALLOC(OWNER, 6, 0, KERNEL, MT_UNMOVABLE),
		ALLOC(OWNER, 8, 2, KERNEL, MT_UNMOVABLE),
		FREE(OWNER, 1, 0),  /* the owner */
		FREE(KSWAPD, 2, 0), /* kswapd */
		DOES(OWNER, EV_RECLAIM_BEGIN, 0, USER),
		FREE(OWNER, 3, 0), /* direct reclaim */
		FREE(OWNER, 4, 0), /* a shrinker in it */
		DOES(OWNER, EV_RECLAIM_END, 2),
		DOES(OWNER, EV_FILE_DELETE, 5, 77, 0, DISK),
		FREE(OWNER, 5, 0),						    /* truncation */
		{.pid = OWNER, .kind = EV_FREE, .flags = EVF_SOFTIRQ, .w = {6, 0}}, /* RCU */
		FREE(OWNER, 8, 2), /* the owner: 4 pages */
	};

	derive(history, ARRAY_SIZE(history));
	pages_of(DEMAND_BY_OWNER, 5);
	pages_of(DEMAND_BY_KSWAPD, 1);
	pages_of(DEMAND_BY_DIRECT_RECLAIM, 1);
	pages_of(DEMAND_BY_SHRINKER, 1);
	pages_of(DEMAND_BY_TRUNCATION, 1);
	pages_of(DEMAND_BY_INTERRUPT, 1);
	pages_of(DEMAND_BY_EXIT, 0);
	nothing_is_lost(0, 10, 10);
}
END_TEST

/*
 *   task 8   +a +b   free a   +c   free b   (+batch)   free c   is a zombie
 * Expect what comes after its last request, but for pages that freeing itself asks for, to go with
 * it.
 */
START_TEST(at_its_end)
{
	struct event history[] = {
		ALLOC(MORTAL, 1, 0, USER, MT_MOVABLE),
		ALLOC(MORTAL, 2, 0, USER, MT_MOVABLE),
		FREE(MORTAL, 1, 0),
		ALLOC(MORTAL, 3, 0, TABLE, MT_UNMOVABLE),
		FREE(MORTAL, 2, 0),
		ALLOC(MORTAL, 10, 0, BATCH, MT_UNMOVABLE),
		FREE(MORTAL, 3, 0),
		DOES(MORTAL, EV_SCHED_SWITCH, MORTAL, OWNER, ZOMBIE),
	};

	derive(history, ARRAY_SIZE(history));
	pages_of(DEMAND_BY_OWNER, 1);
	pages_of(DEMAND_BY_EXIT, 2);
	nothing_is_lost(0, 4, 3);
}
END_TEST

/* The same without an end: nobody knows that the task is on its way out. */
START_TEST(lives_on)
{
	struct event history[] = {
		ALLOC(MORTAL, 1, 0, USER, MT_MOVABLE),
		FREE(MORTAL, 1, 0),
		DOES(MORTAL, EV_SCHED_SWITCH, MORTAL, OWNER, 1),
	};

	derive(history, ARRAY_SIZE(history));
	pages_of(DEMAND_BY_OWNER, 1);
	pages_of(DEMAND_BY_EXIT, 0);
}
END_TEST

START_TEST(killed)
{
	struct event history[] = {
		ALLOC(VICTIM, 1, 0, USER, MT_MOVABLE),
		ALLOC(VICTIM, 2, 0, USER, MT_MOVABLE),
		ALLOC(VICTIM, 3, 0, USER, MT_MOVABLE),
		FREE(VICTIM, 1, 0), /* before: by itself */
		DOES(OWNER, EV_OOM_KILL, VICTIM),
		FREE(REAPER, 2, 0),
		FREE(VICTIM, 3, 0),
	};

	derive(history, ARRAY_SIZE(history));
	pages_of(DEMAND_BY_OWNER, 1);
	pages_of(DEMAND_BY_OOM, 2);
	nothing_is_lost(0, 3, 3);
}
END_TEST

/*
 *   task 7      +a +b
 *   kcompactd0            [ moves: free a, free b ]
 *   task 7                                           the destination of a shows at 40; frees it
 * Expect a to live on under another frame, and b to be lost sight of.
 */
START_TEST(moved)
{
	struct event history[] = {
		ALLOC(OWNER, 1, 0, USER, MT_MOVABLE),
		LRU(1, MM_LRU_INACTIVE_ANON, ANON_MAPPED),
		ALLOC(OWNER, 2, 0, USER, MT_MOVABLE),
		LRU(2, MM_LRU_INACTIVE_ANON, ANON_MAPPED),
		DOES(KCOMPACTD, EV_COMPACT_BEGIN, 0),
		DOES(KCOMPACTD, EV_MIGRATE_PAGES_BEGIN, 1),
		FREE(KCOMPACTD, 1, 0),
		FREE(KCOMPACTD, 2, 0),
		DOES(KCOMPACTD, EV_MIGRATE_PAGES, 2),
		DOES(KCOMPACTD, EV_COMPACT_END, 0),
		LRU(40, MM_LRU_INACTIVE_ANON, ANON_MAPPED),
		FREE(OWNER, 40, 0),
	};

	derive(history, ARRAY_SIZE(history));
	pages_of(DEMAND_BY_MIGRATION, 1);
	pages_of(DEMAND_BY_OWNER, 1);
	pages_of(DEMAND_BY_UNSEEN, 1);
	ck_assert_uint_eq(demand.account.sorts[DEMAND_ANON_MAPPED].gone, 2);
	nothing_is_lost(0, 2, 2);
}
END_TEST

START_TEST(what_it_was)
{
	struct event history[] = {
		ALLOC(OWNER, 1, 0, USER, MT_MOVABLE),
		LRU(1, MM_LRU_INACTIVE_ANON, ANON_MAPPED),
		ALLOC(OWNER, 2, 0, USER, MT_MOVABLE),
		LRU(2, MM_LRU_INACTIVE_ANON, ANON_SWAPCACHE),
		ALLOC(OWNER, 3, 0, USER, MT_MOVABLE),
		LRU(3, MM_LRU_INACTIVE_FILE, FILE_PAGE),
		ALLOC(OWNER, 4, 0, USER, MT_MOVABLE),
		LRU(4, MM_LRU_INACTIVE_FILE, FILE_PAGE),
		DOES(OWNER, EV_P_WRITEBACK, 4),
		ALLOC(OWNER, 5, 0, USER, MT_MOVABLE),
		LRU(5, MM_LRU_INACTIVE_ANON, SHMEM),
		ALLOC(OWNER, 6, 0, SLAB, MT_RECLAIMABLE),
		ALLOC(OWNER, 7, 0, TABLE, MT_UNMOVABLE),
		ALLOC(OWNER, 8, 1, KERNEL, MT_UNMOVABLE),
		ALLOC(OWNER, 512, 9, USER | GFP_COMP | GFP_RETRY_MAYFAIL, MT_MOVABLE),
		ALLOC(OWNER, 10, 0, USER, MT_MOVABLE),
		DOES(OWNER, EV_FILE_ADD, 11, DISK, 0, 1), /* there before; a device's own cache */
		FREE(OWNER, 12, 0),			  /* there before */
	};
	static const struct {
		enum demand_sort sort;
		uint64_t asked;
	} rows[] = {{DEMAND_ANON_MAPPED, 1},	{DEMAND_ANON_SWAPCACHE, 1}, {DEMAND_FILE_CLEAN, 1},
		    {DEMAND_FILE_DIRTY, 1},	{DEMAND_SHMEM, 1},	    {DEMAND_SLAB, 1},
		    {DEMAND_PAGE_TABLE, 1},	{DEMAND_KERNEL, 2},	    {DEMAND_HUGETLB, 512},
		    {DEMAND_MOVABLE_UNKNOWN, 1}};

	derive(history, ARRAY_SIZE(history));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ck_assert_msg(demand.account.sorts[rows[i].sort].asked == rows[i].asked, "%s",
			      demand_sort_names[rows[i].sort].key);
	ck_assert_uint_eq(demand.account.sorts[DEMAND_FILE_METADATA].before, 1);
	nothing_is_lost(2, 522, 1);
}
END_TEST

static Suite *account_suite(void)
{
	const TTest *const cases[] = {by_whom, at_its_end, lives_on, killed, moved, what_it_was};
	Suite *s = suite_create("demand_account");
	TCase *tc = tcase_create("account");

	tcase_add_checked_fixture(tc, NULL, release);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		tcase_add_test(tc, cases[i]);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(account_suite());
	int failed;

	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
