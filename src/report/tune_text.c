// SPDX-License-Identifier: GPL-2.0-only
/* The curve over extfrag_threshold and the advice, for a terminal. */
#include <inttypes.h>
#include <string.h>

#include "report/tune.h"

#define NS_PER_MS 1000000.0

static void put_ranged(struct strbuf *out, const struct ranged *r, double unit)
{
	char text[64];

	if (r->low == r->high)
		snprintf(text, sizeof(text), "%.0f", (double)r->central / unit);
	else
		snprintf(text, sizeof(text), "%.0f [%.0f..%.0f]", (double)r->central / unit,
			 (double)r->low / unit, (double)r->high / unit);
	strbuf_printf(out, " %26s", text);
}

static void put_zone(struct strbuf *out, const struct advice_zone *z, const struct advice *a)
{
	char name[32];

	if (z->from == z->to)
		snprintf(name, sizeof(name), "%d", z->from);
	else
		snprintf(name, sizeof(name), "%d..%d", z->from, z->to);
	strbuf_printf(out, "%c%10s",
		      a->recommended >= z->from && a->recommended <= z->to ? '>' : ' ', name);
	put_ranged(out, &z->success, 1);
	put_ranged(out, &z->reclaimed, 1);
	put_ranged(out, &z->moved, 1);
	put_ranged(out, &z->stall_ns, NS_PER_MS);
	strbuf_puts(out, z->resolved ? "\n" : "  unresolved\n");
}

static void put_recorded(struct strbuf *out, const struct tune_answer *a)
{
	struct ranged sum[4] = {{0, 0, 0}};

	for (size_t i = 0; i < a->nr; i++) {
		const struct outcome *o = &a->recorded[i];

		sum[0].central += (int64_t)o->huge_got;
		sum[1].central += o->pages_reclaimed.central;
		sum[2].central += (int64_t)o->pages_migrated;
		sum[3].central += o->stall_ns.central;
	}
	strbuf_printf(out, " %10s", "recorded");
	for (size_t i = 0; i < 4; i++) {
		sum[i].low = sum[i].high = sum[i].central;
		put_ranged(out, &sum[i], i == 3 ? NS_PER_MS : 1);
	}
	strbuf_puts(out, "\n");
}

static void put_curve(struct strbuf *out, const struct tune_answer *a)
{
	const struct advice *adv = a->advice;

	strbuf_printf(out, "%11s %26s %26s %26s %26s\n", "threshold", "huge pages", "reclaimed",
		      "moved", "stall, ms");
	put_recorded(out, a);
	for (size_t i = 0; i < adv->nr_zones; i++)
		put_zone(out, &adv->zones[i], adv);
	strbuf_printf(out,
		      "of %" PRIu64 " huge pages wanted; [low..high]: range over the scenarios\n",
		      adv->zones[0].huge_wanted);
}

static void put_dead_zones(struct strbuf *out, const struct advice *a)
{
	const char *comma = "";

	strbuf_puts(out, "\nOne setting: ");
	for (size_t i = 0; i < a->nr_zones; i++) {
		if (a->zones[i].to == a->zones[i].from)
			continue;
		strbuf_printf(out, "%s%d to %d", comma, a->zones[i].from, a->zones[i].to);
		comma = ", ";
	}
	strbuf_puts(out, *comma ? "\n" : "no two values\n");
}

static void put_capture(struct strbuf *out, const struct store_tuning *t)
{
	const struct tune_curve *c = &t->curve;

	strbuf_printf(out,
		      "%s: %s, era %s%s; set when recording: %" PRId64
		      "; %zu settings that differ, %.1f replays at a time (at most %" PRIu64
		      "), parted %" PRIu64 " times, met %" PRIu64 " times\n",
		      c->capture, c->policy, c->era, c->era_exact ? "" : " (nearest)",
		      c->recorded_threshold, c->nr, (double)t->living_milli / 1000, c->cost.most,
		      c->cost.splits, c->cost.rejoins);
	if (!(t->capture.fidelity >= REPORT_FLOOR))
		strbuf_printf(out,
			      "  verify has not shown that the model follows this recording to "
			      "%.0f %%: figures are suspect\n",
			      REPORT_FLOOR);
	if (!tune_resolved(c))
		strbuf_puts(out,
			    "  not resolved throughout: --exact goes on, --groups N allows more "
			    "replays at a time\n");
}

static void put_one_held(struct strbuf *out, const struct tune_answer *a, size_t i)
{
	const struct advice_held *h = &a->advice->held[i];

	strbuf_printf(out, "  %-32s ", a->tunings[i].curve.capture);
	if (h->recommended < 0) {
		strbuf_puts(out, "the others meet the conditions nowhere\n");
		return;
	}
	strbuf_printf(out, "%4d gives %.0f; %d gives %.0f; best there %.0f", h->recommended,
		      h->value, a->advice->reference, h->reference, h->best);
	if (h->against < 0)
		strbuf_printf(out, "; worse: %s",
			      h->goal < a->objective->nr_goals ? a->objective->goals[h->goal].text
							       : "does not meet the conditions");
	strbuf_puts(out, "\n");
}

static void put_held(struct strbuf *out, const struct tune_answer *a)
{
	const struct advice *adv = a->advice;

	if (!adv->nr_held)
		return;
	strbuf_printf(out,
		      "\nHeld back: what the other captures recommend, tried on the one left "
		      "out (%s)\n",
		      a->objective->goals[0].text);
	for (size_t i = 0; i < adv->nr_held; i++)
		put_one_held(out, a, i);
}

void tune_text(const struct tune_answer *a, struct strbuf *out)
{
	const struct advice *adv = a->advice;

	for (size_t i = 0; i < a->nr; i++)
		put_capture(out, &a->tunings[i]);
	strbuf_puts(out, "\n");
	put_curve(out, a);
	put_dead_zones(out, adv);
	put_held(out, a);
	strbuf_printf(out, "\nObjective: %s\n", a->objective->text);
	if (adv->recommended >= 0)
		strbuf_printf(out, "vm.extfrag_threshold = %d (%d to %d are as good)\n",
			      adv->recommended, adv->from, adv->to);
	strbuf_printf(out, "%s\n", adv->verdict);
}
