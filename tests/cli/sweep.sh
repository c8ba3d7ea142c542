# SPDX-License-Identifier: GPL-2.0-only
# sweep: plans, workers, shards, and going on after every kind of death.
. "$ZR_SRCDIR/tests/cli/lib.sh"

samples="$ZR_SRCDIR/traces/samples"

dump() {
	python3 "$ZR_SRCDIR/tests/cli/dump.py" "$1"
}

same_results() {
	dump "$1" >"$1.dump"
	dump "$2" >"$2.dump"
	cmp -s "$1.dump" "$2.dump" || {
		bad "$1 and $2 differ"
		diff "$1.dump" "$2.dump" | head -n 5 | cut -c1-200 | sed 's/^/#   /'
	}
}

write_plan() {
	cat >s.ini <<EOF
; two captures, nine cells each with what was recorded
[sweep]
capture = $samples/churn-6.1
capture = $samples/huge*-6.1
[none]
[threshold]
extfrag_threshold = 0..1000/250, 900
[reclaim]
EOF
}

# The same by hand.
by_hand() {
	local thresholds=() t
	for t in 0 250 500 750 1000 900; do
		thresholds+=(-p "threshold:extfrag_threshold=$t")
	done
	"$ZONEREPLAY" run "$samples/churn-6.1" "$samples"/huge*-6.1 -p none "${thresholds[@]}" -p reclaim \
		-d "$1" >/dev/null || bad 'the run by hand failed'
}

begin 'planned, run and merged: the same as run by hand'
write_plan
run sweep plan s.ini
status 0
out_has '18 cells planned'
run sweep run s.sweep -j 2
status 0
out_has '18 cells done'
run sweep status s.sweep --json
json_has 'j["cells"] == j["done"] == 18 and j["failed"] == 0'
run sweep merge s.sweep -d merged.db
status 0
by_hand hand.db
same_results merged.db hand.db
cp hand.db "$t_top"

begin 'once more does nothing, and merging twice changes nothing'
write_plan
run sweep plan s.ini -o d
run sweep run d
run sweep run d
out_has '0 cells done, 18 were done already'
run sweep merge d
run sweep merge d
cp "$t_top/hand.db" .
same_results zonereplay.db hand.db

begin 'killed in the middle, it goes on where it stopped'
write_plan
run sweep plan s.ini
setsid "$ZONEREPLAY" sweep run s.sweep -j 2 >/dev/null 2>&1 &
pid=$!
for _ in $(seq 200); do
	sleep 0.02
	done_cells=$("$ZONEREPLAY" sweep status s.sweep | cut -d' ' -f1)
	[ "$done_cells" -ge 3 ] && break
done
kill -9 -- "-$pid" 2>/dev/null
wait "$pid" 2>/dev/null
run sweep run s.sweep
status 0
out_lacks ' 0 were done already'
run sweep merge s.sweep -d merged.db
status 0
cp "$t_top/hand.db" .
same_results merged.db hand.db

begin 'cells in shards of their own, as tasks of a cluster do it'
write_plan
run sweep plan s.ini
for task in 2 0 1; do
	run sweep run s.sweep --cells "$((task * 6))-$((task * 6 + 5))" --shard "s.sweep/shards/task-$task.db"
	status 0
	out_has '6 cells done'
done
# A task that ran twice, on a node that was thought dead: its cells are there two times.
mkdir hidden
mv s.sweep/shards/task-1.db hidden/
run sweep run s.sweep --cells 6-11 --shard s.sweep/shards/again.db
mv hidden/task-1.db s.sweep/shards/
run sweep merge s.sweep -d merged.db
status 0
cp "$t_top/hand.db" .
same_results merged.db hand.db

begin 'commands for another scheduler do the same'
write_plan
mkdir "it's here"
run sweep plan s.ini -o "it's here/s"
run sweep submit "it's here/s" --engine=print --cells-per-task 7
status 0
[ "$(wc -l <"$t_top/out")" -eq 3 ] || bad 'not three tasks'
tac "$t_top/out" >commands
sh commands >/dev/null || bad 'a command failed'
run sweep merge "it's here/s" -d merged.db
status 0
cp "$t_top/hand.db" .
same_results merged.db hand.db

begin 'shards that disagree are refused loudly'
write_plan
run sweep plan s.ini
run sweep run s.sweep -j 1
cp s.sweep/shards/0.db s.sweep/shards/other.db
python3 -c 'import sqlite3
c = sqlite3.connect("s.sweep/shards/other.db")
c.execute("UPDATE runs SET pages_migrated = pages_migrated + 1 WHERE policy = \"none\""); c.commit()'
run sweep merge s.sweep -d merged.db
refused 'two different results' 'none'
only_files s.ini s.sweep

begin 'a policy that crashes costs its own cell'
if ! command -v "${CC:-cc}" >/dev/null; then
	skip 'no C compiler'
else
	cat >crash.c <<'EOF'
#include <stdlib.h>
#include "policy/policy.h"
static struct frame crash(struct policy_env *env, const struct mm_request *rq) { abort(); }
const struct policy zonereplay_policy = {.abi = POLICY_ABI, .name = "crash", .summary = "crashes",
	.about = "crashes", .alloc_slow = crash};
EOF
	"${CC:-cc}" -shared -fPIC -I"$ZR_SRCDIR/src" -o crash.so crash.c || bad 'it does not compile'
	write_plan
	printf '[%s/crash.so]\n' "$PWD" >>s.ini
	run sweep plan s.ini
	status 0
	run sweep run s.sweep
	status 1
	out_has '1 failed'
	grep -q 'crash.*the policy crashed' s.sweep/failures.tsv || bad 'failures.tsv does not tell'
	run sweep status s.sweep
	out_has '19 of 20'
	run sweep merge s.sweep -d merged.db
	refused '1 of 20' '--partial'
	run sweep merge s.sweep -d merged.db --partial
	status 0
	out_has '19 cells'
