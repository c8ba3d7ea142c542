// SPDX-License-Identifier: GPL-2.0-only
#include "store/store.h"

#include <string.h>

#define COUNT(field, text, dir, lru)                                                               \
	{                                                                                          \
#field, text, offsetof(struct outcome, field), false, dir, lru                     \
	}
#define RANGED(field, text, dir, lru)                                                              \
	{                                                                                          \
#field, text, offsetof(struct outcome, field), true, dir, lru                      \
	}

/* The order is that of the columns in `runs` and of the lines in tables. */
const struct figure store_figures[] = {
	COUNT(huge_wanted, "Huge pages wanted", BETTER_NONE, false),
	COUNT(huge_got, "Huge pages obtained", BETTER_MORE, false),
	RANGED(huge_success, "Huge page requests met", BETTER_MORE, false),
	RANGED(pages_reclaimed, "Pages reclaimed", BETTER_LESS, true),
	COUNT(reclaimed_kswapd, "  by kswapd", BETTER_LESS, true),
	COUNT(reclaimed_direct, "  directly", BETTER_LESS, true),
	COUNT(direct_reclaims, "Direct reclaims", BETTER_LESS, true),
	COUNT(kswapd_runs, "kswapd runs", BETTER_LESS, true),
	COUNT(pages_migrated, "Pages migrated", BETTER_LESS, false),
	COUNT(migrate_failed, "Migrations failed", BETTER_LESS, false),
	COUNT(migrate_scanned, "Migrate scanned", BETTER_LESS, false),
	COUNT(free_scanned, "Free scanned", BETTER_LESS, false),
	COUNT(compact_stall, "Compaction stalls", BETTER_LESS, false),
	COUNT(compact_success, "Compaction success", BETTER_MORE, false),
	COUNT(compact_fail, "Compaction failures", BETTER_LESS, false),
	COUNT(compact_deferred, "Compaction deferred", BETTER_NONE, false),
	RANGED(stall_ns, "Stall time, ns", BETTER_LESS, true),
	COUNT(substituted, "Requests substituted", BETTER_NONE, false),
	COUNT(unknown_death, "Unknown deaths", BETTER_NONE, false),
	COUNT(dropped_alive, "Dropped while alive", BETTER_NONE, true),
	COUNT(events, "Events", BETTER_NONE, false),
	COUNT(demand_ops, "Demand operations", BETTER_NONE, false),
	COUNT(lost_events, "Events lost", BETTER_NONE, false),
	COUNT(unknown_frees, "Frees of unknown pages", BETTER_NONE, false),
	COUNT(double_allocs, "Allocations of pages already out", BETTER_NONE, false),
};
const size_t store_nr_figures = ARRAY_SIZE(store_figures);

const struct figure *figure_find(const char *name)
{
	for (size_t i = 0; i < store_nr_figures; i++)
		if (!strcmp(store_figures[i].name, name))
			return &store_figures[i];
	return NULL;
}

struct ranged figure_get(const struct figure *f, const struct outcome *o)
{
	const char *field = (const char *)o + f->offset;
	struct ranged r;
	uint64_t count;

	if (f->ranged) {
		memcpy(&r, field, sizeof(r));
		return r;
	}
	memcpy(&count, field, sizeof(count));
	return (struct ranged){(int64_t)count, (int64_t)count, (int64_t)count};
}
