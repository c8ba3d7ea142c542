// SPDX-License-Identifier: GPL-2.0-only
/* The registry, settings, and what is refused: shipped policies, forged ones, and real shared
 * objects. */
#include "policy/policy.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct frame no_page(struct policy_env *env, const struct mm_request *rq)
{
	return FRAME_NONE;
}

static const struct policy good = {
	.abi = POLICY_ABI,
	.name = "good",
	.summary = "fails always",
	.about = "A policy for this test.",
	.alloc_slow = no_page,
};

static void expect_refused(const struct policy *p, const char *reason)
{
	struct error err = {{0}};

	ck_assert_int_eq(policy_check(p, &err), -1);
	ck_assert_msg(strstr(err.text, reason), "\"%s\" does not say \"%s\"", err.text, reason);
}

START_TEST(shipped_policies_are_sound)
{
	static const char *const forever[] = {"none",	    "reclaim",	 "lumpy",
					      "compaction", "threshold", "kernel"};
	struct error err = {{0}};

	for (size_t i = 0; policy_registry[i]; i++)
		ck_assert_msg(!policy_check(policy_registry[i], &err), "%s", err.text);
	for (size_t i = 0; i < ARRAY_SIZE(forever); i++)
		ck_assert_msg(policy_find(forever[i], &err), "%s", err.text);
	ck_assert_str_eq(policy_registry[0]->name, "none");
}
END_TEST

START_TEST(another_abi_is_refused)
{
	struct policy p = good;

	ck_assert_int_eq(policy_check(&p, NULL), 0);
	p.abi = POLICY_ABI + 1;
	expect_refused(&p, "version 4 of the interface, this program has version 3");
}
END_TEST

START_TEST(a_missing_hook_is_refused)
{
	struct policy p = good;

	p.alloc_slow = NULL;
	expect_refused(&p, "policy good lacks the mandatory hook alloc_slow");
}
END_TEST

START_TEST(bad_names_are_refused)
{
	static const char *const names[] = {NULL, "", "Good", "go od", "g/d", "gut\xc3\xb6"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct policy p = good;

		p.name = names[i];
		expect_refused(&p, "a-z, 0-9 and '-'");
	}
}
END_TEST

START_TEST(bad_parameters_are_refused)
{
	struct param_desc d = {.name = "depth",
			       .type = PARAM_INT,
			       .def = 9,
			       .min = 0,
			       .max = 8,
			       .help = "how deep"};
	struct policy p = good;

	p.params = &d;
	p.nr_params = 1;
	expect_refused(&p, "the default of parameter depth is outside its range");
	d.def = 8;
	ck_assert_int_eq(policy_check(&p, NULL), 0);
	d.help = NULL;
	expect_refused(&p, "has no name or no help");
	p.nr_params = POLICY_MAX_PARAMS + 1;
	expect_refused(&p, "has 33 parameters");
}
END_TEST

START_TEST(silent_policies_are_refused)
{
	struct policy p = good;

	p.about = NULL;
	expect_refused(&p, "says nothing about itself");
}
END_TEST

/* ---- settings ---- */

START_TEST(settings_are_spelled_in_full)
{
	struct policy_setting s;
	struct error err = {{0}};

	ck_assert_msg(!policy_setting_parse(&s, "threshold", &err), "%s", err.text);
	ck_assert_str_eq(s.spelled,
			 "threshold:extfrag_threshold=500,rounds=16,thp_defrag=recorded");
	policy_setting_release(&s);
	ck_assert_msg(!policy_setting_parse(&s, "threshold:rounds=2,extfrag_threshold=0", &err),
		      "%s", err.text);
	ck_assert_str_eq(s.spelled, "threshold:extfrag_threshold=0,rounds=2,thp_defrag=recorded");
	ck_assert_int_eq(s.params[0], 0);
	ck_assert_int_eq(s.params[1], 2);
	policy_setting_release(&s);
	ck_assert_msg(!policy_setting_parse(&s, "none", &err), "%s", err.text);
	ck_assert_str_eq(s.spelled, "none");
	policy_setting_release(&s);
}
END_TEST

