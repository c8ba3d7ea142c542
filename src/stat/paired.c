// SPDX-License-Identifier: GPL-2.0-only
#include "stat/stat.h"

#include <math.h>
#include <stdlib.h>

#define DEFAULT_ALPHA 0.05
/* Sums of the same terms in another order differ by rounding only; that must not decide a tie. */
#define SLACK 1e-12

const char *verdict_name(enum verdict v)
{
	static const char *const names[] = {"one", "identical", "more", "less", "equal", "open"};

	return names[v];
}

static double sum(const double *v, size_t n)
{
	double s = 0;

	for (size_t i = 0; i < n; i++)
		s += v[i];
	return s;
}

/* ---- permutation test: under no difference each pair might as well have come the other way round
 * ---- */

static double flipped_sum(const double *d, size_t n, uint64_t signs)
{
	double s = 0;

	for (size_t i = 0; i < n; i++)
		s += signs >> i & 1 ? -d[i] : d[i];
	return s;
}

static double exact_p(const double *d, size_t n, double threshold)
{
	uint64_t all = (uint64_t)1 << n, hits = 0;

	for (uint64_t signs = 0; signs < all; signs++)
		hits += fabs(flipped_sum(d, n, signs)) >= threshold;
	return (double)hits / (double)all;
}

/* The observed arrangement is one of those drawn: p is never 0. */
static double random_p(const double *d, size_t n, double threshold, uint64_t seed)
{
	uint64_t hits = 1;
	struct rng rng;

	rng_init(&rng, seed);
	for (uint32_t k = 0; k < PAIRED_RANDOM_FLIPS; k++) {
		double s = 0;

		for (size_t i = 0; i < n; i += 64)
			s += flipped_sum(d + i, n - i < 64 ? n - i : 64, rng_next(&rng));
		hits += fabs(s) >= threshold;
	}
	return (double)hits / (PAIRED_RANDOM_FLIPS + 1);
}

double paired_permutation_p(const double *d, size_t n, uint64_t seed, bool *exact)
{
	double scale = 0;
	double threshold;

	for (size_t i = 0; i < n; i++)
		scale += fabs(d[i]);
	threshold = fabs(sum(d, n)) - SLACK * scale;
	*exact = n <= PAIRED_EXACT_MAX;
	return *exact ? exact_p(d, n, threshold) : random_p(d, n, threshold, seed);
}

/* ---- sign test: a fair coin for each pair that differs ---- */

double paired_sign_p(size_t more, size_t less)
{
	size_t n = more + less, k = more < less ? more : less;
	double tail = 0;

	/* In logarithms: 2^n overflows with some hundred captures. */
	for (size_t i = 0; i <= k; i++)
		tail += exp(lgamma((double)n + 1) - lgamma((double)i + 1) -
			    lgamma((double)(n - i) + 1) - (double)n * M_LN2);
	return fmin(1, 2 * tail);
}

/* ---- bootstrap over captures ---- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(const double *sorted, size_t n, double q)
{
	double place = q * (double)(n - 1);
	size_t i = (size_t)place;

	if (i + 1 >= n)
		return sorted[n - 1];
	return sorted[i] + (place - (double)i) * (sorted[i + 1] - sorted[i]);
}

void paired_bootstrap(const double *d, size_t n, uint64_t seed, const double *q, double *out,
		      size_t nq)
{
	double *means = malloc(PAIRED_RESAMPLES * sizeof(*means));
	struct rng rng;

	if (!means)
		abort(); /* as strbuf does */
	rng_init(&rng, seed);
	for (uint32_t k = 0; k < PAIRED_RESAMPLES; k++) {
		means[k] = 0;
		for (size_t i = 0; i < n; i++)
			means[k] += d[rng_below(&rng, n)];
		means[k] /= (double)n;
	}
	qsort(means, PAIRED_RESAMPLES, sizeof(*means), by_value);
	for (size_t i = 0; i < nq; i++)
		out[i] = quantile(means, PAIRED_RESAMPLES, q[i]);
	free(means);
}

/* ---- all of it ---- */

static double deviation(const double *d, size_t n, double mean)
{
	double s = 0;

	for (size_t i = 0; i < n; i++)
		s += (d[i] - mean) * (d[i] - mean);
	return n > 1 ? sqrt(s / (double)(n - 1)) : 0;
}

static void count_signs(const double *d, size_t n, struct paired *out)
{
	for (size_t i = 0; i < n; i++) {
		out->more += d[i] > 0;
		out->less += d[i] < 0;
		out->ties += d[i] == 0;
	}
}

static void intervals(const double *d, size_t n, double alpha, uint64_t seed, struct paired *out)
{
	double q[] = {alpha / 2, 1 - alpha / 2, alpha, 1 - alpha};
	double v[] = {out->diff, out->diff, out->diff, out->diff};

	if (n > 1)
		paired_bootstrap(d, n, seed, q, v, ARRAY_SIZE(q));
	out->low = v[0];
	out->high = v[1];
	out->equal_low = v[2];
	out->equal_high = v[3];
}

static enum verdict judge(const struct paired *p, double alpha, double margin)
{
	if (p->n == 1)
		return VERDICT_ONE;
	if (p->ties == p->n)
		return VERDICT_IDENTICAL;
	if (p->p < alpha)
		return p->diff > 0 ? VERDICT_MORE : VERDICT_LESS;
	/*
	 * The range of n values covers the median with 1 - 2^(1 - n): with fewer captures than this
	 * asks for, no interval that resampling can give is wide enough.
	 */
	if (1 - ldexp(2, -(int)p->n) < 1 - 2 * alpha)
		return VERDICT_OPEN;
	if (p->equal_low >= -margin && p->equal_high <= margin)
		return VERDICT_EQUAL;
	return VERDICT_OPEN;
}

void paired_compare(const double *a, const double *b, size_t n, const struct paired_options *opt,
		    struct paired *out)
{
	double alpha = opt->alpha > 0 ? opt->alpha : DEFAULT_ALPHA;
	double *d = malloc(n * sizeof(*d));
	double spread;

	if (!d)
		abort(); /* as strbuf does */
	for (size_t i = 0; i < n; i++)
		d[i] = b[i] - a[i];
	*out = (struct paired){.n = n, .p = 1, .p_sign = 1, .p_least = 1, .p_exact = true};
	out->mean_a = sum(a, n) / (double)n;
	out->mean_b = sum(b, n) / (double)n;
	out->diff = sum(d, n) / (double)n;
	count_signs(d, n, out);
	if (n > 1) {
		out->p = paired_permutation_p(d, n, opt->seed, &out->p_exact);
		out->p_sign = paired_sign_p(out->more, out->less);
		out->p_least = out->p_exact ? ldexp(2, -(int)n) : 1.0 / (PAIRED_RANDOM_FLIPS + 1);
	}
	spread = deviation(d, n, out->diff);
	out->effect = spread > 0 ? out->diff / spread : 0;
	intervals(d, n, alpha, opt->seed, out);
	out->verdict = judge(out, alpha, opt->margin);
	free(d);
}
