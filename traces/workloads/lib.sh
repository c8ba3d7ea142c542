# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# For workloads: run by sh in the lab's guest or anywhere else under `zonereplay capture`.

# One line into the trace, where the recorder made it known.
marker() {
	[ -z "$ZONEREPLAY_MARKER" ] || echo "zonereplay $*" > "$ZONEREPLAY_MARKER"
}

meminfo() { # NAME: its number
	sed -n "s/^$1: *\([0-9]*\).*/\1/p" /proc/meminfo
}

uptime_ms() {
	sed 's/^\([0-9]*\)\.\([0-9]*\).*/\1\20/' /proc/uptime
}

page_size() {
	# The size of a page is not in /proc by name; the first mapping's KernelPageSize is it.
	sed -n 's/^KernelPageSize: *\([0-9]*\) kB/\1/p' /proc/self/smaps | head -n 1 | while read -r kb; do echo $((kb * 1024)); done
}

# Where the lab may save the machine (record --save): it says so, and waits until whoever lets it go on has said what to set.
halfway() {
	[ -n "$LAB_CONTROL" ] || return 0
	echo 'lab: save'
	while read -r key value && [ "$key" != go ]; do
		echo "$value" > "/proc/sys/$key"
		marker "sysctl $key=$value"
	done < "$LAB_CONTROL"
	marker branch
}
