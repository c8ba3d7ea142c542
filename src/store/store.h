/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Results in SQLite: one file that holds what every policy made of every capture. The tables are an
 * interface of their own, described in SCHEMA.md, versioned (PRAGMA user_version) and migrated
 * forward when a database is opened for writing; older ones are read through a migrated copy in
 * memory and stay as they are.
 *
 * A run is identified by capture, policy, parameters, era, window, injections and cut; storing
 * it again replaces it. Each run is one transaction: it is in the database wholly or not at all.
 */
#ifndef ZR_STORE_H
#define ZR_STORE_H

#include "base/base.h"
#include "replay/replay.h"

#define STORE_SCHEMA_VERSION 7
#define STORE_APPLICATION_ID 0x5a524442 /* "ZRDB" */
#define STORE_DEFAULT_PATH "zonereplay.db"
#define STORE_RECORDED "recorded" /* policy of the row that says what the real kernel did */

/* ---- the figures of an outcome: one row per scalar, for columns, tables and comparisons alike
 * ---- */

enum better { BETTER_NONE, BETTER_MORE, BETTER_LESS };

enum figure_about {
	FIGURE_OF_THE_MODEL, /* follows from what the policy did */
	FIGURE_OF_THE_TRACE, /* the same whatever the policy */
	FIGURE_UNKNOWN,	     /* counts what the recording cannot show */
	FIGURE_DEFECT,	     /* counts what is wrong with the recording */
};

struct figure {
	const char *name;  /* column in `runs`, key in CSV and JSON */
	const char *label; /* for people */
	size_t offset;	   /* in struct outcome */
	bool ranged;	   /* struct ranged, stored as three columns; else uint64_t */
	enum better better;
	enum figure_about about;
};
extern const struct figure store_figures[];
extern const size_t store_nr_figures;

const struct figure *figure_find(const char *name);
/* Central value and range of a figure; low == high == central for those without a range. */
struct ranged figure_get(const struct figure *f, const struct outcome *o);

/* ---- rows ---- */

struct store_capture {
	char id[33];
	char name[128];
	char release[128];
	char arch[32];
	char initial_state[8];
	uint64_t events, lost_events;
	double fidelity; /* percent of page allocations that verify predicts; negative: not known */
};

/* Where a row came from. Differs between repetitions, so it is kept apart from the results. */
struct store_provenance {
	char program[64]; /* "zonereplay 0.1.0" */
	char command[1024];
	int64_t finished; /* seconds since 1970 */
};

/* A request that failed in the replay. */
struct store_failure {
	uint64_t number; /* of the request, as `explain --alloc` takes it */
	uint64_t extra;	 /* 0; else the so-manieth request that the replay added after that one */
	uint64_t time;	 /* ns since the first event */
	uint32_t order, pid;
	char comm[20];
	char verdict[24];  /* why, in one word: report/explain.h */
	char *explanation; /* JSON as `explain --json` prints it; owned */
};

/* Who kept pageblocks from becoming free, over the whole recording; most blocks first. Thousandths:
 * means over the samples. */
struct store_polluter {
	char kind[24], comm[20];
	uint64_t blocks_milli, alone_milli, pages_milli;
};

struct store_failures {
	struct store_failure *failures;
	size_t nr_failures;
	struct store_polluter *polluters;
	size_t nr_polluters;
};

struct store_run {
	int64_t id; /* row in `runs`; set by reading */
	struct store_capture capture;
	struct outcome outcome; /* owns its samples */
	uint64_t from, to;	/* the window, as in struct whatif_options */
	char injections[512]; /* what was done to the machine from outside, as --inject takes it, or
				 "" */
	uint32_t cut_percent; /* cut loose there, as in struct whatif_options */
	bool scenarios;	      /* ranges were computed; else they are single values */
	struct store_provenance provenance;
};

struct store_runs {
	struct store_run *v;
	size_t nr;
};

/* ---- the database ---- */

enum store_mode {
	STORE_READ,  /* must exist; never changed */
	STORE_WRITE, /* made if it does not exist, migrated if it is old */
};

struct store;

/*
 * Opens @path. A file that is not a zonereplay database, one made by a newer program, one that
 * another process holds, and one that cannot be written are refused. A file that this call made
 * disappears again when nothing was stored.
 */
struct store *store_open(const char *path, enum store_mode mode, struct error *err) MUST_CHECK;
void store_close(struct store *s);

int store_put(struct store *s, const struct store_run *run, struct error *err) MUST_CHECK;
/* Makes one transaction of all that is stored up to store_end(), which keeps it or takes it back.
 */
int store_begin(struct store *s, struct error *err) MUST_CHECK;
int store_end(struct store *s, bool keep, struct error *err) MUST_CHECK;
/* What verify found for a capture that is in the database, in percent. */
int store_set_fidelity(struct store *s, const char *capture_id, double percent,
		       struct error *err) MUST_CHECK;

/* What was found for this capture before; negative: not known. */
double store_fidelity(struct store *s, const char *capture_id);

/* All runs without their samples, in the order in which they were first stored. */
int store_load(struct store *s, struct store_runs *out, struct error *err) MUST_CHECK;
/* Fills zones, samples, probes and the map of pageblocks of one run that store_load() gave. */
int store_load_samples(struct store *s, struct store_run *run, struct error *err) MUST_CHECK;
void store_runs_release(struct store_runs *r);

/* ---- explanations: what `run --explain` found; src/store/failures.c ---- */

/* Keeps @f with the run that store_put() stored for @run; replaces what was there. */
int store_put_failures(struct store *s, const struct store_run *run, const struct store_failures *f,
		       struct error *err) MUST_CHECK;
/* Of a run that store_load() gave; none is fine. */
int store_load_failures(struct store *s, const struct store_run *run, struct store_failures *out,
			struct error *err) MUST_CHECK;
void store_failures_release(struct store_failures *f);

/* ---- curves over extfrag_threshold: what `tune` found; src/store/tunings.c ---- */

struct store_tuning {
	int64_t id; /* row in `tunings`; set by reading */
	struct store_capture capture;
	struct tune_curve curve; /* owns its rows; of what it cost, splits, rejoins and groups */
	uint64_t living_milli;	 /* groups at a time on average, in thousandths */
	/* The answer of the `tune` that computed it, over all its captures. */
	char objective[256];
	int32_t recommended; /* negative: none */
	char verdict[512];
	struct store_provenance provenance;
};

struct store_tunings {
	struct store_tuning *v;
	size_t nr;
};

/* Replaces the curve of the same capture, policy, other parameters and era. */
int store_put_tuning(struct store *s, const struct store_tuning *t, struct error *err) MUST_CHECK;
/* All of them, in the order in which they were first stored; none is fine. */
int store_load_tunings(struct store *s, struct store_tunings *out, struct error *err) MUST_CHECK;
void store_tunings_release(struct store_tunings *t);

#endif
