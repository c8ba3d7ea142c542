// SPDX-License-Identifier: GPL-2.0-only
/*
 * A copy of a capture without names. What is kept is listed here; everything else goes. Threads of
 * the kernel keep their names, because a replay asks who kswapd is and the names tell nothing about
 * anyone.
 */
#include "trace/transfer.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char *const kernel_threads[] = {"swapper",	   "kthreadd",	"kswapd",    "kcompactd",
					     "khugepaged", "ksoftirqd", "migration", "rcu_",
					     "kworker",	   "oom_reaper"};

/* What stands in them is made by the kernel alone. slabinfo may name control groups. */
static const char *const proc_files[] = {"zoneinfo", "pagetypeinfo", "buddyinfo",
					 "vmstat",   "meminfo",	     NULL};

/* Sections of the manifest, and of sysctl only the part of memory. */
static const char *const kept_keys[] = {"sysctl.vm.",	 "thp.",	"lru_gen.",
					"ksm.",		 "trace.",	"snapshot.",
					"vmstat_start.", "vmstat_end.", "run.wall_ns"};

static bool begins_with_one(const char *text, const char *const *leads, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		if (!strncmp(text, leads[i], strlen(leads[i])))
			return true;
	}
	return false;
}

/* ---- names of tasks ---- */

/* "kworker/u8:3-events" names what it works for; "kswapd0" and "kworker/0:1" do not. */
static void kernel_name(char *comm)
{
	char *end = comm;

	while (isalnum((unsigned char)*end) || *end == '_')
		end++;
	*end = '\0';
}

static int by_name(const void *a, const void *b)
{
	const struct trace_comm *x = a, *y = b;

	return strcmp(x->comm, y->comm);
}

/* Every name once, sorted; returns how many. */
static size_t sort_names(struct trace_comm *names, size_t nr)
{
	size_t distinct = 0;

	qsort(names, nr, sizeof(*names), by_name);
	for (size_t i = 0; i < nr; i++) {
		if (!distinct || by_name(&names[distinct - 1], &names[i]))
			names[distinct++] = names[i];
	}
	return distinct;
}

static void scrub_name(struct trace_comm *row, const struct trace_comm *names, size_t nr)
{
	const struct trace_comm *found = bsearch(row, names, nr, sizeof(*names), by_name);

	if (begins_with_one(row->comm, kernel_threads, ARRAY_SIZE(kernel_threads)))
		kernel_name(row->comm);
	else
		snprintf(row->comm, sizeof(row->comm), "task%zu", (size_t)(found - names) + 1);
}

/* Equal names stay equal: "task3" is the third of all names in the order of the alphabet. */
static int scrub_comms(struct trace *t, struct error *err)
{
	struct trace_comm *comms = calloc(t->nr_comms + 1, sizeof(*comms));
	struct trace_comm *names = calloc(t->nr_comms + 1, sizeof(*names));
	size_t distinct;

	if (!comms || !names) {
		free(comms);
		free(names);
		return error_set(err, "out of memory");
	}
	for (size_t i = 0; i < t->nr_comms; i++)
		comms[i] = names[i] = t->comms[i];
	distinct = sort_names(names, t->nr_comms);
	for (size_t i = 0; i < t->nr_comms; i++)
		scrub_name(&comms[i], names, distinct);
	free(names);
	t->comms = comms;
	return 0;
}

/* ---- texts of trace_marker ---- */

static int scrub_markers(struct trace *t, struct error *err)
{
	char *strings = malloc(t->strings_len + 1);

	if (!strings)
		return error_set(err, "out of memory");
	if (t->strings_len)
		memcpy(strings, t->strings, t->strings_len);
	for (uint64_t i = 0; i < t->nr; i++) {
		const struct event *e = &t->events[i];

		if (e->kind == EV_MARKER && strncmp(strings + e->w[0], "zonereplay ", 11))
			memset(strings + e->w[0], 'x', e->w[1]);
	}
	t->strings = strings;
	return 0;
}

/* ---- the manifest ---- */

static void scrub_manifest(struct manifest *m)
{
	struct manifest kept = *m;

	kept.keys = kept.values = NULL;
	kept.nr_pairs = 0;
	kept.workload[0] = '\0';
	for (size_t i = 0; i < m->nr_pairs; i++) {
		if (begins_with_one(m->keys[i], kept_keys, ARRAY_SIZE(kept_keys)))
			manifest_set(&kept, m->keys[i], m->values[i]);
	}
	manifest_release(m);
	*m = kept;
}

int capture_scrub(struct capture *c, const struct trace *t, const char *dir, struct progress *prog,
		  struct error *err)
{
	struct trace clean = *t;
	struct transfer x = {.from = c->dir,
			     .only = proc_files,
			     .trace_name = "events.csv.zst",
			     .c = c,
			     .t = &clean,
			     .prog = prog};
	int ret;

	if (scrub_comms(&clean, err))
		return -1;
	ret = scrub_markers(&clean, err);
	if (!ret) {
		scrub_manifest(&c->manifest);
		ret = transfer_make(&x, dir, err);
		free((void *)(uintptr_t)clean.strings);
	}
	free(clean.comms);
	return ret;
}
