// SPDX-License-Identifier: GPL-2.0-only
/*
 * Until a policy decides otherwise than the recorded kernel, a what-if is the recording: each
 * request gets the very page that it got then. Shipped recordings, under the kernel's own policy,
 * up to the first event that tells of reclaim or compaction at work.
 */
#include "replay/whatif.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Requests of the recording, in its order. */
struct asked {
	uint64_t time, pfn;
	uint32_t pid, order;
	bool met; /* the replay has made it */
};

struct comparison {
	struct whatif_watch watch; /* must be the first */
	struct asked *asked;
	uint64_t nr, next, same, differ, first_at;
	char first[128];
};

static struct capture capture;
static struct trace trace;

static void open_recording(const char *path)
{
	struct error err = {{0}};

	ck_assert_msg(!capture_open(&capture, path, &err), "%s", err.text);
	ck_assert_msg(!trace_open(&trace, &capture, NULL, &err), "%s", err.text);
}

static void open_sample(const char *name)
{
	const char *src = getenv("ZR_SRCDIR");
	char path[512];

	snprintf(path, sizeof(path), "%s/traces/samples/%s", src ? src : ".", name);
	open_recording(path);
}

static bool decides(const struct event *e)
{
	return e->kind == EV_KSWAPD_WAKE || e->kind == EV_RECLAIM_BEGIN ||
	       e->kind == EV_COMPACT_BEGIN || e->kind == EV_P_BALANCE;
}

/* How far the recording goes without a decision. */
static struct asked *requests_until_decision(uint64_t *nr)
{
	struct asked *v = calloc(trace.nr + 1, sizeof(*v));
	uint64_t from, to, n = 0;

	ck_assert_ptr_nonnull(v);
	recording_range(&capture, &trace, &from, &to);
	for (uint64_t i = from; i < to && !decides(&trace.events[i]); i++) {
		const struct event *e = &trace.events[i];

		if (e->kind == EV_ALLOC)
			v[n++] = (struct asked){.time = e->time - trace.events[0].time,
						.pid = e->pid,
						.order = (uint32_t)e->w[1],
						.pfn = e->w[0]};
	}
	*nr = n;
	return v;
}

static void before(struct whatif_watch *watch, struct whatif *w, const struct demand_op *op,
		   const struct mm_request *rq)
{
}

/*
 * Which of the recorded requests is this? The next one; with several CPUs the task's next one,
 * which began before others that were over earlier.
 */
static struct asked *asked_for(struct comparison *c, const struct demand_op *op)
{
	uint64_t i = c->next;

	while (i < c->nr &&
	       (c->asked[i].met || c->asked[i].pid != op->pid || c->asked[i].order != op->order))
		i++;
	return i < c->nr ? &c->asked[i] : NULL;
}

static void after(struct whatif_watch *watch, struct whatif *w, const struct demand_op *op,
		  const struct mm_request *rq, struct frame f, bool slow)
{
	struct comparison *c = (struct comparison *)watch;
	uint64_t pfn = frame_is_none(f) ? UINT64_MAX : pfn_from_frame(w->mm, f).n;
	struct asked *a = asked_for(c, op);

	if (c->next == c->nr)
		return;
	ck_assert_ptr_nonnull(a);
	ck_assert_uint_ge(a->time, op->time);
	ck_assert(w->mm->nr_cpus > 1 || (a == &c->asked[c->next] && a->time == op->time));
	a->met = true;
	while (c->next < c->nr && c->asked[c->next].met)
		c->next++;
	if (a->pfn == pfn) {
		c->same++;
	} else if (!c->differ++) {
		c->first_at = (uint64_t)(a - c->asked) + 1;
		snprintf(c->first, sizeof(c->first),
			 "request %" PRIu64 ", order %u: pfn %#" PRIx64 ", recorded %#" PRIx64,
			 c->first_at, a->order, pfn, a->pfn);
	}
}

static void compare(struct comparison *c)
{
	struct build_options build = {.objects = true, .private_size = 4096};
	struct whatif_options opt = {.central_only = true};
	struct outcome out = {.pageblock_order = 9};
	struct policy_setting setting;
	struct whatif_job job;
	struct error err = {{0}};
	struct demand d;
	struct whatif w;
	struct mm *mm = machine_build(&capture, &trace, &build, &err);

	ck_assert_msg(mm != NULL, "%s", err.text);
	ck_assert_msg(!policy_setting_parse(&setting, "kernel", &err), "%s", err.text);
	ck_assert_msg(!whatif_job_init(&job, &d, mm, &capture, &trace, &setting, &opt, &err), "%s",
		      err.text);
	ck_assert_msg(!whatif_begin(&w, &job, &scenarios[0], &out, &err), "%s", err.text);
	w.env.driver = &w;
	c->watch = (struct whatif_watch){.before = before, .after = after};
	w.watch = &c->watch;
	for (uint64_t i = 0; i < d.nr && c->next < c->nr; i++)
		whatif_operation(&w, &d.ops[i]);
	whatif_release(&w);
	whatif_job_release(&job);
	demand_release(&d);
	policy_setting_release(&setting);
	outcome_release(&out);
	mm_free(mm);
}

/* At least so many requests are compared: more than there would be if the first task that is forked
 * (its stack comes in bulk) or the first folding of counters put an end to it. */
static const struct {
	const char *name;
	uint64_t least;
} samples[] = {{"churn-6.1", 30000}, {"hugealloc-6.1", 13000}, {"churn-5.10", 30000}};

START_TEST(each_request_gets_the_recorded_page)
{
	struct comparison c = {.next = 0};
	struct asked *asked;

	open_sample(samples[_i].name);
	c.asked = asked = requests_until_decision(&c.nr);
	compare(&c);
	ck_assert_msg(!c.differ, "%s: %" PRIu64 " of %" PRIu64 " differ, the first: %s",
		      samples[_i].name, c.differ, c.next, c.first);
	ck_assert_uint_ge(c.same, samples[_i].least);
	free(asked);
	trace_release(&trace);
	capture_release(&capture);
}
END_TEST

/* Of any recording, as a comment: ZR_COUPLED="DIR..." */
START_TEST(recordings_that_are_named)
{
	char *names = strdup(getenv("ZR_COUPLED") ? getenv("ZR_COUPLED") : ""), *save = NULL;

	for (char *dir = strtok_r(names, " ", &save); dir; dir = strtok_r(NULL, " ", &save)) {
		struct comparison c = {.next = 0};
		struct asked *asked;

		open_recording(dir);
		c.asked = asked = requests_until_decision(&c.nr);
		compare(&c);
		printf("# %s: %" PRIu64 " of %" PRIu64
		       " requests before the first decision, %" PRIu64 " of them as recorded%s%s\n",
		       dir, c.differ ? c.first_at - 1 : c.nr, c.nr, c.same,
		       c.differ ? "; the first that differs: " : "", c.first);
		free(asked);
		trace_release(&trace);
		capture_release(&capture);
	}
	free(names);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("coupled");
	TCase *tc = tcase_create("coupled");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, recordings_that_are_named);
	tcase_add_loop_test(tc, each_request_gets_the_recorded_page, 0, (int)ARRAY_SIZE(samples));
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