/* Expect every section of every shipped preset to name a policy and parameters that it has. */
START_TEST(shipped_presets_are_sound)
{
	struct error err = {{0}};
	size_t used = 0;

	for (size_t i = 0; policy_registry[i]; i++) {
		const char *names[32];
		size_t n = policy_preset_names(policy_registry[i], names, ARRAY_SIZE(names));

		for (size_t k = 0; k < n; k++) {
			int64_t values[POLICY_MAX_PARAMS];

			ck_assert_msg(
				!policy_preset_apply(policy_registry[i], names[k], values, &err),
				"%s", err.text);
		}
		used += n;
	}
	ck_assert_uint_ge(used, 7);
}
END_TEST

/* Expect the preset to fill in, and what is given beside it to win, before it or behind. */
START_TEST(presets_fill_in)
{
	static const char *const texts[] = {"compaction:preset=2.6.35,deferral=0",
					    "compaction:deferral=0,preset=2.6.35"};
	struct policy_setting s;
	struct error err = {{0}};

	ck_assert_msg(!policy_setting_parse(&s, texts[_i], &err), "%s", err.text);
	ck_assert_ptr_nonnull(strstr(s.spelled, "mode=2.6.35,deferral=0,"));
	ck_assert_ptr_nonnull(strstr(s.spelled, "extfrag_threshold=500,reclaim=lumpy"));
	ck_assert_ptr_null(strstr(s.spelled, "preset"));
	policy_setting_release(&s);
}
END_TEST

static const struct {
	const char *text, *says;
} bad_presets[] = {
	{"[threshold]\nrounds = 0\n", "preset mine: threshold: rounds=0: out of range"},
	{"[threshold]\nround = 1\n", "did you mean \"rounds\""},
	{"[threshold]\nrounds 1\n", "line 2 is neither"},
	{"[threshold\n", "line 1 is neither"},
};

START_TEST(bad_presets_say_what_is_wrong)
{
	int64_t values[POLICY_MAX_PARAMS];
	struct error err = {{0}};
	const struct policy *p = policy_find("threshold", &err);

	ck_assert_int_eq(policy_preset_read(p, "mine", bad_presets[_i].text, values, &err), -1);
	ck_assert_msg(strstr(err.text, bad_presets[_i].says), "\"%s\" does not say \"%s\"",
		      err.text, bad_presets[_i].says);
}
END_TEST

static const struct {
	const char *text, *says;
} bad_settings[] = {
	{"threshold:preset=2.6.35", "policy threshold has no preset \"2.6.35\"; it has 6.1"},
	{"none:preset=6.1", "a section [none]"},
	{"threshold:preset=./no-such.ini", "no-such.ini"},
	{"treshold", "did you mean \"threshold\""},
	{"", "no policy is called \"\""},
	{"threshold:extfrag_treshold=1", "did you mean \"extfrag_threshold\""},
	{"threshold:extfrag_threshold=1001", "1000"},
	{"threshold:extfrag_threshold=-1", "0"},
	{"threshold:extfrag_threshold=", "extfrag_threshold"},
	{"none:x=1", "takes no parameters"},
	{"./no-such-file.so", "cannot be loaded as a policy"},
};

START_TEST(bad_settings_say_what_would_do)
{
	struct policy_setting s;
	struct error err = {{0}};

	ck_assert_int_eq(policy_setting_parse(&s, bad_settings[_i].text, &err), -1);
	ck_assert_msg(strstr(err.text, bad_settings[_i].says), "\"%s\" does not say \"%s\"",
		      err.text, bad_settings[_i].says);
	policy_setting_release(&s);
}
END_TEST

/* ---- shared objects, compiled here ---- */

static char dir[] = "./policy-XXXXXX";

static void make_dir(void)
{
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void remove_dir(void)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -r '%s'", dir);
	ck_assert_int_eq(system(command), 0);
}

/* Compiles @source with the program's headers; the path of the object. */
static const char *compile(const char *source)
{
	static char path[256];
	const char *src = getenv("ZR_SRCDIR");
	struct error err = {{0}};
	char command[1024];

	snprintf(path, sizeof(path), "%s/p.c", dir);
	ck_assert_msg(!file_write(path, source, strlen(source), &err), "%s", err.text);
	snprintf(path, sizeof(path), "%s/p.so", dir);
	snprintf(command, sizeof(command),
		 "cc -std=gnu11 -shared -fPIC -I'%s/src' -o '%s' '%s/p.c'", src ? src : ".", path,
		 dir);
	ck_assert_int_eq(system(command), 0);
	return path;
}

