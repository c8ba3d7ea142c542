// SPDX-License-Identifier: GPL-2.0-only
/*
 * Snapshot files. A header, then sections: a tag, a version, the number of rows, sizes, a hash, and
 * rows packed with zstd. Rows are stored field by field (all values of the first field, then all of
 * the second), little-endian, by the tables below, so that a file reads the same on every
 * architecture and packs well. traces/FORMAT.md describes it.
 */
#include "capture/capture.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define MAGIC "ZRSNAP\r\n"
#define FORMAT_VERSION 1
#define HEADER_SIZE 16	/* magic, version, number of sections */
#define SECTION_SIZE 40 /* tag, version, rows, raw size, packed size, hash */
#define MAX_FILE ((size_t)4 << 30)
#define MAX_RAW ((uint64_t)8 << 30)
#define MAX_SECTIONS 64
#define MAX_ROWS ((uint64_t)1 << 32)
#define ZSTD_LEVEL 6

/* ---- what is stored of each structure ---- */

struct column {
	uint32_t offset;
	uint16_t size; /* of one number */
	uint16_t nr;   /* numbers in a row */
};
#define COLUMN(type, member)                                                                       \
	{                                                                                          \
		offsetof(struct type, member), sizeof(((struct type *)0)->member), 1               \
	}
#define ARRAY(type, member, element, count)                                                        \
	{                                                                                          \
		offsetof(struct type, member), sizeof(element), count                              \
	}

static const struct column head_columns[] = {
	COLUMN(snapshot, level),	   COLUMN(snapshot, nr_cpus),	COLUMN(snapshot, nr_orders),
	COLUMN(snapshot, pageblock_order), COLUMN(snapshot, nr_frames),
};

static const struct column zone_columns[] = {
	ARRAY(snap_zone, name, char, 16),
	COLUMN(snap_zone, node),
	COLUMN(snap_zone, index),
	COLUMN(snap_zone, start_pfn),
	COLUMN(snap_zone, spanned),
	COLUMN(snap_zone, present),
	COLUMN(snap_zone, managed),
	ARRAY(snap_zone, wmark, uint64_t, 4),
	COLUMN(snap_zone, boost),
	ARRAY(snap_zone, lowmem_reserve, uint64_t, SNAP_MAX_RESERVES),
	COLUMN(snap_zone, free_counter),
	COLUMN(snap_zone, reserved_highatomic),
	COLUMN(snap_zone, stat_threshold),
	COLUMN(snap_zone, flags),
	COLUMN(snap_zone, percpu_drift_mark),
	COLUMN(snap_zone, compact_valid),
	COLUMN(snap_zone, compact_blockskip_flush),
	COLUMN(snap_zone, compact_cached_free),
	ARRAY(snap_zone, compact_cached_migrate, uint64_t, 2),
	COLUMN(snap_zone, compact_init_migrate),
	COLUMN(snap_zone, compact_init_free),
	COLUMN(snap_zone, compact_considered),
	COLUMN(snap_zone, compact_defer_shift),
	COLUMN(snap_zone, compact_order_failed),
	ARRAY(snap_zone, nr_free, uint64_t, SNAP_MAX_ORDERS *SNAP_MAX_TYPES),
	ARRAY(snap_zone, nr_blocks, uint64_t, SNAP_MAX_TYPES),
};

static const struct column pcp_columns[] = {
	COLUMN(snap_pcp, zone),	      COLUMN(snap_pcp, cpu),	     COLUMN(snap_pcp, count),
	COLUMN(snap_pcp, high),	      COLUMN(snap_pcp, batch),	     COLUMN(snap_pcp, high_min),
	COLUMN(snap_pcp, high_max),   COLUMN(snap_pcp, free_factor), COLUMN(snap_pcp, alloc_factor),
	COLUMN(snap_pcp, free_count), COLUMN(snap_pcp, flags),	     COLUMN(snap_pcp, expire),
	COLUMN(snap_pcp, free_diff),
};

