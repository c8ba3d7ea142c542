// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tables, as a list of steps: step N leads from version N to N + 1. A step that was released is
 * never changed again; a change of the tables is a new step, and a row in SCHEMA.md.
 */
#include "store/db.h"

static const char version_1[] =
	"CREATE TABLE captures ("
	" capture TEXT PRIMARY KEY,"
	" name TEXT NOT NULL,"
	" release TEXT NOT NULL,"
	" arch TEXT NOT NULL,"
	" initial_state TEXT NOT NULL,"
	" events INTEGER NOT NULL,"
	" lost_events INTEGER NOT NULL,"
	" fidelity REAL"
	") WITHOUT ROWID;"
	"CREATE TABLE runs ("
	" run INTEGER PRIMARY KEY,"
	" capture TEXT NOT NULL REFERENCES captures ON DELETE CASCADE,"
	" policy TEXT NOT NULL,"
	" params TEXT NOT NULL,"
	" era TEXT NOT NULL,"
	" era_exact INTEGER NOT NULL,"
	" window_from INTEGER NOT NULL,"
	" window_to INTEGER NOT NULL,"
	" initial_state TEXT NOT NULL,"
	" approximate_lru INTEGER NOT NULL,"
	" pageblock_order INTEGER NOT NULL,"
	" state_hash TEXT NOT NULL,"
	" huge_wanted INTEGER NOT NULL,"
	" huge_got INTEGER NOT NULL,"
	" huge_success INTEGER NOT NULL, huge_success_low INTEGER NOT NULL, huge_success_high "
	"INTEGER NOT NULL,"
	" pages_reclaimed INTEGER NOT NULL, pages_reclaimed_low INTEGER NOT NULL,"
	" pages_reclaimed_high INTEGER NOT NULL,"
	" reclaimed_kswapd INTEGER NOT NULL,"
	" reclaimed_direct INTEGER NOT NULL,"
	" direct_reclaims INTEGER NOT NULL,"
	" kswapd_runs INTEGER NOT NULL,"
	" pages_migrated INTEGER NOT NULL,"
	" migrate_failed INTEGER NOT NULL,"
	" migrate_scanned INTEGER NOT NULL,"
	" free_scanned INTEGER NOT NULL,"
	" compact_stall INTEGER NOT NULL,"
	" compact_success INTEGER NOT NULL,"
	" compact_fail INTEGER NOT NULL,"
	" compact_deferred INTEGER NOT NULL,"
	" stall_ns INTEGER NOT NULL, stall_ns_low INTEGER NOT NULL, stall_ns_high INTEGER NOT NULL,"
	" substituted INTEGER NOT NULL,"
	" unknown_death INTEGER NOT NULL,"
	" dropped_alive INTEGER NOT NULL,"
	" events INTEGER NOT NULL,"
	" demand_ops INTEGER NOT NULL,"
	" lost_events INTEGER NOT NULL,"
	" unknown_frees INTEGER NOT NULL,"
	" double_allocs INTEGER NOT NULL,"
	" UNIQUE (capture, policy, params, era, window_from, window_to)"
	");"
	"CREATE TABLE params ("
	" run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,"
	" key TEXT NOT NULL,"
	" value TEXT NOT NULL,"
	" PRIMARY KEY (run, key)"
	") WITHOUT ROWID;"
	"CREATE TABLE run_orders ("
	" run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,"
	" page_order INTEGER NOT NULL,"
	" attempts INTEGER NOT NULL,"
	" successes INTEGER NOT NULL,"
	" fast INTEGER NOT NULL,"
	" slow INTEGER NOT NULL,"
	" PRIMARY KEY (run, page_order)"
	") WITHOUT ROWID;"
	"CREATE TABLE zones ("
	" run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,"
	" zone INTEGER NOT NULL,"
	" node INTEGER NOT NULL,"
	" name TEXT NOT NULL,"
	" PRIMARY KEY (run, zone)"
	") WITHOUT ROWID;"
	"CREATE TABLE samples ("
	" run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,"
	" time INTEGER NOT NULL,"
	" zone INTEGER NOT NULL,"
	" page_order INTEGER NOT NULL,"
	" fragindex INTEGER NOT NULL,"
	" unusable INTEGER NOT NULL,"
	" nr_free INTEGER NOT NULL,"
	" PRIMARY KEY (run, time, zone, page_order)"
	") WITHOUT ROWID;"
	"CREATE TABLE provenance ("
	" run INTEGER PRIMARY KEY REFERENCES runs ON DELETE CASCADE,"
	" program TEXT NOT NULL,"
	" command TEXT NOT NULL,"
	" finished INTEGER NOT NULL,"
	" events_per_second REAL NOT NULL"
	");";

static const char *const steps[] = {version_1};
_Static_assert(ARRAY_SIZE(steps) == STORE_SCHEMA_VERSION, "one step per version");

int schema_migrate(struct store *s, int version, struct error *err)
{
	char pragma[96];

	for (size_t i = version; i < ARRAY_SIZE(steps); i++)
		if (db_exec(s, steps[i], "write", err))
			return -1;
	snprintf(pragma, sizeof(pragma), "PRAGMA application_id = %d; PRAGMA user_version = %d;",
		 STORE_APPLICATION_ID, STORE_SCHEMA_VERSION);
	return db_exec(s, pragma, "write", err);
}
