// SPDX-License-Identifier: GPL-2.0-only
/* Opening a capture directory: what is there, what can be known without reading the trace itself.
 */
#include "capture/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_PROC_TEXT (64u << 20)

/* The first of @names that is there, as a path that the caller frees; NULL when none is. */
static char *first_present(const char *dir, const char *const *names)
{
	char *path;

	for (; *names; names++) {
		path = path_join(dir, *names);
		if (path_exists(path))
			return path;
		free(path);
	}
	return NULL;
}

static int check_directory(const char *dir, struct error *err)
{
	struct stat st;

	if (stat(dir, &st))
		return error_set(err,
				 "%s: %s; name a directory made by \"zonereplay capture\" or "
				 "\"zonereplay import\"",
				 dir, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return error_set(
			err,
			"%s is a file, but a capture is a directory; bring the file into one with "
			"\"zonereplay import -o DIR %s\"",
			dir, dir);
	return 0;
}

/* ---- the trace ---- */

static int find_trace(struct capture *c, struct error *err)
{
	static const char *const names[] = {"trace.dat", "events.csv", "events.csv.zst", NULL};
	size_t len;

	c->trace_path = first_present(c->dir, names);
	if (!c->trace_path)
		return error_set(err,
				 "%s holds neither trace.dat nor events.csv; record one with "
				 "\"zonereplay capture -o DIR\"",
				 c->dir);
	len = strlen(c->trace_path);
	c->trace_is_csv = strcmp(c->trace_path + len - strlen("trace.dat"), "trace.dat") != 0;
	return 0;
}

/* ---- the state at the start and the end ---- */

struct state_files {
	const char *snap;
	const char *zoneinfo[3], *pagetypeinfo[3], *buddyinfo[3];
};

static const struct state_files start_files = {
	.snap = "start.snap",
	.zoneinfo = {"proc-start/zoneinfo", "zoneinfo-before"},
	.pagetypeinfo = {"proc-start/pagetypeinfo", "pagetypeinfo-before"},
	.buddyinfo = {"proc-start/buddyinfo", "buddyinfo-before"},
};
static const struct state_files end_files = {
	.snap = "end.snap",
	.zoneinfo = {"proc-end/zoneinfo", "zoneinfo-after"},
	.pagetypeinfo = {"proc-end/pagetypeinfo", "pagetypeinfo-after"},
	.buddyinfo = {"proc-end/buddyinfo", "buddyinfo-after"},
};

/* The text of the first of @names; *text stays NULL when none is there or it is empty (not readable
 * then). */
static int read_text(const char *dir, const char *const *names, char **text, struct error *err)
{
	char *path = first_present(dir, names);
	size_t len;

	*text = NULL;
	if (!path)
		return 0;
	*text = file_read(path, MAX_PROC_TEXT, &len, err);
	free(path);
	if (!*text)
		return -1;
	if (!len) {
		free(*text);
		*text = NULL;
	}
	return 0;
}

static int counts_from_texts(struct snapshot *s, const char *zoneinfo, const char *pagetypeinfo,
			     const char *buddyinfo, struct error *err)
{
	if (snapshot_from_proc(s, zoneinfo, pagetypeinfo, NULL, NULL, 0, err))
		return -1;
	return zoneinfo && buddyinfo ? snapshot_add_buddyinfo(s, buddyinfo, err) : 0;
}

static int counts_from_files(struct snapshot *s, const char *dir, const struct state_files *files,
			     struct error *err)
{
	char *zoneinfo = NULL, *pagetypeinfo = NULL, *buddyinfo = NULL;
	int ret = -1;

	if (!read_text(dir, files->zoneinfo, &zoneinfo, err) &&
	    !read_text(dir, files->pagetypeinfo, &pagetypeinfo, err) &&
	    !read_text(dir, files->buddyinfo, &buddyinfo, err)) {
		ret = counts_from_texts(s, zoneinfo, pagetypeinfo, buddyinfo, err);
		if (ret)
			error_prefix(err, "%s", dir);
	}
	free(zoneinfo);
	free(pagetypeinfo);
	free(buddyinfo);
	return ret;
}

static int load_state(struct snapshot *s, const char *dir, const struct state_files *files,
		      struct error *err)
{
	char *path = path_join(dir, files->snap);
	int ret;

	if (path_exists(path))
		ret = snapshot_load(s, path, err);
	else
		ret = counts_from_files(s, dir, files, err);
	free(path);
	return ret;
}

/* ---- what the manifest does not say, the snapshot may ---- */

static void types_from_pagetypeinfo(struct manifest *m, const char *dir)
{
	char *text, *line;
	size_t nr = 0;
	int used;

	if (read_text(dir, start_files.pagetypeinfo, &text, NULL) || !text)
		return;
	line = strstr(text, "Number of blocks type");
	if (line) {
		line += strlen("Number of blocks type");
		line[strcspn(line, "\n")] = '\0';
		while (nr < SNAP_MAX_TYPES &&
		       sscanf(line, " %15s%n", m->migratetypes[nr], &used) == 1) {
			line += used;
			nr++;
		}
	}
	free(text);
}

/* The proc files were read when the snapshot was done: was no page unevictable any more? */
static bool nothing_unevictable(const char *dir)
{
	static const char key[] = "nr_zone_unevictable ";
	bool seen = false, none = true;
	char *text;

	if (read_text(dir, start_files.zoneinfo, &text, NULL) || !text)
		return false;
	for (const char *at = text; (at = strstr(at, key)); seen = true) {
		at += strlen(key);
		none &= strtoull(at, NULL, 10) == 0;
	}
	free(text);
	return seen && none;
}

static void complete_manifest(struct capture *c)
{
	struct manifest *m = &c->manifest;
	const struct snapshot *s = &c->start;

	if (!m->nr_orders)
		m->nr_orders = s->nr_orders;
	if (!m->pageblock_order)
		m->pageblock_order = s->pageblock_order;
	if (!m->nr_cpus)
		m->nr_cpus = s->nr_cpus;
	for (size_t i = 0; i < s->nr_zones; i++) {
		if ((uint32_t)s->zones[i].node >= m->nr_nodes)
			m->nr_nodes = (uint32_t)s->zones[i].node + 1;
	}
	if (!m->migratetypes[0][0])
		types_from_pagetypeinfo(m, c->dir);
}

static int load_manifest(struct capture *c, struct error *err)
{
	char *path = path_join(c->dir, "manifest");
	int ret = path_exists(path) ? manifest_load(&c->manifest, path, err) : 0;

	free(path);
	return ret;
}

/* ---- identity ---- */

static int make_id(struct capture *c, struct error *err)
{
	static const char *const names[] = {"start.snap",	   "proc-start/zoneinfo",
					    "zoneinfo-before",	   "proc-start/pagetypeinfo",
					    "pagetypeinfo-before", NULL};
	const char *first[2] = {NULL, NULL};
	struct strbuf all;
	char digest[33];
	char *path;

	if (hash_file(c->trace_path, c->id, err))
		return -1;
	strbuf_init(&all);
	strbuf_puts(&all, c->id);
	for (size_t i = 0; names[i]; i++) {
		first[0] = names[i];
		path = first_present(c->dir, first);
		if (path && !hash_file(path, digest, NULL))
			strbuf_puts(&all, digest);
		free(path);
	}
	snprintf(c->id, sizeof(c->id), "%016llx%016llx",
		 (unsigned long long)hash_bytes(all.s, all.len, 0),
		 (unsigned long long)hash_bytes(all.s, all.len, 1));
	strbuf_release(&all);
	return 0;
}

/* "a/b/" is called "b"; "." by the directory it stands for. */
static char *name_of(const char *dir)
{
	char *real = realpath(dir, NULL);
	const char *slash = real ? strrchr(real, '/') : NULL;
	char *name = strdup(slash && slash[1] ? slash + 1 : "capture");

	free(real);
	return name;
}

int capture_open(struct capture *c, const char *dir, struct error *err)
{
	memset(c, 0, sizeof(*c));
	manifest_init(&c->manifest);
	snapshot_init(&c->start);
	snapshot_init(&c->end);
	c->dir = strdup(dir);
	c->name = name_of(dir);
	if (!c->dir || !c->name) {
		capture_release(c);
		return error_set(err, "out of memory");
	}
	if (check_directory(dir, err) || find_trace(c, err) || load_manifest(c, err) ||
	    load_state(&c->start, dir, &start_files, err) ||
	    load_state(&c->end, dir, &end_files, err) || make_id(c, err)) {
		capture_release(c);
		return -1;
	}
	complete_manifest(c);
	c->unlocked = nothing_unevictable(dir);
	return 0;
}

void capture_release(struct capture *c)
{
	free(c->dir);
	free(c->name);
	free(c->trace_path);
	manifest_release(&c->manifest);
	snapshot_release(&c->start);
	snapshot_release(&c->end);
	memset(c, 0, sizeof(*c));
}
