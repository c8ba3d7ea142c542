/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The buddy lists of zones and what takes from and gives to them [page_alloc.c]; part of the face
 * of src/mm (mm.h includes this file).
 */
#ifndef ZR_MM_BUDDY_H
#define ZR_MM_BUDDY_H

/* Where an allocated page is freed or kept in pieces: makes heads of order @order all over the page
 * at @f. */
void mm_split_page(struct mm *mm, struct frame f, uint32_t order);
/* The head of the allocated page that contains @f, or FRAME_NONE. */
struct frame mm_page_head(const struct mm *mm, struct frame f);

/* Puts a free buddy on a list while a machine is being built: no merging. Frames lose MM_F_HOLE. */
void mm_build_buddy(struct mm *mm, struct frame f, uint32_t zone, uint32_t order, uint32_t type);
void mm_build_pcp(struct mm *mm, struct frame f, uint32_t zone, uint32_t cpu, uint32_t pindex,
		  uint32_t type);
/* Marks an allocated page of 2^order frames with MM_F_* flags. */
void mm_build_allocated(struct mm *mm, struct frame f, uint32_t order, uint32_t flags);

/* The head that __rmqueue_smallest would take, and its order; FRAME_NONE if none. Changes nothing.
 */
struct frame mm_peek_smallest(const struct mm *mm, uint32_t zone, uint32_t order, uint32_t type,
			      uint32_t *found);
/*
 * Takes free buddy @f (order @found) off its list for a page of @order; the rest goes back to the
 * lists of @type [expand]. The page becomes allocated (MM_F_HEAD). Does not touch NR_FREE_PAGES:
 * callers do, with mm_mod_free().
 */
void mm_take(struct mm *mm, struct frame f, uint32_t found, uint32_t order, uint32_t type);

struct mm_fallback {	       /* what __rmqueue_fallback decides */
	struct frame head;     /* FRAME_NONE: none */
	uint32_t order;	       /* fallback_order */
	uint32_t type;	       /* list it was found on */
	bool change_ownership; /* after applying: block type of head == wanted type */
};
/* Decides without changing anything; @alloc_flags for MM_ALLOC_NOFRAGMENT. */
bool mm_find_fallback(const struct mm *mm, uint32_t zone, uint32_t order, uint32_t type,
		      uint32_t alloc_flags, struct mm_fallback *fb);
/* Applies it [steal_suitable_fallback]: moves pages, claims the block, boosts the watermark. Sets
 * change_ownership. */
void mm_steal(struct mm *mm, uint32_t zone, uint32_t type, uint32_t alloc_flags,
	      struct mm_fallback *fb);
/* __rmqueue whole: smallest, fallback, again. *fb (may be NULL) tells what fallback was used, head
 * NONE if none. */
struct frame mm_rmqueue(struct mm *mm, uint32_t zone, uint32_t order, uint32_t type,
			uint32_t alloc_flags, struct mm_fallback *fb);

/*
 * Eras in which a free page is on its block's list and a fallback claims the block or steals the
 * page (6.12): does the machine's do so? There mm_rmqueue counts NR_FREE_PAGES itself, step by
 * step, and *fb names the page that was taken.
 * @mode is 0 for the first page of a refill and kept for the others; it is 0 after a claim.
 */
bool mm_claims_blocks(const struct mm *mm);
struct frame mm_rmqueue_mode(struct mm *mm, uint32_t zone, uint32_t order, uint32_t type,
			     uint32_t alloc_flags, uint32_t *mode, struct mm_fallback *fb);

/* Marks the page at @f allocated, order @order: for pages that come from a per-cpu list or a
 * repair. */
void mm_mark_allocated(struct mm *mm, struct frame f, uint32_t order);

#define MM_FPI_TO_TAIL 1u
/* __free_one_page: merges and puts on the list of @type. Returns the head of the resulting buddy.
 */
struct frame mm_free_one(struct mm *mm, struct frame f, uint32_t order, uint32_t type,
			 uint32_t fpi);
/* Order of the first piece of [@f, @f + @nr) where such a range is freed in pieces as large as
 * their place allows [free_prepared_contig_range, 7.2]. */
uint32_t mm_piece_order(const struct mm *mm, struct frame f, uint32_t nr);
/* Direct free to the buddy lists [__free_pages_ok]: type from the block, highatomic and isolate
 * rules. */
void mm_free_direct(struct mm *mm, uint32_t cpu, struct frame f, uint32_t order, uint32_t fpi);
/* Moves all free buddies of the block of @f to @type's lists; returns pages moved, and movable
 * (LRU) pages seen. */
uint32_t mm_move_freepages_block(struct mm *mm, uint32_t zone, struct frame f, uint32_t type,
				 uint32_t *nr_movable);
/* __isolate_free_page: takes a free buddy off the lists; 0 if a watermark refuses, else pages. */
uint32_t mm_isolate_free_page(struct mm *mm, uint32_t cpu, struct frame f, uint32_t order);

/* NR_FREE_PAGES changes by @delta on @cpu (per-cpu difference, folded past the threshold)
 * [__mod_zone_page_state]. */
void mm_mod_free(struct mm *mm, uint32_t zone, uint32_t cpu, int64_t delta);
/* Folds all differences of @cpu [refresh_cpu_vm_stats]. */
void mm_fold_diffs(struct mm *mm, uint32_t cpu);

#endif
