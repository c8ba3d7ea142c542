// SPDX-License-Identifier: GPL-2.0-only
/*
 * A what-if of a machine with two nodes: which node a request prefers, as its demand says, and what
 * it may use; and where pages go that are let go. Node 0 has frames 0 to 2047 and CPU 0, node 1
 * frames 2048 to 4095 and CPU 1; every page is free at the start and on the buddy lists.
 */
#include "replay/whatif.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define NODE_PAGES 2048u
#define FRAMES (2 * NODE_PAGES)
#define SECOND_NODE NODE_PAGES

#define TASK 7
#define WORKER 8
#define USER (GFP_HIGHMEM | GFP_MOVABLE | GFP_IO | GFP_FS | GFP_DIRECT_RECLAIM | GFP_KSWAPD_RECLAIM)
#define POOL (USER | GFP_COMP | GFP_NOWARN | GFP_RETRY_MAYFAIL | GFP_THISNODE)

static struct mm *mm;
static struct capture capture;
static struct event events[64];
static uint64_t nr_events;
static struct demand demand;
static struct error err;

/* ---- the machine ---- */

static void new_machine(void)
{
	static const struct mm_zone_config zones[] = {
		{.node = 0,
		 .name = "Normal",
		 .index = 2,
		 .spanned = NODE_PAGES,
		 .present = NODE_PAGES,
		 .managed = NODE_PAGES},
		{.node = 1,
		 .name = "Normal",
		 .index = 2,
		 .start_pfn = SECOND_NODE,
		 .spanned = NODE_PAGES,
		 .present = NODE_PAGES,
		 .managed = NODE_PAGES},
	};
	struct mm_config cfg = {.release = "6.1.192",
				.end_pfn = FRAMES,
				.nr_cpus = 2,
				.nr_nodes = 2,
				.nr_orders = 11,
				.pageblock_order = 9,
				.nr_types = 5,
				.zones = zones,
				.nr_zones = 2,
				.objects = true,
				.private_size = 4096};

	mm = mm_new(&cfg, &err);
	ck_assert_msg(mm != NULL, "%s", err.text);
	for (uint32_t f = 0; f < FRAMES; f += 512)
		mm_build_buddy(mm, (struct frame){f}, f / NODE_PAGES, 9, MM_MOVABLE);
	mm_cpu_nodes(mm)[1] = 1;
	for (uint32_t zone = 0; zone < 2; zone++)
		for (uint32_t cpu = 0; cpu < 2; cpu++)
			mm_pcp(mm, zone, cpu)->high = 100;
	mm->zones[0].free_global = mm->zones[0].free;
	mm->zones[1].free_global = mm->zones[1].free;
}

/* As the snapshot has it: four free buddies of order 9 in each zone. */
static void new_capture(void)
{
	static struct snap_zone zones[2];

	memset(&capture, 0, sizeof(capture));
	for (int32_t node = 0; node < 2; node++) {
		zones[node] = (struct snap_zone){.node = node, .managed = NODE_PAGES};
		zones[node].nr_free[9][MM_MOVABLE] = 4;
	}
	capture.start.level = SNAP_EXACT;
	capture.start.zones = zones;
	capture.start.nr_zones = 2;
}

static void setup(void)
{
	nr_events = 0;
	memset(events, 0, sizeof(events));
	memset(&demand, 0, sizeof(demand));
	new_machine();
	new_capture();
}

static void teardown(void)
{
	demand_release(&demand);
	mm_free(mm);
}

/* ---- histories ---- */

static struct event *happens(uint16_t cpu, uint32_t pid, enum event_kind kind, uint64_t w0,
			     uint64_t w1, uint64_t w2, uint64_t w3)
{
	struct event *e = &events[nr_events];

	ck_assert_uint_lt(nr_events, ARRAY_SIZE(events));
	*e = (struct event){.time = 1000 + nr_events++,
			    .cpu = cpu,
			    .pid = pid,
			    .kind = (uint8_t)kind,
			    .w = {w0, w1, w2, w3}};
	return e;
}

static void allocs(uint16_t cpu, uint64_t pfn, uint32_t order, uint32_t gfp)
{
	happens(cpu, TASK, EV_ALLOC, pfn, order, gfp, MT_MOVABLE);
}

static void derive(void)
{
	struct demand_geometry geo = {
		.nr_frames = FRAMES, .pageblock_order = 9, .mm = mm, .exact_start = true};
	struct trace t = {.events = events, .nr = nr_events, .max_pid = 100};

	for (uint64_t i = 0; i < nr_events; i++)
		t.kinds_seen[events[i].kind]++;
	ck_assert_msg(!demand_derive(&demand, &capture, &t, &geo, NULL, &err), "%s", err.text);
}

