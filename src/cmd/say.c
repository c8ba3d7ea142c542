// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/cmd.h"

#include <errno.h>

static void say(const char *kind, const char *fmt, va_list ap)
{
	fflush(stdout);
	fprintf(stderr, "%s: %s", program_invocation_name, kind);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

int cmd_failf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
	return CMD_BAD_QUESTION;
}

int cmd_fail(const struct error *err)
{
	return cmd_failf("%s", err->text);
}

void cmd_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("warning: ", fmt, ap);
	va_end(ap);
}
