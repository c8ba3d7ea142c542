// SPDX-License-Identifier: GPL-2.0-only
#include "capture/capture.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct snapshot snap;
static struct manifest mf;
static struct error err;
static char dir[64];

static void setup(void)
{
	snapshot_init(&snap);
	manifest_init(&mf);
	err.text[0] = '\0';
}

static void teardown(void)
{
	snapshot_release(&snap);
	manifest_release(&mf);
}

/* ---- proc texts ---- */

/* A zone of 6.1 (boost in the watermarks) and one that is not populated, cut down by hand. */
static const char zoneinfo_61[] = "Node 0, zone   Normal\n"
				  "  per-node stats\n"
				  "      nr_inactive_anon 842\n"
				  "  pages free     3808\n"
				  "        boost    100\n"
				  "        min      122\n"
				  "        low      127\n"
				  "        high     132\n"
				  "        spanned  4095\n"
				  "        present  3998\n"
				  "        managed  3840\n"
				  "        cma      0\n"
				  "        protection: (0, 442, 7)\n"
				  "      nr_free_pages 9999\n"
				  "  pagesets\n"
				  "    cpu: 0\n"
				  "              count: 11\n"
				  "              high:  27\n"
				  "              batch: 1\n"
				  "  vm stats threshold: 2\n"
				  "    cpu: 1\n"
				  "              count: 12\n"
				  "              high:  28\n"
				  "              batch: 3\n"
				  "  vm stats threshold: 3\n"
				  "  node_unreclaimable:  0\n"
				  "  start_pfn:           1\n"
				  "Node 0, zone  Movable\n"
				  "  pages free     0\n"
				  "        boost    0\n"
				  "        min      0\n"
				  "        low      0\n"
				  "        high     0\n"
				  "        spanned  0\n"
				  "        present  0\n"
				  "        managed  0\n"
				  "        cma      0\n"
				  "        protection: (0, 0, 0)\n";

START_TEST(zoneinfo_of_61)
{
	const struct snap_zone *z;

	ck_assert_msg(!snapshot_from_proc(&snap, zoneinfo_61, NULL, NULL, NULL, 0, &err), "%s",
		      err.text);
	ck_assert_int_eq(snap.level, SNAP_COUNTS);
	ck_assert_uint_eq(snap.nr_zones, 2);
	z = &snap.zones[0];
	ck_assert_str_eq(z->name, "Normal");
	ck_assert_int_eq(z->index, 0);
	ck_assert_uint_eq(z->free_counter, 3808); /* not nr_free_pages of the statistics */
	ck_assert_uint_eq(z->boost, 100);
	ck_assert_uint_eq(z->wmark[0], 22);
	ck_assert_uint_eq(z->wmark[1], 27);
	ck_assert_uint_eq(z->wmark[2], 32);
	ck_assert_uint_eq(z->wmark[3], UINT64_MAX);
	ck_assert_uint_eq(z->spanned, 4095);
	ck_assert_uint_eq(z->present, 3998);
	ck_assert_uint_eq(z->managed, 3840);
	ck_assert_uint_eq(z->start_pfn, 1);
	ck_assert_uint_eq(z->lowmem_reserve[1], 442);
	ck_assert_uint_eq(z->lowmem_reserve[2], 7);
	ck_assert_int_eq(z->stat_threshold, 3);
	/* 2 CPUs x 3 pages > low - min = 5 pages: high + 6 */
	ck_assert_uint_eq(z->percpu_drift_mark, 38);
	ck_assert_str_eq(snap.zones[1].name, "Movable");
	ck_assert_int_eq(snap.zones[1].index, 1);
	ck_assert_uint_eq(snap.zones[1].managed, 0);
	ck_assert_uint_eq(snap.nr_frames, 4096);
}
END_TEST

START_TEST(zoneinfo_per_cpu_lists)
{
	ck_assert_int_eq(snapshot_from_proc(&snap, zoneinfo_61, NULL, NULL, NULL, 0, &err), 0);
	ck_assert_uint_eq(snap.nr_cpus, 2);
	ck_assert_uint_eq(snap.nr_pcps, 2);
	ck_assert_int_eq(snap.pcps[0].zone, 0);
	ck_assert_int_eq(snap.pcps[0].count, 11);
	ck_assert_int_eq(snap.pcps[0].high, 27);
	ck_assert_int_eq(snap.pcps[1].cpu, 1);
	ck_assert_int_eq(snap.pcps[1].count, 12);
	ck_assert_int_eq(snap.pcps[1].high, 28);
	ck_assert_int_eq(snap.pcps[1].batch, 3);
	ck_assert_int_eq(snap.pcps[1].high_max, 0);
}
END_TEST

