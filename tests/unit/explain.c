// SPDX-License-Identifier: GPL-2.0-only
/*
 * Explanations are claims about a machine, and are held to it: on real recordings, for more than a
 * hundred failures under several policies, freeing exactly the named pages on a copy makes the
 * request succeed, and freeing all but any one of them does not. The copying, freeing and asking
 * here is this test's own.
 */
#include "replay/explain.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define PER_ORDER 16
#define ENOUGH_FAILURES 100

static const char *const samples[] = {
	"churn-5.10",	 "churn-6.1",	       "churn-6.12",	       "churn-7.2",
	"hugealloc-6.1", "hugealloc-6.1-i386", "hugealloc-6.1-ppc64el"};
static const char *const policies[] = {"none", "reclaim", "threshold", "kernel",
				       "kernel:min_free_kbytes=80000"};

static struct {
	unsigned int failures, proven, fragmented, watermark, both, stranded, unknown, left_out;
	unsigned int min_free;
} seen;

static struct capture capture;
static struct trace trace;

static void open_sample(const char *name)
{
	const char *src = getenv("ZR_SRCDIR");
	struct error err;
	char dir[4096];

	snprintf(dir, sizeof(dir), "%s/traces/samples/%s", src ? src : ".", name);
	ck_assert_msg(!capture_open(&capture, dir, &err), "%s", err.text);
	ck_assert_msg(!trace_open(&trace, &capture, NULL, &err), "%s", err.text);
}

static void close_sample(void)
{
	trace_release(&trace);
	capture_release(&capture);
}

/* ---- this test's own hands ---- */

static struct frame frame_of(const struct mm *mm, const struct explain_page *p)
{
	return frame_from_pfn(mm, (struct pfn){p->pfn});
}

static void give_back(struct mm *mm, const struct explain_page *p)
{
	struct frame f = frame_of(mm, p);

	if (mm_on_lru_list(mm, f))
		mm_lru_del(mm, f);
	if (mm_on_slab_list(mm, f))
		mm_slab_del(mm, f);
	mm_object_unbind(mm, f);
	mm_free_direct(mm, 0, f, p->order, 0);
}

/* Everything that is free goes where it can be seen. */
static void nothing_hidden(struct mm *mm)
{
	mm_drain_all(mm);
	for (uint32_t cpu = 0; cpu < mm->nr_cpus; cpu++)
		mm_fold_diffs(mm, cpu);
}

static bool passes(struct mm *mm, const struct mm_request *rq)
{
	return !frame_is_none(mm_get_page(mm, rq, mm_alloc_flags_slow(mm, rq)));
}

static bool passes_without(const struct mm *mm, struct mm *copy, const struct explanation *x,
			   const struct mm_request *rq, uint32_t but)
{
	mm_copy(copy, mm);
	nothing_hidden(copy);
	for (uint32_t i = 0; i < x->nr_blockers; i++)
		if (i != but)
			give_back(copy, &x->blockers[i]);
	nothing_hidden(copy);
	return passes(copy, rq);
}

/* ---- what must hold ---- */

static void check_pages(const struct explanation *x, const struct mm *mm)
{
	uint64_t start = x->block.pfn, end = start + (1u << x->order);

	for (uint32_t i = 0; i < x->nr_blockers; i++) {
		const struct explain_page *p = &x->blockers[i];
		struct frame f = frame_of(mm, p);
		bool inside = x->block.any && p->pfn >= start && p->pfn < end;

		ck_assert(!frame_is_none(f));
		ck_assert(mm_frame(mm, f)->flags & MM_F_HEAD);
		ck_assert(!mm_on_buddy_list(mm, f) && !mm_on_pcp_list(mm, f));
		ck_assert_uint_eq(mm_frame(mm, f)->order, p->order);
		ck_assert_uint_eq(inside, i < x->in_block);
		if (p->dated)
			ck_assert_uint_eq(mm_objects(mm)[f.n].owner, p->pid);
		for (uint32_t k = 0; k < i; k++)
			ck_assert_uint_ne(x->blockers[k].pfn, p->pfn);
	}
}

