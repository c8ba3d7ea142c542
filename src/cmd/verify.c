// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/cmd.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "replay/replay.h"

#define MAX_CAPTURES 1024

struct verify_cmd {
	struct verify_options opt;
	const char *captures[MAX_CAPTURES];
	size_t nr_captures;
	double require; /* per cent; 0: none */
	bool json, table;
};

enum { OPT_INPUTS = CMD_OPT_OWN, OPT_REQUIRE, OPT_SHOW, OPT_PARANOID, OPT_TABLE };

static const struct argp_option options[] = {
	{"inputs", OPT_INPUTS, "probes|events|core", 0,
	 "may what compaction took be read from probe events, or is it simulated"
	 " (default: events); core: also without sched_switch and all probe events",
	 0},
	{"require", OPT_REQUIRE, "PERCENT", 0,
	 "exit status 1 when fewer allocations than this are exact", 0},
	{"show", OPT_SHOW, "N", 0, "show the first N mismatches in detail (default 5)", 0},
	{"table", OPT_TABLE, NULL, 0, "one row per capture, in Markdown", 0},
	{"paranoid", OPT_PARANOID, "N", 0, "check every invariant of the machine each N events", 0},
	CMD_JSON_OPTION,
	{0},
};

static uint64_t number(struct argp_state *state, const char *arg, const char *what)
{
	uint64_t n = 0;

	if (!parse_u64(arg, &n))
		cmd_bad_usage(state, "--%s takes a whole number, not \"%s\"", what, arg);
	return n;
}

static void parse_require(struct argp_state *state, struct verify_cmd *cmd, const char *arg)
{
	char *end;

	cmd->require = strtod(arg, &end);
	if (end == arg || *end || cmd->require < 0 || cmd->require > 100)
		cmd_bad_usage(state, "--require takes a percentage from 0 to 100, not \"%s\"", arg);
}

