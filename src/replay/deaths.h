/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside src/replay: the future of objects. */
#ifndef ZR_REPLAY_DEATHS_H
#define ZR_REPLAY_DEATHS_H

#include "demand/demand.h"

struct deaths {
	uint64_t *times; /* grouped by id, each in order of time; UINT64_MAX: dropped, not freed */
	uint64_t *next;	 /* by id: its next end in times */
	uint32_t nr_ids;
};

int deaths_init(struct deaths *d, const struct demand *demand, uint32_t nr_ids,
		struct error *err) MUST_CHECK;
void deaths_release(struct deaths *d);
/* The operation was done; to be told of every one. */
void deaths_passed(struct deaths *d, const struct demand_op *op);
/* ns since the first event; UINT64_MAX: never, or the recording does not say. */
uint64_t deaths_of(const struct deaths *d, uint32_t id);

#endif
