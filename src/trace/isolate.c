// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading in a child process. libtracecmd prints and, on damaged files, may crash or spin; a child
 * makes all that a sentence.
 */
#include "trace/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_EVERY 100	 /* ms */
#define STUCK_AFTER 1200 /* looks without an event: two minutes */

enum { CHILD_FINE, CHILD_ERROR };

static void be_child(struct packer *p,
		     int (*read_trace)(struct packer *, const struct capture *, struct error *),
		     const struct capture *c)
{
	int null = open("/dev/null", O_RDWR);
	int ret;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	p->prog = NULL; /* the parent shows it */
	ret = read_trace(p, c, &p->facts->err);
	_exit(ret ? CHILD_ERROR : CHILD_FINE);
}

/* Until the child has closed its end of the pipe; kills it when nothing moves any more. */
static bool watch(struct packer *p, int fd, pid_t child)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	uint64_t last = 0;
	int quiet = 0;

	while (poll(&pfd, 1, LOOK_EVERY) <= 0) {
		progress_update(p->prog, "reading the trace", p->facts->done, p->facts->total);
		quiet = p->facts->done == last ? quiet + 1 : 0;
		last = p->facts->done;
		if (quiet > STUCK_AFTER) {
			kill(child, SIGKILL);
			return false;
		}
	}
	return true;
}

static int reap(struct packer *p, pid_t child, bool moved, const char *path, struct error *err)
{
	int status;

	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return error_set(err, "%s: lost the process that reads it: %s", path,
					 strerror(errno));
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_ERROR && p->facts->err.text[0]) {
		p->facts->err.text[sizeof(p->facts->err.text) - 1] = '\0';
		return error_set(err, "%s", p->facts->err.text);
	}
	if (!moved)
		return error_set(err,
				 "%s: reading it got stuck after %llu events; the file is damaged: "
				 "record it again or "
				 "copy it again from where it was recorded",
				 path, (unsigned long long)p->facts->nr);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != CHILD_FINE || !p->facts->finished)
		return error_set(err,
				 "%s: the file is damaged (libtracecmd fails after %llu events); "
				 "record it again or copy "
				 "it again from where it was recorded",
				 path, (unsigned long long)p->facts->nr);
	return 0;
}

int packer_isolate(struct packer *p, const char *path,
		   int (*read_trace)(struct packer *p, const struct capture *c, struct error *err),
		   const struct capture *c, struct error *err)
{
	int fds[2];
	pid_t child;
	bool moved;

	if (pipe2(fds, O_CLOEXEC))
		return error_set(err, "%s: cannot make a pipe: %s", path, strerror(errno));
	child = fork();
	if (child == 0) {
		close(fds[0]);
		be_child(p, read_trace, c);
	}
	close(fds[1]);
	if (child < 0) {
		close(fds[0]);
		return error_set(err, "%s: cannot start a process to read it: %s", path,
				 strerror(errno));
	}
	moved = watch(p, fds[0], child);
	close(fds[0]);
	return reap(p, child, moved, path, err);
}
