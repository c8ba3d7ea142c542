// SPDX-License-Identifier: GPL-2.0-only
/* The map of pageblocks: packing, and that a replay fills it with what the machine holds. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "replay/whatif.h"

#define NR_BLOCKS 8u
#define FRAMES (NR_BLOCKS * 512u)

/* ---- packing ---- */

START_TEST(unpacking_gives_back_what_was_packed)
{
	struct block_map m = {.nr_blocks = 5, .nr_moments = 40};
	uint8_t bytes[2 * 5 * 40], *back;
	struct error err;
	struct rng rng;

	rng_init(&rng, 1);
	printf("# seed 1\n");
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)rng_below(&rng, 256);
	ck_assert_int_eq(block_map_pack(&m, bytes, &err), 0);
	back = block_map_unpack(&m, &err);
	ck_assert_ptr_nonnull(back);
	ck_assert(!memcmp(back, bytes, sizeof(bytes)));
	free(back);
	block_map_release(&m);
}
END_TEST

START_TEST(what_stays_costs_nothing)
{
	struct block_map m = {.nr_blocks = 12000, .nr_moments = 200};
	uint8_t *bytes = malloc(2 * 12000 * 200);
	struct error err;

	memset(bytes, 0x39, 2 * 12000 * 200);
	ck_assert_int_eq(block_map_pack(&m, bytes, &err), 0);
	ck_assert_uint_lt(m.len, 10000); /* of 4.8 million */
	free(bytes);
	block_map_release(&m);
}
END_TEST

START_TEST(damage_is_noticed)
{
	struct block_map m = {.nr_blocks = 2, .nr_moments = 3};
	uint8_t bytes[12] = {1, 2, 3};
	struct error err;

	ck_assert_int_eq(block_map_pack(&m, bytes, &err), 0);
	m.nr_moments = 4;
	ck_assert_ptr_null(block_map_unpack(&m, &err));
	m.nr_moments = 3;
	m.data[m.len - 1] ^= 1; /* of the checksum */
	ck_assert_ptr_null(block_map_unpack(&m, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "damaged"));
	m.nr_moments = m.nr_blocks = UINT32_MAX;
	ck_assert_ptr_null(block_map_unpack(&m, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "too large"));
	block_map_release(&m);
}
END_TEST

/* ---- a replay of an invented demand ---- */

/* Eight pageblocks, all free. */
static struct mm *machine(void)
{
	struct mm_zone_config zone = {.name = "Normal",
				      .start_pfn = FRAMES,
				      .spanned = FRAMES,
				      .present = FRAMES,
				      .managed = FRAMES};
	struct mm_config config = {.release = "6.1.192",
				   .end_pfn = 2 * FRAMES,
				   .nr_cpus = 1,
				   .nr_nodes = 1,
				   .nr_orders = MM_NR_ORDERS,
				   .pageblock_order = 9,
				   .nr_types = MM_NR_TYPES,
				   .zones = &zone,
				   .nr_zones = 1,
				   .objects = true};
	struct error err;
	struct mm *mm = mm_new(&config, &err);

	ck_assert_msg(mm != NULL, "%s", err.text);
	for (uint32_t n = 0; n < mm->nr_frames; n += 1u << 10)
		if (mm_frame_zone(mm, (struct frame){n}) == 0)
			mm_build_buddy(mm, (struct frame){n}, 0, 10, MM_MOVABLE);
	return mm;
}

static struct demand_op birth(uint32_t id, uint32_t order, uint32_t type, enum mm_kind page)
{
	uint32_t gfp = GFP_IO | GFP_FS | GFP_DIRECT_RECLAIM | GFP_KSWAPD_RECLAIM;

	if (type == MM_MOVABLE)
		gfp |= GFP_MOVABLE | GFP_HIGHMEM;
	if (type == MM_RECLAIMABLE)
		gfp |= GFP_RECLAIMABLE;
	return (struct demand_op){.kind = DEMAND_BIRTH,
				  .id = id,
				  .order = (uint8_t)order,
				  .type = (uint8_t)type,
				  .page = (uint8_t)page,
				  .gfp = gfp,
				  .time = 1000 + id};
}

