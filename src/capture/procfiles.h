/* SPDX-License-Identifier: GPL-2.0-only */
/* The proc files of a capture: read at one time into memory, written to the capture at another. */
#ifndef ZR_PROCFILES_H
#define ZR_PROCFILES_H

#include "base/base.h"
#include "capture/capture.h"

#define NR_PROCFILES 6

struct procfiles {
	char *text[NR_PROCFILES]; /* NULL where a file cannot be read */
	uint64_t *kpageflags;	  /* NULL unless procfiles_prepare() was called */
	uint64_t nr_frames;
};

/* Makes room for kpageflags beforehand, so that reading it allocates nothing. kpagecount takes as
 * long and adds little. */
void procfiles_prepare(struct procfiles *p);
/* Reads everything; may be called again. */
void procfiles_read(struct procfiles *p);
void procfiles_release(struct procfiles *p);
/* Text of "zoneinfo", "vmstat", ...; NULL when it could not be read. */
const char *procfiles_text(const struct procfiles *p, const char *name);
/* Writes them into directory @dir, which is made. */
int procfiles_write(const struct procfiles *p, const char *dir, struct error *err) MUST_CHECK;
/* Counts from what was read. */
int procfiles_snapshot(const struct procfiles *p, struct snapshot *s, struct error *err) MUST_CHECK;
/* Everything that describes this machine: release, page size, sysctls, THP, LRU_GEN, command line.
 */
void describe_machine(struct manifest *m, const struct procfiles *p);
/* What a workload may have changed since. */
void describe_end(struct manifest *m);
/* "SECTION.name" = value for each line "name value" of vmstat. */
void describe_vmstat(struct manifest *m, const char *section, const char *vmstat);

#endif
