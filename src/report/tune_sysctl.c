// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recommendation as a file for /etc/sysctl.d, and how it compares with what the machine counted
 * after it was put there. Counts are per page allocated, so that neither the time nor the load
 * between the two matters.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/tune.h"

#define MARK "#zonereplay "
#define FORMAT "format 1"

/* What is expected, the counters of /proc/vmstat that it is the sum of ('*': all that begin so). */
static const struct {
	const char *name, *counters[4];
} expectations[EXPECT_NR] = {
	[EXPECT_RECLAIMED] = {"pgsteal", {"pgsteal_kswapd", "pgsteal_direct", NULL}},
	[EXPECT_MOVED] = {"pgmigrate_success", {"pgmigrate_success", NULL}},
	[EXPECT_STALLS] = {"compact_stall", {"compact_stall", NULL}},
	[EXPECT_SUCCESSES] = {"compact_success", {"compact_success", NULL}},
	[EXPECT_FAILURES] = {"compact_fail", {"compact_fail", NULL}},
	[EXPECT_DIRECT] = {"allocstall", {"allocstall_*", NULL}},
};

/* ---- what is expected ---- */

static int64_t count_of(int which, const struct outcome *o)
{
	switch (which) {
	case EXPECT_RECLAIMED:
		return o->pages_reclaimed.central;
	case EXPECT_MOVED:
		return (int64_t)o->pages_migrated;
	case EXPECT_STALLS:
		return (int64_t)o->compact_stall;
	case EXPECT_SUCCESSES:
		return (int64_t)o->compact_success;
	case EXPECT_FAILURES:
		return (int64_t)o->compact_fail;
	default:
		return (int64_t)o->direct_reclaims;
	}
}

/* Pages that requests got. */
static uint64_t allocated(const struct outcome *o)
{
	uint64_t pages = 0;

	for (int order = 0; order < OUTCOME_NR_ORDERS; order++)
		pages += o->orders[order].successes << order;
	return pages;
}

static int64_t rate_of(uint64_t count, uint64_t pages)
{
	double rate = pages ? (double)count * EXPECT_PER / (double)pages : 0;

	return rate < 1e18 ? (int64_t)rate : (int64_t)1e18;
}

static void widen(struct ranged *r, int64_t rate)
{
	r->low = rate < r->low ? rate : r->low;
	r->high = rate > r->high ? rate : r->high;
}

/*
 * Central: over all captures together. The range: whatever one of the captures shows under one of
 * the scenarios, for the machine may have such a time again.
 */
static struct ranged rate(const struct tune_answer *a, int which)
{
	uint64_t pages = 0, count = 0;
	struct ranged r;

	for (size_t i = 0; i < a->nr; i++) {
		const struct outcome *o =
			&tune_row_of(&a->tunings[i].curve, a->advice->recommended)->outcome;

		pages += allocated(o);
		count += (uint64_t)count_of(which, o);
	}
	r.central = r.low = r.high = rate_of(count, pages);
	for (size_t i = 0; i < a->nr; i++) {
		const struct tune_curve *c = &a->tunings[i].curve;
		const struct tune_row *row = tune_row_of(c, a->advice->recommended);

		for (size_t s = 0; s < c->nr_scenarios; s++)
			widen(&r, rate_of((uint64_t)count_of(which, &row->scenario[s]),
					  allocated(&row->outcome)));
	}
	return r;
}

/* Text from outside goes into one comment line. */
static void put_line(struct strbuf *out, const char *what, const char *text)
{
	strbuf_printf(out, "# %s: ", what);
	for (; *text; text++)
		strbuf_printf(out, "%c", (unsigned char)*text < ' ' ? ' ' : *text);
	strbuf_puts(out, "\n");
}

