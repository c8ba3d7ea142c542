# SPDX-License-Identifier: GPL-2.0-only
# What holds for every command: help, unknown words, exit status, where output goes.
. "$ZR_SRCDIR/tests/cli/lib.sh"

begin 'no command: the list on stderr'
run
status 2
out_empty
err_has 'Usage: zonereplay COMMAND'

begin '--help lists the commands on stdout'
run --help
err_empty
out_has '  version '
commands=$(sed -n 's/^  \([a-z]*\) .*/\1/p' "$t_top/out")
[ -n "$commands" ] || bad 'no commands'

for command in $commands; do
	begin "$command --help"
	run "$command" --help
	err_empty
	out_has "Usage: zonereplay $command"
	begin "$command refuses an unknown option and names the nearest"
	run "$command" --hlep
	refused "zonereplay $command:" 'unknown option --hlep' 'did you mean --help'
	begin "$command refuses an option unlike any other"
	run "$command" --xyzzyxyzzy=3
	refused 'unknown option --xyzzyxyzzy' "zonereplay $command --help"
	only_files
done

begin 'an unknown command is refused and the nearest is named'
run versoin
refused 'unknown command "versoin"' 'did you mean "version"'

begin 'a command unlike any other'
run xyzzyxyzzy
refused '"xyzzyxyzzy"' 'zonereplay --help'

begin '--version and version agree'
run --version
cp "$t_top/out" a
run version
cmp -s a "$t_top/out" || bad 'they differ'
out_has 'zonereplay 0.'

begin 'version --json is JSON'
run version --json
json_has 'j["version"].startswith("0.")'

begin 'the beginning of an option is enough'
run version --js
json_has 'j["version"]'

begin 'what follows -- is no option'
run version -- --jsonn
refused 'takes no arguments' '"--jsonn"'

begin 'the value of an option may look like one'
run run nowhere -p --xyzzy
refused 'nowhere: '
run run nowhere --policy --xyzzy
refused 'nowhere: '
run run nowhere --policy=none --databaze=x
refused 'unknown option --databaze' '--database'

begin 'options of argp are there under every command'
run version --usage
out_has 'zonereplay version'
run version -q
status 2
out_empty

begin 'version takes no arguments'
run version now
refused '"now"'

begin 'an answer that cannot be written is a failure'
"$ZONEREPLAY" version >/dev/full 2>err
[ $? -eq 2 ] || bad 'exit status'
grep -q 'standard output' err || bad "said: $(cat err)"

finish
