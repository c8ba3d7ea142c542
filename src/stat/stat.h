/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Paired comparison of two settings over captures. The unit is the capture: what happens within one
 * replay is not independent, so with a single capture there is a difference but no interval and no
 * test.
 *
 * Everything is a function of the numbers and the seed; the same input gives the same output on
 * every machine that has IEEE doubles.
 */
#ifndef ZR_STAT_H
#define ZR_STAT_H

#include "base/base.h"

#define PAIRED_SEED 0x7a6f6e65u	    /* the default; printed with results */
#define PAIRED_EXACT_MAX 20	    /* up to so many pairs all sign flips are tried */
#define PAIRED_RANDOM_FLIPS 100000u /* above that, so many random ones */
#define PAIRED_RESAMPLES 10000u	    /* of the bootstrap */

enum verdict {
	VERDICT_ONE,	   /* one capture: no statement beyond it */
	VERDICT_IDENTICAL, /* not one capture differs */
	VERDICT_MORE,	   /* b is larger, significantly */
	VERDICT_LESS,	   /* b is smaller, significantly */
	VERDICT_EQUAL,	   /* no difference: the interval lies within the margin */
	VERDICT_OPEN,	   /* neither a difference nor its absence is shown */
};
const char *verdict_name(enum verdict v); /* "one", "identical", "more", "less", "equal", "open" */

struct paired_options {
	double alpha;  /* 0: 0.05 */
	double margin; /* a mean difference up to this is no difference; same unit as the values */
	uint64_t seed;
};

struct paired {
	size_t n;
	double mean_a, mean_b;
	double diff;	  /* mean of b - a */
	double low, high; /* 1 - alpha bootstrap interval of diff; equal to diff when n is 1 */
	double equal_low, equal_high; /* 1 - 2 alpha interval, for equivalence */
	double p;	/* two-sided permutation (sign flip) test of mean 0; 1 when n is 1 */
	bool p_exact;	/* all flips were tried */
	double p_sign;	/* two-sided exact sign test, ties left out */
	double p_least; /* the smallest p that n pairs can give */
	double effect;	/* Cohen's d_z: diff / standard deviation of the differences; 0 if that is 0
			 */
	size_t more, less, ties; /* pairs with b > a, b < a, b == a */
	enum verdict verdict;
};

/* Compares b[i] with a[i]; @n at least 1. */
void paired_compare(const double *a, const double *b, size_t n, const struct paired_options *opt,
		    struct paired *out);

/* The parts, for tests. @d are differences. */
double paired_permutation_p(const double *d, size_t n, uint64_t seed, bool *exact);
double paired_sign_p(size_t more, size_t less);
/* Percentile bootstrap of the mean: the @q[i] quantiles of PAIRED_RESAMPLES resamples. */
void paired_bootstrap(const double *d, size_t n, uint64_t seed, const double *q, double *out,
		      size_t nq);

#endif
