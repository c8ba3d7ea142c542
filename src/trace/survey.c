// SPDX-License-Identifier: GPL-2.0-only
#include "trace/trace.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MAX_FRAMES (1ull << 36) /* a byte each, touched only where pages move */

/* What the trace has shown of a frame. The first frame of a page that is out holds its order. */
enum frame_state { FRAME_UNSEEN, FRAME_FREE, FRAME_TAIL, FRAME_OUT };

struct frames {
	uint8_t *state; /* NULL: not followed */
	uint64_t nr;
};

static uint64_t highest_frame(const struct trace *t)
{
	uint64_t end = 0;

	for (uint64_t i = 0; i < t->nr; i++) {
		const struct event *e = &t->events[i];

		if (e->kind != EV_ALLOC && e->kind != EV_FREE)
			continue;
		if (e->w[0] != UINT64_MAX && e->w[0] + (1ull << e->w[1]) > end)
			end = e->w[0] + (1ull << e->w[1]);
	}
	return end;
}

static void frames_init(struct frames *f, const struct trace *t)
{
	void *p;

	f->state = NULL;
	f->nr = highest_frame(t);
	if (!f->nr || f->nr > MAX_FRAMES)
		return;
	p = mmap(NULL, f->nr, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		 -1, 0);
	f->state = p == MAP_FAILED ? NULL : p;
}

/* Any frame of the page that is out already? */
static bool any_out(const struct frames *f, uint64_t pfn, uint64_t order)
{
	for (uint64_t i = pfn; i < pfn + (1ull << order); i++) {
		if (f->state[i] >= FRAME_TAIL)
			return true;
	}
	return false;
}

static void note_alloc(struct frames *f, struct survey *s, uint64_t pfn, uint64_t order)
{
	if (any_out(f, pfn, order))
		s->allocs_out++;
	memset(f->state + pfn, FRAME_TAIL, 1ull << order);
	f->state[pfn] = (uint8_t)(FRAME_OUT + order);
}

static void note_free(struct frames *f, struct survey *s, uint64_t pfn, uint64_t order)
{
	uint8_t state = f->state[pfn];

	if (state == FRAME_UNSEEN)
		s->frees_older++;
	else if (state == FRAME_FREE)
		s->frees_unknown++;
	else if (state != FRAME_OUT + order)
		s->frees_in_pieces++;
	memset(f->state + pfn, FRAME_FREE, 1ull << order);
}

static void count_event(const struct event *e, struct survey *s, struct survey_task *tasks,
			struct frames *f)
{
	uint64_t order = e->w[1];

	if (e->kind == EV_FREE) {
		s->pages_freed += 1ull << order;
		if (f->state)
			note_free(f, s, e->w[0], order);
	} else if (e->kind == EV_ALLOC) {
		s->allocs[order]++;
		if (e->w[0] == UINT64_MAX) {
			s->failed[order]++;
			return;
		}
		s->pages_allocated += 1ull << order;
		tasks[e->pid].allocs++;
		tasks[e->pid].pages += 1ull << order;
		if (f->state)
			note_alloc(f, s, e->w[0], order);
	}
}

static void keep_largest(struct survey *s, struct survey_task task)
{
	size_t i;

	if (!task.allocs)
		return;
	for (i = s->nr_tasks; i > 0 && s->tasks[i - 1].pages < task.pages; i--) {
		if (i < SURVEY_NR_TASKS)
			s->tasks[i] = s->tasks[i - 1];
	}
	if (i < SURVEY_NR_TASKS)
		s->tasks[i] = task;
	if (s->nr_tasks < SURVEY_NR_TASKS)
		s->nr_tasks++;
}

int trace_survey(const struct trace *t, struct survey *s, struct error *err)
{
	struct survey_task *tasks = calloc((size_t)t->max_pid + 1, sizeof(*tasks));
	struct frames f;

	if (!tasks)
		return error_set(err, "out of memory");
	memset(s, 0, sizeof(*s));
	frames_init(&f, t);
	s->frames_followed = f.state != NULL;
	for (uint64_t i = 0; i < t->nr; i++)
		count_event(&t->events[i], s, tasks, &f);
	for (uint32_t pid = 0; pid <= t->max_pid; pid++) {
		tasks[pid].pid = pid;
		keep_largest(s, tasks[pid]);
	}
	s->duration = t->nr ? t->events[t->nr - 1].time - t->events[0].time : 0;
	if (f.state)
		munmap(f.state, f.nr);
	free(tasks);
	return 0;
}
