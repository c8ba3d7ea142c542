// SPDX-License-Identifier: GPL-2.0-only
#include "capture/record.h"

#include "capture/capture.h"
#include "capture/checkpoint.h"
#include "capture/flight.h"
#include "capture/kernel_layout.h"
#include "capture/procfiles.h"
#include "capture/tracefs_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { START, END, NR_ENDS };

struct recorder {
	const struct record_options *opt;
	struct record_result *res;
	struct tracefs_dir tracefs;
	struct probe_set probes;
	struct kernel_layout layout;
	bool has_layout;
	struct manifest manifest;
	struct procfiles proc[NR_ENDS];
	struct snapshot_reader *reader; /* NULL: res->reason says why */
	struct snapshot snap[NR_ENDS];
	struct snapshot_report report[NR_ENDS];
	uint64_t snap_id[NR_ENDS]; /* in the markers */
	sigset_t signals, old_signals;
	struct checkpoint_writer checkpoints;
	uint64_t next_checkpoint; /* ns */
	struct flight flight;
	pid_t child;
};

static const char *const core_events[] = {
	"kmem/mm_page_alloc",
	"kmem/mm_page_free",
	"kmem/mm_page_free_batched",
	"kmem/mm_page_alloc_zone_locked",
	"kmem/mm_page_pcpu_drain",
	"kmem/mm_page_alloc_extfrag",
	"compaction",
	"vmscan",
	"pagemap/mm_lru_insertion",
	"pagemap/mm_lru_activate",
	"filemap/mm_filemap_add_to_page_cache",
	"filemap/mm_filemap_delete_from_page_cache",
	"migrate",
	"page_isolation",
	"oom/mark_victim",
};
#define MIN_BUFFER_KB 1024
#define NR_TASK_NAMES 8192
#define NR_NEEDED 2 /* without the first ones there is nothing to replay */
static const char *const full_events[] = {"sched/sched_switch"};

const char *event_set_name(enum event_set set)
{
	static const char *const names[] = {"core", "full", "truth"};

	return names[set];
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* CPU time that this process has used. */
static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/*
 * A sixth of memory over all CPUs: enough for a minute of a busy small machine. Very small
 * machines are no less busy and give a quarter; a very large one does not need more than 512 MB per
 * CPU.
 */
static uint32_t default_buffer_kb(void)
{
	uint64_t memory =
		(uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)(sysconf(_SC_PAGESIZE) / 1024);
	uint64_t cpus = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t kb = memory / 6 < 32768 ? memory / 4 : memory / 6;

	if (kb > 32768 && memory / 6 < 32768)
		kb = 32768;
	kb /= cpus;
	return kb > 524288 ? 524288 : kb < MIN_BUFFER_KB ? MIN_BUFFER_KB : (uint32_t)kb;
}

/* The kernel refuses a buffer that would leave too little free [ring_buffer_resize]; nobody asked
 * for this one, so half of it will do. */
static int set_buffer_size(struct recorder *r, struct error *err)
{
	uint32_t kb = r->opt->buffer_kb ? r->opt->buffer_kb : default_buffer_kb();
	char text[32];

	snprintf(text, sizeof(text), "%u", kb);
	while (tracefs_dir_write(&r->tracefs, "buffer_size_kb", text, err)) {
		kb /= 2;
		if (r->opt->buffer_kb || kb < MIN_BUFFER_KB)
			return -1;
		snprintf(text, sizeof(text), "%u", kb);
	}
	manifest_set(&r->manifest, "trace.buffer_kb_per_cpu", text);
	return 0;
}

static int set_up_buffer(struct recorder *r, struct error *err)
{
	if (tracefs_dir_write(&r->tracefs, "tracing_on", "0", err) ||
	    tracefs_dir_write(&r->tracefs, "trace_clock", "mono", err) || set_buffer_size(r, err))
		return -1;
	manifest_set(&r->manifest, "trace.clock", "mono");
	tracefs_dir_keep_names(&r->tracefs, NR_TASK_NAMES);
	/* A full buffer refuses new events: what was recorded from the snapshot on stays whole. */
	return tracefs_dir_write(&r->tracefs, "options/overwrite",
				 r->opt->until_fail >= 0 ? "1" : "0", err);
}

static int enable_events(struct recorder *r, const char *const *events, size_t nr, size_t needed,
			 struct strbuf *missing, struct error *err)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (!tracefs_dir_has_event(&r->tracefs, events[i]) ||
		    tracefs_dir_enable(&r->tracefs, events[i], err)) {
			if (i < needed)
				return error_set(
					err,
					"this kernel has no event %s: nothing could be replayed",
					events[i]);
			strbuf_printf(missing, "%s%s", missing->len ? " " : "", events[i]);
		}
	return 0;
}

