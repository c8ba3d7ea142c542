/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside the store: the open database and the small wrappers around SQLite that its files share. */
#ifndef ZR_STORE_DB_H
#define ZR_STORE_DB_H

#include <sqlite3.h>

#include "store/store.h"

struct store {
	sqlite3 *db;
	char *path;
	bool made;   /* this call made the file */
	bool stored; /* something was committed to it */
};

/* The sentence for SQLite's last error; returns -1. @doing: "open", "write", "read". */
int db_error(struct store *s, const char *doing, struct error *err);
int db_exec(struct store *s, const char *sql, const char *doing, struct error *err);
sqlite3_stmt *db_prepare(struct store *s, const char *sql, const char *doing, struct error *err);
/* Runs a statement that gives no rows, and makes it ready for the next values. */
int db_step(struct store *s, sqlite3_stmt *st, struct error *err);
void db_rollback(struct store *s);

void bind_text(sqlite3_stmt *st, int column, const char *text);
/* Copies a text column, cut to fit; NULL becomes "". */
void column_text(sqlite3_stmt *st, int column, char *to, size_t size);

/* The row of a capture; and from CAPTURE_COLUMNS, the first of which is column @n: returns the next
 * column. */
int put_capture(struct store *s, const struct store_capture *c, struct error *err);
int read_capture(sqlite3_stmt *st, int n, struct store_capture *c);
#define CAPTURE_COLUMNS                                                                            \
	"c.capture, c.name, c.release, c.arch, c.initial_state, c.events, c.lost_events, "         \
	"c.fidelity"

/* The map of pageblocks of one run: map.c. An empty one leaves no rows. */
int map_put(struct store *s, int64_t run, const struct block_map *m, struct error *err);
int map_load(struct store *s, int64_t run, struct block_map *m, struct error *err);

/* Makes or migrates the tables inside the caller's transaction, from @version to
 * STORE_SCHEMA_VERSION. */
int schema_migrate(struct store *s, int version, struct error *err);

#endif
