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

/* ---- in the search for a block to empty ---- */

#define BLOCKS 40u
#define GIVES_WAY 28u /* pfn 512: the 32nd block from pfn 0 on */
#define FIRST 31u     /* blocks with pages to move */
#define SECOND 33u
#define SKIPPED 3u /* one that is to be skipped all the same */

/* Blocks of 16 frames from pfn 64 on. */
static struct stopped *searching_new(void)
{
	struct stopped *s = calloc(1, sizeof(*s));
	char text[BLOCKS * 16 + 1];
	struct mm_compact_event ev;

	memset(text, '#', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	text[FIRST * 16] = 'A';
	text[SECOND * 16] = 'B';
	text[SKIPPED * 16] = 'C';
	s->mm = draw_machine(text);
	ck_assert_uint_eq(s->mm->base_pfn + (uint64_t)GIVES_WAY * 16, 512);
	for (uint32_t b = 0; b < BLOCKS; b++)
		mm_set_block_skip(s->mm, draw_at(b * 16), b != FIRST && b != SECOND);
	s->t.events = s->ev;
	s->v = (struct verify){.mm = s->mm, .t = &s->t, .opt = &s->opt, .res = &s->res};
	s->run = &s->v.runs[0];
	*s->run = (struct compact_run){.in_use = true, .pid = COMPACTOR};
	s->run->cc = (struct mm_compact_control){
		.order = 3, .mode = MM_MIGRATE_SYNC_LIGHT, .whole_zone = true, .gives_way = true};
	mm_compact_begin_suitable(s->mm, &s->run->cc);
	mm_compact_step(s->mm, &s->run->cc, &ev);
	ck_assert_int_eq(s->run->cc.at, MM_AT_SEARCH);
	ck_assert_uint_eq(s->run->cc.source, GIVES_WAY * 16);
	return s;
}

/* Another compactor is done with the first block while the task is away; then it is back. */
static uint32_t found_when_back(struct stopped *s)
{
	compact_left_cpu(&s->v, s->run, true);
	mm_set_block_skip(s->mm, draw_at(FIRST * 16), true);
	compact_settle(&s->v, s->run);
	ck_assert_int_eq(s->run->cc.at, MM_AT_SOURCE);
	return s->run->cc.source;
}

START_TEST(stopped_where_the_search_gives_way)
{
	struct stopped *s = searching_new();

	s->run->due = true;
	ck_assert_uint_eq(found_when_back(s), SECOND * 16);
	stopped_free(s);
}
END_TEST

START_TEST(stopped_behind_its_search)
{
	struct stopped *s = searching_new();

	ck_assert_uint_eq(found_when_back(s), FIRST * 16);
	stopped_free(s);
}
END_TEST

/* Nobody but who asks for it stops there: a run that goes through finds the same. */
START_TEST(a_search_without_stop)
{
	struct stopped *s = searching_new();
	struct mm_compact_control cc = {
		.order = 3, .mode = MM_MIGRATE_SYNC_LIGHT, .whole_zone = true};
	struct mm_compact_event ev;

	mm_compact_begin_suitable(s->mm, &cc);
	mm_compact_step(s->mm, &cc, &ev);
	ck_assert_int_eq(cc.at, MM_AT_SOURCE);
	ck_assert_uint_eq(cc.source, FIRST * 16);
	stopped_free(s);
}
END_TEST

/* ---- between a new page's insertion into the LRU and its mapping ---- */

/* The page of the block @FIRST is of kind @flags, and another run was stopped while it moved
 * something there. Is it isolated? */
static bool takes_a_target_of_another(uint32_t flags)
{
	struct stopped *s = searching_new();
	struct frame f = draw_at(FIRST * 16);
	bool taken;

	mm_lru_del(s->mm, f);
	mm_frame(s->mm, f)->flags = MM_F_HEAD | MM_F_LRU | flags;
	mm_list_add(s->mm, mm_private_list(s->mm, 2), f);
	compact_settle(&s->v, s->run);
	ck_assert_uint_eq(s->run->cc.source, f.n);
	s->run->cc.gfp = MM_GFP_FS;
	mm_compact_scan_until(s->mm, &s->run->cc, s->run->cc.source_end);
	taken = s->run->cc.nr_migrate;
	stopped_free(s);
	return taken;
}

/* Such a page is locked, and nobody maps it yet: an anonymous one looks pinned, and one of shared
 * memory, which is dirty, cannot be looked into. A clean one of a file is taken all the same
 * [isolate_migratepages_block]. */
START_TEST(a_page_that_another_run_moves_to)
{
	ck_assert(!takes_a_target_of_another(MM_F_ANON | MM_F_MAPPED | MM_F_SWAPBACKED));
	ck_assert(!takes_a_target_of_another(MM_F_SWAPBACKED));
	ck_assert(takes_a_target_of_another(MM_F_FILE));
}
END_TEST

/* ---- in the loop over the pages of a batch ---- */

/* An async compactor leaves the CPU after it moved a page; @kind is what it does next. Did it look
 * for another target before? */
static bool searched_before_switch(uint8_t kind, bool drained)
{
	struct stopped *s = stopped_new();
	bool searched;

	s->run->cc.mode = MM_MIGRATE_ASYNC;
	s->run->moved_pending = true;
	s->run->drained = drained;
	add(s, COMPACTOR, kind, 0, 1, 0, 0);
	compact_left_cpu(&s->v, s->run, true);
	searched = !s->run->moved_pending;
	stopped_free(s);
	return searched;
}

/* Pages that do not move are tried again and again, and each try begins where it may give way
 * [migrate_pages]. */
START_TEST(stopped_among_pages_that_do_not_move)
{
	ck_assert(searched_before_switch(EV_COMPACT_MIGRATED, false));
	ck_assert(searched_before_switch(EV_MIGRATION_PTE_SET, false));
	ck_assert(!searched_before_switch(EV_FREE, false)); /* of a page that nobody maps */
}
END_TEST

/* Its free lists had nothing: it gave way in the walk over the first block, not before it turned
 * the lists [fast_isolate_freepages, isolate_freepages_block]. */
START_TEST(stopped_in_the_walk_behind_the_free_lists)
{
	ck_assert(searched_before_switch(EV_COMPACT_FREE_ISOLATE, false));
	ck_assert(!searched_before_switch(EV_COMPACT_FREE_ISOLATE, true)); /* due before */
}
END_TEST

/* The timer came when interrupts were off: it was due at the head of the loop. */
START_TEST(stopped_right_after_a_drain)
{
	ck_assert(!searched_before_switch(EV_MIGRATION_PTE_SET, true));
}
END_TEST

/* ---- kswapd, on its way to bed ---- */

#define KSWAPD OTHER
#define RUNS 0u
#define SLEEPS 1u

/* A finished direct run has asked for the skip bits to be cleared, and kswapd's round is over. */
static struct stopped *going_to_bed(bool preempted)
{
	static struct trace_comm comm = {.pid = KSWAPD, .comm = "kswapd0"};
	struct stopped *s = searching_new();

