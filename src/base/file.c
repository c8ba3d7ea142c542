// SPDX-License-Identifier: GPL-2.0-only
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *too_big(const char *path, size_t max, struct error *err)
{
	error_set(err, "%s: is larger than the %zu bytes allowed here; is it the right file?", path,
		  max);
	return NULL;
}

/*
 * Reads until the end whatever fstat says: files in /proc claim a size of 0. One byte more than
 * allowed is asked for, to tell a file of @max bytes from a larger one.
 */
static char *read_all(int fd, const char *path, size_t max, size_t *len, struct error *err)
{
	struct strbuf sb;
	char chunk[65536];
	ssize_t n;

	strbuf_init(&sb);
	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			error_set(err, "%s: cannot read: %s", path, strerror(errno));
			strbuf_release(&sb);
			return NULL;
		}
		if ((size_t)n > max - sb.len) {
			strbuf_release(&sb);
			return too_big(path, max, err);
		}
		strbuf_add(&sb, chunk, (size_t)n);
	}
	if (len)
		*len = sb.len;
	return strbuf_detach(&sb);
}

char *file_read(const char *path, size_t max, size_t *len, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	struct stat st;

	if (fd < 0) {
		error_set(err, "%s: cannot open: %s", path, strerror(errno));
		return NULL;
	}
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		error_set(err, "%s: is a directory, and a file is needed here", path);
	else if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size > max)
		too_big(path, max, err);
	else
		text = read_all(fd, path, max, len, err);
	close(fd);
	return text;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A device or a pipe cannot be replaced by rename; what is written there is written. */
static int write_special(const char *path, const void *data, size_t len, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret = -1;

	if (fd >= 0) {
		ret = write_all(fd, data, len);
		if (close(fd) < 0)
			ret = -1;
	}
	if (ret < 0)
		error_set(err, "%s: cannot write: %s", path, strerror(errno));
	return ret;
}

/* Opens a new file next to @path and gives its name, which the caller frees. */
static int open_beside(const char *path, char **name)
{
	struct strbuf sb;
	int fd = -1;

	strbuf_init(&sb);
	for (int i = 0; i < 100; i++) {
		strbuf_clear(&sb);
		strbuf_printf(&sb, "%s.%ld-%d.tmp", path, (long)getpid(), i);
		fd = open(sb.s, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd >= 0 || errno != EEXIST)
			break;
	}
	*name = strbuf_detach(&sb);
	return fd;
}

static int write_and_rename(const char *path, const void *data, size_t len)
{
	char *name;
	int fd = open_beside(path, &name);
	int ret = -1, saved;

	if (fd >= 0) {
		ret = write_all(fd, data, len);
		if (ret == 0)
			ret = fsync(fd);
		saved = errno;
		if (close(fd) < 0 && ret == 0)
			ret = -1;
		else
			errno = saved;
		if (ret == 0)
			ret = rename(name, path);
		saved = errno;
		if (ret < 0)
			unlink(name);
		errno = saved;
	}
	saved = errno;
	free(name);
	errno = saved;
	return ret;
}

int file_write(const char *path, const void *data, size_t len, struct error *err)
{
	char *target = NULL;
	struct stat st;
	int ret;

	if (stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return error_set(err, "%s: is a directory, and a file is to be written",
					 path);
		if (!S_ISREG(st.st_mode))
			return write_special(path, data, len, err);
		target = realpath(path, NULL); /* a symbolic link stays one */
	}
	ret = write_and_rename(target ? target : path, data, len);
	if (ret < 0)
		error_set(err, "%s: cannot write: %s", path, strerror(errno));
	free(target);
	return ret;
}

char *path_join(const char *dir, const char *name)
{
	size_t len = strlen(dir);
	struct strbuf sb;

	strbuf_init(&sb);
	strbuf_puts(&sb, dir);
	if (len && dir[len - 1] != '/')
		strbuf_puts(&sb, "/");
	strbuf_puts(&sb, name);
	return strbuf_detach(&sb);
}

bool path_exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

int dir_make(const char *path, struct error *err)
{
	struct stat st;

	if (mkdir(path, 0777) == 0)
		return 0;
	if (errno != EEXIST)
		return error_set(err, "%s: cannot make this directory: %s", path, strerror(errno));
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	return error_set(err, "%s: is there already and is not a directory; choose another name",
			 path);
}
