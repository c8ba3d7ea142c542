# SPDX-License-Identifier: GPL-2.0-only
# explain: why a request failed; what is asked wrongly.
. "$ZR_SRCDIR/tests/cli/lib.sh"

samples="$ZR_SRCDIR/traces/samples"
huge="$samples/hugealloc-6.1"

sql() {
	python3 -c 'import sqlite3, sys
c = sqlite3.connect(sys.argv[1]); print(*(r[0] for r in c.execute(sys.argv[2])))' "$1" "$2"
}

# first_has EXPRESSION: about x, the first explanation
first_has() {
	json_has "(lambda x: $1)(j[\"explanations\"][0])"
}

begin 'the first failure: request, sums, decisions, pages in the way, ways out, polluters'
run explain "$huge" -p kernel --order 9
status 0
err_empty
only_files
out_has 'of hugealloc-6.1 under policy kernel: order 9 (512 pages of 4 KiB)'
out_has 'Fragmentation: enough is free'
out_has 'must exceed'
out_has 'what was decided, in order'
out_has 'compaction of DMA'
out_has 'the block that is cheapest to clear'
out_has 'with all of them freed it succeeds; with any one left out'
out_has 'ways out, cheapest first'
out_has 'who kept pageblocks from becoming free'
out_has 'tenths of the free memory that are no use for order 9'

begin 'no map where stdout is no terminal, and no colours'
run explain "$huge" -p kernel --order 9
! grep -q 'one character is' "$t_top/out" || bad 'a map'
! grep -q $'\033' "$t_top/out" || bad 'an escape'

begin '--json: one object, and it agrees with itself'
run explain "$huge" -p kernel --worst --json
err_empty
json_has 'len(j["explanations"]) == 1'
json_has 'j["failed"] == sum(j["failed_by_order"]) > 0'
first_has 'x["verdict"] == "fragmented" and x["request"]["order"] == 9'
first_has 'all(x["block"]["pfn"] <= b["pfn"] < x["block"]["pfn"] + 512 for b in x["blockers"])'
first_has 'x["block"]["free"] + x["block"]["movable"] + x["block"]["unmovable"] == 512'
first_has 'x["block"]["movable"] + x["block"]["unmovable"] == sum(1 << b["order"] for b in x["blockers"])'
first_has 'x["proof"]["sufficient"] and x["proof"]["minimal"]'
first_has 'len(x["decisions"]) > 5 and x["ways_out"][0]["works"]'
# free pages of a zone are what its lists hold
# up to the per-cpu difference that the counter may lag behind by (vmstat threshold, at most 125)
first_has 'all(abs(z["free"] - sum(n << o for l in z["free_blocks"].values() for o, n in enumerate(l))) <= 125 for z in x["zones"])'
first_has 'x["map"]["pageblocks"][x["block"]["pfn"] - x["map"]["base_pfn"] >> 9] in "2345"'
first_has 'set(x["map"]["pageblocks"]) <= set("0123456")'
json_has 'len(j["moments"]) > 30 and sum(m["failed"] for m in j["moments"]) <= j["failed"]'
json_has 'j["polluters"] == sorted(j["polluters"], key=lambda p: -p["pageblocks"])'
json_has 'all(p["alone"] <= p["pageblocks"] <= p["pages"] for p in j["polluters"])'

# What is said of pages that do not move is in the recording: a request of that task, at that time, of that order and
# gfp, whose page was not freed before the request failed; and what was there before was not freed before. A request that
# had to wait began before its mm_page_alloc.
begin 'the pages in the way are in the trace, as explained'
run run "$huge" -p threshold -p none --verify=never --central --explain=5
run export "$huge" -o csv
python3 - <<-'END' || bad 'a page that the recording knows otherwise'
	import csv, json, sqlite3, sys
	t0, allocs, frees = None, {}, {}
	for r in csv.reader(open("csv/events.csv")):
	    if not r or not r[0].isdigit():
	        continue
	    t0 = int(r[0]) if t0 is None else t0
	    t = int(r[0]) - t0
	    if r[4] == "mm_page_alloc":
	        allocs.setdefault(int(r[2]), []).append((t, r[5], int(r[6]), r[7]))
	    elif r[4] == "mm_page_free":
	        frees.setdefault(int(r[5], 0), []).append(t)
	def page_of(since, pid, order, gfp):
	    return next(a[1] for a in allocs[pid] if a[0] >= since and a[2:] == (order, gfp))
	checked = [0, 0]
	for text, in sqlite3.connect("zonereplay.db").execute("SELECT explanation FROM failures"):
	    x = json.loads(text)
	    now = x["request"]["time"]
	    if not x["request"]["extra"]:
	        page_of(now, x["request"]["pid"], x["request"]["order"], x["request"]["gfp"])
	    for b in x["blockers"]:
	        # what is on the LRU the recorded kernel may have moved or dropped
	        if b["kind"] not in ("slab", "kernel", "page table"):
	            continue
	        if b["before_recording"]:
	            pfn, since = b["pfn"], 0
	        else:
	            since = b["since"]
	            pfn = int(page_of(since, b["pid"], b["order"], b["gfp"]), 0)
	        # and slab pages its shrinkers may have emptied
	        assert b["kind"] == "slab" or not [f for f in frees.get(pfn, []) if since < f < now], b
	        checked[b["before_recording"]] += 1
	print(checked)
	assert checked[0] >= 10, checked
