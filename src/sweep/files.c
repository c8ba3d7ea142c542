// SPDX-License-Identifier: GPL-2.0-only
/* The plan as a file: a line per cell, fields between tabs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "sweep/cells.h"

#define PLAN_MAX (1 << 30)
#define HEADER "# zonereplay sweep plan 2"

static void plan_text(const struct sweep *sw, struct strbuf *out)
{
	strbuf_printf(out, "%s\t%s\t%s\t%llu\t%llu\n", HEADER, PACKAGE_VERSION,
		      *sw->era ? sw->era : "-", (unsigned long long)sw->from,
		      (unsigned long long)sw->to);
	for (size_t i = 0; i < sw->nr; i++) {
		const struct sweep_cell *c = &sw->cells[i];

		strbuf_printf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c->id, c->capture_id, c->setting,
			      c->inject, c->object_id, c->object, c->path);
	}
}

/* A plan that has results must not change under them. */
static int check_same(const char *path, const struct strbuf *text, struct error *err)
{
	char *old;
	bool same;

	if (!path_exists(path))
		return 0;
	old = file_read(path, PLAN_MAX, NULL, err);
	if (!old)
		return -1;
	same = !strcmp(old, text->s);
	free(old);
	if (!same)
		return error_set(
			err, "%s: another plan is there already; give another directory with -o",
			path);
	return 0;
}

int sweep_save(struct sweep *sw, const char *dir, struct error *err)
{
	char *plan = path_join(dir, "plan.tsv"), *shards = path_join(dir, "shards");
	struct strbuf text;
	int rc;

	strbuf_init(&text);
	plan_text(sw, &text);
	rc = check_same(plan, &text, err);
	if (!rc)
		rc = dir_make(dir, err);
	if (!rc)
		rc = dir_make(shards, err);
	if (!rc)
		rc = file_write(plan, text.s, text.len, err);
	strbuf_release(&text);
	free(plan);
	free(shards);
	return rc;
}

/* Takes the next field off @line. */
static char *field(char **line)
{
	return strsep(line, "\t");
}

static int load_header(struct sweep *sw, char *line, const char *path, struct error *err)
{
	char *header = field(&line), *version = field(&line), *era = field(&line), *from;

	if (!header || strcmp(header, HEADER) || !version || !era)
		return error_set(err, "%s: not a sweep plan; `zonereplay sweep plan` writes one",
				 path);
	if (strcmp(version, PACKAGE_VERSION))
		return error_set(err, "%s: planned by zonereplay %s, this is %s; plan again", path,
				 version, PACKAGE_VERSION);
	from = field(&line);
	if (!from || !line || !parse_u64(from, &sw->from) || !parse_u64(line, &sw->to))
		return error_set(err, "%s: no window in its first line; plan again", path);
	if (strcmp(era, "-"))
		snprintf(sw->era, sizeof(sw->era), "%s", era);
	return 0;
}

static int load_cell(struct sweep *sw, char *line, const char *path, size_t number,
		     struct error *err)
{
	char *id = field(&line), *capture = field(&line), *setting = field(&line);
	char *inject = field(&line), *object_id = field(&line);
	struct sweep_cell about = {.inject = inject, .object = field(&line)};

	about.path = line;
	if (!id || !capture || !setting || !object_id || !about.object || !line)
		return error_set(err,
				 "%s:%zu: not a cell; `zonereplay sweep plan` writes a new plan",
				 path, number);
	snprintf(about.capture_id, sizeof(about.capture_id), "%s", capture);
	snprintf(about.object_id, sizeof(about.object_id), "%s", object_id);
	cell_add(sw, &about, setting);
	if (strcmp(sw->cells[sw->nr - 1].id, id))
		return error_set(err,
				 "%s:%zu: the cell's name does not fit its content; plan again",
				 path, number);
	return 0;
}

int plan_parse(struct sweep *sw, char *text, const char *path, struct error *err)
{
	size_t number = 1;
	char *line = strsep(&text, "\n");

	if (load_header(sw, line, path, err))
		return -1;
	while ((line = strsep(&text, "\n"))) {
		number++;
		if (*line && load_cell(sw, line, path, number, err))
			return -1;
	}
	return cells_index(sw, err);
}

int sweep_load(struct sweep *sw, const char *dir, struct error *err)
{
	char *path = path_join(dir, "plan.tsv");
	char *text = file_read(path, PLAN_MAX, NULL, err);
	int rc = -1;

	*sw = (struct sweep){.dir = strdup(dir)};
	if (text)
		rc = plan_parse(sw, text, path, err);
	free(text);
	free(path);
	if (rc)
		sweep_release(sw);
	return rc;
}
