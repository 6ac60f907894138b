#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Installs what is missing on Debian 12, with apt, as root or through sudo. Says nothing when
# nothing is missing.
#
#	tools/setup.sh [demo|check|bench|kernel]...      (default: demo)
#
# demo: what builds and runs the command. check: what the tests need too. bench and kernel: what
# `make bench` and `make check-kernel` need too. A new need of the project is one word below.
set -euo pipefail

demo="gcc libc6-dev make meson ninja-build pkg-config python3 binutils
      libbpf-dev libelf-dev zlib1g-dev libpcap-dev clang-19"
check="git strace llvm-19 libclang-rt-19-dev tcpdump iproute2 bpftool binutils-bpf gcc-bpf valgrind libcapstone-dev gdb
       qemu-user-static g++ libz3-dev gcc-s390x-linux-gnu libc6-dev-s390x-cross
       gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
bench="libdpdk-dev"
kernel="linux-source-6.12 xz-utils"

wanted="$demo"
for level in "$@"; do
	case "$level" in
	demo) ;;
	check) wanted="$wanted $check" ;;
	bench) wanted="$wanted $check $bench" ;;
	kernel)
		wanted="$wanted $check $kernel"
		# A newer libbpf beside the system's, for the selftests alone; without it they use that.
		"$(dirname "$0")/selftests/libbpf.sh" "${SKEP_CACHE:-$HOME/.cache/skep}/libbpf" || true
		;;
	*)
		echo "tools/setup.sh: unknown level $level (demo, check, bench or kernel)" >&2
		exit 2
		;;
	esac
done

if ! command -v dpkg-query >/dev/null; then
	echo "tools/setup.sh: no dpkg here; install by hand what Debian calls:" $wanted >&2
	exit 0
fi

missing=""
for package in $wanted; do
	status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

sudo=""
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "tools/setup.sh: not root and no sudo; as root: apt-get install$missing" >&2
		exit 1
	fi
	sudo=sudo
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "installing:$missing" >&2

# Package lists may be absent (a fresh container) or stale: fetch them, and once more on failure.
apt() {
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::Retries=3 "$@" >"$log" 2>&1
}
for attempt in 1 2; do
	apt update || true
	if apt install -y --no-install-recommends $missing; then
		exit 0
	fi
done
tail -20 "$log" >&2
echo "tools/setup.sh: apt-get install failed:$missing" >&2
exit 1
