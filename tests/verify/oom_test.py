#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""verify_oom_test over the programs of case files and of C files: each allocation fails once.

    oom_test.py FILE.data… FILE.bpf.c…
"""
import os
import shutil
import subprocess
import sys
import tempfile

import cases_test  # noqa: F401  (puts tools/selftests on the path)
import cases as cs
import corpus
import reasons_test


def records(sources, work):
    """Paths of record files made of @sources."""
    out = []
    for n, source in enumerate(sources):
        where = os.path.join(work, os.path.basename(source))
        if source.endswith('.c'):
            if not shutil.which(reasons_test.CLANG):
                continue
            sub = os.path.join(work, str(n))
            os.mkdir(sub)
            os.rename(reasons_test.dump(source, corpus.tool('verify_obj_dump'), sub), where)
        else:
            cases = cs.read(source)
            cs.assemble(cases)
            cs.write_records(cases, where)
        out.append(where)
    return out


def main():
    with tempfile.TemporaryDirectory() as work:
        recs = records(sys.argv[1:], work)
        return subprocess.run([corpus.tool('verify_oom_test'), *recs]).returncode


if __name__ == '__main__':
    sys.exit(main())
