#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# `make fuzz`: every libFuzzer target of tests/fuzz under ASan and UBSan, RUNS executions each
# (10,000,000 unless set), then what it took. TARGETS="decode asm" picks some. A crash leaves its
# input in build-fuzz/ and ends this with status 1.
set -uo pipefail
cd "$(dirname "$0")/.."
runs=${RUNS:-10000000}
seed=${SEED:-1}
jobs=${JOBS:-$(nproc)}

if [ ! -f build-fuzz/build.ninja ]; then
	CC=clang-19 meson setup build-fuzz -Dfuzz=true -Dfrontend=disabled -Db_lundef=false \
		-Db_sanitize=address,undefined -Dbuildtype=release >/dev/null || exit 1
fi
ninja -C build-fuzz >build-fuzz/build.log 2>&1 || {
	tail -30 build-fuzz/build.log
	exit 1
}

targets=${TARGETS:-$(cd build-fuzz/tests/fuzz && find . -maxdepth 1 -type f -name 'fuzz_*' -perm -u+x |
	sed 's|^\./fuzz_||' | sort)}

fuzz_one() {
	local name=$1 log=build-fuzz/$1.log corpus=build-fuzz/corpus-$1 began=$SECONDS status
	mkdir -p "$corpus"
	ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
		"build-fuzz/tests/fuzz/fuzz_$name" -runs="$runs" -seed="$seed" -timeout=10 -rss_limit_mb=4096 \
		-print_final_stats=1 -artifact_prefix="build-fuzz/$name-" "$corpus" >"$log" 2>&1
	status=$?
	if [ $status = 0 ]; then
		echo "ok - fuzz $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
			"executions, seed $seed, $((SECONDS - began)) seconds"
	else
		tail -25 "$log"
		echo "not ok - fuzz $name: status $status, seed $seed, log $log"
	fi
	return $status
}
export -f fuzz_one
export runs seed

failed=0
passed=0
pids=()
for name in $targets; do
	fuzz_one "$name" &
	pids+=($!)
	if [ ${#pids[@]} -ge "$jobs" ]; then
		wait "${pids[0]}" && passed=$((passed + 1)) || failed=$((failed + 1))
		pids=("${pids[@]:1}")
	fi
done
for pid in "${pids[@]}"; do
	wait "$pid" && passed=$((passed + 1)) || failed=$((failed + 1))
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
