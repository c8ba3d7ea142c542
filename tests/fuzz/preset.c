// SPDX-License-Identifier: GPL-2.0-only
/* Presets: anybody's INI file against the policy with the most kinds of parameters. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int64_t values[POLICY_MAX_PARAMS];
	struct error err = {{0}};
	const struct policy *p = policy_find("compaction", &err);
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	params_defaults(p->params, p->nr_params, values);
	if (policy_preset_read(p, "fuzz", text, values, &err) < 0 && !err.text[0])
		abort();
	free(text);
	return 0;
}
