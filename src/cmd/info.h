/* SPDX-License-Identifier: GPL-2.0-only */
/* What `info` gathers (info.c) and prints (info_text.c, info_json.c). */
#ifndef ZR_CMD_INFO_H
#define ZR_CMD_INFO_H

#include "cmd/cmd.h"
#include "demand/demand.h"
#include "mm/mm.h"
#include "replay/replay.h"
#include "trace/trace.h"

#define INFO_MAX_REASONS 10

enum goodness { NOT_GOOD, PARTLY_GOOD, GOOD };
const char *goodness_name(enum goodness g);

struct verdict {
	enum goodness good;
	const char *reasons[INFO_MAX_REASONS]; /* what is missing, and what to record next time */
	size_t nr;
};

struct info {
	struct capture c;
	struct trace t;
	struct survey s;
	struct trace_intent *intents;
	size_t nr_intents;
	struct demand demand;
	struct error no_demand; /* why there is none; empty if there is */
	char release[192];
	const char *era;
	bool era_exact;
	struct verdict verify, whatif;
};

/* Free buddies of all types, by order. */
void info_zone_free(const struct snap_zone *z, uint32_t nr_orders,
		    uint64_t nr_free[SNAP_MAX_ORDERS]);

void info_print_text(const struct info *in);
void info_print_json(const struct info *in);

#endif
