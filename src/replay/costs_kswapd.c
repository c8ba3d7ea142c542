// SPDX-License-Identifier: GPL-2.0-only
/*
 * What kswapd's work takes, and how much of a CPU it has for it.
 *
 * Where the recording shows who ran (sched_switch), the recorded kswapd's own turns are taken: in
 * one of them a replay's kswapd has the CPU, between two of them it waits for it, and where the
 * recorded one slept it has the share of a CPU that the recorded one had the last times. A page's
 * cost is that of the recorded one's passes over the lists.
 *
 * Elsewhere its speed is what it scanned from when somebody woke it to the last list that it
 * shrank, over that time; the CPU's share that it had then, and how long it waited for a CPU, are
 * in it.
 */
#include "replay/costs.h"

#include <stdlib.h>
#include <string.h>

#define FEW_PAGES 32u /* SWAP_CLUSTER_MAX: less tells nothing of its speed */
#define SECOND 1000000000ull
#define STATE_SLEEPS 1u /* prev_state of sched_switch: TASK_INTERRUPTIBLE */

/* Without memory for another the last one holds on. */
void paces_add(struct paces *to, uint64_t time, uint64_t speed)
{
	struct mm_pace *v = to->v;

	if (!(to->nr & (to->nr - 1)))
		v = realloc(v, (to->nr ? 2 * to->nr : 1) * sizeof(*v));
	if (!v)
		return;
	to->v = v;
	v[to->nr++] = (struct mm_pace){.from = time, .speed = speed};
}

/* The kswapd of one node. */
struct kswapd {
	uint32_t pid; /* 0: there is none */
	bool awake, running;
	uint64_t since; /* it has the CPU */
	uint64_t ran;	/* ns, since its last pass over a list */
	size_t first;	/* pace since then */
	uint64_t waker; /* pid of who woke it, which has gone on since: 0 */
	uint64_t woke;	/* then */
	/* Where it is not seen to run: when somebody woke it (0: asleep), its last pass, pages. */
	uint64_t woken, last, scanned;
};

struct fit {
	struct stall_costs *c;
	const struct trace *t;
	struct kswapd nodes[MM_MAX_NODES];
	uint64_t begin;
	uint64_t asked[MM_MAX_NODES]; /* when somebody woke it; 0: nobody has */
	uint32_t awake, running;
	uint64_t then;		   /* the last change of either */
	uint64_t ns_awake, ns_ran; /* lately */
	uint64_t all_awake, all_ran;
	uint64_t wakeups, waited; /* by requests; ns that they waited, by the first turn of it */
	uint64_t share;		  /* of these two, ns in a second; 0 not known yet */
	struct pass_cost {
		uint64_t pages, ns, each; /* each: ns, 0 not known yet */
	} scanned, aged;
};

static struct kswapd *by_pid(struct fit *f, uint64_t pid)
{
	for (uint32_t n = 0; pid && n < MM_MAX_NODES; n++) {
		if (f->nodes[n].pid == pid)
			return &f->nodes[n];
	}
	return NULL;
}

static void name_nodes(struct fit *f)
{
	for (size_t i = 0; i < f->t->nr_comms; i++) {
		const struct trace_comm *tc = &f->t->comms[i];
		uint64_t node;

		if (!strncmp(tc->comm, "kswapd", 6) && parse_u64(tc->comm + 6, &node) &&
		    node < MM_MAX_NODES)
			f->nodes[node].pid = tc->pid;
	}
}

/* ---- where the recording shows who ran ---- */

/* All have gone to sleep: what share they had counts from now on, earlier times half as much. */
static void all_asleep(struct fit *f)
{
	if (f->ns_awake)
		f->share = f->ns_ran * SECOND / f->ns_awake;
	if (!f->c->kswapd.v[0].speed) /* before it was seen to run */
		f->c->kswapd.v[0].speed = f->share;
	f->ns_awake /= 2;
	f->ns_ran /= 2;
}

static void change(struct fit *f, uint64_t time, int awake, int running)
{
	uint64_t ns = time - f->then;

	f->ns_awake += f->awake ? ns : 0;
	f->all_awake += f->awake ? ns : 0;
	f->ns_ran += f->running * ns;
	f->all_ran += f->running * ns;
	f->then = time;
	f->awake = (uint32_t)((int)f->awake + awake);
	f->running = (uint32_t)((int)f->running + running);
	if (!f->awake)
		all_asleep(f);
	paces_add(&f->c->kswapd, time - f->begin, f->awake ? f->running * SECOND : f->share);
}

static void wakes(struct fit *f, struct kswapd *k, uint64_t time)
{
	if (k->pid && !k->awake)
		change(f, time, 1, 0);
	k->awake |= k->pid > 0;
}

/*
 * A request wakes it. It has slept, so the scheduler puts it first where it can
 * [check_preempt_wakeup, kernel/sched/fair.c]: where the request's task leaves the CPU to it, that
 * task waits.
 */
static void on_wakeup(struct fit *f, const struct event *e)
{
	struct kswapd *k = &f->nodes[e->w[0] % MM_MAX_NODES];

	wakes(f, k, e->time);
	if (!k->pid || !e->w[3])
		return;
	f->wakeups++;
	k->waker = e->pid;
	k->woke = e->time;
}

static void waker_waits(struct fit *f, const struct event *e)
{
	for (uint32_t n = 0; n < MM_MAX_NODES; n++) {
		struct kswapd *k = &f->nodes[n];

		if (k->waker && e->w[0] == k->waker && e->w[1] != k->pid)
			k->waker = 0;
		if (!k->waker || e->w[1] != k->waker)
			continue;
		f->waited += e->time - k->woke;
		k->waker = 0;
	}
}

