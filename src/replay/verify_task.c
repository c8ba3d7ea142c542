// SPDX-License-Identifier: GPL-2.0-only
/* What verify remembers of tasks, a few hundred of them at a time. */
#include "replay/verify.h"

static bool is_busy(const struct task *task)
{
	return task->in_compaction || task->in_reclaim || task->slow || task->bulk_left ||
	       task->has_captured;
}

/* All slots are taken: the one that was not asked for for the longest time; NULL if all are in the
 * middle of something. */
static struct task *give_away(struct verify *v)
{
	struct task *oldest = NULL;

	for (uint32_t n = 0; n < MAX_TASKS; n++) {
		struct task *task = &v->tasks[n];

		if (!is_busy(task) && (!oldest || task->seen < oldest->seen))
			oldest = task;
	}
	return oldest;
}

struct task *verify_task(struct verify *v, uint32_t pid, bool make)
{
	uint32_t h = pid % MAX_TASKS;
	struct task *unused = NULL;

	for (uint32_t n = 0; n < MAX_TASKS; n++) {
		struct task *task = &v->tasks[(h + n) % MAX_TASKS];

		if (task->in_use && task->pid == pid) {
			task->seen = v->i;
			return task;
		}
		if (!task->in_use) {
			unused = task;
			break;
		}
	}
	if (!make)
		return NULL;
	if (!unused && !(unused = give_away(v)))
		return NULL;
	*unused = (struct task){.pid = pid, .in_use = true, .seen = v->i};
	return unused;
}
