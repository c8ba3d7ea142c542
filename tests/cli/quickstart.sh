# SPDX-License-Identifier: GPL-2.0-only
# What quickstart says when it cannot go on. apt and dpkg are stand-ins here: nothing is installed.
. "$ZR_SRCDIR/tests/cli/lib.sh"

# A machine without any package, where apt-get does as told: "fetch fails", "works".
machine() {
	mkdir bin
	cp "$ZR_SRCDIR/quickstart" .
	printf '#!/bin/sh\nexit 1\n' >bin/dpkg-query
	if [ "$1" = works ]; then
		printf '#!/bin/sh\necho "$@" >>apt.log\n' >bin/apt-get
	else
		printf '#!/bin/sh\necho "E: no network" >&2\nexit 100\n' >bin/apt-get
	fi
	chmod +x bin/*
}

all_packages() {
	for package in autoconf automake make gcc libtracecmd-dev libsqlite3-dev libcsv-dev check; do
		err_has " $package"
	done
	err_has 'apt-get install --no-install-recommends autoconf'
}

begin 'root without network: which packages are missing, and the line to type'
machine 'fetch fails'
if [ "$(id -u)" -eq 0 ]; then
	run_any env PATH="$PWD/bin:$PATH" ./quickstart build
	status 2
	all_packages
	err_has 'no network'
	only_files bin quickstart quickstart-out
else
	skip 'not root'
fi

begin 'not root: the same, and apt-get is not even tried'
machine works
if [ "$(id -u)" -ne 0 ]; then
	run_any env PATH="$PWD/bin:$PATH" ./quickstart build
elif command -v setpriv >/dev/null; then
	chmod 755 "$t_top" && chmod 777 .
	run_any setpriv --reuid=65534 --clear-groups env PATH="$PWD/bin:$PATH" ./quickstart build
else
	skip 'no way to become somebody else'
	finish
fi
status 2
all_packages
err_has 'root'
[ ! -e apt.log ] || bad 'apt-get was called'

begin 'an unknown word is refused with the list of known ones'
cp "$ZR_SRCDIR/quickstart" .
run_any ./quickstart chekc
status 2
err_has './quickstart check'
only_files quickstart

finish
