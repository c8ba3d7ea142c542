// SPDX-License-Identifier: GPL-2.0-only
/* What a machine writes down steers nothing, and is what happened. */
#include "tests/unit/mm_kit.h"

#include <stdlib.h>
#include <string.h>

static const struct mm_request unmovable = {.type = MM_UNMOVABLE, .gfp = MM_GFP_IO};

static struct mm *chronicled(const char *drawing, const char *types)
{
	struct mm *plain = kit_draw(drawing, types), *mm = mm_with_chronicle(plain);

	ck_assert_ptr_nonnull(mm);
	ck_assert_uint_eq(mm_hash(mm), mm_hash(plain));
	mm_free(plain);
	return mm;
}

static const struct mm_note *find(const struct mm *mm, enum mm_note_kind kind)
{
	const struct mm_chronicle *c = mm_chronicle(mm);

	for (uint32_t i = 0; i < c->nr_notes; i++)
		if (c->notes[i].kind == kind)
			return &c->notes[i];
	return NULL;
}

START_TEST(a_machine_without_one_writes_nothing)
{
	struct mm *mm = kit_draw("m---------------", NULL);

	ck_assert_ptr_null(mm_chronicle(mm));
	ck_assert_ptr_null(mm_origin(mm, at(0)));
	ck_assert_ptr_null(mm_pollution(mm, (struct block){0}));
	mm_say(mm, "nobody listens");
	mm_chronicle_begin(mm, 7);
	ck_assert(!frame_is_none(mm_get_page(mm, &unmovable, 0)));
	mm_free(mm);
}
END_TEST

/* An unmovable page from a movable block of which half is in use. */
START_TEST(a_fallback_is_noted_and_the_block_polluted)
{
	static const char drawing[] = "L=======m-------"
				      "L=======L=======";
	struct mm *mm = chronicled(drawing, NULL), *plain = kit_draw(drawing, NULL);
	const struct mm_pollution *p = mm_pollution(mm, (struct block){0});
	const struct mm_note *note;
	struct frame f;

	mm->now = 1234;
	mm_chronicle_begin(mm, 42);
	f = mm_get_page(mm, &unmovable, 0);
	ck_assert_uint_eq(mm_get_page(plain, &unmovable, 0).n, f.n);
	ck_assert_uint_eq(mm_hash(mm), mm_hash(plain));
	note = find(mm, MM_NOTE_FALLBACK);
	ck_assert_ptr_nonnull(note);
	ck_assert_int_eq(note->v[0], 8);
	ck_assert_int_eq(note->v[1], 3);
	ck_assert_int_eq(note->v[2], MM_UNMOVABLE);
	ck_assert_int_eq(note->v[3], MM_MOVABLE);
	ck_assert_uint_eq(p->seen, 1);
	ck_assert_uint_eq(p->since, 1234);
	ck_assert_uint_eq(p->pid, 42);
	ck_assert_uint_eq(p->head, 8);
	note = find(mm, MM_NOTE_TAKEN);
	ck_assert_ptr_nonnull(note);
	ck_assert_int_eq(note->v[0], f.n);
	ck_assert_uint_eq(mm_pollution(mm, (struct block){1})->seen, 0);
	mm_free(mm);
	mm_free(plain);
}
END_TEST

START_TEST(a_refusal_says_what_was_missing)
{
	struct mm *mm = chronicled("m-------L=======m-------L=======", NULL);
	struct mm_request rq = {.order = 4, .type = MM_MOVABLE, .gfp = MM_GFP_MOVABLE};
	const struct mm_note *note;

	ck_assert(frame_is_none(mm_get_page(mm, &rq, 0)));
	note = find(mm, MM_NOTE_ZONE_REFUSED);
	ck_assert_ptr_nonnull(note);
	ck_assert_int_eq(note->v[0], 16); /* two buddies of order 3 */
	ck_assert_int_eq(note->v[1], 15); /* of a page of order 4 all but one do not count */
	ck_assert_int_eq(note->v[3], 0);  /* none of the order is there */
	mm_chronicle_begin(mm, 1);
	mm->zones[0].wmark[MM_WMARK_MIN] = 16;
	rq.order = 3;
	ck_assert(frame_is_none(mm_get_page(mm, &rq, 0)));
	note = find(mm, MM_NOTE_ZONE_REFUSED);
	ck_assert_int_eq(note->v[1], 16 + 7);
	ck_assert_int_eq(note->v[3], 1);
	mm_free(mm);
}
END_TEST

