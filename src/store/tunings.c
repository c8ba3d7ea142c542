// SPDX-License-Identifier: GPL-2.0-only
/* Curves over extfrag_threshold: a row per curve, and a row per range of thresholds. */
#include "store/db.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The figures of a row; the order is that of the columns. */
struct column {
	const char *name;
	size_t offset; /* in struct tune_row */
	bool ranged;
};
#define OF_OUTCOME(field) offsetof(struct tune_row, outcome.field)
static const struct column columns[] = {
	{"huge_wanted", OF_OUTCOME(huge_wanted), false},
	{"huge_got", OF_OUTCOME(huge_got), false},
	{"huge_success", OF_OUTCOME(huge_success), true},
	{"pages_reclaimed", OF_OUTCOME(pages_reclaimed), true},
	{"pages_migrated", offsetof(struct tune_row, pages_migrated), true},
	{"stall_ns", OF_OUTCOME(stall_ns), true},
	{"direct_reclaims", OF_OUTCOME(direct_reclaims), false},
	{"compact_stall", OF_OUTCOME(compact_stall), false},
	{"compact_success", OF_OUTCOME(compact_success), false},
	{"compact_fail", OF_OUTCOME(compact_fail), false},
};

/* ---- writing ---- */

static int put_row(struct store *s, const struct store_tuning *t, int64_t *id, struct error *err)
{
	const struct tune_curve *c = &t->curve;
	sqlite3_stmt *st = db_prepare(
		s,
		"INSERT INTO tunings (capture, policy, params, era, era_exact, scenarios,"
		" recorded_threshold, splits, rejoins, most_groups, living_milli, objective,"
		" recommended, verdict, program, command, finished)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
		" ON CONFLICT (capture, policy, params, era) DO UPDATE SET"
		" era_exact = excluded.era_exact, scenarios = excluded.scenarios,"
		" recorded_threshold = excluded.recorded_threshold, splits = excluded.splits,"
		" rejoins = excluded.rejoins, most_groups = excluded.most_groups,"
		" living_milli = excluded.living_milli, objective = excluded.objective,"
		" recommended = excluded.recommended, verdict = excluded.verdict,"
		" program = excluded.program, command = excluded.command,"
		" finished = excluded.finished RETURNING tuning",
		"write", err);
	int n = 1, rc;

	if (!st)
		return -1;
	bind_text(st, n++, t->capture.id);
	bind_text(st, n++, c->policy);
	bind_text(st, n++, c->params);
	bind_text(st, n++, c->era);
	sqlite3_bind_int(st, n++, c->era_exact);
	sqlite3_bind_int64(st, n++, (int64_t)c->nr_scenarios);
	sqlite3_bind_int64(st, n++, c->recorded_threshold);
	sqlite3_bind_int64(st, n++, (int64_t)c->cost.splits);
	sqlite3_bind_int64(st, n++, (int64_t)c->cost.rejoins);
	sqlite3_bind_int64(st, n++, (int64_t)c->cost.most);
	sqlite3_bind_int64(st, n++, (int64_t)t->living_milli);
	bind_text(st, n++, t->objective);
	if (t->recommended >= 0)
		sqlite3_bind_int(st, n, t->recommended);
	n++;
	bind_text(st, n++, t->verdict);
	bind_text(st, n++, t->provenance.program);
	bind_text(st, n++, t->provenance.command);
	sqlite3_bind_int64(st, n++, t->provenance.finished);
	rc = sqlite3_step(st) == SQLITE_ROW ? 0 : db_error(s, "write", err);
	*id = rc ? 0 : sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return rc;
}

static void insert_sql(struct strbuf *sql)
{
	strbuf_puts(sql, "INSERT INTO tuning_rows (tuning, threshold_from, threshold_to, resolved,"
			 " state_hash, assumption");
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		const char *name = columns[i].name;

		strbuf_printf(sql, ", %s", name);
		if (columns[i].ranged)
			strbuf_printf(sql, ", %s_low, %s_high", name, name);
	}
	strbuf_puts(sql, ") VALUES (?, ?, ?, ?, ?, ?");
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		strbuf_puts(sql, columns[i].ranged ? ", ?, ?, ?" : ", ?");
	strbuf_puts(sql, ")");
}

static int put_point(struct store *s, sqlite3_stmt *st, int64_t id, const struct tune_row *row,
		     struct error *err)
{
	char hash[17];
	int n = 1;

