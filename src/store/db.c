// SPDX-License-Identifier: GPL-2.0-only
/* Opening, recognising and closing a database; errors in words. */
#include "store/db.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS 2000 /* how long another process may hold the database before we give up */

int db_error(struct store *s, const char *doing, struct error *err)
{
	switch (sqlite3_errcode(s->db) & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return error_set(err,
				 "%s: another process is using this database; try again when it "
				 "has ended, or give"
				 " another file with -d",
				 s->path);
	case SQLITE_NOTADB:
		return error_set(err,
				 "%s: this is not an SQLite database; give another file with -d",
				 s->path);
	case SQLITE_CORRUPT:
		return error_set(
			err,
			"%s: this database is damaged; give another file with -d and run again",
			s->path);
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return error_set(err,
				 "%s: cannot %s this database (%s); check the directory and its "
				 "permissions or"
				 " give another file with -d",
				 s->path, doing, sqlite3_errmsg(s->db));
	case SQLITE_FULL:
	case SQLITE_IOERR:
		return error_set(err,
				 "%s: cannot %s this database (%s); nothing of this run was "
				 "stored, make room or"
				 " give another file with -d",
				 s->path, doing, sqlite3_errmsg(s->db));
	default:
		return error_set(err, "%s: cannot %s this database: %s", s->path, doing,
				 sqlite3_errmsg(s->db));
	}
}

int db_exec(struct store *s, const char *sql, const char *doing, struct error *err)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return db_error(s, doing, err);
	return 0;
}

sqlite3_stmt *db_prepare(struct store *s, const char *sql, const char *doing, struct error *err)
{
	sqlite3_stmt *st = NULL;

	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK)
		db_error(s, doing, err);
	return st;
}

int db_step(struct store *s, sqlite3_stmt *st, struct error *err)
{
	int rc = sqlite3_step(st);

	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		db_error(s, "write", err);
	sqlite3_reset(st);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : -1;
}

