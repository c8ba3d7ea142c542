// SPDX-License-Identifier: GPL-2.0-only
/*
 * The manifest: an INI file read with inih. inih reads lines of at most 200 bytes and takes ";"
 * after a blank for a comment, so long values are written over several lines and odd bytes as
 * backslash and two hex digits (traces/FORMAT.md).
 */
#include "capture/capture.h"

#include <ctype.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#define MANIFEST_VERSION 1
#define MAX_FILE (4u << 20)
#define MAX_INI_LINE 197 /* what inih takes into its buffer */
#define MAX_INI_NAME 48	 /* longer section and key names are cut by inih */
#define CHUNK 100	 /* bytes of a value on one line */

/* ---- the fixed keys ---- */

enum field_type { FIELD_INT, FIELD_U32, FIELD_U64, FIELD_HEX, FIELD_TEXT };

static const struct field {
	const char *key;
	enum field_type type;
	size_t offset, size;
	uint64_t max; /* of numbers */
} fields[] = {
#define NUMBER(key, type, member, max)                                                             \
	{                                                                                          \
		key, type, offsetof(struct manifest, member),                                      \
			sizeof(((struct manifest *)0)->member), max                                \
	}
#define TEXT(key, member) NUMBER(key, FIELD_TEXT, member, 0)
	NUMBER("capture.version", FIELD_INT, version, INT32_MAX),
	TEXT("capture.workload", workload),
	TEXT("capture.events", events),
	NUMBER("capture.recorder_pid", FIELD_U64, recorder_pid, UINT32_MAX),
	TEXT("kernel.release", release),
	TEXT("kernel.version", kversion),
	TEXT("kernel.arch", arch),
	NUMBER("kernel.page_size", FIELD_U32, page_size, 1u << 24),
	NUMBER("kernel.nr_orders", FIELD_U32, nr_orders, SNAP_MAX_ORDERS),
	NUMBER("kernel.pageblock_order", FIELD_U32, pageblock_order, SNAP_MAX_ORDERS - 1),
	NUMBER("kernel.nr_cpus", FIELD_U32, nr_cpus, 8192),
	NUMBER("kernel.nr_nodes", FIELD_U32, nr_nodes, 1024),
	NUMBER("kernel.page_struct_size", FIELD_U64, page_struct_size, 4096),
	NUMBER("kernel.vmemmap_base", FIELD_HEX, vmemmap_base, UINT64_MAX),
#undef NUMBER
#undef TEXT
};

#define TYPES_KEY                                                                                  \
	"kernel.migratetypes" /* names separated by blanks, in the kernel's numeric order */

static const struct field *field_find(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (!strcmp(fields[i].key, key))
			return &fields[i];
	}
	return NULL;
}

static bool field_is_set(const struct manifest *m, const struct field *f)
{
	const char *p = (const char *)m + f->offset;

	for (size_t i = 0; i < f->size; i++) {
		if (p[i])
			return true;
		if (f->type == FIELD_TEXT)
			return false;
	}
	return false;
}

static void field_format(const struct manifest *m, const struct field *f, struct strbuf *out)
{
	const char *p = (const char *)m + f->offset;
	uint64_t wide;
	uint32_t word;
	int number;

	switch (f->type) {
	case FIELD_TEXT:
		strbuf_puts(out, p);
		break;
	case FIELD_INT:
		memcpy(&number, p, sizeof(number));
		strbuf_printf(out, "%d", number);
		break;
	case FIELD_U32:
		memcpy(&word, p, sizeof(word));
		strbuf_printf(out, "%u", word);
		break;
	default:
		memcpy(&wide, p, sizeof(wide));
		strbuf_printf(out, f->type == FIELD_HEX ? "0x%llx" : "%llu",
			      (unsigned long long)wide);
	}
}

static int field_parse(struct manifest *m, const struct field *f, const char *value,
		       struct error *err)
{
	char *p = (char *)m + f->offset;
	uint64_t wide = 0;
	uint32_t word;

