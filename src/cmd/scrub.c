// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/cmd.h"
#include "trace/trace.h"

struct scrub_command {
	const char *capture, *out;
};

static const struct argp_option options[] = {
	{"output", 'o', "DIR", 0, "the directory to make (needed)", 0},
	{0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct scrub_command *c = state->input;

	switch (key) {
	case 'o':
		c->out = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (c->capture)
			cmd_bad_usage(state, "one capture at a time, but \"%s\" follows", arg);
		c->capture = arg;
		return 0;
	case ARGP_KEY_END:
		if (!c->capture)
			cmd_bad_usage(state, "needs a capture, a directory with a trace.dat");
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
	.args_doc = "CAPTURE -o DIR",
	.doc = "Makes a copy of a capture that names nobody, for sharing: tasks are numbered, texts "
	       "that programs wrote into the trace are blanked, command lines, host and file names "
	       "are left out. The names of kernel threads, pids, page frame and inode numbers, kernel "
	       "release and memory settings stay: a replay needs them.",
};

static int do_scrub(const struct scrub_command *c, struct progress *prog, struct error *err)
{
	struct capture capture;
	struct trace trace;
	int ret;

	if (capture_open(&capture, c->capture, err))
		return -1;
	ret = trace_open(&trace, &capture, prog, err);
	if (!ret) {
		ret = capture_scrub(&capture, &trace, c->out, prog, err);
		trace_release(&trace);
	}
	capture_release(&capture);
	return ret;
}

static int scrub_run(int argc, char **argv)
{
	struct scrub_command c = {0};
	struct cmd_progress progress;
	struct error err;
	int ret;

	cmd_parse(&argp, argc, argv, 0, &c);
	ret = do_scrub(&c, cmd_progress_start(&progress), &err);
	cmd_progress_end(&progress);
	return ret ? cmd_fail(&err) : CMD_FINE;
}

const struct command cmd_scrub = {"scrub", "a copy of a capture without names, for sharing",
				  scrub_run};