fi

begin 'a window and injections: the same as run by hand'
cat >s.ini <<EOF
[sweep]
capture = $samples/churn-6.1
from = 1s
to = 4500ms
inject = none
inject = 2s:compact_memory 3s:drop_caches
[none]
[kernel]
compaction_proactiveness = 0, 20
EOF
run sweep plan s.ini
out_has '7 cells planned'
run sweep run s.sweep
status 0
run sweep merge s.sweep -d merged.db
status 0
both=(run "$samples/churn-6.1" --from 1 --to 4.5 -p none -p kernel:compaction_proactiveness=0 -p kernel -d hand.db)
"$ZONEREPLAY" "${both[@]}" >/dev/null || bad 'run by hand'
"$ZONEREPLAY" "${both[@]}" --inject 2s:compact_memory --inject 3s:drop_caches >/dev/null || bad 'run by hand'
run_any python3 -c 'import sqlite3
def rows(name):
    c = sqlite3.connect(name)
    return sorted(c.execute("SELECT policy, params, window_from, window_to, injections, huge_got,"
        " pages_reclaimed, pages_migrated, state_hash FROM runs WHERE policy != \"recorded\""))
a, b = rows("merged.db"), rows("hand.db")
assert len(a) == 6 and a == b, (a, b)
assert sum(r[4] != "" for r in a) == 3 and all(r[2] == 1000000000 for r in a), a'

begin 'a policy from outside is what is in its file'
if ! command -v "${CC:-cc}" >/dev/null; then
	skip 'no C compiler'
else
	policy() {
		cat >mine.c <<EOF
#include "policy/policy.h"
static struct frame slow(struct policy_env *env, const struct mm_request *rq) { return FRAME_NONE; }
const struct policy zonereplay_policy = {.abi = POLICY_ABI, .name = "mine", .summary = "$1",
	.about = "mine", .alloc_slow = slow};
EOF
		"${CC:-cc}" -shared -fPIC -I"$ZR_SRCDIR/src" -o mine.so mine.c || bad 'it does not compile'
	}
	policy one
	printf '%s\n' '[sweep]' "capture = $samples/churn-6.1" "[$PWD/mine.so]" >s.ini
	run sweep plan s.ini
	cp mine.so one.so
	policy two
	run sweep run s.sweep
	status 1
	grep -q 'not the one that was planned' s.sweep/failures.tsv || bad 'the other policy was run'
	run sweep plan s.ini
	refused 'another plan'
	run sweep plan s.ini -o two
	cp one.so mine.so
	run sweep run s.sweep
	out_has '1 cells done'
	run sweep merge s.sweep -d merged.db
	status 0
	cut -f1 s.sweep/plan.tsv | grep -v '^#' | sort >one.ids
	cut -f1 two/plan.tsv | grep -v '^#' | sort >two.ids
	[ "$(comm -12 one.ids two.ids | wc -l)" -eq 1 ] || bad 'only the recorded cell should have the same name'
fi

# ---- bad questions ----

begin 'bad sweep files name the line'
bad_file() {
	printf '%b' "$1" >bad.ini
	shift
	run sweep plan bad.ini
	refused bad.ini "$@"
}
head="[sweep]\ncapture = $samples/churn-6.1\n"
bad_file "$head" 'no policy'
bad_file '[none]\n' 'no capture'
bad_file "${head}nonsense\n" 'bad.ini:3'
bad_file "x = 1\n" 'bad.ini:1' 'before the first'
bad_file "[sweep]\ncapture = /no/such/place\n[none]\n" 'bad.ini:2' '/no/such/place'
bad_file "[sweep]\nspeed = 9\n" 'speed'
bad_file "$head[thresold]\nrounds = 3\n" 'did you mean "threshold"'
bad_file "$head[threshold]\nround = 3\n" 'rounds'
bad_file "$head[threshold]\nrounds = 9..3\n" 'bad.ini:4' '9..3'
bad_file "$head[threshold]\nrounds = 1..1000000000\n" 'more than'
bad_file "$head[threshold]\nrounds =\n" 'no value'
bad_file "$head[threshold]\nrounds = 1\nrounds = 2\n" 'bad.ini:5' 'twice'
bad_file "$head[threshold]\nrounds = 1, 1\n" 'twice'
bad_file "$head[none]\n[none 2]\n" 'twice'
bad_file "${head}inject = soon:compact_memory\n[none]\n" 'bad.ini:3' 'soon'
bad_file "${head}from = soon\n[none]\n" 'bad.ini:3' 'soon'
bad_file "${head}from = 5s\nto = 3s\n[none]\n" 'later than'
bad_file "$head[/no/such/policy.so]\n" '/no/such/policy.so'
only_files bad.ini

begin 'bad plans and bad words'
run sweep
refused 'plan, run, submit, status or merge'
run sweep plna x
refused 'plan, run, submit, status or merge'
run sweep run
refused 'directory'
run sweep run nowhere
refused 'nowhere'
run sweep plan nowhere.ini
refused 'nowhere.ini'
mkdir d
echo 'a diary' >d/plan.tsv
run sweep run d
refused 'd/plan.tsv' 'not a sweep plan'
write_plan
run sweep plan s.ini -o d
refused 'another plan'
run sweep plan s.ini
for cells in x 3 5-3 -1; do
	run sweep run s.sweep "--cells=$cells"
	refused '--cells'
done
run sweep run s.sweep -j 0
refused '-j'
run sweep merge s.sweep -d no/such/place.db
refused '18 of 18 cells are not done'
only_files d s.ini s.sweep

finish
