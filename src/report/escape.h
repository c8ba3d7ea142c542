/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside the report: names come from recordings and databases that may be hostile. What a reader
 * cannot see, or what turns the text around it, is spelled out (\x07, \u202e); what a format reads
 * as its own is escaped in the way of that format.
 */
#ifndef ZR_REPORT_ESCAPE_H
#define ZR_REPORT_ESCAPE_H

#include "base/base.h"

/* Control and bidirectional characters, line separators and bytes that are not UTF-8 spelled out.
 */
void visible_text(struct strbuf *out, const char *text);
/* The same as the inside of an HTML element or attribute. */
void html_text(struct strbuf *out, const char *text);
/* The same for markdown. */
void markdown_text(struct strbuf *out, const char *text);
/* The same as a field of CSV that no spreadsheet takes for a formula; a comma before it unless
 * @first; quoted by libcsv where needed. */
void csv_field(struct strbuf *out, bool first, const char *text);
/* The same for gnuplot's strings in single quotes: quotes become typographic ones. */
void gnuplot_text(struct strbuf *out, const char *text);
/* JSON for a <script> element: nothing in it can end the element. Without line ends and
 * indentation. */
void json_in_html(struct strbuf *out, const char *json);

#endif
