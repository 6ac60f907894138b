#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""examples/embed/vm.c does what its comments say."""
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

command = [sys.argv[1]]
if os.environ.get('MESON_EXE_WRAPPER'):
    command = shlex.split(os.environ['MESON_EXE_WRAPPER']) + command
p = subprocess.run(command, capture_output=True, text=True)
got = re.sub(r'0x[0-9a-f]{6,}', 'ADDR', p.stdout)
ok = p.returncode == 0 and got == WANT
print(f"{'ok' if ok else 'not ok'} 1 - the example runs")
if not ok:
    print('\n'.join('# ' + line for line in (got + p.stderr).split('\n')))
print('1..1')
sys.exit(not ok)
