// SPDX-License-Identifier: GPL-2.0-only
/* Storing a run: the capture it came from, its row, and the rows that hang on it, in one
 * transaction. */
#include "store/db.h"

#include <string.h>

int put_capture(struct store *s, const struct store_capture *c, struct error *err)
{
	/* What verify found stays when this run does not know it. */
	sqlite3_stmt *st =
		db_prepare(s,
			   "INSERT INTO captures VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
			   " ON CONFLICT (capture) DO UPDATE SET name = excluded.name,"
			   " release = excluded.release, arch = excluded.arch,"
			   " initial_state = excluded.initial_state, events = excluded.events,"
			   " lost_events = excluded.lost_events,"
			   " fidelity = coalesce(excluded.fidelity, fidelity)",
			   "write", err);
	int rc;

	if (!st)
		return -1;
	bind_text(st, 1, c->id);
	bind_text(st, 2, c->name);
	bind_text(st, 3, c->release);
	bind_text(st, 4, c->arch);
	bind_text(st, 5, c->initial_state);
	sqlite3_bind_int64(st, 6, (int64_t)c->events);
	sqlite3_bind_int64(st, 7, (int64_t)c->lost_events);
	if (c->fidelity >= 0)
		sqlite3_bind_double(st, 8, c->fidelity);
	rc = db_step(s, st, err);
	sqlite3_finalize(st);
	return rc;
}

/* ---- the row in `runs` ---- */

static const char *const key_columns[] = {"capture",	 "policy",    "params",	    "era",
					  "window_from", "window_to", "injections", "cut_percent"};
static const char *const plain_columns[] = {"era_exact",       "initial_state", "approximate_lru",
					    "pageblock_order", "state_hash",	"assumption",
					    "scenarios"};

/* Every column that is written and is not part of the key is handed to @add, in the order of
 * bind_run(). */
static void each_column(void (*add)(struct strbuf *sb, const char *column), struct strbuf *sb)
{
	char name[64];

	for (size_t i = 0; i < ARRAY_SIZE(plain_columns); i++)
		add(sb, plain_columns[i]);
	for (size_t i = 0; i < store_nr_figures; i++) {
		add(sb, store_figures[i].name);
		if (!store_figures[i].ranged)
			continue;
		snprintf(name, sizeof(name), "%s_low", store_figures[i].name);
		add(sb, name);
		snprintf(name, sizeof(name), "%s_high", store_figures[i].name);
		add(sb, name);
	}
}

static void add_name(struct strbuf *sb, const char *column)
{
	strbuf_printf(sb, ", %s", column);
}

static void add_placeholder(struct strbuf *sb, const char *column)
{
	strbuf_puts(sb, ", ?");
}

static void add_update(struct strbuf *sb, const char *column)
{
	strbuf_printf(sb, "%s%s = excluded.%s", strcmp(column, plain_columns[0]) ? ", " : "",
		      column, column);
}

static void upsert_sql(struct strbuf *sb)
{
	const char *comma = "";

	strbuf_puts(sb, "INSERT INTO runs (");
	for (size_t i = 0; i < ARRAY_SIZE(key_columns); i++, comma = ", ")
		strbuf_printf(sb, "%s%s", comma, key_columns[i]);
	each_column(add_name, sb);
	strbuf_puts(sb, ") VALUES (?, ?, ?, ?, ?, ?, ?, ?");
	each_column(add_placeholder, sb);
	strbuf_puts(sb, ") ON CONFLICT DO UPDATE SET ");
	each_column(add_update, sb);
	strbuf_puts(sb, " RETURNING run");
}

static void bind_run(sqlite3_stmt *st, const struct store_run *run)
{
	const struct outcome *o = &run->outcome;
	char hash[17];
	int n = 1;

	snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)o->state_hash);
	bind_text(st, n++, run->capture.id);
	bind_text(st, n++, o->policy);
	bind_text(st, n++, o->params);
	bind_text(st, n++, o->era);
	sqlite3_bind_int64(st, n++, (int64_t)run->from);
	sqlite3_bind_int64(st, n++, (int64_t)run->to);
	bind_text(st, n++, run->injections);
	sqlite3_bind_int64(st, n++, run->cut_percent);
	sqlite3_bind_int(st, n++, o->era_exact);
	bind_text(st, n++, o->initial_state);
	sqlite3_bind_int(st, n++, o->approximate_lru);
	sqlite3_bind_int(st, n++, (int)o->pageblock_order);
	bind_text(st, n++, hash);
	bind_text(st, n++, o->assumption);
	sqlite3_bind_int(st, n++, run->scenarios);
	for (size_t i = 0; i < store_nr_figures; i++) {
		struct ranged r = figure_get(&store_figures[i], o);

		sqlite3_bind_int64(st, n++, r.central);
		if (store_figures[i].ranged) {
			sqlite3_bind_int64(st, n++, r.low);
			sqlite3_bind_int64(st, n++, r.high);
		}
	}
}

/*
 * Inserts the row or replaces the one with the same key; @id keeps its value over a replacement.
 * @inserted: there was no such row, so nothing hangs on it yet.
 */
