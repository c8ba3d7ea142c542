// SPDX-License-Identifier: GPL-2.0-only
/* Many captures under many settings: plan, run, submit, status, merge. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "config.h"
#include "sweep/sweep.h"

#define OPT_CELLS CMD_OPT_OWN
#define OPT_SHARD (CMD_OPT_OWN + 1)
#define OPT_PARTIAL (CMD_OPT_OWN + 2)
#define OPT_ENGINE (CMD_OPT_OWN + 3)
#define OPT_PER_TASK (CMD_OPT_OWN + 4)

struct sweep_command {
	const char *verb, *path, *output, *db;
	bool json, partial, print;
	size_t per_task;
	struct sweep_run_options run;
};

struct verb {
	const char *name;
	int (*run)(struct sweep_command *c);
};

/* ---- plan ---- */

/* "thresholds.ini" makes "thresholds.sweep" where we are. */
static char *default_directory(const char *ini)
{
	const char *slash = strrchr(ini, '/');
	const char *name = slash ? slash + 1 : ini;
	const char *dot = strrchr(name, '.');
	struct strbuf sb;

	strbuf_init(&sb);
	strbuf_add(&sb, name, dot && dot > name ? (size_t)(dot - name) : strlen(name));
	strbuf_puts(&sb, ".sweep");
	return strbuf_detach(&sb);
}

static int do_plan(struct sweep_command *c)
{
	char *dir = c->output ? strdup(c->output) : default_directory(c->path);
	struct sweep sw;
	struct error err;
	int rc = sweep_plan(&sw, c->path, &err);

	if (!rc) {
		rc = sweep_save(&sw, dir, &err);
		if (!rc)
			printf("%zu cells planned; next: zonereplay sweep run %s\n", sw.nr, dir);
		sweep_release(&sw);
	}
	free(dir);
	return rc ? cmd_fail(&err) : CMD_FINE;
}

/* ---- run ---- */

static int do_run(struct sweep_command *c)
{
	struct cmd_progress progress;
	struct sweep_result result;
	struct sweep sw;
	struct error err;
	int rc;

	if (sweep_load(&sw, c->path, &err))
		return cmd_fail(&err);
	c->run.program = PACKAGE_STRING;
	c->run.progress = cmd_progress_start(&progress);
	rc = sweep_run(&sw, &c->run, &result, &err);
	cmd_progress_end(&progress);
	sweep_release(&sw);
	if (rc)
		return cmd_fail(&err);
	printf("%zu cells done, %zu were done already, %zu failed\n", result.done, result.skipped,
	       result.failed);
	if (!result.failed)
		return CMD_FINE;
	cmd_warn("%s/failures.tsv says what failed; `zonereplay sweep run %s` tries again", c->path,
		 c->path);
	return CMD_BAD_ANSWER;
}

/* ---- submit ---- */

#define MIN_TASKS 64 /* cells per task are chosen so that there are about so many */

static int call_sbatch(const char *script)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		execlp("sbatch", "sbatch", script, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return cmd_failf("cannot start sbatch: %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return cmd_failf(
			"there is no sbatch here; --engine=print gives the commands for another "
			"scheduler");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return cmd_failf("sbatch refused %s", script);
	return CMD_FINE;
}

static int submit_slurm(const struct sweep *sw, const char *program, size_t per_task)
{
	char *script = path_join(sw->dir, "task.sh");
	struct strbuf text;
	struct error err;
	int status;

	strbuf_init(&text);
	sweep_slurm_script(sw, program, per_task, &text);
	if (file_write(script, text.s, text.len, &err))
		status = cmd_fail(&err);
	else
		status = call_sbatch(script);
	strbuf_release(&text);
	free(script);
	return status;
}

static int submit_print(const struct sweep *sw, const char *program, size_t per_task)
{
	struct strbuf text;

	strbuf_init(&text);
	sweep_commands(sw, program, per_task, &text);
	fputs(text.s, stdout);
	strbuf_release(&text);
	return CMD_FINE;
}

