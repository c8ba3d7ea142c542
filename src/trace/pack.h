/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside src/trace: the way from any kind of file to the packed records that struct trace maps.
 *
 * A reader calls packer_event() for each event in the file's order, packer_text() for the text of a
 * marker and packer_comm() for names of tasks. What it learns besides goes into packer.facts.
 * libtracecmd was not written for damaged files, so trace.dat is read by a child process; facts
 * therefore lie in memory shared with it.
 */
#ifndef ZR_TRACE_PACK_H
#define ZR_TRACE_PACK_H

#include "trace/trace.h"

#define PACK_BATCH 16384 /* records written at once */
#define MAX_CPUS 8192
#define MAX_PID (1u << 22) /* PID_MAX_LIMIT of 64-bit kernels */

struct pack_facts {
	uint64_t nr;
	uint64_t strings_len;
	uint64_t nr_comms;
	uint64_t last_time;
	uint64_t kinds_seen[EV_NR_KINDS];
	struct trace_defects defects;
	uint32_t nr_cpus, max_pid, page_size;
	char release[128], arch[32], clock[32];
	/* between parent and child */
	uint64_t done, total;
	bool finished;
	struct error err;
};

struct packer {
	struct pack_facts *facts;	     /* shared */
	int events_fd, strings_fd, comms_fd; /* unlinked temporary files */
	struct event *batch;
	size_t nr_batch;
	uint8_t *pids_seen; /* a bit per pid up to MAX_PID */
	FILE *strings, *comms;
	struct progress *prog;
};

int packer_init(struct packer *p, struct progress *prog, struct error *err) MUST_CHECK;
void packer_release(struct packer *p);
/* The record's time may be changed: it never goes back. Records with event_problem() are counted as
 * malformed. */
int packer_event(struct packer *p, struct event *e, struct error *err) MUST_CHECK;
/* Keeps a text; its place in the string area. */
uint64_t packer_text(struct packer *p, const char *text, size_t len);
void packer_comm(struct packer *p, uint32_t pid, const char *comm);
bool packer_pid_seen(const struct packer *p, uint32_t pid);
/* Writes what is buffered. */
int packer_finish(struct packer *p, struct error *err) MUST_CHECK;
/* Maps everything into @t. */
int packer_map(struct packer *p, struct trace *t, struct error *err) MUST_CHECK;

/* Runs @read in a child process; a crash or a wrong exit of it becomes an error that names @path.
 */
int packer_isolate(struct packer *p, const char *path,
		   int (*read)(struct packer *p, const struct capture *c, struct error *err),
		   const struct capture *c, struct error *err) MUST_CHECK;

#define DAT_MAGIC "\x17\x08\x44tracing"

enum trace_form { TRACE_DAT, TRACE_CSV, TRACE_TEXT };
/* By what is in the file. */
int trace_form_of(const char *path, enum trace_form *form, struct error *err) MUST_CHECK;
int trace_open_form(struct trace *t, const struct capture *c, enum trace_form form,
		    struct progress *prog, struct error *err) MUST_CHECK;

/* The readers. Errors name the file. */
int dat_read(struct packer *p, const struct capture *c, struct error *err) MUST_CHECK;
int csv_read(struct packer *p, const struct capture *c, struct error *err) MUST_CHECK;
int text_read(struct packer *p, const struct capture *c, struct error *err) MUST_CHECK;

/* ---- fields: how a value is treated is known by the field's name ---- */

enum field_type {
	FIELD_NUMBER,
	FIELD_SIGNED,	   /* may be negative: kept as two's complement of 64 bits */
	FIELD_PFN,	   /* all ones of any width become UINT64_MAX */
	FIELD_GFP,	   /* bits by name */
	FIELD_TYPE,	   /* migratetype by name */
	FIELD_ADDRESS,	   /* printed in hexadecimal */
	FIELD_MAY_LACK,	   /* UINT64_MAX where the trace has no such field */
	FIELD_MODE_REASON, /* fields "mode" and "reason": mode | reason << 32 */
	FIELD_TEXT	   /* place and length of a text: two words */
};
enum field_type field_type(const char *name);

struct event_alias {
	enum event_kind kind;
	const char *system, *name;
};
const struct event_alias *event_aliases(size_t *nr);

struct field_alias {
	const char *name, *other;
};
/* What other kernels call a field, or NULL. */
const char *field_alias(const char *name);

/* enum migratetype of the recording kernel's numbers; MT_NR where it has none. */
void types_of_capture(const struct capture *c, uint64_t types[16]);

/* What is impossible about an event, or NULL. Consumers may index by order and migratetype
 * afterwards. */
const char *event_problem(const struct event *e);

/* ---- CSV ---- */

#define CSV_HEADER "time_ns,cpu,pid,flags,event,a,b,c,d,e,f"
#define CSV_COMM "comm" /* "event" of rows that name a task */
#define CSV_NONE "none" /* pfn of a failed allocation */
/* Letters of event flags, in the order of their bits. */
#define CSV_FLAGS "dshNZbp"

/* Plain files, or zstd where the name ends in .zst; NULL on error. Closing the writer may fail
 * (fclose). */
FILE *zfile_read(const char *path, struct error *err) MUST_CHECK;
FILE *zfile_write(const char *path, const char *name, struct error *err) MUST_CHECK;

/* ---- gfp by name ---- */

/* Canonical bit of a flag's name ("__GFP_IO", "GFP_DMA"); 0 when unknown or made of several bits.
 */
uint32_t gfp_bit_by_name(const char *name);
/* Names joined by "|", or a number. */
bool gfp_parse(const char *text, uint32_t *gfp);

#endif
