/* SPDX-License-Identifier: GPL-2.0-only */
/* Explanations of failed requests as text and as JSON. */
#ifndef ZR_REPORT_EXPLAIN_H
#define ZR_REPORT_EXPLAIN_H

#include "base/base.h"
#include "replay/explain.h"
#include "store/store.h"

struct explain_print {
	unsigned int width; /* columns */
	bool map;	    /* draw the pageblocks */
	bool colour;
	bool all; /* every page in the way, however many */
};

/* The answer of `explain`. */
void explain_text(const struct explanations *e, const struct explain_print *p, struct strbuf *out);
void explain_json(const struct explanations *e, struct strbuf *out);
/* One explanation as an object: what the database keeps. */
void explain_json_one(struct json *j, const struct explanation *x,
		      const struct explain_names *names);
/* Everything as `run --explain` stores it; release with store_failures_release(). */
int explain_to_store(const struct explanations *e, struct store_failures *out,
		     struct error *err) MUST_CHECK;

/* The pageblocks as characters with a legend; @marked: a pfn whose block is pointed at, or
 * UINT64_MAX. */
void explain_map_text(const struct explain_map *map, uint64_t marked, const struct explain_print *p,
		      struct strbuf *out);

/* Sentences, shared by the printers. */
void explain_verdict_words(const struct explanation *x, struct strbuf *out);
void explain_decision_words(const struct explain_decision *d, const struct explain_names *names,
			    struct strbuf *out);
void explain_page_words(const struct explain_page *p, struct strbuf *out);
void explain_task_words(const char *comm, uint32_t pid, struct strbuf *out);
void explain_way_words(const struct explain_way *w, struct strbuf *out);
const char *explain_note_name(enum mm_note_kind kind);

#endif
