// SPDX-License-Identifier: GPL-2.0-only
/* Reading runs back into the structures they were stored from. */
#include "store/db.h"

#include <stdlib.h>
#include <string.h>

static void select_sql(struct strbuf *sb)
{
	strbuf_puts(
		sb,
		"SELECT r.run, " CAPTURE_COLUMNS
		", p.program, p.command, p.finished, p.events_per_second,"
		" r.window_from, r.window_to, r.injections, r.cut_percent, r.scenarios, r.policy, r.params, r.era, r.era_exact, "
		"r.initial_state,"
		" r.approximate_lru, r.pageblock_order, r.state_hash, r.assumption");
	for (size_t i = 0; i < store_nr_figures; i++) {
		const char *name = store_figures[i].name;

		strbuf_printf(sb, ", r.%s", name);
		if (store_figures[i].ranged)
			strbuf_printf(sb, ", r.%s_low, r.%s_high", name, name);
	}
	strbuf_puts(
		sb,
		" FROM runs r JOIN captures c USING (capture) LEFT JOIN provenance p USING (run)"
		" ORDER BY r.run");
}

static void read_figures(sqlite3_stmt *st, int n, struct outcome *o)
{
	for (size_t i = 0; i < store_nr_figures; i++) {
		char *field = (char *)o + store_figures[i].offset;
		struct ranged r;

		r.central = sqlite3_column_int64(st, n++);
		if (store_figures[i].ranged) {
			r.low = sqlite3_column_int64(st, n++);
			r.high = sqlite3_column_int64(st, n++);
			memcpy(field, &r, sizeof(r));
		} else {
			memcpy(field, &r.central, sizeof(uint64_t));
		}
	}
}

int read_capture(sqlite3_stmt *st, int n, struct store_capture *c)
{
	column_text(st, n++, c->id, sizeof(c->id));
	column_text(st, n++, c->name, sizeof(c->name));
	column_text(st, n++, c->release, sizeof(c->release));
	column_text(st, n++, c->arch, sizeof(c->arch));
	column_text(st, n++, c->initial_state, sizeof(c->initial_state));
	c->events = (uint64_t)sqlite3_column_int64(st, n++);
	c->lost_events = (uint64_t)sqlite3_column_int64(st, n++);
	c->fidelity = sqlite3_column_type(st, n) == SQLITE_NULL ? -1 : sqlite3_column_double(st, n);
	return n + 1;
}

static int read_outcome(sqlite3_stmt *st, int n, struct outcome *o)
{
	char hash[32];

	column_text(st, n++, o->policy, sizeof(o->policy));
	column_text(st, n++, o->params, sizeof(o->params));
	column_text(st, n++, o->era, sizeof(o->era));
	o->era_exact = sqlite3_column_int(st, n++);
	column_text(st, n++, o->initial_state, sizeof(o->initial_state));
	o->approximate_lru = sqlite3_column_int(st, n++);
	o->pageblock_order = (uint32_t)sqlite3_column_int(st, n++);
	column_text(st, n++, hash, sizeof(hash));
	o->state_hash = strtoull(hash, NULL, 16);
	column_text(st, n++, o->assumption, sizeof(o->assumption));
	return n;
}

static void read_run(sqlite3_stmt *st, struct store_run *run)
{
	struct outcome *o = &run->outcome;
	int n;

	memset(run, 0, sizeof(*run));
	run->id = sqlite3_column_int64(st, 0);
	n = read_capture(st, 1, &run->capture);
	column_text(st, n++, run->provenance.program, sizeof(run->provenance.program));
	column_text(st, n++, run->provenance.command, sizeof(run->provenance.command));
	run->provenance.finished = sqlite3_column_int64(st, n++);
	o->events_per_second = sqlite3_column_double(st, n++);
	run->from = (uint64_t)sqlite3_column_int64(st, n++);
	run->to = (uint64_t)sqlite3_column_int64(st, n++);
	column_text(st, n++, run->injections, sizeof(run->injections));
	run->cut_percent = (uint32_t)sqlite3_column_int(st, n++);
	run->scenarios = sqlite3_column_int(st, n++);
	memcpy(o->capture, run->capture.name, sizeof(o->capture));
	memcpy(o->capture_id, run->capture.id, sizeof(o->capture_id));
	n = read_outcome(st, n, o);
	read_figures(st, n, o);
}

static struct store_run *append_run(struct store_runs *out)
{
	/* Grows at powers of two. */
	if (!(out->nr & (out->nr - 1))) {
		size_t room = out->nr ? 2 * out->nr : 1;
		struct store_run *v = realloc(out->v, room * sizeof(*v));

		if (!v)
			return NULL;
		out->v = v;
	}
	return &out->v[out->nr++];
}

static int load_rows(struct store *s, struct store_runs *out, struct error *err)
{
	struct strbuf sql;
	sqlite3_stmt *st;
	int rc;

	strbuf_init(&sql);
	select_sql(&sql);
	st = db_prepare(s, sql.s, "read", err);
	strbuf_release(&sql);
	if (!st)
		return -1;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct store_run *run = append_run(out);

		if (!run) {
			sqlite3_finalize(st);
			return error_set(err, "%s: out of memory", s->path);
		}
		read_run(st, run);
	}
	if (rc != SQLITE_DONE)
		db_error(s, "read", err);
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? 0 : -1;
}

/* Rows of a query whose first column is a run, which is bound as ?1, handed to @row. */
static int each_row(struct store *s, const char *sql, struct store_run *run,
		    int (*row)(sqlite3_stmt *st, struct store_run *run), struct error *err)
{
	sqlite3_stmt *st = db_prepare(s, sql, "read", err);
	int rc;

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, run->id);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		if (row(st, run)) {
			sqlite3_finalize(st);
			return error_set(err,
					 "%s: run %lld has rows that make no sense; store it again",
					 s->path, (long long)run->id);
		}
	if (rc != SQLITE_DONE)
		db_error(s, "read", err);
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? 0 : -1;
}