static const struct column list_columns[] = {
	COLUMN(snap_list, kind),  COLUMN(snap_list, zone), COLUMN(snap_list, cpu),
	COLUMN(snap_list, order), COLUMN(snap_list, type), COLUMN(snap_list, first),
	COLUMN(snap_list, nr),
};

static const struct column entry_columns[] = {
	COLUMN(snap_entry, pfn),
	COLUMN(snap_entry, order),
	COLUMN(snap_entry, type),
};

static const struct column block_columns[] = {{0, 1, 1}};

static const struct column frame_columns[] = {
	COLUMN(snap_frame, kpf),   COLUMN(snap_frame, refcount), COLUMN(snap_frame, mapcount),
	COLUMN(snap_frame, inode), COLUMN(snap_frame, index),
};

static const struct column node_columns[] = {
	COLUMN(snap_node, node),
	COLUMN(snap_node, kswapd_order),
	COLUMN(snap_node, kswapd_highest_zone),
	COLUMN(snap_node, kswapd_failures),
	COLUMN(snap_node, kcompactd_order),
	COLUMN(snap_node, kcompactd_highest_zone),
	COLUMN(snap_node, proactive_trigger),
};

/* One row per section; @rows and @count say where in struct snapshot (count 0: always one row, the
 * snapshot itself). */
static const struct section_desc {
	char tag[5];
	uint32_t version;
	const struct column *columns;
	size_t nr_columns, row_size, rows, count;
} sections[] = {
#define SECTION(tag, table, type, member, number)                                                  \
	{                                                                                          \
		tag, 1, table, ARRAY_SIZE(table), type, offsetof(struct snapshot, member),         \
			offsetof(struct snapshot, number)                                          \
	}
	{"HEAD", 1, head_columns, ARRAY_SIZE(head_columns), sizeof(struct snapshot), 0, 0},
	SECTION("ZONE", zone_columns, sizeof(struct snap_zone), zones, nr_zones),
	SECTION("PCPS", pcp_columns, sizeof(struct snap_pcp), pcps, nr_pcps),
	SECTION("LIST", list_columns, sizeof(struct snap_list), lists, nr_lists),
	SECTION("ENTR", entry_columns, sizeof(struct snap_entry), entries, nr_entries),
	SECTION("BLKS", block_columns, 1, blocks, nr_blocks),
	SECTION("FRAM", frame_columns, sizeof(struct snap_frame), frames, nr_frames),
	SECTION("NODE", node_columns, sizeof(struct snap_node), nodes, nr_nodes),
#undef SECTION
};
#define HEAD 0

static size_t packed_row_size(const struct section_desc *d)
{
	size_t i, size = 0;

	for (i = 0; i < d->nr_columns; i++)
		size += (size_t)d->columns[i].size * d->columns[i].nr;
	return size;
}

/* ---- numbers in little-endian order ---- */

static void put_le(uint8_t *to, uint64_t v, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		to[i] = v >> (8 * i);
}

static uint64_t get_le(const uint8_t *from, size_t size)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < size; i++)
		v |= (uint64_t)from[i] << (8 * i);
	return v;
}

static uint64_t load(const void *p, size_t size)
{
	switch (size) {
	case 1:
		return *(const uint8_t *)p;
	case 4:
		return *(const uint32_t *)p;
	default:
		return *(const uint64_t *)p;
	}
}

static void store(void *p, uint64_t v, size_t size)
{
	switch (size) {
	case 1:
		*(uint8_t *)p = v;
		break;
	case 4:
		*(uint32_t *)p = v;
		break;
	default:
		*(uint64_t *)p = v;
	}
}

