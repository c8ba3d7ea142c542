// SPDX-License-Identifier: GPL-2.0-only
/* Events from CSV, with libcsv. Every line that is not right is an error that names line and
 * column. */
#include "trace/pack.h"

#include <csv.h>
#include <errno.h>
#include <string.h>

enum column { COL_TIME, COL_CPU, COL_PID, COL_FLAGS, COL_EVENT, COL_VALUES };
#define NR_COLUMNS (COL_VALUES + 6)
#define NAME_CACHE 256

static const char *const column_names[NR_COLUMNS] = {"time_ns", "cpu", "pid", "flags", "event", "a",
						     "b",	"c",   "d",   "e",     "f"};

struct csv_input {
	struct packer *p;
	const char *path;
	struct error *err;
	uint64_t line;
	uint64_t more_lines; /* within quotes in this row */
	size_t column;	     /* of the next field */
	bool header_seen, comment, failed;
	/* the row so far */
	struct event e;
	bool has_time, has_cpu, is_comm;
	const struct event_desc *desc;
	const struct event_desc *names[NAME_CACHE];
};

/* Remembers the first problem; what comes after it is not looked at. */
static void fail(struct csv_input *in, const char *text, const char *problem)
{
	const char *name = in->column < NR_COLUMNS ? column_names[in->column] : "";

	if (in->failed)
		return;
	in->failed = true;
	error_set(in->err, "%s, line %llu, column %zu%s%s%s: %s%.60s%s%s", in->path,
		  (unsigned long long)in->line, in->column + 1, *name ? " (" : "", name,
		  *name ? ")" : "", text ? "\"" : "", text ? text : "", text ? "\" " : "", problem);
}

static void fail_row(struct csv_input *in, const char *problem)
{
	if (in->failed)
		return;
	in->failed = true;
	error_set(in->err, "%s, line %llu: %s", in->path, (unsigned long long)in->line, problem);
}

/* ---- the columns every event has ---- */

static bool take_u64(struct csv_input *in, const char *text, uint64_t max, uint64_t *out)
{
	if (parse_u64(text, out) && *out <= max)
		return true;
	fail(in, text, "is not a number that is possible here");
	return false;
}

static void take_time(struct csv_input *in, const char *text)
{
	if (!take_u64(in, text, UINT64_MAX - 1, &in->e.time))
		return;
	if (in->e.time < in->p->facts->last_time)
		fail(in, text, "is before the time of the line above; sort the events by time");
	in->has_time = true;
}

static void take_flags(struct csv_input *in, const char *text)
{
	const char *letter;

	for (const char *p = text; *p; p++) {
		letter = strchr(CSV_FLAGS, *p);
		if (!letter) {
			fail(in, text, "holds a letter that is none of " CSV_FLAGS);
			return;
		}
		in->e.flags |= (uint8_t)(1u << (letter - CSV_FLAGS));
	}
}

static unsigned int name_slot(const char *name)
{
	unsigned int h = 5381;

	for (; *name; name++)
		h = h * 33 + (unsigned char)*name;
	return h % NAME_CACHE;
}

static void take_event(struct csv_input *in, const char *text)
{
	const struct event_desc **slot = &in->names[name_slot(text)];

	if (!strcmp(text, CSV_COMM)) {
		in->is_comm = true;
		return;
	}
	if (!*slot || strcmp((*slot)->name, text))
		*slot = event_desc_by_name(text);
	in->desc = *slot;
	if (in->desc)
		in->e.kind = (uint8_t)in->desc->kind;
	else
		fail(in, text, "is no event that this program knows; traces/FORMAT.md lists them");
}

/* ---- the values ---- */

static void take_text(struct csv_input *in, const char *text, size_t len)
{
	if (strlen(text) != len) {
		fail(in, text, "is followed by a zero byte");
		return;
	}
	in->e.w[0] = packer_text(in->p, text, len);
	in->e.w[1] = len;
}

static bool parse_number(const char *text, uint64_t *out)
{
	int64_t n;

	if (*text == '-' && parse_i64(text, &n)) {
		*out = (uint64_t)n;
		return true;
	}
	return parse_u64(text, out);
}

static bool parse_type(const char *text, uint64_t *out)
{
	int mt = migratetype_by_name(text);

	*out = (uint64_t)mt;
	return mt >= 0 || (parse_u64(text, out) && *out < MT_NR);
}

static bool parse_value(enum field_type type, const char *text, uint64_t *out)
{
	uint32_t gfp;

	switch (type) {
	case FIELD_PFN:
		*out = UINT64_MAX;
		return !strcmp(text, CSV_NONE) || parse_u64(text, out);
	case FIELD_GFP:
		if (!gfp_parse(text, &gfp))
			return false;
		*out = gfp;
		return true;
	case FIELD_TYPE:
		return parse_type(text, out);
	case FIELD_SIGNED:
		return parse_number(text, out);
	default:
		return parse_u64(text, out);
	}
}

static void take_value(struct csv_input *in, size_t i, const char *text, size_t len)
{
	const char *name;

	if (in->is_comm) {
		if (i)
			fail(in, text, "is one column too many");
		else
			packer_comm(in->p, in->e.pid, text);
		return;
	}
	if (!in->desc) {
		fail(in, NULL, "there is no event in the column before");
		return;
	}
	name = i < ARRAY_SIZE(in->desc->fields) ? in->desc->fields[i] : NULL;
	if (!name)
		fail(in, text, "is one value too many for this event");
	else if (field_type(name) == FIELD_TEXT)
		take_text(in, text, len);
	else if (!parse_value(field_type(name), text, &in->e.w[i])) {
		fail(in, text, "is not a value that is possible here; it must be the event's");
		if (in->err)
			snprintf(in->err->text + strlen(in->err->text),
				 sizeof(in->err->text) - strlen(in->err->text), " \"%s\"", name);
	}
}

