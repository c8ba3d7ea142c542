// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stands in for src/mm/compaction*.c until they land: no zone is ever suitable. Weak, so that the
 * real functions win; to be deleted with their arrival.
 */
#include "mm/mm.h"

#define ABSENT __attribute__((weak))

ABSENT enum mm_compact_result mm_compaction_suitable(const struct mm *mm, uint32_t zone,
						     int32_t order, uint32_t alloc_flags,
						     uint32_t highest)
{
	return MM_COMPACT_SKIPPED;
}

ABSENT struct frame mm_compact_direct(struct mm *mm, const struct mm_request *rq,
				      uint32_t alloc_flags, enum mm_compact_prio prio,
				      enum mm_compact_result *result)
{
	*result = MM_COMPACT_SKIPPED;
	return FRAME_NONE;
}

ABSENT void mm_compaction_defer_reset(struct mm *mm, uint32_t zone, int32_t order,
				      bool alloc_success)
{
}

ABSENT void mm_compact_node(struct mm *mm, uint32_t node, uint32_t cpu)
{
}

ABSENT void mm_compact_all(struct mm *mm, uint32_t cpu)
{
}

ABSENT bool mm_compaction_zonelist_suitable(const struct mm *mm, const struct mm_request *rq,
					    uint32_t alloc_flags)
{
	return false;
}

ABSENT void mm_reset_isolation_suitable(struct mm *mm, uint32_t node)
{
}
