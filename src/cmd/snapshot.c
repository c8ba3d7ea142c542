// SPDX-License-Identifier: GPL-2.0-only
#include "capture/capture.h"
#include "cmd/cmd.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { OPT_MARKER = CMD_OPT_OWN, OPT_ID };

struct snapshot_options {
	const char *out, *marker;
	uint64_t id;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct snapshot_options *opt = state->input;

	switch (key) {
	case 'o':
		opt->out = arg;
		return 0;
	case OPT_MARKER:
		opt->marker = arg;
		return 0;
	case OPT_ID:
		if (!parse_u64(arg, &opt->id))
			cmd_bad_usage(state, "--id wants a number, not \"%s\"", arg);
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
	{"marker", OPT_MARKER, "FILE", 0, "write markers around the reading to this trace_marker",
	 0},
	{"id", OPT_ID, "N", 0, "the number in these markers", 0},
	{0},
};
static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.doc = "Writes the state of this machine's page allocator to a file: exact, with every list in order, where "
	       "/proc/kcore can be read; else what the files in /proc tell.",
};

static int snapshot_run(int argc, char **argv)
{
	struct snapshot_options opt = {0};
	struct snapshot_report r = {0};
	struct snapshot s;
	struct error err;
	int fd = -1, ret;

	cmd_parse(&argp, argc, argv, 0, &opt);
	if (opt.marker && (fd = open(opt.marker, O_WRONLY | O_CLOEXEC)) < 0)
		return cmd_failf("%s cannot be opened for writing", opt.marker);
	snapshot_init(&s);
	ret = snapshot_take(&s, fd, opt.id, &r, &err);
	if (fd >= 0)
		close(fd);
	if (!ret)
		ret = snapshot_save(&s, opt.out, &err);
	if (!ret)
		printf("%s: %s, %zu lists, %zu entries, %llu frames; %.1f ms for %.1f MB, %u tries\n",
		       opt.out, snap_level_name(s.level), s.nr_lists, s.nr_entries,
		       (unsigned long long)s.nr_frames, r.duration_ns / 1e6, r.bytes / 1e6,
		       r.tries);
	snapshot_release(&s);
	return ret ? cmd_fail(&err) : CMD_FINE;
}

const struct command cmd_snapshot = {
	"snapshot", "state of this machine's page allocator, into a file", snapshot_run};
