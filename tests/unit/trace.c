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

static int open_file(const char *name, const char *text)
{
	put_file(name, text, strlen(text));
	ck_assert_msg(!capture_open(&cap, dir, &err), "%s", err.text);
	return trace_open(&trace, &cap, NULL, &err);
}

static void open_fine(const char *text)
{
	ck_assert_msg(!open_file("events.csv", text), "%s", err.text);
}

#define HEADER CSV_HEADER "\n"
#define NEEDED                                                                                     \
	"1,0,0,,mm_page_alloc,1,0,0,Unmovable\n"                                                   \
	"1,0,0,,mm_page_free,1,0\n"

/* ---- names ---- */

START_TEST(every_kind_has_a_row)
{
	for (int kind = EV_NONE + 1; kind < EV_NR_KINDS; kind++) {
		const struct event_desc *d = event_desc(kind);
		char both[128];

		ck_assert_int_eq(d->kind, kind);
		ck_assert_ptr_nonnull(d->name);
		ck_assert_ptr_eq(event_desc_by_name(d->name), d);
		snprintf(both, sizeof(both), "%s:%s", d->system, d->name);
		ck_assert_ptr_eq(event_desc_by_name(both), d);
	}
	ck_assert_ptr_null(event_desc(EV_NONE));
	ck_assert_ptr_null(event_desc(EV_NR_KINDS));
	ck_assert_ptr_null(event_desc_by_name("mm_page"));
	ck_assert_ptr_null(event_desc_by_name("kmem:"));
	/* renamed in 5.19 */
	ck_assert_ptr_eq(event_desc_by_name("mm_vmscan_writepage"), event_desc(EV_WRITEPAGE));
}
END_TEST

/* traces/FORMAT.md is what people write CSV by. */
START_TEST(every_kind_is_documented)
{
	const char *srcdir = getenv("ZR_SRCDIR");
	char *path = path_join(srcdir ? srcdir : ".", "traces/FORMAT.md");
	char *text = file_read(path, 1 << 20, NULL, &err), *row, *end, *at;
	char want[128];

	ck_assert_msg(text != NULL, "%s", err.text);
	for (int kind = EV_NONE + 1; kind < EV_NR_KINDS; kind++) {
		const struct event_desc *d = event_desc(kind);

		snprintf(want, sizeof(want), "| `%s:%s` |", d->system, d->name);
		row = strstr(text, want);
		ck_assert_msg(row != NULL, "no row %s", want);
		row += strlen(want);
		end = row + strcspn(row, "\n");
		for (int i = 0; i < 6 && d->fields[i]; i++) {
			snprintf(want, sizeof(want), " `%s`", d->fields[i]);
			at = strstr(row, want);
			ck_assert_msg(at && at < end, "%s: no %s, or not in its place", d->name,
				      want);
			row = at + strlen(want);
		}
	}
	free(text);
	free(path);
}
END_TEST

/* Values from kernel-facts 5.7 and include/linux/gfp_types.h. */
static const struct {
	const char *text;
	uint32_t gfp;
} gfp_names[] = {
	{"0", 0},
	{"GFP_KERNEL", 0xcc0},
	{"GFP_ATOMIC", 0x820},
	{"GFP_ATOMIC|__GFP_ATOMIC", 0xa20},
	{"GFP_HIGHUSER_MOVABLE", 0x100cca},
	{"GFP_HIGHUSER_MOVABLE|__GFP_COMP", 0x140cca},
	{"GFP_TRANSHUGE", 0x1c24ca},
	{"GFP_TRANSHUGE_LIGHT", 0x1c20ca},
	{"GFP_KERNEL_ACCOUNT|__GFP_ZERO", 0x400dc0},
	{"__GFP_KSWAPD_RECLAIM", 0x800},
	{"__GFP_DMA|0x80000000", 0x80000001},
};

START_TEST(gfp_by_name)
{
	char text[GFP_TEXT];
	uint32_t gfp;

	ck_assert_uint_eq(gfp_format(gfp_names[_i].gfp, text), strlen(gfp_names[_i].text));
	ck_assert_str_eq(text, gfp_names[_i].text);
	ck_assert(gfp_parse(gfp_names[_i].text, &gfp));
	ck_assert_uint_eq(gfp, gfp_names[_i].gfp);
}
END_TEST

