# SPDX-License-Identifier: GPL-2.0-only
# report -o FILE.svg and FILE.png: gnuplot draws them, names run nothing.
. "$ZR_SRCDIR/tests/cli/lib.sh"

"$ZONEREPLAY" run "$ZR_SRCDIR/traces/samples/hugealloc-6.1" -p none -p compaction -p kernel \
	-d "$t_top/r.db" >/dev/null || exit 99

begin 'without gnuplot there is a sentence and no file'
printf '#!/bin/sh\nPATH=/nowhere exec "%s" "$@"\n' "$ZONEREPLAY" >"$t_top/poor"
chmod +x "$t_top/poor"
run_any "$t_top/poor" report -d "$t_top/r.db" -o x.svg
refused gnuplot-nox .html
[ -z "$(ls -A)" ] || bad "files here: $(ls -A)"

if ! command -v gnuplot >/dev/null; then
	begin 'plots'
	skip 'no gnuplot here'
	finish
fi

begin 'an SVG that is well formed and has what it should'
run report -d "$t_top/r.db" -o x.svg
status 0
out_empty
only_files x.svg
python3 - x.svg <<'EOP' || bad 'not the picture that was asked for'
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
words = ' '.join(root.itertext())
missing = [w for w in ('none', 'compaction', 'kernel', 'recorded', 'hugealloc-6.1', 'pages reclaimed',
                       'huge pages obtained', 'unusable free space, order 9, zone DMA32') if w not in words]
print(*(f'# no "{w}"' for w in missing), sep='\n')
sys.exit(bool(missing) or root.tag != '{http://www.w3.org/2000/svg}svg')
EOP

begin 'a PNG of two panels'
run report -d "$t_top/r.db" -o x.png
status 0
python3 -c "import struct
data = open('x.png', 'rb').read()
assert data[:8] == b'\x89PNG\r\n\x1a\n', 'no PNG'
width, height = struct.unpack('>II', data[16:24])
assert (width, height) == (1240, 340), (width, height)
assert len(data) > 8000, len(data)" || bad 'not the picture that was asked for'

begin 'names are text, not commands'
cp "$t_top/r.db" evil.db
python3 -c "import sqlite3
c = sqlite3.connect('evil.db')
c.execute('UPDATE captures SET name = ?', (\"'; system('touch hacked1'); print '\`touch hacked2\`\nset output 'hacked3'\nsystem('touch hacked4')\n@x \\\\\",))
c.execute('UPDATE runs SET policy = ? WHERE policy = ?', ('compaction\`touch h6\`\\\\', 'compaction'))
c.execute('UPDATE zones SET name = ?', (\"';!touch h5\",))
c.commit()"
run report -d evil.db -o x.svg
status 0
only_files evil.db x.svg
python3 -c "import xml.etree.ElementTree as tree
words = ' '.join(tree.parse('x.svg').getroot().itertext())
assert '\u2019; system(\u2018'.replace('\u2018', '\u2019') + 'touch hacked1' in words, words[:400]
assert '\u2018touch hacked2\u2018' in words and 'x0aset output' in words, words[:400]" ||
	bad 'the name is not shown as it is'

begin 'nothing to plot is a sentence'
"$ZONEREPLAY" run "$ZR_SRCDIR/traces/samples/churn-6.1" -p none -d n.db >/dev/null
python3 -c "import sqlite3; c = sqlite3.connect('n.db'); c.execute('DELETE FROM samples'); c.commit()"
run report -d n.db -o x.png
refused 'nothing to plot'
only_files n.db

finish