struct sums {
	uint32_t free, huge, unmovable, reclaimable;
};

/* Over the pageblocks that the allocator manages. */
static struct sums add_up(const struct block_map *m, const uint8_t *bytes, uint32_t moment)
{
	const uint8_t *first = bytes + (size_t)moment * 2 * m->nr_blocks;
	const uint8_t *second = first + m->nr_blocks;
	struct sums s = {0};

	for (uint32_t b = 0; b < m->nr_blocks; b++) {
		if (first[b] & BLOCK_MAP_HOLE)
			continue;
		s.free += first[b] >> 3 & BLOCK_MAP_SHARE;
		s.huge += !!(first[b] & BLOCK_MAP_HUGE);
		s.unmovable += second[b] & BLOCK_MAP_SHARE;
		s.reclaimable += second[b] >> 3 & BLOCK_MAP_SHARE;
	}
	return s;
}

/* Half a pageblock of each mobility, and a huge page: the last moment shows them and nothing else.
 */
START_TEST(the_map_shows_what_the_machine_holds)
{
	struct demand_op ops[] = {
		birth(0, 8, MM_UNMOVABLE, MM_KIND_KERNEL),
		birth(1, 8, MM_RECLAIMABLE, MM_KIND_SLAB),
		birth(2, 8, MM_MOVABLE, MM_KIND_ANON),
		birth(3, 9, MM_MOVABLE, MM_KIND_ANON),
	};
	struct demand d = {.ops = ops, .nr = ARRAY_SIZE(ops), .nr_frames = 2 * FRAMES};
	struct policy_setting setting;
	struct whatif_options opt = {.map_moments = 10};
	struct outcome o;
	struct error err;
	struct mm *mm = machine();
	struct sums first, last;
	uint8_t *bytes;

	ck_assert_msg(!policy_setting_parse(&setting, "none", &err), "%s", err.text);
	ck_assert_msg(!whatif_run_demand(mm, &d, &setting, &opt, &o, &err), "%s", err.text);
	ck_assert_uint_eq(o.map.nr_zones, 1);
	ck_assert_uint_eq(o.map.zones[0].last - o.map.zones[0].first + 1, NR_BLOCKS);
	ck_assert_uint_le(o.map.nr_moments, 10);
	ck_assert_uint_eq(o.map.moments[o.map.nr_moments - 1].time, 1003);
	bytes = block_map_unpack(&o.map, &err);
	ck_assert_ptr_nonnull(bytes);
	first = add_up(&o.map, bytes, 0);
	last = add_up(&o.map, bytes, o.map.nr_moments - 1);
	ck_assert_uint_eq(first.free, 7 * NR_BLOCKS);
	ck_assert_uint_eq(first.huge + first.unmovable + first.reclaimable, 0);
	ck_assert_uint_eq(last.huge, 1);
	ck_assert_uint_eq(last.unmovable, 4);	/* 1 + 6 * 1/2 */
	ck_assert_uint_eq(last.reclaimable, 4); /* the same */
	/* Three halves and a whole are gone; what is half free counts 4, too. */
	ck_assert_uint_eq(last.free, 7 * (NR_BLOCKS - 4) + 3 * 4);
	free(bytes);
	outcome_release(&o);
	policy_setting_release(&setting);
	mm_free(mm);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("block_map");
	TCase *tc = tcase_create("block_map");
	SRunner *sr;
	int failed;

	suite_add_tcase(s, tc);
	tcase_add_test(tc, unpacking_gives_back_what_was_packed);
	tcase_add_test(tc, what_stays_costs_nothing);
	tcase_add_test(tc, damage_is_noticed);
	tcase_add_test(tc, the_map_shows_what_the_machine_holds);
	sr = srunner_create(s);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
