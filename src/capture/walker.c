// SPDX-License-Identifier: GPL-2.0-only
#include "capture/walker.h"

#include "base/base.h"
#include "config.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_COMMANDS 65536
#define MAX_CHUNKS 32768

#ifdef HAVE_WALKER
/* The compiled programs, put into this one by the assembler. */
__asm__(".pushsection .rodata\n"
	".balign 16\n"
	"walker_object:\n"
	".incbin \"src/capture/walker.bpf.o\"\n"
	"walker_object_end:\n"
	".popsection\n");
extern const unsigned char walker_object[], walker_object_end[];

static struct bpf_object *open_object(void)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "zonereplay");

	return bpf_object__open_mem(walker_object, (size_t)(walker_object_end - walker_object),
				    &opts);
}
#else
static struct bpf_object *open_object(void)
{
	errno = ENOSYS;
	return NULL;
}
#endif

static int be_silent(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level;
	(void)fmt;
	(void)ap;
	return 0;
}

static size_t map_bytes(const struct bpf_map *map)
{
	return (size_t)((bpf_map__value_size(map) + 7) & ~7u) * bpf_map__max_entries(map);
}

/* Maps are mapped in whole pages, populated: no page fault may come while lists are read. */
static void *map_memory(struct walker *w, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(w->obj, name);
	void *p;

	if (!map)
		return NULL;
	p = mmap(NULL, map_bytes(map), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		 bpf_map__fd(map), 0);
	return p == MAP_FAILED ? NULL : p;
}

static void unmap_memory(struct walker *w, const char *name, void *p)
{
	struct bpf_map *map = w->obj ? bpf_object__find_map_by_name(w->obj, name) : NULL;

	if (map && p)
		munmap(p, map_bytes(map));
}

static int set_up_maps(struct walker *w, uint32_t lru_offset)
{
	static const char *const names[] = {"commands", "chunks", "pages"};
	const size_t sizes[] = {MAX_COMMANDS, (size_t)WALKER_PASSES * MAX_CHUNKS,
				WALKER_PASSES * w->max_pages};
	struct bpf_map *map;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		map = bpf_object__find_map_by_name(w->obj, names[i]);
		if (!map || bpf_map__set_max_entries(map, (uint32_t)sizes[i]))
			return -1;
	}
	map = bpf_object__find_map_by_name(w->obj, ".rodata");
	return map ? bpf_map__set_initial_value(map, &lru_offset, sizeof(lru_offset)) : -1;
}

static int find_programs(struct walker *w)
{
	static const struct {
		const char *name;
		size_t slot;
	} programs[] = {
		{"walker_run_peek", offsetof(struct walker, peek_fd)},
		{"walker_run_walk", offsetof(struct walker, walk_fd)},
		{"walker_run_cpu", offsetof(struct walker, cpu_fd)},
	};
	static const char *const counters[WALKER_NR_COUNTERS] = {
		"count_alloc",	     "count_free",  "count_free_batched",
		"count_zone_locked", "count_drain", "count_compaction"};
	struct bpf_program *p;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(programs); i++) {
		p = bpf_object__find_program_by_name(w->obj, programs[i].name);
		if (!p)
			return -1;
		*(int *)((char *)w + programs[i].slot) = bpf_program__fd(p);
	}
	for (i = 0; i < WALKER_NR_COUNTERS; i++) {
		p = bpf_object__find_program_by_name(w->obj, counters[i]);
		w->counters[i] = p ? bpf_program__attach(p) : NULL;
		if (!w->counters[i])
			return -1;
	}
	return 0;
}

static int map_all(struct walker *w)
{
	w->control = map_memory(w, "control");
	w->commands = map_memory(w, "commands");
	w->chunks = map_memory(w, "chunks");
	w->pages = map_memory(w, "pages");
	w->peek = map_memory(w, "peek");
	return w->control && w->commands && w->chunks && w->pages && w->peek ? 0 : -1;
}