/* What 6.12 and 7.2 print more, and 5.10 less. */
START_TEST(zoneinfo_of_other_kernels)
{
	static const char of_72[] =
		"Node 1, zone      DMA\n  pages free     5\n        boost    0\n"
		"        min      1\n        low      20\n        high     30\n"
		"        promo    40\n        spanned  100\n        present  100\n"
		"        managed  90\n        protection: (0)\n  pagesets\n    cpu: 0\n"
		"              count:    7\n              high:     8\n              batch:    9\n"
		"              high_min: 10\n              high_max: 11\n"
		"  vm stats threshold: 4\n  start_pfn:           256\n"
		"  reserved_highatomic: 512\n  free_highatomic:     3\n";
	static const char of_510[] =
		"Node 0, zone      DMA\n  pages free     5\n        min      1\n"
		"        low      2\n        high     3\n        spanned  100\n"
		"        present  100\n        managed  90\n        protection: (0, 1)\n"
		"  start_pfn:           0\n";

	ck_assert_int_eq(snapshot_from_proc(&snap, of_72, NULL, NULL, NULL, 0, &err), 0);
	ck_assert_int_eq(snap.zones[0].node, 1);
	ck_assert_uint_eq(snap.zones[0].wmark[3], 40);
	ck_assert_uint_eq(snap.zones[0].reserved_highatomic, 512);
	ck_assert_uint_eq(snap.zones[0].percpu_drift_mark, 0); /* 4 is not more than 19 */
	ck_assert_int_eq(snap.pcps[0].high_min, 10);
	ck_assert_int_eq(snap.pcps[0].high_max, 11);
	ck_assert_int_eq(snapshot_from_proc(&snap, of_510, NULL, NULL, NULL, 0, &err), 0);
	ck_assert_uint_eq(snap.zones[0].boost, 0);
	ck_assert_uint_eq(snap.zones[0].wmark[2], 3);
}
END_TEST

static const char pagetypeinfo_61[] =
	"Page block order: 9\nPages per block:  512\n\n"
	"Free pages count per migrate type at order       0      1      2 \n"
	"Node    0, zone   Normal, type    Unmovable      8      0      3 \n"
	"Node    0, zone   Normal, type      Movable >100000     1      0 \n"
	"Node    0, zone   Normal, type      Isolate      0      0      5 \n"
	"\n"
	"Number of blocks type     Unmovable      Movable   HighAtomic      Isolate \n"
	"Node 0, zone   Normal           34          208            2            1 \n";

START_TEST(pagetypeinfo_with_zoneinfo)
{
	const struct snap_zone *z;

	ck_assert_msg(!snapshot_from_proc(&snap, zoneinfo_61, pagetypeinfo_61, NULL, NULL, 0, &err),
		      "%s", err.text);
	ck_assert_uint_eq(snap.nr_zones, 2);
	ck_assert_uint_eq(snap.nr_orders, 3);
	ck_assert_uint_eq(snap.pageblock_order, 9);
	z = &snap.zones[0];
	ck_assert_uint_eq(z->nr_free[0][MT_UNMOVABLE], 8);
	ck_assert_uint_eq(z->nr_free[2][MT_UNMOVABLE], 3);
	ck_assert_uint_eq(z->nr_free[0][MT_MOVABLE], 100000);
	/* the kernel's row number 2 here is not this program's number of the type */
	ck_assert_uint_eq(z->nr_free[2][MT_ISOLATE], 5);
	ck_assert_uint_eq(z->nr_free[2][MT_RECLAIMABLE], 0);
	ck_assert_uint_eq(z->nr_blocks[MT_MOVABLE], 208);
	ck_assert_uint_eq(z->nr_blocks[MT_HIGHATOMIC], 2);
	ck_assert_uint_eq(z->nr_blocks[MT_ISOLATE], 1);
	ck_assert_uint_eq(z->reserved_highatomic, 1024);
}
END_TEST

START_TEST(buddyinfo_fills_the_gap)
{
	static const char buddyinfo[] = "Node 0, zone   Normal 100050      1      8 \n";

	ck_assert_int_eq(
		snapshot_from_proc(&snap, zoneinfo_61, pagetypeinfo_61, NULL, NULL, 0, &err), 0);
	ck_assert_int_eq(snapshot_add_buddyinfo(&snap, buddyinfo, &err), 0);
	ck_assert_uint_eq(snap.zones[0].nr_free[0][MT_MOVABLE], 100042);
	ck_assert_uint_eq(snap.zones[0].nr_free[1][MT_MOVABLE], 1);
	ck_assert_uint_eq(snap.zones[0].nr_free[2][MT_MOVABLE], 0);
}
END_TEST

