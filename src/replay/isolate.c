// SPDX-License-Identifier: GPL-2.0-only
/*
 * Work that may crash, never end or write where it should not is done in a process of its own. What
 * it finds comes back through a file without a name.
 */
#include "replay/isolate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What the child ends with when its error is in the file: no exit status that is common. */
#define TOLD 73

/* A crash is to end the child by its signal, whoever wants to report it otherwise (sanitizers do).
 */
static void default_signals(void)
{
	static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

	for (size_t i = 0; i < ARRAY_SIZE(crashes); i++)
		signal(crashes[i], SIG_DFL);
}

/* The child: never returns. */
static void do_work(const struct isolated *job, FILE *file)
{
	struct error err = {{0}};
	int ret;

	default_signals();
	ret = job->work(job->arg, file, &err);

	if (ret) {
		rewind(file);
		fwrite(&err, sizeof(err), 1, file);
	}
	fflush(file);
	_exit(ret ? TOLD : 0);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Until the child's end of the pipe is closed, which its end does; false: the time is over. */
static bool wait_for_end(int fd, uint32_t seconds)
{
	int64_t deadline = now_ms() + (int64_t)seconds * 1000;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = deadline - now_ms();
		int n = left > 0 ? poll(&p, 1, left > 60000 ? 60000 : (int)left) : 0;

		if (n > 0)
			return true;
		if (left <= 0)
			return false;
	}
}

static int explain(const struct isolated *job, int status, FILE *file, struct error *err)
{
	struct error told;

	if (WIFSIGNALED(status))
		return error_set(err,
				 "the policy crashed (%s); mend it, `zonereplay policies --check` "
				 "helps",
				 strsignal(WTERMSIG(status)));
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != TOLD)
		return error_set(err, "the policy ended the process it ran in; a hook returns");
	rewind(file);
	if (fread(&told, sizeof(told), 1, file) != 1)
		return error_set(err, "the policy ended the process it ran in; a hook returns");
	told.text[sizeof(told.text) - 1] = '\0';
	return error_set(err, "%s", told.text);
}

static int watch(const struct isolated *job, pid_t pid, int fd, FILE *file, struct error *err)
{
	bool ended = wait_for_end(fd, job->seconds);
	int status = 0;

	if (!ended)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!ended)
		return error_set(err,
				 "the policy did not come to an end within %u s and was stopped; "
				 "look for a loop that makes no progress",
				 job->seconds);
	return explain(job, status, file, err);
}

int isolate(const struct isolated *job, FILE **result, struct error *err)
{
	FILE *file = tmpfile();
	int fds[2], ret;
	pid_t pid;

	if (!file)
		return error_set(err, "no temporary file: %s", strerror(errno));
	if (pipe2(fds, O_CLOEXEC)) {
		fclose(file);
		return error_set(err, "no pipe: %s", strerror(errno));
	}
	pid = fork();
	if (!pid) {
		close(fds[0]);
		do_work(job, file);
	}
	close(fds[1]);
	ret = pid < 0 ? error_set(err, "no process: %s", strerror(errno))
		      : watch(job, pid, fds[0], file, err);
	close(fds[0]);
	if (ret) {
		fclose(file);
		return -1;
	}
	rewind(file);
	*result = file;
	return 0;
}

/* ---- a what-if ---- */

#define VALIDATE_EVERY 50000u
#define MAX_ROWS (1u << 24)

struct whatif_job {
	const struct capture *capture;
	const struct trace *trace;
	const struct policy_setting *setting;
	const struct whatif_options *opt;
};

static int put(FILE *file, const void *data, size_t size, size_t n, struct error *err)
{
	return !n || fwrite(data, size, n, file) == n
		       ? 0
		       : error_set(err, "results of the policy cannot be written: %s",
				   strerror(errno));
}

static int put_map(FILE *file, const struct block_map *m, struct error *err)
{
	if (put(file, m->moments, sizeof(*m->moments), m->nr_moments, err) ||
	    put(file, m->scans, sizeof(*m->scans), m->nr_scans, err))
		return -1;
	return put(file, m->data, 1, m->len, err);
}

static int run_whatif(void *arg, FILE *file, struct error *err)
{
	const struct whatif_job *job = arg;
	struct outcome o;
	int ret = whatif_run(job->capture, job->trace, job->setting, job->opt, &o, err);

	if (ret)
		return -1;
	ret = put(file, &o, sizeof(o), 1, err);
	if (!ret)
		ret = put(file, o.samples, sizeof(*o.samples), o.nr_samples, err);
	if (!ret)
		ret = put(file, o.probes, sizeof(*o.probes), o.nr_probes, err);
	if (!ret)
		ret = put_map(file, &o.map, err);
	outcome_release(&o);
	return ret;
}

static void *get_rows(FILE *file, size_t size, size_t n)
{
	void *rows = n <= MAX_ROWS ? calloc(n + 1, size) : NULL;

	if (rows && fread(rows, size, n, file) != n) {
		free(rows);
		return NULL;
	}
	return rows;
}

static bool get_map(FILE *file, struct block_map *m)
{
	m->moments = get_rows(file, sizeof(*m->moments), m->nr_moments);
	m->scans = get_rows(file, sizeof(*m->scans), m->nr_scans);
	m->data = get_rows(file, 1, m->len);
	return m->moments && m->scans && m->data;
}

static int read_outcome(struct outcome *o, FILE *file, struct error *err)
{
	if (fread(o, sizeof(*o), 1, file) != 1) {
		memset(o, 0, sizeof(*o));
		return error_set(err, "the policy ended the process it ran in; a hook returns");
	}
	o->samples = NULL;
	o->probes = NULL;
	o->map.moments = NULL;
	o->map.scans = NULL;
	o->map.data = NULL;
	o->samples = get_rows(file, sizeof(*o->samples), o->nr_samples);
	o->probes = get_rows(file, sizeof(*o->probes), o->nr_probes);
	if (o->samples && o->probes && get_map(file, &o->map))
		return 0;
	outcome_release(o);
	return error_set(err, "the policy spoilt its own results");
}

int whatif_run_isolated(const struct capture *c, const struct trace *t,
			const struct policy_setting *p, const struct whatif_options *opt,
			struct outcome *out, struct error *err)
{
	struct whatif_options checked = *opt;
	struct whatif_job work = {c, t, p, &checked};
	struct isolated job = {.work = run_whatif,
			       .arg = &work,
			       .seconds = opt->seconds ? opt->seconds : WHATIF_SECONDS};
	FILE *file;
	int ret;

	if (!checked.paranoid)
		checked.paranoid = VALIDATE_EVERY;
	if (isolate(&job, &file, err))
		return -1;
	ret = read_outcome(out, file, err);
	fclose(file);
	return ret;
}
