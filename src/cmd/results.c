// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/results.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NARROWEST 60

static const struct {
	const char *name;
	uint64_t ns;
} units[] = {{"", 1000000000}, {"s", 1000000000}, {"ms", 1000000}, {"us", 1000}, {"ns", 1}};

bool results_parse_time(const char *text, uint64_t *ns)
{
	uint64_t whole = 0, fraction = 0, scale = 1;
	const char *p = text;
	size_t unit = 0;

	for (; isdigit((unsigned char)*p); p++) {
		if (whole > UINT32_MAX)
			return false;
		whole = whole * 10 + (uint64_t)(*p - '0');
	}
	if (p == text)
		return false;
	if (*p == '.' && isdigit((unsigned char)p[1]))
		for (p++; isdigit((unsigned char)*p); p++) {
			if (scale == 1000000000)
				continue;
			fraction = fraction * 10 + (uint64_t)(*p - '0');
			scale *= 10;
		}
	while (unit < ARRAY_SIZE(units) && strcmp(units[unit].name, p))
		unit++;
	if (unit == ARRAY_SIZE(units) || whole > UINT64_MAX / 2 / units[unit].ns)
		return false;
	/* 64 bits are not enough for nine digits of a fraction times a second: 128 are. */
	*ns = whole * units[unit].ns +
	      (uint64_t)((unsigned __int128)fraction * units[unit].ns / scale);
	return true;
}

unsigned int results_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return RESULTS_WIDTH;
	return size.ws_col < NARROWEST ? NARROWEST : size.ws_col;
}

struct explain_print results_print(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	bool terminal = isatty(STDOUT_FILENO);
	bool plain = (no_color && *no_color) || (term && !strcmp(term, "dumb"));

	return (struct explain_print){
		.width = results_width(), .map = terminal, .colour = terminal && !plain};
}

int results_load(const char *db, struct store_runs *runs, struct error *err)
{
	struct store *store = store_open(db, STORE_READ, err);
	int rc;

	if (!store)
		return -1;
	rc = store_load(store, runs, err);
	store_close(store);
	return rc;
}
