// SPDX-License-Identifier: GPL-2.0-only
#include "store/store.h"

#include <check.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/outcomes.h"
#include "tests/unit/store_v1.h"
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

static struct store *open_ok(enum store_mode mode)
{
	struct error err;
	struct store *s = store_open(path, mode, &err);

	ck_assert_msg(s != NULL, "%s", err.text);
	return s;
}

static void put_ok(struct store *s, const struct store_run *run)
{
	struct error err;

	ck_assert_msg(!store_put(s, run, &err), "%s", err.text);
}

static struct store_runs load_ok(struct store *s)
{
	struct store_runs runs;
	struct error err;

	ck_assert_msg(!store_load(s, &runs, &err), "%s", err.text);
	return runs;
}

/* Runs @sql on the file past the store's back. */
static void sql_raw(const char *sql)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s",
		      sqlite3_errmsg(db));
	sqlite3_close(db);
}

static int64_t count_raw(const char *sql)
{
	sqlite3_stmt *st;
	sqlite3 *db;
	int64_t n;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return n;
}

/* Every scalar gets a value of its own, so that two mixed-up columns cannot go unseen. */
static struct store_run full_run(void)
{
	static struct index_sample samples[2];
	static struct block_map_moment moments[] = {{11, 12, 13}, {14, 15, 16}};
	static struct block_map_scan scan = {1, 1, 0, 1, 2, 2};
	static uint8_t data[] = {0, 1, 2, 0, 3};
	static struct probe_sample probes[] = {{5, 1, 2, 3}, {6, 4, 5, 6}};
	struct store_run run =
		run_make("alpha", "threshold", "extfrag_threshold=500,max_retries=16");
	struct outcome *o = &run.outcome;

	for (size_t i = 0; i < store_nr_figures; i++) {
		char *field = (char *)o + store_figures[i].offset;
		struct ranged r = {100 + (int64_t)i, 50 + (int64_t)i, 200 + (int64_t)i};

		memcpy(field, &r, store_figures[i].ranged ? sizeof(r) : sizeof(uint64_t));
	}
	o->orders[0] = (struct order_outcome){10, 9, 8, 1};
	o->orders[10] = (struct order_outcome){4, 3, 1, 2};
	o->state_hash = 0xfedcba9876543210;
	o->approximate_lru = true;
	o->events_per_second = 1.5e6;
	o->nr_zones = 2;
	strcpy(o->zones[0].name, "DMA");
	strcpy(o->zones[1].name, "DMA32");
	o->zones[1].node = 1;
	for (int i = 0; i < OUTCOME_NR_ORDERS; i++) {
		samples[0].nr_free[i] = (uint32_t)i;
		samples[1].fragindex[i] = (int16_t)(-1000 + i);
		samples[1].unusable[i] = (int16_t)(1000 - i);
	}
	samples[1].time = 5000000000;
	samples[1].zone = 1;
	o->samples = samples;
	o->nr_samples = 2;
	o->probes = probes;
	o->nr_probes = 2;
	o->map = (struct block_map){
		.base_pfn = 512,
		.nr_blocks = 3,
		.nr_zones = 2,
		.zones = {{0, 1}, {1, 2}},
		.nr_moments = 2,
		.moments = moments,
		.nr_scans = 1,
		.scans = &scan,
		.data = data,
		.len = sizeof(data),
	};
	strcpy(o->assumption, "lifetimes");
	strcpy(run.injections, "5ns:compact_memory");
	run.scenarios = true;
	run.cut_percent = 50;
	run.from = 7;
	run.to = 9;
	run.provenance.finished = 1234567890;
	return run;
}

