// SPDX-License-Identifier: GPL-2.0-only
/* Explanations as JSON. Times are ns since the first event; page frame numbers are numbers. */
#include <stdlib.h>

#include "report/explain.h"

static void put_gfp(struct json *j, uint32_t gfp)
{
	char text[GFP_TEXT];

	gfp_format(gfp, text);
	json_string(j, "gfp", text);
}

static void put_page(struct json *j, const char *key, const struct explain_page *p)
{
	json_object(j, key);
	json_u64(j, "pfn", p->pfn);
	json_u64(j, "order", p->order);
	json_string(j, "kind", explain_kind_name(p->kind));
	json_string(j, "movable", explain_moves_name(p->moves));
	json_bool(j, "before_recording", !p->dated);
	json_bool(j, "recorder", p->recorder);
	if (p->dated) {
		json_u64(j, "pid", p->pid);
		json_string(j, "comm", p->comm);
		put_gfp(j, p->gfp);
		json_u64(j, "since", p->since);
	}
	json_end(j);
}

static void put_request(struct json *j, const struct explanation *x)
{
	json_object(j, "request");
	json_u64(j, "number", x->number);
	json_u64(j, "extra", x->extra);
	json_u64(j, "time", x->time);
	json_u64(j, "pid", x->pid);
	json_string(j, "comm", x->comm);
	json_u64(j, "cpu", x->cpu);
	json_u64(j, "order", x->order);
	put_gfp(j, x->gfp);
	json_string(j, "migratetype", migratetype_name((enum migratetype)x->type));
	json_bool(j, "recorder", x->recorder);
	json_bool(j, "met_when_recorded", x->recorded_ok);
	json_end(j);
}

static void put_free_lists(struct json *j, const struct explain_zone *z)
{
	json_object(j, "free_blocks");
	for (int type = 0; type < MT_NR; type++) {
		json_array(j, migratetype_name((enum migratetype)type));
		for (int order = 0; order < MM_NR_ORDERS; order++)
			json_u64(j, NULL, z->nr_free[order][type]);
		json_end(j);
	}
	json_end(j);
}

static void put_zone(struct json *j, const struct explain_zone *z)
{
	json_object(j, NULL);
	json_string(j, "zone", z->name);
	json_i64(j, "node", z->node);
	json_bool(j, "allowed", z->allowed);
	json_i64(j, "free", z->free);
	json_u64(j, "wmark_min", z->wmark[0]);
	json_u64(j, "wmark_low", z->wmark[1]);
	json_u64(j, "wmark_high", z->wmark[2]);
	json_u64(j, "boost", z->boost);
	json_i64(j, "min", z->min);
	json_i64(j, "lowmem_reserve", z->reserve);
	json_i64(j, "unusable_free", z->unusable);
	json_i64(j, "missing", z->missing);
	json_bool(j, "page_of_the_order", z->page);
	json_u64(j, "on_per_cpu_lists", z->on_pcp);
	json_u64(j, "reclaimable", z->reclaimable);
	json_i64(j, "fragmentation_index", z->fragindex);
	json_i64(j, "unusable_index", z->unusable_index);
	put_free_lists(j, z);
	json_end(j);
}

static void put_decisions(struct json *j, const struct explain_decision *d, uint32_t nr,
			  const struct explain_names *names)
{
	struct strbuf words;

	strbuf_init(&words);
	json_array(j, "decisions");
	for (uint32_t i = 0; i < nr; i++) {
		strbuf_clear(&words);
		explain_decision_words(&d[i], names, &words);
		json_object(j, NULL);
		json_string(j, "what", explain_note_name((enum mm_note_kind)d[i].note.kind));
		json_string(j, "text", words.s);
		json_end(j);
	}
	json_end(j);
	strbuf_release(&words);
}

