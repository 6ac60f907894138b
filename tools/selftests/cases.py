# SPDX-License-Identifier: BSD-2-Clause
"""Verifier cases as text: the vectors' format with what a verifier asks for.

    -- test NAME
    -- type xdp                     as bpftool names it; socket_filter without
    -- attach N, -- flags N         expected_attach_type, prog_flags
    -- license TEXT                 GPL without
    -- map NAME TYPE KEY VALUE MAX [FLAGS]     with TYPE lock: an array with a spin lock by BTF
    -- frozen NAME                  that map, before the program is loaded
    -- btf                          func_info for every function, all static; `-- btf global N`: those
                                    but the first are global and take N ints; `-- btf none`: no func_info
    -- asm                          with `rN = map NAME`, `rN = value NAME+OFF`, `rN = func LABEL`
                                    lines from `%for i N` to `%end` N times, {EXPRESSION of i} filled in
    -- raw                          or hex
    -- priv accept | ERRNO REASON   what the live kernel says; -- bpf, -- unpriv: other rights
    -- only RIGHTS…                 compared at these rights alone
    -- ours RIGHTS accept | ERRNO REASON   where Skep differs on purpose; # lines above say why

The reason is the last line of the log before the statistics. Sections of tests/vectors (mem,
result, reject, xdp, map-value) are read too: of those files the refused programs are taken.
"""
import errno
import os
import re
import struct
import subprocess

import corpus

RIGHTS = ('priv', 'bpf', 'unpriv')
FUNC_MARK = 0x5eed0001
PROG_TYPES, MAP_TYPES = {}, {}


def names_of(kind, file):
    with open(os.path.join(corpus.TOP, 'src/spec', file)) as f:
        return {m.group(2): int(m.group(1)) for m in
                re.finditer(kind + r'\(\w+, (\d+), "(\w+)"', f.read())}


class Case:
    def __init__(self, name, line):
        self.name, self.line = name, line
        self.type, self.attach, self.flags, self.license = 'socket_filter', 0, 0, 'GPL'
        self.maps, self.btf, self.asm, self.raw = [], '', '', None
        self.frozen = set()
        self.expect, self.ours, self.only = {}, {}, RIGHTS
        self.sections = set()
        self.insns = b''
        self.place = None

    def wants(self, rights):
        return rights in self.only


def verdict(text):
    """'EACCES the reason' -> (-13, 'the reason'); 'accept' -> (0, '')."""
    word, _, reason = text.strip().partition(' ')
    if word == 'accept':
        return 0, ''
    # Some of the kernel's have no name in user space: E524.
    return -(getattr(errno, word, 0) or int(word[1:])), reason


def verdict_text(ret, reason):
    return 'accept' if ret == 0 else ('%s %s' % (errno.errorcode.get(-ret, 'E%d' % -ret),
                                                 reason)).strip()


def parse(text):
    cases, cur, sink = [], None, None
    for n, line in enumerate(text.split('\n'), 1):
        if line.startswith('-- '):
            key, _, rest = line[3:].partition(' ')
            sink = None
            if key == 'test':
                cur = Case(rest, n)
                cases.append(cur)
                continue
            cur.sections.add(key)
            if key in ('type', 'license'):
                setattr(cur, key, rest)
            elif key in ('attach', 'flags'):
                setattr(cur, key, int(rest, 0))
            elif key == 'map':
                cur.maps.append(rest.split())
            elif key == 'frozen':
                cur.frozen.add(rest)
            elif key == 'btf':
                cur.btf = rest or 'static'
            elif key == 'only':
                cur.only = tuple(rest.split())
            elif key == 'xdp':
                cur.type = 'xdp'
            elif key == 'ours':
                rights, _, what = rest.partition(' ')
                cur.ours[rights] = verdict(what)
            elif key in RIGHTS:
                cur.expect[key] = verdict(rest)
            elif key in ('asm', 'raw'):
                sink = key
                cur.raw = '' if key == 'raw' else None
            elif key == 'map-value':
                sink = key
                cur.maps = [['m0', 'array', '4', '0', '1']]
            continue
        if line.startswith('#') or cur is None:
            continue
        if sink == 'asm':
            cur.asm += line + '\n'
        elif sink == 'raw':
            cur.raw += line
        elif sink == 'map-value' and line.strip():
            cur.maps[0][3] = str(int(cur.maps[0][3]) + len(line.split()))
    return cases


