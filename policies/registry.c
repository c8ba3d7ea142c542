// SPDX-License-Identifier: GPL-2.0-only
/* The shipped policies. Order here is the order of lists and tables: baselines first. */
#include "policies/registry.h"

const struct policy *const policy_registry[] = {
	&policy_none, &policy_reclaim, &policy_lumpy, &policy_compaction, &policy_threshold, NULL,
};
