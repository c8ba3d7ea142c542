// SPDX-License-Identifier: GPL-2.0-only
#include "trace/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- temporary files ---- */

static const char *temp_dir(void)
{
	const char *dir = getenv("TMPDIR");

	return dir && *dir ? dir : "/tmp";
}

/* A file without a name: it is gone when the last who knows it is gone. */
static int temp_file(struct error *err)
{
	int fd = open(temp_dir(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char *path;

	if (fd >= 0)
		return fd;
	path = path_join(temp_dir(), "zonereplay-XXXXXX");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		error_set(
			err,
			"%s: cannot make a temporary file: %s; set TMPDIR to a directory with room",
			temp_dir(), strerror(errno));
	else
		unlink(path);
	free(path);
	return fd;
}

static int write_fully(int fd, const void *data, size_t len, struct error *err)
{
	const char *p = data;
	ssize_t n;

	while (len) {
		n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_set(err,
					 "%s: cannot write the packed events: %s; set TMPDIR to a "
					 "directory with room for "
					 "64 bytes per event",
					 temp_dir(), n ? strerror(errno) : "nothing was written");
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* ---- filling ---- */

int packer_init(struct packer *p, struct progress *prog, struct error *err)
{
	memset(p, 0, sizeof(*p));
	p->events_fd = p->strings_fd = p->comms_fd = -1;
	p->prog = prog;
	p->facts = mmap(NULL, sizeof(*p->facts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	if (p->facts == MAP_FAILED)
		p->facts = NULL;
	p->batch = calloc(PACK_BATCH, sizeof(*p->batch));
	p->pids_seen = calloc(MAX_PID / 8, 1);
	if (!p->facts || !p->batch || !p->pids_seen) {
		packer_release(p);
		return error_set(err, "out of memory");
	}
	p->events_fd = temp_file(err);
	p->strings_fd = p->events_fd < 0 ? -1 : temp_file(err);
	p->comms_fd = p->strings_fd < 0 ? -1 : temp_file(err);
	if (p->comms_fd >= 0) {
		p->strings = fdopen(dup(p->strings_fd), "w");
		p->comms = fdopen(dup(p->comms_fd), "w");
	}
	if (p->strings && p->comms)
		return 0;
	if (p->comms_fd >= 0)
		error_set(err, "cannot open a temporary file: %s", strerror(errno));
	packer_release(p);
	return -1;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void packer_release(struct packer *p)
{
	if (p->facts)
		munmap(p->facts, sizeof(*p->facts));
	if (p->strings)
		fclose(p->strings);
	if (p->comms)
		fclose(p->comms);
	close_fd(p->events_fd);
	close_fd(p->strings_fd);
	close_fd(p->comms_fd);
	free(p->batch);
	free(p->pids_seen);
	memset(p, 0, sizeof(*p));
	p->events_fd = p->strings_fd = p->comms_fd = -1;
}

static int flush(struct packer *p, struct error *err)
{
	size_t len = p->nr_batch * sizeof(*p->batch);

	p->nr_batch = 0;
	progress_update(p->prog, "reading the trace", p->facts->nr, 0);
	p->facts->done = p->facts->nr;
	return write_fully(p->events_fd, p->batch, len, err);
}

static void note_lost(struct pack_facts *f, const struct event *e)
{
	if (!f->defects.lost_places++)
		f->defects.first_lost_time = e->time;
	f->defects.lost += e->w[0] == UINT64_MAX ? 1 : e->w[0];
}

int packer_event(struct packer *p, struct event *e, struct error *err)
{
	struct pack_facts *f = p->facts;

	if (e->cpu >= MAX_CPUS || e->pid >= MAX_PID || event_problem(e)) {
		f->defects.malformed++;
		return 0;
	}
	if (e->time < f->last_time) {
		f->defects.time_backwards++;
		e->time = f->last_time;
	}
	f->last_time = e->time;
	if (e->kind == EV_LOST)
		note_lost(f, e);
	f->kinds_seen[e->kind]++;
	p->pids_seen[e->pid / 8] |= (uint8_t)(1u << e->pid % 8);
	if (e->pid > f->max_pid)
		f->max_pid = e->pid;
	if (e->cpu >= f->nr_cpus)
		f->nr_cpus = e->cpu + 1u;
	f->nr++;
	p->batch[p->nr_batch++] = *e;
	return p->nr_batch == PACK_BATCH ? flush(p, err) : 0;
}

uint64_t packer_text(struct packer *p, const char *text, size_t len)
{
	uint64_t place = p->facts->strings_len;

	fwrite(text, 1, len, p->strings);
	fputc('\0', p->strings);
	p->facts->strings_len += len + 1;
	return place;
}

void packer_comm(struct packer *p, uint32_t pid, const char *comm)
{
	struct trace_comm row = {.pid = pid};

	snprintf(row.comm, sizeof(row.comm), "%s", comm);
	fwrite(&row, sizeof(row), 1, p->comms);
	p->facts->nr_comms++;
}

bool packer_pid_seen(const struct packer *p, uint32_t pid)
{
	return pid < MAX_PID && (p->pids_seen[pid / 8] & (1u << pid % 8));
}

int packer_finish(struct packer *p, struct error *err)
{
	if (flush(p, err))
		return -1;
	if (fflush(p->strings) || ferror(p->strings) || fflush(p->comms) || ferror(p->comms))
		return error_set(err,
				 "%s: cannot write the packed events: %s; set TMPDIR to a "
				 "directory with room",
				 temp_dir(), strerror(errno));
	p->facts->finished = true;
	return 0;
}

/* ---- mapping ---- */

/* Nothing to map is fine: *out stays NULL. */
static int map_file(int fd, size_t len, const void **out, struct error *err)
{
	void *p;

	*out = NULL;
	if (!len)
		return 0;
	p = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return error_set(err, "cannot map %zu bytes of packed events: %s", len,
				 strerror(errno));
	*out = p;
	return 0;
}

/* By pid; rows of one pid in the order in which they came. */
static int by_pid(const void *a, const void *b)
{
	const struct trace_comm *x = *(const struct trace_comm *const *)a;
	const struct trace_comm *y = *(const struct trace_comm *const *)b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* A pid may have had several names; the last that was told counts. */
static void take_comms(struct trace *t, const struct trace_comm *rows,
		       const struct trace_comm **order, size_t nr)
{
	size_t out = 0;

	for (size_t i = 0; i < nr; i++)
		order[i] = &rows[i];
	qsort(order, nr, sizeof(*order), by_pid);
	for (size_t i = 0; i < nr; i++) {
		if (out && t->comms[out - 1].pid == order[i]->pid)
			out--;
		t->comms[out++] = *order[i];
	}
	t->nr_comms = out;
}

static int map_comms(struct packer *p, struct trace *t, struct error *err)
{
	size_t nr = p->facts->nr_comms;
	const struct trace_comm **order;
	const void *rows;

	if (map_file(p->comms_fd, nr * sizeof(struct trace_comm), &rows, err))
		return -1;
	if (!nr)
		return 0;
	t->comms = calloc(nr, sizeof(*t->comms));
	order = calloc(nr, sizeof(*order));
	if (t->comms && order)
		take_comms(t, rows, order, nr);
	munmap((void *)(uintptr_t)rows, nr * sizeof(struct trace_comm));
	free(order);
	return t->comms && order ? 0 : error_set(err, "out of memory");
}

int packer_map(struct packer *p, struct trace *t, struct error *err)
{
	const struct pack_facts *f = p->facts;
	const void *events, *strings;

	if (map_file(p->events_fd, f->nr * sizeof(struct event), &events, err))
		return -1;
	t->events = events;
	t->nr = f->nr;
	if (map_file(p->strings_fd, f->strings_len, &strings, err))
		return -1;
	t->strings = strings;
	t->strings_len = f->strings_len;
	memcpy(t->kinds_seen, f->kinds_seen, sizeof(t->kinds_seen));
	t->defects = f->defects;
	t->nr_cpus = f->nr_cpus;
	t->max_pid = f->max_pid;
	t->page_size = f->page_size;
	memcpy(t->release, f->release, sizeof(t->release));
	memcpy(t->arch, f->arch, sizeof(t->arch));
	memcpy(t->clock, f->clock, sizeof(t->clock));
	return map_comms(p, t, err);
}
