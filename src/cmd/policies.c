// SPDX-License-Identifier: GPL-2.0-only
/* Lists the policies, tells about one of them, checks one from outside. */
#include "cmd/cmd.h"

#include <inttypes.h>
#include <string.h>

#include "replay/replay.h"

#define OPT_CHECK CMD_OPT_OWN
#define MAX_PRESETS 32

struct policies_options {
	const char *name;
	const char *check;
	bool json;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct policies_options *opt = state->input;

	switch (key) {
	case CMD_OPT_JSON:
		opt->json = true;
		return 0;
	case OPT_CHECK:
		opt->check = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (opt->name)
			cmd_bad_usage(state, "one name at most, but \"%s\" was given too", arg);
		opt->name = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{"check", OPT_CHECK, "FILE.so", 0,
	 "may this file be used as a policy? Interface, determinism, copies, invariants", 0},
	CMD_JSON_OPTION,
	{0},
};
static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.args_doc = "[NAME]",
	.doc = "Lists the policies, or tells what NAME does and which parameters it takes.",
};

/* ---- JSON ---- */

static const char *type_name(enum param_type type)
{
	return type == PARAM_BOOL ? "bool" : type == PARAM_CHOICE ? "choice" : "int";
}

static void json_choices(struct json *j, const struct param_desc *d)
{
	json_array(j, "choices");
	for (size_t i = 0; d->choices[i]; i++)
		json_string(j, NULL, d->choices[i]);
	json_end(j);
	json_string(j, "default", d->choices[d->def]);
}

static void json_eras(struct json *j, const char *const *eras)
{
	json_array(j, "eras");
	for (size_t i = 0; eras[i]; i++)
		json_string(j, NULL, eras[i]);
	json_end(j);
}

static void json_param(struct json *j, const struct param_desc *d)
{
	json_object(j, NULL);
	json_string(j, "name", d->name);
	json_string(j, "type", type_name(d->type));
	if (d->type == PARAM_CHOICE) {
		json_choices(j, d);
	} else {
		json_i64(j, "default", d->def);
		json_i64(j, "min", d->type == PARAM_BOOL ? 0 : d->min);
		json_i64(j, "max", d->type == PARAM_BOOL ? 1 : d->max);
	}
	json_string(j, "unit", d->unit);
	json_string(j, "help", d->help);
	if (d->eras)
		json_eras(j, d->eras);
	json_end(j);
}

static void put_presets(struct json *j, const struct policy *p)
{
	const char *names[MAX_PRESETS];
	size_t n = policy_preset_names(p, names, MAX_PRESETS);

	json_array(j, "presets");
	for (size_t i = 0; i < n; i++)
		json_string(j, NULL, names[i]);
	json_end(j);
}

static void json_policy(struct json *j, const struct policy *p)
{
	json_object(j, NULL);
	json_string(j, "name", p->name);
	json_string(j, "summary", p->summary);
	json_string(j, "about", p->about);
	json_bool(j, "oracle", p->caps & POLICY_CAP_ORACLE);
	json_bool(j, "bound", p->caps & POLICY_CAPS_BOUND);
	if (p->eras)
		json_eras(j, p->eras);
	else
		json_null(j, "eras"); /* all of them */
	put_presets(j, p);
	json_array(j, "parameters");
	for (size_t i = 0; i < p->nr_params; i++)
		json_param(j, &p->params[i]);
	json_end(j);
	json_end(j);
}

static void print_json(const struct policy *only)
{
	struct strbuf out;
	struct json j;

	strbuf_init(&out);
	json_init(&j, &out);
	json_array(&j, NULL);
	for (size_t i = 0; !only && policy_registry[i]; i++)
		json_policy(&j, policy_registry[i]);
	if (only)
		json_policy(&j, only);
	json_end(&j);
	fputs(out.s, stdout);
	strbuf_release(&out);
}

/* ---- text ---- */

static void print_list(void)
{
	for (size_t i = 0; policy_registry[i]; i++)
		printf("%-20s %s\n", policy_registry[i]->name, policy_registry[i]->summary);
}

