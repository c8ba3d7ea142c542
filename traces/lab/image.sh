# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Initramfs, disk and QEMU of a lab guest. Sourced by record, whose variables it uses.

find_program() {
	local p
	for p in "$program" "$top/build/zonereplay" "$top/zonereplay" "$(command -v zonereplay || true)"; do
		[ -n "$p" ] && [ -x "$p" ] && { echo "$p"; return; }
	done
	die "zonereplay is not built: run ./quickstart build, or give --zonereplay FILE"
}

# Copies a program and the libraries that it is linked with.
copy_program() { # FILE DIR
	local lib
	install -D "$1" "$2/bin/$(basename "$1")"
	for lib in $(ldd "$1" 2> /dev/null | grep -o '/[^ ]*'); do
		[ -e "$2$lib" ] || install -D "$(readlink -f "$lib")" "$2$lib"
	done
}

# Programs that a workload names in its line "# Needs:".
add_needs() { # ROOT
	local need file
	for need in $(sed -n 's/^# Needs: *//p' "$workload"); do
		file=$top/build/traces/lab/tools/$need
		[ -x "$file" ] || [ ! -e "$here/tools/$need.c" ] || die "$need is not built: run ./quickstart build"
		[ -x "$file" ] || file=$(command -v "$need" || true)
		if [ -n "$file" ] && [ "$arch" = x86_64 ]; then
			copy_program "$file" "$1"
		else
			tool_fetch "6.1/$arch" "$need" "$1" # libraries in the guest are of that suite, too
		fi
	done
}

make_initramfs() {
	local root=$tmp/root dir=$cache/kernels/${kernel/\//-}
	mkdir -p "$root/bin" "$root/modules"
	cp "$dir"/modules/*.ko "$dir/order" "$root/modules/"
	cp "$here/guest/init" "$root/init"
	chmod 755 "$root/init"
	if [ "$arch" = x86_64 ]; then
		cp "$(command -v busybox)" "$root/bin/busybox"
		copy_program "$(command -v trace-cmd)" "$root"
		copy_program "$(find_program)" "$root"
		mv "$root/bin/$(basename "$(find_program)")" "$root/bin/zonereplay" 2> /dev/null || true # whatever it was called
		strip "$root/bin/zonereplay" 2> /dev/null || true
	else
		userland_fetch "$kernel"
		cp -a "$cache/userland/$arch/." "$root/"
		cp "$here/guest/capture" "$root/capture"
	fi
	add_needs "$root"
	(cd "$root" && find . | cpio -o -H newc --quiet) | gzip -1 > "$tmp/initrd"
	rm -r "$root"
}

make_disk() {
	local job=$tmp/disk/job s
	mkdir -p "$job"
	cp "$workload" "$job/workload"
	for s in "$top"/traces/workloads/lib.sh; do
		[ ! -e "$s" ] || cp "$s" "$job/"
	done
	sed -n 's/^# Sysctl: *//p' "$workload" > "$job/sysctls" # of the workload first: the user's win
	for s in "${sysctls[@]}"; do
		echo "$s" >> "$job/sysctls"
	done
	{
		echo "JOB_EVENTS='$events'"
		echo "JOB_WORKLOAD='$(basename "$workload" .sh)'"
		echo "JOB_ARGS='$args'"
		echo "JOB_SCRIPT='$script'"
		echo "JOB_SAVE='$save'"
		echo "JOB_OPTIONS='${checkpoint:+--checkpoint=$checkpoint} $symbols ${until_fail:+--until-fail=$until_fail} ${buffer:+--buffer=$buffer}'"
	} > "$job/job"
	mke2fs -q -F -t ext4 -E lazy_itable_init=1,root_owner=0:0 -d "$tmp/disk" "$tmp/disk.img" "${disk}M" > /dev/null \
		|| die "the guest's disk could not be made"
	[ "$swap" -eq 0 ] || truncate -s "${swap}M" "$tmp/swap.img"
}

qemu_command() { # prints one argument a line
	local i cpu members dir=$cache/kernels/${kernel/\//-} console=ttyS0
	case $arch in
	x86_64) printf '%s\n' qemu-system-x86_64 -cpu Nehalem ;;
	i386) printf '%s\n' qemu-system-i386 -cpu Nehalem ;;
	ppc64el)
		printf '%s\n' qemu-system-ppc64 -M pseries,cap-hpt-max-page-size=16m,x-vof=on -cpu power8
		console=hvc0 ;;
	esac
	printf '%s\n' -accel tcg -m "$memory" -smp "$cpus" -nographic -no-reboot -nodefaults -serial stdio -monitor none \
		-kernel "$dir/kernel" -initrd "$tmp/initrd" -drive "file=$tmp/disk.img,if=virtio,format=raw,cache=unsafe"
	[ "$swap" -eq 0 ] || printf '%s\n' -drive "file=$tmp/swap.img,if=virtio,format=raw,cache=unsafe"
	if [ "$nodes" -eq 1 ] && [ "$memory" -gt 8192 ]; then # more than the host could promise; little of it is touched
		printf '%s\n' -object "memory-backend-ram,id=m0,size=${memory}M,reserve=off" -machine memory-backend=m0
	fi
	if [ "$nodes" -gt 1 ]; then
		for ((i = 0; i < nodes; i++)); do
			members=''
			for ((cpu = i; cpu < cpus; cpu += nodes)); do # in turn, as many machines number theirs
				members=$members,cpus=$cpu
			done
			printf '%s\n' -object "memory-backend-ram,id=m$i,size=$((memory / nodes))M" \
				-numa "node,memdev=m$i$members"
		done
	fi
	if [ -n "$save$resume" ]; then
		printf '%s\n' -chardev "pipe,id=monitor,path=$tmp/monitor" -mon chardev=monitor,mode=readline \
			-chardev "pipe,id=control,path=$tmp/control" -serial chardev:control
	fi
	[ -z "$resume" ] || printf '%s\n' -incoming "exec:cat '$resume/state'"
	printf '%s\n' -append "console=$console quiet panic=-1 rdinit=/init"
}