void db_rollback(struct store *s)
{
	sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

void bind_text(sqlite3_stmt *st, int column, const char *text)
{
	sqlite3_bind_text(st, column, text, -1, SQLITE_TRANSIENT);
}

void column_text(sqlite3_stmt *st, int column, char *to, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(st, column);

	snprintf(to, size, "%s", text ? text : "");
}

static int query_int(struct store *s, const char *sql, int *value, struct error *err)
{
	sqlite3_stmt *st = db_prepare(s, sql, "read", err);
	int rc = -1;

	if (!st)
		return -1;
	if (sqlite3_step(st) == SQLITE_ROW) {
		*value = sqlite3_column_int(st, 0);
		rc = 0;
	} else {
		db_error(s, "read", err);
	}
	sqlite3_finalize(st);
	return rc;
}

/* Is it ours, and how old? An empty file is version 0: nothing is lost by taking it. */
static int recognise(struct store *s, int *version, struct error *err)
{
	int application, tables;

	if (query_int(s, "SELECT count(*) FROM sqlite_master", &tables, err) ||
	    query_int(s, "PRAGMA application_id", &application, err) ||
	    query_int(s, "PRAGMA user_version", version, err))
		return -1;
	if (application == STORE_APPLICATION_ID && *version > STORE_SCHEMA_VERSION)
		return error_set(err,
				 "%s: written by a newer zonereplay (database version %d, this "
				 "program knows %d);"
				 " use that one or give another file with -d",
				 s->path, *version, STORE_SCHEMA_VERSION);
	if (application == STORE_APPLICATION_ID && *version > 0)
		return 0;
	if (tables || application || *version)
		return error_set(err,
				 "%s: a database of some other program; give another file with -d",
				 s->path);
	return 0;
}

/*
 * Writes a page and takes it back, so that a database that cannot be written is refused before
 * hours of work. A new database stays an empty file until the first run is stored, see store_put().
 */
static int probe_writing(struct store *s, struct error *err)
{
	int rc = db_exec(s, "PRAGMA user_version = 0", "write", err);

	db_rollback(s);
	return rc;
}

static int open_for_writing(struct store *s, struct error *err)
{
	int version;

	if (db_exec(s, "BEGIN IMMEDIATE", "write", err))
		return -1;
	if (recognise(s, &version, err)) {
		db_rollback(s);
		return -1;
	}
	if (!version || version == STORE_SCHEMA_VERSION)
		return probe_writing(s, err);
	if (schema_migrate(s, version, err) || db_exec(s, "COMMIT", "write", err)) {
		db_rollback(s);
		return -1;
	}
	return 0;
}

/* An old database that we may only read is migrated in memory. */
static int migrate_copy(struct store *s, int version, struct error *err)
{
	sqlite3 *copy = NULL;
	sqlite3_backup *backup;

	if (sqlite3_open(":memory:", &copy) != SQLITE_OK)
		goto fail;
	backup = sqlite3_backup_init(copy, "main", s->db, "main");
	if (!backup)
		goto fail;
	sqlite3_backup_step(backup, -1);
	if (sqlite3_backup_finish(backup) != SQLITE_OK)
		goto fail;
	sqlite3_close(s->db);
	s->db = copy;
	return schema_migrate(s, version, err);
fail:
	error_set(err, "%s: cannot read this database of version %d: %s", s->path, version,
		  sqlite3_errmsg(copy));
	sqlite3_close(copy);
	return -1;
}

static int open_for_reading(struct store *s, struct error *err)
{
	int version;

	if (recognise(s, &version, err))
		return -1;
	if (!version)
		return error_set(err,
				 "%s: no results in this file; `zonereplay run` puts them there",
				 s->path);
	return version < STORE_SCHEMA_VERSION ? migrate_copy(s, version, err) : 0;
}

static int check_file(const char *path, enum store_mode mode, bool *exists, struct error *err)
{
	struct stat st;

	*exists = !stat(path, &st);
	if (*exists && S_ISDIR(st.st_mode))
		return error_set(err, "%s: a directory, not a database; give a file with -d", path);
	if (*exists && !S_ISREG(st.st_mode))
		return error_set(err, "%s: not a regular file; give another one with -d", path);
	if (!*exists && mode == STORE_READ)
		return error_set(
			err,
			"%s: %s; give the results database with -d, `zonereplay run` makes one",
			path, strerror(errno));
	return 0;
}

struct store *store_open(const char *path, enum store_mode mode, struct error *err)
{
	/* One thread uses a connection: thousands of rows come with a run, a mutex with each. */
	int flags = SQLITE_OPEN_NOMUTEX |
		    (mode == STORE_READ ? SQLITE_OPEN_READONLY
					: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
	struct store *s;
	bool exists;
	int rc;

	if (check_file(path, mode, &exists, err))
		return NULL;
	s = calloc(1, sizeof(*s));
	if (!s || !(s->path = strdup(path))) {
		free(s);
		error_set(err, "%s: out of memory", path);
		return NULL;
	}
	s->made = !exists;
	if (sqlite3_open_v2(path, &s->db, flags, NULL) != SQLITE_OK) {
		db_error(s, "open", err);
		store_close(s);
		return NULL;
	}
	sqlite3_busy_timeout(s->db, BUSY_MS);
	rc = mode == STORE_READ ? open_for_reading(s, err) : open_for_writing(s, err);
	if (!rc)
		rc = db_exec(s, "PRAGMA foreign_keys = ON", "open", err);
	if (rc) {
		store_close(s);
		return NULL;
	}
	return s;
}

static bool is_empty(const char *path)
{
	struct stat st;

	return !stat(path, &st) && st.st_size == 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	sqlite3_close(s->db);
	if (s->made && !s->stored && is_empty(s->path))
		unlink(s->path);
	free(s->path);
	free(s);
}