static int set_up_events(struct recorder *r, struct error *err)
{
	struct strbuf missing;
	int ret;

	strbuf_init(&missing);
	ret = enable_events(r, core_events, ARRAY_SIZE(core_events), NR_NEEDED, &missing, err);
	if (!ret && r->opt->events >= EVENT_SET_FULL) {
		ret = enable_events(r, full_events, ARRAY_SIZE(full_events), 0, &missing, err);
		probe_set_define(&r->probes, &r->tracefs, r->opt->events == EVENT_SET_TRUTH,
				 r->has_layout ? &r->layout : NULL);
		if (r->probes.made.len)
			(void)!tracefs_dir_enable(&r->tracefs, "zonereplay", NULL);
		manifest_set(&r->manifest, "trace.probes", r->probes.made.s);
		manifest_set(&r->manifest, "trace.probes_refused", r->probes.refused.s);
	}
	manifest_set(&r->manifest, "trace.events_missing", missing.s);
	strbuf_release(&missing);
	return ret;
}

/*
 * The state now: exact if that can be; the proc files are kept in any case. Nothing is built from
 * them before the recording has ended, because that takes memory.
 */
static void take_state(struct recorder *r, int end, uint64_t id)
{
	const struct snapshot_options how = {.marker_fd = r->tracefs.marker_fd, .id = id};
	struct error err;

	snapshot_release(&r->snap[end]);
	snapshot_init(&r->snap[end]);
	if (r->reader &&
	    snapshot_reader_read(r->reader, &r->snap[end], &how, &r->report[end], &err)) {
		snprintf(r->res->reason, sizeof(r->res->reason), "%s", err.text);
		snapshot_release(&r->snap[end]);
	}
	if (end == START && r->snap[end].level != SNAP_EXACT)
		procfiles_prepare(&r->proc[START]); /* what frames are at the end nobody asks */
	r->snap_id[end] = id;
	tracefs_dir_mark(&r->tracefs, "zonereplay counts begin %llu", (unsigned long long)id);
	procfiles_read(&r->proc[end]);
	tracefs_dir_mark(&r->tracefs, "zonereplay counts end %llu", (unsigned long long)id);
}

static void state_from_counts(struct recorder *r, int end)
{
	if (r->snap[end].level == SNAP_NONE &&
	    procfiles_snapshot(&r->proc[end], &r->snap[end], NULL))
		snapshot_release(&r->snap[end]);
}

static pid_t start_command(struct recorder *r, struct error *err)
{
	char marker[320];
	pid_t pid = fork();

	if (pid < 0) {
		error_set(err, "cannot fork: %s", strerror(errno));
		return -1;
	}
	if (pid)
		return pid;
	snprintf(marker, sizeof(marker), "%s/trace_marker", r->tracefs.path);
	setenv("ZONEREPLAY_MARKER", marker, 1);
	sigprocmask(SIG_SETMASK, &r->old_signals, NULL);
	execvp(r->opt->command[0], r->opt->command);
	fprintf(stderr, "zonereplay capture: %s: %s\n", r->opt->command[0], strerror(errno));
	_exit(127);
}

#define LOOK_NS 100000000ull /* how often the flight recorder looks whether it was stopped */

