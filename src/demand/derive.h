/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside src/demand: the state of the pass over the events. */
#ifndef ZR_DEMAND_DERIVE_H
#define ZR_DEMAND_DERIVE_H

#include "demand/demand.h"

#define TRACK_NONE UINT32_MAX

/* One frame as the recorded kernel had it. Only heads of pages that are out have an id. */
struct track {
	uint32_t id;
	uint8_t order;
	uint8_t page;  /* enum mm_kind */
	uint8_t flags; /* TRACK_* */
	uint8_t lru;
	uint32_t mm_flags; /* MM_F_*, as last seen */
	uint32_t seq;	   /* when it came to its LRU list */
	uint32_t file;	   /* its number, 0 not known */
	uint32_t returns;  /* number of a page that was dropped and will be read again, else 0 */
	uint32_t owner;	   /* pid that asked for it, 0 not known */
	uint32_t range;	   /* number of its range, 0 none: ranges.c */
	uint8_t slab;	   /* enum mm_slab + 1: a page that shrinkers can empty */
};
#define TRACK_LRU 1u	    /* has shown on an LRU list */
#define TRACK_INITIAL 2u    /* was there when recording began */
#define TRACK_TRUNCATED 4u  /* left its file's cache, not by reclaim */
#define TRACK_TABLE 8u	    /* asked for as page tables are */
#define TRACK_TYPE_SHIFT 4u /* the migratetype that it was asked for with */
#define TRACK_TYPE(flags) ((flags) >> TRACK_TYPE_SHIFT & 3u)

/* What a task is doing, as its own events say. */
#define TASK_KSWAPD 1u
#define TASK_RECLAIM 2u
#define TASK_COMPACT 4u
#define TASK_MIGRATE 8u
#define TASK_RECORDER 16u
#define TASK_KHUGEPAGED 32u
#define TASK_THP_FAILED 64u /* its last fault for a huge page got none on its node */
#define TASK_SWAPPED 128u   /* pages of it were swapped out */

/* A migration source without its destination yet. */
struct pending {
	struct track page;
	uint32_t pid;
	uint64_t time;
};

/* A request that took time, by its events: the first that shows it, and its mm_page_alloc. */
struct request_begin {
	uint64_t begin, end;
};
/* One that has begun and is not over; its operation is out already. */
struct request_early {
	uint64_t end;	   /* event; 0: none */
	struct track page; /* that it gets */
};

static inline bool has_failed(const struct event *alloc)
{
	return alloc->w[0] == UINT64_MAX;
}

/* Files of which pages were dropped, by device and inode, in an open hash table: files.c. */
struct file_entry {
	uint64_t device, inode;
	uint32_t number; /* 0: the entry is free */
	bool gone;
};
struct file_table {
	struct file_entry *entries;
	uint32_t size, used, last; /* size is a power of two; last: the greatest number given */
};

/* Pages that were dropped, by their names, and those that were read again: reads.c. */
struct page_table {
	struct page_entry {
		struct page_name {
			uint64_t device, inode, index;
		} name;
		uint32_t number; /* of a page that is read again, from 1; 0: it is not */
		uint32_t file;	 /* number of its file while it is out; 0: it is in memory */
		bool used;
	} * entries;
	struct page_return {
		uint64_t alloc, add; /* events: it is asked for; it is in its file's cache */
	} * returns;		     /* by the first of them */
	uint32_t size, used, last;   /* as above */
	size_t nr_returns;
};

/* Ranges that tasks wanted huge pages for, and those tasks: ranges.c. Both count from 1. */
struct range_table {
	struct range *ranges;
	struct range_task *tasks;
	uint32_t *by_pid; /* number of the task, 0 none */
	uint32_t nr, max, nr_tasks, max_tasks;
};

/* Bulk allocations under way, and their pages: bulk.c. */
struct bulk_call {
	uint32_t pid, gfp, seen; /* pages that it asked for one by one */
};
#define MAX_BULK_CALLS 64u
struct bulk_table {
	struct bulk_call calls[MAX_BULK_CALLS];
	uint32_t nr_calls;
	uint32_t out, most;
};

