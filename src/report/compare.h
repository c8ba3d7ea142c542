/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two settings against one another, paired per capture. A is the baseline; changes are in percent
 * of its mean and + is better. With one capture there are differences but no intervals.
 */
#ifndef ZR_REPORT_COMPARE_H
#define ZR_REPORT_COMPARE_H

#include "report/report.h"
#include "stat/stat.h"

struct compare_options {
	const char *era;   /* only runs of this era; NULL: all */
	double margin;	   /* percent of A's mean that counts as no difference; 0: 5 */
	double floor;	   /* refuse captures that verify predicts less well; 0: REPORT_FLOOR */
	bool any_fidelity; /* do not refuse them */
	uint64_t seed;	   /* 0: PAIRED_SEED */
};

/*
 * How far the model is off: over the cells of traces/lab/exam-unseen, the predicted change of the
 * success rate from one setting to another against that of real kernels, in points.
 */
struct exam_error {
	unsigned int changes;
	double median, most;
};
extern const struct exam_error exam_error;

struct compare_line {
	char key[48];
	char label[64];
	enum line_unit unit;
	enum better better;
	struct paired paired; /* in the figure's own unit */
	bool ranged;	      /* with one capture: the ranges over the scenarios follow */
	double range_a[2], range_b[2];
	bool approximate;
	bool relative; /* A's mean is not 0, so the changes below have a meaning */
	double change, change_low, change_high; /* percent, + is better */
};

struct comparison {
	char *name_a, *name_b; /* as stored: policy, or policy:params */
	struct compare_line *lines;
	size_t nr_lines;
	size_t nr_captures; /* pairs */
	size_t unpaired;    /* captures that only one of the two has seen */
	size_t below_floor, unknown_fidelity;
	double margin;
	uint64_t seed;
};

/* @a and @b: "policy" or "policy:key=value,..."; what is not said may be anything, but only one
 * thing. */
int comparison_build(struct comparison *c, const struct store_runs *runs, const char *a,
		     const char *b, const struct compare_options *opt,
		     struct error *err) MUST_CHECK;
void comparison_release(struct comparison *c);

void comparison_text(const struct comparison *c, unsigned int width, struct strbuf *out);
void comparison_csv(const struct comparison *c, struct strbuf *out);
void comparison_json(const struct comparison *c, struct strbuf *out);

/*
 * "FIGURE OP NUMBER[%]" on the change of B against A, + is better: "success<-2%" holds when the
 * success rate is more than 2 % worse. Without % the number is in the figure's own unit.
 */
int comparison_condition(const struct comparison *c, const char *text, bool *holds,
			 struct error *err) MUST_CHECK;

#endif
