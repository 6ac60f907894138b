#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The .data files of bpf_conformance through `skep asm` and `skep vm`, as its runner does it.

usage: conformance.py SKEP DIR

Each file goes through both engines. `run` must give the expected result everywhere. `guard` may
instead stop a program that touches memory it does not own (the suite has such programs, and a
verifier refuses them): these are listed; a wrong result is a failure in either engine.
"""
import glob
import os
import subprocess
import sys

ENGINES = {'run': ['--engine', 'run', '--unchecked'], 'guard': ['--engine', 'guard', '--unchecked']}
# A line with "--" opens a section; the first word here that it holds says which.
SECTIONS = [('asm', 'asm'), ('result', 'result'), ('mem', 'mem'), ('raw', 'raw'),
            ('no register offset', None), (' c', None), ('error', 'error')]


class Skip(Exception):
    pass


def parse(path):
    """Sections of a test file as lists of lines, by the rules of the suite's own parser."""
    parts, here = {}, None
    with open(path, encoding='utf-8') as f:
        for line in f.read().split('\n'):
            line = line.rstrip('\r')
            if '--' in line:
                for word, name in SECTIONS:
                    if word in line:
                        here = name
                        break
                else:
                    raise Skip(f'its section "{line.strip()}" is unknown')
                continue
            if line and here:
                parts.setdefault(here, []).append(line)
    if 'result' not in parts and 'error' not in parts:
        raise Skip('it expects nothing')
    return parts


def assemble(skep, parts):
    """The program as hex text."""
    if 'raw' in parts:
        words = ' '.join(parts['raw']).split()
        return ''.join(int(w, 0).to_bytes(8, sys.byteorder).hex() for w in words)
    text = '\n'.join(line.split('#')[0] for line in parts.get('asm', []))
    p = subprocess.run([skep, 'asm', '--hex', '--no-check'], input=text, text=True,
                       capture_output=True)
    if p.returncode:
        raise RuntimeError('assembler: ' + p.stderr.strip())
    if not p.stdout.strip():
        raise Skip('it has no instructions')
    return p.stdout.replace('\n', ' ')


def run_one(skep, parts, program, options):
    """None when it passed, else (stopped, why)."""
    memory = ' '.join(parts.get('mem', []))
    p = subprocess.run([skep, 'vm', memory, *options], input=program, text=True, capture_output=True)
    if 'error' in parts:
        return None if p.returncode else (False, 'it ran, and should not')
    if p.returncode:
        return p.returncode == 1, p.stderr.strip().split('\n')[0]
    # The suite compares 32 bits.
    want, got = int(parts['result'][-1], 0) & 0xffffffff, int(p.stdout, 16) & 0xffffffff
    return None if got == want else (False, f'got {got:#x}, want {want:#x}')


def main():
    skep, top = sys.argv[1:3]
    files = sorted(glob.glob(os.path.join(top, 'tests', '**', '*.data'), recursive=True) or
                   glob.glob(os.path.join(top, '**', '*.data'), recursive=True))
    if not files:
        sys.exit(f'conformance: no .data files under {top}')
    passed = dict.fromkeys(ENGINES, 0)
    ran, bad, stopped, skipped = 0, [], [], []
    for path in files:
        name = os.path.splitext(os.path.relpath(path, top))[0]
        try:
            parts = parse(path)
            program = assemble(skep, parts)
        except Skip as e:
            skipped.append(f'{name}: {e}')
            continue
        except (RuntimeError, ValueError) as e:
            ran += 1
            bad.append(f'{name}: {e}')
            continue
        ran += 1
        for engine, options in ENGINES.items():
            why = run_one(skep, parts, program, options)
            if why is None:
                passed[engine] += 1
            elif engine == 'guard' and why[0]:
                stopped.append(f'{name}: {why[1]}')
            else:
                bad.append(f'{name}: {engine}: {why[1]}')
    for what, lines in (('skipped', skipped), ('stopped by guard', stopped), ('FAILED', bad)):
        for line in lines:
            print(f'{what}: {line}')
    print('conformance: ' + ', '.join(f'{e} {n} of {ran} passed' for e, n in passed.items()) +
          f', {len(stopped)} stopped by guard, {len(skipped)} skipped, {len(bad)} failed')
    sys.exit(1 if bad or not ran else 0)


if __name__ == '__main__':
    main()
