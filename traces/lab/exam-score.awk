# SPDX-License-Identifier: GPL-2.0-only
# The exam's table. Input: real.csv, then predicted.csv (traces/lab/exam says what is in them).
#
# A cell is a workload under a setting that is not the recordings'. Its prediction is the median over the recordings of the
# central values; its range reaches from the lowest to the highest value of any scenario and recording. A cell is hit if the
# median lies inside the real runs' range; a range is hit if it holds the real median and is no wider than a quarter of the
# attempts. Cells whose real range is wider than that do not count. "Naive" says: as recorded.

function sort_values(a, n,    i, j, x) {
	for (i = 2; i <= n; i++) {
		x = a[i]
		for (j = i - 1; j >= 1 && a[j] > x; j--)
			a[j + 1] = a[j]
		a[j + 1] = x
	}
}

# Median, least and greatest of the space separated numbers in @text go to m["mid"], m["min"], m["max"].
function summarise(text, m,    a, n, i) {
	n = split(text, a, " ")
	for (i = 1; i <= n; i++)
		a[i] += 0
	sort_values(a, n)
	m["min"] = a[1]
	m["max"] = a[n]
	m["mid"] = n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
	return n
}

function inside(x, m) {
	return x >= m["min"] && x <= m["max"]
}

# One of the figures beside success in a cell: the model's median, then the real runs' median and range; "=" where the model's
# lies inside that range or is within a tenth of their median.
function figure(name, key,    real, mid, near, good) {
	if (!((name, key) in got_of) || !((name, key) in central_of))
		return " - |"
	summarise(got_of[name, key], real)
	summarise(central_of[name, key], mid)
	near["min"] = 0.9 * real["mid"]
	near["max"] = 1.1 * real["mid"]
	good = inside(mid["mid"], real) || inside(mid["mid"], near)
	figures++
	good_figures += good
	return sprintf(" %g, %g [%g..%g]%s |", mid["mid"], real["mid"], real["min"], real["max"], good ? " =" : "")
}

function figures_of(w,    i, n, key, line) {
	for (i = 1; i <= nr_settings; i++) {
		key = w SUBSEP settings[i]
		if (!((key) in got) || !((key) in central))
			continue
		line = "| " w " | " settings[i] " |"
		for (n = 1; n <= nr_beside; n++)
			line = line figure(beside[n], key)
		print line
	}
}

function verdict(good) {
	return good ? "hit" : "miss"
}

# How far the predicted change against the recordings' setting is from the real one, in points of the success rate.
function note_error(w, key,    base, x) {
	base = w SUBSEP first
	if (!(base in real_mid))
		return
	x = 100 * (predicted[key] - predicted[base] - real_mid[key] + real_mid[base]) / wanted[w]
	errors = errors " " (x < 0 ? -x : x)
}

function cell(w, s,    key, real, mid, low, high, naive, limit, n, width, excluded, naive_hit, median_hit, range_hit) {
	key = w SUBSEP s
	if (!((key) in got) || !((key) in central))
		return
	n = summarise(got[key], real)
	summarise(central[key], mid)
	summarise(lows[key], low)
	summarise(highs[key], high)
	summarise(recorded[key], naive)
	limit = wanted[w] / 4
	width = high["max"] - low["min"]
	excluded = real["max"] - real["min"] > limit
	naive_hit = inside(naive["mid"], real)
	median_hit = inside(mid["mid"], real)
	range_hit = width <= limit && real["mid"] >= low["min"] && real["mid"] <= high["max"]
	printf "| %s | %s | %g [%g..%g] | %g | %d | %g | %g | %g | %s | %s | %s |\n", w, s, mid["mid"], low["min"], high["max"], \
		naive["mid"], n, real["min"], real["mid"], real["max"], \
		excluded ? "excluded" : verdict(median_hit), excluded ? "excluded" : verdict(range_hit), \
		excluded ? "excluded" : verdict(naive_hit)
	real_min[key] = real["min"]
	real_max[key] = real["max"]
	predicted[key] = mid["mid"]
	real_mid[key] = real["mid"]
	if (s == first)
		return # nothing was predicted: these are the recordings' own conditions
	cells++
	if (excluded) {
		excluded_cells++
		return
	}
	note_error(w, key)
	hits += median_hit
	range_hits += range_hit
	naive_hits += naive_hit
	if (!naive_hit) {
		naive_misses++
		gained += median_hit
	}
}

