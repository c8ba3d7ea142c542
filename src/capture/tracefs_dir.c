// SPDX-License-Identifier: GPL-2.0-only
#include "capture/tracefs_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <tracefs.h>
#include <unistd.h>

int tracefs_dir_make(struct tracefs_dir *t, struct error *err)
{
	char path[320];

	memset(t, 0, sizeof(*t));
	t->marker_fd = -1;
	t->root = tracefs_tracing_dir();
	if (!t->root)
		return error_set(
			err,
			"tracefs is not there or cannot be mounted: record as root (CAP_SYS_ADMIN), on a kernel "
			"with CONFIG_TRACING");
	snprintf(t->name, sizeof(t->name), "zonereplay-%d", (int)getpid());
	snprintf(t->path, sizeof(t->path), "%s/instances/%s", t->root, t->name);
	if (mkdir(t->path, 0700))
		return error_set(err, "%s cannot be made (%s): record as root (CAP_SYS_ADMIN)",
				 t->path, strerror(errno));
	t->made = true;
	snprintf(path, sizeof(path), "%s/trace_marker", t->path);
	t->marker_fd = open(path, O_WRONLY | O_CLOEXEC);
	if (t->marker_fd < 0)
		return error_set(err, "%s cannot be opened (%s)", path, strerror(errno));
	return 0;
}

void tracefs_dir_release(struct tracefs_dir *t)
{
	if (t->marker_fd >= 0)
		close(t->marker_fd);
	t->marker_fd = -1;
	if (t->made)
		rmdir(t->path);
	t->made = false;
}

static int write_text(const char *path, int flags, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n < 0 ? -1 : 0;
}

int tracefs_dir_write(const struct tracefs_dir *t, const char *file, const char *text,
		      struct error *err)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", t->path, file);
	if (write_text(path, 0, text))
		return error_set(err, "%s does not take \"%s\" (%s)", path, text, strerror(errno));
	return 0;
}

bool tracefs_dir_has_event(const struct tracefs_dir *t, const char *event)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/events/%s/enable", t->path, event);
	return path_exists(path);
}

int tracefs_dir_enable(const struct tracefs_dir *t, const char *event, struct error *err)
{
	char file[256];

	snprintf(file, sizeof(file), "events/%s/enable", event);
	return tracefs_dir_write(t, file, "1", err);
}

void tracefs_dir_keep_names(const struct tracefs_dir *t, uint32_t nr)
{
	char path[320], text[32];
	uint32_t have = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/saved_cmdlines_size", t->root);
	f = fopen(path, "re");
	if (f && fscanf(f, "%u", &have) != 1)
		have = 0;
	if (f)
		fclose(f);
	snprintf(text, sizeof(text), "%u", nr);
	if (have && have < nr)
		(void)!write_text(path, 0, text);
}

static void add_counts(const char *path, struct tracefs_counts *out)
{
	FILE *f = fopen(path, "re");
	unsigned long long n;
	char line[128];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "entries: %llu", &n) == 1)
			out->entries += n;
		else if (sscanf(line, "overrun: %llu", &n) == 1 ||
			 sscanf(line, "dropped events: %llu", &n) == 1 ||
			 sscanf(line, "commit overrun: %llu", &n) == 1)
			out->lost += n;
	}
	if (f)
		fclose(f);
}

void tracefs_dir_counts(const struct tracefs_dir *t, uint32_t cpu, struct tracefs_counts *out)
{
	char path[320];

	memset(out, 0, sizeof(*out));
	snprintf(path, sizeof(path), "%s/per_cpu/cpu%u/stats", t->path, cpu);
	add_counts(path, out);
}

void tracefs_dir_mark(const struct tracefs_dir *t, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (t->marker_fd >= 0)
		(void)!write(t->marker_fd, text, strlen(text));
}
