# SPDX-License-Identifier: GPL-2.0-only
# run and report: good questions, and bad ones, which leave nothing behind.
. "$ZR_SRCDIR/tests/cli/lib.sh"

samples="$ZR_SRCDIR/traces/samples"
churn="$samples/churn-6.1"
huge="$samples/hugealloc-6.1"

# sql FILE STATEMENT: past the program's back.
sql() {
	python3 -c 'import sqlite3, sys
c = sqlite3.connect(sys.argv[1]); print(*(r[0] for r in c.execute(sys.argv[2]))); c.commit()' "$1" "$2"
}

begin 'a table with the baseline first, and a database'
run run "$huge" -p reclaim -p none
status 0
err_empty
only_files zonereplay.db
sed -n 4p "$t_top/out" | grep -Eq '^ +reclaim +none +recorded$' || bad 'the order of policies'
out_has 'approximate LRU'
out_has 'Pages reclaimed'
[ "$(sql zonereplay.db 'SELECT count(*) FROM runs')" = 3 ] || bad 'rows'

begin 'run again replaces'
run run "$churn" -p none --verify=never
run run "$churn" -p none --verify=never
run run "$churn" -p none --verify=never --to 1
[ "$(sql zonereplay.db 'SELECT count(*) FROM runs WHERE policy = "none"')" = 2 ] || bad 'rows'

begin 'what was done to the machine from outside is part of the run'
run run "$churn" -p none --verify=never
run run "$churn" -p none --verify=never --inject 1s:compact_memory
run run "$churn" -p none --verify=never --inject 1000ms:compact_memory
[ "$(sql zonereplay.db 'SELECT injections FROM runs WHERE policy = "none"')" = ' 1000000000ns:compact_memory' ] ||
	bad 'rows'
run report
out_has 'with 1000000000ns:compact_memory'

begin 'run --json has what was promised'
run run "$huge" -p none -p threshold:extfrag_threshold=900 --json -d x.db
status 0
err_empty
json_has 'len(j) == 2'
json_has 'j[0]["policy"] == "none" and j[1]["policy"] == "threshold"'
json_has '"extfrag_threshold=900" in j[1]["params"]'
for key in capture policy params era order_stats success_rate pages_reclaimed pages_reclaimed_low \
	pages_reclaimed_high pages_migrated migrate_scanned free_scanned compact_stall compact_success \
	compact_fail direct_reclaims stall_ns stall_ns_low stall_ns_high substituted unknown_death \
	fidelity recorded state_hash success_rate_low success_rate_high; do
	json_has "\"$key\" in j[1]"
done
json_has 'all(k in j[1]["order_stats"][9] for k in ("order", "attempts", "successes", "fast", "slow"))'
json_has 'j[1]["recorded"]["huge_wanted"] == j[1]["huge_wanted"] > 0'
json_has '90 < j[1]["fidelity"] <= 100'
json_has 'len(j[1]["samples"]) > 90'
json_has 'all(-1000 <= f <= 1000 for s in j[1]["samples"] for f in s["fragindex"])'
json_has 'all(0 <= f <= 1000 for s in j[1]["samples"] for f in s["unusable"])'
json_has '{s["zone"] for s in j[1]["samples"]} >= {"DMA32"}'

begin 'both indices over time, in the database and as CSV'
run run "$churn" -p none --verify=never
run report --series s.csv
status 0
python3 - <<'EOF' || bad 'database and CSV disagree'
import csv, sqlite3, sys
have = [tuple(map(int, (r['time_ns'], r['order'], r['fragindex'], r['unusable'], r['nr_free'])))
        for r in csv.DictReader(open('s.csv', newline=''))]
want = list(sqlite3.connect('zonereplay.db').execute(
    'SELECT time, page_order, fragindex, unusable, nr_free FROM samples ORDER BY run, time, zone, page_order'))
sys.exit(not (len(want) > 1000 and have == want))
EOF

begin 'a sample of the indices agrees with its own free lists'
run run "$huge" -p reclaim --verify=never
python3 - <<'EOF' || bad 'the formulas of mm/vmstat.c give something else'
# unusable_free_index and __fragmentation_index of 6.1, from the counts beside them.
import sqlite3, sys
db = sqlite3.connect('zonereplay.db')
groups = {}
for run, time, zone, order, frag, unusable, nr in db.execute('SELECT * FROM samples'):
    groups.setdefault((run, time, zone), {})[order] = (frag, unusable, nr)
def div(a, b):
    return a // b
for orders in groups.values():
    nr = [orders[o][2] for o in sorted(orders)]
    pages = sum(n << o for o, n in enumerate(nr))
    blocks = sum(nr)
    for o in range(len(nr)):
        suitable = sum(n << (k - o) for k, n in enumerate(nr) if k >= o)
        unusable = div((pages - (suitable << o)) * 1000, pages) if pages else 1000
        if not blocks:
            frag = 0
        elif suitable:
            frag = -1000
        else:
            frag = 1000 - div(1000 + div(pages * 1000, 1 << o), blocks)
        if (frag, unusable) != orders[o][:2]:
            print('# order', o, nr, 'have', orders[o][:2], 'want', frag, unusable)
            sys.exit(1)
EOF

