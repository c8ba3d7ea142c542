// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/pagetypeinfo and /proc/buddyinfo (mm/vmstat.c: pagetypeinfo_showfree_print,
 * pagetypeinfo_showblockcount_print, frag_show_print).
 */
#include "capture/proc.h"

#include <string.h>

/* A free count; the kernel stops counting long lists and then prints ">100000". */
static bool take_count(const char **p, uint64_t *out)
{
	*p += strspn(*p, " ");
	if (**p == '>')
		++*p;
	return proc_take_number(p, out);
}

static int parse_orders_header(struct proc_reader *r, const char *p)
{
	uint64_t order;

	for (r->s->nr_orders = 0; proc_take_number(&p, &order); r->s->nr_orders++) {
		if (order != r->s->nr_orders || order >= SNAP_MAX_ORDERS)
			return proc_fail(r, "the orders must count up from 0 to at most 15");
	}
	return r->s->nr_orders ? 0 : proc_fail(r, "no orders are listed");
}

static int take_type(struct proc_reader *r, const char **p)
{
	char name[16];
	size_t len;
	int mt;

	*p += strspn(*p, " ");
	len = strcspn(*p, " ");
	if (!len || len >= sizeof(name))
		return proc_fail(r, "a migratetype was expected");
	memcpy(name, *p, len);
	name[len] = '\0';
	mt = migratetype_by_name(name);
	if (mt < 0)
		return error_set(r->err,
				 "%s, line %u: migratetype \"%s\" is not known to this program",
				 r->what, r->line, name);
	*p += len;
	return mt;
}

static struct snap_zone *zone_of_row(struct proc_reader *r, const char **p)
{
	struct snap_zone *z;
	char name[16];
	int32_t node;

	if (!proc_take_zone(p, &node, name)) {
		proc_fail(r, "a line that begins with \"Node\" and names a zone was expected");
		return NULL;
	}
	z = proc_find_zone(r->s, node, name);
	return z ? z : proc_add_zone(r, node, name);
}

static int parse_free_row(struct proc_reader *r)
{
	const char *p = r->text;
	struct snap_zone *z = zone_of_row(r, &p);
	int mt;

	if (!z)
		return -1;
	if (strncmp(p, ", type", 6))
		return proc_fail(r, "\", type\" was expected after the zone");
	p += 6;
	mt = take_type(r, &p);
	if (mt < 0)
		return -1;
	for (uint32_t order = 0; order < r->s->nr_orders; order++) {
		if (!take_count(&p, &z->nr_free[order][mt]) || z->nr_free[order][mt] > PROC_MAX_PFN)
			return proc_fail(r, "a count is missing or wrong");
	}
	return 0;
}

struct block_columns {
	int type[SNAP_MAX_TYPES];
	size_t nr;
};

static int parse_blocks_header(struct proc_reader *r, const char *p, struct block_columns *cols)
{
	for (cols->nr = 0; p[strspn(p, " ")]; cols->nr++) {
		if (cols->nr == SNAP_MAX_TYPES)
			return proc_fail(r,
					 "there are more migratetypes than this program can hold");
		cols->type[cols->nr] = take_type(r, &p);
		if (cols->type[cols->nr] < 0)
			return -1;
	}
	return cols->nr ? 0 : proc_fail(r, "no migratetypes are listed");
}

static int parse_blocks_row(struct proc_reader *r, const struct block_columns *cols)
{
	const char *p = r->text;
	struct snap_zone *z = zone_of_row(r, &p);

	if (!z)
		return -1;
	for (size_t i = 0; i < cols->nr; i++) {
		if (!proc_take_number(&p, &z->nr_blocks[cols->type[i]]) ||
		    z->nr_blocks[cols->type[i]] > PROC_MAX_PFN)
			return proc_fail(r, "a count is missing or wrong");
	}
	return 0;
}

enum part { PART_TOP, PART_FREE, PART_BLOCKS, PART_REST };

#define ORDER_LINE "Page block order:"
#define FREE_HEADER "Free pages count per migrate type at order"
#define BLOCKS_HEADER "Number of blocks type"

