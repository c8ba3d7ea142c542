// SPDX-License-Identifier: GPL-2.0-only
/* The pass over the events that turns a recording into demand. */
#include "demand/derive.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_PENDING 65536u
#define PROGRESS_STEP 65536u

void emit(struct derive *d, const struct demand_op *op)
{
	if (!d->muted && fwrite(op, sizeof(*op), 1, d->out) != 1)
		d->write_failed = true;
}

struct demand_op op_for(const struct derive *d, const struct event *e, enum demand_kind kind,
			uint32_t id)
{
	struct demand_op op = {
		.time = e->time - d->first_time,
		.id = id,
		.pid = e->pid,
		.cpu = e->cpu,
		.kind = (uint8_t)kind,
	};

	if (e->pid < d->nr_tasks && d->tasks[e->pid] & TASK_RECORDER)
		op.flags = DEMAND_F_RECORDER;
	return op;
}

bool frame_of(const struct derive *d, uint64_t pfn, uint32_t order, uint32_t *frame)
{
	uint64_t n = pfn - d->geo.base_pfn;

	if (order >= MM_NR_ORDERS || pfn < d->geo.base_pfn || n >= d->geo.nr_frames ||
	    (1u << order) > d->geo.nr_frames - n)
		return false;
	*frame = (uint32_t)n;
	return true;
}

enum mm_kind demand_kind_of_request(uint32_t gfp, uint32_t order, uint32_t pageblock_order)
{
	if (order >= pageblock_order && gfp & GFP_COMP && !(gfp & GFP_NOMEMALLOC) &&
	    gfp & GFP_DIRECT_RECLAIM)
		return MM_KIND_HUGETLB;
	if (gfp & GFP_MOVABLE)
		return MM_KIND_UNKNOWN;
	if (gfp & GFP_RECLAIMABLE)
		return MM_KIND_SLAB;
	return MM_KIND_KERNEL;
}

/* ---- pages let go ---- */

static bool may_be_on_lru(const struct track *page)
{
	return page->flags & TRACK_LRU || page->page == MM_KIND_UNKNOWN ||
	       page->page == MM_KIND_FILE || page->page == MM_KIND_ANON ||
	       page->page == MM_KIND_SHMEM;
}

static void on_swap_out(struct derive *d, const struct track *page)
{
	if (d->muted)
		d->swapped += 1u << page->order;
	if (page->owner && page->owner < d->nr_tasks)
		d->tasks[page->owner] |= TASK_SWAPPED;
}

static enum demand_why why(const struct derive *d, const struct event *e, enum demand_kind how,
			   uint16_t flags)
{
	if (flags & DEMAND_F_LOST)
		return DEMAND_BY_UNSEEN;
	if (how == DEMAND_DROP)
		return context_of(d, e) & TASK_KSWAPD ? DEMAND_BY_KSWAPD : DEMAND_BY_DIRECT_RECLAIM;
	return how == DEMAND_SHRUNK ? DEMAND_BY_SHRINKER : DEMAND_NR_WHYS;
}

static void end_object(struct derive *d, const struct event *e, uint32_t head, enum demand_kind how,
		       uint16_t flags)
{
	struct demand_op op = op_for(d, e, how, d->frames[head].id);

	op.order = d->frames[head].order;
	op.flags |= flags;
	if (how == DEMAND_DROP) {
		op.arg = d->frames[head].file;
		op.gfp = d->frames[head].returns;
	}
	if (d->frames[head].page == MM_KIND_HUGETLB)
		op.flags |= DEMAND_F_HUGE;
	if (how == DEMAND_DEATH && past_lists(d, e))
		op.flags |= DEMAND_F_PAST;
	range_end(d, e, &d->frames[head], &op);
	emit(d, &op);
	account_end(d, e, &d->frames[head], why(d, e, how, flags));
	cut_end(d, op.id, how != DEMAND_DEATH);
	id_give(d, d->frames[head].id);
	d->frames[head].id = TRACK_NONE;
	if (how == DEMAND_DROP && d->frames[head].mm_flags & MM_F_SWAPBACKED)
		on_swap_out(d, &d->frames[head]);
	*(how == DEMAND_DEATH ? &d->counts.deaths : &d->counts.drops) += 1;
}

