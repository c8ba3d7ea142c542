// SPDX-License-Identifier: GPL-2.0-only
/* The map of pageblocks over time, stored as the replay packed it. */
#include <stdlib.h>
#include <string.h>

#include "store/db.h"

#define MAX_MOMENTS 100000
#define MAX_BLOCKS (1 << 24)

/* ---- storing ---- */

/* One row of integers, the first of them the run. */
static int put_row(struct store *s, sqlite3_stmt *st, int64_t run, const int64_t *values, int n,
		   struct error *err)
{
	sqlite3_bind_int64(st, 1, run);
	for (int i = 0; i < n; i++)
		sqlite3_bind_int64(st, 2 + i, values[i]);
	return db_step(s, st, err);
}

static int put_data(struct store *s, int64_t run, const struct block_map *m, struct error *err)
{
	sqlite3_stmt *st =
		db_prepare(s, "INSERT INTO block_maps VALUES (?, ?, ?, ?, ?)", "write", err);
	int rc;

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, run);
	sqlite3_bind_int64(st, 2, (int64_t)m->base_pfn);
	sqlite3_bind_int64(st, 3, m->nr_blocks);
	sqlite3_bind_int64(st, 4, m->nr_moments);
	sqlite3_bind_blob64(st, 5, m->data, m->len, SQLITE_TRANSIENT);
	rc = db_step(s, st, err);
	sqlite3_finalize(st);
	return rc;
}

static int put_zones(struct store *s, int64_t run, const struct block_map *m, struct error *err)
{
	sqlite3_stmt *st =
		db_prepare(s, "INSERT INTO block_map_zones VALUES (?, ?, ?, ?)", "write", err);
	int rc = st ? 0 : -1;

	for (uint32_t z = 0; !rc && z < m->nr_zones; z++)
		rc = put_row(s, st, run, (int64_t[]){z, m->zones[z].first, m->zones[z].last}, 3,
			     err);
	sqlite3_finalize(st);
	return rc;
}

static int put_moments(struct store *s, int64_t run, const struct block_map *m, struct error *err)
{
	sqlite3_stmt *st =
		db_prepare(s, "INSERT INTO block_map_moments VALUES (?, ?, ?, ?, ?)", "write", err);
	int rc = st ? 0 : -1;

	for (uint32_t i = 0; !rc && i < m->nr_moments; i++) {
		const struct block_map_moment *at = &m->moments[i];

		rc = put_row(s, st, run,
			     (int64_t[]){i, (int64_t)at->time, (int64_t)at->migrated,
					 (int64_t)at->reclaimed},
			     4, err);
	}
	sqlite3_finalize(st);
	return rc;
}

static int put_scans(struct store *s, int64_t run, const struct block_map *m, struct error *err)
{
	sqlite3_stmt *st = db_prepare(s, "INSERT INTO block_map_scans VALUES (?, ?, ?, ?, ?, ?, ?)",
				      "write", err);
	int rc = st ? 0 : -1;

	for (uint32_t i = 0; !rc && i < m->nr_scans; i++) {
		const struct block_map_scan *scan = &m->scans[i];

		rc = put_row(s, st, run,
			     (int64_t[]){scan->moment, scan->zone, scan->migrate_first,
					 scan->migrate_last, scan->free_first, scan->free_last},
			     6, err);
	}
	sqlite3_finalize(st);
	return rc;
}

int map_put(struct store *s, int64_t run, const struct block_map *m, struct error *err)
{
	if (!m->nr_moments)
		return 0;
	if (put_data(s, run, m, err) || put_zones(s, run, m, err) || put_moments(s, run, m, err))
		return -1;
	return put_scans(s, run, m, err);
}

/* ---- reading ---- */

