// SPDX-License-Identifier: GPL-2.0-only
#include "base/base.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

/* strtoull alone would take leading blanks, signs and an octal 010; people who write 010 mean ten.
 */
bool parse_u64(const char *s, uint64_t *out)
{
	bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
	const char *digits = hex ? s + 2 : s;
	unsigned long long value;
	char *end;

	if (!(hex ? isxdigit((unsigned char)*digits) : isdigit((unsigned char)*digits)))
		return false;
	errno = 0;
	value = strtoull(s, &end, hex ? 16 : 10);
	if (errno || *end)
		return false;
	*out = value;
	return true;
}

bool parse_i64(const char *s, int64_t *out)
{
	bool minus = s[0] == '-';
	uint64_t value;

	if (!parse_u64(minus ? s + 1 : s, &value))
		return false;
	if (value > (uint64_t)INT64_MAX + minus)
		return false;
	*out = minus ? (int64_t)(0 - value) : (int64_t)value;
	return true;
}