static void encode(const struct section_desc *d, const char *rows, size_t nr, uint8_t *out)
{
	size_t c, r, i;

	for (c = 0; c < d->nr_columns; c++)
		for (r = 0; r < nr; r++)
			for (i = 0; i < d->columns[c].nr; i++, out += d->columns[c].size)
				put_le(out,
				       load(rows + r * d->row_size + d->columns[c].offset +
						    i * d->columns[c].size,
					    d->columns[c].size),
				       d->columns[c].size);
}

static void decode(const struct section_desc *d, const uint8_t *in, char *rows, size_t nr)
{
	size_t c, r, i;

	for (c = 0; c < d->nr_columns; c++)
		for (r = 0; r < nr; r++)
			for (i = 0; i < d->columns[c].nr; i++, in += d->columns[c].size)
				store(rows + r * d->row_size + d->columns[c].offset +
					      i * d->columns[c].size,
				      get_le(in, d->columns[c].size), d->columns[c].size);
}

/* ---- writing ---- */

static const char *section_rows(const struct snapshot *s, const struct section_desc *d, size_t *nr)
{
	if (d == &sections[HEAD]) {
		*nr = 1;
		return (const char *)s;
	}
	*nr = *(const size_t *)((const char *)s + d->count);
	return *(char *const *)((const char *)s + d->rows);
}

static int add_section(struct strbuf *out, const struct section_desc *d, const char *rows,
		       size_t nr, struct error *err)
{
	size_t raw_size = nr * packed_row_size(d), bound = ZSTD_compressBound(raw_size), size;
	uint8_t *raw = malloc(raw_size + 1), *packed = malloc(bound), head[SECTION_SIZE];

	if (!raw || !packed) {
		free(raw);
		free(packed);
		return error_set(err, "no memory to write section %s", d->tag);
	}
	encode(d, rows, nr, raw);
	size = ZSTD_compress(packed, bound, raw, raw_size, ZSTD_LEVEL);
	memcpy(head, d->tag, 4);
	put_le(head + 4, d->version, 4);
	put_le(head + 8, nr, 8);
	put_le(head + 16, raw_size, 8);
	put_le(head + 24, size, 8);
	put_le(head + 32, hash_bytes(raw, raw_size, 0), 8);
	strbuf_add(out, head, sizeof(head));
	strbuf_add(out, packed, size);
	free(raw);
	free(packed);
	return 0;
}

int snapshot_save(const struct snapshot *s, const char *path, struct error *err)
{
	uint8_t header[HEADER_SIZE] = MAGIC;
	struct strbuf out;
	const char *rows;
	uint32_t written = 0;
	size_t i, nr;
	int ret = 0;

	strbuf_init(&out);
	strbuf_add(&out, header, sizeof(header));
	for (i = 0; i < ARRAY_SIZE(sections) && !ret; i++) {
		rows = section_rows(s, &sections[i], &nr);
		if (!rows)
			continue;
		ret = add_section(&out, &sections[i], rows, nr, err);
		written++;
	}
	put_le((uint8_t *)out.s + 8, FORMAT_VERSION, 4);
	put_le((uint8_t *)out.s + 12, written, 4);
	if (!ret)
		ret = file_write(path, out.s, out.len, err);
	strbuf_release(&out);
	return ret;
}

/* ---- reading ---- */

struct section {
	const struct section_desc *desc; /* NULL: a tag that this program does not know; skipped */
	uint64_t nr, raw_size, packed_size, hash;
	const uint8_t *packed;
};

static const struct section_desc *desc_find(const uint8_t *tag)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sections); i++)
		if (!memcmp(sections[i].tag, tag, 4))
			return &sections[i];
	return NULL;
}

