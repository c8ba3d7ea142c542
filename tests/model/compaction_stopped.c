// SPDX-License-Identifier: GPL-2.0-only
/*
 * verify: where a compactor stands that another task runs in the middle of its walk over a block
 * for free pages. No event shows it; what the walk took in all, told when it is over, must do. And
 * whose compaction it is.
 */
#include "draw.h"
#include "replay/verify.h"

#define COMPACTOR 28u
#define OTHER 36u

/* Three blocks of 128 frames. In the last one the walk gives way at 256, 288, 320 and 352; free are
 * 258..259, 298, 328..331 and 358: eight pages. */
static const char *const drawing =
	"AB############## ################ ################ ################"
	"################ ################ ################ ################"
	"################ ################ ################ ################"
	"################ ################ ################ ################"
	"##..############ ################ ##########.##### ################"
	"########....#### ################ ######.######### ################";

struct stopped {
	struct verify v;
	struct verify_result res;
	struct verify_options opt;
	struct trace t;
	struct event ev[8];
	struct mm *mm;
	struct compact_run *run;
};

static void add(struct stopped *s, uint32_t pid, uint8_t kind, uint64_t a, uint64_t b, uint64_t c,
		uint64_t d)
{
	struct event *e = &s->ev[s->t.nr++];

	*e = (struct event){.pid = pid, .kind = kind};
	e->w[0] = a;
	e->w[1] = b;
	e->w[2] = c;
	e->w[3] = d;
	s->v.last = s->t.nr;
}

static uint64_t pfn(const struct stopped *s, uint32_t frame)
{
	return s->mm->base_pfn + frame;
}

/* The compactor is about to search the last block, and is made to give way by event 0. */
static struct stopped *stopped_new(void)
{
	struct stopped *s = calloc(1, sizeof(*s));
	struct mm_compact_event ev;

	draw_block_order = 7;
	s->mm = draw_machine(drawing);
	s->t.events = s->ev;
	s->opt.inputs = VERIFY_EVENTS;
	s->v = (struct verify){.mm = s->mm, .t = &s->t, .opt = &s->opt, .res = &s->res};
	s->run = &s->v.runs[0];
	*s->run = (struct compact_run){.in_use = true, .pid = COMPACTOR};
	s->run->cc = (struct mm_compact_control){
		.order = -1, .mode = MM_MIGRATE_SYNC, .whole_zone = true, .ignore_skip_hint = true};
	mm_compact_begin_suitable(s->mm, &s->run->cc);
	while (s->run->cc.at != MM_AT_TARGET)
		mm_compact_step(s->mm, &s->run->cc, &ev);
	s->run->cc.nr_migrate = 100; /* wants more than there is */
	add(s, COMPACTOR, EV_SCHED_SWITCH, COMPACTOR, OTHER, 0x100, 0);
	return s;
}

static void stopped_free(struct stopped *s)
{
	draw_block_order = 4;
	mm_free(s->mm);
	free(s);
}

static bool is_free(const struct stopped *s, uint32_t frame)
{
	return mm_on_buddy_list(s->mm, draw_at(frame));
}

/* Eight were free and eight were taken: nobody took any from under the compactor. Whoever looks for
 * free pages meanwhile must not find what it may have. */
START_TEST(all_that_was_free_was_taken)
{
	struct stopped *s = stopped_new();

	add(s, COMPACTOR, EV_COMPACT_FREE_ISOLATE, pfn(s, 256), pfn(s, 384), 128, 8);
	compact_left_cpu(&s->v, s->run, true);
	ck_assert(!is_free(s, 258));
	ck_assert(!is_free(s, 328));
	ck_assert(is_free(s, 358)); /* the last place is 352 */
	ck_assert_uint_eq(s->run->cc.walk.isolated, 7);
	stopped_free(s);
}
END_TEST

/* Ten were taken, so both pages that others have freed at 318 were still ahead: it stood at 288 at
 * most, while for those at 268 it need not. */