static int put_row(struct store *s, const struct store_run *run, int64_t *id, bool *inserted,
		   struct error *err)
{
	struct strbuf sql;
	sqlite3_stmt *st;
	int rc = -1;

	strbuf_init(&sql);
	upsert_sql(&sql);
	st = db_prepare(s, sql.s, "write", err);
	strbuf_release(&sql);
	if (!st)
		return -1;
	bind_run(st, run);
	/* An update leaves it alone, and no row has the number 0. */
	sqlite3_set_last_insert_rowid(s->db, 0);
	if (sqlite3_step(st) == SQLITE_ROW) {
		*id = sqlite3_column_int64(st, 0);
		rc = 0;
	} else {
		db_error(s, "write", err);
	}
	/* RETURNING: the row is written only when the statement has run to its end. */
	if (!rc && sqlite3_step(st) != SQLITE_DONE)
		rc = db_error(s, "write", err);
	*inserted = sqlite3_last_insert_rowid(s->db) != 0;
	sqlite3_finalize(st);
	return rc;
}

/* ---- what hangs on the row ---- */

static int delete_children(struct store *s, int64_t id, struct error *err)
{
	static const char *const tables[] = {"params",
					     "run_orders",
					     "zones",
					     "samples",
					     "probes",
					     "provenance",
					     "failures",
					     "polluters",
					     "block_maps",
					     "block_map_zones",
					     "block_map_moments",
					     "block_map_scans"};
	char sql[96];

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		snprintf(sql, sizeof(sql), "DELETE FROM %s WHERE run = %lld", tables[i],
			 (long long)id);
		if (db_exec(s, sql, "write", err))
			return -1;
	}
	return 0;
}

/* "key=value,key=value" as params_format() writes it, one row each. */
static int put_params(struct store *s, int64_t id, const char *params, struct error *err)
{
	sqlite3_stmt *st = db_prepare(s, "INSERT INTO params VALUES (?, ?, ?)", "write", err);
	int rc = 0;

	if (!st)
		return -1;
	while (!rc && *params) {
		size_t len = strcspn(params, ",");
		const char *equals = memchr(params, '=', len);
		size_t key_len = equals ? (size_t)(equals - params) : len;
		size_t skip = equals ? key_len + 1 : len;

		sqlite3_bind_int64(st, 1, id);
		sqlite3_bind_text(st, 2, params, (int)key_len, SQLITE_TRANSIENT);
		sqlite3_bind_text(st, 3, params + skip, (int)(len - skip), SQLITE_TRANSIENT);
		rc = db_step(s, st, err);
		params += len + (params[len] == ',');
	}
	sqlite3_finalize(st);
	return rc;
}

/* Orders that nobody asked for have no row. */
static int put_orders(struct store *s, int64_t id, const struct outcome *o, struct error *err)
{
	sqlite3_stmt *st =
		db_prepare(s, "INSERT INTO run_orders VALUES (?, ?, ?, ?, ?, ?)", "write", err);
	int rc = 0;

	if (!st)
		return -1;
	for (int order = 0; !rc && order < OUTCOME_NR_ORDERS; order++) {
		const struct order_outcome *of = &o->orders[order];

		if (!of->attempts)
			continue;
		sqlite3_bind_int64(st, 1, id);
		sqlite3_bind_int(st, 2, order);
		sqlite3_bind_int64(st, 3, (int64_t)of->attempts);
		sqlite3_bind_int64(st, 4, (int64_t)of->successes);
		sqlite3_bind_int64(st, 5, (int64_t)of->fast);
		sqlite3_bind_int64(st, 6, (int64_t)of->slow);
		rc = db_step(s, st, err);
	}
	sqlite3_finalize(st);
	return rc;
}

static int put_zones(struct store *s, int64_t id, const struct outcome *o, struct error *err)
{
	sqlite3_stmt *st = db_prepare(s, "INSERT INTO zones VALUES (?, ?, ?, ?)", "write", err);
	int rc = 0;

	if (!st)
		return -1;
	for (uint32_t z = 0; !rc && z < o->nr_zones; z++) {
		sqlite3_bind_int64(st, 1, id);
		sqlite3_bind_int(st, 2, (int)z);
		sqlite3_bind_int(st, 3, o->zones[z].node);
		bind_text(st, 4, o->zones[z].name);
		rc = db_step(s, st, err);
	}
	sqlite3_finalize(st);
	return rc;
}

/* A row per order, all in one statement: thousands of rows come with every run. */
static void samples_sql(struct strbuf *sql)
{
	/* Two samples of one moment: the later one is what the moment left behind. */
	strbuf_puts(sql, "INSERT OR REPLACE INTO samples VALUES ");
	for (int order = 0; order < OUTCOME_NR_ORDERS; order++)
		strbuf_printf(sql, "%s(?1, ?2, ?3, %d, ?%d, ?%d, ?%d)", order ? ", " : "", order,
			      3 * order + 4, 3 * order + 5, 3 * order + 6);
}

