// SPDX-License-Identifier: GPL-2.0-only
/* Compares two settings over the captures that both were run on. */
#include "cmd/results.h"

#include <stdlib.h>

#include "report/compare.h"

#define MAX_CONDITIONS 32
#define OPT_FAIL_IF CMD_OPT_OWN
#define OPT_CSV (CMD_OPT_OWN + 1)
#define OPT_ERA (CMD_OPT_OWN + 2)
#define OPT_MARGIN (CMD_OPT_OWN + 3)
#define OPT_FLOOR (CMD_OPT_OWN + 4)
#define OPT_ANY_FIDELITY (CMD_OPT_OWN + 5)
#define OPT_SEED (CMD_OPT_OWN + 6)

struct compare_command {
	const char *db, *a, *b;
	const char *conditions[MAX_CONDITIONS];
	size_t nr_conditions;
	bool csv, json;
	struct compare_options opt;
};

static double parse_percent(struct argp_state *state, const char *option, const char *arg)
{
	char *end;
	double percent = strtod(arg, &end);

	if (end == arg || *end || !(percent > 0 && percent <= 100))
		cmd_bad_usage(state, "%s: \"%s\" is no percentage above 0 and up to 100", option,
			      arg);
	return percent;
}

static void add_condition(struct argp_state *state, struct compare_command *c, const char *arg)
{
	if (c->nr_conditions == MAX_CONDITIONS)
		cmd_bad_usage(state, "--fail-if: at most %d conditions", MAX_CONDITIONS);
	c->conditions[c->nr_conditions++] = arg;
}

static void add_setting(struct argp_state *state, struct compare_command *c, const char *arg)
{
	if (!c->a)
		c->a = arg;
	else if (!c->b)
		c->b = arg;
	else
		cmd_bad_usage(state, "two settings are compared, \"%s\" is one too many", arg);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct compare_command *c = state->input;

	switch (key) {
	case 'd':
		c->db = arg;
		return 0;
	case CMD_OPT_JSON:
		c->json = true;
		return 0;
	case OPT_CSV:
		c->csv = true;
		return 0;
	case OPT_FAIL_IF:
		add_condition(state, c, arg);
		return 0;
	case OPT_ERA:
		c->opt.era = arg;
		return 0;
	case OPT_MARGIN:
		c->opt.margin = parse_percent(state, "--margin", arg);
		return 0;
	case OPT_FLOOR:
		c->opt.floor = parse_percent(state, "--floor", arg);
		return 0;
	case OPT_ANY_FIDELITY:
		c->opt.any_fidelity = true;
		return 0;
	case OPT_SEED:
		if (!parse_u64(arg, &c->opt.seed) || !c->opt.seed)
			cmd_bad_usage(state, "--seed: \"%s\" is no number above 0", arg);
		return 0;
	case ARGP_KEY_ARG:
		add_setting(state, c, arg);
		return 0;
	case ARGP_KEY_END:
		if (!c->b)
			cmd_bad_usage(state,
				      "which two? give settings A and B, as -p of run takes them");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{"database", 'd', "FILE", 0, "read results from here (default " CMD_DEFAULT_DB ")", 0},
	{"fail-if", OPT_FAIL_IF, "EXPR", 0,
	 "end with status 1 if this holds for the change, + is better: success<-2%, "
	 "pages_reclaimed<-10%, huge_got<0; may be given more than once",
	 0},
	{"margin", OPT_MARGIN, "PERCENT", 0, "changes up to this are no difference (default 5)", 0},
	{"era", OPT_ERA, "ERA", 0, "only results under the rules of this era", 0},
	{"floor", OPT_FLOOR, "PERCENT", 0,
	 "refuse captures that verify predicts less well (default 99)", 0},
	{"any-fidelity", OPT_ANY_FIDELITY, NULL, 0, "do not refuse them", 0},
	{"seed", OPT_SEED, "N", 0, "of the bootstrap and the random permutations", 0},
	{"csv", OPT_CSV, NULL, 0, "answer in CSV", 0},
	CMD_JSON_OPTION,
	{0},
};
static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.args_doc = "A B",
	.doc = "Compares setting B with setting A (POLICY[:KEY=VALUE,...], or \"recorded\"), paired per "
	       "capture.",
};

/* Conditions are checked before anything is printed: a bad one is a bad question. */
static int any_holds(const struct compare_command *c, const struct comparison *comparison,
		     const char **which, struct error *err)
{
	*which = NULL;
	for (size_t i = 0; i < c->nr_conditions; i++) {
		bool holds;

		if (comparison_condition(comparison, c->conditions[i], &holds, err))
			return -1;
		if (holds && !*which)
			*which = c->conditions[i];
	}
	return 0;
}

static void print(const struct compare_command *c, const struct comparison *comparison)
{
	struct strbuf out;

	strbuf_init(&out);
	if (c->json)
		comparison_json(comparison, &out);
	else if (c->csv)
		comparison_csv(comparison, &out);
	else
		comparison_text(comparison, 0, &out);
	fputs(out.s, stdout);
	strbuf_release(&out);
}

static int compare(const struct compare_command *c, const struct store_runs *runs)
{
	struct comparison comparison;
	const char *which;
	struct error err;
	int rc;

	if (comparison_build(&comparison, runs, c->a, c->b, &c->opt, &err))
		return cmd_failf("%s: %s", c->db, err.text);
	rc = any_holds(c, &comparison, &which, &err);
	if (!rc)
		print(c, &comparison);
	comparison_release(&comparison);
	if (rc)
		return cmd_fail(&err);
	if (!which)
		return CMD_FINE;
	fflush(stdout);
	cmd_warn("--fail-if %s holds", which);
	return CMD_BAD_ANSWER;
}

static int compare_run(int argc, char **argv)
{
	struct compare_command c = {.db = CMD_DEFAULT_DB};
	struct store_runs runs;
	struct error err;
	int status;

	cmd_parse(&argp, argc, argv, 0, &c);
	if (results_load(c.db, &runs, &err))
		return cmd_fail(&err);
	status = compare(&c, &runs);
	store_runs_release(&runs);
	return status;
}

const struct command cmd_compare = {"compare", "two settings against one another, paired",
				    compare_run};
