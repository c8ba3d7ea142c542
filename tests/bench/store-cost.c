// SPDX-License-Identifier: GPL-2.0-only
/*
 * What storing costs: takes the first run of policy threshold in DATABASE and stores it under all
 * combinations of extfrag_threshold 0..LAST and rounds 1..10 into FIRST.db and SECOND.db in turn, a
 * transaction each, as two workers of a sweep do. Used by tests/bench/sweep-overhead.
 */
#include <stdlib.h>
#include <string.h>

#include "store/store.h"

static int fail(const struct error *err)
{
	fprintf(stderr, "store-cost: %s\n", err->text);
	return EXIT_FAILURE;
}

static struct store_run *find_run(struct store_runs *runs)
{
	for (size_t i = 0; i < runs->nr; i++)
		if (!strcmp(runs->v[i].outcome.policy, "threshold"))
			return &runs->v[i];
	return NULL;
}

/* @rest: the parameters behind those two. */
static int set_params(struct outcome *o, int threshold, int rounds, const char *rest,
		      struct error *err)
{
	struct strbuf sb;
	bool fits;

	strbuf_init(&sb);
	strbuf_printf(&sb, "extfrag_threshold=%d,rounds=%d%s", threshold, rounds, rest);
	fits = sb.len < sizeof(o->params);
	if (fits)
		memcpy(o->params, sb.s, sb.len + 1);
	strbuf_release(&sb);
	return fits ? 0 : error_set(err, "too many parameters");
}

static int store_all(struct store_run *run, int last, struct store *const *to, struct error *err)
{
	const char *behind = strstr(run->outcome.params, ",rounds=");
	char *rest = behind ? strdup(behind + 1 + strcspn(behind + 1, ",")) : NULL;
	size_t n = 0;
	int rc = 0;

	if (!rest)
		return error_set(err, "policy threshold has no parameter rounds");
	for (int threshold = 0; !rc && threshold <= last; threshold++)
		for (int rounds = 1; !rc && rounds <= 10; rounds++) {
			rc = set_params(&run->outcome, threshold, rounds, rest, err);
			if (!rc)
				rc = store_put(to[n++ & 1], run, err);
		}
	free(rest);
	return rc;
}

int main(int argc, char **argv)
{
	struct store *from, *to[2];
	struct store_runs runs;
	struct store_run *run;
	struct error err = {
		"give DATABASE FIRST.db SECOND.db LAST; the first with a run of threshold"};

	if (argc != 5)
		return fail(&err);
	from = store_open(argv[1], STORE_READ, &err);
	to[0] = store_open(argv[2], STORE_WRITE, &err);
	to[1] = store_open(argv[3], STORE_WRITE, &err);
	if (!from || !to[0] || !to[1] || store_load(from, &runs, &err))
		return fail(&err);
	run = find_run(&runs);
	if (!run || store_load_samples(from, run, &err) || store_all(run, atoi(argv[4]), to, &err))
		return fail(&err);
	store_runs_release(&runs);
	store_close(from);
	store_close(to[0]);
	store_close(to[1]);
	return EXIT_SUCCESS;
}
