// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests that failed, each of which opens to its explanation: what `run --explain` kept in the
 * database. Works without script. Explanations are JSON (src/store/SCHEMA.md) and may come from
 * anywhere: what is missing in one is left out.
 */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/html.h"

#define MAX_SHOWN 12	 /* of one series */
#define MAX_POLLUTERS 10 /* of one series */
#define MAX_GROUPS 16	 /* of pages in the way */
#define MAX_PFNS 4	 /* named of each group */

/* ---- reading JSON ---- */

static const cJSON *value_of(const cJSON *object, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(object, key);
}

static const char *text_of(const cJSON *object, const char *key)
{
	const char *text = cJSON_GetStringValue(value_of(object, key));

	return text ? text : "";
}

/* 0 where there is none; what does not fit is cut. */
static int64_t integer(const cJSON *value)
{
	double d = cJSON_IsNumber(value) ? value->valuedouble : 0;

	return d >= 9e18 ? INT64_MAX : d <= -9e18 ? INT64_MIN : (int64_t)d;
}

static int64_t number_of(const cJSON *object, const char *key)
{
	return integer(value_of(object, key));
}

static bool true_of(const cJSON *object, const char *key)
{
	return cJSON_IsTrue(value_of(object, key));
}

/* ---- zones ---- */

static void cell(struct strbuf *out, int64_t value)
{
	strbuf_printf(out, "<td>%" PRId64 "</td>", value);
}

/* Free blocks of all types, by order: "0:32 1:34 ...". */
static void free_blocks(const cJSON *zone, struct strbuf *out)
{
	int64_t sums[MM_NR_ORDERS] = {0};
	const cJSON *type;

	cJSON_ArrayForEach(type, value_of(zone, "free_blocks"))
	{
		for (int order = 0; order < MM_NR_ORDERS; order++)
			sums[order] += integer(cJSON_GetArrayItem(type, order));
	}
	strbuf_puts(out, "<td>");
	for (size_t order = 0; order < MM_NR_ORDERS; order++)
		strbuf_printf(out, "%s%" PRId64, order ? " " : "", sums[order]);
	strbuf_puts(out, "</td>");
}

static void put_zones(const cJSON *zones, struct strbuf *out)
{
	static const char *const keys[] = {"free", "min", "unusable_free", "missing",
					   "fragmentation_index"};
	const cJSON *zone;

	html_wide(out, "zones at that moment");
	strbuf_puts(out,
		    "<table><thead><tr><th scope=\"col\">Zone</th><th scope=\"col\">Free</th>"
		    "<th scope=\"col\">Watermark</th><th scope=\"col\">Of no use to it</th>"
		    "<th scope=\"col\">Missing</th><th scope=\"col\">Fragmentation index</th>"
		    "<th scope=\"col\">Free blocks by order, from 0</th></tr></thead><tbody>\n");
	cJSON_ArrayForEach(zone, zones)
	{
		strbuf_puts(out, "<tr><th scope=\"row\">");
		html_text(out, text_of(zone, "zone"));
		strbuf_puts(out, true_of(zone, "allowed") ? "" : " (not allowed)");
		strbuf_puts(out, "</th>");
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
			cell(out, number_of(zone, keys[k]));
		free_blocks(zone, out);
		strbuf_puts(out, "</tr>\n");
	}
	strbuf_puts(out, "</tbody></table>");
	html_wide_end(out);
}

/* ---- decisions ---- */

static void put_decisions(const cJSON *decisions, struct strbuf *out)
{
	const cJSON *decision;

	if (!cJSON_GetArraySize(decisions))
		return;
	strbuf_puts(out, "<p>What was tried, in order:</p>\n<ol>\n");
	cJSON_ArrayForEach(decision, decisions)
		html_element(out, "li", NULL, text_of(decision, "text"));
	strbuf_puts(out, "</ol>\n");
}

/* ---- the cheapest pageblock and what is in its way ---- */

