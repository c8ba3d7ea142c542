// SPDX-License-Identifier: GPL-2.0-only
/*
 * What-if: the recording's demand on a machine that another policy runs.
 *
 * Requests come when they came (the clock is open). kswapd runs to completion when it is woken,
 * before the request that woke it goes on. What the replay cannot know is counted: pages that the
 * policy dropped and the recorded kernel kept (dropped_alive), pages that the recorded kernel
 * dropped and the replay still has (unknown_death), and requests whose outcome differs so that
 * something else had to be put in their place (substituted).
 */
#include "replay/whatif.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TICK_NS 500000000ull
#define FOLD_NS 1000000000ull /* vm.stat_interval */
#define PROGRESS_STEP 65536u

/* ---- requests ---- */

static uint32_t cpu_of(const struct whatif *w, uint32_t cpu)
{
	return cpu < w->mm->nr_cpus ? cpu : cpu % w->mm->nr_cpus;
}

static struct mm_request request_of(const struct whatif *w, const struct demand_op *op)
{
	struct mm_request rq = {
		.cpu = cpu_of(w, op->cpu),
		.order = op->order,
		.gfp = op->gfp,
		.type = op->type < MM_NR_PCP_TYPES ? op->type : mm_gfp_type(op->gfp),
		.pid = op->pid,
	};

	if (rq.type >= MM_NR_PCP_TYPES)
		rq.type = MM_UNMOVABLE;
	return rq;
}

static uint32_t highest_of_node(const struct mm *mm, uint32_t node)
{
	uint32_t highest = 0;

	for (uint32_t z = 0; z < mm->nr_zones; z++) {
		if (mm->zones[z].node == (int32_t)node && (uint32_t)mm->zones[z].index > highest)
			highest = (uint32_t)mm->zones[z].index;
	}
	return highest;
}

static void wake_kswapd(struct whatif *w, uint32_t node, uint32_t order, uint32_t highest)
{
	uint32_t cpu = w->mm->cpu;

	if (!w->policy->kswapd || !mm_kswapd_needed(w->mm, node, order, highest))
		return;
	w->policy->kswapd(&w->env, node, order, highest);
	w->mm->cpu = cpu;
}

/* wake_all_kswapds: those of all nodes that the request may use. */
static void wake_for(struct whatif *w, const struct mm_request *rq)
{
	uint32_t highest = mm_gfp_zone(w->mm, rq->gfp);

	if (!(rq->gfp & MM_GFP_KSWAPD_RECLAIM))
		return;
	for (uint32_t node = 0; node < w->mm->nr_nodes; node++)
		wake_kswapd(w, node, rq->order, highest);
}

/* A zone that was boosted by a fallback wakes its kswapd [rmqueue]. */
static void wake_boosted(struct whatif *w)
{
	for (uint32_t node = 0; w->mm->wake_kswapd && node < w->mm->nr_nodes; node++) {
		if (!(w->mm->wake_kswapd & 1u << node))
			continue;
		w->mm->wake_kswapd &= ~(1u << node);
		wake_kswapd(w, node, 0, highest_of_node(w->mm, node));
	}
}

struct frame whatif_alloc(struct whatif *w, const struct demand_op *op, bool *slow)
{
	struct mm_request rq = request_of(w, op);
	struct frame f = mm_get_page(w->mm, &rq, mm_alloc_flags_fast(w->mm, &rq));

	*slow = frame_is_none(f);
	if (*slow) {
		wake_for(w, &rq);
		w->mm->cpu = rq.cpu;
		f = w->policy->alloc_slow(&w->env, &rq);
	}
	wake_boosted(w);
	return f;
}

/* What is known of a page by the request that made it. */
static uint32_t flags_of_request(const struct demand_op *op)
{
	uint32_t flags = 0;

	if (op->page == MM_KIND_SLAB)
		flags |= MM_F_SLAB;
	if (op->page == MM_KIND_HUGETLB)
		flags |= MM_F_HUGE;
	if (op->order && op->gfp & GFP_COMP)
		flags |= MM_F_COMPOUND;
	if (op->gfp & GFP_WRITE)
		flags |= MM_F_DIRTY;
	return flags;
}

void whatif_bind(struct whatif *w, struct frame f, const struct demand_op *op, uint32_t id)
{
	mm_object_bind(w->mm, f, id, op->pid, op->page, op->order);
	mm_frame(w->mm, f)->flags |= flags_of_request(op);
	if (op->flags & DEMAND_F_RECORDER)
		mm_objects(w->mm)[f.n].flags |= MM_O_RECORDER;
}

