// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shrinkers. Pages of 21 dentries and, of order 2, 13 inodes, as a kernel of 64 bits has them.
 * Expected numbers were worked out by hand from do_shrink_slab (mm/vmscan.c) and super_cache_scan
 * (fs/super.c) of 6.1.192: of n objects a pass at priority p wants (n >> p) * 4 / 2 and what was
 * put off, shifted by p; it goes through them by batches of 1024 while it has a batch or more than
 * there are.
 */
#include "tests/unit/mm_kit.h"

#define KERNEL (MM_GFP_IO | MM_GFP_FS | MM_GFP_DIRECT_RECLAIM | MM_GFP_KSWAPD_RECLAIM)
#define NOFS (KERNEL & ~MM_GFP_FS)
#define FIRST 64u

static struct mm *mm;

static void machine_with(uint32_t dentry_pages)
{
	mm = kit_machine(4096, 1);
	mm_pcp(mm, 0, 0)->high = 10000;
	mm->slab_objects[MM_SLAB_DENTRY][0] = 21;
	mm->slab_objects[MM_SLAB_INODE][2] = 13;
	for (uint32_t i = 0; i < dentry_pages; i++) {
		mm_mark_allocated(mm, at(FIRST + i), 0);
		mm_slab_add(mm, at(FIRST + i), MM_SLAB_DENTRY);
	}
}

static void add_inode_pages(uint32_t first, uint32_t pages)
{
	for (uint32_t i = 0; i < pages; i++) {
		mm_build_allocated(mm, at(first + 4 * i), 2, 0);
		mm_slab_add(mm, at(first + 4 * i), MM_SLAB_INODE);
	}
}

static uint32_t pages_of(enum mm_slab slab)
{
	return mm_list_count(mm, mm_slab_list(mm, 0, slab));
}

static void pass(int32_t priority)
{
	mm_shrink_slab(mm, 0, 0, KERNEL, priority);
}

static void release(void)
{
	struct error err = {{0}};

	ck_assert_msg(!mm_validate(mm, &err), "%s", err.text);
	mm_free(mm);
}

/* 100 pages, 2100 objects: (2100 >> 6) * 2 = 64, less than a batch. */
START_TEST(less_than_a_batch_is_put_off)
{
	machine_with(100);
	pass(12);
	ck_assert_uint_eq(mm->nodes[0].shrinker.deferred, 0);
	pass(6);
	ck_assert_uint_eq(mm->nodes[0].shrinker.deferred, 64);
	pass(6);
	ck_assert_uint_eq(mm->nodes[0].shrinker.deferred, 128);
	ck_assert_uint_eq(pages_of(MM_SLAB_DENTRY), 100);
	release();
}
END_TEST

/*
 * Priority 1 with 128 put off: 64 + 1050 * 2 = 2164, two batches; 116 are left of it. Each walks
 * one object more than its share [super_cache_scan], 2050 in all: 97 pages of 21 and 13 objects.
 * Put off: 128 + 2100 - 2048.
 */
START_TEST(batches_of_1024)
{
	machine_with(100);
	pass(6);
	pass(6);
	pass(1);
	ck_assert_uint_eq(pages_of(MM_SLAB_DENTRY), 3);
	ck_assert_uint_eq(mm_slab_freeable(mm, 0), 50);
	ck_assert_uint_eq(mm->nodes[0].shrinker.deferred, 180);
	ck_assert_uint_eq(mm_stats(mm)->slab_scanned, 2048);
	ck_assert_uint_eq(mm_stats(mm)->slab_freed, 97);
	release();
}
END_TEST

/* 42 objects at priority 0: 84, as many as may be; more than there are, so they go without a batch.
 */
START_TEST(few_objects_go_when_it_is_tight)
{
	machine_with(2);
	pass(1); /* (42 >> 1) * 2 = 42: as many as there are */
	ck_assert_uint_eq(pages_of(MM_SLAB_DENTRY), 0);
	ck_assert_uint_eq(mm_slab_freeable(mm, 0), 0);
	release();
}
END_TEST