/* The vmstat worker at its work: fold.c. */
struct fold {
	uint32_t pid, cpu; /* pid 0: it is not */
	uint32_t zones;	   /* bits: drained of another node's pages */
};

/* A range that is being freed: contig.c. */
struct contig {
	uint32_t pid;  /* 0: none */
	uint64_t last; /* its last pfn */
};

/* What interrupts free: past.c. */
struct past_burst {
	uint64_t end; /* event */
	uint32_t cpu;
	bool past;
};
struct past_table {
	uint8_t *seen; /* two bits for each event */
	struct past_burst bursts[MM_MAX_ZONES];
};

/* What the nodes have: nodes.c. */
struct node_table {
	bool several, counted;
	int64_t room[MM_MAX_NODES]; /* free pages beyond plenty */
	uint32_t pool;		    /* node that the pool of huge pages asked last */
};

/* Who holds pages, in the order of events: held.c. */
enum held_note_kind { HELD_NEVER, HELD_FROM_HERE, HELD_NO_LONGER };
struct held_note {
	uint64_t event;
	uint32_t frame;
	uint32_t kind;
};
struct held_table {
	struct held_note *v;
	size_t nr, next;
};

struct derive {
	const struct trace *trace;
	struct demand_geometry geo;
	struct demand_counts counts;
	struct demand_account account;
	struct track *frames;
	uint8_t *tasks;			    /* TASK_* by pid */
	uint64_t *last_event;		    /* by pid */
	struct account_task *account_tasks; /* by pid */
	uint32_t nr_tasks;
	uint32_t *free_ids; /* a stack */
	uint32_t nr_free_ids;
	struct pending *pending; /* a queue in a ring */
	uint32_t pending_first, nr_pending, max_pending;
	uint64_t first_time;
	bool has_writeback;
	bool has_lru, has_migrate;   /* kinds of events that the trace has */
	uint32_t intent, intent_pid; /* the run of pool requests that is under way; pid 0 none */
	bool muted;		     /* before the cut */
	uint32_t seq;		     /* of the last page that came to an LRU list */
	uint32_t *drop;		     /* cut: by id, which of the later drops ends it; see cut.c */
	uint32_t nr_drops;
	uint32_t swapped; /* anonymous pages dropped and not read again, before the cut */
	uint16_t slab_keeps[MM_NR_SLABS], slab_cpu_keeps[MM_NR_SLABS]; /* as in struct mm */
	uint16_t slab_objects[MM_NR_SLABS]
			     [MM_NR_ORDERS]; /* in a page of each order; 0: not known */
	uint64_t last_kept; /* event of the last pass of reclaim that left a page in place */
	uint32_t buffers;   /* frame of the last page of buffer heads, TRACK_NONE none */
	uint64_t shrunk,
		shrunk_time; /* objects that shrinkers freed and whose pages have not shown */
	struct file_table files;
	struct page_table pages;
	struct range_table ranges;
	struct bulk_table bulk;
	struct fold fold;
	struct contig contig;
	struct node_table nodes;
	struct past_table past;
	struct held_table held;
	struct request_begin *begins; /* by when they began */
	size_t nr_begins, next_begin;
	struct request_early *early; /* by pid */
	FILE *out;
	bool write_failed;
};

/* ---- pages.c: who is where ---- */

/* Head of the page that is out and covers @frame, TRACK_NONE if none. */
uint32_t track_find(const struct derive *d, uint32_t frame);
void track_set(struct derive *d, uint32_t frame, struct track page);
/* Takes an id for a new object; TRACK_NONE when there is none (cannot happen in a sane trace). */
uint32_t id_take(struct derive *d);
void id_give(struct derive *d, uint32_t id);
/* Halves the page at @head until a piece of @order starts at @frame. */
void track_split(struct derive *d, const struct event *e, uint32_t head, uint32_t frame,
		 uint32_t order);

/* ---- migrate.c: identity across compaction ---- */

