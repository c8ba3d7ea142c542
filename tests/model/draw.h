/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory as a drawing: one character per frame, spaces ignored (use them between pageblocks).
 *
 *   .       free, merged as far as it goes (freed in ascending order)
 *   A..Z    anonymous page on the LRU, mapped; object id = letter - 'A'; the drawing shows where it
 * is f       clean file page on the LRU        w  file page under writeback     x  file page that
 * somebody holds n       anonymous page nobody maps        s  the same in the swap cache    y
 * anonymous page that somebody holds u       unevictable file page             d  movable but not
 * on an LRU (balloon) #       kernel page                       c  first frame of a compound page,
 * '-' its other frames o       on this cpu's list                _  no memory
 */
#ifndef ZR_TESTS_DRAW_H
#define ZR_TESTS_DRAW_H

#include "mm/mm.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Blocks of 16 frames are still above PAGE_ALLOC_COSTLY_ORDER; a test may set another order. */
static uint32_t draw_block_order = 4;

struct draw_kind {
	char c;
	uint32_t flags;
	enum mm_lru lru;
};

static const struct draw_kind draw_kinds[] = {
	{'f', MM_F_FILE | MM_F_MAPPED, MM_LRU_INACTIVE_FILE},
	{'w', MM_F_FILE | MM_F_MAPPED | MM_F_WRITEBACK, MM_LRU_INACTIVE_FILE},
	{'x', MM_F_FILE | MM_F_MAPPED | MM_F_PINNED, MM_LRU_INACTIVE_FILE},
	{'n', MM_F_ANON | MM_F_SWAPBACKED, MM_LRU_INACTIVE_ANON},
	{'s', MM_F_ANON | MM_F_SWAPBACKED | MM_F_SWAPCACHE, MM_LRU_INACTIVE_ANON},
	{'y', MM_F_ANON | MM_F_SWAPBACKED | MM_F_MAPPED | MM_F_PINNED, MM_LRU_INACTIVE_ANON},
	{'u', MM_F_FILE | MM_F_MAPPED | MM_F_UNEVICTABLE, MM_LRU_UNEVICTABLE},
};

#define DRAW_ANON (MM_F_ANON | MM_F_SWAPBACKED | MM_F_MAPPED)
#define DRAW_KEPT                                                                                  \
	(MM_F_FILE | MM_F_MAPPED | MM_F_WRITEBACK | MM_F_PINNED | MM_F_ANON | MM_F_SWAPBACKED |    \
	 MM_F_SWAPCACHE | MM_F_UNEVICTABLE)

static inline struct frame draw_at(uint32_t n)
{
	return (struct frame){n};
}

static inline uint32_t draw_len(const char *s)
{
	uint32_t n = 0;

	for (; *s; s++)
		n += *s != ' ';
	return n;
}

static inline void draw_lru_page(struct mm *mm, uint32_t f, char c)
{
	for (size_t i = 0; i < ARRAY_SIZE(draw_kinds); i++) {
		if (draw_kinds[i].c != c)
			continue;
		mm_build_allocated(mm, draw_at(f), 0, draw_kinds[i].flags);
		mm_object_bind(mm, draw_at(f), MM_NO_ID, 1, MM_KIND_UNKNOWN, 0);
		mm_lru_add(mm, draw_at(f), draw_kinds[i].lru);
		return;
	}
	ck_abort_msg("unknown character %c", c);
}

static inline uint32_t draw_compound(struct mm *mm, uint32_t f, const char *s)
{
	uint32_t n = 1, order = 0;

	for (; s[n] == '-' || s[n] == ' '; n++)
		;
	n = 0;
	for (const char *p = s + 1; *p == '-' || *p == ' '; p++)
		n += *p == '-';
	while (1u << order < n + 1)
		order++;
	mm_build_allocated(mm, draw_at(f), order, MM_F_COMPOUND);
	return order;
}

static inline void draw_page(struct mm *mm, uint32_t f, const char *s)
{
	if (*s == '_' || *s == '-')
		return;
	if (*s >= 'A' && *s <= 'Z') {
		mm_build_allocated(mm, draw_at(f), 0, DRAW_ANON);
		mm_object_bind(mm, draw_at(f), (uint32_t)(*s - 'A'), 1, MM_KIND_ANON, 0);
		mm_lru_add(mm, draw_at(f), MM_LRU_INACTIVE_ANON);
	} else if (*s == 'c') {
		draw_compound(mm, f, s);
	} else if (*s == '.' || *s == '#') {
		mm_build_allocated(mm, draw_at(f), 0, 0);
	} else if (*s == 'd') {
		mm_build_allocated(mm, draw_at(f), 0, MM_F_MOVABLE_OPS);
	} else if (*s == 'o') {
		uint32_t type = mm_block_type(mm, draw_at(f));

		mm_build_pcp(mm, draw_at(f), mm_frame_zone(mm, draw_at(f)), 0,
			     mm_pindex(mm, 0, type), type);
	} else {
		draw_lru_page(mm, f, *s);
	}
}

