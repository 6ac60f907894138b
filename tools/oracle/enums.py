#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Compares the numbers in src/spec/*.def with the running kernel's BTF, as TAP: enums.py SPEC_DUMP.
Skips without bpftool or /sys/kernel/btf/vmlinux, or when the kernel is not 6.18.
"""
import json
import re
import subprocess
import sys

from kernel import release


def kernel_enums():
    """{name: value} over all enumerators of the kernel; None without the means to read them."""
    cmd = ["bpftool", "btf", "dump", "file", "/sys/kernel/btf/vmlinux", "format", "raw"]
    try:
        text = subprocess.run(cmd, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return {n: int(v) for n, v in re.findall(r"^\t'(\w*BPF_\w+)' val=(-?\d+)", text, re.M)}


def main():
    enums = kernel_enums()
    if not enums:
        print("1..0 # SKIP no bpftool or no BTF of the kernel here")
        return 0
    if release() != (6, 18):
        print("1..0 # SKIP the running kernel is not 6.18")
        return 0
    spec = json.loads(subprocess.run([sys.argv[1]], capture_output=True, check=True).stdout)
    groups = [("map types", "BPF_MAP_TYPE_", "map_types", "__MAX_BPF_MAP_TYPE"),
              ("program types", "BPF_PROG_TYPE_", "prog_types", "__MAX_BPF_PROG_TYPE"),
              ("attach types", "BPF_", "attach_types", "__MAX_BPF_ATTACH_TYPE"),
              ("link types", "BPF_LINK_TYPE_", "link_types", "__MAX_BPF_LINK_TYPE"),
              ("commands", "BPF_", "commands", "__MAX_BPF_CMD"),
              ("map flags", "BPF_F_", "map_flags", None)]
    failed = 0
    for n, (title, prefix, key, end) in enumerate(groups, 1):
        rows = spec[key][:-1]
        wrong = [f"{prefix}{r[0]}: {r[1]}, kernel {enums.get(prefix + r[0])}" for r in rows
                 if enums.get(prefix + r[0]) != r[1]]
        if end and enums[end] != len(rows):
            wrong.append(f"{len(rows)} rows, {end} is {enums[end]}")
        print(f"{'not ' if wrong else ''}ok {n} - numbers of {title}")
        for line in wrong:
            print(f"# {line}")
        failed += bool(wrong)
    wrong = [h["name"] for h in spec["helpers"][:-1]
             if enums.get("BPF_FUNC_" + h["name"]) != h["id"]]
    wrong += [] if enums["__BPF_FUNC_MAX_ID"] == len(spec["helpers"]) else ["their number"]
    print(f"{'not ' if wrong else ''}ok {len(groups) + 1} - numbers of helpers {' '.join(wrong)}")
    print(f"1..{len(groups) + 1}")
    return 1 if failed or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
