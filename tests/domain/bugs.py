#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Puts the range bugs of the past back into a copy of verify/domain, one at a time, and has each
refuted by the proofs at 64 bits. Prints TAP and a table.

    bugs.py [NAME]...      (all of them; CXX names the compiler)

A row is a change of text: when the source moves on, the row that no longer applies fails.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SRC = os.path.join(HERE, '..', '..', 'src')
CXX = os.environ.get('CXX', 'g++')
FLAGS = ['-std=gnu++17', '-fno-operator-names', '-O0', '-w']

# name, reference, file, text, its replacement, obligation
BUGS = [
    ('mov32-imm-zext', 'CVE-2017-16995', 'scalar_cast.c',
     '\tif (size_bytes == 4) {\n\t\tscalar_low_to_64(dst);',
     '\tif (size_bytes == 4) {\n\t\tscalar_low_to_64(dst);\n'
     '\t\tif (tnum_is_const(dst->var_off))\n'
     '\t\t\tscalar_set_const(dst, (u64)(s64)(s32)(u32)dst->var_off.value);',
     'zext32'),
    ('alu32-trunc', 'CVE-2017-16996', 'scalar_int.h',
     '\ts->var_off = tnum_subreg(s->var_off);\n\ts->umin = (u64)s->u32_min;',
     '\ts->umin = (u64)s->u32_min;',
     'zext32'),
    ('rsh-signed', 'CVE-2017-17853', 'range_tmpl.h',
     '\td->UMAX = d->UMAX >> count;\n\td->SMIN = SWORD_MIN;\n\td->SMAX = SWORD_MAX;',
     '\td->UMAX = d->UMAX >> count;\n\td->SMIN = d->SMIN >> (SWORD)count;\n'
     '\td->SMAX = d->SMAX >> (SWORD)count;',
     'alu64 rsh s64'),
    ('ptr-ovf', 'CVE-2017-17854', 'range_tmpl.h',
     '\tbool slost = RANGE(sum_over)((UWORD)d->SMIN, (UWORD)s->SMIN, smin) ||\n'
     '\t\t     RANGE(sum_over)((UWORD)d->SMAX, (UWORD)s->SMAX, smax);',
     '\tbool slost = false;',
     'alu64 add s64'),
    ('rsh32-after-lsh64', 'CVE-2018-18445', 'scalar_alu.c',
     'dst->var_off = tnum_rsh(low, count);', 'dst->var_off = tnum_rsh(dst->var_off, count);',
     'alu32 rsh bits'),
    ('jmp32-bound-offset', 'CVE-2020-8835', 'sync.c',
     'tnum_range((u64)s->u32_min, (u64)s->u32_max)',
     'tnum_range((u64)(u32)s->umin, (u64)(u32)s->umax)',
     'sync u32_bounds_bits'),
    ('or32-bounds', 'CVE-2020-27194', 'range_tmpl.h',
     '\tRAISE(d->UMIN, s->UMIN);\n\td->UMAX = (UWORD)(d->var_off',
     '\td->UMIN = (UWORD)pick(d->umin < s->umin, s->umin, d->umin);\n'
     '\td->UMAX = (UWORD)(d->var_off',
     'alu32 or u32'),
    ('and32-both-known', 'CVE-2021-3490', 'scalar_alu.c',
     '\t\tdst->var_off = tnum_and(dst->var_off, src->var_off);\n\t\trange32_and(dst, src);',
     '\t\tdst->var_off = tnum_and(dst->var_off, src->var_off);\n'
     '\t\tif (!((u32)(dst->var_off.mask | src->var_off.mask) == 0))\n'
     '\t\t\trange32_and(dst, src);',
     'alu32 and u32'),
    ('combine-64-to-32', 'CVE-2021-31440', 'sync.c',
     '\tif (((s->umin ^ s->umax) & U64_UPPER) == 0) {\n\t\tlow_within(s, lo, hi);',
     '\tif ((s->umin & U64_UPPER) == 0)\n\t\tRAISE(s->u32_min, lo);\n'
     '\tif ((s->umax & U64_UPPER) == 0)\n\t\tLOWER(s->u32_max, hi);\n'
     '\tif (((s->umin ^ s->umax) & U64_UPPER) == 0) {\n\t\tlow_within(s, lo, hi);',
     'sync u64_bounds_low'),
    ('s32-add-ovf', 'CVE-2021-20268', 'range_tmpl.h',
     'return (SWORD)((sum ^ a) & (sum ^ b)) < 0;',
     'return (s64)(((u64)sum ^ (u64)a) & ((u64)sum ^ (u64)b)) < 0;',
     'alu32 add s32'),
    ('or-fork', 'CVE-2026-31413', 'scalar_alu.c',
     '\tdst->var_off = tnum_or(dst->var_off, src->var_off);\n\trange32_or(dst, src);\n\trange64',
     '\tif (tnum_equals_const(dst->var_off, 0))\n\t\treturn;\n'
     '\tdst->var_off = tnum_or(dst->var_off, src->var_off);\n\trange32_or(dst, src);\n\trange64',
     'alu64 or bits'),
    ('jeq-scratch', 'CVE-2024-41003', 'cmp_tmpl.h',
     '\tLOWER(a->UMAX, b->UMAX - 1);\n\tRAISE(b->UMIN, a->UMIN + 1);',
     '\tb->UMAX = a->UMAX;\n\tLOWER(a->UMAX, b->UMAX - 1);\n\tRAISE(b->UMIN, a->UMIN + 1);',
     'refine jlt64'),
]


