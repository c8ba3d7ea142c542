# SPDX-License-Identifier: GPL-2.0-only
# zonereplay capture and snapshot on the machine that the tests run on, whatever it lets us see.
. "$ZR_SRCDIR/tests/cli/lib.sh"

can_record() {
	[ "$(id -u)" -eq 0 ] && command -v trace-cmd >/dev/null && { mount -t tracefs nodev /sys/kernel/tracing 2>/dev/null ||
		true; } && [ -d /sys/kernel/tracing/events/kmem/mm_page_alloc ] &&
		mkdir /sys/kernel/tracing/instances/zr-test-$$ 2>/dev/null && rmdir /sys/kernel/tracing/instances/zr-test-$$
}
can_record && recording=yes || recording=no

# needs_recording: skips the open test where nothing can be recorded
needs_recording() {
	[ $recording = yes ] && return
	skip 'nothing can be recorded here'
	return 1
}

begin 'capture wants a directory'
run capture
refused '-o DIR'

begin 'an unknown event set is refused with the nearest name'
run capture -o c --events=ful -- true
refused 'ful' 'did you mean full'

begin 'a number that is none is refused'
run capture -o c --checkpoint=often -- true
refused '--checkpoint' 'often'

begin 'what is there already is not written over'
mkdir there
run capture -o there -- true
refused there
only_files there

begin 'without privileges: one sentence, nothing left'
if ! command -v setpriv >/dev/null || [ "$(id -u)" -ne 0 ]; then
	skip 'no way to drop privileges'
else
	chmod 777 . "$t_top"
	mkdir room && chmod 777 room
	run_any setpriv --reuid=65534 --regid=65534 --clear-groups "$ZONEREPLAY" capture -o room/c -- true
	refused 'record as root'
	[ -z "$(ls room)" ] || bad "left behind: $(ls room)"
fi

begin 'a short command: the capture is whole and can be read'
if needs_recording; then
	run capture -o c --events=core --no-symbols -- true
	out_has '0 lost'
	for f in trace.dat manifest start.snap proc-start/zoneinfo proc-end/vmstat; do
		[ -s "c/$f" ] || bad "$f is not there"
	done
	grep -q '^workload = true' c/manifest || bad 'the manifest does not name the workload'
	for n in /sys/devices/system/node/node[0-9]*; do
		[ ! -r "$n/cpulist" ] || grep -q "^${n##*/}_cpus = $(cat "$n/cpulist")$" c/manifest ||
			bad "the manifest does not say which CPUs ${n##*/} has"
	done
	run info c
	out_has "$(uname -r)"
	# a second without a drain is no reason to call the recording bad
	grep -q 'was not recorded' "$t_top/out" && bad "$(grep 'was not recorded' "$t_top/out")"
fi

begin 'the events of a known command are in it'
if needs_recording; then
	run capture -o c --events=core --no-symbols -- dd if=/dev/zero of=written bs=4096 count=500
	run export c -o csv
	[ "$(grep -c 'comm,"dd"$' csv/events.csv)" -ge 1 ] || bad 'the task dd is not in the trace'
	pid=$(awk -F , '$5 == "comm" && $6 == "\"dd\"" { print $3 }' csv/events.csv | head -n 1)
	n=$(awk -F , -v p="$pid" '$3 == p && $5 == "mm_page_alloc"' csv/events.csv | wc -l)
	[ "$n" -ge 500 ] || bad "dd wrote 500 pages, but only $n allocations of it were recorded"
fi

begin 'a command that fails: the capture is good, and that is said'
if needs_recording; then
	run capture -o c --events=core --no-symbols -- sh -c 'exit 3'
	err_has 'status 3'
	grep -q '^status = 768' c/manifest || bad 'the manifest does not know the status'
fi

begin 'a command that is not there'
if needs_recording; then
	run capture -o c --events=core --no-symbols -- ./no-such-command
	err_has 'no-such-command'
fi

begin 'interrupted: the command ends, the capture is good'
if needs_recording; then
	"$ZONEREPLAY" capture -o c --events=core --no-symbols -- sleep 100 >out 2>err &
	recorder=$!
	until [ -s c/../out ] || grep -qs . "/sys/kernel/tracing/instances/zonereplay-$recorder/set_event"; do sleep 0.2; done
	until pgrep -P $recorder >/dev/null; do sleep 0.2; done
	kill -INT $recorder
	wait $recorder || bad 'the recorder failed'
	grep -q interrupted err || bad 'it does not say that it was interrupted'
	run info c
	out_has sleep
