// SPDX-License-Identifier: GPL-2.0-only
/* Which stored runs does "policy:key=value" mean? */
#include "report/select.h"

#include <stdlib.h>
#include <string.h>

/* Is "key=value" (of @len characters) one of the parameters? */
static bool has_pair(const char *params, const char *pair, size_t len)
{
	while (*params) {
		size_t n = strcspn(params, ",");

		if (n == len && !strncmp(params, pair, len))
			return true;
		params += n + (params[n] == ',');
	}
	return false;
}

bool setting_selects(const char *setting, const struct outcome *o)
{
	size_t len = strcspn(setting, ":");

	if (strlen(o->policy) != len || strncmp(setting, o->policy, len))
		return false;
	setting += len + (setting[len] == ':');
	while (*setting) {
		size_t n = strcspn(setting, ",");

		if (!has_pair(o->params, setting, n))
			return false;
		setting += n + (setting[n] == ',');
	}
	return true;
}

/* The same with the defaults filled in, where the policy is known to this program. */
static bool is_canonical(const char *setting, const struct outcome *o)
{
	struct policy_setting full;
	const char *params;
	bool same;

	if (policy_setting_parse(&full, setting, NULL))
		return false;
	params = strchr(full.spelled, ':');
	same = !strcmp(full.policy->name, o->policy) &&
	       !strcmp(params ? params + 1 : "", o->params);
	policy_setting_release(&full);
	return same;
}

/* Neither policy nor parameter is there: what could have been meant? */
static int nothing_found(const char *setting, const struct store_runs *runs, struct error *err)
{
	struct strbuf have;

	strbuf_init(&have);
	for (size_t i = 0; i < runs->nr; i++) {
		const struct outcome *o = &runs->v[i].outcome;
		char name[sizeof(o->policy) + sizeof(o->params) + 1];

		snprintf(name, sizeof(name), "%s%s%s", o->policy, *o->params ? ":" : "", o->params);
		if (!strstr(have.s, name))
			strbuf_printf(&have, "%s%s", have.len ? ", " : "", name);
	}
	error_set(err, "no results of \"%s\"; the database has %s", setting, have.s);
	strbuf_release(&have);
	return -1;
}

const struct outcome *setting_find(const struct store_runs *runs, const char *setting,
				   struct error *err)
{
	const struct outcome *found = NULL;
	bool ambiguous = false;

	for (size_t i = 0; i < runs->nr; i++) {
		const struct outcome *o = &runs->v[i].outcome;

		if (!setting_selects(setting, o))
			continue;
		if (is_canonical(setting, o))
			return o;
		ambiguous |= found && strcmp(found->params, o->params);
		found = found ? found : o;
	}
	if (!found)
		nothing_found(setting, runs, err);
	else if (ambiguous)
		error_set(
			err,
			"\"%s\" may mean more than one setting in this database; say which parameters, for"
			" example %s:%s",
			setting, found->policy, found->params);
	return ambiguous ? NULL : found;
}