START_TEST(kpageflags_become_frames)
{
	uint64_t *flags = calloc(4096, sizeof(*flags)), *counts = calloc(4096, sizeof(*counts));

	flags[17] = 1ull << 5;
	counts[17] = 3;
	ck_assert_int_eq(snapshot_from_proc(&snap, zoneinfo_61, NULL, flags, counts, 4096, &err),
			 0);
	ck_assert_uint_eq(snap.frames[17].kpf, 32);
	ck_assert_int_eq(snap.frames[17].mapcount, 3);
	ck_assert_int_eq(snap.frames[17].refcount, -1);
	ck_assert_int_eq(snapshot_from_proc(&snap, zoneinfo_61, NULL, flags, counts, 4000, &err),
			 -1);
	ck_assert_ptr_nonnull(strstr(err.text, "kpageflags"));
	ck_assert_uint_eq(snap.frames[17].kpf, 32); /* a failure leaves the old one */
	free(flags);
	free(counts);
}
END_TEST

static const struct {
	const char *zoneinfo, *pagetypeinfo, *want;
} bad_texts[] = {
	{"", NULL, "zoneinfo: the text is empty"},
	{"Linux version 6.1\n", NULL, "zoneinfo, line 1"},
	{"Node 0, zone\n", NULL, "zoneinfo, line 1"},
	{"Node 0, zone DMA\n  pages free     12x\n", NULL, "zoneinfo, line 2"},
	{"Node 0, zone DMA\n  pages free     99999999999999999999\n", NULL, "zoneinfo, line 2"},
	{"Node 0, zone DMA\n  spanned 1099511627776000\n", NULL, "zoneinfo, line 2"},
	{"Node 0, zone DMA\n  pages free     12\n", NULL, "zone DMA is incomplete"},
	{"Node 0, zone DMA\n        protection: (0, 1\n", NULL, "zoneinfo, line 2"},
	{"Node 0, zone DMA\n        protection: (1,1,1,1,1,1,1,1,1)\n", NULL, "zoneinfo, line 2"},
	{"Node 0, zone DMA\n  cpu: 99999\n", NULL, "zoneinfo, line 2"},
	{"Node 0, zone DMA\nNode 0, zone DMA\n", NULL, "zoneinfo, line 2"},
	{NULL, "", "pagetypeinfo: the text is empty"},
	{NULL, "Page block order: 99\n", "pagetypeinfo, line 1"},
	{NULL, "Page block order: 9\nfoo\n", "pagetypeinfo, line 2"},
	{NULL, "Free pages count per migrate type at order 0 2\n", "pagetypeinfo, line 1"},
	{NULL, "Free pages count per migrate type at order 0\nNode 0, zone DMA, type Odd 1\n",
	 "pagetypeinfo, line 2: migratetype \"Odd\""},
	{NULL, "Free pages count per migrate type at order 0 1\nNode 0, zone DMA, type Movable 1\n",
	 "pagetypeinfo, line 2"},
	{NULL, "Free pages count per migrate type at order 0\nNode 0, zone DMA, type Movable 1\n",
	 "cut off"},
};

START_TEST(bad_proc_texts)
{
	ck_assert_int_eq(snapshot_from_proc(&snap, bad_texts[_i].zoneinfo,
					    bad_texts[_i].pagetypeinfo, NULL, NULL, 0, &err),
			 -1);
	ck_assert_msg(strstr(err.text, bad_texts[_i].want), "\"%s\" lacks \"%s\"", err.text,
		      bad_texts[_i].want);
}
END_TEST

/* ---- manifest ---- */

static const char manifest_text[] = "# a comment\n"
				    "[capture]\n"
				    "version = 1\n"
				    "workload = hugealloc\n"
				    "[kernel]\n"
				    "release = 6.1.0-56-cloud-amd64\n"
				    "page_size = 65536\n"
				    "vmemmap_base = 0xffffea0000000000\n"
				    "migratetypes = Unmovable Movable CMA\n"
				    "[sysctl]\n"
				    "vm.extfrag_threshold = 500\n"
				    "vm.text = one\\20\n"
				    "  two\\3b\n";

