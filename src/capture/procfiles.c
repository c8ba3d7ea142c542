// SPDX-License-Identifier: GPL-2.0-only
#include "capture/procfiles.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_TEXT ((size_t)16 << 20)
#define MAX_FRAMES ((uint64_t)1 << 32)

static const char *const names[NR_PROCFILES] = {"zoneinfo", "pagetypeinfo", "buddyinfo",
						"vmstat",   "meminfo",	    "slabinfo"};

void procfiles_read(struct procfiles *p)
{
	char path[64];
	size_t i, len;

	for (i = 0; i < NR_PROCFILES; i++) {
		snprintf(path, sizeof(path), "/proc/%s", names[i]);
		p->text[i] = file_read(path, MAX_TEXT, &len, NULL);
	}
}

void procfiles_release(struct procfiles *p)
{
	size_t i;

	for (i = 0; i < NR_PROCFILES; i++)
		free(p->text[i]);
	memset(p, 0, sizeof(*p));
}

const char *procfiles_text(const struct procfiles *p, const char *name)
{
	size_t i;

	for (i = 0; i < NR_PROCFILES; i++)
		if (!strcmp(names[i], name))
			return p->text[i];
	return NULL;
}

int procfiles_write(const struct procfiles *p, const char *dir, struct error *err)
{
	size_t i;
	char *path;
	int ret = dir_make(dir, err);

	for (i = 0; i < NR_PROCFILES && !ret; i++) {
		if (!p->text[i])
			continue;
		path = path_join(dir, names[i]);
		ret = file_write(path, p->text[i], strlen(p->text[i]), err);
		free(path);
	}
	return ret;
}

static uint64_t end_of_memory(const char *zoneinfo)
{
	unsigned long long spanned = 0, start, end = 0;
	const char *line;

	for (line = zoneinfo; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, " spanned %llu", &spanned) == 1)
			continue;
		if (sscanf(line, " start_pfn: %llu", &start) == 1 && start + spanned > end)
			end = start + spanned;
	}
	return end;
}

static uint64_t *read_frames(const char *path, uint64_t nr)
{
	uint64_t *data = calloc(nr + 1, sizeof(*data));
	size_t done = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && data && done < nr * sizeof(*data)) {
		n = pread(fd, (char *)data + done, nr * sizeof(*data) - done, done);
		if (n <= 0)
			break;
		done += n;
	}
	if (fd >= 0)
		close(fd);
	if (fd >= 0 && done)
		return data;
	free(data);
	return NULL;
}

int procfiles_snapshot(const struct procfiles *p, struct snapshot *s, struct error *err)
{
	const char *zoneinfo = procfiles_text(p, "zoneinfo"),
		   *buddyinfo = procfiles_text(p, "buddyinfo");
	uint64_t nr = zoneinfo ? end_of_memory(zoneinfo) : 0, *flags = NULL, *count = NULL;
	int ret;

	if (nr && nr < MAX_FRAMES) {
		flags = read_frames("/proc/kpageflags", nr);
		count = read_frames("/proc/kpagecount", nr);
	}
	ret = snapshot_from_proc(s, zoneinfo, procfiles_text(p, "pagetypeinfo"), flags, count,
				 flags ? nr : 0, err);
	if (!ret && buddyinfo)
		ret = snapshot_add_buddyinfo(s, buddyinfo, err);
	free(flags);
	free(count);
	return ret;
}
