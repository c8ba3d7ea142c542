// SPDX-License-Identifier: GPL-2.0-only
/* From a sweep file to cells. */
#include <ctype.h>
#include <glob.h>
#include <ini.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "sweep/cells.h"

#define MAX_VALUES 4096 /* of one parameter */

/* One policy section while the file is read. */
struct group {
	char *section;
	struct axis {
		char *key;
		char **values;
		size_t nr;
	} axes[POLICY_MAX_PARAMS];
	size_t nr_axes;
};

struct plan_reader {
	const char *file;
	char *base; /* directory of the file */
	char era[32];
	uint64_t from, to;
	char **captures;
	size_t nr_captures;
	char **injects; /* lists in one spelling; "" for none */
	size_t nr_injects;
	struct group *groups;
	size_t nr_groups;
	struct error *err;
	bool failed;
};

static void *grow(void *v, size_t nr, size_t size)
{
	v = realloc(v, nr * size);
	if (!v)
		abort(); /* as strbuf does */
	return v;
}

static int refuse(struct plan_reader *r, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* inih stops at a zero and knows the line; the text is ours. */
static int refuse(struct plan_reader *r, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	error_set(r->err, "%s", text);
	r->failed = true;
	return 0;
}

/* ---- values of a parameter ---- */

static int add_value(struct plan_reader *r, struct axis *axis, const char *text, size_t len)
{
	if (axis->nr == MAX_VALUES)
		return refuse(r, "%s has more than %d values", axis->key, MAX_VALUES);
	axis->values = grow(axis->values, axis->nr + 1, sizeof(*axis->values));
	axis->values[axis->nr++] = strndup(text, len);
	return 1;
}

/* "first..last" or "first..last/step"; false when it is none. */
static bool parse_range(const char *text, int64_t *first, int64_t *last, int64_t *step)
{
	char copy[80], *dots, *slash;

	snprintf(copy, sizeof(copy), "%s", text);
	dots = strstr(copy, "..");
	if (!dots)
		return false;
	*dots = '\0';
	slash = strchr(dots + 2, '/');
	if (slash)
		*slash = '\0';
	*step = 1;
	return parse_i64(copy, first) && parse_i64(dots + 2, last) &&
	       (!slash || parse_i64(slash + 1, step)) && *step > 0 && *first <= *last;
}

static int add_range(struct plan_reader *r, struct axis *axis, const char *text)
{
	int64_t first, last, step;
	char number[24];

	if (!parse_range(text, &first, &last, &step))
		return refuse(r, "%s: \"%s\" is no range; write FIRST..LAST or FIRST..LAST/STEP",
			      axis->key, text);
	for (int64_t v = first; v <= last; v += step) {
		int len = snprintf(number, sizeof(number), "%lld", (long long)v);

		if (!add_value(r, axis, number, (size_t)len))
			return 0;
	}
	return 1;
}

static int parse_values(struct plan_reader *r, struct axis *axis, const char *text)
{
	char *copy = strdup(text), *save, *word;
	int rc = 1;

	for (word = strtok_r(copy, ", \t", &save); rc && word; word = strtok_r(NULL, ", \t", &save))
		rc = strstr(word, "..") ? add_range(r, axis, word)
					: add_value(r, axis, word, strlen(word));
	free(copy);
	if (rc && !axis->nr)
		return refuse(r, "%s has no value", axis->key);
	return rc;
}

/* ---- the file ---- */

static int add_captures(struct plan_reader *r, const char *pattern)
{
	char *path = *pattern == '/' ? strdup(pattern) : path_join(r->base, pattern);
	glob_t found;
	int rc = 1;

	if (glob(path, GLOB_ONLYDIR, NULL, &found)) {
		free(path);
		return refuse(r, "capture = %s: there is no such directory", pattern);
	}
	for (size_t i = 0; i < found.gl_pathc; i++) {
		r->captures = grow(r->captures, r->nr_captures + 1, sizeof(*r->captures));
		r->captures[r->nr_captures] = realpath(found.gl_pathv[i], NULL);
		if (!r->captures[r->nr_captures])
			rc = refuse(r, "%s: cannot be reached", found.gl_pathv[i]);
		else
			r->nr_captures++;
	}
	globfree(&found);
	free(path);
	return rc;
}

/* One list of injections, or "none". */
static int add_inject(struct plan_reader *r, const char *text)
{
	struct injection in[SWEEP_MAX_INJECTIONS];
	struct strbuf canonical;
	int n = strcmp(text, "none") ? injections_parse(text, in, r->err) : 0;

	if (n < 0) {
		r->failed = true;
		return 0;
	}
	strbuf_init(&canonical);
	injections_format(in, (size_t)n, &canonical);
	if (canonical.len >= sizeof(((struct store_run *)0)->injections)) {
		strbuf_release(&canonical);
		return refuse(r, "inject: too many injections for one run");
	}
	r->injects = grow(r->injects, r->nr_injects + 1, sizeof(*r->injects));
	r->injects[r->nr_injects++] = strbuf_detach(&canonical);
	return 1;
}

/* Times are written as injections write them. */
static int parse_when(struct plan_reader *r, const char *key, const char *value, uint64_t *ns)
{
	struct injection in;
	char text[80];

	snprintf(text, sizeof(text), "%s:drop_caches", value);
	if (injection_parse(&in, text, NULL))
		return refuse(r, "%s: \"%s\" is no time; write 12.5s or 300ms", key, value);
	*ns = in.time;
	return 1;
}

static int sweep_key(struct plan_reader *r, const char *key, const char *value)
{
	if (!strcmp(key, "capture"))
		return add_captures(r, value);
	if (!strcmp(key, "inject"))
		return add_inject(r, value);
	if (!strcmp(key, "from"))
		return parse_when(r, key, value, &r->from);
	if (!strcmp(key, "to"))
		return parse_when(r, key, value, &r->to);
	if (!strcmp(key, "era")) {
		snprintf(r->era, sizeof(r->era), "%s", value);
		return 1;
	}
	return refuse(r, "[sweep] knows capture, era, from, to and inject, not \"%s\"", key);
}

static struct group *find_group(struct plan_reader *r, const char *section)
{
	for (size_t i = 0; i < r->nr_groups; i++)
		if (!strcmp(r->groups[i].section, section))
			return &r->groups[i];
	r->groups = grow(r->groups, r->nr_groups + 1, sizeof(*r->groups));
	r->groups[r->nr_groups] = (struct group){.section = strdup(section)};
	return &r->groups[r->nr_groups++];
}

static int policy_key(struct plan_reader *r, const char *section, const char *key,
		      const char *value)
{
	struct group *g = find_group(r, section);
	struct axis *axis;

	if (g->nr_axes == POLICY_MAX_PARAMS)
		return refuse(r, "[%s] has more than %d parameters", section, POLICY_MAX_PARAMS);
	for (size_t i = 0; i < g->nr_axes; i++)
		if (!strcmp(g->axes[i].key, key))
			return refuse(r, "[%s] has %s twice; begin another section, [%s 2]",
				      section, key, section);
	axis = &g->axes[g->nr_axes++];
	*axis = (struct axis){.key = strdup(key)};
	return parse_values(r, axis, value);
}

static int on_line(void *user, const char *section, const char *key, const char *value)
{
	struct plan_reader *r = user;

	if (r->failed)
		return 0;
	if (!key) { /* a new section: a policy without parameters has no lines */
		if (strcmp(section, "sweep"))
			find_group(r, section);
		return 1;
	}
	if (!*section)
		return refuse(r, "\"%s\" stands before the first [section]", key);
	if (!strcmp(section, "sweep"))
		return sweep_key(r, key, value);
	return policy_key(r, section, key, value);
}

static void reader_release(struct plan_reader *r)
{
	for (size_t i = 0; i < r->nr_captures; i++)
		free(r->captures[i]);
	for (size_t i = 0; i < r->nr_groups; i++) {
		for (size_t a = 0; a < r->groups[i].nr_axes; a++) {
			struct axis *axis = &r->groups[i].axes[a];

			for (size_t v = 0; v < axis->nr; v++)
				free(axis->values[v]);
			free(axis->values);
			free(axis->key);
		}
		free(r->groups[i].section);
	}
	for (size_t i = 0; i < r->nr_injects; i++)
		free(r->injects[i]);
	free(r->injects);
	free(r->captures);
	free(r->groups);
	free(r->base);
}

/* Debian's inih does not tell of sections without keys, so they are looked for before. */
static void note_sections(struct plan_reader *r, const char *text)
{
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t len = strcspn(line, "]\n");
		char *section;

		if (*line != '[' || line[len] != ']')
			continue;
		section = strndup(line + 1, len - 1);
		on_line(r, section, NULL, NULL);
		free(section);
	}
}

