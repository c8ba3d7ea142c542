// SPDX-License-Identifier: GPL-2.0-only
#include "replay/replay.h"

#include <stdlib.h>

void outcome_release(struct outcome *o)
{
	free(o->samples);
	o->samples = NULL;
	o->nr_samples = 0;
}
