/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Per-cpu lists: refills, frees, drains; part of the face of src/mm (mm.h includes this file).
 * Source: mm/page_alloc.c of the kernel that the era names: pcp.c, pcp_tuned.c. A list's count, and
 * what drains are told, are base pages; a refill counts pages of the list's order.
 */
#ifndef ZR_MM_PCP_H
#define ZR_MM_PCP_H

bool mm_pcp_allowed_order(const struct mm *mm, uint32_t order);
uint32_t mm_pindex(const struct mm *mm, uint32_t order, uint32_t type);
/* An allocation looks at the lists of @cpu: fewer frees in a row are remembered [rmqueue_pcplist].
 */
void mm_pcp_on_alloc(struct mm *mm, uint32_t zone, uint32_t cpu);
/* decay_pcp_high (6.12 and later, by the vmstat worker): base pages that leave, a batch at a time
 * from list 0. */
int32_t mm_pcp_decay(struct mm *mm, uint32_t zone, uint32_t cpu);
/* How many pages a refill of an empty list asks for [__rmqueue_pcplist]. */
uint32_t mm_refill_want(struct mm *mm, uint32_t zone, uint32_t cpu, uint32_t order);
/* Refill whole [rmqueue_bulk]: pages got. */
uint32_t mm_refill(struct mm *mm, uint32_t zone, uint32_t cpu, uint32_t order, uint32_t type,
		   uint32_t alloc_flags);
/* Head of the list, taken off and counted; FRAME_NONE when empty. */
struct frame mm_pcp_pop(struct mm *mm, uint32_t zone, uint32_t cpu, uint32_t order, uint32_t type);

/* One page of a refill, put behind the others; and one page taken out from anywhere (repairs,
 * steps). */
void mm_pcp_add_refilled(struct mm *mm, uint32_t zone, uint32_t cpu, struct frame f, uint32_t order,
			 uint32_t type);
void mm_pcp_del(struct mm *mm, uint32_t zone, uint32_t cpu, struct frame f);
/* Would freeing @f now drain? Changes nothing. */
bool mm_pcp_free_would_drain(const struct mm *mm, uint32_t cpu, struct frame f, uint32_t order);
/* Base pages per chunk of a whole drain [drain_pages_zone]. */
int32_t mm_drain_chunk(const struct mm *mm, uint32_t zone, uint32_t cpu);

/* A drain in progress; step until done. Callers that only want it done call mm_drain_all(). */
struct mm_drain {
	uint32_t zone, cpu;
	int32_t left;		  /* base pages still to free */
	int32_t pindex, min, max; /* round robin state */
	bool active;
	bool from_free; /* caused by a free: afterwards the zone's high mark is looked at (6.12) */
	int32_t more, again; /* 7.2: base pages of further batches, each from list @again on */
};
/* free_unref_page_commit: puts the page on its list; *d says what must be drained (active false:
 * nothing). */
void mm_pcp_free(struct mm *mm, uint32_t cpu, struct frame f, uint32_t order, struct mm_drain *d);
/* Starts draining @count base pages at list @pindex [free_pcppages_bulk]. */
void mm_drain_begin(struct mm *mm, struct mm_drain *d, uint32_t zone, uint32_t cpu, int32_t count,
		    int32_t pindex);
/* The drain that the free of @f, head of its per-cpu list, causes although the lists do not seem
 * full; false where how much it drains is not known either (6.1's free factor). */
bool mm_drain_after_free(struct mm *mm, struct frame f, uint32_t cpu, struct mm_drain *d);
/* After something else was done to the lists: the rest of the batch starts anew. */
void mm_drain_go_on(const struct mm *mm, struct mm_drain *d);
/* The page that the next step frees; FRAME_NONE when done. */
struct frame mm_drain_peek(const struct mm *mm, const struct mm_drain *d);
void mm_drain_step(struct mm *mm, struct mm_drain *d);
void mm_drain_finish(struct mm *mm, struct mm_drain *d);
/* drain_pages_zone for one cpu, in the era's chunks; drain_all_pages is this for every zone and
 * cpu. */
void mm_drain_zone(struct mm *mm, uint32_t zone, uint32_t cpu);
void mm_drain_all(struct mm *mm);

#endif
