// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/transfer.h"

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = state->input;
	return 0;
}

static const struct argp_child children[] = {{&transfer_argp, 0, NULL, 0}, {0}};
static const struct argp argp = {
	.parser = parse_option,
	.children = children,
	.args_doc = "CAPTURE -o DIR",
	.doc = "Makes a copy of a capture that names nobody, for sharing: tasks are numbered, texts "
	       "that programs wrote into the trace are blanked, command lines, host and file names "
	       "are left out. The names of kernel threads, pids, page frame and inode numbers, kernel "
	       "release and memory settings stay: a replay needs them.",
};

static int write_scrubbed(const struct transfer *t, struct capture *capture,
			  const struct trace *trace, struct progress *prog, struct error *err)
{
	return capture_scrub(capture, trace, t->out, prog, err);
}

static int scrub_run(int argc, char **argv)
{
	struct transfer t = TRANSFER_CAPTURE;

	cmd_parse(&argp, argc, argv, 0, &t);
	return transfer_capture(&t, write_scrubbed);
}

const struct command cmd_scrub = {"scrub", "a copy of a capture without names, for sharing",
				  scrub_run};