START_TEST(few_objects_stay_when_it_is_not)
{
	machine_with(2);
	pass(2); /* (42 >> 2) * 2 = 20 */
	ck_assert_uint_eq(pages_of(MM_SLAB_DENTRY), 2);
	ck_assert_uint_eq(mm->nodes[0].shrinker.deferred, 20);
	release();
}
END_TEST

/* Work is put off up to twice the objects: (2100 >> 0) * 2 each time. */
START_TEST(outside_file_systems_all_is_put_off)
{
	machine_with(100);
	for (int i = 0; i < 3; i++)
		mm_shrink_slab(mm, 0, 0, NOFS, 0);
	ck_assert_uint_eq(pages_of(MM_SLAB_DENTRY), 100);
	ck_assert_uint_eq(mm->nodes[0].shrinker.deferred, 4200);
	release();
}
END_TEST

/* Pages that came first go first, and the free one is on the per-cpu list. */
START_TEST(oldest_go_first)
{
	machine_with(100);
	pass(0); /* 4200 wanted */
	ck_assert_uint_eq(pages_of(MM_SLAB_DENTRY), 0);
	mm_free(mm);

	machine_with(100);
	mm->nodes[0].shrinker.deferred = 1000;
	pass(4); /* 62 + 131 * 2 = 324 */
	ck_assert_uint_eq(pages_of(MM_SLAB_DENTRY), 100);
	mm->nodes[0].shrinker.deferred = 4200;
	pass(2); /* 1050 + 525 * 2 = 2100: a batch, another, 52 left */
	ck_assert_uint_eq(pages_of(MM_SLAB_DENTRY), 3);
	for (uint32_t i = 0; i < 97; i++)
		ck_assert(mm_on_pcp_list(mm, at(FIRST + i)));
	ck_assert(mm_on_slab_list(mm, at(FIRST + 97)));
	release();
}
END_TEST

/*
 * 20 pages of 21 dentries and 40 of 13 inodes, 520. Before any dentry has gone no inode is idle:
 * 420 can go. At priority 0: 840 wanted, in one portion: 421 dentries, so all, and one inode at
 * most, of none. Then 420 inodes are idle. Next pass: 840 again, 421 inodes: 420 are 32 pages and 4
 * objects.
 */
START_TEST(inodes_follow_their_dentries)
{
	machine_with(20);
	add_inode_pages(1024, 40);
	ck_assert_uint_eq(mm_slab_freeable(mm, 0), 420);
	pass(0);
	ck_assert_uint_eq(pages_of(MM_SLAB_DENTRY), 0);
	ck_assert_uint_eq(pages_of(MM_SLAB_INODE), 40);
	ck_assert_uint_eq(mm_slab_freeable(mm, 0), 420);
	pass(0);
	ck_assert_uint_eq(pages_of(MM_SLAB_INODE), 8);
	ck_assert_uint_eq(mm_slab_freeable(mm, 0), 0);
	ck_assert_uint_eq(mm->nodes[0].shrinker.objects[MM_SLAB_INODE], 100);
	release();
}
END_TEST

/* An owner takes away the page that the scan has half gone through: the next one is scanned whole.
 */
START_TEST(owners_take_pages_away)
{
	machine_with(100);
	pass(1); /* 2 * 1050 = 2100: two batches, 2050 objects: 13 of page 97 */
	ck_assert_uint_eq(mm_slab_freeable(mm, 0), 50);
	mm_slab_del(mm, at(FIRST + 97));
	mm_free_page(mm, 0, at(FIRST + 97), 0);
	ck_assert_uint_eq(mm_slab_freeable(mm, 0), 42);
	mm_slab_del(mm, at(FIRST + 99));
	mm_free_page(mm, 0, at(FIRST + 99), 0);
	ck_assert_uint_eq(mm_slab_freeable(mm, 0), 21);
	release();
}
END_TEST

/* Where the size of objects is not known a page is left alone. */
START_TEST(unknown_orders_are_left_alone)
{
	machine_with(0);
	mm_build_allocated(mm, at(256), 3, 0);
	mm_slab_add(mm, at(256), MM_SLAB_INODE);
	ck_assert(!mm_on_slab_list(mm, at(256)));
	release();
}
END_TEST

