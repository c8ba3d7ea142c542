// SPDX-License-Identifier: GPL-2.0-only
#include "trace/pack.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[64];
static struct capture cap;
static struct trace trace;
static struct error err;

static void setup(void)
{
	snprintf(dir, sizeof(dir), "trace-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	memset(&cap, 0, sizeof(cap));
	memset(&trace, 0, sizeof(trace));
	err.text[0] = '\0';
}

static void teardown(void)
{
	char command[100];

	trace_release(&trace);
	capture_release(&cap);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static void put_file(const char *name, const char *text, size_t len)
{
	char *path = path_join(dir, name);

	ck_assert_int_eq(file_write(path, text, len, &err), 0);
	free(path);
}

static int open_text(const char *text, const char *release)
{
	memset(&cap, 0, sizeof(cap));
	manifest_init(&cap.manifest);
	put_file("text", text, strlen(text));
	cap.trace_path = path_join(dir, "text");
	snprintf(cap.manifest.release, sizeof(cap.manifest.release), "%s", release);
	return trace_open_form(&trace, &cap, TRACE_TEXT, NULL, &err);
}

static const char text_61[] =
	"# tracer: nop\n#\n# entries-in-buffer/entries-written: 1/1   #P:1\n"
	"           <...>-12      [001] ...2.  4859.888643: mm_page_free_batched: page=000000009b159e14 "
	"pfn=0x21d434 order=0\n"
	"    my task-x [0]-18376   (  18376) [000] dNh3.  4859.888644: mm_page_alloc: page=00000000f6e930d2 pfn=0x10 "
	"order=3 migratetype=1 gfp_flags=GFP_ATOMIC|__GFP_COMP\n"
	"          <idle>-0       [000] b.s..  4859.888645: mm_page_alloc: page=0000000000000000 pfn=0x0 order=9 "
	"migratetype=2 gfp_flags=none\n"
	"CPU:2 [LOST 17 EVENTS]\n"
	"            bash-7       [002] .....  4859.888646: tracing_mark_write: hello: \"world\"\n"
	"            bash-7       [002] .....  4859.888647: some_other: x=1\n"
	" => do_something\n"
	"            bash-7       [002] .....  4859.888648: mm_page_free: page=00000000f6e930d2 pfn=16 order=3\n";

START_TEST(text_of_tracefs)
{
	const struct event *e;

	ck_assert_msg(!open_text(text_61, "6.1.192"), "%s", err.text);
	ck_assert_uint_eq(trace.nr, 6);
	e = trace.events;
	ck_assert_uint_eq(e[0].time, 4859888643000);
	ck_assert_uint_eq(e[0].cpu, 1);
	ck_assert_uint_eq(e[0].flags, EVF_PREEMPT_OFF);
	ck_assert_uint_eq(e[0].w[0], 0x21d434);
	ck_assert_uint_eq(e[1].pid, 18376);
	ck_assert_uint_eq(e[1].flags,
			  EVF_IRQS_OFF | EVF_NEED_RESCHED | EVF_HARDIRQ | EVF_PREEMPT_OFF);
	ck_assert_uint_eq(e[1].w[0], 16);
	ck_assert_uint_eq(e[1].w[2],
			  0xa20 | GFP_COMP); /* 6.1's GFP_ATOMIC has __GFP_ATOMIC in it */
	ck_assert_uint_eq(e[1].w[3], MT_MOVABLE);
	ck_assert_uint_eq(e[2].flags, EVF_BH_OFF | EVF_SOFTIRQ);
	ck_assert_uint_eq(e[2].w[0], UINT64_MAX);
	ck_assert_uint_eq(e[2].w[2], 0);
	ck_assert_uint_eq(e[3].kind, EV_LOST);
	ck_assert_uint_eq(e[3].cpu, 2);
	ck_assert_uint_eq(e[3].w[0], 17);
	ck_assert_str_eq(trace.strings + e[4].w[0], "hello: \"world\"");
	ck_assert_uint_eq(e[5].w[0], 16);
	ck_assert_uint_eq(trace.defects.unknown_events, 1);
	ck_assert_str_eq(trace_comm(&trace, 18376), "my task-x [0]");
	ck_assert_str_eq(trace_comm(&trace, 12), "");
	ck_assert_str_eq(trace_comm(&trace, 0), "swapper");
}
END_TEST

/* What trace-cmd report makes of events whose values are printed in odd ways. */
static const struct {
	const char *line;
	enum event_kind kind;
	uint64_t w[6];
} text_lines[] = {
	{"mm_filemap_add_to_page_cache: dev 254:3 ino 1f pfn=0x2b2c ofs=8192 order=2",
	 EV_FILE_ADD,
	 {0x2b2c, 0x1f, 2, 254 << 20 | 3, 2}},
	{"mm_lru_insertion:     folio=0xffe1fa9e800ac680 pfn=0x2b1a lru=1 flags=M  bd ",
	 EV_LRU_INSERT,
	 {0x2b1a, 1, 0x31}},
	{"mm_lru_insertion:     pfn=0x2b1a lru=1 flags=0x33", EV_LRU_INSERT, {0x2b1a, 1, 0x33}},
	{"mm_compaction_isolate_freepages: range=(0x9000 ~ 0x9200) nr_scanned=5 nr_taken=4",
	 EV_COMPACT_FREE_ISOLATE,
	 {0x9000, 0x9200, 5, 4}},
	{"mm_compaction_end:    zone_start=0x1000 migrate_pfn=0x3c00 free_pfn=0x1fe00 zone_end=0x1ffdd, mode=sync "
	 "status=success",
	 EV_COMPACT_END,
	 {0x1000, 0x3c00, 0x1fe00, 0x1ffdd, 1, 8}},
	{"mm_compaction_finished: node=1 zone=DMA32    order=-1 ret=contended",
	 EV_COMPACT_FINISHED,
	 {1, 1, UINT64_MAX, 7}},
	{"mm_compaction_deferred: node=0 zone=Normal   order=9 order_failed=8 consider=3 limit=4",
	 EV_COMPACT_DEFERRED,
	 {0, 2, 9, 3, 2, 8}},
	{"mm_migrate_pages:     nr_succeeded=32 nr_failed=1 nr_thp_succeeded=2 nr_thp_failed=3 nr_thp_split=4 "
	 "mode=MIGRATE_SYNC reason=demotion",
	 EV_MIGRATE_PAGES,
	 {32, 1, 2, 3, 4, 8ull << 32 | 2}},
	{"set_migration_pte:    addr=559000, pte=dff10 order=0",
	 EV_MIGRATION_PTE_SET,
	 {0x559000, 0xdff10}},
	{"mm_shrink_slab_end:   kfree_rcu_shrink_scan+0x0 0xffffffffa1ed4600: nid: 1 unused scan count 0 new scan "
	 "count 0 total_scan 7 last shrinker return val 5",
	 EV_SHRINK_SLAB_END,
	 {1, 5, 7}},
	{"mm_vmscan_lru_isolate: isolate_mode=0 classzone=3 order=9 nr_requested=10 nr_scanned=11 nr_skipped=1 "
	 "nr_taken=12 lru=inactive_file",
	 EV_LRU_ISOLATE,
	 {9, 10, 11, 1, 12, 2}},
	{"mm_page_alloc_extfrag: page=0xffffffffa179f070 pfn=0x6c00 alloc_order=2 fallback_order=10 pageblock_order=9 "
	 "alloc_migratetype=0 fallback_migratetype=1 fragmenting=10 change_ownership=1",
	 EV_EXTFRAG,
	 {0x6c00, 2, 10, MT_UNMOVABLE, MT_MOVABLE, 1}},
	{"mm_page_alloc:         pfn=0xffffffffffffffff order=1 gfp_flags=0x400dc0 migratetype=4",
	 EV_ALLOC,
	 {UINT64_MAX, 1, 0x400dc0, MT_ISOLATE}},
	{"mm_page_alloc: page=0xffffffff8bd241b8 pfn=14520 order=0 migratetype=0 gfp_flags=GFP_NOWAIT",
	 EV_ALLOC,
	 {14520, 0, 0x800, MT_UNMOVABLE}},
	{"print:                tracing_mark_write: text", EV_MARKER, {0, 4}},
	{"print:                 ip=tracing_mark_write buf=text", EV_MARKER, {0, 4}},
};

#define TEXT_NEEDED                                                                                \
	"dd-1 [000] 1.1: mm_page_alloc: pfn=1 order=0 migratetype=0 gfp_flags=0\n"                 \
	"dd-1 [000] 1.1: mm_page_free: pfn=1 order=0\n"

START_TEST(text_values)
{
	char text[1000];

	snprintf(text, sizeof(text), "%s     dd-1     [000]     4.435651123: %s\n", TEXT_NEEDED,
		 text_lines[_i].line);
	ck_assert_msg(!open_text(text, ""), "%s", err.text);
	ck_assert_uint_eq(trace.nr, 3);
	ck_assert_uint_eq(trace.events[2].time, 4435651123);
	ck_assert_int_eq(trace.events[2].kind, text_lines[_i].kind);
	for (int i = 0; i < 6; i++)
		ck_assert_msg(trace.events[2].w[i] == text_lines[_i].w[i], "w[%d] is %#" PRIx64, i,
			      trace.events[2].w[i]);
}
END_TEST

START_TEST(text_of_a_marker_with_lines)
{
	ck_assert_msg(!open_text(TEXT_NEEDED
				 "dd-1 [000] 1.2: tracing_mark_write: one\n two \n\n# three\n"
				 "dd-1 [000] 1.3: tracing_mark_write: four\n\n",
				 ""),
		      "%s", err.text);
	ck_assert_uint_eq(trace.nr, 4);
	ck_assert_str_eq(trace.strings + trace.events[2].w[0], "one\n two \n\n# three");
	ck_assert_str_eq(trace.strings + trace.events[3].w[0], "four");
	ck_assert_uint_eq(trace.events[3].w[1], 4);
}
END_TEST

/* The form of a recording made in a buffer instance. */
START_TEST(text_of_an_instance)
{
	ck_assert_msg(
		!open_text("cpus=2\nmine: CPU:1 [12 EVENTS DROPPED]\n"
			   "mine:       a: b-9   [001]  2.000000001: mm_page_free: pfn=1 order=0\n"
			   "mine: CPU:0 [EVENTS DROPPED]\n"
			   "mine:          dd-8   [000]  2.000000002: mm_page_alloc: pfn=1 order=0 "
			   "gfp_flags=0xcc0 migratetype=0\n",
			   ""),
		"%s", err.text);
	ck_assert_uint_eq(trace.nr, 4);
	ck_assert_uint_eq(trace.events[0].w[0], 12);
	ck_assert_uint_eq(trace.events[0].cpu, 1);
	ck_assert_uint_eq(trace.events[0].time, 2000000001);
	ck_assert_uint_eq(trace.events[2].w[0], UINT64_MAX);
	ck_assert_str_eq(trace_comm(&trace, 9), "a: b");
	ck_assert_str_eq(trace_comm(&trace, 8), "dd");
}
END_TEST

static const struct {
	const char *want, *line;
} bad_text[] = {
	{"line 3: not a line of ftrace", "hello\n"},
	{"line 3: not a line of ftrace", "dd-1 [000] mm_page_free: pfn=1 order=0\n"},
	{"line 3: not a line of ftrace", "dd-1 [9999] 1.1: mm_page_free: pfn=1 order=0\n"},
	{"line 3: not a line of ftrace", "dd-x [000] 1.1: mm_page_free: pfn=1 order=0\n"},
	{"line 3: a value", "dd-1 [000] 1.1: mm_page_free: pfn=1\n"},
	{"line 3: a value", "dd-1 [000] 1.1: mm_page_free: pfn=zwei order=0\n"},
	{"line 3: a value",
	 "dd-1 [000] 1.1: mm_page_alloc: pfn=1 order=0 migratetype=0 gfp_flags=GFP_X\n"},
	{"line 3: this line", "CPU:x\n"},
};

START_TEST(text_refused)
{
	char text[1000];

	snprintf(text, sizeof(text), "%s%s", TEXT_NEEDED, bad_text[_i].line);
	ck_assert_int_eq(open_text(text, ""), -1);
	ck_assert_msg(strstr(err.text, bad_text[_i].want), "\"%s\" lacks \"%s\"", err.text,
		      bad_text[_i].want);
}
END_TEST

static const struct {
	const char *text;
	int form; /* -1: refused */
} forms[] = {
	{CSV_HEADER "\n", TRACE_CSV},
	{"# by hand\n# twice\n" CSV_HEADER "\n", TRACE_CSV},
	{text_61, TRACE_TEXT},
	{"cpus=1\n", TRACE_TEXT},
	{"  dd-1   [000]  1.1: x: y\n", TRACE_TEXT},
	{"\x17\x08\x44tracing6", TRACE_DAT},
	{"", -1},
	{"{\"json\": [1]}", -1},
	{"# only a comment", -1},
};

START_TEST(form_by_content)
{
	char *path = path_join(dir, "file");
	enum trace_form form;
	int ret;

	put_file("file", forms[_i].text, strlen(forms[_i].text));
	ret = trace_form_of(path, &form, &err);
	ck_assert_int_eq(ret ? -1 : (int)form, forms[_i].form);
	ck_assert(!ret || strstr(err.text, path));
	free(path);
}
END_TEST

static Suite *text_suite(void)
{
	Suite *s = suite_create("trace_text");
	TCase *tc = tcase_create("text");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, text_of_tracefs);
	tcase_add_test(tc, text_of_an_instance);
	tcase_add_test(tc, text_of_a_marker_with_lines);
	tcase_add_loop_test(tc, text_values, 0, (int)ARRAY_SIZE(text_lines));
	tcase_add_loop_test(tc, text_refused, 0, (int)ARRAY_SIZE(bad_text));
	tcase_add_loop_test(tc, form_by_content, 0, (int)ARRAY_SIZE(forms));
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(text_suite());
	int failed;

	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
