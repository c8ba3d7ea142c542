// SPDX-License-Identifier: GPL-2.0-only
#include "store/store.h"

#include <string.h>

// clang-format off
#define COUNT(field, text, dir, about) \
	{#field, text, offsetof(struct outcome, field), false, dir, about}
#define RANGED(field, text, dir, about) \
	{#field, text, offsetof(struct outcome, field), true, dir, about}
// clang-format on

/* The order is that of the columns in `runs` and of the lines in tables. */
const struct figure store_figures[] = {
	COUNT(huge_wanted, "Huge pages wanted", BETTER_NONE, FIGURE_OF_THE_TRACE),
	COUNT(huge_got, "Huge pages obtained", BETTER_MORE, FIGURE_OF_THE_MODEL),
	COUNT(huge_possible, "Huge pages possible", BETTER_NONE, FIGURE_OF_THE_TRACE),
	RANGED(huge_success, "Huge page requests met", BETTER_MORE, FIGURE_OF_THE_MODEL),
	RANGED(pages_reclaimed, "Pages reclaimed", BETTER_LESS, FIGURE_OF_THE_MODEL),
	COUNT(reclaimed_kswapd, "  by kswapd", BETTER_LESS, FIGURE_OF_THE_MODEL),
	COUNT(reclaimed_direct, "  directly", BETTER_LESS, FIGURE_OF_THE_MODEL),
	COUNT(direct_reclaims, "Direct reclaims", BETTER_LESS, FIGURE_OF_THE_MODEL),
	COUNT(kswapd_runs, "kswapd runs", BETTER_LESS, FIGURE_OF_THE_MODEL),
	COUNT(pages_migrated, "Pages migrated", BETTER_LESS, FIGURE_OF_THE_MODEL),
	COUNT(moved_least, "Had to be migrated, at least", BETTER_NONE, FIGURE_OF_THE_TRACE),
	COUNT(reclaimed_least, "Had to be reclaimed, at least", BETTER_NONE, FIGURE_OF_THE_TRACE),
	COUNT(work_least, "Had to be moved or reclaimed", BETTER_NONE, FIGURE_OF_THE_MODEL),
	COUNT(migrate_failed, "Migrations failed", BETTER_LESS, FIGURE_OF_THE_MODEL),
	COUNT(migrate_scanned, "Migrate scanned", BETTER_LESS, FIGURE_OF_THE_MODEL),
	COUNT(free_scanned, "Free scanned", BETTER_LESS, FIGURE_OF_THE_MODEL),
	COUNT(compact_stall, "Compaction stalls", BETTER_LESS, FIGURE_OF_THE_MODEL),
	COUNT(compact_success, "Compaction success", BETTER_MORE, FIGURE_OF_THE_MODEL),
	COUNT(compact_fail, "Compaction failures", BETTER_LESS, FIGURE_OF_THE_MODEL),
	COUNT(compact_deferred, "Compaction deferred", BETTER_NONE, FIGURE_OF_THE_MODEL),
	RANGED(stall_ns, "Stall time, ms", BETTER_LESS, FIGURE_OF_THE_MODEL),
	COUNT(substituted, "Requests substituted", BETTER_NONE, FIGURE_UNKNOWN),
	COUNT(unknown_death, "Unknown deaths", BETTER_NONE, FIGURE_UNKNOWN),
	COUNT(dropped_alive, "Dropped while alive", BETTER_NONE, FIGURE_UNKNOWN),
	COUNT(rereads, "Dropped and used again", BETTER_NONE, FIGURE_UNKNOWN),
	COUNT(events, "Events", BETTER_NONE, FIGURE_OF_THE_TRACE),
	COUNT(demand_ops, "Demand operations", BETTER_NONE, FIGURE_OF_THE_TRACE),
	COUNT(lost_events, "Events lost", BETTER_NONE, FIGURE_DEFECT),
	COUNT(unknown_frees, "Frees of unknown pages", BETTER_NONE, FIGURE_DEFECT),
	COUNT(double_allocs, "Allocations of pages already out", BETTER_NONE, FIGURE_DEFECT),
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
