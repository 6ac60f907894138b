#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The tools of tools/selftests by themselves: patterns, reasons, annotations, cases, BTF."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cases_test as ct  # noqa: E402
import cases as cs  # noqa: E402
import corpus  # noqa: E402
import expect  # noqa: E402
import scope  # noqa: E402

LOG = '0: R1=ctx() R10=fp0\n1: (95) exit\nR0 !read_ok\nprocessed 2 insns (limit 1000000) max_\n'


def patterns(tap):
    p = [expect.Pattern('R1=ctx()'), expect.Pattern('R{{[0-9]+}} !read_ok')]
    tap.ok(expect.matches(LOG, p) == 2, 'patterns in order')
    tap.ok(expect.matches(LOG, p[::-1]) == 1, 'patterns out of order: the first alone')
    tap.ok(p[0].state() and not p[1].state(), 'what pins states is told from reasons')
    tap.ok(expect.reason(LOG) == 'R0 !read_ok', 'the reason stands before the statistics')
    tap.ok(expect.reason('bad callprocessed 3 insns (limit 5) x\n') == 'bad call',
           'a reason without its newline')
    tap.ok(expect.reason('') == '', 'no log, no reason')


def annotations(tap):
    rec = corpus.Record('t')
    rec.tags = ['comment:test_expect_failure', 'comment:test_expect_msg=0=one',
                'comment:test_expect_msg=1=two', 'comment:test_expect_success_unpriv',
                'comment:test_log_level=2', 'comment:test_prog_flags=BPF_F_TEST_STATE_FREQ']
    got = expect.of_object('f', rec)
    tap.ok([c.mode for c in got] == ['priv', 'unpriv'], 'both rights are asked for')
    tap.ok([c.accept for c in got] == [False, True], 'each with its verdict')
    tap.ok([p.text for p in got[1].patterns] == ['one', 'two'], 'messages are inherited')
    tap.ok(got[0].level == 2 and got[0].add_flags == 8, 'log level and flags')
    rec.tags = ['comment:test_auxiliary']
    tap.ok(expect.of_object('f', rec) == [], 'auxiliary programs are no tests')
    rec.name, rec.tags = 'jump#3 x', ['result=reject', 'errstr=a\tb', 'result_unpriv=accept']
    got = expect.of_table(rec)
    tap.ok([(c.file, c.name, c.accept) for c in got] ==
           [('test_verifier/jump', '#3 x', False), ('test_verifier/jump', '#3 x', True)],
           'a test of the table')
    tap.ok(len(got[0].patterns) == 2 and not got[1].patterns, 'its error strings, in order')


def programs(tap):
    text = ('-- test a\n-- type xdp\n-- map m array 4 8 1\n-- asm\nr1 = value m + 4\nl: r2 = map m\n'
            'r3 = func f\nr0 = 0\nexit\nf: r0 = 0\nexit\n-- priv EACCES no way\n-- bpf accept\n')
    case, = cs.parse(text)
    tap.ok(case.expect == {'priv': (-13, 'no way'), 'bpf': (0, '')}, 'verdicts of a case')
    cs.assemble([case])
    tap.ok(case.insns[0] == 0x18 and case.insns[1] >> 4 == 2 and case.insns[12] == 4,
           'a map value with its offset')
    tap.ok(case.insns[33] == 0x43 and cs.starts(case.insns) == [0, 8], 'a function\'s address')
    out, _ = cs.record(case, 0)
    tap.ok('fix 0 0\n' in out and 'fix 2 0\n' in out and 'type 6\n' in out, 'its record')
    for ret, why in ((0, ''), (-22, 'x y')):
        tap.ok(cs.verdict(cs.verdict_text(ret, why)) == (ret, why), 'verdict %d there and back' % ret)


def types(tap):
    data, value = cs.special_btf('lock', 16)
    btf = scope.Btf(data)
    tap.ok(btf.types[value][1] == 'value' and not btf.special(value), 'BTF is read; a lock is ours')
    rows = scope.helper_rows()
    tap.ok(len(rows) == 211 and rows[1] == ('map_lookup_elem', False), 'all helpers have rows')
    tap.ok(rows[158][1], 'get_current_task_btf gives a kernel type')


def main():
    tap = ct.Tap()
    patterns(tap)
    annotations(tap)
    programs(tap)
    types(tap)
    print('1..%d' % tap.n)
    return tap.bad != 0


if __name__ == '__main__':
    sys.exit(main())
