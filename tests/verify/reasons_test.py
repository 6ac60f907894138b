#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The programs of reasons*.bpf.c are refused for the reason that each names, or accepted, here and by
the kernel.

    reasons_test.py FILE.bpf.c…
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))), 'tools/selftests'))
import cases_test as ct  # noqa: E402
import corpus  # noqa: E402
import run  # noqa: E402

CLANG = 'clang-19'


def dump(source, tool, work):
    """The records of @source's programs, by verify_obj_dump: the path."""
    obj, rec = os.path.join(work, 'o'), os.path.join(work, 'rec')
    subprocess.run([CLANG, '-g', '-O2', '-mcpu=v3', '--target=bpf', '-c', source, '-o', obj,
                    '-I/usr/include/%s-linux-gnu' % os.uname().machine], check=True)
    text = subprocess.run([tool, obj], stdout=subprocess.PIPE, text=True, check=True).stdout
    with open(rec, 'w', encoding='utf-8') as f:
        f.write('\nrecord '.join(with_flags(b) for b in text.split('\nrecord ')))
    return rec


def with_flags(record):
    """A record whose tag says flags=N is loaded with those."""
    m = re.search(r'^tag flags=(\d+)$', record, re.M)
    return re.sub(r'^flags \d+$', 'flags ' + m.group(1), record, flags=re.M) if m else record


def wanted(records):
    """{program: (whose reason, reason)}"""
    out = {}
    for block in ('\n' + records).split('\nrecord ')[1:]:
        m = re.search(r'^tag (reason|ours|accepted)=(.*)$', block, re.M)
        if m:
            out[block.split('\n')[0]] = m.groups()
    return out


def compare(tap, source):
    with tempfile.TemporaryDirectory() as work:
        rec = dump(source, corpus.tool('verify_obj_dump'), work)
        with open(rec, encoding='utf-8') as f:
            reasons = wanted(f.read())
        for backend in ('skep', 'kernel'):
            answers = run.replay(backend, 'priv', 1, rec)
            for name, (whose, reason) in sorted(reasons.items()):
                if answers is None or (backend == 'kernel' and whose == 'ours'):
                    continue
                a = answers[name]
                good = not a.setup and bool(a.ret) == (whose != 'accepted') and reason in a.log()
                tap.ok(good, '%s: %s' % (backend, name))
                if not good:
                    print('# %d %s\n# %s' % (a.ret, a.setup, a.log()[-400:].replace('\n', '\n# ')))


def main():
    tap = ct.Tap()
    if not shutil.which(CLANG):
        print('1..0 # SKIP no %s' % CLANG)
        return 0
    for source in sys.argv[1:]:
        compare(tap, source)
    print('1..%d' % tap.n)
    return tap.bad != 0


if __name__ == '__main__':
    sys.exit(main())
