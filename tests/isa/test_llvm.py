#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Random instructions against LLVM's and GNU's tools: argv[1] prints them, argv[2] is skep.

llvm-objdump prints for each word what we print (where it knows the operation); llvm-mc and GNU's
bpf-as give for each line of assembly the bytes that `skep asm` gives.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

PRINT, SKEP = sys.argv[1], sys.argv[2]
number = failed = 0

# GNU's normal syntax as binutils 2.40 knows it; later mnemonics are rows of test_asm.c.
GNU = '''add %r1,%r2|add %r1,5|add32 %r1,%r2|sub %r9,-1|mul %r3,7|div %r3,7|or %r1,%r4|and %r1,255
lsh %r1,3|rsh32 %r1,%r2|mod %r5,%r6|xor32 %r1,1|mov %r1,-1|mov32 %r1,%r2|arsh %r1,5|neg %r1|neg32 %r7
endle %r1,16|endbe %r1,64|endbe %r3,32|lddw %r1,0x1122334455667788|lddw %r2,5|ldxdw %r1,[%r2+8]
ldxw %r1,[%r2+-8]|ldxh %r3,[%fp+-2]|ldxb %r3,[%r4+0]|stxdw [%r1+8],%r2|stxb [%fp+-1],%r3
stdw [%r1+8],5|stw [%r1+8],-5|sth [%r1+2],7|stb [%r1+-8],1|jeq %r1,%r2,1|jeq32 %r1,5,-1|jne %r1,5,2
jset %r1,5,1|jslt %r1,5,1|jsge32 %r1,%r2,3|jgt %r4,1,0|jle %r4,%r5,7|ja 1|ja -2|call 1|exit
xadddw [%r1+8],%r2|xaddw [%r1+8],%r2|ldabsw 5|ldabsh 2|ldabsb 9|ldindw %r1,5|ldindb %r3,1'''


def ok(cond, name, why=''):
    global number, failed
    number += 1
    failed += not cond
    print('ok' if cond else 'not ok', number, '-', name)
    if not cond:
        for line in str(why).splitlines()[:20]:
            print('#', line)


def llvm19(tool):
    """LLVM 19's, whose output is the reference; None without it."""
    for name in (tool + '-19', tool):
        if shutil.which(name):
            said = subprocess.run([name, '--version'], capture_output=True, text=True).stdout
            if 'version 19.' in said:
                return name
    return None


def skep_asm(line):
    p = subprocess.run([SKEP, 'asm', '--no-check'], input=line.encode() + b'\n',
                       capture_output=True)
    return p.stdout.hex() if p.returncode == 0 else p.stderr.decode()


def text_section(objcopy, obj):
    subprocess.run([objcopy, '-O', 'binary', '-j', '.text', obj, obj + '.bin'], check=True)
    return open(obj + '.bin', 'rb').read().hex()


def test_objdump(tmp, rows):
    mc, objdump = llvm19('llvm-mc'), llvm19('llvm-objdump')
    if not mc or not objdump:
        return ok(True, 'llvm-objdump # SKIP not here, or not 19')
    with open(tmp + '/w.s', 'w') as f:
        for _, hexed, _ in rows:
            f.write('.byte ' + ','.join('0x' + hexed[i:i + 2] for i in range(0, len(hexed), 2)) + '\n')
    subprocess.run([mc, '-triple', 'bpfel', '-filetype=obj', tmp + '/w.s', '-o', tmp + '/w.o'],
                   check=True)
    # v4 knows the 32-bit atomics, but names sub-registers in loads, which the default does not.
    out = {}
    for cpu in ('v1', 'v4'):
        p = subprocess.run([objdump, '-d', f'--mcpu={cpu}', tmp + '/w.o'], capture_output=True,
                           text=True, check=True)
        lines = [m.groups() for m in re.finditer(r'^ *(\d+):\t[0-9a-f ]+\t(.*)$', p.stdout, re.M)]
        out[cpu] = {int(i): re.sub(r' <[.\w]*(\+0x[0-9a-f]+)?>$', '', t) for i, t in lines if t != '<unknown>'}
    at, seen, wrong = 0, set(), []
    for name, hexed, ours in rows:
        theirs = out['v1'].get(at)
        # 19 takes load-acquire for an addition, and 32-bit atomics need v3.
        if name.startswith('ATOMIC32') and not name == 'ATOMIC32_ADD':
            theirs = out['v4'].get(at)
        if name.startswith('LOAD_ACQ') or name.startswith('STORE_REL'):
            theirs = None
        at += len(hexed) // 16
        if theirs is None:
            continue
        seen.add(name)
        if theirs.replace('\t', ' ') != ours.replace('\t', ' '):
            wrong.append(f'{name} {hexed}: ours "{ours}", theirs "{theirs}"')
    ok(not wrong and len(seen) > 150,
       f'llvm-objdump prints the same for {len(seen)} operations', '\n'.join(wrong))
    return None


