// SPDX-License-Identifier: GPL-2.0-only
/* A `counts` snapshot from the texts of /proc and, if they were read, kpageflags and kpagecount. */
#include "capture/proc.h"

#include <stdlib.h>

static int add_frames(struct snapshot *s, const uint64_t *flags, const uint64_t *counts, size_t nr,
		      struct error *err)
{
	if (nr > PROC_MAX_PFN || nr < s->nr_frames)
		return error_set(err,
				 "kpageflags describes %zu frames, but the zones end at frame %llu",
				 nr, (unsigned long long)s->nr_frames);
	s->frames = calloc(nr, sizeof(*s->frames));
	if (!s->frames)
		return error_set(err, "out of memory for %zu frames", nr);
	s->nr_frames = nr;
	for (size_t i = 0; i < nr; i++) {
		s->frames[i].kpf = flags[i];
		s->frames[i].refcount = -1;
		s->frames[i].mapcount = counts && counts[i] <= INT32_MAX ? (int32_t)counts[i] : -1;
	}
	return 0;
}

int snapshot_from_proc(struct snapshot *s, const char *zoneinfo, const char *pagetypeinfo,
		       const uint64_t *kpageflags, const uint64_t *kpagecount, size_t nr_frames,
		       struct error *err)
{
	struct snapshot out;

	snapshot_init(&out);
	if ((zoneinfo && proc_parse_zoneinfo(&out, zoneinfo, err)) ||
	    (pagetypeinfo && proc_parse_pagetypeinfo(&out, pagetypeinfo, err)) ||
	    (kpageflags && add_frames(&out, kpageflags, kpagecount, nr_frames, err))) {
		snapshot_release(&out);
		return -1;
	}
	out.level = zoneinfo || pagetypeinfo ? SNAP_COUNTS : SNAP_NONE;
	snapshot_release(s);
	*s = out;
	return 0;
}