void pending_push(struct derive *d, const struct event *e, uint32_t head);
/* The oldest source that can be the page of kind @page that shows now. */
bool pending_pop(struct derive *d, uint32_t page, struct track *out);
/* Sources that can have no destination any more die. */
void pending_expire(struct derive *d, const struct event *now, bool all);

/* ---- initial.c: what was there when recording began ---- */

int initial_scan(struct derive *d, const struct capture *c, struct demand_initial **out,
		 uint64_t *nr, struct error *err) MUST_CHECK;

/* ---- context.c: what the tasks are doing ---- */

int context_init(struct derive *d, const struct capture *c, struct error *err) MUST_CHECK;
void context_update(struct derive *d, const struct event *e);
/* Before another pass over the events: nobody is in the middle of anything. */
void context_reset(struct derive *d);
/* TASK_* that apply to what @e did: nothing in interrupts, whose work is not the task's. */
uint32_t context_of(const struct derive *d, const struct event *e);
bool context_migrates(const struct derive *d, uint32_t ctx);
/* Kind and MM_F_* flags from the flags of a pagemap event. */
enum mm_kind kind_of_pagemap(uint64_t flags, uint32_t *mm_flags);

/* ---- seen.c: what shows of pages that are out ---- */

void seen_insert(struct derive *d, const struct event *e);
void seen_activate(struct derive *d, const struct event *e);
/* Is it a block device's own page cache? */
bool seen_is_metadata(const struct event *file_add);
void seen_file_add(struct derive *d, const struct event *e);
void seen_file_delete(struct derive *d, const struct event *e);
void seen_writeback(struct derive *d, const struct event *e); /* begins or has ended */
void seen_infer(struct derive *d, const struct event *e, struct track *page);

/* ---- held.c: pages that cannot be moved ---- */

int held_find(struct derive *d, struct error *err) MUST_CHECK;
/* Metadata that was never found in use. */
bool held_never(struct derive *d, const struct event *added);
/* What shows of it at event @i, after all else. */
void held_after(struct derive *d, uint64_t i);

/* ---- files.c: whose page cache a page is ---- */

/* The number of the file that a page cache event names, of which a page is being dropped; 0 when
 * memory is exhausted. */
uint32_t file_number(struct derive *d, const struct event *e);
/* The file ends; its inode may come to mean another one. Its number, 0 if nothing of it was
 * dropped. */
uint32_t file_end(struct derive *d, const struct event *e);

/* Is it still the file that had this number? */
bool file_is(const struct derive *d, const struct event *e, uint32_t number);

/* ---- reads.c: pages of files that were read again ---- */

int reads_find(struct derive *d, uint64_t from, uint64_t to, struct error *err) MUST_CHECK;
/* @e: the recorded kernel drops a page of @file. Its number if it is read again, else 0. */
uint32_t reads_dropped(struct derive *d, const struct event *e, uint32_t file);
/* Number of the page that @alloc brings back; 0: of none that was dropped. */
uint32_t reads_again(struct derive *d, const struct event *alloc);
void reads_release(struct page_table *t);

/* ---- begins.c: when requests began ---- */

int begins_find(struct derive *d, uint64_t from, uint64_t to, struct error *err) MUST_CHECK;
/* The mm_page_alloc of the request that begins with event @i, 0 none; @i only grows. */
uint64_t begins_at(struct derive *d, uint64_t i);

/* ---- account.c: who let what go ---- */

/* What there is to know of a task before the pass begins. */
struct account_task {
	uint64_t last_request; /* event */
	bool ends, killed;     /* inside the recording; by the out-of-memory killer, from now on */
	bool shrinks;	       /* is inside a shrinker */
	bool reaper;	       /* frees for the killer what its victims had */
};
int account_init(struct derive *d, struct error *err) MUST_CHECK;
void account_event(struct derive *d, const struct event *e);
/* No event says that a task ends: its last one, @i, does. */
void account_last_event(struct derive *d, uint64_t i);
/* TRACK_* that the request gives its page. */
uint8_t account_flags(const struct demand_op *request);
/* The page at @head ends. @by is what ended it, or DEMAND_NR_WHYS: whoever frees it now. */
void account_end(struct derive *d, const struct event *e, const struct track *page,
		 enum demand_why by);
