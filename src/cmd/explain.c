// SPDX-License-Identifier: GPL-2.0-only
/* Why did a request fail, and what would have saved it? */
#include "cmd/results.h"

#include <stdlib.h>
#include <string.h>

#include "sweep/sweep.h"

#define OPT_ALLOC CMD_OPT_OWN
#define OPT_FIRST (CMD_OPT_OWN + 1)
#define OPT_WORST (CMD_OPT_OWN + 2)
#define OPT_AGAINST (CMD_OPT_OWN + 3)
#define OPT_ORDER (CMD_OPT_OWN + 4)
#define OPT_ALL (CMD_OPT_OWN + 5)

struct explain_command {
	const char *capture, *policy, *against;
	struct explain_options opt;
	bool chosen; /* which request */
	bool json, all;
};

/* ---- the command line ---- */

static void choose(struct argp_state *state, struct explain_command *c, enum explain_which which)
{
	if (c->chosen && c->opt.which != which)
		cmd_bad_usage(state, "give only one of --alloc, --first-failure and --worst");
	c->chosen = true;
	c->opt.which = which;
}

/* "N", or "N+K" for the K-th request that the replay added behind it. */
static void parse_number(struct argp_state *state, struct explain_command *c, const char *arg)
{
	const char *plus = strchr(arg, '+');
	char *number = strndup(arg, plus ? (size_t)(plus - arg) : strlen(arg));
	bool good = number && parse_u64(number, &c->opt.number) && c->opt.number &&
		    (!plus || parse_u64(plus + 1, &c->opt.extra));

	free(number);
	if (!good)
		cmd_bad_usage(
			state,
			"--alloc: \"%s\" is no request number; they count from 1, N+K is the K-th that "
			"the replay added behind number N",
			arg);
	choose(state, c, EXPLAIN_NUMBER);
}

static void parse_order(struct argp_state *state, struct explain_command *c, const char *arg)
{
	uint64_t order;

	if (!parse_u64(arg, &order) || order >= MM_NR_ORDERS)
		cmd_bad_usage(state, "--order: \"%s\" is not 0 to %d", arg, MM_NR_ORDERS - 1);
	c->opt.min_order = (uint32_t)order;
}

static void check_complete(struct argp_state *state, const struct explain_command *c)
{
	if (!c->capture)
		cmd_bad_usage(state, "which capture? give one directory");
	if (!c->policy)
		cmd_bad_usage(state,
			      "which policy? give -p NAME; \"zonereplay policies\" lists them");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct explain_command *c = state->input;

	switch (key) {
	case 'p':
		if (c->policy)
			cmd_bad_usage(state, "one policy at a time; --against names a second one");
		c->policy = arg;
		return 0;
	case OPT_ALLOC:
		parse_number(state, c, arg);
		return 0;
	case OPT_FIRST:
		choose(state, c, EXPLAIN_FIRST);
		return 0;
	case OPT_WORST:
		choose(state, c, EXPLAIN_WORST);
		return 0;
	case OPT_ORDER:
		parse_order(state, c, arg);
		return 0;
	case OPT_AGAINST:
		c->against = arg;
		return 0;
	case CMD_OPT_ERA:
		c->opt.era = arg;
		return 0;
	case OPT_ALL:
		c->all = true;
		return 0;
	case CMD_OPT_JSON:
		c->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (c->capture)
			cmd_bad_usage(state, "one capture at a time, but \"%s\" follows", arg);
		c->capture = arg;
		return 0;
	case ARGP_KEY_END:
		check_complete(state, c);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{"policy", 'p', "POLICY[:KEY=VALUE,...]", 0, "replay under this policy", 0},
	{"first-failure", OPT_FIRST, 0, 0, "the first request that fails (the default)", 0},
	{"worst", OPT_WORST, 0, 0,
	 "of the largest order that fails, the request that fails with the most memory free", 0},
	{"alloc", OPT_ALLOC, "N[+K]", 0,
	 "request number N of the recording, counted from 1, whether it fails or not; +K: the K-th that "
	 "the replay added behind it",
	 0},
	{"order", OPT_ORDER, "N", 0, "--first-failure: of this order or a larger one", 0},
	{"against", OPT_AGAINST, "POLICY[:KEY=VALUE,...]", 0,
	 "say where this policy's history parts from the first one's, and what each did then", 0},
	CMD_ERA_OPTION,
	{"all", OPT_ALL, 0, 0, "name every page in the way, however many", 0},
	CMD_JSON_OPTION,
	{0},
};
static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.args_doc = "CAPTURE",
	.doc = "Replays the demand of CAPTURE under POLICY and explains one request: the watermarks and free "
	       "lists, each decision with its reason, the block that is cheapest to clear and the pages in "
	       "its way, what would have helped, and who kept pageblocks from becoming free.",
};

