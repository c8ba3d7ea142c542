/* SPDX-License-Identifier: GPL-2.0-only */
/* What the commands that answer with results share. */
#ifndef ZR_CMD_RESULTS_H
#define ZR_CMD_RESULTS_H

#include "cmd/cmd.h"
#include "report/explain.h"
#include "report/report.h"

#define RESULTS_WIDTH 120 /* columns of text in files and pipes */

/* "12", "12.5s", "300ms", "7us", "9ns" (seconds without a unit) to nanoseconds. */
bool results_parse_time(const char *text, uint64_t *ns);
/* Columns of the terminal on stdout, RESULTS_WIDTH when it is none. */
unsigned int results_width(void);
/* How to draw: a map of pageblocks on terminals only, in colour unless NO_COLOR is set. */
struct explain_print results_print(void);
/* All runs of a database. */
int results_load(const char *db, struct store_runs *runs, struct error *err) MUST_CHECK;

#endif
