// SPDX-License-Identifier: GPL-2.0-only
/* Exercises src/capture/manifest.c. */
#include "tests/fuzz/fuzz.h"

#include "capture/capture.h"

#define MAX_TEXT (16u << 20)

static char *save(const struct manifest *m, const char *path)
{
	struct error err;
	char *text;

	if (manifest_save(m, path, &err) < 0)
		return NULL;
	text = file_read(path, MAX_TEXT, NULL, &err);
	unlink(path);
	return text;
}

/* What was read and written is read again and written the same. */
static void round_trip(const struct manifest *m)
{
	char *path = fuzz_scratch("manifest");
	char *once = save(m, path), *twice;
	struct fuzz_file file;
	struct manifest again;
	struct error err;

	if (once) {
		fuzz_file_init(&file, once, strlen(once));
		manifest_init(&again);
		if (manifest_load(&again, file.path, &err) < 0)
			abort();
		twice = save(&again, path);
		if (!twice || strcmp(once, twice) != 0)
			abort();
		free(twice);
		manifest_release(&again);
		fuzz_file_release(&file);
	}
	free(once);
	free(path);
}

/* Every CPU gets a node that the machine has. */
static void look_up_cpus(const struct manifest *m)
{
	uint32_t node_of[64];
	struct error err;

	if (manifest_cpu_nodes(m, 3, 64, node_of, &err) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(node_of); i++)
		if (node_of[i] >= 3)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_file file;
	struct manifest m;
	struct error err;

	fuzz_file_init(&file, data, size);
	manifest_init(&m);
	if (manifest_load(&m, file.path, &err) == 0) {
		round_trip(&m);
		look_up_cpus(&m);
	}
	manifest_release(&m);
	fuzz_file_release(&file);
	return 0;
}
