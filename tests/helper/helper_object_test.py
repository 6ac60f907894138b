#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""helpers.bpf.c, compiled and run over the capture: helper_object_test.py SKEP SOURCE CAPTURE."""
import re
import shutil
import subprocess
import sys

PACKETS_RE = r"^(\d+) packets"
KEYS_SUM, LOOP_SUM = sum(range(8)), sum(range(10))


def main():
    if not shutil.which("clang-19") and not shutil.which("clang"):
        print("1..0 # SKIP no clang here")
        return 0
    done = subprocess.run([sys.argv[1], "run", sys.argv[2], "-r", sys.argv[3]],
                          capture_output=True, text=True, check=False)
    packets = int((re.search(PACKETS_RE, done.stdout, re.M) or [0, 0])[1])
    data = dict(re.findall(r"\.(\w+) = (\d+)", done.stdout))
    checks = [
        ("exit status 0", done.returncode == 0),
        ("packets ran", packets > 0 and data.get("packets") == str(packets)),
        ("for_each_map_elem and loop, through a queue",
         data.get("total") == str(packets + KEYS_SUM + LOOP_SUM)),
        ("snprintf", data.get("text_len") == str(len("5|text|00ab") + 1)),
        ("nothing failed", data.get("failures") == "0"),
        ("one message", len(re.findall(r"^first of \w+", done.stderr, re.M)) == 1),
    ]
    for n, (name, good) in enumerate(checks, 1):
        print(f"{'' if good else 'not '}ok {n} - {name}")
    if not all(good for _, good in checks):
        for line in (done.stdout + done.stderr).splitlines():
            print(f"# {line}")
    print(f"1..{len(checks)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
