// SPDX-License-Identifier: GPL-2.0-only
/* What vm.extfrag_threshold should be, from every value tried on each capture. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/results.h"
#include "config.h"
#include "report/tune.h"
#include "sweep/sweep.h"

#define OPT_OBJECTIVE CMD_OPT_OWN
#define OPT_EMIT (CMD_OPT_OWN + 1)
#define OPT_EXACT (CMD_OPT_OWN + 2)
#define OPT_GROUPS (CMD_OPT_OWN + 3)
#define OPT_CHECK (CMD_OPT_OWN + 4)
#define OPT_SINCE (CMD_OPT_OWN + 5)
#define OPT_VMSTAT (CMD_OPT_OWN + 6)
#define OPT_PARANOID (CMD_OPT_OWN + 7)
#define EMIT_FILE "60-zonereplay.conf"
#define LIVE_VMSTAT "/proc/vmstat"
#define LIVE_THRESHOLD "/proc/sys/vm/extfrag_threshold"
#define TEXT_MAX (1 << 20)

struct tune_command {
	char **captures;
	size_t nr;
	const char *policy, *db, *objective_text, *emit_to, *check, *since, *vmstat;
	bool json, emit;
	struct tune_options opt;
	/* the work */
	struct policy_setting setting;
	struct objective objective;
	struct store_tuning *tunings; /* by capture */
	struct outcome *recorded;     /* by capture */
	struct store_provenance provenance;
	struct cmd_progress progress;
};

/* ---- the command line ---- */

static void parse_emit(struct argp_state *state, struct tune_command *c, const char *arg)
{
	if (strcmp(arg, "sysctl.d"))
		cmd_bad_usage(state, "--emit: \"%s\" is not known; sysctl.d is", arg);
	c->emit = true;
}

static void parse_groups(struct argp_state *state, struct tune_command *c, const char *arg)
{
	uint64_t n;

	if (!parse_u64(arg, &n) || !n || n > TUNE_MAX_THRESHOLD + 1)
		cmd_bad_usage(state, "--groups: \"%s\" is not 1 to %d", arg,
			      TUNE_MAX_THRESHOLD + 1);
	c->opt.groups = n;
}

static void check_complete(struct argp_state *state, const struct tune_command *c)
{
	if (c->check && c->nr)
		cmd_bad_usage(state, "--check compares with the machine and takes no capture");
	if (!c->check && !c->nr)
		cmd_bad_usage(state, "which capture? give one directory or more");
	if (!c->check && (c->since || c->vmstat))
		cmd_bad_usage(state, "--since and --vmstat belong to --check");
	if (strstr(c->policy, TUNE_PARAM "="))
		cmd_bad_usage(state, "-p %s: every " TUNE_PARAM " is tried; leave it out",
			      c->policy);
	if (c->emit_to && !c->emit)
		cmd_bad_usage(state, "-o says where --emit sysctl.d writes; give that too");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct tune_command *c = state->input;

	switch (key) {
	case 'p':
		c->policy = arg;
		return 0;
	case 'd':
		c->db = arg;
		return 0;
	case 'o':
		c->emit_to = arg;
		return 0;
	case CMD_OPT_JSON:
		c->json = true;
		return 0;
	case OPT_OBJECTIVE:
		c->objective_text = arg;
		return 0;
	case OPT_EMIT:
		parse_emit(state, c, arg);
		return 0;
	case OPT_EXACT:
		c->opt.exact = true;
		return 0;
	case OPT_GROUPS:
		parse_groups(state, c, arg);
		return 0;
	case CMD_OPT_CENTRAL:
		c->opt.whatif.central_only = true;
		return 0;
	case CMD_OPT_ERA:
		c->opt.whatif.era = arg;
		return 0;
	case OPT_CHECK:
		c->check = arg;
		return 0;
	case OPT_SINCE:
		c->since = arg;
		return 0;
	case OPT_VMSTAT:
		c->vmstat = arg;
		return 0;
	case OPT_PARANOID:
		c->opt.whatif.paranoid = 1;
		return 0;
	case ARGP_KEY_ARGS:
		c->captures = state->argv + state->next;
		c->nr = (size_t)(state->argc - state->next);
		return 0;
	case ARGP_KEY_END:
		check_complete(state, c);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{"policy", 'p', "POLICY[:KEY=VALUE,...]", 0,
	 "a policy with the parameter extfrag_threshold (default kernel)", 0},
	{"database", 'd', "FILE", 0, "store the curves here (default " CMD_DEFAULT_DB ")", 0},
	{"objective", OPT_OBJECTIVE, "LIST", 0,
	 "what is best: figures (success, reclaimed, moved, stall, or a column of the database), the first "
	 "decides, the next among equals; max:FIGURE, min:FIGURE; weights as in 1000*success-reclaimed; "
	 "conditions as in success>=90% (default \"" OBJECTIVE_DEFAULT "\")",
	 0},
	{"emit", OPT_EMIT, "sysctl.d", 0, "write the recommended value as a file for /etc/sysctl.d",
	 0},
	{"output", 'o', "FILE", 0, "where to (default " EMIT_FILE ")", 0},
	{"exact", OPT_EXACT, 0, 0,
	 "go on until every value is resolved, in as many passes as it takes", 0},
	{"groups", OPT_GROUPS, "N", 0,
	 "replays that may be kept at a time (default: as many as fit into 1 GiB); what does not fit is "
	 "marked as unresolved",
	 0},
	CMD_CENTRAL_OPTION,
	CMD_ERA_OPTION,
	{"paranoid", OPT_PARANOID, 0, 0, "check every invariant whenever groups are looked at", 0},
	{"check", OPT_CHECK, "FILE", 0,
	 "after rollout: compare what FILE (from --emit) expects with /proc/vmstat of this machine; status 1 "
	 "when it is off",
	 0},
	{"since", OPT_SINCE, "VMSTAT", 0,
	 "count from this earlier copy of /proc/vmstat, not from boot", 0},
	{"vmstat", OPT_VMSTAT, "VMSTAT", 0, "this copy instead of /proc/vmstat", 0},
	CMD_JSON_OPTION,
	{0},
};
static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.args_doc = "CAPTURE...\n--check FILE",
	.doc = "Replays each CAPTURE under all 1001 values of vm.extfrag_threshold at once, says where they "
	       "differ, which one to set, how that holds on captures held back, and whether it matters.",
};

