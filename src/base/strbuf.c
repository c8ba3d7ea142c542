// SPDX-License-Identifier: GPL-2.0-only
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

/* Every empty string buffer points here; cap == 0 says that nobody may write to it. */
static char empty[1];

void strbuf_init(struct strbuf *sb)
{
	*sb = (struct strbuf){.s = empty};
}

void strbuf_release(struct strbuf *sb)
{
	if (sb->cap)
		free(sb->s);
	strbuf_init(sb);
}

void strbuf_clear(struct strbuf *sb)
{
	sb->len = 0;
	if (sb->cap)
		sb->s[0] = '\0';
}

/* Makes room for @more bytes and the final NUL. */
static void strbuf_grow(struct strbuf *sb, size_t more)
{
	size_t cap = sb->cap ? sb->cap : 32;
	size_t need;
	char *s;

	if (__builtin_add_overflow(sb->len, more, &need) || need > SIZE_MAX / 4)
		abort();
	need++;
	if (need <= sb->cap)
		return;
	while (cap < need)
		cap *= 2;
	s = realloc(sb->cap ? sb->s : NULL, cap);
	if (!s)
		abort();
	s[sb->len] = '\0';
	sb->s = s;
	sb->cap = cap;
}

void strbuf_add(struct strbuf *sb, const void *data, size_t len)
{
	if (!len)
		return;
	strbuf_grow(sb, len);
	memcpy(sb->s + sb->len, data, len);
	sb->len += len;
	sb->s[sb->len] = '\0';
}

void strbuf_puts(struct strbuf *sb, const char *s)
{
	strbuf_add(sb, s, strlen(s));
}

void strbuf_printf(struct strbuf *sb, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	strbuf_grow(sb, (size_t)n);
	va_start(ap, fmt);
	vsnprintf(sb->s + sb->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	sb->len += (size_t)n;
}

/*
 * Length of the UTF-8 character that starts at @s, 0 if what is there is none (RFC 3629: no
 * overlong forms, no surrogates, nothing above U+10FFFF). Never reads past the NUL.
 */
static size_t utf8_length(const unsigned char *s)
{
	unsigned char lo = 0x80, hi = 0xbf;
	size_t n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (s[0] == 0xe0)
		lo = 0xa0;
	else if (s[0] == 0xed)
		hi = 0x9f;
	else if (s[0] == 0xf0)
		lo = 0x90;
	else if (s[0] == 0xf4)
		hi = 0x8f;
	if (s[1] < lo || s[1] > hi)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static void json_ascii(struct strbuf *sb, unsigned char c)
{
	static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: byte, its letter */

	for (const char *p = letters; *p; p += 2) {
		if ((unsigned char)p[0] == c) {
			strbuf_printf(sb, "\\%c", p[1]);
			return;
		}
	}
	if (c < 0x20 || c == 0x7f)
		strbuf_printf(sb, "\\u%04x", c);
	else
		strbuf_add(sb, &c, 1);
}

void strbuf_json(struct strbuf *sb, const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	while (*p) {
		size_t n = utf8_length(p);

		if (n == 1)
			json_ascii(sb, *p);
		else if (n)
			strbuf_add(sb, p, n);
		else
			strbuf_puts(sb, "\xef\xbf\xbd"); /* U+FFFD */
		p += n ? n : 1;
	}
}

char *strbuf_detach(struct strbuf *sb)
{
	char *s;

	strbuf_grow(sb, 0);
	s = sb->s;
	strbuf_init(sb);
	return s;
}
