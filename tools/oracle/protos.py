# SPDX-License-Identifier: BSD-2-Clause
"""Asks the kernel's verifier what every argument of every helper must be (see helpers.py)."""
import os
import re
import struct

import kernel as k

POINTERS = {"CONST_MAP_PTR": "map_ptr", "MAP_KEY": "fp", "MAP_VALUE": "fp", "MEM": "fp",
            "CTX": "ctx", "STACK": "fp", "CONST_STR": "map_value", "DYNPTR": "fp",
            "RINGBUF_MEM": "ringbuf_mem", "SOCK_COMMON": "sock", "SOCKET": "sock",
            "BTF_SOCK_COMMON": "sock", "BTF_ID": "ptr_", "PERCPU_BTF_ID": "percpu_ptr_",
            "SPIN_LOCK": "map_value", "TIMER": "map_value", "KPTR_DEST": "map_value",
            "FUNC": "func"}
SCRATCH_OFF, SCRATCH_BYTES = -128, 128
# What the maps of each type look like: key, value, entries, flags.
MAP_SHAPES = {"array": (4, 64, 1, 0), "hash": (4, 64, 1, 0), "prog_array": (4, 4, 1, 0),
              "perf_event_array": (4, 4, 1, 0), "percpu_array": (4, 64, 1, 0),
              "stack_trace": (4, 64, 1, 0), "cgroup_array": (4, 4, 1, 0), "devmap": (4, 4, 1, 0),
              "sockmap": (4, 4, 1, 0), "sockhash": (4, 4, 1, 0), "queue": (0, 64, 1, 0),
              "reuseport_sockarray": (4, 4, 1, 0), "ringbuf": (0, 0, 4096, 0),
              "user_ringbuf": (0, 0, 4096, 0), "lru_hash": (4, 64, 1, 0),
              "percpu_hash": (4, 64, 1, 0), "lru_percpu_hash": (4, 64, 1, 0),
              "lpm_trie": (8, 64, 1, 1), "devmap_hash": (4, 4, 1, 0), "cpumap": (4, 4, 1, 0),
              "xskmap": (4, 4, 1, 0), "stack": (0, 64, 1, 0), "bloom_filter": (0, 64, 1, 0),
              "cgroup_storage": (8, 64, 0, 0), "percpu_cgroup_storage": (8, 64, 0, 0)}
# The kernel refuses the call before it looks at arguments.
NO_ANSWER = ("cannot use helper", "not allowed in probe", "might sleep",
             "Sleepable programs can only use")
SLEEPABLE = 16
NEED_SETUP = {"FUNC", "DYNPTR", "RINGBUF_MEM", "SOCK_COMMON", "SOCKET", "BTF_ID",
              "BTF_SOCK_COMMON", "PERCPU_BTF_ID", "SPIN_LOCK", "TIMER", "KPTR_DEST"}


class Maps:
    def __init__(self, spec):
        self.types = {name: value for _, value, name, *_ in spec["map_types"][:-1]}
        self.fds = {}
        key, text = struct.pack("=I", 0), b"%d".ljust(64, b"\0")
        self.const = k.map_create(self.types["array"], 4, 64, 1, 0x80)
        from ctypes import addressof, create_string_buffer
        kbuf, vbuf = create_string_buffer(key, 4), create_string_buffer(text, 64)
        k.bpf(k.MAP_UPDATE, struct.pack("=IIQQQ", self.const, 0, addressof(kbuf),
                                        addressof(vbuf), 0))
        k.bpf(k.MAP_FREEZE, struct.pack("=I", self.const))

    def fd(self, allowed):
        """A map of some type in @allowed, or None."""
        for name, shape in MAP_SHAPES.items():
            if name not in allowed:
                continue
            if self.of_type(name) >= 0:
                return self.fds[name]
        return None

    def of_type(self, name):
        if name not in self.fds:
            self.fds[name] = k.map_create(self.types[name], *MAP_SHAPES[name])
        return self.fds[name]