static int order_row(sqlite3_stmt *st, struct store_run *run)
{
	int order = sqlite3_column_int(st, 0);
	struct order_outcome *of;

	if (order < 0 || order >= OUTCOME_NR_ORDERS)
		return -1;
	of = &run->outcome.orders[order];
	of->attempts = (uint64_t)sqlite3_column_int64(st, 1);
	of->successes = (uint64_t)sqlite3_column_int64(st, 2);
	of->fast = (uint64_t)sqlite3_column_int64(st, 3);
	of->slow = (uint64_t)sqlite3_column_int64(st, 4);
	return 0;
}

int store_load(struct store *s, struct store_runs *out, struct error *err)
{
	out->v = NULL;
	out->nr = 0;
	if (load_rows(s, out, err))
		goto fail;
	for (size_t i = 0; i < out->nr; i++)
		if (each_row(s,
			     "SELECT page_order, attempts, successes, fast, slow FROM run_orders "
			     "WHERE run = ?1",
			     &out->v[i], order_row, err))
			goto fail;
	return 0;
fail:
	store_runs_release(out);
	return -1;
}

double store_fidelity(struct store *s, const char *capture_id)
{
	sqlite3_stmt *st = db_prepare(
		s, "SELECT fidelity FROM captures WHERE capture = ? AND fidelity IS NOT NULL",
		"read", NULL);
	double percent = -1;

	if (!st) /* a new database has no tables yet */
		return -1;
	bind_text(st, 1, capture_id);
	if (sqlite3_step(st) == SQLITE_ROW)
		percent = sqlite3_column_double(st, 0);
	sqlite3_finalize(st);
	return percent;
}

static int zone_row(sqlite3_stmt *st, struct store_run *run)
{
	struct outcome *o = &run->outcome;
	int zone = sqlite3_column_int(st, 0);

	if (zone < 0 || zone >= MM_MAX_ZONES)
		return -1;
	if ((uint32_t)zone >= o->nr_zones)
		o->nr_zones = (uint32_t)zone + 1;
	o->zones[zone].node = sqlite3_column_int(st, 1);
	column_text(st, 2, o->zones[zone].name, sizeof(o->zones[zone].name));
	return 0;
}

/* Rows come by time, zone and order; a new time or zone begins a new sample. */
static int sample_row(sqlite3_stmt *st, struct store_run *run)
{
	struct outcome *o = &run->outcome;
	uint64_t time = (uint64_t)sqlite3_column_int64(st, 0);
	int zone = sqlite3_column_int(st, 1);
	int order = sqlite3_column_int(st, 2);
	struct index_sample *sample = o->nr_samples ? &o->samples[o->nr_samples - 1] : NULL;

	if (zone < 0 || zone >= MM_MAX_ZONES || order < 0 || order >= OUTCOME_NR_ORDERS)
		return -1;
	if (!sample || sample->time != time || sample->zone != (uint32_t)zone) {
		sample = &o->samples[o->nr_samples++];
		*sample = (struct index_sample){.time = time, .zone = (uint32_t)zone};
	}
	sample->fragindex[order] = (int16_t)sqlite3_column_int(st, 3);
	sample->unusable[order] = (int16_t)sqlite3_column_int(st, 4);
	sample->nr_free[order] = (uint32_t)sqlite3_column_int64(st, 5);
	return 0;
}

static int count_row(sqlite3_stmt *st, struct store_run *run)
{
	struct outcome *o = &run->outcome;

	o->samples = calloc((size_t)sqlite3_column_int64(st, 0) + 1, sizeof(*o->samples));
	o->probes = calloc((size_t)sqlite3_column_int64(st, 1) + 1, sizeof(*o->probes));
	return o->samples && o->probes ? 0 : -1;
}

static int probe_row(sqlite3_stmt *st, struct store_run *run)
{
	run->outcome.probes[run->outcome.nr_probes++] =
		(struct probe_sample){.time = (uint64_t)sqlite3_column_int64(st, 0),
				      .free = (uint32_t)sqlite3_column_int64(st, 1),
				      .compaction = (uint32_t)sqlite3_column_int64(st, 2),
				      .reclaim = (uint32_t)sqlite3_column_int64(st, 3)};
	return 0;
}

int store_load_samples(struct store *s, struct store_run *run, struct error *err)
{
	outcome_release(&run->outcome);
	run->outcome.nr_zones = 0;
	if (each_row(s, "SELECT zone, node, name FROM zones WHERE run = ?1", run, zone_row, err) ||
	    each_row(s,
		     "SELECT (SELECT count(*) FROM (SELECT DISTINCT time, zone FROM samples"
		     " WHERE run = ?1)), (SELECT count(*) FROM probes WHERE run = ?1)",
		     run, count_row, err) ||
	    map_load(s, run->id, &run->outcome.map, err) ||
	    each_row(s,
		     "SELECT time, from_free, with_compaction, with_reclaim FROM probes"
		     " WHERE run = ?1 ORDER BY time",
		     run, probe_row, err))
		return -1;
	return each_row(s,
			"SELECT time, zone, page_order, fragindex, unusable, nr_free FROM samples"
			" WHERE run = ?1 ORDER BY time, zone, page_order",
			run, sample_row, err);
}

void store_runs_release(struct store_runs *r)
{
	for (size_t i = 0; i < r->nr; i++)
		outcome_release(&r->v[i].outcome);
	free(r->v);
	r->v = NULL;
	r->nr = 0;
}
