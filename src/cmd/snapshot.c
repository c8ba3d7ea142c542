// SPDX-License-Identifier: GPL-2.0-only
#include "capture/capture.h"
#include "cmd/cmd.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

enum { OPT_HOLD = CMD_OPT_OWN, OPT_WAY };

struct options {
	const char *out;
	uint64_t hold; /* seconds */
	enum snapshot_way way;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *opt = state->input;

	switch (key) {
	case 'o':
		opt->out = arg;
		return 0;
	case OPT_HOLD:
		if (!parse_u64(arg, &opt->hold) || opt->hold > 3600)
			cmd_bad_usage(state, "--hold wants seconds, at most 3600, not \"%s\"", arg);
		return 0;
	case OPT_WAY:
		for (opt->way = SNAPSHOT_ANY; opt->way <= SNAPSHOT_BOTH; opt->way++)
			if (!strcmp(arg, snapshot_way_name(opt->way)))
				return 0;
		cmd_bad_usage(state, "--way wants kcore, bpf or both, not \"%s\"", arg);
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
	{"hold", OPT_HOLD, "SECONDS", 0,
	 "keep the CPU so long after the reading, so that others can look at the same state", 0},
	{"way", OPT_WAY, "WAY", 0,
	 "read by kcore or bpf only, or both, which must then agree (default: kcore, else bpf)", 0},
	{0},
};
static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.doc = "Writes the state of this machine's page allocator to a file: exact, with every list in order, where "
	       "/proc/kcore can be read; else what the files in /proc tell.",
};

static void print_result(const struct options *opt, const struct snapshot *s,
			 const struct snapshot_report *r)
{
	printf("%s: %s, %zu zones, %zu lists with %zu entries, %llu frames", opt->out,
	       snap_level_name(s->level), s->nr_zones, s->nr_lists, s->nr_entries,
	       (unsigned long long)s->nr_frames);
	if (s->level == SNAP_EXACT)
		printf("; by %s, %.1f ms (lists %.1f ms) for %.1f MB, %u tries, %u passes",
		       snapshot_way_name(r->way), (double)r->duration_ns / 1e6,
		       (double)r->lists_ns / 1e6, (double)r->bytes / 1e6, r->tries, r->passes);
	putchar('\n');
}

/* Uses no memory that is not there already, and lets no other task run. */
static void hold(void *arg)
{
	const uint64_t *seconds = arg;
	struct timespec start, now;

	(void)!write(STDERR_FILENO, "holding\n", 8);
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((uint64_t)(now.tv_sec - start.tv_sec) < *seconds);
}

static int snapshot_run(int argc, char **argv)
{
	struct options opt = {0};
	struct snapshot_report r = {0};
	struct snapshot_options how = {.marker_fd = -1};
	struct snapshot s;
	struct error err;
	int ret;

	cmd_parse(&argp, argc, argv, 0, &opt);
	if (opt.hold) {
		how.while_quiet = hold;
		how.arg = &opt.hold;
	}
	ret = snapshot_best(&s, opt.way, &how, &r, &err);
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