# Settings that the real runs separate must be predicted in their order.
function order_of(w,    i, j, a, b, sign) {
	for (i = 1; i <= nr_settings; i++) {
		for (j = i + 1; j <= nr_settings; j++) {
			a = w SUBSEP settings[i]
			b = w SUBSEP settings[j]
			if (!((a) in predicted) || !((b) in predicted))
				continue
			sign = real_max[a] < real_min[b] ? 1 : real_max[b] < real_min[a] ? -1 : 0
			if (!sign)
				continue
			pairs++
			if ((predicted[b] - predicted[a]) * sign > 0)
				ordered++
			else
				wrong = wrong sprintf("order wrong: %s, %s against %s\n", w, settings[i], settings[j])
		}
	}
}

BEGIN {
	FS = ","
	nr_beside = split("reclaimed migrated scanned", beside, " ")
}

FNR == 1 {
	file++
	delete column
	for (i = 1; i <= NF; i++)
		column[$i] = i
	next
}

file == 1 {
	key = $column["workload"] SUBSEP $column["setting"]
	got[key] = got[key] " " $column["huge"]
	for (n = 1; n <= nr_beside; n++)
		if (beside[n] in column)
			got_of[beside[n], key] = got_of[beside[n], key] " " $column[beside[n]]
}

file == 2 {
	w = $column["workload"]
	s = $column["setting"]
	if (!(s in seen_setting)) {
		seen_setting[s] = 1
		settings[++nr_settings] = s
		if (nr_settings == 1)
			first = s
	}
	if (!(w in wanted))
		workloads[++nr_workloads] = w
	if (!(w in wanted) || $column["wanted"] > wanted[w])
		wanted[w] = $column["wanted"]
	key = w SUBSEP s
	central[key] = central[key] " " $column["huge"]
	for (n = 1; n <= nr_beside; n++)
		if (beside[n] in column)
			central_of[beside[n], key] = central_of[beside[n], key] " " $column[beside[n]]
	lows[key] = lows[key] " " $column["huge_low"]
	highs[key] = highs[key] " " $column["huge_high"]
	recorded[key] = recorded[key] " " $column["huge_recorded"]
}

END {
	print "| workload | setting | predicted [range] | naive | runs | real min | median | max | predicted | range | naive |"
	print "|---|---|---|---|---|---|---|---|---|---|---|"
	for (i = 1; i <= nr_workloads; i++) {
		for (j = 1; j <= nr_settings; j++)
			cell(workloads[i], settings[j])
		order_of(workloads[i])
	}
	print ""
	for (i = 1; i <= nr_workloads; i++)
		printf "%s: %d huge pages wanted\n", workloads[i], wanted[workloads[i]]
	printf "cells: %d, excluded (real range above 25 %% of the attempts): %d\n", cells, excluded_cells
	printf "hit: %d of %d; range hit: %d; naive hit: %d\n", hits, cells - excluded_cells, range_hits, naive_hits
	printf "of the cells that naive misses, hit: %d of %d\n", gained, naive_misses
	summarise(errors, off)
	printf "predicted changes of success: %d, off by %.1f points in the median, %.1f at most\n", cells - excluded_cells, off["mid"], off["max"]
	printf "pairs of settings that real runs separate, in the right order: %d of %d\n", ordered, pairs
	printf "%s", wrong
	print "\n| workload | setting | reclaimed: model, real [range] | migrated | scanned by compaction |"
	print "|---|---|---|---|---|"
	for (i = 1; i <= nr_workloads; i++)
		figures_of(workloads[i])
	printf "\nfigures of the model inside the real range or within 10 %% of its median: %d of %d\n", good_figures, figures
}