begin 'report: every format, from one database'
run run "$huge" "$churn" -p none -p compaction --verify=never
for format in txt md csv json; do
	run report -o "r.$format"
	status 0
	out_empty
	err_empty
	grep -q hugealloc-6.1 "r.$format" || bad "r.$format lacks the capture"
done
python3 -c 'import json; j = json.load(open("r.json")); assert len(j["tables"]) == 2' || bad r.json
run report --json
json_has 'j["tables"][0]["series"][0]["baseline"]'
run report --baseline compaction
sed -n 4p "$t_top/out" | grep -Eq '^ +compaction +none' || bad 'the baseline is not first'

begin 'fidelity: below the floor or not known, every figure is marked'
run run "$churn" -p none --verify=never
out_has 'fidelity not known'
out_has '100.00 !'
run run "$churn" -p none --verify=always
out_has 'fidelity 100.00 %'
out_lacks '100.00 !'
# The database remembers.
run run "$churn" -p none --verify=never
out_has 'fidelity 100.00 %'
sql zonereplay.db 'UPDATE captures SET fidelity = 98.7' >/dev/null
run report
out_has '98.70 %'
out_has '100.00 !'
run report --floor 98
out_lacks '100.00 !'

# ---- bad questions ----

begin 'no capture, no policy'
run run -p none
refused 'which capture'
run run "$churn"
refused 'which policy' 'zonereplay policies'
only_files

begin 'an unknown policy, parameter, value: the nearest is named'
run run "$churn" -p compactoin
refused 'compactoin' 'did you mean "compaction"'
run run "$churn" -p threshold:extfrag_treshold=3
refused 'extfrag_treshold' 'extfrag_threshold'
run run "$churn" -p threshold:extfrag_threshold=1001
refused 'extfrag_threshold' '1001' '1000'
run run "$churn" -p threshold:extfrag_threshold=many
refused 'extfrag_threshold' 'many'
only_files

begin 'the same policy twice'
run run "$churn" -p none -p none
refused 'none' 'twice'
run run "$churn" -p threshold -p threshold:extfrag_threshold=500
refused 'threshold' 'twice' 'are the same'
only_files

begin 'a capture that is not there, or given twice'
run run "$churn" nowhere -p none
refused 'nowhere'
run run "$churn" "$churn" -p none
refused 'twice'
mkdir empty
run run empty -p none
refused 'empty'
only_files empty

begin 'bad times'
for time in x -3 1h 3.s '' 1e3; do
	run run "$churn" -p none "--from=$time"
	refused '--from' "\"$time\""
done
run run "$churn" -p none --from 2 --to 1
refused '--to'
only_files

begin 'an unknown era'
run run "$churn" -p none --era=9.9
refused '9.9'
only_files

begin 'a database that cannot be made'
run run "$churn" -p none -d no/such/place/r.db
refused 'no/such/place/r.db' '-d'
run run "$churn" -p none -d /proc/r.db
refused '/proc/r.db' '-d'
mkdir r.db
run run "$churn" -p none -d r.db
refused 'r.db' 'directory'
run run "$churn" -p none -d /dev/full
refused '/dev/full'
only_files r.db

begin 'files of others are left alone'
echo 'this is my diary' >diary
cp diary copy
run run "$churn" -p none -d diary
refused 'diary' 'not an SQLite database'
cmp -s diary copy || bad 'it was changed'
sql places 'CREATE TABLE places (url TEXT)' >/dev/null
cp places copy
run run "$churn" -p none -d places
refused 'places' 'some other program'
run report -d places
refused 'places' 'some other program'
cmp -s places copy || bad 'it was changed'
only_files copy diary places

begin 'a damaged database'
run run "$churn" -p none --verify=never
python3 - <<'EOF'
data = bytearray(open('zonereplay.db', 'rb').read())
data[4096:12288] = b'\xff' * 8192
open('zonereplay.db', 'wb').write(data)
EOF
run report
refused 'zonereplay.db'

begin 'report: no database, no results, no format'
run report
refused 'zonereplay.db' 'zonereplay run'
only_files
: >empty.db
run report -d empty.db
refused 'empty.db' 'no results'
run run "$churn" -p none --verify=never
run report -o report.doc
refused 'report.doc' '.csv'
run report -o no/such/place.txt
refused 'no/such/place.txt'
run report --baseline lumpy
refused 'lumpy'
run report --floor=120
refused '120'
run report now
refused '"now"'
only_files empty.db zonereplay.db

# A threshold of 1000 refuses every compaction that reclaim has just declared ready: this went on for ever.
begin 'run: the kernel and proactive end at extfrag_threshold=1000'
for policy in kernel proactive; do
	run_any timeout 300 "$ZONEREPLAY" run "$huge" -p "$policy:extfrag_threshold=1000" --central --verify=never
	status 0
	out_has "$policy"
done

# At 82 and 86 % the recorded kernel was in the middle of a compaction, and what that held was on no list of the replay's.
begin 'run: cut loose in the middle of a compaction'
for share in 82 86; do
	run run "$huge" -p kernel --cut-loose=$share --central --verify=never --paranoid 20000
	status 0
	out_has kernel
done

begin 'run: cut loose at the branch of a recording that has none'
run run "$huge" -p kernel --cut-loose=branch --central --verify=never
status 2
err_has 'no marker "zonereplay branch"'
run run "$huge" -p kernel --cut-loose=branches
status 2
err_has 'no share of the recording'

finish
