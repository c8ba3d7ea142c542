# SPDX-License-Identifier: GPL-2.0-only
# Rooms include only what tests/rooms.txt allows.
. "$ZR_SRCDIR/tests/cli/lib.sh"

# Prints every include in tree $1 that the table of this tree does not allow.
forbidden_includes() {
	(cd "$1" && find src policies -name '*.[ch]' -exec grep -H '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' {} +) |
		awk -v table="$ZR_SRCDIR/tests/rooms.txt" '
		BEGIN {
			while ((getline line < table) > 0) {
				if (line ~ /^#/ || line !~ /:/)
					continue
				room = line; sub(/:.*/, "", room)
				known[room] = allowed[room, room] = 1
				n = split(substr(line, index(line, ":") + 1), list, " ")
				for (i = 1; i <= n; i++)
					allowed[room, list[i]] = face[list[i]] = 1
			}
		}
		{
			file = $0; sub(/:.*/, "", file)
			split(file, part, "/")
			room = part[1] == "src" ? part[2] : part[1]
			header = $0; sub(/^[^"]*"/, "", header); sub(/".*/, "", header)
			if (!(room in known)) {
				print file ": the room " room " is not in tests/rooms.txt"
			} else if (header ~ /\.\./) {
				print file ": \"" header "\" goes out of the room by the window"
			} else if (header ~ /\//) {
				split(header, h, "/")
				if (!((room, h[1]) in allowed))
					print file ": " room " may not include \"" header "\""
				else if (h[1] != room && header != h[1] "/" h[1] ".h" && !(header in face))
					print file ": \"" header "\" is not the face of " h[1]
			} else if (header != "config.h") {
				print file ": \"" header "\" must be written \"" room "/" header "\""
			}
		}'
}

begin 'every room includes only downwards and only faces'
found=$(forbidden_includes "$ZR_SRCDIR")
[ -z "$found" ] || while read -r line; do bad "$line"; done <<<"$found"

# The same check on a tree with faults must find each of them.
fault() {
	begin "found: $1"
	mkdir -p src/mm src/cmd src/garden policies
	echo 'int x;' >policies/none.c
	echo "#include $3" >"$2"
	[ -n "$(forbidden_includes .)" ] || bad "not found: #include $3 in $2"
}
fault 'mm looks up at trace' src/mm/x.c '"trace/trace.h"'
fault 'mm looks up at policy' src/mm/x.c '"policy/policy.h"'
fault 'a policy reads a trace' policies/x.c '"trace/trace.h"'
fault 'a header that is no face' src/cmd/x.c '"mm/era.h"'
fault 'a way around' src/cmd/x.c '"../mm/mm.h"'
fault 'a name without its room' src/mm/x.c '"mm.h"'
fault 'a room that is not in the table' src/garden/x.c '"base/base.h"'

begin 'not found: what is allowed'
mkdir -p src/cmd policies
printf '#include "mm/mm.h"\n#include "cmd/cmd.h"\n#include "config.h"\n#include <stdio.h>\n' >src/cmd/x.c
printf '#include "policy/policy.h"\n' >policies/x.c
found=$(forbidden_includes .)
[ -z "$found" ] || bad "$found"

finish
