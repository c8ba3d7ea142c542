// SPDX-License-Identifier: GPL-2.0-only
/* Which node a CPU belongs to: read from the manifest, and preferred by its requests. */
#include "capture/capture.h"
#include "replay/build.h"
#include "replay/verify.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define CPUS 6

static struct manifest m;
static struct error err;

static void setup(void)
{
	manifest_init(&m);
}

static void teardown(void)
{
	manifest_release(&m);
}

/* "0 1 0": the node of each CPU. */
static void expect_nodes(uint32_t nr_nodes, const char *want)
{
	uint32_t node_of[CPUS];
	char got[2 * CPUS + 1];

	ck_assert_msg(!manifest_cpu_nodes(&m, nr_nodes, CPUS, node_of, &err), "%s", err.text);
	for (int i = 0; i < CPUS; i++)
		sprintf(got + 2 * i, "%u ", node_of[i]);
	got[2 * CPUS - 1] = 0;
	ck_assert_str_eq(got, want);
}

START_TEST(by_the_lists)
{
	manifest_set(&m, "numa.node0_cpus", "0,2-3");
	manifest_set(&m, "numa.node1_cpus", "1,4-5");
	expect_nodes(2, "0 1 0 0 1 1");
}
END_TEST

/* Recordings of before: as if numbered node by node. Other keys say nothing about it. */
START_TEST(without_lists)
{
	expect_nodes(1, "0 0 0 0 0 0");
	expect_nodes(2, "0 0 0 1 1 1");
	expect_nodes(3, "0 0 1 1 2 2");
	manifest_set(&m, "numa.node0_cpusets", "1");
	manifest_set(&m, "numa.node_cpus", "1");
	manifest_set(&m, "machine.node0_cpus", "1");
	expect_nodes(3, "0 0 1 1 2 2");
}
END_TEST

/* A node with CPUs and no memory is none of the machine's; one with memory may have no CPU; what is
 * offline is on no list, and what is listed may be more than was recorded. */
START_TEST(odd_nodes)
{
	manifest_set(&m, "numa.node0_cpus", "0,8-4000");
	manifest_set(&m, "numa.node1_cpus", "");
	manifest_set(&m, "numa.node2_cpus", "2-5");
	expect_nodes(3, "0 0 2 2 2 2");
	manifest_set(&m, "numa.node7_cpus", "1");
	expect_nodes(3, "0 0 2 2 2 2");
}
END_TEST

static const struct {
	const char *list, *want;
} bad_lists[] = {
	{"x", "0-3,8"},
	{"-3", "0-3,8"},
	{"1-", "0-3,8"},
	{"2-1", "0-3,8"},
	{"1,", "0-3,8"},
	{"1;2", "0-3,8"},
	{"1 2", "0-3,8"},
	{" 1", "0-3,8"},
	{"8192", "0-3,8"},
	{"4294967296", "0-3,8"},
	{"0-1", "another"},
	{"2,2", "another"},
	{"99999999999999999999", "0-3,8"},
};

START_TEST(refuses)
{
	uint32_t node_of[CPUS];

	manifest_set(&m, "numa.node0_cpus", "0");
	manifest_set(&m, "numa.node1_cpus", bad_lists[_i].list);
	ck_assert_int_eq(manifest_cpu_nodes(&m, 2, CPUS, node_of, &err), -1);
	ck_assert_msg(strstr(err.text, bad_lists[_i].want), "%s", err.text);
	ck_assert_msg(strstr(err.text, "numa.node1_cpus"), "%s", err.text);
}
END_TEST

static struct mm *two_nodes(uint32_t cpus)
{
	struct mm_zone_config zones[] = {
		{.node = 0, .name = "Normal", .index = 2, .start_pfn = 0, .spanned = 4096},
		{.node = 1, .name = "Normal", .index = 2, .start_pfn = 4096, .spanned = 4096},
	};
	struct mm_config cfg = {
		.release = "6.1.192",
		.end_pfn = 8192,
		.nr_cpus = cpus,
		.nr_nodes = 2,
		.nr_orders = 11,
		.pageblock_order = 9,
		.nr_types = 5,
		.zones = zones,
		.nr_zones = 2,
	};
	struct mm *mm;

