// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernels print fields under other names than they have, and numbers as words (TP_printk in
 * include/trace/events/: kmem.h, compaction.h, vmscan.h, pagemap.h, filemap.h, migrate.h of 5.10
 * to 7.2).
 */
#include "trace/pack.h"
#include "trace/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WORD 256

/* What else a field is called in print. */
static const struct printed {
	const char *field, *name;
} printed[] = {
	{"prio", "priority"},
	{"sync", "mode"},
	{"nid", "node"},
	{"idx", "zone"},
	{"considered", "consider"},
	{"defer_shift", "limit"},
	{"highest_zoneidx", "classzone_idx"},
	{"highest", "highest_zoneidx"},
	{"node", "nid"},
	{"start_pfn", "range"},
	{"end_pfn", "~"},
	{"succeeded", "nr_succeeded"},
	{"failed", "nr_failed"},
	{"thp_succeeded", "nr_thp_succeeded"},
	{"thp_failed", "nr_thp_failed"},
	{"thp_split", "nr_thp_split"},
	{"cache_items", "cache items"},
	{"retval", "last shrinker return val"},
	{"i_ino", "ino"},
	{"s_dev", "dev"},
	{"index", "ofs"},
};

/* No word means two numbers. */
static const struct word {
	const char *name;
	uint64_t value;
} words[] = {
	{"async", 0},
	{"sync", 1},
	{"MIGRATE_ASYNC", 0},
	{"MIGRATE_SYNC_LIGHT", 1},
	{"MIGRATE_SYNC", 2},
	/* enum compact_result */
	{"not_suitable_zone", 0},
	{"skipped", 1},
	{"deferred", 2},
	{"no_suitable_page", 3},
	{"continue", 4},
	{"complete", 5},
	{"partial_skipped", 6},
	{"contended", 7},
	{"success", 8},
	/* enum migrate_reason */
	{"compaction", 0},
	{"memory_failure", 1},
	{"memory_hotplug", 2},
	{"syscall_or_cpuset", 3},
	{"mempolicy_mbind", 4},
	{"numa_misplaced", 5},
	{"contig_range", 6},
	{"longterm_pin", 7},
	{"demotion", 8},
	/* zone indices of x86_64 */
	{"DMA", 0},
	{"DMA32", 1},
	{"Normal", 2},
	{"Movable", 3},
	{"Device", 4},
	/* enum lru_list */
	{"inactive_anon", 0},
	{"active_anon", 1},
	{"inactive_file", 2},
	{"active_file", 3},
	{"unevictable", 4},
	/* task states */
	{"R", 0},
	{"R+", 0x100},
	{"S", 1},
	{"D", 2},
	{"T", 4},
	{"t", 8},
	{"X", 0x10},
	{"Z", 0x20},
	{"P", 0x40},
	{"I", 0x80},
};

/*
 * Kernels until 6.2 have a flag of its own in GFP_ATOMIC; since 6.6 GFP_NOWAIT does not warn.
 * Unknown kernels are taken for 6.1.
 */
static void learn_kernel(struct text_values *v, const char *release)
{
	unsigned int major, minor;

	v->gfp_atomic = GFP_HIGH | GFP_KSWAPD_RECLAIM | GFP_ATOMIC;
	v->gfp_nowait = GFP_KSWAPD_RECLAIM;
	if (sscanf(release, "%u.%u", &major, &minor) != 2)
		return;
	v->refill_invented = major < 5 || (major == 5 && minor < 19);
	if (major > 6 || (major == 6 && minor >= 3))
		v->gfp_atomic &= ~GFP_ATOMIC;
	if (major > 6 || (major == 6 && minor >= 6))
		v->gfp_nowait |= GFP_NOWARN;
}

void text_values_init(struct text_values *v, const struct capture *c)
{
	uint32_t size = c->manifest.page_size;

	types_of_capture(c, v->types);
	learn_kernel(v, c->manifest.release);
	v->page_shift = size && !(size & (size - 1)) ? (uint64_t)__builtin_ctz(size) : 12;
}

/* "key=value", "key: value", "key value", "key=(value": copies the value. */
static bool find_value(const char *text, const char *key, char word[MAX_WORD])
{
	size_t len = strlen(key), n;
	const char *p = text;

	while ((p = strstr(p, key))) {
		if ((p == text || strchr(" ,", p[-1])) && p[len] && strchr("=: ", p[len])) {
			p += len + strspn(p + len, "=:( ");
			n = strcspn(p, " ,)");
			if (n >= MAX_WORD)
				return false;
			memcpy(word, p, n);
			word[n] = '\0';
			return n > 0;
		}
		p += len;
	}
	return false;
}

static bool find_printed(const char *text, const char *field, char word[MAX_WORD])
{
	if (find_value(text, field, word))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(printed); i++) {
		if (!strcmp(field, printed[i].field) && find_value(text, printed[i].name, word))
			return true;
	}
	return false;
}

static bool parse_word(const char *word, bool hex, uint64_t *out)
{
	char *end;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!strcmp(word, words[i].name)) {
			*out = words[i].value;
			return true;
		}
	}
	errno = 0;
	*out = strtoull(word, &end, hex ? 16 : 0); /* a leading minus gives two's complement */
	return !errno && end != word && !*end;
}