START_TEST(what_goes_in_comes_out)
{
	struct store_run run = full_run();
	struct store *s = open_ok(STORE_WRITE);
	struct store_runs back;
	const struct outcome *o;

	put_ok(s, &run);
	store_close(s);
	s = open_ok(STORE_READ);
	back = load_ok(s);
	ck_assert_uint_eq(back.nr, 1);
	o = &back.v[0].outcome;
	for (size_t i = 0; i < store_nr_figures; i++) {
		struct ranged a = figure_get(&store_figures[i], &run.outcome);
		struct ranged b = figure_get(&store_figures[i], o);

		ck_assert_msg(!memcmp(&a, &b, sizeof(a)), "%s", store_figures[i].name);
	}
	ck_assert(!memcmp(o->orders, run.outcome.orders, sizeof(o->orders)));
	ck_assert_str_eq(o->policy, "threshold");
	ck_assert_str_eq(o->params, "extfrag_threshold=500,max_retries=16");
	ck_assert_str_eq(o->era, "6.1");
	ck_assert_uint_eq(o->state_hash, run.outcome.state_hash);
	ck_assert(o->approximate_lru && o->era_exact);
	ck_assert_uint_eq(o->pageblock_order, 9);
	ck_assert_double_eq(o->events_per_second, 1.5e6);
	ck_assert_str_eq(o->assumption, "lifetimes");
	ck_assert_str_eq(back.v[0].injections, "5ns:compact_memory");
	ck_assert(back.v[0].scenarios);
	ck_assert_uint_eq(back.v[0].cut_percent, 50);
	ck_assert_uint_eq(back.v[0].from, 7);
	ck_assert_uint_eq(back.v[0].to, 9);
	ck_assert_double_eq(back.v[0].capture.fidelity, 100);
	ck_assert_str_eq(back.v[0].capture.release, "6.1.0-41-cloud-amd64");
	ck_assert_int_eq(back.v[0].provenance.finished, 1234567890);
	ck_assert_str_eq(back.v[0].provenance.command, "zonereplay run alpha -p threshold");
	store_runs_release(&back);
	store_close(s);
}
END_TEST

START_TEST(samples_come_back)
{
	struct store_run run = full_run();
	struct store *s = open_ok(STORE_WRITE);
	struct store_runs back;
	struct outcome *o;
	struct error err;

	put_ok(s, &run);
	back = load_ok(s);
	o = &back.v[0].outcome;
	ck_assert_uint_eq(o->nr_samples, 0);
	ck_assert_int_eq(store_load_samples(s, &back.v[0], &err), 0);
	ck_assert_uint_eq(o->nr_zones, 2);
	ck_assert_str_eq(o->zones[1].name, "DMA32");
	ck_assert_int_eq(o->zones[1].node, 1);
	ck_assert_uint_eq(o->nr_samples, 2);
	ck_assert(!memcmp(o->samples, run.outcome.samples, 2 * sizeof(*o->samples)));
	ck_assert_uint_eq(o->nr_probes, 2);
	ck_assert(!memcmp(o->probes, run.outcome.probes, 2 * sizeof(*o->probes)));
	ck_assert_uint_eq(o->map.base_pfn, 512);
	ck_assert_uint_eq(o->map.nr_blocks, 3);
	ck_assert_uint_eq(o->map.nr_zones, 2);
	ck_assert(!memcmp(o->map.zones, run.outcome.map.zones, sizeof(o->map.zones)));
	ck_assert_uint_eq(o->map.nr_moments, 2);
	ck_assert(!memcmp(o->map.moments, run.outcome.map.moments, 2 * sizeof(*o->map.moments)));
	ck_assert_uint_eq(o->map.nr_scans, 1);
	ck_assert(!memcmp(o->map.scans, run.outcome.map.scans, sizeof(*o->map.scans)));
	ck_assert_uint_eq(o->map.len, 5);
	ck_assert(!memcmp(o->map.data, "\0\1\2\0\3", 5));
	store_runs_release(&back);
	store_close(s);
}
END_TEST