/* The sum that explanations show is the test that requests pass or fail. */
START_TEST(the_sum_is_the_test)
{
	static const uint32_t flags[] = {0,
					 MM_ALLOC_MIN_RESERVE,
					 MM_ALLOC_NON_BLOCK,
					 MM_ALLOC_MIN_RESERVE | MM_ALLOC_NON_BLOCK,
					 MM_ALLOC_OOM,
					 MM_ALLOC_HIGHATOMIC};
	struct mm *mm = kit_draw("m-------L=======m---u-hxc-r-L===", NULL);
	struct rng rng;

	rng_init(&rng, 20241121);
	printf("# seed 20241121\n");
	for (int i = 0; i < 20000; i++) {
		uint32_t order = (uint32_t)rng_below(&rng, KIT_ORDERS);
		uint32_t f = flags[rng_below(&rng, ARRAY_SIZE(flags))];
		int64_t mark = (int64_t)rng_below(&rng, 40);
		struct mm_watermark_sum s;
		bool passes;

		mm->zones[0].reserved_highatomic = (uint32_t)rng_below(&rng, 3);
		mm->zones[0].lowmem_reserve[0] = (uint32_t)rng_below(&rng, 5);
		mm_watermark_sum(mm, 0, order, mark, 0, f, &s);
		passes = s.free - s.unusable > s.min + s.reserve && (!order || s.page);
		ck_assert_int_eq(passes, mm_watermark_ok(mm, 0, order, mark, 0, f,
							 mm->zones[0].free_global));
	}
	mm_free(mm);
}
END_TEST

START_TEST(notes_end_and_say_so)
{
	struct mm *mm = chronicled("m---------------", NULL);
	const struct mm_chronicle *c = mm_chronicle(mm);
	char words[200];

	memset(words, 'w', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	for (uint32_t i = 0; i < MM_MAX_NOTES + 3; i++)
		mm_say(mm, words);
	ck_assert_uint_eq(c->nr_notes, MM_MAX_NOTES);
	ck_assert_uint_eq(c->lost_notes, 3);
	ck_assert_uint_eq(strlen(c->notes[MM_MAX_NOTES - 1].said), 63);
	mm_chronicle_begin(mm, 0);
	ck_assert_uint_eq(c->nr_notes + c->lost_notes, 0);
	mm_free(mm);
}
END_TEST

START_TEST(a_page_remembers_when_it_was_asked_for)
{
	struct mm *small = kit_draw("L=======x=======", NULL), *mm;
	struct mm *with = mm_with_objects(small, 0);

	mm = mm_with_chronicle(with);
	ck_assert_uint_eq(mm_origin(mm, at(8))->gfp, MM_GFP_UNKNOWN);
	mm->now = 500;
	mm_object_bind(mm, at(8), 3, 77, MM_KIND_SLAB, 3);
	ck_assert_uint_eq(mm_origin(mm, at(8))->since, 500);
	mm->now = 900;
	mm_object_move(mm, at(8), at(0));
	ck_assert_uint_eq(mm_origin(mm, at(0))->since, 500);
	ck_assert_uint_eq(mm_objects(mm)[0].owner, 77);
	mm_free(small);
	mm_free(with);
	mm_free(mm);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("chronicle");
	TCase *tc = kit_case(s, "chronicle");

	tcase_add_test(tc, a_machine_without_one_writes_nothing);
	tcase_add_test(tc, a_fallback_is_noted_and_the_block_polluted);
	tcase_add_test(tc, a_refusal_says_what_was_missing);
	tcase_add_test(tc, the_sum_is_the_test);
	tcase_add_test(tc, notes_end_and_say_so);
	tcase_add_test(tc, a_page_remembers_when_it_was_asked_for);
	return kit_main(s);
}