static void on_switch(struct fit *f, const struct event *e)
{
	struct kswapd *prev = by_pid(f, e->w[0]), *next = by_pid(f, e->w[1]);
	bool sleeps = e->w[2] & STATE_SLEEPS;

	waker_waits(f, e);
	if (prev && prev->running) {
		prev->ran = sleeps ? 0 : prev->ran + e->time - prev->since;
		prev->running = false;
		prev->awake = !sleeps;
		change(f, e->time, sleeps ? -1 : 0, -1);
		if (sleeps)
			prev->first = f->c->kswapd.nr;
	}
	if (next && !next->running) {
		wakes(f, next, e->time);
		next->running = true;
		next->since = e->time;
		change(f, e->time, 0, 1);
	}
}

/* What it did since the pass before was so much work: its speed then. */
static void set_speed(struct fit *f, struct kswapd *k, uint64_t time, uint64_t ran, uint64_t work)
{
	struct paces *p = &f->c->kswapd;

	for (; ran && k->first < p->nr; k->first++)
		p->v[k->first].speed = (p->v[k->first].speed * work + ran - 1) / ran;
	change(f, time, 0, 0);
}

/* It took the time that it ran since the pass before. */
static void on_pass(struct fit *f, const struct event *e, struct pass_cost *cost)
{
	struct kswapd *k = by_pid(f, e->pid);
	uint64_t ran;

	if (!k || !k->running)
		return;
	ran = k->ran + e->time - k->since;
	cost->pages += e->w[1];
	cost->ns += ran;
	if (cost->each)
		set_speed(f, k, e->time, ran, e->w[1] * cost->each);
	k->since = e->time;
	k->ran = 0;
}

static void look_at_turns(struct fit *f, const struct event *e)
{
	switch (e->kind) {
	case EV_KSWAPD_WAKEUP:
		on_wakeup(f, e);
		break;
	case EV_SCHED_SWITCH:
		on_switch(f, e);
		break;
	case EV_LRU_SHRINK_INACTIVE:
		on_pass(f, e, &f->scanned);
		break;
	case EV_LRU_SHRINK_ACTIVE:
		on_pass(f, e, &f->aged);
		break;
	default:
		break;
	}
}

static uint64_t each(const struct pass_cost *cost)
{
	return cost->pages ? cost->ns / cost->pages : 0;
}

static void walk(struct fit *f, void (*look)(struct fit *f, const struct event *e))
{
	f->then = f->begin = f->t->nr ? f->t->events[0].time : 0;
	name_nodes(f);
	for (uint64_t i = 0; i < f->t->nr; i++)
		look(f, &f->t->events[i]);
}

/* Once for the costs, and with them again for the speeds. */
static void fit_turns(struct stall_costs *c, const struct trace *t)
{
	struct fit first = {.c = c, .t = t}, second = {.c = c, .t = t};

	paces_add(&c->kswapd, 0, 0);
	walk(&first, look_at_turns);
	c->kswapd.nr = 0;
	if (first.scanned.pages + first.aged.pages < FEW_PAGES)
		return;
	second.scanned.each = each(&first.scanned);
	second.aged.each = each(&first.aged);
	paces_add(&c->kswapd, 0, 0);
	walk(&second, look_at_turns);
	c->kswapd_first = first.wakeups ? first.waited / first.wakeups : 0;
	c->kswapd_share = first.all_awake ? first.all_ran * SECOND / first.all_awake : 0;
	c->kswapd_cost = (struct mm_kswapd_cost){.scanned = (uint32_t)second.scanned.each,
						 .aged = (uint32_t)second.aged.each};
}

/* ---- where it does not ---- */

static void stops(struct fit *f, struct kswapd *k)
{
	uint64_t ns = k->last - k->woken;

	if (k->woken && ns && k->scanned >= FEW_PAGES)
		paces_add(&f->c->kswapd, k->woken - f->begin, k->scanned * SECOND / ns);
	k->woken = 0;
}

static void on_wake(struct fit *f, struct kswapd *k, const struct event *e)
{
	uint64_t *asked = &f->asked[e->w[0] % MM_MAX_NODES];

	stops(f, k);
	k->woken = *asked ? *asked : e->time;
	k->last = e->time;
	k->scanned = 0;
	*asked = 0;
}

static void look_at_runs(struct fit *f, const struct event *e)
{
	struct kswapd *k = by_pid(f, e->pid);

	if (e->kind == EV_KSWAPD_WAKEUP && !f->asked[e->w[0] % MM_MAX_NODES])
		f->asked[e->w[0] % MM_MAX_NODES] = e->time;
	if (!k)
		return;
	if (e->kind == EV_KSWAPD_WAKE) {
		on_wake(f, k, e);
	} else if (e->kind == EV_KSWAPD_SLEEP) {
		stops(f, k);
	} else if (e->kind == EV_LRU_SHRINK_INACTIVE && k->woken) {
		k->last = e->time;
		k->scanned += e->w[1];
	}
}

static void fit_runs(struct stall_costs *c, const struct trace *t)
{
	struct fit f = {.c = c, .t = t};

	walk(&f, look_at_runs);
	for (uint32_t n = 0; n < MM_MAX_NODES; n++)
		stops(&f, &f.nodes[n]);
	c->kswapd_cost = (struct mm_kswapd_cost){.scanned = 1};
}

void costs_fit_kswapd(struct stall_costs *c, const struct trace *t)
{
	(t->kinds_seen[EV_SCHED_SWITCH] ? fit_turns : fit_runs)(c, t);
}
