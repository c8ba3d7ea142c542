// SPDX-License-Identifier: GPL-2.0-only
/* The assumptions under which every what-if is computed. Each differs from the central one in one
 * point. The last is for settings with `thp_defrag` alone. */
#include "replay/whatif.h"

const struct scenario scenarios[] = {
	{.name = "central"},
	{.name = "dropped pages are soon needed once more", .reread = true},
	{.name = "pages that the recorded kernel dropped are dead", .orphans_die = true},
	{.name = "objects of the replay alone live to the end", .long_lives = true},
	{.name = "memory for transparent huge pages was madvised", .madvised = true},
	{.name = NULL},
};
