// SPDX-License-Identifier: GPL-2.0-only
/* The printers: text and markdown for people, CSV and JSON for programs. */
#include "report/build.h"

#include <math.h>
#include <string.h>

/* ---- text ---- */

void report_text(const struct report *r, const struct report_options *opt, struct strbuf *out)
{
	for (size_t i = 0; i < r->nr_tables; i++) {
		const struct table *t = &r->tables[i];
		struct grid g;

		strbuf_printf(out, "%s%s\n", i ? "\n" : "", t->title);
		table_words(t, out);
		strbuf_puts(out, "\n\n");
		table_grid(t, &g);
		grid_text(&g, opt->width, out);
		grid_release(&g);
		strbuf_puts(out, "\n");
		for (size_t n = 0; n < t->nr_notes; n++)
			strbuf_printf(out, "  %s\n", t->notes[n]);
	}
}

/* ---- markdown ---- */

static void markdown_verdict(const struct table *t, struct strbuf *out)
{
	struct strbuf words;

	strbuf_init(&words);
	table_words(t, &words);
	markdown_text(out, words.s);
	strbuf_release(&words);
}

static void markdown_note(const char *note, struct strbuf *out)
{
	strbuf_puts(out, "* ");
	markdown_text(out, note);
	strbuf_puts(out, "\n");
}

void report_markdown(const struct report *r, struct strbuf *out)
{
	strbuf_puts(out, "# zonereplay report\n");
	for (size_t i = 0; i < r->nr_tables; i++) {
		const struct table *t = &r->tables[i];
		struct grid g;

		strbuf_puts(out, "\n## ");
		markdown_text(out, t->title);
		strbuf_puts(out, "\n\n");
		markdown_verdict(t, out);
		strbuf_puts(out, "\n\n");
		table_grid(t, &g);
		grid_markdown(&g, out);
		grid_release(&g);
		strbuf_puts(out, "\n");
		for (size_t n = 0; n < t->nr_notes; n++)
			markdown_note(t->notes[n], out);
	}
}

/* ---- CSV ---- */

static void csv_cell(struct strbuf *out, const struct cell *cell)
{
	strbuf_puts(out, ",");
	if (cell->present)
		strbuf_printf(out, cell->value == floor(cell->value) ? "%.0f" : "%.6f",
			      cell->value);
}

static void csv_header(const struct table *t, struct strbuf *out)
{
	strbuf_puts(
		out,
		"capture,capture_id,release,arch,policy,params,era,era_match,window_from,"
		"window_to,injections,cut_percent,initial_state,fidelity,approximate_lru,state_hash");
	for (size_t line = 0; line < t->nr_lines; line++)
		if (t->lines[line].for_data)
			strbuf_printf(out, ",%s", t->lines[line].key);
	for (size_t i = 0; i < store_nr_figures; i++)
		if (store_figures[i].ranged)
			strbuf_printf(out, ",%s_low,%s_high", store_figures[i].name,
				      store_figures[i].name);
	strbuf_puts(out, "\n");
}

static void csv_identity(const struct store_run *run, struct strbuf *out)
{
	const struct store_capture *c = &run->capture;
	const struct outcome *o = &run->outcome;

	csv_field(out, true, c->name);
	csv_field(out, false, c->id);
	csv_field(out, false, c->release);
	csv_field(out, false, c->arch);
	csv_field(out, false, o->policy);
	csv_field(out, false, o->params);
	csv_field(out, false, o->era);
	csv_field(out, false, o->era_exact ? "exact" : "nearest");
	strbuf_printf(out, ",%llu,%llu", (unsigned long long)run->from,
		      (unsigned long long)run->to);
	csv_field(out, false, run->injections);
	strbuf_printf(out, ",%u", run->cut_percent);
	csv_field(out, false, c->initial_state);
	if (c->fidelity >= 0)
		strbuf_printf(out, ",%.4f", c->fidelity);
	else
		strbuf_puts(out, ",");
	strbuf_printf(out, ",%d,%016llx", o->approximate_lru, (unsigned long long)o->state_hash);
}

static void csv_series(const struct table *t, size_t i, struct strbuf *out)
{
	const struct store_run *run = t->series[i].run;

	csv_identity(run, out);
	for (size_t line = 0; line < t->nr_lines; line++)
		if (t->lines[line].for_data)
			csv_cell(out, table_cell(t, line, i));
	for (size_t f = 0; f < store_nr_figures; f++) {
		struct ranged r = figure_get(&store_figures[f], &run->outcome);

		if (store_figures[f].ranged)
			strbuf_printf(out, ",%lld,%lld", (long long)r.low, (long long)r.high);
	}
	strbuf_puts(out, "\n");
}

/* All tables have the same lines, so one header serves them all. */
void report_csv(const struct report *r, struct strbuf *out)
{
	for (size_t i = 0; i < r->nr_tables; i++) {
		if (!i)
			csv_header(&r->tables[i], out);
		for (size_t series = 0; series < r->tables[i].nr_series; series++)
			csv_series(&r->tables[i], series, out);
	}
}

static void csv_sample(const struct store_run *run, const struct index_sample *s,
		       struct strbuf *out)
{
	const struct outcome *o = &run->outcome;

	for (int order = 0; order < OUTCOME_NR_ORDERS; order++) {
		csv_field(out, true, run->capture.name);
		csv_field(out, false, o->policy);
		csv_field(out, false, o->params);
		csv_field(out, false, o->era);
		strbuf_printf(out, ",%llu,%d", (unsigned long long)s->time,
			      s->zone < o->nr_zones ? o->zones[s->zone].node : -1);
		csv_field(out, false, s->zone < o->nr_zones ? o->zones[s->zone].name : "");
		strbuf_printf(out, ",%d,%d,%d,%u\n", order, s->fragindex[order], s->unusable[order],
			      s->nr_free[order]);
	}
}

void report_series_csv(const struct store_runs *runs, struct strbuf *out)
{
	strbuf_puts(out, "capture,policy,params,era,time_ns,node,zone,order,fragindex,unusable,"
			 "nr_free\n");
	for (size_t i = 0; i < runs->nr; i++)
		for (size_t s = 0; s < runs->v[i].outcome.nr_samples; s++)
			csv_sample(&runs->v[i], &runs->v[i].outcome.samples[s], out);
}
