// SPDX-License-Identifier: GPL-2.0-only
/* The shipped policies. Order here is the order of lists and tables: baselines first. */
#include "policies/registry.h"

const struct policy *const policy_registry[] = {
	&policy_none,	    /* a lower bound */
	&policy_reclaim,    /* single pages */
	&policy_lumpy,	    /* 2.6.34 */
	&policy_compaction, /* 2.6.35 without its threshold */
	&policy_threshold,  /* 6.1's slow path */
	&policy_kernel,	    /* 6.1 with its background work */
	&policy_proactive,
	&policy_threshold_hysteresis,
	&policy_slab_targeted,
	&policy_khugepaged,
	&policy_clairvoyant, /* knows the future */
	&policy_relaxed,     /* counts only */
	NULL,
};
