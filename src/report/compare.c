// SPDX-License-Identifier: GPL-2.0-only
/* From runs to a paired comparison; what may not be compared is refused here. */
#include "report/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/build.h"
#include "report/select.h"

#define DEFAULT_MARGIN 5.0

const struct exam_error exam_error = {
#include "report/exam_error.inc"
};

static bool same_setting(const struct outcome *a, const struct outcome *b)
{
	return !strcmp(a->policy, b->policy) && !strcmp(a->params, b->params);
}

/* The runs of the two settings, as views: they own nothing. */
static int pick_runs(const struct store_runs *runs, const struct outcome *a,
		     const struct outcome *b, const char *era, struct store_runs *out)
{
	*out = (struct store_runs){.v = calloc(runs->nr + 1, sizeof(*out->v))};
	if (!out->v)
		return -1;
	for (size_t i = 0; i < runs->nr; i++) {
		const struct outcome *o = &runs->v[i].outcome;

		/* A machine that was interfered with is no answer to the same question. */
		if (*runs->v[i].injections || (era && strcmp(era, o->era)))
			continue;
		if (same_setting(o, a) || same_setting(o, b))
			out->v[out->nr++] = runs->v[i];
	}
	return 0;
}

/* ---- what may be compared ---- */

static bool is_pair(const struct table *t)
{
	return t->nr_series == 2;
}

static int refuse_twice(const struct report *r, struct error *err)
{
	for (size_t i = 0; i < r->nr_tables; i++)
		for (size_t k = 0; k < i; k++) {
			const struct table *t = &r->tables[i], *other = &r->tables[k];

			if (is_pair(t) && is_pair(other) &&
			    !strcmp(t->capture->id, other->capture->id))
				return error_set(
					err,
					"capture %s was replayed under both settings for more than one era, "
					"window or cut, which are not to be mixed; choose an era with --era or use a "
					"database per window",
					t->capture->name);
		}
	return 0;
}

static int refuse_fidelity(struct comparison *c, const struct report *r,
			   const struct compare_options *opt, struct error *err)
{
	double floor = opt->floor > 0 ? opt->floor : REPORT_FLOOR;

	for (size_t i = 0; i < r->nr_tables; i++) {
		const struct store_capture *capture = r->tables[i].capture;

		if (!is_pair(&r->tables[i]))
			continue;
		c->unknown_fidelity += capture->fidelity < 0;
		if (capture->fidelity < 0 || capture->fidelity >= floor)
			continue;
		c->below_floor++;
		if (!opt->any_fidelity)
			return error_set(
				err,
				"verify predicts only %.2f %% of capture %s, below the floor of %.4g %%; "
				"--any-fidelity compares all the same",
				capture->fidelity, capture->name, floor);
	}
	return 0;
}

static int count_pairs(struct comparison *c, const struct report *r, struct error *err)
{
	for (size_t i = 0; i < r->nr_tables; i++) {
		c->nr_captures += is_pair(&r->tables[i]);
		c->unpaired += !is_pair(&r->tables[i]);
	}
	if (!c->nr_captures)
		return error_set(
			err,
			"no capture has results of both %s and %s under the same era and window; "
			"`zonereplay run CAPTURE -p %s -p %s` makes them",
			c->name_a, c->name_b, c->name_a, c->name_b);
	return 0;
}

/* ---- lines ---- */

/* Values of one figure, a pair per capture that has it under both settings. */
static size_t gather(const struct report *r, size_t line, double *a, double *b, bool *approximate)
{
	size_t n = 0;

	for (size_t i = 0; i < r->nr_tables; i++) {
		const struct table *t = &r->tables[i];

		if (!is_pair(t) || !table_cell(t, line, 0)->present ||
		    !table_cell(t, line, 1)->present)
			continue;
		a[n] = table_cell(t, line, 0)->value;
		b[n++] = table_cell(t, line, 1)->value;
		*approximate |=
			table_cell(t, line, 0)->approximate || table_cell(t, line, 1)->approximate;
	}
	return n;
}

static void relate(struct compare_line *l)
{
	const struct paired *p = &l->paired;
	double scale = (l->better == BETTER_MORE ? 100 : -100) / p->mean_a;

	l->relative = p->mean_a != 0;
	if (!l->relative)
		return;
	l->change = p->diff == 0 ? 0 : p->diff * scale;
	l->change_low = fmin(p->low * scale, p->high * scale) + 0.0;
	l->change_high = fmax(p->low * scale, p->high * scale) + 0.0;
}

