// SPDX-License-Identifier: GPL-2.0-only
/* Decisions, pages and ways out in words. */
#include <inttypes.h>

#include "report/escape.h"
#include "report/explain.h"

static const char *mark_name(int64_t w)
{
	static const char *const names[] = {"min", "low", "high", "promo"};

	return w >= 0 && w < (int64_t)ARRAY_SIZE(names) ? names[w] : "?";
}

static const char *zone_name(const struct explain_names *names, uint32_t zone)
{
	return zone < names->nr_zones ? names->zones[zone].name : "?";
}

static const char *type_name(int64_t type)
{
	return type >= 0 && type < MT_NR ? migratetype_name((enum migratetype)type) : "?";
}

const char *explain_note_name(enum mm_note_kind kind)
{
	static const char *const names[MM_NOTE_NR_KINDS] = {
		[MM_NOTE_SAID] = "said",
		[MM_NOTE_ZONE_REFUSED] = "zone_refused",
		[MM_NOTE_ZONE_EMPTY] = "zone_empty",
		[MM_NOTE_TAKEN] = "taken",
		[MM_NOTE_FALLBACK] = "fallback",
		[MM_NOTE_SUITABLE] = "compaction_suitable",
		[MM_NOTE_DEFERRED] = "compaction_deferred",
		[MM_NOTE_DEFER] = "defer_compaction",
		[MM_NOTE_COMPACTED] = "compacted",
		[MM_NOTE_RECLAIMED] = "reclaimed",
		[MM_NOTE_LUMPY] = "lumpy_reclaimed",
		[MM_NOTE_KSWAPD] = "kswapd",
		[MM_NOTE_KCOMPACTD] = "kcompactd",
		[MM_NOTE_DRAINED] = "drained",
		[MM_NOTE_UNRESERVED] = "unreserved",
	};

	return names[kind];
}

void explain_page_words(const struct explain_page *p, struct strbuf *out)
{
	char gfp[GFP_TEXT];

	strbuf_printf(out, "pfn %#" PRIx64 " order %u, %s", p->pfn, p->order,
		      explain_kind_name(p->kind));
	if (p->moves == EXPLAIN_MOVES)
		strbuf_puts(out, " (movable)");
	else if (p->moves != EXPLAIN_NOT_ON_LRU || p->kind == MM_KIND_UNKNOWN)
		strbuf_printf(out, " (%s)",
			      p->moves == EXPLAIN_NOT_ON_LRU ? "on no LRU list"
							     : explain_moves_name(p->moves));
	if (!p->dated) {
		strbuf_puts(out, ", there before the recording");
		return;
	}
	gfp_format(p->gfp, gfp);
	strbuf_puts(out, ", of ");
	explain_task_words(p->comm, p->pid, out);
	strbuf_puts(out, p->recorder ? ", the recorder," : "");
	strbuf_printf(out, " since %.6f s, %s", (double)p->since / 1e9, gfp);
}

void explain_task_words(const char *comm, uint32_t pid, struct strbuf *out)
{
	visible_text(out, *comm ? comm : "?");
	strbuf_printf(out, " (%u)", pid);
}

static void suitable_words(const struct explain_decision *d, const char *zone, struct strbuf *out)
{
	const int64_t *v = d->note.v;

	strbuf_printf(out, "compaction of %s for order %" PRId64 " suitable? ", zone, v[3]);
	switch (v[0]) {
	case MM_COMPACT_SUCCESS:
		strbuf_puts(out, "not needed: the request would pass now");
		break;
	case MM_COMPACT_SKIPPED:
		strbuf_puts(out, "no: too few free pages to move others to");
		break;
	case MM_COMPACT_NOT_SUITABLE_ZONE:
		strbuf_printf(
			out, "no: index %" PRId64 " <= %" PRId64 ", memory lacks rather than order",
			v[1], v[2]);
		break;
	default:
		if (v[3] > MM_COMPACT_COSTLY_ORDER && v[1] >= 0)
			strbuf_printf(out, "yes: index %" PRId64 " > %" PRId64, v[1], v[2]);
		else
			strbuf_puts(out, "yes");
	}
}

static const char *result_words(int64_t result)
{
	switch (result) {
	case MM_COMPACT_SUCCESS:
		return "a page of the order came free";
	case MM_COMPACT_COMPLETE:
		return "the scanners met after the whole zone, in vain";
	case MM_COMPACT_PARTIAL_SKIPPED:
		return "the scanners met, in vain";
	case MM_COMPACT_CONTENDED:
		return "given up: an asynchronous run would have had to wait";
	default:
		return "ended";
	}
}

