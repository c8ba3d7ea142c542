// SPDX-License-Identifier: GPL-2.0-only
#include "trace/trace.h"

#include <stdlib.h>
#include <string.h>

#define LEAD "zonereplay intent "

/* The number behind "key=" in the words of a marker; false when it is not there or not a number. */
static bool find_number(const char *text, const char *key, uint64_t *out)
{
	size_t len = strlen(key), word;
	char number[24];

	for (const char *p = text; *p; p += strspn(p, " ")) {
		word = strcspn(p, " ");
		if (!strncmp(p, key, len) && p[len] == '=' && word - len - 1 < sizeof(number)) {
			snprintf(number, sizeof(number), "%.*s", (int)(word - len - 1),
				 p + len + 1);
			return parse_u64(number, out);
		}
		p += word;
	}
	return false;
}

/* The last wish of this step that has no answer yet. */
static struct trace_intent *find_open(struct trace_intent *list, size_t nr, uint64_t step)
{
	while (nr--) {
		if (list[nr].step == step && !list[nr].answered)
			return &list[nr];
	}
	return NULL;
}

static void take_answer(struct trace_intent *list, size_t nr, const char *text, uint64_t got)
{
	struct trace_intent *open;
	uint64_t step = 0;

	find_number(text, "step", &step);
	open = find_open(list, nr, step);
	if (!open)
		return;
	open->got = got;
	open->answered = true;
	find_number(text, "ns", &open->ns);
}

static struct trace_intent wish_of(const char *text, uint64_t want, uint64_t time)
{
	struct trace_intent wish = {.time = time, .want = want};

	find_number(text, "step", &wish.step);
	find_number(text, "order", &wish.order);
	return wish;
}

int trace_intents(const struct trace *t, struct trace_intent **out, size_t *nr, struct error *err)
{
	const char *text;
	uint64_t n;

	*nr = 0;
	*out = t->kinds_seen[EV_MARKER] ? calloc(t->kinds_seen[EV_MARKER], sizeof(**out)) : NULL;
	if (!*out)
		return t->kinds_seen[EV_MARKER] ? error_set(err, "out of memory") : 0;
	for (uint64_t i = 0; i < t->nr; i++) {
		if (t->events[i].kind != EV_MARKER)
			continue;
		text = t->strings + t->events[i].w[0];
		if (strncmp(text, LEAD, strlen(LEAD)))
			continue;
		text += strlen(LEAD);
		if (find_number(text, "want", &n))
			(*out)[(*nr)++] = wish_of(text, n, t->events[i].time);
		else if (find_number(text, "got", &n))
			take_answer(*out, *nr, text, n);
	}
	return 0;
}
