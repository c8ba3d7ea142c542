// SPDX-License-Identifier: GPL-2.0-only
#include "trace/pack.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Without both kinds there is nothing to replay. */
static int check_needed(const struct trace *t, const char *path, struct error *err)
{
	static const enum event_kind needed[] = {EV_ALLOC, EV_FREE};

	if (!t->nr)
		return error_set(err,
				 "%s holds no events that this program knows; record with "
				 "\"zonereplay capture -o DIR\"",
				 path);
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		if (!t->kinds_seen[needed[i]])
			return error_set(err,
					 "%s has no events %s:%s; record with \"zonereplay capture "
					 "-o DIR\" or \"trace-cmd "
					 "record -C mono -e kmem -e compaction -e vmscan -e "
					 "pagemap -e filemap -e migrate\"",
					 path, event_desc(needed[i])->system,
					 event_desc(needed[i])->name);
	}
	return 0;
}

/* A buffer taken out of a tracefs instance says "local" for its clock whatever it was. */
static void take_manifest(struct trace *t, const struct manifest *m)
{
	const char *clock = manifest_get(m, "trace.clock");

	if (!t->release[0])
		snprintf(t->release, sizeof(t->release), "%s", m->release);
	if (!t->arch[0])
		snprintf(t->arch, sizeof(t->arch), "%s", m->arch);
	if (m->page_size)
		t->page_size = m->page_size;
	if (clock)
		snprintf(t->clock, sizeof(t->clock), "%s", clock);
}

/* ---- which kind of file ---- */

static bool begins(const char *head, size_t len, const char *what)
{
	return len >= strlen(what) && !memcmp(head, what, strlen(what));
}

static bool looks_like_text(const char *head, size_t len)
{
	const char *bracket = memchr(head, '[', len);

	if (begins(head, len, "# tracer:") || begins(head, len, "cpus="))
		return true;
	return bracket && (size_t)(bracket - head) + 4 < len && bracket[1] >= '0' &&
	       bracket[1] <= '9';
}

int trace_form_of(const char *path, enum trace_form *form, struct error *err)
{
	char head[4096];
	FILE *f = zfile_read(path, err);
	size_t len, start = 0;

	if (!f)
		return -1;
	len = fread(head, 1, sizeof(head), f);
	fclose(f);
	if (!len)
		return error_set(err, "%s is empty or cannot be read", path);
	while (start < len && head[start] == '#' && !begins(head + start, len - start, "# tracer:"))
		start += strcspn(head + start, "\n") + 1; /* comments of a CSV */
	*form = TRACE_DAT;
	if (start < len && begins(head + start, len - start, "time_ns,"))
		*form = TRACE_CSV;
	else if (!begins(head, len, DAT_MAGIC) && looks_like_text(head, len))
		*form = TRACE_TEXT;
	else if (!begins(head, len, DAT_MAGIC))
		return error_set(err,
				 "%s is neither a trace.dat of trace-cmd, nor CSV that begins "
				 "with " CSV_HEADER ", nor ftrace text",
				 path);
	return 0;
}

/* ---- opening ---- */

static int convert(struct packer *p, const struct capture *c, enum trace_form form,
		   struct error *err)
{
	switch (form) {
	case TRACE_CSV:
		return csv_read(p, c, err);
	case TRACE_TEXT:
		return text_read(p, c, err);
	default:
		return packer_isolate(p, c->trace_path, dat_read, c, err);
	}
}

/* The last event of every CPU of which the manifest knows losses: the earliest of them. */
static uint64_t time_of_refusal(const struct trace *t, const struct manifest *m)
{
	uint64_t earliest = UINT64_MAX, last, i;
	bool known = manifest_get(m, "trace.lost_cpu0") != NULL;
	char key[48];
	uint32_t cpu;

	for (cpu = 0; cpu < t->nr_cpus; cpu++) {
		snprintf(key, sizeof(key), "trace.lost_cpu%" PRIu32, cpu);
		if (known && !manifest_get_i64(m, key, 0))
			continue;
		for (last = 0, i = t->nr; i > 0 && !last; i--)
			if (t->events[i - 1].cpu == cpu)
				last = t->events[i - 1].time;
		if (last && last < earliest)
			earliest = last;
	}
	return earliest == UINT64_MAX ? 0 : earliest;
}

/*
 * A full buffer that is not written over refuses events and leaves no mark of that in trace.dat;
 * the recorder has counted them.
 */
static void take_refused(struct trace *t, const struct manifest *m)
{
	int64_t lost = manifest_get_i64(m, "trace.lost", 0);

	if (lost <= 0 || t->defects.lost_places)
		return;
	t->defects.lost = (uint64_t)lost;
	t->defects.lost_places = 1;
	t->defects.first_lost_time = time_of_refusal(t, m);
}

int trace_open_form(struct trace *t, const struct capture *c, enum trace_form form,
		    struct progress *prog, struct error *err)
{
	struct packer p;
	int ret;

	memset(t, 0, sizeof(*t));
	if (packer_init(&p, prog, err))
		return -1;
	ret = convert(&p, c, form, err);
	if (!ret)
		ret = packer_map(&p, t, err);
	packer_release(&p);
	if (!ret) {
		take_manifest(t, &c->manifest);
		take_refused(t, &c->manifest);
		ret = check_needed(t, c->trace_path, err);
	}
	if (ret)
		trace_release(t);
	return ret;
}

int trace_open(struct trace *t, const struct capture *c, struct progress *prog, struct error *err)
{
	return trace_open_form(t, c, c->trace_is_csv ? TRACE_CSV : TRACE_DAT, prog, err);
}

void trace_release(struct trace *t)
{
	if (t->events)
		munmap((void *)(uintptr_t)t->events, t->nr * sizeof(*t->events));
	if (t->strings)
		munmap((void *)(uintptr_t)t->strings, t->strings_len);
	free(t->comms);
	memset(t, 0, sizeof(*t));
}

const char *trace_comm(const struct trace *t, uint32_t pid)
{
	size_t low = 0, high = t->nr_comms, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (t->comms[mid].pid == pid)
			return t->comms[mid].comm;
		if (t->comms[mid].pid < pid)
			low = mid + 1;
		else
			high = mid;
	}
	return "";
}
