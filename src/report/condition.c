// SPDX-License-Identifier: GPL-2.0-only
/* --fail-if: "FIGURE OP NUMBER[%]" on the change of B against A, + is better. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/compare.h"

enum relation { BELOW, BELOW_OR_EQUAL, ABOVE, ABOVE_OR_EQUAL };

struct condition {
	char figure[48];
	enum relation relation;
	double number;
	bool percent;
};

/* What people say instead of a figure's key. */
static const char *const short_names[][2] = {
	{"success", "success_rate"},	{"reclaimed", "pages_reclaimed"},
	{"migrated", "pages_migrated"}, {"stall", "stall_ns"},
	{"stalls", "compact_stall"},
};

static const char *skip_space(const char *s)
{
	return s + strspn(s, " \t");
}

static bool parse_relation(const char **s, enum relation *relation)
{
	if (**s != '<' && **s != '>')
		return false;
	*relation = **s == '<' ? BELOW : ABOVE;
	(*s)++;
	if (**s == '=') {
		(*relation)++;
		(*s)++;
	}
	return true;
}

static int parse(const char *text, struct condition *c, struct error *err)
{
	const char *s = skip_space(text);
	size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_");
	char *end;

	if (!len || len >= sizeof(c->figure))
		goto bad;
	memcpy(c->figure, s, len);
	c->figure[len] = '\0';
	s = skip_space(s + len);
	if (!parse_relation(&s, &c->relation))
		goto bad;
	s = skip_space(s);
	c->number = strtod(s, &end);
	if (end == s || !isfinite(c->number))
		goto bad;
	s = skip_space(end);
	c->percent = *s == '%';
	if (*skip_space(s + c->percent))
		goto bad;
	for (size_t i = 0; i < ARRAY_SIZE(short_names); i++)
		if (!strcmp(c->figure, short_names[i][0]))
			snprintf(c->figure, sizeof(c->figure), "%s", short_names[i][1]);
	return 0;
bad:
	return error_set(
		err,
		"--fail-if: \"%s\" is no condition; write FIGURE<NUMBER or FIGURE<NUMBER%%, for "
		"example success<-2%%",
		text);
}

static bool is_known_figure(const char *name)
{
	const struct figure *f = figure_find(name);
	int order, n = 0;

	return (f && f->better != BETTER_NONE) || !strcmp(name, "success_rate") ||
	       !strcmp(name, "stall_per_success") ||
	       (sscanf(name, "order%d_success%n", &order, &n) == 1 && !name[n]);
}

/* From nothing to something has no percentage: it is infinitely better or worse. */
static double signed_change(const struct compare_line *l, bool percent)
{
	double diff = l->better == BETTER_MORE ? l->paired.diff : -l->paired.diff;

	if (!percent)
		return diff;
	if (l->relative)
		return l->change;
	return diff == 0 ? 0 : copysign(INFINITY, diff);
}

static bool relation_holds(enum relation relation, double value, double number)
{
	switch (relation) {
	case BELOW:
		return value < number;
	case BELOW_OR_EQUAL:
		return value <= number;
	case ABOVE:
		return value > number;
	case ABOVE_OR_EQUAL:
		return value >= number;
	}
	return false;
}

int comparison_condition(const struct comparison *c, const char *text, bool *holds,
			 struct error *err)
{
	struct condition cond;
	double value = 0; /* figures that are zero everywhere have no line */

	if (parse(text, &cond, err))
		return -1;
	if (!is_known_figure(cond.figure))
		return error_set(
			err,
			"--fail-if: no figure with a good direction is called \"%s\"; for example "
			"success, huge_got, pages_reclaimed, pages_migrated, stall",
			cond.figure);
	for (size_t i = 0; i < c->nr_lines; i++)
		if (!strcmp(c->lines[i].key, cond.figure))
			value = signed_change(&c->lines[i], cond.percent);
	*holds = relation_holds(cond.relation, value, cond.number);
	return 0;
}
