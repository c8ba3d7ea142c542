# SPDX-License-Identifier: GPL-2.0-only
# export, import and info.
. "$ZR_SRCDIR/tests/cli/lib.sh"

sample=$ZR_SRCDIR/traces/samples/churn-6.1

# A history in miniature, by hand: one order-1 page and one order-0 page are allocated and freed, one request of order 9 fails.
by_hand() {
	mkdir hand
	cat >hand/events.csv <<-'CSV'
		time_ns,cpu,pid,flags,event,a,b,c,d
		,,7,,comm,"seven, of nine"
		1000,0,7,,mm_page_alloc,0x100,1,GFP_KERNEL,Unmovable
		1500,1,8,s,mm_page_alloc,0x102,0,GFP_ATOMIC,Unmovable
		2000,0,7,,mm_page_alloc,none,9,GFP_TRANSHUGE,Movable
		2500,0,7,,lost,3
		3000,0,7,,mm_page_free,0x100,1
		3000,1,8,,mm_page_free,0x102,0
		3100,1,8,,mm_page_free,0x102,0
		3200,1,8,,mm_page_free,0x300,2
		3300,0,7,,mm_page_alloc,0x100,1,GFP_KERNEL,Unmovable
		3400,0,7,,mm_page_alloc,0x101,0,GFP_KERNEL,Unmovable
		4000,0,7,,mm_page_free,0x100,0
	CSV
}

begin 'a capture by hand: info counts what stands in it'
by_hand
run info --json hand
json_has 'j["events"] == 11 and j["duration_ns"] == 3000 and j["cpus"] == 2'
json_has 'j["initial_state"] == "none" and j["lost_events"] == 3 and j["first_lost_ns"] == 1500'
json_has 'j["requests"] == [{"order": 0, "made": 2, "failed": 0}, {"order": 1, "made": 2, "failed": 0}, {"order": 9, "made": 1, "failed": 1}]'
json_has 'j["pages_allocated"] == 6 and j["pages_freed"] == 9'
json_has '[(t["pid"], t["comm"], t["pages"], t["requests"]) for t in j["tasks"]] == [(7, "seven, of nine", 5, 3), (8, "", 1, 1)]'
json_has 'j["unknown_frees"] == 1 and j["older_frees"] == 1 and j["double_allocs"] == 1 and j["frees_in_pieces"] == 1'
json_has 'j["good_for_verify"]["good"] == "no" and len(j["good_for_verify"]["reasons"]) >= 2'

begin 'info in words'
by_hand
run info hand
err_empty
out_has 'seven, of nine'
out_has 'good for verify: no'
out_has 'lost events                     3 in 1 places, first at 0.000002 s'

begin 'info tells who let pages go, as the kernel counted it itself'
huge=$ZR_SRCDIR/traces/samples/hugealloc-6.1
counted() { # COUNTER
	awk -v c="$1" '$1 == c { n = $2 - n } END { print n }' "$huge/proc-start/vmstat" "$huge/proc-end/vmstat"
}
run info --json "$huge"
steal=$(counted pgsteal_kswapd) direct=$(counted pgsteal_direct) moved=$(counted pgmigrate_success)
[ "$steal" -gt 0 ] && [ "$direct" -gt 0 ] && [ "$moved" -gt 0 ] || bad "counters: $steal, $direct, $moved"
json_has "abs(j['demand']['let_go_by']['kswapd'] - $steal) <= $steal / 100"
json_has "abs(j['demand']['let_go_by']['direct_reclaim'] - $direct) <= $direct / 100"
json_has "abs(j['demand']['let_go_by']['migration'] - $moved) <= $moved / 100"
json_has 'sum(k["gone"] for k in j["demand"]["kinds"].values()) == sum(n for w, n in j["demand"]["let_go_by"].items() if w != "migration")'
run info "$huge"
out_has 'anonymous, mapped'
out_has 'direct reclaim                         51'

begin 'info of page numbers that no memory reaches'
by_hand
echo '5000,0,7,,mm_page_alloc,0x3fffffff,0,GFP_KERNEL,Unmovable' >> hand/events.csv
run info --json hand
json_has 'j["demand"] is None'
run info hand
out_has 'not told: page frame 0x3fffffff is beyond what this program supports (256 GiB of 4 KiB pages)'