static void put_pollution(const cJSON *p, struct strbuf *out)
{
	if (!cJSON_IsObject(p))
		return;
	strbuf_printf(out, " It was first mixed at %.3f s: ", (double)number_of(p, "since") / 1e9);
	html_text(out, text_of(p, "comm"));
	strbuf_printf(out, " (pid %" PRId64 ") wanted ", number_of(p, "pid"));
	html_text(out, text_of(p, "wanted"));
	strbuf_puts(out, " memory and a fallback found ");
	html_text(out, text_of(p, "found"));
	strbuf_puts(out, true_of(p, "changed_hands") ? ", which took the pageblock over."
						     : "; the pageblock kept its type.");
}

static void put_block(const cJSON *block, struct strbuf *out)
{
	if (!cJSON_IsObject(block))
		return;
	strbuf_printf(out, "<p>The cheapest place for it: frame %#" PRIx64 " in zone ",
		      (uint64_t)number_of(block, "pfn"));
	html_text(out, text_of(block, "zone"));
	strbuf_puts(out, ", type ");
	html_text(out, text_of(block, "type"));
	strbuf_printf(out, "; %" PRId64 " pages free, %" PRId64 " movable, %" PRId64 " unmovable.",
		      number_of(block, "free"), number_of(block, "movable"),
		      number_of(block, "unmovable"));
	put_pollution(value_of(block, "polluted"), out);
	strbuf_puts(out, "</p>\n");
}

struct group { /* pages in the way that are alike */
	const cJSON *first;
	int64_t pages, since;
	int64_t pfns[MAX_PFNS];
	size_t nr_pfns;
};

static bool alike(const cJSON *a, const cJSON *b)
{
	return !strcmp(text_of(a, "kind"), text_of(b, "kind")) &&
	       !strcmp(text_of(a, "comm"), text_of(b, "comm")) &&
	       !strcmp(text_of(a, "gfp"), text_of(b, "gfp")) &&
	       !strcmp(text_of(a, "movable"), text_of(b, "movable"));
}

static void add_to_group(struct group *g, const cJSON *page)
{
	int64_t order = number_of(page, "order");

	g->pages += order >= 0 && order < 32 ? INT64_C(1) << order : 0;
	if (g->nr_pfns < MAX_PFNS)
		g->pfns[g->nr_pfns++] = number_of(page, "pfn");
}

static size_t group_pages(const cJSON *pages, struct group *groups)
{
	size_t nr = 0, k;
	const cJSON *page;

	cJSON_ArrayForEach(page, pages)
	{
		for (k = 0; k < nr && !alike(groups[k].first, page); k++)
			;
		if (k == MAX_GROUPS)
			continue;
		if (k == nr)
			groups[nr++] =
				(struct group){.first = page, .since = number_of(page, "since")};
		add_to_group(&groups[k], page);
	}
	return nr;
}

static void put_group(const struct group *g, struct strbuf *out)
{
	strbuf_printf(out, "<tr><td>%" PRId64 "</td><td>", g->pages);
	html_text(out, text_of(g->first, "kind"));
	strbuf_puts(out, "</td><td>");
	html_text(out, text_of(g->first, "movable"));
	strbuf_puts(out, "</td><td>");
	html_text(out, *text_of(g->first, "comm") ? text_of(g->first, "comm") : "not known");
	strbuf_puts(out, "</td><td>");
	if (true_of(g->first, "before_recording"))
		strbuf_puts(out, "before the recording");
	else
		strbuf_printf(out, "%.3f s", (double)g->since / 1e9);
	strbuf_puts(out, "</td><td>");
	for (size_t i = 0; i < g->nr_pfns; i++)
		strbuf_printf(out, "%s%#" PRIx64, i ? " " : "", (uint64_t)g->pfns[i]);
	strbuf_puts(out, "</td><td><small>");
	html_text(out, text_of(g->first, "gfp"));
	strbuf_puts(out, "</small></td></tr>\n");
}