/* ---- a capture ---- */

static int measure_fidelity(struct tune_command *c, struct session *s, struct store *store,
			    struct error *err)
{
	s->about.fidelity = store_fidelity(store, s->about.id);
	if (s->about.fidelity >= 0 || s->capture.start.level != SNAP_EXACT)
		return 0;
	return session_verify(s, c->opt.whatif.progress, err);
}

static int tune_session(struct tune_command *c, size_t i, struct session *s, struct error *err)
{
	struct store_tuning *t = &c->tunings[i];

	if (outcome_recorded(&s->capture, &s->trace, &c->recorded[i], err) ||
	    tune_run(&s->capture, &s->trace, &c->setting, &c->opt, &t->curve, err))
		return error_prefix(err, "%s", c->captures[i]);
	t->capture = s->about;
	t->living_milli = (uint64_t)(tune_living(&t->curve.cost) * 1000);
	t->provenance = c->provenance;
	t->provenance.finished = time(NULL);
	return 0;
}

static int tune_capture(struct tune_command *c, size_t i, struct store *store, struct error *err)
{
	struct session session;
	int rc;

	if (session_open(&session, c->captures[i], c->opt.whatif.progress, err))
		return -1;
	rc = measure_fidelity(c, &session, store, err);
	if (!rc)
		rc = tune_session(c, i, &session, err);
	session_release(&session);
	for (size_t k = 0; !rc && k < i; k++)
		if (!strcmp(c->tunings[k].capture.id, c->tunings[i].capture.id))
			rc = error_set(err, "%s and %s are the same capture", c->captures[k],
				       c->captures[i]);
	return rc;
}

/* ---- the answer ---- */

static int build_advice(const struct tune_command *c, struct advice *advice, struct error *err)
{
	struct advice_source *sources = calloc(c->nr, sizeof(*sources));
	int rc;

	if (!sources)
		return error_set(err, "out of memory");
	for (size_t i = 0; i < c->nr; i++)
		sources[i] = (struct advice_source){.curve = &c->tunings[i].curve,
						    .recorded = &c->recorded[i]};
	rc = advise(advice, &c->objective, sources, c->nr, err);
	free(sources);
	return rc;
}

static int store_curves(struct tune_command *c, const struct advice *advice, struct store *store,
			struct error *err)
{
	for (size_t i = 0; i < c->nr; i++) {
		struct store_tuning *t = &c->tunings[i];

		snprintf(t->objective, sizeof(t->objective), "%s", c->objective.text);
		snprintf(t->verdict, sizeof(t->verdict), "%s", advice->verdict);
		t->recommended = advice->recommended;
		if (store_put_tuning(store, t, err))
			return -1;
	}
	return 0;
}

static int emit(const struct tune_command *c, const struct tune_answer *answer, struct error *err)
{
	const char *path = c->emit_to ? c->emit_to : EMIT_FILE;
	struct strbuf text;
	int rc;

	if (answer->advice->recommended < 0)
		return error_set(err, "%s is not written: %s", path, answer->advice->verdict);
	strbuf_init(&text);
	tune_sysctl(answer, c->provenance.program, c->provenance.command, &text);
	rc = file_write(path, text.s, text.len, err);
	strbuf_release(&text);
	return rc;
}