	if (f->type == FIELD_TEXT) {
		if (strlen(value) >= f->size)
			return error_set(err, "the value of %s is longer than %zu bytes", f->key,
					 f->size - 1);
		snprintf(p, f->size, "%s", value);
		return 0;
	}
	if (!parse_u64(value, &wide) || wide > f->max)
		return error_set(
			err, "the value of %s is \"%.40s\", but a number of at most %llu is needed",
			f->key, value, (unsigned long long)f->max);
	word = (uint32_t)wide;
	memcpy(p, f->size == 4 ? (void *)&word : (void *)&wide, f->size);
	return 0;
}

static int types_parse(struct manifest *m, const char *value, struct error *err)
{
	size_t nr = 0, len;

	memset(m->migratetypes, 0, sizeof(m->migratetypes));
	for (const char *p = value; *p; p += strspn(p, " ")) {
		len = strcspn(p, " ");
		if (nr == SNAP_MAX_TYPES || len >= sizeof(m->migratetypes[0]))
			return error_set(err,
					 "the value of " TYPES_KEY
					 " must be at most %d names of at most 15 bytes",
					 SNAP_MAX_TYPES);
		memcpy(m->migratetypes[nr++], p, len);
		p += len;
	}
	return 0;
}

/* ---- pairs ---- */

void manifest_init(struct manifest *m)
{
	memset(m, 0, sizeof(*m));
	m->version = MANIFEST_VERSION;
}

void manifest_release(struct manifest *m)
{
	for (size_t i = 0; i < m->nr_pairs; i++) {
		free(m->keys[i]);
		free(m->values[i]);
	}
	free(m->keys);
	free(m->values);
	manifest_init(m);
}

static ptrdiff_t pair_find(const struct manifest *m, const char *key)
{
	for (size_t i = 0; i < m->nr_pairs; i++) {
		if (!strcmp(m->keys[i], key))
			return (ptrdiff_t)i;
	}
	return -1;
}

const char *manifest_get(const struct manifest *m, const char *key)
{
	ptrdiff_t i = pair_find(m, key);

	return i < 0 ? NULL : m->values[i];
}

int64_t manifest_get_i64(const struct manifest *m, const char *key, int64_t def)
{
	const char *value = manifest_get(m, key);
	int64_t n;

	return value && parse_i64(value, &n) ? n : def;
}

static char *must_strdup(const char *s)
{
	struct strbuf sb;

	strbuf_init(&sb);
	strbuf_puts(&sb, s);
	return strbuf_detach(&sb);
}

static void *must_grow(void *array, size_t nr, size_t size)
{
	void *p = reallocarray(array, nr + 1, size);

	if (!p)
		abort(); /* out of memory: as strbuf_add does */
	return p;
}

void manifest_set(struct manifest *m, const char *key, const char *value)
{
	ptrdiff_t i = pair_find(m, key);

	if (i >= 0) {
		free(m->values[i]);
		m->values[i] = must_strdup(value);
		return;
	}
	m->keys = must_grow(m->keys, m->nr_pairs, sizeof(*m->keys));
	m->values = must_grow(m->values, m->nr_pairs, sizeof(*m->values));
	m->keys[m->nr_pairs] = must_strdup(key);
	m->values[m->nr_pairs++] = must_strdup(value);
}

/* ---- reading ---- */

struct loader {
	const char *next;
	int line;
	struct manifest *m; /* every pair, the fixed ones too, until the end */
	char last[2 * MAX_INI_NAME + 2];
	char problem[160];
	int problem_line;
};

/* inih's fgets. Lines fit: check_lines has seen them. */
static char *read_line(char *buf, int size, void *stream)
{
	struct loader *l = stream;
	size_t len = strcspn(l->next, "\n");

	if (!*l->next)
		return NULL;
	len += l->next[len] == '\n';
	snprintf(buf, (size_t)size, "%.*s", (int)len, l->next);
	l->next += len;
	l->line++;
	return buf;
}

