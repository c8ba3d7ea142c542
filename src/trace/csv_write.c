// SPDX-License-Identifier: GPL-2.0-only
/* Events as CSV: values as a person would write them, meant by their place (traces/FORMAT.md). */
#include "trace/pack.h"

#include <csv.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROW (GFP_TEXT + 256) /* room for any row that holds no text */
#define LOOK_EVERY 65536

/* printf takes most of the time of an export otherwise. */
static char *put_number(char *p, uint64_t n)
{
	char digits[20];
	int nr = 0;

	do {
		digits[nr++] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	while (nr)
		*p++ = digits[--nr];
	return p;
}

static char *put_hex(char *p, uint64_t n)
{
	int shift = n ? (63 - __builtin_clzll(n)) / 4 * 4 : 0;

	*p++ = '0';
	*p++ = 'x';
	for (; shift >= 0; shift -= 4)
		*p++ = "0123456789abcdef"[n >> shift & 15];
	return p;
}

static char *put_signed(char *p, uint64_t n)
{
	if ((int64_t)n >= 0)
		return put_number(p, n);
	*p++ = '-';
	return put_number(p, 0 - n);
}

static char *put_value(char *p, enum field_type type, uint64_t v)
{
	switch (type) {
	case FIELD_PFN:
		return v == UINT64_MAX ? stpcpy(p, CSV_NONE) : put_hex(p, v);
	case FIELD_GFP:
		return p + gfp_format((uint32_t)v, p);
	case FIELD_TYPE:
		return stpcpy(p, migratetype_name((enum migratetype)v));
	case FIELD_ADDRESS:
		return put_hex(p, v);
	case FIELD_MAY_LACK:
		return v == UINT64_MAX ? p : put_number(p, v);
	case FIELD_SIGNED:
		return put_signed(p, v);
	default:
		return put_number(p, v);
	}
}

static char *put_start(char *p, const struct event *e)
{
	p = put_number(p, e->time);
	*p++ = ',';
	p = put_number(p, e->cpu);
	*p++ = ',';
	p = put_number(p, e->pid);
	*p++ = ',';
	for (size_t i = 0; CSV_FLAGS[i]; i++) {
		if (e->flags & 1u << i)
			*p++ = CSV_FLAGS[i];
	}
	*p++ = ',';
	return stpcpy(p, event_desc(e->kind)->name);
}

static void put_event(FILE *out, const struct trace *t, const struct event *e,
		      const enum field_type types[EV_NR_KINDS][6])
{
	const struct event_desc *desc = event_desc(e->kind);
	char row[ROW], *p = put_start(row, e);

	if (e->kind == EV_MARKER) {
		*p++ = ',';
		fwrite(row, 1, (size_t)(p - row), out);
		csv_fwrite(out, t->strings + e->w[0], e->w[1]);
		fputc('\n', out);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(desc->fields) && desc->fields[i]; i++) {
		*p++ = ',';
		p = put_value(p, types[e->kind][i], e->w[i]);
	}
	*p++ = '\n';
	fwrite(row, 1, (size_t)(p - row), out);
}

static void put_comms(FILE *out, const struct trace *t)
{
	for (size_t i = 0; i < t->nr_comms; i++) {
		fprintf(out, ",,%" PRIu32 ",," CSV_COMM ",", t->comms[i].pid);
		csv_fwrite(out, t->comms[i].comm, strlen(t->comms[i].comm));
		fputc('\n', out);
	}
}

static void put_all(FILE *out, const struct trace *t, struct progress *prog)
{
	enum field_type types[EV_NR_KINDS][6] = {0};
	const struct event_desc *desc;

	for (int kind = EV_NONE + 1; kind < EV_NR_KINDS; kind++) {
		desc = event_desc(kind);
		for (size_t i = 0; i < ARRAY_SIZE(desc->fields) && desc->fields[i]; i++)
			types[kind][i] = field_type(desc->fields[i]);
	}
	fputs(CSV_HEADER "\n", out);
	put_comms(out, t);
	for (uint64_t i = 0; i < t->nr; i++) {
		if (i % LOOK_EVERY == 0) {
			progress_update(prog, "writing CSV", i, t->nr);
			if (ferror(out))
				return;
		}
		put_event(out, t, &t->events[i], (const enum field_type(*)[6])types);
	}
}

int trace_export_csv(const struct trace *t, const char *path, struct progress *prog,
		     struct error *err)
{
	struct strbuf temp;
	bool bad;
	FILE *out;
	int ret = -1;

	strbuf_init(&temp);
	strbuf_printf(&temp, "%s.%ld.tmp", path, (long)getpid());
	out = zfile_write(temp.s, path, err);
	if (out) {
		put_all(out, t, prog);
		bad = ferror(out) != 0;
		bad |= fclose(out) != 0;
		if (bad || rename(temp.s, path)) {
			error_set(err, "%s: cannot write: %s", path, strerror(errno));
			unlink(temp.s);
		} else {
			ret = 0;
		}
	}
	strbuf_release(&temp);
	return ret;
}
