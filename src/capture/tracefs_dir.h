/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tracefs instance of our own: other users of ftrace are not disturbed, and it works where
 * kernel.ftrace_enabled may not be written.
 */
#ifndef ZR_TRACEFS_DIR_H
#define ZR_TRACEFS_DIR_H

#include "base/base.h"

struct tracefs_dir {
	const char *root; /* /sys/kernel/tracing; owned by libtracefs */
	char name[64];	  /* of the instance */
	char path[256];	  /* of the instance's directory */
	int marker_fd;
	bool made;
};

struct tracefs_counts {
	uint64_t entries, lost; /* lost: overwritten, dropped, or refused by a full buffer */
};

int tracefs_dir_make(struct tracefs_dir *t, struct error *err) MUST_CHECK;
/* Removes the instance if it is still there (trace-cmd extract removes it itself). */
void tracefs_dir_release(struct tracefs_dir *t);
/* Writes @text to a file of the instance. */
int tracefs_dir_write(const struct tracefs_dir *t, const char *file, const char *text,
		      struct error *err) MUST_CHECK;
/* Is there such an event or group ("kmem/mm_page_alloc", "compaction")? */
bool tracefs_dir_has_event(const struct tracefs_dir *t, const char *event);
int tracefs_dir_enable(const struct tracefs_dir *t, const char *event,
		       struct error *err) MUST_CHECK;
/* Names of at least @nr tasks are remembered (128 by default); for all of ftrace, it is never made
 * less. */
void tracefs_dir_keep_names(const struct tracefs_dir *t, uint32_t nr);
/* Of one CPU's buffer. */
void tracefs_dir_counts(const struct tracefs_dir *t, uint32_t cpu, struct tracefs_counts *out);
void tracefs_dir_mark(const struct tracefs_dir *t, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Probe events of the group "zonereplay", for every instance. */
struct probe_set {
	struct strbuf refused; /* names that this kernel does not take, separated by blanks */
	struct strbuf made;
};
void probe_set_init(struct probe_set *p);
void probe_set_release(struct probe_set *p);
struct kernel_layout;
/* Defines the probes of level @truth or of `full` only; @layout may be NULL: then those that need
 * offsets are refused. */
void probe_set_define(struct probe_set *p, const struct tracefs_dir *t, bool truth,
		      const struct kernel_layout *layout);
/* Takes every event of our group away again. */
void probe_set_remove(const struct tracefs_dir *t, const struct probe_set *p);

#endif
