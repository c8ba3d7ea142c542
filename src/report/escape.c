// SPDX-License-Identifier: GPL-2.0-only
#include "report/escape.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>

/* ---- what can be seen ---- */

/* The character at @s and its length in bytes; 0: no UTF-8 begins here. */
static size_t decode(const unsigned char *s, uint32_t *c)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = *s < 0x80	 ? 1
		     : *s < 0xc2 ? 0
		     : *s < 0xe0 ? 2
		     : *s < 0xf0 ? 3
		     : *s < 0xf5 ? 4
				 : 0;

	if (len <= 1) {
		*c = *s;
		return len;
	}
	*c = *s & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (s[i] & 0x3fu);
	}
	if (*c < least[len] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff))
		return 0;
	return len;
}

static bool unseen(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad ||
	       c == 0x61c ||		       /* Arabic letter mark */
	       (c >= 0x200b && c <= 0x200f) || /* without width; left and right marks */
	       (c >= 0x2028 && c <= 0x202e) || /* line ends, embeddings, overrides */
	       (c >= 0x2060 && c <= 0x206f) || /* isolates */
	       c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

/* Every character goes to @put, those that cannot be seen as their spelling. */
static void each_character(struct strbuf *out, const char *text,
			   void (*put)(struct strbuf *out, const char *bytes, size_t len))
{
	const unsigned char *s = (const unsigned char *)text;

	while (*s) {
		char spelled[16];
		uint32_t c;
		size_t len = decode(s, &c);

		if (len && !unseen(c)) {
			put(out, (const char *)s, len);
		} else {
			snprintf(spelled, sizeof(spelled), len && c > 0xff ? "\\u%04x" : "\\x%02x",
				 len ? c : *s);
			for (const char *p = spelled; *p; p++)
				put(out, p, 1);
		}
		s += len ? len : 1;
	}
}

static void put_plain(struct strbuf *out, const char *bytes, size_t len)
{
	strbuf_add(out, bytes, len);
}

void visible_text(struct strbuf *out, const char *text)
{
	each_character(out, text, put_plain);
}

/* ---- by format ---- */

static void put_html(struct strbuf *out, const char *bytes, size_t len)
{
	static const char special[] = "&<>\"'";
	static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
	const char *found = memchr(special, *bytes, sizeof(special) - 1);

	if (found)
		strbuf_puts(out, entities[found - special]);
	else
		strbuf_add(out, bytes, len);
}

void html_text(struct strbuf *out, const char *text)
{
	each_character(out, text, put_html);
}

static void put_markdown(struct strbuf *out, const char *bytes, size_t len)
{
	/* "]" ends a link's text only before one of these; a range like [1..2] stays readable. */
	if (strchr("|*_<`\\&", *bytes) || (*bytes == ']' && bytes[1] && strchr("([:", bytes[1])))
		strbuf_puts(out, "\\");
	strbuf_add(out, bytes, len);
}

void markdown_text(struct strbuf *out, const char *text)
{
	each_character(out, text, put_markdown);
}

void csv_field(struct strbuf *out, bool first, const char *text)
{
	struct strbuf seen;
	char *quoted;

	strbuf_init(&seen);
	if (*text && strchr("=+-@", *text))
		strbuf_puts(&seen, "'");
	visible_text(&seen, text);
	if (!first)
		strbuf_puts(out, ",");
	if (!strpbrk(seen.s, ",\"") && *seen.s != ' ') {
		strbuf_puts(out, seen.s);
	} else {
		quoted = malloc(2 * seen.len + 2);
		if (!quoted)
			abort();
		strbuf_add(out, quoted, csv_write(quoted, 2 * seen.len + 2, seen.s, seen.len));
		free(quoted);
	}
	strbuf_release(&seen);
}

static void put_gnuplot(struct strbuf *out, const char *bytes, size_t len)
{
	if (*bytes == '\'')
		strbuf_puts(out, "\xe2\x80\x99"); /* right single quotation mark */
	else if (*bytes == '`')
		strbuf_puts(out, "\xe2\x80\x98"); /* and the left one */
	else
		strbuf_add(out, bytes, len);
}

void gnuplot_text(struct strbuf *out, const char *text)
{
	each_character(out, text, put_gnuplot);
}

void json_in_html(struct strbuf *out, const char *json)
{
	while (*json) {
		size_t plain = strcspn(json, "<\n");

		strbuf_add(out, json, plain);
		json += plain;
		if (*json == '<') {
			strbuf_puts(out, "\\u003c");
			json++;
		} else {
			json += strspn(json, "\n ");
		}
	}
}
