// SPDX-License-Identifier: GPL-2.0-only
#include "replay/whatif.h"

#include <stdlib.h>
#include <string.h>

void outcome_release(struct outcome *o)
{
	free(o->samples);
	o->samples = NULL;
	o->nr_samples = 0;
	free(o->probes);
	o->probes = NULL;
	o->nr_probes = 0;
	block_map_release(&o->map);
}

void outcome_describe(struct outcome *o, const struct capture *c, const struct trace *t)
{
	char release[128];

	snprintf(o->capture, sizeof(o->capture), "%s", c->name);
	memcpy(o->capture_id, c->id, sizeof(o->capture_id));
	snprintf(o->initial_state, sizeof(o->initial_state), "%s", snap_level_name(c->start.level));
	capture_kernel_release(c, t, release, sizeof(release));
	snprintf(o->era, sizeof(o->era), "%s", mm_era_name(mm_era_find(release, &o->era_exact)));
	o->events = t->nr;
	o->lost_events = t->defects.lost;
}
