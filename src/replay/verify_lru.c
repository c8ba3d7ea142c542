// SPDX-License-Identifier: GPL-2.0-only
/* What is known of allocated pages: on an LRU, anonymous or file, under writeback. Compaction and
 * fallbacks ask. */
#include "replay/verify.h"

#define RECLAIM_WINDOW 16384 /* events within which a reclaim batch frees its pages */

void verify_page_flag(struct verify *v, const struct event *e, uint32_t set)
{
	struct frame f = frame_from_pfn(v->mm, (struct pfn){e->w[0]});

	if (frame_is_none(f))
		return;
	f = mm_page_head(v->mm, f);
	if (!frame_is_none(f))
		mm_frame(v->mm, f)->flags |= set;
}

/* Flags of the pagemap tracepoint [include/trace/events/pagemap.h]. */
#define PAGEMAP_ANON 0x2u
#define PAGEMAP_SWAPCACHE 0x8u
#define PAGEMAP_SWAPBACKED 0x10u

/*
 * Reclaim takes a batch off the LRU before it frees it page by page, and may be preempted in
 * between. Which pages those are is read from the batch's own frees further on.
 */
void verify_lru_isolate(struct verify *v, const struct event *e)
{
	uint64_t left = e->w[4];

	for (uint64_t j = v->i + 1; left && j < v->last && j < v->i + RECLAIM_WINDOW; j++) {
		const struct event *x = &v->t->events[j];
		struct frame f;

		if (x->pid != e->pid || event_context(x) != CTX_TASK)
			continue;
		if (x->kind == EV_LRU_SHRINK_INACTIVE || x->kind == EV_LRU_SHRINK_ACTIVE ||
		    x->kind == EV_LRU_ISOLATE)
			break;
		f = frame_from_pfn(v->mm, (struct pfn){x->w[0]});
		if (x->kind != EV_FREE || frame_is_none(f) ||
		    !(mm_frame(v->mm, f)->flags & MM_F_LRU))
			continue;
		mm_frame(v->mm, f)->flags &= ~MM_F_LRU;
		left--;
	}
	v->res->lookaheads++;
}

void verify_lru_insert(struct verify *v, const struct event *e)
{
	struct frame f = frame_from_pfn(v->mm, (struct pfn){e->w[0]});
	uint32_t flags = MM_F_LRU;

	verify_compact_insertion(v, e);
	if (!frame_is_none(f))
		verify_compact_seen(v, e, f);
	/* An anonymous page may be inserted a moment before it is mapped. */
	if (e->w[2] & PAGEMAP_ANON)
		flags |= MM_F_ANON | MM_F_MAPPED;
	else if (!(e->w[2] & PAGEMAP_SWAPBACKED))
		flags |= MM_F_FILE;
	if (e->w[2] & PAGEMAP_SWAPCACHE)
		flags |= MM_F_SWAPCACHE;
	if (e->w[1] == MM_LRU_UNEVICTABLE)
		flags |= MM_F_UNEVICTABLE;
	verify_page_flag(v, e, flags);
}

/*
 * Reclaim writes an anonymous page: by then it is in the swap cache, and its mappings are gone
 * [add_to_swap, try_to_unmap and pageout in shrink_folio_list]. Nothing else tells that.
 */
void verify_writepage(struct verify *v, const struct event *e)
{
	struct frame f = frame_from_pfn(v->mm, (struct pfn){e->w[0]});
	struct mm_frame *fr;

	if (frame_is_none(f) || frame_is_none(f = mm_page_head(v->mm, f)))
		return;
	fr = mm_frame(v->mm, f);
	if (fr->flags & MM_F_ANON)
		fr->flags = (fr->flags | MM_F_SWAPCACHE) & ~MM_F_MAPPED;
}

/* ---- writeback: pages that the scanners leave alone unless they may wait ---- */

/* Nothing stays on its way to the disk this long: its end was not recorded. */
#define WRITEBACK_LOST_NS 5000000000ull

void verify_writeback(struct verify *v, const struct event *e)
{
	struct frame f = frame_from_pfn(v->mm, (struct pfn){e->w[0]});
	struct mm_frame *fr;

	if (frame_is_none(f) || frame_is_none(f = mm_page_head(v->mm, f)))
		return;
	fr = mm_frame(v->mm, f);
	fr->flags |= MM_F_WRITEBACK;
	v->wb_begun++;
	v->wb_ring[v->wb_begun % WB_RING] = f.n;
	v->wb_times[v->wb_begun % WB_RING] = e->time;
	/* An allocated page is on no list here: its links are free to say which beginning this was.
	 */
	if (fr->list == MM_NO_LIST)
		fr->next = v->wb_begun;
}

/*
 * A probe that hits while another one is being handled is not recorded: pages that the disk
 * finished in such an interrupt would seem to be under writeback for ever.
 */
static void forget_lost(struct verify *v, uint64_t now)
{
	if (v->wb_begun - v->wb_oldest >= WB_RING)
		v->wb_oldest = v->wb_begun - WB_RING + 1;
	for (; v->wb_oldest < v->wb_begun; v->wb_oldest++) {
		uint32_t n = v->wb_oldest % WB_RING;
		struct mm_frame *fr = &mm_frames(v->mm)[v->wb_ring[n]];

		if (v->wb_times[n] + WRITEBACK_LOST_NS > now)
			return;
		if (fr->list == MM_NO_LIST && fr->next == v->wb_oldest)
			fr->flags &= ~MM_F_WRITEBACK;
	}
}

void verify_writeback_end(struct verify *v, const struct event *e)
{
	struct frame f = frame_from_pfn(v->mm, (struct pfn){e->w[0]});

	forget_lost(v, e->time);
	if (!frame_is_none(f) && !frame_is_none(f = mm_page_head(v->mm, f)))
		mm_frame(v->mm, f)->flags &= ~MM_F_WRITEBACK;
}
