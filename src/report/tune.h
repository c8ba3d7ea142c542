/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `tune` found, for people and for programs, and the file for /etc/sysctl.d with what is to be
 * expected of it.
 */
#ifndef ZR_REPORT_TUNE_H
#define ZR_REPORT_TUNE_H

#include "report/report.h"
#include "stat/advice.h"

/* Everything that one `tune` came to. */
struct tune_answer {
	const struct store_tuning *tunings; /* a curve per capture */
	const struct outcome *recorded;	    /* per capture */
	size_t nr;
	const struct objective *objective;
	const struct advice *advice;
};
void tune_text(const struct tune_answer *a, struct strbuf *out);
void tune_json(const struct tune_answer *a, struct strbuf *out);

/* ---- the file for /etc/sysctl.d ---- */

/*
 * With comments that say where the value comes from, and lines "#zonereplay NAME CENTRAL LOW HIGH"
 * with what the machine should count per thousand million allocated pages.
 */
void tune_sysctl(const struct tune_answer *a, const char *program, const char *command,
		 struct strbuf *out);

enum {
	EXPECT_RECLAIMED,
	EXPECT_MOVED,
	EXPECT_STALLS,
	EXPECT_SUCCESSES,
	EXPECT_FAILURES,
	EXPECT_DIRECT,
	EXPECT_NR
};
struct tune_expected {
	int32_t threshold;
	struct ranged rate[EXPECT_NR]; /* per EXPECT_PER pages allocated */
	bool known[EXPECT_NR];
};
#define EXPECT_PER 1000000000u
/* Reads such a file; @path is for errors. */
int tune_expected_parse(struct tune_expected *e, const char *text, const char *path,
			struct error *err) MUST_CHECK;

/* What /proc/vmstat says of the same. */
struct tune_counted {
	uint64_t allocated, count[EXPECT_NR];
};
int tune_counted_parse(struct tune_counted *c, const char *text, const char *path,
		       struct error *err) MUST_CHECK;

enum tune_hit { HIT_INSIDE, HIT_NEAR, HIT_OFF };
struct tune_check {
	int32_t set; /* what the machine has now; negative: not known */
	struct {
		const char *name; /* in /proc/vmstat */
		struct ranged expected;
		int64_t counted; /* per EXPECT_PER */
		enum tune_hit hit;
	} lines[EXPECT_NR];
	size_t nr;
	bool good; /* the value is set and no line is off */
};
/* What was counted from @before (may be NULL: since boot) to @after against what was expected. */
int tune_compare(struct tune_check *check, const struct tune_expected *e,
		 const struct tune_counted *before, const struct tune_counted *after, int32_t set,
		 struct error *err) MUST_CHECK;
void tune_check_text(const struct tune_check *check, const struct tune_expected *e,
		     struct strbuf *out);
void tune_check_json(const struct tune_check *check, const struct tune_expected *e,
		     struct strbuf *out);

#endif
