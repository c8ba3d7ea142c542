// SPDX-License-Identifier: GPL-2.0-only
#include "capture/procfiles.h"

#include <string.h>

int snapshot_best(struct snapshot *s, const struct snapshot_options *o, struct snapshot_report *r,
		  struct error *err)
{
	struct procfiles proc;

	snapshot_init(s);
	if (!snapshot_take(s, o, r, err))
		return 0;
	snapshot_release(s);
	memset(&proc, 0, sizeof(proc));
	procfiles_prepare(&proc);
	procfiles_read(&proc);
	if (procfiles_snapshot(&proc, s, NULL))
		snapshot_release(s);
	procfiles_release(&proc);
	return -1;
}
