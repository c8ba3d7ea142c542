// SPDX-License-Identifier: GPL-2.0-only
#include "base/base.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void params_defaults(const struct param_desc *table, size_t n, int64_t *values)
{
	for (size_t i = 0; i < n; i++)
		values[i] = table[i].def;
}

static void list_names(struct strbuf *out, const char *const *names)
{
	for (size_t i = 0; names[i]; i++)
		strbuf_printf(out, "%s%s", i ? ", " : "", names[i]);
}

/* One setting that is being parsed, for the sentences of errors. */
struct setting {
	const char *owner;
	const char *key;
	const char *value;
};

static int unknown_key(const struct param_desc *table, size_t n, const struct setting *set,
		       struct error *err)
{
	const char **names = calloc(n + 1, sizeof(*names));
	struct strbuf known;
	const char *near;

	if (!names)
		return error_set(err, "%s: out of memory", set->owner);
	for (size_t i = 0; i < n; i++)
		names[i] = table[i].name;
	near = nearest_name(set->key, names);
	strbuf_init(&known);
	list_names(&known, names);
	if (!n)
		error_set(err, "%s: takes no parameters, but \"%s\" was given", set->owner,
			  set->key);
	else if (near)
		error_set(err, "%s: unknown parameter \"%s\"; did you mean \"%s\"? Known are: %s",
			  set->owner, set->key, near, known.s);
	else
		error_set(err, "%s: unknown parameter \"%s\"; known are: %s", set->owner, set->key,
			  known.s);
	strbuf_release(&known);
	free(names);
	return -1;
}

static int parse_int(const struct param_desc *d, const struct setting *set, int64_t *out,
		     struct error *err)
{
	const char *unit = d->unit ? d->unit : "";
	const char *space = d->unit ? " " : "";
	int64_t value;

	if (!parse_i64(set->value, &value))
		return error_set(err,
				 "%s: %s=%s: not a whole number; allowed are %" PRId64
				 " to %" PRId64 "%s%s",
				 set->owner, d->name, set->value, d->min, d->max, space, unit);
	if (value < d->min || value > d->max)
		return error_set(
			err, "%s: %s=%s: out of range; allowed are %" PRId64 " to %" PRId64 "%s%s",
			set->owner, d->name, set->value, d->min, d->max, space, unit);
	*out = value;
	return 0;
}

static int parse_bool(const struct param_desc *d, const struct setting *set, int64_t *out,
		      struct error *err)
{
	/* Even places mean no, odd ones yes. */
	static const char *const words[] = {"0", "1", "no", "yes", "off", "on", "false", "true"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcasecmp(set->value, words[i]) == 0) {
			*out = i & 1;
			return 0;
		}
	}
	return error_set(err, "%s: %s=%s: allowed are 0 and 1 (or no and yes)", set->owner, d->name,
			 set->value);
}

static int parse_choice(const struct param_desc *d, const struct setting *set, int64_t *out,
			struct error *err)
{
	const char *near = nearest_name(set->value, d->choices);
	struct strbuf known;

	for (size_t i = 0; d->choices[i]; i++) {
		if (strcmp(set->value, d->choices[i]) == 0) {
			*out = (int64_t)i;
			return 0;
		}
	}
	strbuf_init(&known);
	list_names(&known, d->choices);
	if (near)
		error_set(err, "%s: %s=%s: did you mean \"%s\"? Allowed are: %s", set->owner,
			  d->name, set->value, near, known.s);
	else
		error_set(err, "%s: %s=%s: allowed are: %s", set->owner, d->name, set->value,
			  known.s);
	strbuf_release(&known);
	return -1;
}

static int parse_value(const struct param_desc *d, const struct setting *set, int64_t *out,
		       struct error *err)
{
	switch (d->type) {
	case PARAM_INT:
		return parse_int(d, set, out, err);
	case PARAM_BOOL:
		return parse_bool(d, set, out, err);
	case PARAM_CHOICE:
		return parse_choice(d, set, out, err);
	}
	return error_set(err, "%s: the parameter table's row \"%s\" has no type", set->owner,
			 d->name);
}

/* Is @key the name of a row? The kernel writes "_" where people may write "-". */
static bool same_key(const char *name, const char *key)
{
	while (*name && (*name == *key || (*name == '_' && *key == '-'))) {
		name++;
		key++;
	}
	return !*name && !*key;
}

/* Takes one "key=value" apart, in place. */
static int parse_item(const struct param_desc *table, size_t n, const char *owner, char *item,
		      int64_t *values, bool *seen, struct error *err)
{
	char *value = strchr(item, '=');
	struct setting set = {.owner = owner, .key = item};
	size_t i;

	if (!value || value == item)
		return error_set(err, "%s: \"%s\" is not of the form key=value", owner, item);
	*value = '\0';
	set.value = value + 1;
	for (i = 0; i < n; i++)
		if (same_key(table[i].name, item))
			break;
	if (i == n)
		return unknown_key(table, n, &set, err);
	if (seen[i])
		return error_set(err, "%s: parameter \"%s\" is given twice", owner, item);
	seen[i] = true;
	return parse_value(&table[i], &set, &values[i], err);
}

int params_parse(const struct param_desc *table, size_t n, const char *owner, const char *text,
		 int64_t *values, struct error *err)
{
	bool *seen = calloc(n + 1, sizeof(*seen));
	char *copy = strdup(text ? text : "");
	char *rest = copy;
	int ret = 0;

	if (!seen || !copy)
		ret = error_set(err, "%s: out of memory", owner);
	while (ret == 0 && rest && *copy)
		ret = parse_item(table, n, owner, strsep(&rest, ","), values, seen, err);
	free(copy);
	free(seen);
	return ret;
}

void params_format(const struct param_desc *table, size_t n, const int64_t *values,
		   struct strbuf *out)
{
	for (size_t i = 0; i < n; i++) {
		strbuf_printf(out, "%s%s=", i ? "," : "", table[i].name);
		if (table[i].type == PARAM_CHOICE)
			strbuf_puts(out, table[i].choices[values[i]]);
		else
			strbuf_printf(out, "%" PRId64, values[i]);
	}
}
