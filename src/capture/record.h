/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recording: a tracefs instance of our own, probe events, state at both ends, checkpoints, the
 * manifest.
 */
#ifndef ZR_RECORD_H
#define ZR_RECORD_H

#include "base/base.h"

enum event_set { EVENT_SET_CORE, EVENT_SET_FULL, EVENT_SET_TRUTH };
const char *event_set_name(enum event_set set);

struct record_options {
	const char *dir; /* the capture to make */
	enum event_set events;
	uint32_t checkpoint_ms; /* 0: none */
	uint32_t buffer_kb;	/* per CPU; 0: as much as seems reasonable */
	int32_t until_fail;   /* order whose first failed allocation ends the recording; -1: none */
	bool no_symbols;      /* leave the kernel's symbol table out of trace.dat */
	const char *workload; /* name for the manifest; NULL: the command */
	char **command;	      /* NULL-terminated; NULL: record until interrupted */
};

struct record_result {
	const char *start_level, *end_level; /* "exact", "counts", "none" */
	char reason[512];		     /* why it is not exact */
	uint64_t events, lost, checkpoints;
	uint64_t wall_ns, trace_bytes;
	uint64_t cpu_ns; /* used by the recorder itself while the command ran */
	int status;	 /* of the workload, as wait() gives it */
	bool interrupted;
	bool failed; /* --until-fail: the allocation that was waited for has failed */
};

/* A capture is whole or not there: removes the files that a recording makes, and the directory. */
void record_remove(const char *dir);
int record_run(const struct record_options *opt, struct record_result *res,
	       struct error *err) MUST_CHECK;

#endif
