// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups of thresholds over one scenario. The demand is replayed in chunks. Before a chunk a
 * group's state is saved, then it is replayed for one of its thresholds. Thresholds for which some
 * comparison would have come out otherwise become a group of their own, which starts from what was
 * saved. Short chunks waste little when a group parts, long ones need few copies: their length
 * follows what happens. The result does not depend on it.
 */
#include "replay/tune_groups.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_MIN 256u
#define CHUNK_FIRST 4096u
#define CHUNK_MAX 65536u

/* ---- segments ---- */

static struct tune_segment *add_segment(struct tune_group *g, struct error *err)
{
	if (g->nr == g->cap) {
		size_t cap = g->cap ? 2 * g->cap : 4;
		struct tune_segment *v = realloc(g->segments, cap * sizeof(*v));

		if (!v) {
			error_set(err, "out of memory");
			return NULL;
		}
		g->segments = v;
		g->cap = cap;
	}
	return &g->segments[g->nr++];
}

static int copy_segment(struct tune_group *to, const struct tune_segment *s, int32_t from,
			int32_t last, struct error *err)
{
	struct tune_segment *new = add_segment(to, err);

	if (!new)
		return -1;
	*new = *s;
	new->from = from;
	new->to = last;
	return 0;
}

/* Thresholds that a replay has yet to answer for. */
static int32_t followed(const struct tune_group *g)
{
	int32_t n = 0;

	for (size_t i = 0; i < g->nr; i++)
		n += g->segments[i].lost ? 0 : g->segments[i].to - g->segments[i].from + 1;
	return n;
}

static int32_t representative(const struct tune_group *g)
{
	size_t i = 0;

	while (g->segments[i].lost)
		i++;
	return g->segments[i].from;
}

static bool all_agree(const struct tune_group *g)
{
	const struct mm_agree *agree = &g->w.mm->agree;

	for (size_t i = 0; i < g->nr; i++) {
		const struct tune_segment *s = &g->segments[i];

		if (!s->lost && (s->from < agree->from || s->to > agree->to))
			return false;
	}
	return true;
}

/* Cuts one segment into what agrees, for @in, and the rest, for @out. */
static int cut_segment(const struct tune_segment *s, const struct mm_agree *agree,
		       struct tune_group *in, struct tune_group *out, struct error *err)
{
	int32_t from = s->from > agree->from ? s->from : agree->from;
	int32_t to = s->to < agree->to ? s->to : agree->to;

	if (s->lost)
		return copy_segment(in, s, s->from, s->to, err);
	if (from > to)
		return copy_segment(out, s, s->from, s->to, err);
	if (copy_segment(in, s, from, to, err))
		return -1;
	if (s->from < from && copy_segment(out, s, s->from, from - 1, err))
		return -1;
	return s->to > to ? copy_segment(out, s, to + 1, s->to, err) : 0;
}

/* What does not agree leaves @g for @out, which is empty. */
static int part(struct tune_group *g, struct tune_group *out, struct error *err)
{
	struct tune_group in = {.segments = NULL};
	int rc = 0;

	for (size_t i = 0; !rc && i < g->nr; i++)
		rc = cut_segment(&g->segments[i], &g->w.mm->agree, &in, out, err);
	free(g->segments);
	g->segments = in.segments;
	g->nr = in.nr;
	g->cap = in.cap;
	return rc;
}

/* ---- groups ---- */

/* A group without segments; NULL with *err untouched when there may be no more. */
static int new_group(struct tune_pass *p, const struct whatif *like, struct tune_group **out,
		     struct error *err)
{
	*out = NULL;
	if (p->nr == p->max_groups)
		return 0;
	if (p->nr == p->nr_made) {
		struct tune_group *g = calloc(1, sizeof(*g));

		if (!g)
			return error_set(err, "out of memory");
		if (whatif_clone(&g->w, like, &g->out, err)) {
			free(g);
			return -1;
		}
		p->groups[p->nr_made++] = g;
	}
	*out = p->groups[p->nr++];
	(*out)->nr = 0;
	if (p->cost->most < p->nr)
		p->cost->most = p->nr;
	return 0;
}

