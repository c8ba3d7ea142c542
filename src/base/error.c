// SPDX-License-Identifier: GPL-2.0-only
#include "base/base.h"

#include <errno.h>
#include <string.h>

static void set_text(struct error *err, const char *fmt, va_list ap)
{
	int n = vsnprintf(err->text, sizeof(err->text), fmt, ap);

	if (n >= (int)sizeof(err->text))
		err->text[sizeof(err->text) - 2] = '+';
}

int error_set(struct error *err, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	if (err) {
		va_start(ap, fmt);
		set_text(err, fmt, ap);
		va_end(ap);
	}
	errno = saved;
	return -1;
}

int error_prefix(struct error *err, const char *fmt, ...)
{
	int saved = errno;
	struct error old;
	va_list ap;
	size_t len;

	if (err) {
		old = *err;
		va_start(ap, fmt);
		set_text(err, fmt, ap);
		va_end(ap);
		len = strlen(err->text);
		snprintf(err->text + len, sizeof(err->text) - len, ": %s", old.text);
	}
	errno = saved;
	return -1;
}
