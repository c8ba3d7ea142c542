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

static long stop(struct walker_control *c, __u32 status)
{
	c->status = status;
	return 1;
}

/* To the next page of a list. */
static long follow(struct walker_control *c)
{
	__u64 addr = c->link - lru_offset;
	__u32 at = c->first_page + c->nr_pages;
	struct walker_page *p;

	p = bpf_map_lookup_elem(&pages, &at);
	if (!p)
		return stop(c, WALKER_TOO_MANY);
	p->addr = addr;
	if (bpf_probe_read_kernel(p->bytes, sizeof(p->bytes), (void *)addr) ||
	    bpf_probe_read_kernel(&c->link, sizeof(c->link), (void *)c->link))
		return stop(c, WALKER_NOT_READABLE);
	c->nr_pages++;
	return 0;
}

static long begin_list(struct walker_control *c, __u64 head)
{
	c->head = head;
	if (bpf_probe_read_kernel(&c->link, sizeof(c->link), (void *)head))
		return stop(c, WALKER_NOT_READABLE);
	if (!c->link) /* never initialised, so not in use */
		c->link = head;
	return 0;
}

static long next_command(struct walker_control *c)
{
	__u32 command = c->command, at = c->first_chunk + c->nr_chunks;
	struct walker_command *what = bpf_map_lookup_elem(&commands, &command);
	struct walker_chunk *to;

	if (!what || what->kind == WALKER_END)
		return 1;
	c->command++;
	if (what->kind == WALKER_LIST)
		return begin_list(c, what->addr);
	to = bpf_map_lookup_elem(&chunks, &at);
	if (!to)
		return stop(c, WALKER_TOO_MANY);
	if (what->len > WALKER_CHUNK ||
	    bpf_probe_read_kernel(to->bytes, what->len, (void *)what->addr))
		return stop(c, WALKER_NOT_READABLE);
	c->nr_chunks++;
	return 0;
}

/*
 * What is known from one step to the next is in a map, not on the stack: until 6.6 the verifier
 * looks at the callback of bpf_loop() once only, with the stack as it was before, and takes what
 * then was equal for always equal.
 */
static long step(__u32 i, void *ctx)
{
	__u32 zero = 0;
	struct walker_control *c = bpf_map_lookup_elem(&control, &zero);

	if (!c)
		return 1;
	return c->link == c->head ? next_command(c) : follow(c);
}

SEC("syscall")
int walker_run_walk(void *ctx)
{
	__u32 zero = 0;
	struct walker_control *c = bpf_map_lookup_elem(&control, &zero);

	if (!c)
		return 1;
	c->head = c->link = 0;
	c->command = c->nr_pages = c->nr_chunks = 0;
	c->status = WALKER_FINE;
	c->seq_begin = seq;
	bpf_loop(MAX_STEPS, step, 0, 0);
	c->seq_end = seq;
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
