#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Builds the project in several ways and runs the tests of each; `make check` and its relatives.

    tools/check.py [--long] [--suite SUITE] [CONFIG...]       (default: the set of `make check`)

Tests of the suite `long` are left out unless --long asks for these alone; those of the suite
`source` (they read sources and run nothing that was built) and `once` (they start hundreds of
processes) run in the gcc configuration only. The last line counts
every TAP result of every configuration: `N passed, N failed, N skipped`. Exit status 1 on a failure.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# name: environment, meson options, options of `meson test`, what it is for
CONFIGS = {
    'gcc': dict(env={'CC': 'gcc'}, dir='build'),
    'clang': dict(env={'CC': 'clang-19'}, dir='build-clang', setup=['-Ddebug=false'], suites=['vectors', 'house']),
    # without detect_stack_use_after_return: its fake stacks are not where engines say theirs is
    'asan': dict(env={'CC': 'gcc', 'ASAN_OPTIONS': 'detect_leaks=1',
                      'UBSAN_OPTIONS': 'halt_on_error=1:print_stacktrace=1'},
                 dir='build-asan', setup=['-Db_sanitize=address,undefined', '-Db_lundef=false', '-Ddebug=false',
                        '-Doptimization=1', '-Dc_args=-g1'], slow=4),
    'tsan': dict(env={'CC': 'clang-19', 'TSAN_OPTIONS': 'halt_on_error=1'}, dir='build-tsan',
                 setup=['-Db_sanitize=thread', '-Db_lundef=false', '-Dfrontend=disabled'], slow=8),
    'msan': dict(env={'CC': 'clang-19', 'MSAN_OPTIONS': 'halt_on_error=1'}, dir='build-msan',
                 setup=['-Db_sanitize=memory', '-Db_lundef=false', '-Dfrontend=disabled'], slow=8),
    'valgrind': dict(env={'CC': 'gcc'}, dir='build', slow=30, log='testlog-valgrind.sh.json',
                     test=['--wrap', os.path.join(TOP, 'tools/valgrind.sh')]),
    's390x': dict(env={}, dir='build-s390x', slow=6,
                  setup=['--cross-file', 'tools/cross/s390x.ini', '-Dfrontend=disabled', '-Ddebug=false'],
                  needs=['s390x-linux-gnu-gcc', 'qemu-s390x-static']),
    'arm64': dict(env={}, dir='build-arm64', slow=6,
                  setup=['--cross-file', 'tools/cross/arm64.ini', '-Dfrontend=disabled', '-Ddebug=false'],
                  needs=['aarch64-linux-gnu-gcc', 'qemu-aarch64-static']),
}
DEFAULT = ['gcc', 'asan', 'clang', 's390x', 'arm64']


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self):
        tail = f', {self.skipped} skipped' if self.skipped else ''
        return f'{self.passed} passed, {self.failed} failed{tail}'


def run(cmd, env, log):
    with open(log, 'w', encoding='utf-8') as out:
        return subprocess.run(cmd, cwd=TOP, env=env, stdout=out, stderr=subprocess.STDOUT,
                              check=False).returncode


def tail(path, count):
    with open(path, encoding='utf-8', errors='replace') as f:
        for line in f.read().split('\n')[-count:]:
            print('    ' + line)


def count_test(test):
    """One test of meson's log as a tally: its TAP lines, or itself when it prints none."""
    tally, out = Tally(), test.get('stdout') or ''
    for line in out.split('\n'):
        m = re.match(r'(not )?ok\b(.*)', line)
        if not m:
            continue
        if re.search(r'# *(skip|todo)', m.group(2), re.I):
            tally.skipped += 1
        elif m.group(1):
            tally.failed += 1
        else:
            tally.passed += 1
    if test['result'] == 'SKIP' and not tally.passed:
        tally.skipped = max(1, tally.skipped)
    elif test['result'] not in ('OK', 'SKIP', 'EXPECTEDFAIL'):
        tally.failed = max(1, tally.failed)
    elif not (tally.passed or tally.skipped):
        tally.passed = 1
    return tally