/* Tasks run elsewhere: they need absolute names. */
static int do_submit(struct sweep_command *c)
{
	char *program = realpath("/proc/self/exe", NULL), *dir = realpath(c->path, NULL);
	size_t per_task;
	struct sweep sw;
	struct error err;
	int status;

	if (sweep_load(&sw, dir ? dir : c->path, &err)) {
		status = cmd_fail(&err);
	} else {
		per_task = c->per_task ? c->per_task : 1 + sw.nr / MIN_TASKS;
		status = c->print ? submit_print(&sw, program ? program : "zonereplay", per_task)
				  : submit_slurm(&sw, program ? program : "zonereplay", per_task);
		sweep_release(&sw);
	}
	free(program);
	free(dir);
	return status;
}

/* ---- status ---- */

static void status_json(const struct sweep_status *status)
{
	struct strbuf out;
	struct json j;

	strbuf_init(&out);
	json_init(&j, &out);
	json_object(&j, NULL);
	json_u64(&j, "cells", status->cells);
	json_u64(&j, "done", status->done);
	json_u64(&j, "failed", status->failed);
	json_u64(&j, "shards", status->shards);
	json_end(&j);
	fputs(out.s, stdout);
	strbuf_release(&out);
}

static int do_status(struct sweep_command *c)
{
	struct sweep_status status;
	struct sweep sw;
	struct error err;
	int rc;

	if (sweep_load(&sw, c->path, &err))
		return cmd_fail(&err);
	rc = sweep_status(&sw, &status, &err);
	sweep_release(&sw);
	if (rc)
		return cmd_fail(&err);
	if (c->json)
		status_json(&status);
	else
		printf("%zu of %zu cells done in %zu shards, %zu failed\n", status.done,
		       status.cells, status.shards, status.failed);
	return CMD_FINE;
}

/* ---- merge ---- */

static int do_merge(struct sweep_command *c)
{
	struct sweep_status status;
	struct sweep sw;
	struct error err;
	size_t merged = 0;
	int rc;

	if (sweep_load(&sw, c->path, &err))
		return cmd_fail(&err);
	rc = sweep_status(&sw, &status, &err);
	if (!rc && status.done < status.cells && !c->partial)
		rc = error_set(
			&err,
			"%s: %zu of %zu cells are not done; `zonereplay sweep run %s` does them, "
			"--partial merges what is there",
			c->path, status.cells - status.done, status.cells, c->path);
	if (!rc)
		rc = sweep_merge(&sw, c->db, &merged, &err);
	sweep_release(&sw);
	if (rc)
		return cmd_fail(&err);
	printf("%zu cells in %s; next: zonereplay report -d %s\n", merged, c->db, c->db);
	return CMD_FINE;
}

/* ---- the command line ---- */

static const struct verb verbs[] = {
	{"plan", do_plan},     {"run", do_run},	    {"submit", do_submit},
	{"status", do_status}, {"merge", do_merge},
};

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

/* "A-B": cells A to B, counted from 0, both included. */
static void parse_cells(struct argp_state *state, struct sweep_command *c, const char *arg)
{
	char copy[64], *dash;
	uint64_t first = 0, last = 0;

	snprintf(copy, sizeof(copy), "%s", arg);
	dash = strchr(copy, '-');
	if (dash)
		*dash = '\0';
	if (!dash || !parse_u64(copy, &first) || !parse_u64(dash + 1, &last) || last < first)
		cmd_bad_usage(state, "--cells: \"%s\" is no range of cells; write FIRST-LAST", arg);
	c->run.first = first;
	c->run.last = last + 1;
}

static void parse_workers(struct argp_state *state, struct sweep_command *c, const char *arg)
{
	uint64_t n;

	if (!parse_u64(arg, &n) || n < 1 || n > 256)
		cmd_bad_usage(state, "-j: \"%s\" is no number of workers from 1 to 256", arg);
	c->run.workers = (unsigned int)n;
}