/* The recording is over: pages that are still out. */
void account_rest(struct derive *d);

/* ---- intents.c: resizes of a pool of huge pages ---- */

void intent_follow(struct derive *d, const struct event *e, struct demand_op *op, bool pool);
void intent_marker(struct derive *d, const struct event *e);

/* ---- bulk.c: pages that come without an event of their own ---- */

void bulk_begin(struct derive *d, const struct event *e);
void bulk_alloc(struct derive *d, const struct event *e);
void bulk_end(struct derive *d, const struct event *e);
/* A page that nobody was seen to allocate is freed at @frame; false: it is none of these either. */
bool bulk_free(struct derive *d, const struct event *e, uint32_t frame);

/* ---- contig.c: pages that are given back together ---- */

void contig_begin(struct derive *d, const struct event *e);
void contig_freed(struct derive *d, const struct event *e); /* after a page was freed */

/* ---- past.c: frees that go past the per-cpu lists ---- */

int past_find(struct derive *d, uint64_t from, uint64_t to, struct error *err) MUST_CHECK;
bool past_lists(struct derive *d, const struct event *e);

/* ---- fold.c: the vmstat worker ---- */

void fold_begin(struct derive *d, const struct event *e);
void fold_event(struct derive *d, const struct event *e);

/* ---- nodes.c: the node that a request prefers ---- */

void nodes_init(struct derive *d, const struct capture *c);
void nodes_free(struct derive *d, const struct event *e, uint32_t frame);
void nodes_alloc(struct derive *d, const struct event *e, uint32_t frame);
/* @op is the request that ends with @alloc. */
void nodes_request(struct derive *d, const struct event *alloc, struct demand_op *op);

/* ---- ranges.c: what belongs to one fault for a huge page ---- */

/* Is the request a fault for a transparent huge page, and which of its two? */
void range_note_fault(struct derive *d, const struct event *e, struct demand_op *op);
/* Names the range of a request and of the page that it got. */
void range_request(struct derive *d, const struct event *e, struct demand_op *op,
		   struct track *page);
/* @op ends what is in @page. */
void range_end(struct derive *d, const struct event *e, const struct track *page,
	       struct demand_op *op);
void range_split(struct derive *d, const struct track *page); /* it becomes two */
int ranges_result(const struct derive *d, struct demand *out, struct error *err) MUST_CHECK;
void ranges_release(struct range_table *t);
/* ---- slab.c: pages that shrinkers can empty ---- */

/* How many objects a page has: from the capture's slabinfo where there is one. */
void slab_init(struct derive *d, const struct capture *c);
/* enum mm_slab + 1 of a request's page, 0: none that shrinkers can empty. */
uint8_t slab_of_request(const struct derive *d, uint32_t gfp, uint32_t order);
/* A shrinker says how many objects it freed. */
void slab_on_shrunk(struct derive *d, const struct event *e);
/* Was the page that @e frees emptied by a shrinker? */
bool slab_was_shrunk(struct derive *d, const struct event *e, const struct track *page);

/* ---- cut.c: the pages that are out at a cut ---- */

/* They replace those of the start. */
int cut_here(struct derive *d, struct demand_initial **list, uint64_t *nr,
	     struct error *err) MUST_CHECK;
/* An object has ended. */
void cut_end(struct derive *d, uint32_t id, bool dropped);
/* When the recording is over: puts the pages into the order in which it dropped them. */
void cut_order(struct derive *d, struct demand_initial *list, uint64_t nr);

/* ---- derive.c ---- */

void emit(struct derive *d, const struct demand_op *op);
struct demand_op op_for(const struct derive *d, const struct event *e, enum demand_kind kind,
			uint32_t id);
bool frame_of(const struct derive *d, uint64_t pfn, uint32_t order, uint32_t *frame);

#endif
