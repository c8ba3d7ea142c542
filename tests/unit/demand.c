// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events in, demand out. Each case is a short history of a machine with 64 frames, drawn as who did
 * what:
 *
 *   task 7   ordinary     task 36  kswapd0     task 28  kcompactd0     task 90  trace-cmd
 *
 * The demand is written as a line of words. Objects are called a, b, c by first appearance; those
 * that were there at the start @FRAME. The capture is empty, so what slab pages hold is assumed: 21
 * dentries a page, inodes of 1192 bytes.
 *
 *   +a/2  born, order 2     fail/9  failed request     -a  died     -a!  must have died, was handed
 * out again ~a  dropped by reclaim %a  emptied by a shrinker  a=a+b/1  split into two of order 1
 * a:if  on the LRU: (i)nactive or (a)ctive, (a)non or (f)ile, u unevictable   a^  activated want=N
 * done h marks requests and deaths of the huge page pool
 */
#include "demand/demand.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES 2048
#define TASK 7
#define OTHER 8
#define KSWAPD 36
#define KCOMPACTD 28
#define KHUGEPAGED 29
#define RECORDER 90

#define USER (GFP_HIGHMEM | GFP_MOVABLE | GFP_IO | GFP_FS | GFP_DIRECT_RECLAIM | GFP_KSWAPD_RECLAIM)
#define KERNEL (GFP_IO | GFP_FS | GFP_DIRECT_RECLAIM | GFP_KSWAPD_RECLAIM)
#define POOL (USER | GFP_COMP | GFP_NOWARN | GFP_RETRY_MAYFAIL)
#define FILE_PAGE 0x4u /* flags of a pagemap event */
#define ANON_PAGE (0x2u | 0x10u)

static struct event events[256];
static uint64_t nr_events;
static char strings[512];
static uint64_t strings_len;
static struct demand demand;
static struct capture capture;
static uint64_t cut; /* event */

static void history_begins(void)
{
	nr_events = 0;
	strings_len = 0;
	memset(events, 0, sizeof(events));
	memset(&capture, 0, sizeof(capture));
	cut = 0;
}

static struct event *happens(uint32_t pid, enum event_kind kind, uint64_t w0, uint64_t w1,
			     uint64_t w2, uint64_t w3)
{
	struct event *e = &events[nr_events];

	ck_assert_uint_lt(nr_events, ARRAY_SIZE(events));
	*e = (struct event){
		.time = 1000 + nr_events, .pid = pid, .kind = (uint8_t)kind, .w = {w0, w1, w2, w3}};
	nr_events++;
	return e;
}

static void allocs(uint32_t pid, uint64_t pfn, uint32_t order, uint32_t gfp)
{
	happens(pid, EV_ALLOC, pfn, order, gfp, gfp & GFP_MOVABLE ? MT_MOVABLE : MT_UNMOVABLE);
}

static struct event *frees(uint32_t pid, uint64_t pfn, uint32_t order)
{
	return happens(pid, EV_FREE, pfn, order, 0, 0);
}

static void on_lru(uint64_t pfn, uint32_t lru, uint32_t flags)
{
	happens(TASK, EV_LRU_INSERT, pfn, lru, flags, 0);
}

static void marks(const char *text)
{
	size_t len = strlen(text);

	memcpy(strings + strings_len, text, len);
	happens(TASK, EV_MARKER, strings_len, len, 0, 0);
	strings_len += len;
}

static void compaction_begins(uint32_t pid)
{
	happens(pid, EV_COMPACT_BEGIN, 0, 0, 0, 0);
}

static void moves_pages(uint32_t pid)
{
	happens(pid, EV_MIGRATE_PAGES_BEGIN, 1, 0, 0, 0);
}

static void moved_pages(uint32_t pid)
{
	happens(pid, EV_MIGRATE_PAGES, 1, 0, 0, 0);
}

static void compaction_ends(uint32_t pid)
{
	happens(pid, EV_COMPACT_END, 0, 0, 0, 0);
}

static void derive(void)
{
	static struct trace_comm comms[] = {{KCOMPACTD, "kcompactd0"},
					    {KHUGEPAGED, "khugepaged"},
					    {KSWAPD, "kswapd0"},
					    {RECORDER, "trace-cmd"}};
	struct demand_geometry geo = {.nr_frames = FRAMES, .pageblock_order = 9, .cut = cut};
	struct trace t = {
		.events = events,
		.nr = nr_events,
		.strings = strings,
		.strings_len = strings_len,
		.max_pid = 100,
		.comms = comms,
		.nr_comms = ARRAY_SIZE(comms),
	};
	struct error err = {{0}};

	for (uint64_t i = 0; i < nr_events; i++)
		t.kinds_seen[events[i].kind]++;
	ck_assert_msg(!demand_derive(&demand, &capture, &t, &geo, NULL, &err), "%s", err.text);
}

/* ---- the demand in words ---- */

struct names {
	char of[FRAMES]; /* by id; 0: none */
	char next;
};

static void name(struct names *n, uint32_t id, bool fresh, struct strbuf *out)
{
	if (fresh)
		n->of[id] = n->next++;
	if (n->of[id])
		strbuf_printf(out, "%c", n->of[id]);
	else
		strbuf_printf(out, "@%u", id);
}

static void word(struct names *n, const struct demand_op *op, struct strbuf *out)
{
	static const char *const lrus[] = {"ia", "aa", "if", "af", "u"};
	const char *huge = op->flags & DEMAND_F_HUGE ? "h" : "";

	switch (op->kind) {
	case DEMAND_BIRTH:
		strbuf_puts(out, " +");
		name(n, op->id, true, out);
		strbuf_printf(out, "/%u%s", op->order, huge);
		break;
	case DEMAND_FAIL:
		strbuf_printf(out, " fail/%u%s", op->order, huge);
		break;
	case DEMAND_DEATH:
		strbuf_puts(out, " -");
		name(n, op->id, false, out);
		strbuf_printf(out, "%s%s", huge, op->flags & DEMAND_F_LOST ? "!" : "");
		break;
	case DEMAND_DROP:
		strbuf_puts(out, " ~");
		name(n, op->id, false, out);
		break;
	case DEMAND_SHRUNK:
		strbuf_puts(out, " %");
		name(n, op->id, false, out);
		break;
	case DEMAND_SPLIT:
		strbuf_puts(out, " ");
		name(n, op->id, false, out);
		strbuf_puts(out, "=");
		name(n, op->id, false, out);
		strbuf_puts(out, "+");
		name(n, op->arg, true, out);
		strbuf_printf(out, "/%u", op->order);
		break;
	case DEMAND_LRU:
		strbuf_puts(out, " ");
		name(n, op->id, false, out);
		strbuf_printf(out, ":%s", lrus[op->type]);
		break;
	case DEMAND_ACTIVATE:
		strbuf_puts(out, " ");
		name(n, op->id, false, out);
		strbuf_puts(out, "^");
		break;
	case DEMAND_WRITEBACK:
	case DEMAND_WRITTEN:
		strbuf_puts(out, " ");
		name(n, op->id, false, out);
		strbuf_puts(out, op->kind == DEMAND_WRITEBACK ? "*" : ".");
		break;
	case DEMAND_WANT:
		strbuf_printf(out, " want=%u", op->arg);
		break;
	case DEMAND_DONE:
		strbuf_puts(out, " done");
		break;
	default:
		strbuf_puts(out, " ?");
		break;
	}
}