static void add_buffer_pages(uint32_t first, uint32_t pages)
{
	mm->slab_objects[MM_SLAB_BUFFER][0] = 39;
	for (uint32_t i = 0; i < pages; i++) {
		mm_mark_allocated(mm, at(first + i), 0);
		mm_slab_add(mm, at(first + i), MM_SLAB_BUFFER);
	}
}

/*
 * 2 pages of 39 buffer heads. 38 pages with buffers are reclaimed: none goes; with the 39th the
 * first does. No shrinker knows of them, and pages without buffers take none along.
 */
START_TEST(buffer_heads_go_with_their_pages)
{
	machine_with(0);
	add_buffer_pages(256, 2);
	ck_assert_uint_eq(mm_slab_freeable(mm, 0), 0);
	pass(0);
	mm_frame(mm, at(300))->flags |= MM_F_BUFFERS;
	for (int i = 0; i < 38; i++)
		mm_buffers_go(mm, at(300), 0);
	mm_buffers_go(mm, at(301), 0);
	ck_assert_uint_eq(pages_of(MM_SLAB_BUFFER), 2);
	mm_buffers_go(mm, at(300), 0);
	ck_assert_uint_eq(pages_of(MM_SLAB_BUFFER), 1);
	ck_assert(mm_on_pcp_list(mm, at(256)));
	release();
}
END_TEST

/* A buffer of the first page is in use: the page stays when the others have gone. */
START_TEST(held_pages_stay)
{
	machine_with(0);
	add_buffer_pages(256, 2);
	mm_frame(mm, at(256))->flags |= MM_F_PINNED;
	mm_frame(mm, at(300))->flags |= MM_F_BUFFERS;
	for (int i = 0; i < 78; i++)
		mm_buffers_go(mm, at(300), 0);
	ck_assert_uint_eq(pages_of(MM_SLAB_BUFFER), 0);
	ck_assert(mm_frame(mm, at(256))->flags & MM_F_HEAD);
	ck_assert(mm_on_pcp_list(mm, at(257)));
	release();
}
END_TEST

/* As batches_of_1024, but of the 97 pages that are emptied the cache keeps 5. */
START_TEST(caches_keep_empty_pages)
{
	machine_with(100);
	mm->slab_keeps[MM_SLAB_DENTRY] = 5;
	pass(6);
	pass(6);
	pass(1);
	ck_assert_uint_eq(pages_of(MM_SLAB_DENTRY), 3);
	ck_assert_uint_eq(mm_stats(mm)->slab_freed, 92);
	for (uint32_t i = 0; i < 97; i++)
		ck_assert_int_eq(mm_on_pcp_list(mm, at(FIRST + i)), i >= 5);
	release();
}
END_TEST

/*
 * As batches_of_1024, but a CPU keeps up to 10 of the 97 pages that are emptied; the eleventh makes
 * it give up ten. So of the first 90 the node keeps 5, and 7 stay with the CPU.
 */
START_TEST(a_cpu_keeps_the_last_ones)
{
	machine_with(100);
	mm->slab_keeps[MM_SLAB_DENTRY] = 5;
	mm->slab_cpu_keeps[MM_SLAB_DENTRY] = 10;
	pass(6);
	pass(6);
	pass(1);
	ck_assert_uint_eq(mm_stats(mm)->slab_freed, 85);
	ck_assert_uint_eq(mm_list_count(mm, mm_slab_cpu_list(mm, 0, MM_SLAB_DENTRY)), 7);
	for (uint32_t i = 0; i < 97; i++)
		ck_assert_int_eq(mm_on_pcp_list(mm, at(FIRST + i)), i >= 5 && i < 90);
	mm_slab_del(mm, at(FIRST + 90)); /* its owner lets it go */
	ck_assert(!mm_on_slab_list(mm, at(FIRST + 90)));
	ck_assert_uint_eq(mm_slab_freeable(mm, 0), 50);
	release();
}
END_TEST

