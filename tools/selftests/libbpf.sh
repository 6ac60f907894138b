#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# libbpf.sh DIR: the static libbpf and headers of bookworm-backports in DIR, for the tools that make
# records: Debian 12's own (1.1) opens no object with arenas or struct_ops of later kernels. apt
# works on lists of its own below DIR, so that the system, its libbpf and its sources stay as they
# are. Does nothing when they are there.
set -euo pipefail

dir=$1
[ ! -e "$dir/.done" ] || exit 0
mkdir -p "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial"
cat >"$dir/apt/sources.list" <<EOF
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm-backports main
EOF
apt() {
	apt-get -q -o Dir::Etc::sourcelist="$dir/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::State::lists="$dir/apt/lists" -o Dir::Cache="$dir/apt/cache" \
		-o APT::Sandbox::User=root -o Acquire::Retries=3 "$@" >"$dir/apt/log" 2>&1
}
fail() {
	tail -5 "$dir/apt/log" >&2
	echo "libbpf.sh: no libbpf from bookworm-backports" >&2
	exit 1
}
apt update || fail
cd "$dir/apt"
rm -f libbpf-dev_*.deb
apt download libbpf-dev/bookworm-backports || fail
dpkg-deb -x libbpf-dev_*.deb "$dir"
touch "$dir/.done"
