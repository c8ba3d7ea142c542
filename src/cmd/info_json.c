// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/info.h"

static void put_machine(struct json *j, const struct info *in)
{
	const struct manifest *m = &in->c.manifest;

	json_string(j, "capture", in->c.name);
	json_string(j, "capture_id", in->c.id);
	json_string(j, "kernel", in->t.release);
	json_string(j, "kernel_version", m->kversion);
	json_string(j, "era", in->era);
	json_string(j, "era_match", in->era_exact ? "exact" : "nearest");
	json_string(j, "arch", in->t.arch);
	json_u64(j, "page_size", in->t.page_size);
	json_u64(j, "cpus", in->t.nr_cpus);
	json_u64(j, "nodes", m->nr_nodes);
	json_u64(j, "nr_orders", m->nr_orders);
	json_u64(j, "pageblock_order", m->pageblock_order);
	json_string(j, "workload", m->workload);
	json_string(j, "event_set", m->events);
	json_string(j, "clock", in->t.clock);
	json_u64(j, "duration_ns", in->s.duration);
	json_string(j, "initial_state", snap_level_name(in->c.start.level));
	json_string(j, "end_state", snap_level_name(in->c.end.level));
}

static void put_zone(struct json *j, const struct snapshot *s, const struct snap_zone *z)
{
	static const char *const marks[] = {"min", "low", "high"};
	uint64_t nr_free[SNAP_MAX_ORDERS];
	struct mm_index ix;

	json_object(j, NULL);
	json_i64(j, "node", z->node);
	json_string(j, "name", z->name);
	json_u64(j, "managed", z->managed);
	json_u64(j, "free", z->free_counter);
	json_u64(j, "boost", z->boost);
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		json_u64(j, marks[i], z->wmark[i]);
	info_zone_free(z, s->nr_orders, nr_free);
	json_array(j, "nr_free");
	for (uint32_t order = 0; order < s->nr_orders; order++)
		json_u64(j, NULL, nr_free[order]);
	json_end(j);
	json_object(j, "pageblocks");
	for (int mt = 0; mt < MT_NR; mt++)
		json_u64(j, migratetype_name(mt), z->nr_blocks[mt]);
	json_end(j);
	mm_index_from_counts(nr_free, s->nr_orders, s->pageblock_order, &ix);
	json_i64(j, "fragmentation_index", mm_fragmentation_index(&ix, s->pageblock_order));
	json_i64(j, "unusable_index", mm_unusable_index(&ix, s->pageblock_order));
	json_end(j);
}

static void put_zones(struct json *j, const struct snapshot *s)
{
	json_array(j, "zones");
	for (size_t i = 0; i < s->nr_zones; i++) {
		if (s->zones[i].managed)
			put_zone(j, s, &s->zones[i]);
	}
	json_end(j);
}

static void put_events(struct json *j, const struct info *in)
{
	json_u64(j, "events", in->t.nr);
	json_object(j, "event_kinds");
	for (int kind = EV_NONE + 1; kind < EV_NR_KINDS; kind++) {
		if (in->t.kinds_seen[kind])
			json_u64(j, event_desc(kind)->name, in->t.kinds_seen[kind]);
	}
	json_end(j);
	json_array(j, "requests");
	for (int order = 0; order < SNAP_MAX_ORDERS; order++) {
		if (!in->s.allocs[order])
			continue;
		json_object(j, NULL);
		json_i64(j, "order", order);
		json_u64(j, "made", in->s.allocs[order]);
		json_u64(j, "failed", in->s.failed[order]);
		json_end(j);
	}
	json_end(j);
	json_u64(j, "pages_allocated", in->s.pages_allocated);
	json_u64(j, "pages_freed", in->s.pages_freed);
}

static void put_intents(struct json *j, const struct info *in)
{
	json_array(j, "intents");
	for (size_t i = 0; i < in->nr_intents; i++) {
		const struct trace_intent *wish = &in->intents[i];

		json_object(j, NULL);
		json_u64(j, "at_ns", wish->time - in->t.events[0].time);
		json_u64(j, "step", wish->step);
		json_u64(j, "order", wish->order);
		json_u64(j, "want", wish->want);
		if (wish->answered) {
			json_u64(j, "got", wish->got);
			json_u64(j, "ns", wish->ns);
		}
		json_end(j);
	}
	json_end(j);
}

