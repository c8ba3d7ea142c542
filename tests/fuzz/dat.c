// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exercises src/trace/dat.c and isolate.c with files that begin like a trace.dat. What libtracecmd
 * makes of them does not matter as long as this process lives and gets a sentence.
 */
#include "tests/fuzz/fuzz.h"
#include "trace/trace.h"

static const char magic[] = "\x17\x08\x44tracing";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *path = fuzz_scratch("dat");
	struct error err = {""};
	struct strbuf sb;
	struct capture c;
	struct trace t;

	strbuf_init(&sb);
	if (size % 2) /* half of them as they are */
		strbuf_add(&sb, magic, sizeof(magic) - 1);
	strbuf_add(&sb, data, size);
	memset(&c, 0, sizeof(c));
	manifest_init(&c.manifest);
	c.trace_path = path;
	if (file_write(path, sb.s, sb.len, &err))
		abort();
	if (!trace_open(&t, &c, NULL, &err))
		trace_release(&t);
	else if (!err.text[0])
		abort();
	unlink(path);
	strbuf_release(&sb);
	capture_release(&c);
	return 0;
}
