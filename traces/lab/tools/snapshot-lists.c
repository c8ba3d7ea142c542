// SPDX-License-Identifier: GPL-2.0-only
/* Prints the free lists and per-cpu lists of a snapshot, one a line: to be compared with what a
 * debugger finds. */
#include "capture/capture.h"

#include <inttypes.h>

static void print_list(const struct snapshot *s, const struct snap_list *l)
{
	uint64_t i;

	if (l->kind == SNAP_LIST_BUDDY)
		printf("buddy %d %d %d:", l->zone, l->order, l->type);
	else
		printf("pcp %d %d %d:", l->zone, l->cpu, l->type);
	for (i = 0; i < l->nr; i++)
		printf(" %" PRIu64, s->entries[l->first + i].pfn);
	putchar('\n');
}

int main(int argc, char **argv)
{
	struct snapshot s;
	struct error err;
	size_t i;

	snapshot_init(&s);
	if (argc != 2 || snapshot_load(&s, argv[1], &err)) {
		fprintf(stderr, "%s\n", argc == 2 ? err.text : "usage: snapshot-lists FILE");
		return 2;
	}
	for (i = 0; i < s.nr_lists; i++)
		if (s.lists[i].nr && s.lists[i].kind <= SNAP_LIST_PCP)
			print_list(&s, &s.lists[i]);
	snapshot_release(&s);
	return 0;
}