/* What is due now: checkpoints, states. Returns when to come again; 0: nothing to do any more. */
static uint64_t work_due(struct recorder *r, uint64_t now)
{
	uint64_t next = UINT64_MAX;

	if (r->opt->checkpoint_ms) {
		if (now >= r->next_checkpoint) {
			checkpoint_write(&r->checkpoints);
			r->next_checkpoint = now + r->opt->checkpoint_ms * 1000000ull;
		}
		next = r->next_checkpoint;
	}
	if (r->opt->until_fail >= 0) {
		if (flight_ended(&r->flight))
			return 0;
		flight_step(&r->flight, now);
		next = now + LOOK_NS < next ? now + LOOK_NS : next;
	}
	return next;
}

/* The next of our signals, or 0 when the flight recorder has ended. */
static int next_signal(struct recorder *r)
{
	struct timespec wait;
	uint64_t now, next;
	int sig;

	for (;;) {
		next = work_due(r, now_ns());
		now = now_ns();
		if (!next)
			return 0;
		if (next == UINT64_MAX)
			return sigwaitinfo(&r->signals, NULL);
		next = next > now ? next - now : 1;
		wait.tv_sec = (time_t)(next / 1000000000);
		wait.tv_nsec = (long)(next % 1000000000);
		sig = sigtimedwait(&r->signals, NULL, &wait);
		if (sig > 0)
			return sig;
	}
}

/* Waits for the command; a signal to stop ends it and the recording, and the capture is still a
 * good one. */
static void wait_for_command(struct recorder *r)
{
	int sig;

	for (;;) {
		if (r->child > 0 && waitpid(r->child, &r->res->status, WNOHANG) == r->child)
			return;
		sig = next_signal(r);
		if (sig && sig != SIGINT && sig != SIGTERM)
			continue;
		r->res->interrupted = sig != 0;
		r->res->failed = sig == 0;
		if (r->child > 0)
			kill(r->child, SIGTERM);
		if (r->child <= 0 || !sig)
			return;
	}
}

static int run_workload(struct recorder *r, struct error *err)
{
	r->child = 0;
	if (r->opt->command) {
		r->child = start_command(r, err);
		if (r->child < 0)
			return -1;
	}
	tracefs_dir_mark(&r->tracefs, "zonereplay workload begin pid=%d", (int)r->child);
	wait_for_command(r);
	tracefs_dir_mark(&r->tracefs, "zonereplay workload end status=%d", r->res->status);
	return 0;
}

/* The state that fits what is left in the ring is the start; an end state would come after the last
 * event. */
static void end_flight(struct recorder *r)
{
	struct flight_state *best =
		flight_best(&r->flight, (uint32_t)sysconf(_SC_NPROCESSORS_CONF));

	procfiles_read(&r->proc[END]);
	if (!best) {
		snprintf(
			r->res->reason, sizeof(r->res->reason),
			"no exact state is as old as the events that are left: use a larger --buffer");
		return;
	}
	r->snap[START] = best->snap;
	r->report[START] = best->report;
	r->snap_id[START] = best->id;
	snapshot_init(&best->snap);
}

static int record(struct recorder *r, struct error *err)
{
	uint64_t start, cpu;

	if (tracefs_dir_write(&r->tracefs, "tracing_on", "1", err))
		return -1;
	if (r->opt->checkpoint_ms &&
	    checkpoint_writer_init(&r->checkpoints, r->tracefs.marker_fd, err))
		return -1;
	if (r->opt->until_fail < 0)
		take_state(r, START, START);
	else if (flight_init(&r->flight, &r->tracefs, r->reader, (uint32_t)r->opt->until_fail, err))
		return -1;
	start = now_ns();
	cpu = cpu_ns();
	if (run_workload(r, err))
		return -1;
	r->res->wall_ns = now_ns() - start;
	r->res->cpu_ns = cpu_ns() - cpu;
	r->res->checkpoints = r->checkpoints.next_id;
	if (r->opt->until_fail < 0)
		take_state(r, END, END);
	else
		end_flight(r);
	if (tracefs_dir_write(&r->tracefs, "tracing_on", "0", err))
		return -1;
	return 0;
}

/* The symbol table is a megabyte of every trace.dat; in a mount namespace of its own trace-cmd
 * finds it empty. */
static void hide_symbols(void)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return;
	(void)!mount("/dev/null", "/proc/kallsyms", NULL, MS_BIND, NULL);
}

