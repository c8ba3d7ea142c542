/* SPDX-License-Identifier: GPL-2.0-only */
/* What import, export and scrub share: one source in, one directory out. */
#ifndef ZR_CMD_TRANSFER_H
#define ZR_CMD_TRANSFER_H

#include "cmd/cmd.h"
#include "trace/trace.h"

/* The first member of a command's own struct, and the input of its argp child transfer_argp. */
struct transfer {
	/* The command's words: "one capture at a time", said when a second source follows, and
	 * "needs a capture", said when there is none. */
	const char *one, *missing;
	const char *source, *out;
};
extern const struct argp transfer_argp;

#define TRANSFER_CAPTURE                                                                           \
	{                                                                                          \
		.one = "one capture at a time",                                                    \
		.missing = "needs a capture, a directory with a trace.dat"                         \
	}

/* Opens the source as a capture and has it written; the command's exit status. */
int transfer_capture(const struct transfer *t,
		     int (*write)(const struct transfer *t, struct capture *capture,
				  const struct trace *trace, struct progress *prog,
				  struct error *err));

#endif
