// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/info.h"
#include "cmd/results.h"

#include <inttypes.h>

static void print_machine(const struct info *in)
{
	const struct manifest *m = &in->c.manifest;

	printf("%s\n", in->c.name);
	printf("  kernel      %s%s%s, %s\n", in->t.release[0] ? in->t.release : "unknown",
	       m->kversion[0] ? " " : "", m->kversion,
	       in->t.arch[0] ? in->t.arch : "unknown architecture");
	printf("  era         %s (%s)\n", in->era, in->era_exact ? "exact" : "nearest");
	printf("  machine     %" PRIu32 " CPUs seen, %" PRIu32 " nodes, pages of %" PRIu32
	       " KiB, pageblocks of order %" PRIu32 ", largest order %" PRIu32 "\n",
	       in->t.nr_cpus, m->nr_nodes, in->t.page_size / 1024, m->pageblock_order,
	       m->nr_orders ? m->nr_orders - 1 : 0);
	if (m->workload[0])
		printf("  workload    %s\n", m->workload);
	printf("  recorded    %.3f s, %" PRIu64 " events%s%s%s%s\n", (double)in->s.duration / 1e9,
	       in->t.nr, m->events[0] ? ", set " : "", m->events, in->t.clock[0] ? ", clock " : "",
	       in->t.clock);
	printf("  state       start %s, end %s\n", snap_level_name(in->c.start.level),
	       snap_level_name(in->c.end.level));
}

static void print_types(const uint64_t blocks[SNAP_MAX_TYPES])
{
	for (int mt = 0; mt < MT_NR; mt++) {
		if (blocks[mt])
			printf(" %s %" PRIu64, migratetype_name(mt), blocks[mt]);
	}
	printf("\n");
}

static void print_zone(const struct info *in, const struct snap_zone *z)
{
	uint32_t nr_orders = in->c.start.nr_orders, order = in->c.start.pageblock_order;
	uint64_t nr_free[SNAP_MAX_ORDERS];
	struct mm_index ix;

	printf("  node %d %-8s %10" PRIu64 " pages, %10" PRIu64 " free; watermarks %" PRIu64
	       " %" PRIu64 " %" PRIu64 "%s\n",
	       z->node, z->name, z->managed, z->free_counter, z->wmark[0], z->wmark[1], z->wmark[2],
	       z->boost ? ", boosted" : "");
	if (!nr_orders)
		return;
	info_zone_free(z, nr_orders, nr_free);
	printf("    free by order  ");
	for (uint32_t i = 0; i < nr_orders; i++)
		printf(" %" PRIu64, nr_free[i]);
	mm_index_from_counts(nr_free, nr_orders, order, &ix);
	printf("\n    order %-8" PRIu32 "  fragmentation index %d, unusable %d per mille\n", order,
	       mm_fragmentation_index(&ix, order), mm_unusable_index(&ix, order));
	printf("    pageblocks     ");
	print_types(z->nr_blocks);
}

static void print_start(const struct info *in)
{
	if (in->c.start.level == SNAP_NONE)
		return;
	printf("\nat the start\n");
	for (size_t i = 0; i < in->c.start.nr_zones; i++) {
		if (in->c.start.zones[i].managed)
			print_zone(in, &in->c.start.zones[i]);
	}
}

/* A machine is built for it as for a replay. What cannot be built has no map: `run` says why. */
static void print_map(const struct info *in)
{
	struct explain_print how = results_print();
	struct build_options build = {.objects = false};
	struct explain_map map;
	struct strbuf out;
	struct error err;
	struct mm *mm;

	if (!how.map || in->c.start.level == SNAP_NONE)
		return;
	mm = machine_build(&in->c, &in->t, &build, &err);
	if (!mm)
		return;
	if (!explain_map_fill(&map, mm, &err)) {
		strbuf_init(&out);
		explain_map_text(&map, UINT64_MAX, &how, &out);
		printf("\npageblocks at the start\n%s", out.s);
		strbuf_release(&out);
		explain_map_release(&map);
	}
	mm_free(mm);
}

static void print_events(const struct info *in)
{
	printf("\nevents\n");
	for (int kind = EV_NONE + 1; kind < EV_NR_KINDS; kind++) {
		if (in->t.kinds_seen[kind])
			printf("  %-36s %10" PRIu64 "\n", event_desc(kind)->name,
			       in->t.kinds_seen[kind]);
	}
}

static void print_requests(const struct info *in)
{
	printf("\nrequests by order       made     failed\n");
	for (int order = 0; order < SNAP_MAX_ORDERS; order++) {
		if (in->s.allocs[order])
			printf("  %2d              %10" PRIu64 " %10" PRIu64 "\n", order,
			       in->s.allocs[order], in->s.failed[order]);
	}
	printf("  pages allocated %" PRIu64 ", freed %" PRIu64 "\n", in->s.pages_allocated,
	       in->s.pages_freed);
}

