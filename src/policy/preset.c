// SPDX-License-Identifier: GPL-2.0-only
/*
 * Presets: INI texts with a section per policy, in the manner of fio's job files. Those that are
 * shipped are compiled in (policies/presets); anybody's own is a file.
 */
#include "policy/policy.h"

#include <ini.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILE 65536

struct reading {
	const struct policy *policy;
	int64_t *values;
	struct error *err;
	bool found, failed;
};

static int take_value(void *data, const char *section, const char *name, const char *value)
{
	struct reading *r = data;
	struct strbuf item;

	if (strcmp(section, r->policy->name))
		return 1;
	r->found = true;
	strbuf_init(&item);
	strbuf_printf(&item, "%s=%s", name, value);
	r->failed = params_parse(r->policy->params, r->policy->nr_params, r->policy->name, item.s,
				 r->values, r->err);
	strbuf_release(&item);
	return !r->failed;
}

int policy_preset_read(const struct policy *p, const char *owner, const char *text, int64_t *values,
		       struct error *err)
{
	struct reading r = {.policy = p, .values = values, .err = err};
	int line = ini_parse_string(text, take_value, &r);

	if (r.failed)
		return error_prefix(err, "preset %s", owner);
	if (line > 0)
		return error_set(err,
				 "preset %s: line %d is neither [section] nor key = value; mend it",
				 owner, line);
	if (line < 0)
		return error_set(err, "preset %s: out of memory", owner);
	return r.found ? 0 : 1;
}

/* Does the shipped preset say anything about the policy? */
static bool mentions(const struct policy_preset *preset, const char *policy)
{
	struct strbuf section;
	bool found;

	strbuf_init(&section);
	strbuf_printf(&section, "\n[%s]\n", policy);
	found = strstr(preset->text, section.s) != NULL;
	strbuf_release(&section);
	return found;
}

size_t policy_preset_names(const struct policy *p, const char **names, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; policy_presets[i].name && n < max; i++) {
		if (mentions(&policy_presets[i], p->name))
			names[n++] = policy_presets[i].name;
	}
	return n;
}

static int unknown_preset(const struct policy *p, const char *name, struct error *err)
{
	const char *names[32];
	size_t n = policy_preset_names(p, names, ARRAY_SIZE(names));
	struct strbuf known;

	strbuf_init(&known);
	for (size_t i = 0; i < n; i++)
		strbuf_printf(&known, "%s%s", i ? ", " : "", names[i]);
	if (n)
		error_set(err,
			  "policy %s has no preset \"%s\"; it has %s, or give the path of an INI "
			  "file with a '/' in it",
			  p->name, name, known.s);
	else
		error_set(err,
			  "policy %s has no preset \"%s\"; give the path of an INI file with a '/' "
			  "in it and a section [%s]",
			  p->name, name, p->name);
	strbuf_release(&known);
	return -1;
}

static int apply_file(const struct policy *p, const char *path, int64_t *values, struct error *err)
{
	char *text = file_read(path, MAX_FILE, NULL, err);
	int ret;

	if (!text)
		return -1;
	ret = policy_preset_read(p, path, text, values, err);
	free(text);
	if (ret > 0)
		return error_set(err,
				 "preset %s has no section [%s] with parameters in it; add one",
				 path, p->name);
	return ret;
}

int policy_preset_apply(const struct policy *p, const char *name, int64_t *values,
			struct error *err)
{
	if (strchr(name, '/'))
		return apply_file(p, name, values, err);
	for (size_t i = 0; policy_presets[i].name; i++) {
		int ret;

		if (strcmp(policy_presets[i].name, name))
			continue;
		ret = policy_preset_read(p, name, policy_presets[i].text, values, err);
		return ret > 0 ? unknown_preset(p, name, err) : ret;
	}
	return unknown_preset(p, name, err);
}
