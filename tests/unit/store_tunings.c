// SPDX-License-Identifier: GPL-2.0-only
/* Curves over extfrag_threshold in the database. */
#include "store/store.h"

#include <check.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/outcomes.h"
#include "tests/unit/store_v3.h"

static char dir[64];
static char path[96];

static void setup(void)
{
	strcpy(dir, "store-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/r.db", dir);
}

static void teardown(void)
{
	unlink(path);
	ck_assert_int_eq(rmdir(dir), 0);
}

static void sql_raw(const char *sql)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s",
		      sqlite3_errmsg(db));
	sqlite3_close(db);
}

static struct store *open_ok(enum store_mode mode)
{
	struct error err;
	struct store *s = store_open(path, mode, &err);

	ck_assert_msg(s != NULL, "%s", err.text);
	return s;
}

static struct ranged range(int64_t central)
{
	return (struct ranged){central, central - 1, central + 2};
}

static void fill_row(struct tune_row *row, int32_t from, int32_t to, int64_t huge)
{
	struct outcome *o = &row->outcome;

	*row = (struct tune_row){.from = from, .to = to, .resolved = true};
	o->state_hash = 0xfedcba9876543210u + (uint64_t)from;
	strcpy(o->assumption, "some assumption");
	o->huge_wanted = 61;
	o->huge_got = (uint64_t)huge;
	o->huge_success = range(huge);
	o->pages_reclaimed = range(1000 + from);
	o->stall_ns = range(5000 + from);
	row->pages_migrated = range(70 + from);
	o->pages_migrated = (uint64_t)row->pages_migrated.central;
	o->direct_reclaims = 4;
	o->compact_stall = 5;
	o->compact_success = 2;
	o->compact_fail = 3;
}

static struct store_tuning tuning(struct tune_row *rows)
{
	struct store_run run = run_make("alpha", "kernel", "");
	struct store_tuning t = {
		.capture = run.capture,
		.curve = {.policy = "kernel",
			  .params = "compaction_proactiveness=20",
			  .era = "6.1",
			  .era_exact = true,
			  .recorded_threshold = 500,
			  .rows = rows,
			  .nr = 3,
			  .nr_scenarios = 4,
			  .cost = {.splits = 2, .rejoins = 1, .most = 3}},
		.living_milli = 1500,
		.objective = "success, then reclaimed",
		.recommended = 500,
		.verdict = "it's all the same here",
		.provenance = run.provenance,
	};

	fill_row(&rows[0], 0, 497, 17);
	fill_row(&rows[1], 498, 900, 16);
	fill_row(&rows[2], 901, 1000, 12);
	rows[2].resolved = false;
	return t;
}

static void put_ok(struct store *s, const struct store_tuning *t)
{
	struct error err;

	ck_assert_msg(!store_put_tuning(s, t, &err), "%s", err.text);
}

static struct store_tunings load_ok(struct store *s)
{
	struct store_tunings all;
	struct error err;

	ck_assert_msg(!store_load_tunings(s, &all, &err), "%s", err.text);
	return all;
}

static void check_ranged(struct ranged a, struct ranged b)
{
	ck_assert_int_eq(a.central, b.central);
	ck_assert_int_eq(a.low, b.low);
	ck_assert_int_eq(a.high, b.high);
}

static void check_row(const struct tune_row *a, const struct tune_row *b)
{
	ck_assert_int_eq(a->from, b->from);
	ck_assert_int_eq(a->to, b->to);
	ck_assert_int_eq(a->resolved, b->resolved);
	ck_assert(a->outcome.state_hash == b->outcome.state_hash);
	ck_assert_str_eq(a->outcome.assumption, b->outcome.assumption);
	ck_assert_uint_eq(a->outcome.huge_wanted, b->outcome.huge_wanted);
	ck_assert_uint_eq(a->outcome.huge_got, b->outcome.huge_got);
	check_ranged(a->outcome.huge_success, b->outcome.huge_success);
	check_ranged(a->outcome.pages_reclaimed, b->outcome.pages_reclaimed);
	check_ranged(a->outcome.stall_ns, b->outcome.stall_ns);
	check_ranged(a->pages_migrated, b->pages_migrated);
	ck_assert_uint_eq(a->outcome.direct_reclaims, 4);
	ck_assert_uint_eq(a->outcome.compact_stall, 5);
	ck_assert_uint_eq(a->outcome.compact_success, 2);
	ck_assert_uint_eq(a->outcome.compact_fail, 3);
}

