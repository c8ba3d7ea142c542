// SPDX-License-Identifier: GPL-2.0-only
#include "base/base.h"

#include <errno.h>
#include <string.h>

/* Marks a text that was longer than its place. */
static void mark_cut(struct error *err, size_t wanted)
{
	if (wanted >= sizeof(err->text))
		err->text[sizeof(err->text) - 2] = '+';
}

/* Through a buffer of its own: an argument may be the old text itself. */
static void set_text(struct error *err, const char *fmt, va_list ap)
{
	struct error new;
	int n = vsnprintf(new.text, sizeof(new.text), fmt, ap);

	mark_cut(&new, n < 0 ? 0 : (size_t)n);
	*err = new;
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
	int n;

	if (err) {
		old = *err;
		va_start(ap, fmt);
		set_text(err, fmt, ap);
		va_end(ap);
		len = strlen(err->text);
		n = snprintf(err->text + len, sizeof(err->text) - len, ": %s", old.text);
		mark_cut(err, len + (size_t)n);
	}
	errno = saved;
	return -1;
}
