// SPDX-License-Identifier: GPL-2.0-only
/*
 * A `counts` snapshot from the text of /proc/zoneinfo, /proc/pagetypeinfo and /proc/buddyinfo, as
 * kernels 5.10 to 7.2 print them (mm/vmstat.c: zoneinfo_show_print, pagetypeinfo_showfree_print,
 * pagetypeinfo_showblockcount_print, frag_show_print).
 */
#include "capture/capture.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UNKNOWN UINT64_MAX
#define MAX_LINE 1024
#define MAX_NODE 1023
#define MAX_CPU 8191
#define MAX_PFN (1ull << 44) /* 2^56 bytes of 4 KiB pages: more than any machine maps */

/* ---- lines and words ---- */

struct reader {
	const char *what; /* name of the text, for errors */
	const char *next;
	unsigned int line;
	char text[MAX_LINE];
	struct snapshot *s;
	struct error *err;
};

static int fail(struct reader *r, const char *problem)
{
	return error_set(r->err,
			 "%s, line %u: %s; is this the unchanged text of a kernel's /proc/%s?",
			 r->what, r->line, problem, r->what);
}

/* 1: a line is in r->text, 0: end, -1: error. */
static int next_line(struct reader *r)
{
	size_t len = strcspn(r->next, "\n");

	if (!*r->next)
		return 0;
	r->line++;
	if (len >= sizeof(r->text))
		return fail(r, "the line is too long");
	memcpy(r->text, r->next, len);
	r->text[len] = '\0';
	r->next += len + (r->next[len] == '\n');
	return 1;
}

/* A number in decimal, at least one digit, ended by white space, comma, parenthesis or the end. */
static bool take_number(const char **p, uint64_t *out)
{
	char *end;

	*p += strspn(*p, " \t");
	if (!isdigit((unsigned char)**p))
		return false;
	errno = 0;
	*out = strtoull(*p, &end, 10);
	if (errno || (*end && !strchr(" \t,)", *end)))
		return false;
	*p = end;
	return true;
}

/* "Node 0, zone   Normal" at the start of *p; what follows stays in *p. */
static bool take_zone(const char **p, int32_t *node, char name[16])
{
	uint64_t n;
	size_t len;

	if (strncmp(*p, "Node", 4))
		return false;
	*p += 4;
	if (!take_number(p, &n) || n > MAX_NODE || **p != ',')
		return false;
	*p += 1 + strspn(*p + 1, " ");
	if (strncmp(*p, "zone ", 5))
		return false;
	*p += 4 + strspn(*p + 4, " ");
	len = strcspn(*p, ", \t");
	if (!len || len > 15)
		return false;
	memcpy(name, *p, len);
	name[len] = '\0';
	*p += len;
	*node = (int32_t)n;
	return true;
}

static void *grow(void *array, size_t nr, size_t size)
{
	return (nr & (nr - 1)) ? array : reallocarray(array, nr ? 2 * nr : 1, size);
}

/* ---- zones ---- */

static struct snap_zone *find_zone(struct snapshot *s, int32_t node, const char *name)
{
	for (size_t i = 0; i < s->nr_zones; i++) {
		if (s->zones[i].node == node && !strcmp(s->zones[i].name, name))
			return &s->zones[i];
	}
	return NULL;
}

static struct snap_zone *add_zone(struct reader *r, int32_t node, const char *name)
{
	struct snapshot *s = r->s;
	struct snap_zone *z;

	if (s->nr_zones == SNAP_MAX_ZONES) {
		fail(r, "there are more zones than this program can hold (64)");
		return NULL;
	}
	z = grow(s->zones, s->nr_zones, sizeof(*z));
	if (!z) {
		error_set(r->err, "out of memory");
		return NULL;
	}
	s->zones = z;
	z += s->nr_zones;
	memset(z, 0, sizeof(*z));
	snprintf(z->name, sizeof(z->name), "%s", name);
	z->node = node;
	if (s->nr_zones && z[-1].node == node)
		z->index = z[-1].index + 1;
	z->start_pfn = z->spanned = z->present = z->managed = z->free_counter = UNKNOWN;
	z->reserved_highatomic = UNKNOWN;
	for (size_t i = 0; i < ARRAY_SIZE(z->wmark); i++)
		z->wmark[i] = UNKNOWN;
	s->nr_zones++;
	return z;
}