static void expect(const char *words)
{
	struct names n = {.next = 'a'};
	struct strbuf out;

	derive();
	strbuf_init(&out);
	for (uint64_t i = 0; i < demand.nr; i++)
		word(&n, &demand.ops[i], &out);
	ck_assert_str_eq(out.len ? out.s + 1 : "", words);
	strbuf_release(&out);
}

static void history_ends(void)
{
	demand_release(&demand);
}

/* ---- who frees, and so why ---- */

/*
 *   task 7   +a            free a
 *   kswapd0        (runs)
 * Expect the owner's own free to be the object's death.
 */
START_TEST(owner_frees)
{
	allocs(TASK, 5, 0, KERNEL);
	happens(KSWAPD, EV_KSWAPD_WAKE, 0, 0, 0, 0);
	frees(TASK, 5, 0);
	expect("+a/0 -a");
	ck_assert_uint_eq(demand.counts.deaths, 1);
}
END_TEST

/*
 *   task 7   +a  a on the LRU
 *   kswapd0                     free a
 * Expect no death: nobody but the recorded kernel's reclaim wanted that.
 */
START_TEST(kswapd_frees)
{
	allocs(TASK, 5, 0, USER);
	on_lru(5, MM_LRU_INACTIVE_FILE, FILE_PAGE);
	frees(KSWAPD, 5, 0);
	expect("+a/0 a:if ~a");
	ck_assert_uint_eq(demand.counts.drops, 1);
	ck_assert_uint_eq(demand.counts.deaths, 0);
}
END_TEST

/*
 *   task 7   +a +b +c   [reclaim  free a    softirq: free c   ]  free d
 *   task 8                                free b
 * Expect only what the reclaiming task itself frees to be dropped: not what another task frees
 * meanwhile, nor what an interrupt frees on its back, nor what it frees when it is done.
 */
START_TEST(direct_reclaim_frees)
{
	for (uint64_t pfn = 1; pfn <= 4; pfn++) {
		allocs(TASK, pfn, 0, USER);
		on_lru(pfn, MM_LRU_INACTIVE_FILE, FILE_PAGE);
	}
	happens(TASK, EV_RECLAIM_BEGIN, 9, KERNEL, 0, 0);
	frees(TASK, 1, 0);
	frees(OTHER, 2, 0);
	frees(TASK, 3, 0)->flags = EVF_SOFTIRQ;
	happens(TASK, EV_RECLAIM_END, 1, 0, 0, 0);
	frees(TASK, 4, 0);
	expect("+a/0 a:if +b/0 b:if +c/0 c:if +d/0 d:if ~a -b -c -d");
}
END_TEST

/* Expect memory.reclaim and cgroup limits to be demand: they happen under any zone policy. */
START_TEST(memcg_reclaim_is_demand)
{
	allocs(TASK, 5, 0, USER);
	on_lru(5, MM_LRU_INACTIVE_FILE, FILE_PAGE);
	happens(TASK, EV_MEMCG_RECLAIM_BEGIN, 0, KERNEL, 0, 0);
	frees(TASK, 5, 0);
	happens(TASK, EV_MEMCG_RECLAIM_END, 1, 0, 0, 0);
	expect("+a/0 a:if -a");
}
END_TEST

/* Expect a slab page that a shrinker frees inside reclaim to die as recorded, and to be counted. */
START_TEST(shrinker_frees)
{
	allocs(TASK, 8, 2, KERNEL | GFP_RECLAIMABLE);
	frees(KSWAPD, 8, 2);
	expect("+a/2 -a");
	ck_assert_uint_eq(demand.counts.slab_shrunk, 4);
}
END_TEST

/*
 *   task 7   +a +b +c +d                       frees d
 *   kswapd0              shrinks 54 objects
 *   softirq                                free a, c     free b
 * Expect 54 objects to be those of a, 21 dentries, and of c, 13 inodes; the 20 that are left are
 * not b. What a task frees itself is none of it.
 */
START_TEST(shrinkers_free_through_rcu)
{
	allocs(TASK, 1, 0, KERNEL | GFP_RECLAIMABLE);
	allocs(TASK, 2, 0, KERNEL | GFP_RECLAIMABLE);
	allocs(TASK, 4, 2, GFP_IO | GFP_COMP | GFP_RECLAIMABLE);
	allocs(TASK, 3, 0, KERNEL | GFP_RECLAIMABLE);
	happens(KSWAPD, EV_SHRINK_SLAB_END, 0, 40, 0, 0);
	happens(KSWAPD, EV_SHRINK_SLAB_END, 0, UINT64_MAX, 0, 0);
	happens(KSWAPD, EV_SHRINK_SLAB_END, 0, 14, 0, 0);
	frees(KSWAPD, 1, 0)->flags = EVF_SOFTIRQ;
	frees(KSWAPD, 4, 2)->flags = EVF_SOFTIRQ;
	frees(TASK, 3, 0);
	frees(KSWAPD, 2, 0)->flags = EVF_SOFTIRQ;
	expect("+a/0 +b/0 +c/2 +d/0 %a %c -d -b");
	ck_assert_uint_eq(demand.ops[0].arg, MM_SLAB_DENTRY + 1);
	ck_assert_uint_eq(demand.ops[2].arg, MM_SLAB_INODE + 1);
	ck_assert_uint_eq(demand.counts.slab_shrunk, 5);
}
END_TEST