START_TEST(gfp_all_values)
{
	char text[GFP_TEXT];
	struct rng rng;
	uint32_t gfp, back;

	rng_init(&rng, 42);
	printf("# seed 42\n");
	for (int i = 0; i < 20000; i++) {
		gfp = (uint32_t)(rng_next(&rng) & rng_next(&rng));
		ck_assert_uint_lt(gfp_format(gfp, text), sizeof(text));
		ck_assert(gfp_parse(text, &back));
		ck_assert_uint_eq(back, gfp);
	}
	ck_assert_uint_lt(gfp_format(UINT32_MAX, text), sizeof(text));
	ck_assert(!gfp_parse("", &back));
	ck_assert(!gfp_parse("GFP_KERNEL|", &back));
	ck_assert(!gfp_parse("GFP_KERNELS", &back));
	ck_assert(!gfp_parse("4294967296", &back));
	ck_assert_uint_eq(gfp_bit_by_name("GFP_DMA"), 1);
	ck_assert_uint_eq(gfp_bit_by_name("__GFP_IO"), 0x40);
	ck_assert_uint_eq(gfp_bit_by_name("GFP_KERNEL"), 0);
}
END_TEST

/* ---- CSV ---- */

START_TEST(csv_by_hand)
{
	const struct event *e;

	open_fine("# a comment, then the header\n" HEADER ",,7,,comm,\"a \"\"b\"\"\"\n\n"
		  "10,1,7,dhp,mm_page_alloc,0x1f,3,GFP_KERNEL|__GFP_COMP,Movable\r\n"
		  "# another comment\n"
		  "11,0,0,,mm_page_alloc,none,9,1048778,1\n"
		  "11,0,7,,kmem:mm_page_free,31,3\n"
		  "12,2,8,sN,mm_page_alloc_zone_locked,32,0,Isolate\n"
		  "12,2,8,Z,mm_compaction_finished,0,1,-1,8\n"
		  "13,0,7,,print,\"two\nlines, \"\"quoted\"\"\"\n"
		  "14,0,7,,print,\n"
		  "15,0,0,,lost,\n"
		  "15,0,0,,lost,12\n");
	ck_assert_uint_eq(trace.nr, 9);
	e = trace.events;
	ck_assert_uint_eq(e[0].time, 10);
	ck_assert_uint_eq(e[0].cpu, 1);
	ck_assert_uint_eq(e[0].pid, 7);
	ck_assert_uint_eq(e[0].flags, EVF_IRQS_OFF | EVF_HARDIRQ | EVF_PREEMPT_OFF);
	ck_assert_uint_eq(e[0].kind, EV_ALLOC);
	ck_assert_uint_eq(e[0].w[0], 31);
	ck_assert_uint_eq(e[0].w[1], 3);
	ck_assert_uint_eq(e[0].w[2], 0xcc0 | GFP_COMP);
	ck_assert_uint_eq(e[0].w[3], MT_MOVABLE);
	ck_assert_uint_eq(e[1].w[0], UINT64_MAX);
	ck_assert_uint_eq(e[1].w[2], 0x1000ca);
	ck_assert_uint_eq(e[2].kind, EV_FREE);
	ck_assert_uint_eq(e[3].flags, EVF_SOFTIRQ | EVF_NEED_RESCHED);
	ck_assert_uint_eq(e[3].w[2], MT_ISOLATE);
	ck_assert_uint_eq(e[3].w[3], UINT64_MAX); /* 5.10 has no percpu_refill */
	ck_assert_int_eq((int64_t)e[4].w[2], -1);
	ck_assert_uint_eq(e[4].flags, EVF_NMI);
	ck_assert_str_eq(trace.strings + e[5].w[0], "two\nlines, \"quoted\"");
	ck_assert_uint_eq(e[5].w[1], strlen("two\nlines, \"quoted\""));
	ck_assert_uint_eq(e[6].w[1], 0);
	ck_assert_uint_eq(e[7].w[0], UINT64_MAX);
	ck_assert_uint_eq(e[8].w[0], 12);
}
END_TEST

START_TEST(csv_facts)
{
	open_fine(HEADER ",,7,,comm,first\n,,7,,comm,second\n,,3,,comm,three\n" NEEDED
			 "5,3,9,,lost,12\n9,0,9,,lost,\n");
	ck_assert_uint_eq(trace.nr_cpus, 4);
	ck_assert_uint_eq(trace.max_pid, 9);
	ck_assert_uint_eq(trace.nr_comms, 2);
	ck_assert_str_eq(trace_comm(&trace, 7), "second");
	ck_assert_str_eq(trace_comm(&trace, 3), "three");
	ck_assert_str_eq(trace_comm(&trace, 4), "");
	ck_assert_uint_eq(trace.kinds_seen[EV_ALLOC], 1);
	ck_assert_uint_eq(trace.kinds_seen[EV_LOST], 2);
	ck_assert_uint_eq(trace.defects.lost_places, 2);
	ck_assert_uint_eq(trace.defects.lost, 13); /* at least one where the number is unknown */
	ck_assert_uint_eq(trace.defects.first_lost_time, 5);
}
END_TEST

