// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is a policy fit for use? It answers an invented history on a small machine four times: twice as
 * it is, once with the machine exchanged for its copy again and again, once with every invariant
 * checked. All must come to the same state.
 */
#include "replay/isolate.h"
#include "replay/whatif.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES 16384u
#define OPS 40000u
#define MS 1000000ull
#define CLONE_EVERY 997u
#define CHECK_EVERY 250u
#define SECONDS 60u
#define SEED 6u

/* ---- an invented machine ---- */

static struct mm *invent_machine(uint32_t private_size, struct error *err)
{
	struct mm_zone_config zone = {
		.name = "Normal",
		.start_pfn = FRAMES,
		.spanned = FRAMES,
		.present = FRAMES,
		.managed = FRAMES,
		.wmark = {128, 160, 192, 224},
	};
	struct mm_config cfg = {
		.release = "6.1.192",
		.end_pfn = 2 * FRAMES,
		.nr_cpus = 2,
		.nr_nodes = 1,
		.nr_orders = MM_NR_ORDERS,
		.pageblock_order = 9,
		.nr_types = MM_NR_TYPES,
		.zones = &zone,
		.nr_zones = 1,
		.objects = true,
		.private_size = private_size,
	};
	struct mm *mm = mm_new(&cfg, err);
	uint32_t top = MM_NR_ORDERS - 1;

	for (uint32_t n = 0; mm && n < mm->nr_frames; n += 1u << top) {
		struct frame f = {n};

		if (mm_frame_zone(mm, f) == UINT32_MAX)
			continue;
		mm_build_allocated(mm, f, top, 0);
		mm_free_direct(mm, 0, f, top, 0);
	}
	return mm;
}

/* ---- an invented history: page cache that fills memory, kernel pages between, large requests ----
 */

struct history {
	struct rng rng;
	struct demand_op *ops;
	uint64_t nr;
	uint32_t live[FRAMES], nr_live; /* ids */
	uint32_t spare[FRAMES], nr_spare;
};

static struct demand_op *add(struct history *h, enum demand_kind kind)
{
	struct demand_op *op = &h->ops[h->nr];

	*op = (struct demand_op){.time = h->nr * MS,
				 .kind = (uint8_t)kind,
				 .pid = 100 + (uint32_t)rng_below(&h->rng, 4),
				 .cpu = (uint16_t)rng_below(&h->rng, 2)};
	h->nr++;
	return op;
}

#define GFP_SLEEPS (GFP_IO | GFP_FS | GFP_DIRECT_RECLAIM | GFP_KSWAPD_RECLAIM)

static void add_birth(struct history *h, uint8_t order, enum mm_kind page, uint32_t gfp)
{
	struct demand_op *op = add(h, DEMAND_BIRTH);

	op->order = order;
	op->page = (uint8_t)page;
	op->gfp = gfp;
	op->type = gfp & GFP_MOVABLE ? MM_MOVABLE : MM_UNMOVABLE;
	op->id = h->spare[--h->nr_spare];
	h->live[h->nr_live++] = op->id;
}

static void add_cache_page(struct history *h)
{
	struct demand_op *op;
	uint32_t id;

	add_birth(h, 0, MM_KIND_FILE, GFP_SLEEPS | GFP_MOVABLE);
	id = h->ops[h->nr - 1].id;
	op = add(h, DEMAND_LRU);
	op->id = id;
	op->type = MM_LRU_INACTIVE_FILE;
	op->page = MM_KIND_FILE;
	op->arg = MM_F_FILE;
}

static void add_death(struct history *h)
{
	uint32_t i = (uint32_t)rng_below(&h->rng, h->nr_live);

	add(h, DEMAND_DEATH)->id = h->live[i];
	h->spare[h->nr_spare++] = h->live[i];
	h->live[i] = h->live[--h->nr_live];
}

static void add_something(struct history *h)
{
	uint64_t dice = rng_below(&h->rng, 1000);

	if (h->nr_live && (dice < 100 || !h->nr_spare))
		add_death(h);
	else if (dice < 130)
		add_birth(h, (uint8_t)rng_below(&h->rng, 4), MM_KIND_KERNEL, GFP_SLEEPS);
	else if (dice < 150)
		add_birth(h, 0, MM_KIND_SLAB, GFP_SLEEPS | GFP_RECLAIMABLE);
	else if (dice < 152)
		add_birth(h, 9, MM_KIND_KERNEL, GFP_SLEEPS | GFP_MOVABLE | GFP_RETRY_MAYFAIL);
	else
		add_cache_page(h);
}

