// SPDX-License-Identifier: GPL-2.0-only
/*
 * The migration scanner: which pages compaction takes to move them away.
 * Follows isolate_migratepages() and isolate_migratepages_block() of 6.1.192.
 */
#include "mm/compaction_internal.h"

/* The first frames of blocks, and since 6.12 that of the zone, tell by the skip bit. */
static bool at_start_of_block(const struct mm *mm, const struct mm_compact_control *cc, uint32_t f)
{
	return block_aligned(mm, f) || (finishes_blocks(mm) && f == mm->zones[cc->zone].start);
}

/* Every 32nd block, by its pfn, others may run first. */
static bool search_gives_way(const struct mm *mm, const struct mm_compact_control *cc)
{
	uint64_t pfn = mm->base_pfn + cc->source;

	return cc->gives_way && pfn % ((uint64_t)MM_COMPACT_CLUSTER * block_pages(mm)) == 0;
}

/* Is the block of cc->source, which ends before @end, to be scanned? */
static bool source_wanted(struct mm *mm, struct mm_compact_control *cc, uint32_t end)
{
	struct frame start =
		frame_at(max_u32(block_start(mm, cc->source), mm->zones[cc->zone].start));

	if (!compact_block_in_zone(mm, cc->zone, start.n, end))
		return false;
	if (at_start_of_block(mm, cc, cc->source) && !cc->source_found &&
	    !compact_isolation_suitable(mm, cc, start))
		return false;
	if (compact_source_suitable(mm, cc, start))
		return true;
	compact_update_cached_migrate(mm, cc, end);
	return false;
}

/* Where the search begins: true when others may run before its first block is looked at. */
static bool search_begins(struct mm *mm, struct mm_compact_control *cc)
{
	cc->source = compact_fast_source(mm, cc);
	cc->source_found = cc->source != cc->migrate && !cc->fast_search_fail;
	return block_end(mm, cc->source) <= cc->free && search_gives_way(mm, cc);
}

enum mm_compact_at compact_find_source(struct mm *mm, struct mm_compact_control *cc)
{
	if (cc->at != MM_AT_SEARCH && search_begins(mm, cc))
		return MM_AT_SEARCH;
	for (uint32_t end = block_end(mm, cc->source); end <= cc->free; end += block_pages(mm)) {
		if (source_wanted(mm, cc, end)) {
			cc->source_end = end;
			return MM_AT_SOURCE;
		}
		cc->source_found = false;
		cc->migrate = cc->source = end;
		if (end + block_pages(mm) <= cc->free && search_gives_way(mm, cc))
			return MM_AT_SEARCH;
	}
	return MM_AT_FINISHED;
}

/* Machines without LRU lists do not know how many pages are on them. */
static bool too_many_isolated(const struct mm *mm, uint32_t zone)
{
	const struct mm_node *node = &mm->nodes[mm->zones[zone].node];
	uint64_t pages = 0;

	if (!mm_objects(mm))
		return false;
	for (int lru = MM_LRU_INACTIVE_ANON; lru <= MM_LRU_ACTIVE_FILE; lru++)
		pages += node->nr_lru[lru];
	return node->nr_isolated > pages / 2;
}

/*
 * Would the scanner take this single page? Pages without a mapping are refused when somebody else
 * holds them: for an anonymous page that is "pinned, or mapped by nobody". A page whose kind is not
 * known counts as well-behaved.
 */
static bool takes_lru_page(const struct mm *mm, const struct mm_compact_control *cc, uint32_t flags)
{
	bool mapping = flags & (MM_F_FILE | MM_F_SWAPCACHE);

	if (!mapping && (flags & MM_F_PINNED || (flags & (MM_F_ANON | MM_F_MAPPED)) == MM_F_ANON))
		return false;
	if (mapping && !(cc->gfp & MM_GFP_FS))
		return false;
	if (flags & MM_F_UNEVICTABLE && !mm->compact_unevictable_allowed)
		return false;
	return cc->mode == MM_MIGRATE_SYNC || !(flags & MM_F_WRITEBACK);
}

/*
 * Another run is in the middle of moving a page here, as a trace shows: the page is on its LRU list
 * already, but locked and mapped by nobody. An anonymous one counts as pinned then. One of shared
 * memory is dirty, and nobody can lock it to see whether it moves without waiting. That
 * MM_MIGRATE_SYNC does not ask is left out.
 */
