#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""skep asm and skep disasm as a user meets them: argv[1] is the command, argv[2] the source tree.

In llvm style, what clang compiled comes out as from llvm-objdump -d, line by line, wherever that
decodes: where it prints "<unknown>" (32-bit atomics without -mcpu) ours may know better.
"""
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

SKEP, TOP = sys.argv[1], sys.argv[2]
number = failed = 0

C_SOURCE = r'''
#define SEC(n) __attribute__((section(n), used))
typedef unsigned int u32; typedef unsigned long long u64; typedef unsigned short u16;
struct md { u32 data, data_end; };
static u64 (*const ktime)(void) = (void *)5;
u64 counter; u32 arr[16]; u16 half; unsigned char byte;
static __attribute__((noinline)) u32 mix(u32 a, u32 b) { return a % 7 + b * 3 - (a ^ b) / (b | 1); }
static __attribute__((noinline)) u64 sum(u64 *p, int n)
{
	u64 s = 0;
	for (int i = 0; i < n; i++)
		s += p[i] * i;
	return s;
}
SEC("xdp") int prog(struct md *m)
{
	u64 t = ktime(), loc[4] = { t, 1, 2, 3 };
	__sync_fetch_and_add(&counter, t);
	if ((short)t < 5)
		return mix(t, m->data);
	for (int i = 0; i < 16; i++)
		arr[i] ^= sum(loc, i & 3);
	half = __builtin_bswap16(half) << 3; byte = -(signed char)byte;
	return __builtin_bswap32((u32)t) + (t > 0x1122334455667788ULL) + ((long)t >> 5);
}
SEC("tc") int other(struct md *m) { return sum(&counter, 1) & (u64)m->data_end; }
'''


def ok(cond, name, why=''):
    global number, failed
    number += 1
    failed += not cond
    print(('ok' if cond else 'not ok'), number, '-', name)
    if not cond and why:
        for line in str(why).splitlines()[:30]:
            print('#', line)


def run(*args, data=None):
    p = subprocess.run([SKEP, *args], input=data, capture_output=True)
    return p.returncode, p.stdout, p.stderr.decode()


def llvm19(tool):
    """LLVM 19's, whose output is the reference; None without it."""
    for name in (tool + '-19', tool):
        if shutil.which(name):
            said = subprocess.run([name, '--version'], capture_output=True, text=True).stdout
            if 'version 19.' in said:
                return name
    return None


def test_pipe():
    text = b'r0 = 7\nif r0 == 7 goto out\nr0 = 1\nout: exit\n'
    rc, raw, _ = run('asm', data=text)
    ok(rc == 0 and len(raw) == 32, 'asm writes raw instructions into a pipe')
    rc, back, _ = run('disasm', data=raw)
    want = '   0: (b7) r0 = 7\n   1: (15) if r0 == 0x7 goto pc+1\n' \
           '   2: (b7) r0 = 1\n   3: (95) exit\n'
    ok(rc == 0 and back.decode() == want, 'disasm prints them', back.decode())
    rc, again, _ = run('asm', data=back)
    ok(rc == 0 and again == raw, 'and asm reads that back')
    rc, hexed, _ = run('asm', '--hex', data=text)
    ok(hexed.decode().splitlines()[0] == 'b7 00 00 00 07 00 00 00', '--hex')
    rc, back2, _ = run('disasm', data=hexed)
    ok(back2 == back, 'disasm knows hex when it sees it')
    rc, out, _ = run('disasm', '--style=llvm', data=raw)
    ok(out.decode().splitlines()[1] == '       1:\t15 00 01 00 07 00 00 00\tif r0 == 0x7 goto +0x1',
       'llvm style', out.decode())
    rc, out, _ = run('disasm', '--json', data=raw)
    rows = json.loads(out)
    ok(rows[1]['op'] == 'JEQ64_K' and rows[3]['text'] == '(95) exit' and
       rows[0]['bytes'] == 'b700000007000000', 'disasm --json')
    rc, out, _ = run('asm', '--json', data=text)
    ok(json.loads(out)[1] == {'code': 0x15, 'dst': 0, 'src': 0, 'off': 1, 'imm': 7}, 'asm --json')


