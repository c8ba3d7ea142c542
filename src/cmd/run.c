// SPDX-License-Identifier: GPL-2.0-only
/* Replays captures under policies, stores what came of it and prints the comparison. */
#include "cmd/results.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config.h"
#include "report/explain.h"
#include "sweep/sweep.h"

#define MAX_POLICIES 256
#define OPT_FROM CMD_OPT_OWN
#define OPT_TO (CMD_OPT_OWN + 1)
#define OPT_PROBE (CMD_OPT_OWN + 2)
#define OPT_PARANOID (CMD_OPT_OWN + 3)
#define OPT_VERIFY (CMD_OPT_OWN + 4)
#define OPT_INJECT (CMD_OPT_OWN + 5)
#define OPT_PROBE_PAGES (CMD_OPT_OWN + 6)
#define OPT_CUT (CMD_OPT_OWN + 7)
#define OPT_SECONDS (CMD_OPT_OWN + 8)
#define OPT_MAP (CMD_OPT_OWN + 9)
#define MAX_MOMENTS 10000u
#define OPT_EXPLAIN (CMD_OPT_OWN + 10)
#define EXPLAIN_PER_ORDER 3
#define EXPLAIN_MOST 50
#define MAX_INJECTIONS 64

struct run_options {
	char **captures;
	size_t nr_captures;
	const char *policies[MAX_POLICIES];
	size_t nr_policies;
	const char *db;
	bool json;
	enum { VERIFY_AUTO, VERIFY_ALWAYS, VERIFY_NEVER } verify;
	struct whatif_options whatif;
	struct injection inject[MAX_INJECTIONS];
	uint32_t explain; /* failures of each order; 0: none */
};

/* ---- the command line ---- */

static uint64_t parse_time(struct argp_state *state, const char *option, const char *arg)
{
	uint64_t ns = 0;

	if (!results_parse_time(arg, &ns))
		cmd_bad_usage(
			state,
			"%s: \"%s\" is no time; give seconds, or a number with s, ms, us or ns",
			option, arg);
	return ns;
}

static void add_policy(struct argp_state *state, struct run_options *opt, const char *arg)
{
	if (opt->nr_policies == MAX_POLICIES)
		cmd_bad_usage(state, "more than %d policies at once; use zonereplay sweep",
			      MAX_POLICIES);
	opt->policies[opt->nr_policies++] = arg;
}

static void parse_verify(struct argp_state *state, struct run_options *opt, const char *arg)
{
	static const char *const names[] = {"auto", "always", "never", NULL};

	for (int i = 0; names[i]; i++)
		if (!strcmp(names[i], arg)) {
			opt->verify = i;
			return;
		}
	cmd_bad_usage(state, "--verify: \"%s\" is neither auto, always nor never", arg);
}

static void add_injection(struct argp_state *state, struct run_options *opt, const char *arg)
{
	struct error err;

	if (opt->whatif.nr_inject == MAX_INJECTIONS)
		cmd_bad_usage(state, "more than %d injections", MAX_INJECTIONS);
	if (injection_parse(&opt->inject[opt->whatif.nr_inject], arg, &err))
		cmd_bad_usage(state, "%s", err.text);
	opt->whatif.inject = opt->inject;
	opt->whatif.nr_inject++;
}

static void parse_cut(struct argp_state *state, struct run_options *opt, const char *arg)
{
	int64_t percent;

	if (!strcmp(arg, "branch")) {
		opt->whatif.cut_percent = WHATIF_CUT_AT_BRANCH;
		return;
	}
	if (!parse_i64(arg, &percent) || percent < 1 || percent > 99)
		cmd_bad_usage(
			state,
			"--cut-loose: \"%s\" is no share of the recording; give 1 to 99 (per cent), or \"branch\"",
			arg);
	opt->whatif.cut_percent = (uint32_t)percent;
}