static int read_file(struct plan_reader *r, struct error *err)
{
	char *text = file_read(r->file, 1 << 20, NULL, err);
	int line;

	if (!text)
		return -1;
	note_sections(r, text);
	line = ini_parse_string(text, on_line, r);
	free(text);
	if (line > 0 && !r->failed)
		return error_set(err, "%s:%d: neither a [section] nor key = value", r->file, line);
	if (line > 0)
		return error_prefix(err, "%s:%d", r->file, line);
	if (!r->nr_captures)
		return error_set(err, "%s: no capture; write capture = DIR under [sweep]", r->file);
	if (r->to && r->to <= r->from)
		return error_set(err, "%s: to must be later than from", r->file);
	if (!r->nr_groups)
		return error_set(err, "%s: no policy; write [none], [threshold] ...", r->file);
	return 0;
}

/* ---- expansion ---- */

/* The @n-th combination of a group's values as "policy:key=value,...". */
static void combination(const struct group *g, size_t n, struct strbuf *out)
{
	strbuf_add(out, g->section, strcspn(g->section, " \t"));
	for (size_t a = 0; a < g->nr_axes; a++) {
		const struct axis *axis = &g->axes[a];

		strbuf_printf(out, "%s%s=%s", a ? "," : ":", axis->key, axis->values[n % axis->nr]);
		n /= axis->nr;
	}
}

