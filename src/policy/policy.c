// SPDX-License-Identifier: GPL-2.0-only
/* Finding policies, shipped or in a shared object, and checking that they keep to the interface. */
#include "policy/policy.h"

#include <ctype.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NAMES 64
#define MAX_PRIVATE (64u << 20)

static bool name_ok(const char *name)
{
	if (!name || !*name)
		return false;
	for (; *name; name++) {
		if (!islower((unsigned char)*name) && !isdigit((unsigned char)*name) &&
		    *name != '-')
			return false;
	}
	return true;
}

static int check_param(const struct policy *p, const struct param_desc *d, struct error *err)
{
	if (!d->name || !*d->name || !d->help)
		return error_set(err, "policy %s: a parameter has no name or no help", p->name);
	if (!strcmp(d->name, "preset"))
		return error_set(err,
				 "policy %s: no parameter may be called preset, settings use that "
				 "word for presets",
				 p->name);
	if (d->type == PARAM_INT && (d->min > d->max || d->def < d->min || d->def > d->max))
		return error_set(err, "policy %s: the default of parameter %s is outside its range",
				 p->name, d->name);
	if (d->type == PARAM_CHOICE && !d->choices)
		return error_set(err, "policy %s: parameter %s has no choices", p->name, d->name);
	return 0;
}

int policy_check(const struct policy *p, struct error *err)
{
	size_t i;

	if (p->abi != POLICY_ABI)
		return error_set(err,
				 "a policy was built for version %u of the interface, this program "
				 "has version %u; "
				 "build it again with this version's headers",
				 p->abi, POLICY_ABI);
	if (!name_ok(p->name))
		return error_set(err, "a policy's name must be of a-z, 0-9 and '-'");
	if (!p->summary || !p->about)
		return error_set(err, "policy %s says nothing about itself (summary, about)",
				 p->name);
	if (!p->alloc_slow)
		return error_set(err, "policy %s lacks the mandatory hook alloc_slow", p->name);
	if (p->nr_params > POLICY_MAX_PARAMS || (p->nr_params && !p->params))
		return error_set(err, "policy %s has %zu parameters, at most %d are possible",
				 p->name, p->nr_params, POLICY_MAX_PARAMS);
	if (p->private_size > MAX_PRIVATE)
		return error_set(err,
				 "policy %s wants %u bytes of its own, at most %u are possible",
				 p->name, p->private_size, MAX_PRIVATE);
	for (i = 0; i < p->nr_params; i++) {
		if (check_param(p, &p->params[i], err))
			return -1;
	}
	return 0;
}

static bool is_path(const char *name)
{
	size_t len = strlen(name);

	return strchr(name, '/') && len > 3 && !strcmp(name + len - 3, ".so");
}

/* The object stays loaded for good: results and parameter tables point into it. */
static const struct policy *load(const char *path, struct error *err)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const struct policy *p;

	if (!handle) {
		error_set(err, "%s: cannot be loaded as a policy: %s", path, dlerror());
		return NULL;
	}
	p = dlsym(handle, "zonereplay_policy");
	if (!p) {
		error_set(err, "%s: has no symbol zonereplay_policy; see policies/TEMPLATE.c",
			  path);
		dlclose(handle);
		return NULL;
	}
	if (policy_check(p, err)) {
		error_prefix(err, "%s", path);
		dlclose(handle);
		return NULL;
	}
	return p;
}

static void unknown(const char *name, struct error *err)
{
	const char *names[MAX_NAMES + 1] = {NULL};
	struct strbuf known;
	const char *near;
	size_t i;

	strbuf_init(&known);
	for (i = 0; policy_registry[i] && i < MAX_NAMES; i++) {
		names[i] = policy_registry[i]->name;
		strbuf_printf(&known, "%s%s", i ? ", " : "", names[i]);
	}
	near = nearest_name(name, names);
	if (near)
		error_set(err,
			  "no policy is called \"%s\"; did you mean \"%s\"? Known are %s, or the "
			  "path of a .so file",
			  name, near, known.s);
	else
		error_set(err,
			  "no policy is called \"%s\"; known are %s, or the path of a .so file "
			  "(with a '/' in it)",
			  name, known.s);
	strbuf_release(&known);
}