void whatif_free(struct whatif *w, struct frame f, uint32_t cpu)
{
	uint32_t order = mm_frame(w->mm, f)->order;

	if (mm_on_lru_list(w->mm, f))
		mm_lru_del(w->mm, f);
	mm_object_unbind(w->mm, f);
	mm_free_page(w->mm, cpu_of(w, cpu), f, order);
	if (w->policy->freed)
		w->policy->freed(&w->env, f, order);
}

void whatif_score(struct whatif *w, const struct demand_op *op, bool success, bool slow)
{
	struct order_outcome *oo = &w->out->orders[op->order];
	struct mm_stats *st = mm_stats(w->mm);

	*(!success ? &st->failed[op->order]
	  : slow   ? &st->slow_ok[op->order]
		   : &st->fast_ok[op->order]) += 1;
	if (!w->scoring || op->flags & DEMAND_F_RECORDER)
		return;
	oo->attempts++;
	oo->successes += success;
	oo->fast += success && !slow;
	oo->slow += success && slow;
}

static void birth(struct whatif *w, const struct demand_op *op)
{
	bool slow;
	struct frame f;

	if (op->flags & DEMAND_F_HUGE) {
		pool_request(w, op);
		return;
	}
	f = whatif_alloc(w, op, &slow);
	whatif_score(w, op, !frame_is_none(f), slow);
	if (!frame_is_none(f))
		whatif_bind(w, f, op, op->id);
	else
		w->out->substituted++;
}

/*
 * Failed then, and the task did without. If it succeeds now the page is given back at once: how
 * long it would have lived nobody knows, and what the task did instead is in the demand that
 * follows.
 */
static void failed_request(struct whatif *w, const struct demand_op *op)
{
	bool slow;
	struct frame f;

	if (op->flags & DEMAND_F_HUGE) {
		pool_request(w, op);
		return;
	}
	f = whatif_alloc(w, op, &slow);
	whatif_score(w, op, !frame_is_none(f), slow);
	if (frame_is_none(f))
		return;
	whatif_bind(w, f, op, MM_NO_ID);
	whatif_free(w, f, op->cpu);
	w->out->substituted++;
}

/* ---- objects ---- */

static void death(struct whatif *w, const struct demand_op *op)
{
	struct frame f = mm_object_frame(w->mm, op->id);

	if (op->flags & DEMAND_F_HUGE)
		pool_death(w, op);
	else if (!frame_is_none(f))
		whatif_free(w, f, op->cpu);
}

/* The recorded kernel reclaimed the page. Here it stays, without a name, until this policy reclaims
 * it. */
static void drop(struct whatif *w, const struct demand_op *op)
{
	struct frame f = mm_object_frame(w->mm, op->id);
	struct mm_object *o;

	if (frame_is_none(f)) {
		w->agreed_drops += 1u << op->order;
		return;
	}
	o = &mm_objects(w->mm)[f.n];
	mm_ids(w->mm)[op->id] = UINT32_MAX;
	o->id = MM_NO_ID;
	o->flags |= MM_O_ORPHAN;
	if (!mm_on_lru_list(w->mm, f)) {
		mm_frame(w->mm, f)->flags |= MM_F_FILE;
		mm_lru_add(w->mm, f, MM_LRU_INACTIVE_FILE);
	}
}

static void split(struct whatif *w, const struct demand_op *op)
{
	struct frame f = mm_object_frame(w->mm, op->id), upper;
	struct mm_object *o;
	bool on_lru;
	enum mm_lru lru = MM_LRU_INACTIVE_FILE;

	if (frame_is_none(f) || mm_frame(w->mm, f)->order != op->order + 1u ||
	    op->arg >= w->mm->nr_ids)
		return;
	on_lru = mm_on_lru_list(w->mm, f);
	if (on_lru) {
		lru = mm_lru_of(w->mm, f);
		mm_lru_del(w->mm, f);
	}
	mm_split_page(w->mm, f, op->order);
	upper = (struct frame){f.n + (1u << op->order)};
	o = &mm_objects(w->mm)[f.n];
	o->order = op->order;
	mm_object_bind(w->mm, upper, op->arg, o->owner, o->kind, op->order);
	mm_objects(w->mm)[upper.n].flags = o->flags;
	if (on_lru) {
		mm_lru_add(w->mm, f, lru);
		mm_lru_add(w->mm, upper, lru);
	}
}

