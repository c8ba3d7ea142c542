// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/cmd.h"

#include <string.h>
#include <unistd.h>

#define SHOW_EVERY 0.2 /* seconds */

static double seconds_between(const struct timespec *a, const struct timespec *b)
{
	return (double)(b->tv_sec - a->tv_sec) + (double)(b->tv_nsec - a->tv_nsec) / 1e9;
}

static void format_rate(struct strbuf *out, double rate)
{
	if (rate >= 1e6)
		strbuf_printf(out, "%.1f million events/s", rate / 1e6);
	else
		strbuf_printf(out, "%.0f events/s", rate);
}

void cmd_progress_format(struct strbuf *out, const char *what, uint64_t done, uint64_t total,
			 double seconds)
{
	double rate = seconds > 0 ? (double)done / seconds : 0;
	uint64_t left;

	strbuf_puts(out, what);
	if (total)
		strbuf_printf(out, " %3.0f %%", 100.0 * (double)done / (double)total);
	strbuf_puts(out, ", ");
	format_rate(out, rate);
	if (rate > 0 && total > done) {
		left = (uint64_t)((double)(total - done) / rate + 0.5);
		strbuf_printf(out, ", %d:%02d left", (int)(left / 60), (int)(left % 60));
	}
}

static void progress_show(struct progress *p, const char *what, uint64_t done, uint64_t total)
{
	struct cmd_progress *cp = (struct cmd_progress *)p;
	struct timespec now;
	struct strbuf line;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!cp->what || strcmp(cp->what, what) != 0) {
		cp->what = what;
		cp->begun = cp->shown = now;
	}
	if (seconds_between(&cp->shown, &now) < SHOW_EVERY)
		return;
	cp->shown = now;
	cp->visible = true;
	strbuf_init(&line);
	cmd_progress_format(&line, what, done, total, seconds_between(&cp->begun, &now));
	fprintf(stderr, "\r%s\033[K", line.s);
	fflush(stderr);
	strbuf_release(&line);
}

struct progress *cmd_progress_start(struct cmd_progress *cp)
{
	*cp = (struct cmd_progress){.progress = {.update = progress_show}};
	return isatty(STDERR_FILENO) ? &cp->progress : NULL;
}

void cmd_progress_end(struct cmd_progress *cp)
{
	if (cp->visible)
		fputs("\r\033[K", stderr);
	cp->visible = false;
	cp->what = NULL;
}
