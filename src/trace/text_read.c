// SPDX-License-Identifier: GPL-2.0-only
#include "trace/pack.h"

int text_read(struct packer *p, const struct capture *c, struct error *err)
{
	return error_set(err, "%s: ftrace text cannot be read yet", c->trace_path);
}
