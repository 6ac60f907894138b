#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""examples/embed/vm.c and from_ubpf.c do what their comments say."""
import os
import re
import shlex
import subprocess
import sys

WANT = """the program says: hello
result: h
program 'vm' stopped at instruction 0
  read 8 bytes at memory+100: 103 bytes past the end of the 5-byte memory

  -->    0: (79) r0 = *(u64 *)(r1 +100)

      r1  = memory+0  (ADDR)
      r2  = 5
      r10 = fp  (ADDR)
"""

COMPILED = """145
program 'vm' stopped at instruction 0
  read 1 byte at 0x0: a NULL pointer (was the result of a lookup checked?)

  -->    0: (71) r1 = *(u8 *)(r1 +0)
"""


def run(program):
    command = [program]
    if os.environ.get('MESON_EXE_WRAPPER'):
        command = shlex.split(os.environ['MESON_EXE_WRAPPER']) + command
    p = subprocess.run(command, capture_output=True, text=True, check=False)
    return p.returncode, re.sub(r'0x[0-9a-f]{6,}', 'ADDR', p.stdout), p.stderr


failed = 0
for number, (program, want) in enumerate(((sys.argv[1], WANT), (sys.argv[2], COMPILED)), 1):
    status, got, err = run(program)
    if 'is not machine code' in err:
        print(f'ok {number} - {os.path.basename(program)} # SKIP the JIT does not know this machine')
        continue
    ok = status == 0 and got == want
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {number} - {os.path.basename(program)} runs")
    if not ok:
        print('\n'.join('# ' + line for line in (got + err).split('\n')))
print('1..2')
sys.exit(failed)
