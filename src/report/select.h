/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside the report: settings as people spell them against runs as they are stored. */
#ifndef ZR_REPORT_SELECT_H
#define ZR_REPORT_SELECT_H

#include "store/store.h"

/* Does "policy[:key=value,...]" hold for this run? Parameters that are not named may be anything.
 */
bool setting_selects(const char *setting, const struct outcome *o);
/* One run of the only setting that is meant; where several fit, the one with the defaults. */
const struct outcome *setting_find(const struct store_runs *runs, const char *setting,
				   struct error *err);

#endif