static void parse_inputs(struct argp_state *state, struct verify_cmd *cmd, const char *arg)
{
	if (!strcmp(arg, "probes"))
		cmd->opt.inputs = VERIFY_PROBES;
	else if (!strcmp(arg, "events"))
		cmd->opt.inputs = VERIFY_EVENTS;
	else if (!strcmp(arg, "core"))
		cmd->opt.inputs = VERIFY_CORE;
	else
		cmd_bad_usage(state, "--inputs is \"probes\", \"events\" or \"core\", not \"%s\"",
			      arg);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct verify_cmd *cmd = state->input;

	switch (key) {
	case OPT_INPUTS:
		parse_inputs(state, cmd, arg);
		return 0;
	case OPT_REQUIRE:
		parse_require(state, cmd, arg);
		return 0;
	case OPT_SHOW:
		cmd->opt.max_shown = (uint32_t)number(state, arg, "show");
		return 0;
	case OPT_TABLE:
		cmd->table = true;
		return 0;
	case OPT_PARANOID:
		cmd->opt.paranoid = number(state, arg, "paranoid");
		return 0;
	case CMD_OPT_JSON:
		cmd->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (cmd->nr_captures == MAX_CAPTURES)
			cmd_bad_usage(state, "more than %d captures", MAX_CAPTURES);
		cmd->captures[cmd->nr_captures++] = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		cmd_bad_usage(state, "names no capture to verify");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.args_doc = "CAPTURE...",
	.doc = "Predicts every page frame number of a recording before looking at it, and says how often the prediction "
	       "was right: at the zone's lists, and at what requests were given.",
};

static double share(uint64_t exact, uint64_t all)
{
	return all ? 100.0 * (double)exact / (double)all : 100.0;
}

/* ---- text ---- */

static void print_share(const char *what, uint64_t exact, uint64_t all)
{
	/* Never round up to 100. */
	double s = share(exact, all);

	if (exact != all && s > 99.9999)
		s = 99.9999;
	printf("  %-28s %10" PRIu64 " of %10" PRIu64 "  %8.4f %%\n", what, exact, all, s);
}

static void print_mismatches(const struct verify_result *r)
{
	for (int i = 0; i < MISMATCH_NR; i++)
		if (r->mismatches[i])
			printf("  mismatch %-19s %10" PRIu64 "\n", mismatch_name((enum mismatch)i),
			       r->mismatches[i]);
	for (uint32_t i = 0; i < r->nr_shown; i++) {
		const struct verify_mismatch *m = &r->shown[i];

		printf("  event %" PRIu64 " at %.6f s: %s", m->event, (double)m->time / 1e9,
		       mismatch_name(m->kind));
		if (m->expected != UINT64_MAX)
			printf(", expected pfn %#" PRIx64, m->expected);
		if (m->got != UINT64_MAX)
			printf(", got %#" PRIx64, m->got);
		printf("; %s\n", m->text);
	}
}

static void print_text(const char *name, const struct verify_result *r)
{
	printf("%s: kernel %s, era %s (%s), start state %s, inputs %s\n", name, r->release, r->era,
	       r->era_exact ? "exact" : "nearest", r->initial_state, r->inputs);
	print_share("zone level", r->zone_allocs_exact, r->zone_allocs);
	print_share("request level", r->page_allocs_exact, r->page_allocs);
	if (r->known_zone_allocs != r->zone_allocs) {
		print_share("zone level, known part", r->known_zone_allocs_exact,
			    r->known_zone_allocs);
		print_share("request level, known part", r->known_page_allocs_exact,
			    r->known_page_allocs);
	}
	print_share("refills", r->refills_exact, r->refills);
	print_share("drains", r->drains_exact, r->drains);
	print_share("drained pages", r->drained_pages_exact, r->drained_pages);
	print_share("zone choices", r->zone_choices_exact, r->zone_choices);
	print_share("fallbacks (extfrag)", r->extfrag_exact, r->extfrag_events);
	if (r->captures)
		print_share("captured pages", r->captures_exact, r->captures);
	if (r->migrations_confirmed + r->migrations_refuted + r->migrations_unseen)
		printf("  migrations confirmed %" PRIu64 ", refuted %" PRIu64 ", unseen %" PRIu64
		       "\n",
		       r->migrations_confirmed, r->migrations_refuted, r->migrations_unseen);
	printf("  operations missing %" PRIu64 ", extra %" PRIu64 "; resyncs %" PRIu64
	       ", reorderings %" PRIu64 ", lookaheads %" PRIu64 ", lost events %" PRIu64 "\n",
	       r->ops_missing, r->ops_extra, r->resyncs, r->reorderings, r->lookaheads,
	       r->lost_events);
	printf("  end snapshot: %s", r->end_snapshot);
	if (r->lists_compared)
		printf(" (%" PRIu64 " of %" PRIu64 " lists differ, %" PRIu64
		       " pageblock types, %" PRIu64 " counters)",
		       r->lists_different, r->lists_compared, r->blocks_different,
		       r->counters_different);
	printf("\n  %" PRIu64 " events, %.1f million per second\n", r->events,
	       r->seconds > 0 ? (double)r->events / r->seconds / 1e6 : 0);
	print_mismatches(r);
}

/* ---- a table ---- */

static void print_table_head(void)
{
	puts("| capture | inputs | zone level | request level | refills | drains | zone choices | extfrag "
	     "| captures | migrations refuted | checkpoints | end: lists that differ | resyncs |");
	puts("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
}

static void print_cell(uint64_t exact, uint64_t all)
{
	double s = share(exact, all);

	if (exact != all && s > 99.9999) /* never round up to 100 */
		s = 99.9999;
	if (all)
		printf(" %.4f %% of %" PRIu64 " |", s, all);
	else
		printf(" - |");
}

static void print_table_row(const char *name, const struct verify_result *r)
{
	size_t end = strlen(name), base;

	while (end > 1 && name[end - 1] == '/')
		end--;
	for (base = end; base && name[base - 1] != '/'; base--)
		;
	printf("| %.*s | %s |", (int)(end - base), name + base, r->inputs);
	print_cell(r->zone_allocs_exact, r->zone_allocs);
	print_cell(r->page_allocs_exact, r->page_allocs);
	print_cell(r->refills_exact, r->refills);
	print_cell(r->drains_exact, r->drains);
	print_cell(r->zone_choices_exact, r->zone_choices);
	print_cell(r->extfrag_exact, r->extfrag_events);
	print_cell(r->captures_exact, r->captures);
	printf(" %" PRIu64 " of %" PRIu64 " |", r->migrations_refuted,
	       r->migrations_refuted + r->migrations_confirmed + r->migrations_unseen);
	print_cell(r->checkpoints_equal, r->checkpoints);
	if (r->lists_compared)
		printf(" %" PRIu64 " of %" PRIu64 " |", r->lists_different, r->lists_compared);
	else
		printf(" no snapshot |");
	printf(" %" PRIu64 " |\n", r->resyncs);
}

/* ---- JSON ---- */

static void json_counts(struct json *j, const struct verify_result *r)
{
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{"cpus", r->cpus},
		{"events", r->events},
		{"lost_events", r->lost_events},
		{"zone_allocs", r->zone_allocs},
		{"zone_allocs_exact", r->zone_allocs_exact},
		{"page_allocs", r->page_allocs},
		{"page_allocs_exact", r->page_allocs_exact},
		{"known_zone_allocs", r->known_zone_allocs},
		{"known_zone_allocs_exact", r->known_zone_allocs_exact},
		{"known_page_allocs", r->known_page_allocs},
		{"known_page_allocs_exact", r->known_page_allocs_exact},
		{"refills", r->refills},
		{"refills_exact", r->refills_exact},
		{"drains", r->drains},
		{"drains_exact", r->drains_exact},
		{"drained_pages", r->drained_pages},
		{"drained_pages_exact", r->drained_pages_exact},
		{"zone_choices", r->zone_choices},
		{"zone_choices_exact", r->zone_choices_exact},
		{"zone_undetermined", r->zone_undetermined},
		{"ops_missing", r->ops_missing},
		{"ops_extra", r->ops_extra},
		{"reorderings", r->reorderings},
		{"lookaheads", r->lookaheads},
		{"extfrag_events", r->extfrag_events},
		{"extfrag_exact", r->extfrag_exact},
		{"checkpoints", r->checkpoints},
		{"checkpoints_equal", r->checkpoints_equal},
		{"migrations_confirmed", r->migrations_confirmed},
		{"migrations_refuted", r->migrations_refuted},
		{"migrations_unseen", r->migrations_unseen},
		{"captures", r->captures},
		{"captures_exact", r->captures_exact},
		{"resyncs", r->resyncs},
		{"lists_compared", r->lists_compared},
		{"lists_different", r->lists_different},
		{"blocks_different", r->blocks_different},
		{"counters_different", r->counters_different},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		json_u64(j, rows[i].name, rows[i].value);
	for (int i = 0; i < MISMATCH_NR; i++) {
		char key[64];

		snprintf(key, sizeof(key), "mismatch_%s", mismatch_name((enum mismatch)i));
		json_u64(j, key, r->mismatches[i]);
	}
}

static void json_result(struct json *j, const char *name, const struct verify_result *r)
{
	char hash[17];

	json_object(j, NULL);
	json_string(j, "capture", name);
	json_string(j, "kernel", r->release);
	json_string(j, "era", r->era);
	json_string(j, "era_match", r->era_exact ? "exact" : "nearest");
	json_string(j, "arch", r->arch);
	json_string(j, "initial_state", r->initial_state);
	json_string(j, "end_snapshot", r->end_snapshot);
	json_string(j, "inputs", r->inputs);
	json_counts(j, r);
	snprintf(hash, sizeof(hash), "%016" PRIx64, r->state_hash);
	json_string(j, "state_hash", hash);
	snprintf(hash, sizeof(hash), "%016" PRIx64, r->prediction_hash);
	json_string(j, "prediction_hash", hash);
	json_u64(j, "events_per_second",
		 r->seconds > 0 ? (uint64_t)((double)r->events / r->seconds) : 0);
	json_end(j);
}

/* ---- the command ---- */

static int verify_one(const char *dir, const struct verify_cmd *cmd, struct verify_result *r,
		      struct error *err)
{
	struct cmd_progress cp;
	struct verify_options opt = cmd->opt;
	struct capture c;
	struct trace t;
	int ret;

	if (capture_open(&c, dir, err))
		return -1;
	opt.progress = cmd_progress_start(&cp);
	if (trace_open(&t, &c, opt.progress, err)) {
		cmd_progress_end(&cp);
		capture_release(&c);
		return -1;
	}
	ret = verify_run(&c, &t, &opt, r, err);
	cmd_progress_end(&cp);
	trace_release(&t);
	capture_release(&c);
	return ret;
}

static bool good_enough(const struct verify_cmd *cmd, const struct verify_result *r)
{
	return share(r->zone_allocs_exact, r->zone_allocs) >= cmd->require &&
	       share(r->page_allocs_exact, r->page_allocs) >= cmd->require;
}

static int verify_cmd_run(int argc, char **argv)
{
	struct verify_cmd *cmd = calloc(1, sizeof(*cmd));
	struct verify_result *r = calloc(1, sizeof(*r));
	int status = CMD_FINE;
	struct strbuf out;
	struct error err;
	struct json j;

	if (!cmd || !r)
		return cmd_failf("no memory");
	cmd->opt.max_shown = 5;
	cmd_parse(&argp, argc, argv, 0, cmd);
	strbuf_init(&out);
	json_init(&j, &out);
	json_array(&j, NULL);
	if (cmd->table)
		print_table_head();
	for (size_t i = 0; i < cmd->nr_captures; i++) {
		if (verify_one(cmd->captures[i], cmd, r, &err)) {
			status = cmd_fail(&err);
			break;
		}
		if (cmd->table)
			print_table_row(cmd->captures[i], r);
		else if (cmd->json)
			json_result(&j, cmd->captures[i], r);
		else
			print_text(cmd->captures[i], r);
		if (!good_enough(cmd, r))
			status = CMD_BAD_ANSWER;
	}
	json_end(&j);
	if (cmd->json && !cmd->table && status != CMD_BAD_QUESTION)
		fputs(out.s, stdout);
	strbuf_release(&out);
	free(cmd);
	free(r);
	return status;
}

const struct command cmd_verify = {"verify", "can the model be trusted on a recording?",
				   verify_cmd_run};