static void check_proof(const struct explanation *x, const struct mm *mm, struct mm *copy,
			const struct mm_request *rq)
{
	struct error err;

	ck_assert_uint_gt(x->nr_blockers, 0);
	ck_assert_msg(passes_without(mm, copy, x, rq, UINT32_MAX),
		      "%s, %s, request %lu: all %u pages freed, and it fails", x->capture,
		      x->policy, (unsigned long)x->number, x->nr_blockers);
	ck_assert_msg(!mm_validate(copy, &err), "%s", err.text);
	for (uint32_t i = 0; i < x->nr_blockers; i++, seen.left_out++)
		ck_assert_msg(!passes_without(mm, copy, x, rq, i),
			      "%s, %s, request %lu: %u of %u pages freed, and it succeeds",
			      x->capture, x->policy, (unsigned long)x->number, x->nr_blockers - 1,
			      x->nr_blockers);
	ck_assert(x->proof.sufficient && x->proof.minimal);
	seen.proven++;
}

/* The other way out of a watermark: what is said of min_free_kbytes holds to the page. */
static void check_min_free(const struct explanation *x, const struct mm *mm, struct mm *copy,
			   const struct mm_request *rq)
{
	for (uint32_t i = 0; i < x->nr_ways; i++) {
		uint32_t kbytes = (uint32_t)x->ways[i].value, page = 1u << (mm->page_shift - 10);

		if (x->ways[i].kind != EXPLAIN_WAY_MIN_FREE)
			continue;
		for (int more = 0; more < 2; more++) {
			mm_copy(copy, mm);
			mm_set_min_free(copy, kbytes + (more ? page : 0), 10);
			nothing_hidden(copy);
			ck_assert_int_eq(passes(copy, rq), !more);
		}
		seen.min_free++;
	}
}

static void check_verdict(const struct explanation *x, const struct mm *mm, struct mm *copy,
			  const struct mm_request *rq)
{
	mm_copy(copy, mm);
	nothing_hidden(copy);
	ck_assert_int_eq(passes(copy, rq), x->verdict == EXPLAIN_STRANDED);
	switch (x->verdict) {
	case EXPLAIN_FRAGMENTED:
		ck_assert(x->block.any);
		ck_assert_uint_eq(x->in_block, x->nr_blockers);
		seen.fragmented++;
		break;
	case EXPLAIN_WATERMARK:
		ck_assert(!x->block.any);
		ck_assert_uint_eq(x->in_block, 0);
		seen.watermark++;
		break;
	case EXPLAIN_BOTH:
		ck_assert(x->block.any);
		seen.both++;
		break;
	case EXPLAIN_STRANDED:
		ck_assert_uint_eq(x->nr_blockers, 0);
		seen.stranded++;
		break;
	default:
		ck_assert_uint_eq(x->verdict, EXPLAIN_UNKNOWN);
		seen.unknown++;
	}
}

static void inspect(void *arg, const struct explanation *x, const struct mm *mm,
		    const struct mm_request *rq)
{
	struct mm *copy = mm_clone(mm);

	ck_assert_ptr_nonnull(copy);
	seen.failures++;
	check_verdict(x, mm, copy, rq);
	check_pages(x, mm);
	if (x->verdict == EXPLAIN_FRAGMENTED || x->verdict == EXPLAIN_WATERMARK ||
	    x->verdict == EXPLAIN_BOTH)
		check_proof(x, mm, copy, rq);
	check_min_free(x, mm, copy, rq);
	mm_free(copy);
}

static void explain(const char *policy, const struct explain_options *opt, struct explanations *out)
{
	struct policy_setting setting;
	struct error err;

	ck_assert_msg(!policy_setting_parse(&setting, policy, &err), "%s", err.text);
	ck_assert_msg(!explain_run(&capture, &trace, &setting, opt, out, &err), "%s", err.text);
	policy_setting_release(&setting);
}

