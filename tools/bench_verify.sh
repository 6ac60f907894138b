#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# `make bench-verify`: the verifier beside the live kernel's, on the objects of Debian's packages, our
# examples and the kernel's selftests: time, both in turn, by each one's own log; and memory, the
# kernel's by a fresh cgroup. Arguments go to verify_speed (--rounds N, --min-insns N, --best).
set -euo pipefail
cd "$(dirname "$0")/.."
[ -f build-bench/build.ninja ] || meson setup build-bench --buildtype=release -Dbench=true >/dev/null
ninja -C build-bench >build-bench.log 2>&1 || { tail -40 build-bench.log; exit 1; }
cache=$HOME/.cache/skep
# Records are made by the comparisons; the first time that takes some minutes.
ls "$cache"/objects-rec-*/*.rec >/dev/null 2>&1 || python3 tools/selftests/run.py --objects >/dev/null
ls "$cache"/selftests-rec-*/*.rec >/dev/null 2>&1 || python3 tools/selftests/run.py >/dev/null
# One folder for each state of what makes them: the newest.
newest() { ls -td "$cache"/"$1"-rec-*/ | head -1; }
exec build-bench/tests/verify/verify_speed "$@" "$(newest objects)"*.rec "$(newest selftests)"*.rec
