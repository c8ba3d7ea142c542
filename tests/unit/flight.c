// SPDX-License-Identifier: GPL-2.0-only
/* The flight recorder chooses a state whose markers and later events are still in the ring. */
#include "capture/flight.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECOND 1000000000ull

static struct tracefs_dir tracefs;
static struct flight f;

static void put(const char *name, const char *text)
{
	char *path = path_join(tracefs.path, name);
	struct error err;

	ck_assert_msg(!file_write(path, text, strlen(text), &err), "%s", err.text);
	free(path);
}

static void make_dir(const char *name)
{
	char *path = path_join(tracefs.path, name);

	ck_assert_int_eq(mkdir(path, 0700), 0);
	free(path);
}

/* What the kernel says of a CPU's ring; @overrun events have gone. */
static void put_ring(int cpu, unsigned int overrun, const char *oldest)
{
	char name[64], text[256];

	snprintf(name, sizeof(name), "per_cpu/cpu%d/stats", cpu);
	snprintf(text, sizeof(text),
		 "entries: 100\noverrun: %u\ncommit overrun: 0\nbytes: 4000\noldest event ts: %s\n"
		 "now ts: 90.000000\ndropped events: 0\nread events: 0\n",
		 overrun, oldest);
	put(name, text);
}

static void setup(void)
{
	memset(&f, 0, sizeof(f));
	memset(&tracefs, 0, sizeof(tracefs));
	snprintf(tracefs.path, sizeof(tracefs.path), "%s/zr-flight-XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(tracefs.path));
	make_dir("per_cpu");
	make_dir("per_cpu/cpu0");
	make_dir("per_cpu/cpu1");
	put("tracing_on", "1\n");
	put_ring(0, 0, "1.000000");
	put_ring(1, 0, "1.000000");
	f.tracefs = &tracefs;
}

static void teardown(void)
{
	static const char *const names[] = {
		"tracing_on",	"per_cpu/cpu0/stats", "per_cpu/cpu1/stats",
		"per_cpu/cpu0", "per_cpu/cpu1",	      "per_cpu",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *path = path_join(tracefs.path, names[i]);

		remove(path);
		free(path);
	}
	rmdir(tracefs.path);
}

static void add_state(uint64_t time, enum snap_level level)
{
	f.states[f.nr].time = time;
	f.states[f.nr].id = 101 + f.nr;
	f.states[f.nr++].snap.level = level;
}

static uint64_t best(uint32_t cpus)
{
	struct flight_state *s = flight_best(&f, cpus);

	return s ? s->id : 0;
}

/* Expect the oldest exact state that every CPU's ring still reaches back to. */
START_TEST(oldest_that_is_whole)
{
	add_state(20 * SECOND, SNAP_EXACT);
	add_state(30 * SECOND, SNAP_NONE);
	add_state(40 * SECOND, SNAP_EXACT);
	ck_assert_uint_eq(best(2), 101);
	put_ring(0, 7, "19.999999");
	ck_assert_uint_eq(best(2), 101);
	put_ring(1, 7, "20.000001");
	ck_assert_uint_eq(best(1), 101);
	ck_assert_uint_eq(best(2), 103);
	put_ring(1, 7, "40.000000");
	ck_assert_uint_eq(best(2), 0);
}
END_TEST

/* The markers are written while the state is read, which takes long on a busy machine: expect it to
 * count from its beginning. */
START_TEST(counts_from_its_beginning)
{
	flight_step(&f, 5 * SECOND);
	ck_assert_uint_eq(f.nr, 1);
	ck_assert_uint_eq(f.states[0].time, 5 * SECOND);
	ck_assert_int_eq(f.states[0].snap.level, SNAP_NONE);
	ck_assert_uint_gt(f.next_time, f.states[0].time);
}
END_TEST

START_TEST(ended)
{
	ck_assert(!flight_ended(&f));
	put("tracing_on", "0\n");
	ck_assert(flight_ended(&f));
}
END_TEST

static Suite *flight_suite(void)
{
	Suite *s = suite_create("flight");
	TCase *tc = tcase_create("flight");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, oldest_that_is_whole);
	tcase_add_test(tc, counts_from_its_beginning);
	tcase_add_test(tc, ended);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(flight_suite());
	int failed;

	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