START_TEST(a_map_that_makes_no_sense_is_refused)
{
	static const char *const changes[] = {
		"UPDATE block_map_zones SET last_block = 3",
		"UPDATE block_map_zones SET first_block = 2, last_block = 1",
		"UPDATE block_map_zones SET zone = 7 WHERE zone = 1",
		"UPDATE block_map_moments SET moment = 2 WHERE moment = 1",
		"UPDATE block_map_scans SET zone = 2",
		"UPDATE block_map_scans SET moment = -1",
		"UPDATE block_maps SET blocks = 0",
		"UPDATE block_maps SET moments = 1000000000",
		"UPDATE block_maps SET data = x''",
	};

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		struct store_run run = full_run();
		struct store *s = open_ok(STORE_WRITE);
		struct store_runs back;
		struct error err;

		put_ok(s, &run);
		sql_raw(changes[i]);
		back = load_ok(s);
		ck_assert_msg(store_load_samples(s, &back.v[0], &err) == -1, "%s", changes[i]);
		ck_assert_msg(strstr(err.text, "makes no sense"), "%s: %s", changes[i], err.text);
		store_runs_release(&back);
		store_close(s);
	}
}
END_TEST

START_TEST(the_same_run_replaces_its_row)
{
	struct store_run run = full_run();
	struct store_run other =
		run_make("alpha", "threshold", "extfrag_threshold=501,max_retries=16");
	struct store *s = open_ok(STORE_WRITE);
	struct store_runs back;

	put_ok(s, &run);
	put_ok(s, &other);
	run.outcome.huge_got = 77;
	run.outcome.nr_samples = 1;
	run.outcome.orders[10].attempts = 0;
	run.capture.fidelity = -1;
	put_ok(s, &run);
	back = load_ok(s);
	ck_assert_uint_eq(back.nr, 2);
	ck_assert_uint_eq(back.v[0].outcome.huge_got, 77);
	ck_assert_uint_eq(back.v[0].outcome.orders[10].attempts, 0);
	/* A run that does not know what verify found leaves it alone. */
	ck_assert_double_eq(back.v[0].capture.fidelity, 100);
	ck_assert_str_eq(back.v[1].outcome.params, other.outcome.params);
	store_runs_release(&back);
	store_close(s);
	ck_assert_int_eq(count_raw("SELECT count(*) FROM samples"), 1 * OUTCOME_NR_ORDERS);
	ck_assert_int_eq(count_raw("SELECT count(*) FROM captures"), 1);
	ck_assert_int_eq(count_raw("SELECT count(*) FROM provenance"), 2);
}
END_TEST

START_TEST(each_part_of_the_key_makes_a_row)
{
	struct store_run run = run_make("alpha", "none", "");
	struct store *s = open_ok(STORE_WRITE);

	put_ok(s, &run);
	run.to = 1;
	put_ok(s, &run);
	run.from = 1;
	put_ok(s, &run);
	strcpy(run.outcome.era, "6.12");
	put_ok(s, &run);
	strcpy(run.outcome.policy, "reclaim");
	put_ok(s, &run);
	strcpy(run.injections, "5ns:compact_memory");
	put_ok(s, &run);
	run.cut_percent = 50;
	put_ok(s, &run);
	strcpy(run.capture.id, "b");
	put_ok(s, &run);
	store_close(s);
	ck_assert_int_eq(count_raw("SELECT count(*) FROM runs"), 8);
}
END_TEST

START_TEST(parameters_are_rows)
{
	struct store_run run = full_run();
	struct store *s = open_ok(STORE_WRITE);

	put_ok(s, &run);
	store_close(s);
	ck_assert_int_eq(count_raw("SELECT count(*) FROM params"), 2);
	ck_assert_int_eq(count_raw("SELECT value FROM params WHERE key = 'extfrag_threshold'"),
			 500);
	ck_assert_int_eq(count_raw("SELECT value FROM params WHERE key = 'max_retries'"), 16);
}
END_TEST