static uint32_t parse_moments(struct argp_state *state, const char *arg)
{
	uint64_t n;

	if (!parse_u64(arg, &n) || n > MAX_MOMENTS)
		cmd_bad_usage(state, "--map: \"%s\" is no number of moments up to %u", arg,
			      MAX_MOMENTS);
	return (uint32_t)n;
}

static void parse_explain(struct argp_state *state, struct run_options *opt, const char *arg)
{
	uint64_t n = EXPLAIN_PER_ORDER;

	if (arg && (!parse_u64(arg, &n) || !n || n > EXPLAIN_MOST))
		cmd_bad_usage(state, "--explain: \"%s\" is not 1 to %d failures of each order", arg,
			      EXPLAIN_MOST);
	opt->explain = (uint32_t)n;
}

static void check_complete(struct argp_state *state, const struct run_options *opt)
{
	if (!opt->nr_captures)
		cmd_bad_usage(state, "which capture? give one directory or more");
	if (!opt->nr_policies)
		cmd_bad_usage(state,
			      "which policy? give -p NAME; \"zonereplay policies\" lists them");
	if (opt->whatif.to && opt->whatif.to <= opt->whatif.from)
		cmd_bad_usage(state, "--to must be later than --from");
	if (opt->explain && (opt->whatif.from || opt->whatif.to || opt->whatif.nr_inject ||
			     opt->whatif.cut_percent))
		cmd_bad_usage(
			state,
			"--explain is for whole recordings: without --from, --to, --inject and --cut-loose");
}