static void add_line(struct comparison *c, const struct line *line, const double *a,
		     const double *b, size_t n, bool approximate)
{
	struct compare_line *l = &c->lines[c->nr_lines++];
	struct paired_options opt = {.seed = c->seed};
	double mean = 0;

	for (size_t i = 0; i < n; i++)
		mean += fabs(a[i]) / (double)n;
	opt.margin = mean * c->margin / 100;
	*l = (struct compare_line){
		.unit = line->unit, .better = line->better, .approximate = approximate};
	memcpy(l->key, line->key, sizeof(l->key));
	memcpy(l->label, line->label, sizeof(l->label));
	paired_compare(a, b, n, &opt, &l->paired);
	relate(l);
}

static bool is_range(const struct cell *c)
{
	return c->low != c->high;
}

/* One replay under several assumptions is no sample: the ranges are shown as they are. */
static void add_ranges(struct comparison *c, const struct report *r, size_t line)
{
	struct compare_line *l = &c->lines[c->nr_lines - 1];

	for (size_t i = 0; i < r->nr_tables; i++) {
		const struct table *t = &r->tables[i];

		if (!is_pair(t))
			continue;
		l->ranged = is_range(table_cell(t, line, 0)) || is_range(table_cell(t, line, 1));
		l->range_a[0] = table_cell(t, line, 0)->low;
		l->range_a[1] = table_cell(t, line, 0)->high;
		l->range_b[0] = table_cell(t, line, 1)->low;
		l->range_b[1] = table_cell(t, line, 1)->high;
	}
}

static bool says_something(const double *a, const double *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i] != 0 || b[i] != 0)
			return true;
	return false;
}

static int add_lines(struct comparison *c, const struct report *r)
{
	const struct table *t = &r->tables[0]; /* all tables have the same lines */
	double *a = calloc(r->nr_tables, sizeof(*a));
	double *b = calloc(r->nr_tables, sizeof(*b));

	c->lines = calloc(t->nr_lines, sizeof(*c->lines));
	for (size_t line = 0; a && b && c->lines && line < t->nr_lines; line++) {
		bool approximate = false;
		size_t n;

		if (t->lines[line].better == BETTER_NONE || !t->lines[line].for_people)
			continue;
		n = gather(r, line, a, b, &approximate);
		if (!n || !says_something(a, b, n))
			continue;
		add_line(c, &t->lines[line], a, b, n, approximate);
		if (c->nr_captures == 1)
			add_ranges(c, r, line);
	}
	free(a);
	free(b);
	return a && b && c->lines ? 0 : -1;
}

/* ---- all of it ---- */

static char *full_name(const struct outcome *o)
{
	struct strbuf sb;

	strbuf_init(&sb);
	strbuf_printf(&sb, "%s%s%s", o->policy, *o->params ? ":" : "", o->params);
	return strbuf_detach(&sb);
}

static int build_lines(struct comparison *c, const struct store_runs *picked,
		       const struct compare_options *opt, struct error *err)
{
	struct report_options table_opt = {.baseline = c->name_a};
	struct report r;
	int rc;

	if (report_build(&r, picked, &table_opt, err))
		return -1;
	rc = count_pairs(c, &r, err);
	if (!rc)
		rc = refuse_twice(&r, err);
	if (!rc)
		rc = refuse_fidelity(c, &r, opt, err);
	if (!rc && add_lines(c, &r))
		rc = error_set(err, "out of memory");
	report_release(&r);
	return rc;
}

int comparison_build(struct comparison *c, const struct store_runs *runs, const char *a,
		     const char *b, const struct compare_options *opt, struct error *err)
{
	const struct outcome *oa = setting_find(runs, a, err);
	const struct outcome *ob = oa ? setting_find(runs, b, err) : NULL;
	struct store_runs picked;
	int rc;

	*c = (struct comparison){.margin = opt->margin > 0 ? opt->margin : DEFAULT_MARGIN,
				 .seed = opt->seed ? opt->seed : PAIRED_SEED};
	if (!oa || !ob)
		return -1;
	if (same_setting(oa, ob))
		return error_set(err, "\"%s\" and \"%s\" are the same setting", a, b);
	if (pick_runs(runs, oa, ob, opt->era, &picked))
		return error_set(err, "out of memory");
	c->name_a = full_name(oa);
	c->name_b = full_name(ob);
	rc = picked.nr ? build_lines(c, &picked, opt, err)
		       : error_set(err, "no results of era %s", opt->era);
	free(picked.v);
	if (rc)
		comparison_release(c);
	return rc;
}

void comparison_release(struct comparison *c)
{
	free(c->name_a);
	free(c->name_b);
	free(c->lines);
	*c = (struct comparison){0};
}
