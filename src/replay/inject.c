// SPDX-License-Identifier: GPL-2.0-only
/* Things done to the machine from outside, as an administrator would: parsing them and doing them.
 */
#include "replay/whatif.h"

#include <stdlib.h>
#include <string.h>

/* ---- parsing ---- */

/* Digits, perhaps a point and more digits, then a unit: without floating point, in ns. */
static bool parse_time(const char *s, size_t len, uint64_t *ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {{"", 1000000000}, {"s", 1000000000}, {"ms", 1000000}, {"us", 1000}, {"ns", 1}};
	uint64_t whole = 0, part = 0, scale = 1;
	size_t i = 0, digits;

	for (; i < len && s[i] >= '0' && s[i] <= '9' && whole < 1000000000; i++)
		whole = whole * 10 + (uint64_t)(s[i] - '0');
	digits = i;
	if (i < len && s[i] == '.') {
		for (i++; i < len && s[i] >= '0' && s[i] <= '9' && scale < 1000000000;
		     i++, digits++) {
			part = part * 10 + (uint64_t)(s[i] - '0');
			scale *= 10;
		}
	}
	if (!digits)
		return false;
	for (size_t u = 0; u < ARRAY_SIZE(units); u++) {
		if (strlen(units[u].name) == len - i && !strncmp(units[u].name, s + i, len - i)) {
			*ns = whole * units[u].ns + part * units[u].ns / scale;
			return true;
		}
	}
	return false;
}

static bool parse_hugepages(struct injection *in, const char *value)
{
	char number[24];
	size_t len = strlen(value);

	if (value[0] != '+' || len < 2 || len >= sizeof(number))
		return false;
	in->percent = value[len - 1] == '%';
	memcpy(number, value + 1, len);
	if (in->percent)
		number[len - 2] = '\0';
	return parse_i64(number, &in->value) && in->value > 0 && in->value < 1 << 30;
}

static bool parse_assignment(struct injection *in, const char *name, size_t len, const char *value)
{
	if (len >= sizeof(in->param))
		return false;
	memcpy(in->param, name, len);
	in->param[len] = '\0';
	if (!strcmp(in->param, "hugepages")) {
		in->action = INJECT_HUGEPAGES;
		return parse_hugepages(in, value);
	}
	in->action = strcmp(in->param, "compact_node") ? INJECT_PARAM : INJECT_COMPACT_NODE;
	return parse_i64(value, &in->value);
}

static bool parse_action(struct injection *in, const char *action)
{
	const char *equals = strchr(action, '=');

	if (equals)
		return parse_assignment(in, action, (size_t)(equals - action), equals + 1);
	in->action = INJECT_COMPACT_MEMORY;
	if (!strcmp(action, "compact_memory"))
		return true;
	in->action = INJECT_DROP_CACHES;
	return !strcmp(action, "drop_caches");
}

int injection_parse(struct injection *in, const char *text, struct error *err)
{
	const char *colon = strchr(text, ':');

	memset(in, 0, sizeof(*in));
	if (!colon || !parse_time(text, (size_t)(colon - text), &in->time))
		return error_set(
			err,
			"--inject \"%s\": no time before a ':'; say for example 12.5s:compact_memory",
			text);
	if (!parse_action(in, colon + 1))
		return error_set(
			err,
			"--inject \"%s\": unknown action; known are compact_memory, compact_node=N, drop_caches, "
			"hugepages=+N%% and PARAMETER=VALUE of the policy",
			text);
	return 0;
}

/* ---- doing ---- */

static void tell(struct whatif *w, enum policy_trigger trigger, int64_t arg)
{
	if (w->policy->trigger)
		w->policy->trigger(&w->env, trigger, arg);
}

/* '-' and '_' are the same. */
static bool same_name(const char *a, const char *b)
{
	while (*a && (*a == *b || (strchr("-_", *a) && *b && strchr("-_", *b)))) {
		a++;
		b++;
	}
	return !*a && !*b;
}

/* Policies without the parameter go on as they were. Values outside the table's range are clamped:
 * the parser of settings has no say in the middle of a run. */
static void set_param(struct whatif *w, const struct injection *in)
{
	for (size_t i = 0; i < w->policy->nr_params; i++) {
		const struct param_desc *d = &w->policy->params[i];
		int64_t v = in->value;

		if (!same_name(d->name, in->param))
			continue;
		if (d->type == PARAM_INT)
			v = v < d->min ? d->min : v > d->max ? d->max : v;
		w->params[i] = v;
		tell(w, TRIGGER_SET_PARAM, (int64_t)i);
	}
}

static bool droppable(const struct mm *mm, struct frame f)
{
	uint32_t flags = mm_frame(mm, f)->flags;

	return flags & MM_F_FILE &&
	       !(flags & (MM_F_MAPPED | MM_F_DIRTY | MM_F_SWAPBACKED | MM_F_PINNED));
}

static void drop_list(struct whatif *w, uint32_t list)
{
	struct frame f = mm_list_last(w->mm, list), prev;

	for (; !frame_is_none(f); f = prev) {
		prev = mm_list_prev(w->mm, f);
		if (droppable(w->mm, f))
			whatif_free(w, f, 0);
	}
}

static void drop_caches(struct whatif *w)
{
	for (uint32_t node = 0; node < w->mm->nr_nodes; node++) {
		drop_list(w, mm_lru_list(w->mm, node, MM_LRU_INACTIVE_FILE));
		drop_list(w, mm_lru_list(w->mm, node, MM_LRU_ACTIVE_FILE));
	}
	tell(w, TRIGGER_DROP_CACHES, 1);
}

static uint32_t huge_pages(const struct whatif *w, const struct injection *in)
{
	uint64_t managed = 0;

	if (!in->percent)
		return (uint32_t)in->value;
	for (uint32_t z = 0; z < w->mm->nr_zones; z++)
		managed += w->mm->zones[z].managed;
	return (uint32_t)((managed * (uint64_t)in->value / 100) >> w->mm->pageblock_order);
}

static void inject(struct whatif *w, const struct injection *in, const struct demand_op *at)
{
	switch (in->action) {
	case INJECT_COMPACT_MEMORY:
		tell(w, TRIGGER_COMPACT_ALL, 1);
		break;
	case INJECT_COMPACT_NODE:
		tell(w, TRIGGER_COMPACT_NODE, in->value);
		break;
	case INJECT_DROP_CACHES:
		drop_caches(w);
		break;
	case INJECT_HUGEPAGES:
		pool_grow(w, at, huge_pages(w, in));
		break;
	case INJECT_PARAM:
		set_param(w, in);
		break;
	}
}

void whatif_inject(struct whatif *w, const struct demand_op *at)
{
	for (size_t i = 0; i < w->opt->nr_inject; i++) {
		if (w->injected[i] || w->opt->inject[i].time > at->time)
			continue;
		w->injected[i] = true;
		inject(w, &w->opt->inject[i], at);
	}
}
