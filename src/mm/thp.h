/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What page faults ask for when they want transparent huge pages, by the mode in
 * /sys/kernel/mm/transparent_hugepage/defrag; part of the face of src/mm (mm.h includes this file).
 * Source: mm/huge_memory.c (vma_thp_gfp_mask), mm/mempolicy.c (vma_alloc_folio) of 6.1.192: thp.c.
 *
 * On a kernel with NUMA such a fault asks twice: on its node alone, without reclaim, and then, if
 * it may reclaim at all, anywhere. A request is told by its flags; khugepaged's look alike.
 */
#ifndef ZR_MM_THP_H
#define ZR_MM_THP_H

enum mm_thp_defrag {
	MM_THP_RECORDED, /* nothing is known, or nothing is to be changed */
	MM_THP_ALWAYS,
	MM_THP_DEFER,
	MM_THP_DEFER_MADVISE,
	MM_THP_MADVISE,
	MM_THP_NEVER,
	MM_THP_NR
};
/* As the kernel spells them, "recorded" first; NULL at the end. */
extern const char *const mm_thp_names[];

enum mm_madvised { MM_MADVISED_NO, MM_MADVISED_YES, MM_MADVISED_UNKNOWN };

/* Flags that all such requests have, whatever the mode? */
bool mm_thp_request(uint32_t gfp, uint32_t order);
/* Could a fault have asked with these flags under @mode? */
bool mm_thp_fits(enum mm_thp_defrag mode, uint32_t gfp);
/*
 * Had the memory been madvised (MADV_HUGEPAGE)? As far as the flags tell, with the mode where it
 * fits them.
 */
enum mm_madvised mm_thp_madvised(enum mm_thp_defrag mode, uint32_t gfp);
/* The flags that the same request has under @mode. */
uint32_t mm_thp_under(enum mm_thp_defrag mode, uint32_t gfp, bool madvised);

#endif
