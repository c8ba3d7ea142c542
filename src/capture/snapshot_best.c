// SPDX-License-Identifier: GPL-2.0-only
#include "capture/procfiles.h"

#include <string.h>

int snapshot_best(struct snapshot *s, enum snapshot_way way, const struct snapshot_options *o,
		  struct snapshot_report *r, struct error *err)
{
	struct snapshot_reader *reader = snapshot_reader_new(way, err);
	struct procfiles proc;
	int ret;

	snapshot_init(s);
	ret = reader ? snapshot_reader_read(reader, s, o, r, err) : -1;
	snapshot_reader_free(reader);
	if (!ret)
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