/* Without room for another replay these thresholds go along with figures that are not theirs. */
static int lose(struct tune_group *g, const struct tune_group *rest, struct error *err)
{
	for (size_t i = 0; i < rest->nr; i++) {
		const struct tune_segment *s = &rest->segments[i];

		if (copy_segment(g, s, s->from, s->to, err))
			return -1;
		g->segments[g->nr - 1].lost = true;
	}
	return 0;
}

/* ---- a chunk ---- */

static void replay_chunk(struct tune_pass *p, struct tune_group *g, uint64_t first, uint64_t last)
{
	const struct demand *d = p->job->demand;
	int32_t threshold = representative(g);
	struct whatif *w = &g->w;

	w->params[p->param] = threshold;
	w->mm->extfrag_threshold = (uint32_t)threshold;
	w->mm->agree = (struct mm_agree){0, TUNE_MAX_THRESHOLD};
	for (uint64_t i = first; i < last; i++)
		whatif_operation(w, &d->ops[i]);
	if (last == d->nr)
		whatif_end(w);
}

/* Replays @g and all groups that leave it on the way. */
static int follow(struct tune_pass *p, struct tune_group *g, uint64_t first, uint64_t last,
		  struct error *err)
{
	bool many = followed(g) > 1;

	if (many) {
		whatif_copy(&p->saved.w, &g->w);
		p->cost->copies++;
	}
	for (;;) {
		struct tune_group rest = {.segments = NULL}, *next;

		replay_chunk(p, g, first, last);
		if (!many || all_agree(g))
			return 0;
		if (part(g, &rest, err) || new_group(p, &p->saved.w, &next, err)) {
			free(rest.segments);
			return -1;
		}
		if (!next) {
			int rc = lose(g, &rest, err);

			free(rest.segments);
			return rc;
		}
		free(next->segments);
		next->segments = rest.segments;
		next->nr = rest.nr;
		next->cap = rest.cap;
		whatif_copy(&next->w, &p->saved.w);
		p->cost->splits++;
		p->cost->copies++;
		p->cost->twice += last - first;
		g = next;
	}
}

/* ---- groups that came to the same state ---- */

static int join(struct tune_group *g, const struct tune_group *other, struct error *err)
{
	struct whatif_tally mine, theirs;

	whatif_tally_get(&mine, &g->w);
	whatif_tally_get(&theirs, &other->w);
	for (size_t i = 0; i < other->nr; i++) {
		const struct tune_segment *s = &other->segments[i];

		if (copy_segment(g, s, s->from, s->to, err))
			return -1;
		whatif_tally_add(&g->segments[g->nr - 1].offset, &theirs, &mine);
	}
	return 0;
}

static int join_groups(struct tune_pass *p, struct error *err)
{
	for (size_t i = 0; i < p->nr; i++) {
		for (size_t k = i + 1; k < p->nr;) {
			struct tune_group *other = p->groups[k];

			if (!whatif_same_future(&p->groups[i]->w, &other->w)) {
				k++;
				continue;
			}
			if (join(p->groups[i], other, err))
				return -1;
			p->groups[k] = p->groups[--p->nr];
			p->groups[p->nr] = other;
			p->cost->rejoins++;
		}
	}
	return 0;
}

/* ---- the pass ---- */

static int validate(const struct tune_pass *p, struct error *err)
{
	for (size_t i = 0; p->job->opt->paranoid && i < p->nr; i++) {
		if (mm_validate(p->groups[i]->w.mm, err))
			return -1;
	}
	return 0;
}

static int one_chunk(struct tune_pass *p, uint64_t first, uint64_t last, struct error *err)
{
	size_t nr = p->nr;
	uint64_t splits = p->cost->splits;

	for (size_t i = 0; i < nr; i++) {
		if (follow(p, p->groups[i], first, last, err))
			return -1;
	}
	p->cost->replayed += (last - first) * p->nr;
	if (p->opt->chunk)
		p->chunk = p->opt->chunk;
	else if (p->cost->splits > splits)
		p->chunk = p->chunk / 2 > CHUNK_MIN ? p->chunk / 2 : CHUNK_MIN;
	else if (p->chunk < CHUNK_MAX)
		p->chunk *= 2;
	if (last < p->job->demand->nr && join_groups(p, err))
		return -1;
	return validate(p, err);
}

