// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a fuzz target without a fuzzer: on nothing, on every file named on the command line, and on
 * beginnings of each of them. So inputs that once broke something stay tests everywhere.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

#define MAX_INPUT (1u << 20)
#define BEGINNINGS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In a block of exactly its size, so that a sanitizer sees one byte too far. */
static void try_input(const char *data, size_t size)
{
	uint8_t *copy = malloc(size);

	if (!copy && size)
		abort();
	if (size)
		memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

int main(int argc, char **argv)
{
	struct error err;
	char *text;
	size_t len;

	try_input("", 0);
	for (int i = 1; i < argc; i++) {
		text = file_read(argv[i], MAX_INPUT, &len, &err);
		if (!text) {
			fprintf(stderr, "%s\n", err.text);
			return 1;
		}
		try_input(text, len);
		for (size_t part = 0; part < BEGINNINGS; part++)
			try_input(text, len * part / BEGINNINGS);
		free(text);
	}
	return 0;
}