START_TEST(manifest_by_hand)
{
	ck_assert_msg(!manifest_parse(&mf, manifest_text, strlen(manifest_text), "m", &err), "%s",
		      err.text);
	ck_assert_str_eq(mf.release, "6.1.0-56-cloud-amd64");
	ck_assert_str_eq(mf.workload, "hugealloc");
	ck_assert_uint_eq(mf.page_size, 65536);
	ck_assert_uint_eq(mf.vmemmap_base, 0xffffea0000000000ull);
	ck_assert_str_eq(mf.migratetypes[2], "CMA");
	ck_assert_str_eq(mf.migratetypes[3], "");
	ck_assert_uint_eq(mf.nr_pairs, 2);
	ck_assert_int_eq(manifest_get_i64(&mf, "sysctl.vm.extfrag_threshold", -1), 500);
	ck_assert_int_eq(manifest_get_i64(&mf, "sysctl.vm.nothing", -7), -7);
	ck_assert_str_eq(manifest_get(&mf, "sysctl.vm.text"), "one two;");
	ck_assert_ptr_null(manifest_get(&mf, "kernel.release"));
}
END_TEST

static const struct {
	const char *text, *want;
} bad_manifests[] = {
	{"", "version"},
	{"[capture]\nversion = 2\n", "version 2"},
	{"[capture]\nversion = x\n", "\"x\""},
	{"version = 1\n", "line 1: there is no [section]"},
	{"[capture]\nversion = 1\nfoo\n", "line 3: neither"},
	{"[capture]\nversion = 1\nworkload = a\nevents = b\nworkload = c\n",
	 "line 5: there is a second key"},
	{"[capture]\nversion = 1\nworkload = a\\q1\n", "line 3: a backslash"},
	{"[capture]\nversion = 1\nevents = this is longer than fifteen\n", "capture.events"},
	{"[capture]\nversion = 1\n[kernel]\npage_size = 4294967296\n", "kernel.page_size"},
	{"[capture]\nversion = 1\n[kernel]\npage_size = 4095\n", "kernel.page_size"},
	{"[capture]\nversion = 1\n[kernel]\nnr_orders = 17\n", "kernel.nr_orders"},
	{"[capture]\nversion = 1\n[kernel]\nnr_cpus = -1\n", "kernel.nr_cpus"},
	{"[capture]\nversion = 1\n[kernel]\nmigratetypes = 1 2 3 4 5 6 7 8 9\n",
	 "kernel.migratetypes"},
	{"[capture]\nversion = 1\nx23456789012345678901234567890123456789012345678901 = 1\n",
	 "line 3: a section"},
};

START_TEST(bad_manifest)
{
	ck_assert_int_eq(manifest_parse(&mf, bad_manifests[_i].text, strlen(bad_manifests[_i].text),
					"m", &err),
			 -1);
	ck_assert_msg(strstr(err.text, bad_manifests[_i].want), "\"%s\" lacks \"%s\"", err.text,
		      bad_manifests[_i].want);
	ck_assert_int_eq(strncmp(err.text, "m", 1), 0);
}
END_TEST

START_TEST(manifest_long_line)
{
	char text[400] = "[capture]\nversion = 1\nx = ";
	size_t len = strlen(text);

	memset(text + len, 'y', 200);
	ck_assert_int_eq(manifest_parse(&mf, text, len + 200, "m", &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "m, line 3: longer"));
}
END_TEST