static int chunks(struct tune_pass *p, struct error *err)
{
	uint64_t nr = p->job->demand->nr, first = 0;

	p->chunk = p->opt->chunk ? p->opt->chunk : CHUNK_FIRST;
	do {
		uint64_t last = nr - first > p->chunk ? first + p->chunk : nr;

		if (one_chunk(p, first, last, err))
			return -1;
		first = last;
		progress_update(p->job->opt->progress, "tune", p->before + first, p->all);
	} while (first < nr);
	p->cost->operations += nr;
	p->cost->passes++;
	return 0;
}

struct tune_part *tune_parts_add(struct tune_parts *parts, struct error *err)
{
	if (parts->nr == parts->cap) {
		size_t cap = parts->cap ? 2 * parts->cap : 16;
		struct tune_part *v = realloc(parts->v, cap * sizeof(*v));

		if (!v) {
			error_set(err, "out of memory");
			return NULL;
		}
		parts->v = v;
		parts->cap = cap;
	}
	return &parts->v[parts->nr++];
}

/* The outcome of each segment, from the replay that it shared last and its own counts. */
static int results(struct tune_group *g, const struct stall_costs *costs, struct tune_parts *done,
		   struct error *err)
{
	struct whatif_tally shared;

	whatif_tally_get(&shared, &g->w);
	for (size_t i = 0; i < g->nr; i++) {
		const struct tune_segment *s = &g->segments[i];
		struct tune_part *part = tune_parts_add(done, err);
		struct whatif_tally own = shared;

		if (!part)
			return -1;
		whatif_tally_add(&own, &s->offset, NULL);
		whatif_tally_set(&own, &g->w);
		whatif_fill(&g->w, costs);
		*part = (struct tune_part){
			.from = s->from, .to = s->to, .lost = s->lost, .outcome = *g->w.out};
	}
	return 0;
}

static int begin(struct tune_pass *p, struct tune_group *first, const struct tune_parts *todo,
		 struct error *err)
{
	if (whatif_begin(&first->w, p->job, p->scenario, &first->out, err))
		return -1;
	first->w.max_samples = 0;
	for (uint64_t i = 0; i < p->job->demand->nr; i++)
		bound_step(&first->w.bound, &p->job->demand->ops[i]);
	*p->huge_possible = bound_end(&first->w.bound);
	for (size_t i = 0; i < todo->nr; i++) {
		struct tune_segment *s = add_segment(first, err);

		if (!s)
			return -1;
		*s = (struct tune_segment){.from = todo->v[i].from, .to = todo->v[i].to};
	}
	return whatif_clone(&p->saved.w, &first->w, &p->saved.out, err);
}

static void release(struct tune_pass *p)
{
	for (size_t i = 0; i < p->nr_made; i++) {
		whatif_release(&p->groups[i]->w);
		free(p->groups[i]->segments);
		free(p->groups[i]);
	}
	whatif_release(&p->saved.w);
	free(p->groups);
}

int tune_pass(struct tune_pass *p, const struct tune_parts *todo, struct tune_parts *done,
	      struct error *err)
{
	struct tune_group *first = calloc(1, sizeof(*first));
	int rc = -1;

	p->groups = calloc(p->max_groups, sizeof(*p->groups));
	if (!first || !p->groups) {
		free(first);
		free(p->groups);
		return error_set(err, "out of memory");
	}
	p->groups[0] = first;
	p->nr = p->nr_made = 1;
	if (!p->cost->most)
		p->cost->most = 1;
	whatif_describe(&first->out, p->job);
	if (!begin(p, first, todo, err) && !chunks(p, err)) {
		rc = 0;
		for (size_t i = 0; !rc && i < p->nr; i++)
			rc = results(p->groups[i], &p->job->costs, done, err);
	}
	release(p);
	return rc;
}
