// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include "sweep/sweep.h"

static void describe(struct session *s)
{
	const struct capture *c = &s->capture;
	const struct trace *t = &s->trace;
	struct store_capture *about = &s->about;

	*about = (struct store_capture){
		.events = t->nr, .lost_events = t->defects.lost, .fidelity = -1};
	snprintf(about->id, sizeof(about->id), "%s", c->id);
	snprintf(about->name, sizeof(about->name), "%s", c->name);
	snprintf(about->release, sizeof(about->release), "%s",
		 *c->manifest.release ? c->manifest.release : t->release);
	snprintf(about->arch, sizeof(about->arch), "%s", c->manifest.arch);
	snprintf(about->initial_state, sizeof(about->initial_state), "%s",
		 snap_level_name(c->start.level));
}

int session_open(struct session *s, const char *dir, struct progress *progress, struct error *err)
{
	if (capture_open(&s->capture, dir, err))
		return -1;
	if (trace_open(&s->trace, &s->capture, progress, err)) {
		capture_release(&s->capture);
		return -1;
	}
	describe(s);
	return 0;
}

void session_release(struct session *s)
{
	trace_release(&s->trace);
	capture_release(&s->capture);
}

int session_verify(struct session *s, struct progress *progress, struct error *err)
{
	struct verify_options opt = {.progress = progress};
	struct verify_result *result = calloc(1, sizeof(*result));
	int rc;

	if (!result)
		return error_set(err, "out of memory");
	rc = verify_run(&s->capture, &s->trace, &opt, result, err);
	if (!rc && result->page_allocs)
		s->about.fidelity =
			100.0 * (double)result->page_allocs_exact / (double)result->page_allocs;
	free(result);
	return rc;
}

static void format_injection(const struct injection *in, struct strbuf *out)
{
	strbuf_printf(out, "%s%lluns:", out->len ? " " : "", (unsigned long long)in->time);
	switch (in->action) {
	case INJECT_COMPACT_MEMORY:
		strbuf_puts(out, "compact_memory");
		return;
	case INJECT_COMPACT_NODE:
		strbuf_printf(out, "compact_node=%lld", (long long)in->value);
		return;
	case INJECT_DROP_CACHES:
		strbuf_puts(out, "drop_caches");
		return;
	case INJECT_HUGEPAGES:
		strbuf_printf(out, "hugepages=+%lld%s", (long long)in->value,
			      in->percent ? "%" : "");
		return;
	case INJECT_PARAM:
		strbuf_printf(out, "%s=%lld", in->param, (long long)in->value);
		return;
	}
}

void injections_format(const struct injection *in, size_t nr, struct strbuf *out)
{
	for (size_t i = 0; i < nr; i++)
		format_injection(&in[i], out);
}

/* In one spelling, because they are part of the run's key. */
static void describe_options(const struct whatif_options *opt, struct store_run *run)
{
	struct strbuf text;

	run->scenarios = !opt->central_only;
	strbuf_init(&text);
	injections_format(opt->inject, opt->nr_inject, &text);
	snprintf(run->injections, sizeof(run->injections), "%s", text.s);
	strbuf_release(&text);
}

int session_run(struct session *s, const struct policy_setting *setting,
		const struct whatif_options *opt, struct store_run *run, struct error *err)
{
	*run = (struct store_run){.capture = s->about,
				  .from = opt->from,
				  .to = opt->to,
				  .cut_percent = opt->cut_percent};
	if (!setting)
		return outcome_recorded_after(&s->capture, &s->trace, opt->cut_percent,
					      &run->outcome, err);
	describe_options(opt, run);
	if ((policy_is_shipped(setting->policy) ? whatif_run : whatif_run_isolated)(
		    &s->capture, &s->trace, setting, opt, &run->outcome, err))
		return error_prefix(err, "%s: %s", s->about.name, setting->policy->name);
	return 0;
}
