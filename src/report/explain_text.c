// SPDX-License-Identifier: GPL-2.0-only
/* An explanation as a page of text: the verdict first, what it rests on below. */
#include <inttypes.h>
#include <string.h>

#include "report/escape.h"
#include "report/explain.h"

#define MAX_PAGES_SHOWN 20u
#define MAX_REPEATS_SHOWN 60u /* decisions */
#define MAX_POLLUTERS 12u

static double seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

/* Adds @text after two columns, broken at blanks so that it fits; further lines are indented more.
 */
static void put_wrapped(struct strbuf *out, const char *text, unsigned int width,
			unsigned int indent)
{
	unsigned int room = width > indent + 20 ? width - indent : 20;
	const char *lead = "";

	while (*text) {
		size_t len = strlen(text), cut = len;

		if (len > room) {
			for (cut = room; cut && text[cut] != ' '; cut--)
				;
			cut = cut ? cut : room;
		}
		strbuf_printf(out, "%*s%s%.*s\n", (int)indent, "", lead, (int)cut, text);
		text += cut;
		text += strspn(text, " ");
		lead = "  ";
		room = width > indent + 22 ? width - indent - 2 : 20;
	}
}

static void put_request(const struct explanation *x, const struct explain_print *p,
			struct strbuf *out)
{
	struct strbuf line;
	char gfp[GFP_TEXT];

	strbuf_init(&line);
	gfp_format(x->gfp, gfp);
	strbuf_printf(&line, "request %" PRIu64, x->number);
	if (x->extra)
		strbuf_printf(&line, "+%" PRIu64, x->extra);
	strbuf_printf(&line,
		      " of %s under policy %s: order %u (%u %s of %u KiB), %s, %s, at %.6f s",
		      x->capture, x->policy, x->order, 1u << x->order, x->order ? "pages" : "page",
		      x->page_size / 1024, migratetype_name((enum migratetype)x->type), gfp,
		      seconds(x->time));
	strbuf_puts(&line, ", by ");
	explain_task_words(x->comm, x->pid, &line);
	strbuf_printf(&line, " on CPU %u", x->cpu);
	if (x->recorder)
		strbuf_puts(&line, ", the recorder itself");
	if (x->extra)
		strbuf_puts(&line, "; the replay adds it, the recording does not have it");
	else
		strbuf_printf(&line, "; the recorded kernel %s",
			      x->recorded_ok ? "met it" : "failed it too");
	put_wrapped(out, line.s, p->width, 0);
	strbuf_clear(&line);
	strbuf_puts(out, "\n");
	explain_verdict_words(x, &line);
	put_wrapped(out, line.s, p->width, 0);
	strbuf_release(&line);
}

/* ---- zones ---- */

static void put_sum(const struct explain_zone *z, struct strbuf *out)
{
	strbuf_printf(out,
		      "    free %" PRId64 ", must exceed %" PRId64 " = min %" PRId64
		      " + reserve %" PRId64 " + unusable %" PRId64 ": ",
		      z->free, z->min + z->reserve + z->unusable, z->min, z->reserve, z->unusable);
	if (z->missing)
		strbuf_printf(out, "%" PRId64 " short\n", z->missing);
	else
		strbuf_puts(out, "passes\n");
}

static uint32_t highest_type(const struct explain_zone *z)
{
	uint32_t highest = MM_RECLAIMABLE;

	for (uint32_t t = MM_HIGHATOMIC; t < MM_NR_TYPES; t++)
		for (uint32_t o = 0; o < MM_NR_ORDERS; o++)
			if (z->nr_free[o][t])
				highest = t;
	return highest;
}

static void put_lists(const struct explain_zone *z, struct strbuf *out)
{
	uint32_t last = highest_type(z);

	strbuf_puts(out, "    free by order");
	for (uint32_t o = 0; o < MM_NR_ORDERS; o++)
		strbuf_printf(out, " %6u", o);
	strbuf_puts(out, "\n");
	for (uint32_t t = 0; t <= last; t++) {
		strbuf_printf(out, "    %-13s", migratetype_name((enum migratetype)t));
		for (uint32_t o = 0; o < MM_NR_ORDERS; o++)
			strbuf_printf(out, " %6u", z->nr_free[o][t]);
		strbuf_puts(out, "\n");
	}
}

static void put_index(const struct explanation *x, const struct explain_zone *z, struct strbuf *out)
{
	strbuf_printf(out, "    for order %u: ", x->order);
	if (z->fragindex == -1000)
		strbuf_puts(out, "a page is free");
	else
		strbuf_printf(out, "fragmentation index %d (0: memory lacks, 1000: order lacks)",
			      z->fragindex);
	strbuf_printf(out, ", unusable %d of 1000\n", z->unusable_index);
}

