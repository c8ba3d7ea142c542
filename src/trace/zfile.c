// SPDX-License-Identifier: GPL-2.0-only
/* stdio streams over zstd files. */
#include "trace/pack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define LEVEL 3
#define BUFFER (128u << 10)

struct zfile {
	FILE *f; /* the compressed file */
	ZSTD_CCtx *c;
	ZSTD_DCtx *d;
	ZSTD_inBuffer in;
	bool ended; /* the last frame was complete */
	char buf[BUFFER];
};

static bool is_zstd(const char *name)
{
	size_t len = strlen(name);

	return len > 4 && !strcmp(name + len - 4, ".zst");
}

static int zfile_close(void *cookie)
{
	struct zfile *z = cookie;
	int ret = fclose(z->f);

	ZSTD_freeCCtx(z->c);
	ZSTD_freeDCtx(z->d);
	free(z);
	return ret;
}

/* ---- reading ---- */

static ssize_t read_some(void *cookie, char *buf, size_t size)
{
	struct zfile *z = cookie;
	ZSTD_outBuffer out = {buf, size, 0};
	size_t ret;

	while (!out.pos) {
		if (z->in.pos == z->in.size) {
			z->in.pos = 0;
			z->in.size = fread(z->buf, 1, sizeof(z->buf), z->f);
			if (!z->in.size && (ferror(z->f) || !z->ended)) {
				errno = EIO; /* cut off */
				return -1;
			}
			if (!z->in.size)
				return 0;
		}
		ret = ZSTD_decompressStream(z->d, &out, &z->in);
		if (ZSTD_isError(ret)) {
			errno = EILSEQ;
			return -1;
		}
		z->ended = ret == 0;
	}
	return (ssize_t)out.pos;
}

static FILE *refuse(struct zfile *z, FILE *f, const char *path, struct error *err)
{
	error_set(err, "%s: cannot open: %s", path, strerror(errno));
	if (z) {
		ZSTD_freeCCtx(z->c);
		ZSTD_freeDCtx(z->d);
	}
	free(z);
	if (f)
		fclose(f);
	return NULL;
}

FILE *zfile_read(const char *path, struct error *err)
{
	static const cookie_io_functions_t io = {.read = read_some, .close = zfile_close};
	FILE *f = fopen(path, "re"), *out;
	struct zfile *z;

	if (!f || !is_zstd(path))
		return f ? f : refuse(NULL, f, path, err);
	z = calloc(1, sizeof(*z));
	if (!z || !(z->d = ZSTD_createDCtx()))
		return refuse(z, f, path, err);
	z->f = f;
	z->in.src = z->buf;
	out = fopencookie(z, "r", io);
	return out ? out : refuse(z, f, path, err);
}

/* ---- writing ---- */

static bool push(struct zfile *z, ZSTD_inBuffer *in, ZSTD_EndDirective how)
{
	ZSTD_outBuffer out;
	size_t left;

	do {
		out = (ZSTD_outBuffer){z->buf, sizeof(z->buf), 0};
		left = ZSTD_compressStream2(z->c, &out, in, how);
		if (ZSTD_isError(left)) {
			errno = EIO;
			return false;
		}
		if (fwrite(z->buf, 1, out.pos, z->f) != out.pos)
			return false;
	} while (how == ZSTD_e_end ? left : in->pos < in->size);
	return true;
}

static ssize_t write_some(void *cookie, const char *buf, size_t size)
{
	ZSTD_inBuffer in = {buf, size, 0};

	return push(cookie, &in, ZSTD_e_continue) ? (ssize_t)size : 0;
}

static int finish(void *cookie)
{
	struct zfile *z = cookie;
	ZSTD_inBuffer in = {NULL, 0, 0};
	bool fine = push(z, &in, ZSTD_e_end);

	return zfile_close(z) || !fine ? EOF : 0;
}

FILE *zfile_write(const char *path, const char *name, struct error *err)
{
	static const cookie_io_functions_t io = {.write = write_some, .close = finish};
	FILE *f = fopen(path, "we"), *out;
	struct zfile *z;

	if (!f || !is_zstd(name))
		return f ? f : refuse(NULL, f, path, err);
	z = calloc(1, sizeof(*z));
	if (!z || !(z->c = ZSTD_createCCtx()))
		return refuse(z, f, path, err);
	ZSTD_CCtx_setParameter(z->c, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(z->c, ZSTD_c_checksumFlag, 1);
	z->f = f;
	out = fopencookie(z, "w", io);
	return out ? out : refuse(z, f, path, err);
}