/* What comes first is what must be in the message. */
static const struct {
	const char *want, *text;
} bad_csv[] = {
	{"line 1: the file is empty", ""},
	{"line 1, column 1", "1,0,0,,mm_page_free,1,0\n"},
	{"line 1, column 2 (cpu)", "time_ns,pid\n"},
	{"line 3, column 1 (time_ns): \"x\"", HEADER "\nx,0,0,,mm_page_free,1,0\n"},
	{"line 3, column 1 (time_ns): \"4\" is before",
	 HEADER "5,0,0,,mm_page_free,1,0\n4,0,0,,mm_page_free,1,0\n"},
	{"line 2, column 2 (cpu): \"9999\"", HEADER "1,9999,0,,mm_page_free,1,0\n"},
	{"line 2, column 3 (pid): \"-1\"", HEADER "1,0,-1,,mm_page_free,1,0\n"},
	{"line 2, column 4 (flags): \"q\"", HEADER "1,0,1,q,mm_page_free,1,0\n"},
	{"line 2, column 5 (event): \"mm_page_fre\"", HEADER "1,0,1,,mm_page_fre,1,0\n"},
	{"line 2, column 6 (a): \"one\"", HEADER "1,0,1,,mm_page_free,one,0\n"},
	{"line 2, column 7 (b): a value is missing", HEADER "1,0,1,,mm_page_free,1\n"},
	{"line 2, column 7 (b): a value is missing", HEADER "1,0,1,,mm_page_free,1,,\n"},
	{"line 2, column 8 (c): \"3\" is one value too many", HEADER "1,0,1,,mm_page_free,1,0,3\n"},
	{"line 2, column 8 (c): \"GFP_X\"", HEADER "1,0,1,,mm_page_alloc,1,0,GFP_X,0\n"},
	{"line 2, column 9 (d): \"Odd\"", HEADER "1,0,1,,mm_page_alloc,1,0,0,Odd\n"},
	{"line 2, column 9 (d): \"6\"", HEADER "1,0,1,,mm_page_alloc,1,0,0,6\n"},
	{"line 2: the pfn or the order", HEADER "1,0,1,,mm_page_free,1,16\n"},
	{"line 2: the pfn or the order", HEADER "1,0,1,,mm_page_free,none,1\n"},
	{"line 2: the order is impossible", HEADER "1,0,1,,mm_vmscan_kswapd_wake,0,0,16\n"},
	{"line 2: the pfn is impossible", HEADER "1,0,1,,mm_page_free_batched,0xffffffffffff\n"},
	{"line 2: an event needs a time", HEADER ",0,1,,mm_page_free,1,1\n"},
	{"line 2: there is no event", HEADER "1,0,1\n"},
	{"line 2, column 7 (b): \"c\" is one column too many", HEADER ",,1,,comm,b,c\n"},
	{"line 4, column 5", HEADER "1,0,1,,print,\"a\nb\"\n2,0,1,,x\n"},
	{"the quotes are wrong", HEADER "1,0,1,,print,a\"b\n"},
	{"the quotes are wrong", HEADER "1,0,1,,print,\"ab"},
	{"kmem:mm_page_free", HEADER "1,0,0,,mm_page_alloc,1,0,0,Unmovable\n"},
	{"kmem:mm_page_alloc", HEADER "1,0,0,,mm_page_free,1,0\n"},
	{"holds no events", HEADER},
};

START_TEST(csv_refused)
{
	ck_assert_int_eq(open_file("events.csv", bad_csv[_i].text), -1);
	ck_assert_msg(strstr(err.text, bad_csv[_i].want), "\"%s\" lacks \"%s\"", err.text,
		      bad_csv[_i].want);
	ck_assert_msg(strstr(err.text, "events.csv"), "\"%s\" does not name the file", err.text);
	ck_assert_uint_eq(trace.nr, 0);
}
END_TEST

