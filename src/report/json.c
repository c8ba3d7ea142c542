// SPDX-License-Identifier: GPL-2.0-only
/* JSON: the object of `run --json`, whose fields are a contract, and the report's tables. */
#include "report/build.h"

#include <stdio.h>
#include <string.h>

static void put_figures(struct json *j, const struct outcome *o)
{
	char key[64];

	for (size_t i = 0; i < store_nr_figures; i++) {
		struct ranged r = figure_get(&store_figures[i], o);

		json_i64(j, store_figures[i].name, r.central);
		if (!store_figures[i].ranged)
			continue;
		snprintf(key, sizeof(key), "%s_low", store_figures[i].name);
		json_i64(j, key, r.low);
		snprintf(key, sizeof(key), "%s_high", store_figures[i].name);
		json_i64(j, key, r.high);
	}
}

static void put_share(struct json *j, const char *key, int64_t part, uint64_t whole)
{
	if (whole)
		json_double(j, key, (double)part / (double)whole);
	else
		json_null(j, key);
}

static void put_success(struct json *j, const struct outcome *o)
{
	put_share(j, "success_rate", (int64_t)o->huge_got, o->huge_wanted);
	put_share(j, "success_rate_low", o->huge_success.low, o->huge_wanted);
	put_share(j, "success_rate_high", o->huge_success.high, o->huge_wanted);
}

static void put_orders(struct json *j, const struct outcome *o)
{
	json_array(j, "order_stats");
	for (int order = 0; order < OUTCOME_NR_ORDERS; order++) {
		const struct order_outcome *of = &o->orders[order];

		json_object(j, NULL);
		json_i64(j, "order", order);
		json_u64(j, "attempts", of->attempts);
		json_u64(j, "successes", of->successes);
		json_u64(j, "fast", of->fast);
		json_u64(j, "slow", of->slow);
		json_end(j);
	}
	json_end(j);
}

static void put_recorded(struct json *j, const struct store_run *recorded)
{
	if (!recorded) {
		json_null(j, "recorded");
		return;
	}
	json_object(j, "recorded");
	put_success(j, &recorded->outcome);
	put_figures(j, &recorded->outcome);
	put_orders(j, &recorded->outcome);
	json_end(j);
}

static void put_int_array(struct json *j, const char *key, const int16_t *v)
{
	json_array(j, key);
	for (int order = 0; order < OUTCOME_NR_ORDERS; order++)
		json_i64(j, NULL, v[order]);
	json_end(j);
}

/* One object per time and zone; the arrays are indexed by order. */
static void put_samples(struct json *j, const struct outcome *o)
{
	json_array(j, "samples");
	for (size_t i = 0; i < o->nr_samples; i++) {
		const struct index_sample *s = &o->samples[i];

		json_object(j, NULL);
		json_u64(j, "time_ns", s->time);
		json_string(j, "zone", s->zone < o->nr_zones ? o->zones[s->zone].name : "");
		json_i64(j, "node", s->zone < o->nr_zones ? o->zones[s->zone].node : -1);
		put_int_array(j, "fragindex", s->fragindex);
		put_int_array(j, "unusable", s->unusable);
		json_array(j, "nr_free");
		for (int order = 0; order < OUTCOME_NR_ORDERS; order++)
			json_u64(j, NULL, s->nr_free[order]);
		json_end(j);
		json_end(j);
	}
	json_end(j);
}

/* How many huge pages could have been had, by means. */
static void put_probes(struct json *j, const struct outcome *o)
{
	json_array(j, "probes");
	for (size_t i = 0; i < o->nr_probes; i++) {
		const struct probe_sample *p = &o->probes[i];

		json_object(j, NULL);
		json_u64(j, "time_ns", p->time);
		json_u64(j, "free", p->free);
		json_u64(j, "compaction", p->compaction);
		json_u64(j, "reclaim", p->reclaim);
		json_end(j);
	}
	json_end(j);
}

