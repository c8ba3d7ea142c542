// SPDX-License-Identifier: GPL-2.0-only
/* Exercises src/trace/csv_read.c, csv_write.c, gfp.c, events.c, pack.c, survey.c. */
#include "tests/fuzz/fuzz.h"
#include "trace/trace.h"

static int open_csv(struct trace *t, struct capture *c, const char *path)
{
	struct error err;
	int ret;

	memset(c, 0, sizeof(*c));
	manifest_init(&c->manifest);
	c->trace_path = strdup(path);
	c->trace_is_csv = true;
	ret = trace_open(t, c, NULL, &err);
	if (ret && !err.text[0])
		abort();
	return ret;
}

/* What was accepted is written, read again, and is the same. */
static void round_trip(const struct trace *t)
{
	char *path = fuzz_scratch("csv");
	struct capture c;
	struct trace again;
	struct error err;

	if (trace_export_csv(t, path, NULL, &err) || open_csv(&again, &c, path))
		abort();
	if (again.nr != t->nr || memcmp(again.events, t->events, t->nr * sizeof(*t->events)))
		abort();
	if (again.strings_len != t->strings_len || again.nr_comms != t->nr_comms)
		abort();
	unlink(path);
	free(path);
	trace_release(&again);
	capture_release(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_file file;
	struct survey s;
	struct capture c;
	struct trace t;

	fuzz_file_init(&file, data, size);
	if (!open_csv(&t, &c, file.path)) {
		round_trip(&t);
		if (trace_survey(&t, &s, NULL))
			abort();
		trace_release(&t);
	}
	capture_release(&c);
	fuzz_file_release(&file);
	return 0;
}
