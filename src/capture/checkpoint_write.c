// SPDX-License-Identifier: GPL-2.0-only
#include "capture/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE 700 /* 6.1's trace_marker takes 1024 bytes at a time */

static const char *const names[CHECKPOINT_NR_FILES] = {"buddyinfo", "pagetypeinfo"};

int checkpoint_writer_init(struct checkpoint_writer *w, int marker_fd, struct error *err)
{
	char path[64];
	int i;

	memset(w, 0, sizeof(*w));
	w->marker_fd = marker_fd;
	for (i = 0; i < CHECKPOINT_NR_FILES; i++) {
		snprintf(path, sizeof(path), "/proc/%s", names[i]);
		w->fds[i] = open(path, O_RDONLY | O_CLOEXEC);
		w->text[i] = malloc(CHECKPOINT_MAX_TEXT);
	}
	if (w->fds[0] < 0)
		return error_set(err, "/proc/buddyinfo cannot be opened (%s): no checkpoints",
				 strerror(errno));
	return 0;
}

void checkpoint_writer_release(struct checkpoint_writer *w)
{
	int i;

	for (i = 0; i < CHECKPOINT_NR_FILES; i++) {
		if (w->text[i] && w->fds[i] >= 0)
			close(w->fds[i]);
		free(w->text[i]);
	}
	memset(w, 0, sizeof(*w));
}

static size_t read_whole(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size) {
		n = pread(fd, buf + len, size - len, len);
		if (n <= 0)
			break;
		len += n;
	}
	return len < size ? len : 0; /* one that fills the buffer was cut */
}

static void mark(const struct checkpoint_writer *w, const char *what)
{
	char text[80];
	int len = snprintf(text, sizeof(text), "zonereplay checkpoint %s %llu", what,
			   (unsigned long long)w->next_id);

	(void)!write(w->marker_fd, text, len);
}

static void write_pieces(const struct checkpoint_writer *w, int file, size_t len)
{
	unsigned long long hash = hash_bytes(w->text[file], len, 0);
	size_t nr = (len + PIECE - 1) / PIECE, i, size;
	char text[PIECE + 160];
	int head;

	for (i = 0; i < nr; i++) {
		head = snprintf(text, 160, "zonereplay checkpoint data %llu %zu/%zu %s %016llx\n",
				(unsigned long long)w->next_id, i, nr, names[file], hash);
		size = len - i * PIECE < PIECE ? len - i * PIECE : PIECE;
		memcpy(text + head, w->text[file] + i * PIECE, size);
		text[head + size] = '.'; /* readers may cut white space at the end of a text */
		(void)!write(w->marker_fd, text, head + size + 1);
	}
}

void checkpoint_write(struct checkpoint_writer *w)
{
	size_t len[CHECKPOINT_NR_FILES] = {0};
	int i;

	mark(w, "begin");
	for (i = 0; i < CHECKPOINT_NR_FILES; i++)
		if (w->fds[i] >= 0)
			len[i] = read_whole(w->fds[i], w->text[i], CHECKPOINT_MAX_TEXT);
	mark(w, "end");
	for (i = 0; i < CHECKPOINT_NR_FILES; i++)
		write_pieces(w, i, len[i]);
	w->next_id++;
}