static int answer(struct tune_command *c, struct store *store, struct error *err)
{
	struct advice advice;
	struct tune_answer a = {.tunings = c->tunings,
				.recorded = c->recorded,
				.nr = c->nr,
				.objective = &c->objective,
				.advice = &advice};
	struct strbuf out;
	int rc;

	if (build_advice(c, &advice, err))
		return -1;
	rc = store_curves(c, &advice, store, err);
	if (!rc && c->emit)
		rc = emit(c, &a, err);
	if (!rc) {
		strbuf_init(&out);
		if (c->json)
			tune_json(&a, &out);
		else
			tune_text(&a, &out);
		fputs(out.s, stdout);
		strbuf_release(&out);
	}
	advice_release(&advice);
	return rc;
}

static int tune_all(struct tune_command *c, struct error *err)
{
	struct store *store = store_open(c->db, STORE_WRITE, err);
	int rc = 0;

	if (!store)
		return -1;
	for (size_t i = 0; !rc && i < c->nr; i++)
		rc = tune_capture(c, i, store, err);
	cmd_progress_end(&c->progress);
	if (!rc)
		rc = answer(c, store, err);
	store_close(store);
	return rc;
}

static int do_tune(struct tune_command *c, struct error *err)
{
	int rc;

	if (objective_parse(&c->objective, c->objective_text, err) ||
	    policy_setting_parse(&c->setting, c->policy, err))
		return -1;
	c->tunings = calloc(c->nr, sizeof(*c->tunings));
	c->recorded = calloc(c->nr, sizeof(*c->recorded));
	if (!c->tunings || !c->recorded)
		rc = error_set(err, "out of memory");
	else
		rc = tune_check_policy(&c->setting, err) ? -1 : tune_all(c, err);
	for (size_t i = 0; c->tunings && c->recorded && i < c->nr; i++) {
		tune_curve_release(&c->tunings[i].curve);
		outcome_release(&c->recorded[i]);
	}
	free(c->tunings);
	free(c->recorded);
	policy_setting_release(&c->setting);
	return rc;
}

/* ---- after rollout ---- */

static int read_counted(const char *path, struct tune_counted *counted, struct error *err)
{
	char *text = file_read(path, TEXT_MAX, NULL, err);
	int rc = text ? tune_counted_parse(counted, text, path, err) : -1;

	free(text);
	return rc;
}

/* Of this machine; a copy of vmstat may be of another one. */
static int32_t live_threshold(const struct tune_command *c)
{
	char *text = c->vmstat ? NULL : file_read(LIVE_THRESHOLD, 64, NULL, NULL);
	int64_t value;

	if (text)
		text[strcspn(text, "\n")] = '\0';
	if (!text || !parse_i64(text, &value))
		value = -1;
	free(text);
	return (int32_t)value;
}

static int check_rollout(const struct tune_command *c, struct tune_expected *e,
			 struct tune_check *check, struct error *err)
{
	char *text = file_read(c->check, TEXT_MAX, NULL, err);
	struct tune_counted before, after;
	int rc = text ? tune_expected_parse(e, text, c->check, err) : -1;

	free(text);
	if (rc || read_counted(c->vmstat ? c->vmstat : LIVE_VMSTAT, &after, err) ||
	    (c->since && read_counted(c->since, &before, err)))
		return -1;
	return tune_compare(check, e, c->since ? &before : NULL, &after, live_threshold(c), err);
}

static int run_check(const struct tune_command *c)
{
	struct tune_expected expected;
	struct tune_check check;
	struct strbuf out;
	struct error err;

	if (check_rollout(c, &expected, &check, &err))
		return cmd_fail(&err);
	strbuf_init(&out);
	if (c->json)
		tune_check_json(&check, &expected, &out);
	else
		tune_check_text(&check, &expected, &out);
	fputs(out.s, stdout);
	strbuf_release(&out);
	return check.good ? CMD_FINE : CMD_BAD_ANSWER;
}

/* ---- the command ---- */

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

static int tune_main(int argc, char **argv)
{
	struct tune_command c = {
		.policy = "kernel", .db = CMD_DEFAULT_DB, .objective_text = OBJECTIVE_DEFAULT};
	struct error err;

	cmd_parse(&argp, argc, argv, 0, &c);
	if (c.check)
		return run_check(&c);
	fill_provenance(&c.provenance, argc, argv);
	c.opt.whatif.progress = cmd_progress_start(&c.progress);
	if (do_tune(&c, &err)) {
		cmd_progress_end(&c.progress);
		return cmd_fail(&err);
	}
	return CMD_FINE;
}

const struct command cmd_tune = {"tune", "which vm.extfrag_threshold, and does it matter?",
				 tune_main};
