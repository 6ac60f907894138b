#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Runs the tests of bpf_conformance on `skep vm`, unchanged: CONFORMANCE is a checkout of the suite
# or the folder of its .data files. Both engines take every test; where the checkout holds a built
# runner (bin/bpf_conformance_runner), that drives us too.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${CONFORMANCE:-}" ]; then
	echo "conformance: skipped: no CONFORMANCE=DIR (a checkout of bpf_conformance)"
	exit 0
fi
export SKEP=${SKEP:-build/src/skep}
python3 tools/conformance.py "$SKEP" "$CONFORMANCE"
runner=$CONFORMANCE/bin/bpf_conformance_runner
if [ -x "$runner" ]; then
	"$runner" --test_file_directory "$CONFORMANCE/tests" --plugin_path "$PWD/tools/skep-vm" \
		--plugin_options "--engine run --unchecked"
else
	echo "conformance: $runner is not there: only our own driver ran"
fi
