// SPDX-License-Identifier: GPL-2.0-only
/*
 * verify where tasks are preempted in the middle of the allocator, on invented recordings of a
 * kernel 7.2 with one CPU. What the kernel does in each follows from rmqueue_pcplist (the page has
 * left its list before mm_page_alloc fires) and free_frozen_page_commit (the lists are unlocked
 * between two batches of a drain).
 */
#include "replay/replay.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES 128u
#define MOVABLE 1
#define HIGHUSER_MOVABLE 0x100ccau
#define PREEMPTED 0x100u
#define SLEEPS 1u
#define MAX_EVENTS 64

enum { TASK_A = 11, TASK_B, TASK_C };

/* The movable list of order 0 at the start: its first and its last page. */
#define HEAD 16u
#define TAIL 31u

static struct event events[MAX_EVENTS];
static struct trace trace;
static struct capture capture;
static struct verify_result result;

/* ---- the machine at the start ---- */

static void new_lists(struct snapshot *s)
{
	s->nr_entries = TAIL - HEAD + 1;
	s->entries = calloc(s->nr_entries, sizeof(*s->entries));
	s->nr_lists = 1;
	s->lists = calloc(s->nr_lists, sizeof(*s->lists));
	ck_assert(s->entries && s->lists);
	/* The lists of order 0 are numbered as the types are. */
	s->lists[0] = (struct snap_list){
		.kind = SNAP_LIST_PCP, .type = MOVABLE, .first = 0, .nr = s->nr_entries};
	for (uint32_t i = 0; i < s->nr_entries; i++)
		s->entries[i] = (struct snap_entry){.pfn = HEAD + i};
}

/* One zone of 128 pages in blocks of 16, all in use but for 16 to 31. */
static void setup(void)
{
	struct snapshot *s = &capture.start;
	struct snap_zone *z = calloc(1, sizeof(*z));

	memset(&capture, 0, sizeof(capture));
	memset(&trace, 0, sizeof(trace));
	manifest_init(&capture.manifest);
	strcpy(capture.manifest.release, "7.2.13");
	capture.manifest.page_size = 4096;
	capture.dir = strdup("invented");
	snapshot_init(s);
	s->level = SNAP_EXACT;
	s->nr_cpus = 1;
	s->nr_orders = 6;
	s->pageblock_order = 4;
	s->nr_frames = FRAMES;
	ck_assert_ptr_nonnull(z);
	strcpy(z->name, "Normal");
	z->index = 2;
	z->spanned = z->present = z->managed = FRAMES;
	s->zones = z;
	s->nr_zones = 1;
	s->pcps = calloc(1, sizeof(*s->pcps));
	s->nr_pcps = 1;
	s->pcps[0] = (struct snap_pcp){.high = 60, .high_min = 60, .high_max = 60, .batch = 2};
	s->nr_blocks = FRAMES / 16;
	s->blocks = malloc(s->nr_blocks);
	memset(s->blocks, MOVABLE, s->nr_blocks);
	new_lists(s);
	trace.events = events;
	trace.nr_cpus = 1;
}

static void teardown(void)
{
	capture_release(&capture);
}

/* Lists are full at this many pages; a drain then takes as many as were freed in a row. */
static void full_at(int32_t high, int32_t freed_in_a_row)
{
	struct snap_pcp *pcp = &capture.start.pcps[0];

	pcp->high = pcp->high_min = pcp->high_max = high;
	pcp->free_count = freed_in_a_row;
}

/* ---- what happens ---- */

static void add(enum event_kind kind, uint32_t pid, uint64_t w0, uint64_t w1, uint64_t w2,
		uint64_t w3)
{
	ck_assert_uint_lt(trace.nr, MAX_EVENTS);
	events[trace.nr] = (struct event){.time = 1000 * (trace.nr + 1),
					  .pid = pid,
					  .kind = (uint8_t)kind,
					  .w = {w0, w1, w2, w3}};
	trace.kinds_seen[kind]++;
	trace.nr++;
}

static void gets(uint32_t pid, uint32_t pfn)
{
	add(EV_ALLOC, pid, pfn, 0, HIGHUSER_MOVABLE, MOVABLE);
}

static void frees(uint32_t pid, uint32_t pfn)
{
	add(EV_FREE, pid, pfn, 0, 0, 0);
}

static void drains(uint32_t pid, uint32_t pfn)
{
	add(EV_PCPU_DRAIN, pid, pfn, 0, MOVABLE, 0);
}

static void preempts(uint32_t from, uint32_t to)
{
	add(EV_SCHED_SWITCH, from, from, to, PREEMPTED, 0);
}

