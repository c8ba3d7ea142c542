// SPDX-License-Identifier: GPL-2.0-only
/* /proc/zoneinfo as kernels 5.10 to 7.2 print it (mm/vmstat.c: zoneinfo_show_print). */
#include "capture/proc.h"

#include <ctype.h>
#include <string.h>

#define MAX_CPU 8191

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

static int store(struct proc_reader *r, void *base, size_t offset, bool narrow, const char *value)
{
	char *where = (char *)base + offset;
	int32_t small;
	uint64_t v;

	if (!proc_take_number(&value, &v) || *value)
		return proc_fail(r, "a number was expected at the end");
	if (v > (narrow ? (uint64_t)INT32_MAX : PROC_MAX_PFN))
		return proc_fail(r, "the number is too large to be true");
	if (narrow) {
		small = (int32_t)v;
		memcpy(where, &small, sizeof(small));
	} else {
		memcpy(where, &v, sizeof(v));
	}
	return 0;
}

static int add_pcp(struct proc_reader *r, const char *value)
{
	struct snapshot *s = r->s;
	struct snap_pcp *pcp;
	uint64_t cpu;

	if (!proc_take_number(&value, &cpu) || *value || cpu > MAX_CPU)
		return proc_fail(r, "a CPU number was expected");
	pcp = proc_grow(s->pcps, s->nr_pcps, sizeof(*pcp));
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

static int parse_protection(struct proc_reader *r, struct snap_zone *z, const char *p)
{
	for (size_t i = 0; i < SNAP_MAX_RESERVES; i++) {
		if (!proc_take_number(&p, &z->lowmem_reserve[i]))
			return proc_fail(r, "numbers were expected in the protection list");
		if (*p == ')')
			return 0;
		if (*p++ != ',')
			break;
	}
	return proc_fail(r, "the protection list has no end or too many entries");
}

/* One "key value" line inside a zone's part. Keys that are not in the tables are statistics and are
 * skipped. */
static int parse_zone_line(struct proc_reader *r, struct snap_zone *z, char *key, const char *value)
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

static int parse_zoneinfo_line(struct proc_reader *r, struct snap_zone **z)
{
	const char *p = r->text;
	char *key, *value;
	char name[16];
	int32_t node;

	if (proc_take_zone(&p, &node, name)) {
		if (proc_find_zone(r->s, node, name))
			return proc_fail(r, "this zone was described before");
		*z = proc_add_zone(r, node, name);
		return *z ? 0 : -1;
	}
	if (!*z)
		return proc_fail(r, "the first line must name a zone");
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
		if (z->wmark[i] != PROC_UNKNOWN && z->wmark[i] >= z->boost)
			z->wmark[i] -= z->boost;
	}
	if (z->start_pfn == PROC_UNKNOWN && z->spanned == 0)
		z->start_pfn = 0;
	if (z->managed && z->wmark[2] != PROC_UNKNOWN && drift > z->wmark[1] - z->wmark[0])
		z->percpu_drift_mark = z->wmark[2] + drift;
}

static int check_zone(struct proc_reader *r, const struct snap_zone *z)
{
	const uint64_t needed[] = {z->free_counter, z->wmark[0],  z->wmark[1], z->wmark[2],
				   z->spanned,	    z->start_pfn, z->managed};

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		if (needed[i] == PROC_UNKNOWN)
			return error_set(
				r->err,
				"zoneinfo: the part of node %d, zone %s is incomplete (cut off?)",
				z->node, z->name);
	}
	return 0;
}

int proc_parse_zoneinfo(struct snapshot *s, const char *text, struct error *err)
{
	struct proc_reader r = {.what = "zoneinfo", .next = text, .s = s, .err = err};
	struct snap_zone *z = NULL;
	int got;

	while ((got = proc_next_line(&r)) > 0) {
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