fi

begin 'a full buffer: lost events are counted'
if needs_recording; then
	run capture -o c --events=core --no-symbols --buffer=64 -- dd if=/dev/zero of=written bs=4096 count=20000
	err_has 'did not fit'
	lost=$(sed -n 's/^lost = //p' c/manifest)
	[ "$lost" -gt 1000 ] || bad "only $lost events lost of more than 20000 pages"
	run info c
	grep -E "^  lost events +$lost in 1 places, first at [0-9]+\.[0-9]+ s" "$t_top/out" > /dev/null ||
		bad "info does not say when $lost events began to be lost: $(grep 'lost events' "$t_top/out")"
fi

begin 'a full disk: one sentence, nothing left'
if ! needs_recording; then
	:
elif ! { mkdir small && mount -t tmpfs -o size=300k none small 2>/dev/null; }; then
	skip 'cannot mount a small file system'
else
	run capture -o small/c --events=core -- true
	status 2
	out_empty
	err_has 'disk full'
	[ ! -e small/c ] || bad "left behind: $(ls small/c)"
	umount small
fi

begin 'checkpoints come out of the trace again'
if needs_recording; then
	run capture -o c --events=core --no-symbols --checkpoint=50 -- sleep 0.3
	n=$(sed -n 's/^checkpoints = //p' c/manifest)
	[ "$n" -ge 3 ] || bad "only $n checkpoints in 300 ms"
	run export c -o csv
	[ "$(grep -c 'zonereplay checkpoint end' csv/events.csv)" -eq "$n" ] || bad 'not every checkpoint is in the trace'
fi

begin 'no instance of tracefs is left behind'
if needs_recording; then
	ls /sys/kernel/tracing/instances | grep -q zonereplay && bad "$(ls /sys/kernel/tracing/instances)"
fi

# Blocks of each type in zones with memory, as "Unmovable Movable Reclaimable" sums.
blocks_of_proc() { # FILE
	awk '/^Number of blocks/ { for (i = 5; i <= NF; i++) name[i] = $i; on = 1; next }
		on && /^Node/ { for (i = 5; i <= NF; i++) sum[name[i]] += $i }
		END { print sum["Unmovable"] + 0, sum["Movable"] + 0, sum["Reclaimable"] + 0 }' "$1"
}
blocks_of_info() {
	awk '$1 == "pageblocks" { for (i = 2; i < NF; i += 2) sum[$i] += $(i + 1) }
		END { print sum["Unmovable"] + 0, sum["Movable"] + 0, sum["Reclaimable"] + 0 }'
}

begin 'an exact state has the block types that the kernel counts'
if needs_recording; then
	run capture -o c --events=core --no-symbols -- true
	if grep -q '^start = exact' c/manifest; then
		run info c
		# the kernel's count is taken a moment later: one block in a hundred may have changed
		echo "$(blocks_of_proc c/proc-start/pagetypeinfo) $(blocks_of_info < "$t_top/out")" | awk '{
			for (i = 1; i <= 3; i++) { d = $i - $(i + 3); off += d < 0 ? -d : d; all += $i }
			exit !(all > 0 && off * 100 <= all)
		}' || bad "$(blocks_of_proc c/proc-start/pagetypeinfo) in /proc, $(blocks_of_info < "$t_top/out") in the snapshot"
	else
		skip "no exact state here: $(sed -n 's/^reason = //p' c/manifest)"
	fi
fi

begin 'snapshot wants a file'
run snapshot
refused '-o FILE'

begin 'snapshot says how much it knows'
run snapshot -o s
case $(cat "$t_top/out") in
's: exact'* | 's: counts'*) ;;
*) bad 'it does not say exact or counts' ;;
esac
[ -s s ] || bad 'no file'

begin 'snapshot by BPF needs no kcore'
if needs_recording; then
	run snapshot --way=bpf -o s
	case $(cat "$t_top/out") in
	's: exact'*'by bpf'*) ;;
	's: counts'*) skip "BPF does not read here: $(cat "$t_top/err")" ;;
	*) bad 'it does not say exact or counts' ;;
	esac
fi

begin 'snapshot knows its ways'
run snapshot --way=kore -o s
refused '--way' 'kore'

begin 'snapshot into a directory that is not there'
run snapshot -o nowhere/s
status 2
err_has nowhere/s

finish