static void sleeps(uint32_t from, uint32_t to)
{
	add(EV_SCHED_SWITCH, from, from, to, SLEEPS, 0);
}

static void verify(void)
{
	struct verify_options opt = {.paranoid = 1};
	struct error err = {""};

	ck_assert_msg(!verify_run(&capture, &trace, &opt, &result, &err), "%s", err.text);
}

static void expect_all_requests(uint64_t requests)
{
	ck_assert_uint_eq(result.page_allocs, requests);
	ck_assert_uint_eq(result.page_allocs_exact, requests);
	ck_assert_uint_eq(result.resyncs, 0);
}

/* ---- requests ---- */

/* A has taken 16 when it is preempted; the others get what is behind it. */
START_TEST(preempted_with_a_page)
{
	preempts(TASK_A, TASK_B);
	gets(TASK_B, 17);
	gets(TASK_B, 18);
	sleeps(TASK_B, TASK_A);
	gets(TASK_A, 16);
	gets(TASK_A, 19);
	verify();
	expect_all_requests(4);
	ck_assert_uint_eq(result.reorderings, 1);
}
END_TEST

/* Nobody gets a page of the list before others are freed onto it, so nothing shows that 16 is gone.
 */
START_TEST(preempted_and_others_free)
{
	preempts(TASK_A, TASK_B);
	frees(TASK_B, 40);
	frees(TASK_B, 41);
	gets(TASK_B, 41);
	sleeps(TASK_B, TASK_A);
	gets(TASK_A, 16);
	gets(TASK_A, 40);
	verify();
	expect_all_requests(3);
	ck_assert_uint_eq(result.reorderings, 1);
}
END_TEST

/* Run for a moment and preempted again: the page is still the one of the first time. */
START_TEST(preempted_twice)
{
	preempts(TASK_A, TASK_B);
	frees(TASK_B, 40);
	preempts(TASK_B, TASK_A);
	preempts(TASK_A, TASK_B);
	gets(TASK_B, 40);
	frees(TASK_B, 41);
	sleeps(TASK_B, TASK_A);
	gets(TASK_A, 16);
	verify();
	expect_all_requests(2);
}
END_TEST

/* Two are away and one page is missing. That A left last is no proof: C had it. */
START_TEST(another_one_had_it)
{
	preempts(TASK_C, TASK_A);
	preempts(TASK_A, TASK_B);
	gets(TASK_B, 17);
	sleeps(TASK_B, TASK_C);
	gets(TASK_C, 16);
	sleeps(TASK_C, TASK_A);
	gets(TASK_A, 18);
	verify();
	expect_all_requests(3);
}
END_TEST

/* The same, and A comes back first. */
START_TEST(another_one_has_it_still)
{
	preempts(TASK_C, TASK_A);
	preempts(TASK_A, TASK_B);
	gets(TASK_B, 17);
	sleeps(TASK_B, TASK_A);
	gets(TASK_A, 18);
	sleeps(TASK_A, TASK_C);
	gets(TASK_C, 16);
	verify();
	expect_all_requests(3);
}
END_TEST

/* Nor in a kernel that does not preempt, whatever sched_switch calls it. */
START_TEST(kernel_does_not_preempt)
{
	strcpy(capture.manifest.kversion, "#1 SMP PREEMPT_DYNAMIC Debian 7.2.13-1");
	manifest_set(&capture.manifest, "machine.cmdline", "quiet preempt=none");
	preempts(TASK_A, TASK_B);
	gets(TASK_B, 17);
	sleeps(TASK_B, TASK_A);
	gets(TASK_A, 16);
	verify();
	ck_assert_uint_eq(result.page_allocs_exact, 0);
	ck_assert_uint_eq(result.reorderings, 0);
}
END_TEST

/* Without a preemption the page cannot have been taken: the prediction was wrong. */
START_TEST(sleeping_is_no_excuse)
{
	sleeps(TASK_A, TASK_B);
	gets(TASK_B, 17);
	sleeps(TASK_B, TASK_A);
	gets(TASK_A, 16);
	verify();
	ck_assert_uint_eq(result.page_allocs_exact, 0);
	ck_assert_uint_eq(result.reorderings, 0);
}
END_TEST

/*
 * Events are missing: B frees the page that A is thought to have, so it is on a list again when A's
 * next request gets it. Every invariant is checked behind each event.
 */
START_TEST(supposed_page_is_freed)
{
	preempts(TASK_A, TASK_B);
	gets(TASK_B, 17);
	frees(TASK_B, 16);
	frees(TASK_B, 50);
	sleeps(TASK_B, TASK_A);
	gets(TASK_A, 16);
	gets(TASK_A, 50);
	gets(TASK_A, 18);
	verify();
	ck_assert_uint_eq(result.page_allocs, 4);
	ck_assert_uint_ge(result.page_allocs_exact, 2);
}
END_TEST

