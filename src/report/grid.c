// SPDX-License-Identifier: GPL-2.0-only
#include "report/grid.h"

#include <stdlib.h>
#include <string.h>

void grid_init(struct grid *g, size_t columns, size_t rows)
{
	*g = (struct grid){.columns = columns, .rows = rows, .header_rows = 1, .keep = 1};
	g->words = calloc(columns * rows + 1, sizeof(*g->words));
	if (!g->words)
		abort(); /* as strbuf does */
}

void grid_release(struct grid *g)
{
	for (size_t i = 0; i < g->columns * g->rows; i++)
		free(g->words[i]);
	free(g->words);
	g->words = NULL;
}

void grid_set(struct grid *g, size_t row, size_t column, const char *fmt, ...)
{
	char **word = &g->words[row * g->columns + column];
	struct strbuf seen;
	char *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	strbuf_init(&seen);
	visible_text(&seen, text);
	free(text);
	free(*word);
	*word = strbuf_detach(&seen);
}

const char *grid_get(const struct grid *g, size_t row, size_t column)
{
	const char *word = g->words[row * g->columns + column];

	return word ? word : "";
}

/* Columns of a terminal that a word takes: characters of UTF-8, not bytes. */
static size_t word_width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

static size_t column_width(const struct grid *g, size_t column)
{
	size_t width = 0;

	for (size_t row = 0; row < g->rows; row++) {
		size_t n = word_width(grid_get(g, row, column));

		if (n > width)
			width = n;
	}
	return width;
}

static void add_spaces(struct strbuf *out, size_t n)
{
	while (n--)
		strbuf_puts(out, " ");
}

static void text_word(const struct grid *g, size_t row, size_t column, struct strbuf *out)
{
	const char *word = grid_get(g, row, column);
	size_t pad = column_width(g, column) - word_width(word);

	if (column)
		add_spaces(out, 2 + pad);
	strbuf_puts(out, word);
	if (!column)
		add_spaces(out, pad);
}

static void trim_line(struct strbuf *out)
{
	while (out->len && out->s[out->len - 1] == ' ')
		out->s[--out->len] = '\0';
	strbuf_puts(out, "\n");
}

/* The kept columns and those of [first, end). */
static void text_block(const struct grid *g, size_t first, size_t end, struct strbuf *out)
{
	for (size_t row = 0; row < g->rows; row++) {
		for (size_t column = 0; column < g->keep; column++)
			text_word(g, row, column, out);
		for (size_t column = first; column < end; column++)
			text_word(g, row, column, out);
		trim_line(out);
	}
}

void grid_text(const struct grid *g, unsigned int width, struct strbuf *out)
{
	size_t first = g->keep < g->columns ? g->keep : g->columns;
	size_t kept = 0;

	for (size_t column = 0; column < first; column++)
		kept += column_width(g, column) + 2;
	do {
		size_t used = kept;
		size_t end = first;

		while (end < g->columns &&
		       (!width || end == first || used + column_width(g, end) <= width))
			used += column_width(g, end++) + 2;
		text_block(g, first, end, out);
		if (end < g->columns)
			strbuf_puts(out, "\n");
		first = end;
	} while (first < g->columns);
}

static void markdown_word(struct strbuf *out, const char *word)
{
	size_t len = strlen(word);
	char *trimmed;

	while (len && word[len - 1] == ' ')
		len--;
	trimmed = strndup(word, len);
	if (!trimmed)
		abort();
	markdown_text(out, trimmed);
	free(trimmed);
}

void grid_markdown(const struct grid *g, struct strbuf *out)
{
	strbuf_puts(out, "|");
	for (size_t column = 0; column < g->columns; column++) {
		for (size_t row = 0; row < g->header_rows; row++) {
			if (row && *grid_get(g, row, column))
				strbuf_puts(out, "<br>");
			markdown_word(out, grid_get(g, row, column));
		}
		strbuf_puts(out, " |");
	}
	strbuf_puts(out, "\n|");
	for (size_t column = 0; column < g->columns; column++)
		strbuf_puts(out, column ? "---:|" : "---|");
	strbuf_puts(out, "\n");
	for (size_t row = g->header_rows; row < g->rows; row++) {
		strbuf_puts(out, "|");
		for (size_t column = 0; column < g->columns; column++) {
			strbuf_puts(out, " ");
			markdown_word(out, grid_get(g, row, column));
			strbuf_puts(out, " |");
		}
		strbuf_puts(out, "\n");
	}
}
