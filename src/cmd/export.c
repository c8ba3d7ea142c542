// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/transfer.h"

enum { OPT_ZSTD = CMD_OPT_OWN };

struct export_command {
	struct transfer transfer; /* must be the first */
	bool compress;
};

static const struct argp_option options[] = {
	{"zstd", OPT_ZSTD, NULL, 0, "pack the events: events.csv.zst", 0},
	{0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct export_command *c = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &c->transfer;
		return 0;
	case OPT_ZSTD:
		c->compress = true;
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
	.args_doc = "CAPTURE -o DIR",
	.doc = "Writes a capture in forms that any program can read: events as CSV, the manifest and the "
	       "state at start and end. \"zonereplay import\" reads it again and every result is the same.",
};

static int write_export(const struct transfer *t, struct capture *capture,
			const struct trace *trace, struct progress *prog, struct error *err)
{
	const struct export_command *c = (const struct export_command *)t;

	return capture_export(capture, trace, t->out, c->compress, prog, err);
}

static int export_run(int argc, char **argv)
{
	struct export_command c = {.transfer = TRANSFER_CAPTURE};

	cmd_parse(&argp, argc, argv, 0, &c);
	return transfer_capture(&c.transfer, write_export);
}

const struct command cmd_export = {"export", "write a capture as CSV and text", export_run};
