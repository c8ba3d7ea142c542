// SPDX-License-Identifier: GPL-2.0-only
/* Which node a CPU belongs to: the lists that the kernel gives for each node, "0-3,8". */
#include "capture/capture.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>

#define MAX_CPU 8191
#define NO_NODE UINT32_MAX

static bool read_cpu(const char **p, uint32_t *cpu)
{
	unsigned long n;
	char *end;

	if (!isdigit((unsigned char)**p))
		return false;
	n = strtoul(*p, &end, 10);
	*p = end;
	*cpu = (uint32_t)n;
	return n <= MAX_CPU;
}

static bool read_range(const char **p, uint32_t *first, uint32_t *last)
{
	if (!read_cpu(p, first))
		return false;
	*last = *first;
	if (**p == '-') {
		++*p;
		return read_cpu(p, last) && *first <= *last;
	}
	return true;
}

struct cpu_table {
	uint32_t *node_of, nr_cpus;
};

/* CPUs that the recording does not have are passed over: they were offline. */
static bool claim(struct cpu_table *t, uint32_t first, uint32_t last, uint32_t node)
{
	for (uint32_t cpu = first; cpu <= last && cpu < t->nr_cpus; cpu++) {
		if (t->node_of[cpu] != NO_NODE)
			return false;
		t->node_of[cpu] = node;
	}
	return true;
}

static int read_list(struct cpu_table *t, const char *list, uint32_t node, struct error *err)
{
	const char *p = list;
	uint32_t first, last;

	while (*p) {
		if (!read_range(&p, &first, &last) || (*p && (*p != ',' || !p[1])))
			return error_set(
				err,
				"the value of numa.node%u_cpus is \"%.80s\", but a list of "
				"CPUs such as 0-3,8 is needed",
				node, list);
		if (!claim(t, first, last, node))
			return error_set(err,
					 "the value of numa.node%u_cpus names a CPU of another "
					 "node: \"%.80s\"",
					 node, list);
		p += *p == ',';
	}
	return 0;
}

/* Is @key "numa.nodeN_cpus"? */
static bool key_node(const char *key, uint32_t *node)
{
	int used = 0;

	return sscanf(key, "numa.node%4" SCNu32 "_cpus%n", node, &used) == 1 && used && !key[used];
}

int manifest_cpu_nodes(const struct manifest *m, uint32_t nr_nodes, uint32_t nr_cpus,
		       uint32_t *node_of, struct error *err)
{
	struct cpu_table t = {.node_of = node_of, .nr_cpus = nr_cpus};
	bool told = false;
	uint32_t node;

	for (uint32_t cpu = 0; cpu < nr_cpus; cpu++)
		node_of[cpu] = NO_NODE;
	for (size_t i = 0; i < m->nr_pairs; i++) {
		if (!key_node(m->keys[i], &node))
			continue;
		told = true;
		if (read_list(&t, m->values[i], node, err))
			return -1;
	}
	for (uint32_t cpu = 0; cpu < nr_cpus; cpu++) {
		if (!told)
			node_of[cpu] = (uint32_t)((uint64_t)cpu * nr_nodes / nr_cpus);
		else if (node_of[cpu] >= nr_nodes)
			node_of[cpu] = 0;
	}
	return 0;
}