/* Expect pages that are freed more than a second later to have other reasons. */
START_TEST(grace_periods_end)
{
	allocs(TASK, 1, 0, KERNEL | GFP_RECLAIMABLE);
	allocs(TASK, 2, 0, KERNEL | GFP_RECLAIMABLE);
	happens(KSWAPD, EV_SHRINK_SLAB_END, 0, 100, 0, 0);
	frees(KSWAPD, 1, 0)->flags = EVF_SOFTIRQ;
	frees(KSWAPD, 2, 0)->flags = EVF_SOFTIRQ;
	events[4].time += 2000000000;
	expect("+a/0 +b/0 %a -b");
}
END_TEST

/* Expect nodes of the radix tree (no IO) and what is not reclaimable to be none of it. */
START_TEST(other_slabs_are_not_shrunk)
{
	allocs(TASK, 2, 1, GFP_KSWAPD_RECLAIM | GFP_RECLAIMABLE);
	allocs(TASK, 4, 0, KERNEL);
	happens(KSWAPD, EV_SHRINK_SLAB_END, 0, 1000, 0, 0);
	frees(KSWAPD, 2, 1)->flags = EVF_SOFTIRQ;
	frees(KSWAPD, 4, 0)->flags = EVF_SOFTIRQ;
	expect("+a/1 +b/0 -a -b");
	ck_assert_uint_eq(demand.ops[0].arg, 0);
}
END_TEST

/* Buffer heads (GFP_NOFS, order 0) go with their pages: by who reclaims these, or truncates. */
START_TEST(buffer_heads)
{
	allocs(TASK, 1, 0, (KERNEL & ~GFP_FS) | GFP_RECLAIMABLE);
	allocs(TASK, 2, 0, (KERNEL & ~GFP_FS) | GFP_RECLAIMABLE);
	frees(KSWAPD, 1, 0);
	frees(TASK, 2, 0);
	expect("+a/0 +b/0 %a -b");
	ck_assert_uint_eq(demand.ops[0].arg, MM_SLAB_BUFFER + 1);
}
END_TEST

#define BLOCK_DEVICE ((uint64_t)254 << 20) /* as an inode, on device 0:3 */

/* A page of metadata, and passes of reclaim that scan and reclaim so many; is it held? */
static uint32_t held(uint64_t scanned, uint64_t reclaimed)
{
	uint32_t arg;

	history_begins();
	allocs(TASK, 1, 0, (KERNEL & ~GFP_FS) | GFP_RECLAIMABLE);
	allocs(TASK, 5, 0, USER);
	happens(TASK, EV_FILE_ADD, 5, BLOCK_DEVICE, 0, 3);
	on_lru(5, MM_LRU_INACTIVE_FILE, FILE_PAGE);
	if (scanned)
		happens(KSWAPD, EV_LRU_SHRINK_INACTIVE, 0, scanned, reclaimed, 0);
	derive();
	ck_assert_uint_eq(demand.ops[2].kind, DEMAND_HOLD);
	ck_assert_uint_eq(demand.ops[2].id, demand.ops[1].id);
	arg = demand.ops[2].arg;
	/* The page of buffer heads is held with it, or not. */
	ck_assert_uint_eq(demand.nr, arg ? 5 : 4);
	if (arg)
		ck_assert_uint_eq(demand.ops[3].id, demand.ops[0].id);
	demand_release(&demand);
	return arg;
}

/* kcompactd takes the pages of frames 0 to 15 off the LRU, and what it cannot move comes back. */
static void tries_to_move(uint64_t refused, uint64_t failures)
{
	happens(KCOMPACTD, EV_COMPACT_MIGRATE_ISOLATE, 0, 16, 16, 4);
	happens(KCOMPACTD, EV_COMPACT_MIGRATED, 4 - failures, failures, 0, 0);
	happens(KCOMPACTD, EV_LRU_INSERT, refused, MM_LRU_INACTIVE_FILE, FILE_PAGE, 0);
}

static void gives_up(uint64_t result)
{
	happens(KCOMPACTD, EV_COMPACT_END, 0, 0, 0, 0)->w[5] = result;
}

/* How often, and whether the first request's page is named. */
static uint32_t count(enum demand_kind kind)
{
	uint32_t n = 0;

	for (uint64_t i = 0; i < demand.nr; i++) {
		if (demand.ops[i].kind == kind) {
			ck_assert_uint_eq(demand.ops[i].id, demand.ops[0].id);
			n++;
		}
	}
	return n;
}

/*
 * A page of a file that compaction tries to move: expect it to be held from its birth if it is
 * refused twice, not once, not if it moves in the end, and not if the run ended for want of
 * targets, whatever came back from that batch.
 */
START_TEST(held_where_compaction_was_refused)
{
	static const struct {
		uint32_t tries, result;
		bool moves;
		uint32_t holds;
	} cases[] = {
		{2, MM_COMPACT_SUCCESS, false, 1},   {1, MM_COMPACT_SUCCESS, false, 0},
		{2, MM_COMPACT_SUCCESS, true, 0},    {2, MM_COMPACT_CONTENDED, false, 0},
		{3, MM_COMPACT_CONTENDED, false, 1}, /* twice before the last batch */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		history_begins();
		allocs(TASK, 5, 0, USER);
		on_lru(5, MM_LRU_INACTIVE_FILE, FILE_PAGE);
		compaction_begins(KCOMPACTD);
		for (uint32_t n = 0; n < cases[i].tries; n++)
			tries_to_move(5, 1);
		gives_up(cases[i].result);
		if (cases[i].moves) {
			compaction_begins(KCOMPACTD);
			moves_pages(KCOMPACTD);
			frees(KCOMPACTD, 5, 0);
			moved_pages(KCOMPACTD);
			gives_up(MM_COMPACT_SUCCESS);
		}
		derive();
		ck_assert_msg(count(DEMAND_HOLD) == cases[i].holds, "case %zu", i);
		ck_assert_uint_eq(count(DEMAND_RELEASE), 0);
		if (cases[i].holds)
			ck_assert_uint_eq(demand.ops[1].kind, DEMAND_HOLD);
		demand_release(&demand);
	}
}
END_TEST

