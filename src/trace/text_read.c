// SPDX-License-Identifier: GPL-2.0-only
/*
 * ftrace text: the file "trace" of tracefs, and what "trace-cmd report" prints (with -R, -t and -N
 *too). A line is
 *
 *	            dd-1187  [000] d.h1.  4.428070: mm_page_free: page=... pfn=0x3504 order=1
 *
 * where the flags may be missing.
 */
#include "trace/pack.h"
#include "trace/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LINE 4096

struct text_input {
	struct packer *p;
	const char *path;
	struct error *err;
	uint64_t line;
	struct text_values values;
	struct event marker; /* its text may go on in the next line */
	struct strbuf text;
	struct event lost; /* to be told with the time of the event that follows */
};

static int fail(struct text_input *in, const char *problem)
{
	return error_set(in->err, "%s, line %llu: %s", in->path, (unsigned long long)in->line,
			 problem);
}

/* ---- the head of a line ---- */

/* "4.428070:" with any number of decimals up to nanoseconds. */
static bool take_time(const char *word, uint64_t *ns)
{
	uint64_t unit = 1000000000, part = 0;
	char *end;

	errno = 0;
	*ns = strtoull(word, &end, 10);
	if (errno || end == word || *end != '.' || !isdigit((unsigned char)end[1]) ||
	    *ns > UINT64_MAX / unit - 1)
		return false;
	*ns *= unit;
	for (end++; isdigit((unsigned char)*end) && unit > 1; end++) {
		unit /= 10;
		part += (uint64_t)(*end - '0') * unit;
	}
	*ns += part;
	return *end == ':' && !end[1];
}

/* One position of the flags each; what is in another position is not looked at
 * (Documentation/trace/ftrace.rst). */
static uint8_t take_flags(const char *word)
{
	uint8_t flags = 0;
	size_t len = strlen(word);

	if (len < 4 || len > 5)
		return 0;
	if (word[0] == 'd' || word[0] == 'D')
		flags |= EVF_IRQS_OFF;
	if (word[0] == 'b' || word[0] == 'D')
		flags |= EVF_BH_OFF;
	if (strchr("NnpB", word[1]))
		flags |= EVF_NEED_RESCHED;
	if (strchr("hHZz", word[2]))
		flags |= EVF_HARDIRQ;
	if (strchr("sH", word[2]))
		flags |= EVF_SOFTIRQ;
	if (strchr("Zz", word[2]))
		flags |= EVF_NMI;
	if (isxdigit((unsigned char)word[3]) && word[3] != '0')
		flags |= EVF_PREEMPT_OFF;
	return flags;
}

/* The "[000]" of a line: a name of a task may hold brackets too, so the last one before a time
 * counts. */
static char *find_cpu(char *line)
{
	char *found = NULL, *end;

	for (char *p = strchr(line, '['); p; p = strchr(p + 1, '[')) {
		if (p == line || p[-1] != ' ' || !isdigit((unsigned char)p[1]))
			continue;
		end = p + 1 + strspn(p + 1, "0123456789");
		if (*end == ']' && end[1] == ' ' && !found)
			found = p;
	}
	return found;
}

/* "kworker/0:1-23" and perhaps "(   17)", a thread group, behind it. */
static bool take_task(struct text_input *in, char *text, struct event *e)
{
	size_t len = strlen(text);
	char *dash, *paren;
	uint64_t pid;

	while (len && text[len - 1] == ' ')
		text[--len] = '\0';
	if (len && text[len - 1] == ')' && (paren = strrchr(text, '('))) {
		*paren = '\0';
		len = strlen(text);
		while (len && text[len - 1] == ' ')
			text[--len] = '\0';
	}
	dash = strrchr(text, '-');
	if (!dash || !parse_u64(dash + 1, &pid) || pid >= MAX_PID)
		return false;
	*dash = '\0';
	text += strspn(text, " ");
	e->pid = (uint32_t)pid;
	if (*text && strcmp(text, "<...>") && !packer_pid_seen(in->p, e->pid))
		packer_comm(in->p, e->pid, pid ? text : "swapper");
	return true;
}

/* Cuts the head off; *rest is the name of the event and what follows. */
static bool take_head(struct text_input *in, char *line, struct event *e, char **rest)
{
	char *cpu = find_cpu(line), *word, *next;
	uint64_t n;

	if (!cpu)
		return false;
	cpu[-1] = '\0';
	n = strtoull(cpu + 1, &word, 10);
	if (n >= MAX_CPUS || !take_task(in, line, e))
		return false;
	e->cpu = (uint16_t)n;
	word++;
	word += strspn(word, " ");
	next = word + strcspn(word, " ");
	if (*next)
		*next++ = '\0';
	if (!take_time(word, &e->time)) {
		e->flags = take_flags(word);
		word = next + strspn(next, " ");
		next = word + strcspn(word, " ");
		if (*next)
			*next++ = '\0';
		if (!take_time(word, &e->time))
			return false;
	}
	*rest = next + strspn(next, " ");
	return true;
}

/* ---- events ---- */

