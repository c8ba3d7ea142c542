/* SPDX-License-Identifier: GPL-2.0-only */
/* A grid of words for people: what text, markdown and HTML have in common. */
#ifndef ZR_REPORT_GRID_H
#define ZR_REPORT_GRID_H

#include "base/base.h"
#include "report/escape.h"

struct grid {
	size_t columns;
	size_t rows;	    /* header rows included */
	size_t header_rows; /* the first ones */
	size_t keep;  /* columns repeated in every block when the grid is wider than the page */
	char **words; /* [row * columns + column], never NULL */
};

void grid_init(struct grid *g, size_t columns, size_t rows);
void grid_release(struct grid *g);
void grid_set(struct grid *g, size_t row, size_t column, const char *fmt, ...) PRINTF_LIKE(4, 5);
const char *grid_get(const struct grid *g, size_t row, size_t column);

/* Aligned columns, the first to the left, the others to the right; @width 0: no limit. */
void grid_text(const struct grid *g, unsigned int width, struct strbuf *out);
/* A pipe table; header rows are joined, because markdown has only one. */
void grid_markdown(const struct grid *g, struct strbuf *out);

#endif