/* For each request of the demand the node that it names, "-" where it names none. */
static void expect_named(const char *want)
{
	char got[64] = "";
	size_t n = 0;

	derive();
	for (uint64_t i = 0; i < demand.nr; i++) {
		uint32_t named = demand.ops[i].flags >> DEMAND_F_NODE_SHIFT;

		if (demand.ops[i].kind != DEMAND_BIRTH && demand.ops[i].kind != DEMAND_FAIL)
			continue;
		ck_assert_uint_lt(n, sizeof(got) - 1);
		got[n++] = named ? (char)('0' + named - 1) : '-';
	}
	ck_assert_str_eq(got, want);
}

/* Who asks, in the demand's order: "t" the task, "w" the worker. */
static void expect_tasks(const char *want)
{
	char got[64] = "";
	size_t n = 0;

	derive();
	for (uint64_t i = 0; i < demand.nr; i++) {
		ck_assert_uint_lt(n, sizeof(got) - 1);
		if (demand.ops[i].kind == DEMAND_BIRTH)
			got[n++] = demand.ops[i].pid == TASK ? 't' : 'w';
	}
	ck_assert_str_eq(got, want);
}

/* ---- what the demand says ---- */

START_TEST(own_node)
{
	allocs(0, 100, 0, USER);
	allocs(1, SECOND_NODE + 100, 0, USER);
	allocs(1, SECOND_NODE + 512, 9, POOL);
	expect_named("---");
}
END_TEST

/* A memory policy, or too many dirty pages on its own node, which has plenty free. */
START_TEST(another_node_of_choice)
{
	allocs(0, SECOND_NODE + 100, 0, USER);
	allocs(1, 100, 0, USER | GFP_WRITE);
	expect_named("10");
}
END_TEST

/* Node 0 is taken up: that the next page comes from node 1 is what the kernel made of it. */
START_TEST(another_node_of_need)
{
	allocs(0, 0, 10, USER);
	allocs(0, 1024, 9, USER);
	allocs(0, 1536, 9, USER);
	allocs(0, SECOND_NODE + 100, 0, USER);
	happens(0, TASK, EV_FREE, 0, 10, 0, 0);
	allocs(0, SECOND_NODE + 101, 0, USER);
	expect_named("----1");
}
END_TEST

/* The pool asks one node after the other, also those that have nothing. */
START_TEST(pool_goes_round)
{
	allocs(0, SECOND_NODE, 9, POOL);
	allocs(0, 512, 9, POOL);
	allocs(0, UINT64_MAX, 9, POOL); /* of node 1 */
	allocs(0, UINT64_MAX, 9, POOL); /* of node 0 */
	expect_named("1-1-");
}
END_TEST

/* With other CPUs at work a request counts from when it took its page off the zone's lists, not
 * from its mm_page_alloc; but only if that is the page it got. */
START_TEST(from_when_it_took_its_page)
{
	happens(1, WORKER, EV_ALLOC, SECOND_NODE, 0, USER, MT_MOVABLE);
	happens(0, TASK, EV_ZONE_LOCKED, 100, 0, MM_MOVABLE, 0);
	happens(0, TASK, EV_ZONE_LOCKED, 101, 0, MM_MOVABLE, 0);
	happens(1, WORKER, EV_ALLOC, SECOND_NODE + 1, 0, USER, MT_MOVABLE);
	allocs(0, 100, 0, USER);
	happens(0, TASK, EV_ZONE_LOCKED, 102, 0, MM_MOVABLE, 0);
	happens(1, WORKER, EV_ALLOC, SECOND_NODE + 2, 0, USER, MT_MOVABLE);
	allocs(0, 101, 0, USER);
	expect_tasks("wtwwt");
}
END_TEST

/* ---- what the replay does with it ---- */

struct look {
	struct whatif_watch watch; /* must be the first */
	uint32_t frames[16];
	uint32_t nr;
};

static void before(struct whatif_watch *watch, struct whatif *w, const struct demand_op *op,
		   const struct mm_request *rq)
{
}

static void after(struct whatif_watch *watch, struct whatif *w, const struct demand_op *op,
		  const struct mm_request *rq, struct frame f, bool slow)
{
	struct look *l = (struct look *)watch;

	ck_assert_uint_lt(l->nr, ARRAY_SIZE(l->frames));
	l->frames[l->nr++] = f.n;
}