begin 'info tells what the workload wanted and got'
by_hand
cat >>hand/events.csv <<-'CSV'
	5000,0,7,,print,zonereplay intent want=3 step=1 order=9
	5100,0,7,,print,zonereplay intent want=6 step=2 order=9
	5200,0,7,,print,zonereplay intent got=5 ns=2500000 step=2
	5300,0,7,,print,zonereplay intentional want=6
	5400,0,7,,print,zonereplay intent got=5 ns=7 step=3
	5500,0,7,,print,zonereplay intent want=x step=9
CSV
run info --json hand
json_has 'j["intents"] == [{"at_ns": 4000, "step": 1, "order": 9, "want": 3}, {"at_ns": 4100, "step": 2, "order": 9, "want": 6, "got": 5, "ns": 2500000}]'
run info hand
out_has '     2      9          6          5        2.5'
out_has '     1      9          3    no answer'

begin 'export and import again: the same bytes'
by_hand
run import -o one hand
run export one -o two
run import -o three two
cmp one/events.csv two/events.csv && cmp two/events.csv three/events.csv || bad 'events differ'
cmp one/manifest two/manifest && cmp two/manifest three/manifest || bad 'manifests differ'
out_empty
err_empty

begin 'one CSV file alone is enough'
by_hand
run import -o one hand/events.csv
only_files hand one
run info --json one
json_has 'j["events"] == 11'

begin 'a real capture through CSV gives the same answers'
run verify --json "$sample"
cp "$t_top/out" first
run export --zstd "$sample" -o csv
[ -f csv/events.csv.zst ] && [ ! -e csv/trace.dat ] || bad 'not what --zstd promises'
run import -o churn-6.1 csv
run verify --json churn-6.1
python3 - first "$t_top/out" <<-'PY' || bad 'verify differs'
	import json, sys
	a, b = (json.load(open(f))[0] for f in sys.argv[1:])
	for key in ("capture", "events_per_second"):
	    a.pop(key), b.pop(key)
	sys.exit(a != b or a["zone_allocs"] < 1000)
PY

begin 'and so does run'
run run --json --central --verify=never -d db -p none -p compaction "$sample"
cp "$t_top/out" first
run export "$sample" -o csv
run import -o churn-6.1 csv
run run --json --central --verify=never -d db2 -p none -p compaction churn-6.1
python3 - first "$t_top/out" <<-'PY' || bad 'run differs'
	import json, sys
	def same(x):
	    if isinstance(x, dict):
	        return {k: same(v) for k, v in x.items() if k not in ("capture_id", "events_per_second")}
	    return [same(v) for v in x] if isinstance(x, list) else x
	a, b = (same(json.load(open(f))) for f in sys.argv[1:])
	sys.exit(a != b or len(json.dumps(a)) < 1000)
PY

begin 'a trace.dat is taken over as it is'
run import -o one "$sample/trace.dat"
cmp "$sample/trace.dat" one/trace.dat || bad 'trace.dat differs'

begin 'scrub leaves no names'
by_hand
cat >>hand/events.csv <<-'CSV'
	5000,0,7,,print,the secret of alpha centauri
	5000,0,7,,print,zonereplay intent want=3 step=1 order=9
	,,36,,comm,kswapd0
	,,40,,comm,kworker/u8:2-secret-device
	,,41,,comm,"seven, of nine"
	,,42,,comm,secretd
CSV
printf '[capture]\nversion = 1\nworkload = /home/secret/run\n[machine]\ncmdline = secret\n[sysctl]\nvm.swappiness = 60\nkernel.hostname = secret\n' >hand/manifest
mkdir hand/proc-start && echo secret >hand/proc-start/slabinfo
run scrub hand -o out
run export out -o plain
grep -rl 'secret\|seven\|centauri' plain && bad 'a name is left'
cut -d, -f3,6 plain/events.csv | grep '"' >names
# of the four names in the order of the alphabet "secretd" is the third, "seven, of nine" the fourth
printf '7,"task4"\n36,"kswapd0"\n40,"kworker"\n41,"task4"\n42,"task3"\n7,"xxxxxxxxxxxxxxxxxxxxxxxxxxxx"\n7,"zonereplay intent want=3 step=1 order=9"\n' | diff - names >diff || bad "names: $(cat diff)"
grep -q 'swappiness = 60' plain/manifest || bad 'a setting is lost'
[ ! -e plain/proc-start/slabinfo ] || bad 'slabinfo is there'

