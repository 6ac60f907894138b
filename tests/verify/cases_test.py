#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Verifier cases (tools/selftests/cases.py) against the live kernel and against Skep.

    cases_test.py FILE.data…            as a test (TAP)
    cases_test.py --bless FILE.data…    writes what the live kernel says into the files
"""
import contextlib
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))), 'tools/selftests'))
import cases as cs  # noqa: E402
import expect  # noqa: E402
import run  # noqa: E402


def answers(backend, cases):
    """{rights: {name: (errno, reason)}}; rights that are refused are missing."""
    out = {}
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, 'cases.rec')
        cs.write_records(cases, path)
        for rights in cs.RIGHTS:
            with run.OpenToAll() if backend == 'kernel' else contextlib.nullcontext():
                got = run.replay(backend, rights, 1, path)
            if got is not None:
                out[rights] = {n: (a.ret, expect.reason(a.log()) if a.ret else '', a.setup)
                               for n, a in got.items()}
    return out


def bless(path):
    with open(path) as f:
        cases = cs.parse(f.read())
    cs.assemble(cases)
    kernel = answers('kernel', cases)
    with open(path) as f:
        lines = [x for x in f.read().split('\n')
                 if not any(x.startswith('-- %s ' % r) for r in cs.RIGHTS)]
    out, cur = [], None
    known = {c.name: c for c in cases}

    def flush():
        blank = []
        while out and not out[-1].strip():
            blank.append(out.pop())
        if cur in known:
            for rights in cs.RIGHTS:
                if rights in kernel and known[cur].wants(rights):
                    ret, reason, setup = kernel[rights][cur]
                    if setup:
                        raise SystemExit('%s: the kernel makes no %s' % (cur, setup))
                    out.append('-- %s %s' % (rights, cs.verdict_text(ret, reason)))
        out.extend(blank)
    for line in lines:
        if line.startswith('-- test '):
            flush()
            cur = line[8:]
        out.append(line)
    flush()
    with open(path, 'w') as f:
        f.write('\n'.join(out))


def skep_verifies():
    """Is there a verifier behind Skep's bpf(2)? An unreadable register must be refused."""
    probe = cs.Case('probe', 0)
    probe.raw = 'bf 20 00 00 00 00 00 00 95 00 00 00 00 00 00 00'
    cs.assemble([probe])
    got = answers('skep', [probe])
    return got.get('priv', {}).get('probe', (0,))[0] != 0


class Tap:
    def __init__(self):
        self.n = self.bad = 0

    def ok(self, good, what):
        self.n += 1
        self.bad += not good
        print('%sok %d - %s' % ('' if good else 'not ', self.n, what.replace('#', '/')))

    def skip(self, what, why):
        self.n += 1
        print('ok %d - %s # SKIP %s' % (self.n, what.replace('#', '/'), why))


def compare(tap, who, name, got, want):
    """Verdict, errno and reason, at each level of rights, as one test."""
    wrong = []
    for rights, (ret, reason) in want.items():
        if rights not in got:
            continue
        g = got[rights].get(name, (None, 'no answer', ''))
        if g[2]:
            g = (g[0], 'no %s' % g[2], '')
        if g[0] != ret or (ret and g[1] != reason):
            wrong.append((rights, cs.verdict_text(ret, reason), cs.verdict_text(g[0] or 0, g[1])))
    tap.ok(not wrong, '%s: %s' % (who, name))
    for rights, a, b in wrong:
        print('#   %s: expected %s\n#   %s: got      %s' % (rights, a, ' ' * len(rights), b))


def main():
    if sys.argv[1] == '--bless':
        for path in sys.argv[2:]:
            bless(path)
        return 0
    tap = Tap()
    for path in sys.argv[1:]:
        cases = cs.read(path)
        cs.assemble(cases)
        base = os.path.basename(path)
        kernel = answers('kernel', cases)
        if not kernel:
            tap.skip('kernel: ' + base, 'bpf(2) is refused here')
        for c in cases if kernel else []:
            compare(tap, 'kernel', c.name, kernel, c.expect)
        if not skep_verifies():
            tap.skip('skep: ' + base, 'the verifier is not behind bpf(2) yet')
            continue
        skep = answers('skep', cases)
        for c in cases:
            compare(tap, 'skep', c.name, skep, dict(c.expect, **c.ours))
    print('1..%d' % tap.n)
    return tap.bad != 0


if __name__ == '__main__':
    sys.exit(main())
