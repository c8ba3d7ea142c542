// SPDX-License-Identifier: GPL-2.0-only
/*
 * Captures in and out: a new directory is filled under a temporary name beside its place and
 * renamed when all of it is there.
 */
#include "trace/transfer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- copying ---- */

static int copy_bytes(int in, int out)
{
	char buf[65536];
	ssize_t n, done, wrote;

	while ((n = read(in, buf, sizeof(buf))) > 0) {
		for (done = 0; done < n; done += wrote) {
			wrote = write(out, buf + done, (size_t)(n - done));
			if (wrote <= 0)
				return -1;
		}
	}
	return n ? -1 : 0;
}

static int copy_file(const char *from, const char *to, struct error *err)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int ret = out < 0 ? -1 : copy_bytes(in, out);

	if (in < 0 || out < 0 || ret)
		error_set(err, "cannot copy %s to %s: %s", from, to, strerror(errno));
	if (in >= 0)
		close(in);
	if (out >= 0 && close(out) && !ret)
		ret = error_set(err, "cannot write %s: %s", to, strerror(errno));
	return ret;
}

static bool is_plain_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode);
}

static bool ends_with(const char *name, const char *end)
{
	size_t a = strlen(name), b = strlen(end);

	return a > b && !strcmp(name + a - b, end);
}

/* NULL: all are. */
static bool is_one_of(const char *name, const char *const *names)
{
	for (; names && *names; names++) {
		if (!strcmp(name, *names))
			return true;
	}
	return !names;
}

/* Copies the plain files of @from whose names end in @end, without that, into @to; makes @to when
 * there are any. */
static int copy_ending(const char *from, const char *end, const char *to, const char *const *only,
		       struct error *err)
{
	DIR *dir = opendir(from);
	struct dirent *entry;
	char *source, *target, *name;
	int ret = 0;

	while (dir && !ret && (entry = readdir(dir))) {
		source = path_join(from, entry->d_name);
		if (entry->d_name[0] != '.' && ends_with(entry->d_name, end) &&
		    is_plain_file(source)) {
			name = strndup(entry->d_name, strlen(entry->d_name) - strlen(end));
			target = path_join(to, name ? name : "");
			if (name && is_one_of(name, only))
				ret = dir_make(to, err) || copy_file(source, target, err) ? -1 : 0;
			free(target);
			free(name);
		}
		free(source);
	}
	if (dir)
		closedir(dir);
	return ret;
}

static int copy_state(const char *from, const char *to, const char *const *only, struct error *err)
{
	static const struct {
		const char *dir, *end, *to;
	} parts[] = {
		{"proc-start", "", "proc-start"},
		{"proc-end", "", "proc-end"},
		{"", "-before", "proc-start"}, /* the form without a manifest */
		{"", "-after", "proc-end"},
	};
	static const char *const snaps[] = {"start.snap", "end.snap"};
	char *source, *target;
	int ret = 0;

	for (size_t i = 0; !ret && i < ARRAY_SIZE(parts); i++) {
		source = path_join(from, parts[i].dir);
		target = path_join(to, parts[i].to);
		ret = copy_ending(source, parts[i].end, target, only, err);
		free(source);
		free(target);
	}
	for (size_t i = 0; !ret && i < ARRAY_SIZE(snaps); i++) {
		source = path_join(from, snaps[i]);
		target = path_join(to, snaps[i]);
		ret = path_exists(source) ? copy_file(source, target, err) : 0;
		free(source);
		free(target);
	}
	return ret;
}

/* ---- the manifest of the new capture ---- */

static void set_count(struct manifest *m, const char *key, uint64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	if (n)
		manifest_set(m, key, text);
}

/* What trace.dat says and rows of a CSV cannot. */
static int write_manifest(struct manifest *m, const struct trace *t, const char *dir,
			  struct error *err)
{
	char *path = path_join(dir, "manifest");
	int ret;

	if (!m->release[0])
		snprintf(m->release, sizeof(m->release), "%s", t->release);
	if (!m->arch[0])
		snprintf(m->arch, sizeof(m->arch), "%s", t->arch);
	if (!m->page_size)
		m->page_size = t->page_size;
	if (t->clock[0] && !manifest_get(m, "trace.clock"))
		manifest_set(m, "trace.clock", t->clock);
	set_count(m, "trace.unknown_events", t->defects.unknown_events);
	set_count(m, "trace.malformed", t->defects.malformed);
	set_count(m, "trace.time_backwards", t->defects.time_backwards);
	ret = manifest_save(m, path, err);
	free(path);
	return ret;
}

