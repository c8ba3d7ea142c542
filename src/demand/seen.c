// SPDX-License-Identifier: GPL-2.0-only
/* Pages seen: on an LRU list, in a file's cache, under writeback. */
#include "demand/derive.h"

#define MINOR_BITS 20

static void emit_lru(struct derive *d, const struct event *e, struct track *page, uint8_t lru,
		     uint32_t flags)
{
	struct demand_op op = op_for(d, e, DEMAND_LRU, page->id);

	op.type = lru;
	op.page = page->page;
	op.arg = flags;
	emit(d, &op);
	if (d->muted && flags & MM_F_SWAPCACHE && d->swapped)
		d->swapped--;
	page->lru = lru;
	page->flags |= TRACK_LRU;
	page->mm_flags |= flags;
	page->seq = ++d->seq;
}

/* A page that is there already only comes back from compaction, which is no demand, or became
 * (un)evictable. */
static bool is_news(const struct track *page, uint8_t lru)
{
	return !(page->flags & TRACK_LRU) ||
	       (page->lru == MM_LRU_UNEVICTABLE) != (lru == MM_LRU_UNEVICTABLE);
}

void seen_insert(struct derive *d, const struct event *e)
{
	uint32_t frame, head, flags;
	uint8_t lru = (uint8_t)e->w[1];
	enum mm_kind kind = kind_of_pagemap(e->w[2], &flags);
	struct track page;

	if (!frame_of(d, e->w[0], 0, &frame) || e->w[1] >= MM_NR_LRU)
		return;
	head = track_find(d, frame);
	if (head == TRACK_NONE) {
		if (!pending_pop(d, kind, &page))
			return;
		track_set(d, frame, page);
		head = frame;
	}
	d->frames[head].page = (uint8_t)kind;
	if (is_news(&d->frames[head], lru))
		emit_lru(d, e, &d->frames[head], lru, flags);
}

void seen_activate(struct derive *d, const struct event *e)
{
	struct track *page;
	struct demand_op op;
	uint32_t frame, head;

	if (!frame_of(d, e->w[0], 0, &frame))
		return;
	head = track_find(d, frame);
	if (head == TRACK_NONE)
		return;
	op = op_for(d, e, DEMAND_ACTIVATE, d->frames[head].id);
	emit(d, &op);
	page = &d->frames[head];
	if (page->lru == MM_LRU_INACTIVE_ANON || page->lru == MM_LRU_INACTIVE_FILE) {
		page->lru++;
		page->seq = ++d->seq;
	}
}

/*
 * The page cache of a block device: its inode number is the device's [bdev_add, block/bdev.c, 6.1],
 * and it is on a file system of the kernel's own, whose devices have major number 0.
 */
bool seen_is_metadata(const struct event *e)
{
	return e->w[3] >> MINOR_BITS == 0 && e->w[1] >> MINOR_BITS != 0;
}

/*
 * While the journal or the file system has a buffer of it in use, such a page cannot be moved
 * [buffer_migrate_folio_norefs] nor let go [drop_buffers]; when that ends shows in no event. The
 * recorded kernel could not before it did, unless it never came to try: that shows where no pass of
 * its reclaim after the page came had to leave a page in place. The buffer's head is in the page of
 * heads that came last, which stays as long.
 */
static void hold(struct derive *d, const struct event *e, struct track *page)
{
	struct demand_op op = op_for(d, e, DEMAND_HOLD, page->id);

	op.arg = (uint64_t)(e - d->trace->events) < d->last_kept;
	page->mm_flags |= op.arg ? MM_F_PINNED | MM_F_BUFFERS : MM_F_FIXED | MM_F_BUFFERS;
	emit(d, &op);
	if (!op.arg || d->buffers == TRACK_NONE ||
	    d->frames[d->buffers].slab != MM_SLAB_BUFFER + 1 ||
	    d->frames[d->buffers].id == TRACK_NONE)
		return;
	op.id = d->frames[d->buffers].id;
	d->frames[d->buffers].mm_flags |= MM_F_PINNED;
	emit(d, &op);
}

void seen_file_add(struct derive *d, const struct event *e)
{
	uint32_t frame, head;

	if (!frame_of(d, e->w[0], 0, &frame))
		return;
	head = track_find(d, frame);
	if (head == TRACK_NONE)
		return;
	if (d->frames[head].page == MM_KIND_UNKNOWN)
		d->frames[head].page = MM_KIND_FILE;
	if (seen_is_metadata(e) && !held_never(d, e))
		hold(d, e, &d->frames[head]);
}

/*
 * A page leaves the page cache: reclaim takes one page, anything else (truncation, drop_caches, the
 * end of the inode) lets the file go. Where only a part of a file is truncated the rest is taken to
 * go with it.
 */
void seen_file_delete(struct derive *d, const struct event *e)
{
	uint32_t frame, head = TRACK_NONE;
	struct demand_op op;

	if (frame_of(d, e->w[0], 0, &frame))
		head = track_find(d, frame);
	if (context_of(d, e) & (TASK_KSWAPD | TASK_RECLAIM)) {
		if (head != TRACK_NONE) {
			d->frames[head].file = file_number(d, e);
			d->frames[head].returns = reads_dropped(d, e, d->frames[head].file);
		}
		return;
	}
	if (head != TRACK_NONE)
		d->frames[head].flags |= TRACK_TRUNCATED;
	op = op_for(d, e, DEMAND_FILE_GONE, TRACK_NONE);
	op.arg = file_end(d, e);
	if (op.arg)
		emit(d, &op);
}

void seen_writeback(struct derive *d, const struct event *e)
{
	bool begins = e->kind == EV_P_WRITEBACK;
	struct demand_op op;
	uint32_t frame, head;

	if (!frame_of(d, e->w[0], 0, &frame))
		return;
	head = track_find(d, frame);
	if (head == TRACK_NONE)
		return;
	d->frames[head].mm_flags &= ~(MM_F_DIRTY | MM_F_WRITEBACK);
	if (begins)
		d->frames[head].mm_flags |= MM_F_WRITEBACK;
	op = op_for(d, e, begins ? DEMAND_WRITEBACK : DEMAND_WRITTEN, d->frames[head].id);
	emit(d, &op);
}

/* Without events of LRU lists a page that is asked for as those on them are is taken for one. */
void seen_infer(struct derive *d, const struct event *e, struct track *page)
{
	struct demand_op op = op_for(d, e, DEMAND_LRU, page->id);

	page->flags |= TRACK_LRU;
	op.type = MM_LRU_INACTIVE_ANON;
	op.page = MM_KIND_ANON;
	op.arg = MM_F_ANON | MM_F_SWAPBACKED;
	if (d->trace->kinds_seen[EV_FILE_ADD] || (uint32_t)e->w[2] & GFP_WRITE) {
		op.type = MM_LRU_INACTIVE_FILE;
		op.page = MM_KIND_FILE;
		op.arg = MM_F_FILE;
	}
	page->page = op.page;
	page->lru = op.type;
	page->mm_flags = op.arg;
	page->seq = ++d->seq;
	emit(d, &op);
	d->counts.inferred_lru++;
}
