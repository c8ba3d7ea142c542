// SPDX-License-Identifier: GPL-2.0-only
/*
 * trace.dat through libtracecmd and libtraceevent. For each event of our table the trace's own
 * description is looked up once; after that a record is decoded by the offsets, widths and signs
 * found there.
 */
#include "trace/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <trace-cmd/trace-cmd.h>

/* In libtracecmd 1.x but not in its header. */
__attribute__((weak)) const char *tracecmd_get_uname(struct tracecmd_input *handle);
__attribute__((weak)) const char *tracecmd_get_trace_clock(struct tracecmd_input *handle);
__attribute__((weak)) unsigned long tracecmd_page_size(struct tracecmd_input *handle);

#define MAX_SLOTS 7 /* six words, one of them from two fields */
#define MAX_EVENT_ID 65536

/* How to get one word of an event out of a record. */
struct slot {
	uint16_t offset;
	uint8_t size;  /* bytes; 0: the field is absent */
	uint8_t word;  /* w[] it goes to */
	uint8_t shift; /* of the value, for two fields in a word */
	bool is_signed;
	bool is_page; /* a struct page pointer */
	enum field_type type;
	uint64_t absent; /* value when the field is absent */
};

struct decoder {
	enum event_kind kind;
	size_t nr;
	struct slot slots[MAX_SLOTS];
};

struct dat {
	struct packer *p;
	const struct capture *c;
	struct tracecmd_input *handle;
	struct tep_handle *tep;
	struct error *err;
	struct slot type, flags, preempt_count, pid; /* common fields: the same in all events */
	bool swap; /* the file's byte order is not this machine's */
	struct decoder *decoders;
	size_t nr_decoders;
	int16_t by_id[MAX_EVENT_ID]; /* index of the decoder, or -1 */
	uint32_t gfp_bits[64];	     /* canonical bit of the recording kernel's bit */
	uint64_t gfp_known;	     /* the bits that have one */
	bool gfp_same;		     /* all known ones are where we have them */
	uint64_t types[16];	     /* enum migratetype of the recording kernel's number */
	int comm_offset, comm_size, comm_pid_offset; /* next_comm of sched_switch */
};

/* ---- before libtracecmd sees the file ---- */

