// SPDX-License-Identifier: GPL-2.0-only
/* What explanations look like: widths, colours, names that are not what they seem. */
#include "report/explain.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static uint8_t cells[1000];

static struct explain_map map_of(uint32_t nr)
{
	for (uint32_t i = 0; i < nr; i++)
		cells[i] = (uint8_t)(i % EXPLAIN_CELL_NR);
	return (struct explain_map){.cells = cells, .nr = nr, .pageblock_order = 9};
}

/* Length of the longest line that shows blocks, and how many characters show blocks at all. */
static size_t longest(const char *text, size_t *shown)
{
	size_t most = 0;

	*shown = 0;
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (!strncmp(text, "  0", 3)) {
			most = len > most ? len : most;
			*shown += len - 14;
		}
		text += len + (text[len] == '\n');
	}
	return most;
}

static size_t count(const char *text, char c)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == c;
	return n;
}

START_TEST(a_map_fits_and_shows_every_block)
{
	static const uint32_t sizes[] = {1, 7, 80, 333, 1000};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct explain_map map = map_of(sizes[i]);

		for (unsigned int width = 40; width <= 240; width += 25) {
			struct explain_print p = {.width = width};
			struct strbuf out;
			size_t shown;

			strbuf_init(&out);
			explain_map_text(&map, 0, &p, &out);
			ck_assert_uint_le(longest(out.s, &shown), width);
			/* one character a block as long as 24 rows are enough */
			if (sizes[i] <= 80)
				ck_assert_uint_eq(shown, sizes[i]);
			ck_assert_uint_eq(count(out.s, '*'), 2); /* in the map and in the legend */
			ck_assert_ptr_null(strchr(out.s, '\033'));
			strbuf_release(&out);
		}
	}
}
END_TEST

START_TEST(several_blocks_show_the_worst)
{
	struct explain_map map = map_of(1000);
	struct explain_print p = {.width = 40};
	struct strbuf out;

	memset(cells, EXPLAIN_CELL_FREE, sizeof(cells));
	cells[501] = EXPLAIN_CELL_MIXED;
	strbuf_init(&out);
	explain_map_text(&map, UINT64_MAX, &p, &out);
	ck_assert_ptr_nonnull(strstr(out.s, "the worst of them"));
	ck_assert_uint_eq(count(out.s, 'x'), 1 + 1 + 16); /* legend, map, and 16 rows' "0x" */
	strbuf_release(&out);
}
END_TEST

START_TEST(colours_on_demand)
{
	struct explain_map map = map_of(80);
	struct explain_print p = {.width = 80, .colour = true};
	struct strbuf out;

	strbuf_init(&out);
	explain_map_text(&map, UINT64_MAX, &p, &out);
	ck_assert_ptr_nonnull(strstr(out.s, "\033[31m"));
	ck_assert_ptr_nonnull(strstr(out.s, "\033[0m\n"));
	strbuf_release(&out);
}
END_TEST

static struct explanation hostile(struct explain_page *page, struct explain_decision *decision)
{
	static const char comm[] = "a\033[2Jb\nc\"<";
	struct explanation x = {.number = 3,
				.order = 9,
				.verdict = EXPLAIN_FRAGMENTED,
				.blockers = page,
				.nr_blockers = 1,
				.in_block = 1,
				.nr_zones = 1,
				.decisions = decision,
				.nr_decisions = 1,
				.block = {.any = true, .polluted = true}};

	*page = (struct explain_page){.dated = true, .kind = MM_KIND_SLAB};
	*decision = (struct explain_decision){
		.note = {.kind = MM_NOTE_COMPACTED}, .has_page = true, .page = *page};
	strcpy(page->comm, comm);
	strcpy(decision->page.comm, comm);
	strcpy(x.comm, comm);
	strcpy(x.block.polluted_comm, comm);
	return x;
}

START_TEST(a_hostile_name_stays_a_name)
{
	struct explain_page page;
	struct explain_decision decision;
	struct explanation x = hostile(&page, &decision);
	struct explain_polluter polluter = {.kind = MM_KIND_SLAB};
	struct explanations e = {
		.v = &x, .nr = 1, .polluters = &polluter, .nr_polluters = 1, .nr_samples = 1};
	struct explain_print p = {.width = 100};
	struct strbuf out;

	strcpy(polluter.comm, x.comm);
	strbuf_init(&out);
	explain_text(&e, &p, &out);
	ck_assert_ptr_null(strchr(out.s, '\033'));
	ck_assert_ptr_null(strstr(out.s, "b\nc"));
	ck_assert_ptr_nonnull(strstr(out.s, "\\x1b"));
	strbuf_clear(&out);
	explain_json(&e, &out);
	ck_assert_ptr_null(strchr(out.s, '\033'));
	ck_assert_ptr_null(strstr(out.s, "b\nc"));
	ck_assert_ptr_nonnull(strstr(out.s, "c\\\"<"));
	strbuf_release(&out);
}
END_TEST

/* Every kind of note, way, page and verdict has words. */
START_TEST(nothing_is_without_words)
{
	struct explain_names names = {.nr_zones = 1};
	struct strbuf out;

	strbuf_init(&out);
	for (int kind = 0; kind < MM_NOTE_NR_KINDS; kind++) {
		struct explain_decision d = {.note = {.kind = (uint16_t)kind, .zone = 9}};

		if (kind == MM_NOTE_SAID)
			strcpy(d.note.said, "words");
		strbuf_clear(&out);
		explain_decision_words(&d, &names, &out);
		ck_assert_uint_gt(out.len, 4);
		ck_assert_ptr_nonnull(explain_note_name((enum mm_note_kind)kind));
	}
	for (int kind = 0; kind < EXPLAIN_NR_WAYS; kind++) {
		struct explain_way way = {.kind = (enum explain_way_kind)kind};

		strbuf_clear(&out);
		explain_way_words(&way, &out);
		ck_assert_uint_gt(out.len, 4);
	}
	for (int v = 0; v < EXPLAIN_NR_VERDICTS; v++) {
		struct explanation x = {.verdict = (enum explain_verdict)v, .nr_zones = 1};

		strbuf_clear(&out);
		explain_verdict_words(&x, &out);
		ck_assert_uint_gt(out.len, 10);
		ck_assert_ptr_nonnull(explain_verdict_name(x.verdict));
	}
	for (int kind = 0; kind < MM_NR_KINDS; kind++)
		ck_assert_ptr_nonnull(explain_kind_name((enum mm_kind)kind));
	for (int moves = 0; moves < EXPLAIN_NR_MOVES; moves++)
		ck_assert_ptr_nonnull(explain_moves_name((enum explain_moves)moves));
	strbuf_release(&out);
}
END_TEST

static Suite *print_suite(void)
{
	Suite *s = suite_create("explain_print");
	TCase *tc = tcase_create("explain_print");

	suite_add_tcase(s, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_map_fits_and_shows_every_block);
	tcase_add_test(tc, several_blocks_show_the_worst);
	tcase_add_test(tc, colours_on_demand);
	tcase_add_test(tc, a_hostile_name_stays_a_name);
	tcase_add_test(tc, nothing_is_without_words);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(print_suite());
	int failed;

	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
