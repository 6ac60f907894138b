#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The generated matrices (tools/selftests/matrix.py): verdict and reason by Skep and by the live kernel,
at three levels of rights. Reasons that differ are counted and shown; verdicts fail the test.

    matrix_test.py [--list] [--only GLOB]
"""
import collections
import fnmatch
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cases_test as ct  # noqa: E402  (puts tools/selftests on the path)
import cases as cs  # noqa: E402
import matrix  # noqa: E402
import report  # noqa: E402


# (kernel's verdict, Skep's, why that is right): patterns of the texts.
KNOWN = (
    (r'accept|only read from|access beyond|is bpf_\w+ invalid', r'needs kernel BTF',
     'struct bpf_map is typed by kernel BTF: not in scope yet'),
    (r'accept', r'R\d+ pointer comparison prohibited',
     'the low half of a pointer may be 0; 6.18 takes `w6 == 0` as never true for pointers that are not null'),
)


def known(kernel, skep):
    for k, s, why in KNOWN:
        if re.search(k, kernel) and re.search(s, skep):
            return why
    return None


def chosen():
    cases = matrix.all_cases()
    if '--only' in sys.argv:
        glob = sys.argv[sys.argv.index('--only') + 1]
        cases = [c for c in cases if fnmatch.fnmatchcase(c.name, glob)]
    cs.assemble(cases)
    return cases


def main():
    tap = ct.Tap()
    cases = chosen()
    kernel = ct.answers('kernel', cases)
    if not kernel:
        tap.skip('matrices', 'bpf(2) is refused here: no kernel to compare with')
        print('1..%d' % tap.n)
        return 0
    if '--list' in sys.argv:
        for c in cases:
            for rights, got in kernel.items():
                print('%-6s %-40s %s' % (rights, c.name, cs.verdict_text(*got[c.name][:2])))
        return 0
    made = sum(not any(got[c.name][2] for got in kernel.values()) for c in cases)
    tap.ok(made == len(cases), 'the kernel judged %d cells at %d levels of rights' %
           (len(cases), len(kernel)))
    if not ct.skep_verifies():
        tap.skip('skep', 'the verifier is not behind bpf(2) yet')
        print('1..%d' % tap.n)
        return tap.bad != 0
    skep = ct.answers('skep', cases)
    wrong, unlike, same = collections.OrderedDict(), collections.OrderedDict(), 0
    reasons = collections.Counter()
    for rights, got in kernel.items():
        for c in cases:
            k, s = got[c.name], skep[rights].get(c.name, (-1, 'no answer', ''))
            why = known(cs.verdict_text(*k[:2]), cs.verdict_text(*s[:2]))
            if why:
                reasons[why] += 1
            elif (k[0] == 0) != (s[0] == 0) or s[2]:
                wrong.setdefault((report.general(cs.verdict_text(*k[:2])),
                                  report.general(s[2] or cs.verdict_text(*s[:2]))),
                                 []).append('%s@%s' % (c.name, rights))
            elif k[:2] != s[:2]:
                unlike.setdefault((report.general(cs.verdict_text(*k[:2])),
                                   report.general(cs.verdict_text(*s[:2]))),
                                  []).append('%s@%s' % (c.name, rights))
            else:
                same += 1
    for title, table in (('verdict', wrong), ('reason', unlike)):
        for (k, s), names in sorted(table.items(), key=lambda x: -len(x[1])):
            print('# %s ×%d\n#    kernel: %s\n#    skep:   %s\n#    e.g. %s' % (
                title, len(names), k, s, ' '.join(names[:3])))
    for why, cnt in reasons.items():
        print('# known ×%d: %s' % (cnt, why))
    bad = sum(map(len, wrong.values()))
    tap.ok(bad == 0, 'verdicts as the kernel: %d cells, %d differ' % (
        same + bad + sum(map(len, unlike.values())), bad))
    print('# %d cells agree in verdict and reason, %d in the verdict alone' % (
        same, sum(map(len, unlike.values()))))
    print('1..%d' % tap.n)
    return tap.bad != 0


if __name__ == '__main__':
    sys.exit(main())
