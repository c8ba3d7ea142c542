/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside the report: the parts of the page. */
#ifndef ZR_REPORT_HTML_H
#define ZR_REPORT_HTML_H

#include "report/build.h"

/* <tag class="...">text</tag>; no class: NULL. */
void html_element(struct strbuf *out, const char *tag, const char *class_name, const char *text);
/* A box that scrolls sideways on a narrow screen, reachable by keyboard, and its end. */
void html_wide(struct strbuf *out, const char *label);
void html_wide_end(struct strbuf *out);

/* Kernel, era, start, events, fidelity. */
void html_facts(const struct table *t, struct strbuf *out);
/* A row per policy with the figures that people decide by. */
void html_key_figures(const struct table *t, struct strbuf *out);
/* A row per figure. */
void html_all_figures(const struct table *t, struct strbuf *out);
void html_provenance(const struct table *t, struct strbuf *out);

/* Requests that failed, each with its explanation. */
void html_failures(const struct table *t, struct strbuf *out);
/* The map of pageblocks; nothing where no series has one. @every: keep each so manieth moment. */
int html_map(const struct table *t, uint32_t every, struct strbuf *out,
	     struct error *err) MUST_CHECK;

#endif
