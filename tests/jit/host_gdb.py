#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""gdb, stopped in a function that JIT code called, names the frames of that code and their lines.

    host_gdb.py PROGRAM       (jit_host_debug_test)
"""
import os
import re
import shutil
import subprocess
import sys

count = failed = 0


def ok(cond, name, why=''):
    global count, failed
    count += 1
    failed += not cond
    print(f'{"" if cond else "not "}ok {count} - {name}')
    if not cond:
        for line in why.split('\n'):
            print('# ' + line)


def main():
    if not shutil.which('gdb'):
        print('1..0 # SKIP no gdb here')
        return 0
    env = dict(os.environ, ASAN_OPTIONS='detect_leaks=0', LC_ALL='C', DEBUGINFOD_URLS='')
    commands = ['set confirm off', 'set pagination off', 'set startup-with-shell off',
                'break jit_test_probe', 'run', 'bt', 'frame 2', 'info symbol $pc', 'info line *$pc', 'up',
                'print $sp', 'continue']
    args = ['gdb', '-nx', '-batch'] + [w for c in commands for w in ('-ex', c)]
    out = subprocess.run(args + ['--args', sys.argv[1], '--gdb'], env=env, text=True, check=False,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout
    if re.search(r'ptrace: Operation not permitted|Could not trace', out):
        print('1..0 # SKIP ptrace is refused here')
        return 0
    frames = re.findall(r'^#(\d+)\s+(?:0x[0-9a-f]+ in )?(\w+) \(.*\)(?: at (\S+))?$', out, re.M)
    frames = [f for n, f in enumerate(frames) if int(f[0]) == n]  # of bt, not of the later commands
    names = [f[1] for f in frames]
    inner, outer = 'bpf_prog_0123456789abcdef_inner', 'bpf_prog_0123456789abcdef_outer'
    ok(names[:1] == ['jit_test_probe'], 'gdb stops in what the code calls', out)
    ok(names[1:3] == [inner, outer], 'both functions by their names', out)
    ok(names[-1:] == ['main'] and len(names) >= 5, 'and the walk goes on to main', out)
    ok([f[2] for f in frames[1:3]] == ['demo.bpf.c:2', 'demo.bpf.c:7'], 'with their lines', out)
    ok(f'{outer} + ' in out, 'addresses have symbols', out)
    ok('exited normally' in out, 'and the program goes on', out)
    print(f'1..{count}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