/* Who freed the page, and so why. */
static void let_go(struct derive *d, const struct event *e, uint32_t head)
{
	const struct track *page = &d->frames[head];
	uint32_t ctx = context_of(d, e);

	if (context_migrates(d, ctx) && may_be_on_lru(page)) {
		pending_push(d, e, head);
	} else if (ctx & (TASK_KSWAPD | TASK_RECLAIM) && may_be_on_lru(page)) {
		end_object(d, e, head, DEMAND_DROP, 0);
	} else if (slab_was_shrunk(d, e, page)) {
		d->counts.slab_shrunk += 1u << page->order;
		end_object(d, e, head, DEMAND_SHRUNK, 0);
	} else {
		if (ctx & (TASK_KSWAPD | TASK_RECLAIM))
			d->counts.slab_shrunk += 1u << page->order;
		end_object(d, e, head, DEMAND_DEATH, 0);
	}
}

static void on_unknown_free(struct derive *d, const struct event *e, uint32_t frame)
{
	struct demand_op op;
	struct track page;

	if (context_of(d, e) & TASK_COMPACT) {
		d->counts.compaction_released++;
	} else if (!d->has_lru && pending_pop(d, MM_KIND_UNKNOWN, &page)) {
		op = op_for(d, e, DEMAND_DEATH, page.id);
		op.order = page.order;
		range_end(d, e, &page, &op);
		emit(d, &op);
		account_end(d, e, &page, DEMAND_NR_WHYS);
		cut_end(d, page.id, false);
		id_give(d, page.id);
		d->counts.deaths++;
	} else if (!bulk_free(d, e, frame)) {
		d->counts.unknown_frees++;
	}
}

static void on_free(struct derive *d, const struct event *e)
{
	uint32_t order = (uint32_t)e->w[1], frame, head, i, found = 0;

	if (!frame_of(d, e->w[0], order, &frame)) {
		d->counts.foreign_frames++;
		return;
	}
	nodes_free(d, e, frame);
	head = track_find(d, frame);
	if (head != TRACK_NONE && d->frames[head].order >= order) {
		if (d->frames[head].order > order)
			track_split(d, e, head, frame, order);
		if (d->frames[frame].id != TRACK_NONE)
			let_go(d, e, frame);
		return;
	}
	for (i = 0; i < 1u << order; i++) {
		if (d->frames[frame + i].id != TRACK_NONE) {
			let_go(d, e, frame + i);
			found++;
		}
	}
	if (found)
		d->counts.ragged_frees++;
	else
		on_unknown_free(d, e, frame);
}

/* ---- pages handed out ---- */

static void clear_range(struct derive *d, const struct event *e, uint32_t frame, uint32_t order)
{
	uint32_t head = track_find(d, frame), i;

	if (head != TRACK_NONE && head != frame) {
		end_object(d, e, head, DEMAND_DEATH, DEMAND_F_LOST);
		d->counts.double_allocs++;
	}
	for (i = 0; i < 1u << order; i++) {
		if (d->frames[frame + i].id == TRACK_NONE)
			continue;
		end_object(d, e, frame + i, DEMAND_DEATH, DEMAND_F_LOST);
		d->counts.double_allocs++;
	}
}

static void set_request(const struct derive *d, const struct event *e, struct demand_op *op)
{
	op->order = (uint8_t)e->w[1];
	op->gfp = (uint32_t)e->w[2];
	op->type = (uint8_t)e->w[3];
	op->page = (uint8_t)demand_kind_of_request(op->gfp, op->order, d->geo.pageblock_order);
}

static bool is_foreign(const struct derive *d, const struct event *e, uint32_t *frame)
{
	return e->w[1] >= MM_NR_ORDERS ||
	       (!has_failed(e) && !frame_of(d, e->w[0], (uint32_t)e->w[1], frame));
}