START_TEST(a_failed_run_leaves_nothing)
{
	struct store_run run = full_run();
	struct store *s = open_ok(STORE_WRITE);
	struct error err;

	put_ok(s, &run);
	/* The last of the tables refuses: everything that was written before it must go. */
	sql_raw("CREATE TRIGGER no BEFORE INSERT ON provenance BEGIN SELECT raise(ABORT, 'no "
		"room'); END");
	strcpy(run.outcome.policy, "compaction");
	ck_assert_int_eq(store_put(s, &run, &err), -1);
	ck_assert_msg(strstr(err.text, path) && strstr(err.text, "no room"), "%s", err.text);
	store_close(s);
	ck_assert_int_eq(count_raw("SELECT count(*) FROM runs"), 1);
	ck_assert_int_eq(count_raw("SELECT count(DISTINCT run) FROM samples"), 1);
}
END_TEST

START_TEST(nothing_stored_no_file)
{
	store_close(open_ok(STORE_WRITE));
	ck_assert(access(path, F_OK) != 0);
}
END_TEST

static void refused(enum store_mode mode, const char *word)
{
	struct error err = {""};

	ck_assert_ptr_null(store_open(path, mode, &err));
	ck_assert_msg(strstr(err.text, path) != NULL, "%s", err.text);
	ck_assert_msg(strstr(err.text, word) != NULL, "%s", err.text);
}

START_TEST(refuses_what_is_not_a_database)
{
	struct error err;
	char *text;
	size_t len;

	ck_assert_int_eq(file_write(path, "capture,policy\n", 15, &err), 0);
	refused(STORE_WRITE, "not an SQLite database");
	refused(STORE_READ, "not an SQLite database");
	text = file_read(path, 100, &len, &err);
	ck_assert_str_eq(text, "capture,policy\n");
	free(text);
}
END_TEST

START_TEST(refuses_foreign_databases)
{
	sql_raw("CREATE TABLE places (url TEXT)");
	refused(STORE_WRITE, "some other program");
	refused(STORE_READ, "some other program");
	ck_assert_int_eq(count_raw("SELECT count(*) FROM sqlite_master"), 1);
}
END_TEST

START_TEST(refuses_newer_databases)
{
	struct store_run run = full_run();
	struct store *s = open_ok(STORE_WRITE);

	put_ok(s, &run);
	store_close(s);
	sql_raw("PRAGMA user_version = 999");
	refused(STORE_WRITE, "newer");
	refused(STORE_READ, "newer");
}
END_TEST

START_TEST(refuses_missing_and_odd_files)
{
	refused(STORE_READ, "No such file");
	ck_assert_int_eq(mkdir(path, 0700), 0);
	refused(STORE_READ, "directory");
	refused(STORE_WRITE, "directory");
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	refused(STORE_WRITE, "not a regular file");
}
END_TEST

START_TEST(refuses_an_empty_file_for_reading)
{
	struct error err;

	ck_assert_int_eq(file_write(path, "", 0, &err), 0);
	refused(STORE_READ, "no results");
}
END_TEST

START_TEST(refuses_an_unwritable_place)
{
	struct error err;

	ck_assert_ptr_null(store_open("/proc/zonereplay.db", STORE_WRITE, &err));
	ck_assert_msg(strstr(err.text, "/proc/zonereplay.db") && strstr(err.text, "-d"), "%s",
		      err.text);
	ck_assert_ptr_null(store_open("no/such/directory/r.db", STORE_WRITE, &err));
	ck_assert_msg(strstr(err.text, "no/such/directory/r.db") && strstr(err.text, "-d"), "%s",
		      err.text);
}
END_TEST

