// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/cmd.h"
#include "config.h"

struct version_options {
	bool json;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct version_options *opt = state->input;

	switch (key) {
	case CMD_OPT_JSON:
		opt->json = true;
		return 0;
	case ARGP_KEY_ARG:
		cmd_bad_usage(state, "takes no arguments, but \"%s\" was given", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {CMD_JSON_OPTION, {0}};
static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.doc = "Prints the version of zonereplay and how it was built.",
};

static void print_json(void)
{
	struct strbuf out;
	struct json j;

	strbuf_init(&out);
	json_init(&j, &out);
	json_object(&j, NULL);
	json_string(&j, "version", PACKAGE_VERSION);
	json_string(&j, "compiler", __VERSION__);
	json_end(&j);
	fputs(out.s, stdout);
	strbuf_release(&out);
}

static int version_run(int argc, char **argv)
{
	struct version_options opt = {0};

	cmd_parse(&argp, argc, argv, 0, &opt);
	if (opt.json)
		print_json();
	else
		printf("zonereplay %s\ncompiler %s\n", PACKAGE_VERSION, __VERSION__);
	return CMD_FINE;
}

const struct command cmd_version = {"version", "version and build of this program", version_run};