/* Does it read a page again that the recorded kernel had dropped? */
static void request_returns(struct derive *d, const struct event *e, struct demand_op *op)
{
	uint32_t number = reads_again(d, e);

	if (!number || op->flags & (DEMAND_F_RANGE | DEMAND_F_HUGE))
		return;
	op->flags |= DEMAND_F_RETURNS;
	op->arg = number;
}

/* The request that ends with @e begins at @begin. What it gets; without an id: nothing. */
static struct track request(struct derive *d, const struct event *e, const struct event *begin)
{
	bool failed = has_failed(e);
	struct demand_op op = op_for(d, begin, failed ? DEMAND_FAIL : DEMAND_BIRTH, TRACK_NONE);
	struct track page = {.id = TRACK_NONE, .lru = DEMAND_NO_LRU, .owner = e->pid};

	set_request(d, e, &op);
	nodes_request(d, e, &op);
	range_note_fault(d, e, &op);
	if (d->has_writeback && op.gfp & GFP_WRITE) {
		op.flags |= DEMAND_F_DIRTY;
		page.mm_flags = MM_F_DIRTY;
	}
	if (!failed) {
		op.id = id_take(d);
		if (op.id == TRACK_NONE)
			return page;
	}
	intent_follow(d, e, &op, op.page == MM_KIND_HUGETLB);
	range_request(d, e, &op, &page);
	bulk_alloc(d, e);
	if (op.gfp & GFP_WRITE)
		page.mm_flags |= MM_F_BUFFERS;
	if (!failed) {
		page.slab = slab_of_request(d, op.gfp, op.order);
		op.arg = page.slab ? page.slab : op.arg;
		request_returns(d, e, &op);
	}
	emit(d, &op);
	*(failed ? &d->counts.fails : &d->counts.births) += 1;
	page.id = op.id;
	page.order = op.order;
	page.page = op.page;
	page.flags |= account_flags(&op);
	page.seq = page.slab ? ++d->seq : 0;
	return page;
}

/* What began at event @i is asked for now. */
static void requests_begin(struct derive *d, uint64_t i, uint64_t to)
{
	const struct event *events = d->trace->events, *e = &events[i];
	uint64_t end = begins_at(d, i);
	uint32_t frame;

	if (end && end < to && !is_foreign(d, &events[end], &frame))
		d->early[e->pid] =
			(struct request_early){.end = end, .page = request(d, &events[end], e)};
}

static struct track page_of(struct derive *d, const struct event *e)
{
	struct request_early *early = e->pid < d->nr_tasks ? &d->early[e->pid] : NULL;

	if (!early || !early->end || &d->trace->events[early->end] != e)
		return request(d, e, e);
	early->end = 0;
	return early->page;
}

static void on_alloc(struct derive *d, const struct event *e)
{
	struct track page;
	uint32_t frame = 0;

	if (is_foreign(d, e, &frame)) {
		d->counts.foreign_frames++;
		return;
	}
	if (!has_failed(e))
		clear_range(d, e, frame, (uint32_t)e->w[1]);
	page = page_of(d, e);
	if (page.id == TRACK_NONE)
		return;
	nodes_alloc(d, e, frame);
	if (!d->has_lru && page.page == MM_KIND_UNKNOWN && page.order == 0)
		seen_infer(d, e, &page);
	track_set(d, frame, page);
	if (page.slab == MM_SLAB_BUFFER + 1)
		d->buffers = frame;
}

static void on_event(struct derive *d, const struct event *e)
{
	context_update(d, e);
	account_event(d, e);
	fold_event(d, e);
	switch (e->kind) {
	case EV_ALLOC:
		on_alloc(d, e);
		break;
	case EV_FREE:
		on_free(d, e);
		contig_freed(d, e);
		break;
	case EV_P_CONTIG:
		contig_begin(d, e);
		break;
	case EV_LRU_INSERT:
		seen_insert(d, e);
		break;
	case EV_LRU_ACTIVATE:
		seen_activate(d, e);
		break;
	case EV_FILE_ADD:
		seen_file_add(d, e);
		break;
	case EV_FILE_DELETE:
		seen_file_delete(d, e);
		break;
	case EV_MARKER:
		intent_marker(d, e);
		break;
	case EV_SHRINK_SLAB_END:
		slab_on_shrunk(d, e);
		break;
	case EV_P_BULK:
		bulk_begin(d, e);
		break;
	case EV_P_BULK_RET:
		bulk_end(d, e);
		break;
	case EV_P_FOLD:
		fold_begin(d, e);
		break;
	case EV_P_WRITEBACK:
	case EV_P_WRITEBACK_END:
		seen_writeback(d, e);
		break;
	default:
		break;
	}
	pending_expire(d, e, false);
}

