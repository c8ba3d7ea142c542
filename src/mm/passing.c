// SPDX-License-Identifier: GPL-2.0-only
/*
 * Time that passes inside a request: while a task compacts or reclaims for itself, kswapd, which
 * its request has woken, and kcompactd go on beside it. How long a page takes and how fast the
 * threads are is the driver's affair (struct mm_passing).
 */
#include "mm/compaction_internal.h"

#define SECOND 1000000000ull

/* What a thread of @speed units a second does in @ns. */
static int64_t units_in(uint64_t ns, uint64_t speed, uint64_t *rest)
{
	uint64_t work = ns % SECOND * speed + *rest;

	*rest = work % SECOND;
	return (int64_t)(ns / SECOND * speed + work / SECOND);
}

uint64_t mm_paced(const struct mm_pace *paces, uint64_t nr, uint64_t *at, uint64_t from,
		  uint64_t to, uint64_t *rest)
{
	uint64_t done = 0;

	while (nr && from < to) {
		uint64_t until;

		while (*at + 1 < nr && paces[*at + 1].from <= from)
			++*at;
		until = *at + 1 < nr && paces[*at + 1].from < to ? paces[*at + 1].from : to;
		done += (uint64_t)units_in(until - from, paces[*at].speed, rest);
		from = until;
	}
	return done;
}

/* In the @ns before passing.ns. */
static void kswapd_works(struct mm *mm, uint64_t ns)
{
	struct mm_passing *p = &mm->passing;
	uint64_t at = p->kswapd_at;
	int64_t budget =
		(int64_t)mm_paced(p->kswapd, p->nr_kswapd, &at, p->ns - ns, p->ns, &p->kswapd_rest);

	p->kswapd_at = (uint32_t)at;
	for (uint32_t node = 0; node < mm->nr_nodes; node++) {
		if (!mm_balancing(mm, node) || mm->nodes[node].balance.done)
			continue;
		p->kswapd_ns += ns;
		mm->kswapd_budget += budget;
		budget = 0;
		ns = 0;
		mm_balance_beside(mm, node, mm->cpu);
	}
}

static uint64_t scanned(const struct mm *mm)
{
	return mm_stats(mm)->migrate_scanned + mm_stats(mm)->free_scanned;
}

/* When it has worked it sleeps anew. */
static void go_on(struct mm *mm, uint32_t node)
{
	mm_kcompactd_go_on(mm, node, mm->cpu);
	if (!mm_kcompactd_busy(mm, node))
		mm->passing.timer = mm->passing.ns + MM_KCOMPACTD_TIMER_NS;
}

static void kcompactd_works(struct mm *mm, uint64_t ns)
{
	int64_t pages = units_in(ns, mm->passing.kcompactd_speed, &mm->passing.kcompactd_rest);
	uint64_t before = scanned(mm);

	for (; mm->proactiveness && mm->passing.timer <= mm->passing.ns;
	     mm->passing.timer += MM_KCOMPACTD_TIMER_NS)
		mm_kcompactd_timer(mm, mm->cpu);

	for (uint32_t node = 0; node < mm->nr_nodes; node++) {
		if (!mm_kcompactd_busy(mm, node))
			continue;
		mm->passing.kcompactd_ns += pages ? ns : 0;
		mm->kcompactd_budget += pages;
		pages = 0;
		if (mm->kcompactd_budget > 0)
			go_on(mm, node);
	}
	mm->passing.kcompactd_scanned += scanned(mm) - before;
}

/* What others free meanwhile is not the compacting task's to capture [task_capc]. */
static void pass(struct mm *mm, uint64_t ns)
{
	struct mm_capture capture = mm->capture;
	uint32_t cpu = mm->cpu;

	if (!ns)
		return;
	mm->passing.ns += ns;
	mm->capture = (struct mm_capture){0};
	if (mm->kswapd_sliced)
		kswapd_works(mm, ns);
	if (mm->kcompactd_sliced)
		kcompactd_works(mm, ns);
	mm->capture = capture;
	mm->cpu = cpu;
}

void mm_pass_compacted(struct mm *mm, uint64_t scanned, uint64_t moved)
{
	pass(mm, scanned * mm->passing.per_scanned + moved * mm->passing.per_moved);
}

void mm_pass_reclaimed(struct mm *mm, uint64_t pages)
{
	pass(mm, pages * mm->passing.per_reclaimed);
}

void mm_pass_turn(struct mm *mm)
{
	uint64_t ns = mm->passing.give_way;

	mm->passing.give_way = 0;
	pass(mm, ns);
}
