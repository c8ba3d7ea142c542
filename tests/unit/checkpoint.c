// SPDX-License-Identifier: GPL-2.0-only
#include "capture/checkpoint.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct checkpoints all;

static void setup(void)
{
	checkpoints_init(&all);
}

static void teardown(void)
{
	checkpoints_release(&all);
}

static void add(uint64_t index, const char *text)
{
	checkpoints_add(&all, index, text, strlen(text));
}

/* A piece as the writer makes it; the hash is that of the whole text. */
static void add_piece(uint64_t id, int sequence, int number, const char *file, const char *piece,
		      const char *whole)
{
	char text[512];

	snprintf(text, sizeof(text), "zonereplay checkpoint data %llu %d/%d %s %016llx\n%s.",
		 (unsigned long long)id, sequence, number, file,
		 (unsigned long long)hash_bytes(whole, strlen(whole), 0), piece);
	add(99, text);
}

START_TEST(test_texts_come_back)
{
	add(10, "zonereplay checkpoint begin 0");
	add(13, "zonereplay checkpoint end 0");
	add_piece(0, 0, 1, "buddyinfo", "Node 0\n", "Node 0\n");
	add_piece(0, 0, 2, "pagetypeinfo", "first\n\n", "first\n\nsecond\n");
	add_piece(0, 1, 2, "pagetypeinfo", "second\n", "first\n\nsecond\n");
	add(20, "zonereplay checkpoint begin 1");
	add(20, "zonereplay intent want=4");
	add(22, "zonereplay checkpoint end 1");
	add_piece(1, 0, 1, "buddyinfo", "Node 0 again\n", "Node 0 again\n");
	checkpoints_finish(&all);
	ck_assert_uint_eq(all.nr, 2);
	ck_assert_uint_eq(all.damaged, 0);
	ck_assert_uint_eq(all.list[0].begin, 10);
	ck_assert_uint_eq(all.list[0].end, 13);
	ck_assert_str_eq(all.list[0].text[0], "Node 0\n");
	ck_assert_str_eq(all.list[0].text[1], "first\n\nsecond\n");
	ck_assert_str_eq(all.list[1].text[0], "Node 0 again\n");
	ck_assert_ptr_null(all.list[1].text[1]);
}
END_TEST

START_TEST(test_a_lost_piece_spoils_its_text_only)
{
	add(10, "zonereplay checkpoint begin 7");
	add_piece(7, 0, 3, "buddyinfo", "a", "abc");
	add_piece(7, 2, 3, "buddyinfo", "c", "abc");
	add_piece(7, 0, 1, "pagetypeinfo", "whole", "whole");
	checkpoints_finish(&all);
	ck_assert_ptr_null(all.list[0].text[0]);
	ck_assert_str_eq(all.list[0].text[1], "whole");
	ck_assert_uint_ge(all.damaged, 1);
	ck_assert_uint_eq(all.list[0].end, UINT64_MAX); /* its end marker was lost, too */
}
END_TEST

START_TEST(test_a_wrong_hash_is_noticed)
{
	add(10, "zonereplay checkpoint begin 0");
	add_piece(0, 0, 1, "buddyinfo", "changed", "as it was");
	checkpoints_finish(&all);
	ck_assert_ptr_null(all.list[0].text[0]);
	ck_assert_uint_eq(all.damaged, 1);
}
END_TEST

/* Anybody can write to trace_marker. */
START_TEST(test_nonsense_is_ignored)
{
	add(1, "zonereplay checkpoint ");
	add(1, "zonereplay checkpoint data");
	add(1, "zonereplay checkpoint data 1 0/1 buddyinfo 12");
	add(1, "zonereplay checkpoint data 1 5/2 buddyinfo 12\nx.");
	add(1, "zonereplay checkpoint data 1 0/1 elsewhere 12\nx.");
	add(1, "zonereplay checkpoint end 3");
	add_piece(9, 0, 1, "buddyinfo", "without begin", "without begin");
	checkpoints_finish(&all);
	ck_assert_uint_eq(all.nr, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("checkpoint");
	TCase *tc = tcase_create("read");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_texts_come_back);
	tcase_add_test(tc, test_a_lost_piece_spoils_its_text_only);
	tcase_add_test(tc, test_a_wrong_hash_is_noticed);
	tcase_add_test(tc, test_nonsense_is_ignored);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
