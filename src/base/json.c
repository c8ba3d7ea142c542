// SPDX-License-Identifier: GPL-2.0-only
#include "base/base.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>

void json_init(struct json *j, struct strbuf *out)
{
	*j = (struct json){.out = out};
}

/* What comes before every value: comma, new line, indentation and, in an object, the key. */
static void json_lead(struct json *j, const char *key)
{
	if (j->depth == 0)
		return;
	strbuf_puts(j->out, j->filled[j->depth] ? ",\n" : "\n");
	j->filled[j->depth] = true;
	for (unsigned int i = 0; i < j->depth; i++)
		strbuf_puts(j->out, "  ");
	if (j->closer[j->depth] == '}') {
		strbuf_puts(j->out, "\"");
		strbuf_json(j->out, key ? key : "");
		strbuf_puts(j->out, "\": ");
	}
}

static void json_open(struct json *j, const char *key, char opener, char closer)
{
	json_lead(j, key);
	strbuf_add(j->out, &opener, 1);
	assert(j->depth + 1 < JSON_MAX_DEPTH);
	j->depth++;
	j->closer[j->depth] = closer;
	j->filled[j->depth] = false;
}

void json_object(struct json *j, const char *key)
{
	json_open(j, key, '{', '}');
}

void json_array(struct json *j, const char *key)
{
	json_open(j, key, '[', ']');
}

void json_end(struct json *j)
{
	char closer = j->closer[j->depth];
	bool filled = j->filled[j->depth];

	assert(j->depth > 0);
	j->depth--;
	if (filled) {
		strbuf_puts(j->out, "\n");
		for (unsigned int i = 0; i < j->depth; i++)
			strbuf_puts(j->out, "  ");
	}
	strbuf_add(j->out, &closer, 1);
	if (j->depth == 0)
		strbuf_puts(j->out, "\n");
}

void json_string(struct json *j, const char *key, const char *value)
{
	if (!value) {
		json_null(j, key);
		return;
	}
	json_lead(j, key);
	strbuf_puts(j->out, "\"");
	strbuf_json(j->out, value);
	strbuf_puts(j->out, "\"");
}

void json_i64(struct json *j, const char *key, int64_t value)
{
	json_lead(j, key);
	strbuf_printf(j->out, "%" PRId64, value);
}

void json_u64(struct json *j, const char *key, uint64_t value)
{
	json_lead(j, key);
	strbuf_printf(j->out, "%" PRIu64, value);
}

void json_bool(struct json *j, const char *key, bool value)
{
	json_lead(j, key);
	strbuf_puts(j->out, value ? "true" : "false");
}

/* JSON has no infinity and no NaN. */
void json_double(struct json *j, const char *key, double value)
{
	if (!isfinite(value)) {
		json_null(j, key);
		return;
	}
	json_lead(j, key);
	strbuf_printf(j->out, "%.10g", value);
}

void json_null(struct json *j, const char *key)
{
	json_lead(j, key);
	strbuf_puts(j->out, "null");
}
