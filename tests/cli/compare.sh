# SPDX-License-Identifier: GPL-2.0-only
# compare: two settings over the samples.
. "$ZR_SRCDIR/tests/cli/lib.sh"

"$ZONEREPLAY" run "$ZR_SRCDIR"/traces/samples/*-6.1 -p none -p reclaim -p compaction \
	-p threshold:extfrag_threshold=900 --verify=never -d "$t_top/r.db" >/dev/null || exit 99

begin 'words, marks and the number of captures'
run compare -d "$t_top/r.db" none compaction
status 0
err_empty
out_has 'compaction:mode='
out_has 'against none'
out_has 'Huge pages obtained'
out_has 'approximate LRU'

begin 'a setting may leave out what is not ambiguous'
run compare -d "$t_top/r.db" none threshold
out_has 'extfrag_threshold=900'
run compare -d "$t_top/r.db" recorded threshold:extfrag_threshold=900
out_has 'against recorded'

begin 'CSV and JSON'
run compare -d "$t_top/r.db" none reclaim --csv
out_has 'figure,better,captures,mean_a'
run compare -d "$t_top/r.db" none reclaim --json
json_has 'j["a"] == "none" and j["captures"] >= 2'
json_has '{"huge_got", "pages_reclaimed"} <= {f["figure"] for f in j["figures"]}'

begin 'the same question twice has the same answer'
run compare -d "$t_top/r.db" none reclaim --json
cp "$t_top/out" a
run compare -d "$t_top/r.db" none reclaim --json
cmp -s a "$t_top/out" || bad 'they differ'

begin '--fail-if: 1 when it holds, 0 when not, and the answer is printed in both cases'
run compare -d "$t_top/r.db" none reclaim --fail-if 'success>0'
status 1
err_has 'success>0'
out_has 'Huge pages obtained'
run compare -d "$t_top/r.db" none reclaim --fail-if 'success<-2%' --fail-if 'huge_got<0'
status 0
err_empty
run compare -d "$t_top/r.db" none reclaim --fail-if 'success<-2%' --fail-if 'pages_reclaimed<-10%'
status 1

begin 'the model error is what the exam against real kernels came to'
error=$("$ZR_SRCDIR/traces/lab/exam" --score --results "$ZR_SRCDIR/traces/lab/exam-unseen" |
	sed -n 's/^predicted changes of success: \([0-9]*\), off by \([0-9.]*\) .*, \([0-9.]*\) at most$/\1, \2, \3/p')
[ -n "$error" ] || bad 'the exam says nothing'
run compare -d "$t_top/r.db" none reclaim --json
json_has "[j['exam'][k] for k in ('changes', 'points_median', 'points_most')] == [$error]"

begin 'bad questions'
run compare -d "$t_top/r.db" none
refused 'which two'
run compare -d "$t_top/r.db" none reclaim lumpy
refused '"lumpy"'
run compare -d "$t_top/r.db" none lumpy
refused 'lumpy' 'r.db' 'reclaim:rounds='
run compare -d "$t_top/r.db" none none
refused 'same setting'
run compare -d "$t_top/r.db" none reclaim --fail-if 'nonsense<1'
refused 'nonsense' '--fail-if'
run compare -d "$t_top/r.db" none reclaim --margin=-1
refused '--margin' '-1'
run compare -d "$t_top/r.db" none reclaim --era=9
refused '9'
run compare none reclaim
refused 'zonereplay.db'
only_files

begin 'low fidelity is refused, unless told'
cp "$t_top/r.db" .
python3 -c 'import sqlite3; c = sqlite3.connect("r.db"); c.execute("UPDATE captures SET fidelity = 97.5"); c.commit()'
run compare -d r.db none reclaim
refused '97.50 %' '--any-fidelity'
run compare -d r.db none reclaim --any-fidelity
out_has 'below the fidelity floor'

finish