static bool parse_seconds(const char *arg, uint32_t *out)
{
	uint64_t n;

	if (!parse_u64(arg, &n) || !n || n > 1000000)
		return false;
	*out = (uint32_t)n;
	return true;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct run_options *opt = state->input;

	switch (key) {
	case 'p':
		add_policy(state, opt, arg);
		return 0;
	case 'd':
		opt->db = arg;
		return 0;
	case CMD_OPT_JSON:
		opt->json = true;
		return 0;
	case OPT_VERIFY:
		parse_verify(state, opt, arg);
		return 0;
	case CMD_OPT_ERA:
		opt->whatif.era = arg;
		return 0;
	case OPT_FROM:
		opt->whatif.from = parse_time(state, "--from", arg);
		return 0;
	case OPT_TO:
		opt->whatif.to = parse_time(state, "--to", arg);
		return 0;
	case OPT_PROBE:
		opt->whatif.probe_ns = parse_time(state, "--probe", arg);
		return 0;
	case OPT_PROBE_PAGES:
		if (!parse_u64(arg, &opt->whatif.probe_pages))
			cmd_bad_usage(state, "--probe-pages: \"%s\" is no number of pages", arg);
		return 0;
	case OPT_INJECT:
		add_injection(state, opt, arg);
		return 0;
	case OPT_CUT:
		parse_cut(state, opt, arg);
		return 0;
	case CMD_OPT_CENTRAL:
		opt->whatif.central_only = true;
		return 0;
	case OPT_MAP:
		opt->whatif.map_moments = parse_moments(state, arg);
		return 0;
	case OPT_SECONDS:
		if (!parse_seconds(arg, &opt->whatif.seconds))
			cmd_bad_usage(state, "--policy-seconds: \"%s\" is not 1 to 1000000", arg);
		return 0;
	case OPT_EXPLAIN:
		parse_explain(state, opt, arg);
		return 0;
	case OPT_PARANOID:
		if (!parse_u64(arg, &opt->whatif.paranoid))
			cmd_bad_usage(state, "--paranoid: \"%s\" is no number of operations", arg);
		return 0;
	case ARGP_KEY_ARGS:
		opt->captures = state->argv + state->next;
		opt->nr_captures = (size_t)(state->argc - state->next);
		return 0;
	case ARGP_KEY_END:
		check_complete(state, opt);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{"policy", 'p', "POLICY[:KEY=VALUE,...]", 0,
	 "replay under this policy; the first one given is the baseline", 0},
	{"database", 'd', "FILE", 0, "store results here (default " CMD_DEFAULT_DB ")", 0},
	CMD_ERA_OPTION,
	{"from", OPT_FROM, "TIME", 0, "score from this time on (since the first event)", 0},
	{"to", OPT_TO, "TIME", 0, "stop at this time", 0},
	{"probe", OPT_PROBE, "SECONDS", 0,
	 "ask a clone this often how many huge pages could be had: from the free lists, with compaction, "
	 "and with reclaim; the answers are in --json",
	 0},
	{"probe-pages", OPT_PROBE_PAGES, "N", 0, "pages that a probe may reclaim (default 0)", 0},
	{"inject", OPT_INJECT, "TIME:ACTION", 0,
	 "do this to the machine then: compact_memory, compact_node=N, drop_caches, hugepages=+N%, or "
	 "PARAMETER=VALUE of the policy; may be given several times",
	 0},
	{"cut-loose", OPT_CUT, "PERCENT|branch", 0,
	 "follow the recorded kernel to this share of the recording's time, go on from its state under the "
	 "policy and score what comes after: how far the model drifts is seen beside the recorded column; "
	 "branch: where the lab let a saved machine go on (traces/lab/record --resume)",
	 0},
	CMD_CENTRAL_OPTION,
	{"verify", OPT_VERIFY, "WHEN", 0,
	 "measure the model's fidelity on each capture and keep it with the results: auto (where the "
	 "starting state is exact, the default), always or never",
	 0},
	{"map", OPT_MAP, "N", 0,
	 "moments at which the map of pageblocks is kept for the report (default 200, 0: none)", 0},
	{"policy-seconds", OPT_SECONDS, "N", 0,
	 "a policy from a .so file may take so long per capture (default 600), then it is stopped",
	 0},
	{"explain", OPT_EXPLAIN, "N", OPTION_ARG_OPTIONAL,
	 "explain the first N failures of each order (default 3) and keep that in the database, for report",
	 0},
	{"paranoid", OPT_PARANOID, "N", 0, "check every invariant after each N operations", 0},
	CMD_JSON_OPTION,
	{0},
};
static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.args_doc = "CAPTURE...",
	.doc = "Replays the demand of each CAPTURE under each POLICY, stores the results and "
	       "prints the "
	       "comparison: baseline first, changes in percent, + is better.",
};

/* ---- the settings ---- */

struct settings {
	struct policy_setting v[MAX_POLICIES];
	size_t nr;
};

static void settings_release(struct settings *s)
{
	for (size_t i = 0; i < s->nr; i++)
		policy_setting_release(&s->v[i]);
}

static int settings_parse(struct settings *s, const struct run_options *opt, struct error *err)
{
	s->nr = 0;
	for (size_t i = 0; i < opt->nr_policies; i++) {
		if (policy_setting_parse(&s->v[i], opt->policies[i], err)) {
			settings_release(s);
			return -1;
		}
		s->nr = i + 1;
		for (size_t k = 0; k < i; k++)
			if (!strcmp(s->v[k].spelled, s->v[i].spelled)) {
				error_set(err,
					  "policy %s is given twice (-p %s and -p %s are the same)",
					  s->v[i].spelled, opt->policies[k], opt->policies[i]);
				settings_release(s);
				return -1;
			}
	}
	return 0;
}

/* ---- the work ---- */

struct job {
	const struct run_options *opt;
	const struct settings *settings;
	struct store *store;
	struct store_runs
		done; /* one row per capture and setting, and one per capture as recorded */
	struct store_provenance provenance;
	struct cmd_progress progress;
	unsigned int failed; /* runs of policies from outside */
};

/* What the model is worth here: measured now where that is quick, else what the database remembers.
 */
