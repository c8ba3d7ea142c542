// SPDX-License-Identifier: GPL-2.0-only
#include "capture/procfiles.h"

#include <dirent.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define MAX_VALUE                                                                                  \
	65536 /* sysfs calls a list of CPUs 28672 bytes long where a kernel is made for 8192 */

static void set_from_file(struct manifest *m, const char *key, const char *path)
{
	size_t len;
	char *text = file_read(path, MAX_VALUE, &len, NULL);

	if (!text)
		return;
	while (len && (text[len - 1] == '\n' || text[len - 1] == ' '))
		text[--len] = 0;
	for (char *c = text; *c; c++)
		if (*c == '\n' || *c == '\t')
			*c = ' ';
	manifest_set(m, key, text);
	free(text);
}

/* Every file that matches becomes PREFIX.basename. Reading a file that triggers something is
 * avoided by name. */
static void set_from_glob(struct manifest *m, const char *prefix, const char *pattern)
{
	const char *base;
	struct stat st;
	char key[256];
	glob_t g;
	size_t i;

	if (glob(pattern, 0, NULL, &g))
		return;
	for (i = 0; i < g.gl_pathc; i++) {
		base = strrchr(g.gl_pathv[i], '/') + 1;
		if (stat(g.gl_pathv[i], &st) || !S_ISREG(st.st_mode) || !(st.st_mode & 0444) ||
		    !strcmp(base, "stat_refresh"))
			continue;
		snprintf(key, sizeof(key), "%s.%s", prefix, base);
		set_from_file(m, key, g.gl_pathv[i]);
	}
	globfree(&g);
}

static uint32_t count_nodes(void)
{
	glob_t g;
	uint32_t n = 1;

	if (!glob("/sys/devices/system/node/node[0-9]*", 0, NULL, &g)) {
		n = g.gl_pathc;
		globfree(&g);
	}
	return n;
}

/* Many machines number their CPUs across nodes: 0, 2, 4 ... on the first. */
static void describe_nodes(struct manifest *m)
{
	char key[64];
	glob_t g;

	if (glob("/sys/devices/system/node/node[0-9]*/cpulist", 0, NULL, &g))
		return;
	for (size_t i = 0; i < g.gl_pathc; i++) {
		snprintf(key, sizeof(key), "numa.node%d_cpus",
			 atoi(g.gl_pathv[i] + strlen("/sys/devices/system/node/node")));
		set_from_file(m, key, g.gl_pathv[i]);
	}
	globfree(&g);
}

/* "Page block order: 9", then a line that ends with the orders, then lines of "Node N, zone Z, type
 * T counts". */
static void describe_pagetypeinfo(struct manifest *m, const char *text)
{
	char type[16], first_zone[40] = "", zone[32];
	const char *line;
	unsigned int node, n = 0;

	for (line = text; line && *line;
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		sscanf(line, "Page block order: %u", &m->pageblock_order);
		if (sscanf(line, "Node %u, zone %31[^,], type %15s", &node, zone, type) != 3)
			continue;
		if (!*first_zone)
			strcpy(first_zone, zone);
		if (n < SNAP_MAX_TYPES && !strcmp(zone, first_zone))
			snprintf(m->migratetypes[n++], sizeof(m->migratetypes[0]), "%s", type);
	}
}

static void describe_buddyinfo(struct manifest *m, const char *text)
{
	const char *p = text ? strstr(text, "zone") : NULL;

	for (m->nr_orders = 0; p && *p && *p != '\n'; p++)
		if (p[0] == ' ' && p[1] >= '0' && p[1] <= '9')
			m->nr_orders++;
}

void describe_machine(struct manifest *m, const struct procfiles *p)
{
	struct utsname u;

	if (uname(&u))
		memset(&u, 0, sizeof(u));
	m->version = 1;
	snprintf(m->release, sizeof(m->release), "%s", u.release);
	snprintf(m->kversion, sizeof(m->kversion), "%s", u.version);
	snprintf(m->arch, sizeof(m->arch), "%.31s", u.machine);
	m->page_size = sysconf(_SC_PAGESIZE);
	m->nr_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	m->nr_nodes = count_nodes();
	describe_nodes(m);
	describe_pagetypeinfo(m, procfiles_text(p, "pagetypeinfo"));
	describe_buddyinfo(m, procfiles_text(p, "buddyinfo"));
	set_from_file(m, "machine.cmdline", "/proc/cmdline");
	set_from_file(m, "machine.swaps", "/proc/swaps");
	set_from_glob(m, "sysctl.vm", "/proc/sys/vm/*");
	set_from_glob(m, "thp", "/sys/kernel/mm/transparent_hugepage/*");
	set_from_glob(m, "thp.khugepaged", "/sys/kernel/mm/transparent_hugepage/khugepaged/*");
	set_from_file(m, "lru_gen.enabled", "/sys/kernel/mm/lru_gen/enabled");
	set_from_file(m, "ksm.run", "/sys/kernel/mm/ksm/run");
}

void describe_end(struct manifest *m)
{
	set_from_file(m, "thp.defrag_end", "/sys/kernel/mm/transparent_hugepage/defrag");
}

void describe_vmstat(struct manifest *m, const char *section, const char *vmstat)
{
	char name[64], value[32], key[128];
	const char *line;

	for (line = vmstat; line && *line;
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		if (sscanf(line, "%63s %31s", name, value) != 2)
			continue;
		snprintf(key, sizeof(key), "%s.%s", section, name);
		manifest_set(m, key, value);
	}
}