/*
 * As batches_of_1024, but dentries of the first 90 pages were used again: 1890 of the 2050 that are
 * looked at are spared. The other 160 are seven of the ten pages behind them and 13 objects. Next
 * pass: 1940 at priority 1 and 180 >> 1 put off, 2030, one batch: the 50 that are left of those,
 * and 975 of the others, which go at this second look: 46 pages and 9.
 */
START_TEST(used_again_they_are_spared_once)
{
	machine_with(100);
	for (uint32_t i = 0; i < 90; i++)
		mm_frame(mm, at(FIRST + i))->flags |= MM_F_YOUNG;
	pass(6);
	pass(6);
	pass(1);
	ck_assert_uint_eq(mm_stats(mm)->slab_freed, 7);
	ck_assert_uint_eq(mm_slab_freeable(mm, 0), 2100 - 160);
	ck_assert_uint_eq(pages_of(MM_SLAB_DENTRY), 93);
	pass(1);
	ck_assert_uint_eq(mm_slab_freeable(mm, 0), 1940 - 1025);
	ck_assert_uint_eq(mm_stats(mm)->slab_freed, 7 + 3 + 46);
	for (uint32_t i = 0; i < 100; i++)
		ck_assert_int_eq(mm_on_pcp_list(mm, at(FIRST + i)), i < 46 || i >= 90);
	release();
}
END_TEST

/* An owner may let go a page that the scan is in the middle of. */
START_TEST(spared_pages_count_whole)
{
	machine_with(2);
	mm_frame(mm, at(FIRST))->flags |= MM_F_YOUNG;
	mm->nodes[0].shrinker.looked[MM_SLAB_DENTRY] = 7;
	mm_slab_del(mm, at(FIRST));
	ck_assert_uint_eq(mm_slab_freeable(mm, 0), 21);
	release();
}
END_TEST

/*
 * 2.6.34: 32 of 1000 pages scanned: 4 * 32 / 2 = 64 of 2100 objects, over 1001: 134. A batch of 128
 * goes, which is 129 dentries of 21: 6 pages; 6 are left over.
 */
START_TEST(old_kernels_shrink_by_share)
{
	machine_with(100);
	mm_shrink_slab_2634(mm, 0, 0, KERNEL, 32, 1000);
	ck_assert_uint_eq(pages_of(MM_SLAB_DENTRY), 94);
	ck_assert_uint_eq(mm->nodes[0].shrinker.deferred, 6);
	release();
}
END_TEST

/* Reclaim calls them: a pass over no LRU pages at all shrinks nevertheless. */
START_TEST(reclaim_shrinks)
{
	struct mm_scan sc = {.gfp = KERNEL, .highest = 2, .priority = 0, .nr_to_reclaim = 32};

	machine_with(100);
	mm_shrink_node(mm, 0, &sc);
	ck_assert_uint_eq(pages_of(MM_SLAB_DENTRY), 0);
	ck_assert_uint_eq(sc.nr_reclaimed, 0); /* RCU frees them later, in nobody's name */
	release();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("shrink");
	TCase *tc = kit_case(s, "dentries and inodes");

	tcase_add_test(tc, less_than_a_batch_is_put_off);
	tcase_add_test(tc, batches_of_1024);
	tcase_add_test(tc, few_objects_go_when_it_is_tight);
	tcase_add_test(tc, few_objects_stay_when_it_is_not);
	tcase_add_test(tc, outside_file_systems_all_is_put_off);
	tcase_add_test(tc, oldest_go_first);
	tcase_add_test(tc, inodes_follow_their_dentries);
	tcase_add_test(tc, owners_take_pages_away);
	tcase_add_test(tc, unknown_orders_are_left_alone);
	tcase_add_test(tc, buffer_heads_go_with_their_pages);
	tcase_add_test(tc, held_pages_stay);
	tcase_add_test(tc, caches_keep_empty_pages);
	tcase_add_test(tc, a_cpu_keeps_the_last_ones);
	tcase_add_test(tc, used_again_they_are_spared_once);
	tcase_add_test(tc, spared_pages_count_whole);
	tcase_add_test(tc, old_kernels_shrink_by_share);
	tcase_add_test(tc, reclaim_shrinks);
	return kit_main(s);
}
