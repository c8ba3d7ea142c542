// SPDX-License-Identifier: GPL-2.0-only
/*
 * The map of pageblocks over time: packed data and controls for reports/report.js, and a table for
 * those who do not see it or have no script.
 */
#include <stdlib.h>
#include <string.h>

#include "report/html.h"

#define TABLE_MOMENTS 5

/* ---- data for the script ---- */

static void put_base64(struct strbuf *out, const uint8_t *data, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		uint32_t word = (uint32_t)data[i] << 16 |
				(uint32_t)(i + 1 < len ? data[i + 1] : 0) << 8 |
				(i + 2 < len ? data[i + 2] : 0);
		char group[4] = {digits[word >> 18], digits[word >> 12 & 63],
				 i + 1 < len ? digits[word >> 6 & 63] : '=',
				 i + 2 < len ? digits[word & 63] : '='};

		strbuf_add(out, group, sizeof(group));
	}
}

static void json_zones(struct json *j, const struct outcome *o, const struct block_map *m)
{
	json_array(j, "zones");
	for (uint32_t z = 0; z < m->nr_zones; z++) {
		struct strbuf name;

		strbuf_init(&name);
		visible_text(&name, o->zones[z].name);
		json_object(j, NULL);
		json_string(j, "name", name.s);
		json_i64(j, "node", o->zones[z].node);
		json_u64(j, "first", m->zones[z].first);
		json_u64(j, "last", m->zones[z].last);
		json_end(j);
		strbuf_release(&name);
	}
	json_end(j);
}

static void json_pair(struct json *j, const char *key, uint32_t first, uint32_t last)
{
	json_array(j, key);
	json_u64(j, NULL, first);
	json_u64(j, NULL, last);
	json_end(j);
}

static void json_scans(struct json *j, const struct block_map *m)
{
	json_array(j, "scans");
	for (uint32_t i = 0; i < m->nr_scans; i++) {
		const struct block_map_scan *scan = &m->scans[i];

		json_object(j, NULL);
		json_u64(j, "moment", scan->moment);
		json_u64(j, "zone", scan->zone);
		json_pair(j, "migrate", scan->migrate_first, scan->migrate_last);
		json_pair(j, "free", scan->free_first, scan->free_last);
		json_end(j);
	}
	json_end(j);
}

static void json_moments(struct json *j, const char *key, const struct block_map *m, size_t field)
{
	json_array(j, key);
	for (uint32_t i = 0; i < m->nr_moments; i++) {
		uint64_t value;

		memcpy(&value, (const char *)&m->moments[i] + field, sizeof(value));
		json_u64(j, NULL, value);
	}
	json_end(j);
}

static void json_map(struct json *j, const struct outcome *o, const struct block_map *m)
{
	struct strbuf data;

	json_object(j, NULL);
	json_u64(j, "base", m->base_pfn);
	json_u64(j, "blocks", m->nr_blocks);
	json_u64(j, "pages", 1ull << o->pageblock_order);
	json_zones(j, o, m);
	json_moments(j, "times", m, offsetof(struct block_map_moment, time));
	json_moments(j, "migrated", m, offsetof(struct block_map_moment, migrated));
	json_moments(j, "reclaimed", m, offsetof(struct block_map_moment, reclaimed));
	json_scans(j, m);
	strbuf_init(&data);
	put_base64(&data, m->data, m->len);
	json_string(j, "data", data.s);
	strbuf_release(&data);
	json_end(j);
}

/* ---- fewer moments, where the page would become too large ---- */

static void thin_scans(const struct block_map *m, uint32_t every, struct block_map *out)
{
	for (uint32_t i = 0; i < m->nr_scans; i++) {
		struct block_map_scan scan = m->scans[i];

		/* To the next moment that is kept. */
		scan.moment = (scan.moment + every - 1) / every;
		if (scan.moment < out->nr_moments)
			out->scans[out->nr_scans++] = scan;
	}
}

static int thin(const struct block_map *m, uint32_t every, struct block_map *out, struct error *err)
{
	size_t step = 2 * (size_t)m->nr_blocks;
	uint8_t *bytes = block_map_unpack(m, err);
	int rc;

	*out = *m;
	out->data = NULL;
	out->nr_scans = 0;
	out->nr_moments = (m->nr_moments - 1) / every + 1;
	out->moments = calloc(out->nr_moments, sizeof(*out->moments));
	out->scans = calloc(m->nr_scans + 1, sizeof(*out->scans));
	if (!bytes || !out->moments || !out->scans) {
		free(bytes);
		block_map_release(out);
		return bytes ? error_set(err, "out of memory") : -1;
	}
	for (uint32_t i = 0; i < out->nr_moments; i++) {
		out->moments[i] = m->moments[(size_t)i * every];
		memmove(bytes + i * step, bytes + (size_t)i * every * step, step);
	}
	thin_scans(m, every, out);
	rc = block_map_pack(out, bytes, err);
	free(bytes);
	if (rc)
		block_map_release(out);
	return rc;
}

