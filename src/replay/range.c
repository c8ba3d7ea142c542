// SPDX-License-Identifier: GPL-2.0-only
/* Which events of a trace belong to the recording, and how far a share of its time reaches. */
#include "replay/whatif.h"

#include <inttypes.h>
#include <string.h>

static bool marker_is(const struct trace *t, const struct event *e, const char *text)
{
	size_t n = strlen(text);

	return e->kind == EV_MARKER && e->w[0] <= t->strings_len && e->w[1] == n &&
	       t->strings_len - e->w[0] >= n && !memcmp(t->strings + e->w[0], text, n);
}

/* The last marker of a snapshot: earlier ones are of tries that failed. */
static uint64_t last_marker(const struct capture *c, const struct trace *t, const char *what,
			    const char *key, int64_t id, uint64_t none)
{
	char text[64];

	snprintf(text, sizeof(text), "zonereplay snapshot %s %" PRId64, what,
		 manifest_get_i64(&c->manifest, key, id));
	for (uint64_t i = t->nr; i-- > 0;)
		if (marker_is(t, &t->events[i], text))
			return i;
	return none;
}

void recording_range(const struct capture *c, const struct trace *t, uint64_t *first,
		     uint64_t *last)
{
	*first = 0;
	*last = t->nr;
	if (c->start.level == SNAP_EXACT)
		*first = last_marker(c, t, "end", "snapshot.start_id", 0, UINT64_MAX) + 1;
	if (c->end.level == SNAP_EXACT)
		*last = last_marker(c, t, "begin", "snapshot.end_id", 1, t->nr);
	if (*last < *first)
		*last = t->nr;
}

/* The last one, as the machine may have been saved while another was being resumed. */
static uint64_t branch_event(const struct trace *t)
{
	uint64_t i = t->nr;

	while (i-- > 0)
		if (marker_is(t, &t->events[i], "zonereplay branch"))
			return i;
	return t->nr;
}

int cut_check(const struct trace *t, uint32_t percent, struct error *err)
{
	if (percent != WHATIF_CUT_AT_BRANCH || branch_event(t) < t->nr)
		return 0;
	return error_set(
		err,
		"no marker \"zonereplay branch\" in the trace: only machines that "
		"traces/lab/record --resume let go on have one; cut at a share of the time instead");
}

uint64_t cut_event(const struct trace *t, uint32_t percent)
{
	uint64_t lo = 0, hi = t->nr, until;

	if (!percent || !t->nr)
		return 0;
	if (percent == WHATIF_CUT_AT_BRANCH)
		return branch_event(t);
	until = t->events[0].time + (t->events[t->nr - 1].time - t->events[0].time) / 100 * percent;
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (t->events[mid].time < until)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}
