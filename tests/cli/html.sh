# SPDX-License-Identifier: GPL-2.0-only
# report -o FILE.html: one file, no network, no script, hostile names.
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
        self.open, self.text, self.bad = [], [], []
    def handle_starttag(self, tag, attrs):
        if tag in ('script', 'iframe', 'object', 'link', 'img'):
            self.bad.append(f'<{tag}>')
        for name, value in attrs:
            if name.startswith('on') or name == 'src' or (name == 'href' and not value.startswith('#')):
                self.bad.append(f'{name}={value}')
        if tag not in ('meta', 'br', 'hr'):
            self.open.append(tag)
    def handle_startendtag(self, tag, attrs):
        pass
    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.bad.append(f'</{tag}> closes something else')
    def handle_data(self, data):
        self.text.append(data)
page = Page()
text = open(sys.argv[1], encoding='utf-8').read()
page.feed(text)
words = ' '.join(page.text)
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

begin 'a browser opens it without a word'
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [ -z "$browser" ]; then
	skip 'no chromium here'
else
	cp "$t_top/r.html" .
	timeout 60 "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$PWD/profile" \
		--enable-logging=stderr --v=0 --dump-dom "file://$PWD/r.html" >dom 2>log
	grep -q '</html>' dom || bad 'no page came back'
	! grep -q 'CONSOLE' log || bad "the console says: $(grep -m 1 CONSOLE log)"
	grep -q 'role="img"' dom || bad 'no chart'
fi

finish