/* ---- setting up and running ---- */

static int alloc_tables(struct derive *d, struct error *err)
{
	uint32_t i;

	d->max_pending = MAX_PENDING;
	d->frames = calloc(d->geo.nr_frames, sizeof(*d->frames));
	d->free_ids = calloc(d->geo.nr_frames, sizeof(*d->free_ids));
	d->pending = calloc(d->max_pending, sizeof(*d->pending));
	d->early = calloc(d->nr_tasks, sizeof(*d->early));
	if (!d->frames || !d->free_ids || !d->pending || !d->early)
		return error_set(err, "not enough memory to follow %u frames", d->geo.nr_frames);
	for (i = 0; i < d->geo.nr_frames; i++)
		d->frames[i].id = TRACK_NONE;
	return 0;
}

/* Pages that were there are tracked under their frame's number; the other numbers are free, lowest
 * first. */
static void seed(struct derive *d, const struct demand_initial *list, uint64_t nr)
{
	uint64_t i;
	uint32_t n;

	for (i = 0; i < nr; i++) {
		struct track page = {.id = list[i].frame,
				     .order = list[i].order,
				     .page = list[i].page,
				     .lru = list[i].lru,
				     .mm_flags = list[i].flags};

		page.flags = TRACK_INITIAL;
		if (list[i].lru != DEMAND_NO_LRU)
			page.flags |= TRACK_LRU;
		track_set(d, list[i].frame, page);
	}
	for (n = d->geo.nr_frames; n-- > 0;) {
		if (d->frames[n].id == TRACK_NONE)
			id_give(d, n);
	}
}

static void run(struct derive *d, uint64_t from, uint64_t to, struct progress *prog)
{
	const struct trace *t = d->trace;
	uint64_t i;

	for (i = from; i < to; i++) {
		requests_begin(d, i, to);
		on_event(d, &t->events[i]);
		held_after(d, i);
		account_last_event(d, i);
		if (i % PROGRESS_STEP == 0)
			progress_update(prog, "demand", i, t->nr);
	}
	progress_update(prog, "demand", to, t->nr);
}

static FILE *temporary_file(struct error *err)
{
	const char *dir = getenv("TMPDIR");
	char *path = path_join(dir && *dir ? dir : P_tmpdir, "zonereplay-demand-XXXXXX");
	int fd = mkstemp(path);
	FILE *f = NULL;

	if (fd >= 0) {
		unlink(path);
		f = fdopen(fd, "w+");
		if (!f)
			close(fd);
	}
	if (!f)
		error_set(err,
			  "%s: cannot create a temporary file (%s); set TMPDIR to a directory with "
			  "room",
			  path, strerror(errno));
	free(path);
	return f;
}

