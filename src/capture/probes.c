// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probe events that make visible what tracepoints do not show; traces/FORMAT.md lists names and
 * fields. Offsets inside structures come from the running kernel's BTF: "@member@" stands for the
 * offset of a struct kernel_layout member.
 */
#include "capture/kernel_layout.h"
#include "capture/tracefs_dir.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define GROUP "zonereplay"

struct probe_row {
	const char *name;
	char kind; /* 'p' at entry, 'r' at return */
	bool truth;
	const char *functions[3]; /* the first one that this kernel has */
	const char *args;
};

static const struct probe_row rows[] = {
	{"p_bulk",
	 'p',
	 false,
	 {"__alloc_pages_bulk", "alloc_pages_bulk_noprof"},
	 "gfp=$arg1:u32 nr=$arg4:u32"},
	{"r_bulk", 'r', false, {"__alloc_pages_bulk", "alloc_pages_bulk_noprof"}, "nr=$retval:u32"},
	{"p_contig", 'p', false, {"__free_contig_range_common"}, "pfn=$arg1:u64 nr=$arg2:u64"},
	{"p_decay", 'p', false, {"decay_pcp_high"}, "zone_start=+@zone_start_pfn@($arg1):u64"},
	{"p_balance",
	 'p',
	 false,
	 {"balance_pgdat"},
	 "node=+@node_id@($arg1):s32 order=$arg2:s32 highest=$arg3:s32"},
	{"r_balance", 'r', false, {"balance_pgdat"}, "order=$retval:s32"},
	{"p_fold", 'p', false, {"refresh_cpu_vm_stats"}, "pagesets=$arg1:u8"},
	{"r_wmarks", 'r', false, {"setup_per_zone_wmarks"}, "min_free_kbytes=@min_free_kbytes:s32"},
	{"p_writeback", 'p', false, {"__folio_start_writeback"}, "page=$arg1:x64"},
	{"p_writeback_end", 'p', false, {"folio_end_writeback"}, "page=$arg1:x64"},
	{"p_isolate_free", 'p', true, {"__isolate_free_page"}, "page=$arg1:x64 order=$arg2:u32"},
	{"r_isolate_free", 'r', true, {"__isolate_free_page"}, "ret=$retval:u32"},
	{"p_compact_alloc",
	 'p',
	 true,
	 {"compaction_alloc"},
	 "free_pfn=+@cc_free_pfn@($arg2):u64 migrate_pfn=+@cc_migrate_pfn@($arg2):u64 "
	 "fast_search_fail=+@cc_fast_search_fail@($arg2):u16 search_order=+@cc_search_order@($arg2):s16 "
	 "order=+@cc_order@($arg2):s32 zone_start=+@zone_start_pfn@(+@cc_zone@($arg2)):u64"},
	{"r_compact_alloc", 'r', true, {"compaction_alloc"}, "page=$retval:x64"},
	{"p_skip",
	 'p',
	 true,
	 {"set_pfnblock_flags_mask"},
	 "pfn=$arg3:u64 flags=$arg2:u64 mask=$arg4:u64"},
	{"p_migrate_block",
	 'p',
	 true,
	 {"isolate_migratepages_block"},
	 "low_pfn=$arg2:u64 fast_search_fail=+@cc_fast_search_fail@($arg1):u16 order=+@cc_order@($arg1):s32 "
	 "ignore_skip=+@cc_ignore_skip@($arg1):u8 direct=+@cc_direct@($arg1):u8 "
	 "zone_start=+@zone_start_pfn@(+@cc_zone@($arg1)):u64"},
};

static const struct {
	const char *name;
	size_t slot;
} placeholders[] = {
#define PLACE(member)                                                                              \
	{                                                                                          \
#member, offsetof(struct kernel_layout, member)                                    \
	}
	PLACE(zone_start_pfn),	    PLACE(node_id),	   PLACE(cc_free_pfn),
	PLACE(cc_migrate_pfn),	    PLACE(cc_zone),	   PLACE(cc_order),
	PLACE(cc_direct),	    PLACE(cc_ignore_skip), PLACE(cc_search_order),
	PLACE(cc_fast_search_fail),
#undef PLACE
};

void probe_set_init(struct probe_set *p)
{
	strbuf_init(&p->refused);
	strbuf_init(&p->made);
}

void probe_set_release(struct probe_set *p)
{
	strbuf_release(&p->refused);
	strbuf_release(&p->made);
}

static const struct layout_member *place(const struct kernel_layout *l, const char *name,
					 size_t len)
{
	size_t i;

	for (i = 0; l && i < ARRAY_SIZE(placeholders); i++)
		if (strlen(placeholders[i].name) == len && !memcmp(placeholders[i].name, name, len))
			return (const struct layout_member *)((const char *)l +
							      placeholders[i].slot);
	return NULL;
}

/* false when an offset is not known. */
static bool fill_in(struct strbuf *out, const char *args, const struct kernel_layout *l)
{
	const struct layout_member *m;
	const char *end;

	for (; *args; args++) {
		end = *args == '@' ? strchr(args + 1, '@') : NULL;
		if (!end) { /* a lone '@' is the tracer's own: the value of a kernel variable */
			strbuf_add(out, args, 1);
			continue;
		}
		m = place(l, args + 1, end - args - 1);
		if (!m || !m->size)
			return false;
		strbuf_printf(out, "%u", m->offset);
		args = end;
	}
	return true;
}

static bool append(const struct tracefs_dir *t, const char *line)
{
	char path[320];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/kprobe_events", t->root);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = write(fd, line, strlen(line));
	close(fd);
	return n > 0;
}

static bool define(const struct tracefs_dir *t, const struct probe_row *row,
		   const struct kernel_layout *l)
{
	struct strbuf line;
	bool ok = false;
	size_t i;

	strbuf_init(&line);
	for (i = 0; !ok && i < ARRAY_SIZE(row->functions) && row->functions[i]; i++) {
		strbuf_clear(&line);
		/* More instances of a return probe than the default: __alloc_pages_bulk may sleep
		 * in many tasks. */
		strbuf_printf(&line, "%c%s:%s/%s %s ", row->kind, row->kind == 'r' ? "64" : "",
			      GROUP, row->name, row->functions[i]);
		ok = fill_in(&line, row->args, l) && append(t, line.s);
	}
	strbuf_release(&line);
	return ok;
}

void probe_set_define(struct probe_set *p, const struct tracefs_dir *t, bool truth,
		      const struct kernel_layout *layout)
{
	struct strbuf *list;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].truth && !truth)
			continue;
		list = define(t, &rows[i], layout) ? &p->made : &p->refused;
		strbuf_printf(list, "%s%s", list->len ? " " : "", rows[i].name);
	}
}

void probe_set_remove(const struct tracefs_dir *t, const struct probe_set *p)
{
	char line[64];
	size_t i;

	for (i = 0; p->made.len && i < ARRAY_SIZE(rows); i++) {
		snprintf(line, sizeof(line), "-:%s/%s", GROUP, rows[i].name);
		append(t, line);
	}
}
