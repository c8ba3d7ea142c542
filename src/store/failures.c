// SPDX-License-Identifier: GPL-2.0-only
/* Explained failures and polluters of a run. */
#include "store/db.h"

#include <stdlib.h>
#include <string.h>

/* The row of @run: its number where it was loaded, else found by its key. */
static int64_t find_row(struct store *s, const struct store_run *run, struct error *err)
{
	sqlite3_stmt *st;
	int64_t id = -1;

	if (run->id)
		return run->id;
	st = db_prepare(s,
			"SELECT run FROM runs WHERE capture = ? AND policy = ? AND params = ? AND"
			" era = ? AND window_from = ? AND window_to = ? AND injections = ? AND"
			" cut_percent = ?",
			"read", err);
	if (!st)
		return -1;
	bind_text(st, 1, run->capture.id);
	bind_text(st, 2, run->outcome.policy);
	bind_text(st, 3, run->outcome.params);
	bind_text(st, 4, run->outcome.era);
	sqlite3_bind_int64(st, 5, (int64_t)run->from);
	sqlite3_bind_int64(st, 6, (int64_t)run->to);
	bind_text(st, 7, run->injections);
	sqlite3_bind_int64(st, 8, run->cut_percent);
	if (sqlite3_step(st) == SQLITE_ROW)
		id = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	if (id < 0)
		error_set(err, "%s: the run that is explained was not stored", s->path);
	return id;
}

static int put_failure(struct store *s, sqlite3_stmt *st, int64_t id, const struct store_failure *f,
		       struct error *err)
{
	sqlite3_bind_int64(st, 1, id);
	sqlite3_bind_int64(st, 2, (int64_t)f->number);
	sqlite3_bind_int64(st, 3, (int64_t)f->extra);
	sqlite3_bind_int64(st, 4, (int64_t)f->time);
	sqlite3_bind_int64(st, 5, f->order);
	sqlite3_bind_int64(st, 6, f->pid);
	bind_text(st, 7, f->comm);
	bind_text(st, 8, f->verdict);
	bind_text(st, 9, f->explanation);
	return db_step(s, st, err);
}

static int put_polluter(struct store *s, sqlite3_stmt *st, int64_t id, size_t rank,
			const struct store_polluter *p, struct error *err)
{
	sqlite3_bind_int64(st, 1, id);
	sqlite3_bind_int64(st, 2, (int64_t)rank);
	bind_text(st, 3, p->kind);
	bind_text(st, 4, p->comm);
	sqlite3_bind_int64(st, 5, (int64_t)p->blocks_milli);
	sqlite3_bind_int64(st, 6, (int64_t)p->alone_milli);
	sqlite3_bind_int64(st, 7, (int64_t)p->pages_milli);
	return db_step(s, st, err);
}

static int delete_old(struct store *s, int64_t id, struct error *err)
{
	char sql[128];

	snprintf(sql, sizeof(sql),
		 "DELETE FROM failures WHERE run = %lld; DELETE FROM polluters WHERE run = %lld",
		 (long long)id, (long long)id);
	return db_exec(s, sql, "write", err);
}

static int put_rows(struct store *s, int64_t id, const struct store_failures *f, struct error *err)
{
	sqlite3_stmt *failure, *polluter;
	int rc = -1;

	failure = db_prepare(s, "INSERT INTO failures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", "write",
			     err);
	polluter = db_prepare(s, "INSERT INTO polluters VALUES (?, ?, ?, ?, ?, ?, ?)", "write",
			      failure ? err : NULL);
	if (failure && polluter)
		rc = delete_old(s, id, err);
	for (size_t i = 0; !rc && i < f->nr_failures; i++)
		rc = put_failure(s, failure, id, &f->failures[i], err);
	for (size_t i = 0; !rc && i < f->nr_polluters; i++)
		rc = put_polluter(s, polluter, id, i + 1, &f->polluters[i], err);
	sqlite3_finalize(failure);
	sqlite3_finalize(polluter);
	return rc;
}

