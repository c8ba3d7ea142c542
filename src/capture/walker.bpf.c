// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's side of walker.h. The programs know nothing of the allocator: they copy what they
 * are told to and follow the linked lists that they are told of, keeping each struct page on them.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "capture/walker.h"

#define MAX_STEPS (1 << 23) /* BPF_MAX_LOOPS */

char LICENSE[] SEC("license") = "GPL";

const volatile __u32 lru_offset;
__u64 seq; /* events of the allocator since the programs were attached */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct walker_control);
} control SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct walker_command);
} commands SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct walker_chunk);
} chunks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct walker_page);
} pages SEC(".maps");

struct peeked {
	__u8 bytes[WALKER_PEEK];
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct peeked);
} peek SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} cpu_map SEC(".maps");

struct walk {
	struct walker_control *c;
	__u64 head, link; /* of the list that is followed; equal: none */
	__u32 command, page, chunk;
};

static long stop(struct walk *w, __u32 status)
{
	w->c->status = status;
	return 1;
}

/* To the next page of a list. */
static long follow(struct walk *w)
{
	__u64 addr = w->link - lru_offset;
	struct walker_page *p;

	p = bpf_map_lookup_elem(&pages, &w->page);
	if (!p)
		return stop(w, WALKER_TOO_MANY);
	p->addr = addr;
	if (bpf_probe_read_kernel(p->bytes, sizeof(p->bytes), (void *)addr) ||
	    bpf_probe_read_kernel(&w->link, sizeof(w->link), (void *)w->link))
		return stop(w, WALKER_NOT_READABLE);
	w->page++;
	return 0;
}

static long next_command(struct walk *w)
{
	struct walker_command *c = bpf_map_lookup_elem(&commands, &w->command);
	struct walker_chunk *to;

	if (!c || c->kind == WALKER_END)
		return 1;
	w->command++;
	if (c->kind == WALKER_LIST) {
		w->head = c->addr;
		if (bpf_probe_read_kernel(&w->link, sizeof(w->link), (void *)c->addr))
			return stop(w, WALKER_NOT_READABLE);
		if (!w->link) /* never initialised, so not in use */
			w->link = w->head;
		return 0;
	}
	to = bpf_map_lookup_elem(&chunks, &w->chunk);
	if (!to)
		return stop(w, WALKER_TOO_MANY);
	if (c->len > WALKER_CHUNK || bpf_probe_read_kernel(to->bytes, c->len, (void *)c->addr))
		return stop(w, WALKER_NOT_READABLE);
	w->chunk++;
	return 0;
}

static long step(__u32 i, struct walk *w)
{
	return w->link == w->head ? next_command(w) : follow(w);
}

SEC("syscall")
int walker_run_walk(void *ctx)
{
	struct walk w = {};
	__u32 zero = 0;

	w.c = bpf_map_lookup_elem(&control, &zero);
	if (!w.c)
		return 1;
	w.page = w.c->first_page;
	w.chunk = w.c->first_chunk;
	w.c->status = WALKER_FINE;
	w.c->seq_begin = seq;
	bpf_loop(MAX_STEPS, step, &w, 0);
	w.c->seq_end = seq;
	w.c->nr_pages = w.page - w.c->first_page;
	w.c->nr_chunks = w.chunk - w.c->first_chunk;
	w.c->command = w.command;
	return 0;
}

SEC("syscall")
int walker_run_peek(void *ctx)
{
	__u32 zero = 0;
	struct walker_control *c = bpf_map_lookup_elem(&control, &zero);
	struct peeked *p = bpf_map_lookup_elem(&peek, &zero);

	if (!c || !p)
		return 1;
	c->peek_failed =
		bpf_probe_read_kernel(p->bytes, sizeof(p->bytes), (void *)c->peek_addr) != 0;
	return 0;
}

SEC("syscall")
int walker_run_cpu(void *ctx)
{
	__u32 zero = 0;
	struct walker_control *c = bpf_map_lookup_elem(&control, &zero);

	if (!c)
		return 1;
	c->task = bpf_get_current_task();
	c->map = (__u64)&cpu_map;
	c->cpu_elem = (__u64)bpf_map_lookup_percpu_elem(&cpu_map, &zero, c->cpu);
	return 0;
}

static int count(void)
{
	__sync_fetch_and_add(&seq, 1);
	return 0;
}

SEC("raw_tp/mm_page_alloc")
int count_alloc(void *ctx)
{
	return count();
}

SEC("raw_tp/mm_page_free")
int count_free(void *ctx)
{
	return count();
}

SEC("raw_tp/mm_page_free_batched")
int count_free_batched(void *ctx)
{
	return count();
}

SEC("raw_tp/mm_page_alloc_zone_locked")
int count_zone_locked(void *ctx)
{
	return count();
}

SEC("raw_tp/mm_page_pcpu_drain")
int count_drain(void *ctx)
{
	return count();
}

SEC("raw_tp/mm_compaction_begin")
int count_compaction(void *ctx)
{
	return count();
}
