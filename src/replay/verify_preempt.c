// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests and drains of preempted tasks, and requests that an interrupt came between. A kernel
 * that preempts (7.2: PREEMPT_LAZY) may switch to another task when a page has been taken from a
 * per-cpu list and trace_mm_page_alloc has not yet said so [rmqueue_pcplist,
 * __alloc_frozen_pages_noprof]: the page then shows when the task goes on. sched_switch proves the
 * preemption; a page that was taken in this way is a reordering.
 */
#include "replay/verify.h"

#include <string.h>

#define STATE_PREEMPTED 0x100u /* prev_state of sched_switch [TASK_REPORT_MAX] */
#define MAX_AWAY_EVENTS 2000u  /* how far ahead its next event is looked for at a time */

/* ---- who is away ---- */

/* The place of @pid among those who are away, or v->nr_away. */
static uint32_t away_place(const struct verify *v, uint32_t pid)
{
	uint32_t i = 0;

	while (i < v->nr_away && v->away[v->away_order[i]].pid != pid)
		i++;
	return i;
}

static struct away *away_of(struct verify *v, uint32_t pid)
{
	uint32_t i = away_place(v, pid);

	return i < v->nr_away ? &v->away[v->away_order[i]] : NULL;
}

static void away_remove(struct verify *v, uint32_t place)
{
	uint8_t slot = v->away_order[place], *at = &v->away_order[place];

	memmove(at, at + 1, --v->nr_away - place);
	v->away_order[v->nr_away] = slot;
}

/* Only then can a task be switched from between a page and its event, or between two batches; in
 * others it is where it asked for that [cond_resched]. */
static bool kernel_preempts(const struct verify *v)
{
	const char *version = v->c->manifest.kversion,
		   *cmdline = manifest_get(&v->c->manifest, "machine.cmdline");

	if (*version && !strstr(version, "PREEMPT"))
		return false;
	if (*version && !strstr(version, "PREEMPT_DYNAMIC"))
		return true;
	if (cmdline && (strstr(cmdline, "preempt=full") || strstr(cmdline, "preempt=lazy")))
		return true;
	if (cmdline && (strstr(cmdline, "preempt=none") || strstr(cmdline, "preempt=voluntary")))
		return false;
	return mm_era_preempts(v->mm);
}

void verify_preempt_init(struct verify *v)
{
	v->preempts = kernel_preempts(v);
	for (uint8_t i = 0; i < MAX_PREEMPTED; i++)
		v->away_order[i] = i;
}

static void note_heads(const struct verify *v, struct away *away)
{
	uint32_t moment = away->times++ % MAX_LEFT;

	for (uint32_t z = 0; z < v->mm->nr_zones; z++) {
		for (uint32_t p = 0; p < MM_NR_PCP_LISTS; p++)
			away->heads[moment][z][p] =
				mm_list_first(v->mm, mm_pcp_list(v->mm, z, away->cpu, p));
	}
}

void verify_leaves(struct verify *v, const struct event *e)
{
	uint32_t pid = (uint32_t)e->w[0], place = away_place(v, pid);
	bool again = place < v->nr_away;
	struct away *away;

	if (again)
		away_remove(v, place);
	if (!v->preempts || !(e->w[2] & STATE_PREEMPTED) || e->cpu >= v->mm->nr_cpus)
		return;
	if (v->nr_away == MAX_PREEMPTED)
		away_remove(v, 0);
	/* One that has just been removed is the first of the free ones. */
	away = &v->away[v->away_order[v->nr_away++]];
	if (!again || away->pid != pid || away->cpu != e->cpu) {
		away->pid = pid;
		away->cpu = e->cpu;
		away->times = 0;
		away->next = 0;
	}
	note_heads(v, away);
}

void verify_is_back(struct verify *v, const struct event *e)
{
	uint32_t place;

	if (event_context(e) != CTX_TASK || e->kind == EV_SCHED_SWITCH)
		return;
	place = away_place(v, e->pid);
	if (place < v->nr_away)
		away_remove(v, place);
}

/* The mm_page_alloc that is the first thing a task does when it goes on, or NULL. */
static const struct event *next_request_of(const struct verify *v, struct away *away)
{
	const struct event *ev = v->t->events;
	uint64_t k = away->next ? away->next : v->i + 1,
		 end = k + MAX_AWAY_EVENTS < v->last ? k + MAX_AWAY_EVENTS : v->last;

	while (k < end && (ev[k].pid != away->pid || event_context(&ev[k]) != CTX_TASK ||
			   ev[k].kind == EV_SCHED_SWITCH))
		k++;
	away->next = k;
	return k < end && ev[k].kind == EV_ALLOC ? &ev[k] : NULL;
}

/* ---- pages that others took ---- */

static struct pending *supposed_of(struct verify *v, uint32_t pid)
{
	for (uint32_t i = 0; i < v->nr_supposed; i++) {
		if (v->supposed[i].pid == pid)
			return &v->supposed[i];
	}
	return NULL;
}

