// SPDX-License-Identifier: GPL-2.0-only
/* Pages of files that the recorded kernel dropped and read again: in the demand, and in a replay
 * that may still have them. */
#include "replay/whatif.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES 2048u
#define TASK 7
#define KSWAPD 36
#define USER (GFP_HIGHMEM | GFP_MOVABLE | GFP_IO | GFP_FS | GFP_DIRECT_RECLAIM | GFP_KSWAPD_RECLAIM)

/* ---- events in, demand out ---- */

static struct event events[64];
static uint64_t nr_events;
static struct demand demand;

static void happens(uint32_t pid, enum event_kind kind, uint64_t w0, uint64_t w1, uint64_t w2,
		    uint64_t w3)
{
	ck_assert_uint_lt(nr_events, ARRAY_SIZE(events));
	events[nr_events] = (struct event){
		.time = 1000 + nr_events, .pid = pid, .kind = (uint8_t)kind, .w = {w0, w1, w2, w3}};
	nr_events++;
}

static void reads(uint64_t pfn, uint64_t inode, uint64_t index)
{
	happens(TASK, EV_ALLOC, pfn, 0, USER, MT_MOVABLE);
	happens(TASK, EV_FILE_ADD, pfn, inode, index, 8);
}

static void lets_go(uint32_t pid, uint64_t pfn, uint64_t inode, uint64_t index)
{
	happens(pid, EV_FILE_DELETE, pfn, inode, index, 8);
	happens(pid, EV_FREE, pfn, 0, 0, 0);
}

static void derive(void)
{
	static struct trace_comm comms[] = {{KSWAPD, "kswapd0"}};
	struct demand_geometry geo = {.nr_frames = FRAMES, .pageblock_order = 9};
	struct capture capture;
	struct trace t = {
		.events = events, .nr = nr_events, .max_pid = 100, .comms = comms, .nr_comms = 1};
	struct error err = {{0}};

	memset(&capture, 0, sizeof(capture));
	for (uint64_t i = 0; i < nr_events; i++)
		t.kinds_seen[events[i].kind]++;
	ck_assert_msg(!demand_derive(&demand, &capture, &t, &geo, NULL, &err), "%s", err.text);
}

/* Births and drops: B, or Bn for one that brings page n back, D, or Dn for one that will come. */
static void expect_demand(const char *words)
{
	struct strbuf out;

	derive();
	strbuf_init(&out);
	for (uint64_t i = 0; i < demand.nr; i++) {
		const struct demand_op *op = &demand.ops[i];
		uint32_t n = op->kind == DEMAND_DROP	    ? op->gfp
			     : op->flags & DEMAND_F_RETURNS ? op->arg
							    : 0;

		if (op->kind != DEMAND_BIRTH && op->kind != DEMAND_DROP)
			continue;
		strbuf_printf(&out, "%s%c", out.len ? " " : "",
			      op->kind == DEMAND_DROP ? 'D' : 'B');
		if (n)
			strbuf_printf(&out, "%u", n);
	}
	ck_assert_str_eq(out.s, words);
	strbuf_release(&out);
	demand_release(&demand);
}

static void history_begins(void)
{
	nr_events = 0;
}

START_TEST(dropped_and_read_again)
{
	reads(10, 5, 0);
	reads(11, 5, 1);
	lets_go(KSWAPD, 10, 5, 0);
	lets_go(KSWAPD, 11, 5, 1);
	reads(12, 5, 1);
	lets_go(KSWAPD, 12, 5, 1);
	reads(12, 5, 1);
	reads(13, 5, 2);
	expect_demand("B B D D1 B1 D1 B1 B");
}
END_TEST

/* In batches, as readahead does it: the requests first, then the file's cache. */
START_TEST(read_ahead)
{
	reads(10, 5, 0);
	reads(11, 5, 1);
	lets_go(KSWAPD, 10, 5, 0);
	lets_go(KSWAPD, 11, 5, 1);
	happens(TASK, EV_ALLOC, 20, 0, USER, MT_MOVABLE);
	happens(TASK, EV_ALLOC, 21, 0, USER, MT_MOVABLE);
	happens(TASK, EV_FILE_ADD, 21, 5, 1, 8);
	happens(TASK, EV_FILE_ADD, 20, 5, 0, 8);
	expect_demand("B B D2 D1 B2 B1");
}
END_TEST

/* Truncated, and written anew: no policy would still have it. The same page of another file. */
START_TEST(gone_is_gone)
{
	reads(10, 5, 0);
	reads(11, 5, 1);
	reads(12, 6, 0);
	lets_go(KSWAPD, 10, 5, 0);
	lets_go(TASK, 11, 5, 1);
	reads(13, 5, 0);
	reads(14, 7, 0);
	expect_demand("B B B D1 B B");
}
END_TEST

/* ---- a replay ---- */

#define ID 3
#define AGAIN 4
#define FILE_NUMBER 1
#define PAGE_NUMBER 2

static struct whatif w;
static struct whatif_options opt;
static struct outcome out;
static struct policy_setting setting;
static struct mm *start;
static struct whatif_job job; /* its costs are looked at to the end */
static uint64_t clock_ns;

static void machine(void)
{
	struct mm_zone_config zone = {
		.name = "Normal",
		.start_pfn = FRAMES,
		.spanned = FRAMES,
		.present = FRAMES,
		.managed = FRAMES,
		.wmark = {32, 40, 48, 56},
	};
	struct mm_config cfg = {
		.release = "6.1.192",
		.end_pfn = 2 * FRAMES,
		.nr_cpus = 1,
		.nr_nodes = 1,
		.nr_orders = MM_NR_ORDERS,
		.pageblock_order = 9,
		.nr_types = MM_NR_TYPES,
		.zones = &zone,
		.nr_zones = 1,
		.objects = true,
		.private_size = 4096,
	};
	struct error err = {{0}};

	start = mm_new(&cfg, &err);
	ck_assert_msg(start != NULL, "%s", err.text);
	for (uint32_t n = 0; n < FRAMES; n += 1024) {
		mm_build_allocated(start, (struct frame){n}, 10, 0);
		mm_free_direct(start, 0, (struct frame){n}, 10, 0);
	}
}

