// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of eras and the formulas that size per-cpu lists.
 *
 * Rows follow kernel-facts section 11: Debian's 6.1 changed at .97 (order-9 lists split by
 * mobility), .104 (cap of the free factor, drains in chunks), .116 (alloc flags) and .157
 * (highatomic). Recordings of other kernels run on the nearest row and say so. 5.10 is the
 * generation before: its row lists only what differs, so that fields left out are 6.1's ways.
 */
#include "mm/era.h"

#include <stdlib.h>
#include <string.h>

#define NO_CAP UINT32_MAX

/* 6.1 is the default and first, the oldest generation last. */
const struct mm_era mm_eras[] = {
	{
		.name = "6.1",
		.summary =
			"6.1.157 and later: per-cpu lists of orders 0..3 and 9, steal by whole block",
		.from = {6, 1, 157},
		.until = {6, 2, 0},
		.nr_pcp_lists = 14,
		.pcp_max_order = 3,
		.pcp_huge = true,
		.pcp_batch_scale_max = 5,
		.drain_in_chunks = true,
		.highatomic_needs_high = true,
		.highatomic_last_resort = true,
	},
	{
		.name = "6.1.116",
		.summary =
			"6.1.116 to 6.1.156: highatomic for every order>0 request that cannot reclaim",
		.from = {6, 1, 116},
		.until = {6, 1, 157},
		.nr_pcp_lists = 14,
		.pcp_max_order = 3,
		.pcp_huge = true,
		.pcp_batch_scale_max = 5,
		.drain_in_chunks = true,
		.highatomic_last_resort = true,
	},
	{
		.name = "6.1.104",
		.summary = "6.1.104 to 6.1.115: free factor capped, drains in chunks",
		.from = {6, 1, 104},
		.until = {6, 1, 116},
		.nr_pcp_lists = 14,
		.pcp_max_order = 3,
		.pcp_huge = true,
		.pcp_batch_scale_max = 5,
		.drain_in_chunks = true,
		.harder = true,
	},
	{
		.name = "6.1.97",
		.summary = "6.1.97 to 6.1.103: free factor without a cap",
		.from = {6, 1, 97},
		.until = {6, 1, 104},
		.nr_pcp_lists = 14,
		.pcp_max_order = 3,
		.pcp_huge = true,
		.pcp_batch_scale_max = NO_CAP,
		.harder = true,
	},
	{
		.name = "6.12",
		.summary =
			"6.12.67 and later: per-cpu lists size themselves, blocks are claimed or pages stolen",
		.from = {6, 12, 67},
		.until = {6, 13, 0},
		.nr_pcp_lists = 14,
		.pcp_max_order = 3,
		.pcp_huge = true,
		.pcp_batch_scale_max = 5,
		.drain_in_chunks = true,
		.highatomic_needs_high = true,
		.highatomic_last_resort = true,
		.tuned = true,
		.list_is_block = true,
		.targets_by_order = true,
		.finishes_blocks = true,
	},
	{
		.name = "7.2",
		.summary = "7.2: as 6.12, full lists drain batch after batch",
		.from = {7, 2, 0},
		.until = {7, 3, 0},
		.nr_pcp_lists = 14,
		.pcp_max_order = 3,
		.pcp_huge = true,
		.pcp_batch_scale_max = 5,
		.drain_in_chunks = true,
		.highatomic_needs_high = true,
		.highatomic_last_resort = true,
		.tuned = true,
		.list_is_block = true,
		.targets_by_order = true,
		.finishes_blocks = true,
		.free_high_late = true,
		.drain_in_batches = true,
		.defrag_mode = true,
		.preempts = true,
	},
	{
		.name = "5.10",
		.summary = "5.10.64 and later: per-cpu lists of order 0, drained a batch at a time",
		.from = {5, 10, 64},
		.until = {5, 11, 0},
		.nr_pcp_lists = 3,
		.pcp_max_order = 0,
		.pcp_batch_scale_max = 0,
		.high_in_batches = 6,
		.drain_by_type = true,
		.pcp_or_nothing = true,
		.harder = true,
		.nofragment_any_order = true,
		.merge_blocks = true,
	},
};
const uint32_t mm_nr_eras = ARRAY_SIZE(mm_eras);

bool mm_era_preempts(const struct mm *mm)
{
	return mm_era_of(mm)->preempts;
}

const char *mm_era_name(uint32_t index)
{
	return index < mm_nr_eras ? mm_eras[index].name : NULL;
}

const char *mm_era_summary(uint32_t index)
{
	return index < mm_nr_eras ? mm_eras[index].summary : NULL;
}

/* "6.1.0-56-cloud-amd64" names no point release: Debian puts that into uname -v, callers pass what
 * they know. */
static bool release_parse(const char *release, uint32_t v[3])
{
	char *end;

	memset(v, 0, 3 * sizeof(v[0]));
	for (int i = 0; i < 3; i++) {
		v[i] = (uint32_t)strtoul(release, &end, 10);
		if (end == release)
			return i > 0;
		if (*end != '.')
			break;
		release = end + 1;
	}
	return true;
}

