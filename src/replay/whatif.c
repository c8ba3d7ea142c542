// SPDX-License-Identifier: GPL-2.0-only
/*
 * What-if: the recording's demand on a machine that another policy runs. Requests come when they
 * came (the clock is open). What the replay cannot know is counted: pages that the
 * policy dropped and the recorded kernel kept (dropped_alive), pages that the recorded kernel
 * dropped and the replay still has (unknown_death), and requests whose outcome differs so that
 * something else had to be put in their place (substituted). What depends on them is computed under
 * several scenarios.
 */
#include "replay/whatif.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FOLD_NS 1000000000ull /* vm.stat_interval */
#define PROGRESS_STEP 65536u

/* With the pages of another node's zone that lie idle on this CPU's lists [drain_zone_pages]. */
static void fold(struct whatif *w, const struct demand_op *op)
{
	uint32_t cpu = whatif_cpu(w, op->cpu), zone;
	const struct mm_pcp *pcp;
	struct mm_drain drain;

	w->mm->cpu = cpu;
	if (!op->arg) {
		mm_fold_diffs(w->mm, cpu);
		return;
	}
	zone = mm_frame_zone(w->mm, (struct frame){op->arg - 1});
	if (zone == UINT32_MAX)
		return;
	pcp = mm_pcp(w->mm, zone, cpu);
	mm_drain_begin(w->mm, &drain, zone, cpu, pcp->count < pcp->batch ? pcp->count : pcp->batch,
		       0);
	mm_drain_finish(w->mm, &drain);
}

