/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between kernels: one row per generation and point release that changed behaviour.
 * Inside the room. */
#ifndef ZR_MM_ERA_H
#define ZR_MM_ERA_H

#include "mm/mm.h"

struct mm_era {
	const char *name;
	const char *summary;
	uint32_t from[3];	/* first release it is exact for: major, minor, point */
	uint32_t until[3];	/* first release it is no longer exact for */
	uint32_t nr_pcp_lists;	/* 14 since 6.1.97: order 9 split into not movable and movable */
	uint32_t pcp_max_order; /* orders 0..this are cached, and pageblock_order */
	uint32_t pcp_batch_scale_max; /* cap of free_factor; UINT32_MAX before 6.1.104 */
	bool drain_in_chunks; /* drain_pages_zone frees batch << scale at a time, since 6.1.104 */
	bool highatomic_needs_high;  /* HIGHATOMIC only for __GFP_HIGH requests, since 6.1.157 */
	bool pcp_huge;		     /* pages of pageblock_order are cached, too */
	bool highatomic_last_resort; /* NON_BLOCK and OOM requests may have the reserve when all
					else failed */
	/* What 6.12 does otherwise. */
	bool tuned;	      /* per-cpu lists size themselves: pcp_tuned.c */
	bool list_is_block;   /* a free page is on the list of its block's type, always */
	bool finishes_blocks; /* compaction as of 6.12: a block where a page did not move is done to
				 its end, and what comes with that */
	bool targets_by_order; /* compaction holds free pages by order and uses the smallest */
	/* What 6.18 and 7.2 do otherwise. */
	bool free_high_late;   /* lists are emptied only after batch + high_min / 2 frees (6.18) */
	bool drain_in_batches; /* a full list drains batch after batch, each from the same list
				  (7.2) */
	bool defrag_mode;      /* has the sysctl (6.15) */
	bool preempts; /* as Debian builds it, tasks are preempted inside the kernel (7.2) */
	/* What 5.10 does otherwise. */
	uint32_t high_in_batches; /* per-cpu high is this many batches; 0: from the low watermark */
	bool drain_by_type;	  /* a full list drains one batch, types in turn; no free factor */
	bool pcp_or_nothing;	  /* where the lists and their refill fail, the zone fails */
	bool harder; /* reserve rules of HIGH and HARDER, before MIN_RESERVE and NON_BLOCK (6.1.116)
		      */
	bool nofragment_any_order; /* NOFRAGMENT takes whole blocks only, also for requests above a
				      block */
	bool merge_blocks;	   /* blocks of all types merge, except with isolated ones */
};

extern const struct mm_era mm_eras[];
extern const uint32_t mm_nr_eras;

static inline const struct mm_era *mm_era_of(const struct mm *mm)
{
	return &mm_eras[mm->era_index];
}

/* zone_batchsize, zone_highsize [page_alloc.c, 6.1] */
int32_t mm_era_batch(uint32_t managed, uint32_t page_shift);
int32_t mm_era_high(const struct mm *mm, uint32_t zone, int32_t batch);
/* Bounds of a high that tunes itself (6.12); 0 in eras where it does not. */
int32_t mm_era_high_min(const struct mm *mm, uint32_t zone, int32_t batch);
int32_t mm_era_high_max(const struct mm *mm, uint32_t zone, int32_t batch);
/* The sizes of one per-cpu page set by the zone's watermarks as they are now; a tuned high keeps
 * its value. */
void mm_era_size_pcp(struct mm *mm, uint32_t zone, uint32_t cpu);

/* pcp_tuned.c: what a refill asks for; a free counted, and what it drains (0: nothing) */
uint32_t mm_tuned_refill(const struct mm *mm, uint32_t zone, struct mm_pcp *pcp, uint32_t order);
int32_t mm_tuned_free(const struct mm *mm, uint32_t zone, struct mm_pcp *pcp, uint32_t order);

/* fallback.c */
bool mm_whole_block_eligible(const struct mm *mm, uint32_t order, uint32_t type);
bool mm_fallback_at(const struct mm *mm, uint32_t zone, uint32_t order, uint32_t type,
		    struct mm_fallback *fb);
void mm_boost_watermark(struct mm *mm, uint32_t zone, uint32_t alloc_flags);

/* claim.c: the ways of 6.12 */
int64_t mm_claim_block(struct mm *mm, uint32_t zone, struct frame f, uint32_t type);
void mm_claim_highatomic(struct mm *mm, uint32_t zone, struct frame f);
bool mm_unclaim_highatomic(struct mm *mm, uint32_t zone, uint32_t type);

/* buddy.c: a free page to the tail of another type's list, with the counter's two steps of 6.12 */
void mm_move_buddy(struct mm *mm, uint32_t zone, struct frame f, uint32_t type);

/* list.c, shared inside the room */
void mm_link_init(struct mm *mm, uint32_t list);
/* Free lists keep nr_free and free with every change. */
void mm_buddy_add(struct mm *mm, uint32_t zone, struct frame f, uint32_t order, uint32_t type,
		  bool tail);
void mm_buddy_del(struct mm *mm, uint32_t zone, struct frame f);
bool mm_buddy_empty(const struct mm *mm, uint32_t zone, uint32_t order, uint32_t type);

#endif
