// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exercises src/sweep/plan.c, src/sweep/files.c, src/report/condition.c and src/report/select.c:
 * the first byte says which.
 */
#include "tests/fuzz/fuzz.h"

#include "report/compare.h"
#include "report/select.h"
#include "sweep/cells.h"

/* Patterns could make it look through the whole machine. */
static void sweep_file(const char *text, size_t len)
{
	struct fuzz_file file;
	struct sweep sw;
	struct error err;

	if (strchr(text, '*') || strchr(text, '?') || strlen(text) != len)
		return;
	fuzz_file_init(&file, text, len);
	if (sweep_plan(&sw, file.path, &err) == 0)
		sweep_release(&sw);
	fuzz_file_release(&file);
}

static void plan_file(char *text)
{
	struct sweep sw = {0};
	struct error err;

	if (plan_parse(&sw, text, "plan.tsv", &err) == 0)
		for (size_t i = 0; i < sw.nr; i++)
			if (strlen(sw.cells[i].id) != 16)
				abort();
	sweep_release(&sw);
}

static void condition(const char *text)
{
	struct comparison c = {0};
	struct error err = {""};
	bool holds;

	if (comparison_condition(&c, text, &holds, &err) < 0 && !*err.text)
		abort();
}

static void setting(const char *text)
{
	struct store_run run = {.id = 1};
	struct store_runs runs = {&run, 1};
	struct error err;

	strcpy(run.outcome.policy, "threshold");
	strcpy(run.outcome.params, "extfrag_threshold=500,rounds=16");
	if (setting_find(&runs, text, &err) && !setting_selects(text, &run.outcome))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = strndup((const char *)data + 1, size - 1);
	if (data[0] == 'i')
		sweep_file(text, size - 1);
	else if (data[0] == 'p')
		plan_file(text);
	else if (data[0] == 'c')
		condition(text);
	else
		setting(text);
	free(text);
	return 0;
}
