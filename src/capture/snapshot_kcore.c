// SPDX-License-Identifier: GPL-2.0-only
#include "capture/live.h"

#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MAX_TRIES 10

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* Nothing else should run on this CPU while lists are read: the highest real-time priority, and no
 * page faults. */
static void go_quiet(void)
{
	struct sched_param sp = {.sched_priority = 99};

	mlockall(MCL_CURRENT);
	sched_setscheduler(0, SCHED_FIFO, &sp);
}

static void go_normal(void)
{
	struct sched_param sp = {.sched_priority = 0};

	sched_setscheduler(0, SCHED_OTHER, &sp);
	munlockall();
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

/* All passes are read first and parsed afterwards: parsing allocates, and that would be a change in
 * between. */
static int try_once(struct live *l, const struct snapshot_options *o, struct snapshot *s,
		    struct snapshot_report *r, struct error *err)
{
	struct snapshot first;
	struct timespec pause = {0, 1000000};
	uint64_t start;
	uint32_t i;
	int ret = 0;

	go_quiet();
	nanosleep(&pause, NULL);
	start = now_ns();
	for (i = 0; i < l->nr_passes && !ret; i++)
		ret = live_read(l, i, o->marker_fd, o->id, err);
	r->duration_ns = now_ns() - start;
	if (o->while_quiet)
		o->while_quiet(o->arg);
	go_normal();
	r->passes += l->nr_passes;
	for (i = 0; i < l->nr_passes && !ret; i++)
		if (live_pass_by_bpf(l, i))
			live_take_walk(l, i);
	if (ret || live_parse(l, l->nr_passes - 1, s, err))
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

static int take_by(struct snapshot *s, enum snapshot_way way, const struct snapshot_options *o,
		   struct snapshot_report *r, struct error *err)
{
	struct live l;
	int ret = -1, i;

	memset(r, 0, sizeof(*r));
	r->way = way;
	if (live_prepare(&l, way, err)) {
		live_release(&l);
		return -1;
	}
	r->bytes = l.size + (way == SNAPSHOT_BPF ? 0 : l.nr_frames * l.layout.page_size);
	r->page_struct_size = l.layout.page_size;
	r->vmemmap_base = l.vmemmap;
	for (i = 0; i < MAX_TRIES && ret; i++) {
		snapshot_release(s);
		snapshot_init(s);
		r->tries++;
		ret = try_once(&l, o, s, r, err);
	}
	if (!ret)
		ret = live_parse_frames(&l, l.nr_passes - 1, s, err);
	else
		error_prefix(err, "no exact state after %d tries", MAX_TRIES);
	live_release(&l);
	return ret;
}

const char *snapshot_way_name(enum snapshot_way way)
{
	static const char *const names[] = {"any", "kcore", "bpf", "both"};

	return (unsigned int)way < ARRAY_SIZE(names) ? names[way] : "none";
}

int snapshot_take(struct snapshot *s, const struct snapshot_options *o, struct snapshot_report *r,
		  struct error *err)
{
	struct snapshot_report report;
	enum snapshot_way way = o->way;
	int ret;

	if (way == SNAPSHOT_ANY)
		way = path_exists("/proc/kcore") ? SNAPSHOT_KCORE : SNAPSHOT_BPF;
	ret = take_by(s, way, o, &report, err);
	if (ret && o->way == SNAPSHOT_ANY && way == SNAPSHOT_KCORE && !report.tries)
		ret = take_by(s, SNAPSHOT_BPF, o, &report, NULL); /* kcore's reason is kept */
	if (r)
		*r = report;
	return ret;
}
