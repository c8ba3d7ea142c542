/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading the running kernel's memory by virtual address (/proc/kcore, or BPF where that is
 * missing) and finding its symbols (/proc/kallsyms).
 */
#ifndef ZR_KCORE_H
#define ZR_KCORE_H

#include "base/base.h"

struct kcore_range {
	uint64_t start, end; /* kernel virtual addresses */
	int64_t delta;	     /* file offset = address + delta */
};

struct walker;

struct kcore {
	int fd;
	struct walker *walker; /* BPF in place of /proc/kcore, or NULL */
	struct kcore_range *ranges;
	size_t nr_ranges;
};

int kcore_open(struct kcore *k, struct error *err) MUST_CHECK;
/* Every reading then goes through @w, which the caller keeps. */
void kcore_use_walker(struct kcore *k, struct walker *w);
void kcore_close(struct kcore *k);
/* All @len bytes or -1; allocates nothing. */
int kcore_read(const struct kcore *k, uint64_t addr, void *buf, size_t len) MUST_CHECK;
/* What is there of @len bytes; the rest of @buf is left as it was. */
void kcore_read_present(const struct kcore *k, uint64_t addr, void *buf, size_t len);
/* A number of 1, 2, 4 or 8 bytes; 0 when it cannot be read. */
uint64_t kcore_u64(const struct kcore *k, uint64_t addr);

struct ksym {
	const char *name;
	uint64_t addr; /* 0: not found */
};
/* Fills in the addresses of @nr symbols with one pass; -1 if kallsyms is missing or hides
 * addresses. */
int ksyms_find(struct ksym *syms, size_t nr, struct error *err) MUST_CHECK;

#endif
