#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Turns the sections raw/NAME of BPF objects into C arrays of instructions.

    bench/elf2c.py OUT.h OBJECT...

Functions that a section calls stand in .text: it is put behind the section and the calls are
pointed at it. Anything else that would need a loader (maps, data) is an error.
"""
import struct
import sys

R_BPF_64_32 = 10


class Elf:
    def __init__(self, path):
        with open(path, 'rb') as f:
            self.data = f.read()
        if self.data[:4] != b'\x7fELF':
            sys.exit(f'{path}: not an ELF file')
        self.path = path
        shoff, = struct.unpack_from('<Q', self.data, 40)
        size, count, strings = struct.unpack_from('<3H', self.data, 58)
        heads = [struct.unpack_from('<IIQQQQIIQQ', self.data, shoff + i * size) for i in range(count)]
        self.sections = [(self.text(heads[strings][4] + h[0]), h[1], h[4], h[5], h[6], h[7]) for h in heads]

    def text(self, at):
        return self.data[at:self.data.index(b'\0', at)].decode()

    def body(self, index):
        _, _, at, size, _, _ = self.sections[index]
        return self.data[at:at + size]

    def symbol(self, index):
        table = next(i for i, s in enumerate(self.sections) if s[1] == 2)
        _, _, _, section, value, _ = struct.unpack_from('<IBBHQQ', self.body(table), index * 24)
        return section, value

    def relocations(self, target):
        for i, (_, kind, _, _, _, info) in enumerate(self.sections):
            if kind == 9 and info == target:
                body = self.body(i)
                for at in range(0, len(body), 16):
                    off, what = struct.unpack_from('<QQ', body, at)
                    yield off, what & 0xffffffff, what >> 32


def programs(elf):
    names = [s[0] for s in elf.sections]
    text = names.index('.text') if '.text' in names else -1
    for index, name in enumerate(names):
        if not name.startswith('raw/'):
            continue
        code, shift = bytearray(elf.body(index)), len(elf.body(index)) // 8
        calls = list(elf.relocations(index))
        if calls:
            if list(elf.relocations(text)):
                sys.exit(f'{elf.path}: .text has relocations of its own')
            code += elf.body(text)
        for off, kind, symbol in calls:
            section, value = elf.symbol(symbol)
            if kind != R_BPF_64_32 or section != text:
                sys.exit(f'{elf.path}: {name}: relocation of kind {kind}: only calls into .text')
            imm, = struct.unpack_from('<i', code, off + 4)
            goal = shift + value // 8 + imm + 1
            struct.pack_into('<i', code, off + 4, goal - off // 8 - 1)
        yield name[4:], code


def main():
    out = ['/* SPDX-License-Identifier: BSD-2-Clause */\n/* Made by bench/elf2c.py. */\n']
    for path in sys.argv[2:]:
        for name, code in programs(Elf(path)):
            words = struct.unpack(f'<{len(code) // 8}Q', code)
            out.append(f'static const uint64_t insns_{name}[] = {{\n')
            out += [f'\t0x{w:016x}ULL,\n' for w in words]
            out.append('};\n')
    with open(sys.argv[1], 'w', encoding='utf-8') as f:
        f.write(''.join(out))


if __name__ == '__main__':
    main()
