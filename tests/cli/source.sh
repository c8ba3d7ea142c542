# SPDX-License-Identifier: GPL-2.0-only
# House rules that a machine can check.
. "$ZR_SRCDIR/tests/cli/lib.sh"

source_files() {
	(cd "$ZR_SRCDIR" && find src policies tests traces -name '*.[ch]' -print 2>/dev/null | sort)
}

begin 'every source file and script begins with its licence'
(
	source_files
	cd "$ZR_SRCDIR" && find tests traces -name '*.sh' && echo quickstart
) >list
while read -r file; do
	head -n 2 "$ZR_SRCDIR/$file" | grep -q 'SPDX-License-Identifier: GPL-2.0-only' ||
		bad "$file: no SPDX line"
done <list

begin 'clang-format has nothing to say'
if ! command -v clang-format >/dev/null; then
	skip 'clang-format is not installed'
else
	source_files >list
	while read -r file; do
		(cd "$ZR_SRCDIR" && clang-format --dry-run -Werror "$file" >/dev/null 2>&1) ||
			bad "$file: run clang-format -i on it"
	done <list
fi

begin 'every source file is named in Makefile.am'
while read -r file; do
	grep -qF "$file" "$ZR_SRCDIR/Makefile.am" || bad "$file: not in Makefile.am"
done < <(source_files | grep -v '^traces/')

begin 'no C file is longer than 600 lines'
while read -r file; do
	lines=$(wc -l <"$ZR_SRCDIR/$file")
	[ "$lines" -le 600 ] || bad "$file: $lines lines"
done < <(source_files | grep '^src.*\.c$\|^policies.*\.c$')

begin 'the samples are small enough to be kept'
if [ -d "$ZR_SRCDIR/traces/samples" ]; then
	find "$ZR_SRCDIR/traces/samples" -type f -printf '%s %P\n' >list
	total=$(awk '{ n += $1 } END { print n + 0 }' list)
	[ "$total" -le $((12 << 20)) ] || bad "together $total bytes, more than 12 MiB"
	while read -r size file; do
		[ "$size" -le $((4 << 20)) ] || bad "$file: $size bytes, more than 4 MiB"
	done <list
else
	skip 'no samples'
fi

begin 'no file that git keeps is larger than a sample may be'
if git -C "$ZR_SRCDIR" rev-parse --git-dir >/dev/null 2>&1; then
	while read -r file; do
		size=$(stat -c %s "$ZR_SRCDIR/$file" 2>/dev/null || echo 0)
		[ "$size" -le $((4 << 20)) ] || bad "$file: $size bytes, more than 4 MiB"
	done < <(git -C "$ZR_SRCDIR" ls-files)
else
	skip 'no git checkout'
fi

begin 'nothing below src/cmd prints to the terminal or ends the program'
found=$(cd "$ZR_SRCDIR" && grep -nE '\b(printf|puts|putchar|perror|exit|err|warn)\(' \
	$(find src policies -name '*.c' ! -path 'src/cmd/*') /dev/null |
	grep -v ':[[:space:]]*/\?\*')
[ -z "$found" ] || while read -r line; do bad "$line"; done <<<"$found"

finish
