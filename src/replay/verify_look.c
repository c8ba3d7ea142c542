// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looking ahead, where the rules allow it (FIDELITY.md): which request an operation serves, whether
 * a free was batched, whether frees of an interrupt went past a busy per-cpu list. Never to read
 * the page number that is being predicted.
 */
#include "replay/verify.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define REQUEST_WINDOW 65536 /* events searched for the request that an operation serves */
#define RELOCK_EVERY                                                                               \
	32 /* free_unref_page_list takes the lock anew after SWAP_CLUSTER_MAX pages [6.1] */

enum next_use { USE_NONE, USE_PCP, USE_ZONE, USE_BATCHED, USE_FREE };

static int map_bytes(struct verify *v, size_t size, struct error *err)
{
	const char *dir = getenv("TMPDIR");
	char path[4096];
	void *p;
	int fd;

	snprintf(path, sizeof(path), "%s/zonereplay-look-XXXXXX", dir && *dir ? dir : "/tmp");
	fd = mkstemp(path);
	if (fd < 0)
		return error_set(
			err, "%s: cannot make a temporary file; set TMPDIR to a place with room",
			path);
	unlink(path);
	v->look_size = size ? size : 1;
	if (ftruncate(fd, (off_t)v->look_size)) {
		close(fd);
		return error_set(err, "%s: no room for %zu bytes; set TMPDIR to a place with room",
				 path, size);
	}
	p = mmap(NULL, v->look_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		return error_set(err, "%s: cannot be mapped", path);
	v->look = p;
	return 0;
}

static enum next_use use_of(uint8_t kind)
{
	switch (kind) {
	case EV_ALLOC:
	case EV_PCPU_DRAIN:
		return USE_PCP;
	case EV_ZONE_LOCKED:
		return USE_ZONE;
	case EV_FREE_BATCHED:
		return USE_BATCHED;
	case EV_FREE:
		return USE_FREE;
	default:
		return USE_NONE;
	}
}

/* One pass from the end: what each freed page is seen in next. */
int look_prepare(struct verify *v, struct error *err)
{
	static const uint8_t bits[] = {0, LOOK_TO_PCP, LOOK_TO_ZONE, LOOK_BATCHED, 0};
	uint8_t *next = calloc(v->mm->nr_frames, 1);

	if (!next || map_bytes(v, v->t->nr, err)) {
		free(next);
		return next ? -1 : error_set(err, "no memory for looking ahead");
	}
	for (uint64_t i = v->last; i-- > v->first;) {
		const struct event *e = &v->t->events[i];
		enum next_use use = use_of(e->kind);
		struct frame f;

		if (use == USE_NONE)
			continue;
		f = frame_from_pfn(v->mm, (struct pfn){e->w[0]});
		if (frame_is_none(f))
			continue;
		if (e->kind == EV_FREE)
			v->look[i] = bits[next[f.n]];
		next[f.n] = (uint8_t)use;
	}
	free(next);
	v->last_seen = calloc((size_t)v->t->max_pid + 1, sizeof(*v->last_seen));
	if (!v->last_seen)
		return error_set(err, "no memory for the tasks of the trace");
	for (uint64_t i = v->first; i < v->last; i++)
		if (event_context(&v->t->events[i]) == CTX_TASK &&
		    v->t->events[i].pid <= v->t->max_pid)
			v->last_seen[v->t->events[i].pid] = i;
	return 0;
}

bool look_task_gone(struct verify *v, uint32_t pid)
{
	if (!pid || pid > v->t->max_pid || v->last_seen[pid] >= v->i)
		return false;
	v->res->lookaheads++;
	return true;
}

void look_release(struct verify *v)
{
	free(v->last_seen);
	v->last_seen = NULL;

	if (v->look)
		munmap(v->look, v->look_size);
	v->look = NULL;
}

const struct event *look_request(struct verify *v, uint64_t i)
{
	const struct event *e = &v->t->events[i], *r;
	enum context ctx = event_context(e);

	for (uint64_t j = i + 1; j < v->last && j < i + REQUEST_WINDOW; j++) {
		r = &v->t->events[j];
		if (r->cpu != e->cpu && ctx != CTX_TASK)
			continue;
		if (ctx != CTX_TASK && event_context(r) < ctx)
			return NULL; /* the interrupt is over */
		if (r->pid == e->pid && event_context(r) == ctx && r->kind == EV_ALLOC) {
			v->res->lookaheads++;
			return r;
		}
	}
	return NULL;
}

/* Events around v->i that belong to what the interrupt stopped; false if there is no such pair. */
static bool interrupted_between(const struct verify *v, uint64_t *before, uint64_t *after)
{
	const struct event *ev = v->t->events, *e = &ev[v->i];
	enum context ctx = event_context(e);
	uint64_t j = v->i, k = v->i + 1;

	while (j > v->first && (ev[j].cpu != e->cpu || event_context(&ev[j]) >= ctx))
		j--;
	while (k < v->last && k < v->i + REQUEST_WINDOW &&
	       (ev[k].cpu != e->cpu || event_context(&ev[k]) >= ctx))
		k++;
	*before = j;
	*after = k;
	return k < v->last && ev[j].pid == e->pid && ev[k].pid == e->pid && ev[k].cpu == e->cpu &&
	       event_context(&ev[j]) < ctx;
}

static uint32_t zone_of(const struct verify *v, const struct event *e)
{
	struct frame f = frame_from_pfn(v->mm, (struct pfn){e->w[0]});

	return frame_is_none(f) ? UINT32_MAX : mm_frame_zone(v->mm, f);
}

bool look_lock_held(struct verify *v, uint32_t zone)
{
	const struct event *ev = v->t->events;
	const struct task *task = verify_task(v, ev[v->i].pid, false);
	uint64_t j, k;

	if (event_context(&ev[v->i]) == CTX_TASK || !interrupted_between(v, &j, &k))
		return false;
	if (zone != UINT32_MAX && zone_of(v, &ev[j]) != zone)
		return false;
	/* Between two pages of one free_unref_page_list: the lock is held unless it was just due to
	 * be taken anew. */
	return ev[k].kind == EV_FREE_BATCHED &&
	       (ev[j].kind == EV_FREE_BATCHED || ev[j].kind == EV_PCPU_DRAIN) && task &&
	       task->batch_run % RELOCK_EVERY;
}

/*
 * Interrupts are off under the zone's lock and come in as soon as it is dropped; the per-cpu lock
 * is still held then [free_pcppages_bulk in free_unref_page_commit, rmqueue_bulk in
 * __rmqueue_pcplist].
 */
bool look_lock_likely(struct verify *v)
{
	const struct event *ev = v->t->events;
	uint64_t j, k;

	return event_context(&ev[v->i]) != CTX_TASK && interrupted_between(v, &j, &k) &&
	       (ev[j].kind == EV_PCPU_DRAIN || ev[j].kind == EV_ZONE_LOCKED);
}

bool look_burst_direct(struct verify *v, uint32_t zone, bool *judged)
{
	const struct event *ev = v->t->events, *e = &ev[v->i];
	struct burst *b = &v->bursts[zone];
	uint32_t to_pcp = 0, to_zone = 0;
	uint64_t j = v->i;

	if (v->i < b->end) {
		*judged = b->judged;
		return b->direct;
	}
	for (; j < v->last && (ev[j].cpu != e->cpu || event_context(&ev[j]) != CTX_TASK); j++) {
		if (ev[j].kind != EV_FREE || ev[j].cpu != e->cpu || zone_of(v, &ev[j]) != zone ||
		    !mm_pcp_allowed_order(v->mm, (uint32_t)ev[j].w[1]))
			continue;
		to_pcp += !!(v->look[j] & LOOK_TO_PCP);
		to_zone += !!(v->look[j] & LOOK_TO_ZONE);
	}
	*b = (struct burst){.end = j, .judged = to_pcp || to_zone, .direct = to_zone > to_pcp};
	v->res->lookaheads += b->judged;
	*judged = b->judged;
	return b->direct;
}
