// SPDX-License-Identifier: GPL-2.0-only
#include "capture/record.h"
#include "cmd/cmd.h"

#include <string.h>
#include <sys/wait.h>

enum {
	OPT_EVENTS = CMD_OPT_OWN,
	OPT_CHECKPOINT,
	OPT_BUFFER,
	OPT_UNTIL_FAIL,
	OPT_WORKLOAD,
	OPT_NO_SYMBOLS
};

#define MAX_COMMAND 1024

struct capture_options {
	struct record_options record;
	char *command[MAX_COMMAND + 1];
	size_t nr;
};

static void parse_events(struct argp_state *state, struct record_options *r, const char *arg)
{
	static const char *const names[] = {"core", "full", "truth", NULL};
	const char *near = nearest_name(arg, names);
	int i;

	for (i = 0; names[i]; i++)
		if (!strcmp(names[i], arg)) {
			r->events = i;
			return;
		}
	cmd_bad_usage(state, "--events is core, full or truth, not \"%s\"%s%s", arg,
		      near ? "; did you mean " : "", near ? near : "");
}

static uint32_t parse_number(struct argp_state *state, const char *option, const char *arg,
			     uint64_t max)
{
	uint64_t n = 0;

	if (!parse_u64(arg, &n) || n > max)
		cmd_bad_usage(state, "%s wants a number of at most %llu, not \"%s\"", option,
			      (unsigned long long)max, arg);
	return n;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct capture_options *opt = state->input;

	switch (key) {
	case 'o':
		opt->record.dir = arg;
		return 0;
	case OPT_EVENTS:
		parse_events(state, &opt->record, arg);
		return 0;
	case OPT_CHECKPOINT:
		opt->record.checkpoint_ms = parse_number(state, "--checkpoint", arg, 3600000);
		return 0;
	case OPT_BUFFER:
		opt->record.buffer_kb = parse_number(state, "--buffer", arg, 1u << 26);
		return 0;
	case OPT_UNTIL_FAIL:
		opt->record.until_fail = parse_number(state, "--until-fail", arg, 15);
		return 0;
	case OPT_WORKLOAD:
		opt->record.workload = arg;
		return 0;
	case OPT_NO_SYMBOLS:
		opt->record.no_symbols = true;
		return 0;
	case ARGP_KEY_ARG:
		if (opt->nr == MAX_COMMAND)
			cmd_bad_usage(state,
				      "the command has more than %d words: put it into a script",
				      MAX_COMMAND);
		opt->command[opt->nr++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (!opt->record.dir)
			cmd_bad_usage(state, "needs -o DIR");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{NULL, 'o', "DIR", 0, "the directory to make", 0},
	{"events", OPT_EVENTS, "SET", 0,
	 "core, full (the default) or truth: with what compaction does", 0},
	{"checkpoint", OPT_CHECKPOINT, "MS", 0,
	 "write buddyinfo and pagetypeinfo into the trace every MS ms (0: never)", 0},
	{"buffer", OPT_BUFFER, "KB", 0, "size of the trace buffer per CPU", 0},
	{"until-fail", OPT_UNTIL_FAIL, "ORDER", 0,
	 "record in a ring until an allocation of ORDER fails", 0},
	{"workload", OPT_WORKLOAD, "NAME", 0, "what to call the workload", 0},
	{"no-symbols", OPT_NO_SYMBOLS, NULL, 0,
	 "leave the kernel's symbol table out of trace.dat: 1 MB less", 0},
	{0},
};
static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.args_doc = "[-- COMMAND...]",
	.doc = "Records this machine's page allocations and frees while COMMAND runs (without one: until interrupted), with "
	       "the allocator's state before and after.",
};

static void print_result(const struct capture_options *opt, const struct record_result *r)
{
	double seconds = r->wall_ns / 1e9;

	printf("%s: %llu events in %.1f s (%.0f a second), %llu lost, %.1f MB; start %s, end %s\n",
	       opt->record.dir, (unsigned long long)r->events, seconds,
	       seconds > 0 ? r->events / seconds : 0, (unsigned long long)r->lost,
	       r->trace_bytes / 1e6, r->start_level, r->end_level);
	if (seconds > 1)
		printf("cost: %.2f %% of one CPU for the recorder itself, %.1f MB per minute\n",
		       100 * (double)r->cpu_ns / (double)r->wall_ns,
		       (double)r->trace_bytes / 1e6 / seconds * 60);
	if (*r->reason)
		cmd_warn("%s", r->reason);
	if (r->failed)
		printf("an allocation of order %d failed; its last event is the last of the trace\n",
		       opt->record.until_fail);
	if (r->interrupted)
		cmd_warn("interrupted; what was recorded until then is a good capture");
	else if (r->status && !r->failed)
		cmd_warn("the command ended with status %d; the capture is good",
			 WIFEXITED(r->status) ? WEXITSTATUS(r->status) : 128 + WTERMSIG(r->status));
	if (r->lost && opt->record.until_fail < 0)
		cmd_warn("%llu events did not fit: record again with a larger --buffer",
			 (unsigned long long)r->lost);
}

static int capture_run(int argc, char **argv)
{
	struct capture_options opt = {.record = {.events = EVENT_SET_FULL, .until_fail = -1}};
	struct record_result res;
	struct error err;

	cmd_parse(&argp, argc, argv, ARGP_IN_ORDER, &opt);
	if (opt.nr)
		opt.record.command = opt.command;
	if (record_run(&opt.record, &res, &err))
		return cmd_fail(&err);
	print_result(&opt, &res);
	return CMD_FINE;
}

const struct command cmd_capture = {"capture", "record this machine while a command runs",
				    capture_run};