/* The initial objects lie behind the stream in the same file. */
static int map_result(struct derive *d, const struct capture *c, struct demand *out,
		      const struct demand_initial *initial, uint64_t nr_initial, struct error *err)
{
	off_t end = ftello(d->out);

	if (nr_initial && fwrite(initial, sizeof(*initial), nr_initial, d->out) != nr_initial)
		d->write_failed = true;
	if (fflush(d->out) || d->write_failed || end < 0)
		return error_set(
			err,
			"the demand could not be written (%s); set TMPDIR to a directory with room",
			strerror(errno));
	out->nr = (uint64_t)end / sizeof(struct demand_op);
	out->nr_initial = nr_initial;
	out->counts = d->counts;
	out->account = d->account;
	out->nr_frames = d->geo.nr_frames;
	out->writeback = d->has_writeback;
	out->folds = d->trace->kinds_seen[EV_P_FOLD] > 0;
	out->bulk_most = d->bulk.most;
	out->unlocked = c && c->unlocked;
	out->nr_files = d->files.last;
	out->nr_returning = d->pages.last;
	out->swapped = d->swapped;
	memcpy(out->slab_keeps, d->slab_keeps, sizeof(out->slab_keeps));
	memcpy(out->slab_cpu_keeps, d->slab_cpu_keeps, sizeof(out->slab_cpu_keeps));
	memcpy(out->slab_objects, d->slab_objects, sizeof(out->slab_objects));
	out->map_len = (size_t)end + nr_initial * sizeof(*initial);
	if (!out->map_len)
		return 0;
	out->map = mmap(NULL, out->map_len, PROT_READ, MAP_PRIVATE, fileno(d->out), 0);
	if (out->map == MAP_FAILED) {
		out->map = NULL;
		return error_set(err, "the demand could not be mapped: %s", strerror(errno));
	}
	out->ops = out->map;
	out->initial = (const void *)((const char *)out->map + end);
	return 0;
}

static int derive_into(struct derive *d, struct demand *out, const struct capture *c,
		       struct progress *prog, struct error *err)
{
	struct demand_initial *initial = NULL;
	uint64_t nr_initial = 0, cut;
	int ret;

	if (!d->geo.last || d->geo.last > d->trace->nr)
		d->geo.last = d->trace->nr;
	if (d->geo.first > d->geo.last)
		d->geo.first = d->geo.last;
	cut = d->geo.cut < d->geo.first	 ? d->geo.first
	      : d->geo.cut < d->geo.last ? d->geo.cut
					 : d->geo.last;

	if (context_init(d, c, err) || account_init(d, err) || alloc_tables(d, err) ||
	    begins_find(d, d->geo.first, d->geo.last, err) ||
	    reads_find(d, d->geo.first, d->geo.last, err) ||
	    past_find(d, d->geo.first, d->geo.last, err) || held_find(d, err) ||
	    initial_scan(d, c, &initial, &nr_initial, err))
		return -1;
	d->out = temporary_file(err);
	if (!d->out) {
		free(initial);
		return -1;
	}
	slab_init(d, c);
	nodes_init(d, c);
	seed(d, initial, nr_initial);
	d->muted = cut > d->geo.first;
	run(d, d->geo.first, cut, prog);
	ret = d->muted ? cut_here(d, &initial, &nr_initial, err) : 0;
	run(d, cut, d->geo.last, prog);
	if (d->geo.last)
		pending_expire(d, &d->trace->events[d->geo.last - 1], true);
	account_rest(d);
	if (d->drop)
		cut_order(d, initial, nr_initial);
	if (!ret)
		ret = ranges_result(d, out, err) ? -1
						 : map_result(d, c, out, initial, nr_initial, err);
	fclose(d->out);
	free(initial);
	return ret;
}

int demand_derive(struct demand *out, const struct capture *c, const struct trace *t,
		  const struct demand_geometry *geo, struct progress *prog, struct error *err)
{
	struct derive d = {.trace = t, .geo = *geo};
	int ret;

	memset(out, 0, sizeof(*out));
	if (t->nr)
		d.first_time = t->events[0].time;
	ret = derive_into(&d, out, c, prog, err);
	free(d.frames);
	free(d.free_ids);
	free(d.pending);
	free(d.begins);
	free(d.held.v);
	free(d.early);
	free(d.past.seen);
	free(d.tasks);
	free(d.last_event);
	free(d.account_tasks);
	free(d.drop);
	free(d.files.entries);
	reads_release(&d.pages);
	ranges_release(&d.ranges);
	if (ret)
		demand_release(out);
	return ret;
}

void demand_release(struct demand *d)
{
	if (d->map)
		munmap(d->map, d->map_len);
	free(d->ranges);
	memset(d, 0, sizeof(*d));
}