	snprintf(hash, sizeof(hash), "%016" PRIx64, row->outcome.state_hash);
	sqlite3_bind_int64(st, n++, id);
	sqlite3_bind_int(st, n++, row->from);
	sqlite3_bind_int(st, n++, row->to);
	sqlite3_bind_int(st, n++, row->resolved);
	bind_text(st, n++, hash);
	bind_text(st, n++, row->outcome.assumption);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		const char *field = (const char *)row + columns[i].offset;
		struct ranged r = {0, 0, 0};

		memcpy(&r, field, columns[i].ranged ? sizeof(r) : sizeof(r.central));
		sqlite3_bind_int64(st, n++, r.central);
		if (!columns[i].ranged)
			continue;
		sqlite3_bind_int64(st, n++, r.low);
		sqlite3_bind_int64(st, n++, r.high);
	}
	return db_step(s, st, err);
}

static int put_points(struct store *s, int64_t id, const struct tune_curve *c, struct error *err)
{
	struct strbuf sql;
	sqlite3_stmt *st;
	int rc = 0;

	strbuf_init(&sql);
	insert_sql(&sql);
	st = db_prepare(s, sql.s, "write", err);
	strbuf_release(&sql);
	if (!st)
		return -1;
	for (size_t i = 0; !rc && i < c->nr; i++)
		rc = put_point(s, st, id, &c->rows[i], err);
	sqlite3_finalize(st);
	return rc;
}

static int put_all(struct store *s, const struct store_tuning *t, struct error *err)
{
	char old[64];
	int64_t id;

	if (put_capture(s, &t->capture, err) || put_row(s, t, &id, err))
		return -1;
	snprintf(old, sizeof(old), "DELETE FROM tuning_rows WHERE tuning = %" PRId64, id);
	return db_exec(s, old, "write", err) || put_points(s, id, &t->curve, err) ? -1 : 0;
}

int store_put_tuning(struct store *s, const struct store_tuning *t, struct error *err)
{
	if (store_begin(s, err))
		return -1;
	if (put_all(s, t, err)) {
		db_rollback(s);
		return -1;
	}
	return store_end(s, true, err);
}

/* ---- reading ---- */

static void read_tuning(sqlite3_stmt *st, struct store_tuning *t)
{
	struct tune_curve *c = &t->curve;
	int n;

	*t = (struct store_tuning){.id = sqlite3_column_int64(st, 0)};
	n = read_capture(st, 1, &t->capture);
	column_text(st, n++, c->policy, sizeof(c->policy));
	column_text(st, n++, c->params, sizeof(c->params));
	column_text(st, n++, c->era, sizeof(c->era));
	c->era_exact = sqlite3_column_int(st, n++);
	c->nr_scenarios = (size_t)sqlite3_column_int64(st, n++);
	c->recorded_threshold = sqlite3_column_int64(st, n++);
	c->cost.splits = (uint64_t)sqlite3_column_int64(st, n++);
	c->cost.rejoins = (uint64_t)sqlite3_column_int64(st, n++);
	c->cost.most = (uint64_t)sqlite3_column_int64(st, n++);
	t->living_milli = (uint64_t)sqlite3_column_int64(st, n++);
	column_text(st, n++, t->objective, sizeof(t->objective));
	t->recommended = sqlite3_column_type(st, n) == SQLITE_NULL ? -1 : sqlite3_column_int(st, n);
	n++;
	column_text(st, n++, t->verdict, sizeof(t->verdict));
	column_text(st, n++, t->provenance.program, sizeof(t->provenance.program));
	column_text(st, n++, t->provenance.command, sizeof(t->provenance.command));
	t->provenance.finished = sqlite3_column_int64(st, n++);
	memcpy(c->capture, t->capture.name, sizeof(c->capture));
	memcpy(c->capture_id, t->capture.id, sizeof(c->capture_id));
}

static struct store_tuning *append(struct store_tunings *out)
{
	/* Grows at powers of two. */
	if (!(out->nr & (out->nr - 1))) {
		size_t room = out->nr ? 2 * out->nr : 1;
		struct store_tuning *v = realloc(out->v, room * sizeof(*v));

		if (!v)
			return NULL;
		out->v = v;
	}
	return &out->v[out->nr++];
}