static struct pending *supposed_page(struct verify *v, struct frame f)
{
	for (uint32_t i = 0; i < v->nr_supposed; i++) {
		if (v->supposed[i].f.n == f.n)
			return &v->supposed[i];
	}
	return NULL;
}

static bool has_pending(struct verify *v, uint32_t pid)
{
	for (uint32_t i = 0; i < v->nr_pending; i++) {
		if (v->pending[i].pid == pid && v->pending[i].ctx == CTX_TASK)
			return true;
	}
	return supposed_of(v, pid);
}

/* Requests that tasks may have been in the middle of when they left the CPU of @e, the last first;
 * how many, at most @max. */
static uint32_t find_requests(struct verify *v, const struct event *e, uint32_t order,
			      uint32_t type, const struct event **requests, uint32_t max)
{
	uint32_t found = 0;

	for (uint32_t i = v->nr_away; i-- > 0 && found < max;) {
		struct away *away = &v->away[v->away_order[i]];
		const struct event *r;

		if (away->cpu != e->cpu || away->pid == e->pid || has_pending(v, away->pid))
			continue;
		r = next_request_of(v, away);
		if (r && r->w[1] == order && r->w[3] == type)
			requests[found++] = r;
	}
	return found;
}

static void suppose(struct verify *v, uint32_t pid, struct frame f, uint32_t order)
{
	if (v->nr_supposed == ARRAY_SIZE(v->supposed))
		v->supposed[0] = v->supposed[--v->nr_supposed];
	v->supposed[v->nr_supposed++] = (struct pending){
		.pid = pid, .ctx = CTX_TASK, .f = f, .order = order, .exact = true};
	v->res->reorderings++;
}

/*
 * Supposed pages are on no list and have been seen in no event since. Where events are missing one
 * may have been freed meanwhile: then it is on its way to nobody.
 */
static bool supposed_take_out(struct verify *v, struct pending *p, struct pending *out)
{
	if (!p)
		return false;
	*out = *p;
	*p = v->supposed[--v->nr_supposed];
	return frame_is_none(repair_listed(v->mm, out->f));
}

/* It was not for the task of @e that the page had left the list: another one that was preempted may
 * have taken it. Otherwise the supposition was wrong, and this request counts as such. */
static void pass_on(struct verify *v, const struct event *e, const struct pending *p)
{
	const struct event *request;

	if (find_requests(v, e, p->order, (uint32_t)e->w[3], &request, 1))
		suppose(v, request->pid, p->f, p->order);
	else
		verify_pending_add(v, p->pid, p->ctx, p->f, p->order, true);
}

bool verify_take_supposed(struct verify *v, const struct event *e, struct frame f)
{
	struct pending taken = {0}, mine = {0};
	bool found = supposed_take_out(v, supposed_page(v, f), &taken) &&
		     event_context(e) == CTX_TASK && taken.order == e->w[1] &&
		     (taken.pid == e->pid || away_of(v, e->pid));
	bool have =
		event_context(e) == CTX_TASK && supposed_take_out(v, supposed_of(v, e->pid), &mine);

	if (found && taken.pid != e->pid)
		v->res->reorderings++;
	if (found && have) /* the two change places */
		suppose(v, taken.pid, mine.f, mine.order);
	else if (have)
		pass_on(v, e, &mine);
	return found;
}

/* @n pages from the head of the list of such requests have left it, taken by preempted tasks. */
static bool taken_before(struct verify *v, const struct event *e, uint32_t zone, uint32_t order,
			 uint32_t type, uint32_t n)
{
	const struct event *requests[MAX_PREEMPTED];

	if (event_context(e) != CTX_TASK || n > MAX_PREEMPTED ||
	    find_requests(v, e, order, type, requests, n) < n)
		return false;
	/* Who was preempted first took first. */
	while (n--) {
		struct frame taken = mm_pcp_pop(v->mm, zone, e->cpu, order, type);

		choice_halve(v->mm, zone, e->cpu);
		suppose(v, requests[n]->pid, taken, order);
	}
	return true;
}

/* How many pages are before @f on the list that the request would pop from; UINT32_MAX: more than
 * there can be preempted tasks, or @f is not on it. */
static uint32_t pages_before(const struct verify *v, uint32_t list, struct frame f)
{
	struct frame g = mm_list_first(v->mm, list);

	for (uint32_t n = 0; n <= MAX_PREEMPTED && !frame_is_none(g); n++) {
		if (g.n == f.n)
			return n;
		g = mm_list_next(v->mm, g);
	}
	return UINT32_MAX;
}

bool verify_swap_preempted(struct verify *v, const struct event *e, const struct choice *ch,
			   struct frame f)
{
	uint32_t order = (uint32_t)e->w[1], type = (uint32_t)e->w[3],
		 list = mm_pcp_list(v->mm, ch->zone, e->cpu, mm_pindex(v->mm, order, type)),
		 before = pages_before(v, list, f);