static void parse_engine(struct argp_state *state, struct sweep_command *c, const char *arg)
{
	if (strcmp(arg, "slurm") && strcmp(arg, "print"))
		cmd_bad_usage(state, "--engine: \"%s\" is neither slurm nor print", arg);
	c->print = !strcmp(arg, "print");
}

static void parse_per_task(struct argp_state *state, struct sweep_command *c, const char *arg)
{
	uint64_t n;

	if (!parse_u64(arg, &n) || n < 1 || n > 1000000)
		cmd_bad_usage(state,
			      "--cells-per-task: \"%s\" is no number of cells from 1 to 1000000",
			      arg);
	c->per_task = n;
}

static void add_word(struct argp_state *state, struct sweep_command *c, const char *arg)
{
	if (!c->verb)
		c->verb = arg;
	else if (!c->path)
		c->path = arg;
	else
		cmd_bad_usage(state, "\"%s\" is one word too many", arg);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct sweep_command *c = state->input;

	switch (key) {
	case 'o':
		c->output = arg;
		return 0;
	case 'd':
		c->db = arg;
		return 0;
	case 'j':
		parse_workers(state, c, arg);
		return 0;
	case OPT_CELLS:
		parse_cells(state, c, arg);
		return 0;
	case OPT_SHARD:
		c->run.shard = arg;
		return 0;
	case OPT_ENGINE:
		parse_engine(state, c, arg);
		return 0;
	case OPT_PER_TASK:
		parse_per_task(state, c, arg);
		return 0;
	case OPT_PARTIAL:
		c->partial = true;
		return 0;
	case CMD_OPT_JSON:
		c->json = true;
		return 0;
	case ARGP_KEY_ARG:
		add_word(state, c, arg);
		return 0;
	case ARGP_KEY_END:
		if (!c->verb || !find_verb(c->verb))
			cmd_bad_usage(state, "what? plan, run, submit, status or merge");
		if (!c->path)
			cmd_bad_usage(state, "%s what? give %s", c->verb,
				      strcmp(c->verb, "plan") ? "the sweep's directory"
							      : "the sweep file");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{"output", 'o', "DIR", 0, "plan: make the sweep's directory here (default NAME.sweep)", 0},
	{"workers", 'j', "N", 0, "run: so many processes (default: one per CPU)", 0},
	{"cells", OPT_CELLS, "A-B", 0, "run: only these cells, counted from 0", 0},
	{"shard", OPT_SHARD, "FILE.db", 0, "run: one worker that writes here", 0},
	{"engine", OPT_ENGINE, "ENGINE", 0,
	 "submit: slurm (an array job, the default) or print (commands for another scheduler)", 0},
	{"cells-per-task", OPT_PER_TASK, "N", 0,
	 "submit: default: so that there are about 64 tasks", 0},
	{"database", 'd', "FILE", 0, "merge: into this database (default " CMD_DEFAULT_DB ")", 0},
	{"partial", OPT_PARTIAL, NULL, 0, "merge: although cells are missing", 0},
	CMD_JSON_OPTION,
	{0},
};
static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.args_doc = "plan FILE.ini\nrun DIR\nsubmit DIR\nstatus DIR\nmerge DIR",
	.doc = "Replays many captures under many settings. A sweep that was stopped or killed goes on "
	       "where it was; what is merged does not depend on who computed it.\v"
	       "A sweep file:\n\n"
	       "  [sweep]\n"
	       "  capture = captures/*\n"
	       "  [threshold]\n"
	       "  extfrag_threshold = 0..1000/250, 900\n"
	       "  [none]",
};

static int sweep_command_run(int argc, char **argv)
{
	struct sweep_command c = {.db = CMD_DEFAULT_DB};

	cmd_parse(&argp, argc, argv, 0, &c);
	return find_verb(c.verb)->run(&c);
}

const struct command cmd_sweep = {"sweep", "many captures under many settings, in parallel",
				  sweep_command_run};
