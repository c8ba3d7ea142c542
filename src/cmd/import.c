// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/transfer.h"

struct import_command {
	struct transfer transfer; /* must be the first */
	const char *kernel;
};

enum { OPT_KERNEL = CMD_OPT_OWN };

static const struct argp_option options[] = {
	{"kernel", OPT_KERNEL, "RELEASE", 0,
	 "the recording kernel, as uname -r says, where the source does not tell", 0},
	{0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct import_command *c = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &c->transfer;
		return 0;
	case OPT_KERNEL:
		c->kernel = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {{&transfer_argp, 0, NULL, 0}, {0}};
static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.children = children,
	.args_doc = "-o DIR FILE|DIR",
	.doc = "Makes a capture from a file of events (CSV, ftrace text, trace.dat) or from a directory that "
	       "holds one and perhaps a manifest and the state at the start; traces/FORMAT.md describes all "
	       "of them.",
};

static int import_run(int argc, char **argv)
{
	struct import_command c = {
		.transfer = {.one = "one file or directory at a time",
			     .missing = "needs a file or a directory to import"}};
	struct cmd_progress progress;
	struct error err;
	int ret;

	cmd_parse(&argp, argc, argv, 0, &c);
	ret = capture_import(c.transfer.source, c.kernel, c.transfer.out,
			     cmd_progress_start(&progress), &err);
	cmd_progress_end(&progress);
	return ret ? cmd_fail(&err) : CMD_FINE;
}

const struct command cmd_import = {"import", "make a capture from CSV, ftrace text or trace.dat",
				   import_run};
