// SPDX-License-Identifier: GPL-2.0-only
/* Transparent huge pages: which flags a page fault asks with. See thp.h. */
#include "mm/mm.h"

#define RECLAIM_FLAGS (MM_GFP_DIRECT_RECLAIM | MM_GFP_KSWAPD_RECLAIM)
/* GFP_TRANSHUGE_LIGHT [include/linux/gfp_types.h] */
#define LIGHT                                                                                      \
	(MM_GFP_HIGHMEM | MM_GFP_MOVABLE | MM_GFP_IO | MM_GFP_FS | MM_GFP_HARDWALL | MM_GFP_COMP | \
	 MM_GFP_NOMEMALLOC | MM_GFP_NOWARN)

const char *const mm_thp_names[] = {
	[MM_THP_RECORDED] = "recorded",
	[MM_THP_ALWAYS] = "always",
	[MM_THP_DEFER] = "defer",
	[MM_THP_DEFER_MADVISE] = "defer+madvise",
	[MM_THP_MADVISE] = "madvise",
	[MM_THP_NEVER] = "never",
	[MM_THP_NR] = NULL,
};

bool mm_thp_request(uint32_t gfp, uint32_t order)
{
	return order > 1 && (gfp & LIGHT) == LIGHT;
}

/* vma_thp_gfp_mask, without the flags that it always sets */
static uint32_t mode_flags(enum mm_thp_defrag mode, bool madvised)
{
	switch (mode) {
	case MM_THP_ALWAYS:
		return MM_GFP_DIRECT_RECLAIM | (madvised ? 0 : MM_GFP_NORETRY);
	case MM_THP_DEFER:
		return MM_GFP_KSWAPD_RECLAIM;
	case MM_THP_DEFER_MADVISE:
		return madvised ? MM_GFP_DIRECT_RECLAIM : MM_GFP_KSWAPD_RECLAIM;
	case MM_THP_MADVISE:
		return madvised ? MM_GFP_DIRECT_RECLAIM : 0;
	default:
		return 0;
	}
}

/* The first of two requests, on the node alone, is never tried again [vma_alloc_folio]. */
uint32_t mm_thp_under(enum mm_thp_defrag mode, uint32_t gfp, bool madvised)
{
	uint32_t first = gfp & MM_GFP_THISNODE ? MM_GFP_NORETRY : 0;

	return (gfp & ~(RECLAIM_FLAGS | MM_GFP_NORETRY)) | mode_flags(mode, madvised) | first;
}

bool mm_thp_fits(enum mm_thp_defrag mode, uint32_t gfp)
{
	return mode == MM_THP_RECORDED || mm_thp_under(mode, gfp, false) == gfp ||
	       mm_thp_under(mode, gfp, true) == gfp;
}

enum mm_madvised mm_thp_madvised(enum mm_thp_defrag mode, uint32_t gfp)
{
	bool known = mode != MM_THP_RECORDED && mm_thp_fits(mode, gfp);
	bool may[2] = {false, false};

	for (enum mm_thp_defrag m = MM_THP_ALWAYS; m < MM_THP_NR; m++) {
		for (int madvised = 0; madvised < 2 && (!known || m == mode); madvised++)
			may[madvised] |= mm_thp_under(m, gfp, madvised) == gfp;
	}
	if (may[0] == may[1])
		return MM_MADVISED_UNKNOWN;
	return may[1] ? MM_MADVISED_YES : MM_MADVISED_NO;
}
