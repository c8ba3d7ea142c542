/* SPDX-License-Identifier: GPL-2.0-only */
/* What fuzz targets share. */
#ifndef ZR_FUZZ_H
#define ZR_FUZZ_H

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file in memory for readers that want a name. */
struct fuzz_file {
	int fd;
	char path[32];
};

static inline void fuzz_file_init(struct fuzz_file *f, const void *data, size_t size)
{
	f->fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (f->fd < 0 || (size && write(f->fd, data, size) != (ssize_t)size))
		abort();
	snprintf(f->path, sizeof(f->path), "/proc/self/fd/%d", f->fd);
}

static inline void fuzz_file_release(struct fuzz_file *f)
{
	close(f->fd);
}

/* A name that this process may write to; the caller frees it. */
static inline char *fuzz_scratch(const char *name)
{
	const char *dir = getenv("TMPDIR");
	struct strbuf sb;

	strbuf_init(&sb);
	strbuf_printf(&sb, "%s/zonereplay-fuzz-%ld-%s", dir ? dir : "/tmp", (long)getpid(), name);
	return strbuf_detach(&sb);
}

#endif
