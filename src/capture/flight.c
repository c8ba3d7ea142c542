// SPDX-License-Identifier: GPL-2.0-only
#include "capture/flight.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FIRST_ID 100 /* 0 and 1 are the ends of a plain recording */

int flight_init(struct flight *f, const struct tracefs_dir *t, struct snapshot_reader *reader,
		uint32_t order, struct error *err)
{
	char trigger[96];

	memset(f, 0, sizeof(*f));
	f->tracefs = t;
	f->reader = reader;
	f->next_id = FIRST_ID;
	snprintf(trigger, sizeof(trigger), "traceoff if pfn == 0xffffffffffffffff && order == %u",
		 order);
	if (tracefs_dir_write(t, "events/kmem/mm_page_alloc/trigger", trigger, err))
		return error_prefix(
			err,
			"--until-fail needs event triggers (CONFIG_HIST_TRIGGERS or 3.15 and later)");
	return 0;
}

void flight_release(struct flight *f)
{
	uint32_t i;

	for (i = 0; i < f->nr; i++)
		snapshot_release(&f->states[i].snap);
	f->nr = 0;
}

static struct flight_state *next_slot(struct flight *f)
{
	if (f->nr < FLIGHT_NR_STATES)
		return &f->states[f->nr++];
	snapshot_release(&f->states[0].snap);
	memmove(&f->states[0], &f->states[1], (FLIGHT_NR_STATES - 1) * sizeof(f->states[0]));
	return &f->states[FLIGHT_NR_STATES - 1];
}

void flight_step(struct flight *f, uint64_t now)
{
	struct snapshot_options how = {.marker_fd = f->tracefs->marker_fd};
	struct flight_state *s;
	struct timespec ts;

	if (now < f->next_time)
		return;
	s = next_slot(f);
	memset(s, 0, sizeof(*s));
	s->id = how.id = f->next_id++;
	s->time = now;
	/* A state that was read while tracing was switched off has no markers. */
	if (!f->reader || snapshot_reader_read(f->reader, &s->snap, &how, &s->report, NULL) ||
	    flight_ended(f))
		snapshot_release(&s->snap);
	clock_gettime(CLOCK_MONOTONIC, &ts);
	f->next_time = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec + FLIGHT_PERIOD_NS;
}

bool flight_ended(const struct flight *f)
{
	char path[320];
	char *text;
	size_t len;
	bool off;

	snprintf(path, sizeof(path), "%s/tracing_on", f->tracefs->path);
	text = file_read(path, 16, &len, NULL);
	off = text && *text == '0';
	free(text);
	return off;
}

/* The time of the oldest event that every CPU's ring still has. */
static uint64_t oldest_event(const struct flight *f, uint32_t nr_cpus)
{
	uint64_t latest = 0, ns;
	unsigned long long seconds, micro;
	char path[320];
	char *text, *p;
	uint32_t cpu;
	size_t len;

	for (cpu = 0; cpu < nr_cpus; cpu++) {
		snprintf(path, sizeof(path), "%s/per_cpu/cpu%u/stats", f->tracefs->path, cpu);
		text = file_read(path, 4096, &len, NULL);
		p = text ? strstr(text, "oldest event ts:") : NULL;
		if (p && strstr(text, "overrun: 0\n") != strstr(text, "overrun:") &&
		    sscanf(p, "oldest event ts: %llu.%6llu", &seconds, &micro) == 2) {
			ns = seconds * 1000000000 + micro * 1000;
			latest = ns > latest ? ns : latest;
		}
		free(text);
	}
	return latest;
}

struct flight_state *flight_best(struct flight *f, uint32_t nr_cpus)
{
	uint64_t oldest = oldest_event(f, nr_cpus);
	uint32_t i;

	for (i = 0; i < f->nr; i++)
		if (f->states[i].time > oldest && f->states[i].snap.level == SNAP_EXACT)
			return &f->states[i];
	return NULL;
}
