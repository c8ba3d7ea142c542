/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside src/replay: work in a process of its own. */
#ifndef ZR_REPLAY_ISOLATE_H
#define ZR_REPLAY_ISOLATE_H

#include "replay/replay.h"

struct isolated {
	/* Writes what it found to @file; 0, or -1 with the reason. */
	int (*work)(void *arg, FILE *file, struct error *err);
	void *arg;
	uint32_t seconds; /* that it may take */
};

/* *result is to be read from its beginning and closed. */
int isolate(const struct isolated *job, FILE **result, struct error *err) MUST_CHECK;

#endif
