// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/cmd.h"
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM "zonereplay"
#define MAX_COMMANDS 64

/* program_invocation_name wants one that could be written to. */
static char program[] = PROGRAM;

static void print_help(FILE *f)
{
	fputs("Usage: " PROGRAM " COMMAND [OPTION...]\n"
	      "Replays a recorded history of a Linux machine's page allocations under other "
	      "policies\n"
	      "and scores them.\n\n",
	      f);
	for (size_t i = 0; command_table[i]; i++)
		fprintf(f, "  %-10s %s\n", command_table[i]->name, command_table[i]->summary);
	fputs("\n\"" PROGRAM " COMMAND --help\" tells about one of them.\n"
	      "Exit status: 0 fine, 1 the answer is bad, 2 the question was bad.\n",
	      f);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; command_table[i]; i++)
		if (strcmp(command_table[i]->name, name) == 0)
			return command_table[i];
	return NULL;
}

static int unknown_command(const char *name)
{
	const char *names[MAX_COMMANDS + 1];
	const char *near;
	size_t n = 0;

	while (n < MAX_COMMANDS && command_table[n]) {
		names[n] = command_table[n]->name;
		n++;
	}
	names[n] = NULL;
	near = nearest_name(name, names);
	if (near)
		return cmd_failf("unknown command \"%s\"; did you mean \"%s\"?", name, near);
	return cmd_failf("unknown command \"%s\"; \"" PROGRAM " --help\" lists all", name);
}

/* A full disk or a closed pipe must not look like a good answer. */
static int close_stdout(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	return cmd_failf("the answer could not be written to standard output: %s", strerror(errno));
}

static int run_command(const struct command *command, int argc, char **argv)
{
	struct strbuf name;
	int status;

	strbuf_init(&name);
	strbuf_printf(&name, PROGRAM " %s", command->name);
	argv[0] = program_invocation_name = name.s;
	status = close_stdout(command->run(argc, argv));
	program_invocation_name = program;
	strbuf_release(&name);
	return status;
}

int main(int argc, char **argv)
{
	const struct command *command;

	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of write(), not the end */
	argp_err_exit_status = CMD_BAD_QUESTION;
	program_invocation_name = program;
	if (argc < 2) {
		print_help(stderr);
		return CMD_BAD_QUESTION;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0 ||
	    strcmp(argv[1], "-h") == 0) {
		print_help(stdout);
		return close_stdout(CMD_FINE);
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
		command = &cmd_version;
	else
		command = find_command(argv[1]);
	if (!command)
		return unknown_command(argv[1]);
	return run_command(command, argc - 1, argv + 1);
}