static void to_lru(struct whatif *w, const struct demand_op *op)
{
	struct frame f = mm_object_frame(w->mm, op->id);

	if (frame_is_none(f) || op->type >= MM_NR_LRU)
		return;
	if (mm_on_lru_list(w->mm, f))
		mm_lru_del(w->mm, f);
	mm_frame(w->mm, f)->flags |= op->arg;
	mm_objects(w->mm)[f.n].kind = op->page;
	mm_lru_add(w->mm, f, op->type);
}

static void activate(struct whatif *w, const struct demand_op *op)
{
	struct frame f = mm_object_frame(w->mm, op->id);

	if (!frame_is_none(f) && mm_on_lru_list(w->mm, f))
		mm_lru_activate(w->mm, f);
}

static void step(struct whatif *w, const struct demand_op *op)
{
	switch (op->kind) {
	case DEMAND_BIRTH:
		birth(w, op);
		break;
	case DEMAND_FAIL:
		failed_request(w, op);
		break;
	case DEMAND_DEATH:
		death(w, op);
		break;
	case DEMAND_DROP:
		drop(w, op);
		break;
	case DEMAND_SPLIT:
		split(w, op);
		break;
	case DEMAND_LRU:
		to_lru(w, op);
		break;
	case DEMAND_ACTIVATE:
		activate(w, op);
		break;
	case DEMAND_WANT:
		pool_want(w, op);
		break;
	case DEMAND_DONE:
		pool_done(w);
		break;
	default:
		break;
	}
}

/* ---- the run ---- */

static void advance(struct whatif *w, uint64_t time)
{
	while (w->next_tick <= time) {
		w->mm->now = w->env.now = w->next_tick;
		if (w->policy->tick)
			w->policy->tick(&w->env);
		w->next_tick += TICK_NS;
	}
	while (w->next_fold <= time) {
		for (uint32_t cpu = 0; cpu < w->mm->nr_cpus; cpu++)
			mm_fold_diffs(w->mm, cpu);
		w->next_fold += FOLD_NS;
	}
	whatif_sample(w, time);
	w->mm->now = w->env.now = time;
	w->scoring = time >= w->opt->from;
}

static int run(struct whatif *w, struct error *err)
{
	const struct demand *d = w->demand;

	for (uint64_t i = 0; i < d->nr; i++) {
		const struct demand_op *op = &d->ops[i];

		if (w->opt->to && op->time > w->opt->to)
			break;
		advance(w, op->time);
		step(w, op);
		if (w->opt->paranoid && i % w->opt->paranoid == 0 && mm_validate(w->mm, err))
			return error_prefix(
				err, "after operation %" PRIu64 " of the demand under policy %s", i,
				w->policy->name);
		if (i % PROGRESS_STEP == 0)
			progress_update(w->opt->progress, w->policy->name, i, d->nr);
	}
	pool_done(w);
	progress_update(w->opt->progress, w->policy->name, d->nr, d->nr);
	return w->opt->paranoid ? mm_validate(w->mm, err) : 0;
}

/* ---- the outcome ---- */

static uint64_t orphans(const struct mm *mm)
{
	uint64_t pages = 0;

	for (uint32_t n = 0; n < mm->nr_frames; n++) {
		if (mm_frames(mm)[n].flags & MM_F_HEAD && mm_objects(mm)[n].flags & MM_O_ORPHAN)
			pages += 1ull << mm_frames(mm)[n].order;
	}
	return pages;
}

static struct ranged single(uint64_t v)
{
	return (struct ranged){.central = (int64_t)v, .low = (int64_t)v, .high = (int64_t)v};
}

static void fill_mechanisms(struct outcome *o, const struct mm_stats *st)
{
	o->reclaimed_kswapd = st->reclaimed_kswapd;
	o->reclaimed_direct = st->reclaimed_direct;
	o->pages_reclaimed = single(st->reclaimed_kswapd + st->reclaimed_direct);
	o->pages_migrated = st->migrated;
	o->migrate_failed = st->migrate_failed;
	o->migrate_scanned = st->migrate_scanned;
	o->free_scanned = st->free_scanned;
	o->compact_stall = st->compact_stall;
	o->compact_success = st->compact_success;
	o->compact_fail = st->compact_fail;
	o->compact_deferred = st->compact_deferred;
	o->direct_reclaims = st->direct_reclaims;
	o->kswapd_runs = st->kswapd_runs;
	o->stall_ns = single(st->stall_ns);
}

