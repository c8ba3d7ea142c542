/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kswapd between two slices of its work, and time that passes inside a request; part of the face of
 * src/mm (mm.h includes this file): kswapd.c, reclaim.c, passing.c.
 */
#ifndef ZR_MM_BALANCE_H
#define ZR_MM_BALANCE_H

/* A pass over the lists of a node [shrink_lruvec], as far as it has come. Pages, by enum mm_lru. */
struct mm_shrinking {
	uint64_t left[4], target[4]; /* to scan: now, and at first */
	uint64_t reclaimed, before;  /* from the lists in this pass; altogether before it */
	uint8_t under_way;	     /* 0 or 1 */
	uint8_t next;		     /* the list whose turn it is */
	uint8_t deactivate[2];	     /* are active pages to be aged? anonymous, file */
	uint8_t progress;	     /* an earlier pass of this round got something */
	uint8_t pad[3];
};

/* kswapd of a node. */
struct mm_balance {
	uint8_t active; /* 0 or 1: it is at work */
	uint8_t done;	/* while a request waited it came to its end; that is still to be dealt with
			 */
	uint8_t compaction; /* the policy compacts */
	uint8_t flusher;    /* the round under way woke the flusher threads */
	uint32_t order, highest;
	int32_t priority;
	uint64_t reclaimed, boost; /* pages; boosts that are not worked off yet */
	uint32_t boosts[MM_MAX_ZONES];
	/* Of the round under way: pages to reclaim, scanned, and reclaimed before it. */
	uint64_t want, scanned, before;
	struct mm_shrinking shrinking;
};

/* From @from ns on a thread works @speed units in a second. */
struct mm_pace {
	uint64_t from, speed;
};
#define MM_NR_PACES 256u

/*
 * Time that passes inside a request: what a page costs the task that waits, in ns, and how fast
 * kswapd and kcompactd are meanwhile, if they are at work. All zero: time stands still.
 * kcompactd's timer goes off as well, where the machine has a @proactiveness.
 */
struct mm_passing {
	uint64_t per_scanned, per_moved, per_reclaimed; /* ns */
	/* kswapd's ns of CPU in a second; the times count from the driver's reset. None: it gets
	 * nothing. */
	struct mm_pace kswapd[MM_NR_PACES];
	uint32_t nr_kswapd, kswapd_at;
	uint64_t kcompactd_speed;	      /* its ns of CPU in a second */
	uint64_t kswapd_rest, kcompactd_rest; /* what is left over, of a whole one times a second */
	/* Since the driver reset them: how long the task waited, and how much of that they were at
	 * work. */
	uint64_t ns, kswapd_ns, kcompactd_ns;
	uint64_t kcompactd_scanned;
	uint64_t give_way; /* ns that the task will wait when it comes to reclaim: it has woken
			      kswapd, which the scheduler puts first */
	uint64_t timer;	   /* ns after that reset when kcompactd's timer goes off */
};
/*
 * How long kcompactd sleeps: 500 ms are 125 jiffies of Debian's 250 Hz, and a timer that far ahead
 * goes off at a multiple of 8 jiffies [HPAGE_FRAG_CHECK_INTERVAL_MSEC; calc_index,
 * kernel/time/timer.c]: 128 from one to the next.
 */
#define MM_KCOMPACTD_TIMER_NS 512000000ull

/*
 * What is done from @from to @to at the @nr paces, which are in the order of time; before the first
 * one's time that one holds. @at is the one in force, which only moves on; what does not make a
 * whole unit stays in @rest.
 */
uint64_t mm_paced(const struct mm_pace *paces, uint64_t nr, uint64_t *at, uint64_t from,
		  uint64_t to, uint64_t *rest);

#endif