END

begin 'a request by its number, whether it fails or not'
run explain "$huge" -p kernel --alloc 1
out_has 'request 1 of hugealloc-6.1'
out_has 'It succeeded on the fast path'
! grep -q 'ways out' "$t_top/out" || bad 'ways out of success'
run explain "$huge" -p kernel --alloc 40825
out_has 'request 40825'
out_has 'the recorded kernel failed it too'

begin 'a watermark is told from fragmentation, and has another way out'
run explain "$huge" -p kernel:min_free_kbytes=65000 --json
first_has 'x["verdict"] == "watermark" and x["block"] is None and x["blockers_in_block"] == 0'
first_has 'x["ways_out"][0]["works"] and "min_free_kbytes" in x["ways_out"][0]["text"]'
# a page for each that is missing in the zone with the fewest missing, where a request of order 0 fails: none is too small
first_has 'x["request"]["order"] > 0 or len(x["blockers"]) <= min(z["missing"] for z in x["zones"] if z["allowed"] and z["page_of_the_order"])'

begin 'where two policies part'
run explain "$huge" -p kernel --against none
out_has 'kernel and none part at'
out_has '  none:'
run explain "$huge" -p kernel --against kernel
out_has 'never part'

begin 'nothing failed: said in words, exit status 0'
run explain "$samples/churn-6.1" -p kernel
status 0
out_has 'every request succeeded'
run explain "$samples/churn-6.1" -p kernel --worst --json
json_has 'j["failed"] == 0 and j["explanations"] == []'

begin 'run --explain keeps explanations in the database'
run run "$huge" -p kernel -p none --verify=never --central --explain=2
[ "$(sql zonereplay.db 'SELECT count(*) FROM failures JOIN runs USING (run) WHERE policy = "kernel"')" -ge 2 ] ||
	bad 'failures of kernel'
[ "$(sql zonereplay.db 'SELECT DISTINCT page_order FROM failures JOIN runs USING (run) WHERE policy = "none" ORDER BY 1')" = '0 1 2 9' ] ||
	bad 'orders of none'
python3 - <<-'END' || bad 'an explanation that is not as explain --json has it'
	import json, sqlite3
	c = sqlite3.connect("zonereplay.db")
	rows = list(c.execute("SELECT number, verdict, explanation FROM failures"))
	for number, verdict, text in rows:
	    x = json.loads(text)
	    assert x["request"]["number"] == number and x["verdict"] == verdict
	assert c.execute("SELECT count(*) FROM polluters").fetchone()[0] > 5
END
run run "$huge" -p kernel --verify=never --central
[ "$(sql zonereplay.db 'SELECT count(*) FROM failures JOIN runs USING (run) WHERE policy = "kernel"')" = 0 ] ||
	bad 'explanations of a run that was made anew'

# refused LINE WORDS...: exit status 2 and one sentence with these words
refused() {
	local words=$1
	shift
	begin "refused: $*"
	run explain "$@"
	status 2
	out_empty
	err_has "$words"
	only_files
}
refused 'there is no request number 99999999' "$huge" -p none --alloc 99999999
refused 'no request number' "$huge" -p none --alloc 0
refused 'no request number' "$huge" -p none --alloc -3
refused 'no request number' "$huge" -p none --alloc 3+
refused 'no request number' "$huge" -p none --alloc 18446744073709551616
refused 'give only one' "$huge" -p none --alloc 3 --worst
refused 'which policy' "$huge"
refused 'which capture' -p none
refused 'nonsense' "$huge" -p nonsense
refused 'only counts' "$huge" -p relaxed
refused 'only counts' "$huge" -p kernel --against relaxed
refused 'one policy at a time' "$huge" -p none -p kernel
refused 'one capture at a time' "$huge" "$huge" -p none
refused 'is not 0 to' "$huge" -p none --order 11
refused 'nonsense' "$huge" -p none --against nonsense
refused 'did you mean --against' "$huge" -p none --againts kernel

begin 'a number that this policy does not come to'
run explain "$huge" -p kernel --alloc 1+50
status 0
err_has 'was not made'

begin '--help'
run explain --help
for option in --alloc --first-failure --worst --against --json --all --order; do
	out_has "$option"
done

begin 'on a terminal: a map within the width, colours unless NO_COLOR says no'
if ! command -v script >/dev/null; then
	t_name="$t_name # SKIP script is not installed"
else
	script -qec "stty cols 80; '$ZONEREPLAY' explain '$huge' -p kernel --order 9" /dev/null </dev/null >map 2>&1
	grep -q 'one character is' map || bad 'no map'
	grep -q $'\033\[' map || bad 'no colour'
	NO_COLOR=1 script -qec "stty cols 80; '$ZONEREPLAY' explain '$huge' -p kernel --order 9" /dev/null </dev/null >map 2>&1
	sed -n '/pageblocks when it gave up/,$p' map | tr -d '\r' >plain
	! grep -q $'\033\[' plain || bad 'a colour in spite of NO_COLOR'
	grep -q '\*' plain || bad 'the block is not marked'
	awk 'length($0) > 80 && /^  0x/ { exit 1 }' plain || bad 'a row wider than the terminal'
	NO_COLOR=1 script -qec "stty cols 80; '$ZONEREPLAY' info '$huge'" /dev/null </dev/null >info 2>&1
	grep -q 'pageblocks at the start' info || bad 'info draws no map'
fi
finish