START_TEST(more_was_freed_ahead)
{
	struct stopped *s = stopped_new();

	add(s, OTHER, EV_FREE, pfn(s, 268), 0, 0, 0);
	add(s, OTHER, EV_FREE, pfn(s, 318), 1, 0, 0);
	add(s, COMPACTOR, EV_COMPACT_FREE_ISOLATE, pfn(s, 256), pfn(s, 384), 128, 10);
	compact_left_cpu(&s->v, s->run, true);
	ck_assert(!is_free(s, 258));
	ck_assert(is_free(s, 298));
	ck_assert_uint_eq(s->run->cc.walk.isolated, 2);
	stopped_free(s);
}
END_TEST

/* Fewer than were free: somebody took some, and where the compactor stood is not known. */
START_TEST(others_took_some)
{
	struct stopped *s = stopped_new();

	add(s, COMPACTOR, EV_COMPACT_FREE_ISOLATE, pfn(s, 256), pfn(s, 384), 128, 6);
	compact_left_cpu(&s->v, s->run, true);
	ck_assert(is_free(s, 258));
	ck_assert_uint_eq(s->run->cc.walk.isolated, 0);
	stopped_free(s);
}
END_TEST

/* It was to give way before the walk began: it did so at its first frame [cond_resched]. */
START_TEST(it_was_due_already)
{
	struct stopped *s = stopped_new();

	s->run->due = true;
	add(s, COMPACTOR, EV_COMPACT_FREE_ISOLATE, pfn(s, 256), pfn(s, 384), 128, 8);
	compact_left_cpu(&s->v, s->run, true);
	ck_assert(is_free(s, 258));
	stopped_free(s);
}
END_TEST

/* What a broken recording says must not lead out of the block. */
START_TEST(nonsense_is_survived)
{
	struct stopped *s = stopped_new();

	add(s, OTHER, EV_FREE, pfn(s, 318), 77, 0, 0);
	add(s, COMPACTOR, EV_COMPACT_FREE_ISOLATE, pfn(s, 256), UINT64_MAX, 0, UINT64_MAX);
	compact_left_cpu(&s->v, s->run, true);
	ck_assert(is_free(s, 258));
	stopped_free(s);
}
END_TEST

/*
 * A task that compacted for a huge page compacts all memory by hand later: the second run has no
 * order and does not end with the first free page of order 9 [compact_node].
 */
START_TEST(by_hand_after_a_huge_page)
{
	struct stopped *s = stopped_new();
	struct event try = {.pid = OTHER, .kind = EV_COMPACT_TRY, .w = {5, MM_GFP_IO | MM_GFP_FS}};
	struct event suitable = {.pid = OTHER, .kind = EV_COMPACT_SUITABLE, .w = {0, 0, 5}};
	struct event begin = {.pid = OTHER, .kind = EV_COMPACT_BEGIN};

	begin.w[0] = begin.w[1] = s->mm->base_pfn + s->mm->zones[0].start;
	begin.w[2] = pfn(s, 256);
	verify_compact_note(&s->v, &try);
	verify_compact_note(&s->v, &suitable);
	verify_compact_begin(&s->v, &begin);
	ck_assert_int_eq(compact_run_of(&s->v, OTHER)->cc.order, 5);
	suitable.w[2] = (uint64_t)-1;
	verify_compact_note(&s->v, &suitable);
	verify_compact_begin(&s->v, &begin);
	ck_assert_int_eq(compact_run_of(&s->v, OTHER)->cc.order, -1);
	ck_assert(!compact_run_of(&s->v, OTHER)->cc.direct);
	stopped_free(s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("compaction_stopped");
	TCase *tc = tcase_create("compaction_stopped");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, all_that_was_free_was_taken);
	tcase_add_test(tc, more_was_freed_ahead);
	tcase_add_test(tc, others_took_some);
	tcase_add_test(tc, it_was_due_already);
	tcase_add_test(tc, nonsense_is_survived);
	tcase_add_test(tc, by_hand_after_a_huge_page);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
