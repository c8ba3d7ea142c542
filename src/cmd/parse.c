// SPDX-License-Identifier: GPL-2.0-only
/*
 * argp and getopt refuse an unknown option but do not say which one may have been meant. So the
 * command line is looked through once before argp sees it.
 */
#include "cmd/cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_OPTIONS 128

/* Every option row that argp will know, with the three of its own. */
struct known {
	const struct argp_option *rows[MAX_OPTIONS];
	size_t n;
};

static const struct argp_option own_rows[] = {
	{"help", '?', NULL, 0, NULL, 0},
	{"usage", 0x7fff, NULL, 0, NULL, 0},
	{0},
};

static void collect_rows(struct known *known, const struct argp_option *row)
{
	for (; row && (row->name || row->key || row->doc || row->group); row++)
		if ((row->name || row->key) && known->n < MAX_OPTIONS)
			known->rows[known->n++] = row;
}

static void collect(struct known *known, const struct argp *argp)
{
	collect_rows(known, argp->options);
	for (const struct argp_child *c = argp->children; c && c->argp; c++)
		collect(known, c->argp);
}

/* The row of a long option; as in getopt a beginning is enough. */
static const struct argp_option *find_long(const struct known *known, const char *name, size_t len)
{
	for (size_t i = 0; i < known->n; i++)
		if (known->rows[i]->name && strncmp(known->rows[i]->name, name, len) == 0)
			return known->rows[i];
	return NULL;
}

static bool short_takes_value(const struct known *known, int key)
{
	for (size_t i = 0; i < known->n; i++)
		if (known->rows[i]->key == key)
			return known->rows[i]->arg &&
			       !(known->rows[i]->flags & OPTION_ARG_OPTIONAL);
	return false;
}

/* Is the value of "-abc" the next word? Only if c takes one and nothing before it does. */
static bool cluster_wants_next(const struct known *known, const char *letters)
{
	for (; *letters; letters++)
		if (short_takes_value(known, *letters))
			return letters[1] == '\0';
	return false;
}

static void __attribute__((noreturn)) unknown_option(const struct known *known, const char *word)
{
	const char *names[MAX_OPTIONS + 1];
	const char *near;
	size_t n = 0;

	for (size_t i = 0; i < known->n; i++)
		if (known->rows[i]->name)
			names[n++] = known->rows[i]->name;
	names[n] = NULL;
	near = nearest_name(word, names);
	if (near)
		cmd_failf("unknown option --%s; did you mean --%s?", word, near);
	else
		cmd_failf("unknown option --%s; \"%s --help\" lists all", word,
			  program_invocation_name);
	exit(CMD_BAD_QUESTION);
}

/* Looks at one long option; tells whether its value is the next word. */
static bool check_long(const struct known *known, const char *word)
{
	size_t len = strcspn(word, "=");
	const struct argp_option *row = find_long(known, word, len);
	char *name;

	if (row)
		return row->arg && !(row->flags & OPTION_ARG_OPTIONAL) && word[len] == '\0';
	name = strndup(word, len);
	unknown_option(known, name ? name : word);
}

static void check_options(const struct argp *argp, int argc, char **argv, unsigned int flags)
{
	struct known known = {.n = 0};

	collect(&known, argp);
	collect_rows(&known, own_rows);
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strncmp(argv[i], "--", 2) == 0)
			i += check_long(&known, argv[i] + 2);
		else if (argv[i][0] == '-')
			i += cluster_wants_next(&known, argv[i] + 1);
		else if (flags & ARGP_IN_ORDER)
			break;
	}
}

void cmd_parse(const struct argp *argp, int argc, char **argv, unsigned int flags, void *input)
{
	error_t ret;

	check_options(argp, argc, argv, flags);
	ret = argp_parse(argp, argc, argv, flags, NULL, input);
	if (ret)
		exit(cmd_failf("the command line cannot be read: %s", strerror(ret)));
}