/* An event of each kind with words that are easily mangled; time and CPU differ. */
static void every_kind(struct strbuf *sb)
{
	char gfp[GFP_TEXT];

	strbuf_puts(sb, HEADER);
	for (int kind = EV_NONE + 1; kind < EV_NR_KINDS; kind++) {
		const struct event_desc *d = event_desc(kind);

		strbuf_printf(sb, "%d,%d,%d,%c,%s", 1000 + kind, kind % 5, kind * 3,
			      CSV_FLAGS[kind % strlen(CSV_FLAGS)], d->name);
		for (int i = 0; i < 6 && d->fields[i]; i++) {
			switch (field_type(d->fields[i])) {
			case FIELD_SIGNED:
				strbuf_printf(sb, ",%d", strcmp(d->fields[i], "order") ? -kind : 5);
				break;
			case FIELD_GFP:
				gfp_format(0x123456u * (uint32_t)kind, gfp);
				strbuf_printf(sb, ",%s", gfp);
				break;
			case FIELD_TYPE:
				strbuf_puts(sb, ",CMA");
				break;
			case FIELD_TEXT:
				strbuf_puts(sb, ",\"\r\n,\"\"\001\377 \"");
				break;
			case FIELD_MAY_LACK:
				strbuf_puts(sb, ",");
				break;
			default:
				strbuf_printf(sb, ",%d", kind % 16 + i % 2);
			}
		}
		strbuf_puts(sb, "\n");
	}
}

static void check_round_trip(const char *name)
{
	char *path = path_join(dir, name), *first = path_join(dir, "events.csv");
	struct trace again;
	struct capture c2;

	ck_assert_msg(!trace_export_csv(&trace, path, NULL, &err), "%s", err.text);
	ck_assert_int_eq(unlink(first), 0);
	if (strcmp(name, "events.csv.zst"))
		ck_assert_int_eq(rename(path, first), 0);
	ck_assert_msg(!capture_open(&c2, dir, &err), "%s", err.text);
	ck_assert_msg(!trace_open(&again, &c2, NULL, &err), "%s", err.text);
	ck_assert_uint_eq(again.nr, trace.nr);
	ck_assert_mem_eq(again.events, trace.events, trace.nr * sizeof(*trace.events));
	ck_assert_uint_eq(again.strings_len, trace.strings_len);
	ck_assert_mem_eq(again.strings, trace.strings, trace.strings_len);
	ck_assert_uint_eq(again.nr_comms, trace.nr_comms);
	ck_assert_mem_eq(again.comms, trace.comms, trace.nr_comms * sizeof(*trace.comms));
	ck_assert_mem_eq(again.kinds_seen, trace.kinds_seen, sizeof(trace.kinds_seen));
	ck_assert_mem_eq(&again.defects, &trace.defects, sizeof(trace.defects));
	trace_release(&again);
	capture_release(&c2);
	free(path);
	free(first);
}

START_TEST(csv_round_trip)
{
	static const char *const names[] = {"copy.csv", "events.csv.zst"};
	struct strbuf sb;

	strbuf_init(&sb);
	every_kind(&sb);
	strbuf_puts(&sb, ",,5,,comm,\"kworker/0:1,\"\"x\"\"\"\n");
	open_fine(sb.s);
	ck_assert_uint_eq(trace.nr, EV_NR_KINDS - 1);
	check_round_trip(names[_i]);
	strbuf_release(&sb);
}
END_TEST

START_TEST(zstd_damage_is_noticed)
{
	char *path = path_join(dir, "events.csv.zst"), *first = path_join(dir, "events.csv"), *data;
	size_t len;

	open_fine(HEADER NEEDED);
	ck_assert_int_eq(trace_export_csv(&trace, path, NULL, &err), 0);
	trace_release(&trace);
	capture_release(&cap);
	unlink(first);
	data = file_read(path, 1 << 20, &len, &err);
	put_file("events.csv.zst", data, len - 3);
	ck_assert_int_eq(capture_open(&cap, dir, &err), 0);
	ck_assert_int_eq(trace_open(&trace, &cap, NULL, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "cut off"));
	put_file("events.csv.zst", "not zstd at all", 15);
	ck_assert_int_eq(trace_open(&trace, &cap, NULL, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "not zstd"));
	free(data);
	free(path);
	free(first);
}
END_TEST

/* ---- foreign files called trace.dat ---- */

