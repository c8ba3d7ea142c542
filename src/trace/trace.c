// SPDX-License-Identifier: GPL-2.0-only
#include "trace/pack.h"

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

static void take_manifest(struct trace *t, const struct manifest *m)
{
	if (!t->release[0])
		snprintf(t->release, sizeof(t->release), "%s", m->release);
	if (!t->arch[0])
		snprintf(t->arch, sizeof(t->arch), "%s", m->arch);
	if (m->page_size)
		t->page_size = m->page_size;
}

static int convert(struct packer *p, const struct capture *c, struct error *err)
{
	if (c->trace_is_csv)
		return csv_read(p, c, err);
	return packer_isolate(p, c->trace_path, dat_read, c, err);
}

int trace_open(struct trace *t, const struct capture *c, struct progress *prog, struct error *err)
{
	struct packer p;
	int ret;

	memset(t, 0, sizeof(*t));
	if (packer_init(&p, prog, err))
		return -1;
	ret = convert(&p, c, err);
	if (!ret)
		ret = packer_map(&p, t, err);
	packer_release(&p);
	if (!ret) {
		take_manifest(t, &c->manifest);
		ret = check_needed(t, c->trace_path, err);
	}
	if (ret)
		trace_release(t);
	return ret;
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
