# SPDX-License-Identifier: GPL-2.0-only
# How exact the model is on the shipped samples: what README says, and that a share can be asked for.
. "$ZR_SRCDIR/tests/cli/lib.sh"

samples="$ZR_SRCDIR/traces/samples"

begin 'verify: the table of README'
run verify --table "$samples"/*/
status 0
rows=0
while read -r row; do
	case $row in '| capture '* | '|---'*) continue ;; esac
	rows=$((rows + 1))
	grep -qxF "$row" "$ZR_SRCDIR/README.md" || bad "not in README.md: $row"
done <"$t_top/out"
[ "$rows" = "$(printf '%s\n' "$samples"/*/ | wc -l)" ] || bad "$rows rows"

begin 'verify: every frame of real kernels 5.10, 6.1 and 6.12, and an equal end'
for name in churn-5.10 churn-6.1 churn-6.12 hugealloc-6.1; do
	run verify --json "$samples/$name"
	json_has 'j[0]["zone_allocs"] == j[0]["zone_allocs_exact"] > 0 and j[0]["page_allocs"] == j[0]["page_allocs_exact"] > 0'
	json_has 'j[0]["refills"] == j[0]["refills_exact"] and j[0]["drains"] == j[0]["drains_exact"]'
	json_has 'j[0]["migrations_refuted"] == 0 and j[0]["resyncs"] == 0 and j[0]["end_snapshot"] == "equal"'
done
json_has 'j[0]["migrations_confirmed"] == 6713' # pgmigrate_success of the machine itself: proc-end/vmstat

begin 'verify: a share that is asked for'
run verify --require=100 "$samples/churn-6.1"
status 0
run verify --require=99 "$samples/hugealloc-6.1-i386"
status 1
run verify --require=101 "$samples/churn-6.1"
refused '101'

finish
