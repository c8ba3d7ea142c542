# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Kernels for the lab: found by name pattern in Debian's suites, verified by apt, cached outside the source tree.
# Sourced by record.

# KERNEL[/ARCH] -> suite, Debian architecture, pattern of the image package, extra packages that hold its files
kernel_table() {
	case $1 in
	5.10/x86_64) echo 'bullseye amd64 ^linux-image-5\.10\.0-[0-9]+-cloud-amd64$' ;;
	6.1/x86_64) echo 'bookworm amd64 ^linux-image-6\.1\.0-[0-9]+-cloud-amd64$' ;;
	6.12/x86_64) echo 'trixie amd64 ^linux-image-6\.12\.[0-9]+\+deb13-cloud-amd64$' ;;
	7.2/x86_64) echo 'sid amd64 ^linux-binary-7\.2\.[0-9]+\+deb[0-9]+-cloud-amd64$ linux-modules-' ;;
	6.1/i386) echo 'bookworm i386 ^linux-image-6\.1\.0-[0-9]+-686-pae$' ;;
	6.1/ppc64el) echo 'bookworm ppc64el ^linux-image-6\.1\.0-[0-9]+-powerpc64le$' ;;
	*) return 1 ;;
	esac
}

# Modules that the kernel keeps outside, in loading order.
kernel_modules() {
	local virtio='virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk'
	case $1 in
	*/x86_64) echo "$virtio" ;;
	*) echo "$virtio crc16 mbcache crc32c_generic libcrc32c jbd2 ext4" ;;
	esac
}

debian_site() { # LABEL: the site that this machine itself takes Debian from
	apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' "Label: $1" 2>/dev/null | sort -u | head -n 1
}

# Runs an apt tool on lists of its own: apt_private SUITE ARCH TOOL ARGS...
apt_private() {
	local suite=$1 arch=$2 tool=$3 dir
	dir=$cache/apt/$suite-$arch
	shift 3
	"$tool" -o Dir::State::Lists="$dir/lists" -o Dir::Cache="$dir/cache" -o Dir::State::status="$dir/status" \
		-o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null -o APT::Architecture="$arch" \
		-o APT::Architectures="$arch" -o APT::Sandbox::User=root -o Dir::Etc::preferencesparts=/dev/null -q=2 "$@"
}

apt_lists() { # SUITE ARCH: makes the private lists once a day
	local suite=$1 arch=$2 dir site security key=/usr/share/keyrings/debian-archive-keyring.gpg
	dir=$cache/apt/$suite-$arch
	[ -n "$(find "$dir/done" -mmin -1440 2>/dev/null)" ] && return
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	: > "$dir/status"
	site=$(debian_site Debian)
	security=$(debian_site Debian-Security)
	[ -n "$site" ] || die "apt knows no Debian site: add one to /etc/apt/sources.list"
	echo "deb [signed-by=$key] $site $suite main" > "$dir/sources.list"
	if [ -n "$security" ] && [ "$suite" != sid ]; then
		echo "deb [signed-by=$key] $security $suite-security main" >> "$dir/sources.list"
	fi
	if ! apt_private "$suite" "$arch" apt-get update; then
		say "the lists of $suite-security are not to be had now; trying without them"
		sed -i '/-security main$/d' "$dir/sources.list"
		apt_private "$suite" "$arch" apt-get update || die "apt-get update failed for $suite: is the network there?"
	fi
	touch "$dir/done"
}

newest_package() { # SUITE ARCH PATTERN
	apt_private "$1" "$2" apt-cache search --names-only "$3" | cut -d ' ' -f 1 | sort -V | tail -n 1
}