static bool being_moved_to(const struct mm *mm, struct frame f)
{
	const struct mm_frame *fr = mm_frame(mm, f);

	return fr->list != MM_NO_LIST && !mm_on_lru_list(mm, f) && !(fr->flags & MM_F_FILE);
}

static bool takes_page(const struct mm *mm, const struct mm_compact_control *cc, struct frame f)
{
	uint32_t flags = mm_frame(mm, f)->flags;

	if (flags & MM_F_ISOLATED)
		return false;
	if (flags & MM_F_LRU)
		return takes_lru_page(mm, cc, flags) && !being_moved_to(mm, f);
	return flags & MM_F_MOVABLE_OPS;
}

void compact_isolate_page(struct mm *mm, struct mm_compact_control *cc, struct frame f)
{
	struct mm_frame *fr = mm_frame(mm, f);

	if (fr->flags & MM_F_LRU) {
		if (mm_on_lru_list(mm, f))
			mm_lru_del(mm, f);
		else if (fr->list != MM_NO_LIST) /* moved there by another run, as a trace shows */
			mm_list_del(mm, f);
		mm->nodes[mm->zones[cc->zone].node].nr_isolated++;
	}
	fr->flags = (fr->flags & ~MM_F_LRU) | MM_F_ISOLATED;
	mm_list_add(mm, list_of_sources(mm, cc), f);
	cc->nr_migrate++;
}

void compact_lru_add(struct mm *mm, struct frame f)
{
	struct mm_frame *fr = mm_frame(mm, f);
	bool file = !(fr->flags & (MM_F_ANON | MM_F_SWAPBACKED));
	bool active = fr->flags & MM_F_ACTIVE;

	/* Machines without LRU lists follow a trace, whose insertions tell when the batch is
	 * flushed. */
	if (!mm_objects(mm))
		return;
	if (fr->flags & MM_F_UNEVICTABLE)
		mm_lru_add(mm, f, MM_LRU_UNEVICTABLE);
	else
		mm_lru_add(mm, f,
			   (enum mm_lru)((file ? MM_LRU_INACTIVE_FILE : MM_LRU_INACTIVE_ANON) +
					 active));
}

void compact_unisolate(struct mm *mm, const struct mm_compact_control *cc, struct frame f)
{
	struct mm_frame *fr = mm_frame(mm, f);

	mm_list_del(mm, f);
	fr->flags &= ~MM_F_ISOLATED;
	if (!(fr->flags & MM_F_MOVABLE_OPS))
		mm->nodes[mm->zones[cc->zone].node].nr_isolated--;
}

/* putback_movable_pages: in list order, each to the head of its LRU list. */
void compact_put_back_sources(struct mm *mm, struct mm_compact_control *cc)
{
	uint32_t list = list_of_sources(mm, cc);
	struct frame f;

	while (!frame_is_none(f = mm_list_first(mm, list))) {
		compact_unisolate(mm, cc, f);
		if (!(mm_frame(mm, f)->flags & MM_F_MOVABLE_OPS))
			compact_lru_add(mm, f);
	}
}

/*
 * Takes the page at w->low. The first one taken also marks the block, if it is the block's first
 * frame [test_and_set_skip]; finding it marked already means that another run is at work here.
 */
static void take_page(struct mm *mm, struct mm_compact_control *cc, struct mm_compact_scan *w)
{
	struct frame f = frame_at(w->low);

	if (!w->skip_updated && mm_frame(mm, f)->flags & MM_F_LRU) {
		w->skip_updated = true;
		if (!cc->ignore_skip_hint &&
		    (finishes_blocks(mm) ? w->valid : block_aligned(mm, w->low))) {
			w->aborted = mm_block_skip(mm, f) && !(finishes_blocks(mm) && cc->rescan);
			mm_set_block_skip(mm, f, true);
		}
		if (w->aborted && finishes_blocks(mm))
			w->low = w->end;
		if (w->aborted)
			return;
	}
	compact_isolate_page(mm, cc, f);
	w->isolated++;
}

/* A page that cannot be moved: for an async direct run the rest of the aligned range is not worth
 * the work. */
static void refuse_page(struct mm *mm, struct mm_compact_control *cc, struct mm_compact_scan *w)
{
	if (!w->give_up_on_failure)
		return;
	if (w->isolated) {
		compact_put_back_sources(mm, cc);
		cc->nr_migrate = 0;
		w->isolated = 0;
	}
	if (w->low < w->next_skip) {
		w->low = w->next_skip - 1;
		w->next_skip += 1u << cc->order;
	}
}

