#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The encoders for x86-64: objdump reads what was meant, and GNU as finds nothing shorter.

    x86_64_enc_test.py X86_64_MEANT
"""
import os
import random
import re
import shutil
import subprocess
import tempfile

import disasm

FORMS_LEAST = 1200000
# GNU as takes several times as long as objdump: it gets some of the addresses. The numbers have no
# factor in common with how many bases, indexes, scales and displacements there are.
STEP_AS, STEP_EMULATED, STEP_FLIPS = 13, 101, 4001
SEED = 1


def same(line):
    """A displacement of 0 that must be there; rip's sign and target."""
    line = disasm.strip_comment(line).replace('+0x0]', ']')
    if '[rip+0xffff' in line:
        line = re.sub(r'\+0x(\w+)', lambda m: f'-{2**64 - int(m.group(1), 16):#x}', line)
    return line


def source_line(offset, size, text, code):
    """For GNU as, or the bytes themselves where there is nothing to compare: jumps, whose targets
    as would want as labels; nop, which has a form for each size; xchg rax, rax, which as calls
    nop."""
    if re.match(r'(?:j\w+|call) 0x|nop|xchg (\w+),\1$', text):
        return '.byte ' + ','.join(str(c) for c in code[offset:offset + size])
    return text


def assemble(emitted, where):
    """What GNU as makes of what was meant, and of how many lines."""
    with open(emitted.code, 'rb') as f:
        code = f.read()
    with open(emitted.text, encoding='ascii') as f:
        lines = [line.rstrip().split(' ', 1) for line in f]
    starts = [int(offset, 16) for offset, _ in lines] + [len(code)]
    source, obj, out = (os.path.join(where, n) for n in ('in.s', 'out.o', 'out'))
    compared = 0
    with open(source, 'w', encoding='ascii') as f:
        f.write('.intel_syntax noprefix\n')
        for i, (_, text) in enumerate(lines):
            put = source_line(starts[i], starts[i + 1] - starts[i], text, code)
            compared += put is text
            f.write(put + '\n')
    subprocess.run(['as', '--64', '-W', '-o', obj, source], check=True)
    subprocess.run(['objcopy', '-O', 'binary', '-j', '.text', obj, out], check=True)
    with open(out, 'rb') as f:
        return code, f.read(), starts, lines, compared


def check_as(tap, exe, where):
    emitted = disasm.Emitted(exe, where, STEP_AS)
    ours, theirs, starts, lines, compared = assemble(emitted, where)
    notes = []
    if ours != theirs:
        at = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b),
                  min(len(ours), len(theirs)))
        n = max(i for i, s in enumerate(starts[:-1]) if s <= at)
        size = starts[n + 1] - starts[n]
        notes = [f'{lines[n][1]}: ours {ours[starts[n]:starts[n] + size].hex()}, '
                 f'as {theirs[starts[n]:starts[n] + size].hex()}…']
    tap.ok(ours == theirs and compared > emitted.forms * 0.99,
           f'{compared} forms have the bytes that GNU as chooses', notes)


def main():
    exe, tap = disasm.main_args('x86_64_enc_test.py X86_64_MEANT'), disasm.Tap()
    # In a cross build meson puts the other machine's tools in front.
    program = shutil.which('x86_64-linux-gnu-objdump') or 'objdump'
    objdump = disasm.Objdump(['-m', 'i386:x86-64', '-M', 'intel'], program, same=same)
    if not objdump.usable():
        disasm.skip_all('no objdump for x86-64 here')
    with tempfile.TemporaryDirectory() as where:
        if disasm.emulated():
            disasm.check(tap, objdump, disasm.Emitted(exe, where, STEP_EMULATED), 90000)
            tap.done()
        disasm.check(tap, objdump, disasm.Emitted(exe, where), FORMS_LEAST)
        few = disasm.Emitted(exe, where, STEP_FLIPS)
        flips = random.Random(SEED)
        disasm.check_flips(tap, objdump, few, [flips.getrandbits(40) for _ in range(16)])
        help_text = subprocess.run(['as', '--help'], capture_output=True, text=True, check=False) \
            if shutil.which('as') else None
        if help_text and '--64' in help_text.stdout:
            check_as(tap, exe, where)
        else:
            tap.skip('no GNU as for x86-64 here')
    tap.done()


if __name__ == '__main__':
    main()
