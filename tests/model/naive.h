/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A second zone allocator, written to be obviously right rather than fast, for comparing with
 * src/mm.
 *
 * It shares no code, no header and no data structure with src/mm on purpose: lists are growable
 * arrays of frame numbers (element 0 is the head), everything else is one array entry per frame,
 * every question is answered by looking at all of it. It follows Linux 6.1.192 (mm/page_alloc.c,
 * mm/vmstat.c) as kernel-facts describe it. Migratetypes: 0 unmovable, 1 movable, 2 reclaimable, 3
 * highatomic, 5 isolated. Frames are numbered from 0.
 */
#ifndef ZR_TESTS_NAIVE_H
#define ZR_TESTS_NAIVE_H

#define NV_ZONES 6
#define NV_CPUS 4
#define NV_ORDERS 11
#define NV_TYPES 6
#define NV_PCPS 14

struct seq {
	long *v;
	int n, room;
};

struct nv_pcp {
	struct seq list[NV_PCPS];
	long count, high, batch, factor, diff;
};

struct nv_zone {
	long first, last; /* frames, both inside */
	long managed;
	int node, index;
	long min, low, high;
	long reserve[5];
	long threshold;
	/* what changes */
	long nr_free, boost, reserved;
	int boosted, reclaiming, isolated_blocks;
	struct seq list[NV_ORDERS][NV_TYPES];
	struct nv_pcp pcp[NV_CPUS];
};

struct nv {
	int nzones, nnodes, ncpus;
	int norders, block_order;
	long nframes;
	int idx_dma, idx_dma32, idx_normal, idx_high, idx_movable; /* -1: the kernel has none */
	struct nv_zone z[NV_ZONES];
	/* per frame */
	int *zone;	 /* which zone its struct page names */
	int *free_order; /* order if a free buddy starts here, else -1 */
	int *list_type;	 /* of a free buddy: its list; of a per-cpu page: the type remembered */
	int *movable;	 /* the frame is on an LRU, or in a compound page that is */
	/* per block */
	int *btype;
	int kswapd_woken; /* bit per zone */
};

/* The caller fills the shape and the zones' constants; this allocates the rest. Everything is in
 * use at first. */
void nv_setup(struct nv *nv);
void nv_destroy(struct nv *nv);

long nv_get_page(struct nv *nv, int cpu, int node, int order, unsigned gfp, int type,
		 unsigned flags); /* -1: none */
unsigned nv_fast_flags(struct nv *nv, int node, unsigned gfp, int type);
unsigned nv_slow_flags(int order, unsigned gfp, int type);
void nv_free_page(struct nv *nv, int cpu, long f, int order);
void nv_free_to_buddy(struct nv *nv, int cpu, long f, int order, int to_tail);
void nv_drain_zone(struct nv *nv, int cpu_running, int cpu, int zone);
int nv_isolate_free(struct nv *nv, int cpu, long f);
/* set_migratetype_isolate and its undoing, without the check of what is in the block; @f is the
 * block's first frame. */
void nv_isolate_block(struct nv *nv, int cpu, long f, int isolate);
int nv_unreserve(struct nv *nv, int node, unsigned gfp, int type, int force);
void nv_fold(struct nv *nv, int cpu);
void nv_rotate(struct nv *nv, long f, int f_becomes_last);

#endif
