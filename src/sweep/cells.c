// SPDX-License-Identifier: GPL-2.0-only
#include "sweep/cells.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

/* ---- names ---- */

/* Everything that a cell's result depends on. Another version of the program makes other cells. */
static void name_cell(struct sweep_cell *cell, const char *era)
{
	struct strbuf key;

	strbuf_init(&key);
	strbuf_printf(&key, "%s\n%s\n%s\n%s", cell->capture_id, cell->setting, era,
		      PACKAGE_VERSION);
	snprintf(cell->id, sizeof(cell->id), "%016llx",
		 (unsigned long long)hash_bytes(key.s, key.len, 0));
	strbuf_release(&key);
}

void cell_add(struct sweep *sw, const struct sweep_cell *about, const char *setting)
{
	struct sweep_cell *cell;

	if (!(sw->nr & (sw->nr - 1))) {
		sw->cells = realloc(sw->cells, (sw->nr ? 2 * sw->nr : 1) * sizeof(*sw->cells));
		if (!sw->cells)
			abort(); /* as strbuf does */
	}
	cell = &sw->cells[sw->nr++];
	*cell = *about;
	cell->path = strdup(about->path);
	cell->setting = strdup(setting);
	cell->object = strdup(about->object);
	if (!cell->path || !cell->setting || !cell->object)
		abort();
	name_cell(cell, sw->era);
}

void sweep_release(struct sweep *sw)
{
	for (size_t i = 0; i < sw->nr; i++) {
		free(sw->cells[i].path);
		free(sw->cells[i].setting);
		free(sw->cells[i].object);
	}
	free(sw->cells);
	free(sw->by_id);
	free(sw->dir);
	*sw = (struct sweep){0};
}

/* ---- finding a cell ---- */

static int by_id(const void *a, const void *b, void *cells)
{
	const struct sweep_cell *v = cells;

	return strcmp(v[*(const size_t *)a].id, v[*(const size_t *)b].id);
}

int cells_index(struct sweep *sw, struct error *err)
{
	free(sw->by_id);
	sw->by_id = calloc(sw->nr + 1, sizeof(*sw->by_id));
	if (!sw->by_id)
		abort();
	for (size_t i = 0; i < sw->nr; i++)
		sw->by_id[i] = i;
	qsort_r(sw->by_id, sw->nr, sizeof(*sw->by_id), by_id, sw->cells);
	for (size_t i = 1; i < sw->nr; i++) {
		const struct sweep_cell *cell = &sw->cells[sw->by_id[i]];

		if (!strcmp(sw->cells[sw->by_id[i - 1]].id, cell->id))
			return error_set(err, "%s on %s is asked for twice", cell->setting,
					 cell->path);
	}
	return 0;
}

static size_t find_id(const struct sweep *sw, const char *id)
{
	size_t low = 0, high = sw->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(sw->cells[sw->by_id[middle]].id, id);

		if (!order)
			return sw->by_id[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return SIZE_MAX;
}

size_t cell_of_run(const struct sweep *sw, const struct store_run *run)
{
	const struct outcome *o = &run->outcome;
	struct sweep_cell cell = {.path = NULL};
	struct strbuf setting;

	strbuf_init(&setting);
	strbuf_printf(&setting, "%s%s%s", o->policy, *o->params ? ":" : "", o->params);
	memcpy(cell.capture_id, run->capture.id, sizeof(cell.capture_id));
	cell.setting = setting.s;
	name_cell(&cell, sw->era);
	strbuf_release(&setting);
	return find_id(sw, cell.id);
}

/* ---- shards ---- */

char *sweep_path(const struct sweep *sw, const char *name)
{
	return path_join(sw->dir, name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_shard(const char *name)
{
	size_t len = strlen(name);

	return len > 3 && !strcmp(name + len - 3, ".db");
}

char **shard_names(const struct sweep *sw, struct error *err)
{
	char *dir = sweep_path(sw, "shards");
	char **names = calloc(1, sizeof(*names));
	DIR *d = opendir(dir);
	struct dirent *entry;
	size_t n = 0;

	while (names && d && (entry = readdir(d))) {
		if (!is_shard(entry->d_name))
			continue;
		names = realloc(names, (n + 2) * sizeof(*names));
		if (!names)
			break;
		names[n++] = path_join(dir, entry->d_name);
		names[n] = NULL;
	}
	if (d)
		closedir(d);
	else if (names) {
		error_set(err, "%s: %s; `zonereplay sweep plan` makes it", dir, strerror(errno));
		free(names);
		names = NULL;
	}
	free(dir);
	if (names)
		qsort(names, n, sizeof(*names), by_name);
	return names;
}

void names_free(char **names)
{
	for (char **name = names; name && *name; name++)
		free(*name);
	free(names);
}

static int shard_done(const struct sweep *sw, const char *path, bool *done, struct error *err)
{
	struct store *store;
	struct store_runs runs;
	struct error ignored;
	int rc;

	/* A worker that was killed before its first cell leaves an empty file. */
	store = store_open(path, STORE_READ, &ignored);
	if (!store)
		return 0;
	rc = store_load(store, &runs, err);
	store_close(store);
	if (rc)
		return -1;
	for (size_t i = 0; i < runs.nr; i++) {
		size_t cell = cell_of_run(sw, &runs.v[i]);

		if (cell != SIZE_MAX)
			done[cell] = true;
	}
	store_runs_release(&runs);
	return 0;
}

int shards_done(const struct sweep *sw, bool *done, size_t *nr_shards, struct error *err)
{
	char **names = shard_names(sw, err);
	int rc = 0;

	*nr_shards = 0;
	if (!names)
		return -1;
	for (char **name = names; !rc && *name; name++, (*nr_shards)++)
		rc = shard_done(sw, *name, done, err);
	names_free(names);
	return rc;
}