static int invent_history(struct demand *d, struct error *err)
{
	struct history *h = calloc(1, sizeof(*h));

	*d = (struct demand){.nr_frames = FRAMES};
	if (h)
		h->ops = calloc(OPS + 2, sizeof(*h->ops));
	if (!h || !h->ops) {
		free(h);
		return error_set(err, "out of memory");
	}
	rng_init(&h->rng, SEED);
	for (uint32_t id = FRAMES; id--;)
		h->spare[h->nr_spare++] = id;
	while (h->nr < OPS)
		add_something(h);
	d->ops = h->ops;
	d->nr = h->nr;
	free(h);
	return 0;
}

/* ---- the four runs ---- */

static int run_once(const struct policy_setting *s, const struct demand *d,
		    const struct whatif_options *opt, struct outcome *out, struct error *err)
{
	struct mm *mm = invent_machine(s->policy->private_size, err);
	int ret = mm ? whatif_run_demand(mm, d, s, opt, out, err) : -1;

	mm_free(mm);
	return ret;
}

static int same(const struct outcome *a, const struct outcome *b, const char *what,
		struct error *err)
{
	if (a->state_hash == b->state_hash)
		return 0;
	return error_set(err, "%s: the states differ (%016" PRIx64 " and %016" PRIx64 ")", what,
			 a->state_hash, b->state_hash);
}

static int compare_runs(const struct policy_setting *s, const struct demand *d,
			struct conformance *result, struct error *err)
{
	const struct whatif_options plain = {.sample_ns = 1000 * MS},
				    cloned = {.sample_ns = 1000 * MS, .clone_every = CLONE_EVERY},
				    checked = {.sample_ns = 1000 * MS, .paranoid = CHECK_EVERY};
	/* In between, so that what it remembers outside the machine is not by chance as before. */
	const struct demand part = {.ops = d->ops, .nr = d->nr / 3, .nr_frames = d->nr_frames};
	struct outcome o[5];
	int ret = -1;

	memset(o, 0, sizeof(o));
	if (run_once(s, d, &plain, &o[0], err) || run_once(s, &part, &plain, &o[4], err) ||
	    run_once(s, d, &plain, &o[1], err) || run_once(s, d, &cloned, &o[2], err) ||
	    run_once(s, d, &checked, &o[3], err))
		goto out;
	if (same(&o[0], &o[1],
		 "not deterministic: the same history gave two results; a policy keeps what it "
		 "remembers in mm_private()",
		 err) ||
	    same(&o[0], &o[2],
		 "not copied with the machine: the result changes when the machine is exchanged for "
		 "its copy; a policy keeps what it remembers in mm_private(), not in variables",
		 err))
		goto out;
	*result = (struct conformance){.operations = d->nr,
				       .state_hash = o[0].state_hash,
				       .pages_reclaimed = o[0].pages_reclaimed.central,
				       .pages_migrated = o[0].pages_migrated};
	for (int order = 0; order < OUTCOME_NR_ORDERS; order++)
		result->slow += o[0].orders[order].attempts - o[0].orders[order].fast;
	ret = 0;
out:
	for (size_t i = 0; i < ARRAY_SIZE(o); i++)
		outcome_release(&o[i]);
	return ret;
}

static int work(void *arg, FILE *file, struct error *err)
{
	struct conformance result = {0};
	struct demand d;
	int ret;

	if (invent_history(&d, err))
		return -1;
	ret = compare_runs(arg, &d, &result, err);
	free((void *)d.ops);
	if (!ret && fwrite(&result, sizeof(result), 1, file) != 1)
		ret = error_set(err, "the result cannot be written");
	return ret;
}

int policy_conforms(const struct policy_setting *s, struct conformance *result, struct error *err)
{
	struct policy_setting copy = *s;
	struct isolated job = {.work = work, .arg = &copy, .seconds = SECONDS};
	FILE *file;
	int ret = 0;

	if (isolate(&job, &file, err))
		return -1;
	if (fread(result, sizeof(*result), 1, file) != 1)
		ret = error_set(err, "the policy ended the process it ran in; a hook returns");
	fclose(file);
	return ret;
}
