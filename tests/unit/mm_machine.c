// SPDX-License-Identifier: GPL-2.0-only
/* A machine as a block of memory: making, copying, hashing, refusing; and objects that live in its
 * pages. */
#include "tests/unit/mm_kit.h"

#include <stdlib.h>
#include <string.h>

/* Expect a clone to be equal, to go its own way, and to come back to the same hash by the same way.
 */
START_TEST(clone_and_hash)
{
	struct mm *a = kit_draw("m-------xxxxxxxx", NULL), *b = mm_clone(a);
	uint64_t before = mm_hash(a);

	ck_assert_uint_eq(mm_hash(b), before);
	mm_rmqueue(b, 0, 1, MM_MOVABLE, 0, NULL);
	ck_assert_uint_ne(mm_hash(b), before);
	expect_memory(a, "m-------xxxxxxxx");
	mm_rmqueue(a, 0, 1, MM_MOVABLE, 0, NULL);
	ck_assert_uint_eq(mm_hash(a), mm_hash(b));
	mm_free_one(b, at(0), 1, MM_MOVABLE, 0);
	mm_copy(b, a);
	ck_assert_uint_eq(mm_hash(a), mm_hash(b));
	expect_memory(b, "x=m-m---xxxxxxxx");
	mm_free(a);
	mm_free(b);
}
END_TEST

/* The hash is over the state: counters do not change it; list order, a boost, a block's type and a
 * policy's state do. */
START_TEST(hash_covers_the_state)
{
	struct mm *mm = kit_draw("mxmxxxxxxxxxxxxx", NULL);
	uint64_t before = mm_hash(mm);

	mm_stats(mm)->refills++;
	mm->now = 12345;
	mm->cpu = 7;
	ck_assert_uint_eq(mm_hash(mm), before);
	mm_list_rotate_to_last(mm, at(0));
	ck_assert_uint_ne(mm_hash(mm), before);
	mm_list_rotate_to_last(mm, at(2));
	ck_assert_uint_eq(mm_hash(mm), before);
	mm->zones[0].boost = 1;
	ck_assert_uint_ne(mm_hash(mm), before);
	mm->zones[0].boost = 0;
	mm_set_block_type(mm, at(0), MM_UNMOVABLE);
	ck_assert_uint_ne(mm_hash(mm), before);
	mm_set_block_type(mm, at(0), MM_MOVABLE);
	mm_pcp(mm, 0, 0)->free_factor = 1;
	ck_assert_uint_ne(mm_hash(mm), before);
	mm_free(mm);
}
END_TEST

/* Taken and given back, nothing is left behind in frames that a hash could see. */
START_TEST(hash_has_no_memory)
{
	struct mm *mm = kit_draw("m-------xxxxxxxx", NULL);
	uint64_t before = mm_hash(mm);
	struct frame f = mm_rmqueue(mm, 0, 0, MM_MOVABLE, 0, NULL);

	mm_mod_free(mm, 0, 0, -1);
	mm_free_one(mm, f, 0, MM_MOVABLE, 0);
	expect_memory(mm, "m-------xxxxxxxx");
	ck_assert_uint_eq(mm_hash(mm), before);
	mm_free(mm);
}
END_TEST

START_TEST(block_flags)
{
	struct mm *mm = kit_draw("xxxxxxxxxxxxxxxx|xxxxxxxxxxxxxxxx", "UM");

	mm_set_block_skip(mm, at(3), true);
	ck_assert(mm_block_skip(mm, at(15)));
	ck_assert(!mm_block_skip(mm, at(16)));
	mm_set_block_type(mm, at(3), MM_RECLAIMABLE);
	ck_assert(mm_block_skip(mm, at(0)));
	ck_assert_uint_eq(mm_block_type(mm, at(0)), MM_RECLAIMABLE);
	mm_set_block_skip(mm, at(0), false);
	expect_blocks(mm, "RM");
	mm_free(mm);
}
END_TEST

/* ---- refusals ---- */

struct refusal {
	const char *say; /* part of the sentence */
	struct mm_config cfg;
	struct mm_zone_config zone;
};

