// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/transfer.h"

static const struct argp_option options[] = {
	{"output", 'o', "DIR", 0, "the directory to make (needed)", 0},
	{0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct transfer *t = state->input;

	switch (key) {
	case 'o':
		t->out = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (t->source)
			cmd_bad_usage(state, "%s, but \"%s\" follows", t->one, arg);
		t->source = arg;
		return 0;
	case ARGP_KEY_END:
		if (!t->source)
			cmd_bad_usage(state, "%s", t->missing);
		if (!t->out)
			cmd_bad_usage(state, "needs -o DIR");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp transfer_argp = {.options = options, .parser = parse_option};

int transfer_capture(const struct transfer *t,
		     int (*write)(const struct transfer *t, struct capture *capture,
				  const struct trace *trace, struct progress *prog,
				  struct error *err))
{
	struct cmd_progress progress;
	struct progress *prog = cmd_progress_start(&progress);
	struct capture capture;
	struct trace trace;
	struct error err;
	int ret = capture_open(&capture, t->source, &err);

	if (!ret) {
		ret = trace_open(&trace, &capture, prog, &err);
		if (!ret) {
			ret = write(t, &capture, &trace, prog, &err);
			trace_release(&trace);
		}
		capture_release(&capture);
	}
	cmd_progress_end(&progress);
	return ret ? cmd_fail(&err) : CMD_FINE;
}
