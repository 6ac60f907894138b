#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Builds and runs the benchmarks; arguments go to bench (--rounds N, --slice-us N, --engines NAME,..., WORKLOAD...).
set -euo pipefail
cd "$(dirname "$0")/.."
[ -f build-bench/build.ninja ] || meson setup build-bench --buildtype=release -Dbench=true >/dev/null
ninja -C build-bench >build-bench.log 2>&1 || { tail -40 build-bench.log; exit 1; }
build-bench/bench/bench --json build-bench/bench.json "$@"
build-bench/bench/bench-compile
build-bench/bench/bench-elf build-bench/examples/{count,firewall,lb}.bpf.o
python3 bench/programs.py build-bench examples/packets.pcap --json build-bench/programs.json
echo
echo "written: build-bench/bench.json build-bench/programs.json"