START_TEST(what_is_stored_comes_back)
{
	struct tune_row rows[3];
	struct store_tuning t = tuning(rows);
	struct store *s = open_ok(STORE_WRITE);
	struct store_tunings back;

	put_ok(s, &t);
	back = load_ok(s);
	ck_assert_uint_eq(back.nr, 1);
	ck_assert_str_eq(back.v[0].capture.name, "alpha");
	ck_assert_str_eq(back.v[0].curve.capture, "alpha");
	ck_assert_str_eq(back.v[0].curve.params, t.curve.params);
	ck_assert_int_eq(back.v[0].curve.recorded_threshold, 500);
	ck_assert_uint_eq(back.v[0].curve.cost.splits, 2);
	ck_assert_uint_eq(back.v[0].curve.nr_scenarios, 4);
	ck_assert_uint_eq(back.v[0].living_milli, 1500);
	ck_assert_int_eq(back.v[0].recommended, 500);
	ck_assert_str_eq(back.v[0].verdict, t.verdict);
	ck_assert_uint_eq(back.v[0].curve.nr, 3);
	for (size_t i = 0; i < 3; i++)
		check_row(&back.v[0].curve.rows[i], &rows[i]);
	store_tunings_release(&back);
	store_close(s);
}
END_TEST

START_TEST(the_same_again_replaces_it)
{
	struct tune_row rows[3];
	struct store_tuning t = tuning(rows);
	struct store *s = open_ok(STORE_WRITE);
	struct store_tunings back;

	put_ok(s, &t);
	t.recommended = -1;
	t.curve.nr = 1;
	rows[0].to = TUNE_MAX_THRESHOLD;
	put_ok(s, &t);
	strcpy(t.curve.params, "compaction_proactiveness=0");
	put_ok(s, &t);
	back = load_ok(s);
	ck_assert_uint_eq(back.nr, 2);
	ck_assert_uint_eq(back.v[0].curve.nr, 1);
	ck_assert_int_eq(back.v[0].recommended, -1);
	store_tunings_release(&back);
	store_close(s);
}
END_TEST

START_TEST(an_old_database_has_none)
{
	struct store_tunings back;
	struct store *s;

	sql_raw(store_v3);
	s = open_ok(STORE_WRITE);
	back = load_ok(s);
	ck_assert_uint_eq(back.nr, 0);
	store_tunings_release(&back);
	store_close(s);
}
END_TEST

START_TEST(a_gap_is_refused)
{
	struct tune_row rows[3];
	struct store_tuning t = tuning(rows);
	struct store *s = open_ok(STORE_WRITE);
	struct store_tunings back;
	struct error err;

	put_ok(s, &t);
	store_close(s);
	sql_raw(_i ? "DELETE FROM tuning_rows WHERE threshold_from = 901"
		   : "UPDATE tuning_rows SET threshold_to = 400 WHERE threshold_from = 0");
	s = open_ok(STORE_READ);
	ck_assert_int_eq(store_load_tunings(s, &back, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "do not cover 0 to 1000"));
	store_close(s);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("store_tunings");
	TCase *tc = tcase_create("tunings");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_is_stored_comes_back);
	tcase_add_test(tc, the_same_again_replaces_it);
	tcase_add_test(tc, an_old_database_has_none);
	tcase_add_loop_test(tc, a_gap_is_refused, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(suite());
	int failed;

	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
