// SPDX-License-Identifier: GPL-2.0-only
/* info: what happened on the recorded machine, and what the recording is good for. */
#include "cmd/info.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FRAMES (1ull << 26) /* what following their pages may take: 3 GiB */

/* ---- the verdict ---- */

static void add_reason(struct verdict *v, enum goodness at_most, const char *text)
{
	if (v->nr < ARRAY_SIZE(v->reasons))
		v->reasons[v->nr++] = text;
	if (v->good > at_most)
		v->good = at_most;
}

static bool saw(const struct info *in, enum event_kind kind)
{
	return in->t.kinds_seen[kind] != 0;
}

/* Seen, or asked for by a recorder that says what it could not have: then it did not happen. */
static bool was_recorded(const struct info *in, enum event_kind kind)
{
	const char *missing = manifest_get(&in->c.manifest, "trace.events_missing");

	return saw(in, kind) || (missing && !strstr(missing, event_desc(kind)->name));
}

static void judge_verify(const struct info *in, struct verdict *v)
{
	v->good = GOOD;
	if (!was_recorded(in, EV_ZONE_LOCKED) || !was_recorded(in, EV_PCPU_DRAIN))
		add_reason(v, NOT_GOOD,
			   "what the zones gave and took back was not recorded: record all "
			   "events of kmem");
	if (in->c.start.level == SNAP_NONE)
		add_reason(v, NOT_GOOD,
			   "the state at the start is not known: record with \"zonereplay "
			   "capture\" as root");
	else if (in->c.start.level == SNAP_COUNTS)
		add_reason(v, PARTLY_GOOD,
			   "the order of the free lists at the start is not known: record "
			   "with \"zonereplay capture\" as root where /proc/kcore can be "
			   "read or BPF programs can be loaded");
	if (in->t.defects.lost_places)
		add_reason(v, PARTLY_GOOD,
			   "events were lost: record with larger buffers (--buffer)");
	if (!in->era_exact)
		add_reason(v, PARTLY_GOOD,
			   "this exact kernel is not one whose rules are known; those of the "
			   "nearest one are used");
	if (saw(in, EV_COMPACT_BEGIN) && !saw(in, EV_P_ISOLATE_FREE))
		add_reason(v, GOOD,
			   "compaction ran unseen: what it took is simulated; --events=truth would "
			   "record it");
	if (in->c.end.level != SNAP_EXACT)
		add_reason(v, GOOD, "no exact state at the end to compare with");
}

static bool has_lru(const struct snapshot *s)
{
	for (size_t i = 0; i < s->nr_lists; i++)
		if (s->lists[i].kind == SNAP_LIST_LRU)
			return true;
	return false;
}

static void judge_whatif(const struct info *in, struct verdict *v)
{
	v->good = GOOD;
	if (in->c.start.level == SNAP_NONE)
		add_reason(v, NOT_GOOD,
			   "the state at the start is not known: record with \"zonereplay "
			   "capture\" as root");
	if (in->c.start.level == SNAP_EXACT && !has_lru(&in->c.start))
		add_reason(v, PARTLY_GOOD,
			   "the order of the LRU lists at the start is not known: only /proc/kcore "
			   "tells it, BPF reads the free lists");
	if (!saw(in, EV_LRU_INSERT))
		add_reason(v, PARTLY_GOOD,
			   "which pages can be reclaimed is not known: record the events of "
			   "pagemap");
	if (!saw(in, EV_FILE_ADD) && !saw(in, EV_FILE_DELETE))
		add_reason(v, PARTLY_GOOD,
			   "file pages cannot be told from others: record the events of "
			   "filemap");
	if (!saw(in, EV_KSWAPD_WAKE) && !saw(in, EV_RECLAIM_BEGIN) &&
	    !saw(in, EV_SHRINK_SLAB_BEGIN))
		add_reason(v, PARTLY_GOOD,
			   "no reclaim was seen: it did not run, or the events of vmscan "
			   "are missing");
	if (in->t.defects.lost_places)
		add_reason(v, PARTLY_GOOD,
			   "events were lost: pages whose end was lost live too long");
	if (in->s.frees_unknown + in->s.allocs_out > in->t.nr / 10)
		add_reason(v, PARTLY_GOOD,
			   "more than a tenth of the events contradict those before them");
}

/* ---- gathering ---- */

static int gather(struct info *in, const char *dir, struct progress *prog, struct error *err)
{
	if (capture_open(&in->c, dir, err))
		return -1;
	if (trace_open(&in->t, &in->c, prog, err) || trace_survey(&in->t, &in->s, err) ||
	    trace_intents(&in->t, &in->intents, &in->nr_intents, err)) {
		free(in->intents);
		trace_release(&in->t);
		capture_release(&in->c);
		return -1;
	}
	if (!recorded_demand(&in->c, &in->t, 0, MAX_FRAMES, &in->demand, &in->no_demand))
		in->no_demand.text[0] = '\0';
	capture_kernel_release(&in->c, &in->t, in->release, sizeof(in->release));
	in->era = mm_era_name(mm_era_find(in->release, &in->era_exact));
	judge_verify(in, &in->verify);
	judge_whatif(in, &in->whatif);
	return 0;
}

static void let_go(struct info *in)
{
	demand_release(&in->demand);
	free(in->intents);
	trace_release(&in->t);
	capture_release(&in->c);
}

void info_zone_free(const struct snap_zone *z, uint32_t nr_orders,
		    uint64_t nr_free[SNAP_MAX_ORDERS])
{
	for (uint32_t order = 0; order < nr_orders; order++) {
		nr_free[order] = 0;
		for (int mt = 0; mt < MT_NR; mt++)
			nr_free[order] += z->nr_free[order][mt];
	}
}

const char *goodness_name(enum goodness g)
{
	static const char *const names[] = {"no", "partly", "yes"};

	return names[g];
}

/* ---- the command ---- */

struct info_command {
	const char *capture;
	bool json;
};

static const struct argp_option options[] = {
	CMD_JSON_OPTION,
	{0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct info_command *c = state->input;

	switch (key) {
	case CMD_OPT_JSON:
		c->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (c->capture)
			cmd_bad_usage(state, "one capture at a time, but \"%s\" follows", arg);
		c->capture = arg;
		return 0;
	case ARGP_KEY_END:
		if (!c->capture)
			cmd_bad_usage(state, "needs a capture, a directory with a trace.dat");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.args_doc = "CAPTURE",
	.doc = "Tells what a capture holds: the machine, the state it began in, what happened, what is wrong "
	       "with the recording and what it is good for.",
};

static int info_run(int argc, char **argv)
{
	struct info_command c = {0};
	struct cmd_progress progress;
	struct info in;
	struct error err;
	int ret;

	cmd_parse(&argp, argc, argv, 0, &c);
	memset(&in, 0, sizeof(in));
	ret = gather(&in, c.capture, cmd_progress_start(&progress), &err);
	cmd_progress_end(&progress);
	if (ret)
		return cmd_fail(&err);
	if (c.json)
		info_print_json(&in);
	else
		info_print_text(&in);
	let_go(&in);
	return CMD_FINE;
}

const struct command cmd_info = {"info", "what a capture holds and what it is good for", info_run};
