// SPDX-License-Identifier: GPL-2.0-only
/* Placeholder until the snapshot file format lands. */
#include "capture/capture.h"

int snapshot_load(struct snapshot *s, const char *path, struct error *err)
{
	return error_set(err, "%s: this build cannot read snapshot files yet", path);
}

int snapshot_save(const struct snapshot *s, const char *path, struct error *err)
{
	return error_set(err, "%s: this build cannot write snapshot files yet", path);
}