/* ---- the new directory ---- */

static void remove_files(const char *dir, bool deeper)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	char *path;

	while (d && (entry = readdir(d))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		path = path_join(dir, entry->d_name);
		if (unlink(path) && deeper)
			remove_files(path, false);
		free(path);
	}
	if (d)
		closedir(d);
	rmdir(dir);
}

/* "dir" and "dir/" are the same place. */
static char *place_name(const char *dir, const char *end)
{
	size_t len = strlen(dir);
	struct strbuf sb;

	while (len > 1 && dir[len - 1] == '/')
		len--;
	strbuf_init(&sb);
	strbuf_add(&sb, dir, len);
	strbuf_puts(&sb, end);
	return strbuf_detach(&sb);
}

static int check_place(const char *dir, struct error *err)
{
	struct stat st;

	if (lstat(dir, &st))
		return errno == ENOENT ? 0 : error_set(err, "%s: %s", dir, strerror(errno));
	if (S_ISDIR(st.st_mode) && !rmdir(dir))
		return 0; /* it was empty */
	return error_set(err, "%s is there already; name a new directory", dir);
}

static int fill(const struct transfer *x, const char *dir, struct error *err)
{
	char *path = path_join(dir, x->trace_name);
	int ret;

	ret = x->copy_trace ? copy_file(x->c->trace_path, path, err)
			    : trace_export_csv(x->t, path, x->prog, err);
	free(path);
	if (!ret && x->from)
		ret = copy_state(x->from, dir, x->only, err);
	if (!ret)
		ret = write_manifest(&x->c->manifest, x->t, dir, err);
	return ret;
}

int transfer_make(const struct transfer *x, const char *dir, struct error *err)
{
	char end[40], *temp, *place = place_name(dir, "");
	int ret;

	snprintf(end, sizeof(end), ".%ld.tmp", (long)getpid());
	temp = place_name(dir, end);
	ret = check_place(place, err);
	if (!ret && mkdir(temp, 0777))
		ret = error_set(err, "%s: cannot make the directory: %s", temp, strerror(errno));
	else if (!ret) {
		ret = fill(x, temp, err);
		if (!ret && rename(temp, place))
			ret = error_set(err, "%s: cannot put it in place: %s", place,
					strerror(errno));
		if (ret)
			remove_files(temp, true);
	}
	free(temp);
	free(place);
	return ret;
}

/* ---- export and import ---- */

int capture_export(struct capture *c, const struct trace *t, const char *dir, bool compress,
		   struct progress *prog, struct error *err)
{
	struct transfer x = {.from = c->dir,
			     .trace_name = compress ? "events.csv.zst" : "events.csv",
			     .c = c,
			     .t = t,
			     .prog = prog};

	return transfer_make(&x, dir, err);
}

/* A capture made of one file alone. */
static int open_file(struct capture *c, const char *path, struct error *err)
{
	memset(c, 0, sizeof(*c));
	manifest_init(&c->manifest);
	c->trace_path = strdup(path);
	c->name = strdup(path);
	return c->trace_path && c->name ? 0 : error_set(err, "out of memory");
}

int capture_import(const char *source, const char *kernel, const char *dir, struct progress *prog,
		   struct error *err)
{
	struct stat st;
	struct capture c;
	struct trace t;
	struct transfer x = {.c = &c, .t = &t, .prog = prog};
	enum trace_form form;
	int ret;

	if (stat(source, &st))
		return error_set(err, "%s: %s", source, strerror(errno));
	if (S_ISDIR(st.st_mode) ? capture_open(&c, source, err) : open_file(&c, source, err))
		return -1;
	x.from = c.dir;
	if (kernel && !c.manifest.release[0])
		snprintf(c.manifest.release, sizeof(c.manifest.release), "%s", kernel);
	ret = trace_form_of(c.trace_path, &form, err) || trace_open_form(&t, &c, form, prog, err)
		      ? -1
		      : 0;
	if (!ret) {
		x.copy_trace = form == TRACE_DAT;
		x.trace_name = x.copy_trace ? "trace.dat" : "events.csv";
		ret = transfer_make(&x, dir, err);
		trace_release(&t);
	}
	capture_release(&c);
	return ret;
}
