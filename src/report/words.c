// SPDX-License-Identifier: GPL-2.0-only
/* What a table says, in a sentence or two: for the top, before any number. */
#include <string.h>

#include "report/build.h"

static const struct outcome *outcome_of(const struct table *t, size_t i)
{
	return &t->series[i].run->outcome;
}

static uint64_t cost(const struct outcome *o)
{
	return o->pages_migrated + (uint64_t)o->pages_reclaimed.central;
}

/* Of those that could be run. */
static bool is_choice(const struct table *t, size_t i)
{
	return !t->series[i].recorded && !t->series[i].bound;
}

static uint64_t best_count(const struct table *t)
{
	uint64_t best = 0;

	for (size_t i = 0; i < t->nr_series; i++)
		if (is_choice(t, i) && outcome_of(t, i)->huge_got > best)
			best = outcome_of(t, i)->huge_got;
	return best;
}

static void name_series(const struct series *s, struct strbuf *out)
{
	visible_text(out, s->name);
	strbuf_puts(out, *s->settings ? ":" : "");
	visible_text(out, s->settings);
}

static size_t name_best(const struct table *t, uint64_t best, struct strbuf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < t->nr_series; i++) {
		if (!is_choice(t, i) || outcome_of(t, i)->huge_got != best)
			continue;
		strbuf_puts(out, n++ ? ", " : "");
		name_series(&t->series[i], out);
	}
	return n;
}

static const struct series *cheapest(const struct table *t, uint64_t best)
{
	const struct series *found = NULL;

	for (size_t i = 0; i < t->nr_series; i++)
		if (is_choice(t, i) && outcome_of(t, i)->huge_got == best &&
		    (!found || cost(outcome_of(t, i)) < cost(&found->run->outcome)))
			found = &t->series[i];
	return found;
}

static void huge_words(const struct table *t, uint64_t wanted, struct strbuf *out)
{
	uint64_t best = best_count(t);
	size_t n;

	strbuf_printf(out, "Of %llu huge pages wanted, ", (unsigned long long)wanted);
	n = name_best(t, best, out);
	if (!n) {
		strbuf_puts(out, "bounds only: none of these is a policy that could be run.");
		return;
	}
	strbuf_printf(out, " got %s%llu", n < t->nr_series ? "the most, " : "",
		      (unsigned long long)best);
	if (n > 1) {
		const struct series *s = cheapest(t, best);

		strbuf_puts(out, "; the cheapest of these was ");
		name_series(s, out);
		strbuf_printf(out, " with %llu pages moved or reclaimed",
			      (unsigned long long)cost(&s->run->outcome));
	}
	strbuf_puts(out, ".");
}

/* Apart from who they are, do any two series differ in anything that a policy decides? */
static bool all_alike(const struct table *t)
{
	for (size_t line = 0; line < t->nr_lines; line++)
		for (size_t i = 1; i < t->nr_series; i++)
			if (t->lines[line].for_data && t->lines[line].better != BETTER_NONE &&
			    !t->series[i].recorded &&
			    table_cell(t, line, i)->value != table_cell(t, line, 0)->value)
				return false;
	return true;
}

/* The one check that a what-if has: the kernel's own policy against what the kernel did. */
static void error_words(const struct table *t, struct strbuf *out)
{
	const struct outcome *model = NULL, *real = NULL;
	uint64_t off;

	for (size_t i = 0; i < t->nr_series; i++) {
		if (t->series[i].recorded)
			real = outcome_of(t, i);
		else if (!strcmp(t->series[i].name, "kernel") && !model)
			model = outcome_of(t, i);
	}
	if (!real)
		return;
	strbuf_printf(out, " The recorded kernel itself got %llu",
		      (unsigned long long)real->huge_got);
	if (!model) {
		strbuf_puts(out, ".");
		return;
	}
	off = model->huge_got > real->huge_got ? model->huge_got - real->huge_got
					       : real->huge_got - model->huge_got;
	strbuf_printf(out, "; the policy kernel, which imitates it, gets %llu",
		      (unsigned long long)model->huge_got);
	if (off > 1)
		strbuf_printf(out, ": differences below %llu say nothing", (unsigned long long)off);
	strbuf_puts(out, ".");
}

void table_words(const struct table *t, struct strbuf *out)
{
	uint64_t wanted = outcome_of(t, 0)->huge_wanted;

	if (wanted)
		huge_words(t, wanted, out);
	else
		strbuf_puts(out, "No huge page was asked for in this recording.");
	if (t->nr_series > 1 && all_alike(t))
		strbuf_puts(out, " The policies make no difference here.");
	if (wanted)
		error_words(t, out);
}
