// SPDX-License-Identifier: GPL-2.0-only
/* Exercises src/base/params.c, nearest.c, number.c and the escaping of strbuf.c. */
#include "tests/fuzz/fuzz.h"

static const char *const modes[] = {"async", "sync-light", "sync", NULL};

static const struct param_desc table[] = {
	{"extfrag_threshold", PARAM_INT, 500, 0, 1000, NULL, "per mille", "gate", NULL},
	{"limit", PARAM_INT, 0, INT64_MIN, INT64_MAX, NULL, NULL, "any number", NULL},
	{"defer", PARAM_BOOL, 1, 0, 1, NULL, NULL, "back off", NULL},
	{"mode", PARAM_CHOICE, 0, 0, 0, modes, NULL, "how hard", NULL},
};

/* What was accepted is written in canonical form, and that is accepted and means the same. */
static void round_trip(const int64_t *values)
{
	int64_t again[ARRAY_SIZE(table)];
	struct strbuf text;

	strbuf_init(&text);
	params_format(table, ARRAY_SIZE(table), values, &text);
	params_defaults(table, ARRAY_SIZE(table), again);
	if (params_parse(table, ARRAY_SIZE(table), "fuzz", text.s, again, NULL) < 0)
		abort();
	if (memcmp(again, values, sizeof(again)) != 0)
		abort();
	strbuf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int64_t values[ARRAY_SIZE(table)];
	struct strbuf text, escaped;
	struct error err;

	strbuf_init(&text);
	strbuf_init(&escaped);
	strbuf_add(&text, data, size);
	params_defaults(table, ARRAY_SIZE(table), values);
	if (params_parse(table, ARRAY_SIZE(table), "fuzz", text.s, values, &err) == 0)
		round_trip(values);
	else
		strbuf_json(&escaped, err.text);
	strbuf_json(&escaped, text.s);
	strbuf_release(&escaped);
	strbuf_release(&text);
	return 0;
}
