// SPDX-License-Identifier: GPL-2.0-only
/* From rows of the database to tables: which runs belong together, in which order, and their notes.
 */
#include "report/build.h"

#include <stdlib.h>
#include <string.h>

/* ---- which runs stand in one table ---- */

static bool same_table(const struct store_run *a, const struct store_run *b)
{
	return !strcmp(a->capture.id, b->capture.id) && !strcmp(a->outcome.era, b->outcome.era) &&
	       a->from == b->from && a->to == b->to && a->cut_percent == b->cut_percent;
}

static bool is_recorded(const struct store_run *run)
{
	return !strcmp(run->outcome.policy, STORE_RECORDED);
}

static bool is_bound(const struct store_run *run)
{
	for (size_t i = 0; policy_registry[i]; i++)
		if (!strcmp(policy_registry[i]->name, run->outcome.policy))
			return policy_registry[i]->caps & POLICY_CAPS_BOUND;
	return false;
}

/* "policy" or "policy:params", as -p and compare take them. */
static bool setting_matches(const struct store_run *run, const char *setting)
{
	size_t len = strlen(run->outcome.policy);

	if (strncmp(setting, run->outcome.policy, len) || *run->injections)
		return false;
	return !setting[len] ||
	       (setting[len] == ':' && !strcmp(setting + len + 1, run->outcome.params));
}

/* The first of the same table: the one that makes it. */
static bool opens_table(const struct store_runs *runs, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (same_table(&runs->v[j], &runs->v[i]))
			return false;
	return true;
}

static void add_series(struct table *t, const struct store_runs *runs, const struct store_run *run,
		       const struct report_options *opt)
{
	struct series *s = &t->series[t->nr_series++];

	s->run = run;
	s->recorded = is_recorded(run);
	s->bound = is_bound(run);
	memcpy(s->name, run->outcome.policy, sizeof(s->name));
	if (opt->failures)
		s->failures = &opt->failures[run - runs->v];
}

/* Baseline first, then as they were stored, the recorded kernel last. */
static void order_series(struct table *t, const struct store_runs *runs, size_t first,
			 const struct report_options *opt)
{
	const char *baseline = opt->baseline ? opt->baseline : "none";
	const struct store_run *chosen = NULL;

	for (size_t i = first; i < runs->nr && !chosen; i++)
		if (same_table(&runs->v[i], &runs->v[first]) &&
		    setting_matches(&runs->v[i], baseline))
			chosen = &runs->v[i];
	if (chosen)
		add_series(t, runs, chosen, opt);
	for (int recorded = 0; recorded < 2; recorded++)
		for (size_t i = first; i < runs->nr; i++) {
			const struct store_run *run = &runs->v[i];

			if (run != chosen && is_recorded(run) == recorded &&
			    same_table(run, &runs->v[first]))
				add_series(t, runs, run, opt);
		}
}

/* ---- how series of one policy are told apart ---- */

static const char *param_value(const char *params, const char *key, size_t key_len, size_t *len)
{
	while (*params) {
		size_t n = strcspn(params, ",");

		if (n > key_len && !strncmp(params, key, key_len) && params[key_len] == '=') {
			*len = n - key_len - 1;
			return params + key_len + 1;
		}
		params += n + (params[n] == ',');
	}
	return NULL;
}

/* Does any other series of the same policy have another value of this parameter? */
static bool param_differs(const struct table *t, const struct series *s, const char *key,
			  size_t key_len)
{
	size_t len, other_len;
	const char *value = param_value(s->run->outcome.params, key, key_len, &len);

	for (size_t i = 0; i < t->nr_series; i++) {
		const struct outcome *o = &t->series[i].run->outcome;
		const char *other;

		if (strcmp(o->policy, s->name))
			continue;
		other = param_value(o->params, key, key_len, &other_len);
		if (!other || other_len != len || strncmp(other, value, len))
			return true;
	}
	return false;
}

static char *telling_settings(const struct table *t, const struct series *s)
{
	const char *params = s->run->outcome.params;
	struct strbuf sb;

	strbuf_init(&sb);
	while (*params) {
		size_t n = strcspn(params, ",");

		if (param_differs(t, s, params, strcspn(params, "=,"))) {
			strbuf_puts(&sb, sb.len ? "," : "");
			strbuf_add(&sb, params, n);
		}
		params += n + (params[n] == ',');
	}
	if (*s->run->injections)
		strbuf_printf(&sb, "%swith %s", sb.len ? "," : "", s->run->injections);
	return strbuf_detach(&sb);
}

