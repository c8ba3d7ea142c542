# SPDX-License-Identifier: GPL-2.0-only
# The exam's table, from results made up here.
. "$ZR_SRCDIR/tests/cli/lib.sh"
exam=$ZR_SRCDIR/traces/lab/exam

# Two settings beside the recordings' own; three real runs of each; 40 huge pages wanted, so a quarter of the attempts is 10.
results() { # DIR PREDICTED LOW HIGH: of setting "low"; "high" stays as recorded
	mkdir -p "$1"
	{
		echo workload,setting,run,huge,reclaimed,migrated
		echo w,default,1,9,0,0
		echo w,default,2,10,0,0
		echo w,default,3,11,0,0
		echo w,low,1,2,0,0
		echo w,low,2,3,0,0
		echo w,low,3,4,0,0
		echo w,wide,1,1,0,0
		echo w,wide,2,10,0,0
		echo w,wide,3,12,0,0
	} > "$1/real.csv"
	{
		echo workload,recording,setting,wanted,huge,huge_low,huge_high,huge_recorded
		echo w,1,default,40,10,9,11,10
		echo "w,1,low,40,$2,$3,$4,10"
		echo w,1,wide,40,10,9,11,10
	} > "$1/predicted.csv"
}

begin 'a hit that naive misses; a cell whose real runs are too far apart does not count; the order is right'
results r 3 2 5
run_any "$exam" --score --results r
out_has '| w | low | 3 [2..5] | 10 | 3 | 2 | 3 | 4 | hit | hit | miss |'
out_has '| excluded | excluded | excluded |'
out_has 'cells: 2, excluded (real range above 25 % of the attempts): 1'
out_has 'hit: 1 of 1; range hit: 1; naive hit: 0'
out_has 'of the cells that naive misses, hit: 1 of 1'
out_has 'in the right order: 1 of 1'
err_empty

begin 'a prediction outside the real range is a miss, and the wrong way round is said'
results r 12 11 13
run_any "$exam" --score --results r
out_has '| miss | miss | miss |'
out_has 'of the cells that naive misses, hit: 0 of 1'
out_has 'in the right order: 0 of 1'
out_has 'order wrong: w, default against low'

begin 'a range as wide as everything hits nothing'
results r 3 0 40
run_any "$exam" --score --results r
out_has '| w | low | 3 [0..40] | 10 | 3 | 2 | 3 | 4 | hit | miss | miss |'
out_has 'range hit: 0'

begin 'without the scenarios, whose ranges then are single values, the result is another'
results r 4 2 5
run_any "$exam" --score --results r
out_has 'range hit: 1'
results r 4 4 4
run_any "$exam" --score --results r
out_has 'range hit: 0'

begin 'the results in the repository give the table of its README'
run_any "$exam" --score
cp "$t_top/out" table
grep '^| [a-z]' table > rows
[ -s rows ] || bad 'the table has no rows'
while read -r row; do
	grep -qF "$row" "$ZR_SRCDIR/src/replay/README.md" || bad "not in src/replay/README.md: $row"
done < rows

# Three runs reclaimed 100, 125 and 109 pages: of the six ways to tell one by another, two are within a tenth.
begin 'runs from one machine: how well one of them tells another, and how well the model does'
mkdir drift
{
	echo workload,setting,run,huge,reclaimed,migrated,scanned
	echo w,default,1,10,100,0,7
	echo w,default,2,10,125,0,7
	echo w,other,1,99,999,9,9
} > drift/real.csv
{
	echo workload,recording,setting,wanted,huge,huge_low,huge_high,huge_recorded,reclaimed,reclaimed_recorded,migrated,migrated_recorded,scanned,scanned_recorded
	echo w,1,default,40,10,9,11,10,100,109,0,0,9,7
	echo w,1,other,40,10,9,11,10,1,1,1,1,1,1
} > drift/predicted.csv
echo 'kernel 6.1' > plan
echo 'workload w --save --memory 64' >> plan
run_any "$exam" --score --plan plan --results drift
status 0
out_has '| w | reclaimed | 109 [100..125] | 33 % | 100 % |'
out_has '| w | scanned | 7 [7..7] | 100 % | 0 % |'
out_has '| w | all four | 3 runs | 33 % | 0 % |'
out_has '| w | other | 1, 999 [999..999] | 1, 9 [9..9] | 1, 9 [9..9] |'
sed -i 's/ --save//' plan
run_any "$exam" --score --plan plan --results drift
! grep -q 'all four' "$t_top/out" || bad 'runs that have nothing in common are compared'

begin 'without results it says what to do'
mkdir empty
run_any "$exam" --score --results empty
status 2
err_has 'run the exam without --score'

finish
