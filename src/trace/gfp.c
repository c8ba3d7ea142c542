// SPDX-License-Identifier: GPL-2.0-only
/* Names of gfp flags: single bits, and the combinations that kernels print for short
 * (include/trace/events/mmflags.h). */
#include "trace/pack.h"

#include <string.h>

#define RECLAIM (GFP_DIRECT_RECLAIM | GFP_KSWAPD_RECLAIM)
#define KERNEL (RECLAIM | GFP_IO | GFP_FS)
#define USER (KERNEL | GFP_HARDWALL)
#define HIGHUSER_MOVABLE (USER | GFP_HIGHMEM | GFP_MOVABLE)
#define HUGE_LIGHT ((HIGHUSER_MOVABLE | GFP_COMP | GFP_NOMEMALLOC | GFP_NOWARN) & ~RECLAIM)

static const struct gfp_row {
	const char *name;
	uint32_t mask;
} combinations[] =
	{
		/* larger ones first: each takes its bits away from those below */
		{"GFP_TRANSHUGE", HUGE_LIGHT | GFP_DIRECT_RECLAIM},
		{"GFP_TRANSHUGE_LIGHT", HUGE_LIGHT},
		{"GFP_HIGHUSER_MOVABLE", HIGHUSER_MOVABLE},
		{"GFP_HIGHUSER", USER | GFP_HIGHMEM},
		{"GFP_USER", USER},
		{"GFP_KERNEL_ACCOUNT", KERNEL | GFP_ACCOUNT},
		{"GFP_KERNEL", KERNEL},
		{"GFP_NOFS", RECLAIM | GFP_IO},
		{"GFP_NOIO", RECLAIM},
		{"GFP_ATOMIC", GFP_HIGH | GFP_KSWAPD_RECLAIM},
},
  bits[] =
	  {
		  {"__GFP_DMA", GFP_DMA},
		  {"__GFP_HIGHMEM", GFP_HIGHMEM},
		  {"__GFP_DMA32", GFP_DMA32},
		  {"__GFP_MOVABLE", GFP_MOVABLE},
		  {"__GFP_RECLAIMABLE", GFP_RECLAIMABLE},
		  {"__GFP_HIGH", GFP_HIGH},
		  {"__GFP_IO", GFP_IO},
		  {"__GFP_FS", GFP_FS},
		  {"__GFP_ZERO", GFP_ZERO},
		  {"__GFP_ATOMIC", GFP_ATOMIC},
		  {"__GFP_DIRECT_RECLAIM", GFP_DIRECT_RECLAIM},
		  {"__GFP_KSWAPD_RECLAIM", GFP_KSWAPD_RECLAIM},
		  {"__GFP_WRITE", GFP_WRITE},
		  {"__GFP_NOWARN", GFP_NOWARN},
		  {"__GFP_RETRY_MAYFAIL", GFP_RETRY_MAYFAIL},
		  {"__GFP_NOFAIL", GFP_NOFAIL},
		  {"__GFP_NORETRY", GFP_NORETRY},
		  {"__GFP_MEMALLOC", GFP_MEMALLOC},
		  {"__GFP_COMP", GFP_COMP},
		  {"__GFP_NOMEMALLOC", GFP_NOMEMALLOC},
		  {"__GFP_HARDWALL", GFP_HARDWALL},
		  {"__GFP_THISNODE", GFP_THISNODE},
		  {"__GFP_ACCOUNT", GFP_ACCOUNT},
		  {"__GFP_ZEROTAGS", GFP_ZEROTAGS},
},
  synonyms[] = {
	  {"GFP_DMA", GFP_DMA},
	  {"GFP_DMA32", GFP_DMA32},
	  {"GFP_NOWAIT", GFP_KSWAPD_RECLAIM},
};

static uint32_t find(const struct gfp_row *rows, size_t nr, const char *name, size_t len)
{
	for (size_t i = 0; i < nr; i++) {
		if (!strncmp(rows[i].name, name, len) && !rows[i].name[len])
			return rows[i].mask;
	}
	return 0;
}

static uint32_t find_bit(const char *name, size_t len)
{
	uint32_t bit = find(bits, ARRAY_SIZE(bits), name, len);

	return bit ? bit : find(synonyms, ARRAY_SIZE(synonyms), name, len);
}

uint32_t gfp_bit_by_name(const char *name)
{
	return find_bit(name, strlen(name));
}

static char *append(char *out, const char *start, const char *name)
{
	if (out != start)
		*out++ = '|';
	return stpcpy(out, name);
}

size_t gfp_format(uint32_t gfp, char *out)
{
	char *p = out;

	for (size_t i = 0; i < ARRAY_SIZE(combinations); i++) {
		if ((gfp & combinations[i].mask) == combinations[i].mask) {
			p = append(p, out, combinations[i].name);
			gfp &= ~combinations[i].mask;
		}
	}
	for (size_t i = 0; gfp && i < ARRAY_SIZE(bits); i++) {
		if (gfp & bits[i].mask) {
			p = append(p, out, bits[i].name);
			gfp &= ~bits[i].mask;
		}
	}
	if (gfp) {
		if (p != out)
			*p++ = '|';
		p += sprintf(p, "0x%x", gfp);
	}
	if (p == out)
		p = stpcpy(p, "0");
	return (size_t)(p - out);
}

static bool parse_word(const char *word, size_t len, uint32_t *gfp)
{
	uint32_t mask = find_bit(word, len);
	char number[24];
	uint64_t n;

	if (!mask)
		mask = find(combinations, ARRAY_SIZE(combinations), word, len);
	if (mask) {
		*gfp |= mask;
		return true;
	}
	if (!len || len >= sizeof(number))
		return false;
	memcpy(number, word, len);
	number[len] = '\0';
	if (!parse_u64(number, &n) || n > UINT32_MAX)
		return false;
	*gfp |= (uint32_t)n;
	return true;
}

bool gfp_parse(const char *text, uint32_t *gfp)
{
	size_t len;

	*gfp = 0;
	for (;;) {
		len = strcspn(text, "|");
		if (!parse_word(text, len, gfp))
			return false;
		if (!text[len])
			return true;
		text += len + 1;
	}
}