void tune_sysctl(const struct tune_answer *a, const char *program, const char *command,
		 struct strbuf *out)
{
	strbuf_puts(out, "# From recordings of this fleet's memory, replayed under every value.\n");
	put_line(out, "Written by", program);
	put_line(out, "Command", command);
	for (size_t i = 0; i < a->nr; i++) {
		const struct store_tuning *t = &a->tunings[i];
		struct strbuf text;

		strbuf_init(&text);
		strbuf_printf(&text, "%s (%s), kernel %s, %" PRIu64 " events", t->capture.name,
			      t->capture.id, t->capture.release, t->capture.events);
		put_line(out, "Capture", text.s);
		strbuf_release(&text);
	}
	put_line(out, "Objective", a->objective->text);
	put_line(out, "Verdict", a->advice->verdict);
	strbuf_puts(out, "# Expected per thousand million pages allocated: value, low, high.\n"
			 "# `zonereplay tune --check FILE` compares this with /proc/vmstat.\n");
	strbuf_puts(out, MARK FORMAT "\n");
	for (int i = 0; i < EXPECT_NR; i++) {
		struct ranged r = rate(a, i);

		strbuf_printf(out, MARK "%s %" PRId64 " %" PRId64 " %" PRId64 "\n",
			      expectations[i].name, r.central, r.low, r.high);
	}
	strbuf_printf(out, "vm.extfrag_threshold = %d\n", a->advice->recommended);
}

/* ---- reading it back ---- */

static int bad_line(const char *path, size_t number, const char *what, struct error *err)
{
	return error_set(err, "%s:%zu: %s; `zonereplay tune --emit` writes this file", path, number,
			 what);
}

static bool parse_numbers(char *text, int64_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *word = strsep(&text, " ");

		if (!word || !parse_i64(word, &v[i]))
			return false;
	}
	return !text;
}

static int parse_expectation(struct tune_expected *e, char *line, const char *path, size_t number,
			     struct error *err)
{
	char *name = strsep(&line, " ");
	int64_t v[3];

	for (int i = 0; i < EXPECT_NR; i++) {
		if (strcmp(name, expectations[i].name))
			continue;
		if (!line || !parse_numbers(line, v, 3) || v[1] > v[0] || v[2] < v[0] || v[1] < 0)
			return bad_line(path, number, "not a value with its low and high", err);
		e->rate[i] = (struct ranged){v[0], v[1], v[2]};
		e->known[i] = true;
		return 0;
	}
	return bad_line(path, number, "an expectation that this program does not know", err);
}

static int parse_setting(struct tune_expected *e, const char *line, const char *path, size_t number,
			 struct error *err)
{
	static const char key[] = "vm.extfrag_threshold";
	int64_t value;

	if (strncmp(line, key, sizeof(key) - 1))
		return bad_line(path, number, "not a line of such a file", err);
	line += sizeof(key) - 1;
	line += strspn(line, " \t");
	if (*line++ != '=')
		return bad_line(path, number, "no = after the name", err);
	line += strspn(line, " \t");
	if (!parse_i64(line, &value) || value < 0 || value > TUNE_MAX_THRESHOLD)
		return bad_line(path, number, "not a threshold from 0 to 1000", err);
	e->threshold = (int32_t)value;
	return 0;
}

static int parse_line(struct tune_expected *e, char *line, bool *format, const char *path,
		      size_t number, struct error *err)
{
	size_t mark = sizeof(MARK) - 1;

	if (strncmp(line, MARK, mark))
		return !*line || *line == '#' ? 0 : parse_setting(e, line, path, number, err);
	if (!strcmp(line + mark, FORMAT)) {
		*format = true;
		return 0;
	}
	return parse_expectation(e, line + mark, path, number, err);
}

int tune_expected_parse(struct tune_expected *e, const char *text, const char *path,
			struct error *err)
{
	char *copy = strdup(text), *rest = copy, *line;
	bool format = false;
	size_t number = 0;
	int rc = 0;

	*e = (struct tune_expected){.threshold = -1};
	if (!copy)
		return error_set(err, "out of memory");
	while (!rc && (line = strsep(&rest, "\n")))
		rc = parse_line(e, line, &format, path, ++number, err);
	free(copy);
	if (rc)
		return -1;
	if (!format || e->threshold < 0)
		return error_set(err,
				 "%s: no expectations in it; `zonereplay tune --emit` writes "
				 "such a file",
				 path);
	return 0;
}

/* ---- what was counted ---- */

static bool counter_is(const char *name, size_t len, const char *pattern)
{
	size_t n = strcspn(pattern, "*");

	return len >= n && !strncmp(name, pattern, n) && (pattern[n] || len == n);
}

static void add_counter(struct tune_counted *c, const char *name, size_t len, uint64_t value)
{
	if (counter_is(name, len, "pgalloc_*"))
		c->allocated += value;
	for (int i = 0; i < EXPECT_NR; i++)
		for (const char *const *p = expectations[i].counters; *p; p++)
			if (counter_is(name, len, *p))
				c->count[i] += value;
}

