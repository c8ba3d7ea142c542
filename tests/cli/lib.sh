# SPDX-License-Identifier: GPL-2.0-only
# For tests of the command line, in bash. They print TAP. A test file looks like this:
#
#	. "$ZR_SRCDIR/tests/cli/lib.sh"
#	begin 'an unknown command is refused'
#	run verfiy
#	status 2
#	out_empty
#	err_has 'did you mean "verify"'
#	finish
#
# Every `begin` opens one test in a fresh empty directory and closes the one before; all checks up to the next `begin`
# belong to it. Without a call of `status` each `run` must end with 0.
#
# ZR_REWRITE=1 writes the golden files anew instead of comparing (then look at git diff).
# ZR_KEEP=1 keeps the scratch directories and says where they are.

: "${ZONEREPLAY:?run me through make check}" "${ZR_SRCDIR:?run me through make check}"
export LC_ALL=C

t_number=0 t_failed=0 t_name='' t_bad=0 t_status=0 t_checked=1
t_top=$(mktemp -d "${TMPDIR:-/tmp}/zonereplay-test-XXXXXX") || exit 99
t_golden="$ZR_SRCDIR/tests/cli/golden"

t_cleanup() {
	cd / || return
	if [ -n "${ZR_KEEP:-}" ]; then
		echo "# scratch kept in $t_top"
	else
		rm -rf "$t_top"
	fi
}
trap t_cleanup EXIT

# bad TEXT...: the open test fails, and why.
bad() {
	t_bad=1
	echo "# $*"
}

t_show() {
	echo "#   command: $t_command"
	sed 's/^/#   stderr: /' "$t_top/err" | head -n 20
	sed 's/^/#   stdout: /' "$t_top/out" | head -n 20
}

t_close() {
	[ -n "$t_name" ] || return 0
	[ $t_checked -eq 1 ] || status 0
	if [ $t_bad -eq 0 ]; then
		echo "ok $t_number - $t_name"
	else
		echo "not ok $t_number - $t_name"
		t_failed=$((t_failed + 1))
	fi
	t_name=''
}

begin() {
	t_close
	t_number=$((t_number + 1)) t_name=$1 t_bad=0 t_checked=1
	mkdir "$t_top/$t_number" && cd "$t_top/$t_number" || exit 99
}

# skip WHY: the open test is not possible here.
skip() {
	echo "ok $t_number - $t_name # SKIP $*"
	t_name=''
}

# run ARGUMENT...: zonereplay with these. The output is in $t_top/out and $t_top/err.
run() {
	run_any "$ZONEREPLAY" "$@"
}

# run_any COMMAND ARGUMENT...: any program in the same way.
run_any() {
	[ $t_checked -eq 1 ] || status 0
	t_command=$*
	"$@" >"$t_top/out" 2>"$t_top/err" </dev/null
	t_status=$?
	t_checked=0
	if grep -q 'Sanitizer\|runtime error:' "$t_top/err"; then
		bad 'a sanitizer has something to say'
		t_show
	fi
}

# status N: the last command ended with it.
status() {
	t_checked=1
	if [ "$t_status" -ne "$1" ]; then
		bad "exit status $t_status, expected $1"
		t_show
	fi
}

out_has() { grep -qF -- "$1" "$t_top/out" || { bad "stdout lacks: $1"; t_show; }; }
out_lacks() { ! grep -qF -- "$1" "$t_top/out" || { bad "stdout has: $1"; t_show; }; }
err_has() { grep -qF -- "$1" "$t_top/err" || { bad "stderr lacks: $1"; t_show; }; }
out_empty() { [ ! -s "$t_top/out" ] || { bad 'stdout is not empty'; t_show; }; }
err_empty() { [ ! -s "$t_top/err" ] || { bad 'stderr is not empty'; t_show; }; }
# One sentence, which names the program and so is meant for a person.
err_one_line() {
	[ "$(wc -l <"$t_top/err")" -eq 1 ] && grep -q '^zonereplay' "$t_top/err" ||
		{ bad 'stderr is not one sentence'; t_show; }
}
# What a bad question must look like; the arguments must all be in the sentence.
refused() {
	status 2
	out_empty
	err_one_line
	for t_word; do err_has "$t_word"; done
}
# The scratch directory holds exactly these names.
only_files() {
	t_have=$(ls -A | tr '\n' ' ')
	t_want=$(printf '%s\n' "$@" | LC_ALL=C sort | tr '\n' ' ')
	[ "${t_have# }" = "${t_want# }" ] || bad "files here: $t_have; expected: $t_want"
}
# out_is NAME: stdout equals tests/cli/golden/NAME.
out_is() {
	file_is "$1" "$t_top/out"
}
# file_is NAME FILE
file_is() {
	if [ -n "${ZR_REWRITE:-}" ]; then
		mkdir -p "$t_golden" && cp "$2" "$t_golden/$1"
		return
	fi
	diff -u "$t_golden/$1" "$2" >"$t_top/diff" 2>&1 || {
		bad "differs from tests/cli/golden/$1 (ZR_REWRITE=1 writes it anew)"
		sed 's/^/#   /' "$t_top/diff" | head -n 60
	}
}
# json_has EXPRESSION: stdout is JSON and the Python expression on it, called j, is true.
json_has() {
	t_err=$(python3 -c 'import json, sys
j = json.load(open(sys.argv[1]))
sys.exit(0 if eval(sys.argv[2]) else "not true")' "$t_top/out" "$1" 2>&1) ||
		{ bad "JSON: $1: ${t_err##*$'\n'}"; t_show; }
}

finish() {
	t_close
	echo "1..$t_number"
	[ $t_failed -eq 0 ]
	exit
}