/* Metadata that compaction moves was in use up to the last time that it was refused, or never. */
START_TEST(metadata_that_moves)
{
	for (uint32_t tries = 0; tries <= 2; tries++) {
		history_begins();
		allocs(TASK, 5, 0, USER);
		happens(TASK, EV_FILE_ADD, 5, BLOCK_DEVICE, 0, 3);
		on_lru(5, MM_LRU_INACTIVE_FILE, FILE_PAGE);
		compaction_begins(KCOMPACTD);
		for (uint32_t n = 0; n < tries; n++)
			tries_to_move(5, 1);
		moves_pages(KCOMPACTD);
		happens(KCOMPACTD, EV_COMPACT_MIGRATE_ISOLATE, 0, 16, 16, 1);
		frees(KCOMPACTD, 5, 0);
		moved_pages(KCOMPACTD);
		gives_up(MM_COMPACT_SUCCESS);
		derive();
		ck_assert_uint_eq(count(DEMAND_HOLD), tries > 0);
		ck_assert_uint_eq(count(DEMAND_RELEASE), tries > 0);
		demand_release(&demand);
	}
}
END_TEST

/* Expect it to be held where reclaim left a page in place afterwards, or where that does not show.
 */
START_TEST(metadata_is_held_where_reclaim_tried)
{
	ck_assert_uint_eq(held(32, 31), 1);
	ck_assert_uint_eq(held(32, 32), 0);
	ck_assert_uint_eq(held(0, 0), 1);
}
END_TEST

static void write_slabinfo(const char *text)
{
	struct error err = {{0}};
	char *path = path_join(capture.dir, "proc-start");

	ck_assert(!dir_make(path, &err));
	free(path);
	path = path_join(capture.dir, "proc-start/slabinfo");
	ck_assert(!file_write(path, text, strlen(text), &err));
	free(path);
}

static void remove_slabinfo(void)
{
	static const char *const parts[] = {"proc-start/slabinfo", "proc-start", ""};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		char *path = path_join(capture.dir, parts[i]);

		remove(path);
		free(path);
	}
}

/*
 * What a cache keeps [mm/slub.c, 6.1.192]: dentries 5 on the node (min_partial) and 2 * 120 / 21 =
 * 12 pages on the CPU; inodes of more than 1 KiB 5 and 2 * 24 / 13 = 4; buffer heads, of which some
 * pages have room already, 2 * 120 / 39 = 7. Inodes without a disk do not count.
 */
START_TEST(slabinfo_says_how_many)
{
	char dir[] = "/tmp/zonereplay-demand-XXXXXX";

	capture.dir = mkdtemp(dir);
	ck_assert_ptr_nonnull(capture.dir);
	write_slabinfo("slabinfo - version: 2.1\n"
		       "# name  <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>\n"
		       "sock_inode_cache 19 19 832 19 4 : tunables 0 0 0\n"
		       "ext4_inode_cache 13 13 1192 13 4 : tunables 0 0 0\n"
		       "inode_cache 20400 20400 640 12 2 : tunables 0 0 0\n"
		       "dentry 20895 20895 192 21 1 : tunables 0 0 0\n"
		       "buffer_head 300 390 104 39 1 : tunables 0 0 0\n"
		       "short 1 2\n"
		       "dentry 1 1 192 70000 1 : tunables\n"
		       "dentry 1 1 192 21 4096 : tunables");
	allocs(TASK, 1, 0, KERNEL);
	derive();
	remove_slabinfo();
	capture.dir = NULL;
	ck_assert_uint_eq(demand.slab_objects[MM_SLAB_DENTRY][0], 21);
	ck_assert_uint_eq(demand.slab_objects[MM_SLAB_INODE][1], 0);
	ck_assert_uint_eq(demand.slab_objects[MM_SLAB_INODE][2], 13);
	ck_assert_uint_eq(demand.slab_objects[MM_SLAB_BUFFER][0], 39);
	ck_assert_uint_eq(demand.slab_keeps[MM_SLAB_DENTRY], 5);
	ck_assert_uint_eq(demand.slab_keeps[MM_SLAB_INODE], 5);
	ck_assert_uint_eq(demand.slab_keeps[MM_SLAB_BUFFER], 0);
	ck_assert_uint_eq(demand.slab_cpu_keeps[MM_SLAB_DENTRY], 12); /* 240 objects */
	ck_assert_uint_eq(demand.slab_cpu_keeps[MM_SLAB_INODE], 4);   /* 48 */
	ck_assert_uint_eq(demand.slab_cpu_keeps[MM_SLAB_BUFFER], 7);  /* 240 */
}
END_TEST

/* ---- when requests began ---- */

/*
 *   task 7   +a          wakes kswapd            compacts, reclaims   gets b
 *   task 8          +c                 free a                                  +d
 *   kswapd0                                      (runs)
 * Expect b to be asked for before a dies, at the time when kswapd was woken for it.
 */
START_TEST(request_begins_when_it_began)
{
	allocs(TASK, 5, 0, KERNEL);
	allocs(OTHER, 6, 0, KERNEL);
	happens(TASK, EV_KSWAPD_WAKEUP, 0, 2, 3, KERNEL);
	frees(OTHER, 5, 0);
	happens(TASK, EV_COMPACT_TRY, 3, KERNEL, 0, 0);
	happens(TASK, EV_RECLAIM_BEGIN, 3, KERNEL, 0, 0);
	happens(TASK, EV_RECLAIM_END, 0, 0, 0, 0);
	allocs(TASK, 8, 3, KERNEL);
	allocs(OTHER, 7, 0, KERNEL);
	expect("+a/0 +b/0 +c/3 -a +d/0");
	ck_assert_uint_eq(demand.ops[2].time, 2);
}
END_TEST

/*
 *   task 7   kswapd is woken for a boosted zone;  kswapd is woken for order 3     gets a of
 * order 0 task 8                                                            frees @9 -
 * Expect a request to begin with its own waking only.
 */
START_TEST(others_wake_kswapd_too)
{
	allocs(TASK, 4, 0, KERNEL);
	happens(TASK, EV_KSWAPD_WAKEUP, 0, 2, 0, 0);
	frees(OTHER, 9, 0);
	allocs(TASK, 5, 0, KERNEL);
	happens(TASK, EV_KSWAPD_WAKEUP, 0, 2, 3, KERNEL);
	frees(OTHER, 10, 0);
	allocs(TASK, 6, 0, KERNEL);
	expect("+a/0 -@9 +b/0 -@10 +c/0");
}
END_TEST

/* Expect a request that is under way when the recording is cut to be asked for when it
 * ends. */