/* ---- drains ---- */

/*
 * The 17th page fills the lists; four are drained, two at a time from the tail. Between the batches
 * A is preempted, and B takes the head: the second batch is the same.
 */
START_TEST(preempted_between_batches)
{
	full_at(17, 3);
	frees(TASK_A, 40);
	drains(TASK_A, 31);
	drains(TASK_A, 30);
	preempts(TASK_A, TASK_B);
	gets(TASK_B, 40);
	sleeps(TASK_B, TASK_A);
	drains(TASK_A, 29);
	drains(TASK_A, 28);
	gets(TASK_A, 16);
	verify();
	expect_all_requests(2);
	ck_assert_uint_eq(result.drains, 1);
	ck_assert_uint_eq(result.drains_exact, 1);
	ck_assert_uint_eq(result.ops_missing + result.ops_extra, 0);
}
END_TEST

/* A batch is done under the lock: whoever stops in the middle was not to drain more. */
START_TEST(sleeping_ends_a_drain)
{
	full_at(17, 3);
	frees(TASK_A, 40);
	drains(TASK_A, 31);
	drains(TASK_A, 30);
	sleeps(TASK_A, TASK_B);
	gets(TASK_B, 40);
	verify();
	ck_assert_uint_eq(result.drains_exact, 0);
	ck_assert_uint_eq(result.ops_missing, 1);
}
END_TEST

/* A drain that the model did not expect, right behind a free: that free's, from its own list. */
START_TEST(drained_by_a_free_already)
{
	full_at(20, 3);
	frees(TASK_A, 40);
	drains(TASK_A, 31);
	drains(TASK_A, 30);
	drains(TASK_A, 29);
	drains(TASK_A, 28);
	gets(TASK_A, 40);
	verify();
	expect_all_requests(1);
	ck_assert_uint_eq(result.drained_pages_exact, 4);
	ck_assert_uint_eq(result.drains_exact, 0);
	ck_assert_uint_eq(result.ops_extra, 1);
}
END_TEST

/*
 * 5.10, and only counts known of the start: the lists are full at four pages, not at 60. The first
 * drain tells, the second is predicted.
 */
START_TEST(full_sooner_than_the_counts_say)
{
	strcpy(capture.manifest.release, "5.10.262");
	capture.start.level = SNAP_COUNTS;
	capture.start.nr_lists = 0;
	capture.start.pcps[0].high_min = capture.start.pcps[0].high_max = 0;
	for (uint32_t pfn = 40; pfn < 44; pfn++)
		frees(TASK_A, pfn);
	drains(TASK_A, 40);
	drains(TASK_A, 41);
	frees(TASK_A, 44);
	frees(TASK_A, 45);
	drains(TASK_A, 42);
	drains(TASK_A, 43);
	gets(TASK_A, 45);
	verify();
	ck_assert_uint_eq(result.page_allocs_exact, 1);
	ck_assert_uint_eq(result.drains, 2);
	ck_assert_uint_eq(result.drains_exact, 1);
	ck_assert_uint_eq(result.drained_pages_exact, 4);
	ck_assert_uint_eq(result.ops_extra, 1);
	ck_assert_uint_eq(result.ops_missing, 0);
}
END_TEST

/* The event tells the type of the block; a request for that type then finds the page. */
START_TEST(drain_tells_the_block_type)
{
	full_at(17, 0);
	capture.start.blocks[1] = 0;
	frees(TASK_A, 40);
	drains(TASK_A, 31);
	drains(TASK_A, 30);
	verify();
	ck_assert_uint_eq(result.mismatches[MISMATCH_LIST_TYPE], 1);
	ck_assert_uint_eq(result.drained_pages_exact, 1);
	ck_assert_uint_eq(result.resyncs, 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("verify_preempt");
	TCase *tc = tcase_create("verify_preempt");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, preempted_with_a_page);
	tcase_add_test(tc, preempted_and_others_free);
	tcase_add_test(tc, preempted_twice);
	tcase_add_test(tc, another_one_had_it);
	tcase_add_test(tc, another_one_has_it_still);
	tcase_add_test(tc, kernel_does_not_preempt);
	tcase_add_test(tc, sleeping_is_no_excuse);
	tcase_add_test(tc, supposed_page_is_freed);
	tcase_add_test(tc, preempted_between_batches);
	tcase_add_test(tc, sleeping_ends_a_drain);
	tcase_add_test(tc, drained_by_a_free_already);
	tcase_add_test(tc, full_sooner_than_the_counts_say);
	tcase_add_test(tc, drain_tells_the_block_type);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