static void put_proof(const cJSON *proof, struct strbuf *out)
{
	if (!cJSON_IsObject(proof))
		return;
	strbuf_puts(
		out,
		true_of(proof, "sufficient")
			? "<p>Proven on a copy of the machine: with these pages freed the request "
			  "succeeds"
			: "<p>Not proven: with these pages freed the request still fails");
	if (true_of(proof, "minimal"))
		strbuf_printf(out,
			      "; with all but one of them it fails (%" PRId64
			      " were left out in turn)",
			      number_of(proof, "left_out_one_at_a_time"));
	strbuf_puts(out, ".</p>\n");
}

static void put_blockers(const cJSON *x, struct strbuf *out)
{
	struct group groups[MAX_GROUPS];
	size_t nr = group_pages(value_of(x, "blockers"), groups);

	if (!nr)
		return;
	html_wide(out, "pages in the way");
	strbuf_puts(out, "<table class=\"left\"><thead><tr><th scope=\"col\">Base pages</th>"
			 "<th scope=\"col\">Kind</th><th scope=\"col\">Moves</th>"
			 "<th scope=\"col\">Owner</th><th scope=\"col\">Since</th>"
			 "<th scope=\"col\">Frames, the first</th><th scope=\"col\">Flags</th>"
			 "</tr></thead><tbody>\n");
	for (size_t i = 0; i < nr; i++)
		put_group(&groups[i], out);
	strbuf_puts(out, "</tbody></table>");
	html_wide_end(out);
	put_proof(value_of(x, "proof"), out);
}

/* ---- ways out ---- */

static void put_way(const cJSON *way, struct strbuf *out)
{
	strbuf_puts(out, "<li>");
	html_text(out, text_of(way, "text"));
	strbuf_printf(out,
		      ": %" PRId64 " pages freed, %" PRId64 " moved, %" PRId64 " reclaimed</li>\n",
		      number_of(way, "pages_freed"), number_of(way, "pages_moved"),
		      number_of(way, "pages_reclaimed"));
}

static void put_ways(const cJSON *ways, struct strbuf *out)
{
	size_t in_vain = 0;
	const cJSON *way;

	if (!cJSON_GetArraySize(ways))
		return;
	strbuf_puts(out, "<p>What would have helped:</p>\n<ul>\n");
	cJSON_ArrayForEach(way, ways)
	{
		if (true_of(way, "works"))
			put_way(way, out);
	}
	strbuf_puts(out, "</ul>\n");
	cJSON_ArrayForEach(way, ways)
	{
		if (true_of(way, "works"))
			continue;
		strbuf_puts(out, in_vain++ ? "; " : "<p class=\"soft\">Tried in vain: ");
		html_text(out, text_of(way, "text"));
	}
	strbuf_puts(out, in_vain ? ".</p>\n" : "");
}

/* ---- one failure ---- */

static void put_explanation(const struct store_failure *f, struct strbuf *out)
{
	cJSON *x = cJSON_Parse(f->explanation);

	if (!cJSON_IsObject(x)) {
		html_element(out, "p", "alarm",
			     "The explanation in the database cannot be read; `zonereplay explain` "
			     "gives it anew.");
		cJSON_Delete(x);
		return;
	}
	html_element(out, "p", "verdict", text_of(x, "text"));
	put_zones(value_of(x, "zones"), out);
	put_block(value_of(x, "block"), out);
	put_blockers(x, out);
	put_ways(value_of(x, "ways_out"), out);
	put_decisions(value_of(x, "decisions"), out);
	cJSON_Delete(x);
}

