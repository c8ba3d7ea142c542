/* SPDX-License-Identifier: GPL-2.0-only */
/* Hand-made outcomes for the tests of store, report and stat: small numbers whose sums and shares
 * are easy to see. */
#ifndef ZR_TESTS_OUTCOMES_H
#define ZR_TESTS_OUTCOMES_H

#include <stdio.h>
#include <string.h>

#include "store/store.h"

static inline struct store_run run_make(const char *capture, const char *policy, const char *params)
{
	struct store_run run = {.from = 0, .to = 0};
	struct outcome *o = &run.outcome;

	snprintf(run.capture.id, sizeof(run.capture.id), "%032x", (unsigned)capture[0]);
	snprintf(run.capture.name, sizeof(run.capture.name), "%s", capture);
	snprintf(run.capture.release, sizeof(run.capture.release), "6.1.0-41-cloud-amd64");
	snprintf(run.capture.arch, sizeof(run.capture.arch), "x86_64");
	snprintf(run.capture.initial_state, sizeof(run.capture.initial_state), "exact");
	run.capture.events = 1000;
	run.capture.fidelity = 100;
	memcpy(o->capture, run.capture.name, sizeof(o->capture));
	memcpy(o->capture_id, run.capture.id, sizeof(o->capture_id));
	snprintf(o->policy, sizeof(o->policy), "%s", policy);
	snprintf(o->params, sizeof(o->params), "%s", params);
	snprintf(o->era, sizeof(o->era), "6.1");
	snprintf(o->initial_state, sizeof(o->initial_state), "exact");
	snprintf(run.provenance.program, sizeof(run.provenance.program), "zonereplay test");
	snprintf(run.provenance.command, sizeof(run.provenance.command), "zonereplay run %s -p %s",
		 capture, policy);
	o->era_exact = true;
	o->events = 1000;
	o->pageblock_order = 9;
	return run;
}

static inline void run_huge(struct store_run *run, uint64_t wanted, uint64_t got)
{
	struct outcome *o = &run->outcome;

	o->huge_wanted = wanted;
	o->huge_got = got;
	o->huge_success = (struct ranged){(int64_t)got, (int64_t)got, (int64_t)got};
	o->orders[9] =
		(struct order_outcome){.attempts = wanted, .successes = got, .fast = got / 2};
	o->orders[9].slow = got - got / 2;
}

static inline void run_reclaimed(struct store_run *run, uint64_t kswapd, uint64_t direct)
{
	struct outcome *o = &run->outcome;
	int64_t sum = (int64_t)(kswapd + direct);

	o->reclaimed_kswapd = kswapd;
	o->reclaimed_direct = direct;
	o->pages_reclaimed = (struct ranged){sum, sum, sum};
	o->approximate_lru = true;
}

#endif