def repeated(text):
    """@text with its `%for NAME COUNT` … `%end` written out; not nested."""
    def one(m):
        name, cnt, body = m.groups()
        return ''.join(re.sub(r'\{(.*?)\}', lambda e: str(eval(e.group(1), {name: i})), body)
                       for i in range(int(cnt)))
    return re.sub(r'^%for (\w+) (\d+)\n(.*?)^%end\n', one, text, flags=re.M | re.S)


def asm_lines(case):
    """The program for isa_asm, our three forms replaced by what marks them."""
    index = {m[0]: i for i, m in enumerate(case.maps)}

    def one(line):
        m = re.match(r'(\w+:\s*)?(r\d+) = (map|value|func) (\w+)(?:\s*\+\s*(\w+))?\s*$', line)
        if not m:
            return line
        label, reg, kind, name, off = m.groups()
        label = label.strip() + '\n' if label else ''
        if kind == 'func':
            return '%scall local %s\n%s = 0x%x' % (label, name, reg, FUNC_MARK)
        imm = index[name] | int(off or '0', 0) << 32
        return '%s(18) %s = 0x%x ; !src=%d' % (label, reg, imm, 1 if kind == 'map' else 2)
    return '\n'.join(one(x) for x in repeated(case.asm).split('\n')) + '\n%%\n'


def assemble(cases):
    """Fills in insns. SystemExit for a program that is none."""
    with_text = [c for c in cases if c.raw is None]
    out = corpus.run([corpus.tool('verify_asm_many')],
                     input=''.join(asm_lines(c) for c in with_text))
    for case, line in zip(with_text, out.splitlines()):
        if line.startswith('error'):
            raise SystemExit('%s: %s\n%s' % (case.name, line, asm_lines(case)))
        case.insns = functions(bytes.fromhex(line))
    for case in cases:
        if case.raw is not None:
            case.insns = bytes.fromhex(''.join(case.raw.split()))


def functions(code):
    """`call local F; rN = mark` becomes `rN = F ll`."""
    out = bytearray(code)
    for at in range(8, len(out), 8):
        op, regs, _, imm = struct.unpack_from('<BBhi', out, at)
        if op == 0xb7 and imm == FUNC_MARK and out[at - 8] == 0x85:
            rel = struct.unpack_from('<i', out, at - 4)[0]
            out[at - 8:at + 8] = struct.pack('<BBhiQ', 0x18, regs & 15 | 0x40, 0, rel, 0)
    return bytes(out)