START_TEST(request_over_the_cut)
{
	cut = 3;
	frees(OTHER, 8, 0);
	happens(TASK, EV_KSWAPD_WAKEUP, 0, 2, 0, KERNEL);
	frees(OTHER, 9, 0);
	frees(OTHER, 10, 0);
	allocs(TASK, 5, 0, KERNEL);
	expect("-@10 +a/0");
}
END_TEST

/* ---- transparent huge pages ---- */

#define THP                                                                                        \
	(GFP_HIGHMEM | GFP_MOVABLE | GFP_IO | GFP_FS | GFP_HARDWALL | GFP_COMP | GFP_NOMEMALLOC |  \
	 GFP_NOWARN | GFP_DIRECT_RECLAIM)
#define NODE (GFP_THISNODE | GFP_NORETRY)

/*
 *   task 7    fault: its node fails, anywhere a       fault: its node b
 *   task 8                              fault: its node c
 *   khugepaged                                                  d, with the same flags
 * Expect the second request of task 7 alone to be one; khugepaged's is no fault.
 */
START_TEST(faults_for_huge_pages)
{
	static const uint16_t thp = DEMAND_F_THP | DEMAND_F_RANGE;
	const uint16_t flags[] = {thp, thp, thp | DEMAND_F_AGAIN, thp, 0};
	static const uint32_t ranges[] = {1, 2, 1, 3, 0};

	allocs(TASK, UINT64_MAX, 9, THP | NODE);
	allocs(OTHER, 512, 9, THP | NODE);
	allocs(TASK, 0, 9, THP);
	allocs(TASK, 1024, 9, THP | NODE);
	allocs(KHUGEPAGED, 1536, 9, THP);
	expect("fail/9 +a/9 +b/9 +c/9 +d/9");
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		ck_assert_uint_eq(demand.ops[i].flags, flags[i]);
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		ck_assert_uint_eq(demand.ops[i].arg, ranges[i]);
	ck_assert_uint_eq(demand.nr_ranges, 3);
	ck_assert_uint_eq(demand.ranges[1].second, THP);
}
END_TEST

/* Number of the range that each request and death names, 0 for none, `!` behind its end. */
static void ranges_are(const char *expected)
{
	struct strbuf out;

	derive();
	strbuf_init(&out);
	for (uint64_t i = 0; i < demand.nr; i++) {
		const struct demand_op *op = &demand.ops[i];

		if (op->kind == DEMAND_LRU)
			continue;
		strbuf_printf(&out, "%s%u%s", i ? " " : "",
			      op->flags & DEMAND_F_RANGE ? op->arg : 0,
			      op->flags & DEMAND_F_LAST ? "!" : "");
	}
	ck_assert_str_eq(out.s, expected);
	strbuf_release(&out);
}

#define ZEROED (USER | GFP_ZERO)

/*
 * Huge pages of four pages. One fault gets none, and four small pages take its place; a
 * fifth is of something else. The task gives a huge page back, then the small ones, and
 * touches all again: one fault, and four small pages without. Another task's pages and
 * those that are not zeroed are nobody's.
 */
START_TEST(small_pages_are_a_range)
{
	allocs(TASK, 512, 2, THP);
	allocs(TASK, UINT64_MAX, 2, THP);
	for (uint64_t pfn = 0; pfn < 5; pfn++)
		allocs(TASK, pfn, 0, ZEROED);
	allocs(OTHER, 8, 0, ZEROED);
	frees(TASK, 512, 2);
	for (uint64_t pfn = 0; pfn < 4; pfn++)
		frees(TASK, pfn, 0);
	allocs(TASK, 1024, 2, THP);
	allocs(TASK, 20, 0, USER);
	for (uint64_t pfn = 0; pfn < 5; pfn++)
		allocs(TASK, 10 + pfn, 0, ZEROED);
	ranges_are("1 2 2 2 2 2 0 0 1! 2 2 2 2! 1 0 2 2 2 2 0");
	ck_assert(demand.ranges[1].keeps_table && demand.ranges[2].keeps_table);
}
END_TEST

/*
 * Touched again with a fault: the table of small pages had gone too. A fault ends what the
 * one before began, and what is touched behind a range is not its.
 */
START_TEST(a_range_may_lose_its_table)
{
	allocs(TASK, UINT64_MAX, 2, THP);
	for (uint64_t pfn = 0; pfn < 5; pfn++)
		allocs(TASK, pfn, 0, ZEROED);
	allocs(TASK, UINT64_MAX, 2, THP);
	allocs(TASK, 10, 0, ZEROED);
	for (uint64_t pfn = 0; pfn < 4; pfn++)
		frees(TASK, pfn, 0);
	frees(TASK, 10, 0);
	allocs(TASK, 512, 2, THP);
	allocs(TASK, 1024, 2, THP);
	ranges_are("1 1 1 1 1 0 2 2 1 1 1 1! 2! 1 2");
	ck_assert(!demand.ranges[1].keeps_table);
}
END_TEST

/* Never touched again: nobody knows, and then a fault is expected. */
START_TEST(a_table_is_not_taken_for_granted)
{
	allocs(TASK, UINT64_MAX, 2, THP);
	for (uint64_t pfn = 0; pfn < 4; pfn++)
		allocs(TASK, pfn, 0, ZEROED);
	ranges_are("1 1 1 1 1");
	ck_assert(!demand.ranges[1].keeps_table);
}
END_TEST

/* Once without a fault, twice with one: on the whole the table goes. */
START_TEST(what_a_task_does_more_often_counts)
{
	allocs(TASK, UINT64_MAX, 2, THP);
	for (int i = 0; i < 4; i++) {
		allocs(TASK, 0, 0, ZEROED);
		frees(TASK, 0, 0);
		if (i == 1 || i == 2)
			allocs(TASK, UINT64_MAX, 2, THP);
	}
	ranges_are("1 1 1! 1 1! 1 1 1! 1 1 1!");
	ck_assert(!demand.ranges[1].keeps_table);
}
END_TEST

/* ---- bulk allocations ---- */

/*
 *   task 7   bulk: [ asks for one, gets 4 ]  bulk: [ gets 2 ]      bulk: [ gets none ]
 *   anybody                                      frees 9, 8        frees 7, 6, 5, then 4
 * Expect 3 and 2 that nobody was seen to allocate, and five frees of such; the last is
 * nobody's. All those pages were seen before, so that they cannot be from before the
 * recording.
 */