static void dir_setup(void)
{
	setup();
	snprintf(dir, sizeof(dir), "capture-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void dir_teardown(void)
{
	char command[100];

	teardown();
	snprintf(command, sizeof(command), "rm -r %s", dir);
	ck_assert_int_eq(system(command), 0);
}

/* Every byte but zero, blanks where they are easily lost, and lines longer than inih takes. */
static void awkward_value(char *value, size_t size)
{
	for (size_t i = 0; i + 1 < size; i++)
		value[i] = (char)(i % 3 ? 1 + i % 255 : ' ');
	value[size - 1] = '\0';
}

START_TEST(manifest_round_trip)
{
	char value[2000], *path = path_join(dir, "manifest");
	struct manifest back;

	awkward_value(value, sizeof(value));
	manifest_init(&back);
	ck_assert_int_eq(manifest_parse(&mf, manifest_text, strlen(manifest_text), "m", &err), 0);
	manifest_set(&mf, "vmstat_start.pgalloc", "12");
	manifest_set(&mf, "sysctl.odd", value);
	manifest_set(&mf, "thp.empty", "");
	ck_assert_msg(!manifest_save(&mf, path, &err), "%s", err.text);
	ck_assert_msg(!manifest_load(&back, path, &err), "%s", err.text);
	ck_assert_uint_eq(back.nr_pairs, 5);
	ck_assert_str_eq(manifest_get(&back, "sysctl.odd"), value);
	ck_assert_str_eq(manifest_get(&back, "sysctl.vm.text"), "one two;");
	ck_assert_str_eq(manifest_get(&back, "thp.empty"), "");
	ck_assert_str_eq(manifest_get(&back, "vmstat_start.pgalloc"), "12");
	ck_assert_uint_eq(back.vmemmap_base, mf.vmemmap_base);
	ck_assert_mem_eq(back.migratetypes, mf.migratetypes, sizeof(mf.migratetypes));
	manifest_release(&back);
	free(path);
}
END_TEST

START_TEST(manifest_refuses_odd_keys)
{
	char *path = path_join(dir, "manifest");

	manifest_set(&mf, "no_section", "1");
	ck_assert_int_eq(manifest_save(&mf, path, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "no_section"));
	ck_assert(!path_exists(path));
	free(path);
}
END_TEST

/* ---- the directory ---- */

static void put_file(const char *name, const char *text)
{
	char *path = path_join(dir, name);

	ck_assert_int_eq(file_write(path, text, strlen(text), &err), 0);
	free(path);
}

START_TEST(open_without_manifest)
{
	struct capture c;

	put_file("events.csv", "x\n");
	put_file("zoneinfo-before", zoneinfo_61);
	put_file("pagetypeinfo-before", pagetypeinfo_61);
	ck_assert_msg(!capture_open(&c, dir, &err), "%s", err.text);
	ck_assert_str_eq(c.name, dir);
	ck_assert(c.trace_is_csv);
	ck_assert_int_eq(c.start.level, SNAP_COUNTS);
	ck_assert_int_eq(c.end.level, SNAP_NONE);
	ck_assert_uint_eq(c.manifest.nr_orders, 3);
	ck_assert_uint_eq(c.manifest.pageblock_order, 9);
	ck_assert_uint_eq(c.manifest.nr_cpus, 2);
	ck_assert_uint_eq(c.manifest.nr_nodes, 1);
	ck_assert_str_eq(c.manifest.migratetypes[0], "Unmovable");
	ck_assert_str_eq(c.manifest.migratetypes[3], "Isolate");
	ck_assert_uint_eq(strlen(c.id), 32);
	capture_release(&c);
}
END_TEST

START_TEST(id_depends_on_trace_and_start)
{
	struct capture a, b, c;

	put_file("events.csv", "x\n");
	ck_assert_int_eq(capture_open(&a, dir, &err), 0);
	put_file("zoneinfo-before", zoneinfo_61);
	ck_assert_int_eq(capture_open(&b, dir, &err), 0);
	put_file("events.csv", "y\n");
	ck_assert_int_eq(capture_open(&c, dir, &err), 0);
	ck_assert_str_ne(a.id, b.id);
	ck_assert_str_ne(b.id, c.id);
	capture_release(&a);
	capture_release(&b);
	capture_release(&c);
}
END_TEST

START_TEST(open_refuses)
{
	struct capture c;
	char *path = path_join(dir, "events.csv");

	ck_assert_int_eq(capture_open(&c, "no/such/place", &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "no/such/place"));
	ck_assert_int_eq(capture_open(&c, dir, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "neither trace.dat nor events.csv"));
	put_file("events.csv", "x\n");
	ck_assert_int_eq(capture_open(&c, path, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "import"));
	put_file("zoneinfo-before", "rubbish\n");
	ck_assert_int_eq(capture_open(&c, dir, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "zoneinfo, line 1"));
	free(path);
}
END_TEST

static Suite *capture_suite(void)
{
	Suite *s = suite_create("capture");
	TCase *tc = tcase_create("proc");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, zoneinfo_of_61);
	tcase_add_test(tc, zoneinfo_per_cpu_lists);
	tcase_add_test(tc, zoneinfo_of_other_kernels);
	tcase_add_test(tc, pagetypeinfo_with_zoneinfo);
	tcase_add_test(tc, buddyinfo_fills_the_gap);
	tcase_add_test(tc, kpageflags_become_frames);
	tcase_add_loop_test(tc, bad_proc_texts, 0, (int)ARRAY_SIZE(bad_texts));
	suite_add_tcase(s, tc);
	tc = tcase_create("manifest");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, manifest_by_hand);
	tcase_add_loop_test(tc, bad_manifest, 0, (int)ARRAY_SIZE(bad_manifests));
	tcase_add_test(tc, manifest_long_line);
	suite_add_tcase(s, tc);
	tc = tcase_create("directory");
	tcase_add_checked_fixture(tc, dir_setup, dir_teardown);
	tcase_add_test(tc, manifest_round_trip);
	tcase_add_test(tc, manifest_refuses_odd_keys);
	tcase_add_test(tc, open_without_manifest);
	tcase_add_test(tc, id_depends_on_trace_and_start);
	tcase_add_test(tc, open_refuses);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(capture_suite());
	int failed;

	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
