# SPDX-License-Identifier: GPL-2.0-only
# Makes a table of texts, as C, of the preset files.
BEGIN {
	print "/* Made by policies/presets.awk. */"
	print "#include \"policy/policy.h\"\n"
	print "const struct policy_preset policy_presets[] = {"
}
FNR == 1 {
	name = FILENAME
	sub(/.*\//, "", name)
	sub(/\.ini$/, "", name)
	printf "%s\t{\"%s\",\n", (NR > 1 ? "\t},\n" : ""), name
}
{
	gsub(/\\/, "\\\\")
	gsub(/"/, "\\\"")
	printf "\t \"%s\\n\"\n", $0
}
END {
	print "\t},\n\t{NULL, NULL},\n};"
}
