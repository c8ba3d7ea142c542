// SPDX-License-Identifier: GPL-2.0-only
#include "capture/procfiles.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_TEXT ((size_t)16 << 20)
#define MAX_FRAMES ((uint64_t)1 << 32)

static const char *const names[NR_PROCFILES] = {"zoneinfo", "pagetypeinfo", "buddyinfo",
						"vmstat",   "meminfo",	    "slabinfo"};

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

static void *make_frames(uint64_t nr)
{
	void *p = mmap(NULL, nr * sizeof(uint64_t), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void procfiles_prepare(struct procfiles *p)
{
	size_t len;
	char *zoneinfo = file_read("/proc/zoneinfo", MAX_TEXT, &len, NULL);
	uint64_t nr = zoneinfo ? end_of_memory(zoneinfo) : 0;

	free(zoneinfo);
	if (!nr || nr > MAX_FRAMES)
		return;
	p->nr_frames = nr;
	p->kpageflags = make_frames(nr);
}

static bool read_frames(const char *path, uint64_t *data, uint64_t nr)
{
	size_t done = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && data && done < nr * sizeof(*data)) {
		n = pread(fd, (char *)data + done, nr * sizeof(*data) - done, (off_t)done);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (fd >= 0)
		close(fd);
	return done > 0;
}

static void drop_frames(struct procfiles *p)
{
	if (p->kpageflags)
		munmap(p->kpageflags, p->nr_frames * sizeof(uint64_t));
	p->kpageflags = NULL;
}

void procfiles_read(struct procfiles *p)
{
	char path[64];
	size_t i, len;

	for (i = 0; i < NR_PROCFILES; i++) {
		snprintf(path, sizeof(path), "/proc/%s", names[i]);
		free(p->text[i]);
		p->text[i] = file_read(path, MAX_TEXT, &len, NULL);
	}
	if (p->kpageflags && !read_frames("/proc/kpageflags", p->kpageflags, p->nr_frames))
		drop_frames(p);
}

void procfiles_release(struct procfiles *p)
{
	size_t i;

	drop_frames(p);
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

int procfiles_snapshot(const struct procfiles *p, struct snapshot *s, struct error *err)
{
	const char *buddyinfo = procfiles_text(p, "buddyinfo");
	int ret = snapshot_from_proc(s, procfiles_text(p, "zoneinfo"),
				     procfiles_text(p, "pagetypeinfo"), p->kpageflags, NULL,
				     p->kpageflags ? p->nr_frames : 0, err);

	return ret || !buddyinfo ? ret : snapshot_add_buddyinfo(s, buddyinfo, err);
}