static int check_magic(const char *path, struct error *err)
{
	char head[sizeof(DAT_MAGIC) - 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return error_set(err, "%s: %s", path, strerror(errno));
	n = fstat(fd, &st) || !S_ISREG(st.st_mode) ? -1 : read(fd, head, sizeof(head));
	close(fd);
	if (n < 0)
		return error_set(err, "%s: cannot be read; it must be a plain file", path);
	if (n == 0)
		return error_set(err, "%s is empty; was the recording interrupted? record it again",
				 path);
	if (n != (ssize_t)sizeof(head) || memcmp(head, DAT_MAGIC, sizeof(head)))
		return error_set(err,
				 "%s is not a trace.dat file of trace-cmd; bring CSV or ftrace "
				 "text into a capture with "
				 "\"zonereplay import\"",
				 path);
	return 0;
}

/* ---- the trace's own descriptions ---- */

static void set_slot(struct slot *s, struct tep_format_field *f)
{
	s->offset = (uint16_t)f->offset;
	s->size = (uint8_t)f->size;
	s->is_signed = f->flags & TEP_FIELD_IS_SIGNED;
}

static bool usable(const struct tep_format_field *f)
{
	return f && f->offset >= 0 && f->offset < UINT16_MAX &&
	       (f->size == 1 || f->size == 2 || f->size == 4 || f->size == 8);
}

static void add_slot(struct decoder *d, struct tep_event *event, const char *name, uint8_t word)
{
	enum field_type type = field_type(name);
	struct slot *s = &d->slots[d->nr++];
	struct tep_format_field *f;

	*s = (struct slot){
		.word = word, .type = type, .absent = type == FIELD_MAY_LACK ? UINT64_MAX : 0};
	f = tep_find_field(event, type == FIELD_MODE_REASON ? "mode" : name);
	if (!f && field_alias(name))
		f = tep_find_field(event, field_alias(name));
	if (usable(f))
		set_slot(s, f);
	else if (type == FIELD_PFN && usable(f = tep_find_field(event, "page"))) {
		set_slot(s, f);
		s->is_page = true;
	}
	if (type == FIELD_MODE_REASON && usable(f = tep_find_field(event, "reason"))) {
		s = &d->slots[d->nr++];
		*s = (struct slot){.word = word, .type = type, .shift = 32};
		set_slot(s, f);
	}
}

static void add_decoder(struct dat *dat, enum event_kind kind, const char *system, const char *name)
{
	struct tep_event *event = tep_find_event_by_name(dat->tep, system, name);
	const struct event_desc *desc = event_desc(kind);
	struct decoder *d;

	if (!event || event->id < 0 || event->id >= MAX_EVENT_ID || dat->by_id[event->id] >= 0)
		return;
	dat->by_id[event->id] = (int16_t)dat->nr_decoders;
	d = &dat->decoders[dat->nr_decoders++];
	d->kind = kind;
	for (uint8_t i = 0; i < ARRAY_SIZE(desc->fields) && desc->fields[i]; i++)
		add_slot(d, event, desc->fields[i], i);
}

static int find_common(struct dat *dat, struct error *err)
{
	struct tep_event *event = tep_get_first_event(dat->tep);
	struct {
		const char *name;
		struct slot *slot;
	} rows[] = {{"common_type", &dat->type},
		    {"common_flags", &dat->flags},
		    {"common_preempt_count", &dat->preempt_count},
		    {"common_pid", &dat->pid}};
	struct tep_format_field *f;

	for (size_t i = 0; event && i < ARRAY_SIZE(rows); i++) {
		f = tep_find_common_field(event, rows[i].name);
		if (usable(f))
			set_slot(rows[i].slot, f);
	}
	dat->swap = tep_is_file_bigendian(dat->tep) != tep_is_local_bigendian(dat->tep);
	if (!dat->type.size || !dat->pid.size)
		return error_set(
			err,
			"%s: describes no events; the file is damaged, or nothing was recorded",
			dat->c->trace_path);
	return 0;
}

static int add_decoders(struct dat *dat, struct error *err)
{
	const struct event_alias *aliases;
	const struct event_desc *desc;
	size_t nr;

	aliases = event_aliases(&nr);
	dat->decoders = calloc(EV_NR_KINDS + nr, sizeof(*dat->decoders));
	if (!dat->decoders)
		return error_set(err, "out of memory");
	memset(dat->by_id, 0xff, sizeof(dat->by_id));
	for (int kind = EV_NONE + 1; kind < EV_NR_KINDS; kind++) {
		desc = event_desc(kind);
		add_decoder(dat, kind, desc->system, desc->name);
	}
	for (size_t i = 0; i < nr; i++)
		add_decoder(dat, aliases[i].kind, aliases[i].system, aliases[i].name);
	return 0;
}

/* ---- gfp: the flag table that the recording kernel prints with ---- */

static const struct tep_print_flag_sym *flag_table(const struct tep_print_arg *arg)
{
	const struct tep_print_flag_sym *found = NULL;

	for (; arg && !found; arg = arg->next) {
		if (arg->type == TEP_PRINT_FLAGS)
			found = arg->flags.flags;
		else if (arg->type == TEP_PRINT_OP) {
			found = flag_table(arg->op.right);
			found = found ? found : flag_table(arg->op.left);
		} else if (arg->type == TEP_PRINT_TYPE)
			found = flag_table(arg->typecast.item);
	}
	return found;
}

/* Until the table says otherwise the bits are those of 5.10 to 7.2, which agree.
 */
static void learn_gfp(struct dat *dat)
{
	struct tep_event *event = tep_find_event_by_name(dat->tep, "kmem", "mm_page_alloc");
	const struct tep_print_flag_sym *flag = event ? flag_table(event->print_fmt.args) : NULL;
	uint64_t value;
	uint32_t bit;

	for (int i = 0; i < 64; i++)
		dat->gfp_bits[i] = i < 24 && !flag ? 1u << i : 0;
	for (; flag; flag = flag->next) {
		value = flag->value ? strtoull(flag->value, NULL, 0) : 0;
		bit = flag->str ? gfp_bit_by_name(flag->str) : 0;
		if (bit && value && !(value & (value - 1)))
			dat->gfp_bits[__builtin_ctzll(value)] = bit;
	}
	dat->gfp_same = true;
	for (int i = 0; i < 64; i++) {
		if (!dat->gfp_bits[i])
			continue;
		dat->gfp_known |= 1ull << i;
		dat->gfp_same &= dat->gfp_bits[i] == 1ull << i;
	}
}

static uint64_t translate_gfp(const struct dat *dat, uint64_t value)
{
	uint64_t out = 0;

	value &= dat->gfp_known;
	if (dat->gfp_same)
		return value;
	for (; value; value &= value - 1)
		out |= dat->gfp_bits[__builtin_ctzll(value)];
	return out;
}

/* ---- one record ---- */

static uint64_t read_field(const struct dat *dat, const struct slot *s,
			   const struct tep_record *rec)
{
	const char *p = (const char *)rec->data + s->offset;
	uint32_t word;
	uint16_t half;
	uint64_t wide;

	if (!s->size || s->offset + s->size > rec->size)
		return 0;
	if (dat->swap)
		return tep_read_number(dat->tep, p, s->size);
	switch (s->size) {
	case 1:
		return *(const uint8_t *)p;
	case 2:
		memcpy(&half, p, sizeof(half));
		return half;
	case 4:
		memcpy(&word, p, sizeof(word));
		return word;
	default:
		memcpy(&wide, p, sizeof(wide));
		return wide;
	}
}

static uint64_t sign_extend(uint64_t value, unsigned int size)
{
	unsigned int unused = 64 - 8 * size;

	return (uint64_t)((int64_t)(value << unused) >> unused);
}

static uint64_t page_to_pfn(const struct dat *dat, uint64_t page)
{
	const struct manifest *m = &dat->c->manifest;

	if (!page)
		return UINT64_MAX;
	if (!m->page_struct_size || page < m->vmemmap_base)
		return UINT64_MAX - 1; /* cannot be known */
	return (page - m->vmemmap_base) / m->page_struct_size;
}

static uint64_t convert(const struct dat *dat, const struct slot *s, uint64_t value)
{
	switch (s->type) {
	case FIELD_PFN:
		if (s->is_page)
			return page_to_pfn(dat, value);
		return s->size < 8 && value == (1ull << 8 * s->size) - 1 ? UINT64_MAX : value;
	case FIELD_GFP:
		return translate_gfp(dat, value);
	case FIELD_TYPE:
		return value < ARRAY_SIZE(dat->types) ? dat->types[value] : MT_NR;
	case FIELD_MODE_REASON:
		return (value & UINT32_MAX) << s->shift;
	default:
		return s->is_signed ? sign_extend(value, s->size) : value;
	}
}

static bool decode_words(const struct dat *dat, const struct decoder *d,
			 const struct tep_record *rec, struct event *e)
{
	const struct slot *s;

	for (size_t i = 0; i < d->nr; i++) {
		s = &d->slots[i];
		if (!s->size) {
			e->w[s->word] |= s->absent;
			continue;
		}
		if (s->offset + s->size > rec->size)
			return false;
		e->w[s->word] |= convert(dat, s, read_field(dat, s, rec));
	}
	return true;
}

/* The text of trace_marker goes from the field "buf" to the end of the record. */
static bool decode_marker(struct dat *dat, const struct tep_record *rec, struct event *e)
{
	struct tep_event *event = tep_find_event(
		dat->tep, tep_data_type(dat->tep, (struct tep_record *)(uintptr_t)rec));
	struct tep_format_field *f = event ? tep_find_field(event, "buf") : NULL;
	const char *text;
	size_t len;

	if (!f || f->offset < 0 || f->offset > rec->size)
		return false;
	text = (const char *)rec->data + f->offset;
	len = strnlen(text, (size_t)(rec->size - f->offset));
	while (len && text[len - 1] == '\n')
		len--;
	e->w[0] = packer_text(dat->p, text, len);
	e->w[1] = len;
	return true;
}

/* enum trace_flag_type of include/linux/trace_events.h, 6.1; the bits used here have been the same
 * since 5.10. */
static uint8_t translate_flags(uint64_t flags, uint64_t preempt_count)
{
	uint8_t out = 0;

	if (flags & 0x01)
		out |= EVF_IRQS_OFF;
	if (flags & (0x04 | 0x20))
		out |= EVF_NEED_RESCHED;
	if (flags & 0x08)
		out |= EVF_HARDIRQ;
	if (flags & 0x10)
		out |= EVF_SOFTIRQ;
	if (flags & 0x40)
		out |= EVF_NMI;
	if (flags & 0x80)
		out |= EVF_BH_OFF;
	if (preempt_count & 0x0f) /* the upper half counts disabled migration */
		out |= EVF_PREEMPT_OFF;
	return out;
}

static int put_lost(struct dat *dat, const struct tep_record *rec)
{
	struct event e = {.time = rec->ts, .cpu = (uint16_t)rec->cpu, .kind = EV_LOST};

	e.w[0] = rec->missed_events > 0 ? (uint64_t)rec->missed_events : UINT64_MAX;
	return packer_event(dat->p, &e, dat->err);
}

static void learn_comm(struct dat *dat, const struct tep_record *rec, uint32_t pid)
{
	char comm[sizeof(((struct trace_comm *)0)->comm)];
	int size = dat->comm_size < (int)sizeof(comm) ? dat->comm_size : (int)sizeof(comm) - 1;

	if (size <= 0 || dat->comm_offset + size > rec->size || packer_pid_seen(dat->p, pid))
		return;
	memcpy(comm, (char *)rec->data + dat->comm_offset, (size_t)size);
	comm[size] = '\0';
	packer_comm(dat->p, pid, comm);
}

/* Without sched_switch: the names that ftrace remembered; it may not have remembered all. */
static void recall_comm(struct dat *dat, uint32_t pid)
{
	const char *comm = tep_data_comm_from_pid(dat->tep, (int)pid);

	if (comm && *comm && *comm != '<')
		packer_comm(dat->p, pid, comm);
}

static int on_record(struct tracecmd_input *handle, struct tep_record *rec, int cpu, void *data)
{
	struct dat *dat = data;
	uint64_t type = read_field(dat, &dat->type, rec);
	const struct decoder *d;
	struct event e = {.time = rec->ts, .cpu = (uint16_t)rec->cpu};

	if (rec->missed_events && put_lost(dat, rec))
		return -1;
	if (type >= MAX_EVENT_ID || dat->by_id[type] < 0) {
		dat->p->facts->defects.unknown_events++;
		return 0;
	}
	d = &dat->decoders[dat->by_id[type]];
	e.kind = (uint8_t)d->kind;
	e.pid = (uint32_t)read_field(dat, &dat->pid, rec);
	e.flags = translate_flags(read_field(dat, &dat->flags, rec),
				  read_field(dat, &dat->preempt_count, rec));
	if (d->kind == EV_MARKER ? !decode_marker(dat, rec, &e) : !decode_words(dat, d, rec, &e)) {
		dat->p->facts->defects.malformed++;
		return 0;
	}
	if (d->kind == EV_SCHED_SWITCH)
		learn_comm(dat, rec, (uint32_t)e.w[1]);
	else if (!dat->p->facts->kinds_seen[EV_SCHED_SWITCH] && !packer_pid_seen(dat->p, e.pid))
		recall_comm(dat, e.pid);
	return packer_event(dat->p, &e, dat->err);
}

/* ---- the whole ---- */

/* "Linux host 6.1.0-56-cloud-amd64 x86_64": the last two words. */
static void take_uname(struct pack_facts *f, const char *uname)
{
	const char *arch = uname ? strrchr(uname, ' ') : NULL;
	const char *release = arch;

	if (!arch)
		return;
	while (release > uname && release[-1] != ' ')
		release--;
	snprintf(f->release, sizeof(f->release), "%.*s", (int)(arch - release), release);
	snprintf(f->arch, sizeof(f->arch), "%s", arch + 1);
}

static void learn_facts(struct dat *dat)
{
	struct pack_facts *f = dat->p->facts;
	const char *clock = tracecmd_get_trace_clock ? tracecmd_get_trace_clock(dat->handle) : NULL;
	struct tep_event *event = tep_find_event_by_name(dat->tep, "sched", "sched_switch");
	struct tep_format_field *comm = event ? tep_find_field(event, "next_comm") : NULL;

	if (tracecmd_get_uname)
		take_uname(f, tracecmd_get_uname(dat->handle));
	snprintf(f->clock, sizeof(f->clock), "%s", clock ? clock : "");
	if (tracecmd_page_size)
		f->page_size = (uint32_t)tracecmd_page_size(dat->handle);
	if (comm) {
		dat->comm_offset = comm->offset;
		dat->comm_size = comm->size;
	}
}

/* Buffers besides the main one: a recording made in a tracefs instance has all its events there. */
static int read_all(struct dat *dat)
{
	int nr = tracecmd_buffer_instances(dat->handle);
	struct tracecmd_input **handles;
	int used = 0, ret;

	handles = calloc((size_t)(nr > 0 ? nr : 0) + 1, sizeof(struct tracecmd_input *));
	if (!handles)
		return error_set(dat->err, "out of memory");
	handles[used++] = dat->handle;
	for (int i = 0; i < nr; i++) {
		handles[used] = tracecmd_buffer_instance_handle(dat->handle, i);
		if (handles[used])
			used++;
	}
	ret = tracecmd_iterate_events_multi(handles, used, on_record, dat);
	free(handles);
	return ret ? -1 : 0;
}

static void collect_comms(struct dat *dat)
{
	const char *comm;

	for (uint32_t pid = 0; pid <= dat->p->facts->max_pid; pid++) {
		if (!packer_pid_seen(dat->p, pid))
			continue;
		comm = pid ? tep_data_comm_from_pid(dat->tep, (int)pid) : "swapper";
		if (comm && comm[0] != '<')
			packer_comm(dat->p, pid, comm);
	}
}

static int read_opened(struct dat *dat, struct error *err)
{
	const char *path = dat->c->trace_path;

	dat->tep = tracecmd_get_tep(dat->handle);
	tep_set_loglevel(TEP_LOG_NONE);
	learn_facts(dat);
	learn_gfp(dat);
	types_of_capture(dat->c, dat->types);
	if (find_common(dat, err) || add_decoders(dat, err))
		return -1;
	if (read_all(dat)) {
		if (!err->text[0])
			error_set(err,
				  "%s: libtracecmd cannot read it to the end; the file may be cut "
				  "off",
				  path);
		return -1;
	}
	collect_comms(dat);
	return packer_finish(dat->p, err);
}

/* Runs in the child process: what libtracecmd leaves behind goes with it. */
int dat_read(struct packer *p, const struct capture *c, struct error *err)
{
	struct dat *dat = calloc(1, sizeof(*dat));
	int ret;

	if (!dat)
		return error_set(err, "out of memory");
	err->text[0] = '\0';
	dat->p = p;
	dat->c = c;
	dat->err = err;
	ret = check_magic(c->trace_path, err);
	if (!ret) {
		tracecmd_set_loglevel(TEP_LOG_NONE);
		tep_set_loglevel(TEP_LOG_NONE);
		dat->handle = tracecmd_open(c->trace_path, TRACECMD_FL_LOAD_NO_PLUGINS);
		ret = dat->handle ? read_opened(dat, err)
				  : error_set(err,
					      "%s: libtracecmd cannot open it; the file is cut off "
					      "or damaged",
					      c->trace_path);
	}
	if (dat->handle)
		tracecmd_close(dat->handle);
	free(dat->decoders);
	free(dat);
	return ret;
}