/* ---- the work ---- */

/* A policy from outside may do anything: it is replayed once in a process of its own first. */
static int try_outside(const struct session *s, const struct policy_setting *setting,
		       const char *era, struct error *err)
{
	struct whatif_options opt = {.era = era, .central_only = true};
	struct outcome unused;

	if (policy_is_shipped(setting->policy))
		return 0;
	if (whatif_run_isolated(&s->capture, &s->trace, setting, &opt, &unused, err))
		return -1;
	outcome_release(&unused);
	return 0;
}

static int explain(struct explain_command *c, struct explanations *out, struct error *err)
{
	struct policy_setting setting, against;
	struct session session;
	int ret = -1;

	if (policy_setting_parse(&setting, c->policy, err))
		return -1;
	if (c->against && policy_setting_parse(&against, c->against, err)) {
		policy_setting_release(&setting);
		return -1;
	}
	c->opt.against = c->against ? &against : NULL;
	if (!session_open(&session, c->capture, c->opt.progress, err)) {
		if (!try_outside(&session, &setting, c->opt.era, err) &&
		    (!c->against || !try_outside(&session, &against, c->opt.era, err)))
			ret = explain_run(&session.capture, &session.trace, &setting, &c->opt, out,
					  err);
		session_release(&session);
	}
	policy_setting_release(&setting);
	if (c->against)
		policy_setting_release(&against);
	return ret;
}

static void print(const struct explain_command *c, const struct explanations *e)
{
	struct explain_print p = results_print();
	struct strbuf out;

	p.all = c->all;
	strbuf_init(&out);
	if (c->json)
		explain_json(e, &out);
	else
		explain_text(e, &p, &out);
	fputs(out.s, stdout);
	strbuf_release(&out);
}

static void say_nothing_found(const struct explain_command *c, const struct explanations *e)
{
	if (e->nr)
		return;
	if (c->opt.which == EXPLAIN_NUMBER)
		cmd_warn(
			"request %llu%s was not made under this policy: what it belongs to had stopped, or "
			"had all it wanted",
			(unsigned long long)c->opt.number, c->opt.extra ? " with that extra" : "");
	else if (e->failed)
		cmd_warn(
			"requests failed, but none of the kind asked for that is not the recorder's");
}

static int run(int argc, char **argv)
{
	struct explain_command c = {.opt = {.which = EXPLAIN_FIRST}};
	struct cmd_progress progress;
	struct explanations e;
	struct error err;
	int ret;

	cmd_parse(&argp, argc, argv, 0, &c);
	c.opt.progress = cmd_progress_start(&progress);
	ret = explain(&c, &e, &err);
	cmd_progress_end(&progress);
	if (ret)
		return cmd_fail(&err);
	say_nothing_found(&c, &e);
	print(&c, &e);
	explanations_release(&e);
	return CMD_FINE;
}

const struct command cmd_explain = {"explain", "why a request failed and what would have saved it",
				    run};