/* ---- the table ---- */

struct counts {
	uint32_t free, huge, unmovable, polluted;
};

static struct counts count(const struct block_map *m, const uint8_t *bytes, uint32_t moment)
{
	const uint8_t *first = bytes + (size_t)moment * 2 * m->nr_blocks;
	const uint8_t *second = first + m->nr_blocks;
	struct counts c = {0};

	for (uint32_t i = 0; i < m->nr_blocks; i++) {
		bool unmovable = second[i] & BLOCK_MAP_SHARE;

		if (first[i] & BLOCK_MAP_HOLE)
			continue;
		c.free += (first[i] >> 3 & BLOCK_MAP_SHARE) == BLOCK_MAP_SHARE;
		c.huge += !!(first[i] & BLOCK_MAP_HUGE);
		c.unmovable += unmovable;
		c.polluted += unmovable && (first[i] & BLOCK_MAP_SHARE) == MM_MOVABLE;
	}
	return c;
}

static int put_counts(const struct series *s, struct strbuf *out, struct error *err)
{
	const struct block_map *m = &s->run->outcome.map;
	uint8_t *bytes = block_map_unpack(m, err);

	if (!bytes)
		return -1;
	for (uint32_t i = 0; i < TABLE_MOMENTS; i++) {
		uint32_t moment = (m->nr_moments - 1) * i / (TABLE_MOMENTS - 1);
		struct counts c = count(m, bytes, moment);

		strbuf_puts(out, "<tr>");
		if (i == 0) {
			strbuf_printf(out, "<th scope=\"rowgroup\" rowspan=\"%d\">", TABLE_MOMENTS);
			html_text(out, s->name);
			strbuf_puts(out, "<small>");
			html_text(out, s->settings);
			strbuf_puts(out, "</small></th>");
		}
		strbuf_printf(
			out,
			"<td>%.3f</td><td>%u</td><td>%u</td><td>%u</td><td>%u</td><td>%llu</td></tr>\n",
			(double)m->moments[moment].time / 1e9, c.free, c.huge, c.unmovable,
			c.polluted, (unsigned long long)m->moments[moment].migrated);
	}
	free(bytes);
	return 0;
}

static int put_table(const struct table *t, struct strbuf *out, struct error *err)
{
	strbuf_puts(out, "<details class=\"figures\"><summary>The map as a table</summary>\n");
	html_wide(out, "the map of pageblocks as a table");
	strbuf_puts(out,
		    "<table><thead><tr><th scope=\"col\">Policy</th>"
		    "<th scope=\"col\">Seconds</th><th scope=\"col\">Wholly free</th>"
		    "<th scope=\"col\">Huge page</th><th scope=\"col\">With unmovable pages</th>"
		    "<th scope=\"col\">of these, of movable type</th>"
		    "<th scope=\"col\">Pages migrated</th></tr></thead>\n");
	for (size_t i = 0; i < t->nr_series; i++) {
		if (!t->series[i].run->outcome.map.nr_moments)
			continue;
		strbuf_puts(out, "<tbody>\n");
		if (put_counts(&t->series[i], out, err))
			return -1;
		strbuf_puts(out, "</tbody>\n");
	}
	strbuf_puts(out, "</table>");
	html_wide_end(out);
	strbuf_puts(out, "</details>\n");
	return 0;
}

/* ---- the section ---- */

static const struct legend_entry {
	const char *key, *words;
} contents[] = {{"free", "free"},
		{"movable", "movable"},
		{"reclaimable", "reclaimable"},
		{"unmovable", "unmovable or reserved"},
		{"huge", "one huge page"}},
  scanners[] = {{"migrate-scanner", "migrate scanner went here"},
		{"free-scanner", "free scanner went here"}};

static void legend_entries(struct strbuf *out, const char *class_name,
			   const struct legend_entry *entries, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		strbuf_printf(out, "<li><span class=\"%s %s\"></span>%s</li>\n", class_name,
			      entries[i].key, entries[i].words);
}

static void put_legend(struct strbuf *out)
{
	strbuf_puts(out, "<ul class=\"legend\" aria-label=\"colours of the map\">\n");
	legend_entries(out, "swatch", contents, ARRAY_SIZE(contents));
	legend_entries(out, "lane", scanners, ARRAY_SIZE(scanners));
	strbuf_puts(out, "</ul>\n");
}