int store_put_failures(struct store *s, const struct store_run *run, const struct store_failures *f,
		       struct error *err)
{
	bool alone = sqlite3_get_autocommit(s->db);
	int64_t id = find_row(s, run, err);

	if (id < 0)
		return -1;
	if (!alone)
		return put_rows(s, id, f, err);
	if (store_begin(s, err))
		return -1;
	if (put_rows(s, id, f, err)) {
		db_rollback(s);
		return -1;
	}
	return store_end(s, true, err);
}

/* ---- reading ---- */

static int read_failure(sqlite3_stmt *st, struct store_failures *out)
{
	struct store_failure *v =
		realloc(out->failures, (out->nr_failures + 1) * sizeof(*out->failures));
	const char *text = (const char *)sqlite3_column_text(st, 7);
	struct store_failure *f;

	if (!v)
		return -1;
	out->failures = v;
	f = &v[out->nr_failures];
	*f = (struct store_failure){.number = (uint64_t)sqlite3_column_int64(st, 0),
				    .extra = (uint64_t)sqlite3_column_int64(st, 1),
				    .time = (uint64_t)sqlite3_column_int64(st, 2),
				    .order = (uint32_t)sqlite3_column_int64(st, 3),
				    .pid = (uint32_t)sqlite3_column_int64(st, 4),
				    .explanation = strdup(text ? text : "")};
	column_text(st, 5, f->comm, sizeof(f->comm));
	column_text(st, 6, f->verdict, sizeof(f->verdict));
	out->nr_failures++;
	return f->explanation ? 0 : -1;
}

static int read_polluter(sqlite3_stmt *st, struct store_failures *out)
{
	struct store_polluter *v =
		realloc(out->polluters, (out->nr_polluters + 1) * sizeof(*out->polluters));
	struct store_polluter *p;

	if (!v)
		return -1;
	out->polluters = v;
	p = &v[out->nr_polluters++];
	*p = (struct store_polluter){.blocks_milli = (uint64_t)sqlite3_column_int64(st, 2),
				     .alone_milli = (uint64_t)sqlite3_column_int64(st, 3),
				     .pages_milli = (uint64_t)sqlite3_column_int64(st, 4)};
	column_text(st, 0, p->kind, sizeof(p->kind));
	column_text(st, 1, p->comm, sizeof(p->comm));
	return 0;
}

static int load_rows(struct store *s, const char *sql, int64_t id, struct store_failures *out,
		     int (*row)(sqlite3_stmt *st, struct store_failures *out), struct error *err)
{
	sqlite3_stmt *st = db_prepare(s, sql, "read", err);
	int rc;

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, id);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		if (row(st, out)) {
			sqlite3_finalize(st);
			return error_set(err, "%s: out of memory", s->path);
		}
	if (rc != SQLITE_DONE)
		db_error(s, "read", err);
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? 0 : -1;
}

int store_load_failures(struct store *s, const struct store_run *run, struct store_failures *out,
			struct error *err)
{
	memset(out, 0, sizeof(*out));
	if (!load_rows(s,
		       "SELECT number, extra, time, page_order, pid, comm, verdict, explanation"
		       " FROM failures WHERE run = ?1 ORDER BY number, extra",
		       run->id, out, read_failure, err) &&
	    !load_rows(s,
		       "SELECT kind, comm, blocks_milli, alone_milli, pages_milli FROM polluters"
		       " WHERE run = ?1 ORDER BY rank",
		       run->id, out, read_polluter, err))
		return 0;
	store_failures_release(out);
	return -1;
}

void store_failures_release(struct store_failures *f)
{
	for (size_t i = 0; i < f->nr_failures; i++)
		free(f->failures[i].explanation);
	free(f->failures);
	free(f->polluters);
	memset(f, 0, sizeof(*f));
}