package_unpack() { # SUITE ARCH PACKAGE DIR
	local into # not "tmp": that is what the trap of the whole program removes, also from in here
	into=$(mktemp -d "$cache/tmp.XXXXXX")
	(cd "$into" && apt_private "$1" "$2" apt-get download "$3") || {
		rm -r "$into"
		die "package $3 of $1 could not be downloaded"
	}
	dpkg -x "$into"/*.deb "$4"
	rm -r "$into"
}

# Leaves kernel, release and the modules of KERNEL/ARCH in $cache/kernels/KERNEL-ARCH.
kernel_fetch() {
	local suite arch pattern prefix package dir m file
	read -r suite arch pattern prefix <<< "$(kernel_table "$1")"
	dir=$cache/kernels/${1/\//-}
	[ -e "$dir/release" ] && return
	say "fetching kernel $1 from $suite"
	apt_lists "$suite" "$arch"
	package=$(newest_package "$suite" "$arch" "$pattern")
	[ -n "$package" ] || die "no package of $suite matches $pattern"
	rm -rf "$dir"
	mkdir -p "$dir/root" "$dir/modules"
	package_unpack "$suite" "$arch" "$package" "$dir/root"
	[ -z "$prefix" ] || package_unpack "$suite" "$arch" "$prefix${package#linux-binary-}" "$dir/root"
	cp "$(find "$dir/root" -name 'vmlinu[xz]*' -type f | head -n 1)" "$dir/kernel"
	: > "$dir/order"
	for m in $(kernel_modules "$1"); do
		file=$(find "$dir/root" -name "$m.ko*" -o -name "${m//_/-}.ko*" | head -n 1)
		[ -n "$file" ] || continue # built in
		case $file in
		*.xz) xz -dc "$file" > "$dir/modules/$m.ko" ;;
		*) cp "$file" "$dir/modules/$m.ko" ;;
		esac
		echo "$m" >> "$dir/order"
	done
	rm -r "$dir/root"
	echo "$package" > "$dir/release"
}

# What a guest of a foreign architecture runs: busybox and trace-cmd with its libraries, in $cache/userland/ARCH.
userland_fetch() { # KERNEL/ARCH
	local suite arch pattern dir=$cache/userland/${1#*/} all package
	[ -e "$dir/done" ] && return
	read -r suite arch pattern _ <<< "$(kernel_table "$1")"
	say "fetching busybox and trace-cmd for $arch"
	rm -rf "$dir"
	all=$(mktemp -d "$cache/tmp.XXXXXX")
	for package in busybox-static trace-cmd libtracecmd1 libtraceevent1 libtracefs1 libc6 libzstd1 zlib1g; do
		package_unpack "$suite" "$arch" "$package" "$all"
	done
	mkdir -p "$dir/bin"
	cp "$all/bin/busybox" "$all/usr/bin/trace-cmd" "$dir/bin/"
	(cd "$all" && find lib* usr/lib -name '*.so*' ! -path '*/gconv/*' ! -path '*/traceevent/*' -print0 |
		cpio -0pdm --quiet "$dir")
	rm -r "$all"
	touch "$dir/done"
}

# A program of the package of its own name, from the suite of the kernel, into ROOT/bin.
tool_fetch() { # KERNEL/ARCH NAME ROOT
	local suite arch dir=$cache/tools/${1/\//-}/$2
	read -r suite arch _ <<< "$(kernel_table "$1")"
	if [ ! -e "$dir/done" ]; then
		say "fetching $2 for $1"
		apt_lists "$suite" "$arch"
		mkdir -p "$dir"
		package_unpack "$suite" "$arch" "$2" "$dir"
		touch "$dir/done"
	fi
	[ -x "$dir/usr/bin/$2" ] || die "the workload needs $2, and no package of that name has it"
	copy_program "$dir/usr/bin/$2" "$3"
	[ ! -d "$dir/usr/lib" ] || cp -a "$dir/usr/lib/." "$3/usr/lib/" 2> /dev/null || {
		mkdir -p "$3/usr/lib"
		cp -a "$dir/usr/lib/." "$3/usr/lib/"
	}
}
