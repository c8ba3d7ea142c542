/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sweeps: every capture under every setting of an INI file, cut into cells that any worker
 * anywhere may compute.
 *
 *   [sweep]
 *   capture = traces/samples/[a-z]*       ; a pattern, relative to this file; may be repeated
 *   era = 6.1                             ; optional
 *   from = 10s                            ; optional: score from this time on; to = 60s: stop there
 *   inject = none                         ; optional, may be repeated: every setting with each of
 *   inject = 12s:compact_memory 20s:drop_caches                ; these lists, as run --inject
 *   [threshold]                           ; a policy; "[threshold two]" is the same policy again
 *   extfrag_threshold = 0..1000/250, 900  ; a list of values and of ranges with a step
 *   [none]
 *
 * Nothing in a replay is random, so there are no seeds here; a policy that has some takes them as a
 * parameter (seed = 1..10).
 *
 * A sweep is a directory: plan.tsv lists the cells, shards/ has a database per worker,
 * failures.tsv says what went wrong. A cell's name is a hash of everything that it depends on. It
 * is in a shard wholly or not at all, so a sweep that was killed goes on where it stopped, and what
 * is merged does not depend on who computed what.
 */
#ifndef ZR_SWEEP_H
#define ZR_SWEEP_H

#include "base/base.h"
#include "store/store.h"

/* ---- a session: one open capture and what is computed on it; run uses it too ---- */

struct session {
	struct capture capture;
	struct trace trace;
	struct store_capture about;
};

int session_open(struct session *s, const char *dir, struct progress *progress,
		 struct error *err) MUST_CHECK;
void session_release(struct session *s);
/* Percent of page allocations that the model predicts, into about.fidelity. */
int session_verify(struct session *s, struct progress *progress, struct error *err) MUST_CHECK;
/* Replays under @setting, or says what was recorded when it is NULL. @run owns its samples. */
int session_run(struct session *s, const struct policy_setting *setting,
		const struct whatif_options *opt, struct store_run *run,
		struct error *err) MUST_CHECK;

/* Injections in one spelling, as struct store_run has them. */
void injections_format(const struct injection *in, size_t nr, struct strbuf *out);

/* ---- plans ---- */

struct sweep_cell {
	char id[17];
	char capture_id[33];
	char *path;	    /* of the capture */
	char *setting;	    /* "policy:key=value,..." with every parameter, or "recorded" */
	char *object;	    /* the .so file that has the policy, "" for shipped ones */
	char object_id[17]; /* of what is in it */
	char *inject;	    /* what is done from outside, as in struct store_run */
};

struct sweep {
	char *dir;
	char era[32];		  /* "" for the recordings' own */
	uint64_t from, to;	  /* the window, as in struct whatif_options */
	struct sweep_cell *cells; /* by capture, in the order of the file */
	size_t nr;
	size_t *by_id;	     /* cells by name */
	char (*objects)[17]; /* the object_ids that there are, once each; "" among them */
	size_t nr_objects;
};

/* Reads a sweep file and expands it; captures are opened to learn their identity. */
int sweep_plan(struct sweep *sw, const char *ini, struct error *err) MUST_CHECK;
/* Makes @dir with the plan in it. The same plan may be written again, another one is refused. */
int sweep_save(struct sweep *sw, const char *dir, struct error *err) MUST_CHECK;
int sweep_load(struct sweep *sw, const char *dir, struct error *err) MUST_CHECK;
void sweep_release(struct sweep *sw);

/* ---- work ---- */

struct sweep_run_options {
	unsigned int workers;	   /* processes; 0: one per CPU */
	size_t first, last;	   /* cells [first, last); 0, 0: all */
	const char *shard;	   /* one worker that writes into this file; NULL: shards/N.db */
	const char *program;	   /* provenance */
	struct progress *progress; /* counts cells */
};
struct sweep_result {
	size_t done, skipped, failed;
};
/* Computes what no shard has yet. Cells that fail are counted and listed, they do not stop the
 * rest. */
int sweep_run(struct sweep *sw, const struct sweep_run_options *opt, struct sweep_result *result,
	      struct error *err) MUST_CHECK;

/*
 * A script for `sbatch`: an array job of which each task computes @per_task cells into a shard of
 * its own. A task that a lost node took with it is queued again and goes on with another shard.
 */
void sweep_slurm_script(const struct sweep *sw, const char *program, size_t per_task,
			struct strbuf *out);
/* The same as commands, one to a line, for GNU parallel, ssh or another scheduler. */
void sweep_commands(const struct sweep *sw, const char *program, size_t per_task,
		    struct strbuf *out);

struct sweep_status {
	size_t cells, done, failed, shards;
};
int sweep_status(const struct sweep *sw, struct sweep_status *out, struct error *err) MUST_CHECK;

/*
 * Puts the cells of all shards into @db in the order of the plan, in one transaction. Two shards
 * that disagree about a cell are refused: the model would not be deterministic.
 */
int sweep_merge(struct sweep *sw, const char *db, size_t *merged, struct error *err) MUST_CHECK;

#endif
