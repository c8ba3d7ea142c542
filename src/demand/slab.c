// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slab pages whose objects shrinkers can free, told by the request that made them, and which of
 * them shrinkers did free.
 *
 * Dentries and the inodes of file systems go through RCU, so their pages are freed in a softirq
 * some time after the shrinker, in nobody's name. What a shrinker says that it freed is therefore a
 * credit: pages of as many objects that are freed that way soon after are taken as its work, the
 * others as let go by their owners.
 */
#include "demand/derive.h"

#include <stdlib.h>
#include <string.h>

#define MAX_SLABINFO (1u << 20)
#define DENTRY_SIZE 192u /* of 64 bits, 4.x to 7.x */
#define BUFFER_SIZE 104u
#define INODE_SIZE 1192u      /* ext4_inode_cache of Debian's 6.1 */
#define MIN_PARTIAL 5u	      /* of objects below 4 KiB */
#define MAX_INODE_ORDER 3u    /* slub_max_order */
#define SOON_NS 1000000000ull /* a grace period and its callbacks */

/* Inodes that go with what they stand for: no shrinker finds them without users. */
static bool is_kernels_own(const char *name)
{
	static const char *const own[] = {"aio_",   "bpf_fs_", "debugfs_", "hugetlbfs_",
					  "lsm_",   "mqueue_", "proc_",	   "rpc_",
					  "shmem_", "sock_",   "tracefs_"};

	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		if (!strncmp(name, own[i], strlen(own[i])))
			return true;
	}
	return false;
}

static bool has_suffix(const char *s, const char *suffix)
{
	size_t len = strlen(s), n = strlen(suffix);

	return len >= n && !strcmp(s + len - n, suffix);
}

static bool is_inode_cache(const char *name)
{
	return (has_suffix(name, "_inode_cache") || has_suffix(name, "_inode")) &&
	       !is_kernels_own(name);
}

static uint32_t order_of(uint32_t pages)
{
	uint32_t order = 0;

	while (order < MM_NR_ORDERS && 1u << order < pages)
		order++;
	return order;
}

/* How many empty pages of a cache stay with a CPU [set_cpu_partial, mm/slub.c, 6.1.192]. */
static uint16_t cpu_keeps(uint32_t size, uint32_t per)
{
	uint32_t objects = size >= 4096 ? 6 : size >= 1024 ? 24 : size >= 256 ? 52 : 120;

	return (uint16_t)((2 * objects + per - 1) / per);
}

/* And with a node: so many as make up min_partial [set_min_partial], none where objects are free on
 * pages of its list already. */
static uint16_t node_keeps(uint32_t free)
{
	return free < MIN_PARTIAL ? MIN_PARTIAL : 0;
}

/* A line of slabinfo: name, active and all objects, size, objects and pages per slab. */
static void read_line(struct derive *d, const char *line)
{
	uint32_t active, all, size, per, pages, order;
	enum mm_slab slab;
	char name[64];

	if (sscanf(line, "%63s %u %u %u %u %u", name, &active, &all, &size, &per, &pages) != 6)
		return;
	order = order_of(pages);
	if (order >= MM_NR_ORDERS || !per || per > UINT16_MAX)
		return;
	if (!strcmp(name, "dentry"))
		slab = MM_SLAB_DENTRY;
	else if (!strcmp(name, "buffer_head"))
		slab = MM_SLAB_BUFFER;
	else if (is_inode_cache(name))
		slab = MM_SLAB_INODE;
	else
		return;
	d->slab_objects[slab][order] = (uint16_t)per;
	d->slab_keeps[slab] = node_keeps(all > active ? all - active : 0);
	d->slab_cpu_keeps[slab] = cpu_keeps(size, per);
}

static bool read_slabinfo(struct derive *d, const struct capture *c)
{
	struct error ignored;
	char *path, *text;
	size_t len;

	if (!c || !c->dir)
		return false;
	path = path_join(c->dir, "proc-start/slabinfo");
	text = path_exists(path) ? file_read(path, MAX_SLABINFO, &len, &ignored) : NULL;
	free(path);
	for (char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		read_line(d, line);
	}
	free(text);
	return text;
}

/* Without slabinfo: as most machines have them. */
static void assume(struct derive *d)
{
	uint32_t page = d->trace->page_size ? d->trace->page_size : 4096;

	d->slab_objects[MM_SLAB_DENTRY][0] = (uint16_t)(page / DENTRY_SIZE);
	d->slab_objects[MM_SLAB_BUFFER][0] = (uint16_t)(page / BUFFER_SIZE);
	for (uint32_t order = 1; order <= MAX_INODE_ORDER; order++)
		d->slab_objects[MM_SLAB_INODE][order] = (uint16_t)((page << order) / INODE_SIZE);
}

void slab_init(struct derive *d, const struct capture *c)
{
	d->buffers = TRACK_NONE;
	if (!read_slabinfo(d, c))
		assume(d);
}

/*
 * Dentries are asked for with GFP_KERNEL [__d_alloc]. Inodes may be with GFP_NOFS, which tells them
 * apart where the orders do not; pages of the radix tree come without IO. At order 0 GFP_NOFS is
 * taken as buffer heads [alloc_page_buffers]; the journal's own heads are few beside them.
 */
uint8_t slab_of_request(const struct derive *d, uint32_t gfp, uint32_t order)
{
	enum mm_slab slab = gfp & GFP_FS && d->slab_objects[MM_SLAB_DENTRY][order] ? MM_SLAB_DENTRY
			    : order						   ? MM_SLAB_INODE
										   : MM_SLAB_BUFFER;

	if (!(gfp & GFP_RECLAIMABLE) || !(gfp & GFP_IO) || !d->slab_objects[slab][order] ||
	    (slab == MM_SLAB_BUFFER && gfp & GFP_FS))
		return 0;
	return (uint8_t)(slab + 1);
}

void slab_on_shrunk(struct derive *d, const struct event *e)
{
	if (e->w[1] > INT32_MAX) /* a shrinker that stopped: -1 */
		return;
	d->shrunk += e->w[1];
	d->shrunk_time = e->time;
}

bool slab_was_shrunk(struct derive *d, const struct event *e, const struct track *page)
{
	uint32_t objects;

	/* Buffer heads are freed at once by who reclaims their pages. */
	if (page->slab == MM_SLAB_BUFFER + 1)
		return context_of(d, e) & (TASK_KSWAPD | TASK_RECLAIM);
	if (!page->slab || !(e->flags & EVF_SOFTIRQ))
		return false;
	if (e->time - d->shrunk_time > SOON_NS)
		d->shrunk = 0;
	objects = d->slab_objects[page->slab - 1][page->order];
	if (d->shrunk < objects)
		return false;
	d->shrunk -= objects;
	return true;
}
