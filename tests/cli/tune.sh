# SPDX-License-Identifier: GPL-2.0-only
# tune: every extfrag_threshold at once, the advice, the file for /etc/sysctl.d and its check.
. "$ZR_SRCDIR/tests/cli/lib.sh"
samples=$ZR_SRCDIR/traces/samples

begin 'a recording on which it matters: zones, recorded figures, a verdict'
run tune "$samples/hugealloc-6.1-ppc64el" --central --emit sysctl.d -o 60.conf
status 0
err_empty
out_has 'set when recording: 500'
out_has 'recorded'
out_has 'One setting: 0 to'
out_has 'vm.extfrag_threshold = '
only_files 60.conf zonereplay.db
cp 60.conf zonereplay.db "$t_top"

begin 'the file says where it came from'
run_any cat "$t_top/60.conf"
out_has '# Command: zonereplay tune'
out_has '# Capture: hugealloc-6.1-ppc64el ('
out_has '# Objective: success, then reclaimed, then stall'
[ "$(grep -vc '^#' "$t_top/60.conf")" -eq 1 ] || bad 'not exactly one setting'
grep -q '^vm.extfrag_threshold = [0-9]*$' "$t_top/60.conf" || bad 'no setting'

begin 'the curve is in the database, 0 to 1000 without a gap'
run_any python3 -c 'import sqlite3, sys
rows = sqlite3.connect(sys.argv[1]).execute("SELECT threshold_from, threshold_to FROM tuning_rows ORDER BY 1").fetchall()
assert rows[0][0] == 0 and rows[-1][1] == 1000, rows
assert all(a[1] + 1 == b[0] for a, b in zip(rows, rows[1:])), rows
print(len(rows))' "$t_top/zonereplay.db"
out_lacks '^1$'

begin 'JSON, and the same figures as run gives for one threshold of each of three zones'
run tune "$samples/hugealloc-6.1-ppc64el" --json -p threshold
cp "$t_top/out" tuned
json_has '{"thresholds", "groups", "dead_zones", "recommendation", "confidence"} <= set(j)'
json_has 'j["thresholds"][0]["from"] == 0 and j["thresholds"][-1]["to"] == 1000'
json_has 'j["groups"] == len(j["captures"][0]["thresholds"]) > 3'
json_has 'all(z["to"] > z["from"] for z in j["dead_zones"])'
for n in 0 960 1000; do
	"$ZONEREPLAY" run "$samples/hugealloc-6.1-ppc64el" -p "threshold:extfrag_threshold=$n" --json \
		--verify=never >"run-$n" 2>/dev/null || bad "run at $n"
done
run_any python3 -c 'import json
tuned = json.load(open("tuned"))["captures"][0]["thresholds"]
for n in 0, 960, 1000:
    row = next(r for r in tuned if r["from"] <= n <= r["to"])
    alone = json.load(open("run-%d" % n))[0]
    for key in row:
        if key in alone:
            assert row[key] == alone[key], (n, key, row[key], alone[key])
    assert row["state_hash"] == alone["state_hash"] and "stall_ns_low" in alone'

begin 'with several captures each is held back once'
run tune "$samples/hugealloc-6.1-ppc64el" "$samples/churn-6.1" --central --json
json_has 'len(j["confidence"]["held_back"]) == 2'
json_has 'sum(c["thresholds"][0]["huge_got"] for c in j["captures"]) == j["thresholds"][0]["huge_success"]'

begin 'what is expected spans what each of them does'
run tune "$samples/hugealloc-6.1-ppc64el" "$samples/churn-6.1" --central --emit sysctl.d -o both.conf
# Under the central scenario alone a range can come only from the captures: churn reclaims nothing.
read -r _ _ value low high <<<"$(grep '^#zonereplay pgsteal ' both.conf)"
[ "$low" -eq 0 ] && [ "$value" -gt 0 ] && [ "$high" -gt "$value" ] || bad "pgsteal $value $low $high"
rm -f both.conf

begin 'where it does not matter it says so'
run tune "$samples/churn-6.1"
out_has 'It does not matter here: all 1001 values give the same figures.'
run tune "$samples/churn-6.1" --json
json_has 'j["recommendation"]["matters"] is False and j["groups"] == 1'
json_has 'j["recommendation"]["threshold"] == 500 and j["dead_zones"] == [{"from": 0, "to": 1000}]'

begin 'too few groups: marked, and --exact goes on'
run tune "$samples/hugealloc-6.1-ppc64el" --central --groups 2
out_has 'unresolved'
out_has '--exact goes on'
run tune "$samples/hugealloc-6.1-ppc64el" --central --json
cp "$t_top/out" all
run tune "$samples/hugealloc-6.1-ppc64el" --central --json --groups 8 --exact
json_has 'j["thresholds"] == json.load(open("all"))["thresholds"]'
json_has 'j["captures"][0]["passes"] > 1 and j["captures"][0]["living_most"] <= 8'

# Counts as the file expects them, for ten thousand million pages.
invent() {
	awk -v factor="$1" 'BEGIN { print "pgalloc_normal 10000000000" }
		$1 == "#zonereplay" && NF == 5 {
			name = $2 == "pgsteal" ? "pgsteal_kswapd" : $2 == "allocstall" ? "allocstall_normal" : $2
			printf "%s %.0f\n", name, $3 * 10 * factor
		}' "$t_top/60.conf"
}

begin '--check: as expected, and off'
invent 1 >same
run tune --check "$t_top/60.conf" --vmstat same
out_has 'The machine does what was predicted.'
invent 5 >off
run tune --check "$t_top/60.conf" --vmstat off
status 1
out_has 'off'
invent 6 >later
run tune --check "$t_top/60.conf" --vmstat later --since off --json
status 2
err_has 'no page was allocated'
sed -i 's/10000000000/20000000000/' later
run tune --check "$t_top/60.conf" --vmstat later --since off --json
json_has 'j["good"] is True and j["set"] is None and len(j["counters"]) == 6'
run tune --check "$t_top/60.conf" --vmstat off --since later
refused 'no page was allocated'

begin 'questions that cannot be answered'
run tune
refused 'which capture'
run tune "$samples/churn-6.1" -p none
refused 'policy none has no parameter extfrag_threshold'
run tune "$samples/churn-6.1" -p kernel:extfrag_threshold=3
refused 'leave it out'
run tune "$samples/churn-6.1" --objective speed
refused 'objective' 'speed'
run tune "$samples/churn-6.1" --emit conf
refused 'sysctl.d'
run tune "$samples/churn-6.1" --groups 0
refused '--groups'
run tune "$samples/churn-6.1" "$samples/churn-6.1" --central
refused 'same capture'
run tune nowhere
refused 'nowhere'
echo 'vm.extfrag_threshold = 5000' >bad.conf
run tune --check bad.conf
refused 'bad.conf:1' '0 to 1000'
run tune --check "$t_top/60.conf" --vmstat bad.conf
refused 'bad.conf' 'pgalloc'
only_files bad.conf
run tune "$samples/hugealloc-6.1-ppc64el" --central --objective 'success>=100%, success' --emit sysctl.d
refused 'is not written' 'No value meets'

finish
