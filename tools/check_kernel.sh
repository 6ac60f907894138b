#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The kernel's own test programs on our engines: lib/test_bpf.c of Debian's linux-source-6.12, found
# where the package put it (tools/setup.sh kernel) and unpacked outside our tree. Its tables are cut
# out, compiled over tools/kernel/shim.h, and walked by tools/kernel/*_run.c.
#
#	tools/check_kernel.sh            BUILD names the build folder (default: build)
#
# The last line is `N passed, N failed, N skipped`; every skip is named with its reason above it.
set -euo pipefail

cd "$(dirname "$0")/.."
build="${BUILD:-build}"
archive="${LINUX_SOURCE:-/usr/src/linux-source-6.12.tar.xz}"
work="$build/kernel-tests"
cc="${CC:-gcc}"

if [ ! -f "$archive" ]; then
	echo "tools/check_kernel.sh: $archive is missing (Debian: apt-get install linux-source-6.12)" >&2
	exit 1
fi
[ -f "$build/build.ninja" ] || meson setup "$build" >/dev/null
ninja -C "$build" src/libskep-core.a >/dev/null
mkdir -p "$work"

source="$work/test_bpf.c"
if [ ! -s "$source" ] || [ "$archive" -nt "$source" ]; then
	name="$(basename "$archive" .tar.xz)/lib/test_bpf.c"
	tar -xJf "$archive" -C "$work" --strip-components=2 --occurrence=1 "$name"
	touch "$source"
fi

# cut FROM UNTIL OUT: lines from the one that begins with FROM to before the one that begins with
# UNTIL, without includes.
cut_table() {
	awk -v from="$1" -v until="$2" '
		index($0, until) == 1 { exit }
		index($0, from) == 1 { on = 1 }
		on && !/^#include/' "$source" >"$3"
	if [ ! -s "$3" ]; then
		echo "tools/check_kernel.sh: $source has no line '$1'" >&2
		exit 1
	fi
}
cut_table '#define MAX_SUBTESTS' 'static struct net_device dev;' "$work/table.inc"
cut_table 'struct tail_call_test {' 'static void __init destroy_tail_call_tests' "$work/tails.inc"

# run SOURCE MACRO TABLE: compiles and runs; prints its report without the totals, adds those up.
passed=0 failed=0 skipped=0
run() {
	local exe="$work/$(basename "$1" .c)" out line
	"$cc" -std=gnu11 -O1 -g -D_GNU_SOURCE -w -fno-strict-aliasing -Isrc -Itools/kernel \
		"-D$2=\"$PWD/$3\"" "$1" "$build/src/libskep-core.a" -lpthread -o "$exe"
	out="$("$exe")" || true
	line="$(tail -1 <<<"$out")"
	sed '$d' <<<"$out"
	if [[ "$line" =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
		passed=$((passed + BASH_REMATCH[1]))
		failed=$((failed + BASH_REMATCH[2]))
		skipped=$((skipped + BASH_REMATCH[3]))
	else
		echo "FAILED $exe died"
		failed=$((failed + 1))
	fi
}
run tools/kernel/test_bpf_run.c TEST_BPF_TABLE "$work/table.inc"
run tools/kernel/test_tail_run.c TEST_TAIL_TABLE "$work/tails.inc"

segments="$(awk '/^static struct skb_segment_test / { on = 1 } on && /\.descr/ { n++ }
		on && /^};/ { exit } END { print n + 0 }' "$source")"
for ((i = 0; i < segments; i++)); do
	echo "skipped skb_segment test $i: splits packets in the kernel's stack, runs no program"
	skipped=$((skipped + 1))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