START_TEST(bulk_pages_are_counted)
{
	static const struct {
		uint8_t kind;
		uint32_t arg;
	} expected[] = {{DEMAND_BIRTH, 0},	{DEMAND_BULK, 3},	{DEMAND_BULK, 2},
			{DEMAND_BULK_DEATH, 9}, {DEMAND_BULK_DEATH, 8}, {DEMAND_BULK_DEATH, 7},
			{DEMAND_BULK_DEATH, 6}, {DEMAND_BULK_DEATH, 5}};

	for (uint64_t pfn = 4; pfn < 10; pfn++) {
		allocs(OTHER, pfn, 0, KERNEL);
		frees(OTHER, pfn, 0);
	}
	happens(TASK, EV_P_BULK, KERNEL, 4, 0, 0);
	allocs(TASK, 20, 0, KERNEL);
	happens(TASK, EV_P_BULK_RET, 4, 0, 0, 0);
	happens(TASK, EV_P_BULK, KERNEL, 4, 0, 0);
	happens(TASK, EV_P_BULK_RET, 2, 0, 0, 0);
	frees(OTHER, 9, 0);
	frees(OTHER, 8, 0);
	happens(TASK, EV_P_BULK, KERNEL, 4, 0, 0);
	happens(TASK, EV_P_BULK_RET, 0, 0, 0, 0);
	for (uint64_t pfn = 7; pfn > 3; pfn--)
		frees(TASK, pfn, 0);
	derive();
	ck_assert_uint_eq(demand.nr, 12 + ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		ck_assert_uint_eq(demand.ops[12 + i].kind, expected[i].kind);
		ck_assert_uint_eq(demand.ops[12 + i].arg, expected[i].arg);
	}
	ck_assert_uint_eq(demand.ops[13].gfp, KERNEL);
	ck_assert_uint_eq(demand.bulk_most, 5);
	ck_assert_uint_eq(demand.counts.unknown_frees, 1);
}
END_TEST

/* Expect a folding of counters where it was recorded, for its cpu. */
START_TEST(folds_come_as_recorded)
{
	allocs(TASK, 5, 0, KERNEL);
	happens(OTHER, EV_P_FOLD, 0, 0, 0, 0)->cpu = 1;
	derive();
	ck_assert_uint_eq(demand.nr, 2);
	ck_assert_uint_eq(demand.ops[1].kind, DEMAND_FOLD);
	ck_assert_uint_eq(demand.ops[1].cpu, 1);
}
END_TEST

/* ---- identity across compaction ---- */

/*
 *   frame     3  4          40 41
 *   task 7    a  b
 *   kcompactd0  [ migrate: destinations 41, 40 show on the LRU; 4 and 3 are freed ]
 *   task 7                  frees 41: that is b
 * Expect neither births nor deaths, and the names to follow the pages: sources are taken in
 * descending order.
 */
START_TEST(migration_keeps_identity)
{
	allocs(TASK, 3, 0, USER);
	on_lru(3, MM_LRU_INACTIVE_FILE, FILE_PAGE);
	allocs(TASK, 4, 0, USER);
	on_lru(4, MM_LRU_INACTIVE_FILE, FILE_PAGE);
	compaction_begins(KCOMPACTD);
	moves_pages(KCOMPACTD);
	frees(KCOMPACTD, 4, 0);
	frees(KCOMPACTD, 3, 0);
	moved_pages(KCOMPACTD);
	on_lru(41, MM_LRU_INACTIVE_FILE, FILE_PAGE);
	on_lru(40, MM_LRU_INACTIVE_FILE, FILE_PAGE);
	compaction_ends(KCOMPACTD);
	frees(TASK, 41, 0);
	allocs(TASK, 3, 0, KERNEL);
	frees(TASK, 40, 0);
	expect("+a/0 a:if +b/0 b:if -b +c/0 -a");
	ck_assert_uint_eq(demand.counts.migrated, 2);
	ck_assert_uint_eq(demand.counts.double_allocs, 0);
	ck_assert_uint_eq(demand.counts.unknown_frees, 0);
}
END_TEST

/*
 *   frame     3 anon a   4 file b      40
 *   kcompactd0  [ migrate: frees 3 (its owner let go meanwhile: no destination), frees 4;
 * 40 shows as a file page ] Expect b at 40, and a dead in the end.
 */
START_TEST(source_without_destination)
{
	allocs(TASK, 3, 0, USER);
	on_lru(3, MM_LRU_INACTIVE_ANON, ANON_PAGE);
	allocs(TASK, 4, 0, USER);
	on_lru(4, MM_LRU_INACTIVE_FILE, FILE_PAGE);
	compaction_begins(KCOMPACTD);
	moves_pages(KCOMPACTD);
	frees(KCOMPACTD, 3, 0);
	frees(KCOMPACTD, 4, 0);
	moved_pages(KCOMPACTD);
	compaction_ends(KCOMPACTD);
	on_lru(40, MM_LRU_INACTIVE_FILE, FILE_PAGE);
	frees(TASK, 40, 0);
	expect("+a/0 a:ia +b/0 b:if -b -a!");
	ck_assert_uint_eq(demand.counts.migrated_lost, 1);
}
END_TEST

/* Expect free pages that compaction held and gives back to be nothing: no free of an
 * unknown page, no death. */
START_TEST(compaction_gives_back)
{
	compaction_begins(KCOMPACTD);
	moves_pages(KCOMPACTD);
	moved_pages(KCOMPACTD);
	frees(KCOMPACTD, 50, 0);
	frees(KCOMPACTD, 51, 0);
	compaction_ends(KCOMPACTD);
	expect("");
	ck_assert_uint_eq(demand.nr_initial, 0);
	ck_assert_uint_eq(demand.counts.compaction_released, 2);
	ck_assert_uint_eq(demand.counts.unknown_frees, 0);
}
END_TEST

/* A page that could not be moved goes back to the LRU: its event is no news. Becoming
 * unevictable is. */
START_TEST(putback_is_no_news)
{
	allocs(TASK, 3, 0, USER);
	on_lru(3, MM_LRU_INACTIVE_FILE, FILE_PAGE);
	on_lru(3, MM_LRU_INACTIVE_FILE, FILE_PAGE);
	on_lru(3, MM_LRU_UNEVICTABLE, FILE_PAGE);
	on_lru(3, MM_LRU_INACTIVE_FILE, FILE_PAGE);
	happens(TASK, EV_LRU_ACTIVATE, 3, 0, 0, 0);
	expect("+a/0 a:if a:u a:if a^");
}
END_TEST

