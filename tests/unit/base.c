// SPDX-License-Identifier: GPL-2.0-only
#include "base/base.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- errors ---- */

START_TEST(error_text)
{
	struct error err;

	ck_assert_int_eq(error_set(&err, "%s: line %d", "x.csv", 7), -1);
	ck_assert_str_eq(err.text, "x.csv: line 7");
	ck_assert_int_eq(error_prefix(&err, "%s", "import"), -1);
	ck_assert_str_eq(err.text, "import: x.csv: line 7");
	ck_assert_int_eq(error_set(&err, "again: %s", err.text), -1);
	ck_assert_str_eq(err.text, "again: import: x.csv: line 7");
	ck_assert_int_eq(error_set(NULL, "nobody listens"), -1);
	ck_assert_int_eq(error_prefix(NULL, "nobody listens"), -1);
}
END_TEST

START_TEST(error_too_long_is_marked)
{
	char big[2000];
	struct error err;

	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	error_set(&err, "%s", big);
	ck_assert_uint_eq(strlen(err.text), sizeof(err.text) - 1);
	ck_assert_int_eq(err.text[sizeof(err.text) - 2], '+');
	error_set(&err, "%.500s", big);
	error_prefix(&err, "a prefix that no longer fits");
	ck_assert_int_eq(err.text[sizeof(err.text) - 2], '+');
}
END_TEST

/* ---- strings ---- */

START_TEST(strbuf_grows)
{
	struct strbuf sb;
	char *s;

	strbuf_init(&sb);
	ck_assert_str_eq(sb.s, "");
	for (int i = 0; i < 1000; i++)
		strbuf_printf(&sb, "%03d", i);
	ck_assert_uint_eq(sb.len, 3000);
	ck_assert_uint_eq(strlen(sb.s), 3000);
	ck_assert_str_eq(sb.s + 2997, "999");
	strbuf_clear(&sb);
	ck_assert_str_eq(sb.s, "");
	strbuf_add(&sb, "a\0b", 3);
	ck_assert_uint_eq(sb.len, 3);
	s = strbuf_detach(&sb);
	ck_assert_mem_eq(s, "a\0b", 4);
	free(s);
	ck_assert_str_eq(sb.s, "");
	s = strbuf_detach(&sb); /* an empty one may be freed as well */
	ck_assert_str_eq(s, "");
	free(s);
	strbuf_release(&sb);
}
END_TEST

#define BAD "\xef\xbf\xbd"