def compile_one(name, includes, out):
    command = [CXX, *FLAGS, *[f'-I{d}' for d in includes], '-I' + HERE, '-c',
               os.path.join(HERE, name), '-o', out]
    subprocess.run(command, check=True)


def bug_tree(work, bug):
    """A copy of the room with the bug in it; None when the text is not there once."""
    name, _, file, old, new, _ = bug
    tree = os.path.join(work, name)
    room = os.path.join(tree, 'verify', 'domain')
    shutil.copytree(os.path.join(SRC, 'verify', 'domain'), room)
    path = os.path.join(room, file)
    with open(path, encoding='utf-8') as f:
        text = f.read()
    if text.count(old) != 1:
        return None
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text.replace(old, new))
    return tree


def bug_refute(work, bug, common):
    """The obligation that was refuted and the seconds that took, or None."""
    tree = bug_tree(work, bug)
    if not tree:
        return None
    bits, exe = os.path.join(tree, 'bits.o'), os.path.join(tree, 'prove')
    compile_one('prove_bits.cpp', [tree, SRC], bits)
    subprocess.run([CXX, bits, *common, '-lz3', '-o', exe], check=True)
    start = time.monotonic()
    run = subprocess.run([exe, '-x', '-s', 'itself', bug[5]], capture_output=True, text=True,
                         check=False)
    found = re.search(r'^ok \d+ - (.*): refuted', run.stdout, re.M)
    return (found.group(1), time.monotonic() - start) if found and not run.returncode else None


def main():
    wanted = [b for b in BUGS if not sys.argv[1:] or b[0] in sys.argv[1:]]
    failed = 0
    with tempfile.TemporaryDirectory() as work:
        common = [os.path.join(work, n + '.o') for n in ('prove', 'prove_int')]
        for path in common:
            compile_one(os.path.basename(path)[:-2] + '.cpp', [SRC], path)
        for n, bug in enumerate(wanted, 1):
            got = bug_refute(work, bug, common)
            failed += not got
            print(f'{"ok" if got else "not ok"} {n} - {bug[0]} is refuted')
            print(f'# {bug[0]:20} {bug[1]:16} ' +
                  (f'{got[0]:24} {got[1]:6.2f} s' if got else 'NOT REFUTED'), flush=True)
    print(f'1..{len(wanted)}')
    return 1 if failed or not wanted else 0


if __name__ == '__main__':
    sys.exit(main())
