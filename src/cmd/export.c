// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/cmd.h"
#include "trace/trace.h"

enum { OPT_ZSTD = CMD_OPT_OWN };

struct export_command {
	const char *capture, *out;
	bool compress;
};

static const struct argp_option options[] = {
	{"output", 'o', "DIR", 0, "the directory to make (needed)", 0},
	{"zstd", OPT_ZSTD, NULL, 0, "pack the events: events.csv.zst", 0},
	{0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct export_command *c = state->input;

	switch (key) {
	case 'o':
		c->out = arg;
		return 0;
	case OPT_ZSTD:
		c->compress = true;
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
	.doc = "Writes a capture in forms that any program can read: events as CSV, the manifest "
	       "and "
	       "the state at "
	       "start and end. \"zonereplay import\" reads it again and every result is the same.",
};

static int do_export(const struct export_command *c, struct progress *prog, struct error *err)
{
	struct capture capture;
	struct trace trace;
	int ret;

	if (capture_open(&capture, c->capture, err))
		return -1;
	ret = trace_open(&trace, &capture, prog, err);
	if (!ret) {
		ret = capture_export(&capture, &trace, c->out, c->compress, prog, err);
		trace_release(&trace);
	}
	capture_release(&capture);
	return ret;
}

static int export_run(int argc, char **argv)
{
	struct export_command c = {0};
	struct cmd_progress progress;
	struct error err;
	int ret;

	cmd_parse(&argp, argc, argv, 0, &c);
	ret = do_export(&c, cmd_progress_start(&progress), &err);
	cmd_progress_end(&progress);
	return ret ? cmd_fail(&err) : CMD_FINE;
}

const struct command cmd_export = {"export", "write a capture as CSV and text", export_run};