static const struct json_case {
	const char *in, *out;
} json_cases[] = {
	{"plain", "plain"},
	{"a\"b\\c", "a\\\"b\\\\c"},
	{"\b\f\n\r\t", "\\b\\f\\n\\r\\t"},
	{"\x01\x1f\x7f", "\\u0001\\u001f\\u007f"},
	{"h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
	{"\xff", BAD},
	{"\x80x", BAD "x"},		       /* a continuation alone */
	{"\xc3", BAD},			       /* cut at the end of the text */
	{"\xe2\x82", BAD BAD},		       /* same, three bytes wanted */
	{"\xc0\xaf", BAD BAD},		       /* overlong '/' */
	{"\xe0\x80\xaf", BAD BAD BAD},	       /* the same with three bytes */
	{"\xed\xa0\x80", BAD BAD BAD},	       /* a surrogate */
	{"\xf4\x90\x80\x80", BAD BAD BAD BAD}, /* above U+10FFFF */
};

START_TEST(strbuf_json_escapes)
{
	const struct json_case *c = &json_cases[_i];
	struct strbuf sb;

	strbuf_init(&sb);
	strbuf_json(&sb, c->in);
	ck_assert_str_eq(sb.s, c->out);
	strbuf_release(&sb);
}
END_TEST

START_TEST(json_writer)
{
	struct strbuf sb;
	struct json j;

	strbuf_init(&sb);
	json_init(&j, &sb);
	json_object(&j, NULL);
	json_string(&j, "na\"me", "x\n");
	json_array(&j, "list");
	json_i64(&j, NULL, INT64_MIN);
	json_u64(&j, NULL, UINT64_MAX);
	json_object(&j, NULL);
	json_end(&j);
	json_end(&j);
	json_bool(&j, "yes", true);
	json_double(&j, "half", 0.5);
	json_double(&j, "none", 0.0 / 0.0);
	json_string(&j, "nothing", NULL);
	json_end(&j);
	ck_assert_str_eq(sb.s, "{\n"
			       "  \"na\\\"me\": \"x\\n\",\n"
			       "  \"list\": [\n"
			       "    -9223372036854775808,\n"
			       "    18446744073709551615,\n"
			       "    {}\n"
			       "  ],\n"
			       "  \"yes\": true,\n"
			       "  \"half\": 0.5,\n"
			       "  \"none\": null,\n"
			       "  \"nothing\": null\n"
			       "}\n");
	strbuf_release(&sb);
}
END_TEST

/* ---- files: each test has a directory of its own ---- */

static char *dir;

static void dir_setup(void)
{
	dir = strdup("zonereplay-base-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void dir_teardown(void)
{
	struct strbuf sb;

	strbuf_init(&sb);
	strbuf_printf(&sb, "rm -rf '%s'", dir);
	ck_assert_int_eq(system(sb.s), 0);
	strbuf_release(&sb);
	free(dir);
}

static int count_files(void)
{
	struct strbuf sb;
	int n;
	FILE *p;

	strbuf_init(&sb);
	strbuf_printf(&sb, "ls -A '%s' | wc -l", dir);
	p = popen(sb.s, "r");
	ck_assert_int_eq(fscanf(p, "%d", &n), 1);
	pclose(p);
	strbuf_release(&sb);
	return n;
}

START_TEST(file_write_then_read)
{
	char *path = path_join(dir, "x");
	struct error err;
	size_t len;
	char *text;

	ck_assert(!path_exists(path));
	ck_assert_int_eq(file_write(path, "one\0two", 7, &err), 0);
	ck_assert_int_eq(file_write(path, "a longer text", 13, &err), 0);
	text = file_read(path, 13, &len, &err);
	ck_assert_ptr_nonnull(text);
	ck_assert_uint_eq(len, 13);
	ck_assert_str_eq(text, "a longer text");
	free(text);
	ck_assert_ptr_null(file_read(path, 12, &len, &err));
	ck_assert_ptr_nonnull(strstr(err.text, path));
	ck_assert_int_eq(count_files(), 1);
	free(path);
}
END_TEST

/* What cannot be put in place leaves no trace and does no harm to what is there. */
START_TEST(file_write_all_or_nothing)
{
	char *sub = path_join(dir, "sub");
	struct error err;

	ck_assert_int_eq(dir_make(sub, &err), 0);
	ck_assert_int_eq(file_write(sub, "x", 1, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, sub));
	ck_assert_int_eq(count_files(), 1);
	free(sub);
	sub = path_join(dir, "none/x");
	ck_assert_int_eq(file_write(sub, "x", 1, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "No such file"));
	ck_assert_int_eq(count_files(), 1);
	free(sub);
}
END_TEST

/* A reader that opened the old file goes on reading the old text: the name moved, the file did not
 * change. */
START_TEST(file_write_replaces_by_rename)
{
	char *path = path_join(dir, "x"), *link_path = path_join(dir, "link");
	struct error err;
	char old[4] = "";
	struct stat st;
	FILE *f;

	ck_assert_int_eq(file_write(path, "old", 3, &err), 0);
	ck_assert_int_eq(symlink("x", link_path), 0);
	f = fopen(path, "r");
	ck_assert_int_eq(file_write(link_path, "new", 3, &err), 0);
	ck_assert_uint_eq(fread(old, 1, 3, f), 3);
	ck_assert_str_eq(old, "old");
	fclose(f);
	ck_assert_int_eq(lstat(link_path, &st), 0);
	ck_assert(S_ISLNK(st.st_mode));
	ck_assert_int_eq(file_write("/dev/null", "x", 1, &err), 0);
	ck_assert_int_eq(stat("/dev/null", &st), 0);
	ck_assert(S_ISCHR(st.st_mode));
	free(link_path);
	free(path);
}
END_TEST

START_TEST(file_read_refuses)
{
	char *path = path_join(dir, "none");
	struct error err;
	size_t len;
	char *text;

	ck_assert_ptr_null(file_read(path, 100, &len, &err));
	ck_assert_ptr_nonnull(strstr(err.text, path));
	ck_assert_ptr_null(file_read(dir, 100, &len, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "directory"));
	text = file_read("/proc/self/stat", 100000, &len, &err); /* says that its size is 0 */
	ck_assert_ptr_nonnull(text);
	ck_assert_uint_gt(len, 10);
	free(text);
	free(path);
}
END_TEST

START_TEST(directories)
{
	char *sub = path_join(dir, "sub"), *file = path_join(dir, "file");
	char *joined = path_join("a/", "b");
	struct error err;

	ck_assert_str_eq(joined, "a/b");
	ck_assert_int_eq(dir_make(sub, &err), 0);
	ck_assert_int_eq(dir_make(sub, &err), 0);
	ck_assert_int_eq(file_write(file, "", 0, &err), 0);
	ck_assert_int_eq(dir_make(file, &err), -1);
	free(joined);
	free(file);
	free(sub);
}
END_TEST

/* ---- parameters ---- */

static const char *const modes[] = {"async", "sync-light", "sync", NULL};

static const struct param_desc table[] = {
	{"extfrag_threshold", PARAM_INT, 500, 0, 1000, NULL, "per mille", "gate", NULL},
	{"retries", PARAM_INT, -1, -1, 16, NULL, NULL, "how often", NULL},
	{"defer", PARAM_BOOL, 1, 0, 1, NULL, NULL, "back off", NULL},
	{"mode", PARAM_CHOICE, 0, 0, 0, modes, NULL, "how hard", NULL},
};
#define NR_PARAMS ARRAY_SIZE(table)

static int parse(const char *text, int64_t *values, struct error *err)
{
	params_defaults(table, NR_PARAMS, values);
	return params_parse(table, NR_PARAMS, "policy threshold", text, values, err);
}

START_TEST(params_good)
{
	int64_t v[NR_PARAMS];
	struct strbuf sb;
	struct error err;

	strbuf_init(&sb);
	ck_assert_int_eq(parse(NULL, v, &err), 0);
	params_format(table, NR_PARAMS, v, &sb);
	ck_assert_str_eq(sb.s, "extfrag_threshold=500,retries=-1,defer=1,mode=async");
	ck_assert_int_eq(parse("", v, &err), 0);
	ck_assert_int_eq(parse("mode=sync,defer=off,extfrag-threshold=0x10", v, &err), 0);
	strbuf_clear(&sb);
	params_format(table, NR_PARAMS, v, &sb);
	ck_assert_str_eq(sb.s, "extfrag_threshold=16,retries=-1,defer=0,mode=sync");
	/* The canonical text is read back to the same values. */
	ck_assert_int_eq(parse(sb.s, v, &err), 0);
	ck_assert_int_eq(v[0], 16);
	ck_assert_int_eq(v[3], 2);
	strbuf_release(&sb);
}
END_TEST

static const struct bad_params {
	const char *text;
	const char *says[4];
} bad_params[] = {
	{"extfrag_treshold=1",
	 {"\"extfrag_treshold\"", "did you mean \"extfrag_threshold\"", "retries"}},
	{"extfrag=1", {"did you mean \"extfrag_threshold\""}},
	{"xyzzy=1", {"\"xyzzy\"", "known are: extfrag_threshold, retries, defer, mode"}},
	{"extfrag_threshold=1001",
	 {"extfrag_threshold=1001", "out of range", "0 to 1000 per mille"}},
	{"retries=-2", {"-1 to 16"}},
	{"retries=many", {"not a whole number"}},
	{"retries=", {"not a whole number"}},
	{"retries=1.5", {"not a whole number"}},
	{"retries=99999999999999999999", {"not a whole number"}},
	{"retries", {"\"retries\" is not of the form key=value"}},
	{"=1", {"not of the form"}},
	{"retries=1,", {"not of the form"}},
	{"retries=1,retries=2", {"given twice"}},
	{"defer=maybe", {"defer=maybe", "0 and 1"}},
	{"mode=snyc", {"did you mean \"sync\"", "async, sync-light, sync"}},
	{"mode=0", {"allowed are: async"}},
};

START_TEST(params_bad)
{
	const struct bad_params *bad = &bad_params[_i];
	int64_t v[NR_PARAMS];
	struct error err;

	ck_assert_int_eq(parse(bad->text, v, &err), -1);
	ck_assert_msg(strncmp(err.text, "policy threshold: ", 18) == 0, "owner missing: %s",
		      err.text);
	for (size_t i = 0; i < ARRAY_SIZE(bad->says) && bad->says[i]; i++)
		ck_assert_msg(strstr(err.text, bad->says[i]), "\"%s\" is not in: %s", bad->says[i],
			      err.text);
}
END_TEST

START_TEST(params_of_an_empty_table)
{
	struct error err;

	ck_assert_int_eq(params_parse(NULL, 0, "policy none", "", NULL, &err), 0);
	ck_assert_int_eq(params_parse(NULL, 0, "policy none", "a=1", NULL, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "takes no parameters"));
}
END_TEST

START_TEST(nearest)
{
	static const char *const names[] = {"verify", "run", "compare", "version", NULL};
	char big[200];

	ck_assert_str_eq(nearest_name("verfiy", names), "verify");
	ck_assert_str_eq(nearest_name("RUN", names), "run");
	ck_assert_str_eq(nearest_name("comp", names), "compare");
	ck_assert_str_eq(nearest_name("versoin", names), "version");
	ck_assert_ptr_null(nearest_name("xyz", names));
	ck_assert_ptr_null(nearest_name("", names));
	ck_assert_ptr_null(nearest_name("q", names));
	memset(big, 'r', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	ck_assert_ptr_null(nearest_name(big, names));
}
END_TEST

/* ---- numbers ---- */

START_TEST(numbers)
{
	uint64_t u = 7;
	int64_t i = 7;

	ck_assert(parse_u64("18446744073709551615", &u) && u == UINT64_MAX);
	ck_assert(parse_u64("0xFfffFfffFfffFfff", &u) && u == UINT64_MAX);
	ck_assert(parse_u64("010", &u) && u == 10);
	ck_assert(!parse_u64("18446744073709551616", &u));
	ck_assert(!parse_u64("", &u) && !parse_u64("0x", &u) && !parse_u64("-1", &u));
	ck_assert(!parse_u64(" 1", &u) && !parse_u64("1 ", &u) && !parse_u64("+1", &u));
	ck_assert(!parse_u64("0x-1", &u) && !parse_u64("0x0x1", &u));
	ck_assert(parse_i64("-9223372036854775808", &i) && i == INT64_MIN);
	ck_assert(parse_i64("9223372036854775807", &i) && i == INT64_MAX);
	ck_assert(parse_i64("-0x10", &i) && i == -16);
	ck_assert(!parse_i64("9223372036854775808", &i) && !parse_i64("-9223372036854775809", &i));
	ck_assert(!parse_i64("--1", &i) && !parse_i64("-", &i));
	ck_assert(i == -16); /* a refused text changes nothing */
}
END_TEST

/*
 * Computed without this program, from the authors' description, in Python:
 *   M = (1 << 64) - 1
 *   def mix(x):
 *       x = (x + 0x9e3779b97f4a7c15) & M; z = x
 *       z = ((z ^ (z >> 30)) * 0xbf58476d1ce4e5b9) & M
 *       z = ((z ^ (z >> 27)) * 0x94d049bb133111eb) & M
 *       return x, z ^ (z >> 31)
 *   def rotl(x, k): return ((x << k) | (x >> (64 - k))) & M
 *   def seq(seed, n):
 *       s = []
 *       for _ in range(4): seed, z = mix(seed); s.append(z)
 *       for _ in range(n):
 *           print(hex((rotl((s[1] * 5) & M, 7) * 9) & M)); t = (s[1] << 17) & M
 *           s[2] ^= s[0]; s[3] ^= s[1]; s[1] ^= s[2]; s[0] ^= s[3]; s[2] ^= t; s[3] = rotl(s[3],
 * 45) seq(0, 4); seq(42, 4)
 */
START_TEST(rng_reference)
{
	static const uint64_t of_0[] = {0x99ec5f36cb75f2b4, 0xbf6e1f784956452a, 0x1a5f849d4933e6e0,
					0x6aa594f1262d2d2c};
	static const uint64_t of_42[] = {0x15780b2e0c2ec716, 0x6104d9866d113a7e, 0xae17533239e499a1,
					 0xecb8ad4703b360a1};
	struct rng a, b;

	rng_init(&a, 0);
	rng_init(&b, 42);
	for (int i = 0; i < 4; i++) {
		ck_assert_uint_eq(rng_next(&a), of_0[i]);
		ck_assert_uint_eq(rng_next(&b), of_42[i]);
	}
}
END_TEST

START_TEST(rng_below_is_even)
{
	unsigned int count[6] = {0};
	struct rng rng;

	rng_init(&rng, 1);
	for (int i = 0; i < 60000; i++)
		count[rng_below(&rng, 6)]++;
	for (int i = 0; i < 6; i++)
		ck_assert_msg(count[i] > 9500 && count[i] < 10500, "%d came %u times", i, count[i]);
	ck_assert_uint_eq(rng_below(&rng, 1), 0);
	/* Three quarters of the range: without throwing values away every second one would be
	 * small. */
	for (int i = 0, small = 0; i < 3000; i++) {
		small += rng_below(&rng, 3ull << 62) < 1ull << 62;
		if (i == 2999)
			ck_assert_msg(small > 900 && small < 1100, "%d of 3000", small);
	}
}
END_TEST

/* The hashes of nothing, as the xxHash project publishes them in its tests. */
START_TEST(hashes)
{
	char *path = path_join(dir, "x");
	char hex[33], other[33];
	struct error err;

	ck_assert_uint_eq(hash_bytes("", 0, 0), 0x2d06800538d394c2);
	ck_assert_uint_ne(hash_bytes("", 0, 1), 0x2d06800538d394c2);
	ck_assert_int_eq(file_write(path, "", 0, &err), 0);
	ck_assert_int_eq(hash_file(path, hex, &err), 0);
	ck_assert_str_eq(hex, "99aa06d3014798d86001c324468d497f");
	ck_assert_int_eq(file_write(path, "x", 1, &err), 0);
	ck_assert_int_eq(hash_file(path, other, &err), 0);
	ck_assert_str_ne(hex, other);
	ck_assert_int_eq(hash_file(dir, hex, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, dir));
	free(path);
}
END_TEST

static TCase *add_case(Suite *s, const char *name)
{
	TCase *tc = tcase_create(name);

	suite_add_tcase(s, tc);
	return tc;
}

static Suite *base_suite(void)
{
	Suite *s = suite_create("base");
	TCase *tc = add_case(s, "text");

	tcase_add_test(tc, error_text);
	tcase_add_test(tc, error_too_long_is_marked);
	tcase_add_test(tc, strbuf_grows);
	tcase_add_loop_test(tc, strbuf_json_escapes, 0, (int)ARRAY_SIZE(json_cases));
	tcase_add_test(tc, json_writer);
	tc = add_case(s, "files");
	tcase_add_checked_fixture(tc, dir_setup, dir_teardown);
	tcase_add_test(tc, file_write_then_read);
	tcase_add_test(tc, file_write_all_or_nothing);
	tcase_add_test(tc, file_write_replaces_by_rename);
	tcase_add_test(tc, file_read_refuses);
	tcase_add_test(tc, directories);
	tcase_add_test(tc, hashes);
	tc = add_case(s, "params");
	tcase_add_test(tc, params_good);
	tcase_add_loop_test(tc, params_bad, 0, (int)ARRAY_SIZE(bad_params));
	tcase_add_test(tc, params_of_an_empty_table);
	tcase_add_test(tc, nearest);
	tc = add_case(s, "numbers");
	tcase_add_test(tc, numbers);
	tcase_add_test(tc, rng_reference);
	tcase_add_test(tc, rng_below_is_even);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(base_suite());
	int failed;

	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