/* The machine at the end goes to @end, if that is not NULL. */
static void replay(struct look *l, const char *policy, struct mm **end)
{
	struct whatif_options opt = {.central_only = true};
	struct outcome out = {.pageblock_order = 9};
	struct policy_setting setting;
	struct whatif_job job = {.start = mm, .demand = &demand, .setting = &setting, .opt = &opt};
	struct whatif w;

	*l = (struct look){.watch = {.before = before, .after = after}};
	ck_assert_msg(!policy_setting_parse(&setting, policy, &err), "%s", err.text);
	ck_assert_msg(!whatif_begin(&w, &job, &scenarios[0], &out, &err), "%s", err.text);
	w.env.driver = &w;
	w.watch = &l->watch;
	for (uint64_t i = 0; i < demand.nr; i++)
		whatif_operation(&w, &demand.ops[i]);
	if (end)
		*end = mm_clone(w.mm);
	whatif_release(&w);
	policy_setting_release(&setting);
	outcome_release(&out);
}

/* "0", "1": the node that a request's page is on; "-": it got none. */
static void expect_nodes(const struct look *l, const char *want)
{
	char got[sizeof(l->frames)] = "";

	for (uint32_t i = 0; i < l->nr; i++)
		got[i] = l->frames[i] == FRAME_NONE.n ? '-'
						      : (char)('0' + l->frames[i] / NODE_PAGES);
	ck_assert_str_eq(got, want);
}

START_TEST(each_gets_its_node)
{
	struct look l;

	allocs(0, 100, 0, USER);
	allocs(1, SECOND_NODE + 100, 0, USER);
	allocs(0, SECOND_NODE + 101, 0, USER);
	allocs(0, SECOND_NODE + 512, 9, POOL);
	derive();
	replay(&l, "kernel", NULL);
	expect_nodes(&l, "0111");
}
END_TEST

/* Four huge pages are all that node 1 has. What must not come from elsewhere fails, though node 0
 * has as many free; nor is anything reclaimed there for it. */
START_TEST(this_node_only)
{
	struct mm *end;
	struct look l;

	for (uint32_t i = 0; i < 4; i++)
		allocs(1, SECOND_NODE + i * 512, 9, POOL);
	happens(1, TASK, EV_ALLOC, UINT64_MAX, 9, USER | GFP_THISNODE, MT_MOVABLE);
	allocs(1, 0, 9, USER);
	derive();
	replay(&l, "kernel", &end);
	expect_nodes(&l, "1111-0");
	ck_assert_int_eq(end->zones[0].free, 3 * 512);
	mm_free(end);
}
END_TEST

/* Bulk allocations stay on their node, however short it is [__alloc_pages_bulk]. */
START_TEST(bulk_stays)
{
	uint32_t marks[MM_NR_WMARK] = {NODE_PAGES, NODE_PAGES, NODE_PAGES};

	ck_assert_uint_eq(mm_bulk_zone(mm, 1, USER, 4), 1);
	mm_set_wmarks(mm, 1, marks);
	ck_assert_uint_eq(mm_bulk_zone(mm, 1, USER, 4), UINT32_MAX);
	ck_assert_uint_eq(mm_bulk_zone(mm, 0, USER, 4), 0);
}
END_TEST

/* A page of node 1 that was freed on CPU 0 lies there until the vmstat worker gives it back; what
 * the same worker drains of its own node is no such batch. */
START_TEST(idle_pages_go_back)
{
	struct mm *end;
	struct look l;

	allocs(1, SECOND_NODE + 100, 0, USER);
	happens(0, TASK, EV_FREE, SECOND_NODE + 100, 0, 0, 0);
	derive();
	replay(&l, "kernel", &end);
	ck_assert_int_eq(mm_pcp(end, 1, 0)->count, 1);
	mm_free(end);
	demand_release(&demand);

	happens(0, WORKER, EV_P_FOLD, 1, 0, 0, 0);
	happens(0, WORKER, EV_PCPU_DRAIN, 100, 0, MM_MOVABLE, 0);
	happens(0, WORKER, EV_PCPU_DRAIN, SECOND_NODE + 100, 0, MM_MOVABLE, 0);
	derive();
	replay(&l, "kernel", &end);
	ck_assert_int_eq(mm_pcp(end, 1, 0)->count, 0);
	ck_assert_uint_eq(demand.ops[demand.nr - 1].kind, DEMAND_FOLD);
	ck_assert_uint_eq(demand.ops[demand.nr - 1].arg, SECOND_NODE + 100 + 1);
	ck_assert_uint_eq(demand.ops[demand.nr - 2].arg, 0);
	mm_free(end);
}
END_TEST

/* ---- how pages are given back ---- */

/* Four neighbours. */
static void four_pages(void)
{
	for (uint32_t i = 0; i < 4; i++)
		allocs(0, 100 + i, 0, USER);
}

static void four_go(uint32_t flags)
{
	for (uint32_t i = 0; i < 4; i++)
		happens(0, TASK, EV_FREE, 100 + i, 0, 0, 0)->flags = (uint16_t)flags;
}

