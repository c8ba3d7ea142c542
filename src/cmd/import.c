// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/cmd.h"
#include "trace/trace.h"

struct import_command {
	const char *source, *out, *kernel;
};

enum { OPT_KERNEL = CMD_OPT_OWN };

static const struct argp_option options[] = {
	{"output", 'o', "DIR", 0, "the capture to make (needed)", 0},
	{"kernel", OPT_KERNEL, "RELEASE", 0,
	 "the recording kernel, as uname -r says, where the source does not tell", 0},
	{0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct import_command *c = state->input;

	switch (key) {
	case 'o':
		c->out = arg;
		return 0;
	case OPT_KERNEL:
		c->kernel = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (c->source)
			cmd_bad_usage(state, "one file or directory at a time, but \"%s\" follows",
				      arg);
		c->source = arg;
		return 0;
	case ARGP_KEY_END:
		if (!c->source)
			cmd_bad_usage(state, "needs a file or a directory to import");
		if (!c->out)
			cmd_bad_usage(state, "needs -o DIR");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.args_doc = "-o DIR FILE|DIR",
	.doc = "Makes a capture from a file of events (CSV, ftrace text, trace.dat) or from a "
	       "directory "
	       "that holds one "
	       "and perhaps a manifest and the state at the start; traces/FORMAT.md describes all "
	       "of "
	       "them.",
};

static int import_run(int argc, char **argv)
{
	struct import_command c = {0};
	struct cmd_progress progress;
	struct error err;
	int ret;

	cmd_parse(&argp, argc, argv, 0, &c);
	ret = capture_import(c.source, c.kernel, c.out, cmd_progress_start(&progress), &err);
	cmd_progress_end(&progress);
	return ret ? cmd_fail(&err) : CMD_FINE;
}

const struct command cmd_import = {"import", "make a capture from CSV, ftrace text or trace.dat",
				   import_run};