static int hex_digit(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	return isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

static bool unescape(const char *s, struct strbuf *out)
{
	char byte;

	for (; *s; s++) {
		byte = *s;
		if (byte == '\\') {
			if (hex_digit(s[1]) < 0 || hex_digit(s[2]) < 0)
				return false;
			byte = (char)(hex_digit(s[1]) * 16 + hex_digit(s[2]));
			if (!byte)
				return false;
			s += 2;
		}
		strbuf_add(out, &byte, 1);
	}
	return true;
}

static int complain(struct loader *l, const char *what, const char *key)
{
	if (!l->problem_line) {
		snprintf(l->problem, sizeof(l->problem), "%s \"%.*s\"", what, MAX_INI_NAME, key);
		l->problem_line = l->line;
	}
	return 0; /* inih: error on this line */
}

/* inih gives the lines of a value that goes over several one by one, with the same key. */
static int on_pair(void *user, const char *section, const char *name, const char *value)
{
	struct loader *l = user;
	char key[sizeof(l->last)];
	const char *old;
	struct strbuf sb;
	bool fine;

	if (strlen(section) > MAX_INI_NAME || strlen(name) > MAX_INI_NAME)
		return complain(l, "a section or key has a name longer than 48 bytes:", name);
	if (!*section)
		return complain(l, "there is no [section] line before key", name);
	snprintf(key, sizeof(key), "%s.%s", section, name);
	old = manifest_get(l->m, key);
	if (old && strcmp(key, l->last))
		return complain(l, "there is a second key", name);
	strbuf_init(&sb);
	strbuf_puts(&sb, old ? old : "");
	fine = unescape(value, &sb);
	if (fine)
		manifest_set(l->m, key, sb.s);
	strbuf_release(&sb);
	snprintf(l->last, sizeof(l->last), "%s", key);
	return fine ? 1 : complain(l, "a backslash without two hex digits in the value of", name);
}

static int check_lines(const char *text, size_t len, const char *path, struct error *err)
{
	size_t line = 1, column = 0;

	for (size_t i = 0; i < len; i++) {
		column = text[i] == '\n' ? 0 : column + 1;
		line += text[i] == '\n';
		if (column > MAX_INI_LINE)
			return error_set(err,
					 "%s, line %zu: longer than %d bytes; let the value go on "
					 "in a next line that "
					 "begins with a blank",
					 path, line, MAX_INI_LINE);
		if (!text[i])
			return error_set(err, "%s, line %zu: a zero byte; this is not a manifest",
					 path, line);
	}
	return 0;
}

/* Moves what has a place in the struct out of the pairs. */
static int take_fields(const struct manifest *all, struct manifest *m, struct error *err)
{
	const struct field *f;

	for (size_t i = 0; i < all->nr_pairs; i++) {
		f = field_find(all->keys[i]);
		if (f && field_parse(m, f, all->values[i], err))
			return -1;
		if (!f && !strcmp(all->keys[i], TYPES_KEY) && types_parse(m, all->values[i], err))
			return -1;
		if (!f && strcmp(all->keys[i], TYPES_KEY))
			manifest_set(m, all->keys[i], all->values[i]);
	}
	if (m->page_size & (m->page_size - 1))
		return error_set(err, "the value of kernel.page_size is no power of two");
	if (!manifest_get(all, "capture.version"))
		return error_set(err, "there is no version in its [capture] section");
	if (m->version != MANIFEST_VERSION)
		return error_set(err,
				 "it has version %d, but this program reads version %d; use a "
				 "newer zonereplay",
				 m->version, MANIFEST_VERSION);
	return 0;
}

int manifest_parse(struct manifest *m, const char *text, size_t len, const char *path,
		   struct error *err)
{
	struct manifest all, out;
	struct loader l = {.next = text, .m = &all};
	int bad, ret;

	if (check_lines(text, len, path, err))
		return -1;
	manifest_init(&all);
	manifest_init(&out);
	bad = ini_parse_stream(read_line, &l, on_pair, &l);
	if (bad)
		ret = error_set(err, "%s, line %d: %s", path, bad,
				l.problem_line == bad
					? l.problem
					: "neither a [section] nor a \"key = value\" line");
	else if ((ret = take_fields(&all, &out, err)))
		error_prefix(err, "%s", path);
	manifest_release(&all);
	if (ret) {
		manifest_release(&out);
		return -1;
	}
	manifest_release(m);
	*m = out;
	return 0;
}

int manifest_load(struct manifest *m, const char *path, struct error *err)
{
	size_t len;
	char *text = file_read(path, MAX_FILE, &len, err);
	int ret;

	if (!text)
		return -1;
	ret = manifest_parse(m, text, len, path, err);
	free(text);
	return ret;
}

/* ---- writing ---- */

/* Blanks at either end of a line would be lost, and "#" at its beginning makes a comment. */
static bool is_plain(unsigned char c, bool edge)
{
	return c == ' ' || c == '#' ? !edge : c > ' ' && c != 0x7f && c != '\\' && c != ';';
}

/* The value, escaped, with the lines after the first indented. */
static void put_value(struct strbuf *out, const char *value)
{
	size_t start = out->len;
	bool first = true, last;

	for (const char *p = value; *p; p++) {
		last = !p[1] || out->len - start >= CHUNK;
		if (is_plain((unsigned char)*p, first || last))
			strbuf_add(out, p, 1);
		else
			strbuf_printf(out, "\\%02x", (unsigned char)*p);
		first = last;
		if (last && p[1]) {
			strbuf_puts(out, "\n  ");
			start = out->len;
		}
	}
	strbuf_puts(out, "\n");
}

/* Begins the pair's section where another one was open. */
static void put_pair(struct strbuf *out, char section[MAX_INI_NAME + 1], const char *key,
		     const char *value)
{
	size_t len = strcspn(key, ".");

	if (strncmp(section, key, len) || section[len]) {
		snprintf(section, MAX_INI_NAME + 1, "%.*s", (int)len, key);
		strbuf_printf(out, "%s[%s]\n", out->len ? "\n" : "", section);
	}
	strbuf_printf(out, "%s = ", key + len + 1);
	put_value(out, value);
}

static void put_types(const struct manifest *m, struct strbuf *value)
{
	for (size_t i = 0; i < SNAP_MAX_TYPES && m->migratetypes[i][0]; i++)
		strbuf_printf(value, "%s%s", i ? " " : "", m->migratetypes[i]);
}

static int check_pair(const char *key, const char *path, struct error *err)
{
	size_t len = strcspn(key, ".");
	const char *name = key + len + (key[len] == '.');

	if (!len || len > MAX_INI_NAME || !*name || strlen(name) > MAX_INI_NAME ||
	    strpbrk(key, " =:;#[]\\\t\r\n"))
		return error_set(err,
				 "%s: key \"%.100s\" cannot be written; a key is \"section.name\" "
				 "without blanks, both "
				 "of at most %d bytes",
				 path, key, MAX_INI_NAME);
	return 0;
}

static void put_fields(const struct manifest *m, struct strbuf *out, char section[MAX_INI_NAME + 1])
{
	struct strbuf value;

	strbuf_init(&value);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (!field_is_set(m, &fields[i]))
			continue;
		strbuf_clear(&value);
		field_format(m, &fields[i], &value);
		put_pair(out, section, fields[i].key, value.s);
	}
	strbuf_clear(&value);
	put_types(m, &value);
	if (value.len)
		put_pair(out, section, TYPES_KEY, value.s);
	strbuf_release(&value);
}

/* A section's pairs stand together in the file even when they were set in another order. */
static void put_section(const struct manifest *m, size_t first, struct strbuf *out,
			char section[MAX_INI_NAME + 1])
{
	size_t len = strcspn(m->keys[first], ".") + 1;

	for (size_t i = 0; i < first; i++) {
		if (!strncmp(m->keys[i], m->keys[first], len))
			return;
	}
	for (size_t i = first; i < m->nr_pairs; i++) {
		if (!strncmp(m->keys[i], m->keys[first], len))
			put_pair(out, section, m->keys[i], m->values[i]);
	}
}

int manifest_save(const struct manifest *m, const char *path, struct error *err)
{
	char section[MAX_INI_NAME + 1] = "";
	struct strbuf out;
	int ret;

	for (size_t i = 0; i < m->nr_pairs; i++) {
		if (check_pair(m->keys[i], path, err))
			return -1;
	}
	strbuf_init(&out);
	put_fields(m, &out, section);
	for (size_t i = 0; i < m->nr_pairs; i++)
		put_section(m, i, &out, section);
	ret = file_write(path, out.s, out.len, err);
	strbuf_release(&out);
	return ret;
}
