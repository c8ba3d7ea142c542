// SPDX-License-Identifier: GPL-2.0-only
#include "capture/live.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void mark(int fd, const char *what, uint64_t id)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "zonereplay snapshot %s %llu", what,
			   (unsigned long long)id);

	if (fd >= 0)
		(void)!write(fd, text, len);
}

static void read_frames(int fd, uint64_t *out, uint64_t nr)
{
	ssize_t n;
	size_t done = 0;

	while (done < nr * sizeof(*out)) {
		n = pread(fd, (char *)out + done, nr * sizeof(*out) - done, done);
		if (n <= 0)
			break; /* past the last frame that this file knows */
		done += n;
	}
}

static int read_kcore(struct live *l, uint32_t pass, struct error *err)
{
	size_t i;
	int bad = 0;

	for (i = 0; i < l->nr_regions; i++)
		bad |= kcore_read(&l->kcore, l->regions[i].addr, l->buf[pass] + l->regions[i].pos,
				  l->regions[i].len);
	kcore_read_present(&l->kcore, l->vmemmap, l->buf[pass] + l->pages_pos,
			   l->nr_frames * l->layout.page_size);
	return bad ? error_set(err, "/proc/kcore: a kernel structure could not be read") : 0;
}

int live_read(struct live *l, uint32_t pass, int marker_fd, uint64_t id, struct error *err)
{
	int ret;

	mark(marker_fd, "begin", id);
	ret = live_pass_by_bpf(l, pass) ? live_walk(l, pass, err) : read_kcore(l, pass, err);
	mark(marker_fd, "end", id);
	return ret;
}

void live_read_frames(struct live *l, int marker_fd, uint64_t id)
{
	read_frames(l->fd_flags, l->kpageflags, l->nr_frames);
	read_frames(l->fd_count, l->kpagecount, l->nr_frames);
	mark(marker_fd, "frames", id);
}
