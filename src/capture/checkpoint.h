/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checkpoints: the texts of /proc/buddyinfo and /proc/pagetypeinfo inside the trace, so that a
 * replay can compare itself with the kernel on the way. The kernel printed each number at some
 * moment between the markers "begin" and "end"; a cell is right if the model held its value at any
 * moment between them.
 *
 *   zonereplay checkpoint begin ID
 *   zonereplay checkpoint end ID
 *   zonereplay checkpoint data ID SEQUENCE/NUMBER FILE HASH\n, a piece of the text, and a dot
 *
 * HASH is XXH3-64 of the whole text of FILE.
 */
#ifndef ZR_CHECKPOINT_H
#define ZR_CHECKPOINT_H

#include "base/base.h"

#define CHECKPOINT_NR_FILES 2 /* buddyinfo, pagetypeinfo */
#define CHECKPOINT_MAX_TEXT 65536

/* ---- writing ---- */

struct checkpoint_writer {
	int fds[CHECKPOINT_NR_FILES]; /* -1 where a file cannot be read */
	int marker_fd;
	uint64_t next_id;
	char *text[CHECKPOINT_NR_FILES];
};

int checkpoint_writer_init(struct checkpoint_writer *w, int marker_fd,
			   struct error *err) MUST_CHECK;
void checkpoint_writer_release(struct checkpoint_writer *w);
void checkpoint_write(struct checkpoint_writer *w);

/* ---- reading ---- */

struct checkpoint {
	uint64_t id;
	uint64_t begin, end;		 /* indices of the two marker events */
	char *text[CHECKPOINT_NR_FILES]; /* NULL: not there, incomplete, or its hash is wrong */
};

struct checkpoints {
	struct checkpoint *list; /* by id as they came */
	size_t nr;
	uint64_t damaged; /* texts that were there but incomplete or with a wrong hash */
	struct checkpoint_piece *pieces; /* private */
	size_t nr_pieces;
};

void checkpoints_init(struct checkpoints *c);
void checkpoints_release(struct checkpoints *c);
/* Takes the text of one marker, event number @index; other markers are ignored. */
void checkpoints_add(struct checkpoints *c, uint64_t index, const char *text, size_t len);
/* Puts the texts together after the last marker. */
void checkpoints_finish(struct checkpoints *c);

#endif
