/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy interface. The machine does; a policy decides.
 *
 * A policy is a const struct policy. Its hooks are called by the what-if driver at the points where
 * a kernel decides; a hook calls mechanisms (mm/mm.h) on env->mm and returns. It does no I/O and
 * allocates nothing; state of its own lives in the machine's block (mm_private(), private_size
 * bytes, zeroed at start), so that clones carry it.
 */
#ifndef ZR_POLICY_H
#define ZR_POLICY_H

#include "base/base.h"
#include "mm/mm.h"

#define POLICY_ABI 3u
#define POLICY_MAX_PARAMS 32

/* What a hook is given. Lives in the driver, not in the machine. */
struct policy_env {
	struct mm *mm;
	const int64_t *params; /* values in the order of the policy's parameter table */
	uint64_t now;	       /* ns on the recording's clock */
	const struct policy *policy;
	void *driver; /* the driver's own */
	/* ORACLE policies only, else NULL: ns at which the object dies, UINT64_MAX never/unknown.
	 */
	uint64_t (*death_of)(struct policy_env *env, uint32_t object_id);
	/* Inside alloc_slow(): the request goes round again and wakes kswapd, which may sleep. NULL
	 * where nobody does. */
	void (*wake_again)(struct policy_env *env, const struct mm_request *rq);
};

enum policy_trigger {
	TRIGGER_COMPACT_ALL,  /* /proc/sys/vm/compact_memory written */
	TRIGGER_COMPACT_NODE, /* /sys/devices/system/node/nodeN/compact written; arg = node */
	TRIGGER_DROP_CACHES,  /* arg = value written */
	TRIGGER_SET_PARAM,    /* a sysctl changed; params[] have it already */
};

#define POLICY_CAP_ORACLE 1u /* may ask death_of() */
/* The answer is what counting alone allows, whatever the hooks do. */
#define POLICY_CAP_RELAXED 2u
/* No policy that could be run: its results are bounds. */
#define POLICY_CAPS_BOUND (POLICY_CAP_ORACLE | POLICY_CAP_RELAXED)

struct policy {
	uint32_t abi;	     /* POLICY_ABI */
	const char *name;    /* [a-z0-9-]+ */
	const char *summary; /* one line */
	const char *about;   /* a paragraph: what it imitates and where from */
	const struct param_desc *params;
	size_t nr_params;
	uint32_t caps;		 /* POLICY_CAP_* */
	uint32_t private_size;	 /* bytes in the machine's block */
	const char *const *eras; /* names it runs on, NULL-terminated; NULL: all */

	/* Optional: once, before the first event. */
	void (*init)(struct policy_env *env);
	/*
	 * Mandatory: the fast path (get_page_from_freelist at the low watermark) failed. Do what
	 * the policy does and return the page, allocated, or FRAME_NONE: the request fails.
	 */
	struct frame (*alloc_slow)(struct policy_env *env, const struct mm_request *rq);
	/* Optional: kswapd of @node was woken for @order and zones up to @highest; runs to
	 * completion here. */
	void (*kswapd)(struct policy_env *env, uint32_t node, uint32_t order, uint32_t highest);
	/* Optional: kswapd of @node has gone to sleep again; runs when the request that woke kswapd
	 * is done. */
	void (*kcompactd)(struct policy_env *env, uint32_t node, uint32_t order, uint32_t highest);
	/* Optional: a page was freed by its owner. */
	void (*freed)(struct policy_env *env, struct frame f, uint32_t order);
	/* Optional: twice a second of the recording's time, unless kcompactd works more often. */
	void (*tick)(struct policy_env *env);
	/* Optional: an explicit trigger arrived. */
	void (*trigger)(struct policy_env *env, enum policy_trigger trigger, int64_t arg);
};

/* The one registry: shipped policies by name, NULL-terminated table in policies/registry.c. */
extern const struct policy *const policy_registry[];
/* By name, or a path that contains '/' and ends in ".so" (symbol `zonereplay_policy`). Checks ABI
 * and mandatory hooks. */
const struct policy *policy_find(const char *name, struct error *err);
bool policy_is_shipped(const struct policy *p);
int policy_check(const struct policy *p, struct error *err) MUST_CHECK;

/*
 * Presets: INI texts with a section per policy. `preset=NAME` among the parameters of a setting
 * fills in what the text says; whatever else is given there goes before it.
 */
struct policy_preset {
	const char *name, *text;
};
/* The shipped ones, made of policies/presets; ends with name NULL. */
extern const struct policy_preset policy_presets[];
/* Names of the shipped presets that have a section for @p; how many there are, at most @max. */
size_t policy_preset_names(const struct policy *p, const char **names, size_t max);
/* Sets values from the shipped preset @name, or from a file when there is a '/' in it. */
int policy_preset_apply(const struct policy *p, const char *name, int64_t *values,
			struct error *err) MUST_CHECK;
/* The same from @text; 1: it has no section for @p. @owner names it in errors. */
int policy_preset_read(const struct policy *p, const char *owner, const char *text, int64_t *values,
		       struct error *err) MUST_CHECK;

/* "NAME[:key=value,...]" parsed and checked. */
struct policy_setting {
	const struct policy *policy;
	int64_t params[POLICY_MAX_PARAMS];
	char *spelled; /* canonical NAME:key=value,... with every parameter */
};
int policy_setting_parse(struct policy_setting *s, const char *text, struct error *err) MUST_CHECK;
/* May it be used on a machine of this era? Policies and single parameters say on which. */
int policy_setting_fits(const struct policy_setting *s, const char *era,
			struct error *err) MUST_CHECK;
void policy_setting_release(struct policy_setting *s);

#endif
