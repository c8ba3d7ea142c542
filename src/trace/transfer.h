/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside src/trace: making a new capture directory out of an opened one. */
#ifndef ZR_TRACE_TRANSFER_H
#define ZR_TRACE_TRANSFER_H

#include "trace/pack.h"

struct transfer {
	const char *from;	 /* directory to take state from, or NULL */
	const char *const *only; /* names of the proc files to take; NULL: all */
	const char *trace_name;
	bool copy_trace;   /* as it is */
	struct capture *c; /* its manifest learns what the trace says */
	const struct trace *t;
	struct progress *prog;
};

/* All of it or nothing; @dir must be new or empty. */
int transfer_make(const struct transfer *x, const char *dir, struct error *err) MUST_CHECK;

#endif