int walker_open(struct walker *w, uint32_t lru_offset, size_t max_pages, struct error *err)
{
	memset(w, 0, sizeof(*w));
	w->max_commands = MAX_COMMANDS;
	w->max_chunks = MAX_CHUNKS;
	w->max_pages = max_pages;
	libbpf_set_print(be_silent);
	w->obj = open_object();
	if (!w->obj)
		return error_set(err, "no BPF programs to read with%s",
				 errno == ENOSYS ? ": zonereplay was built without clang" : "");
	if (set_up_maps(w, lru_offset) || bpf_object__load(w->obj) || find_programs(w) ||
	    map_all(w)) {
		error_set(
			err,
			"BPF programs cannot be loaded (%s): they need Linux 5.17 or later and root "
			"(CAP_BPF, CAP_PERFMON)",
			strerror(errno));
		walker_close(w);
		return -1;
	}
	return 0;
}

void walker_close(struct walker *w)
{
	size_t i;

	if (!w->obj)
		return;
	for (i = 0; i < WALKER_NR_COUNTERS; i++)
		bpf_link__destroy(w->counters[i]);
	unmap_memory(w, "control", w->control);
	unmap_memory(w, "commands", w->commands);
	unmap_memory(w, "chunks", w->chunks);
	unmap_memory(w, "pages", w->pages);
	unmap_memory(w, "peek", w->peek);
	bpf_object__close(w->obj);
	memset(w, 0, sizeof(*w));
}

static int run(int fd)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	return bpf_prog_test_run_opts(fd, &opts) || opts.retval ? -1 : 0;
}

int walker_peek(struct walker *w, uint64_t addr, void *buf, size_t len)
{
	size_t skip, n;

	for (; len; addr += n, buf = (char *)buf + n, len -= n) {
		/* Whole pages: what is beside a readable byte in its page is readable, too. */
		skip = addr % WALKER_PEEK;
		n = WALKER_PEEK - skip < len ? WALKER_PEEK - skip : len;
		w->control->peek_addr = addr - skip;
		if (run(w->peek_fd) || w->control->peek_failed)
			return -1;
		memcpy(buf, w->peek + skip, n);
	}
	return 0;
}

static int add_command(struct walker *w, uint64_t addr, uint32_t kind, uint32_t len,
		       struct error *err)
{
	if (w->nr_commands + 1 >= w->max_commands || w->nr_copies >= w->max_chunks)
		return error_set(err,
				 "this kernel's state is in too many pieces to be read by BPF");
	w->commands[w->nr_commands++] = (struct walker_command){addr, kind, len};
	w->nr_copies += kind == WALKER_COPY;
	return 0;
}

int walker_add_copy(struct walker *w, uint64_t addr, size_t len, struct error *err)
{
	size_t n;

	for (; len; addr += n, len -= n) {
		n = len < WALKER_CHUNK ? len : WALKER_CHUNK;
		if (add_command(w, addr, WALKER_COPY, (uint32_t)n, err))
			return -1;
	}
	return 0;
}

int walker_add_list(struct walker *w, uint64_t head, struct error *err)
{
	return add_command(w, head, WALKER_LIST, 0, err);
}

int walker_walk(struct walker *w, uint32_t pass, struct walker_control *done, struct error *err)
{
	w->control->first_page = (uint32_t)(pass * w->max_pages);
	w->control->first_chunk = (uint32_t)(pass * w->max_chunks);
	if (run(w->walk_fd))
		return error_set(err, "the BPF program could not be run (%s)", strerror(errno));
	*done = *w->control;
	if (done->status == WALKER_NOT_READABLE)
		return error_set(err, "a list changed while it was read by BPF (command %u)",
				 done->command);
	if (done->status == WALKER_TOO_MANY || done->nr_pages > w->max_pages)
		return error_set(err, "more than %zu free blocks: too many to be read by BPF",
				 w->max_pages);
	if (done->command < w->nr_commands)
		return error_set(err, "the BPF program came to command %u of %zu only",
				 done->command, w->nr_commands);
	return 0;
}

uint64_t walker_task(struct walker *w)
{
	return run(w->cpu_fd) ? 0 : w->control->task;
}

int walker_percpu_offset(struct walker *w, uint32_t cpu, uint32_t pptrs_offset, uint64_t *offset)
{
	uint64_t pptr;

	w->control->cpu = cpu;
	if (run(w->cpu_fd) || !w->control->cpu_elem ||
	    walker_peek(w, w->control->map + pptrs_offset, &pptr, sizeof(pptr)))
		return -1;
	*offset = w->control->cpu_elem - pptr;
	return 0;
}
