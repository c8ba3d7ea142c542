# SPDX-License-Identifier: GPL-2.0-only
# Every shipped sample under every shipped policy, against tests/golden/table.csv: a change of any
# figure is seen, and a change that is meant shows in review. ZR_REWRITE=1 writes it anew.
. "$ZR_SRCDIR/tests/cli/lib.sh"

golden="$ZR_SRCDIR/tests/golden/table.csv"
samples=()
for dir in "$ZR_SRCDIR"/traces/samples/*/; do
	samples+=("${dir%/}")
done
policies=()
for name in $("$ZONEREPLAY" policies | awk '{ print $1 }'); do
	policies+=(-p "$name")
done

# pick FILE.csv: the columns that must not change by themselves. What verify finds has tests of its own.
pick() {
	python3 - "$1" <<'EOF'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline='')))
names = [n for n in rows[0] if n not in ('capture_id', 'fidelity') and any(r[n] not in ('', '0') for r in rows)]
out = csv.writer(sys.stdout, lineterminator='\n')
out.writerow(names)
rows.sort(key=lambda r: (r['capture'], r['policy'] == 'recorded'))
out.writerows([r[n] for n in names] for r in rows)
EOF
}

# differs COLUMN POLICY POLICY: in the table of the samples. Some capture must tell them apart.
differs() {
	python3 - table.csv "$@" <<'EOF' || bad "no sample tells $2 from $3 by $1"
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline='')))
column, a, b = sys.argv[2:]
values = {(r['capture'], r['policy']): r[column] for r in rows}
captures = {r['capture'] for r in rows}
sys.exit(not any(values[c, a] != values[c, b] for c in captures))
EOF
}

begin 'every sample under every policy gives the golden table'
run run "${samples[@]}" "${policies[@]}" --verify=never
status 0
run report -o all.csv
status 0
pick all.csv >table.csv
if [ -n "${ZR_REWRITE:-}" ]; then
	cp table.csv "$golden"
fi
diff -u "$golden" table.csv >diff || {
	bad 'the table differs from tests/golden/table.csv (ZR_REWRITE=1 writes it anew)'
	cut -c1-200 diff | sed 's/^/#   /'
}
cp table.csv all.csv zonereplay.db "$t_top"

begin 'the same again gives the same, and no new rows'
cp "$t_top"/{zonereplay.db,all.csv} .
run run "${samples[@]}" "${policies[@]}" --verify=never
status 0
run report -o again.csv
status 0
cmp -s all.csv again.csv || bad 'the second time gave another table'

begin 'the rows come from recordings of some size'
cp "$t_top/table.csv" .
python3 - table.csv <<'EOF' || bad 'a sample is too small to mean anything'
import csv, sys
sys.exit(not all(int(r['events']) > 100000 for r in csv.DictReader(open(sys.argv[1], newline=''))))
EOF

begin 'policies differ where they should'
cp "$t_top/table.csv" .
# Without the LRU nothing can be reclaimed, and reclaim would be none.
differs pages_reclaimed none reclaim
differs huge_got none reclaim
# Only compaction moves pages, and only the gate of threshold keeps it from scanning.
differs pages_migrated reclaim compaction
differs compact_stall compaction threshold
differs kswapd_runs reclaim lumpy

begin 'exchanging parameters changes the table'
mapfile -t huge < <(printf '%s\n' "${samples[@]}" | grep huge)
for threshold in 0 1000; do
	run run "${huge[@]}" -p "threshold:extfrag_threshold=$threshold" --verify=never -d "$threshold.db"
	status 0
	run report -d "$threshold.db" -o "$threshold.csv"
	status 0
	pick "$threshold.csv" | sed "s/extfrag_threshold=$threshold/extfrag_threshold=X/" >"$threshold.picked"
done
! cmp -s 0.picked 1000.picked || bad 'thresholds 0 and 1000 give the same table'

finish