START_TEST(refuses_a_locked_database)
{
	struct store_run run = full_run();
	struct store *s = open_ok(STORE_WRITE);
	sqlite3 *other;

	put_ok(s, &run);
	store_close(s);
	ck_assert_int_eq(sqlite3_open(path, &other), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	refused(STORE_WRITE, "another process");
	sqlite3_close(other);
	store_close(open_ok(STORE_WRITE));
}
END_TEST

static void check_v1(enum store_mode mode)
{
	struct store *s = open_ok(mode);
	struct store_runs back = load_ok(s);
	const struct outcome *o = &back.v[0].outcome;
	struct error err;

	ck_assert_uint_eq(back.nr, 1);
	ck_assert_int_eq(back.v[0].id, 7);
	ck_assert_str_eq(back.v[0].capture.name, "alpha");
	ck_assert_double_eq(back.v[0].capture.fidelity, 99.5);
	ck_assert_uint_eq(o->huge_got, 45);
	ck_assert_int_eq(o->pages_reclaimed.high, 1100);
	ck_assert_uint_eq(o->double_allocs, 17);
	ck_assert_uint_eq(o->orders[9].slow, 23);
	ck_assert_str_eq(back.v[0].injections, "");
	ck_assert_msg(!store_load_samples(s, &back.v[0], &err), "%s", err.text);
	ck_assert_uint_eq(o->nr_samples, 1);
	ck_assert_int_eq(o->samples[0].fragindex[9], 937);
	store_runs_release(&back);
	store_close(s);
}

START_TEST(old_databases_are_read_and_left_alone)
{
	sql_raw(store_v1);
	check_v1(STORE_READ);
	ck_assert_int_eq(count_raw("PRAGMA user_version"), 1);
}
END_TEST

START_TEST(old_databases_are_migrated_for_writing)
{
	struct store_run run = full_run();
	struct store *s;

	sql_raw(store_v1);
	check_v1(STORE_WRITE);
	ck_assert_int_eq(count_raw("PRAGMA user_version"), STORE_SCHEMA_VERSION);
	s = open_ok(STORE_WRITE);
	put_ok(s, &run);
	store_close(s);
	ck_assert_int_eq(count_raw("SELECT count(*) FROM runs"), 2);
	ck_assert_int_eq(count_raw("SELECT count(*) FROM pragma_foreign_key_check"), 0);
}
END_TEST

START_TEST(version_3_gets_the_tables_of_failures)
{
	struct store_failures none;
	struct store_runs back;
	struct store *s;
	struct error err;

	sql_raw(store_v3);
	s = open_ok(STORE_WRITE);
	back = load_ok(s);
	ck_assert_uint_eq(back.nr, 1);
	ck_assert_uint_eq(back.v[0].outcome.huge_possible, 37);
	ck_assert_uint_eq(back.v[0].outcome.huge_got, 12);
	ck_assert_msg(!store_load_failures(s, &back.v[0], &none, &err), "%s", err.text);
	ck_assert_uint_eq(none.nr_failures + none.nr_polluters, 0);
	store_runs_release(&back);
	store_close(s);
	ck_assert_int_eq(count_raw("PRAGMA user_version"), STORE_SCHEMA_VERSION);
}
END_TEST

static struct store_failures two_failures(void)
{
	static char json[] = "{\"why\": \"'; DROP TABLE runs; --\"}";
	static struct store_failure f[2] = {
		{.number = 12,
		 .time = 77,
		 .order = 9,
		 .pid = 4,
		 .comm = "eve\"'",
		 .verdict = "fragmented",
		 .explanation = json},
		{.number = 12,
		 .extra = 3,
		 .time = 78,
		 .order = 9,
		 .pid = 4,
		 .comm = "eve",
		 .verdict = "watermark",
		 .explanation = json},
	};
	static struct store_polluter p[1] = {{.kind = "slab",
					      .comm = "ls",
					      .blocks_milli = 1500,
					      .alone_milli = 250,
					      .pages_milli = 9000}};

	return (struct store_failures){
		.failures = f, .nr_failures = 2, .polluters = p, .nr_polluters = 1};
}

static void check_failures(struct store *s, const struct store_run *run, size_t nr)
{
	struct store_failures back;
	struct error err;

	ck_assert_msg(!store_load_failures(s, run, &back, &err), "%s", err.text);
	ck_assert_uint_eq(back.nr_failures, nr);
	ck_assert_uint_eq(back.failures[nr - 1].extra, nr == 2 ? 3 : 0);
	ck_assert_uint_eq(back.failures[0].time, 77);
	ck_assert_uint_eq(back.failures[0].order, 9);
	ck_assert_str_eq(back.failures[0].comm, "eve\"'");
	ck_assert_str_eq(back.failures[0].verdict, "fragmented");
	ck_assert_ptr_nonnull(strstr(back.failures[0].explanation, "DROP TABLE"));
	ck_assert_uint_eq(back.nr_polluters, 1);
	ck_assert_str_eq(back.polluters[0].kind, "slab");
	ck_assert_uint_eq(back.polluters[0].blocks_milli, 1500);
	ck_assert_uint_eq(back.polluters[0].alone_milli, 250);
	ck_assert_uint_eq(back.polluters[0].pages_milli, 9000);
	store_failures_release(&back);
}

START_TEST(failures_hang_on_their_run)
{
	struct store_failures f = two_failures();
	struct store_run run = full_run();
	struct store *s = open_ok(STORE_WRITE);
	struct store_runs back;
	struct error err;

	ck_assert_int_eq(store_put_failures(s, &run, &f, &err), -1); /* not stored yet */
	put_ok(s, &run);
	ck_assert_msg(!store_put_failures(s, &run, &f, &err), "%s", err.text);
	back = load_ok(s);
	check_failures(s, &back.v[0], 2);
	f.nr_failures = 1; /* put again: replaced */
	ck_assert_msg(!store_put_failures(s, &run, &f, &err), "%s", err.text);
	check_failures(s, &back.v[0], 1);
	store_runs_release(&back);
	put_ok(s, &run); /* the run computed anew: its explanations are of yesterday */
	store_close(s);
	ck_assert_int_eq(count_raw("SELECT count(*) FROM failures"), 0);
	ck_assert_int_eq(count_raw("SELECT count(*) FROM polluters"), 0);
}
END_TEST

START_TEST(every_column_has_a_figure)
{
	struct store_run run = full_run();
	struct store *s = open_ok(STORE_WRITE);
	int64_t ranged = 0;

	put_ok(s, &run);
	store_close(s);
	for (size_t i = 0; i < store_nr_figures; i++)
		ranged += store_figures[i].ranged;
	/* run, eight columns of the key, seven plain ones, and the figures. */
	ck_assert_int_eq(count_raw("SELECT count(*) FROM pragma_table_info('runs')"),
			 1 + 8 + 7 + (int64_t)store_nr_figures + 2 * ranged);
}
END_TEST

static Suite *store_suite(void)
{
	Suite *s = suite_create("store");
	TCase *tc = tcase_create("store");

	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, what_goes_in_comes_out);
	tcase_add_test(tc, samples_come_back);
	tcase_add_test(tc, a_map_that_makes_no_sense_is_refused);
	tcase_add_test(tc, the_same_run_replaces_its_row);
	tcase_add_test(tc, each_part_of_the_key_makes_a_row);
	tcase_add_test(tc, parameters_are_rows);
	tcase_add_test(tc, a_failed_run_leaves_nothing);
	tcase_add_test(tc, nothing_stored_no_file);
	tcase_add_test(tc, refuses_what_is_not_a_database);
	tcase_add_test(tc, refuses_foreign_databases);
	tcase_add_test(tc, refuses_newer_databases);
	tcase_add_test(tc, refuses_missing_and_odd_files);
	tcase_add_test(tc, refuses_an_empty_file_for_reading);
	tcase_add_test(tc, refuses_an_unwritable_place);
	tcase_add_test(tc, refuses_a_locked_database);
	tcase_add_test(tc, old_databases_are_read_and_left_alone);
	tcase_add_test(tc, old_databases_are_migrated_for_writing);
	tcase_add_test(tc, version_3_gets_the_tables_of_failures);
	tcase_add_test(tc, failures_hang_on_their_run);
	tcase_add_test(tc, every_column_has_a_figure);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(store_suite());
	int failed;

	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