/* ---- zoneinfo ---- */

/* Which key of a zone's part goes where. A colon tells the per-cpu "high:" from the watermark
 * "high". */
static const struct zone_row {
	const char *key;
	size_t offset;
	bool narrow; /* int32_t */
} zone_rows[] = {
	{"pages free", offsetof(struct snap_zone, free_counter), false},
	{"boost", offsetof(struct snap_zone, boost), false},
	{"min", offsetof(struct snap_zone, wmark[0]), false},
	{"low", offsetof(struct snap_zone, wmark[1]), false},
	{"high", offsetof(struct snap_zone, wmark[2]), false},
	{"promo", offsetof(struct snap_zone, wmark[3]), false},
	{"spanned", offsetof(struct snap_zone, spanned), false},
	{"present", offsetof(struct snap_zone, present), false},
	{"managed", offsetof(struct snap_zone, managed), false},
	{"start_pfn:", offsetof(struct snap_zone, start_pfn), false},
	{"reserved_highatomic:", offsetof(struct snap_zone, reserved_highatomic), false},
	{"vm stats threshold:", offsetof(struct snap_zone, stat_threshold), true},
};

static const struct pcp_row {
	const char *key;
	size_t offset;
} pcp_rows[] = {
	{"count:", offsetof(struct snap_pcp, count)},
	{"high:", offsetof(struct snap_pcp, high)},
	{"batch:", offsetof(struct snap_pcp, batch)},
	{"high_min:", offsetof(struct snap_pcp, high_min)},
	{"high_max:", offsetof(struct snap_pcp, high_max)},
};

static int store(struct reader *r, void *base, size_t offset, bool narrow, const char *value)
{
	char *where = (char *)base + offset;
	int32_t small;
	uint64_t v;

	if (!take_number(&value, &v) || *value)
		return fail(r, "a number was expected at the end");
	if (v > (narrow ? (uint64_t)INT32_MAX : MAX_PFN))
		return fail(r, "the number is too large to be true");
	if (narrow) {
		small = (int32_t)v;
		memcpy(where, &small, sizeof(small));
	} else {
		memcpy(where, &v, sizeof(v));
	}
	return 0;
}

static int add_pcp(struct reader *r, const char *value)
{
	struct snapshot *s = r->s;
	struct snap_pcp *pcp;
	uint64_t cpu;

	if (!take_number(&value, &cpu) || *value || cpu > MAX_CPU)
		return fail(r, "a CPU number was expected");
	pcp = grow(s->pcps, s->nr_pcps, sizeof(*pcp));
	if (!pcp)
		return error_set(r->err, "out of memory");
	s->pcps = pcp;
	pcp += s->nr_pcps++;
	memset(pcp, 0, sizeof(*pcp));
	pcp->zone = (int32_t)s->nr_zones - 1;
	pcp->cpu = (int32_t)cpu;
	if (cpu >= s->nr_cpus)
		s->nr_cpus = (uint32_t)cpu + 1;
	return 0;
}

static int parse_protection(struct reader *r, struct snap_zone *z, const char *p)
{
	for (size_t i = 0; i < SNAP_MAX_RESERVES; i++) {
		if (!take_number(&p, &z->lowmem_reserve[i]))
			return fail(r, "numbers were expected in the protection list");
		if (*p == ')')
			return 0;
		if (*p++ != ',')
			break;
	}
	return fail(r, "the protection list has no end or too many entries");
}

/* One "key value" line inside a zone's part. Keys that are not in the tables are statistics and are
 * skipped. */