static size_t combinations(const struct group *g)
{
	size_t n = 1;

	for (size_t a = 0; a < g->nr_axes && n <= SWEEP_MAX_CELLS; a++)
		n *= g->axes[a].nr;
	return n;
}

/* The file of a policy from outside, and what is in it; workers elsewhere need the file too. */
static int find_object(const struct group *g, struct sweep_cell *cell, struct error *err)
{
	char *name = strndup(g->section, strcspn(g->section, " \t"));
	char *object = name && strchr(name, '/') ? realpath(name, NULL) : strdup("");

	free(name);
	if (!object)
		return error_set(err, "[%s]: there is no such file", g->section);
	cell->object = object;
	*cell->object_id = '\0';
	if (*object && object_identify(object, cell->object_id, err)) {
		free(object);
		return -1;
	}
	return 0;
}

/* One setting, with each list of injections. */
static void add_setting(struct sweep *sw, const struct plan_reader *r,
			const struct sweep_cell *about, const char *spelled)
{
	struct sweep_cell cell = *about;

	if (!r->nr_injects)
		cell_add(sw, &cell, spelled);
	for (size_t i = 0; i < r->nr_injects; i++) {
		cell.inject = r->injects[i];
		cell_add(sw, &cell, spelled);
	}
}

static int expand_settings(struct sweep *sw, const struct plan_reader *r, const struct group *g,
			   const struct sweep_cell *about, size_t n, struct error *err)
{
	struct policy_setting setting;
	struct strbuf text;

	for (size_t i = 0; i < n; i++) {
		int rc;

		strbuf_init(&text);
		combination(g, i, &text);
		rc = policy_setting_parse(&setting, text.s, err);
		strbuf_release(&text);
		if (rc)
			return error_prefix(err, "[%s]", g->section);
		add_setting(sw, r, about, setting.spelled);
		policy_setting_release(&setting);
	}
	return 0;
}

static int expand_group(struct sweep *sw, const struct plan_reader *r, const struct group *g,
			const struct sweep_cell *about, struct error *err)
{
	size_t n = combinations(g), each = r->nr_injects ? r->nr_injects : 1;
	struct sweep_cell cell = *about;
	int rc;

	if (n > SWEEP_MAX_CELLS || sw->nr + n * each > SWEEP_MAX_CELLS)
		return error_set(err, "[%s]: more than %d cells", g->section, SWEEP_MAX_CELLS);
	if (find_object(g, &cell, err))
		return -1;
	rc = expand_settings(sw, r, g, &cell, n, err);
	free(cell.object);
	return rc;
}

static int expand_capture(struct sweep *sw, const struct plan_reader *r, char *path,
			  struct error *err)
{
	char none[] = "";
	struct sweep_cell about = {.path = path, .object = none, .inject = none};
	struct capture c;

	if (capture_open(&c, path, err))
		return -1;
	memcpy(about.capture_id, c.id, sizeof(about.capture_id));
	capture_release(&c);
	cell_add(sw, &about, STORE_RECORDED);
	for (size_t i = 0; i < r->nr_groups; i++)
		if (expand_group(sw, r, &r->groups[i], &about, err))
			return -1;
	return 0;
}

int sweep_plan(struct sweep *sw, const char *ini, struct error *err)
{
	char *copy = strdup(ini);
	struct plan_reader r = {.file = ini, .base = strdup(dirname(copy)), .err = err};
	int rc;

	*sw = (struct sweep){0};
	free(copy);
	rc = read_file(&r, err);
	memcpy(sw->era, r.era, sizeof(sw->era));
	sw->from = r.from;
	sw->to = r.to;
	for (size_t i = 0; !rc && i < r.nr_captures; i++)
		if ((rc = expand_capture(sw, &r, r.captures[i], err)))
			error_prefix(err, "%s", ini);
	if (!rc && (rc = cells_index(sw, err)))
		error_prefix(err, "%s", ini);
	reader_release(&r);
	if (rc)
		sweep_release(sw);
	return rc;
}
