// SPDX-License-Identifier: GPL-2.0-only
/* verify: pages that lose their last user while compaction moves them. */
#include "draw.h"
#include "replay/verify.h"

#define COMPACTOR 28u

/* A and B are moved into the last block, first in, first out. */
static const char *const drawing =
	"AB############## ################ ################ ################ .#.#.#.#.#.#.#.#";

struct moving {
	struct verify v;
	struct verify_result res;
	struct verify_options opt;
	struct trace t;
	struct event ev;
	struct mm *mm;
	struct compact_run *run;
	struct frame a, b, first, second; /* the pages and where they are to go */
};

/* Both are isolated, and so is where they go. */
static struct moving *moving_new(void)
{
	struct moving *m = calloc(1, sizeof(*m));
	struct mm_compact_event ev;

	m->mm = draw_machine(drawing);
	m->t.events = &m->ev;
	m->t.nr = 1;
	m->t.kinds_seen[EV_LRU_INSERT] = 1;
	m->opt.inputs = VERIFY_EVENTS;
	m->v = (struct verify){.mm = m->mm, .t = &m->t, .opt = &m->opt, .res = &m->res, .last = 1};
	m->run = &m->v.runs[0];
	*m->run = (struct compact_run){.in_use = true, .pid = COMPACTOR};
	m->run->cc = (struct mm_compact_control){
		.order = -1, .mode = MM_MIGRATE_SYNC, .whole_zone = true, .ignore_skip_hint = true};
	mm_compact_begin_suitable(m->mm, &m->run->cc);
	while (m->run->cc.at != MM_AT_PAGE)
		mm_compact_step(m->mm, &m->run->cc, &ev);
	m->a = mm_compact_next_source(m->mm, &m->run->cc);
	m->b = mm_list_next(m->mm, m->a);
	m->first = mm_compact_next_target(m->mm, &m->run->cc);
	m->second = mm_list_next(m->mm, m->first);
	ck_assert(!frame_is_none(m->b));
	ck_assert(!frame_is_none(m->second));
	m->run->source = draw_at(0);
	m->run->source_end = draw_at(16);
	return m;
}

static void moving_free(struct moving *m)
{
	mm_free(m->mm);
	free(m);
}

static struct event *event(struct moving *m, uint8_t kind, struct frame f)
{
	m->ev = (struct event){.pid = COMPACTOR, .kind = kind};
	m->ev.w[0] = m->mm->base_pfn + f.n;
	return &m->ev;
}

static void inserted(struct moving *m, struct frame f)
{
	event(m, EV_LRU_INSERT, f)->w[2] = 0x12; /* anonymous, mapped by nobody */
	verify_lru_insert(&m->v, &m->ev);
}

static void freed(struct moving *m, struct frame f)
{
	verify_compact_free(&m->v, event(m, EV_FREE, f), f);
}

static bool is_held(const struct moving *m, struct frame f)
{
	return mm_frame(m->mm, f)->list == mm_private_list(m->mm, 0);
}

/*
 *   insert 1st     free a          insert 2nd     free b
 * Expect both pages where they were moved to.
 */
START_TEST(pages_move)
{
	struct moving *m = moving_new();

	inserted(m, m->first);
	freed(m, m->a);
	ck_assert(!is_held(m, m->first));
	ck_assert(is_held(m, m->second));
	inserted(m, m->second);
	freed(m, m->b);
	ck_assert(!is_held(m, m->second));
	ck_assert_uint_eq(m->res.migrations_confirmed, 2);
	ck_assert_uint_eq(m->res.migrations_refuted, 0);
	moving_free(m);
}
END_TEST

/*
 *   insert 1st     free 1st   free a          insert 2nd     free b
 * The last user of a went while it was being moved: the mover drops the new page, then the old one.
 * Expect the new page not to be held any more, and b to go to the second place, not a.
 */
START_TEST(the_last_user_goes_meanwhile)
{
	struct moving *m = moving_new();

	inserted(m, m->first);
	freed(m, m->first);
	ck_assert(!is_held(m, m->first));
	freed(m, m->a);
	ck_assert(is_held(m, m->second));
	ck_assert(mm_frame(m->mm, m->a)->list == MM_NO_LIST);
	inserted(m, m->second);
	freed(m, m->b);
	ck_assert(!is_held(m, m->second));
	ck_assert_uint_eq(m->run->cc.total_moved, 2);
	ck_assert_uint_eq(m->res.migrations_confirmed, 2);
	ck_assert_uint_eq(m->res.migrations_refuted, 0);
	moving_free(m);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("compaction_moved");
	TCase *tc = tcase_create("compaction_moved");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, pages_move);
	tcase_add_test(tc, the_last_user_goes_meanwhile);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