begin 'scrubbed, verify says the same'
run verify --json "$sample"
cp "$t_top/out" first
run scrub "$sample" -o churn-6.1
run verify --json churn-6.1
python3 - first "$t_top/out" <<-'PY' || bad 'verify differs'
	import json, sys
	a, b = (json.load(open(f))[0] for f in sys.argv[1:])
	for key in ("capture", "events_per_second"):
	    a.pop(key), b.pop(key)
	sys.exit(a != b)
PY

begin 'a directory that is there is not touched'
by_hand
mkdir out && touch out/mine
run import -o out hand
refused 'out is there already'
run export hand -o out/
refused 'out is there already'
only_files hand out
[ "$(ls out)" = mine ] || bad 'out was touched'

begin 'an empty directory is fine'
by_hand
mkdir out
run import -o out hand
[ -f out/events.csv ] || bad 'nothing there'

begin 'a bad line is named, and nothing is left behind'
by_hand
sed -i '5s/none/nil/' hand/events.csv
run import -o out hand
refused 'hand/events.csv, line 5, column 6 (a): "nil"'
run info hand
refused 'hand/events.csv, line 5, column 6'
only_files hand

# What a differential run keeps of a recording that is not exact. The wrong prediction is made by hand: the recorded page of
# the 20,000th allocation is another one.
first_mismatch() { # CAPTURE
	"$ZONEREPLAY" verify --show=1 "$1" | grep '^  event '
}
begin 'a wrong prediction survives being cut out, imported and exported again'
run export "$sample" -o all
awk -F, -v OFS=, '$5 ~ /(^|:)mm_page_alloc$/ && ++n == 20000 { $6 = "0x123" } { print }' all/events.csv > changed
mv changed all/events.csv
whole=$(first_mismatch all)
event=$(echo "$whole" | awk '{ print $2 }')
[ -n "$event" ] || bad "nothing was predicted wrongly"
bash "$ZR_SRCDIR/traces/lab/cut" all "$event" cut || bad "not cut"
[ "$(wc -l < cut/events.csv)" -lt "$(wc -l < all/events.csv)" ] || bad "nothing was cut off"
[ "$(first_mismatch cut)" = "$whole" ] || bad "cut: $(first_mismatch cut), not $whole"
run import -o again cut
[ "$(first_mismatch again)" = "$whole" ] || bad "imported: $(first_mismatch again), not $whole"
run export again -o thrice
[ "$(first_mismatch thrice)" = "$whole" ] || bad "exported: $(first_mismatch thrice), not $whole"

begin 'cut: what it is not asked properly is refused'
for args in '' "$sample 5" "$sample x out" 'nothing 5 out'; do
	# shellcheck disable=SC2086
	bash "$ZR_SRCDIR/traces/lab/cut" $args 2> err && bad "accepted: $args"
	[ -s err ] || bad "silent: $args"
done
[ ! -e out ] || bad "something was left behind"

begin 'a place that cannot be written'
by_hand
run import -o nowhere/out hand
refused 'nowhere/out'
only_files hand

# Files of at most 1000 KiB, as on a full disk.
tight() {
	run_any bash -c 'ulimit -f 1000; exec "$ZONEREPLAY" "$@"' tight "$@"
}

begin 'no room for the packed events'
mkdir room
export TMPDIR=$PWD/room
tight info "$sample"
refused 'TMPDIR' 'room'
tight export "$sample" -o out
refused 'TMPDIR'
only_files room
[ -z "$(ls -A room)" ] || bad 'something is left in TMPDIR'

begin 'no place for the packed events'
export TMPDIR=$PWD/nowhere
run info "$sample"
refused 'TMPDIR' 'nowhere'

finish