static int open_marker(struct text_input *in, const struct event *e, const char *text)
{
	in->marker = *e;
	in->marker.kind = EV_MARKER;
	strbuf_clear(&in->text);
	strbuf_puts(&in->text, text);
	return 0;
}

static int close_marker(struct text_input *in)
{
	size_t len = in->text.len;

	if (in->marker.kind == EV_NONE)
		return 0;
	while (len && in->text.s[len - 1] == '\n')
		len--;
	in->marker.w[0] = packer_text(in->p, in->text.s, len);
	in->marker.w[1] = len;
	if (packer_event(in->p, &in->marker, in->err))
		return -1;
	in->marker.kind = EV_NONE;
	return 0;
}

/* "tracing_mark_write: text", or raw "ip=tracing_mark_write buf=text". */
static const char *printed_text(const char *text)
{
	const char *raw = strstr(text, " buf="), *plain = strstr(text, ": ");

	if (raw && !strncmp(text, "ip=", 3))
		return raw + 5;
	return plain ? plain + 2 : text;
}

static int put_event(struct text_input *in, struct event *e, char *rest)
{
	size_t len = strcspn(rest, ": ");
	char *text = rest + len + (rest[len] == ':');
	const struct event_desc *desc;

	rest[len] = '\0';
	text += strspn(text, " ");
	if (!strcmp(rest, "tracing_mark_write"))
		return open_marker(in, e, text);
	if (!strcmp(rest, "print"))
		return open_marker(in, e, printed_text(text));
	desc = event_desc_by_name(rest);
	if (!desc || desc->kind == EV_LOST) {
		in->p->facts->defects.unknown_events++;
		return 0;
	}
	e->kind = (uint8_t)desc->kind;
	if (!text_values_find(&in->values, desc, text, e))
		return fail(in, "a value of the event is missing or cannot be understood");
	return packer_event(in->p, e, in->err);
}

/* "CPU:1 [LOST 12 EVENTS]" of the kernel, "CPU:1 [12 EVENTS DROPPED]" or "CPU:1 [EVENTS DROPPED]"
 * of trace-cmd. */
static int take_lost(struct text_input *in, const char *line)
{
	const char *p = line + strlen("CPU:");
	char *end;
	uint64_t cpu = strtoull(p, &end, 10);

	if (cpu >= MAX_CPUS || strncmp(end, " [", 2))
		return fail(in, "this line is not known");
	p = end + 2 + (strncmp(end + 2, "LOST ", 5) ? 0 : 5);
	in->lost = (struct event){.kind = EV_LOST, .cpu = (uint16_t)cpu, .w = {UINT64_MAX}};
	if (isdigit((unsigned char)*p))
		in->lost.w[0] = strtoull(p, NULL, 10);
	return 0;
}

static int put_lost(struct text_input *in, uint64_t time)
{
	if (!in->lost.kind)
		return 0;
	in->lost.time = time;
	if (packer_event(in->p, &in->lost, in->err))
		return -1;
	in->lost.kind = EV_NONE;
	return 0;
}

static bool nothing_in(const char *line)
{
	line += strspn(line, " \t");
	return !*line || *line == '#' || !strncmp(line, "cpus=", 5) || !strncmp(line, "=>", 2) ||
	       !strncmp(line, "version = ", 10);
}

/* trace-cmd puts the name of a buffer instance and a colon before every line. */
static char *skip_instance(char *line)
{
	size_t len = strcspn(line, " ");

	return len > 1 && line[len] && line[len - 1] == ':' ? line + len + 1 : line;
}

static int take_line(struct text_input *in, char *line)
{
	struct event e = {0};
	char *rest, whole[MAX_LINE];

	line[strcspn(line, "\r\n")] = '\0';
	snprintf(whole, sizeof(whole), "%s", line);
	line = skip_instance(line);
	if (!strncmp(line, "CPU:", 4))
		return close_marker(in) ? -1 : take_lost(in, line);
	if (take_head(in, line, &e, &rest))
		return close_marker(in) || put_lost(in, e.time) ? -1 : put_event(in, &e, rest);
	if (in->marker.kind) {
		strbuf_printf(&in->text, "\n%s", whole);
		return 0;
	}
	if (nothing_in(whole))
		return 0;
	return fail(in, "not a line of ftrace: TASK-PID [CPU] FLAGS TIME: EVENT: VALUES");
}

int text_read(struct packer *p, const struct capture *c, struct error *err)
{
	struct text_input in = {.p = p, .path = c->trace_path, .err = err};
	char line[MAX_LINE];
	FILE *f = zfile_read(c->trace_path, err);
	int ret = 0;

	if (!f)
		return -1;
	text_values_init(&in.values, c);
	strbuf_init(&in.text);
	while (!ret && fgets(line, sizeof(line), f)) {
		in.line++;
		if (strlen(line) == sizeof(line) - 1)
			ret = fail(&in, "the line is too long");
		else
			ret = take_line(&in, line);
	}
	if (!ret && ferror(f))
		ret = fail(&in, "the file is cut off or cannot be read");
	fclose(f);
	if (!ret)
		ret = close_marker(&in) || put_lost(&in, p->facts->last_time) ? -1 : 0;
	strbuf_release(&in.text);
	return ret ? -1 : packer_finish(p, err);
}