def starts(code):
    """Where functions start."""
    found = {0}
    at = 0
    while at < len(code):
        op, regs, _, imm = struct.unpack_from('<BBhi', code, at)
        if op == 0x85 and regs >> 4 == 1 or op == 0x18 and regs >> 4 == 4:
            found.add(at // 8 + imm + 1)
        at += 16 if op == 0x18 else 8
    return sorted(found)


class BtfWriter:
    """Just enough: one int, one prototype `int (void)`, static functions; a struct with a lock."""

    def __init__(self):
        self.strs, self.types = b'\0', b''
        self.cnt = 0

    def text(self, s):
        self.strs += s.encode() + b'\0'
        return len(self.strs) - len(s) - 1

    def add(self, name, kind, vlen, size, tail=b''):
        self.types += struct.pack('<III', self.text(name) if name else 0, kind << 24 | vlen, size)
        self.types += tail
        self.cnt += 1
        return self.cnt

    def blob(self):
        return struct.pack('<HBBIIIII', 0xeb9f, 1, 0, 24, 0, len(self.types), len(self.types),
                           len(self.strs)) + self.types + self.strs


def function_btf(places, how):
    b = BtfWriter()
    b.add('int', 1, 0, 4, struct.pack('<I', 1 << 24 | 32))
    b.add('', 13, 0, 1)
    if how.startswith('global'):
        cnt = int(how.split()[1])
        b.add('', 13, cnt, 1, b''.join(struct.pack('<II', b.text('a'), 1) for _ in range(cnt)))
    info = b''
    for place in places:
        link = int(place > 0 and how.startswith('global'))
        info += struct.pack('<II', place, b.add('f%d' % place, 12, link, 2 + link))
    return b.blob(), info


def special_btf(field, size):
    """struct { int cnt; pad; struct bpf_spin_lock or bpf_timer at 8 or 16; } and its id."""
    b = BtfWriter()
    b.add('int', 1, 0, 4, struct.pack('<I', 1 << 24 | 32))
    if field == 'lock':
        b.add('bpf_spin_lock', 4, 1, 4, struct.pack('<III', b.text('val'), 1, 0))
    else:
        b.add('long', 1, 0, 8, struct.pack('<I', 1 << 24 | 64))
        b.add('bpf_timer', 4, 2, 16, struct.pack('<IIIIII', b.text('a'), 2, 0, b.text('b'), 2, 64))
    b.add('value', 4, 2, size, struct.pack('<IIIIII', b.text('cnt'), 1, 0, b.text('f'), b.cnt,
                                           64))
    return b.blob(), b.cnt


def record(case, blob_at):
    """Text of the record; blobs are numbered from blob_at."""
    if not PROG_TYPES:
        PROG_TYPES.update(names_of('PROG_TYPE', 'progtypes.def'))
        MAP_TYPES.update(names_of('MAP_TYPE', 'maptypes.def'))
    blobs, body = [], []
    for m in case.maps:
        kind, blob, ids = m[1], -1, (0, 0)
        if kind in ('lock', 'timer'):
            data, value = special_btf(kind, int(m[3], 0))
            blob, ids, kind = blob_at + len(blobs), (1, value), 'array'
            blobs.append(data)
        inner = -1
        flags = int(m[5], 0) if len(m) > 5 else 0
        if len(m) > 6:
            inner = [x[0] for x in case.maps].index(m[6])
        body.append('map %d %s %s %s %d 0 %d %d %d %d %d %s' % (
            MAP_TYPES[kind], m[2], m[3], m[4], flags, blob, ids[0], ids[1], inner,
            m[0] in case.frozen, m[0]))
    code = bytearray(case.insns)
    at = 0
    while at + 8 <= len(code):
        if code[at] == 0x18:
            if code[at + 1] >> 4 in (1, 2) and at + 16 <= len(code) and case.raw is None:
                body.append('fix %d %d' % (at // 8, struct.unpack_from('<i', code, at + 4)[0]))
                struct.pack_into('<i', code, at + 4, 0)
            at += 8
        at += 8
    if case.btf:
        data, info = function_btf(starts(code), case.btf)
        body.append('btf %d' % (blob_at + len(blobs)))
        if case.btf != 'none':
            body.append('func_info 8 %s' % info.hex())
        blobs.append(data)
    head = ['blob %d %s' % (blob_at + i, b.hex()) for i, b in enumerate(blobs)]
    return '\n'.join(head + ['record ' + case.name, 'type %d' % PROG_TYPES[case.type],
                             'attach %d' % case.attach, 'flags %d' % case.flags,
                             'license ' + case.license] + body +
                     ['insns ' + code.hex(), 'end']) + '\n', len(blobs)


def write_records(cases, path):
    """A record file of all @cases, whose insns are there."""
    blobs = 0
    with open(path, 'w') as f:
        for case in cases:
            text, more = record(case, blobs)
            blobs += more
            f.write(text)


def read(path):
    """Cases of a file; of one of tests/vectors only what is refused and needs no memory."""
    with open(path) as f:
        cases = parse(f.read())
    out = []
    for c in cases:
        if 'mem' in c.sections or 'unchecked' in c.sections:
            continue
        if not c.expect and 'reject' not in c.sections:
            continue
        out.append(c)
    return out
