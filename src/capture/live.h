/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The exact state of the running kernel's page allocator, in three steps that must not disturb it:
 * everything is looked up and every buffer is made beforehand (live_prepare), then plain preads of
 * /proc/kcore between two trace markers (live_read), and only then are lists walked in the copy
 * (live_parse).
 */
#ifndef ZR_LIVE_H
#define ZR_LIVE_H

#include "base/base.h"
#include "capture/capture.h"
#include "capture/kcore.h"
#include "capture/kernel_layout.h"
#include "capture/walker.h"

#define LIVE_MAX_NODES 8
#define LIVE_MAX_PASSES 2

struct live_region {
	uint64_t addr;
	size_t len;
	size_t pos; /* where in a pass's buffer */
};

struct live_node {
	int32_t id;
	uint64_t pgdat;
	size_t pos;	   /* of the copy of struct pglist_data */
	uint64_t lists[2]; /* addresses of LRU list heads: the node's own, and the root memory
			      cgroup's; 0: none */
	size_t lists_pos[2];
};

struct live_pcp {
	uint32_t zone; /* index into snapshot.zones */
	int32_t cpu;
	uint64_t addr;
	size_t pos, stat_pos;
};

struct live_section {
	uint64_t pfn;
	size_t pos; /* of its pageblock bits */
};

struct live_batch {
	int32_t cpu, kind; /* kind: snap_list.type of SNAP_LIST_LRU_BATCH */
	size_t pos;	   /* of the struct folio_batch */
};

/* Addresses to start from; 0: not known. */
struct live_places {
	uint64_t nodes[LIVE_MAX_NODES]; /* struct pglist_data */
	uint64_t *percpu;		/* what to add for each CPU */
	uint64_t vmemmap, sections, memcg, fbatches, rotate;
};

struct live {
	struct kernel_layout layout;
	enum snapshot_way way;
	struct kcore kcore;
	struct walker walker;
	struct walker_control walked[LIVE_MAX_PASSES];
	uint32_t nr_cpus, pageblock_order, nr_passes;
	uint64_t vmemmap, nr_frames;
	struct live_region *regions;
	size_t nr_regions, size;
	struct live_node nodes[LIVE_MAX_NODES];
	uint32_t nr_nodes, zones_per_node;
	struct live_pcp *pcps;
	size_t nr_pcps;
	struct live_section *sections;
	size_t nr_sections;
	struct live_batch *batches;
	size_t nr_batches;
	size_t pages_pos; /* of the copy of vmemmap */
	uint8_t *buf[LIVE_MAX_PASSES];
	/* BPF keeps the pages on lists only: hash table of frame -> 1 + index of walker.pages */
	uint32_t *page_index[LIVE_MAX_PASSES], index_mask;
	struct snap_frame
		*frames; /* for the first snapshot, so that no memory is taken for it then */
	uint64_t *kpageflags, *kpagecount; /* nr_frames each */
	int fd_flags, fd_count;
	uint8_t mt_map[SNAP_MAX_TYPES]; /* recorded kernel's migratetype number -> enum migratetype
					 */
};

int live_prepare(struct live *l, enum snapshot_way way, struct error *err) MUST_CHECK;
/* Both fill in what they find; @p->percpu has room for every CPU. */
int live_places_from_symbols(struct live *l, struct live_places *p, struct error *err) MUST_CHECK;
int live_places_by_search(struct live *l, struct live_places *p, struct error *err) MUST_CHECK;
/* BPF's passes: what to read, reading it, and putting it where kcore would have put it. */
bool live_pass_by_bpf(const struct live *l, uint32_t pass);
int live_plan_walk(struct live *l, struct error *err) MUST_CHECK;
int live_walk(struct live *l, uint32_t pass, struct error *err) MUST_CHECK;
void live_take_walk(struct live *l, uint32_t pass);
void live_release(struct live *l);
/* The copy of a frame's struct page; of zeros when this pass has none. */
const uint8_t *live_page(const struct live *l, uint32_t pass, uint64_t pfn);
/* One pass; @marker_fd -1 writes no markers. Allocates nothing. */
int live_read(struct live *l, uint32_t pass, int marker_fd, uint64_t id,
	      struct error *err) MUST_CHECK;
/* Flags and counts of all frames, after the last pass. */
void live_read_frames(struct live *l, int marker_fd, uint64_t id);
/* Builds @s (initialised by the caller) from a pass; -1 if lists and counters do not agree. */
int live_parse(struct live *l, uint32_t pass, struct snapshot *s, struct error *err) MUST_CHECK;
/* Adds what is known of each frame. */
int live_parse_frames(struct live *l, uint32_t pass, struct snapshot *s,
		      struct error *err) MUST_CHECK;

#endif
