// SPDX-License-Identifier: GPL-2.0-only
/*
 * verify without the probe of bulk allocations: which forks take a stack of four pages that no
 * event shows. One zone, whose per-cpu list of unmovable pages is frames 0, 1, 2 and so on.
 */
#include <check.h>
#include <stdlib.h>

#include "replay/verify.h"

#define FRAMES 1024u
#define LISTED 400u
#define TABLES 512u /* first page tables are here */
#define PARENT 106u
#define TABLE_GFP 0x400dc0u
#define ANON_GFP (MM_GFP_HIGHMEM | MM_GFP_MOVABLE | MM_GFP_IO | MM_GFP_FS | MM_GFP_DIRECT_RECLAIM)
#define FORK_TABLES 7u
#define EXEC_TABLES 3u
#define MILLISECOND 1000000u

struct scene {
	struct verify v;
	struct verify_result res;
	struct verify_options opt;
	struct trace t;
	struct event ev[512];
	struct mm *mm;
	uint32_t head;	/* of the kernel's list */
	uint32_t table; /* the next first page table */
	uint64_t now;
};

static struct scene *scene_new(void)
{
	struct mm_zone_config zone = {.name = "Normal",
				      .index = 2,
				      .spanned = FRAMES,
				      .present = FRAMES,
				      .managed = FRAMES};
	struct mm_config cfg = {.release = "6.1.192",
				.end_pfn = FRAMES,
				.nr_cpus = 1,
				.nr_nodes = 1,
				.nr_orders = 6,
				.pageblock_order = 4,
				.nr_types = MM_NR_TYPES,
				.zones = &zone,
				.nr_zones = 1};
	struct scene *s = calloc(1, sizeof(*s));
	struct error err;

	s->mm = mm_new(&cfg, &err);
	ck_assert_msg(s->mm, "%s", err.text);
	mm_pcp(s->mm, 0, 0)->high = FRAMES;
	mm_pcp(s->mm, 0, 0)->batch = 63;
	for (uint32_t f = 0; f < FRAMES; f++)
		mm_build_allocated(s->mm, (struct frame){f}, 0, 0);
	for (uint32_t f = 0; f < FRAMES; f += 16)
		mm_set_block_type(s->mm, (struct frame){f}, MM_UNMOVABLE);
	for (uint32_t f = LISTED; f-- > 0;) /* the one freed last is the first */
		mm_free_page(s->mm, 0, (struct frame){f}, 0);
	for (uint32_t f = TABLES + 256; f < FRAMES; f++) /* so that the marks are met */
		mm_free_direct(s->mm, 0, (struct frame){f}, 0, 0);
	s->table = TABLES;
	s->t.events = s->ev;
	s->v = (struct verify){.mm = s->mm, .t = &s->t, .opt = &s->opt, .res = &s->res};
	return s;
}

static void scene_free(struct scene *s)
{
	mm_free(s->mm);
	free(s);
}

static struct event *add(struct scene *s, uint8_t kind, uint32_t pid, uint64_t pfn, uint32_t order,
			 uint32_t gfp)
{
	struct event *e = &s->ev[s->t.nr++];

	ck_assert_uint_le(s->t.nr, ARRAY_SIZE(s->ev));
	*e = (struct event){.kind = kind, .pid = pid, .time = s->now += 1000};
	e->w[0] = pfn;
	e->w[1] = order;
	e->w[2] = gfp;
	e->w[3] = mm_gfp_type(gfp);
	s->v.last = s->t.nr;
	return e;
}

/* Everything that was added from @first on happens. */
static void play(struct scene *s, uint64_t first)
{
	for (s->v.i = first; s->v.i < s->t.nr; s->v.i++) {
		struct event *e = &s->ev[s->v.i];

		if (e->kind == EV_ALLOC)
			verify_stack_alloc(&s->v, e);
		else
			verify_stack_free(&s->v, e);
		if (e->kind == EV_ALLOC && !e->w[1] && e->w[3] == MM_UNMOVABLE)
			verify_alloc(&s->v, e);
	}
}

/* How many of the pages that a fork asks for are predicted wrongly, when its stack comes out of the
 * list (@bulk) or is one that was kept. */
static uint64_t fork_wrong(struct scene *s, bool bulk)
{
	uint64_t first = s->t.nr, before = s->res.page_allocs - s->res.page_allocs_exact;

	s->head += bulk ? 4 : 0;
	add(s, EV_ALLOC, PARENT, s->table, 1, TABLE_GFP);
	s->table += 2;
	for (uint32_t i = 0; i < FORK_TABLES; i++)
		add(s, EV_ALLOC, PARENT, s->head++, 0, TABLE_GFP);
	add(s, EV_ALLOC, PARENT, 900, 0, ANON_GFP);
	play(s, first);
	return s->res.page_allocs - s->res.page_allocs_exact - before;
}