	s->mm->zones[0].compact_blockskip_flush = 1;
	s->t.comms = &comm;
	s->t.nr_comms = 1;
	add(s, KSWAPD, EV_P_BALANCE_RET, 0, 0, 0, 0);
	if (preempted) {
		add(s, KSWAPD, EV_SCHED_SWITCH, KSWAPD, COMPACTOR, RUNS, 0);
		add(s, COMPACTOR, EV_SCHED_SWITCH, COMPACTOR, KSWAPD, SLEEPS, 0);
	}
	add(s, KSWAPD, EV_SCHED_SWITCH, KSWAPD, COMPACTOR, SLEEPS, 0);
	verify_compact_kswapd_sleeps(&s->v, &s->ev[0], 0, 0);
	return s;
}

static bool is_skipped(const struct stopped *s)
{
	return mm_block_skip(s->mm, draw_at(SKIPPED * 16));
}

START_TEST(kswapd_clears_before_it_sleeps)
{
	struct stopped *s = going_to_bed(false);

	ck_assert(!is_skipped(s));
	ck_assert_uint_eq(s->mm->zones[0].compact_blockskip_flush, 0);
	stopped_free(s);
}
END_TEST

/* The request for it is taken first; the bits are cleared when kswapd is back, and a request that
 * came meanwhile stays [__reset_isolation_suitable]. */
START_TEST(kswapd_is_stopped_before_it_clears)
{
	struct stopped *s = going_to_bed(true);

	ck_assert(is_skipped(s));
	ck_assert_uint_eq(s->mm->zones[0].compact_blockskip_flush, 0);
	verify_kswapd_state(&s->v, &s->ev[1]);
	ck_assert(is_skipped(s));
	s->mm->zones[0].compact_blockskip_flush = 1;
	verify_kswapd_state(&s->v, &s->ev[2]);
	ck_assert(!is_skipped(s));
	ck_assert_uint_eq(s->mm->zones[0].compact_blockskip_flush, 1);
	mm_set_block_skip(s->mm, draw_at(SKIPPED * 16), true);
	verify_kswapd_state(&s->v, &s->ev[2]); /* once */
	ck_assert(is_skipped(s));
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
	tcase_add_test(tc, stopped_where_the_search_gives_way);
	tcase_add_test(tc, stopped_behind_its_search);
	tcase_add_test(tc, a_search_without_stop);
	tcase_add_test(tc, a_page_that_another_run_moves_to);
	tcase_add_test(tc, stopped_among_pages_that_do_not_move);
	tcase_add_test(tc, stopped_in_the_walk_behind_the_free_lists);
	tcase_add_test(tc, stopped_right_after_a_drain);
	tcase_add_test(tc, kswapd_clears_before_it_sleeps);
	tcase_add_test(tc, kswapd_is_stopped_before_it_clears);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
