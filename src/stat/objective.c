// SPDX-License-Identifier: GPL-2.0-only
/* Reading objectives; the grammar is in advice.h. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "stat/advice.h"

static const struct {
	const char *name, *column;
} short_names[] = {
	{"success", "huge_success"},
	{"reclaimed", "pages_reclaimed"},
	{"moved", "pages_migrated"},
	{"stall", "stall_ns"},
};

static const struct figure *find_figure(const char *name, size_t len)
{
	char copy[48];

	if (!len || len >= sizeof(copy))
		return NULL;
	memcpy(copy, name, len);
	copy[len] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(short_names); i++)
		if (!strcmp(short_names[i].name, copy))
			return figure_find(short_names[i].column);
	return figure_find(copy);
}

static const char *skip_space(const char *p)
{
	while (isspace((unsigned char)*p))
		p++;
	return p;
}

static size_t name_length(const char *p)
{
	size_t n = 0;

	while (isalpha((unsigned char)p[n]) || p[n] == '_')
		n++;
	return n;
}

static int no_figure(const char *p, struct error *err)
{
	return error_set(
		err,
		"\"%.40s\": no figure here; write success, reclaimed, moved, stall or a column "
		"of the database such as compact_stall",
		p);
}

/* "2.5*" before a figure; 1 without. */
static const char *parse_weight(const char *p, double *weight, struct error *err)
{
	char *end;

	*weight = 1;
	if (!isdigit((unsigned char)*p) && *p != '.')
		return p;
	*weight = strtod(p, &end);
	p = skip_space(end);
	if (*p != '*' || !(*weight < 1e15)) {
		error_set(err, "\"%.40s\": a weight is followed by * and a figure", p);
		return NULL;
	}
	return skip_space(p + 1);
}

/* One figure with its weight; *better says which way it is good. */
static const char *parse_term(struct objective_goal *g, const char *p, double sign,
			      enum better *better, struct error *err)
{
	struct objective_term *t = &g->terms[g->nr];
	const struct figure *f;
	size_t len;

	if (g->nr == OBJECTIVE_MAX) {
		error_set(err, "an objective adds up at most %d figures", OBJECTIVE_MAX);
		return NULL;
	}
	p = parse_weight(p, &t->weight, err);
	if (!p)
		return NULL;
	len = name_length(p);
	f = find_figure(p, len);
	if (!f) {
		no_figure(p, err);
		return NULL;
	}
	t->weight *= sign;
	t->offset = f->offset;
	t->ranged = f->ranged;
	*better = f->better;
	g->nr++;
	return skip_space(p + len);
}

/* A lone figure has a direction of its own; sums are as good as they are large. */
static int choose_direction(struct objective_goal *g, int direction, enum better better,
			    struct error *err)
{
	if (!direction && g->nr == 1 && better == BETTER_NONE)
		return error_set(err, "\"%s\": is more of it better? write max: or min: before it",
				 g->text);
	if (!direction)
		direction = g->nr == 1 && better == BETTER_LESS ? -1 : 1;
	for (size_t i = 0; i < g->nr; i++)
		g->terms[i].weight *= direction;
	return 0;
}

static int parse_goal(struct objective *o, const char *text, struct error *err)
{
	struct objective_goal *g = &o->goals[o->nr_goals];
	enum better better = BETTER_NONE;
	const char *p = text;
	int direction = 0;
	double sign = 1;

	if (o->nr_goals == OBJECTIVE_MAX)
		return error_set(err, "an objective has at most %d goals", OBJECTIVE_MAX);
	*g = (struct objective_goal){.nr = 0};
	snprintf(g->text, sizeof(g->text), "%s", text);
	if (!strncmp(p, "max:", 4) || !strncmp(p, "min:", 4)) {
		direction = p[1] == 'a' ? 1 : -1;
		p = skip_space(p + 4);
	}
	if (*p == '-') {
		sign = -1;
		p = skip_space(p + 1);
	}
	for (;;) {
		p = parse_term(g, p, sign, &better, err);
		if (!p)
			return -1;
		if (!*p)
			break;
		if (*p != '+' && *p != '-')
			return error_set(err, "\"%.40s\": after a figure comes +, - or a comma", p);
		sign = *p == '+' ? 1 : -1;
		p = skip_space(p + 1);
	}
	/* "-reclaimed" has said its direction. */
	if (!direction && g->nr == 1 && g->terms[0].weight < 0)
		direction = 1;
	o->nr_goals++;
	return choose_direction(g, direction, better, err);
}

static int parse_limit(struct objective *o, const char *text, const char *op, struct error *err)
{
	struct objective_limit *l = &o->limits[o->nr_limits];
	enum better better;
	const char *p;
	char *end;

	if (o->nr_limits == OBJECTIVE_MAX)
		return error_set(err, "an objective has at most %d conditions", OBJECTIVE_MAX);
	*l = (struct objective_limit){.at_least = *op == '>'};
	p = parse_term(&l->figure, text, 1, &better, err);
	if (!p)
		return -1;
	if (p != op)
		return error_set(err, "\"%.40s\": a condition is FIGURE>=NUMBER or FIGURE<=NUMBER",
				 text);
	l->value = strtod(op + 2, &end);
	l->percent = *end == '%';
	if (end == op + 2 || *skip_space(end + l->percent) ||
	    !(l->value > -1e18 && l->value < 1e18))
		return error_set(err, "\"%.40s\": no number after %.2s", text, op);
	if (l->percent && l->figure.terms[0].offset != offsetof(struct outcome, huge_success))
		return error_set(err, "\"%.40s\": only success can be a percentage", text);
	snprintf(l->figure.text, sizeof(l->figure.text), "%s", text);
	o->nr_limits++;
	return 0;
}

static int parse_item(struct objective *o, char *item, struct error *err)
{
	const char *p = skip_space(item);
	char *end = item + strlen(item), *op;

	while (end > p && isspace((unsigned char)end[-1]))
		*--end = '\0';
	if (!strncmp(p, "then", 4) && isspace((unsigned char)p[4]))
		p = skip_space(p + 4);
	if (!*p)
		return error_set(err, "an empty part between commas");
	op = strstr(p, ">=");
	if (!op)
		op = strstr(p, "<=");
	return op ? parse_limit(o, p, op, err) : parse_goal(o, p, err);
}

int objective_parse(struct objective *o, const char *text, struct error *err)
{
	char copy[sizeof(o->text)], *rest = copy, *item;

	*o = (struct objective){.nr_goals = 0};
	if (strlen(text) >= sizeof(copy))
		return error_set(err, "objective: longer than %zu characters", sizeof(copy) - 1);
	memcpy(copy, text, strlen(text) + 1);
	memcpy(o->text, text, strlen(text) + 1);
	while ((item = strsep(&rest, ",")))
		if (parse_item(o, item, err))
			return error_prefix(err, "objective");
	if (!o->nr_goals)
		return error_set(err,
				 "objective: what is to be best? name a figure, such as success");
	return 0;
}