static int measure_fidelity(struct job *job, struct session *session, struct error *err)
{
	session->about.fidelity = store_fidelity(job->store, session->about.id);
	if (job->opt->verify == VERIFY_NEVER ||
	    (job->opt->verify == VERIFY_AUTO && session->capture.start.level != SNAP_EXACT))
		return 0;
	return session_verify(session, job->opt->whatif.progress, err);
}

/* A policy from outside that fails costs its own row; the others go on. */
static int outside_failed(struct job *job, const struct policy_setting *setting,
			  const struct error *err)
{
	if (!setting || policy_is_shipped(setting->policy))
		return -1;
	cmd_progress_end(&job->progress);
	cmd_warn("%s; its row is left out", err->text);
	job->failed++;
	return 0;
}

static int keep_explanations(struct job *job, struct session *session,
			     const struct policy_setting *setting, const struct store_run *run,
			     struct error *err)
{
	struct explain_options opt = {.which = EXPLAIN_SEVERAL,
				      .per_order = job->opt->explain,
				      .era = job->opt->whatif.era,
				      .progress = job->opt->whatif.progress};
	struct store_failures kept;
	struct explanations e;
	int rc;

	if (explain_run(&session->capture, &session->trace, setting, &opt, &e, err))
		return -1;
	rc = explain_to_store(&e, &kept, err);
	if (!rc) {
		rc = store_put_failures(job->store, run, &kept, err);
		store_failures_release(&kept);
	}
	explanations_release(&e);
	return rc;
}

static void warn_of_guesses(struct job *job, const struct store_run *run)
{
	const struct outcome *o = &run->outcome;

	if (!o->thp_guessed)
		return;
	cmd_progress_end(&job->progress);
	cmd_warn("%s, %s: of %" PRIu64
		 " requests for transparent huge pages the recording does not "
		 "tell whether their memory was madvised; the central figures say no%s",
		 o->capture, o->policy, o->thp_guessed,
		 job->opt->whatif.central_only ? "" : ", the ranges have both");
}

static int replay(struct job *job, struct session *session, const struct policy_setting *setting,
		  struct error *err)
{
	struct store_run *run = &job->done.v[job->done.nr];

	if (session_run(session, setting, &job->opt->whatif, run, err))
		return outside_failed(job, setting, err);
	job->done.nr++;
	warn_of_guesses(job, run);
	run->provenance = job->provenance;
	run->provenance.finished = time(NULL);
	if (store_put(job->store, run, err))
		return -1;
	return setting && job->opt->explain && !(setting->policy->caps & POLICY_CAP_RELAXED)
		       ? keep_explanations(job, session, setting, run, err)
		       : 0;
}

static int replay_capture(struct job *job, const char *dir, struct error *err)
{
	struct session session;
	int rc;

	if (session_open(&session, dir, job->opt->whatif.progress, err))
		return -1;
	rc = measure_fidelity(job, &session, err);
	if (!rc)
		rc = replay(job, &session, NULL, err);
	for (size_t i = 0; !rc && i < job->settings->nr; i++)
		rc = replay(job, &session, &job->settings->v[i], err);
	session_release(&session);
	return rc;
}

static int check_era(const char *era, struct error *err)
{
	struct strbuf known;

	if (!era)
		return 0;
	strbuf_init(&known);
	for (uint32_t i = 0; mm_era_name(i); i++) {
		if (!strcmp(mm_era_name(i), era)) {
			strbuf_release(&known);
			return 0;
		}
		strbuf_printf(&known, "%s%s", i ? ", " : "", mm_era_name(i));
	}
	error_set(err, "no era is called \"%s\"; known are %s", era, known.s);
	strbuf_release(&known);
	return -1;
}

