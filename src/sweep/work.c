// SPDX-License-Identifier: GPL-2.0-only
/*
 * Workers. Each is a process with a database of its own, so that a policy that crashes costs its
 * cell and nothing else. They take cells from a counter in shared memory; what a worker is busy
 * with stands there too, so that the parent knows what a dead one leaves behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sweep/cells.h"

#define MAX_WORKERS 256
#define POLL_NS 50000000
#define LOCK_TRIES 20

struct shared {
	atomic_size_t next; /* into todo */
	atomic_size_t done, failed;
	atomic_size_t busy[MAX_WORKERS]; /* cell + 1, 0 when between cells */
};

struct crew {
	struct sweep *sw;
	const struct sweep_run_options *opt;
	size_t *todo, nr_todo;
	struct shared *shared;
	pid_t pids[MAX_WORKERS];
	unsigned int nr_workers;
};

/* ---- failures ---- */

/* One write of one line: workers may write at the same time. */
static void note_failure(const struct sweep *sw, size_t cell, const char *text)
{
	char *path = sweep_path(sw, "failures.tsv");
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	struct strbuf line;

	strbuf_init(&line);
	strbuf_printf(&line, "%s\t%s\t%s\t%s\n", sw->cells[cell].id, sw->cells[cell].setting,
		      sw->cells[cell].path, text);
	if (fd >= 0) {
		if (write(fd, line.s, line.len) < 0)
			errno = 0; /* the failure is counted all the same */
		close(fd);
	}
	strbuf_release(&line);
	free(path);
}

/* ---- inside a worker ---- */

struct worker {
	struct crew *crew;
	struct store *store;
	struct session session;
	const char *open_path; /* of the capture in session */
};

static int enter_capture(struct worker *w, const struct sweep_cell *cell, struct error *err)
{
	if (w->open_path && !strcmp(w->open_path, cell->path))
		return 0;
	if (w->open_path)
		session_release(&w->session);
	w->open_path = NULL;
	if (session_open(&w->session, cell->path, NULL, err))
		return -1;
	w->open_path = cell->path;
	if (strcmp(w->session.about.id, cell->capture_id))
		return error_set(err, "%s: the capture is not the one that was planned; plan again",
				 cell->path);
	return 0;
}

static int compute_recorded(struct worker *w, const struct whatif_options *opt,
			    struct store_run *run, struct error *err)
{
	/* What verify finds goes with the row that every capture has. */
	if (w->session.capture.start.level == SNAP_EXACT && session_verify(&w->session, NULL, err))
		return -1;
	return session_run(&w->session, NULL, opt, run, err);
}

/* The policy, from the file that was planned where it is from outside. */
static int find_setting(const struct sweep_cell *cell, struct policy_setting *setting,
			struct error *err)
{
	char id[17] = "";
	struct strbuf text;
	int rc;

	if (*cell->object && object_identify(cell->object, id, err))
		return -1;
	if (strcmp(id, cell->object_id))
		return error_set(err, "%s: the policy is not the one that was planned; plan again",
				 cell->object);
	strbuf_init(&text);
	if (*cell->object)
		strbuf_printf(&text, "%s%s", cell->object,
			      cell->setting + strcspn(cell->setting, ":"));
	else
		strbuf_puts(&text, cell->setting);
	rc = policy_setting_parse(setting, text.s, err);
	strbuf_release(&text);
	return rc;
}

static int compute(struct worker *w, const struct sweep_cell *cell, struct store_run *run,
		   struct error *err)
{
	const struct sweep *sw = w->crew->sw;
	struct injection in[SWEEP_MAX_INJECTIONS];
	int nr = injections_parse(cell->inject, in, err);
	struct whatif_options opt = {.era = *sw->era ? sw->era : NULL,
				     .from = sw->from,
				     .to = sw->to,
				     .inject = in,
				     .nr_inject = (size_t)nr};
	struct policy_setting setting;
	int rc;

	if (nr < 0)
		return -1;
	if (!strcmp(cell->setting, STORE_RECORDED))
		return compute_recorded(w, &opt, run, err);
	if (find_setting(cell, &setting, err))
		return -1;
	w->session.about.fidelity = -1;
	rc = session_run(&w->session, &setting, &opt, run, err);
	policy_setting_release(&setting);
	return rc;
}

static int do_cell(struct worker *w, const struct sweep_cell *cell, struct error *err)
{
	struct store_run run;
	int rc;

	if (enter_capture(w, cell, err) || compute(w, cell, &run, err))
		return -1;
	snprintf(run.provenance.program, sizeof(run.provenance.program), "%s",
		 w->crew->opt->program);
	snprintf(run.provenance.command, sizeof(run.provenance.command), "sweep cell %s", cell->id);
	run.provenance.finished = time(NULL);
	rc = store_put(w->store, &run, err);
	outcome_release(&run.outcome);
	return rc;
}

static int worker_main(struct crew *crew, unsigned int number, const char *shard)
{
	struct shared *shared = crew->shared;
	struct worker w = {.crew = crew};
	struct error err;
	size_t i;

	w.store = store_open(shard, STORE_WRITE, &err);
	if (!w.store) {
		note_failure(crew->sw, 0, err.text);
		return -1;
	}
	while ((i = atomic_fetch_add(&shared->next, 1)) < crew->nr_todo) {
		size_t cell = crew->todo[i];

		atomic_store(&shared->busy[number], cell + 1);
		if (do_cell(&w, &crew->sw->cells[cell], &err)) {
			note_failure(crew->sw, cell, err.text);
			atomic_fetch_add(&shared->failed, 1);
		} else {
			atomic_fetch_add(&shared->done, 1);
		}
		atomic_store(&shared->busy[number], 0);
	}
	if (w.open_path)
		session_release(&w.session);
	store_close(w.store);
	return 0;
}

