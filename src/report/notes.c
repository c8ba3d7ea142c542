// SPDX-License-Identifier: GPL-2.0-only
/* What has to be said under a table, in words. */
#include "report/build.h"

#include <stdlib.h>
#include <string.h>

static void add_note(struct table *t, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void add_note(struct table *t, const char *fmt, ...)
{
	char **notes = realloc(t->notes, (t->nr_notes + 1) * sizeof(*notes));
	struct strbuf seen;
	char *text;
	va_list ap;

	if (!notes)
		abort(); /* as strbuf does */
	t->notes = notes;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	strbuf_init(&seen);
	visible_text(&seen, text);
	free(text);
	t->notes[t->nr_notes++] = strbuf_detach(&seen);
}

static void note_marks(struct table *t, double floor)
{
	bool approximate = false;

	for (size_t i = 0; i < t->nr_lines * t->nr_series; i++)
		approximate |= t->cells[i].approximate;
	if (approximate)
		add_note(t, "~ approximate LRU: the figure rests on the order in which pages are "
			    "reclaimed, which is inferred from the trace (no accessed bits).");
	if (t->capture->fidelity < 0)
		add_note(t,
			 "! fidelity not known: `zonereplay verify %s` tells how well the model "
			 "predicts this recording.",
			 t->capture->name);
	else if (t->suspect)
		add_note(t,
			 "! fidelity below %.4g %%: verify predicts %.2f %% of this recording's "
			 "page "
			 "allocations; take the figures as a hint only.",
			 floor, t->capture->fidelity);
}

static void note_ranges(struct table *t)
{
	for (size_t i = 0; i < t->nr_lines * t->nr_series; i++)
		if (t->cells[i].low != t->cells[i].high) {
			add_note(t, "[low..high]: range over the scenarios, not a confidence "
				    "interval.");
			return;
		}
}

/* Which assumption moves the answer most. */
static void note_assumptions(struct table *t)
{
	for (size_t i = 0; i < t->nr_series; i++) {
		const struct outcome *o = &t->series[i].run->outcome;

		if (o->assumption[0])
			add_note(t, "%s: of the assumptions, \"%s\" moves the answer most.",
				 t->series[i].name, o->assumption);
	}
}

static bool any_cell(const struct table *t, const char *key)
{
	for (size_t line = 0; line < t->nr_lines; line++)
		for (size_t i = 0; i < t->nr_series; i++)
			if (!strcmp(t->lines[line].key, key) && table_cell(t, line, i)->present)
				return true;
	return false;
}

static void note_derived(struct table *t)
{
	if (any_cell(t, "pages_per_gain"))
		add_note(
			t,
			"Pages per huge page gained: pages moved and reclaimed beyond those of %s, "
			"for each huge page beyond those of %s.",
			t->series[0].name, t->series[0].name);
}

static void note_start(struct table *t)
{
	const struct outcome *o = &t->series[0].run->outcome;

	if (!o->era_exact)
		add_note(t,
			 "era %s is the nearest one known to the recording release, not its own.",
			 o->era);
	if (strcmp(t->capture->initial_state, "exact"))
		add_note(t,
			 "start %s: the order of the free lists at the beginning is a guess; "
			 "an exact snapshot would know it.",
			 t->capture->initial_state);
}

static uint64_t most(const struct table *t, const char *name)
{
	uint64_t max = 0;

	for (size_t i = 0; i < t->nr_series; i++) {
		struct ranged r = figure_get(figure_find(name), &t->series[i].run->outcome);

		if ((uint64_t)r.central > max)
			max = (uint64_t)r.central;
	}
	return max;
}

static void note_defects(struct table *t)
{
	uint64_t lost = most(t, "lost_events");
	uint64_t frees = most(t, "unknown_frees");
	uint64_t allocs = most(t, "double_allocs");

	if (t->capture->lost_events > lost)
		lost = t->capture->lost_events;
	if (lost || frees || allocs)
		add_note(t,
			 "Defects of the recording: %llu events lost, %llu frees of unknown pages, "
			 "%llu allocations of pages already out.",
			 (unsigned long long)lost, (unsigned long long)frees,
			 (unsigned long long)allocs);
}

static void note_series(struct table *t)
{
	bool recorded = false;

	for (size_t i = 0; i < t->nr_series; i++) {
		const struct outcome *o = &t->series[i].run->outcome;

		recorded |= t->series[i].recorded;
		if (*o->params)
			add_note(t, "%s: %s", o->policy, o->params);
	}
	if (recorded)
		add_note(t, "recorded: what the recorded kernel itself did, from the trace; not a "
			    "what-if and not compared.");
}

void table_notes(struct table *t, double floor)
{
	note_marks(t, floor);
	note_ranges(t);
	note_assumptions(t);
	note_derived(t);
	note_start(t);
	note_defects(t);
	add_note(t, "Open clock: requests come when they came in the recording, however long a "
		    "policy takes.");
	note_series(t);
}
