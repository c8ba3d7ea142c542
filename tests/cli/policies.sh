# SPDX-License-Identifier: GPL-2.0-only
# The list of policies, and policies from outside.
. "$ZR_SRCDIR/tests/cli/lib.sh"

begin 'every policy of the contract is listed, baselines first'
run policies
err_empty
names=$(awk '{ print $1 }' "$t_top/out" | tr '\n' ' ')
case $names in
"none reclaim lumpy compaction threshold "*) ;;
*) bad "names: $names" ;;
esac

for name in $names; do
	begin "$name tells about itself"
	run policies "$name"
	err_empty
	out_has "$name"
	run policies "$name" --json
	json_has 'len(j) == 1'
	json_has "j[0]['name'] == '$name' and j[0]['summary'] and j[0]['about']"
	json_has 'all(p["help"] and p["type"] in ("int", "bool", "choice") for p in j[0]["parameters"])'
	json_has 'all(p["min"] <= p["default"] <= p["max"] for p in j[0]["parameters"] if "min" in p)'
	json_has 'all(p["default"] in p["choices"] for p in j[0]["parameters"] if "choices" in p)'
done

begin 'extfrag_threshold has the kernel'"'"'s range and default'
run policies threshold --json
json_has '[(p["default"], p["min"], p["max"]) for p in j[0]["parameters"] if p["name"] == "extfrag_threshold"] == [(500, 0, 1000)]'

begin 'an unknown policy is refused and the nearest is named'
run policies treshold
refused '"treshold"' '"threshold"'

begin 'two policies are refused'
run policies none reclaim
refused 'reclaim'

# build NAME: makes NAME.so of the C text on stdin.
build() {
	cat >"$1.c"
	"${CC:-cc}" -std=gnu11 -shared -fPIC -I "$ZR_SRCDIR/src" -o "$1.so" "$1.c" 2>cc.err ||
		bad "cc: $(head -n 3 cc.err)"
}

outside() {
	cat <<-END
		#include "policy/policy.h"
		static struct frame slow(struct policy_env *env, const struct mm_request *rq)
		{
			return FRAME_NONE;
		}
		const struct policy zonereplay_policy = {
			.abi = $1, .name = "$2", .summary = "s", .about = "a", .alloc_slow = $3,
		};
	END
}

if ! command -v "${CC:-cc}" >/dev/null; then
	begin 'policies from outside'
	skip 'no C compiler'
	finish
fi

begin 'a policy from outside fits'
outside POLICY_ABI mine slow | build mine
run policies --check ./mine.so
err_empty
out_has './mine.so'
run policies ./mine.so --json
json_has "j[0]['name'] == 'mine'"

begin 'the template builds as its first lines say, and fits'
build mine <"$ZR_SRCDIR/policies/TEMPLATE.c"
run policies --check ./mine.so
out_has 'fit for use'
run policies ./mine.so
out_has 'reclaims a few times'

begin 'a policy for another version of the interface is refused'
outside 'POLICY_ABI + 1' mine slow | build mine
run policies --check ./mine.so
refused ./mine.so version

begin 'a policy without its mandatory hook is refused'
outside POLICY_ABI mine 0 | build mine
run policies --check ./mine.so
refused ./mine.so alloc_slow

begin 'a shared object that is no policy is refused'
echo 'int x;' | build other
run policies --check ./other.so
refused ./other.so zonereplay_policy

begin 'files that are no shared objects are refused'
run policies --check ./none.so
refused ./none.so
: >empty.so
run policies --check ./empty.so
refused ./empty.so
echo text >text.so
run policies --check ./text.so
refused ./text.so

finish