	zones[0].present = zones[0].managed = zones[1].present = zones[1].managed = 4096;
	mm = mm_new(&cfg, &err);
	ck_assert_msg(mm != NULL, "%s", err.text);
	return mm;
}

/* Expect verify to ask the node of the request's own CPU, as the recording tells it. */
START_TEST(requests_prefer_their_node)
{
	struct capture c = {.manifest = m};
	struct verify *v = calloc(1, sizeof(*v));
	struct event e = {.kind = EV_ALLOC};
	struct mm_request rq;

	manifest_set(&c.manifest, "numa.node0_cpus", "1,3");
	manifest_set(&c.manifest, "numa.node1_cpus", "0,2");
	v->c = &c;
	v->mm = two_nodes(4);
	ck_assert_msg(!build_cpu_nodes(v->mm, &c.manifest, &err), "%s", err.text);
	for (uint32_t cpu = 0; cpu < 4; cpu++) {
		e.cpu = (uint16_t)cpu;
		choice_request(v, &e, &rq);
		ck_assert_uint_eq(rq.cpu, cpu);
		ck_assert_uint_eq(rq.node, cpu % 2 ? 0 : 1);
	}
	mm_free(v->mm);
	free(v);
	m = c.manifest;
}
END_TEST

static struct event drain_at(uint16_t cpu, uint32_t pid)
{
	return (struct event){.kind = EV_PCPU_DRAIN, .cpu = cpu, .pid = pid};
}

/* Two pages of each node on CPU 0's lists, a batch of one. Expect the vmstat worker's fold, and
 * nobody else, to be taken for the drain of what the CPU holds of the other node. */
START_TEST(fold_drains_the_other_node)
{
	struct event fold = {.kind = EV_P_FOLD, .pid = 7, .w = {1}}, drain = drain_at(0, 7);
	struct capture c = {.manifest = m};
	struct verify *v = calloc(1, sizeof(*v));
	struct mm_drain d;

	v->c = &c;
	v->res = calloc(1, sizeof(*v->res));
	v->mm = two_nodes(2);
	ck_assert_msg(!build_cpu_nodes(v->mm, &c.manifest, &err), "%s", err.text);
	for (uint32_t zone = 0; zone < 2; zone++) {
		mm_pcp(v->mm, zone, 0)->high = 100;
		mm_pcp(v->mm, zone, 0)->batch = 1;
		for (uint32_t i = 0; i < 2; i++)
			mm_pcp_free(v->mm, 0, (struct frame){zone * 4096 + i}, 0, &d);
		ck_assert_int_eq(mm_pcp(v->mm, zone, 0)->count, 2);
	}
	ck_assert(!verify_fold_drains(v, &drain, 1));
	verify_fold(v, &fold);
	ck_assert(!verify_fold_drains(v, &drain, 0));
	ck_assert(verify_fold_drains(v, &drain, 1));
	ck_assert_int_eq(v->ops[1].drain.left, 1);
	ck_assert_uint_eq(mm_drain_peek(v->mm, &v->ops[1].drain).n, 4096);
	drain = drain_at(0, 8);
	ck_assert(!verify_fold_drains(v, &drain, 1));
	mm_free(v->mm);
	free(v->res);
	free(v);
}
END_TEST

static Suite *cpulist_suite(void)
{
	Suite *s = suite_create("cpulist");
	TCase *tc = tcase_create("cpulist");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, by_the_lists);
	tcase_add_test(tc, without_lists);
	tcase_add_test(tc, odd_nodes);
	tcase_add_loop_test(tc, refuses, 0, (int)ARRAY_SIZE(bad_lists));
	tcase_add_test(tc, requests_prefer_their_node);
	tcase_add_test(tc, fold_drains_the_other_node);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(cpulist_suite());
	int failed;

	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
