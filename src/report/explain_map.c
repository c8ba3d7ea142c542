// SPDX-License-Identifier: GPL-2.0-only
/* The pageblocks of a machine as characters: one per pageblock, or per several when they are many.
 */
#include <inttypes.h>

#include "report/explain.h"

#define MAX_ROWS 24u
#define MARGIN 14u /* "  0x123456789 " */

static const struct {
	char character;
	const char *colour; /* ANSI: also told apart by the character */
	const char *words;
} cells[EXPLAIN_CELL_NR] = {
	[EXPLAIN_CELL_HOLE] = {' ', "", "no memory"},
	[EXPLAIN_CELL_FREE] = {'.', "\033[32m", "free"},
	[EXPLAIN_CELL_LOOSE] = {'-', "\033[36m", "movable, under half"},
	[EXPLAIN_CELL_MOVABLE] = {'m', "\033[34m", "movable"},
	[EXPLAIN_CELL_MIXED] = {'x', "\033[31m", "movable and not"},
	[EXPLAIN_CELL_UNMOVABLE] = {'U', "\033[33m", "unmovable"},
	[EXPLAIN_CELL_HUGE] = {'H', "\033[35m", "huge page"},
};

/* Which of several blocks is shown: the one that says most of what is in the way. */
static uint8_t worst(const struct explain_map *map, uint32_t from, uint32_t nr)
{
	static const uint8_t rank[EXPLAIN_CELL_NR] = {
		[EXPLAIN_CELL_HOLE] = 0,  [EXPLAIN_CELL_FREE] = 1,    [EXPLAIN_CELL_LOOSE] = 2,
		[EXPLAIN_CELL_HUGE] = 3,  [EXPLAIN_CELL_MOVABLE] = 4, [EXPLAIN_CELL_UNMOVABLE] = 5,
		[EXPLAIN_CELL_MIXED] = 6,
	};
	uint8_t cell = EXPLAIN_CELL_HOLE;

	for (uint32_t i = from; i < from + nr && i < map->nr; i++)
		if (rank[map->cells[i]] > rank[cell])
			cell = map->cells[i];
	return cell;
}

static void put_legend(const struct explain_print *p, uint32_t per_cell, uint32_t order,
		       bool marked, struct strbuf *out)
{
	uint32_t column = 0;

	strbuf_printf(out, "  one character is %u %s of order %u%s\n", per_cell,
		      per_cell == 1 ? "pageblock" : "pageblocks", order,
		      per_cell == 1 ? "" : ", the worst of them");
	for (int i = EXPLAIN_CELL_FREE; i < EXPLAIN_CELL_NR; i++) {
		uint32_t len =
			(uint32_t)snprintf(NULL, 0, "  %c %s", cells[i].character, cells[i].words);

		if (column + len > p->width && column) {
			strbuf_puts(out, "\n");
			column = 0;
		}
		column += len;
		strbuf_printf(out, "  %s%c%s %s", p->colour ? cells[i].colour : "",
			      cells[i].character, p->colour ? "\033[0m" : "", cells[i].words);
	}
	strbuf_puts(out, marked ? "  * the block in question\n" : "\n");
	strbuf_puts(out, "  blank: no memory, or reserved when the kernel booted\n");
}

static void put_row(const struct explain_map *map, uint32_t from, uint32_t columns,
		    uint32_t per_cell, uint32_t marked, const struct explain_print *p,
		    struct strbuf *out)
{
	const char *colour = "";

	strbuf_printf(out, "  0x%-9" PRIx64 " ",
		      map->base_pfn + ((uint64_t)from << map->pageblock_order));
	for (uint32_t i = 0; i < columns && from < map->nr; i++, from += per_cell) {
		uint8_t cell = worst(map, from, per_cell);
		bool here = marked >= from && marked < from + per_cell;

		if (p->colour && (here || cells[cell].colour != colour)) {
			colour = here ? "\033[1;7m" : cells[cell].colour;
			strbuf_printf(out, "\033[0m%s", colour);
		}
		strbuf_printf(out, "%c", here ? '*' : cells[cell].character);
	}
	strbuf_puts(out, p->colour ? "\033[0m\n" : "\n");
}

void explain_map_text(const struct explain_map *map, uint64_t marked, const struct explain_print *p,
		      struct strbuf *out)
{
	uint32_t columns = p->width > MARGIN + 8 ? p->width - MARGIN : 8, per_cell = 1;
	uint32_t block = UINT32_MAX;

	if (!map->nr)
		return;
	while ((uint64_t)columns * MAX_ROWS * per_cell < map->nr)
		per_cell *= 2;
	/* Rows that begin at round addresses are easier to read. */
	for (uint32_t round = 8; round <= columns; round *= 2)
		if (round * 2 > columns)
			columns = round;
	if (marked != UINT64_MAX && marked >= map->base_pfn)
		block = (uint32_t)((marked - map->base_pfn) >> map->pageblock_order);
	while ((uint64_t)columns * MAX_ROWS * per_cell < map->nr)
		per_cell *= 2;
	put_legend(p, per_cell, map->pageblock_order, block != UINT32_MAX, out);
	for (uint32_t from = 0; from < map->nr; from += columns * per_cell)
		put_row(map, from, columns, per_cell, block, p, out);
}
