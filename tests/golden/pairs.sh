# SPDX-License-Identifier: GPL-2.0-only
# Every two shipped policies part at a recorded event, and policies/PAIRS.md says which. relaxed is
# none that only counts otherwise: those two do the same by design. ZR_REWRITE=1 writes it anew.
. "$ZR_SRCDIR/tests/cli/lib.sh"

begin 'every two policies part where policies/PAIRS.md says'
policies=$("$ZONEREPLAY" policies | awk '$1 != "relaxed" { print $1 }')
# shellcheck disable=SC2086
python3 "$ZR_SRCDIR/tests/golden/pairs.py" "$ZONEREPLAY" "$ZR_SRCDIR/traces/samples" $policies >PAIRS.md ||
	bad 'some pair does not part'
if [ -n "${ZR_REWRITE:-}" ] && [ "$t_bad" -eq 0 ]; then
	cp PAIRS.md "$ZR_SRCDIR/policies/PAIRS.md"
fi
diff -u "$ZR_SRCDIR/policies/PAIRS.md" PAIRS.md >diff || {
	bad 'it differs from policies/PAIRS.md (ZR_REWRITE=1 writes it anew)'
	cut -c1-200 diff | sed 's/^/#   /'
}

begin 'a policy never parts from itself'
run explain "$ZR_SRCDIR/traces/samples/hugealloc-6.1-ppc64el" -p threshold --against threshold --json
status 0
out_has '"part": false'

finish
