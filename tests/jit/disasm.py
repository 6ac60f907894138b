# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of encoders share: the bytes that one left behind (meant.h), as objdump reads them,
beside what was meant. One class for each machine says how its objdump is called and which two
spellings mean the same."""
import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys

DIFFERENCES_MAX = 10


def skip_all(why):
    print(f'1..0 # SKIP {why}')
    sys.exit(0)


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def ok(self, good, name, notes=()):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}")
        for note in notes:
            print('#', note)

    def skip(self, why):
        self.count += 1
        print(f'ok {self.count} # SKIP {why}')

    def done(self):
        print(f'1..{self.count}')
        sys.exit(self.failed != 0)


class Emitted:
    """What the program @exe left in the folder @where: .code and .text are paths."""

    def __init__(self, exe, where, step=1):
        self.code, self.text = os.path.join(where, 'code'), os.path.join(where, 'text')
        wrapper = shlex.split(os.environ.get('MESON_EXE_WRAPPER', ''))
        p = subprocess.run([*wrapper, exe, self.code, self.text, str(step)], check=True,
                           capture_output=True, text=True)
        self.forms = int(p.stdout)


def emulated():
    return bool(os.environ.get('MESON_EXE_WRAPPER'))


class Objdump:
    """objdump for one machine. @options are its -m and -M, @program its name."""

    def __init__(self, options, program='objdump', same=None):
        self.command = [program, '-D', '-b', 'binary', *options, '--no-show-raw-insn', '-w', '-z']
        self.same = same or (lambda line: line)

    def usable(self):
        if not shutil.which(self.command[0]):
            return False
        p = subprocess.run([*self.command, '/dev/null'], capture_output=True, text=True, check=False)
        return "can't use supplied machine" not in p.stderr

    def lines(self, path):
        """'OFFSET TEXT' for each instruction, blanks single."""
        with subprocess.Popen([*self.command, path], stdout=subprocess.PIPE, text=True) as p:
            for line in p.stdout:
                if ':\t' in line:
                    yield ' '.join(line.replace(':\t', ' ', 1).split())
        if p.returncode:
            raise RuntimeError(f'{self.command[0]} fails with {p.returncode}')

    def differences(self, emitted):
        """(number of lines compared, ['what was meant | what was read'…])."""
        count, found = 0, []
        with open(emitted.text, encoding='ascii') as text:
            for meant, read in itertools.zip_longest(map(str.rstrip, text),
                                                     self.lines(emitted.code), fillvalue='nothing'):
                count += 1
                if meant != read and self.same(meant) != self.same(read):
                    found.append(f'{meant} | {read}')
        return count, found


def check(tap, objdump, emitted, least):
    """Every line as meant, and not fewer than @least of them."""
    count, found = objdump.differences(emitted)
    good = not found and count == emitted.forms and count >= least
    tap.ok(good, f'{count} forms are read as they were meant, {len(found)} are not',
           found[:DIFFERENCES_MAX])


def check_flips(tap, objdump, emitted, bits):
    """That the comparison sees: each of these bits (from the front), turned over, is a difference."""
    with open(emitted.code, 'rb') as f:
        code = f.read()
    unseen = []
    for bit in bits:
        at = bit % (8 * len(code))
        turned = bytearray(code)
        turned[at // 8] ^= 1 << at % 8
        with open(emitted.code, 'wb') as f:
            f.write(turned)
        if not objdump.differences(emitted)[1]:
            unseen.append(f'bit {at % 8} of byte {at // 8:#x}')
    with open(emitted.code, 'wb') as f:
        f.write(code)
    tap.ok(not unseen, f'{len(bits)} bits turned over, one at a time, are seen', unseen)


def main_args(usage):
    if len(sys.argv) != 2:
        sys.exit(f'usage: {usage}')
    return sys.argv[1]


def strip_comment(line):
    return re.sub(r'\s*#.*', '', line)
