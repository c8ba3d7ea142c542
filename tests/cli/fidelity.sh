# SPDX-License-Identifier: GPL-2.0-only
# src/mm/FIDELITY.md says of every behaviour and every era how faithful the model is.
. "$ZR_SRCDIR/tests/cli/lib.sh"

eras=$(sed -n 's/^\t\t\.name = "\(.*\)",$/\1/p' "$ZR_SRCDIR/src/mm/era.c")

# check FILE: says what is wrong with the tables whose first column is called "behaviour".
check() {
	awk -F'|' -v eras="$eras" '
	function trim(s) { gsub(/^ +| +$/, "", s); return s }
	BEGIN { nr_eras = split(eras, era, "\n") }
	!/^\|/ { table = 0; next }
	trim($2) == "behaviour" {
		table = 1; tables++; columns = NF
		delete column
		for (i = 3; i < NF - 1; i++)
			column[trim($i)] = i
		for (e = 1; e <= nr_eras; e++)
			if (!(era[e] in column))
				print FILENAME ":" FNR ": no column for era " era[e]
		for (name in column) {
			known = 0
			for (e = 1; e <= nr_eras; e++)
				known = known || era[e] == name
			if (!known)
				print FILENAME ":" FNR ": no era is called " name
		}
		next
	}
	!table || /^\|[-|]+$/ { next }
	{
		rows++
		if (NF != columns)
			print FILENAME ":" FNR ": " NF - 2 " cells, " columns - 2 " columns"
		weak = 0
		for (name in column) {
			cell = trim($column[name])
			if (cell !~ /^(exact|approx|none|-)$/)
				print FILENAME ":" FNR ": \"" cell "\" under " name
			weak = weak || cell == "approx" || cell == "none"
		}
		if (weak && trim($(NF - 1)) == "")
			print FILENAME ":" FNR ": neither exact nor explained"
	}
	END { if (rows < 40) print FILENAME ": only " rows + 0 " rows in " tables + 0 " tables" }
	' "$1"
}

begin 'every era has a column and every row a cell'
[ -n "$eras" ] || bad 'no era found in src/mm/era.c'
found=$(check "$ZR_SRCDIR/src/mm/FIDELITY.md")
[ -z "$found" ] || bad "$found"

# The check itself must be able to fail.
sed '1,/^| behaviour/s/ 6\.1\.104 |//' "$ZR_SRCDIR/src/mm/FIDELITY.md" >"$t_top/lacks-an-era.md"
sed 's/^\(| batch.*| exact | exact |\) exact |/\1 sure |/' "$ZR_SRCDIR/src/mm/FIDELITY.md" >"$t_top/unknown-word.md"
sed 's/^\(| node reclaim .* none |\).*/\1 |/' "$ZR_SRCDIR/src/mm/FIDELITY.md" >"$t_top/unexplained.md"
for broken in lacks-an-era unknown-word unexplained; do
	begin "the check notices: $broken"
	cmp -s "$t_top/$broken.md" "$ZR_SRCDIR/src/mm/FIDELITY.md" && bad 'the file was not broken'
	[ -n "$(check "$t_top/$broken.md")" ] || bad 'nothing was noticed'
done
finish