static int parse_section(struct section *sec, const uint8_t *p, size_t left, struct error *err)
{
	if (left < SECTION_SIZE)
		return error_set(err, "the file ends inside a section: record again");
	sec->desc = desc_find(p);
	sec->nr = get_le(p + 8, 8);
	sec->raw_size = get_le(p + 16, 8);
	sec->packed_size = get_le(p + 24, 8);
	sec->hash = get_le(p + 32, 8);
	sec->packed = p + SECTION_SIZE;
	if (sec->packed_size > left - SECTION_SIZE)
		return error_set(err, "section %.4s is cut off: record again", (const char *)p);
	if (sec->desc && get_le(p + 4, 4) != sec->desc->version)
		return error_set(
			err,
			"section %s has a version that this zonereplay does not know: use a newer one",
			sec->desc->tag);
	if (sec->desc && (sec->nr > MAX_ROWS || sec->raw_size > MAX_RAW ||
			  sec->raw_size != sec->nr * packed_row_size(sec->desc)))
		return error_set(err, "section %s has impossible sizes: the file is damaged",
				 sec->desc->tag);
	return 0;
}

static bool hash_fits(const struct section *sec, const uint8_t *raw)
{
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
	return true; /* a fuzzer would never get past it */
#else
	return hash_bytes(raw, sec->raw_size, 0) == sec->hash;
#endif
}

/* Memory is taken only for what the packed data really holds, whatever the header claims. */
static uint8_t *unpack(const struct section *sec, struct error *err)
{
	unsigned long long size = ZSTD_getFrameContentSize(sec->packed, sec->packed_size);
	uint8_t *raw;

	if (size != sec->raw_size || sec->raw_size / 65536 > sec->packed_size) {
		error_set(err, "section %s is not what its header says: the file is damaged",
			  sec->desc->tag);
		return NULL;
	}
	raw = malloc(sec->raw_size + 1);
	if (!raw) {
		error_set(err, "no memory for section %s", sec->desc->tag);
		return NULL;
	}
	if (ZSTD_decompress(raw, sec->raw_size, sec->packed, sec->packed_size) == sec->raw_size &&
	    hash_fits(sec, raw))
		return raw;
	free(raw);
	error_set(err, "section %s does not match its hash: the file is damaged", sec->desc->tag);
	return NULL;
}

static int load_head(struct snapshot *s, const struct section *sec, const uint8_t *raw,
		     struct error *err)
{
	if (sec->nr != 1)
		return error_set(err, "section HEAD has %llu rows: the file is damaged",
				 (unsigned long long)sec->nr);
	decode(sec->desc, raw, (char *)s, 1);
	if ((unsigned int)s->level > SNAP_EXACT || s->nr_orders > SNAP_MAX_ORDERS ||
	    s->pageblock_order > 30)
		return error_set(err, "section HEAD has impossible values: the file is damaged");
	return 0;
}

static int load_rows(struct snapshot *s, const struct section *sec, const uint8_t *raw,
		     struct error *err)
{
	char **rows = (char **)((char *)s + sec->desc->rows);
	size_t *count = (size_t *)((char *)s + sec->desc->count);
	bool frames = sec->desc->columns == frame_columns;

	if (*rows)
		return error_set(err, "section %s is there twice: the file is damaged",
				 sec->desc->tag);
	if (frames && sec->nr != s->nr_frames)
		return error_set(err,
				 "section FRAM does not describe every frame: the file is damaged");
	*rows = calloc(sec->nr + 1, sec->desc->row_size);
	if (!*rows)
		return error_set(err, "no memory for section %s", sec->desc->tag);
	if (!frames)
		*count = sec->nr;
	decode(sec->desc, raw, *rows, sec->nr);
	return 0;
}

static int load_section(struct snapshot *s, const struct section *sec, bool first,
			struct error *err)
{
	uint8_t *raw;
	int ret;

	if (first != (sec->desc == &sections[HEAD]))
		return error_set(err, "section HEAD is not the first one: the file is damaged");
	if (!sec->desc)
		return 0;
	raw = unpack(sec, err);
	if (!raw)
		return -1;
	ret = first ? load_head(s, sec, raw, err) : load_rows(s, sec, raw, err);
	free(raw);
	return ret;
}