static void skip_compound(const struct mm *mm, struct mm_compact_scan *w, uint32_t order)
{
	w->low += (1u << order) - 1;
	w->scanned += finishes_blocks(mm) ? (1u << order) - 1 : 0;
}

/* Looks at the frame w->low; on return w->low is the last frame dealt with. False: the walk ends
 * here. */
static bool visit_frame(struct mm *mm, struct mm_compact_control *cc, struct mm_compact_scan *w)
{
	struct frame f = frame_at(w->low);
	const struct mm_frame *fr = mm_frame(mm, f);

	if (!w->valid && at_start_of_block(mm, cc, w->low)) {
		if (!compact_isolation_suitable(mm, cc, f)) {
			w->low = w->end;
			w->aborted = true;
			return false;
		}
		w->valid = true;
	}
	if (mm_on_buddy_list(mm, f)) {
		w->low += (1u << fr->order) - 1;
		w->scanned += finishes_blocks(mm) ? (1u << fr->order) - 1 : 0;
		return true;
	}
	if (fr->flags & MM_F_COMPOUND || !takes_page(mm, cc, f)) {
		if (frame_is_none(w->refused))
			w->refused = f;
		if (fr->flags & MM_F_COMPOUND && compact_compound_order(mm, f) < mm->nr_orders)
			skip_compound(mm, w, compact_compound_order(mm, f));
		refuse_page(mm, cc, w);
		return true;
	}
	take_page(mm, cc, w);
	if (w->aborted)
		return false;
	if (cc->nr_migrate >= MM_COMPACT_CLUSTER && !cc->rescan && !cc->contended) {
		w->low++;
		return false;
	}
	return true;
}

static void walk_until(struct mm *mm, struct mm_compact_control *cc, uint32_t limit)
{
	struct mm_compact_scan *w = &cc->scan;

	for (; w->low < limit && !w->done; w->low++) {
		if (w->give_up_on_failure && w->low >= w->next_skip) {
			w->done = w->isolated;
			if (w->done)
				return;
			w->next_skip = order_end(w->low, cc->order);
		}
		w->scanned++;
		w->done = !visit_frame(mm, cc, w);
		if (w->done)
			return;
	}
}

/* Only an async run gives up at once when too much is isolated; the others would wait for a change,
 * and time stands still here. */
static bool begin_scan(struct mm *mm, struct mm_compact_control *cc)
{
	cc->migrate = cc->source;
	if (too_many_isolated(mm, cc->zone))
		return false;
	cc->scan = (struct mm_compact_scan){
		.low = cc->source, .end = cc->source_end, .active = true, .refused = FRAME_NONE};
	if (cc->direct && cc->mode == MM_MIGRATE_ASYNC) {
		cc->scan.give_up_on_failure = true;
		cc->scan.next_skip = order_end(cc->source, cc->order);
	}
	return true;
}

void mm_compact_scan_until(struct mm *mm, struct mm_compact_control *cc, uint32_t limit)
{
	if (cc->scan.active || begin_scan(mm, cc))
		walk_until(mm, cc, min_u32(limit, cc->source_end));
}

void mm_compact_scan_undo(struct mm *mm, struct mm_compact_control *cc)
{
	if (!cc->scan.active)
		return;
	cc->scan.active = false;
	compact_put_back_sources(mm, cc);
	cc->nr_migrate = 0;
}

bool compact_isolate_sources(struct mm *mm, struct mm_compact_control *cc,
			     struct mm_compact_event *ev)
{
	struct mm_compact_scan *w = &cc->scan;
	uint32_t start = cc->source;

	if (!w->active && !begin_scan(mm, cc))
		return false;
	walk_until(mm, cc, w->end);
	w->active = false;
	w->low = min_u32(w->low, w->end);
	if (w->low == w->end && (!w->isolated || cc->rescan)) {
		if (w->valid && !w->skip_updated)
			mm_set_block_skip(mm, frame_at(start), true);
		compact_update_cached_migrate(mm, cc, w->low);
	}
	mm_chronicle_source(mm, w->refused, w->isolated);
	cc->total_migrate_scanned += w->scanned;
	mm_stats(mm)->isolated += w->isolated;
	cc->migrate = w->low;
	*ev = (struct mm_compact_event){.at = MM_AT_SOURCE,
					.start = start,
					.end = w->low,
					.scanned = w->scanned,
					.taken = w->isolated};
	return true;
}
