/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading the running kernel's memory where /proc/kcore is missing, with BPF programs
 * (walker.bpf.c): single pieces, or a whole list of regions and linked lists in one go that
 * allocates nothing. Linux 5.17 and later (bpf_loop), CAP_BPF and CAP_PERFMON.
 */
#ifndef ZR_WALKER_H
#define ZR_WALKER_H

#define WALKER_CHUNK 256 /* bytes that one command copies at most */
#define WALKER_PAGE 64	 /* sizeof(struct page) */
#define WALKER_PEEK 4096 /* bytes that walker_peek() reads at once */
#define WALKER_PASSES 2

enum walker_kind { WALKER_END, WALKER_COPY, WALKER_LIST };
enum walker_status { WALKER_FINE, WALKER_NOT_READABLE, WALKER_TOO_MANY };

/* Shared with the BPF programs: only types of fixed size. */
struct walker_command {
	unsigned long long addr; /* of the region, or of a list head */
	unsigned int kind;
	unsigned int len; /* of a region, at most WALKER_CHUNK */
};

struct walker_page {
	unsigned long long addr;
	unsigned char bytes[WALKER_PAGE];
};

struct walker_chunk {
	unsigned char bytes[WALKER_CHUNK];
};

struct walker_control {
	unsigned int first_page, first_chunk;	/* where this pass may write; set by the caller */
	unsigned int nr_pages, nr_chunks;	/* written by this pass */
	unsigned int command;			/* the one at which it is, or at which it ended */
	unsigned int status;			/* enum walker_status */
	unsigned long long head, link;		/* of the list that is followed; equal: none */
	unsigned long long seq_begin, seq_end;	/* allocator's events so far */
	unsigned long long peek_addr;		/* set by the caller */
	unsigned int peek_failed, cpu;		/* CPU: set by the caller */
	unsigned long long task, map, cpu_elem; /* current task; addresses of the per-cpu map and
						 * of this CPU's element */
};

struct bpf_link;
struct bpf_object;
struct error;

#ifndef __bpf__
#include "base/base.h"

#define WALKER_NR_COUNTERS 6

struct walker {
	struct bpf_object *obj;
	struct bpf_link *counters[WALKER_NR_COUNTERS];
	int peek_fd, walk_fd, cpu_fd;
	/* the maps, as seen from here */
	struct walker_control *control;
	struct walker_command *commands;
	struct walker_chunk *chunks;
	struct walker_page *pages;
	unsigned char *peek;
	size_t max_commands, max_chunks, max_pages; /* chunks and pages: of one pass */
	size_t nr_commands, nr_copies;
};

/* @lru_offset: of the list link in struct page; @max_pages: that a pass will find at most. */
int walker_open(struct walker *w, uint32_t lru_offset, size_t max_pages,
		struct error *err) MUST_CHECK;
void walker_close(struct walker *w);
/* Any number of bytes at a kernel address; -1 when they cannot be read. */
int walker_peek(struct walker *w, uint64_t addr, void *buf, size_t len) MUST_CHECK;
/* What walker_walk() shall do, in this order. */
int walker_add_copy(struct walker *w, uint64_t addr, size_t len, struct error *err) MUST_CHECK;
int walker_add_list(struct walker *w, uint64_t head, struct error *err) MUST_CHECK;
/* One pass over all commands. Allocates nothing. */
int walker_walk(struct walker *w, uint32_t pass, struct walker_control *done,
		struct error *err) MUST_CHECK;
/* The running task's struct task_struct. */
uint64_t walker_task(struct walker *w);
/* What has to be added to a per-cpu address to come to @cpu's own; @pptrs_offset: of the member of
 * struct bpf_array. */
int walker_percpu_offset(struct walker *w, uint32_t cpu, uint32_t pptrs_offset,
			 uint64_t *offset) MUST_CHECK;
#endif

#endif
