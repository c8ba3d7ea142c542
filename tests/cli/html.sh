# SPDX-License-Identifier: GPL-2.0-only
# report -o FILE.html: one file, no network, hostile names. What it does in a browser: tests/browser.
. "$ZR_SRCDIR/tests/cli/lib.sh"

samples="$ZR_SRCDIR/traces/samples"
evil='<script>alert(1)</script>&"'\''x'
mkdir "$t_top/captures"
# A capture's name is its directory's.
cp -r "$samples/hugealloc-6.1" "$t_top/captures/x" && mv "$t_top/captures/x" "$t_top/captures/${evil//\//}"
"$ZONEREPLAY" run "$t_top/captures/${evil//\//}" "$samples/churn-6.1" -p none -p compaction \
	-p threshold:extfrag_threshold=0 -p threshold:extfrag_threshold=500 \
	-p threshold:extfrag_threshold=1000 -d "$t_top/r.db" >/dev/null || exit 99

begin 'a page of some size, from one command'
run report -d "$t_top/r.db" -o r.html
status 0
out_empty
only_files r.html
size=$(wc -c <r.html)
[ "$size" -gt 20000 ] && [ "$size" -lt 5000000 ] || bad "$size bytes"
cp r.html "$t_top"

begin 'every element is closed, every name escaped, nothing is fetched'
python3 - "$t_top/r.html" <<'EOF' || bad 'the page is not as it should be'
import html.parser, sys
class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.text, self.bad, self.scripts = [], [], [], []
    def handle_starttag(self, tag, attrs):
        if tag in ('iframe', 'object', 'link', 'img'):
            self.bad.append(f'<{tag}>')
        if tag == 'script' and dict(attrs) not in ({}, {'type': 'application/json'}):
            self.bad.append(f'script with {attrs}')
        for name, value in attrs:
            if name.startswith('on') or name == 'src' or (name == 'href' and not value.startswith('#')):
                self.bad.append(f'{name}={value}')
        if tag not in ('meta', 'br', 'hr', 'input', 'wbr'):
            self.open.append(tag)
    def handle_startendtag(self, tag, attrs):
        pass
    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.bad.append(f'</{tag}> closes something else')
    def handle_data(self, data):
        (self.scripts if self.open and self.open[-1] == 'script' else self.text).append(data)
page = Page()
text = open(sys.argv[1], encoding='utf-8').read()
page.feed(text)
words = ' '.join(page.text)
import base64, hashlib, json
script, *data = page.scripts
digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
if f"script-src 'sha256-{digest}'" not in text:
    page.bad.append('the policy of the page does not name its script')
for maps in map(json.loads, data):
    for m in maps:
        state = __import__('zlib').decompress(base64.b64decode(m['data']))
        if len(state) != 2 * m['blocks'] * len(m['times']):
            page.bad.append('a map of another size than it says')
if len(data) != 2:
    page.bad.append(f'{len(data)} maps')
if page.open:
    page.bad.append(f'left open: {page.open}')
if '<script>alert(1)<script>' not in words:
    page.bad.append('the name of the capture is not there as text')
for want in ('compaction', 'extfrag_threshold=500', 'real kernel', 'approximate LRU', 'Unusable free space'):
    if want not in words:
        page.bad.append(f'no "{want}"')
if 'http' in text.replace('http-equiv', ''):
    page.bad.append('an address')
print(*('# ' + b for b in page.bad), sep='\n')
sys.exit(bool(page.bad))
EOF

begin 'the charts have numbers in them'
cp "$t_top/r.html" .
[ "$(grep -o '<svg' r.html | wc -l)" -ge 5 ] || bad 'too few charts'
grep -q 'by extfrag_threshold' r.html || bad 'no curve of the threshold'
! grep -E 'points=|d="|x1=|cx=' r.html | grep -qi 'nan\|inf' || bad 'NaN in a chart'

begin 'the same database gives the same page'
run report -d "$t_top/r.db" -o again.html
cmp -s again.html "$t_top/r.html" || bad 'they differ'

begin 'a map that is damaged is refused'
cp "$t_top/r.db" bad.db
python3 -c "import sqlite3; c = sqlite3.connect('bad.db')
c.execute('UPDATE block_maps SET data = substr(data, 1, 100)'); c.commit()"
run report -d bad.db -o bad.html
refused damaged 'run this policy again'
only_files bad.db

begin 'without a map there is none'
run run "$samples/churn-6.1" -p none --map=0 -d none.db
status 0
run report -d none.db -o none.html
status 0
! grep -q 'Pageblocks over time' none.html || bad 'a map'

begin '--map takes a number'
for n in x -1 1000000; do
	run run "$samples/churn-6.1" -p none --map="$n" -d n.db
	refused "$n" --map
done

finish
