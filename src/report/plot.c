// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plots for papers and mail: gnuplot draws them, from a script that is made here. Names are in
 * single quotes, where gnuplot runs no commands.
 */
#include <errno.h>
#include <math.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report/build.h"

#define PANEL_WIDTH 620
#define PANEL_HEIGHT 340
#define MAX_TABLES 16

/* Those of reports/style.css: dark enough for paper. */
static const char *const colours[] = {"#0060a8", "#b34700", "#00735a", "#8a2f73",
				      "#6b5b00", "#a3123a", "#3b4cc0", "#4d4d4d"};

/* ---- the script ---- */

static void quoted(struct strbuf *out, const char *text)
{
	strbuf_puts(out, "'");
	gnuplot_text(out, text);
	strbuf_puts(out, "'");
}

static void series_title(const struct series *s, struct strbuf *out)
{
	strbuf_puts(out, "'");
	gnuplot_text(out, s->name);
	strbuf_puts(out, *s->settings ? " " : "");
	gnuplot_text(out, s->settings);
	strbuf_puts(out, "'");
}

static void panel(struct strbuf *out, const struct table *t, const char *what, const char *x_label,
		  const char *y_label)
{
	struct strbuf title;

	strbuf_init(&title);
	strbuf_printf(&title, "%s: %s", t->capture->name, what);
	strbuf_puts(out, "unset label\nset key outside right top\nset title ");
	quoted(out, title.s);
	strbuf_printf(out,
		      "\nset xlabel '%s'\nset ylabel '%s'\nset xrange [0:*]\nset yrange [0:*]\n",
		      x_label, y_label);
	strbuf_release(&title);
}

static void success_panel(const struct table *t, struct strbuf *out)
{
	panel(out, t, "huge pages against reclaim (~)", "pages reclaimed", "huge pages obtained");
	strbuf_puts(out, "set format x '%.0s%c'\nset offsets graph 0.05, graph 0.05, graph 0.1, 0\n"
			 "plot ");
	for (size_t i = 0; i < t->nr_series; i++) {
		strbuf_printf(out, "%s'-' with yerrorbars pointtype %zu title ", i ? ", " : "",
			      i % 13 + 4);
		series_title(&t->series[i], out);
	}
	strbuf_puts(out, "\n");
	for (size_t i = 0; i < t->nr_series; i++) {
		const struct outcome *o = &t->series[i].run->outcome;

		strbuf_printf(out, "%lld %llu %lld %lld\ne\n",
			      (long long)o->pages_reclaimed.central,
			      (unsigned long long)o->huge_got, (long long)o->huge_success.low,
			      (long long)o->huge_success.high);
	}
	strbuf_puts(out, "set format x\nset offsets 0, 0, 0, 0\n");
}

/* The zone with the most pageblocks; where no map tells, the last one. */
static uint32_t main_zone(const struct table *t)
{
	uint32_t best = 0, most = 0;

	for (size_t i = 0; i < t->nr_series; i++) {
		const struct outcome *o = &t->series[i].run->outcome;

		if (!o->map.nr_zones && o->nr_zones && !most)
			best = o->nr_zones - 1;
		for (uint32_t z = 0; z < o->map.nr_zones; z++) {
			uint32_t blocks = o->map.zones[z].last - o->map.zones[z].first + 1;

			if (blocks > most) {
				most = blocks;
				best = z;
			}
		}
	}
	return best;
}

static void index_data(const struct outcome *o, uint32_t zone, uint32_t order, struct strbuf *out)
{
	for (size_t i = 0; i < o->nr_samples; i++)
		if (o->samples[i].zone == zone)
			strbuf_printf(out, "%.6f %.1f\n", (double)o->samples[i].time / 1e9,
				      o->samples[i].unusable[order] / 10.0);
	strbuf_puts(out, "e\n");
}

static bool has_samples(const struct table *t)
{
	for (size_t i = 0; i < t->nr_series; i++)
		if (t->series[i].run->outcome.nr_samples)
			return true;
	return false;
}

static void index_panel(const struct table *t, struct strbuf *out)
{
	uint32_t zone = main_zone(t), order = t->series[0].run->outcome.pageblock_order;
	const char *separator = "plot ";
	char what[96];

	if (order >= OUTCOME_NR_ORDERS)
		order = OUTCOME_NR_ORDERS - 1;
	snprintf(what, sizeof(what), "unusable free space, order %u, zone %.15s", order,
		 t->series[0].run->outcome.zones[zone].name);
	panel(out, t, what, "seconds", "%");
	strbuf_puts(out, "set yrange [0:105]\n");
	for (size_t i = 0; i < t->nr_series; i++) {
		if (!t->series[i].run->outcome.nr_samples)
			continue;
		strbuf_printf(out, "%s'-' with steps dashtype %zu linewidth 1.5 title ", separator,
			      i % 5 + 1);
		series_title(&t->series[i], out);
		separator = ", ";
	}
	strbuf_puts(out, "\n");
	for (size_t i = 0; i < t->nr_series; i++)
		if (t->series[i].run->outcome.nr_samples)
			index_data(&t->series[i].run->outcome, zone, order, out);
}

static void tuning_data(const struct tune_curve *c, bool range, struct strbuf *out)
{
	for (size_t i = 0; i < c->nr; i++) {
		const struct tune_row *row = &c->rows[i];
		const struct outcome *o = &row->outcome;

		/* Both ends of a stretch, so that the curve has steps. */
		for (int end = 0; end < 2; end++) {
			strbuf_printf(out, "%d", end ? row->to + 1 : row->from);
			if (range)
				strbuf_printf(out, " %lld %lld", (long long)o->huge_success.low,
					      (long long)o->huge_success.high);
			else
				strbuf_printf(out, " %llu", (unsigned long long)o->huge_got);
			strbuf_puts(out, "\n");
		}
	}
	strbuf_puts(out, "e\n");
}

