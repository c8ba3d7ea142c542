// SPDX-License-Identifier: GPL-2.0-only
#include "base/base.h"

#include <errno.h>
#include <string.h>
#include <xxhash.h>

uint64_t hash_bytes(const void *data, size_t len, uint64_t seed)
{
	return XXH3_64bits_withSeed(data, len, seed);
}

static void hash_print(XXH128_hash_t hash, char out[33])
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical, hash);
	for (size_t i = 0; i < sizeof(canonical.digest); i++)
		snprintf(out + 2 * i, 3, "%02x", canonical.digest[i]);
}

static int hash_stream(FILE *f, XXH3_state_t *state, char out[33])
{
	char chunk[65536];
	size_t n;

	XXH3_128bits_reset(state);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		XXH3_128bits_update(state, chunk, n);
	if (ferror(f))
		return -1;
	hash_print(XXH3_128bits_digest(state), out);
	return 0;
}

int hash_file(const char *path, char out[33], struct error *err)
{
	FILE *f = fopen(path, "re");
	XXH3_state_t *state;
	int ret;

	if (!f)
		return error_set(err, "%s: cannot open: %s", path, strerror(errno));
	state = XXH3_createState();
	ret = state ? hash_stream(f, state, out) : -1;
	if (ret < 0)
		error_set(err, "%s: cannot read: %s", path, strerror(errno));
	XXH3_freeState(state);
	fclose(f);
	return ret;
}