/* The first page table of a task that is dead goes when another one runs. */
static void death(struct scene *s)
{
	uint64_t first = s->t.nr;

	add(s, EV_FREE, PARENT, TABLES, 1, 0);
	play(s, first);
}

static uint64_t exec_wrong(struct scene *s, uint32_t pid)
{
	uint64_t first = s->t.nr, before = s->res.page_allocs - s->res.page_allocs_exact;

	add(s, EV_ALLOC, pid, s->table, 1, TABLE_GFP);
	s->table += 2;
	for (uint32_t i = 0; i < EXEC_TABLES; i++)
		add(s, EV_ALLOC, pid, s->head++, 0, TABLE_GFP);
	add(s, EV_ALLOC, pid, 900, 0, ANON_GFP);
	add(s, EV_FREE, pid, TABLES, 1, 0);
	play(s, first);
	return s->res.page_allocs - s->res.page_allocs_exact - before;
}

/* Four pages were taken before the first table was: seen once, it is expected from then on. */
START_TEST(four_pages_are_expected)
{
	struct scene *s = scene_new();

	ck_assert_uint_eq(fork_wrong(s, true), 1);
	for (int i = 0; i < 5; i++)
		ck_assert_uint_eq(fork_wrong(s, true), 0);
	scene_free(s);
}
END_TEST

/* Kernels that take such pages one by one, with an event each, are never thought to do otherwise.
 */
START_TEST(nothing_is_expected_unseen)
{
	struct scene *s = scene_new();

	for (int i = 0; i < 5; i++)
		ck_assert_uint_eq(fork_wrong(s, false), 0);
	scene_free(s);
}
END_TEST

/* Two stacks are kept for those who come. */
START_TEST(stacks_of_the_dead)
{
	struct scene *s = scene_new();

	fork_wrong(s, true);
	death(s);
	death(s);
	ck_assert_uint_eq(fork_wrong(s, false), 0);
	ck_assert_uint_eq(fork_wrong(s, false), 0);
	ck_assert_uint_eq(fork_wrong(s, true), 0);
	scene_free(s);
}
END_TEST

/* The third one asks again after a grace period, and takes the room that there is then. */
START_TEST(the_third_waits)
{
	struct scene *s = scene_new();

	fork_wrong(s, true);
	for (int i = 0; i < 3; i++)
		death(s);
	fork_wrong(s, false);
	fork_wrong(s, false);
	ck_assert_uint_eq(fork_wrong(s, true), 0);
	s->now += 10 * MILLISECOND;
	ck_assert_uint_eq(fork_wrong(s, false), 0);
	ck_assert_uint_eq(fork_wrong(s, true), 0);
	scene_free(s);
}
END_TEST

/* A wrong supposition costs one page: those that were taken from the list are put back in order. */
START_TEST(pages_are_put_back)
{
	struct scene *s = scene_new();

	for (int i = 0; i < 6; i++)
		fork_wrong(s, true);
	ck_assert_uint_eq(fork_wrong(s, false), 1);
	ck_assert_uint_eq(fork_wrong(s, true), 0);
	scene_free(s);
}
END_TEST

/* A new program needs a first page table, too, and lets the old one go: nobody was born or died. */
START_TEST(new_programs)
{
	struct scene *s = scene_new();

	fork_wrong(s, true);
	ck_assert_uint_eq(exec_wrong(s, 107), 0);
	ck_assert_uint_eq(fork_wrong(s, true), 0);
	scene_free(s);
}
END_TEST

/* Where the probe tells, nothing is inferred. */
START_TEST(the_probe_knows_better)
{
	struct scene *s = scene_new();

	s->t.kinds_seen[EV_P_BULK] = 1;
	ck_assert_uint_eq(fork_wrong(s, true), 1);
	ck_assert_uint_eq(fork_wrong(s, true), 1);
	scene_free(s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stacks");
	TCase *tc = tcase_create("stacks");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, four_pages_are_expected);
	tcase_add_test(tc, nothing_is_expected_unseen);
	tcase_add_test(tc, stacks_of_the_dead);
	tcase_add_test(tc, the_third_waits);
	tcase_add_test(tc, pages_are_put_back);
	tcase_add_test(tc, new_programs);
	tcase_add_test(tc, the_probe_knows_better);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
