// SPDX-License-Identifier: GPL-2.0-only
/* Packing and unpacking the map of pageblocks over time. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "replay/replay.h"

/* A map larger than any that the drivers make is not unpacked. */
#define MAX_BYTES (1ull << 31)

void block_map_release(struct block_map *m)
{
	free(m->moments);
	free(m->scans);
	free(m->data);
	*m = (struct block_map){0};
}

static uint64_t unpacked_size(const struct block_map *m)
{
	return 2ull * m->nr_blocks * m->nr_moments;
}

uint8_t *block_map_unpack(const struct block_map *m, struct error *err)
{
	size_t step = 2 * (size_t)m->nr_blocks;
	uLongf len = (uLongf)unpacked_size(m);
	uint8_t *bytes;

	if (len > MAX_BYTES) {
		error_set(err, "a map of %u pageblocks at %u moments is too large", m->nr_blocks,
			  m->nr_moments);
		return NULL;
	}
	bytes = malloc(len + 1);
	if (!bytes) {
		error_set(err, "out of memory for a map of %u pageblocks", m->nr_blocks);
		return NULL;
	}
	if (uncompress(bytes, &len, m->data, m->len) != Z_OK || len != unpacked_size(m)) {
		free(bytes);
		error_set(err, "the map of pageblocks is damaged; run this policy again");
		return NULL;
	}
	for (size_t i = step; i < len; i++)
		bytes[i] ^= bytes[i - step];
	return bytes;
}

int block_map_pack(struct block_map *m, const uint8_t *bytes, struct error *err)
{
	size_t step = 2 * (size_t)m->nr_blocks, len = unpacked_size(m);
	uint8_t *changes = malloc(len + 1);
	uLongf room = compressBound(len);
	uint8_t *data = malloc(room);

	if (changes && data) {
		for (size_t i = 0; i < len; i++)
			changes[i] = i < step ? bytes[i] : bytes[i] ^ bytes[i - step];
		if (compress2(data, &room, changes, len, Z_BEST_COMPRESSION) != Z_OK)
			room = 0;
	}
	free(changes);
	if (!data || !room) {
		free(data);
		return error_set(err, "out of memory for a map of %u pageblocks", m->nr_blocks);
	}
	free(m->data);
	m->data = data;
	m->len = room;
	return 0;
}
