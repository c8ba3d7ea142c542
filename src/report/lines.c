// SPDX-License-Identifier: GPL-2.0-only
/* The lines of a table and the cells in them. */
#include "report/build.h"

#include <stdlib.h>
#include <string.h>

#define ORDER_LINES 5 /* success rate for people; attempts, successes, fast and slow for data */
#define DERIVED_LINES 5

bool change_percent(enum better better, double base, double value, double *percent)
{
	if (better == BETTER_NONE || (base == 0 && value != 0))
		return false;
	if (base == value) {
		*percent = 0;
		return true;
	}
	*percent = 100 * (better == BETTER_MORE ? value - base : base - value) / base;
	return true;
}

static struct cell plain_cell(double value)
{
	return (struct cell){.present = true, .value = value, .low = value, .high = value};
}

static struct cell ranged_cell(struct ranged r, double scale)
{
	return (struct cell){.present = true,
			     .value = (double)r.central * scale,
			     .low = (double)r.low * scale,
			     .high = (double)r.high * scale};
}

/* Once a page was reclaimed, everything after it depends on which one it was. */
static bool rests_on_lru(const struct outcome *o)
{
	return o->approximate_lru && o->pages_reclaimed.high > 0;
}

static struct line *add_line(struct table *t, const char *key, const char *label,
			     enum line_unit unit, enum better better)
{
	struct line *line = &t->lines[t->nr_lines++];

	*line = (struct line){.unit = unit, .better = better, .for_people = true, .for_data = true};
	snprintf(line->key, sizeof(line->key), "%s", key);
	snprintf(line->label, sizeof(line->label), "%s", label);
	return line;
}

static struct cell *last_cell(struct table *t, size_t series)
{
	return &t->cells[(t->nr_lines - 1) * t->nr_series + series];
}

/* ---- figures as they are stored ---- */

static void figure_line(struct table *t, const struct figure *f)
{
	bool time = !strcmp(f->name, "stall_ns");
	struct line *line = add_line(t, f->name, f->label, time ? LINE_NS : LINE_COUNT, f->better);

	/* Defects are in the notes, what every policy shares is in the title. */
	line->for_people = f->about != FIGURE_DEFECT &&
			   (f->about != FIGURE_OF_THE_TRACE || !strcmp(f->name, "huge_wanted")) &&
			   strcmp(f->name, "huge_success");
	for (size_t i = 0; i < t->nr_series; i++) {
		const struct outcome *o = &t->series[i].run->outcome;
		struct cell *cell = last_cell(t, i);

		*cell = ranged_cell(figure_get(f, o), 1);
		cell->approximate = rests_on_lru(o) &&
				    (f->about == FIGURE_OF_THE_MODEL || f->about == FIGURE_UNKNOWN);
	}
}

/* ---- figures that follow from others ---- */

static void success_line(struct table *t)
{
	add_line(t, "success_rate", "Huge page success, %", LINE_PERCENT, BETTER_MORE);
	for (size_t i = 0; i < t->nr_series; i++) {
		const struct outcome *o = &t->series[i].run->outcome;
		struct ranged r = {(int64_t)o->huge_got, o->huge_success.low, o->huge_success.high};

		if (!o->huge_wanted)
			continue;
		*last_cell(t, i) = ranged_cell(r, 100.0 / (double)o->huge_wanted);
		last_cell(t, i)->approximate = rests_on_lru(o);
	}
}

/* Of what any policy could have got. */
static void possible_line(struct table *t)
{
	add_line(t, "share_of_possible", "  of the possible, %", LINE_PERCENT, BETTER_MORE);
	for (size_t i = 0; i < t->nr_series; i++) {
		const struct outcome *o = &t->series[i].run->outcome;
		struct ranged r = {(int64_t)o->huge_got, o->huge_success.low, o->huge_success.high};

		if (!o->huge_possible)
			continue;
		*last_cell(t, i) = ranged_cell(r, 100.0 / (double)o->huge_possible);
		last_cell(t, i)->approximate = rests_on_lru(o);
	}
}

static double pages_touched(const struct outcome *o)
{
	return (double)o->pages_migrated + (double)o->pages_reclaimed.central;
}

/* How much more than what no policy could have done without. */
static void work_line(struct table *t)
{
	add_line(t, "work_per_least", "  times that were", LINE_RATIO, BETTER_LESS);
	for (size_t i = 0; i < t->nr_series; i++) {
		const struct outcome *o = &t->series[i].run->outcome;

		if (!o->work_least)
			continue;
		*last_cell(t, i) = plain_cell(pages_touched(o) / (double)o->work_least);
		last_cell(t, i)->approximate = rests_on_lru(o);
	}
}