static void tuning_panel(const struct table *t, const struct tune_curve *c, struct strbuf *out)
{
	char what[128];

	snprintf(what, sizeof(what), "vm.extfrag_threshold, policy %.60s", c->policy);
	panel(out, t, what, "vm.extfrag_threshold", "huge pages obtained");
	strbuf_puts(out, "set xrange [0:1000]\n"
			 "plot '-' with filledcurves fillcolor '#99bbdd' title 'range', "
			 "'-' with lines linewidth 2 title 'obtained'\n");
	tuning_data(c, true, out);
	tuning_data(c, false, out);
}

static size_t nr_panels(const struct table *t)
{
	return !!t->series[0].run->outcome.huge_wanted + has_samples(t) + t->nr_tunings;
}

static void table_panels(const struct table *t, struct strbuf *out)
{
	if (t->series[0].run->outcome.huge_wanted)
		success_panel(t, out);
	if (has_samples(t))
		index_panel(t, out);
	for (size_t i = 0; i < t->nr_tunings; i++)
		tuning_panel(t, &t->tunings[i]->curve, out);
}

static int make_script(const struct report *r, const char *terminal, struct strbuf *out,
		       struct error *err)
{
	size_t panels = 0, rows;

	for (size_t i = 0; i < r->nr_tables; i++)
		panels += nr_panels(&r->tables[i]);
	if (!panels)
		return error_set(err, "there is nothing to plot: no huge page was asked for and no "
				      "index samples are stored");
	if (r->nr_tables > MAX_TABLES)
		return error_set(
			err,
			"%zu captures are too many for one plot, at most %d; put fewer into "
			"a database of their own",
			r->nr_tables, MAX_TABLES);
	rows = (panels + 1) / 2;
	strbuf_printf(
		out,
		"set encoding utf8\nset terminal %s size %d,%zu noenhanced background '#ffffff'\n"
		"set multiplot layout %zu,2\nset grid\nset border 3\nset tics nomirror\n",
		terminal, 2 * PANEL_WIDTH, rows * PANEL_HEIGHT, rows);
	for (size_t i = 0; i < ARRAY_SIZE(colours); i++)
		strbuf_printf(out, "set linetype %zu linecolor rgb '%s'\n", i + 1, colours[i]);
	strbuf_printf(out, "set linetype cycle %zu\n", ARRAY_SIZE(colours));
	for (size_t i = 0; i < r->nr_tables; i++)
		table_panels(&r->tables[i], out);
	strbuf_puts(out, "unset multiplot\n");
	return 0;
}

/* ---- running gnuplot ---- */

/* All of @file, from its start. */
static void read_back(FILE *file, struct strbuf *out)
{
	char buffer[65536];
	size_t n;

	rewind(file);
	while ((n = fread(buffer, 1, sizeof(buffer), file)) > 0)
		strbuf_add(out, buffer, n);
}

static int start(pid_t *pid, FILE *in, FILE *out, FILE *said)
{
	static char name[] = "gnuplot", defaults[] = "--default-settings";
	char *const argv[] = {name, defaults, NULL};
	posix_spawn_file_actions_t actions;
	int rc;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fileno(in), STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, fileno(out), STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, fileno(said), STDERR_FILENO);
	rc = posix_spawnp(pid, name, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

static int complain(FILE *said, struct error *err)
{
	struct strbuf words;

	strbuf_init(&words);
	read_back(said, &words);
	for (size_t i = 0; i < words.len; i++)
		if (words.s[i] == '\n')
			words.s[i] = ' ';
	error_set(err, "gnuplot could not draw this: %.300s", words.s);
	strbuf_release(&words);
	return -1;
}

static int draw(FILE *in, FILE *out, FILE *said, struct error *err)
{
	int status = 0;
	pid_t pid;
	int rc = start(&pid, in, out, said);

	if (rc == ENOENT)
		return error_set(err,
				 "gnuplot is not installed, and plots are drawn by it; install it "
				 "(Debian: gnuplot-nox) or ask for .html, which needs nothing");
	if (rc)
		return error_set(err, "gnuplot cannot be started: %s", strerror(rc));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return complain(said, err);
	return 0;
}

static void close_if_open(FILE *file)
{
	if (file)
		fclose(file);
}

int report_plot(const struct report *r, const char *terminal, struct strbuf *out, struct error *err)
{
	FILE *in = tmpfile(), *drawn = tmpfile(), *said = tmpfile();
	struct strbuf script;
	int rc = -1;

	strbuf_init(&script);
	if (!in || !drawn || !said)
		error_set(err, "no temporary file: %s", strerror(errno));
	else
		rc = make_script(r, terminal, &script, err);
	if (!rc && (fwrite(script.s, 1, script.len, in) != script.len || fflush(in)))
		rc = error_set(err, "a temporary file cannot be written: %s", strerror(errno));
	if (!rc) {
		rewind(in);
		rc = draw(in, drawn, said, err);
	}
	if (!rc)
		read_back(drawn, out);
	if (!rc && !out->len)
		rc = complain(said, err);
	close_if_open(in);
	close_if_open(drawn);
	close_if_open(said);
	strbuf_release(&script);
	return rc;
}