static void print_intents(const struct info *in)
{
	if (!in->nr_intents)
		return;
	printf("\nwhat the workload wanted\n  step  order       want        got         ms\n");
	for (size_t i = 0; i < in->nr_intents; i++) {
		const struct trace_intent *wish = &in->intents[i];

		printf("  %4" PRIu64 " %6" PRIu64 " %10" PRIu64, wish->step, wish->order,
		       wish->want);
		if (wish->answered)
			printf(" %10" PRIu64 " %10.1f\n", wish->got, (double)wish->ns / 1e6);
		else
			printf("    no answer\n");
	}
}

static void print_tasks(const struct info *in)
{
	printf("\ntasks by pages allocated\n");
	for (size_t i = 0; i < in->s.nr_tasks; i++) {
		const struct survey_task *task = &in->s.tasks[i];

		printf("  %-16s %7" PRIu32 " %10" PRIu64 " pages in %" PRIu64 " requests%s\n",
		       trace_comm(&in->t, task->pid), task->pid, task->pages, task->allocs,
		       task->pid && task->pid == in->c.manifest.recorder_pid ? " (the recorder)"
									     : "");
	}
}

static void print_sum(const char *name, const struct demand_sum *sum)
{
	printf("  %-24s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64
	       " %10" PRIu64 "\n",
	       name, sum->before, sum->asked, sum->gone, sum->born[MT_UNMOVABLE],
	       sum->born[MT_MOVABLE], sum->born[MT_RECLAIMABLE]);
}

static void print_demand(const struct info *in)
{
	const struct demand_account *a = &in->demand.account;
	const struct demand_counts *n = &in->demand.counts;

	if (in->no_demand.text[0]) {
		printf("\npages by what they were\n  not told: %s\n", in->no_demand.text);
		return;
	}
	printf("\npages by what they were when last seen; of those asked for: unmovable, movable, reclaimable\n"
	       "  %-24s %10s %10s %10s %10s %10s %10s\n",
	       "", "before", "asked for", "let go", "unmovable", "movable", "reclaim.");
	for (int i = 0; i < DEMAND_NR_SORTS; i++)
		print_sum(demand_sort_names[i].words, &a->sorts[i]);
	printf("\npages let go by\n");
	for (int i = 0; i < DEMAND_NR_WHYS; i++)
		printf("  %-32s %10" PRIu64 "%s\n", demand_why_names[i].words, a->why[i],
		       i >= DEMAND_BY_KSWAPD && i <= DEMAND_BY_MIGRATION
			       ? " (the recorded kernel's choice: no demand)"
			       : "");
	printf("\nnot told by the events\n");
	printf("  kind taken from the request (no event of the LRU) %10" PRIu64 " pages\n",
	       n->inferred_lru);
	printf("  moved, but where to did not show                  %10" PRIu64 " pages\n",
	       n->migrated_lost);
	printf("  freed, but never seen to be handed out            %10" PRIu64 " frees\n",
	       n->unknown_frees);
	printf("  handed out again, but never seen to be freed      %10" PRIu64 " pages\n",
	       n->double_allocs);
}

static void print_defects(const struct info *in)
{
	const struct trace_defects *d = &in->t.defects;

	printf("\ndefects\n");
	printf("  lost events            %10" PRIu64, d->lost);
	if (d->lost_places)
		printf(" in %" PRIu64 " places, first at %.6f s", d->lost_places,
		       (double)(d->first_lost_time - in->t.events[0].time) / 1e9);
	printf("\n  events not used here   %10" PRIu64 "\n", d->unknown_events);
	printf("  events not readable    %10" PRIu64 "\n", d->malformed);
	printf("  clock went back        %10" PRIu64 "\n", d->time_backwards);
	if (!in->s.frames_followed) {
		printf("  pages were not followed: their numbers are too large\n");
		return;
	}
	printf("  frees of unknown pages %10" PRIu64
	       " (taken unseen: by compaction, bulk allocation)\n",
	       in->s.frees_unknown);
	printf("  frees in pieces        %10" PRIu64 "\n", in->s.frees_in_pieces);
	printf("  allocations of pages already out %" PRIu64 "\n", in->s.allocs_out);
	printf("  frees of pages older than the recording %" PRIu64 " (nothing wrong)\n",
	       in->s.frees_older);
}

static void print_verdict(const char *use, const struct verdict *v)
{
	printf("\ngood for %s: %s\n", use, goodness_name(v->good));
	for (size_t i = 0; i < v->nr; i++)
		printf("  - %s\n", v->reasons[i]);
}

void info_print_text(const struct info *in)
{
	print_machine(in);
	print_start(in);
	print_map(in);
	print_events(in);
	print_requests(in);
	print_intents(in);
	print_tasks(in);
	print_demand(in);
	print_defects(in);
	print_verdict("verify", &in->verify);
	print_verdict("what-if", &in->whatif);
}