def report(config, test):
    print(f'  FAILED {config}: {test["name"]}: {test["result"]}, {test["duration"]:.1f} s')
    lines = (test.get('stdout') or '').split('\n')
    bad = [i for i, line in enumerate(lines) if line.startswith('not ok')]
    for i in bad[:10]:
        for line in lines[i:i + 4]:
            print('    ' + line[:200])
    if not bad:
        for line in lines[-8:]:
            print('    ' + line[:200])
    for line in (test.get('stderr') or '').split('\n')[:40]:
        print('    ' + line[:200])


def check(name, args):
    conf, tally, began = CONFIGS[name], Tally(), time.time()
    missing = [n for n in conf.get('needs', []) + [conf['env'].get('CC', 'gcc')] if not shutil.which(n)]
    if missing:
        print(f'{name}: skipped: {", ".join(missing)} not found (tools/setup.sh check)')
        tally.skipped = 1
        return tally
    env = dict(os.environ, **conf['env'])
    build = os.path.join(TOP, conf['dir'])
    log = build + '.log'
    step = 'meson setup'
    ok = os.path.exists(os.path.join(build, 'build.ninja')) or \
        run(['meson', 'setup', conf['dir']] + conf.get('setup', []), env, log) == 0
    if ok:
        step = 'build'
        ok = run(['ninja', '-C', conf['dir']], env, log) == 0
    if not ok:
        print(f'{name}: {step} failed:')
        tail(log, 40)
        tally.failed = 1
        return tally
    test = ['meson', 'test', '-C', conf['dir'], '--no-rebuild', '--num-processes',
            os.environ.get('JOBS', str(os.cpu_count())), '-t', str(conf.get('slow', 1) * args.slow)]
    test += conf.get('test', [])
    if args.suite:
        test += [w for s in args.suite for w in ('--suite', s)]
    elif args.long:
        test += ['--suite', 'long']
    else:
        test += ['--no-suite', 'long']
        if name != 'gcc':
            test += ['--no-suite', 'source', '--no-suite', 'once']
        test += [w for s in conf.get('suites', []) for w in ('--suite', s)]
    results = os.path.join(build, 'meson-logs', conf.get('log', 'testlog.json'))
    if os.path.exists(results):
        os.unlink(results)
    run(test, env, log)
    if not os.path.exists(results):
        with open(log, encoding='utf-8') as f:
            if 'No suitable tests' not in f.read():
                print(f'{name}: meson test failed:')
                tail(log, 20)
                tally.failed = 1
        return tally
    with open(results, encoding='utf-8') as f:
        for line in f:
            one = json.loads(line)
            mine = count_test(one)
            tally.add(mine)
            if mine.failed:
                report(name, one)
            elif args.verbose:
                print(f'  {one["name"]}: {mine}, {one["duration"]:.1f} s')
    print(f'{name}: {tally} ({time.time() - began:.0f} s)', flush=True)
    return tally


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--long', action='store_true', help='only the tests of the suite `long`')
    parser.add_argument('--suite', action='append', help='only tests of this suite')
    parser.add_argument('--slow', type=int, default=1, help='factor on every time limit')
    parser.add_argument('-v', '--verbose', action='store_true', help='a line for each test')
    parser.add_argument('config', nargs='*', help=f'of {", ".join(CONFIGS)}; default {" ".join(DEFAULT)}')
    args = parser.parse_args()
    for name in args.config:
        if name not in CONFIGS:
            parser.error(f'no configuration {name}')
    total, began = Tally(), time.time()
    for name in args.config or DEFAULT:
        total.add(check(name, args))
    print(f'{time.time() - began:.0f} seconds')
    print(total, flush=True)
    return 1 if total.failed or not total.passed + total.skipped else 0


if __name__ == '__main__':
    sys.exit(main())