static void fill_outcome(struct whatif *w, const struct trace *t, uint64_t elapsed_ns)
{
	const struct mm_stats *st = mm_stats(w->mm);
	const struct demand_counts *dc = &w->demand->counts;
	uint64_t alive = st->reclaimed_kswapd + st->reclaimed_direct - st->reclaimed_orphans;
	struct outcome *o = w->out;

	fill_mechanisms(o, st);
	o->huge_success = single(o->huge_got);
	o->unknown_death = orphans(w->mm);
	o->dropped_alive = alive > w->agreed_drops ? alive - w->agreed_drops : 0;
	o->demand_ops = w->demand->nr;
	o->unknown_frees = dc->unknown_frees;
	o->double_allocs = dc->double_allocs;
	o->approximate_lru = true;
	o->events_per_second = elapsed_ns ? (double)t->nr * 1e9 / (double)elapsed_ns : 0;
	o->state_hash = mm_hash(w->mm);
}

static void name_outcome(struct outcome *o, const struct mm *mm, const struct policy_setting *p)
{
	const char *colon = strchr(p->spelled, ':');

	snprintf(o->policy, sizeof(o->policy), "%s", p->policy->name);
	snprintf(o->params, sizeof(o->params), "%s", colon ? colon + 1 : "");
	snprintf(o->era, sizeof(o->era), "%s", mm_era_name(mm->era_index));
	o->pageblock_order = mm->pageblock_order;
	o->nr_zones = mm->nr_zones;
	for (uint32_t z = 0; z < mm->nr_zones; z++) {
		memcpy(o->zones[z].name, mm->zones[z].name, sizeof(o->zones[z].name));
		o->zones[z].node = mm->zones[z].node;
	}
}

static bool runs_on(const struct policy *p, const char *era)
{
	for (size_t i = 0; p->eras && p->eras[i]; i++) {
		if (!strcmp(p->eras[i], era))
			return true;
	}
	return !p->eras;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

static int replay(struct whatif *w, uint64_t span, struct error *err)
{
	int ret;

	if (whatif_sample_init(w, span, err) || pool_init(w, err))
		return -1;
	whatif_place_initial(w);
	if (w->policy->init)
		w->policy->init(&w->env);
	ret = run(w, err);
	pool_release(w);
	return ret;
}

static int with_machine(struct mm *mm, const struct capture *c, const struct trace *t,
			const struct policy_setting *p, const struct whatif_options *opt,
			struct outcome *out, struct error *err)
{
	struct demand_geometry geo = {.base_pfn = mm->base_pfn,
				      .nr_frames = mm->nr_frames,
				      .pageblock_order = mm->pageblock_order};
	uint64_t span = t->nr ? t->events[t->nr - 1].time - t->events[0].time : 0;
	struct demand d;
	struct whatif w = {
		.mm = mm,
		.policy = p->policy,
		.opt = opt,
		.demand = &d,
		.out = out,
		.env = {.mm = mm, .params = p->params, .policy = p->policy},
		.next_tick = TICK_NS,
		.next_fold = FOLD_NS,
	};
	uint64_t begin = now_ns();
	int ret;

	if (!runs_on(p->policy, mm_era_name(mm->era_index)))
		return error_set(err, "policy %s does not run on era %s", p->policy->name,
				 mm_era_name(mm->era_index));
	if (demand_derive(&d, c, t, &geo, opt->progress, err))
		return -1;
	name_outcome(out, mm, p);
	ret = replay(&w, span, err);
	if (!ret)
		fill_outcome(&w, t, now_ns() - begin);
	demand_release(&d);
	return ret;
}

int whatif_run(const struct capture *c, const struct trace *t, const struct policy_setting *p,
	       const struct whatif_options *opt, struct outcome *out, struct error *err)
{
	struct build_options build = {
		.era = opt->era, .objects = true, .private_size = p->policy->private_size};
	struct mm *mm;
	int ret;

	memset(out, 0, sizeof(*out));
	mm = machine_build(c, t, &build, err);
	if (!mm)
		return -1;
	outcome_describe(out, c, t);
	ret = with_machine(mm, c, t, p, opt, out, err);
	mm_free(mm);
	if (ret)
		outcome_release(out);
	return ret;
}
