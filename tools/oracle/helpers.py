#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Compares src/spec/ with the running kernel, as TAP:

    helpers.py SPEC_DUMP [--print]

SPEC_DUMP is the program that prints the tables as JSON (build/tests/spec/spec-dump). Asked of the
kernel, by loading tiny programs and reading the log: which helper each program type and attach type
may call, with all rights and with CAP_BPF and CAP_NET_ADMIN alone; what every argument of every
helper must be, and whether memory is read or written; which helpers work on which map types. Skips where bpf(2) is refused or the kernel is not 6.18. --print shows the counts.
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import kernel as k
from protos import check_access, check_maps, check_protos

SLEEPABLE = 16
# Loads of these are refused whatever the program: no oracle for them.
UNLOADABLE = {"lirc_mode2", "struct_ops", "ext", "lsm"}
# Helpers that a kernel may be built or locked without; their rows come from its documentation.
OPTIONAL = {"probe_write_user": "a locked-down kernel refuses it",
            "override_return": "needs CONFIG_BPF_KPROBE_OVERRIDE"}
# bpf_iter_task and the raw tracepoint sched_switch stand for tracing programs of their kinds.
TRACING_TARGETS = {"trace_iter": ("FUNC", "bpf_iter_task"),
                   "trace_raw_tp": ("TYPEDEF", "btf_trace_sched_switch")}


class Tap:
    def __init__(self):
        self.run = self.failed = 0

    def ok(self, cond, name, *diag):
        self.run += 1
        self.failed += not cond
        print(f"{'' if cond else 'not '}ok {self.run} - {name}")
        if not cond:
            for line in diag:
                print(f"# {line}")

    def skip(self, reason):
        self.run += 1
        print(f"ok {self.run} # SKIP {reason}")

    def done(self):
        print(f"1..{self.run}")
        return 1 if self.failed else 0


def btf_ids():
    """Attach targets of tracing programs by attach type; empty without bpftool."""
    cmd = ["bpftool", "btf", "dump", "file", "/sys/kernel/btf/vmlinux"]
    try:
        text = subprocess.run(cmd, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return {}
    ids = {}
    for attach, (kind, name) in TRACING_TARGETS.items():
        pos = text.find(f"] {kind} '{name}'")
        if pos >= 0:
            ids[attach] = int(text[text.rindex("[", 0, pos) + 1:pos])
    return ids


def refused(log):
    return any(w in log for w in ("unknown func", "cannot use helper", "invalid func"))


def measure(loader, prog_type, attach, flags, btf_id):
    """Ids of the helpers that the kernel lets such a program name; None when it cannot be loaded."""
    ids = set()
    for helper in range(1, 212):
        code = k.call(helper) + k.mov_imm(0, 0) + k.EXIT
        fd, log = loader.load(prog_type, code, attach, flags, btf_id)
        if fd < 0 and not log.strip():
            return None
        if not refused(log):
            ids.add(helper)
    return ids


def targets(spec):
    """(type name, type, attach name, attach, flags, btf id) to measure."""
    attach_types = {name: value for _, value, name, _ in spec["attach_types"][:-1]}
    btf = btf_ids()
    # Which attach types a type's rows tell apart decides what is worth asking.
    for _, value, name, *_ in spec["prog_types"][1:-1]:
        if name in UNLOADABLE:
            continue
        if name == "tracing":
            for attach, btf_id in btf.items():
                yield name, value, attach, attach_types[attach], 0, btf_id
            continue
        masks = {}
        for attach, number in attach_types.items():
            row = tuple(bool(int(h["types"].get(name, ["", "0"])[1], 16) >> number & 1)
                        for h in spec["helpers"][:-1])
            masks.setdefault(row, []).append((attach, number))
        for group in masks.values():
            # One or two of each group: those that this type can really name come first.
            own = [a for a in group if a[0].startswith(name.split("_")[0])] or group
            for attach, number in own[:1] + own[-1:]:
                yield name, value, attach, number, SLEEPABLE if name == "syscall" else 0, 0


def expected(spec, type_name, attach, level):
    levels = ["unpriv", "bpf", "perfmon", "admin"]
    ids = set()
    for h in spec["helpers"][:-1]:
        row = h["types"].get(type_name)
        if row and int(row[1], 16) >> attach & 1 and levels.index(row[0]) <= levels.index(level):
            ids.add(h["id"])
    return ids


def check_level(tap, spec, level, show):
    loader = k.Loader()
    names = {h["id"]: h["name"] for h in spec["helpers"][:-1]}
    optional = {i for i, n in names.items() if n in OPTIONAL}
    seen = set()
    for type_name, value, attach_name, attach, flags, btf_id in targets(spec):
        # An attach type of 0 means another one to cgroup_sock.
        if (type_name, attach) in seen or (type_name, attach) == ("cgroup_sock", 0):
            continue
        seen.add((type_name, attach))
        got = measure(loader, value, attach, flags, btf_id)
        if got is None:
            continue
        want = expected(spec, type_name, attach, level)
        want -= optional - got
        if show:
            print(f"# {level} {type_name} {attach_name}: {len(got)}")
        tap.ok(got == want, f"{level}: helpers of {type_name} at {attach_name}",
               "kernel only: " + " ".join(names[i] for i in sorted(got - want)),
               "table only: " + " ".join(names[i] for i in sorted(want - got)))


def main():
    with_print = "--print" in sys.argv
    spec = json.loads(subprocess.run([sys.argv[1]], capture_output=True, check=True).stdout)
    fd, _ = k.Loader().load(1, k.mov_imm(0, 0) + k.EXIT)
    if fd < 0:
        print(f"1..0 # SKIP bpf(2) is refused here ({os.strerror(-fd)})")
        return 0
    if k.release() != (6, 18):
        print("1..0 # SKIP the running kernel is not 6.18")
        return 0
    tap = Tap()
    check_level(tap, spec, "admin", with_print)
    check_protos(tap, spec, with_print)
    check_maps(tap, spec, with_print)
    # Last: this process gives its rights away.
    k.keep_caps(k.CAP_BPF, k.CAP_NET_ADMIN)
    check_level(tap, spec, "bpf", with_print)
    check_access(tap, spec, with_print)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
