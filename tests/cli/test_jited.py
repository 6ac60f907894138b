#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""`skep disasm --jited`: all bytes of the code are shown, once, beside the instructions and lines that
they were made of. argv: the command, the source tree.
"""
import os
import re

from tap import done, example, ok, skep, skep_json, skip


def parts_of(program):
    for function in program['functions']:
        yield from function['parts']


def native_of(program):
    for part in parts_of(program):
        yield from part['native']
    yield from program['common']['native']


def test_json():
    names = ('count.bpf.c', 'lb.bpf.c', 'vlan.bpf.c', 'histogram.bpf.c')
    status, programs, err = skep_json('disasm', '--jited', *map(example, names))
    if not ok(status == 0 and {p['program'] for p in programs} >= {'count', 'balance', 'vlan_pop', 'histogram'},
              'all programs of several objects', err):
        return
    for p in programs:
        at = 0
        for line in native_of(p):
            ok_here = line['offset'] == at
            at += len(line['bytes']) // 2
            if not ok_here:
                break
        ok(at == p['bytes'], f'{p["program"]}: every byte of the code, once, in order', (at, p['bytes']))
        insns = [x for x in parts_of(p) if x['part'] == 'instruction']
        ok([x['idx'] for x in insns] == sorted(x['idx'] for x in insns) and insns[-1]['idx'] > 10,
           f'{p["program"]}: its instructions, in order')
        ok(sum(bool(x['native']) for x in insns) > len(insns) / 3, f'{p["program"]}: with code')
    balance = next(p for p in programs if p['program'] == 'balance')
    ok([f['name'] for f in balance['functions']] == ['balance', 'configure'], 'functions have their names')
    with open(example('count.bpf.c'), encoding='utf-8') as f:
        source = f.read().splitlines()
    told = [x for p in programs if p['program'] == 'count' for x in parts_of(p)
            if x.get('file', '').endswith('count.bpf.c')]
    ok(told and all(source[x['line'] - 1].strip() == x['source'].strip() for x in told), 'source lines are the source\'s')


def test_text():
    status, out, err = skep('disasm', '--jited', example('lb.bpf.c'))
    ok(status == 0 and re.search(r'^program balance \(xdp\): \d+ instructions, \d+ bytes of \w+ code$', out, re.M),
       'a heading', err)
    ok(re.search(r'^; .*lb\.bpf\.c:\d+  configure\(\);\n +\d+: \(85\) call pc\+\d+ +[0-9a-f]+: \w', out, re.M),
       'C line, instruction and code', out)
    ok(re.search(r'call hash_lookup_\d+', out) and re.search(r'; services$', out, re.M),
       'operations of our own and maps have names')
    status, out, err = skep('disasm', '--jited', '-p', 'vlan_push', example('vlan.bpf.c'))
    ok(status == 0 and re.findall(r'^program (\w+)', out, re.M) == ['vlan_push'], '--prog chooses', err)


def test_refusals():
    status, out, err = skep('disasm', '--jited')
    ok(status == 2 and 'which objects' in err, 'no object', err)
    status, out, err = skep('disasm', '--prog', 'x', example('count.bpf.c'))
    ok(status == 2 and '--jited' in err, '--prog alone', err)
    status, out, err = skep('disasm', '--jited', example('faulty.bpf.c'))
    ok(status == 1 and 'invalid access to packet' in err and not out, 'what is not proved is not compiled', err)
    status, out, err = skep('disasm', '--jited', '/dev/null')
    ok(status == 1 and err, 'no object at all', err)
    status, out, err = skep('disasm', example('count.bpf.c'), example('lb.bpf.c'))
    ok(status == 2 and 'one file' in err, 'several files without --jited', err)


if os.uname().machine == 'x86_64':
    for test in (test_json, test_text, test_refusals):
        try:
            test()
        except (AssertionError, KeyError, TypeError, StopIteration, IndexError) as e:
            ok(False, test.__name__, repr(e))
else:
    skip('machine code', 'the JIT does not know this machine')
done()
