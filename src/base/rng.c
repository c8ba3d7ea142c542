// SPDX-License-Identifier: GPL-2.0-only
/*
 * xoshiro256** 1.0 (Blackman and Vigna, "Scrambled linear pseudorandom number generators"), its
 * state filled by splitmix64 from one number, as its authors advise.
 */
#include "base/base.h"

static uint64_t splitmix64(uint64_t *x)
{
	uint64_t z = *x += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

void rng_init(struct rng *rng, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		rng->s[i] = splitmix64(&seed);
}

static uint64_t rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

uint64_t rng_next(struct rng *rng)
{
	uint64_t *s = rng->s;
	uint64_t result = rotl(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

/* The first 2^64 mod @bound values are thrown away, so that every remainder is equally likely. */
uint64_t rng_below(struct rng *rng, uint64_t bound)
{
	uint64_t skip = (0 - bound) % bound;
	uint64_t r;

	do
		r = rng_next(rng);
	while (r < skip);
	return r % bound;
}