static void compacted_words(const struct explain_decision *d, const struct explain_names *names,
			    struct strbuf *out)
{
	const int64_t *v = d->note.v;

	strbuf_printf(out,
		      "compacted %s from pfn %#" PRIx64 " to %#" PRIx64 ": %s; %" PRId64
		      " pages moved",
		      zone_name(names, d->note.zone), names->base_pfn + (uint64_t)v[6],
		      names->base_pfn + (uint64_t)v[7], result_words(v[0]), v[1]);
	if (v[2])
		strbuf_printf(out, ", %" PRId64 " could not be", v[2]);
	if (v[3])
		strbuf_printf(out,
			      "; %" PRId64 " %s looked at, %" PRId64
			      " left for a page that cannot move",
			      v[3], v[3] == 1 ? "stretch" : "stretches", v[4]);
	if (!d->has_page)
		return;
	strbuf_puts(out, ", the first ");
	explain_page_words(&d->page, out);
}

static void refused_words(const struct explain_decision *d, const char *zone, struct strbuf *out)
{
	const int64_t *v = d->note.v;

	strbuf_printf(out, "%s refused at the %s watermark: ", zone, mark_name(v[2]));
	if (v[0] <= v[1])
		strbuf_printf(out, "%" PRId64 " pages free, more than %" PRId64 " needed", v[0],
			      v[1]);
	if (v[0] <= v[1] && !v[3])
		strbuf_puts(out, "; and ");
	if (!v[3])
		strbuf_puts(out, "no free page of the order");
}

static void fallback_words(const struct explain_decision *d, const struct explain_names *names,
			   struct strbuf *out)
{
	const int64_t *v = d->note.v;

	strbuf_printf(out,
		      "fallback: %s taken from %s, order %" PRId64 " at pfn %#" PRIx64
		      "; the block %s",
		      type_name(v[2]), type_name(v[3]), v[1], names->base_pfn + (uint64_t)v[0],
		      v[4] ? "changed hands" : "stayed as it was");
}

static void reclaimed_words(const struct explain_decision *d, struct strbuf *out)
{
	const int64_t *v = d->note.v;

	strbuf_printf(out, "direct reclaim: %" PRId64 " pages of %" PRId64 " scanned", v[0], v[1]);
	if (v[3])
		strbuf_puts(out, "; stopped because compaction has room enough");
	else
		strbuf_printf(out, ", down to priority %" PRId64, v[2] < 0 ? 0 : v[2]);
}

void explain_decision_words(const struct explain_decision *d, const struct explain_names *names,
			    struct strbuf *out)
{
	const char *zone = zone_name(names, d->note.zone);
	const int64_t *v = d->note.v;

	switch ((enum mm_note_kind)d->note.kind) {
	case MM_NOTE_SAID:
		strbuf_puts(out, d->note.said);
		break;
	case MM_NOTE_ZONE_REFUSED:
		refused_words(d, zone, out);
		break;
	case MM_NOTE_ZONE_EMPTY:
		strbuf_printf(out, "%s passed its watermark but had nothing to give", zone);
		break;
	case MM_NOTE_TAKEN:
		strbuf_printf(out, "page at pfn %#" PRIx64 " of order %" PRId64 " taken from %s",
			      names->base_pfn + (uint64_t)v[0], v[1], zone);
		break;
	case MM_NOTE_FALLBACK:
		fallback_words(d, names, out);
		break;
	case MM_NOTE_SUITABLE:
		suitable_words(d, zone, out);
		break;
	case MM_NOTE_DEFERRED:
		strbuf_printf(out,
			      "compaction of %s deferred: considered %" PRId64 " of %" PRId64
			      " times since it failed for order %" PRId64,
			      zone, v[0], v[1], v[2]);
		break;
	case MM_NOTE_DEFER:
		strbuf_printf(out, "compaction of %s is put off for the next %" PRId64 " requests",
			      zone, (INT64_C(1) << v[0]) - 1);
		break;
	case MM_NOTE_COMPACTED:
		compacted_words(d, names, out);
		break;
	case MM_NOTE_RECLAIMED:
		reclaimed_words(d, out);
		break;
	case MM_NOTE_LUMPY:
		strbuf_printf(out, "lumpy reclaim: %" PRId64 " pages", v[0]);
		break;
	case MM_NOTE_KSWAPD:
		strbuf_printf(out,
			      "kswapd of node %u, woken for order %" PRId64 ": %" PRId64
			      " pages reclaimed, went to sleep at order %" PRId64,
			      d->note.zone, v[1], v[0], v[2]);
		break;
	case MM_NOTE_KCOMPACTD:
		strbuf_printf(out, "kcompactd of node %u runs for order %" PRId64, d->note.zone,
			      v[0]);
		break;
	case MM_NOTE_DRAINED:
		strbuf_printf(out, "per-cpu lists drained: %" PRId64 " pages", v[0]);
		break;
	case MM_NOTE_UNRESERVED:
		strbuf_printf(out, "%s gave back a block of its atomic reserve", zone);
		break;
	case MM_NOTE_NR_KINDS:
		break;
	}
}