static void put_zones(const struct explanation *x, struct strbuf *out)
{
	strbuf_puts(out, "\nzones, when it was answered\n");
	for (uint32_t i = 0; i < x->nr_zones; i++) {
		const struct explain_zone *z = &x->zones[i];

		strbuf_printf(out, "  node %d %-7s watermarks %u %u %u", z->node, z->name,
			      z->wmark[0], z->wmark[1], z->wmark[2]);
		if (z->boost)
			strbuf_printf(out, " + boost %u", z->boost);
		strbuf_printf(out, "; %u on per-cpu lists, %" PRIu64 " on the LRU%s\n", z->on_pcp,
			      z->reclaimable, z->allowed ? "" : "; not for this request");
		if (!z->allowed)
			continue;
		put_sum(z, out);
		put_lists(z, out);
		put_index(x, z, out);
	}
}

/* ---- decisions ---- */

/* The same decision over and over is told once, with how often. */
static void put_decisions(const struct explain_decision *d, uint32_t nr, uint32_t lost,
			  const struct explain_names *names, const struct explain_print *p,
			  unsigned int indent, struct strbuf *out)
{
	struct strbuf words, before;
	uint32_t shown = 0, times = 0;

	strbuf_init(&words);
	strbuf_init(&before);
	for (uint32_t i = 0; i <= nr; i++) {
		strbuf_clear(&words);
		if (i < nr)
			explain_decision_words(&d[i], names, &words);
		if (i && i < nr && !strcmp(words.s, before.s)) {
			times++;
			continue;
		}
		if (times)
			strbuf_printf(&before, " (%u times in a row)", times + 1);
		if (i && shown++ < MAX_REPEATS_SHOWN)
			put_wrapped(out, before.s, p->width, indent);
		times = 0;
		strbuf_clear(&before);
		strbuf_puts(&before, words.s);
	}
	if (shown > MAX_REPEATS_SHOWN)
		strbuf_printf(out, "%*s... and %u more; --json has them all\n", (int)indent, "",
			      shown - MAX_REPEATS_SHOWN);
	if (lost)
		strbuf_printf(out, "%*s... and %u more that were not kept\n", (int)indent, "",
			      lost);
	strbuf_release(&words);
	strbuf_release(&before);
}

/* ---- what stood in the way ---- */

static void put_pollution(const struct explain_block *b, struct strbuf *line)
{
	strbuf_printf(line, "its pageblock was first entered by another type at %.6f s: ",
		      seconds(b->polluted_since));
	explain_task_words(b->polluted_comm, b->polluted_pid, line);
	strbuf_printf(line,
		      " asked for %s and fell back on %s, order %u at pfn %#" PRIx64
		      "; the block %s",
		      migratetype_name((enum migratetype)b->polluted_wanted),
		      migratetype_name((enum migratetype)b->polluted_found), b->polluted_order,
		      b->polluted_pfn, b->claimed ? "changed hands" : "stayed as it was");
}

static void put_block(const struct explanation *x, const struct explain_print *p,
		      struct strbuf *out)
{
	const struct explain_block *b = &x->block;
	struct strbuf line;

	if (!b->any)
		return;
	strbuf_init(&line);
	strbuf_printf(&line,
		      "the block that is cheapest to clear: pfn %#" PRIx64 " to %#" PRIx64
		      " of %s, a %s pageblock; %u pages free, %u movable, %u not",
		      b->pfn, b->pfn + (UINT64_C(1) << b->order) - 1, x->zones[b->zone].name,
		      migratetype_name((enum migratetype)b->type), b->free, b->movable,
		      b->unmovable);
	strbuf_puts(out, "\n");
	put_wrapped(out, line.s, p->width, 0);
	strbuf_clear(&line);
	if (b->polluted)
		put_pollution(b, &line);
	else
		strbuf_puts(&line, "no request of another type fell back into its pageblock during "
				   "the recording");
	put_wrapped(out, line.s, p->width, 2);
	strbuf_release(&line);
}

static void put_pages(const struct explanation *x, uint32_t from, uint32_t to,
		      const struct explain_print *p, struct strbuf *out)
{
	uint32_t most = p->all ? to - from : MAX_PAGES_SHOWN;
	struct strbuf line;

	strbuf_init(&line);
	for (uint32_t i = from; i < to && i < from + most; i++) {
		strbuf_clear(&line);
		explain_page_words(&x->blockers[i], &line);
		put_wrapped(out, line.s, p->width, 4);
	}
	if (to > from + most)
		strbuf_printf(out, "    ... and %u more; --all or --json has them all\n",
			      to - from - most);
	strbuf_release(&line);
}

static void put_proof(const struct explanation *x, const struct explain_print *p,
		      struct strbuf *out)
{
	struct strbuf line;

