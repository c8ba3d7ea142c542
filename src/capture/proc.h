/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside src/capture: reading the texts of /proc/zoneinfo, pagetypeinfo and buddyinfo line by line.
 */
#ifndef ZR_CAPTURE_PROC_H
#define ZR_CAPTURE_PROC_H

#include "capture/capture.h"

#define PROC_UNKNOWN UINT64_MAX
#define PROC_MAX_LINE 1024
#define PROC_MAX_PFN (1ull << 44) /* 2^56 bytes of 4 KiB pages: more than any machine maps */

struct proc_reader {
	const char *what; /* name of the text, for errors */
	const char *next;
	unsigned int line;
	char text[PROC_MAX_LINE];
	struct snapshot *s;
	struct error *err;
};

/* An error that names text and line; returns -1. */
int proc_fail(struct proc_reader *r, const char *problem);
/* 1: a line is in r->text, 0: end, -1: error. */
int proc_next_line(struct proc_reader *r);
/* A decimal number, ended by white space, comma, parenthesis or the end; *p goes behind it. */
bool proc_take_number(const char **p, uint64_t *out);
/* "Node 0, zone   Normal" at the start of *p; what follows stays in *p. */
bool proc_take_zone(const char **p, int32_t *node, char name[16]);
/* Makes room for one more than @nr; NULL when memory is exhausted. */
void *proc_grow(void *array, size_t nr, size_t size);
struct snap_zone *proc_find_zone(struct snapshot *s, int32_t node, const char *name);
struct snap_zone *proc_add_zone(struct proc_reader *r, int32_t node, const char *name);

int proc_parse_zoneinfo(struct snapshot *s, const char *text, struct error *err) MUST_CHECK;
int proc_parse_pagetypeinfo(struct snapshot *s, const char *text, struct error *err) MUST_CHECK;

#endif