void explain_way_words(const struct explain_way *w, struct strbuf *out)
{
	switch (w->kind) {
	case EXPLAIN_WAY_FREE:
		strbuf_printf(out, "free the pages named above");
		break;
	case EXPLAIN_WAY_DRAIN:
		strbuf_puts(out, "drain the per-cpu lists (the pages are free already)");
		break;
	case EXPLAIN_WAY_MIN_FREE:
		strbuf_printf(out, "sysctl vm.min_free_kbytes=%" PRId64 " (or less)", w->value);
		break;
	case EXPLAIN_WAY_NO_BOOST:
		strbuf_puts(out, "sysctl vm.watermark_boost_factor=0");
		break;
	case EXPLAIN_WAY_COMPACT:
		strbuf_puts(out, "sysctl vm.compact_memory=1 before the request");
		break;
	case EXPLAIN_WAY_DROP:
		strbuf_puts(out, "sysctl vm.drop_caches=1 before the request");
		break;
	case EXPLAIN_WAY_DROP_COMPACT:
		strbuf_puts(out, "sysctl vm.drop_caches=1, then vm.compact_memory=1, before it");
		break;
	case EXPLAIN_WAY_THRESHOLD:
		strbuf_printf(out, "sysctl vm.extfrag_threshold=%" PRId64, w->value);
		break;
	case EXPLAIN_WAY_POLICY:
		strbuf_printf(out, "policy %s", w->policy);
		break;
	case EXPLAIN_NR_WAYS:
		break;
	}
}

static void short_of(const struct explanation *x, struct strbuf *out)
{
	uint32_t pages = x->nr_blockers - x->in_block;

	strbuf_printf(out, "%u %s too few %s free in %s", pages, pages == 1 ? "page" : "pages",
		      pages == 1 ? "is" : "are", x->zones[x->block.zone].name);
}

void explain_verdict_words(const struct explanation *x, struct strbuf *out)
{
	switch (x->verdict) {
	case EXPLAIN_SUCCEEDED:
		strbuf_printf(out,
			      "It succeeded on the %s path, with the page at pfn %#" PRIx64 ".",
			      x->fast ? "fast" : "slow", x->pfn);
		break;
	case EXPLAIN_FRAGMENTED:
		strbuf_printf(
			out,
			"Fragmentation: enough is free in %s, but no %u pages in one piece; %u "
			"%s in the way of the cheapest block.",
			x->zones[x->block.zone].name, 1u << x->order, x->in_block,
			x->in_block == 1 ? "page is" : "pages are");
		break;
	case EXPLAIN_WATERMARK:
		strbuf_puts(out, "The watermark, not fragmentation: ");
		short_of(x, out);
		strbuf_puts(out, x->order ? ", though a page of the order is there." : ".");
		break;
	case EXPLAIN_BOTH:
		strbuf_printf(
			out,
			"Too little is free and it is not in one piece: %u %s in the way of the "
			"cheapest block of %s",
			x->in_block, x->in_block == 1 ? "page is" : "pages are",
			x->zones[x->block.zone].name);
		if (x->nr_blockers > x->in_block)
			strbuf_printf(out, ", and clearing it leaves the watermark %u short",
				      x->nr_blockers - x->in_block);
		else
			strbuf_puts(out, "; clearing it is enough for the watermark as well");
		strbuf_puts(out, ".");
		break;
	case EXPLAIN_STRANDED:
		strbuf_puts(out, "Stranded: the pages it needs are free, but on per-cpu lists.");
		break;
	default:
		strbuf_puts(out, "No set of pages was found whose freeing would have helped: no "
				 "zone it may use has a block that could be cleared.");
	}
}