static int check_zones(struct snapshot *s, struct error *err)
{
	size_t i;

	if (s->nr_zones > SNAP_MAX_ZONES)
		return error_set(err, "%zu zones are more than %d: the file is damaged",
				 s->nr_zones, SNAP_MAX_ZONES);
	for (i = 0; i < s->nr_zones; i++)
		if (s->zones[i].name[sizeof(s->zones[i].name) - 1])
			return error_set(
				err, "the name of zone %zu is too long: the file is damaged", i);
	for (i = 0; i < s->nr_pcps; i++)
		if (s->pcps[i].zone < 0 || (size_t)s->pcps[i].zone >= s->nr_zones)
			return error_set(
				err, "per-cpu set %zu belongs to no zone: the file is damaged", i);
	return 0;
}

/* Whoever uses a loaded snapshot may follow its indices without looking. */
static int check_lists(struct snapshot *s, struct error *err)
{
	const struct snap_list *l;
	size_t i;

	for (i = 0; i < s->nr_lists; i++) {
		l = &s->lists[i];
		if (l->first > s->nr_entries || l->nr > s->nr_entries - l->first)
			return error_set(err, "list %zu goes past the entries: the file is damaged",
					 i);
		if (l->kind > SNAP_LIST_LRU_BATCH || l->order < 0 || l->order >= SNAP_MAX_ORDERS ||
		    l->cpu < 0 || l->type < 0)
			return error_set(err, "list %zu has impossible values: the file is damaged",
					 i);
		if (l->kind <= SNAP_LIST_PCP && (l->zone < 0 || (size_t)l->zone >= s->nr_zones))
			return error_set(err, "list %zu belongs to no zone: the file is damaged",
					 i);
		if (l->kind == SNAP_LIST_BUDDY && l->type >= SNAP_MAX_TYPES)
			return error_set(
				err, "list %zu has no known migratetype: the file is damaged", i);
	}
	for (i = 0; i < s->nr_entries; i++)
		if (s->entries[i].order >= SNAP_MAX_ORDERS || s->entries[i].pfn >= s->nr_frames ||
		    s->nr_frames - s->entries[i].pfn < 1ull << s->entries[i].order ||
		    s->entries[i].type >= SNAP_MAX_TYPES)
			return error_set(err, "entry %zu lies outside memory: the file is damaged",
					 i);
	return 0;
}

static int load_all(struct snapshot *s, const uint8_t *data, size_t len, struct error *err)
{
	struct section sec = {0};
	size_t pos = HEADER_SIZE;
	uint64_t i, nr;

	if (len < HEADER_SIZE || memcmp(data, MAGIC, 8))
		return error_set(
			err, "this is not a snapshot: make one with zonereplay snapshot -o FILE");
	if (get_le(data + 8, 4) != FORMAT_VERSION)
		return error_set(err, "format %llu of snapshots is not known to this version",
				 (unsigned long long)get_le(data + 8, 4));
	nr = get_le(data + 12, 4);
	if (nr == 0 || nr > MAX_SECTIONS)
		return error_set(err, "%llu sections: the file is damaged", (unsigned long long)nr);
	for (i = 0; i < nr; i++, pos += SECTION_SIZE + sec.packed_size)
		if (parse_section(&sec, data + pos, len - pos, err) ||
		    load_section(s, &sec, i == 0, err))
			return -1;
	if (pos != len)
		return error_set(err, "%zu bytes follow the last section: the file is damaged",
				 len - pos);
	return check_zones(s, err) || check_lists(s, err) ? -1 : 0;
}

int snapshot_load(struct snapshot *s, const char *path, struct error *err)
{
	size_t len;
	char *data = file_read(path, MAX_FILE, &len, err);
	int ret;

	if (!data)
		return -1;
	snapshot_init(s);
	ret = load_all(s, (const uint8_t *)data, len, err);
	free(data);
	if (!ret)
		return 0;
	snapshot_release(s);
	return error_prefix(err, "%s", path);
}
