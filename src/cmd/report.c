// SPDX-License-Identifier: GPL-2.0-only
/* Writes what a results database holds into a file, in the format that its name asks for. */
#include "cmd/results.h"

#include <stdlib.h>
#include <string.h>

#define OPT_BASELINE CMD_OPT_OWN
#define OPT_FLOOR (CMD_OPT_OWN + 1)
#define OPT_SERIES (CMD_OPT_OWN + 2)

struct report_command {
	const char *db;
	const char *output; /* NULL: text on stdout */
	const char *series;
	bool json;
	struct report_options opt;
};

static double parse_floor(struct argp_state *state, const char *arg)
{
	char *end;
	double floor = strtod(arg, &end);

	if (end == arg || *end || !(floor > 0 && floor <= 100))
		cmd_bad_usage(state, "--floor: \"%s\" is no percentage above 0 and up to 100", arg);
	return floor;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct report_command *c = state->input;

	switch (key) {
	case 'd':
		c->db = arg;
		return 0;
	case 'o':
		c->output = arg;
		return 0;
	case CMD_OPT_JSON:
		c->json = true;
		return 0;
	case OPT_BASELINE:
		c->opt.baseline = arg;
		return 0;
	case OPT_FLOOR:
		c->opt.floor = parse_floor(state, arg);
		return 0;
	case OPT_SERIES:
		c->series = arg;
		return 0;
	case ARGP_KEY_ARG:
		cmd_bad_usage(state, "takes no arguments, but \"%s\" was given; -o names the file",
			      arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{"database", 'd', "FILE", 0, "read results from here (default " CMD_DEFAULT_DB ")", 0},
	{"output", 'o', "FILE", 0,
	 "write here; .txt, .md, .csv, .json, .html, .svg or .png says what (default: text on stdout); "
	 "plots (.svg, .png) need gnuplot",
	 0},
	{"baseline", OPT_BASELINE, "POLICY", 0,
	 "compare with this one (default: none if it is there, else the first)", 0},
	{"floor", OPT_FLOOR, "PERCENT", 0,
	 "mark figures of captures that verify predicts less well (default 99)", 0},
	{"series", OPT_SERIES, "FILE.csv", 0,
	 "also write the fragmentation and unusable free space indices over time", 0},
	CMD_JSON_OPTION,
	{0},
};
static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.doc = "Writes the results in a database as a report.",
};

/* ---- formats ---- */

static int write_text(const struct report *r, const struct report_options *opt, struct strbuf *out,
		      struct error *err)
{
	report_text(r, opt, out);
	return 0;
}

static int write_markdown(const struct report *r, const struct report_options *opt,
			  struct strbuf *out, struct error *err)
{
	report_markdown(r, out);
	return 0;
}

static int write_csv(const struct report *r, const struct report_options *opt, struct strbuf *out,
		     struct error *err)
{
	report_csv(r, out);
	return 0;
}

static int write_json(const struct report *r, const struct report_options *opt, struct strbuf *out,
		      struct error *err)
{
	report_json(r, out);
	return 0;
}

static int write_html(const struct report *r, const struct report_options *opt, struct strbuf *out,
		      struct error *err)
{
	return report_html(r, out, err);
}

static int write_svg(const struct report *r, const struct report_options *opt, struct strbuf *out,
		     struct error *err)
{
	return report_plot(r, "svg", out, err);
}

static int write_png(const struct report *r, const struct report_options *opt, struct strbuf *out,
		     struct error *err)
{
	return report_plot(r, "pngcairo", out, err);
}

static const struct format {
	const char *suffix;
	int (*write)(const struct report *r, const struct report_options *opt, struct strbuf *out,
		     struct error *err);
	bool needs_samples;
} formats[] = {
	{".txt", write_text, false},  {".md", write_markdown, false}, {".csv", write_csv, false},
	{".json", write_json, false}, {".html", write_html, true},    {".svg", write_svg, true},
	{".png", write_png, true},
};

static const struct format *find_format(const char *path, struct error *err)
{
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < ARRAY_SIZE(formats); i++)
		if (!strcmp(dot, formats[i].suffix))
			return &formats[i];
	error_set(
		err,
		"%s: the name must end in .txt, .md, .csv, .json, .html, .svg or .png to say what is "
		"wanted",
		path);
	return NULL;
}