static bool take_data(sqlite3_stmt *st, struct block_map *m)
{
	int64_t blocks = sqlite3_column_int64(st, 1), moments = sqlite3_column_int64(st, 2);
	int len = sqlite3_column_bytes(st, 3);

	if (blocks < 1 || blocks > MAX_BLOCKS || moments < 1 || moments > MAX_MOMENTS || len < 1)
		return false;
	m->base_pfn = (uint64_t)sqlite3_column_int64(st, 0);
	m->nr_blocks = (uint32_t)blocks;
	m->data = malloc((size_t)len);
	m->moments = calloc((size_t)moments, sizeof(*m->moments));
	m->scans = calloc((size_t)moments * MM_MAX_ZONES, sizeof(*m->scans));
	if (!m->data || !m->moments || !m->scans)
		return false;
	memcpy(m->data, sqlite3_column_blob(st, 3), (size_t)len);
	m->len = (size_t)len;
	m->nr_moments = (uint32_t)moments;
	return true;
}

static bool take_zone(sqlite3_stmt *st, struct block_map *m)
{
	int64_t zone = sqlite3_column_int64(st, 0);
	int64_t first = sqlite3_column_int64(st, 1), last = sqlite3_column_int64(st, 2);

	if (zone != m->nr_zones || zone >= MM_MAX_ZONES || first < 0 || last < first ||
	    last >= m->nr_blocks)
		return false;
	m->zones[m->nr_zones++] =
		(struct block_map_zone){.first = (uint32_t)first, .last = (uint32_t)last};
	return true;
}

static bool take_moment(sqlite3_stmt *st, struct block_map *m)
{
	int64_t moment = sqlite3_column_int64(st, 0);

	if (moment < 0 || moment >= m->nr_moments)
		return false;
	m->moments[moment] = (struct block_map_moment){
		.time = (uint64_t)sqlite3_column_int64(st, 1),
		.migrated = (uint64_t)sqlite3_column_int64(st, 2),
		.reclaimed = (uint64_t)sqlite3_column_int64(st, 3),
	};
	return true;
}

static bool take_scan(sqlite3_stmt *st, struct block_map *m)
{
	struct block_map_scan *scan = &m->scans[m->nr_scans];
	uint32_t *const fields[] = {&scan->moment,	 &scan->zone,	    &scan->migrate_first,
				    &scan->migrate_last, &scan->free_first, &scan->free_last};

	if (m->nr_scans == m->nr_moments * MM_MAX_ZONES)
		return false;
	for (int i = 0; i < (int)ARRAY_SIZE(fields); i++) {
		int64_t value = sqlite3_column_int64(st, i);

		if (value < 0 || value > UINT32_MAX)
			return false;
		*fields[i] = (uint32_t)value;
	}
	m->nr_scans++;
	return scan->moment < m->nr_moments && scan->zone < m->nr_zones;
}

static int each(struct store *s, const char *sql, int64_t run, struct block_map *m,
		bool (*row)(sqlite3_stmt *st, struct block_map *m), struct error *err)
{
	sqlite3_stmt *st = db_prepare(s, sql, "read", err);
	int rc = SQLITE_ERROR;

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, run);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		if (!row(st, m)) {
			sqlite3_finalize(st);
			return error_set(err,
					 "%s: the map of pageblocks of run %lld makes no sense; "
					 "run it again",
					 s->path, (long long)run);
		}
	if (rc != SQLITE_DONE)
		db_error(s, "read", err);
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? 0 : -1;
}

int map_load(struct store *s, int64_t run, struct block_map *m, struct error *err)
{
	if (each(s, "SELECT base_pfn, blocks, moments, data FROM block_maps WHERE run = ?1", run, m,
		 take_data, err))
		return -1;
	if (!m->nr_moments)
		return 0;
	if (each(s,
		 "SELECT zone, first_block, last_block FROM block_map_zones WHERE run = ?1"
		 " ORDER BY zone",
		 run, m, take_zone, err) ||
	    each(s,
		 "SELECT moment, time, migrated, reclaimed FROM block_map_moments WHERE run = ?1",
		 run, m, take_moment, err))
		return -1;
	return each(s,
		    "SELECT moment, zone, migrate_first, migrate_last, free_first, free_last"
		    " FROM block_map_scans WHERE run = ?1 ORDER BY moment, zone",
		    run, m, take_scan, err);
}
