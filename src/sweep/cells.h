/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside the sweep: cells, their names, and which of them are done. */
#ifndef ZR_SWEEP_CELLS_H
#define ZR_SWEEP_CELLS_H

#include "sweep/sweep.h"

#define SWEEP_MAX_CELLS 1000000

/* Appends the cell of @about's capture under @setting. */
void cell_add(struct sweep *sw, const struct sweep_cell *about, const char *setting);
/* Makes cells findable by name; a cell that is there twice is an error. */
int cells_index(struct sweep *sw, struct error *err);

/* What is in the .so file at @path, as a cell's object_id. */
int object_identify(const char *path, char id[17], struct error *err) MUST_CHECK;

#define SWEEP_MAX_INJECTIONS 64
/* Reads injections between spaces; how many there are, or -1. */
int injections_parse(const char *text, struct injection *in, struct error *err) MUST_CHECK;

/* Where a stored run belongs; SIZE_MAX when to no cell. */
size_t cell_of_run(const struct sweep *sw, const struct store_run *run);

/* Paths of all shards, NULL-terminated, by name; the caller frees them with names_free(). */
char **shard_names(const struct sweep *sw, struct error *err);
void names_free(char **names);
/* Marks in @done (one per cell) what the shards have. */
int shards_done(const struct sweep *sw, bool *done, size_t *nr_shards, struct error *err);

/* Reads the text of a plan.tsv, which is cut up; @path is for errors. */
int plan_parse(struct sweep *sw, char *text, const char *path, struct error *err);

char *sweep_path(const struct sweep *sw, const char *name);

#endif