/* ---- the work ---- */

static bool has_policy(const struct store_runs *runs, const char *baseline)
{
	size_t len = strcspn(baseline, ":");

	for (size_t i = 0; i < runs->nr; i++)
		if (strlen(runs->v[i].outcome.policy) == len &&
		    !strncmp(runs->v[i].outcome.policy, baseline, len))
			return true;
	return false;
}

static int print_report(const struct report_command *c, const struct format *format,
			const struct store_runs *runs, struct error *err)
{
	struct report report;
	struct strbuf out;
	int rc = 0;

	if (report_build(&report, runs, &c->opt, err))
		return -1;
	strbuf_init(&out);
	rc = format->write(&report, &c->opt, &out, err);
	if (!rc && c->output)
		rc = file_write(c->output, out.s, out.len, err);
	else if (!rc)
		fputs(out.s, stdout);
	strbuf_release(&out);
	report_release(&report);
	return rc;
}

static int load_samples(struct store *store, struct store_runs *runs, struct error *err)
{
	for (size_t i = 0; i < runs->nr; i++)
		if (store_load_samples(store, &runs->v[i], err))
			return -1;
	return 0;
}

/* What the page shows besides the runs. */
struct more {
	struct store_tunings tunings;
	struct store_failures *failures; /* one for each run */
	size_t nr_failures;
};

static void more_release(struct more *m)
{
	for (size_t i = 0; i < m->nr_failures; i++)
		store_failures_release(&m->failures[i]);
	free(m->failures);
	store_tunings_release(&m->tunings);
}

static int more_load(struct more *m, struct store *store, const struct store_runs *runs,
		     struct error *err)
{
	*m = (struct more){.failures = calloc(runs->nr + 1, sizeof(*m->failures))};
	if (!m->failures)
		return error_set(err, "out of memory");
	for (; m->nr_failures < runs->nr; m->nr_failures++)
		if (store_load_failures(store, &runs->v[m->nr_failures],
					&m->failures[m->nr_failures], err))
			return -1;
	return store_load_tunings(store, &m->tunings, err);
}

static int write_report(const struct report_command *c, const struct format *format,
			struct store *store, struct store_runs *runs, struct error *err)
{
	struct report_command full = *c;
	struct more more = {0};
	struct strbuf out;
	int rc;

	if (c->opt.baseline && !has_policy(runs, c->opt.baseline))
		return error_set(err, "%s: holds no results of the baseline %s", c->db,
				 c->opt.baseline);
	if ((format->needs_samples || c->series) && load_samples(store, runs, err))
		return -1;
	if (format->needs_samples) {
		if (more_load(&more, store, runs, err)) {
			more_release(&more);
			return -1;
		}
		full.opt.tunings = &more.tunings;
		full.opt.failures = more.failures;
	}
	rc = print_report(&full, format, runs, err);
	more_release(&more);
	if (rc || !c->series)
		return rc;
	strbuf_init(&out);
	report_series_csv(runs, &out);
	rc = file_write(c->series, out.s, out.len, err);
	strbuf_release(&out);
	return rc;
}

static int do_report(const struct report_command *c, struct error *err)
{
	const struct format *format = &formats[c->json ? 3 : 0];
	struct store_runs runs;
	struct store *store;
	int rc;

	if (c->output && !(format = find_format(c->output, err)))
		return -1;
	store = store_open(c->db, STORE_READ, err);
	if (!store)
		return -1;
	rc = store_load(store, &runs, err);
	if (!rc) {
		rc = write_report(c, format, store, &runs, err);
		store_runs_release(&runs);
	}
	store_close(store);
	return rc;
}

static int report_run(int argc, char **argv)
{
	struct report_command c = {.db = CMD_DEFAULT_DB};
	struct error err;

	cmd_parse(&argp, argc, argv, 0, &c);
	c.opt.width = c.output ? RESULTS_WIDTH : results_width();
	if (do_report(&c, &err))
		return cmd_fail(&err);
	return CMD_FINE;
}

const struct command cmd_report = {"report", "write results as a page, text, data or a plot",
				   report_run};
