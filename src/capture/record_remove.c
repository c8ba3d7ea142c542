// SPDX-License-Identifier: GPL-2.0-only
#include "capture/record.h"

#include <glob.h>
#include <stdlib.h>
#include <unistd.h>

static void remove_matching(const char *dir, const char *pattern)
{
	char *path = path_join(dir, pattern);
	glob_t g;
	size_t i;

	if (!glob(path, 0, NULL, &g)) {
		for (i = 0; i < g.gl_pathc; i++)
			unlink(g.gl_pathv[i]);
		globfree(&g);
	}
	free(path);
}

void record_remove(const char *dir)
{
	static const char *const dirs[] = {"proc-start", "proc-end", ""};
	static const char *const names[] = {"zoneinfo", "pagetypeinfo", "buddyinfo", "vmstat",
					    "meminfo",	"slabinfo",	"trace.dat", "start.snap",
					    "end.snap", "manifest"};
	char *sub, *path;

	for (size_t d = 0; d < ARRAY_SIZE(dirs); d++) {
		sub = path_join(dir, dirs[d]);
		for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
			path = path_join(sub, names[i]);
			unlink(path);
			free(path);
		}
		if (!*dirs[d])
			remove_matching(sub, "trace.dat*"); /* trace-cmd's unfinished files */
		rmdir(sub);
		free(sub);
	}
}