START_TEST(blockers_are_sufficient_and_minimal)
{
	struct explain_options opt = {
		.which = EXPLAIN_SEVERAL, .per_order = PER_ORDER, .inspect = inspect};

	open_sample(samples[_i]);
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		struct explanations e;

		explain(policies[i], &opt, &e);
		explanations_release(&e);
	}
	close_sample();
	printf("# %s: %u failures, %u proven with %u pages left out one at a time: %u fragmented, "
	       "%u watermark (%u of them by min_free_kbytes as well), %u both; %u stranded, %u unknown\n",
	       samples[_i], seen.failures, seen.proven, seen.left_out, seen.fragmented,
	       seen.watermark, seen.min_free, seen.both, seen.stranded, seen.unknown);
}
END_TEST

START_TEST(there_were_enough_of_them)
{
	ck_assert_uint_ge(seen.proven, ENOUGH_FAILURES);
	ck_assert_uint_gt(seen.fragmented, 0);
	ck_assert_uint_gt(seen.watermark, 0);
	ck_assert_uint_gt(seen.min_free, 0);
	/* Every one of these has a block that can be cleared, so one that is not found is a fault.
	 */
	ck_assert_uint_eq(seen.unknown, 0);
}
END_TEST

/* An explained replay is the replay: it fails where the plain one fails. */
START_TEST(looking_on_changes_nothing)
{
	struct explain_options opt = {.which = EXPLAIN_SEVERAL, .per_order = 2};
	struct whatif_options plain = {.central_only = true};
	struct policy_setting setting;
	struct explanations e;
	struct outcome o;
	struct error err;

	open_sample("hugealloc-6.1");
	ck_assert(!policy_setting_parse(&setting, "kernel", &err));
	ck_assert_msg(!whatif_run(&capture, &trace, &setting, &plain, &o, &err), "%s", err.text);
	explain("kernel", &opt, &e);
	ck_assert_uint_gt(e.failed_of[9], 0);
	for (uint32_t order = 0; order < 9; order++)
		ck_assert_uint_eq(e.failed_of[order],
				  o.orders[order].attempts - o.orders[order].successes);
	explanations_release(&e);
	outcome_release(&o);
	policy_setting_release(&setting);
	close_sample();
}
END_TEST

START_TEST(a_policy_does_not_part_from_itself)
{
	struct explain_options opt = {.which = EXPLAIN_FIRST};
	struct policy_setting same, other;
	struct explanations e;
	struct error err;

	open_sample("hugealloc-6.1");
	ck_assert(!policy_setting_parse(&same, "kernel", &err));
	ck_assert(!policy_setting_parse(&other, "none", &err));
	opt.against = &same;
	explain("kernel", &opt, &e);
	ck_assert(!e.parting.part);
	explanations_release(&e);
	opt.against = &other;
	explain("kernel", &opt, &e);
	ck_assert(e.parting.part);
	ck_assert_uint_gt(e.parting.sides[0].nr_decisions, 0);
	explanations_release(&e);
	policy_setting_release(&same);
	policy_setting_release(&other);
	close_sample();
}
END_TEST

static Suite *explain_suite(void)
{
	Suite *s = suite_create("explain");
	TCase *tc = tcase_create("explain");

	suite_add_tcase(s, tc);
	tcase_set_timeout(tc, 600);
	tcase_add_loop_test(tc, blockers_are_sufficient_and_minimal, 0, ARRAY_SIZE(samples));
	tcase_add_test(tc, there_were_enough_of_them);
	tcase_add_test(tc, looking_on_changes_nothing);
	tcase_add_test(tc, a_policy_does_not_part_from_itself);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(explain_suite());
	int failed;

	/* The counts of one test are looked at by another. */
	srunner_set_fork_status(sr, CK_NOFORK);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