def test_llvm_mc(tmp, rows):
    mc, objcopy = llvm19('llvm-mc'), llvm19('llvm-objcopy')
    if not mc or not objcopy:
        return ok(True, 'llvm-mc # SKIP not here, or not 19')
    good = bad = 0
    why = []
    picked = [r for r in rows if not re.match('LDDW_[^I]|LDDW_IDX|CALL_[SK]|LDIND|GOTOX|LOAD|STORE'
                                              '|LDABS', r[0])]
    with open(tmp + '/m.s', 'w') as f:
        f.write('\n'.join(text for _, _, text in picked) + '\n')
    p = subprocess.run([mc, '-triple', 'bpfel', '-mcpu=v4', '-filetype=obj', tmp + '/m.s', '-o',
                        tmp + '/m.o'], capture_output=True, text=True)
    refused = {int(m) for m in re.findall(r'm\.s:(\d+):\d+: error', p.stderr)}
    kept = [r for n, r in enumerate(picked, 1) if n not in refused]
    with open(tmp + '/m.s', 'w') as f:
        f.write('\n'.join(text for _, _, text in kept) + '\n')
    p = subprocess.run([mc, '-triple', 'bpfel', '-mcpu=v4', '-filetype=obj', tmp + '/m.s', '-o',
                        tmp + '/m.o'], capture_output=True, text=True)
    if p.returncode:
        return ok(False, 'llvm-mc', p.stderr)
    theirs = text_section(objcopy, tmp + '/m.o')
    ours = skep_asm('\n'.join(text for _, _, text in kept))
    at = 0
    for name, hexed, text in kept:
        if theirs[at:at + len(hexed)] == ours[at:at + len(hexed)]:
            good += 1
        else:
            bad += 1
            why.append(f'{name} "{text}": ours {ours[at:at + 32]} theirs {theirs[at:at + 32]}')
        at += len(hexed)
    ok(not bad and good > len(picked) // 2,
       f'llvm-mc gives our bytes for {good} lines ({len(refused)} it does not read)',
       '\n'.join(why))
    return None


def test_gnu(tmp):
    if not shutil.which('bpf-as'):
        return ok(True, 'GNU bpf-as # SKIP not here, or not 19')
    lines = GNU.replace('\n', '|').split('|')
    open(tmp + '/g.s', 'w').write('\n'.join(lines) + '\n')
    p = subprocess.run(['bpf-as', tmp + '/g.s', '-o', tmp + '/g.o'], capture_output=True, text=True)
    if p.returncode:
        return ok(False, 'GNU bpf-as', p.stderr)
    theirs = text_section('bpf-objcopy', tmp + '/g.o')
    ours = skep_asm('\n'.join(lines))
    bad = ''
    if theirs != ours:
        at = next((i for i in range(min(len(ours), len(theirs))) if ours[i] != theirs[i]), 0)
        bad = f'word {at // 16}: ours {ours[at // 16 * 16:][:16]} theirs {theirs[at // 16 * 16:][:16]}'
        bad += '\n' + ours[:200]
    ok(theirs == ours, f'GNU bpf-as gives our bytes for {len(lines)} lines', bad)
    return None


rows = [line.split('\t', 2) for line in
        subprocess.run([PRINT, '12'], capture_output=True, text=True, check=True).stdout.splitlines()]
with tempfile.TemporaryDirectory() as tmp:
    test_objdump(tmp, rows)
    test_llvm_mc(tmp, rows)
    test_gnu(tmp)
print(f'1..{number}')
sys.exit(1 if failed else 0)
