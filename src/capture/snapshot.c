// SPDX-License-Identifier: GPL-2.0-only
/* What a snapshot owns, and the names that are the same in every file. */
#include "capture/capture.h"

#include <stdlib.h>
#include <string.h>

const char *snap_level_name(enum snap_level level)
{
	static const char *const names[] = {"none", "counts", "exact"};

	return (unsigned int)level < ARRAY_SIZE(names) ? names[level] : "none";
}

const char *snapshot_way_name(enum snapshot_way way)
{
	static const char *const names[] = {"any", "kcore", "bpf", "both"};

	return (unsigned int)way < ARRAY_SIZE(names) ? names[way] : "none";
}

/* As mm/page_alloc.c (migratetype_names) spells them in /proc/pagetypeinfo. */
static const char *const migratetype_names[MT_NR] = {
	[MT_UNMOVABLE] = "Unmovable",	[MT_MOVABLE] = "Movable", [MT_RECLAIMABLE] = "Reclaimable",
	[MT_HIGHATOMIC] = "HighAtomic", [MT_CMA] = "CMA",	  [MT_ISOLATE] = "Isolate",
};

const char *migratetype_name(enum migratetype mt)
{
	return (unsigned int)mt < MT_NR ? migratetype_names[mt] : "unknown";
}

int migratetype_by_name(const char *name)
{
	for (int mt = 0; mt < MT_NR; mt++) {
		if (!strcmp(name, migratetype_names[mt]))
			return mt;
	}
	return -1;
}

void snapshot_init(struct snapshot *s)
{
	memset(s, 0, sizeof(*s));
}

void snapshot_release(struct snapshot *s)
{
	free(s->zones);
	free(s->pcps);
	free(s->lists);
	free(s->entries);
	free(s->blocks);
	free(s->frames);
	free(s->nodes);
	memset(s, 0, sizeof(*s));
}
