/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Results as tables that know nothing of formats, and a printer per format.
 *
 * A report has one table per capture, era and window: its lines are figures, its series are
 * policies, the baseline first and what the recorded kernel did last. Changes are percentages
 * against the baseline whose sign says better (+) or worse (-) whatever the direction of the
 * figure. Marks and notes say what a figure rests on.
 *
 * People get a grid (text, markdown, HTML): figures as rounded text. Data (CSV, JSON) has every
 * figure with full precision under the names of store_figures[].
 */
#ifndef ZR_REPORT_H
#define ZR_REPORT_H

#include "base/base.h"
#include "store/store.h"

#define REPORT_FLOOR 99.0 /* percent of page allocations that verify should predict */

struct cell {
	bool present;	  /* false: there is no such figure here */
	bool compared;	  /* change is set */
	bool approximate; /* rests on an approximate LRU */
	double value, low, high;
	double change; /* percent against the baseline, + is better */
};

enum line_unit { LINE_COUNT, LINE_PERCENT, LINE_NS, LINE_RATIO };

struct line {
	char key[48];
	char label[64];
	enum line_unit unit;
	enum better better;
	bool for_people, for_data;
};

struct series {
	const struct store_run *run;
	char name[64];	/* policy */
	char *settings; /* parameters that tell it from others of the same policy, or "" */
	bool recorded;	/* what the real kernel did, not a what-if */
	bool bound;	/* no policy that could be run: it knows the future, or only counts */
	const struct store_failures *failures; /* NULL: not looked for */
};

struct table {
	const struct store_capture *capture;
	char *title;
	struct series *series; /* [0] is the baseline */
	size_t nr_series;
	struct line *lines;
	size_t nr_lines;
	struct cell *cells; /* [line * nr_series + series] */
	char **notes;
	size_t nr_notes;
	const struct store_tuning **tunings; /* curves over extfrag_threshold */
	size_t nr_tunings;
	bool suspect; /* fidelity below the floor or not known: every figure is marked */
};

struct report {
	struct table *tables;
	size_t nr_tables;
};

struct report_options {
	const char *baseline; /* policy, or policy:params as stored; NULL: "none" if there, else the
				 first */
	double floor;	      /* 0: REPORT_FLOOR */
	unsigned int width;   /* of text in columns; 0: as wide as it gets */
	/* What the page shows besides, if not NULL; the report points into it. */
	const struct store_tunings *tunings;
	const struct store_failures *failures; /* one for each of the runs */
};

/* The report points into @runs, which must live as long. */
int report_build(struct report *r, const struct store_runs *runs, const struct report_options *opt,
		 struct error *err) MUST_CHECK;
void report_release(struct report *r);

void report_text(const struct report *r, const struct report_options *opt, struct strbuf *out);
void report_markdown(const struct report *r, struct strbuf *out);
void report_csv(const struct report *r, struct strbuf *out);
void report_json(const struct report *r, struct strbuf *out);
/* One page that works offline. Runs need their samples. */
int report_html(const struct report *r, struct strbuf *out, struct error *err) MUST_CHECK;

/* A picture by gnuplot, which has to be installed: @terminal "svg" or "pngcairo". Runs need their
 * samples. */
int report_plot(const struct report *r, const char *terminal, struct strbuf *out,
		struct error *err) MUST_CHECK;

/* The object of `run --json` (DESIGN.md section 8). @recorded may be NULL. */
void report_run_json(struct json *j, const struct store_run *run, const struct store_run *recorded);
/* Both indices over time: a line per time, zone and order. Runs need their samples. */
void report_series_csv(const struct store_runs *runs, struct strbuf *out);

#endif