static int load_tunings(struct store *s, struct store_tunings *out, struct error *err)
{
	sqlite3_stmt *st = db_prepare(
		s,
		"SELECT t.tuning, " CAPTURE_COLUMNS ", t.policy, t.params, t.era, t.era_exact,"
		" t.scenarios, t.recorded_threshold, t.splits, t.rejoins, t.most_groups,"
		" t.living_milli, t.objective, t.recommended, t.verdict, t.program, t.command,"
		" t.finished FROM tunings t JOIN captures c USING (capture) ORDER BY t.tuning",
		"read", err);
	int rc;

	if (!st)
		return -1;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct store_tuning *t = append(out);

		if (!t) {
			sqlite3_finalize(st);
			return error_set(err, "%s: out of memory", s->path);
		}
		read_tuning(st, t);
	}
	if (rc != SQLITE_DONE)
		db_error(s, "read", err);
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? 0 : -1;
}

static void select_sql(struct strbuf *sql)
{
	strbuf_puts(sql, "SELECT threshold_from, threshold_to, resolved, state_hash, assumption");
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		const char *name = columns[i].name;

		strbuf_printf(sql, ", %s", name);
		if (columns[i].ranged)
			strbuf_printf(sql, ", %s_low, %s_high", name, name);
	}
	strbuf_puts(sql, " FROM tuning_rows WHERE tuning = ? ORDER BY threshold_from");
}

static void read_point(sqlite3_stmt *st, struct tune_row *row)
{
	char hash[32];
	int n = 3;

	row->from = sqlite3_column_int(st, 0);
	row->to = sqlite3_column_int(st, 1);
	row->resolved = sqlite3_column_int(st, 2);
	column_text(st, n++, hash, sizeof(hash));
	row->outcome.state_hash = strtoull(hash, NULL, 16);
	column_text(st, n++, row->outcome.assumption, sizeof(row->outcome.assumption));
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		char *field = (char *)row + columns[i].offset;
		struct ranged r = {.central = sqlite3_column_int64(st, n++)};

		if (columns[i].ranged) {
			r.low = sqlite3_column_int64(st, n++);
			r.high = sqlite3_column_int64(st, n++);
		}
		memcpy(field, &r, columns[i].ranged ? sizeof(r) : sizeof(r.central));
	}
}

static int read_points(struct store *s, sqlite3_stmt *st, struct store_tuning *t, struct error *err)
{
	struct tune_curve *c = &t->curve;
	int32_t next = 0;
	int rc;

	sqlite3_bind_int64(st, 1, t->id);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct tune_row *row = &c->rows[c->nr];

		if (next > TUNE_MAX_THRESHOLD)
			break;
		read_point(st, row);
		if (row->from != next || row->to < row->from || row->to > TUNE_MAX_THRESHOLD)
			break;
		next = row->to + 1;
		c->nr++;
	}
	if (rc == SQLITE_DONE && next == TUNE_MAX_THRESHOLD + 1)
		return 0;
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		return db_error(s, "read", err);
	return error_set(err,
			 "%s: the rows of tuning %" PRId64
			 " do not cover 0 to 1000 without a gap; tune %s again",
			 s->path, t->id, c->capture);
}

static int load_points(struct store *s, struct store_tuning *t, struct error *err)
{
	struct strbuf sql;
	sqlite3_stmt *st;
	int rc;

	t->curve.rows = calloc(TUNE_MAX_THRESHOLD + 1, sizeof(*t->curve.rows));
	if (!t->curve.rows)
		return error_set(err, "%s: out of memory", s->path);
	strbuf_init(&sql);
	select_sql(&sql);
	st = db_prepare(s, sql.s, "read", err);
	strbuf_release(&sql);
	if (!st)
		return -1;
	rc = read_points(s, st, t, err);
	sqlite3_finalize(st);
	return rc;
}

int store_load_tunings(struct store *s, struct store_tunings *out, struct error *err)
{
	int rc;

	*out = (struct store_tunings){NULL, 0};
	rc = load_tunings(s, out, err);
	for (size_t i = 0; !rc && i < out->nr; i++)
		rc = load_points(s, &out->v[i], err);
	if (rc)
		store_tunings_release(out);
	return rc;
}

void store_tunings_release(struct store_tunings *t)
{
	for (size_t i = 0; i < t->nr; i++)
		tune_curve_release(&t->v[i].curve);
	free(t->v);
	*t = (struct store_tunings){NULL, 0};
}
