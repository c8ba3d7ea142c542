// SPDX-License-Identifier: GPL-2.0-only
/* What is done, and all of it in one database. */
#include <stdlib.h>
#include <string.h>

#include "sweep/cells.h"

static size_t count_failures(const struct sweep *sw, const bool *done)
{
	char *path = sweep_path(sw, "failures.tsv");
	char *text = file_read(path, 1 << 28, NULL, NULL);
	char *rest = text, *line;
	bool *failed = calloc(sw->nr + 1, sizeof(*failed));
	size_t n = 0;

	while (rest && failed && (line = strsep(&rest, "\n")))
		for (size_t i = 0; *line && i < sw->nr; i++)
			if (!done[i] && !failed[i] && !strncmp(line, sw->cells[i].id, 16)) {
				failed[i] = true;
				n++;
			}
	free(failed);
	free(text);
	free(path);
	return n;
}

int sweep_status(const struct sweep *sw, struct sweep_status *out, struct error *err)
{
	bool *done = calloc(sw->nr + 1, sizeof(*done));
	int rc;

	*out = (struct sweep_status){.cells = sw->nr};
	if (!done)
		return error_set(err, "out of memory");
	rc = shards_done(sw, done, &out->shards, err);
	for (size_t i = 0; i < sw->nr; i++)
		out->done += done[i];
	out->failed = rc ? 0 : count_failures(sw, done);
	free(done);
	return rc;
}

/* ---- merging ---- */

/* Where each cell was found first. */
struct found {
	struct store *store;
	struct store_run *run;
};

struct shard {
	struct store *store;
	struct store_runs runs;
};

struct merger {
	struct sweep *sw;
	struct found *cells;
	struct shard *shards;
	size_t nr_shards;
};

/* The same but for the row's number and where it came from. */
static bool same_result(const struct store_run *a, const struct store_run *b)
{
	const struct outcome *x = &a->outcome, *y = &b->outcome;

	for (size_t i = 0; i < store_nr_figures; i++) {
		struct ranged p = figure_get(&store_figures[i], x);
		struct ranged q = figure_get(&store_figures[i], y);

		if (memcmp(&p, &q, sizeof(p)))
			return false;
	}
	return x->state_hash == y->state_hash && !memcmp(x->orders, y->orders, sizeof(x->orders));
}

static int take_run(struct merger *m, struct store *store, struct store_run *run, struct error *err)
{
	size_t cell = cell_of_run(m->sw, run);
	struct found *found;

	if (cell == SIZE_MAX)
		return 0; /* of another plan that used this directory */
	found = &m->cells[cell];
	if (!found->run) {
		*found = (struct found){store, run};
		return 0;
	}
	if (same_result(found->run, run))
		return 0;
	return error_set(
		err,
		"cell %s (%s on %s) has two different results in the shards: the same replay must "
		"give the same; please report it",
		m->sw->cells[cell].id, m->sw->cells[cell].setting, m->sw->cells[cell].path);
}

static int open_shard(struct merger *m, const char *path, struct error *err)
{
	struct shard *shard = &m->shards[m->nr_shards];
	struct error ignored;

	shard->store = store_open(path, STORE_READ, &ignored);
	if (!shard->store)
		return 0; /* empty: killed before its first cell */
	m->nr_shards++;
	if (store_load(shard->store, &shard->runs, err))
		return -1;
	for (size_t i = 0; i < shard->runs.nr; i++)
		if (take_run(m, shard->store, &shard->runs.v[i], err))
			return -1;
	return 0;
}

static int open_shards(struct merger *m, char **names, struct error *err)
{
	size_t n = 0;

	while (names[n])
		n++;
	m->shards = calloc(n + 1, sizeof(*m->shards));
	m->cells = calloc(m->sw->nr + 1, sizeof(*m->cells));
	if (!m->shards || !m->cells)
		return error_set(err, "out of memory");
	for (size_t i = 0; i < n; i++)
		if (open_shard(m, names[i], err))
			return -1;
	return 0;
}

static int copy_cells(struct merger *m, struct store *to, size_t *merged, struct error *err)
{
	for (size_t i = 0; i < m->sw->nr; i++) {
		struct found *found = &m->cells[i];
		int rc;

		if (!found->run)
			continue;
		if (store_load_samples(found->store, found->run, err))
			return -1;
		rc = store_put(to, found->run, err);
		outcome_release(&found->run->outcome);
		if (rc)
			return -1;
		(*merged)++;
	}
	return 0;
}

static int write_all(struct merger *m, const char *db, size_t *merged, struct error *err)
{
	struct store *to = store_open(db, STORE_WRITE, err);
	int rc;

	if (!to)
		return -1;
	rc = store_begin(to, err);
	if (!rc) {
		rc = copy_cells(m, to, merged, err);
		if (store_end(to, !rc, err))
			rc = -1;
	}
	store_close(to);
	return rc;
}

static void merger_release(struct merger *m)
{
	for (size_t i = 0; i < m->nr_shards; i++) {
		store_runs_release(&m->shards[i].runs);
		store_close(m->shards[i].store);
	}
	free(m->shards);
	free(m->cells);
}

int sweep_merge(struct sweep *sw, const char *db, size_t *merged, struct error *err)
{
	struct merger m = {.sw = sw};
	char **names = shard_names(sw, err);
	int rc;

	*merged = 0;
	if (!names)
		return -1;
	rc = open_shards(&m, names, err);
	if (!rc)
		rc = write_all(&m, db, merged, err);
	merger_release(&m);
	names_free(names);
	return rc;
}