static int parse_block_order(struct proc_reader *r)
{
	const char *p = r->text + strlen(ORDER_LINE);
	uint64_t order;

	if (!proc_take_number(&p, &order) || order >= SNAP_MAX_ORDERS)
		return proc_fail(r, "the page block order must be a number below 16");
	r->s->pageblock_order = (uint32_t)order;
	return 0;
}

static int parse_pagetype_line(struct proc_reader *r, enum part *part, struct block_columns *cols)
{
	const char *p = r->text;

	if (!p[strspn(p, " ")] || *part == PART_REST)
		return 0;
	if (!strncmp(p, ORDER_LINE, strlen(ORDER_LINE)))
		return parse_block_order(r);
	if (!strncmp(p, FREE_HEADER, strlen(FREE_HEADER))) {
		*part = PART_FREE;
		return parse_orders_header(r, p + strlen(FREE_HEADER));
	}
	if (!strncmp(p, BLOCKS_HEADER, strlen(BLOCKS_HEADER))) {
		*part = PART_BLOCKS;
		return parse_blocks_header(r, p + strlen(BLOCKS_HEADER), cols);
	}
	if (!strncmp(p, "Number of mixed blocks", 22)) { /* with page_owner=on only */
		*part = PART_REST;
		return 0;
	}
	if (*part == PART_TOP)
		return strncmp(p, "Pages per block:", 16) ? proc_fail(r, "this line is not known")
							  : 0;
	return *part == PART_FREE ? parse_free_row(r) : parse_blocks_row(r, cols);
}

/* 6.1 does not print nr_reserved_highatomic, but it counts the pages of the blocks of that type. */
static void derive_highatomic(struct snapshot *s)
{
	for (size_t i = 0; i < s->nr_zones; i++) {
		if (s->zones[i].reserved_highatomic == PROC_UNKNOWN)
			s->zones[i].reserved_highatomic = s->zones[i].nr_blocks[MT_HIGHATOMIC]
							  << s->pageblock_order;
	}
}

int proc_parse_pagetypeinfo(struct snapshot *s, const char *text, struct error *err)
{
	struct proc_reader r = {.what = "pagetypeinfo", .next = text, .s = s, .err = err};
	struct block_columns cols = {.nr = 0};
	enum part part = PART_TOP;
	int got;

	while ((got = proc_next_line(&r)) > 0) {
		if (parse_pagetype_line(&r, &part, &cols))
			return -1;
	}
	if (got < 0)
		return -1;
	if (part < PART_BLOCKS)
		return error_set(err, "pagetypeinfo: the text is empty or cut off: it must end "
				      "with the number of "
				      "blocks per type");
	derive_highatomic(s);
	return 0;
}

/* ---- buddyinfo ---- */

static int parse_buddy_row(struct proc_reader *r, bool no_types)
{
	const char *p = r->text;
	struct snap_zone *z = zone_of_row(r, &p);
	uint64_t total, known;
	uint32_t order;

	if (!z)
		return -1;
	for (order = 0; order < SNAP_MAX_ORDERS && proc_take_number(&p, &total); order++) {
		if (total > PROC_MAX_PFN)
			return proc_fail(r, "the number is too large to be true");
		known = 0;
		for (int mt = 0; mt < MT_NR; mt++)
			known += z->nr_free[order][mt];
		if (total > known)
			z->nr_free[order][MT_MOVABLE] += total - known;
	}
	if (p[strspn(p, " ")])
		return proc_fail(r, "numbers were expected after the zone");
	if (no_types && order > r->s->nr_orders)
		r->s->nr_orders = order;
	return 0;
}

int snapshot_add_buddyinfo(struct snapshot *s, const char *buddyinfo, struct error *err)
{
	struct proc_reader r = {.what = "buddyinfo", .next = buddyinfo, .s = s, .err = err};
	bool no_types = s->nr_orders == 0;
	int got;

	while ((got = proc_next_line(&r)) > 0) {
		if (parse_buddy_row(&r, no_types))
			return -1;
	}
	if (!got && s->nr_zones)
		s->level = SNAP_COUNTS;
	return got;
}
