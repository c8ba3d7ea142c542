/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line. One file per subcommand, one table that lists them; the only room that prints
 * or exits.
 *
 * A new subcommand: src/cmd/NAME.c with `const struct command cmd_NAME`, declared below, listed in
 * commands.c and in Makefile.am. Its run() parses with argp through cmd_parse() and returns an exit
 * status.
 *
 * The answer goes to stdout, everything else to stderr.
 */
#ifndef ZR_CMD_H
#define ZR_CMD_H

#include <argp.h>
#include <time.h>

#include "base/base.h"

/* The exit status of every command (DESIGN.md section 8). */
enum cmd_status {
	CMD_FINE = 0,
	CMD_BAD_ANSWER = 1,   /* verify below --require, compare --fail-if true */
	CMD_BAD_QUESTION = 2, /* with one sentence on stderr that says what to do */
};

#define CMD_DEFAULT_DB "zonereplay.db"

struct command {
	const char *name;
	const char *summary;		   /* one line, for `zonereplay --help` */
	int (*run)(int argc, char **argv); /* argv[0] is "zonereplay NAME" */
};

extern const struct command *const command_table[]; /* NULL-terminated, in the order of --help */

extern const struct command cmd_capture;
extern const struct command cmd_snapshot;
extern const struct command cmd_import;
extern const struct command cmd_export;
extern const struct command cmd_info;
extern const struct command cmd_verify;
extern const struct command cmd_policies;
extern const struct command cmd_run;
extern const struct command cmd_compare;
extern const struct command cmd_explain;
extern const struct command cmd_report;
extern const struct command cmd_sweep;
extern const struct command cmd_tune;
extern const struct command cmd_scrub;
extern const struct command cmd_version;

/* Keys of options that have no letter; a command's own ones start at CMD_OPT_OWN. */
enum {
	CMD_OPT_JSON = 0x1000,
	CMD_OPT_ERA,
	CMD_OPT_CENTRAL,
	CMD_OPT_OWN = 0x2000,
};
/* Rows of an argp option table. Every command that answers with figures has this one. */
#define CMD_JSON_OPTION                                                                            \
	{                                                                                          \
		"json", CMD_OPT_JSON, NULL, 0, "answer in JSON", 0                                 \
	}
/* And every command that replays one or both of these. */
#define CMD_ERA_OPTION                                                                             \
	{                                                                                          \
		"era", CMD_OPT_ERA, "ERA", 0,                                                      \
			"rules of this kernel era instead of the recording's own", 0               \
	}
#define CMD_CENTRAL_OPTION                                                                         \
	{                                                                                          \
		"central", CMD_OPT_CENTRAL, NULL, 0,                                               \
			"central values only, without the other scenarios: quicker", 0             \
	}

/*
 * argp_parse with suggestions for unknown long options. Ends the program: 0 for --help and --usage,
 * 2 for a bad command line. @flags are argp's, e.g. ARGP_IN_ORDER where a foreign command follows.
 */
void cmd_parse(const struct argp *argp, int argc, char **argv, unsigned int flags, void *input);
/* For argp parsers: one sentence and exit status 2. Does not return. */
#define cmd_bad_usage(state, ...) argp_failure(state, CMD_BAD_QUESTION, 0, __VA_ARGS__)
/* "zonereplay NAME: text" on stderr; returns CMD_BAD_QUESTION. */
int cmd_fail(const struct error *err);
/* The same with a text of one's own. */
int cmd_failf(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* Something the user should know although the answer comes: "zonereplay NAME: warning: text" on
 * stderr. */
void cmd_warn(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* ---- progress ---- */

struct cmd_progress {
	struct progress progress; /* must be the first */
	const char *what;
	struct timespec begun, shown;
	bool visible;
};

/*
 * What to hand down as struct progress: NULL when stderr is no terminal. `what` and `done` of the
 * updates mean events; the line tells events per second, share and time left.
 */
struct progress *cmd_progress_start(struct cmd_progress *cp);
/* Wipes the line. To be called before anything else is written to stderr. */
void cmd_progress_end(struct cmd_progress *cp);
/* The text of the line after @seconds of work. */
void cmd_progress_format(struct strbuf *out, const char *what, uint64_t done, uint64_t total,
			 double seconds);

#endif