static int release_cmp(const uint32_t a[3], const uint32_t b[3])
{
	for (int i = 0; i < 3; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

static uint32_t row_named(const char *name)
{
	uint32_t i = 0;

	while (i + 1 < mm_nr_eras && strcmp(mm_eras[i].name, name))
		i++;
	return i;
}

/* Which row stands for a series without one: what came with that series, from memory of mainline.
 */
static const struct {
	uint32_t from[3];
	const char *row;
} generations[] = {
	{{6, 18, 0}, "7.2"},  /* high-order frees empty the lists later */
	{{6, 10, 0}, "6.12"}, /* lists that size themselves, free pages on their block's list */
	{{5, 14, 0}, "6.1"},  /* per-cpu lists of higher orders */
};

/*
 * The row for a kernel that none is made for. In a known series: its oldest row, or its newest
 * where the point release is 0, for that is how Debian's release names begin whatever the source
 * is. Else by generation.
 */
static uint32_t nearest_row(const uint32_t v[3])
{
	uint32_t row = mm_nr_eras;

	for (uint32_t i = 0; i < mm_nr_eras; i++) {
		const uint32_t *from = mm_eras[i].from;

		if (from[0] == v[0] && from[1] == v[1] &&
		    (row == mm_nr_eras ||
		     (release_cmp(from, mm_eras[row].from) < 0) == (v[2] != 0)))
			row = i;
	}
	if (row != mm_nr_eras)
		return row;
	for (size_t i = 0; i < ARRAY_SIZE(generations); i++)
		if (release_cmp(v, generations[i].from) >= 0)
			return row_named(generations[i].row);
	return mm_nr_eras - 1;
}

uint32_t mm_era_find(const char *release, bool *exact)
{
	uint32_t v[3];

	*exact = false;
	if (!release || !release_parse(release, v))
		return 0;
	for (uint32_t i = 0; i < mm_nr_eras; i++) {
		if (release_cmp(v, mm_eras[i].from) >= 0 && release_cmp(v, mm_eras[i].until) < 0) {
			*exact = true;
			return i;
		}
	}
	return nearest_row(v);
}

/* zone_batchsize [page_alloc.c, 6.1]: a quarter of a thousandth, at most 1 MiB, as 2^n - 1 */
int32_t mm_era_batch(uint32_t managed, uint32_t page_shift)
{
	uint32_t batch = managed >> 10;
	uint32_t cap = (1u << 20) >> page_shift;
	uint32_t pow2 = 1;

	if (batch > cap)
		batch = cap;
	batch /= 4;
	if (batch < 1)
		batch = 1;
	batch += batch / 2;
	while (pow2 * 2 <= batch)
		pow2 *= 2;
	return pow2 - 1 > 0 ? (int32_t)(pow2 - 1) : 1;
}

/*
 * zone_highsize [page_alloc.c, 6.1]; every CPU is taken to belong to the zone's node.
 * pageset_set_batch [5.10]; its sysctl percpu_pagelist_fraction is left to the snapshot.
 */
int32_t mm_era_high(const struct mm *mm, uint32_t zone, int32_t batch)
{
	const struct mm_zone *z = &mm->zones[zone];
	uint64_t total = z->wmark[MM_WMARK_LOW] + z->boost;
	int32_t high;

	if (mm_era_of(mm)->high_in_batches)
		return batch * (int32_t)mm_era_of(mm)->high_in_batches;
	if (mm->percpu_high_fraction)
		total = z->managed / mm->percpu_high_fraction;
	high = (int32_t)(total / mm->nr_cpus);
	return high > batch * 4 ? high : batch * 4;
}

int32_t mm_era_high_min(const struct mm *mm, uint32_t zone, int32_t batch)
{
	return mm_era_of(mm)->tuned ? mm_era_high(mm, zone, batch) : 0;
}

/* An eighth of the zone for all CPUs, unless the sysctl ties both bounds
 * [zone_set_pageset_high_and_batch, 6.12]. */
int32_t mm_era_high_max(const struct mm *mm, uint32_t zone, int32_t batch)
{
	int32_t high = (int32_t)(mm->zones[zone].managed / 8 / mm->nr_cpus);

	if (!mm_era_of(mm)->tuned)
		return 0;
	if (mm->percpu_high_fraction)
		return mm_era_high(mm, zone, batch);
	return high > batch * 4 ? high : batch * 4;
}

/* zone_set_pageset_high_and_batch */
void mm_era_size_pcp(struct mm *mm, uint32_t zone, uint32_t cpu)
{
	struct mm_pcp *pcp = mm_pcp(mm, zone, cpu);
	int32_t batch = mm_era_batch(mm->zones[zone].managed, mm->page_shift);

	pcp->batch = batch;
	if (!mm_era_of(mm)->tuned)
		pcp->high = mm_era_high(mm, zone, batch);
	pcp->high_min = mm_era_high_min(mm, zone, batch);
	pcp->high_max = mm_era_high_max(mm, zone, batch);
}