static const struct {
	const char *text;
	size_t len;
	const char *want;
} bad_dat[] = {
	{"", 0, "empty"},
	{"hello", 5, "not a trace.dat"},
	{"\x7f"
	 "ELF.............",
	 16, "not a trace.dat"},
	{"\x17\x08\x44tracin", 9, "not a trace.dat"},
	{"\x17\x08\x44tracing", 10, "cut off or damaged"},
	{"\x17\x08\x44tracing7", 11, "cut off or damaged"},
	{"\x17\x08\x44tracing7\0\0\x08\0\x10\0\0none\0\0\xff\xff\xff\xff\xff\xff\xff\x7f", 33,
	 "damaged"},
	{"\x17\x08\x44tracing6\0\0\x08\0\x10\0\0header_page\0\xff\xff\xff\xff\xff\xff\xff\x7f", 38,
	 "damaged"},
};

START_TEST(dat_refused)
{
	put_file("trace.dat", bad_dat[_i].text, bad_dat[_i].len);
	ck_assert_int_eq(capture_open(&cap, dir, &err), 0);
	ck_assert_int_eq(trace_open(&trace, &cap, NULL, &err), -1);
	ck_assert_msg(strstr(err.text, bad_dat[_i].want), "\"%s\" lacks \"%s\"", err.text,
		      bad_dat[_i].want);
	ck_assert_msg(strstr(err.text, "trace.dat"), "\"%s\" does not name the file", err.text);
}
END_TEST

/* ---- packing ---- */

START_TEST(pack_keeps_order)
{
	struct packer p;
	struct event e = {.kind = EV_FREE, .time = 100};
	struct event bad = {.kind = EV_FREE, .time = 100, .w = {1, 99}};

	ck_assert_int_eq(packer_init(&p, NULL, &err), 0);
	for (uint64_t i = 0; i < 3 * PACK_BATCH; i++) {
		e.w[0] = i;
		e.time = i == 50 ? 7 : 100 + i; /* once the clock goes back */
		ck_assert_int_eq(packer_event(&p, &e, &err), 0);
	}
	ck_assert_int_eq(packer_event(&p, &bad, &err), 0);
	ck_assert_int_eq(packer_finish(&p, &err), 0);
	ck_assert_int_eq(packer_map(&p, &trace, &err), 0);
	packer_release(&p);
	ck_assert_uint_eq(trace.nr, 3 * PACK_BATCH);
	ck_assert_uint_eq(trace.defects.malformed, 1);
	ck_assert_uint_eq(trace.defects.time_backwards, 1);
	ck_assert_uint_eq(trace.events[50].time, 149);
	for (uint64_t i = 0; i < trace.nr; i++)
		ck_assert_uint_eq(trace.events[i].w[0], i);
}
END_TEST

static int crash(struct packer *p, const struct capture *c, struct error *e)
{
	abort();
}

static int complain(struct packer *p, const struct capture *c, struct error *e)
{
	return error_set(e, "file x, place y");
}

static int forget(struct packer *p, const struct capture *c, struct error *e)
{
	return 0; /* without packer_finish() */
}

START_TEST(a_crash_becomes_a_sentence)
{
	struct packer p;

	ck_assert_int_eq(packer_init(&p, NULL, &err), 0);
	ck_assert_int_eq(packer_isolate(&p, "the/file", crash, &cap, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "the/file: the file is damaged"));
	ck_assert_int_eq(packer_isolate(&p, "the/file", complain, &cap, &err), -1);
	ck_assert_str_eq(err.text, "file x, place y");
	ck_assert_int_eq(packer_isolate(&p, "the/file", forget, &cap, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "the/file: the file is damaged"));
	packer_release(&p);
}
END_TEST

static Suite *trace_suite(void)
{
	Suite *s = suite_create("trace");
	TCase *tc = tcase_create("names");

	tcase_add_test(tc, every_kind_has_a_row);
	tcase_add_test(tc, every_kind_is_documented);
	tcase_add_loop_test(tc, gfp_by_name, 0, (int)ARRAY_SIZE(gfp_names));
	tcase_add_test(tc, gfp_all_values);
	suite_add_tcase(s, tc);
	tc = tcase_create("files");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, csv_by_hand);
	tcase_add_test(tc, csv_facts);
	tcase_add_loop_test(tc, csv_refused, 0, (int)ARRAY_SIZE(bad_csv));
	tcase_add_loop_test(tc, csv_round_trip, 0, 2);
	tcase_add_test(tc, zstd_damage_is_noticed);
	tcase_add_loop_test(tc, dat_refused, 0, (int)ARRAY_SIZE(bad_dat));
	tcase_add_test(tc, pack_keeps_order);
	tcase_add_test(tc, a_crash_becomes_a_sentence);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(trace_suite());
	int failed;

	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
