// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/cmd.h"

/* In the order of the work: record, look, trust, ask, show. One to a line, so that changes merge.
 */
// clang-format off
const struct command *const command_table[] = {
	&cmd_capture,
	&cmd_snapshot,
	&cmd_import,
	&cmd_export,
	&cmd_info,
	&cmd_verify,
	&cmd_run,
	&cmd_compare,
	&cmd_tune,
	&cmd_explain,
	&cmd_sweep,
	&cmd_report,
	&cmd_policies,
	&cmd_scrub,
	&cmd_version,
	NULL,
};
// clang-format on