/* On the lists in one piece, as large as its place allows [free_prepared_contig_range, 7.2]. */
START_TEST(together)
{
	struct mm *end;
	struct look l;

	four_pages();
	happens(0, TASK, EV_P_CONTIG, 100, 4, 0, 0);
	four_go(0);
	happens(0, TASK, EV_ALLOC, 200, 0, USER, MT_MOVABLE);
	derive();
	replay(&l, "none", &end);
	for (uint32_t i = 1; i < 4; i++)
		ck_assert_uint_eq(l.frames[i], l.frames[0] + i);
	ck_assert_uint_eq(l.frames[0] % 4, 0);
	ck_assert(mm_on_pcp_list(end, (struct frame){l.frames[0]}));
	ck_assert_uint_eq(mm_frame(end, (struct frame){l.frames[0]})->order, 2);
	ck_assert_uint_ne(l.frames[4], l.frames[3]);
	mm_free(end);
}
END_TEST

/* One by one the last one is the next to be had. */
START_TEST(one_by_one)
{
	struct look l;

	four_pages();
	four_go(0);
	happens(0, TASK, EV_ALLOC, 200, 0, USER, MT_MOVABLE);
	derive();
	replay(&l, "none", NULL);
	ck_assert_uint_eq(l.frames[4], l.frames[3]);
}
END_TEST

static uint32_t deaths_past_the_lists(void)
{
	uint32_t n = 0;

	for (uint64_t i = 0; i < demand.nr; i++)
		n += demand.ops[i].kind == DEMAND_DEATH && demand.ops[i].flags & DEMAND_F_PAST;
	return n;
}

/* What an interrupt freed leaves the zone's lists next: it had gone there at once. */
START_TEST(past_busy_lists)
{
	struct look l;

	four_pages();
	four_go(EVF_SOFTIRQ);
	happens(0, TASK, EV_ZONE_LOCKED, 103, 0, MM_MOVABLE, 0);
	happens(0, TASK, EV_ZONE_LOCKED, 101, 0, MM_MOVABLE, 0);
	happens(0, TASK, EV_ALLOC, 102, 0, USER, MT_MOVABLE);
	derive();
	ck_assert_uint_eq(deaths_past_the_lists(), 4);
	replay(&l, "none", NULL);
	ck_assert_uint_ne(l.frames[4], l.frames[3]);
}
END_TEST

/* Most of them are handed out again: they were on a per-cpu list. */
START_TEST(not_past_the_lists)
{
	four_pages();
	four_go(EVF_SOFTIRQ);
	happens(0, TASK, EV_ZONE_LOCKED, 103, 0, MM_MOVABLE, 0);
	happens(0, TASK, EV_ALLOC, 102, 0, USER, MT_MOVABLE);
	derive();
	ck_assert_uint_eq(deaths_past_the_lists(), 0);
}
END_TEST

/* A page that was on a per-cpu list at the start and is freed without having been seen to be asked
 * for: a bulk allocation had taken it. Elsewhere it was out all the time. */
START_TEST(taken_in_bulk)
{
	struct frame page;

	mm_free(mm);
	new_machine();
	ck_assert(mm_refill(mm, 0, 0, 0, MM_UNMOVABLE, 0));
	page = mm_list_first(mm, mm_pcp_list(mm, 0, 0, mm_pindex(mm, 0, MM_UNMOVABLE)));
	happens(0, TASK, EV_P_BULK, GFP_IO | GFP_FS | GFP_DIRECT_RECLAIM, 4, 0, 0);
	happens(0, TASK, EV_P_BULK_RET, 4, 0, 0, 0);
	happens(0, TASK, EV_FREE, page.n, 0, 0, 0);
	happens(0, TASK, EV_FREE, SECOND_NODE + 1, 0, 0, 0);
	derive();
	ck_assert_uint_eq(demand.nr, 3);
	ck_assert_uint_eq(demand.ops[0].kind, DEMAND_BULK);
	ck_assert_uint_eq(demand.ops[1].kind, DEMAND_BULK_DEATH);
	ck_assert_uint_eq(demand.ops[1].arg, page.n);
	ck_assert_uint_eq(demand.ops[2].kind, DEMAND_DEATH);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("nodes");
	TCase *tc = tcase_create("nodes");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, own_node);
	tcase_add_test(tc, another_node_of_choice);
	tcase_add_test(tc, another_node_of_need);
	tcase_add_test(tc, pool_goes_round);
	tcase_add_test(tc, from_when_it_took_its_page);
	tcase_add_test(tc, each_gets_its_node);
	tcase_add_test(tc, this_node_only);
	tcase_add_test(tc, bulk_stays);
	tcase_add_test(tc, idle_pages_go_back);
	tcase_add_test(tc, together);
	tcase_add_test(tc, one_by_one);
	tcase_add_test(tc, past_busy_lists);
	tcase_add_test(tc, not_past_the_lists);
	tcase_add_test(tc, taken_in_bulk);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
