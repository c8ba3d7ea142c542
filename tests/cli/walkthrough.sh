# SPDX-License-Identifier: GPL-2.0-only
# policies/WALKTHROUGH.md, step by step, outside the tree, against an installed copy.
. "$ZR_SRCDIR/tests/cli/lib.sh"

builddir=$(dirname "$ZONEREPLAY")
capture="$ZR_SRCDIR/traces/samples/hugealloc-6.1"
if ! command -v "${CC:-cc}" >/dev/null || ! command -v pkg-config >/dev/null; then
	begin 'the walk-through'
	skip 'needs a C compiler and pkg-config'
	finish
fi

prefix="${t_top:?}/prefix"
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"

begin 'headers, template and pkg-config file are installed'
make -s -C "$builddir" install-dist_policyDATA install-nodist_pkgconfigDATA install-policy-headers prefix="$prefix" \
	>install.log 2>&1 || bad "make install: $(tail -n 3 install.log)"
sed -i "s|^prefix=.*|prefix=$prefix|" "$prefix"/lib/pkgconfig/zonereplay-policy.pc

compile() {
	# shellcheck disable=SC2046
	"${CC:-cc}" -std=gnu11 -O2 -shared -fPIC $(pkg-config --cflags zonereplay-policy) -o "$1.so" "$1.c" 2>cc.err ||
		bad "cc: $(head -n 3 cc.err)"
}

begin 'the template compiles, fits and scores, in less than a minute'
start=$(date +%s)
cp "$(pkg-config --variable=templatedir zonereplay-policy)/TEMPLATE.c" mine.c || bad 'no template'
compile mine
run policies --check ./mine.so
status 0
out_has 'fit for use'
run run "$capture" -p none -p ./mine.so:effort=4 --central --verify=never
status 0
out_has 'template'
took=$(($(date +%s) - start))
echo "# $took s"
[ $took -lt 60 ] || echo "# slow machine: not judged"

begin 'step 4: compaction before the loop'
cp "$(pkg-config --variable=templatedir zonereplay-policy)/TEMPLATE.c" mine.c
python3 - <<'END'
import re
doc = open(__import__('os').environ['ZR_SRCDIR'] + '/policies/WALKTHROUGH.md').read()
new = re.search(r'```c\n(.*?)```', doc, re.S).group(1)
text = open('mine.c').read()
start = text.index('\tfor (int64_t i')
open('mine.c', 'w').write(text[:start] + new + text[start:])
END
compile mine
run policies --check ./mine.so
status 0
run run "$capture" -p ./mine.so --central --verify=never --json
status 0
json_has 'j[0]["compact_stall"] > 0'

# hook NAME BODY [DECLARATIONS]: a policy whose slow path is BODY.
hook() {
	cat >"$1.c" <<-END
		#include <stdlib.h>
		#include <string.h>
		#include "policy/policy.h"
		$3
		static struct frame slow(struct policy_env *env, const struct mm_request *rq)
		{
			$2
			return mm_get_page(env->mm, rq, mm_alloc_flags_slow(env->mm, rq));
		}
		const struct policy zonereplay_policy = {
			.abi = POLICY_ABI, .name = "$1", .summary = "s", .about = "a", .alloc_slow = slow,
		};
	END
	compile "$1"
}

begin 'step 5: a variable of its own is found out'
hook forgetful 'static long n; if (n++ > 9000) return FRAME_NONE;'
run policies --check ./forgetful.so
refused ./forgetful.so 'mm_private()'

begin 'a policy that crashes is told so'
hook crashing '*(volatile int *)8 = 1;'
run policies --check ./crashing.so
refused ./crashing.so 'crashed'

begin 'a policy that corrupts the machine is told so'
hook corrupting 'env->mm->zones[0].free += 5;'
run policies --check ./corrupting.so
refused ./corrupting.so 'after operation'

begin 'a policy that ends the process is told so'
hook leaving '_Exit(0);'
run policies --check ./leaving.so
refused ./leaving.so 'a hook returns'

begin 'each costs its own cell: the others are scored'
hook crashing '*(volatile int *)8 = 1;'
hook looping 'for (volatile int i = 0;; i++) ;'
run run "$capture" -p none -p ./crashing.so -p ./looping.so -p threshold --central --verify=never --policy-seconds=3
status 2
out_has 'none'
out_has 'threshold'
grep -q 'crashing: the policy crashed' "$t_top/err" || bad 'the crash is not reported'
grep -q 'looping: the policy did not come to an end within 3 s' "$t_top/err" || bad 'the loop is not reported'

finish