/* One zone from @start on. */
static inline struct mm *draw_machine_at(uint64_t start, const char *s)
{
	struct mm_zone_config zone = {.name = "Normal", .start_pfn = start, .stat_threshold = 0};
	struct mm_config cfg = {
		.release = "6.1.192",
		.nr_cpus = 1,
		.nr_nodes = 1,
		.nr_orders = draw_block_order + 2,
		.pageblock_order = draw_block_order,
		.nr_types = MM_NR_TYPES,
		.zones = &zone,
		.nr_zones = 1,
		.objects = true,
	};
	uint32_t f = 0, skipped = (uint32_t)(start & ((1u << (draw_block_order + 1)) - 1));
	struct error err;
	struct mm *mm;

	zone.spanned = zone.present = zone.managed = draw_len(s) - skipped;
	cfg.end_pfn = start - skipped + draw_len(s);
	mm = mm_new(&cfg, &err);
	ck_assert_msg(mm, "%s", err.text);
	mm_pcp(mm, 0, 0)->batch = 63;
	mm_pcp(mm, 0, 0)->high = 1000; /* pages that are freed one by one stay on the cpu's list */
	for (const char *p = s; *p; p++)
		if (*p != ' ')
			draw_page(mm, f++, p);
	f = 0;
	for (const char *p = s; *p; p++) {
		if (*p == '.')
			mm_free_direct(mm, 0, draw_at(f), 0, 0);
		f += *p != ' ';
	}
	return mm;
}

/* Not from pfn 0 on, which the kernel takes for "none". */
static inline struct mm *draw_machine(const char *s)
{
	return draw_machine_at(2u << (draw_block_order + 1), s);
}

/* Types of the blocks, one character each: u m r h c i; missing ones are movable. Free pages move
 * along. */
static inline void draw_types(struct mm *mm, const char *types)
{
	static const char names[] = "umrhci";

	for (uint32_t b = 0; types[b]; b++) {
		uint32_t type = (uint32_t)(strchr(names, types[b]) - names);
		struct frame f = draw_at(b << draw_block_order);

		mm_move_freepages_block(mm, 0, f, type, NULL);
		mm_set_block_type(mm, f, type);
	}
}

static inline char draw_allocated(const struct mm *mm, uint32_t f)
{
	const struct mm_frame *fr = &mm_frames(mm)[f];
	const struct mm_object *o = &mm_objects(mm)[f];

	if (o->id != MM_NO_ID)
		return (char)('A' + o->id);
	if (fr->flags & MM_F_COMPOUND)
		return 'c';
	if (fr->flags & MM_F_MOVABLE_OPS)
		return 'd';
	for (size_t i = 0; i < ARRAY_SIZE(draw_kinds); i++)
		if ((fr->flags & DRAW_KEPT) == draw_kinds[i].flags)
			return draw_kinds[i].c;
	return '#';
}

static inline char draw_char(const struct mm *mm, uint32_t n)
{
	struct frame f = draw_at(n);

	if (mm_frame(mm, f)->flags & MM_F_HOLE)
		return '_';
	if (!frame_is_none(mm_buddy_containing(mm, f)))
		return '.';
	if (mm_on_pcp_list(mm, f))
		return 'o';
	if (mm_frame(mm, f)->flags & MM_F_HEAD)
		return draw_allocated(mm, n);
	return '-';
}

static inline void draw_dump(const struct mm *mm, char *out)
{
	for (uint32_t f = 0; f < mm->zones[0].end; f++) {
		if (f && !(f & ((1u << draw_block_order) - 1)))
			*out++ = ' ';
		*out++ = draw_char(mm, f);
	}
	*out = '\0';
}

static inline void draw_check_valid(const struct mm *mm)
{
	struct error err;

	ck_assert_msg(!mm_validate(mm, &err), "%s", err.text);
}

/* The drawing of @mm equals @expected, and no invariant is broken. */
#define draw_assert(mm, expected)                                                                  \
	do {                                                                                       \
		char draw_text_[4096];                                                             \
		draw_dump(mm, draw_text_);                                                         \
		ck_assert_str_eq(draw_text_, expected);                                            \
		draw_check_valid(mm);                                                              \
	} while (0)

/* Puts the frames of a list into the order given, as "3 17 4". */
static inline void draw_reorder(struct mm *mm, uint32_t list, const char *order)
{
	uint32_t count = mm_list_count(mm, list), n = 0;
	char *end;

	for (const char *p = order; *p; p = end, n++) {
		struct frame f = draw_at((uint32_t)strtoul(p, &end, 10));

		ck_assert_uint_eq(mm_frame(mm, f)->list, list);
		mm_list_del(mm, f);
		mm_list_add_tail(mm, list, f);
	}
	ck_assert_uint_eq(n, count);
}

/* A list's frames as "3 17 4". */
static inline const char *draw_list(const struct mm *mm, uint32_t list)
{
	static char text[4096];
	char *p = text;

	*p = '\0';
	for (struct frame f = mm_list_first(mm, list); !frame_is_none(f); f = mm_list_next(mm, f))
		p += sprintf(p, "%s%u", p == text ? "" : " ", f.n);
	return text;
}

#endif
