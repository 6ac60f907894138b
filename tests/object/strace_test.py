#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""No bpf(2) reaches the real kernel: the skeleton test and `skep run` under strace."""
import os
import shutil
import subprocess
import sys
import tempfile


def traced(*args):
    """Exit status and the bpf calls that strace saw; None when tracing is refused here."""
    with tempfile.NamedTemporaryFile('r') as log:
        cmd = ['strace', '-f', '-qq', '-e', 'trace=bpf', '-e', 'signal=none', '-o', log.name, *args]
        done = subprocess.run(cmd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if 'PTRACE' in done.stderr or 'ptrace' in done.stderr:
            return None
        return done.returncode, [line for line in log.read().splitlines() if 'bpf(' in line]


def main():
    skel, skep, obj = sys.argv[1:4]
    if not shutil.which('strace'):
        print('1..0 # SKIP strace is not installed')
        return 0
    failed = 0
    runs = [('the skeleton test', [skel]), ('skep run', [skep, 'run', obj])]
    for n, (name, args) in enumerate(runs, 1):
        seen = traced(*args)
        if seen is None:
            print(f'ok {n} # SKIP {name}: ptrace is refused here')
            continue
        status, calls = seen
        good = not calls and status == 0
        failed += not good
        print(f'{"ok" if good else "not ok"} {n} - {name} makes no bpf(2) call')
        for line in calls[:5]:
            print('#', line)
        if status:
            print(f'# exit status {status}')
    print(f'1..{len(runs)}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
