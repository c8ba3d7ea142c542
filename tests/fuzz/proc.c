// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exercises src/capture/proc.c: the texts of /proc/zoneinfo and /proc/pagetypeinfo, with a line of
 * "----" between them.
 */
#include "tests/fuzz/fuzz.h"

#include "capture/capture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char divider[] = "\n----\n";
	struct snapshot snap;
	struct strbuf text;
	struct error err;
	char *second;

	strbuf_init(&text);
	strbuf_add(&text, data, size);
	second = strstr(text.s, divider);
	if (second) {
		*second = '\0';
		second += strlen(divider);
	}
	snapshot_init(&snap);
	if (snapshot_from_proc(&snap, text.s, second, NULL, NULL, 0, &err) < 0)
		if (snap.zones)
			abort(); /* nothing half read */
	snapshot_release(&snap);
	strbuf_release(&text);
	return 0;
}