static void print_range(const struct param_desc *d)
{
	switch (d->type) {
	case PARAM_INT:
		printf("%lld (%lld to %lld%s%s)", (long long)d->def, (long long)d->min,
		       (long long)d->max, d->unit ? " " : "", d->unit ? d->unit : "");
		return;
	case PARAM_BOOL:
		printf("%lld (0 or 1)", (long long)d->def);
		return;
	case PARAM_CHOICE:
		printf("%s (", d->choices[d->def]);
		for (size_t i = 0; d->choices[i]; i++)
			printf("%s%s", i ? ", " : "", d->choices[i]);
		printf(")");
		return;
	}
}

/* Words of @text in lines of at most 80 characters. */
static void print_paragraph(const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t len = strcspn(text, " \n");

		if (column && column + 1 + len > 80) {
			printf("\n");
			column = 0;
		}
		printf("%s%.*s", column ? " " : "", (int)len, text);
		column += len + (column > 0);
		text += len;
		text += strspn(text, " \n");
	}
	printf("\n");
}

static void print_eras(const char *what, const char *const *eras)
{
	printf("%s:", what);
	if (!eras)
		printf(" all");
	for (size_t i = 0; eras && eras[i]; i++)
		printf(" %s", eras[i]);
	printf("\n");
}

static void print_kind(const struct policy *p)
{
	print_eras("\nRuns on eras", p->eras);
	if (p->caps & POLICY_CAP_ORACLE)
		printf("Knows the future: its results are bounds.\n");
	if (p->caps & POLICY_CAP_RELAXED)
		printf("Counts only: its results are bounds.\n");
}

static void print_presets(const struct policy *p)
{
	const char *names[MAX_PRESETS];
	size_t n = policy_preset_names(p, names, MAX_PRESETS);

	for (size_t i = 0; i < n; i++)
		printf("%s%s",
		       i ? ", " : "Presets (preset=NAME, or the path of an INI file): ", names[i]);
	if (n)
		printf("\n");
}

static void print_policy(const struct policy *p)
{
	printf("%s: %s\n\n", p->name, p->summary);
	print_paragraph(p->about);
	print_kind(p);
	if (!p->nr_params) {
		printf("No parameters.\n");
		return;
	}
	print_presets(p);
	printf("Parameters (-p %s:KEY=VALUE,...):\n", p->name);
	for (size_t i = 0; i < p->nr_params; i++) {
		printf("  %-20s default ", p->params[i].name);
		print_range(&p->params[i]);
		printf("\n  %-20s %s\n", "", p->params[i].help);
		if (p->params[i].eras)
			print_eras("                       eras", p->params[i].eras);
	}
}

/* Loading checks the interface, conforming the behaviour. */
static int check(const char *path, struct conformance *result, struct error *err)
{
	struct policy_setting setting;
	int ret;

	if (policy_setting_parse(&setting, path, err))
		return -1;
	ret = policy_conforms(&setting, result, err);
	if (ret)
		error_prefix(err, "%s", path);
	policy_setting_release(&setting);
	return ret;
}

static void print_conformance(const char *path, const struct conformance *c)
{
	printf("%s: fit for use\n"
	       "  interface of version %u, as this program's\n"
	       "  deterministic: state %016" PRIx64
	       " twice, and when the machine is exchanged for its "
	       "copy\n"
	       "  no invariant broken in %" PRIu64 " invented operations\n"
	       "  %" PRIu64 " requests missed the fast path; %" PRIu64 " pages reclaimed, %" PRIu64
	       " moved\n",
	       path, POLICY_ABI, c->state_hash, c->operations, c->slow, c->pages_reclaimed,
	       c->pages_migrated);
}

static int policies_run(int argc, char **argv)
{
	struct policies_options opt = {0};
	const struct policy *only = NULL;
	struct conformance result;
	struct error err;

	cmd_parse(&argp, argc, argv, 0, &opt);
	if (opt.check && check(opt.check, &result, &err))
		return cmd_fail(&err);
	if (opt.name && !(only = policy_find(opt.name, &err)))
		return cmd_fail(&err);
	if (opt.json)
		print_json(only);
	else if (only)
		print_policy(only);
	else if (opt.check)
		print_conformance(opt.check, &result);
	else
		print_list();
	return CMD_FINE;
}

const struct command cmd_policies = {"policies", "list policies and their parameters",
				     policies_run};