/* Better now than after the first capture has been replayed for an hour. */
static int check_captures(const struct run_options *opt, struct error *err)
{
	for (size_t i = 0; i < opt->nr_captures; i++) {
		if (!path_exists(opt->captures[i]))
			return error_set(err, "%s: there is no such capture directory",
					 opt->captures[i]);
		for (size_t k = 0; k < i; k++)
			if (!strcmp(opt->captures[k], opt->captures[i]))
				return error_set(err, "%s: this capture is given twice",
						 opt->captures[i]);
	}
	return 0;
}

static int do_job(struct job *job, struct error *err)
{
	const struct run_options *opt = job->opt;
	int rc = 0;

	job->done.v = calloc(opt->nr_captures * (job->settings->nr + 1), sizeof(*job->done.v));
	if (!job->done.v)
		return error_set(err, "out of memory");
	job->store = store_open(opt->db, STORE_WRITE, err);
	if (!job->store)
		return -1;
	for (size_t i = 0; !rc && i < opt->nr_captures; i++)
		rc = replay_capture(job, opt->captures[i], err);
	cmd_progress_end(&job->progress);
	store_close(job->store);
	return rc;
}

/* ---- the answer ---- */

static void print_json(const struct store_runs *runs)
{
	const struct store_run *recorded = NULL;
	struct strbuf out;
	struct json j;

	strbuf_init(&out);
	json_init(&j, &out);
	json_array(&j, NULL);
	for (size_t i = 0; i < runs->nr; i++) {
		/* The recorded row of a capture stands before its other rows. */
		if (!strcmp(runs->v[i].outcome.policy, STORE_RECORDED))
			recorded = &runs->v[i];
		else
			report_run_json(&j, &runs->v[i], recorded);
	}
	json_end(&j);
	fputs(out.s, stdout);
	strbuf_release(&out);
}

static int print_table(const struct store_runs *runs, struct error *err)
{
	struct report_options opt = {.width = results_width()};
	const struct outcome *first = &runs->v[1].outcome; /* [0] is as recorded */
	struct strbuf out, baseline;
	struct report report;
	int rc;

	strbuf_init(&baseline);
	strbuf_printf(&baseline, "%s:%s", first->policy, first->params);
	opt.baseline = baseline.s;
	rc = report_build(&report, runs, &opt, err);
	if (!rc) {
		strbuf_init(&out);
		report_text(&report, &opt, &out);
		fputs(out.s, stdout);
		strbuf_release(&out);
		report_release(&report);
	}
	strbuf_release(&baseline);
	return rc;
}

static void fill_provenance(struct store_provenance *p, int argc, char **argv)
{
	struct strbuf command;

	strbuf_init(&command);
	for (int i = 0; i < argc; i++)
		strbuf_printf(&command, "%s%s", i ? " " : "", argv[i]);
	snprintf(p->program, sizeof(p->program), "%s", PACKAGE_STRING);
	snprintf(p->command, sizeof(p->command), "%s", command.s);
	strbuf_release(&command);
}

static int run_run(int argc, char **argv)
{
	struct run_options opt = {.db = CMD_DEFAULT_DB, .whatif.map_moments = BLOCK_MAP_MOMENTS};
	struct settings settings;
	struct job job = {.opt = &opt, .settings = &settings};
	struct error err;
	int rc;

	cmd_parse(&argp, argc, argv, 0, &opt);
	fill_provenance(&job.provenance, argc, argv);
	opt.whatif.progress = cmd_progress_start(&job.progress);
	if (check_captures(&opt, &err) || check_era(opt.whatif.era, &err) ||
	    settings_parse(&settings, &opt, &err))
		return cmd_fail(&err);
	rc = do_job(&job, &err);
	if (!rc && opt.json)
		print_json(&job.done);
	else if (!rc)
		rc = print_table(&job.done, &err);
	store_runs_release(&job.done);
	settings_release(&settings);
	if (rc)
		return cmd_fail(&err);
	return job.failed ? CMD_BAD_QUESTION : CMD_FINE;
}

const struct command cmd_run = {"run", "replay captures under policies and compare", run_run};