static void put_tasks(struct json *j, const struct info *in)
{
	json_array(j, "tasks");
	for (size_t i = 0; i < in->s.nr_tasks; i++) {
		json_object(j, NULL);
		json_u64(j, "pid", in->s.tasks[i].pid);
		json_string(j, "comm", trace_comm(&in->t, in->s.tasks[i].pid));
		json_u64(j, "pages", in->s.tasks[i].pages);
		json_u64(j, "requests", in->s.tasks[i].allocs);
		json_end(j);
	}
	json_end(j);
}

static void put_demand(struct json *j, const struct info *in)
{
	const struct demand_account *a = &in->demand.account;
	const struct demand_counts *n = &in->demand.counts;

	if (in->no_demand.text[0]) {
		json_null(j, "demand");
		return;
	}
	json_object(j, "demand");
	json_object(j, "kinds");
	for (int i = 0; i < DEMAND_NR_SORTS; i++) {
		const struct demand_sum *sum = &a->sorts[i];

		json_object(j, demand_sort_names[i].key);
		json_u64(j, "before", sum->before);
		json_u64(j, "asked", sum->asked);
		json_u64(j, "gone", sum->gone);
		json_u64(j, "asked_unmovable", sum->born[MT_UNMOVABLE]);
		json_u64(j, "asked_movable", sum->born[MT_MOVABLE]);
		json_u64(j, "asked_reclaimable", sum->born[MT_RECLAIMABLE]);
		json_end(j);
	}
	json_end(j);
	json_object(j, "let_go_by");
	for (int i = 0; i < DEMAND_NR_WHYS; i++)
		json_u64(j, demand_why_names[i].key, a->why[i]);
	json_end(j);
	json_u64(j, "kinds_inferred", n->inferred_lru);
	json_u64(j, "moved_out_of_sight", n->migrated_lost);
	json_u64(j, "unknown_frees", n->unknown_frees);
	json_u64(j, "double_allocs", n->double_allocs);
	json_end(j);
}

static void put_defects(struct json *j, const struct info *in)
{
	const struct trace_defects *d = &in->t.defects;

	json_u64(j, "lost_events", d->lost);
	json_u64(j, "lost_places", d->lost_places);
	if (d->lost_places)
		json_u64(j, "first_lost_ns", d->first_lost_time - in->t.events[0].time);
	else
		json_null(j, "first_lost_ns");
	json_u64(j, "unknown_events", d->unknown_events);
	json_u64(j, "malformed_events", d->malformed);
	json_u64(j, "time_backwards", d->time_backwards);
	json_bool(j, "frames_followed", in->s.frames_followed);
	json_u64(j, "unknown_frees", in->s.frees_unknown);
	json_u64(j, "frees_in_pieces", in->s.frees_in_pieces);
	json_u64(j, "double_allocs", in->s.allocs_out);
	json_u64(j, "older_frees", in->s.frees_older);
}

static void put_verdict(struct json *j, const char *key, const struct verdict *v)
{
	json_object(j, key);
	json_string(j, "good", goodness_name(v->good));
	json_array(j, "reasons");
	for (size_t i = 0; i < v->nr; i++)
		json_string(j, NULL, v->reasons[i]);
	json_end(j);
	json_end(j);
}

void info_print_json(const struct info *in)
{
	struct strbuf out;
	struct json j;

	strbuf_init(&out);
	json_init(&j, &out);
	json_object(&j, NULL);
	put_machine(&j, in);
	put_zones(&j, &in->c.start);
	put_events(&j, in);
	put_intents(&j, in);
	put_tasks(&j, in);
	put_demand(&j, in);
	put_defects(&j, in);
	put_verdict(&j, "good_for_verify", &in->verify);
	put_verdict(&j, "good_for_whatif", &in->whatif);
	json_end(&j);
	printf("%s\n", out.s);
	strbuf_release(&out);
}
