// SPDX-License-Identifier: GPL-2.0-only
/* The strongest test: the machine at the end against the snapshot that was taken there. */
#include "replay/verify.h"

#include <string.h>

static bool lists_equal(const struct mm *a, const struct mm *b, uint32_t list)
{
	struct frame x = mm_list_first(a, list), y = mm_list_first(b, list);

	if (mm_list_count(a, list) != mm_list_count(b, list))
		return false;
	while (!frame_is_none(x) && x.n == y.n) {
		x = mm_list_next(a, x);
		y = mm_list_next(b, y);
	}
	return x.n == y.n;
}

static void compare_lists(struct verify *v, const struct mm *end)
{
	struct verify_result *r = v->res;

	for (uint32_t l = 0; l < end->list_lru; l++) {
		r->lists_compared++;
		if (!lists_equal(v->mm, end, l))
			r->lists_different++;
	}
	for (uint32_t b = 0; b < end->nr_blocks; b++)
		if ((mm_blocks(end)[b] & MM_B_TYPE) != (mm_blocks(v->mm)[b] & MM_B_TYPE))
			r->blocks_different++;
}

/* Per-cpu sizes and tuning, free counters, compaction's positions and deferral. */
static void compare_counters(struct verify *v, const struct mm *end)
{
	for (uint32_t z = 0; z < end->nr_zones; z++) {
		const struct mm_zone *a = &v->mm->zones[z], *b = &end->zones[z];

		v->res->counters_different += a->boost != b->boost || a->free != b->free ||
					      a->reserved_highatomic != b->reserved_highatomic;
		v->res->counters_different +=
			a->compact_defer_shift != b->compact_defer_shift ||
			a->compact_considered != b->compact_considered ||
			a->compact_cached_free != b->compact_cached_free ||
			memcmp(a->compact_cached_migrate, b->compact_cached_migrate,
			       sizeof(a->compact_cached_migrate));
		for (uint32_t cpu = 0; cpu < end->nr_cpus; cpu++) {
			const struct mm_pcp *p = mm_pcp(v->mm, z, cpu), *q = mm_pcp(end, z, cpu);

			v->res->counters_different += p->count != q->count || p->high != q->high ||
						      p->free_factor != q->free_factor;
		}
	}
}

int verify_compare_end(struct verify *v, struct error *err)
{
	struct build_options opt = {.from_end = true};
	struct mm *end = machine_build(v->c, v->t, &opt, err);
	bool equal;

	if (!end)
		return error_prefix(err, "end snapshot");
	if (end->nr_lists != v->mm->nr_lists || end->nr_blocks != v->mm->nr_blocks) {
		mm_free(end);
		return error_set(err, "%s: the start and end snapshots are of different machines",
				 v->c->dir);
	}
	compare_lists(v, end);
	compare_counters(v, end);
	equal = !v->res->lists_different && !v->res->blocks_different;
	snprintf(v->res->end_snapshot, sizeof(v->res->end_snapshot), "%s",
		 equal ? "equal" : "different");
	mm_free(end);
	return 0;
}
