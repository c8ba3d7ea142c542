// SPDX-License-Identifier: GPL-2.0-only
/* Exercises src/capture/snapshot_file.c. */
#include "tests/fuzz/fuzz.h"

#include "capture/capture.h"

static bool loads(const char *path, struct snapshot *s)
{
	struct error err;

	snapshot_init(s);
	return snapshot_load(s, path, &err) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *path = fuzz_scratch("snapshot");
	struct snapshot s, again;
	struct fuzz_file file;
	struct error err;

	fuzz_file_init(&file, data, size);
	if (loads(file.path, &s)) {
		if (snapshot_save(&s, path, &err) || !loads(path, &again))
			abort();
		if (again.nr_entries != s.nr_entries || again.nr_lists != s.nr_lists ||
		    again.level != s.level)
			abort();
		snapshot_release(&again);
		unlink(path);
	}
	snapshot_release(&s);
	fuzz_file_release(&file);
	free(path);
	return 0;
}