static void put_block(struct json *j, const struct explanation *x)
{
	const struct explain_block *b = &x->block;

	if (!b->any) {
		json_null(j, "block");
		return;
	}
	json_object(j, "block");
	json_u64(j, "pfn", b->pfn);
	json_u64(j, "order", b->order);
	json_string(j, "zone", x->zones[b->zone].name);
	json_string(j, "type", migratetype_name((enum migratetype)b->type));
	json_u64(j, "free", b->free);
	json_u64(j, "movable", b->movable);
	json_u64(j, "unmovable", b->unmovable);
	if (b->polluted) {
		json_object(j, "polluted");
		json_u64(j, "since", b->polluted_since);
		json_u64(j, "pid", b->polluted_pid);
		json_string(j, "comm", b->polluted_comm);
		json_u64(j, "pfn", b->polluted_pfn);
		json_u64(j, "fallback_order", b->polluted_order);
		json_string(j, "wanted", migratetype_name((enum migratetype)b->polluted_wanted));
		json_string(j, "found", migratetype_name((enum migratetype)b->polluted_found));
		json_bool(j, "changed_hands", b->claimed);
		json_end(j);
	} else {
		json_null(j, "polluted");
	}
	json_end(j);
}

static void put_blockers(struct json *j, const struct explanation *x)
{
	json_array(j, "blockers");
	for (uint32_t i = 0; i < x->nr_blockers; i++)
		put_page(j, NULL, &x->blockers[i]);
	json_end(j);
	json_u64(j, "blockers_in_block", x->in_block);
	json_object(j, "proof");
	json_bool(j, "sufficient", x->proof.sufficient);
	json_bool(j, "minimal", x->proof.minimal);
	json_u64(j, "left_out_one_at_a_time", x->proof.tried);
	json_end(j);
}

static void put_ways(struct json *j, const struct explanation *x)
{
	struct strbuf words;

	strbuf_init(&words);
	json_array(j, "ways_out");
	for (uint32_t i = 0; i < x->nr_ways; i++) {
		const struct explain_way *w = &x->ways[i];

		strbuf_clear(&words);
		explain_way_words(w, &words);
		json_object(j, NULL);
		json_string(j, "text", words.s);
		json_bool(j, "works", w->works);
		json_u64(j, "pages_freed", w->freed);
		json_u64(j, "pages_moved", w->moved);
		json_u64(j, "pages_reclaimed", w->reclaimed);
		json_end(j);
	}
	json_end(j);
	strbuf_release(&words);
}

/* One character per pageblock: explain_cell as a digit. */
static void put_map(struct json *j, const struct explain_map *map)
{
	char *cells = calloc(map->nr + 1u, 1);

	if (!cells)
		return;
	for (uint32_t i = 0; i < map->nr; i++)
		cells[i] = (char)('0' + map->cells[i]);
	json_object(j, "map");
	json_u64(j, "base_pfn", map->base_pfn);
	json_u64(j, "pageblock_order", map->pageblock_order);
	json_string(
		j, "legend",
		"0 hole, 1 free, 2 movable under half, 3 movable, 4 mixed, 5 unmovable, 6 huge");
	json_string(j, "pageblocks", cells);
	json_end(j);
	free(cells);
}

void explain_json_one(struct json *j, const struct explanation *x,
		      const struct explain_names *names)
{
	struct strbuf words;

	strbuf_init(&words);
	explain_verdict_words(x, &words);
	json_object(j, NULL);
	json_string(j, "capture", x->capture);
	json_string(j, "policy", x->policy);
	json_string(j, "params", x->params);
	json_string(j, "era", x->era);
	put_request(j, x);
	json_string(j, "verdict", explain_verdict_name(x->verdict));
	json_string(j, "text", words.s);
	strbuf_release(&words);
	json_array(j, "zones");
	for (uint32_t z = 0; z < x->nr_zones; z++)
		put_zone(j, &x->zones[z]);
	json_end(j);
	put_decisions(j, x->decisions, x->nr_decisions, names);
	json_u64(j, "decisions_lost", x->lost_decisions);
	put_block(j, x);
	put_blockers(j, x);
	put_ways(j, x);
	put_map(j, &x->map);
	json_end(j);
}

static void put_polluters(struct json *j, const struct explanations *e)
{
	json_array(j, "polluters");
	for (size_t i = 0; i < e->nr_polluters; i++) {
		const struct explain_polluter *p = &e->polluters[i];
		double n = e->nr_samples ? e->nr_samples : 1;

		json_object(j, NULL);
		json_string(j, "kind", explain_kind_name(p->kind));
		json_string(j, "comm", *p->comm ? p->comm : NULL);
		json_double(j, "pageblocks", (double)p->blocks / n);
		json_double(j, "alone", (double)p->alone / n);
		json_double(j, "pages", (double)p->pages / n);
		json_end(j);
	}
	json_end(j);
}