bool policy_is_shipped(const struct policy *p)
{
	for (size_t i = 0; policy_registry[i]; i++) {
		if (policy_registry[i] == p)
			return true;
	}
	return false;
}

const struct policy *policy_find(const char *name, struct error *err)
{
	size_t i;

	if (is_path(name))
		return load(name, err);
	for (i = 0; policy_registry[i]; i++) {
		if (!strcmp(policy_registry[i]->name, name))
			return policy_check(policy_registry[i], err) ? NULL : policy_registry[i];
	}
	unknown(name, err);
	return NULL;
}

/* ---- settings ---- */

static char *spell(const struct policy_setting *s)
{
	struct strbuf text;

	strbuf_init(&text);
	strbuf_puts(&text, s->policy->name);
	if (s->policy->nr_params) {
		strbuf_puts(&text, ":");
		params_format(s->policy->params, s->policy->nr_params, s->params, &text);
	}
	return strbuf_detach(&text);
}

/* Applies "preset=NAME" wherever it stands in @text and puts the other parameters into @rest. */
static int apply_presets(struct policy_setting *s, const char *text, struct strbuf *rest,
			 struct error *err)
{
	static const char key[] = "preset=";
	char *copy = strdup(text), *left = copy, *item;
	int ret = copy ? 0 : error_set(err, "out of memory");

	while (!ret && (item = strsep(&left, ","))) {
		if (!strncmp(item, key, strlen(key)))
			ret = policy_preset_apply(s->policy, item + strlen(key), s->params, err);
		else
			strbuf_printf(rest, "%s%s", rest->len ? "," : "", item);
	}
	free(copy);
	return ret;
}

static int parse_params(struct policy_setting *s, const char *text, struct error *err)
{
	const struct policy *p = s->policy;
	struct strbuf rest;
	int ret;

	strbuf_init(&rest);
	params_defaults(p->params, p->nr_params, s->params);
	ret = apply_presets(s, text, &rest, err);
	if (!ret)
		ret = params_parse(p->params, p->nr_params, p->name, rest.s, s->params, err);
	strbuf_release(&rest);
	return ret;
}

int policy_setting_parse(struct policy_setting *s, const char *text, struct error *err)
{
	const char *colon = strchr(text, ':');
	char *name = colon ? strndup(text, (size_t)(colon - text)) : strdup(text);
	int ret = -1;

	memset(s, 0, sizeof(*s));
	if (!name)
		return error_set(err, "out of memory");
	s->policy = policy_find(name, err);
	if (s->policy)
		ret = parse_params(s, colon ? colon + 1 : "", err);
	if (!ret)
		s->spelled = spell(s);
	free(name);
	return ret;
}

static bool has_era(const char *const *eras, const char *era)
{
	for (size_t i = 0; eras && eras[i]; i++) {
		if (!strcmp(eras[i], era))
			return true;
	}
	return !eras;
}

static int param_lacks_era(const struct policy *p, const struct param_desc *d, const char *era,
			   struct error *err)
{
	struct strbuf known;

	strbuf_init(&known);
	for (size_t i = 0; d->eras[i]; i++)
		strbuf_printf(&known, "%s%s", i ? ", " : "", d->eras[i]);
	error_set(err,
		  "policy %s: kernels of era %s have no %s (only of %s); leave the parameter out",
		  p->name, era, d->name, known.s);
	strbuf_release(&known);
	return -1;
}

int policy_setting_fits(const struct policy_setting *s, const char *era, struct error *err)
{
	const struct policy *p = s->policy;

	if (!has_era(p->eras, era))
		return error_set(err, "policy %s does not run on era %s", p->name, era);
	for (size_t i = 0; i < p->nr_params; i++) {
		if (s->params[i] != p->params[i].def && !has_era(p->params[i].eras, era))
			return param_lacks_era(p, &p->params[i], era, err);
	}
	return 0;
}

void policy_setting_release(struct policy_setting *s)
{
	free(s->spelled);
	memset(s, 0, sizeof(*s));
}