def good(reg, arg, helper, maps):
    """Code that puts a valid argument into @reg; None when nothing simple is one."""
    kind = arg[0]
    if kind in NEED_SETUP:
        return k.mov_imm(reg, 0) if "or_null" in arg[1] else None
    if kind == "CTX":
        return k.mov_reg(reg, 6)
    if kind == "CONST_MAP_PTR":
        fd = maps.fd(helper["maps"])
        return None if fd is None else k.ld_map(reg, fd)
    if kind in ("MEM", "MAP_KEY", "MAP_VALUE", "STACK"):
        return k.mov_reg(reg, 10) + k.insn(0x07, reg, 0, 0, SCRATCH_OFF)
    if kind == "CONST_STR":
        return k.ld_map(reg, maps.const, 0)
    if kind in ("SIZE", "SIZE_OR_ZERO", "ALLOC_SIZE_OR_ZERO"):
        return k.mov_imm(reg, 8)
    return k.mov_imm(reg, 0)


def prologue():
    code = k.mov_reg(6, 1)
    for off in range(SCRATCH_OFF, SCRATCH_OFF + SCRATCH_BYTES, 8):
        code += k.insn(0x7a, 10, 0, off, 0)
    # What the call does not get as an argument must be unreadable: a call makes it so.
    return code + k.call(5)


def homes(spec, helper):
    """Program types and attach types that may call @helper and can be loaded."""
    defaults = {"sk_lookup": "sk_lookup", "netfilter": "netfilter",
                "cgroup_sock_addr": "cgroup_inet4_connect", "cgroup_sockopt": "cgroup_setsockopt"}
    attach = {name: value for _, value, name, _ in spec["attach_types"][:-1]}
    for _, value, name, *_ in spec["prog_types"][1:-1]:
        if name not in helper["types"] or name in ("tracing", "lsm", "struct_ops", "ext",
                                                   "lirc_mode2"):
            continue
        number = attach[defaults[name]] if name in defaults else 0
        if name == "cgroup_device":
            number = attach["cgroup_device"]
        row = helper["types"][name]
        if int(row[1], 16) >> number & 1:
            sleepable = name == "syscall" or (name == "kprobe" and
                                              "might_sleep" in helper["props"])
            yield (name, value, number, SLEEPABLE if sleepable else 0,
                   row[2] if len(row) > 2 else helper["args"])


def check_helper(loader, helper, maps, home):
    """(how many arguments were confirmed, what the kernel says otherwise)."""
    _, prog_type, attach, flags, args = home
    code, wrong, sure = prologue(), [], 0
    call = k.call(helper["id"]) + k.mov_imm(0, 0) + k.EXIT
    for n, arg in enumerate(args):
        reg = n + 1
        _, log = loader.load(prog_type, code + call, attach, flags)
        if f"R{reg} !read_ok" not in log:
            if any(w in log for w in NO_ANSWER):
                return 0, []
            wrong.append(f"r{reg} is no argument: {last(log)}")
            return sure, wrong
        _, log = loader.load(prog_type, code + k.mov_imm(reg, 1) + call, attach, flags)
        m = re.search(rf"R{reg} type=scalar expected=(.*)", log)
        want = POINTERS.get(arg[0])
        if want and (not m or want not in m[1]):
            wrong.append(f"r{reg} should be {arg[0]}: {last(log)}")
        if not want and m:
            wrong.append(f"r{reg} should be {arg[0]}, kernel wants {m[1]}")
        sure += 1
        step = good(reg, arg, helper, maps)
        if step is None:
            return sure, wrong
        code += step
    if len(args) < 5:
        _, log = loader.load(prog_type, code + call, attach, flags)
        if f"R{len(args) + 1} !read_ok" in log:
            wrong.append(f"r{len(args) + 1} is an argument too")
    return sure, wrong


def last(log):
    lines = [x for x in log.strip().split("\n") if x and not x.startswith("processed")]
    return lines[-1] if lines else "no log"


def check_protos(tap, spec, show):
    loader, maps = k.Loader(), Maps(spec)
    sure = total = 0
    for helper in spec["helpers"][:-1]:
        best, wrong = 0, []
        for home in homes(spec, helper):
            got, bad = check_helper(loader, helper, maps, home)
            best = max(best, got)
            wrong += [f"{home[0]}: {line}" for line in bad]
        sure, total = sure + best, total + len(helper["args"])
        if wrong or best:
            tap.ok(not wrong, f"arguments of {helper['name']}", *wrong)
    if show:
        print(f"# {sure} of {total} arguments confirmed")
    for fd in [*maps.fds.values(), maps.const]:
        if fd >= 0:
            os.close(fd)


