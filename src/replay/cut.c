// SPDX-License-Identifier: GPL-2.0-only
/* Cutting loose: verify follows the recorded kernel to a point, and a what-if goes on from there.
 */
#include "replay/verify.h"
#include "replay/whatif.h"

struct mm *machine_at(const struct capture *c, const struct trace *t, uint64_t n,
		      uint32_t private_size, struct error *err)
{
	struct mm *followed = verify_until(c, t, n, err), *mm;

	if (!followed)
		return NULL;
	mm = mm_with_objects(followed, private_size);
	if (!mm)
		error_set(err, "out of memory for a machine with objects");
	mm_free(followed);
	return mm;
}