/* trace-cmd writes the file: it knows every header that a reader wants. It removes the instance. */
static int extract(struct recorder *r, const char *path, struct error *err)
{
	pid_t pid = fork();
	struct stat st;
	int status, null;

	if (pid == 0) {
		null = open("/dev/null", O_RDWR);
		dup2(null, 1);
		dup2(null, 2);
		sigprocmask(SIG_SETMASK, &r->old_signals, NULL);
		if (r->opt->no_symbols)
			hide_symbols();
		execlp("trace-cmd", "trace-cmd", "extract", "-B", r->tracefs.name, "-o", path,
		       NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return error_set(err, "trace-cmd extract could not be run: %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return error_set(err, "trace-cmd is not installed: apt-get install trace-cmd");
	if (status || stat(path, &st) || !st.st_size) {
		unlink(path);
		return error_set(err, "%s: trace-cmd extract failed; is the disk full?", path);
	}
	r->res->trace_bytes = st.st_size;
	return 0;
}

static int save_end(struct recorder *r, int end, struct error *err)
{
	char *proc = path_join(r->opt->dir, end == START ? "proc-start" : "proc-end");
	char *snap = path_join(r->opt->dir, end == START ? "start.snap" : "end.snap");
	int ret = procfiles_write(&r->proc[end], proc, err);

	if (!ret && r->snap[end].level != SNAP_NONE)
		ret = snapshot_save(&r->snap[end], snap, err);
	free(proc);
	free(snap);
	return ret;
}

static void set_number(struct manifest *m, const char *key, uint64_t n)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	manifest_set(m, key, text);
}

static void describe_snapshots(struct recorder *r)
{
	struct manifest *m = &r->manifest;

	manifest_set(m, "snapshot.start", r->res->start_level);
	manifest_set(m, "snapshot.end", r->res->end_level);
	if (*r->res->reason)
		manifest_set(m, "snapshot.reason", r->res->reason);
	set_number(m, "snapshot.start_id", r->snap_id[START]);
	set_number(m, "snapshot.end_id", r->snap_id[END]);
	set_number(m, "snapshot.start_ns", r->report[START].duration_ns);
	set_number(m, "snapshot.end_ns", r->report[END].duration_ns);
	if (r->reader)
		manifest_set(m, "snapshot.way", snapshot_way_name(r->report[START].way));
	set_number(m, "snapshot.start_lists_ns", r->report[START].lists_ns);
	set_number(m, "snapshot.end_lists_ns", r->report[END].lists_ns);
	set_number(m, "snapshot.start_tries", r->report[START].tries);
	set_number(m, "snapshot.end_tries", r->report[END].tries);
	set_number(m, "snapshot.start_passes", r->report[START].passes);
	set_number(m, "snapshot.end_passes", r->report[END].passes);
	m->page_struct_size = r->report[START].page_struct_size;
	m->vmemmap_base = r->report[START].vmemmap_base;
}

static void describe_run(struct recorder *r)
{
	struct manifest *m = &r->manifest;
	const char *name = r->opt->workload;

	if (!name)
		name = r->opt->command ? r->opt->command[0] : "";
	snprintf(m->workload, sizeof(m->workload), "%s", name);
	snprintf(m->events, sizeof(m->events), "%s", event_set_name(r->opt->events));
	m->recorder_pid = getpid();
	set_number(m, "trace.entries", r->res->events);
	set_number(m, "trace.lost", r->res->lost);
	set_number(m, "trace.checkpoints", r->res->checkpoints);
	set_number(m, "run.wall_ns", r->res->wall_ns);
	set_number(m, "run.recorder_cpu_ns", r->res->cpu_ns);
	set_number(m, "run.status", r->res->status);
	set_number(m, "run.interrupted", r->res->interrupted);
	if (r->opt->until_fail >= 0) {
		set_number(m, "run.until_fail_order", (uint64_t)r->opt->until_fail);
		set_number(m, "run.failed", r->res->failed);
	}
	describe_snapshots(r);
	describe_vmstat(m, "vmstat_start", procfiles_text(&r->proc[START], "vmstat"));
	describe_end(m);
	describe_vmstat(m, "vmstat_end", procfiles_text(&r->proc[END], "vmstat"));
}

/* A ring is there to be written over: what it no longer has is not lost. */
static void count_events(struct recorder *r)
{
	bool ring = r->opt->until_fail >= 0;
	long cpu, nr = sysconf(_SC_NPROCESSORS_CONF);
	struct tracefs_counts counts;
	uint64_t lost = 0;
	char key[48];

	for (cpu = 0; cpu < nr; cpu++) {
		tracefs_dir_counts(&r->tracefs, (uint32_t)cpu, &counts);
		r->res->events += counts.entries;
		lost += counts.lost;
		snprintf(key, sizeof(key), "trace.%s_cpu%ld", ring ? "overwritten" : "lost", cpu);
		set_number(&r->manifest, key, counts.lost);
	}
	r->res->lost = ring ? 0 : lost;
	if (ring)
		set_number(&r->manifest, "trace.overwritten", lost);
}

static int save(struct recorder *r, struct error *err)
{
	char *trace = path_join(r->opt->dir, "trace.dat"),
	     *manifest = path_join(r->opt->dir, "manifest");
	int ret;

	count_events(r);
	state_from_counts(r, START);
	state_from_counts(r, END);
	r->res->start_level = snap_level_name(r->snap[START].level);
	r->res->end_level = snap_level_name(r->snap[END].level);
	describe_run(r);
	ret = extract(r, trace, err) || save_end(r, START, err) || save_end(r, END, err) ||
			      manifest_save(&r->manifest, manifest, err)
		      ? -1
		      : 0;
	free(trace);
	free(manifest);
	return ret;
}

static void recorder_init(struct recorder *r, const struct record_options *opt,
			  struct record_result *res)
{
	memset(r, 0, sizeof(*r));
	memset(res, 0, sizeof(*res));
	r->opt = opt;
	r->res = res;
	r->tracefs.marker_fd = -1;
	manifest_init(&r->manifest);
	probe_set_init(&r->probes);
	sigemptyset(&r->signals);
	sigaddset(&r->signals, SIGINT);
	sigaddset(&r->signals, SIGTERM);
	sigaddset(&r->signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &r->signals, &r->old_signals);
}

static void recorder_release(struct recorder *r)
{
	int i;

	checkpoint_writer_release(&r->checkpoints);
	flight_release(&r->flight);
	snapshot_reader_free(r->reader);
	tracefs_dir_release(&r->tracefs);
	probe_set_remove(&r->tracefs, &r->probes);
	for (i = 0; i < NR_ENDS; i++) {
		procfiles_release(&r->proc[i]);
		snapshot_release(&r->snap[i]);
	}
	manifest_release(&r->manifest);
	probe_set_release(&r->probes);
	sigprocmask(SIG_SETMASK, &r->old_signals, NULL);
}

/* All that takes memory for reading the state is done before the recording begins. */
static void open_reader(struct recorder *r)
{
	struct error err;

	r->reader = snapshot_reader_new(SNAPSHOT_ANY, &err);
	if (!r->reader)
		snprintf(r->res->reason, sizeof(r->res->reason), "%s", err.text);
}

static int set_up(struct recorder *r, struct error *err)
{
	r->has_layout = kernel_layout_read(&r->layout, NULL) == 0;
	procfiles_read(&r->proc[START]);
	describe_machine(&r->manifest, &r->proc[START]);
	procfiles_release(&r->proc[START]);
	open_reader(r);
	return set_up_buffer(r, err) || set_up_events(r, err) ? -1 : 0;
}

static int record_into(struct recorder *r, struct error *err)
{
	const char *dir = r->opt->dir;

	if (path_exists(dir))
		return error_set(err, "%s is there already: record into another directory", dir);
	if (tracefs_dir_make(&r->tracefs, err) || dir_make(dir, err))
		return -1;
	if (!set_up(r, err) && !record(r, err) && !save(r, err))
		return 0;
	record_remove(dir);
	return -1;
}

int record_run(const struct record_options *opt, struct record_result *res, struct error *err)
{
	struct recorder r;
	int ret;

	recorder_init(&r, opt, res);
	ret = record_into(&r, err);
	recorder_release(&r);
	return ret;
}