monitor_says() { # TEXT: waits until QEMU's monitor answers that
	until echo 'info status' > "$tmp/monitor.in" && sleep 0.3 && grep -aq "$1" "$tmp/monitor.log"; do :; done
}

# What is done to a guest from outside while it runs: it is saved when it says so, or it goes on with other sysctls.
steer_guest() {
	local s
	if [ -n "$save" ]; then
		until grep -aq '^lab: save' "$tmp/console"; do sleep 0.2; done
		printf '%s\n' stop 'migrate_set_parameter max-bandwidth 0' "migrate \"exec:cat > '$tmp/state'\"" quit > "$tmp/monitor.in"
		return
	fi
	monitor_says 'VM status: paused.$'
	for s in "${sysctls[@]}"; do
		echo "${s%%=*} ${s#*=}" | tr . /
	done > "$tmp/control.in"
	echo 'go' > "$tmp/control.in"
	echo cont > "$tmp/monitor.in"
}

# A state without the disk that it was saved with is nothing: both, or neither.
keep_machine() {
	[ -s "$tmp/state" ] || die "the guest was not saved: its workload does not call halfway (traces/workloads/lib.sh)"
	mkdir -p "$out.part"
	printf '%s\n' "kernel=$kernel" "workload=$workload" "memory=$memory" "cpus=$cpus" "nodes=$nodes" "swap=$swap" > "$out.part/machine"
	cp --sparse=always "$tmp"/*.img "$tmp/initrd" "$tmp/state" "$out.part/"
	mv "$out.part" "$out"
}

run_guest() {
	local command status=0 steering=''
	mapfile -t command < <(qemu_command)
	command -v "${command[0]}" > /dev/null || die "${command[0]} is missing: apt-get install qemu-system-x86 (or -ppc)"
	[ -z "$save$resume" ] || mkfifo "$tmp"/{monitor,control}.{in,out}
	timeout "$timeout" "${command[@]}" < /dev/null > "$tmp/console" 2>&1 &
	guest=$!
	if [ -n "$save$resume" ]; then
		cat "$tmp/monitor.out" > "$tmp/monitor.log" &
		cat "$tmp/control.out" > /dev/null &
		steer_guest &
		steering=$!
	fi
	wait $guest || status=$?
	guest=''
	[ -z "$steering" ] || kill $steering 2> /dev/null || true
	[ -z "$save" ] || [ ! -s "$tmp/state" ] || return 0
	grep -a '^lab: ' "$tmp/console" >&2 || true
	if ! grep -aq '^lab: finished status=0' "$tmp/console"; then
		tail -n 25 "$tmp/console" >&2
		die "the guest did not finish (status $status, 124 is a timeout); above are the console's last lines"
	fi
}

# A workload that calls what the guest lacks is another workload.
nothing_missing() {
	local missing
	missing=$(grep -a -m 1 ': not found' "$tmp/console") || return 0
	die "the workload asks for a program that the guest does not have: $(tr -d '\r' <<< "$missing")"
}

take_results() {
	mkdir -p "$(dirname "$out")" "$tmp/result"
	debugfs -R "rdump /out $tmp/result" "$tmp/disk.img" > /dev/null 2>&1
	[ -n "$script" ] || [ -s "$tmp/result/out/manifest" ] || die "the guest's disk has no capture"
	mv "$tmp/result/out" "$out"
	if [ -n "$keep" ]; then
		cp "$tmp/disk.img" "$out.disk"
		cp "$tmp/console" "$out.console"
	fi
	grep -aE 'events in|^(cost|capture):' "$tmp/console" >&2 || true
}
