// SPDX-License-Identifier: GPL-2.0-only
/* The fragmentation index and the unusable free space index over time, per zone and order. */
#include "replay/whatif.h"

#include <inttypes.h>
#include <stdlib.h>

#define MAX_SAMPLES 1000000u

static void take(const struct mm *mm, uint32_t zone, uint64_t time, struct index_sample *s)
{
	s->time = time;
	s->zone = zone;
	for (uint32_t o = 0; o < mm->nr_orders; o++) {
		struct mm_index ix;

		mm_index_info(mm, zone, o, &ix);
		s->fragindex[o] = (int16_t)mm_fragmentation_index(&ix, o);
		s->unusable[o] = (int16_t)mm_unusable_index(&ix, o);
		s->nr_free[o] = mm->zones[zone].nr_free[o];
	}
}

int whatif_sample_init(struct whatif *w, uint64_t span, struct error *err)
{
	uint64_t n;

	w->sample_ns = w->opt->sample_ns ? w->opt->sample_ns : span / 100 + 1;
	n = (span / w->sample_ns + 2) * w->mm->nr_zones;
	if (n > MAX_SAMPLES)
		return error_set(err,
				 "index samples every %" PRIu64 " ns would be %" PRIu64
				 ", at most %u are taken; choose a "
				 "larger distance",
				 w->sample_ns, n, MAX_SAMPLES);
	w->max_samples = (size_t)n;
	w->out->samples = calloc(w->max_samples, sizeof(*w->out->samples));
	return w->out->samples ? 0
			       : error_set(err, "out of memory for %" PRIu64 " index samples", n);
}

void whatif_sample(struct whatif *w, uint64_t time)
{
	while (w->next_sample <= time && w->out->nr_samples + w->mm->nr_zones <= w->max_samples) {
		for (uint32_t z = 0; z < w->mm->nr_zones; z++)
			take(w->mm, z, w->next_sample, &w->out->samples[w->out->nr_samples++]);
		w->next_sample += w->sample_ns;
	}
}