static void put_moments(struct json *j, const struct explanations *e)
{
	json_array(j, "moments");
	for (uint32_t i = 0; i < e->nr_moments; i++) {
		const struct explain_moment *m = &e->moments[i];

		json_object(j, NULL);
		json_u64(j, "time", m->time);
		json_u64(j, "unusable", m->unusable);
		json_u64(j, "free_pageblocks", m->free_blocks);
		json_u64(j, "failed", m->failed);
		json_end(j);
	}
	json_end(j);
}

static void put_parting(struct json *j, const struct explanations *e)
{
	const struct explain_parting *p = &e->parting;

	if (!*p->sides[0].policy) {
		json_null(j, "parting");
		return;
	}
	json_object(j, "parting");
	json_bool(j, "part", p->part);
	json_u64(j, "time", p->time);
	json_u64(j, "request", p->number);
	json_array(j, "sides");
	for (int i = 0; i < 2; i++) {
		const struct explain_side *s = &p->sides[i];

		json_object(j, NULL);
		json_string(j, "policy", s->policy);
		json_bool(j, "got_a_page", s->got);
		json_u64(j, "pfn", s->pfn);
		json_u64(j, "pages_moved", s->moved);
		json_u64(j, "pages_reclaimed", s->reclaimed);
		put_decisions(j, s->decisions, s->nr_decisions, &e->names);
		json_end(j);
	}
	json_end(j);
	json_array(j, "same_request_under_second");
	for (size_t i = 0; e->other && i < e->other->nr; i++)
		explain_json_one(j, &e->other->v[i], &e->other->names);
	json_end(j);
	json_end(j);
}

void explain_json(const struct explanations *e, struct strbuf *out)
{
	struct json j;

	json_init(&j, out);
	json_object(&j, NULL);
	json_u64(&j, "requests", e->requests);
	json_u64(&j, "failed", e->failed);
	json_array(&j, "failed_by_order");
	for (int order = 0; order < MM_NR_ORDERS; order++)
		json_u64(&j, NULL, e->failed_of[order]);
	json_end(&j);
	json_array(&j, "explanations");
	for (size_t i = 0; i < e->nr; i++)
		explain_json_one(&j, &e->v[i], &e->names);
	json_end(&j);
	put_moments(&j, e);
	put_polluters(&j, e);
	put_parting(&j, e);
	json_end(&j);
}

/* ---- for the database ---- */

static void store_one(struct store_failure *f, const struct explanation *x,
		      const struct explain_names *names)
{
	struct strbuf text;
	struct json j;

	*f = (struct store_failure){.number = x->number,
				    .extra = x->extra,
				    .time = x->time,
				    .order = x->order,
				    .pid = x->pid};
	snprintf(f->comm, sizeof(f->comm), "%s", x->comm);
	snprintf(f->verdict, sizeof(f->verdict), "%s", explain_verdict_name(x->verdict));
	strbuf_init(&text);
	json_init(&j, &text);
	explain_json_one(&j, x, names);
	f->explanation = strbuf_detach(&text);
}

int explain_to_store(const struct explanations *e, struct store_failures *out, struct error *err)
{
	uint64_t n = e->nr_samples ? e->nr_samples : 1;

	*out = (struct store_failures){
		.failures = calloc(e->nr + 1, sizeof(*out->failures)),
		.polluters = calloc(e->nr_polluters + 1, sizeof(*out->polluters))};
	if (!out->failures || !out->polluters) {
		store_failures_release(out);
		return error_set(err, "out of memory for the explanations");
	}
	for (; out->nr_failures < e->nr; out->nr_failures++)
		store_one(&out->failures[out->nr_failures], &e->v[out->nr_failures], &e->names);
	for (; out->nr_polluters < e->nr_polluters; out->nr_polluters++) {
		const struct explain_polluter *p = &e->polluters[out->nr_polluters];
		struct store_polluter *to = &out->polluters[out->nr_polluters];

		snprintf(to->kind, sizeof(to->kind), "%s", explain_kind_name(p->kind));
		snprintf(to->comm, sizeof(to->comm), "%s", p->comm);
		to->blocks_milli = p->blocks * 1000 / n;
		to->alone_milli = p->alone * 1000 / n;
		to->pages_milli = p->pages * 1000 / n;
	}
	return 0;
}