def test_errors(tmp):
    def fails(name, want_rc, want, *args, data=b''):
        rc, out, err = run(*args, data=data)
        ok(rc == want_rc and want in err and not out, name, f'{rc} {err}')
    fails('a wrong word', 1, "-:2:3: expected an instruction, not 'frob'", 'asm',
          data=b'exit\n  frob\n')
    fails('a broken rule', 1, '-: instruction 0: last insn is not an exit or jmp', 'asm',
          data=b'r0 = 1\n')
    rc, out, _ = run('asm', '--no-check', data=b'r0 = 1\n')
    ok(rc == 0 and len(out) == 8, '--no-check')
    fails('binary where text should be', 1, 'this is not text', 'asm', data=b'\0\1')
    fails('a missing file', 1, 'No such file', 'disasm', tmp + '/none')
    fails('half an instruction', 1, '12 bytes are no whole number', 'disasm', data=b'\x95' * 12)
    fails('an unknown style', 2, "not 'intel'", 'disasm', '--style=intel')
    fails('two files', 2, 'one file', 'asm', 'a', 'b')
    fails('a truncated ELF', 1, 'bad ELF', 'disasm', data=b'\x7fELF\2\1\1' + b'\0' * 20)
    foreign = open(SKEP, 'rb').read(1 << 26)
    open(tmp + '/foreign', 'wb').write(foreign)
    fails('a foreign ELF', 1, 'not for BPF', 'disasm', tmp + '/foreign')
    fails('unwritable output', 1, 'No such file', 'asm', '-o', tmp + '/no/such', data=b'exit\n')


def compare_with_objdump(objdump, path, name):
    theirs = subprocess.run([objdump, '-d', path], capture_output=True, text=True).stdout
    rc, ours, err = run('disasm', '--style=llvm', path)
    ours = ours.decode()
    a, b = theirs.splitlines(), ours.splitlines()
    bad = [f'{x}\n{y}' for x, y in zip(a, b)
           if x != y and '<unknown>' not in x]
    known = sum('\t' in x and '<unknown>' not in x for x in a)
    ok(rc == 0 and len(a) == len(b) and not bad and known,
       f'{name}: {known} lines as llvm-objdump -d', err + '\n'.join(bad))
    rc, ours, _ = run('disasm', path)
    rc2, raw, err = run('asm', '--no-check', data=ours)
    rc3, rows, _ = run('disasm', '--json', path)
    want = ''.join(row['bytes'] for row in json.loads(rows))
    ok(rc == rc2 == rc3 == 0 and raw.hex() == want, f'{name}: default style reassembles', err)


def test_objects(tmp):
    clang, objdump = llvm19('clang'), llvm19('llvm-objdump')
    if not clang or not objdump:
        ok(True, 'objects # SKIP no clang 19 or llvm-objdump 19')
        return
    open(tmp + '/x.bpf.c', 'w').write(C_SOURCE)
    for cpu in ('v1', 'v2', 'v3', 'v4'):
        for debug in ([], ['-g']):
            obj = f'{tmp}/x_{cpu}{"g" if debug else ""}.o'
            p = subprocess.run([clang, '-O2', *debug, '-target', 'bpf', f'-mcpu={cpu}', '-c',
                                tmp + '/x.bpf.c', '-o', obj], capture_output=True, text=True)
            if p.returncode:
                ok(False, f'compile for {cpu}', p.stderr)
                continue
            compare_with_objdump(objdump, obj, f'clang -mcpu={cpu} {" ".join(debug)}')
    include = ['-I', TOP + '/examples', '-I', '/usr/include/' + os.uname().machine + '-linux-gnu']
    for source in sorted(glob.glob(TOP + '/examples/**/*.bpf.c', recursive=True)):
        obj = f'{tmp}/{os.path.basename(source)}.o'
        p = subprocess.run([clang, '-O2', '-g', '-target', 'bpf', '-mcpu=v3', *include, '-c',
                            source, '-o', obj], capture_output=True, text=True)
        if p.returncode == 0:
            compare_with_objdump(objdump, obj, os.path.relpath(source, TOP))


with tempfile.TemporaryDirectory() as tmp:
    test_pipe()
    test_errors(tmp)
    test_objects(tmp)
print(f'1..{number}')
sys.exit(1 if failed else 0)
