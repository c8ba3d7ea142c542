# SPDX-License-Identifier: GPL-2.0-only
# trace-cmd's own decoder against ours: "trace-cmd report -R" of a sample, imported as text, must give the events that
# reading its trace.dat gives. Context flags are not in that text, and some of our probe events hold pointers to pages, which
# only the manifest turns into page frame numbers.
. "$ZR_SRCDIR/tests/cli/lib.sh"

events() {
	grep -v '^,,[0-9]*,,comm,\|,p_writeback\|,p_isolate_free,\|,r_compact_alloc,' "$1" | sed 's/^\([0-9]*,[0-9]*,[0-9]*\),[dshNZbp]*,/\1,,/'
}

for sample in "$ZR_SRCDIR"/traces/samples/*/; do
	begin "${sample#"$ZR_SRCDIR/"} as trace-cmd reads it"
	if ! command -v trace-cmd >/dev/null; then
		skip 'trace-cmd is not installed'
		continue
	fi
	trace-cmd report -R -t "$sample/trace.dat" >text 2>/dev/null
	run import -o ours "$sample/trace.dat"
	run export ours -o plain
	run import -o theirs text
	events plain/events.csv >a
	events theirs/events.csv >b
	[ "$(wc -l <a)" -gt 10000 ] || bad 'hardly any events'
	cmp a b || bad "$(diff a b | head -n 4)"
done

finish
