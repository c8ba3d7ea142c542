// SPDX-License-Identifier: GPL-2.0-only
#include "capture/live.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* Nothing else should run on this CPU while lists are read: the highest real-time priority. */
static void go_quiet(void)
{
	struct sched_param sp = {.sched_priority = 99};

	sched_setscheduler(0, SCHED_FIFO, &sp);
}

static void go_normal(void)
{
	struct sched_param sp = {.sched_priority = 0};

	sched_setscheduler(0, SCHED_OTHER, &sp);
}

static bool same_lists(const struct snapshot *a, const struct snapshot *b)
{
	size_t i, lists = 0;

	if (a->nr_pcps != b->nr_pcps || memcmp(a->pcps, b->pcps, a->nr_pcps * sizeof(*a->pcps)))
		return false;
	for (i = 0; i < a->nr_lists && i < b->nr_lists; i++) {
		if (a->lists[i].kind != SNAP_LIST_BUDDY && a->lists[i].kind != SNAP_LIST_PCP)
			break;
		if (a->lists[i].nr != b->lists[i].nr || a->lists[i].first != b->lists[i].first)
			return false;
		lists = a->lists[i].first + a->lists[i].nr;
	}
	return !lists || !memcmp(a->entries, b->entries, lists * sizeof(*a->entries));
}

/* kcore is expensive to try again, and what it read must be walked to know; BPF knows at once. */
#define MAX_TRIES_KCORE 10
#define MAX_TRIES_BPF 300
#define PAUSE_NS 1000000
#define LONG_PAUSE_NS 10000000 /* between tries of BPF: something else shall be done with */

struct snapshot_reader {
	struct live l;
};

/*
 * The frames are read in the same quiet moment. All passes are read first and parsed afterwards:
 * parsing allocates, and that would be a change in between.
 */
static int read_quietly(struct live *l, const struct snapshot_options *o, struct snapshot_report *r,
			struct error *err)
{
	struct timespec pause = {0,
				 r->tries > 1 && l->way == SNAPSHOT_BPF ? LONG_PAUSE_NS : PAUSE_NS};
	uint64_t start;
	uint32_t i;
	int ret = 0;

	go_quiet();
	nanosleep(&pause, NULL);
	start = now_ns();
	for (i = 0; i < l->nr_passes && !ret; i++, r->passes++)
		ret = live_read(l, i, o->marker_fd, o->id, err);
	r->lists_ns = now_ns() - start;
	if (!ret)
		live_read_frames(l, o->marker_fd, o->id);
	r->duration_ns = now_ns() - start;
	if (o->while_quiet && !ret)
		o->while_quiet(o->arg);
	go_normal();
	return ret;
}

static int try_once(struct live *l, const struct snapshot_options *o, struct snapshot *s,
		    struct snapshot_report *r, struct error *err)
{
	struct snapshot first;
	uint32_t i;
	int ret;

	if (read_quietly(l, o, r, err))
		return -1;
	for (i = 0; i < l->nr_passes; i++)
		if (live_pass_by_bpf(l, i))
			live_take_walk(l, i);
	if (live_parse(l, l->nr_passes - 1, s, err))
		return -1;
	if (l->nr_passes == 1)
		return 0;
	snapshot_init(&first);
	ret = live_parse(l, 0, &first, err);
	if (!ret && !same_lists(&first, s))
		ret = error_set(err, "lists changed between two passes");
	snapshot_release(&first);
	return ret;
}

static struct snapshot_reader *open_by(enum snapshot_way way, struct error *err)
{
	struct snapshot_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return error_set(err, "no memory") ? NULL : NULL;
	if (!live_prepare(&r->l, way, err))
		return r;
	snapshot_reader_free(r);
	return NULL;
}

struct snapshot_reader *snapshot_reader_new(enum snapshot_way way, struct error *err)
{
	struct snapshot_reader *r;

	if (way != SNAPSHOT_ANY)
		return open_by(way, err);
	if (!path_exists("/proc/kcore"))
		return open_by(SNAPSHOT_BPF, err);
	r = open_by(SNAPSHOT_KCORE, err);
	return r ? r : open_by(SNAPSHOT_BPF, NULL); /* kcore's reason is the better one */
}

void snapshot_reader_free(struct snapshot_reader *r)
{
	if (!r)
		return;
	live_release(&r->l);
	free(r);
}

static void begin_report(const struct live *l, struct snapshot_report *r)
{
	*r = (struct snapshot_report){
		.way = l->way,
		.bytes =
			l->size + (l->way == SNAPSHOT_BPF ? 0 : l->nr_frames * l->layout.page_size),
		.page_struct_size = l->layout.page_size,
		.vmemmap_base = l->vmemmap,
	};
}

int snapshot_reader_read(struct snapshot_reader *r, struct snapshot *s,
			 const struct snapshot_options *o, struct snapshot_report *report,
			 struct error *err)
{
	uint32_t max = r->l.way == SNAPSHOT_BPF ? MAX_TRIES_BPF : MAX_TRIES_KCORE;
	struct snapshot_report own, *rep = report ? report : &own;
	int ret = -1;

	begin_report(&r->l, rep);
	mlockall(MCL_CURRENT); /* no page fault may come while lists are read */
	while (ret && rep->tries < max) {
		snapshot_release(s);
		snapshot_init(s);
		rep->tries++;
		ret = try_once(&r->l, o, s, rep, err);
	}
	munlockall();
	if (ret)
		return error_prefix(err, "no exact state after %u tries", max);
	return live_parse_frames(&r->l, r->l.nr_passes - 1, s, err);
}