/* ---- fields that need more than that ---- */

/* "254:0"; dev_t inside the kernel has 20 bits of minor number. */
static bool parse_device(const char *word, uint64_t *out)
{
	char *end;
	uint64_t major = strtoull(word, &end, 10);

	if (end == word || *end != ':')
		return parse_word(word, false, out);
	*out = major << 20 | (strtoull(end + 1, &end, 10) & 0xfffff);
	return !*end;
}

/* PAGEMAP_* bits of include/trace/events/pagemap.h; places that are not set are blanks. */
static uint64_t parse_lru_flags(const char *text)
{
	static const char letters[] = "MafsbdB";
	static const uint64_t bits[] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40};
	const char *p = strstr(text, "flags="), *letter;
	uint64_t out = 0, raw;
	char word[MAX_WORD];

	if (!p)
		return 0;
	if (isdigit((unsigned char)p[6]) && find_value(p, "flags", word) &&
	    parse_word(word, false, &raw))
		return raw;
	for (p += 6; *p && p[0] != '='; p++) {
		letter = strchr(letters, *p);
		if (letter)
			out |= bits[letter - letters];
	}
	return out;
}

static bool parse_mode_reason(const char *text, uint64_t *out)
{
	char word[MAX_WORD];
	uint64_t reason = 0;

	if (!find_value(text, "mode", word) || !parse_word(word, false, out))
		return false;
	if (find_value(text, "reason", word) && !parse_word(word, false, &reason))
		return false;
	*out |= reason << 32;
	return true;
}

static bool is_nothing(const char *word)
{
	return !strcmp(word, "nil") || !strcmp(word, "null") || !word[strspn(word, "0x")];
}

/* A failed allocation prints pfn 0 and a page that is none; raw output has all ones. */
static bool parse_pfn(const char *text, const char *word, uint64_t *out)
{
	char page[MAX_WORD];

	if (!parse_word(word, false, out))
		return false;
	if (*out == UINT64_MAX || *out == UINT32_MAX ||
	    (!*out && find_value(text, "page", page) && is_nothing(page)))
		*out = UINT64_MAX;
	return true;
}

static bool has_flag(const char *word, const char *flag)
{
	size_t len = strlen(flag);

	for (const char *p = word; p; p = strchr(p, '|')) {
		p += *p == '|';
		if (!strncmp(p, flag, len) && (!p[len] || p[len] == '|'))
			return true;
	}
	return false;
}

static bool parse_gfp(const struct text_values *v, const char *word, uint64_t *out)
{
	uint32_t gfp;

	*out = 0;
	if (!strcmp(word, "none"))
		return true;
	if (!gfp_parse(word, &gfp))
		return false;
	if (has_flag(word, "GFP_ATOMIC"))
		gfp |= v->gfp_atomic;
	if (has_flag(word, "GFP_NOWAIT"))
		gfp |= v->gfp_nowait;
	*out = gfp;
	return true;
}

static bool parse_field(const struct text_values *v, const char *field, const char *text,
			const char *word, uint64_t *out)
{
	switch (field_type(field)) {
	case FIELD_GFP:
		return parse_gfp(v, word, out);
	case FIELD_TYPE:
		if (!parse_word(word, false, out))
			return false;
		*out = *out < ARRAY_SIZE(v->types) ? v->types[*out] : MT_NR;
		return true;
	case FIELD_PFN:
		return parse_pfn(text, word, out);
	default:
		break;
	}
	if (!strcmp(field, "s_dev"))
		return parse_device(word, out);
	if (!parse_word(word,
			!strcmp(field, "addr") || !strcmp(field, "pte") || !strcmp(field, "i_ino"),
			out))
		return false;
	if (!strcmp(field, "index") && strstr(text, "ofs="))
		*out >>= v->page_shift;
	if (!strcmp(field, "defer_shift") && strstr(text, "limit=") && *out)
		*out = (uint64_t)(63 - __builtin_clzll(*out));
	return true;
}

/* false: not there, or not to be understood. */
static bool find_field(const struct text_values *v, const struct event_desc *desc,
		       const char *field, const char *text, uint64_t *out)
{
	char word[MAX_WORD];

	if (desc->kind == EV_LRU_INSERT && !strcmp(field, "flags")) {
		*out = parse_lru_flags(text);
		return true;
	}
	if (field_type(field) == FIELD_MODE_REASON)
		return parse_mode_reason(text, out);
	return find_printed(text, field, word) && parse_field(v, field, text, word, out);
}

bool text_values_find(const struct text_values *v, const struct event_desc *desc, const char *text,
		      struct event *e)
{
	bool needed = !strcmp(desc->system, "kmem");

	for (size_t i = 0; i < ARRAY_SIZE(desc->fields) && desc->fields[i]; i++) {
		bool may_lack = field_type(desc->fields[i]) == FIELD_MAY_LACK;

		if (!(may_lack && v->refill_invented) &&
		    find_field(v, desc, desc->fields[i], text, &e->w[i]))
			continue;
		if (needed && !may_lack)
			return false;
		e->w[i] = may_lack ? UINT64_MAX : 0;
	}
	return true;
}
