/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside the room: the two ways to fill a machine from a snapshot. */
#ifndef ZR_REPLAY_BUILD_H
#define ZR_REPLAY_BUILD_H

#include "replay/replay.h"

/* Machine zone number of snapshot zone @i, UINT32_MAX where that zone has no pages. */
struct zone_map {
	uint32_t to_mm[SNAP_MAX_ZONES];
};

int build_exact(struct mm *mm, const struct snapshot *s, const struct zone_map *zones,
		struct error *err) MUST_CHECK;
/* Places free pages as the trace and kpageflags suggest; list order is by first use in the trace.
 */
int build_counts(struct mm *mm, const struct snapshot *s, const struct zone_map *zones,
		 const struct trace *t, struct error *err) MUST_CHECK;
/* Every frame inside a zone that is on no list yet becomes allocated, with what kpageflags say of
 * it. */
void build_allocated(struct mm *mm, const struct snapshot *s);
/* Each CPU gets its node, as the manifest has it: the one that its requests prefer. */
int build_cpu_nodes(struct mm *mm, const struct manifest *m, struct error *err) MUST_CHECK;

#endif