/* ---- frees that do not fit ---- */

/*
 *   frame   8   9   10  11  12 .. 15
 *           |          a/3          |      task 7 frees 10 alone, then 12 (order 2), then 8
 * (order 1), then 11 |    a/2    |    b/2    | | a/1 | c/1 | |c |d | Expect the object to
 * be halved until the freed part stands alone, and no more than that.
 */
START_TEST(freed_in_pieces)
{
	allocs(TASK, 8, 3, KERNEL);
	frees(TASK, 10, 0);
	frees(TASK, 12, 2);
	frees(TASK, 8, 1);
	frees(TASK, 11, 0);
	expect("+a/3 a=a+b/2 a=a+c/1 c=c+d/0 -c -b -a -d");
	ck_assert_uint_eq(demand.counts.splits, 3);
	ck_assert_uint_eq(demand.counts.unknown_frees, 0);
}
END_TEST

/* Four single pages freed as one of order 2: each dies. */
START_TEST(freed_as_one)
{
	for (uint64_t pfn = 16; pfn < 20; pfn++)
		allocs(TASK, pfn, 0, KERNEL);
	frees(TASK, 16, 2);
	expect("+a/0 +b/0 +c/0 +d/0 -a -b -c -d");
	ck_assert_uint_eq(demand.counts.ragged_frees, 1);
}
END_TEST

/*
 *   frame 5 is taken out of the zone (into a per-cpu list) and freed by task 7, who was
 * never seen to allocate it Expect it counted, not born nor taken for a page of the start:
 * bulk requests show no allocation.
 */
START_TEST(unknown_free)
{
	happens(TASK, EV_ZONE_LOCKED, 5, 0, MT_UNMOVABLE, 1);
	frees(TASK, 5, 0);
	expect("");
	ck_assert_uint_eq(demand.counts.unknown_frees, 1);
	ck_assert_uint_eq(demand.nr_initial, 0);
}
END_TEST

/* Handed out while out: the free in between was lost. Expect the old object dead before the
 * new one is born. */
START_TEST(double_alloc)
{
	allocs(TASK, 8, 1, KERNEL);
	allocs(TASK, 9, 0, KERNEL);
	frees(TASK, 9, 0);
	expect("+a/1 -a! +b/0 -b");
	ck_assert_uint_eq(demand.counts.double_allocs, 1);
}
END_TEST

/* Pages that the machine does not have are counted and left alone. */
START_TEST(foreign_frames)
{
	allocs(TASK, FRAMES, 0, KERNEL);
	allocs(TASK, 0, 11, KERNEL);
	frees(TASK, FRAMES + 7, 0);
	frees(TASK, FRAMES - 1, 3);
	expect("");
	ck_assert_uint_eq(demand.counts.foreign_frames, 4);
}
END_TEST

/* ---- what was there at the start ---- */

/*
 *   task 7 frees 20 (order 2) first of all; 24 shows on the LRU and is freed; 30 is handed
 * out first Expect objects @20 and @24 with what is known of them, and 30 free at the
 * start.
 */
START_TEST(initial_objects)
{
	frees(TASK, 20, 2);
	on_lru(24, MM_LRU_ACTIVE_ANON, ANON_PAGE | 1);
	frees(TASK, 24, 0);
	allocs(TASK, 30, 0, KERNEL);
	frees(TASK, 30, 0);
	expect("-@20 -@24 +a/0 -a");
	ck_assert_uint_eq(demand.nr_initial, 2);
	ck_assert_uint_eq(demand.initial[0].frame, 20);
	ck_assert_uint_eq(demand.initial[0].order, 2);
	ck_assert_uint_eq(demand.initial[0].lru, DEMAND_NO_LRU);
	ck_assert_uint_eq(demand.initial[1].frame, 24);
	ck_assert_uint_eq(demand.initial[1].lru, MM_LRU_ACTIVE_ANON);
	ck_assert_uint_eq(demand.initial[1].page, MM_KIND_ANON);
	ck_assert_uint_eq(demand.initial[1].flags, MM_F_MAPPED | MM_F_ANON | MM_F_SWAPBACKED);
}
END_TEST

/*
 * Frames 3 and 4 as the snapshot's reader saw them, while its memory was locked: one
 * anonymous, one of a file. Expect them on inactive lists once it has let go, and to stay
 * unevictable where something still is.
 */
START_TEST(locked_for_the_snapshot)
{
	static struct snap_frame frames[FRAMES];

	frames[3].kpf = 1u << 5 | 1u << 12 | 1u << 14 | 1u << 18; /* LRU, ANON, SWAPBACKED */
	frames[4].kpf = 1u << 5 | 1u << 18;			  /* UNEVICTABLE */
	capture.start = (struct snapshot){.frames = frames, .nr_frames = FRAMES};
	frees(TASK, 3, 0);
	frees(TASK, 4, 0);
	expect("-@3 -@4");
	ck_assert_uint_eq(demand.initial[0].lru, MM_LRU_UNEVICTABLE);
	ck_assert(!demand.unlocked);
	demand_release(&demand);
	capture.unlocked = true;
	expect("-@3 -@4");
	ck_assert_uint_eq(demand.initial[0].lru, MM_LRU_INACTIVE_ANON);
	ck_assert_uint_eq(demand.initial[1].lru, MM_LRU_INACTIVE_FILE);
	ck_assert(demand.unlocked);
}
END_TEST

/*
 *   kcompactd0  [ migrate: frees 3, which nobody had allocated; 40 shows on the LRU ] task
 * 7 frees 40 Expect @3 there at the start and moved to 40; 40 was free.
 */
START_TEST(initial_source_moves)
{
	compaction_begins(KCOMPACTD);
	moves_pages(KCOMPACTD);
	frees(KCOMPACTD, 3, 0);
	moved_pages(KCOMPACTD);
	compaction_ends(KCOMPACTD);
	on_lru(40, MM_LRU_INACTIVE_FILE, FILE_PAGE);
	frees(TASK, 40, 0);
	expect("@3:if -@3");
	ck_assert_uint_eq(demand.nr_initial, 1);
	ck_assert_uint_eq(demand.counts.migrated, 1);
}
END_TEST

/* Ids below the number of frames are enough however long the history: they are used again.
 */
