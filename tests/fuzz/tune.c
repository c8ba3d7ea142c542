// SPDX-License-Identifier: GPL-2.0-only
/* Exercises what `tune` reads: objectives, its own files for /etc/sysctl.d, copies of /proc/vmstat.
 * The first byte says which. */
#include "report/tune.h"
#include "tests/fuzz/fuzz.h"

static void check(const char *text)
{
	struct tune_counted counted = {.allocated = 1000, .count = {1, 2, 3, 4, 5, 6}};
	struct tune_expected expected;
	struct tune_check result;
	struct strbuf out;

	if (tune_expected_parse(&expected, text, "fuzz", NULL) ||
	    tune_compare(&result, &expected, NULL, &counted, 500, NULL))
		return;
	strbuf_init(&out);
	tune_check_text(&result, &expected, &out);
	tune_check_json(&result, &expected, &out);
	strbuf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tune_counted counted;
	struct objective o;
	struct strbuf text;

	if (!size)
		return 0;
	strbuf_init(&text);
	strbuf_add(&text, data + 1, size - 1);
	if (*data == 'o' && !objective_parse(&o, text.s, NULL) && !o.nr_goals)
		abort();
	else if (*data == 's')
		check(text.s);
	else if (*data == 'v' && !tune_counted_parse(&counted, text.s, "fuzz", NULL) &&
		 !counted.allocated)
		abort();
	strbuf_release(&text);
	return 0;
}
