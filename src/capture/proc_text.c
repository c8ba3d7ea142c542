// SPDX-License-Identifier: GPL-2.0-only
#include "capture/proc.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NODE 1023

int proc_fail(struct proc_reader *r, const char *problem)
{
	return error_set(r->err,
			 "%s, line %u: %s; is this the unchanged text of a kernel's /proc/%s?",
			 r->what, r->line, problem, r->what);
}

int proc_next_line(struct proc_reader *r)
{
	size_t len = strcspn(r->next, "\n");

	if (!*r->next)
		return 0;
	r->line++;
	if (len >= sizeof(r->text))
		return proc_fail(r, "the line is too long");
	memcpy(r->text, r->next, len);
	r->text[len] = '\0';
	r->next += len + (r->next[len] == '\n');
	return 1;
}

bool proc_take_number(const char **p, uint64_t *out)
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

bool proc_take_zone(const char **p, int32_t *node, char name[16])
{
	uint64_t n;
	size_t len;

	if (strncmp(*p, "Node", 4))
		return false;
	*p += 4;
	if (!proc_take_number(p, &n) || n > MAX_NODE || **p != ',')
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

void *proc_grow(void *array, size_t nr, size_t size)
{
	return (nr & (nr - 1)) ? array : reallocarray(array, nr ? 2 * nr : 1, size);
}

/* ---- zones ---- */

struct snap_zone *proc_find_zone(struct snapshot *s, int32_t node, const char *name)
{
	for (size_t i = 0; i < s->nr_zones; i++) {
		if (s->zones[i].node == node && !strcmp(s->zones[i].name, name))
			return &s->zones[i];
	}
	return NULL;
}

struct snap_zone *proc_add_zone(struct proc_reader *r, int32_t node, const char *name)
{
	struct snapshot *s = r->s;
	struct snap_zone *z;

	if (s->nr_zones == SNAP_MAX_ZONES) {
		proc_fail(r, "there are more zones than this program can hold (64)");
		return NULL;
	}
	z = proc_grow(s->zones, s->nr_zones, sizeof(*z));
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
	z->start_pfn = z->spanned = z->present = z->managed = z->free_counter = PROC_UNKNOWN;
	z->reserved_highatomic = PROC_UNKNOWN;
	for (size_t i = 0; i < ARRAY_SIZE(z->wmark); i++)
		z->wmark[i] = PROC_UNKNOWN;
	s->nr_zones++;
	return z;
}