#define HEAD                                                                                       \
	"#include \"policy/policy.h\"\n"                                                           \
	"static struct frame slow(struct policy_env *env, const struct mm_request *rq)\n"          \
	"{ return mm_get_page(env->mm, rq, mm_alloc_flags_slow(env->mm, rq)); }\n"
#define BODY ".name = \"mine\", .summary = \"s\", .about = \"a\", .alloc_slow = slow };\n"

START_TEST(outside_policy_is_loaded)
{
	const char *path = compile(
		HEAD
		"static const struct param_desc params[] = {\n"
		"{.name = \"n\", .type = PARAM_INT, .def = 3, .min = 1, .max = 5, .help = \"h\"}};\n"
		"const struct policy zonereplay_policy = { .abi = POLICY_ABI, .params = params,\n"
		".nr_params = 1, " BODY);
	struct policy_setting s;
	struct error err = {{0}};
	char text[300];

	snprintf(text, sizeof(text), "%s:n=4", path);
	ck_assert_msg(!policy_setting_parse(&s, text, &err), "%s", err.text);
	ck_assert_str_eq(s.policy->name, "mine");
	ck_assert_str_eq(s.spelled, "mine:n=4");
	policy_setting_release(&s);
}
END_TEST

START_TEST(outside_policy_of_another_abi)
{
	const char *path =
		compile(HEAD "const struct policy zonereplay_policy = { .abi = 77, " BODY);
	struct error err = {{0}};

	ck_assert_ptr_null(policy_find(path, &err));
	ck_assert_msg(strstr(err.text, path) && strstr(err.text, "version 77"), "%s", err.text);
}
END_TEST

START_TEST(outside_object_without_policy)
{
	const char *path = compile("int nothing;\n");
	struct error err = {{0}};

	ck_assert_ptr_null(policy_find(path, &err));
	ck_assert_msg(strstr(err.text, "has no symbol zonereplay_policy"), "%s", err.text);
}
END_TEST

START_TEST(text_is_no_object)
{
	struct error err = {{0}};
	char path[256];

	snprintf(path, sizeof(path), "%s/text.so", dir);
	ck_assert_msg(!file_write(path, "hello\n", 6, &err), "%s", err.text);
	ck_assert_ptr_null(policy_find(path, &err));
	ck_assert_msg(strstr(err.text, path) && strstr(err.text, "cannot be loaded"), "%s",
		      err.text);
}
END_TEST

static Suite *policy_suite(void)
{
	Suite *s = suite_create("policy");
	TCase *tc = tcase_create("check");

	tcase_add_test(tc, shipped_policies_are_sound);
	tcase_add_test(tc, another_abi_is_refused);
	tcase_add_test(tc, a_missing_hook_is_refused);
	tcase_add_test(tc, bad_names_are_refused);
	tcase_add_test(tc, bad_parameters_are_refused);
	tcase_add_test(tc, silent_policies_are_refused);
	suite_add_tcase(s, tc);
	tc = tcase_create("settings");
	tcase_add_test(tc, settings_are_spelled_in_full);
	tcase_add_loop_test(tc, bad_settings_say_what_would_do, 0, (int)ARRAY_SIZE(bad_settings));
	tcase_add_test(tc, shipped_presets_are_sound);
	tcase_add_loop_test(tc, presets_fill_in, 0, 2);
	tcase_add_loop_test(tc, bad_presets_say_what_is_wrong, 0, (int)ARRAY_SIZE(bad_presets));
	suite_add_tcase(s, tc);
	tc = tcase_create("objects");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, make_dir, remove_dir);
	tcase_add_test(tc, outside_policy_is_loaded);
	tcase_add_test(tc, outside_policy_of_another_abi);
	tcase_add_test(tc, outside_object_without_policy);
	tcase_add_test(tc, text_is_no_object);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(policy_suite());
	int failed;

	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
