// SPDX-License-Identifier: GPL-2.0-only
#include "capture/capture.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KPF_LRU 5
#define KPF_BUDDY 10

static char path[64];
static struct snapshot snap, again;
static struct error err;

static void setup(void)
{
	int fd;

	strcpy(path, "/tmp/zonereplay-snapshot-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	snapshot_init(&snap);
	snapshot_init(&again);
}

static void teardown(void)
{
	unlink(path);
	snapshot_release(&snap);
	snapshot_release(&again);
}

static uint64_t seed(void)
{
	const char *text = getenv("ZR_SEED");
	uint64_t n = 20100526;

	if (text)
		parse_u64(text, &n);
	printf("# seed %llu (ZR_SEED)\n", (unsigned long long)n);
	return n;
}

/* ---- the file gives back what was put in ---- */

static void fill(struct rng *rng, void *p, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		((uint8_t *)p)[i] = rng_next(rng);
}

/* Random bytes everywhere, except where the loader rightly insists on sense. */
static void make_random(struct snapshot *s, struct rng *rng)
{
	size_t i;

	*s = (struct snapshot){
		.level = SNAP_EXACT, .nr_cpus = 3, .nr_orders = 11, .pageblock_order = 9};
	s->nr_frames = 100 + rng_below(rng, 400);
	s->nr_zones = 1 + rng_below(rng, 5);
	s->nr_pcps = 3;
	s->nr_lists = 1 + rng_below(rng, 50);
	s->nr_entries = s->nr_lists * 7;
	s->nr_blocks = 1 + rng_below(rng, 9);
	s->nr_nodes = 1 + rng_below(rng, 3);
	s->nodes = calloc(s->nr_nodes, sizeof(*s->nodes));
	for (i = 0; i < s->nr_nodes; i++)
		fill(rng, &s->nodes[i], sizeof(s->nodes[i]));
	s->zones = calloc(s->nr_zones, sizeof(*s->zones));
	s->pcps = calloc(s->nr_pcps, sizeof(*s->pcps));
	s->lists = calloc(s->nr_lists, sizeof(*s->lists));
	s->entries = calloc(s->nr_entries, sizeof(*s->entries));
	s->blocks = calloc(s->nr_blocks, 1);
	s->frames = calloc(s->nr_frames, sizeof(*s->frames));
	fill(rng, s->blocks, s->nr_blocks);
	fill(rng, s->frames, s->nr_frames * sizeof(*s->frames));
	for (i = 0; i < s->nr_zones; i++) {
		s->zones[i].start_pfn = rng_next(rng);
		s->zones[i].node = -(int32_t)i;
		s->zones[i].compact_order_failed = -7;
		s->zones[i].compact_valid = 1;
		fill(rng, s->zones[i].nr_free, sizeof(s->zones[i].nr_free));
		fill(rng, s->zones[i].wmark, sizeof(s->zones[i].wmark));
		snprintf(s->zones[i].name, sizeof(s->zones[i].name), "zone %u",
			 (unsigned int)i % 100);
	}
	for (i = 0; i < s->nr_pcps; i++) {
		fill(rng, &s->pcps[i], sizeof(s->pcps[i]));
		s->pcps[i].zone = rng_below(rng, s->nr_zones);
	}
	for (i = 0; i < s->nr_lists; i++)
		s->lists[i] = (struct snap_list){rng_below(rng, 4),
						 rng_below(rng, s->nr_zones),
						 rng_below(rng, 3),
						 rng_below(rng, 11),
						 rng_below(rng, 6),
						 7 * i,
						 7};
	for (i = 0; i < s->nr_entries; i++)
		s->entries[i] = (struct snap_entry){.pfn = rng_below(rng, s->nr_frames - 16),
						    .order = rng_below(rng, 5),
						    .type = rng_below(rng, 6)};
}

#define SAME(member, number)                                                                       \
	do {                                                                                       \
		ck_assert_uint_eq(again.number, snap.number);                                      \
		ck_assert_mem_eq(again.member, snap.member, snap.number * sizeof(*snap.member));   \
	} while (0)

START_TEST(test_round_trip)
{
	struct rng rng;
	int i;

	rng_init(&rng, seed());
	for (i = 0; i < 50; i++) {
		make_random(&snap, &rng);
		ck_assert_msg(!snapshot_save(&snap, path, &err), "%s", err.text);
		ck_assert_msg(!snapshot_load(&again, path, &err), "%s", err.text);
		ck_assert_int_eq(again.level, SNAP_EXACT);
		ck_assert_uint_eq(again.nr_frames, snap.nr_frames);
		SAME(zones, nr_zones);
		SAME(pcps, nr_pcps);
		SAME(lists, nr_lists);
		SAME(entries, nr_entries);
		SAME(blocks, nr_blocks);
		SAME(frames, nr_frames);
		SAME(nodes, nr_nodes);
		snapshot_release(&snap);
		snapshot_release(&again);
	}
}
END_TEST

/* Counts only: no frames, no lists. */
START_TEST(test_parts_may_be_absent)
{
	snap.level = SNAP_COUNTS;
	snap.nr_zones = 1;
	snap.zones = calloc(1, sizeof(*snap.zones));
	snap.nr_frames = 5000;
	ck_assert_int_eq(snapshot_save(&snap, path, &err), 0);
	ck_assert_int_eq(snapshot_load(&again, path, &err), 0);
	ck_assert_int_eq(again.level, SNAP_COUNTS);
	ck_assert_uint_eq(again.nr_frames, 5000);
	ck_assert_ptr_null(again.frames);
	ck_assert_ptr_null(again.lists);
}
END_TEST

/* ---- damage is noticed ---- */

static size_t small_file(char **data)
{
	struct rng rng;
	size_t len;

	rng_init(&rng, 1);
	make_random(&snap, &rng);
	ck_assert_int_eq(snapshot_save(&snap, path, &err), 0);
	*data = file_read(path, 1 << 24, &len, &err);
	ck_assert_ptr_nonnull(*data);
	return len;
}

START_TEST(test_truncated_anywhere)
{
	char *data;
	size_t len = small_file(&data), i;

	for (i = 0; i < len; i += 1 + i / 50) {
		ck_assert_int_eq(file_write(path, data, i, &err), 0);
		ck_assert_msg(snapshot_load(&again, path, &err) < 0,
			      "a file of %zu of %zu bytes was taken", i, len);
		ck_assert_ptr_nonnull(strstr(err.text, path));
	}
	free(data);
}
END_TEST

/* Every byte but those of tags: sections of unknown name are skipped, so that newer files stay
 * readable. */
START_TEST(test_any_byte_changed)
{
	char *data;
	size_t len = small_file(&data), i, tag = 16, size;
	int ret;

	for (i = 0; i < len; i += 1 + i / 50) {
		while (tag + 4 <= i && tag + 40 <= len) {
			memcpy(&size, data + tag + 24, 8);
			if (tag + 40 + size > i)
				break;
			tag += 40 + size;
		}
		if (i >= tag && i < tag + 4)
			continue;
		data[i] ^= 0x11;
		ck_assert_int_eq(file_write(path, data, len, &err), 0);
		ret = snapshot_load(&again, path, &err);
		data[i] ^= 0x11;
		ck_assert_msg(ret < 0, "changed byte %zu of %zu was not noticed", i, len);
	}
	free(data);
}
END_TEST

/* ---- a real one: what the kernel itself says elsewhere must agree ---- */

static void load_sample(const char *name)
{
	const char *top = getenv("ZR_SRCDIR");
	char file[512];

	snprintf(file, sizeof(file), "%s/traces/samples/%s", top ? top : ".", name);
	ck_assert_msg(!snapshot_load(&snap, file, &err), "%s", err.text);
	ck_assert_int_eq(snap.level, SNAP_EXACT);
}

static const char *const samples[] = {
	"churn-6.1/start.snap",	  "churn-6.1/end.snap",	   "hugealloc-6.1/start.snap",
	"hugealloc-6.1/end.snap", "churn-5.10/start.snap", "churn-5.10/end.snap",
	"churn-6.12/start.snap",  "churn-6.12/end.snap",   "churn-7.2/start.snap",
	"churn-7.2/end.snap",
};

/*
 * Lists were walked in a copy of kernel memory; /proc/kpageflags comes from the kernel's own code
 * and was read right after. A frame has KPF_BUDDY if and only if it lies in a buddy of some free
 * list.
 */
START_TEST(test_free_lists_are_what_kpageflags_says)
{
	uint64_t pfn, wrong = 0;
	uint8_t *listed;
	size_t i, j;

	load_sample(samples[_i]);
	listed = calloc(snap.nr_frames, 1);
	for (i = 0; i < snap.nr_lists; i++)
		for (j = 0; snap.lists[i].kind == SNAP_LIST_BUDDY && j < snap.lists[i].nr; j++) {
			const struct snap_entry *e = &snap.entries[snap.lists[i].first + j];

			ck_assert_uint_eq(e->pfn % (1u << e->order), 0);
			for (pfn = e->pfn; pfn < e->pfn + (1u << e->order); pfn++)
				ck_assert_msg(!listed[pfn]++, "frame %llu is in two buddies",
					      (unsigned long long)pfn);
		}
	for (pfn = 0; pfn < snap.nr_frames; pfn++)
		wrong += listed[pfn] != (snap.frames[pfn].kpf >> KPF_BUDDY & 1);
	ck_assert_uint_eq(wrong, 0);
	free(listed);
}
END_TEST

/* Pages on LRU lists have KPF_LRU; those in a CPU's batches do not have it yet, or moved since. */
START_TEST(test_lru_lists_are_what_kpageflags_says)
{
	uint64_t pfn, on_lists = 0, flagged = 0, unevictable = 0, head;
	size_t i, j;

	load_sample(samples[_i]);
	for (i = 0; i < snap.nr_lists; i++)
		for (j = 0; snap.lists[i].kind == SNAP_LIST_LRU && j < snap.lists[i].nr; j++) {
			pfn = snap.entries[snap.lists[i].first + j].pfn;
			ck_assert_msg(snap.frames[pfn].kpf >> KPF_LRU & 1, "frame %llu",
				      (unsigned long long)pfn);
			on_lists++;
		}
	for (pfn = 0; pfn < snap.nr_frames; pfn++) {
		head = !(snap.frames[pfn].kpf >> 16 & 1);
		flagged += head && snap.frames[pfn].kpf >> KPF_LRU & 1;
		unevictable += head && (snap.frames[pfn].kpf >> 18 & 1) &&
			       (snap.frames[pfn].kpf >> KPF_LRU & 1);
	}
	ck_assert_uint_eq(on_lists + unevictable, flagged);
	ck_assert_uint_gt(on_lists, 100);
}
END_TEST

/* NR_FREE_PAGES is the pages on the free lists, less what CPUs have not folded yet. */
START_TEST(test_counters_agree_with_lists)
{
	int64_t pages, diff;
	size_t z, i, o, t;

	load_sample(samples[_i]);
	for (z = 0; z < snap.nr_zones; z++) {
		for (pages = o = 0; o < snap.nr_orders; o++)
			for (t = 0; t < MT_ISOLATE; t++)
				pages += snap.zones[z].nr_free[o][t] << o;
		for (diff = i = 0; i < snap.nr_pcps; i++)
			diff += snap.pcps[i].zone == (int32_t)z ? snap.pcps[i].free_diff : 0;
		ck_assert_int_eq((int64_t)snap.zones[z].free_counter + diff, pages);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("snapshot");
	TCase *tc = tcase_create("file"), *real = tcase_create("real");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_round_trip);
	tcase_add_test(tc, test_parts_may_be_absent);
	tcase_add_test(tc, test_truncated_anywhere);
	tcase_add_test(tc, test_any_byte_changed);
	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(real, setup, teardown);
	tcase_add_loop_test(real, test_free_lists_are_what_kpageflags_says, 0, ARRAY_SIZE(samples));
	tcase_add_loop_test(real, test_lru_lists_are_what_kpageflags_says, 0, ARRAY_SIZE(samples));
	tcase_add_loop_test(real, test_counters_agree_with_lists, 0, ARRAY_SIZE(samples));
	suite_add_tcase(s, real);
	sr = srunner_create(s);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