START_TEST(ids_are_used_again)
{
	for (uint32_t i = 0; i < 100; i++) {
		allocs(TASK, 5, 0, KERNEL);
		frees(TASK, 5, 0);
	}
	derive();
	for (uint64_t i = 0; i < demand.nr; i++)
		ck_assert_uint_eq(demand.ops[i].id, demand.ops[0].id);
}
END_TEST

/* ---- requests ---- */

/* Expect the recorder's own pages in the stream, marked. */
START_TEST(recorder_is_marked)
{
	allocs(RECORDER, 5, 0, KERNEL);
	allocs(TASK, 6, 0, KERNEL);
	expect("+a/0 +b/0");
	ck_assert_uint_eq(demand.ops[0].flags, DEMAND_F_RECORDER);
	ck_assert_uint_eq(demand.ops[1].flags, 0);
}
END_TEST

/* A request that failed is demand, too. */
START_TEST(failed_request)
{
	allocs(TASK, UINT64_MAX, 3, KERNEL | GFP_NOWARN);
	expect("fail/3");
	ck_assert_uint_eq(demand.counts.fails, 1);
	ck_assert_uint_eq(demand.ops[0].gfp, KERNEL | GFP_NOWARN);
}
END_TEST

/*
 *   task 7  pool page, (reclaims: allocates for itself), pool page, failure;   pool page;
 * fork; pool page Expect three resizes: the failure ends one, a request of another kind the
 * next; requests inside reclaim end nothing. The page that reclaim was for was asked for
 * before.
 */
START_TEST(runs_of_pool_requests)
{
	allocs(TASK, 512, 9, POOL);
	happens(TASK, EV_RECLAIM_BEGIN, 9, POOL, 0, 0);
	allocs(TASK, 5, 0, KERNEL);
	happens(TASK, EV_RECLAIM_END, 0, 0, 0, 0);
	allocs(TASK, 1024, 9, POOL);
	allocs(TASK, UINT64_MAX, 9, POOL);
	allocs(TASK, 1536, 9, POOL);
	allocs(TASK, 6, 0, KERNEL);
	frees(TASK, 1536, 9);
	allocs(TASK, 1536, 9, POOL);
	expect("+a/9h +b/9h +c/0 fail/9h +d/9h +e/0 -dh +f/9h");
	ck_assert_uint_eq(demand.counts.intents, 3);
	ck_assert_uint_eq(demand.ops[0].arg, demand.ops[3].arg);
	ck_assert_uint_ne(demand.ops[3].arg, demand.ops[4].arg);
	ck_assert_uint_ne(demand.ops[4].arg, demand.ops[7].arg);
}
END_TEST

/* A transparent huge page is not for the pool: it does not use reserves (__GFP_NOMEMALLOC).
 */
START_TEST(thp_is_no_pool_request)
{
	allocs(TASK, 512, 9, (USER | GFP_COMP | GFP_NOMEMALLOC | GFP_NOWARN) & ~GFP_KSWAPD_RECLAIM);
	expect("+a/9");
}
END_TEST

/* Expect what markers say, and nothing of other texts. */
START_TEST(markers)
{
	marks("zonereplay intent want=12 step=1 order=9");
	allocs(TASK, 512, 9, POOL);
	marks("zonereplay intent got=1 ns=5 step=1");
	marks("zonereplay checkpoint 3");
	marks("somebody else wants want=7");
	expect("want=12 +a/9h done");
	ck_assert_uint_eq(demand.counts.markers, 1);
}
END_TEST

/* A marker that points outside the texts of the trace is ignored. */
START_TEST(forged_marker)
{
	happens(TASK, EV_MARKER, 1u << 20, 16, 0, 0);
	happens(TASK, EV_MARKER, 0, UINT64_MAX, 0, 0);
	expect("");
}
END_TEST

/* Expect pages asked for to be written to as dirty, and to follow their writeback; nothing
 * of pages unknown. */
START_TEST(writeback_is_followed)
{
	allocs(TASK, 5, 0, USER | GFP_WRITE);
	allocs(TASK, 6, 0, USER);
	happens(TASK, EV_P_WRITEBACK, 5, 0, 0, 0);
	happens(TASK, EV_P_WRITEBACK, 40, 0, 0, 0);
	happens(TASK, EV_P_WRITEBACK_END, 5, 0, 0, 0);
	expect("+a/0 a:if +b/0 b:ia a* a.");
	ck_assert(demand.writeback);
	ck_assert_uint_eq(demand.ops[0].flags, DEMAND_F_DIRTY);
	ck_assert_uint_eq(demand.ops[2].flags, 0);
}
END_TEST

/* Where the recording shows no writeback nothing is called dirty: it would stay so for
 * ever. */
START_TEST(no_dirt_without_writeback)
{
	allocs(TASK, 5, 0, USER | GFP_WRITE);
	derive();
	ck_assert(!demand.writeback);
	ck_assert_uint_eq(demand.ops[0].flags, 0);
}
END_TEST

static Suite *demand_suite(void)
{
	const TTest *const cases[] = {
		owner_frees,
		kswapd_frees,
		direct_reclaim_frees,
		memcg_reclaim_is_demand,
		faults_for_huge_pages,
		small_pages_are_a_range,
		a_range_may_lose_its_table,
		a_table_is_not_taken_for_granted,
		bulk_pages_are_counted,
		folds_come_as_recorded,
		what_a_task_does_more_often_counts,
		shrinker_frees,
		shrinkers_free_through_rcu,
		grace_periods_end,
		other_slabs_are_not_shrunk,
		buffer_heads,
		metadata_is_held_where_reclaim_tried,
		held_where_compaction_was_refused,
		metadata_that_moves,
		slabinfo_says_how_many,
		migration_keeps_identity,
		source_without_destination,
		compaction_gives_back,
		putback_is_no_news,
		freed_in_pieces,
		freed_as_one,
		unknown_free,
		double_alloc,
		foreign_frames,
		initial_objects,
		initial_source_moves,
		locked_for_the_snapshot,
		request_begins_when_it_began,
		others_wake_kswapd_too,
		request_over_the_cut,
		ids_are_used_again,
		recorder_is_marked,
		failed_request,
		runs_of_pool_requests,
		thp_is_no_pool_request,
		markers,
		forged_marker,
		writeback_is_followed,
		no_dirt_without_writeback,
	};
	Suite *s = suite_create("demand");
	TCase *tc = tcase_create("demand");

	tcase_add_checked_fixture(tc, history_begins, history_ends);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		tcase_add_test(tc, cases[i]);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(demand_suite());
	int failed;

	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
