/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside src/replay: what the files of explain share. */
#ifndef ZR_REPLAY_EXPLAIN_INTERNAL_H
#define ZR_REPLAY_EXPLAIN_INTERNAL_H

#include "replay/explain.h"
#include "replay/whatif.h"

/* explain_page.c */
enum explain_moves explain_moves_of(const struct mm *mm, struct frame f);
void explain_page_fill(struct explain_page *p, const struct mm *mm, const struct trace *t,
		       struct frame f);
bool explain_zone_allowed(const struct mm *mm, const struct mm_request *rq, uint32_t zone);
/* The watermark test that the slow path ends with. */
void explain_zone_sum(const struct mm *mm, const struct mm_request *rq, uint32_t zone,
		      struct mm_watermark_sum *sum);
int64_t explain_zone_missing(const struct mm_watermark_sum *sum);
void explain_zone_fill(struct explain_zone *out, const struct mm *mm, const struct mm_request *rq,
		       uint32_t zone);

/* Drains every per-cpu list and folds every counter. */
void explain_settle(struct mm *mm);

/*
 * explain_block.c: verdict, block, blockers and proof of a request that failed, from the machine
 * @after it gave up. @work is a machine of the same shape to try things on.
 */
int explain_blockers(struct explanation *x, const struct mm *after, struct mm *work,
		     const struct trace *t, const struct mm_request *rq,
		     struct error *err) MUST_CHECK;

/* explain_ways.c: what else would have helped; @before is the machine as the request came. */
void explain_ways(struct explanation *x, const struct whatif *w, const struct mm *before,
		  const struct mm *after, struct mm *work, const struct demand_op *op,
		  const struct mm_request *rq);

/* explain_polluters.c */
struct polluters;
struct polluters *polluters_new(struct error *err);
void polluters_free(struct polluters *p);
void polluters_sample(struct polluters *p, const struct mm *mm, const struct trace *t);
/* Ranks them into @out. */
int polluters_rank(const struct polluters *p, struct explanations *out,
		   struct error *err) MUST_CHECK;

/* The notes that the machine has, with pages described; 0 or -1 without memory. */
int explain_take_notes(struct explain_decision **out, uint32_t *nr, uint32_t *lost,
		       const struct mm *mm, const struct trace *t, struct error *err) MUST_CHECK;

/* explain_against.c: where the job's policy and @against part. */
int explain_parting(const struct whatif_job *job, const struct trace *t,
		    const struct policy_setting *against, struct explain_parting *out,
		    struct error *err) MUST_CHECK;
/* Room for the private state of any shipped policy. */
uint32_t explain_private_size(const struct policy_setting *p);

#endif
