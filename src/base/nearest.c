// SPDX-License-Identifier: GPL-2.0-only
#include "base/base.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define MAX_WORD 63 /* longer words have no neighbours */

static int min3(int a, int b, int c)
{
	int ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Letters to insert, delete, change, or swap with the next one to make @b of @a; case does not
 * count. */
static int edit_distance(const char *a, const char *b)
{
	int d[MAX_WORD + 1][MAX_WORD + 1];
	int la = (int)strlen(a), lb = (int)strlen(b);

	for (int i = 0; i <= la; i++)
		d[i][0] = i;
	for (int j = 0; j <= lb; j++)
		d[0][j] = j;
	for (int i = 1; i <= la; i++) {
		for (int j = 1; j <= lb; j++) {
			int ca = tolower((unsigned char)a[i - 1]);
			int cb = tolower((unsigned char)b[j - 1]);
			bool swapped = i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
				       cb == tolower((unsigned char)a[i - 2]);

			d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1,
				       d[i - 1][j - 1] + (ca != cb));
			if (swapped && d[i - 2][j - 2] + 1 < d[i][j])
				d[i][j] = d[i - 2][j - 2] + 1;
		}
	}
	return d[la][lb];
}

/* What a person may have meant: one slip in three letters, or the beginning of the name. */
static bool is_near(const char *word, const char *name, int distance)
{
	size_t len = strlen(word);

	if (len >= 3 && strncasecmp(word, name, len) == 0)
		return true;
	return distance <= 1 + (int)len / 4 && distance < (int)len;
}

const char *nearest_name(const char *word, const char *const *names)
{
	const char *best = NULL;
	int best_distance = 0;

	if (strlen(word) > MAX_WORD)
		return NULL;
	for (; *names; names++) {
		int distance;

		if (strlen(*names) > MAX_WORD)
			continue;
		distance = edit_distance(word, *names);
		if (is_near(word, *names, distance) && (!best || distance < best_distance)) {
			best = *names;
			best_distance = distance;
		}
	}
	return best;
}
