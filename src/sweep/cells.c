// SPDX-License-Identifier: GPL-2.0-only
#include "sweep/cells.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

/* ---- names ---- */

#define OBJECT_MAX (64 << 20)

int object_identify(const char *path, char id[17], struct error *err)
{
	size_t len;
	char *content = file_read(path, OBJECT_MAX, &len, err);

	if (!content)
		return -1;
	snprintf(id, 17, "%016llx", (unsigned long long)hash_bytes(content, len, 0));
	free(content);
	return 0;
}

int injections_parse(const char *text, struct injection *in, struct error *err)
{
	char *copy = strdup(text), *save, *word;
	int n = 0;

	if (!copy)
		abort(); /* as strbuf does */
	for (word = strtok_r(copy, " \t", &save); word && n >= 0;
	     word = strtok_r(NULL, " \t", &save)) {
		if (n == SWEEP_MAX_INJECTIONS)
			n = error_set(err, "more than %d injections", SWEEP_MAX_INJECTIONS);
		else if (injection_parse(&in[n], word, err))
			n = -1;
		else
			n++;
	}
	free(copy);
	return n;
}

/* Everything that a cell's result depends on. Another version of the program makes other cells. */
static void name_cell(struct sweep_cell *cell, const struct sweep *sw)
{
	struct strbuf key;

	strbuf_init(&key);
	strbuf_printf(&key, "%s\n%s\n%s\n%s", cell->capture_id, cell->setting, sw->era,
		      PACKAGE_VERSION);
	if (*cell->object_id)
		strbuf_printf(&key, "\nobject=%s", cell->object_id);
	if (*cell->inject)
		strbuf_printf(&key, "\ninject=%s", cell->inject);
	if (sw->from || sw->to)
		strbuf_printf(&key, "\nwindow=%llu-%llu", (unsigned long long)sw->from,
			      (unsigned long long)sw->to);
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
	cell->inject = strdup(about->inject);
	if (!cell->path || !cell->setting || !cell->object || !cell->inject)
		abort();
	name_cell(cell, sw);
}

void sweep_release(struct sweep *sw)
{
	for (size_t i = 0; i < sw->nr; i++) {
		free(sw->cells[i].path);
		free(sw->cells[i].setting);
		free(sw->cells[i].object);
		free(sw->cells[i].inject);
	}
	free(sw->cells);
	free(sw->by_id);
	free(sw->objects);
	free(sw->dir);
	*sw = (struct sweep){0};
}

/* ---- finding a cell ---- */

static int by_id(const void *a, const void *b, void *cells)
{
	const struct sweep_cell *v = cells;

	return strcmp(v[*(const size_t *)a].id, v[*(const size_t *)b].id);
}

/* A sweep has few policies from outside. */
static void note_object(struct sweep *sw, const char *id)
{
	for (size_t i = 0; i < sw->nr_objects; i++)
		if (!strcmp(sw->objects[i], id))
			return;
	sw->objects = realloc(sw->objects, (sw->nr_objects + 1) * sizeof(*sw->objects));
	if (!sw->objects)
		abort();
	memcpy(sw->objects[sw->nr_objects++], id, sizeof(*sw->objects));
}

int cells_index(struct sweep *sw, struct error *err)
{
	for (size_t i = 0; i < sw->nr; i++)
		note_object(sw, sw->cells[i].object_id);
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

/* An outcome's parameters end with what was injected, which has a place of its own here. */
static size_t own_params(const char *params)
{
	size_t len = strcspn(params, "@");

	return len && params[len] && params[len - 1] == ',' ? len - 1 : len;
}

size_t cell_of_run(const struct sweep *sw, const struct store_run *run)
{
	const struct outcome *o = &run->outcome;
	struct sweep_cell cell = {.inject = strdup(run->injections)};
	size_t len = own_params(o->params), found = SIZE_MAX;
	struct strbuf setting;

	if (!cell.inject)
		abort();
	strbuf_init(&setting);
	strbuf_printf(&setting, "%s%s%.*s", o->policy, len ? ":" : "", (int)len, o->params);
	memcpy(cell.capture_id, run->capture.id, sizeof(cell.capture_id));
	cell.setting = setting.s;
	/* A run does not tell of which file its policy was. */
	for (size_t i = 0; found == SIZE_MAX && i < sw->nr_objects; i++) {
		memcpy(cell.object_id, sw->objects[i], sizeof(cell.object_id));
		name_cell(&cell, sw);
		found = find_id(sw, cell.id);
	}
	strbuf_release(&setting);
	free(cell.inject);
	return run->from == sw->from && run->to == sw->to ? found : SIZE_MAX;
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
