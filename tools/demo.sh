#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The main job, end to end, on the examples: what `make demo` shows. Fails when a step does not end
# as it should.
set -u
skep=${SKEP:-build/src/skep}
capture=examples/packets.pcap
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT

step() {
	printf '\n\033[1m%s\033[0m\n' "$1"
	shift
	printf '$ skep %s\n' "$*"
	"$skep" "$@"
}

expect() {
	[ "$1" -eq "$2" ] && return
	echo "demo: the last step ended with status $1, expected $2" >&2
	exit 1
}

step "Count the packets of a capture by protocol, with a C program compiled on the spot" \
	run examples/count.bpf.c -r "$capture"
expect $? 0
step "A stateful firewall; what passes is written to a file" \
	run examples/firewall.bpf.c -r "$capture" -w "$out/passed.pcap" --no-maps
expect $? 0
step "An L4 load balancer that rewrites packets and sends them back" \
	run examples/lb.bpf.c -r "$capture" -w "$out/balanced.pcapng"
expect $? 0
if "$skep" disasm --jited examples/histogram.bpf.c >"$out/code" 2>/dev/null; then
	printf '\n\033[1m%s\033[0m\n' "What became of a program: C source, instructions, machine code"
	printf '$ skep disasm --jited examples/histogram.bpf.c\n'
	sed -n 1,40p "$out/code"
	echo "…"
fi
step "pcap-filter text, compiled and run by our engine" \
	filter 'tcp port 80 and host 10.7.0.2' -r "$capture"
expect $? 0
step "Is each of them safe? Verified by the rules of Linux 6.18, without root" \
	verify examples/count.bpf.c examples/firewall.bpf.c examples/lb.bpf.c examples/vlan.bpf.c
expect $? 0
step "A program that forgot a bounds check: rejected, with instruction, reason and line" \
	verify examples/faulty.bpf.c
expect $? 1
step "The same run unproven but guarded: the report names packet, line and object" \
	run --guard examples/faulty.bpf.c -r "$capture" --no-maps
expect $? 1
printf '\nThat fault was the point: the packet is named, nothing crashed. More: `skep --help`, README.md\n'
