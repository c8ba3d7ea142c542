// SPDX-License-Identifier: GPL-2.0-only
/* A sweep as work for a cluster. The engine only starts tasks; what is done is known from the
 * shards. */
#include "sweep/sweep.h"

/* Words of a shell: inside single quotes only the single quote is special. */
static void quote(struct strbuf *out, const char *text)
{
	strbuf_puts(out, "'");
	for (; *text; text++) {
		if (*text == '\'')
			strbuf_puts(out, "'\\''");
		else
			strbuf_add(out, text, 1);
	}
	strbuf_puts(out, "'");
}

static size_t count_tasks(const struct sweep *sw, size_t per_task)
{
	return (sw->nr + per_task - 1) / per_task;
}

void sweep_slurm_script(const struct sweep *sw, const char *program, size_t per_task,
			struct strbuf *out)
{
	strbuf_printf(out,
		      "#!/bin/sh\n"
		      "#SBATCH --job-name=zonereplay-sweep\n"
		      "#SBATCH --array=0-%zu\n"
		      "#SBATCH --requeue\n"
		      "#SBATCH --output=/dev/null\n"
		      "sweep=",
		      count_tasks(sw, per_task) - 1);
	quote(out, sw->dir);
	strbuf_printf(
		out,
		"\n"
		"task=$SLURM_ARRAY_TASK_ID\n"
		"# A node that was thought dead may still write: each start has its own shard.\n"
		"start=${SLURM_RESTART_COUNT:-0}\n"
		"first=$((task * %zu)) last=$((task * %zu + %zu))\n"
		"exec ",
		per_task, per_task, per_task - 1);
	quote(out, program);
	strbuf_puts(out, " sweep run \"$sweep\" --cells \"$first-$last\" "
			 "--shard \"$sweep/shards/task-$task-$start.db\" "
			 ">\"$sweep/task-$task-$start.log\" 2>&1\n");
}

void sweep_commands(const struct sweep *sw, const char *program, size_t per_task,
		    struct strbuf *out)
{
	for (size_t task = 0; task < count_tasks(sw, per_task); task++) {
		quote(out, program);
		strbuf_puts(out, " sweep run ");
		quote(out, sw->dir);
		strbuf_printf(out, " --cells %zu-%zu --shard ", task * per_task,
			      (task + 1) * per_task - 1);
		quote(out, sw->dir);
		strbuf_printf(out, "/shards/task-%zu.db\n", task);
	}
}