static int parse_zone_line(struct reader *r, struct snap_zone *z, char *key, const char *value)
{
	bool in_pcp =
		r->s->nr_pcps && r->s->pcps[r->s->nr_pcps - 1].zone == (int32_t)r->s->nr_zones - 1;

	if (!strcmp(key, "cpu:"))
		return add_pcp(r, value);
	for (size_t i = 0; i < ARRAY_SIZE(zone_rows); i++) {
		if (!strcmp(key, zone_rows[i].key))
			return store(r, z, zone_rows[i].offset, zone_rows[i].narrow, value);
	}
	for (size_t i = 0; in_pcp && i < ARRAY_SIZE(pcp_rows); i++) {
		if (!strcmp(key, pcp_rows[i].key))
			return store(r, &r->s->pcps[r->s->nr_pcps - 1], pcp_rows[i].offset, true,
				     value);
	}
	return 0;
}

/* Cuts "   vm stats threshold: 6" into key and value, in place. */
static bool split_line(char *text, char **key, char **value)
{
	size_t len = strlen(text);
	char *end;

	while (len && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	*key = text + strspn(text, " \t");
	end = strrchr(*key, ' ');
	if (!end)
		return false;
	*value = end + 1;
	while (end > *key && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return true;
}

static int parse_zoneinfo_line(struct reader *r, struct snap_zone **z)
{
	const char *p = r->text;
	char *key, *value;
	char name[16];
	int32_t node;

	if (take_zone(&p, &node, name)) {
		if (find_zone(r->s, node, name))
			return fail(r, "this zone was described before");
		*z = add_zone(r, node, name);
		return *z ? 0 : -1;
	}
	if (!*z)
		return fail(r, "the first line must name a zone");
	p = r->text + strspn(r->text, " \t");
	if (!strncmp(p, "protection: (", 13))
		return parse_protection(r, *z, p + 13);
	if (!split_line(r->text, &key, &value))
		return 0;
	return parse_zone_line(r, *z, key, value);
}

/*
 * /proc/zoneinfo prints watermarks with the boost in them. And refresh_zone_stat_thresholds
 * (mm/vmstat.c, 6.1) decides from the very numbers printed here where the exact sum of free pages
 * is needed.
 */
static void finish_zone(struct snap_zone *z, uint32_t nr_cpus)
{
	uint64_t drift = (uint64_t)nr_cpus * (uint64_t)z->stat_threshold;

	for (size_t i = 0; i < ARRAY_SIZE(z->wmark); i++) {
		if (z->wmark[i] != UNKNOWN && z->wmark[i] >= z->boost)
			z->wmark[i] -= z->boost;
	}
	if (z->start_pfn == UNKNOWN && z->spanned == 0)
		z->start_pfn = 0;
	if (z->managed && z->wmark[2] != UNKNOWN && drift > z->wmark[1] - z->wmark[0])
		z->percpu_drift_mark = z->wmark[2] + drift;
}

static int check_zone(struct reader *r, const struct snap_zone *z)
{
	const uint64_t needed[] = {z->free_counter, z->wmark[0],  z->wmark[1], z->wmark[2],
				   z->spanned,	    z->start_pfn, z->managed};

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		if (needed[i] == UNKNOWN)
			return error_set(
				r->err,
				"zoneinfo: the part of node %d, zone %s is incomplete (cut off?)",
				z->node, z->name);
	}
	return 0;
}

static int parse_zoneinfo(struct snapshot *s, const char *text, struct error *err)
{
	struct reader r = {.what = "zoneinfo", .next = text, .s = s, .err = err};
	struct snap_zone *z = NULL;
	int got;

	while ((got = next_line(&r)) > 0) {
		if (parse_zoneinfo_line(&r, &z))
			return -1;
	}
	if (got < 0)
		return -1;
	if (!s->nr_zones)
		return error_set(err, "zoneinfo: the text is empty");
	for (size_t i = 0; i < s->nr_zones; i++) {
		finish_zone(&s->zones[i], s->nr_cpus);
		if (check_zone(&r, &s->zones[i]))
			return -1;
		if (s->zones[i].managed &&
		    s->zones[i].start_pfn + s->zones[i].spanned > s->nr_frames)
			s->nr_frames = s->zones[i].start_pfn + s->zones[i].spanned;
	}
	return 0;
}

/* ---- pagetypeinfo ---- */

/* A free count; the kernel stops counting long lists and then prints ">100000". */
static bool take_count(const char **p, uint64_t *out)
{
	*p += strspn(*p, " ");
	if (**p == '>')
		++*p;
	return take_number(p, out);
}

static int parse_orders_header(struct reader *r, const char *p)
{
	uint64_t order;

	for (r->s->nr_orders = 0; take_number(&p, &order); r->s->nr_orders++) {
		if (order != r->s->nr_orders || order >= SNAP_MAX_ORDERS)
			return fail(r, "the orders must count up from 0 to at most 15");
	}
	return r->s->nr_orders ? 0 : fail(r, "no orders are listed");
}

static int take_type(struct reader *r, const char **p)
{
	char name[16];
	size_t len;
	int mt;

	*p += strspn(*p, " ");
	len = strcspn(*p, " ");
	if (!len || len >= sizeof(name))
		return fail(r, "a migratetype was expected");
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

static struct snap_zone *zone_of_row(struct reader *r, const char **p)
{
	struct snap_zone *z;
	char name[16];
	int32_t node;

	if (!take_zone(p, &node, name)) {
		fail(r, "a line that begins with \"Node\" and names a zone was expected");
		return NULL;
	}
	z = find_zone(r->s, node, name);
	return z ? z : add_zone(r, node, name);
}

static int parse_free_row(struct reader *r)
{
	const char *p = r->text;
	struct snap_zone *z = zone_of_row(r, &p);
	int mt;

	if (!z)
		return -1;
	if (strncmp(p, ", type", 6))
		return fail(r, "\", type\" was expected after the zone");
	p += 6;
	mt = take_type(r, &p);
	if (mt < 0)
		return -1;
	for (uint32_t order = 0; order < r->s->nr_orders; order++) {
		if (!take_count(&p, &z->nr_free[order][mt]) || z->nr_free[order][mt] > MAX_PFN)
			return fail(r, "a count is missing or wrong");
	}
	return 0;
}

struct block_columns {
	int type[SNAP_MAX_TYPES];
	size_t nr;
};

static int parse_blocks_header(struct reader *r, const char *p, struct block_columns *cols)
{
	for (cols->nr = 0; p[strspn(p, " ")]; cols->nr++) {
		if (cols->nr == SNAP_MAX_TYPES)
			return fail(r, "there are more migratetypes than this program can hold");
		cols->type[cols->nr] = take_type(r, &p);
		if (cols->type[cols->nr] < 0)
			return -1;
	}
	return cols->nr ? 0 : fail(r, "no migratetypes are listed");
}

static int parse_blocks_row(struct reader *r, const struct block_columns *cols)
{
	const char *p = r->text;
	struct snap_zone *z = zone_of_row(r, &p);

	if (!z)
		return -1;
	for (size_t i = 0; i < cols->nr; i++) {
		if (!take_number(&p, &z->nr_blocks[cols->type[i]]) ||
		    z->nr_blocks[cols->type[i]] > MAX_PFN)
			return fail(r, "a count is missing or wrong");
	}
	return 0;
}

enum part { PART_TOP, PART_FREE, PART_BLOCKS, PART_REST };

#define ORDER_LINE "Page block order:"
#define FREE_HEADER "Free pages count per migrate type at order"
#define BLOCKS_HEADER "Number of blocks type"

static int parse_block_order(struct reader *r)
{
	const char *p = r->text + strlen(ORDER_LINE);
	uint64_t order;

	if (!take_number(&p, &order) || order >= SNAP_MAX_ORDERS)
		return fail(r, "the page block order must be a number below 16");
	r->s->pageblock_order = (uint32_t)order;
	return 0;
}

static int parse_pagetype_line(struct reader *r, enum part *part, struct block_columns *cols)
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
		return strncmp(p, "Pages per block:", 16) ? fail(r, "this line is not known") : 0;
	return *part == PART_FREE ? parse_free_row(r) : parse_blocks_row(r, cols);
}

/* 6.1 does not print nr_reserved_highatomic, but it counts the pages of the blocks of that type. */
static void derive_highatomic(struct snapshot *s)
{
	for (size_t i = 0; i < s->nr_zones; i++) {
		if (s->zones[i].reserved_highatomic == UNKNOWN)
			s->zones[i].reserved_highatomic = s->zones[i].nr_blocks[MT_HIGHATOMIC]
							  << s->pageblock_order;
	}
}

static int parse_pagetypeinfo(struct snapshot *s, const char *text, struct error *err)
{
	struct reader r = {.what = "pagetypeinfo", .next = text, .s = s, .err = err};
	struct block_columns cols = {.nr = 0};
	enum part part = PART_TOP;
	int got;

	while ((got = next_line(&r)) > 0) {
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

static int parse_buddy_row(struct reader *r, bool no_types)
{
	const char *p = r->text;
	struct snap_zone *z = zone_of_row(r, &p);
	uint64_t total, known;
	uint32_t order;

	if (!z)
		return -1;
	for (order = 0; order < SNAP_MAX_ORDERS && take_number(&p, &total); order++) {
		if (total > MAX_PFN)
			return fail(r, "the number is too large to be true");
		known = 0;
		for (int mt = 0; mt < MT_NR; mt++)
			known += z->nr_free[order][mt];
		if (total > known)
			z->nr_free[order][MT_MOVABLE] += total - known;
	}
	if (p[strspn(p, " ")])
		return fail(r, "numbers were expected after the zone");
	if (no_types && order > r->s->nr_orders)
		r->s->nr_orders = order;
	return 0;
}

int snapshot_add_buddyinfo(struct snapshot *s, const char *buddyinfo, struct error *err)
{
	struct reader r = {.what = "buddyinfo", .next = buddyinfo, .s = s, .err = err};
	bool no_types = s->nr_orders == 0;
	int got;

	while ((got = next_line(&r)) > 0) {
		if (parse_buddy_row(&r, no_types))
			return -1;
	}
	if (!got && s->nr_zones)
		s->level = SNAP_COUNTS;
	return got;
}

/* ---- kpageflags, kpagecount ---- */

static int add_frames(struct snapshot *s, const uint64_t *flags, const uint64_t *counts, size_t nr,
		      struct error *err)
{
	if (nr > MAX_PFN || nr < s->nr_frames)
		return error_set(err,
				 "kpageflags describes %zu frames, but the zones end at frame %llu",
				 nr, (unsigned long long)s->nr_frames);
	s->frames = calloc(nr, sizeof(*s->frames));
	if (!s->frames)
		return error_set(err, "out of memory for %zu frames", nr);
	s->nr_frames = nr;
	for (size_t i = 0; i < nr; i++) {
		s->frames[i].kpf = flags[i];
		s->frames[i].refcount = -1;
		s->frames[i].mapcount = counts && counts[i] <= INT32_MAX ? (int32_t)counts[i] : -1;
	}
	return 0;
}

int snapshot_from_proc(struct snapshot *s, const char *zoneinfo, const char *pagetypeinfo,
		       const uint64_t *kpageflags, const uint64_t *kpagecount, size_t nr_frames,
		       struct error *err)
{
	struct snapshot out;

	snapshot_init(&out);
	if ((zoneinfo && parse_zoneinfo(&out, zoneinfo, err)) ||
	    (pagetypeinfo && parse_pagetypeinfo(&out, pagetypeinfo, err)) ||
	    (kpageflags && add_frames(&out, kpageflags, kpagecount, nr_frames, err))) {
		snapshot_release(&out);
		return -1;
	}
	out.level = zoneinfo || pagetypeinfo ? SNAP_COUNTS : SNAP_NONE;
	snapshot_release(s);
	*s = out;
	return 0;
}
