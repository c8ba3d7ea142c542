// SPDX-License-Identifier: GPL-2.0-only
/* Exercises src/trace/text_read.c, text_values.c and trace_form_of() of trace.c. */
#include "tests/fuzz/fuzz.h"
#include "trace/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_file file;
	enum trace_form form;
	struct error err = {""};
	struct capture c;
	struct trace t;

	fuzz_file_init(&file, data, size);
	memset(&c, 0, sizeof(c));
	manifest_init(&c.manifest);
	c.trace_path = strdup(file.path);
	if (trace_form_of(file.path, &form, &err) && !err.text[0])
		abort();
	if (!trace_open_form(&t, &c, TRACE_TEXT, NULL, &err))
		trace_release(&t);
	else if (!err.text[0])
		abort();
	capture_release(&c);
	fuzz_file_release(&file);
	return 0;
}