	strbuf_init(&line);
	strbuf_printf(&line, "tried on copies of the machine: with all of them freed it %s",
		      x->proof.sufficient ? "succeeds" : "still fails");
	if (x->proof.sufficient)
		strbuf_printf(&line, "; with any one left out (%u %s tried) it %s", x->proof.tried,
			      x->proof.tried == x->nr_blockers ? "of them, all," : "of them",
			      x->proof.minimal ? "fails" : "does not always fail");
	strbuf_puts(&line, ". Freed means: given back at once when it gave up, per-cpu lists "
			   "drained; nothing else is moved or reclaimed.");
	put_wrapped(out, line.s, p->width, 2);
	strbuf_release(&line);
}

static void put_blockers(const struct explanation *x, const struct explain_print *p,
			 struct strbuf *out)
{
	put_block(x, p, out);
	if (!x->nr_blockers)
		return;
	if (x->in_block) {
		strbuf_printf(out, "  in the way: %u %s\n", x->in_block,
			      x->in_block == 1 ? "page" : "pages");
		put_pages(x, 0, x->in_block, p, out);
	}
	if (x->nr_blockers > x->in_block) {
		strbuf_printf(out, "%s  for the watermark, any %u pages elsewhere, for example\n",
			      x->in_block ? "" : "\n", x->nr_blockers - x->in_block);
		put_pages(x, x->in_block, x->nr_blockers, p, out);
	}
	put_proof(x, p, out);
}

static void put_count(struct strbuf *line, const char **comma, uint64_t n, const char *what)
{
	if (!n)
		return;
	strbuf_printf(line, "%s%" PRIu64 " %s %s", *comma, n, n == 1 ? "page" : "pages", what);
	*comma = ", ";
}

static void put_cost(const struct explain_way *w, struct strbuf *line)
{
	const char *comma = "";

	strbuf_puts(line, " (");
	put_count(line, &comma, w->freed, "freed");
	put_count(line, &comma, w->moved, "moved");
	put_count(line, &comma, w->reclaimed, "reclaimed");
	strbuf_puts(line, *comma ? ")" : "no page touched)");
}

static void put_ways(const struct explanation *x, const struct explain_print *p, struct strbuf *out)
{
	uint32_t works = 0;
	struct strbuf line;

	strbuf_init(&line);
	while (works < x->nr_ways && x->ways[works].works)
		works++;
	strbuf_puts(out, "\nways out, cheapest first; each was tried on a copy\n");
	for (uint32_t i = 0; i < works; i++) {
		strbuf_clear(&line);
		explain_way_words(&x->ways[i], &line);
		put_cost(&x->ways[i], &line);
		put_wrapped(out, line.s, p->width, 2);
	}
	if (!works)
		strbuf_puts(out, "  none\n");
	strbuf_clear(&line);
	for (uint32_t i = works; i < x->nr_ways; i++) {
		strbuf_puts(&line, i > works ? "; " : "would not have helped: ");
		explain_way_words(&x->ways[i], &line);
	}
	put_wrapped(out, line.s, p->width, 2);
	strbuf_release(&line);
}

static void put_one(const struct explanation *x, const struct explain_names *names,
		    const struct explain_print *p, struct strbuf *out)
{
	put_request(x, p, out);
	put_zones(x, out);
	strbuf_puts(out, "\nwhat was decided, in order\n");
	put_decisions(x->decisions, x->nr_decisions, x->lost_decisions, names, p, 2, out);
	if (x->verdict == EXPLAIN_SUCCEEDED)
		return;
	put_blockers(x, p, out);
	put_ways(x, p, out);
	if (!p->map)
		return;
	strbuf_puts(out, "\npageblocks when it gave up\n");
	explain_map_text(&x->map, x->block.any ? x->block.pfn : UINT64_MAX, p, out);
}

/* ---- the whole recording ---- */

static void put_polluters(const struct explanations *e, struct strbuf *out)
{
	double n = e->nr_samples ? e->nr_samples : 1;

	if (!e->nr_polluters)
		return;
	strbuf_printf(
		out,
		"\nwho kept pageblocks from becoming free: pages that cannot move, mean over %u "
		"samples of the replay\n"
		"  pageblocks    alone      pages  kind           asked for by\n",
		e->nr_samples);
	for (size_t i = 0; i < e->nr_polluters && i < MAX_POLLUTERS; i++) {
		const struct explain_polluter *p = &e->polluters[i];

		strbuf_printf(out, "  %10.1f %8.1f %10.1f  %-14s ", (double)p->blocks / n,
			      (double)p->alone / n, (double)p->pages / n,
			      explain_kind_name(p->kind));
		visible_text(out, *p->comm ? p->comm : "(before the recording)");
		strbuf_puts(out, "\n");
	}
	if (e->nr_polluters > MAX_POLLUTERS)
		strbuf_printf(out, "  ... and %zu more; --json has them all\n",
			      e->nr_polluters - MAX_POLLUTERS);
	strbuf_puts(
		out,
		"  alone: pageblocks with no other kind or task's page that cannot move; the recorder's own are left out\n");
}