static void put_view(const struct table *t, size_t number, size_t selected, struct strbuf *out)
{
	size_t map = 0;

	strbuf_printf(out, "<div class=\"view\"><label>%s <select>",
		      number ? "Beside it" : "Policy");
	if (number)
		strbuf_puts(out, "<option value=\"-1\">nothing</option>");
	for (size_t i = 0; i < t->nr_series; i++) {
		if (!t->series[i].run->outcome.map.nr_moments)
			continue;
		strbuf_printf(out, "<option value=\"%zu\"%s>", map++,
			      i == selected ? " selected" : "");
		html_text(out, t->series[i].name);
		strbuf_puts(out, *t->series[i].settings ? " " : "");
		html_text(out, t->series[i].settings);
		strbuf_puts(out, "</option>");
	}
	strbuf_puts(
		out,
		"</select></label>\n<div class=\"canvas\"><canvas tabindex=\"0\" role=\"img\" "
		"aria-label=\"map of pageblocks; arrow keys go from block to block\"></canvas>"
		"</div>\n<p class=\"words\"></p><p class=\"block\" aria-live=\"polite\"></p></div>\n");
}

/* Where something is to be seen: compaction at work under the policy shown first, else the middle.
 */
static uint32_t first_shown(const struct block_map *m, uint32_t every)
{
	uint32_t moment = m->nr_scans ? m->scans[m->nr_scans / 2].moment : m->nr_moments / 2;

	return (moment + every - 1) / every;
}

static void put_controls(const struct table *t, const struct block_map *first, size_t nr_maps,
			 size_t baseline, size_t best, uint32_t every, struct strbuf *out)
{
	strbuf_printf(
		out,
		"<div class=\"controls\" hidden><div class=\"scrubber\">"
		"<button type=\"button\">Play</button>"
		"<label>Time <input type=\"range\" min=\"0\" max=\"%u\" value=\"%u\" "
		"step=\"1\"></label> <span class=\"when\"></span></div>\n<div class=\"views\">",
		(first->nr_moments - 1) / every, first_shown(first, every));
	put_view(t, 0, best, out);
	if (nr_maps > 1)
		put_view(t, 1, baseline == best ? t->nr_series : baseline, out);
	strbuf_puts(out, "</div></div>\n");
}

static int put_data(const struct table *t, uint32_t every, struct strbuf *out, struct error *err)
{
	struct strbuf text;
	struct json j;
	int rc = 0;

	strbuf_init(&text);
	json_init(&j, &text);
	json_array(&j, NULL);
	for (size_t i = 0; !rc && i < t->nr_series; i++) {
		const struct outcome *o = &t->series[i].run->outcome;
		struct block_map thinned;

		if (!o->map.nr_moments)
			continue;
		if (every == 1) {
			json_map(&j, o, &o->map);
			continue;
		}
		rc = thin(&o->map, every, &thinned, err);
		if (!rc)
			json_map(&j, o, &thinned);
		if (!rc)
			block_map_release(&thinned);
	}
	json_end(&j);
	strbuf_puts(out, "<script type=\"application/json\">");
	json_in_html(out, text.s);
	strbuf_puts(out, "</script>\n");
	strbuf_release(&text);
	return rc;
}

int html_map(const struct table *t, uint32_t every, struct strbuf *out, struct error *err)
{
	size_t nr_maps = 0, baseline = 0, best = 0;

	for (size_t i = 0; i < t->nr_series; i++) {
		const struct outcome *o = &t->series[i].run->outcome;

		if (!o->map.nr_moments)
			continue;
		if (!nr_maps++)
			baseline = best = i;
		else if (o->huge_got > t->series[best].run->outcome.huge_got)
			best = i;
	}
	if (!nr_maps)
		return 0;
	strbuf_puts(out,
		    "<h3>Pageblocks over time</h3>\n<div class=\"map\">\n"
		    "<p>Each square is a pageblock, in order of address. The strip on top has "
		    "the colour of its type; below it, what is inside: unmovable pages at the "
		    "bottom, free memory on top. The lines below a row show where compaction's "
		    "scanners were since the moment before.</p>\n");
	put_legend(out);
	strbuf_puts(out, "<noscript><p>The map needs JavaScript; the table has its counts.</p>"
			 "</noscript>\n");
	put_controls(t, &t->series[best].run->outcome.map, nr_maps, baseline, best, every, out);
	if (put_data(t, every, out, err) || put_table(t, out, err))
		return -1;
	strbuf_puts(out, "</div>\n");
	return 0;
}