static const struct refusal refusals[] = {
	{"at least one zone", {.nr_cpus = 0}, {.managed = 8, .spanned = 8}},
	{"NUMA nodes", {.nr_cpus = 1, .nr_nodes = 99}, {.managed = 8, .spanned = 8}},
	{"CPUs", {.nr_cpus = 1u << 20, .nr_nodes = 1}, {.managed = 8, .spanned = 8}},
	{"orders", {.nr_cpus = 1, .nr_nodes = 1, .nr_orders = 12}, {.managed = 8, .spanned = 8}},
	{"orders", {.nr_cpus = 1, .nr_nodes = 1, .nr_orders = 1}, {.managed = 8, .spanned = 8}},
	{"pageblock order",
	 {.nr_cpus = 1, .nr_nodes = 1, .nr_orders = 6, .pageblock_order = 6},
	 {.managed = 8, .spanned = 8}},
	{"no zone has any",
	 {.nr_cpus = 1, .nr_nodes = 1, .nr_orders = 6, .pageblock_order = 4},
	 {.spanned = 8}},
	{"more pages than it spans",
	 {.nr_cpus = 1, .nr_nodes = 1, .nr_orders = 6, .pageblock_order = 4},
	 {.managed = 9, .spanned = 8}},
	{"spans pfns",
	 {.nr_cpus = 1, .nr_nodes = 1, .nr_orders = 6, .pageblock_order = 4},
	 {.managed = 8, .spanned = 8, .start_pfn = 100}},
	{"spans pfns",
	 {.nr_cpus = 1, .nr_nodes = 1, .nr_orders = 6, .pageblock_order = 4},
	 {.managed = 8, .spanned = UINT64_MAX}},
	{"cannot be",
	 {.nr_cpus = 1, .nr_nodes = 1, .nr_orders = 6, .pageblock_order = 4},
	 {.managed = 8, .spanned = 8, .index = 7}},
	{"cannot be",
	 {.nr_cpus = 1, .nr_nodes = 1, .nr_orders = 6, .pageblock_order = 4},
	 {.managed = 8, .spanned = 8, .node = -1}},
	{"frames",
	 {.nr_cpus = 1, .nr_nodes = 1, .nr_orders = 6, .pageblock_order = 4, .end_pfn = 1ull << 40},
	 {.managed = 8, .spanned = 8}},
};

START_TEST(mm_new_refuses)
{
	struct refusal r = refusals[_i];
	struct error err = {""};

	r.cfg.zones = &r.zone;
	r.cfg.nr_zones = 1;
	if (!r.cfg.end_pfn)
		r.cfg.end_pfn = 64;
	ck_assert_ptr_null(mm_new(&r.cfg, &err));
	ck_assert_msg(strstr(err.text, r.say), "\"%s\" should say \"%s\"", err.text, r.say);
}
END_TEST

/* ---- eras ---- */

static const struct {
	const char *release, *era;
	bool exact;
} releases[] = {
	{"6.1.192", "6.1", true},
	{"6.1.157", "6.1", true},
	{"6.1.156", "6.1.116", true},
	{"6.1.115", "6.1.104", true},
	{"6.1.103", "6.1.97", true},
	{"6.1.192-1-amd64", "6.1", true},
	{"6.6.1", "6.1", false},
	{"banana", "6.1", false},
	{"", "6.1", false},
	{"5.10.223", "5.10", true},
	{"5.10.3", "5.10", false}, /* before the merge loop was reworked */
	{"5.10.0-32-cloud-amd64", "5.10", false},
	{"6.1.50", "6.1.97", false},		/* older than the oldest row of its series */
	{"6.1.0-47-cloud-amd64", "6.1", false}, /* point 0 says nothing: the newest row */
	{"5.15.3", "6.1", false},		/* has per-cpu lists of higher orders */
	{"4.19.1", "5.10", false},
	{"6.12.117", "6.12", true},
	{"6.12.5", "6.12", false}, /* before claims and steals */
	{"6.11.3", "6.12", false},
	{"6.18.44-fc-v595", "7.2", false},
	{"7.2.13", "7.2", true},
};

START_TEST(eras_by_release)
{
	bool exact = !releases[_i].exact;
	uint32_t era = mm_era_find(releases[_i].release, &exact);

	ck_assert_str_eq(mm_era_name(era), releases[_i].era);
	ck_assert_int_eq(exact, releases[_i].exact);
	ck_assert_ptr_nonnull(mm_era_summary(era));
	ck_assert_ptr_null(mm_era_name(1000));
}
END_TEST

/* ---- validate sees what is wrong ---- */

/* One row: a way to break a machine. Expect mm_validate to name it. */
static void break_count(struct mm *mm)
{
	mm->zones[0].nr_free[0]++;
}
static void break_free(struct mm *mm)
{
	mm->zones[0].free--;
}
static void break_order(struct mm *mm)
{
	mm_frame(mm, at(0))->order = 1;
}
static void break_link(struct mm *mm)
{
	mm_frame(mm, at(2))->prev = 7;
}
static void break_overlap(struct mm *mm)
{
	mm_build_pcp(mm, at(1), 0, 0, 0, MM_UNMOVABLE);
	mm_frame(mm, at(1))->flags |= MM_F_HEAD;
}
static void break_merge(struct mm *mm)
{
	mm_build_buddy(mm, at(1), 0, 0, MM_MOVABLE);
}
static void break_pcp(struct mm *mm)
{
	mm_pcp(mm, 0, 0)->count = 5;
}
static void break_object(struct mm *mm)
{
	mm_ids(mm)[3] = 5;
}
static void break_align(struct mm *mm)
{
	mm_mark_allocated(mm, at(9), 1);
}

