#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""How much of src/verify/domain its unit test runs: both sides of every branch, or it fails.

    tools/coverage_domain.py [CLANG-VERSION]      (default: 19)

Builds for itself, with clang's source-based coverage. What clang counts as the branch of a switch
over an enum to a value that the enum does not have is left out.
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def run(*command, **more):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, **more).stdout


def measure(version, work):
    exe, raw, data = (os.path.join(work, n) for n in ('unit', 'raw', 'data'))
    sources = sorted(glob.glob('src/verify/domain/*.c'))
    run(f'clang-{version}', '-std=gnu11', '-D_GNU_SOURCE', '-O0', '-fprofile-instr-generate',
        '-fcoverage-mapping', '-I.', '-Isrc', 'tests/domain/unit_test.c', *sources, '-o', exe)
    run(exe, env={**os.environ, 'LLVM_PROFILE_FILE': raw})
    run(f'llvm-profdata-{version}', 'merge', raw, '-o', data)
    return json.loads(run(f'llvm-cov-{version}', 'export', exe, f'-instr-profile={data}',
                          'src/verify/domain'))['data'][0]['files']


def branches_of(entry):
    """The branches of a file, each once however often it is compiled: place -> [true, false]."""
    with open(entry['filename'], encoding='utf-8') as f:
        lines = f.read().split('\n')
    found = {}
    for line, col, end_line, end_col, true, false, *_ in entry['branches']:
        if 'switch (' in lines[line - 1]:
            continue
        counts = found.setdefault((line, col, end_line, end_col), [0, 0])
        counts[0] += true
        counts[1] += false
    for name, counts in found.items():
        # A case of a switch: how often it was not taken says nothing.
        if lines[name[0] - 1].lstrip().startswith('case '):
            counts[1] = max(counts[1], 1)
    return found


def main():
    os.chdir(TOP)
    version = sys.argv[1] if sys.argv[1:] else '19'
    total = missed = 0
    with tempfile.TemporaryDirectory() as work:
        for entry in measure(version, work):
            name = os.path.relpath(entry['filename'], TOP)
            found = branches_of(entry)
            bad = [(place, n) for place, n in sorted(found.items()) if not all(n)]
            total += 2 * len(found)
            for place, (true, false) in bad:
                missed += (not true) + (not false)
                side = 'true' if not true else 'false'
                print(f'{name}:{place[0]}:{place[1]}: never {side}')
            lines = entry['summary']['lines']
            print(f'{name}: {2 * len(found)} sides of branches, {len(bad)} missed; '
                  f'{lines["covered"]} of {lines["count"]} lines')
    print(f'total: {total - missed} of {total} sides of branches')
    return 1 if missed or not total else 0


if __name__ == '__main__':
    sys.exit(main())
