// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/mm_kit.h"

#include <stdlib.h>
#include <string.h>

static const char type_letters[] = "UMRHCI";
static const char list_letters[] = "umrhci";

static uint32_t letter_index(const char *letters, char c)
{
	const char *p = c ? strchr(letters, c) : NULL;

	return p ? (uint32_t)(p - letters) : UINT32_MAX;
}

static char *strip(const char *drawing)
{
	char *out = malloc(strlen(drawing) + 1), *w = out;

	for (; *drawing; drawing++)
		if (!strchr(" |\n\t", *drawing))
			*w++ = *drawing;
	*w = '\0';
	return out;
}

/* How many pages the page at @s has, by the marks behind it. */
static uint32_t run_order(const char *s, char mark)
{
	uint32_t n = 1, order = 0;

	while (s[n] == mark)
		n++;
	while (1u << order < n)
		order++;
	ck_assert_msg(1u << order == n, "a page of %u frames in a drawing: %s", n, s);
	return order;
}

static uint32_t paint(struct mm *mm, const char *s, uint32_t f)
{
	uint32_t type = letter_index(list_letters, s[f]), order, flags = 0;

	if (s[f] == '#')
		return 1;
	if (type != UINT32_MAX) {
		order = run_order(s + f, '-');
		mm_build_buddy(mm, at(f), mm_frame_zone(mm, at(f)), order, type);
		return 1u << order;
	}
	ck_assert_msg(s[f] == 'x' || s[f] == 'L' || s[f] == 'V', "what is %s?", s + f);
	order = run_order(s + f, '=');
	if (s[f] != 'x')
		flags = s[f] == 'L' ? MM_F_LRU : MM_F_MOVABLE_OPS;
	mm_build_allocated(mm, at(f), order, flags);
	return 1u << order;
}

static struct mm *one_zone(uint32_t start, uint32_t end, uint32_t orders, uint32_t block_order,
			   uint32_t cpus)
{
	struct mm_zone_config zones[] = {
		{.name = "DMA32", .index = 1},
		{.name = "Normal", .index = 2, .start_pfn = start, .spanned = end - start},
	};
	struct mm_config cfg = {
		.release = "6.1.192",
		.end_pfn = end,
		.nr_cpus = cpus,
		.nr_nodes = 1,
		.nr_orders = orders,
		.pageblock_order = block_order,
		.nr_types = 5,
		.zones = zones,
		.nr_zones = 2,
		.objects = true,
	};
	struct error err = {""};
	struct mm *mm;

	zones[1].present = zones[1].managed = zones[1].spanned;
	mm = mm_new(&cfg, &err);
	ck_assert_msg(mm != NULL, "%s", err.text);
	return mm;
}

void kit_paint(struct mm *mm, const char *drawing, const char *types)
{
	char *s = strip(drawing);

	for (uint32_t b = 0; types && types[b]; b++)
		mm_set_block_type(mm, at(b << mm->pageblock_order),
				  letter_index(type_letters, types[b]));
	for (uint32_t f = 0; s[f];)
		f += paint(mm, s, f);
	free(s);
}

struct mm *kit_draw(const char *drawing, const char *types)
{
	char *s = strip(drawing);
	uint32_t start = 0, end = (uint32_t)strlen(s);
	struct mm *mm;

	while (s[start] == '#')
		start++;
	while (end && s[end - 1] == '#')
		end--;
	mm = one_zone(start, end, KIT_ORDERS, KIT_BLOCK_ORDER, 1);
	kit_paint(mm, drawing, types);
	free(s);
	return mm;
}

struct mm *kit_machine(uint32_t pages, uint32_t cpus)
{
	struct mm *mm = one_zone(0, pages, 11, 9, cpus);

	for (uint32_t f = 0; f < pages; f++)
		mm_build_allocated(mm, at(f), 0, 0);
	return mm;
}

static uint32_t draw_page(const struct mm *mm, uint32_t n, char *out)
{
	const struct mm_frame *fr = mm_frame(mm, at(n));
	uint32_t pages = 1u << fr->order;

	if (mm_on_buddy_list(mm, at(n))) {
		memset(out, '-', pages);
		*out = list_letters[mm_buddy_list_type(mm, at(n))];
		return pages;
	}
	if (fr->flags & MM_F_HOLE || !(fr->flags & MM_F_HEAD || mm_on_pcp_list(mm, at(n)))) {
		*out = fr->flags & MM_F_HOLE ? '#' : '?';
		return 1;
	}
	memset(out, '=', pages);
	*out = 'x';
	if (mm_on_pcp_list(mm, at(n)))
		*out = 'p';
	else if (fr->flags & MM_F_LRU)
		*out = 'L';
	else if (fr->flags & MM_F_MOVABLE_OPS)
		*out = 'V';
	return pages;
}

char *kit_drawing(const struct mm *mm)
{
	char *out = calloc(mm->nr_frames + (1u << mm->nr_orders), 1);

	for (uint32_t n = 0; n < mm->nr_frames;)
		n += draw_page(mm, n, out + n);
	return out;
}

void kit_expect_memory(const struct mm *mm, const char *drawing, const char *file, int line)
{
	char *want = strip(drawing), *got = kit_drawing(mm);
	struct error err = {""};

	got[strlen(want)] = '\0'; /* frames behind the zone only round up to the largest order */
	ck_assert_msg(!strcmp(want, got), "%s:%d:\nExpect %s\ngot    %s", file, line, want, got);
	ck_assert_msg(mm_validate(mm, &err) == 0, "%s:%d: %s", file, line, err.text);
	free(want);
	free(got);
}

void kit_expect_blocks(const struct mm *mm, const char *types, const char *file, int line)
{
	for (uint32_t b = 0; types[b]; b++) {
		uint32_t t = mm_block_type(mm, frame_from_block(mm, (struct block){b}));

		ck_assert_msg(type_letters[t] == types[b],
			      "%s:%d: Expect block %u to be %c, got %c", file, line, b, types[b],
			      type_letters[t]);
	}
}

void kit_expect_list(const struct mm *mm, uint32_t list, const char *pfns, const char *file,
		     int line)
{
	struct strbuf got;

	strbuf_init(&got);
	for (struct frame f = mm_list_first(mm, list); !frame_is_none(f); f = mm_list_next(mm, f))
		strbuf_printf(&got, "%s%u", got.len ? " " : "", f.n);
	ck_assert_msg(!strcmp(got.s, pfns), "%s:%d: Expect list %s, got %s", file, line, pfns,
		      got.s);
	strbuf_release(&got);
}

TCase *kit_case(Suite *s, const char *name)
{
	TCase *tc = tcase_create(name);

	suite_add_tcase(s, tc);
	return tc;
}

int kit_main(Suite *s)
{
	SRunner *sr = srunner_create(s);
	int failed;

	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
