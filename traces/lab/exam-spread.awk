# SPDX-License-Identifier: GPL-2.0-only
# For workloads whose runs all go on from one machine: how well does another run of the real kernel tell what a run comes to, and
# how well does the model? Input: real.csv, then predicted.csv. The runs are those under the recordings' own setting: the real
# ones, and the recordings, each of which the model predicts from the moment on at which the machine was saved.

function within_tenth(a, b) {
	return (a > b ? a - b : b - a) <= b / 10
}

function add_run(w,    n) {
	n = ++runs[w]
	for (f = 1; f <= nr_figures; f++)
		run[w, n, f] = $column[file == 1 ? names[f] : names[f] "_recorded"]
}

function median_of(w, f,    n, i, j, x, a) {
	n = runs[w]
	for (i = 1; i <= n; i++) {
		x = run[w, i, f] + 0
		for (j = i - 1; j >= 1 && a[j] > x; j--)
			a[j + 1] = a[j]
		a[j + 1] = x
	}
	lowest = a[1]
	highest = a[n]
	return n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
}

function percent(part, whole) {
	return whole ? sprintf("%.0f %%", 100 * part / whole) : "-"
}

# Each run told by each other one.
function compare_runs(w,    i, j, near) {
	for (i = 1; i <= runs[w]; i++) {
		for (j = 1; j <= runs[w]; j++) {
			if (i == j)
				continue
			pairs[w]++
			near = 0
			for (f = 1; f <= nr_figures; f++) {
				agreed[w, f] += within_tenth(run[w, i, f], run[w, j, f])
				near += within_tenth(run[w, i, f], run[w, j, f])
			}
			agreed_in_all[w] += near == nr_figures
		}
	}
}

BEGIN {
	FS = ","
	own = "default"
	nr_figures = split("huge reclaimed migrated scanned", names, " ")
}

FNR == 1 {
	file++
	delete column
	for (i = 1; i <= NF; i++)
		column[$i] = i
	next
}

$column["setting"] == own {
	w = $column["workload"]
	if (!(w in runs))
		workloads[++nr_workloads] = w
	add_run(w)
}

file == 2 && $column["setting"] == own {
	predictions[w]++
	near = 0
	for (f = 1; f <= nr_figures; f++) {
		good = within_tenth($column[names[f]], $column[names[f] "_recorded"])
		told[w, f] += good
		near += good
	}
	told_all[w] += near == nr_figures
}

END {
	print "\nunder the recordings' own setting, from the moment at which the machine was saved; within a tenth of what a run came to:"
	print "| workload | figure | real median [range] | another real run | the model |"
	print "|---|---|---|---|---|"
	for (i = 1; i <= nr_workloads; i++) {
		w = workloads[i]
		compare_runs(w)
		for (f = 1; f <= nr_figures; f++) {
			mid = median_of(w, f)
			printf "| %s | %s | %g [%g..%g] | %s | %s |\n", w, names[f], mid, lowest, highest, \
				percent(agreed[w, f], pairs[w]), percent(told[w, f], predictions[w])
		}
		printf "| %s | all four | %d runs | %s | %s |\n", w, runs[w], percent(agreed_in_all[w], pairs[w]), percent(told_all[w], predictions[w])
	}
}
