# SPDX-License-Identifier: GPL-2.0-only
# Every fuzz target on its corpus, without a fuzzer; inputs that once broke something belong there.
targets=${FUZZ_TARGETS:?run me through make check}
number=0 failures=0
for target in $targets; do
	name=${target##*/}
	number=$((number + 1))
	files=()
	for file in "$ZR_SRCDIR/tests/fuzz/corpus/$name"/*; do
		[ -f "$file" ] && files+=("$file")
	done
	if "$target" "${files[@]}" 2>&1 | sed 's/^/# /'; [ "${PIPESTATUS[0]}" -eq 0 ]; then
		echo "ok $number - $name: ${#files[@]} files and their beginnings"
	else
		echo "not ok $number - $name"
		failures=$((failures + 1))
	fi
done
echo "1..$number"
[ $failures -eq 0 ]