def try_map(loader, helper, home, maps, map_name):
    """True or False as the kernel lets @helper work on the map type; None: nobody knows."""
    _, prog_type, attach, flags, args = home
    code = prologue()
    for n, arg in enumerate(args):
        if arg[0] == "CONST_MAP_PTR":
            step = k.ld_map(n + 1, maps.of_type(map_name))
        else:
            step = good(n + 1, arg, helper, maps)
        if step is None:
            return None
        code += step
    code += k.call(helper["id"]) + k.mov_imm(0, 0) + k.EXIT
    fd, log = loader.load(prog_type, code, attach, flags)
    if "cannot pass map_type" in log:
        return False
    return True if fd >= 0 or "Unreleased reference" in log else None


def check_maps(tap, spec, show):
    """Which helper works on which map type (check_map_func_compatibility)."""
    loader, maps = k.Loader(), Maps(spec)
    known = 0
    for helper in spec["helpers"][:-1]:
        if not any(arg[0] == "CONST_MAP_PTR" for arg in helper["args"]):
            continue
        home = next((h for h in homes(spec, helper) if h[0] != "syscall"), None)
        wrong, asked = [], 0
        for name in MAP_SHAPES if home else ():
            if maps.of_type(name) < 0:
                continue
            got = try_map(loader, helper, home, maps, name)
            if got is None:
                continue
            asked += 1
            if got != (name in helper["maps"]):
                wrong.append(f"{name}: kernel says {'yes' if got else 'no'}")
        known += asked
        if asked:
            tap.ok(not wrong, f"map types of {helper['name']}", *wrong)
    if show:
        print(f"# {known} pairs of helper and map type confirmed")
    for fd in [*maps.fds.values(), maps.const]:
        if fd >= 0:
            os.close(fd)


UNINIT_OFF = -256  # the prologue leaves the stack below SCRATCH_OFF alone


def try_memory(loader, helper, home, maps, arg_n, code_of):
    """The verifier's last line for a call whose argument @arg_n is made by @code_of, None: unknown."""
    _, prog_type, attach, flags, args = home
    code = prologue()
    for n, arg in enumerate(args):
        step = code_of(n + 1) if n == arg_n else good(n + 1, arg, helper, maps)
        if step is None:
            return None
        code += step
    code += k.call(helper["id"]) + k.mov_imm(0, 0) + k.EXIT
    fd, log = loader.load(prog_type, code, attach, flags)
    return "" if fd >= 0 or "Unreleased reference" in log else last(log)


def check_access(tap, spec, show):
    """
    Whether memory arguments are read or written: stack never written must be refused where the
    helper reads (without CAP_PERFMON, so call this with few rights), read-only memory where it writes.
    """
    loader, maps = k.Loader(), Maps(spec)
    known = 0
    for helper in spec["helpers"][:-1]:
        wrong, asked = [], 0
        home = next((h for h in homes(spec, helper)
                     if loader.load(h[1], k.mov_imm(0, 1) + k.EXIT, h[2], h[3])[0] >= 0), None)
        for n, (kind, flags, _) in enumerate(home[4] if home else ()):
            if kind not in ("MEM", "MAP_KEY", "MAP_VALUE"):
                continue
            said = try_memory(loader, helper, home, maps, n, lambda reg: k.mov_reg(reg, 10) +
                              k.insn(0x07, reg, 0, 0, UNINIT_OFF))
            if said is not None and (not said or "invalid read from stack" in said):
                asked += 1
                if bool(said) == ("uninit" in flags):
                    wrong.append(f"r{n + 1} uninitialised: {said or 'accepted'}")
            said = try_memory(loader, helper, home, maps, n,
                              lambda reg: k.ld_map(reg, maps.const, 0))
            if said is not None and (not said or "write into map forbidden" in said):
                asked += 1
                if bool(said) != ("write" in flags):
                    wrong.append(f"r{n + 1} read-only: {said or 'accepted'}")
        known += asked
        if asked:
            tap.ok(not wrong, f"memory of {helper['name']}", *wrong)
    if show:
        print(f"# {known} memory accesses confirmed")
    for fd in [*maps.fds.values(), maps.const]:
        if fd >= 0:
            os.close(fd)