static void put_identity(struct json *j, const struct store_run *run)
{
	const struct store_capture *c = &run->capture;
	const struct outcome *o = &run->outcome;
	char hash[17];

	snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)o->state_hash);
	json_string(j, "capture", c->name);
	json_string(j, "capture_id", c->id);
	json_string(j, "kernel", c->release);
	json_string(j, "arch", c->arch);
	json_string(j, "policy", o->policy);
	json_string(j, "params", o->params);
	json_string(j, "era", o->era);
	json_string(j, "era_match", o->era_exact ? "exact" : "nearest");
	json_u64(j, "window_from", run->from);
	json_u64(j, "window_to", run->to);
	json_string(j, "injections", run->injections);
	json_u64(j, "cut_percent", run->cut_percent);
	json_string(j, "initial_state", c->initial_state);
	if (c->fidelity >= 0)
		json_double(j, "fidelity", c->fidelity);
	else
		json_null(j, "fidelity");
	json_bool(j, "approximate_lru", o->approximate_lru);
	json_string(j, "state_hash", hash);
}

void report_run_json(struct json *j, const struct store_run *run, const struct store_run *recorded)
{
	json_object(j, NULL);
	put_identity(j, run);
	json_u64(j, "pageblock_order", run->outcome.pageblock_order);
	put_success(j, &run->outcome);
	put_figures(j, &run->outcome);
	put_orders(j, &run->outcome);
	json_double(j, "events_per_second", run->outcome.events_per_second);
	put_recorded(j, recorded);
	put_samples(j, &run->outcome);
	put_probes(j, &run->outcome);
	json_string(j, "assumption", run->outcome.assumption);
	json_u64(j, "rereads", run->outcome.rereads);
	json_end(j);
}

/* ---- tables ---- */

static const char *better_name(enum better better)
{
	return better == BETTER_MORE ? "more" : better == BETTER_LESS ? "less" : "neither";
}

static void put_cell(struct json *j, const struct line *line, const struct cell *cell)
{
	if (!cell->present) {
		json_null(j, line->key);
		return;
	}
	json_object(j, line->key);
	json_double(j, "value", cell->value);
	json_double(j, "low", cell->low);
	json_double(j, "high", cell->high);
	if (cell->compared)
		json_double(j, "change_percent", cell->change);
	else
		json_null(j, "change_percent");
	json_bool(j, "approximate", cell->approximate);
	json_end(j);
}

static void put_series(struct json *j, const struct table *t, size_t i)
{
	json_object(j, NULL);
	put_identity(j, t->series[i].run);
	json_bool(j, "baseline", i == 0);
	json_object(j, "figures");
	for (size_t line = 0; line < t->nr_lines; line++)
		if (t->lines[line].for_data)
			put_cell(j, &t->lines[line], table_cell(t, line, i));
	json_end(j);
	json_end(j);
}

static void put_table(struct json *j, const struct table *t)
{
	json_object(j, NULL);
	json_string(j, "title", t->title);
	json_bool(j, "suspect", t->suspect);
	json_object(j, "better");
	for (size_t line = 0; line < t->nr_lines; line++)
		if (t->lines[line].for_data)
			json_string(j, t->lines[line].key, better_name(t->lines[line].better));
	json_end(j);
	json_array(j, "series");
	for (size_t i = 0; i < t->nr_series; i++)
		put_series(j, t, i);
	json_end(j);
	json_array(j, "notes");
	for (size_t i = 0; i < t->nr_notes; i++)
		json_string(j, NULL, t->notes[i]);
	json_end(j);
	json_end(j);
}

void report_json(const struct report *r, struct strbuf *out)
{
	struct json j;

	json_init(&j, out);
	json_object(&j, NULL);
	json_array(&j, "tables");
	for (size_t i = 0; i < r->nr_tables; i++)
		put_table(&j, &r->tables[i]);
	json_end(&j);
	json_end(&j);
}