/* The line that people decide by: what a huge page more than the baseline costs. */
static void cost_line(struct table *t)
{
	const struct outcome *base = &t->series[0].run->outcome;

	add_line(t, "pages_per_gain", "Pages per huge page gained", LINE_RATIO, BETTER_NONE);
	for (size_t i = 1; i < t->nr_series; i++) {
		const struct outcome *o = &t->series[i].run->outcome;

		if (o->huge_got <= base->huge_got || t->series[0].recorded || t->series[i].recorded)
			continue;
		*last_cell(t, i) = plain_cell((pages_touched(o) - pages_touched(base)) /
					      (double)(o->huge_got - base->huge_got));
		last_cell(t, i)->approximate = rests_on_lru(o) || rests_on_lru(base);
	}
}

static void stall_line(struct table *t)
{
	add_line(t, "stall_per_success", "Stall per huge page, ms", LINE_NS, BETTER_LESS);
	for (size_t i = 0; i < t->nr_series; i++) {
		const struct outcome *o = &t->series[i].run->outcome;

		if (!o->huge_got || !o->stall_ns.central)
			continue;
		*last_cell(t, i) = ranged_cell(o->stall_ns, 1.0 / (double)o->huge_got);
		last_cell(t, i)->approximate = rests_on_lru(o);
	}
}

/* ---- success by order ---- */

static void order_count_line(struct table *t, int order, const char *what, size_t offset)
{
	char key[48];

	snprintf(key, sizeof(key), "order%d_%s", order, what);
	add_line(t, key, key, LINE_COUNT, BETTER_NONE)->for_people = false;
	for (size_t i = 0; i < t->nr_series; i++) {
		const struct outcome *o = &t->series[i].run->outcome;
		uint64_t count;

		memcpy(&count, (const char *)&o->orders[order] + offset, sizeof(count));
		*last_cell(t, i) = plain_cell((double)count);
		last_cell(t, i)->approximate = rests_on_lru(o);
	}
}

static void order_lines(struct table *t, int order)
{
	char key[48], label[64];

	snprintf(key, sizeof(key), "order%d_success", order);
	snprintf(label, sizeof(label), "Order %d success, %%", order);
	add_line(t, key, label, LINE_PERCENT, BETTER_MORE)->for_data = false;
	for (size_t i = 0; i < t->nr_series; i++) {
		const struct outcome *o = &t->series[i].run->outcome;
		const struct order_outcome *of = &o->orders[order];

		if (!of->attempts)
			continue;
		*last_cell(t, i) = plain_cell(100.0 * (double)of->successes / (double)of->attempts);
		last_cell(t, i)->approximate = rests_on_lru(o);
	}
	order_count_line(t, order, "attempts", offsetof(struct order_outcome, attempts));
	order_count_line(t, order, "successes", offsetof(struct order_outcome, successes));
	order_count_line(t, order, "fast", offsetof(struct order_outcome, fast));
	order_count_line(t, order, "slow", offsetof(struct order_outcome, slow));
}

/* ---- all of it ---- */

/* What the recorded kernel did is no answer to the same question: it is shown, not compared. */
static void compare_cells(struct table *t)
{
	for (size_t line = 0; line < t->nr_lines; line++)
		for (size_t i = 0; i < t->nr_series; i++) {
			const struct cell *base = table_cell(t, line, 0);
			struct cell *cell = &t->cells[line * t->nr_series + i];

			if (base->present && cell->present && !t->series[i].recorded)
				cell->compared = change_percent(t->lines[line].better, base->value,
								cell->value, &cell->change);
		}
}

int table_fill(struct table *t)
{
	size_t room = store_nr_figures + DERIVED_LINES + (size_t)ORDER_LINES * OUTCOME_NR_ORDERS;

	t->lines = calloc(room, sizeof(*t->lines));
	t->cells = calloc(room * t->nr_series, sizeof(*t->cells));
	if (!t->lines || !t->cells)
		return -1;
	for (size_t i = 0; i < store_nr_figures; i++) {
		figure_line(t, &store_figures[i]);
		if (!strcmp(store_figures[i].name, "huge_got"))
			success_line(t);
		else if (!strcmp(store_figures[i].name, "huge_possible"))
			possible_line(t);
		else if (!strcmp(store_figures[i].name, "work_least"))
			work_line(t);
		else if (!strcmp(store_figures[i].name, "pages_migrated"))
			cost_line(t);
		else if (!strcmp(store_figures[i].name, "stall_ns"))
			stall_line(t);
	}
	for (int order = 0; order < OUTCOME_NR_ORDERS; order++)
		order_lines(t, order);
	compare_cells(t);
	return 0;
}