int tune_counted_parse(struct tune_counted *c, const char *text, const char *path,
		       struct error *err)
{
	char *copy = strdup(text), *rest = copy, *line;

	*c = (struct tune_counted){0};
	if (!copy)
		return error_set(err, "out of memory");
	while ((line = strsep(&rest, "\n"))) {
		size_t len = strcspn(line, " ");
		uint64_t value;

		if (line[len] && parse_u64(line + len + 1, &value))
			add_counter(c, line, len, value);
	}
	free(copy);
	if (!c->allocated)
		return error_set(err, "%s: no pgalloc counters; give a copy of /proc/vmstat", path);
	return 0;
}

/* ---- both ---- */

static enum tune_hit hit(const struct ranged *expected, int64_t counted)
{
	if (counted >= expected->low && counted <= expected->high)
		return HIT_INSIDE;
	return counted >= expected->low / 2 && counted / 2 <= expected->high ? HIT_NEAR : HIT_OFF;
}

int tune_compare(struct tune_check *check, const struct tune_expected *e,
		 const struct tune_counted *before, const struct tune_counted *after, int32_t set,
		 struct error *err)
{
	static const struct tune_counted zero;

	*check = (struct tune_check){.set = set, .good = set < 0 || set == e->threshold};
	if (!before)
		before = &zero;
	if (after->allocated <= before->allocated)
		return error_set(err,
				 "no page was allocated between the two vmstat files; give the "
				 "earlier one to --since");
	for (int i = 0; i < EXPECT_NR; i++) {
		int64_t counted;

		if (!e->known[i])
			continue;
		if (after->count[i] < before->count[i])
			return error_set(err,
					 "%s fell between the two vmstat files: the machine was "
					 "restarted between them",
					 expectations[i].name);
		counted = rate_of(after->count[i] - before->count[i],
				  after->allocated - before->allocated);
		check->lines[check->nr].name = expectations[i].name;
		check->lines[check->nr].expected = e->rate[i];
		check->lines[check->nr].counted = counted;
		check->lines[check->nr].hit = hit(&e->rate[i], counted);
		check->good &= check->lines[check->nr++].hit != HIT_OFF;
	}
	return 0;
}

static const char *hit_name(enum tune_hit h)
{
	return h == HIT_INSIDE ? "as expected" : h == HIT_NEAR ? "within a factor of 2" : "off";
}

void tune_check_text(const struct tune_check *check, const struct tune_expected *e,
		     struct strbuf *out)
{
	if (check->set >= 0 && check->set != e->threshold)
		strbuf_printf(out,
			      "vm.extfrag_threshold is %d, not %d: the file is not in force.\n",
			      check->set, e->threshold);
	strbuf_printf(out, "%-20s %30s %12s\n", "per 1000 M pages", "expected [low..high]",
		      "counted");
	for (size_t i = 0; i < check->nr; i++) {
		const struct ranged *r = &check->lines[i].expected;
		char text[80];

		snprintf(text, sizeof(text), "%" PRId64 " [%" PRId64 "..%" PRId64 "]", r->central,
			 r->low, r->high);
		strbuf_printf(out, "%-20s %30s %12" PRId64 "  %s\n", check->lines[i].name, text,
			      check->lines[i].counted, hit_name(check->lines[i].hit));
	}
	strbuf_puts(out, check->good ? "The machine does what was predicted.\n"
				     : "The machine does not do what was predicted.\n");
}

void tune_check_json(const struct tune_check *check, const struct tune_expected *e,
		     struct strbuf *out)
{
	struct json j;

	json_init(&j, out);
	json_object(&j, NULL);
	json_i64(&j, "threshold", e->threshold);
	if (check->set >= 0)
		json_i64(&j, "set", check->set);
	else
		json_null(&j, "set");
	json_bool(&j, "good", check->good);
	json_array(&j, "counters");
	for (size_t i = 0; i < check->nr; i++) {
		json_object(&j, NULL);
		json_string(&j, "name", check->lines[i].name);
		json_i64(&j, "expected", check->lines[i].expected.central);
		json_i64(&j, "expected_low", check->lines[i].expected.low);
		json_i64(&j, "expected_high", check->lines[i].expected.high);
		json_i64(&j, "counted", check->lines[i].counted);
		json_string(&j, "result", hit_name(check->lines[i].hit));
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
}
