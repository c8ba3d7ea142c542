/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ground floor: errors with text, growing strings, JSON, parameter tables, units, seeded random
 * numbers and progress. Nothing here knows what a page is.
 *
 * Functions that can fail return 0 or -1 (or NULL) and put one sentence for a person into a struct
 * error. Nothing below src/cmd prints or exits.
 */
#ifndef ZR_BASE_H
#define ZR_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PRINTF_LIKE(f, v) __attribute__((format(printf, f, v)))
#define MUST_CHECK __attribute__((warn_unused_result))

/* ---- errors ---- */

struct error {
	char text[512]; /* one sentence that names the file, the place and the remedy; cut with "+"
			   when too long */
};

/* Sets @err (which may be NULL) and returns -1, keeping errno: `return error_set(err, "...")`. */
int error_set(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Puts "prefix: " before the text already there; returns -1. */
int error_prefix(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* ---- growing strings: always NUL-terminated, @s is never NULL after init ---- */

struct strbuf {
	char *s;
	size_t len;
	size_t cap; /* 0 while @s is the shared empty string */
};

void strbuf_init(struct strbuf *sb);
void strbuf_release(struct strbuf *sb);
void strbuf_clear(struct strbuf *sb);
/* The add functions end the program only when memory is exhausted (they call abort). */
void strbuf_add(struct strbuf *sb, const void *data, size_t len);
void strbuf_puts(struct strbuf *sb, const char *s);
void strbuf_printf(struct strbuf *sb, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Adds @s as the inside of a JSON string (no quotes around it); bytes that are not UTF-8 become
 * U+FFFD. */
void strbuf_json(struct strbuf *sb, const char *s);
/* Takes the string out; the caller frees it. */
char *strbuf_detach(struct strbuf *sb);

/* ---- JSON: a writer that knows about commas and indentation ---- */

#define JSON_MAX_DEPTH 16

struct json {
	struct strbuf *out;
	unsigned int depth;
	char closer[JSON_MAX_DEPTH]; /* '}' or ']' of each open level */
	bool filled[JSON_MAX_DEPTH];
};

/* The text is added to @out. In an object every value has a @key; in an array and outermost it is
 * NULL. */
void json_init(struct json *j, struct strbuf *out);
void json_object(struct json *j, const char *key);
void json_array(struct json *j, const char *key);
void json_end(struct json *j); /* closes the innermost object or array */
void json_string(struct json *j, const char *key, const char *value); /* NULL: null */
void json_i64(struct json *j, const char *key, int64_t value);
void json_u64(struct json *j, const char *key, uint64_t value);
void json_bool(struct json *j, const char *key, bool value);
void json_double(struct json *j, const char *key, double value);
void json_null(struct json *j, const char *key);

/* ---- files ---- */

/* Reads a whole file of at most @max bytes into a NUL-terminated buffer that the caller frees; NULL
 * on error. */
char *file_read(const char *path, size_t max, size_t *len, struct error *err) MUST_CHECK;
/* Writes @data to @path through a temporary file and rename: all of it or nothing. */
int file_write(const char *path, const void *data, size_t len, struct error *err) MUST_CHECK;
/* "dir/name" into a buffer that the caller frees. */
char *path_join(const char *dir, const char *name);
bool path_exists(const char *path);
/* Makes one directory; it is not an error if it is there already. */
int dir_make(const char *path, struct error *err) MUST_CHECK;

/* ---- parameters: one table drives parsing, help, sweeps, database columns and the manual ---- */

enum param_type { PARAM_INT, PARAM_BOOL, PARAM_CHOICE };

struct param_desc {
	const char *name;
	enum param_type type;
	int64_t def;
	int64_t min; /* PARAM_CHOICE and PARAM_BOOL: ignored */
	int64_t max;
	const char *const *choices; /* PARAM_CHOICE: NULL-terminated; the value is the index */
	const char *unit;	    /* "pages", "per mille", ... or NULL */
	const char *help;
	const char *const *eras; /* of kernels that have it, NULL-terminated: elsewhere only the
				    default is accepted; NULL: all */
};

/* Fills @values (one per row) with the defaults. */
void params_defaults(const struct param_desc *table, size_t n, int64_t *values);
/*
 * Sets values from "key=value,key=value" (NULL and "" are fine). An unknown key, a value out of
 * range or not a number is an error that names @owner, the key, what would be allowed, and the
 * nearest known key. In a key "-" may stand for "_".
 */
int params_parse(const struct param_desc *table, size_t n, const char *owner, const char *text,
		 int64_t *values, struct error *err) MUST_CHECK;
/* Canonical "key=value,..." of all values in table order; the text identifies a setting everywhere.
 */
void params_format(const struct param_desc *table, size_t n, const int64_t *values,
		   struct strbuf *out);
/* The name in @names (NULL-terminated) nearest to @word, or NULL when none is near. */
const char *nearest_name(const char *word, const char *const *names);

/* ---- numbers ---- */

/* Whole-string integer, decimal or 0x; false when it is not one or does not fit. */
bool parse_i64(const char *s, int64_t *out);
bool parse_u64(const char *s, uint64_t *out);

/* xoshiro256**: the same sequence for a seed on every machine. */
struct rng {
	uint64_t s[4];
};
void rng_init(struct rng *rng, uint64_t seed);
uint64_t rng_next(struct rng *rng);
uint64_t rng_below(struct rng *rng, uint64_t bound); /* 0..bound-1, without bias; bound > 0 */

/* XXH3-64 of a buffer: fingerprints, not security. */
uint64_t hash_bytes(const void *data, size_t len, uint64_t seed);
/* XXH3-128 of a file's content as 32 hex digits. */
int hash_file(const char *path, char out[33], struct error *err) MUST_CHECK;

/* ---- progress: the reporter belongs to src/cmd; NULL means silence ---- */

struct progress {
	void (*update)(struct progress *p, const char *what, uint64_t done, uint64_t total);
};
static inline void progress_update(struct progress *p, const char *what, uint64_t done,
				   uint64_t total)
{
	if (p)
		p->update(p, what, done, total);
}

#endif
