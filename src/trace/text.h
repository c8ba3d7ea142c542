/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside src/trace: the values behind an event's name in ftrace text. */
#ifndef ZR_TRACE_TEXT_H
#define ZR_TRACE_TEXT_H

#include "trace/trace.h"

struct text_values {
	uint64_t types[16]; /* enum migratetype of the recording kernel's number */
	uint64_t page_shift;
	bool refill_invented;		 /* printed percpu_refill is no field, before 5.19 */
	uint32_t gfp_atomic, gfp_nowait; /* what these words mean on the recording kernel */
};

void text_values_init(struct text_values *v, const struct capture *c);
/* Fills e->w; false when a value that the event cannot do without is not there. */
bool text_values_find(const struct text_values *v, const struct event_desc *desc, const char *text,
		      struct event *e);

#endif
