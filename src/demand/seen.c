// SPDX-License-Identifier: GPL-2.0-only
/* Pages seen: on an LRU list, in a file's cache, under writeback. */
#include "demand/derive.h"

static void emit_lru(struct derive *d, const struct event *e, struct track *page, uint8_t lru,
		     uint32_t flags)
{
	struct demand_op op = op_for(d, e, DEMAND_LRU, page->id);

	op.type = lru;
	op.page = page->page;
	op.arg = flags;
	emit(d, &op);
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

void seen_file_add(struct derive *d, const struct event *e)
{
	uint32_t frame, head;

	if (!frame_of(d, e->w[0], 0, &frame))
		return;
	head = track_find(d, frame);
	if (head != TRACK_NONE && d->frames[head].page == MM_KIND_UNKNOWN)
		d->frames[head].page = MM_KIND_FILE;
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