static void step(struct whatif *w, const struct demand_op *op)
{
	switch (op->kind) {
	case DEMAND_BIRTH:
		whatif_birth(w, op);
		break;
	case DEMAND_FAIL:
		whatif_failed(w, op);
		break;
	case DEMAND_DEATH:
		whatif_death(w, op);
		break;
	case DEMAND_DROP:
		whatif_drop(w, op);
		break;
	case DEMAND_SHRUNK:
		whatif_shrunk(w, op);
		break;
	case DEMAND_HOLD:
		whatif_hold(w, op);
		break;
	case DEMAND_RELEASE:
		whatif_let_move(w, op);
		break;
	case DEMAND_FILE_GONE:
		whatif_file_gone(w, op);
		break;
	case DEMAND_OWNER_GONE:
		whatif_owner_gone(w, op);
		break;
	case DEMAND_SPLIT:
		whatif_split(w, op);
		break;
	case DEMAND_LRU:
		whatif_to_lru(w, op);
		break;
	case DEMAND_ACTIVATE:
		whatif_activate(w, op);
		break;
	case DEMAND_WRITEBACK:
	case DEMAND_WRITTEN:
		whatif_writeback(w, op);
		break;
	case DEMAND_BULK:
		whatif_bulk(w, op);
		break;
	case DEMAND_BULK_DEATH:
		whatif_bulk_death(w, op);
		break;
	case DEMAND_CONTIG:
		whatif_contig(w, op);
		break;
	case DEMAND_FOLD:
		fold(w, op);
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

static void run_tick(struct whatif *w, const void *unused)
{
	w->policy->tick(&w->env);
}

/* Hooks and samples that were due before this operation. */
static void advance(struct whatif *w, const struct demand_op *op)
{
	whatif_kswapd(w, op->time);
	whatif_kcompactd(w, op->time);
	while (w->next_tick <= op->time) {
		w->mm->now = w->env.now = w->next_tick;
		if (w->policy->tick)
			whatif_background(w, run_tick, NULL);
		if (w->scenario->reread)
			whatif_reread_evicted(w, op);
		w->next_tick += WHATIF_TICK_NS;
	}
	while (!w->demand->folds && w->next_fold <= op->time) {
		for (uint32_t cpu = 0; cpu < w->mm->nr_cpus; cpu++)
			mm_fold_diffs(w->mm, cpu);
		w->next_fold += FOLD_NS;
	}
	whatif_sample(w, op->time);
	whatif_probe(w, op->time);
	w->mm->now = w->env.now = op->time;
	w->scoring = op->time >= w->opt->from;
	whatif_inject(w, op);
}

static int validate(const struct whatif *w, uint64_t i, struct error *err)
{
	if (!mm_validate(w->mm, err))
		return 0;
	return error_prefix(err, "after operation %" PRIu64 " of the demand under policy %s", i,
			    w->policy->name);
}

/* The copy goes on in the machine's place; who kept a pointer into the old one will see nonsense.
 */
static int exchange_machine(struct whatif *w, struct error *err)
{
	struct mm *copy = mm_clone(w->mm);

	if (!copy)
		return error_set(err, "out of memory for a copy of the machine");
	memset(w->mm, 0xa5, w->mm->size);
	mm_free(w->mm);
	w->mm = w->env.mm = copy;
	return 0;
}

/* What the options ask to be done now and then. */
static int look_after(struct whatif *w, uint64_t i, struct error *err)
{
	const struct whatif_options *opt = w->opt;

	if (opt->clone_every && i % opt->clone_every == 0 && exchange_machine(w, err))
		return -1;
	if (opt->paranoid && i % opt->paranoid == 0 && validate(w, i, err))
		return -1;
	if (i % PROGRESS_STEP == 0)
		progress_update(opt->progress, w->policy->name, i, w->demand->nr);
	return 0;
}

static int run(struct whatif *w, struct error *err)
{
	const struct demand *d = w->demand;

	for (uint64_t i = 0; i < d->nr; i++) {
		const struct demand_op *op = &d->ops[i];

		if (w->opt->to && op->time > w->opt->to)
			break;
		whatif_map(w, i, op->time);
		whatif_operation(w, op);
		deaths_passed(&w->deaths, op);
		bound_step(&w->bound, op);
		bound_room(&w->bound, w->pool.replayed > 0 ? (uint64_t)w->pool.replayed : 0,
			   w->missed, &w->least);
		if (look_after(w, i, err))
			return -1;
	}
	whatif_end(w);
	progress_update(w->opt->progress, w->policy->name, d->nr, d->nr);
	return w->opt->paranoid ? validate(w, d->nr, err) : 0;
}

/* ---- names ---- */

/* A run with injections is another setting: its parameters say so. */
static void name_injections(struct outcome *o, const struct whatif_options *opt)
{
	static const char *const names[] = {
		[INJECT_COMPACT_MEMORY] = "compact_memory",
		[INJECT_COMPACT_NODE] = "compact_node",
		[INJECT_DROP_CACHES] = "drop_caches",
		[INJECT_HUGEPAGES] = "hugepages",
		[INJECT_PARAM] = NULL,
	};

	for (size_t i = 0; i < opt->nr_inject; i++) {
		const struct injection *in = &opt->inject[i];
		size_t len = strlen(o->params);

		snprintf(o->params + len, sizeof(o->params) - len,
			 "%s@%" PRIu64 "ns:%s=%" PRId64 "%s", len ? "," : "", in->time,
			 names[in->action] ? names[in->action] : in->param, in->value,
			 in->percent ? "%" : "");
	}
}

static void name_cut(struct outcome *o, const struct whatif_options *opt)
{
	size_t len = strlen(o->params);

	if (opt->cut_percent == WHATIF_CUT_AT_BRANCH)
		snprintf(o->params + len, sizeof(o->params) - len, "%s@cut=branch", len ? "," : "");
	else if (opt->cut_percent)
		snprintf(o->params + len, sizeof(o->params) - len, "%s@cut=%u%%", len ? "," : "",
			 opt->cut_percent);
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

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

/* ---- one replay in its parts ---- */

static int alloc_tables(struct whatif *w, struct error *err)
{
	w->alive = calloc(w->mm->nr_ids + 1u, sizeof(*w->alive));
	w->injected = calloc(w->opt->nr_inject + 1, sizeof(*w->injected));
	w->orphans = calloc(w->demand->nr_files + 1ull, sizeof(*w->orphans));
	return w->alive && w->injected && w->orphans
		       ? 0
		       : error_set(err, "out of memory for %u objects", w->mm->nr_ids);
}

static uint64_t death_of(struct policy_env *env, uint32_t object_id)
{
	const struct whatif *w = env->driver;

	return deaths_of(&w->deaths, object_id);
}

static int tell_future(struct whatif *w, struct error *err)
{
	if (!(w->policy->caps & POLICY_CAP_ORACLE))
		return 0;
	w->env.death_of = death_of;
	return deaths_init(&w->deaths, w->demand, w->mm->nr_ids, err);
}

static void whatif_init(struct whatif *w, const struct whatif_job *job,
			const struct scenario *scenario, struct outcome *out)
{
	*w = (struct whatif){
		.scenario = scenario,
		.policy = job->setting->policy,
		.opt = job->opt,
		.demand = job->demand,
		.out = out,
		.next_tick = job->first_tick,
		.next_fold = job->begin + FOLD_NS,
		.next_sample = job->begin,
		.next_probe = job->begin,
		.cut = job->cut,
		.costs = &job->costs,
		.kswapd_clock.time = job->begin,
		.kcompactd_clock.time = job->begin,
	};
	memcpy(w->params, job->setting->params, sizeof(w->params));
}

int whatif_begin(struct whatif *w, const struct whatif_job *job, const struct scenario *scenario,
		 struct outcome *out, struct error *err)
{
	whatif_init(w, job, scenario, out);
	w->mm = mm_clone(job->start);
	if (!w->mm)
		return error_set(err, "out of memory for a machine of %" PRIu64 " MiB",
				 job->start->size >> 20);
	w->env = (struct policy_env){.mm = w->mm,
				     .params = w->params,
				     .policy = w->policy,
				     .driver = w,
				     .wake_again = whatif_wake_again};
	w->mm->kswapd_sliced = job->costs.kswapd.nr > 0;
	w->mm->kswapd_cost = job->costs.kswapd_cost;
	w->mm->kcompactd_sliced = job->costs.kcompactd.nr > 0;
	w->mm->kcompactd_cost = job->costs.compaction;
	w->mm->thp_recorded = job->thp_recorded;
	memcpy(w->mm->slab_keeps, job->demand->slab_keeps, sizeof(w->mm->slab_keeps));
	memcpy(w->mm->slab_cpu_keeps, job->demand->slab_cpu_keeps, sizeof(w->mm->slab_cpu_keeps));
	memcpy(w->mm->slab_objects, job->demand->slab_objects, sizeof(w->mm->slab_objects));
	if (alloc_tables(w, err) || whatif_reads_init(w, err) || whatif_range_init(w, err) ||
	    whatif_bulk_init(w, err) || pool_init(w, err) || tell_future(w, err))
		return -1;
	whatif_place_initial(w);
	if (bound_init(&w->bound, w->mm, w->demand, err))
		return -1;
	if (w->policy->init)
		w->policy->init(&w->env);
	return 0;
}

void whatif_operation(struct whatif *w, const struct demand_op *op)
{
	advance(w, op);
	step(w, op);
}

/* What kcompactd was at is brought to its end, so that it is counted. */
void whatif_end(struct whatif *w)
{
	w->mm->kcompactd_sliced = 0;
	whatif_kcompactd(w, w->kcompactd_clock.time);
	pool_done(w);
}

void whatif_release(struct whatif *w)
{
	free(w->alive);
	free(w->orphans);
	free(w->returning);
	free(w->ranges);
	free(w->bulk_pages);
	free(w->injected);
	mm_free(w->scratch);
	pool_release(w);
	deaths_release(&w->deaths);
	whatif_map_release(w);
	bound_release(&w->bound);
	mm_free(w->mm);
}

/* ---- scenarios ---- */

static int run_scenario(const struct whatif_job *job, const struct scenario *scenario,
			struct outcome *out, struct error *err)
{
	struct whatif w;
	int ret = -1;

	if (!whatif_begin(&w, job, scenario, out, err) && !whatif_sample_init(&w, job->span, err) &&
	    !whatif_probe_init(&w, job->span, err) && !whatif_map_init(&w, job->span, err))
		ret = run(&w, err);
	if (!ret) {
		whatif_fill(&w, &job->costs);
		/* Part of a recording, or more than it asks for: the pool's history is not whole.
		 */
		if (!w.opt->from && !w.opt->nr_inject && !w.cut)
			whatif_fill_bounds(&w);
		ret = whatif_map_end(&w, err);
	}
	whatif_release(&w);
	return ret;
}

static int run_others(const struct whatif_job *job, struct outcome *out, struct error *err)
{
	struct whatif_options opt = *job->opt;
	struct whatif_job other_job = *job;
	struct whatif_swing most = {0, 0};

	opt.probe_ns = 0;
	opt.map_moments = 0;
	opt.progress = NULL;
	other_job.opt = &opt;
	for (const struct scenario *s = scenarios + 1; s->name; s++) {
		struct outcome other = {.pageblock_order = out->pageblock_order};
		int ret;

		if (s->madvised && !out->thp_guessed)
			continue;
		ret = run_scenario(&other_job, s, &other, err);
		if (!ret)
			outcome_widen(out, &other, s->name, &most);
		outcome_release(&other);
		if (ret)
			return -1;
	}
	return 0;
}

int whatif_job_init(struct whatif_job *job, struct demand *d, const struct mm *mm,
		    const struct capture *c, const struct trace *t, const struct policy_setting *p,
		    const struct whatif_options *opt, struct error *err)
{
	struct demand_geometry geo = {.base_pfn = mm->base_pfn,
				      .nr_frames = mm->nr_frames,
				      .mm = mm,
				      .pageblock_order = mm->pageblock_order};

	*job = (struct whatif_job){.start = mm, .demand = d, .setting = p, .opt = opt};
	recording_range(c, t, &geo.first, &geo.last);
	geo.cut = cut_event(t, opt->cut_percent);
	geo.exact_start = !geo.cut && c->start.level == SNAP_EXACT;
	if (policy_setting_fits(p, mm_era_name(mm->era_index), err))
		return -1;
	if (demand_derive(d, c, t, &geo, opt->progress, err))
		return -1;
	job->thp_recorded = whatif_thp_recorded(mm, d);
	if (geo.cut && geo.cut < t->nr) {
		job->cut = true;
		job->begin = t->events[geo.cut].time - t->events[0].time;
	}
	job->span = t->nr ? t->events[t->nr - 1].time - t->events[0].time : 0;
	stall_costs_fit(&job->costs, t, 0);
	job->first_tick = kcompactd_timer(t, geo.cut, job->begin);
	return 0;
}

void whatif_job_release(struct whatif_job *job)
{
	stall_costs_release(&job->costs);
}

void whatif_describe(struct outcome *o, const struct whatif_job *job)
{
	const struct demand *d = job->demand;

	name_outcome(o, job->start, job->setting);
	name_injections(o, job->opt);
	name_cut(o, job->opt);
	o->demand_ops = d->nr;
	o->unknown_frees = d->counts.unknown_frees;
	o->double_allocs = d->counts.double_allocs;
	o->approximate_lru = true;
}

static int with_machine(struct mm *mm, const struct capture *c, const struct trace *t,
			const struct policy_setting *p, const struct whatif_options *opt,
			struct outcome *out, struct error *err)
{
	uint64_t begin = now_ns(), ns;
	struct whatif_job job;
	struct demand d;
	int ret;

	if (whatif_job_init(&job, &d, mm, c, t, p, opt, err))
		return -1;
	whatif_describe(out, &job);
	ret = run_scenario(&job, &scenarios[0], out, err);
	ns = now_ns() - begin;
	out->events_per_second = ns ? (double)t->nr * 1e9 / (double)ns : 0;
	if (!ret && !opt->central_only && !(p->policy->caps & POLICY_CAP_RELAXED))
		ret = run_others(&job, out, err);
	whatif_job_release(&job);
	demand_release(&d);
	return ret;
}

int whatif_run_demand(const struct mm *start, const struct demand *d,
		      const struct policy_setting *p, const struct whatif_options *opt,
		      struct outcome *out, struct error *err)
{
	struct whatif_job job = {.start = start,
				 .demand = d,
				 .setting = p,
				 .opt = opt,
				 .first_tick = WHATIF_TICK_NS};
	int ret;

	memset(out, 0, sizeof(*out));
	if (policy_setting_fits(p, mm_era_name(start->era_index), err))
		return -1;
	whatif_describe(out, &job);
	job.thp_recorded = whatif_thp_recorded(start, d);
	job.span = d->nr ? d->ops[d->nr - 1].time : 0;
	ret = run_scenario(&job, &scenarios[0], out, err);
	if (ret)
		outcome_release(out);
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
	if (cut_check(t, opt->cut_percent, err))
		return -1;
	if (opt->cut_percent)
		mm = machine_at(c, t, cut_event(t, opt->cut_percent), build.private_size, err);
	else
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