static const struct {
	void (*damage)(struct mm *mm);
	const char *say;
} damages[] = {
	{break_count, "nr_free"},      {break_free, "free pages"},   {break_order, "another order"},
	{break_link, "next and prev"}, {break_overlap, "two pages"}, {break_merge, "not merged"},
	{break_pcp, "per-cpu count"},  {break_object, "id map"},     {break_align, "not aligned"},
};

START_TEST(validate_sees)
{
	struct mm *mm = kit_draw("mxmxxxxxxxxxxxxx", NULL);
	struct error err = {""};

	ck_assert_int_eq(mm_validate(mm, &err), 0);
	damages[_i].damage(mm);
	ck_assert_int_eq(mm_validate(mm, &err), -1);
	ck_assert_msg(strstr(err.text, damages[_i].say), "\"%s\" should say \"%s\"", err.text,
		      damages[_i].say);
	mm_free(mm);
}
END_TEST

/* ---- objects ---- */

/*
 * LRU (head first): 0 2 4. The object of page 2 moves to page 9. Expect page 9 to take its place
 * in the list, its flags and its name; page 2 stays allocated and knows nothing.
 */
START_TEST(objects_move)
{
	struct mm *mm = kit_draw("LxLxLxxxxxxxxxxx", NULL);
	uint32_t lru = mm_lru_list(mm, 0, MM_LRU_INACTIVE_ANON);
	const struct mm_object *o;

	for (uint32_t f = 0; f <= 4; f += 2)
		mm_lru_add_tail(mm, at(f), MM_LRU_INACTIVE_ANON);
	mm_object_bind(mm, at(2), 5, 4711, MM_KIND_ANON, 0);
	mm_objects(mm)[2].flags = MM_O_ORPHAN;
	mm_frame(mm, at(2))->flags |= MM_F_ANON | MM_F_DIRTY | MM_F_PINNED;
	ck_assert_uint_eq(mm_object_frame(mm, 5).n, 2);
	mm_object_move(mm, at(2), at(9));
	ck_assert_uint_eq(mm_object_frame(mm, 5).n, 9);
	o = &mm_objects(mm)[9];
	ck_assert_uint_eq(o->owner, 4711);
	ck_assert_uint_eq(o->kind, MM_KIND_ANON);
	ck_assert_uint_eq(o->flags, MM_O_ORPHAN);
	ck_assert_uint_eq(mm_frame(mm, at(9))->flags, MM_F_HEAD | MM_F_ALLOCATED | MM_F_LRU |
							      MM_F_ANON | MM_F_DIRTY | MM_F_PINNED);
	kit_expect_list(mm, lru, "0 9 4", __FILE__, __LINE__);
	ck_assert_uint_eq(mm_objects(mm)[2].id, MM_NO_ID);
	ck_assert_uint_eq(mm_frame(mm, at(2))->flags, MM_F_HEAD | MM_F_ALLOCATED);
	expect_memory(mm, "LxxxLxxxxLxxxxxx");
	mm_object_unbind(mm, at(9));
	ck_assert(frame_is_none(mm_object_frame(mm, 5)));
	ck_assert(frame_is_none(mm_object_frame(mm, 1u << 30)));
	mm_free(mm);
}
END_TEST

/* The first of a list moves: expect the new page first. A page on no list takes no place; one
 * without a name none. */
START_TEST(objects_move_at_the_head)
{
	struct mm *mm = kit_draw("LxLxLxxxxxxxxxxx", NULL);
	uint32_t lru = mm_lru_list(mm, 0, MM_LRU_ACTIVE_FILE);

	mm_lru_add_tail(mm, at(0), MM_LRU_ACTIVE_FILE);
	mm_lru_add_tail(mm, at(2), MM_LRU_ACTIVE_FILE);
	mm_object_move(mm, at(0), at(9));
	kit_expect_list(mm, lru, "9 2", __FILE__, __LINE__);
	mm_object_move(mm, at(4), at(10));
	kit_expect_list(mm, lru, "9 2", __FILE__, __LINE__);
	ck_assert_uint_eq(mm_objects(mm)[10].id, MM_NO_ID);
	mm_free(mm);
}
END_TEST

static Suite *machine_suite(void)
{
	Suite *s = suite_create("mm_machine");
	TCase *tc = kit_case(s, "block");

	tcase_add_test(tc, clone_and_hash);
	tcase_add_test(tc, hash_covers_the_state);
	tcase_add_test(tc, hash_has_no_memory);
	tcase_add_test(tc, block_flags);
	tcase_add_loop_test(tc, mm_new_refuses, 0, (int)ARRAY_SIZE(refusals));
	tcase_add_loop_test(tc, eras_by_release, 0, (int)ARRAY_SIZE(releases));
	tcase_add_loop_test(tc, validate_sees, 0, (int)ARRAY_SIZE(damages));
	tc = kit_case(s, "objects");
	tcase_add_test(tc, objects_move);
	tcase_add_test(tc, objects_move_at_the_head);
	return s;
}

int main(void)
{
	return kit_main(machine_suite());
}