/* The words of enum explain_verdict; others as they are. */
static const char *verdict_words(const char *verdict)
{
	static const char *const words[][2] = {
		{"fragmented", "enough was free, but not in one piece"},
		{"watermark", "too little was free"},
		{"both", "too little was free, and that in pieces"},
		{"stranded", "what it needs was on per-cpu lists"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(verdict, words[i][0]))
			return words[i][1];
	return verdict;
}

static void put_failure(const struct store_failure *f, struct strbuf *out)
{
	strbuf_printf(out, "<details class=\"failure\"><summary>%.3f s: order %u for ",
		      (double)f->time / 1e9, f->order);
	html_text(out, *f->comm ? f->comm : "an unknown task");
	strbuf_printf(out, " (pid %u) failed: ", f->pid);
	html_text(out, verdict_words(f->verdict));
	strbuf_puts(out, "</summary>\n<div>\n");
	put_explanation(f, out);
	if (f->extra)
		strbuf_printf(out,
			      "<p class=\"soft\">Request %" PRIu64
			      " of those that the replay added "
			      "after request %" PRIu64 ".</p>\n",
			      f->extra, f->number);
	else
		strbuf_printf(out,
			      "<p class=\"soft\">Request %" PRIu64
			      ": more in <code>zonereplay explain --alloc %" PRIu64 "</code></p>\n",
			      f->number, f->number);
	strbuf_puts(out, "</div></details>\n");
}

/* ---- who is to blame over the whole recording ---- */

static void put_polluters(const struct store_failures *f, struct strbuf *out)
{
	if (!f->nr_polluters)
		return;
	strbuf_puts(
		out,
		"<details class=\"figures\"><summary>Who keeps pageblocks from becoming free, over "
		"the whole recording</summary>\n");
	html_wide(out, "who keeps pageblocks from becoming free");
	strbuf_puts(out,
		    "<table><thead><tr><th scope=\"col\">Pages of</th><th scope=\"col\">Owner</th>"
		    "<th scope=\"col\">Pageblocks, mean</th><th scope=\"col\">it alone</th>"
		    "<th scope=\"col\">Pages, mean</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < f->nr_polluters && i < MAX_POLLUTERS; i++) {
		const struct store_polluter *p = &f->polluters[i];

		strbuf_puts(out, "<tr><th scope=\"row\">");
		html_text(out, p->kind);
		strbuf_puts(out, "</th><td>");
		html_text(out, *p->comm ? p->comm : "not known");
		strbuf_printf(out, "</td><td>%.1f</td><td>%.1f</td><td>%.0f</td></tr>\n",
			      (double)p->blocks_milli / 1e3, (double)p->alone_milli / 1e3,
			      (double)p->pages_milli / 1e3);
	}
	strbuf_puts(out, "</tbody></table>");
	html_wide_end(out);
	strbuf_puts(out, "</details>\n");
}

/* ---- all of a table ---- */

/* Requests of high order are what a report is about; among equals the earlier one comes first. */
static void put_largest_first(const struct store_failures *f, struct strbuf *out)
{
	size_t shown = 0;

	for (uint32_t order = MM_NR_ORDERS; order-- > 0;)
		for (size_t i = 0; i < f->nr_failures; i++)
			if (f->failures[i].order == order && shown++ < MAX_SHOWN)
				put_failure(&f->failures[i], out);
}

static void put_series(const struct series *s, struct strbuf *out)
{
	const struct store_failures *f = s->failures;

	if (!f || !(f->nr_failures + f->nr_polluters))
		return;
	strbuf_puts(out, "<h4>");
	html_text(out, s->name);
	strbuf_puts(out, *s->settings ? " " : "");
	html_text(out, s->settings);
	strbuf_printf(out, ": %zu explained</h4>\n", f->nr_failures);
	put_largest_first(f, out);
	if (f->nr_failures > MAX_SHOWN)
		strbuf_printf(out, "<p class=\"soft\">%d of them; all are in the database.</p>\n",
			      MAX_SHOWN);
	put_polluters(f, out);
}

void html_failures(const struct table *t, struct strbuf *out)
{
	size_t found = 0;

	for (size_t i = 0; i < t->nr_series; i++)
		found += t->series[i].failures && t->series[i].failures->nr_failures;
	strbuf_puts(out, "<h3>Why requests failed</h3>\n");
	if (!found)
		strbuf_puts(out,
			    "<p class=\"soft\">No failure was looked into: <code>zonereplay run "
			    "--explain</code> keeps explanations for this page.</p>\n");
	for (size_t i = 0; i < t->nr_series; i++)
		put_series(&t->series[i], out);
}
