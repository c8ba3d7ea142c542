// SPDX-License-Identifier: GPL-2.0-only
#include "capture/capture.h"
#include "cmd/cmd.h"

struct snapshot_options {
	const char *out;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct snapshot_options *opt = state->input;

	switch (key) {
	case 'o':
		opt->out = arg;
		return 0;
	case ARGP_KEY_ARG:
		cmd_bad_usage(state, "takes no arguments, but \"%s\" was given", arg);
		return 0;
	case ARGP_KEY_END:
		if (!opt->out)
			cmd_bad_usage(state, "needs -o FILE");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{NULL, 'o', "FILE", 0, "write the snapshot to FILE", 0},
	{0},
};
static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.doc = "Writes the state of this machine's page allocator to a file: exact, with every list in order, where "
	       "/proc/kcore can be read; else what the files in /proc tell.",
};

static void print_result(const struct snapshot_options *opt, const struct snapshot *s,
			 const struct snapshot_report *r)
{
	printf("%s: %s, %zu zones, %zu lists with %zu entries, %llu frames", opt->out,
	       snap_level_name(s->level), s->nr_zones, s->nr_lists, s->nr_entries,
	       (unsigned long long)s->nr_frames);
	if (s->level == SNAP_EXACT)
		printf("; %.1f ms for %.1f MB, %u tries", (double)r->duration_ns / 1e6,
		       (double)r->bytes / 1e6, r->tries);
	putchar('\n');
}

static int snapshot_run(int argc, char **argv)
{
	struct snapshot_options opt = {0};
	struct snapshot_report r = {0};
	struct snapshot s;
	struct error err;
	int ret;

	cmd_parse(&argp, argc, argv, 0, &opt);
	ret = snapshot_best(&s, &r, &err);
	if (ret && s.level == SNAP_NONE)
		return cmd_fail(&err);
	if (ret)
		cmd_warn("only counts: %s", err.text);
	ret = snapshot_save(&s, opt.out, &err);
	if (!ret)
		print_result(&opt, &s, &r);
	snapshot_release(&s);
	return ret ? cmd_fail(&err) : CMD_FINE;
}

const struct command cmd_snapshot = {
	"snapshot", "state of this machine's page allocator, into a file", snapshot_run};