/* A value may be empty only where the kernel may lack it. */
static void take_nothing(struct csv_input *in, size_t i)
{
	const char *name =
		in->desc && i < ARRAY_SIZE(in->desc->fields) ? in->desc->fields[i] : NULL;
	enum field_type type = name ? field_type(name) : FIELD_NUMBER;

	if (!name)
		return;
	if (type == FIELD_MAY_LACK)
		in->e.w[i] = UINT64_MAX;
	else if (type == FIELD_TEXT)
		take_text(in, "", 0);
	else
		fail(in, NULL, "a value is missing");
}

/* ---- rows ---- */

static void take_header(struct csv_input *in, const char *text)
{
	if (in->column >= NR_COLUMNS || strcmp(text, column_names[in->column]))
		fail(in, text,
		     "is not the name of this column; the first line must be " CSV_HEADER);
}

static void take_field(struct csv_input *in, const char *text, size_t len)
{
	uint64_t n;

	switch (in->column) {
	case COL_TIME:
		take_time(in, text);
		break;
	case COL_CPU:
		if (take_u64(in, text, MAX_CPUS - 1, &n))
			in->e.cpu = (uint16_t)n;
		in->has_cpu = true;
		break;
	case COL_PID:
		if (take_u64(in, text, MAX_PID - 1, &n))
			in->e.pid = (uint32_t)n;
		break;
	case COL_FLAGS:
		take_flags(in, text);
		break;
	case COL_EVENT:
		take_event(in, text);
		break;
	default:
		take_value(in, in->column - COL_VALUES, text, len);
	}
}

static void on_field(void *data, size_t len, void *user)
{
	struct csv_input *in = user;
	const char *text = data;

	if (in->failed || in->comment)
		return;
	if (!in->column && text && *text == '#') {
		in->comment = true;
		in->column++;
		return;
	}
	if (!in->header_seen)
		take_header(in, text ? text : "");
	else if (text)
		take_field(in, text, len);
	else if (in->column >= COL_VALUES)
		take_nothing(in, in->column - COL_VALUES);
	for (size_t i = 0; text && i < len; i++)
		in->more_lines += text[i] == '\n';
	in->column++;
}

static void finish_event(struct csv_input *in)
{
	const char *problem;

	if (in->is_comm)
		return;
	if (!in->desc) {
		fail_row(in, "there is no event in column 5");
		return;
	}
	if (!in->has_time || !in->has_cpu) {
		fail_row(in, "an event needs a time in column 1 and a CPU in column 2");
		return;
	}
	for (; !in->failed && in->column < NR_COLUMNS; in->column++)
		take_nothing(in, in->column - COL_VALUES);
	problem = event_problem(&in->e);
	if (problem)
		fail_row(in, problem);
	else if (!in->failed && packer_event(in->p, &in->e, in->err))
		in->failed = true;
}

static void start_row(struct csv_input *in)
{
	in->column = 0;
	in->more_lines = 0;
	in->comment = in->has_time = in->has_cpu = in->is_comm = false;
	in->desc = NULL;
	in->e = (struct event){0};
}

/* Called for every end of line, that of an empty one too; @c is -1 at the end of the file. */
static void on_row(int c, void *user)
{
	struct csv_input *in = user;

	if (in->column && !in->comment && !in->failed) {
		if (in->header_seen)
			finish_event(in);
		in->header_seen = true;
	}
	in->line += in->more_lines + (c == '\n');
	start_row(in);
}

/* ---- the file ---- */

static int parse_stream(struct csv_input *in, struct csv_parser *parser, FILE *f)
{
	static const char broken[] = "the quotes are wrong: a value with a quote in it must be "
				     "quoted, and the quote doubled";
	char buf[65536];
	size_t n;

	while (!in->failed && (n = fread(buf, 1, sizeof(buf), f)) > 0) {
		if (csv_parse(parser, buf, n, on_field, on_row, in) != n)
			fail_row(in, csv_error(parser) == CSV_EPARSE
					     ? broken
					     : csv_strerror(csv_error(parser)));
	}
	if (!in->failed && ferror(f))
		fail_row(in, errno == EILSEQ ? "the file is not zstd, or damaged"
					     : "the file is cut off or cannot be read");
	if (!in->failed && csv_fini(parser, on_field, on_row, in))
		fail_row(in, broken);
	if (!in->failed && !in->header_seen)
		fail_row(in, "the file is empty; the first line must be " CSV_HEADER);
	return in->failed ? -1 : 0;
}

/* What an export could not put into rows. */
static void facts_from_manifest(struct pack_facts *f, const struct manifest *m)
{
	f->defects.unknown_events = (uint64_t)manifest_get_i64(m, "trace.unknown_events", 0);
	f->defects.malformed = (uint64_t)manifest_get_i64(m, "trace.malformed", 0);
	f->defects.time_backwards = (uint64_t)manifest_get_i64(m, "trace.time_backwards", 0);
}

int csv_read(struct packer *p, const struct capture *c, struct error *err)
{
	struct csv_input in = {.p = p, .path = c->trace_path, .err = err, .line = 1};
	struct csv_parser parser;
	FILE *f = zfile_read(c->trace_path, err);
	int ret;

	if (!f)
		return -1;
	if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL | CSV_EMPTY_IS_NULL |
				      CSV_REPALL_NL)) {
		fclose(f);
		return error_set(err, "out of memory");
	}
	facts_from_manifest(p->facts, &c->manifest);
	ret = parse_stream(&in, &parser, f);
	csv_free(&parser);
	fclose(f);
	return ret ? -1 : packer_finish(p, err);
}
