# SPDX-License-Identifier: BSD-2-Clause
"""Raw bpf(2) of the running kernel for the oracle tools: load a program, read the verifier's log."""
import ctypes
import os
import platform
import struct

NR_BPF = {"x86_64": 321, "aarch64": 280, "s390x": 351}
MAP_CREATE, MAP_UPDATE, PROG_LOAD, PROG_TEST_RUN, MAP_FREEZE = 0, 2, 5, 10, 22
ATTR_BYTES = 168
CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF = 12, 38, 39

libc = ctypes.CDLL(None, use_errno=True)
license_gpl = ctypes.create_string_buffer(b"GPL")


def bpf(cmd, attr):
    """The fd or value, or -errno. Buffers named in attr must stay alive until the return."""
    buf = ctypes.create_string_buffer(attr.ljust(ATTR_BYTES, b"\0"), ATTR_BYTES)
    ret = libc.syscall(NR_BPF[platform.machine()], cmd, buf, ATTR_BYTES)
    return ret if ret >= 0 else -ctypes.get_errno()


def insn(code, dst=0, src=0, off=0, imm=0):
    return struct.pack("=BBhi", code, dst | src << 4, off, imm)


def mov_imm(dst, imm):
    return insn(0xb7, dst, 0, 0, imm)


def mov_reg(dst, src):
    return insn(0xbf, dst, src)


def ld_map(dst, fd, value_off=None):
    src = 1 if value_off is None else 2
    return insn(0x18, dst, src, 0, fd) + insn(0, imm=value_off or 0)


def call(helper):
    return insn(0x85, imm=helper)


EXIT = insn(0x95)


class Loader:
    def __init__(self):
        self.log = ctypes.create_string_buffer(1 << 16)

    def load(self, prog_type, insns, attach=0, flags=0, btf_id=0, keep=False):
        """(fd or -errno, log). The fd is closed unless @keep."""
        code = ctypes.create_string_buffer(insns, len(insns))
        self.log[0] = b"\0"
        attr = struct.pack("=IIQQIIQII16sIIIIQIIQII", prog_type, len(insns) // 8,
                           ctypes.addressof(code), ctypes.addressof(license_gpl), 1,
                           len(self.log), ctypes.addressof(self.log), 0, flags, b"oracle", 0,
                           attach, 0, 0, 0, 0, 0, 0, 0, btf_id)
        fd = bpf(PROG_LOAD, attr)
        if fd >= 0 and not keep:
            os.close(fd)
        return fd, self.log.value.decode(errors="replace")


def map_create(map_type, key_bytes, value_bytes, entries, flags=0):
    return bpf(MAP_CREATE, struct.pack("=IIIII", map_type, key_bytes, value_bytes, entries, flags))


def keep_caps(*caps):
    """Drops every capability of this process but @caps."""
    mask = sum(1 << c for c in caps)
    header = struct.pack("=Ii", 0x20080522, 0)
    data = b"".join(struct.pack("=III", half, half, 0)
                    for half in (mask & 0xffffffff, mask >> 32))
    if libc.capset(header, data):
        raise OSError(ctypes.get_errno(), "capset")


def release():
    return tuple(int(x) for x in platform.release().split(".")[:2])