/* ---- title ---- */

static void fidelity_words(const struct store_capture *c, struct strbuf *sb)
{
	if (c->fidelity < 0)
		strbuf_puts(sb, "fidelity not known");
	else
		strbuf_printf(sb, "fidelity %.2f %%", c->fidelity);
}

static char *make_title(const struct store_run *run)
{
	const struct store_capture *c = &run->capture;
	struct strbuf sb;

	strbuf_init(&sb);
	visible_text(&sb, c->name);
	strbuf_puts(&sb, ": ");
	if (*c->release) {
		visible_text(&sb, c->arch);
		strbuf_puts(&sb, " ");
		visible_text(&sb, c->release);
		strbuf_puts(&sb, ", ");
	}
	strbuf_printf(&sb, "era %s, start %s, %llu events, ", run->outcome.era, c->initial_state,
		      (unsigned long long)c->events);
	fidelity_words(c, &sb);
	if (run->from || run->to)
		strbuf_printf(&sb, ", window %.3f to %.3f s", (double)run->from / 1e9,
			      (double)run->to / 1e9);
	if (run->cut_percent == WHATIF_CUT_AT_BRANCH)
		strbuf_puts(&sb, ", cut loose at the branch");
	else if (run->cut_percent)
		strbuf_printf(&sb, ", cut loose at %u %%", run->cut_percent);
	return strbuf_detach(&sb);
}

/* ---- what tune found ---- */

static int take_tunings(struct table *t, const struct store_tunings *all)
{
	const struct outcome *o = &t->series[0].run->outcome;

	t->tunings = calloc((all ? all->nr : 0) + 1, sizeof(*t->tunings));
	if (!t->tunings)
		return -1;
	for (size_t i = 0; all && i < all->nr; i++)
		if (!strcmp(all->v[i].capture.id, t->capture->id) &&
		    !strcmp(all->v[i].curve.era, o->era))
			t->tunings[t->nr_tunings++] = &all->v[i];
	return 0;
}

/* ---- all of it ---- */

static int build_table(struct table *t, const struct store_runs *runs, size_t first,
		       const struct report_options *opt)
{
	double floor = opt->floor > 0 ? opt->floor : REPORT_FLOOR;

	t->series = calloc(runs->nr, sizeof(*t->series));
	if (!t->series)
		return -1;
	order_series(t, runs, first, opt);
	t->capture = &t->series[0].run->capture;
	t->suspect = t->capture->fidelity < floor;
	t->title = make_title(t->series[0].run);
	for (size_t i = 0; i < t->nr_series; i++)
		t->series[i].settings = telling_settings(t, &t->series[i]);
	if (table_fill(t) || take_tunings(t, opt->tunings))
		return -1;
	table_notes(t, floor);
	return 0;
}

int report_build(struct report *r, const struct store_runs *runs, const struct report_options *opt,
		 struct error *err)
{
	*r = (struct report){0};
	if (!runs->nr)
		return error_set(err, "there are no results to show; `zonereplay run` makes some");
	r->tables = calloc(runs->nr, sizeof(*r->tables));
	if (!r->tables)
		return error_set(err, "out of memory");
	for (size_t i = 0; i < runs->nr; i++) {
		if (!opens_table(runs, i))
			continue;
		if (build_table(&r->tables[r->nr_tables++], runs, i, opt)) {
			report_release(r);
			return error_set(err, "out of memory");
		}
	}
	return 0;
}

static void table_release(struct table *t)
{
	for (size_t i = 0; i < t->nr_series; i++)
		free(t->series[i].settings);
	for (size_t i = 0; i < t->nr_notes; i++)
		free(t->notes[i]);
	free(t->notes);
	free(t->tunings);
	free(t->series);
	free(t->lines);
	free(t->cells);
	free(t->title);
}

void report_release(struct report *r)
{
	for (size_t i = 0; i < r->nr_tables; i++)
		table_release(&r->tables[i]);
	free(r->tables);
	*r = (struct report){0};
}
