#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""skep filter selects what tcpdump selects, byte for byte, over every expression and link type;
its refusals are libpcap's; -d, -dd and -ddd print what tcpdump prints and are read back exactly.

test_expressions.py SKEP [--full] [--sample N] [--engine E] [--only TEXT]

Without --full each expression runs on Ethernet and two other captures in turn, and the texts are
compared on one of them. --sample takes every N-th expression, for slow builds.
"""
import argparse
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent


def run(*cmd, data=None):
    done = subprocess.run([str(c) for c in cmd], input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr.decode(errors='replace')


def expressions():
    for line in (HERE / 'expressions.txt').read_text().splitlines():
        line = line.strip()
        if line == '-':
            yield ''
        elif line and not line.startswith('# '):
            yield line


def tcpdump_words(stderr):
    """What libpcap said: the last line with tcpdump's own name."""
    lines = [x for x in stderr.splitlines() if x.startswith('tcpdump: ')]
    return lines[-1][len('tcpdump: '):] if lines else ''


class Case:
    """One expression on one capture."""

    def __init__(self, args, capture, expression, forms):
        self.skep, self.engine, self.forms = args.skep, [f'--engine={e}' for e in args.engine], forms
        self.capture, self.expression = capture, expression
        self.problems, self.matched, self.refused = [], False, False

    def check(self):
        them = run('tcpdump', '-r', self.capture, '-w', '-', self.expression)
        us = run(self.skep, 'filter', '-r', self.capture, '-w', '-', *self.engine,
                 '--', self.expression)
        if (them[0] == 0) != (us[0] == 0):
            self.problems.append(f'exit: tcpdump {them[0]}, skep {us[0]} {us[2].strip()}')
        if them[0] == 0:
            self.matched = len(them[1]) > 24
            if them[1] != us[1]:
                self.problems.append(f'selection: {len(them[1])} bytes from tcpdump, '
                                     f'{len(us[1])} from skep')
            if self.forms:
                self.check_forms()
        else:
            self.refused = True
            want = f"skep: '{self.expression}': {tcpdump_words(them[2])}"
            if want not in us[2].splitlines():
                self.problems.append(f'words: {us[2].strip()!r}, want {want!r}')
        return self

    def check_forms(self):
        for form in ('-d', '-dd', '-ddd'):
            them = run('tcpdump', form, '-r', self.capture, self.expression)
            us = run(self.skep, 'filter', form, '-r', self.capture, '--', self.expression)
            if them[:2] != us[:2]:
                self.problems.append(f'{form} differs')
                continue
            back = run(self.skep, 'convert', '--pcap', form, '-', data=them[1])
            if back[0] or back[1] != them[1]:
                self.problems.append(f'{form} does not read back: {back[2].strip()}')


def cases_of(args, captures, number, expression):
    if args.full:
        return [Case(args, c, expression, True) for c in captures]
    first = number % (len(captures) - 1)
    chosen = [captures[0]] + [captures[1 + (first + i) % (len(captures) - 1)] for i in (0, 2)]
    return [Case(args, c, expression, i == number % 3) for i, c in enumerate(chosen)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('skep')
    parser.add_argument('--full', action='store_true')
    parser.add_argument('--sample', type=int, default=1)
    parser.add_argument('--engine', action='append', default=[], help='of skep filter; default: its own')
    parser.add_argument('--only', default='')
    args = parser.parse_args()
    if not shutil.which('tcpdump'):
        print('1..0 # SKIP no tcpdump here to compare with')
        return 0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, HERE / 'make_captures.py', folder], check=True)
        captures = sorted(Path(folder).glob('*.pcap'))
        todo = [e for e in expressions() if args.only in e][::args.sample]
        failed, useful = 0, set()
        print(f'1..{len(todo) + 1}', flush=True)
        with ThreadPoolExecutor(2) as pool:
            for number, expression in enumerate(todo, 1):
                cases = list(pool.map(Case.check, cases_of(args, captures, number, expression)))
                problems = [f'{c.capture.name}: {p}' for c in cases for p in c.problems]
                failed += bool(problems)
                if any(c.matched for c in cases) and not all(c.refused for c in cases):
                    useful.add(expression)
                name = expression.replace('#', '\\#') or '(empty)'
                print(f'{"not " if problems else ""}ok {number} - {name}', flush=True)
                for problem in problems:
                    print(f'# {problem}')
        least = 0 if args.only else 100 // args.sample
        enough = len(useful) >= least
        print(f'{"" if enough else "not "}ok {len(todo) + 1} - '
              f'{len(useful)} expressions select packets somewhere, at least {least} must')
        return 1 if failed or not enough else 0


if __name__ == '__main__':
    sys.exit(main())
