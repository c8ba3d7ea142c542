/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What to set vm.extfrag_threshold to, from curves over it and an objective; part of the face of
 * src/stat.
 *
 * An objective is a list: what to reach first, then, among thresholds that are equal in that, what
 * next. "success, then reclaimed, then stall" (the default) takes the thresholds that get most huge
 * pages, of those the ones that reclaim least, of those the ones that stall least.
 *
 *   success                  a figure: success, reclaimed, moved, stall, or a column of `runs`
 *   min:compact_stall        with its direction, where that does not go without saying
 *   1000*success-reclaimed   weights; larger is better
 *   success>=90%             a condition: per cent of the wanted huge pages
 *   reclaimed<=20000         a condition
 *
 * Figures are sums over the captures, under the central scenario.
 */
#ifndef ZR_STAT_ADVICE_H
#define ZR_STAT_ADVICE_H

#include "store/store.h"

#define OBJECTIVE_DEFAULT "success, then reclaimed, then stall"
#define OBJECTIVE_MAX 8

struct objective_term {
	double weight;
	size_t offset; /* in struct outcome */
	bool ranged;
};
struct objective_goal { /* larger is better */
	char text[64];
	struct objective_term terms[OBJECTIVE_MAX];
	size_t nr;
};
struct objective_limit {
	struct objective_goal figure; /* of weight 1 */
	bool at_least;
	bool percent; /* of the huge pages wanted */
	double value;
};
struct objective {
	char text[256];
	struct objective_goal goals[OBJECTIVE_MAX];
	size_t nr_goals;
	struct objective_limit limits[OBJECTIVE_MAX];
	size_t nr_limits;
};
int objective_parse(struct objective *o, const char *text, struct error *err) MUST_CHECK;

/* One capture's part in the advice. */
struct advice_source {
	const struct tune_curve *curve; /* with its scenarios */
	const struct outcome *recorded; /* what the real kernel did; NULL: not known */
};

/* Thresholds with the same figures: sums over the captures. */
struct advice_zone {
	int32_t from, to;
	bool resolved;
	uint64_t huge_wanted;
	struct ranged success, reclaimed, moved, stall_ns;
};

/* What the others recommend, tried on the capture that was held back. */
struct advice_held {
	int32_t recommended; /* -1: the others meet the conditions nowhere */
	size_t goal;	     /* that decided between it and the reference; nr_goals: none */
	int against;	     /* 1 better there than the reference, 0 as good, -1 worse */
	double value, reference, best; /* of the first goal */
};

enum advice_confidence {
	ADVICE_SAME,	  /* all thresholds do the same: nothing to be confident about */
	ADVICE_KEEP,	  /* nothing is better than what is set */
	ADVICE_UNCERTAIN, /* the gain hangs on an assumption, or is below the model's error */
	ADVICE_ONE,	  /* a gain under every assumption, on the only capture there is */
	ADVICE_HELD,	  /* and on captures held back */
	ADVICE_NOT_HELD,  /* but not on all captures held back */
	ADVICE_NONE	  /* no threshold meets the conditions */
};
const char *advice_confidence_name(enum advice_confidence c);

struct advice {
	struct advice_zone *zones; /* 0 to 1000 without a gap; owned */
	size_t nr_zones;
	int32_t recommended; /* -1: none; the reference where nothing is surely better */
	int32_t candidate;   /* what would be best if every figure could be trusted; -1: none */
	int32_t from, to;    /* equally good thresholds around it */
	int32_t reference;   /* what was set when recording; 500 where the captures differ */
	bool reference_recorded;
	bool reference_meets; /* the conditions */
	enum advice_confidence confidence;
	size_t decided_by;  /* goal in which candidate and reference differ; nr_goals: none */
	double gain;	    /* of that goal */
	double model_error; /* of that goal at the reference, against the recorded kernel; negative:
			       not known */
	size_t scenarios;
	bool every_scenario;	  /* the gain has one sign under all assumptions */
	struct advice_held *held; /* by capture; owned; NULL with one capture */
	size_t nr_held, nr_holds; /* captures on which it is not worse than the reference */
	char verdict[512];	  /* sentences for a person */
};

/* @n at least 1; curves must have been computed, not read from a database. */
int advise(struct advice *a, const struct objective *o, const struct advice_source *sources,
	   size_t n, struct error *err) MUST_CHECK;
void advice_release(struct advice *a);

#endif
