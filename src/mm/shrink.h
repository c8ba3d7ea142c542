/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reclaimable slab pages, which go object by object: those of shrinkers beside each pass over the
 * LRU lists, buffer heads with their pages; part of the face of src/mm (mm.h includes this file).
 * Source: mm/vmscan.c, fs/super.c, fs/dcache.c, fs/inode.c, fs/buffer.c of 6.1.192, mm/vmscan.c of
 * 2.6.34.
 */
#ifndef ZR_MM_SHRINK_H
#define ZR_MM_SHRINK_H

struct mm;

/* What slab pages hold that can go. Each has a list per node, youngest page first. */
enum mm_slab {
	MM_SLAB_DENTRY, /* goes by itself, and leaves an inode without users */
	MM_SLAB_INODE,	/* goes when its dentry has gone */
	MM_SLAB_BUFFER, /* a buffer head: goes with its page of the page cache, without a shrinker
			 */
	MM_NR_SLABS
};

/* Of one node: one shrinker of the size of its file systems' together. Objects. */
struct mm_shrinker {
	uint64_t deferred;	       /* put off until there is a batch of it [nr_deferred] */
	uint32_t objects[MM_NR_SLABS]; /* on the lists */
	uint32_t looked[MM_NR_SLABS];  /* of the oldest page: those that the scan is past */
	uint32_t idle;		       /* inodes without a dentry */
	uint32_t kept[MM_NR_SLABS];    /* pages that are empty and stay with the node */
};

/* A page of @slab that has just been filled: its objects can go from now on. Whoever knows that
 * they are used again makes it MM_F_YOUNG. */
void mm_slab_add(struct mm *mm, struct frame f, enum mm_slab slab);
/* Takes it off its list: its owners have let its objects go. */
void mm_slab_del(struct mm *mm, struct frame f);
bool mm_on_slab_list(const struct mm *mm, struct frame f);
uint32_t mm_slab_list(const struct mm *mm, uint32_t node, enum mm_slab slab);
/* Empty pages that a CPU still has. */
uint32_t mm_slab_cpu_list(const struct mm *mm, uint32_t node, enum mm_slab slab);
/* Objects that the shrinker says could go now [super_cache_count]. */
uint64_t mm_slab_freeable(const struct mm *mm, uint32_t node);
/* The page at @f is reclaimed: its buffer heads go [try_to_free_buffers]. */
void mm_buffers_go(struct mm *mm, struct frame f, uint32_t cpu);
/* A pass of reclaim at @priority for a request with @gfp has looked at the node's lists
 * [shrink_slab]. */
void mm_shrink_slab(struct mm *mm, uint32_t node, uint32_t cpu, uint32_t gfp, int32_t priority);
/* The same in 2.6.34, where @scanned of the @lru_pages that the node has were looked at. */
void mm_shrink_slab_2634(struct mm *mm, uint32_t node, uint32_t cpu, uint32_t gfp, uint64_t scanned,
			 uint64_t lru_pages);

#endif
