# SPDX-License-Identifier: GPL-2.0-only
# The report's page in a real browser: tests/browser/page.py, on results of the shipped samples.
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [ -z "$browser" ]; then
	echo '1..0 # SKIP no chromium here; ./quickstart check installs it'
	exit 0
fi
python=$(command -v python3)
if [ -z "$python" ] || ! "$python" -c 'import sqlite3, zlib' 2>/dev/null; then
	echo '1..0 # SKIP no python3 with sqlite3 here; ./quickstart check installs it'
	exit 0
fi
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
samples="$ZR_SRCDIR/traces/samples"
"$ZONEREPLAY" run "$samples/hugealloc-6.1" "$samples/churn-6.1" -p none -p compaction -p kernel \
	-p threshold:extfrag_threshold=0 -p threshold:extfrag_threshold=500 \
	-p threshold:extfrag_threshold=1000 --probe=5 -d "$dir/r.db" >/dev/null || exit 99
"$python" "$ZR_SRCDIR/tests/browser/page.py" "$ZONEREPLAY" "$dir"
