# SPDX-License-Identifier: GPL-2.0-only
# Bad input: one sentence that names the file and the remedy, exit status 2, nothing half written.
. "$ZR_SRCDIR/tests/cli/lib.sh"

sample=$(find "$ZR_SRCDIR/traces/samples" -name trace.dat -size -4M 2>/dev/null | sort | head -n 1)
sample=${sample%/trace.dat}
commands=$("$ZONEREPLAY" --help | sed -n 's/^  \([a-z]*\) .*/\1/p' | tr '\n' ' ')

# ask COMMAND CAPTURE: the command in its plainest form, what it writes is called "out".
ask() {
	case $1 in
	run) run run "$2" -p none -d out ;;
	export) run export "$2" -o out ;;
	import) run import "$2" -o out ;;
	*) run "$1" "$2" ;;
	esac
}

# every WHAT NAME: each command that reads a capture refuses ./NAME, and leaves nothing behind.
# prepare() makes the bad capture.
every() {
	for command in info verify run export import; do
		case " $commands" in
		*" $command "*) ;;
		*) continue ;;
		esac
		begin "$command: $1"
		prepare
		ls -A >"$t_top/before"
		ask "$command" "$2"
		refused "$2"
		ls -A | cmp -s "$t_top/before" - || bad "left behind: $(ls -A | diff "$t_top/before" - | tr '\n' ' ')"
	done
}

prepare() { :; }
every 'a capture that is not there' nowhere

prepare() { mkdir hollow; }
every 'a directory with nothing in it' hollow

prepare() { mkdir c && : >c/trace.dat; }
every 'an empty trace.dat' c

prepare() { mkdir c && echo 'this is no trace' >c/trace.dat; }
every 'a text called trace.dat' c

prepare() { mkdir c && printf '\377\330\377\340\0\020JFIF\0\1\1' >c/trace.dat; }
every 'a picture called trace.dat' c

prepare() { mkdir c && printf '\027\010\104tracing6\0\0\0\010\0\020\0\0' >c/trace.dat; }
every 'a trace.dat that ends in its header' c

prepare() { mkdir c && : >c/events.csv; }
every 'an empty events.csv' c

prepare() { mkdir c && printf 'name,age\nanna,7\n' >c/events.csv; }
every 'a CSV file of something else' c

prepare() { mkdir c && head -c 20000 /dev/zero >c/events.csv; }
every 'zeros called events.csv' c

if [ -n "$sample" ]; then
	size=$(stat -c %s "$sample/trace.dat")

	begin 'info: the sample itself is fine'
	case " $commands" in
	*' info '*) run info "$sample" ;;
	*) skip 'no such command yet' ;;
	esac

	for part in 100 5000 $((size / 2)); do
		prepare() {
			cp -r "$sample" c && chmod -R u+w c
			head -c "$part" "$sample/trace.dat" >c/trace.dat
		}
		every "a trace.dat cut after $part bytes" c
	done

	prepare() {
		cp -r "$sample" c && chmod -R u+w c
		echo '=== this is no INI file' >c/manifest
	}
	every 'a manifest that is none' c

	prepare() {
		cp -r "$sample" c && chmod -R u+w c
		head -c 1000 "$sample/start.snap" >c/start.snap
	}
	[ ! -f "$sample/start.snap" ] || every 'a start.snap that was cut' c
fi

case " $commands" in *' run '*) have_run=1 ;; *) have_run= ;; esac
if [ -z "$have_run" ] || [ -z "$sample" ]; then
	begin 'run: policies and databases'
	skip 'no sample or no run yet'
	finish
fi

# refuses WHAT WORD... -- ARGUMENT...: run refuses these arguments, with these words.
refuses() {
	begin "run: $1"
	shift
	words=()
	while [ "$1" != -- ]; do
		words+=("$1")
		shift
	done
	shift
	prepare
	ls -A >"$t_top/before"
	run run "$sample" "$@"
	refused "${words[@]}"
	ls -A | cmp -s "$t_top/before" - || bad "left behind: $(ls -A | diff "$t_top/before" - | tr '\n' ' ')"
}

prepare() { :; }
refuses 'an unknown policy' '"treshold"' '"threshold"' -- -p treshold -d out
refuses 'an unknown policy after a good one' '"xyzzy"' -- -p none -p xyzzy -d out
refuses 'an unknown parameter' 'threshold' '"extfrag"' '"extfrag_threshold"' -- -p threshold:extfrag=1 -d out
refuses 'a parameter out of range' 'extfrag_threshold=1001' '0 to 1000' -- -p threshold:extfrag_threshold=1001 -d out
refuses 'a parameter that is no number' 'extfrag_threshold=many' -- -p threshold:extfrag_threshold=many -d out
refuses 'a policy file that is not there' './none.so' -- -p ./none.so -d out
refuses 'no policy' 'zonereplay policies' -- -d out
refuses 'a database in a directory that is not there' 'nowhere/x.db' -- -p none -d nowhere/x.db
refuses 'a second capture that is not there' 'nowhere' -- nowhere -p none -d out

prepare() { mkdir x.db; }
refuses 'a database that is a directory' 'x.db' -- -p none -d x.db

begin 'run: a database that is something else stays as it is'
echo 'my diary, not to be touched by any program' >diary
cp diary before
run run "$sample" -p none -d diary
refused diary
cmp -s diary before || bad 'it was changed'
only_files before diary

begin 'run: a database on a full disk'
run run "$sample" -p none -d /dev/full
refused /dev/full

finish