static void does(struct demand_op op)
{
	op.time = clock_ns += 1000;
	op.pid = TASK;
	whatif_operation(&w, &op);
}

static void born(uint32_t id, uint16_t flags)
{
	does((struct demand_op){.kind = DEMAND_BIRTH,
				.id = id,
				.gfp = USER,
				.type = MM_MOVABLE,
				.flags = flags,
				.arg = flags ? PAGE_NUMBER : 0});
}

static void on_lru(uint32_t id)
{
	does((struct demand_op){.kind = DEMAND_LRU,
				.id = id,
				.type = MM_LRU_INACTIVE_FILE,
				.page = MM_KIND_FILE,
				.arg = MM_F_FILE});
}

/* A page of a file that only the recorded kernel drops. */
static void begin(void)
{
	struct error err = {{0}};

	job = (struct whatif_job){
		.demand = &demand, .setting = &setting, .opt = &opt, .first_tick = UINT64_MAX};
	machine();
	memset(&demand, 0, sizeof(demand));
	demand.nr_frames = FRAMES;
	demand.nr_files = FILE_NUMBER;
	demand.nr_returning = PAGE_NUMBER;
	job.start = start;
	clock_ns = 0;
	ck_assert_msg(!policy_setting_parse(&setting, "kernel", &err), "%s", err.text);
	ck_assert_msg(!whatif_begin(&w, &job, &scenarios[0], &out, &err), "%s", err.text);
	born(ID, 0);
	on_lru(ID);
	does((struct demand_op){
		.kind = DEMAND_DROP, .id = ID, .arg = FILE_NUMBER, .gfp = PAGE_NUMBER});
}

static struct frame orphan(void)
{
	for (uint32_t n = 0; n < FRAMES; n++) {
		if (mm_frames(w.mm)[n].flags & MM_F_HEAD && mm_objects(w.mm)[n].flags & MM_O_ORPHAN)
			return (struct frame){n};
	}
	return FRAME_NONE;
}

static void end(void)
{
	struct error err = {{0}};

	ck_assert_msg(!mm_validate(w.mm, &err), "%s", err.text);
	whatif_release(&w);
	policy_setting_release(&setting);
	mm_free(start);
}

/* Expect no request, the same page, active, and that it stays there when the recording shows that
 * the new one came to its list. */
START_TEST(kept_here)
{
	struct frame f = orphan();
	int64_t free = w.mm->zones[0].free_global;

	ck_assert(!frame_is_none(f));
	born(AGAIN, DEMAND_F_RETURNS);
	on_lru(AGAIN);
	ck_assert_uint_eq(mm_object_frame(w.mm, AGAIN).n, f.n);
	ck_assert_int_eq(mm_lru_of(w.mm, f), MM_LRU_ACTIVE_FILE);
	ck_assert_int_eq(w.mm->zones[0].free_global, free);
	ck_assert_uint_eq(out.substituted, 1);
	ck_assert(frame_is_none(orphan()));
	does((struct demand_op){.kind = DEMAND_DEATH, .id = AGAIN});
	ck_assert_uint_eq(w.mm->nodes[0].nr_lru[MM_LRU_ACTIVE_FILE], 0);
}
END_TEST

/* The same after compaction has moved it. */
START_TEST(kept_elsewhere)
{
	struct frame from = orphan(), to;

	born(AGAIN + 1, 0);
	to = mm_object_frame(w.mm, AGAIN + 1);
	mm_object_unbind(w.mm, to);
	mm_object_move(w.mm, from, to);
	mm_stats(w.mm)->migrated++;
	mm_free_page(w.mm, 0, from, 0);
	born(AGAIN, DEMAND_F_RETURNS);
	ck_assert_uint_eq(mm_object_frame(w.mm, AGAIN).n, to.n);
}
END_TEST

/* This policy has dropped it as well. */
START_TEST(not_kept)
{
	struct frame f = orphan();

	mm_lru_del(w.mm, f);
	mm_reclaim_page(w.mm, 0, f, true);
	born(AGAIN, DEMAND_F_RETURNS);
	on_lru(AGAIN);
	ck_assert_uint_eq(out.substituted, 0);
	ck_assert_int_eq(mm_lru_of(w.mm, mm_object_frame(w.mm, AGAIN)), MM_LRU_INACTIVE_FILE);
}
END_TEST

/* Nobody will ask for it again. */
START_TEST(its_file_goes)
{
	does((struct demand_op){.kind = DEMAND_FILE_GONE, .arg = FILE_NUMBER});
	ck_assert(frame_is_none(orphan()));
	ck_assert_uint_eq(w.mm->nodes[0].nr_lru[MM_LRU_INACTIVE_FILE], 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("reads");
	TCase *events_in = tcase_create("demand"), *replay = tcase_create("replay");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(events_in, history_begins, NULL);
	tcase_add_test(events_in, dropped_and_read_again);
	tcase_add_test(events_in, read_ahead);
	tcase_add_test(events_in, gone_is_gone);
	tcase_add_checked_fixture(replay, begin, end);
	tcase_add_test(replay, kept_here);
	tcase_add_test(replay, kept_elsewhere);
	tcase_add_test(replay, not_kept);
	tcase_add_test(replay, its_file_goes);
	suite_add_tcase(s, events_in);
	suite_add_tcase(s, replay);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