	return before && before != UINT32_MAX && taken_before(v, e, ch->zone, order, type, before);
}

bool verify_emptied_by_preempted(struct verify *v, const struct event *e, uint32_t zone,
				 const struct mm_request *rq)
{
	uint32_t held;

	if (!mm_pcp_allowed_order(v->mm, rq->order))
		return false;
	held = mm_list_count(
		v->mm, mm_pcp_list(v->mm, zone, rq->cpu, mm_pindex(v->mm, rq->order, rq->type)));
	return held && taken_before(v, e, zone, rq->order, rq->type, held);
}

/* ---- the page that the task itself had taken ---- */

bool verify_popped_before(struct verify *v, const struct event *e, uint32_t zone, struct frame f,
			  struct mm_request *rq)
{
	const struct away *away = event_context(e) == CTX_TASK ? away_of(v, e->pid) : NULL;
	uint32_t pindex, moment = 0;

	if (!away || !mm_pcp_allowed_order(v->mm, rq->order))
		return false;
	pindex = mm_pindex(v->mm, rq->order, rq->type);
	if (mm_frame(v->mm, f)->list != mm_pcp_list(v->mm, zone, away->cpu, pindex))
		return false;
	while (moment < away->times && moment < MAX_LEFT &&
	       away->heads[moment][zone][pindex].n != f.n)
		moment++;
	if (moment == away->times || moment == MAX_LEFT)
		return false;
	rq->cpu = away->cpu;
	v->res->reorderings++;
	return true;
}

/* ---- drains ---- */

/* Between two batches the list is not locked [free_frozen_page_commit, decay_pcp_high, 7.2]. */
bool verify_suspend_drain(struct verify *v, struct zone_op *op)
{
	const struct away *away = away_of(v, op->pid);

	if (op->fresh || op->ctx != CTX_TASK || !away || away->cpu != op->cpu)
		return false;
	if (v->nr_suspended == ARRAY_SIZE(v->suspended))
		v->suspended[0] = v->suspended[--v->nr_suspended];
	v->suspended[v->nr_suspended++] = *op;
	op->kind = OP_NONE;
	v->res->lookaheads++;
	return true;
}

bool verify_resume_drain(struct verify *v, const struct event *e, uint32_t zone)
{
	for (uint32_t i = 0; i < v->nr_suspended; i++) {
		struct zone_op *op = &v->suspended[i];

		if (op->pid != e->pid || op->drain.zone != zone || event_context(e) != CTX_TASK)
			continue;
		v->ops[zone] = *op;
		*op = v->suspended[--v->nr_suspended];
		mm_drain_go_on(v->mm, &v->ops[zone].drain);
		return v->ops[zone].drain.active;
	}
	return false;
}

/* ---- interrupts ---- */

/*
 * The page that an interrupted request popped before the interrupt's own: its mm_page_alloc comes
 * later. Context flags prove the interruption; the pair may match swapped.
 */
bool verify_swap_interrupted(struct verify *v, const struct event *e, const struct choice *ch)
{
	const struct event *ev = v->t->events;
	struct mm_request rq;
	uint64_t k = v->i + 1;
	struct frame f;

	if (event_context(e) == CTX_TASK)
		return false;
	while (k < v->last && (ev[k].cpu != e->cpu || event_context(&ev[k]) >= event_context(e)))
		k++;
	if (k >= v->last || ev[k].kind != EV_ALLOC || ev[k].pid != e->pid)
		return false;
	choice_request(v, &ev[k], &rq);
	if (rq.order != e->w[1] || rq.type != e->w[3])
		return false;
	f = mm_pcp_pop(v->mm, ch->zone, rq.cpu, rq.order, rq.type);
	if (frame_is_none(f))
		return false;
	choice_halve(v->mm, ch->zone, rq.cpu);
	verify_pending_add(v, ev[k].pid, event_context(&ev[k]), f, rq.order, true);
	v->res->reorderings++;
	return true;
}

/* Did an interrupt that ended right before this event free the page? */
static bool freed_by_last_interrupt(const struct verify *v, const struct event *e, struct frame f)
{
	const struct event *ev = v->t->events;
	uint64_t pfn = pfn_from_frame(v->mm, f).n;

	for (uint64_t j = v->i; j-- > v->first;) {
		if (ev[j].cpu != e->cpu)
			continue;
		if (event_context(&ev[j]) <= event_context(e) || ev[j].pid != e->pid)
			return false;
		if (ev[j].kind == EV_FREE && ev[j].w[0] == pfn)
			return true;
	}
	return false;
}

/*
 * The other way round: a request popped its page, was interrupted before its mm_page_alloc, and the
 * interrupt freed pages onto the same list. The head as it was before the interrupt.
 */
struct frame verify_head_before_interrupt(const struct verify *v, const struct event *e,
					  struct frame head)
{
	while (!frame_is_none(head) && freed_by_last_interrupt(v, e, head))
		head = mm_list_next(v->mm, head);
	return head;
}