static int put_sample(struct store *s, sqlite3_stmt *st, int64_t id,
		      const struct index_sample *sample, struct error *err)
{
	sqlite3_bind_int64(st, 1, id);
	sqlite3_bind_int64(st, 2, (int64_t)sample->time);
	sqlite3_bind_int(st, 3, (int)sample->zone);
	for (int order = 0; order < OUTCOME_NR_ORDERS; order++) {
		sqlite3_bind_int(st, 3 * order + 4, sample->fragindex[order]);
		sqlite3_bind_int(st, 3 * order + 5, sample->unusable[order]);
		sqlite3_bind_int64(st, 3 * order + 6, sample->nr_free[order]);
	}
	return db_step(s, st, err);
}

static int put_samples(struct store *s, int64_t id, const struct outcome *o, struct error *err)
{
	struct strbuf sql;
	sqlite3_stmt *st;
	int rc = 0;

	strbuf_init(&sql);
	samples_sql(&sql);
	st = db_prepare(s, sql.s, "write", err);
	strbuf_release(&sql);
	if (!st)
		return -1;
	for (size_t i = 0; !rc && i < o->nr_samples; i++)
		rc = put_sample(s, st, id, &o->samples[i], err);
	sqlite3_finalize(st);
	return rc;
}

static int put_probes(struct store *s, int64_t id, const struct outcome *o, struct error *err)
{
	sqlite3_stmt *st =
		db_prepare(s, "INSERT OR REPLACE INTO probes VALUES (?, ?, ?, ?, ?)", "write", err);
	int rc = 0;

	if (!st)
		return -1;
	for (size_t i = 0; !rc && i < o->nr_probes; i++) {
		sqlite3_bind_int64(st, 1, id);
		sqlite3_bind_int64(st, 2, (int64_t)o->probes[i].time);
		sqlite3_bind_int64(st, 3, o->probes[i].free);
		sqlite3_bind_int64(st, 4, o->probes[i].compaction);
		sqlite3_bind_int64(st, 5, o->probes[i].reclaim);
		rc = db_step(s, st, err);
	}
	sqlite3_finalize(st);
	return rc;
}

static int put_provenance(struct store *s, int64_t id, const struct store_run *run,
			  struct error *err)
{
	sqlite3_stmt *st =
		db_prepare(s, "INSERT INTO provenance VALUES (?, ?, ?, ?, ?)", "write", err);
	int rc;

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, id);
	bind_text(st, 2, run->provenance.program);
	bind_text(st, 3, run->provenance.command);
	sqlite3_bind_int64(st, 4, run->provenance.finished);
	sqlite3_bind_double(st, 5, run->outcome.events_per_second);
	rc = db_step(s, st, err);
	sqlite3_finalize(st);
	return rc;
}

/* ---- the transaction ---- */

static int put_all(struct store *s, const struct store_run *run, struct error *err)
{
	bool inserted;
	int64_t id;

	if (put_capture(s, &run->capture, err) || put_row(s, run, &id, &inserted, err) ||
	    (!inserted && delete_children(s, id, err)) ||
	    put_params(s, id, run->outcome.params, err) || put_orders(s, id, &run->outcome, err) ||
	    put_zones(s, id, &run->outcome, err) || put_samples(s, id, &run->outcome, err) ||
	    put_probes(s, id, &run->outcome, err) || map_put(s, id, &run->outcome.map, err))
		return -1;
	return put_provenance(s, id, run, err);
}

/* An empty file gets its tables together with the first run. */
static int make_tables(struct store *s, struct error *err)
{
	sqlite3_stmt *st = db_prepare(s, "SELECT count(*) FROM sqlite_master", "read", err);
	int tables = -1;

	if (!st)
		return -1;
	if (sqlite3_step(st) == SQLITE_ROW)
		tables = sqlite3_column_int(st, 0);
	else
		db_error(s, "read", err);
	sqlite3_finalize(st);
	if (tables < 0)
		return -1;
	return tables ? 0 : schema_migrate(s, 0, err);
}

int store_begin(struct store *s, struct error *err)
{
	if (db_exec(s, "BEGIN IMMEDIATE", "write", err))
		return -1;
	if (make_tables(s, err)) {
		db_rollback(s);
		return -1;
	}
	return 0;
}

int store_end(struct store *s, bool keep, struct error *err)
{
	if (keep && !db_exec(s, "COMMIT", "write", err)) {
		s->stored = true;
		return 0;
	}
	db_rollback(s);
	return keep ? -1 : 0;
}

int store_put(struct store *s, const struct store_run *run, struct error *err)
{
	bool alone = sqlite3_get_autocommit(s->db);

	if (!alone)
		return put_all(s, run, err);
	if (store_begin(s, err))
		return -1;
	if (put_all(s, run, err)) {
		db_rollback(s);
		return -1;
	}
	return store_end(s, true, err);
}

int store_set_fidelity(struct store *s, const char *capture_id, double percent, struct error *err)
{
	sqlite3_stmt *st =
		db_prepare(s, "UPDATE captures SET fidelity = ? WHERE capture = ?", "write", err);
	int rc;

	if (!st)
		return -1;
	sqlite3_bind_double(st, 1, percent);
	bind_text(st, 2, capture_id);
	rc = db_step(s, st, err);
	sqlite3_finalize(st);
	return rc;
}
