/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ZR_POLICIES_REGISTRY_H
#define ZR_POLICIES_REGISTRY_H

#include "policy/policy.h"

extern const struct policy policy_none;
extern const struct policy policy_reclaim;
extern const struct policy policy_lumpy;
extern const struct policy policy_compaction;
extern const struct policy policy_threshold;
extern const struct policy policy_kernel;
extern const struct policy policy_proactive;
extern const struct policy policy_threshold_hysteresis;
extern const struct policy policy_slab_targeted;
extern const struct policy policy_khugepaged;
extern const struct policy policy_clairvoyant;
extern const struct policy policy_relaxed;

#endif