static void put_side(const struct explanations *e, const struct explain_side *s, bool is_request,
		     const struct explain_print *p, struct strbuf *out)
{
	strbuf_printf(out, "  %s:", s->policy);
	if (is_request && s->got)
		strbuf_printf(out, " got the page at pfn %#" PRIx64 ";", s->pfn);
	else if (is_request)
		strbuf_puts(out, " got nothing;");
	strbuf_printf(out, " %" PRIu64 " pages reclaimed, %" PRIu64 " moved\n", s->reclaimed,
		      s->moved);
	put_decisions(s->decisions, s->nr_decisions, 0, &e->names, p, 4, out);
}

/* What the second policy made of the same request. */
static void put_other(const struct explanations *e, struct strbuf *out)
{
	const struct explanations *other = e->other;
	const char *policy = e->parting.sides[1].policy;
	struct strbuf words;

	if (!e->nr)
		return;
	if (!other || !other->nr) {
		strbuf_printf(out, "\nunder %s the request is not made at all\n", policy);
		return;
	}
	strbuf_init(&words);
	explain_verdict_words(&other->v[0], &words);
	strbuf_printf(out, "\nthe same request under %s, in its own history: %s\n", policy,
		      words.s);
	strbuf_release(&words);
}

static void put_parting(const struct explanations *e, const struct explain_print *p,
			struct strbuf *out)
{
	const struct explain_parting *part = &e->parting;

	if (!*part->sides[0].policy)
		return;
	put_other(e, out);
	if (!part->part) {
		strbuf_printf(out, "\n%s and %s never part: they do the same throughout\n",
			      part->sides[0].policy, part->sides[1].policy);
		return;
	}
	strbuf_printf(out, "\n%s and %s part at %.6f s, ", part->sides[0].policy,
		      part->sides[1].policy, seconds(part->time));
	if (part->is_request)
		strbuf_printf(out, "over request %" PRIu64 ", order %u by ", part->number,
			      part->order);
	else
		strbuf_printf(out,
			      "after request %" PRIu64 ", in the background; the last to act was ",
			      part->number);
	explain_task_words(part->comm, part->pid, out);
	strbuf_puts(out, "\n");
	for (int i = 0; i < 2; i++)
		put_side(e, &part->sides[i], part->is_request, p, out);
}

static void put_totals(const struct explanations *e, struct strbuf *out)
{
	strbuf_printf(out,
		      "\n%" PRIu64 " requests in the recording; in this replay %" PRIu64 " failed",
		      e->requests, e->failed);
	for (int order = 0; order < MM_NR_ORDERS; order++)
		if (e->failed_of[order])
			strbuf_printf(out, ", order %d: %" PRIu64, order, e->failed_of[order]);
	strbuf_puts(out, "\n");
}

static char digit(uint32_t n)
{
	return n > 9 ? '9' : (char)('0' + n);
}

static void put_timeline(const struct explanations *e, struct strbuf *out)
{
	const struct explain_moment *m = e->moments;
	uint32_t n = e->nr_moments;

	if (n < 2)
		return;
	strbuf_printf(out, "\nfrom %.1f to %.1f s, a character each %.2f s\n  ", seconds(m[0].time),
		      seconds(m[n - 1].time), seconds(m[n - 1].time - m[0].time) / (n - 1));
	for (uint32_t i = 0; i < n; i++)
		strbuf_printf(out, "%c", digit(m[i].unusable / 100));
	strbuf_printf(out, "  tenths of the free memory that are no use for order %u\n  ",
		      e->pageblock_order);
	for (uint32_t i = 0; i < n; i++)
		strbuf_printf(out, "%c",
			      !m[i].failed	? '.'
			      : m[i].failed > 9 ? '+'
						: digit(m[i].failed));
	strbuf_puts(out, "  requests that failed (+: more than 9)\n");
}

void explain_text(const struct explanations *e, const struct explain_print *p, struct strbuf *out)
{
	for (size_t i = 0; i < e->nr; i++) {
		strbuf_puts(out, i ? "\n\n" : "");
		put_one(&e->v[i], &e->names, p, out);
	}
	if (!e->nr && !e->failed)
		strbuf_puts(out, "every request succeeded\n");
	put_totals(e, out);
	put_timeline(e, out);
	put_parting(e, p, out);
	put_polluters(e, out);
}
