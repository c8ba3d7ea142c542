// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory users for the lab's workloads, where a shell cannot do it:
 *
 *   lab-hog anon MB [every]    anonymous memory, touched; with a number `every` only each such page
 * stays; until stdin ends lab-hog thp MB ROUNDS      takes and gives back memory where huge pages
 * are wanted lab-hog same MB            pages of equal content, offered to KSM; until stdin ends
 *   lab-hog pipes COUNT ORDER  asks for COUNT kernel buffers of 2^ORDER pages each (the rings of
 * pipes: not movable, not retried), keeps those that it got, writes what it wanted and got as
 * intents
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MB ((size_t)1 << 20)
#define PIPE_BUFFER_SIZE                                                                           \
	40 /* struct pipe_buffer on 64-bit kernels; the ring is an array of them                   \
	    */

static size_t page_size;

static char *take(size_t mb)
{
	char *p = mmap(NULL, mb * MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		fprintf(stderr, "lab-hog: %zu MB: %s\n", mb, strerror(errno));
		exit(1);
	}
	return p;
}

static void touch(char *p, size_t mb)
{
	size_t i;

	for (i = 0; i < mb * MB; i += page_size)
		p[i] = (char)(i / page_size) | 1;
}

static void wait_for_end(void)
{
	char c;

	puts("ready");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
}

static void run_anon(size_t mb, size_t every)
{
	char *p = take(mb);
	size_t i;

	madvise(p, mb * MB, MADV_NOHUGEPAGE);
	touch(p, mb);
	for (i = 0; every && i < mb * MB / page_size; i++)
		if (i % every)
			madvise(p + i * page_size, page_size, MADV_DONTNEED);
	wait_for_end();
}

static void run_thp(size_t mb, size_t rounds)
{
	char *p = take(mb);
	size_t i;

	madvise(p, mb * MB, MADV_HUGEPAGE);
	for (i = 0; i < rounds; i++) {
		touch(p, mb);
		if (i + 1 < rounds)
			madvise(p, mb * MB, MADV_DONTNEED);
	}
}

static void run_same(size_t mb)
{
	char *p = take(mb);
	size_t i;

	madvise(p, mb * MB, MADV_NOHUGEPAGE);
	madvise(p, mb * MB, MADV_MERGEABLE);
	for (i = 0; i < mb * MB; i += page_size)
		memset(p + i, (int)(i / page_size % 4) + 1, page_size);
	wait_for_end();
}

static void mark(const char *text)
{
	const char *path = getenv("ZONEREPLAY_MARKER");
	int fd = path ? open(path, O_WRONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	(void)!write(fd, text, strlen(text));
	close(fd);
}

static size_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (size_t)ts.tv_sec * 1000000000 + (size_t)ts.tv_nsec;
}

/* Smallest power of two of slots whose array fills more than half of 2^order pages. */
static size_t ring_slots(unsigned int order)
{
	size_t slots = 1;

	while (slots * PIPE_BUFFER_SIZE <= (page_size << order) / 2)
		slots *= 2;
	return slots;
}

static void run_pipes(size_t count, unsigned int order)
{
	struct rlimit limit = {4 * count, 4 * count};
	size_t i, got = 0, start = now_ns();
	char text[128];
	int fds[2];

	setrlimit(RLIMIT_NOFILE, &limit);
	snprintf(text, sizeof(text), "zonereplay intent want=%zu step=1 order=%u", count, order);
	mark(text);
	for (i = 0; i < count && !pipe(fds); i++) {
		if (fcntl(fds[0], F_SETPIPE_SZ, (int)(ring_slots(order) * page_size)) > 0) {
			got++;
			continue;
		}
		close(fds[0]);
		close(fds[1]);
	}
	snprintf(text, sizeof(text), "zonereplay intent got=%zu ns=%zu step=1", got,
		 now_ns() - start);
	mark(text);
	printf("lab-hog: %zu of %zu of order %u\n", got, count, order);
}

int main(int argc, char **argv)
{
	size_t a = argc > 2 ? strtoul(argv[2], NULL, 0) : 0,
	       b = argc > 3 ? strtoul(argv[3], NULL, 0) : 0;
	const char *what = argc > 2 ? argv[1] : "";

	page_size = (size_t)sysconf(_SC_PAGESIZE);
	if (!strcmp(what, "anon"))
		run_anon(a, b);
	else if (!strcmp(what, "thp"))
		run_thp(a, b);
	else if (!strcmp(what, "same"))
		run_same(a);
	else if (!strcmp(what, "pipes"))
		run_pipes(a, (unsigned int)b);
	else {
		fprintf(stderr,
			"usage: lab-hog anon MB [EVERY] | thp MB ROUNDS | same MB | pipes COUNT ORDER\n");
		return 2;
	}
	return 0;
}
