// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kcore.h"

#include "capture/walker.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KCORE "/proc/kcore"
#define MAX_SEGMENTS 4096

static bool read_all(int fd, void *buf, size_t len, int64_t pos)
{
	ssize_t n;

	while (len) {
		n = pread(fd, buf, len, pos);
		if (n <= 0)
			return false;
		buf = (char *)buf + n;
		pos += n;
		len -= n;
	}
	return true;
}

static int read_segments(struct kcore *k, struct error *err)
{
	Elf64_Ehdr eh;
	Elf64_Phdr *ph;
	size_t i;

	if (!read_all(k->fd, &eh, sizeof(eh), 0) || memcmp(eh.e_ident, ELFMAG, SELFMAG))
		return error_set(
			err, KCORE
			" has no ELF header that can be read: exact state needs root and no lockdown");
	if (eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_phentsize != sizeof(*ph) ||
	    eh.e_phnum > MAX_SEGMENTS)
		return error_set(err, KCORE
				 " is not of a 64-bit kernel: exact state is read on x86_64 only");
	ph = calloc(eh.e_phnum + 1, sizeof(*ph));
	k->ranges = calloc(eh.e_phnum + 1, sizeof(*k->ranges));
	if (!ph || !k->ranges || !read_all(k->fd, ph, eh.e_phnum * sizeof(*ph), eh.e_phoff)) {
		free(ph);
		return error_set(err, KCORE ": its program headers cannot be read");
	}
	for (i = 0; i < eh.e_phnum; i++)
		if (ph[i].p_type == PT_LOAD)
			k->ranges[k->nr_ranges++] =
				(struct kcore_range){ph[i].p_vaddr, ph[i].p_vaddr + ph[i].p_memsz,
						     ph[i].p_offset - ph[i].p_vaddr};
	free(ph);
	return 0;
}

int kcore_open(struct kcore *k, struct error *err)
{
	memset(k, 0, sizeof(*k));
	k->fd = open(KCORE, O_RDONLY | O_CLOEXEC);
	if (k->fd < 0)
		return error_set(err,
				 KCORE
				 " cannot be opened (%s): exact state needs root and a kernel with "
				 "CONFIG_PROC_KCORE",
				 strerror(errno));
	if (!read_segments(k, err))
		return 0;
	kcore_close(k);
	return -1;
}

void kcore_close(struct kcore *k)
{
	if (k->fd >= 0)
		close(k->fd);
	free(k->ranges);
	memset(k, 0, sizeof(*k));
	k->fd = -1;
}

void kcore_use_walker(struct kcore *k, struct walker *w)
{
	memset(k, 0, sizeof(*k));
	k->fd = -1;
	k->walker = w;
}

static const struct kcore_range *range_of(const struct kcore *k, uint64_t addr)
{
	size_t i;

	for (i = 0; i < k->nr_ranges; i++)
		if (addr >= k->ranges[i].start && addr < k->ranges[i].end)
			return &k->ranges[i];
	return NULL;
}

int kcore_read(const struct kcore *k, uint64_t addr, void *buf, size_t len)
{
	const struct kcore_range *r;

	if (k->walker)
		return walker_peek(k->walker, addr, buf, len);
	r = range_of(k, addr);
	if (!r || len > r->end - addr || !read_all(k->fd, buf, len, addr + r->delta))
		return -1;
	return 0;
}

void kcore_read_present(const struct kcore *k, uint64_t addr, void *buf, size_t len)
{
	uint64_t from, to;
	size_t i;

	for (i = 0; i < k->nr_ranges; i++) {
		from = addr > k->ranges[i].start ? addr : k->ranges[i].start;
		to = addr + len < k->ranges[i].end ? addr + len : k->ranges[i].end;
		if (from < to)
			(void)!read_all(k->fd, (char *)buf + (from - addr), to - from,
					from + k->ranges[i].delta);
	}
}

uint64_t kcore_u64(const struct kcore *k, uint64_t addr)
{
	uint64_t v;

	return kcore_read(k, addr, &v, sizeof(v)) ? 0 : v;
}

static void match_symbol(struct ksym *syms, size_t nr, uint64_t addr, const char *name)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (!syms[i].addr && !strcmp(syms[i].name, name))
			syms[i].addr = addr;
}

int ksyms_find(struct ksym *syms, size_t nr, struct error *err)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	char name[256], line[512], type;
	bool any = false;
	uint64_t addr;
	size_t i;

	if (!f)
		return error_set(err, "/proc/kallsyms cannot be opened (%s)", strerror(errno));
	for (i = 0; i < nr; i++)
		syms[i].addr = 0;
	while (fgets(line, sizeof(line), f)) {
		if (strchr(line, '[')) /* modules come last */
			break;
		if (sscanf(line, "%lx %c %255s", &addr, &type, name) != 3)
			continue;
		any |= addr != 0;
		match_symbol(syms, nr, addr, name);
	}
	fclose(f);
	if (!any)
		return error_set(
			err,
			"/proc/kallsyms hides its addresses: run as root, or set kernel.kptr_restrict to 0");
	return 0;
}