/* ---- the parent ---- */

static int start_worker(struct crew *crew, unsigned int number, struct error *err)
{
	struct strbuf shard;
	pid_t pid = fork();
	int rc;

	if (pid < 0)
		return error_set(err, "cannot start a worker: %s", strerror(errno));
	if (pid) {
		crew->pids[number] = pid;
		return 0;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	strbuf_init(&shard);
	if (crew->opt->shard)
		strbuf_puts(&shard, crew->opt->shard);
	else
		strbuf_printf(&shard, "%s/shards/%u.db", crew->sw->dir, number);
	rc = worker_main(crew, number, shard.s);
	/* Not by exit: what the parent has buffered is the parent's. */
	_Exit(rc ? EXIT_FAILURE : EXIT_SUCCESS);
}

static unsigned int worker_number(const struct crew *crew, pid_t pid)
{
	unsigned int i = 0;

	while (i < crew->nr_workers && crew->pids[i] != pid)
		i++;
	return i;
}

/* A worker died with a cell in its hands: that cell failed, and another worker goes on. */
static int bury(struct crew *crew, unsigned int number, int status, bool *running,
		struct error *err)
{
	size_t busy = atomic_exchange(&crew->shared->busy[number], 0);
	char text[96];

	*running = false;
	if (!busy)
		return WIFEXITED(status) && !WEXITSTATUS(status)
			       ? 0
			       : error_set(
					 err,
					 "%s: a worker could not work; failures.tsv there says why",
					 crew->sw->dir);
	snprintf(text, sizeof(text), "the worker died: %s",
		 WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "it ended by itself");
	note_failure(crew->sw, busy - 1, text);
	atomic_fetch_add(&crew->shared->failed, 1);
	*running = true;
	return start_worker(crew, number, err);
}

static int wait_for_all(struct crew *crew, struct error *err)
{
	unsigned int alive = crew->nr_workers;
	struct timespec pause = {.tv_nsec = POLL_NS};
	int rc = 0;

	while (alive) {
		bool running = true;
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid > 0) {
			rc |= bury(crew, worker_number(crew, pid), status, &running, err);
			alive -= !running;
			continue;
		}
		progress_update(crew->opt->progress, "cells",
				crew->shared->done + crew->shared->failed, crew->nr_todo);
		nanosleep(&pause, NULL);
	}
	return rc;
}

/* What no shard has, of the cells that were asked for. */
static int find_todo(struct crew *crew, struct sweep_result *result, struct error *err)
{
	const struct sweep *sw = crew->sw;
	size_t last = crew->opt->last ? crew->opt->last : sw->nr;
	bool *done = calloc(sw->nr + 1, sizeof(*done));
	size_t shards;
	int rc;

	crew->todo = calloc(sw->nr + 1, sizeof(*crew->todo));
	if (!done || !crew->todo)
		abort();
	rc = shards_done(sw, done, &shards, err);
	for (size_t i = crew->opt->first; !rc && i < last && i < sw->nr; i++) {
		if (done[i])
			result->skipped++;
		else
			crew->todo[crew->nr_todo++] = i;
	}
	free(done);
	return rc;
}

static void count_workers(struct crew *crew)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int n = crew->opt->workers ? crew->opt->workers
			 : cpus > 0	    ? (unsigned int)cpus
					    : 1;

	if (crew->opt->shard)
		n = 1;
	if (n > crew->nr_todo)
		n = (unsigned int)crew->nr_todo;
	crew->nr_workers = n > MAX_WORKERS ? MAX_WORKERS : n;
}

static int run_crew(struct crew *crew, struct sweep_result *result, struct error *err)
{
	int rc = 0;

	crew->shared = mmap(NULL, sizeof(*crew->shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (crew->shared == MAP_FAILED)
		return error_set(err, "no shared memory: %s", strerror(errno));
	count_workers(crew);
	for (unsigned int i = 0; !rc && i < crew->nr_workers; i++)
		if ((rc = start_worker(crew, i, err)))
			crew->nr_workers = i;
	rc |= wait_for_all(crew, err);
	result->done = crew->shared->done;
	result->failed = crew->shared->failed;
	munmap(crew->shared, sizeof(*crew->shared));
	return rc;
}

/* Workers of a run that was killed a moment ago need that moment to die. */
static int flock_patiently(int fd)
{
	struct timespec pause = {.tv_nsec = POLL_NS};

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (!flock(fd, LOCK_EX | LOCK_NB))
			return 0;
		nanosleep(&pause, NULL);
	}
	return -1;
}

/* Two local runs of one sweep would write the same shards. Tasks with a shard of their own may. */
static int lock(const struct sweep *sw, const struct sweep_run_options *opt, struct error *err)
{
	char *path = sweep_path(sw, "lock");
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0) {
		error_set(err, "%s: cannot write: %s", path, strerror(errno));
	} else if (!opt->shard && flock_patiently(fd)) {
		error_set(err, "%s: this sweep is already running", sw->dir);
		close(fd);
		fd = -1;
	}
	free(path);
	return fd;
}

int sweep_run(struct sweep *sw, const struct sweep_run_options *opt, struct sweep_result *result,
	      struct error *err)
{
	struct crew crew = {.sw = sw, .opt = opt};
	int fd = lock(sw, opt, err);
	int rc;

	*result = (struct sweep_result){0};
	if (fd < 0)
		return -1;
	rc = find_todo(&crew, result, err);
	if (!rc && crew.nr_todo)
		rc = run_crew(&crew, result, err);
	free(crew.todo);
	close(fd);
	return rc;
}
