// SPDX-License-Identifier: GPL-2.0-only
/* `tune --json` (DESIGN.md section 8). */
#include <inttypes.h>

#include "report/tune.h"

static void put_ranged(struct json *j, const char *name, const struct ranged *r)
{
	char key[64];

	json_i64(j, name, r->central);
	snprintf(key, sizeof(key), "%s_low", name);
	json_i64(j, key, r->low);
	snprintf(key, sizeof(key), "%s_high", name);
	json_i64(j, key, r->high);
}

/* Sums over the captures, for each range of thresholds that gives the same. */
static void put_thresholds(struct json *j, const struct advice *a)
{
	json_array(j, "thresholds");
	for (size_t i = 0; i < a->nr_zones; i++) {
		const struct advice_zone *z = &a->zones[i];

		json_object(j, NULL);
		json_i64(j, "from", z->from);
		json_i64(j, "to", z->to);
		json_bool(j, "resolved", z->resolved);
		json_u64(j, "huge_wanted", z->huge_wanted);
		put_ranged(j, "huge_success", &z->success);
		put_ranged(j, "pages_reclaimed", &z->reclaimed);
		put_ranged(j, "pages_migrated", &z->moved);
		put_ranged(j, "stall_ns", &z->stall_ns);
		json_end(j);
	}
	json_end(j);
}

static void put_dead_zones(struct json *j, const struct advice *a)
{
	json_array(j, "dead_zones");
	for (size_t i = 0; i < a->nr_zones; i++) {
		if (a->zones[i].from == a->zones[i].to)
			continue;
		json_object(j, NULL);
		json_i64(j, "from", a->zones[i].from);
		json_i64(j, "to", a->zones[i].to);
		json_end(j);
	}
	json_end(j);
}

static void put_rows(struct json *j, const struct tune_curve *c)
{
	json_array(j, "thresholds");
	for (size_t i = 0; i < c->nr; i++) {
		const struct tune_row *row = &c->rows[i];
		char hash[17];

		snprintf(hash, sizeof(hash), "%016" PRIx64, row->outcome.state_hash);
		json_object(j, NULL);
		json_i64(j, "from", row->from);
		json_i64(j, "to", row->to);
		json_bool(j, "resolved", row->resolved);
		json_u64(j, "huge_wanted", row->outcome.huge_wanted);
		json_u64(j, "huge_got", row->outcome.huge_got);
		put_ranged(j, "huge_success", &row->outcome.huge_success);
		put_ranged(j, "pages_reclaimed", &row->outcome.pages_reclaimed);
		put_ranged(j, "pages_migrated", &row->pages_migrated);
		put_ranged(j, "stall_ns", &row->outcome.stall_ns);
		json_u64(j, "compact_stall", row->outcome.compact_stall);
		json_u64(j, "compact_success", row->outcome.compact_success);
		json_u64(j, "compact_fail", row->outcome.compact_fail);
		json_u64(j, "direct_reclaims", row->outcome.direct_reclaims);
		json_string(j, "state_hash", hash);
		json_end(j);
	}
	json_end(j);
}

static void put_capture(struct json *j, const struct store_tuning *t,
			const struct outcome *recorded)
{
	const struct tune_curve *c = &t->curve;

	json_object(j, NULL);
	json_string(j, "capture", c->capture);
	json_string(j, "capture_id", c->capture_id);
	json_string(j, "policy", c->policy);
	json_string(j, "params", c->params);
	json_string(j, "era", c->era);
	json_string(j, "era_match", c->era_exact ? "exact" : "nearest");
	if (t->capture.fidelity >= 0)
		json_double(j, "fidelity", t->capture.fidelity);
	else
		json_null(j, "fidelity");
	json_i64(j, "recorded_threshold", c->recorded_threshold);
	json_u64(j, "recorded_huge_got", recorded->huge_got);
	json_i64(j, "recorded_pages_reclaimed", recorded->pages_reclaimed.central);
	json_u64(j, "recorded_pages_migrated", recorded->pages_migrated);
	json_u64(j, "groups", c->nr);
	json_u64(j, "scenarios", c->nr_scenarios);
	json_u64(j, "operations", c->cost.operations);
	json_u64(j, "replayed", c->cost.replayed);
	json_u64(j, "replayed_twice", c->cost.twice);
	json_double(j, "living", (double)t->living_milli / 1000);
	json_u64(j, "living_most", c->cost.most);
	json_u64(j, "splits", c->cost.splits);
	json_u64(j, "rejoins", c->cost.rejoins);
	json_u64(j, "copies", c->cost.copies);
	json_u64(j, "passes", c->cost.passes);
	put_rows(j, c);
	json_end(j);
}

static void put_recommendation(struct json *j, const struct tune_answer *a)
{
	const struct advice *adv = a->advice;

	json_object(j, "recommendation");
	json_string(j, "objective", a->objective->text);
	if (adv->recommended >= 0) {
		json_i64(j, "threshold", adv->recommended);
		json_i64(j, "from", adv->from);
		json_i64(j, "to", adv->to);
	} else {
		json_null(j, "threshold");
	}
	json_i64(j, "instead_of", adv->reference);
	if (adv->candidate >= 0)
		json_i64(j, "candidate", adv->candidate);
	else
		json_null(j, "candidate");
	json_bool(j, "matters",
		  adv->confidence != ADVICE_SAME && adv->confidence != ADVICE_KEEP &&
			  adv->confidence != ADVICE_UNCERTAIN);
	json_string(j, "verdict", adv->verdict);
	json_end(j);
}

static void put_confidence(struct json *j, const struct tune_answer *a)
{
	const struct advice *adv = a->advice;
	bool differs = adv->candidate >= 0 && adv->decided_by < a->objective->nr_goals;

	json_object(j, "confidence");
	json_string(j, "level", advice_confidence_name(adv->confidence));
	json_string(j, "figure", differs ? a->objective->goals[adv->decided_by].text : NULL);
	json_double(j, "gain", adv->gain);
	json_bool(j, "every_scenario", adv->every_scenario);
	if (adv->model_error >= 0)
		json_double(j, "model_error", adv->model_error);
	else
		json_null(j, "model_error");
	json_array(j, "held_back");
	for (size_t i = 0; i < adv->nr_held; i++) {
		const struct advice_held *h = &adv->held[i];

		json_object(j, NULL);
		json_string(j, "capture", a->tunings[i].curve.capture);
		if (h->recommended >= 0)
			json_i64(j, "threshold", h->recommended);
		else
			json_null(j, "threshold");
		json_double(j, "value", h->value);
		json_double(j, "instead_of", h->reference);
		json_double(j, "best", h->best);
		json_bool(j, "holds", h->recommended >= 0 && h->against >= 0);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

void tune_json(const struct tune_answer *a, struct strbuf *out)
{
	uint64_t groups = 0;
	struct json j;

	for (size_t i = 0; i < a->nr; i++)
		groups += a->tunings[i].curve.nr;
	json_init(&j, out);
	json_object(&j, NULL);
	put_thresholds(&j, a->advice);
	json_u64(&j, "groups", groups);
	put_dead_zones(&j, a->advice);
	put_recommendation(&j, a);
	put_confidence(&j, a);
	json_array(&j, "captures");
	for (size_t i = 0; i < a->nr; i++)
		put_capture(&j, &a->tunings[i], &a->recorded[i]);
	json_end(&j);
	json_end(&j);
}
