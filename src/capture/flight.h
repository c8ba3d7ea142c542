/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The flight recorder: events go round in a ring until an allocation of some order fails; the state
 * is taken again and again, so that one is there from which what is left in the ring can be
 * replayed.
 */
#ifndef ZR_FLIGHT_H
#define ZR_FLIGHT_H

#include "base/base.h"
#include "capture/capture.h"
#include "capture/tracefs_dir.h"

#define FLIGHT_NR_STATES 3
#define FLIGHT_PERIOD_NS 10000000000ull /* between two states */

struct flight_state {
	struct snapshot snap;
	struct snapshot_report report;
	uint64_t id;
	uint64_t time; /* when its reading began, CLOCK_MONOTONIC, as the trace's clock */
};

struct flight {
	const struct tracefs_dir *tracefs;
	struct snapshot_reader *reader;		      /* NULL: no exact state can be had */
	struct flight_state states[FLIGHT_NR_STATES]; /* oldest first */
	uint32_t nr;
	uint64_t next_id, next_time;
};

/* The kernel itself switches tracing off at the first failed allocation of @order. */
int flight_init(struct flight *f, const struct tracefs_dir *t, struct snapshot_reader *reader,
		uint32_t order, struct error *err) MUST_CHECK;
void flight_release(struct flight *f);
/* Takes the state if it is time for it; @now is CLOCK_MONOTONIC. */
void flight_step(struct flight *f, uint64_t now);
bool flight_ended(const struct flight *f);
/* The oldest state whose events are all still in the ring; NULL if there is none. */
struct flight_state *flight_best(struct flight *f, uint32_t nr_cpus);

#endif
